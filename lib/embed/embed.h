/* SPDX-License-Identifier: BSD-3-Clause */
/* Embedding of a virtual infrastructure into a substrate (paper 000, II.D): which site hosts each
 * node, which lcore each router, and by which path each link goes, so that nothing that is free is
 * exceeded at any time. Time is a row of slots, in each of which all rates are constant; nodes and
 * paths stay where they are through all slots. A link is not split over paths.
 *
 * Among what fits, the cheapest by (sum of the latencies of latency-sensitive links, then sum over
 * all links of peak rate x hops). A greedy search comes first; branch and bound improves on it and
 * proves it, or that nothing fits, within a bounded number of steps. Pure and deterministic. */
#ifndef HPSR_LIB_EMBED_EMBED_H
#define HPSR_LIB_EMBED_EMBED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EMBED_ANY SIZE_MAX
#define EMBED_SHARE_MAX 1000u /* thousandths of an lcore */

struct embed_edge {
	size_t a, b; /* sites */
	uint64_t latency_ns;
};

/* What is free. Directed: index [(i * 2 + direction) * n_slots + slot]. */
struct embed_substrate {
	size_t n_sites, n_edges, n_slots, n_bins;
	const struct embed_edge *edges;
	const uint64_t *edge_bps;   /* direction 0: a to b */
	const uint64_t *trunk_bps;  /* of a site's backbone port; direction 0: outgoing */
	const uint64_t *access_bps; /* of a site's access port; direction 0: outgoing */
	const size_t *bin_site;     /* an lcore each */
	const uint32_t *bin_milli;  /* free in all slots */
};

struct embed_node {
	size_t site;          /* EMBED_ANY: the search chooses */
	uint32_t share_milli; /* of one lcore; 0: needs none of its own */
};

struct embed_link {
	size_t a, b;            /* nodes */
	bool access;            /* a (the router) and b stay in one site; else in different ones */
	bool latency_sensitive; /* its latency counts before all else */
	uint64_t latency_ns;    /* upper bound, 0: none; not for access links */
	const uint64_t *bps;    /* [direction * n_slots + slot]; direction 0: a to b */
};

struct embed_request {
	size_t n_nodes, n_links;
	const struct embed_node *nodes;
	const struct embed_link *links;
	/* May these sites (one for each node) be used together? NULL: always. */
	bool (*accept)(void *arg, const size_t *sites);
	void *accept_arg;
};

struct embed_cost {
	uint64_t latency_ns;
	uint64_t kbps_hops; /* each rate counts at least 1 kbit/s: the fewest hops */
};

struct embed_map {
	size_t *site;   /* of each node */
	size_t *bin;    /* of each node with a share; EMBED_ANY for others */
	size_t *n_hops; /* of each link; 0 for access links */
	size_t *hops;   /* [link * n_sites + i]: edges from a to b */
	size_t n_sites;
	struct embed_cost cost;
	bool proved; /* nothing cheaper fits */
	uint64_t n_steps;
};

/* 0; -ENOSPC: proved that nothing fits; -EAGAIN: nothing found in MAX_STEPS, it may exist; -EINVAL:
 * a node's site or a link's end does not exist; -ENOMEM. embed_map_fini after 0 only. */
int embed_solve(const struct embed_substrate *substrate, const struct embed_request *request,
	uint64_t max_steps, struct embed_map *map);
/* The greedy search alone: fast, proves nothing. 0, -EAGAIN, -EINVAL, -ENOMEM. */
int embed_greedy(const struct embed_substrate *substrate, const struct embed_request *request,
	struct embed_map *map);
void embed_map_fini(struct embed_map *map);

/* Judge a map anew, without what the search knows: does it fit? */
bool embed_verify(const struct embed_substrate *substrate, const struct embed_request *request,
	const struct embed_map *map);
int embed_cost_cmp(struct embed_cost a, struct embed_cost b);
/* Largest of the link's rates over slots and directions. */
uint64_t embed_peak_bps(const struct embed_link *link, size_t n_slots);

#endif
