/* SPDX-License-Identifier: BSD-3-Clause */
/* Routers, networks and ways of one VPXI. Figure 6 of paper 000: networks for latency-sensitive
 * traffic are reached by the fastest way, those for high bandwidth over the links for it; to a
 * network for both, the marks of the traffic choose between the two ways. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctrl/plan/build.h"

#define ACCESS_FIRST 0x0a000000u /* 10.0.0.0/8, a /24 each */
#define ACCESS_END 0x0b000000u
#define TUNNEL_FIRST 0xac100000u /* 172.16.0.0/12, a /30 each */
#define TUNNEL_END 0xac200000u
#define POLICIES_MAX 1024             /* of a router's; a VPXI that would have more does without */
#define DETOUR_NS (UINT64_C(1) << 50) /* a link that is not meant for the traffic */

/* ---- routers ---- */

static bool is_taken(const struct vxdl *request, const char *name)
{
	for (size_t i = 0; i < request->n_resources; i++) {
		if (strcmp(request->resources[i].id, name) == 0)
			return true;
	}
	return false;
}

static void name_between(const struct vxdl *request, char *name, size_t link, size_t hop)
{
	unsigned int n = 0;

	do {
		snprintf(name, MODEL_NAME_MAX + 1, n ? "via%zu-%zu.%u" : "via%zu-%zu", link + 1,
			hop, n);
		n++;
	} while (is_taken(request, name));
}

static size_t vr_of(const struct build_graph *graph, size_t resource)
{
	size_t i = 0;

	while (graph->vrs[i].resource != resource)
		i++;
	return i;
}

/* ---- networks ---- */

static bool is_used(const struct vxdl *request, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < request->n_links; i++) {
		const struct ip_prefix *own = &request->links[i].prefix;

		if (own->addr.af != IP_AF_NONE && prefix_overlaps(own, prefix))
			return true;
	}
	return false;
}

/* The next private network that the request does not use itself. */
static int next_network(const struct vxdl *request, uint32_t *next, uint32_t end, uint8_t len,
	struct ip_prefix *out)
{
	for (; *next < end; *next += UINT32_C(1) << (32 - len)) {
		*out = (struct ip_prefix){ipaddr_from_u32(*next), len};
		if (is_used(request, out))
			continue;
		*next += UINT32_C(1) << (32 - len);
		return 0;
	}
	return -ENOSPC;
}

static int add_access(
	struct build_graph *graph, const struct vxdl *request, size_t l, uint32_t *next)
{
	const struct vxdl_link *link = &request->links[l];
	size_t router =
		request->resources[link->source].kind == VXDL_ROUTER ? link->source : link->target;
	struct build_net *net = &graph->nets[graph->n_nets++];

	*net = (struct build_net){.link = l,
		.a = vr_of(graph, router),
		.b = SIZE_MAX,
		.prefix = link->prefix,
		.class = link->class};
	if (net->prefix.addr.af != IP_AF_NONE)
		return 0;
	return next_network(request, next, ACCESS_END, 24, &net->prefix);
}

static int add_hops(struct build_graph *graph, const struct plan *plan,
	const struct plan_alloc *alloc, size_t l, uint32_t *next)
{
	const struct vxdl_link *link = &alloc->request->links[l];
	size_t from = vr_of(graph, link->source), site = alloc->site[link->source];

	for (size_t h = 0; h < alloc->n_hops[l]; h++) {
		size_t edge = alloc->hops[l * plan->substrate->n_sites + h];
		struct build_net *net = &graph->nets[graph->n_nets++];
		size_t to;
		int rc;

		site = plan->edges[edge].a == site ? plan->edges[edge].b : plan->edges[edge].a;
		if (h + 1 == alloc->n_hops[l]) {
			to = vr_of(graph, link->target);
		} else {
			to = graph->n_vrs++;
			graph->vrs[to].site = site;
			graph->vrs[to].resource = SIZE_MAX;
			name_between(alloc->request, graph->vrs[to].name, l, h + 1);
		}
		*net = (struct build_net){.link = l,
			.hop = h,
			.a = from,
			.b = to,
			.class = link->class,
			.latency_ns = plan->edges[edge].latency_ns};
		from = to;
		/* The user's network is that of the first hop. */
		if (h == 0 && link->prefix.addr.af != IP_AF_NONE) {
			net->prefix = link->prefix;
			continue;
		}
		rc = next_network(alloc->request, next, TUNNEL_END, 30, &net->prefix);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ---- ways ---- */

static uint64_t way_ns(const struct build_net *hop, enum vxdl_class class)
{
	bool wide = hop->class == VXDL_HIGH_BANDWIDTH;
	bool meant = class == VXDL_HIGH_BANDWIDTH ? wide : class == VXDL_DEFAULT || !wide;

	return hop->latency_ns + 1 + (meant ? 0 : DETOUR_NS);
}

/* Traffic of a class has ways of its own to networks without one, where links are for high
 * bandwidth only. */
static bool is_shared(const struct build_net *net)
{
	return net->b == SIZE_MAX && net->class == VXDL_DEFAULT;
}

static size_t count_tables(const struct build_graph *graph)
{
	size_t n_shared = 0;
	bool wide = false;

	for (size_t i = 0; i < graph->n_nets; i++) {
		const struct build_net *net = &graph->nets[i];

		n_shared += is_shared(net);
		wide |= net->b != SIZE_MAX && net->class == VXDL_HIGH_BANDWIDTH;
	}
	return wide && n_shared > 0 && n_shared * 2 <= POLICIES_MAX ? 1 + VXDL_HIGH_BANDWIDTH : 1;
}

/* Dijkstra from the network: distances of all routers, and the first hop of each. */
static void find_ways(struct build_graph *graph, size_t target, enum vxdl_class class, size_t table,
	uint64_t *dist, bool *done)
{
	const struct build_net *net = &graph->nets[target];
	size_t *next = graph->next + (table * graph->n_nets + target) * graph->n_vrs;

	for (size_t v = 0; v < graph->n_vrs; v++) {
		dist[v] = v == net->a || v == net->b ? 0 : UINT64_MAX;
		done[v] = false;
		next[v] = SIZE_MAX;
	}
	for (;;) {
		size_t at = SIZE_MAX;

		for (size_t v = 0; v < graph->n_vrs; v++) {
			if (!done[v] && dist[v] != UINT64_MAX &&
				(at == SIZE_MAX || dist[v] < dist[at]))
				at = v;
		}
		if (at == SIZE_MAX)
			return;
		done[at] = true;
		for (size_t i = 0; i < graph->n_nets; i++) {
			const struct build_net *hop = &graph->nets[i];
			size_t other;

			if (hop->b == SIZE_MAX || (hop->a != at && hop->b != at))
				continue;
			other = hop->a == at ? hop->b : hop->a;
			if (done[other] || dist[at] + way_ns(hop, class) >= dist[other])
				continue;
			dist[other] = dist[at] + way_ns(hop, class);
			next[other] = i;
		}
	}
}

static void find_all_ways(struct build_graph *graph, uint64_t *dist, bool *done)
{
	for (size_t i = 0; i < graph->n_nets; i++) {
		find_ways(graph, i, graph->nets[i].class, 0, dist, done);
		for (size_t table = 1; is_shared(&graph->nets[i]) && table < graph->n_tables;
			table++)
			find_ways(graph, i, (enum vxdl_class)table, table, dist, done);
	}
}

const struct build_net *build_next_hop(
	const struct build_graph *graph, size_t net, size_t vr, enum vxdl_class class)
{
	size_t table = is_shared(&graph->nets[net]) && class < graph->n_tables ? class : 0;
	size_t next = graph->next[(table * graph->n_nets + net) * graph->n_vrs + vr];

	return next == SIZE_MAX ? NULL : &graph->nets[next];
}

/* ---- the whole ---- */

static int fill_graph(
	struct build_graph *graph, const struct plan *plan, const struct plan_alloc *alloc)
{
	const struct vxdl *request = alloc->request;
	uint32_t access = ACCESS_FIRST, tunnel = TUNNEL_FIRST;
	int rc = 0;

	for (size_t i = 0; i < request->n_resources; i++) {
		struct build_vr *vr = &graph->vrs[graph->n_vrs];

		if (request->resources[i].kind != VXDL_ROUTER)
			continue;
		memcpy(vr->name, request->resources[i].id, sizeof(vr->name));
		vr->site = alloc->site[i];
		vr->resource = i;
		graph->n_vrs++;
	}
	for (size_t l = 0; rc == 0 && l < request->n_links; l++)
		rc = vxdl_is_backbone(request, &request->links[l])
			? add_hops(graph, plan, alloc, l, &tunnel)
			: add_access(graph, request, l, &access);
	return rc;
}

int build_graph_init(
	struct build_graph *graph, const struct plan *plan, const struct plan_alloc *alloc)
{
	size_t n_vrs = alloc->request->n_resources, n_nets = alloc->request->n_links;
	uint64_t *dist;
	bool *done;
	int rc;

	memset(graph, 0, sizeof(*graph));
	for (size_t l = 0; l < alloc->request->n_links; l++) {
		n_vrs += alloc->n_hops[l];
		n_nets += alloc->n_hops[l];
	}
	dist = calloc(n_vrs + 1, sizeof(*dist));
	done = calloc(n_vrs + 1, sizeof(*done));
	graph->vrs = calloc(n_vrs + 1, sizeof(*graph->vrs));
	graph->nets = calloc(n_nets + 1, sizeof(*graph->nets));
	rc = dist && done && graph->vrs && graph->nets ? fill_graph(graph, plan, alloc) : -ENOMEM;
	if (rc == 0) {
		graph->n_tables = count_tables(graph);
		graph->next = calloc(
			graph->n_tables * graph->n_nets * graph->n_vrs + 1, sizeof(*graph->next));
		if (!graph->next)
			rc = -ENOMEM;
	}
	if (rc == 0)
		find_all_ways(graph, dist, done);
	free(dist);
	free(done);
	if (rc < 0)
		build_graph_fini(graph);
	return rc;
}

void build_graph_fini(struct build_graph *graph)
{
	free(graph->vrs);
	free(graph->nets);
	free(graph->next);
	memset(graph, 0, sizeof(*graph));
}
