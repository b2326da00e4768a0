/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters, the reverse-path check and policies for IPv6 packets. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lab6.h"
#include "lib/bfd.h"

static struct wire_lab lab;

static struct dp_match_spec any(void)
{
	return (struct dp_match_spec){
		.proto = DP_PROTO_ANY, .sport_last = 65535, .dport_last = 65535};
}

static void filter_set(dp_iface_id iface, enum dp_direction direction,
	const struct dp_filter_rule *rules, size_t n)
{
	wire_begin();
	if (dp_txn_filter_set(wire_txn(), iface, direction, rules, n, wire_err()) != 0)
		fail_msg("%s", wire_err());
	wire_commit();
}

struct packet {
	const char *src, *dst;
	uint16_t sport, dport;
	uint8_t proto, class;
	const uint8_t *extensions;
	size_t extensions_len;
	uint8_t first;
	size_t len; /* 0: 28 */
};

static bool passes(const struct packet *p)
{
	uint8_t payload[64] = {(uint8_t)(p->sport >> 8), (uint8_t)p->sport,
		(uint8_t)(p->dport >> 8), (uint8_t)p->dport};
	struct frame f, want, got;

	frame6(&f, &lab.from_a,
		&(struct frame_ip6){.src = p->src ? p->src : A6,
			.dst = p->dst ? p->dst : B6,
			.proto = p->proto ? p->proto : PROTO_UDP,
			.class = p->class,
			.extensions = p->extensions,
			.extensions_len = p->extensions_len,
			.first = p->first},
		payload, p->len ? p->len : 28);
	wire_send(0, &f);
	wire_poll(1);
	if (!wire_recv(1, &got)) {
		wire_expect_none();
		return false;
	}
	frame6_forwarded(&want, &f, &lab.at_b);
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.data, want.data, want.len);
	return true;
}

static void test_each_field(void **state)
{
	static const struct {
		const char *from, *to;
		int proto;
		uint16_t sport, dport;
		uint64_t dscp;
		struct packet hit[3], miss[3]; /* proto 255 ends a list */
	} cases[] = {
		{.proto = -1,
			.hit = {{0}, {.proto = 47}, {.proto = 255}},
			.miss = {{.proto = 255}}},
		{.from = "2001:db8::/127",
			.proto = -1,
			.hit = {{.proto = 255}},
			.miss = {{0}, {.proto = 255}}},
		{.from = "2001:db8::2/127",
			.proto = -1,
			.hit = {{0}, {.src = "2001:db8::3"}, {.proto = 255}},
			.miss = {{.src = "2001:db8::4"}, {.src = "2001:db8:0:1::2"},
				{.proto = 255}}},
		{.to = "2001:db8:9:8000::/49",
			.proto = -1,
			.hit = {{.dst = "2001:db8:9:8000::1"}, {.dst = "2001:db8:9:ffff::"},
				{.proto = 255}},
			.miss = {{.dst = "2001:db8:9:7fff::1"}, {0}, {.proto = 255}}},
		{.proto = 6,
			.dport = 443,
			.hit = {{.proto = 6, .dport = 443}, {.proto = 255}},
			.miss = {{.dport = 443}, {.proto = 6, .dport = 442}, {.proto = 255}}},
		{.proto = -1,
			.sport = 9,
			.hit = {{.sport = 9}, {.sport = 9, .proto = 132}, {.proto = 255}},
			.miss = {{.sport = 8}, {.sport = 9, .proto = 47}, {.sport = 9, .len = 3}}},
		{.proto = -1,
			.dscp = UINT64_C(1) << 46,
			.hit = {{.class = 46 << 2}, {.class = 46 << 2 | 3}, {.proto = 255}},
			.miss = {{.class = 45 << 2}, {.class = 47 << 2}, {0}}},
		/* IPv4 rules are no business of IPv6 */
		{.from = "10.0.0.0/8",
			.proto = -1,
			.hit = {{.proto = 255}},
			.miss = {{0}, {.proto = 255}}},
	};

	(void)state;
	lab6_create(&lab, true, NULL, NULL);
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct dp_filter_rule rule = {.drop = true, .match = any()};

		if (cases[c].from)
			rule.match.from = wire_prefix(cases[c].from);
		if (cases[c].to)
			rule.match.to = wire_prefix(cases[c].to);
		if (cases[c].proto >= 0)
			rule.match.proto = (uint16_t)cases[c].proto;
		if (cases[c].sport)
			rule.match.sport_first = rule.match.sport_last = cases[c].sport;
		if (cases[c].dport)
			rule.match.dport_first = rule.match.dport_last = cases[c].dport;
		rule.match.dscp = cases[c].dscp;
		for (int out = 0; out < 2; out++) {
			dp_iface_id iface = out ? lab.wan : lab.lan;
			enum drop_reason reason = out ? DROP_FILTER_OUT : DROP_FILTER_IN;
			uint64_t drops = wire_drops(reason);
			struct dp_rule_stats stats;
			uint64_t hits = 0;
			size_t n;

			filter_set(iface, out ? DP_OUT : DP_IN, &rule, 1);
			for (size_t i = 0; i < 3 && cases[c].hit[i].proto != 255; i++, hits++)
				if (passes(&cases[c].hit[i]))
					fail_msg("case %zu: packet %zu passes", c, i);
			for (size_t i = 0; i < 3 && cases[c].miss[i].proto != 255; i++)
				if (!passes(&cases[c].miss[i]))
					fail_msg("case %zu: packet %zu is dropped", c, i);
			assert_int_equal(wire_drops(reason) - drops, hits);
			assert_int_equal(
				dp_filter_stats_get(iface, out ? DP_OUT : DP_IN, &stats, 1, &n), 0);
			assert_int_equal(n, 1);
			assert_int_equal(stats.packets, hits);
			filter_set(iface, out ? DP_OUT : DP_IN, NULL, 0);
		}
	}
}

/* Behind extension headers, in fragments; and what cannot be looked into is not let through. */
static void test_extensions(void **state)
{
	static const uint8_t destination[8] = {PROTO_UDP, 0, 1, 4};
	static const uint8_t first[8] = {PROTO_UDP, 0, 0, 1, 0, 0, 0, 7};
	static const uint8_t later[8] = {PROTO_UDP, 0, 0, 8, 0, 0, 0, 7};
	static const uint8_t hidden[8] = {60, 0, 0, 1, 0, 0, 0, 7};
	static const uint8_t unknown[8] = {PROTO_UDP, 0, 0xc7, 4};
	uint8_t many[9 * 8] = {0};
	const struct {
		struct packet packet;
		bool passes;
	} cases[] = {
		{{.dport = 54, .extensions = destination, .extensions_len = 8, .first = 60}, true},
		{{.dport = 53, .extensions = destination, .extensions_len = 8, .first = 60}, false},
		{{.dport = 54, .extensions = first, .extensions_len = 8, .first = 44}, true},
		{{.dport = 53, .extensions = first, .extensions_len = 8, .first = 44}, false},
		{{.dport = 54, .extensions = first, .extensions_len = 8, .first = 44, .len = 7},
			false},
		{{.dport = 53, .extensions = later, .extensions_len = 8, .first = 44}, true},
		{{.dport = 54, .extensions = hidden, .extensions_len = 8, .first = 44}, false},
		{{.dport = 54, .extensions = unknown, .extensions_len = 8, .first = 60}, false},
		{{.dport = 54, .extensions = many, .extensions_len = sizeof(many), .first = 60},
			false},
	};
	struct dp_filter_rule rule = {.drop = true, .match = any()};

	(void)state;
	for (size_t i = 0; i < sizeof(many); i += 8) {
		many[i] = i + 8 < sizeof(many) ? 60 : PROTO_UDP;
		many[i + 2] = 1;
		many[i + 3] = 4;
	}
	lab6_create(&lab, true, NULL, NULL);
	rule.match.proto = PROTO_UDP;
	rule.match.dport_first = rule.match.dport_last = 53;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(passes(&cases[i].packet));
	filter_set(lab.lan, DP_IN, &rule, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (passes(&cases[i].packet) != cases[i].passes)
			fail_msg("case %zu", i);
	/* What the link itself needs is not filtered: a solicitation is answered. */
	rule.match = any();
	filter_set(lab.lan, DP_IN, &rule, 1);
	assert_false(passes(&(struct packet){0}));
	{
		struct frame_l2 l2 = lab.from_a;
		struct frame6_view v;
		struct frame f;

		l2.dst = GROUP_MAC(0xff000001);
		frame6_nd(&f, &l2,
			&(struct frame_ip6){.src = A6, .dst = "ff02::1:ff00:1", .hops = 255},
			ICMP6_NS, 0, LAN6, 1, A_MAC);
		wire_send(0, &f);
		wire_poll(1);
		lab6_expect(0, &f, &v);
		assert_int_equal(v.icmp_type, ICMP6_NA);
	}
}

static void test_reverse_path(void **state)
{
	static const struct {
		const char *source;
		bool loose, strict;
	} cases[] = {{A6, true, true}, {"2001:db8::77", true, true}, {"2001:db8:9::1", true, false},
		{"2001:db8:1::77", true, false}, {LAN6, false, false},
		{"2001:db8:77::1", false, false}};

	(void)state;
	lab6_create(&lab, true, NULL, NULL);
	for (enum dp_rpf mode = DP_RPF_OFF; mode <= DP_RPF_STRICT; mode++) {
		wire_begin();
		assert_int_equal(dp_txn_rpf_set(wire_txn(), lab.lan, mode, wire_err()), 0);
		wire_commit();
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			bool good = mode == DP_RPF_OFF ||
				(mode == DP_RPF_LOOSE ? cases[i].loose : cases[i].strict);

			if (passes(&(struct packet){.src = cases[i].source}) != good)
				fail_msg("mode %d, source %s", mode, cases[i].source);
		}
	}
}

/* A policy's gateway of one family is for packets of that family. */
static void test_policies(void **state)
{
	struct dp_policy_spec policies[2] = {
		{.match = any(), .n_nexthops = 1}, {.match = any(), .other = DP_ELSE_DROP}};
	struct dp_rule_stats stats[2];
	struct frame f, got;
	dp_iface_id second;
	size_t n;

	(void)state;
	lab6_create(&lab, true, NULL, NULL);
	wire_begin();
	second = wire_iface_add(lab.vr,
		&(struct wire_iface){.port = 2,
			.address = "10.0.2.1/24",
			.address2 = "2001:db8:2::1/64",
			.name = "s"});
	wire_commit();
	lab6_settle();
	policies[0].nexthops[0] = (struct dp_nexthop_spec){wire_ipaddr("2001:db8:2::2"), second, 0};
	policies[0].match.dport_first = policies[0].match.dport_last = 7;
	policies[1].match.proto = 47;
	wire_begin();
	assert_int_equal(dp_txn_policies_set(wire_txn(), lab.vr, policies, 2, wire_err()), 0);
	wire_commit();
	frame6_udp(&f, &lab.from_a, &(struct frame_ip6){.src = A6, .dst = "2001:db8:9::1"}, 1, 7,
		20, 1);
	wire_send(0, &f);
	frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = frame_addr("10.9.0.1")},
		1, 7, 20, 1);
	wire_send(0, &f);
	wire_poll(1);
	/* The one asks for its new neighbour, the other goes as ever. */
	assert_true(wire_recv(2, &got));
	assert_true(wire_recv(1, &got));
	wire_expect_none();
	assert_true(passes(&(struct packet){.dst = "2001:db8:9::1", .dport = 8}));
	assert_true(passes(&(struct packet){.dst = B6, .dport = 7})); /* a connected network */
	assert_false(passes(&(struct packet){.dst = "2001:db8:9::1", .proto = 47}));
	assert_int_equal(dp_policy_stats_get(lab.vr, stats, 2, &n), 0);
	assert_int_equal(stats[0].packets, 1);
	assert_int_equal(stats[1].packets, 1);
}

/* ---- a probe ---- */

static void bfd_send(struct bfd *bfd)
{
	uint8_t payload[8 + BFD_PACKET_LEN] = {0xc0, 0, 0x0e, 0xc8, 0, sizeof(payload)};
	uint8_t pseudo[40 + sizeof(payload)] = {0};
	struct frame f;
	uint16_t sum;

	bfd_packet(bfd, payload + 8);
	frame6(&f, &lab.from_b,
		&(struct frame_ip6){.src = B6, .dst = WAN6, .proto = PROTO_UDP, .hops = 255},
		payload, sizeof(payload));
	memcpy(pseudo, frame_l3(&f) + 8, 32);
	pseudo[35] = sizeof(payload);
	pseudo[39] = PROTO_UDP;
	memcpy(pseudo + 40, payload, sizeof(payload));
	sum = (uint16_t)~frame_sum(pseudo, sizeof(pseudo));
	frame_l3(&f)[40 + 6] = (uint8_t)(sum >> 8);
	frame_l3(&f)[40 + 7] = (uint8_t)sum;
	wire_send(1, &f);
}

/* Until NS have gone by: the router at B's port, and B's session. */
static void bfd_run(struct bfd *bfd, uint64_t *now_ns, uint64_t ns)
{
	for (uint64_t end = *now_ns + ns; *now_ns < end; *now_ns += 1000000) {
		struct frame6_view v;
		struct frame f;

		wire_advance_ns(1000000);
		wire_poll(1);
		while (wire_recv(1, &f)) {
			frame6_parse(&f, &v);
			if (v.proto != PROTO_UDP)
				continue;
			assert_int_equal(v.hops, 255);
			assert_string_equal(v.src, WAN6);
			assert_string_equal(v.dst, B6);
			assert_int_equal(v.payload_len, 8 + BFD_PACKET_LEN);
			if (bfd_receive(bfd, v.payload + 8, BFD_PACKET_LEN, *now_ns) & BFD_SEND)
				bfd_send(bfd);
		}
		if (bfd_due_ns(bfd) <= *now_ns && (bfd_timeout(bfd, *now_ns) & BFD_SEND))
			bfd_send(bfd);
	}
}

static void test_probe(void **state)
{
	struct dp_probe_spec spec = {.interval_us = 50000, .multiplier = 3};
	struct dp_probe_stats stats;
	uint64_t now_ns = 1000000000;
	struct bfd bfd;

	(void)state;
	lab6_create(&lab, true, NULL, NULL);
	wire_begin();
	spec.peer = wire_ipaddr("2001:db8:7::2");
	assert_int_equal(dp_txn_probe_set(wire_txn(), lab.wan, &spec, wire_err()), -EINVAL);
	spec.peer = wire_ipaddr(B6);
	assert_int_equal(dp_txn_probe_set(wire_txn(), lab.wan, &spec, wire_err()), 0);
	wire_commit();
	bfd_init(&bfd, &(struct bfd_conf){50000, 3, 0x606}, now_ns);
	bfd_run(&bfd, &now_ns, UINT64_C(3000000000));
	assert_int_equal(dp_probe_stats_get(lab.wan, &stats), 0);
	assert_int_equal(stats.state, DP_PROBE_UP);
	assert_int_equal(bfd.state, BFD_UP);
	assert_int_equal(stats.refused, 0);
	/* B falls silent. */
	wire_run_ns(UINT64_C(152000000), 1000000);
	assert_int_equal(dp_probe_stats_get(lab.wan, &stats), 0);
	assert_int_equal(stats.state, DP_PROBE_DOWN);
	assert_int_equal(stats.downs, 1);
	wire_discard();
}

static int start(void **state)
{
	(void)state;
	return wire_start(1, 1);
}

static int each_setup(void **state)
{
	memset(&lab, 0, sizeof(lab));
	return wire_setup(state);
}

#define GUARD_TEST(f) cmocka_unit_test_setup_teardown(f, each_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUARD_TEST(test_each_field),
		GUARD_TEST(test_extensions),
		GUARD_TEST(test_reverse_path),
		GUARD_TEST(test_policies),
		GUARD_TEST(test_probe),
	};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
