/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_prefetch.h>

#include "dataplane/portsched.h"
#include "lib/slab.h"

#define L1_OVERHEAD 24 /* as in a virtual link's counting */
#define AHEAD 4

static struct slab slots = SLAB_INIT(sizeof(struct sched_slot));

/* ---- control thread ---- */

static void queue_init(
	struct sched_queue *queue, enum psched_kind kind, uint32_t weight, struct psched *core)
{
	struct psched_leaf_conf conf = {.kind = kind, .weight = weight};
	static struct psched nobody = {.clock_hz = 1};

	memset(queue, 0, sizeof(*queue));
	psched_leaf_init(&queue->leaf);
	psched_leaf_set(core != NULL ? core : &nobody, &queue->leaf, &conf, 0);
	queue->best_effort = kind == PSCHED_IS_BEST_EFFORT;
	queue->limit_packets = kind == PSCHED_IS_CONTROL ? SCHED_CONTROL_PACKETS : UINT32_MAX;
	queue->limit_bytes = UINT64_MAX;
}

struct sched *sched_create(uint64_t now_tsc)
{
	struct sched *sched = calloc(1, sizeof(*sched));

	if (sched == NULL)
		return NULL;
	psched_init(&sched->core, rte_get_tsc_hz(), now_tsc);
	queue_init(&sched->control, PSCHED_IS_CONTROL, 1, &sched->core);
	queue_init(&sched->orphans, PSCHED_IS_BEST_EFFORT, 1, &sched->core);
	sched->due_tsc = UINT64_MAX;
	return sched;
}

void sched_destroy(struct sched *sched)
{
	free(sched);
}

int sched_check(uint64_t capacity_bps, uint64_t share_bps)
{
	struct psched probe;

	psched_init(&probe, rte_get_tsc_hz(), 0);
	return psched_set(&probe, capacity_bps, share_bps, UINT16_MAX / 4, 0);
}

struct sched_queue *sched_queue_create(uint32_t weight)
{
	struct sched_queue *queue =
		aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_CACHE_LINE_ROUNDUP(sizeof(*queue)));

	if (queue != NULL)
		queue_init(queue, PSCHED_IS_BEST_EFFORT, weight, NULL);
	return queue;
}

void sched_queue_destroy(struct sched_queue *queue)
{
	free(queue);
}

struct sched_slot *sched_slot_create(dp_iface_id id, dp_vr_id vr, struct sched_queue *shared)
{
	struct sched_slot *slot = slab_get(&slots);

	if (slot == NULL)
		return NULL;
	queue_init(&slot->own, PSCHED_IS_RESERVED, 1, NULL);
	slot->queue = slot->shared = shared;
	slot->id = id;
	slot->vr = vr;
	return slot;
}

void sched_slot_destroy(struct sched_slot *slot)
{
	slab_put(&slots, slot);
}

static bool is_reserved(const struct dp_link_spec *spec)
{
	return spec->rate_bps != 0;
}

static struct psched_leaf_conf leaf_conf(const struct dp_link_spec *spec, uint32_t frame_bytes)
{
	uint32_t overhead = spec->count_l1 ? L1_OVERHEAD : 0;

	return (struct psched_leaf_conf){.kind = PSCHED_IS_RESERVED,
		.weight = 1,
		.min_bps = spec->min_bps,
		.rate_bps = spec->rate_bps,
		.borrow_bps = spec->borrow_bps,
		.hold = spec->at == DP_AT_PORT && spec->rate_bps != 0,
		.paced = spec->by == DP_BY_PSP,
		.burst_bytes = spec->burst_bytes,
		.frame_bytes = frame_bytes + overhead,
		.overhead = overhead};
}

int sched_link_check(const struct dp_link_spec *spec, const struct iface *iface)
{
	struct psched_leaf_conf conf = leaf_conf(spec, (uint32_t)iface->mtu + iface->l2_len);

	return is_reserved(spec) ? psched_leaf_check(&conf, rte_get_tsc_hz()) : 0;
}

/* ---- queues ---- */

static uint32_t leaf_bytes(const struct sched_queue *queue, const struct pkt_meta *meta)
{
	return meta->link_bytes + queue->leaf.overhead;
}

static bool queue_fits(const struct sched *sched, const struct sched_queue *queue, uint32_t bytes)
{
	if (queue->best_effort)
		return queue->packets + sched->best_effort_packets < SCHED_BEST_EFFORT_PACKETS &&
			queue->bytes + sched->best_effort_bytes + bytes <= SCHED_BEST_EFFORT_BYTES;
	return queue->packets < queue->limit_packets && queue->bytes + bytes <= queue->limit_bytes;
}

static void queue_add(struct sched *sched, struct sched_queue *queue, struct rte_mbuf *m)
{
	uint32_t bytes = leaf_bytes(queue, pkt_meta(m));
	bool idle = queue->list.head == NULL;

	pkt_list_enqueue(&queue->list, m);
	queue->packets++;
	queue->bytes += bytes;
	sched->backlog++;
	if (queue->best_effort) {
		sched->best_effort_packets++;
		sched->best_effort_bytes += bytes;
	}
	if (idle)
		psched_wake(&sched->core, &queue->leaf);
}

/* A frame has been taken from the list. */
static void queue_removed(struct sched *sched, struct sched_queue *queue, struct rte_mbuf *m)
{
	uint32_t bytes = leaf_bytes(queue, pkt_meta(m));

	queue->packets--;
	queue->bytes -= bytes;
	sched->backlog--;
	if (queue->best_effort) {
		sched->best_effort_packets--;
		sched->best_effort_bytes -= bytes;
	}
}

/* The histograms hold what is sent: a frame that has been counted is dropped, or must wait. */
static bool uncount(struct ctx *ctx, const struct sched_slot *slot, const struct pkt_meta *meta)
{
	if (slot == NULL || meta->class != PKT_FORWARDED || meta->age == LATENCY_AGE_NONE)
		return false;
	latency_uncount(&ctx->latency, slot->vr, latency_age_tsc(meta->age));
	return true;
}

/* A frame leaves that came in an earlier turn. */
static __rte_noinline void count_wait(
	struct ctx *ctx, const struct sched_slot *slot, const struct pkt_meta *meta)
{
	uint64_t latency_tsc = ctx->now_tsc - meta->rx_tsc;

	if (!uncount(ctx, slot, meta))
		return;
	latency_count(&ctx->latency, slot->vr, latency_tsc);
	latency_count_wait(&ctx->latency, slot->vr, latency_tsc - latency_age_tsc(meta->age));
}

static bool has_waited(const struct ctx *ctx, const struct pkt_meta *meta)
{
	/* Ages are rounded down. */
	return meta->rx_tsc + latency_age_tsc(meta->age) + latency_age_tsc(1) <= ctx->turn_tsc;
}

/* What a slot's frame is dropped for, as its interface shows it. */
static void slot_drop(
	struct ctx *ctx, struct sched_slot *slot, struct rte_mbuf *m, enum drop_reason reason)
{
	if (slot != NULL && pkt_meta(m)->class == PKT_FORWARDED) {
		slot->full += reason == DROP_PORT_QUEUE_FULL;
		slot->down += reason == DROP_PORT_DOWN;
		slot->stopped += reason == DROP_VR_DOWN;
		slot->gone += reason == DROP_INTERFACE_GONE;
	}
	uncount(ctx, slot, pkt_meta(m));
	ctx_drop_meta(ctx, NULL, m, reason);
}

static void enqueue(struct ctx *ctx, struct sched *sched, struct rte_mbuf *m, uint32_t tag)
{
	struct sched_slot *slot = sched->slots[port_tag_iface(tag)];
	uint8_t class = port_tag_class(tag);
	struct pkt_meta *meta = pkt_meta(m);
	struct sched_queue *queue = slot != NULL ? slot->queue : &sched->orphans;

	if (unlikely(class == PKT_ORIGINATED))
		queue = &sched->control;
	ctx_mark_read(ctx, port_tag_mark(tag), meta);
	meta->iface = port_tag_iface(tag);
	meta->link_bytes = m->data_len;
	meta->class = class;
	if (slot != NULL) {
		slot->entered_packets++;
		slot->entered_bytes += m->data_len;
	}
	if (unlikely(!queue_fits(sched, queue, leaf_bytes(queue, meta)))) {
		slot_drop(ctx, slot, m, DROP_PORT_QUEUE_FULL);
		return;
	}
	if (slot != NULL) {
		slot->waiting_packets++;
		slot->waiting_bytes += m->data_len;
	}
	ctx_queued(ctx, m);
	queue_add(sched, queue, m);
}

/* The last frame of a queue that was held only for it. */
static void slot_released(struct sched *sched, struct sched_slot *slot)
{
	slot->ending = false;
	slot->own.limit_packets = slot->limit_packets;
	slot->own.limit_bytes = slot->limit_bytes;
	sched->n_hold--;
	psched_leaf_set(&sched->core, &slot->own.leaf, &slot->conf, sched->core.now_tsc);
}

static struct rte_mbuf *dequeue(struct ctx *ctx, struct sched *sched, struct psched_leaf *leaf)
{
	struct sched_queue *queue = container_of(leaf, struct sched_queue, leaf);
	struct rte_mbuf *m = pkt_list_dequeue(&queue->list);
	struct sched_slot *slot = sched->slots[pkt_meta(m)->iface];

	if (queue->list.head != NULL)
		rte_prefetch0(pkt_meta(queue->list.head));
	queue_removed(sched, queue, m);
	if (has_waited(ctx, pkt_meta(m)))
		count_wait(ctx, slot, pkt_meta(m));
	if (likely(slot != NULL)) {
		slot->left_packets++;
		slot->left_bytes += pkt_meta(m)->link_bytes;
		slot->waiting_packets--;
		slot->waiting_bytes -= pkt_meta(m)->link_bytes;
		if (leaf->hold && !slot->ending) {
			slot->held_packets++;
			slot->held_bytes += leaf_bytes(queue, pkt_meta(m));
		}
	}
	psched_sent(&sched->core, leaf, pkt_meta(m)->link_bytes, queue->list.head != NULL);
	if (unlikely(queue->list.head == NULL && slot != NULL && slot->ending &&
		    queue == &slot->own))
		slot_released(sched, slot);
	return m;
}

/* Drop the frames of a slot (NULL: all) that wait in a queue. */
static void queue_purge(struct ctx *ctx, struct sched *sched, struct sched_queue *queue,
	const struct sched_slot *only, enum drop_reason reason)
{
	struct pkt_list list = queue->list;
	struct sched_slot *slot;
	struct rte_mbuf *m;

	queue->list = (struct pkt_list){0};
	while ((m = pkt_list_dequeue(&list)) != NULL) {
		if (only != NULL && pkt_meta(m)->iface != only->id) {
			pkt_list_enqueue(&queue->list, m);
			continue;
		}
		queue_removed(sched, queue, m);
		ctx_unqueued(ctx, m);
		slot = sched->slots[pkt_meta(m)->iface];
		if (slot != NULL) {
			slot->waiting_packets--;
			slot->waiting_bytes -= pkt_meta(m)->link_bytes;
		}
		slot_drop(ctx, slot, m, reason);
	}
	if (queue->list.head == NULL)
		psched_sleep(&sched->core, &queue->leaf);
}

/* ---- interfaces ---- */

void sched_set(struct sched *sched, uint64_t capacity_bps, uint64_t share_bps, uint32_t frame_bytes,
	uint64_t now_tsc)
{
	sched->frame_bytes = frame_bytes;
	psched_set(&sched->core, capacity_bps, share_bps, frame_bytes, now_tsc);
	sched->due_tsc = 0;
}

void sched_slot_add(struct sched *sched, struct sched_slot *slot)
{
	slot->next_of_port = sched->first;
	slot->pprev_of_port = &sched->first;
	if (slot->next_of_port != NULL)
		slot->next_of_port->pprev_of_port = &slot->next_of_port;
	sched->first = slot;
	sched->slots[slot->id] = slot;
}

/* All that waits on a link that was reserved goes on as its router's best effort. */
static void slot_unreserve(struct sched *sched, struct sched_slot *slot)
{
	struct pkt_list list = slot->own.list;
	struct rte_mbuf *m;

	slot->own.list = (struct pkt_list){0};
	psched_sleep(&sched->core, &slot->own.leaf);
	while ((m = pkt_list_dequeue(&list)) != NULL) {
		queue_removed(sched, &slot->own, m);
		queue_add(sched, slot->shared, m);
	}
	slot->queue = slot->shared;
}

/* What waits of a link that was best effort goes with it: in its order, before what comes. */
static void slot_reserve(struct sched *sched, struct sched_slot *slot)
{
	struct pkt_list list = slot->shared->list;
	struct rte_mbuf *m;

	if (slot->queue == &slot->own)
		return;
	slot->queue = &slot->own;
	slot->shared->list = (struct pkt_list){0};
	while ((m = pkt_list_dequeue(&list)) != NULL) {
		if (pkt_meta(m)->iface != slot->id) {
			pkt_list_enqueue(&slot->shared->list, m);
			continue;
		}
		queue_removed(sched, slot->shared, m);
		queue_add(sched, &slot->own, m);
	}
	if (slot->shared->list.head == NULL)
		psched_sleep(&sched->core, &slot->shared->leaf);
}

void sched_slot_set(struct ctx *ctx, struct sched *sched, struct sched_slot *slot,
	const struct dp_link_spec *spec, uint32_t frame_bytes)
{
	struct psched_leaf_conf conf = leaf_conf(spec, frame_bytes);
	bool held = slot->own.leaf.hold, reserved = slot->queue == &slot->own;
	uint32_t overhead = slot->own.leaf.overhead;

	slot->ending = false;
	if (!is_reserved(spec)) {
		conf.hold = false;
		slot_unreserve(sched, slot);
	} else {
		slot_reserve(sched, slot);
	}
	if (held && !conf.hold && slot->own.packets > 0) {
		slot->conf = conf;
		slot->ending = conf.hold = true;
	}
	sched->n_hold += conf.hold;
	sched->n_hold -= held;
	slot->own.limit_packets = spec->queue_packets;
	slot->own.limit_bytes = spec->queue_bytes;
	if (spec->at == DP_AT_VIF_IN || spec->at == DP_AT_VIF_OUT) {
		slot->limit_packets = psched_behind_shaper(spec->queue_packets);
		slot->limit_bytes = RTE_MAX(spec->queue_bytes / 4, spec->burst_bytes);
		if (!slot->ending) {
			slot->own.limit_packets = slot->limit_packets;
			slot->own.limit_bytes = slot->limit_bytes;
		}
	} else {
		slot->limit_packets = spec->queue_packets;
		slot->limit_bytes = spec->queue_bytes;
	}
	/* What waits counts as the link counts now. */
	slot->own.bytes += (uint64_t)slot->own.packets * conf.overhead;
	slot->own.bytes -= (uint64_t)slot->own.packets * overhead;
	psched_leaf_set(&sched->core, &slot->own.leaf, &conf, ctx->now_tsc);
	/* What it could send at once it may have sent at its old place. */
	if (conf.hold && reserved && !held)
		psp_idle(&slot->own.leaf.held);
	sched->due_tsc = 0;
}

void sched_slot_open(struct sched_slot *slot)
{
	slot->own.limit_packets = UINT32_MAX;
	slot->own.limit_bytes = UINT64_MAX;
}

void sched_slot_close(struct sched_slot *slot)
{
	slot->own.limit_packets = slot->limit_packets;
	slot->own.limit_bytes = slot->limit_bytes;
}

void sched_slot_purge(
	struct ctx *ctx, struct sched *sched, struct sched_slot *slot, enum drop_reason reason)
{
	queue_purge(ctx, sched, &slot->own, NULL, reason);
	if (slot->ending)
		slot_released(sched, slot);
	queue_purge(ctx, sched, slot->shared, slot, reason);
}

void sched_slot_del(struct ctx *ctx, struct sched *sched, struct sched_slot *slot)
{
	sched_slot_purge(ctx, sched, slot, DROP_INTERFACE_GONE);
	sched->n_hold -= slot->own.leaf.hold;
	sched->slots[slot->id] = NULL;
	*slot->pprev_of_port = slot->next_of_port;
	if (slot->next_of_port != NULL)
		slot->next_of_port->pprev_of_port = slot->pprev_of_port;
}

void sched_purge(struct ctx *ctx, struct sched *sched)
{
	if (!sched_waits(sched))
		return;
	for (struct sched_slot *slot = sched->first; slot != NULL; slot = slot->next_of_port)
		sched_slot_purge(ctx, sched, slot, DROP_PORT_DOWN);
	queue_purge(ctx, sched, &sched->control, NULL, DROP_PORT_DOWN);
	queue_purge(ctx, sched, &sched->orphans, NULL, DROP_PORT_DOWN);
	for (uint32_t i = 0; i < sched->n_out; i++) {
		ctx->queued[sched->out_class[i]]--;
		ctx_drop_meta(ctx, NULL, sched->out[i], DROP_PORT_DOWN);
	}
	sched->n_out = 0;
}

/* ---- sending ---- */

/* Offer to the device what has been picked; false: it has not taken all. */
static bool out_send(struct ctx *ctx, struct sched *sched, struct port_txq *txq)
{
	uint64_t by_class[PKT_CLASSES] = {0};
	uint32_t taken;

	taken = rte_eth_tx_burst(txq->port->ethdev, txq->queue, sched->out, (uint16_t)sched->n_out);
	for (uint32_t i = 0; i < taken; i++) {
		by_class[sched->out_class[i]]++;
		txq->tx_bytes += sched->out_bytes[i];
	}
	txq->tx_packets += taken;
	for (unsigned int c = 0; c < PKT_CLASSES; c++)
		ctx->queued[c] -= by_class[c];
	ctx->sent += by_class[PKT_FORWARDED];
	ctx->originated_sent += by_class[PKT_ORIGINATED];
	sched->n_out -= taken;
	if (sched->n_out == 0)
		return true;
	memmove(sched->out, sched->out + taken, sched->n_out * sizeof(sched->out[0]));
	memmove(sched->out_class, sched->out_class + taken, sched->n_out);
	memmove(sched->out_bytes, sched->out_bytes + taken,
		sched->n_out * sizeof(sched->out_bytes[0]));
	return false;
}

/* A frame whose metadata says its class. */
static void out_add(struct sched *sched, struct rte_mbuf *m)
{
	sched->out[sched->n_out] = m;
	sched->out_class[sched->n_out] = pkt_meta(m)->class;
	sched->out_bytes[sched->n_out] = m->data_len;
	sched->n_out++;
}

/* What the device did not take of a burst that needed no sorting: it has had its turn. */
static void keep_refused(struct ctx *ctx, struct sched *sched, struct port_txq *txq)
{
	for (uint16_t i = 0; i < txq->n; i++) {
		pkt_meta(txq->m[i])->class = port_tag_class(txq->tag[i]);
		ctx_queued(ctx, txq->m[i]);
		out_add(sched, txq->m[i]);
	}
	txq->n = 0;
	txq->bytes = 0;
	txq->not_forwarded = 0;
}

static void sort(struct ctx *ctx, struct sched *sched, struct port_txq *txq)
{
	for (uint16_t i = 0; i < txq->n; i++) {
		if (i + AHEAD < txq->n) {
			rte_prefetch0(sched->slots[port_tag_iface(txq->tag[i + AHEAD])]);
			rte_prefetch0(pkt_meta(txq->m[i + AHEAD]));
		}
		enqueue(ctx, sched, txq->m[i], txq->tag[i]);
	}
	txq->n = 0;
	txq->bytes = 0;
	txq->not_forwarded = 0;
}

void sched_flush(struct ctx *ctx, struct port_txq *txq)
{
	struct sched *sched = txq->sched;
	struct psched_leaf *leaf;

	if (likely(!sched_waits(sched) && sched->n_hold == 0 && txq->port->scheduled)) {
		if (txq->n == 0)
			return;
		if (likely(psched_covers(&sched->core, txq->bytes, ctx->now_tsc))) {
			ctx_send_staged(ctx, txq);
			if (unlikely(txq->n > 0))
				keep_refused(ctx, sched, txq);
			return;
		}
	} else if (txq->n == 0 && sched->n_out == 0 && ctx->now_tsc < sched->due_tsc) {
		return;
	}
	psched_clock(&sched->core, ctx->now_tsc);
	sort(ctx, sched, txq);
	while (sched->n_out == 0 || out_send(ctx, sched, txq)) {
		while (sched->n_out < PKT_BURST && (leaf = psched_pick(&sched->core)) != NULL)
			out_add(sched, dequeue(ctx, sched, leaf));
		if (sched->n_out == 0)
			break;
	}
	sched->due_tsc = psched_due(&sched->core);
	if (unlikely(!txq->port->scheduled && !sched_waits(sched)))
		txq->sched = NULL;
}
