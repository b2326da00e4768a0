/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/live.h"
#include "dataplane/probe.h"

bool live_adj(const struct ctx *ctx, const struct adj *adj)
{
	const struct iface *out = adj->out;
	const struct port_txq *txq;

	if (adj->kind == ADJ_KIND_GROUP) {
		for (uint32_t i = 0; i < adj->group->n; i++)
			if (live_adj(ctx, adj_at(adj->group->members[i].adj)))
				return true;
		return false;
	}
	if (adj->kind == ADJ_KIND_FAILED)
		return false;
	if (out == NULL)
		return true;
	txq = ctx->txq[out->port_index];
	return txq != NULL && txq->limit != 0 &&
		(out->probe == NULL || probe_allows(out->probe, adj));
}

/* The lowest metric of members that live. False: none lives, and it is the lowest of all. */
static bool metric_used(const struct ctx *ctx, const struct adj_group *group, uint32_t *metric)
{
	uint32_t best = UINT32_MAX, lowest = UINT32_MAX;
	bool any = false;

	for (uint32_t i = 0; i < group->n; i++) {
		uint32_t own = group->members[i].metric;

		lowest = RTE_MIN(lowest, own);
		if (own > best || (own == best && any) ||
			!live_adj(ctx, adj_at(group->members[i].adj)))
			continue;
		best = own;
		any = true;
	}
	*metric = any ? best : lowest;
	return any;
}

void live_group_fill(const struct ctx *ctx, const struct vr *vr, struct adj_group *group)
{
	uint32_t tier[DP_NEXTHOPS_MAX], alive[DP_NEXTHOPS_MAX], metric, n = 0, n_alive = 0;
	bool any = metric_used(ctx, group, &metric);

	for (uint32_t i = 0; i < group->n; i++) {
		uint32_t adj = group->members[i].adj;

		if (group->members[i].metric != metric)
			continue;
		if (!any || live_adj(ctx, adj_at(adj))) {
			alive[n_alive++] = adj;
			tier[n++] = adj;
		} else {
			tier[n++] = ADJ_NO_ROUTE;
		}
	}
	for (uint32_t i = 0; i < ADJ_GROUP_SLOTS; i++) {
		uint32_t adj = tier[i % n];

		group->slots[i] = adj != ADJ_NO_ROUTE ? adj : alive[i / n % n_alive];
	}
	group->generation = vr->live_generation;
}

void live_ports_changed(struct ctx *ctx)
{
	for (struct vr *vr = ctx->vrs; vr != NULL; vr = vr->next_of_worker)
		vr_live_changed(vr);
}
