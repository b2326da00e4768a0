/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/pktgen_pace.h"

#define HZ UINT64_C(2600000000)

static void refuses(void **state)
{
	struct pace pace;

	(void)state;
	assert_int_equal(pace_init(&pace, PACE_MAX + 1, HZ, 1, 1), -ERANGE);
	assert_int_equal(pace_init(&pace, 1, 999999, 1, 1), -ERANGE);
	assert_int_equal(pace_init(&pace, 1, HZ * 10, 1, 1), -ERANGE);
	assert_int_equal(pace_init(&pace, 1, HZ, 1, 0), -ERANGE);
	assert_int_equal(pace_init(&pace, PACE_MAX, HZ, 1, 1), 0);
}

/* Frame n is due exactly at n * units * hz / rate, rounded down, however long it runs. */
static void spaces_without_drift(void **state)
{
	static const struct {
		uint64_t rate, units;
	} rows[] = {{1, 1}, {3, 1}, {7, 1}, {1000000, 1}, {999983, 1}, {14880952, 1},
		{1000000000, 480}, {999999937, 12000}, {9876543210, 672}};

	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		struct pace_cost cost;
		struct pace pace;

		assert_int_equal(pace_init(&pace, rows[r].rate, HZ, rows[r].units, 1), 0);
		cost = pace_cost(&pace, rows[r].units);
		pace_start(&pace, 1000, 0);
		for (uint64_t n = 0; n < 100000; n++) {
			uint64_t due = 1000 +
				(uint64_t)((unsigned __int128)n * rows[r].units * HZ /
					rows[r].rate);

			assert_int_equal(pace.due_tsc, due);
			assert_false(pace_take(&pace, cost, due - 1));
			assert_true(pace_take(&pace, cost, due));
		}
	}
}

/* Looked at often enough, a run of S seconds has S * rate frames, and gives nothing up. */
static void sends_all(void **state)
{
	static const uint64_t rates[] = {1, 1000, 999983, 5000000};

	(void)state;
	for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
		uint64_t now = 5, n = 0;
		struct pace_cost cost;
		struct pace pace;

		pace_init(&pace, rates[r], HZ, 1, 64);
		cost = pace_cost(&pace, 1);
		pace_start(&pace, now, HZ);
		while (!pace_over(&pace, now)) {
			pace_catch_up(&pace, now);
			while (pace_take(&pace, cost, now))
				n++;
			now += rates[r] > 1000 ? 1000 + (uint64_t)random() % 20000 : HZ / 5000;
		}
		assert_int_equal(n, rates[r]);
		assert_int_equal(pace.skipped_tsc, 0);
	}
}

/* Whatever the pauses: no more than BURST frames at once, and what was sent and what was given up
 * make the whole. */
static void bounds_bursts(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 50; round++) {
		uint64_t rate = 1000 + (uint64_t)random() % 10000000, now = 77, n = 0;
		uint32_t burst = 1 + (uint32_t)random() % 100;
		struct pace_cost cost;
		struct pace pace;
		double whole;

		pace_init(&pace, rate, HZ, 1, burst);
		cost = pace_cost(&pace, 1);
		pace_start(&pace, now, HZ / 10);
		while (!pace_over(&pace, now)) {
			uint64_t group = 0;

			pace_catch_up(&pace, now);
			while (pace_take(&pace, cost, now))
				group++;
			assert_true(group <= burst);
			n += group;
			now += (uint64_t)random() % (HZ / 2000);
		}
		whole = (double)n + pace_short(&pace, HZ / 10) * (double)rate / 10;
		assert_true(whole > (double)rate / 10 - 1.5 && whole < (double)rate / 10 + 1.5);
	}
}

static void gives_up_what_is_past(void **state)
{
	struct pace_cost cost;
	struct pace pace;

	(void)state;
	pace_init(&pace, 1000, HZ, 1, 10);
	cost = pace_cost(&pace, 1);
	pace_start(&pace, 100, HZ);
	/* All of it slept through. */
	pace_catch_up(&pace, 100 + 3 * HZ);
	assert_int_equal(pace.skipped_tsc, HZ);
	assert_true(pace_short(&pace, HZ) == 1.0);
	assert_false(pace_take(&pace, cost, 100 + 3 * HZ));
	assert_true(pace_over(&pace, 100 + 3 * HZ));
}

static void max_has_no_pace(void **state)
{
	struct pace_cost cost;
	struct pace pace;

	(void)state;
	assert_int_equal(pace_init(&pace, 0, HZ, 1, 64), 0);
	cost = pace_cost(&pace, 1);
	pace_start(&pace, 100, 1000);
	for (int i = 0; i < 1000; i++)
		assert_true(pace_take(&pace, cost, 100));
	pace_catch_up(&pace, 1099);
	assert_true(pace_take(&pace, cost, 1099));
	assert_false(pace_over(&pace, 1099));
	assert_false(pace_take(&pace, cost, 1100));
	assert_true(pace_over(&pace, 1100));
	assert_int_equal(pace.skipped_tsc, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses),
		cmocka_unit_test(spaces_without_drift),
		cmocka_unit_test(sends_all),
		cmocka_unit_test(bounds_bursts),
		cmocka_unit_test(gives_up_what_is_past),
		cmocka_unit_test(max_has_no_pace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
