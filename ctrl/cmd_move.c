/* SPDX-License-Identifier: BSD-3-Clause */
/* vrouter.move: a virtual router goes to another slice, or within its own to a worker with less. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctrl/clock.h"
#include "ctrl/cmd.h"
#include "ctrl/timeline.h"
#include "lib/log.h"

/* The model of what runs does not name workers: within its slice, only the dataplane changes. */
static int move_within(const struct running_vr *vr, const char *slice, char *err)
{
	struct dp_txn *txn = dp_txn_begin();
	int rc;

	if (!txn)
		return -ENOMEM;
	rc = dp_txn_vr_move(txn, vr->id, slice, err);
	if (rc < 0)
		dp_txn_abort(txn);
	else
		dp_txn_commit(txn);
	return rc;
}

/* What was accepted, with the router in its new slice. NULL: out of memory. */
static struct model_site *site_with(
	const struct model_site *site, const struct running_vr *vr, const char *slice)
{
	struct model_site *next = model_site_clone(site);
	struct model_router *router;

	if (!next)
		return NULL;
	router = model_router_lookup(model_vpxi_lookup(next, vr->vpxi->name), vr->router->name);
	snprintf(router->slice, sizeof(router->slice), "%s", slice);
	return next;
}

static int move_to(struct control *control, const struct running_vr *vr, const char *slice,
	struct rpc_error *error)
{
	struct model_site *next;
	struct diag diag;
	int rc;

	if (diag_init(&diag, "vrouter move") < 0) {
		rpc_error_set(error, RPC_INTERNAL_ERROR, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	next = site_with(running_accepted(&control->running), vr, slice);
	if (next) {
		next->now_s = clock_now_s();
		rc = running_change(&control->running, next, &diag, NULL);
		if (rc < 0)
			model_site_destroy(next);
	} else {
		rc = -ENOMEM;
	}
	if (rc == -ENOMEM && diag.n_errors == 0)
		rpc_error_set(error, RPC_INTERNAL_ERROR, "%s", strerror(ENOMEM));
	else if (rc < 0)
		cmd_error_diag(error, &diag, "vrouter move");
	else
		timeline_timer_arm(control);
	diag_fini(&diag);
	return rc;
}

json_t *cmd_vrouter_move(void *ctx, json_t *params, struct rpc_error *error)
{
	const char *slice = cmd_string(params, "slice");
	struct control *control = ctx;
	char err[DP_ERR_LEN] = "";
	struct dp_vr_stats stats;
	char name[DP_VR_NAME_LEN];
	struct running_vr vr;
	uint32_t before;
	int rc;

	if (cmd_vr(control, params, &vr, error) < 0)
		return NULL;
	if (!model_slice_lookup(control->running.model, slice)) {
		rpc_error_set(error, RPC_NOT_FOUND, "no slice '%.64s'", slice);
		return NULL;
	}
	snprintf(name, sizeof(name), "%s/%s", vr.vpxi->name, vr.router->name);
	if (dp_vr_stats_get(vr.id, &stats) < 0) {
		rpc_error_set(error, RPC_REFUSED, "vrouter move %s: not there", name);
		return NULL;
	}
	before = stats.worker;
	if (strcmp(vr.router->slice, slice) == 0) {
		rc = move_within(&vr, slice, err);
		if (rc < 0)
			rpc_error_set(error, RPC_REFUSED, "vrouter move %s: %s", name,
				err[0] ? err : strerror(-rc));
	} else {
		rc = move_to(control, &vr, slice, error);
	}
	/* The names of the model before are gone. */
	if (rc < 0 || running_vr_lookup(&control->running, name, &vr) < 0 ||
		dp_vr_stats_get(vr.id, &stats) < 0)
		return NULL;
	log_info("control", "vrouter %s: moved to slice %s, worker %u", name, slice, stats.worker);
	return json_pack("{s:s, s:s, s:s, s:I, s:b}", "vpxi", vr.vpxi->name, "vrouter", name,
		"slice", vr.router->slice, "worker", (json_int_t)stats.worker, "moved",
		stats.worker != before);
}
