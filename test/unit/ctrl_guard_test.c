/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters, policies, probes and metrics of routes over the control socket. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctrl/cli/show.h"
#include "ctrl/metrics.h"
#include "ctrl_call.h"

#define VPXI_C                                                                              \
	"name: c\\nrouters:\\n  - name: r1\\n    interfaces:\\n"                            \
	"      - {name: in, port: lan0, vlan: 103, address: [10.0.0.1/24], rpf: strict,\\n" \
	"         filter: {in: [{name: web, action: accept, proto: tcp, dport: 80-443,\\n"  \
	"           to: 10.3.0.0/16}, {action: drop, from: 10.0.0.64/26, sport: 7,\\n"      \
	"           class: high-bandwidth}], out: [{action: drop, dscp: [ef, 0]}]}}\\n"     \
	"      - {name: out, port: lan1, vlan: 103, address: [10.1.0.1/24],\\n"             \
	"         probe: {peer: 10.1.0.2, interval: 20ms, multiplier: 5}}\\n"               \
	"    routes:\\n"                                                                    \
	"      - {to: 10.3.0.0/16, via: 10.1.0.2, metric: 10}\\n"                           \
	"      - {to: 10.3.0.0/16, via: 10.0.0.9, metric: 20}\\n"                           \
	"    neighbors:\\n"                                                                 \
	"      - {address: 10.1.0.2, mac: \\\"02:00:00:00:00:02\\\", interface: out}\\n"    \
	"    policies:\\n"                                                                  \
	"      - {name: voice, dscp: ef, in: in, via: 10.1.0.2, else: drop}\\n"             \
	"      - {proto: 17, route: yes}\\n"                                                \
	"      - {to: 10.4.0.0/16, drop: yes}\\n"

static void apply_c(void)
{
	json_t *reply = call("vpxi.apply", "{\"file\":\"c.yaml\",\"text\":\"" VPXI_C "\"}");

	assert_non_null(result_of(reply));
	json_decref(reply);
}

static void test_reaches_the_dataplane(void **state)
{
	static const char *const lines[] = {"filter_set c/r1/in in n=2\n",
		"filter_set c/r1/in out n=1 drop\n", "rpf_set c/r1/in 2\n",
		"probe_set c/r1/out 10.1.0.2 20000 us x 5\n", "routes_set c/r1 n=1\n",
		"policies_set c/r1 n=3\n"};

	(void)state;
	apply_c();
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!strstr(fake_dp_log(), lines[i]))
			fail_msg("no %s in\n%s", lines[i], fake_dp_log());
}

/* Each call that the dataplane may refuse: then nothing has changed. */
static void test_refused_by_the_dataplane(void **state)
{
	unsigned int n, calls;

	(void)state;
	calls = fake_dp_calls();
	apply_c();
	calls = fake_dp_calls() - calls;
	for (n = 1; n <= calls; n++) {
		json_t *reply;

		reply = call("vpxi.remove", "{\"vpxi\":\"c\"}");
		assert_non_null(result_of(reply));
		json_decref(reply);
		fake_dp_fail_at(n, -E2BIG, "too much");
		reply = call("vpxi.apply", "{\"file\":\"c.yaml\",\"text\":\"" VPXI_C "\"}");
		assert_int_equal(code_of(reply), RPC_REFUSED);
		assert_non_null(strstr(message_of(reply), "too much"));
		json_decref(reply);
		assert_true(fake_dp_quiet());
		assert_null(fake_dp_vr("c/r1"));
		fake_dp_fail_at(0, 0, "");
		apply_c();
	}
	assert_in_range(n, 8, 40);
}

static json_t *item_of(json_t *reply, size_t index)
{
	json_t *item = json_array_get(result_of(reply), index);

	assert_non_null(item);
	return item;
}

static void test_lists(void **state)
{
	json_t *reply, *item;

	(void)state;
	apply_c();
	*fake_dp_rules("c/r1/in") = (struct dp_rule_stats){.packets = 5, .bytes = 700};
	*fake_dp_rules("c/r1") = (struct dp_rule_stats){.packets = 6, .bytes = 800, .alive = true};
	reply = call("filter.list", "{\"vrouter\":\"c/r1\"}");
	assert_int_equal(json_array_size(result_of(reply)), 3);
	item = item_of(reply, 0);
	assert_string_equal(string_of(item, "interface"), "in");
	assert_string_equal(string_of(item, "direction"), "in");
	assert_string_equal(string_of(item, "name"), "web");
	assert_string_equal(string_of(item, "action"), "accept");
	assert_string_equal(string_of(item, "to"), "10.3.0.0/16");
	assert_string_equal(string_of(item, "dport"), "80-443");
	assert_int_equal(integer_of(item, "rule"), 1);
	assert_int_equal(integer_of(item, "proto"), 6);
	assert_int_equal(integer_of(item, "packets"), 5);
	assert_int_equal(integer_of(item, "bytes"), 700);
	assert_null(json_object_get(item, "from"));
	item = item_of(reply, 1);
	assert_true(json_is_null(json_object_get(item, "name")));
	assert_string_equal(string_of(item, "action"), "drop");
	assert_string_equal(string_of(item, "sport"), "7");
	assert_int_equal(json_array_size(json_object_get(item, "dscp")), 5);
	assert_string_equal(string_of(item_of(reply, 2), "direction"), "out");
	json_decref(reply);
	reply = call("policy.list", "{\"vrouter\":\"c/r1\"}");
	assert_int_equal(json_array_size(result_of(reply)), 3);
	item = item_of(reply, 0);
	assert_string_equal(string_of(item, "action"), "via");
	assert_string_equal(string_of(item, "else"), "drop");
	assert_string_equal(string_of(item, "in"), "in");
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(item, "via"), 0)), "10.1.0.2");
	assert_true(json_is_true(json_object_get(item, "alive")));
	assert_int_equal(integer_of(item, "packets"), 6);
	assert_string_equal(string_of(item_of(reply, 1), "action"), "route");
	assert_string_equal(string_of(item_of(reply, 2), "action"), "drop");
	json_decref(reply);
	reply = call("policy.list", "{\"vrouter\":\"a/r1\"}");
	assert_int_equal(json_array_size(result_of(reply)), 0);
	json_decref(reply);
	reply = call("filter.list", "{\"vrouter\":\"c/r2\"}");
	assert_int_equal(code_of(reply), RPC_NOT_FOUND);
	json_decref(reply);
}

static void test_probe_shows(void **state)
{
	static char *text; /* as in ctrl_metrics_test.c */
	json_t *reply, *item;
	size_t len;

	(void)state;
	apply_c();
	fake_dp_probe("c/r1/out")->state = DP_PROBE_UP;
	fake_dp_probe("c/r1/out")->downs = 4;
	fake_dp_probe("c/r1/out")->detection_ns = 100000000;
	reply = call("vrouter.show", "{\"vrouter\":\"c/r1\"}");
	item = json_array_get(json_object_get(result_of(reply), "interfaces"), 1);
	item = json_object_get(item, "probe");
	assert_string_equal(string_of(item, "peer"), "10.1.0.2");
	assert_string_equal(string_of(item, "state"), "up");
	assert_int_equal(integer_of(item, "detection_ns"), 100000000);
	item = json_array_get(json_object_get(result_of(reply), "interfaces"), 0);
	assert_null(json_object_get(item, "probe"));
	assert_string_equal(string_of(item, "rpf"), "strict");
	json_decref(reply);
	reply = call("neighbor.list", "{\"vrouter\":\"c/r1\"}");
	item = json_object_get(item_of(reply, 0), "probe");
	assert_string_equal(string_of(item, "state"), "up");
	json_decref(reply);
	assert_int_equal(metrics_get(&control, &text, &len), 0);
	assert_non_null(strstr(text,
		"\nhpsrouter_probe_up{vpxi=\"c\",vrouter=\"c/r1\",interface=\"out\",port=\"lan1\"} "
		"1\n"));
	assert_non_null(strstr(text,
		"\nhpsrouter_probe_lost_total{vpxi=\"c\",vrouter=\"c/r1\",interface=\"out\",port="
		"\"lan1\"} 4\n"));
	assert_null(strstr(text, "hpsrouter_probe_up{vpxi=\"a\""));
	free(text);
}

/* What is in the log: each change once, whatever happens between two looks. */
static void test_events(void **state)
{
	static const struct {
		uint32_t ups, downs;
		enum dp_probe_state state;
		const char *logged; /* NULL: nothing */
	} steps[] = {
		{0, 0, DP_PROBE_DOWN, NULL}, {1, 0, DP_PROBE_UP, "is there\n"},
		{1, 0, DP_PROBE_UP, NULL}, {1, 1, DP_PROBE_DOWN, "is lost"},
		{1, 1, DP_PROBE_INIT, NULL},
		{4, 3, DP_PROBE_UP, "is there, lost 2 times meanwhile"},
		{4, 4, DP_PROBE_DOWN, "is lost"},
		{1, 0, DP_PROBE_UP, "is there\n"}, /* another session */
	};
	struct dp_probe_stats *probe;

	(void)state;
	apply_c();
	probe = fake_dp_probe("c/r1/out");
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		char path[] = "/tmp/hpsr-events-test-XXXXXX", line[512] = "";
		int fd = mkstemp(path), saved = dup(STDERR_FILENO);
		size_t lines = 0;
		ssize_t n;

		assert_true(fd >= 0 && saved >= 0);
		unlink(path);
		probe->ups = steps[i].ups;
		probe->downs = steps[i].downs;
		probe->state = steps[i].state;
		dup2(fd, STDERR_FILENO);
		assert_int_equal(events_tick(&control.events, &control.running), 0);
		dup2(saved, STDERR_FILENO);
		close(saved);
		n = pread(fd, line, sizeof(line) - 1, 0);
		assert_true(n >= 0);
		close(fd);
		for (ssize_t c = 0; c < n; c++)
			lines += line[c] == '\n';
		assert_int_equal(lines, steps[i].logged != NULL);
		if (steps[i].logged &&
			(!strstr(line, steps[i].logged) ||
				!strstr(line, "interface c/r1/out: peer 10.1.0.2")))
			fail_msg("step %zu: %s", i, line);
	}
	events_fini(&control.events);
}

/* Routes to one network by metric, live: each is added and deleted by itself. */
static void test_route_metrics(void **state)
{
	static const struct {
		const char *method, *params;
		int code;
		size_t n_nexthops; /* that the route has afterwards */
	} steps[] = {
		{"route.add", "\"to\":\"10.3.0.0/16\",\"via\":\"10.0.0.8\",\"metric\":20",
			RPC_REFUSED, 2},
		{"route.add", "\"to\":\"10.3.0.0/16\",\"via\":\"10.0.0.8\",\"metric\":5", 0, 3},
		{"route.add", "\"to\":\"10.3.0.0/16\",\"dev\":\"in\",\"metric\":6", RPC_REFUSED, 3},
		{"route.add", "\"to\":\"10.3.0.0/16\",\"via\":\"10.0.0.8\",\"metric\":-1",
			RPC_INVALID_PARAMS, 3},
		{"route.replace",
			"\"to\":\"10.3.0.0/16\",\"via\":[\"10.0.0.8\",\"10.0.0.7\"],\"metric\":5",
			0, 4},
		{"route.del", "\"to\":\"10.3.0.0/16\"", RPC_NOT_FOUND, 4},
		{"route.del", "\"to\":\"10.3.0.0/16\",\"metric\":5", 0, 2},
		{"route.del", "\"to\":\"10.3.0.0/16\",\"metric\":10", 0, 1},
		{"route.del", "\"to\":\"10.3.0.0/16\",\"metric\":20", 0, 0},
	};
	json_t *reply;

	(void)state;
	apply_c();
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		char params[256];
		json_t *routes;

		snprintf(params, sizeof(params), "{\"vrouter\":\"c/r1\",%s}", steps[i].params);
		reply = call(steps[i].method, params);
		if (code_of(reply) != steps[i].code)
			fail_msg("%s: %s", params, message_of(reply));
		json_decref(reply);
		reply = call("route.list", "{\"vrouter\":\"c/r1\"}");
		routes = json_object_get(result_of(reply), "routes");
		assert_int_equal(json_array_size(routes), steps[i].n_nexthops > 0);
		if (steps[i].n_nexthops)
			assert_int_equal(json_array_size(json_object_get(
						 json_array_get(routes, 0), "nexthops")),
				steps[i].n_nexthops);
		if (i == 1) {
			json_t *hops = json_object_get(json_array_get(routes, 0), "nexthops");

			assert_int_equal(integer_of(json_array_get(hops, 0), "metric"), 5);
			assert_int_equal(integer_of(json_array_get(hops, 2), "metric"), 20);
		}
		if (i == 7) /* alone: the model knows it */
			assert_int_equal(
				integer_of(json_array_get(json_object_get(json_array_get(routes, 0),
								  "nexthops"),
						   0),
					"metric"),
				20);
		json_decref(reply);
	}
}

/* As text, with whatever is or is not there. */
static void test_shown(void **state)
{
	static const char *const answers[] = {"[]", "[{}]", "null", "[1]",
		"[{\"dscp\":[1,2],\"proto\":6,\"from\":\"10.0.0.0/8\",\"action\":\"via\","
		"\"via\":[\"10.0.0.1\",\"10.0.0.2\"],\"dev\":\"x\",\"alive\":false,"
		"\"probe\":{\"peer\":\"10.0.0.1\",\"state\":\"up\"}}]"};
	char *text = NULL;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		json_t *answer = json_loads(answers[i], JSON_DECODE_ANY, NULL);
		FILE *out = open_memstream(&text, &len);

		assert_non_null(answer);
		show_filters(answer, out);
		show_policies(answer, out);
		show_probes(answer, out);
		fclose(out);
		if (i == 4) {
			assert_non_null(strstr(text, "proto 6 from 10.0.0.0/8 dscp 1,2"));
			assert_non_null(strstr(text, "via 10.0.0.1,10.0.0.2 dev x"));
			assert_non_null(strstr(text, "lost"));
		}
		free(text);
		json_decref(answer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CALL_TEST(test_reaches_the_dataplane),
		CALL_TEST(test_refused_by_the_dataplane),
		CALL_TEST(test_lists),
		CALL_TEST(test_probe_shows),
		CALL_TEST(test_events),
		CALL_TEST(test_route_metrics),
		cmocka_unit_test(test_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
