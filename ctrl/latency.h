/* SPDX-License-Identifier: BSD-3-Clause */
/* What becomes of the histograms that the dataplane counts: 64 bits wide where its buckets are 32
 * wide and wrap, over windows of the last seconds, since a reset, and in the cumulative buckets of
 * a Prometheus histogram. Pure. */
#ifndef HPSR_CTRL_LATENCY_H
#define HPSR_CTRL_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/hist.h"

#define LATENCY_BOUNDS 16
#define LATENCY_WINDOW_MAX 10u /* ticks that are kept */

/* Upper bounds in nanoseconds, ascending: 1 us to 100 ms in steps of 1, 2, 5. */
extern const uint64_t latency_bounds_ns[LATENCY_BOUNDS];

struct latency_sum {
	uint64_t counts[LATENCY_BOUNDS + 1]; /* above the bound before; the last: above all */
	double sum_s;                        /* from the middles of the histogram's buckets */
};

/* Adds GROWN, in cycles of TSC_HZ. A bucket of the histogram counts below a bound when all of it is
 * below: at most 6.25 % of the bound off. */
void latency_sum_add(struct latency_sum *sum, const struct hist *grown, uint64_t tsc_hz);

/* One histogram's past. What is read of the dataplane ("now") has the low 32 bits of each bucket,
 * and a bucket may go back a little for a moment (dp_latency_get): that is not seen here, nor lost.
 * All-zero is empty and valid. */
struct latency_log {
	uint32_t (*ring)[HIST_BUCKETS]; /* at the last ticks; NULL: nothing has been counted */
	unsigned int n, newest;         /* ticks in the ring; index of the last */
	bool ticked;
	struct hist total; /* up to the last tick */
	struct latency_sum sum;
	struct hist *base; /* when it was reset; NULL: never */
};

void latency_log_fini(struct latency_log *log);
/* Once a period. Where memory is lacking the log goes on with the next tick. */
void latency_log_tick(struct latency_log *log, const struct hist *now, uint64_t tsc_hz);
/* Between the last tick and the one BACK (1..LATENCY_WINDOW_MAX) before it, or the first where
 * there are fewer; empty when there is none. */
void latency_log_window(const struct latency_log *log, unsigned int back, struct hist *out);
/* Since the beginning, or since it was reset, until NOW. LOG may be NULL: no tick yet. */
void latency_log_get(const struct latency_log *log, const struct hist *now, struct hist *out);
/* Count anew from NOW on in latency_log_get. 0 or -ENOMEM. */
int latency_log_reset(struct latency_log *log, const struct hist *now);
/* Since the beginning, whatever was reset, until NOW. LOG may be NULL. */
void latency_log_sum(const struct latency_log *log, const struct hist *now, uint64_t tsc_hz,
	struct latency_sum *out);

#endif
