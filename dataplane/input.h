/* SPDX-License-Identifier: BSD-3-Clause */
/* How virtual routers share a worker. While it keeps up, packets are forwarded as they come. When
 * its receive queues bring full bursts it empties and classifies them first, each packet into its
 * router's input queue, or drops it there, and then serves the routers by deficit round robin on
 * measured cycles (lib/drr): a flooded router loses its own packets, early and cheaply.
 *
 * Queues: a router has INPUT_OWN places that nobody else takes, and beyond them as many as are free
 * of its worker's INPUT_SHARED (dynamic thresholds, Choudhury and Hahne 1998), half of which is
 * kept for those below their share. What is received is bounded by what serves: when every router
 * that has sent lately has got as much as its share of the round takes, nothing more is taken from
 * the ports until the next, and the device drops for nothing; as long as one is low, the receive
 * queues are emptied to find its packets.
 *
 * Where all that send want as much as each other by their weights, the device drops as fairly, and
 * they are not made to take turns (even.h). */
#ifndef HPSR_DATAPLANE_INPUT_H
#define HPSR_DATAPLANE_INPUT_H

#include "dataplane/ctx.h"
#include "dataplane/even.h"
#include "dataplane/iface.h"

#define INPUT_OWN 32u
#define INPUT_SHARED 1024u
#define INPUT_LEN 256u         /* most of one router; a power of two */
#define INPUT_QUANTUM_TSC 2048 /* cycles a round for each unit of weight, */
#define INPUT_QUANTUM_MAX_TSC \
	8192 /* but not more for the heaviest: its queue has to last a round */
#define INPUT_RX_SHIFT 4
#define INPUT_LOOK_SECONDS 5 /* who has sent lately is looked up so often */

/* A packet that waits. Not in the mbuf's metadata: that lies in a cache line which nobody else
 * needs, and packets are many here. */
struct input_item {
	struct rte_mbuf *m;
	uint32_t rx; /* when it was received: TSC >> INPUT_RX_SHIFT */
	uint16_t iface;
	uint8_t l3_offset;
};

/* It belongs to the router's home worker. */
struct input_queue {
	/* What classification touches. */
	uint32_t head, count; /* of items, modulo INPUT_LEN; both are 0 when it is empty */
	uint32_t cost_tsc;    /* of a packet, lately */
	uint32_t epoch;       /* of struct input, in which ACTIVE was said; another: it is not */
	bool active;          /* has sent lately */
	bool seen;            /* since the last look */
	uint32_t round;       /* of struct input, in which NEED was said; another: it is low */
	int32_t need; /* packets that it lacks to use its share of this round; > 0: it is low */
	uint64_t dropped;
	uint32_t services;            /* that began a burst */
	struct even_mark mark, since; /* counters as the window began, and of the last one */
	double least_cost;            /* cycles of a packet, in the last windows */
	uint64_t sent_tsc;            /* the last window in which it sent; 0: none */
	struct drr_entity drr __rte_cache_aligned;
	struct input_item items[INPUT_LEN] __rte_cache_aligned;
};

extern struct input_queue *input_table[]; /* by router id */

/* A new router's queue. 0 or -ENOMEM. Control thread, before the router is published. */
int input_create(dp_vr_id vr, uint32_t weight);
/* The router goes; nothing waits. Control thread, when no worker sees it any more. NULL queue: no
 * harm. */
void input_destroy(dp_vr_id vr);

static inline uint64_t input_rx_tsc(const struct input_item *item, uint64_t now_tsc)
{
	uint32_t ago = (uint32_t)(now_tsc >> INPUT_RX_SHIFT) - item->rx;

	return now_tsc - ((uint64_t)ago << INPUT_RX_SHIFT);
}

/* A worker begins. */
void input_init(struct input *in, bool off);
/* A receive queue brought a full burst, or did not; true: packets are to be queued from now on.
 * FULL counts for that receive queue. */
bool input_crowded(struct ctx *ctx, uint8_t *full);
/* A few times a second. */
void input_tick(struct ctx *ctx);
/* The worker's routers have changed, and nothing waits. */
void input_reset(struct ctx *ctx);
/* A router has come from another worker, where nothing of it waits any more. What it owes there it
 * has paid. Behind input_reset. */
void input_arrive(struct ctx *ctx, dp_vr_id vr);
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
 * is counted on the interface, and the caller still owns the mbuf. The caller says to input_taken
 * how many were and were not queued. */
static inline bool input_enqueue(
	struct ctx *ctx, struct iface *in, struct rte_mbuf *m, uint8_t l3_offset, uint64_t rx_tsc)
{
	struct input_queue *q = input_table[in->vr_id];
	struct input *input = &ctx->input;
	uint32_t count = q->count;

	if (unlikely(q->round != input->round))
		input_look(input, q);
	if (count >= INPUT_OWN) {
		uint32_t kept = q->need > 0 ? 0 : INPUT_SHARED / 2;

		if (count - INPUT_OWN + kept >= input->shared_free || count == INPUT_LEN) {
			/* No more comes in, whatever it may lack. */
			input->n_low -= q->need > 0;
			q->need = 0;
			q->dropped++;
			in->rx_packets++;
			in->rx_bytes += m->data_len;
			return false;
		}
		input->shared_free--;
	}
	if (unlikely(q->need-- == 1))
		input->n_low--;
	q->count = count + 1;
	q->items[(q->head + count) % INPUT_LEN] = (struct input_item){.m = m,
		.rx = (uint32_t)(rx_tsc >> INPUT_RX_SHIFT),
		.iface = in->short_id,
		.l3_offset = l3_offset};
	if (unlikely(count == 0))
		drr_activate(&input->drr, &q->drr);
	return true;
}

/* So many packets were queued, and so many not. */
static inline void input_taken(struct ctx *ctx, unsigned int n, unsigned int n_full)
{
	ctx->queued[PKT_FORWARDED] += n;
	ctx->input.waiting += n;
	ctx->dropped += n_full;
	ctx->drops[DROP_INPUT_QUEUE_FULL] += n_full;
}

static_assert(IFACE_ID_MAX <= UINT16_MAX, "an input_item holds an interface's id");

#endif
