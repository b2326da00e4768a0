/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/underlay.h"

#include <errno.h>
#include <stdlib.h>

#include "dataplane/arp.h"
#include "dataplane/epoch.h"
#include "dataplane/live.h"
#include "dataplane/nd.h"
#include "dataplane/neigh.h"

#define SLOTS_FIRST 64u

/* ---- control thread ---- */

static size_t map_bytes(uint32_t slots)
{
	return sizeof(struct tunnel_map) + slots * sizeof(struct tunnel *);
}

static struct tunnel_map *map_create(uint32_t slots)
{
	struct tunnel_map *map = calloc(1, map_bytes(slots));

	if (map != NULL)
		map->mask = slots - 1;
	return map;
}

static void map_free(void *arg, size_t size)
{
	(void)size;
	free(arg);
}

static void map_add(struct tunnel_map *map, struct tunnel *tunnel)
{
	uint32_t at = tunnel_key_hash(&tunnel->key) & map->mask;

	while (map->slots[at] != NULL)
		at = (at + 1) & map->mask;
	__atomic_store_n(&map->slots[at], tunnel, __ATOMIC_RELEASE);
	map->used++;
	map->live++;
}

/* At most half of the slots are used, so a search ends soon. */
static bool map_has_room(const struct tunnel_map *map, uint32_t taken, uint32_t n)
{
	return map != NULL && (uint64_t)(taken + n) * 2 <= (uint64_t)map->mask + 1;
}

struct underlay *underlay_create(struct port *port)
{
	struct underlay *underlay = calloc(1, sizeof(*underlay));

	if (underlay == NULL)
		return NULL;
	underlay->port = port;
	underlay->map = map_create(SLOTS_FIRST);
	if (underlay->map != NULL)
		return underlay;
	free(underlay);
	return NULL;
}

void underlay_destroy(struct underlay *underlay)
{
	if (underlay == NULL)
		return;
	free(underlay->map);
	free(underlay->spare);
	free(underlay);
}

bool underlay_local(
	const struct underlay *underlay, const struct dp_tunnel_spec *spec, struct ip_addr *local)
{
	const struct iface *iface = underlay->iface;

	for (size_t i = 0; i < iface->n_addresses; i++) {
		*local = iface->addresses[i].addr;
		if (local->af != spec->remote.af)
			continue;
		if (spec->local.af == IP_AF_NONE || ipaddr_cmp(local, &spec->local) == 0)
			return true;
	}
	return false;
}

int underlay_reserve(struct underlay *underlay, uint32_t n)
{
	const struct tunnel_map *map = underlay->map;
	uint32_t slots = SLOTS_FIRST;
	struct tunnel_map *spare;

	if (map_has_room(map, map->used, n) || map_has_room(underlay->spare, map->live, n))
		return 0;
	while (slots < 4 * (map->live + n))
		slots *= 2;
	spare = map_create(slots);
	if (spare == NULL)
		return -ENOMEM;
	free(underlay->spare);
	underlay->spare = spare;
	return 0;
}

struct tunnel *underlay_lookup(const struct underlay *underlay, const struct tunnel_key *key)
{
	uint32_t at = tunnel_key_hash(key) & underlay->map->mask;

	return (struct tunnel *)(uintptr_t)tunnel_map_probe(
		underlay->map, at, underlay->map->slots[at], key);
}

void underlay_add(struct underlay *underlay, struct tunnel *tunnel)
{
	struct tunnel_map *old = underlay->map, *spare = underlay->spare;

	if (!map_has_room(old, old->used, 1) && spare != NULL) {
		for (uint32_t i = 0; i <= old->mask; i++)
			if (old->slots[i] != NULL && old->slots[i] != TUNNEL_MAP_GONE)
				map_add(spare, old->slots[i]);
		__atomic_store_n(&underlay->map, spare, __ATOMIC_RELEASE);
		underlay->spare = NULL;
		epoch_retire(NULL, map_free, old, map_bytes(old->mask + 1));
	}
	map_add(underlay->map, tunnel);
}

void underlay_del(struct underlay *underlay, const struct tunnel *tunnel)
{
	struct tunnel_map *map = underlay->map;
	uint32_t at = tunnel_key_hash(&tunnel->key) & map->mask;

	while (map->slots[at] != tunnel)
		at = (at + 1) & map->mask;
	__atomic_store_n(&map->slots[at], TUNNEL_MAP_GONE, __ATOMIC_RELEASE);
	map->live--;
}

/* ---- home worker ---- */

void underlay_open(struct ctx *ctx, struct underlay *underlay)
{
	underlay->next = ctx->underlays;
	ctx->underlays = underlay;
	ctx->underlays_changed = true;
}

void underlay_close(struct ctx *ctx, struct underlay *underlay)
{
	struct underlay **link = &ctx->underlays;

	while (*link != underlay)
		link = &(*link)->next;
	*link = underlay->next;
}

void underlay_link(struct ctx *ctx, struct tunnel *tunnel)
{
	tunnel->next_of_underlay = tunnel->underlay->tunnels;
	tunnel->underlay->tunnels = tunnel;
	ctx->underlays_changed = true;
}

void underlay_unlink(struct tunnel *tunnel)
{
	struct tunnel **link = &tunnel->underlay->tunnels;

	while (*link != tunnel)
		link = &(*link)->next_of_underlay;
	*link = tunnel->next_of_underlay;
}

static struct adj *next_hop(struct ctx *ctx, struct iface *iface, const struct tunnel *tunnel)
{
	bool ip6 = tunnel->af == IP_AF_6;
	struct vr *vr = iface->vr;
	struct adj *adj;

	if (ip6 && iface_root6(iface) == 0)
		return NULL;
	adj = adj_at(ip6 ? fib6_lookup(iface_root6(iface), tunnel->remote.bytes)
			 : fib4_lookup(iface_root4(iface), ipaddr_to_u32(&tunnel->remote)));
	if (adj->kind == ADJ_KIND_GROUP)
		adj = live_pick(ctx, vr, adj->group, tunnel_key_hash(&tunnel->key));
	if (adj->kind == ADJ_KIND_GLEAN)
		adj = ip6 ? neigh_get6(ctx, vr, iface, tunnel->remote.bytes)
			  : neigh_get(ctx, vr, iface, ipaddr_to_u32(&tunnel->remote));
	if (adj != NULL && adj->kind == ADJ_KIND_RESOLVING && !adj->listed)
		neigh_list(ctx, vr, adj);
	return adj;
}

/* The remote's next hop, which is asked for where it is not known, or not sure. */
static uint64_t hop_word(struct ctx *ctx, struct iface *iface, const struct tunnel *tunnel)
{
	struct adj *adj = next_hop(ctx, iface, tunnel);
	enum neigh_action action;
	uint64_t word;

	if (adj == NULL ||
		(adj->kind != ADJ_KIND_FORWARD && adj->kind != ADJ_KIND_STALE &&
			adj->kind != ADJ_KIND_RESOLVING))
		return 0;
	action = neigh_use(ctx, adj);
	if (adj->af == IP_AF_6)
		nd_act(ctx, adj, action);
	else
		arp_act(ctx, adj, action);
	if (adj->kind == ADJ_KIND_RESOLVING)
		return 0;
	memcpy(&word, adj_mac(adj, iface->l2_len), sizeof(word));
	return word;
}

void underlay_refresh(struct ctx *ctx)
{
	ctx->underlays_changed = false;
	for (struct underlay *underlay = ctx->underlays; underlay != NULL;
		underlay = underlay->next)
		for (struct tunnel *tunnel = underlay->tunnels; tunnel != NULL;
			tunnel = tunnel->next_of_underlay)
			__atomic_store_n(&tunnel->hop, hop_word(ctx, underlay->iface, tunnel),
				__ATOMIC_RELAXED);
}

void underlay_send(struct ctx *ctx, struct iface *iface, struct rte_mbuf *m)
{
	enum pkt_class class = pkt_meta(m)->class;
	struct rte_ipv4_hdr *ip4 = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);
	struct rte_ipv6_hdr *ip6 = rte_pktmbuf_mtod(m, struct rte_ipv6_hdr *);
	struct adj *adj;

	if (ip4->version_ihl >> 4 == 4) {
		adj = adj_at(fib4_lookup(iface_root4(iface), rte_be_to_cpu_32(ip4->dst_addr)));
		adj = ip4_resolve(ctx, iface, m, ip4, adj, class, ctx->now_tsc);
	} else if (iface_root6(iface) != 0) {
		adj = adj_at(fib6_lookup(iface_root6(iface), ip6->dst_addr));
		adj = ip6_resolve(ctx, iface, m, ip6, adj, class, ctx->now_tsc);
	} else {
		ctx_drop_meta(ctx, iface, m, DROP_IP6_DISABLED);
		return;
	}
	if (adj == NULL)
		return;
	adj_encap(adj, m, ip4, m->data_len, iface->l2_len);
	ctx_transmit(ctx, iface, m, class);
}

static bool owns6(const struct iface *in, const uint8_t ip[16])
{
	return in->ip6 != NULL && (ip6_is_multicast(ip) || iface6_own(in->ip6, ip) != NULL);
}

bool underlay_admit(
	struct ctx *ctx, struct iface *in, struct rte_mbuf *m, uint16_t type, uint8_t l3_offset)
{
	const struct rte_ipv4_hdr *ip4 =
		rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, l3_offset);
	const struct rte_ipv6_hdr *ip6 = (const struct rte_ipv6_hdr *)ip4;
	int room = (int)m->data_len - l3_offset;

	if (l3_offset == 0) {
		underlay_send(ctx, in, m);
		return false;
	}
	if ((type == RTE_BE16(RTE_ETHER_TYPE_IPV4) && room >= IP4_MIN_LEN &&
		    !iface_owns4(in, rte_be_to_cpu_32(ip4->dst_addr))) ||
		(type == RTE_BE16(RTE_ETHER_TYPE_IPV6) && room >= IP6_HEADER_LEN &&
			!owns6(in, ip6->dst_addr))) {
		ctx_drop(ctx, in, m, DROP_UNDERLAY_TRANSIT);
		return false;
	}
	return true;
}
