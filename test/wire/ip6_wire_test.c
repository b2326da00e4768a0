/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6 packets through the usual router, beside IPv4: forwarded byte by byte as RFC 8200 and RFC
 * 4291 ask, refused as RFC 4443 asks. */
#include <string.h>

#include "lab6.h"

static void test_forwards(void **state)
{
	struct wire_lab lab = {0};

	(void)state;
	lab6_create(&lab, true, NULL, NULL);
	lab6_passes(&lab);
	wire_lab_passes(&lab);
	wire_check();
}

/* A burst of both families, with and without tags: each packet in its family's order. */
static void test_mixed_burst(void **state)
{
	const struct frame_ip6 ip6 = {.src = A6, .dst = "2001:db8:9::77"};
	const struct frame_ip ip4 = {.src = A_IP, .dst = B_IP};
	struct wire_lab lab = {0};
	struct frame in[40], want, got;
	unsigned int next[2] = {0};

	(void)state;
	lab6_create(&lab, true, &(struct wire_iface){.vlan = 7},
		&(struct wire_iface){.outer = 5, .vlan = 6});
	for (unsigned int i = 0; i < 40; i++) {
		if (i % 3 == 0)
			frame_udp(&in[i], &lab.from_a, &ip4, 1, 2, i, i);
		else
			frame6_udp(&in[i], &lab.from_a, &ip6, 1, 2, i, i);
		frame_pad(&in[i], 60);
		wire_send(0, &in[i]);
	}
	wire_poll(1);
	for (unsigned int i = 0; i < 40; i++) {
		unsigned int *at;
		bool six;

		assert_true(wire_recv(1, &got));
		six = frame_l3(&got)[0] >> 4 == 6;
		at = &next[six];
		while ((*at % 3 != 0) != six)
			(*at)++;
		if (six)
			frame6_forwarded(&want, &in[*at], &lab.at_b);
		else
			frame_forwarded(&want, &in[*at], &lab.at_b);
		assert_int_equal(got.len, want.len);
		assert_memory_equal(got.data, want.data, want.len);
		(*at)++;
	}
	wire_expect_none();
	wire_check();
}

static void from_a(
	struct frame *f, const struct wire_lab *lab, const struct frame_ip6 *ip, size_t payload)
{
	frame6_udp(f, &lab->from_a, ip, 5, 6, payload, 3);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *src, *dst;
		enum drop_reason reason;
	} cases[] = {
		{"ff02::1", B6, DROP_IP6_MARTIAN_SOURCE},
		{"::", B6, DROP_IP6_MARTIAN_SOURCE},
		{"::1", B6, DROP_IP6_MARTIAN_SOURCE},
		{"::ffff:10.0.0.2", B6, DROP_IP6_MARTIAN_SOURCE},
		{"::10.0.0.2", B6, DROP_IP6_MARTIAN_SOURCE},
		{A6, "::", DROP_IP6_MARTIAN_DESTINATION},
		{A6, "::1", DROP_IP6_MARTIAN_DESTINATION},
		{A6, "::ffff:10.0.1.2", DROP_IP6_MARTIAN_DESTINATION},
		{A6, A6, DROP_LAND},
		{A6, "ff02::5", DROP_MULTICAST},
		{A6, "ff0e::1234", DROP_MULTICAST},
		{A6, "fe80::1234", DROP_IP6_SCOPE},
		{A6_LL, "fe80::1234", DROP_IP6_SCOPE},
	};
	struct wire_lab lab = {0};
	struct frame f;

	(void)state;
	lab6_create(&lab, true, NULL, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		from_a(&f, &lab, &(struct frame_ip6){.src = cases[i].src, .dst = cases[i].dst}, 20);
		lab6_dropped(0, &f, cases[i].reason);
	}
	/* RFC 4443 3.1: the sender learns why, but only it. */
	from_a(&f, &lab, &(struct frame_ip6){.src = A6_LL, .dst = B6}, 20);
	lab6_refused(0, &f, DROP_IP6_SCOPE, ICMP6_UNREACH, 2, 0);
	/* NAT64's prefix is of the same /8 as what is reserved. */
	from_a(&f, &lab, &(struct frame_ip6){.src = A6, .dst = "64:ff9b::a00:1"}, 20);
	lab6_refused(0, &f, DROP_NO_ROUTE, ICMP6_UNREACH, 0, 0);
	/* A unicast packet in a group's frame is nobody's to forward. */
	from_a(&f, &lab, &(struct frame_ip6){.src = A6, .dst = B6}, 20);
	memcpy(f.data, "\x33\x33\0\0\0\1", 6);
	lab6_dropped(0, &f, DROP_L2_BROADCAST);
	wire_check();
}

static void test_lengths(void **state)
{
	struct wire_lab lab = {0};
	struct frame f;

	(void)state;
	lab6_create(&lab, true, NULL, NULL);
	from_a(&f, &lab, &(struct frame_ip6){.src = A6, .dst = B6}, 20);
	frame_l3(&f)[5]++; /* a byte more than there is */
	lab6_dropped(0, &f, DROP_IP6_LENGTH);
	from_a(&f, &lab, &(struct frame_ip6){.src = A6, .dst = B6}, 20);
	f.len = 14 + 39;
	lab6_dropped(0, &f, DROP_IP6_LENGTH);
	from_a(&f, &lab, &(struct frame_ip6){.src = A6, .dst = B6}, 20);
	frame_l3(&f)[0] = 0x45;
	lab6_dropped(0, &f, DROP_IP6_HEADER);
	wire_check();
}

static void test_hop_limit_and_mtu(void **state)
{
	struct wire_lab lab = {0};
	struct frame f, want;

	(void)state;
	lab6_create(&lab, true, NULL, &(struct wire_iface){.mtu = 1280});
	for (unsigned int hops = 0; hops < 2; hops++) {
		from_a(&f, &lab,
			&(struct frame_ip6){
				.src = A6, .dst = B6, .hops = hops == 0 ? FRAME_TTL_0 : 1},
			20);
		lab6_refused(0, &f, DROP_TTL_EXPIRED, ICMP6_TIME, 0, 0);
	}
	from_a(&f, &lab, &(struct frame_ip6){.src = A6, .dst = B6}, 1280 - 48);
	wire_send(0, &f);
	wire_poll(1);
	frame6_forwarded(&want, &f, &lab.at_b);
	wire_expect(1, &want);
	from_a(&f, &lab, &(struct frame_ip6){.src = A6, .dst = B6}, 1281 - 48);
	lab6_refused(0, &f, DROP_MTU_EXCEEDED, ICMP6_TOO_BIG, 0, 1280);
	wire_check();
}

static void test_no_ip6_where_none_is(void **state)
{
	struct wire_lab lab = {0};
	struct frame f;

	(void)state;
	wire_lab_create(&lab, "v/4", NULL, NULL);
	from_a(&f, &lab, &(struct frame_ip6){.src = A6, .dst = B6}, 20);
	lab6_dropped(0, &f, DROP_IP6_DISABLED);
	wire_lab_passes(&lab);
	wire_check();
}

/* The table's life: routes come and go with the interface's addresses. */
static void test_live_routes(void **state)
{
	struct wire_lab lab = {0};
	struct dp_route_spec route;
	struct dp_vr_stats stats;
	struct ip_prefix to = wire_prefix("2001:db8:77::/48");
	struct frame f, want;

	(void)state;
	lab6_create(&lab, true, NULL, NULL);
	assert_int_equal(dp_vr_stats_get(lab.vr, &stats), 0);
	assert_int_equal(stats.routes6, 7); /* two addresses, anycasts, networks; one static */
	from_a(&f, &lab, &(struct frame_ip6){.src = A6, .dst = "2001:db8:77::1"}, 20);
	lab6_refused(0, &f, DROP_NO_ROUTE, ICMP6_UNREACH, 0, 0);
	route = wire_route("2001:db8:77::/48", B6, lab.wan);
	assert_int_equal(dp_route_add(lab.vr, &route, wire_err()), 0);
	wire_send(0, &f);
	wire_poll(1);
	frame6_forwarded(&want, &f, &lab.at_b);
	wire_expect(1, &want);
	assert_int_equal(dp_route_del(lab.vr, &to, wire_err()), 0);
	assert_true(dp_route_del(lab.vr, &to, wire_err()) < 0);
	lab6_refused(0, &f, DROP_NO_ROUTE, ICMP6_UNREACH, 0, 0);
	route = wire_route("2001:db8:77::/48", "10.0.1.2", lab.wan);
	assert_true(dp_route_add(lab.vr, &route, wire_err()) < 0);
	route = wire_route("2001:db8:77::/48", NULL, 0);
	assert_int_equal(dp_route_add(lab.vr, &route, wire_err()), 0);
	lab6_dropped(0, &f, DROP_BLACKHOLE);
	wire_begin();
	wire_iface_del(lab.wan);
	wire_commit();
	from_a(&f, &lab, &(struct frame_ip6){.src = A6, .dst = B6}, 20);
	lab6_refused(0, &f, DROP_NO_ROUTE, ICMP6_UNREACH, 0, 0);
	wire_check();
}

/* A link shapes both families alike. */
static void test_shaped(void **state)
{
	const struct dp_link_spec link = wire_link(8000000, 1500, 100000, 100);
	struct dp_iface_stats stats;
	struct wire_lab lab = {0};
	struct frame f, want;

	(void)state;
	lab6_create(&lab, true, NULL, &(struct wire_iface){.link = link});
	for (unsigned int i = 0; i < 20; i++) {
		from_a(&f, &lab, &(struct frame_ip6){.src = A6, .dst = B6}, 438);
		wire_send(0, &f); /* 500 bytes: three in the burst */
	}
	wire_poll(1);
	frame6_forwarded(&want, &f, &lab.at_b);
	for (unsigned int i = 0; i < 3; i++)
		wire_expect(1, &want);
	wire_expect_none();
	for (unsigned int i = 0; i < 17; i++) {
		wire_advance_ns(501000); /* half a millisecond each */
		wire_poll(1);
		wire_expect(1, &want);
		wire_expect_none();
	}
	assert_int_equal(dp_iface_stats_get(lab.wan, &stats), 0);
	assert_int_equal(stats.link_packets, 20);
	wire_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_forwards),
		WIRE_TEST(test_mixed_burst),
		WIRE_TEST(test_addresses),
		WIRE_TEST(test_lengths),
		WIRE_TEST(test_hop_limit_and_mtu),
		WIRE_TEST(test_no_ip6_where_none_is),
		WIRE_TEST(test_live_routes),
		WIRE_TEST(test_shaped),
	};

	if (wire_start(1, 1) < 0)
		return 1;
	return cmocka_run_group_tests_name("ip6", tests, NULL, wire_stop);
}
