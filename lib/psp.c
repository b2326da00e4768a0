/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/psp.h"

#include <errno.h>

#include "lib/rate.h"

#define PSP_BURST_MAX (UINT64_C(64) << 20) /* bytes */
#define PSP_FRAME_MAX (UINT64_C(1) << 16)
#define PSP_CLOCK_MIN UINT64_C(1000000) /* Hz */
#define PSP_CLOCK_MAX UINT64_C(10000000000)

static int psp_check(
	uint64_t rate_bps, uint64_t burst_bytes, uint64_t frame_bytes, uint64_t clock_hz)
{
	if (rate_bps < RATE_MIN_BPS || rate_bps > RATE_MAX_BPS)
		return -ERANGE;
	if (burst_bytes > PSP_BURST_MAX || frame_bytes > PSP_FRAME_MAX)
		return -ERANGE;
	if (clock_hz < PSP_CLOCK_MIN || clock_hz > PSP_CLOCK_MAX)
		return -ERANGE;
	/* Cap and the largest debt together fit 63 bits. */
	if (burst_bytes + PSP_FRAME_MAX > (uint64_t)(INT64_MAX >> 1) / (8 * clock_hz))
		return -ERANGE;
	return 0;
}

static void psp_fill_in(struct psp *psp, uint64_t rate_bps, uint64_t burst_bytes,
	uint64_t frame_bytes, uint64_t clock_hz)
{
	uint64_t reach = burst_bytes > frame_bytes ? burst_bytes - frame_bytes : 0;

	psp->rate_bps = rate_bps;
	/* A tick at least: the part of a tick by which a frame is late is never lost. */
	psp->cap = (int64_t)(reach * 8 * clock_hz);
	if (psp->cap < (int64_t)rate_bps)
		psp->cap = (int64_t)rate_bps;
	/* ceil(2^64 / rate), as floor((2^64 - 1) / rate) + 1: the same for every rate above 1. */
	psp->inverse_q64 = UINT64_MAX / rate_bps + 1;
}

int psp_init(struct psp *psp, uint64_t rate_bps, uint64_t burst_bytes, uint64_t frame_bytes,
	uint64_t clock_hz, uint64_t now_tsc)
{
	int rc = psp_check(rate_bps, burst_bytes, frame_bytes, clock_hz);

	if (rc < 0)
		return rc;
	psp_fill_in(psp, rate_bps, burst_bytes, frame_bytes, clock_hz);
	psp->credit = 0;
	psp->last_tsc = now_tsc;
	return 0;
}

int psp_set(struct psp *psp, uint64_t rate_bps, uint64_t burst_bytes, uint64_t frame_bytes,
	uint64_t clock_hz, uint64_t now_tsc)
{
	int rc = psp_check(rate_bps, burst_bytes, frame_bytes, clock_hz);

	if (rc < 0)
		return rc;
	psp_update(psp, now_tsc);
	psp_fill_in(psp, rate_bps, burst_bytes, frame_bytes, clock_hz);
	if (psp->credit > psp->cap)
		psp->credit = psp->cap;
	return 0;
}
