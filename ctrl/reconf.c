/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/reconf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct diff {
	const struct model_site *from, *to;
	const struct grant_speeds *speeds;
	struct grant_set from_grants, to_grants;
	struct plan *plan;
};

static const char *const kind_names[PLAN_KINDS] = {
	[PLAN_IFACE_DEL] = "interface_del",
	[PLAN_VR_DEL] = "vrouter_del",
	[PLAN_PORT_DEL] = "port_del",
	[PLAN_PORT_SET] = "port_set",
	[PLAN_PORT_ADD] = "port_add",
	[PLAN_VR_ADD] = "vrouter_add",
	[PLAN_VR_MOVE] = "vrouter_move",
	[PLAN_IFACE_ADD] = "interface_add",
	[PLAN_LINK_SET] = "link_set",
	[PLAN_FILTER_SET] = "filter_set",
	[PLAN_PROBE_SET] = "probe_set",
	[PLAN_NEIGHBORS_SET] = "neighbors_set",
	[PLAN_ROUTES_SET] = "routes_set",
	[PLAN_POLICIES_SET] = "policies_set",
};

const char *plan_kind_name(enum plan_kind kind)
{
	return kind_names[kind];
}

void plan_op_object(const struct plan_op *op, char *buf, size_t len)
{
	if (op->port)
		snprintf(buf, len, "%s", op->port->name);
	else if (op->iface)
		snprintf(buf, len, "%s/%s/%s", op->vpxi->name, op->router->name, op->iface->name);
	else
		snprintf(buf, len, "%s/%s", op->vpxi->name, op->router->name);
}

struct model_loc plan_op_loc(const struct plan_op *op)
{
	if (op->port)
		return op->port->loc;
	return op->iface ? op->iface->loc : op->router->loc;
}

void plan_fini(struct plan *plan)
{
	free(plan->ops);
	memset(plan, 0, sizeof(*plan));
}

static int plan_add(struct plan *plan, const struct plan_op *op)
{
	if (plan->n == plan->size) {
		size_t size = plan->size ? plan->size * 2 : 64;
		struct plan_op *ops = realloc(plan->ops, size * sizeof(*ops));

		if (!ops)
			return -ENOMEM;
		plan->ops = ops;
		plan->size = size;
	}
	plan->ops[plan->n++] = *op;
	return 0;
}

static int add_port_op(struct diff *diff, enum plan_kind kind, const struct model_port *port)
{
	struct plan_op op = {.kind = kind, .port = port};

	op.share_bps = grant_capacity(port, diff->speeds);
	return plan_add(diff->plan, &op);
}

static int add_router_op(struct diff *diff, enum plan_kind kind, const struct model_vpxi *vpxi,
	const struct model_router *router)
{
	return plan_add(
		diff->plan, &(struct plan_op){.kind = kind, .vpxi = vpxi, .router = router});
}

static int add_iface_op(struct diff *diff, enum plan_kind kind, const struct model_vpxi *vpxi,
	const struct model_router *router, const struct model_interface *iface)
{
	struct plan_op op = {.kind = kind, .vpxi = vpxi, .router = router, .iface = iface};

	if (kind != PLAN_IFACE_DEL)
		op.grant = grant_lookup(&diff->to_grants, iface);
	return plan_add(diff->plan, &op);
}

/* ---- ports ---- */

static bool addresses_equal(const struct model_port *a, const struct model_port *b)
{
	if (a->n_addresses != b->n_addresses)
		return false;
	for (size_t i = 0; i < a->n_addresses; i++) {
		const struct ip_prefix *left = &a->addresses[i].prefix;
		const struct ip_prefix *right = &b->addresses[i].prefix;

		if (left->len != right->len || ipaddr_cmp(&left->addr, &right->addr) != 0)
			return false;
	}
	return true;
}

static bool port_routes_equal(const struct model_port *a, const struct model_port *b)
{
	if (a->n_routes != b->n_routes)
		return false;
	for (size_t i = 0; i < a->n_routes; i++) {
		const struct model_port_route *left = &a->routes[i], *right = &b->routes[i];

		if (prefix_cmp(&left->to, &right->to) != 0 ||
			ipaddr_cmp(&left->via, &right->via) != 0)
			return false;
	}
	return true;
}

bool reconf_port_stays(const struct model_port *a, const struct model_port *b)
{
	return strcmp(a->device, b->device) == 0 && a->role == b->role &&
		memcmp(&a->mac, &b->mac, sizeof(a->mac)) == 0 && addresses_equal(a, b) &&
		port_routes_equal(a, b);
}

/* Does the port of this name go, with all that is on it? */
static bool port_is_replaced(const struct diff *diff, const char *name)
{
	const struct model_port *from = model_port_lookup(diff->from, name);
	const struct model_port *to = model_port_lookup(diff->to, name);

	return !from || !to || !reconf_port_stays(from, to);
}

static int diff_ports(struct diff *diff)
{
	int rc;

	for (size_t i = 0; i < diff->from->n_ports; i++) {
		const struct model_port *from = &diff->from->ports[i];

		if (!port_is_replaced(diff, from->name))
			continue;
		rc = add_port_op(diff, PLAN_PORT_DEL, from);
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < diff->to->n_ports; i++) {
		const struct model_port *to = &diff->to->ports[i];
		const struct model_port *from = model_port_lookup(diff->from, to->name);

		rc = 0;
		if (port_is_replaced(diff, to->name))
			rc = add_port_op(diff, PLAN_PORT_ADD, to);
		else if (from->capacity_bps != to->capacity_bps || from->mtu != to->mtu ||
			from->vpxi_share_centi != to->vpxi_share_centi)
			rc = add_port_op(diff, PLAN_PORT_SET, to);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ---- routes and neighbours: sets, in whatever order they stand in the file ---- */

static int compare_routes(const void *a, const void *b)
{
	const struct model_route *left = *(const struct model_route *const *)a;
	const struct model_route *right = *(const struct model_route *const *)b;
	int order = prefix_cmp(&left->to, &right->to);

	if (order == 0)
		order = left->metric < right->metric ? -1 : left->metric > right->metric;
	return order;
}

static int compare_neighbors(const void *a, const void *b)
{
	const struct model_neighbor *left = *(const struct model_neighbor *const *)a;
	const struct model_neighbor *right = *(const struct model_neighbor *const *)b;
	int order = strcmp(left->interface, right->interface);

	if (order == 0)
		order = ipaddr_cmp(&left->address, &right->address);
	return order ? order : memcmp(&left->mac, &right->mac, sizeof(left->mac));
}

static bool neighbors_equal(const struct model_neighbor *a, const struct model_neighbor *b)
{
	return compare_neighbors(&a, &b) == 0;
}

/* Pointers to N elements of SIZE bytes at BASE, sorted. NULL: out of memory. */
static const void **sorted(
	const void *base, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	const void **list = calloc(n + 1, sizeof(*list));

	if (!list)
		return NULL;
	for (size_t i = 0; i < n; i++)
		list[i] = (const char *)base + i * size;
	qsort(list, n, sizeof(*list), compare);
	return list;
}

/* 1: equal, 0: not, or -ENOMEM. */
static int routes_same(const struct model_router *a, const struct model_router *b)
{
	const void **left, **right;
	int rc = -ENOMEM;

	if (a->n_routes != b->n_routes)
		return 0;
	left = sorted(a->routes, a->n_routes, sizeof(*a->routes), compare_routes);
	right = sorted(b->routes, b->n_routes, sizeof(*b->routes), compare_routes);
	if (left && right) {
		rc = 1;
		for (size_t i = 0; i < a->n_routes && rc == 1; i++)
			rc = model_route_equal(left[i], right[i]);
	}
	free(left);
	free(right);
	return rc;
}

static int neighbors_same(const struct model_router *a, const struct model_router *b)
{
	const void **left, **right;
	int rc = -ENOMEM;

	if (a->n_neighbors != b->n_neighbors)
		return 0;
	left = sorted(a->neighbors, a->n_neighbors, sizeof(*a->neighbors), compare_neighbors);
	right = sorted(b->neighbors, b->n_neighbors, sizeof(*b->neighbors), compare_neighbors);
	if (left && right) {
		rc = 1;
		for (size_t i = 0; i < a->n_neighbors && rc == 1; i++)
			rc = neighbors_equal(left[i], right[i]);
	}
	free(left);
	free(right);
	return rc;
}

static bool policies_same(const struct model_router *a, const struct model_router *b)
{
	bool same = a->n_policies == b->n_policies;

	for (size_t i = 0; same && i < a->n_policies; i++)
		same = model_policy_equal(&a->policies[i], &b->policies[i]);
	return same;
}

/* ---- virtual routers ---- */

/* What a new interface has beside its link. */
static int add_iface_guards(struct diff *diff, const struct model_vpxi *vpxi,
	const struct model_router *router, const struct model_interface *iface)
{
	int rc = 0;

	if (iface->filter.n_in > 0 || iface->filter.n_out > 0 || iface->rpf != MODEL_RPF_OFF)
		rc = add_iface_op(diff, PLAN_FILTER_SET, vpxi, router, iface);
	if (rc == 0 && iface->probe.peer.af != IP_AF_NONE)
		rc = add_iface_op(diff, PLAN_PROBE_SET, vpxi, router, iface);
	return rc;
}

static int diff_iface_guards(struct diff *diff, const struct model_vpxi *vpxi,
	const struct model_router *router, const struct model_interface *from,
	const struct model_interface *to)
{
	int rc = 0;

	if (!model_filter_equal(&from->filter, &to->filter) || from->rpf != to->rpf)
		rc = add_iface_op(diff, PLAN_FILTER_SET, vpxi, router, to);
	if (rc == 0 && !model_probe_equal(&from->probe, &to->probe))
		rc = add_iface_op(diff, PLAN_PROBE_SET, vpxi, router, to);
	return rc;
}

static int add_router(
	struct diff *diff, const struct model_vpxi *vpxi, const struct model_router *router)
{
	int rc = add_router_op(diff, PLAN_VR_ADD, vpxi, router);

	for (size_t i = 0; rc == 0 && i < router->n_interfaces; i++) {
		rc = add_iface_op(diff, PLAN_IFACE_ADD, vpxi, router, &router->interfaces[i]);
		if (rc == 0)
			rc = add_iface_guards(diff, vpxi, router, &router->interfaces[i]);
	}
	if (rc == 0 && router->n_neighbors > 0)
		rc = add_router_op(diff, PLAN_NEIGHBORS_SET, vpxi, router);
	if (rc == 0 && router->n_routes > 0)
		rc = add_router_op(diff, PLAN_ROUTES_SET, vpxi, router);
	if (rc == 0 && router->n_policies > 0)
		rc = add_router_op(diff, PLAN_POLICIES_SET, vpxi, router);
	return rc;
}

static bool iface_is_replaced(
	struct diff *diff, const struct model_interface *from, const struct model_interface *to)
{
	return !from || !to || !model_interface_same_attachment(from, to) ||
		port_is_replaced(diff, to->port);
}

static bool shape_equal(const struct model_shape *a, const struct model_shape *b)
{
	return a->at == b->at && a->by == b->by && a->burst_bytes == b->burst_bytes &&
		a->queue_bytes == b->queue_bytes && a->queue_packets == b->queue_packets &&
		a->bytes == b->bytes;
}

static bool link_differs(
	struct diff *diff, const struct model_interface *from, const struct model_interface *to)
{
	struct grant before = grant_lookup(&diff->from_grants, from);
	struct grant after = grant_lookup(&diff->to_grants, to);

	return !shape_equal(&from->shape, &to->shape) || !grant_equal(&before, &after);
}

/* *replaced: at least one interface goes or comes. */
static int diff_ifaces(struct diff *diff, const struct model_vpxi *from_vpxi,
	const struct model_router *from, const struct model_vpxi *to_vpxi,
	const struct model_router *to, bool *replaced)
{
	const struct model_interface *old, *new;
	int rc = 0;

	*replaced = false;
	for (size_t i = 0; rc == 0 && i < from->n_interfaces; i++) {
		old = &from->interfaces[i];
		new = model_interface_lookup(to, old->name);
		if (iface_is_replaced(diff, old, new)) {
			*replaced = true;
			rc = add_iface_op(diff, PLAN_IFACE_DEL, from_vpxi, from, old);
		}
	}
	for (size_t i = 0; rc == 0 && i < to->n_interfaces; i++) {
		new = &to->interfaces[i];
		old = model_interface_lookup(from, new->name);
		if (iface_is_replaced(diff, old, new)) {
			*replaced = true;
			rc = add_iface_op(diff, PLAN_IFACE_ADD, to_vpxi, to, new);
			if (rc == 0)
				rc = add_iface_guards(diff, to_vpxi, to, new);
			continue;
		}
		if (link_differs(diff, old, new))
			rc = add_iface_op(diff, PLAN_LINK_SET, to_vpxi, to, new);
		if (rc == 0)
			rc = diff_iface_guards(diff, to_vpxi, to, old, new);
	}
	return rc;
}

static int diff_router(struct diff *diff, const struct model_vpxi *from_vpxi,
	const struct model_router *from, const struct model_vpxi *to_vpxi,
	const struct model_router *to)
{
	bool replaced;
	int rc, same;

	if (from->weight != to->weight) {
		rc = add_router_op(diff, PLAN_VR_DEL, from_vpxi, from);
		return rc < 0 ? rc : add_router(diff, to_vpxi, to);
	}
	if (strcmp(from->slice, to->slice) != 0) {
		rc = add_router_op(diff, PLAN_VR_MOVE, to_vpxi, to);
		if (rc < 0)
			return rc;
	}
	rc = diff_ifaces(diff, from_vpxi, from, to_vpxi, to, &replaced);
	if (rc < 0)
		return rc;
	/* Next hops hang on interfaces: with new ones they are resolved again. */
	same = neighbors_same(from, to);
	if (same < 0)
		return same;
	if (!same || (replaced && to->n_neighbors > 0)) {
		rc = add_router_op(diff, PLAN_NEIGHBORS_SET, to_vpxi, to);
		if (rc < 0)
			return rc;
	}
	same = routes_same(from, to);
	if (same < 0)
		return same;
	if (!same || replaced) {
		rc = add_router_op(diff, PLAN_ROUTES_SET, to_vpxi, to);
		if (rc < 0)
			return rc;
	}
	if (!policies_same(from, to) || (replaced && to->n_policies > 0))
		return add_router_op(diff, PLAN_POLICIES_SET, to_vpxi, to);
	return 0;
}

static int diff_routers(struct diff *diff)
{
	int rc = 0;

	for (size_t v = 0; rc == 0 && v < diff->from->n_vpxis; v++) {
		const struct model_vpxi *from = &diff->from->vpxis[v];
		const struct model_vpxi *to = model_vpxi_lookup(diff->to, from->name);

		for (size_t r = 0; rc == 0 && r < from->n_routers; r++) {
			if (!to || !model_router_lookup(to, from->routers[r].name))
				rc = add_router_op(diff, PLAN_VR_DEL, from, &from->routers[r]);
		}
	}
	for (size_t v = 0; rc == 0 && v < diff->to->n_vpxis; v++) {
		const struct model_vpxi *to = &diff->to->vpxis[v];
		const struct model_vpxi *from = model_vpxi_lookup(diff->from, to->name);

		for (size_t r = 0; rc == 0 && r < to->n_routers; r++) {
			const struct model_router *router = &to->routers[r];
			const struct model_router *old =
				from ? model_router_lookup(from, router->name) : NULL;

			if (old)
				rc = diff_router(diff, from, old, to, router);
			else
				rc = add_router(diff, to, router);
		}
	}
	return rc;
}

/* By kind, otherwise as they are. */
static int plan_sort(struct plan *plan)
{
	struct plan_op *ops;
	size_t n = 0;

	if (plan->n < 2)
		return 0;
	ops = calloc(plan->n, sizeof(*ops));
	if (!ops)
		return -ENOMEM;
	for (int kind = 0; kind < PLAN_KINDS; kind++) {
		for (size_t i = 0; i < plan->n; i++) {
			if ((int)plan->ops[i].kind == kind)
				ops[n++] = plan->ops[i];
		}
	}
	free(plan->ops);
	plan->ops = ops;
	plan->size = n;
	return 0;
}

int reconf_diff(const struct model_site *from, const struct model_site *to,
	const struct grant_speeds *speeds, struct plan *plan)
{
	struct diff diff = {.from = from, .to = to, .speeds = speeds, .plan = plan};
	int rc;

	memset(plan, 0, sizeof(*plan));
	rc = grant_site(from, speeds, &diff.from_grants);
	if (rc == 0)
		rc = grant_site(to, speeds, &diff.to_grants);
	if (rc == 0)
		rc = diff_ports(&diff);
	if (rc == 0)
		rc = diff_routers(&diff);
	if (rc == 0)
		rc = plan_sort(plan);
	grant_set_fini(&diff.from_grants);
	grant_set_fini(&diff.to_grants);
	if (rc < 0)
		plan_fini(plan);
	return rc;
}
