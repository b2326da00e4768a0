/* SPDX-License-Identifier: BSD-3-Clause */
/* A VPXI as virtual routers and the networks between them; for ctrl/plan only. */
#ifndef HPSR_CTRL_PLAN_BUILD_H
#define HPSR_CTRL_PLAN_BUILD_H

#include "ctrl/plan/plan.h"

/* A router of the request, or one that a path passes at a site between. */
struct build_vr {
	char name[MODEL_NAME_MAX + 1];
	size_t site;
	size_t resource; /* SIZE_MAX: one between */
};

/* An access network, or the two ends of a tunnel. */
struct build_net {
	size_t link, hop;
	size_t a, b; /* routers; b SIZE_MAX: an access network. a has the first address */
	struct ip_prefix prefix;
	enum vxdl_class class;
	uint64_t latency_ns;
};

struct build_graph {
	struct build_vr *vrs;
	size_t n_vrs;
	struct build_net *nets;
	size_t n_nets;
	/* Ways of the networks' own classes, or those and, for networks without one, by the
	 * traffic's class. */
	size_t n_tables;
	/* [(table * n_nets + net) * n_vrs + vr]: the network towards it; SIZE_MAX: none, or at it
	 */
	size_t *next;
};

/* 0, -ENOMEM, or -ENOSPC: no private network is left. */
int build_graph_init(
	struct build_graph *graph, const struct plan *plan, const struct plan_alloc *alloc);
void build_graph_fini(struct build_graph *graph);
/* Over which network a router sends traffic of that class (VXDL_DEFAULT: without one) for network
 * NET; NULL: it is at it, or cannot. */
const struct build_net *build_next_hop(
	const struct build_graph *graph, size_t net, size_t vr, enum vxdl_class class);
/* The routes and policies of a router. 0 or -ENOMEM; what was made is ROUTER's. */
int build_ways(const struct build_graph *graph, size_t vr, struct model_router *router);

/* The lease and the periods, for the interfaces at SITE. 0 or -ENOMEM; what was made is VPXI's. */
int build_lease(const struct plan_alloc *alloc, const struct build_graph *graph, size_t site,
	struct model_vpxi *vpxi);

#endif
