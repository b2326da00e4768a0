/* SPDX-License-Identifier: BSD-3-Clause */
/* The methods over what runs on a fake dataplane: calls as lines, replies as JSON. cmocka must be
 * included before. */
#ifndef HPSR_TEST_CTRL_CALL_H
#define HPSR_TEST_CTRL_CALL_H

#include "ctrl/cmd.h"
#include "ctrl/control.h"
#include "ctrl_site.h"
#include "fake_dp.h"

static struct control control;

static inline int call_setup(void **state)
{
	struct diag diag;

	(void)state;
	fake_dp_reset();
	memset(&control, 0, sizeof(control));
	control.started_ns = control_now_ns();
	assert_int_equal(running_init(&control.running), 0);
	assert_int_equal(diag_init(&diag, "site.yaml"), 0);
	assert_int_equal(control_start(&control, ctrl_site_parse(CTRL_SITE), &diag), 0);
	diag_fini(&diag);
	fake_dp_log_clear();
	return 0;
}

static inline int call_teardown(void **state)
{
	(void)state;
	stats_fini(&control.stats);
	running_fini(&control.running);
	return 0;
}

static inline char *serve(const char *line)
{
	return rpc_serve(cmd_methods, &control, line, strlen(line));
}

/* The whole reply to METHOD with PARAMS (JSON text). */
static inline json_t *call(const char *method, const char *params)
{
	char *line, *text;
	json_t *reply;

	assert_true(asprintf(&line,
			    "{\"jsonrpc\":\"2.0\",\"version\":1,\"id\":1,\"method\":\"%s\","
			    "\"params\":%s}",
			    method, params) > 0);
	text = serve(line);
	assert_non_null(text);
	reply = json_loads(text, 0, NULL);
	assert_non_null(reply);
	free(text);
	free(line);
	return reply;
}

static inline json_t *result_of(json_t *reply)
{
	json_t *result = json_object_get(reply, "result");

	if (!result)
		print_error("%s\n",
			json_string_value(
				json_object_get(json_object_get(reply, "error"), "message")));
	assert_non_null(result);
	return result;
}

static inline int code_of(json_t *reply)
{
	return (int)json_integer_value(json_object_get(json_object_get(reply, "error"), "code"));
}

static inline json_t *data_of(json_t *reply)
{
	return json_object_get(json_object_get(reply, "error"), "data");
}

static inline const char *message_of(json_t *reply)
{
	const char *text =
		json_string_value(json_object_get(json_object_get(reply, "error"), "message"));

	return text ? text : "";
}

static inline const char *string_of(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static inline long long integer_of(json_t *object, const char *name)
{
	assert_true(json_is_integer(json_object_get(object, name)));
	return (long long)json_integer_value(json_object_get(object, name));
}

#define CALL_TEST(name) cmocka_unit_test_setup_teardown(name, call_setup, call_teardown)

#endif
