/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_ethdev.h>

#include "dataplane/ctx.h"
#include "dataplane/portsched.h"
#include "dataplane/tunnel.h"
#include "dataplane/vr.h"

#define LANE_DROP 2

void ctx_drop_meta(
	struct ctx *ctx, struct iface *iface, struct rte_mbuf *m, enum drop_reason reason)
{
	enum pkt_class class = pkt_meta(m)->class;

	if (class == PKT_FORWARDED)
		ctx_count_drop(ctx, iface, reason);
	else if (class == PKT_ORIGINATED)
		ctx->originated_dropped++;
	rte_pktmbuf_free(m);
}

void ctx_drop_queued(
	struct ctx *ctx, struct iface *iface, struct rte_mbuf *m, enum drop_reason reason)
{
	ctx_unqueued(ctx, m);
	ctx_drop_meta(ctx, iface, m, reason);
}

void ctx_transmit(struct ctx *ctx, struct iface *iface, struct rte_mbuf *m, enum pkt_class class)
{
	ctx_transmit_marked(ctx, iface, m, class, LATENCY_UNMARKED);
}

void ctx_transmit_marked(struct ctx *ctx, struct iface *iface, struct rte_mbuf *m,
	enum pkt_class class, unsigned int mark)
{
	struct port_txq *txq = ctx->txq[iface->port_index];
	uint32_t bytes = m->pkt_len;

	if (iface->tunnel != NULL) {
		tunnel_transmit(ctx, iface, m, class);
		return;
	}
	if (ctx_stage(ctx, txq, m, class, mark, iface->id)) {
		iface->tx_packets++;
		iface->tx_bytes += bytes;
		return;
	}
	txq->drops[0]++;
	pkt_meta(m)->class = (uint8_t) class;
	ctx_drop_meta(ctx, iface, m, DROP_TX_FULL);
}

/* The first n of the queue are the device's, or dropped, now: how many of each class. */
static void txq_remove(struct port_txq *txq, uint16_t n, uint64_t by_class[PKT_CLASSES])
{
	if (txq->not_forwarded == 0) {
		by_class[PKT_FORWARDED] += n;
	} else {
		for (uint16_t i = 0; i < n; i++) {
			by_class[port_tag_class(txq->tag[i])]++;
			txq->not_forwarded -= port_tag_class(txq->tag[i]) != PKT_FORWARDED;
		}
	}
	txq->n -= n;
	memmove(txq->m, txq->m + n, txq->n * sizeof(txq->m[0]));
	memmove(txq->tag, txq->tag + n, txq->n * sizeof(txq->tag[0]));
}

static void txq_drop_all(struct ctx *ctx, struct port_txq *txq)
{
	uint64_t by_class[PKT_CLASSES] = {0};

	rte_pktmbuf_free_bulk(txq->m, txq->n);
	txq->drops[1] += txq->n;
	txq_remove(txq, txq->n, by_class);
	txq->bytes = 0;
	ctx->dropped += by_class[PKT_FORWARDED];
	ctx->drops[DROP_PORT_DOWN] += by_class[PKT_FORWARDED];
	ctx->originated_dropped += by_class[PKT_ORIGINATED];
}

/* Does the frame go before best effort on its way to the port's worker? What a link has sent while
 * it was reserved is taken over before what it sends after: it stays until then. */
static bool goes_first(struct iface *iface, uint8_t class, bool none_on_the_way)
{
	if (class == PKT_ORIGINATED)
		return true;
	if (iface == NULL)
		return false;
	if (iface->link != NULL || iface->class_link != NULL)
		iface->goes_first = true;
	else if (none_on_the_way)
		iface->goes_first = false;
	return iface->goes_first;
}

/* Frame I of the queue finds the ring full. Best effort must not fill the queue that reserved
 * frames pass through: it is dropped. */
static void txq_drop(struct ctx *ctx, struct port_txq *txq, uint16_t i)
{
	struct iface *iface = iface_get(port_tag_iface(txq->tag[i]));
	const struct pkt_meta *meta = pkt_meta(txq->m[i]);

	txq->drops[0]++;
	if (iface != NULL) {
		iface->tx_packets--;
		iface->tx_bytes -= txq->m[i]->pkt_len;
		if (meta->class == PKT_FORWARDED && meta->age != LATENCY_AGE_NONE)
			latency_uncount(&ctx->latency, iface->vr_id, latency_age_tsc(meta->age));
	}
	ctx_drop_meta(ctx, iface, txq->m[i], DROP_TX_FULL);
}

/* A link that is held to its rate at the port comes here as it is offered. On its way it may take
 * as much of the ring, ROOM frames now, as it leaves (dynamic thresholds: Choudhury and Hahne,
 * 1998): no such flood keeps the other reserved links from the scheduler. */
static bool ring_share_used(struct iface *iface, uint32_t room)
{
	uint32_t taken = __atomic_load_n(&iface->slot->taken_over, __ATOMIC_RELAXED);

	return iface->handed_over - taken >= room;
}

/* Another worker sends for the port: it has one transmit queue, or is scheduled. Reserved links and
 * the router's own packets have a ring for themselves, so that no flood of best effort keeps them
 * from the scheduler. */
static void txq_hand_over(struct ctx *ctx, struct port_txq *txq)
{
	struct rte_ring *rings[] = {ctx->to[txq->port->worker], ctx->first_to[txq->port->worker]};
	struct rte_mbuf *lanes[2][PORT_TXQ_LEN];
	uint8_t lane[PORT_TXQ_LEN]; /* 1: goes first */
	uint32_t room = rte_ring_free_count(rings[1]);
	bool none = rte_ring_empty(rings[1]);
	uint16_t n[2] = {0}, taken[2], kept = 0;

	for (uint16_t i = 0; i < txq->n; i++) {
		struct iface *iface = iface_get(port_tag_iface(txq->tag[i]));
		struct pkt_meta *meta = pkt_meta(txq->m[i]);

		meta->iface = port_tag_iface(txq->tag[i]);
		ctx_mark_read(ctx, port_tag_mark(txq->tag[i]), meta);
		txq->tag[i] = port_tag(meta->iface, LATENCY_MARK_META, port_tag_class(txq->tag[i]));
		meta->link_bytes = txq->index;
		meta->l3_offset = PKT_TX_ONLY;
		meta->class = port_tag_class(txq->tag[i]);
		meta->counted = 0;
		lane[i] = goes_first(iface, meta->class, none && n[1] == 0);
		if (lane[i] == 1 && iface != NULL && iface->class_link != NULL &&
			meta->class != PKT_ORIGINATED) {
			if (ring_share_used(iface, room - n[1])) {
				lane[i] = LANE_DROP;
				continue;
			}
			iface->handed_over++;
			meta->counted = 1;
		}
		lanes[lane[i]][n[lane[i]]++] = txq->m[i];
	}
	for (unsigned int l = 0; l < 2; l++)
		taken[l] = (uint16_t)rte_ring_sp_enqueue_burst(
			rings[l], (void **)lanes[l], n[l], NULL);
	for (uint16_t i = 0; i < txq->n; i++) {
		uint8_t class = port_tag_class(txq->tag[i]);

		if (lane[i] == LANE_DROP) {
			txq_drop(ctx, txq, i);
		} else if (taken[lane[i]] > 0) {
			taken[lane[i]]--;
			ctx->handed_out[class]++;
		} else if (lane[i] == 0 && txq->port->scheduled) {
			txq_drop(ctx, txq, i);
		} else {
			if (pkt_meta(txq->m[i])->counted)
				iface_get(port_tag_iface(txq->tag[i]))->handed_over--;
			txq->m[kept] = txq->m[i];
			txq->tag[kept++] = txq->tag[i];
			continue;
		}
		txq->not_forwarded -= class != PKT_FORWARDED;
	}
	txq->n = kept;
	if (kept == 0)
		txq->bytes = 0;
}

void ctx_send_staged(struct ctx *ctx, struct port_txq *txq)
{
	uint64_t by_class[PKT_CLASSES] = {0}, left = 0;
	uint16_t taken;

	taken = rte_eth_tx_burst(txq->port->ethdev, txq->queue, txq->m, txq->n);
	for (uint16_t i = taken; i < txq->n; i++)
		left += txq->m[i]->pkt_len;
	txq->tx_packets += taken;
	txq->tx_bytes += txq->bytes - left;
	txq->bytes = left;
	txq_remove(txq, taken, by_class);
	ctx->sent += by_class[PKT_FORWARDED];
	ctx->originated_sent += by_class[PKT_ORIGINATED];
}

void ctx_flush(struct ctx *ctx, struct port_txq *txq)
{
	if (likely(txq->sched != NULL)) {
		sched_flush(ctx, txq);
		return;
	}
	if (txq->n == 0)
		return;
	if (txq->remote)
		txq_hand_over(ctx, txq);
	else
		ctx_send_staged(ctx, txq);
}

static bool txq_waits(const struct port_txq *txq)
{
	return txq->n > 0 || (txq->sched != NULL && sched_waits(txq->sched));
}

uint64_t ctx_due_tsc(const struct ctx *ctx)
{
	uint64_t due = UINT64_MAX;

	for (uint32_t ports = ctx->dirty_ports; ports != 0; ports &= ports - 1) {
		unsigned int bit = (unsigned int)__builtin_ctz(ports);
		const struct port_txq *txq = ctx->txq[bit == 0 ? PORT_MAX : bit];

		if (txq->n == 0 && txq->sched->n_out == 0)
			due = RTE_MIN(due, txq->sched->due_tsc);
	}
	return due;
}

bool ctx_refused(const struct ctx *ctx)
{
	for (uint32_t ports = ctx->dirty_ports; ports != 0; ports &= ports - 1) {
		unsigned int bit = (unsigned int)__builtin_ctz(ports);
		const struct port_txq *txq = ctx->txq[bit == 0 ? PORT_MAX : bit];

		if (txq->n > 0 || (txq->sched != NULL && txq->sched->n_out > 0))
			return true;
	}
	return false;
}

void ctx_flush_all(struct ctx *ctx)
{
	uint32_t left = 0;

	while (ctx->dirty_ports != 0) {
		unsigned int bit = (unsigned int)__builtin_ctz(ctx->dirty_ports);
		struct port_txq *txq = ctx->txq[bit == 0 ? PORT_MAX : bit];

		ctx->dirty_ports &= ctx->dirty_ports - 1;
		ctx_flush(ctx, txq);
		if (txq_waits(txq))
			left |= UINT32_C(1) << bit;
	}
	ctx->dirty_ports = left;
}

void ctx_set_up(struct ctx *ctx, struct port_txq *txq, bool up)
{
	txq->limit = up ? PORT_TXQ_LEN : 0;
	if (up)
		return;
	txq_drop_all(ctx, txq);
	if (txq->sched != NULL)
		sched_purge(ctx, txq->sched);
}

void ctx_purge_port(struct ctx *ctx, struct port *port)
{
	struct port_txq *txq = ctx->txq[port->index];

	txq_drop_all(ctx, txq);
	if (txq->sched != NULL)
		sched_purge(ctx, txq->sched);
	ctx->dirty_ports &= ~(UINT32_C(1) << (port->index & 31));
}

bool ctx_hand_over(struct ctx *ctx, struct iface *iface, struct rte_mbuf *m)
{
	uint8_t to = __atomic_load_n(&iface->worker, __ATOMIC_ACQUIRE);

	if (unlikely(to == IFACE_MOVING)) {
		to = iface->vr->move_to;
		if (to == ctx->index)
			return ctx_keep_moving(ctx, m);
	}
	if (unlikely(rte_ring_sp_enqueue(ctx->to[to], m) != 0))
		return false;
	ctx->handed_out[PKT_FORWARDED]++;
	return true;
}

bool ctx_keep_moving(struct ctx *ctx, struct rte_mbuf *m)
{
	if (ctx->n_moving >= CTX_MOVING_MAX)
		return false;
	ctx->n_moving++;
	ctx_queued(ctx, m);
	pkt_list_enqueue(&ctx->moving, m);
	return true;
}

void ctx_stray(struct ctx *ctx, struct rte_mbuf *m)
{
	const struct iface *in = iface_get(pkt_meta(m)->iface);

	if (in == NULL || in->worker != IFACE_MOVING)
		ctx_drop_meta(ctx, NULL, m, DROP_INTERFACE_GONE);
	else if (!ctx_keep_moving(ctx, m))
		ctx_drop_meta(ctx, NULL, m, DROP_HANDOVER_FULL);
}

unsigned int ctx_take_over(
	struct ctx *ctx, struct rte_ring *from, struct rte_mbuf **m, unsigned int n)
{
	unsigned int taken = rte_ring_sc_dequeue_burst(from, (void **)m, n, NULL);
	unsigned int kept = 0;

	for (unsigned int i = 0; i < taken; i++) {
		struct pkt_meta *meta = pkt_meta(m[i]);
		struct port_txq *txq;

		ctx->handed_in[meta->class]++;
		if (meta->l3_offset != PKT_TX_ONLY) {
			m[kept++] = m[i];
			continue;
		}
		txq = ctx->txq[meta->link_bytes];
		if (unlikely(meta->counted) && txq != NULL)
			sched_slot_taken_over(txq->port->sched, meta->iface);
		if (txq == NULL) {
			ctx_drop_meta(ctx, NULL, m[i], DROP_PORT_DOWN);
		} else if (!ctx_stage(
				   ctx, txq, m[i], meta->class, LATENCY_MARK_META, meta->iface)) {
			ctx_drop_meta(ctx, NULL, m[i], ctx_refusal(txq));
		}
	}
	return kept;
}
