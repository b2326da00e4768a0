/* SPDX-License-Identifier: BSD-3-Clause */
/* Is a flood even? A worker that gets more than it forwards, from routers that want about as much
 * as each other for their weights, need not let them take turns: its receive queue overflows, and
 * what the device drops it drops from all alike. Watched in windows, so long that each router's
 * part of it is known to some percent; a router that has sent lately and now sends less than the
 * others is what taking turns is for. On the worker that owns ctx. */
#ifndef HPSR_DATAPLANE_EVEN_H
#define HPSR_DATAPLANE_EVEN_H

#include <stdbool.h>
#include <stdint.h>

struct ctx;

struct even_mark {
	uint64_t rx_packets, cycles, forwarded;
};

/* A window begins. */
void even_begin(struct ctx *ctx);
bool even_window_over(const struct ctx *ctx);
/* The window was even; the next begins. One that lasted too long says nothing: false. */
bool even_check(struct ctx *ctx);

#endif
