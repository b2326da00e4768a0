/* SPDX-License-Identifier: BSD-3-Clause */
/* The elements of a request and the structs that they become. */
#include "config/vxdl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/textfile.h"
#include "config/vxdl_keys.h"

#define AT(type, member) .offset = offsetof(struct type, member)
#define LOC(type, member) .loc_offset = offsetof(struct type, member)
#define PORTS_MAX 256

static const char *const directions[] = {"both", "forward", NULL};
static const char *const classes[] = {"default", "latency-sensitive", "high-bandwidth", NULL};

/* ---- growing arrays ---- */

/* A zeroed item at the end, or NULL: reported. N is doubled at powers of two. */
static void *add(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *items, size_t *n,
	size_t max, size_t size)
{
	void **array = items;
	char *item;

	if (*n == max) {
		diag_error(ctx->diag, elem->loc, "more than %zu elements '%s'", max, elem->name);
		return NULL;
	}
	if ((*n & (*n - 1)) == 0) {
		void *grown = reallocarray(*array, *n ? *n * 2 : 1, size);

		if (!grown) {
			ctx->no_memory = true;
			return NULL;
		}
		*array = grown;
	}
	item = (char *)*array + *n * size;
	memset(item, 0, size);
	*(struct model_loc *)item = elem->loc;
	(*n)++;
	return item;
}

/* ---- resources ---- */

static void parse_location(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object)
{
	static const struct vxdl_attr_key attrs[] = {
		{"site", vxdl_key_name, AT(vxdl_resource, site), LOC(vxdl_resource, site_loc),
			.required = true},
		{NULL}};

	vxdl_keys_parse(ctx, elem, attrs, NULL, object);
}

static void parse_cpu(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object)
{
	static const struct vxdl_attr_key attrs[] = {
		{"share", vxdl_key_share, AT(vxdl_resource, share_milli), .required = true},
		{NULL}};

	vxdl_keys_parse(ctx, elem, attrs, NULL, object);
}

#define ID(type)                                                    \
	{                                                           \
		"id", vxdl_key_name, AT(type, id), .required = true \
	}

static void parse_resource(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object,
	enum vxdl_kind kind, const struct vxdl_attr_key *attrs, const struct vxdl_elem_key *elems)
{
	struct vxdl *request = object;
	struct vxdl_resource *resource = add(ctx, elem, &request->resources, &request->n_resources,
		VXDL_RESOURCES_MAX, sizeof(*resource));

	if (!resource)
		return;
	resource->kind = kind;
	resource->size = 1;
	vxdl_keys_parse(ctx, elem, attrs, elems, resource);
}

static const struct vxdl_elem_key placed[] = {{"location", parse_location}, {NULL}};

static void parse_router(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object)
{
	static const struct vxdl_attr_key attrs[] = {ID(vxdl_resource),
		{"ports", vxdl_key_u32, AT(vxdl_resource, ports), .min = 1, .max = PORTS_MAX,
			.required = true},
		{NULL}};
	static const struct vxdl_elem_key elems[] = {
		{"location", parse_location}, {"cpu", parse_cpu}, {NULL}};

	parse_resource(ctx, elem, object, VXDL_ROUTER, attrs, elems);
}

static void parse_node(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object)
{
	static const struct vxdl_attr_key attrs[] = {ID(vxdl_resource),
		{"function", vxdl_key_name, AT(vxdl_resource, function)}, {NULL}};

	parse_resource(ctx, elem, object, VXDL_NODE, attrs, placed);
}

static void parse_cluster(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object)
{
	static const struct vxdl_attr_key attrs[] = {ID(vxdl_resource),
		{"size", vxdl_key_u32, AT(vxdl_resource, size), .min = 1, .max = 65535,
			.required = true},
		{"function", vxdl_key_name, AT(vxdl_resource, function)}, {NULL}};

	parse_resource(ctx, elem, object, VXDL_CLUSTER, attrs, placed);
}

static void parse_access_point(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object)
{
	static const struct vxdl_attr_key attrs[] = {ID(vxdl_resource), {NULL}};

	parse_resource(ctx, elem, object, VXDL_ACCESS_POINT, attrs, placed);
}

static void parse_resources(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object)
{
	static const struct vxdl_elem_key elems[] = {{"router", parse_router, .many = true},
		{"node", parse_node, .many = true}, {"cluster", parse_cluster, .many = true},
		{"accessPoint", parse_access_point, .many = true}, {NULL}};

	vxdl_keys_parse(ctx, elem, NULL, elems, object);
}

/* ---- links ---- */

struct rates {
	struct vxdl_rate rate;
	uint64_t fixed_bps;
	char link[MODEL_NAME_MAX + 1]; /* of a period's */
};

static struct vxdl_rate parse_rates(struct vxdl_ctx *ctx, const struct vxdl_elem *elem,
	const struct vxdl_attr_key *attrs, struct rates *rates)
{
	bool fixed = vxdl_tree_attr(elem, "static"), min = vxdl_tree_attr(elem, "min");
	bool max = vxdl_tree_attr(elem, "max");
	size_t n_errors = ctx->diag->n_errors;

	rates->rate.max_bps = MODEL_RATE_NONE;
	vxdl_keys_parse(ctx, elem, attrs, NULL, rates);
	if (fixed && (min || max))
		diag_error(ctx->diag, elem->loc,
			"static: sets min and max, neither may stand beside it");
	else if (!fixed && !min && !max && ctx->diag->n_errors == n_errors)
		diag_error(ctx->diag, elem->loc,
			"bandwidth: expected 'min', 'max', both, or 'static'");
	else if (rates->rate.min_bps > rates->rate.max_bps)
		diag_error(ctx->diag, elem->loc, "bandwidth: min is over max");
	if (fixed && rates->fixed_bps)
		rates->rate = (struct vxdl_rate){rates->fixed_bps, rates->fixed_bps};
	return rates->rate;
}

#define RATES                                                                           \
	{"min", vxdl_key_rate, .offset = offsetof(struct rates, rate.min_bps)},         \
		{"max", vxdl_key_rate, .offset = offsetof(struct rates, rate.max_bps)}, \
	{                                                                               \
		"static", vxdl_key_rate, .offset = offsetof(struct rates, fixed_bps)    \
	}

static void parse_bandwidth(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object)
{
	static const struct vxdl_attr_key attrs[] = {RATES, {NULL}};
	struct vxdl_link *link = object;
	struct rates rates = {0};

	link->rate = parse_rates(ctx, elem, attrs, &rates);
	link->rate_loc = elem->loc;
}

static void parse_latency(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object)
{
	static const struct vxdl_attr_key attrs[] = {
		{"max", vxdl_key_latency, AT(vxdl_link, latency_ns), .required = true}, {NULL}};

	vxdl_keys_parse(ctx, elem, attrs, NULL, object);
}

static void parse_link(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object)
{
	static const struct vxdl_attr_key attrs[] = {ID(vxdl_link),
		{"source", vxdl_key_name, AT(vxdl_link, source_id), LOC(vxdl_link, source_loc),
			.required = true},
		{"target", vxdl_key_name, AT(vxdl_link, target_id), LOC(vxdl_link, target_loc),
			.required = true},
		{"sourcePort", vxdl_key_u32, AT(vxdl_link, source_port), .min = 1,
			.max = PORTS_MAX},
		{"targetPort", vxdl_key_u32, AT(vxdl_link, target_port), .min = 1,
			.max = PORTS_MAX},
		{"direction", vxdl_key_enum, AT(vxdl_link, direction), .arg = directions},
		{"class", vxdl_key_enum, AT(vxdl_link, class), .arg = classes}, {NULL}};
	static const struct vxdl_elem_key elems[] = {
		{"bandwidth", parse_bandwidth}, {"latency", parse_latency}, {NULL}};
	struct vxdl *request = object;
	struct vxdl_link *link =
		add(ctx, elem, &request->links, &request->n_links, VXDL_LINKS_MAX, sizeof(*link));

	if (!link)
		return;
	link->rate.max_bps = MODEL_RATE_NONE;
	vxdl_keys_parse(ctx, elem, attrs, elems, link);
}

static void parse_topology(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object)
{
	static const struct vxdl_elem_key elems[] = {{"link", parse_link, .many = true}, {NULL}};

	vxdl_keys_parse(ctx, elem, NULL, elems, object);
}

/* ---- timeline and addressing ---- */

static void parse_change(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object)
{
	static const struct vxdl_attr_key attrs[] = {
		{"link", vxdl_key_name, AT(rates, link), .required = true}, RATES, {NULL}};
	struct vxdl_period *period = object;
	struct vxdl_change *change = add(
		ctx, elem, &period->changes, &period->n_changes, VXDL_LINKS_MAX, sizeof(*change));
	struct rates rates = {0};

	if (!change)
		return;
	change->rate = parse_rates(ctx, elem, attrs, &rates);
	memcpy(change->link_id, rates.link, sizeof(change->link_id));
}

static void parse_period(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object)
{
	static const struct vxdl_attr_key attrs[] = {ID(vxdl_period),
		{"duration", vxdl_key_duration, AT(vxdl_period, duration_s)}, {NULL}};
	static const struct vxdl_elem_key elems[] = {
		{"bandwidth", parse_change, .many = true}, {NULL}};
	struct vxdl *request = object;
	struct vxdl_period *period = add(ctx, elem, &request->periods, &request->n_periods,
		VXDL_PERIODS_MAX, sizeof(*period));

	if (period)
		vxdl_keys_parse(ctx, elem, attrs, elems, period);
}

static void parse_timeline(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object)
{
	static const struct vxdl_elem_key elems[] = {
		{"period", parse_period, .required = true, .many = true}, {NULL}};

	vxdl_keys_parse(ctx, elem, NULL, elems, object);
}

struct network {
	char link[MODEL_NAME_MAX + 1];
	struct ip_prefix prefix;
	struct model_loc loc;
};

static void parse_network(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object)
{
	static const struct vxdl_attr_key attrs[] = {
		{"link", vxdl_key_name, AT(network, link), .required = true},
		{"prefix", vxdl_key_network, AT(network, prefix), LOC(network, loc),
			.required = true},
		{NULL}};
	struct vxdl *request = object;
	struct network network = {.loc = elem->loc};

	vxdl_keys_parse(ctx, elem, attrs, NULL, &network);
	if (!network.link[0])
		return;
	for (size_t i = 0; i < request->n_links; i++) {
		struct vxdl_link *link = &request->links[i];

		if (strcmp(link->id, network.link) != 0)
			continue;
		if (link->prefix_loc.line)
			diag_error(ctx->diag, elem->loc,
				"network: link '%s' has one already, in line %u", link->id,
				link->prefix_loc.line);
		else
			link->prefix = network.prefix;
		link->prefix_loc = network.loc;
		return;
	}
	diag_error(ctx->diag, elem->loc, "network: there is no link '%s'", network.link);
}

static void parse_addressing(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object)
{
	static const struct vxdl_elem_key elems[] = {
		{"network", parse_network, .many = true}, {NULL}};

	vxdl_keys_parse(ctx, elem, NULL, elems, object);
}

/* ---- the whole ---- */

struct lease {
	uint64_t start_s, end_s, duration_s;
};

static void parse_lease(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object)
{
	static const struct vxdl_attr_key attrs[] = {{"start", vxdl_key_time, AT(lease, start_s)},
		{"end", vxdl_key_time, AT(lease, end_s)},
		{"duration", vxdl_key_duration, AT(lease, duration_s)}, {NULL}};
	struct vxdl *request = object;
	struct lease lease = {0};

	vxdl_keys_parse(ctx, elem, attrs, NULL, &lease);
	request->lease_loc = elem->loc;
	if (vxdl_tree_attr(elem, "end") && vxdl_tree_attr(elem, "duration"))
		diag_error(ctx->diag, elem->loc, "lease: 'end' excludes 'duration'");
	else if (vxdl_tree_attr(elem, "end") && !vxdl_tree_attr(elem, "start"))
		diag_error(ctx->diag, elem->loc, "lease: 'end' needs 'start'");
	else if (lease.end_s && lease.start_s && lease.end_s <= lease.start_s)
		diag_error(ctx->diag, elem->loc, "lease: it ends before it starts");
	else if (lease.end_s)
		lease.duration_s = lease.end_s - lease.start_s;
	request->start_s = lease.start_s;
	request->duration_s = lease.duration_s;
}

static void parse_root(struct vxdl_ctx *ctx, struct vxdl_elem *root, struct vxdl *request)
{
	static const struct vxdl_attr_key attrs[] = {ID(vxdl),
		{"version", vxdl_key_equals, .arg = VXDL_VERSION, .required = true},
		{"owner", vxdl_key_name, AT(vxdl, owner), .required = true}, {NULL}};
	/* In this order: addressing and timeline refer to links. */
	static const struct vxdl_elem_key elems[] = {{"lease", parse_lease},
		{"resources", parse_resources, .required = true},
		{"topology", parse_topology, .required = true}, {"timeline", parse_timeline},
		{"addressing", parse_addressing}, {NULL}};

	request->loc = root->loc;
	if (strcmp(root->name, "virtualInfrastructure") != 0) {
		diag_error(ctx->diag, root->loc, "expected 'virtualInfrastructure', found '%.60s'",
			root->name);
		return;
	}
	vxdl_keys_parse(ctx, root, attrs, elems, request);
	vxdl_check(ctx, request);
}

int vxdl_parse_buffer(
	const char *name, const char *text, size_t len, struct vxdl **out, struct diag *diag)
{
	struct vxdl_ctx ctx = {.diag = diag};
	size_t n_errors = diag->n_errors;
	struct vxdl_elem *root;
	struct vxdl *request;
	int rc;

	*out = NULL;
	rc = vxdl_tree_parse(text, len, &root, diag);
	if (rc < 0)
		return rc;
	request = calloc(1, sizeof(*request));
	if (request)
		request->file = strdup(name);
	if (request && request->file)
		parse_root(&ctx, root, request);
	vxdl_tree_destroy(root);
	if (!request || !request->file || ctx.no_memory)
		rc = -ENOMEM;
	else if (diag->n_errors > n_errors)
		rc = -EINVAL;
	if (rc < 0)
		vxdl_destroy(request);
	else
		*out = request;
	return rc;
}

int vxdl_parse_file(const char *path, struct vxdl **out, struct diag *diag)
{
	char *text;
	size_t len;
	int rc;

	*out = NULL;
	rc = textfile_read(path, VXDL_FILE_MAX >> 20, "a request", &text, &len, diag);
	if (rc < 0)
		return rc;
	rc = vxdl_parse_buffer(path, text, len, out, diag);
	free(text);
	return rc;
}

void vxdl_destroy(struct vxdl *request)
{
	if (!request)
		return;
	for (size_t i = 0; i < request->n_periods; i++)
		free(request->periods[i].changes);
	free(request->periods);
	free(request->links);
	free(request->resources);
	free(request->file);
	free(request);
}

bool vxdl_is_backbone(const struct vxdl *request, const struct vxdl_link *link)
{
	return request->resources[link->source].kind == VXDL_ROUTER &&
		request->resources[link->target].kind == VXDL_ROUTER;
}

struct vxdl_rate vxdl_rate_in(const struct vxdl *request, size_t link, size_t period)
{
	if (period < request->n_periods) {
		const struct vxdl_period *at = &request->periods[period];

		for (size_t i = 0; i < at->n_changes; i++) {
			if (at->changes[i].link == link)
				return at->changes[i].rate;
		}
	}
	return request->links[link].rate;
}
