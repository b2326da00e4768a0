/* SPDX-License-Identifier: BSD-3-Clause */
/* Two tenants with the same addresses, each on a worker of its own, under frames of every kind,
 * mangled, while their routers change. Whatever comes: no crash, the accounts balance, what leaves
 * is well-formed, and nothing of one tenant leaves by an interface of the other.
 *
 *   random_wire_test [FRAMES [SEED [threads]]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

#define MARK_LEN 8
#define CHECK_EVERY 500
#define CHANGE_EVERY 200

static unsigned long n_frames = 200000;
static unsigned int seed = 1;
static bool threads;
static struct wire_lab tenants[2];
static const char marks[2][MARK_LEN + 1] = {"<tenant1", "<tenant2"};
static unsigned long left[2]; /* frames that left, by tenant */

static uint32_t rnd(uint32_t below)
{
	return (uint32_t)random() % below;
}

static uint32_t any_address(void)
{
	static const uint32_t known[] = {A_IP, B_IP, LAN_IP, WAN_IP, A_IP + 1, B_IP + 1,
		UINT32_C(0x0a090001), UINT32_C(0x0a080001), UINT32_C(0x0a0000ff),
		UINT32_C(0x0a0001ff), UINT32_C(0xe0000001), UINT32_C(0xffffffff), 0,
		UINT32_C(0x7f000001), UINT32_C(0x08080808)};

	if (rnd(50) == 0)
		return (uint32_t)random() << 1 ^ (uint32_t)random();
	if (rnd(20) == 0)
		return UINT32_C(0x0a090000) + rnd(65536);
	if (rnd(20) == 0)
		return (rnd(2) != 0 ? A_IP : B_IP) + rnd(250);
	return known[rnd(rnd(3) == 0 ? sizeof(known) / sizeof(known[0]) : 4)];
}

static struct frame_l2 any_l2(unsigned int port, unsigned int tenant)
{
	struct frame_l2 l2 = port == 0 ? tenants[tenant].from_a : tenants[tenant].from_b;

	if (rnd(20) == 0)
		l2.dst = rnd(2) != 0 ? MAC_ALL : UINT64_C(0x01005e000001);
	if (rnd(50) == 0)
		l2.dst ^= UINT64_C(1) << rnd(48);
	if (rnd(50) == 0)
		l2.vlan = (uint16_t)rnd(8);
	if (rnd(50) == 0)
		l2.outer = (uint16_t)rnd(8);
	if (rnd(20) == 0)
		l2.vlan |= (uint16_t)(rnd(16) << 12);
	return l2;
}

static void any_ip4(struct frame *f, const struct frame_l2 *l2, unsigned int tenant)
{
	static const uint16_t lens[] = {0, 7, 8, 9, 40, 100, 500, 900, 1400, 1480, 1500, 2500};
	static const uint8_t protos[] = {PROTO_UDP, PROTO_UDP, PROTO_TCP, PROTO_ICMP, 47, 0};
	uint8_t payload[2600], options[40];
	struct frame_ip ip = {.src = any_address(),
		.dst = any_address(),
		.ttl = (uint16_t)(rnd(8) == 0  ? 1 + rnd(3)
				: rnd(20) == 0 ? FRAME_TTL_0
					       : 64),
		.frag = (uint16_t)(rnd(4) == 0 ? FRAME_DF
				: rnd(10) == 0 ? FRAME_MF | rnd(300)
				: rnd(10) == 0 ? rnd(65536)
					       : 0),
		.id = (uint16_t)random(),
		.proto = protos[rnd(sizeof(protos))],
		.options = options};
	size_t len = rnd(4) == 0 ? rnd(1500) : lens[rnd(sizeof(lens) / sizeof(lens[0]))];

	if (rnd(10) == 0) {
		ip.options_len = 4 * rnd(11);
		for (size_t i = 0; i < ip.options_len; i++)
			options[i] = (uint8_t)(rnd(2) != 0 ? 1 : rnd(3) == 0 ? random() : rnd(10));
	}
	for (size_t i = 0; i < len; i++)
		payload[i] = (uint8_t)marks[tenant][i % MARK_LEN];
	if (ip.proto == PROTO_ICMP && len >= 8 && rnd(4) != 0) {
		uint16_t sum;

		memset(payload, 0, 8);
		payload[0] = (uint8_t)(rnd(3) == 0 ? rnd(20) : 8);
		sum = (uint16_t)~frame_sum(payload, len);
		payload[2] = (uint8_t)(sum >> 8);
		payload[3] = (uint8_t)sum;
	}
	if (ip.proto == PROTO_UDP && len >= 8 && rnd(2) != 0) {
		payload[4] = (uint8_t)(len >> 8);
		payload[5] = (uint8_t)len;
	}
	frame_ip4(f, l2, &ip, payload, len);
	if (ip.proto == 0) /* the builder's default is UDP */
		frame_l3(f)[9] = 0;
	if (rnd(2) != 0)
		frame_ip4_fix(f);
}

static void any_arp(struct frame *f, const struct frame_l2 *l2)
{
	uint32_t sip = any_address(), tip = any_address();

	frame_arp(f, l2, (uint16_t)(rnd(10) == 0 ? rnd(5) : 1 + rnd(2)),
		rnd(10) == 0 ? 0 : l2->src + rnd(3), sip, rnd(2) != 0 ? l2->dst : 0, tip);
}

static void any_bytes(struct frame *f, const struct frame_l2 *l2, unsigned int tenant)
{
	uint8_t data[200];
	static const uint16_t types[] = {
		TYPE_IP4, TYPE_ARP, TYPE_IP6, TYPE_VLAN, TYPE_QINQ, 0x88cc, 46};
	size_t len = rnd(sizeof(data));

	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(rnd(2) != 0 ? random() : marks[tenant][i % MARK_LEN]);
	frame_raw(f, l2, types[rnd(7)], data, len);
}

static void mangle(struct frame *f)
{
	unsigned int n = rnd(4);

	for (unsigned int i = 0; i < n; i++)
		f->data[rnd((uint32_t)(f->len < 60 ? f->len : 60))] = (uint8_t)random();
	if (rnd(3) == 0)
		f->len = 1 + rnd((uint32_t)f->len);
	else if (rnd(3) == 0)
		frame_pad(f, f->len + rnd(100));
}

/* Whose frame this is on a port, by its tags alone; -1: nobody's. */
static int owner(unsigned int port, const struct frame *f)
{
	struct frame_view v;

	frame_parse(f, &v);
	for (int i = 0; i < 2; i++) {
		const struct frame_l2 *l2 = port == 0 ? &tenants[i].from_a : &tenants[i].from_b;

		if ((v.l2.outer & 0xfff) == (l2->outer & 0xfff) &&
			(v.l2.vlan & 0xfff) == (l2->vlan & 0xfff))
			return i;
	}
	return -1;
}

static bool carries(const struct frame *f, int tenant)
{
	return memmem(f->data, f->len, marks[tenant], MARK_LEN) != NULL;
}

/* A frame that came by a tenant's tags carries that tenant's mark, whoever it was made for. */
static void mark(struct frame *f, int tenant)
{
	uint8_t *at;

	while ((at = memmem(f->data, f->len, marks[!tenant], MARK_LEN)) != NULL)
		memcpy(at, marks[tenant], MARK_LEN);
}

static void send_any(void)
{
	unsigned int port = rnd(2), tenant = rnd(2);
	struct frame_l2 l2 = any_l2(port, tenant);
	struct frame f = {0};

	switch (rnd(8)) {
	case 0:
	case 1:
		any_arp(&f, &l2);
		break;
	case 2:
		any_bytes(&f, &l2, tenant);
		break;
	default:
		any_ip4(&f, &l2, tenant);
		break;
	}
	if (rnd(4) == 0)
		mangle(&f);
	if (f.len >= 22)
		mark(&f, owner(port, &f) < 0 ? (int)tenant : owner(port, &f));
	wire_send(port, &f);
}

static void judge(unsigned int port, const struct frame *f)
{
	struct frame_view v;
	int tenant = owner(port, f);

	frame_parse(f, &v);
	if (tenant < 0 || carries(f, !tenant) || v.l2.src != WIRE_PORT_MAC(port) ||
		(v.type == TYPE_IP4 && (v.total == 0 || v.padding != 0)) ||
		(v.type == TYPE_ARP && !v.ok) || (v.type != TYPE_IP4 && v.type != TYPE_ARP)) {
		frame_print(f, "left");
		fail_msg("by port %u: not well-formed, or not this tenant's", port);
	}
	left[tenant]++;
}

static void take_all(void)
{
	struct frame f;

	for (unsigned int port = 0; port < WIRE_PORTS; port++)
		while (wire_recv(port, &f))
			judge(port, &f);
}

/* A link of any kind, at any place. */
static struct dp_link_spec any_link(void)
{
	struct dp_link_spec link = wire_link(
		UINT64_C(1000000) << rnd(10), 1 + rnd(5000), 1 + rnd(100000), 1 + rnd(100));

	link.at = DP_AT_INGRESS + (enum dp_place)rnd(4);
	link.by = rnd(2) != 0 ? DP_BY_TBF : DP_BY_PSP;
	link.count_l1 = rnd(4) == 0;
	if (rnd(2) != 0)
		link.min_bps = link.rate_bps / (1 + rnd(8));
	if (rnd(3) == 0)
		link.borrow_bps = link.rate_bps * (1 + rnd(4));
	if (rnd(4) == 0)
		link.rate_bps = 0;
	return link;
}

/* A port gets another capacity, or none. */
static void change_port(void)
{
	unsigned int port = rnd(2);
	struct dp_port_spec spec = {
		.mtu = 1500, .capacity_bps = rnd(3) == 0 ? 0 : UINT64_C(100000) << rnd(14)};

	if (spec.capacity_bps != 0 && rnd(2) != 0)
		spec.share_bps = spec.capacity_bps / 4 * 3;
	snprintf(spec.name, sizeof(spec.name), "p%u", port);
	wire_begin();
	assert_int_equal(dp_txn_port_set(wire_txn(), wire_port_id(port), &spec, wire_err()), 0);
	if (rnd(4) == 0)
		wire_abort();
	else
		wire_commit();
}

/* Something changes in one of the routers. */
static void change_any(void)
{
	unsigned int tenant = rnd(2);
	struct wire_lab *lab = &tenants[tenant];
	static const char *const nets[] = {
		"10.9.0.0/16", "10.8.0.0/16", "0.0.0.0/0", "10.9.0.0/24"};
	struct dp_route_spec route = wire_route(
		nets[rnd(4)], rnd(2) != 0 ? "10.0.1.2" : "10.0.1.3", rnd(4) == 0 ? 0 : lab->wan);
	struct dp_link_spec link = any_link();

	switch (rnd(10)) {
	case 0:
	case 1:
		dp_route_add(lab->vr, &route, wire_err());
		break;
	case 2:
		dp_route_del(lab->vr, &route.to, wire_err());
		break;
	case 3:
		assert_int_equal(
			dp_links_set(rnd(2) != 0 ? &lab->lan : &lab->wan, &link, 1, wire_err()), 0);
		break;
	case 4:
		assert_int_equal(dp_vr_set_state(lab->vr,
					 rnd(2) != 0           ? DP_VR_RUNNING
						 : rnd(2) != 0 ? DP_VR_STOPPED
							       : DP_VR_SUSPENDED),
			0);
		break;
	case 5:
		/* The whole router anew. */
		wire_begin();
		wire_vr_del(lab->vr);
		if (rnd(2) != 0) {
			wire_abort();
			break;
		}
		wire_commit();
		if (tenant == 0)
			wire_lab_create_at(lab, "t1/r", "s0",
				&(struct wire_iface){.vlan = 1, .link = link},
				&(struct wire_iface){.vlan = 1, .mtu = 1000, .link = any_link()});
		else
			wire_lab_create_at(lab, "t2/r", "s1", &(struct wire_iface){.vlan = 2},
				&(struct wire_iface){.outer = 2, .vlan = 2});
		break;
	case 6:
		wire_begin();
		wire_neighbors_set(lab->vr, NULL, 0);
		route = wire_route("10.9.0.0/16", "10.0.1.2", lab->wan);
		wire_routes_set(lab->vr, &route, 1);
		if (rnd(2) != 0)
			wire_abort();
		else
			wire_commit();
		break;
	case 7:
		change_port();
		break;
	case 8:
		wire_link_up(rnd(2), rnd(4) != 0);
		break;
	default:
		wire_advance_ns((uint64_t)rnd(4000) * 1000000);
		break;
	}
	/* Mostly they run. */
	for (unsigned int i = 0; rnd(3) == 0 && i < 2; i++) {
		dp_vr_set_state(tenants[i].vr, DP_VR_RUNNING);
		wire_link_up(i, true);
	}
}

static void test_random_frames(void **state)
{
	(void)state;
	srandom(seed);
	wire_extra_any();
	wire_lab_create_at(&tenants[0], "t1/r", "s0", &(struct wire_iface){.vlan = 1},
		&(struct wire_iface){.vlan = 1, .mtu = 1000});
	wire_lab_create_at(&tenants[1], "t2/r", "s1", &(struct wire_iface){.vlan = 2},
		&(struct wire_iface){.outer = 2, .vlan = 2});
	for (unsigned long i = 0; i < n_frames; i++) {
		send_any();
		if (rnd(10) == 0) {
			wire_advance_ns(rnd(200000));
			wire_poll(1);
			take_all();
		}
		if (i % CHANGE_EVERY == 0)
			change_any();
		if (i % CHECK_EVERY == 0)
			wire_check();
	}
	wire_poll(5);
	take_all();
	/* It was no monologue. */
	assert_true(left[0] > n_frames / 50 && left[1] > n_frames / 50);
}

static int start(void **state)
{
	(void)state;
	return threads ? wire_start_threads(2, 2) : wire_start(2, 2);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_random_frames),
	};
	int rc;

	if (argc > 1)
		n_frames = strtoul(argv[1], NULL, 0);
	if (argc > 2)
		seed = (unsigned int)strtoul(argv[2], NULL, 0);
	threads = argc > 3;
	rc = cmocka_run_group_tests(tests, start, NULL);
	fprintf(stderr, "seed %u: %lu frames, left: %lu of tenant 1, %lu of tenant 2\n", seed,
		n_frames, left[0], left[1]);
	for (unsigned int r = 0; r < DROP_REASON_COUNT; r++)
		fprintf(stderr, " %s %lu", dp_drop_name(r), (unsigned long)wire_drops(r));
	fprintf(stderr, "\n");
	wire_stop(NULL);
	return rc;
}
