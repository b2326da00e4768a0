/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/psp.h"
#include "lib/rate.h"

typedef unsigned __int128 u128;

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define FRAME_MAX 9022u

static const uint64_t rates[] = {64000, 100000, 1000000, 8000001, 100000000, 999999937,
	UINT64_C(10000000000), UINT64_C(39999999999), UINT64_C(400000000000)};
static const uint64_t clocks[] = {1000000, 999999999, 2596121000, UINT64_C(10000000000)};
static const uint32_t bursts[] = {0, 1000, FRAME_MAX, 32768, 1 << 20};
static uint64_t seed = 88172645463325252u;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* What has left always fits a bucket that leaks at the rate: the same as no window carrying more
 * than burst + rate * t. */
struct meter {
	u128 level;
	uint64_t last;
};

static void meter_count(
	struct meter *meter, uint64_t rate, uint64_t now, int64_t cost, uint64_t burst_cost)
{
	u128 leaked = (u128)(now - meter->last) * rate;

	meter->level = meter->level > leaked ? meter->level - leaked : 0;
	meter->level += (u128)cost;
	meter->last = now;
	assert_true(meter->level <= burst_cost);
}

/* Backlogged, served by a worker that comes 0..LATE ticks after the time: the rate is exact as long
 * as it is not later than the burst, and no window carries more than it may. */
static void run_backlogged(uint64_t rate, uint64_t clock, uint32_t burst, uint32_t late_frames)
{
	uint64_t start = next_random() >> 8, now = start;
	uint64_t allowed = burst > FRAME_MAX ? burst : FRAME_MAX;
	struct meter meter = {0, start};
	struct psp psp;
	u128 sent = 0, late_max;

	assert_int_equal(psp_init(&psp, rate, burst, FRAME_MAX, clock, start), 0);
	late_max = (u128)psp_cost(FRAME_MAX, clock) * late_frames / rate;
	for (unsigned int i = 0; i < 20000; i++) {
		uint32_t bytes = 64 + (uint32_t)(next_random() % (FRAME_MAX - 64 + 1));
		int64_t cost = psp_cost(bytes, clock);

		psp_update(&psp, now);
		if (!psp_ready(&psp)) {
			uint64_t wait = psp_wait_tsc(&psp);
			struct psp early = psp;

			/* Not a tick sooner, and then at once. */
			psp_update(&early, now + wait - 1);
			assert_false(psp_ready(&early));
			now += wait + (late_max > 0 ? next_random() % (uint64_t)late_max : 0);
			psp_update(&psp, now);
			assert_true(psp_ready(&psp));
		}
		psp_charge(&psp, cost);
		meter_count(&meter, rate, now, cost, (uint64_t)psp_cost(1, clock) * allowed + rate);
		sent += (u128)cost;
	}
	/* Exact: what has left is what the time has earned, and at most a frame ahead; behind by no
	 * more than it may catch up. */
	if ((u128)FRAME_MAX * late_frames + FRAME_MAX <= burst || late_frames == 0) {
		u128 earned = (u128)(now - start) * rate;

		assert_true(sent <= earned + (u128)psp_cost(FRAME_MAX, clock));
		assert_true(sent + (u128)psp.cap + rate >= earned);
		/* The credit is the difference, to the unit. */
		assert_true((__int128)earned - (__int128)sent == psp.credit);
	}
}

static void test_backlogged(void **state)
{
	(void)state;
	for (unsigned int r = 0; r < COUNT(rates); r++)
		for (unsigned int c = 0; c < COUNT(clocks); c++)
			for (unsigned int b = 0; b < COUNT(bursts); b++) {
				run_backlogged(rates[r], clocks[c], bursts[b], 0);
				run_backlogged(rates[r], clocks[c], bursts[b], 2);
				run_backlogged(rates[r], clocks[c], bursts[b], 50);
			}
}

/* Frames of one size are one frame's time apart, to the tick. */
static void test_gaps(void **state)
{
	(void)state;
	for (unsigned int r = 0; r < COUNT(rates); r++) {
		uint64_t clock = 2596121000, now = 5, last = 5;
		struct psp psp;

		assert_int_equal(psp_init(&psp, rates[r], 0, 1514, clock, now), 0);
		psp_charge(&psp, psp_cost(1514, clock));
		for (unsigned int i = 0; i < 1000; i++) {
			uint64_t gap = (uint64_t)((u128)psp_cost(1514, clock) / rates[r]);

			psp_update(&psp, now);
			now += psp_wait_tsc(&psp);
			psp_update(&psp, now);
			assert_true(psp_ready(&psp));
			psp_charge(&psp, psp_cost(1514, clock));
			assert_in_range(now - last, gap, gap + 1);
			last = now;
		}
	}
}

/* An idle link has saved nothing up. */
static void test_idle(void **state)
{
	uint64_t clock = 1000000000;
	struct psp psp;

	(void)state;
	assert_int_equal(psp_init(&psp, 8000000, 100000, 1000, clock, 0), 0);
	psp_update(&psp, clock);
	assert_int_equal(psp.credit, psp_cost(99000, clock));
	psp_idle(&psp);
	assert_int_equal(psp.credit, 0);
	psp_charge(&psp, psp_cost(1000, clock));
	psp_idle(&psp);
	assert_int_equal(psp_wait_tsc(&psp), 1000000);
	/* Stepping back earns nothing. */
	psp_update(&psp, 0);
	assert_int_equal(psp_wait_tsc(&psp), 1000000);
	/* Any time that can pass does not overflow. */
	psp_update(&psp, UINT64_C(1) << 62);
	assert_int_equal(psp.credit, psp.cap);
	psp_charge(&psp, psp_cost(1000, clock));
	assert_int_equal(psp_wait_for(&psp, psp.cap), 1000000);
	/* Without a burst a tick is what may be caught up. */
	assert_int_equal(psp_set(&psp, 8000000, 1000, 1000, clock, UINT64_C(1) << 62), 0);
	assert_int_equal(psp.credit, 8000000);
}

/* A change of rate keeps credit and debt. */
static void test_set(void **state)
{
	uint64_t clock = 2000000000;
	struct psp psp, before;

	(void)state;
	assert_int_equal(psp_init(&psp, 1000000, 10000, 1000, clock, 0), 0);
	psp_charge(&psp, psp_cost(1000, clock));
	/* After 4 ms of the 8 ms, half is paid; the other half costs a tenth of the time. */
	assert_int_equal(psp_set(&psp, 10000000, 10000, 1000, clock, clock / 250), 0);
	assert_int_equal(psp.credit, -psp_cost(500, clock));
	assert_int_equal(psp_wait_tsc(&psp), clock / 2500);
	psp_update(&psp, clock);
	assert_int_equal(psp.credit, psp_cost(9000, clock));
	assert_int_equal(psp_set(&psp, 10000000, 5000, 1000, clock, clock), 0);
	assert_int_equal(psp.credit, psp_cost(4000, clock));
	before = psp;
	assert_int_equal(psp_set(&psp, 1, 5000, 1000, clock, clock), -ERANGE);
	assert_memory_equal(&psp, &before, sizeof(psp));
}

static __int128 cap_of(uint32_t burst, uint64_t rate, uint64_t clock)
{
	__int128 cap = burst > FRAME_MAX ? (__int128)(burst - FRAME_MAX) * 8 * (__int128)clock : 0;

	return cap > rate ? cap : rate;
}

/* Random changes among random frames: against the same in whole numbers. */
static void test_model(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 200; round++) {
		uint64_t clock = clocks[round % COUNT(clocks)], now = next_random() >> 4;
		uint64_t rate = rates[next_random() % COUNT(rates)];
		uint32_t burst = (uint32_t)(next_random() % 100000);
		__int128 credit = 0, cap;
		struct psp psp;

		assert_int_equal(psp_init(&psp, rate, burst, FRAME_MAX, clock, now), 0);
		cap = cap_of(burst, rate, clock);
		for (unsigned int i = 0; i < 2000; i++) {
			uint64_t pass = next_random() % (clock / 1000 + 1);

			now += pass;
			credit += (__int128)pass * rate;
			credit = credit > cap ? cap : credit;
			if (next_random() % 50 == 0) {
				rate = rates[next_random() % COUNT(rates)];
				assert_int_equal(
					psp_set(&psp, rate, burst, FRAME_MAX, clock, now), 0);
				cap = cap_of(burst, rate, clock);
				credit = credit > cap ? cap : credit;
			}
			psp_update(&psp, now);
			assert_true(psp.credit == credit);
			while (psp_ready(&psp)) {
				uint32_t bytes = 64 + (uint32_t)(next_random() % 9000);

				assert_true(credit >= 0);
				credit -= (__int128)bytes * 8 * clock;
				psp_charge(&psp, psp_cost(bytes, clock));
				if (next_random() % 4 == 0)
					break;
			}
		}
	}
}

static void test_range(void **state)
{
	static const struct {
		uint64_t rate, burst, frame, clock;
		int rc;
	} cases[] = {
		{RATE_MIN_BPS, 0, 0, 1000000, 0},
		{RATE_MAX_BPS, UINT64_C(64) << 20, 65536, UINT64_C(2000000000), 0},
		{RATE_MIN_BPS - 1, 0, 0, 1000000, -ERANGE},
		{RATE_MAX_BPS + 1, 0, 0, 1000000, -ERANGE},
		{1000000, (UINT64_C(64) << 20) + 1, 0, 1000000, -ERANGE},
		{1000000, 0, 65537, 1000000, -ERANGE},
		{1000000, 0, 0, 999999, -ERANGE},
		{1000000, 0, 0, UINT64_C(10000000001), -ERANGE},
		{1000000, UINT64_C(64) << 20, 0, UINT64_C(10000000000), -ERANGE},
	};

	(void)state;
	for (unsigned int i = 0; i < COUNT(cases); i++) {
		struct psp psp;

		assert_int_equal(psp_init(&psp, cases[i].rate, cases[i].burst, cases[i].frame,
					 cases[i].clock, 0),
			cases[i].rc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backlogged),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
