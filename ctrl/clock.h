/* SPDX-License-Identifier: BSD-3-Clause */
/* The time by which leases and periods go: the system's, or one that is set by hand, for tests and
 * rehearsals. One a process, as the system's is. Control thread only. */
#ifndef HPSR_CTRL_CLOCK_H
#define HPSR_CTRL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Unix seconds, UTC. */
int64_t clock_now_s(void);
bool clock_is_manual(void);
/* From now on the clock stands at NOW_S until it is set again. */
void clock_set_manual(int64_t now_s);
/* The system's clock again. */
void clock_set_system(void);
/* "system", or "manual:2026-12-01T08:00:00Z": the daemon's option. 0 or -EINVAL. */
int clock_parse(const char *text);

#endif
