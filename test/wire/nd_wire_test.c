/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbor Discovery between the usual router and stations that are bytes: RFC 4861's states and
 * messages, RFC 4862's duplicate address detection. */
#include <string.h>

#include "lab6.h"

#define SECOND UINT64_C(1000000000)
#define C6 "2001:db8:1::c"
#define C_MAC WIRE_HOST_MAC(0xc)
#define D_MAC WIRE_HOST_MAC(0xd)
#define FLAG_R (UINT32_C(1) << 31)
#define FLAG_S (UINT32_C(1) << 30)
#define FLAG_O (UINT32_C(1) << 29)

static struct wire_lab lab;

static struct dp_neigh_snap state_of(const char *address)
{
	struct ip_addr wanted = wire_ipaddr(address);
	struct dp_neigh_snap snap[64];
	size_t n;

	assert_int_equal(dp_neighbors_get(lab.vr, snap, 64, &n), 0);
	for (size_t i = 0; i < n && i < 64; i++)
		if (ipaddr_cmp(&snap[i].address, &wanted) == 0)
			return snap[i];
	return (struct dp_neigh_snap){0};
}

static void expect_state(const char *address, enum dp_neigh_state state)
{
	struct dp_neigh_snap snap = state_of(address);

	assert_int_not_equal(snap.iface, 0);
	assert_int_equal(snap.state, state);
}

/* The next frame out of PORT is a solicitation or advertisement: from SRC to DST about TARGET, to
 * MAC, with OPTION (0: none), which names the router's MAC. */
static void expect_nd(unsigned int port, uint8_t type, uint32_t flags, const char *src,
	const char *dst, uint64_t mac, const char *target, uint8_t option)
{
	struct frame6_view v;
	struct ip_addr about = wire_ipaddr(target);
	struct frame f;

	lab6_expect(port, &f, &v);
	assert_int_equal(v.icmp_type, type);
	assert_int_equal(v.icmp_code, 0);
	assert_int_equal(v.hops, 255);
	assert_int_equal(v.icmp_value, flags);
	assert_string_equal(v.src, src);
	assert_string_equal(v.dst, dst);
	assert_int_equal(v.dst_mac, mac);
	assert_int_equal(v.src_mac, WIRE_PORT_MAC(port));
	assert_memory_equal(v.payload + 8, about.bytes, 16);
	assert_int_equal(v.payload_len, option == 0 ? 24 : 32);
	if (option == 0)
		return;
	assert_int_equal(v.payload[24], option);
	assert_int_equal(v.payload[25], 1);
	for (int i = 0; i < 6; i++)
		assert_int_equal(v.payload[26 + i], (uint8_t)(WIRE_PORT_MAC(port) >> (40 - 8 * i)));
}

/* A sends to DST behind port 1. */
static struct frame send_a(const char *dst, uint32_t seed)
{
	struct frame f;

	frame6_udp(&f, &lab.from_a, &(struct frame_ip6){.src = A6, .dst = dst}, 1, 2, 30, seed);
	wire_send(0, &f);
	wire_poll(1);
	return f;
}

static void arrives(const struct frame *sent, uint64_t mac)
{
	struct frame_l2 l2 = lab.at_b;
	struct frame want;

	l2.dst = mac;
	frame6_forwarded(&want, sent, &l2);
	wire_expect(1, &want);
}

/* ADDRESS behind port 1 advertises itself; OPTION_MAC 0: without its MAC. */
static void advertise(const char *address, const char *dst, uint32_t flags, uint64_t option_mac)
{
	struct frame_l2 l2 = lab.from_b;
	struct frame f;

	if (dst[0] == 'f' && dst[1] == 'f')
		l2.dst = GROUP_MAC(1);
	frame6_nd(&f, &l2, &(struct frame_ip6){.src = address, .dst = dst, .hops = 255}, ICMP6_NA,
		flags, address, option_mac == 0 ? 0 : 2, option_mac);
	wire_send(1, &f);
	wire_poll(1);
}

static void solicit(
	const char *src, const char *dst, uint64_t dst_mac, const char *target, uint64_t option_mac)
{
	struct frame_l2 l2 = {dst_mac, C_MAC, 0, 0};
	struct frame f;

	frame6_nd(&f, &l2, &(struct frame_ip6){.src = src, .dst = dst, .hops = 255}, ICMP6_NS, 0,
		target, option_mac == 0 ? 0 : 1, option_mac);
	wire_send(1, &f);
	wire_poll(1);
}

static void begin(void)
{
	lab = (struct wire_lab){0};
	lab6_create(&lab, true, NULL, NULL);
}

/* RFC 4861 7.2.2, 7.2.5, 7.3: asked for, held for, confirmed, probed, given up. */
static void test_life(void **state)
{
	struct frame one, two, f;
	struct frame6_view v;

	(void)state;
	begin();
	one = send_a(C6, 1);
	expect_nd(1, ICMP6_NS, 0, WAN6, "ff02::1:ff00:c", GROUP_MAC(0xff00000c), C6, 1);
	two = send_a(C6, 2);
	wire_expect_none();
	expect_state(C6, DP_NEIGH_INCOMPLETE);
	assert_int_equal(state_of(C6).held_packets, 2);
	wire_run_ns(SECOND + SECOND / 10, SECOND / 10);
	expect_nd(1, ICMP6_NS, 0, WAN6, "ff02::1:ff00:c", GROUP_MAC(0xff00000c), C6, 1);
	advertise(C6, WAN6, FLAG_S | FLAG_O, C_MAC);
	arrives(&one, C_MAC);
	arrives(&two, C_MAC);
	wire_expect_none();
	expect_state(C6, DP_NEIGH_REACHABLE);
	/* Stale after 30 s; the next packet goes at once, and asks. */
	wire_run_ns(31 * SECOND, SECOND / 2);
	expect_state(C6, DP_NEIGH_STALE);
	one = send_a(C6, 3);
	expect_nd(1, ICMP6_NS, 0, WAN6, C6, C_MAC, C6, 1);
	arrives(&one, C_MAC);
	expect_state(C6, DP_NEIGH_PROBE);
	advertise(C6, WAN6, FLAG_S, 0); /* a unicast answer need not name the MAC */
	expect_state(C6, DP_NEIGH_REACHABLE);
	wire_run_ns(31 * SECOND, SECOND / 2);
	one = send_a(C6, 4);
	wire_discard();
	/* Three probes, then everybody is asked, three times; then the sender is told. */
	wire_run_ns(3 * SECOND + SECOND / 2, SECOND / 10);
	wire_discard();
	expect_state(C6, DP_NEIGH_INCOMPLETE);
	one = send_a(C6, 5);
	wire_expect_none();
	wire_run_ns(3 * SECOND + SECOND / 2, SECOND / 10);
	while (wire_recv(1, &f))
		;
	lab6_expect(0, &f, &v);
	assert_int_equal(v.icmp_type, ICMP6_UNREACH);
	assert_int_equal(v.icmp_code, 3);
	expect_state(C6, DP_NEIGH_FAILED);
	wire_run_ns(4 * SECOND, SECOND / 10);
	assert_int_equal(state_of(C6).iface, 0);
	wire_check();
}

/* RFC 4861 7.2.5: what an advertisement changes, by its flags. */
static void test_advertisements(void **state)
{
	struct frame f;

	(void)state;
	begin();
	/* Of nobody who was asked for: it makes no entry. */
	advertise(C6, "ff02::1", FLAG_O, C_MAC);
	assert_int_equal(state_of(C6).iface, 0);
	/* Unsolicited, while it is asked for: usable, not confirmed. */
	f = send_a(C6, 1);
	wire_discard();
	advertise(C6, "ff02::1", FLAG_O, C_MAC);
	expect_state(C6, DP_NEIGH_PROBE); /* the held packet was its next use */
	expect_nd(1, ICMP6_NS, 0, WAN6, C6, C_MAC, C6, 1);
	arrives(&f, C_MAC);
	advertise(C6, WAN6, FLAG_S | FLAG_O, C_MAC);
	expect_state(C6, DP_NEIGH_REACHABLE);
	/* Another MAC without override: not taken over, but doubted. */
	advertise(C6, WAN6, FLAG_S, D_MAC);
	expect_state(C6, DP_NEIGH_STALE);
	f = send_a(C6, 2);
	expect_nd(1, ICMP6_NS, 0, WAN6, C6, C_MAC, C6, 1);
	arrives(&f, C_MAC);
	/* With override: taken over. */
	advertise(C6, "ff02::1", FLAG_O, D_MAC);
	expect_state(C6, DP_NEIGH_STALE);
	f = send_a(C6, 3);
	expect_nd(1, ICMP6_NS, 0, WAN6, C6, D_MAC, C6, 1);
	arrives(&f, D_MAC);
	advertise(C6, WAN6, FLAG_S | FLAG_O, C_MAC);
	expect_state(C6, DP_NEIGH_REACHABLE);
	f = send_a(C6, 4);
	arrives(&f, C_MAC);
	/* What is configured stays, whatever is said. */
	advertise(B6, "ff02::1", FLAG_O, D_MAC);
	lab6_passes(&lab);
	wire_check();
}

/* RFC 4861 7.2.3, 7.2.4: who asks is answered, and known. */
static void test_solicitations(void **state)
{
	struct frame f;

	(void)state;
	begin();
	solicit(C6, "ff02::1:ff00:1", GROUP_MAC(0xff000001), WAN6, C_MAC);
	expect_nd(1, ICMP6_NA, FLAG_R | FLAG_S | FLAG_O, WAN6, C6, C_MAC, WAN6, 2);
	expect_state(C6, DP_NEIGH_STALE);
	f = send_a(C6, 1); /* no question before the packet goes */
	expect_nd(1, ICMP6_NS, 0, WAN6, C6, C_MAC, C6, 1);
	arrives(&f, C_MAC);
	/* Unicast, from link-local, about a link-local address. */
	solicit("fe80::c", WAN6_LL, WIRE_PORT_MAC(1), WAN6_LL, 0);
	expect_nd(1, ICMP6_NA, FLAG_R | FLAG_S | FLAG_O, WAN6_LL, "fe80::c", C_MAC, WAN6_LL, 2);
	assert_int_equal(state_of("fe80::c").iface, 0); /* it did not say where it is */
	/* Anycast: any of several may answer. */
	solicit(C6, "ff02::1:ff00:0", GROUP_MAC(0xff000000), "2001:db8:1::", C_MAC);
	expect_nd(1, ICMP6_NA, FLAG_R | FLAG_S, WAN6_LL, C6, C_MAC, "2001:db8:1::", 2);
	/* Somebody wants one of our addresses: all are told that it is taken (RFC 4862 5.4.4). */
	solicit("::", "ff02::1:ff00:1", GROUP_MAC(0xff000001), WAN6, 0);
	expect_nd(1, ICMP6_NA, FLAG_R | FLAG_O, WAN6, "ff02::1", GROUP_MAC(1), WAN6, 2);
	wire_expect_none();
	wire_check();
}

/* RFC 4861 7.1: not answered, not learned. */
static void test_malformed(void **state)
{
	static const struct {
		size_t at; /* in the message; 0: none */
		uint8_t to;
		size_t len; /* of the message */
	} cases[] = {
		{1, 1, 32},     /* code */
		{0, 0, 20},     /* too short for a target */
		{8, 0xff, 32},  /* target is a group */
		{25, 0, 32},    /* option of no length */
		{25, 2, 32},    /* option beyond the message */
		{26, 0x01, 32}, /* a group's MAC */
	};

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct frame_ip6 ip = {.src = C6, .dst = WAN6, .hops = 255};
		struct frame good, f;
		uint8_t message[32];

		frame6_nd(&good, &lab.from_b, &ip, ICMP6_NS, 0, WAN6, 1, C_MAC);
		memcpy(message, good.data + good.len - 32, 32);
		if (cases[i].at > 0)
			message[cases[i].at] = cases[i].to;
		frame6_icmp(&f, &lab.from_b, &ip, message[0], message[1], 0, message + 8,
			cases[i].len - 8);
		lab6_dropped(1, &f, DROP_ND_MALFORMED);
	}
	/* Nobody, with a MAC; or to no group of solicited nodes. */
	for (unsigned int i = 0; i < 2; i++) {
		const struct frame_ip6 ip = {
			.src = "::", .dst = i == 0 ? "ff02::1:ff00:1" : "ff02::1", .hops = 255};
		struct frame_l2 l2 = {GROUP_MAC(1), C_MAC, 0, 0};
		struct frame f;

		frame6_nd(&f, &l2, &ip, ICMP6_NS, 0, WAN6, i == 0, C_MAC);
		lab6_dropped(1, &f, DROP_ND_MALFORMED);
	}
	assert_int_equal(state_of(C6).iface, 0);
	wire_check();
}

static void expect_dad(unsigned int port, const char *target, const char *group, uint64_t mac)
{
	expect_nd(port, ICMP6_NS, 0, "::", group, mac, target, 0);
}

/* RFC 4862 5.4: asked about first, one second long; then used, and announced. Transit goes on. */
static void test_dad(void **state)
{
	struct frame f;

	(void)state;
	lab = (struct wire_lab){0};
	lab6_create(&lab, false, NULL, NULL);
	wire_poll(1);
	/* ARP's announcement is the first of each port. */
	assert_true(wire_recv(0, &f) && wire_recv(1, &f));
	expect_dad(0, LAN6_LL, "ff02::1:ff00:1", GROUP_MAC(0xff000001));
	expect_dad(0, LAN6, "ff02::1:ff00:1", GROUP_MAC(0xff000001));
	expect_dad(1, WAN6_LL, "ff02::1:ff00:2", GROUP_MAC(0xff000002));
	expect_dad(1, WAN6, "ff02::1:ff00:1", GROUP_MAC(0xff000001));
	wire_expect_none();
	/* Not ours yet: not answered. */
	frame6_icmp(&f, &lab.from_b, &(struct frame_ip6){.src = C6, .dst = WAN6}, ICMP6_ECHO, 0, 1,
		NULL, 0);
	lab6_dropped(1, &f, DROP_IP6_TENTATIVE);
	frame6_nd(&f, &lab.from_b, &(struct frame_ip6){.src = C6, .dst = WAN6, .hops = 255},
		ICMP6_NS, 0, WAN6, 1, C_MAC);
	lab6_dropped(1, &f, DROP_IP6_TENTATIVE);
	wire_run_ns(SECOND + SECOND / 5, SECOND / 10);
	expect_nd(0, ICMP6_NA, FLAG_R | FLAG_O, LAN6_LL, "ff02::1", GROUP_MAC(1), LAN6_LL, 2);
	expect_nd(0, ICMP6_NA, FLAG_R | FLAG_O, LAN6, "ff02::1", GROUP_MAC(1), LAN6, 2);
	expect_nd(1, ICMP6_NA, FLAG_R | FLAG_O, WAN6_LL, "ff02::1", GROUP_MAC(1), WAN6_LL, 2);
	expect_nd(1, ICMP6_NA, FLAG_R | FLAG_O, WAN6, "ff02::1", GROUP_MAC(1), WAN6, 2);
	wire_expect_none();
	solicit(C6, "ff02::1:ff00:1", GROUP_MAC(0xff000001), WAN6, C_MAC);
	expect_nd(1, ICMP6_NA, FLAG_R | FLAG_S | FLAG_O, WAN6, C6, C_MAC, WAN6, 2);
	wire_check();
}

/* RFC 4862 5.4.3 to 5.4.5: an address that another station has, or wants at the same time, is not
 * used; its network is still forwarded to. The router's own question does not count. */
static void test_duplicate(void **state)
{
	struct frame_l2 own = {GROUP_MAC(0xff000001), WIRE_PORT_MAC(1), 0, 0};
	struct frame f;

	(void)state;
	for (unsigned int way = 0; way < 2; way++) {
		lab = (struct wire_lab){0};
		lab6_create(&lab, false, NULL, NULL);
		wire_poll(1);
		wire_discard();
		frame6_nd(&f, &own,
			&(struct frame_ip6){.src = "::", .dst = "ff02::1:ff00:1", .hops = 255},
			ICMP6_NS, 0, WAN6, 0, 0);
		lab6_dropped(1, &f, DROP_IP6_TENTATIVE);
		if (way == 0)
			advertise(WAN6, "ff02::1", FLAG_O, C_MAC);
		else
			solicit("::", "ff02::1:ff00:1", GROUP_MAC(0xff000001), WAN6, 0);
		wire_run_ns(3 * SECOND, SECOND / 10);
		wire_discard();
		frame6_icmp(&f, &lab.from_b, &(struct frame_ip6){.src = C6, .dst = WAN6},
			ICMP6_ECHO, 0, 1, NULL, 0);
		lab6_dropped(1, &f, DROP_IP6_TENTATIVE);
		/* It speaks by the address that it has. */
		f = send_a(C6, 1);
		expect_nd(1, ICMP6_NS, 0, WAN6_LL, "ff02::1:ff00:c", GROUP_MAC(0xff00000c), C6, 1);
		advertise(C6, WAN6_LL, FLAG_S | FLAG_O, C_MAC);
		arrives(&f, C_MAC);
		wire_expect_none();
		/* When the link comes again, it is asked about again, and ours. */
		wire_link_up(1, false);
		wire_run_ns(SECOND / 2, SECOND / 10);
		wire_link_up(1, true);
		wire_run_ns(2 * SECOND, SECOND / 10);
		wire_discard();
		solicit(C6, "ff02::1:ff00:1", GROUP_MAC(0xff000001), WAN6, C_MAC);
		expect_nd(1, ICMP6_NA, FLAG_R | FLAG_S | FLAG_O, WAN6, C6, C_MAC, WAN6, 2);
		wire_begin();
		wire_vr_del(lab.vr);
		wire_commit();
	}
	wire_check();
}

/* An address in conflict after it was checked stays, and is counted. */
static void test_conflict(void **state)
{
	struct frame_l2 l2 = {GROUP_MAC(1), C_MAC, 0, 0};
	struct frame f;

	(void)state;
	begin();
	frame6_nd(&f, &l2, &(struct frame_ip6){.src = WAN6, .dst = "ff02::1", .hops = 255},
		ICMP6_NA, FLAG_O, WAN6, 2, C_MAC);
	lab6_dropped(1, &f, DROP_ND_CONFLICT);
	lab6_passes(&lab);
	wire_check();
}

/* Sixteen packets wait for one neighbour, as with ARP; an interface that goes takes them along. */
static void test_hold(void **state)
{
	(void)state;
	begin();
	for (unsigned int i = 0; i < 17; i++)
		send_a(C6, i);
	wire_discard();
	assert_int_equal(wire_books().queued, 16);
	assert_int_equal(state_of(C6).held_packets, 16);
	wire_begin();
	wire_iface_del(lab.wan);
	wire_commit();
	assert_int_equal(wire_books().queued, 0);
	wire_check();
}

/* RFC 4443 4.2: echo, to each kind of own address; a group's is answered by one of ours. */
static void test_echo(void **state)
{
	static const struct {
		const char *src, *dst, *from;
	} cases[] = {
		{A6, LAN6, LAN6},
		{A6, WAN6, WAN6},
		{A6_LL, LAN6_LL, LAN6_LL},
		{A6_LL, LAN6, LAN6},
		{A6, "2001:db8::", LAN6},
		{A6_LL, "ff02::1", LAN6_LL},
		{A6_LL, "ff02::2", LAN6_LL},
	};
	static const uint8_t data[5] = {1, 2, 3, 4, 5};
	struct frame6_view v;
	struct frame f;

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct frame_l2 l2 = lab.from_a;

		if (cases[i].dst[0] == 'f' && cases[i].dst[1] == 'f')
			l2.dst = GROUP_MAC(1);
		frame6_icmp(&f, &l2, &(struct frame_ip6){.src = cases[i].src, .dst = cases[i].dst},
			ICMP6_ECHO, 0, 0x12345678, data, sizeof(data));
		wire_send(0, &f);
		wire_poll(1);
		lab6_expect(0, &f, &v);
		assert_string_equal(v.src, cases[i].from);
		assert_string_equal(v.dst, cases[i].src);
		assert_int_equal(v.icmp_type, ICMP6_REPLY);
		assert_int_equal(v.icmp_value, 0x12345678);
		assert_int_equal(v.dst_mac, A_MAC);
		assert_memory_equal(v.payload + 8, data, sizeof(data));
		wire_expect_none();
	}
	/* RFC 4443 3.4 and 3.1: protocols and ports that nobody has. */
	frame6(&f, &lab.from_a, &(struct frame_ip6){.src = A6, .dst = LAN6, .proto = 132}, data, 5);
	lab6_refused(0, &f, DROP_NO_PROTOCOL, ICMP6_PARAM, 1, 6);
	frame6_udp(&f, &lab.from_a, &(struct frame_ip6){.src = A6, .dst = LAN6}, 1, 2, 9, 1);
	lab6_refused(0, &f, DROP_NO_PORT, ICMP6_UNREACH, 4, 0);
	wire_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_life),
		WIRE_TEST(test_advertisements),
		WIRE_TEST(test_solicitations),
		WIRE_TEST(test_malformed),
		WIRE_TEST(test_dad),
		WIRE_TEST(test_duplicate),
		WIRE_TEST(test_conflict),
		WIRE_TEST(test_hold),
		WIRE_TEST(test_echo),
	};

	if (wire_start(1, 1) < 0)
		return 1;
	return cmocka_run_group_tests_name("nd", tests, NULL, wire_stop);
}
