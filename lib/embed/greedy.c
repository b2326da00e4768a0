/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups one after another, each where its links to those before it are cheapest, by shortest paths
 * with room. A group that finds no place goes to the front, and all begins again; now and then in
 * another order altogether. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/embed/internal.h"

#define RESTARTS_MAX 64u
#define SHUFFLE_EACH 8u                /* restarts: going to the front may turn in circles */
#define HOP_WEIGHT (UINT64_C(1) << 40) /* over all latencies: the fewest hops, then the fastest */

static void set_cost(struct embed_state *state, size_t link, bool remove)
{
	for (size_t i = 0; i < state->n_hops[link]; i++) {
		struct embed_cost hop =
			embed_hop_cost(state, link, state->hops[link * state->sub->n_sites + i]);

		state->cost.latency_ns += remove ? -hop.latency_ns : hop.latency_ns;
		state->cost.kbps_hops += remove ? -hop.kbps_hops : hop.kbps_hops;
	}
}

/* Take, or give back, the hops of a link from its end a. */
static void walk(struct embed_state *state, size_t link, bool give_back)
{
	size_t at = state->site[state->req->links[link].a];

	for (size_t i = 0; i < state->n_hops[link]; i++) {
		size_t edge = state->hops[link * state->sub->n_sites + i];
		const struct embed_edge *between = &state->sub->edges[edge];
		struct embed_adj adj = {
			between->a == at ? between->b : between->a, edge, between->a == at ? 0 : 1};

		embed_hop_take(state, link, at, &adj, false, give_back);
		at = adj.site;
	}
	set_cost(state, link, give_back);
	if (give_back)
		state->n_hops[link] = 0;
}

/* Who passes through a site has both of its directions in and out by the one backbone port. */
static bool may_pass(const struct embed_state *state, size_t link, size_t site)
{
	const uint64_t *bps = state->req->links[link].bps;
	size_t n = state->sub->n_slots;
	const uint64_t *left = state->trunk_bps + site * 2 * n;

	for (size_t i = 0; i < n; i++) {
		uint64_t both = bps[i] + bps[n + i];

		if (left[i] < both || left[n + i] < both)
			return false;
	}
	return true;
}

/* Dijkstra with room for the link; via: index of the adjacency by which a site was reached. */
static void measure_from(
	struct embed_state *state, size_t link, size_t from, bool reverse, bool by_latency)
{
	size_t n = state->sub->n_sites;

	for (size_t s = 0; s < n; s++) {
		state->dist[s] = UINT64_MAX;
		state->done[s] = 0;
	}
	state->dist[from] = 0;
	for (;;) {
		size_t at = EMBED_ANY;

		for (size_t s = 0; s < n; s++) {
			if (!state->done[s] && state->dist[s] != UINT64_MAX &&
				(at == EMBED_ANY || state->dist[s] < state->dist[at]))
				at = s;
		}
		if (at == EMBED_ANY)
			return;
		state->done[at] = 1;
		if (at != from && !may_pass(state, link, at))
			continue;
		for (size_t i = state->first_adj[at]; i < state->first_adj[at + 1]; i++) {
			const struct embed_adj *adj = &state->adj[i];
			uint64_t dist = state->dist[at] + state->sub->edges[adj->edge].latency_ns +
				(by_latency ? 0 : HOP_WEIGHT);

			if (state->done[adj->site] || dist >= state->dist[adj->site] ||
				!embed_hop_fits(state, link, at, adj, reverse))
				continue;
			state->dist[adj->site] = dist;
			state->via[adj->site] = i;
		}
	}
}

static uint64_t path_latency(const struct embed_state *state, size_t from, size_t to)
{
	uint64_t sum = 0;

	while (to != from) {
		const struct embed_adj *adj = &state->adj[state->via[to]];
		const struct embed_edge *edge = &state->sub->edges[adj->edge];

		sum += edge->latency_ns;
		to = edge->a == to ? edge->b : edge->a;
	}
	return sum;
}

/* The path that measure_from found becomes the link's. */
static void store_path(struct embed_state *state, size_t link, size_t from, size_t to, bool reverse)
{
	size_t *hops = state->hops + link * state->sub->n_sites, n = 0;

	while (to != from) {
		size_t edge = state->adj[state->via[to]].edge;
		const struct embed_edge *between = &state->sub->edges[edge];

		hops[n++] = edge;
		to = between->a == to ? between->b : between->a;
	}
	/* Found from the far end: the order of a link that is walked from its a is the other one.
	 */
	for (size_t i = 0; !reverse && i < n / 2; i++) {
		size_t edge = hops[i];

		hops[i] = hops[n - 1 - i];
		hops[n - 1 - i] = edge;
	}
	state->n_hops[link] = n;
}

static bool route(struct embed_state *state, size_t link)
{
	const struct embed_link *req = &state->req->links[link];
	size_t from = state->site[req->a], to = state->site[req->b];

	for (int by_latency = req->latency_sensitive; by_latency < 2; by_latency++) {
		measure_from(state, link, from, false, by_latency);
		if (state->dist[to] == UINT64_MAX)
			return false;
		if (req->latency_ns && path_latency(state, from, to) > req->latency_ns)
			continue;
		store_path(state, link, from, to, false);
		walk(state, link, false);
		return true;
	}
	return false;
}

static size_t other_group(const struct embed_state *state, size_t link, size_t group)
{
	const struct embed_link *req = &state->req->links[link];
	size_t a = state->group_of[req->a];

	return a == group ? state->group_of[req->b] : a;
}

/* What the links of the group to placed ones would cost from each site; false where one has none.
 * The scratch for it is the caller's. */
static void judge_sites(
	struct embed_state *state, size_t group, struct embed_cost *costs, uint8_t *usable)
{
	size_t n = state->sub->n_sites;

	for (size_t s = 0; s < n; s++) {
		costs[s] = (struct embed_cost){0};
		usable[s] =
			state->groups[group].site == EMBED_ANY || state->groups[group].site == s;
	}
	for (size_t l = state->first_link[group]; l < state->first_link[group + 1]; l++) {
		size_t link = state->group_links[l];
		const struct embed_link *req = &state->req->links[link];
		size_t from = state->group_site[other_group(state, link, group)];
		bool reverse = state->group_of[req->a] == group;

		if (from == EMBED_ANY)
			continue;
		measure_from(state, link, from, reverse, req->latency_sensitive);
		for (size_t s = 0; s < n; s++) {
			if (!usable[s])
				continue;
			if (state->dist[s] == UINT64_MAX || s == from ||
				(req->latency_ns &&
					state->min_ns[from * n + s] > req->latency_ns)) {
				usable[s] = 0;
			} else if (req->latency_sensitive) {
				costs[s].latency_ns += state->dist[s];
				costs[s].kbps_hops += state->peak_kbps[link];
			} else {
				costs[s].kbps_hops +=
					state->peak_kbps[link] * (state->dist[s] / HOP_WEIGHT);
			}
		}
	}
}

/* The least that the site's backbone port has left. */
static uint64_t room(const struct embed_state *state, size_t site)
{
	size_t n = state->sub->n_slots * 2;
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < n; i++) {
		if (state->trunk_bps[site * n + i] < least)
			least = state->trunk_bps[site * n + i];
	}
	return least;
}

static bool settle(struct embed_state *state, size_t group, size_t site)
{
	size_t first = state->first_link[group], end = state->first_link[group + 1], l;

	if (!embed_place(state, group, site))
		return false;
	for (l = first; l < end; l++) {
		size_t link = state->group_links[l];

		if (state->group_site[other_group(state, link, group)] != EMBED_ANY &&
			!route(state, link))
			break;
	}
	if (l == end)
		return true;
	while (l-- > first)
		walk(state, state->group_links[l], true);
	embed_unplace(state, group);
	return false;
}

static bool settle_best(
	struct embed_state *state, size_t group, struct embed_cost *costs, uint8_t *usable)
{
	judge_sites(state, group, costs, usable);
	for (;;) {
		size_t best = EMBED_ANY;

		for (size_t s = 0; s < state->sub->n_sites; s++) {
			int rc;

			if (!usable[s])
				continue;
			rc = best == EMBED_ANY ? -1 : embed_cost_cmp(costs[s], costs[best]);
			if (rc < 0 || (rc == 0 && room(state, s) > room(state, best)))
				best = s;
		}
		if (best == EMBED_ANY)
			return false;
		usable[best] = 0;
		if (settle(state, group, best))
			return true;
	}
}

/* At random, but the same in every run. */
static void shuffle(struct embed_state *state, uint64_t *seed)
{
	for (size_t i = state->n_groups; i-- > 1;) {
		size_t j, group = state->order[i];

		*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		j = (size_t)(*seed >> 33) % (i + 1);
		state->order[i] = state->order[j];
		state->order[j] = group;
	}
}

int embed_greedy_run(struct embed_state *state)
{
	uint64_t seed = 1;
	struct embed_cost *costs = calloc(state->sub->n_sites + 1, sizeof(*costs));
	uint8_t *usable = calloc(state->sub->n_sites + 1, sizeof(*usable));
	int rc = costs && usable ? -EAGAIN : -ENOMEM;

	for (unsigned int restart = 0; rc == -EAGAIN && restart < RESTARTS_MAX; restart++) {
		size_t i = 0, failed;

		if (restart % SHUFFLE_EACH == SHUFFLE_EACH - 1)
			shuffle(state, &seed);
		embed_state_reset(state);
		while (i < state->n_groups && settle_best(state, state->order[i], costs, usable))
			i++;
		if (i == state->n_groups) {
			if (!state->req->accept ||
				state->req->accept(state->req->accept_arg, state->site))
				rc = 0;
			break;
		}
		if (i == 0)
			break;
		failed = state->order[i];
		memmove(state->order + 1, state->order, i * sizeof(*state->order));
		state->order[0] = failed;
	}
	free(costs);
	free(usable);
	return rc;
}
