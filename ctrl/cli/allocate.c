/* SPDX-License-Identifier: BSD-3-Clause */
/* hpsrctl allocate: lib/ratealloc alone, without a daemon. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctrl/cli/cli.h"
#include "ctrl/cli/show.h"
#include "ctrl/rpc.h"
#include "lib/rate.h"
#include "lib/ratealloc.h"

#define RATE_TEXT_MAX 64

static int parse_part(const char *text, size_t len, uint64_t none, uint64_t *bps)
{
	char part[RATE_TEXT_MAX];

	if (len == 0) {
		*bps = none;
		return 0;
	}
	if (len >= sizeof(part))
		return -EINVAL;
	memcpy(part, text, len);
	part[len] = '\0';
	return rate_parse(part, bps) < 0 || *bps > INT64_MAX ? -EINVAL : 0;
}

/* "MIN:MAX"; either may be empty: no guarantee, up to the capacity. */
static int parse_link(const char *text, struct ratealloc_req *req)
{
	const char *colon = strchr(text, ':');

	if (!colon || strchr(colon + 1, ':'))
		return -EINVAL;
	if (parse_part(text, (size_t)(colon - text), 0, &req->min_bps) < 0)
		return -EINVAL;
	return parse_part(colon + 1, strlen(colon + 1), UINT64_MAX, &req->max_bps);
}

static void error_fault(
	struct cli_error *error, uint64_t capacity, const struct ratealloc_error *fault)
{
	char excess[RATE_STRLEN], text[RATE_STRLEN];
	bool over_max = fault->fault == RATEALLOC_MIN_OVER_MAX;

	rate_print(fault->excess_bps, excess);
	if (over_max)
		cli_error_set(error, CLI_INFEASIBLE, "infeasible: link %zu: min exceeds max by %s",
			fault->index + 1, excess);
	else
		cli_error_set(error, CLI_INFEASIBLE,
			"infeasible: the sum of the minima exceeds the capacity %s by %s, first at "
			"link %zu",
			rate_print(capacity, text), excess, fault->index + 1);
	error->code = RPC_INFEASIBLE;
	error->data = json_pack("{s:s, s:I, s:I, s:I}", "constraint",
		over_max ? "min_over_max" : "minima_over_capacity", "link",
		(json_int_t)fault->index + 1, "capacity_bps", (json_int_t)capacity, "excess_bps",
		(json_int_t)fault->excess_bps);
}

static json_t *result_json(
	uint64_t capacity, const struct ratealloc_req *reqs, const uint64_t *granted, size_t n)
{
	json_t *links = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(links,
			json_pack("{s:I, s:o, s:I}", "min_bps", (json_int_t)reqs[i].min_bps,
				"max_bps",
				reqs[i].max_bps == UINT64_MAX
					? json_null()
					: json_integer((json_int_t)reqs[i].max_bps),
				"granted_bps", (json_int_t)granted[i]));
	return json_pack("{s:I, s:o}", "capacity_bps", (json_int_t)capacity, "links", links);
}

static int solve(int argc, char **argv, uint64_t capacity, struct ratealloc_req *reqs,
	uint64_t *granted, struct cli_error *error)
{
	struct ratealloc_error fault;

	for (int i = 0; i < argc; i++) {
		if (parse_link(argv[i], &reqs[i]) == 0)
			continue;
		cli_error_set(
			error, CLI_USAGE, "'%.100s' is not MIN:MAX, as 100Mbps:500Mbps", argv[i]);
		return error->exit;
	}
	if (ratealloc_solve(capacity, reqs, (size_t)argc, granted, &fault) < 0) {
		error_fault(error, capacity, &fault);
		return error->exit;
	}
	return CLI_DONE;
}

int cli_allocate(int argc, char **argv, const struct cli_options *options, FILE *out,
	struct cli_error *error)
{
	struct ratealloc_req *reqs;
	uint64_t capacity, *granted;
	json_t *result;
	int code;

	if (!options->capacity || rate_parse(options->capacity, &capacity) < 0 ||
		capacity > INT64_MAX) {
		cli_error_set(error, CLI_USAGE, "--capacity needs a rate, as 2Gbps");
		return error->exit;
	}
	if (argc == 0) {
		cli_error_set(error, CLI_USAGE, "no link given: MIN:MAX...");
		return error->exit;
	}
	reqs = calloc((size_t)argc, sizeof(*reqs));
	granted = calloc((size_t)argc, sizeof(*granted));
	if (reqs && granted) {
		code = solve(argc, argv, capacity, reqs, granted, error);
	} else {
		cli_error_set(error, CLI_REFUSED, "%s", strerror(ENOMEM));
		code = error->exit;
	}
	if (code == CLI_DONE) {
		result = result_json(capacity, reqs, granted, (size_t)argc);
		if (options->json) {
			json_dumpf(result, out, JSON_COMPACT);
			fputc('\n', out);
		} else {
			show_allocation(result, out);
		}
		json_decref(result);
	}
	free(granted);
	free(reqs);
	return code;
}
