/* SPDX-License-Identifier: BSD-3-Clause */
/* What the router says for itself: echo, and the errors of RFC 1812 4.3, to the byte. */
#include <string.h>

#include "wire.h"

/* The error that the router at LAN_IP owes A about IN, after it has been received. */
static void expect_error(
	const struct wire_lab *lab, struct frame *in, uint8_t type, uint8_t code, uint16_t mtu)
{
	struct frame got, want;
	struct frame_view v, about;
	uint8_t icmp[576] = {type, code, 0, 0, 0, 0, (uint8_t)(mtu >> 8), (uint8_t)mtu};
	struct frame_ip ip = {.src = LAN_IP, .proto = PROTO_ICMP, .tos = 0xc0};
	uint16_t sum;
	size_t quoted;

	frame_parse(in, &about);
	quoted = about.total < 548 ? about.total : 548;
	memcpy(icmp + 8, frame_l3(in), quoted);
	sum = (uint16_t)~frame_sum(icmp, 8 + quoted);
	icmp[2] = (uint8_t)(sum >> 8);
	icmp[3] = (uint8_t)sum;
	wire_expect_parsed(0, &got, &v);
	ip.dst = about.ip.src;
	ip.id = v.ip.id;
	frame_ip4(&want, &lab->at_a, &ip, icmp, 8 + quoted);
	if (got.len != want.len || memcmp(got.data, want.data, want.len) != 0) {
		frame_print(&want, "expected");
		frame_print(&got, "got");
		fail_msg("another ICMP error");
	}
}

static void send_a(struct frame *f)
{
	wire_send(0, f);
	wire_poll(1);
}

static void test_time_exceeded(void **state)
{
	static const uint8_t nops[8] = {1, 1, 1, 1, 1, 1, 1, 0};
	static const struct wire_iface tags[] = {{0}, {.vlan = 101}, {.outer = 200, .vlan = 101}};

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		struct wire_lab lab = {0};
		struct frame f;

		wire_lab_create(&lab, "t/r", &tags[i], NULL);
		for (unsigned int ttl = 0; ttl < 2; ttl++)
			for (size_t payload = 0; payload < 1400; payload += 97) {
				struct frame_ip ip = {.src = A_IP,
					.dst = payload % 2 == 0 ? B_IP : UINT32_C(0x0a090909),
					.ttl = ttl == 0 ? FRAME_TTL_0 : 1,
					.options = nops,
					.options_len = payload % 4 == 0 ? sizeof(nops) : 0};

				frame_udp(&f, &lab.from_a, &ip, 1, 33434, payload, 5);
				if (payload == 0)
					frame_pad(&f, 64);
				send_a(&f);
				expect_error(&lab, &f, 11, 0, 0);
				wire_expect_none();
				wire_advance_ns(1000000);
			}
		wire_begin();
		wire_vr_del(lab.vr);
		wire_commit();
	}
}

/* A hop limit says nothing about packets to the router itself; and it runs out before a neighbour
 * is asked for. */
static void test_ttl_order(void **state)
{
	struct wire_lab lab = {0};
	struct frame f;
	struct frame_view v;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	frame_echo(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = LAN_IP, .ttl = 1}, 8, 1,
		2, 3, 4);
	send_a(&f);
	wire_expect_parsed(0, &f, &v);
	assert_int_equal(v.icmp_type, 0);
	frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP + 50, .ttl = 1}, 1,
		2, 3, 4);
	send_a(&f);
	expect_error(&lab, &f, 11, 0, 0);
	wire_expect_none();
}

static void test_unreachable(void **state)
{
	struct wire_lab lab = {0};
	struct frame f;
	struct dp_route_spec blackhole = wire_route("10.8.0.0/16", NULL, 0);

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = frame_addr("9.9.9.9")}, 1,
		2, 30, 4);
	send_a(&f);
	expect_error(&lab, &f, 3, 0, 0);
	frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = LAN_IP}, 1, 2, 30, 4);
	send_a(&f);
	expect_error(&lab, &f, 3, 3, 0);
	frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = WAN_IP}, 1, 2, 30, 4);
	send_a(&f);
	expect_error(&lab, &f, 3, 3, 0);
	frame_ip4(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = LAN_IP, .proto = 47},
		"hello", 5);
	send_a(&f);
	expect_error(&lab, &f, 3, 2, 0);
	assert_int_equal(dp_route_add(lab.vr, &blackhole, wire_err()), 0);
	frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = frame_addr("10.8.1.1")},
		1, 2, 30, 4);
	send_a(&f);
	wire_expect_none();
}

static void test_fragmentation_needed(void **state)
{
	static const uint16_t mtus[] = {68, 576, 1280, 1499};

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		struct wire_lab lab = {0};
		struct frame f, want;

		wire_lab_create(&lab, "t/r", NULL, &(struct wire_iface){.mtu = mtus[i]});
		frame_udp(&f, &lab.from_a,
			&(struct frame_ip){.src = A_IP, .dst = B_IP, .frag = FRAME_DF}, 1, 2,
			mtus[i] - 28u + 1, 4);
		send_a(&f);
		expect_error(&lab, &f, 3, 4, mtus[i]);
		frame_udp(&f, &lab.from_a,
			&(struct frame_ip){.src = A_IP, .dst = B_IP, .frag = FRAME_DF}, 1, 2,
			mtus[i] - 28u, 4);
		send_a(&f);
		frame_forwarded(&want, &f, &lab.at_b);
		wire_expect(1, &want);
		wire_expect_none();
		wire_begin();
		wire_vr_del(lab.vr);
		wire_commit();
	}
}

/* RFC 1812 4.3.2.7: about these nothing is said; about the others something is. Each is sent with
 * TTL 1, and without a route. */
static void test_excluded(void **state)
{
	static const struct {
		const char *what;
		uint8_t proto, icmp_type;
		uint16_t frag;
		const char *src;
		uint64_t mac;
		bool told;
	} cases[] = {
		{"UDP", PROTO_UDP, 0, 0, "10.0.0.2", 0, true},
		{"TCP", PROTO_TCP, 0, 0, "10.0.0.2", 0, true},
		{"echo request", PROTO_ICMP, 8, 0, "10.0.0.2", 0, true},
		{"echo reply", PROTO_ICMP, 0, 0, "10.0.0.2", 0, true},
		{"timestamp", PROTO_ICMP, 13, 0, "10.0.0.2", 0, true},
		{"unreachable", PROTO_ICMP, 3, 0, "10.0.0.2", 0, false},
		{"source quench", PROTO_ICMP, 4, 0, "10.0.0.2", 0, false},
		{"redirect", PROTO_ICMP, 5, 0, "10.0.0.2", 0, false},
		{"time exceeded", PROTO_ICMP, 11, 0, "10.0.0.2", 0, false},
		{"parameter problem", PROTO_ICMP, 12, 0, "10.0.0.2", 0, false},
		{"first fragment", PROTO_UDP, 0, FRAME_MF, "10.0.0.2", 0, true},
		{"middle fragment", PROTO_UDP, 0, FRAME_MF | 10, "10.0.0.2", 0, false},
		{"last fragment", PROTO_UDP, 0, 10, "10.0.0.2", 0, false},
		{"broadcast frame", PROTO_UDP, 0, 0, "10.0.0.2", MAC_ALL, false},
		{"multicast frame", PROTO_UDP, 0, 0, "10.0.0.2", UINT64_C(0x01005e000001), false},
		{"from a broadcast address", PROTO_UDP, 0, 0, "10.0.0.255", 0, false},
		{"from a network address", PROTO_UDP, 0, 0, "10.0.0.0", 0, false},
		{"from the router's address", PROTO_UDP, 0, 0, "10.0.0.1", 0, false},
		{"from nowhere", PROTO_UDP, 0, 0, "0.0.0.0", 0, false},
		{"from loopback", PROTO_UDP, 0, 0, "127.0.0.1", 0, false},
		{"from a group", PROTO_UDP, 0, 0, "224.0.0.5", 0, false},
		{"from class E", PROTO_UDP, 0, 0, "240.0.0.1", 0, false},
		{"from everybody", PROTO_UDP, 0, 0, "255.255.255.255", 0, false},
	};
	uint64_t made;
	struct wire_lab lab = {0};

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (unsigned int routed = 0; routed < 2; routed++) {
			struct frame_l2 l2 = lab.from_a;
			struct frame f;
			uint8_t payload[24] = {cases[i].icmp_type};
			struct frame_ip ip = {.src = frame_addr(cases[i].src),
				.dst = routed ? B_IP : frame_addr("9.9.9.9"),
				.ttl = routed ? 1 : 64,
				.frag = cases[i].frag,
				.proto = cases[i].proto};

			if (cases[i].mac != 0)
				l2.dst = cases[i].mac;
			frame_ip4(&f, &l2, &ip, payload, sizeof(payload));
			made = wire_books().originated;
			send_a(&f);
			/* Nor made, and dropped on its way out. */
			assert_int_equal(wire_books().originated - made, cases[i].told);
			wire_advance_ns(1000000);
			if (cases[i].told)
				expect_error(&lab, &f, routed ? 11 : 3, 0, 0);
			else if (wire_discard() != 0)
				fail_msg("%s: an error was sent", cases[i].what);
			wire_expect_none();
		}
	/* To groups and broadcasts. */
	for (unsigned int i = 0; i < 4; i++) {
		static const char *const dst[] = {
			"224.0.0.1", "255.255.255.255", "10.0.1.255", "10.0.0.255"};
		struct frame f;

		frame_udp(&f, &lab.from_a,
			&(struct frame_ip){.src = A_IP, .dst = frame_addr(dst[i]), .ttl = 1}, 1, 2,
			3, 4);
		send_a(&f);
		wire_expect_none();
	}
}

static unsigned int errors_sent(const struct wire_lab *lab, unsigned int packets)
{
	unsigned int n = 0;
	struct frame f;

	for (unsigned int i = 0; i < packets; i++) {
		frame_udp(&f, &lab->from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP, .ttl = 1},
			1, 2, 3, i);
		wire_send(0, &f);
	}
	/* While two share a worker that does not keep up, a turn serves few packets. */
	wire_poll(packets / 16 + 2);
	while (wire_recv(0, &f))
		n++;
	return n;
}

/* 1000 messages a second, 50 at once, of each router for itself. */
static void test_rate_limit(void **state)
{
	struct wire_lab one = {0}, two = {0};

	(void)state;
	wire_lab_create(
		&one, "t1/r", &(struct wire_iface){.vlan = 1}, &(struct wire_iface){.vlan = 1});
	wire_lab_create(
		&two, "t2/r", &(struct wire_iface){.vlan = 2}, &(struct wire_iface){.vlan = 2});
	assert_int_equal(errors_sent(&one, 300), 50);
	assert_int_equal(errors_sent(&two, 300), 50);
	assert_int_equal(errors_sent(&one, 10), 0);
	wire_advance_ns(10000000);
	assert_int_equal(errors_sent(&one, 300), 10);
	wire_advance_ns(UINT64_C(10000000000));
	assert_int_equal(errors_sent(&one, 300), 50);
}

static void test_echo(void **state)
{
	static const struct wire_iface tags[] = {{0}, {.vlan = 101}, {.outer = 200, .vlan = 101}};

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		struct wire_lab lab = {0};
		struct frame f, got, want;
		struct frame_view v;

		wire_lab_create(&lab, "t/r", &tags[i], NULL);
		for (size_t payload = 0; payload <= 1472; payload += 23) {
			uint32_t to = payload % 2 == 0 ? LAN_IP : WAN_IP;

			frame_echo(&f, &lab.from_a,
				&(struct frame_ip){
					.src = A_IP, .dst = to, .frag = FRAME_DF, .tos = 0x10},
				8, 77, (uint16_t)payload, payload, 9);
			frame_pad(&f, 60);
			send_a(&f);
			wire_expect_parsed(0, &got, &v);
			frame_echo(&want, &lab.at_a,
				&(struct frame_ip){
					.src = to, .dst = A_IP, .id = v.ip.id, .tos = 0x10},
				0, 77, (uint16_t)payload, payload, 9);
			assert_int_equal(got.len, want.len);
			assert_memory_equal(got.data, want.data, got.len);
			wire_expect_none();
		}
		wire_begin();
		wire_vr_del(lab.vr);
		wire_commit();
	}
}

/* What is addressed to the router but means nothing to it: never answered, always counted. */
static void test_local_refused(void **state)
{
	struct wire_lab lab = {0};
	uint64_t malformed = wire_drops(DROP_LOCAL_MALFORMED);
	uint64_t fragments = wire_drops(DROP_LOCAL_FRAGMENT);
	struct dp_conservation before;
	struct frame_ip ip = {.src = A_IP, .dst = LAN_IP};
	struct frame f;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	frame_echo(&f, &lab.from_a, &ip, 8, 1, 1, 40, 1);
	f.data[f.len - 1] ^= 1; /* checksum */
	send_a(&f);
	ip.proto = PROTO_ICMP;
	frame_ip4(&f, &lab.from_a, &ip, "\10\0\367\377", 4); /* no room for a header */
	send_a(&f);
	ip.proto = PROTO_UDP;
	frame_ip4(&f, &lab.from_a, &ip, "\0\1\0\2", 4);
	send_a(&f);
	frame_udp(&f, &lab.from_a, &ip, 1, 2, 10, 1);
	frame_l3(&f)[20 + 5] = 7; /* UDP length below its header */
	send_a(&f);
	frame_l3(&f)[20 + 5] = 19; /* and beyond the packet */
	send_a(&f);
	assert_int_equal(wire_drops(DROP_LOCAL_MALFORMED) - malformed, 5);
	ip.proto = 0;
	ip.frag = FRAME_MF;
	frame_echo(&f, &lab.from_a, &ip, 8, 1, 1, 40, 1);
	send_a(&f);
	ip.frag = 100;
	frame_echo(&f, &lab.from_a, &ip, 8, 1, 1, 40, 1);
	send_a(&f);
	assert_int_equal(wire_drops(DROP_LOCAL_FRAGMENT) - fragments, 2);
	ip.frag = 0;
	before = wire_books();
	for (uint8_t type = 0; type < 40; type++)
		if (type != 8) {
			frame_echo(&f, &lab.from_a, &ip, type, 1, 1, 40, 1);
			send_a(&f);
		}
	assert_int_equal(wire_books().consumed - before.consumed, 39);
	wire_expect_none();
}

static int start(void **state)
{
	(void)state;
	return wire_start(1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_time_exceeded),
		WIRE_TEST(test_ttl_order),
		WIRE_TEST(test_unreachable),
		WIRE_TEST(test_fragmentation_needed),
		WIRE_TEST(test_excluded),
		WIRE_TEST(test_rate_limit),
		WIRE_TEST(test_echo),
		WIRE_TEST(test_local_refused),
	};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
