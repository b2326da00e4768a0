/* SPDX-License-Identifier: BSD-3-Clause */
/* Log-linear histogram of 64-bit values (the HdrHistogram layout): 16 steps an octave, so a value
 * read back is at most 6.25 % off. Fixed size, no allocation.
 * Values are in the caller's unit (TSC cycles in the dataplane). */
#ifndef HPSR_LIB_HIST_H
#define HPSR_LIB_HIST_H

#include <stdint.h>

#define HIST_SUB_BITS 4
#define HIST_SUB (1u << HIST_SUB_BITS)
#define HIST_VALUE_BITS 40 /* larger values count in the last bucket; max stays exact */
#define HIST_BUCKETS ((HIST_VALUE_BITS - HIST_SUB_BITS + 1) * HIST_SUB)

struct hist {
	uint64_t max;
	uint64_t buckets[HIST_BUCKETS];
};

static inline unsigned int hist_index(uint64_t value)
{
	unsigned int msb, index;

	if (value < HIST_SUB)
		return (unsigned int)value;
	msb = 63u - (unsigned int)__builtin_clzll(value);
	index = (msb - HIST_SUB_BITS + 1) * HIST_SUB +
		(unsigned int)((value >> (msb - HIST_SUB_BITS)) & (HIST_SUB - 1));
	return index < HIST_BUCKETS ? index : HIST_BUCKETS - 1;
}

/* Count N occurrences of VALUE. */
static inline void hist_add(struct hist *hist, uint64_t value, uint32_t n)
{
	hist->buckets[hist_index(value)] += n;
	if (value > hist->max)
		hist->max = value;
}

/* The upper edge of a bucket: the largest value that counts in it. */
uint64_t hist_upper(unsigned int index);
uint64_t hist_count(const struct hist *hist);
/* The value below or at which FRACTION (0..1) of what was counted lies: the upper edge of its
 * bucket, and never more than max. 0 when empty. */
uint64_t hist_quantile(const struct hist *hist, double fraction);
/* The upper edge of the highest bucket that is not empty, 0 when all are; of the last bucket, which
 * has none, its lower edge. For max where none was kept. */
uint64_t hist_highest(const struct hist *hist);
/* into += from; for sums over virtual routers. */
void hist_merge(struct hist *into, const struct hist *from);
/* into = now - before, bucket by bucket, what is less than before as none; max is the upper edge of
 * the highest bucket that grew, or now->max where that is smaller. For windows. */
void hist_diff(struct hist *into, const struct hist *now, const struct hist *before);

#endif
