/* SPDX-License-Identifier: BSD-3-Clause */
/* The writer's side of a forwarding table: every prefix with its next hop, in a path-compressed
 * binary trie (Morrison, PATRICIA, 1968). An address is a 128-bit number with its first bit at the
 * top, IPv4 in the upper 32 bits. A node is a prefix: with a next hop, or (0) where two part.
 * Nodes go by number; 0 is none. */
#ifndef HPSR_DATAPLANE_FIB_RIB_H
#define HPSR_DATAPLANE_FIB_RIB_H

#include <stdint.h>

#include "dataplane/fib_mem.h"

typedef unsigned __int128 fib_key;

struct fib_rib {
	struct fib_region region;
	uint32_t node_bytes; /* 16 for IPv4, 28 for IPv6 */
	uint32_t root;
	uint32_t free_list;
	uint32_t nodes; /* numbers given out, 0 included */
	uint32_t count; /* prefixes */
};

struct fib_rib_node {
	uint32_t child[2];
	uint32_t nh_len; /* next hop, and the length in the upper 8 bits */
	uint32_t key[];  /* one or four words, the most significant first */
};

static inline struct fib_rib_node *fib_rib_at(const struct fib_rib *rib, uint32_t index)
{
	return (struct fib_rib_node *)(rib->region.base + (size_t)index * rib->node_bytes);
}

static inline unsigned int fib_rib_len(const struct fib_rib_node *node)
{
	return node->nh_len >> 24;
}

static inline uint32_t fib_rib_nh(const struct fib_rib_node *node)
{
	return node->nh_len & 0xffffffu;
}

static inline fib_key fib_rib_key(const struct fib_rib *rib, const struct fib_rib_node *node)
{
	fib_key key = (fib_key)node->key[0] << 96;

	if (rib->node_bytes > 16)
		key |= (fib_key)node->key[1] << 64 | (fib_key)node->key[2] << 32 | node->key[3];
	return key;
}

/* The bits before LEN. */
static inline fib_key fib_key_mask(fib_key key, unsigned int len)
{
	return len ? key >> (128 - len) << (128 - len) : 0;
}

static inline unsigned int fib_key_bit(fib_key key, unsigned int at)
{
	return (unsigned int)(key >> (127 - at)) & 1;
}

/* WIDTH is 32 or 128. 0 or -ENOMEM. */
int fib_rib_init(struct fib_rib *rib, unsigned int width);
void fib_rib_fini(struct fib_rib *rib);
/* Set the next hop of a prefix; *old is what it was, 0 when the prefix is new. 0, -ENOMEM,
 * -ENOSPC. */
int fib_rib_set(struct fib_rib *rib, fib_key key, unsigned int len, uint32_t nh, uint32_t *old);
/* Take a prefix out; *old is its next hop. 0 or -ENOENT. To set it again right away cannot fail. */
int fib_rib_unset(struct fib_rib *rib, fib_key key, unsigned int len, uint32_t *old);
/* The node of exactly this prefix if it has a next hop, or 0. */
uint32_t fib_rib_find(const struct fib_rib *rib, fib_key key, unsigned int len);
/* The topmost node with a length of at least LEN in KEY/LEN, or 0; in *nh the next hop of the
 * longest prefix shorter than LEN that covers KEY/LEN, or 0. */
uint32_t fib_rib_below(const struct fib_rib *rib, fib_key key, unsigned int len, uint32_t *nh);

#endif
