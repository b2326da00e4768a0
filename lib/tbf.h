/* SPDX-License-Identifier: BSD-3-Clause */
/* Token bucket arithmetic in integers, with no remainder lost and no division per packet.
 *
 * Credit is counted in units of 1/(rate) so that both sides are whole numbers: a tick of the clock
 * earns `rate_bps` units, a byte costs `8 * clock_hz` units, and `burst_bytes` is the cap. There is
 * nothing to round, hence no drift at any rate. Single owner: the link's home worker. */
#ifndef HPSR_LIB_TBF_H
#define HPSR_LIB_TBF_H

#include <stdbool.h>
#include <stdint.h>

struct tbf {
	uint64_t credit;      /* units; 0..cap */
	uint64_t cap;         /* units: burst_bytes * byte_cost */
	uint64_t last_tsc;    /* when credit was last brought up to date */
	uint64_t rate_bps;    /* units earned a tick */
	uint64_t byte_cost;   /* units a byte: 8 * clock_hz */
	uint64_t inverse_q64; /* 2^64 / rate_bps, rounded up: turns a deficit into ticks */
};

/* A full bucket. rate RATE_MIN_BPS..RATE_MAX_BPS, burst 1 B..64 MiB, clock 1 MHz..10 GHz; outside
 * of these, or where the cap would not fit 63 bits, -ERANGE. */
int tbf_init(struct tbf *tbf, uint64_t rate_bps, uint64_t burst_bytes, uint64_t clock_hz,
	uint64_t now_tsc);
/* Change rate and burst at NOW: what was earned at the old rate is kept, up to the new cap, so
 * that no window carries more than the larger burst plus the rates' integral. Same errors, and
 * then nothing has changed. */
int tbf_set(struct tbf *tbf, uint64_t rate_bps, uint64_t burst_bytes, uint64_t clock_hz,
	uint64_t now_tsc);

/* Bring the credit up to date. A clock that steps back earns nothing. */
static inline void tbf_update(struct tbf *tbf, uint64_t now_tsc)
{
	uint64_t elapsed = now_tsc - tbf->last_tsc, earned;

	if ((int64_t)elapsed <= 0)
		return;
	tbf->last_tsc = now_tsc;
	if (__builtin_mul_overflow(elapsed, tbf->rate_bps, &earned) ||
		earned >= tbf->cap - tbf->credit)
		tbf->credit = tbf->cap;
	else
		tbf->credit += earned;
}

/* Take BYTES if the bucket holds them. A frame larger than the whole bucket passes once the bucket
 * is full and empties it, so that a burst below the MTU slows a link but never blocks it. */
static inline bool tbf_take(struct tbf *tbf, uint32_t bytes)
{
	uint64_t cost = bytes * tbf->byte_cost;

	if (cost > tbf->cap)
		cost = tbf->cap;
	if (tbf->credit < cost)
		return false;
	tbf->credit -= cost;
	return true;
}

/* Ticks after last_tsc until tbf_take(bytes) succeeds; 0 when it would now. Exact: a tick late
 * would be lost for good where a full bucket holds just one frame. BYTES up to 2^27. */
static inline uint64_t tbf_wait_tsc(const struct tbf *tbf, uint32_t bytes)
{
	uint64_t cost = bytes * tbf->byte_cost, deficit, ticks;

	if (cost > tbf->cap)
		cost = tbf->cap;
	if (tbf->credit >= cost)
		return 0;
	deficit = cost - tbf->credit;
	/* floor(deficit / rate), or one more: the rounding of inverse_q64 adds less than half. */
	ticks = (uint64_t)(((unsigned __int128)deficit * tbf->inverse_q64) >> 64);
	return ticks * tbf->rate_bps < deficit ? ticks + 1 : ticks;
}

#endif
