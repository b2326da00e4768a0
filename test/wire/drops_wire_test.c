/* SPDX-License-Identifier: BSD-3-Clause */
/* Each reason for a drop, at least once, by what it says of itself; nothing else is counted then.
 */
#include <string.h>

#include "drops6.h"
#include "drops_guard.h"
#include "drops_tunnel.h"
#include "wire.h"

#define C_IP (B_IP + 48)

static struct wire_lab lab;

static void send_frame(unsigned int port, const struct frame *f)
{
	wire_send(port, f);
	wire_poll(1);
}

/* A packet from A with this header, of 100 bytes. */
static void send_ip(const struct frame_ip *ip)
{
	struct frame f;

	frame_udp(&f, &lab.from_a, ip, 1, 2, 72, 1);
	send_frame(0, &f);
}

static void send_to(uint32_t dst)
{
	send_ip(&(struct frame_ip){.src = A_IP, .dst = dst});
}

static void send_from(uint32_t src)
{
	send_ip(&(struct frame_ip){.src = src, .dst = B_IP});
}

/* The same, with one byte of the IPv4 header changed; FIX: and the checksum made right. */
static void send_changed(size_t at, uint8_t to, bool fix)
{
	struct frame f;

	frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 72, 1);
	frame_l3(&f)[at] = to;
	if (fix)
		frame_ip4_fix(&f);
	send_frame(0, &f);
}

static void send_type(uint16_t type)
{
	static const uint8_t data[60] = {0x60};
	struct frame f;

	frame_raw(&f, &lab.from_a, type, data, sizeof(data));
	send_frame(0, &f);
}

static void send_l2(struct frame_l2 l2)
{
	struct frame f;

	frame_udp(&f, &l2, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 72, 1);
	send_frame(0, &f);
}

static void send_arp(uint16_t op, uint32_t sip, uint32_t tip)
{
	struct frame f;

	frame_arp(&f, &lab.from_a, op, A_MAC, sip, 0, tip);
	send_frame(0, &f);
}

static void link_set(uint64_t rate_bps)
{
	struct dp_link_spec link = wire_link(rate_bps, 1, 100000, 1);

	if (rate_bps == 0)
		link = (struct dp_link_spec){0};
	assert_int_equal(dp_links_set(&lab.wan, &link, 1, wire_err()), 0);
}

/* ---- one function a reason ---- */

static void make_runt(void)
{
	struct frame f;

	frame_raw(&f, &lab.from_a, TYPE_IP4, NULL, 0);
	f.len = 13;
	send_frame(0, &f);
}

static void make_no_untagged(void)
{
	struct frame f;

	frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 72, 1);
	send_frame(2, &f);
}

static void make_unknown_vlan(void)
{
	struct frame_l2 l2 = lab.from_a;

	l2.vlan = 55;
	send_l2(l2);
}

static void make_other_mac(void)
{
	struct frame_l2 l2 = lab.from_a;

	l2.dst++;
	send_l2(l2);
}

static void make_unknown_ethertype(void)
{
	send_type(0x88cc);
}

static void make_ip6_disabled(void)
{
	send_type(TYPE_IP6);
}

static void make_vr_down(void)
{
	assert_int_equal(dp_vr_set_state(lab.vr, DP_VR_SUSPENDED), 0);
	send_to(B_IP);
	assert_int_equal(dp_vr_set_state(lab.vr, DP_VR_RUNNING), 0);
}

static void make_arp_malformed(void)
{
	send_arp(9, A_IP, LAN_IP);
}

static void make_arp_conflict(void)
{
	send_arp(ARP_REQUEST, LAN_IP, LAN_IP);
}

static void make_arp_not_for_us(void)
{
	send_arp(ARP_REQUEST, A_IP + 5, A_IP + 6);
}

static void make_ip4_length(void)
{
	send_changed(2, 0xff, true);
}

static void make_ip4_header(void)
{
	send_changed(0, 0x65, true);
}

static void make_ip4_checksum(void)
{
	send_changed(10, 0, false);
}

static void make_ip4_options(void)
{
	static const uint8_t too_long[8] = {7, 9, 4};

	send_ip(&(struct frame_ip){
		.src = A_IP, .dst = B_IP, .options = too_long, .options_len = 8});
}

static void make_ip4_martian_source(void)
{
	send_from(frame_addr("127.0.0.1"));
}

static void make_ip4_martian_destination(void)
{
	send_to(frame_addr("127.0.0.1"));
}

static void make_multicast(void)
{
	send_to(frame_addr("224.1.2.3"));
}

static void make_directed_broadcast(void)
{
	send_to(frame_addr("10.0.1.255"));
}

static void make_l2_broadcast(void)
{
	struct frame_l2 l2 = lab.from_a;

	l2.dst = MAC_ALL;
	send_l2(l2);
}

static void make_rpf(void)
{
	drops_guard_make(&lab, DROP_RPF);
}

static void make_filter_in(void)
{
	drops_guard_make(&lab, DROP_FILTER_IN);
}

static void make_filter_out(void)
{
	drops_guard_make(&lab, DROP_FILTER_OUT);
}

static void make_no_route(void)
{
	send_to(frame_addr("9.9.9.9"));
}

static void make_blackhole(void)
{
	send_to(frame_addr("10.8.0.1"));
}

static void make_ttl_expired(void)
{
	send_ip(&(struct frame_ip){.src = A_IP, .dst = B_IP, .ttl = 1});
}

static void make_mtu_exceeded(void)
{
	struct frame f;

	frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP, .frag = FRAME_DF},
		1, 2, 1473, 1);
	send_frame(0, &f);
}

static void make_fragment_failed(void)
{
	struct frame f;

	wire_bufs_take();
	frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 1473, 1);
	send_frame(0, &f);
	wire_bufs_return();
}

static void make_neighbor_hold_full(void)
{
	for (unsigned int i = 0; i < 17; i++)
		send_to(C_IP);
}

static void make_neighbor_failed(void)
{
	send_to(C_IP);
	wire_run_ns(UINT64_C(3500000000), 100000000);
}

/* 8192 learned neighbours, each of which says that it is there. */
static void make_neighbor_table_full(void)
{
	struct dp_route_spec route = wire_route("10.40.0.0/16", NULL, lab.wan);
	struct frame f;

	assert_int_equal(dp_route_add(lab.vr, &route, wire_err()), 0);
	for (uint32_t i = 0; i < 8192; i++) {
		frame_arp(&f, &lab.from_b, ARP_REQUEST, B_MAC, UINT32_C(0x0a280000) + i, 0, WAN_IP);
		wire_send(1, &f);
		if (i % 64 == 63) {
			wire_advance_ns(10000000);
			wire_poll(1);
			wire_discard();
		}
	}
	assert_int_equal(wire_drops(DROP_NEIGHBOR_TABLE_FULL), 0);
	send_to(UINT32_C(0x0a28f000));
	/* Who is known is still reached. */
	wire_discard();
	send_to(UINT32_C(0x0a280000));
	assert_true(wire_recv(1, &f));
}

static void make_no_protocol(void)
{
	send_ip(&(struct frame_ip){.src = A_IP, .dst = LAN_IP, .proto = 47});
}

static void make_no_port(void)
{
	send_to(LAN_IP);
}

static void make_local_fragment(void)
{
	send_ip(&(struct frame_ip){.src = A_IP, .dst = LAN_IP, .frag = FRAME_MF});
}

static void make_local_malformed(void)
{
	struct frame f;

	frame_echo(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = LAN_IP}, 8, 1, 2, 30, 1);
	f.data[f.len - 1] ^= 1;
	send_frame(0, &f);
}

static void make_link_queue_full(void)
{
	link_set(64000);
	for (unsigned int i = 0; i < 3; i++)
		send_to(B_IP);
	link_set(0);
	wire_poll(1);
}

static void make_input_queue_full(void)
{
	wire_flood_input(&lab);
}

static void make_punt_limited(void)
{
	wire_flood_punts(&lab);
}

static void make_link_policed(void)
{
	struct dp_link_spec link = wire_link(64000, 1, 100000, 100);

	link.at = DP_AT_INGRESS;
	assert_int_equal(dp_links_set(&lab.wan, &link, 1, wire_err()), 0);
	send_to(B_IP);
	send_to(B_IP);
}

/* The port is slow, and half of what best effort may hold there is one router's. */
static void make_port_queue_full(void)
{
	struct dp_port_spec port = {.name = "p1", .mtu = 1500, .capacity_bps = 1000000};

	wire_begin();
	assert_int_equal(dp_txn_port_set(wire_txn(), wire_port_id(1), &port, wire_err()), 0);
	wire_commit();
	for (unsigned int i = 0; wire_drops(DROP_PORT_QUEUE_FULL) == 0; i++) {
		assert_in_range(i, 0, 600);
		send_to(B_IP);
	}
	wire_discard();
}

static void make_interface_gone(void)
{
	dp_vr_id vr;
	dp_iface_id iface;
	struct frame f;

	wire_begin();
	vr = wire_vr_add("t2/r", "s0");
	iface = wire_iface_add(
		vr, &(struct wire_iface){.port = 2, .vlan = 9, .address = "10.0.0.1/24"});
	wire_commit();
	frame_udp(&f, &(struct frame_l2){WIRE_PORT_MAC(2), A_MAC, 0, 9},
		&(struct frame_ip){.src = A_IP, .dst = A_IP + 1}, 1, 2, 3, 4);
	send_frame(2, &f);
	wire_begin();
	wire_iface_del(iface);
	wire_commit();
	wire_begin();
	wire_vr_del(vr);
	wire_commit();
}

/* Nobody takes from the port: its ring fills, then what the worker keeps. */
static void make_tx_full(void)
{
	struct frame f;

	frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 72, 1);
	for (unsigned int i = 0; wire_drops(DROP_TX_FULL) == 0; i++) {
		assert_in_range(i, 0, 1000);
		for (unsigned int j = 0; j < 64; j++)
			wire_send(0, &f);
		wire_poll(1);
	}
	assert_int_equal(wire_books().queued, 512);
	wire_check();
	wire_discard();
	wire_poll(1);
	assert_int_equal(wire_books().queued, 0);
	assert_int_equal(wire_discard(), 512);
}

static void make_port_down(void)
{
	wire_link_up(1, false);
	wire_run_ns(200000000, 100000000);
	send_to(B_IP);
	wire_link_up(1, true);
	wire_run_ns(200000000, 100000000);
}

/* Worker 1's router has interfaces on ports that worker 0 polls; worker 1 does not look. */
static void make_handover_full(void)
{
	struct frame f;
	dp_vr_id vr;

	wire_begin();
	vr = wire_vr_add("t3/r", "s1");
	wire_iface_add(vr, &(struct wire_iface){.vlan = 30, .address = "10.0.0.1/24"});
	wire_commit();
	frame_udp(&f, &(struct frame_l2){WIRE_PORT_MAC(0), A_MAC, 0, 30},
		&(struct frame_ip){.src = A_IP, .dst = frame_addr("9.9.9.9")}, 1, 2, 3, 4);
	for (unsigned int i = 0; i < 1024 + 1; i++) {
		wire_send(0, &f);
		if (i % 64 == 63)
			wire_turn(0);
	}
	wire_turn(0);
	wire_check();
	assert_int_equal(wire_books().queued, 1024);
	wire_poll(1024 / 64);
	assert_int_equal(wire_books().queued, 0);
}

static const struct {
	void (*make)(void);
	bool also; /* other reasons come with it */
} makers[DROP_REASON_COUNT] = {
	[DROP_RUNT] = {make_runt},
	[DROP_NO_UNTAGGED] = {make_no_untagged},
	[DROP_UNKNOWN_VLAN] = {make_unknown_vlan},
	[DROP_HANDOVER_FULL] = {make_handover_full, true},
	[DROP_OTHER_MAC] = {make_other_mac},
	[DROP_UNKNOWN_ETHERTYPE] = {make_unknown_ethertype},
	[DROP_IP6_DISABLED] = {make_ip6_disabled},
	[DROP_VR_DOWN] = {make_vr_down},
	[DROP_ARP_MALFORMED] = {make_arp_malformed},
	[DROP_ARP_CONFLICT] = {make_arp_conflict},
	[DROP_ARP_NOT_FOR_US] = {make_arp_not_for_us},
	[DROP_IP4_LENGTH] = {make_ip4_length},
	[DROP_IP4_HEADER] = {make_ip4_header},
	[DROP_IP4_CHECKSUM] = {make_ip4_checksum},
	[DROP_IP4_OPTIONS] = {make_ip4_options},
	[DROP_IP4_MARTIAN_SOURCE] = {make_ip4_martian_source},
	[DROP_IP4_MARTIAN_DESTINATION] = {make_ip4_martian_destination},
	[DROP_MULTICAST] = {make_multicast},
	[DROP_DIRECTED_BROADCAST] = {make_directed_broadcast},
	[DROP_L2_BROADCAST] = {make_l2_broadcast},
	[DROP_PUNT_LIMITED] = {make_punt_limited},
	[DROP_INPUT_QUEUE_FULL] = {make_input_queue_full},
	[DROP_RPF] = {make_rpf},
	[DROP_FILTER_IN] = {make_filter_in},
	[DROP_FILTER_OUT] = {make_filter_out},
	[DROP_NO_ROUTE] = {make_no_route},
	[DROP_BLACKHOLE] = {make_blackhole},
	[DROP_TTL_EXPIRED] = {make_ttl_expired},
	[DROP_MTU_EXCEEDED] = {make_mtu_exceeded},
	[DROP_FRAGMENT_FAILED] = {make_fragment_failed},
	[DROP_NEIGHBOR_HOLD_FULL] = {make_neighbor_hold_full},
	[DROP_NEIGHBOR_FAILED] = {make_neighbor_failed},
	[DROP_NEIGHBOR_TABLE_FULL] = {make_neighbor_table_full},
	[DROP_NO_PROTOCOL] = {make_no_protocol},
	[DROP_NO_PORT] = {make_no_port},
	[DROP_LOCAL_FRAGMENT] = {make_local_fragment},
	[DROP_LOCAL_MALFORMED] = {make_local_malformed},
	[DROP_LINK_QUEUE_FULL] = {make_link_queue_full},
	[DROP_LINK_POLICED] = {make_link_policed},
	[DROP_PORT_QUEUE_FULL] = {make_port_queue_full},
	[DROP_INTERFACE_GONE] = {make_interface_gone},
	[DROP_TX_FULL] = {make_tx_full},
	[DROP_PORT_DOWN] = {make_port_down},
};

static void case_begin(void)
{
	struct dp_route_spec blackhole = wire_route("10.8.0.0/16", NULL, 0);

	lab = (struct wire_lab){.mtu = 1500};
	wire_begin();
	wire_port_add(2, 1500);
	wire_commit();
	wire_lab_create(&lab, "t/r", NULL, NULL);
	assert_int_equal(dp_route_add(lab.vr, &blackhole, wire_err()), 0);
}

/* Where the drop is shown: on the interface, the router or the port. */
static uint64_t shown(enum drop_reason reason)
{
	struct dp_port_stats port;
	struct dp_vr_stats vr;
	uint64_t n = 0;

	for (dp_port_id id = 1; id <= 32; id++)
		if (dp_port_stats_get(id, &port) == 0)
			n += port.drops[reason];
	for (dp_vr_id id = 1; id <= 1000; id++)
		if (dp_vr_stats_get(id, &vr) == 0)
			n += vr.drops[reason];
	return n;
}

static void test_every_reason(void **state)
{
	for (unsigned int r = 0; r < DROP_REASON_COUNT; r++) {
		uint64_t before[DROP_REASON_COUNT];

		wire_setup(state);
		for (unsigned int i = 0; i < DROP_REASON_COUNT; i++)
			before[i] = wire_drops(i);
		case_begin();
		if (makers[r].make != NULL)
			makers[r].make();
		else if (!drops6_make(r) && !drops_tunnel_make(lab.vr, r))
			fail_msg("%s: nothing makes it", dp_drop_name(r));
		wire_check();
		if (wire_drops(r) != before[r] + 1)
			fail_msg("%s: made %d times, not once", dp_drop_name(r),
				(int)(wire_drops(r) - before[r]));
		for (unsigned int i = 0; i < DROP_REASON_COUNT && !makers[r].also; i++)
			if (i != r && wire_drops(i) != before[i])
				fail_msg("%s makes %s", dp_drop_name(r), dp_drop_name(i));
		if (r != DROP_INTERFACE_GONE && shown(r) == 0)
			fail_msg("%s: on no interface and no port", dp_drop_name(r));
		assert_true(strlen(dp_drop_name(r)) > 0 && strlen(dp_drop_text(r)) > 0);
		wire_discard();
		wire_teardown(state);
	}
}

/* Ways to the same reasons that the first test does not go. */
static void test_more_ways(void **state)
{
	static const struct {
		size_t at;
		uint8_t to;
		enum drop_reason reason;
	} headers[] = {
		{0, 0x44, DROP_IP4_HEADER},
		{0, 0x40, DROP_IP4_HEADER},
		{0, 0x05, DROP_IP4_HEADER},
		{0, 0x55, DROP_IP4_HEADER},
		{3, 19, DROP_IP4_LENGTH},
		{3, 101, DROP_IP4_LENGTH},
		{12, 0, DROP_IP4_MARTIAN_SOURCE},
		{12, 127, DROP_IP4_MARTIAN_SOURCE},
		{12, 224, DROP_IP4_MARTIAN_SOURCE},
		{12, 240, DROP_IP4_MARTIAN_SOURCE},
		{12, 255, DROP_IP4_MARTIAN_SOURCE},
		{16, 0, DROP_IP4_MARTIAN_DESTINATION},
		{16, 240, DROP_IP4_MARTIAN_DESTINATION},
		{16, 239, DROP_MULTICAST},
	};
	static const struct {
		uint8_t options[8];
		bool good;
	} options[] = {
		{{1, 1, 1, 0}, true},
		{{0, 131, 131, 131}, true},
		{{7, 8, 4}, true},
		{{148, 4, 0, 0, 0}, true},
		{{131, 7, 4}, false},
		{{1, 1, 1, 1, 137, 3, 4}, false},
		{{7, 1}, false},
		{{7, 0}, false},
		{{7, 9}, false},
		{{1, 1, 1, 1, 1, 1, 1, 7}, false},
		{{7, 255}, false},
	};
	static const char *const broadcasts[] = {
		"10.0.1.255", "10.0.1.0", "10.0.0.255", "255.255.255.255"};
	struct frame f;

	(void)state;
	case_begin();
	for (unsigned int i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		uint64_t before = wire_drops(headers[i].reason);

		send_changed(headers[i].at, headers[i].to, true);
		if (wire_drops(headers[i].reason) != before + 1)
			fail_msg("byte %zu = %u: no %s", headers[i].at, headers[i].to,
				dp_drop_name(headers[i].reason));
		wire_expect_none();
	}
	for (unsigned int i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		uint64_t before = wire_drops(DROP_IP4_OPTIONS) + wire_drops(DROP_IP4_SOURCE_ROUTE);

		send_ip(&(struct frame_ip){
			.src = A_IP, .dst = B_IP, .options = options[i].options, .options_len = 8});
		assert_int_equal(
			wire_drops(DROP_IP4_OPTIONS) + wire_drops(DROP_IP4_SOURCE_ROUTE) - before,
			!options[i].good);
		assert_int_equal(wire_recv(1, &f), options[i].good);
		wire_expect_none();
	}
	for (unsigned int i = 0; i < 4; i++) {
		uint64_t before = wire_drops(DROP_DIRECTED_BROADCAST);

		send_to(frame_addr(broadcasts[i]));
		assert_int_equal(wire_drops(DROP_DIRECTED_BROADCAST), before + 1);
		wire_expect_none();
	}
	send_ip(&(struct frame_ip){.src = B_IP, .dst = B_IP});
	wire_expect_none();
	/* Frames cut at every byte, with every tagging: a runt, or too short for its packet. */
	for (unsigned int tags = 0; tags < 3; tags++)
		for (size_t len = 1; len < 14 + 4 * tags + 100; len++) {
			uint64_t runts = wire_drops(DROP_RUNT);
			struct frame_l2 l2 = lab.from_a;

			l2.vlan = tags > 0 ? 9 : 0;
			l2.outer = tags > 1 ? 9 : 0;
			frame_udp(
				&f, &l2, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 72, 1);
			f.len = len;
			send_frame(0, &f);
			assert_int_equal(
				wire_drops(DROP_RUNT) - runts, len < 14 || len < 14 + 4 * tags);
		}
	wire_expect_none();
}

static int start(void **state)
{
	(void)state;
	return wire_start(2, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_reason),
		WIRE_TEST(test_more_ways),
	};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
