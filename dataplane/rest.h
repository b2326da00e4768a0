/* SPDX-License-Identifier: BSD-3-Clause */
/* When, and for how long, a worker that finds nothing to do waits (idle.h). Its turns go on beside:
 * in one it says that it is asleep, in the next it has looked at everything once more, and waits.
 */
#ifndef HPSR_DATAPLANE_REST_H
#define HPSR_DATAPLANE_REST_H

#include <stdbool.h>
#include <stdint.h>

struct worker;

struct rest {
	uint64_t idle_tsc; /* nothing to do since then */
	uint64_t look_ns;  /* how long to wait beside ports that do not tell */
	uint32_t calls;    /* served when it said that it is asleep */
	uint32_t vain;     /* wake-ups by ports that brought nothing */
	bool begun, all, woken;
};

/* There was something to do, or now there is nothing, since NOW_TSC. */
void rest_reset(struct worker *worker, uint64_t now_tsc);
/* A turn has found nothing. True: the worker has waited. */
bool rest_step(struct worker *worker);

#endif
