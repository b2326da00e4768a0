/* SPDX-License-Identifier: BSD-3-Clause */
/* One lcore's poll loop. The control thread reaches a worker's state only by worker_call, which
 * runs a function at the fixed point of the loop, between two bursts. */
#ifndef HPSR_DATAPLANE_WORKER_H
#define HPSR_DATAPLANE_WORKER_H

#include "dataplane/ctx.h"
#include "dataplane/idle.h"
#include "dataplane/rest.h"
#include "dataplane/vr.h"

struct worker {
	struct ctx ctx;
	uint32_t n_rx;
	struct port *rx[PORT_MAX];
	uint8_t rx_full[PORT_MAX]; /* full bursts that each brought, one behind the other */
	uint8_t ring_full[CTX_WORKERS_MAX]; /* and each ring */
	uint64_t busy_cycles, idle_cycles, loops;
	uint64_t clock_tsc;                /* up to where busy and idle are counted, */
	bool was_busy;                     /* and what it has been since */
	uint64_t link_check_tsc;           /* when the ports' links are looked at next */
	uint32_t links_seen[PORT_MAX + 1]; /* port's count of comings-up that was announced */
	struct worker *workers;            /* all, by index */
	uint64_t handed_out;               /* packets, when the others were last told */
	uint32_t calls;                    /* of the mailbox, served */
	bool sleep;                        /* wait in the kernel when there is nothing to do */
	bool prior;                        /* go before other threads on its CPU */

	uint32_t lcore;
	char slice[DP_NAME_LEN];
	bool running; /* has a thread; else worker_call runs in the caller's */

	/* The mailbox: fn is set last by the caller, cleared by the worker when done. */
	void (*call_fn)(struct ctx *ctx, void *arg) __rte_cache_aligned;
	void *call_arg;
	bool stop;
	struct idle idle;
	struct rest rest;
};

/* WORKER is element INDEX of an array of all. 0, -ENOMEM, or -errno (no descriptor is left). */
int worker_init(struct worker *worker, unsigned int index, unsigned int n_workers, uint32_t lcore,
	struct rte_mempool *pool, bool no_sharing);
/* Packets in the rings and queues are the caller's to purge before. */
void worker_fini(struct worker *worker);

/* The lcore's main function; arg is the worker. Returns when stop is set. */
int worker_main(void *arg);
/* One turn of the loop; true: there was something to do. */
bool worker_turn(struct worker *worker);
/* Run fn(ctx, arg) at the fixed point of the loop and wait for it. What the worker held before, it
 * holds no more when this returns. Control thread. */
void worker_call(struct worker *worker, void (*fn)(struct ctx *ctx, void *arg), void *arg);
/* Tell everybody on the link the interface's addresses, of both families. */
void iface_announce(struct ctx *ctx, struct iface *iface);
/* In a worker_call: take over what other workers have handed to this one up to now. */
void worker_drain(struct ctx *ctx);

#endif
