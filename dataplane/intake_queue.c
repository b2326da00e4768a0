/* SPDX-License-Identifier: BSD-3-Clause */
/* What a port, or another worker, brings while routers take turns: each frame into its router's
 * input queue, or dropped there. */
#include "dataplane/input.h"
#include "dataplane/intake.h"
#include "dataplane/pipeline.h"
#include "dataplane/tunnel_in.h"
#include "dataplane/underlay.h"

/* Packets of a burst that are queued, and those that are not. */
struct queueing {
	unsigned int taken, n_full;
	struct rte_mbuf *full[PKT_BURST];
};

static inline void queue(struct ctx *ctx, struct queueing *to, struct iface *in, struct rte_mbuf *m,
	uint8_t l3_offset)
{
	if (input_enqueue(ctx, in, m, l3_offset, ctx->now_tsc))
		to->taken++;
	else
		to->full[to->n_full++] = m;
}

/* Tunnels' frames, stripped, each into its router's queue. */
static __rte_noinline void queue_outer(
	struct ctx *ctx, struct port *port, struct bursts *b, struct queueing *to)
{
	struct iface *ifaces[PKT_BURST];
	unsigned int n = tunnel_decap(ctx, port, b->outer, ifaces, b->n_outer);

	for (unsigned int i = 0; i < n; i++) {
		if (ifaces[i]->worker != ctx->index)
			intake_hand_over(ctx, port, ifaces[i], RTE_ETHER_HDR_LEN, b->outer[i]);
		else
			queue(ctx, to, ifaces[i], b->outer[i], RTE_ETHER_HDR_LEN);
	}
}

/* A frame of an interface with flags, another worker's, nobody's, or too short. */
static __rte_noinline void queue_odd(struct ctx *ctx, struct port *port, struct bursts *b,
	struct queueing *to, struct rte_mbuf *m)
{
	struct frame_class c = classify(port, rte_pktmbuf_mtod(m, const uint8_t *));

	if (c.iface != NULL && (c.iface->flags & IFACE_UNDERLAY) != 0 &&
		tunnel_claims(c.iface, m, c.type, c.l3_offset))
		b->outer[b->n_outer++] = m;
	else if (c.iface == NULL || intake_too_short(m, c) || c.iface->worker != ctx->index)
		intake_odd(ctx, b, port, c, m);
	else
		queue(ctx, to, c.iface, m, c.l3_offset);
}

void pipeline_queue(struct ctx *ctx, struct port *port, struct rte_mbuf **m, unsigned int n)
{
	struct queueing to = {.taken = 0, .n_full = 0};
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
		if (likely(c.iface != NULL && plain_here(ctx, c.iface) &&
			    !intake_too_short(m[i], c)))
			queue(ctx, &to, c.iface, m[i], c.l3_offset);
		else
			queue_odd(ctx, port, &b, &to, m[i]);
	}
	port->rx_bytes += bytes;
	if (unlikely(b.n_outer > 0))
		queue_outer(ctx, port, &b, &to);
	input_taken(ctx, to.taken, to.n_full);
	input_free(to.full, to.n_full);
}

void pipeline_queue_handed(struct ctx *ctx, struct rte_mbuf **m, unsigned int n)
{
	unsigned int taken = 0, n_full = 0;

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
			m[n_full++] = m[i];
	}
	input_taken(ctx, taken, n_full);
	input_free(m, n_full);
}
