/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP as others see it: who is answered, who is believed, what is announced. */
#include <string.h>

#include "peer.h"

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
		assert_int_equal(peer_state(&lab, 0).iface, 0);
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
		{"group sender", 8, 3, 0, DROP_ARP_GROUP_MAC},
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
		assert_int_equal(peer_state(&lab, A_IP + 7).iface, 0);
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
	assert_int_equal(peer_state(&lab, C_IP).state, DP_NEIGH_REACHABLE);
	peer_send(&lab, C_IP, 1);
	wire_poll(1);
	peer_expect(&lab, C_IP, 1, C_MAC);
	/* It moves to another MAC and says so. */
	frame_arp(&f, &(struct frame_l2){MAC_ALL, C_MAC + 1, 0, 0}, ARP_REQUEST, C_MAC + 1, C_IP, 0,
		C_IP);
	wire_send(1, &f);
	peer_send(&lab, C_IP, 2);
	wire_poll(1);
	wire_discard();
	peer_send(&lab, C_IP, 3);
	wire_poll(1);
	peer_expect(&lab, C_IP, 3, C_MAC + 1);
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
	peer_send(&lab, far, 1);
	wire_poll(1);
	peer_expect_request(&lab, far, MAC_ALL);
	peer_answer(&lab, far, C_MAC);
	wire_poll(1);
	peer_expect(&lab, far, 1, C_MAC);
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
	assert_int_equal(peer_state(&lab, far).iface, lab.wan);
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
		WIRE_TEST(test_announcements),
		WIRE_TEST(test_on_link_route),
	};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
