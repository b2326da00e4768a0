/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/apply.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctrl/dpspec.h"
#include "ctrl/dpspec_guard.h"
#include "lib/log.h"

struct apply {
	struct dp_txn *txn;
	struct ids ids;       /* as they will be */
	char err[DP_ERR_LEN]; /* "": what went wrong is in the code */
	struct model_loc loc; /* more exact than the operation's, or line 0 */
};

static int port_apply(struct apply *apply, const struct plan_op *op)
{
	struct dpspec_underlay lists;
	struct dp_port_spec spec;
	dp_port_id id = idmap_get(&apply->ids.ports, op->port->name);
	int rc;

	dpspec_port(op->port, op->share_bps, &spec);
	if (op->kind == PLAN_PORT_SET)
		return dp_txn_port_set(apply->txn, id, &spec, apply->err);
	if (op->kind == PLAN_PORT_DEL) {
		idmap_del(&apply->ids.ports, op->port->name);
		return dp_txn_port_del(apply->txn, id, apply->err);
	}
	rc = dpspec_underlay(op->port, &spec, &lists);
	if (rc < 0)
		return rc;
	rc = dp_txn_port_add(apply->txn, &spec, &id, apply->err);
	dpspec_underlay_fini(&lists);
	return rc < 0 ? rc : idmap_put(&apply->ids.ports, op->port->name, id);
}

static int vr_apply(struct apply *apply, const struct plan_op *op)
{
	char key[IDMAP_KEY_LEN];
	struct dp_vr_spec spec;
	dp_vr_id id;
	int rc;

	dpspec_vr(op->vpxi, op->router, &spec);
	if (op->kind == PLAN_VR_ADD) {
		rc = dp_txn_vr_add(apply->txn, &spec, &id, apply->err);
		return rc < 0 ? rc : idmap_put(&apply->ids.vrs, spec.name, id);
	}
	id = idmap_get(&apply->ids.vrs, spec.name);
	if (op->kind == PLAN_VR_MOVE)
		return dp_txn_vr_move(apply->txn, id, spec.slice, apply->err);
	idmap_del(&apply->ids.vrs, spec.name);
	for (size_t i = 0; i < op->router->n_interfaces; i++) {
		snprintf(key, sizeof(key), "%s/%s", spec.name, op->router->interfaces[i].name);
		idmap_del(&apply->ids.ifaces, key);
	}
	return dp_txn_vr_del(apply->txn, id, apply->err);
}

/* Does the dataplane's message name TEXT (and not just something that begins or ends like it)? */
static bool err_names(const struct apply *apply, const char *text)
{
	size_t len = strlen(text);

	for (const char *at = strstr(apply->err, text); at; at = strstr(at + 1, text)) {
		bool begins = at == apply->err || !isalnum((unsigned char)at[-1]);

		if (begins && !isalnum((unsigned char)at[len]))
			return true;
	}
	return false;
}

/* An address that the dataplane will not have: its own place. */
static void locate_address(struct apply *apply, const struct model_interface *iface)
{
	char text[IP_PREFIX_STRLEN];

	for (size_t i = 0; i < iface->n_addresses; i++) {
		if (err_names(apply, prefix_print(&iface->addresses[i].prefix, text)))
			apply->loc = iface->addresses[i].loc;
	}
}

static int iface_add(struct apply *apply, const struct plan_op *op, const char *key)
{
	dp_vr_id vr = ids_vr(&apply->ids, op->vpxi->name, op->router->name);
	dp_port_id port = idmap_get(&apply->ids.ports, op->iface->port);
	struct ip_prefix *addresses;
	struct dp_iface_spec spec;
	dp_iface_id id;
	int rc = dpspec_iface(op->iface, port, &op->grant, &spec, &addresses);

	if (rc < 0)
		return rc;
	rc = dp_txn_iface_add(apply->txn, vr, &spec, &id, apply->err);
	if (rc < 0)
		locate_address(apply, op->iface);
	else
		rc = idmap_put(&apply->ids.ifaces, key, id);
	free(addresses);
	return rc;
}

static int iface_apply(struct apply *apply, const struct plan_op *op)
{
	char key[IDMAP_KEY_LEN];
	struct dp_link_spec link;
	dp_iface_id id;

	plan_op_object(op, key, sizeof(key));
	if (op->kind == PLAN_IFACE_ADD)
		return iface_add(apply, op, key);
	id = idmap_get(&apply->ids.ifaces, key);
	if (op->kind == PLAN_LINK_SET) {
		int rc;

		dpspec_link(op->iface, &op->grant, &link);
		rc = dp_txn_link_set(apply->txn, id, &link, apply->err);
		if (rc < 0 && op->iface->shape.loc.line)
			apply->loc = op->iface->shape.loc;
		return rc;
	}
	idmap_del(&apply->ids.ifaces, key);
	return dp_txn_iface_del(apply->txn, id, apply->err);
}

static int compare_routes(const void *a, const void *b)
{
	const struct model_route *left = *(const struct model_route *const *)a;
	const struct model_route *right = *(const struct model_route *const *)b;
	int order = prefix_cmp(&left->to, &right->to);

	if (order == 0)
		order = left->metric < right->metric ? -1 : left->metric > right->metric;
	return order;
}

/* Those to one network become one. */
static int routes_merge(struct apply *apply, const struct plan_op *op,
	const struct model_route **routes, struct dp_route_spec *specs, size_t *n_specs)
{
	const struct model_router *router = op->router;
	size_t first = 0;

	for (size_t i = 0; i < router->n_routes; i++)
		routes[i] = &router->routes[i];
	qsort(routes, router->n_routes, sizeof(*routes), compare_routes);
	for (size_t i = 1; i <= router->n_routes; i++) {
		int rc;

		if (i < router->n_routes && prefix_cmp(&routes[i]->to, &routes[first]->to) == 0)
			continue;
		rc = dpspec_routes(op->vpxi, router, routes + first, i - first, &apply->ids,
			&specs[(*n_specs)++], apply->err);
		if (rc < 0) {
			apply->loc = routes[first]->loc;
			return rc;
		}
		first = i;
	}
	return 0;
}

static int routes_apply(struct apply *apply, const struct plan_op *op)
{
	const struct model_router *router = op->router;
	struct dp_route_spec *specs = calloc(router->n_routes + 1, sizeof(*specs));
	const struct model_route **routes = calloc(router->n_routes + 1, sizeof(*routes));
	char text[IP_PREFIX_STRLEN];
	size_t n = 0;
	int rc = -ENOMEM;

	if (specs && routes)
		rc = routes_merge(apply, op, routes, specs, &n);
	if (rc == 0) {
		rc = dp_txn_routes_set(apply->txn,
			ids_vr(&apply->ids, op->vpxi->name, router->name), specs, n, apply->err);
		for (size_t i = 0; rc < 0 && !apply->loc.line && i < router->n_routes; i++) {
			if (err_names(apply, prefix_print(&router->routes[i].to, text)))
				apply->loc = router->routes[i].loc;
		}
	}
	free(specs);
	free(routes);
	return rc;
}

static int neighbors_apply(struct apply *apply, const struct plan_op *op)
{
	const struct model_router *router = op->router;
	struct dp_neigh_spec *specs = calloc(router->n_neighbors + 1, sizeof(*specs));
	char text[IP_ADDR_STRLEN];
	int rc = specs ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < router->n_neighbors; i++) {
		rc = dpspec_neighbor(op->vpxi, router, &router->neighbors[i], &apply->ids,
			&specs[i], apply->err);
		if (rc < 0)
			apply->loc = router->neighbors[i].loc;
	}
	if (rc == 0) {
		rc = dp_txn_neighbors_set(apply->txn,
			ids_vr(&apply->ids, op->vpxi->name, router->name), specs,
			router->n_neighbors, apply->err);
		for (size_t i = 0; rc < 0 && !apply->loc.line && i < router->n_neighbors; i++) {
			if (err_names(apply, ipaddr_print(&router->neighbors[i].address, text)))
				apply->loc = router->neighbors[i].loc;
		}
	}
	free(specs);
	return rc;
}

static int rules_apply(struct apply *apply, dp_iface_id id, enum dp_direction direction,
	const struct model_filter_rule *rules, size_t n)
{
	struct dp_filter_rule *specs = calloc(n + 1, sizeof(*specs));
	int rc = -ENOMEM;

	for (size_t i = 0; specs && i < n; i++)
		dpspec_filter_rule(&rules[i], &specs[i]);
	if (specs)
		rc = dp_txn_filter_set(apply->txn, id, direction, specs, n, apply->err);
	free(specs);
	return rc;
}

static int guards_apply(struct apply *apply, const struct plan_op *op)
{
	const struct model_interface *iface = op->iface;
	dp_iface_id id = ids_iface(&apply->ids, op->vpxi->name, op->router->name, iface->name);
	struct dp_probe_spec probe;
	int rc;

	if (op->kind == PLAN_PROBE_SET) {
		dpspec_probe(&iface->probe, &probe);
		apply->loc = iface->probe.loc;
		rc = dp_txn_probe_set(apply->txn, id, &probe, apply->err);
	} else {
		apply->loc = iface->filter.loc;
		rc = rules_apply(apply, id, DP_IN, iface->filter.in, iface->filter.n_in);
		if (rc == 0)
			rc = rules_apply(apply, id, DP_OUT, iface->filter.out, iface->filter.n_out);
		if (rc == 0)
			rc = dp_txn_rpf_set(apply->txn, id, dpspec_rpf(iface->rpf), apply->err);
	}
	if (rc == 0)
		apply->loc = (struct model_loc){0};
	return rc;
}

static int policies_apply(struct apply *apply, const struct plan_op *op)
{
	const struct model_router *router = op->router;
	struct dp_policy_spec *specs = calloc(router->n_policies + 1, sizeof(*specs));
	int rc = specs ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < router->n_policies; i++) {
		rc = dpspec_policy(
			op->vpxi, router, &router->policies[i], &apply->ids, &specs[i], apply->err);
		if (rc < 0)
			apply->loc = router->policies[i].loc;
	}
	if (rc == 0) {
		rc = dp_txn_policies_set(apply->txn,
			ids_vr(&apply->ids, op->vpxi->name, router->name), specs,
			router->n_policies, apply->err);
		if (rc < 0)
			apply->loc = router->policies[0].loc;
	}
	free(specs);
	return rc;
}

static int op_apply(struct apply *apply, const struct plan_op *op)
{
	switch (op->kind) {
	case PLAN_PORT_DEL:
	case PLAN_PORT_SET:
	case PLAN_PORT_ADD:
		return port_apply(apply, op);
	case PLAN_VR_DEL:
	case PLAN_VR_ADD:
	case PLAN_VR_MOVE:
		return vr_apply(apply, op);
	case PLAN_IFACE_DEL:
	case PLAN_IFACE_ADD:
	case PLAN_LINK_SET:
		return iface_apply(apply, op);
	case PLAN_FILTER_SET:
	case PLAN_PROBE_SET:
		return guards_apply(apply, op);
	case PLAN_NEIGHBORS_SET:
		return neighbors_apply(apply, op);
	case PLAN_ROUTES_SET:
		return routes_apply(apply, op);
	case PLAN_POLICIES_SET:
		return policies_apply(apply, op);
	case PLAN_KINDS:
		break;
	}
	return -EINVAL;
}

static void error_set(
	const struct apply *apply, const struct plan_op *op, int rc, struct apply_error *error)
{
	char object[IDMAP_KEY_LEN];

	plan_op_object(op, object, sizeof(object));
	/* The place of something that goes is in the model that runs, not in the new file. */
	error->loc = apply->loc.line ? apply->loc : plan_op_loc(op);
	if (op->kind == PLAN_IFACE_DEL || op->kind == PLAN_VR_DEL || op->kind == PLAN_PORT_DEL)
		error->loc = (struct model_loc){0};
	snprintf(error->text, sizeof(error->text), "%s %s: %s", plan_kind_name(op->kind), object,
		apply->err[0] ? apply->err : strerror(-rc));
}

int apply_plan(const struct plan *plan, struct ids *ids, struct apply_error *error)
{
	struct apply apply = {0};
	int rc;

	memset(error, 0, sizeof(*error));
	if (plan->n == 0)
		return 0;
	rc = ids_clone(&apply.ids, ids);
	if (rc == 0) {
		apply.txn = dp_txn_begin();
		rc = apply.txn ? 0 : -ENOMEM;
	}
	if (rc < 0) {
		snprintf(error->text, sizeof(error->text), "%s", strerror(-rc));
		ids_fini(&apply.ids);
		return rc;
	}
	for (size_t i = 0; i < plan->n; i++) {
		rc = op_apply(&apply, &plan->ops[i]);
		if (rc == 0)
			continue;
		error_set(&apply, &plan->ops[i], rc, error);
		dp_txn_abort(apply.txn);
		ids_fini(&apply.ids);
		return rc;
	}
	dp_txn_commit(apply.txn);
	ids_fini(ids);
	*ids = apply.ids;
	return 0;
}
