/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/dp_guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "dataplane/filter.h"
#include "dataplane/iface6.h"
#include "dataplane/policy.h"
#include "dataplane/probe.h"
#include "lib/vec.h"

static struct iface *iface_lookup(dp_iface_id id)
{
	return id >= 1 && id <= IFACE_ID_MAX ? iface_table[id] : NULL;
}

/* ---- preparing ---- */

static void guard_clear(struct txn_guard *guard)
{
	if (guard->policies != NULL) {
		uint32_t *dead = calloc(guard->policies->n + 1, sizeof(*dead));

		/* Without memory the next hops stay until the router goes. */
		if (dead != NULL)
			dp_nexthops_free(
				guard->vr, dead, policies_put(guard->vr, guard->policies, dead));
		free(dead);
	}
	policies_destroy(guard->policies);
	filter_destroy(guard->filter);
	free(guard->probe);
	guard->policies = NULL;
	guard->filter = NULL;
	guard->probe = NULL;
}

/* The transaction's entry for this part of an interface, or (IFACE NULL) of a router, empty; there
 * is one at most. NULL: out of memory. */
static struct txn_guard *guard_get(
	struct dp_txn *txn, enum txn_guard_kind kind, struct iface *iface, struct vr *vr)
{
	struct txn_guard *guard;

	for (size_t i = 0; i < txn->guards.count; i++) {
		guard = &txn->guards.items[i];
		if (guard->kind == kind && guard->iface == iface && guard->vr == vr) {
			guard_clear(guard);
			return guard;
		}
	}
	/* That the router's interfaces get their flags anew. */
	if (dp_txn_vr_get(txn, vr) == NULL)
		return NULL;
	guard = vec_add(&txn->guards);
	if (guard == NULL)
		return NULL;
	guard->kind = kind;
	guard->iface = iface;
	guard->vr = vr;
	return guard;
}

static struct txn_guard *iface_guard_get(
	struct dp_txn *txn, enum txn_guard_kind kind, dp_iface_id id, int *rc, char *err)
{
	struct iface *iface = iface_lookup(id);
	struct txn_guard *guard;

	if (iface == NULL || !dp_txn_iface_stays(txn, iface)) {
		*rc = dp_fail(err, -ENOENT, "interface %u: not there", id);
		return NULL;
	}
	guard = guard_get(txn, kind, iface, iface->vr);
	if (guard == NULL)
		*rc = dp_fail(err, -ENOMEM, "interface %s: out of memory", iface->name);
	return guard;
}

static const char *fault(int rc)
{
	switch (rc) {
	case -E2BIG:
		return "more than can be compiled; fewer or simpler rules";
	case -EINVAL:
		return "a value that no packet has";
	default:
		return strerror(-rc);
	}
}

int dp_txn_filter_set(struct dp_txn *txn, dp_iface_id id, enum dp_direction direction,
	const struct dp_filter_rule *rules, size_t n, char *err)
{
	enum txn_guard_kind kind = direction == DP_IN ? TXN_FILTER_IN : TXN_FILTER_OUT;
	struct txn_guard *guard;
	const struct filter *now;
	int rc = 0;

	guard = iface_guard_get(txn, kind, id, &rc, err);
	if (guard == NULL)
		return rc;
	now = direction == DP_IN ? guard->iface->filter_in : guard->iface->filter_out;
	if (n > DP_RULES_MAX)
		rc = -E2BIG;
	else if (n > 0)
		rc = filter_create(rules, n, now, &guard->filter);
	if (rc < 0)
		return dp_fail(err, rc, "interface %s: filter %s: %s", guard->iface->name,
			direction == DP_IN ? "in" : "out", fault(rc));
	return 0;
}

int dp_txn_rpf_set(struct dp_txn *txn, dp_iface_id id, enum dp_rpf mode, char *err)
{
	struct txn_guard *guard;
	int rc = 0;

	guard = iface_guard_get(txn, TXN_RPF, id, &rc, err);
	if (guard != NULL)
		guard->rpf = (uint8_t)mode;
	return rc;
}

int dp_txn_probe_set(
	struct dp_txn *txn, dp_iface_id id, const struct dp_probe_spec *spec, char *err)
{
	char text[IP_ADDR_STRLEN];
	struct txn_guard *guard;
	uint32_t own;
	int rc = 0;

	guard = iface_guard_get(txn, TXN_PROBE, id, &rc, err);
	if (guard == NULL || spec->peer.af == IP_AF_NONE)
		return rc;
	if (spec->peer.af == IP_AF_4
			? !iface_on_link4(guard->iface, ipaddr_to_u32(&spec->peer), &own)
			: guard->iface->ip6 == NULL ||
				!iface6_on_link(guard->iface->ip6, spec->peer.bytes))
		return dp_fail(err, -EINVAL, "interface %s: probe of %s: not in its networks",
			guard->iface->name, ipaddr_print(&spec->peer, text));
	rc = probe_create(spec, guard->iface, &guard->probe);
	if (rc < 0)
		return dp_fail(err, rc, "interface %s: probe of %s: %s", guard->iface->name,
			ipaddr_print(&spec->peer, text), strerror(-rc));
	return 0;
}

static bool hop_of_other_family(const struct dp_match_spec *match, uint8_t af)
{
	return af != IP_AF_NONE &&
		((match->from.addr.af != IP_AF_NONE && match->from.addr.af != af) ||
			(match->to.addr.af != IP_AF_NONE && match->to.addr.af != af));
}

static int hop_check(struct dp_txn *txn, const struct vr *vr, const struct dp_policy_spec *spec,
	size_t index, const struct dp_nexthop_spec *hop, char *err)
{
	const struct iface *iface = iface_lookup(hop->iface);

	if (iface == NULL || iface->vr != vr || !dp_txn_iface_stays(txn, iface))
		return dp_fail(err, -EINVAL, "vrouter %s: policy %s (%zu): interface is not there",
			vr->name, spec->name, index + 1);
	if (hop->via.af == IP_AF_6 && iface->ip6 == NULL)
		return dp_fail(err, -EINVAL,
			"vrouter %s: policy %s (%zu): interface %s has no IPv6 address", vr->name,
			spec->name, index + 1, iface->name);
	if (hop_of_other_family(&spec->match, hop->via.af))
		return dp_fail(err, -EINVAL,
			"vrouter %s: policy %s (%zu): gateway of another address family than what "
			"it matches",
			vr->name, spec->name, index + 1);
	if (spec->n_nexthops > 1 && hop->via.af == IP_AF_NONE)
		return dp_fail(err, -EINVAL,
			"vrouter %s: policy %s (%zu): on-link among several next hops", vr->name,
			spec->name, index + 1);
	return 0;
}

static int policy_check(struct dp_txn *txn, const struct vr *vr, const struct dp_policy_spec *spec,
	size_t index, char *err)
{
	const struct iface *in = spec->match.in != 0 ? iface_lookup(spec->match.in) : NULL;

	if (spec->match.in != 0 && (in == NULL || in->vr != vr || !dp_txn_iface_stays(txn, in)))
		return dp_fail(err, -EINVAL, "vrouter %s: policy %s (%zu): interface is not there",
			vr->name, spec->name, index + 1);
	if (spec->n_nexthops > DP_NEXTHOPS_MAX)
		return dp_fail(err, -EINVAL, "vrouter %s: policy %s (%zu): more than %d next hops",
			vr->name, spec->name, index + 1, DP_NEXTHOPS_MAX);
	for (size_t i = 0; i < spec->n_nexthops; i++) {
		int rc = hop_check(txn, vr, spec, index, &spec->nexthops[i], err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int dp_txn_policies_set(
	struct dp_txn *txn, dp_vr_id id, const struct dp_policy_spec *policies, size_t n, char *err)
{
	struct vr *vr = vr_lookup(id);
	struct txn_guard *guard;
	int rc = 0;

	if (vr == NULL)
		return dp_fail(err, -ENOENT, "vrouter %u: not there", id);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = policy_check(txn, vr, &policies[i], i, err);
	if (rc < 0)
		return rc;
	guard = guard_get(txn, TXN_POLICIES, NULL, vr);
	if (guard == NULL)
		rc = -ENOMEM;
	else if (n > DP_RULES_MAX)
		rc = -E2BIG;
	else if (n > 0)
		rc = policies_create(vr, policies, n, vr->policies, &guard->policies);
	return rc < 0 ? dp_fail(err, rc, "vrouter %s: policies: %s", vr->name, fault(rc)) : 0;
}

static bool policy_names(const struct dp_policy_spec *spec, dp_iface_id id)
{
	bool names = spec->match.in == id;

	for (size_t i = 0; i < spec->n_nexthops; i++)
		names |= spec->nexthops[i].iface == id;
	return names;
}

int dp_guards_iface_gone(struct dp_txn *txn, const struct iface *iface, char *err)
{
	const struct policies *policies = iface->vr->policies;
	struct dp_policy_spec *left;
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; i < txn->guards.count; i++)
		if (txn->guards.items[i].kind == TXN_POLICIES &&
			txn->guards.items[i].vr == iface->vr)
			policies = txn->guards.items[i].policies;
	if (policies == NULL)
		return 0;
	left = calloc(policies->n, sizeof(*left));
	if (left == NULL)
		return dp_fail(err, -ENOMEM, "vrouter %s: out of memory", iface->vr->name);
	for (uint32_t i = 0; i < policies->n; i++)
		if (!policy_names(&policies->specs[i], iface->id))
			left[n++] = policies->specs[i];
	if (n < policies->n)
		rc = dp_txn_policies_set(txn, iface->vr->id, left, n, err);
	free(left);
	return rc;
}

/* ---- publishing ---- */

static void filter_publish(struct txn_guard *guard, struct filter **at)
{
	struct filter *old = *at;

	if (guard->filter != NULL && old != NULL)
		filter_carry(guard->filter, old);
	*at = guard->filter;
	guard->filter = old;
}

static void probe_publish(struct ctx *ctx, struct txn_guard *guard)
{
	struct iface *iface = guard->iface;
	struct probe *old = iface->probe, *probe = guard->probe;

	iface->probe = probe;
	guard->probe = old;
	if (probe != NULL && old != NULL && ipaddr_cmp(&probe->spec.peer, &old->spec.peer) == 0) {
		probe_succeed(ctx, probe, old);
		return;
	}
	if (old != NULL)
		probe_stop(ctx, old);
	if (probe != NULL)
		probe_start(ctx, probe);
}

void dp_guards_publish(struct ctx *ctx, struct dp_txn *txn)
{
	for (size_t i = 0; i < txn->guards.count; i++) {
		struct txn_guard *guard = &txn->guards.items[i];
		struct vr *vr = guard->vr;
		struct policies *old = vr->policies;

		if (vr->worker != ctx->index)
			continue;
		switch (guard->kind) {
		case TXN_FILTER_IN:
			filter_publish(guard, &guard->iface->filter_in);
			break;
		case TXN_FILTER_OUT:
			filter_publish(guard, &guard->iface->filter_out);
			break;
		case TXN_RPF:
			guard->iface->rpf = guard->rpf;
			break;
		case TXN_PROBE:
			probe_publish(ctx, guard);
			break;
		case TXN_POLICIES:
			if (guard->policies != NULL && old != NULL)
				policies_carry(guard->policies, old);
			vr->policies = guard->policies;
			guard->policies = old;
			break;
		}
	}
}

void dp_guards_free(struct dp_txn *txn)
{
	for (size_t i = 0; i < txn->guards.count; i++)
		guard_clear(&txn->guards.items[i]);
}

/* ---- snapshots ---- */

int dp_filter_stats_get(dp_iface_id id, enum dp_direction direction, struct dp_rule_stats *out,
	size_t max, size_t *n)
{
	const struct iface *iface = iface_lookup(id);
	const struct filter *filter;

	if (iface == NULL)
		return -ENOENT;
	filter = direction == DP_IN ? iface->filter_in : iface->filter_out;
	*n = filter != NULL ? filter->n : 0;
	for (size_t i = 0; i < *n && i < max; i++)
		out[i] = (struct dp_rule_stats){.packets = filter->hits[i].packets,
			.bytes = filter->hits[i].bytes,
			.alive = true};
	return 0;
}

struct policy_call {
	struct vr *vr;
	struct dp_rule_stats *out;
	size_t max, n;
};

static void policies_copy(struct ctx *ctx, void *arg)
{
	struct policy_call *call = arg;
	struct policies *policies = call->vr->policies;

	if (policies == NULL)
		return;
	if (policies->generation != call->vr->live_generation)
		policies_refresh(ctx, call->vr, policies);
	call->n = policies->n;
	for (size_t i = 0; i < call->n && i < call->max; i++)
		call->out[i] = (struct dp_rule_stats){.packets = policies->items[i].packets,
			.bytes = policies->items[i].bytes,
			.alive = policies->items[i].alive};
}

int dp_policy_stats_get(dp_vr_id id, struct dp_rule_stats *out, size_t max, size_t *n)
{
	struct policy_call call = {.vr = vr_lookup(id), .out = out, .max = max};

	if (call.vr == NULL)
		return -ENOENT;
	worker_call(&dp.workers[call.vr->worker], policies_copy, &call);
	*n = call.n;
	return 0;
}

struct probe_call {
	const struct iface *iface;
	struct dp_probe_stats *out;
};

static void probe_copy(struct ctx *ctx, void *arg)
{
	static const enum dp_probe_state states[] = {[BFD_ADMIN_DOWN] = DP_PROBE_DOWN,
		[BFD_DOWN] = DP_PROBE_DOWN,
		[BFD_INIT] = DP_PROBE_INIT,
		[BFD_UP] = DP_PROBE_UP};
	struct probe_call *call = arg;
	const struct probe *probe = call->iface->probe;
	const struct bfd *bfd = &probe->bfd;
	uint64_t now_ns;

	now_ns = (uint64_t)((unsigned __int128)ctx->now_tsc * NS_PER_S / rte_get_tsc_hz());
	*call->out = (struct dp_probe_stats){.state = states[bfd->state],
		.peer = probe->spec.peer,
		.told = bfd->diag == BFD_DIAG_NEIGHBOR_DOWN,
		.since_ns = now_ns > bfd->since_ns ? now_ns - bfd->since_ns : 0,
		.detection_ns = bfd_detection_ns(bfd),
		.sent = bfd->sent,
		.received = bfd->received,
		.refused = bfd->refused,
		.ups = bfd->ups,
		.downs = bfd->downs};
}

int dp_probe_stats_get(dp_iface_id id, struct dp_probe_stats *out)
{
	struct probe_call call = {.iface = iface_lookup(id), .out = out};

	if (call.iface == NULL)
		return -ENOENT;
	memset(out, 0, sizeof(*out));
	if (call.iface->probe != NULL)
		worker_call(&dp.workers[call.iface->worker], probe_copy, &call);
	return 0;
}
