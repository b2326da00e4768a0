/* SPDX-License-Identifier: BSD-3-Clause */
/* How the parts of a request fit together. */
#include <stdlib.h>
#include <string.h>

#include "config/vxdl_keys.h"

/* ---- names ---- */

struct name {
	const char *id;
	struct model_loc loc;
	size_t index;
};

static int compare_names(const void *a, const void *b)
{
	const struct name *left = a, *right = b;
	int rc = strcmp(left->id, right->id);

	if (rc)
		return rc;
	return left->index < right->index ? -1 : left->index > right->index;
}

static int compare_name(const void *id, const void *name)
{
	return strcmp(id, ((const struct name *)name)->id);
}

/* Sorted; reports names that come twice. The caller frees. NULL: out of memory. */
static struct name *index_names(struct vxdl_ctx *ctx, const void *items, size_t n, size_t size,
	size_t id_offset, const char *what)
{
	struct name *names = calloc(n + 1, sizeof(*names));

	if (!names) {
		ctx->no_memory = true;
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		const char *item = (const char *)items + i * size;

		names[i] = (struct name){item + id_offset, *(const struct model_loc *)item, i};
	}
	qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 1; i < n; i++) {
		if (names[i].id[0] && strcmp(names[i].id, names[i - 1].id) == 0)
			diag_error(ctx->diag, names[i].loc, "%s: the id '%s' is taken by line %u",
				what, names[i].id, names[i - 1].loc.line);
	}
	return names;
}

static bool lookup(const struct name *names, size_t n, const char *id, size_t *index)
{
	const struct name *found =
		id[0] ? bsearch(id, names, n, sizeof(*names), compare_name) : NULL;

	if (!found)
		return false;
	*index = found->index;
	return true;
}

/* ---- links ---- */

/* One end of a link at a router. */
struct end {
	size_t router;
	uint32_t port; /* 0: any */
	const struct vxdl_link *link;
};

static int compare_ends(const void *a, const void *b)
{
	const struct end *left = a, *right = b;

	if (left->router != right->router)
		return left->router < right->router ? -1 : 1;
	if (left->port != right->port)
		return left->port < right->port ? -1 : 1;
	return left->link < right->link ? -1 : left->link > right->link;
}

static bool is_router(const struct vxdl *request, size_t resource)
{
	return request->resources[resource].kind == VXDL_ROUTER;
}

static void check_link(struct vxdl_ctx *ctx, const struct vxdl *request, struct vxdl_link *link)
{
	const struct vxdl_resource *source = &request->resources[link->source];
	const struct vxdl_resource *target = &request->resources[link->target];

	if (link->source == link->target)
		diag_error(ctx->diag, link->loc, "link: source and target are the same, '%s'",
			source->id);
	else if (source->kind != VXDL_ROUTER && target->kind != VXDL_ROUTER)
		diag_error(ctx->diag, link->loc, "link: neither '%s' nor '%s' is a router",
			source->id, target->id);
	else if (vxdl_is_backbone(request, link)) {
		if (source->site[0] && strcmp(source->site, target->site) == 0)
			diag_error(ctx->diag, link->loc,
				"link: both routers are at '%s'; a link joins routers of two sites",
				source->site);
	} else if (source->site[0] && target->site[0] && strcmp(source->site, target->site) != 0) {
		diag_error(ctx->diag, link->loc,
			"link: '%s' is at '%s' and '%s' at '%s'; an access link stays in one site",
			source->id, source->site, target->id, target->site);
	}
	if (source->kind != VXDL_ROUTER && link->source_port)
		diag_error(ctx->diag, link->loc, "sourcePort: only a router has ports");
	if (target->kind != VXDL_ROUTER && link->target_port)
		diag_error(ctx->diag, link->loc, "targetPort: only a router has ports");
}

static void check_ends(struct vxdl_ctx *ctx, const struct vxdl *request, struct end *ends, size_t n)
{
	qsort(ends, n, sizeof(*ends), compare_ends);
	for (size_t i = 0, first = 0; i < n; i++) {
		const struct vxdl_resource *router = &request->resources[ends[i].router];

		if (ends[first].router != ends[i].router)
			first = i;
		if (router->ports && ends[i].port > router->ports)
			diag_error(ctx->diag, ends[i].link->loc,
				"link: router '%s' has %u ports, no port %u", router->id,
				router->ports, ends[i].port);
		if (i > first && ends[i].port && ends[i].port == ends[i - 1].port)
			diag_error(ctx->diag, ends[i].link->loc,
				"link: port %u of router '%s' is taken by link '%s' in line %u",
				ends[i].port, router->id, ends[i - 1].link->id,
				ends[i - 1].link->loc.line);
		if (router->ports && i - first == router->ports)
			diag_error(ctx->diag, router->loc,
				"router: '%s' has %u ports and more links", router->id,
				router->ports);
	}
}

static bool check_links(struct vxdl_ctx *ctx, struct vxdl *request, const struct name *names)
{
	struct end *ends = calloc(2 * request->n_links + 1, sizeof(*ends));
	bool whole = true;
	size_t n = 0;

	if (!ends) {
		ctx->no_memory = true;
		return false;
	}
	for (size_t i = 0; i < request->n_links; i++) {
		struct vxdl_link *link = &request->links[i];
		bool source = lookup(names, request->n_resources, link->source_id, &link->source);
		bool target = lookup(names, request->n_resources, link->target_id, &link->target);

		if (!source && link->source_id[0])
			diag_error(ctx->diag, link->source_loc, "source: there is no resource '%s'",
				link->source_id);
		if (!target && link->target_id[0])
			diag_error(ctx->diag, link->target_loc, "target: there is no resource '%s'",
				link->target_id);
		whole &= source && target;
		if (source && target)
			check_link(ctx, request, link);
		if (source && is_router(request, link->source))
			ends[n++] = (struct end){link->source, link->source_port, link};
		if (target && is_router(request, link->target))
			ends[n++] = (struct end){link->target, link->target_port, link};
	}
	check_ends(ctx, request, ends, n);
	free(ends);
	return whole;
}

/* ---- networks: those of one VPXI must be apart, each is routed to ---- */

static int compare_networks(const void *a, const void *b)
{
	const struct vxdl_link *left = *(const struct vxdl_link *const *)a;
	const struct vxdl_link *right = *(const struct vxdl_link *const *)b;
	int rc = prefix_cmp(&left->prefix, &right->prefix);

	return rc ? rc : left < right ? -1 : left > right;
}

static void check_networks(struct vxdl_ctx *ctx, const struct vxdl *request)
{
	const struct vxdl_link **links = calloc(request->n_links + 1, sizeof(*links));
	char mine[IP_PREFIX_STRLEN], theirs[IP_PREFIX_STRLEN];
	size_t n = 0;

	if (!links) {
		ctx->no_memory = true;
		return;
	}
	for (size_t i = 0; i < request->n_links; i++) {
		if (request->links[i].prefix.addr.af != IP_AF_NONE)
			links[n++] = &request->links[i];
	}
	qsort(links, n, sizeof(*links), compare_networks);
	/* Sorted by address, then length: whoever holds the next one holds one of its neighbours.
	 */
	for (size_t i = 1, holder = 0; i < n; i++) {
		if (prefix_overlaps(&links[holder]->prefix, &links[i]->prefix))
			diag_error(ctx->diag, links[i]->prefix_loc,
				"network: %s of link '%s' overlaps %s of link '%s'",
				prefix_print(&links[i]->prefix, mine), links[i]->id,
				prefix_print(&links[holder]->prefix, theirs), links[holder]->id);
		else
			holder = i;
	}
	free(links);
}

/* ---- timeline ---- */

static void check_timeline(struct vxdl_ctx *ctx, struct vxdl *request, const struct name *links)
{
	size_t *seen = calloc(request->n_links + 1, sizeof(*seen));
	uint64_t sum = 0;

	if (!seen) {
		ctx->no_memory = true;
		return;
	}
	for (size_t p = 0; p < request->n_periods; p++) {
		struct vxdl_period *period = &request->periods[p];

		if (period->duration_s == 0 && p + 1 < request->n_periods)
			diag_error(ctx->diag, period->loc,
				"period: only the last one may have no duration");
		sum += period->duration_s;
		for (size_t i = 0; i < period->n_changes; i++) {
			struct vxdl_change *change = &period->changes[i];

			if (!lookup(links, request->n_links, change->link_id, &change->link)) {
				if (change->link_id[0])
					diag_error(ctx->diag, change->loc,
						"bandwidth: there is no link '%s'",
						change->link_id);
			} else if (seen[change->link] == p + 1) {
				diag_error(ctx->diag, change->loc,
					"bandwidth: link '%s' comes twice in period '%s'",
					change->link_id, period->id);
			} else {
				seen[change->link] = p + 1;
			}
		}
	}
	free(seen);
	if (request->n_periods == 0)
		return;
	if (request->duration_s && sum > request->duration_s)
		diag_error(ctx->diag, request->periods[0].loc,
			"timeline: the periods take %llu s, the lease has %llu s",
			(unsigned long long)sum, (unsigned long long)request->duration_s);
	else if (request->duration_s && request->periods[request->n_periods - 1].duration_s &&
		sum < request->duration_s)
		diag_error(ctx->diag, request->periods[request->n_periods - 1].loc,
			"timeline: the periods take %llu s of the lease's %llu s; the last one "
			"without a duration takes the rest",
			(unsigned long long)sum, (unsigned long long)request->duration_s);
	else if (!request->duration_s && request->periods[request->n_periods - 1].duration_s)
		diag_error(ctx->diag, request->periods[request->n_periods - 1].loc,
			"timeline: without the lease's duration the last period has none");
	else if (request->duration_s && sum == request->duration_s &&
		request->periods[request->n_periods - 1].duration_s == 0)
		diag_error(ctx->diag, request->periods[request->n_periods - 1].loc,
			"timeline: nothing of the lease is left for the last period");
}

void vxdl_check(struct vxdl_ctx *ctx, struct vxdl *request)
{
	struct name *resources = index_names(ctx, request->resources, request->n_resources,
		sizeof(*request->resources), offsetof(struct vxdl_resource, id), "resource");
	struct name *links = index_names(ctx, request->links, request->n_links,
		sizeof(*request->links), offsetof(struct vxdl_link, id), "link");
	struct name *periods = index_names(ctx, request->periods, request->n_periods,
		sizeof(*request->periods), offsetof(struct vxdl_period, id), "period");

	if (resources && links && periods) {
		check_links(ctx, request, resources);
		check_timeline(ctx, request, links);
		check_networks(ctx, request);
	}
	free(resources);
	free(links);
	free(periods);
}
