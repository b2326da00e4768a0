/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/wheel.h"

#define NODES 300

static uint64_t seed = 7;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Any magnitude from 0 to 2^bits. */
static uint64_t random_distance(unsigned int bits)
{
	return next_random() >> (63 - next_random() % bits);
}

static uint64_t least_due(const struct wheel_node *nodes)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < NODES; i++)
		if (wheel_node_armed(&nodes[i]) && nodes[i].due < least)
			least = nodes[i].due;
	return least;
}

/* One by one, or some at a time: in order, and none before its time. Returns how many. */
static unsigned int expire_all(
	struct wheel *wheel, unsigned int tick_shift, uint64_t now, unsigned int *armed)
{
	/* Past due ones share the tick at which they were added. */
	uint64_t first_tick = wheel->tick, last_tick = 0;
	unsigned int all = 0, n, max;
	struct wheel_node *due[8];

	do {
		max = (unsigned int)(next_random() % 9);
		if (max == 0) {
			max = 1;
			due[0] = wheel_expire(wheel, now);
			n = due[0] != NULL;
		} else {
			n = wheel_expire_burst(wheel, now, due, max);
		}
		for (unsigned int i = 0; i < n; i++) {
			uint64_t tick = due[i]->due >> tick_shift;

			assert_false(wheel_node_armed(due[i]));
			assert_true(due[i]->due <= now);
			if (tick < first_tick)
				tick = first_tick;
			assert_true(tick >= last_tick);
			last_tick = tick;
		}
		*armed -= n;
		all += n;
	} while (n == max);
	return all;
}

/* Against the trivial model: all nodes, looked through one by one. */
static void run_random(unsigned int tick_shift, uint64_t start, unsigned int bits, int rounds)
{
	static struct wheel wheel;
	static struct wheel_node nodes[NODES];
	uint64_t now = start;
	unsigned int armed = 0, given = 0;

	memset(nodes, 0, sizeof(nodes));
	wheel_init(&wheel, tick_shift, now);
	assert_null(wheel_expire(&wheel, now));
	assert_true(wheel_next(&wheel) == UINT64_MAX);
	for (int round = 0; round < rounds; round++) {
		uint64_t next;
		struct wheel_node *node;

		for (unsigned int i = 0; i < next_random() % 8; i++) {
			node = &nodes[next_random() % NODES];
			if (wheel_node_armed(node)) {
				if (next_random() % 2)
					continue;
				wheel_del(&wheel, node);
				armed--;
			} else {
				uint64_t due = now + random_distance(bits);

				if (next_random() % 16 == 0)
					due = now - random_distance(20) % (now + 1); /* past */
				else if (next_random() % 64 == 0)
					due = UINT64_MAX - next_random() % 1000; /* never */
				wheel_add(&wheel, node, due);
				armed++;
			}
		}
		node = &nodes[next_random() % NODES];
		if (!wheel_node_armed(node))
			wheel_del(&wheel, node); /* nothing happens */
		assert_int_equal(wheel.count, armed);

		next = wheel_next(&wheel);
		assert_true(next <= least_due(nodes));
		if (armed == 0)
			assert_true(next == UINT64_MAX);
		switch (next_random() % 4) {
		case 0:
			now += random_distance(bits);
			break;
		case 1:
			now += next_random() % 3;
			break;
		case 2: /* as a sleeper does: to the next bound, which may come in steps */
			if (next > now && next - now < UINT64_C(1) << bits)
				now = next;
			break;
		default: /* to just before the first due time: nothing may come out */
			next = least_due(nodes);
			if (next > now && next - now < UINT64_C(1) << bits) {
				now = next - 1;
				assert_null(wheel_expire(&wheel, now));
				now += next_random() % 2;
			}
		}
		given += expire_all(&wheel, tick_shift, now, &armed);
		assert_true(least_due(nodes) > now);
		assert_int_equal(wheel.count, armed);
		if (next_random() % 50 == 0) /* a clock that stepped back gives nothing twice */
			assert_null(wheel_expire(&wheel, now - now / 2));
	}
	assert_true(given > (unsigned int)rounds / 4);
}

static void test_random(void **state)
{
	(void)state;
	run_random(0, 0, 8, 20000);
	run_random(0, 12345678901234, 30, 20000);
	run_random(10, 987654321987654, 36, 20000);
	run_random(20, 1, 40, 20000);
	run_random(7, UINT64_C(1) << 40, 16, 20000);
	/* Across the top level's turn, and beyond its reach. */
	run_random(0, (UINT64_C(1) << 48) - 5000, 44, 2000);
	run_random(0, 77, 50, 2000);
	run_random(0, (UINT64_C(1) << 52) - 1, 49, 2000);
}

static void test_order_of_ticks(void **state)
{
	static struct wheel wheel;
	static struct wheel_node nodes[NODES];
	uint64_t last = 0;

	(void)state;
	wheel_init(&wheel, 4, 1000);
	for (int i = 0; i < NODES; i++)
		wheel_add(&wheel, &nodes[i], 1000 + next_random() % 10000000);
	for (int i = 0; i < NODES; i++) {
		struct wheel_node *node = wheel_expire(&wheel, UINT64_C(1) << 40);

		assert_non_null(node);
		assert_true(node->due >> 4 >= last);
		last = node->due >> 4;
	}
	assert_null(wheel_expire(&wheel, UINT64_C(1) << 41));
	assert_int_equal(wheel.count, 0);
	assert_true(wheel.ring_words == 0 && wheel.levels == 0);
}

static void test_within_one_tick(void **state)
{
	static struct wheel wheel;
	static struct wheel_node a, b;

	(void)state;
	wheel_init(&wheel, 10, 0);
	wheel_add(&wheel, &a, 5 * 1024 + 100);
	wheel_add(&wheel, &b, 5 * 1024 + 200);
	assert_null(wheel_expire(&wheel, 5 * 1024 + 99));
	assert_ptr_equal(wheel_expire(&wheel, 5 * 1024 + 150), &a);
	assert_null(wheel_expire(&wheel, 5 * 1024 + 150));
	assert_true(wheel_next(&wheel) == 5 * 1024 + 200);
	assert_ptr_equal(wheel_expire(&wheel, 5 * 1024 + 200), &b);
	assert_true(wheel_next(&wheel) == UINT64_MAX);
	/* Past due: at the next call. */
	wheel_add(&wheel, &a, 3);
	assert_true(wheel_next(&wheel) == 3);
	assert_ptr_equal(wheel_expire(&wheel, 5 * 1024 + 201), &a);
}

/* First come, first served: near, and far enough to be put in twice or more. */
static void test_order_within_a_tick(void **state)
{
	static const uint64_t distances[] = {0, 100, 5000, 300000, UINT64_C(1) << 40};
	static struct wheel wheel;
	static struct wheel_node nodes[40];
	struct wheel_node *due[40];

	(void)state;
	for (size_t d = 0; d < sizeof(distances) / sizeof(distances[0]); d++) {
		uint64_t now = 12345 * 1024, due_tsc = now + distances[d] * 1024;

		wheel_init(&wheel, 10, now);
		for (unsigned int i = 0; i < 40; i++)
			wheel_add(&wheel, &nodes[i], due_tsc + i * 7 % 40);
		/* The tick has only begun, or is over. */
		assert_int_equal(
			wheel_expire_burst(&wheel, due_tsc + d % 2 * 5000 + 39, due, 40), 40);
		for (unsigned int i = 0; i < 40; i++)
			assert_ptr_equal(due[i], &nodes[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_order_of_ticks),
		cmocka_unit_test(test_within_one_tick),
		cmocka_unit_test(test_order_within_a_tick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
