/* SPDX-License-Identifier: BSD-3-Clause */
/* What went wrong, as text or as JSON. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctrl/cli/cli.h"
#include "ctrl/rpc.h"

void cli_error_set(struct cli_error *error, int exit, const char *format, ...)
{
	va_list args;

	memset(error, 0, sizeof(*error));
	error->exit = exit;
	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
}

void cli_error_reply(struct cli_error *error, const json_t *error_member)
{
	const char *message = json_string_value(json_object_get(error_member, "message"));
	int code = (int)json_integer_value(json_object_get(error_member, "code"));

	cli_error_set(error, code == RPC_INFEASIBLE ? CLI_INFEASIBLE : CLI_REFUSED, "%s",
		message ? message : "the daemon's answer has neither result nor error");
	error->code = code;
	error->data = json_incref(json_object_get(error_member, "data"));
}

static void print_json(const struct cli_error *error, FILE *out)
{
	json_t *object = json_pack("{s:{s:s, s:i, s:i, s:O*}}", "error", "message", error->message,
		"code", error->code, "exit", error->exit, "data", error->data);

	if (!object) /* the message holds bytes that are no UTF-8, from the command line */
		object = json_pack("{s:{s:s, s:i, s:i}}", "error", "message", "bad argument",
			"code", error->code, "exit", error->exit);
	json_dumpf(object, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(object);
}

void cli_error_print(const struct cli_error *error, bool json, FILE *out)
{
	json_t *lines = json_object_get(error->data, "diag"), *line;
	size_t i;

	if (json) {
		print_json(error, out);
		return;
	}
	json_array_foreach (lines, i, line)
		fprintf(out, "%s\n", json_string_value(line));
	fprintf(out, "hpsrctl: %s\n", error->message);
}

void cli_error_fini(struct cli_error *error)
{
	json_decref(error->data);
	error->data = NULL;
}
