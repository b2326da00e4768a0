/* SPDX-License-Identifier: BSD-3-Clause */
/* What a port, or another worker, brings while routers take turns: each frame into its router's
 * input queue, or dropped there. */
#include "dataplane/input.h"
#include "dataplane/intake.h"
#include "dataplane/pipeline.h"
#include "dataplane/tunnel_in.h"
#include "dataplane/underlay.h"

/* Tunnels' frames, stripped, each into its router's queue; those that are not taken go to *full. */
static __rte_noinline unsigned int queue_outer(
	struct ctx *ctx, struct port *port, struct bursts *b, struct rte_mbuf **full)
{
	struct iface *ifaces[PKT_BURST];
	unsigned int n = tunnel_decap(ctx, port, b->outer, ifaces, b->n_outer), n_full = 0;
	unsigned int taken = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (ifaces[i]->worker != ctx->index)
			intake_hand_over(ctx, port, ifaces[i], RTE_ETHER_HDR_LEN, b->outer[i]);
		else if (input_enqueue(
				 ctx, ifaces[i], b->outer[i], RTE_ETHER_HDR_LEN, ctx->now_tsc))
			taken++;
		else
			full[n_full++] = b->outer[i];
	}
	input_taken(ctx, taken);
	return n_full;
}

void pipeline_queue(struct ctx *ctx, struct port *port, struct rte_mbuf **m, unsigned int n)
{
	struct rte_mbuf *full[PKT_BURST];
	unsigned int n_full = 0, taken = 0;
	uint64_t bytes = 0;
	struct bursts b;

	bursts_init(&b, ctx->now_tsc);
	ctx->received += n;
	port->rx_packets += n;
	intake_prefetch(m, n);
	for (unsigned int i = 0; i < n; i++) {
		struct frame_class c = classify(port, rte_pktmbuf_mtod(m[i], const uint8_t *));

		if (i + INTAKE_PREFETCH < n)
			rte_prefetch0(rte_pktmbuf_mtod(m[i + INTAKE_PREFETCH], void *));
		bytes += m[i]->data_len;
		if (unlikely(c.iface != NULL && (c.iface->flags & IFACE_UNDERLAY) != 0 &&
			    tunnel_claims(c.iface, m[i], c.type, c.l3_offset)))
			b.outer[b.n_outer++] = m[i];
		else if (unlikely(c.iface == NULL || intake_too_short(m[i], c) ||
				 c.iface->worker != ctx->index))
			intake_odd(ctx, &b, port, c, m[i]);
		else if (likely(input_enqueue(ctx, c.iface, m[i], c.l3_offset, ctx->now_tsc)))
			taken++;
		else
			full[n_full++] = m[i];
	}
	input_taken(ctx, taken);
	port->rx_bytes += bytes;
	if (unlikely(b.n_outer > 0))
		n_full += queue_outer(ctx, port, &b, full + n_full);
	input_free(full, n_full);
}

void pipeline_queue_handed(struct ctx *ctx, struct rte_mbuf **m, unsigned int n)
{
	unsigned int taken = 0;

	for (unsigned int i = 0; i < n; i++) {
		const struct pkt_meta *meta = pkt_meta(m[i]);
		struct iface *in = iface_get(meta->iface);

		if (unlikely(in == NULL || in->worker != ctx->index))
			ctx_stray(ctx, m[i]);
		else if (unlikely(meta->l3_offset == 0))
			underlay_send(ctx, in, m[i]);
		else if (input_enqueue(ctx, in, m[i], meta->l3_offset, meta->rx_tsc))
			taken++;
		else
			rte_pktmbuf_free(m[i]);
	}
	input_taken(ctx, taken);
}
