/* SPDX-License-Identifier: BSD-3-Clause */
/* hpsrctl vxdl check: a request against the language, without a daemon. */
#include <errno.h>
#include <string.h>

#include "config/vxdl.h"
#include "ctrl/cli/cli.h"
#include "ctrl/cli/vxdl.h"

int cli_vxdl_fault(struct cli_error *error, int exit, const char *path, int rc, struct diag *diag)
{
	char *report = diag_format(diag), *line, *rest = report;
	json_t *lines;

	if (diag->n_errors == 0 || !report) {
		cli_error_set(error, exit, "%.300s: %s", path, strerror(report ? -rc : ENOMEM));
		free(report);
		return error->exit;
	}
	cli_error_set(error, exit, "%.300s: %zu %s", path, diag->n_errors,
		diag->n_errors == 1 ? "fault" : "faults");
	lines = json_array();
	while ((line = strsep(&rest, "\n")) != NULL && *line) {
		/* A value of the file need not be UTF-8. */
		json_t *text = json_string(line);

		json_array_append_new(lines, text ? text : json_string("(not UTF-8)"));
	}
	if (!error->data)
		error->data = json_object();
	json_object_set_new(error->data, "diag", lines);
	free(report);
	return error->exit;
}

int cli_vxdl_check(int argc, char **argv, const struct cli_options *options, FILE *out,
	struct cli_error *error)
{
	struct vxdl *request;
	struct diag diag;
	json_t *result;
	int rc;

	if (argc != 1) {
		cli_error_set(error, CLI_USAGE,
			argc ? "vxdl check takes one FILE" : "which file? FILE is missing");
		return error->exit;
	}
	if (diag_init(&diag, argv[0]) < 0) {
		cli_error_set(error, CLI_REFUSED, "%s", strerror(ENOMEM));
		return error->exit;
	}
	rc = vxdl_parse_file(argv[0], &request, &diag);
	if (rc < 0) {
		cli_vxdl_fault(error, CLI_USAGE, argv[0], rc, &diag);
		diag_fini(&diag);
		return error->exit;
	}
	diag_fini(&diag);
	result = json_pack("{s:s, s:s, s:I, s:I, s:I}", "vpxi", request->id, "owner",
		request->owner, "resources", (json_int_t)request->n_resources, "links",
		(json_int_t)request->n_links, "periods", (json_int_t)request->n_periods);
	if (options->json)
		json_dumpf(result, out, JSON_COMPACT);
	else
		fprintf(out, "%s: VPXI %s of %s, %zu resources, %zu links, %zu periods", argv[0],
			request->id, request->owner, request->n_resources, request->n_links,
			request->n_periods);
	fputc('\n', out);
	json_decref(result);
	vxdl_destroy(request);
	return CLI_DONE;
}
