/* SPDX-License-Identifier: BSD-3-Clause */
/* Methods rate.show and rate.set. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctrl/clock.h"
#include "ctrl/cmd.h"
#include "ctrl/view.h"
#include "lib/log.h"
#include "lib/rate.h"

/* ---- show ---- */

/* NAME is VPXI, VPXI/VR, VPXI/VR/INTERFACE or NULL for all. */
static bool name_selects(const char *name, const struct running_iface *iface)
{
	char full[IDMAP_KEY_LEN];
	size_t len;

	if (!name)
		return true;
	len = strlen(name);
	snprintf(full, sizeof(full), "%s/%s/%s", iface->vr.vpxi->name, iface->vr.router->name,
		iface->iface->name);
	return strncmp(full, name, len) == 0 && (full[len] == '/' || full[len] == '\0');
}

static void append_router(
	struct control *control, struct running_iface *at, const char *name, json_t *list)
{
	struct model_router *router = at->vr.router;

	for (size_t i = 0; i < router->n_interfaces; i++) {
		at->iface = &router->interfaces[i];
		if (!name_selects(name, at))
			continue;
		at->id = ids_iface(
			&control->running.ids, at->vr.vpxi->name, router->name, at->iface->name);
		json_array_append_new(list, view_rate(control, at));
	}
}

json_t *cmd_rate_show(void *ctx, json_t *params, struct rpc_error *error)
{
	const char *name = cmd_string(params, "name");
	struct control *control = ctx;
	const struct model_site *site = control->running.model;
	json_t *list = json_array();

	for (size_t v = 0; v < site->n_vpxis; v++) {
		struct running_iface at = {.vr.vpxi = &site->vpxis[v]};

		for (size_t r = 0; r < site->vpxis[v].n_routers; r++) {
			at.vr.router = &site->vpxis[v].routers[r];
			append_router(control, &at, name, list);
		}
	}
	/* A VPXI or router without interfaces has no links; a name that is nobody's is wrong. */
	if (name && json_array_size(list) == 0) {
		struct running_vr vr;

		if (!model_vpxi_lookup(site, name) &&
			running_vr_lookup(&control->running, name, &vr) < 0) {
			json_decref(list);
			rpc_error_set(error, RPC_NOT_FOUND,
				"no VPXI, virtual router or interface '%.300s'", name);
			return NULL;
		}
	}
	return list;
}

/* ---- set ---- */

static int check_rate(const char *member, uint64_t bps, bool zero_is_none, struct rpc_error *error)
{
	char text[RATE_STRLEN], low[RATE_STRLEN], high[RATE_STRLEN];

	if ((bps == 0 && zero_is_none) || (bps >= RATE_MIN_BPS && bps <= RATE_MAX_BPS))
		return 0;
	rpc_error_set(error, RPC_INVALID_PARAMS, "rate.set: %s %s is not within %s and %s", member,
		rate_print(bps, text), rate_print(RATE_MIN_BPS, low),
		rate_print(RATE_MAX_BPS, high));
	error->data = json_pack("{s:s}", "member", member);
	return -EINVAL;
}

/* The members that are present, over what RATE has. */
static int parse_rate(const json_t *params, struct model_rate *rate, struct rpc_error *error)
{
	const json_t *min = json_object_get(params, "min_bps");
	const json_t *max = json_object_get(params, "max_bps");
	const json_t *fixed = json_object_get(params, "static_bps");

	if (!min && !max && !fixed) {
		rpc_error_set(error, RPC_INVALID_PARAMS,
			"rate.set: one of 'min_bps', 'max_bps', 'static_bps' is needed");
		return -EINVAL;
	}
	if (fixed && (min || max)) {
		rpc_error_set(error, RPC_INVALID_PARAMS,
			"rate.set: 'static_bps' excludes 'min_bps' and 'max_bps'");
		return -EINVAL;
	}
	if (fixed) {
		rate->min_bps = (uint64_t)json_integer_value(fixed); /* null: 0, refused */
		rate->max_bps = rate->min_bps;
		return check_rate("static_bps", rate->min_bps, false, error);
	}
	if (min) {
		rate->min_bps = (uint64_t)json_integer_value(min); /* null: 0, no guarantee */
		if (check_rate("min_bps", rate->min_bps, true, error) < 0)
			return -EINVAL;
	}
	if (max && json_is_null(max)) {
		rate->max_bps = MODEL_RATE_NONE;
	} else if (max) {
		rate->max_bps = (uint64_t)json_integer_value(max);
		if (check_rate("max_bps", rate->max_bps, false, error) < 0)
			return -EINVAL;
	}
	return 0;
}

/* All or nothing: the model has the old rate again when this fails. */
static int change_rate(struct control *control, const struct running_iface *iface,
	const struct model_port *port, const struct model_rate *rate, size_t *n_changed,
	struct rpc_error *error)
{
	struct grant_speeds speeds = running_speeds(&control->running);
	struct model_rate *kept = running_accepted_rate(&control->running, iface);
	struct model_rate old = iface->iface->rate;
	char err[DP_ERR_LEN] = "";
	struct grant_fault fault;
	int rc;

	iface->iface->rate = *rate;
	if (kept) {
		*kept = *rate;
		control->running.accepted->now_s = clock_now_s();
	}
	rc = grant_check(running_accepted(&control->running), port, &speeds, &fault);
	if (rc == -ENOSPC)
		cmd_error_fault(error, &fault);
	else if (rc < 0)
		rpc_error_set(error, RPC_INTERNAL_ERROR, "%s", strerror(-rc));
	/* A link that was not shaped gets a queue. */
	if (rc == 0)
		rc = cmd_check_bufs(running_accepted(&control->running), error);
	if (rc == 0) {
		rc = running_regrant(&control->running, port, n_changed, err);
		if (rc < 0)
			rpc_error_set(error, RPC_REFUSED, "%s", err);
	}
	if (rc < 0)
		iface->iface->rate = old;
	if (rc < 0 && kept)
		*kept = old;
	return rc;
}

/* Names and numbers of a port's thousands of links: made without json_pack, which reads its format
 * anew for each, and without looking for bad UTF-8 in names that the check let pass. */
static json_t *view_link(const struct grant_link *link)
{
	json_t *object = json_object();
	char name[MODEL_NAME_MAX * 2 + 2];

	snprintf(name, sizeof(name), "%s/%s", link->vpxi->name, link->router->name);
	json_object_set_new_nocheck(object, "vpxi", json_string_nocheck(link->vpxi->name));
	json_object_set_new_nocheck(object, "vrouter", json_string_nocheck(name));
	json_object_set_new_nocheck(object, "interface", json_string_nocheck(link->iface->name));
	json_object_set_new_nocheck(
		object, "min_bps", json_integer((json_int_t)link->iface->rate.min_bps));
	json_object_set_new_nocheck(
		object, "max_bps", view_bps(link->iface->rate.max_bps, MODEL_RATE_NONE));
	json_object_set_new_nocheck(object, "granted_bps", view_bps(link->grant.granted_bps, 0));
	return object;
}

static json_t *view_links(struct control *control, const struct model_port *port)
{
	struct grant_speeds speeds = running_speeds(&control->running);
	json_t *list = json_array();
	struct grant_set set;

	if (grant_port(control->running.model, port, &speeds, &set) < 0)
		return list;
	for (size_t i = 0; i < set.n; i++)
		json_array_append_new(list, view_link(&set.links[i]));
	grant_set_fini(&set);
	return list;
}

json_t *cmd_rate_set(void *ctx, json_t *params, struct rpc_error *error)
{
	const char *name = cmd_string(params, "interface");
	struct control *control = ctx;
	struct grant_speeds speeds = running_speeds(&control->running);
	const struct model_port *port;
	struct running_iface iface;
	struct model_rate rate;
	size_t n_changed = 0;
	uint64_t began_ns, took_ns;

	if (running_iface_lookup(&control->running, name, &iface) < 0) {
		rpc_error_set(
			error, RPC_NOT_FOUND, "no interface '%.300s' (VPXI/VR/INTERFACE)", name);
		return NULL;
	}
	port = model_port_lookup(control->running.model, iface.iface->port);
	rate = iface.iface->rate;
	if (parse_rate(params, &rate, error) < 0)
		return NULL;
	/* Line 0 says that there is no rate at all. */
	if (grant_is_best_effort(&rate))
		rate.loc = (struct model_loc){0};
	else if (rate.loc.line == 0)
		rate.loc = iface.iface->loc.line ? iface.iface->loc : (struct model_loc){1, 1};
	began_ns = control_now_ns();
	if (change_rate(control, &iface, port, &rate, &n_changed, error) < 0)
		return NULL;
	took_ns = control_now_ns() - began_ns;
	log_info("control", "interface %s: rate set links_changed=%zu took_ns=%llu", name,
		n_changed, (unsigned long long)took_ns);
	return json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:o}", "interface", name, "port",
		port->name, "direction", "transmit", "capacity_bps",
		view_bps(grant_capacity(port, &speeds), GRANT_UNKNOWN), "changed",
		(json_int_t)n_changed, "took_ns", (json_int_t)took_ns, "links",
		view_links(control, port));
}
