/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/plan/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int plan_init(struct plan *plan, const struct substrate *substrate)
{
	size_t n = 0;

	memset(plan, 0, sizeof(*plan));
	plan->substrate = substrate;
	for (size_t s = 0; s < substrate->n_sites; s++) {
		for (size_t i = 0; i < substrate->sites[s].n_slices; i++)
			n += substrate->sites[s].slices[i].lcores;
	}
	plan->bin_site = calloc(n + 1, sizeof(*plan->bin_site));
	plan->bin_slice = calloc(n + 1, sizeof(*plan->bin_slice));
	plan->bin_lcore = calloc(n + 1, sizeof(*plan->bin_lcore));
	plan->edges = calloc(substrate->n_links + 1, sizeof(*plan->edges));
	if (!plan->bin_site || !plan->bin_slice || !plan->bin_lcore || !plan->edges) {
		plan_fini(plan);
		return -ENOMEM;
	}
	for (size_t s = 0; s < substrate->n_sites; s++) {
		for (size_t i = 0; i < substrate->sites[s].n_slices; i++) {
			for (size_t l = 0; l < substrate->sites[s].slices[i].lcores; l++) {
				plan->bin_site[plan->n_bins] = s;
				plan->bin_slice[plan->n_bins] = i;
				plan->bin_lcore[plan->n_bins++] = l;
			}
		}
	}
	for (size_t i = 0; i < substrate->n_links; i++)
		plan->edges[i] = (struct embed_edge){substrate->links[i].a, substrate->links[i].b,
			substrate->links[i].latency_ns};
	return 0;
}

void plan_fini(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_allocs; i++)
		plan_alloc_fini(&plan->allocs[i]);
	free(plan->allocs);
	free(plan->bin_site);
	free(plan->bin_slice);
	free(plan->bin_lcore);
	free(plan->edges);
	memset(plan, 0, sizeof(*plan));
}

void plan_alloc_fini(struct plan_alloc *alloc)
{
	free(alloc->text);
	vxdl_destroy(alloc->request);
	free(alloc->site);
	free(alloc->bin);
	free(alloc->n_hops);
	free(alloc->hops);
	free(alloc->vnis);
	free(alloc->vlans);
	memset(alloc, 0, sizeof(*alloc));
}

int plan_alloc_init(struct plan_alloc *alloc, const struct plan *plan, struct vxdl *request,
	const char *text, uint64_t now_s)
{
	size_t n_links = request->n_links, n_sites = plan->substrate->n_sites;

	memset(alloc, 0, sizeof(*alloc));
	alloc->start_s = request->start_s ? request->start_s : now_s;
	alloc->end_s = request->duration_s ? alloc->start_s + request->duration_s : PLAN_FOREVER;
	alloc->text = strdup(text);
	alloc->site = calloc(request->n_resources + 1, sizeof(*alloc->site));
	alloc->bin = calloc(request->n_resources + 1, sizeof(*alloc->bin));
	alloc->n_hops = calloc(n_links + 1, sizeof(*alloc->n_hops));
	alloc->hops = calloc(n_links * n_sites + 1, sizeof(*alloc->hops));
	alloc->vnis = calloc(n_links * n_sites + 1, sizeof(*alloc->vnis));
	alloc->vlans = calloc(n_links + 1, sizeof(*alloc->vlans));
	if (!alloc->text || !alloc->site || !alloc->bin || !alloc->n_hops || !alloc->hops ||
		!alloc->vnis || !alloc->vlans) {
		plan_alloc_fini(alloc);
		return -ENOMEM;
	}
	alloc->request = request;
	return 0;
}

ssize_t plan_lookup(const struct plan *plan, const char *id)
{
	for (size_t i = 0; i < plan->n_allocs; i++) {
		if (strcmp(plan->allocs[i].request->id, id) == 0)
			return (ssize_t)i;
	}
	return -1;
}

void plan_del(struct plan *plan, size_t index)
{
	plan_alloc_fini(&plan->allocs[index]);
	memmove(&plan->allocs[index], &plan->allocs[index + 1],
		(--plan->n_allocs - index) * sizeof(*plan->allocs));
}

void plan_expire(struct plan *plan, uint64_t now_s)
{
	for (size_t i = plan->n_allocs; i-- > 0;) {
		if (plan->allocs[i].end_s <= now_s)
			plan_del(plan, i);
	}
}

int plan_add(struct plan *plan, struct plan_alloc *alloc)
{
	struct plan_alloc *grown =
		reallocarray(plan->allocs, plan->n_allocs + 1, sizeof(*plan->allocs));
	size_t at = 0;

	if (!grown)
		return -ENOMEM;
	plan->allocs = grown;
	while (at < plan->n_allocs && strcmp(grown[at].request->id, alloc->request->id) < 0)
		at++;
	memmove(&grown[at + 1], &grown[at], (plan->n_allocs++ - at) * sizeof(*grown));
	grown[at] = *alloc;
	memset(alloc, 0, sizeof(*alloc));
	return 0;
}

/* ---- time and rates ---- */

bool plan_overlaps(const struct plan_alloc *alloc, uint64_t start_s, uint64_t end_s)
{
	return alloc->start_s < end_s && start_s < alloc->end_s;
}

uint64_t plan_period_start(const struct vxdl *request, uint64_t start_s, size_t p)
{
	for (size_t i = 0; i < p; i++)
		start_s += request->periods[i].duration_s;
	return start_s;
}

size_t plan_period(const struct vxdl *request, uint64_t start_s, uint64_t at_s)
{
	size_t p = 0;

	for (; p + 1 < request->n_periods; p++) {
		start_s += request->periods[p].duration_s;
		if (at_s < start_s)
			break;
	}
	return p;
}

uint64_t plan_reserved_bps(const struct vxdl *request, size_t link, size_t period, bool reverse)
{
	if (reverse && request->links[link].direction == VXDL_FORWARD)
		return 0;
	return vxdl_rate_in(request, link, period).min_bps;
}

/* ---- what is free ---- */

static int compare_times(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static size_t count_times(const struct plan *plan, const struct vxdl *request)
{
	size_t n = 1 + request->n_periods;

	for (size_t i = 0; i < plan->n_allocs; i++)
		n += 2 + plan->allocs[i].request->n_periods;
	return n;
}

static void add_times(uint64_t *times, size_t *n, const struct vxdl *request, uint64_t start_s)
{
	for (size_t p = 1; p < request->n_periods; p++)
		times[(*n)++] = plan_period_start(request, start_s, p);
}

static size_t make_slots(const struct plan *plan, const struct vxdl *request, uint64_t start_s,
	uint64_t end_s, uint64_t *slots)
{
	size_t n = 0, n_kept = 0;

	slots[n++] = start_s;
	add_times(slots, &n, request, start_s);
	for (size_t i = 0; i < plan->n_allocs; i++) {
		const struct plan_alloc *alloc = &plan->allocs[i];

		if (!plan_overlaps(alloc, start_s, end_s))
			continue;
		slots[n++] = alloc->start_s;
		slots[n++] = alloc->end_s;
		add_times(slots, &n, alloc->request, alloc->start_s);
	}
	qsort(slots, n, sizeof(*slots), compare_times);
	for (size_t i = 0; i < n; i++) {
		if (slots[i] < start_s || slots[i] >= end_s ||
			(n_kept && slots[i] == slots[n_kept - 1]))
			continue;
		slots[n_kept++] = slots[i];
	}
	return n_kept;
}

/* A state that was planned with more than there is now leaves nothing, not less. */
static void use(uint64_t *left, uint64_t bps)
{
	*left = *left > bps ? *left - bps : 0;
}

static void use_hops(struct plan_free *free_, const struct plan *plan,
	const struct plan_alloc *alloc, size_t link, size_t slot, const uint64_t bps[2])
{
	size_t n = free_->sub.n_slots, at = alloc->site[alloc->request->links[link].source];

	for (size_t i = 0; i < alloc->n_hops[link]; i++) {
		size_t e = alloc->hops[link * plan->substrate->n_sites + i];
		bool back = plan->edges[e].b == at;
		size_t to = back ? plan->edges[e].a : plan->edges[e].b;

		use(&free_->edge_bps[(e * 2 + back) * n + slot], bps[0]);
		use(&free_->edge_bps[(e * 2 + !back) * n + slot], bps[1]);
		use(&free_->trunk_bps[at * 2 * n + slot], bps[0]);
		use(&free_->trunk_bps[(at * 2 + 1) * n + slot], bps[1]);
		use(&free_->trunk_bps[(to * 2 + 1) * n + slot], bps[0]);
		use(&free_->trunk_bps[to * 2 * n + slot], bps[1]);
		at = to;
	}
}

static void use_alloc(struct plan_free *free_, const struct plan *plan,
	const struct plan_alloc *alloc, size_t slot)
{
	const struct vxdl *request = alloc->request;
	size_t n = free_->sub.n_slots;
	size_t period = plan_period(request, alloc->start_s, free_->slots[slot]);

	for (size_t l = 0; l < request->n_links; l++) {
		const struct vxdl_link *link = &request->links[l];
		uint64_t bps[2] = {plan_reserved_bps(request, l, period, false),
			plan_reserved_bps(request, l, period, true)};
		bool in = request->resources[link->source].kind != VXDL_ROUTER;
		size_t site = alloc->site[link->source];

		if (vxdl_is_backbone(request, link)) {
			use_hops(free_, plan, alloc, l, slot, bps);
			continue;
		}
		use(&free_->access_bps[(site * 2 + in) * n + slot], bps[0]);
		use(&free_->access_bps[(site * 2 + !in) * n + slot], bps[1]);
	}
}

static void set_capacities(struct plan_free *free_, const struct substrate *substrate)
{
	size_t n = free_->sub.n_slots * 2;

	for (size_t i = 0; i < substrate->n_links * n; i++)
		free_->edge_bps[i] = substrate_share_bps(substrate->links[i / n].capacity_bps,
			substrate->links[i / n].vpxi_share_centi);
	for (size_t i = 0; i < substrate->n_sites * n; i++) {
		const struct substrate_site *site = &substrate->sites[i / n];

		free_->trunk_bps[i] = substrate_share_bps(
			site->backbone.capacity_bps, site->backbone.vpxi_share_centi);
		free_->access_bps[i] = substrate_share_bps(
			site->access.capacity_bps, site->access.vpxi_share_centi);
	}
}

static void set_bins(struct plan_free *free_, const struct plan *plan, uint32_t *used)
{
	for (size_t b = 0; b < plan->n_bins; b++)
		free_->bin_milli[b] = EMBED_SHARE_MAX;
	for (size_t slot = 0; slot < free_->sub.n_slots; slot++) {
		uint64_t at = free_->slots[slot];

		memset(used, 0, plan->n_bins * sizeof(*used));
		for (size_t i = 0; i < plan->n_allocs; i++) {
			const struct plan_alloc *alloc = &plan->allocs[i];

			if (!plan_overlaps(alloc, at, at + 1))
				continue;
			for (size_t r = 0; r < alloc->request->n_resources; r++) {
				if (alloc->bin[r] != EMBED_ANY)
					used[alloc->bin[r]] +=
						alloc->request->resources[r].share_milli;
			}
		}
		for (size_t b = 0; b < plan->n_bins; b++) {
			uint32_t left = used[b] < EMBED_SHARE_MAX ? EMBED_SHARE_MAX - used[b] : 0;

			if (left < free_->bin_milli[b])
				free_->bin_milli[b] = left;
		}
	}
}

int plan_free_init(struct plan_free *free_, const struct plan *plan, const struct vxdl *request,
	uint64_t start_s, uint64_t end_s)
{
	const struct substrate *substrate = plan->substrate;
	uint32_t *used = calloc(plan->n_bins + 1, sizeof(*used));
	size_t n;

	memset(free_, 0, sizeof(*free_));
	free_->slots = calloc(count_times(plan, request), sizeof(*free_->slots));
	free_->bin_milli = calloc(plan->n_bins + 1, sizeof(*free_->bin_milli));
	n = free_->slots ? make_slots(plan, request, start_s, end_s, free_->slots) : 0;
	free_->edge_bps = calloc(substrate->n_links * 2 * n + 1, sizeof(uint64_t));
	free_->trunk_bps = calloc(substrate->n_sites * 2 * n + 1, sizeof(uint64_t));
	free_->access_bps = calloc(substrate->n_sites * 2 * n + 1, sizeof(uint64_t));
	if (!used || !free_->slots || !free_->bin_milli || !free_->edge_bps || !free_->trunk_bps ||
		!free_->access_bps) {
		free(used);
		plan_free_fini(free_);
		return -ENOMEM;
	}
	free_->sub = (struct embed_substrate){.n_sites = substrate->n_sites,
		.n_edges = substrate->n_links,
		.n_slots = n,
		.n_bins = plan->n_bins,
		.edges = plan->edges,
		.edge_bps = free_->edge_bps,
		.trunk_bps = free_->trunk_bps,
		.access_bps = free_->access_bps,
		.bin_site = plan->bin_site,
		.bin_milli = free_->bin_milli};
	set_capacities(free_, substrate);
	for (size_t slot = 0; slot < n; slot++) {
		for (size_t i = 0; i < plan->n_allocs; i++) {
			if (plan_overlaps(
				    &plan->allocs[i], free_->slots[slot], free_->slots[slot] + 1))
				use_alloc(free_, plan, &plan->allocs[i], slot);
		}
	}
	set_bins(free_, plan, used);
	free(used);
	return 0;
}

void plan_free_fini(struct plan_free *free_)
{
	free(free_->slots);
	free(free_->edge_bps);
	free(free_->trunk_bps);
	free(free_->access_bps);
	free(free_->bin_milli);
	memset(free_, 0, sizeof(*free_));
}
