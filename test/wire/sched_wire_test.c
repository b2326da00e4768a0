/* SPDX-License-Identifier: BSD-3-Clause */
/* A port that more is sent to than it takes: tenants' routers between port 0 and port 1, which has
 * 100 Mbit/s. Who gets how much, in each window of 100 ms, and that nothing is lost on the way. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

#define MS UINT64_C(1000000)
#define MBPS UINT64_C(1000000)
#define STEP_NS 100000
#define WINDOW_STEPS (100 * MS / STEP_NS)
#define TENANTS 8
#define FRAME 518
#define PAYLOAD (FRAME - 18 - 28)

static unsigned int n_workers;

static struct tenant {
	struct wire_lab lab;
	uint64_t offers_bps; /* what its host sends */
	double owed;
	uint64_t sent, received, bytes, window_bytes, window_min;
	int last_seq;
	uint16_t seq;
} tenants[TENANTS];
static unsigned int n_tenants;
static uint64_t others; /* frames to B that are nobody's data */

static void capacity_set(uint64_t capacity_bps, uint64_t share_bps)
{
	struct dp_port_spec spec = {
		.name = "p1", .mtu = 1500, .capacity_bps = capacity_bps, .share_bps = share_bps};

	wire_begin();
	assert_int_equal(dp_txn_port_set(wire_txn(), wire_port_id(1), &spec, wire_err()), 0);
	wire_commit();
}

static struct dp_link_spec link_of(uint64_t min, uint64_t rate, uint64_t borrow)
{
	struct dp_link_spec spec = wire_link(rate, 5000, 1 << 20, 50);

	spec.min_bps = min;
	spec.borrow_bps = borrow;
	return spec;
}

static struct tenant *tenant_add(uint32_t weight, const struct dp_link_spec *link)
{
	struct tenant *t = &tenants[n_tenants];
	uint16_t vlan = (uint16_t)++n_tenants;
	struct wire_iface lan = {.vlan = vlan}, wan = {.vlan = vlan};
	char name[16], slice[8];

	memset(t, 0, sizeof(*t));
	if (link != NULL)
		wan.link = *link;
	t->lab.weight = weight;
	t->last_seq = -1;
	snprintf(name, sizeof(name), "t%u/r", vlan);
	snprintf(slice, sizeof(slice), "s%u", vlan % n_workers);
	wire_lab_create_at(&t->lab, name, slice, &lan, &wan);
	return t;
}

static void begin(void)
{
	n_tenants = 0;
	others = 0;
}

static void link_set(const struct tenant *t, const struct dp_link_spec *spec)
{
	assert_int_equal(dp_links_set(&t->lab.wan, spec, 1, wire_err()), 0);
}

static struct dp_iface_stats stats_of(const struct tenant *t)
{
	struct dp_iface_stats stats;

	assert_int_equal(dp_iface_stats_get(t->lab.wan, &stats), 0);
	return stats;
}

static void send_one(struct tenant *t)
{
	struct frame f;

	frame_udp(&f, &t->lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP, .id = t->seq}, 1,
		2, PAYLOAD, t->seq);
	t->seq++;
	t->sent++;
	wire_send(0, &f);
}

static void receive(void)
{
	struct frame f;
	struct frame_view v;

	while (wire_recv(1, &f)) {
		struct tenant *t;

		frame_parse(&f, &v);
		assert_true(v.ok);
		assert_in_range(v.l2.vlan, 1, n_tenants);
		t = &tenants[v.l2.vlan - 1];
		if (v.type == TYPE_ARP || v.ip.src != A_IP) {
			others++;
			continue;
		}
		/* Each keeps its order. */
		assert_true((int16_t)(v.ip.id - t->last_seq) > 0);
		t->last_seq = v.ip.id;
		t->received++;
		t->bytes += f.len;
		t->window_bytes += f.len;
	}
}

static void forget(void)
{
	for (unsigned int i = 0; i < n_tenants; i++) {
		tenants[i].bytes = tenants[i].window_bytes = 0;
		tenants[i].window_min = UINT64_MAX;
	}
}

static void step(void)
{
	wire_advance_ns(STEP_NS);
	for (unsigned int i = 0; i < n_tenants; i++) {
		struct tenant *t = &tenants[i];

		t->owed += (double)t->offers_bps / 8 * STEP_NS / 1e9;
		for (; t->owed >= FRAME; t->owed -= FRAME)
			send_one(t);
	}
	wire_poll(2);
	receive();
}

static void run_ms(uint64_t ms)
{
	for (uint64_t i = 0; i < ms * MS / STEP_NS; i++) {
		step();
		if ((i + 1) % WINDOW_STEPS != 0)
			continue;
		for (unsigned int t = 0; t < n_tenants; t++) {
			if (tenants[t].window_bytes < tenants[t].window_min)
				tenants[t].window_min = tenants[t].window_bytes;
			tenants[t].window_bytes = 0;
		}
	}
}

/* After a while, so that the buckets have what they have in the long run. */
static void measure_ms(uint64_t ms)
{
	run_ms(200);
	forget();
	run_ms(ms);
	wire_check();
}

static void got(const struct tenant *t, uint64_t bps, uint64_t ms, double part)
{
	double want = (double)bps / 8 * (double)ms / 1000, has = (double)t->bytes;

	if (has < want * (1 - part) - FRAME || has > want * (1 + part) + FRAME)
		fail_msg("tenant %ld has %.0f bytes, not %.0f", (long)(t - tenants) + 1, has, want);
}

static void min_kept(const struct tenant *t, uint64_t min_bps)
{
	uint64_t want = min_bps / 80; /* but for a frame at each end, and a thousandth */

	assert_true(t->window_min != UINT64_MAX);
	if (t->window_min + 2 * FRAME + want / 1000 < want)
		fail_msg("tenant %ld has %lu bytes in a window, %lu are guaranteed",
			(long)(t - tenants) + 1, (unsigned long)t->window_min, (unsigned long)want);
}

/* What went in has left, is counted as dropped on its interface, or waits. */
static void accounted(void)
{
	for (unsigned int i = 0; i < n_tenants; i++) {
		struct dp_iface_stats stats = stats_of(&tenants[i]);
		uint64_t dropped = 0;

		for (unsigned int r = 0; r < DROP_REASON_COUNT; r++)
			dropped += stats.drops[r];
		assert_int_equal(
			tenants[i].sent, tenants[i].received + dropped + stats.queue_packets);
	}
}

/* Without contention nothing waits, and nobody is held below the capacity. */
static void test_uncontended(void **state)
{
	struct tenant *t;

	(void)state;
	begin();
	t = tenant_add(1, NULL);
	capacity_set(100 * MBPS, 0);
	t->offers_bps = 90 * MBPS;
	measure_ms(300);
	got(t, 90 * MBPS, 300, 0.001);
	assert_int_equal(stats_of(t).queue_packets, 0);
	t->offers_bps = 150 * MBPS;
	measure_ms(300);
	got(t, 100 * MBPS, 300, 0.001);
	assert_in_range(stats_of(t).queue_packets, 500, 512);
	accounted();
}

/* Reserved before best effort, which has exactly the rest, by weight. */
static void test_reserved_first(void **state)
{
	struct dp_link_spec link = link_of(30 * MBPS, 30 * MBPS, 0);
	struct tenant *one, *two, *four, *reserved;

	(void)state;
	begin();
	one = tenant_add(1, NULL);
	two = tenant_add(2, NULL);
	four = tenant_add(4, NULL);
	reserved = tenant_add(1, &link);
	capacity_set(100 * MBPS, 50 * MBPS);
	one->offers_bps = two->offers_bps = four->offers_bps = reserved->offers_bps = 80 * MBPS;
	measure_ms(700);
	got(reserved, 30 * MBPS, 700, 0.001);
	min_kept(reserved, 30 * MBPS);
	got(one, 10 * MBPS, 700, 0.01);
	got(two, 20 * MBPS, 700, 0.01);
	got(four, 40 * MBPS, 700, 0.01);
	accounted();
	/* Idle capacity goes to whoever wants it, at once. */
	reserved->offers_bps = one->offers_bps = two->offers_bps = 0;
	four->offers_bps = 200 * MBPS;
	measure_ms(100);
	got(four, 100 * MBPS, 100, 0.005);
}

/* Grants that sum to more than the share: each minimum in each window, the others share what is
 * left of the share, best effort has the rest. At each place. */
static void test_oversubscribed(void **state)
{
	(void)state;
	for (enum dp_place at = DP_AT_INGRESS; at <= DP_AT_PORT; at++) {
		static const uint64_t mins[] = {40, 20, 5};
		struct dp_link_spec link;
		struct tenant *t[4];

		begin();
		for (unsigned int i = 0; i < 3; i++) {
			link = link_of(mins[i] * MBPS, 70 * MBPS, 0);
			link.at = at;
			link.by = i == 1 ? DP_BY_PSP : DP_BY_TBF;
			t[i] = tenant_add(1, &link);
			t[i]->offers_bps = 80 * MBPS;
		}
		t[3] = tenant_add(100, NULL);
		t[3]->offers_bps = 100 * MBPS;
		capacity_set(100 * MBPS, 70 * MBPS);
		measure_ms(600);
		for (unsigned int i = 0; i < 3; i++)
			min_kept(t[i], mins[i] * MBPS);
		got(t[3], 30 * MBPS, 600, 0.01);
		got(t[0], 40 * MBPS, 600, 0.05);
		got(t[1], 20 * MBPS, 600, 0.10);
		accounted();
		wire_begin();
		for (unsigned int i = 0; i < 4; i++)
			wire_vr_del(t[i]->lab.vr);
		wire_commit();
		wire_poll(2);
		wire_discard();
	}
}

/* Beyond its grant a link has what the others leave, and gives it back within a millisecond. */
static void test_borrow(void **state)
{
	struct dp_link_spec borrows = link_of(10 * MBPS, 20 * MBPS, 80 * MBPS);
	struct dp_link_spec strict = link_of(60 * MBPS, 60 * MBPS, 0);
	struct tenant *borrower, *owner, *rest;

	(void)state;
	begin();
	borrower = tenant_add(1, &borrows);
	owner = tenant_add(1, &strict);
	rest = tenant_add(1, NULL);
	capacity_set(100 * MBPS, 80 * MBPS);
	borrower->offers_bps = 90 * MBPS;
	rest->offers_bps = 90 * MBPS;
	measure_ms(300);
	got(borrower, 80 * MBPS, 300, 0.01);
	got(rest, 20 * MBPS, 300, 0.02);
	owner->offers_bps = 60 * MBPS;
	run_ms(1);
	forget();
	run_ms(50);
	got(owner, 60 * MBPS, 50, 0.01);
	got(borrower, 20 * MBPS, 50, 0.05);
	measure_ms(300);
	got(owner, 60 * MBPS, 300, 0.002);
	got(borrower, 20 * MBPS, 300, 0.02);
	got(rest, 20 * MBPS, 300, 0.02);
	accounted();
}

/* The router's own packets are not behind tenants' queues. */
static void test_control(void **state)
{
	struct tenant *t, *other;
	uint64_t before;
	struct frame f;

	(void)state;
	begin();
	t = tenant_add(1, NULL);
	other = tenant_add(1, NULL);
	capacity_set(10 * MBPS, 0);
	t->offers_bps = other->offers_bps = 50 * MBPS;
	run_ms(100);
	assert_true(stats_of(t).queue_packets > 100);
	for (unsigned int i = 0; i < 20; i++) {
		before = others;
		frame_echo(&f, &t->lab.from_b, &(struct frame_ip){.src = B_IP, .dst = WAN_IP}, 8, 1,
			2, 30, 1);
		wire_send(1, &f);
		/* A frame's time, and a poll. */
		for (unsigned int s = 0; s < 6; s++)
			step();
		assert_int_equal(others, before + 1);
	}
	/* Nor can a flood of them take the port. */
	for (unsigned int i = 0; i < 500; i++) {
		for (unsigned int n = 0; n < 4; n++) {
			frame_echo(&f, &t->lab.from_b,
				&(struct frame_ip){.src = B_IP, .dst = WAN_IP}, 8, 1, 2, 1000, 1);
			wire_send(1, &f);
		}
		if (i == 250)
			forget();
		step();
	}
	got(other, 10 * MBPS * 15 / 32, 25, 0.10);
	wire_check();
}

/* Every change at once, among traffic that waits: nothing that waited is lost but for full queues,
 * nothing is overtaken, all is accounted for. */
static void test_live(void **state)
{
	struct dp_link_spec link = link_of(5 * MBPS, 10 * MBPS, 0);
	struct tenant *t, *rest;
	uint64_t dropped;

	(void)state;
	begin();
	link.queue_packets = 400;
	t = tenant_add(1, &link);
	rest = tenant_add(1, NULL);
	capacity_set(50 * MBPS, 25 * MBPS);
	t->offers_bps = 12 * MBPS;
	srandom(3);
	for (unsigned int round = 0; round < 120; round++) {
		rest->offers_bps = round % 3 == 0 ? 90 * MBPS : 10 * MBPS;
		link.at = DP_AT_VIF_IN + (enum dp_place)(random() % 3);
		link.by = random() % 2 == 0 ? DP_BY_TBF : DP_BY_PSP;
		link.rate_bps = MBPS * (8 + (uint64_t)random() % 10);
		link.min_bps = random() % 2 == 0 ? 0 : 5 * MBPS;
		link.borrow_bps = random() % 3 == 0 ? 25 * MBPS : 0;
		link_set(t, &link);
		run_ms(5);
		if (round % 10 == 5)
			capacity_set(round % 20 == 5 ? 0 : 50 * MBPS, 25 * MBPS);
		wire_check();
	}
	dropped = stats_of(t).drops[DROP_LINK_QUEUE_FULL] + stats_of(t).drops[DROP_PORT_QUEUE_FULL];
	assert_int_equal(dropped, 0);
	accounted();
	t->offers_bps = rest->offers_bps = 0;
	run_ms(1500);
	assert_int_equal(t->received, t->sent);
	accounted();
}

/* What waits at the port goes with its link to best effort, and with its interface, router, port.
 */
static void test_removed(void **state)
{
	struct dp_link_spec link = link_of(MBPS, MBPS, 0), none = {0};
	uint64_t gone = wire_drops(DROP_INTERFACE_GONE), down = wire_drops(DROP_VR_DOWN);
	uint64_t no_link = wire_drops(DROP_PORT_DOWN), waits;
	struct tenant *one, *two, *three;

	(void)state;
	begin();
	link.at = DP_AT_PORT;
	one = tenant_add(1, &link);
	two = tenant_add(1, NULL);
	three = tenant_add(1, &link);
	capacity_set(10 * MBPS, 0);
	one->offers_bps = two->offers_bps = three->offers_bps = 30 * MBPS;
	run_ms(20);
	assert_int_equal(stats_of(one).queue_packets, 50);
	assert_true(stats_of(two).queue_packets > 50);
	link_set(one, &none);
	assert_int_equal(stats_of(one).queue_packets, 50);
	one->offers_bps = two->offers_bps = three->offers_bps = 0;
	run_ms(1);
	wire_begin();
	waits = stats_of(two).queue_packets;
	wire_vr_del(two->lab.vr);
	wire_commit();
	assert_int_equal(wire_drops(DROP_INTERFACE_GONE) - gone, waits);
	wire_check();
	waits = stats_of(three).queue_packets;
	assert_true(waits > 40);
	assert_int_equal(dp_vr_set_state(three->lab.vr, DP_VR_STOPPED), 0);
	assert_int_equal(wire_drops(DROP_VR_DOWN) - down, waits);
	assert_int_equal(stats_of(three).drops[DROP_VR_DOWN], waits);
	run_ms(200);
	assert_int_equal(stats_of(one).queue_packets, 0);
	/* More than leaves before the link is looked at. */
	one->offers_bps = 30 * MBPS;
	run_ms(90);
	waits = stats_of(one).queue_packets;
	assert_true(waits > 300);
	one->offers_bps = 0;
	wire_link_up(1, false);
	run_ms(200);
	assert_in_range(wire_drops(DROP_PORT_DOWN) - no_link, 1, waits);
	assert_int_equal(stats_of(one).queue_packets, 0);
	wire_link_up(1, true);
	run_ms(200);
	one->offers_bps = 30 * MBPS;
	run_ms(20);
	wire_check();
	wire_begin();
	wire_vr_del(one->lab.vr);
	wire_vr_del(three->lab.vr);
	wire_port_del(1);
	wire_port_del(0);
	wire_commit();
	assert_int_equal(wire_books().queued, 0);
	assert_int_equal(wire_books().originated_queued, 0);
}

/* A device that takes no more: what waits is in order of its right to go. */
static void test_device_full(void **state)
{
	struct dp_link_spec link = link_of(50 * MBPS, 50 * MBPS, 0);
	struct tenant *reserved, *rest;
	struct frame f;

	(void)state;
	begin();
	link.queue_packets = 3000;
	reserved = tenant_add(1, &link);
	rest = tenant_add(1, NULL);
	capacity_set(1000 * MBPS, 0);
	for (unsigned int i = 0; i < 3200; i++) {
		send_one(rest);
		wire_advance_ns(20000);
		wire_poll(2);
	}
	for (unsigned int i = 0; i < 40; i++) {
		send_one(reserved);
		wire_advance_ns(200000);
		wire_poll(2);
	}
	wire_check();
	assert_true(stats_of(rest).drops[DROP_PORT_QUEUE_FULL] > 0);
	/* The device has room for so many: at most a burst had been picked before. */
	for (unsigned int i = 0; i < 300; i++)
		assert_true(wire_recv(1, &f));
	wire_advance_ns(MS);
	wire_poll(3);
	wire_advance_ns(MS);
	wire_poll(3);
	assert_int_equal(stats_of(reserved).queue_packets, 0);
	assert_true(stats_of(rest).queue_packets > 100);
	wire_check();
}

/* Many links, few of them busy. */
static void test_many(void **state)
{
	enum { LINKS = 1000 };
	static dp_iface_id ids[LINKS];
	static struct dp_link_spec specs[LINKS];
	struct dp_link_spec link = link_of(0, MBPS, 0);
	struct tenant *t;
	uint64_t start_tsc, best_tsc = UINT64_MAX;

	(void)state;
	begin();
	link.at = DP_AT_PORT;
	t = tenant_add(1, &link);
	capacity_set(100 * MBPS, 0);
	wire_begin();
	for (unsigned int i = 0; i < LINKS; i++) {
		struct wire_iface iface = {.port = 1, .vlan = (uint16_t)(i + 100), .link = link};
		char name[16];

		snprintf(name, sizeof(name), "i%u", i);
		iface.name = name;
		iface.link.at = DP_AT_VIF_IN + (enum dp_place)(i % 3);
		ids[i] = wire_iface_add(t->lab.vr, &iface);
		specs[i] = iface.link;
	}
	wire_commit();
	t->offers_bps = 5 * MBPS;
	measure_ms(300);
	got(t, MBPS, 300, 0.02);
	/* All of them at once, in no time: the criterion is 1 ms on a machine of one's own. */
	for (unsigned int round = 0; round < 10; round++) {
		for (unsigned int i = 0; i < LINKS; i++)
			specs[i].rate_bps = MBPS + round * 1000;
		start_tsc = dp_now_tsc();
		assert_int_equal(dp_links_set(ids, specs, LINKS, wire_err()), 0);
		if (dp_now_tsc() - start_tsc < best_tsc)
			best_tsc = dp_now_tsc() - start_tsc;
	}
	print_message(
		"%d links set in %.0f us\n", LINKS, (double)best_tsc * 1e6 / (double)dp_tsc_hz());
	assert_true(best_tsc < dp_tsc_hz() / 50);
	wire_check();
}

/* A link goes from best effort to reserved and back while others crowd the port: nothing of it is
 * overtaken (receive asserts the order), and what waited is not lost. */
static void test_service_changes(void **state)
{
	struct dp_link_spec none = {0}, link = link_of(8 * MBPS, 12 * MBPS, 0);
	struct tenant *t, *rest[2];
	unsigned int n_waited = 0;

	(void)state;
	begin();
	link.queue_packets = 1000;
	t = tenant_add(1, NULL);
	rest[0] = tenant_add(1, NULL);
	rest[1] = tenant_add(1, NULL);
	capacity_set(30 * MBPS, 20 * MBPS);
	rest[0]->offers_bps = rest[1]->offers_bps = 40 * MBPS;
	t->offers_bps = 15 * MBPS;
	for (unsigned int round = 0; round < 60; round++) {
		run_ms(6 + round % 5);
		n_waited += stats_of(t).queue_packets > 0;
		link.at = DP_AT_VIF_IN + (enum dp_place)(round / 2 % 3);
		link_set(t, round % 2 == 0 ? &link : &none);
		wire_check();
	}
	accounted();
	assert_true(n_waited > 40);
	assert_true(t->received > 500);
}

/* Best effort floods from another worker than the port's: reserved frames and pings to the router
 * are not dropped on their way to the scheduler. */
static void test_flood_from_afar(void **state)
{
	enum { ROUNDS = 30, TURNS = 30, A_TURN = 60 }; /* more than a ring holds */
	struct dp_link_spec link = link_of(20 * MBPS, 20 * MBPS, 0);
	struct tenant *reserved, *flood;

	(void)state;
	if (n_workers == 1)
		skip();
	begin();
	link.queue_packets = 4000;
	link.queue_bytes = 4 << 20;
	/* Worker 0 polls port 1, worker 1 port 0 and is where odd tenants are at home. */
	for (unsigned int port = 2; port-- > 0;) {
		wire_begin();
		wire_port_add(port, 1500);
		wire_commit();
	}
	reserved = tenant_add(1, &link);
	tenant_add(1, NULL);
	flood = tenant_add(1, NULL);
	capacity_set(100 * MBPS, 0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		/* The port's worker comes round once, where the other does often. */
		for (unsigned int turn = 0; turn < TURNS; turn++) {
			for (unsigned int f = 0; f < A_TURN; f++)
				send_one(flood);
			send_one(reserved);
			wire_turn(1);
		}
		wire_turn(0);
		wire_advance_ns(5 * MS);
		receive();
		wire_check();
	}
	run_ms(300);
	assert_true(stats_of(flood).drops[DROP_TX_FULL] > 1000);
	assert_int_equal(stats_of(reserved).drops[DROP_TX_FULL], 0);
	assert_int_equal(stats_of(reserved).drops[DROP_PORT_QUEUE_FULL], 0);
	assert_int_equal(reserved->received, reserved->sent);
}

/* The same where what floods is a reserved link, held to its rate at the port only. */
static void test_held_flood_from_afar(void **state)
{
	enum { ROUNDS = 30, TURNS = 30, A_TURN = 60 };
	struct dp_link_spec link = link_of(20 * MBPS, 20 * MBPS, 0), held = link;
	struct tenant *reserved, *quiet, *flood;

	(void)state;
	if (n_workers == 1)
		skip();
	begin();
	link.queue_packets = held.queue_packets = 1000;
	link.queue_bytes = held.queue_bytes = 4 << 20;
	held.at = DP_AT_PORT;
	for (unsigned int port = 2; port-- > 0;) {
		wire_begin();
		wire_port_add(port, 1500);
		wire_commit();
	}
	reserved = tenant_add(1, &link);
	tenant_add(1, NULL);
	flood = tenant_add(1, &held);
	tenant_add(1, NULL);
	quiet = tenant_add(1, &held);
	capacity_set(100 * MBPS, 0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		for (unsigned int turn = 0; turn < TURNS; turn++) {
			for (unsigned int f = 0; f < A_TURN; f++)
				send_one(flood);
			send_one(reserved);
			send_one(quiet);
			wire_turn(1);
		}
		wire_turn(0);
		wire_advance_ns(10 * MS);
		receive();
		wire_check();
	}
	run_ms(300);
	assert_true(stats_of(flood).drops[DROP_TX_FULL] > 1000);
	assert_int_equal(reserved->received, reserved->sent);
	assert_int_equal(quiet->received, quiet->sent);
	/* Nothing of the ring is lost for good. */
	run_ms(2000);
	for (unsigned int i = 0; i < 400; i++)
		send_one(flood);
	wire_turn(1);
	run_ms(1000);
	assert_int_equal(stats_of(flood).queue_packets, 0);
	assert_int_equal(flood->received + stats_of(flood).drops[DROP_TX_FULL] +
			stats_of(flood).drops[DROP_PORT_QUEUE_FULL],
		flood->sent);
}

static int start(void **state)
{
	(void)state;
	return wire_start(n_workers, n_workers);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_uncontended),
		WIRE_TEST(test_reserved_first),
		WIRE_TEST(test_oversubscribed),
		WIRE_TEST(test_borrow),
		WIRE_TEST(test_control),
		WIRE_TEST(test_live),
		WIRE_TEST(test_removed),
		WIRE_TEST(test_device_full),
		WIRE_TEST(test_many),
		WIRE_TEST(test_service_changes),
		WIRE_TEST(test_flood_from_afar),
		WIRE_TEST(test_held_flood_from_afar),
	};

	n_workers = argc > 1 ? (unsigned int)atoi(argv[1]) : 1;
	return cmocka_run_group_tests(tests, start, wire_stop);
}
