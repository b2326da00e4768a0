/* SPDX-License-Identifier: BSD-3-Clause */
/* Methods clock.show and clock.set. */
#include <string.h>

#include "config/lease.h"
#include "ctrl/clock.h"
#include "ctrl/cmd.h"
#include "ctrl/timeline.h"
#include "ctrl/view.h"

static json_t *view_clock(struct control *control)
{
	const struct running *running = &control->running;
	int64_t next_s = lease_site_next_change(running_accepted(running), running->at_s);
	char text[LEASE_TIME_STRLEN];

	return json_pack("{s:s, s:s, s:o}", "clock", clock_is_manual() ? "manual" : "system",
		"time", lease_time_print(clock_now_s(), text), "next_change", view_time(next_s));
}

json_t *cmd_clock_show(void *ctx, json_t *params, struct rpc_error *error)
{
	(void)params;
	(void)error;
	return view_clock(ctx);
}

json_t *cmd_clock_set(void *ctx, json_t *params, struct rpc_error *error)
{
	const char *text = cmd_string(params, "time");
	struct control *control = ctx;
	json_t *changes, *object;
	int64_t now_s;
	int rc;

	if (!clock_is_manual()) {
		rpc_error_set(error, RPC_REFUSED,
			"clock set: the daemon runs by the system's clock (--clock manual:TIME)");
		return NULL;
	}
	if (lease_time_parse(text, &now_s) < 0) {
		rpc_error_set(error, RPC_INVALID_PARAMS,
			"clock set: '%.60s' is no time in UTC such as 2026-12-01T08:00:00Z", text);
		return NULL;
	}
	clock_set_manual(now_s);
	rc = timeline_run(control, &changes);
	if (rc < 0) {
		rpc_error_set(error, RPC_REFUSED,
			"clock set: the instant was not applied and will be tried again: %s",
			strerror(-rc));
		return NULL;
	}
	object = view_clock(control);
	json_object_set_new(object, "changes", changes ? changes : json_array());
	return object;
}
