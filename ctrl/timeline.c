/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/timeline.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>

#include "config/lease.h"
#include "ctrl/clock.h"
#include "lib/log.h"

static void tell(const struct model_site *site, int64_t before_s, int64_t now_s)
{
	char text[LEASE_TIME_STRLEN];

	for (size_t v = 0; v < site->n_vpxis; v++) {
		const struct model_vpxi *vpxi = &site->vpxis[v];
		enum lease_state state = lease_state(vpxi, now_s);
		const struct model_period *period = lease_period(vpxi, now_s);

		if (state != lease_state(vpxi, before_s) || period != lease_period(vpxi, before_s))
			log_info("timeline", "vpxi %s: %s%s%s at=%s", vpxi->name,
				lease_state_name(state), period ? " period=" : "",
				period ? period->name : "", lease_time_print(now_s, text));
	}
}

int timeline_run(struct control *control, json_t **changes)
{
	int64_t now_s = clock_now_s(), before_s = control->running.at_s;
	const struct model_site *site = running_accepted(&control->running);
	struct diag diag;
	char *lines;
	int rc;

	if (changes)
		*changes = NULL;
	if (!lease_site_has(site) ||
		(now_s >= before_s && lease_site_next_change(site, before_s) > now_s &&
			!control->running.behind))
		return 0;
	if (diag_init(&diag, "timeline") < 0)
		return -ENOMEM;
	rc = running_advance(&control->running, now_s, &diag, changes);
	if (rc < 0) {
		lines = diag_format(&diag);
		log_error("timeline", "instant not applied, will be tried again: %s",
			lines ? lines : strerror(-rc));
		free(lines);
	} else {
		tell(running_accepted(&control->running), before_s, now_s);
	}
	control->running.behind = rc < 0;
	diag_fini(&diag);
	if (rc < 0 && changes) {
		json_decref(*changes);
		*changes = NULL;
	}
	return rc;
}

int timeline_timer_create(void)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

void timeline_timer_arm(const struct control *control)
{
	const struct running *running = &control->running;
	int64_t next_s = lease_site_next_change(running_accepted(running), running->at_s);
	struct itimerspec timer = {0};

	if (control->timer_fd <= 0)
		return;
	/* The tick tries again what failed. */
	if (next_s != MODEL_TIME_NONE && !clock_is_manual() && !running->behind)
		timer.it_value.tv_sec = (time_t)next_s;
	if (timerfd_settime(control->timer_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &timer,
		    NULL) < 0)
		log_warn("timeline", "timer not set: %s", strerror(errno));
}
