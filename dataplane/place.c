/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/place.h"

#include "dataplane/family.h"
#include "dataplane/vr.h"

void place_wait(struct ctx *ctx, struct burst *b, unsigned int i, struct vlink *link,
	uint32_t bytes, enum ip_af af)
{
	struct iface *out = link->iface;
	struct rte_mbuf *m = b->m[i];
	struct pkt_meta *meta = pkt_meta(m);

	if (link->at == DP_AT_INGRESS) {
		ctx_drop(ctx, out, m, DROP_LINK_POLICED);
		return;
	}
	meta->rx_tsc = burst_rx_tsc(b, i);
	meta->link_bytes = (uint16_t)bytes;
	meta->class = PKT_FORWARDED;
	if (link->at == DP_AT_VIF_OUT) {
		void *ip = family_header(b, i, af);

		family_decrement_hops(ip, af);
		adj_encap(b->adj[i], m, ip, family_total(ip, af), out->l2_len);
		meta->iface = out->id;
		meta->l3_offset = PKT_TX_ONLY;
	} else {
		meta->iface = b->in[i]->id;
		meta->l3_offset = pkt_l3_offset(m, b->ip[i]);
	}
	if (!vlink_enqueue(ctx, link, m))
		ctx_drop(ctx, out, m, DROP_LINK_QUEUE_FULL);
}

void place_send(struct ctx *ctx, struct iface *out, struct rte_mbuf *m, enum pkt_class class)
{
	struct vlink *link = out->link;
	struct pkt_meta *meta = pkt_meta(m);
	uint32_t bytes;

	if (link == NULL || link->at != DP_AT_VIF_OUT) {
		ctx_transmit(ctx, out, m, class);
		return;
	}
	bytes = m->pkt_len + link->overhead;
	if (vlink_pass(link, bytes, ctx->now_tsc)) {
		ctx_transmit(ctx, out, m, class);
		return;
	}
	meta->rx_tsc = ctx->now_tsc;
	meta->link_bytes = (uint16_t)bytes;
	meta->class = (uint8_t) class;
	meta->iface = out->id;
	meta->l3_offset = PKT_TX_ONLY;
	if (!vlink_enqueue(ctx, link, m))
		ctx_drop_meta(ctx, out, m, DROP_LINK_QUEUE_FULL);
}

void place_release(struct ctx *ctx, struct iface *out, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);

	if (meta->class != PKT_FORWARDED) {
		ctx_transmit(ctx, out, m, meta->class);
		return;
	}
	latency_count(&ctx->latency, out->vr_id, latency_round(ctx->now_tsc - meta->rx_tsc));
	out->forwarded++;
	meta->age = latency_age(ctx->now_tsc - meta->rx_tsc);
	ctx_transmit_marked(ctx, out, m, PKT_FORWARDED, LATENCY_MARK_META);
}
