/* SPDX-License-Identifier: BSD-3-Clause */
/* Names to dataplane handles: a hash table of strings with open addressing. Control thread only. */
#ifndef HPSR_CTRL_IDMAP_H
#define HPSR_CTRL_IDMAP_H

#include <stddef.h>
#include <stdint.h>

#define IDMAP_KEY_LEN 192 /* "VPXI/VR/INTERFACE" and the final NUL */

struct idmap_slot {
	char *key; /* NULL: free */
	uint32_t hash;
	uint32_t id;
};

struct idmap {
	struct idmap_slot *slots; /* a power of two of them, or NULL */
	size_t n_slots;
	size_t n;
};

/* An all-zero map is empty and valid. */
void idmap_fini(struct idmap *map);
/* A copy into an empty map. 0, or -ENOMEM with *to empty. */
int idmap_clone(struct idmap *to, const struct idmap *from);
/* Adds or replaces; the key is copied. 0 or -ENOMEM. */
int idmap_put(struct idmap *map, const char *key, uint32_t id);
/* 0: absent. */
uint32_t idmap_get(const struct idmap *map, const char *key);
/* An absent key is no error. */
void idmap_del(struct idmap *map, const char *key);

/* The handles of everything that runs: ports by NAME, virtual routers by VPXI/VR, interfaces by
 * VPXI/VR/INTERFACE. */
struct ids {
	struct idmap ports, vrs, ifaces;
};

int ids_clone(struct ids *to, const struct ids *from);
void ids_fini(struct ids *ids);
uint32_t ids_vr(const struct ids *ids, const char *vpxi, const char *router);
uint32_t ids_iface(
	const struct ids *ids, const char *vpxi, const char *router, const char *interface);

#endif
