/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/iface.h"
#include "dataplane/nexthop.h"

#define NEXTHOP_SLOTS_FIRST 16u

void nexthop_table_init(struct nexthop_table *table)
{
	memset(table, 0, sizeof(*table));
	table->used = 1;
}

static struct nexthop *slot_of(const struct nexthop_table *table, uint32_t index)
{
	return &table->slots[adj_at(index)->slot];
}

void nexthop_table_fini(struct nexthop_table *table)
{
	for (uint32_t i = 1; i < table->used; i++) {
		uint32_t index = table->slots[i].adj;

		if (index != 0) {
			free(adj_at(index)->group);
			adj_free(index);
		}
	}
	free(table->slots);
	free(table->buckets);
	memset(table, 0, sizeof(*table));
}

static bool hop_equal(const struct dp_nexthop_spec *a, const struct dp_nexthop_spec *b)
{
	return a->iface == b->iface && a->metric == b->metric && ipaddr_cmp(&a->via, &b->via) == 0;
}

static bool hops_equal(const struct nexthop *nexthop, const struct dp_nexthop_spec *hops, size_t n)
{
	if (nexthop->n_hops != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!hop_equal(&nexthop->hops[i], &hops[i]))
			return false;
	return true;
}

static uint32_t hops_hash(const struct dp_nexthop_spec *hops, size_t n)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < n; i++) {
		hash = (hash ^ hops[i].iface) * 16777619u;
		hash = (hash ^ hops[i].metric) * 16777619u;
		for (unsigned int j = 0; j < sizeof(hops[i].via.bytes); j++)
			hash = (hash ^ hops[i].via.bytes[j]) * 16777619u;
	}
	return hash ^ hash >> 15;
}

static void table_link(struct nexthop_table *table, uint32_t slot)
{
	struct nexthop *nexthop = &table->slots[slot];
	uint32_t *bucket =
		&table->buckets[hops_hash(nexthop->hops, nexthop->n_hops) & (table->n_buckets - 1)];

	nexthop->next = *bucket;
	*bucket = slot;
}

static void table_unlink(struct nexthop_table *table, uint32_t slot)
{
	struct nexthop *nexthop = &table->slots[slot];
	uint32_t *link =
		&table->buckets[hops_hash(nexthop->hops, nexthop->n_hops) & (table->n_buckets - 1)];

	while (*link != slot)
		link = &table->slots[*link].next;
	*link = nexthop->next;
}

static int table_grow(struct nexthop_table *table)
{
	uint32_t n = table->n_slots == 0 ? NEXTHOP_SLOTS_FIRST : table->n_slots * 2;
	struct nexthop *slots;
	uint32_t *buckets;

	if (table->n_slots >= ADJ_PINNED_MAX)
		return -ENOSPC;
	slots = realloc(table->slots, n * sizeof(*slots));
	if (slots == NULL)
		return -ENOMEM;
	memset(slots + table->n_slots, 0, (n - table->n_slots) * sizeof(*slots));
	table->slots = slots;
	table->n_slots = n;
	buckets = calloc(n, sizeof(*buckets));
	if (buckets == NULL)
		return table->buckets == NULL ? -ENOMEM : 0;
	free(table->buckets);
	table->buckets = buckets;
	table->n_buckets = n;
	for (uint32_t i = 1; i < table->used; i++)
		if (slots[i].n_hops != 0)
			table_link(table, i);
	return 0;
}

static int table_alloc(struct nexthop_table *table, uint32_t *slot)
{
	if (table->free != 0) {
		*slot = table->free;
		table->free = table->slots[*slot].next;
		return 0;
	}
	if (table->used >= table->n_slots || table->buckets == NULL) {
		int rc = table_grow(table);

		if (rc < 0)
			return rc;
	}
	*slot = table->used++;
	return 0;
}

void nexthop_watch(uint32_t index, bool on)
{
	struct adj *adj = adj_at(index);

	if (index >= ADJ_FIRST_FREE)
		__atomic_store_n(&adj->watchers, on ? adj->watchers + 1 : adj->watchers - 1,
			__ATOMIC_RELAXED);
}

/* Who of them is used is found out by the home worker. */
static int group_fill(
	struct adj *adj, const struct dp_nexthop_spec *hops, const uint32_t *members, size_t n)
{
	struct adj_group *group = calloc(1, sizeof(*group));

	if (group == NULL)
		return -ENOMEM;
	group->n = (uint32_t)n;
	for (size_t i = 0; i < n; i++) {
		group->members[i].adj = members[i];
		group->members[i].metric = hops[i].metric;
	}
	adj->group = group;
	adj->kind = ADJ_KIND_GROUP;
	for (size_t i = 0; i < n; i++)
		nexthop_watch(members[i], true);
	return 0;
}

static int group_members_get(struct nexthop_table *table, const struct dp_nexthop_spec *hops,
	size_t n, uint32_t *members)
{
	for (size_t i = 0; i < n; i++) {
		int rc = nexthop_get(table, &hops[i], 1, &members[i]);

		if (rc < 0) {
			/* No reader has seen them: what dies here is freed at once. */
			while (i-- > 0) {
				uint32_t dead;

				nexthop_put(table, members[i], &dead);
				if (dead != ADJ_NO_ROUTE)
					nexthop_free(table, dead, members + i);
			}
			return rc;
		}
	}
	return 0;
}

static int adj_fill(
	struct adj *adj, const struct dp_nexthop_spec *hops, const uint32_t *members, size_t n)
{
	memset(adj, 0, sizeof(*adj));
	if (n > 1)
		return group_fill(adj, hops, members, n);
	adj->out = iface_get(hops[0].iface);
	if (adj->out != NULL && adj->out->point_to_point) {
		if (hops[0].via.af != IP_AF_NONE)
			adj_set_address(adj, &hops[0].via);
		adj->kind = ADJ_KIND_TUNNEL;
		return 0;
	}
	if (hops[0].via.af == IP_AF_NONE) {
		adj->kind = ADJ_KIND_GLEAN;
		return 0;
	}
	adj->kind = ADJ_KIND_RESOLVING;
	adj->state = DP_NEIGH_INCOMPLETE;
	adj_set_address(adj, &hops[0].via);
	return 0;
}

int nexthop_get(struct nexthop_table *table, const struct dp_nexthop_spec *hops, size_t n_hops,
	uint32_t *index)
{
	uint32_t members[DP_NEXTHOPS_MAX] = {0};
	struct dp_nexthop_spec alone;
	struct nexthop *nexthop;
	uint32_t i, dead;
	int rc;

	if (n_hops == 0) {
		*index = ADJ_BLACKHOLE;
		return 0;
	}
	if (n_hops == 1) {
		alone = hops[0];
		alone.metric = 0;
		hops = &alone;
	}
	if (table->buckets != NULL)
		for (i = table->buckets[hops_hash(hops, n_hops) & (table->n_buckets - 1)]; i != 0;
			i = table->slots[i].next)
			if (hops_equal(&table->slots[i], hops, n_hops)) {
				table->slots[i].refs++;
				*index = table->slots[i].adj;
				return 0;
			}
	if (n_hops > 1) {
		rc = group_members_get(table, hops, n_hops, members);
		if (rc < 0)
			return rc;
	}
	rc = table_alloc(table, &i);
	if (rc < 0)
		goto put_members;
	nexthop = &table->slots[i];
	rc = adj_alloc(&nexthop->adj);
	if (rc < 0)
		goto put_slot;
	rc = adj_fill(adj_at(nexthop->adj), hops, members, n_hops);
	if (rc < 0)
		goto put_adj;
	adj_at(nexthop->adj)->slot = i;
	memcpy(nexthop->hops, hops, n_hops * sizeof(*hops));
	memcpy(nexthop->members, members, sizeof(members));
	nexthop->n_hops = (uint8_t)n_hops;
	nexthop->refs = 1;
	table_link(table, i);
	*index = nexthop->adj;
	return 0;
put_adj:
	adj_free(nexthop->adj);
put_slot:
	table->slots[i].adj = 0;
	table->slots[i].next = table->free;
	table->free = i;
put_members:
	for (i = 0; n_hops > 1 && i < n_hops; i++) {
		nexthop_put(table, members[i], &dead);
		if (dead != ADJ_NO_ROUTE)
			nexthop_free(table, dead, members + i);
	}
	return rc;
}

void nexthop_ref(struct nexthop_table *table, uint32_t index)
{
	if (index >= ADJ_FIRST_FREE)
		slot_of(table, index)->refs++;
}

void nexthop_put(struct nexthop_table *table, uint32_t index, uint32_t *dead)
{
	*dead = ADJ_NO_ROUTE;
	if (index < ADJ_FIRST_FREE || --slot_of(table, index)->refs > 0)
		return;
	table_unlink(table, adj_at(index)->slot);
	*dead = index;
}

size_t nexthop_free(struct nexthop_table *table, uint32_t index, uint32_t *dead)
{
	uint32_t slot = adj_at(index)->slot;
	struct nexthop *nexthop = &table->slots[slot];
	size_t n_dead = 0;

	if (nexthop->n_hops > 1)
		for (size_t i = 0; i < nexthop->n_hops; i++) {
			uint32_t member;

			nexthop_watch(nexthop->members[i], false);
			nexthop_put(table, nexthop->members[i], &member);
			if (member != ADJ_NO_ROUTE)
				dead[n_dead++] = member;
		}
	free(adj_at(index)->group);
	adj_free(index);
	memset(nexthop, 0, sizeof(*nexthop));
	nexthop->next = table->free;
	table->free = slot;
	return n_dead;
}

const struct nexthop *nexthop_lookup(const struct nexthop_table *table, uint32_t index)
{
	return index < ADJ_FIRST_FREE ? NULL : slot_of(table, index);
}
