/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters and the reverse-path check: what each rule lets through, counts and drops, against a
 * trivial model of rules, and while rules change. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wire.h"

#define ANY                                                                     \
	{                                                                       \
		.proto = DP_PROTO_ANY, .sport_last = 65535, .dport_last = 65535 \
	}
#define EF 46
#define DSCP(point) (UINT64_C(1) << (point))

static struct wire_lab lab;
static uint64_t seed = 88172645463325252u;

static uint32_t next_random(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 20) % n;
}

static struct dp_match_spec any(void)
{
	return (struct dp_match_spec)ANY;
}

static void filter_set(dp_iface_id iface, enum dp_direction direction,
	const struct dp_filter_rule *rules, size_t n)
{
	wire_begin();
	if (dp_txn_filter_set(wire_txn(), iface, direction, rules, n, wire_err()) != 0)
		fail_msg("%s", wire_err());
	wire_commit();
}

static void rpf_set(dp_iface_id iface, enum dp_rpf mode)
{
	wire_begin();
	assert_int_equal(dp_txn_rpf_set(wire_txn(), iface, mode, wire_err()), 0);
	wire_commit();
}

static struct dp_rule_stats rule_stats(dp_iface_id iface, enum dp_direction direction, size_t rule)
{
	struct dp_rule_stats stats[DP_RULES_MAX];
	size_t n;

	assert_int_equal(dp_filter_stats_get(iface, direction, stats, DP_RULES_MAX, &n), 0);
	assert_in_range(rule, 0, n - 1);
	return stats[rule];
}

/* ---- packets ---- */

struct packet {
	uint32_t src, dst;
	uint16_t sport, dport, frag;
	uint8_t proto, tos;
	size_t len; /* behind the IPv4 header; 0: 28 */
};

static void packet_frame(struct frame *f, const struct packet *p)
{
	uint8_t payload[64] = {(uint8_t)(p->sport >> 8), (uint8_t)p->sport,
		(uint8_t)(p->dport >> 8), (uint8_t)p->dport};

	frame_ip4(f, &lab.from_a,
		&(struct frame_ip){.src = p->src ? p->src : A_IP,
			.dst = p->dst ? p->dst : B_IP,
			.proto = p->proto ? p->proto : PROTO_UDP,
			.tos = p->tos,
			.frag = p->frag},
		payload, p->len ? p->len : 28);
}

/* Send it from A; does it arrive at B, changed by nothing but the way? */
static bool passes(const struct packet *p)
{
	struct frame f, want, got;

	packet_frame(&f, p);
	wire_send(0, &f);
	wire_poll(1);
	if (!wire_recv(1, &got)) {
		wire_expect_none();
		return false;
	}
	frame_forwarded(&want, &f, &lab.at_b);
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.data, want.data, want.len);
	return true;
}

/* ---- tests ---- */

/* Each field by itself: packets on both sides of each of its edges. */
static void test_each_field(void **state)
{
	static const struct {
		struct dp_match_spec match; /* with from, to as text below */
		const char *from, *to;
		struct packet hit[4], miss[4]; /* proto 255 ends a list */
	} cases[] = {
		{.match = ANY,
			.hit = {{0}, {.proto = 47}, {.frag = FRAME_MF}, {.proto = 255}},
			.miss = {{.proto = 255}}},
		{.match = {.proto = 6, .sport_last = 65535, .dport_last = 65535},
			.hit = {{.proto = 6}, {.proto = 6, .tos = 1}, {.proto = 255}},
			.miss = {{.proto = 17}, {.proto = 7}, {.proto = 255}}},
		{.match = ANY,
			.from = "10.0.0.0/30",
			.hit = {{.src = 0x0a000001 + 1}, {.src = 0x0a000003}, {.proto = 255}},
			.miss = {{.src = 0x0a000004}, {.src = 0x0a010000}, {.proto = 255}}},
		{.match = ANY,
			.to = "10.9.128.0/17",
			.hit = {{.dst = 0x0a098000}, {.dst = 0x0a09ffff}, {.proto = 255}},
			.miss = {{.dst = 0x0a097fff}, {0}, {.proto = 255}}},
		{.match = {.proto = DP_PROTO_ANY,
			 .sport_first = 1000,
			 .sport_last = 2000,
			 .dport_last = 65535},
			.hit = {{.sport = 1000}, {.sport = 2000, .proto = 6},
				{.sport = 1500, .frag = FRAME_MF}, {.proto = 255}},
			.miss = {{.sport = 999}, {.sport = 2001},
				/* no port: another protocol, too short, a later fragment */
				{.sport = 1500, .proto = 47}, {.proto = 255}}},
		{.match = {.proto = 17, .sport_last = 65535, .dport_first = 53, .dport_last = 53},
			.hit = {{.dport = 53}, {.dport = 53, .tos = 0xfc}, {.proto = 255}},
			.miss = {{.dport = 54}, {.dport = 53, .frag = 3}, {.dport = 53, .len = 3},
				{.dport = 53, .proto = 6}}},
		{.match = {.proto = DP_PROTO_ANY,
			 .sport_last = 65535,
			 .dport_last = 65535,
			 .dscp = DSCP(EF) | DSCP(0) | DSCP(1) | DSCP(63)},
			.hit = {{.tos = EF << 2}, {.tos = 3}, {.tos = 0xff}, {.tos = 1 << 2}},
			.miss = {{.tos = 45 << 2}, {.tos = 47 << 2}, {.tos = 2 << 2},
				{.tos = 62 << 2}}},
	};

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct dp_filter_rule rule = {.drop = true, .match = cases[c].match};
		uint64_t hits = 0;

		if (cases[c].from)
			rule.match.from = wire_prefix(cases[c].from);
		if (cases[c].to)
			rule.match.to = wire_prefix(cases[c].to);
		filter_set(lab.lan, DP_IN, NULL, 0);
		filter_set(lab.lan, DP_IN, &rule, 1);
		for (size_t i = 0; i < 4 && cases[c].hit[i].proto != 255; i++) {
			uint64_t drops = wire_drops(DROP_FILTER_IN);

			if (passes(&cases[c].hit[i]))
				fail_msg("case %zu: packet %zu passes", c, i);
			assert_int_equal(wire_drops(DROP_FILTER_IN), drops + 1);
			hits++;
		}
		assert_int_equal(rule_stats(lab.lan, DP_IN, 0).packets, hits);
		assert_int_equal(rule_stats(lab.lan, DP_IN, 0).bytes, hits * 48);
		for (size_t i = 0; i < 4 && cases[c].miss[i].proto != 255; i++)
			if (!passes(&cases[c].miss[i]))
				fail_msg("case %zu: packet %zu is dropped", c, i);
		assert_int_equal(rule_stats(lab.lan, DP_IN, 0).packets, hits);
		/* As accept, the same packets are counted and pass. */
		rule.drop = false;
		filter_set(lab.lan, DP_IN, &rule, 1);
		assert_int_equal(rule_stats(lab.lan, DP_IN, 0).packets, 0);
		for (size_t i = 0; i < 4 && cases[c].hit[i].proto != 255; i++)
			assert_true(passes(&cases[c].hit[i]));
		assert_int_equal(rule_stats(lab.lan, DP_IN, 0).packets, hits);
	}
}

/* The first rule that matches decides, in and out; nothing else of the router is touched. */
static void test_precedence_and_directions(void **state)
{
	struct dp_filter_rule rules[3] = {{.name = "dns", .match = any()},
		{.name = "udp", .drop = true, .match = any()}, {.name = "rest", .match = any()}};
	struct packet dns = {.dport = 53}, other = {.dport = 54}, tcp = {.proto = 6, .dport = 53};
	struct dp_iface_stats stats;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	rules[0].match.proto = rules[1].match.proto = PROTO_UDP;
	rules[0].match.dport_first = rules[0].match.dport_last = 53;
	filter_set(lab.lan, DP_IN, rules, 3);
	assert_true(passes(&dns));
	assert_false(passes(&other));
	assert_true(passes(&tcp));
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(rule_stats(lab.lan, DP_IN, i).packets, 1);
	wire_lab_passes_port(&lab, 1);
	assert_int_equal(dp_iface_stats_get(lab.lan, &stats), 0);
	assert_int_equal(stats.drops[DROP_FILTER_IN], 1);
	filter_set(lab.lan, DP_IN, NULL, 0);
	filter_set(lab.wan, DP_OUT, rules, 3);
	assert_true(passes(&dns));
	assert_false(passes(&other));
	assert_true(passes(&tcp));
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(rule_stats(lab.wan, DP_OUT, i).packets, 1);
	wire_lab_passes_port(&lab, 1);
	assert_int_equal(dp_iface_stats_get(lab.wan, &stats), 0);
	assert_int_equal(stats.drops[DROP_FILTER_OUT], 1);
	assert_int_equal(wire_drops(DROP_FILTER_OUT), 1);
}

/* Filters see packets to the router itself where they come in; its own are not filtered. ARP is
 * none of their business. */
static void test_router_itself(void **state)
{
	struct dp_filter_rule drop = {.drop = true, .match = any()};
	struct frame f;
	struct frame_view v;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	filter_set(lab.lan, DP_OUT, &drop, 1);
	frame_echo(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = LAN_IP}, 8, 1, 2, 30, 1);
	wire_send(0, &f);
	wire_poll(1);
	wire_expect_parsed(0, &f, &v);
	assert_int_equal(v.icmp_type, 0);
	filter_set(lab.lan, DP_IN, &drop, 1);
	frame_echo(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = LAN_IP}, 8, 1, 3, 30, 1);
	wire_send(0, &f);
	wire_poll(1);
	wire_expect_none();
	frame_arp(&f, &lab.from_a, ARP_REQUEST, A_MAC, A_IP, 0, LAN_IP);
	wire_send(0, &f);
	wire_poll(1);
	wire_expect_parsed(0, &f, &v);
	assert_int_equal(v.type, TYPE_ARP);
}

/* Options move the ports; padding behind a short packet has none. */
static void test_odd_headers(void **state)
{
	static const uint8_t options[8] = {1, 1, 1, 1, 1, 1, 1, 0};
	struct dp_filter_rule rule = {.drop = true, .match = any()};
	uint8_t udp[12] = {0, 1, 0, 53, 0, 12};
	struct frame f;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	rule.match.dport_first = rule.match.dport_last = 53;
	filter_set(lab.lan, DP_IN, &rule, 1);
	frame_ip4(&f, &lab.from_a,
		&(struct frame_ip){.src = A_IP,
			.dst = B_IP,
			.proto = PROTO_UDP,
			.options = options,
			.options_len = 8},
		udp, sizeof(udp));
	wire_send(0, &f);
	wire_poll(1);
	wire_expect_none();
	assert_int_equal(rule_stats(lab.lan, DP_IN, 0).packets, 1);
	/* Two bytes of UDP, and padding that looks like the other two. */
	frame_ip4(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP, .proto = PROTO_UDP},
		udp, 2);
	frame_pad(&f, 60);
	f.data[14 + 20 + 3] = 53;
	wire_send(0, &f);
	wire_poll(1);
	assert_true(wire_recv(1, &f));
	assert_int_equal(rule_stats(lab.lan, DP_IN, 0).packets, 1);
}

/* Of a packet in fragments the first is judged by its ports; one that hides them is not let
 * through, nor one that could overwrite them. Without a filter they are nobody's business. */
static void test_fragments(void **state)
{
	static const struct {
		struct packet packet;
		bool passes;
	} cases[] = {
		{{.dport = 54, .frag = FRAME_MF}, true}, {{.dport = 53, .frag = FRAME_MF}, false},
		{{.dport = 54, .frag = FRAME_MF, .len = 7}, false},
		{{.dport = 54, .frag = FRAME_MF, .len = 8}, true}, {{.frag = 1}, false},
		{{.frag = 1 | FRAME_MF}, false}, {{.frag = 2}, true},
		{{.proto = 47, .frag = FRAME_MF, .len = 3}, true}, {{.proto = 47, .frag = 1}, true},
		{{.len = 3}, true}, /* whole, and nobody makes a datagram of it */
	};
	struct dp_filter_rule rule = {.drop = true, .match = any()};

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	rule.match.dport_first = rule.match.dport_last = 53;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(passes(&cases[i].packet));
	filter_set(lab.lan, DP_IN, &rule, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (passes(&cases[i].packet) != cases[i].passes)
			fail_msg("case %zu", i);
	assert_int_equal(rule_stats(lab.lan, DP_IN, 0).packets, 1);
}

/* ---- random rules against a model ---- */

static struct dp_match_spec random_match(void)
{
	struct dp_match_spec match = any();
	char text[32];

	if (next_random(2)) {
		struct ip_prefix p;

		snprintf(
			text, sizeof(text), "10.0.0.%u/%u", next_random(256), 20 + next_random(13));
		p = wire_prefix(text);
		match.from = prefix_mask(&p);
	}
	if (next_random(2)) {
		struct ip_prefix p;

		snprintf(text, sizeof(text), "10.9.%u.%u/%u", next_random(4), next_random(256),
			14 + next_random(19));
		p = wire_prefix(text);
		match.to = prefix_mask(&p);
	}
	if (next_random(2))
		match.proto = (uint16_t[]){1, 6, 17, 132, 47}[next_random(5)];
	if (next_random(2)) {
		match.sport_first = (uint16_t)next_random(8);
		match.sport_last = (uint16_t)(match.sport_first + next_random(8));
	}
	if (next_random(2)) {
		match.dport_first = (uint16_t)next_random(8);
		match.dport_last =
			next_random(4) ? (uint16_t)(match.dport_first + next_random(8)) : 65535;
	}
	for (uint32_t n = next_random(2) ? 1 + next_random(5) : 0; n > 0; n--)
		match.dscp |= DSCP(next_random(64));
	return match;
}

static bool model_fits(const struct dp_match_spec *m, const struct packet *p)
{
	struct ip_addr src = ipaddr_from_u32(p->src), dst = ipaddr_from_u32(p->dst);
	bool ports = (p->proto == 6 || p->proto == 17 || p->proto == 132) &&
		(p->frag & 0x1fff) == 0 && p->len >= 4;
	bool wants = m->sport_first > 0 || m->sport_last < 65535 || m->dport_first > 0 ||
		m->dport_last < 65535;

	if ((m->from.addr.af && !prefix_contains(&m->from, &src)) ||
		(m->to.addr.af && !prefix_contains(&m->to, &dst)))
		return false;
	if (m->proto != DP_PROTO_ANY && m->proto != p->proto)
		return false;
	if (m->dscp && !(m->dscp >> (p->tos >> 2) & 1))
		return false;
	if (!wants)
		return true;
	return ports && p->sport >= m->sport_first && p->sport <= m->sport_last &&
		p->dport >= m->dport_first && p->dport <= m->dport_last;
}

/* First fragments too short to be judged, and what could overwrite a TCP header, are dropped where
 * there is a filter. */
static bool model_hides(const struct packet *p)
{
	bool ports = p->proto == 6 || p->proto == 17 || p->proto == 132;

	return ports && (p->frag == FRAME_MF ? p->len < 8 : (p->frag & 0x1fff) == 1);
}

static void test_random_against_model(void **state)
{
	enum { RULES = 40, BURST = 60 };

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	for (unsigned int round = 0; round < 60; round++) {
		uint32_t n = 1 + next_random(round % 4 == 0 ? RULES : 6);
		struct dp_filter_rule rules[RULES] = {0};
		uint64_t counts[RULES] = {0};
		enum dp_direction direction = next_random(2) ? DP_IN : DP_OUT;

		for (uint32_t i = 0; i < n; i++) {
			rules[i].drop = next_random(2);
			rules[i].match = random_match();
			snprintf(rules[i].name, sizeof(rules[i].name), "r%u-%u", round, i);
		}
		filter_set(lab.lan, DP_IN, NULL, 0);
		filter_set(lab.wan, DP_OUT, NULL, 0);
		filter_set(direction == DP_IN ? lab.lan : lab.wan, direction, rules, n);
		for (unsigned int burst = 0; burst < 10; burst++) {
			struct frame sent[BURST], got, want;
			bool pass[BURST];

			for (unsigned int k = 0; k < BURST; k++) {
				struct packet p = {.src = 0x0a000000 + 2 + next_random(250),
					.dst = 0x0a090000 + next_random(1024),
					.sport = (uint16_t)next_random(12),
					.dport = (uint16_t)next_random(12),
					.proto = (uint8_t[]){1, 6, 17, 132, 47}[next_random(5)],
					.tos = (uint8_t)next_random(256),
					.frag = (uint16_t[]){0, 0, 0, 5, FRAME_MF,
						1}[next_random(6)],
					.len = next_random(8) ? 28 : 1 + next_random(5)};
				uint32_t i = 0;

				packet_frame(&sent[k], &p);
				while (i < n && !model_fits(&rules[i].match, &p))
					i++;
				pass[k] = i == n || !rules[i].drop;
				if (model_hides(&p))
					pass[k] = false;
				else if (i < n)
					counts[i]++;
				wire_send(0, &sent[k]);
			}
			wire_poll(1);
			for (unsigned int k = 0; k < BURST; k++) {
				if (!pass[k])
					continue;
				frame_forwarded(&want, &sent[k], &lab.at_b);
				assert_true(wire_recv(1, &got));
				assert_int_equal(got.len, want.len);
				assert_memory_equal(got.data, want.data, want.len);
			}
			wire_expect_none();
		}
		for (uint32_t i = 0; i < n; i++)
			assert_int_equal(
				rule_stats(direction == DP_IN ? lab.lan : lab.wan, direction, i)
					.packets,
				counts[i]);
	}
}

/* Rules change under traffic: what stays keeps its counters, and no packet is lost. */
static void test_live_change(void **state)
{
	struct dp_filter_rule rules[3] = {{.name = "a", .match = any()},
		{.name = "b", .match = any()}, {.name = "c", .drop = true, .match = any()}};
	uint64_t received;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	rules[0].match.dport_first = rules[0].match.dport_last = 1;
	rules[1].match.dport_first = rules[1].match.dport_last = 2;
	rules[2].match.proto = 47;
	filter_set(lab.lan, DP_IN, rules, 3);
	received = wire_books().sent;
	for (unsigned int i = 0; i < 200; i++) {
		struct dp_filter_rule next[3] = {rules[0], rules[i % 2 + 1], rules[2 - i % 2]};
		struct frame f;

		/* On their way while the rules change. */
		for (uint16_t k = 0; k < 10; k++) {
			packet_frame(&f, &(struct packet){.dport = (uint16_t)(1 + k % 2)});
			wire_send(0, &f);
		}
		filter_set(lab.lan, DP_IN, next, i % 3 == 2 ? 2 : 3);
		wire_poll(1);
		assert_int_equal(wire_discard(), 10);
		filter_set(lab.lan, DP_IN, rules, 3);
	}
	assert_int_equal(wire_books().sent - received, 2000);
	assert_int_equal(rule_stats(lab.lan, DP_IN, 0).packets, 1000);
}

/* What cannot be is refused and changes nothing. */
static void test_refused(void **state)
{
	static struct dp_filter_rule rules[DP_RULES_MAX + 1];
	struct dp_filter_rule drop = {.drop = true, .match = any()}, bad = drop;
	struct packet p = {0};

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	filter_set(lab.lan, DP_IN, &drop, 1);
	wire_begin();
	for (size_t i = 0; i <= DP_RULES_MAX; i++)
		rules[i].match = any();
	assert_int_equal(
		dp_txn_filter_set(wire_txn(), lab.lan, DP_IN, rules, DP_RULES_MAX + 1, wire_err()),
		-E2BIG);
	bad.match.sport_first = 2;
	bad.match.sport_last = 1;
	assert_int_equal(
		dp_txn_filter_set(wire_txn(), lab.lan, DP_IN, &bad, 1, wire_err()), -EINVAL);
	bad = drop;
	bad.match.from.len = 33;
	bad.match.from.addr.af = IP_AF_4;
	assert_int_equal(
		dp_txn_filter_set(wire_txn(), lab.lan, DP_OUT, &bad, 1, wire_err()), -EINVAL);
	assert_int_equal(
		dp_txn_filter_set(wire_txn(), 60000, DP_IN, &drop, 1, wire_err()), -ENOENT);
	/* Good ones of the same transaction go with it. */
	assert_int_equal(dp_txn_filter_set(wire_txn(), lab.lan, DP_IN, rules, 1, wire_err()), 0);
	assert_int_equal(dp_txn_rpf_set(wire_txn(), lab.lan, DP_RPF_STRICT, wire_err()), 0);
	wire_abort();
	assert_false(passes(&p));
	assert_int_equal(rule_stats(lab.lan, DP_IN, 0).packets, 1);
	/* As many as may be. */
	for (uint32_t i = 0; i < DP_RULES_MAX; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.9.%u.%u/32", i / 256, i % 256);
		rules[i].match.to = wire_prefix(text);
		rules[i].match.proto = PROTO_TCP;
		rules[i].match.dport_first = rules[i].match.dport_last = (uint16_t)(i + 1);
		rules[i].drop = true;
	}
	filter_set(lab.lan, DP_IN, rules, DP_RULES_MAX);
	assert_false(passes(&(struct packet){.dst = 0x0a0903ff, .proto = 6, .dport = 1024}));
	assert_true(passes(&(struct packet){.dst = 0x0a0903ff, .proto = 6, .dport = 1023}));
	assert_int_equal(rule_stats(lab.lan, DP_IN, 1023).packets, 1);
}

/* A packet that waited for its link was filtered before, once. */
static void test_with_a_link(void **state)
{
	struct dp_link_spec link = wire_link(1000000, 100, 100000, 100);
	struct dp_filter_rule count = {.match = any()};

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, &(struct wire_iface){.link = link});
	filter_set(lab.wan, DP_OUT, &count, 1);
	filter_set(lab.lan, DP_IN, &count, 1);
	for (uint16_t i = 0; i < 20; i++) {
		struct frame f;

		packet_frame(&f, &(struct packet){.dport = i});
		wire_send(0, &f);
	}
	wire_run_ns(UINT64_C(1000000000), 1000000);
	assert_int_equal(wire_discard(), 20);
	assert_int_equal(rule_stats(lab.wan, DP_OUT, 0).packets, 20);
	assert_int_equal(rule_stats(lab.lan, DP_IN, 0).packets, 20);
}

/* Routers of one burst have filters of their own, or none. */
static void test_mixed_burst(void **state)
{
	struct wire_lab other = {0};
	struct dp_filter_rule drop = {.drop = true, .match = any()};
	struct frame f, want;

	(void)state;
	memset(&lab, 0, sizeof(lab));
	wire_lab_create(
		&lab, "t1/r", &(struct wire_iface){.vlan = 1}, &(struct wire_iface){.vlan = 1});
	wire_lab_create(
		&other, "t2/r", &(struct wire_iface){.vlan = 2}, &(struct wire_iface){.vlan = 2});
	drop.match.dport_first = 10;
	filter_set(other.lan, DP_IN, &drop, 1);
	for (uint16_t i = 0; i < 20; i++) {
		frame_udp(&f, i % 2 ? &other.from_a : &lab.from_a,
			&(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, i, 20, i);
		wire_send(0, &f);
	}
	wire_poll(1);
	for (uint16_t i = 0; i < 20; i++) {
		if (i % 2 && i >= 10)
			continue;
		frame_udp(&f, i % 2 ? &other.from_a : &lab.from_a,
			&(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, i, 20, i);
		frame_forwarded(&want, &f, i % 2 ? &other.at_b : &lab.at_b);
		wire_expect(1, &want);
	}
	wire_expect_none();
}

/* RFC 3704: strict asks for the way back, loose for any way. */
static void test_reverse_path(void **state)
{
	static const struct {
		const char *source;
		bool loose, strict;
	} cases[] = {
		{"10.0.0.2", true, true}, /* its own network */
		{"10.0.0.200", true, true},
		{"10.7.0.1", true, true},     /* a route by the interface it came in on */
		{"10.6.0.1", true, true},     /* one of several */
		{"10.5.0.1", true, true},     /* one that stands in for another */
		{"10.9.0.1", true, false},    /* a route by another */
		{"10.0.1.77", true, false},   /* another's network */
		{"10.0.0.1", false, false},   /* the router itself */
		{"10.0.0.255", false, false}, /* a broadcast address */
		{"10.8.0.1", false, false},   /* a route that drops */
		{"172.16.0.1", false, false}, /* no route */
	};
	struct dp_route_spec several = wire_route("10.6.0.0/16", "10.0.1.2", lab.wan), backup;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	several.n_nexthops = 2;
	several.nexthops[0].iface = lab.wan;
	several.nexthops[1] = (struct dp_nexthop_spec){wire_ipaddr("10.0.0.2"), lab.lan, 0};
	backup = several;
	backup.to = wire_prefix("10.5.0.0/16");
	backup.nexthops[1].metric = 7;
	assert_int_equal(dp_route_add(lab.vr, &several, wire_err()), 0);
	assert_int_equal(dp_route_add(lab.vr, &backup, wire_err()), 0);
	several = wire_route("10.7.0.0/16", "10.0.0.2", lab.lan);
	assert_int_equal(dp_route_add(lab.vr, &several, wire_err()), 0);
	several = wire_route("10.8.0.0/16", NULL, 0);
	assert_int_equal(dp_route_add(lab.vr, &several, wire_err()), 0);
	for (enum dp_rpf mode = DP_RPF_OFF; mode <= DP_RPF_STRICT; mode++) {
		uint64_t drops = wire_drops(DROP_RPF), want = drops;

		rpf_set(lab.lan, mode);
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			bool good = mode == DP_RPF_OFF ||
				(mode == DP_RPF_LOOSE ? cases[i].loose : cases[i].strict);

			if (passes(&(struct packet){.src = frame_addr(cases[i].source)}) != good)
				fail_msg("mode %d, source %s", mode, cases[i].source);
			want += !good;
		}
		assert_int_equal(wire_drops(DROP_RPF), want);
	}
	wire_lab_passes_port(&lab, 1);
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
		GUARD_TEST(test_precedence_and_directions),
		GUARD_TEST(test_router_itself),
		GUARD_TEST(test_odd_headers),
		GUARD_TEST(test_fragments),
		GUARD_TEST(test_random_against_model),
		GUARD_TEST(test_live_change),
		GUARD_TEST(test_refused),
		GUARD_TEST(test_with_a_link),
		GUARD_TEST(test_mixed_burst),
		GUARD_TEST(test_reverse_path),
	};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
