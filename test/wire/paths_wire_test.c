/* SPDX-License-Identifier: BSD-3-Clause */
/* Ways that packets take beside the plain route: by policies, over several next hops, over one that
 * stands in for another; and how soon they change when a peer falls silent or a port loses its
 * link. The far ends speak BFD themselves. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/bfd.h"
#include "wire.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define E_MAC WIRE_HOST_MAC(0xe)
#define E_IP UINT32_C(0x0a000202)
#define FAR_NET UINT32_C(0x0a030000) /* 10.3.0.0/16, behind both B and E */
#define BFD_UDP 3784

static struct wire_lab lab; /* and a second way, by port 2, to host E */
static dp_iface_id second;
static uint64_t now_ns;

struct far_end {
	unsigned int port;
	uint64_t mac;
	uint32_t ip, router;
	struct bfd bfd;
	bool on, cut;
	uint64_t data; /* packets that came by its port and are not BFD */
};
static struct far_end ends[2];

static struct dp_match_spec any(void)
{
	return (struct dp_match_spec){
		.proto = DP_PROTO_ANY, .sport_last = 65535, .dport_last = 65535};
}

static struct dp_nexthop_spec by_b(uint32_t metric)
{
	return (struct dp_nexthop_spec){wire_ipaddr("10.0.1.2"), lab.wan, metric};
}

static struct dp_nexthop_spec by_e(uint32_t metric)
{
	return (struct dp_nexthop_spec){wire_ipaddr("10.0.2.2"), second, metric};
}

static void route_set(const struct dp_nexthop_spec *hops, size_t n)
{
	struct dp_route_spec route = {.to = wire_prefix("10.3.0.0/16"), .n_nexthops = n};

	memcpy(route.nexthops, hops, n * sizeof(*hops));
	if (dp_route_add(lab.vr, &route, wire_err()) != 0)
		fail_msg("%s", wire_err());
}

static void policies_set(const struct dp_policy_spec *policies, size_t n)
{
	wire_begin();
	if (dp_txn_policies_set(wire_txn(), lab.vr, policies, n, wire_err()) != 0)
		fail_msg("%s", wire_err());
	wire_commit();
}

static struct dp_rule_stats policy(size_t index)
{
	struct dp_rule_stats stats[8];
	size_t n;

	assert_int_equal(dp_policy_stats_get(lab.vr, stats, 8, &n), 0);
	assert_in_range(index, 0, n - 1);
	return stats[index];
}

static void probe_set(dp_iface_id iface, const char *peer, uint32_t interval_us, uint8_t multiplier)
{
	struct dp_probe_spec spec = {.interval_us = interval_us, .multiplier = multiplier};

	if (peer)
		spec.peer = wire_ipaddr(peer);
	wire_begin();
	if (dp_txn_probe_set(wire_txn(), iface, &spec, wire_err()) != 0)
		fail_msg("%s", wire_err());
	wire_commit();
}

static struct dp_probe_stats probe(dp_iface_id iface)
{
	struct dp_probe_stats stats;

	assert_int_equal(dp_probe_stats_get(iface, &stats), 0);
	return stats;
}

static void make_lab(void)
{
	struct dp_neigh_spec neighbors[3];

	memset(&lab, 0, sizeof(lab));
	memset(ends, 0, sizeof(ends));
	wire_lab_create(&lab, "t/r", NULL, NULL);
	wire_begin();
	second = wire_iface_add(lab.vr,
		&(struct wire_iface){.port = 2, .address = "10.0.2.1/24", .name = "second"});
	neighbors[0] = wire_neigh(lab.lan, "10.0.0.2", A_MAC);
	neighbors[1] = wire_neigh(lab.wan, "10.0.1.2", B_MAC);
	neighbors[2] = wire_neigh(second, "10.0.2.2", E_MAC);
	wire_neighbors_set(lab.vr, neighbors, 3);
	wire_commit();
	wire_poll(2);
	wire_discard();
	ends[0] = (struct far_end){.port = 1, .mac = B_MAC, .ip = B_IP, .router = WAN_IP};
	ends[1] = (struct far_end){
		.port = 2, .mac = E_MAC, .ip = E_IP, .router = UINT32_C(0x0a000201)};
	now_ns = SECOND;
}

/* ---- packets ---- */

static void send_data(uint32_t dst, uint16_t sport, uint8_t tos, uint8_t proto, uint16_t dport)
{
	uint8_t payload[28] = {
		(uint8_t)(sport >> 8), (uint8_t)sport, (uint8_t)(dport >> 8), (uint8_t)dport};
	struct frame f;

	frame_ip4(&f, &lab.from_a,
		&(struct frame_ip){.src = A_IP, .dst = dst, .tos = tos, .proto = proto}, payload,
		sizeof(payload));
	wire_send(0, &f);
}

/* The port by which such a packet leaves; 0: none. It is the only one that leaves. */
static unsigned int way_of(uint32_t dst, uint16_t sport, uint8_t tos, uint8_t proto, uint16_t dport)
{
	unsigned int way = 0;
	struct frame f;

	send_data(dst, sport, tos, proto, dport);
	wire_poll(1);
	for (unsigned int port = 1; port <= 2; port++)
		while (wire_recv(port, &f))
			way = way * 10 + port;
	return way;
}

static unsigned int way_of_flow(uint16_t sport)
{
	return way_of(FAR_NET + 1, sport, 0, PROTO_UDP, 9);
}

/* ---- the far ends ---- */

static void end_send(struct far_end *end, uint8_t ttl, uint32_t src)
{
	uint8_t payload[8 + BFD_PACKET_LEN] = {0xc0, 0, 0x0e, 0xc8, 0, sizeof(payload)};
	struct frame f;

	bfd_packet(&end->bfd, payload + 8);
	if (end->cut)
		return;
	frame_ip4(&f, &(struct frame_l2){WIRE_PORT_MAC(end->port), end->mac, 0, 0},
		&(struct frame_ip){.src = src, .dst = end->router, .ttl = ttl, .proto = PROTO_UDP},
		payload, sizeof(payload));
	wire_send(end->port, &f);
}

static void end_act(struct far_end *end, unsigned int event)
{
	if (event & BFD_SEND)
		end_send(end, 255, end->ip);
}

static void end_start(struct far_end *end, uint32_t interval_us, uint8_t multiplier)
{
	end->on = true;
	bfd_init(&end->bfd, &(struct bfd_conf){interval_us, multiplier, 0x700 + end->port}, now_ns);
}

static void end_take(struct far_end *end)
{
	struct frame_view v;
	struct frame f;

	while (wire_recv(end->port, &f)) {
		frame_parse(&f, &v);
		assert_true(v.ok);
		if (v.type != TYPE_IP4 || v.ip.proto != PROTO_UDP || v.payload_len < 8 ||
			(v.payload[2] << 8 | v.payload[3]) != BFD_UDP) {
			end->data += v.type == TYPE_IP4;
			continue;
		}
		/* RFC 5881 */
		assert_int_equal(v.ip.ttl, 255);
		assert_int_equal(v.ip.src, end->router);
		assert_int_equal(v.ip.dst, end->ip);
		assert_in_range(v.payload[0] << 8 | v.payload[1], 49152, 65535);
		assert_int_equal(v.payload_len, 8 + BFD_PACKET_LEN);
		if (end->on && !end->cut)
			end_act(end, bfd_receive(&end->bfd, v.payload + 8, BFD_PACKET_LEN, now_ns));
	}
}

/* A millisecond passes. */
static void step(void)
{
	now_ns += MS;
	wire_advance_ns(MS);
	wire_poll(1);
	for (int i = 0; i < 2; i++) {
		struct far_end *end = &ends[i];

		end_take(end);
		while (end->on && bfd_due_ns(&end->bfd) <= now_ns)
			end_act(end, bfd_timeout(&end->bfd, now_ns));
	}
}

static void run_ms(unsigned int ms)
{
	while (ms-- > 0)
		step();
}

/* One packet of a flow each millisecond until one has left by the end WHICH; how many ms. */
static unsigned int until_way(int which, unsigned int most_ms, uint8_t tos)
{
	uint64_t before = ends[which].data;
	unsigned int ms;

	for (ms = 0; ms < most_ms && ends[which].data == before; ms++) {
		send_data(FAR_NET + 1, 5, tos, PROTO_UDP, 9);
		step();
	}
	return ms;
}

/* Both peers are there. */
static void both_up(void)
{
	probe_set(lab.wan, "10.0.1.2", 50000, 3);
	probe_set(second, "10.0.2.2", 50000, 3);
	end_start(&ends[0], 50000, 3);
	end_start(&ends[1], 50000, 3);
	run_ms(4000);
	assert_int_equal(probe(lab.wan).state, DP_PROBE_UP);
	assert_int_equal(probe(second).state, DP_PROBE_UP);
	assert_int_equal(probe(lab.wan).detection_ns, 150 * MS);
}

/* ---- policies ---- */

/* Figure 6: sensitive traffic direct, bulk over the other, the rest by the routes. */
static void test_policies_choose(void **state)
{
	struct dp_policy_spec policies[5] = {
		{.name = "voice", .match = any(), .n_nexthops = 1},
		{.name = "ssh", .match = any(), .route = true},
		{.name = "bulk", .match = any(), .n_nexthops = 1},
		{.name = "net", .match = any(), .n_nexthops = 1},
		{.name = "gre", .match = any()},
	};
	struct dp_nexthop_spec route;

	(void)state;
	make_lab();
	route = by_b(0);
	route_set(&route, 1);
	policies[0].match.dscp = UINT64_C(1) << 46;
	policies[0].nexthops[0] = by_e(0);
	policies[1].match.proto = PROTO_TCP;
	policies[1].match.dport_first = policies[1].match.dport_last = 22;
	policies[2].match.proto = PROTO_TCP;
	policies[2].match.in = lab.lan;
	policies[2].nexthops[0] = by_e(0);
	policies[3].match.to = wire_prefix("10.3.128.0/17");
	policies[3].nexthops[0] = by_e(0);
	policies[4].match.proto = 47;
	assert_int_equal(way_of(FAR_NET + 1, 1, 46 << 2, PROTO_UDP, 2), 1);
	policies_set(policies, 5);
	assert_int_equal(way_of(FAR_NET + 1, 1, 46 << 2, PROTO_UDP, 2), 2);
	assert_int_equal(way_of(FAR_NET + 1, 1, 45 << 2, PROTO_UDP, 2), 1);
	assert_int_equal(way_of(FAR_NET + 1, 1, 0, PROTO_TCP, 22), 1);
	assert_int_equal(way_of(FAR_NET + 1, 1, 0, PROTO_TCP, 23), 2);
	assert_int_equal(way_of(FAR_NET + 0x8001, 1, 0, PROTO_UDP, 23), 2);
	assert_int_equal(way_of(FAR_NET + 1, 1, 0, 47, 23), 0);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(policy(i).packets, 1);
		assert_int_equal(policy(i).bytes, 48);
		assert_true(policy(i).alive);
	}
	/* Without a route, too. */
	assert_int_equal(way_of(UINT32_C(0x09090909), 1, 46 << 2, PROTO_UDP, 2), 2);
	/* Not what is for a connected network or the router itself. */
	assert_int_equal(policy(0).packets, 2);
	assert_int_equal(way_of(B_IP, 1, 46 << 2, PROTO_UDP, 2), 1);
	assert_int_equal(policy(0).packets, 2);
	assert_int_equal(way_of(WAN_IP, 1, 46 << 2, PROTO_UDP, 2), 0);
	assert_int_equal(policy(0).packets, 2);
	wire_discard();
	/* Counters stay with the policies that stay, wherever they stand. */
	policies[4] = policies[0];
	policies_set(policies + 1, 4);
	assert_int_equal(policy(3).packets, 2);
	assert_int_equal(policy(0).packets, 1);
	policies_set(NULL, 0);
	assert_int_equal(way_of(FAR_NET + 1, 1, 46 << 2, PROTO_UDP, 2), 1);
}

/* An interface that goes takes its policies along; so does a router. */
static void test_policies_and_interfaces(void **state)
{
	struct dp_policy_spec policies[3] = {{.match = any(), .n_nexthops = 1},
		{.match = any(), .n_nexthops = 1}, {.match = any()}};
	struct dp_nexthop_spec route;
	struct dp_rule_stats stats[4];
	size_t n;

	(void)state;
	make_lab();
	route = by_b(0);
	route_set(&route, 1);
	policies[0].match.proto = PROTO_UDP;
	policies[0].nexthops[0] = by_e(0);
	policies[1].match.proto = PROTO_TCP;
	policies[1].nexthops[0] = by_b(0);
	policies[2].match.in = second;
	policies_set(policies, 3);
	assert_int_equal(way_of_flow(1), 2);
	/* Not published: nothing goes. */
	wire_begin();
	wire_iface_del(second);
	wire_abort();
	assert_int_equal(way_of_flow(1), 2);
	wire_begin();
	assert_int_equal(dp_txn_policies_set(wire_txn(), lab.vr, policies, 3, wire_err()), 0);
	wire_iface_del(second);
	assert_int_equal(dp_txn_policies_set(wire_txn(), lab.vr, policies, 1, wire_err()), -EINVAL);
	wire_commit();
	assert_int_equal(dp_policy_stats_get(lab.vr, stats, 4, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(way_of_flow(1), 1);
	assert_int_equal(way_of(FAR_NET + 1, 1, 0, PROTO_TCP, 2), 1);
	assert_int_equal(policy(0).packets, 1);
}

/* Policies that lead to nobody: as the routes say, the next one that matches, or nowhere. */
static void test_else(void **state)
{
	struct dp_policy_spec policies[3] = {{.match = any(), .n_nexthops = 1},
		{.match = any(), .n_nexthops = 1}, {.match = any()}};
	struct dp_nexthop_spec route;

	(void)state;
	make_lab();
	route = by_b(0);
	route_set(&route, 1);
	policies[0].nexthops[0] = by_e(0);
	policies[1].match.proto = PROTO_TCP; /* does not match */
	policies[1].nexthops[0] = by_e(0);
	policies_set(policies, 3);
	assert_int_equal(way_of_flow(1), 2);
	wire_link_up(2, false);
	wire_run_ns(100 * MS, 10 * MS);
	assert_false(policy(0).alive);
	assert_true(policy(2).alive);
	assert_int_equal(way_of_flow(1), 1);
	policies[0].other = DP_ELSE_NEXT;
	policies_set(policies, 3);
	assert_int_equal(way_of_flow(1), 0);
	assert_int_equal(policy(2).packets, 1);
	policies_set(policies, 2);
	assert_int_equal(way_of_flow(1), 1);
	policies[0].other = DP_ELSE_DROP;
	policies_set(policies, 2);
	assert_int_equal(way_of_flow(1), 0);
	assert_int_equal(policy(0).packets, 1);
	wire_link_up(2, true);
	wire_run_ns(100 * MS, 10 * MS);
	wire_discard();
	assert_int_equal(way_of_flow(1), 2);
}

/* ---- several next hops ---- */

/* A port without link: within a tenth of a second its flows go by the others, which keep theirs;
 * and come back. */
static void test_group_and_link(void **state)
{
	struct dp_nexthop_spec hops[2];
	unsigned int ways[200], n[3] = {0};

	(void)state;
	make_lab();
	hops[0] = by_b(0);
	hops[1] = by_e(0);
	route_set(hops, 2);
	for (uint16_t i = 0; i < 200; i++) {
		ways[i] = way_of_flow(i);
		n[ways[i]]++;
	}
	assert_in_range(n[1], 70, 130);
	wire_link_up(1, false);
	wire_run_ns(100 * MS, 10 * MS);
	for (uint16_t i = 0; i < 200; i++)
		assert_int_equal(way_of_flow(i), 2);
	wire_link_up(2, false);
	wire_link_up(1, true);
	wire_run_ns(100 * MS, 10 * MS);
	wire_discard();
	for (uint16_t i = 0; i < 200; i++)
		assert_int_equal(way_of_flow(i), 1);
	wire_link_up(2, true);
	wire_run_ns(100 * MS, 10 * MS);
	wire_discard();
	for (uint16_t i = 0; i < 200; i++)
		assert_int_equal(way_of_flow(i), ways[i]);
}

/* With three, the flows of two that live stay where they are. */
static void test_group_keeps_flows(void **state)
{
	struct dp_nexthop_spec hops[3];
	struct dp_neigh_spec neighbors[4];
	uint64_t macs[200];
	struct frame_view v;
	struct frame f;

	(void)state;
	make_lab();
	wire_begin();
	neighbors[0] = wire_neigh(lab.lan, "10.0.0.2", A_MAC);
	neighbors[1] = wire_neigh(lab.wan, "10.0.1.2", B_MAC);
	neighbors[2] = wire_neigh(second, "10.0.2.2", E_MAC);
	neighbors[3] = wire_neigh(second, "10.0.2.3", E_MAC + 1);
	wire_neighbors_set(lab.vr, neighbors, 4);
	wire_commit();
	hops[0] = by_b(0);
	hops[1] = by_e(0);
	hops[2] = by_e(0);
	hops[2].via = wire_ipaddr("10.0.2.3");
	route_set(hops, 3);
	/* A probe of one station says nothing of another on the same interface. */
	probe_set(second, "10.0.2.2", 50000, 3);
	wire_poll(2);
	wire_discard();
	for (unsigned int round = 0; round < 2; round++) {
		unsigned int moved[2] = {0};

		if (round == 1) {
			end_start(&ends[1], 50000, 3);
			run_ms(4000);
			assert_int_equal(probe(second).state, DP_PROBE_UP);
		}
		for (uint16_t i = 0; i < 200; i++) {
			send_data(FAR_NET + 1, i, 0, PROTO_UDP, 9);
			wire_poll(1);
			if (!wire_recv(1, &f))
				assert_true(wire_recv(2, &f));
			frame_parse(&f, &v);
			if (round == 0) {
				assert_int_not_equal(v.l2.dst, E_MAC);
				macs[i] = v.l2.dst;
			} else if (v.l2.dst != macs[i]) {
				assert_int_equal(v.l2.dst, E_MAC);
				moved[macs[i] == B_MAC]++;
			}
		}
		/* Two thirds of the flows keep their way; the others come from both. */
		if (round == 1) {
			assert_in_range(moved[0], 15, 60);
			assert_in_range(moved[1], 15, 60);
		}
	}
}

/* ---- probes ---- */

static void test_probe_comes_and_goes(void **state)
{
	struct dp_probe_stats stats;

	(void)state;
	make_lab();
	assert_int_equal(probe(lab.wan).state, DP_PROBE_NONE);
	probe_set(lab.wan, "10.0.1.2", 50000, 3);
	assert_int_equal(probe(lab.wan).state, DP_PROBE_DOWN);
	run_ms(3000);
	assert_int_equal(probe(lab.wan).state, DP_PROBE_DOWN);
	assert_in_range(probe(lab.wan).sent, 3, 5); /* slowly, as long as nobody answers */
	end_start(&ends[0], 50000, 3);
	run_ms(2500);
	stats = probe(lab.wan);
	assert_int_equal(stats.state, DP_PROBE_UP);
	assert_int_equal(stats.ups, 1);
	assert_int_equal(ends[0].bfd.state, BFD_UP);
	/* Others cannot keep it up, or bring it down: not from afar, not from elsewhere. */
	end_send(&ends[0], 254, ends[0].ip);
	end_send(&ends[0], 255, ends[0].ip + 7);
	step();
	assert_int_equal(probe(lab.wan).refused, 2);
	assert_int_equal(probe(lab.wan).state, DP_PROBE_UP);
	/* A peer that says that it goes is believed at once. */
	bfd_init(&ends[0].bfd, &(struct bfd_conf){50000, 3, 0x701}, now_ns);
	ends[0].bfd.remote_discriminator = (uint32_t)lab.wan;
	end_send(&ends[0], 255, ends[0].ip);
	step();
	assert_int_equal(probe(lab.wan).state, DP_PROBE_DOWN);
	assert_true(probe(lab.wan).told);
	run_ms(2500);
	assert_int_equal(probe(lab.wan).state, DP_PROBE_UP);
	/* New times: the session lives on. */
	probe_set(lab.wan, "10.0.1.2", 100000, 4);
	run_ms(1000);
	stats = probe(lab.wan);
	assert_int_equal(stats.state, DP_PROBE_UP);
	assert_int_equal(stats.ups, 2);
	assert_int_equal(ends[0].bfd.downs, 0);
	assert_true(bfd_detection_ns(&ends[0].bfd) == 400 * MS);
	/* A router that is stopped is lost to its peer, and found again. */
	assert_int_equal(dp_vr_set_state(lab.vr, DP_VR_SUSPENDED), 0);
	run_ms(405);
	assert_int_equal(ends[0].bfd.state, BFD_DOWN);
	assert_int_equal(dp_vr_set_state(lab.vr, DP_VR_RUNNING), 0);
	run_ms(4000);
	assert_int_equal(ends[0].bfd.state, BFD_UP);
	probe_set(lab.wan, NULL, 0, 0);
	assert_int_equal(probe(lab.wan).state, DP_PROBE_NONE);
	run_ms(405);
	assert_int_equal(ends[0].bfd.state, BFD_DOWN);
	wire_discard();
}

static void test_probe_refused(void **state)
{
	struct dp_probe_spec spec = {.interval_us = 50000, .multiplier = 3};

	(void)state;
	make_lab();
	wire_begin();
	spec.peer = wire_ipaddr("10.0.2.2");
	assert_int_equal(dp_txn_probe_set(wire_txn(), lab.wan, &spec, wire_err()), -EINVAL);
	spec.peer = wire_ipaddr("10.0.1.2");
	spec.multiplier = 0;
	assert_int_equal(dp_txn_probe_set(wire_txn(), lab.wan, &spec, wire_err()), -EINVAL);
	spec.multiplier = 3;
	spec.interval_us = 0;
	assert_int_equal(dp_txn_probe_set(wire_txn(), lab.wan, &spec, wire_err()), -EINVAL);
	spec.interval_us = 1;
	assert_int_equal(dp_txn_probe_set(wire_txn(), lab.wan, &spec, wire_err()), 0);
	wire_abort();
	assert_int_equal(probe(lab.wan).state, DP_PROBE_NONE);
}

/* ---- failing over ---- */

/* Cut the first way, whichever direction; then let it come back. */
static void fail_over(uint8_t tos)
{
	unsigned int ms;

	assert_in_range(until_way(0, 10, tos), 1, 1);
	ends[0].cut = true;
	ms = until_way(1, 1000, tos);
	if (ms > 150)
		fail_msg("%u ms until the other way", ms);
	assert_int_equal(probe(lab.wan).state, DP_PROBE_DOWN);
	assert_int_equal(probe(lab.wan).downs, probe(lab.wan).ups);
	/* No more by the dead one. */
	ends[0].data = 0;
	assert_int_equal(until_way(0, 300, tos), 300);
	ends[0].cut = false;
	ms = until_way(0, 5000, tos);
	if (ms > 3000)
		fail_msg("%u ms until the way back", ms);
	assert_in_range(until_way(0, 10, tos), 1, 1);
}

static void test_fail_over_policy(void **state)
{
	struct dp_policy_spec policies[1] = {{.match = any(), .n_nexthops = 1}};
	struct dp_nexthop_spec route;

	(void)state;
	make_lab();
	route = by_e(0);
	route_set(&route, 1);
	policies[0].match.dscp = UINT64_C(1) << 46;
	policies[0].nexthops[0] = by_b(0);
	policies_set(policies, 1);
	both_up();
	for (int i = 0; i < 3; i++)
		fail_over(46 << 2);
}

static void test_fail_over_metric(void **state)
{
	struct dp_nexthop_spec hops[2];

	(void)state;
	make_lab();
	hops[0] = by_e(20);
	hops[1] = by_b(10);
	route_set(hops, 2);
	both_up();
	for (int i = 0; i < 3; i++)
		fail_over(0);
}

static void test_fail_over_group(void **state)
{
	struct dp_nexthop_spec hops[2];
	uint16_t flow = 0;

	(void)state;
	make_lab();
	hops[0] = by_b(0);
	hops[1] = by_e(0);
	route_set(hops, 2);
	both_up();
	while (way_of_flow(5) != 1) { /* the flow of until_way */
		struct dp_nexthop_spec swap = hops[0];

		assert_int_equal(flow++, 0);
		hops[0] = hops[1];
		hops[1] = swap;
		route_set(hops, 2);
	}
	for (int i = 0; i < 3; i++)
		fail_over(0);
}

/* A single way that is lost stays the way: there is no better one. And when both are lost, the
 * first of them. */
static void test_nowhere_else(void **state)
{
	struct dp_nexthop_spec hops[2];

	(void)state;
	make_lab();
	hops[0] = by_b(1);
	hops[1] = by_e(2);
	route_set(hops, 1);
	both_up();
	ends[0].cut = ends[1].cut = true;
	run_ms(200);
	assert_int_equal(probe(lab.wan).state, DP_PROBE_DOWN);
	assert_int_equal(way_of_flow(1), 1);
	route_set(hops, 2);
	assert_int_equal(way_of_flow(1), 1);
	ends[1].cut = false;
	run_ms(4000);
	assert_int_equal(way_of_flow(1), 2);
}

static int start(void **state)
{
	(void)state;
	return wire_start(1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_policies_choose),
		WIRE_TEST(test_policies_and_interfaces),
		WIRE_TEST(test_else),
		WIRE_TEST(test_group_and_link),
		WIRE_TEST(test_group_keeps_flows),
		WIRE_TEST(test_probe_comes_and_goes),
		WIRE_TEST(test_probe_refused),
		WIRE_TEST(test_fail_over_policy),
		WIRE_TEST(test_fail_over_metric),
		WIRE_TEST(test_fail_over_group),
		WIRE_TEST(test_nowhere_else),
	};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
