/* SPDX-License-Identifier: BSD-3-Clause */
/* Every packet that is forwarded counts once, with the time that it took, wherever it waited; and
 * every wait counts. What the histograms say is compared with when frames left, bucket by bucket.
 */
#include <stdlib.h>
#include <string.h>

#include "dataplane/latency.h"
#include "wire.h"

#define STEP_TSC UINT64_C(160000) /* ages are multiples of 16 */
#define PAYLOAD 458
#define MBPS UINT64_C(1000000)

static unsigned int n_workers;

struct scene {
	struct wire_lab lab;
	uint16_t seq;
	unsigned int sent, received, waited;
	uint64_t sent_tsc[4096];       /* by sequence number */
	struct hist latency, queueing; /* as it was */
};
static struct scene scene;

/* The router, at home on the last worker; the ports are polled by the first. */
static void scene_create(const struct dp_link_spec *link, uint64_t capacity_bps)
{
	struct dp_port_spec spec = {.name = "p1", .mtu = 1500, .capacity_bps = capacity_bps};
	struct wire_iface lan = {.vlan = 7}, wan = {.vlan = 7};
	struct wire_iface other_lan = {.vlan = 8}, other_wan = {.vlan = 8};
	struct wire_lab other = {0};

	memset(&scene, 0, sizeof(scene));
	wire_lab_create_at(&other, "other/r", "s0", &other_lan, &other_wan);
	if (link != NULL)
		wan.link = *link;
	wire_lab_create_at(&scene.lab, "t/r", n_workers == 1 ? "s0" : "s1", &lan, &wan);
	wire_begin();
	assert_int_equal(dp_txn_port_set(wire_txn(), wire_port_id(1), &spec, wire_err()), 0);
	wire_commit();
	wire_poll(2);
	wire_discard();
}

static void send(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct frame f;

		frame_udp(&f, &scene.lab.from_a,
			&(struct frame_ip){.src = A_IP, .dst = B_IP, .id = scene.seq}, 1, 2,
			PAYLOAD, scene.seq);
		scene.sent_tsc[scene.seq++] = wire_now_tsc();
		scene.sent++;
		wire_send(0, &f);
	}
}

static void receive(void)
{
	struct frame_view v;
	struct frame f;

	/* Over the rings and back. */
	wire_poll(3);
	while (wire_recv(1, &f)) {
		uint64_t delay_tsc;

		frame_parse(&f, &v);
		if (v.type == TYPE_ARP || v.ip.src != A_IP)
			continue;
		delay_tsc = wire_now_tsc() - scene.sent_tsc[v.ip.id];
		hist_add(&scene.latency, delay_tsc, 1);
		scene.received++;
		if (delay_tsc == 0)
			continue;
		hist_add(&scene.queueing, delay_tsc, 1);
		scene.waited++;
	}
}

static void run(unsigned int steps)
{
	for (unsigned int i = 0; i < steps; i++) {
		wire_advance_tsc(STEP_TSC);
		receive();
	}
}

/* N at once and what leaves of them at once, then all that waits. */
static void run_burst(unsigned int n)
{
	for (unsigned int i = 0; i < n; i += 64) {
		send(n - i < 64 ? n - i : 64);
		receive();
	}
	run(20000);
}

static void expect_hist(const struct hist *got, const struct hist *want, const char *what)
{
	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		if (got->buckets[i] != want->buckets[i])
			fail_msg("%s up to %lu cycles: %lu counted, %lu left", what,
				(unsigned long)hist_upper(i), (unsigned long)got->buckets[i],
				(unsigned long)want->buckets[i]);
}

static void expect(bool queueing_too)
{
	static struct hist latency, queueing;

	assert_int_equal(dp_latency_get(scene.lab.vr, &latency, &queueing), 0);
	assert_true(scene.received > 0);
	expect_hist(&latency, &scene.latency, "latency");
	if (queueing_too)
		expect_hist(&queueing, &scene.queueing, "queueing");
	assert_true(latency.max >= scene.latency.max);
	assert_true(latency.max - scene.latency.max <= scene.latency.max / 16);
}

static struct dp_link_spec link_at(enum dp_place at, uint64_t rate_bps)
{
	struct dp_link_spec link = wire_link(rate_bps, 5 * 518, 1 << 20, 200);

	link.at = at;
	return link;
}

static void test_unshaped(void **state)
{
	(void)state;
	scene_create(NULL, 0);
	run_burst(40);
	assert_int_equal(scene.received, 40);
	assert_int_equal(scene.waited, 0);
	expect(true);
}

static void test_links(void **state)
{
	static const enum dp_place places[] = {DP_AT_VIF_IN, DP_AT_VIF_OUT, DP_AT_PORT};

	(void)state;
	for (unsigned int p = 0; p < 3; p++)
		for (unsigned int by = DP_BY_TBF; by <= DP_BY_PSP; by++) {
			struct dp_link_spec link = link_at(places[p], 10 * MBPS);

			link.by = (enum dp_shaper)by;
			scene_create(&link, 0);
			run_burst(40);
			assert_int_equal(scene.received, 40);
			assert_in_range(scene.waited, 30, 39);
			expect(true);
			wire_teardown(state);
			wire_setup(state);
		}
}

/* The port takes less than comes: what waits there counts when it leaves, what is dropped does
 * not. */
static void test_port(void **state)
{
	struct dp_link_spec link = link_at(DP_AT_VIF_IN, 1000 * MBPS);

	(void)state;
	link.burst_bytes = 2000 * 518;
	for (unsigned int reserved = 0; reserved < 2; reserved++) {
		uint64_t full = wire_drops(DROP_PORT_QUEUE_FULL);

		scene_create(reserved ? &link : NULL, 100 * MBPS);
		run_burst(1500);
		full = wire_drops(DROP_PORT_QUEUE_FULL) - full;
		if (!reserved)
			assert_true(full > 100);
		assert_true(scene.waited > 40);
		expect(true);
		wire_teardown(state);
		wire_setup(state);
	}
}

/* Waits at the link, then at the port: one packet, two waits. */
static void test_both(void **state)
{
	struct dp_link_spec link = link_at(DP_AT_VIF_IN, 400 * MBPS);
	static struct hist latency, queueing;

	(void)state;
	link.burst_bytes = 20 * 518;
	scene_create(&link, 100 * MBPS);
	for (unsigned int round = 0; round < 10; round++) {
		send(20);
		receive();
		run(100);
	}
	run(20000);
	assert_int_equal(scene.received, 200);
	expect(false);
	assert_int_equal(dp_latency_get(scene.lab.vr, &latency, &queueing), 0);
	assert_in_range(hist_count(&queueing), scene.waited, 2 * scene.waited);
}

/* A port that goes takes its queue with it: nothing of it counts. */
static void test_purge(void **state)
{
	(void)state;
	scene_create(NULL, 10 * MBPS);
	send(60);
	receive();
	run(100);
	assert_true(scene.received < 60);
	wire_link_up(1, false);
	wire_run_ns(UINT64_C(300000000), UINT64_C(50000000));
	wire_discard();
	wire_link_up(1, true);
	wire_run_ns(UINT64_C(300000000), UINT64_C(50000000));
	wire_discard();
	expect(true);
}

static int start(void **state)
{
	(void)state;
	return wire_start(n_workers, n_workers);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_unshaped),
		WIRE_TEST(test_links),
		WIRE_TEST(test_port),
		WIRE_TEST(test_both),
		WIRE_TEST(test_purge),
	};

	n_workers = argc > 1 && argv[1][0] == '2' ? 2 : 1;
	return cmocka_run_group_tests(tests, start, wire_stop);
}
