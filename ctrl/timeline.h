/* SPDX-License-Identifier: BSD-3-Clause */
/* VPXIs come, change and go at the instants of their leases and periods: each instant is one
 * transaction. An instant that fails (no memory) is logged and tried again, never half applied. */
#ifndef HPSR_CTRL_TIMELINE_H
#define HPSR_CTRL_TIMELINE_H

#include "ctrl/control.h"

/* Bring what runs to what the clock says. *changes (NULL: not wanted) as running_change. 0, or
 * -errno with nothing changed: to be called again. */
int timeline_run(struct control *control, json_t **changes);
/* The timer of the next instant: a file descriptor that is readable when timeline_run is due, or
 * the system's clock was set. -errno. The caller closes. */
int timeline_timer_create(void);
/* Set it to the next instant; soon where the last one failed. With a manual clock: never. */
void timeline_timer_arm(const struct control *control);

#endif
