/* SPDX-License-Identifier: BSD-3-Clause */
/* What happens to packets between a virtual link and the wire: they are charged once, for what they
 * will be there, and many links let go together as they would alone. */
#include <stdlib.h>

#include "wire.h"

#define MS UINT64_C(1000000)
#define FRAME 1018 /* with the tag */
#define PAYLOAD (FRAME - 18 - 28)
#define ARP_REPLY 2

static void send_seq(const struct wire_lab *lab, uint16_t seq)
{
	struct frame f;

	frame_udp(&f, &lab->from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP, .id = seq}, 1, 2,
		PAYLOAD, seq);
	wire_send(0, &f);
}

static void expect_seq(const struct wire_lab *lab, uint16_t seq)
{
	struct frame in, want;

	frame_udp(&in, &lab->from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP, .id = seq}, 1, 2,
		PAYLOAD, seq);
	frame_forwarded(&want, &in, &lab->at_b);
	wire_expect(1, &want);
}

static struct dp_iface_stats stats_of(dp_iface_id iface)
{
	struct dp_iface_stats stats;

	assert_int_equal(dp_iface_stats_get(iface, &stats), 0);
	return stats;
}

/* The neighbour is lost while packets wait for the link. What the bucket has let go is held for the
 * neighbour, and pays no second time when it answers. */
static void test_neighbor_lost(void **state)
{
	struct dp_link_spec spec = wire_link(8000000, FRAME, 1 << 20, 100);
	struct wire_lab lab = {0};
	struct dp_neigh_spec a;
	struct frame f;

	(void)state;
	wire_lab_create(&lab, "t/r", &(struct wire_iface){.vlan = 3},
		&(struct wire_iface){.vlan = 4, .link = spec});
	for (uint16_t i = 0; i < 6; i++)
		send_seq(&lab, i);
	wire_poll(1);
	expect_seq(&lab, 0);
	wire_begin();
	a = wire_neigh(lab.lan, "10.0.0.2", A_MAC);
	wire_neighbors_set(lab.vr, &a, 1);
	wire_commit();
	wire_run_ns(10 * MS, MS / 4);
	assert_int_equal(stats_of(lab.wan).link_packets, 6);
	assert_int_equal(stats_of(lab.wan).queue_packets, 0);
	wire_discard(); /* the question */
	/* Nothing is in the bucket for the five. */
	for (uint16_t i = 6; i < 9; i++)
		send_seq(&lab, i);
	wire_poll(1);
	frame_arp(&f, &lab.from_b, ARP_REPLY, B_MAC, B_IP, WIRE_PORT_MAC(1), WAN_IP);
	wire_send(1, &f);
	wire_poll(2);
	for (uint16_t i = 1; i < 6; i++)
		expect_seq(&lab, i);
	assert_int_equal(stats_of(lab.wan).link_packets, 7);
	wire_run_ns(10 * MS, MS / 4);
	for (uint16_t i = 6; i < 9; i++)
		expect_seq(&lab, i);
	wire_expect_none();
	assert_int_equal(stats_of(lab.wan).link_packets, 9);
	assert_int_equal(stats_of(lab.wan).link_bytes, 9 * FRAME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_neighbor_lost),
	};

	if (wire_start(1, 2) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, wire_stop);
}
