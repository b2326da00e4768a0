/* SPDX-License-Identifier: BSD-3-Clause */
/* Methods route.* and neighbor.list. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctrl/cmd.h"
#include "ctrl/dpspec.h"
#include "ctrl/view.h"
#include "lib/log.h"

#define ROUTES_LISTED_MAX 100000 /* a reply is built in memory */

/* ---- list ---- */

struct route_list {
	struct control *control;
	const struct running_vr *vr;
	json_t *items;
	size_t limit;
	size_t total;
	bool metrics; /* some route has one */
};

/* The dataplane keeps it only where it chooses by it. */
static json_int_t route_metric(const struct route_list *list, const struct dp_route_snap *snap,
	const struct dp_nexthop_spec *nexthop)
{
	const struct model_router *router = list->vr->router;

	if (snap->origin != DP_ROUTE_STATIC || nexthop->metric)
		return nexthop->metric;
	for (size_t i = 0; snap->route.n_nexthops == 1 && i < router->n_routes; i++) {
		if (prefix_cmp(&router->routes[i].to, &snap->route.to) == 0)
			return router->routes[i].metric;
	}
	return 0;
}

static int append_route(void *ctx, const struct dp_route_snap *snap)
{
	static const char *const origins[] = {
		[DP_ROUTE_LOCAL] = "local",
		[DP_ROUTE_CONNECTED] = "connected",
		[DP_ROUTE_STATIC] = "static",
	};
	struct route_list *list = ctx;
	char to[IP_PREFIX_STRLEN], via[IP_ADDR_STRLEN];
	json_t *nexthops;

	if (list->total++ >= list->limit)
		return 0;
	nexthops = json_array();
	for (size_t i = 0; i < snap->route.n_nexthops; i++) {
		const struct dp_nexthop_spec *nexthop = &snap->route.nexthops[i];
		json_t *item = json_pack("{s:s}", "dev",
			running_iface_name(&list->control->running, list->vr, nexthop->iface));

		if (nexthop->via.af != IP_AF_NONE)
			json_object_set_new(
				item, "via", json_string(ipaddr_print(&nexthop->via, via)));
		if (list->metrics)
			json_object_set_new(
				item, "metric", json_integer(route_metric(list, snap, nexthop)));
		json_array_append_new(nexthops, item);
	}
	json_array_append_new(list->items,
		json_pack("{s:s, s:s, s:o}", "to", prefix_print(&snap->route.to, to), "origin",
			origins[snap->origin], "nexthops", nexthops));
	return 0;
}

json_t *cmd_route_list(void *ctx, json_t *params, struct rpc_error *error)
{
	json_t *limit = json_object_get(params, "limit");
	struct running_vr vr;
	struct route_list list = {.control = ctx, .vr = &vr, .limit = ROUTES_LISTED_MAX};
	int rc;

	if (cmd_vr(ctx, params, &vr, error) < 0)
		return NULL;
	if (limit && (size_t)json_integer_value(limit) < list.limit)
		list.limit = (size_t)json_integer_value(limit);
	for (size_t i = 0; i < vr.router->n_routes; i++)
		list.metrics |= vr.router->routes[i].metric != 0;
	list.items = json_array();
	rc = dp_routes_walk(vr.id, append_route, &list);
	if (rc < 0) {
		json_decref(list.items);
		rpc_error_set(error, RPC_REFUSED, "routes of %s/%s: %s", vr.vpxi->name,
			vr.router->name, strerror(-rc));
		return NULL;
	}
	return json_pack("{s:o, s:I, s:o}", "vrouter",
		json_sprintf("%s/%s", vr.vpxi->name, vr.router->name), "total",
		(json_int_t)list.total, "routes", list.items);
}

/* ---- add, replace, del ---- */

/* "10.2.0.0/24", "10.2.0.1" (a host), "default" (of AF). 0 or -EINVAL with *error. */
static int parse_to(const char *text, enum ip_af af, struct ip_prefix *to, struct rpc_error *error)
{
	char masked_text[IP_PREFIX_STRLEN];
	struct ip_prefix masked;

	memset(to, 0, sizeof(*to));
	if (strcmp(text, "default") == 0) {
		to->addr.af = (uint8_t)(af == IP_AF_NONE ? IP_AF_4 : af);
		return 0;
	}
	if (prefix_parse(text, to) < 0) {
		if (ipaddr_parse(text, &to->addr) < 0) {
			rpc_error_set(error, RPC_INVALID_PARAMS,
				"'%.100s' is no prefix, as 10.2.0.0/24", text);
			return -EINVAL;
		}
		to->len = to->addr.af == IP_AF_6 ? 128 : 32;
	}
	masked = prefix_mask(to);
	if (ipaddr_cmp(&masked.addr, &to->addr) != 0) {
		rpc_error_set(error, RPC_INVALID_PARAMS,
			"prefix %.100s has host bits: did you mean %s?", text,
			prefix_print(&masked, masked_text));
		return -EINVAL;
	}
	return 0;
}

static int parse_vias(const json_t *member, struct model_route *route, struct rpc_error *error)
{
	size_t n = json_is_array(member) ? json_array_size(member) : member != NULL;

	if (n > DP_NEXTHOPS_MAX) {
		rpc_error_set(error, RPC_INVALID_PARAMS, "at most %d gateways share a route",
			DP_NEXTHOPS_MAX);
		return -EINVAL;
	}
	route->vias = calloc(n + 1, sizeof(*route->vias));
	if (!route->vias) {
		rpc_error_set(error, RPC_INTERNAL_ERROR, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(
			json_is_array(member) ? json_array_get(member, i) : member);

		if (ipaddr_parse(text, &route->vias[i]) < 0 ||
			!ipaddr_is_unicast(&route->vias[i])) {
			rpc_error_set(error, RPC_INVALID_PARAMS,
				"'%.100s' is no address that a gateway can have", text);
			return -EINVAL;
		}
		if (route->vias[i].af != route->vias[0].af) {
			rpc_error_set(error, RPC_INVALID_PARAMS,
				"the gateways are of different address families");
			return -EINVAL;
		}
	}
	route->n_vias = n;
	return 0;
}

/* Fills an empty ROUTE from the request; its vias are the caller's to free in any case. Gateways
 * and interface may be absent. */
static int parse_route(const struct running_vr *vr, const json_t *params, struct model_route *route,
	struct rpc_error *error)
{
	const json_t *metric = json_object_get(params, "metric");
	const char *dev = cmd_string(params, "dev");
	int rc = parse_vias(json_object_get(params, "via"), route, error);

	if (rc < 0)
		return rc;
	rc = parse_to(cmd_string(params, "to"), route->n_vias ? route->vias[0].af : IP_AF_NONE,
		&route->to, error);
	if (rc < 0)
		return rc;
	if (route->n_vias && route->vias[0].af != route->to.addr.af) {
		rpc_error_set(error, RPC_INVALID_PARAMS,
			"gateway and prefix are of different address families");
		return -EINVAL;
	}
	if (dev && !model_interface_lookup(vr->router, dev)) {
		rpc_error_set(error, RPC_NOT_FOUND, "%s/%s has no interface '%.100s'",
			vr->vpxi->name, vr->router->name, dev);
		return -ENOENT;
	}
	if (dev)
		memcpy(route->dev, dev, strlen(dev) + 1);
	if (metric && (json_integer_value(metric) < 0 || json_integer_value(metric) > UINT32_MAX)) {
		rpc_error_set(
			error, RPC_INVALID_PARAMS, "member 'metric' must be from 0 to 4294967295");
		return -EINVAL;
	}
	route->metric = (uint32_t)json_integer_value(metric);
	return 0;
}

/* The index of the static route to TO with this metric, or n_routes. */
static size_t route_find(
	const struct model_router *router, const struct ip_prefix *to, uint32_t metric)
{
	size_t i;

	for (i = 0; i < router->n_routes; i++) {
		if (router->routes[i].metric == metric &&
			prefix_cmp(&router->routes[i].to, to) == 0)
			break;
	}
	return i;
}

static int compare_metrics(const void *a, const void *b)
{
	const struct model_route *left = *(const struct model_route *const *)a;
	const struct model_route *right = *(const struct model_route *const *)b;

	return left->metric < right->metric ? -1 : left->metric > right->metric;
}

/* The routes to TO but the one at WITHOUT (n_routes: all), as one. *n says how many they are. */
static int route_spec(struct control *control, const struct running_vr *vr,
	const struct ip_prefix *to, size_t without, struct dp_route_spec *spec, size_t *n,
	char *err)
{
	const struct model_router *router = vr->router;
	const struct model_route *same[DP_NEXTHOPS_MAX];

	*n = 0;
	for (size_t i = 0; i < router->n_routes; i++) {
		if (i == without || prefix_cmp(&router->routes[i].to, to) != 0)
			continue;
		if (*n == DP_NEXTHOPS_MAX) {
			snprintf(err, DP_ERR_LEN, "at most %d routes to one network are possible",
				DP_NEXTHOPS_MAX);
			return -EINVAL;
		}
		same[(*n)++] = &router->routes[i];
	}
	if (*n == 0)
		return 0;
	qsort(same, *n, sizeof(same[0]), compare_metrics);
	for (size_t i = 0; *n > 1 && i < *n; i++) {
		if (same[i]->n_vias == 0) {
			snprintf(err, DP_ERR_LEN,
				"one of several routes to a network needs 'via', to know whether "
				"its next hop lives");
			return -EINVAL;
		}
	}
	return dpspec_routes(vr->vpxi, router, same, *n, &control->running.ids, spec, err);
}

/* The model first, as only that can be undone without fail. */
static int route_publish(struct control *control, const struct running_vr *vr,
	struct model_route *route, size_t index, struct rpc_error *error)
{
	bool is_new = index == vr->router->n_routes;
	struct ip_prefix to = route->to;
	char err[DP_ERR_LEN] = "";
	struct dp_route_spec spec;
	struct model_route old;
	size_t n;
	int rc = 0;

	if (is_new) {
		rc = model_route_add(vr->router, route);
		if (rc == 0)
			memset(route, 0, sizeof(*route));
	} else {
		old = vr->router->routes[index];
		vr->router->routes[index] = *route;
		*route = old;
	}
	if (rc < 0) {
		rpc_error_set(error, RPC_REFUSED, "%s", strerror(-rc));
		return rc;
	}
	rc = route_spec(control, vr, &to, SIZE_MAX, &spec, &n, err);
	if (rc == 0)
		rc = dp_route_add(vr->id, &spec, err);
	if (rc == 0) {
		running_keep_routes(&control->running, vr);
		return 0;
	}
	if (is_new) {
		model_route_del(vr->router, index);
	} else {
		old = vr->router->routes[index];
		vr->router->routes[index] = *route;
		*route = old;
	}
	rpc_error_set(error, RPC_REFUSED, "%s", err[0] ? err : strerror(-rc));
	return rc;
}

static json_t *route_result(const struct running_vr *vr, const struct ip_prefix *to)
{
	char text[IP_PREFIX_STRLEN];

	return json_pack("{s:o, s:s, s:I}", "vrouter",
		json_sprintf("%s/%s", vr->vpxi->name, vr->router->name), "to",
		prefix_print(to, text), "static_routes", (json_int_t)vr->router->n_routes);
}

static json_t *route_set(void *ctx, json_t *params, struct rpc_error *error, bool replace)
{
	struct model_route route = {0};
	char text[IP_PREFIX_STRLEN];
	json_t *result = NULL;
	struct ip_prefix to;
	struct running_vr vr;
	size_t index;

	if (cmd_vr(ctx, params, &vr, error) < 0 || parse_route(&vr, params, &route, error) < 0)
		goto out;
	if (!route.n_vias && !route.dev[0]) {
		rpc_error_set(error, RPC_INVALID_PARAMS, "a route needs 'via' or 'dev'");
		goto out;
	}
	to = route.to;
	index = route_find(vr.router, &to, route.metric);
	if (index < vr.router->n_routes && !replace) {
		rpc_error_set(error, RPC_REFUSED, "%s/%s has a route to %s already", vr.vpxi->name,
			vr.router->name, prefix_print(&to, text));
		goto out;
	}
	if (route_publish(ctx, &vr, &route, index, error) < 0)
		goto out;
	log_info("control", "vrouter %s/%s: route to %s set", vr.vpxi->name, vr.router->name,
		prefix_print(&to, text));
	result = route_result(&vr, &to);
out:
	free(route.vias);
	return result;
}

json_t *cmd_route_add(void *ctx, json_t *params, struct rpc_error *error)
{
	return route_set(ctx, params, error, false);
}

json_t *cmd_route_replace(void *ctx, json_t *params, struct rpc_error *error)
{
	return route_set(ctx, params, error, true);
}

/* Gateways and interface, where the request names them, are those of the route. */
static bool route_matches(struct control *control, const struct running_vr *vr,
	const struct model_route *route, const struct model_route *asked)
{
	struct dp_route_spec spec;
	char err[DP_ERR_LEN];
	uint32_t dev;

	if (asked->n_vias && asked->n_vias != route->n_vias)
		return false;
	for (size_t i = 0; i < asked->n_vias; i++) {
		if (ipaddr_cmp(&asked->vias[i], &route->vias[i]) != 0)
			return false;
	}
	if (!asked->dev[0])
		return true;
	dev = ids_iface(&control->running.ids, vr->vpxi->name, vr->router->name, asked->dev);
	if (dpspec_route(vr->vpxi, vr->router, route, &control->running.ids, &spec, err) < 0)
		return false;
	for (size_t i = 0; i < spec.n_nexthops; i++) {
		if (spec.nexthops[i].iface != dev)
			return false;
	}
	return spec.n_nexthops > 0;
}

static json_t *route_delete(struct control *control, const struct running_vr *vr,
	const struct model_route *asked, struct rpc_error *error)
{
	char text[IP_PREFIX_STRLEN], err[DP_ERR_LEN] = "";
	size_t index = route_find(vr->router, &asked->to, asked->metric), n;
	struct dp_route_spec spec;
	int rc;

	prefix_print(&asked->to, text);
	if (index == vr->router->n_routes ||
		!route_matches(control, vr, &vr->router->routes[index], asked)) {
		rpc_error_set(error, RPC_NOT_FOUND, "%s/%s has no such static route to %s",
			vr->vpxi->name, vr->router->name, text);
		return NULL;
	}
	rc = route_spec(control, vr, &asked->to, index, &spec, &n, err);
	if (rc == 0)
		rc = n ? dp_route_add(vr->id, &spec, err) : dp_route_del(vr->id, &asked->to, err);
	if (rc < 0) {
		rpc_error_set(error, RPC_REFUSED, "%s", err[0] ? err : strerror(-rc));
		return NULL;
	}
	model_route_del(vr->router, index);
	running_keep_routes(&control->running, vr);
	log_info("control", "vrouter %s/%s: route to %s deleted", vr->vpxi->name, vr->router->name,
		text);
	return route_result(vr, &asked->to);
}

json_t *cmd_route_del(void *ctx, json_t *params, struct rpc_error *error)
{
	struct model_route asked = {0};
	json_t *result = NULL;
	struct running_vr vr;

	if (cmd_vr(ctx, params, &vr, error) == 0 && parse_route(&vr, params, &asked, error) == 0)
		result = route_delete(ctx, &vr, &asked, error);
	free(asked.vias);
	return result;
}

/* ---- neighbours ---- */

static json_t *view_neighbor(
	struct control *control, const struct running_vr *vr, const struct dp_neigh_snap *neighbor)
{
	static const char *const states[] = {
		[DP_NEIGH_INCOMPLETE] = "incomplete",
		[DP_NEIGH_REACHABLE] = "reachable",
		[DP_NEIGH_STALE] = "stale",
		[DP_NEIGH_PROBE] = "probe",
		[DP_NEIGH_FAILED] = "failed",
		[DP_NEIGH_PERMANENT] = "permanent",
	};
	char address[IP_ADDR_STRLEN], mac[MAC_ADDR_STRLEN];
	const struct model_interface *model;
	const char *iface;
	json_t *object;

	iface = running_iface_name(&control->running, vr, neighbor->iface);
	object = json_pack("{s:s, s:s, s:s, s:I, s:I}", "address",
		ipaddr_print(&neighbor->address, address), "interface", iface, "state",
		states[neighbor->state], "age_ns", (json_int_t)neighbor->age_ns, "held_packets",
		(json_int_t)neighbor->held_packets);
	json_object_set_new(object, "mac",
		mac_is_zero(&neighbor->mac) ? json_null()
					    : json_string(mac_print(&neighbor->mac, mac)));
	model = model_interface_lookup(vr->router, iface);
	if (model && ipaddr_cmp(&model->probe.peer, &neighbor->address) == 0)
		json_object_set_new(object, "probe", view_probe(neighbor->iface));
	return object;
}

json_t *cmd_neighbor_list(void *ctx, json_t *params, struct rpc_error *error)
{
	struct dp_neigh_snap *neighbors = NULL;
	struct running_vr vr;
	json_t *list;
	size_t n = 0, size;
	int rc;

	if (cmd_vr(ctx, params, &vr, error) < 0)
		return NULL;
	rc = dp_neighbors_get(vr.id, NULL, 0, &n);
	size = n + 64; /* for those learned since */
	if (rc == 0) {
		neighbors = calloc(size, sizeof(*neighbors));
		rc = neighbors ? dp_neighbors_get(vr.id, neighbors, size, &n) : -ENOMEM;
	}
	if (rc < 0) {
		free(neighbors);
		rpc_error_set(error, RPC_REFUSED, "neighbours of %s/%s: %s", vr.vpxi->name,
			vr.router->name, strerror(-rc));
		return NULL;
	}
	list = json_array();
	for (size_t i = 0; i < n && i < size; i++)
		json_array_append_new(list, view_neighbor(ctx, &vr, &neighbors[i]));
	free(neighbors);
	return list;
}
