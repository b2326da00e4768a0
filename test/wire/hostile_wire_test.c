/* SPDX-License-Identifier: BSD-3-Clause */
/* Hostile frames, each with the behaviour that its standard demands, counted under its own reason.
 * After each the router forwards both families as before. */
#include <stdio.h>
#include <string.h>

#include "lab6.h"
#include "peer.h"

static struct wire_lab lab;

static struct frame udp4(const struct frame_ip *ip)
{
	struct frame f;

	frame_udp(&f, &lab.from_a, ip, 1, 2, 72, 1);
	return f;
}

static const struct frame_ip usual = {.src = A_IP, .dst = B_IP};
static const struct frame_ip6 usual6 = {.src = A6, .dst = B6};

/* Nothing of the hostile frame has stuck. */
static void still_well(void)
{
	wire_lab_passes(&lab);
	lab6_passes(&lab);
	wire_check();
}

static void dropped(const struct frame *f, enum drop_reason reason)
{
	lab6_dropped(0, f, reason);
}

/* With the byte at AT of the IPv4 header changed, and the checksum right. */
static void dropped_changed(size_t at, uint8_t to, enum drop_reason reason)
{
	struct frame f = udp4(&usual);

	frame_l3(&f)[at] = to;
	frame_ip4_fix(&f);
	dropped(&f, reason);
}

/* The error that is due: ICMP of IPv4 to A. */
static void refused4(const struct frame *f, enum drop_reason reason, uint8_t type, uint8_t code)
{
	uint64_t before = wire_drops(reason);
	struct frame_view v;
	struct frame got;

	wire_send(0, f);
	wire_poll(1);
	assert_int_equal(wire_drops(reason), before + 1);
	wire_expect_parsed(0, &got, &v);
	assert_int_equal(v.ip.dst, A_IP);
	assert_int_equal(v.icmp_type, type);
	assert_int_equal(v.icmp_code, code);
	wire_expect_none();
}

/* 1. IEEE 802.3 3.2: a frame shorter than its own headers. */
static void test_runt(void **state)
{
	struct frame f = udp4(&usual);

	(void)state;
	for (f.len = 1; f.len < 14; f.len++)
		dropped(&f, DROP_RUNT);
	f.len = 14; /* nothing behind Ethernet */
	dropped(&f, DROP_IP4_LENGTH);
	still_well();
}

/* 2. RFC 1812 5.2.2 (3) and (4): version and IHL. */
static void test_bad_ihl(void **state)
{
	(void)state;
	dropped_changed(0, 0x44, DROP_IP4_HEADER);
	dropped_changed(0, 0x40, DROP_IP4_HEADER);
	dropped_changed(0, 0x65, DROP_IP4_HEADER);
	still_well();
}

/* 3. RFC 1812 5.2.2 (2): the header's checksum. */
static void test_bad_checksum(void **state)
{
	struct frame f = udp4(&usual);

	(void)state;
	frame_l3(&f)[10] ^= 1;
	dropped(&f, DROP_IP4_CHECKSUM);
	still_well();
}

/* 4. RFC 1812 5.2.2 (5), RFC 8200 3: more bytes than came. */
static void test_length_beyond_frame(void **state)
{
	struct frame f;

	(void)state;
	dropped_changed(2, 0x7f, DROP_IP4_LENGTH);
	frame6_udp(&f, &lab.from_a, &usual6, 1, 2, 20, 1);
	frame_l3(&f)[4] = 0x7f;
	dropped(&f, DROP_IP6_LENGTH);
	still_well();
}

/* 5. RFC 1812 5.3.1, RFC 8200 3: who can live no longer is dropped, and its sender told. */
static void test_ttl(void **state)
{
	(void)state;
	for (unsigned int ttl = 0; ttl < 2; ttl++) {
		uint16_t value = ttl == 0 ? FRAME_TTL_0 : 1;
		struct frame f = udp4(&(struct frame_ip){.src = A_IP, .dst = B_IP, .ttl = value});

		refused4(&f, DROP_TTL_EXPIRED, 11, 0);
		frame6_udp(&f, &lab.from_a,
			&(struct frame_ip6){.src = A6, .dst = B6, .hops = value}, 1, 2, 9, 1);
		lab6_refused(0, &f, DROP_TTL_EXPIRED, ICMP6_TIME, 0, 0);
	}
	still_well();
}

/* 6. RFC 1812 5.3.7, RFC 4291 2.5: addresses of no host; nobody is told. */
static void test_martians(void **state)
{
	static const uint32_t sources[] = {0, 0x7f000001, 0xe0000001, 0xf0000001, 0xffffffff};
	static const char *const sources6[] = {"::", "::1", "ff02::1", "::ffff:10.0.0.2"};
	struct frame f;

	(void)state;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		f = udp4(&(struct frame_ip){.src = sources[i], .dst = B_IP});
		dropped(&f, DROP_IP4_MARTIAN_SOURCE);
	}
	for (size_t i = 0; i < sizeof(sources6) / sizeof(sources6[0]); i++) {
		frame6_udp(&f, &lab.from_a, &(struct frame_ip6){.src = sources6[i], .dst = B6}, 1,
			2, 9, 1);
		dropped(&f, DROP_IP6_MARTIAN_SOURCE);
	}
	f = udp4(&(struct frame_ip){.src = A_IP, .dst = 0x7f000001});
	dropped(&f, DROP_IP4_MARTIAN_DESTINATION);
	frame6_udp(&f, &lab.from_a, &(struct frame_ip6){.src = A6, .dst = "::1"}, 1, 2, 9, 1);
	dropped(&f, DROP_IP6_MARTIAN_DESTINATION);
	still_well();
}

/* 7. The land attack (CERT CA-1997-28): to oneself, also to an address of the router. */
static void test_land(void **state)
{
	static const uint32_t both[] = {B_IP, LAN_IP, WAN_IP};
	static const char *const both6[] = {B6, LAN6, LAN6_LL};
	struct frame f;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		f = udp4(&(struct frame_ip){.src = both[i], .dst = both[i]});
		dropped(&f, DROP_LAND);
		frame6_udp(&f, &lab.from_a, &(struct frame_ip6){.src = both6[i], .dst = both6[i]},
			1, 2, 9, 1);
		dropped(&f, DROP_LAND);
	}
	still_well();
}

/* 8. RFC 7126 4.3 and 4.4: loose and strict source routes are dropped. */
static void test_source_routes(void **state)
{
	static const uint8_t routes[][8] = {{131, 7, 4, 10, 0, 1, 2}, {1, 137, 7, 4, 10, 0, 1, 2}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct frame f = udp4(&(struct frame_ip){
			.src = A_IP, .dst = LAN_IP, .options = routes[i], .options_len = 8});

		dropped(&f, DROP_IP4_SOURCE_ROUTE);
	}
	still_well();
}

/* 9. RFC 791 3.1, RFC 8200 4.2: options that end nowhere, or beyond the header. */
static void test_malformed_options(void **state)
{
	static const uint8_t options[][4] = {{7, 0}, {7, 1}, {7, 5}, {1, 1, 1, 7}, {68, 255}};
	static const uint8_t beyond[8] = {PROTO_UDP, 0, 0x1e, 5};
	struct frame f;

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		f = udp4(&(struct frame_ip){
			.src = A_IP, .dst = B_IP, .options = options[i], .options_len = 4});
		dropped(&f, DROP_IP4_OPTIONS);
	}
	frame6_udp(&f, &lab.from_a,
		&(struct frame_ip6){
			.src = A6, .dst = B6, .extensions = beyond, .extensions_len = 8},
		1, 2, 9, 1);
	lab6_refused(0, &f, DROP_IP6_OPTIONS, ICMP6_PARAM, 0, 42);
	still_well();
}

static void fragment_passes(const struct frame_ip *ip, size_t len)
{
	uint8_t data[64] = {0};
	struct frame f, want;

	frame_ip4(&f, &lab.from_a, ip, data, len);
	wire_send(0, &f);
	wire_poll(1);
	frame_forwarded(&want, &f, &lab.at_b);
	wire_expect(1, &want);
	wire_expect_none();
}

static void fragment_dropped(uint16_t frag, size_t len)
{
	uint8_t data[1400] = {0};
	struct frame f;

	frame_ip4(&f, &lab.from_a,
		&(struct frame_ip){.src = A_IP, .dst = B_IP, .proto = PROTO_TCP, .frag = frag},
		data, len);
	dropped(&f, DROP_IP4_FRAGMENT);
}

/* 10. RFC 1858 3, RFC 3128 2: fragments that hide a TCP header's flags, or overlap them; and, as
 * RFC 791 3.1 bounds a datagram, those that end beyond it. Others pass as they are. */
static void test_fragments(void **state)
{
	struct frame_ip ip = {.src = A_IP, .dst = B_IP, .proto = PROTO_TCP, .frag = FRAME_MF};

	(void)state;
	fragment_dropped(FRAME_MF, 8);     /* tiny: ports and sequence only */
	fragment_dropped(1, 40);           /* overlaps the flags */
	fragment_dropped(FRAME_MF | 1, 8); /* between two tiny ones */
	fragment_dropped(8191, 100);       /* the "ping of death" */
	fragment_passes(&ip, 24);
	ip.frag = 3;
	fragment_passes(&ip, 24);
	ip.proto = PROTO_UDP; /* has no flags to hide */
	ip.frag = 1;
	fragment_passes(&ip, 24);
	ip.frag = FRAME_MF;
	fragment_passes(&ip, 8);
	still_well();
}

/* 11. RFC 1812 4.3.2.7, RFC 4443 2.4 (e): no error about an error, a fragment but the first, a
 * group or nobody; one about a query. */
static void test_icmp_about_icmp(void **state)
{
	static const uint8_t errors[] = {3, 4, 5, 11, 12}, errors6[] = {1, 2, 3, 4, 100, 137};
	const struct frame_ip6 dying = {.src = A6, .dst = B6, .hops = 1};
	struct frame f;

	(void)state;
	for (size_t i = 0; i < sizeof(errors); i++) {
		frame_echo(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP, .ttl = 1},
			errors[i], 0, 0, 28, 1);
		dropped(&f, DROP_TTL_EXPIRED);
	}
	for (size_t i = 0; i < sizeof(errors6); i++) {
		frame6_icmp(&f, &lab.from_a, &dying, errors6[i], 0, 0, NULL, 0);
		dropped(&f, DROP_TTL_EXPIRED);
	}
	frame_echo(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP, .ttl = 1}, 8, 0, 0,
		28, 1);
	refused4(&f, DROP_TTL_EXPIRED, 11, 0);
	frame6_icmp(&f, &lab.from_a, &dying, ICMP6_ECHO, 0, 0, NULL, 0);
	lab6_refused(0, &f, DROP_TTL_EXPIRED, ICMP6_TIME, 0, 0);
	f = udp4(&(struct frame_ip){.src = A_IP, .dst = B_IP, .ttl = 1, .frag = 5});
	dropped(&f, DROP_TTL_EXPIRED);
	still_well();
}

/* 12. RFC 1812 3.3.2: no station has a broadcast or multicast MAC. */
static void test_arp_group_mac(void **state)
{
	static const uint64_t macs[] = {MAC_ALL, UINT64_C(0x01005e000001)};
	struct frame f;

	(void)state;
	for (unsigned int i = 0; i < 2; i++)
		for (uint16_t op = ARP_REQUEST; op <= ARP_REPLY; op++) {
			frame_arp(&f, &lab.from_b, op, macs[i], C_IP, 0, WAN_IP);
			lab6_dropped(1, &f, DROP_ARP_GROUP_MAC);
			assert_int_equal(peer_state(&lab, C_IP).iface, 0);
		}
	/* RFC 4861 has the same rule in its option. */
	frame6_nd(&f, &lab.from_b, &(struct frame_ip6){.src = B6, .dst = WAN6, .hops = 255},
		ICMP6_NS, 0, WAN6, 1, MAC_ALL);
	lab6_dropped(1, &f, DROP_ND_MALFORMED);
	still_well();
}

static void insert(struct frame *f, size_t at, const void *bytes, size_t n)
{
	memmove(f->data + at + n, f->data + at, f->len - at);
	memcpy(f->data + at, bytes, n);
	f->len += n;
}

/* 13. IEEE 802.1Q 6.9: a tag chooses an interface of its port, or none; a second tag behind one
 * that has none does not reach another VLAN. */
static void test_vlan_hop(void **state)
{
	struct frame f = udp4(&usual);
	dp_vr_id other;

	(void)state;
	wire_begin();
	other = wire_vr_add("t/other", "s0");
	wire_iface_add(other, &(struct wire_iface){.vlan = 5, .address = "10.0.0.1/24"});
	wire_iface_add(other, &(struct wire_iface){.port = 1, .vlan = 6, .address = "10.0.1.1/24"});
	wire_commit();
	wire_poll(1);
	wire_discard();
	insert(&f, 12, "\x81\0\0\0\x81\0\0\5", 8); /* priority tag, then the other's */
	dropped(&f, DROP_VLAN_HOP);
	f = udp4(&usual);
	insert(&f, 12, "\x81\0\0\7\x81\0\0\5", 8);
	dropped(&f, DROP_UNKNOWN_VLAN);
	f = udp4(&usual);
	insert(&f, 12, "\x88\xa8\0\7\x81\0\0\5", 8);
	dropped(&f, DROP_UNKNOWN_VLAN);
	/* A priority tag alone is none (802.1Q 9.6, VID 0). */
	f = udp4(&usual);
	insert(&f, 12, "\x81\0\xe0\0", 4);
	wire_send(0, &f);
	wire_poll(1);
	assert_true(wire_recv(1, &f));
	still_well();
}

/* 14. IEEE 802.1Q 9.6: VID 4095 is never on a wire. */
static void test_vid_4095(void **state)
{
	struct frame f = udp4(&usual);

	(void)state;
	insert(&f, 12, "\x81\0\x0f\xff", 4);
	dropped(&f, DROP_VLAN_RESERVED);
	f = udp4(&usual);
	insert(&f, 12, "\x88\xa8\x0f\xff\x81\0\0\5", 8);
	dropped(&f, DROP_VLAN_RESERVED);
	f = udp4(&usual);
	insert(&f, 12, "\x88\xa8\0\5\x81\0\xff\xff", 8);
	dropped(&f, DROP_VLAN_RESERVED);
	still_well();
}

static void extended(struct frame *f, const char *dst, uint8_t first, const void *bytes, size_t len)
{
	frame6_icmp(f, &lab.from_a,
		&(struct frame_ip6){.src = A6,
			.dst = dst,
			.extensions = bytes,
			.extensions_len = len,
			.first = first},
		ICMP6_ECHO, 0, 7, NULL, 0);
}

static void answered(const struct frame *f)
{
	struct frame6_view v;
	struct frame got;

	wire_send(0, f);
	wire_poll(1);
	lab6_expect(0, &got, &v);
	assert_int_equal(v.icmp_type, ICMP6_REPLY);
	wire_expect_none();
}

static void transit(const struct frame *f)
{
	struct frame want;

	wire_send(0, f);
	wire_poll(1);
	frame6_forwarded(&want, f, &lab.at_b);
	wire_expect(1, &want);
	wire_expect_none();
}

/* 15. RFC 5095 3, RFC 8200 4.4: a type 0 routing header with segments left is refused by the node
 * that it is for; done with, it is skipped. Nodes on the way do not look. */
static void test_routing_header_0(void **state)
{
	uint8_t type0[24] = {PROTO_ICMP6, 2, 0, 1, [8] = 0x20, 0x01, 0x0d, 0xb8, 0, 1, [23] = 2};
	struct frame f;

	(void)state;
	extended(&f, LAN6, 43, type0, sizeof(type0));
	lab6_refused(0, &f, DROP_IP6_ROUTING_HEADER, ICMP6_PARAM, 0, 42);
	extended(&f, B6, 43, type0, sizeof(type0));
	transit(&f);
	type0[3] = 0;
	extended(&f, LAN6, 43, type0, sizeof(type0));
	answered(&f);
	still_well();
}

/* 16. RFC 8504 5.3, RFC 8883 3.2: a node may bound the chain that it walks, and says so. In transit
 * nothing but hop-by-hop options is walked. */
static void test_long_chains(void **state)
{
	uint8_t chain[100 * 8] = {0};
	struct frame f;

	(void)state;
	for (unsigned int n = 8; n <= 100; n += 46) {
		memset(chain, 0, sizeof(chain));
		for (unsigned int i = 0; i < n; i++) {
			chain[i * 8] = i < n - 1 ? 60 : PROTO_ICMP6;
			chain[i * 8 + 2] = 1;
			chain[i * 8 + 3] = 4;
		}
		extended(&f, LAN6, 60, chain, (size_t)n * 8);
		if (n == 8)
			answered(&f);
		else
			lab6_refused(0, &f, DROP_IP6_EXTENSION_HEADERS, ICMP6_PARAM, 8, 40 + 8 * 8);
		extended(&f, B6, 60, chain, (size_t)n * 8);
		transit(&f);
	}
	/* Padding without end, which every node on the way would have to read. */
	memset(chain, 0, sizeof(chain));
	chain[0] = PROTO_ICMP6;
	chain[1] = 20;
	extended(&f, B6, 0, chain, 21 * 8);
	lab6_refused(0, &f, DROP_IP6_EXTENSION_HEADERS, ICMP6_PARAM, 9, 42 + 16);
	/* RFC 8200 4.1: hop-by-hop options come first or not at all. */
	memset(chain, 0, 16);
	chain[0] = 0;
	chain[2] = 1;
	chain[3] = 4;
	chain[8] = PROTO_ICMP6;
	chain[10] = 1;
	chain[11] = 4;
	extended(&f, LAN6, 60, chain, 16);
	lab6_refused(0, &f, DROP_IP6_OPTIONS, ICMP6_PARAM, 1, 40);
	still_well();
}

/* 17. RFC 8200 4.2: what an unknown option's type asks for. */
static void test_unknown_options(void **state)
{
	uint8_t option[8] = {PROTO_ICMP6, 0, 0x1e, 4};
	struct frame f;

	(void)state;
	extended(&f, B6, 0, option, sizeof(option));
	transit(&f); /* 00: skip */
	option[2] = 0x5e;
	extended(&f, B6, 0, option, sizeof(option));
	dropped(&f, DROP_IP6_OPTIONS); /* 01: drop */
	option[2] = 0x9e;
	extended(&f, B6, 0, option, sizeof(option));
	lab6_refused(0, &f, DROP_IP6_OPTIONS, ICMP6_PARAM, 2, 42); /* 10: and tell */
	extended(&f, "ff02::1", 0, option, sizeof(option));
	lab6_refused(0, &f, DROP_IP6_OPTIONS, ICMP6_PARAM, 2, 42); /* even of a group */
	option[2] = 0xde;
	extended(&f, "ff02::1", 0, option, sizeof(option));
	dropped(&f, DROP_IP6_OPTIONS); /* 11: but not of a group */
	still_well();
}

/* 18. RFC 4861 7.1.1, 7.1.2, 6.1.1: from beyond the link, hop limit below 255. */
static void test_nd_hop_limit(void **state)
{
	static const uint8_t types[] = {ICMP6_RS, ICMP6_RA, ICMP6_NS, ICMP6_NA, 137};
	struct dp_neigh_snap snap[32];
	size_t n;
	struct frame f;

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++) {
		frame6_nd(&f, &lab.from_b,
			&(struct frame_ip6){.src = "2001:db8:1::66", .dst = WAN6, .hops = 254},
			types[i], 0, WAN6, 1, B_MAC);
		lab6_dropped(1, &f, DROP_ND_HOP_LIMIT);
	}
	assert_int_equal(dp_neighbors_get(lab.vr, snap, 32, &n), 0);
	assert_int_equal(n, 6); /* those that are configured */
	still_well();
}

/* 19. RFC 6583 4, RFC 1812 4.3.2.8: a scan of networks that are nowhere costs a bounded number of
 * errors, one of an attached network a bounded number of neighbours; those that are known stay. */
static void test_scans(void **state)
{
	struct frame f;
	uint64_t limited = wire_drops(DROP_PUNT_LIMITED);
	struct dp_vr_stats stats;
	unsigned int told;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		f = udp4(&(struct frame_ip){.src = A_IP, .dst = 0x09000000 + i});
		wire_send(0, &f);
		if (i % 64 == 63)
			wire_poll(1);
	}
	wire_poll(1);
	told = wire_discard();
	assert_in_range(told, 1, 50); /* at one instant */
	wire_advance_ns(SECOND);
	for (uint32_t i = 0; i < 9000; i++) {
		char dst[64];

		snprintf(dst, sizeof(dst), "2001:db8:1::5:%x", i + 1);
		frame6_udp(&f, &lab.from_a, &(struct frame_ip6){.src = A6, .dst = dst}, 1, 2, 9, 1);
		wire_send(0, &f);
		if (i % 64 == 63) {
			wire_poll(1);
			wire_discard();
		}
	}
	wire_poll(1);
	wire_discard();
	assert_int_equal(dp_vr_stats_get(lab.vr, &stats), 0);
	assert_in_range(stats.neighbors, 7, 6 + 8192);
	assert_int_equal(wire_drops(DROP_PUNT_LIMITED) - limited, 9000 - (stats.neighbors - 6));
	still_well();
	/* Nobody answers: all is free again. */
	for (unsigned int i = 0; i < 24; i++) {
		wire_run_ns(SECOND / 2, SECOND / 200);
		wire_discard();
	}
	frame6_udp(&f, &lab.from_a, &(struct frame_ip6){.src = A6, .dst = "2001:db8:1::77"}, 1, 2,
		9, 1);
	wire_send(0, &f);
	wire_poll(1);
	assert_true(wire_recv(1, &f)); /* it is asked for */
	assert_int_equal(dp_vr_stats_get(lab.vr, &stats), 0);
	assert_int_equal(stats.neighbors, 7);
	wire_run_ns(8 * SECOND, SECOND / 10);
	wire_discard();
	still_well();
}

/* 20. RFC 826, RFC 5942 4: who is not of the link is no neighbour, and gets no answer. */
static void test_off_subnet(void **state)
{
	struct dp_neigh_snap snap[32];
	struct frame f;
	size_t n;

	(void)state;
	frame_arp(&f, &lab.from_b, ARP_REQUEST, B_MAC, frame_addr("192.0.2.9"), 0, WAN_IP);
	lab6_dropped(1, &f, DROP_ARP_NOT_FOR_US);
	frame_arp(&f, &lab.from_b, ARP_REQUEST, C_MAC, C_IP, 0, frame_addr("192.0.2.9"));
	lab6_dropped(1, &f, DROP_ARP_NOT_FOR_US);
	frame6_nd(&f, &lab.from_b,
		&(struct frame_ip6){.src = "2001:db8:77::9", .dst = WAN6, .hops = 255}, ICMP6_NS, 0,
		WAN6, 1, B_MAC);
	lab6_dropped(1, &f, DROP_ND_NOT_FOR_US);
	frame6_nd(&f, &lab.from_b,
		&(struct frame_ip6){.src = B6, .dst = "ff02::1:ff00:1", .hops = 255}, ICMP6_NS, 0,
		"2001:db8:77::1", 1, B_MAC);
	lab6_dropped(1, &f, DROP_ND_NOT_FOR_US);
	assert_int_equal(dp_neighbors_get(lab.vr, snap, 32, &n), 0);
	assert_int_equal(n, 6);
	still_well();
}

static int setup(void **state)
{
	wire_setup(state);
	lab = (struct wire_lab){0};
	lab6_create(&lab, true, NULL, NULL);
	return 0;
}

#define HOSTILE(f) cmocka_unit_test_setup_teardown(f, setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOSTILE(test_runt),
		HOSTILE(test_bad_ihl),
		HOSTILE(test_bad_checksum),
		HOSTILE(test_length_beyond_frame),
		HOSTILE(test_ttl),
		HOSTILE(test_martians),
		HOSTILE(test_land),
		HOSTILE(test_source_routes),
		HOSTILE(test_malformed_options),
		HOSTILE(test_fragments),
		HOSTILE(test_icmp_about_icmp),
		HOSTILE(test_arp_group_mac),
		HOSTILE(test_vlan_hop),
		HOSTILE(test_vid_4095),
		HOSTILE(test_routing_header_0),
		HOSTILE(test_long_chains),
		HOSTILE(test_unknown_options),
		HOSTILE(test_nd_hop_limit),
		HOSTILE(test_scans),
		HOSTILE(test_off_subnet),
	};

	if (wire_start(1, 1) < 0)
		return 1;
	return cmocka_run_group_tests_name("hostile", tests, NULL, wire_stop);
}
