/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMPv6 (RFC 4443): the errors that a virtual router sends, and the checksum of all messages. */
#ifndef HPSR_DATAPLANE_ICMP6_H
#define HPSR_DATAPLANE_ICMP6_H

#include "dataplane/ctx.h"
#include "dataplane/ip6_ext.h"

enum icmp6_type {
	ICMP6_UNREACHABLE = 1,
	ICMP6_PACKET_TOO_BIG = 2,
	ICMP6_TIME_EXCEEDED = 3,
	ICMP6_PARAMETER_PROBLEM = 4,
	ICMP6_ECHO_REQUEST = 128,
	ICMP6_ECHO_REPLY = 129,
	ICMP6_ROUTER_SOLICIT = 133,
	ICMP6_ROUTER_ADVERT = 134,
	ICMP6_NEIGHBOR_SOLICIT = 135,
	ICMP6_NEIGHBOR_ADVERT = 136,
	ICMP6_REDIRECT = 137,
};

enum icmp6_unreachable_code {
	ICMP6_NO_ROUTE = 0,
	ICMP6_BEYOND_SCOPE = 2,
	ICMP6_ADDRESS_UNREACHABLE = 3,
	ICMP6_PORT_UNREACHABLE = 4,
};

#define ICMP6_HEADER_LEN 8

/* A message in a frame: aligned to two bytes only. */
#define ICMP6_PACKED __attribute__((packed, aligned(2)))

struct icmp6_header {
	uint8_t type, code;
	uint16_t checksum;
	uint32_t value; /* MTU, pointer, id and sequence, flags: network order */
} ICMP6_PACKED;

/* Tell the sender of IP (a good header that came in on IN) about it, unless RFC 4443 2.4 forbids it
 * or the router's rate is used up. VALUE: MTU or pointer, host order. */
void icmp6_error(struct ctx *ctx, struct iface *in, const struct rte_ipv6_hdr *ip,
	enum icmp6_type type, unsigned int code, uint32_t value);
/* The Parameter Problem that is due, if any. */
void icmp6_problem(struct ctx *ctx, struct iface *in, const struct rte_ipv6_hdr *ip,
	const struct ip6_problem *problem);

/* A buffer with the headers of a message of LEN bytes from SRC to DST; both may be in the packet
 * that it answers. The caller fills in what follows the type. NULL: no buffer. */
struct icmp6_header *icmp6_new(struct ctx *ctx, const uint8_t src[16], const uint8_t dst[16],
	uint8_t hops, enum icmp6_type type, uint16_t len, struct rte_mbuf **m);
/* Its checksum, once it is complete; the message is LEN bytes. */
void icmp6_finish(struct icmp6_header *icmp, uint16_t len);
/* Sum over the pseudo header and LEN bytes of the message: 0xffff when it holds a right one. */
uint16_t icmp6_sum(const struct rte_ipv6_hdr *ip, const void *message, uint16_t len);

#endif
