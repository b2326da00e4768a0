/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/grant.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/lease.h"
#include "lib/rate.h"

bool grant_is_best_effort(const struct model_rate *rate)
{
	return rate->min_bps == 0 && rate->max_bps == MODEL_RATE_NONE;
}

uint64_t grant_capacity(const struct model_port *port, const struct grant_speeds *speeds)
{
	uint64_t capacity = port->capacity_bps;

	if (capacity == MODEL_RATE_NONE)
		capacity = speeds ? speeds->get(speeds->ctx, port->name) : 0;
	if (capacity == 0)
		return GRANT_UNKNOWN;
	return model_port_share_bps(port, capacity);
}

/* Nobody knows what there is to share: each link has what it may have at most. */
static void grant_unknown(struct grant_link *links, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct model_rate *rate = &links[i].iface->rate;

		links[i].grant = (struct grant){.min_bps = rate->min_bps};
		if (rate->max_bps != MODEL_RATE_NONE)
			links[i].grant.granted_bps = rate->max_bps;
	}
}

/* Guarantees over the capacity, each cut in proportion. */
static void cut_minima(struct ratealloc_req *reqs, size_t n, uint64_t capacity_bps)
{
	unsigned __int128 sum = 0;

	for (size_t i = 0; i < n; i++) {
		if (reqs[i].min_bps > reqs[i].max_bps)
			reqs[i].min_bps = reqs[i].max_bps;
		sum += reqs[i].min_bps;
	}
	for (size_t i = 0; i < n && sum > capacity_bps; i++)
		reqs[i].min_bps =
			(uint64_t)((unsigned __int128)reqs[i].min_bps * capacity_bps / sum);
}

/* The reserved links of a port as the allocator's requests; index[] names their links. */
static size_t collect_reqs(
	const struct grant_link *links, size_t n, struct ratealloc_req *reqs, size_t *index)
{
	size_t n_reqs = 0;

	for (size_t i = 0; i < n; i++) {
		const struct model_rate *rate = &links[i].iface->rate;

		if (grant_is_best_effort(rate))
			continue;
		reqs[n_reqs].min_bps = rate->min_bps;
		reqs[n_reqs].max_bps = rate->max_bps; /* NONE is above every capacity */
		index[n_reqs++] = i;
	}
	return n_reqs;
}

/* The links of one port share CAPACITY_BPS. 0 or -ENOMEM. */
static int grant_links(struct grant_link *links, size_t n, uint64_t capacity_bps)
{
	struct ratealloc_req *reqs;
	struct ratealloc_error error;
	uint64_t *granted;
	size_t *index, n_reqs;
	int rc = -ENOMEM;

	if (capacity_bps == GRANT_UNKNOWN) {
		grant_unknown(links, n);
		return 0;
	}
	reqs = calloc(n + 1, sizeof(*reqs));
	granted = calloc(n + 1, sizeof(*granted));
	index = calloc(n + 1, sizeof(*index));
	if (!reqs || !granted || !index)
		goto out;
	n_reqs = collect_reqs(links, n, reqs, index);
	rc = ratealloc_solve(capacity_bps, reqs, n_reqs, granted, &error);
	if (rc == -ENOSPC) {
		cut_minima(reqs, n_reqs, capacity_bps);
		rc = ratealloc_solve(capacity_bps, reqs, n_reqs, granted, &error);
	}
	for (size_t i = 0; rc == 0 && i < n_reqs; i++) {
		const struct model_rate *rate = &links[index[i]].iface->rate;
		struct grant *grant = &links[index[i]].grant;

		/* A link that the others' guarantees leave nothing still has the slowest rate of
		 * a shaper; a guarantee that is cut below it is none. */
		grant->granted_bps = granted[i] > RATE_MIN_BPS ? granted[i] : RATE_MIN_BPS;
		grant->min_bps = reqs[i].min_bps >= RATE_MIN_BPS ? reqs[i].min_bps : 0;
		if (rate->share == MODEL_SHARE_BORROW) {
			grant->borrow_bps =
				rate->max_bps < capacity_bps ? rate->max_bps : capacity_bps;
			if (grant->borrow_bps < RATE_MIN_BPS)
				grant->borrow_bps = RATE_MIN_BPS;
		}
	}
out:
	free(index);
	free(granted);
	free(reqs);
	return rc;
}

static size_t count_links(const struct model_site *site)
{
	size_t n = 0;

	for (size_t v = 0; v < site->n_vpxis; v++) {
		for (size_t r = 0; r < site->vpxis[v].n_routers; r++)
			n += site->vpxis[v].routers[r].n_interfaces;
	}
	return n;
}

static size_t collect_port(
	const struct model_site *site, const struct model_port *port, struct grant_link *links)
{
	size_t n = 0;

	for (size_t v = 0; v < site->n_vpxis; v++) {
		const struct model_vpxi *vpxi = &site->vpxis[v];

		for (size_t r = 0; r < vpxi->n_routers; r++) {
			const struct model_router *router = &vpxi->routers[r];

			for (size_t i = 0; i < router->n_interfaces; i++) {
				if (strcmp(router->interfaces[i].port, port->name) != 0)
					continue;
				links[n].vpxi = vpxi;
				links[n].router = router;
				links[n].iface = &router->interfaces[i];
				links[n].grant = (struct grant){0};
				n++;
			}
		}
	}
	return n;
}

static int set_init(struct grant_set *set, const struct model_site *site)
{
	size_t n = count_links(site);

	set->n = 0;
	set->links = calloc(n ? n : 1, sizeof(*set->links));
	return set->links ? 0 : -ENOMEM;
}

void grant_set_fini(struct grant_set *set)
{
	free(set->links);
	set->links = NULL;
	set->n = 0;
}

int grant_port(const struct model_site *site, const struct model_port *port,
	const struct grant_speeds *speeds, struct grant_set *set)
{
	int rc = set_init(set, site);

	if (rc < 0)
		return rc;
	set->n = collect_port(site, port, set->links);
	rc = grant_links(set->links, set->n, grant_capacity(port, speeds));
	if (rc < 0)
		grant_set_fini(set);
	return rc;
}

static int compare_links(const void *a, const void *b)
{
	uintptr_t left = (uintptr_t)((const struct grant_link *)a)->iface;
	uintptr_t right = (uintptr_t)((const struct grant_link *)b)->iface;

	return left < right ? -1 : left > right;
}

int grant_site(
	const struct model_site *site, const struct grant_speeds *speeds, struct grant_set *set)
{
	int rc = set_init(set, site);

	if (rc < 0)
		return rc;
	for (size_t p = 0; p < site->n_ports; p++) {
		struct grant_link *links = set->links + set->n;
		size_t n = collect_port(site, &site->ports[p], links);

		rc = grant_links(links, n, grant_capacity(&site->ports[p], speeds));
		if (rc < 0) {
			grant_set_fini(set);
			return rc;
		}
		set->n += n;
	}
	qsort(set->links, set->n, sizeof(*set->links), compare_links);
	return 0;
}

bool grant_equal(const struct grant *a, const struct grant *b)
{
	return a->granted_bps == b->granted_bps && a->min_bps == b->min_bps &&
		a->borrow_bps == b->borrow_bps;
}

struct grant grant_lookup(const struct grant_set *set, const struct model_interface *iface)
{
	struct grant_link key = {.iface = iface};
	const struct grant_link *link;

	link = bsearch(&key, set->links, set->n, sizeof(key), compare_links);
	return link ? link->grant : (struct grant){0};
}

int grant_check(const struct model_site *site, const struct model_port *port,
	const struct grant_speeds *speeds, struct grant_fault *fault)
{
	const struct grant_link *at = NULL;
	struct lease_link *demands;
	struct lease_fault over;
	struct grant_set set;
	int rc = set_init(&set, site);

	memset(fault, 0, sizeof(*fault));
	fault->port = port;
	fault->at_s = INT64_MIN;
	fault->capacity_bps = grant_capacity(port, speeds);
	if (rc < 0)
		return rc;
	set.n = collect_port(site, port, set.links);
	demands = calloc(set.n + 1, sizeof(*demands));
	if (!demands) {
		grant_set_fini(&set);
		return -ENOMEM;
	}
	for (size_t i = 0; i < set.n && !at; i++) {
		const struct grant_link *link = &set.links[i];
		const struct model_rate *rate = &link->iface->rate;

		demands[i] = (struct lease_link){link->vpxi, link->router, link->iface};
		if (rate->min_bps <= rate->max_bps)
			continue;
		at = link;
		fault->error.fault = RATEALLOC_MIN_OVER_MAX;
		fault->error.excess_bps = rate->min_bps - rate->max_bps;
		rc = -ENOSPC;
	}
	if (rc == 0)
		rc = lease_check_minima(demands, set.n, site->now_s, fault->capacity_bps, &over);
	if (rc == -ENOSPC && !at) {
		at = &set.links[over.index];
		fault->error.fault = RATEALLOC_MIN_OVER_C;
		fault->error.index = over.index;
		fault->error.excess_bps = over.sum_bps - fault->capacity_bps;
		fault->at_s = over.at_s;
	}
	if (at) {
		fault->vpxi = at->vpxi;
		fault->router = at->router;
		fault->iface = at->iface;
	}
	free(demands);
	grant_set_fini(&set);
	return rc;
}

void grant_fault_print(const struct grant_fault *fault, char *buf, size_t len)
{
	char when[LEASE_TIME_STRLEN];
	char excess[RATE_STRLEN], capacity[RATE_STRLEN], min[RATE_STRLEN], max[RATE_STRLEN];

	rate_print(fault->error.excess_bps, excess);
	if (fault->error.fault == RATEALLOC_MIN_OVER_MAX) {
		snprintf(buf, len, "%s/%s/%s: min %s exceeds max %s by %s", fault->vpxi->name,
			fault->router->name, fault->iface->name,
			rate_print(fault->iface->rate.min_bps, min),
			rate_print(fault->iface->rate.max_bps, max), excess);
		return;
	}
	snprintf(buf, len,
		"port %s: the guaranteed minima of its links exceed its share for VPXIs, %s, by "
		"%s%s%s",
		fault->port->name, rate_print(fault->capacity_bps, capacity), excess,
		fault->at_s == INT64_MIN ? "" : " at ",
		fault->at_s == INT64_MIN ? "" : lease_time_print(fault->at_s, when));
}
