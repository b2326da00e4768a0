/* SPDX-License-Identifier: BSD-3-Clause */
/* hpsrctl: command line in, one JSON-RPC request out, its result as text or JSON. */
#ifndef HPSR_CTRL_CLI_CLI_H
#define HPSR_CTRL_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum {
	CLI_DONE = 0,
	CLI_REFUSED = 1,
	CLI_USAGE = 2,
	CLI_INFEASIBLE = 3,
	CLI_NO_DAEMON = 4,
};

#define CLI_ERROR_LEN 512

struct cli_options {
	const char *socket;    /* NULL: HPSROUTER_SOCKET, or the only one in /run/hpsrouter */
	const char *capacity;  /* allocate */
	const char *substrate; /* vxdl plan */
	const char *output;    /* vxdl plan */
	const char *at;        /* vxdl plan */
	const char *window;    /* latency */
	const char *count;     /* top */
	const char *interval;  /* top */
	bool reset;            /* latency */
	bool json;
	bool help;
	bool version;
};

struct cli_error {
	int exit;
	int code; /* of JSON-RPC; 0: made by hpsrctl itself */
	char message[CLI_ERROR_LEN];
	json_t *data; /* NULL: none */
};

void cli_error_set(struct cli_error *error, int exit, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The error of a JSON-RPC reply; ERROR_MEMBER may be anything. */
void cli_error_reply(struct cli_error *error, const json_t *error_member);
/* As text, or as one JSON document, to OUT. */
void cli_error_print(const struct cli_error *error, bool json, FILE *out);
void cli_error_fini(struct cli_error *error);

struct cli_command {
	const char *object;
	const char *verb;      /* NULL: the object alone is the command */
	const char *arguments; /* for the usage line, "" for none */
	const char *help;
	const char *method; /* NULL: not a single request */
	/* Arguments after the verb -> params (a new object, or NULL for none). 0, or -EINVAL with
	 * *error. NULL: takes no argument. */
	int (*parse)(int argc, char **argv, const struct cli_options *options, json_t **params,
		struct cli_error *error);
	/* The result as text. NULL: nothing to say. */
	void (*show)(const json_t *result, FILE *out);
	const char *option; /* the long option of its own that it takes besides -s and -j */
};

/* Ends with an entry without object. */
extern const struct cli_command cli_commands[];

/* Options and positional arguments apart: *argc and argv keep the latter. 0 or -EINVAL. */
int cli_options_parse(int *argc, char **argv, struct cli_options *options, struct cli_error *error);
/* The command of the first words; *used says how many of them it takes. NULL with *error. */
const struct cli_command *cli_command_lookup(
	int argc, char **argv, int *used, struct cli_error *error);
/* Are the options of other commands absent? 0 or -EINVAL. */
int cli_command_options(const struct cli_command *command, const struct cli_options *options,
	struct cli_error *error);
void cli_usage(FILE *out);
void cli_command_usage(const struct cli_command *command, FILE *out);

/* Commands that are more than one request. Return the exit code; errors are printed. */
int cli_allocate(int argc, char **argv, const struct cli_options *options, FILE *out,
	struct cli_error *error);
int cli_vxdl_check(int argc, char **argv, const struct cli_options *options, FILE *out,
	struct cli_error *error);
int cli_vxdl_plan(int argc, char **argv, const struct cli_options *options, FILE *out,
	struct cli_error *error);
int cli_vxdl_remove(int argc, char **argv, const struct cli_options *options, FILE *out,
	struct cli_error *error);
int cli_top(const struct cli_options *options, FILE *out, struct cli_error *error);

#endif
