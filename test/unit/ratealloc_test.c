/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ratealloc.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define LINKS_MAX 5

static uint64_t seed = 42;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void test_table(void **state)
{
	static const struct {
		const char *what;
		uint64_t capacity;
		size_t n;
		struct ratealloc_req reqs[LINKS_MAX];
		uint64_t granted[LINKS_MAX];
	} cases[] = {
		{"paper 000 Table II, t1", 2000, 3, {{100, 500}, {800, 1500}, {300, 300}},
			{500, 1200, 300}},
		{"paper 000 Table II, t2", 2000, 2, {{100, 500}, {800, 1500}}, {500, 1500}},
		{"none", 2000, 0, {{0}}, {0}},
		{"one, defaults", 2000, 1, {{0, UINT64_MAX}}, {2000}},
		{"one, asks for more than there is", 2000, 1, {{0, 5000}}, {2000}},
		{"defaults share", 2000, 4,
			{{0, UINT64_MAX}, {0, UINT64_MAX}, {0, UINT64_MAX}, {0, UINT64_MAX}},
			/* x = 2000 / 3: each link may be idle when another takes its part. */
			{666, 667, 667, 666}},
		{"two defaults may both take all", 2000, 2, {{0, UINT64_MAX}, {0, UINT64_MAX}},
			{2000, 2000}},
		{"all static, nothing to add", 1000, 3, {{100, 100}, {200, 200}, {700, 700}},
			{100, 200, 700}},
		{"a static link is no bar below the capacity", 1000, 2, {{100, 100}, {0, 300}},
			{100, 300}},
		{"no capacity", 0, 2, {{0, 10}, {0, 10}}, {0, 0}},
		{"largest numbers", UINT64_MAX, 2, {{0, UINT64_MAX}, {UINT64_MAX, UINT64_MAX}},
			{0, UINT64_MAX}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t granted[LINKS_MAX] = {0}, sum = 0, want = 0;
		struct ratealloc_error error;

		assert_int_equal(ratealloc_solve(cases[i].capacity, cases[i].reqs, cases[i].n,
					 granted, &error),
			0);
		assert_int_equal(error.fault, RATEALLOC_OK);
		for (size_t j = 0; j < cases[i].n; j++) {
			sum += granted[j];
			want += cases[i].granted[j];
		}
		if (i == 5) { /* which of the equal links get the odd unit is not promised */
			assert_true(sum == want);
			continue;
		}
		for (size_t j = 0; j < cases[i].n; j++)
			if (granted[j] != cases[i].granted[j])
				fail_msg("%s: link %zu: %llu, not %llu", cases[i].what, j,
					(unsigned long long)granted[j],
					(unsigned long long)cases[i].granted[j]);
	}
}

static void test_infeasible(void **state)
{
	static const struct {
		uint64_t capacity;
		size_t n;
		struct ratealloc_req reqs[LINKS_MAX];
		enum ratealloc_fault fault;
		size_t index;
		uint64_t excess;
	} cases[] = {
		{1000, 2, {{100, 500}, {300, 200}}, RATEALLOC_MIN_OVER_MAX, 1, 100},
		{1000, 3, {{400, 500}, {400, 500}, {201, 300}}, RATEALLOC_MIN_OVER_C, 2, 1},
		{1000, 1, {{1500, UINT64_MAX}}, RATEALLOC_MIN_OVER_C, 0, 500},
		{0, 1, {{1, 1}}, RATEALLOC_MIN_OVER_C, 0, 1},
		{1, 3,
			{{UINT64_MAX, UINT64_MAX}, {UINT64_MAX, UINT64_MAX},
				{UINT64_MAX, UINT64_MAX}},
			RATEALLOC_MIN_OVER_C, 0, UINT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t granted[LINKS_MAX] = {7, 7, 7, 7, 7};
		struct ratealloc_error error;

		assert_int_equal(ratealloc_solve(cases[i].capacity, cases[i].reqs, cases[i].n,
					 granted, &error),
			-ENOSPC);
		assert_int_equal(error.fault, cases[i].fault);
		assert_int_equal(error.index, cases[i].index);
		assert_true(error.excess_bps == cases[i].excess);
		for (size_t j = 0; j < LINKS_MAX; j++)
			assert_true(granted[j] == 7);
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Do the grants in A, in rising order, come after those in B? Then A is fairer. */
static int fairer(const uint64_t *a, const uint64_t *b, size_t n)
{
	uint64_t x[LINKS_MAX], y[LINKS_MAX];

	memcpy(x, a, n * sizeof(x[0]));
	memcpy(y, b, n * sizeof(y[0]));
	qsort(x, n, sizeof(x[0]), compare);
	qsort(y, n, sizeof(y[0]), compare);
	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] > y[i] ? 1 : -1;
	return 0;
}

/* The constraints as the paper writes them. */
static int allowed(uint64_t capacity, const struct ratealloc_req *reqs, const uint64_t *m, size_t n)
{
	uint64_t minima = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t others = 0;

		for (size_t j = 0; j < n; j++)
			others += j == i ? 0 : m[j];
		if (reqs[i].min_bps + others > capacity)
			return 0;
		if (m[i] < reqs[i].min_bps || m[i] > reqs[i].max_bps || m[i] > capacity)
			return 0;
		minima += reqs[i].min_bps;
	}
	return minima <= capacity;
}

static void test_against_exhaustive_search(void **state)
{
	unsigned int feasible = 0, infeasible = 0;

	(void)state;
	for (int round = 0; round < 6000; round++) {
		uint64_t capacity = next_random() % 11, best_sum = 0;
		uint64_t m[LINKS_MAX] = {0}, best[LINKS_MAX] = {0}, granted[LINKS_MAX];
		size_t n = 1 + next_random() % 4, digit;
		struct ratealloc_req reqs[LINKS_MAX];
		struct ratealloc_error error;
		int found = 0, rc;

		for (size_t i = 0; i < n; i++) {
			reqs[i].min_bps = next_random() % (next_random() % 2 ? 4 : 2);
			reqs[i].max_bps = reqs[i].min_bps + next_random() % 9;
			if (next_random() % 6 == 0)
				reqs[i].max_bps = UINT64_MAX;
		}
		do {
			uint64_t sum = 0;

			for (size_t i = 0; i < n; i++)
				sum += m[i];
			if (allowed(capacity, reqs, m, n) &&
				(!found || sum > best_sum ||
					(sum == best_sum && fairer(m, best, n) > 0))) {
				found = 1;
				best_sum = sum;
				memcpy(best, m, sizeof(best));
			}
			for (digit = 0; digit < n && ++m[digit] > capacity; digit++)
				m[digit] = 0;
		} while (digit < n);

		rc = ratealloc_solve(capacity, reqs, n, granted, &error);
		if (!found) {
			infeasible++;
			assert_int_equal(rc, -ENOSPC);
			continue;
		}
		feasible++;
		assert_int_equal(rc, 0);
		assert_true(allowed(capacity, reqs, granted, n));
		assert_int_equal(fairer(granted, best, n), 0);
	}
	assert_true(feasible > 1000 && infeasible > 100);
}

/* The constraints hold, and no link could have more, for a thousand links at real rates. */
static void test_many_links(void **state)
{
	static struct ratealloc_req reqs[1000];
	static uint64_t granted[1000];
	uint64_t capacity = UINT64_C(100000000000), sum = 0;
	struct ratealloc_error error;

	(void)state;
	for (size_t i = 0; i < COUNT(reqs); i++) {
		reqs[i].min_bps = next_random() % 90000000;
		reqs[i].max_bps = reqs[i].min_bps + next_random() % 900000000;
	}
	assert_int_equal(ratealloc_solve(capacity, reqs, COUNT(reqs), granted, &error), 0);
	for (size_t i = 0; i < COUNT(reqs); i++)
		sum += granted[i];
	assert_true(sum >= capacity);
	for (size_t i = 0; i < COUNT(reqs); i++) {
		assert_true(granted[i] >= reqs[i].min_bps && granted[i] <= reqs[i].max_bps);
		assert_true(reqs[i].min_bps <= capacity - (sum - granted[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_infeasible),
		cmocka_unit_test(test_against_exhaustive_search),
		cmocka_unit_test(test_many_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
