/* SPDX-License-Identifier: BSD-3-Clause */
/* The control thread's event loop: signals, the tick of the statistics, the watchdog. */
#ifndef HPSR_CTRL_LOOP_H
#define HPSR_CTRL_LOOP_H

#include <event2/event.h>

#include "ctrl/control.h"

struct loop;

/* Catches SIGTERM, SIGINT (stop) and SIGHUP (reload) from now on; they are acted upon in loop_run.
 * 0 or -ENOMEM. */
int loop_create(struct control *control, struct loop **out);
void loop_destroy(struct loop *loop);
struct event_base *loop_base(struct loop *loop);
/* Until a signal asks to stop. 0, or -EIO when the loop itself failed. */
int loop_run(struct loop *loop);

#endif
