/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/tunnel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/underlay.h"

#define VNI_MAX 0xffffffu

uint8_t tunnel_outer_len(const struct dp_tunnel_spec *spec)
{
	unsigned int ip = spec->remote.af == IP_AF_6 ? IP6_HEADER_LEN : IP4_MIN_LEN;

	switch (spec->type) {
	case DP_TUNNEL_VXLAN:
		return (uint8_t)(ip + TUNNEL_UDP_LEN + TUNNEL_VXLAN_LEN + RTE_ETHER_HDR_LEN);
	case DP_TUNNEL_GRE:
		return (uint8_t)(ip + (spec->has_key ? 8 : 4));
	case DP_TUNNEL_IPIP:
		return (uint8_t)ip;
	case DP_TUNNEL_NONE:
		break;
	}
	return 0;
}

static int spec_check(const struct dp_tunnel_spec *spec, const struct iface *iface,
	struct ip_addr *local, char *err)
{
	const struct underlay *underlay = iface->port->underlay;
	const char *what = NULL;

	if (underlay == NULL)
		what = "its port has no address";
	else if (spec->type > DP_TUNNEL_IPIP || spec->remote.af == IP_AF_NONE ||
		!ipaddr_is_unicast(&spec->remote))
		what = "no such kind, or no remote";
	else if (spec->type == DP_TUNNEL_VXLAN && spec->id > VNI_MAX)
		what = "VNI over 2^24-1";
	else if (!underlay_local(underlay, spec, local))
		what = "its local address is none of its port's";
	if (what == NULL)
		return 0;
	snprintf(err, DP_ERR_LEN, "interface %s: tunnel: %s", iface->name, what);
	return -EINVAL;
}

static void key_fill(
	struct tunnel *tunnel, const struct dp_tunnel_spec *spec, const struct ip_addr *local)
{
	bool has_id = spec->type == DP_TUNNEL_VXLAN || spec->has_key;
	size_t len = tunnel->af == IP_AF_6 ? 16 : 4;

	tunnel->key.id = tunnel_id(spec->type, tunnel->af, has_id, has_id ? spec->id : 0);
	memcpy(tunnel->key.local, local->bytes, len);
	memcpy(tunnel->key.remote, spec->remote.bytes, len);
}

/* All that is the same in each of its frames. */
static void header_fill(
	struct tunnel *tunnel, const struct dp_tunnel_spec *spec, const struct ip_addr *local)
{
	static const uint8_t protos[] = {[DP_TUNNEL_VXLAN] = TUNNEL_PROTO_UDP,
		[DP_TUNNEL_GRE] = TUNNEL_PROTO_GRE,
		[DP_TUNNEL_IPIP] = TUNNEL_PROTO_IP4};
	uint8_t *ip = tunnel->header + TUNNEL_HEADER_MAX - tunnel->header_len + RTE_ETHER_HDR_LEN;
	uint8_t *above = ip + (tunnel->af == IP_AF_6 ? IP6_HEADER_LEN : IP4_MIN_LEN);

	memcpy(ip - 8, tunnel->iface->port->mac.bytes, 6);
	if (tunnel->af == IP_AF_6) {
		tunnel_put16(ip - 2, RTE_ETHER_TYPE_IPV6);
		ip[0] = 0x60;
		ip[6] = protos[spec->type];
		ip[7] = spec->ttl;
		memcpy(ip + 8, local->bytes, 16);
		memcpy(ip + 24, spec->remote.bytes, 16);
	} else {
		tunnel_put16(ip - 2, RTE_ETHER_TYPE_IPV4);
		ip[0] = 0x45;
		tunnel_put16(ip + 6, spec->clear_df ? 0 : IP4_DF);
		ip[8] = spec->ttl;
		ip[9] = protos[spec->type];
		memcpy(ip + 12, local->bytes, 4);
		memcpy(ip + 16, spec->remote.bytes, 4);
		for (unsigned int i = 0; i < IP4_MIN_LEN; i += 2)
			tunnel->sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	}
	if (spec->type == DP_TUNNEL_VXLAN) {
		/* UDP's checksum stays zero: RFC 7348 5, and over IPv6 RFC 6935. */
		tunnel_put16(above + 2, TUNNEL_VXLAN_PORT);
		above[TUNNEL_UDP_LEN] = TUNNEL_VXLAN_I;
		above[TUNNEL_UDP_LEN + 4] = (uint8_t)(spec->id >> 16);
		above[TUNNEL_UDP_LEN + 5] = (uint8_t)(spec->id >> 8);
		above[TUNNEL_UDP_LEN + 6] = (uint8_t)spec->id;
	} else if (spec->type == DP_TUNNEL_GRE) {
		tunnel_put16(above, spec->has_key ? TUNNEL_GRE_KEY : 0);
		tunnel_put16(above + 2, RTE_ETHER_TYPE_IPV4);
		if (spec->has_key) {
			tunnel_put16(above + 4, spec->id >> 16);
			tunnel_put16(above + 6, spec->id);
		}
	}
}

int tunnel_create(const struct dp_tunnel_spec *spec, struct iface *iface, char *err)
{
	struct tunnel *tunnel;
	struct ip_addr local;
	int rc = spec_check(spec, iface, &local, err);

	if (rc < 0)
		return rc;
	tunnel = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*tunnel));
	if (tunnel == NULL) {
		snprintf(err, DP_ERR_LEN, "interface %s: out of memory", iface->name);
		return -ENOMEM;
	}
	memset(tunnel, 0, sizeof(*tunnel));
	tunnel->type = (uint8_t)spec->type;
	tunnel->af = spec->remote.af;
	tunnel->inner_l2 = spec->type == DP_TUNNEL_VXLAN ? RTE_ETHER_HDR_LEN : 0;
	tunnel->header_len =
		(uint8_t)(RTE_ETHER_HDR_LEN + tunnel_outer_len(spec) - tunnel->inner_l2);
	tunnel->fragment = spec->fragment;
	tunnel->remote = spec->remote;
	tunnel->iface = iface;
	tunnel->underlay = iface->port->underlay;
	key_fill(tunnel, spec, &local);
	header_fill(tunnel, spec, &local);
	iface->tunnel = tunnel;
	iface->outer_len = tunnel_outer_len(spec);
	iface->point_to_point = spec->type != DP_TUNNEL_VXLAN;
	return 0;
}

void tunnel_destroy(struct tunnel *tunnel)
{
	free(tunnel);
}

void tunnel_wait(
	struct ctx *ctx, const struct tunnel *tunnel, struct rte_mbuf *m, enum pkt_class class)
{
	struct iface *iface = tunnel->underlay->iface;
	struct pkt_meta *meta = pkt_meta(m);

	rte_pktmbuf_adj(m, RTE_ETHER_HDR_LEN);
	meta->rx_tsc = ctx->now_tsc;
	meta->iface = iface->id;
	meta->l3_offset = 0; /* no frame that was received has that */
	meta->class = (uint8_t) class;
	if (iface->worker == ctx->index) {
		underlay_send(ctx, iface, m);
		return;
	}
	if (unlikely(rte_ring_sp_enqueue(ctx->to[iface->worker], m) != 0))
		ctx_drop_meta(ctx, tunnel->iface, m, DROP_HANDOVER_FULL);
	else
		ctx->handed_out[class]++;
}

/* What is in the frame, as far as the outer header wants to know. */
static bool encap_frame(struct tunnel *tunnel, struct rte_mbuf *m)
{
	char *l3 = rte_pktmbuf_mtod_offset(m, char *, RTE_ETHER_HDR_LEN);
	uint32_t total = m->pkt_len - RTE_ETHER_HDR_LEN;
	uint16_t type;

	memcpy(&type, l3 - 2, sizeof(type));
	if (tunnel->type != DP_TUNNEL_VXLAN)
		type = (l3[0] & 0xf0) == 0x60 ? RTE_BE16(RTE_ETHER_TYPE_IPV6)
					      : RTE_BE16(RTE_ETHER_TYPE_IPV4);
	if (type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
		return tunnel_encap_packet(tunnel, m, l3, total, IP_AF_4);
	if (type == RTE_BE16(RTE_ETHER_TYPE_IPV6))
		return tunnel_encap_packet(tunnel, m, l3, total, IP_AF_6);
	return tunnel_encap(tunnel, m, l3, total, 0, false, 0);
}

void tunnel_transmit(struct ctx *ctx, struct iface *iface, struct rte_mbuf *m, enum pkt_class class)
{
	struct port_txq *txq = ctx->txq[iface->port_index];
	bool known = encap_frame(iface->tunnel, m);
	uint32_t bytes = m->pkt_len;

	if (!known) {
		tunnel_wait(ctx, iface->tunnel, m, class);
	} else if (!ctx_stage(ctx, txq, m, class, LATENCY_UNMARKED, iface->id)) {
		pkt_meta(m)->class = (uint8_t) class;
		ctx_drop_meta(ctx, iface, m, ctx_refusal(txq));
		return;
	}
	iface->tx_packets++;
	iface->tx_bytes += bytes;
}
