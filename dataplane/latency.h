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

/* When a packet that is on its way to its port came, and up to when it has been counted. */
struct latency_mark {
	uint64_t rx_tsc, counted_tsc; /* 0: it will be counted at the end of its burst */
};

#define LATENCY_MARKS 2048u
#define LATENCY_UNMARKED 0u       /* it is in no histogram */
#define LATENCY_MARK_META 0x3fffu /* its metadata says it: rx_tsc and age */

/* A packet counts when it is handed to its port. Where it then waits in the port's scheduler, it is
 * taken out again, and counts when it leaves: marks tell the scheduler of whom, and where. */
struct latency {
	/* HIST_BUCKETS rows; wrap at 2^32, and may be below 0 where other workers have counted:
	 * read their sum, as differences. */
	uint32_t *counts;
	uint32_t *waits; /* likewise, of each wait in a virtual link's queue or at a port */
	struct latency_mark *marks;
	unsigned int n_marks; /* of this turn; the first is LATENCY_UNMARKED */
};

/* Control thread, before the worker runs and after it. 0 or -ENOMEM. */
int latency_init(struct latency *latency);
void latency_fini(struct latency *latency);
/* Forget what an earlier router with this id has counted. No packet counts for it meanwhile. */
void latency_clear(struct latency *latency, dp_vr_id vr);
/* Add a router's counts to INTO, and its waits; any thread. While a packet is taken out, and
 * counted anew, a bucket may be less than it was before. */
void latency_read(
	const struct latency *latency, dp_vr_id vr, struct hist *into, struct hist *waits);

/* The counters of all routers for latencies of bucket INDEX (hist_index). Worker. */
static inline uint32_t *latency_row(const struct latency *latency, unsigned int index)
{
	return latency->counts + (size_t)index * LATENCY_ROW_LEN;
}

/* A packet's latency as its metadata holds it: in 16 cycles, up to 2^36 of them. */
#define LATENCY_AGE_SHIFT 4
#define LATENCY_AGE_NONE UINT32_MAX /* more than that, or it is in no histogram */

static inline uint32_t latency_age(uint64_t tsc)
{
	tsc >>= LATENCY_AGE_SHIFT;
	return tsc < LATENCY_AGE_NONE ? (uint32_t)tsc : LATENCY_AGE_NONE;
}

static inline uint64_t latency_age_tsc(uint32_t age)
{
	return (uint64_t)age << LATENCY_AGE_SHIFT;
}

/* The latency by which a packet is counted, so that it is found again by its age. */
static inline uint64_t latency_round(uint64_t tsc)
{
	return tsc >> LATENCY_AGE_SHIFT << LATENCY_AGE_SHIFT;
}

static inline void latency_count(const struct latency *latency, dp_vr_id vr, uint64_t tsc)
{
	latency_row(latency, hist_index(tsc))[vr]++;
}

static inline void latency_uncount(const struct latency *latency, dp_vr_id vr, uint64_t tsc)
{
	latency_row(latency, hist_index(tsc))[vr]--;
}

static inline void latency_count_wait(const struct latency *latency, dp_vr_id vr, uint64_t tsc)
{
	latency->waits[(size_t)hist_index(tsc) * LATENCY_ROW_LEN + vr]++;
}

#endif
