/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "dataplane/dp_link.h"
#include "dataplane/dp_sched.h"
#include "dataplane/pipeline.h"
#include "dataplane/vlink.h"

#define MOVE_AT_ONCE 256 /* packets, fewer than a ring holds */

static void each_worker(void (*fn)(struct ctx *ctx, void *arg), void *arg)
{
	for (unsigned int i = 0; i < dp.n_workers; i++)
		worker_call(&dp.workers[i], fn, arg);
}

int dp_sched_prepare(struct iface *iface, const struct dp_link_spec *spec, char *err)
{
	struct sched_queue **shared = &iface->vr->best_effort[iface->port->index];

	if (sched_link_check(spec, iface) < 0)
		return dp_fail(err, -ERANGE, "interface %s: rate, minimum or burst out of range",
			iface->name);
	/* Stays with the router: one for all interfaces that it ever has there. */
	if (*shared == NULL)
		*shared = sched_queue_create(iface->vr->weight);
	if (*shared != NULL)
		iface->slot = sched_slot_create(iface->id, iface->vr_id, *shared);
	if (iface->slot == NULL)
		return dp_fail(err, -ENOMEM, "interface %s: out of memory", iface->name);
	return 0;
}

bool dp_sched_holds(const struct dp_link_spec *spec)
{
	return spec->rate_bps != 0 && spec->at == DP_AT_PORT;
}

void dp_sched_count(struct dp_txn *txn)
{
	for (size_t i = 0; i < txn->ifaces.count; i++) {
		struct txn_iface *item = &txn->ifaces.items[i];
		struct iface *iface = item->iface;
		bool holds = iface->holds;

		if (item->change == TXN_DEL)
			holds = false;
		else if (item->change == TXN_ADD)
			holds = iface->class_link != NULL;
		if (item->change == TXN_CHANGE && item->link_given)
			holds = dp_sched_holds(&item->spec);
		iface->port->n_hold += holds;
		iface->port->n_hold -= iface->holds;
		iface->holds = holds;
	}
}

/* Marks are a turn's, and no scheduler has read those of what a device has not taken since. */
static void unmark(struct port_txq *txq)
{
	for (uint16_t i = 0; i < txq->n; i++) {
		uint32_t tag = txq->tag[i];

		if (port_tag_mark(tag) != LATENCY_MARK_META)
			txq->tag[i] = port_tag(
				port_tag_iface(tag), LATENCY_UNMARKED, port_tag_class(tag));
	}
}

void dp_sched_mode(struct ctx *ctx, void *arg)
{
	struct port *port = arg;
	struct port_txq *txq = ctx->txq[port->index];
	bool owner = port->worker == ctx->index;

	if (txq == NULL)
		return;
	unmark(txq);
	txq->remote = !owner && (port->shared_tx || port->scheduled);
	if (owner && port->scheduled)
		txq->sched = port->sched;
	else if (txq->sched != NULL)
		ctx_flush(ctx, txq); /* lets go when nothing waits any more */
}

void dp_sched_modes(bool on)
{
	for (unsigned int i = 1; i <= PORT_MAX; i++) {
		struct port *port = port_table[i];
		bool want;

		if (port == NULL)
			continue;
		want = port->capacity_bps != 0 || port->n_hold != 0;
		if (want == port->scheduled || want != on)
			continue;
		__atomic_store_n(&port->scheduled, want, __ATOMIC_RELAXED);
		each_worker(dp_sched_mode, port);
	}
}

struct port_call {
	struct port *port;
	uint64_t capacity_bps, share_bps;
};

static void port_publish(struct ctx *ctx, void *arg)
{
	struct port_call *call = arg;

	sched_set(call->port->sched, call->capacity_bps, call->share_bps,
		(uint32_t)call->port->mtu + IFACE_L2_MAX, ctx->now_tsc);
}

/* A shaper depends on the port: what may be borrowed, the largest frame. */
static void link_again(struct ctx *ctx, void *arg)
{
	struct iface *iface = arg;
	struct vlink *link = iface->link != NULL ? iface->link : iface->class_link;
	struct dp_link_spec spec = link->spec;

	vlink_set(ctx, link, &spec);
}

static void links_again(const struct port *port)
{
	for (uint32_t id = 1; id <= IFACE_ID_MAX; id++) {
		struct iface *iface = iface_table[id];

		if (iface != NULL && iface->port == port &&
			(iface->link != NULL || iface->class_link != NULL))
			worker_call(&dp.workers[iface->worker], link_again, iface);
	}
}

/* Of capacities or shares: 0 is all there is. */
static uint64_t larger(uint64_t a_bps, uint64_t b_bps)
{
	return a_bps == 0 || b_bps == 0 ? 0 : RTE_MAX(a_bps, b_bps);
}

bool dp_sched_port_gives(const struct txn_port *item)
{
	const struct port *port = item->port;

	return larger(port->capacity_bps, item->capacity_bps) != item->capacity_bps ||
		larger(port->share_bps, item->share_bps) != item->share_bps;
}

static void port_call(struct port *port, uint64_t capacity_bps, uint64_t share_bps)
{
	struct port_call call = {
		.port = port, .capacity_bps = capacity_bps, .share_bps = share_bps};

	worker_call(&dp.workers[port->worker], port_publish, &call);
}

void dp_sched_port_set(const struct txn_port *item, bool first)
{
	struct port *port = item->port;
	uint64_t capacity_bps = item->capacity_bps, share_bps = item->share_bps;
	bool toggled;

	if (first) {
		capacity_bps = larger(port->capacity_bps, capacity_bps);
		share_bps = larger(port->share_bps, share_bps);
	}
	if (capacity_bps == port->capacity_bps && share_bps == port->share_bps)
		return;
	toggled = (port->capacity_bps == 0) != (capacity_bps == 0);
	port->capacity_bps = capacity_bps;
	port->share_bps = share_bps;
	port_call(port, capacity_bps, share_bps);
	if (toggled)
		links_again(port);
}

void dp_sched_port_mtu_changed(struct port *port)
{
	port_call(port, port->capacity_bps, port->share_bps);
	links_again(port);
}

void dp_sched_publish(struct ctx *ctx, void *arg)
{
	struct dp_txn *txn = arg;

	for (size_t i = 0; i < txn->ifaces.count; i++) {
		struct txn_iface *item = &txn->ifaces.items[i];
		struct iface *iface = item->iface;
		uint32_t frame = (uint32_t)iface->mtu + iface->l2_len + iface->outer_len;
		const struct vlink *link = iface->link != NULL ? iface->link : iface->class_link;
		struct sched *sched = iface->port->sched;
		const struct dp_link_spec *spec = dp_link_at_step(txn, item);

		if (iface->port->worker != ctx->index)
			continue;
		if (spec != NULL)
			sched_slot_set(ctx, sched, iface->slot, spec, frame);
		if (item->change != TXN_ADD || txn->step != TXN_OBJECTS)
			continue;
		sched_slot_add(sched, iface->slot);
		if (link != NULL)
			sched_slot_set(ctx, sched, iface->slot, &link->spec, frame);
	}
}

/* ---- moving to the port ---- */

static void flush(struct ctx *ctx, void *arg)
{
	(void)arg;
	ctx_flush_all(ctx);
}

static void drain(struct ctx *ctx, void *arg)
{
	(void)arg;
	worker_drain(ctx);
	ctx_flush_all(ctx);
}

static void move_some(struct ctx *ctx, void *arg)
{
	struct iface *iface = arg;
	struct vlink *link = iface->link;

	vlink_unqueue(ctx, link, MOVE_AT_ONCE);
	/* Those go past it. What comes until the next call waits behind the rest. */
	iface->class_link = link;
	iface->link = NULL;
	pipeline_ready(ctx);
	ctx_flush_all(ctx);
	if (link->queue_packets > 0) {
		iface->link = link;
		iface->class_link = NULL;
	}
}

static void slot_open(struct ctx *ctx, void *arg)
{
	(void)ctx;
	sched_slot_open(arg);
}

static void slot_close(struct ctx *ctx, void *arg)
{
	(void)ctx;
	sched_slot_close(arg);
}

void dp_sched_move(struct dp_txn *txn)
{
	for (size_t i = 0; i < txn->ifaces.count; i++) {
		struct iface *iface = txn->ifaces.items[i].iface;
		struct worker *owner = &dp.workers[iface->port->worker];

		if (txn->ifaces.items[i].change == TXN_DEL || iface->link == NULL ||
			iface->link->at != DP_AT_PORT)
			continue;
		worker_call(owner, slot_open, iface->slot);
		while (iface->link != NULL) {
			worker_call(&dp.workers[iface->worker], move_some, iface);
			if (iface->worker != iface->port->worker)
				worker_call(owner, drain, NULL);
		}
		worker_call(owner, slot_close, iface->slot);
	}
}

/* ---- going ---- */

static void retire(struct ctx *ctx, void *arg)
{
	struct dp_txn *txn = arg;

	for (size_t i = 0; i < txn->ifaces.count; i++) {
		struct iface *iface = txn->ifaces.items[i].iface;
		struct sched_slot *slot = iface->slot;
		struct dp_vr_stats *gone = &iface->vr->gone;

		if (txn->ifaces.items[i].change != TXN_DEL || iface->port->worker != ctx->index)
			continue;
		ctx_flush(ctx, ctx->txq[iface->port->index]);
		sched_slot_del(ctx, iface->port->sched, slot);
		dp_sched_drops(iface, gone->drops);
		gone->traffic.tx_packets -= slot->entered_packets - slot->left_packets;
		gone->traffic.tx_bytes -= slot->entered_bytes - slot->left_bytes;
	}
}

void dp_sched_retire(struct dp_txn *txn)
{
	/* What was on its way to the port's worker: twice, for a ring that was full. */
	for (unsigned int i = 0; i < 2 && dp.n_workers > 1; i++) {
		each_worker(flush, NULL);
		each_worker(drain, NULL);
	}
	each_worker(retire, txn);
}

static void stop(struct ctx *ctx, void *arg)
{
	struct vr *vr = arg;

	for (struct iface *iface = vr->ifaces; iface != NULL; iface = iface->next_of_vr)
		if (iface->port->worker == ctx->index) {
			ctx_flush(ctx, ctx->txq[iface->port->index]);
			sched_slot_purge(ctx, iface->port->sched, iface->slot, DROP_VR_DOWN);
		}
}

void dp_sched_stop(struct vr *vr)
{
	each_worker(stop, vr);
}

/* ---- counters ---- */

void dp_sched_sent(struct iface *iface, uint64_t *packets, uint64_t *bytes)
{
	const struct sched_slot *slot = iface->slot;
	uint64_t now_packets, now_bytes;

	now_packets = iface->tx_packets - slot->entered_packets + slot->left_packets;
	now_bytes = iface->tx_bytes - slot->entered_bytes + slot->left_bytes;
	/* Read while the workers count: never less than was said before. */
	if ((int64_t)(now_packets - iface->shown[0]) > 0)
		iface->shown[0] = now_packets;
	if ((int64_t)(now_bytes - iface->shown[1]) > 0)
		iface->shown[1] = now_bytes;
	*packets = iface->shown[0];
	*bytes = iface->shown[1];
}

void dp_sched_drops(const struct iface *iface, uint64_t drops[DROP_REASON_COUNT])
{
	drops[DROP_PORT_QUEUE_FULL] += iface->slot->full;
	drops[DROP_PORT_DOWN] += iface->slot->down;
	drops[DROP_VR_DOWN] += iface->slot->stopped;
	drops[DROP_INTERFACE_GONE] += iface->slot->gone;
}

void dp_sched_queued(const struct iface *iface, uint64_t *packets, uint64_t *bytes)
{
	*packets += iface->slot->waiting_packets;
	*bytes += iface->slot->waiting_bytes;
}
