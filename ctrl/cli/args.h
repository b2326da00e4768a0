/* SPDX-License-Identifier: BSD-3-Clause */
/* The arguments of hpsrctl's commands as parameters of requests. */
#ifndef HPSR_CTRL_CLI_ARGS_H
#define HPSR_CTRL_CLI_ARGS_H

#include "ctrl/cli/cli.h"

/* Of vpxi apply: fits into a request line of 1 MiB, mostly. A larger file the daemon reads itself.
 */
#define ARGS_FILE_MAX (768u << 10)

int args_vr(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error);
int args_vr_slice(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error);
int args_vr_optional(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error);
int args_latency(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error);
int args_route(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error);
int args_rate_show(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error);
int args_rate_set(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error);
int args_time(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error);
int args_vpxi(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error);
int args_vpxi_file(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error);
int args_reload(int argc, char **argv, const struct cli_options *options, json_t **params,
	struct cli_error *error);
/* "1s", "500ms", "2" (seconds) -> milliseconds from 1 to 3600000. 0 or -EINVAL. */
int args_duration(const char *text, unsigned int *ms);

#endif
