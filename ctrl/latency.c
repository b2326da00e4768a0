/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/latency.h"

const uint64_t latency_bounds_ns[LATENCY_BOUNDS] = {1000, 2000, 5000, 10000, 20000, 50000, 100000,
	200000, 500000, 1000000, 2000000, 5000000, 10000000, 20000000, 50000000, 100000000};

static double middle(unsigned int index)
{
	uint64_t lower = index ? hist_upper(index - 1) + 1 : 0;

	/* The last has no upper edge. */
	if (index >= HIST_BUCKETS - 1)
		return (double)lower;
	return ((double)lower + (double)hist_upper(index)) / 2;
}

void latency_sum_add(
	struct latency_sum *sum, const struct hist *now, const struct hist *before, uint64_t tsc_hz)
{
	double bounds[LATENCY_BOUNDS];
	unsigned int bound = 0;

	if (tsc_hz == 0)
		return;
	for (unsigned int i = 0; i < LATENCY_BOUNDS; i++)
		bounds[i] = (double)latency_bounds_ns[i] * (double)tsc_hz / 1e9;
	for (unsigned int i = 0; i < HIST_BUCKETS; i++) {
		uint32_t grown = now->buckets[i] - (before ? before->buckets[i] : 0);

		if (grown == 0)
			continue;
		while (bound < LATENCY_BOUNDS && (double)hist_upper(i) > bounds[bound])
			bound++;
		sum->counts[bound] += grown;
		sum->sum_s += middle(i) * grown / (double)tsc_hz;
	}
}
