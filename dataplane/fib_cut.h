/* SPDX-License-Identifier: BSD-3-Clause */
/* Cuts the prefixes under a point of the RIB into runs of slots, as a node of the trie wants them.
 */
#ifndef HPSR_DATAPLANE_FIB_CUT_H
#define HPSR_DATAPLANE_FIB_CUT_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/fib_rib.h"

/* A run of slots: they all have the next hop nh; or a single slot with more specific prefixes,
 * under the RIB node `below`, and nh is what covers it. */
struct fib_run {
	uint64_t first;
	uint32_t below;
	uint32_t nh;
};

struct fib_cutter {
	const struct fib_rib *rib;
	unsigned int at;   /* the bit at which the slots begin */
	unsigned int bits; /* a slot is the value of that many, 1..32 */
	/* Called for each run from first to last, in order; neighbours may have the same next hop.
	 * Until it returns non-zero. */
	int (*emit)(struct fib_cutter *cutter, uint64_t first, uint64_t last, uint32_t below,
		uint32_t nh);
};

static inline uint64_t fib_cut_slot(unsigned int at, unsigned int bits, fib_key key)
{
	return (uint64_t)(key << at >> (128 - bits));
}

/* Cut slots first..last, which hold the RIB's subtree INDEX (0: none); NH covers them. What emit
 * returned. */
int fib_cut(struct fib_cutter *cutter, uint32_t index, uint32_t nh, uint64_t first, uint64_t last);

/* The runs of all slots of BITS at bit AT, neighbours with the same next hop in one: how many, or 0
 * when there are more than MAX. */
unsigned int fib_cut_runs(const struct fib_rib *rib, uint32_t index, uint32_t nh, unsigned int at,
	unsigned int bits, struct fib_run *runs, unsigned int max);
/* Is any of them a slot with more specific prefixes? */
bool fib_cut_any_below(const struct fib_run *runs, unsigned int n);

#endif
