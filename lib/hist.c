/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/hist.h"

uint64_t hist_upper(unsigned int index)
{
	unsigned int shift;

	if (index < HIST_SUB)
		return index;
	if (index >= HIST_BUCKETS - 1)
		return UINT64_MAX; /* larger values are counted there, too */
	shift = index / HIST_SUB - 1;
	return ((uint64_t)(HIST_SUB + index % HIST_SUB + 1) << shift) - 1;
}

uint64_t hist_count(const struct hist *hist)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		count += hist->buckets[i];
	return count;
}

uint64_t hist_quantile(const struct hist *hist, double fraction)
{
	uint64_t count = hist_count(hist), seen = 0, rank, upper;
	double exact;

	if (count == 0)
		return 0;
	/* The nearest-rank definition: the ceil(fraction * count)-th smallest value. */
	exact = fraction * (double)count;
	if (!(exact > 1))
		rank = 1; /* also when fraction is no number */
	else if (exact >= (double)count)
		rank = count;
	else
		rank = (uint64_t)exact + ((double)(uint64_t)exact < exact);
	for (unsigned int i = 0; i < HIST_BUCKETS; i++) {
		seen += hist->buckets[i];
		if (seen < rank)
			continue;
		upper = hist_upper(i);
		return upper < hist->max ? upper : hist->max;
	}
	return hist->max;
}

uint64_t hist_highest(const struct hist *hist)
{
	for (unsigned int i = HIST_BUCKETS; i-- > 0;)
		if (hist->buckets[i] != 0)
			return i == HIST_BUCKETS - 1 ? hist_upper(i - 1) + 1 : hist_upper(i);
	return 0;
}

void hist_merge(struct hist *into, const struct hist *from)
{
	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		into->buckets[i] += from->buckets[i];
	if (from->max > into->max)
		into->max = from->max;
}

void hist_diff(struct hist *into, const struct hist *now, const struct hist *before)
{
	uint64_t max = now->max, upper = 0;

	for (unsigned int i = 0; i < HIST_BUCKETS; i++) {
		into->buckets[i] = now->buckets[i] > before->buckets[i]
			? now->buckets[i] - before->buckets[i]
			: 0;
		if (into->buckets[i])
			upper = hist_upper(i);
	}
	into->max = upper < max ? upper : max;
}
