/* SPDX-License-Identifier: BSD-3-Clause */
/* Methods that change the model as a whole: vpxi.apply, vpxi.remove, reload; and config.show. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/check.h"
#include "config/print.h"
#include "config/site.h"
#include "ctrl/clock.h"
#include "ctrl/cmd.h"
#include "ctrl/reconf.h"
#include "ctrl/timeline.h"
#include "lib/log.h"
#include "lib/rate.h"

/* Takes CHANGES over. */
static json_t *change_result(json_t *changes, const struct diag *diag)
{
	return json_pack("{s:I, s:o, s:o}", "changed", (json_int_t)json_array_size(changes),
		"changes", changes, "warnings", cmd_diag_lines(diag));
}

static void error_memory(struct rpc_error *error)
{
	rpc_error_set(error, RPC_INTERNAL_ERROR, "%s", strerror(ENOMEM));
}

json_t *cmd_reload(void *ctx, json_t *params, struct rpc_error *error)
{
	const char *file = cmd_string(params, "file");
	json_t *changes = NULL, *result = NULL;
	struct control *control = ctx;
	struct diag diag;

	if (diag_init(&diag, file ? file : control->config ? control->config : "-") < 0) {
		error_memory(error);
		return NULL;
	}
	if (control_reload(control, file, &diag, &changes) < 0)
		cmd_error_diag(error, &diag, "reload");
	else
		result = change_result(changes, &diag);
	diag_fini(&diag);
	return result;
}

/* ---- one VPXI ---- */

/* The parser reads files: TEXT becomes one without a name. */
static int parse_vpxi(const char *text, struct model_vpxi **vpxi, struct diag *diag)
{
	size_t len = strlen(text), done = 0;
	char path[64];
	int fd = memfd_create("vpxi", MFD_CLOEXEC), rc = 0;

	*vpxi = NULL;
	if (fd < 0)
		return -errno;
	while (rc == 0 && done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0)
			rc = -errno;
		else
			done += (size_t)n;
	}
	if (rc == 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		rc = site_parse_vpxi_file(path, vpxi, diag);
	}
	close(fd);
	return rc;
}

int cmd_check_bufs(const struct model_site *next, struct rpc_error *error)
{
	struct check_bufs bufs = running_bufs(next);
	uint64_t needed = check_bufs_needed(next, &bufs);

	if (bufs.total == 0 || needed <= bufs.total)
		return 0;
	rpc_error_set(error, RPC_INFEASIBLE,
		"infeasible: queues, ports and routers can hold %llu packet buffers, the pool has "
		"%llu: %llu too few",
		(unsigned long long)needed, (unsigned long long)bufs.total,
		(unsigned long long)(needed - bufs.total));
	error->data = json_pack("{s:s, s:I, s:I, s:I}", "constraint", "buffers", "needed",
		(json_int_t)needed, "total", (json_int_t)bufs.total, "excess",
		(json_int_t)(needed - bufs.total));
	return -ENOSPC;
}

/* Do guarantees and buffers fit? 0, or -ENOSPC or -ENOMEM with *error. */
static int check_feasible(
	struct control *control, const struct model_site *next, struct rpc_error *error)
{
	struct grant_speeds speeds = running_speeds(&control->running);
	struct grant_fault fault;

	for (size_t p = 0; p < next->n_ports; p++) {
		int rc = grant_check(next, &next->ports[p], &speeds, &fault);

		if (rc == -ENOSPC)
			cmd_error_fault(error, &fault);
		else if (rc < 0)
			error_memory(error);
		if (rc < 0)
			return rc;
	}
	return cmd_check_bufs(next, error);
}

static size_t vpxi_index(const struct model_site *site, const char *name)
{
	size_t i;

	for (i = 0; i < site->n_vpxis; i++) {
		if (strcmp(site->vpxis[i].name, name) == 0)
			break;
	}
	return i;
}

/* A copy of what runs with *VPXI (taken over on success) in its old place, or at the end. */
static struct model_site *site_with(const struct model_site *site, struct model_vpxi *vpxi)
{
	struct model_site *next = model_site_clone(site);
	size_t index = vpxi_index(site, vpxi->name), last;
	struct model_vpxi old;

	if (!next || model_vpxi_add(next, vpxi) < 0) {
		model_site_destroy(next);
		return NULL;
	}
	last = next->n_vpxis - 1;
	if (index < last) {
		old = next->vpxis[index];
		next->vpxis[index] = next->vpxis[last];
		next->vpxis[last] = old;
		model_vpxi_del(next, last);
	}
	return next;
}

/* Takes NEXT over in any case. */
static json_t *change_into(struct control *control, struct model_site *next, struct diag *diag,
	const char *what, struct rpc_error *error)
{
	struct check_bufs bufs = running_bufs(next);
	json_t *changes;

	if (check_site(next, &bufs, diag) < 0 || reconf_check_supported(next, diag) < 0 ||
		running_change(&control->running, next, diag, &changes) < 0) {
		cmd_error_diag(error, diag, what);
		model_site_destroy(next);
		return NULL;
	}
	/* Ports that came with it may have said their speed now. */
	running_settle(&control->running);
	timeline_timer_arm(control);
	return change_result(changes, diag);
}

static json_t *apply_vpxi(struct control *control, struct model_vpxi *vpxi, struct diag *diag,
	struct rpc_error *error)
{
	struct model_site *next = site_with(running_accepted(&control->running), vpxi);
	json_t *result;

	if (!next) {
		model_vpxi_fini(vpxi);
		error_memory(error);
		return NULL;
	}
	next->now_s = clock_now_s();
	if (check_feasible(control, next, error) < 0) {
		model_site_destroy(next);
		return NULL;
	}
	result = change_into(control, next, diag, "vpxi apply", error);
	if (result)
		log_info("control", "vpxi applied file=%s", diag->file);
	return result;
}

json_t *cmd_vpxi_apply(void *ctx, json_t *params, struct rpc_error *error)
{
	const char *file = cmd_string(params, "file"), *text = cmd_string(params, "text");
	struct model_vpxi *vpxi;
	json_t *result = NULL;
	struct diag diag;
	int rc;

	if (!file && !text) {
		rpc_error_set(error, RPC_INVALID_PARAMS, "vpxi.apply: text or file is needed");
		return NULL;
	}
	if (diag_init(&diag, file ? file : "vpxi") < 0) {
		error_memory(error);
		return NULL;
	}
	rc = text ? parse_vpxi(text, &vpxi, &diag) : site_parse_vpxi_file(file, &vpxi, &diag);
	if (rc < 0) {
		if (diag.n_errors == 0)
			diag_error(&diag, (struct model_loc){0}, "%s", strerror(-rc));
		cmd_error_diag(error, &diag, "vpxi apply");
	} else {
		result = apply_vpxi(ctx, vpxi, &diag, error);
		free(vpxi); /* what it held was taken over */
	}
	diag_fini(&diag);
	return result;
}

json_t *cmd_vpxi_remove(void *ctx, json_t *params, struct rpc_error *error)
{
	const char *name = cmd_string(params, "vpxi");
	struct control *control = ctx;
	const struct model_site *site = running_accepted(&control->running);
	size_t index = vpxi_index(site, name);
	struct model_site *next;
	json_t *result = NULL;
	struct diag diag;

	if (index == site->n_vpxis) {
		rpc_error_set(error, RPC_NOT_FOUND, "no VPXI '%.100s'", name);
		return NULL;
	}
	next = model_site_clone(site);
	if (!next || diag_init(&diag, "vpxi remove") < 0) {
		model_site_destroy(next);
		error_memory(error);
		return NULL;
	}
	next->now_s = clock_now_s();
	model_vpxi_del(next, index);
	result = change_into(control, next, &diag, "vpxi remove", error);
	if (result)
		log_info("control", "vpxi removed vpxi=%s", name);
	diag_fini(&diag);
	return result;
}

json_t *cmd_config_show(void *ctx, json_t *params, struct rpc_error *error)
{
	struct control *control = ctx;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	json_t *result = NULL;
	int rc;

	(void)params;
	if (!out) {
		error_memory(error);
		return NULL;
	}
	rc = print_site(running_accepted(&control->running), out);
	if (fclose(out) == 0 && rc == 0)
		result = json_pack("{s:s}", "yaml", text);
	free(text);
	return result;
}
