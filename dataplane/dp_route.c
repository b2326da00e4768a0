/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual router's table: what its interfaces imply and what the configuration says; changed as a
 * whole within a transaction, or by single routes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/dp_state.h"
#include "dataplane/iface6.h"
#include "dataplane/neigh.h"

static struct ip_prefix host_prefix(uint32_t ip)
{
	return (struct ip_prefix){.addr = ipaddr_from_u32(ip), .len = 32};
}

static struct fib *table_of(const struct dp_tables *tables, const struct ip_prefix *prefix)
{
	return prefix->addr.af == IP_AF_6 ? tables->fib6 : tables->fib4;
}

static struct fib *running_table_of(const struct vr *vr, const struct ip_prefix *prefix)
{
	return table_of(&(struct dp_tables){vr->fib4, vr->fib6}, prefix);
}

static bool route_is_ip6(const struct dp_route_spec *route)
{
	return route->to.addr.af == IP_AF_6;
}

static int tables_create(struct vr *vr, struct dp_tables *tables, struct iface *const *ifaces,
	size_t n_ifaces, const struct dp_route_spec *routes, size_t n_routes)
{
	bool ip6 = false;

	for (size_t i = 0; i < n_ifaces; i++)
		ip6 |= ifaces[i]->ip6 != NULL;
	for (size_t i = 0; i < n_routes; i++)
		ip6 |= route_is_ip6(&routes[i]);
	*tables = (struct dp_tables){.fib4 = vr_fib_create(vr, IP_AF_4)};
	if (tables->fib4 == NULL)
		return -ENOMEM;
	if (ip6) {
		tables->fib6 = vr_fib_create(vr, IP_AF_6);
		if (tables->fib6 == NULL)
			return -ENOMEM;
	}
	return 0;
}

void dp_tables_destroy(struct dp_tables *tables)
{
	fib_destroy(tables->fib4);
	fib_destroy(tables->fib6);
	*tables = (struct dp_tables){0};
}

static bool hop_is_glean(const struct nexthop *nexthop)
{
	return nexthop->n_hops == 1 && nexthop->hops[0].via.af == IP_AF_NONE;
}

enum dp_route_origin dp_route_origin(
	const struct vr *vr, const struct ip_prefix *prefix, uint32_t nh)
{
	const struct nexthop *nexthop = nexthop_lookup(&vr->nexthops, nh);
	const struct iface *iface;

	if (nh == ADJ_LOCAL || nh == ADJ_BROADCAST)
		return DP_ROUTE_LOCAL;
	if (nexthop == NULL || !hop_is_glean(nexthop))
		return DP_ROUTE_STATIC;
	iface = adj_at(nh)->out;
	for (size_t i = 0; i < iface->n_addresses; i++) {
		struct ip_prefix network = prefix_mask(&iface->addresses[i]);

		if (prefix_cmp(&network, prefix) == 0)
			return DP_ROUTE_CONNECTED;
	}
	return DP_ROUTE_STATIC;
}

/* An entry takes over one reference on nh; on failure it is given back. */
static int table_add(struct vr *vr, struct fib *fib, const struct ip_prefix *prefix, uint32_t nh)
{
	uint32_t old, dead;
	int rc = 0;

	if (fib_get(fib, prefix, &old) == 0) {
		/* Two interfaces imply the same entry, or a static route repeats one: the first
		 * stays. */
		rc = -EEXIST;
	} else {
		rc = fib_add(fib, prefix, nh);
	}
	if (rc < 0) {
		nexthop_put(&vr->nexthops, nh, &dead);
		if (dead != ADJ_NO_ROUTE) {
			uint32_t members[DP_NEXTHOPS_MAX];
			size_t n = nexthop_free(&vr->nexthops, dead, members);

			while (n-- > 0)
				nexthop_free(&vr->nexthops, members[n], NULL);
		}
	}
	return rc;
}

static int table_add_broadcasts(struct vr *vr, struct fib *fib, const struct ip_prefix *network)
{
	uint32_t first = ipaddr_to_u32(&network->addr);
	uint32_t last = first |
		(network->len == 0 ? UINT32_MAX : (uint32_t)(UINT64_C(0xffffffff) >> network->len));
	struct ip_prefix host = host_prefix(first);
	int rc = table_add(vr, fib, &host, ADJ_BROADCAST);

	if (rc == 0) {
		host = host_prefix(last);
		rc = table_add(vr, fib, &host, ADJ_BROADCAST);
	}
	return rc;
}

/* RFC 4291 2.6.1: a router answers to the anycast address of its networks. Link-local networks are
 * each interface's own, in no table. */
static int table_add_address(struct vr *vr, const struct dp_tables *tables,
	const struct iface *iface, const struct ip_prefix *address)
{
	struct dp_nexthop_spec connected = {.iface = iface->id};
	struct ip_prefix network = prefix_mask(address), host = *address;
	bool ip6 = address->addr.af == IP_AF_6;
	struct fib *fib = table_of(tables, address);
	uint32_t nh;
	int rc;

	if (ip6 && ip6_is_link_local(address->addr.bytes))
		return 0;
	host.len = ip6 ? 128 : 32;
	rc = table_add(vr, fib, &host, ADJ_LOCAL);
	if (rc == 0 && !ip6 && address->len <= 30)
		rc = table_add_broadcasts(vr, fib, &network);
	if (ip6 && address->len <= 126 && (rc == 0 || rc == -EEXIST)) {
		host.addr = network.addr;
		rc = table_add(vr, fib, &host, ADJ_LOCAL);
		rc = rc == -EEXIST ? 0 : rc;
	}
	if (rc == 0 && address->len < host.len) {
		rc = nexthop_get(&vr->nexthops, &connected, 1, &nh);
		if (rc == 0)
			rc = table_add(vr, fib, &network, nh);
	}
	return rc == -EEXIST ? 0 : rc;
}

static int table_add_iface(struct vr *vr, const struct dp_tables *tables, const struct iface *iface)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < iface->n_addresses; i++)
		rc = table_add_address(vr, tables, iface, &iface->addresses[i]);
	return rc;
}

static const struct iface *iface_among(struct iface *const *ifaces, size_t n, dp_iface_id id)
{
	for (size_t i = 0; i < n; i++)
		if (ifaces[i]->id == id)
			return ifaces[i];
	return NULL;
}

static int route_check(const struct vr *vr, const struct dp_route_spec *route,
	struct iface *const *ifaces, size_t n_ifaces, char *err)
{
	char to[IP_PREFIX_STRLEN];

	prefix_print(&route->to, to);
	if (route->n_nexthops > DP_NEXTHOPS_MAX)
		return dp_fail(err, -EINVAL, "vrouter %s: route %s: more than %d next hops",
			vr->name, to, DP_NEXTHOPS_MAX);
	for (size_t i = 0; i < route->n_nexthops; i++) {
		const struct iface *iface = iface_among(ifaces, n_ifaces, route->nexthops[i].iface);
		uint8_t via_af = route->nexthops[i].via.af;

		if (iface == NULL)
			return dp_fail(err, -EINVAL, "vrouter %s: route %s: interface is not there",
				vr->name, to);
		if (via_af != IP_AF_NONE && via_af != route->to.addr.af)
			return dp_fail(err, -EINVAL,
				"vrouter %s: route %s: gateway of the other address family",
				vr->name, to);
		if (route_is_ip6(route) && iface->ip6 == NULL)
			return dp_fail(err, -EINVAL,
				"vrouter %s: route %s: interface %s has no IPv6 address", vr->name,
				to, iface->name);
		if (route->n_nexthops > 1 && route->nexthops[i].via.af == IP_AF_NONE)
			return dp_fail(err, -EINVAL,
				"vrouter %s: route %s: on-link among several next hops", vr->name,
				to);
	}
	return 0;
}

int dp_table_build(struct vr *vr, struct iface *const *ifaces, size_t n_ifaces,
	const struct dp_route_spec *routes, size_t n_routes, struct dp_tables *out, char *err)
{
	struct dp_tables tables;
	int rc = tables_create(vr, &tables, ifaces, n_ifaces, routes, n_routes);
	char to[IP_PREFIX_STRLEN];
	uint32_t nh, *dead;

	for (size_t i = 0; rc == 0 && i < n_ifaces; i++)
		rc = table_add_iface(vr, &tables, ifaces[i]);
	if (rc < 0) {
		dp_fail(err, rc, "vrouter %s: table: %s", vr->name, strerror(-rc));
		goto fail;
	}
	for (size_t i = 0; i < n_routes; i++) {
		rc = route_check(vr, &routes[i], ifaces, n_ifaces, err);
		if (rc < 0)
			goto fail;
		rc = nexthop_get(&vr->nexthops, routes[i].nexthops, routes[i].n_nexthops, &nh);
		if (rc == 0)
			rc = table_add(vr, table_of(&tables, &routes[i].to), &routes[i].to, nh);
		if (rc < 0) {
			dp_fail(err, rc, "vrouter %s: route %s: %s", vr->name,
				prefix_print(&routes[i].to, to), strerror(-rc));
			goto fail;
		}
	}
	*out = tables;
	return 0;
fail:
	dead = calloc((size_t)vr->nexthops.used + 1, sizeof(*dead));
	if (dead != NULL)
		dp_nexthops_free(vr, dead, dp_table_put(vr, &tables, dead));
	free(dead);
	dp_tables_destroy(&tables);
	return rc;
}

struct put_walk {
	struct vr *vr;
	uint32_t *dead;
	size_t n_dead;
};

static int put_one(void *ctx, const struct ip_prefix *prefix, uint32_t nh)
{
	struct put_walk *walk = ctx;
	uint32_t dead;

	(void)prefix;
	nexthop_put(&walk->vr->nexthops, nh, &dead);
	if (dead != ADJ_NO_ROUTE)
		walk->dead[walk->n_dead++] = dead;
	return 0;
}

size_t dp_table_put(struct vr *vr, const struct dp_tables *tables, uint32_t *dead)
{
	struct put_walk walk = {.vr = vr, .dead = dead};

	if (tables->fib4 != NULL)
		fib_walk(tables->fib4, put_one, &walk);
	if (tables->fib6 != NULL)
		fib_walk(tables->fib6, put_one, &walk);
	return walk.n_dead;
}

struct forget_call {
	struct vr *vr;
	const uint32_t *dead;
	size_t n_dead;
};

static void forget(struct ctx *ctx, void *arg)
{
	struct forget_call *call = arg;

	for (size_t i = 0; i < call->n_dead; i++) {
		struct adj *adj = adj_at(call->dead[i]);

		if (adj->listed)
			neigh_del(ctx, call->vr, adj, DROP_INTERFACE_GONE);
	}
}

void dp_nexthops_free(struct vr *vr, const uint32_t *dead, size_t n_dead)
{
	struct forget_call call = {.vr = vr, .dead = dead, .n_dead = n_dead};

	if (n_dead == 0)
		return;
	worker_call(&dp.workers[vr->worker], forget, &call);
	for (size_t i = 0; i < n_dead; i++) {
		uint32_t members[DP_NEXTHOPS_MAX];
		size_t n = nexthop_free(&vr->nexthops, dead[i], members);

		/* Members of a group may die with it; they have no members. */
		dp_nexthops_free(vr, members, n);
	}
}

/* ---- single routes ---- */

static size_t vr_ifaces(const struct vr *vr, struct iface **ifaces, size_t max)
{
	size_t n = 0;

	for (struct iface *iface = vr->ifaces; iface != NULL && n < max; iface = iface->next_of_vr)
		ifaces[n++] = iface;
	return n;
}

static int route_check_live(struct vr *vr, const struct dp_route_spec *route, char *err)
{
	struct iface **ifaces;
	size_t n = 0;
	int rc;

	for (struct iface *iface = vr->ifaces; iface != NULL; iface = iface->next_of_vr)
		n++;
	ifaces = calloc(n + 1, sizeof(*ifaces));
	if (ifaces == NULL)
		return dp_fail(err, -ENOMEM, "vrouter %s: out of memory", vr->name);
	rc = route_check(vr, route, ifaces, vr_ifaces(vr, ifaces, n), err);
	free(ifaces);
	return rc;
}

static void put_and_free(struct vr *vr, uint32_t nh)
{
	uint32_t dead;

	nexthop_put(&vr->nexthops, nh, &dead);
	if (dead != ADJ_NO_ROUTE)
		dp_nexthops_free(vr, &dead, 1);
}

int dp_route_add(dp_vr_id id, const struct dp_route_spec *route, char *err)
{
	struct vr *vr = vr_lookup(id);
	char to[IP_PREFIX_STRLEN];
	uint32_t nh, old = ADJ_NO_ROUTE;
	struct fib *fib;
	int rc;

	if (vr == NULL)
		return dp_fail(err, -ENOENT, "no such vrouter");
	rc = route_check_live(vr, route, err);
	if (rc < 0)
		return rc;
	prefix_print(&route->to, to);
	fib = running_table_of(vr, &route->to);
	if (fib == NULL)
		return dp_fail(err, -EINVAL,
			"vrouter %s: route %s: no interface has an IPv6 address", vr->name, to);
	if (fib_get(fib, &route->to, &old) == 0 &&
		dp_route_origin(vr, &route->to, old) != DP_ROUTE_STATIC)
		return dp_fail(err, -EEXIST, "vrouter %s: route %s: an interface has this network",
			vr->name, to);
	rc = nexthop_get(&vr->nexthops, route->nexthops, route->n_nexthops, &nh);
	if (rc < 0)
		return dp_fail(err, rc, "vrouter %s: route %s: %s", vr->name, to, strerror(-rc));
	rc = fib_add(fib, &route->to, nh);
	put_and_free(vr, rc < 0 ? nh : old);
	return rc < 0 ? dp_fail(err, rc, "vrouter %s: route %s: %s", vr->name, to, strerror(-rc))
		      : 0;
}

int dp_route_del(dp_vr_id id, const struct ip_prefix *to, char *err)
{
	struct vr *vr = vr_lookup(id);
	char text[IP_PREFIX_STRLEN];
	struct fib *fib;
	uint32_t nh;
	int rc;

	if (vr == NULL)
		return dp_fail(err, -ENOENT, "no such vrouter");
	prefix_print(to, text);
	fib = running_table_of(vr, to);
	rc = fib != NULL ? fib_get(fib, to, &nh) : -ENOENT;
	if (rc < 0)
		return dp_fail(err, -ENOENT, "vrouter %s: route %s: not there", vr->name, text);
	if (dp_route_origin(vr, to, nh) != DP_ROUTE_STATIC)
		return dp_fail(err, -EPERM, "vrouter %s: route %s: belongs to an interface",
			vr->name, text);
	rc = fib_del(fib, to);
	if (rc < 0)
		return dp_fail(err, rc, "vrouter %s: route %s: %s", vr->name, text, strerror(-rc));
	put_and_free(vr, nh);
	return 0;
}

/* ---- walking ---- */

static void route_snap(const struct vr *vr, const struct ip_prefix *prefix, uint32_t nh,
	struct dp_route_snap *snap)
{
	const struct nexthop *nexthop = nexthop_lookup(&vr->nexthops, nh);

	memset(snap, 0, sizeof(*snap));
	snap->route.to = *prefix;
	snap->origin = dp_route_origin(vr, prefix, nh);
	if (nexthop == NULL)
		return;
	snap->route.n_nexthops = nexthop->n_hops;
	memcpy(snap->route.nexthops, nexthop->hops, nexthop->n_hops * sizeof(nexthop->hops[0]));
}

struct snap_walk {
	const struct vr *vr;
	int (*cb)(void *ctx, const struct dp_route_snap *route);
	void *ctx;
};

static int walk_one(void *ctx, const struct ip_prefix *prefix, uint32_t nh)
{
	struct snap_walk *walk = ctx;
	struct dp_route_snap snap;

	route_snap(walk->vr, prefix, nh, &snap);
	return walk->cb(walk->ctx, &snap);
}

int dp_routes_walk(dp_vr_id id, int (*cb)(void *ctx, const struct dp_route_snap *route), void *ctx)
{
	struct snap_walk walk = {.vr = vr_lookup(id), .cb = cb, .ctx = ctx};
	int rc;

	if (walk.vr == NULL)
		return -ENOENT;
	rc = fib_walk(walk.vr->fib4, walk_one, &walk);
	if (rc == 0 && walk.vr->fib6 != NULL)
		rc = fib_walk(walk.vr->fib6, walk_one, &walk);
	return rc;
}

struct static_walk {
	const struct vr *vr;
	struct dp_route_spec *routes;
	size_t n;
};

static int static_one(void *ctx, const struct ip_prefix *prefix, uint32_t nh)
{
	struct static_walk *walk = ctx;
	struct dp_route_snap snap;

	route_snap(walk->vr, prefix, nh, &snap);
	if (snap.origin == DP_ROUTE_STATIC)
		walk->routes[walk->n++] = snap.route;
	return 0;
}

int dp_routes_static(struct vr *vr, struct dp_route_spec **out, size_t *n)
{
	struct static_walk walk = {.vr = vr};
	size_t n_all = fib_count(vr->fib4) + (vr->fib6 != NULL ? fib_count(vr->fib6) : 0);

	walk.routes = calloc(n_all + 1, sizeof(*walk.routes));
	if (walk.routes == NULL)
		return -ENOMEM;
	fib_walk(vr->fib4, static_one, &walk);
	if (vr->fib6 != NULL)
		fib_walk(vr->fib6, static_one, &walk);
	*out = walk.routes;
	*n = walk.n;
	return 0;
}
