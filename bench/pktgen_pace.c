/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/pktgen_pace.h"

#include <errno.h>
#include <string.h>

#define HZ_MIN UINT64_C(1000000)
#define HZ_MAX UINT64_C(10000000000)

int pace_init(struct pace *pace, uint64_t rate, uint64_t hz, uint64_t mean_units, uint32_t burst)
{
	struct pace_cost mean;

	if (rate > PACE_MAX || hz < HZ_MIN || hz > HZ_MAX || burst == 0)
		return -ERANGE;
	memset(pace, 0, sizeof(*pace));
	pace->rate = rate;
	pace->hz = hz;
	mean = pace_cost(pace, mean_units);
	pace->late_max_tsc = (burst - 1) * mean.ticks +
		(rate != 0 ? (uint64_t)((unsigned __int128)(burst - 1) * mean.rest / rate) : 0);
	return 0;
}

struct pace_cost pace_cost(const struct pace *pace, uint64_t units)
{
	unsigned __int128 total = (unsigned __int128)units * pace->hz;

	if (pace->rate == 0)
		return (struct pace_cost){0};
	return (struct pace_cost){(uint64_t)(total / pace->rate), (uint64_t)(total % pace->rate)};
}

void pace_start(struct pace *pace, uint64_t now_tsc, uint64_t duration_tsc)
{
	pace->due_tsc = now_tsc;
	pace->rest = 0;
	pace->skipped_tsc = 0;
	pace->end_tsc = duration_tsc != 0 ? now_tsc + duration_tsc : 0;
}

void pace_catch_up(struct pace *pace, uint64_t now_tsc)
{
	uint64_t until = now_tsc - pace->late_max_tsc;

	if (pace->rate == 0)
		return;
	/* What comes after the end was never asked for. */
	if (pace->end_tsc != 0 && (int64_t)(until - pace->end_tsc) > 0)
		until = pace->end_tsc;
	if ((int64_t)(until - pace->due_tsc) <= 0)
		return;
	pace->skipped_tsc += until - pace->due_tsc;
	pace->due_tsc = until;
}

bool pace_over(const struct pace *pace, uint64_t now_tsc)
{
	if (pace->end_tsc == 0)
		return false;
	return (int64_t)((pace->rate != 0 ? pace->due_tsc : now_tsc) - pace->end_tsc) >= 0;
}

double pace_short(const struct pace *pace, uint64_t duration_tsc)
{
	return duration_tsc != 0 ? (double)pace->skipped_tsc / (double)duration_tsc : 0;
}
