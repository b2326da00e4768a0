/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "dataplane/family.h"
#include "dataplane/filter.h"
#include "dataplane/guard.h"
#include "dataplane/ip6_ext.h"
#include "dataplane/policy.h"

/* Packet FROM goes on, behind TO others; before there is an adjacency. */
static inline void keep_in(struct burst *b, unsigned int to, unsigned int from, enum ip_af af)
{
	b->m[to] = b->m[from];
	b->ip[to] = b->ip[from];
	b->in[to] = b->in[from];
	if (af == IP_AF_4)
		b->dst[to] = b->dst[from];
	else
		memcpy(b->dst6[to], b->dst6[from], sizeof(b->dst6[0]));
}

/* Keys of packets that share a list of matches. */
struct batch {
	unsigned int n;
	uint8_t index[PKT_BURST]; /* in the burst */
	union {
		struct acl_key4 keys[PKT_BURST];
		struct acl_key6 keys6[PKT_BURST];
	};
	const uint8_t *pointers[PKT_BURST];
	uint32_t results[PKT_BURST];
};

#define PORTS_WHOLE 8u /* of the upper header that a first fragment shows at least: RFC 1858 */
#define FRAGMENT_LEN 8u
#define FRAGMENT_OFFSET RTE_BE16(0xfff8)

/* False: a first fragment that hides what rules look at, or one that could overwrite it (RFC 1858,
 * RFC 3128). */
static bool key4_set(struct acl_key4 *key, const struct rte_ipv4_hdr *ip, dp_iface_id iface)
{
	unsigned int header_len = (ip->version_ihl & 0xfu) * 4;
	uint16_t part = rte_be_to_cpu_16(ip->fragment_offset) & (IP4_OFFSET_MASK | IP4_MF);

	acl_key4_set(key, ip, iface);
	if (likely(part == 0) || !acl_has_ports(key->proto))
		return true;
	return part == IP4_MF ? rte_be_to_cpu_16(ip->total_length) >= header_len + PORTS_WHOLE
			      : (part & IP4_OFFSET_MASK) != 1;
}

static bool is_extension(uint8_t next)
{
	return next == IP6_HOP_BY_HOP || next == IP6_DESTINATION || next == IP6_ROUTING ||
		next == IP6_FRAGMENT;
}

/* False: the upper header is out of reach: behind more, or other, extension headers than a host has
 * to take, or behind the end of a first fragment (RFC 7112). */
static bool key6_set(struct acl_key6 *key, const struct rte_ipv6_hdr *ip, dp_iface_id iface)
{
	const uint8_t *fragment;
	struct ip6_problem problem;
	struct ip6_upper upper;
	bool found = ip6_ext_walk(ip, &upper, &problem) == DROP_REASON_COUNT, first = true;
	bool shown;

	if (found && upper.fragment) {
		fragment = (const uint8_t *)ip + upper.offset;
		first = (*(const unaligned_uint16_t *)(fragment + 2) & FRAGMENT_OFFSET) == 0;
		upper.next = fragment[0];
		upper.offset = (uint16_t)(upper.offset + FRAGMENT_LEN);
		found = !first || !is_extension(upper.next);
	}
	shown = found && first && upper.offset + sizeof(uint32_t) <= ip6_total(ip);
	acl_key6_set(key, ip, upper.next, shown ? (const char *)ip + upper.offset : NULL, iface);
	if (found && first && upper.fragment && acl_has_ports(upper.next))
		return upper.offset + PORTS_WHOLE <= ip6_total(ip);
	return found;
}

/* False: nobody can say whether it matches. It is not in the batch then. */
static bool batch_add(struct batch *batch, const struct burst *b, unsigned int i, enum ip_af af)
{
	bool good;

	if (af == IP_AF_4) {
		good = key4_set(&batch->keys[batch->n], b->ip[i], b->in[i]->id);
		batch->pointers[batch->n] = (const uint8_t *)&batch->keys[batch->n];
	} else {
		good = key6_set(&batch->keys6[batch->n], b->ip6[i], b->in[i]->id);
		batch->pointers[batch->n] = (const uint8_t *)&batch->keys6[batch->n];
	}
	batch->index[batch->n] = (uint8_t)i;
	batch->n += good;
	return good;
}

/* ---- filters ---- */

static struct acl *filter_acl(const struct filter *filter, enum ip_af af)
{
	return af == IP_AF_4 ? filter->acl4 : filter->acl6;
}

/* OF: the filter of each packet, or NULL; bit i of the result: drop packet i. */
static uint64_t filter_burst(const struct burst *b, struct filter *const *of, enum ip_af af)
{
	uint64_t drop = 0, done = 0;
	struct batch batch;

	for (unsigned int i = 0; i < b->n; i++) {
		if (of[i] == NULL || filter_acl(of[i], af) == NULL || (done >> i & 1))
			continue;
		batch.n = 0;
		for (unsigned int j = i; j < b->n; j++)
			if (of[j] == of[i]) {
				/* Let through, it would pass by the rules. */
				if (!batch_add(&batch, b, j, af))
					drop |= UINT64_C(1) << j;
				done |= UINT64_C(1) << j;
			}
		if (batch.n == 0)
			continue;
		acl_classify(filter_acl(of[i], af), batch.pointers, batch.results, batch.n);
		for (unsigned int k = 0; k < batch.n; k++) {
			unsigned int j = batch.index[k];

			if (batch.results[k] != 0 &&
				filter_judge(of[i], batch.results[k],
					family_total(family_header(b, j, af), af)))
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

static void check_sources(struct ctx *ctx, struct burst *b, enum ip_af af)
{
	uint64_t roots[PKT_BURST];
	uint32_t sources[PKT_BURST], nhs[PKT_BURST];
	uint8_t sources6[PKT_BURST][16];
	uint8_t index[PKT_BURST];
	unsigned int n = 0, kept = 0;
	uint64_t drop = 0, differ = 0;

	for (unsigned int i = 0; i < b->n; i++) {
		if (b->in[i]->rpf == DP_RPF_OFF)
			continue;
		index[n] = (uint8_t)i;
		if (af == IP_AF_4) {
			roots[n] = iface_root4(b->in[i]);
			sources[n++] = rte_be_to_cpu_32(b->ip[i]->src_addr);
		} else {
			roots[n] = iface_root6(b->in[i]);
			memcpy(sources6[n++], b->ip6[i]->src_addr, sizeof(sources6[0]));
		}
	}
	if (n == 0)
		return;
	for (unsigned int k = 1; k < n; k++)
		differ |= roots[k] ^ roots[0];
	if (af == IP_AF_4 && differ == 0)
		fib4_lookup_bulk(roots[0], sources, nhs, n);
	else if (af == IP_AF_4)
		fib4_lookup_mixed(roots, sources, nhs, n);
	else
		fib6_lookup_mixed(roots, (const uint8_t(*)[16])sources6, nhs, n);
	for (unsigned int k = 0; k < n; k++)
		if (!source_good(b->in[index[k]], adj_at(nhs[k])))
			drop |= UINT64_C(1) << index[k];
	if (drop == 0)
		return;
	for (unsigned int i = 0; i < b->n; i++) {
		if (drop >> i & 1)
			ctx_drop(ctx, b->in[i], b->m[i], DROP_RPF);
		else
			keep_in(b, kept++, i, af);
	}
	b->n = kept;
}

void guard_in(struct ctx *ctx, struct burst *b, enum ip_af af)
{
	struct filter *of[PKT_BURST];
	unsigned int kept = 0;
	uint64_t drop;

	if (b->guards & IFACE_RPF)
		check_sources(ctx, b, af);
	if (!(b->guards & IFACE_FILTERED))
		return;
	for (unsigned int i = 0; i < b->n; i++)
		of[i] = b->in[i]->filter_in;
	drop = filter_burst(b, of, af);
	if (drop == 0)
		return;
	for (unsigned int i = 0; i < b->n; i++) {
		if (drop >> i & 1)
			ctx_drop(ctx, b->in[i], b->m[i], DROP_FILTER_IN);
		else
			keep_in(b, kept++, i, af);
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
	const uint8_t *key, uint32_t bytes, enum ip_af af)
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
		found = af == IP_AF_4
			? acl_scan4(policies->matches, policies->n, found, (const void *)key)
			: acl_scan6(policies->matches, policies->n, found, (const void *)key);
	}
	return nh;
}

void guard_route(struct ctx *ctx, struct burst *b, enum ip_af af)
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
		struct acl *acl;

		acl = policies == NULL ? NULL : af == IP_AF_4 ? policies->acl4 : policies->acl6;
		if (acl == NULL || (done >> i & 1))
			continue;
		if (unlikely(policies->generation != b->in[i]->vr->live_generation))
			policies_refresh(ctx, b->in[i]->vr, policies);
		batch.n = 0;
		for (unsigned int j = i; j < b->n; j++)
			if (of[j] == policies) {
				(void)batch_add(&batch, b, j, af);
				done |= UINT64_C(1) << j;
			}
		if (batch.n == 0)
			continue;
		acl_classify(acl, batch.pointers, batch.results, batch.n);
		for (unsigned int k = 0; k < batch.n; k++) {
			unsigned int j = batch.index[k];

			b->nh[j] = policy_choose(policies, batch.results[k], b->nh[j],
				batch.pointers[k], family_total(family_header(b, j, af), af), af);
		}
	}
}

/* ---- out ---- */

void guard_out(struct ctx *ctx, struct burst *b, enum ip_af af)
{
	struct filter *of[PKT_BURST];
	unsigned int kept = 0;
	uint64_t drop;

	for (unsigned int i = 0; i < b->n; i++) {
		const struct iface *out = b->adj[i]->out;

		of[i] = burst_paid(b, i, out->id) ? NULL : out->filter_out;
	}
	drop = filter_burst(b, of, af);
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
