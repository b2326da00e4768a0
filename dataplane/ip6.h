/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6: what RFC 8200 and RFC 4291 ask of a header, the packets that leave the fast path, and those
 * that the router makes. */
#ifndef HPSR_DATAPLANE_IP6_H
#define HPSR_DATAPLANE_IP6_H

#include <string.h>

#include "dataplane/ctx.h"
#include "dataplane/iface6.h"
#include "dataplane/vr.h"

#define IP6_HEADER_LEN 40
#define IP6_HOPS_ORIGINATED 64
#define IP6_HOPS_ND 255

/* RFC 8200 4: what follows the header. */
enum ip6_next {
	IP6_HOP_BY_HOP = 0,
	IP6_TCP = 6,
	IP6_UDP = 17,
	IP6_ROUTING = 43,
	IP6_FRAGMENT = 44,
	IP6_ESP = 50,
	IP6_AUTHENTICATION = 51,
	IP6_ICMP = 58,
	IP6_NO_NEXT = 59,
	IP6_DESTINATION = 60,
};

static inline uint16_t ip6_total(const struct rte_ipv6_hdr *ip)
{
	return (uint16_t)(rte_be_to_cpu_16(ip->payload_len) + IP6_HEADER_LEN);
}

/* A header of the common kind: right by RFC 8200 3, between addresses outside of 0000::/8 and
 * fe00::/7 (where those are that RFC 4291 gives a meaning), with nothing to be looked at in
 * transit. The others go to ip6_input. ROOM: bytes from the header to the end of the frame. */
static inline bool ip6_valid(const struct rte_ipv6_hdr *ip, int room)
{
	int total = rte_be_to_cpu_16(ip->payload_len) + IP6_HEADER_LEN;
	uint64_t src[2], dst[2];

	memcpy(src, ip->src_addr, sizeof(src));
	memcpy(dst, ip->dst_addr, sizeof(dst));
	return likely((*(const uint8_t *)ip & 0xf0) == 0x60 && total <= room &&
		ip->proto != IP6_HOP_BY_HOP && (uint8_t)(src[0] + 2) > 2 &&
		(uint8_t)(dst[0] + 2) > 2 && ((src[0] ^ dst[0]) | (src[1] ^ dst[1])) != 0);
}

/* A frame of an interface with EtherType IPv6 that is not of the common kind. GROUP: sent to a
 * link-layer group. Takes the mbuf: it joins the burst, is consumed, or dropped. */
void ip6_input(struct ctx *ctx, struct burst *b, struct iface *in, struct rte_mbuf *m,
	uint8_t l3_offset, bool group);

/* Flow hash: addresses, flow label, protocol and, where they follow the header, ports (RFC 6438).
 */
uint32_t ip6_flow_hash(const struct rte_ipv6_hdr *ip);

/* As ip4_resolve. */
struct adj *ip6_resolve(struct ctx *ctx, struct iface *in, struct rte_mbuf *m,
	struct rte_ipv6_hdr *ip, struct adj *adj, enum pkt_class class, uint64_t rx_tsc);

/* Hop limit ran out, or MTU exceeded (routers do not fragment): drop, and tell the sender. */
void ip6_hops_expired(
	struct ctx *ctx, struct iface *in, struct rte_mbuf *m, struct rte_ipv6_hdr *ip);
void ip6_mtu_exceeded(struct ctx *ctx, struct iface *in, struct rte_mbuf *m,
	struct rte_ipv6_hdr *ip, uint16_t mtu);

/* Send a packet of the router's own: data begins with its IPv6 header. Out of IN itself when it is
 * for a group or link-local, else as its virtual router's table says. Takes the mbuf; counts it as
 * originated. */
void ip6_send(struct ctx *ctx, struct iface *in, struct rte_mbuf *m);
/* The same for one that has waited for its neighbour and is counted already. */
void ip6_send_again(struct ctx *ctx, struct iface *in, struct rte_mbuf *m);

#endif
