/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv4: what RFC 1812 asks of a header, the packets that leave the fast path, and those that the
 * router makes. */
#ifndef HPSR_DATAPLANE_IP4_H
#define HPSR_DATAPLANE_IP4_H

#include <string.h>

#include "dataplane/ctx.h"
#include "dataplane/vr.h"

#define IP4_MIN_LEN 20
#define IP4_DF 0x4000
#define IP4_OFFSET_MASK 0x1fff
#define IP4_MF 0x2000
#define IP4_TTL_ORIGINATED 64

/* By first octet: addresses that no unicast packet carries (RFC 1812 5.3.7, RFC 6890). */
#define IP4_BAD_SOURCE 1
#define IP4_BAD_DESTINATION 2
extern const uint8_t ip4_first_octet[256];

/* The sum of an option-less header: 0xffff when its checksum is right. */
static inline uint32_t ip4_sum20(const struct rte_ipv4_hdr *ip)
{
	uint32_t w[5];
	uint64_t sum;

	memcpy(w, ip, sizeof(w)); /* headers are aligned to two bytes only */
	sum = (uint64_t)w[0] + w[1] + w[2] + w[3] + w[4];
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint32_t)((sum & UINT16_MAX) + (sum >> 16));
}

/* All of RFC 1812 5.2.2 and the address checks for a header without options, in one word and
 * without a branch: what fails, and what has options, goes to ip4_validate. ROOM: bytes from the
 * header to the end of the frame. */
static inline bool ip4_valid(const struct rte_ipv4_hdr *ip, int room)
{
	const uint8_t *src = (const uint8_t *)&ip->src_addr, *dst = (const uint8_t *)&ip->dst_addr;
	int total = rte_be_to_cpu_16(ip->total_length);

	return (ip->version_ihl == 0x45) & (total >= IP4_MIN_LEN) & (total <= room) &
		(ip4_sum20(ip) == UINT16_MAX) &
		(((ip4_first_octet[*src] & IP4_BAD_SOURCE) |
			 (ip4_first_octet[*dst] & IP4_BAD_DESTINATION)) == 0) &
		(ip->src_addr != ip->dst_addr);
}

/* The same with the reason: DROP_REASON_COUNT when the packet is good after all (options). */
enum drop_reason ip4_validate(const struct rte_ipv4_hdr *ip, int room);

/* One less to live, RFC 1624's incremental checksum. */
static inline void ip4_decrement_ttl(struct rte_ipv4_hdr *ip)
{
	uint32_t sum = (uint32_t)ip->hdr_checksum + RTE_BE16(0x0100);

	ip->hdr_checksum = (uint16_t)(sum + (sum >= UINT16_MAX));
	ip->time_to_live--;
}

/* Flow hash of an IPv4 packet: addresses, protocol and, where every packet of the flow carries
 * them, ports. */
uint32_t ip4_flow_hash(const struct rte_ipv4_hdr *ip);

/* A packet whose adjacency is not FORWARD: find, or ask for, the one that is. NULL: the packet has
 * been held, delivered or dropped, with the ICMP error that is due. IN is where it came in; for the
 * router's own packets, where the answer is owed. */
struct adj *ip4_resolve(struct ctx *ctx, struct iface *in, struct rte_mbuf *m,
	struct rte_ipv4_hdr *ip, struct adj *adj, enum pkt_class class, uint64_t rx_tsc);

/* TTL ran out, or MTU exceeded with DF set: drop, and tell the sender. */
void ip4_ttl_expired(
	struct ctx *ctx, struct iface *in, struct rte_mbuf *m, struct rte_ipv4_hdr *ip);
void ip4_mtu_exceeded(struct ctx *ctx, struct iface *in, struct rte_mbuf *m,
	struct rte_ipv4_hdr *ip, uint16_t mtu);

/* Put the rewrite before the network layer and set the lengths. */
static inline void ip4_encap(struct rte_mbuf *m, struct rte_ipv4_hdr *ip, const struct adj *adj,
	uint16_t total, uint8_t l2_len)
{
	/* The whole field: constant size, and what is before l2_len is headroom. */
	memcpy((char *)ip - ADJ_REWRITE_MAX, adj->rewrite, ADJ_REWRITE_MAX);
	m->data_off = (uint16_t)((char *)ip - (char *)m->buf_addr - l2_len);
	m->data_len = (uint16_t)(total + l2_len);
	m->pkt_len = m->data_len;
}

/* Send a packet in fragments of out's MTU (RFC 791 3.2); TTL is decremented already. Takes the
 * mbuf. */
void ip4_fragment(struct ctx *ctx, struct iface *in, struct rte_mbuf *m, struct rte_ipv4_hdr *ip,
	const struct adj *adj);

/* Send a packet of the router's own: data begins with its IPv4 header, whose checksum this sets.
 * Takes the mbuf; counts it as originated. */
void ip4_send(struct ctx *ctx, struct iface *in, struct rte_mbuf *m);
/* The same for one that has waited for its neighbour and is counted already. */
void ip4_send_again(struct ctx *ctx, struct iface *in, struct rte_mbuf *m);

#endif
