/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/policy.h"

static bool hops_equal(const struct dp_policy_spec *a, const struct dp_policy_spec *b)
{
	if (a->n_nexthops != b->n_nexthops)
		return false;
	for (size_t i = 0; i < a->n_nexthops; i++)
		if (a->nexthops[i].iface != b->nexthops[i].iface ||
			a->nexthops[i].metric != b->nexthops[i].metric ||
			ipaddr_cmp(&a->nexthops[i].via, &b->nexthops[i].via) != 0)
			return false;
	return true;
}

static bool spec_equal(const struct dp_policy_spec *a, const struct dp_policy_spec *b)
{
	return a->route == b->route && a->other == b->other && strcmp(a->name, b->name) == 0 &&
		hops_equal(a, b) && acl_match_equal(&a->match, &b->match);
}

static void find_before(struct policies *policies, const struct policies *before)
{
	for (uint32_t i = 0; i < policies->n; i++)
		for (uint32_t j = 0; j < before->n && policies->before[i] == 0; j++)
			if (spec_equal(&policies->specs[i], &before->specs[j]))
				policies->before[i] = j + 1;
}

/* A next hop of one family carries packets of that family only. */
static void match_narrow(struct dp_policy_spec *spec)
{
	struct dp_match_spec *match = &spec->match;

	if (spec->n_nexthops > 0 && match->from.addr.af == IP_AF_NONE &&
		match->to.addr.af == IP_AF_NONE)
		match->to.addr.af = spec->nexthops[0].via.af;
}

static int policies_fill(
	struct vr *vr, const struct dp_policy_spec *specs, size_t n, struct policies *policies)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct policy *item = &policies->items[i];
		struct dp_policy_spec *spec = &policies->specs[i];

		*spec = specs[i];
		rc = acl_match_check(&spec->match);
		if (rc < 0)
			break;
		match_narrow(spec);
		policies->matches[i] = &spec->match;
		item->route = spec->route;
		item->other = (uint8_t)spec->other;
		if (!spec->route)
			rc = nexthop_get(
				&vr->nexthops, spec->nexthops, spec->n_nexthops, &item->nh);
		if (rc == 0) {
			nexthop_watch(item->nh, true);
			policies->n = (uint32_t)(i + 1);
		}
	}
	return rc;
}

int policies_create(struct vr *vr, const struct dp_policy_spec *specs, size_t n,
	const struct policies *before, struct policies **out)
{
	struct policies *policies = calloc(1, sizeof(*policies));
	int rc = -ENOMEM;

	*out = policies;
	if (policies == NULL)
		return -ENOMEM;
	policies->items = calloc(n, sizeof(*policies->items));
	policies->matches = calloc(n, sizeof(*policies->matches));
	policies->specs = calloc(n, sizeof(*policies->specs));
	policies->before = calloc(n, sizeof(*policies->before));
	if (policies->items != NULL && policies->matches != NULL && policies->specs != NULL &&
		policies->before != NULL)
		rc = policies_fill(vr, specs, n, policies);
	if (rc == 0)
		rc = acl_create(IP_AF_4, policies->matches, n, &policies->acl4);
	if (rc == 0)
		rc = acl_create(IP_AF_6, policies->matches, n, &policies->acl6);
	if (rc == 0 && before != NULL)
		find_before(policies, before);
	return rc;
}

size_t policies_put(struct vr *vr, const struct policies *policies, uint32_t *dead)
{
	size_t n_dead = 0;

	for (uint32_t i = 0; i < policies->n; i++) {
		nexthop_watch(policies->items[i].nh, false);
		nexthop_put(&vr->nexthops, policies->items[i].nh, &dead[n_dead]);
		n_dead += dead[n_dead] != ADJ_NO_ROUTE;
	}
	return n_dead;
}

void policies_destroy(struct policies *policies)
{
	if (policies == NULL)
		return;
	acl_destroy(policies->acl4);
	acl_destroy(policies->acl6);
	free(policies->items);
	free(policies->matches);
	free(policies->specs);
	free(policies->before);
	free(policies);
}

void policies_carry(struct policies *policies, const struct policies *before)
{
	for (uint32_t i = 0; i < policies->n; i++) {
		const struct policy *item;

		if (policies->before[i] == 0)
			continue;
		item = &before->items[policies->before[i] - 1];
		policies->items[i].packets = item->packets;
		policies->items[i].bytes = item->bytes;
	}
}

bool policies_concern(const struct policies *policies, dp_iface_id iface)
{
	for (uint32_t i = 0; policies != NULL && i < policies->n; i++)
		if (policies->matches[i]->in == 0 || policies->matches[i]->in == iface)
			return true;
	return false;
}

void policies_refresh(const struct ctx *ctx, const struct vr *vr, struct policies *policies)
{
	for (uint32_t i = 0; i < policies->n; i++)
		policies->items[i].alive = live_adj(ctx, adj_at(policies->items[i].nh));
	policies->generation = vr->live_generation;
}
