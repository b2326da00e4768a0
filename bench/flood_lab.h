/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual routers under a flood, on one worker and behind one receive queue. The dataplane runs in
 * this process between ring ports. Time is the router's: it passes while the worker's loop turns,
 * not while frames are made and looked at, so that the worker is never given more than it could
 * have had. Frames come by that clock; the receive queue holds FLOOD_RX_QUEUE of them, and what
 * does not fit is lost at the device.
 *
 * Each slice's worker has a lab of its own: two ports, clock, frames. Labs of two slices may run in
 * two threads at a time; everything else is the one control thread's, while none runs. Any failure
 * ends the program with a line on stderr. */
#ifndef HPSR_BENCH_FLOOD_LAB_H
#define HPSR_BENCH_FLOOD_LAB_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/dp.h"
#include "lib/hist.h"

#define FLOOD_VRS_MAX 64u
#define FLOOD_RX_QUEUE 1024u
#define FLOOD_FRAME_MIN 60u   /* without FCS */
#define FLOOD_FRAME_MAX 1518u /* 1500 bytes of IP, and a tag */

/* What becomes of the frames of all routers but the first. */
enum flood_kind {
	FLOOD_FORWARD, /* they are forwarded */
	FLOOD_SHAPER,  /* over links of 1 Mbit/s */
	FLOOD_TTL,     /* their TTL is 1 */
	FLOOD_SCAN,    /* they go to stations that nobody knows */
	FLOOD_ROUTES,  /* they are forwarded while routes change */
	FLOOD_KINDS,
};

struct flood_lab {
	unsigned int worker;
	struct rte_ring *rx, *tx[2];
	struct rte_mempool *pool;
	dp_port_id ports[2];
	dp_vr_id vrs[FLOOD_VRS_MAX];
	dp_iface_id outs[FLOOD_VRS_MAX];
	unsigned int n;
	unsigned int first_flooded; /* routers before it take no part in the flood */
	uint32_t frame_bytes;       /* without FCS */
	uint64_t now, cut; /* router's time; turns that were interrupted, and count as short */
	uint64_t offered[FLOOD_VRS_MAX], refused[FLOOD_VRS_MAX], got[FLOOD_VRS_MAX];
	struct hist latency; /* of router 0, in ticks, arrival to departure */
	uint32_t seq;
};

/* The dataplane with N slices of a worker each. Once a program. */
void flood_start(bool sharing, unsigned int n_slices);
/* The ports of slice's lab, and its frames. */
void flood_open(struct flood_lab *lab, unsigned int slice, uint32_t frame_bytes);
void flood_stop(struct flood_lab *labs, unsigned int n);

/* N routers with these weights. */
void flood_setup(
	struct flood_lab *lab, const uint32_t *weights, unsigned int n, enum flood_kind kind);
void flood_teardown(struct flood_lab *lab);

/* For TSC of router's time: a frame to router 0 every VICTIM_EVERY ticks, and one to the flooded
 * routers in turn every FLOOD_EVERY_Q16 / 65536; 0: none. */
void flood_run(struct flood_lab *lab, enum flood_kind kind, uint64_t victim_every,
	uint64_t flood_every_q16, uint64_t tsc);
/* The loop turns so often, and nothing arrives. */
void flood_rest(struct flood_lab *lab, unsigned int turns);
/* What was counted up to now is not. */
void flood_forget(struct flood_lab *lab);
/* Cycles a packet of one router alone, whose receive queue is always full. */
double flood_cost(struct flood_lab *lab, uint64_t tsc);
/* Jain's index of what routers from FIRST have got. */
double flood_jain(const struct flood_lab *lab, unsigned int first);
uint64_t flood_got(const struct flood_lab *lab, unsigned int first);
double flood_us(uint64_t tsc);
/* SECONDS of an argument: 0 < SECONDS <= 60; else -1. */
double flood_seconds(const char *text);

#endif
