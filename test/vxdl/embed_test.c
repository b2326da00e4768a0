/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/embed/embed.h"

#define SITES_MAX 200
#define EDGES_MAX 1000
#define NODES_MAX 200
#define LINKS_MAX 400
#define SLOTS_MAX 3

/* A substrate and a request with all their memory. */
struct problem {
	struct embed_substrate sub;
	struct embed_request req;
	struct embed_edge edges[EDGES_MAX];
	uint64_t edge_bps[EDGES_MAX * 2 * SLOTS_MAX], trunk_bps[SITES_MAX * 2 * SLOTS_MAX];
	uint64_t access_bps[SITES_MAX * 2 * SLOTS_MAX];
	size_t bin_site[SITES_MAX * 2];
	uint32_t bin_milli[SITES_MAX * 2];
	struct embed_node nodes[NODES_MAX];
	struct embed_link links[LINKS_MAX];
	uint64_t bps[LINKS_MAX][2 * SLOTS_MAX];
};

static struct problem problem;

static unsigned int pick(unsigned int n)
{
	return (unsigned int)rand() % n;
}

static void point(struct problem *p)
{
	p->sub.edges = p->edges;
	p->sub.edge_bps = p->edge_bps;
	p->sub.trunk_bps = p->trunk_bps;
	p->sub.access_bps = p->access_bps;
	p->sub.bin_site = p->bin_site;
	p->sub.bin_milli = p->bin_milli;
	p->req.nodes = p->nodes;
	p->req.links = p->links;
	for (size_t i = 0; i < LINKS_MAX; i++)
		p->links[i].bps = p->bps[i];
}

static void fill(uint64_t *bps, size_t n, unsigned int from, unsigned int range)
{
	for (size_t i = 0; i < n; i++)
		bps[i] = (from + pick(range)) * UINT64_C(100000);
}

/* Small and tight: about half of them fit. */
static void make_small(struct problem *p)
{
	size_t n_slots;

	memset(p, 0, sizeof(*p));
	point(p);
	p->sub.n_sites = 2 + pick(3);
	n_slots = p->sub.n_slots = 1 + pick(2);
	for (size_t a = 0; a < p->sub.n_sites; a++) {
		for (size_t b = a + 1; b < p->sub.n_sites; b++) {
			if (pick(4))
				p->edges[p->sub.n_edges++] = (struct embed_edge){
					pick(2) ? a : b, 0, (1 + pick(9)) * UINT64_C(1000000)};
			if (pick(4) == 0 || p->sub.n_edges == 0)
				continue;
			p->edges[p->sub.n_edges - 1].b =
				p->edges[p->sub.n_edges - 1].a == a ? b : a;
		}
	}
	/* Edges without a second end yet. */
	for (size_t e = 0; e < p->sub.n_edges; e++) {
		if (p->edges[e].a == p->edges[e].b)
			p->edges[e].b = (p->edges[e].a + 1) % p->sub.n_sites;
	}
	fill(p->edge_bps, p->sub.n_edges * 2 * n_slots, 0, 12);
	fill(p->trunk_bps, p->sub.n_sites * 2 * n_slots, 2, 16);
	fill(p->access_bps, p->sub.n_sites * 2 * n_slots, 2, 10);
	for (size_t s = 0; s < p->sub.n_sites; s++) {
		for (unsigned int n = 1 + pick(2); n; n--, p->sub.n_bins++) {
			p->bin_site[p->sub.n_bins] = s;
			p->bin_milli[p->sub.n_bins] = 250 * (1 + pick(4));
		}
	}
	p->req.n_nodes = 1 + pick(4);
	for (size_t i = 0; i < p->req.n_nodes; i++)
		p->nodes[i] = (struct embed_node){
			pick(3) ? EMBED_ANY : pick((unsigned int)p->sub.n_sites),
			pick(3) ? 250 * (1 + pick(3)) : 0};
	for (unsigned int n = p->req.n_nodes > 1 ? pick(5) : 0; n; n--) {
		struct embed_link *link = &p->links[p->req.n_links];
		size_t a = pick((unsigned int)p->req.n_nodes);
		size_t b = (a + 1 + pick((unsigned int)p->req.n_nodes - 1)) % p->req.n_nodes;

		link->a = a;
		link->b = b;
		link->access = pick(4) == 0;
		link->latency_sensitive = pick(3) == 0;
		link->latency_ns = pick(3) ? 0 : (3 + pick(12)) * UINT64_C(1000000);
		if (pick(5))
			fill(p->bps[p->req.n_links], 2 * n_slots, 0, 7);
		p->req.n_links++;
	}
}

/* ---- exhaustive search: all sites and lcores of all nodes, all simple paths of all links ---- */

struct exhaustive {
	const struct problem *p;
	struct embed_map map;
	size_t sites[NODES_MAX], bins[NODES_MAX], n_hops[LINKS_MAX], hops[LINKS_MAX * 8];
	bool found;
	struct embed_cost best;
};

static void try_paths(struct exhaustive *ex, size_t link);

static struct embed_cost map_cost(const struct exhaustive *ex)
{
	struct embed_cost cost = {0};

	for (size_t l = 0; l < ex->p->req.n_links; l++) {
		const struct embed_link *link = &ex->p->links[l];
		uint64_t peak = 0;

		for (size_t i = 0; i < 2 * ex->p->sub.n_slots; i++)
			peak = link->bps[i] > peak ? link->bps[i] : peak;
		for (size_t i = 0; i < ex->n_hops[l]; i++) {
			cost.kbps_hops += peak / 1000 + 1;
			if (link->latency_sensitive)
				cost.latency_ns +=
					ex->p->edges[ex->hops[l * ex->p->sub.n_sites + i]]
						.latency_ns;
		}
	}
	return cost;
}

static void extend(struct exhaustive *ex, size_t link, size_t at, unsigned int visited)
{
	size_t n = ex->p->sub.n_sites;

	if (at == ex->sites[ex->p->links[link].b]) {
		try_paths(ex, link + 1);
		return;
	}
	for (size_t e = 0; e < ex->p->sub.n_edges; e++) {
		const struct embed_edge *edge = &ex->p->edges[e];
		size_t to = edge->a == at ? edge->b : edge->a;

		if ((edge->a != at && edge->b != at) || (visited & 1u << to))
			continue;
		ex->hops[link * n + ex->n_hops[link]++] = e;
		extend(ex, link, to, visited | 1u << to);
		ex->n_hops[link]--;
	}
}

static void try_paths(struct exhaustive *ex, size_t link)
{
	struct embed_cost cost;

	if (link == ex->p->req.n_links) {
		cost = map_cost(ex);
		if (ex->found && embed_cost_cmp(cost, ex->best) >= 0)
			return;
		if (!embed_verify(&ex->p->sub, &ex->p->req, &ex->map))
			return;
		ex->found = true;
		ex->best = cost;
		return;
	}
	ex->n_hops[link] = 0;
	if (ex->p->links[link].access)
		try_paths(ex, link + 1);
	else if (ex->sites[ex->p->links[link].a] != ex->sites[ex->p->links[link].b])
		extend(ex, link, ex->sites[ex->p->links[link].a],
			1u << ex->sites[ex->p->links[link].a]);
}

static bool bins_fit(const struct exhaustive *ex)
{
	for (size_t b = 0; b < ex->p->sub.n_bins; b++) {
		uint32_t sum = 0;

		for (size_t i = 0; i < ex->p->req.n_nodes; i++) {
			if (ex->p->nodes[i].share_milli && ex->bins[i] == b)
				sum += ex->p->nodes[i].share_milli;
		}
		if (sum > ex->p->bin_milli[b])
			return false;
	}
	return true;
}

/* Which lcores is of no concern to the links: one choice that fits will do. */
static bool try_bins(struct exhaustive *ex, size_t node)
{
	if (node == ex->p->req.n_nodes)
		return bins_fit(ex);
	ex->bins[node] = EMBED_ANY;
	if (!ex->p->nodes[node].share_milli)
		return try_bins(ex, node + 1);
	for (size_t b = 0; b < ex->p->sub.n_bins; b++) {
		ex->bins[node] = b;
		if (ex->p->bin_site[b] == ex->sites[node] && try_bins(ex, node + 1))
			return true;
	}
	return false;
}

static void try_sites(struct exhaustive *ex, size_t node)
{
	if (node == ex->p->req.n_nodes) {
		if (try_bins(ex, 0))
			try_paths(ex, 0);
		return;
	}
	for (size_t s = 0; s < ex->p->sub.n_sites; s++) {
		ex->sites[node] = s;
		try_sites(ex, node + 1);
	}
}

static bool exhaust(const struct problem *p, struct embed_cost *best)
{
	static struct exhaustive ex;

	memset(&ex, 0, sizeof(ex));
	ex.p = p;
	ex.map = (struct embed_map){
		.site = ex.sites, .bin = ex.bins, .n_hops = ex.n_hops, .hops = ex.hops};
	try_sites(&ex, 0);
	*best = ex.best;
	return ex.found;
}

static void test_exhaustive(void **state)
{
	unsigned int n_feasible = 0, n_greedy = 0, n_greedy_best = 0;
	double excess = 0;

	(void)state;
	srand(7);
	for (unsigned int i = 0; i < 10000; i++) {
		struct embed_cost best;
		struct embed_map map;
		bool feasible;
		int rc;

		make_small(&problem);
		feasible = exhaust(&problem, &best);
		rc = embed_solve(&problem.sub, &problem.req, 10000000, &map);
		if (rc != (feasible ? 0 : -ENOSPC))
			fail_msg("case %u: %d, exhaustive search says %s", i, rc,
				feasible ? "feasible" : "infeasible");
		if (rc == 0) {
			assert_true(map.proved);
			assert_true(embed_verify(&problem.sub, &problem.req, &map));
			if (embed_cost_cmp(map.cost, best) != 0)
				fail_msg("case %u: cost %llu %llu, best is %llu %llu", i,
					(unsigned long long)map.cost.latency_ns,
					(unsigned long long)map.cost.kbps_hops,
					(unsigned long long)best.latency_ns,
					(unsigned long long)best.kbps_hops);
			embed_map_fini(&map);
			n_feasible++;
		}
		rc = embed_greedy(&problem.sub, &problem.req, &map);
		if (rc < 0)
			continue;
		assert_true(feasible);
		assert_true(embed_verify(&problem.sub, &problem.req, &map));
		n_greedy++;
		n_greedy_best += embed_cost_cmp(map.cost, best) == 0;
		excess += best.kbps_hops ? (double)map.cost.kbps_hops / (double)best.kbps_hops - 1
					 : 0;
		embed_map_fini(&map);
	}
	print_message("%u of 10000 feasible; greedy finds %u, the best of all %u, %.2f%% more "
		      "bandwidth on average\n",
		n_feasible, n_greedy, n_greedy_best, 100 * excess / n_greedy);
	assert_true(n_feasible > 2000 && n_feasible < 9000);
	assert_true(n_greedy > n_feasible * 9 / 10);
}

/* ---- large ---- */

static void make_large(struct problem *p, size_t n_sites, size_t n_routers)
{
	memset(p, 0, sizeof(*p));
	point(p);
	p->sub.n_sites = n_sites;
	p->sub.n_slots = 1;
	for (size_t s = 0; s < n_sites; s++) {
		for (size_t step = 1; step <= 3; step++)
			p->edges[p->sub.n_edges++] = (struct embed_edge){s,
				(s + (step == 1 ? 1 : 2 + pick((unsigned int)n_sites - 3))) %
					n_sites,
				(1 + pick(10)) * UINT64_C(1000000)};
		p->bin_site[p->sub.n_bins] = s;
		p->bin_milli[p->sub.n_bins++] = 1000;
	}
	fill(p->edge_bps, p->sub.n_edges * 2, 10000, 1); /* 1 Gbit/s */
	fill(p->trunk_bps, n_sites * 2, 20000, 1);       /* 2 Gbit/s */
	fill(p->access_bps, n_sites * 2, 20000, 1);
	p->req.n_nodes = n_routers;
	for (size_t i = 0; i < n_routers; i++)
		p->nodes[i] = (struct embed_node){pick(5) ? EMBED_ANY : i, 500};
	for (size_t i = 1; i < n_routers; i++) {
		for (unsigned int n = 0; n < 2; n++) {
			struct embed_link *link = &p->links[p->req.n_links];

			link->a = i;
			link->b = pick((unsigned int)i);
			link->latency_sensitive = pick(3) == 0;
			fill(p->bps[p->req.n_links++], 2, 500, 1000); /* 50 to 150 Mbit/s */
		}
	}
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Against the least that any embedding costs: a hop a link. */
static void test_large(void **state)
{
	double slowest = 0, worst = 0, sum = 0;
	unsigned int n_found = 0;

	(void)state;
	srand(11);
	for (unsigned int i = 0; i < 20; i++) {
		double begin, ratio, least = 0;
		struct embed_map map;

		make_large(&problem, 100, 50);
		begin = seconds_now();
		if (embed_greedy(&problem.sub, &problem.req, &map) < 0)
			continue;
		begin = seconds_now() - begin;
		slowest = begin > slowest ? begin : slowest;
		assert_true(embed_verify(&problem.sub, &problem.req, &map));
		for (size_t l = 0; l < problem.req.n_links; l++)
			least += (double)(embed_peak_bps(&problem.links[l], 1) / 1000 + 1);
		ratio = (double)map.cost.kbps_hops / least;
		worst = ratio > worst ? ratio : worst;
		sum += ratio;
		n_found++;
		embed_map_fini(&map);
	}
	print_message(
		"100 sites, 50 routers, 98 links: %u of 20 embedded, slowest %.3f s, bandwidth "
		"%.2f (worst %.2f) times the lower bound\n",
		n_found, slowest, sum / n_found, worst);
	assert_true(n_found >= 18);
	assert_true(slowest < 5);
	assert_true(worst < 3.5);
}

/* ---- the shapes that the papers name ---- */

/* Three sites; the direct link from 0 to 2 is slow in rate and fast in time. */
static void test_two_paths(void **state)
{
	struct embed_map map;

	(void)state;
	memset(&problem, 0, sizeof(problem));
	point(&problem);
	problem.sub = (struct embed_substrate){3, 3, 1, 0, problem.edges, problem.edge_bps,
		problem.trunk_bps, problem.access_bps, problem.bin_site, problem.bin_milli};
	problem.edges[0] = (struct embed_edge){0, 1, 4000000};
	problem.edges[1] = (struct embed_edge){1, 2, 5000000};
	problem.edges[2] = (struct embed_edge){2, 0, 6000000};
	for (size_t i = 0; i < 6; i++) {
		problem.edge_bps[i] = i < 4 ? 10000000000 : 2000000000;
		problem.trunk_bps[i] = 20000000000;
	}
	problem.req.n_nodes = 2;
	problem.nodes[0].site = 0;
	problem.nodes[1].site = 2;
	problem.req.n_links = 2;
	problem.links[0] = (struct embed_link){0, 1, false, true, 7000000, problem.bps[0]};
	problem.links[1] = (struct embed_link){0, 1, false, false, 0, problem.bps[1]};
	problem.bps[0][0] = problem.bps[0][1] = 1000000000;
	problem.bps[1][0] = problem.bps[1][1] = 5000000000;
	assert_int_equal(embed_solve(&problem.sub, &problem.req, 1000, &map), 0);
	assert_int_equal(map.n_hops[0], 1);
	assert_int_equal(map.hops[0], 2);
	assert_int_equal(map.n_hops[1], 2);
	assert_int_equal(map.hops[3], 0);
	assert_int_equal(map.hops[4], 1);
	embed_map_fini(&map);
	/* Too much for the way around, too. */
	problem.bps[1][0] = 10000000001;
	assert_int_equal(embed_solve(&problem.sub, &problem.req, 1000, &map), -ENOSPC);
	/* Only one of two directions: the other one is free. */
	problem.bps[1][0] = 5000000000;
	problem.links[1].latency_ns = 8000000;
	assert_int_equal(embed_solve(&problem.sub, &problem.req, 1000, &map), -ENOSPC);
}

static bool refuse_all(void *arg, const size_t *sites)
{
	(void)sites;
	++*(unsigned int *)arg;
	return false;
}

static void test_edges_of_input(void **state)
{
	unsigned int n_asked = 0;
	struct embed_map map;

	(void)state;
	memset(&problem, 0, sizeof(problem));
	point(&problem);
	assert_int_equal(embed_solve(&problem.sub, &problem.req, 1000, &map), 0); /* nothing */
	embed_map_fini(&map);
	problem.req.n_nodes = 1;
	problem.nodes[0].site = EMBED_ANY;
	assert_int_equal(embed_solve(&problem.sub, &problem.req, 1000, &map), -ENOSPC);
	problem.nodes[0].site = 0;
	assert_int_equal(embed_solve(&problem.sub, &problem.req, 1000, &map), -EINVAL);
	problem.sub.n_sites = 3;
	problem.nodes[0].site = EMBED_ANY;
	problem.req.accept = refuse_all;
	problem.req.accept_arg = &n_asked;
	assert_int_equal(embed_solve(&problem.sub, &problem.req, 1000, &map), -ENOSPC);
	assert_true(n_asked >= 3);
	assert_int_equal(embed_solve(&problem.sub, &problem.req, 2, &map), -EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_paths),
		cmocka_unit_test(test_edges_of_input),
		cmocka_unit_test(test_exhaustive),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
