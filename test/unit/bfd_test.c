/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/bfd.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define FLIGHTS_MAX 256

static uint64_t seed = 88172645463325252u;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* ---- two ends and the path between them ---- */

struct flight {
	uint64_t at_ns;
	int to; /* -1: none */
	uint8_t packet[BFD_PACKET_LEN];
};

struct pair {
	struct bfd ends[2];
	struct flight flights[FLIGHTS_MAX];
	uint64_t now_ns, delay_ns;
	bool cut[2];       /* what this end sends is lost */
	unsigned int loss; /* of a thousand */
};

static void pair_init(struct pair *pair, uint32_t interval_us, uint8_t multiplier)
{
	memset(pair, 0, sizeof(*pair));
	pair->now_ns = SECOND;
	pair->delay_ns = 2 * MS;
	for (int i = 0; i < FLIGHTS_MAX; i++)
		pair->flights[i].to = -1;
	for (uint32_t i = 0; i < 2; i++)
		bfd_init(&pair->ends[i], &(struct bfd_conf){interval_us, multiplier, 0x1000 + i},
			pair->now_ns);
}

static void pair_act(struct pair *pair, int end, unsigned int event)
{
	uint8_t packet[BFD_PACKET_LEN];

	if (!(event & BFD_SEND))
		return;
	bfd_packet(&pair->ends[end], packet);
	if (pair->cut[end] || next_random() % 1000 < pair->loss)
		return;
	for (int i = 0; i < FLIGHTS_MAX; i++) {
		if (pair->flights[i].to >= 0)
			continue;
		pair->flights[i].to = !end;
		pair->flights[i].at_ns = pair->now_ns + pair->delay_ns;
		memcpy(pair->flights[i].packet, packet, sizeof(packet));
		return;
	}
	fail_msg("too many packets under way");
}

/* What comes first, until UNTIL_NS, or (unless -1) end WHICH is in STATE. */
static void pair_run(struct pair *pair, uint64_t until_ns, int which, unsigned int state)
{
	while (which < 0 || pair->ends[which].state != state) {
		uint64_t next_ns = until_ns;
		int timer = -1, flight = -1;

		for (int i = 0; i < 2; i++)
			if (bfd_due_ns(&pair->ends[i]) < next_ns) {
				next_ns = bfd_due_ns(&pair->ends[i]);
				timer = i;
			}
		for (int i = 0; i < FLIGHTS_MAX; i++)
			if (pair->flights[i].to >= 0 && pair->flights[i].at_ns < next_ns) {
				next_ns = pair->flights[i].at_ns;
				flight = i;
			}
		pair->now_ns = next_ns > pair->now_ns ? next_ns : pair->now_ns;
		if (flight >= 0) {
			int to = pair->flights[flight].to;

			pair->flights[flight].to = -1;
			pair_act(pair, to,
				bfd_receive(&pair->ends[to], pair->flights[flight].packet,
					BFD_PACKET_LEN, pair->now_ns));
		} else if (timer >= 0) {
			pair_act(pair, timer, bfd_timeout(&pair->ends[timer], pair->now_ns));
		} else {
			return;
		}
	}
}

static void assert_both(const struct pair *pair, unsigned int state)
{
	assert_int_equal(pair->ends[0].state, state);
	assert_int_equal(pair->ends[1].state, state);
}

/* ---- tests ---- */

static void test_comes_up(void **state)
{
	struct pair pair;

	(void)state;
	pair_init(&pair, 50000, 3);
	assert_both(&pair, BFD_DOWN);
	pair_run(&pair, pair.now_ns + SECOND + 10 * MS, -1, 0);
	assert_both(&pair, BFD_UP);
	assert_int_equal(pair.ends[0].ups, 1);
	assert_int_equal(pair.ends[0].refused, 0);
	/* The poll has been answered, and the intervals are those of a session that is up. */
	pair_run(&pair, pair.now_ns + SECOND, -1, 0);
	for (int i = 0; i < 2; i++) {
		assert_false(pair.ends[i].poll);
		assert_int_equal(pair.ends[i].remote_min_tx_us, 50000);
		assert_int_equal(pair.ends[i].remote_discriminator, 0x1000 + !i);
		assert_true(bfd_detection_ns(&pair.ends[i]) == 150 * MS);
	}
	assert_string_equal(bfd_state_name(pair.ends[0].state), "up");
}

/* 75 to 100 % of the interval, on average 87.5; with a multiplier of 1 at most 90. */
static void test_jitter(void **state)
{
	static const struct {
		uint8_t multiplier;
		unsigned int least_permille, most_permille;
	} cases[] = {{3, 750, 1000}, {1, 750, 900}};

	(void)state;
	for (int c = 0; c < 2; c++) {
		uint64_t now_ns = SECOND, least = UINT64_MAX, most = 0, sum = 0;
		uint8_t packet[BFD_PACKET_LEN];
		struct bfd bfd;

		bfd_init(&bfd, &(struct bfd_conf){2000000, cases[c].multiplier, 77}, now_ns);
		for (int i = 0; i < 5000; i++) {
			uint64_t due = bfd_due_ns(&bfd);

			if (i > 0) {
				least = due - now_ns < least ? due - now_ns : least;
				most = due - now_ns > most ? due - now_ns : most;
				sum += due - now_ns;
			}
			now_ns = due;
			assert_int_equal(bfd_timeout(&bfd, now_ns), BFD_SEND);
			bfd_packet(&bfd, packet);
		}
		assert_in_range(least, 2 * MS * cases[c].least_permille,
			2 * MS * (cases[c].least_permille + 5));
		assert_in_range(most, 2 * MS * (cases[c].most_permille - 5),
			2 * MS * cases[c].most_permille);
		assert_in_range(sum / 4999 / MS,
			cases[c].least_permille + cases[c].most_permille - 10,
			cases[c].least_permille + cases[c].most_permille + 10);
	}
}

/* Whichever direction is cut, both ends know within the detection time and a flight; and they come
 * back. */
static void test_cut(void **state)
{
	static const bool cuts[][2] = {{true, true}, {true, false}, {false, true}};
	static const uint32_t intervals_us[] = {10000, 50000, 300000};

	(void)state;
	for (unsigned int c = 0; c < 9; c++) {
		uint64_t detection = 3 * intervals_us[c / 3] * UINT64_C(1000), cut_ns;
		struct pair pair;

		pair_init(&pair, intervals_us[c / 3], 3);
		pair_run(&pair, 10 * SECOND + next_random() % SECOND, -1, 0);
		assert_both(&pair, BFD_UP);
		memcpy(pair.cut, cuts[c % 3], sizeof(pair.cut));
		cut_ns = pair.now_ns;
		pair_run(&pair, cut_ns + 20 * SECOND, 0, BFD_DOWN);
		pair_run(&pair, cut_ns + 20 * SECOND, 1, BFD_DOWN);
		assert_true(pair.now_ns - cut_ns <= detection + 2 * pair.delay_ns);
		/* Not before its time either. */
		assert_true(pair.now_ns - cut_ns >= detection - intervals_us[c / 3] * 1000u);
		for (int i = 0; i < 2; i++) {
			assert_int_equal(pair.ends[i].downs, 1);
			assert_int_equal(pair.ends[i].diag,
				pair.cut[!i] ? BFD_DIAG_EXPIRED : BFD_DIAG_NEIGHBOR_DOWN);
		}
		pair_run(&pair, cut_ns + 20 * SECOND, -1, 0);
		assert_int_not_equal(pair.ends[0].state, BFD_UP);
		assert_int_not_equal(pair.ends[1].state, BFD_UP);
		memset(pair.cut, 0, sizeof(pair.cut));
		pair_run(&pair, pair.now_ns + 3 * SECOND, -1, 0);
		assert_both(&pair, BFD_UP);
		assert_int_equal(pair.ends[0].ups, 2);
	}
}

/* Two packets in a row may be lost, and nothing happens. */
static void test_two_of_three_lost(void **state)
{
	struct pair pair;

	(void)state;
	pair_init(&pair, 50000, 3);
	pair_run(&pair, 5 * SECOND, -1, 0);
	for (int i = 0; i < 200; i++) {
		memset(pair.cut, true, sizeof(pair.cut));
		pair_run(&pair, pair.now_ns + 70 * MS, -1, 0);
		memset(pair.cut, false, sizeof(pair.cut));
		pair_run(&pair, pair.now_ns + 60 * MS, -1, 0);
	}
	assert_both(&pair, BFD_UP);
	assert_int_equal(pair.ends[0].downs + pair.ends[1].downs, 0);
}

/* The slower of what one wants to send and the other to receive; each detects by its peer's. */
static void test_unequal_ends(void **state)
{
	struct pair pair;
	uint64_t sent;

	(void)state;
	pair_init(&pair, 50000, 3);
	bfd_init(&pair.ends[1], &(struct bfd_conf){200000, 5, 0x1001}, pair.now_ns);
	pair_run(&pair, 5 * SECOND, -1, 0);
	assert_both(&pair, BFD_UP);
	assert_true(bfd_detection_ns(&pair.ends[0]) == 1000 * MS);
	assert_true(bfd_detection_ns(&pair.ends[1]) == 600 * MS);
	sent = pair.ends[0].sent;
	pair_run(&pair, 15 * SECOND, -1, 0);
	assert_in_range(pair.ends[0].sent - sent, 50, 68);
	/* New times for a session that lives: it does. */
	bfd_set(&pair.ends[1], &(struct bfd_conf){50000, 3, 0}, pair.now_ns);
	pair_run(&pair, 16 * SECOND, -1, 0);
	assert_both(&pair, BFD_UP);
	assert_int_equal(pair.ends[1].conf.discriminator, 0x1001);
	assert_true(bfd_detection_ns(&pair.ends[0]) == 150 * MS);
	assert_int_equal(pair.ends[0].downs + pair.ends[1].downs, 0);
}

/* RFC 5880 6.8.6: what is not taken. */
static void test_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		size_t len;
	} faults[] = {
		{0, 0 << 5, 24}, /* version 0 */
		{0, 2 << 5, 24}, /* version 2 */
		{3, 23, 24},     /* length field below the fixed part */
		{3, 25, 24},     /* and beyond what there is */
		{3, 24, 23},     /* cut off */
		{3, 24, 0},      /* nothing */
		{2, 0, 24},      /* multiplier 0 */
		{1, 0x41, 24},   /* multipoint */
		{1, 0x44, 24},   /* authentication, which nobody agreed on */
		{1, 0x70, 24},   /* poll and final at once */
		{7, 0, 24},      /* my discriminator 0 */
		{11, 0x99, 24},  /* your discriminator is another's */
		{1, 0xc0, 24},   /* up without knowing ours */
		{1, 0x80, 24},   /* init, likewise */
	};
	uint8_t good[BFD_PACKET_LEN] = {1 << 5, BFD_DOWN << 6, 3, 24, 0, 0, 0, 9};
	struct bfd bfd, before;

	(void)state;
	good[13] = 0x0f;
	good[17] = 0x0f;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		uint8_t packet[BFD_PACKET_LEN];

		bfd_init(&bfd, &(struct bfd_conf){50000, 3, 5}, SECOND);
		before = bfd;
		memcpy(packet, good, sizeof(packet));
		packet[faults[i].at] = faults[i].value;
		if (bfd_receive(&bfd, packet, faults[i].len, 2 * SECOND) != 0)
			fail_msg("fault %zu is taken", i);
		assert_int_equal(bfd.refused, 1);
		bfd.refused = 0;
		assert_memory_equal(&bfd, &before, sizeof(bfd));
	}
	bfd_init(&bfd, &(struct bfd_conf){50000, 3, 5}, SECOND);
	assert_int_equal(bfd_receive(&bfd, good, sizeof(good), 2 * SECOND), BFD_SEND);
	assert_int_equal(bfd.state, BFD_INIT);
}

/* A poll is answered at once, with F and without P; a peer that wants nothing gets nothing. */
static void test_poll_and_silence(void **state)
{
	uint8_t packet[BFD_PACKET_LEN] = {
		1 << 5, BFD_INIT << 6 | 0x20, 3, 24, 0, 0, 0, 9, 0, 0, 0, 5};
	uint8_t answer[BFD_PACKET_LEN];
	struct bfd bfd;

	(void)state;
	packet[14] = packet[18] = 0xc3; /* 49920 us */
	bfd_init(&bfd, &(struct bfd_conf){50000, 3, 5}, SECOND);
	assert_int_equal(
		bfd_receive(&bfd, packet, sizeof(packet), 2 * SECOND), BFD_SEND | BFD_CHANGED);
	bfd_packet(&bfd, answer);
	assert_int_equal(answer[1], BFD_UP << 6 | 0x10);
	assert_int_equal(answer[11], 9);
	bfd_packet(&bfd, answer); /* and then its own poll, as its interval is another */
	assert_int_equal(answer[1], BFD_UP << 6 | 0x20);
	packet[1] = BFD_UP << 6 | 0x10;
	assert_int_equal(bfd_receive(&bfd, packet, sizeof(packet), 2 * SECOND), 0);
	bfd_packet(&bfd, answer);
	assert_int_equal(answer[1], BFD_UP << 6);
	/* Demand mode, once both are up: 6.6. */
	packet[1] = BFD_UP << 6 | 0x02;
	bfd_receive(&bfd, packet, sizeof(packet), 2 * SECOND);
	assert_true(bfd.tx_due_ns == UINT64_MAX);
	packet[1] = BFD_UP << 6;
	bfd_receive(&bfd, packet, sizeof(packet), 2 * SECOND);
	assert_in_range(bfd.tx_due_ns, 2 * SECOND + 37 * MS, 2 * SECOND + 50 * MS);
	/* Required Min RX 0: nothing regular. */
	packet[18] = 0;
	bfd_receive(&bfd, packet, sizeof(packet), 2 * SECOND);
	assert_true(bfd.tx_due_ns == UINT64_MAX);
	assert_in_range(bfd_due_ns(&bfd), 2 * SECOND + 149 * MS, 2 * SECOND + 151 * MS);
}

/* Any bytes at any time: the machine keeps to its rules. */
static void test_random(void **state)
{
	unsigned int seen[4] = {0};
	uint64_t now_ns = SECOND;
	struct bfd bfd;

	(void)state;
	bfd_init(&bfd, &(struct bfd_conf){50000, 3, 0x01020304}, now_ns);
	for (int i = 0; i < 400000; i++) {
		uint8_t packet[64], was = bfd.state;
		uint32_t ups = bfd.ups, downs = bfd.downs;
		size_t len = next_random() % 4 ? 24 : next_random() % 64;
		unsigned int event;

		for (size_t b = 0; b < sizeof(packet); b++)
			packet[b] = (uint8_t)next_random();
		if (next_random() % 8) {
			packet[0] = 1 << 5;
			packet[1] &= 0xfa;
			packet[3] = 24;
			memset(packet + 8, 0, 4);
			if (next_random() % 2)
				memcpy(packet + 8, "\1\2\3\4", 4);
			memset(packet + 12, 0, 8);
			packet[14] = packet[18] = (uint8_t)next_random();
		}
		now_ns += next_random() % (40 * MS);
		if (next_random() % 3) {
			event = bfd_receive(&bfd, packet, len, now_ns);
		} else {
			event = now_ns >= bfd_due_ns(&bfd) ? bfd_timeout(&bfd, now_ns) : 0;
		}
		if (event & BFD_SEND) {
			bfd_packet(&bfd, packet);
			assert_int_equal(packet[1] >> 6, bfd.state);
			assert_int_not_equal(packet[1] & 0x30, 0x30);
		}
		assert_in_range(bfd.state, BFD_DOWN, BFD_UP);
		assert_int_equal(!!(event & BFD_CHANGED), (was == BFD_UP) != (bfd.state == BFD_UP));
		assert_int_equal(bfd.ups - ups, was != BFD_UP && bfd.state == BFD_UP);
		assert_int_equal(bfd.downs - downs, was == BFD_UP && bfd.state != BFD_UP);
		/* Who is not down can be lost; who is down cannot. */
		assert_int_equal(bfd.lost_ns == UINT64_MAX, bfd.state == BFD_DOWN);
		assert_true(bfd.poll ? bfd.state == BFD_UP : true);
		assert_true(bfd.state == BFD_DOWN || bfd.remote_discriminator != 0);
		seen[bfd.state]++;
	}
	assert_true(seen[BFD_DOWN] > 1000 && seen[BFD_INIT] > 1000 && seen[BFD_UP] > 1000);
}

/* Any loss and any delay below the detection time: whatever happened, in the end both are up. */
static void test_random_paths(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++) {
		struct pair pair;

		pair_init(&pair, 10000 + (uint32_t)(next_random() % 90000), 3);
		pair.loss = (unsigned int)(next_random() % 700);
		pair.delay_ns = next_random() % (20 * MS);
		pair_run(&pair, 100 * SECOND, -1, 0);
		pair.loss = 0;
		pair_run(&pair, 110 * SECOND, -1, 0);
		assert_both(&pair, BFD_UP);
		assert_true(pair.ends[0].ups == pair.ends[0].downs + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_up),
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_two_of_three_lost),
		cmocka_unit_test(test_unequal_ends),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_poll_and_silence),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_random_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
