/* SPDX-License-Identifier: BSD-3-Clause */
/* Latencies counted into the cumulative buckets of a Prometheus histogram: 64 bits wide and never
 * going back, where the dataplane's own buckets are 32 bits wide and wrap. Pure. */
#ifndef HPSR_CTRL_LATENCY_H
#define HPSR_CTRL_LATENCY_H

#include <stdint.h>

#include "lib/hist.h"

#define LATENCY_BOUNDS 16

/* Upper bounds in nanoseconds, ascending: 1 us to 100 ms in steps of 1, 2, 5. */
extern const uint64_t latency_bounds_ns[LATENCY_BOUNDS];

struct latency_sum {
	uint64_t counts[LATENCY_BOUNDS + 1]; /* above the bound before; the last: above all */
	double sum_s;                        /* from the middles of the histogram's buckets */
};

/* Adds what NOW has more than BEFORE (NULL: empty), both in cycles of TSC_HZ. A bucket of the
 * histogram counts below a bound when all of it is below: at most 6.25 % of the bound off. */
void latency_sum_add(struct latency_sum *sum, const struct hist *now, const struct hist *before,
	uint64_t tsc_hz);

#endif
