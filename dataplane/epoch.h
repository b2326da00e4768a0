/* SPDX-License-Identifier: BSD-3-Clause */
/* Grace periods: memory that a worker may still read is freed once each worker has passed the fixed
 * point of its loop (QSBR, by rte_rcu_qsbr). */
#ifndef HPSR_DATAPLANE_EPOCH_H
#define HPSR_DATAPLANE_EPOCH_H

#include <stddef.h>

/* For N_WORKERS threads, none of them online yet. 0 or -ENOMEM. */
int epoch_init(unsigned int n_workers);
/* Frees all that was retired; no worker runs any more. */
void epoch_fini(void);

/* A worker's thread begins and ends to hold references. */
void epoch_online(unsigned int worker);
void epoch_offline(unsigned int worker);
/* Worker: at the fixed point it holds none. */
void epoch_quiescent(unsigned int worker);
/* Worker: it holds none until it resumes, however long that takes. */
void epoch_pause(unsigned int worker);
void epoch_resume(unsigned int worker);

/* Control thread: free_fn(arg, size) once no worker can hold ARG. The signature is that of
 * fib_conf.retire; ctx is unused. Where the book cannot grow, waits for the grace period itself. */
void epoch_retire(void *ctx, void (*free_fn)(void *arg, size_t size), void *arg, size_t size);
/* Control thread: free what has had its grace period. Never waits. */
void epoch_reclaim(void);
/* Control thread: wait until every worker has passed its fixed point. */
void epoch_synchronize(void);

#endif
