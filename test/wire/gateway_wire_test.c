/* SPDX-License-Identifier: BSD-3-Clause */
/* Gateways that fall silent: whose flows go another way, where there is one. */
#include <string.h>

#include "wire.h"

#define SECOND UINT64_C(1000000000)
#define E_MAC WIRE_HOST_MAC(0xe)
#define E_IP UINT32_C(0x0a000202)
#define E_ROUTER UINT32_C(0x0a000201)
#define FAR UINT32_C(0x0a030001) /* in 10.3.0.0/16, behind both B and E */

static struct wire_lab lab; /* and a second way, by port 2, to host E */
static dp_iface_id second;

static void make_lab(void)
{
	struct dp_neigh_spec neighbors[2];

	memset(&lab, 0, sizeof(lab));
	wire_lab_create(&lab, "t/r", NULL, NULL);
	wire_begin();
	second = wire_iface_add(lab.vr,
		&(struct wire_iface){.port = 2, .address = "10.0.2.1/24", .name = "second"});
	neighbors[0] = wire_neigh(lab.lan, "10.0.0.2", A_MAC);
	neighbors[1] = wire_neigh(lab.wan, "10.0.1.2", B_MAC);
	wire_neighbors_set(lab.vr, neighbors, 2);
	wire_commit();
	wire_poll(2);
	wire_discard();
}

static void route_set(const struct dp_nexthop_spec *hops, size_t n)
{
	struct dp_route_spec route = {.to = wire_prefix("10.3.0.0/16"), .n_nexthops = n};

	memcpy(route.nexthops, hops, n * sizeof(*hops));
	if (dp_route_add(lab.vr, &route, wire_err()) != 0)
		fail_msg("%s", wire_err());
}

/* Whoever asks for E is answered, or not. */
static void answer_for_e(bool answers)
{
	struct frame_view v;
	struct frame f;

	while (wire_recv(2, &f)) {
		frame_parse(&f, &v);
		assert_true(v.ok);
		if (v.type != TYPE_ARP || v.arp_op != 1 || v.arp_tip != E_IP || !answers)
			continue;
		frame_arp(&f, &(struct frame_l2){WIRE_PORT_MAC(2), E_MAC, 0, 0}, 2, E_MAC, E_IP,
			WIRE_PORT_MAC(2), E_ROUTER);
		wire_send(2, &f);
	}
}

/* One packet of each flow: how many left by port 1, when E answers or does not. */
static unsigned int flows_by_b(unsigned int n, bool answers)
{
	unsigned int by_1 = 0;
	struct frame f;

	for (uint16_t i = 0; i < n; i++) {
		frame_udp(
			&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = FAR}, i, 9, 20, i);
		wire_send(0, &f);
	}
	wire_poll(3);
	while (wire_recv(1, &f))
		by_1++;
	answer_for_e(answers);
	wire_poll(3);
	answer_for_e(answers);
	return by_1;
}

/* A gateway that does not answer ARP loses its flows to the other, without traffic of its own it is
 * asked again, and gets them back when it answers. Of several ways alike, of one that stands in for
 * another, and of a policy. */
static void test_fail_over_neighbor(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < 3; kind++) {
		struct dp_policy_spec by_policy = {
			.match = {.proto = DP_PROTO_ANY, .sport_last = 65535, .dport_last = 65535},
			.n_nexthops = 1};
		unsigned int by_1, lost = 0, least = kind == 0 ? 20 : 0;
		struct dp_nexthop_spec hops[2];

		make_lab();
		hops[0] = (struct dp_nexthop_spec){
			wire_ipaddr("10.0.1.2"), lab.wan, kind == 1 ? 20 : 0};
		hops[1] = (struct dp_nexthop_spec){
			wire_ipaddr("10.0.2.2"), second, kind == 1 ? 10 : 0};
		route_set(hops, kind == 2 ? 1 : 2);
		by_policy.nexthops[0] = hops[1];
		wire_begin();
		assert_int_equal(
			dp_txn_policies_set(wire_txn(), lab.vr, &by_policy, kind == 2, wire_err()),
			0);
		wire_commit();
		flows_by_b(60, true);
		by_1 = flows_by_b(60, true);
		assert_in_range(by_1, least, 40);
		/* Silent: to be confirmed after 30 s, found silent after 6 s more. */
		for (unsigned int s = 0; s < 60; s++) {
			wire_advance_ns(SECOND);
			lost += flows_by_b(60, false) < 60;
		}
		assert_in_range(lost, 30, 40);
		assert_int_equal(flows_by_b(60, false), 60);
		for (unsigned int s = 0; s < 10 && flows_by_b(60, true) == 60; s++)
			wire_advance_ns(SECOND);
		assert_int_equal(flows_by_b(60, true), by_1);
		wire_begin();
		wire_vr_del(lab.vr);
		wire_commit();
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
		WIRE_TEST(test_fail_over_neighbor),
	};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
