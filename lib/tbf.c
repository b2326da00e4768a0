/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/tbf.h"

#include <errno.h>

#include "lib/rate.h"

#define TBF_BURST_MAX (64u << 20) /* bytes */
#define TBF_CLOCK_MIN 1000000u    /* Hz */
#define TBF_CLOCK_MAX 10000000000u

static int tbf_check(uint64_t rate_bps, uint64_t burst_bytes, uint64_t clock_hz)
{
	if (rate_bps < RATE_MIN_BPS || rate_bps > RATE_MAX_BPS)
		return -ERANGE;
	if (burst_bytes < 1 || burst_bytes > TBF_BURST_MAX)
		return -ERANGE;
	if (clock_hz < TBF_CLOCK_MIN || clock_hz > TBF_CLOCK_MAX)
		return -ERANGE;
	/* Two caps must fit 64 bits: credit and what one update adds to it. */
	if (burst_bytes > (UINT64_MAX >> 1) / (8 * clock_hz))
		return -ERANGE;
	return 0;
}

static void tbf_fill_in(struct tbf *tbf, uint64_t rate_bps, uint64_t burst_bytes, uint64_t clock_hz)
{
	tbf->rate_bps = rate_bps;
	tbf->byte_cost = 8 * clock_hz;
	tbf->cap = burst_bytes * tbf->byte_cost;
	/* ceil(2^64 / rate), as floor((2^64 - 1) / rate) + 1: the same for every rate above 1. */
	tbf->inverse_q64 = UINT64_MAX / rate_bps + 1;
}

int tbf_init(struct tbf *tbf, uint64_t rate_bps, uint64_t burst_bytes, uint64_t clock_hz,
	uint64_t now_tsc)
{
	int rc = tbf_check(rate_bps, burst_bytes, clock_hz);

	if (rc < 0)
		return rc;
	tbf_fill_in(tbf, rate_bps, burst_bytes, clock_hz);
	tbf->credit = tbf->cap;
	tbf->last_tsc = now_tsc;
	return 0;
}

int tbf_set(struct tbf *tbf, uint64_t rate_bps, uint64_t burst_bytes, uint64_t clock_hz,
	uint64_t now_tsc)
{
	int rc = tbf_check(rate_bps, burst_bytes, clock_hz);
	uint64_t old_cost = tbf->byte_cost;

	if (rc < 0)
		return rc;
	tbf_update(tbf, now_tsc);
	tbf_fill_in(tbf, rate_bps, burst_bytes, clock_hz);
	/* A unit is a bit at 1/clock_hz: the credit follows a clock that was measured anew. */
	if (tbf->byte_cost != old_cost) {
		unsigned __int128 scaled = (unsigned __int128)tbf->credit * tbf->byte_cost;

		scaled /= old_cost;
		tbf->credit = scaled < tbf->cap ? (uint64_t)scaled : tbf->cap;
	}
	if (tbf->credit > tbf->cap)
		tbf->credit = tbf->cap;
	return 0;
}
