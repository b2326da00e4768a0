/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/local6.h"
#include "dataplane/punt.h"

#include <string.h>

#include <rte_udp.h>

#include "dataplane/icmp6.h"
#include "dataplane/nd.h"
#include "dataplane/probe.h"

/* RFC 4443 4.2: the same data back, from the address that was asked, if that is one of ours alone.
 */
static void echo_reply(struct ctx *ctx, struct iface *in, const struct rte_ipv6_hdr *ip,
	const struct own6 *own, const struct icmp6_header *request, uint16_t len)
{
	struct icmp6_header *icmp;
	struct rte_mbuf *m;

	if (own == NULL || own->anycast)
		own = iface6_source(in->ip6, ip->src_addr);
	if (own == NULL)
		return;
	icmp = icmp6_new(
		ctx, own->ip, ip->src_addr, IP6_HOPS_ORIGINATED, ICMP6_ECHO_REPLY, len, &m);
	if (icmp == NULL)
		return;
	memcpy(icmp, request, len);
	icmp->type = ICMP6_ECHO_REPLY;
	icmp6_finish(icmp, len);
	ip6_send(ctx, in, m);
}

static enum drop_reason icmp6_input(struct ctx *ctx, struct iface *in, struct rte_mbuf *m,
	const struct rte_ipv6_hdr *ip, const struct own6 *own, const struct ip6_upper *upper)
{
	const struct icmp6_header *icmp = (const void *)((const char *)ip + upper->offset);
	uint16_t len = (uint16_t)(ip6_total(ip) - upper->offset);

	if (len < ICMP6_HEADER_LEN || icmp6_sum(ip, icmp, len) != UINT16_MAX)
		return DROP_LOCAL_MALFORMED;
	if (icmp->type >= ICMP6_ROUTER_SOLICIT && icmp->type <= ICMP6_REDIRECT)
		return nd_input(ctx, in, m, ip, icmp, len);
	if (icmp->type == ICMP6_ECHO_REQUEST && icmp->code == 0)
		echo_reply(ctx, in, ip, own, icmp, len);
	return DROP_REASON_COUNT;
}

static enum drop_reason udp_input(struct ctx *ctx, struct iface *in, const struct rte_ipv6_hdr *ip,
	const struct ip6_upper *upper)
{
	const struct rte_udp_hdr *udp = (const void *)((const char *)ip + upper->offset);
	uint16_t len = (uint16_t)(ip6_total(ip) - upper->offset), udp_len;

	if (len < sizeof(*udp))
		return DROP_LOCAL_MALFORMED;
	udp_len = rte_be_to_cpu_16(udp->dgram_len);
	if (udp_len < sizeof(*udp) || udp_len > len)
		return DROP_LOCAL_MALFORMED;
	if (udp->dst_port == RTE_BE16(BFD_PORT) && in->probe != NULL)
		return probe_input6(ctx, in, ip, udp, len) ? DROP_REASON_COUNT
							   : DROP_LOCAL_MALFORMED;
	icmp6_error(ctx, in, ip, ICMP6_UNREACHABLE, ICMP6_PORT_UNREACHABLE, 0);
	return DROP_NO_PORT;
}

/* The address that it is for, on whichever of the router's interfaces. */
static const struct own6 *own_of(const struct iface *in, const uint8_t ip[16])
{
	const struct own6 *own = iface6_own(in->ip6, ip);
	const struct iface *iface = in->vr->ifaces;

	for (; own == NULL && iface != NULL && !ip6_is_link_local(ip); iface = iface->next_of_vr)
		if (iface->ip6 != NULL)
			own = iface6_own(iface->ip6, ip);
	return own;
}

static enum drop_reason input(
	struct ctx *ctx, struct iface *in, struct rte_mbuf *m, const struct rte_ipv6_hdr *ip)
{
	const struct own6 *own = own_of(in, ip->dst_addr);
	struct ip6_problem problem;
	struct ip6_upper upper;
	enum drop_reason reason;

	/* RFC 4862 5.4: discarded, but what is about the address itself goes to its group. */
	if (own != NULL && own->state != OWN6_VALID)
		return DROP_IP6_TENTATIVE;
	reason = ip6_ext_walk(ip, &upper, &problem);
	if (reason != DROP_REASON_COUNT) {
		icmp6_problem(ctx, in, ip, &problem);
		return reason;
	}
	if (upper.fragment)
		return DROP_LOCAL_FRAGMENT;
	if (upper.next == IP6_ICMP)
		return icmp6_input(ctx, in, m, ip, own, &upper);
	if (upper.next == IP6_UDP)
		return udp_input(ctx, in, ip, &upper);
	if (upper.next != IP6_NO_NEXT)
		icmp6_error(ctx, in, ip, ICMP6_PARAMETER_PROBLEM, IP6_PROBLEM_NEXT_HEADER,
			upper.next_at);
	return DROP_NO_PROTOCOL;
}

void local6_input(struct ctx *ctx, struct iface *in, struct rte_mbuf *m, struct rte_ipv6_hdr *ip)
{
	enum drop_reason reason = probe_expects6(in, ip) || punt_take(ctx, in->vr)
		? input(ctx, in, m, ip)
		: DROP_PUNT_LIMITED;

	if (reason != DROP_REASON_COUNT) {
		ctx_drop(ctx, in, m, reason);
		return;
	}
	ctx->consumed++;
	in->consumed++;
	rte_pktmbuf_free(m);
}
