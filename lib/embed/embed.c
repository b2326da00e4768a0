/* SPDX-License-Identifier: BSD-3-Clause */
/* What the searches share: groups, what is left, maps. */
#include "lib/embed/embed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/embed/internal.h"

int embed_cost_cmp(struct embed_cost a, struct embed_cost b)
{
	if (a.latency_ns != b.latency_ns)
		return a.latency_ns < b.latency_ns ? -1 : 1;
	return a.kbps_hops < b.kbps_hops ? -1 : a.kbps_hops > b.kbps_hops;
}

uint64_t embed_peak_bps(const struct embed_link *link, size_t n_slots)
{
	uint64_t peak = 0;

	for (size_t i = 0; i < 2 * n_slots; i++)
		peak = link->bps[i] > peak ? link->bps[i] : peak;
	return peak;
}

struct embed_cost embed_hop_cost(const struct embed_state *state, size_t link, size_t edge)
{
	return (struct embed_cost){
		.latency_ns = state->req->links[link].latency_sensitive
			? state->sub->edges[edge].latency_ns
			: 0,
		.kbps_hops = state->peak_kbps[link],
	};
}

/* ---- groups ---- */

static size_t find_root(size_t *parent, size_t node)
{
	while (parent[node] != node)
		node = parent[node] = parent[parent[node]];
	return node;
}

static int judge_request(const struct embed_state *state)
{
	const struct embed_request *req = state->req;

	for (size_t i = 0; i < req->n_nodes; i++) {
		if (req->nodes[i].site != EMBED_ANY && req->nodes[i].site >= state->sub->n_sites)
			return -EINVAL;
	}
	for (size_t i = 0; i < req->n_links; i++) {
		if (req->links[i].a >= req->n_nodes || req->links[i].b >= req->n_nodes ||
			req->links[i].a == req->links[i].b)
			return -EINVAL;
	}
	for (size_t i = 0; i < state->sub->n_edges; i++) {
		if (state->sub->edges[i].a >= state->sub->n_sites ||
			state->sub->edges[i].b >= state->sub->n_sites)
			return -EINVAL;
	}
	for (size_t i = 0; i < state->sub->n_bins; i++) {
		if (state->sub->bin_site[i] >= state->sub->n_sites)
			return -EINVAL;
	}
	return 0;
}

/* Groups in the order of their first node. -ENOSPC: one that would have to be at two sites. */
static int make_groups(struct embed_state *state, size_t *parent, size_t *group_of_root)
{
	const struct embed_request *req = state->req;
	size_t at = 0;

	for (size_t i = 0; i < req->n_nodes; i++)
		parent[i] = i;
	for (size_t i = 0; i < req->n_links; i++) {
		size_t a = find_root(parent, req->links[i].a),
		       b = find_root(parent, req->links[i].b);

		if (req->links[i].access && a != b)
			parent[a > b ? a : b] = a < b ? a : b;
	}
	for (size_t i = 0; i < req->n_nodes; i++) {
		if (find_root(parent, i) == i) {
			state->groups[state->n_groups].site = EMBED_ANY;
			group_of_root[i] = state->n_groups++;
		}
		state->group_of[i] = group_of_root[find_root(parent, i)];
		state->groups[state->group_of[i]].n++;
	}
	for (size_t g = 0; g < state->n_groups; g++) {
		state->groups[g].first = at;
		at += state->groups[g].n;
		state->groups[g].n = 0;
	}
	for (size_t i = 0; i < req->n_nodes; i++) {
		struct embed_group *group = &state->groups[state->group_of[i]];
		size_t site = req->nodes[i].site;

		state->members[group->first + group->n++] = i;
		if (site == EMBED_ANY)
			continue;
		if (group->site != EMBED_ANY && group->site != site)
			return -ENOSPC;
		group->site = site;
	}
	for (size_t i = 0; i < req->n_links; i++) {
		if (!req->links[i].access &&
			state->group_of[req->links[i].a] == state->group_of[req->links[i].b])
			return -ENOSPC;
	}
	return 0;
}

static void index_links(struct embed_state *state)
{
	const struct embed_request *req = state->req;
	size_t *first = state->first_link;

	for (size_t i = 0; i < req->n_links; i++) {
		if (req->links[i].access)
			continue;
		first[state->group_of[req->links[i].a] + 1]++;
		first[state->group_of[req->links[i].b] + 1]++;
	}
	for (size_t g = 0; g < state->n_groups; g++)
		first[g + 1] += first[g];
	for (size_t i = req->n_links; i-- > 0;) {
		if (req->links[i].access)
			continue;
		state->group_links[--first[state->group_of[req->links[i].a] + 1]] = i;
		state->group_links[--first[state->group_of[req->links[i].b] + 1]] = i;
	}
	/* first[g + 1] now is where g begins. */
	memmove(first, first + 1, state->n_groups * sizeof(*first));
	first[state->n_groups] = 0;
	for (size_t i = 0; i < req->n_links; i++)
		first[state->n_groups] += req->links[i].access ? 0 : 2;
}

/* Those with a fixed site first, then whoever has most links with what is placed already. */
static void order_groups(struct embed_state *state, size_t *ties)
{
	for (size_t i = 0; i < state->n_groups; i++) {
		size_t best = EMBED_ANY;

		for (size_t g = 0; g < state->n_groups; g++) {
			bool fixed = state->groups[g].site != EMBED_ANY, best_fixed;

			if (ties[g] == EMBED_ANY)
				continue;
			best_fixed = best != EMBED_ANY && state->groups[best].site != EMBED_ANY;
			if (best == EMBED_ANY || (fixed && !best_fixed) ||
				(fixed == best_fixed &&
					(ties[g] > ties[best] ||
						(ties[g] == ties[best] &&
							state->groups[g].load >
								state->groups[best].load))))
				best = g;
		}
		state->order[i] = best;
		ties[best] = EMBED_ANY;
		for (size_t l = state->first_link[best]; l < state->first_link[best + 1]; l++) {
			const struct embed_link *link = &state->req->links[state->group_links[l]];
			size_t other = state->group_of[link->a] == best ? state->group_of[link->b]
									: state->group_of[link->a];

			if (ties[other] != EMBED_ANY)
				ties[other]++;
		}
	}
}

/* ---- the substrate's graph ---- */

static void index_edges(struct embed_state *state)
{
	const struct embed_substrate *sub = state->sub;
	size_t *first = state->first_adj;

	for (size_t i = 0; i < sub->n_edges; i++) {
		first[sub->edges[i].a + 1]++;
		first[sub->edges[i].b + 1]++;
	}
	for (size_t s = 0; s < sub->n_sites; s++)
		first[s + 1] += first[s];
	for (size_t s = 0; s < sub->n_sites; s++) {
		size_t at = first[s];

		for (size_t i = 0; i < sub->n_edges; i++) {
			const struct embed_edge *edge = &sub->edges[i];

			if (edge->a == s)
				state->adj[at++] = (struct embed_adj){edge->b, i, 0};
			else if (edge->b == s)
				state->adj[at++] = (struct embed_adj){edge->a, i, 1};
		}
	}
}

/* Floyd and Warshall; a hundred sites are a million steps. */
static void measure(struct embed_state *state)
{
	size_t n = state->sub->n_sites;

	for (size_t i = 0; i < n * n; i++) {
		state->min_ns[i] = i / n == i % n ? 0 : UINT64_MAX;
		state->min_hops[i] = i / n == i % n ? 0 : UINT32_MAX;
	}
	for (size_t i = 0; i < state->sub->n_edges; i++) {
		const struct embed_edge *edge = &state->sub->edges[i];
		size_t there = edge->a * n + edge->b, back = edge->b * n + edge->a;

		if (edge->latency_ns < state->min_ns[there])
			state->min_ns[there] = state->min_ns[back] = edge->latency_ns;
		state->min_hops[there] = state->min_hops[back] = 1;
	}
	for (size_t k = 0; k < n; k++) {
		for (size_t i = 0; i < n; i++) {
			if (state->min_hops[i * n + k] == UINT32_MAX)
				continue;
			for (size_t j = 0; j < n; j++) {
				uint64_t ns;
				uint32_t hops;

				if (state->min_hops[k * n + j] == UINT32_MAX)
					continue;
				ns = state->min_ns[i * n + k] + state->min_ns[k * n + j];
				hops = state->min_hops[i * n + k] + state->min_hops[k * n + j];
				if (ns < state->min_ns[i * n + j])
					state->min_ns[i * n + j] = ns;
				if (hops < state->min_hops[i * n + j])
					state->min_hops[i * n + j] = hops;
			}
		}
	}
}

/* ---- the state ---- */

#define NEW(member, count) ((state->member = calloc((count) + 1, sizeof(*state->member))) != NULL)

int embed_state_init(struct embed_state *state, const struct embed_substrate *substrate,
	const struct embed_request *request)
{
	size_t n_sites = substrate->n_sites, n_nodes = request->n_nodes;
	size_t n_links = request->n_links, n_slots = substrate->n_slots;
	size_t *scratch;
	int rc;

	memset(state, 0, sizeof(*state));
	state->sub = substrate;
	state->req = request;
	rc = judge_request(state);
	if (rc < 0)
		return rc;
	scratch = calloc(2 * n_nodes + 1, sizeof(*scratch));
	if (!scratch || !NEW(groups, n_nodes) || !NEW(group_of, n_nodes) ||
		!NEW(members, n_nodes) || !NEW(order, n_nodes) || !NEW(group_links, 2 * n_links) ||
		!NEW(first_link, n_nodes + 2) || !NEW(adj, 2 * substrate->n_edges) ||
		!NEW(first_adj, n_sites + 1) || !NEW(min_ns, n_sites * n_sites) ||
		!NEW(min_hops, n_sites * n_sites) ||
		!NEW(edge_bps, substrate->n_edges * 2 * n_slots) ||
		!NEW(trunk_bps, n_sites * 2 * n_slots) || !NEW(access_bps, n_sites * 2 * n_slots) ||
		!NEW(bin_milli, substrate->n_bins) || !NEW(group_site, n_nodes) ||
		!NEW(site, n_nodes) || !NEW(bin, n_nodes) || !NEW(n_hops, n_links) ||
		!NEW(hops, n_links * n_sites) || !NEW(peak_kbps, n_links) || !NEW(dist, n_sites) ||
		!NEW(via, n_sites) || !NEW(done, n_sites)) {
		free(scratch);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n_links; i++)
		state->peak_kbps[i] = embed_peak_bps(&request->links[i], n_slots) / 1000 + 1;
	rc = make_groups(state, scratch, scratch + n_nodes);
	if (rc == 0) {
		for (size_t i = 0; i < n_links; i++) {
			state->groups[state->group_of[request->links[i].a]].load +=
				state->peak_kbps[i];
			state->groups[state->group_of[request->links[i].b]].load +=
				state->peak_kbps[i];
		}
		index_links(state);
		memset(scratch, 0, (2 * n_nodes + 1) * sizeof(*scratch));
		order_groups(state, scratch);
		index_edges(state);
		measure(state);
		embed_state_reset(state);
	}
	free(scratch);
	return rc;
}

void embed_state_fini(struct embed_state *state)
{
	void *all[] = {state->groups, state->group_of, state->members, state->order,
		state->group_links, state->first_link, state->adj, state->first_adj, state->min_ns,
		state->min_hops, state->edge_bps, state->trunk_bps, state->access_bps,
		state->bin_milli, state->group_site, state->site, state->bin, state->n_hops,
		state->hops, state->peak_kbps, state->dist, state->via, state->done};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		free(all[i]);
	memset(state, 0, sizeof(*state));
}

void embed_state_reset(struct embed_state *state)
{
	const struct embed_substrate *sub = state->sub;

	memcpy(state->edge_bps, sub->edge_bps,
		sub->n_edges * 2 * sub->n_slots * sizeof(*state->edge_bps));
	memcpy(state->trunk_bps, sub->trunk_bps,
		sub->n_sites * 2 * sub->n_slots * sizeof(*state->trunk_bps));
	memcpy(state->access_bps, sub->access_bps,
		sub->n_sites * 2 * sub->n_slots * sizeof(*state->access_bps));
	memcpy(state->bin_milli, sub->bin_milli, sub->n_bins * sizeof(*state->bin_milli));
	for (size_t g = 0; g < state->req->n_nodes; g++)
		state->group_site[g] = state->site[g] = state->bin[g] = EMBED_ANY;
	memset(state->n_hops, 0, state->req->n_links * sizeof(*state->n_hops));
	state->cost = (struct embed_cost){0};
}

/* ---- rates ---- */

static bool fits(const uint64_t *left, const uint64_t *bps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (left[i] < bps[i])
			return false;
	}
	return true;
}

static void take(uint64_t *left, const uint64_t *bps, size_t n, bool give_back)
{
	for (size_t i = 0; i < n; i++)
		left[i] = give_back ? left[i] + bps[i] : left[i] - bps[i];
}

bool embed_hop_fits(const struct embed_state *state, size_t link, size_t from,
	const struct embed_adj *adj, bool reverse)
{
	size_t n = state->sub->n_slots;
	const uint64_t *there = state->req->links[link].bps + (reverse ? n : 0);
	const uint64_t *back = state->req->links[link].bps + (reverse ? 0 : n);
	unsigned int direction = adj->direction;

	return fits(state->edge_bps + (adj->edge * 2 + direction) * n, there, n) &&
		fits(state->edge_bps + (adj->edge * 2 + !direction) * n, back, n) &&
		fits(state->trunk_bps + from * 2 * n, there, n) &&
		fits(state->trunk_bps + (from * 2 + 1) * n, back, n) &&
		fits(state->trunk_bps + (adj->site * 2 + 1) * n, there, n) &&
		fits(state->trunk_bps + adj->site * 2 * n, back, n);
}

void embed_hop_take(struct embed_state *state, size_t link, size_t from,
	const struct embed_adj *adj, bool reverse, bool give_back)
{
	size_t n = state->sub->n_slots;
	const uint64_t *there = state->req->links[link].bps + (reverse ? n : 0);
	const uint64_t *back = state->req->links[link].bps + (reverse ? 0 : n);
	unsigned int direction = adj->direction;

	take(state->edge_bps + (adj->edge * 2 + direction) * n, there, n, give_back);
	take(state->edge_bps + (adj->edge * 2 + !direction) * n, back, n, give_back);
	take(state->trunk_bps + from * 2 * n, there, n, give_back);
	take(state->trunk_bps + (from * 2 + 1) * n, back, n, give_back);
	take(state->trunk_bps + (adj->site * 2 + 1) * n, there, n, give_back);
	take(state->trunk_bps + adj->site * 2 * n, back, n, give_back);
}

/* The group's access links, until one does not fit. How many were taken. */
static size_t take_access(struct embed_state *state, size_t group, size_t site, bool give_back,
	size_t limit, bool *whole)
{
	size_t n = state->sub->n_slots, n_taken = 0;
	uint64_t *out = state->access_bps + site * 2 * n, *in = out + n;

	*whole = true;
	for (size_t i = 0; i < state->req->n_links && n_taken < limit; i++) {
		const struct embed_link *link = &state->req->links[i];

		if (!link->access || state->group_of[link->a] != group)
			continue;
		if (!give_back && (!fits(out, link->bps, n) || !fits(in, link->bps + n, n))) {
			*whole = false;
			break;
		}
		take(out, link->bps, n, give_back);
		take(in, link->bps + n, n, give_back);
		n_taken++;
	}
	return n_taken;
}

/* ---- lcores ---- */

struct pack {
	struct embed_state *state;
	size_t *nodes; /* by falling share */
	size_t n;
	size_t first_bin, end_bin;
	unsigned int n_steps;
};

#define PACK_STEPS_MAX 100000u

static bool pack_from(struct pack *pack, size_t i)
{
	struct embed_state *state = pack->state;
	uint32_t share;

	if (i == pack->n)
		return true;
	if (++pack->n_steps > PACK_STEPS_MAX)
		return false;
	share = state->req->nodes[pack->nodes[i]].share_milli;
	for (size_t b = 0; b < state->sub->n_bins; b++) {
		bool same = false;

		if (state->sub->bin_site[b] != state->site[pack->nodes[i]] ||
			state->bin_milli[b] < share)
			continue;
		/* Lcores with as much left are all the same. */
		for (size_t c = 0; c < b && !same; c++)
			same = state->sub->bin_site[c] == state->sub->bin_site[b] &&
				state->bin_milli[c] == state->bin_milli[b];
		if (same)
			continue;
		state->bin_milli[b] -= share;
		state->bin[pack->nodes[i]] = b;
		if (pack_from(pack, i + 1))
			return true;
		state->bin_milli[b] += share;
	}
	return false;
}

static void sort_by_share(const struct embed_state *state, size_t *nodes, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		size_t node = nodes[i], j = i;

		for (; j &&
			state->req->nodes[nodes[j - 1]].share_milli <
				state->req->nodes[node].share_milli;
			j--)
			nodes[j] = nodes[j - 1];
		nodes[j] = node;
	}
}

bool embed_pack(struct embed_state *state, size_t site)
{
	struct pack pack = {.state = state};
	uint64_t need = 0, have = 0;
	bool packed;

	pack.nodes = calloc(state->req->n_nodes + 1, sizeof(*pack.nodes));
	if (!pack.nodes)
		return false;
	for (size_t b = 0; b < state->sub->n_bins; b++) {
		if (state->sub->bin_site[b] != site)
			continue;
		state->bin_milli[b] = state->sub->bin_milli[b];
		have += state->bin_milli[b];
	}
	for (size_t i = 0; i < state->req->n_nodes; i++) {
		if (state->site[i] != site || !state->req->nodes[i].share_milli)
			continue;
		pack.nodes[pack.n++] = i;
		need += state->req->nodes[i].share_milli;
	}
	sort_by_share(state, pack.nodes, pack.n);
	packed = need <= have && pack_from(&pack, 0);
	free(pack.nodes);
	return packed;
}

/* ---- places ---- */

static bool has_share(const struct embed_state *state, size_t group)
{
	const struct embed_group *at = &state->groups[group];

	for (size_t i = 0; i < at->n; i++) {
		if (state->req->nodes[state->members[at->first + i]].share_milli)
			return true;
	}
	return false;
}

static void set_site(struct embed_state *state, size_t group, size_t site)
{
	const struct embed_group *at = &state->groups[group];

	state->group_site[group] = site;
	for (size_t i = 0; i < at->n; i++)
		state->site[state->members[at->first + i]] = site;
}

bool embed_place(struct embed_state *state, size_t group, size_t site)
{
	size_t n_taken;
	bool whole;

	/* A link between routers of one site cannot be said in a site file. */
	for (size_t l = state->first_link[group]; l < state->first_link[group + 1]; l++) {
		const struct embed_link *link = &state->req->links[state->group_links[l]];
		size_t a = state->group_of[link->a], b = state->group_of[link->b];

		if (state->group_site[a == group ? b : a] == site)
			return false;
	}
	n_taken = take_access(state, group, site, false, SIZE_MAX, &whole);
	if (whole) {
		set_site(state, group, site);
		if (!has_share(state, group) || embed_pack(state, site))
			return true;
		set_site(state, group, EMBED_ANY);
		embed_pack(state, site);
	}
	take_access(state, group, site, true, n_taken, &whole);
	return false;
}

void embed_unplace(struct embed_state *state, size_t group)
{
	size_t site = state->group_site[group];
	bool whole;

	take_access(state, group, site, true, SIZE_MAX, &whole);
	set_site(state, group, EMBED_ANY);
	if (has_share(state, group))
		embed_pack(state, site);
}
