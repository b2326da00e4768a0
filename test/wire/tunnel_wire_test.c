/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels over the backbone, against frames that scapy made, and what hostile ones do. */
#include "backbone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame6.h"

#ifndef VECTORS
#define VECTORS "test/data/tunnel-vectors.tsv"
#endif

static uint8_t *udp_of(struct frame *f)
{
	return f->data + 14 + (f->data[12] == 0x86 ? 40 : 20);
}

static bool is_vxlan(const struct frame *f)
{
	return f->data[12] == 0x86 ? f->data[20] == 17 : f->data[23] == 17;
}

/* The next frame out of the backbone port, which may have any UDP source port of RFC 7348's, and
 * any IPv4 id. */
static void expect_outer(const struct frame *want)
{
	struct frame got;

	if (!wire_recv(1, &got))
		fail_msg("nothing left by the backbone");
	if (is_vxlan(want) && is_vxlan(&got)) {
		assert_true(udp_of(&got)[0] >= 0xc0);
		memcpy(udp_of(&got), udp_of((struct frame *)(uintptr_t)want), 2);
	}
	if (want->data[12] == 0x08) { /* the id of a packet that is not to be fragmented */
		memcpy((uint8_t *)(uintptr_t)want->data + 18, got.data + 18, 2);
		frame_ip4_fix((struct frame *)(uintptr_t)want);
	}
	if (got.len == want->len && memcmp(got.data, want->data, got.len) == 0)
		return;
	frame_print(want, "expected");
	frame_print(&got, "got");
	fail_msg("another frame left by the backbone");
}

static size_t hex(uint8_t *out, const char *text)
{
	size_t n = 0;

	for (; text[2 * n] != '\0' && text[2 * n] != '\n'; n++) {
		unsigned int byte;

		assert_int_equal(sscanf(text + 2 * n, "%2x", &byte), 1);
		out[n] = (uint8_t)byte;
	}
	return n;
}

struct vector {
	struct dp_tunnel_spec tunnel;
	bool inner6;
	uint8_t tos;
	uint8_t packet[2000];
	size_t len;
	struct frame frame;
};

static void vector_parse(struct vector *v, char *line)
{
	char *save, *kind = strtok_r(line, "\t", &save), *outer = strtok_r(NULL, "\t", &save);
	char *inner = strtok_r(NULL, "\t", &save), *id = strtok_r(NULL, "\t", &save);
	char *tos = strtok_r(NULL, "\t", &save), *packet = strtok_r(NULL, "\t", &save);
	char *frame = strtok_r(NULL, "\t", &save);

	assert_non_null(frame);
	v->tunnel = (struct dp_tunnel_spec){.ttl = 64,
		.remote = wire_ipaddr(outer[0] == '4' ? "192.0.2.2" : R6),
		.type = kind[0] == 'v'   ? DP_TUNNEL_VXLAN
			: kind[0] == 'g' ? DP_TUNNEL_GRE
					 : DP_TUNNEL_IPIP,
		.id = (uint32_t)strtoul(id, NULL, 10),
		.has_key = kind[0] == 'g' && id[0] != '-'};
	v->inner6 = inner[0] == '6';
	v->tos = (uint8_t)strtoul(tos, NULL, 10);
	v->len = hex(v->packet, packet);
	v->frame.len = hex(v->frame.data, frame);
}

/* As it was before the router: one more to live. */
static void from_a(struct frame *f, const struct vector *v, const struct frame_l2 *l2)
{
	uint8_t *ip;

	frame_raw(f, l2, v->inner6 ? TYPE_IP6 : TYPE_IP4, v->packet, v->len);
	ip = frame_l3(f);
	if (v->inner6) {
		ip[7]++;
	} else {
		ip[8]++;
		frame_ip4_fix(f);
	}
}

/* B's packet in R's frame; what A gets of it. */
static void from_b(
	struct frame *f, struct frame *want, const struct vector *v, const struct frame_l2 *at_a)
{
	struct frame_l2 l2 = {WIRE_PORT_MAC(1), B_MAC, 0, 0};
	struct frame in;

	if (v->inner6) {
		frame6_udp(&in, &l2,
			&(struct frame_ip6){.src = "2001:db8:1::2", .dst = "2001:db8::2"}, 5, 6,
			v->len - 48, 3);
		frame6_forwarded(want, &in, at_a);
	} else {
		frame_udp(&in, &l2, &(struct frame_ip){.src = B_IP, .dst = A_IP}, 5, 6, v->len - 28,
			3);
		frame_forwarded(want, &in, at_a);
	}
	if (v->tunnel.type == DP_TUNNEL_VXLAN)
		backbone_wrap(f, &v->tunnel, 0, in.data, in.len, 0);
	else
		backbone_wrap(f, &v->tunnel, 0, in.data + 14, in.len - 14,
			v->inner6 ? TYPE_IP6 : TYPE_IP4);
}

static void vector_check(const struct vector *v, const char *slice)
{
	struct dp_iface_stats stats;
	struct backbone lab;
	struct frame in, want;
	dp_vr_id vr;

	backbone_create(&lab, "a/r", slice, 0, &v->tunnel, 0);
	backbone_answer(v->tunnel.remote.af == IP_AF_6);
	wire_discard();
	from_a(&in, v, &lab.from_a);
	wire_send(0, &in);
	wire_poll(3);
	expect_outer(&v->frame);
	from_b(&in, &want, v, &lab.at_a);
	wire_send(1, &in);
	wire_poll(3);
	wire_expect(0, &want);
	wire_expect_none();
	assert_int_equal(dp_iface_stats_get(lab.tun, &stats), 0);
	assert_true(stats.tunnel && stats.tunnel_resolved);
	assert_int_equal(stats.traffic.rx_packets, 1);
	assert_int_equal(stats.traffic.rx_bytes, in.len);
	wire_check();
	vr = lab.vr;
	wire_begin();
	wire_vr_del(vr);
	wire_commit();
	wire_poll(3);
	wire_discard();
}

/* Every kind, both ways: on one worker, and with the tenant's router on another than the port. */
static void test_vectors(void **state)
{
	FILE *file = fopen(VECTORS, "r");
	static char line[8000];
	static struct vector v;
	unsigned int n = 0;

	(void)state;
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	while (fgets(line, sizeof(line), file) != NULL) {
		vector_parse(&v, line);
		vector_check(&v, n % 2 ? "s1" : "s0");
		n++;
	}
	fclose(file);
	assert_in_range(n, 20, 1000);
}

static void send_a(const struct backbone *lab, size_t size, uint8_t tos, uint16_t frag)
{
	struct frame f;

	frame_udp(&f, &lab->from_a,
		&(struct frame_ip){.src = A_IP, .dst = B_IP, .tos = tos, .frag = frag}, 1, 2, size,
		7);
	wire_send(0, &f);
	wire_poll(3);
}

/* While nobody knows R, packets wait; they leave when it answers, the oldest first. */
static void check_unresolved(const char *slice)
{
	struct dp_tunnel_spec vxlan = backbone_vxlan(7);
	struct backbone lab;
	struct frame f, got;
	struct frame_l2 l2 = {WIRE_PORT_MAC(1), R_MAC, 0, 0};

	backbone_create(&lab, "a/r", slice, 0, &vxlan, 0);
	wire_run_ns(5000000000, 100000000);
	wire_discard();
	for (uint8_t i = 0; i < 3; i++)
		send_a(&lab, 30 + i, 0, 0);
	wire_discard(); /* an ARP request, perhaps */
	assert_int_equal(wire_books().queued, 3);
	frame_arp(&f, &l2, ARP_REPLY, R_MAC, R_IP, WIRE_PORT_MAC(1), BACKBONE_IP);
	wire_send(1, &f);
	wire_poll(4);
	for (size_t i = 0; i < 3; i++) {
		assert_true(wire_recv(1, &got));
		assert_int_equal(got.len, 50 + 14 + 28 + 30 + i);
		assert_memory_equal(got.data, "\2\0\0\1\0\xf\2\0\0\0\0\2\x08\0", 14);
	}
	wire_expect_none();
	/* R moves: what comes from its new MAC is believed. */
	l2.src = WIRE_HOST_MAC(0x1f);
	frame_arp(&f, &l2, ARP_REQUEST, WIRE_HOST_MAC(0x1f), R_IP, 0, BACKBONE_IP);
	wire_send(1, &f);
	wire_poll(4);
	wire_discard();
	send_a(&lab, 30, 0, 0);
	assert_true(wire_recv(1, &got));
	assert_memory_equal(got.data, "\2\0\0\1\0\x1f", 6);
	/* And is confirmed without a packet, for as long as it answers. */
	wire_run_ns(70000000000, 100000000);
	assert_true(wire_discard() > 0);
	wire_begin();
	wire_vr_del(lab.vr);
	wire_commit();
}

static void test_unresolved(void **state)
{
	(void)state;
	check_unresolved("s0");
}

static void test_unresolved_other_worker(void **state)
{
	(void)state;
	check_unresolved("s1");
}

static void test_large(void **state)
{
	struct dp_tunnel_spec vxlan = backbone_vxlan(7);
	struct backbone lab;
	struct frame f;
	struct frame_view v;

	(void)state;
	backbone_create(&lab, "a/r", "s0", 0, &vxlan, 0);
	backbone_answer(false);
	wire_discard();
	send_a(&lab, 1422, 0, FRAME_DF); /* 1450: the most */
	assert_true(wire_recv(1, &f));
	assert_int_equal(f.len, 1514);
	send_a(&lab, 1423, 0, FRAME_DF);
	wire_expect_parsed(0, &f, &v);
	assert_int_equal(v.icmp_type, 3);
	assert_int_equal(v.icmp_code, 4);
	assert_int_equal(v.icmp_mtu, 1450);
	wire_expect_none();
	send_a(&lab, 1423, 0, 0);
	wire_extra(1);
	assert_true(wire_recv(1, &f));
	assert_true(wire_recv(1, &f));
	wire_expect_none();
}

/* `fragment: yes`: cut all the same, and the parts may be cut on the way. */
static void test_fragment_allowed(void **state)
{
	struct dp_tunnel_spec vxlan = backbone_vxlan(7);
	struct backbone lab;
	struct frame f, inner;
	struct frame_view v;

	(void)state;
	vxlan.fragment = true;
	vxlan.clear_df = true;
	vxlan.ttl = 9;
	backbone_create(&lab, "a/r", "s0", 0, &vxlan, 0);
	backbone_answer(false);
	wire_discard();
	send_a(&lab, 1423, 0, FRAME_DF);
	wire_extra(1);
	for (unsigned int i = 0; i < 2; i++) {
		wire_expect_parsed(1, &f, &v);
		assert_int_equal(v.ip.ttl, 9);
		assert_int_equal(v.ip.frag, 0);
		inner.len = f.len - 50;
		memcpy(inner.data, f.data + 50, inner.len);
		frame_parse(&inner, &v);
		assert_true(v.ok);
		assert_int_equal(v.ip.frag & FRAME_DF, 0);
		assert_int_equal((v.ip.frag & FRAME_MF) != 0, i == 0);
	}
	wire_expect_none();
	/* What fits keeps its DF. */
	send_a(&lab, 100, 0, FRAME_DF);
	assert_true(wire_recv(1, &f));
	assert_int_equal(f.data[50 + 14 + 6], 0x40);
}

/* RFC 6040, figure 4. */
static void test_ecn(void **state)
{
	static const int8_t result[4][4] = {/* outer: not-ECT, ECT(1), ECT(0), CE; by inner */
		{0, 0, 0, -1}, {1, 1, 1, 3}, {2, 1, 2, 3}, {3, 3, 3, 3}};
	struct dp_tunnel_spec vxlan = backbone_vxlan(7);
	struct frame_l2 l2 = {WIRE_PORT_MAC(1), B_MAC, 0, 0};
	struct backbone lab;
	struct frame in, out, want;

	(void)state;
	backbone_create(&lab, "a/r", "s0", 0, &vxlan, 0);
	for (uint8_t inner = 0; inner < 4; inner++)
		for (uint8_t outer = 0; outer < 4; outer++) {
			uint64_t drops = wire_drops(DROP_TUNNEL_ECN);

			frame_udp(&in, &l2,
				&(struct frame_ip){
					.src = B_IP, .dst = A_IP, .tos = (uint8_t)(0xb8 | inner)},
				1, 2, 20, 3);
			backbone_wrap(&out, &vxlan, (uint8_t)(0x20 | outer), in.data, in.len, 0);
			wire_send(1, &out);
			wire_poll(2);
			if (result[inner][outer] < 0) {
				assert_int_equal(wire_drops(DROP_TUNNEL_ECN), drops + 1);
				continue;
			}
			frame_forwarded(&want, &in, &lab.at_a);
			frame_l3(&want)[1] = (uint8_t)(0xb8 | result[inner][outer]);
			frame_ip4_fix(&want);
			wire_expect(0, &want);
		}
	wire_expect_none();
}

/* Frames that must not get in, each counted under its own reason. */
struct hostile {
	const char *what;
	enum drop_reason reason;
	void (*spoil)(struct frame *f);
};

static void vni(struct frame *f)
{
	f->data[14 + 20 + 8 + 6]++;
}

static void no_i(struct frame *f)
{
	f->data[14 + 20 + 8] = 0;
}

static void short_udp(struct frame *f)
{
	f->data[14 + 20 + 4] = 0;
	f->data[14 + 20 + 5] = 20;
}

static void long_udp(struct frame *f)
{
	f->data[14 + 20 + 4] = 7;
}

static void fragment(struct frame *f)
{
	f->data[14 + 6] = 0x20;
	frame_ip4_fix(f);
}

static void tagged(struct frame *f)
{
	f->data[14 + 20 + 16 + 12] = 0x81;
	f->data[14 + 20 + 16 + 13] = 0x00;
}

static void qinq(struct frame *f)
{
	f->data[14 + 20 + 16 + 12] = 0x88;
	f->data[14 + 20 + 16 + 13] = 0xa8;
}

static void inner_mac(struct frame *f)
{
	f->data[14 + 20 + 16 + 5] ^= 0x40;
}

static void outer_mac(struct frame *f)
{
	f->data[5] ^= 0x40;
}

static void remote(struct frame *f)
{
	f->data[14 + 15] = 77;
	frame_ip4_fix(f);
}

static void local(struct frame *f)
{
	f->data[14 + 19] = 77;
	frame_ip4_fix(f);
}

static void transit(struct frame *f)
{
	f->data[14 + 9] = 1; /* no tunnel */
	local(f);
}

static void checksum(struct frame *f)
{
	f->data[14 + 10] ^= 1;
}

static void inner_ttl(struct frame *f)
{
	f->data[14 + 20 + 16 + 14 + 10] ^= 1; /* checksum */
}

static void test_hostile(void **state)
{
	static const struct hostile all[] = {
		{"unknown VNI", DROP_TUNNEL_UNKNOWN, vni},
		{"I = 0", DROP_TUNNEL_HEADER, no_i},
		{"UDP too short", DROP_TUNNEL_HEADER, short_udp},
		{"UDP beyond the packet", DROP_TUNNEL_HEADER, long_udp},
		{"outer fragment", DROP_TUNNEL_FRAGMENT, fragment},
		{"inner tag", DROP_TUNNEL_TAGGED, tagged},
		{"inner 802.1ad tag", DROP_TUNNEL_TAGGED, qinq},
		{"inner MAC", DROP_OTHER_MAC, inner_mac},
		{"outer MAC", DROP_OTHER_MAC, outer_mac},
		{"another remote", DROP_TUNNEL_UNKNOWN, remote},
		{"another local", DROP_TUNNEL_UNKNOWN, local},
		{"transit", DROP_UNDERLAY_TRANSIT, transit},
		{"outer checksum", DROP_IP4_CHECKSUM, checksum},
		{"inner checksum", DROP_IP4_CHECKSUM, inner_ttl},
	};
	struct dp_tunnel_spec vxlan = backbone_vxlan(7);
	struct frame_l2 l2 = {WIRE_PORT_MAC(1), B_MAC, 0, 0};
	struct frame in, out, want;
	struct backbone lab;

	(void)state;
	backbone_create(&lab, "a/r", "s0", 0, &vxlan, 0);
	backbone_answer(false);
	wire_discard();
	frame_udp(&in, &l2, &(struct frame_ip){.src = B_IP, .dst = A_IP}, 1, 2, 20, 3);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		uint64_t drops = wire_drops(all[i].reason), dropped = wire_books().dropped;

		backbone_wrap(&out, &vxlan, 0, in.data, in.len, 0);
		all[i].spoil(&out);
		wire_send(1, &out);
		wire_poll(3);
		if (wire_drops(all[i].reason) != drops + 1 || wire_books().dropped != dropped + 1)
			fail_msg("%s: not dropped as it should", all[i].what);
		wire_expect_none();
	}
	/* All lengths of a frame that is cut short. */
	for (size_t len = 14; len < out.len; len++) {
		backbone_wrap(&out, &vxlan, 0, in.data, in.len, 0);
		out.len = len;
		wire_send(1, &out);
		wire_poll(2);
		wire_expect_none();
	}
	backbone_wrap(&out, &vxlan, 0, in.data, in.len, 0);
	wire_send(1, &out);
	wire_poll(2);
	frame_forwarded(&want, &in, &lab.at_a);
	wire_expect(0, &want);
	wire_expect_none();
}

/* The port's own address answers a ping, and nobody else's. */
static void test_underlay(void **state)
{
	struct dp_tunnel_spec vxlan = backbone_vxlan(7);
	struct frame_l2 l2 = {WIRE_PORT_MAC(1), R_MAC, 0, 0};
	struct dp_port_stats stats;
	struct dp_worker_stats worker;
	struct backbone lab;
	struct frame f;
	struct frame_view v;
	uint32_t n_vrs = 0;

	(void)state;
	backbone_create(&lab, "a/r", "s1", 0, &vxlan, 0);
	backbone_answer(false);
	wire_discard();
	frame_echo(&f, &l2, &(struct frame_ip){.src = R_IP, .dst = BACKBONE_IP}, 8, 1, 2, 30, 5);
	wire_send(1, &f);
	wire_poll(4);
	wire_expect_parsed(1, &f, &v);
	assert_int_equal(v.icmp_type, 0);
	assert_int_equal(v.ip.src, BACKBONE_IP);
	/* No tenant's way leads to the backbone's addresses. */
	frame_echo(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = BACKBONE_IP}, 8, 1, 2,
		30, 5);
	wire_send(0, &f);
	wire_poll(4);
	wire_expect_parsed(0, &f, &v);
	assert_int_equal(v.icmp_type, 3);
	wire_expect_none();
	assert_int_equal(dp_port_stats_get(wire_port_id(1), &stats), 0);
	assert_true(stats.underlay);
	assert_int_equal(stats.tunnels, 1);
	assert_int_equal(stats.tunnels_resolved, 1);
	assert_int_equal(stats.underlay_neighbors, 1);
	for (size_t i = 0; dp_worker_stats_get(i, &worker) == 0; i++)
		n_vrs += worker.n_vrs;
	assert_int_equal(n_vrs, 1);
}

/* ARP inside of the tunnel finds B; its own address answers there. */
static void test_arp_inside(void **state)
{
	struct dp_tunnel_spec vxlan = backbone_vxlan(7);
	struct frame_l2 l2 = {MAC_ALL, WIRE_HOST_MAC(0x2b), 0, 0};
	struct backbone lab;
	struct frame f, inner, got;
	struct frame_view v;

	(void)state;
	backbone_create(&lab, "a/r", "s0", 0, &vxlan, 0);
	backbone_answer(false);
	wire_discard();
	frame_arp(&inner, &l2, ARP_REQUEST, WIRE_HOST_MAC(0x2b), UINT32_C(0x0a000163), 0, WAN_IP);
	backbone_wrap(&f, &vxlan, 0, inner.data, inner.len, 0);
	wire_send(1, &f);
	wire_poll(3);
	assert_true(wire_recv(1, &got));
	inner.len = got.len - 50;
	memcpy(inner.data, got.data + 50, inner.len);
	frame_parse(&inner, &v);
	assert_true(v.ok);
	assert_int_equal(v.type, TYPE_ARP);
	assert_int_equal(v.arp_op, ARP_REPLY);
	assert_int_equal(v.arp_tip, UINT32_C(0x0a000163));
	/* It is known now. */
	frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = UINT32_C(0x0a000163)}, 1,
		2, 30, 7);
	wire_send(0, &f);
	wire_poll(3);
	assert_true(wire_recv(1, &got));
	assert_memory_equal(got.data + 50, "\2\0\0\1\0\x2b", 6);
	wire_expect_none();
}

/* A shaped link pays for the outer bytes: 100 frames of 150 bytes at 1 Mbit/s take 120 ms. */
static void test_shaped(void **state)
{
	struct dp_tunnel_spec vxlan = backbone_vxlan(7), other = backbone_vxlan(8);
	struct dp_link_spec link = wire_link(1000000, 1600, 100000, 1000);
	struct dp_neigh_spec neigh[2];
	struct backbone lab;
	struct frame f;
	unsigned int n = 0;
	dp_iface_id id;

	(void)state;
	backbone_create(&lab, "a/r", "s0", 0, &vxlan, 0);
	for (enum dp_place at = DP_AT_VIF_IN; at <= DP_AT_VIF_OUT; at++) {
		wire_begin();
		link.at = at;
		if (backbone_tunnel_add(
			    lab.vr, "shaped", "10.0.2.1/24", NULL, &other, &link, 0, &id) < 0)
			fail_msg("%s", wire_err());
		neigh[0] = wire_neigh(lab.lan, "10.0.0.2", A_MAC);
		neigh[1] = wire_neigh(id, "10.0.2.2", B_MAC);
		wire_neighbors_set(lab.vr, neigh, 2);
		wire_commit();
		backbone_answer(false);
		wire_discard();
		for (unsigned int i = 0; i < 100; i++) {
			frame_udp(&f, &lab.from_a,
				&(struct frame_ip){.src = A_IP, .dst = UINT32_C(0x0a000202)}, 1, 2,
				58, i);
			wire_send(0, &f);
		}
		wire_poll(3);
		n = wire_discard();
		assert_in_range(n, 9, 11); /* the burst */
		wire_run_ns(60000000, 100000);
		n += wire_discard();
		assert_in_range(n, 58, 63);
		wire_run_ns(60000000, 100000);
		assert_int_equal(n + wire_discard(), 100);
		wire_begin();
		wire_iface_del(id);
		wire_commit();
		wire_discard();
	}
}

static void test_refused(void **state)
{
	struct dp_tunnel_spec vxlan = backbone_vxlan(7), bad;
	struct backbone lab;
	dp_iface_id id;

	(void)state;
	backbone_create(&lab, "a/r", "s0", 0, &vxlan, 0);
	wire_begin();
	assert_int_equal(
		backbone_tunnel_add(lab.vr, "t", "10.0.3.1/24", NULL, &vxlan, NULL, 0, &id),
		-EEXIST);
	assert_non_null(strstr(wire_err(), "gives this tunnel to tun of a/r"));
	bad = backbone_vxlan(1u << 24);
	assert_int_equal(
		backbone_tunnel_add(lab.vr, "t", "10.0.3.1/24", NULL, &bad, NULL, 0, &id), -EINVAL);
	bad = backbone_vxlan(8);
	bad.local = wire_ipaddr("192.0.2.3");
	assert_int_equal(
		backbone_tunnel_add(lab.vr, "t", "10.0.3.1/24", NULL, &bad, NULL, 0, &id), -EINVAL);
	bad = backbone_vxlan(8);
	assert_int_equal(
		backbone_tunnel_add(lab.vr, "t", "10.0.3.1/24", NULL, &bad, NULL, 1451, &id),
		-EINVAL);
	wire_abort();
	/* Many come and go; those that stay are found. */
	for (unsigned int round = 0; round < 3; round++) {
		dp_iface_id ids[100];

		wire_begin();
		for (unsigned int i = 0; i < 100; i++) {
			struct dp_tunnel_spec one = backbone_vxlan(100 + i);
			char address[32];

			snprintf(address, sizeof(address), "10.1.%u.1/24", i);
			assert_int_equal(backbone_tunnel_add(lab.vr, "t", address, NULL, &one, NULL,
						 0, &ids[i]),
				0);
		}
		wire_commit();
		wire_begin();
		for (unsigned int i = 0; i < 100; i++)
			wire_iface_del(ids[i]);
		wire_commit();
	}
	backbone_answer(false);
	wire_discard();
	send_a(&lab, 30, 0, 0);
	assert_int_equal(wire_discard(), 1);
}

static int start(void **state)
{
	(void)state;
	return wire_start(2, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {WIRE_TEST(test_vectors), WIRE_TEST(test_unresolved),
		WIRE_TEST(test_unresolved_other_worker), WIRE_TEST(test_large),
		WIRE_TEST(test_fragment_allowed), WIRE_TEST(test_ecn), WIRE_TEST(test_hostile),
		WIRE_TEST(test_underlay), WIRE_TEST(test_arp_inside), WIRE_TEST(test_shaped),
		WIRE_TEST(test_refused)};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
