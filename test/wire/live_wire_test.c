/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes and states under traffic: what is named changes; what is not loses no packet. */
#include <errno.h>
#include <string.h>

#include "wire.h"

/* One router is rebuilt again and again, ports come and go, while another forwards: each packet of
 * the other arrives. */
static void test_others_lose_nothing(void **state)
{
	struct wire_lab lab = {0};
	struct frame in, want;
	unsigned int sent = 0, got = 0;
	dp_vr_id vr = 0;

	(void)state;
	wire_lab_create(&lab, "t1/r", &(struct wire_iface){.vlan = 1},
		&(struct wire_iface){
			.vlan = 1, .link = wire_link(UINT64_C(1000000000), 100000, 1000000, 500)});
	frame_udp(&in, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 300, 1);
	frame_forwarded(&want, &in, &lab.at_b);
	for (unsigned int round = 0; round < 60; round++) {
		struct frame f;

		for (unsigned int i = 0; i < 70; i++, sent++)
			wire_send(0, &in);
		wire_poll(round % 3);
		wire_begin();
		if (vr != 0) {
			wire_vr_del(vr);
			wire_port_del(2);
			wire_commit();
			wire_begin();
		}
		wire_port_add(2, 1500);
		vr = wire_vr_add("t2/r", "s0");
		wire_iface_add(vr, &(struct wire_iface){.vlan = 2, .address = "10.0.0.1/24"});
		wire_iface_add(vr, &(struct wire_iface){.port = 2, .address = "10.0.1.1/24"});
		wire_commit();
		wire_advance_ns(1000000);
		wire_poll(2);
		while (wire_recv(1, &f)) {
			assert_int_equal(f.len, want.len);
			assert_memory_equal(f.data, want.data, f.len);
			got++;
		}
		wire_check();
	}
	wire_advance_ns(1000000000);
	wire_poll(5);
	while (wire_recv(1, &in))
		got++;
	assert_int_equal(got, sent);
}

/* An interface goes with what waited for it; the rest of its router works on, and counts on. */
static void test_iface_del(void **state)
{
	struct wire_lab lab = {0};
	struct dp_vr_stats before, after;
	uint64_t gone = wire_drops(DROP_INTERFACE_GONE);
	dp_iface_id third;
	struct frame f;

	(void)state;
	wire_lab_create(
		&lab, "t/r", NULL, &(struct wire_iface){.link = wire_link(64000, 1, 100000, 50)});
	wire_begin();
	third = wire_iface_add(lab.vr, &(struct wire_iface){.vlan = 3, .address = "10.3.0.1/24"});
	wire_commit();
	for (unsigned int i = 0; i < 5; i++) {
		frame_udp(
			&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 90, i);
		wire_send(0, &f); /* one passes, four wait on the link */
		frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP + 9}, 1, 2,
			90, i);
		wire_send(0, &f); /* for a neighbour */
	}
	wire_poll(1);
	assert_int_equal(wire_books().queued, 9);
	assert_int_equal(dp_vr_stats_get(lab.vr, &before), 0);
	wire_begin();
	wire_iface_del(lab.wan);
	wire_commit();
	wire_discard();
	assert_int_equal(wire_books().queued, 0);
	assert_int_equal(wire_drops(DROP_INTERFACE_GONE) - gone, 9);
	assert_int_equal(dp_vr_stats_get(lab.vr, &after), 0);
	assert_int_equal(after.traffic.rx_packets, before.traffic.rx_packets);
	assert_int_equal(after.traffic.tx_packets, before.traffic.tx_packets);
	assert_int_equal(after.drops[DROP_INTERFACE_GONE], 9);
	assert_int_equal(after.neighbors, 1);
	frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 90, 1);
	wire_send(0, &f);
	wire_poll(1);
	assert_int_equal(wire_discard(), 1); /* net unreachable */
	/* From the third: to A still. */
	frame_udp(&f, &(struct frame_l2){WIRE_PORT_MAC(0), B_MAC, 0, 3},
		&(struct frame_ip){.src = frame_addr("10.3.0.2"), .dst = A_IP}, 1, 2, 90, 1);
	wire_send(0, &f);
	wire_poll(1);
	assert_int_equal(wire_discard(), 1);
	assert_int_equal(third == lab.wan, 0);
}

/* A packet queued on one interface after the one that it came in on has gone. */
static void test_came_in_on_what_went(void **state)
{
	struct wire_lab lab = {0};
	struct frame f, in, want;

	(void)state;
	wire_lab_create(
		&lab, "t/r", NULL, &(struct wire_iface){.link = wire_link(64000, 1, 100000, 50)});
	for (uint16_t i = 0; i < 3; i++) {
		frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP, .id = i}, 1,
			2, 90, i);
		wire_send(0, &f);
	}
	wire_poll(1);
	wire_begin();
	wire_iface_del(lab.lan);
	wire_commit();
	wire_run_ns(1000000000, 10000000);
	for (uint16_t i = 0; i < 3; i++) {
		frame_udp(&in, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP, .id = i},
			1, 2, 90, i);
		frame_forwarded(&want, &in, &lab.at_b);
		wire_expect(1, &want);
	}
}

static void test_states(void **state)
{
	struct wire_lab lab = {0}, other = {0};
	uint64_t down = wire_drops(DROP_VR_DOWN);
	struct frame f;
	struct dp_vr_stats stats;

	(void)state;
	wire_lab_create(&lab, "t1/r", &(struct wire_iface){.vlan = 1},
		&(struct wire_iface){.vlan = 1, .link = wire_link(64000, 1, 100000, 50)});
	wire_lab_create(
		&other, "t2/r", &(struct wire_iface){.vlan = 2}, &(struct wire_iface){.vlan = 2});
	for (unsigned int i = 0; i < 3; i++) {
		frame_udp(
			&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 90, i);
		wire_send(0, &f);
		frame_udp(&f, &lab.from_b, &(struct frame_ip){.src = B_IP, .dst = A_IP + 9}, 1, 2,
			90, i);
		wire_send(1, &f);
	}
	wire_poll(1);
	wire_discard();
	assert_int_equal(wire_books().queued, 5);
	/* Suspended: drops what comes, keeps what it has. */
	assert_int_equal(dp_vr_set_state(lab.vr, DP_VR_SUSPENDED), 0);
	assert_int_equal(wire_books().queued, 5);
	wire_send(1, &f);
	frame_arp(&f, &lab.from_a, ARP_REQUEST, A_MAC, A_IP, 0, LAN_IP);
	wire_send(0, &f);
	wire_poll(1);
	wire_expect_none();
	assert_int_equal(wire_drops(DROP_VR_DOWN) - down, 2);
	assert_int_equal(dp_vr_stats_get(lab.vr, &stats), 0);
	assert_int_equal(stats.state, DP_VR_SUSPENDED);
	assert_int_equal(stats.drops[DROP_VR_DOWN], 2);
	wire_lab_passes(&other);
	assert_int_equal(dp_vr_set_state(lab.vr, DP_VR_RUNNING), 0);
	assert_int_equal(wire_books().queued, 5);
	wire_poll(1);
	wire_discard();
	/* Stopped: everything is dropped, nothing is remembered but the configuration. */
	assert_int_equal(dp_vr_set_state(lab.vr, DP_VR_STOPPED), 0);
	assert_int_equal(wire_books().queued, 0);
	assert_int_equal(wire_drops(DROP_VR_DOWN) - down, 2 + 5);
	assert_int_equal(dp_vr_stats_get(lab.vr, &stats), 0);
	assert_int_equal(stats.neighbors, 2);
	wire_lab_passes(&other);
	/* An interface that comes while its router is down is down as well. */
	wire_begin();
	wire_iface_add(lab.vr, &(struct wire_iface){.vlan = 9, .address = "10.8.0.1/24"});
	wire_commit();
	frame_arp(&f, &(struct frame_l2){MAC_ALL, A_MAC, 0, 9}, ARP_REQUEST, A_MAC,
		frame_addr("10.8.0.2"), 0, frame_addr("10.8.0.1"));
	wire_send(0, &f);
	wire_poll(1);
	wire_expect_none();
	assert_int_equal(dp_vr_set_state(lab.vr, DP_VR_RUNNING), 0);
	wire_poll(1);
	assert_int_equal(wire_discard(), 3); /* announcements */
	wire_advance_ns(1000000000);
	wire_lab_passes(&lab);
	assert_int_equal(dp_vr_set_state(60000, DP_VR_RUNNING), -ENOENT);
}

/* The port's MTU changes under its interfaces; an interface's own stays. */
static void test_port_mtu(void **state)
{
	struct wire_lab lab = {0};
	struct dp_port_spec spec = {.name = "p1", .mtu = 1400, .capacity_bps = 1000000000};
	struct frame f;
	struct frame_view v;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	wire_begin();
	assert_int_equal(dp_txn_port_set(wire_txn(), wire_port_id(1), &spec, wire_err()), 0);
	wire_commit();
	frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP, .frag = FRAME_DF},
		1, 2, 1401 - 28, 1);
	wire_send(0, &f);
	wire_poll(1);
	wire_expect_parsed(0, &f, &v);
	assert_int_equal(v.icmp_code, 4);
	assert_int_equal(v.icmp_mtu, 1400);
	wire_lab_passes(&lab);
}

/* A port goes while frames stand in its queues, and comes back. */
static void test_port_again(void **state)
{
	struct wire_lab lab = {0};

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		struct frame f;

		lab = (struct wire_lab){0};
		wire_lab_create(&lab, "t/r", NULL, NULL);
		wire_lab_passes(&lab);
		frame_udp(
			&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 9, 1);
		for (unsigned int j = 0; j < 100; j++)
			wire_send(0, &f);
		wire_poll(1);
		wire_begin();
		wire_vr_del(lab.vr);
		for (unsigned int p = 0; p < 2; p++)
			wire_port_del(p);
		wire_commit();
		assert_int_equal(wire_port_id(0), 0);
		wire_poll(2);
		assert_int_equal(wire_discard(), 64);
		wire_flush_in();
	}
}

static int start(void **state)
{
	(void)state;
	return wire_start(1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_others_lose_nothing),
		WIRE_TEST(test_iface_del),
		WIRE_TEST(test_came_in_on_what_went),
		WIRE_TEST(test_states),
		WIRE_TEST(test_port_mtu),
		WIRE_TEST(test_port_again),
	};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
