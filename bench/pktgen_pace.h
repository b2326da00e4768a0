/* SPDX-License-Identifier: BSD-3-Clause */
/* When frames are due at an exact rate: equal spacing on the TSC, in integers with the remainder
 * kept, so no rate drifts. What a frame costs in time is worked out once for each size; a frame
 * takes two additions.
 *
 * A sender that comes late catches up, but never by more than a burst: what was due before that is
 * given up and its time counted, so that a run that could not hold its rate says so. Single owner.
 */
#ifndef HPSR_BENCH_PKTGEN_PACE_H
#define HPSR_BENCH_PKTGEN_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_MAX UINT64_C(1000000000000) /* frames or bits a second */

struct pace_cost {
	uint64_t ticks, rest; /* whole ticks, and 1/rate of a tick */
};

struct pace {
	uint64_t rate; /* units (frames or bits) a second; 0: whatever goes */
	uint64_t hz;
	uint64_t due_tsc, rest; /* of the next frame */
	uint64_t late_max_tsc;  /* catches up with so much */
	uint64_t end_tsc;       /* nothing is due from here on */
	uint64_t skipped_tsc;   /* given up */
};

/* RATE 0..PACE_MAX, HZ 1 MHz..10 GHz; else -ERANGE. MEAN_UNITS: what a frame takes on average (1
 * where the rate is frames), BURST: frames, from 1. Not started yet. */
int pace_init(struct pace *pace, uint64_t rate, uint64_t hz, uint64_t mean_units, uint32_t burst);
/* What a frame of UNITS (up to 2^24) takes. */
struct pace_cost pace_cost(const struct pace *pace, uint64_t units);
/* The first frame is due at NOW; DURATION_TSC of 0 is without end. */
void pace_start(struct pace *pace, uint64_t now_tsc, uint64_t duration_tsc);
/* Give up what is overdue by more than a burst, within the run. Once before a group of
 * pace_take. */
void pace_catch_up(struct pace *pace, uint64_t now_tsc);
/* Has the run come to its end: is nothing due any more? */
bool pace_over(const struct pace *pace, uint64_t now_tsc);
/* Of the time asked for, what was given up: 0..1. */
double pace_short(const struct pace *pace, uint64_t duration_tsc);

/* Take a frame that is due at NOW. */
static inline bool pace_take(struct pace *pace, struct pace_cost cost, uint64_t now_tsc)
{
	if ((int64_t)(now_tsc - pace->due_tsc) < 0)
		return false;
	if (pace->rate == 0)
		return pace->end_tsc == 0 || (int64_t)(pace->end_tsc - now_tsc) > 0;
	if (pace->end_tsc != 0 && (int64_t)(pace->end_tsc - pace->due_tsc) <= 0)
		return false;
	pace->due_tsc += cost.ticks;
	pace->rest += cost.rest;
	if (pace->rest >= pace->rate) {
		pace->rest -= pace->rate;
		pace->due_tsc++;
	}
	return true;
}

#endif
