/* SPDX-License-Identifier: BSD-3-Clause */
/* A router's routes, and its policies where the class of the traffic chooses another way. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctrl/plan/build.h"

/* The far address of the network VIA. NULL: out of memory. */
static struct ip_addr *via_address(const struct build_net *via, size_t vr)
{
	struct ip_addr *address = calloc(1, sizeof(*address));

	if (address)
		*address =
			ipaddr_from_u32(ipaddr_to_u32(&via->prefix.addr) + (via->a == vr ? 2 : 1));
	return address;
}

static int add_route(const struct build_graph *graph, size_t net, const struct build_net *via,
	size_t vr, struct model_router *router)
{
	struct model_route route = {
		.to = graph->nets[net].prefix, .vias = via_address(via, vr), .n_vias = 1};
	int rc = route.vias ? model_route_add(router, &route) : -ENOMEM;

	if (rc < 0)
		free(route.vias);
	return rc;
}

static int add_policy(const struct build_graph *graph, size_t net, const struct build_net *via,
	size_t vr, uint64_t dscp, struct model_router *router)
{
	struct model_policy policy = {.vias = via_address(via, vr), .n_vias = 1};
	int rc;

	model_match_init(&policy.match);
	policy.match.to = graph->nets[net].prefix;
	policy.match.dscp = dscp;
	rc = policy.vias ? model_policy_add(router, &policy) : -ENOMEM;
	if (rc < 0)
		free(policy.vias);
	return rc;
}

int build_ways(const struct build_graph *graph, size_t vr, struct model_router *router)
{
	static const uint64_t dscps[] = {[VXDL_LATENCY_SENSITIVE] = MODEL_DSCP_LATENCY_SENSITIVE,
		[VXDL_HIGH_BANDWIDTH] = MODEL_DSCP_HIGH_BANDWIDTH};

	for (size_t i = 0; i < graph->n_nets; i++) {
		const struct build_net *usual = build_next_hop(graph, i, vr, VXDL_DEFAULT);
		int rc;

		if (!usual)
			continue;
		rc = add_route(graph, i, usual, vr, router);
		for (enum vxdl_class class = VXDL_LATENCY_SENSITIVE;
			rc == 0 && class <= VXDL_HIGH_BANDWIDTH; class ++) {
			const struct build_net *via = build_next_hop(graph, i, vr, class);

			if (via && via != usual)
				rc = add_policy(graph, i, via, vr, dscps[class], router);
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}
