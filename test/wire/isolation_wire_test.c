/* SPDX-License-Identifier: BSD-3-Clause */
/* Nothing of one VPXI appears in another. Six of them have the same addresses, each a LAN by tags
 * on port 0 and a tunnel on port 1. Frames with any tags, VNIs, keys, ends and flags come in by
 * both ports; each carries the mark of whom it belongs to, which this file reads off its bytes by
 * itself. What leaves in a VPXI may bear its own mark only.
 *
 *   isolation_wire_test [FRAMES [SEED]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backbone.h"
#include "frame6.h"
#include "wire_priv.h"

#define VPXIS 6
#define NOBODY VPXIS /* no VPXI's: the port's own, or dropped */
#define MARK_LEN 8
#define MARKED 64 /* bytes at the end of each packet */
#define BATCH 32
#define KEEP_EVERY 4096 /* frames between two answers of R's */
#define CHECK_EVERY 50000

static unsigned long n_frames = 1000000;
static unsigned int seed = 1;

/* Where the VPXIs are: the same VNI over both families, the same number as VNI, key and VLAN. */
static const struct place {
	uint16_t outer, vlan;
	enum dp_tunnel_type type;
	bool ip6, has_key;
	uint32_t id;
} places[VPXIS] = {
	{0, 101, DP_TUNNEL_VXLAN, false, false, 101},
	{0, 102, DP_TUNNEL_VXLAN, true, false, 101},
	{200, 101, DP_TUNNEL_VXLAN, false, false, 102},
	{200, 102, DP_TUNNEL_GRE, false, true, 101},
	{0, 103, DP_TUNNEL_GRE, false, false, 0},
	{201, 101, DP_TUNNEL_IPIP, false, false, 0},
};

static unsigned long left[VPXIS][2]; /* frames that left, by port */

static uint32_t rnd(uint32_t below)
{
	return (uint32_t)random() % below;
}

static bool now_and_then(uint32_t one_in)
{
	return rnd(one_in) == 0;
}

static uint32_t get(const uint8_t *p, unsigned int bytes)
{
	uint32_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | *p++;
	return value;
}

/* ---- whose ---- */

static unsigned int owner_by_tags(uint32_t outer, uint32_t vlan)
{
	for (unsigned int i = 0; i < VPXIS; i++)
		if (places[i].outer == outer && places[i].vlan == vlan)
			return i;
	return NOBODY;
}

static unsigned int owner_by_tunnel(enum dp_tunnel_type type, bool ip6, bool has_key, uint32_t id)
{
	for (unsigned int i = 0; i < VPXIS; i++)
		if (places[i].type == type && places[i].ip6 == ip6 &&
			places[i].has_key == has_key && places[i].id == id)
			return i;
	return NOBODY;
}

/* L4 is behind the outer header. */
static unsigned int owner_by_outer(const uint8_t *l4, unsigned int proto, bool ip6)
{
	if (proto == PROTO_UDP && get(l4 + 2, 2) == 4789 && (l4[8] & 8) != 0)
		return owner_by_tunnel(DP_TUNNEL_VXLAN, ip6, false, get(l4 + 12, 3));
	if (proto == 47) {
		bool key = (l4[0] & 0x20) != 0;
		const uint8_t *at = l4 + ((l4[0] & 0x80) != 0 ? 8 : 4);

		return owner_by_tunnel(DP_TUNNEL_GRE, ip6, key, key ? get(at, 4) : 0);
	}
	if (proto == 4 || proto == 41)
		return owner_by_tunnel(DP_TUNNEL_IPIP, ip6, false, 0);
	return NOBODY;
}

static bool ends_are(const uint8_t *src, const uint8_t *dst, bool out, bool ip6)
{
	struct ip_addr own = wire_ipaddr(ip6 ? BACKBONE6 : "192.0.2.1");
	struct ip_addr far = wire_ipaddr(ip6 ? R6 : "192.0.2.2");
	unsigned int len = ip6 ? 16 : 4;

	return memcmp(src, out ? own.bytes : far.bytes, len) == 0 &&
		memcmp(dst, out ? far.bytes : own.bytes, len) == 0;
}

/* By its bytes alone; OUT: it has left. */
static unsigned int owner_of(const struct frame *f, unsigned int port, bool out)
{
	uint32_t type = get(f->data + 12, 2), outer = 0, vlan = 0;
	const uint8_t *l3 = f->data + 14;

	if (type == TYPE_QINQ) {
		outer = get(l3, 2) & 0xfff;
		type = get(l3 + 2, 2);
		l3 += 4;
		if (type != TYPE_VLAN)
			return NOBODY;
	}
	if (type == TYPE_VLAN) {
		vlan = get(l3, 2) & 0xfff;
		type = get(l3 + 2, 2);
		l3 += 4;
	}
	if (port == 0)
		return owner_by_tags(outer, vlan);
	if (outer != 0 || vlan != 0)
		return NOBODY;
	if (type == TYPE_IP4 && ends_are(l3 + 12, l3 + 16, out, false))
		return owner_by_outer(l3 + 20, l3[9], false);
	if (type == TYPE_IP6 && ends_are(l3 + 8, l3 + 24, out, true))
		return owner_by_outer(l3 + 40, l3[6], true);
	return NOBODY;
}

/* ---- marks ---- */

static void stamp(struct frame *f, unsigned int owner)
{
	char mark[MARK_LEN + 1];

	snprintf(mark, sizeof(mark), "<vpxi-%u>", owner);
	for (size_t i = 0; i < MARKED; i++)
		f->data[f->len - MARKED + i] = (uint8_t)mark[i % MARK_LEN];
}

/* Every mark in what leaves in a VPXI is its own. */
static void check_marks(const struct frame *f, unsigned int port, unsigned int owner)
{
	const uint8_t *p = f->data, *end = f->data + f->len;

	while ((p = memmem(p, (size_t)(end - p), "<vpxi-", 6)) != NULL && end - p >= MARK_LEN) {
		if (p[6] != '0' + owner) {
			frame_print(f, "leaked");
			fail_msg("of %c, in VPXI %u by port %u", p[6], owner, port);
		}
		p += MARK_LEN;
	}
}

static void collect(void)
{
	for (unsigned int port = 0; port < 2; port++) {
		struct frame f;

		while (wire_recv(port, &f)) {
			unsigned int owner = owner_of(&f, port, true);

			if (owner == NOBODY) {
				/* The port's own: what it is asked, it answers. No LAN has any. */
				assert_int_equal(port, 1);
				continue;
			}
			check_marks(&f, port, owner);
			left[owner][port]++;
		}
	}
}

/* ---- frames ---- */

static const uint16_t vids[] = {0, 1, 101, 102, 103, 104, 200, 201, 4094, 4095};
static const uint32_t ids[] = {0, 1, 100, 101, 102, 103, 5001, 0xffffff};

static uint16_t any_tci(void)
{
	return (uint16_t)(vids[rnd(sizeof(vids) / sizeof(vids[0]))] | rnd(16) << 12);
}

/* What hosts send, and what they send to deceive: packets that look like a tunnel's own. */
static void any_packet(struct frame *f, const struct frame_l2 *l2, bool from_b)
{
	uint8_t data[1400] = {0x80, 0, 0x12, 0xb5, 0, 0, 0, 0, 8};
	size_t len = 16 + MARKED + (now_and_then(4) ? rnd(1200) : rnd(64));
	struct frame_ip ip = {.src = from_b ? B_IP : A_IP,
		.dst = from_b ? A_IP : B_IP,
		.ttl = now_and_then(16) ? 1 : 64,
		.frag = (uint16_t)(now_and_then(16) ? FRAME_MF
				: now_and_then(2)   ? FRAME_DF
						    : 0),
		.tos = (uint8_t)random()};

	data[14] = (uint8_t)ids[rnd(8)];
	data[4] = (uint8_t)(len >> 8);
	data[5] = (uint8_t)len;
	if (now_and_then(8))
		ip.dst = now_and_then(2) ? BACKBONE_IP : R_IP;
	if (now_and_then(8))
		ip.src = now_and_then(2) ? BACKBONE_IP : R_IP;
	if (now_and_then(8))
		ip.dst = now_and_then(2) ? LAN_IP : UINT32_C(0x0a000101);
	if (now_and_then(32))
		ip.dst = (uint32_t)random();
	ip.proto = now_and_then(4) ? (uint8_t)(now_and_then(2) ? 47 : 4) : PROTO_UDP;
	if (now_and_then(4))
		frame6(f, l2,
			&(struct frame_ip6){.src = from_b ? "2001:db8:1::2" : "2001:db8::2",
				.dst = now_and_then(8)    ? R6
					: now_and_then(8) ? BACKBONE6
					: from_b          ? "2001:db8::2"
							  : "2001:db8:1::2",
				.hops = ip.ttl,
				.proto = ip.proto},
			data, len);
	else
		frame_ip4(f, l2, &ip, data, len);
}

static void from_lan(struct frame *f)
{
	const struct place *place = &places[rnd(VPXIS)];
	struct frame_l2 l2 = {WIRE_PORT_MAC(0), A_MAC, place->outer, place->vlan};

	if (now_and_then(4))
		l2.vlan = any_tci();
	if (now_and_then(4))
		l2.outer = any_tci();
	if (now_and_then(64))
		l2.dst = now_and_then(2) ? MAC_ALL : WIRE_PORT_MAC(1);
	any_packet(f, &l2, false);
}

static void from_backbone(struct frame *f)
{
	const struct place *place = &places[rnd(VPXIS)];
	struct dp_tunnel_spec spec = {.type = place->type,
		.remote = wire_ipaddr(place->ip6 ? R6 : "192.0.2.2"),
		.has_key = place->has_key,
		.id = place->id};
	struct frame_l2 l2 = {WIRE_PORT_MAC(1), B_MAC, 0, 0};
	struct frame inner;
	uint8_t *l3, *l4;
	bool inner6;

	if (now_and_then(4))
		spec.id = ids[rnd(8)];
	if (now_and_then(8))
		spec.type = DP_TUNNEL_VXLAN + rnd(3);
	if (now_and_then(8))
		spec.has_key = spec.type == DP_TUNNEL_GRE && now_and_then(2);
	if (now_and_then(8))
		spec.remote = wire_ipaddr(now_and_then(2) ? R6 : "192.0.2.2");
	if (now_and_then(8)) {
		l2.vlan = any_tci();
		l2.outer = now_and_then(2) ? any_tci() : 0;
	}
	any_packet(&inner, &l2, true);
	l3 = frame_l3(&inner);
	inner6 = (l3[0] & 0xf0) == 0x60;
	if (spec.type == DP_TUNNEL_VXLAN)
		backbone_wrap(f, &spec, (uint8_t)random(), inner.data, inner.len, TYPE_IP4);
	else
		backbone_wrap(f, &spec, (uint8_t)random(), l3,
			inner.len - (size_t)(l3 - inner.data), inner6 ? TYPE_IP6 : TYPE_IP4);
	l3 = f->data + 14;
	l4 = l3 + (spec.remote.af == IP_AF_6 ? 40 : 20);
	if (now_and_then(16)) /* flags of VXLAN and GRE */
		l4[spec.type == DP_TUNNEL_VXLAN ? 8 : 0] ^= (uint8_t)(1 << rnd(8));
	if (now_and_then(16)) /* other ends */
		l3[(spec.remote.af == IP_AF_6 ? 8 : 12) + rnd(8)] ^= (uint8_t)(1 << rnd(8));
	if (now_and_then(32)) /* pieces */
		l3[6] ^= 0x20;
	if (now_and_then(32)) /* lengths */
		l4[4 + rnd(2)] ^= (uint8_t)(1 << rnd(8));
	if (spec.remote.af != IP_AF_6 && !now_and_then(16))
		frame_ip4_fix(f);
}

/* A tag in front of anything, where a port has none. */
static void tag(struct frame *f)
{
	uint16_t tci = any_tci();

	memmove(f->data + 16, f->data + 12, f->len - 12);
	f->data[12] = now_and_then(2) ? 0x81 : 0x88;
	f->data[13] = f->data[12] == 0x81 ? 0 : 0xa8;
	f->data[14] = (uint8_t)(tci >> 8);
	f->data[15] = (uint8_t)tci;
	f->len += 4;
}

static void send_one(void)
{
	unsigned int port = rnd(2);
	struct frame f;

	if (port == 0)
		from_lan(&f);
	else
		from_backbone(&f);
	if (now_and_then(16))
		tag(&f);
	stamp(&f, owner_of(&f, port, false));
	wire_send(port, &f);
}

/* R keeps answering, so that tunnels have a far end. */
static void answer(void)
{
	struct frame_l2 l2 = {WIRE_PORT_MAC(1), R_MAC, 0, 0};
	struct frame f;

	wire_run_ns(1000000000, 100000000);
	frame_arp(&f, &l2, ARP_REPLY, R_MAC, R_IP, WIRE_PORT_MAC(1), BACKBONE_IP);
	wire_send(1, &f);
	frame6_nd(&f, &l2, &(struct frame_ip6){.src = R6, .dst = BACKBONE6, .hops = 255}, ICMP6_NA,
		UINT32_C(0x60000000), R6, 2, R_MAC);
	wire_send(1, &f);
	wire_run_ns(300000000, 100000000);
	collect();
}

static void place_create(unsigned int i)
{
	const struct place *place = &places[i];
	struct dp_tunnel_spec spec = {.type = place->type,
		.remote = wire_ipaddr(place->ip6 ? R6 : "192.0.2.2"),
		.ttl = 64,
		.has_key = place->has_key,
		.id = place->id};
	struct dp_neigh_spec neighbors[4];
	unsigned int n = 2;
	dp_iface_id lan, tun;
	char name[16];
	dp_vr_id vr;

	snprintf(name, sizeof(name), "v%u/r", i);
	wire_begin();
	backbone_port_add(1600);
	vr = wire_vr_add(name, i % 2 != 0 ? "s1" : "s0");
	lan = wire_iface_add(vr,
		&(struct wire_iface){.port = 0,
			.outer = place->outer,
			.vlan = place->vlan,
			.address = "10.0.0.1/24",
			.address2 = "2001:db8::1/64"});
	if (backbone_tunnel_add(
		    vr, "tun", "10.0.1.1/24", "2001:db8:1::1/64", &spec, NULL, 0, &tun) < 0)
		fail_msg("%s", wire_err());
	neighbors[0] = wire_neigh(lan, "10.0.0.2", A_MAC);
	neighbors[1] = wire_neigh(lan, "2001:db8::2", A_MAC);
	if (place->type == DP_TUNNEL_VXLAN) {
		neighbors[n++] = wire_neigh(tun, "10.0.1.2", B_MAC);
		neighbors[n++] = wire_neigh(tun, "2001:db8:1::2", B_MAC);
	}
	wire_neighbors_set(vr, neighbors, n);
	wire_commit();
}

static void test_isolation(void **state)
{
	(void)state;
	srandom(seed);
	wire_extra_any();
	for (unsigned int i = 0; i < VPXIS; i++)
		place_create(i);
	wire_run_ns(2500000000, 100000000);
	collect();
	for (unsigned long sent = 0; sent < n_frames; sent += BATCH) {
		if (sent % KEEP_EVERY == 0)
			answer();
		for (unsigned int i = 0; i < BATCH; i++)
			send_one();
		wire_advance_ns(1000000);
		wire_poll(3);
		collect();
		if (sent % CHECK_EVERY < BATCH)
			wire_check();
	}
	/* It was not for nothing: frames of each VPXI went both ways. */
	for (unsigned int i = 0; i < VPXIS; i++) {
		print_message("VPXI %u: %lu left by its LAN, %lu by its tunnel\n", i, left[i][0],
			left[i][1]);
		assert_true(left[i][0] > n_frames / 200);
		assert_true(left[i][1] > n_frames / 200);
	}
	assert_true(wire_drops(DROP_UNKNOWN_VLAN) > 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {WIRE_TEST(test_isolation)};

	if (argc > 1)
		n_frames = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		seed = (unsigned int)strtoul(argv[2], NULL, 10);
	if (wire_start(2, 1) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, wire_stop);
}
