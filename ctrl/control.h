/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control thread works on: the running state, its statistics, and how it was started. The
 * context of every method of the control socket. */
#ifndef HPSR_CTRL_CONTROL_H
#define HPSR_CTRL_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "ctrl/events.h"
#include "ctrl/running.h"
#include "ctrl/sock.h"
#include "ctrl/stats.h"

struct control_reloads {
	uint64_t n_applied, n_refused;
	uint64_t applied_at_s; /* Unix time of the last one applied, or of the start */
	bool last_ok;
};

struct control {
	struct running running;
	struct stats stats;
	struct events events;
	const char *config;  /* the site file, absolute; NULL: none to reload */
	uint64_t started_ns; /* CLOCK_MONOTONIC */
	struct sock *sock;   /* NULL: none yet */
	int timer_fd;        /* of ctrl/timeline; 0: none */
	struct control_reloads reloads;
};

uint64_t control_now_ns(void);
/* The whole of SITE as the first transaction; taken over on success. 0 or -errno with diag. */
int control_start(struct control *control, struct model_site *site, struct diag *diag);
/* Read FILE (NULL: the file of the start), check it against what runs, and change into it with one
 * transaction. *changes (NULL: not wanted) as running_change. 0, or -errno with every fault in diag
 * and nothing changed. Tells the service manager. */
int control_reload(struct control *control, const char *file, struct diag *diag, json_t **changes);
/* BEFORE ("READY=1\n", or "") and a STATUS line to the service manager. */
void control_notify(const struct control *control, const char *before);
/* Once a second: counters, and grants where a port's link speed changed. */
void control_tick(struct control *control);

#endif
