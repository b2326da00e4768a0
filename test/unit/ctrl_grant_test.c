/* SPDX-License-Identifier: BSD-3-Clause */
/* Grants of links through the model and the methods: Table II, the best of all allocations on small
 * random ports, and every step of a change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctrl_call.h"
#include "lib/rate.h"

#define MBPS 1000000ull

static uint64_t seed = 1;

static uint64_t draw(uint64_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (seed >> 33) % n;
}

/* ---- Table II ---- */

#define TABLE2_SITE                                                                \
	"site: lyon\n"                                                             \
	"control: {socket: /tmp/hpsr-ctrl-test.sock}\n"                            \
	"ports:\n"                                                                 \
	"  - {name: lan0, device: net_null0, capacity: 10Gbps, vpxi-share: 20%}\n" \
	"vpxis:\n" TABLE2_VPXI("v1", "1", "{min: 100Mbps, max: 500Mbps}")          \
		TABLE2_VPXI("v2", "2", "{min: 800Mbps, max: 1500Mbps}")
#define TABLE2_VPXI(name, vlan, rate)                                                             \
	"  - name: " name "\n"                                                                    \
	"    routers:\n"                                                                          \
	"      - name: r\n"                                                                       \
	"        interfaces:\n"                                                                   \
	"          - {name: out, port: lan0, vlan: " vlan ", address: [10.0.0.1/24], rate: " rate \
	"}\n"

static uint64_t granted(const char *name)
{
	return fake_dp_iface(name)->link.rate_bps / MBPS;
}

static void start(const char *text)
{
	struct diag diag;

	call_teardown(NULL);
	fake_dp_reset();
	memset(&control, 0, sizeof(control));
	fake_dp_bufs = 10000000;
	assert_int_equal(running_init(&control.running), 0);
	assert_int_equal(diag_init(&diag, "site.yaml"), 0);
	assert_int_equal(control_start(&control, ctrl_site_parse(text), &diag), 0);
	diag_fini(&diag);
}

static void test_table2(void **state)
{
	static const char v3[] =
		"{\"text\":\"name: v3\\nrouters:\\n  - name: r\\n    interfaces:\\n      - {name: "
		"out, port: lan0, vlan: 3, address: [10.0.0.1/24], rate: {static: 300Mbps}}\\n\"}";
	char err[DP_ERR_LEN];
	json_t *reply;

	(void)state;
	start(TABLE2_SITE);
	assert_int_equal(granted("v1/r/out"), 500);
	assert_int_equal(granted("v2/r/out"), 1500);
	reply = call("vpxi.apply", v3);
	result_of(reply);
	json_decref(reply);
	assert_int_equal(granted("v1/r/out"), 500);
	assert_int_equal(granted("v2/r/out"), 1200);
	assert_int_equal(granted("v3/r/out"), 300);
	assert_int_equal(fake_dp_iface("v2/r/out")->link.min_bps, 800 * MBPS);
	control.running.model->vpxis[1].routers[0].interfaces[0].rate.share = MODEL_SHARE_BORROW;
	assert_int_equal(running_regrant(&control.running, NULL, NULL, err), 0);
	control.running.model->vpxis[1].routers[0].interfaces[0].rate.share = MODEL_SHARE_STRICT;
	assert_int_equal(fake_dp_iface("v2/r/out")->link.borrow_bps, 1500 * MBPS);
	assert_int_equal(fake_dp_iface("v2/r/out")->link.rate_bps, 1200 * MBPS);
	assert_int_equal(fake_dp_iface("v1/r/out")->link.borrow_bps, 0);
	reply = call("vpxi.remove", "{\"vpxi\":\"v3\"}");
	result_of(reply);
	json_decref(reply);
	assert_int_equal(granted("v1/r/out"), 500);
	assert_int_equal(granted("v2/r/out"), 1500);
}

/* ---- many ---- */

/* A site of N links on one port of CAPACITY Mbit/s; rates[i]: min and max in Mbit/s, max 0: none.
 */
static char *many_site(size_t n, unsigned int capacity, const unsigned int (*rates)[2])
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	fprintf(out,
		"site: lyon\ncontrol: {socket: /tmp/hpsr-ctrl-test.sock}\nports:\n"
		"  - {name: lan0, device: net_null0, capacity: %uMbps}\nvpxis:\n",
		capacity);
	for (size_t i = 0; i < n; i++) {
		fprintf(out,
			"  - name: v%zu\n    routers:\n      - name: r\n        interfaces:\n"
			"          - {name: out, port: lan0, vlan: %zu, address: [10.0.0.1/24]",
			i, i + 1);
		if (rates[i][0] || rates[i][1]) {
			fputs(", rate: {", out);
			if (rates[i][0])
				fprintf(out, "min: %uMbps,", rates[i][0]);
			if (rates[i][1])
				fprintf(out, "max: %uMbps", rates[i][1]);
			fputc('}', out);
		}
		fputs("}\n", out);
	}
	fclose(out);
	return text;
}

/* The largest sum over all whole Mbit/s that meet the constraints. */
static unsigned int best_sum(size_t n, unsigned int capacity, const unsigned int (*rates)[2],
	unsigned int *grants, size_t at)
{
	unsigned int best = 0, sum = 0;

	if (at < n) {
		unsigned int max =
			rates[at][1] && rates[at][1] < capacity ? rates[at][1] : capacity;

		if (!rates[at][0] && !rates[at][1])
			max = 0; /* best effort is granted nothing */
		for (grants[at] = rates[at][0]; grants[at] <= max; grants[at]++) {
			sum = best_sum(n, capacity, rates, grants, at + 1);
			best = sum > best ? sum : best;
		}
		return best;
	}
	for (size_t i = 0; i < n; i++)
		sum += grants[i];
	for (size_t i = 0; i < n; i++) {
		if (rates[i][0] + sum - grants[i] > capacity)
			return 0;
	}
	return sum;
}

static void test_against_search(void **state)
{
	unsigned int n_judged = 0;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		unsigned int rates[3][2], grants[3], minima = 0,
						     capacity = 1 + (unsigned int)draw(9);
		uint64_t sum = 0;
		size_t n = 1 + draw(3);
		struct model_site *site;
		struct grant_set set;
		char *text;

		for (size_t i = 0; i < n; i++) {
			rates[i][0] = (unsigned int)draw(4);
			rates[i][1] = draw(3) ? rates[i][0] + (unsigned int)draw(8) : 0;
			minima += rates[i][0];
		}
		if (minima > capacity)
			continue;
		n_judged++;
		text = many_site(n, capacity, rates);
		site = NULL;
		{
			struct diag diag;

			assert_int_equal(diag_init(&diag, "site.yaml"), 0);
			assert_int_equal(
				site_parse_buffer("s", text, strlen(text), &site, &diag), 0);
			diag_fini(&diag);
		}
		assert_int_equal(grant_port(site, &site->ports[0], NULL, &set), 0);
		assert_int_equal(set.n, n);
		for (size_t i = 0; i < n; i++)
			sum += set.links[i].grant.granted_bps;
		for (size_t i = 0; i < n; i++) {
			const struct grant *grant = &set.links[i].grant;
			bool best_effort = !rates[i][0] && !rates[i][1];

			assert_int_equal(grant->min_bps, rates[i][0] * MBPS);
			assert_true(best_effort == (grant->granted_bps == 0));
			assert_true(grant->granted_bps >= grant->min_bps);
			if (rates[i][1])
				assert_true(grant->granted_bps <= rates[i][1] * MBPS);
			/* A link that is left nothing has the slowest rate. */
			if (!best_effort)
				assert_true(grant->min_bps + sum - grant->granted_bps <=
					capacity * MBPS + 3 * RATE_MIN_BPS);
		}
		assert_true(sum >= best_sum(n, capacity, rates, grants, 0) * MBPS);
		grant_set_fini(&set);
		model_site_destroy(site);
		free(text);
	}
	assert_true(n_judged > 500);
}

/* ---- the steps of a change ---- */

#define STEP_LINKS 6

static struct dp_link_spec before[STEP_LINKS];
static unsigned int n_steps;

static void links_get(struct dp_link_spec *links)
{
	for (size_t i = 0; i < STEP_LINKS; i++) {
		char name[32];
		struct dp_iface_stats *stats;

		snprintf(name, sizeof(name), "v%zu/r/out", i);
		stats = fake_dp_iface(name);
		links[i] = stats ? stats->link : (struct dp_link_spec){0};
	}
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Workers see a publication one after the other: each link may have the old or the new rate, beside
 * any mixture of the others. */
static void judge_step(void)
{
	struct dp_link_spec after[STEP_LINKS];
	uint64_t sum = 0;

	links_get(after);
	for (size_t i = 0; i < STEP_LINKS; i++)
		sum += larger(before[i].rate_bps, after[i].rate_bps);
	for (size_t i = 0; i < STEP_LINKS; i++) {
		uint64_t others = sum - larger(before[i].rate_bps, after[i].rate_bps);

		if (!before[i].rate_bps && !after[i].rate_bps)
			continue; /* not there */
		assert_true(larger(before[i].min_bps, after[i].min_bps) + others <=
			1000 * MBPS + STEP_LINKS * RATE_MIN_BPS);
	}
	memcpy(before, after, sizeof(before));
	n_steps++;
}

static void change_randomly(void)
{
	unsigned int link = (unsigned int)draw(STEP_LINKS), min = (unsigned int)draw(400);
	char name[32], params[512];
	json_t *reply;

	snprintf(name, sizeof(name), "v%u/r/out", link);
	if (draw(4) == 0 && fake_dp_iface(name)) {
		snprintf(params, sizeof(params), "{\"vpxi\":\"v%u\"}", link);
		reply = call("vpxi.remove", params);
	} else if (!fake_dp_iface(name) || draw(4) == 0) {
		snprintf(params, sizeof(params),
			"{\"text\":\"name: v%u\\nrouters:\\n  - name: r\\n    interfaces:\\n"
			"      - {name: out, port: lan0, vlan: %u, address: [10.0.0.1/24], rate: "
			"{min: %uMbps, max: %uMbps}}\\n\"}",
			link, link + 1, min + 1, min + 1 + (unsigned int)draw(600));
		reply = call("vpxi.apply", params);
	} else {
		snprintf(params, sizeof(params),
			"{\"interface\":\"%s\",\"min_bps\":%llu,\"max_bps\":%llu}", name,
			min * MBPS, (min + 1 + draw(600)) * MBPS);
		reply = call("rate.set", params);
	}
	assert_true(code_of(reply) == 0 || code_of(reply) == RPC_INFEASIBLE);
	json_decref(reply);
}

static void test_steps(void **state)
{
	unsigned int rates[STEP_LINKS][2] = {{0}};
	char *text;

	(void)state;
	for (size_t i = 0; i < STEP_LINKS; i++)
		rates[i][1] = 300;
	text = many_site(STEP_LINKS, 1000, rates);
	start(text);
	free(text);
	links_get(before);
	fake_dp_published = judge_step;
	for (int i = 0; i < 1000; i++) {
		struct grant_set set;

		fake_dp_log_clear();
		change_randomly();
		/* What is published is what the allocator says. */
		assert_int_equal(grant_site(control.running.model, NULL, &set), 0);
		for (size_t l = 0; l < set.n; l++) {
			char name[IDMAP_KEY_LEN];

			snprintf(name, sizeof(name), "%s/r/out", set.links[l].vpxi->name);
			assert_int_equal(
				fake_dp_iface(name)->link.rate_bps, set.links[l].grant.granted_bps);
		}
		grant_set_fini(&set);
	}
	assert_true(n_steps > 1000);
}

/* A device so slow that what is left of guarantees is below the slowest rate of a shaper: links
 * have that rate, and no guarantee; nothing that the dataplane would refuse. */
static void test_slowest(void **state)
{
	static const char site[] =
		"site: lyon\ncontrol: {socket: /tmp/hpsr-ctrl-test.sock}\nports:\n"
		"  - {name: lan0, device: net_null0}\nvpxis:\n" TABLE2_VPXI(
			"v1", "1", "{min: 100Mbps, max: 500Mbps, share: borrow}")
			TABLE2_VPXI("v2", "2", "{min: 300Mbps, max: 400Mbps}");
	static const struct {
		uint64_t speed_bps, min[2], rate[2];
	} cases[] = {
		{400000, {100000, 300000}, {100000, 300000}},
		{200000, {0, 150000}, {64000, 150000}},
		{50000, {0, 0}, {64000, 64000}},
	};

	(void)state;
	start(site);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_dp_port("lan0")->speed_bps = cases[i].speed_bps;
		control_tick(&control);
		assert_false(control.running.unsettled);
		for (unsigned int l = 0; l < 2; l++) {
			const struct dp_link_spec *link =
				&fake_dp_iface(l == 0 ? "v1/r/out" : "v2/r/out")->link;

			assert_int_equal(link->min_bps, cases[i].min[l]);
			assert_int_equal(link->rate_bps, cases[i].rate[l]);
			assert_true(link->borrow_bps == 0 || link->borrow_bps >= RATE_MIN_BPS);
		}
	}
}

/* Speeds that are known late: grants that fail then are tried again, and status says so. */
static void test_unsettled(void **state)
{
	static const char site[] =
		"site: lyon\ncontrol: {socket: /tmp/hpsr-ctrl-test.sock}\nports:\n"
		"  - {name: lan0, device: net_null0, vpxi-share: 50%}\nvpxis:\n" TABLE2_VPXI(
			"v1", "1", "{min: 100Mbps, max: 5Gbps}");
	json_t *reply;

	(void)state;
	start(site);
	assert_int_equal(granted("v1/r/out"), 5000);
	for (unsigned int n = 1; n <= 2; n++) { /* the share, the grants */
		fake_dp_port("lan0")->speed_bps = n * 1000 * MBPS;
		fake_dp_fail_at(n == 1 ? 1 : 2, -EIO, "no");
		control_tick(&control);
		assert_true(control.running.unsettled);
		reply = call("status", "{}");
		assert_string_equal(json_string_value(json_array_get(
					    json_object_get(result_of(reply), "pending"), 0)),
			"rates");
		json_decref(reply);
		fake_dp_fail_at(0, 0, NULL);
		control_tick(&control);
		assert_false(control.running.unsettled);
		assert_int_equal(granted("v1/r/out"), n * 500);
		reply = call("status", "{}");
		assert_int_equal(json_array_size(json_object_get(result_of(reply), "pending")), 0);
		json_decref(reply);
	}
}

/* A thousand links: the allocator, the comparison and the publication (to a fake). */
static void test_thousand(void **state)
{
	static unsigned int rates[1000][2];
	json_int_t best = INT64_MAX;
	char *text;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		rates[i][0] = 1;
		rates[i][1] = 100;
	}
	text = many_site(1000, 10000, rates);
	start(text);
	free(text);
	for (int i = 0; i < 20; i++) {
		char params[128];
		unsigned int n_sets = fake_dp_links_sets, n_asked = fake_dp_iface_asked;
		json_t *reply;

		snprintf(params, sizeof(params),
			"{\"interface\":\"v999/r/out\",\"min_bps\":%llu,\"max_bps\":100000000}",
			(5 + (uint64_t)i) * MBPS);
		reply = call("rate.set", params);
		/* All links in one publication, which asks nothing of each. */
		assert_int_equal(fake_dp_links_sets, n_sets + 1);
		assert_int_equal(fake_dp_iface_asked, n_asked);
		assert_int_equal(json_array_size(json_object_get(result_of(reply), "links")), 1000);
		if (integer_of(result_of(reply), "took_ns") < best)
			best = integer_of(result_of(reply), "took_ns");
		json_decref(reply);
	}
	print_message("1000 links: %lld ns\n", (long long)best);
	assert_true(best > 0);
	assert_true(best < 20000000); /* 20 times the aim: machines with sanitizers are slow */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CALL_TEST(test_table2),
		cmocka_unit_test(test_against_search),
		CALL_TEST(test_steps),
		CALL_TEST(test_slowest),
		CALL_TEST(test_unsettled),
		CALL_TEST(test_thousand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
