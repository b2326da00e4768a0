/* SPDX-License-Identifier: BSD-3-Clause */
/* Each method of the control socket, over what runs on a fake dataplane. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctrl_call.h"

/* ---- reports ---- */

static void test_reports(void **state)
{
	static const char *const lists[] = {
		"slice.list", "port.list", "vpxi.list", "vrouter.list", "latency", "rate.show"};
	json_t *reply, *result, *item;

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		reply = call(lists[i], "{}");
		assert_true(json_is_array(result_of(reply)));
		assert_true(json_array_size(result_of(reply)) >= 2);
		json_decref(reply);
	}
	reply = call("status", "{}");
	result = result_of(reply);
	assert_string_equal(string_of(result, "site"), "lyon");
	assert_int_equal(integer_of(json_object_get(result, "counts"), "vrouters"), 2);
	assert_int_equal(integer_of(json_object_get(result, "counts"), "running"), 2);
	assert_int_equal(integer_of(json_object_get(result, "counts"), "interfaces"), 4);
	assert_true(integer_of(result, "uptime_ns") >= 0);
	json_decref(reply);

	fake_dp_vr("a/r1")->drops[DROP_NO_ROUTE] = 3;
	fake_dp_vr("a/r1")->cycles = 1000;
	fake_dp_vr("a/r1")->packets = 8;
	hist_add(fake_dp_latency("a/r1"), 8000, 10); /* TSC of 1 GHz */
	reply = call("vrouter.show", "{\"vrouter\":\"a/r1\"}");
	result = result_of(reply);
	assert_string_equal(string_of(result, "vpxi"), "a");
	assert_string_equal(string_of(result, "vrouter"), "a/r1");
	assert_string_equal(string_of(result, "state"), "running");
	assert_int_equal(integer_of(json_object_get(result, "drops"), "no_route"), 3);
	assert_int_equal(json_object_size(json_object_get(result, "drops")), 1);
	assert_true(json_real_value(json_object_get(result, "cycles_per_packet")) == 125.0);
	item = json_object_get(result, "latency_us");
	assert_int_equal(integer_of(item, "count"), 10);
	assert_true(json_real_value(json_object_get(item, "p50")) >= 8.0);
	assert_true(json_real_value(json_object_get(item, "p50")) <= 8.5);
	assert_int_equal(json_array_size(json_object_get(result, "interfaces")), 2);
	item = json_array_get(json_object_get(result, "interfaces"), 0);
	assert_string_equal(string_of(item, "interface"), "in");
	assert_int_equal(integer_of(item, "vlan"), 101);
	assert_int_equal(integer_of(item, "granted_bps"), 100000000);
	assert_string_equal(string_of(item, "at"), "vif-in");
	assert_string_equal(string_of(item, "service"), "static");
	assert_string_equal(string_of(item, "share"), "strict");
	assert_int_equal(integer_of(item, "burst_bytes"), 32768);
	item = json_array_get(json_object_get(result, "interfaces"), 1);
	assert_string_equal(string_of(item, "service"), "min");
	assert_int_equal(integer_of(item, "granted_bps"), 500000000);
	assert_int_equal(integer_of(item, "burst_bytes"), 125000); /* 2 ms */
	json_decref(reply);

	fake_dp_conservation = (struct dp_conservation){
		.received = 10, .sent = 5, .dropped = 3, .consumed = 1, .queued = 1};
	reply = call("stats", "{\"vrouter\":\"b/r1\"}");
	result = result_of(reply);
	assert_int_equal(integer_of(json_object_get(result, "conservation"), "received"), 10);
	assert_int_equal(json_array_size(json_object_get(result, "vrouters")), 1);
	json_decref(reply);
	reply = call("vrouter.show", "{\"vrouter\":\"a/r2\"}");
	assert_int_equal(code_of(reply), RPC_NOT_FOUND);
	json_decref(reply);
}

static int64_t count_of(const char *method, const char *params, const char *vr, const char *member)
{
	json_t *reply = call(method, params), *item;
	int64_t count = -1;
	size_t i;

	json_array_foreach (result_of(reply), i, item)
		if (strcmp(string_of(item, "vrouter"), vr) == 0)
			count = integer_of(json_object_get(item, member), "count");
	json_decref(reply);
	return count;
}

/* It tells what there was, and begins anew; of one router or of all. */
static void test_latency_reset(void **state)
{
	static const char one[] = "{\"vrouter\":\"a/r1\"}";
	json_t *reply;

	(void)state;
	hist_add(fake_dp_latency("a/r1"), 8000, 10);
	hist_add(fake_dp_queueing("a/r1"), 90000, 4);
	hist_add(fake_dp_latency("b/r1"), 8000, 7);
	assert_int_equal(count_of("latency", "{}", "a/r1", "latency_us"), 10);
	assert_int_equal(
		count_of("latency", "{\"vrouter\":\"a/r1\",\"reset\":true}", "a/r1", "queueing_us"),
		4);
	assert_int_equal(count_of("latency", one, "a/r1", "latency_us"), 0);
	assert_int_equal(count_of("latency", one, "a/r1", "queueing_us"), 0);
	assert_int_equal(count_of("vrouter.list", "{}", "a/r1", "latency_us"), 0);
	assert_int_equal(count_of("latency", "{\"reset\":false}", "b/r1", "latency_us"), 7);
	hist_add(fake_dp_latency("a/r1"), 8000, 3);
	assert_int_equal(count_of("latency", "{\"reset\":true}", "a/r1", "latency_us"), 3);
	assert_int_equal(count_of("latency", "{}", "a/r1", "latency_us"), 0);
	assert_int_equal(count_of("latency", "{}", "b/r1", "latency_us"), 0);

	reply = call("latency", "{\"reset\":1}");
	assert_non_null(json_object_get(reply, "error"));
	json_decref(reply);
	reply = call("latency", "{\"reset\":true,\"vrouter\":\"a/nosuch\"}");
	assert_non_null(json_object_get(reply, "error"));
	json_decref(reply);
}

static void test_rate_show(void **state)
{
	static const struct {
		const char *params;
		int n; /* links, or the error's code */
	} cases[] = {
		{"{}", 4},
		{"{\"name\":\"a\"}", 2},
		{"{\"name\":\"a/r1\"}", 2},
		{"{\"name\":\"a/r1/out\"}", 1},
		{"{\"name\":\"\"}", RPC_NOT_FOUND},
		{"{\"name\":\"a/r\"}", RPC_NOT_FOUND},
		{"{\"name\":\"a/r1/out/x\"}", RPC_NOT_FOUND},
		{"{\"name\":\"c\"}", RPC_NOT_FOUND},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *reply = call("rate.show", cases[i].params);

		if (cases[i].n < 0)
			assert_int_equal(code_of(reply), cases[i].n);
		else
			assert_int_equal(json_array_size(result_of(reply)), cases[i].n);
		json_decref(reply);
	}
}

/* ---- life cycle ---- */

static void test_vr_state(void **state)
{
	static const struct {
		const char *verb, *state; /* NULL: refused */
	} steps[] = {
		{"stop", "stopped"},
		{"stop", "stopped"},
		{"suspend", NULL},
		{"resume", NULL},
		{"start", "running"},
		{"suspend", "suspended"},
		{"start", NULL},
		{"resume", "running"},
		{"restart", "running"},
	};
	json_t *reply;

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		char method[64];

		snprintf(method, sizeof(method), "vrouter.%s", steps[i].verb);
		reply = call(method, "{\"vrouter\":\"a/r1\"}");
		if (steps[i].state)
			assert_string_equal(string_of(result_of(reply), "state"), steps[i].state);
		else
			assert_int_equal(code_of(reply), RPC_REFUSED);
		json_decref(reply);
	}
	fake_dp_fail_at(1, -EIO, "");
	reply = call("vrouter.stop", "{\"vrouter\":\"a/r1\"}");
	assert_int_equal(code_of(reply), RPC_REFUSED);
	json_decref(reply);
}

static void test_move(void **state)
{
	static const struct {
		const char *params;
		int code; /* 0: done */
		const char *log, *slice;
	} steps[] = {
		{"{\"vrouter\":\"a/r1\",\"slice\":\"s1\"}", 0, "vr_move a/r1 s1", "s1"},
		{"{\"vrouter\":\"a/r1\",\"slice\":\"s1\"}", 0, "vr_move a/r1 s1", "s1"},
		{"{\"vrouter\":\"a/r1\",\"slice\":\"s9\"}", RPC_NOT_FOUND, "", "s1"},
		{"{\"vrouter\":\"a/r9\",\"slice\":\"s1\"}", RPC_NOT_FOUND, "", "s1"},
		{"{\"vrouter\":\"a/r1\"}", RPC_INVALID_PARAMS, "", "s1"},
		{"{\"vrouter\":\"a/r1\",\"slice\":\"s0\"}", 0, "vr_move a/r1 s0", "s0"},
	};
	json_t *reply;

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		fake_dp_log_clear();
		reply = call("vrouter.move", steps[i].params);
		if (steps[i].code) {
			assert_int_equal(code_of(reply), steps[i].code);
			assert_null(strstr(fake_dp_log(), "vr_"));
		} else {
			assert_string_equal(string_of(result_of(reply), "slice"), steps[i].slice);
			assert_string_equal(string_of(result_of(reply), "vrouter"), "a/r1");
			assert_non_null(strstr(fake_dp_log(), steps[i].log));
			assert_null(strstr(fake_dp_log(), "vr_del"));
		}
		json_decref(reply);
		reply = call("vrouter.show", "{\"vrouter\":\"a/r1\"}");
		assert_string_equal(string_of(result_of(reply), "slice"), steps[i].slice);
		json_decref(reply);
	}
	/* Refused below: the model says where it is. */
	for (unsigned int i = 0; i < 2; i++) {
		fake_dp_fail_at(1, -EIO, "not now");
		reply = call("vrouter.move",
			i == 0 ? "{\"vrouter\":\"a/r1\",\"slice\":\"s1\"}"
			       : "{\"vrouter\":\"a/r1\",\"slice\":\"s0\"}");
		assert_int_equal(code_of(reply), RPC_REFUSED);
		assert_non_null(strstr(message_of(reply), "not now"));
		json_decref(reply);
		reply = call("vrouter.show", "{\"vrouter\":\"a/r1\"}");
		assert_string_equal(string_of(result_of(reply), "slice"), "s0");
		json_decref(reply);
	}
}

/* ---- routes ---- */

static void test_routes(void **state)
{
	static const struct {
		const char *method, *params;
		int code; /* 0: done */
		size_t n_routes;
	} steps[] = {
		{"route.add", "{\"vrouter\":\"a/r1\",\"to\":\"10.9.0.0/24\",\"via\":\"10.0.0.9\"}",
			0, 3},
		{"route.add", "{\"vrouter\":\"a/r1\",\"to\":\"10.9.0.0/24\",\"via\":\"10.0.0.8\"}",
			RPC_REFUSED, 3},
		{"route.replace",
			"{\"vrouter\":\"a/r1\",\"to\":\"10.9.0.0/24\",\"via\":[\"10.0.0.8\","
			"\"10.1.0.8\"]}",
			0, 3},
		{"route.add", "{\"vrouter\":\"a/r1\",\"to\":\"default\",\"via\":\"10.0.0.9\"}", 0,
			4},
		{"route.add", "{\"vrouter\":\"a/r1\",\"to\":\"10.8.0.1\",\"dev\":\"out\"}", 0, 5},
		{"route.add", "{\"vrouter\":\"a/r1\",\"to\":\"10.7.0.1/24\",\"dev\":\"out\"}",
			RPC_INVALID_PARAMS, 5},
		{"route.add", "{\"vrouter\":\"a/r1\",\"to\":\"10.7.0.0/24\"}", RPC_INVALID_PARAMS,
			5},
		{"route.add", "{\"vrouter\":\"a/r1\",\"to\":\"x\",\"dev\":\"out\"}",
			RPC_INVALID_PARAMS, 5},
		{"route.add", "{\"vrouter\":\"a/r1\",\"to\":\"10.7.0.0/24\",\"dev\":\"x\"}",
			RPC_NOT_FOUND, 5},
		{"route.add", "{\"vrouter\":\"a/r1\",\"to\":\"10.7.0.0/24\",\"via\":\"11.0.0.1\"}",
			RPC_REFUSED, 5},
		{"route.add", "{\"vrouter\":\"a/r1\",\"to\":\"10.7.0.0/24\",\"via\":\"224.0.0.1\"}",
			RPC_INVALID_PARAMS, 5},
		{"route.add",
			"{\"vrouter\":\"a/r1\",\"to\":\"10.7.0.0/24\",\"via\":\"2001:db8::1\"}",
			RPC_INVALID_PARAMS, 5},
		{"route.add", "{\"vrouter\":\"a/r1\",\"to\":\"10.7.0.0/24\",\"via\":[1]}",
			RPC_INVALID_PARAMS, 5},
		{"route.del", "{\"vrouter\":\"a/r1\",\"to\":\"10.9.0.0/24\",\"via\":\"10.0.0.9\"}",
			RPC_NOT_FOUND, 5},
		{"route.del", "{\"vrouter\":\"a/r1\",\"to\":\"default\",\"dev\":\"out\"}",
			RPC_NOT_FOUND, 5},
		{"route.del", "{\"vrouter\":\"a/r1\",\"to\":\"default\",\"dev\":\"in\"}", 0, 4},
		{"route.del", "{\"vrouter\":\"a/r1\",\"to\":\"10.9.0.0/24\"}", 0, 3},
		{"route.del", "{\"vrouter\":\"a/r1\",\"to\":\"10.9.0.0/24\"}", RPC_NOT_FOUND, 3},
		{"route.del", "{\"vrouter\":\"a/r1\",\"to\":\"10.8.0.1/32\",\"dev\":\"out\"}", 0,
			2},
	};
	json_t *reply;

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		reply = call(steps[i].method, steps[i].params);
		if (code_of(reply) != steps[i].code)
			print_error("%s: %s\n", steps[i].params, message_of(reply));
		assert_int_equal(code_of(reply), steps[i].code);
		json_decref(reply);
		assert_int_equal(
			control.running.model->vpxis[0].routers[0].n_routes, steps[i].n_routes);
		reply = call("route.list", "{\"vrouter\":\"a/r1\"}");
		assert_int_equal(integer_of(result_of(reply), "total"), steps[i].n_routes);
		json_decref(reply);
	}
	/* What the dataplane refuses, the model does not have. */
	fake_dp_fail_at(1, -ENOSPC, "table full");
	reply = call("route.add", "{\"vrouter\":\"a/r1\",\"to\":\"10.9.0.0/24\",\"dev\":\"in\"}");
	assert_string_equal(message_of(reply), "table full");
	json_decref(reply);
	assert_int_equal(control.running.model->vpxis[0].routers[0].n_routes, 2);
	fake_dp_fail_at(1, -ENOSPC, "table full");
	reply = call(
		"route.replace", "{\"vrouter\":\"a/r1\",\"to\":\"10.3.0.0/24\",\"dev\":\"in\"}");
	assert_int_equal(code_of(reply), RPC_REFUSED);
	json_decref(reply);
	assert_int_equal(control.running.model->vpxis[0].routers[0].routes[1].n_vias, 1);
	fake_dp_fail_at(1, -EIO, "stuck");
	reply = call("route.del", "{\"vrouter\":\"a/r1\",\"to\":\"10.3.0.0/24\"}");
	assert_int_equal(code_of(reply), RPC_REFUSED);
	json_decref(reply);
	reply = call("route.list", "{\"vrouter\":\"a/r1\",\"limit\":1}");
	assert_int_equal(json_array_size(json_object_get(result_of(reply), "routes")), 1);
	assert_int_equal(integer_of(result_of(reply), "total"), 2);
	json_decref(reply);
}

static void test_neighbors(void **state)
{
	json_t *reply = call("neighbor.list", "{\"vrouter\":\"a/r1\"}"), *item;

	(void)state;
	assert_int_equal(json_array_size(result_of(reply)), 1);
	item = json_array_get(result_of(reply), 0);
	assert_string_equal(string_of(item, "address"), "10.1.0.2");
	assert_string_equal(string_of(item, "mac"), "02:00:00:00:00:02");
	assert_string_equal(string_of(item, "interface"), "out");
	assert_string_equal(string_of(item, "state"), "permanent");
	json_decref(reply);
}

/* ---- rates ---- */

static void test_rate_set(void **state)
{
	static const struct {
		const char *params;
		int code;
		long long granted; /* of a/r1/in */
	} steps[] = {
		{"\"static_bps\":200000000", 0, 200000000},
		{"\"min_bps\":50000000", 0, 200000000},
		{"\"max_bps\":300000000", 0, 300000000},
		{"\"min_bps\":400000000", RPC_INFEASIBLE, 300000000}, /* over the maximum */
		{"\"max_bps\":null", 0, 850000000},         /* beside 150 Mbit/s guaranteed */
		{"\"static_bps\":850000000", 0, 850000000}, /* exactly fits beside 150 Mbit/s */
		{"\"static_bps\":850000001", RPC_INFEASIBLE, 850000000},
		{"\"max_bps\":2000000000,\"min_bps\":null", 0,
			850000000}, /* no more than there is */
		{"\"min_bps\":0,\"max_bps\":null", 0, 0},
		{"\"static_bps\":null", RPC_INVALID_PARAMS, 0},
		{"\"static_bps\":63999", RPC_INVALID_PARAMS, 0},
		{"\"max_bps\":0", RPC_INVALID_PARAMS, 0},
		{"\"max_bps\":400000000001", RPC_INVALID_PARAMS, 0},
		{"\"static_bps\":1000000,\"min_bps\":1", RPC_INVALID_PARAMS, 0},
		{"\"burst\":1", RPC_INVALID_PARAMS, 0},
		{"\"max_bps\":64000", 0, 64000},
	};
	json_t *reply, *links;

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		char params[256];

		snprintf(params, sizeof(params), "{\"interface\":\"a/r1/in\",%s}", steps[i].params);
		reply = call("rate.set", params);
		if (code_of(reply) != steps[i].code)
			print_error("%s: %s\n", params, message_of(reply));
		assert_int_equal(code_of(reply), steps[i].code);
		assert_int_equal(fake_dp_iface("a/r1/in")->link.rate_bps, steps[i].granted);
		if (steps[i].code == 0) {
			links = json_object_get(result_of(reply), "links");
			assert_int_equal(json_array_size(links), 2);
			assert_string_equal(string_of(result_of(reply), "port"), "lan0");
			assert_int_equal(json_integer_value(json_object_get(
						 json_array_get(links, 0), "granted_bps")),
				steps[i].granted);
			assert_int_equal(
				integer_of(json_array_get(links, 1), "granted_bps"), 150000000);
		}
		json_decref(reply);
	}
	reply = call("rate.set", "{\"interface\":\"a/r1/in\",\"static_bps\":900000000}");
	assert_int_equal(code_of(reply), RPC_INFEASIBLE);
	assert_string_equal(string_of(data_of(reply), "constraint"), "minima_over_capacity");
	assert_string_equal(string_of(data_of(reply), "port"), "lan0");
	assert_int_equal(integer_of(data_of(reply), "excess_bps"), 50000000);
	json_decref(reply);
	reply = call("rate.set", "{\"interface\":\"a/r1\",\"static_bps\":900000000}");
	assert_int_equal(code_of(reply), RPC_NOT_FOUND);
	json_decref(reply);
	reply = call("rate.set", "{\"interface\":\"a/r1/in\"}");
	assert_int_equal(code_of(reply), RPC_INVALID_PARAMS);
	json_decref(reply);
	/* Best effort has no queue; a rate needs one, and the pool has no room for it. */
	fake_dp_bufs = 3500;
	reply = call("rate.set", "{\"interface\":\"b/r1/out\",\"max_bps\":5000000}");
	assert_int_equal(code_of(reply), RPC_INFEASIBLE);
	assert_string_equal(string_of(data_of(reply), "constraint"), "buffers");
	json_decref(reply);
	assert_int_equal(fake_dp_iface("b/r1/out")->link.rate_bps, 0);
	fake_dp_bufs = 1000000;
	/* The dataplane refuses: the model keeps what runs. */
	fake_dp_fail_at(1, -ENOMEM, "no memory");
	reply = call("rate.set", "{\"interface\":\"a/r1/in\",\"static_bps\":5000000}");
	assert_string_equal(message_of(reply), "no memory");
	json_decref(reply);
	assert_int_equal(
		control.running.model->vpxis[0].routers[0].interfaces[0].rate.max_bps, 64000);
}

/* ---- the model as a whole ---- */

#define VPXI_C                                                   \
	"name: c\\nrouters:\\n  - name: r1\\n    interfaces:\\n" \
	"      - {name: in, port: lan0, vlan: 103, address: [10.0.0.1/24], rate: {static: %s}}\\n"

static json_t *apply_c(const char *rate)
{
	char params[512];

	snprintf(params, sizeof(params), "{\"file\":\"c.yaml\",\"text\":\"" VPXI_C "\"}", rate);
	return call("vpxi.apply", params);
}

static void test_vpxi(void **state)
{
	json_t *reply = apply_c("10Mbps"), *diag;

	(void)state;
	assert_int_equal(integer_of(result_of(reply), "changed"), 2);
	json_decref(reply);
	assert_string_equal(fake_dp_log(),
		"begin\nvr_add c/r1 s0 weight=1\niface_add c/r1/in vlan=103 "
		"rate=10000000\ncommit\n");
	fake_dp_log_clear();
	reply = apply_c("10Mbps"); /* again: nothing to do */
	assert_int_equal(integer_of(result_of(reply), "changed"), 0);
	json_decref(reply);
	assert_string_equal(fake_dp_log(), "");
	reply = apply_c("20Mbps");
	json_decref(reply);
	assert_string_equal(fake_dp_log(), "begin\nlink_set c/r1/in rate=20000000\ncommit\n");
	reply = apply_c("800Mbps"); /* 100 + 150 + 800 Mbit/s on a gigabit */
	assert_int_equal(code_of(reply), RPC_INFEASIBLE);
	assert_int_equal(integer_of(data_of(reply), "excess_bps"), 50000000);
	json_decref(reply);
	reply = apply_c("nonsense");
	assert_int_equal(code_of(reply), RPC_REFUSED);
	diag = json_object_get(data_of(reply), "diag");
	assert_int_equal(json_array_size(diag), 1);
	assert_memory_equal(json_string_value(json_array_get(diag, 0)), "c.yaml:5:", 9);
	json_decref(reply);
	reply = call("vpxi.apply", "{\"file\":\"/nonexistent\"}"); /* without text: it is read */
	assert_int_equal(code_of(reply), RPC_REFUSED);
	diag = json_object_get(data_of(reply), "diag");
	assert_non_null(strstr(json_string_value(json_array_get(diag, 0)), "No such file"));
	json_decref(reply);
	reply = call("vpxi.apply", "{}");
	assert_int_equal(code_of(reply), RPC_INVALID_PARAMS);
	json_decref(reply);
	fake_dp_bufs = 1500;
	reply = apply_c("30Mbps"); /* its queue does not fit the pool */
	assert_int_equal(code_of(reply), RPC_INFEASIBLE);
	assert_string_equal(string_of(data_of(reply), "constraint"), "buffers");
	json_decref(reply);
	fake_dp_bufs = 1000000;
	assert_int_equal(control.running.model->n_vpxis, 3);
	reply = call("vpxi.remove", "{\"vpxi\":\"b\"}");
	assert_int_equal(integer_of(result_of(reply), "changed"), 1);
	json_decref(reply);
	reply = call("vpxi.remove", "{\"vpxi\":\"b\"}");
	assert_int_equal(code_of(reply), RPC_NOT_FOUND);
	json_decref(reply);
	assert_int_equal(control.running.model->n_vpxis, 2);
	assert_null(fake_dp_vr("b/r1"));
}

static char *write_file(const char *text)
{
	char *path = strdup("/tmp/hpsr-ctrl-test-XXXXXX");
	int fd = mkstemp(path);
	FILE *out = fdopen(fd, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
	return path;
}

static json_t *reload_text(const char *text)
{
	char *path = write_file(text), params[256];
	json_t *reply;

	snprintf(params, sizeof(params), "{\"file\":\"%s\"}", path);
	reply = call("reload", params);
	unlink(path);
	free(path);
	return reply;
}

static void test_reload(void **state)
{
	char *text = ctrl_site_edit(CTRL_SITE, "static: 100Mbps", "static: 90Mbps"), *bad, *dump;
	json_t *reply = reload_text(text), *diag;

	(void)state;
	assert_int_equal(integer_of(result_of(reply), "changed"), 1);
	assert_string_equal(
		string_of(json_array_get(json_object_get(result_of(reply), "changes"), 0), "op"),
		"link_set");
	json_decref(reply);
	reply = reload_text(text);
	assert_int_equal(integer_of(result_of(reply), "changed"), 0);
	json_decref(reply);
	/* Live changes are part of what runs: the file takes them back. */
	reply = call("route.add", "{\"vrouter\":\"b/r1\",\"to\":\"10.9.0.0/24\",\"dev\":\"in\"}");
	json_decref(reply);
	fake_dp_log_clear();
	reply = reload_text(text);
	assert_string_equal(fake_dp_log(), "begin\nroutes_set b/r1 n=0\ncommit\n");
	json_decref(reply);
	/* Faults: each is told, nothing is changed. */
	fake_dp_log_clear();
	dump = fake_dp_dump();
	bad = ctrl_site_edit(text, "vlan: 101", "vlan: 4095");
	reply = reload_text(bad);
	assert_int_equal(code_of(reply), RPC_REFUSED);
	json_decref(reply);
	free(text);
	text = ctrl_site_edit(bad, "static: 150Mbps", "static: 150");
	reply = reload_text(text);
	diag = json_object_get(data_of(reply), "diag");
	assert_true(json_array_size(diag) >= 2);
	json_decref(reply);
	free(bad);
	bad = ctrl_site_edit(CTRL_SITE, "site: lyon", "site: nice");
	reply = reload_text(bad);
	assert_int_equal(code_of(reply), RPC_REFUSED);
	assert_non_null(strstr(message_of(reply), "restart"));
	json_decref(reply);
	reply = call("reload", "{}");
	assert_int_equal(code_of(reply), RPC_REFUSED);
	json_decref(reply);
	reply = call("reload", "{\"file\":\"/nonexistent\"}");
	assert_int_equal(code_of(reply), RPC_REFUSED);
	json_decref(reply);
	assert_string_equal(fake_dp_log(), "");
	free(text);
	text = fake_dp_dump();
	assert_string_equal(text, dump);
	free(text);
	free(dump);
	free(bad);
}

static void test_config_show(void **state)
{
	json_t *reply;
	struct model_site *site;

	(void)state;
	reply = call("rate.set", "{\"interface\":\"b/r1/out\",\"static_bps\":5000000}");
	json_decref(reply);
	reply = call("config.show", "{}");
	site = ctrl_site_parse(string_of(result_of(reply), "yaml"));
	assert_true(model_site_equal(site, control.running.model));
	assert_int_equal(site->vpxis[1].routers[0].interfaces[1].rate.max_bps, 5000000);
	model_site_destroy(site);
	json_decref(reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CALL_TEST(test_reports),
		CALL_TEST(test_latency_reset),
		CALL_TEST(test_rate_show),
		CALL_TEST(test_vr_state),
		CALL_TEST(test_move),
		CALL_TEST(test_routes),
		CALL_TEST(test_neighbors),
		CALL_TEST(test_rate_set),
		CALL_TEST(test_vpxi),
		CALL_TEST(test_reload),
		CALL_TEST(test_config_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
