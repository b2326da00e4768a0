/* SPDX-License-Identifier: BSD-3-Clause */
/* The map: <virtual, physical, capacity, period>, Table I of paper 000. */
#include <stdio.h>
#include <string.h>

#include "ctrl/plan/plan.h"
#include "lib/rate.h"

#define WHOLE_LEASE "whole lease"

static json_t *physical_resource(const struct plan *plan, const struct plan_alloc *alloc, size_t i)
{
	const struct substrate_site *site = &plan->substrate->sites[alloc->site[i]];
	size_t slice = alloc->bin[i] == EMBED_ANY ? 0 : plan->bin_slice[alloc->bin[i]];

	if (alloc->request->resources[i].kind != VXDL_ROUTER || site->n_slices == 0)
		return json_sprintf("%s", site->name);
	return json_sprintf("%s/%s", site->name, site->slices[slice].name);
}

static json_t *resource_entry(const struct plan *plan, const struct plan_alloc *alloc, size_t i)
{
	static const char *const kinds[] = {"router", "node", "cluster", "access point"};
	const struct vxdl_resource *resource = &alloc->request->resources[i];
	bool router = resource->kind == VXDL_ROUTER;

	return json_pack("{s:s, s:s, s:o, s:I, s:s, s:s}", "virtual", resource->id, "kind",
		kinds[resource->kind], "physical", physical_resource(plan, alloc, i), "capacity",
		(json_int_t)(router ? resource->share_milli : resource->size), "unit",
		router ? "lcore_milli" : "machines", "period", WHOLE_LEASE);
}

static json_t *physical_link(const struct plan *plan, const struct plan_alloc *alloc, size_t l)
{
	size_t n_sites = plan->substrate->n_sites;
	const struct substrate_site *site =
		&plan->substrate->sites[alloc->site[alloc->request->links[l].source]];
	json_t *path = json_array();

	if (!vxdl_is_backbone(alloc->request, &alloc->request->links[l]))
		json_array_append_new(path,
			json_sprintf("%s/%s.%u", site->name, site->access.name, alloc->vlans[l]));
	for (size_t h = 0; h < alloc->n_hops[l]; h++)
		json_array_append_new(path,
			json_string(plan->substrate->links[alloc->hops[l * n_sites + h]].name));
	return path;
}

static json_t *link_entry(
	const struct plan *plan, const struct plan_alloc *alloc, size_t l, size_t p)
{
	const struct vxdl *request = alloc->request;
	struct vxdl_rate rate = vxdl_rate_in(request, l, p);
	json_t *entry = json_pack("{s:s, s:s, s:o, s:I, s:o, s:s, s:s}", "virtual",
		request->links[l].id, "kind", "link", "physical", physical_link(plan, alloc, l),
		"capacity", (json_int_t)rate.min_bps, "max_bps",
		rate.max_bps == MODEL_RATE_NONE ? json_null()
						: json_integer((json_int_t)rate.max_bps),
		"unit", "bps", "period",
		p < request->n_periods ? request->periods[p].id : WHOLE_LEASE);
	json_t *vnis = json_array();

	for (size_t h = 0; h < alloc->n_hops[l]; h++)
		json_array_append_new(
			vnis, json_integer(alloc->vnis[l * plan->substrate->n_sites + h]));
	if (alloc->n_hops[l])
		json_object_set(entry, "vnis", vnis);
	json_decref(vnis);
	return entry;
}

static json_t *time_json(uint64_t at_s)
{
	char text[VXDL_TIME_STRLEN];

	return at_s == PLAN_FOREVER ? json_null() : json_string(vxdl_print_time(at_s, text));
}

static json_t *period_entries(const struct plan_alloc *alloc)
{
	const struct vxdl *request = alloc->request;
	json_t *periods = json_array();

	for (size_t p = 0; p < request->n_periods; p++) {
		uint64_t start = plan_period_start(request, alloc->start_s, p);
		uint64_t length = request->periods[p].duration_s;

		json_array_append_new(periods,
			json_pack("{s:s, s:o, s:o}", "period", request->periods[p].id, "start",
				time_json(start), "end",
				time_json(length ? start + length : alloc->end_s)));
	}
	return periods;
}

json_t *plan_map(const struct plan *plan)
{
	json_t *vpxis = json_array();

	for (size_t i = 0; i < plan->n_allocs; i++) {
		const struct plan_alloc *alloc = &plan->allocs[i];
		const struct vxdl *request = alloc->request;
		json_t *resources = json_array(), *links = json_array();

		for (size_t r = 0; r < request->n_resources; r++)
			json_array_append_new(resources, resource_entry(plan, alloc, r));
		for (size_t l = 0; l < request->n_links; l++) {
			json_array_append_new(links, link_entry(plan, alloc, l, 0));
			for (size_t p = 1; p < request->n_periods; p++)
				json_array_append_new(links, link_entry(plan, alloc, l, p));
		}
		json_array_append_new(vpxis,
			json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "vpxi", request->id,
				"owner", request->owner, "start", time_json(alloc->start_s), "end",
				time_json(alloc->end_s), "periods", period_entries(alloc),
				"resources", resources, "links", links));
	}
	return json_pack("{s:o}", "vpxis", vpxis);
}

static void print_entry(const json_t *entry, FILE *out)
{
	const char *unit = json_string_value(json_object_get(entry, "unit"));
	json_int_t capacity = json_integer_value(json_object_get(entry, "capacity"));
	json_t *physical = json_object_get(entry, "physical"), *hop;
	char rate[RATE_STRLEN];
	size_t i;

	fprintf(out, "  <%s, ", json_string_value(json_object_get(entry, "virtual")));
	if (json_is_string(physical))
		fputs(json_string_value(physical), out);
	json_array_foreach (physical, i, hop)
		fprintf(out, "%s%s", i ? " + " : "", json_string_value(hop));
	if (strcmp(unit, "bps") == 0)
		fprintf(out, ", %s",
			capacity ? rate_print((uint64_t)capacity, rate) : "best effort");
	else if (strcmp(unit, "lcore_milli") == 0)
		fprintf(out, ", %g lcore", (double)capacity / 1000);
	else
		fprintf(out, ", %lld", (long long)capacity);
	fprintf(out, ", %s>\n", json_string_value(json_object_get(entry, "period")));
}

void plan_map_print(const json_t *map, FILE *out)
{
	json_t *vpxi, *entry;
	size_t i, j;

	json_array_foreach (json_object_get(map, "vpxis"), i, vpxi) {
		const char *end = json_string_value(json_object_get(vpxi, "end"));

		fprintf(out, "VPXI %s of %s, %s to %s\n",
			json_string_value(json_object_get(vpxi, "vpxi")),
			json_string_value(json_object_get(vpxi, "owner")),
			json_string_value(json_object_get(vpxi, "start")), end ? end : "removal");
		json_array_foreach (json_object_get(vpxi, "resources"), j, entry)
			print_entry(entry, out);
		json_array_foreach (json_object_get(vpxi, "links"), j, entry)
			print_entry(entry, out);
	}
}
