/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters, checks, probes and policies of the model as the dataplane's specifications; as dpspec.h.
 */
#ifndef HPSR_CTRL_DPSPEC_GUARD_H
#define HPSR_CTRL_DPSPEC_GUARD_H

#include "ctrl/dpspec.h"

void dpspec_filter_rule(const struct model_filter_rule *rule, struct dp_filter_rule *spec);
enum dp_rpf dpspec_rpf(enum model_rpf rpf);
void dpspec_probe(const struct model_probe *probe, struct dp_probe_spec *spec);
/* 0, or -EINVAL with ERR (DP_ERR_LEN): as dpspec_route. */
int dpspec_policy(const struct model_vpxi *vpxi, const struct model_router *router,
	const struct model_policy *policy, const struct ids *ids, struct dp_policy_spec *spec,
	char *err);

#endif
