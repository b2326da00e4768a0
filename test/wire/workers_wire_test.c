/* SPDX-License-Identifier: BSD-3-Clause */
/* Two workers in two slices. A port is polled by one of them; what belongs to the other is handed
 * over. Run with 2 transmit queues a port, and with one that both have to share. */
#include <stdlib.h>
#include <string.h>

#include "wire.h"

static unsigned int n_tx;

/* Router "t1/r" at worker 0, "t2/r" at worker 1, on the same ports with the same addresses. */
static void labs_create(struct wire_lab *one, struct wire_lab *two, const struct dp_link_spec *link)
{
	struct wire_iface lan = {.vlan = 1}, wan = {.vlan = 1};

	wire_lab_create_at(one, "t1/r", "s0", &lan, &wan);
	lan = (struct wire_iface){.vlan = 2};
	wan = (struct wire_iface){.outer = 2, .vlan = 2};
	if (link != NULL)
		wan.link = *link;
	wire_lab_create_at(two, "t2/r", "s1", &lan, &wan);
}

static void send_seq(const struct wire_lab *lab, uint16_t seq)
{
	struct frame f;

	frame_udp(&f, &lab->from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP, .id = seq}, 1, 2,
		100, seq);
	wire_send(0, &f);
}

static void expect_seq(const struct wire_lab *lab, uint16_t seq)
{
	struct frame in, want;

	frame_udp(&in, &lab->from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP, .id = seq}, 1, 2,
		100, seq);
	frame_forwarded(&want, &in, &lab->at_b);
	wire_expect(1, &want);
}

static uint32_t lcore_of(const struct wire_lab *lab)
{
	struct dp_vr_stats stats;

	assert_int_equal(dp_vr_stats_get(lab->vr, &stats), 0);
	return stats.worker;
}

static void test_placement(void **state)
{
	struct wire_lab one = {0}, two = {0};
	struct dp_worker_stats stats;
	struct dp_port_stats port;

	(void)state;
	labs_create(&one, &two, NULL);
	assert_int_equal(dp_workers_count(), 2);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(dp_worker_stats_get(i, &stats), 0);
		assert_int_equal(stats.n_vrs, 1);
		assert_int_equal(lcore_of(i == 0 ? &one : &two), stats.lcore);
		assert_string_equal(stats.slice, i == 0 ? "s0" : "s1");
	}
	assert_true(dp_worker_stats_get(2, &stats) < 0);
	assert_int_equal(dp_port_stats_get(wire_port_id(0), &port), 0);
	assert_int_equal(port.worker, lcore_of(&one));
}

/* Worker 0 polls; worker 1 gets its own within the turn, and both send. */
static void test_hand_over(void **state)
{
	struct wire_lab one = {0}, two = {0};
	struct dp_worker_stats before[2], after[2];

	(void)state;
	labs_create(&one, &two, NULL);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(dp_worker_stats_get(i, &before[i]), 0);
	for (uint16_t seq = 0; seq < 300; seq++)
		send_seq(seq % 3 == 0 ? &one : &two, seq);
	for (unsigned int turn = 0; turn < 10; turn++) {
		wire_poll(1);
		wire_check();
	}
	/* Each keeps its own order. */
	for (int n = 0, last[2] = {-1, -1}; n < 300; n++) {
		struct frame f, in, want;
		struct frame_view v;
		const struct wire_lab *lab;

		wire_expect_parsed(1, &f, &v);
		lab = v.ip.id % 3 == 0 ? &one : &two;
		assert_true(last[lab == &two] < v.ip.id);
		last[lab == &two] = v.ip.id;
		frame_udp(&in, &lab->from_a,
			&(struct frame_ip){.src = A_IP, .dst = B_IP, .id = v.ip.id}, 1, 2, 100,
			v.ip.id);
		frame_forwarded(&want, &in, &lab->at_b);
		assert_int_equal(f.len, want.len);
		assert_memory_equal(f.data, want.data, f.len);
	}
	wire_expect_none();
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(dp_worker_stats_get(i, &after[i]), 0);
	/* Worker 0 receives the frames that worker 1 wants to be sent, where they share a queue. */
	assert_int_equal(after[0].conservation.received - before[0].conservation.received,
		n_tx == 2 ? 300 : 500);
	assert_int_equal(after[1].conservation.received - before[1].conservation.received, 200);
	assert_int_equal(after[1].conservation.sent - before[1].conservation.sent, 200);
}

/* ARP, ICMP and echo at the other worker. */
static void test_control_packets(void **state)
{
	struct wire_lab one = {0}, two = {0};
	struct frame f, want;
	struct frame_view v;
	uint32_t c_ip = B_IP + 48;
	struct frame_l2 l2;

	(void)state;
	labs_create(&one, &two, NULL);
	frame_arp(&f, &two.from_a, ARP_REQUEST, A_MAC, A_IP, 0, LAN_IP);
	wire_send(0, &f);
	wire_poll(3);
	frame_arp(&want, &two.at_a, ARP_REPLY, WIRE_PORT_MAC(0), LAN_IP, A_MAC, A_IP);
	wire_expect(0, &want);
	frame_echo(&f, &two.from_a, &(struct frame_ip){.src = A_IP, .dst = WAN_IP}, 8, 1, 2, 30, 1);
	wire_send(0, &f);
	frame_udp(&f, &two.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP, .ttl = 1}, 1, 2, 3,
		4);
	wire_send(0, &f);
	wire_poll(3);
	wire_expect_parsed(0, &f, &v);
	assert_int_equal(v.icmp_type, 0);
	assert_int_equal(v.l2.vlan, 2);
	wire_expect_parsed(0, &f, &v);
	assert_int_equal(v.icmp_type, 11);
	for (uint16_t i = 0; i < 5; i++) {
		frame_udp(&f, &two.from_a, &(struct frame_ip){.src = A_IP, .dst = c_ip, .id = i}, 1,
			2, 3, 4);
		wire_send(0, &f);
	}
	wire_poll(3);
	wire_expect_parsed(1, &f, &v);
	assert_int_equal(v.arp_tip, c_ip);
	wire_check();
	assert_int_equal(wire_books().queued, 5);
	l2 = two.from_b;
	frame_arp(&f, &l2, ARP_REPLY, B_MAC + 3, c_ip, WIRE_PORT_MAC(1), WAN_IP);
	wire_send(1, &f);
	wire_poll(3);
	for (uint16_t i = 0; i < 5; i++) {
		wire_expect_parsed(1, &f, &v);
		assert_int_equal(v.ip.id, i);
		assert_int_equal(v.l2.dst, B_MAC + 3);
	}
	wire_expect_none();
}

/* Shaped at its home. */
static void test_shaped(void **state)
{
	struct wire_lab one = {0}, two = {0};
	struct dp_link_spec link = wire_link(8000000, 1, 100000, 100);

	(void)state;
	labs_create(&one, &two, &link);
	for (uint16_t seq = 0; seq < 20; seq++) {
		send_seq(&two, seq);
		send_seq(&one, seq);
	}
	wire_poll(3);
	assert_int_equal(wire_books().queued, 19);
	for (uint16_t seq = 0; seq < 20; seq++)
		if (seq == 0) {
			struct frame f;

			for (unsigned int i = 0; i < 21; i++)
				assert_true(wire_recv(1, &f));
			wire_expect_none();
		} else {
			wire_advance_ns(151 * 1000);
			wire_poll(3);
			expect_seq(&two, seq);
			wire_expect_none();
		}
}

/* Routers and ports go while packets are between the workers. */
static void test_gone_on_the_way(void **state)
{
	struct wire_lab one = {0}, two = {0};
	struct dp_conservation books;

	(void)state;
	for (unsigned int round = 0; round < 20; round++) {
		one = two = (struct wire_lab){0};
		labs_create(&one, &two, NULL);
		for (uint16_t seq = 0; seq < 100; seq++)
			send_seq(seq % 2 == 0 ? &one : &two, seq);
		for (unsigned int turn = 0; turn < round % 5; turn++)
			wire_turn(turn % 2 == round % 2);
		wire_check();
		wire_begin();
		wire_vr_del(two.vr);
		if (round % 3 == 0) {
			wire_vr_del(one.vr);
			wire_port_del(1);
			wire_port_del(0);
		}
		wire_commit();
		books = wire_books();
		wire_check();
		wire_poll(5);
		wire_check();
		if (round % 3 == 0) {
			assert_int_equal(books.queued, 0);
			wire_flush_in();
		} else {
			wire_begin();
			wire_vr_del(one.vr);
			wire_port_del(1);
			wire_port_del(0);
			wire_commit();
		}
		wire_discard();
	}
}

/* What was handed over while its interface was there is its own still. */
static void test_handed_over_before(void **state)
{
	struct wire_lab one = {0}, two = {0};
	uint64_t gone = wire_drops(DROP_INTERFACE_GONE);

	(void)state;
	labs_create(&one, &two, NULL);
	for (uint16_t seq = 0; seq < 20; seq++)
		send_seq(&two, seq);
	wire_turn(0);
	assert_int_equal(wire_books().queued, 20);
	wire_begin();
	wire_vr_del(two.vr);
	wire_commit();
	wire_poll(3);
	for (uint16_t seq = 0; seq < 20; seq++)
		expect_seq(&two, seq);
	assert_int_equal(wire_drops(DROP_INTERFACE_GONE), gone);
}

/* The port's link goes and comes: each worker tells its own neighbours. */
static void test_link_up(void **state)
{
	struct wire_lab one = {0}, two = {0};
	uint64_t down = wire_drops(DROP_PORT_DOWN);

	(void)state;
	labs_create(&one, &two, NULL);
	wire_link_up(1, false);
	wire_run_ns(400000000, 50000000);
	for (uint16_t seq = 0; seq < 10; seq++)
		send_seq(seq % 2 == 0 ? &one : &two, seq);
	wire_poll(4);
	wire_expect_none();
	assert_int_equal(wire_drops(DROP_PORT_DOWN) - down, 10);
	wire_link_up(1, true);
	wire_run_ns(400000000, 50000000);
	for (unsigned int i = 0, seen = 0; i < 2; i++) {
		struct frame f;
		struct frame_view v;

		wire_expect_parsed(1, &f, &v);
		assert_int_equal(v.type, TYPE_ARP);
		assert_int_equal(v.arp_tip, WAN_IP);
		seen |= v.l2.vlan;
		if (i == 1)
			assert_int_equal(seen, 3);
	}
	wire_expect_none();
}

/* More than a worker keeps, for a port that nobody empties. */
static void test_tx_full(void **state)
{
	struct wire_lab one = {0}, two = {0};
	uint64_t full = wire_drops(DROP_TX_FULL) + wire_drops(DROP_HANDOVER_FULL);

	(void)state;
	labs_create(&one, &two, NULL);
	for (unsigned int i = 0; i < 3900; i += 60) {
		for (uint16_t seq = 0; seq < 60; seq++)
			send_seq(seq % 4 == 0 ? &one : &two, seq);
		wire_poll(1);
		wire_check();
	}
	wire_poll(5);
	assert_true(wire_drops(DROP_TX_FULL) + wire_drops(DROP_HANDOVER_FULL) > full);
	wire_check();
	wire_discard();
	wire_poll(20);
	assert_int_equal(wire_books().queued, 0);
}

static int start(void **state)
{
	(void)state;
	return wire_start(2, n_tx);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_placement),
		WIRE_TEST(test_hand_over),
		WIRE_TEST(test_control_packets),
		WIRE_TEST(test_shaped),
		WIRE_TEST(test_gone_on_the_way),
		WIRE_TEST(test_handed_over_before),
		WIRE_TEST(test_link_up),
		WIRE_TEST(test_tx_full),
	};

	n_tx = argc > 1 ? (unsigned int)atoi(argv[1]) : 2;
	return cmocka_run_group_tests(tests, start, wire_stop);
}
