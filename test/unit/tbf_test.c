/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rate.h"
#include "lib/tbf.h"

typedef unsigned __int128 u128;

#define MIB (1u << 20)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const uint64_t rates[] = {64000, 100000, 1000000, 8000001, 100000000, 150000000, 999999937,
	UINT64_C(10000000000), UINT64_C(39999999999), UINT64_C(100000000000),
	UINT64_C(400000000000)};
static const uint64_t clocks[] = {1000000, 999999999, 2596121000, UINT64_C(10000000000)};
static uint64_t seed = 88172645463325252u;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* The other side: what has left must always fit a bucket of the burst's size that leaks at the
 * rate. That is the same as: no window carries more than burst + rate * t. */
struct meter {
	u128 level; /* bits * clock_hz */
	uint64_t last;
};

static void meter_count(struct meter *meter, const struct tbf *tbf, uint64_t now, uint64_t bytes)
{
	u128 leaked = (u128)(now - meter->last) * tbf->rate_bps;

	meter->level = meter->level > leaked ? meter->level - leaked : 0;
	meter->level += (u128)bytes * tbf->byte_cost;
	meter->last = now;
	assert_true(meter->level <= tbf->cap);
}

/* Always backlogged, waiting exactly as tbf_wait_tsc says. */
static void run_backlogged(uint64_t rate, uint64_t clock, uint32_t burst, bool mixed, double hours)
{
	uint64_t start = next_random() >> 8, now = start, end, sent = 0;
	struct tbf tbf;
	struct meter meter = {0, start};
	double ideal, error;
	int rc = tbf_init(&tbf, rate, burst, clock, start);

	assert_int_equal(rc, 0);
	end = start + (uint64_t)(hours * 3600 * (double)clock);
	for (int i = 0; now < end && i < 3000000; i++) {
		/* Frames, or trains of them, so that hours at 400 Gbit/s take few steps. */
		uint32_t bytes = mixed ? 64 + (uint32_t)(next_random() % (9000 - 64 + 1))
				       : burst / 2 - (uint32_t)(next_random() % 64);
		uint64_t wait;
		u128 need;

		tbf_update(&tbf, now);
		wait = tbf_wait_tsc(&tbf, bytes);
		need = (u128)bytes * tbf.byte_cost;
		need = need > tbf.credit ? need - tbf.credit : 0;
		need = (need + rate - 1) / rate; /* the exact number of ticks */
		assert_true(wait == need);
		if (wait == 0) {
			assert_true(tbf_take(&tbf, bytes));
		} else {
			struct tbf early = tbf;

			tbf_update(&early, now + wait - 1);
			assert_false(tbf_take(&early, bytes));
			now += wait;
			tbf_update(&tbf, now);
			assert_true(tbf_take(&tbf, bytes));
		}
		sent += bytes;
		meter_count(&meter, &tbf, now, bytes);
		/* To the unit: nothing earned is lost, nothing is given twice. */
		assert_true((u128)sent * tbf.byte_cost + tbf.credit ==
			(u128)tbf.cap + (u128)(now - start) * rate);
	}
	ideal = (double)rate / 8 * ((double)(now - start) / (double)clock);
	error = ((double)sent - ideal) / ideal;
	/* The first burst and the last train are no drift. */
	assert_true(error <= 1e-6 + burst / ideal);
	assert_true(error >= -1e-6 - burst / ideal);
}

static void test_long_run(void **state)
{
	(void)state;
	for (size_t r = 0; r < COUNT(rates); r++) {
		run_backlogged(rates[r], clocks[2], 64 * MIB, false, 2);
		run_backlogged(rates[r], clocks[2], 32768, true, 0.5);
	}
	for (size_t c = 0; c < COUNT(clocks); c++) {
		run_backlogged(64000, clocks[c], 18000, true, 8);
		run_backlogged(UINT64_C(400000000000), clocks[c], 64 * MIB, false, 0.5);
	}
}

/* A poll loop with a burst of frames and idle times, some longer than it takes to fill. */
static void test_no_window_above_burst_plus_rate(void **state)
{
	(void)state;
	for (size_t r = 0; r < COUNT(rates); r++) {
		uint64_t clock = clocks[2], now = 1, burst = 9000 + next_random() % 100000;
		struct tbf tbf;
		struct meter meter = {0, now};

		assert_int_equal(tbf_init(&tbf, rates[r], burst, clock, now), 0);
		for (int i = 0; i < 100000; i++) {
			uint32_t bytes = 64 + (uint32_t)(next_random() % (9000 - 64 + 1));

			now += next_random() %
				(2 * (tbf.cap / tbf.rate_bps + 1) / (1 + next_random() % 64) + 2);
			tbf_update(&tbf, now);
			while (tbf_take(&tbf, bytes))
				meter_count(&meter, &tbf, now, bytes);
		}
	}
}

static void test_frame_above_burst_passes_when_full(void **state)
{
	struct tbf tbf;

	(void)state;
	assert_int_equal(tbf_init(&tbf, 1000000, 100, 1000000000, 5), 0);
	assert_int_equal(tbf_wait_tsc(&tbf, 1500), 0);
	assert_true(tbf_take(&tbf, 1500));
	assert_true(tbf.credit == 0);
	assert_false(tbf_take(&tbf, 1500));
	assert_true(tbf_take(&tbf, 0));
	/* 100 bytes at 1 Mbit/s: 800 us. */
	assert_int_equal(tbf_wait_tsc(&tbf, 1500), 800000);
	tbf_update(&tbf, 5 + 799999);
	assert_false(tbf_take(&tbf, 1500));
	tbf_update(&tbf, 5 + 800000);
	assert_true(tbf_take(&tbf, 1500));
}

static void test_clock_steps(void **state)
{
	struct tbf tbf;

	(void)state;
	assert_int_equal(tbf_init(&tbf, 8000000, 1000, 1000000000, 1000000), 0);
	assert_true(tbf_take(&tbf, 1000));
	tbf_update(&tbf, 500000); /* back: earns nothing, loses nothing */
	assert_true(tbf.credit == 0 && tbf.last_tsc == 1000000);
	tbf_update(&tbf, 1000000);
	assert_true(tbf.credit == 0);
	tbf_update(&tbf, UINT64_C(1) << 62); /* years: full, without an overflow */
	assert_true(tbf.credit == tbf.cap);
}

static void test_set(void **state)
{
	struct tbf tbf, before;

	(void)state;
	assert_int_equal(tbf_init(&tbf, 8000000, 10000, 1000000000, 0), 0);
	assert_true(tbf_take(&tbf, 10000));
	/* 1 ms at 8 Mbit/s earns 1000 bytes, and they are kept at the new rate. */
	assert_int_equal(tbf_set(&tbf, 80000000, 20000, 1000000000, 1000000), 0);
	assert_true(tbf.credit == 1000 * tbf.byte_cost);
	assert_true(tbf.cap == 20000 * tbf.byte_cost && tbf.rate_bps == 80000000);
	tbf_update(&tbf, 2000000);
	assert_true(tbf.credit == 11000 * tbf.byte_cost);
	assert_int_equal(tbf_set(&tbf, 80000000, 5000, 1000000000, 2000000), 0);
	assert_true(tbf.credit == tbf.cap && tbf.cap == 5000 * tbf.byte_cost);
	/* The same credit in bytes on a clock of half the speed. */
	assert_true(tbf_take(&tbf, 1000));
	assert_int_equal(tbf_set(&tbf, 80000000, 5000, 500000000, 2000000), 0);
	assert_true(tbf.credit == 4000 * tbf.byte_cost);

	before = tbf;
	assert_int_equal(tbf_set(&tbf, 1, 5000, 500000000, 9000000), -ERANGE);
	assert_int_equal(tbf_set(&tbf, 80000000, 0, 500000000, 9000000), -ERANGE);
	assert_memory_equal(&tbf, &before, sizeof(tbf));
}

/* Random rate changes: what leaves stays under the larger burst plus the integral of the rate. */
static void test_set_never_exceeds_the_integral(void **state)
{
	uint64_t clock = clocks[2], now = 1;
	u128 earned, spent = 0;
	struct tbf tbf;

	(void)state;
	assert_int_equal(tbf_init(&tbf, rates[0], 64 * 1024, clock, now), 0);
	earned = tbf.cap;
	for (int i = 0; i < 200000; i++) {
		uint64_t step = next_random() % (clock / 1000);

		earned += (u128)step * tbf.rate_bps;
		now += step;
		if (next_random() % 8 == 0)
			assert_int_equal(tbf_set(&tbf, rates[next_random() % COUNT(rates)],
						 1500 + next_random() % 64000, clock, now),
				0);
		tbf_update(&tbf, now);
		while (tbf_take(&tbf, 1500))
			spent += (u128)1500 * tbf.byte_cost;
		assert_true(spent + tbf.credit <= earned);
	}
}

static void test_ranges(void **state)
{
	static const struct {
		uint64_t rate, burst, clock;
		int rc;
	} cases[] = {
		{RATE_MIN_BPS, 1, 1000000, 0},
		{RATE_MAX_BPS, 64 * MIB, UINT64_C(10000000000), 0},
		{RATE_MIN_BPS - 1, 1500, 1000000000, -ERANGE},
		{RATE_MAX_BPS + 1, 1500, 1000000000, -ERANGE},
		{UINT64_MAX, 1500, 1000000000, -ERANGE},
		{0, 1500, 1000000000, -ERANGE},
		{1000000, 0, 1000000000, -ERANGE},
		{1000000, 64 * MIB + 1, 1000000000, -ERANGE},
		{1000000, UINT64_MAX, 1000000000, -ERANGE},
		{1000000, 1500, 999999, -ERANGE},
		{1000000, 1500, UINT64_C(10000000001), -ERANGE},
		{1000000, 1500, UINT64_MAX, -ERANGE},
		{1000000, 1500, 0, -ERANGE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tbf tbf;

		assert_int_equal(tbf_init(&tbf, cases[i].rate, cases[i].burst, cases[i].clock, 0),
			cases[i].rc);
		if (cases[i].rc == 0)
			assert_true(tbf.credit == tbf.cap && tbf.cap <= UINT64_MAX >> 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_run),
		cmocka_unit_test(test_no_window_above_burst_plus_rate),
		cmocka_unit_test(test_frame_above_burst_passes_when_full),
		cmocka_unit_test(test_clock_steps),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_set_never_exceeds_the_integral),
		cmocka_unit_test(test_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
