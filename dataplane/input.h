/* SPDX-License-Identifier: BSD-3-Clause */
/* How virtual routers share a worker. While it keeps up, packets are forwarded as they come. When
 * its receive queues bring full bursts it empties and classifies them first, each packet into its
 * router's input queue, or drops it there, and then serves the routers by deficit round robin on
 * measured cycles (lib/drr): a flooded router loses its own packets, early and cheaply.
 *
 * Queues: a router has INPUT_OWN places that nobody else takes, and beyond them as many as are free
 * of its worker's INPUT_SHARED (dynamic thresholds, Choudhury and Hahne 1998). What is received is
 * bounded by what serves: when every router that has sent lately has got as much as its share of
 * the round takes, nothing more is taken from the ports until the next, and the device drops for
 * nothing; as long as one is low, the receive queues are emptied to find its packets. */
#ifndef HPSR_DATAPLANE_INPUT_H
#define HPSR_DATAPLANE_INPUT_H

#include "dataplane/ctx.h"
#include "dataplane/iface.h"

#define INPUT_OWN 32u
#define INPUT_SHARED 1024u
#define INPUT_QUANTUM_TSC 2048 /* cycles a round for each unit of weight */

/* By router id; it belongs to the router's home worker. */
struct input_queue {
	/* What classification touches. */
	struct pkt_list queue;
	uint32_t count;
	uint32_t cost_tsc; /* of a packet, lately */
	uint32_t epoch;    /* of struct input, in which ACTIVE was said; another: it is not */
	bool active;       /* has sent lately */
	bool seen;         /* since the last look */
	uint32_t round;    /* of struct input, in which NEED was said; another: it is low */
	int32_t need; /* packets that it lacks to use its share of this round; > 0: it is low */
	uint64_t dropped;
	uint32_t services; /* that began a burst */
	struct drr_entity drr __rte_cache_aligned;
};

extern struct input_queue input_table[];

/* A new router; and its weight changes. Control thread, before it is published; home worker. */
void input_create(dp_vr_id vr, uint32_t weight);
void input_set_weight(dp_vr_id vr, uint32_t weight);

/* A worker begins. */
void input_init(struct input *in, bool off);
/* A receive queue brought a full burst, or did not; true: packets are to be queued from now on.
 * FULL counts for that receive queue. */
bool input_crowded(struct ctx *ctx, uint8_t *full);
/* A few times a second. */
void input_tick(struct ctx *ctx);
/* The worker's routers have changed, and nothing waits. */
void input_reset(struct ctx *ctx);
/* A turn ends in which packets were queued; FULL: a receive queue brought a full burst. Ends the
 * queueing when it is not needed any more. */
void input_turn_end(struct ctx *ctx, bool full);
/* Forward for the routers in their turns, for LEAST_TSC at least; EMPTIED: nothing is in the
 * receive queues. True: there was something. */
bool input_serve(struct ctx *ctx, bool emptied, uint64_t least_tsc);
/* Forward all that waits. */
void input_drain(struct ctx *ctx);

/* Free frames just received. What is one segment that nobody else has goes back to its pool by the
 * lines that receiving has touched. */
static inline void input_free(struct rte_mbuf **m, unsigned int n)
{
	unsigned int from = 0;

	for (unsigned int i = 0; i < n; i++) {
		bool plain = RTE_MBUF_DIRECT(m[i]) && m[i]->nb_segs == 1 &&
			rte_mbuf_refcnt_read(m[i]) == 1;

		if (likely(plain && m[i]->pool == m[from]->pool))
			continue;
		if (i > from)
			rte_mempool_put_bulk(m[from]->pool, (void *const *)&m[from], i - from);
		if (!plain)
			rte_pktmbuf_free(m[i]);
		from = plain ? i : i + 1;
	}
	if (from < n)
		rte_mempool_put_bulk(m[from]->pool, (void *const *)&m[from], n - from);
}

/* Is there a router whose packets may be in the receive queues while it has none here? */
static inline bool input_wants(const struct ctx *ctx)
{
	return ctx->input.n_low > 0 || ctx->input.handed || ctx->input.waiting == 0;
}

/* A router's first packet in a round: what will it lack? */
void input_look(struct input *input, struct input_queue *q);

/* Queue a received packet for its router, which is at home here. False: the queue is full, the drop
 * is counted, and the caller still owns the mbuf. */
static inline bool input_enqueue(
	struct ctx *ctx, struct iface *in, struct rte_mbuf *m, uint8_t l3_offset, uint64_t rx_tsc)
{
	struct input_queue *q = &input_table[in->vr_id];
	struct input *input = &ctx->input;
	struct pkt_meta *meta;

	q->seen = true;
	if (unlikely(q->round != input->round || q->epoch != input->epoch))
		input_look(input, q);
	if (unlikely(q->count >= INPUT_OWN)) {
		if (q->count - INPUT_OWN >= input->shared_free) {
			/* No more comes in, whatever it may lack. */
			input->n_low -= q->need > 0;
			q->need = 0;
			q->dropped++;
			ctx->dropped++;
			ctx->drops[DROP_INPUT_QUEUE_FULL]++;
			in->rx_packets++;
			in->rx_bytes += m->data_len;
			return false;
		}
		input->shared_free--;
	}
	input->n_low -= q->need-- == 1;
	meta = pkt_meta(m);
	meta->rx_tsc = rx_tsc;
	meta->iface = in->id;
	meta->l3_offset = l3_offset;
	meta->class = PKT_FORWARDED;
	pkt_list_enqueue(&q->queue, m);
	ctx->queued[PKT_FORWARDED]++;
	input->waiting++;
	if (q->count++ == 0)
		drr_activate(&input->drr, &q->drr);
	return true;
}

#endif
