/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6 frames as bytes, beside frame.h's: addresses are text. */
#ifndef HPSR_TEST_WIRE_FRAME6_H
#define HPSR_TEST_WIRE_FRAME6_H

#include "frame.h"

enum { PROTO_ICMP6 = 58 };
enum { ICMP6_UNREACH = 1, ICMP6_TOO_BIG = 2, ICMP6_TIME = 3, ICMP6_PARAM = 4 };
enum { ICMP6_ECHO = 128, ICMP6_REPLY = 129, ICMP6_RS = 133, ICMP6_RA = 134, ICMP6_NS = 135 };
enum { ICMP6_NA = 136 };

struct frame_ip6 {
	const char *src, *dst;
	uint16_t hops; /* 0: 64; FRAME_TTL_0: 0 */
	uint8_t proto; /* 0: what the builder makes */
	uint8_t class;
	uint32_t label;
	/* Extension headers between the header and what the builder makes: their bytes, which end
	 * in what next header FIRST leads to. NULL: none. */
	const uint8_t *extensions;
	size_t extensions_len;
	uint8_t first;
};

/* What a frame says; ok: every length and the ICMPv6 checksum are right. */
struct frame6_view {
	bool ok;
	uint64_t dst_mac, src_mac;
	char src[46], dst[46];
	uint8_t hops, proto, class;
	const uint8_t *payload;
	size_t payload_len;
	uint8_t icmp_type, icmp_code;
	uint32_t icmp_value;
};

/* LEN bytes of payload as they are. */
void frame6(struct frame *f, const struct frame_l2 *l2, const struct frame_ip6 *ip,
	const void *payload, size_t len);
/* PAYLOAD bytes are a pattern of SEED. */
void frame6_udp(struct frame *f, const struct frame_l2 *l2, const struct frame_ip6 *ip,
	uint16_t src_port, uint16_t dst_port, size_t payload, uint32_t seed);
/* With the right checksum. */
void frame6_icmp(struct frame *f, const struct frame_l2 *l2, const struct frame_ip6 *ip,
	uint8_t type, uint8_t code, uint32_t value, const void *data, size_t len);
/* A solicitation or advertisement (VALUE: flags); OPTION 0: none. */
void frame6_nd(struct frame *f, const struct frame_l2 *l2, const struct frame_ip6 *ip, uint8_t type,
	uint32_t value, const char *target, uint8_t option, uint64_t mac);

/* What a router makes of IN: new link layer, hop limit one less, no padding. */
void frame6_forwarded(struct frame *out, const struct frame *in, const struct frame_l2 *l2);
void frame6_parse(const struct frame *f, struct frame6_view *v);

#endif
