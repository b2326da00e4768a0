/* SPDX-License-Identifier: BSD-3-Clause */
/* VLANs and VNIs (paper 001: a VLAN out of those that every participating site has free). A VLAN is
 * of one VPXI at a time. A VNI is of one until its lease has ended and was dropped: the sites'
 * clocks differ, and two VPXIs must not meet in a tunnel at the instant at which one follows the
 * other. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctrl/plan/plan.h"

#define VLANS 4096

static bool is_access(const struct vxdl *request, size_t link)
{
	return !vxdl_is_backbone(request, &request->links[link]);
}

/* What an alloc has is taken at all its sites: a VPXI's VLANs mean the same everywhere. */
static bool shares_site(
	const struct plan_alloc *alloc, const struct vxdl *request, const size_t *sites)
{
	for (size_t i = 0; i < alloc->request->n_links; i++) {
		if (!is_access(alloc->request, i))
			continue;
		for (size_t j = 0; j < request->n_links; j++) {
			if (is_access(request, j) &&
				sites[request->links[j].source] ==
					alloc->site[alloc->request->links[i].source])
				return true;
		}
	}
	return false;
}

size_t plan_vlans(const struct plan *plan, const struct vxdl *request, const size_t *sites,
	uint64_t start_s, uint64_t end_s, uint16_t *vlans, size_t max, size_t *needed)
{
	bool usable[VLANS] = {false};
	bool first = true;
	size_t n = 0;

	*needed = 0;
	for (size_t s = 0; s < plan->substrate->n_sites; s++) {
		const struct substrate_port *port = &plan->substrate->sites[s].access;
		bool has[VLANS] = {false};
		size_t n_links = 0;

		for (size_t i = 0; i < request->n_links; i++)
			n_links += is_access(request, i) && sites[request->links[i].source] == s;
		if (n_links == 0)
			continue;
		*needed = n_links > *needed ? n_links : *needed;
		for (size_t i = 0; i < port->n_vlans; i++) {
			for (uint32_t v = port->vlans[i].first; v <= port->vlans[i].last; v++)
				has[v] = true;
		}
		for (size_t v = 0; v < VLANS; v++)
			usable[v] = has[v] && (first || usable[v]);
		first = false;
	}
	for (size_t i = 0; i < plan->n_allocs; i++) {
		const struct plan_alloc *alloc = &plan->allocs[i];

		if (!plan_overlaps(alloc, start_s, end_s) || !shares_site(alloc, request, sites))
			continue;
		for (size_t l = 0; l < alloc->request->n_links; l++)
			usable[alloc->vlans[l]] = false;
	}
	for (size_t v = 1; v < VLANS && n < max; v++) {
		if (usable[v])
			vlans[n++] = (uint16_t)v;
	}
	return n;
}

static int compare_vnis(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

/* Those in use, ascending. */
static uint32_t *collect_vnis(const struct plan *plan, size_t *n)
{
	size_t n_sites = plan->substrate->n_sites, max = 1;
	uint32_t *vnis;

	for (size_t i = 0; i < plan->n_allocs; i++)
		max += plan->allocs[i].request->n_links * n_sites;
	vnis = calloc(max, sizeof(*vnis));
	*n = 0;
	for (size_t i = 0; vnis && i < plan->n_allocs; i++) {
		const struct plan_alloc *other = &plan->allocs[i];

		for (size_t l = 0; l < other->request->n_links; l++) {
			for (size_t h = 0; h < other->n_hops[l]; h++)
				vnis[(*n)++] = other->vnis[l * n_sites + h];
		}
	}
	if (vnis)
		qsort(vnis, *n, sizeof(*vnis), compare_vnis);
	return vnis;
}

static int number_vnis(const struct plan *plan, struct plan_alloc *alloc)
{
	size_t n_sites = plan->substrate->n_sites, n_used, at = 0;
	uint32_t *used = collect_vnis(plan, &n_used);
	uint32_t vni = plan->substrate->vnis.first;
	int rc = used ? 0 : -ENOMEM;

	for (size_t l = 0; rc == 0 && l < alloc->request->n_links; l++) {
		for (size_t h = 0; rc == 0 && h < alloc->n_hops[l]; h++, vni++) {
			for (; at < n_used && used[at] <= vni; at++)
				vni += used[at] == vni;
			if (vni > plan->substrate->vnis.last)
				rc = -ENOSPC;
			alloc->vnis[l * n_sites + h] = vni;
		}
	}
	free(used);
	return rc;
}

int plan_number(const struct plan *plan, struct plan_alloc *alloc, const char **constraint)
{
	const struct vxdl *request = alloc->request;
	size_t *next = calloc(plan->substrate->n_sites + 1, sizeof(*next));
	uint16_t vlans[VLANS];
	size_t n, needed;
	int rc;

	if (!next)
		return -ENOMEM;
	n = plan_vlans(
		plan, request, alloc->site, alloc->start_s, alloc->end_s, vlans, VLANS, &needed);
	*constraint = "vlans";
	rc = n < needed ? -ENOSPC : 0;
	for (size_t i = 0; rc == 0 && i < request->n_links; i++) {
		if (is_access(request, i))
			alloc->vlans[i] = vlans[next[alloc->site[request->links[i].source]]++];
	}
	free(next);
	if (rc == 0) {
		*constraint = "vnis";
		rc = number_vnis(plan, alloc);
	}
	return rc;
}
