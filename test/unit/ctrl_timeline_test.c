/* SPDX-License-Identifier: BSD-3-Clause */
/* Leases and periods under a driven clock: Table II, faults with their places, instants that fail,
 * and many random leases against a trivial model. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/lease.h"
#include "config/print.h"
#include "ctrl/clock.h"
#include "ctrl/timeline.h"
#include "ctrl_call.h"
#include "lib/rate.h"

#define MBPS 1000000ull
#define T0 1796112000 /* 2026-12-01T08:00:00Z */

static int setup(void **state)
{
	clock_set_manual(T0 - 3600);
	return call_setup(state);
}

static int teardown(void **state)
{
	clock_set_system();
	return call_teardown(state);
}

static void start(const char *text)
{
	struct diag diag;

	call_teardown(NULL);
	fake_dp_reset();
	fake_dp_bufs = 10000000;
	memset(&control, 0, sizeof(control));
	assert_int_equal(running_init(&control.running), 0);
	assert_int_equal(diag_init(&diag, "site.yaml"), 0);
	assert_int_equal(control_start(&control, ctrl_site_parse(text), &diag), 0);
	diag_fini(&diag);
}

/* -1: not there. */
static long long granted(const char *name)
{
	struct dp_iface_stats *stats = fake_dp_iface(name);

	return stats ? (long long)(stats->link.rate_bps / MBPS) : -1;
}

static void set_clock(int64_t now_s)
{
	char params[128], text[LEASE_TIME_STRLEN];
	json_t *reply;

	snprintf(params, sizeof(params), "{\"time\":\"%s\"}", lease_time_print(now_s, text));
	reply = call("clock.set", params);
	result_of(reply);
	json_decref(reply);
}

#define VPXI(name, vlan, lease, rate)                                                       \
	"  - name: " name "\n" lease "    routers:\n      - name: r\n        interfaces:\n" \
	"          - {name: out, port: lan0, vlan: " vlan ", address: [10.0.0."             \
	"1/24], rate: " rate "}\n"
#define SITE_HEAD                                                                  \
	"site: lyon\ncontrol: {socket: /tmp/hpsr-ctrl-test.sock}\nports:\n"        \
	"  - {name: lan0, device: net_null0, capacity: 10Gbps, vpxi-share: 20%}\n" \
	"vpxis:\n"
#define V12                                                 \
	VPXI("v1", "1", "", "{min: 100Mbps, max: 500Mbps}") \
	VPXI("v2", "2", "", "{min: 800Mbps, max: 1500Mbps}")
#define V3                                                                             \
	VPXI("v3", "3",                                                                \
		"    lease: {start: 2026-12-01T08:00:00Z, duration: 4h}\n"             \
		"    periods: [{name: I, duration: 1h, rates: [{link: r/out, static: " \
		"100Mbps}]}, {name: II}]\n",                                           \
		"{static: 300Mbps}")

static void assert_vpxi(size_t index, const char *state, const char *period, const char *next)
{
	json_t *reply = call("vpxi.list", "{}"), *item;

	item = json_array_get(result_of(reply), index);
	assert_string_equal(string_of(item, "state"), state);
	assert_string_equal(string_of(item, "period"), period);
	assert_string_equal(string_of(item, "next_change"), next);
	json_decref(reply);
}

static void test_table2(void **state)
{
	json_t *reply;

	(void)state;
	start(SITE_HEAD V12 V3);
	assert_int_equal(granted("v1/r/out"), 500);
	assert_int_equal(granted("v2/r/out"), 1500);
	assert_int_equal(granted("v3/r/out"), -1);
	assert_vpxi(2, "waiting", "", "2026-12-01T08:00:00Z");
	assert_vpxi(0, "running", "", "");
	reply = call("status", "{}");
	assert_int_equal(json_array_size(json_object_get(result_of(reply), "leases")), 1);
	assert_string_equal(
		string_of(json_array_get(json_object_get(result_of(reply), "leases"), 0), "vpxi"),
		"v3");
	json_decref(reply);
	set_clock(T0);
	assert_int_equal(granted("v3/r/out"), 100);
	assert_int_equal(granted("v2/r/out"), 1400);
	assert_vpxi(2, "running", "I", "2026-12-01T09:00:00Z");
	set_clock(T0 + 3600);
	assert_int_equal(granted("v1/r/out"), 500);
	assert_int_equal(granted("v2/r/out"), 1200);
	assert_int_equal(granted("v3/r/out"), 300);
	assert_vpxi(2, "running", "II", "2026-12-01T12:00:00Z");
	/* rate set changes the rate that holds; it outlives other changes. */
	reply = call("rate.set", "{\"interface\":\"v3/r/out\",\"static_bps\":400000000}");
	result_of(reply);
	json_decref(reply);
	assert_int_equal(granted("v3/r/out"), 400);
	/* A route, too. */
	reply = call(
		"route.add", "{\"vrouter\":\"v3/r\",\"to\":\"10.9.0.0/24\",\"via\":\"10.0.0.2\"}");
	result_of(reply);
	json_decref(reply);
	set_clock(T0 + 3601);
	assert_int_equal(granted("v3/r/out"), 400);
	reply = call("config.show", "{}");
	assert_non_null(strstr(string_of(result_of(reply), "yaml"), "10.9.0.0/24"));
	assert_non_null(strstr(string_of(result_of(reply), "yaml"),
		"lease: {start: 2026-12-01T08:00:00Z, end: 2026-12-01T12:00:00Z}"));
	json_decref(reply);
	set_clock(T0 + 4 * 3600 - 1);
	assert_int_equal(granted("v3/r/out"), 400);
	set_clock(T0 + 4 * 3600);
	assert_int_equal(granted("v1/r/out"), 500);
	assert_int_equal(granted("v2/r/out"), 1500);
	assert_int_equal(granted("v3/r/out"), -1);
	assert_vpxi(2, "expired", "", "");
	reply = call("vpxi.remove", "{\"vpxi\":\"v3\"}");
	result_of(reply);
	json_decref(reply);
}

/* What is printed is read again as the same. */
static void test_print(void **state)
{
	struct model_site *site = ctrl_site_parse(SITE_HEAD V12 V3), *again;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(print_site(site, out), 0);
	fclose(out);
	again = ctrl_site_parse(text);
	assert_true(model_site_equal(site, again));
	again->vpxis[2].periods[0].rates[0].rate.max_bps++;
	assert_false(model_site_equal(site, again));
	model_site_destroy(site);
	model_site_destroy(again);
	free(text);
}

static void test_infeasible(void **state)
{
	json_t *reply;

	(void)state;
	start(SITE_HEAD V12 V3);
	/* 900 now, 1000 at eight, 1200 at nine, of 2000. */
	reply = call("rate.set",
		"{\"interface\":\"v1/r/out\",\"min_bps\":950000000,\"max_bps\":1500000000}");
	assert_int_equal(code_of(reply), RPC_INFEASIBLE);
	assert_string_equal(string_of(data_of(reply), "at"), "2026-12-01T09:00:00Z");
	assert_int_equal(integer_of(data_of(reply), "excess_bps"), 50000000);
	assert_non_null(strstr(message_of(reply), "at 2026-12-01T09:00:00Z"));
	json_decref(reply);
	assert_int_equal(granted("v1/r/out"), 500);
	/* When the third has gone, it fits: what is past is not judged. */
	set_clock(T0 + 4 * 3600);
	reply = call("rate.set",
		"{\"interface\":\"v1/r/out\",\"min_bps\":950000000,\"max_bps\":1500000000}");
	result_of(reply);
	json_decref(reply);
}

static const struct {
	const char *lease;
	const char *line; /* what the first line of faults has */
} faults[] = {
	{"    lease: {start: 2026-12-01}\n", "site.yaml:7:20: start: expected a time in UTC"},
	{"    lease: {start: 2026-02-30T00:00:00Z}\n", "site.yaml:7:20: start: expected"},
	{"    lease: {duration: 4h}\n", "missing key 'start'"},
	{"    lease: {start: 2026-12-01T08:00:00Z, duration: 4x}\n", "site.yaml:7:52: duration:"},
	{"    lease: {start: 2026-12-01T08:00:00Z, end: 2026-12-01T08:00:00Z}\n",
		"site.yaml:7:47: end: not after"},
	{"    lease: {start: 2026-12-01T08:00:00Z, end: 2026-12-01T09:00:00Z, duration: 1h}\n",
		"site.yaml:7:47: end: 'duration'"},
	{"    periods: [{name: I}]\n", "site.yaml:7:15: periods:"},
	{"    lease: {start: 2026-12-01T08:00:00Z}\n    periods: [{name: I}, {name: II}]\n",
		"site.yaml:8:15: period 'I': only the last"},
	{"    lease: {start: 2026-12-01T08:00:00Z, duration: 1h}\n"
	 "    periods: [{name: I, duration: 2h}]\n",
		"site.yaml:8:35: period 'I': it lasts longer"},
	{"    lease: {start: 2026-12-01T08:00:00Z}\n"
	 "    periods: [{name: I, rates: [{link: r/no, max: 1Mbps}]}]\n",
		"site.yaml:8:40: link: VPXI 'v' has no link 'r/no'"},
	{"    lease: {start: 2026-12-01T08:00:00Z}\n"
	 "    periods: [{name: I, rates: [{link: r, max: 1Mbps}]}]\n",
		"site.yaml:8:40: link: expected a link"},
	{"    lease: {start: 2026-12-01T08:00:00Z}\n"
	 "    periods: [{name: I, rates: [{link: r/out, max: 1Mbps}, {link: r/out, max: "
	 "1Mbps}]}]\n",
		"has a rate of this period in line 8 already"},
	{"    lease: {start: 2026-12-01T08:00:00Z}\n"
	 "    periods: [{name: I, rates: [{link: r/out, min: 2Gbps, max: 3Gbps}]}]\n",
		"at 2026-12-01T08:00:00Z, exceed its share for VPXIs, 1Gbps (100% of 1Gbps), by "
		"1Gbps"},
	{"    lease: {start: 2026-12-01T08:00:00Z, ends: 1}\n", "unknown key 'ends'"},
};

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct model_site *site = NULL;
		struct diag diag;
		char *text, *lines;

		assert_true(asprintf(&text,
				    "site: lyon\ncontrol: {socket: /tmp/x.sock}\nports:\n"
				    "  - {name: lan0, device: net_null0, capacity: 1Gbps}\nvpxis:\n"
				    "  - name: v\n%s    routers:\n      - name: r\n"
				    "        interfaces:\n          - {name: out, port: lan0, "
				    "address: [10.0.0.1/24]}\n",
				    faults[i].lease) > 0);
		assert_int_equal(diag_init(&diag, "site.yaml"), 0);
		site_parse_buffer("site.yaml", text, strlen(text), &site, &diag);
		if (site)
			check_site(site, NULL, &diag);
		lines = diag_format(&diag);
		if (diag.n_errors == 0 || !strstr(lines, faults[i].line))
			print_error("%s: got %s\n", faults[i].line, lines);
		assert_true(diag.n_errors > 0);
		assert_non_null(strstr(lines, faults[i].line));
		free(lines);
		diag_fini(&diag);
		model_site_destroy(site);
		free(text);
	}
}

/* Each call of an instant fails once: nothing is half applied, and the next try brings it about. */
static void test_failed_instant(void **state)
{
	unsigned int n_failed = 0;
	bool failed = true;

	(void)state;
	for (unsigned int n = 1; failed; n++) {
		char *before, *after;
		json_t *reply;

		clock_set_manual(T0 - 10);
		start(SITE_HEAD V12 V3);
		before = fake_dp_dump();
		fake_dp_fail_at(n, -ENOMEM, "no memory");
		reply = call("clock.set", "{\"time\":\"2026-12-01T08:00:00Z\"}");
		failed = code_of(reply) != 0;
		json_decref(reply);
		assert_true(fake_dp_quiet());
		if (failed) {
			n_failed++;
			after = fake_dp_dump();
			assert_string_equal(after, before);
			free(after);
			assert_true(control.running.behind);
			fake_dp_fail_at(0, 0, NULL);
			control_tick(&control);
		}
		assert_false(control.running.behind);
		assert_int_equal(granted("v3/r/out"), 100);
		assert_int_equal(granted("v2/r/out"), 1400);
		assert_int_equal(granted("v1/r/out"), 500);
		free(before);
	}
	assert_true(n_failed >= 3);
}

static void test_clock(void **state)
{
	json_t *reply;
	int64_t now_s;

	(void)state;
	assert_int_equal(clock_parse("manual:2026-12-01T08:00:00Z"), 0);
	assert_int_equal(clock_now_s(), T0);
	assert_int_equal(clock_parse("manual:tomorrow"), -EINVAL);
	assert_int_equal(clock_parse("sundial"), -EINVAL);
	reply = call("clock.show", "{}");
	assert_string_equal(string_of(result_of(reply), "clock"), "manual");
	assert_string_equal(string_of(result_of(reply), "time"), "2026-12-01T08:00:00Z");
	json_decref(reply);
	reply = call("clock.set", "{\"time\":\"noon\"}");
	assert_int_equal(code_of(reply), RPC_INVALID_PARAMS);
	json_decref(reply);
	clock_set_system();
	reply = call("clock.set", "{\"time\":\"2026-12-01T08:00:00Z\"}");
	assert_int_equal(code_of(reply), RPC_REFUSED);
	json_decref(reply);
	assert_int_equal(lease_time_parse("1970-01-01T00:00:00Z", &now_s), 0);
	assert_int_equal(now_s, 0);
	assert_int_equal(lease_time_parse("2026-12-01T08:00:60Z", &now_s), -EINVAL);
	assert_int_equal(lease_time_parse("2026-13-01T08:00:00Z", &now_s), -EINVAL);
}

/* ---- many random leases ---- */

static uint64_t seed = 7;

static uint64_t draw(uint64_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (seed >> 33) % n;
}

#define N_RANDOM 8

struct random_vpxi {
	bool leased;
	int64_t start_s, middle_s, end_s;
	unsigned int min, max, min2, max2; /* before and behind the middle, Mbit/s */
};

static char *random_site(struct random_vpxi *vpxis)
{
	char *text = NULL, from[LEASE_TIME_STRLEN], to[LEASE_TIME_STRLEN];
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	fputs(SITE_HEAD, out);
	for (size_t i = 0; i < N_RANDOM; i++) {
		struct random_vpxi *vpxi = &vpxis[i];

		vpxi->leased = draw(4) != 0;
		vpxi->start_s = T0 + (int64_t)draw(50);
		vpxi->middle_s = vpxi->start_s + 1 + (int64_t)draw(30);
		vpxi->end_s = vpxi->middle_s + 1 + (int64_t)draw(30);
		vpxi->min = 1 + (unsigned int)draw(200);
		vpxi->max = vpxi->min + 1 + (unsigned int)draw(1500);
		vpxi->min2 = 1 + (unsigned int)draw(200);
		vpxi->max2 = vpxi->min2 + 1 + (unsigned int)draw(1500);
		fprintf(out, "  - name: v%zu\n", i);
		if (vpxi->leased)
			fprintf(out,
				"    lease: {start: %s, end: %s}\n    periods:\n"
				"      - {name: I, duration: %llds, rates: [{link: r/out, min: "
				"%uMbps, max: %uMbps}]}\n",
				lease_time_print(vpxi->start_s, from),
				lease_time_print(vpxi->end_s, to),
				(long long)(vpxi->middle_s - vpxi->start_s), vpxi->min, vpxi->max);
		else
			vpxi->min2 = vpxi->min, vpxi->max2 = vpxi->max;
		fprintf(out,
			"    routers:\n      - name: r\n        interfaces:\n          - {name: "
			"out, port: lan0, vlan: %zu, address: [10.0.0.1/24], rate: {min: %uMbps, "
			"max: %uMbps}}\n",
			i + 1, vpxi->min2, vpxi->max2);
	}
	fclose(out);
	return text;
}

static void judge(const struct random_vpxi *vpxis, int64_t now_s)
{
	struct ratealloc_req reqs[N_RANDOM];
	struct ratealloc_error error;
	uint64_t grants[N_RANDOM];
	size_t n = 0, at = 0;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < N_RANDOM; i++) {
			const struct random_vpxi *vpxi = &vpxis[i];
			bool first = vpxi->leased && now_s < vpxi->middle_s;
			char name[32];

			snprintf(name, sizeof(name), "v%zu/r/out", i);
			if (vpxi->leased && (now_s < vpxi->start_s || now_s >= vpxi->end_s)) {
				assert_null(fake_dp_iface(name));
			} else if (pass == 0) {
				reqs[n].min_bps = (first ? vpxi->min : vpxi->min2) * MBPS;
				reqs[n++].max_bps = (first ? vpxi->max : vpxi->max2) * MBPS;
			} else {
				assert_non_null(fake_dp_iface(name));
				assert_int_equal(fake_dp_iface(name)->link.rate_bps, grants[at]);
				assert_int_equal(
					fake_dp_iface(name)->link.min_bps, reqs[at++].min_bps);
			}
		}
		if (pass == 0)
			assert_int_equal(ratealloc_solve(2000 * MBPS, reqs, n, grants, &error), 0);
	}
}

static void test_random(void **state)
{
	(void)state;
	for (int round = 0; round < 40; round++) {
		struct random_vpxi vpxis[N_RANDOM];
		int64_t now_s = T0 - 5;
		char *text = random_site(vpxis);

		clock_set_manual(now_s);
		start(text);
		free(text);
		while (now_s < T0 + 130) {
			judge(vpxis, now_s);
			/* Each second, or several instants at once. */
			now_s += round % 2 ? 1 : 1 + (int64_t)draw(20);
			set_clock(now_s);
		}
	}
}

/* One VPXI follows another in a VLAN, in one transaction. */
static void test_vlan_handed_over(void **state)
{
	(void)state;
	start(SITE_HEAD VPXI("v1", "7",
		"    lease: {start: 2026-12-01T06:00:00Z, end: 2026-12-01T08:00:00Z}\n",
		"{static: 10Mbps}") VPXI("v2", "7",
		"    lease: {start: 2026-12-01T08:00:00Z, duration: 1h}\n", "{static: 20Mbps}"));
	assert_int_equal(granted("v1/r/out"), 10);
	assert_int_equal(granted("v2/r/out"), -1);
	fake_dp_log_clear();
	set_clock(T0);
	assert_int_equal(granted("v1/r/out"), -1);
	assert_int_equal(granted("v2/r/out"), 20);
	assert_string_equal(fake_dp_log(),
		"begin\nvr_del v1/r\nvr_add v2/r s0 weight=1\niface_add v2/r/out vlan=7 "
		"rate=20000000\ncommit\n");
}

#define TIMELINE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TIMELINE_TEST(test_table2),
		TIMELINE_TEST(test_print),
		TIMELINE_TEST(test_infeasible),
		TIMELINE_TEST(test_faults),
		TIMELINE_TEST(test_failed_instant),
		TIMELINE_TEST(test_clock),
		TIMELINE_TEST(test_random),
		TIMELINE_TEST(test_vlan_handed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
