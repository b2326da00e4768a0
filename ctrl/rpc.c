/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/rpc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DUMP_FLAGS (JSON_COMPACT | JSON_ENCODE_ANY)

void rpc_error_set(struct rpc_error *error, int code, const char *format, ...)
{
	va_list args;

	error->code = code;
	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
}

/* Takes error->data over. */
static json_t *error_reply(struct rpc_error *error, json_t *id)
{
	json_t *data = error->data;

	error->data = NULL;
	/* A message cut in the middle of a character is no JSON string: leave the character out. */
	for (size_t len = strlen(error->message); len > 0; len--) {
		json_t *text = json_string(error->message);

		if (text) {
			json_decref(text);
			break;
		}
		error->message[len - 1] = '\0';
	}
	return json_pack("{s:s, s:{s:i, s:s, s:o*}, s:O}", "jsonrpc", "2.0", "error", "code",
		error->code, "message", error->message, "data", data, "id", id);
}

static const char *type_name(enum rpc_type type)
{
	switch (type) {
	case RPC_STRING:
		return "a string";
	case RPC_INTEGER:
		return "an integer of 0 or more";
	case RPC_RATE:
		return "an integer of 0 or more (bits per second) or null";
	case RPC_STRINGS:
		return "a string or an array of strings";
	case RPC_BOOL:
		return "true or false";
	}
	return "?";
}

static bool is_strings(const json_t *value)
{
	size_t i;
	json_t *item;

	if (json_is_string(value))
		return true;
	if (!json_is_array(value))
		return false;
	json_array_foreach ((json_t *)value, i, item) {
		if (!json_is_string(item))
			return false;
	}
	return true;
}

static bool type_fits(const json_t *value, enum rpc_type type)
{
	bool natural = json_is_integer(value) && json_integer_value(value) >= 0;

	switch (type) {
	case RPC_STRING:
		return json_is_string(value);
	case RPC_INTEGER:
		return natural;
	case RPC_RATE:
		return natural || json_is_null(value);
	case RPC_STRINGS:
		return is_strings(value);
	case RPC_BOOL:
		return json_is_boolean(value);
	}
	return false;
}

static const struct rpc_param *param_lookup(const struct rpc_method *method, const char *name)
{
	for (size_t i = 0; i < RPC_PARAMS_MAX && method->params[i].name; i++) {
		if (strcmp(method->params[i].name, name) == 0)
			return &method->params[i];
	}
	return NULL;
}

static void check_params(const struct rpc_method *method, json_t *params, struct rpc_error *error)
{
	const char *name;
	json_t *value;

	json_object_foreach (params, name, value) {
		const struct rpc_param *param = param_lookup(method, name);

		if (!param)
			rpc_error_set(error, RPC_INVALID_PARAMS, "%s: unknown member '%.100s'",
				method->name, name);
		else if (!type_fits(value, param->type))
			rpc_error_set(error, RPC_INVALID_PARAMS, "%s: member '%s' must be %s",
				method->name, name, type_name(param->type));
		else
			continue;
		error->data = json_pack("{s:s}", "member", name);
		return;
	}
	for (size_t i = 0; i < RPC_PARAMS_MAX && method->params[i].name; i++) {
		name = method->params[i].name;
		if (!method->params[i].required || json_object_get(params, name))
			continue;
		rpc_error_set(error, RPC_INVALID_PARAMS, "%s: member '%s' is missing", method->name,
			name);
		error->data = json_pack("{s:s}", "member", name);
		return;
	}
}

/* The members of a request object that are wrong whatever its method. */
static void check_request(json_t *request, struct rpc_error *error)
{
	static const char *const known[] = {"jsonrpc", "method", "params", "id", "version"};
	json_t *id = json_object_get(request, "id");
	json_t *version = json_object_get(request, "version");
	const char *jsonrpc = json_string_value(json_object_get(request, "jsonrpc"));
	const char *name;
	json_t *value;

	if (!jsonrpc || strcmp(jsonrpc, "2.0") != 0) {
		rpc_error_set(error, RPC_INVALID_REQUEST, "member 'jsonrpc' must be \"2.0\"");
		return;
	}
	if (!json_is_string(json_object_get(request, "method"))) {
		rpc_error_set(error, RPC_INVALID_REQUEST, "member 'method' must be a string");
		return;
	}
	if (id && !json_is_string(id) && !json_is_number(id) && !json_is_null(id)) {
		rpc_error_set(error, RPC_INVALID_REQUEST,
			"member 'id' must be a string, a number or null");
		return;
	}
	json_object_foreach (request, name, value) {
		bool found = false;

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			found |= strcmp(known[i], name) == 0;
		if (found)
			continue;
		rpc_error_set(error, RPC_INVALID_REQUEST, "unknown member '%.100s'", name);
		error->data = json_pack("{s:s}", "member", name);
		return;
	}
	if (version && (!json_is_integer(version) || json_integer_value(version) != RPC_VERSION)) {
		rpc_error_set(error, RPC_INVALID_REQUEST,
			"this daemon speaks version %d of the protocol", RPC_VERSION);
		error->data = json_pack("{s:i}", "version", RPC_VERSION);
	}
}

static json_t *run(
	const struct rpc_method *methods, void *ctx, json_t *request, struct rpc_error *error)
{
	const char *name = json_string_value(json_object_get(request, "method"));
	json_t *params = json_object_get(request, "params"), *result = NULL;
	const struct rpc_method *method = methods;

	while (method->name && strcmp(method->name, name) != 0)
		method++;
	if (!method->name) {
		rpc_error_set(error, RPC_METHOD_NOT_FOUND, "no method '%.100s'", name);
		return NULL;
	}
	if (params && !json_is_object(params)) {
		rpc_error_set(
			error, RPC_INVALID_PARAMS, "%s: params must be an object", method->name);
		return NULL;
	}
	params = params ? json_incref(params) : json_object();
	check_params(method, params, error);
	if (error->code == 0)
		result = method->run(ctx, params, error);
	if (!result && error->code == 0)
		rpc_error_set(error, RPC_INTERNAL_ERROR, "out of memory");
	json_decref(params);
	return result;
}

/* What a reply to a request that is none may repeat as its id. */
static json_t *id_or_null(json_t *id)
{
	return json_is_string(id) || json_is_number(id) ? id : json_null();
}

/* NULL: it was a notification. */
static json_t *serve_one(const struct rpc_method *methods, void *ctx, json_t *request)
{
	struct rpc_error error = {0};
	json_t *id = json_object_get(request, "id"), *result;

	if (json_is_object(request))
		check_request(request, &error);
	else
		rpc_error_set(&error, RPC_INVALID_REQUEST, "a request is an object");
	if (error.code != 0)
		return error_reply(&error, id_or_null(id));
	result = run(methods, ctx, request, &error);
	if (!id) {
		json_decref(result);
		json_decref(error.data);
		return NULL;
	}
	if (result)
		return json_pack("{s:s, s:o, s:O}", "jsonrpc", "2.0", "result", result, "id", id);
	return error_reply(&error, id);
}

static json_t *serve_batch(const struct rpc_method *methods, void *ctx, json_t *batch)
{
	struct rpc_error error = {0};
	size_t n = json_array_size(batch);
	json_t *replies;

	if (n == 0 || n > RPC_BATCH_MAX) {
		rpc_error_set(&error, RPC_INVALID_REQUEST, "a batch holds 1 to %d requests",
			RPC_BATCH_MAX);
		return error_reply(&error, json_null());
	}
	replies = json_array();
	for (size_t i = 0; i < n; i++) {
		json_t *reply = serve_one(methods, ctx, json_array_get(batch, i));

		if (reply)
			json_array_append_new(replies, reply);
	}
	if (json_array_size(replies) > 0)
		return replies;
	json_decref(replies);
	return NULL;
}

char *rpc_refuse(int code, const char *message)
{
	struct rpc_error error = {0};
	json_t *reply;
	char *text;

	rpc_error_set(&error, code, "%s", message);
	reply = error_reply(&error, json_null());
	text = reply ? json_dumps(reply, DUMP_FLAGS) : NULL;
	json_decref(reply);
	return text;
}

char *rpc_serve(const struct rpc_method *methods, void *ctx, const char *line, size_t len)
{
	json_error_t fault;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &fault);
	char message[sizeof(fault.text) + 64];
	json_t *reply;
	char *text;

	if (!request) {
		snprintf(message, sizeof(message), "not JSON: %s, at column %d", fault.text,
			fault.column);
		return rpc_refuse(RPC_PARSE_ERROR, message);
	}
	if (json_is_array(request))
		reply = serve_batch(methods, ctx, request);
	else
		reply = serve_one(methods, ctx, request);
	json_decref(request);
	if (!reply)
		return NULL;
	text = json_dumps(reply, DUMP_FLAGS);
	json_decref(reply);
	return text;
}
