/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/latency.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TICKS (LATENCY_WINDOW_MAX + 1)

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

void latency_sum_add(struct latency_sum *sum, const struct hist *grown, uint64_t tsc_hz)
{
	double bounds[LATENCY_BOUNDS];
	unsigned int bound = 0;

	if (tsc_hz == 0)
		return;
	for (unsigned int i = 0; i < LATENCY_BOUNDS; i++)
		bounds[i] = (double)latency_bounds_ns[i] * (double)tsc_hz / 1e9;
	for (unsigned int i = 0; i < HIST_BUCKETS; i++) {
		if (grown->buckets[i] == 0)
			continue;
		while (bound < LATENCY_BOUNDS && (double)hist_upper(i) > bounds[bound])
			bound++;
		sum->counts[bound] += grown->buckets[i];
		sum->sum_s += middle(i) * (double)grown->buckets[i] / (double)tsc_hz;
	}
}

void latency_log_fini(struct latency_log *log)
{
	free(log->ring);
	free(log->base);
	memset(log, 0, sizeof(*log));
}

/* How much more a bucket has than at the last tick; never less. */
static uint32_t grown_since(const struct latency_log *log, const struct hist *now, unsigned int i)
{
	uint32_t before = log && log->n ? log->ring[log->newest][i] : 0;
	uint32_t grown = (uint32_t)now->buckets[i] - before;

	return grown > INT32_MAX ? 0 : grown;
}

static void grown_get(const struct latency_log *log, const struct hist *now, struct hist *out)
{
	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		out->buckets[i] = grown_since(log, now, i);
	out->max = hist_highest(out);
}

/* Most routers never have anything in some histograms: these take no memory. */
static bool ring_create(struct latency_log *log, const struct hist *now)
{
	bool ticked = log->ticked;

	log->ticked = true;
	if (log->ring)
		return true;
	if (hist_count(now) == 0)
		return false;
	log->ring = calloc(TICKS, sizeof(*log->ring));
	if (!log->ring)
		return false;
	log->n = ticked; /* one, with nothing */
	return true;
}

void latency_log_tick(struct latency_log *log, const struct hist *now, uint64_t tsc_hz)
{
	unsigned int next = (log->newest + 1) % TICKS;
	struct hist grown;

	if (!ring_create(log, now))
		return;
	grown_get(log, now, &grown);
	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		log->ring[next][i] =
			(log->n ? log->ring[log->newest][i] : 0) + (uint32_t)grown.buckets[i];
	log->newest = next;
	if (log->n < TICKS)
		log->n++;
	hist_merge(&log->total, &grown);
	latency_sum_add(&log->sum, &grown, tsc_hz);
}

void latency_log_window(const struct latency_log *log, unsigned int back, struct hist *out)
{
	const uint32_t *now, *before;

	memset(out, 0, sizeof(*out));
	if (log->n < 2)
		return;
	if (back > log->n - 1)
		back = log->n - 1;
	now = log->ring[log->newest];
	before = log->ring[(log->newest + TICKS - back) % TICKS];
	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		out->buckets[i] = now[i] - before[i];
	out->max = hist_highest(out);
}

/* Since the beginning. */
static void all_get(const struct latency_log *log, const struct hist *now, struct hist *out)
{
	grown_get(log, now, out);
	if (log)
		hist_merge(out, &log->total);
}

void latency_log_get(const struct latency_log *log, const struct hist *now, struct hist *out)
{
	struct hist all;

	all_get(log, now, &all);
	if (log && log->base)
		hist_diff(out, &all, log->base);
	else
		*out = all;
}

int latency_log_reset(struct latency_log *log, const struct hist *now)
{
	struct hist *base = log->base ? log->base : malloc(sizeof(*base));

	if (!base)
		return -ENOMEM;
	all_get(log, now, base);
	log->base = base;
	return 0;
}

void latency_log_sum(const struct latency_log *log, const struct hist *now, uint64_t tsc_hz,
	struct latency_sum *out)
{
	struct hist grown;

	grown_get(log, now, &grown);
	*out = log ? log->sum : (struct latency_sum){0};
	latency_sum_add(out, &grown, tsc_hz);
}
