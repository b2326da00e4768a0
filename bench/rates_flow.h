/* SPDX-License-Identifier: BSD-3-Clause */
/* What a series of departures says of a rate: the long-run rate, the gaps, and by how much any
 * window of any length carries more than burst + rate * time. Exact: integers, in units of bits
 * times clock ticks a second. Pure. */
#ifndef HPSR_BENCH_RATES_FLOW_H
#define HPSR_BENCH_RATES_FLOW_H

#include <stdbool.h>
#include <stdint.h>

/* All windows at once: with S(j) the bits up to departure j and A(t) the rate's integral, the worst
 * window that ends with j begins where S(i - 1) - A(t(i)) is least. */
struct envelope {
	uint64_t hz, rate_bps, last_tsc;
	__int128 sent;    /* S, bits * hz */
	__int128 allowed; /* A */
	__int128 least, worst;
	bool any;
};

static inline void envelope_init(struct envelope *e, uint64_t hz, uint64_t rate_bps, uint64_t tsc)
{
	*e = (struct envelope){.hz = hz, .rate_bps = rate_bps, .last_tsc = tsc};
}

/* From TSC on the rate is another. */
static inline void envelope_rate(struct envelope *e, uint64_t rate_bps, uint64_t tsc)
{
	e->allowed += (__int128)(tsc - e->last_tsc) * e->rate_bps;
	e->last_tsc = tsc;
	e->rate_bps = rate_bps;
}

static inline void envelope_add(struct envelope *e, uint64_t bits, uint64_t tsc)
{
	envelope_rate(e, e->rate_bps, tsc);
	if (!e->any || e->sent - e->allowed < e->least)
		e->least = e->sent - e->allowed;
	e->any = true;
	e->sent += (__int128)bits * e->hz;
	if (e->sent - e->allowed - e->least > e->worst)
		e->worst = e->sent - e->allowed - e->least;
}

/* Bytes beyond BURST in the worst window, rounded up; at most 0 where the bound holds. */
static inline int64_t envelope_excess(const struct envelope *e, uint64_t burst_bytes)
{
	__int128 units = (__int128)8 * e->hz;
	__int128 over = e->worst - (__int128)burst_bytes * units;

	return (int64_t)(over > 0 ? (over + units - 1) / units : over / units);
}

/* The rate between two departures, and the gaps on the way. */
struct flow_rate {
	uint64_t first_tsc, last_tsc, bits; /* bits behind the first */
	uint64_t frames, gap_min, gap_max;
};

static inline void flow_rate_add(struct flow_rate *f, uint64_t bits, uint64_t tsc)
{
	uint64_t gap = tsc - f->last_tsc;

	if (f->frames++ == 0) {
		f->first_tsc = tsc;
		f->gap_min = UINT64_MAX;
	} else {
		f->bits += bits;
		f->gap_min = gap < f->gap_min ? gap : f->gap_min;
		f->gap_max = gap > f->gap_max ? gap : f->gap_max;
	}
	f->last_tsc = tsc;
}

/* Of RATE_BPS; 0 is exact. */
static inline double flow_rate_error(const struct flow_rate *f, uint64_t hz, uint64_t rate_bps)
{
	double seconds = (double)(f->last_tsc - f->first_tsc) / (double)hz;

	return seconds > 0 ? (double)f->bits / seconds / (double)rate_bps - 1 : -1;
}

#endif
