/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual routers that share a worker, and flood it. With the test's clock every packet costs the
 * same cycles, so that shares are exact. With argument 2 a second worker polls nothing, and gets
 * its packets over the ring. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

#define MAX 64

#define RX_QUEUE 900

#define PACKET_TSC 100 /* what a packet costs, with the test's clock */
#define RECEIVE_TSC 20
#define TURN_TSC 200

static unsigned int n_workers;
static uint64_t random_state = 7;

static unsigned int random_below(unsigned int n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned int)(random_state >> 33) % n;
}

static struct {
	struct wire_lab labs[MAX];
	unsigned int n;
	uint16_t sent_id[MAX];
	uint64_t sent[MAX], got[MAX], refused[MAX];
	uint64_t offered, received,
		received_before; /* in all, and what of it has been received by now */
	uint64_t work;           /* cycles that the last turn would have taken */
	uint64_t owed[MAX];      /* what has arrived meanwhile and was not offered, in cycles */
	int64_t last[MAX];       /* id that left last */
} field;

/* N routers, each with a VLAN of its own on both ports. */
static void field_create(unsigned int n, const uint32_t *weights, const char *slice)
{
	struct dp_port_stats port;

	memset(&field, 0, sizeof(field));
	field.n = n;
	for (unsigned int i = 0; i < n; i++) {
		struct wire_iface lan = {.vlan = (uint16_t)(i + 1)}, wan = lan;
		char name[32];

		snprintf(name, sizeof(name), "t%u/r", i);
		field.labs[i].weight = weights != NULL ? weights[i] : 1;
		field.last[i] = -1;
		wire_lab_create_at(&field.labs[i], name, slice, &lan, &wan);
	}
	assert_int_equal(dp_port_stats_get(wire_port_id(0), &port), 0);
	field.received_before = port.traffic.rx_packets;
}

static void offer(unsigned int i, unsigned int n)
{
	const struct wire_lab *lab = &field.labs[i];

	for (; n-- > 0; field.offered++) {
		struct frame_ip ip = {.src = A_IP, .dst = B_IP, .id = field.sent_id[i]++};
		struct frame f;

		/* The device's receive queue is full. */
		if (field.offered - field.received >= RX_QUEUE) {
			field.refused[i]++;
			return;
		}
		frame_udp(&f, &lab->from_a, &ip, 1, 2, 18, i);
		wire_send(0, &f);
		field.sent[i]++;
	}
}

/* N packets of each, in any order. */
static void offer_mixed(const unsigned int *n)
{
	unsigned int left[MAX], sum = 0;

	for (unsigned int i = 0; i < field.n; i++)
		sum += left[i] = n[i];
	for (; sum > 0; sum--) {
		unsigned int at = random_below(sum), i = 0;

		for (; at >= left[i]; i++)
			at -= left[i];
		left[i]--;
		offer(i, 1);
	}
}

/* Everything that left, in each router's own order. */
static void collect(void)
{
	struct frame f;

	while (wire_recv(1, &f)) {
		struct frame_view v;
		unsigned int i;
		int16_t step;

		frame_parse(&f, &v);
		assert_true(v.ok && v.type == TYPE_IP4 && v.l2.vlan >= 1 && v.l2.vlan <= field.n);
		i = v.l2.vlan - 1u;
		step = (int16_t)(v.ip.id - (uint16_t)field.last[i]);
		assert_true(field.last[i] < 0 || step > 0);
		field.last[i] = v.ip.id;
		field.got[i]++;
	}
}

static uint64_t lost_at_input(unsigned int i)
{
	struct dp_vr_stats stats;

	assert_int_equal(dp_vr_stats_get(field.labs[i].vr, &stats), 0);
	return stats.drops[DROP_INPUT_QUEUE_FULL];
}

static uint64_t got_in_all(void)
{
	uint64_t got = 0;

	for (unsigned int i = 0; i < field.n; i++)
		got += field.got[i];
	return got;
}

/* The test's clock stands still in a turn: its work is what it would have taken. */
static void turn(void)
{
	uint64_t got = got_in_all(), received = field.received;
	struct dp_port_stats port;

	wire_advance_tsc(10000);
	wire_poll(1);
	assert_int_equal(dp_port_stats_get(wire_port_id(0), &port), 0);
	field.received = port.traffic.rx_packets - field.received_before;
	collect();
	field.work = (got_in_all() - got) * PACKET_TSC + (field.received - received) * RECEIVE_TSC +
		TURN_TSC;
}

/* What arrives in the time of a turn, of each router its load: hundredths of what the worker could
 * forward if it did nothing else. */
static void arrive(const unsigned int *loads)
{
	unsigned int ns[MAX];

	for (unsigned int i = 0; i < field.n; i++) {
		field.owed[i] += field.work * loads[i] / 100;
		ns[i] = (unsigned int)(field.owed[i] / PACKET_TSC);
		field.owed[i] %= PACKET_TSC;
	}
	offer_mixed(ns);
}

/* What still waits leaves. */
static void settle(void)
{
	for (unsigned int i = 0; i < 400; i++)
		turn();
	assert_int_equal(wire_books().queued, 0);
	wire_check();
	for (unsigned int i = 0; i < field.n; i++)
		assert_int_equal(field.sent[i], field.got[i] + lost_at_input(i));
}

static double jain(void)
{
	double sum = 0, squares = 0;

	for (unsigned int i = 0; i < field.n; i++) {
		sum += (double)field.got[i];
		squares += (double)field.got[i] * (double)field.got[i];
	}
	return sum * sum / (squares * field.n);
}

/* One sends less than its share, the others much more than theirs: it loses nothing, and none of
 * its packets waits for more than the turn in which it comes. */
static void victim(unsigned int neighbours, unsigned int flood, uint32_t weight)
{
	unsigned int ns[MAX];
	uint32_t weights[MAX];

	for (unsigned int i = 0; i < MAX; i++)
		weights[i] = i == 0 ? weight : 1;
	field_create(neighbours + 1, weights, "s0");
	for (unsigned int i = 0; i < MAX; i++)
		ns[i] = i == 0 ? 2 : flood;
	for (unsigned int t = 0; t < 3000; t++) {
		uint64_t before = field.got[0];

		offer_mixed(ns);
		turn();
		if (t > 10)
			assert_int_equal(field.got[0] - before, 2);
	}
	settle();
	assert_int_equal(field.got[0], field.sent[0]);
	for (unsigned int i = 1; i <= neighbours; i++)
		assert_true(lost_at_input(i) > field.sent[i] / 20);
}

static void test_victim_7(void **state)
{
	(void)state;
	victim(7, 16, 1);
}

static void test_victim_63(void **state)
{
	(void)state;
	victim(63, 3, 9);
}

/* Under flood throughput follows the weights, whatever the overload; nothing is lost by one that
 * had it coming. */
static void weights_under(const unsigned int *loads)
{
	static const uint32_t weights[] = {1, 2, 4};
	double sum;

	field_create(3, weights, "s0");
	for (unsigned int t = 0; t < 3000; t++) {
		arrive(loads);
		turn();
	}
	wire_check();
	sum = (double)(field.got[0] + field.got[1] + field.got[2]);
	for (unsigned int i = 0; i < 3; i++)
		assert_true(fabs((double)field.got[i] / sum * 7 / weights[i] - 1) < 0.03);
	settle();
	wire_begin();
	for (unsigned int i = 0; i < 3; i++)
		wire_vr_del(field.labs[i].vr);
	wire_commit();
}

static void test_weights(void **state)
{
	(void)state;
	weights_under((const unsigned int[]){100, 100, 100});
	weights_under((const unsigned int[]){70, 70, 80});
	weights_under((const unsigned int[]){300, 200, 100});
	weights_under((const unsigned int[]){1000, 1000, 1000});
}

static void test_jain(void **state)
{
	static const unsigned int ns[] = {8, 64};
	unsigned int n[MAX];

	(void)state;
	for (unsigned int k = 0; k < 2; k++) {
		field_create(ns[k], NULL, "s0");
		/* Not alike: some flood twice as much. */
		for (unsigned int i = 0; i < field.n; i++)
			n[i] = 640 / field.n / (i % 4 == 0 ? 1 : 2) + 1;
		for (unsigned int t = 0; t < 2000; t++) {
			offer_mixed(n);
			turn();
		}
		assert_true(jain() >= 0.999);
		settle();
		wire_begin();
		for (unsigned int i = 0; i < field.n; i++)
			wire_vr_del(field.labs[i].vr);
		wire_commit();
	}
}

/* While all flood, no more is taken in than leaves: all get as much, and only what some send more
 * than the others, an eighth of what leaves, is dropped in software. */
static void test_no_work_for_drops(void **state)
{
	uint64_t out = 0, dropped = 0;

	(void)state;
	field_create(8, NULL, "s0");
	for (unsigned int t = 0; t < 2000; t++) {
		offer_mixed((const unsigned int[]){64, 80, 64, 80, 64, 80, 64, 80});
		turn();
	}
	for (unsigned int i = 0; i < 8; i++) {
		out += field.got[i];
		dropped += lost_at_input(i);
	}
	assert_true(out > 200000);
	assert_true(dropped < out * 15 / 100);
	settle();
}

static uint64_t waiting(void)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < field.n; i++) {
		struct dp_vr_stats stats;

		assert_int_equal(dp_vr_stats_get(field.labs[i].vr, &stats), 0);
		n += stats.input_packets;
	}
	return n;
}

/* Where all flood alike the device drops from all alike, and nobody's packets are queued. As soon
 * as they are not alike they take turns, and who stays below its share loses nothing. */
static void test_even(void **state)
{
	unsigned int ns[] = {80, 80, 80, 80, 80, 80, 80, 80};
	uint64_t most = 0, lost = 0;

	(void)state;
	field_create(8, NULL, "s0");
	for (unsigned int t = 0; t < 2000; t++) {
		offer_mixed(ns);
		turn();
		if (t == 1000)
			lost = lost_at_input(0);
		if (t > 1000)
			most += waiting();
	}
	assert_int_equal(most, 0);
	assert_int_equal(lost_at_input(0), lost);
	assert_true(jain() >= 0.999);
	ns[0] = 2;
	for (unsigned int t = 0; t < 1000; t++) {
		uint64_t before = field.got[0];

		offer_mixed(ns);
		turn();
		most += waiting();
		if (t > 400)
			assert_int_equal(field.got[0] - before, 2);
	}
	assert_true(most > 0);
	settle();
}

/* A router that is alone is not queued for, and one that floods alone among idle ones has the whole
 * worker. */
static void test_alone(void **state)
{
	struct dp_vr_stats stats;

	(void)state;
	field_create(1, NULL, "s0");
	for (unsigned int t = 0; t < 20; t++) {
		offer(0, 1000);
		turn();
		assert_int_equal(dp_vr_stats_get(field.labs[0].vr, &stats), 0);
		assert_int_equal(stats.input_packets, 0);
	}
	settle();
	assert_int_equal(lost_at_input(0), 0);
}

/* Back to forwarding as it comes; then the next flood. Routers and interfaces come and go while
 * packets wait. */
static void test_comes_and_goes(void **state)
{
	(void)state;
	field_create(4, NULL, "s0");
	for (unsigned int round = 0; round < 5; round++) {
		for (unsigned int t = 0; t < 20; t++) {
			offer_mixed((const unsigned int[]){100, 100, 100, 100});
			turn();
		}
		assert_true(wire_books().queued > 0);
		if (round == 3) {
			struct wire_lab extra = {0};
			struct wire_iface lan = {.vlan = 100}, wan = lan;

			wire_lab_create_at(&extra, "x/r", "s0", &lan, &wan);
			wire_begin();
			wire_vr_del(extra.vr);
			wire_commit();
			/* The lab forgets what left meanwhile. */
			field.n = 0;
			break;
		}
		settle();
	}
}

/* Suspended, a flooded router's packets are dropped for that. */
static void test_suspended(void **state)
{
	uint64_t down;

	(void)state;
	field_create(2, NULL, "s0");
	for (unsigned int t = 0; t < 20; t++) {
		offer(0, 100);
		offer(1, 100);
		turn();
	}
	down = wire_drops(DROP_VR_DOWN);
	assert_int_equal(dp_vr_set_state(field.labs[1].vr, DP_VR_SUSPENDED), 0);
	offer(1, 100);
	for (unsigned int t = 0; t < 400; t++)
		turn();
	assert_true(wire_drops(DROP_VR_DOWN) > down);
	assert_int_equal(wire_books().queued, 0);
}

/* The second worker's routers flood and are flooded over the ring; those of the first, which
 * polls, likewise. Everybody keeps its order. */
static void test_over_the_ring(void **state)
{
	struct wire_iface lan = {.vlan = 9}, wan = lan;

	(void)state;
	if (n_workers < 2)
		skip();
	field_create(8, NULL, "s0");
	for (unsigned int i = 8; i < 12; i++) {
		char name[32];

		snprintf(name, sizeof(name), "t%u/r", i);
		lan.vlan = wan.vlan = (uint16_t)(i + 1);
		field.last[i] = -1;
		wire_lab_create_at(&field.labs[i], name, "s1", &lan, &wan);
	}
	field.n = 12;
	for (unsigned int t = 0; t < 1500; t++) {
		uint64_t before[2] = {field.got[0], field.got[8]};

		offer(0, 1);
		for (unsigned int i = 1; i < 12; i++)
			offer(i, i == 8 ? 2 : 30);
		turn();
		if (t < 20)
			continue;
		assert_int_equal(field.got[0] - before[0], 1);
		assert_int_equal(field.got[8] - before[1], 2);
	}
	settle();
	assert_int_equal(field.got[0], field.sent[0]);
	assert_int_equal(field.got[8], field.sent[8]);
}

enum flood { FLOOD_ARP, FLOOD_PING, FLOOD_TTL, FLOOD_SCAN, FLOODS };

static void flood_frame(
	struct frame *f, const struct wire_lab *lab, enum flood flood, unsigned int seq)
{
	struct frame_ip ip = {.src = A_IP, .dst = LAN_IP};

	if (flood == FLOOD_ARP) {
		frame_arp(f, &lab->from_a, ARP_REQUEST, A_MAC, A_IP, 0, LAN_IP);
	} else if (flood == FLOOD_PING) {
		frame_echo(f, &lab->from_a, &ip, 8, 1, 2, 8, 1);
	} else {
		ip.ttl = flood == FLOOD_TTL ? 1 : 64;
		ip.dst = flood == FLOOD_TTL ? B_IP : UINT32_C(0x0a280000) + seq % 60000;
		frame_udp(f, &lab->from_a, &ip, 1, 2, 18, 1);
	}
}

/* The good router's answers of this turn: bit 0 ARP, bit 1 echo. */
static unsigned int answers(const struct wire_lab *good)
{
	unsigned int seen = 0;
	struct frame f;

	while (wire_recv(0, &f)) {
		struct frame_view v;

		frame_parse(&f, &v);
		assert_true(v.ok);
		if (v.l2.vlan == good->at_a.vlan)
			seen |= v.type == TYPE_ARP ? 1 : 2;
	}
	wire_discard();
	return seen;
}

/* What one router is asked for, pinged, sent with a TTL of 1, or must ask for itself, stays within
 * its buckets, in 30 ms. The other's ARP and pings are answered at once. */
static void test_punts(void **state)
{
	static const uint64_t most[FLOODS] = {1000 + 301, 1000 + 301, 50 + 31, 512 + 31};
	const struct wire_lab *bad = &field.labs[0], *good = &field.labs[1];
	struct dp_route_spec route;

	(void)state;
	field_create(2, NULL, "s0");
	route = wire_route("10.40.0.0/16", NULL, bad->wan);
	assert_int_equal(dp_route_add(bad->vr, &route, wire_err()), 0);
	for (enum flood flood = 0; flood < FLOODS; flood++) {
		struct frame_ip ip = {.src = A_IP, .dst = LAN_IP};
		struct dp_vr_stats before, after;
		struct frame f;

		wire_run_ns(UINT64_C(20000000000), UINT64_C(100000000));
		wire_discard();
		assert_int_equal(dp_vr_stats_get(bad->vr, &before), 0);
		for (unsigned int t = 0; t < 300; t++) {
			for (unsigned int i = 0; i < 128; i++) {
				flood_frame(&f, bad, flood, t * 128 + i);
				wire_send(0, &f);
			}
			frame_arp(&f, &good->from_a, ARP_REQUEST, A_MAC, A_IP, 0, LAN_IP);
			wire_send(0, &f);
			frame_echo(&f, &good->from_a, &ip, 8, 1, 2, 8, 1);
			wire_send(0, &f);
			wire_advance_ns(100000);
			wire_poll(1);
			if (t > 10)
				assert_int_equal(answers(good), 3);
			else
				wire_discard();
		}
		assert_int_equal(dp_vr_stats_get(bad->vr, &after), 0);
		assert_true(after.originated > before.originated);
		assert_true(after.originated - before.originated <= most[flood]);
	}
}

static int begin(void **state)
{
	(void)state;
	return wire_start(n_workers, n_workers);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_victim_7),
		WIRE_TEST(test_victim_63),
		WIRE_TEST(test_weights),
		WIRE_TEST(test_jain),
		WIRE_TEST(test_no_work_for_drops),
		WIRE_TEST(test_even),
		WIRE_TEST(test_alone),
		WIRE_TEST(test_comes_and_goes),
		WIRE_TEST(test_suspended),
		WIRE_TEST(test_punts),
		WIRE_TEST(test_over_the_ring),
	};

	n_workers = argc > 1 ? (unsigned int)atoi(argv[1]) : 1;
	return cmocka_run_group_tests(tests, begin, wire_stop);
}
