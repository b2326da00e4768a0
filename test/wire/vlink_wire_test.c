/* SPDX-License-Identifier: BSD-3-Clause */
/* What happens to packets between a virtual link and the wire: they are charged once, for what they
 * will be there, and many links let go together as they would alone. */
#include <stdio.h>

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

/* A packet that must be cut pays for all frames that it becomes, where it waits as a whole: what a
 * tenant sends in small pieces is no more than the link's rate. */
static void test_fragments(void **state)
{
	static const enum dp_place places[] = {DP_AT_INGRESS, DP_AT_VIF_IN, DP_AT_VIF_OUT};

	(void)state;
	for (unsigned int at = 0; at < 3; at++)
		for (unsigned int l1 = 0; l1 < 2; l1++) {
			struct dp_link_spec spec = wire_link(8000000, 100000, 1 << 20, 1000);
			struct wire_lab lab = {0};
			uint64_t bytes = 0, frames = 0;
			struct frame f;

			spec.at = places[at];
			spec.count_l1 = l1;
			wire_lab_create(&lab, "t/r", NULL,
				&(struct wire_iface){.vlan = 4, .mtu = 176, .link = spec});
			for (uint16_t i = 0; i < 20; i++) {
				frame_udp(&f, &lab.from_a,
					&(struct frame_ip){.src = A_IP, .dst = B_IP, .id = i}, 1, 2,
					1400 - i * 61u, i);
				wire_send(0, &f);
			}
			wire_run_ns(200 * MS, MS);
			for (; wire_recv(1, &f); frames++)
				bytes += f.len + 24 * l1;
			assert_true(frames > 100);
			assert_int_equal(stats_of(lab.wan).link_bytes, bytes);
			wire_extra((unsigned int)frames - 20);
			wire_check();
			wire_begin();
			wire_vr_del(lab.vr);
			wire_commit();
		}
}

/* The worker is away for longer than a pacer's queue lasts: what it could not send then it makes up
 * for while as much goes on coming, but no more than its burst, and nothing for an idle time. */
static void test_late_pacer(void **state)
{
	const uint64_t frame_ns = UINT64_C(8) * FRAME * 10; /* of 100 Mbit/s */

	(void)state;
	for (unsigned int at = 0; at < 2; at++) {
		struct dp_link_spec spec = wire_link(100000000, 40 * FRAME, 1 << 20, 4);
		uint64_t start, owed = 0, left = 0, ns;
		struct wire_lab lab = {0};
		struct frame f;

		spec.at = at == 0 ? DP_AT_VIF_IN : DP_AT_VIF_OUT;
		spec.by = DP_BY_PSP;
		wire_lab_create(&lab, "t/r", &(struct wire_iface){.vlan = 3},
			&(struct wire_iface){.vlan = 4, .link = spec});
		start = wire_now_tsc();
		for (ns = 0; ns < 1000 * MS;) {
			/* 1.5 ms away, 18 frames, every 20 ms. */
			uint64_t step = ns % (20 * MS) < 40000 ? 3 * MS / 2 : 40000;

			for (owed += step; owed >= frame_ns * 5 / 6; owed -= frame_ns * 5 / 6)
				send_seq(&lab, 0);
			wire_advance_ns(step);
			wire_poll(1);
			ns += step;
			while (wire_recv(1, &f))
				left++;
		}
		ns = (wire_now_tsc() - start) * 1000 / (dp_tsc_hz() / 1000000);
		/* But for a frame each time; it was 14 of 18. */
		assert_in_range(left, ns / frame_ns - 60, ns / frame_ns + 40);
		/* Idle, shortly after it was late: one at once, and no more. */
		wire_advance_ns(3 * MS / 2);
		wire_poll(1);
		wire_run_ns(20 * MS, MS);
		wire_discard();
		for (unsigned int i = 0; i < 4; i++)
			send_seq(&lab, 0);
		wire_poll(1);
		assert_true(wire_recv(1, &f));
		assert_false(wire_recv(1, &f));
		wire_check();
		wire_begin();
		wire_vr_del(lab.vr);
		wire_commit();
	}
}

#define LINKS 90
#define EACH 12
#define NET(link) (UINT32_C(0x0b000000) | (uint32_t)(link) << 8)

/* Of link I: what it may send at once and what it sends in a millisecond differ from its
 * neighbours'. */
static struct dp_link_spec one_of_many(unsigned int i)
{
	struct dp_link_spec spec =
		wire_link(UINT64_C(1000000) * (1 + i % 7), FRAME * (1 + i % 3), 1 << 20, EACH + 1);

	spec.at = i % 2 != 0 ? DP_AT_VIF_IN : DP_AT_VIF_OUT;
	spec.by = i % 5 != 0 ? DP_BY_TBF : DP_BY_PSP;
	return spec;
}

/* Many links let go in the same turns of the worker, packets still to be routed and finished frames
 * in one burst: each keeps its order, its rate and its count, as if it were alone. */
static void test_many_links(void **state)
{
	struct dp_neigh_spec neighbors[1 + LINKS];
	unsigned int next[LINKS] = {0}, left = LINKS * EACH;
	double level[LINKS] = {0};
	uint64_t last[LINKS], start;
	dp_iface_id ifaces[LINKS];
	struct wire_lab lab = {0};
	struct frame f;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	wire_begin();
	neighbors[0] = wire_neigh(lab.lan, "10.0.0.2", A_MAC);
	for (unsigned int i = 0; i < LINKS; i++) {
		char own[32], peer[32];

		snprintf(own, sizeof(own), "11.0.%u.1/24", i);
		snprintf(peer, sizeof(peer), "11.0.%u.2", i);
		ifaces[i] = wire_iface_add(lab.vr,
			&(struct wire_iface){.port = 1,
				.vlan = (uint16_t)(100 + i),
				.address = own,
				.link = one_of_many(i)});
		neighbors[1 + i] = wire_neigh(ifaces[i], peer, B_MAC);
	}
	wire_neighbors_set(lab.vr, neighbors, 1 + LINKS);
	wire_commit();
	wire_poll(2);
	wire_discard();
	start = wire_now_tsc();
	for (unsigned int i = 0; i < LINKS; i++)
		last[i] = start;
	for (unsigned int seq = 0; seq < EACH; seq++)
		for (unsigned int i = 0; i < LINKS; i++) {
			frame_udp(&f, &lab.from_a,
				&(struct frame_ip){
					.src = A_IP, .dst = NET(i) + 2, .id = (uint16_t)seq},
				1, 2, PAYLOAD, seq);
			wire_send(0, &f);
			if (i % 32 == 0)
				wire_poll(1);
		}
	wire_poll(5);
	for (unsigned int ms = 0; ms < 200 && left > 0; ms++) {
		while (wire_recv(1, &f)) {
			struct frame_view v;
			unsigned int i;
			double leaked;

			frame_parse(&f, &v);
			assert_true(v.ok);
			assert_int_equal(v.type, TYPE_IP4);
			i = v.l2.vlan - 100u;
			assert_in_range(i, 0, LINKS - 1);
			assert_int_equal(v.ip.dst, NET(i) + 2);
			assert_int_equal(v.ip.ttl, 63);
			assert_int_equal(v.ip.id, next[i]++);
			leaked = (double)(wire_now_tsc() - last[i]) / (double)dp_tsc_hz() *
				(double)one_of_many(i).rate_bps / 8;
			level[i] = (level[i] > leaked ? level[i] - leaked : 0) + (double)f.len;
			last[i] = wire_now_tsc();
			assert_true(level[i] <= (double)one_of_many(i).burst_bytes + 1);
			left--;
		}
		wire_advance_ns(MS);
		wire_poll(1);
	}
	assert_int_equal(left, 0);
	for (unsigned int i = 0; i < LINKS; i++) {
		assert_int_equal(stats_of(ifaces[i]).link_packets, EACH);
		assert_int_equal(stats_of(ifaces[i]).link_bytes, EACH * FRAME);
		assert_int_equal(stats_of(ifaces[i]).queue_packets, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_neighbor_lost),
		WIRE_TEST(test_fragments),
		WIRE_TEST(test_late_pacer),
		WIRE_TEST(test_many_links),
	};

	if (wire_start(1, 2) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, wire_stop);
}
