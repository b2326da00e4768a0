/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_cycles.h>

#include "dataplane/neigh.h"

static uint64_t ns_to_tsc(uint64_t ns)
{
	return (uint64_t)((unsigned __int128)ns * rte_get_tsc_hz() / 1000000000u);
}

static void neigh_arm(struct ctx *ctx, struct adj *adj, uint64_t ns)
{
	wheel_del(&ctx->neigh_wheel, &adj->timer);
	wheel_add(&ctx->neigh_wheel, &adj->timer, ctx->now_tsc + ns_to_tsc(ns));
}

static struct adj **bucket(const struct vr *vr, const struct iface *iface, uint32_t ip)
{
	uint32_t hash = (ip ^ iface->id * 0x9e3779b1u) * 0x85ebca6bu;

	return (struct adj **)(uintptr_t)&vr->neigh_hash[hash >> 24 & (VR_NEIGH_BUCKETS - 1)];
}

static bool is_learned(const struct vr *vr, const struct adj *adj)
{
	return adj >= vr->learned && adj < vr->learned + ADJ_LEARNED_MAX;
}

struct adj *neigh_lookup(const struct vr *vr, const struct iface *iface, uint32_t ip)
{
	struct adj *adj = *bucket(vr, iface, ip);

	while (adj != NULL && (adj->ip != ip || adj->out != iface || adj->af != IP_AF_4))
		adj = adj->hash_next;
	return adj;
}

struct adj *neigh_lookup6(const struct vr *vr, const struct iface *iface, const uint8_t ip[16])
{
	uint32_t hash = adj_ip6_hash(ip);
	struct adj *adj = *bucket(vr, iface, hash);

	while (adj != NULL &&
		(adj->ip != hash || adj->out != iface || adj->af != IP_AF_6 ||
			memcmp(adj->ip6, ip, sizeof(adj->ip6)) != 0))
		adj = adj->hash_next;
	return adj;
}

static struct adj *lookup_same(const struct vr *vr, const struct adj *adj)
{
	return adj->af == IP_AF_6 ? neigh_lookup6(vr, adj->out, adj->ip6)
				  : neigh_lookup(vr, adj->out, adj->ip);
}

/* What an adjacency is whose neighbour is known: and, where the neighbour is the tunnel, always. */
static uint8_t kind_known(const struct adj *adj)
{
	return adj->out->tunnel != NULL ? ADJ_KIND_TUNNEL : ADJ_KIND_FORWARD;
}

static uint8_t kind_unknown(const struct adj *adj)
{
	return adj->out->point_to_point ? ADJ_KIND_TUNNEL : ADJ_KIND_RESOLVING;
}

/* Tunnels may go this way. */
static void neigh_set_mac(struct ctx *ctx, struct adj *adj, const uint8_t mac[6])
{
	adj_set_mac(adj, mac);
	ctx->underlays_changed |= (adj->out->flags & IFACE_UNDERLAY) != 0;
}

static void hash_add(struct vr *vr, struct adj *adj)
{
	struct adj **head = bucket(vr, adj->out, adj->ip);

	adj->hash_next = *head;
	*head = adj;
	adj->listed = 1;
	vr->neigh_count++;
}

static void hash_del(struct vr *vr, struct adj *adj)
{
	struct adj **link = bucket(vr, adj->out, adj->ip);

	while (*link != adj)
		link = &(*link)->hash_next;
	*link = adj->hash_next;
	adj->listed = 0;
	vr->neigh_count--;
}

/* A learned neighbour, listed once it has its address; NULL: no room. */
static struct adj *learned_alloc(struct vr *vr, struct iface *iface)
{
	struct adj *adj;
	uint32_t index;

	if (vr->learned_count >= VR_NEIGH_LEARNED_MAX)
		return NULL;
	/* Those of the last burst may still be looked at by its later stages. */
	if (vr->learned_free_count > PKT_BURST) {
		index = vr->learned_free;
		vr->learned_free = vr->learned[index].ip;
		vr->learned_free_count--;
	} else {
		index = vr->learned_next++;
	}
	vr->learned_count++;
	adj = &vr->learned[index];
	memset(adj, 0, sizeof(*adj));
	adj->out = iface;
	adj->kind = kind_unknown(adj);
	adj->state = DP_NEIGH_INCOMPLETE;
	return adj;
}

struct adj *neigh_get(struct ctx *ctx, struct vr *vr, struct iface *iface, uint32_t ip)
{
	struct adj *adj = neigh_lookup(vr, iface, ip);

	(void)ctx;
	if (adj != NULL)
		return adj;
	adj = learned_alloc(vr, iface);
	if (adj == NULL)
		return NULL;
	adj_set_ip4(adj, ip);
	hash_add(vr, adj);
	return adj;
}

struct adj *neigh_get6(struct ctx *ctx, struct vr *vr, struct iface *iface, const uint8_t ip[16])
{
	struct adj *adj = neigh_lookup6(vr, iface, ip);

	(void)ctx;
	if (adj != NULL)
		return adj;
	adj = learned_alloc(vr, iface);
	if (adj == NULL)
		return NULL;
	adj_set_ip6(adj, ip);
	hash_add(vr, adj);
	return adj;
}

/* Unlisted already, holding nothing. Its rewrite stays for the packets of this burst that have been
 * resolved to it. */
static void learned_free(struct vr *vr, struct adj *adj)
{
	uint32_t index = (uint32_t)(adj - vr->learned);

	adj->ip = 0;
	if (vr->learned_free_count++ == 0)
		vr->learned_free = index;
	else
		vr->learned[vr->learned_free_last].ip = index;
	vr->learned_free_last = index;
	vr->learned_count--;
}

/* Whoever has another way may have to look again. */
static void neigh_set_kind(struct vr *vr, struct adj *adj, uint8_t kind)
{
	if ((adj->kind == ADJ_KIND_FAILED) != (kind == ADJ_KIND_FAILED))
		vr_live_changed(vr);
	adj->kind = kind;
}

void neigh_list(struct ctx *ctx, struct vr *vr, struct adj *adj)
{
	struct adj *old;

	if (adj->listed)
		return;
	old = lookup_same(vr, adj);
	if (old != NULL) {
		hash_del(vr, old);
		wheel_del(&ctx->neigh_wheel, &old->timer);
		neigh_set_kind(vr, adj, old->kind);
		adj->state = old->state;
		adj->probes = old->probes;
		adj->held = old->held;
		adj->hold = old->hold;
		adj->confirmed_tsc = old->confirmed_tsc;
		memcpy(adj->rewrite, old->rewrite, sizeof(adj->rewrite));
		learned_free(vr, old);
		/* Whatever it waited for, it waits for anew: an idle timer is set by use. */
		if (adj->state != DP_NEIGH_INCOMPLETE || adj->held > 0)
			neigh_arm(ctx, adj, NEIGH_RETRANS_NS);
	}
	hash_add(vr, adj);
}

/* What of N held packets is beyond the router's own places. */
static uint32_t beyond_own(uint32_t n)
{
	return n > VR_HOLD_OWN ? n - VR_HOLD_OWN : 0;
}

static void vr_unhold(struct ctx *ctx, struct vr *vr, uint32_t n)
{
	ctx->held_shared -= beyond_own(vr->held) - beyond_own(vr->held - n);
	vr->held -= n;
}

static bool vr_may_hold(const struct ctx *ctx, const struct vr *vr)
{
	return vr->held < VR_HOLD_OWN ||
		(vr->held < VR_HOLD_MAX && ctx->held_shared < CTX_HOLD_SHARED);
}

void neigh_held_leave(struct ctx *ctx, const struct vr *vr)
{
	ctx->held_shared -= beyond_own(vr->held);
}

void neigh_held_arrive(struct ctx *ctx, const struct vr *vr)
{
	ctx->held_shared += beyond_own(vr->held);
}

void neigh_take_held(struct ctx *ctx, struct vr *vr, struct adj *adj, struct pkt_list *held)
{
	*held = adj->hold;
	for (struct rte_mbuf *m = held->head; m != NULL; m = pkt_meta(m)->next)
		ctx_unqueued(ctx, m);
	vr_unhold(ctx, vr, adj->held);
	adj->held = 0;
	adj->hold = (struct pkt_list){0};
}

static void drop_held(struct ctx *ctx, struct vr *vr, struct adj *adj, enum drop_reason reason)
{
	struct pkt_list held;
	struct rte_mbuf *m;

	neigh_take_held(ctx, vr, adj, &held);
	while ((m = pkt_list_dequeue(&held)) != NULL) {
		struct iface *in = iface_get(pkt_meta(m)->iface);

		ctx_drop_meta(ctx, in != NULL && in->vr == vr ? in : adj->out, m, reason);
	}
}

void neigh_del(struct ctx *ctx, struct vr *vr, struct adj *adj, enum drop_reason reason)
{
	drop_held(ctx, vr, adj, reason);
	wheel_del(&ctx->neigh_wheel, &adj->timer);
	if (adj->listed)
		hash_del(vr, adj);
	if (is_learned(vr, adj)) {
		learned_free(vr, adj);
		return;
	}
	neigh_set_kind(vr, adj, kind_unknown(adj));
	adj->state = DP_NEIGH_INCOMPLETE;
	adj->probes = 0;
	adj->confirmed_tsc = 0;
}

void neigh_purge(struct ctx *ctx, struct vr *vr, const struct iface *iface, enum drop_reason reason)
{
	for (unsigned int i = 0; i < VR_NEIGH_BUCKETS; i++) {
		struct adj *adj = vr->neigh_hash[i], *next;

		for (; adj != NULL; adj = next) {
			next = adj->hash_next;
			if (iface == NULL ? adj->state != DP_NEIGH_PERMANENT : adj->out == iface)
				neigh_del(ctx, vr, adj, reason);
		}
	}
}

void neigh_confirm(struct ctx *ctx, struct vr *vr, struct adj *adj, const uint8_t mac[6],
	struct pkt_list *ready)
{
	*ready = (struct pkt_list){0};
	if (adj->state == DP_NEIGH_PERMANENT)
		return;
	neigh_set_mac(ctx, adj, mac);
	neigh_set_kind(vr, adj, kind_known(adj));
	adj->state = DP_NEIGH_REACHABLE;
	adj->probes = 0;
	adj->confirmed_tsc = ctx->now_tsc;
	neigh_arm(ctx, adj, NEIGH_REACHABLE_NS);
	neigh_take_held(ctx, vr, adj, ready);
}

void neigh_hear(struct ctx *ctx, struct vr *vr, struct adj *adj, const uint8_t mac[6],
	struct pkt_list *ready)
{
	bool known = adj->state != DP_NEIGH_INCOMPLETE && adj->state != DP_NEIGH_FAILED;

	*ready = (struct pkt_list){0};
	if (adj->state == DP_NEIGH_PERMANENT ||
		(known && memcmp(adj_mac(adj, adj->out->l2_len), mac, 6) == 0))
		return;
	neigh_set_mac(ctx, adj, mac);
	neigh_set_kind(vr, adj, ADJ_KIND_STALE);
	adj->state = DP_NEIGH_STALE;
	adj->probes = 0;
	adj->confirmed_tsc = ctx->now_tsc;
	neigh_arm(ctx, adj, NEIGH_GC_NS);
	neigh_take_held(ctx, vr, adj, ready);
}

void neigh_doubt(struct ctx *ctx, struct adj *adj)
{
	if (adj->state != DP_NEIGH_REACHABLE)
		return;
	adj->kind = ADJ_KIND_STALE;
	adj->state = DP_NEIGH_STALE;
	neigh_arm(ctx, adj, NEIGH_GC_NS);
}

void neigh_set_permanent(struct ctx *ctx, struct vr *vr, struct adj *adj, const uint8_t mac[6],
	struct pkt_list *ready)
{
	neigh_list(ctx, vr, adj);
	neigh_set_mac(ctx, adj, mac);
	neigh_set_kind(vr, adj, kind_known(adj));
	adj->state = DP_NEIGH_PERMANENT;
	adj->confirmed_tsc = ctx->now_tsc;
	wheel_del(&ctx->neigh_wheel, &adj->timer);
	neigh_take_held(ctx, vr, adj, ready);
}

void neigh_unset_permanent(struct ctx *ctx, struct vr *vr, struct adj *adj)
{
	neigh_del(ctx, vr, adj, DROP_INTERFACE_GONE);
}

bool neigh_hold(struct ctx *ctx, struct vr *vr, struct adj *adj, struct rte_mbuf *m)
{
	if (adj->held >= VR_HOLD_NEIGH_MAX || !vr_may_hold(ctx, vr))
		return false;
	pkt_list_enqueue(&adj->hold, m);
	adj->held++;
	vr->held++;
	ctx->held_shared += vr->held > VR_HOLD_OWN;
	ctx_queued(ctx, m);
	return true;
}

enum neigh_action neigh_use(struct ctx *ctx, struct adj *adj)
{
	switch (adj->state) {
	case DP_NEIGH_STALE:
		/* Usable while it is asked. */
		adj->state = DP_NEIGH_PROBE;
		adj->kind = kind_known(adj);
		adj->probes = 1;
		neigh_arm(ctx, adj, NEIGH_RETRANS_NS);
		return NEIGH_ACT_ASK_KNOWN;
	case DP_NEIGH_INCOMPLETE:
		if (adj->probes > 0)
			return NEIGH_ACT_NONE;
		adj->probes = 1;
		neigh_arm(ctx, adj, NEIGH_RETRANS_NS);
		return NEIGH_ACT_ASK;
	default:
		return NEIGH_ACT_NONE;
	}
}

enum neigh_action neigh_timeout(struct ctx *ctx, struct vr *vr, struct adj *adj)
{
	switch (adj->state) {
	case DP_NEIGH_REACHABLE:
		adj->state = DP_NEIGH_STALE;
		adj->kind = ADJ_KIND_STALE;
		neigh_arm(ctx, adj, NEIGH_GC_NS);
		return NEIGH_ACT_NONE;
	case DP_NEIGH_PROBE:
		if (adj->probes < NEIGH_PROBES) {
			adj->probes++;
			neigh_arm(ctx, adj, NEIGH_RETRANS_NS);
			return NEIGH_ACT_ASK_KNOWN;
		}
		/* Its MAC may have changed: ask everybody, and hold meanwhile. */
		adj->state = DP_NEIGH_INCOMPLETE;
		adj->kind = ADJ_KIND_RESOLVING;
		adj->probes = 1;
		neigh_arm(ctx, adj, NEIGH_RETRANS_NS);
		return NEIGH_ACT_ASK;
	case DP_NEIGH_INCOMPLETE:
		if (adj->probes < NEIGH_PROBES) {
			adj->probes++;
			neigh_arm(ctx, adj, NEIGH_RETRANS_NS);
			return NEIGH_ACT_ASK;
		}
		adj->state = DP_NEIGH_FAILED;
		neigh_set_kind(vr, adj, ADJ_KIND_FAILED);
		neigh_arm(ctx, adj, NEIGH_FAILED_NS);
		return NEIGH_ACT_FAILED;
	case DP_NEIGH_FAILED:
		/* Nobody's packet would ask: they all go another way. */
		if (__atomic_load_n(&adj->watchers, __ATOMIC_RELAXED) > 0) {
			neigh_arm(ctx, adj, NEIGH_FAILED_NS);
			return NEIGH_ACT_ASK;
		}
		/* fall through */
	case DP_NEIGH_STALE:
		neigh_del(ctx, vr, adj, DROP_NEIGHBOR_FAILED);
		return NEIGH_ACT_GONE;
	default:
		return NEIGH_ACT_NONE;
	}
}
