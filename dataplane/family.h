/* SPDX-License-Identifier: BSD-3-Clause */
/* What the stages need to know of a packet by its address family: the stages are written once, and
 * built once for each family, which is a constant there. */
#ifndef HPSR_DATAPLANE_FAMILY_H
#define HPSR_DATAPLANE_FAMILY_H

#include "dataplane/ip4.h"
#include "dataplane/ip6.h"

/* The header of packet I of the burst. Kept by the caller: the compiler would read it anew after
 * each store to the packet. */
static inline void *family_header(const struct burst *b, unsigned int i, enum ip_af af)
{
	return af == IP_AF_4 ? (void *)b->ip[i] : (void *)b->ip6[i];
}

/* Length of the packet, from its header IP on. */
static inline uint16_t family_total(const void *ip, enum ip_af af)
{
	return af == IP_AF_4 ? rte_be_to_cpu_16(((const struct rte_ipv4_hdr *)ip)->total_length)
			     : ip6_total(ip);
}

/* How many routers it may still pass, this one included. */
static inline uint8_t family_hops(const void *ip, enum ip_af af)
{
	return af == IP_AF_4 ? ((const struct rte_ipv4_hdr *)ip)->time_to_live
			     : ((const struct rte_ipv6_hdr *)ip)->hop_limits;
}

static inline void family_decrement_hops(void *ip, enum ip_af af)
{
	if (af == IP_AF_4)
		ip4_decrement_ttl(ip);
	else
		((struct rte_ipv6_hdr *)ip)->hop_limits--;
}

/* Next hops of the burst, whose packets came in on one interface, or on several. */
static inline void family_lookup(struct burst *b, enum ip_af af)
{
	if (af == IP_AF_4)
		fib4_lookup_bulk(iface_root4(b->in[0]), b->dst, b->nh, b->n);
	else
		fib6_lookup_bulk(iface_root6(b->in[0]), (const uint8_t(*)[16])b->dst6, b->nh, b->n);
}

static inline void family_lookup_mixed(struct burst *b, enum ip_af af)
{
	uint64_t roots[PKT_BURST];

	for (unsigned int i = 0; i < b->n; i++)
		roots[i] = af == IP_AF_4 ? iface_root4(b->in[i]) : iface_root6(b->in[i]);
	if (af == IP_AF_4)
		fib4_lookup_mixed(roots, b->dst, b->nh, b->n);
	else
		fib6_lookup_mixed(roots, (const uint8_t(*)[16])b->dst6, b->nh, b->n);
}

/* As ip4_resolve. */
static inline struct adj *family_resolve(struct ctx *ctx, struct burst *b, unsigned int i,
	struct adj *adj, uint64_t rx_tsc, enum ip_af af)
{
	if (af == IP_AF_4)
		return ip4_resolve(ctx, b->in[i], b->m[i], b->ip[i], adj, PKT_FORWARDED, rx_tsc);
	return ip6_resolve(ctx, b->in[i], b->m[i], b->ip6[i], adj, PKT_FORWARDED, rx_tsc);
}

/* It can live no longer, or is too large for the way out and not to be cut: then it goes, with the
 * error that is due. Returns whether it went. */
bool family_refuse(struct ctx *ctx, struct iface *in, struct rte_mbuf *m, void *ip, uint16_t mtu,
	enum ip_af af);

/* Of a packet that waits: its network layer says what it is. */
static inline enum ip_af family_of(const void *l3)
{
	return (*(const uint8_t *)l3 & 0xf0) == 0x60 ? IP_AF_6 : IP_AF_4;
}

#endif
