/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/pktgen_flow.h"

#define NUMBERS 4000u

static void tables(void **state)
{
	static const struct {
		uint32_t seqs[8], n, received, reordered, duplicated;
	} rows[] = {
		{{0, 1, 2, 3}, 4, 4, 0, 0},
		{{0, 2, 3}, 3, 3, 0, 0},
		{{0, 2, 1, 3}, 4, 4, 1, 0},
		{{0, 0, 0}, 3, 1, 0, 2},
		{{5, 1, 1, 5}, 4, 2, 1, 2},
		{{0, 300, 299, 299, 45, 45}, 6, 4, 2, 2},
		{{0, 1000, 744, 743}, 4, 4, 2, 0}, /* 743 is beyond the window */
		{{UINT32_MAX - 1, 3}, 2, 2, 1, 0},
	};

	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		struct flow flow = {0};

		for (uint32_t i = 0; i < rows[r].n; i++)
			flow_receive(&flow, rows[r].seqs[i]);
		assert_int_equal(flow.received, rows[r].received);
		assert_int_equal(flow.reordered, rows[r].reordered);
		assert_int_equal(flow.duplicated, rows[r].duplicated);
	}
}

/* Against one that remembers all: losses, duplicates and shuffling within the window. */
static void against_a_model(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 200; round++) {
		static uint32_t seqs[NUMBERS * 2];
		static bool seen[NUMBERS];
		uint32_t n = 0, unique = 0, reordered = 0, duplicated = 0, highest = 0;
		struct flow flow = {0};

		memset(seen, 0, sizeof(seen));
		for (uint32_t i = 0; i < NUMBERS; i++) {
			if (random() % 10 == 0)
				continue;
			seqs[n++] = i;
			if (random() % 20 == 0)
				seqs[n++] = i;
		}
		for (uint32_t i = 0; i + 100 < n; i++)
			if (random() % 8 == 0) {
				uint32_t j = i + (uint32_t)random() % 60, t = seqs[i];

				seqs[i] = seqs[j];
				seqs[j] = t;
			}
		for (uint32_t i = 0; i < n; i++) {
			/* Swaps add up: skip what has gone beyond the window. */
			if (highest > FLOW_WINDOW && seqs[i] < highest - FLOW_WINDOW + 1)
				continue;
			flow_receive(&flow, seqs[i]);
			if (seen[seqs[i]]) {
				duplicated++;
				continue;
			}
			seen[seqs[i]] = true;
			unique++;
			if (unique > 1 && seqs[i] < highest)
				reordered++;
			else
				highest = seqs[i];
		}
		assert_int_equal(flow.received, unique);
		assert_int_equal(flow.duplicated, duplicated);
		assert_int_equal(flow.reordered, reordered);
	}
}

static void sums(void **state)
{
	struct flow flows[4] = {{.received = 10}, {.received = 7, .reordered = 2}, {.received = 0},
		{.received = 5, .duplicated = 3}};
	const uint32_t sent[4] = {10, 10, 20, 4};
	struct flow_total total;

	(void)state;
	flow_sum(flows, sent, 4, &total);
	assert_int_equal(total.sent, 44);
	assert_int_equal(total.received, 22);
	assert_int_equal(total.lost, 23);
	assert_int_equal(total.reordered, 2);
	assert_int_equal(total.duplicated, 3);
	assert_int_equal(total.flows_lossy, 2);
	assert_int_equal(total.worst_flow, 2);
	assert_int_equal(total.worst_lost, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables),
		cmocka_unit_test(against_a_model),
		cmocka_unit_test(sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
