/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_icmp.h>
#include <rte_udp.h>

#include "dataplane/icmp.h"
#include "dataplane/ip4.h"
#include "dataplane/local.h"
#include "dataplane/punt.h"
#include "dataplane/probe.h"

#define ECHO_HEADER_LEN 8

/* RFC 1122 3.2.2.6: the same data back, from the address that was asked. */
static void echo_reply(struct ctx *ctx, struct iface *in, const struct rte_ipv4_hdr *ip,
	const struct rte_icmp_hdr *request, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(ctx->pool);
	struct rte_ipv4_hdr *reply;
	struct rte_icmp_hdr *icmp;

	if (m == NULL)
		return;
	reply = (struct rte_ipv4_hdr *)rte_pktmbuf_append(m, (uint16_t)(IP4_MIN_LEN + len));
	if (reply == NULL) {
		rte_pktmbuf_free(m);
		return;
	}
	memset(reply, 0, IP4_MIN_LEN);
	reply->version_ihl = 0x45;
	reply->type_of_service = ip->type_of_service;
	reply->total_length = rte_cpu_to_be_16(m->data_len);
	reply->packet_id = rte_cpu_to_be_16(in->vr->ip_id++);
	reply->time_to_live = IP4_TTL_ORIGINATED;
	reply->next_proto_id = IPPROTO_ICMP;
	reply->src_addr = ip->dst_addr;
	reply->dst_addr = ip->src_addr;
	icmp = (struct rte_icmp_hdr *)(reply + 1);
	memcpy(icmp, request, len);
	icmp->icmp_type = ICMP_ECHO_REPLY;
	icmp->icmp_cksum = 0;
	icmp->icmp_cksum = (uint16_t)~rte_raw_cksum(icmp, len);
	ip4_send(ctx, in, m);
}

static enum drop_reason icmp_input(struct ctx *ctx, struct iface *in, const struct rte_ipv4_hdr *ip,
	const void *payload, uint16_t len)
{
	const struct rte_icmp_hdr *icmp = payload;

	if (len < ECHO_HEADER_LEN || rte_raw_cksum(payload, len) != UINT16_MAX)
		return DROP_LOCAL_MALFORMED;
	if (icmp->icmp_type == ICMP_ECHO_REQUEST && icmp->icmp_code == 0)
		echo_reply(ctx, in, ip, icmp, len);
	return DROP_REASON_COUNT;
}

static enum drop_reason udp_input(struct ctx *ctx, struct iface *in, const struct rte_ipv4_hdr *ip,
	const void *payload, uint16_t len)
{
	const struct rte_udp_hdr *udp = payload;
	uint16_t udp_len;

	if (len < sizeof(*udp))
		return DROP_LOCAL_MALFORMED;
	udp_len = rte_be_to_cpu_16(udp->dgram_len);
	if (udp_len < sizeof(*udp) || udp_len > len)
		return DROP_LOCAL_MALFORMED;
	if (udp->dst_port == RTE_BE16(BFD_PORT) && in->probe != NULL)
		return probe_input4(ctx, in, ip, payload, len) ? DROP_REASON_COUNT
							       : DROP_LOCAL_MALFORMED;
	icmp_error(ctx, in, ip, ICMP_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0);
	return DROP_NO_PORT;
}

void local_input(struct ctx *ctx, struct iface *in, struct rte_mbuf *m, struct rte_ipv4_hdr *ip)
{
	uint16_t header_len = (uint16_t)((ip->version_ihl & 0xf) * 4);
	uint16_t len = (uint16_t)(rte_be_to_cpu_16(ip->total_length) - header_len);
	const void *payload = (const char *)ip + header_len;
	enum drop_reason reason;

	/* Pings from elsewhere do not make a peer seem lost. */
	if (!probe_expects4(in, ip, payload, len) && !punt_take(ctx, in->vr)) {
		reason = DROP_PUNT_LIMITED;
	} else if ((ip->fragment_offset & RTE_BE16(IP4_OFFSET_MASK | IP4_MF)) != 0) {
		reason = DROP_LOCAL_FRAGMENT;
	} else if (ip->next_proto_id == IPPROTO_ICMP) {
		reason = icmp_input(ctx, in, ip, payload, len);
	} else if (ip->next_proto_id == IPPROTO_UDP) {
		reason = udp_input(ctx, in, ip, payload, len);
	} else {
		icmp_error(ctx, in, ip, ICMP_UNREACHABLE, ICMP_PROTOCOL_UNREACHABLE, 0);
		reason = DROP_NO_PROTOCOL;
	}
	if (reason != DROP_REASON_COUNT) {
		ctx_drop(ctx, in, m, reason);
		return;
	}
	ctx->consumed++;
	in->consumed++;
	rte_pktmbuf_free(m);
}
