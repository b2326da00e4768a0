/* SPDX-License-Identifier: BSD-3-Clause */
/* hpsrctl: one command, one request, one answer. */
#include <stdio.h>
#include <string.h>

#include "ctrl/cli/cli.h"
#include "ctrl/cli/client.h"

static void print_result(
	const struct cli_command *command, const json_t *result, const struct cli_options *options)
{
	if (options->json) {
		json_dumpf(result, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
		fputc('\n', stdout);
	} else if (command->show) {
		command->show(result, stdout);
	}
}

static int request(const struct cli_command *command, int argc, char **argv,
	const struct cli_options *options, struct cli_error *error)
{
	char path[CLIENT_PATH_LEN];
	json_t *params = NULL, *result;
	struct client client;

	if (command->parse) {
		if (command->parse(argc, argv, options, &params, error) < 0)
			return error->exit;
	} else if (argc > 0) {
		cli_error_set(error, CLI_USAGE, "unexpected argument '%.200s'", argv[0]);
		return error->exit;
	}
	if (client_path(options->socket, CLIENT_SOCKETS, path, error) < 0 ||
		client_open(&client, path, error) < 0) {
		json_decref(params);
		return error->exit;
	}
	result = client_call(&client, command->method, params, error);
	client_close(&client);
	if (!result)
		return error->exit;
	print_result(command, result, options);
	json_decref(result);
	return CLI_DONE;
}

/* The usage of the command, or of all commands of an object alone. */
static int help(int argc, char **argv, struct cli_error *error)
{
	const struct cli_command *command;
	bool found = false;
	int used;

	if (argc == 0) {
		cli_usage(stdout);
		return CLI_DONE;
	}
	command = cli_command_lookup(argc, argv, &used, error);
	if (command) {
		cli_command_usage(command, stdout);
		return CLI_DONE;
	}
	for (command = cli_commands; argc == 1 && command->object; command++) {
		if (strcmp(command->object, argv[0]) != 0)
			continue;
		cli_command_usage(command, stdout);
		found = true;
	}
	return found ? CLI_DONE : error->exit;
}

static int run(int argc, char **argv, const struct cli_options *options, struct cli_error *error)
{
	const struct cli_command *command;
	int used;

	if (options->version) {
		puts("hpsrctl " HPSROUTER_VERSION);
		return CLI_DONE;
	}
	if (options->help)
		return help(argc, argv, error);
	command = cli_command_lookup(argc, argv, &used, error);
	if (!command)
		return error->exit;
	if (cli_command_options(command, options, error) < 0)
		return error->exit;
	argc -= used;
	argv += used;
	if (command->method)
		return request(command, argc, argv, options, error);
	if (strcmp(command->object, "allocate") == 0)
		return cli_allocate(argc, argv, options, stdout, error);
	if (strcmp(command->object, "vxdl") == 0 && strcmp(command->verb, "plan") == 0)
		return cli_vxdl_plan(argc, argv, options, stdout, error);
	if (strcmp(command->object, "vxdl") == 0 && strcmp(command->verb, "remove") == 0)
		return cli_vxdl_remove(argc, argv, options, stdout, error);
	if (strcmp(command->object, "vxdl") == 0)
		return cli_vxdl_check(argc, argv, options, stdout, error);
	if (argc > 0) {
		cli_error_set(error, CLI_USAGE, "unexpected argument '%.200s'", argv[0]);
		return error->exit;
	}
	return cli_top(options, stdout, error);
}

int main(int argc, char **argv)
{
	struct cli_options options = {0};
	struct cli_error error = {0};
	int code;

	if (cli_options_parse(&argc, argv, &options, &error) < 0)
		code = error.exit;
	else
		code = run(argc, argv, &options, &error);
	if (code != CLI_DONE) {
		cli_error_print(&error, options.json, stderr);
		if (code == CLI_USAGE && !options.json && !error.data)
			fputs("Try 'hpsrctl --help'.\n", stderr);
	}
	cli_error_fini(&error);
	if (fflush(stdout) != 0 && code == CLI_DONE)
		code = CLI_REFUSED;
	return code;
}
