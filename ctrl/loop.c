/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctrl/notify.h"
#include "ctrl/timeline.h"
#include "lib/log.h"

enum { LOOP_TERM, LOOP_INT, LOOP_HUP, LOOP_TICK, LOOP_WATCHDOG, LOOP_TIMELINE, LOOP_EVENTS };

struct loop {
	struct event_base *base;
	struct event *events[LOOP_EVENTS];
	struct control *control;
};

static void stop_cb(evutil_socket_t signal, short what, void *ctx)
{
	struct loop *loop = ctx;

	(void)what;
	log_info("control", "stopping signal=%s", sigabbrev_np((int)signal));
	event_base_loopbreak(loop->base);
}

static void reload_cb(evutil_socket_t signal, short what, void *ctx)
{
	struct loop *loop = ctx;
	struct diag diag;

	(void)signal;
	(void)what;
	if (diag_init(&diag, loop->control->config) < 0) {
		log_error("control", "reload: %s", strerror(ENOMEM));
		return;
	}
	control_reload(loop->control, NULL, &diag, NULL);
	diag_print(&diag, stderr);
	diag_fini(&diag);
}

static void tick_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *loop = ctx;

	(void)fd;
	(void)what;
	control_tick(loop->control);
}

/* An instant, or ECANCELED: the clock was set. */
static void timeline_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *loop = ctx;
	uint64_t n;

	(void)what;
	if (read((int)fd, &n, sizeof(n)) < 0 && errno != ECANCELED)
		return;
	timeline_run(loop->control, NULL);
	timeline_timer_arm(loop->control);
}

static int add_timeline(struct loop *loop)
{
	int fd = timeline_timer_create();

	if (fd < 0)
		return fd;
	loop->control->timer_fd = fd;
	loop->events[LOOP_TIMELINE] =
		event_new(loop->base, fd, EV_READ | EV_PERSIST, timeline_cb, loop);
	if (!loop->events[LOOP_TIMELINE] || event_add(loop->events[LOOP_TIMELINE], NULL) < 0)
		return -ENOMEM;
	return 0;
}

static void watchdog_cb(evutil_socket_t fd, short what, void *ctx)
{
	int rc = notify_send("WATCHDOG=1");

	(void)fd;
	(void)what;
	(void)ctx;
	if (rc < 0)
		log_debug("control", "watchdog: %s", strerror(-rc));
}

static int add_timer(struct loop *loop, int index, event_callback_fn cb, uint64_t period_us)
{
	struct timeval period = {
		.tv_sec = (time_t)(period_us / 1000000),
		.tv_usec = (suseconds_t)(period_us % 1000000),
	};

	loop->events[index] = event_new(loop->base, -1, EV_PERSIST, cb, loop);
	if (!loop->events[index] || event_add(loop->events[index], &period) < 0)
		return -ENOMEM;
	return 0;
}

static int add_signal(struct loop *loop, int index, int signal, event_callback_fn cb)
{
	loop->events[index] = evsignal_new(loop->base, signal, cb, loop);
	if (!loop->events[index] || event_add(loop->events[index], NULL) < 0)
		return -ENOMEM;
	return 0;
}

int loop_create(struct control *control, struct loop **out)
{
	uint64_t watchdog_us = notify_watchdog_us();
	struct loop *loop = calloc(1, sizeof(*loop));
	int rc;

	*out = NULL;
	if (!loop)
		return -ENOMEM;
	loop->control = control;
	loop->base = event_base_new();
	rc = loop->base ? 0 : -ENOMEM;
	if (rc == 0)
		rc = add_signal(loop, LOOP_TERM, SIGTERM, stop_cb);
	if (rc == 0)
		rc = add_signal(loop, LOOP_INT, SIGINT, stop_cb);
	if (rc == 0)
		rc = add_signal(loop, LOOP_HUP, SIGHUP, reload_cb);
	if (rc == 0)
		rc = add_timer(loop, LOOP_TICK, tick_cb, STATS_PERIOD_MS * 1000);
	if (rc == 0)
		rc = add_timeline(loop);
	if (rc == 0 && watchdog_us > 0)
		rc = add_timer(loop, LOOP_WATCHDOG, watchdog_cb, watchdog_us);
	if (rc < 0) {
		loop_destroy(loop);
		return rc;
	}
	*out = loop;
	return 0;
}

void loop_destroy(struct loop *loop)
{
	if (!loop)
		return;
	for (int i = 0; i < LOOP_EVENTS; i++) {
		if (loop->events[i])
			event_free(loop->events[i]);
	}
	if (loop->control->timer_fd > 0)
		close(loop->control->timer_fd);
	loop->control->timer_fd = 0;
	if (loop->base)
		event_base_free(loop->base);
	free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

int loop_run(struct loop *loop)
{
	return event_base_dispatch(loop->base) < 0 ? -EIO : 0;
}
