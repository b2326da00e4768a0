/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/control.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "ctrl/boot.h"
#include "ctrl/notify.h"
#include "ctrl/reconf.h"
#include "ctrl/timeline.h"
#include "lib/log.h"

uint64_t control_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void control_notify(const struct control *control, const char *before)
{
	const struct model_site *site = control->running.model;
	int rc = notify_send("%sSTATUS=site %s: %zu VPXIs, %zu vrouters, %zu ports", before,
		site->name, site->n_vpxis, control->running.ids.vrs.n, site->n_ports);

	if (rc < 0)
		log_warn("control", "service manager not notified: %s", strerror(-rc));
}

static void config_applied(struct control *control)
{
	control->reloads.last_ok = true;
	control->reloads.applied_at_s = (uint64_t)time(NULL);
}

int control_start(struct control *control, struct model_site *site, struct diag *diag)
{
	int rc = running_change(&control->running, site, diag, NULL);

	if (rc < 0)
		return rc;
	config_applied(control);
	running_settle(&control->running);
	timeline_timer_arm(control);
	rc = stats_tick(&control->stats, &control->running, control_now_ns());
	if (rc < 0)
		log_warn("control", "statistics: %s", strerror(-rc));
	return 0;
}

static int reload(struct control *control, const char *file, struct diag *diag, json_t **changes)
{
	struct check_bufs bufs = running_bufs(control->running.model);
	struct model_site *next;
	int rc = boot_load(file, &bufs, &next, diag);

	if (rc < 0)
		return rc;
	rc = reconf_check_restart(control->running.model, next, diag);
	if (rc == 0)
		rc = running_change(&control->running, next, diag, changes);
	if (rc < 0) {
		model_site_destroy(next);
		return rc;
	}
	running_settle(&control->running);
	timeline_timer_arm(control);
	return 0;
}

int control_reload(struct control *control, const char *file, struct diag *diag, json_t **changes)
{
	int rc;

	if (!file)
		file = control->config;
	if (!file) {
		diag_error(diag, (struct model_loc){0}, "no site file to reload");
		return -EINVAL;
	}
	notify_reloading();
	rc = reload(control, file, diag, changes);
	control_notify(control, "READY=1\n");
	if (rc < 0) {
		control->reloads.n_refused++;
		control->reloads.last_ok = false;
		log_error("control", "reload refused file=%s faults=%zu", file, diag->n_errors);
		return rc;
	}
	control->reloads.n_applied++;
	config_applied(control);
	log_info("control", "reloaded file=%s", file);
	return 0;
}

void control_tick(struct control *control)
{
	int rc;

	/* Instants come by the timer; here those that failed, and clocks that were set. */
	timeline_run(control, NULL);
	timeline_timer_arm(control);
	rc = events_tick(&control->events, &control->running);
	if (rc == 0)
		rc = stats_tick(&control->stats, &control->running, control_now_ns());
	if (rc < 0)
		log_warn("control", "statistics: %s", strerror(-rc));
	if (control->stats.speed_changed || control->running.unsettled)
		running_settle(&control->running);
}
