/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of methods, the reports, and what all methods share. */
#include "ctrl/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/lease.h"
#include "ctrl/view.h"
#include "lib/log.h"

/* ---- what all methods share ---- */

const char *cmd_string(const json_t *params, const char *name)
{
	return json_string_value(json_object_get(params, name));
}

int cmd_vr(struct control *control, const json_t *params, struct running_vr *vr,
	struct rpc_error *error)
{
	const char *name = cmd_string(params, "vrouter");

	if (name && running_vr_lookup(&control->running, name, vr) == 0)
		return 0;
	rpc_error_set(
		error, RPC_NOT_FOUND, "no virtual router '%.300s' (VPXI/VR)", name ? name : "");
	return -ENOENT;
}

json_t *cmd_diag_lines(const struct diag *diag)
{
	char *text = diag_format(diag), *next = text, *line;
	json_t *lines = json_array();

	while ((line = strsep(&next, "\n"))) {
		if (*line)
			json_array_append_new(lines, json_string(line));
	}
	free(text);
	return lines;
}

void cmd_error_diag(struct rpc_error *error, const struct diag *diag, const char *what)
{
	json_t *lines = cmd_diag_lines(diag);
	const char *first = json_string_value(json_array_get(lines, 0));

	if (diag->n_errors > 1)
		rpc_error_set(error, RPC_REFUSED, "%s refused, nothing changed: %zu faults", what,
			diag->n_errors);
	else
		rpc_error_set(error, RPC_REFUSED, "%s refused, nothing changed: %s", what,
			first ? first : "out of memory");
	error->data = json_pack("{s:o}", "diag", lines);
}

void cmd_error_fault(struct rpc_error *error, const struct grant_fault *fault)
{
	bool over_max = fault->error.fault == RATEALLOC_MIN_OVER_MAX;
	char text[400];

	grant_fault_print(fault, text, sizeof(text));
	rpc_error_set(error, RPC_INFEASIBLE, "infeasible: %s", text);
	error->data = json_pack("{s:s, s:s, s:o, s:o, s:I}", "constraint",
		over_max ? "min_over_max" : "minima_over_capacity", "port", fault->port->name,
		"interface",
		json_sprintf(
			"%s/%s/%s", fault->vpxi->name, fault->router->name, fault->iface->name),
		"capacity_bps", view_bps(fault->capacity_bps, GRANT_UNKNOWN), "excess_bps",
		(json_int_t)fault->error.excess_bps);
	if (fault->at_s != INT64_MIN)
		json_object_set_new(
			error->data, "at", json_string(lease_time_print(fault->at_s, text)));
}

/* ---- reports ---- */

static json_t *run_version(void *ctx, json_t *params, struct rpc_error *error)
{
	(void)ctx;
	(void)params;
	(void)error;
	return json_pack("{s:s, s:i}", "version", HPSROUTER_VERSION, "protocol", RPC_VERSION);
}

static json_t *run_status(void *ctx, json_t *params, struct rpc_error *error)
{
	(void)params;
	(void)error;
	return view_status(ctx);
}

static json_t *run_slice_list(void *ctx, json_t *params, struct rpc_error *error)
{
	(void)params;
	(void)error;
	return view_slices(ctx);
}

static json_t *run_port_list(void *ctx, json_t *params, struct rpc_error *error)
{
	(void)params;
	(void)error;
	return view_ports(ctx);
}

static json_t *run_vpxi_list(void *ctx, json_t *params, struct rpc_error *error)
{
	(void)params;
	(void)error;
	return view_vpxis(ctx);
}

static json_t *run_vrouter_list(void *ctx, json_t *params, struct rpc_error *error)
{
	(void)params;
	(void)error;
	return view_vrs(ctx, NULL, false);
}

static json_t *run_vrouter_show(void *ctx, json_t *params, struct rpc_error *error)
{
	struct running_vr vr;

	if (cmd_vr(ctx, params, &vr, error) < 0)
		return NULL;
	return view_vr(ctx, &vr, true);
}

/* Member "vrouter" may be absent: all of them. */
static int select_vr(struct control *control, const json_t *params, struct running_vr *vr,
	const struct running_vr **select, struct rpc_error *error)
{
	*select = NULL;
	if (!json_object_get(params, "vrouter"))
		return 0;
	*select = vr;
	return cmd_vr(control, params, vr, error);
}

static json_t *run_stats(void *ctx, json_t *params, struct rpc_error *error)
{
	const struct running_vr *select;
	struct running_vr vr;

	if (select_vr(ctx, params, &vr, &select, error) < 0)
		return NULL;
	return view_stats(ctx, select);
}

static int reset_latency(struct control *control, const char *vpxi, const char *router)
{
	uint32_t id = ids_vr(&control->running.ids, vpxi, router);
	const struct stats_vr *vr = stats_vr_lookup(&control->stats, id);

	/* It was created since the last tick. */
	if (!vr) {
		int rc = stats_tick(&control->stats, &control->running, control_now_ns());

		if (rc < 0)
			return rc;
		vr = stats_vr_lookup(&control->stats, id);
	}
	return vr ? stats_latency_reset(vr) : -ENOENT;
}

/* All routers, or SELECT. */
static int reset_latencies(struct control *control, const struct running_vr *select)
{
	const struct model_site *site = control->running.model;
	int rc = 0;

	if (select)
		return reset_latency(control, select->vpxi->name, select->router->name);
	for (size_t v = 0; rc == 0 && v < site->n_vpxis; v++)
		for (size_t r = 0; rc == 0 && r < site->vpxis[v].n_routers; r++)
			rc = reset_latency(
				control, site->vpxis[v].name, site->vpxis[v].routers[r].name);
	return rc;
}

static json_t *run_latency(void *ctx, json_t *params, struct rpc_error *error)
{
	json_t *window = json_object_get(params, "window_s");
	json_int_t seconds = window ? json_integer_value(window) : 1;
	const struct running_vr *select;
	struct running_vr vr;
	json_t *result;

	if (seconds < 1 || seconds > (json_int_t)STATS_WINDOW_MAX) {
		rpc_error_set(error, RPC_INVALID_PARAMS,
			"latency: member 'window_s' must be from 1 to %u", STATS_WINDOW_MAX);
		error->data = json_pack("{s:s}", "member", "window_s");
		return NULL;
	}
	if (select_vr(ctx, params, &vr, &select, error) < 0)
		return NULL;
	result = view_latency(ctx, select, (unsigned int)seconds);
	if (json_is_true(json_object_get(params, "reset")) && reset_latencies(ctx, select) < 0) {
		rpc_error_set(error, RPC_INTERNAL_ERROR, "latency: %s", strerror(ENOMEM));
		json_decref(result);
		return NULL;
	}
	return result;
}

/* ---- life cycle ---- */

static int set_state(const struct running_vr *vr, const char *verb)
{
	int rc;

	if (strcmp(verb, "start") == 0 || strcmp(verb, "resume") == 0)
		return dp_vr_set_state(vr->id, DP_VR_RUNNING);
	if (strcmp(verb, "stop") == 0)
		return dp_vr_set_state(vr->id, DP_VR_STOPPED);
	if (strcmp(verb, "suspend") == 0)
		return dp_vr_set_state(vr->id, DP_VR_SUSPENDED);
	rc = dp_vr_set_state(vr->id, DP_VR_STOPPED);
	return rc < 0 ? rc : dp_vr_set_state(vr->id, DP_VR_RUNNING);
}

/* resume is for suspended routers, start for stopped ones, suspend for running ones; asked for
 * again, each is done already. */
static bool verb_fits(const char *verb, enum dp_vr_state state)
{
	if (strcmp(verb, "start") == 0)
		return state != DP_VR_SUSPENDED;
	if (strcmp(verb, "resume") == 0 || strcmp(verb, "suspend") == 0)
		return state != DP_VR_STOPPED;
	return true;
}

static json_t *change_state(void *ctx, json_t *params, struct rpc_error *error, const char *verb)
{
	struct dp_vr_stats stats;
	struct running_vr vr;
	int rc;

	if (cmd_vr(ctx, params, &vr, error) < 0)
		return NULL;
	rc = dp_vr_stats_get(vr.id, &stats);
	if (rc == 0 && !verb_fits(verb, stats.state)) {
		rpc_error_set(error, RPC_REFUSED, "%s %s/%s: it is %s", verb, vr.vpxi->name,
			vr.router->name, view_vr_state(stats.state));
		return NULL;
	}
	if (rc == 0)
		rc = set_state(&vr, verb);
	if (rc == 0)
		rc = dp_vr_stats_get(vr.id, &stats);
	if (rc < 0) {
		rpc_error_set(error, RPC_REFUSED, "%s %s/%s: %s", verb, vr.vpxi->name,
			vr.router->name, strerror(-rc));
		return NULL;
	}
	log_info("control", "vrouter %s/%s: %s", vr.vpxi->name, vr.router->name, verb);
	return json_pack("{s:s, s:o, s:s}", "vpxi", vr.vpxi->name, "vrouter",
		json_sprintf("%s/%s", vr.vpxi->name, vr.router->name), "state",
		view_vr_state(stats.state));
}

static json_t *run_start(void *ctx, json_t *params, struct rpc_error *error)
{
	return change_state(ctx, params, error, "start");
}

static json_t *run_stop(void *ctx, json_t *params, struct rpc_error *error)
{
	return change_state(ctx, params, error, "stop");
}

static json_t *run_suspend(void *ctx, json_t *params, struct rpc_error *error)
{
	return change_state(ctx, params, error, "suspend");
}

static json_t *run_resume(void *ctx, json_t *params, struct rpc_error *error)
{
	return change_state(ctx, params, error, "resume");
}

static json_t *run_restart(void *ctx, json_t *params, struct rpc_error *error)
{
	return change_state(ctx, params, error, "restart");
}

/* ---- the table ---- */

#define VR_REQUIRED                         \
	{                                   \
		"vrouter", RPC_STRING, true \
	}
#define VR_OPTIONAL                          \
	{                                    \
		"vrouter", RPC_STRING, false \
	}
#define ROUTE_PARAMS                                                                \
	{                                                                           \
		VR_REQUIRED, {"to", RPC_STRING, true}, {"via", RPC_STRINGS, false}, \
			{"dev", RPC_STRING, false},                                 \
		{                                                                   \
			"metric", RPC_INTEGER, false                                \
		}                                                                   \
	}

/* clang-format off */
const struct rpc_method cmd_methods[] = {
	{"version", run_version, {{0}}},
	{"status", run_status, {{0}}},
	{"slice.list", run_slice_list, {{0}}},
	{"port.list", run_port_list, {{0}}},
	{"vpxi.list", run_vpxi_list, {{0}}},
	{"vpxi.apply", cmd_vpxi_apply, {{"file", RPC_STRING, false}, {"text", RPC_STRING, false}}},
	{"vpxi.remove", cmd_vpxi_remove, {{"vpxi", RPC_STRING, true}}},
	{"vrouter.list", run_vrouter_list, {{0}}},
	{"vrouter.show", run_vrouter_show, {VR_REQUIRED}},
	{"vrouter.start", run_start, {VR_REQUIRED}},
	{"vrouter.stop", run_stop, {VR_REQUIRED}},
	{"vrouter.suspend", run_suspend, {VR_REQUIRED}},
	{"vrouter.resume", run_resume, {VR_REQUIRED}},
	{"vrouter.restart", run_restart, {VR_REQUIRED}},
	{"vrouter.move", cmd_vrouter_move, {VR_REQUIRED, {"slice", RPC_STRING, true}}},
	{"route.list", cmd_route_list, {VR_REQUIRED, {"limit", RPC_INTEGER, false}}},
	{"route.add", cmd_route_add, ROUTE_PARAMS},
	{"route.replace", cmd_route_replace, ROUTE_PARAMS},
	{"route.del", cmd_route_del, ROUTE_PARAMS},
	{"filter.list", cmd_filter_list, {VR_REQUIRED}},
	{"policy.list", cmd_policy_list, {VR_REQUIRED}},
	{"neighbor.list", cmd_neighbor_list, {VR_REQUIRED}},
	{"rate.show", cmd_rate_show, {{"name", RPC_STRING, false}}},
	{"rate.set", cmd_rate_set, {{"interface", RPC_STRING, true}, {"min_bps", RPC_RATE, false},
		{"max_bps", RPC_RATE, false}, {"static_bps", RPC_RATE, false}}},
	{"stats", run_stats, {VR_OPTIONAL}},
	{"latency", run_latency, {VR_OPTIONAL, {"window_s", RPC_INTEGER, false}, {"reset", RPC_BOOL, false}}},
	{"clock.show", cmd_clock_show, {{0}}},
	{"clock.set", cmd_clock_set, {{"time", RPC_STRING, true}}},
	{"reload", cmd_reload, {{"file", RPC_STRING, false}}},
	{"config.show", cmd_config_show, {{0}}},
	{NULL, NULL, {{0}}},
};
/* clang-format on */

static char *serve(void *ctx, const char *line, size_t len)
{
	return rpc_serve(cmd_methods, ctx, line, len);
}

static char *refuse(void *ctx, const char *why)
{
	(void)ctx;
	return rpc_refuse(
		strncmp(why, "not permitted", 13) == 0 ? RPC_NOT_PERMITTED : RPC_INVALID_REQUEST,
		why);
}

struct sock_service cmd_service(struct control *control)
{
	return (struct sock_service){.serve = serve, .refuse = refuse, .ctx = control};
}
