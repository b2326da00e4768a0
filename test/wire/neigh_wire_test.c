/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a neighbour: when it is asked and how often, and what becomes of the packets that
 * wait.
 */
#include <string.h>

#include "peer.h"

/* Packets wait for the answer, and go in order, before any that come later. */
static void test_resolution(void **state)
{
	static const struct wire_iface tags[] = {{0}, {.vlan = 101}, {.outer = 200, .vlan = 101}};

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		struct wire_lab lab = {0};
		struct dp_vr_stats stats;

		wire_lab_create(&lab, "t/r", NULL, &tags[i]);
		for (uint16_t seq = 0; seq < 10; seq++)
			peer_send(&lab, C_IP, seq);
		wire_poll(1);
		peer_expect_request(&lab, C_IP, MAC_ALL);
		wire_expect_none();
		assert_int_equal(wire_books().queued, 10);
		assert_int_equal(peer_state(&lab, C_IP).state, DP_NEIGH_INCOMPLETE);
		assert_int_equal(peer_state(&lab, C_IP).held_packets, 10);
		wire_check();
		peer_answer(&lab, C_IP, C_MAC);
		peer_send(&lab, C_IP, 10);
		wire_poll(1);
		for (uint16_t seq = 0; seq < 11; seq++)
			peer_expect(&lab, C_IP, seq, C_MAC);
		wire_expect_none();
		assert_int_equal(peer_state(&lab, C_IP).state, DP_NEIGH_REACHABLE);
		assert_int_equal(peer_state(&lab, C_IP).mac.bytes[5], 0xc);
		assert_int_equal(dp_vr_stats_get(lab.vr, &stats), 0);
		assert_int_equal(stats.neighbors, 3);
		wire_begin();
		wire_vr_del(lab.vr);
		wire_commit();
	}
}

/* The answer and more packets for the same neighbour in one burst, on one port. */
static void test_order_behind_the_answer(void **state)
{
	struct wire_lab lab = {0};
	struct frame f, want;
	uint32_t dst = A_IP + 40;
	struct frame_l2 to_c = {C_MAC, WIRE_PORT_MAC(0), 0, 0};

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	for (uint16_t seq = 0; seq < 20; seq++) {
		frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = dst}, 1, seq, 20,
			seq);
		wire_send(0, &f);
		if (seq == 9) {
			wire_poll(1);
			wire_discard();
			frame_arp(&f, &lab.from_a, ARP_REPLY, C_MAC, dst, WIRE_PORT_MAC(0), LAN_IP);
			wire_send(0, &f);
		}
	}
	wire_poll(1);
	for (uint16_t seq = 0; seq < 20; seq++) {
		frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = dst}, 1, seq, 20,
			seq);
		frame_forwarded(&want, &f, &to_c);
		wire_expect(0, &want);
	}
}

/* 16 packets wait for one neighbour, 256 for all of a router. */
static void test_hold_limits(void **state)
{
	struct wire_lab lab = {0}, other = {0};
	uint64_t full = wire_drops(DROP_NEIGHBOR_HOLD_FULL);

	(void)state;
	wire_lab_create(
		&lab, "t1/r", &(struct wire_iface){.vlan = 1}, &(struct wire_iface){.vlan = 1});
	wire_lab_create(
		&other, "t2/r", &(struct wire_iface){.vlan = 2}, &(struct wire_iface){.vlan = 2});
	for (uint16_t seq = 0; seq < 20; seq++)
		peer_send(&lab, C_IP, seq);
	wire_poll(1);
	assert_int_equal(wire_books().queued, 16);
	assert_int_equal(wire_drops(DROP_NEIGHBOR_HOLD_FULL) - full, 4);
	for (uint32_t i = 1; i <= 20; i++)
		for (uint16_t seq = 0; seq < 16; seq++)
			peer_send(&lab, C_IP + i, seq);
	wire_poll(30);
	assert_int_equal(wire_books().queued, 256);
	assert_int_equal(wire_drops(DROP_NEIGHBOR_HOLD_FULL) - full, 4 + 5 * 16);
	/* Another tenant's are not counted with them. */
	peer_send(&other, C_IP, 1);
	wire_poll(1);
	assert_int_equal(wire_books().queued, 257);
	wire_check();
	wire_discard();
	/* Room is made by an answer. */
	peer_answer(&lab, C_IP, C_MAC);
	wire_poll(1);
	for (uint16_t seq = 0; seq < 16; seq++)
		peer_expect(&lab, C_IP, seq, C_MAC);
	assert_int_equal(wire_books().queued, 241);
}

/* Three requests a second apart; then host unreachable for each packet that waited, and for a while
 * for all that come. Then it is asked again. */
static void test_failure(void **state)
{
	struct wire_lab lab = {0};
	struct frame f, sent;
	struct frame_view v;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	for (uint16_t seq = 0; seq < 3; seq++)
		peer_send(&lab, C_IP, seq);
	wire_poll(1);
	for (unsigned int i = 0; i < 3; i++) {
		peer_expect_request(&lab, C_IP, MAC_ALL);
		wire_expect_none();
		wire_run_ns(i == 0 ? SECOND / 20 * 19 : SECOND / 20 * 18, SECOND / 100);
		wire_expect_none();
		wire_run_ns(SECOND / 10, SECOND / 100);
	}
	for (uint16_t seq = 0; seq < 3; seq++) {
		wire_expect_parsed(0, &f, &v);
		assert_int_equal(v.icmp_type, 3);
		assert_int_equal(v.icmp_code, 1);
		assert_int_equal(v.ip.src, LAN_IP);
		frame_udp(&sent, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = C_IP}, 1, seq,
			20, seq);
		assert_memory_equal(v.payload + 8, frame_l3(&sent), 48);
	}
	wire_expect_none();
	assert_int_equal(wire_books().queued, 0);
	assert_int_equal(peer_state(&lab, C_IP).state, DP_NEIGH_FAILED);
	peer_send(&lab, C_IP, 9);
	wire_poll(1);
	wire_expect_parsed(0, &f, &v);
	assert_int_equal(v.icmp_code, 1);
	wire_expect_none();
	wire_run_ns(3 * SECOND + SECOND / 50, SECOND / 100);
	assert_int_equal(peer_state(&lab, C_IP).iface, 0);
	peer_send(&lab, C_IP, 10);
	wire_poll(1);
	peer_expect_request(&lab, C_IP, MAC_ALL);
	/* Now it answers. */
	peer_answer(&lab, C_IP, C_MAC);
	wire_poll(1);
	peer_expect(&lab, C_IP, 10, C_MAC);
}

static void resolve(const struct wire_lab *lab)
{
	peer_send(lab, C_IP, 1000);
	wire_poll(1);
	peer_answer(lab, C_IP, C_MAC);
	wire_poll(1);
	peer_expect_request(lab, C_IP, MAC_ALL);
	peer_expect(lab, C_IP, 1000, C_MAC);
	wire_expect_none();
}

/* After 30 s the next packet asks again, with the old MAC at work; an answer renews it. */
static void test_refresh(void **state)
{
	struct wire_lab lab = {0};

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	resolve(&lab);
	wire_run_ns(29 * SECOND, SECOND / 10);
	peer_send(&lab, C_IP, 1);
	wire_poll(1);
	peer_expect(&lab, C_IP, 1, C_MAC);
	wire_run_ns(SECOND + SECOND / 10, SECOND / 10);
	wire_expect_none(); /* nobody is asked before there is need */
	assert_int_equal(peer_state(&lab, C_IP).state, DP_NEIGH_STALE);
	for (uint16_t seq = 2; seq < 5; seq++)
		peer_send(&lab, C_IP, seq);
	wire_poll(1);
	peer_expect_request(&lab, C_IP, C_MAC);
	for (uint16_t seq = 2; seq < 5; seq++)
		peer_expect(&lab, C_IP, seq, C_MAC);
	assert_int_equal(peer_state(&lab, C_IP).state, DP_NEIGH_PROBE);
	peer_answer(&lab, C_IP, C_MAC);
	wire_poll(1);
	assert_int_equal(peer_state(&lab, C_IP).state, DP_NEIGH_REACHABLE);
	assert_in_range(peer_state(&lab, C_IP).age_ns, 0, 1000);
	wire_run_ns(29 * SECOND, SECOND / 10);
	wire_expect_none();
}

/* No answer to three requests to its MAC, then none to three to all: given up. Packets pass during
 * the first, wait during the second. */
static void test_refresh_fails(void **state)
{
	struct wire_lab lab = {0};

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	resolve(&lab);
	wire_run_ns(31 * SECOND, SECOND / 10);
	peer_send(&lab, C_IP, 1);
	wire_poll(1);
	peer_expect_request(&lab, C_IP, C_MAC);
	peer_expect(&lab, C_IP, 1, C_MAC);
	for (unsigned int i = 0; i < 2; i++) {
		wire_run_ns(SECOND + SECOND / 100, SECOND / 100);
		peer_expect_request(&lab, C_IP, C_MAC);
	}
	wire_run_ns(SECOND + SECOND / 100, SECOND / 100);
	peer_expect_request(&lab, C_IP, MAC_ALL);
	peer_send(&lab, C_IP, 2);
	wire_poll(1);
	wire_expect_none();
	assert_int_equal(wire_books().queued, 1);
	/* It has moved, and answers now. */
	peer_answer(&lab, C_IP, C_MAC + 5);
	wire_poll(1);
	peer_expect(&lab, C_IP, 2, C_MAC + 5);
	wire_expect_none();
	wire_run_ns(31 * SECOND, SECOND / 10);
	peer_send(&lab, C_IP, 3);
	wire_run_ns(8 * SECOND, SECOND / 10);
	assert_int_equal(peer_state(&lab, C_IP).state, DP_NEIGH_FAILED);
	assert_int_equal(wire_discard(), 1 + 6);
	assert_int_equal(wire_books().queued, 0);
}

/* Not used any more: forgotten after two minutes. */
static void test_ageing(void **state)
{
	struct wire_lab lab = {0};

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	resolve(&lab);
	wire_run_ns(149 * SECOND, SECOND);
	assert_int_equal(peer_state(&lab, C_IP).state, DP_NEIGH_STALE);
	wire_run_ns(3 * SECOND, SECOND);
	assert_int_equal(peer_state(&lab, C_IP).iface, 0);
	wire_expect_none();
	/* What is configured stays, unconfirmed. */
	assert_int_equal(peer_state(&lab, B_IP).state, DP_NEIGH_PERMANENT);
	peer_send(&lab, B_IP, 1);
	wire_poll(1);
	peer_expect(&lab, B_IP, 1, B_MAC);
	wire_expect_none();
}

/* A gateway that has been learned as a neighbour before; its route comes into use in the same burst
 * in which the neighbour itself is. */
static void test_gateway_was_neighbor(void **state)
{
	struct wire_lab lab = {0};
	struct dp_route_spec route;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	resolve(&lab);
	route = wire_route("10.60.0.0/16", "10.0.1.50", lab.wan);
	assert_int_equal(dp_route_add(lab.vr, &route, wire_err()), 0);
	peer_send(&lab, C_IP, 1);
	peer_send(&lab, UINT32_C(0x0a3c0001), 2);
	peer_send(&lab, C_IP + 1, 3); /* takes a learned neighbour's place in the table */
	peer_send(&lab, C_IP, 4);
	wire_poll(1);
	peer_expect_request(&lab, C_IP + 1, MAC_ALL);
	peer_expect(&lab, C_IP, 1, C_MAC);
	peer_expect(&lab, UINT32_C(0x0a3c0001), 2, C_MAC);
	peer_expect(&lab, C_IP, 4, C_MAC);
	wire_expect_none();
	/* The route goes, the neighbour is asked anew. */
	assert_int_equal(dp_route_del(lab.vr, &route.to, wire_err()), 0);
	peer_send(&lab, C_IP, 5);
	wire_poll(1);
	peer_expect_request(&lab, C_IP, MAC_ALL);
	peer_answer(&lab, C_IP, C_MAC);
	wire_poll(1);
	peer_expect(&lab, C_IP, 5, C_MAC);
}

/* An unresolved gateway's packets wait; they go with its route, counted. */
static void test_gateway_resolution(void **state)
{
	struct wire_lab lab = {0};
	struct dp_route_spec route;
	uint64_t gone = wire_drops(DROP_INTERFACE_GONE);
	uint32_t dst = UINT32_C(0x0a3c0001);

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	route = wire_route("10.60.0.0/16", "10.0.1.50", lab.wan);
	assert_int_equal(dp_route_add(lab.vr, &route, wire_err()), 0);
	peer_send(&lab, dst, 1);
	peer_send(&lab, C_IP, 2);
	wire_poll(1);
	peer_expect_request(&lab, C_IP, MAC_ALL);
	wire_expect_none();
	peer_answer(&lab, C_IP, C_MAC);
	wire_poll(1);
	peer_expect(&lab, dst, 1, C_MAC);
	peer_expect(&lab, C_IP, 2, C_MAC);
	route = wire_route("10.60.0.0/16", "10.0.1.51", lab.wan);
	assert_int_equal(dp_route_add(lab.vr, &route, wire_err()), 0);
	peer_send(&lab, dst, 3);
	wire_poll(1);
	peer_expect_request(&lab, C_IP + 1, MAC_ALL);
	assert_int_equal(wire_books().queued, 1);
	assert_int_equal(dp_route_del(lab.vr, &route.to, wire_err()), 0);
	assert_int_equal(wire_books().queued, 0);
	assert_int_equal(wire_drops(DROP_INTERFACE_GONE) - gone, 1);
	peer_answer(&lab, C_IP + 1, C_MAC);
	wire_poll(1);
	wire_expect_none();
}

/* The router's own packets wait for their neighbour as well. */
static void test_originated_wait(void **state)
{
	struct wire_lab lab = {0};
	struct frame f;
	struct frame_view v;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	frame_echo(&f, &lab.from_b, &(struct frame_ip){.src = C_IP, .dst = WAN_IP}, 8, 5, 6, 30, 7);
	wire_send(1, &f);
	wire_poll(1);
	peer_expect_request(&lab, C_IP, MAC_ALL);
	assert_int_equal(wire_books().originated_queued, 1);
	wire_check();
	peer_answer(&lab, C_IP, C_MAC);
	wire_poll(1);
	wire_expect_parsed(1, &f, &v);
	assert_int_equal(v.icmp_type, 0);
	assert_int_equal(v.l2.dst, C_MAC);
	wire_send(1, &f); /* not ours: to another MAC */
	wire_poll(1);
	wire_expect_none();
}

static int start(void **state)
{
	(void)state;
	return wire_start(1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_resolution),
		WIRE_TEST(test_order_behind_the_answer),
		WIRE_TEST(test_hold_limits),
		WIRE_TEST(test_failure),
		WIRE_TEST(test_refresh),
		WIRE_TEST(test_refresh_fails),
		WIRE_TEST(test_ageing),
		WIRE_TEST(test_gateway_was_neighbor),
		WIRE_TEST(test_gateway_resolution),
		WIRE_TEST(test_originated_wait),
	};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
