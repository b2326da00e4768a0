/* SPDX-License-Identifier: BSD-3-Clause */
/* hpsrctl: command lines to requests, answers to text, the connection. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctrl/cli/args.h"
#include "ctrl/cli/cli.h"
#include "ctrl/cli/client.h"
#include "ctrl/cli/show.h"
#include "ctrl/cli/table.h"
#include "ctrl/cmd.h"

#define WORDS_MAX 12

/* ---- the command line ---- */

struct line {
	const char *words[WORDS_MAX];
	const char *method; /* NULL: refused, or no request */
	const char *params; /* JSON, or NULL: none; when refused: a part of the message */
};

static const struct line lines[] = {
	{{"status"}, "status", NULL},
	{{"-j", "status"}, "status", NULL},
	{{"vrouter", "list"}, "vrouter.list", NULL},
	{{"vrouter", "show", "a/r1"}, "vrouter.show", "{\"vrouter\":\"a/r1\"}"},
	{{"vrouter", "restart", "a/r1", "-s", "/x"}, "vrouter.restart", "{\"vrouter\":\"a/r1\"}"},
	{{"vrouter", "move", "a/r1", "s1"}, "vrouter.move",
		"{\"vrouter\":\"a/r1\",\"slice\":\"s1\"}"},
	{{"vrouter", "move", "a/r1"}, NULL, "SLICE is missing"},
	{{"vrouter", "move", "a", "s1"}, NULL, "'a' is not VPXI/VR"},
	{{"vrouter", "move", "a/r1", "s1", "x"}, NULL, "x"},
	{{"route", "list", "a/r1"}, "route.list", "{\"vrouter\":\"a/r1\"}"},
	{{"route", "add", "a/r1", "10.0.0.0/8", "via", "10.1.0.2"}, "route.add",
		"{\"vrouter\":\"a/r1\",\"to\":\"10.0.0.0/8\",\"via\":[\"10.1.0.2\"]}"},
	{{"route", "add", "a/r1", "default", "via", "10.1.0.2", "via", "10.1.0.3", "dev", "out"},
		"route.add",
		"{\"vrouter\":\"a/r1\",\"to\":\"default\",\"via\":[\"10.1.0.2\",\"10.1.0.3\"],"
		"\"dev\":\"out\"}"},
	{{"route", "del", "a/r1", "10.0.0.0/8"}, "route.del",
		"{\"vrouter\":\"a/r1\",\"to\":\"10.0.0.0/8\"}"},
	{{"route", "add", "a/r1", "10.0.0.0/8", "via", "10.1.0.2", "metric", "7"}, "route.add",
		"{\"vrouter\":\"a/r1\",\"to\":\"10.0.0.0/8\",\"via\":[\"10.1.0.2\"],"
		"\"metric\":7}"},
	{{"filter", "list", "a/r1"}, "filter.list", "{\"vrouter\":\"a/r1\"}"},
	{{"policy", "list", "a/r1"}, "policy.list", "{\"vrouter\":\"a/r1\"}"},
	{{"neighbor", "list", "a/r1"}, "neighbor.list", "{\"vrouter\":\"a/r1\"}"},
	{{"rate", "show"}, "rate.show", NULL},
	{{"rate", "show", "a/r1/in"}, "rate.show", "{\"name\":\"a/r1/in\"}"},
	{{"rate", "set", "a/r1/in", "min=1.5Mbps", "max=none"}, "rate.set",
		"{\"interface\":\"a/r1/in\",\"min_bps\":1500000,\"max_bps\":null}"},
	{{"rate", "set", "a/r1/in", "static=64kbps"}, "rate.set",
		"{\"interface\":\"a/r1/in\",\"static_bps\":64000}"},
	{{"stats"}, "stats", NULL},
	{{"stats", "a/r1"}, "stats", "{\"vrouter\":\"a/r1\"}"},
	{{"latency", "--window", "2s"}, "latency", "{\"window_s\":2}"},
	{{"latency", "a/r1", "--window=1000ms"}, "latency",
		"{\"vrouter\":\"a/r1\",\"window_s\":1}"},
	{{"latency", "--reset"}, "latency", "{\"reset\":true}"},
	{{"latency", "--reset", "a/r1", "--window", "3s"}, "latency",
		"{\"vrouter\":\"a/r1\",\"reset\":true,\"window_s\":3}"},
	{{"port", "list"}, "port.list", NULL},
	{{"slice", "list"}, "slice.list", NULL},
	{{"vpxi", "list"}, "vpxi.list", NULL},
	{{"vpxi", "remove", "a"}, "vpxi.remove", "{\"vpxi\":\"a\"}"},
	{{"vpxi", "apply", "/dev/null"}, "vpxi.apply", "{\"file\":\"/dev/null\",\"text\":\"\"}"},
	{{"reload"}, "reload", NULL},
	{{"reload", "/tmp/../dev/null"}, "reload", "{\"file\":\"/dev/null\"}"},
	{{"config", "show"}, "config.show", NULL},
	{{"clock", "show"}, "clock.show", NULL},
	{{"clock", "set", "2026-12-01T08:00:00Z"}, "clock.set",
		"{\"time\":\"2026-12-01T08:00:00Z\"}"},
	/* refused */
	{{NULL}, NULL, "no command"},
	{{"nonsense"}, NULL, "unknown object 'nonsense'"},
	{{"vrouter"}, NULL,
		"vrouter needs a verb: list show start stop suspend resume restart move"},
	{{"route", "drop"}, NULL, "route has no verb 'drop'; it has: list add replace del"},
	{{"status", "now"}, NULL, "unexpected argument 'now'"},
	{{"vrouter", "show"}, NULL, "VPXI/VR is missing"},
	{{"vrouter", "show", "a"}, NULL, "'a' is not VPXI/VR"},
	{{"vrouter", "show", "a/"}, NULL, "not VPXI/VR"},
	{{"vrouter", "show", "a//b"}, NULL, "not VPXI/VR"},
	{{"vrouter", "show", "a/b", "c"}, NULL, "unexpected argument 'c'"},
	{{"vrouter", "show", "a/\xff"}, NULL, "not UTF-8"},
	{{"route", "add", "a/r1"}, NULL, "PREFIX"},
	{{"route", "add", "a/r1", "10.0.0.0/8", "via"}, NULL, "'via' needs a value"},
	{{"route", "add", "a/r1", "10.0.0.0/8", "via", "x"}, NULL, "gateway 'x'"},
	{{"route", "add", "a/r1", "10.0.0.0/8", "metric", "x"}, NULL, "metric 'x'"},
	{{"route", "add", "a/r1", "10.0.0.0/8", "to", "x"}, NULL, "unexpected argument 'to'"},
	{{"route", "add", "a/r1", "10.0.0.0/8", "dev", "x", "dev", "y"}, NULL, "twice"},
	{{"rate", "set", "a/r1/in"}, NULL, "min=R"},
	{{"rate", "set", "a/r1", "min=1Mbps"}, NULL, "not VPXI/VR/INTERFACE"},
	{{"rate", "set", "a/r1/in", "min=1"}, NULL, "'min=1' is no rate"},
	{{"rate", "set", "a/r1/in", "static=none"}, NULL, "no rate"},
	{{"rate", "set", "a/r1/in", "static=1Mbps", "max=1Mbps"}, NULL, "excludes"},
	{{"rate", "set", "a/r1/in", "min=1Mbps", "min=2Mbps"}, NULL, "twice"},
	{{"rate", "set", "a/r1/in", "burst=1"}, NULL, "unexpected argument 'burst=1'"},
	{{"latency", "--window", "1500ms"}, NULL, "whole number of seconds"},
	{{"latency", "--window", "s"}, NULL, "window 's'"},
	{{"stats", "--window", "1s"}, NULL, "stats takes no --window"},
	{{"stats", "--reset"}, NULL, "stats takes no --reset"},
	{{"latency", "--reset=1"}, NULL, "--reset"},
	{{"latency", "--reset", "--window", "0s"}, NULL, "window '0s'"},
	{{"status", "--count", "1"}, NULL, "status takes no --count"},
	{{"port", "list", "--capacity", "1Gbps"}, NULL, "port list takes no --capacity"},
	{{"status", "--bogus"}, NULL, "unknown option '--bogus'"},
	{{"status", "-s"}, NULL, "needs a value"},
	{{"clock"}, NULL, "clock needs a verb: show set"},
	{{"clock", "show", "now"}, NULL, "unexpected argument 'now'"},
	{{"clock", "set"}, NULL, "TIME is missing"},
	{{"clock", "set", "noon"}, NULL, "'noon' is no time"},
	{{"clock", "set", "2026-12-01T08:00:00Z", "now"}, NULL, "unexpected argument 'now'"},
	{{"vpxi", "apply"}, NULL, "FILE is missing"},
	{{"vpxi", "apply", "/nonexistent"}, NULL, "/nonexistent: No such file"},
	{{"vpxi", "apply", "/dev/zero"}, NULL, "larger than 768KiB"},
	{{"reload", "/nonexistent"}, NULL, "/nonexistent: No such file"},
};

/* What main does up to the request. */
static const struct cli_command *parse(int argc, char **argv, struct cli_options *options,
	json_t **params, struct cli_error *error)
{
	const struct cli_command *command;
	int used;

	*params = NULL;
	if (cli_options_parse(&argc, argv, options, error) < 0)
		return NULL;
	command = cli_command_lookup(argc, argv, &used, error);
	if (!command || cli_command_options(command, options, error) < 0)
		return NULL;
	if (command->parse)
		return command->parse(argc - used, argv + used, options, params, error) < 0
			? NULL
			: command;
	if (argc > used) {
		cli_error_set(error, CLI_USAGE, "unexpected argument '%s'", argv[used]);
		return NULL;
	}
	return command;
}

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *argv[WORDS_MAX + 2] = {strdup("hpsrctl")}, *kept[WORDS_MAX + 2];
		const struct cli_command *command;
		struct cli_error error = {0};
		struct cli_options options;
		json_t *params, *expected;
		int argc = 1;

		for (; lines[i].words[argc - 1]; argc++)
			argv[argc] = strdup(lines[i].words[argc - 1]);
		memcpy(kept, argv, sizeof(kept));
		command = parse(argc, argv, &options, &params, &error);
		if (!command != !lines[i].method)
			print_error(
				"%s %s: %s\n", lines[i].words[0], lines[i].words[1], error.message);
		if (lines[i].method) {
			assert_non_null(command);
			assert_string_equal(command->method, lines[i].method);
			expected = lines[i].params ? json_loads(lines[i].params, 0, NULL) : NULL;
			assert_true(params == expected || json_equal(params, expected));
			json_decref(expected);
		} else {
			assert_null(command);
			assert_null(params);
			assert_int_equal(error.exit, CLI_USAGE);
			if (!strstr(error.message, lines[i].params))
				print_error("case %zu: %s\n", i, error.message);
			assert_non_null(strstr(error.message, lines[i].params));
		}
		json_decref(params);
		cli_error_fini(&error);
		for (int a = 0; a < argc; a++)
			free(kept[a]);
	}
}

/* What a line of the protocol does not take, the daemon reads itself. */
static void test_large_vpxi(void **state)
{
	char path[] = "/tmp/ctrl_cli_test_XXXXXX";
	struct cli_options options = {0};
	struct cli_error error = {0};
	char *argv[] = {path};
	int fd = mkstemp(path);
	json_t *params;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, ARGS_FILE_MAX + 1), 0);
	assert_int_equal(args_vpxi_file(1, argv, &options, &params, &error), 0);
	assert_string_equal(json_string_value(json_object_get(params, "file")), path);
	assert_null(json_object_get(params, "text"));
	json_decref(params);
	close(fd);
	unlink(path);
}

/* Every request that a command makes is a method that the daemon has, and the other way round. */
static void test_methods(void **state)
{
	(void)state;
	for (const struct cli_command *command = cli_commands; command->object; command++) {
		const struct rpc_method *method = cmd_methods;

		if (!command->method)
			continue;
		while (method->name && strcmp(method->name, command->method) != 0)
			method++;
		assert_non_null(method->name);
	}
	for (const struct rpc_method *method = cmd_methods; method->name; method++) {
		const struct cli_command *command = cli_commands;

		if (strcmp(method->name, "version") == 0)
			continue;
		while (command->object &&
			(!command->method || strcmp(command->method, method->name) != 0))
			command++;
		assert_non_null(command->object);
	}
}

/* ---- allocate ---- */

static void test_allocate(void **state)
{
	static const struct {
		const char *capacity, *links[4];
		int code;
		const char *out; /* or a part of the error's message */
	} cases[] = {
		/* Table II */
		{"2000Mbps", {"100Mbps:500Mbps", "800Mbps:1500Mbps", "300Mbps:300Mbps"}, 0,
			"LINK      MIN      MAX  GRANTED\n"
			"   1  100Mbps  500Mbps  500Mbps\n"
			"   2  800Mbps  1.5Gbps  1.2Gbps\n"
			"   3  300Mbps  300Mbps  300Mbps\n"},
		{"1Gbps", {":"}, 0, "LINK   MIN  MAX  GRANTED\n   1  0bps    -    1Gbps\n"},
		{"1Gbps", {"600Mbps:", "500Mbps:"}, CLI_INFEASIBLE, "capacity 1Gbps by 100Mbps"},
		{"1Gbps", {"600Mbps:500Mbps"}, CLI_INFEASIBLE, "min exceeds max by 100Mbps"},
		{"1Gbps", {"600Mbps"}, CLI_USAGE, "'600Mbps' is not MIN:MAX"},
		{"1Gbps", {"1:2"}, CLI_USAGE, "not MIN:MAX"},
		{"1Gbps", {"1Mbps:2Mbps:3Mbps"}, CLI_USAGE, "not MIN:MAX"},
		{"1Gbps", {NULL}, CLI_USAGE, "no link"},
		{"fast", {":"}, CLI_USAGE, "--capacity"},
		{NULL, {":"}, CLI_USAGE, "--capacity"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cli_options options = {.capacity = cases[i].capacity};
		struct cli_error error = {0};
		char *text = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);
		int argc = 0;

		while (cases[i].links[argc])
			argc++;
		assert_int_equal(cli_allocate(argc, (char **)cases[i].links, &options, out, &error),
			cases[i].code);
		fclose(out);
		if (cases[i].code == 0) {
			assert_string_equal(text, cases[i].out);
		} else {
			assert_string_equal(text, "");
			assert_non_null(strstr(error.message, cases[i].out));
		}
		cli_error_fini(&error);
		free(text);
	}
}

/* ---- text ---- */

static void test_table(void **state)
{
	static const char *const headers[] = {"NAME", ">RATE", "X", NULL};
	json_t *object = json_pack("{s:s, s:I, s:n, s:I, s:{s:i, s:i}}", "name", "lan0", "rate",
		(json_int_t)99800000, "none", "bytes", (json_int_t)262144, "drops", "a", 2, "b", 3);
	struct table table;
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	(void)state;
	out = open_memstream(&text, &len);
	table_init(&table, headers);
	assert_int_equal(table_print(&table, out), 0);
	table_cell_string(&table, object, "name");
	table_cell_rate(&table, object, "rate");
	table_cell_bytes(&table, object, "bytes");
	table_cell_string(&table, object, "absent");
	table_cell_rate(&table, object, "none");
	table_cell_sum(&table, object, "drops");
	assert_int_equal(table_print(&table, out), 0);
	table_fini(&table);
	fclose(out);
	assert_string_equal(text,
		"NAME      RATE  X\n"
		"lan0  99.8Mbps  256.0KiB\n"
		"-            -  5\n");
	free(text);
	json_decref(object);
}

static void test_human(void **state)
{
	static const struct {
		uint64_t value;
		const char *bytes, *duration;
	} cases[] = {
		{0, "0B", "0.0s"},
		{1023, "1023B", "0.0s"},
		{1024, "1.0KiB", "0.0s"},
		{1048575, "1.0MiB", "0.0s"},
		{59990000000, "55.9GiB", "59.9s"},
		{60000000000, "55.9GiB", "1m00s"},
		{3723000000000, "3.4TiB", "1h02m"},
		{UINT64_C(93784000000000), "85.3TiB", "1d02h"},
		{UINT64_MAX, "16.0EiB", "213503d23h"},
	};
	char buf[HUMAN_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(human_bytes(cases[i].value, buf), cases[i].bytes);
		assert_string_equal(human_duration(cases[i].value, buf), cases[i].duration);
	}
}

/* No answer, however odd, makes the text views fail. */
static void test_show_anything(void **state)
{
	static const char *const answers[] = {"null", "1", "\"x\"", "[]", "{}", "[1,null,\"x\",[]]",
		"[{}]", "{\"routes\":[{}],\"total\":3}", "{\"vrouters\":[{\"interfaces\":[{}]}]}",
		"{\"links\":[{}],\"changes\":[{}],\"warnings\":[1]}",
		"{\"slices\":[{\"workers\":[{}]}],\"ports\":[{}],\"counts\":1}",
		"{\"drops\":{\"x\":\"y\"},\"latency_us\":[],\"fib\":[]}"};
	char *text = NULL;
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		json_t *answer = json_loads(answers[i], JSON_DECODE_ANY, NULL);
		FILE *out = open_memstream(&text, &len);

		assert_non_null(answer);
		for (const struct cli_command *command = cli_commands; command->object; command++) {
			if (command->show)
				command->show(answer, out);
		}
		show_top(answer, out);
		show_allocation(answer, out);
		fclose(out);
		free(text);
		json_decref(answer);
	}
}

static void test_show(void **state)
{
	json_t *answer = json_loads("[{\"vrouter\":\"a/r1\",\"interface\":\"in\",\"port\":\"lan0\","
				    "\"service\":\"max\",\"share\":\"strict\","
				    "\"min_bps\":0,\"max_bps\":null,\"granted_bps\":100000000,"
				    "\"measured_bps\":99812345,\"queue_packets\":12,"
				    "\"queue_bytes\":18000,\"queue_limit_bytes\":262144,"
				    "\"drops\":{\"link_queue_full\":7},\"at\":\"vif-in\","
				    "\"by\":\"tbf\"}]",
		0, NULL);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	show_rates(answer, out);
	fclose(out);
	assert_string_equal(text,
		"VROUTER  INTERFACE  PORT  SERVICE  SHARE    MIN  MAX  GRANTED  MEASURED  QUEUED"
		"    QUEUE     LIMIT  DROPS  AT      BY\n"
		"a/r1     in         lan0  max      strict  0bps    -  100Mbps  99.8Mbps      12"
		"  17.6KiB  256.0KiB      7  vif-in  tbf\n");
	free(text);
	json_decref(answer);
}

/* Where an operator looks for leases. */
static void test_show_leases(void **state)
{
#define LEASE_MEMBERS                                                          \
	"\"vpxi\":\"v3\",\"state\":\"running\",\"period\":\"II\","             \
	"\"lease\":{\"state\":\"running\",\"start\":\"2026-12-01T08:00:00Z\"," \
	"\"end\":null},\"next_change\":\"2026-12-01T09:00:00Z\""
	json_t *vpxi = json_loads("{" LEASE_MEMBERS "}", 0, NULL);
	json_t *list = json_pack("[O]", vpxi);
	json_t *status = json_pack("{s:O, s:[s], s:{s:i, s:i}, s:s, s:s}", "leases", list,
		"pending", "rates", "counts", "waiting", 2, "expired", 3, "clock", "manual", "time",
		"2026-12-01T08:30:00Z");
	static const char row[] =
		"running  2026-12-01T08:00:00Z  -    II      2026-12-01T09:00:00Z";
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	show_status(status, out);
	fclose(out);
	assert_non_null(strstr(text, "STATE    START                 END  PERIOD  NEXT-CHANGE"));
	assert_non_null(strstr(text, row));
	assert_non_null(strstr(text,
		"manual clock, 2026-12-01T08:30:00Z; 2 VPXIs wait, 3 are expired, next change -"));
	assert_non_null(strstr(text, "rates: failed, will be tried again"));
	free(text);
	out = open_memstream(&text, &len);
	show_vpxis(list, out);
	fclose(out);
	assert_non_null(strstr(text, row));
	free(text);
	out = open_memstream(&text, &len);
	show_vr(vpxi, out);
	fclose(out);
	assert_non_null(strstr(text,
		"lease: running, from 2026-12-01T08:00:00Z to -, period II, next change "
		"2026-12-01T09:00:00Z"));
	free(text);
	json_decref(status);
	json_decref(list);
	json_decref(vpxi);
}

/* ---- the connection ---- */

/* The daemon's end of a socket pair, which has sent ANSWER already (NULL: hangs up). */
static int daemon_end(struct client *client, const char *answer)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	client_adopt(client, fds[0]);
	if (answer)
		assert_int_equal(write(fds[1], answer, strlen(answer)), strlen(answer));
	else
		close(fds[1]);
	return fds[1];
}

static void test_call(void **state)
{
	static const struct {
		const char *answer;
		int exit; /* 0: a result */
		const char *message;
	} cases[] = {
		{"{\"jsonrpc\":\"2.0\",\"result\":{\"a\":1},\"id\":1}\n", 0, NULL},
		{"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32003,\"message\":\"too much\","
		 "\"data\":{}},\"id\":1}\n",
			CLI_INFEASIBLE, "too much"},
		{"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32000,\"message\":\"no\"},\"id\":1}\n",
			CLI_REFUSED, "no"},
		{"{}\n", CLI_REFUSED, "neither result nor error"},
		{"[]\n", CLI_REFUSED, "neither result nor error"},
		{"nonsense\n", CLI_REFUSED, "no JSON"},
		{NULL, CLI_REFUSED, "no answer"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cli_error error = {0};
		struct client client;
		int fd = daemon_end(&client, cases[i].answer);
		json_t *result =
			client_call(&client, "rate.show", json_pack("{s:s}", "name", "a"), &error);
		char request[256] = "";

		if (cases[i].answer) {
			assert_true(read(fd, request, sizeof(request) - 1) > 0);
			assert_string_equal(request,
				"{\"jsonrpc\":\"2.0\",\"version\":1,\"id\":1,\"method\":\"rate."
				"show\","
				"\"params\":{\"name\":\"a\"}}\n");
			close(fd);
		}
		assert_int_equal(error.exit, cases[i].exit);
		assert_int_equal(result == NULL, cases[i].exit != 0);
		if (cases[i].message)
			assert_non_null(strstr(error.message, cases[i].message));
		json_decref(result);
		cli_error_fini(&error);
		client_close(&client);
	}
}

static void test_errors(void **state)
{
	json_t *member = json_pack("{s:i, s:s, s:{s:[s, s]}}", "code", -32000, "message",
		"reload refused", "data", "diag", "f:1:2: x", "f:3:4: y");
	struct cli_error error;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	cli_error_reply(&error, member);
	cli_error_print(&error, false, out);
	cli_error_print(&error, true, out);
	cli_error_fini(&error);
	cli_error_set(&error, CLI_USAGE, "bad \xff");
	cli_error_print(&error, true, out);
	fclose(out);
	assert_string_equal(text,
		"f:1:2: x\nf:3:4: y\nhpsrctl: reload refused\n"
		"{\"error\":{\"message\":\"reload refused\",\"code\":-32000,\"exit\":1,"
		"\"data\":{\"diag\":[\"f:1:2: x\",\"f:3:4: y\"]}}}\n"
		"{\"error\":{\"message\":\"bad argument\",\"code\":0,\"exit\":2}}\n");
	free(text);
	json_decref(member);
}

static void touch(const char *dir, const char *name)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fclose(out);
}

static void test_path(void **state)
{
	char dir[] = "/tmp/hpsr-cli-test-XXXXXX", pattern[64], path[CLIENT_PATH_LEN],
	     long_path[200];
	struct cli_error error = {0};

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(pattern, sizeof(pattern), "%s/*.sock", dir);
	unsetenv("HPSROUTER_SOCKET");
	assert_true(client_path(NULL, pattern, path, &error) < 0);
	assert_int_equal(error.exit, CLI_NO_DAEMON);
	touch(dir, "a.sock");
	assert_int_equal(client_path(NULL, pattern, path, &error), 0);
	assert_string_equal(path + strlen(dir), "/a.sock");
	touch(dir, "b.sock");
	assert_true(client_path(NULL, pattern, path, &error) < 0);
	assert_int_equal(error.exit, CLI_NO_DAEMON);
	assert_non_null(strstr(error.message, "/a.sock"));
	assert_non_null(strstr(error.message, "/b.sock"));
	setenv("HPSROUTER_SOCKET", "/env.sock", 1);
	assert_int_equal(client_path(NULL, pattern, path, &error), 0);
	assert_string_equal(path, "/env.sock");
	assert_int_equal(client_path("/flag.sock", pattern, path, &error), 0);
	assert_string_equal(path, "/flag.sock");
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	assert_true(client_path(long_path, pattern, path, &error) < 0);
	assert_int_equal(error.exit, CLI_USAGE);
	unsetenv("HPSROUTER_SOCKET");
	snprintf(path, sizeof(path), "%s/a.sock", dir);
	{
		struct client client;

		assert_true(client_open(&client, path, &error) < 0);
		assert_int_equal(error.exit, CLI_NO_DAEMON);
	}
	unlink(path);
	snprintf(path, sizeof(path), "%s/b.sock", dir);
	unlink(path);
	rmdir(dir);
}

static void test_duration(void **state)
{
	static const struct {
		const char *text;
		int rc;
		unsigned int ms;
	} cases[] = {
		{"1", 0, 1000},
		{"1s", 0, 1000},
		{"0.5s", 0, 500},
		{"250ms", 0, 250},
		{"3600s", 0, 3600000},
		{"3601s", -EINVAL, 0},
		{"0", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"-1s", -EINVAL, 0},
		{"1m", -EINVAL, 0},
		{"nan", -EINVAL, 0},
		{"1e99", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned int ms = 0;

		assert_int_equal(args_duration(cases[i].text, &ms), cases[i].rc);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void test_usage(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	cli_usage(out);
	for (const struct cli_command *command = cli_commands; command->object; command++)
		cli_command_usage(command, out);
	fclose(out);
	assert_non_null(strstr(text, "rate set VPXI/VR/INTERFACE [min=R] [max=R] [static=R]"));
	assert_non_null(strstr(text, "usage: hpsrctl [-s SOCKET] [-j] vpxi apply FILE\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_large_vpxi),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_allocate),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_human),
		cmocka_unit_test(test_show_anything),
		cmocka_unit_test(test_show),
		cmocka_unit_test(test_show_leases),
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
