/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual router: its table, neighbours, interfaces and counters. Created and freed by the
 * control thread; while published, its mutable part belongs to its home worker. */
#ifndef HPSR_DATAPLANE_VR_H
#define HPSR_DATAPLANE_VR_H

#include "dataplane/adj.h"
#include "dataplane/dp.h"
#include "dataplane/fib.h"
#include "dataplane/iface.h"
#include "dataplane/nexthop.h"
#include "dataplane/port.h"
#include "lib/tbf.h"

#define VR_MAX 65535u
#define VR_NEIGH_BUCKETS 256u
#define VR_NEIGH_LEARNED_MAX 8192u /* neighbours learned at the same time */
/* Packets that wait for neighbours: each router has VR_HOLD_OWN places that nobody else takes, and
 * may use VR_HOLD_MAX while its worker has some of CTX_HOLD_SHARED left; for one neighbour, at most
 * VR_HOLD_NEIGH_MAX. */
#define VR_HOLD_OWN 8u
#define VR_HOLD_MAX 256u
#define VR_HOLD_NEIGH_MAX 16u
#define VR_ICMP_COST 64u /* bytes that an ICMP error counts in icmp_tbf */

struct policies;
struct sched_queue;

struct vr {
	/* The home worker's. */
	struct adj *learned; /* ADJ_LEARNED_MAX entries */
	struct adj *neigh_hash[VR_NEIGH_BUCKETS];
	uint32_t neigh_count;  /* listed */
	uint32_t learned_next; /* lowest index never used */
	/* Free ones, a queue through adj->ip; 0: none. */
	uint32_t learned_free, learned_free_last, learned_free_count;
	uint32_t learned_count;
	uint32_t held;
	struct tbf icmp_tbf;          /* ICMP errors */
	struct tbf punt_tbf, ask_tbf; /* punt.h */
	uint64_t originated;
	uint16_t ip_id;
	uint8_t state;             /* enum dp_vr_state */
	uint32_t live_generation;  /* grows when a next hop may have died or come back; not 0 */
	struct policies *policies; /* NULL: none */
	struct vr *next_of_worker;
	struct sched_queue *best_effort[PORT_MAX + 1]; /* of its interfaces on each port */
	struct iface *ifaces; /* through next_of_vr; changed at the fixed point only */

	/* The control thread's. */
	dp_vr_id id;
	uint8_t worker;  /* home worker's index */
	uint8_t move_to; /* while its interfaces say IFACE_MOVING: the next one's */
	uint32_t weight;
	struct fib *fib4;
	struct fib *fib6; /* NULL: no interface has an IPv6 address */
	struct nexthop_table nexthops;
	uint32_t *permanent; /* adjacencies of the configured neighbours */
	size_t n_permanent;
	struct dp_vr_stats gone; /* counters of interfaces deleted since */
	char name[DP_VR_NAME_LEN];
};

extern struct vr *vr_table[VR_MAX + 1];

/* A router without interfaces and routes, in the table, published nowhere. 0, -ENOMEM or -ENOSPC.
 * retire serves its FIB. */
int vr_create(const struct dp_vr_spec *spec, uint8_t worker, struct vr **out, char *err);
/* With its tables; no worker may see it any more; its interfaces are destroyed before. */
void vr_destroy(struct vr *vr);
/* An empty table for it; NULL: out of memory. As its fib4 or fib6 it keeps its interfaces' roots.
 */
struct fib *vr_fib_create(struct vr *vr, enum ip_af af);
struct vr *vr_lookup(dp_vr_id id);

/* Add an interface's counters to *stats. */
void vr_stats_add_iface(struct dp_vr_stats *stats, const struct iface *iface);

/* Home worker: a next hop may have died or come back. */
static inline void vr_live_changed(struct vr *vr)
{
	vr->live_generation += 1 + (vr->live_generation == UINT32_MAX);
}

#endif
