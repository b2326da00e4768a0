/* SPDX-License-Identifier: BSD-3-Clause */
/* How a worker that finds nothing to do waits in the kernel, and is woken: by its ports (waker.h),
 * by whoever brings it work over a ring or the mailbox, or when its time has come.
 *
 * No wake-up is lost: the worker says that it is asleep, then looks at everything once more, then
 * waits; others bring their work first, then look whether it is asleep. */
#ifndef HPSR_DATAPLANE_IDLE_H
#define HPSR_DATAPLANE_IDLE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_atomic.h>
#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "dataplane/port.h"

struct idle {
	int fd; /* an eventfd; -1: none */
	bool asleep __rte_cache_aligned;
};

/* 0 or -errno. */
int idle_init(struct idle *idle);
void idle_fini(struct idle *idle);

/* ---- the worker ---- */

/* Say that it is asleep, and have the N ports tell of frames. True: each of them can; false: some
 * must be looked at. The worker then looks for work once more. */
bool idle_begin(struct idle *idle, struct port *const *ports, unsigned int n);
/* Wait for NS nanoseconds, or less. True: a port woke it. */
bool idle_wait(struct idle *idle, struct port *const *ports, unsigned int n, uint64_t ns);
/* Awake again. */
void idle_end(struct idle *idle, struct port *const *ports, unsigned int n);

/* ---- any thread, when it has brought work ---- */

void idle_kick(struct idle *idle);

static inline void idle_wake(struct idle *idle)
{
	rte_smp_mb();
	if (unlikely(__atomic_load_n(&idle->asleep, __ATOMIC_RELAXED)))
		idle_kick(idle);
}

#endif
