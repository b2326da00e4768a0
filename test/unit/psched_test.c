/* SPDX-License-Identifier: BSD-3-Clause */
/* The port scheduler without packets: leaves that always, or at times, have frames, served by a
 * loop that comes every so often. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/psched.h"

#define HZ UINT64_C(2000000000)
#define US (HZ / 1000000)
#define MS (HZ / 1000)
#define MBPS UINT64_C(1000000)
#define FRAME 1514
#define LEAVES 1024
#define WINDOW_MS 100

static uint64_t seed;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

struct source {
	struct psched_leaf leaf;
	struct psched_leaf_conf conf;
	bool greedy;
	uint32_t frame; /* bytes; 0: of any size */
	uint32_t waiting, next;
	uint64_t bytes, window_bytes, window_min; /* sent; in this window; in the least of them */
	uint64_t woken_tsc, worst_wait_tsc;
};

static struct bench {
	struct psched s;
	struct source src[LEAVES];
	unsigned int n;
	uint64_t now, total, window_end;
	bool windows;
} b;

static void bench_init(uint64_t capacity, uint64_t share)
{
	memset(&b, 0, sizeof(b));
	seed = 88172645463325252u;
	b.now = 12345;
	psched_init(&b.s, HZ, b.now);
	assert_int_equal(psched_set(&b.s, capacity, share, FRAME, b.now), 0);
}

static struct source *source_add(const struct psched_leaf_conf *conf, uint32_t frame)
{
	struct source *src = &b.src[b.n++];

	src->conf = *conf;
	src->conf.weight = conf->weight != 0 ? conf->weight : 1;
	src->conf.burst_bytes = conf->burst_bytes != 0 ? conf->burst_bytes : 10 * FRAME;
	src->conf.frame_bytes = FRAME;
	src->frame = frame;
	src->window_min = UINT64_MAX;
	assert_int_equal(psched_leaf_check(&src->conf, HZ), 0);
	psched_leaf_init(&src->leaf);
	psched_leaf_set(&b.s, &src->leaf, &src->conf, b.now);
	return src;
}

static struct source *reserved(uint64_t min, uint64_t rate)
{
	return source_add(
		&(struct psched_leaf_conf){
			.kind = PSCHED_IS_RESERVED, .min_bps = min, .rate_bps = rate},
		0);
}

static struct source *best_effort(uint32_t weight)
{
	return source_add(
		&(struct psched_leaf_conf){.kind = PSCHED_IS_BEST_EFFORT, .weight = weight}, 0);
}

static void frame_make(struct source *src)
{
	src->next = src->frame != 0 ? src->frame : 64 + (uint32_t)(next_random() % (FRAME - 63));
}

static void offer(struct source *src, uint32_t frames)
{
	if (src->waiting == 0 && frames > 0) {
		frame_make(src);
		src->woken_tsc = b.now;
		psched_wake(&b.s, &src->leaf);
	}
	src->waiting += frames;
}

static void greedy(struct source *src)
{
	src->greedy = true;
	offer(src, 1);
}

static void lazy(struct source *src)
{
	src->greedy = false;
}

static void windows_end(void)
{
	for (unsigned int i = 0; i < b.n; i++) {
		if (b.windows && b.src[i].window_bytes < b.src[i].window_min)
			b.src[i].window_min = b.src[i].window_bytes;
		b.src[i].window_bytes = 0;
	}
	b.windows = true;
	b.window_end = b.now + WINDOW_MS * MS;
}

static bool on_list(enum psched_level level)
{
	return b.s.lists[level] != NULL;
}

/* Send what may be sent now; whoever is picked, nobody before it was due. */
static void serve(void)
{
	struct psched_leaf *leaf;

	psched_clock(&b.s, b.now);
	while ((leaf = psched_pick(&b.s)) != NULL) {
		struct source *src =
			(struct source *)((char *)leaf - offsetof(struct source, leaf));
		uint32_t bytes = src->next;

		assert_true(src->waiting > 0);
		if (leaf->level == PSCHED_GRANTED || leaf->level == PSCHED_BORROWED ||
			leaf->level == PSCHED_BEST_EFFORT)
			assert_false(on_list(PSCHED_GUARANTEED));
		if (leaf->level == PSCHED_BORROWED)
			assert_false(on_list(PSCHED_GRANTED));
		if (leaf->level == PSCHED_BEST_EFFORT && !b.s.shared)
			assert_false(on_list(PSCHED_GRANTED) || on_list(PSCHED_BORROWED));
		if (src->woken_tsc != 0 && b.now - src->woken_tsc > src->worst_wait_tsc)
			src->worst_wait_tsc = b.now - src->woken_tsc;
		src->woken_tsc = 0;
		src->bytes += bytes;
		src->window_bytes += bytes;
		b.total += bytes;
		if (!src->greedy)
			src->waiting--;
		if (src->waiting > 0)
			frame_make(src);
		psched_sent(&b.s, leaf, bytes, src->waiting > 0);
	}
	assert_true(psched_due(&b.s) > b.now);
}

static void run_ms(uint64_t ms)
{
	for (uint64_t end = b.now + ms * MS; b.now < end; b.now += 2 * US) {
		if (b.now >= b.window_end)
			windows_end();
		serve();
	}
}

static void forget(void)
{
	b.total = 0;
	b.windows = false;
	b.window_end = b.now;
	for (unsigned int i = 0; i < b.n; i++) {
		b.src[i].bytes = 0;
		b.src[i].window_min = UINT64_MAX;
		b.src[i].worst_wait_tsc = 0;
	}
}

static void near(uint64_t bytes, uint64_t bps, uint64_t ms, double part)
{
	double want = (double)bps / 8 * (double)ms / 1000;

	if ((double)bytes < want * (1 - part) || (double)bytes > want * (1 + part))
		fail_msg("%.0f bytes, not %.0f", (double)bytes, want);
}

/* The least of the windows has the guarantee, but for a frame at each end, or 0.2 %. */
static void min_kept(const struct source *src)
{
	uint64_t want = src->conf.min_bps / 8 * WINDOW_MS / 1000;

	assert_true(src->window_min != UINT64_MAX);
	uint64_t less = want / 500 > 2 * FRAME ? want / 500 : 2 * FRAME;

	if (src->window_min + less < want)
		fail_msg("%.0f bytes in a window, %.0f guaranteed", (double)src->window_min,
			(double)want);
}

static void test_capacity(void **state)
{
	static const uint64_t rates[] = {10 * MBPS, 1000 * MBPS, 40000 * MBPS};

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		bench_init(rates[i], 0);
		greedy(best_effort(1));
		run_ms(50);
		forget();
		run_ms(200);
		near(b.total, rates[i], 200, 0.01);
	}
}

/* Weights among those that want to send; who is alone has all of it. */
static void test_weights(void **state)
{
	struct source *one, *two, *four;

	(void)state;
	bench_init(1000 * MBPS, 0);
	one = best_effort(1);
	two = best_effort(2);
	four = best_effort(4);
	one->frame = 64;
	greedy(one);
	greedy(two);
	greedy(four);
	run_ms(300);
	near(one->bytes * 7, b.total * 8, 1000, 0.01);
	near(two->bytes * 7, b.total * 16, 1000, 0.01);
	near(four->bytes * 7, b.total * 32, 1000, 0.01);
	lazy(one);
	lazy(two);
	run_ms(5);
	forget();
	run_ms(100);
	near(four->bytes, 1000 * MBPS, 100, 0.01);
}

/* Grants that sum to more than the share, all greedy, and best effort beside them: each minimum in
 * each window, what is beyond to those who have least, the share together, best effort the rest. */
static void test_oversubscribed(void **state)
{
	static const uint64_t mins[] = {300, 50, 1, 200, 0, 0};
	struct source *src[6], *rest;
	uint64_t sum = 0;

	(void)state;
	bench_init(1000 * MBPS, 700 * MBPS);
	for (unsigned int i = 0; i < 6; i++) {
		src[i] = reserved(mins[i] * MBPS, 700 * MBPS);
		src[i]->frame = i % 2 == 0 ? 0 : 128;
	}
	rest = best_effort(3);
	greedy(rest);
	run_ms(20);
	for (unsigned int i = 0; i < 6; i++)
		greedy(src[i]);
	run_ms(100);
	forget();
	run_ms(1000);
	for (unsigned int i = 0; i < 6; i++) {
		if (mins[i] != 0)
			min_kept(src[i]);
		sum += src[i]->bytes;
		/* The 200 that these two leave bring the others to 50 each. */
		near(src[i]->bytes, mins[i] > 50 ? mins[i] * MBPS : 50 * MBPS, 1000, 0.05);
	}
	near(sum, 700 * MBPS, 1000, 0.01);
	near(rest->bytes, 300 * MBPS, 1000, 0.01);
	/* Nothing stays idle when best effort has nothing. */
	lazy(rest);
	run_ms(5);
	forget();
	run_ms(100);
	near(b.total, 1000 * MBPS, 100, 0.01);
}

/* Equals stay equal, whatever part of it is guaranteed: a leaf that is served as guaranteed keeps
 * its turn among the rest. */
static void test_equals(void **state)
{
	(void)state;
	for (unsigned int part = 1; part <= 9; part++)
		for (uint32_t frame = 128; frame <= 1496; frame += 684) {
			struct source *src[10];

			bench_init(1000 * MBPS, 0);
			for (unsigned int i = 0; i < 10; i++) {
				src[i] = reserved(part * 10 * MBPS, 1000 * MBPS);
				src[i]->frame = frame;
				greedy(src[i]);
				run_ms(1);
			}
			run_ms(100);
			forget();
			run_ms(500);
			for (unsigned int i = 0; i < 10; i++)
				near(src[i]->bytes, 100 * MBPS, 500, 0.01);
		}
}

/* Guarantees that fill the port, of very different sizes, and each comes and goes. */
static void test_minima_in_windows(void **state)
{
	(void)state;
	bench_init(1000 * MBPS, 0);
	greedy(best_effort(100));
	greedy(reserved(500 * MBPS, 1000 * MBPS));
	for (unsigned int i = 0; i < 200; i++)
		greedy(reserved(2 * MBPS, 1000 * MBPS));
	greedy(reserved(64000, 1000 * MBPS));
	run_ms(300);
	forget();
	run_ms(1000);
	for (unsigned int i = 1; i < b.n; i++)
		min_kept(&b.src[i]);
	near(b.total, 1000 * MBPS, 1000, 0.01);
}

/* Who wakes is served within 1 ms, whatever the others do. */
static void test_wake(void **state)
{
	struct source *quiet, *control;

	(void)state;
	bench_init(1000 * MBPS, 0);
	for (unsigned int i = 0; i < 20; i++)
		greedy(best_effort(10));
	for (unsigned int i = 0; i < 10; i++)
		greedy(reserved(50 * MBPS, 500 * MBPS));
	quiet = reserved(10 * MBPS, 20 * MBPS);
	control = source_add(&(struct psched_leaf_conf){.kind = PSCHED_IS_CONTROL}, 64);
	for (unsigned int i = 0; i < 200; i++) {
		run_ms(1 + next_random() % 5);
		offer(quiet, 1);
		offer(control, 1);
	}
	run_ms(10);
	assert_int_equal(quiet->waiting, 0);
	assert_in_range(quiet->worst_wait_tsc, 0, MS);
	assert_in_range(control->worst_wait_tsc, 0, 50 * US);
}

/* A flood of the router's own is bounded while others want to send. */
static void test_control_bounded(void **state)
{
	struct source *control, *rest;

	(void)state;
	bench_init(1000 * MBPS, 0);
	control = source_add(&(struct psched_leaf_conf){.kind = PSCHED_IS_CONTROL}, 0);
	rest = best_effort(1);
	greedy(control);
	greedy(rest);
	run_ms(300);
	near(control->bytes, 1000 * MBPS / 16, 300, 0.02);
	near(b.total, 1000 * MBPS, 300, 0.01);
	lazy(rest);
	run_ms(5);
	forget();
	run_ms(100);
	near(control->bytes, 1000 * MBPS, 100, 0.01);
}

/* A borrower has what the others leave, and gives it back when they come. */
static void test_borrow(void **state)
{
	struct source *borrower, *strict, *owner;

	(void)state;
	bench_init(1000 * MBPS, 0);
	borrower = source_add(&(struct psched_leaf_conf){.kind = PSCHED_IS_RESERVED,
				      .min_bps = 100 * MBPS,
				      .rate_bps = 200 * MBPS,
				      .borrow_bps = 1000 * MBPS},
		0);
	strict = source_add(&(struct psched_leaf_conf){.kind = PSCHED_IS_RESERVED,
				    .min_bps = 100 * MBPS,
				    .rate_bps = 200 * MBPS,
				    .hold = true},
		0);
	owner = source_add(&(struct psched_leaf_conf){.kind = PSCHED_IS_RESERVED,
				   .min_bps = 100 * MBPS,
				   .rate_bps = 600 * MBPS,
				   .hold = true},
		0);
	greedy(best_effort(1));
	greedy(borrower);
	greedy(strict);
	run_ms(100);
	forget();
	run_ms(100);
	near(borrower->bytes, 800 * MBPS, 100, 0.01);
	near(strict->bytes, 200 * MBPS, 100, 0.01);
	/* Within a millisecond. */
	greedy(owner);
	run_ms(1);
	forget();
	run_ms(20);
	near(borrower->bytes, 200 * MBPS, 20, 0.03);
	near(strict->bytes, 200 * MBPS, 20, 0.03);
	near(owner->bytes, 600 * MBPS, 20, 0.03);
	forget();
	run_ms(300);
	near(borrower->bytes, 200 * MBPS, 300, 0.01);
	near(owner->bytes, 600 * MBPS, 300, 0.01);
}

/* Held to a rate at the port, by bucket and paced, to 0.1 %, and live to another. */
static void test_held(void **state)
{
	static const uint64_t rates[] = {64000, MBPS, 333 * MBPS};

	(void)state;
	for (unsigned int paced = 0; paced < 2; paced++)
		for (unsigned int i = 0; i < 3; i++) {
			uint64_t ms = i == 0 ? 200000 : i == 1 ? 20000 : 1000;
			struct source *src;

			bench_init(1000 * MBPS, 0);
			src = source_add(&(struct psched_leaf_conf){.kind = PSCHED_IS_RESERVED,
						 .rate_bps = rates[i],
						 .hold = true,
						 .paced = paced != 0},
				1000);
			greedy(src);
			run_ms(1);
			assert_in_range(src->bytes, paced ? 1000 : 14000,
				paced ? 1000 + rates[i] / 8000 : 15140 + rates[i] / 8000);
			if (i == 0)
				b.now += 0;
			forget();
			for (uint64_t end = b.now + ms * MS; b.now < end; b.now += 10 * US)
				serve();
			near(src->bytes, rates[i], ms, 0.001);
			src->conf.rate_bps *= 2;
			psched_leaf_set(&b.s, &src->leaf, &src->conf, b.now);
			forget();
			for (uint64_t end = b.now + ms * MS; b.now < end; b.now += 10 * US)
				serve();
			near(src->bytes, 2 * rates[i], ms, 0.001);
		}
}

/* Leaves come, go, change and wake at random: every list and timer stays whole, and all is sent. */
static void test_random(void **state)
{
	(void)state;
	bench_init(1000 * MBPS, 600 * MBPS);
	for (unsigned int i = 0; i < 300; i++)
		if (i % 3 == 0)
			best_effort(1 + i);
		else
			source_add(&(struct psched_leaf_conf){.kind = PSCHED_IS_RESERVED,
					   .min_bps = i % 2 == 0 ? MBPS : 0,
					   .rate_bps = 2 * MBPS * (1 + i % 7),
					   .borrow_bps = i % 5 == 0 ? 100 * MBPS : 0,
					   .hold = i % 4 == 1,
					   .paced = i % 8 == 1},
				0);
	for (unsigned int step = 0; step < 100000; step++) {
		struct source *src = &b.src[next_random() % b.n];

		b.now += next_random() % (20 * US);
		switch (next_random() % 8) {
		case 0:
			if (src->conf.kind == PSCHED_IS_RESERVED) {
				src->conf.min_bps = next_random() % 2 * MBPS;
				src->conf.rate_bps = MBPS * (1 + next_random() % 20);
				src->conf.hold = next_random() % 2;
				src->conf.paced = next_random() % 2;
			}
			psched_leaf_set(&b.s, &src->leaf, &src->conf, b.now);
			break;
		case 1:
			psched_sleep(&b.s, &src->leaf);
			src->waiting = 0;
			break;
		default:
			offer(src, 1 + (uint32_t)next_random() % 5);
		}
		serve();
	}
	for (unsigned int i = 0; i < 20000; i++) {
		b.now += MS;
		serve();
	}
	for (unsigned int i = 0; i < b.n; i++) {
		assert_int_equal(b.src[i].waiting, 0);
		assert_int_equal(b.src[i].leaf.level, PSCHED_IDLE);
	}
	assert_int_equal(b.s.wheel.count, 0);
	assert_true(psched_due(&b.s) == UINT64_MAX);
}

/* Nobody waits: the capacity is charged without picking, and no further than it goes. */
static void test_covers(void **state)
{
	uint64_t sent = 0;

	(void)state;
	bench_init(1000 * MBPS, 0);
	while (psched_covers(&b.s, 1000, b.now))
		sent += 1000;
	/* 500 us, less a frame. */
	assert_in_range(sent, 62500 - FRAME - 1000, 62500 - FRAME);
	b.now += 100 * US;
	assert_true(psched_covers(&b.s, 12500, b.now));
	bench_init(0, 0);
	assert_true(psched_covers(&b.s, UINT32_MAX, b.now));
}

static void test_range(void **state)
{
	struct psched_leaf_conf good = {.kind = PSCHED_IS_RESERVED,
		.rate_bps = MBPS,
		.burst_bytes = 1000,
		.frame_bytes = FRAME};
	struct psched_leaf_conf bad[] = {good, good, good, good, good};
	struct psched before;

	(void)state;
	assert_int_equal(psched_leaf_check(&good, HZ), 0);
	bad[0].min_bps = 1;
	bad[1].rate_bps = UINT64_C(400000000001);
	bad[2].borrow_bps = 63999;
	bad[3].rate_bps = 0;
	bad[3].hold = true;
	bad[4].kind = PSCHED_IS_BEST_EFFORT;
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(psched_leaf_check(&bad[i], HZ), -ERANGE);
	bench_init(MBPS, MBPS / 2);
	before = b.s;
	assert_int_equal(psched_set(&b.s, 1, 0, FRAME, b.now), -ERANGE);
	assert_int_equal(psched_set(&b.s, UINT64_C(400000000001), 0, FRAME, b.now), -ERANGE);
	assert_memory_equal(&b.s, &before, sizeof(before));
	assert_int_equal(psched_set(&b.s, MBPS, 1, FRAME, b.now), 0);
	assert_int_equal(b.s.share.rate_bps, 64000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capacity),
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_oversubscribed),
		cmocka_unit_test(test_equals),
		cmocka_unit_test(test_minima_in_windows),
		cmocka_unit_test(test_wake),
		cmocka_unit_test(test_control_bounded),
		cmocka_unit_test(test_borrow),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
