/* SPDX-License-Identifier: BSD-3-Clause */
/* Methods filter.list and policy.list. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctrl/cmd.h"

static void set_prefix(json_t *object, const char *name, const struct ip_prefix *prefix)
{
	char text[IP_PREFIX_STRLEN];

	if (prefix->addr.af)
		json_object_set_new(object, name, json_string(prefix_print(prefix, text)));
}

static void set_ports(json_t *object, const char *name, uint16_t first, uint16_t last)
{
	if (first == 0 && last == UINT16_MAX)
		return;
	json_object_set_new(object, name,
		first == last ? json_sprintf("%u", first) : json_sprintf("%u-%u", first, last));
}

/* Members only for what the rule names. */
static void set_match(json_t *object, const struct model_match *match)
{
	json_t *dscp;

	if (match->proto != MODEL_PROTO_ANY)
		json_object_set_new(object, "proto", json_integer(match->proto));
	set_prefix(object, "from", &match->from);
	set_prefix(object, "to", &match->to);
	set_ports(object, "sport", match->sport_first, match->sport_last);
	set_ports(object, "dport", match->dport_first, match->dport_last);
	if (!match->dscp)
		return;
	dscp = json_array();
	for (unsigned int point = 0; point < 64; point++) {
		if (match->dscp >> point & 1)
			json_array_append_new(dscp, json_integer(point));
	}
	json_object_set_new(object, "dscp", dscp);
}

static void set_name(json_t *object, const char *name)
{
	json_object_set_new(object, "name", name[0] ? json_string(name) : json_null());
}

static void set_counts(json_t *object, const struct dp_rule_stats *stats)
{
	json_object_set_new(object, "packets", json_integer((json_int_t)stats->packets));
	json_object_set_new(object, "bytes", json_integer((json_int_t)stats->bytes));
}

static int append_rules(json_t *list, const char *iface, uint32_t id, enum dp_direction direction,
	const struct model_filter_rule *rules, size_t n)
{
	struct dp_rule_stats *stats = calloc(n + 1, sizeof(*stats));
	size_t n_running;
	int rc = stats ? dp_filter_stats_get(id, direction, stats, n, &n_running) : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		json_t *object = json_pack("{s:s, s:s, s:I, s:s}", "interface", iface, "direction",
			direction == DP_IN ? "in" : "out", "rule", (json_int_t)(i + 1), "action",
			rules[i].drop ? "drop" : "accept");

		set_name(object, rules[i].name);
		set_match(object, &rules[i].match);
		set_counts(object, &stats[i]);
		json_array_append_new(list, object);
	}
	free(stats);
	return rc;
}

static json_t *refused(struct rpc_error *error, const struct running_vr *vr, const char *what,
	int rc, json_t *list)
{
	json_decref(list);
	rpc_error_set(error, RPC_REFUSED, "%s of %s/%s: %s", what, vr->vpxi->name, vr->router->name,
		strerror(-rc));
	return NULL;
}

json_t *cmd_filter_list(void *ctx, json_t *params, struct rpc_error *error)
{
	struct control *control = ctx;
	json_t *list = json_array();
	struct running_vr vr;
	int rc = 0;

	if (cmd_vr(control, params, &vr, error) < 0) {
		json_decref(list);
		return NULL;
	}
	for (size_t i = 0; rc == 0 && i < vr.router->n_interfaces; i++) {
		const struct model_interface *iface = &vr.router->interfaces[i];
		uint32_t id = ids_iface(
			&control->running.ids, vr.vpxi->name, vr.router->name, iface->name);

		rc = append_rules(
			list, iface->name, id, DP_IN, iface->filter.in, iface->filter.n_in);
		if (rc == 0)
			rc = append_rules(list, iface->name, id, DP_OUT, iface->filter.out,
				iface->filter.n_out);
	}
	return rc < 0 ? refused(error, &vr, "filters", rc, list) : list;
}

static json_t *view_policy(
	size_t index, const struct model_policy *policy, const struct dp_rule_stats *stats)
{
	static const char *const elses[] = {[MODEL_ELSE_ROUTE] = "route",
		[MODEL_ELSE_NEXT] = "next",
		[MODEL_ELSE_DROP] = "drop"};
	bool leads = !policy->drop && !policy->route;
	json_t *object = json_pack("{s:I, s:s, s:b}", "policy", (json_int_t)(index + 1), "action",
		policy->drop            ? "drop"
			: policy->route ? "route"
					: "via",
		"alive", stats->alive);
	char text[IP_ADDR_STRLEN];
	json_t *vias;

	set_name(object, policy->name);
	set_match(object, &policy->match);
	if (policy->in[0])
		json_object_set_new(object, "in", json_string(policy->in));
	if (leads) {
		vias = json_array();
		for (size_t i = 0; i < policy->n_vias; i++)
			json_array_append_new(
				vias, json_string(ipaddr_print(&policy->vias[i], text)));
		json_object_set_new(object, "via", vias);
		json_object_set_new(object, "else", json_string(elses[policy->other]));
	}
	if (policy->dev[0])
		json_object_set_new(object, "dev", json_string(policy->dev));
	set_counts(object, stats);
	return object;
}

json_t *cmd_policy_list(void *ctx, json_t *params, struct rpc_error *error)
{
	struct dp_rule_stats *stats;
	struct running_vr vr;
	size_t n, n_running;
	json_t *list;
	int rc;

	if (cmd_vr(ctx, params, &vr, error) < 0)
		return NULL;
	n = vr.router->n_policies;
	list = json_array();
	stats = calloc(n + 1, sizeof(*stats));
	rc = stats ? dp_policy_stats_get(vr.id, stats, n, &n_running) : -ENOMEM;
	for (size_t i = 0; rc == 0 && i < n; i++)
		json_array_append_new(list, view_policy(i, &vr.router->policies[i], &stats[i]));
	free(stats);
	return rc < 0 ? refused(error, &vr, "policies", rc, list) : list;
}
