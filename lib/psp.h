/* SPDX-License-Identifier: BSD-3-Clause */
/* Paced release (the papers' PSP: frames at equal distances): a frame may go once the one before it
 * is paid for, and then costs its own time. Integers, no remainder lost, no division per packet.
 *
 * It is a bucket with debt. Units are those of lib/tbf: a tick of the clock earns `rate_bps`, a
 * byte costs 8 * clock_hz. A frame may go while the credit is not negative, and takes it below
 * zero; so the bucket need not know a frame's size before it lets it go. What is earned beyond zero
 * is for whoever comes late, and ends at `cap`: a worker that was away catches up, but no window of
 * time carries more than burst + rate * time. GCRA (ITU-T I.371) with a tolerance of cap.
 *
 * The same arithmetic keeps the port scheduler's books (lib/psched), started full. Single owner. */
#ifndef HPSR_LIB_PSP_H
#define HPSR_LIB_PSP_H

#include <stdbool.h>
#include <stdint.h>

struct psp {
	int64_t credit;       /* units, up to cap; below 0: debt */
	uint64_t last_tsc;    /* when credit was last brought up to date */
	uint64_t rate_bps;    /* units earned a tick */
	int64_t cap;          /* units */
	uint64_t inverse_q64; /* 2^64 / rate_bps, rounded up: turns a debt into ticks */
};

/* Nothing earned, nothing owed: the first frame may go. Of BURST bytes (up to 64 MiB) all that
 * exceeds the largest frame, FRAME bytes, may be caught up, and a tick in any case. Rate
 * RATE_MIN_BPS..RATE_MAX_BPS, clock 1 MHz..10 GHz; outside of these -ERANGE. */
int psp_init(struct psp *psp, uint64_t rate_bps, uint64_t burst_bytes, uint64_t frame_bytes,
	uint64_t clock_hz, uint64_t now_tsc);
/* Change the rate at NOW: credit or debt of the old rate stays, credit up to the new cap. Same
 * errors, and then nothing has changed. */
int psp_set(struct psp *psp, uint64_t rate_bps, uint64_t burst_bytes, uint64_t frame_bytes,
	uint64_t clock_hz, uint64_t now_tsc);

/* What BYTES cost, in units. */
static inline int64_t psp_cost(uint32_t bytes, uint64_t clock_hz)
{
	return (int64_t)(bytes * 8 * clock_hz);
}

/* Bring the credit up to date. A clock that steps back earns nothing. */
static inline void psp_update(struct psp *psp, uint64_t now_tsc)
{
	uint64_t elapsed = now_tsc - psp->last_tsc, earned;

	if ((int64_t)elapsed <= 0)
		return;
	psp->last_tsc = now_tsc;
	if (__builtin_mul_overflow(elapsed, psp->rate_bps, &earned) ||
		earned >= (uint64_t)(psp->cap - psp->credit))
		psp->credit = psp->cap;
	else
		psp->credit += (int64_t)earned;
}

/* All that can be earned is. */
static inline void psp_fill(struct psp *psp)
{
	psp->credit = psp->cap;
}

/* Nobody waited until now: what was earned meanwhile is gone. */
static inline void psp_idle(struct psp *psp)
{
	if (psp->credit > 0)
		psp->credit = 0;
}

/* May a frame go? */
static inline bool psp_ready(const struct psp *psp)
{
	return psp->credit >= 0;
}

/* A frame goes; COST by psp_cost, at most 64 KiB's. */
static inline void psp_charge(struct psp *psp, int64_t cost)
{
	psp->credit -= cost;
}

/* Ticks after last_tsc until the credit is UNITS (up to cap, from 0): exact. */
static inline uint64_t psp_wait_for(const struct psp *psp, int64_t units)
{
	uint64_t debt, ticks;

	if (psp->credit >= units)
		return 0;
	debt = (uint64_t)(units - psp->credit);
	ticks = (uint64_t)(((unsigned __int128)debt * psp->inverse_q64) >> 64);
	return ticks * psp->rate_bps < debt ? ticks + 1 : ticks;
}

/* Ticks after last_tsc until psp_ready; 0 when it is. */
static inline uint64_t psp_wait_tsc(const struct psp *psp)
{
	return psp_wait_for(psp, 0);
}

#endif
