/* SPDX-License-Identifier: BSD-3-Clause */
/* Preparing a transaction: everything that can fail. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "dataplane/dp_guard.h"
#include "dataplane/dp_move.h"
#include "dataplane/dp_sched.h"
#include "dataplane/dp_txn.h"
#include "dataplane/latency.h"
#include "dataplane/underlay.h"
#include "dataplane/vlink.h"
#include "lib/vec.h"

static bool txn_open;

struct dp_txn *dp_txn_begin(void)
{
	struct dp_txn *txn = txn_open ? NULL : calloc(1, sizeof(*txn));

	txn_open = txn != NULL || txn_open;
	return txn;
}

void dp_txn_free(struct dp_txn *txn)
{
	for (size_t i = 0; i < txn->ports.count; i++)
		free(txn->ports.items[i].txqs);
	for (size_t i = 0; i < txn->vrs.count; i++) {
		free(txn->vrs.items[i].dead);
		free(txn->vrs.items[i].routes);
		free(txn->vrs.items[i].neighbors);
		free(txn->vrs.items[i].permanent);
	}
	free(txn->ports.items);
	free(txn->vrs.items);
	free(txn->ifaces.items);
	free(txn->guards.items);
	free(txn);
	txn_open = false;
}

/* Newest first: what a caller works on is what it named last. */
static struct txn_vr *txn_vr_find(const struct dp_txn *txn, const struct vr *vr)
{
	for (size_t i = txn->vrs.count; i-- > 0;)
		if (txn->vrs.items[i].vr == vr)
			return &txn->vrs.items[i];
	return NULL;
}

static struct txn_iface *txn_iface_find(const struct dp_txn *txn, const struct iface *iface)
{
	for (size_t i = txn->ifaces.count; i-- > 0;)
		if (txn->ifaces.items[i].iface == iface)
			return &txn->ifaces.items[i];
	return NULL;
}

bool dp_txn_iface_stays(const struct dp_txn *txn, const struct iface *iface)
{
	const struct txn_iface *item = txn_iface_find(txn, iface);

	return item == NULL || item->change != TXN_DEL;
}

/* NULL: the transaction does not name the port. */
static struct txn_port *txn_port_find(const struct dp_txn *txn, const struct port *port)
{
	for (size_t i = txn->ports.count; i-- > 0;)
		if (txn->ports.items[i].port == port)
			return &txn->ports.items[i];
	return NULL;
}

static struct port *port_lookup(dp_port_id id)
{
	return id >= 1 && id <= PORT_MAX ? port_table[id] : NULL;
}

static struct iface *iface_lookup(dp_iface_id id)
{
	return id >= 1 && id <= IFACE_ID_MAX ? iface_table[id] : NULL;
}

/* ---- ports ---- */

int dp_txn_port_add(struct dp_txn *txn, const struct dp_port_spec *spec, dp_port_id *id, char *err)
{
	struct txn_port *item;
	int rc;

	if (spec->mtu > dp.mtu_max)
		return dp_fail(err, -E2BIG,
			"port %s: MTU %u is over %u, for which the packet buffers were made; "
			"restart",
			spec->name, spec->mtu, dp.mtu_max);
	item = vec_add(&txn->ports);
	if (item == NULL)
		return dp_fail(err, -ENOMEM, "port %s: out of memory", spec->name);
	item->change = TXN_ADD;
	if (sched_check(spec->capacity_bps, spec->share_bps) < 0) {
		txn->ports.count--;
		return dp_fail(err, -ERANGE, "port %s: capacity or share out of range", spec->name);
	}
	item->txqs = calloc(dp.n_workers, sizeof(*item->txqs));
	for (unsigned int i = 0; item->txqs != NULL && i < dp.n_workers; i++) {
		item->txqs[i] = calloc(1, sizeof(**item->txqs));
		if (item->txqs[i] == NULL)
			goto nomem;
	}
	if (item->txqs == NULL)
		goto nomem;
	rc = port_create(spec, dp.pool, dp.n_workers, dp.sleeps, &item->port, err);
	if (rc < 0)
		goto fail;
	for (unsigned int i = 0; i < dp.n_workers; i++) {
		item->txqs[i]->port = item->port;
		item->txqs[i]->index = item->port->index;
		item->txqs[i]->queue = item->port->shared_tx ? 0 : (uint16_t)i;
	}
	*id = item->port->index;
	/* From here on what is there is the transaction's to undo. */
	return spec->n_addresses > 0 ? dp_underlay_add(txn, item->port, spec, err) : 0;
nomem:
	rc = dp_fail(err, -ENOMEM, "port %s: out of memory", spec->name);
fail:
	for (unsigned int i = 0; item->txqs != NULL && i < dp.n_workers; i++)
		free(item->txqs[i]);
	free(item->txqs);
	txn->ports.count--;
	return rc;
}

int dp_txn_port_set(struct dp_txn *txn, dp_port_id id, const struct dp_port_spec *spec, char *err)
{
	struct port *port = port_lookup(id);
	struct txn_port *item;
	int rc;

	if (port == NULL)
		return dp_fail(err, -ENOENT, "port %s: not there", spec->name);
	if (spec->mtu > dp.mtu_max)
		return dp_fail(err, -E2BIG,
			"port %s: MTU %u is over %u, for which the packet buffers were made; "
			"restart",
			spec->name, spec->mtu, dp.mtu_max);
	if (sched_check(spec->capacity_bps, spec->share_bps) < 0)
		return dp_fail(err, -ERANGE, "port %s: capacity or share out of range", spec->name);
	item = vec_add(&txn->ports);
	if (item == NULL)
		return dp_fail(err, -ENOMEM, "port %s: out of memory", spec->name);
	item->port = port;
	item->old_mtu = port->mtu;
	item->capacity_bps = spec->capacity_bps;
	item->share_bps = spec->share_bps;
	rc = port_set_mtu(port, spec->mtu, err);
	if (rc < 0)
		txn->ports.count--;
	return rc;
}

int dp_txn_port_del(struct dp_txn *txn, dp_port_id id, char *err)
{
	struct port *port = port_lookup(id);
	struct txn_port *item;

	if (port == NULL)
		return dp_fail(err, -ENOENT, "port %u: not there", id);
	for (size_t i = 0; i < txn->ports.count; i++)
		if (txn->ports.items[i].port == port && txn->ports.items[i].change != TXN_CHANGE)
			return dp_fail(err, -EINVAL,
				"port %s: added or deleted in this transaction", port->name);
	if (port->underlay != NULL) {
		int rc = dp_txn_vr_del(txn, port->underlay->iface->vr_id, err);

		if (rc < 0)
			return rc;
	}
	for (uint32_t i = 1; i <= IFACE_ID_MAX; i++) {
		struct iface *iface = iface_table[i];
		struct txn_iface *of_txn;

		if (iface == NULL || iface->port != port)
			continue;
		of_txn = txn_iface_find(txn, iface);
		if (of_txn == NULL || of_txn->change != TXN_DEL)
			return dp_fail(err, -EBUSY, "port %s: interface %s of vrouter %s is on it",
				port->name, iface->name, iface->vr->name);
	}
	item = vec_add(&txn->ports);
	if (item == NULL)
		return dp_fail(err, -ENOMEM, "port %s: out of memory", port->name);
	item->port = port;
	item->change = TXN_DEL;
	return 0;
}

/* ---- virtual routers ---- */

int dp_txn_vr_add(struct dp_txn *txn, const struct dp_vr_spec *spec, dp_vr_id *id, char *err)
{
	struct txn_vr *item;
	uint8_t worker = 0;
	int rc;

	rc = dp_move_choose(spec, NULL, &worker, err);
	if (rc < 0)
		return rc;
	item = vec_add(&txn->vrs);
	if (item == NULL)
		return dp_fail(err, -ENOMEM, "vrouter %s: out of memory", spec->name);
	item->change = TXN_ADD;
	rc = vr_create(spec, worker, &item->vr, err);
	if (rc < 0) {
		txn->vrs.count--;
		return rc;
	}
	for (unsigned int i = 0; i < dp.n_workers; i++)
		latency_clear(&dp.workers[i].ctx.latency, item->vr->id);
	dp.weight[worker] += spec->weight;
	*id = item->vr->id;
	return 0;
}

struct txn_vr *dp_txn_vr_get(struct dp_txn *txn, struct vr *vr)
{
	struct txn_vr *item = txn_vr_find(txn, vr);

	if (item == NULL) {
		item = vec_add(&txn->vrs);
		if (item != NULL)
			item->vr = vr;
	}
	return item;
}

/* Its weight counts where it will be. */
static void move_undo(struct txn_vr *item)
{
	if (!item->moves)
		return;
	dp.weight[item->move_to] -= item->vr->weight;
	dp.weight[item->vr->worker] += item->vr->weight;
	item->moves = false;
}

int dp_txn_vr_move(struct dp_txn *txn, dp_vr_id id, const char *slice, char *err)
{
	struct vr *vr = vr_lookup(id);
	struct dp_vr_spec spec;
	struct txn_vr *item;
	uint8_t to;
	int rc;

	if (vr == NULL)
		return dp_fail(err, -ENOENT, "vrouter %u: not there", id);
	item = dp_txn_vr_get(txn, vr);
	if (item == NULL)
		return dp_fail(err, -ENOMEM, "vrouter %s: out of memory", vr->name);
	if (item->change != TXN_CHANGE)
		return dp_fail(
			err, -EINVAL, "vrouter %s: added or deleted in this transaction", vr->name);
	move_undo(item);
	snprintf(spec.name, sizeof(spec.name), "%s", vr->name);
	snprintf(spec.slice, sizeof(spec.slice), "%s", slice);
	rc = dp_move_choose(&spec, vr, &to, err);
	if (rc < 0 || to == vr->worker)
		return rc;
	dp.weight[vr->worker] -= vr->weight;
	dp.weight[to] += vr->weight;
	item->moves = true;
	item->move_to = to;
	return 0;
}

int dp_txn_vr_del(struct dp_txn *txn, dp_vr_id id, char *err)
{
	struct vr *vr = vr_lookup(id);
	struct txn_vr *item;

	if (vr == NULL)
		return dp_fail(err, -ENOENT, "vrouter %u: not there", id);
	item = dp_txn_vr_get(txn, vr);
	if (item == NULL)
		goto nomem;
	if (item->change == TXN_ADD)
		return dp_fail(err, -EINVAL, "vrouter %s: added in this transaction", vr->name);
	for (size_t i = 0; i < txn->ifaces.count; i++)
		if (txn->ifaces.items[i].change == TXN_ADD && txn->ifaces.items[i].iface->vr == vr)
			return dp_fail(err, -EINVAL,
				"vrouter %s: interface %s was added in this transaction", vr->name,
				txn->ifaces.items[i].iface->name);
	for (struct iface *iface = vr->ifaces; iface != NULL; iface = iface->next_of_vr) {
		struct txn_iface *of_txn = txn_iface_find(txn, iface);

		if (of_txn == NULL)
			of_txn = vec_add(&txn->ifaces);
		if (of_txn == NULL)
			goto nomem;
		of_txn->iface = iface;
		of_txn->change = TXN_DEL;
	}
	move_undo(item);
	item->change = TXN_DEL;
	return 0;
nomem:
	return dp_fail(err, -ENOMEM, "vrouter %s: out of memory", vr->name);
}

/* The router's interfaces as they will be; the caller frees. */
static int ifaces_to_be(
	const struct dp_txn *txn, const struct vr *vr, struct iface ***out, size_t *n)
{
	struct iface **ifaces;
	size_t max = 0;

	for (struct iface *iface = vr->ifaces; iface != NULL; iface = iface->next_of_vr)
		max++;
	ifaces = calloc(max + txn->ifaces.count + 1, sizeof(struct iface *));
	if (ifaces == NULL)
		return -ENOMEM;
	*n = 0;
	for (struct iface *iface = vr->ifaces; iface != NULL; iface = iface->next_of_vr) {
		const struct txn_iface *of_txn = txn_iface_find(txn, iface);

		if (of_txn == NULL || of_txn->change != TXN_DEL)
			ifaces[(*n)++] = iface;
	}
	for (size_t i = 0; i < txn->ifaces.count; i++)
		if (txn->ifaces.items[i].change == TXN_ADD && txn->ifaces.items[i].iface->vr == vr)
			ifaces[(*n)++] = txn->ifaces.items[i].iface;
	*out = ifaces;
	return 0;
}

static void table_discard(struct txn_vr *item)
{
	if (item->tables.fib4 == NULL)
		return;
	dp_nexthops_free(item->vr, item->dead, dp_table_put(item->vr, &item->tables, item->dead));
	dp_tables_destroy(&item->tables);
}

/* Of the running table's static routes, those whose interfaces stay. */
static size_t routes_that_stay(const struct dp_txn *txn, struct dp_route_spec *routes, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		bool stays = true;

		for (size_t j = 0; j < routes[i].n_nexthops; j++) {
			struct iface *iface = iface_lookup(routes[i].nexthops[j].iface);
			const struct txn_iface *of_txn = txn_iface_find(txn, iface);

			stays &= of_txn == NULL || of_txn->change != TXN_DEL;
		}
		if (stays)
			routes[kept++] = routes[i];
	}
	return kept;
}

/* Build the router's table anew, from what the transaction says up to now. */
static int table_prepare(struct dp_txn *txn, struct txn_vr *item, char *err)
{
	struct dp_route_spec *routes = NULL;
	struct iface **ifaces = NULL;
	struct vr *vr = item->vr;
	size_t n_ifaces, n_routes = item->n_routes;
	struct dp_tables tables = {0};
	uint32_t *dead;
	int rc = -ENOMEM;

	dp_fail(err, rc, "vrouter %s: out of memory", vr->name);
	if (!item->routes_given) {
		if (dp_routes_static(vr, &routes, &n_routes) < 0)
			goto out;
		n_routes = routes_that_stay(txn, routes, n_routes);
	}
	if (ifaces_to_be(txn, vr, &ifaces, &n_ifaces) < 0)
		goto out;
	rc = dp_table_build(vr, ifaces, n_ifaces, item->routes_given ? item->routes : routes,
		n_routes, &tables, err);
	if (rc < 0)
		goto out;
	/* Room for what dies with this table or with the running one. */
	dead = realloc(item->dead, 2 * (size_t)vr->nexthops.used * sizeof(*dead));
	if (dead == NULL) {
		struct txn_vr failed = {.vr = vr, .tables = tables};

		failed.dead = calloc(vr->nexthops.used, sizeof(*failed.dead));
		if (failed.dead != NULL)
			table_discard(&failed);
		free(failed.dead);
		rc = dp_fail(err, -ENOMEM, "vrouter %s: out of memory", vr->name);
		goto out;
	}
	item->dead = dead;
	table_discard(item);
	item->tables = tables;
out:
	free(routes);
	free(ifaces);
	return rc;
}

int dp_txn_routes_set(
	struct dp_txn *txn, dp_vr_id id, const struct dp_route_spec *routes, size_t n, char *err)
{
	struct vr *vr = vr_lookup(id);
	struct dp_route_spec *copy;
	struct txn_vr *item;

	if (vr == NULL)
		return dp_fail(err, -ENOENT, "vrouter %u: not there", id);
	item = dp_txn_vr_get(txn, vr);
	copy = calloc(n + 1, sizeof(*copy));
	if (item == NULL || copy == NULL) {
		free(copy);
		return dp_fail(err, -ENOMEM, "vrouter %s: out of memory", vr->name);
	}
	if (n > 0)
		memcpy(copy, routes, n * sizeof(*copy));
	free(item->routes);
	item->routes = copy;
	item->n_routes = n;
	item->routes_given = true;
	return table_prepare(txn, item, err);
}

int dp_txn_neighbors_set(
	struct dp_txn *txn, dp_vr_id id, const struct dp_neigh_spec *neighbors, size_t n, char *err)
{
	struct vr *vr = vr_lookup(id);
	struct txn_vr *item;
	char text[IP_ADDR_STRLEN];

	if (vr == NULL)
		return dp_fail(err, -ENOENT, "vrouter %u: not there", id);
	item = dp_txn_vr_get(txn, vr);
	if (item == NULL)
		goto nomem;
	if (item->neighbors_given)
		return dp_fail(err, -EALREADY, "vrouter %s: neighbours are set already", vr->name);
	item->neighbors = calloc(n + 1, sizeof(*item->neighbors));
	item->permanent = calloc(n + 1, sizeof(*item->permanent));
	if (item->neighbors == NULL || item->permanent == NULL)
		goto nomem;
	item->neighbors_given = true;
	for (size_t i = 0; i < n; i++) {
		struct dp_nexthop_spec hop = {
			.via = neighbors[i].address, .iface = neighbors[i].iface};
		struct iface *iface = iface_lookup(neighbors[i].iface);
		int rc;

		if (iface == NULL || iface->vr != vr)
			return dp_fail(err, -EINVAL,
				"vrouter %s: neighbor %s: interface is not there", vr->name,
				ipaddr_print(&neighbors[i].address, text));
		if (neighbors[i].address.af == IP_AF_6 && iface->ip6 == NULL)
			return dp_fail(err, -EINVAL,
				"vrouter %s: neighbor %s: interface %s has no IPv6 address",
				vr->name, ipaddr_print(&neighbors[i].address, text), iface->name);
		rc = nexthop_get(&vr->nexthops, &hop, 1, &item->neighbors[i].adj);
		if (rc < 0)
			return dp_fail(err, rc, "vrouter %s: neighbor %s: %s", vr->name,
				ipaddr_print(&neighbors[i].address, text), strerror(-rc));
		item->neighbors[i].iface = neighbors[i].iface;
		memcpy(item->neighbors[i].mac, neighbors[i].mac.bytes, 6);
		item->permanent[i] = item->neighbors[i].adj;
		item->n_neighbors = item->n_permanent = i + 1;
	}
	return 0;
nomem:
	return dp_fail(err, -ENOMEM, "vrouter %s: out of memory", vr->name);
}

/* ---- interfaces ---- */

static int tags_free(const struct dp_txn *txn, const struct port *port,
	const struct dp_iface_spec *spec, char *err)
{
	struct iface *holder = port_class_lookup(port, spec->outer_vlan, spec->vlan);
	const struct txn_iface *of_txn = holder != NULL ? txn_iface_find(txn, holder) : NULL;

	if (spec->tunnel.type != DP_TUNNEL_NONE)
		return 0;
	if (of_txn != NULL && of_txn->change == TXN_DEL)
		holder = NULL;
	for (size_t i = 0; holder == NULL && i < txn->ifaces.count; i++) {
		struct iface *other = txn->ifaces.items[i].iface;

		if (txn->ifaces.items[i].change == TXN_ADD && other->port == port &&
			other->tunnel == NULL && other->vlan == spec->vlan &&
			other->outer_vlan == spec->outer_vlan)
			holder = other;
	}
	if (holder != NULL)
		return dp_fail(err, -EEXIST, "interface %s: port %s gives these tags to %s of %s",
			spec->name, port->name, holder->name, holder->vr->name);
	return 0;
}

int dp_txn_iface_add(struct dp_txn *txn, dp_vr_id vr_id, const struct dp_iface_spec *spec,
	dp_iface_id *id, char *err)
{
	struct port *port = port_lookup(spec->port);
	struct vr *vr = vr_lookup(vr_id);
	const struct txn_port *of_port;
	struct txn_iface *item;
	struct txn_vr *router;
	struct iface *iface;
	int rc;

	if (port == NULL || vr == NULL)
		return dp_fail(err, -ENOENT, "interface %s: its %s is not there", spec->name,
			port == NULL ? "port" : "vrouter");
	router = dp_txn_vr_get(txn, vr);
	item = vec_add(&txn->ifaces);
	if (router == NULL || item == NULL) {
		txn->ifaces.count -= item != NULL;
		return dp_fail(err, -ENOMEM, "interface %s: out of memory", spec->name);
	}
	txn->ifaces.count--; /* not an interface yet */
	of_port = txn_port_find(txn, port);
	if (router->change == TXN_DEL || (of_port != NULL && of_port->change == TXN_DEL))
		return dp_fail(err, -EINVAL, "interface %s: its %s is deleted in this transaction",
			spec->name, router->change == TXN_DEL ? "vrouter" : "port");
	rc = tags_free(txn, port, spec, err);
	if (rc < 0)
		return rc;
	rc = port_class_reserve(port, spec->outer_vlan);
	if (rc < 0)
		return dp_fail(err, rc, "interface %s: out of memory", spec->name);
	rc = iface_create(spec, port, vr, &iface, err);
	if (rc < 0)
		return rc;
	iface->worker = vr->worker;
	if (iface->tunnel != NULL) {
		rc = dp_tunnel_prepare(txn, iface, err);
		if (rc < 0)
			goto fail;
	}
	rc = dp_sched_prepare(iface, &spec->link, err);
	if (rc < 0)
		goto fail;
	if (spec->link.rate_bps != 0) {
		rc = vlink_create(&spec->link, iface, rte_rdtsc(),
			dp_sched_holds(&spec->link) ? &iface->class_link : &iface->link, err);
		if (rc < 0)
			goto fail;
	}
	item->iface = iface;
	item->change = TXN_ADD;
	txn->ifaces.count++;
	rc = table_prepare(txn, router, err);
	if (rc < 0)
		goto fail_listed;
	*id = iface->id;
	return 0;
fail_listed:
	txn->ifaces.count--;
fail:
	vlink_destroy(iface->link);
	vlink_destroy(iface->class_link);
	iface_destroy(iface);
	return rc;
}

int dp_txn_iface_del(struct dp_txn *txn, dp_iface_id id, char *err)
{
	struct iface *iface = iface_lookup(id);
	struct txn_vr *router;
	struct txn_iface *item;
	int rc;

	if (iface == NULL)
		return dp_fail(err, -ENOENT, "interface %u: not there", id);
	router = dp_txn_vr_get(txn, iface->vr);
	item = txn_iface_find(txn, iface);
	if (item != NULL && item->change == TXN_ADD)
		return dp_fail(
			err, -EINVAL, "interface %s: added in this transaction", iface->name);
	if (item == NULL)
		item = vec_add(&txn->ifaces);
	if (router == NULL || item == NULL)
		return dp_fail(err, -ENOMEM, "interface %s: out of memory", iface->name);
	item->iface = iface;
	item->change = TXN_DEL;
	rc = dp_guards_iface_gone(txn, iface, err);
	if (rc < 0)
		return rc;
	/* The list may have grown. */
	return table_prepare(txn, dp_txn_vr_get(txn, iface->vr), err);
}

int dp_txn_link_set(struct dp_txn *txn, dp_iface_id id, const struct dp_link_spec *spec, char *err)
{
	struct iface *iface = iface_lookup(id);
	struct txn_iface *item;
	int rc;

	if (iface == NULL)
		return dp_fail(err, -ENOENT, "interface %u: not there", id);
	if (sched_link_check(spec, iface) < 0)
		return dp_fail(err, -ERANGE, "interface %s: rate, minimum or burst out of range",
			iface->name);
	if (spec->rate_bps != 0) {
		rc = vlink_check(spec, iface->name, err);
		if (rc < 0)
			return rc;
	}
	item = vec_add(&txn->ifaces);
	if (item == NULL)
		return dp_fail(err, -ENOMEM, "interface %s: out of memory", iface->name);
	item->iface = iface;
	item->spec = *spec;
	item->link_given = true;
	if (spec->rate_bps != 0 && iface->link == NULL && iface->class_link == NULL) {
		rc = vlink_create(spec, iface, rte_rdtsc(), &item->link, err);
		if (rc < 0) {
			txn->ifaces.count--;
			return rc;
		}
	}
	return 0;
}

void dp_txn_abort(struct dp_txn *txn)
{
	char err[DP_ERR_LEN];

	dp_guards_free(txn);
	for (size_t i = 0; i < txn->vrs.count; i++) {
		struct txn_vr *item = &txn->vrs.items[i];

		move_undo(item);
		table_discard(item);
		for (size_t j = 0; j < item->n_neighbors; j++) {
			uint32_t dead;

			nexthop_put(&item->vr->nexthops, item->neighbors[j].adj, &dead);
			if (dead != ADJ_NO_ROUTE)
				dp_nexthops_free(item->vr, &dead, 1);
		}
	}
	for (size_t i = 0; i < txn->ifaces.count; i++) {
		struct txn_iface *item = &txn->ifaces.items[i];

		vlink_destroy(item->link);
		if (item->change == TXN_ADD) {
			vlink_destroy(item->iface->link);
			vlink_destroy(item->iface->class_link);
			iface_destroy(item->iface);
		}
	}
	for (size_t i = 0; i < txn->vrs.count; i++)
		if (txn->vrs.items[i].change == TXN_ADD) {
			dp.weight[txn->vrs.items[i].vr->worker] -= txn->vrs.items[i].vr->weight;
			vr_destroy(txn->vrs.items[i].vr);
		}
	for (size_t i = 0; i < txn->ports.count; i++) {
		struct txn_port *item = &txn->ports.items[i];

		if (item->change == TXN_CHANGE) {
			port_set_mtu(item->port, item->old_mtu, err);
		} else if (item->change == TXN_ADD) {
			for (unsigned int w = 0; w < dp.n_workers; w++)
				free(item->txqs[w]);
			port_destroy(item->port);
		}
	}
	dp_txn_free(txn);
}
