/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/icmp6.h"

#include <string.h>

#define IP6_CLASS_INTERNETWORK 0xc0 /* as RFC 1812 4.3.2.5 has it for IPv4 */

uint16_t icmp6_sum(const struct rte_ipv6_hdr *ip, const void *message, uint16_t len)
{
	struct {
		uint8_t src[16], dst[16];
		uint32_t len, next;
	} pseudo = {.len = rte_cpu_to_be_32(len), .next = RTE_BE32(IP6_ICMP)};
	uint32_t sum;

	memcpy(pseudo.src, ip->src_addr, sizeof(pseudo.src));
	memcpy(pseudo.dst, ip->dst_addr, sizeof(pseudo.dst));
	sum = (uint32_t)rte_raw_cksum(&pseudo, sizeof(pseudo)) + rte_raw_cksum(message, len);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

struct icmp6_header *icmp6_new(struct ctx *ctx, const uint8_t src[16], const uint8_t dst[16],
	uint8_t hops, enum icmp6_type type, uint16_t len, struct rte_mbuf **m)
{
	struct icmp6_header *icmp;
	struct rte_ipv6_hdr *ip;

	*m = rte_pktmbuf_alloc(ctx->pool);
	if (*m == NULL)
		return NULL;
	ip = (struct rte_ipv6_hdr *)rte_pktmbuf_append(*m, (uint16_t)(sizeof(*ip) + len));
	if (ip == NULL) {
		rte_pktmbuf_free(*m);
		return NULL;
	}
	memset(ip, 0, sizeof(*ip) + ICMP6_HEADER_LEN);
	ip->vtc_flow = rte_cpu_to_be_32(UINT32_C(6) << 28);
	ip->payload_len = rte_cpu_to_be_16(len);
	ip->proto = IP6_ICMP;
	ip->hop_limits = hops;
	memcpy(ip->src_addr, src, sizeof(ip->src_addr));
	memcpy(ip->dst_addr, dst, sizeof(ip->dst_addr));
	icmp = (struct icmp6_header *)(ip + 1);
	icmp->type = (uint8_t)type;
	return icmp;
}

void icmp6_finish(struct icmp6_header *icmp, uint16_t len)
{
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)icmp - 1;

	icmp->checksum = 0;
	icmp->checksum = (uint16_t)~icmp6_sum(ip, icmp, len);
}

/* RFC 4443 2.4 (e.1) and (e.2): errors and redirects, also behind extension headers. What cannot be
 * told is none. */
static bool is_icmp6_error(const struct rte_ipv6_hdr *ip)
{
	struct ip6_problem problem;
	struct ip6_upper upper;
	uint8_t type;

	if (ip6_ext_walk(ip, &upper, &problem) != DROP_REASON_COUNT || upper.fragment)
		return false;
	if (upper.next != IP6_ICMP)
		return false;
	if (upper.offset >= ip6_total(ip))
		return true;
	type = ((const uint8_t *)ip)[upper.offset];
	return type < 128 || type == ICMP6_REDIRECT;
}

/* RFC 4443 2.2: an address of the interface that the packet came in on, else of the router. */
static const struct own6 *error_source(const struct iface *in, const uint8_t dst[16])
{
	const struct own6 *own = iface6_source(in->ip6, dst);
	const struct iface *iface = in->vr->ifaces;

	for (; own == NULL && iface != NULL; iface = iface->next_of_vr)
		if (iface->ip6 != NULL && !ip6_is_link_local(dst))
			own = iface6_source(iface->ip6, dst);
	return own;
}

/* RFC 4443 2.4 (e.3) to (e.6). */
static bool may_tell(const struct rte_ipv6_hdr *ip, bool even_group)
{
	return !ip6_is_multicast(ip->src_addr) && !ip6_is_unspecified(ip->src_addr) &&
		(even_group || !ip6_is_multicast(ip->dst_addr)) && !is_icmp6_error(ip);
}

static void error_send(struct ctx *ctx, struct iface *in, const struct rte_ipv6_hdr *ip,
	enum icmp6_type type, unsigned int code, uint32_t value)
{
	const uint16_t room = IFACE6_MTU_MIN - IP6_HEADER_LEN - ICMP6_HEADER_LEN;
	uint16_t quoted = RTE_MIN(ip6_total(ip), room);
	const struct own6 *source;
	struct icmp6_header *icmp;
	struct rte_mbuf *m;

	if (in->ip6 == NULL)
		return;
	source = error_source(in, ip->src_addr);
	if (source == NULL)
		return;
	/* A sender that is ourselves is no other host. */
	if (!ip6_is_link_local(ip->src_addr) &&
		adj_at(fib6_lookup(iface_root6(in), ip->src_addr))->kind == ADJ_KIND_LOCAL)
		return;
	tbf_update(&in->vr->icmp_tbf, ctx->now_tsc);
	if (!tbf_take(&in->vr->icmp_tbf, VR_ICMP_COST))
		return;
	icmp = icmp6_new(ctx, source->ip, ip->src_addr, IP6_HOPS_ORIGINATED, type,
		(uint16_t)(ICMP6_HEADER_LEN + quoted), &m);
	if (icmp == NULL)
		return;
	((struct rte_ipv6_hdr *)icmp - 1)->vtc_flow |=
		rte_cpu_to_be_32((uint32_t)IP6_CLASS_INTERNETWORK << 20);
	icmp->code = (uint8_t)code;
	icmp->value = rte_cpu_to_be_32(value);
	memcpy(icmp + 1, ip, quoted);
	icmp6_finish(icmp, (uint16_t)(ICMP6_HEADER_LEN + quoted));
	ip6_send(ctx, in, m);
}

void icmp6_error(struct ctx *ctx, struct iface *in, const struct rte_ipv6_hdr *ip,
	enum icmp6_type type, unsigned int code, uint32_t value)
{
	if (may_tell(ip, type == ICMP6_PACKET_TOO_BIG))
		error_send(ctx, in, ip, type, code, value);
}

void icmp6_problem(struct ctx *ctx, struct iface *in, const struct rte_ipv6_hdr *ip,
	const struct ip6_problem *problem)
{
	if (problem->tell && may_tell(ip, problem->even_group))
		error_send(ctx, in, ip, ICMP6_PARAMETER_PROBLEM, problem->code, problem->pointer);
}
