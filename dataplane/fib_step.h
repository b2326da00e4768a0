/* SPDX-License-Identifier: BSD-3-Clause */
/* One step of a lookup: from a word that names a node, and the address's next bits, to the node's
 * word for them. Readers only. */
#ifndef HPSR_DATAPLANE_FIB_STEP_H
#define HPSR_DATAPLANE_FIB_STEP_H

#include <immintrin.h>
#include <stdint.h>

#include "dataplane/fib_node.h"

#define FIB_BURST 64u

static inline const void *fib_node_at(const char *base, uint32_t word)
{
	return base + (size_t)(word & FIB_WORD_BLOCK) * 16;
}

/* The store that published a word released the block it names. */
static inline uint32_t fib_word_load(const uint32_t *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

/* SLOT is the next six bits. */
static inline uint32_t fib_bitmap_step(const struct fib_bitmap *bitmap, unsigned int slot)
{
	uint64_t up_to = bitmap->begins << (63 - slot);

	return fib_word_load(&bitmap->words[__builtin_popcountll(up_to) - 1]);
}

/* Eight lanes also of a small node, where four of them are words: these may be changing, and are
 * not looked at. */
static inline __attribute__((no_sanitize("thread"))) __m256i fib_range_keys(
	const struct fib_range *range)
{
	return _mm256_load_si256((const __m256i *)range->cells);
}

/* BITS are the next 32, left-aligned; *used is how many of them the node resolves. */
static inline uint32_t fib_range_step(
	const struct fib_range *range, unsigned int type, uint32_t bits, unsigned int *used)
{
	unsigned int lanes = 16 - type * 4; /* FIB_WORD_RANGE8: 8, FIB_WORD_RANGE4: 4 */
	__m256i keys = fib_range_keys(range);
	__m256i key = _mm256_set1_epi32((int)(bits ^ FIB_RANGE_FLIP));
	unsigned int above = (unsigned int)_mm256_movemask_ps(
		_mm256_castsi256_ps(_mm256_cmpgt_epi32(keys, key)));

	*used = (uint8_t)range->cells[0];
	above = ~above & ((1u << lanes) - 2);
	return fib_word_load(&range->cells[lanes + (unsigned int)__builtin_popcount(above)]);
}

#endif
