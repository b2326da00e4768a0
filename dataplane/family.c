/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/family.h"

static bool refuse4(struct ctx *ctx, struct iface *in, struct rte_mbuf *m, struct rte_ipv4_hdr *ip,
	uint16_t mtu)
{
	if (ip->time_to_live <= 1)
		ip4_ttl_expired(ctx, in, m, ip);
	else if (rte_be_to_cpu_16(ip->total_length) > mtu &&
		(ip->fragment_offset & RTE_BE16(IP4_DF)) != 0)
		ip4_mtu_exceeded(ctx, in, m, ip, mtu);
	else
		return false;
	return true;
}

static bool refuse6(struct ctx *ctx, struct iface *in, struct rte_mbuf *m, struct rte_ipv6_hdr *ip,
	uint16_t mtu)
{
	if (ip->hop_limits <= 1)
		ip6_hops_expired(ctx, in, m, ip);
	else if (ip6_total(ip) > mtu)
		ip6_mtu_exceeded(ctx, in, m, ip, mtu);
	else
		return false;
	return true;
}

bool family_refuse(struct ctx *ctx, struct iface *in, struct rte_mbuf *m, void *ip, uint16_t mtu,
	enum ip_af af)
{
	return af == IP_AF_4 ? refuse4(ctx, in, m, ip, mtu) : refuse6(ctx, in, m, ip, mtu);
}
