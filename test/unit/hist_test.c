/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/hist.h"

static uint64_t seed = 1;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void test_index_and_upper_agree(void **state)
{
	(void)state;
	assert_int_equal(hist_index(0), 0);
	assert_int_equal(hist_upper(0), 0);
	for (unsigned int i = 0; i + 1 < HIST_BUCKETS; i++) {
		uint64_t upper = hist_upper(i);

		assert_int_equal(hist_index(upper), i);
		assert_int_equal(hist_index(upper + 1), i + 1);
	}
	assert_true(hist_upper(HIST_BUCKETS - 2) < UINT64_C(1) << HIST_VALUE_BITS);
	assert_int_equal(hist_index((UINT64_C(1) << HIST_VALUE_BITS) - 1), HIST_BUCKETS - 1);
	assert_int_equal(hist_index(UINT64_MAX), HIST_BUCKETS - 1);
	assert_true(hist_upper(HIST_BUCKETS - 1) == UINT64_MAX);
}

static void test_value_read_back_is_near(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint64_t value = next_random() >> (24 + next_random() % 40), upper;

		upper = hist_upper(hist_index(value));
		if (value >= hist_upper(HIST_BUCKETS - 2))
			continue;
		assert_true(upper >= value);
		assert_true((upper - value) * 16 <= value);
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void test_quantile_against_sorted_values(void **state)
{
	static const double fractions[] = {0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1};
	static uint64_t values[5000];
	static struct hist hist;

	(void)state;
	for (int round = 0; round < 50; round++) {
		size_t n = 1 + next_random() % 5000;

		memset(&hist, 0, sizeof(hist));
		for (size_t i = 0; i < n; i++) {
			values[i] = next_random() >> (26 + next_random() % 38);
			hist_add(&hist, values[i], 1);
		}
		qsort(values, n, sizeof(values[0]), compare);
		assert_int_equal(hist_count(&hist), n);
		assert_true(hist.max == values[n - 1]);
		for (size_t f = 0; f < sizeof(fractions) / sizeof(fractions[0]); f++) {
			double exact = fractions[f] * (double)n;
			size_t rank = (size_t)exact + ((double)(size_t)exact < exact);
			uint64_t expected, upper;

			rank = rank < 1 ? 1 : rank;
			expected = values[rank - 1];
			upper = hist_upper(hist_index(expected));
			if (upper > values[n - 1])
				upper = values[n - 1];
			assert_true(hist_quantile(&hist, fractions[f]) == upper);
		}
	}
}

static void test_quantile_edges(void **state)
{
	static struct hist hist;

	(void)state;
	memset(&hist, 0, sizeof(hist));
	assert_true(hist_quantile(&hist, 0.5) == 0);
	hist_add(&hist, 1000, 3);
	assert_true(hist_quantile(&hist, -1) == 1000);
	assert_true(hist_quantile(&hist, 2) == 1000);
	assert_true(hist_quantile(&hist, __builtin_nan("")) == 1000);
	hist_add(&hist, UINT64_C(1) << 50, 1); /* beyond the buckets: max stays exact */
	assert_true(hist_quantile(&hist, 1) == UINT64_C(1) << 50);
	assert_true(hist_quantile(&hist, 0.75) == hist_upper(hist_index(1000)));
}

static void test_merge_and_diff(void **state)
{
	static struct hist a, b, sum, diff;

	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	memset(&sum, 0, sizeof(sum));
	hist_add(&a, 100, 2);
	hist_add(&a, 5000, 1);
	hist_add(&b, 100, 1);
	hist_add(&b, 70000, 4);
	hist_merge(&sum, &a);
	hist_merge(&sum, &b);
	assert_int_equal(hist_count(&sum), 8);
	assert_int_equal(sum.buckets[hist_index(100)], 3);
	assert_true(sum.max == 70000);

	hist_diff(&diff, &sum, &a);
	assert_memory_equal(diff.buckets, b.buckets, sizeof(diff.buckets));
	assert_true(diff.max == 70000);
	hist_diff(&diff, &sum, &b);
	assert_memory_equal(diff.buckets, a.buckets, sizeof(diff.buckets));
	assert_true(diff.max == hist_upper(hist_index(5000)));
	hist_diff(&diff, &sum, &sum);
	assert_int_equal(hist_count(&diff), 0);
	assert_true(diff.max == 0);

	/* Buckets are wide; one that went back has not grown. */
	memset(&a, 0, sizeof(a));
	hist_add(&a, 7, UINT32_MAX);
	hist_add(&a, 9, 3);
	b = a;
	hist_add(&b, 7, 5);
	b.buckets[9]--;
	hist_diff(&diff, &b, &a);
	assert_int_equal(diff.buckets[7], 5);
	assert_int_equal(hist_count(&diff), 5);
	assert_int_equal(b.buckets[7], UINT64_C(0x100000004));
	assert_true(diff.max == 7);
}

static void test_highest(void **state)
{
	static struct hist hist;

	(void)state;
	memset(&hist, 0, sizeof(hist));
	assert_int_equal(hist_highest(&hist), 0);
	for (uint64_t value = 1; value < UINT64_C(1) << HIST_VALUE_BITS;
		value = value * 5 / 4 + 1) {
		uint64_t highest;

		hist_add(&hist, value, 1);
		highest = hist_highest(&hist);
		assert_true(highest >= value && (highest - value) * 16 <= value);
	}
	hist_add(&hist, UINT64_MAX, 1);
	assert_true(hist_highest(&hist) == hist_upper(HIST_BUCKETS - 2) + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_index_and_upper_agree),
		cmocka_unit_test(test_value_read_back_is_near),
		cmocka_unit_test(test_quantile_against_sorted_values),
		cmocka_unit_test(test_quantile_edges),
		cmocka_unit_test(test_merge_and_diff),
		cmocka_unit_test(test_highest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
