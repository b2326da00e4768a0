/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/idmap.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define IDMAP_SLOTS_MIN 16u

#define FNV_BASIS 2166136261u
#define FNV_PRIME 16777619u

/* FNV-1a. */
static uint32_t hash_more(uint32_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
	return hash;
}

static uint32_t hash_key(const char *key)
{
	return hash_more(FNV_BASIS, key);
}

void idmap_fini(struct idmap *map)
{
	for (size_t i = 0; i < map->n_slots; i++)
		free(map->slots[i].key);
	free(map->slots);
	memset(map, 0, sizeof(*map));
}

/* The slot of KEY, or the free one where it belongs. There is always a free slot. */
static struct idmap_slot *find(const struct idmap *map, const char *key, uint32_t hash)
{
	size_t mask = map->n_slots - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct idmap_slot *slot = &map->slots[i];

		if (!slot->key || (slot->hash == hash && strcmp(slot->key, key) == 0))
			return slot;
	}
}

static int resize(struct idmap *map, size_t n_slots)
{
	struct idmap larger = {.n_slots = n_slots, .n = map->n};

	larger.slots = calloc(n_slots, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < map->n_slots; i++) {
		const struct idmap_slot *slot = &map->slots[i];

		if (slot->key)
			*find(&larger, slot->key, slot->hash) = *slot;
	}
	free(map->slots);
	*map = larger;
	return 0;
}

int idmap_put(struct idmap *map, const char *key, uint32_t id)
{
	uint32_t hash = hash_key(key);
	struct idmap_slot *slot;
	int rc;

	if ((map->n + 1) * 4 > map->n_slots * 3) {
		rc = resize(map, map->n_slots ? map->n_slots * 2 : IDMAP_SLOTS_MIN);
		if (rc < 0)
			return rc;
	}
	slot = find(map, key, hash);
	if (!slot->key) {
		slot->key = strdup(key);
		if (!slot->key)
			return -ENOMEM;
		slot->hash = hash;
		map->n++;
	}
	slot->id = id;
	return 0;
}

uint32_t idmap_get(const struct idmap *map, const char *key)
{
	const struct idmap_slot *slot;

	if (map->n == 0)
		return 0;
	slot = find(map, key, hash_key(key));
	return slot->key ? slot->id : 0;
}

void idmap_del(struct idmap *map, const char *key)
{
	size_t mask = map->n_slots - 1, hole, i;
	struct idmap_slot *slot;

	if (map->n == 0)
		return;
	slot = find(map, key, hash_key(key));
	if (!slot->key)
		return;
	free(slot->key);
	map->n--;
	/* Move up what was placed behind the hole only because the slot was taken. */
	hole = (size_t)(slot - map->slots);
	for (i = (hole + 1) & mask; map->slots[i].key; i = (i + 1) & mask) {
		size_t home = map->slots[i].hash & mask;

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			map->slots[hole] = map->slots[i];
			hole = i;
		}
	}
	memset(&map->slots[hole], 0, sizeof(map->slots[hole]));
}

int idmap_clone(struct idmap *to, const struct idmap *from)
{
	memset(to, 0, sizeof(*to));
	for (size_t i = 0; i < from->n_slots; i++) {
		if (!from->slots[i].key)
			continue;
		if (idmap_put(to, from->slots[i].key, from->slots[i].id) < 0) {
			idmap_fini(to);
			return -ENOMEM;
		}
	}
	return 0;
}

int ids_clone(struct ids *to, const struct ids *from)
{
	memset(to, 0, sizeof(*to));
	if (idmap_clone(&to->ports, &from->ports) < 0 || idmap_clone(&to->vrs, &from->vrs) < 0 ||
		idmap_clone(&to->ifaces, &from->ifaces) < 0) {
		ids_fini(to);
		return -ENOMEM;
	}
	return 0;
}

void ids_fini(struct ids *ids)
{
	idmap_fini(&ids->ports);
	idmap_fini(&ids->vrs);
	idmap_fini(&ids->ifaces);
}

/* Is KEY the parts with slashes between? */
static bool key_is(const char *key, const char *const *parts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(parts[i]);

		if (i > 0 && *key++ != '/')
			return false;
		if (strncmp(key, parts[i], len) != 0)
			return false;
		key += len;
	}
	return *key == '\0';
}

/* idmap_get of the parts with slashes between. Reports ask for thousands of names: none is put
 * together. */
static uint32_t get_parts(const struct idmap *map, const char *const *parts, size_t n)
{
	uint32_t hash = hash_key(parts[0]);
	size_t mask = map->n_slots - 1;

	if (map->n == 0)
		return 0;
	for (size_t i = 1; i < n; i++)
		hash = hash_more(hash_more(hash, "/"), parts[i]);
	for (size_t i = hash & mask; map->slots[i].key; i = (i + 1) & mask) {
		if (map->slots[i].hash == hash && key_is(map->slots[i].key, parts, n))
			return map->slots[i].id;
	}
	return 0;
}

uint32_t ids_vr(const struct ids *ids, const char *vpxi, const char *router)
{
	return get_parts(&ids->vrs, (const char *const[]){vpxi, router}, 2);
}

uint32_t ids_iface(
	const struct ids *ids, const char *vpxi, const char *router, const char *interface)
{
	return get_parts(&ids->ifaces, (const char *const[]){vpxi, router, interface}, 3);
}
