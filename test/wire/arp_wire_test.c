/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbours: who is asked, when, how often; who is answered; and what becomes of the packets that
 * wait. */
#include <string.h>

#include "wire.h"

#define SECOND UINT64_C(1000000000)
#define C_IP UINT32_C(0x0a000132) /* 10.0.1.50: nobody knows it at first */
#define C_MAC WIRE_HOST_MAC(0xc)

static void send_to(const struct wire_lab *lab, uint32_t dst, uint16_t seq)
{
	struct frame f;

	frame_udp(&f, &lab->from_a, &(struct frame_ip){.src = A_IP, .dst = dst}, 1, seq, 20, seq);
	wire_send(0, &f);
}

/* That packet, out to MAC. */
static void expect_sent(const struct wire_lab *lab, uint32_t dst, uint16_t seq, uint64_t mac)
{
	struct frame in, want;
	struct frame_l2 l2 = lab->at_b;

	l2.dst = mac;
	frame_udp(&in, &lab->from_a, &(struct frame_ip){.src = A_IP, .dst = dst}, 1, seq, 20, seq);
	frame_forwarded(&want, &in, &l2);
	wire_expect(1, &want);
}

/* The router's request for IP on port 1, sent to MAC. */
static void expect_request(const struct wire_lab *lab, uint32_t ip, uint64_t mac)
{
	struct frame want;
	struct frame_l2 l2 = lab->at_b;

	l2.dst = mac;
	frame_arp(&want, &l2, ARP_REQUEST, WIRE_PORT_MAC(1), WAN_IP, 0, ip);
	wire_expect(1, &want);
}

static void answer(const struct wire_lab *lab, uint32_t ip, uint64_t mac)
{
	struct frame f;
	struct frame_l2 l2 = lab->from_b;

	l2.src = mac;
	frame_arp(&f, &l2, ARP_REPLY, mac, ip, WIRE_PORT_MAC(1), WAN_IP);
	wire_send(1, &f);
}

static struct dp_neigh_snap neighbor(const struct wire_lab *lab, uint32_t ip)
{
	struct dp_neigh_snap all[32];
	struct ip_addr addr = ipaddr_from_u32(ip);
	size_t n;

	assert_int_equal(dp_neighbors_get(lab->vr, all, 32, &n), 0);
	assert_in_range(n, 0, 32);
	for (size_t i = 0; i < n; i++)
		if (ipaddr_cmp(&all[i].address, &addr) == 0)
			return all[i];
	return (struct dp_neigh_snap){.iface = 0};
}

/* Requests are answered as they came: without a tag, with one, with two; a priority tag is none. */
static void test_answers(void **state)
{
	static const struct wire_iface tags[] = {
		{0}, {.vlan = 101}, {.outer = 200, .vlan = 101}, {0}};

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		struct wire_lab lab = {0};
		struct frame f, want;
		struct frame_l2 l2;

		wire_lab_create(&lab, "t/r", &tags[i], NULL);
		l2 = lab.from_a;
		if (i == 3)
			l2.vlan = 0x6000;
		for (unsigned int unicast = 0; unicast < 2; unicast++) {
			l2.dst = unicast ? WIRE_PORT_MAC(0) : MAC_ALL;
			frame_arp(&f, &l2, ARP_REQUEST, A_MAC, A_IP, 0, LAN_IP);
			frame_pad(&f, 60);
			wire_send(0, &f);
			wire_poll(1);
			frame_arp(
				&want, &lab.at_a, ARP_REPLY, WIRE_PORT_MAC(0), LAN_IP, A_MAC, A_IP);
			wire_expect(0, &want);
		}
		/* RFC 5227: a probe has no sender address; it is answered, nobody is learned. */
		frame_arp(&f, &l2, ARP_REQUEST, C_MAC, 0, 0, LAN_IP);
		wire_send(0, &f);
		wire_poll(1);
		l2 = lab.at_a;
		l2.dst = C_MAC;
		frame_arp(&want, &l2, ARP_REPLY, WIRE_PORT_MAC(0), LAN_IP, C_MAC, 0);
		wire_expect(0, &want);
		wire_expect_none();
		assert_int_equal(neighbor(&lab, 0).iface, 0);
		wire_begin();
		wire_vr_del(lab.vr);
		wire_commit();
	}
}

/* What is not answered, and counted for what it is. */
static void test_refused(void **state)
{
	static const struct {
		const char *what;
		size_t at; /* of the ARP packet: byte to be changed */
		uint8_t to;
		size_t cut; /* bytes off the end */
		enum drop_reason reason;
	} cases[] = {
		{"hardware", 1, 6, 0, DROP_ARP_MALFORMED},
		{"protocol", 2, 0x86, 0, DROP_ARP_MALFORMED},
		{"hardware length", 4, 8, 0, DROP_ARP_MALFORMED},
		{"protocol length", 5, 16, 0, DROP_ARP_MALFORMED},
		{"operation 0", 7, 0, 0, DROP_ARP_MALFORMED},
		{"operation 3", 7, 3, 0, DROP_ARP_MALFORMED},
		{"group sender", 8, 3, 0, DROP_ARP_MALFORMED},
		{"short", 0, 0, 1, DROP_ARP_MALFORMED},
		{"empty", 0, 0, 28, DROP_ARP_MALFORMED},
		{"another target", 27, 99, 0, DROP_ARP_NOT_FOR_US},
		{"a stranger", 14, 77, 0, DROP_ARP_NOT_FOR_US},
		{"our own address", 17, 1, 0, DROP_ARP_CONFLICT},
	};
	struct wire_lab lab = {0};

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t before = wire_drops(cases[i].reason);
		struct frame_l2 l2 = {MAC_ALL, C_MAC, 0, 0};
		struct frame f;

		frame_arp(&f, &l2, ARP_REQUEST, C_MAC, A_IP + 7, 0, LAN_IP);
		frame_l3(&f)[cases[i].at] = cases[i].to;
		f.len -= cases[i].cut;
		wire_send(0, &f);
		wire_poll(1);
		if (wire_discard() != 0)
			fail_msg("%s: answered", cases[i].what);
		if (wire_drops(cases[i].reason) != before + 1)
			fail_msg("%s: not dropped as %s", cases[i].what,
				dp_drop_name(cases[i].reason));
		assert_int_equal(neighbor(&lab, A_IP + 7).iface, 0);
	}
}

/* Who asks for us is learned, and needs not be asked. */
static void test_learns_who_asks(void **state)
{
	struct wire_lab lab = {0};
	struct frame f;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	frame_arp(
		&f, &(struct frame_l2){MAC_ALL, C_MAC, 0, 0}, ARP_REQUEST, C_MAC, C_IP, 0, WAN_IP);
	wire_send(1, &f);
	wire_poll(1);
	wire_discard();
	assert_int_equal(neighbor(&lab, C_IP).state, DP_NEIGH_REACHABLE);
	send_to(&lab, C_IP, 1);
	wire_poll(1);
	expect_sent(&lab, C_IP, 1, C_MAC);
	/* It moves to another MAC and says so. */
	frame_arp(&f, &(struct frame_l2){MAC_ALL, C_MAC + 1, 0, 0}, ARP_REQUEST, C_MAC + 1, C_IP, 0,
		C_IP);
	wire_send(1, &f);
	send_to(&lab, C_IP, 2);
	wire_poll(1);
	wire_discard();
	send_to(&lab, C_IP, 3);
	wire_poll(1);
	expect_sent(&lab, C_IP, 3, C_MAC + 1);
	wire_expect_none();
}

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
			send_to(&lab, C_IP, seq);
		wire_poll(1);
		expect_request(&lab, C_IP, MAC_ALL);
		wire_expect_none();
		assert_int_equal(wire_books().queued, 10);
		assert_int_equal(neighbor(&lab, C_IP).state, DP_NEIGH_INCOMPLETE);
		assert_int_equal(neighbor(&lab, C_IP).held_packets, 10);
		wire_check();
		answer(&lab, C_IP, C_MAC);
		send_to(&lab, C_IP, 10);
		wire_poll(1);
		for (uint16_t seq = 0; seq < 11; seq++)
			expect_sent(&lab, C_IP, seq, C_MAC);
		wire_expect_none();
		assert_int_equal(neighbor(&lab, C_IP).state, DP_NEIGH_REACHABLE);
		assert_int_equal(neighbor(&lab, C_IP).mac.bytes[5], 0xc);
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
		send_to(&lab, C_IP, seq);
	wire_poll(1);
	assert_int_equal(wire_books().queued, 16);
	assert_int_equal(wire_drops(DROP_NEIGHBOR_HOLD_FULL) - full, 4);
	for (uint32_t i = 1; i <= 20; i++)
		for (uint16_t seq = 0; seq < 16; seq++)
			send_to(&lab, C_IP + i, seq);
	wire_poll(6);
	assert_int_equal(wire_books().queued, 256);
	assert_int_equal(wire_drops(DROP_NEIGHBOR_HOLD_FULL) - full, 4 + 5 * 16);
	/* Another tenant's are not counted with them. */
	send_to(&other, C_IP, 1);
	wire_poll(1);
	assert_int_equal(wire_books().queued, 257);
	wire_check();
	wire_discard();
	/* Room is made by an answer. */
	answer(&lab, C_IP, C_MAC);
	wire_poll(1);
	for (uint16_t seq = 0; seq < 16; seq++)
		expect_sent(&lab, C_IP, seq, C_MAC);
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
		send_to(&lab, C_IP, seq);
	wire_poll(1);
	for (unsigned int i = 0; i < 3; i++) {
		expect_request(&lab, C_IP, MAC_ALL);
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
	assert_int_equal(neighbor(&lab, C_IP).state, DP_NEIGH_FAILED);
	send_to(&lab, C_IP, 9);
	wire_poll(1);
	wire_expect_parsed(0, &f, &v);
	assert_int_equal(v.icmp_code, 1);
	wire_expect_none();
	wire_run_ns(3 * SECOND + SECOND / 50, SECOND / 100);
	assert_int_equal(neighbor(&lab, C_IP).iface, 0);
	send_to(&lab, C_IP, 10);
	wire_poll(1);
	expect_request(&lab, C_IP, MAC_ALL);
	/* Now it answers. */
	answer(&lab, C_IP, C_MAC);
	wire_poll(1);
	expect_sent(&lab, C_IP, 10, C_MAC);
}

static void resolve(const struct wire_lab *lab)
{
	send_to(lab, C_IP, 1000);
	wire_poll(1);
	answer(lab, C_IP, C_MAC);
	wire_poll(1);
	expect_request(lab, C_IP, MAC_ALL);
	expect_sent(lab, C_IP, 1000, C_MAC);
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
	send_to(&lab, C_IP, 1);
	wire_poll(1);
	expect_sent(&lab, C_IP, 1, C_MAC);
	wire_run_ns(SECOND + SECOND / 10, SECOND / 10);
	wire_expect_none(); /* nobody is asked before there is need */
	assert_int_equal(neighbor(&lab, C_IP).state, DP_NEIGH_STALE);
	for (uint16_t seq = 2; seq < 5; seq++)
		send_to(&lab, C_IP, seq);
	wire_poll(1);
	expect_request(&lab, C_IP, C_MAC);
	for (uint16_t seq = 2; seq < 5; seq++)
		expect_sent(&lab, C_IP, seq, C_MAC);
	assert_int_equal(neighbor(&lab, C_IP).state, DP_NEIGH_PROBE);
	answer(&lab, C_IP, C_MAC);
	wire_poll(1);
	assert_int_equal(neighbor(&lab, C_IP).state, DP_NEIGH_REACHABLE);
	assert_in_range(neighbor(&lab, C_IP).age_ns, 0, 1000);
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
	send_to(&lab, C_IP, 1);
	wire_poll(1);
	expect_request(&lab, C_IP, C_MAC);
	expect_sent(&lab, C_IP, 1, C_MAC);
	for (unsigned int i = 0; i < 2; i++) {
		wire_run_ns(SECOND + SECOND / 100, SECOND / 100);
		expect_request(&lab, C_IP, C_MAC);
	}
	wire_run_ns(SECOND + SECOND / 100, SECOND / 100);
	expect_request(&lab, C_IP, MAC_ALL);
	send_to(&lab, C_IP, 2);
	wire_poll(1);
	wire_expect_none();
	assert_int_equal(wire_books().queued, 1);
	/* It has moved, and answers now. */
	answer(&lab, C_IP, C_MAC + 5);
	wire_poll(1);
	expect_sent(&lab, C_IP, 2, C_MAC + 5);
	wire_expect_none();
	wire_run_ns(31 * SECOND, SECOND / 10);
	send_to(&lab, C_IP, 3);
	wire_run_ns(8 * SECOND, SECOND / 10);
	assert_int_equal(neighbor(&lab, C_IP).state, DP_NEIGH_FAILED);
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
	assert_int_equal(neighbor(&lab, C_IP).state, DP_NEIGH_STALE);
	wire_run_ns(3 * SECOND, SECOND);
	assert_int_equal(neighbor(&lab, C_IP).iface, 0);
	wire_expect_none();
	/* What is configured stays, unconfirmed. */
	assert_int_equal(neighbor(&lab, B_IP).state, DP_NEIGH_PERMANENT);
	send_to(&lab, B_IP, 1);
	wire_poll(1);
	expect_sent(&lab, B_IP, 1, B_MAC);
	wire_expect_none();
}

static void expect_announcement(unsigned int port, uint32_t ip, uint16_t vlan)
{
	struct frame want;

	frame_arp(&want, &(struct frame_l2){MAC_ALL, WIRE_PORT_MAC(port), 0, vlan}, ARP_REQUEST,
		WIRE_PORT_MAC(port), ip, 0, ip);
	wire_expect(port, &want);
}

/* RFC 5227 announcements: an interface comes up, a link comes up, a router is started. */
static void test_announcements(void **state)
{
	struct wire_lab lab = {0};
	dp_iface_id iface;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	wire_begin();
	iface = wire_iface_add(lab.vr,
		&(struct wire_iface){
			.vlan = 5, .address = "10.5.0.1/24", .address2 = "10.6.0.1/24"});
	wire_commit();
	wire_poll(1);
	expect_announcement(0, frame_addr("10.5.0.1"), 5);
	expect_announcement(0, frame_addr("10.6.0.1"), 5);
	wire_expect_none();
	wire_begin();
	wire_iface_del(iface);
	wire_commit();
	wire_link_up(0, false);
	wire_run_ns(SECOND, SECOND / 20);
	wire_expect_none();
	wire_link_up(0, true);
	wire_run_ns(SECOND, SECOND / 20);
	expect_announcement(0, LAN_IP, 0);
	wire_expect_none();
	assert_int_equal(dp_vr_set_state(lab.vr, DP_VR_STOPPED), 0);
	wire_poll(2);
	wire_link_up(0, false);
	wire_run_ns(SECOND, SECOND / 20);
	wire_link_up(0, true);
	wire_run_ns(SECOND, SECOND / 20);
	wire_expect_none();
	assert_int_equal(dp_vr_set_state(lab.vr, DP_VR_RUNNING), 0);
	wire_poll(1);
	expect_announcement(0, LAN_IP, 0);
	expect_announcement(1, WAN_IP, 0);
	wire_expect_none();
}

/* An on-link route beyond the interface's own networks: its neighbours are asked, heard, answered.
 */
static void test_on_link_route(void **state)
{
	struct wire_lab lab = {0};
	uint32_t far = frame_addr("10.50.3.4");
	struct dp_route_spec route;
	struct frame f, want;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	route = wire_route("10.50.0.0/16", NULL, lab.wan);
	assert_int_equal(dp_route_add(lab.vr, &route, wire_err()), 0);
	send_to(&lab, far, 1);
	wire_poll(1);
	expect_request(&lab, far, MAC_ALL);
	answer(&lab, far, C_MAC);
	wire_poll(1);
	expect_sent(&lab, far, 1, C_MAC);
	frame_arp(&f, &lab.from_b, ARP_REQUEST, C_MAC + 1, far + 1, 0, WAN_IP);
	wire_send(1, &f);
	wire_poll(1);
	frame_arp(&want, &(struct frame_l2){C_MAC + 1, WIRE_PORT_MAC(1), 0, 0}, ARP_REPLY,
		WIRE_PORT_MAC(1), WAN_IP, C_MAC + 1, far + 1);
	wire_expect(1, &want);
	/* Whose route is elsewhere is not believed. */
	frame_arp(&f, &lab.from_a, ARP_REQUEST, C_MAC, far, 0, LAN_IP);
	wire_send(0, &f);
	wire_poll(1);
	wire_expect_none();
	assert_int_equal(neighbor(&lab, far).iface, lab.wan);
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
	send_to(&lab, C_IP, 1);
	send_to(&lab, UINT32_C(0x0a3c0001), 2);
	send_to(&lab, C_IP + 1, 3); /* takes a learned neighbour's place in the table */
	send_to(&lab, C_IP, 4);
	wire_poll(1);
	expect_request(&lab, C_IP + 1, MAC_ALL);
	expect_sent(&lab, C_IP, 1, C_MAC);
	expect_sent(&lab, UINT32_C(0x0a3c0001), 2, C_MAC);
	expect_sent(&lab, C_IP, 4, C_MAC);
	wire_expect_none();
	/* The route goes, the neighbour is asked anew. */
	assert_int_equal(dp_route_del(lab.vr, &route.to, wire_err()), 0);
	send_to(&lab, C_IP, 5);
	wire_poll(1);
	expect_request(&lab, C_IP, MAC_ALL);
	answer(&lab, C_IP, C_MAC);
	wire_poll(1);
	expect_sent(&lab, C_IP, 5, C_MAC);
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
	send_to(&lab, dst, 1);
	send_to(&lab, C_IP, 2);
	wire_poll(1);
	expect_request(&lab, C_IP, MAC_ALL);
	wire_expect_none();
	answer(&lab, C_IP, C_MAC);
	wire_poll(1);
	expect_sent(&lab, dst, 1, C_MAC);
	expect_sent(&lab, C_IP, 2, C_MAC);
	route = wire_route("10.60.0.0/16", "10.0.1.51", lab.wan);
	assert_int_equal(dp_route_add(lab.vr, &route, wire_err()), 0);
	send_to(&lab, dst, 3);
	wire_poll(1);
	expect_request(&lab, C_IP + 1, MAC_ALL);
	assert_int_equal(wire_books().queued, 1);
	assert_int_equal(dp_route_del(lab.vr, &route.to, wire_err()), 0);
	assert_int_equal(wire_books().queued, 0);
	assert_int_equal(wire_drops(DROP_INTERFACE_GONE) - gone, 1);
	answer(&lab, C_IP + 1, C_MAC);
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
	expect_request(&lab, C_IP, MAC_ALL);
	assert_int_equal(wire_books().originated_queued, 1);
	wire_check();
	answer(&lab, C_IP, C_MAC);
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
		WIRE_TEST(test_answers),
		WIRE_TEST(test_refused),
		WIRE_TEST(test_learns_who_asks),
		WIRE_TEST(test_resolution),
		WIRE_TEST(test_order_behind_the_answer),
		WIRE_TEST(test_hold_limits),
		WIRE_TEST(test_failure),
		WIRE_TEST(test_refresh),
		WIRE_TEST(test_refresh_fails),
		WIRE_TEST(test_ageing),
		WIRE_TEST(test_announcements),
		WIRE_TEST(test_on_link_route),
		WIRE_TEST(test_gateway_was_neighbor),
		WIRE_TEST(test_gateway_resolution),
		WIRE_TEST(test_originated_wait),
	};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
