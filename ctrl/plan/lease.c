/* SPDX-License-Identifier: BSD-3-Clause */
/* Lease and periods of a VPXI as a site file says them: each site's timeline needs nobody else. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctrl/plan/build.h"

/* Made here, not read: any line says that it is there. */
static const struct model_loc made = {1, 1};

static void add_rate(struct model_period *period, const struct build_graph *graph,
	const struct vxdl_change *change, const struct build_net *net, size_t vr)
{
	const struct build_vr *at = &graph->vrs[vr];
	struct model_period_rate *rate = &period->rates[period->n_rates++];

	*rate = (struct model_period_rate){.rate = {.loc = made,
						   .min_bps = change->rate.min_bps,
						   .max_bps = change->rate.max_bps},
		.link_loc = made};
	memcpy(rate->router, at->name, sizeof(rate->router));
	if (at->resource != SIZE_MAX)
		memcpy(rate->interface, change->link_id, sizeof(rate->interface));
	else
		strcpy(rate->interface, net->b == vr ? "source" : "target");
}

/* The interfaces at SITE that send over the network in a direction with a rate. */
static void add_change(const struct plan_alloc *alloc, const struct build_graph *graph, size_t site,
	const struct vxdl_change *change, struct model_period *period)
{
	const struct vxdl *request = alloc->request;
	const struct vxdl_link *link = &request->links[change->link];
	bool both = link->direction == VXDL_BOTH;

	for (size_t i = 0; i < graph->n_nets; i++) {
		const struct build_net *net = &graph->nets[i];
		bool access = net->b == SIZE_MAX, outward = true;

		if (net->link != change->link)
			continue;
		if (access)
			outward = request->resources[link->source].kind == VXDL_ROUTER;
		if (graph->vrs[net->a].site == site && (both || outward))
			add_rate(period, graph, change, net, net->a);
		if (!access && both && graph->vrs[net->b].site == site)
			add_rate(period, graph, change, net, net->b);
	}
}

int build_lease(const struct plan_alloc *alloc, const struct build_graph *graph, size_t site,
	struct model_vpxi *vpxi)
{
	const struct vxdl *request = alloc->request;

	vpxi->lease.end_s = MODEL_TIME_NONE;
	if (!request->lease_loc.line && !request->n_periods)
		return 0;
	vpxi->lease.loc = vpxi->lease.start_loc = made;
	vpxi->lease.start_s = (int64_t)alloc->start_s;
	if (alloc->end_s != PLAN_FOREVER) {
		vpxi->lease.end_s = (int64_t)alloc->end_s;
		vpxi->lease.end_loc = made;
	}
	vpxi->periods = calloc(request->n_periods + 1, sizeof(*vpxi->periods));
	if (!vpxi->periods)
		return -ENOMEM;
	for (size_t p = 0; p < request->n_periods; p++) {
		struct model_period *period = &vpxi->periods[vpxi->n_periods++];

		period->loc = made;
		memcpy(period->name, request->periods[p].id, sizeof(period->name));
		period->duration_s = request->periods[p].duration_s;
		period->rates = calloc(2 * graph->n_nets + 1, sizeof(*period->rates));
		if (!period->rates)
			return -ENOMEM;
		for (size_t i = 0; i < request->periods[p].n_changes; i++)
			add_change(alloc, graph, site, &request->periods[p].changes[i], period);
	}
	return 0;
}
