/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual router changes workers while packets come and wait in it. All packets have numbers, and
 * all arrive, each flow's in order. Run with a transmit queue for each of two workers, with one
 * that they share, and with threads of their own on the real clock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire.h"

#define RATE_BPS UINT64_C(8000000)
#define FLOWS 2

static unsigned int n_tx;
static bool threads;
static uint32_t seed;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 8) * n >> 24);
}

struct flow {
	struct wire_lab lab;
	uint32_t sent, arrived;
};

/* Flow 0's router is moved; flow 1's stays where it is, on the same ports. */
static struct flow flows[FLOWS];

static void flows_create(const struct dp_link_spec *link)
{
	memset(flows, 0, sizeof(flows));
	for (unsigned int i = 0; i < FLOWS; i++) {
		struct wire_iface lan = {.vlan = (uint16_t)(i + 1)};
		struct wire_iface wan = {.vlan = (uint16_t)(i + 1)};
		char name[16];

		if (i == 0 && link != NULL)
			wan.link = *link;
		snprintf(name, sizeof(name), "t%u/r", i);
		wire_lab_create_at(&flows[i].lab, name, "s0", &lan, &wan);
	}
}

static void send_next(struct flow *flow)
{
	struct frame f;

	frame_udp(&f, &flow->lab.from_a,
		&(struct frame_ip){.src = A_IP, .dst = B_IP, .id = (uint16_t)flow->sent}, 1, 2, 100,
		flow->sent);
	wire_send(0, &f);
	flow->sent++;
}

/* What has left, flow by flow the next. */
static unsigned int receive(void)
{
	unsigned int n = 0;
	struct frame_view v;
	struct frame f;

	while (wire_recv(1, &f)) {
		struct flow *flow;

		frame_parse(&f, &v);
		assert_true(v.ok);
		assert_in_range(v.l2.vlan, 1, FLOWS);
		flow = &flows[v.l2.vlan - 1];
		assert_int_equal(v.ip.id, (uint16_t)flow->arrived);
		flow->arrived++;
		n++;
	}
	return n;
}

static uint32_t lcore_of(dp_vr_id vr)
{
	struct dp_vr_stats stats;

	assert_int_equal(dp_vr_stats_get(vr, &stats), 0);
	return stats.worker;
}

static void move(dp_vr_id vr, const char *slice)
{
	uint32_t want = slice[1] - '0';
	struct dp_worker_stats worker;

	wire_begin();
	assert_int_equal(dp_txn_vr_move(wire_txn(), vr, slice, wire_err()), 0);
	wire_commit();
	assert_int_equal(dp_worker_stats_get(want, &worker), 0);
	assert_int_equal(lcore_of(vr), worker.lcore);
}

/* So many of the flow's are still to come: what waits, at the link's rate. */
static void expect_all(void)
{
	for (unsigned int i = 0; i < 4000; i++) {
		if (flows[0].arrived == flows[0].sent && flows[1].arrived == flows[1].sent)
			break;
		if (threads)
			usleep(500);
		else
			wire_advance_ns(1000000);
		wire_poll(2);
		receive();
	}
	for (unsigned int i = 0; i < FLOWS; i++)
		assert_int_equal(flows[i].arrived, flows[i].sent);
	wire_expect_none();
	wire_check();
}

static void run_moves(unsigned int n, uint32_t most)
{
	unsigned int at = 0;

	for (unsigned int i = 0; i < n; i++) {
		for (uint32_t left = random_below(most); left > 0; left--)
			send_next(&flows[random_below(FLOWS)]);
		/* Packets are met in receive queues, on their way, and behind the last stage. */
		for (uint32_t turns = random_below(4); turns > 0 && !threads; turns--)
			wire_turn(random_below(2));
		if (!threads)
			wire_advance_ns(random_below(200000));
		move(flows[0].lab.vr, at == 0 ? "s1" : "s0");
		at = !at;
		if (!threads)
			wire_check();
		if (random_below(2) == 0)
			receive();
		/* No more than the link's queue takes. */
		while (flows[0].sent - flows[0].arrived > 400 ||
			flows[1].sent - flows[1].arrived > 400) {
			if (!threads)
				wire_advance_ns(500000);
			wire_poll(1);
			receive();
		}
	}
	expect_all();
}

static void test_forward(void **state)
{
	(void)state;
	flows_create(NULL);
	run_moves(600, 60);
}

static struct dp_link_spec link_at(enum dp_place at, enum dp_shaper by)
{
	struct dp_link_spec link = wire_link(RATE_BPS, 3000, 1 << 20, 1000);

	link.at = at;
	link.by = by;
	return link;
}

static void test_shaped(void **state)
{
	static const struct {
		enum dp_place at;
		enum dp_shaper by;
	} cases[] = {{DP_AT_VIF_IN, DP_BY_TBF}, {DP_AT_VIF_IN, DP_BY_PSP},
		{DP_AT_VIF_OUT, DP_BY_TBF}, {DP_AT_VIF_OUT, DP_BY_PSP}, {DP_AT_PORT, DP_BY_TBF}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dp_link_spec link = link_at(cases[i].at, cases[i].by);
		struct dp_iface_stats stats, before;

		flows_create(&link);
		assert_int_equal(dp_iface_stats_get(flows[0].lab.wan, &before), 0);
		run_moves(200, 20);
		assert_int_equal(dp_iface_stats_get(flows[0].lab.wan, &stats), 0);
		assert_int_equal(
			stats.traffic.tx_packets - before.traffic.tx_packets, flows[0].sent);
		assert_int_equal(stats.queue_packets, 0);
		if (cases[i].at != DP_AT_PORT)
			assert_int_equal(stats.link_packets, flows[0].sent);
		wire_begin();
		for (unsigned int f = 0; f < FLOWS; f++)
			wire_vr_del(flows[f].lab.vr);
		wire_commit();
	}
}

/* What waits keeps its rate: 100 frames take as long as without moves. */
static void test_rate_is_kept(void **state)
{
	struct dp_link_spec link = link_at(DP_AT_VIF_IN, DP_BY_TBF);
	uint64_t bits = 0, ns = 0;
	struct frame f;

	(void)state;
	link.burst_bytes = 1500;
	flows_create(&link);
	for (unsigned int i = 0; i < 100; i++)
		send_next(&flows[0]);
	wire_poll(3);
	frame_udp(&f, &flows[0].lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 100,
		0);
	bits = (100 * (uint64_t)f.len - link.burst_bytes) * 8;
	receive();
	for (unsigned int at = 0; flows[0].arrived < 100 && ns < 1000000000; ns += 50000) {
		move(flows[0].lab.vr, at == 0 ? "s1" : "s0");
		at = !at;
		wire_advance_ns(50000);
		wire_poll(2);
		receive();
	}
	assert_int_equal(flows[0].arrived, 100);
	assert_in_range(
		ns, bits * 1000000000 / RATE_BPS - 200000, bits * 1000000000 / RATE_BPS + 500000);
}

/* A device that takes nothing: frames that wait for it go with their router, and stay in order. */
static void test_stalled_port(void **state)
{
	(void)state;
	flows_create(NULL);
	/* No full bursts: they would be dropped for being a flood. */
	for (unsigned int i = 0; i < 2340; i++) {
		send_next(&flows[0]);
		if (i % 40 == 39)
			wire_poll(1);
	}
	wire_poll(2);
	for (unsigned int i = 0; i < 10; i++) {
		move(flows[0].lab.vr, i % 2 == 0 ? "s1" : "s0");
		wire_check();
	}
	for (unsigned int i = 0; i < 40; i++)
		send_next(&flows[0]);
	move(flows[0].lab.vr, "s1");
	wire_poll(3);
	expect_all();
}

/* Packets that wait for a neighbour, which answers at the other worker; and one that never does. */
static void test_held(void **state)
{
	uint32_t c_ip = B_IP + 7, d_ip = B_IP + 8;
	struct dp_neigh_snap neighbors[8];
	struct flow *flow = &flows[0];
	unsigned int requests = 0, unreachable = 0;
	struct frame f;
	struct frame_view v;
	size_t n;

	(void)state;
	flows_create(NULL);
	for (uint16_t i = 0; i < 10; i++) {
		frame_udp(&f, &flow->lab.from_a,
			&(struct frame_ip){.src = A_IP, .dst = c_ip, .id = i}, 1, 2, 100, i);
		wire_send(0, &f);
	}
	frame_udp(
		&f, &flow->lab.from_a, &(struct frame_ip){.src = A_IP, .dst = d_ip}, 1, 2, 100, 0);
	wire_send(0, &f);
	wire_poll(3);
	wire_expect_parsed(1, &f, &v);
	wire_expect_parsed(1, &f, &v);
	move(flow->lab.vr, "s1");
	wire_check();
	assert_int_equal(dp_neighbors_get(flow->lab.vr, neighbors, 8, &n), 0);
	assert_int_equal(n, 4);
	frame_arp(&f,
		&(struct frame_l2){.dst = WIRE_PORT_MAC(1),
			.src = WIRE_HOST_MAC(7),
			.vlan = flow->lab.from_b.vlan},
		ARP_REPLY, WIRE_HOST_MAC(7), c_ip, WIRE_PORT_MAC(1), WAN_IP);
	wire_send(1, &f);
	wire_poll(3);
	for (uint16_t i = 0; i < 10; i++) {
		wire_expect_parsed(1, &f, &v);
		assert_int_equal(v.ip.id, i);
		assert_int_equal(v.l2.dst, WIRE_HOST_MAC(7));
	}
	/* Its timer runs on at every worker that it comes to. */
	for (unsigned int i = 0; i < 50 && unreachable == 0; i++) {
		move(flow->lab.vr, i % 2 == 0 ? "s0" : "s1");
		wire_run_ns(100000000, 10000000);
		while (wire_recv(1, &f))
			requests++;
		while (wire_recv(0, &f)) {
			frame_parse(&f, &v);
			unreachable += v.icmp_type == 3;
		}
	}
	assert_in_range(requests, 1, 5);
	assert_int_equal(unreachable, 1);
	wire_expect_none();
}

static uint64_t weight_at(const char *slice)
{
	struct dp_worker_stats stats;

	assert_int_equal(dp_worker_stats_get((size_t)(slice[1] - '0'), &stats), 0);
	return stats.n_vrs;
}

static void passes(void)
{
	send_next(&flows[0]);
	wire_poll(4);
	assert_int_equal(receive(), 1);
	wire_expect_none();
}

static void test_refused(void **state)
{
	dp_vr_id added;
	uint32_t home;

	(void)state;
	flows_create(NULL);
	home = lcore_of(flows[0].lab.vr);
	wire_begin();
	assert_int_equal(dp_txn_vr_move(wire_txn(), flows[0].lab.vr, "s9", wire_err()), -2);
	assert_non_null(strstr(wire_err(), "no slice s9"));
	assert_int_equal(dp_txn_vr_move(wire_txn(), 60000, "s1", wire_err()), -2);
	assert_int_equal(dp_txn_vr_move(wire_txn(), flows[0].lab.vr, "s1", wire_err()), 0);
	added = wire_vr_add("t9/r", "s0");
	assert_true(dp_txn_vr_move(wire_txn(), added, "s1", wire_err()) < 0);
	wire_abort();
	assert_int_equal(lcore_of(flows[0].lab.vr), home);
	/* The last word counts; to where it is, nothing happens. */
	wire_begin();
	assert_int_equal(dp_txn_vr_move(wire_txn(), flows[0].lab.vr, "s1", wire_err()), 0);
	assert_int_equal(dp_txn_vr_move(wire_txn(), flows[0].lab.vr, "s0", wire_err()), 0);
	wire_commit();
	assert_int_equal(lcore_of(flows[0].lab.vr), home);
	/* A router that moves and goes. */
	wire_begin();
	assert_int_equal(dp_txn_vr_move(wire_txn(), flows[1].lab.vr, "s1", wire_err()), 0);
	wire_vr_del(flows[1].lab.vr);
	wire_commit();
	assert_int_equal(weight_at("s0"), 1);
	assert_int_equal(weight_at("s1"), 0);
	passes();
	move(flows[0].lab.vr, "s1");
	assert_int_equal(weight_at("s0"), 0);
	assert_int_equal(weight_at("s1"), 1);
	passes();
}

/* Interfaces that come with the same transaction move, too. */
static void test_with_others(void **state)
{
	struct wire_iface more = {.port = 2, .vlan = 1, .address = "10.0.7.1/24", .name = "more"};
	struct frame f, want;

	(void)state;
	flows_create(NULL);
	wire_begin();
	if (wire_port_id(2) == 0)
		wire_port_add(2, 1500);
	assert_int_equal(dp_txn_vr_move(wire_txn(), flows[0].lab.vr, "s1", wire_err()), 0);
	wire_iface_add(flows[0].lab.vr, &more);
	wire_routes_set(flows[0].lab.vr, NULL, 0);
	wire_commit();
	wire_poll(3);
	wire_discard();
	frame_arp(&f, &(struct frame_l2){.dst = UINT64_C(0xffffffffffff), .src = A_MAC, .vlan = 1},
		ARP_REQUEST, A_MAC, UINT32_C(0x0a000702), 0, UINT32_C(0x0a000701));
	wire_send(2, &f);
	wire_poll(3);
	frame_arp(&want, &(struct frame_l2){.dst = A_MAC, .src = WIRE_PORT_MAC(2), .vlan = 1},
		ARP_REPLY, WIRE_PORT_MAC(2), UINT32_C(0x0a000701), A_MAC, UINT32_C(0x0a000702));
	wire_expect(2, &want);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		WIRE_TEST(test_forward),
		WIRE_TEST(test_shaped),
		WIRE_TEST(test_rate_is_kept),
		WIRE_TEST(test_stalled_port),
		WIRE_TEST(test_held),
		WIRE_TEST(test_refused),
		WIRE_TEST(test_with_others),
	};
	static const struct CMUnitTest live[] = {WIRE_TEST(test_forward), WIRE_TEST(test_shaped)};
	int rc;

	n_tx = argc > 1 ? (unsigned int)atoi(argv[1]) : 2;
	threads = argc > 2 && strcmp(argv[2], "threads") == 0;
	seed = argc > 3 ? (uint32_t)atoi(argv[3]) : 1;
	if ((threads ? wire_start_threads(2, n_tx) : wire_start(2, n_tx)) < 0)
		return 1;
	rc = threads ? cmocka_run_group_tests(live, NULL, NULL)
		     : cmocka_run_group_tests(tests, NULL, NULL);
	return wire_stop(NULL) < 0 || rc != 0;
}
