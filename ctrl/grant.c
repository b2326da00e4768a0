/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/grant.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The links of one port share CAPACITY_BPS. */
static void grant_links(struct grant_link *links, size_t n, uint64_t capacity_bps)
{
	for (size_t i = 0; i < n; i++) {
		const struct model_rate *rate = &links[i].iface->rate;
		uint64_t max = rate->max_bps; /* MODEL_RATE_NONE is above every capacity */

		if (grant_is_best_effort(rate))
			links[i].granted_bps = 0;
		else if (max > capacity_bps)
			links[i].granted_bps = capacity_bps;
		else
			links[i].granted_bps = max;
		/* Guaranteed without a limit, on a port that does not say how fast it is. */
		if (links[i].granted_bps == GRANT_UNKNOWN)
			links[i].granted_bps = 0;
	}
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
				links[n].granted_bps = 0;
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
	grant_links(set->links, set->n, grant_capacity(port, speeds));
	return 0;
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

		grant_links(links, n, grant_capacity(&site->ports[p], speeds));
		set->n += n;
	}
	qsort(set->links, set->n, sizeof(*set->links), compare_links);
	return 0;
}

uint64_t grant_lookup(const struct grant_set *set, const struct model_interface *iface)
{
	struct grant_link key = {.iface = iface};
	const struct grant_link *link;

	link = bsearch(&key, set->links, set->n, sizeof(key), compare_links);
	return link ? link->granted_bps : 0;
}

int grant_check(const struct model_site *site, const struct model_port *port,
	const struct grant_speeds *speeds, struct grant_fault *fault)
{
	struct ratealloc_req *reqs = NULL;
	struct grant_set set;
	uint64_t *granted = NULL;
	int rc;

	memset(fault, 0, sizeof(*fault));
	fault->port = port;
	fault->capacity_bps = grant_capacity(port, speeds);
	rc = grant_port(site, port, speeds, &set);
	if (rc < 0)
		return rc;
	rc = -ENOMEM;
	reqs = calloc(set.n + 1, sizeof(*reqs));
	granted = calloc(set.n + 1, sizeof(*granted));
	if (!reqs || !granted)
		goto out;
	for (size_t i = 0; i < set.n; i++) {
		reqs[i].min_bps = set.links[i].iface->rate.min_bps;
		reqs[i].max_bps = set.links[i].iface->rate.max_bps;
	}
	rc = ratealloc_solve(fault->capacity_bps, reqs, set.n, granted, &fault->error);
	if (rc == -ENOSPC) {
		fault->vpxi = set.links[fault->error.index].vpxi;
		fault->router = set.links[fault->error.index].router;
		fault->iface = set.links[fault->error.index].iface;
	}
out:
	free(granted);
	free(reqs);
	grant_set_fini(&set);
	return rc;
}

void grant_fault_print(const struct grant_fault *fault, char *buf, size_t len)
{
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
		"port %s: the guaranteed minima of its links exceed its share for VPXIs, %s, by %s",
		fault->port->name, rate_print(fault->capacity_bps, capacity), excess);
}
