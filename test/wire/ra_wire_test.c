/* SPDX-License-Identifier: BSD-3-Clause */
/* Router advertisements on the wire: RFC 4861 6.2, byte by byte, at their times. */
#include <errno.h>
#include <string.h>

#include "lab6.h"

#define SECOND UINT64_C(1000000000)
#define TENTH (SECOND / 10)

static struct wire_lab lab;

static void begin(struct dp_ra_spec ra)
{
	lab = (struct wire_lab){0};
	lab6_create(&lab, false, &(struct wire_iface){.ra = ra}, NULL);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The next advertisement out of port 0, within MOST_NS; returns when it came, 0: none did. */
static uint64_t wait_advert(uint64_t most_ns, struct frame6_view *v, struct frame *f)
{
	for (uint64_t ns = TENTH; ns <= most_ns; ns += TENTH) {
		wire_run_ns(TENTH, TENTH);
		while (wire_recv(0, f)) {
			frame6_parse(f, v);
			if (v->proto != PROTO_ICMP6 || v->icmp_type != ICMP6_RA)
				continue;
			assert_true(v->ok);
			return ns;
		}
		while (wire_recv(1, f)) {
			frame6_parse(f, v);
			assert_false(v->proto == PROTO_ICMP6 && v->icmp_type == ICMP6_RA);
		}
	}
	return 0;
}

static uint64_t expect_advert(uint64_t most_ns)
{
	struct frame6_view v;
	struct frame f;
	uint64_t ns = wait_advert(most_ns, &v, &f);

	assert_true(ns > 0);
	return ns;
}

static void solicit(const char *src, uint8_t option, uint8_t hops)
{
	static const uint8_t mac[8] = {1, 1, 2, 0, 0, 1, 0, 0xa};
	struct frame_l2 l2 = lab.from_a;
	struct frame f;

	l2.dst = GROUP_MAC(2);
	frame6_icmp(&f, &l2, &(struct frame_ip6){.src = src, .dst = "ff02::2", .hops = hops},
		ICMP6_RS, 0, 0, mac, option);
	wire_send(0, &f);
	wire_poll(1);
}

static void test_message(void **state)
{
	static const uint8_t network[16] = {0x20, 0x01, 0x0d, 0xb8};
	struct frame6_view v;
	struct frame f;
	const uint8_t *p;

	(void)state;
	begin((struct dp_ra_spec){.interval_s = 60, .lifetime_s = 180, .managed = true});
	assert_true(wait_advert(2 * SECOND, &v, &f) > 0);
	assert_string_equal(v.src, LAN6_LL);
	assert_string_equal(v.dst, "ff02::1");
	assert_int_equal(v.dst_mac, GROUP_MAC(1));
	assert_int_equal(v.hops, 255);
	assert_int_equal(v.icmp_code, 0);
	assert_int_equal(v.icmp_value, 64u << 24 | 0x80u << 16 | 180);
	assert_int_equal(v.payload_len, 16 + 8 + 8 + 32);
	p = v.payload + 8;
	assert_int_equal(get32(p) | get32(p + 4), 0); /* reachable, retransmission: unspecified */
	p += 8;
	assert_memory_equal(p, "\1\1\2\0\0\0\0\1", 8); /* our MAC */
	p += 8;
	assert_memory_equal(p, "\5\1\0\0\0\0\x05\xdc", 8); /* MTU 1500 */
	p += 8;
	assert_memory_equal(p, "\3\4\x40\xc0", 4); /* /64, on link, for autoconfiguration */
	assert_int_equal(get32(p + 4), 2592000);
	assert_int_equal(get32(p + 8), 604800);
	assert_memory_equal(p + 16, network, 16);
	wire_discard();
	wire_check();
}

/* RFC 4861 6.2.4: three within 16 s each, then between a third of the interval and all of it. */
static void test_periodic(void **state)
{
	bool differ = false;
	uint64_t last = 0;

	(void)state;
	begin((struct dp_ra_spec){.interval_s = 60, .lifetime_s = 180});
	expect_advert(2 * SECOND);
	for (unsigned int i = 0; i < 2; i++)
		expect_advert(16 * SECOND + TENTH);
	for (unsigned int i = 0; i < 10; i++) {
		uint64_t ns = expect_advert(60 * SECOND + TENTH);

		assert_in_range(ns, 60 * SECOND * 33 / 100, 60 * SECOND + TENTH);
		differ |= i > 0 && ns != last;
		last = ns;
	}
	assert_true(differ);
	wire_discard();
	wire_check();
}

/* RFC 4861 6.2.6: who asks is answered soon, but all are not told more often than each 3 s. */
static void test_solicited(void **state)
{
	uint64_t ns;

	(void)state;
	begin((struct dp_ra_spec){.interval_s = 1800, .lifetime_s = 1800});
	for (unsigned int i = 0; i < 3; i++)
		expect_advert(17 * SECOND);
	wire_run_ns(20 * SECOND, TENTH);
	wire_discard();
	solicit("::", 0, 255);
	expect_advert(SECOND / 2 + TENTH);
	solicit(A6_LL, 8, 255);
	solicit("fe80::77", 0, 255);
	ns = expect_advert(3 * SECOND + TENTH);
	assert_in_range(ns, 2 * SECOND + SECOND / 2, 3 * SECOND + TENTH);
	wire_run_ns(20 * SECOND, TENTH);
	assert_int_equal(wire_discard(), 0);
	wire_check();
}

/* RFC 4861 6.1.1: not answered. */
static void test_bad_solicitations(void **state)
{
	uint64_t malformed = wire_drops(DROP_ND_MALFORMED), hops = wire_drops(DROP_ND_HOP_LIMIT);

	(void)state;
	begin((struct dp_ra_spec){.interval_s = 1800, .lifetime_s = 1800});
	for (unsigned int i = 0; i < 3; i++)
		expect_advert(17 * SECOND);
	wire_discard();
	solicit("::", 8, 255); /* nobody, with a MAC */
	assert_int_equal(wire_drops(DROP_ND_MALFORMED), malformed + 1);
	solicit(A6_LL, 8, 254);
	assert_int_equal(wire_drops(DROP_ND_HOP_LIMIT), hops + 1);
	wire_run_ns(10 * SECOND, TENTH);
	assert_int_equal(wire_discard(), 0);
	wire_check();
}

/* Off by default, and then nobody is answered. */
static void test_off(void **state)
{
	uint64_t before = wire_drops(DROP_ND_NOT_FOR_US);
	struct frame6_view v;
	struct frame f;

	(void)state;
	begin((struct dp_ra_spec){0});
	assert_int_equal(wait_advert(30 * SECOND, &v, &f), 0);
	solicit("::", 0, 255);
	assert_int_equal(wire_drops(DROP_ND_NOT_FOR_US), before + 1);
	assert_int_equal(wait_advert(10 * SECOND, &v, &f), 0);
	wire_check();
}

/* RFC 4861 6.2.5: who stops says so, with a lifetime of 0; and begins anew when it runs again. */
static void test_ceases(void **state)
{
	struct frame6_view v;
	struct frame f;

	(void)state;
	begin((struct dp_ra_spec){.interval_s = 100, .lifetime_s = 300, .other = true});
	expect_advert(2 * SECOND);
	wire_discard();
	assert_int_equal(dp_vr_set_state(lab.vr, DP_VR_SUSPENDED), 0);
	wire_poll(1);
	assert_true(wire_recv(0, &f));
	frame6_parse(&f, &v);
	assert_int_equal(v.icmp_type, ICMP6_RA);
	assert_int_equal(v.icmp_value, 64u << 24 | 0x40u << 16 | 0);
	assert_int_equal(wait_advert(200 * SECOND, &v, &f), 0);
	assert_int_equal(dp_vr_set_state(lab.vr, DP_VR_RUNNING), 0);
	expect_advert(SECOND / 2 + TENTH);
	wire_discard();
	wire_begin();
	wire_iface_del(lab.lan);
	wire_commit();
	wire_poll(1);
	assert_true(wire_recv(0, &f));
	frame6_parse(&f, &v);
	assert_int_equal(v.icmp_value & 0xffff, 0);
	assert_int_equal(wait_advert(200 * SECOND, &v, &f), 0);
	wire_check();
}

static void test_refused(void **state)
{
	static const struct dp_ra_spec bad[] = {{.interval_s = 3}, {.interval_s = 1801},
		{.interval_s = 10, .lifetime_s = 9}, {.interval_s = 10, .lifetime_s = 9001}};
	struct ip_prefix address = wire_prefix("2001:db8:7::1/64");

	(void)state;
	begin((struct dp_ra_spec){0});
	wire_begin();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct dp_iface_spec spec = {.name = "x",
			.port = wire_port_id(0),
			.outer_vlan = DP_VLAN_NONE,
			.vlan = 9,
			.addresses = &address,
			.n_addresses = 1,
			.ra = bad[i]};
		dp_iface_id id;

		assert_int_equal(
			dp_txn_iface_add(wire_txn(), lab.vr, &spec, &id, wire_err()), -EINVAL);
	}
	wire_abort();
	wire_poll(1);
	wire_discard();
	wire_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_message),
		WIRE_TEST(test_periodic),
		WIRE_TEST(test_solicited),
		WIRE_TEST(test_bad_solicitations),
		WIRE_TEST(test_off),
		WIRE_TEST(test_ceases),
		WIRE_TEST(test_refused),
	};

	if (wire_start(1, 1) < 0)
		return 1;
	return cmocka_run_group_tests_name("ra", tests, NULL, wire_stop);
}
