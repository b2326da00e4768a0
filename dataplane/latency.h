/* SPDX-License-Identifier: BSD-3-Clause */
/* Latency histograms of all virtual routers as one worker counts them: a row for each bucket of
 * lib/hist, in it a counter for each router. The packets of a burst have about the same latency, so
 * that those of a thousand routers count in a few kilobytes, where a histogram each would cost a
 * cache line each. The table is reserved; rows are touched as latencies occur. */
#ifndef HPSR_DATAPLANE_LATENCY_H
#define HPSR_DATAPLANE_LATENCY_H

#include <stdint.h>

#include "dataplane/dp.h"
#include "lib/hist.h"

#define LATENCY_ROW_LEN 65536u /* router ids */

struct latency {
	uint32_t *counts; /* HIST_BUCKETS rows; wrap at 2^32: read them as differences */
};

/* Control thread, before the worker runs and after it. 0 or -ENOMEM. */
int latency_init(struct latency *latency);
void latency_fini(struct latency *latency);
/* Forget what an earlier router with this id has counted. No packet counts for it meanwhile. */
void latency_clear(struct latency *latency, dp_vr_id vr);
/* Add a router's counts to INTO; any thread. */
void latency_read(const struct latency *latency, dp_vr_id vr, struct hist *into);

/* The counters of all routers for latencies of bucket INDEX (hist_index). Worker. */
static inline uint32_t *latency_row(const struct latency *latency, unsigned int index)
{
	return latency->counts + (size_t)index * LATENCY_ROW_LEN;
}

#endif
