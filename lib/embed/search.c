/* SPDX-License-Identifier: BSD-3-Clause */
/* Branch and bound: all places of all groups and, as soon as both ends of a link are placed, all
 * its simple paths; cut where even the least that is still to come costs as much as the best known.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/embed/internal.h"

struct search {
	struct embed_state *state;
	struct embed_map *best;
	bool found;
	bool exhausted; /* the budget is */
	uint64_t n_steps, max_steps;
	uint8_t *visited;        /* [link * n_sites + site] */
	struct embed_cost ahead; /* least cost of the links that have no path yet */
	uint64_t least_ns;       /* of any edge */
};

static void search_place(struct search *search, size_t depth);
static void search_route(struct search *search, size_t depth, size_t l);

static bool step(struct search *search)
{
	if (++search->n_steps > search->max_steps)
		search->exhausted = true;
	return !search->exhausted;
}

static bool is_worse(const struct search *search, uint64_t more_ns, uint64_t more_kbps)
{
	struct embed_cost least = search->state->cost;

	if (!search->found)
		return false;
	least.latency_ns += search->ahead.latency_ns + more_ns;
	least.kbps_hops += search->ahead.kbps_hops + more_kbps;
	return embed_cost_cmp(least, search->best->cost) >= 0;
}

static void search_path(struct search *search, size_t depth, size_t l, size_t at, uint64_t ns)
{
	struct embed_state *state = search->state;
	size_t link = state->group_links[l], n = state->sub->n_sites;
	const struct embed_link *req = &state->req->links[link];
	size_t goal = state->site[req->b];
	uint8_t *visited = search->visited + link * n;

	if (at == goal) {
		search_route(search, depth, l + 1);
		return;
	}
	if (!step(search))
		return;
	visited[at] = 1;
	for (size_t i = state->first_adj[at]; i < state->first_adj[at + 1]; i++) {
		const struct embed_adj *adj = &state->adj[i];
		uint64_t hop_ns = state->sub->edges[adj->edge].latency_ns;
		struct embed_cost cost = embed_hop_cost(state, link, adj->edge);
		size_t rest = adj->site * n + goal;

		if (visited[adj->site] || state->min_hops[rest] == UINT32_MAX ||
			(req->latency_ns && ns + hop_ns + state->min_ns[rest] > req->latency_ns) ||
			is_worse(search,
				cost.latency_ns +
					(req->latency_sensitive ? state->min_ns[rest] : 0),
				cost.kbps_hops * (1 + state->min_hops[rest])) ||
			!embed_hop_fits(state, link, at, adj, false))
			continue;
		embed_hop_take(state, link, at, adj, false, false);
		state->cost.latency_ns += cost.latency_ns;
		state->cost.kbps_hops += cost.kbps_hops;
		state->hops[link * n + state->n_hops[link]++] = adj->edge;
		search_path(search, depth, l, adj->site, ns + hop_ns);
		state->n_hops[link]--;
		state->cost.latency_ns -= cost.latency_ns;
		state->cost.kbps_hops -= cost.kbps_hops;
		embed_hop_take(state, link, at, adj, false, true);
		if (search->exhausted)
			break;
	}
	visited[at] = 0;
}

static void add_ahead(struct search *search, size_t link, bool remove)
{
	uint64_t kbps = search->state->peak_kbps[link];
	uint64_t ns = search->state->req->links[link].latency_sensitive ? search->least_ns : 0;

	search->ahead.kbps_hops += remove ? -kbps : kbps;
	search->ahead.latency_ns += remove ? -ns : ns;
}

/* The links of the group at DEPTH, from the L-th, to groups that are placed. */
static void search_route(struct search *search, size_t depth, size_t l)
{
	struct embed_state *state = search->state;
	size_t group = state->order[depth], end = state->first_link[group + 1];

	for (; l < end; l++) {
		const struct embed_link *link = &state->req->links[state->group_links[l]];
		size_t index = state->group_links[l];

		if (state->site[link->a] == EMBED_ANY || state->site[link->b] == EMBED_ANY)
			continue;
		add_ahead(search, index, true);
		search_path(search, depth, l, state->site[link->a], 0);
		add_ahead(search, index, false);
		return;
	}
	search_place(search, depth + 1);
}

static void search_place(struct search *search, size_t depth)
{
	struct embed_state *state = search->state;
	size_t group;

	if (!step(search) || is_worse(search, 0, 0))
		return;
	if (depth == state->n_groups) {
		if (state->req->accept && !state->req->accept(state->req->accept_arg, state->site))
			return;
		embed_map_update(search->best, state);
		search->found = true;
		return;
	}
	group = state->order[depth];
	for (size_t s = 0; s < state->sub->n_sites && !search->exhausted; s++) {
		if (state->groups[group].site != EMBED_ANY && state->groups[group].site != s)
			continue;
		if (!embed_place(state, group, s))
			continue;
		search_route(search, depth, state->first_link[group]);
		embed_unplace(state, group);
	}
}

/* ---- maps ---- */

void embed_map_fini(struct embed_map *map)
{
	free(map->site);
	free(map->bin);
	free(map->n_hops);
	free(map->hops);
	memset(map, 0, sizeof(*map));
}

static int create_map(struct embed_map *map, const struct embed_state *state)
{
	size_t n_nodes = state->req->n_nodes, n_links = state->req->n_links;

	memset(map, 0, sizeof(*map));
	map->n_sites = state->sub->n_sites;
	map->site = calloc(n_nodes + 1, sizeof(*map->site));
	map->bin = calloc(n_nodes + 1, sizeof(*map->bin));
	map->n_hops = calloc(n_links + 1, sizeof(*map->n_hops));
	map->hops = calloc(n_links * map->n_sites + 1, sizeof(*map->hops));
	if (map->site && map->bin && map->n_hops && map->hops)
		return 0;
	embed_map_fini(map);
	return -ENOMEM;
}

void embed_map_update(struct embed_map *map, const struct embed_state *state)
{
	size_t n_nodes = state->req->n_nodes, n_links = state->req->n_links;

	memcpy(map->site, state->site, n_nodes * sizeof(*map->site));
	memcpy(map->n_hops, state->n_hops, n_links * sizeof(*map->n_hops));
	memcpy(map->hops, state->hops, n_links * map->n_sites * sizeof(*map->hops));
	for (size_t i = 0; i < n_nodes; i++)
		map->bin[i] = state->req->nodes[i].share_milli ? state->bin[i] : EMBED_ANY;
	map->cost = state->cost;
}

/* ---- the two ways in ---- */

int embed_greedy(const struct embed_substrate *substrate, const struct embed_request *request,
	struct embed_map *map)
{
	struct embed_state state;
	int rc = embed_state_init(&state, substrate, request);

	if (rc == 0)
		rc = embed_greedy_run(&state);
	if (rc == 0)
		rc = create_map(map, &state);
	if (rc == 0)
		embed_map_update(map, &state);
	embed_state_fini(&state);
	return rc;
}

static int run(struct search *search)
{
	struct embed_state *state = search->state;
	int rc = embed_greedy_run(state);

	if (rc == -ENOMEM)
		return rc;
	search->found = rc == 0;
	if (search->found)
		embed_map_update(search->best, state);
	embed_state_reset(state);
	search->least_ns = UINT64_MAX;
	for (size_t i = 0; i < state->sub->n_edges; i++) {
		if (state->sub->edges[i].latency_ns < search->least_ns)
			search->least_ns = state->sub->edges[i].latency_ns;
	}
	for (size_t i = 0; i < state->req->n_links; i++) {
		if (!state->req->links[i].access)
			add_ahead(search, i, false);
	}
	search_place(search, 0);
	search->best->n_steps = search->n_steps;
	search->best->proved = !search->exhausted;
	if (search->found)
		return 0;
	return search->exhausted ? -EAGAIN : -ENOSPC;
}

int embed_solve(const struct embed_substrate *substrate, const struct embed_request *request,
	uint64_t max_steps, struct embed_map *map)
{
	struct search search = {.best = map, .max_steps = max_steps};
	struct embed_state state;
	int rc = embed_state_init(&state, substrate, request);

	if (rc == 0)
		rc = create_map(map, &state);
	if (rc < 0) {
		embed_state_fini(&state);
		return rc;
	}
	search.state = &state;
	search.visited = calloc(request->n_links * substrate->n_sites + 1, 1);
	rc = search.visited ? run(&search) : -ENOMEM;
	free(search.visited);
	embed_state_fini(&state);
	if (rc < 0)
		embed_map_fini(map);
	return rc;
}

/* ---- judging anew ---- */

static bool verify_path(const struct embed_substrate *sub, const struct embed_request *req,
	const struct embed_map *map, size_t link, uint64_t *edges, uint64_t *trunks)
{
	const struct embed_link *at_link = &req->links[link];
	size_t at = map->site[at_link->a], n = sub->n_slots;
	uint64_t ns = 0;

	if (at == map->site[at_link->b])
		return false;
	for (size_t i = 0; i < map->n_hops[link]; i++) {
		size_t e = map->hops[link * sub->n_sites + i], to;
		bool back;

		if (e >= sub->n_edges || (sub->edges[e].a != at && sub->edges[e].b != at))
			return false;
		back = sub->edges[e].b == at;
		to = back ? sub->edges[e].a : sub->edges[e].b;
		ns += sub->edges[e].latency_ns;
		for (size_t s = 0; s < n; s++) {
			uint64_t out = at_link->bps[s], in = at_link->bps[n + s];

			edges[(e * 2 + back) * n + s] += out;
			edges[(e * 2 + !back) * n + s] += in;
			trunks[at * 2 * n + s] += out;
			trunks[(at * 2 + 1) * n + s] += in;
			trunks[(to * 2 + 1) * n + s] += out;
			trunks[to * 2 * n + s] += in;
		}
		at = to;
	}
	return at == map->site[at_link->b] && (!at_link->latency_ns || ns <= at_link->latency_ns);
}

static bool none_over(const uint64_t *used, const uint64_t *free_bps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (used[i] > free_bps[i])
			return false;
	}
	return true;
}

bool embed_verify(const struct embed_substrate *sub, const struct embed_request *req,
	const struct embed_map *map)
{
	size_t n = sub->n_slots;
	uint64_t *edges = calloc(sub->n_edges * 2 * n + 1, sizeof(*edges));
	uint64_t *trunks = calloc(sub->n_sites * 2 * n + 1, sizeof(*trunks));
	uint64_t *accesses = calloc(sub->n_sites * 2 * n + 1, sizeof(*accesses));
	uint64_t *bins = calloc(sub->n_bins + 1, sizeof(*bins));
	bool right = edges && trunks && accesses && bins;

	for (size_t i = 0; right && i < req->n_nodes; i++) {
		const struct embed_node *node = &req->nodes[i];

		right = map->site[i] < sub->n_sites &&
			(node->site == EMBED_ANY || node->site == map->site[i]);
		if (!right || !node->share_milli)
			continue;
		right = map->bin[i] < sub->n_bins && sub->bin_site[map->bin[i]] == map->site[i];
		if (right)
			bins[map->bin[i]] += node->share_milli;
	}
	for (size_t i = 0; right && i < req->n_links; i++) {
		const struct embed_link *link = &req->links[i];

		if (!link->access) {
			right = verify_path(sub, req, map, i, edges, trunks);
			continue;
		}
		right = map->site[link->a] == map->site[link->b] && map->n_hops[i] == 0;
		for (size_t s = 0; s < 2 * n; s++)
			accesses[map->site[link->a] * 2 * n + s] += link->bps[s];
	}
	for (size_t b = 0; right && b < sub->n_bins; b++)
		right = bins[b] <= sub->bin_milli[b];
	right = right && none_over(edges, sub->edge_bps, sub->n_edges * 2 * n) &&
		none_over(trunks, sub->trunk_bps, sub->n_sites * 2 * n) &&
		none_over(accesses, sub->access_bps, sub->n_sites * 2 * n);
	if (right && req->accept)
		right = req->accept(req->accept_arg, map->site);
	free(edges);
	free(trunks);
	free(accesses);
	free(bins);
	return right;
}
