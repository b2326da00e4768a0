/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "dataplane/filter.h"
#include "dataplane/guard.h"
#include "dataplane/policy.h"

/* Packet FROM goes on, behind TO others; before there is an adjacency. */
static inline void keep_in(struct burst *b, unsigned int to, unsigned int from)
{
	b->m[to] = b->m[from];
	b->ip[to] = b->ip[from];
	b->in[to] = b->in[from];
	b->dst[to] = b->dst[from];
}

/* Keys of packets that share a list of matches. */
struct batch {
	unsigned int n;
	uint8_t index[PKT_BURST]; /* in the burst */
	struct acl_key4 keys[PKT_BURST];
	const uint8_t *pointers[PKT_BURST];
	uint32_t results[PKT_BURST];
};

static void batch_add(struct batch *batch, const struct burst *b, unsigned int i)
{
	struct acl_key4 *key = &batch->keys[batch->n];

	acl_key4_set(key, b->ip[i], b->in[i]->id);
	batch->pointers[batch->n] = (const uint8_t *)key;
	batch->index[batch->n++] = (uint8_t)i;
}

/* ---- filters ---- */

/* OF: the filter of each packet, or NULL; bit i of the result: drop packet i. */
static uint64_t filter_burst(const struct burst *b, struct filter *const *of)
{
	uint64_t drop = 0, done = 0;
	struct batch batch;

	for (unsigned int i = 0; i < b->n; i++) {
		if (of[i] == NULL || of[i]->acl4 == NULL || (done >> i & 1))
			continue;
		batch.n = 0;
		for (unsigned int j = i; j < b->n; j++)
			if (of[j] == of[i]) {
				batch_add(&batch, b, j);
				done |= UINT64_C(1) << j;
			}
		acl_classify(of[i]->acl4, batch.pointers, batch.results, batch.n);
		for (unsigned int k = 0; k < batch.n; k++) {
			unsigned int j = batch.index[k];

			if (batch.results[k] != 0 &&
				filter_judge(of[i], batch.results[k],
					rte_be_to_cpu_16(b->ip[j]->total_length)))
				drop |= UINT64_C(1) << j;
		}
	}
	return drop;
}

/* ---- in ---- */

static bool reached_by(const struct adj *adj, const struct iface *iface)
{
	if (adj->kind == ADJ_KIND_GROUP) {
		/* Each is a path that the source's packets may take: RFC 3704 2.3. */
		for (uint32_t i = 0; i < adj->group->n; i++)
			if (adj_at(adj->group->members[i].adj)->out == iface)
				return true;
		return false;
	}
	return adj->out == iface;
}

static bool source_good(const struct iface *in, const struct adj *adj)
{
	if (!adj_leads_on(adj))
		return false;
	return in->rpf != DP_RPF_STRICT || reached_by(adj, in);
}

static void check_sources(struct ctx *ctx, struct burst *b)
{
	const struct fib_view *views[PKT_BURST];
	uint32_t sources[PKT_BURST], nhs[PKT_BURST];
	uint8_t index[PKT_BURST];
	unsigned int n = 0, kept = 0;
	uint64_t drop = 0;

	for (unsigned int i = 0; i < b->n; i++) {
		if (b->in[i]->rpf == DP_RPF_OFF)
			continue;
		index[n] = (uint8_t)i;
		views[n] = b->in[i]->fib4;
		sources[n++] = rte_be_to_cpu_32(b->ip[i]->src_addr);
	}
	if (n == 0)
		return;
	fib4_lookup_mixed(views, sources, nhs, n);
	for (unsigned int k = 0; k < n; k++)
		if (!source_good(b->in[index[k]], adj_at(nhs[k])))
			drop |= UINT64_C(1) << index[k];
	if (drop == 0)
		return;
	for (unsigned int i = 0; i < b->n; i++) {
		if (drop >> i & 1)
			ctx_drop(ctx, b->in[i], b->m[i], DROP_RPF);
		else
			keep_in(b, kept++, i);
	}
	b->n = kept;
}

void guard_in(struct ctx *ctx, struct burst *b)
{
	struct filter *of[PKT_BURST];
	unsigned int kept = 0;
	uint64_t drop;

	if (b->guards & IFACE_RPF)
		check_sources(ctx, b);
	if (!(b->guards & IFACE_FILTERED))
		return;
	for (unsigned int i = 0; i < b->n; i++)
		of[i] = b->in[i]->filter_in;
	drop = filter_burst(b, of);
	if (drop == 0)
		return;
	for (unsigned int i = 0; i < b->n; i++) {
		if (drop >> i & 1)
			ctx_drop(ctx, b->in[i], b->m[i], DROP_FILTER_IN);
		else
			keep_in(b, kept++, i);
	}
	b->n = kept;
}

/* ---- policies ---- */

/* What the routes say about these holds in any case. */
static bool is_own(const struct adj *adj)
{
	return adj->kind == ADJ_KIND_LOCAL || adj->kind == ADJ_KIND_BROADCAST ||
		adj->kind == ADJ_KIND_GLEAN;
}

/* The next hop of the first policy that has one, from FOUND on. */
static uint32_t policy_choose(struct policies *policies, uint32_t found, uint32_t nh,
	const struct acl_key4 *key, uint32_t bytes)
{
	while (found != 0) {
		struct policy *policy = &policies->items[found - 1];

		if (likely(policy->alive) || policy->other == DP_ELSE_DROP) {
			policy->packets++;
			policy->bytes += bytes;
			if (policy->route)
				return nh;
			return policy->alive ? policy->nh : (uint32_t)ADJ_BLACKHOLE;
		}
		if (policy->other == DP_ELSE_ROUTE)
			return nh;
		found = acl_scan4(policies->matches, policies->n, found, key);
	}
	return nh;
}

void guard_route(struct ctx *ctx, struct burst *b)
{
	struct policies *of[PKT_BURST];
	uint64_t done = 0;
	struct batch batch;

	for (unsigned int i = 0; i < b->n; i++) {
		bool concerned = (b->in[i]->flags & IFACE_POLICY) != 0;

		of[i] = concerned && !is_own(adj_at(b->nh[i])) ? b->in[i]->vr->policies : NULL;
	}
	for (unsigned int i = 0; i < b->n; i++) {
		struct policies *policies = of[i];

		if (policies == NULL || policies->acl4 == NULL || (done >> i & 1))
			continue;
		if (unlikely(policies->generation != b->in[i]->vr->live_generation))
			policies_refresh(ctx, b->in[i]->vr, policies);
		batch.n = 0;
		for (unsigned int j = i; j < b->n; j++)
			if (of[j] == policies) {
				batch_add(&batch, b, j);
				done |= UINT64_C(1) << j;
			}
		acl_classify(policies->acl4, batch.pointers, batch.results, batch.n);
		for (unsigned int k = 0; k < batch.n; k++) {
			unsigned int j = batch.index[k];

			b->nh[j] = policy_choose(policies, batch.results[k], b->nh[j],
				&batch.keys[k], rte_be_to_cpu_16(b->ip[j]->total_length));
		}
	}
}

/* ---- out ---- */

void guard_out(struct ctx *ctx, struct burst *b)
{
	struct filter *of[PKT_BURST];
	unsigned int kept = 0;
	uint64_t drop;

	for (unsigned int i = 0; i < b->n; i++) {
		const struct iface *out = b->adj[i]->out;

		of[i] = b->paid == NULL || out->link != b->paid ? out->filter_out : NULL;
	}
	drop = filter_burst(b, of);
	if (drop == 0)
		return;
	for (unsigned int i = 0; i < b->n; i++) {
		if (drop >> i & 1)
			ctx_drop(ctx, b->adj[i]->out, b->m[i], DROP_FILTER_OUT);
		else
			burst_keep(b, kept++, i, b->adj[i]);
	}
	b->n = kept;
}

/* ---- flags ---- */

void guard_flags_set(struct vr *vr)
{
	for (struct iface *iface = vr->ifaces; iface != NULL; iface = iface->next_of_vr) {
		unsigned int flags = iface->flags & ~(unsigned int)IFACE_GUARDED;

		if (iface->filter_in != NULL)
			flags |= IFACE_FILTERED;
		if (iface->rpf != DP_RPF_OFF)
			flags |= IFACE_RPF;
		if (policies_concern(vr->policies, iface->id))
			flags |= IFACE_POLICY;
		iface->flags = (uint8_t)flags;
		iface->filtered_out = iface->filter_out != NULL;
	}
}
