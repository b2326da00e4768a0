/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv4: what RFC 1812 asks of a header, the packets that leave the fast path, and those that the
 * router makes. */
#ifndef HPSR_DATAPLANE_IP4_H
#define HPSR_DATAPLANE_IP4_H

#include <immintrin.h>
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

/* Version, header length and what makes a fragment, in the header's first eight bytes. */
#define IP4_COMMON_MASK UINT64_C(0xff3f0000000000ff)

/* All of RFC 1812 5.2.2 and the address checks for a header without options of no fragment: what
 * fails, and what is one, goes to ip4_validate. ROOM: bytes from the header to the end of the
 * frame. */
static inline bool ip4_valid(const struct rte_ipv4_hdr *ip, int room)
{
	uint64_t first, second, sum64; /* headers are aligned to two bytes only */
	uint32_t src, dst, sum32;
	unsigned char carry;
	int total;

	memcpy(&first, ip, sizeof(first));
	memcpy(&second, (const char *)ip + 8, sizeof(second));
	memcpy(&dst, &ip->dst_addr, sizeof(dst));
	src = (uint32_t)(second >> 32);
	total = rte_be_to_cpu_16((uint16_t)(first >> 16));
	/* RFC 1071: the order of the halves does not matter to a one's complement sum, and adding a
	 * word to itself turned by half folds it, with the carry, into the upper half. */
	carry = _addcarry_u64(0, first, second, (unsigned long long *)&sum64);
	carry = _addcarry_u64(carry, sum64, dst, (unsigned long long *)&sum64);
	sum64 += carry;
	sum32 = (uint32_t)((sum64 + (sum64 >> 32 | sum64 << 32)) >> 32);
	sum32 += sum32 >> 16 | sum32 << 16;
	return likely((first & IP4_COMMON_MASK) == 0x45 && sum32 >= UINT32_C(0xffff0000) &&
		total >= IP4_MIN_LEN && total <= room && src != dst &&
		((ip4_first_octet[(uint8_t)src] & IP4_BAD_SOURCE) |
			(ip4_first_octet[(uint8_t)dst] & IP4_BAD_DESTINATION)) == 0);
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

/* Send a packet in fragments of out's MTU (RFC 791 3.2); TTL is decremented already. Takes the
 * mbuf. */
void ip4_fragment(struct ctx *ctx, struct iface *in, struct rte_mbuf *m, struct rte_ipv4_hdr *ip,
	const struct adj *adj);
/* The bytes of these fragments, each with EACH bytes around it. With options perhaps some more than
 * will leave: not all options are in all fragments. */
uint32_t ip4_fragmented_bytes(const struct rte_ipv4_hdr *ip, uint16_t mtu, uint32_t each);

/* Send a packet of the router's own: data begins with its IPv4 header, whose checksum this sets.
 * Takes the mbuf; counts it as originated. */
void ip4_send(struct ctx *ctx, struct iface *in, struct rte_mbuf *m);
/* The same for one that has waited for its neighbour and is counted already. */
void ip4_send_again(struct ctx *ctx, struct iface *in, struct rte_mbuf *m);

#endif
