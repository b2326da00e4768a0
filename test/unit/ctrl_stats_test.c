/* SPDX-License-Identifier: BSD-3-Clause */
/* Rates and windows out of counters that a fake dataplane gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctrl/running.h"
#include "ctrl/stats.h"
#include "ctrl_site.h"
#include "fake_dp.h"

#define S UINT64_C(1000000000)

static struct running running;
static struct stats stats;

static void change_to(const char *text)
{
	struct diag diag;

	assert_int_equal(diag_init(&diag, "site.yaml"), 0);
	assert_int_equal(running_change(&running, ctrl_site_parse(text), &diag, NULL), 0);
	diag_fini(&diag);
}

static int setup(void **state)
{
	(void)state;
	fake_dp_reset();
	memset(&stats, 0, sizeof(stats));
	assert_int_equal(running_init(&running), 0);
	change_to(CTRL_SITE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stats_fini(&stats);
	running_fini(&running);
	return 0;
}

static void test_rate(void **state)
{
	static const struct {
		uint64_t now, before, ns, rate;
	} cases[] = {
		{0, 0, S, 0},
		{1000, 0, S, 1000},
		{1000, 500, S / 2, 1000},
		{1500, 500, 2 * S, 500},
		{5, 6, S, 0},      /* went back */
		{5, 4, 0, 0},      /* no time */
		{10, 0, 3 * S, 3}, /* rounds down */
		{UINT64_MAX, 0, S, UINT64_MAX},
		{UINT64_MAX, 0, 2 * S, UINT64_MAX / 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
			stats_rate(cases[i].now, cases[i].before, cases[i].ns), cases[i].rate);
}

/* Of a worker: the last second's, whatever it was before. */
static void test_worker_load(void **state)
{
	static const struct {
		uint64_t busy, idle; /* more */
		double load;
	} steps[] = {{900, 100, 0}, {0, 1000, 0}, {250, 750, 0.25}, {1000, 0, 1}, {0, 0, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		fake_dp_worker.busy_cycles += steps[i].busy;
		fake_dp_worker.idle_cycles += steps[i].idle;
		assert_int_equal(stats_tick(&stats, &running, (i + 1) * S), 0);
		assert_int_equal(stats.n_workers, 1);
		assert_int_equal(stats.workers[0].known, i > 0 && i < 4);
		assert_true(stats.workers[0].load == steps[i].load);
	}
}

static void test_tick(void **state)
{
	uint32_t iface = ids_iface(&running.ids, "a", "r1", "in");
	uint32_t vr = ids_vr(&running.ids, "a", "r1");
	uint32_t port = idmap_get(&running.ids.ports, "lan0");

	(void)state;
	assert_null(stats_iface_lookup(&stats, iface));
	fake_dp_iface("a/r1/in")->link_bytes = 1000;
	assert_int_equal(stats_tick(&stats, &running, 5 * S), 0);
	assert_int_equal(stats.n_ifaces, 4);
	assert_int_equal(stats.n_vrs, 2);
	assert_int_equal(stats.n_ports, 2);
	/* What was counted before the first tick has no time. */
	assert_int_equal(stats_iface_lookup(&stats, iface)->measured_bps, 0);

	fake_dp_iface("a/r1/in")->link_bytes = 1000 + 25000000;
	fake_dp_iface("a/r1/in")->traffic = (struct dp_traffic){100, 64000, 50, 32000};
	fake_dp_vr("a/r1")->traffic = (struct dp_traffic){200, 128000, 100, 64000};
	fake_dp_vr("a/r1")->cycles = 90000;
	fake_dp_vr("a/r1")->packets = 300;
	fake_dp_port("lan0")->traffic.rx_bytes = 250;
	assert_int_equal(stats_tick(&stats, &running, 7 * S), 0);
	assert_int_equal(stats_iface_lookup(&stats, iface)->measured_bps, 100000000);
	assert_int_equal(stats_iface_lookup(&stats, iface)->rates.rx_pps, 50);
	assert_int_equal(stats_iface_lookup(&stats, iface)->rates.rx_bps, 256000);
	assert_int_equal(stats_iface_lookup(&stats, iface)->rates.tx_pps, 25);
	assert_int_equal(stats_iface_lookup(&stats, iface)->rates.tx_bps, 128000);
	assert_int_equal(stats_vr_lookup(&stats, vr)->rates.tx_pps, 50);
	assert_true(stats_vr_lookup(&stats, vr)->cycles_per_packet == 300.0);
	assert_int_equal(stats_port_lookup(&stats, port)->rates.rx_bps, 1000);
	assert_false(stats.speed_changed);

	fake_dp_port("lan0")->speed_bps = 1000;
	assert_int_equal(stats_tick(&stats, &running, 8 * S), 0);
	assert_true(stats.speed_changed);
	assert_int_equal(stats_iface_lookup(&stats, iface)->measured_bps, 0);
	assert_true(stats_vr_lookup(&stats, vr)->cycles_per_packet == 0.0);
	assert_int_equal(stats_tick(&stats, &running, 9 * S), 0);
	assert_false(stats.speed_changed);
}

static void window_of(uint32_t vr, unsigned int seconds, struct hist *window)
{
	latency_log_window(&stats_vr_lookup(&stats, vr)->latency->latency, seconds, window);
}

static void test_latency_window(void **state)
{
	uint32_t vr = ids_vr(&running.ids, "a", "r1");
	struct hist window;

	(void)state;
	hist_add(fake_dp_latency("a/r1"), 1000000, 7); /* before the first tick */
	assert_int_equal(stats_tick(&stats, &running, S), 0);
	window_of(vr, 1, &window);
	assert_int_equal(hist_count(&window), 0);
	/* Second I brings I packets. The ring is gone round twice. */
	for (unsigned int i = 1; i <= 2 * STATS_WINDOW_MAX + 3; i++) {
		uint64_t sum = 0;

		hist_add(fake_dp_latency("a/r1"), 100, i);
		assert_int_equal(stats_tick(&stats, &running, (i + 1) * S), 0);
		for (unsigned int back = 1; back <= STATS_WINDOW_MAX; back++) {
			if (back <= i)
				sum += i + 1 - back;
			window_of(vr, back, &window);
			assert_int_equal(hist_count(&window), sum);
			assert_int_equal(hist_quantile(&window, 0.99), hist_quantile(&window, 0.5));
			assert_true(window.max < 1000000);
		}
	}
}

/* What comes and goes between ticks. */
static void test_objects_change(void **state)
{
	char *text = ctrl_site_edit(CTRL_SITE, "  - name: b\n", "  - name: c\n");
	uint32_t a = ids_vr(&running.ids, "a", "r1"), b = ids_vr(&running.ids, "b", "r1");
	struct hist window;

	(void)state;
	assert_int_equal(stats_tick(&stats, &running, S), 0);
	hist_add(fake_dp_latency("a/r1"), 100, 3);
	change_to(text);
	assert_non_null(stats_vr_lookup(&stats, b));
	assert_int_equal(stats_tick(&stats, &running, 2 * S), 0);
	assert_null(stats_vr_lookup(&stats, b));
	assert_non_null(stats_vr_lookup(&stats, ids_vr(&running.ids, "c", "r1")));
	window_of(a, 1, &window);
	assert_int_equal(hist_count(&window), 3);
	window_of(ids_vr(&running.ids, "c", "r1"), 1, &window);
	assert_int_equal(hist_count(&window), 0);
	free(text);
}

static uint64_t counted(uint32_t vr)
{
	struct hist latency, queueing;

	assert_int_equal(
		stats_latency_get(stats_vr_lookup(&stats, vr), vr, &latency, &queueing), 0);
	return hist_count(&latency) * 1000 + hist_count(&queueing);
}

/* What was reset counts anew, also over ticks; Prometheus sees all. */
static void test_latency_reset(void **state)
{
	uint32_t vr = ids_vr(&running.ids, "a", "r1"), other = ids_vr(&running.ids, "b", "r1");
	struct latency_sum sum, queueing;

	(void)state;
	assert_int_equal(stats_tick(&stats, &running, S), 0);
	hist_add(fake_dp_latency("a/r1"), 100, 3);
	hist_add(fake_dp_queueing("a/r1"), 7000, 2);
	hist_add(fake_dp_latency("b/r1"), 100, 1);
	assert_int_equal(counted(vr), 3002);
	assert_int_equal(stats_tick(&stats, &running, 2 * S), 0);
	hist_add(fake_dp_latency("a/r1"), 100, 4);
	assert_int_equal(stats_latency_reset(stats_vr_lookup(&stats, vr)), 0);
	assert_int_equal(counted(vr), 0);
	hist_add(fake_dp_latency("a/r1"), 100, 5);
	assert_int_equal(stats_tick(&stats, &running, 3 * S), 0);
	hist_add(fake_dp_queueing("a/r1"), 9000, 1);
	assert_int_equal(counted(vr), 5001);
	assert_int_equal(stats_latency_reset(stats_vr_lookup(&stats, vr)), 0);
	assert_int_equal(counted(vr), 0);
	assert_int_equal(counted(other), 1000);
	stats_latency_sum(stats_vr_lookup(&stats, vr), vr, &sum, &queueing);
	assert_int_equal(sum.counts[0], 12);
	assert_int_equal(queueing.counts[3], 3); /* 7 and 9 us */
}

static uint64_t more(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Against a model that remembers each packet: windows, resets and sums, while buckets wrap at 2^32
 * and packets leave theirs for another a moment after they were counted. */
static void test_latency_log_random(void **state)
{
	enum { STEPS = 2000, VALUES = 40, HZ = 1000000000 };
	static uint64_t counted_at[STEPS + 1][VALUES]; /* by tick, settled */
	static struct hist now, out;
	static struct latency_log log;
	uint64_t seed = 7, base[VALUES] = {0}, all[VALUES] = {0};
	unsigned int ticks = 0;

	(void)state;
	for (unsigned int tick = 0; tick < 5; tick++) {
		for (unsigned int i = 0; i < VALUES; i++) {
			all[i] += tick < 4 ? 1000000000 : 294966796; /* soon over 2^32 */
			now.buckets[i] = (uint32_t)all[i];
		}
		latency_log_tick(&log, &now, HZ);
		latency_log_get(&log, &now, &out);
		assert_memory_equal(out.buckets, all, sizeof(all));
	}
	memcpy(base, all, sizeof(all));
	memcpy(counted_at[0], all, sizeof(all));
	assert_int_equal(latency_log_reset(&log, &now), 0);
	for (unsigned int step = 0; step < STEPS; step++) {
		unsigned int v, w;

		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		v = (unsigned int)(seed >> 33) % VALUES;
		w = (unsigned int)(seed >> 45) % VALUES;
		all[v] += 1 + (seed >> 60);
		now.buckets[v] = (uint32_t)all[v];
		switch ((seed >> 55) % 4) {
		case 0: /* seen in bucket V by this tick, then it leaves for W */
			now.buckets[v] = (uint32_t)(all[v] + 1);
			latency_log_tick(&log, &now, HZ);
			ticks++;
			for (unsigned int i = 0; i < VALUES; i++)
				counted_at[ticks][i] =
					more(all[i] + (i == v), counted_at[ticks - 1][i]);
			now.buckets[v] = (uint32_t)all[v];
			all[w]++;
			now.buckets[w] = (uint32_t)all[w];
			break;
		case 1:
			assert_int_equal(latency_log_reset(&log, &now), 0);
			for (unsigned int i = 0; i < VALUES; i++)
				base[i] = more(all[i], counted_at[ticks][i]);
			break;
		default:
			break;
		}
		latency_log_get(&log, &now, &out);
		for (unsigned int i = 0; i < VALUES; i++) {
			uint64_t seen =
				all[i] > counted_at[ticks][i] ? all[i] : counted_at[ticks][i];

			assert_int_equal(out.buckets[i], seen - base[i]);
		}
		for (unsigned int back = 1; back <= LATENCY_WINDOW_MAX; back += 3) {
			unsigned int from = ticks > back ? ticks - back : 0;

			if (ticks < LATENCY_WINDOW_MAX)
				continue; /* reaches into the ticks before */

			latency_log_window(&log, back, &out);
			for (unsigned int i = 0; i < VALUES; i++)
				assert_int_equal(
					out.buckets[i], counted_at[ticks][i] - counted_at[from][i]);
		}
	}
	assert_true(ticks > 2 * LATENCY_WINDOW_MAX);
	latency_log_fini(&log);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),
		TEST(test_worker_load),
		TEST(test_tick),
		TEST(test_latency_window),
		TEST(test_latency_reset),
		cmocka_unit_test(test_latency_log_random),
		TEST(test_objects_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
