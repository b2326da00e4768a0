/* SPDX-License-Identifier: BSD-3-Clause */
/* Admission: a request fits, or it is said what does not, and what would. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/field.h"
#include "ctrl/plan/plan.h"
#include "lib/rate.h"

#define SCALE 1000u       /* rates are tried in thousandths of what is asked for */
#define FINE_LINKS_MAX 32 /* with more links, all rates are lowered alike */
#define VLANS_MAX 4096
#define STARTS_MAX 1000 /* later times that are tried for a request that does not fit now */

/* One question to the search: a request at a time, and what of it counts. */
struct question {
	const struct plan *plan;
	const struct vxdl *request;
	uint64_t start_s, end_s, now_s;
	bool no_lcores, no_latency, no_vlans;
	size_t no_latency_of, no_rate_of; /* SIZE_MAX: of none */
	const uint32_t *scales;           /* of each link's rates, in thousandths; NULL: all 1000 */
	bool no_rates;
};

struct answer {
	struct plan_free free_;
	struct embed_node *nodes;
	struct embed_link *links;
	uint64_t *bps;
	struct embed_map map;
	bool has_map;
};

static void fini_answer(struct answer *answer)
{
	if (answer->has_map)
		embed_map_fini(&answer->map);
	plan_free_fini(&answer->free_);
	free(answer->nodes);
	free(answer->links);
	free(answer->bps);
}

static bool accept_vlans(void *arg, const size_t *sites)
{
	const struct question *question = arg;
	uint16_t vlans[VLANS_MAX];
	size_t needed,
		n = plan_vlans(question->plan, question->request, sites, question->start_s,
			question->end_s, vlans, VLANS_MAX, &needed);

	return n >= needed;
}

static uint64_t scaled(const struct question *question, size_t link, uint64_t bps)
{
	uint64_t milli = question->scales ? question->scales[link] : SCALE;

	if (question->no_rates || question->no_rate_of == link)
		return 0;
	return bps / SCALE * milli + bps % SCALE * milli / SCALE;
}

static void make_link(const struct question *question, struct answer *answer, size_t l)
{
	const struct vxdl *request = question->request;
	const struct vxdl_link *from = &request->links[l];
	struct embed_link *link = &answer->links[l];
	size_t n = answer->free_.sub.n_slots;
	uint64_t *bps = answer->bps + l * 2 * n;
	bool from_router = request->resources[from->source].kind == VXDL_ROUTER;

	/* Of an access link the router comes first. */
	link->a = from_router ? from->source : from->target;
	link->b = from_router ? from->target : from->source;
	link->access = !vxdl_is_backbone(request, from);
	link->latency_sensitive = from->class == VXDL_LATENCY_SENSITIVE;
	link->latency_ns =
		question->no_latency || question->no_latency_of == l ? 0 : from->latency_ns;
	link->bps = bps;
	for (size_t s = 0; s < n; s++) {
		size_t period = plan_period(request, question->start_s, answer->free_.slots[s]);

		bps[(from_router ? 0 : n) + s] =
			scaled(question, l, plan_reserved_bps(request, l, period, false));
		bps[(from_router ? n : 0) + s] =
			scaled(question, l, plan_reserved_bps(request, l, period, true));
	}
}

static size_t site_lookup(const struct substrate *substrate, const char *name)
{
	for (size_t s = 0; s < substrate->n_sites; s++) {
		if (strcmp(substrate->sites[s].name, name) == 0)
			return s;
	}
	return EMBED_ANY;
}

/* 0, -ENOSPC, -EAGAIN, -ENOMEM. fini_answer always. */
static int ask(struct question *question, struct answer *answer)
{
	const struct vxdl *request = question->request;
	struct embed_request embed = {.n_nodes = request->n_resources,
		.n_links = request->n_links,
		.accept = question->no_vlans ? NULL : accept_vlans,
		.accept_arg = question};
	int rc;

	memset(answer, 0, sizeof(*answer));
	rc = plan_free_init(
		&answer->free_, question->plan, request, question->start_s, question->end_s);
	if (rc < 0)
		return rc;
	answer->nodes = calloc(request->n_resources + 1, sizeof(*answer->nodes));
	answer->links = calloc(request->n_links + 1, sizeof(*answer->links));
	answer->bps =
		calloc(request->n_links * 2 * answer->free_.sub.n_slots + 1, sizeof(*answer->bps));
	if (!answer->nodes || !answer->links || !answer->bps)
		return -ENOMEM;
	for (size_t i = 0; i < request->n_resources; i++) {
		const struct vxdl_resource *resource = &request->resources[i];

		answer->nodes[i].site = EMBED_ANY;
		if (resource->site[0])
			answer->nodes[i].site =
				site_lookup(question->plan->substrate, resource->site);
		answer->nodes[i].share_milli = question->no_lcores ? 0 : resource->share_milli;
	}
	for (size_t l = 0; l < request->n_links; l++)
		make_link(question, answer, l);
	embed.nodes = answer->nodes;
	embed.links = answer->links;
	rc = embed_solve(&answer->free_.sub, &embed, PLAN_STEPS, &answer->map);
	answer->has_map = rc == 0;
	return rc;
}

static bool would_fit(struct question question)
{
	struct answer answer;
	int rc = ask(&question, &answer);

	fini_answer(&answer);
	return rc == 0;
}

/* ---- why not ---- */

__attribute__((format(printf, 4, 5))) static void refuse(
	struct plan_refusal *refusal, const char *constraint, size_t link, const char *format, ...)
{
	va_list args;

	refusal->constraint = constraint;
	refusal->link = link;
	va_start(args, format);
	vsnprintf(refusal->text, sizeof(refusal->text), format, args);
	va_end(args);
}

static const char *site_name(const void *names, size_t i)
{
	const struct substrate *substrate = names;

	return i < substrate->n_sites ? substrate->sites[i].name : NULL;
}

static bool refuse_location(const struct question *question, struct plan_refusal *refusal)
{
	const struct substrate *substrate = question->plan->substrate;

	for (size_t i = 0; i < question->request->n_resources; i++) {
		const struct vxdl_resource *resource = &question->request->resources[i];
		const char *nearest;

		if (!resource->site[0] || site_lookup(substrate, resource->site) != EMBED_ANY)
			continue;
		nearest = field_nearest(resource->site, site_name, substrate);
		refuse(refusal, "location", SIZE_MAX,
			"location: the substrate has no site '%s' for '%s'%s%s%s", resource->site,
			resource->id, nearest ? ", did you mean '" : "", nearest ? nearest : "",
			nearest ? "'?" : "");
		return true;
	}
	return false;
}

/* The only link without whose bound all fits; SIZE_MAX: there is none. */
static size_t find_latency(struct question question)
{
	for (size_t l = 0; l < question.request->n_links; l++) {
		if (!question.request->links[l].latency_ns)
			continue;
		question.no_latency_of = l;
		if (would_fit(question))
			return l;
	}
	return SIZE_MAX;
}

static size_t find_rate(struct question question)
{
	for (size_t l = 0; l < question.request->n_links; l++) {
		question.no_rate_of = l;
		if (would_fit(question))
			return l;
	}
	return SIZE_MAX;
}

static void explain(struct question question, int rc, struct plan_refusal *refusal)
{
	const struct vxdl *request = question.request;
	struct question relaxed = question;
	size_t link;

	relaxed.no_rates = true;
	if (would_fit(relaxed)) {
		link = find_rate(question);
		refuse(refusal, "bandwidth", link,
			link == SIZE_MAX
				? "bandwidth: the guaranteed rates of several links do not fit%s"
				: "bandwidth: the guaranteed rate of link '%s' does not fit",
			link == SIZE_MAX ? "" : request->links[link].id);
		return;
	}
	relaxed = question;
	relaxed.no_latency = true;
	if (would_fit(relaxed)) {
		link = find_latency(question);
		refuse(refusal, "latency", link,
			link == SIZE_MAX
				? "latency: the bounds of several links cannot be met%s"
				: "latency: no path with room keeps the bound of link '%s'",
			link == SIZE_MAX ? "" : request->links[link].id);
		return;
	}
	relaxed = question;
	relaxed.no_lcores = true;
	if (would_fit(relaxed)) {
		refuse(refusal, "lcores", SIZE_MAX,
			"lcores: the routers' shares do not fit the lcores that are free");
		return;
	}
	relaxed = question;
	relaxed.no_vlans = true;
	if (would_fit(relaxed)) {
		refuse(refusal, "vlans", SIZE_MAX,
			"vlans: the participating sites have too few free VLANs in common");
		return;
	}
	relaxed.no_rates = relaxed.no_latency = relaxed.no_lcores = true;
	if (rc == -EAGAIN && !would_fit(relaxed))
		refuse(refusal, "search", SIZE_MAX,
			"search: no embedding was found in %u steps; there may be one", PLAN_STEPS);
	else if (would_fit(relaxed))
		refuse(refusal, "several", SIZE_MAX,
			"several constraints of bandwidth, latency, lcores and VLANs do not fit "
			"together");
	else
		refuse(refusal, "topology", SIZE_MAX,
			"topology: no places and paths join the routers as the request says");
}

/* ---- what would do ---- */

static uint64_t largest_rate(const struct vxdl *request, size_t link)
{
	uint64_t largest = plan_reserved_bps(request, link, 0, false);

	for (size_t p = 1; p < request->n_periods; p++) {
		uint64_t bps = plan_reserved_bps(request, link, p, false);

		largest = bps > largest ? bps : largest;
	}
	return largest;
}

/* The largest of scales[from .. n) alike that fits, by bisection. False: not even nothing. */
static bool bisect(struct question *question, uint32_t *scales, size_t from, size_t n)
{
	uint32_t low = scales[from], high = SCALE + 1;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		for (size_t i = from; i < from + n; i++)
			scales[i] = middle;
		if (would_fit(*question))
			low = middle;
		else
			high = middle;
	}
	for (size_t i = from; i < from + n; i++)
		scales[i] = low;
	return would_fit(*question);
}

/* All links alike as far as that goes, then each by itself: none could have more. */
static int find_rates(struct question question, struct plan_refusal *refusal)
{
	size_t n = question.request->n_links;
	uint32_t *scales = calloc(n + 1, sizeof(*scales));

	refusal->asked_bps = calloc(n + 1, sizeof(*refusal->asked_bps));
	refusal->fits_bps = calloc(n + 1, sizeof(*refusal->fits_bps));
	refusal->n_links = n;
	if (!scales || !refusal->asked_bps || !refusal->fits_bps) {
		free(scales);
		return -ENOMEM;
	}
	question.scales = scales;
	refusal->has_rates = n && bisect(&question, scales, 0, n);
	for (size_t l = 0; refusal->has_rates && l < n; l++) {
		if (n <= FINE_LINKS_MAX && largest_rate(question.request, l))
			bisect(&question, scales, l, 1);
		refusal->asked_bps[l] = largest_rate(question.request, l);
	}
	for (size_t l = 0; refusal->has_rates && l < n; l++)
		refusal->fits_bps[l] = scaled(&question, l, refusal->asked_bps[l]) / 1000 * 1000;
	free(scales);
	return 0;
}

static int compare_times(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

/* What comes free does so when another lease, or a period of it, ends; it helps from the start on
 * with which one of our periods begins there. */
static void add_starts(const struct question *question, uint64_t at, uint64_t *starts, size_t *n)
{
	const struct vxdl *request = question->request;

	for (size_t own = 0; at != PLAN_FOREVER && (own == 0 || own < request->n_periods); own++) {
		uint64_t before = plan_period_start(request, 0, own);

		if (at > before && at - before > question->start_s && at - before > question->now_s)
			starts[(*n)++] = at - before;
	}
}

static size_t list_starts(const struct question *question, uint64_t *starts)
{
	size_t n = 0;

	for (size_t i = 0; i < question->plan->n_allocs; i++) {
		const struct plan_alloc *alloc = &question->plan->allocs[i];

		for (size_t p = 1; p < alloc->request->n_periods; p++)
			add_starts(question, plan_period_start(alloc->request, alloc->start_s, p),
				starts, &n);
		add_starts(question, alloc->end_s, starts, &n);
	}
	qsort(starts, n, sizeof(*starts), compare_times);
	return n;
}

static int find_start(struct question question, struct plan_refusal *refusal)
{
	uint64_t length = question.end_s - question.start_s, *starts;
	bool ends = question.end_s != PLAN_FOREVER;
	size_t max = 1, n, n_tried = 0;

	for (size_t i = 0; i < question.plan->n_allocs; i++)
		max += (question.plan->allocs[i].request->n_periods + 1) *
			(question.request->n_periods + 1);
	starts = calloc(max, sizeof(*starts));
	if (!starts)
		return -ENOMEM;
	n = list_starts(&question, starts);
	for (size_t i = 0; i < n && n_tried < STARTS_MAX && !refusal->start_s; i++) {
		if (i > 0 && starts[i] == starts[i - 1])
			continue;
		question.start_s = starts[i];
		question.end_s = ends ? starts[i] + length : PLAN_FOREVER;
		if (would_fit(question))
			refusal->start_s = starts[i];
		n_tried++;
	}
	free(starts);
	return 0;
}

/* ---- admission ---- */

static int embed(struct plan *plan, struct plan_alloc *alloc, const struct vxdl *request,
	uint64_t now_s, struct plan_refusal *refusal)
{
	struct question question = {.plan = plan,
		.request = request,
		.start_s = alloc->start_s,
		.end_s = alloc->end_s,
		.now_s = now_s,
		.no_latency_of = SIZE_MAX,
		.no_rate_of = SIZE_MAX};
	size_t n_sites = plan->substrate->n_sites;
	struct answer answer;
	int rc;

	if (refuse_location(&question, refusal))
		return -ENOSPC;
	rc = ask(&question, &answer);
	if (rc == 0) {
		memcpy(alloc->site, answer.map.site, request->n_resources * sizeof(*alloc->site));
		memcpy(alloc->bin, answer.map.bin, request->n_resources * sizeof(*alloc->bin));
		memcpy(alloc->n_hops, answer.map.n_hops, request->n_links * sizeof(*alloc->n_hops));
		memcpy(alloc->hops, answer.map.hops,
			request->n_links * n_sites * sizeof(*alloc->hops));
	}
	fini_answer(&answer);
	if (rc == 0 || rc == -ENOMEM)
		return rc;
	explain(question, rc, refusal);
	rc = find_start(question, refusal);
	/* Lower rates help where rates are in the way. */
	if (rc == 0 &&
		(strcmp(refusal->constraint, "bandwidth") == 0 ||
			strcmp(refusal->constraint, "latency") == 0))
		rc = find_rates(question, refusal);
	return rc < 0 ? rc : -ENOSPC;
}

static int admit(struct plan *plan, struct plan_alloc *alloc, struct vxdl *request,
	const char *text, uint64_t now_s, struct plan_refusal *refusal)
{
	const char *constraint;
	int rc = plan_alloc_init(alloc, plan, request, text, now_s);

	if (rc < 0)
		return rc;
	rc = embed(plan, alloc, request, now_s, refusal);
	if (rc == 0) {
		rc = plan_number(plan, alloc, &constraint);
		if (rc == -ENOSPC)
			refuse(refusal, constraint, SIZE_MAX, "%s: none is free", constraint);
	}
	if (rc == 0)
		rc = plan_add(plan, alloc);
	if (rc < 0) {
		alloc->request = NULL; /* the caller's still */
		plan_alloc_fini(alloc);
	}
	return rc;
}

int plan_admit(struct plan *plan, struct vxdl *request, const char *text, uint64_t now_s,
	struct plan_refusal *refusal)
{
	ssize_t at = plan_lookup(plan, request->id);
	struct plan_alloc alloc, old = {0};
	int rc;

	memset(refusal, 0, sizeof(*refusal));
	refusal->link = SIZE_MAX;
	if (at >= 0 && strcmp(plan->allocs[at].request->owner, request->owner) != 0) {
		refuse(refusal, "owner", SIZE_MAX, "owner: VPXI '%s' is one of owner '%s'",
			request->id, plan->allocs[at].request->owner);
		return -ENOSPC;
	}
	if (at >= 0 && strcmp(plan->allocs[at].text, text) == 0) {
		vxdl_destroy(request);
		return 0;
	}
	if (request->start_s && request->duration_s &&
		request->start_s + request->duration_s <= now_s) {
		refuse(refusal, "lease", SIZE_MAX, "lease: it is over already");
		return -ENOSPC;
	}
	if (at >= 0) {
		old = plan->allocs[at];
		memmove(&plan->allocs[at], &plan->allocs[at + 1],
			(--plan->n_allocs - (size_t)at) * sizeof(old));
	}
	rc = admit(plan, &alloc, request, text, now_s, refusal);
	if (rc == 0) {
		plan_alloc_fini(&old);
	} else if (at >= 0) {
		/* There is room: it stood there. */
		memmove(&plan->allocs[at + 1], &plan->allocs[at],
			(plan->n_allocs++ - (size_t)at) * sizeof(old));
		plan->allocs[at] = old;
	}
	return rc;
}

void plan_refusal_fini(struct plan_refusal *refusal)
{
	free(refusal->asked_bps);
	free(refusal->fits_bps);
	memset(refusal, 0, sizeof(*refusal));
}
