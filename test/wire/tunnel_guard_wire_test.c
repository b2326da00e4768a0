/* SPDX-License-Identifier: BSD-3-Clause */
/* What every interface has, on tunnels of each kind: filters, the reverse-path check, policies, the
 * MTU's errors, ECN both ways, neighbours, advertisements and probes of peers inside. */
#include <stdio.h>
#include <string.h>

#include "backbone.h"
#include "frame6.h"
#include "lib/bfd.h"

#define MS UINT64_C(1000000)
#define EF 46
#define A6 "2001:db8::2"
#define B6 "2001:db8:1::2"
#define TUN6 "2001:db8:1::1"
#define BFD_UDP 3784

struct kind {
	const char *what, *remote;
	enum dp_tunnel_type type;
	bool has_key;
	size_t outer; /* bytes before the inner IP header, less the outer Ethernet header */
};

static const struct kind kinds[] = {
	{"vxlan over IPv4", "192.0.2.2", DP_TUNNEL_VXLAN, false, 50},
	{"vxlan over IPv6", R6, DP_TUNNEL_VXLAN, false, 70},
	{"gre over IPv4", "192.0.2.2", DP_TUNNEL_GRE, false, 24},
	{"gre with a key over IPv4", "192.0.2.2", DP_TUNNEL_GRE, true, 28},
	{"gre with a key over IPv6", R6, DP_TUNNEL_GRE, true, 48},
	{"ipip over IPv4", "192.0.2.2", DP_TUNNEL_IPIP, false, 20},
	{"ipip over IPv6", R6, DP_TUNNEL_IPIP, false, 40},
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static struct backbone lab;
static struct dp_tunnel_spec tunnel;

static void begin(const struct kind *kind)
{
	tunnel = (struct dp_tunnel_spec){.type = kind->type,
		.remote = wire_ipaddr(kind->remote),
		.id = kind->type == DP_TUNNEL_IPIP ? 0 : 7,
		.has_key = kind->has_key,
		.ttl = 64};
	backbone_create(&lab, "a/r", "s0", 0, &tunnel, 0);
	backbone_answer(tunnel.remote.af == IP_AF_6);
	wire_discard();
}

static void end(void)
{
	wire_begin();
	wire_vr_del(lab.vr);
	wire_commit();
	wire_poll(3);
	wire_discard();
}

static void each_kind(void (*test)(const struct kind *kind))
{
	for (size_t i = 0; i < N_KINDS; i++) {
		begin(&kinds[i]);
		test(&kinds[i]);
		end();
	}
}

/* Does anything leave by the tunnel? TOS: of its outer header. INNER: what it carries, with an
 * Ethernet header. */
static bool tunnel_recv(struct frame *inner, uint8_t *tos)
{
	bool over6 = tunnel.remote.af == IP_AF_6;
	size_t at = 14 + (over6 ? 40 : 20);
	struct frame f;

	if (!wire_recv(1, &f))
		return false;
	*tos = over6 ? (uint8_t)(f.data[14] << 4 | f.data[15] >> 4) : f.data[15];
	if (tunnel.type == DP_TUNNEL_VXLAN) {
		at += 16;
		assert_true(f.len > at);
		inner->len = f.len - at;
		memcpy(inner->data, f.data + at, inner->len);
		return true;
	}
	if (tunnel.type == DP_TUNNEL_GRE)
		at += tunnel.has_key ? 8 : 4;
	assert_true(f.len > at);
	frame_raw(inner, &(struct frame_l2){B_MAC, WIRE_PORT_MAC(1), 0, 0},
		f.data[at] >> 4 == 6 ? TYPE_IP6 : TYPE_IP4, f.data + at, f.len - at);
	return true;
}

/* A frame of B's comes in by the tunnel. */
static void tunnel_send(const struct frame *inner, uint8_t outer_tos)
{
	size_t skip = tunnel.type == DP_TUNNEL_VXLAN ? 0 : 14;
	struct frame f;

	backbone_wrap(&f, &tunnel, outer_tos, inner->data + skip, inner->len - skip,
		(uint16_t)(inner->data[12] << 8 | inner->data[13]));
	wire_send(1, &f);
	wire_poll(3);
}

/* UDP between A and B, SIZE the whole IP packet. */
static void udp_from(struct frame *f, bool from_a, bool ip6, uint8_t tos, uint16_t dport,
	size_t size, const char *src6, uint32_t src4)
{
	struct frame_l2 from_b = {WIRE_PORT_MAC(1), B_MAC, 0, 0};
	const struct frame_l2 *l2 = from_a ? &lab.from_a : &from_b;

	if (ip6)
		frame6_udp(f, l2,
			&(struct frame_ip6){.src = src6 ? src6
					: from_a        ? A6
							: B6,
				.dst = from_a ? B6 : A6,
				.class = tos},
			5, dport, size - 48, 3);
	else
		frame_udp(f, l2,
			&(struct frame_ip){.src = src4 ? src4
					: from_a       ? A_IP
						       : B_IP,
				.dst = from_a ? B_IP : A_IP,
				.tos = tos,
				.frag = FRAME_DF},
			5, dport, size - 28, 3);
}

/* Such a packet of B's; does A get it as it should, and else nothing leave? */
static bool b_reaches_a(bool ip6, uint16_t dport, const char *src6, uint32_t src4)
{
	struct frame in, want, got;

	udp_from(&in, false, ip6, 0, dport, 100, src6, src4);
	tunnel_send(&in, 0);
	if (!wire_recv(0, &got)) {
		wire_expect_none();
		return false;
	}
	if (ip6)
		frame6_forwarded(&want, &in, &lab.at_a);
	else
		frame_forwarded(&want, &in, &lab.at_a);
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.data, want.data, want.len);
	return true;
}

static bool a_reaches_b(bool ip6, uint16_t dport, uint8_t tos)
{
	struct frame in, inner;
	uint8_t outer;

	udp_from(&in, true, ip6, tos, dport, 100, NULL, 0);
	wire_send(0, &in);
	wire_poll(3);
	if (!tunnel_recv(&inner, &outer))
		return false;
	assert_int_equal(outer, tos);
	assert_memory_equal(inner.data + 14 + (ip6 ? 40 : 20), in.data + 14 + (ip6 ? 40 : 20), 60);
	wire_expect_none();
	return true;
}

static void filter_set(enum dp_direction direction, const struct dp_filter_rule *rules, size_t n)
{
	wire_begin();
	if (dp_txn_filter_set(wire_txn(), lab.tun, direction, rules, n, wire_err()) != 0)
		fail_msg("%s", wire_err());
	wire_commit();
}

static void rpf_set(enum dp_rpf mode)
{
	wire_begin();
	assert_int_equal(dp_txn_rpf_set(wire_txn(), lab.tun, mode, wire_err()), 0);
	wire_commit();
}

static void check_filters(const struct kind *kind)
{
	const struct dp_filter_rule seven = {.name = "seven",
		.drop = true,
		.match = {.proto = PROTO_UDP,
			.sport_last = 65535,
			.dport_first = 7,
			.dport_last = 7}};
	struct dp_rule_stats stats;
	size_t n;

	(void)kind;
	for (int ip6 = 0; ip6 < 2; ip6++) {
		uint64_t in = wire_drops(DROP_FILTER_IN), out = wire_drops(DROP_FILTER_OUT);

		filter_set(DP_IN, &seven, 1);
		assert_true(b_reaches_a(ip6, 8, NULL, 0));
		assert_false(b_reaches_a(ip6, 7, NULL, 0));
		assert_true(a_reaches_b(ip6, 7, 0));
		assert_int_equal(wire_drops(DROP_FILTER_IN), in + 1);
		assert_int_equal(dp_filter_stats_get(lab.tun, DP_IN, &stats, 1, &n), 0);
		assert_int_equal(stats.packets, 1);
		filter_set(DP_IN, NULL, 0);
		filter_set(DP_OUT, &seven, 1);
		assert_true(b_reaches_a(ip6, 7, NULL, 0));
		assert_true(a_reaches_b(ip6, 8, 0));
		assert_false(a_reaches_b(ip6, 7, 0));
		assert_int_equal(wire_drops(DROP_FILTER_OUT), out + 1);
		filter_set(DP_OUT, NULL, 0);
		wire_discard(); /* what tells A of it */
	}
	wire_check();
}

static void test_filters(void **state)
{
	(void)state;
	each_kind(check_filters);
}

static void check_rpf(const struct kind *kind)
{
	(void)kind;
	for (int ip6 = 0; ip6 < 2; ip6++) {
		uint64_t drops = wire_drops(DROP_RPF);

		assert_true(b_reaches_a(ip6, 8, "2001:db8::77", frame_addr("10.0.0.77")));
		rpf_set(DP_RPF_STRICT);
		assert_true(b_reaches_a(ip6, 8, NULL, 0));
		assert_false(b_reaches_a(ip6, 8, "2001:db8::77", frame_addr("10.0.0.77")));
		assert_int_equal(wire_drops(DROP_RPF), drops + 1);
		rpf_set(DP_RPF_OFF);
	}
}

static void test_rpf(void **state)
{
	(void)state;
	each_kind(check_rpf);
}

/* A class goes by the tunnel, though the route says drop. */
static void check_policy(const struct kind *kind)
{
	struct dp_policy_spec policy = {.name = "voice",
		.match = {.proto = DP_PROTO_ANY,
			.sport_last = 65535,
			.dport_last = 65535,
			.dscp = UINT64_C(1) << EF},
		.n_nexthops = 1};
	struct frame f, inner;
	uint8_t tos;

	(void)kind;
	for (int ip6 = 0; ip6 < 2; ip6++) {
		uint64_t drops = wire_drops(DROP_BLACKHOLE);
		struct dp_route_spec route = {
			.to = wire_prefix(ip6 ? "2001:db8:9::/48" : "10.9.0.0/16")};

		assert_int_equal(dp_route_add(lab.vr, &route, wire_err()), 0);
		policy.nexthops[0] = (struct dp_nexthop_spec){
			.via = wire_ipaddr(ip6 ? B6 : "10.0.1.2"), .iface = lab.tun};
		policy.match.in = lab.lan;
		wire_begin();
		if (dp_txn_policies_set(wire_txn(), lab.vr, &policy, 1, wire_err()) != 0)
			fail_msg("%s", wire_err());
		wire_commit();
		for (int marked = 0; marked < 2; marked++) {
			uint8_t class = marked ? EF << 2 : 0;

			if (ip6)
				frame6_udp(&f, &lab.from_a,
					&(struct frame_ip6){
						.src = A6, .dst = "2001:db8:9::1", .class = class},
					1, 2, 30, 3);
			else
				frame_udp(&f, &lab.from_a,
					&(struct frame_ip){.src = A_IP,
						.dst = frame_addr("10.9.0.1"),
						.tos = class},
					1, 2, 30, 3);
			wire_send(0, &f);
			wire_poll(3);
			assert_int_equal(tunnel_recv(&inner, &tos), marked);
		}
		assert_int_equal(wire_drops(DROP_BLACKHOLE), drops + 1);
		wire_expect_none();
	}
}

static void test_policy(void **state)
{
	(void)state;
	each_kind(check_policy);
}

/* The largest that fits goes; one byte more is told into the VPXI, with the size that fits. */
static void check_mtu(const struct kind *kind)
{
	size_t mtu = 1500 - kind->outer;
	struct frame f, inner;
	struct frame_view v;
	struct frame6_view v6;
	uint8_t tos;

	for (int ip6 = 0; ip6 < 2; ip6++) {
		uint64_t drops = wire_drops(DROP_MTU_EXCEEDED);

		udp_from(&f, true, ip6, 0, 9, mtu, NULL, 0);
		wire_send(0, &f);
		wire_poll(3);
		assert_true(tunnel_recv(&inner, &tos));
		assert_int_equal(inner.len, 14 + mtu);
		wire_expect_none();
		udp_from(&f, true, ip6, 0, 9, mtu + 1, NULL, 0);
		wire_send(0, &f);
		wire_poll(3);
		assert_int_equal(wire_drops(DROP_MTU_EXCEEDED), drops + 1);
		if (ip6) {
			assert_true(wire_recv(0, &f));
			frame6_parse(&f, &v6);
			assert_true(v6.ok);
			assert_string_equal(v6.dst, A6);
			assert_int_equal(v6.icmp_type, ICMP6_TOO_BIG);
			assert_int_equal(v6.icmp_value, mtu);
		} else {
			wire_expect_parsed(0, &f, &v);
			assert_int_equal(v.ip.dst, A_IP);
			assert_int_equal(v.icmp_type, 3);
			assert_int_equal(v.icmp_code, 4);
			assert_int_equal(v.icmp_mtu, mtu);
		}
		wire_expect_none();
	}
}

static void test_mtu(void **state)
{
	(void)state;
	each_kind(check_mtu);
}

/* RFC 6040: 4.1 normal mode on the way in, figure 4 on the way out. */
static void check_ecn(const struct kind *kind)
{
	static const int8_t result[4][4] = {/* outer: not-ECT, ECT(1), ECT(0), CE; by inner */
		{0, 0, 0, -1}, {1, 1, 1, 3}, {2, 1, 2, 3}, {3, 3, 3, 3}};
	struct frame in, want;

	(void)kind;
	for (int ip6 = 0; ip6 < 2; ip6++)
		for (uint8_t inner = 0; inner < 4; inner++) {
			assert_true(a_reaches_b(ip6, 9, (uint8_t)(0xb8 | inner)));
			for (uint8_t outer = 0; outer < 4; outer++) {
				uint64_t drops = wire_drops(DROP_TUNNEL_ECN);
				int8_t now = result[inner][outer];

				udp_from(&in, false, ip6, (uint8_t)(0xb8 | inner), 9, 100, NULL, 0);
				tunnel_send(&in, (uint8_t)(0x20 | outer));
				assert_int_equal(wire_drops(DROP_TUNNEL_ECN), drops + (now < 0));
				if (now < 0) {
					wire_expect_none();
					continue;
				}
				udp_from(&in, false, ip6, (uint8_t)(0xb8 | now), 9, 100, NULL, 0);
				if (ip6)
					frame6_forwarded(&want, &in, &lab.at_a);
				else
					frame_forwarded(&want, &in, &lab.at_a);
				wire_expect(0, &want);
			}
		}
	wire_expect_none();
}

static void test_ecn(void **state)
{
	(void)state;
	each_kind(check_ecn);
}

/* Inside of VXLAN: the router answers for its address, asks for others', and advertises itself. */
static void test_neighbor_discovery(void **state)
{
	struct ip_prefix address = wire_prefix("2001:db8:7::1/64");
	struct frame_l2 l2 = {UINT64_C(0x3333ff000001), WIRE_HOST_MAC(0x2b), 0, 0};
	struct dp_iface_spec spec = {.name = "adverts",
		.outer_vlan = DP_VLAN_NONE,
		.vlan = DP_VLAN_NONE,
		.addresses = &address,
		.n_addresses = 1,
		.ra = {.interval_s = 4, .lifetime_s = 30}};
	unsigned int adverts = 0;
	struct frame f, inner;
	struct frame6_view v;
	dp_iface_id id;
	uint8_t tos;

	(void)state;
	begin(&kinds[0]);
	frame6_nd(&f, &l2,
		&(struct frame_ip6){.src = "2001:db8:1::2b", .dst = "ff02::1:ff00:1", .hops = 255},
		ICMP6_NS, 0, TUN6, 1, WIRE_HOST_MAC(0x2b));
	tunnel_send(&f, 0);
	assert_true(tunnel_recv(&inner, &tos));
	frame6_parse(&inner, &v);
	assert_true(v.ok);
	assert_int_equal(v.icmp_type, ICMP6_NA);
	assert_int_equal(v.dst_mac, WIRE_HOST_MAC(0x2b));
	assert_string_equal(v.dst, "2001:db8:1::2b");
	/* Whom it does not know it asks for, and sends what waited. */
	frame6_udp(&f, &lab.from_a, &(struct frame_ip6){.src = A6, .dst = "2001:db8:1::c"}, 1, 2,
		30, 3);
	wire_send(0, &f);
	wire_poll(3);
	assert_true(tunnel_recv(&inner, &tos));
	frame6_parse(&inner, &v);
	assert_int_equal(v.icmp_type, ICMP6_NS);
	assert_int_equal(v.hops, 255);
	l2 = (struct frame_l2){WIRE_PORT_MAC(1), WIRE_HOST_MAC(0x2c), 0, 0};
	frame6_nd(&f, &l2, &(struct frame_ip6){.src = "2001:db8:1::c", .dst = TUN6, .hops = 255},
		ICMP6_NA, UINT32_C(0x60000000), "2001:db8:1::c", 2, WIRE_HOST_MAC(0x2c));
	tunnel_send(&f, 0);
	assert_true(tunnel_recv(&inner, &tos));
	frame6_parse(&inner, &v);
	assert_string_equal(v.dst, "2001:db8:1::c");
	assert_int_equal(v.dst_mac, WIRE_HOST_MAC(0x2c));
	/* ND from beyond the link is none, in a tunnel too (RFC 4861 7.1). */
	frame6_nd(&f, &l2, &(struct frame_ip6){.src = "2001:db8:1::c", .dst = TUN6, .hops = 254},
		ICMP6_NA, UINT32_C(0x60000000), "2001:db8:1::c", 2, WIRE_HOST_MAC(0x2d));
	tunnel_send(&f, 0);
	assert_int_equal(wire_drops(DROP_ND_HOP_LIMIT), 1);
	wire_begin();
	spec.port = wire_port_id(1);
	spec.tunnel = backbone_vxlan(8);
	if (dp_txn_iface_add(wire_txn(), lab.vr, &spec, &id, wire_err()) != 0)
		fail_msg("%s", wire_err());
	wire_commit();
	for (int i = 0; i < 100; i++) {
		wire_run_ns(100 * MS, 100 * MS);
		while (tunnel_recv(&inner, &tos)) {
			if (inner.len < 14 + 40 + 8 || inner.data[12] != 0x86)
				continue; /* the underlay's */
			frame6_parse(&inner, &v);
			adverts += v.ok && v.proto == PROTO_ICMP6 && v.icmp_type == ICMP6_RA;
		}
		while (wire_recv(0, &f))
			;
	}
	assert_in_range(adverts, 2, 10);
	end();
}

/* ---- probes ---- */

struct far_end {
	struct bfd bfd;
	bool silent;
	uint64_t data; /* packets of A's that came by the tunnel */
};
static struct far_end far_end;
static uint64_t now_ns, by_lan; /* packets of A's that came back by the LAN */

static void far_act(unsigned int event)
{
	uint8_t payload[8 + BFD_PACKET_LEN] = {0xc0, 0, 0x0e, 0xc8, 0, sizeof(payload)};
	struct frame f;

	if (!(event & BFD_SEND))
		return;
	bfd_packet(&far_end.bfd, payload + 8);
	if (far_end.silent)
		return;
	frame_ip4(&f, &(struct frame_l2){WIRE_PORT_MAC(1), B_MAC, 0, 0},
		&(struct frame_ip){.src = B_IP, .dst = WAN_IP, .ttl = 255, .proto = PROTO_UDP},
		payload, sizeof(payload));
	tunnel_send(&f, 0);
}

static void far_take(void)
{
	struct frame inner, f;
	struct frame_view v;
	uint8_t tos;

	while (tunnel_recv(&inner, &tos)) {
		frame_parse(&inner, &v);
		if (!v.ok || v.type != TYPE_IP4 || v.ip.proto != PROTO_UDP)
			continue; /* the underlay's ARP */
		if ((v.payload[2] << 8 | v.payload[3]) != BFD_UDP) {
			far_end.data++;
			continue;
		}
		assert_int_equal(v.ip.ttl, 255);
		assert_int_equal(v.ip.src, WAN_IP);
		assert_int_equal(v.ip.dst, B_IP);
		if (!far_end.silent)
			far_act(bfd_receive(&far_end.bfd, v.payload + 8, BFD_PACKET_LEN, now_ns));
	}
	while (wire_recv(0, &f)) {
		frame_parse(&f, &v);
		by_lan += v.ok && v.type == TYPE_IP4 && v.ip.proto == PROTO_UDP;
	}
}

static void run_ms(unsigned int ms)
{
	while (ms-- > 0) {
		now_ns += MS;
		wire_advance_ns(MS);
		wire_poll(1);
		far_take();
		while (bfd_due_ns(&far_end.bfd) <= now_ns)
			far_act(bfd_timeout(&far_end.bfd, now_ns));
	}
}

static enum dp_probe_state probe_state(void)
{
	struct dp_probe_stats stats;

	assert_int_equal(dp_probe_stats_get(lab.tun, &stats), 0);
	return stats.state;
}

/* Where does a packet of A's to the far network go now? 1: the tunnel, 0: another neighbour. */
static int way(void)
{
	uint64_t tunnelled = far_end.data, others = by_lan;
	struct frame f;

	frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = frame_addr("10.3.0.1")},
		1, 2, 30, 3);
	wire_send(0, &f);
	run_ms(2);
	assert_int_equal(far_end.data - tunnelled + by_lan - others, 1);
	return far_end.data > tunnelled;
}

/* Its peer falls silent: what went by the tunnel goes another way within the detection time. */
static void check_probe(const struct kind *kind)
{
	struct dp_probe_spec spec = {
		.peer = wire_ipaddr("10.0.1.2"), .interval_us = 50000, .multiplier = 3};
	struct dp_route_spec route = {.to = wire_prefix("10.3.0.0/16"),
		.nexthops = {{wire_ipaddr("10.0.1.2"), lab.tun, 10},
			{wire_ipaddr("10.0.0.2"), lab.lan, 20}},
		.n_nexthops = 2};

	(void)kind;
	far_end = (struct far_end){0};
	now_ns = 1000 * MS;
	wire_begin();
	if (dp_txn_probe_set(wire_txn(), lab.tun, &spec, wire_err()) != 0)
		fail_msg("%s", wire_err());
	wire_commit();
	assert_int_equal(dp_route_add(lab.vr, &route, wire_err()), 0);
	bfd_init(&far_end.bfd, &(struct bfd_conf){50000, 3, 0x701}, now_ns);
	run_ms(5000);
	assert_int_equal(probe_state(), DP_PROBE_UP);
	assert_int_equal(way(), 1);
	far_end.silent = true;
	run_ms(160);
	assert_int_equal(probe_state(), DP_PROBE_DOWN);
	assert_int_equal(way(), 0);
	far_end.silent = false;
	run_ms(5000);
	assert_int_equal(probe_state(), DP_PROBE_UP);
	assert_int_equal(way(), 1);
	wire_discard();
}

static void test_probe(void **state)
{
	(void)state;
	each_kind(check_probe);
}

static int start(void **state)
{
	(void)state;
	return wire_start(2, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {WIRE_TEST(test_filters), WIRE_TEST(test_rpf),
		WIRE_TEST(test_policy), WIRE_TEST(test_mtu), WIRE_TEST(test_ecn),
		WIRE_TEST(test_neighbor_discovery), WIRE_TEST(test_probe)};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
