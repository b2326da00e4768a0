/* SPDX-License-Identifier: BSD-3-Clause */
/* Publishing a transaction: nothing here can fail. The order:
 *
 *   1. frames of what goes find no interface any more; every worker has passed its fixed point
 *   2. ports that come can be sent to; what a port gets more
 *   3. links that get less, at the ports' schedulers and at their shapers
 *   4. the ports' schedulers know what comes
 *   5. each worker, at its fixed point: tables, interfaces and neighbours of its routers
 *   6. the ports' schedulers forget what went; what a port gets less; links that get more
 *   7. frames of what comes find their interface; ports that come are polled
 *      routers that change workers do (dp_move.h)
 *   8. ports that go are polled no more; every worker has let go of them
 *   9. what went is freed */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/dp_guard.h"
#include "dataplane/dp_link.h"
#include "dataplane/dp_move.h"
#include "dataplane/dp_sched.h"
#include "dataplane/dp_txn.h"
#include "dataplane/epoch.h"
#include "dataplane/guard.h"
#include "dataplane/input.h"
#include "dataplane/nd.h"
#include "dataplane/neigh.h"
#include "dataplane/probe.h"
#include "dataplane/underlay.h"
#include "dataplane/vlink.h"

static void nothing(struct ctx *ctx, void *arg)
{
	(void)ctx;
	(void)arg;
}

static void each_worker(void (*fn)(struct ctx *ctx, void *arg), void *arg)
{
	for (unsigned int i = 0; i < dp.n_workers; i++)
		worker_call(&dp.workers[i], fn, arg);
}

/* ---- at the home worker ---- */

static void iface_unlink(struct vr *vr, struct iface *iface)
{
	struct iface **link = &vr->ifaces;

	while (*link != iface)
		link = &(*link)->next_of_vr;
	*link = iface->next_of_vr;
}

/* Held packets and learned neighbours of the interface go, and what waits on its link. */
static void iface_retire(struct ctx *ctx, struct iface *iface)
{
	struct vr *vr = iface->vr;

	if (iface->probe != NULL)
		probe_stop(ctx, iface->probe);
	if (iface->link != NULL)
		vlink_purge(ctx, iface->link, DROP_INTERFACE_GONE);
	neigh_purge(ctx, vr, iface, DROP_INTERFACE_GONE);
	nd_retire(ctx, iface);
	if (iface->underlay != NULL)
		underlay_close(ctx, iface->underlay);
	vr_stats_add_iface(&vr->gone, iface);
	iface_unlink(vr, iface);
}

static void vr_unlink(struct ctx *ctx, struct vr *vr)
{
	struct vr **link = &ctx->vrs;

	while (*link != vr)
		link = &(*link)->next_of_worker;
	*link = vr->next_of_worker;
	ctx->n_vrs--;
}

static void table_publish(struct txn_vr *item)
{
	struct vr *vr = item->vr;
	struct dp_tables old = {vr->fib4, vr->fib6};

	if (item->tables.fib4 == NULL)
		return;
	vr->fib4 = item->tables.fib4;
	vr->fib6 = item->tables.fib6;
	item->tables = old;
	for (struct iface *iface = vr->ifaces; iface != NULL; iface = iface->next_of_vr)
		iface_set_roots(iface, vr->fib4, vr->fib6);
}

static bool among(const uint32_t *list, size_t n, uint32_t value)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == value)
			return true;
	return false;
}

static void neighbors_publish(struct ctx *ctx, struct txn_vr *item)
{
	struct vr *vr = item->vr;
	uint32_t *old = vr->permanent;
	size_t n_old = vr->n_permanent;

	for (size_t i = 0; i < n_old; i++)
		if (!among(item->permanent, item->n_permanent, old[i]))
			neigh_unset_permanent(ctx, vr, adj_at(old[i]));
	for (size_t i = 0; i < item->n_neighbors; i++) {
		struct pkt_list ready;

		neigh_set_permanent(
			ctx, vr, adj_at(item->neighbors[i].adj), item->neighbors[i].mac, &ready);
		pkt_list_append(&ctx->ready, &ready);
	}
	vr->permanent = item->permanent;
	vr->n_permanent = item->n_permanent;
	item->permanent = old;
	item->n_permanent = n_old;
}

static void links_publish(struct ctx *ctx, void *arg)
{
	struct dp_txn *txn = arg;

	for (size_t i = 0; i < txn->ifaces.count; i++) {
		struct txn_iface *item = &txn->ifaces.items[i];
		const struct dp_link_spec *spec = dp_link_at_step(txn, item);

		if (spec != NULL && item->iface->worker == ctx->index)
			dp_link_publish(ctx, item, spec);
	}
}

/* An underlay's worker learns where to. */
static void tunnels_publish(struct ctx *ctx, const struct dp_txn *txn)
{
	for (size_t i = 0; i < txn->ifaces.count; i++) {
		struct tunnel *tunnel = txn->ifaces.items[i].iface->tunnel;

		if (tunnel == NULL || tunnel->underlay->iface->worker != ctx->index)
			continue;
		if (txn->ifaces.items[i].change == TXN_ADD)
			underlay_link(ctx, tunnel);
		else if (txn->ifaces.items[i].change == TXN_DEL)
			underlay_unlink(tunnel);
	}
}

static void publish(struct ctx *ctx, void *arg)
{
	struct dp_txn *txn = arg;

	/* What was handed over before its interface went is still its own. */
	worker_drain(ctx);
	tunnels_publish(ctx, txn);
	dp_guards_publish(ctx, txn);
	for (size_t i = 0; i < txn->ifaces.count; i++) {
		struct txn_iface *item = &txn->ifaces.items[i];
		struct iface *iface = item->iface;

		if (iface->worker != ctx->index)
			continue;
		if (item->change == TXN_DEL) {
			iface_retire(ctx, iface);
		} else if (item->change == TXN_ADD) {
			iface->flags = iface->vr->state == DP_VR_RUNNING ? 0 : IFACE_VR_DOWN;
			if (iface->underlay != NULL) {
				iface->flags |= IFACE_UNDERLAY;
				underlay_open(ctx, iface->underlay);
			}
			iface->next_of_vr = iface->vr->ifaces;
			iface->vr->ifaces = iface;
		}
	}
	for (size_t i = 0; i < txn->vrs.count; i++) {
		struct txn_vr *item = &txn->vrs.items[i];

		if (item->vr->worker != ctx->index)
			continue;
		if (item->change == TXN_DEL) {
			neigh_purge(ctx, item->vr, NULL, DROP_INTERFACE_GONE);
			vr_unlink(ctx, item->vr);
			continue;
		}
		if (item->change == TXN_ADD) {
			item->vr->next_of_worker = ctx->vrs;
			ctx->vrs = item->vr;
			ctx->n_vrs++;
		}
		table_publish(item);
		if (item->neighbors_given)
			neighbors_publish(ctx, item);
		guard_flags_set(item->vr);
	}
	input_reset(ctx);
}

static void announce(struct ctx *ctx, void *arg)
{
	struct dp_txn *txn = arg;

	for (size_t i = 0; i < txn->ifaces.count; i++) {
		struct iface *iface = txn->ifaces.items[i].iface;

		if (txn->ifaces.items[i].change == TXN_ADD && iface->worker == ctx->index &&
			(iface->flags & IFACE_VR_DOWN) == 0)
			iface_announce(ctx, iface);
	}
}

/* ---- ports ---- */

/* The worker that has most of the port's virtual routers at home receives from it. */
static uint8_t polling_worker(const struct dp_txn *txn, const struct port *port)
{
	unsigned int n[CTX_WORKERS_MAX] = {0}, best = 0;

	for (size_t i = 0; i < txn->ifaces.count; i++)
		if (txn->ifaces.items[i].change == TXN_ADD &&
			txn->ifaces.items[i].iface->port == port)
			n[txn->ifaces.items[i].iface->worker]++;
	for (unsigned int i = 1; i < dp.n_workers; i++)
		if (n[i] > n[best] ||
			(n[i] == n[best] && dp.workers[i].n_rx < dp.workers[best].n_rx))
			best = i;
	return (uint8_t)best;
}

static void port_install(struct ctx *ctx, void *arg)
{
	struct txn_port *item = arg;
	struct worker *worker = container_of(ctx, struct worker, ctx);
	struct port *port = item->port;

	ctx->txq[port->index] = item->txqs[ctx->index];
	dp_sched_mode(ctx, port);
	ctx_set_up(ctx, ctx->txq[port->index], port->up);
	worker->links_seen[port->index] = port->ups;
}

static void port_start_polling(struct ctx *ctx, void *arg)
{
	struct worker *worker = container_of(ctx, struct worker, ctx);

	worker->rx[worker->n_rx++] = arg;
}

static void port_stop_polling(struct ctx *ctx, void *arg)
{
	struct worker *worker = container_of(ctx, struct worker, ctx);
	struct port *port = arg;

	for (uint32_t i = 0; i < worker->n_rx; i++)
		if (worker->rx[i] == port) {
			memmove(&worker->rx[i], &worker->rx[i + 1],
				(worker->n_rx - i - 1) * sizeof(struct port *));
			worker->n_rx--;
			return;
		}
}

/* The queue itself is freed by the control thread, which found it before. */
static void port_remove(struct ctx *ctx, void *arg)
{
	struct port *port = arg;

	worker_drain(ctx);
	ctx_flush_all(ctx);
	ctx_purge_port(ctx, port);
	ctx->txq[port->index] = NULL;
}

static void port_retire(struct port *port)
{
	struct port_txq *txqs[CTX_WORKERS_MAX];

	/* First no more frames for it from the others, then the one that polls it. */
	for (unsigned int i = 0; i < dp.n_workers; i++)
		txqs[i] = dp.workers[i].ctx.txq[port->index];
	for (unsigned int i = 0; i < dp.n_workers; i++)
		if (i != port->worker)
			worker_call(&dp.workers[i], port_remove, port);
	worker_call(&dp.workers[port->worker], port_remove, port);
	for (unsigned int i = 0; i < dp.n_workers; i++)
		free(txqs[i]);
	port_destroy(port);
}

/* ---- control thread ---- */

static void permanent_put(struct vr *vr, const uint32_t *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t dead;

		nexthop_put(&vr->nexthops, list[i], &dead);
		if (dead != ADJ_NO_ROUTE)
			dp_nexthops_free(vr, &dead, 1);
	}
}

/* Configured neighbours on interfaces that went, where the transaction did not set the list. */
static void permanent_filter(struct vr *vr, const struct iface *gone)
{
	size_t kept = 0;

	for (size_t i = 0; i < vr->n_permanent; i++) {
		uint32_t adj = vr->permanent[i];

		if (nexthop_lookup(&vr->nexthops, adj)->hops[0].iface == gone->id)
			permanent_put(vr, &adj, 1);
		else
			vr->permanent[kept++] = adj;
	}
	vr->n_permanent = kept;
}

static void retire_changed(struct txn_vr *item)
{
	struct vr *vr = item->vr;

	if (item->tables.fib4 != NULL) {
		size_t n = dp_table_put(vr, &item->tables, item->dead);

		dp_nexthops_free(vr, item->dead, n);
		dp_tables_destroy(&item->tables);
	}
	if (item->neighbors_given)
		permanent_put(vr, item->permanent, item->n_permanent);
}

static void set_mtu(const struct txn_port *item)
{
	struct port *port = item->port;

	if (port->mtu == item->old_mtu)
		return;
	for (uint32_t id = 1; id <= IFACE_ID_MAX; id++)
		if (iface_table[id] != NULL && iface_table[id]->port == port &&
			!iface_table[id]->mtu_own)
			iface_table[id]->mtu = (uint16_t)(port->mtu - iface_table[id]->outer_len);
	dp_sched_port_mtu_changed(port);
}

static void set_ports(struct dp_txn *txn, bool first)
{
	for (size_t i = 0; i < txn->ports.count; i++)
		if (txn->ports.items[i].change == TXN_CHANGE)
			dp_sched_port_set(&txn->ports.items[i], first);
}

static void sched_then_links(struct ctx *ctx, void *arg)
{
	dp_sched_publish(ctx, arg);
	links_publish(ctx, arg);
}

/* The port's scheduler knows of a change of place before packets come by the new way. */
static void publish_links(struct dp_txn *txn, enum txn_step step)
{
	txn->step = step;
	if (dp.n_workers == 1) {
		each_worker(sched_then_links, txn);
		return;
	}
	each_worker(dp_sched_publish, txn);
	each_worker(links_publish, txn);
}

/* Frames find the interface, or not any more. */
static void attach(struct iface *iface)
{
	if (iface->tunnel != NULL)
		underlay_add(iface->port->underlay, iface->tunnel);
	else
		port_class_set(iface->port, iface->outer_vlan, iface->vlan, iface);
}

static void detach(struct iface *iface)
{
	if (iface->tunnel != NULL)
		underlay_del(iface->port->underlay, iface->tunnel);
	else
		port_class_set(iface->port, iface->outer_vlan, iface->vlan, NULL);
}

void dp_txn_commit(struct dp_txn *txn)
{
	dp_links_plan(txn);
	for (size_t i = 0; i < txn->ifaces.count; i++) {
		struct iface *iface = txn->ifaces.items[i].iface;

		if (txn->ifaces.items[i].change == TXN_DEL)
			detach(iface);
	}
	for (size_t i = 0; i < txn->ports.count; i++)
		if (txn->ports.items[i].change == TXN_DEL)
			worker_call(&dp.workers[txn->ports.items[i].port->worker],
				port_stop_polling, txn->ports.items[i].port);
	if (txn->goes)
		each_worker(nothing, NULL);
	for (size_t i = 0; i < txn->ports.count; i++) {
		struct txn_port *item = &txn->ports.items[i];

		if (item->change == TXN_ADD) {
			item->port->worker = polling_worker(txn, item->port);
			each_worker(port_install, item);
		} else if (item->change == TXN_CHANGE) {
			set_mtu(item);
		}
	}
	set_ports(txn, true);
	dp_sched_count(txn);
	dp_sched_modes(true);
	if (txn->less)
		publish_links(txn, TXN_LESS);
	txn->step = TXN_OBJECTS;
	if (txn->comes)
		each_worker(dp_sched_publish, txn);
	if (txn->vrs.count > 0 || txn->comes || txn->goes || txn->guards.count > 0)
		each_worker(publish, txn);
	if (txn->goes)
		dp_sched_retire(txn);
	set_ports(txn, false);
	dp_sched_modes(true);
	if (txn->more)
		publish_links(txn, TXN_MORE);
	dp_sched_move(txn);
	dp_sched_modes(false);
	for (size_t i = 0; i < txn->ifaces.count; i++) {
		struct iface *iface = txn->ifaces.items[i].iface;

		if (txn->ifaces.items[i].change == TXN_ADD)
			attach(iface);
	}
	for (size_t i = 0; i < txn->ports.count; i++)
		if (txn->ports.items[i].change == TXN_ADD)
			worker_call(&dp.workers[txn->ports.items[i].port->worker],
				port_start_polling, txn->ports.items[i].port);
	if (txn->comes)
		each_worker(announce, txn);
	dp_move_publish(txn);
	dp_guards_free(txn);
	for (size_t i = 0; i < txn->vrs.count; i++)
		if (txn->vrs.items[i].change != TXN_DEL)
			retire_changed(&txn->vrs.items[i]);
	for (size_t i = 0; i < txn->ifaces.count; i++) {
		struct txn_iface *item = &txn->ifaces.items[i];

		vlink_destroy(item->link);
		if (item->change != TXN_DEL)
			continue;
		permanent_filter(item->iface->vr, item->iface);
		vlink_destroy(item->iface->link);
		vlink_destroy(item->iface->class_link);
		iface_destroy(item->iface);
	}
	for (size_t i = 0; i < txn->vrs.count; i++)
		if (txn->vrs.items[i].change == TXN_DEL) {
			struct txn_vr *item = &txn->vrs.items[i];

			/* A table prepared before the router was deleted. */
			dp_tables_destroy(&item->tables);
			dp.weight[item->vr->worker] -= item->vr->weight;
			vr_destroy(item->vr);
		}
	for (size_t i = 0; i < txn->ports.count; i++)
		if (txn->ports.items[i].change == TXN_DEL)
			port_retire(txn->ports.items[i].port);
	dp_txn_free(txn);
	epoch_reclaim();
}
