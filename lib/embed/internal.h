/* SPDX-License-Identifier: BSD-3-Clause */
/* State that the greedy search and branch and bound share; for lib/embed only. */
#ifndef HPSR_LIB_EMBED_INTERNAL_H
#define HPSR_LIB_EMBED_INTERNAL_H

#include "lib/embed/embed.h"

/* Nodes that access links keep together: placed as one. */
struct embed_group {
	size_t site;     /* where it must be, or EMBED_ANY */
	size_t first, n; /* in state.members */
	size_t load;     /* how demanding, for the order */
};

struct embed_adj {
	size_t site, edge;
	unsigned int direction; /* of the edge, when it is left by here */
};

struct embed_state {
	const struct embed_substrate *sub;
	const struct embed_request *req;
	struct embed_group *groups;
	size_t n_groups;
	size_t *group_of;    /* node -> group */
	size_t *members;     /* nodes by group */
	size_t *order;       /* groups in the order in which they are placed */
	size_t *group_links; /* backbone links by group, [first_link[g] .. first_link[g + 1]) */
	size_t *first_link;
	/* Adjacency of sites. */
	struct embed_adj *adj;
	size_t *first_adj;
	/* Lower bounds between sites, [a * n_sites + b]; UINT64_MAX: not connected. */
	uint64_t *min_ns;
	uint32_t *min_hops;
	/* What is left. */
	uint64_t *edge_bps, *trunk_bps, *access_bps;
	uint32_t *bin_milli;
	/* What is decided. */
	size_t *group_site; /* EMBED_ANY: not placed */
	size_t *site, *bin, *n_hops, *hops;
	uint64_t *peak_kbps; /* of each link, at least 1 */
	struct embed_cost cost;
	/* Scratch. */
	uint64_t *dist;
	size_t *via;
	uint8_t *done;
};

/* 0, -ENOMEM, -EINVAL, or -ENOSPC where the request contradicts itself. embed_state_fini always. */
int embed_state_init(struct embed_state *state, const struct embed_substrate *substrate,
	const struct embed_request *request);
void embed_state_fini(struct embed_state *state);
/* Forget all decisions. */
void embed_state_reset(struct embed_state *state);

/* Place a group: access rates and lcores. False, and nothing changed, where it does not fit. */
bool embed_place(struct embed_state *state, size_t group, size_t site);
void embed_unplace(struct embed_state *state, size_t group);
/* The lcores for all routers at a site; exact. */
bool embed_pack(struct embed_state *state, size_t site);

/* One hop of a link away from FROM. */
bool embed_hop_fits(const struct embed_state *state, size_t link, size_t from,
	const struct embed_adj *adj, bool reverse);
void embed_hop_take(struct embed_state *state, size_t link, size_t from,
	const struct embed_adj *adj, bool reverse, bool give_back);

struct embed_cost embed_hop_cost(const struct embed_state *state, size_t link, size_t edge);
/* Overwrites a map of the same request. */
void embed_map_update(struct embed_map *map, const struct embed_state *state);
int embed_greedy_run(struct embed_state *state);

#endif
