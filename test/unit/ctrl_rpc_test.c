/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON-RPC 2.0 by lines: good, malformed and random ones. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctrl_call.h"

struct exchange {
	const char *line;
	const char *reply; /* its beginning; NULL: none is due */
};

#define ERROR(code) "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":" #code ",\"message\":\""
#define OK_1                                                                \
	"{\"jsonrpc\":\"2.0\",\"result\":{\"version\":\"" HPSROUTER_VERSION \
	"\",\"protocol\":1},\"id\":1}"

static const struct exchange exchanges[] = {
	{"{\"jsonrpc\":\"2.0\",\"method\":\"version\",\"id\":1}", OK_1},
	{" {\"id\":1,\"params\":{},\"method\":\"version\",\"version\":1,\"jsonrpc\":\"2.0\"} ",
		OK_1},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"version\",\"id\":null}",
		"{\"jsonrpc\":\"2.0\",\"result\":"},
	/* notifications: nothing comes back, not even a fault of parameters */
	{"{\"jsonrpc\":\"2.0\",\"method\":\"version\"}", NULL},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"nonsense\"}", NULL},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"version\",\"params\":{\"x\":1}}", NULL},
	/* not JSON */
	{"", ERROR(-32700)},
	{"{", ERROR(-32700)},
	{"{}{}", ERROR(-32700)},
	{"\xff\xfe", ERROR(-32700)},
	{"{\"jsonrpc\":\"2.0\",\"jsonrpc\":\"2.0\",\"method\":\"version\",\"id\":1}",
		ERROR(-32700)},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"ver\\u0000sion\",\"id\":1}", ERROR(-32700)},
	/* not a request */
	{"1", ERROR(-32700)},
	{"{}", ERROR(-32600)},
	{"{\"jsonrpc\":\"1.0\",\"method\":\"version\",\"id\":1}", ERROR(-32600)},
	{"{\"jsonrpc\":2.0,\"method\":\"version\",\"id\":1}", ERROR(-32600)},
	{"{\"jsonrpc\":\"2.0\",\"method\":7,\"id\":1}", ERROR(-32600)},
	{"{\"jsonrpc\":\"2.0\",\"id\":1}", ERROR(-32600)},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"version\",\"id\":{}}", ERROR(-32600)},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"version\",\"id\":true}", ERROR(-32600)},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"version\",\"id\":1,\"extra\":1}",
		ERROR(-32600) "unknown member 'extra'\",\"data\":{\"member\":\"extra\"}},\"id\":1"},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"version\",\"id\":1,\"version\":2}",
		ERROR(-32600) "this daemon speaks version 1 of the protocol\",\"data\":"
			      "{\"version\":1}},\"id\":1}"},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"version\",\"id\":1,\"version\":\"1\"}", ERROR(-32600)},
	/* no such method, wrong parameters */
	{"{\"jsonrpc\":\"2.0\",\"method\":\"Version\",\"id\":1}",
		ERROR(-32601) "no method 'Version'\"},\"id\":1}"},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"\",\"id\":\"x\"}",
		ERROR(-32601) "no method ''\"},\"id\":\"x\"}"},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"version\",\"params\":[],\"id\":1}", ERROR(-32602)},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"version\",\"params\":null,\"id\":1}", ERROR(-32602)},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"version\",\"params\":{\"x\":1},\"id\":1}",
		ERROR(-32602) "version: unknown member 'x'\",\"data\":{\"member\":\"x\"}}"},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"vrouter.show\",\"id\":1}",
		ERROR(-32602) "vrouter.show: member 'vrouter' is missing"},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"vrouter.show\",\"params\":{\"vrouter\":1},\"id\":1}",
		ERROR(-32602) "vrouter.show: member 'vrouter' must be a string"},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"latency\",\"params\":{\"window_s\":-1},\"id\":1}",
		ERROR(-32602)},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"latency\",\"params\":{\"window_s\":11},\"id\":1}",
		ERROR(-32602)},
	/* batches */
	{"[]", ERROR(-32600)},
	{"[1]", "[" ERROR(-32600)},
	{"[{\"jsonrpc\":\"2.0\",\"method\":\"version\",\"id\":1}]", "[" OK_1 "]"},
	{"[{\"jsonrpc\":\"2.0\",\"method\":\"version\"},{\"jsonrpc\":\"2.0\",\"method\":"
	 "\"version\",\"id\":1}]",
		"[" OK_1 "]"},
	{"[{\"jsonrpc\":\"2.0\",\"method\":\"version\"}]", NULL},
	{"[[]]", "[" ERROR(-32600)},
};

static void test_rpc(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
		const struct exchange *exchange = &exchanges[i];
		char *reply = serve(exchange->line);

		if (!exchange->reply) {
			assert_null(reply);
			continue;
		}
		assert_non_null(reply);
		if (strncmp(reply, exchange->reply, strlen(exchange->reply)) != 0)
			print_error("%s\n -> %s\n", exchange->line, reply);
		assert_memory_equal(reply, exchange->reply, strlen(exchange->reply));
		assert_null(strchr(reply, '\n'));
		free(reply);
	}
}

static void test_batch_too_long(void **state)
{
	char line[(RPC_BATCH_MAX + 1) * 2 + 2] = "[";
	char *reply;

	(void)state;
	for (int i = 0; i <= RPC_BATCH_MAX; i++)
		strcat(line, i ? ",1" : "1");
	strcat(line, "]");
	reply = serve(line);
	assert_memory_equal(reply, ERROR(-32600), strlen(ERROR(-32600)));
	free(reply);
}

/* Whatever comes, the answer is a line of JSON or nothing. */
static void test_random_lines(void **state)
{
	static const char *const parts[] = {"{", "}", "[", "]", ",", ":", "\"jsonrpc\"", "\"2.0\"",
		"\"method\"", "\"rate.set\"", "\"route.add\"", "\"vrouter\"", "\"a/r1\"",
		"\"params\"", "\"id\"", "1", "-1", "1e999", "null", "true", "\"\\ud800\"", "\"",
		"\\", "\xc3", " ", "\"vpxi.apply\"", "\"text\"", "\"name: z\"",
		"99999999999999999999",
		("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"route.add\",\"params\":{\"vrouter\":"
		 "\"a/r1\",\"to\":"),
		"\"10.9.0.0/16\"", "\"via\":", "\"10.0.0.2\"", "}}"};
	unsigned int seed = 42;
	char line[512];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t len = 0, n;
		json_t *json;
		char *reply;

		seed = seed * 1664525u + 1013904223u;
		n = (seed >> 16) % 14;
		line[0] = '\0';
		for (size_t i = 0; i < n; i++) {
			const char *part;

			seed = seed * 1664525u + 1013904223u;
			part = parts[(seed >> 12) % (sizeof(parts) / sizeof(parts[0]))];
			if (len + strlen(part) >= sizeof(line))
				break;
			strcpy(line + len, part);
			len += strlen(part);
		}
		reply = rpc_serve(cmd_methods, &control, line, len);
		if (!reply)
			continue;
		json = json_loads(reply, 0, NULL);
		assert_non_null(json);
		json_decref(json);
		free(reply);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CALL_TEST(test_rpc),
		CALL_TEST(test_batch_too_long),
		CALL_TEST(test_random_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
