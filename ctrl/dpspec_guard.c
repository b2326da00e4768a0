/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/dpspec_guard.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define US_PER_MS 1000u

static void dpspec_match(const struct model_match *match, struct dp_match_spec *spec)
{
	*spec = (struct dp_match_spec){.from = match->from,
		.to = match->to,
		.proto = match->proto == MODEL_PROTO_ANY ? DP_PROTO_ANY : match->proto,
		.sport_first = match->sport_first,
		.sport_last = match->sport_last,
		.dport_first = match->dport_first,
		.dport_last = match->dport_last,
		.dscp = match->dscp};
}

void dpspec_filter_rule(const struct model_filter_rule *rule, struct dp_filter_rule *spec)
{
	memset(spec, 0, sizeof(*spec));
	snprintf(spec->name, sizeof(spec->name), "%s", rule->name);
	spec->drop = rule->drop;
	dpspec_match(&rule->match, &spec->match);
}

enum dp_rpf dpspec_rpf(enum model_rpf rpf)
{
	switch (rpf) {
	case MODEL_RPF_STRICT:
		return DP_RPF_STRICT;
	case MODEL_RPF_LOOSE:
		return DP_RPF_LOOSE;
	case MODEL_RPF_OFF:
		break;
	}
	return DP_RPF_OFF;
}

void dpspec_probe(const struct model_probe *probe, struct dp_probe_spec *spec)
{
	*spec = (struct dp_probe_spec){.peer = probe->peer,
		.interval_us = probe->interval_ms * US_PER_MS,
		.multiplier = (uint8_t)probe->multiplier};
}

static int no_interface(const struct model_vpxi *vpxi, const struct model_router *router,
	const char *what, const char *name, char *err)
{
	int n = snprintf(err, DP_ERR_LEN, "%s: no interface %s", what, name);

	if (n > 0 && n < DP_ERR_LEN)
		snprintf(err + n, (size_t)(DP_ERR_LEN - n), " in %s/%s", vpxi->name, router->name);
	return -EINVAL;
}

int dpspec_policy(const struct model_vpxi *vpxi, const struct model_router *router,
	const struct model_policy *policy, const struct ids *ids, struct dp_policy_spec *spec,
	char *err)
{
	static const enum dp_else elses[] = {[MODEL_ELSE_ROUTE] = DP_ELSE_ROUTE,
		[MODEL_ELSE_NEXT] = DP_ELSE_NEXT,
		[MODEL_ELSE_DROP] = DP_ELSE_DROP};
	char what[MODEL_NAME_MAX + 16];

	memset(spec, 0, sizeof(*spec));
	snprintf(spec->name, sizeof(spec->name), "%s", policy->name);
	dpspec_match(&policy->match, &spec->match);
	spec->route = policy->route;
	spec->other = elses[policy->other];
	snprintf(what, sizeof(what), "policy %s", policy->name);
	if (policy->in[0]) {
		spec->match.in = ids_iface(ids, vpxi->name, router->name, policy->in);
		if (!spec->match.in)
			return no_interface(vpxi, router, what, policy->in, err);
	}
	return dpspec_nexthops(vpxi, router, what, policy->vias, policy->n_vias, policy->dev, 0,
		ids, spec->nexthops, &spec->n_nexthops, err);
}
