/* SPDX-License-Identifier: BSD-3-Clause */
/* One step of a lookup: from a word that names a node, and the address's next bits, to the node's
 * word for them. Readers only. */
#ifndef HPSR_DATAPLANE_FIB_STEP_H
#define HPSR_DATAPLANE_FIB_STEP_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "dataplane/fib_node.h"

#define FIB_BURST 64u

static inline const void *fib_node_at(const char *base, uint32_t word)
{
	return base + (uint32_t)(word << 4);
}

/* The store that published a word released the block it names. */
static inline uint32_t fib_word_load(const uint32_t *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

/* In all of what follows REST holds the address's bits that are not resolved yet, left-aligned. */

static inline uint32_t fib_bitmap_step(const struct fib_bitmap *bitmap, uint64_t rest)
{
	unsigned int slot = (unsigned int)(rest >> (64 - FIB_BITMAP_BITS));
	uint64_t up_to = _bzhi_u64(bitmap->begins, slot);

	return fib_word_load(&bitmap->words[__builtin_popcountll(up_to)]);
}

/* Eight lanes also of a small node, where four of them are words: these may be changing, and are
 * not looked at. */
static inline __attribute__((no_sanitize("thread"))) __m256i fib_range_keys(
	const struct fib_range *range)
{
	return _mm256_load_si256((const __m256i *)range->cells);
}

/* How many runs the node that WORD names has room for. */
static inline unsigned int fib_range_lanes(uint32_t word)
{
	return 8 - ((word & FIB_WORD_SMALL) >> 27);
}

/* KEYS and LANES are the node's. */
static inline uint32_t fib_range_find(
	const struct fib_range *range, __m256i keys, unsigned int lanes, uint64_t rest)
{
	__m256i key = _mm256_set1_epi32((int)((uint32_t)(rest >> 32) ^ FIB_RANGE_FLIP));
	unsigned int above = (unsigned int)_mm256_movemask_ps(
		_mm256_castsi256_ps(_mm256_cmpgt_epi32(keys, key)));
	unsigned int up_to = _bzhi_u32(~above & ~1u, lanes);

	return fib_word_load(&range->cells[lanes + (unsigned int)__builtin_popcount(up_to)]);
}

/* WORD names the node. */
static inline uint32_t fib_range_step(const struct fib_range *range, uint32_t word, uint64_t rest)
{
	return fib_range_find(range, fib_range_keys(range), fib_range_lanes(word), rest);
}

/* How many bits it resolves. */
static inline unsigned int fib_range_bits(const struct fib_range *range)
{
	return (uint8_t)range->cells[0];
}

#endif
