/* SPDX-License-Identifier: BSD-3-Clause */
/* hpsrctl vxdl plan: admission of requests into a substrate, and the files of its sites. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "config/textfile.h"
#include "ctrl/cli/vxdl.h"
#include "ctrl/plan/plan.h"
#include "ctrl/rpc.h"
#include "lib/rate.h"

static int fail(struct cli_error *error, const char *what, int rc)
{
	cli_error_set(error, CLI_REFUSED, "%.300s: %s", what, strerror(-rc));
	return error->exit;
}

static int refused(const char *path, const struct vxdl *request, const struct plan_refusal *refusal,
	struct cli_error *error)
{
	json_t *rates = json_array(), *lines = json_array();
	char time[VXDL_TIME_STRLEN], asked[RATE_STRLEN], fits[RATE_STRLEN];

	cli_error_set(error, CLI_INFEASIBLE, "%.200s: VPXI %s is refused: %s", path, request->id,
		refusal->text);
	error->code = RPC_INFEASIBLE;
	for (size_t l = 0; refusal->has_rates && l < refusal->n_links; l++) {
		if (refusal->asked_bps[l] == refusal->fits_bps[l])
			continue;
		json_array_append_new(rates,
			json_pack("{s:s, s:I, s:I}", "link", request->links[l].id, "asked_bps",
				(json_int_t)refusal->asked_bps[l], "fits_bps",
				(json_int_t)refusal->fits_bps[l]));
		json_array_append_new(lines,
			json_sprintf("alternative: link %s with %s instead of %s",
				request->links[l].id, rate_print(refusal->fits_bps[l], fits),
				rate_print(refusal->asked_bps[l], asked)));
	}
	if (refusal->start_s)
		json_array_append_new(lines,
			json_sprintf("alternative: as it is from %s",
				vxdl_print_time(refusal->start_s, time)));
	error->data = json_pack("{s:s, s:s, s:o, s:o, s:o}", "vpxi", request->id, "constraint",
		refusal->constraint, "rates", rates, "start",
		refusal->start_s ? json_string(vxdl_print_time(refusal->start_s, time))
				 : json_null(),
		"diag", lines);
	return error->exit;
}

static int admit(struct plan *plan, const char *path, uint64_t now_s, struct cli_error *error)
{
	struct plan_refusal refusal;
	struct vxdl *request = NULL;
	struct diag diag;
	char *text = NULL;
	size_t len;
	int rc;

	if (diag_init(&diag, path) < 0)
		return fail(error, path, -ENOMEM);
	rc = textfile_read(path, VXDL_FILE_MAX >> 20, "a request", &text, &len, &diag);
	if (rc == 0)
		rc = vxdl_parse_buffer(path, text, len, &request, &diag);
	if (rc < 0) {
		cli_vxdl_fault(error, CLI_USAGE, path, rc, &diag);
	} else {
		rc = plan_admit(plan, request, text, now_s, &refusal);
		if (rc == -ENOSPC)
			refused(path, request, &refusal, error);
		else if (rc < 0)
			fail(error, path, rc);
		if (rc < 0)
			vxdl_destroy(request);
		plan_refusal_fini(&refusal);
	}
	diag_fini(&diag);
	free(text);
	return rc < 0 ? error->exit : CLI_DONE;
}

static int remove_vpxi(struct plan *plan, const char *name, struct cli_error *error)
{
	ssize_t at = plan_lookup(plan, name);

	if (at < 0) {
		cli_error_set(error, CLI_REFUSED, "no VPXI '%.100s'", name);
		return error->exit;
	}
	plan_del(plan, (size_t)at);
	return CLI_DONE;
}

struct plan_job {
	bool remove; /* the arguments are VPXIs to remove, not requests */
	int argc;
	char **argv;
	uint64_t now_s;
	const struct cli_options *options;
};

/* The state first: whatever is killed behind it, the next run writes the same files. */
static int run(struct plan *plan, struct plan_store *store, const struct plan_job *job, FILE *out,
	struct cli_error *error)
{
	char text[PLAN_TEXT_LEN];
	int rc = plan_store_load(store, plan, text), code = CLI_DONE;
	json_t *map;

	if (rc < 0 && text[0])
		cli_error_set(error, CLI_REFUSED, "%s", text);
	else if (rc < 0)
		fail(error, store->dir, rc);
	if (rc < 0)
		return error->exit;
	plan_expire(plan, job->now_s);
	for (int i = 0; code == CLI_DONE && i < job->argc; i++)
		code = job->remove ? remove_vpxi(plan, job->argv[i], error)
				   : admit(plan, job->argv[i], job->now_s, error);
	if (code != CLI_DONE)
		return code;
	rc = plan_store_save(store, plan);
	if (rc < 0)
		return fail(error, store->dir, rc);
	map = plan_map(plan);
	rc = map ? plan_output_write(plan, map, job->options->output) : -ENOMEM;
	if (rc < 0) {
		code = fail(error, job->options->output, rc);
	} else if (job->options->json) {
		json_dumpf(map, out, JSON_COMPACT);
		fputc('\n', out);
	} else {
		plan_map_print(map, out);
	}
	json_decref(map);
	return code;
}

/* Everything around it: the substrate, the folder, the lock. */
static int plan_in(const struct plan_job *job, FILE *out, struct cli_error *error)
{
	const struct cli_options *options = job->options;
	struct substrate *substrate = NULL;
	struct plan_store store;
	struct plan plan;
	struct diag diag;
	char *dir = NULL;
	int rc, code;

	if (diag_init(&diag, options->substrate) < 0)
		return fail(error, "substrate", -ENOMEM);
	rc = substrate_parse_file(options->substrate, &substrate, &diag);
	if (rc < 0)
		cli_vxdl_fault(error, CLI_USAGE, options->substrate, rc, &diag);
	diag_fini(&diag);
	if (rc < 0)
		return error->exit;
	if (mkdir(options->output, 0755) < 0 && errno != EEXIST)
		rc = -errno;
	if (rc == 0 && asprintf(&dir, "%s/state", options->output) < 0)
		rc = -ENOMEM;
	if (rc == 0)
		rc = plan_store_open(&store, dir);
	free(dir);
	if (rc < 0) {
		substrate_destroy(substrate);
		fail(error, options->output, rc);
		if (rc == -EBUSY)
			cli_error_set(error, CLI_REFUSED, "%.300s: another plan is at work there",
				options->output);
		return error->exit;
	}
	rc = plan_init(&plan, substrate);
	code = rc < 0 ? fail(error, "plan", rc) : run(&plan, &store, job, out, error);
	if (rc == 0)
		plan_fini(&plan);
	plan_store_close(&store);
	substrate_destroy(substrate);
	return code;
}

static int start(struct plan_job *job, FILE *out, struct cli_error *error)
{
	const struct cli_options *options = job->options;

	job->now_s = (uint64_t)time(NULL);
	if (!options->substrate || !options->output) {
		cli_error_set(error, CLI_USAGE, "--substrate FILE and -o DIR are needed");
		return error->exit;
	}
	if (options->at && vxdl_parse_time(options->at, &job->now_s) < 0) {
		cli_error_set(error, CLI_USAGE, "--at needs a time such as 2026-12-01T08:00:00Z");
		return error->exit;
	}
	return plan_in(job, out, error);
}

int cli_vxdl_plan(int argc, char **argv, const struct cli_options *options, FILE *out,
	struct cli_error *error)
{
	struct plan_job job = {.argc = argc, .argv = argv, .options = options};

	return start(&job, out, error);
}

int cli_vxdl_remove(int argc, char **argv, const struct cli_options *options, FILE *out,
	struct cli_error *error)
{
	struct plan_job job = {.remove = true, .argc = argc, .argv = argv, .options = options};

	if (argc == 0) {
		cli_error_set(error, CLI_USAGE, "which VPXI? NAME is missing");
		return error->exit;
	}
	return start(&job, out, error);
}
