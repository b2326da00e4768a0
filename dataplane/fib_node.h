/* SPDX-License-Identifier: BSD-3-Clause */
/* What readers of a forwarding table walk.
 *
 * The root is an array of words, indexed by an address's first bits. A word is a next hop, or names
 * a node that resolves some bits more. A node maps its bits to words in runs: neighbours with the
 * same word share one.
 *
 *	bitmap	6 bits: a bit for each slot at which a run begins (the compression of poptrie,
 *		Asai and Ohara, SIGCOMM 2015, with next hops and children in one array);
 *	range	up to 32 bits, up to 4 or 8 runs: where each begins, found by one vector comparison
 *		(the ranges of DXR, Zec, Rizzo and Mikuc, CCR 2012, but bounded to one cache line).
 *
 * Blocks are aligned to their size, so a range node never crosses a cache line. What a node maps
 * from is fixed while it is reachable; its words change in place, one store each. */
#ifndef HPSR_DATAPLANE_FIB_NODE_H
#define HPSR_DATAPLANE_FIB_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A word: a next hop, or one of the upper bits and the number of a node's block. The bits are so
 * placed that shifting the word left by 4 leaves the block's offset in bytes. */
#define FIB_WORD_BITMAP 0x80000000u
#define FIB_WORD_RANGE 0x40000000u
#define FIB_WORD_SMALL 0x20000000u /* with RANGE: 4 runs, not 8 */
#define FIB_WORD_TREE 0x10000000u  /* with RANGE: it leads to range nodes by the same bits */
#define FIB_WORD_NODE (FIB_WORD_BITMAP | FIB_WORD_RANGE)
#define FIB_WORD_BLOCK 0x0fffffffu

#define FIB_MEM_UNIT 16u /* bytes; what block numbers count */
#define FIB_BITMAP_BITS 6u
#define FIB_RANGE_MAX 8u
#define FIB_ROOT_BITS_MIN 8u
#define FIB_ROOT_BITS_MAX 20u

struct fib_bitmap {
	uint64_t begins; /* bit s: a run begins at slot s + 1, as one always does at 0 */
	uint32_t words[];
};

/* keys[n], then words[n], n = 4 or 8. The first run begins at 0 anyway, so keys[0] holds, in its
 * lowest byte, how many bits the node resolves, and in the next the number of runs. The others are
 * the first value of their run, left-aligned, with the top bit flipped so that a signed comparison
 * orders them. Lanes that are not used repeat the last word behind the largest key. One that
 * resolves 0 bits is the root of a search tree: it leads to up to eight others by the same bits. */
struct fib_range {
	uint32_t cells[16];
};

#define FIB_RANGE_FLIP 0x80000000u

/* The root array as one word, so that one store replaces the whole table: its address, in the low
 * bits that its alignment leaves free a colour in cache lines, and in those that a cache line
 * leaves free how many bits it resolves. The colour, another number for each table, turns the order
 * of the root's cache lines: many tenants use the same few private prefixes, whose words would
 * otherwise meet in the same few sets of every cache. */
struct fib_view {
	uint64_t root;
};

#define FIB_ROOT_BITS 63u

static inline uint64_t fib_root_make(const void *words, unsigned int bits, uint64_t colour)
{
	uint64_t bytes = UINT64_C(4) << bits;

	return (uint64_t)(uintptr_t)words | (colour * (FIB_ROOT_BITS + 1) & (bytes - 1)) | bits;
}

static inline unsigned int fib_root_bits(uint64_t root)
{
	return root & FIB_ROOT_BITS;
}

static inline const void *fib_root_words(uint64_t root)
{
	/* Nothing below the root's size in its address. */
	return (const void *)(uintptr_t)(root & -(UINT64_C(4) << fib_root_bits(root)));
}

/* The word for the addresses that begin with SLOT. */
static inline const uint32_t *fib_root_at(uint64_t root, uint64_t slot)
{
	return (const uint32_t *)(uintptr_t)((root & ~(uint64_t)FIB_ROOT_BITS) ^ slot << 2);
}

static inline bool fib_word_is_node(uint32_t word)
{
	return word & FIB_WORD_NODE;
}

#endif
