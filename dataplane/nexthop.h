/* SPDX-License-Identifier: BSD-3-Clause */
/* Next hops of routes: the control thread's book of a virtual router's pinned adjacencies, each
 * there once however many routes use it. */
#ifndef HPSR_DATAPLANE_NEXTHOP_H
#define HPSR_DATAPLANE_NEXTHOP_H

#include <stdint.h>

#include "dataplane/adj.h"
#include "dataplane/dp.h"

struct nexthop {
	struct dp_nexthop_spec hops[DP_NEXTHOPS_MAX]; /* one: gateway or connected; more: a group */
	uint8_t n_hops;                               /* 0: free */
	uint32_t refs;
	uint32_t adj;                      /* its adjacency's index; 0: free */
	uint32_t next;                     /* slot: in its hash bucket, or of the free list */
	uint32_t members[DP_NEXTHOPS_MAX]; /* adjacencies of a group's hops */
};

struct nexthop_table {
	struct nexthop *slots; /* by the adjacency's slot; from 1; grows */
	uint32_t n_slots, used, free;
	uint32_t *buckets;
	uint32_t n_buckets;
};

void nexthop_table_init(struct nexthop_table *table);
void nexthop_table_fini(struct nexthop_table *table);

/* The adjacency for these hops, with a reference; made when new. n_hops 0 is the blackhole. Fills a
 * new adjacency, which no worker uses before a FIB entry shows it. 0, -ENOMEM, -ENOSPC. */
int nexthop_get(struct nexthop_table *table, const struct dp_nexthop_spec *hops, size_t n_hops,
	uint32_t *index);
/* One more reference to an index that has one. */
void nexthop_ref(struct nexthop_table *table, uint32_t index);
/* Give a reference back. When it was the last, the index goes to *dead (ADJ_NO_ROUTE otherwise),
 * to be unlisted by the home worker and then freed. */
void nexthop_put(struct nexthop_table *table, uint32_t index, uint32_t *dead);
/* Free a dead index that the home worker has let go. Its members lose their references:
 * those that died by it are written to dead[DP_NEXTHOPS_MAX]; returns how many. */
size_t nexthop_free(struct nexthop_table *table, uint32_t index, uint32_t *dead);
/* Somebody goes another way while this next hop fails, or does not any more: it is then asked for
 * again and again. A group sees to its own members. */
void nexthop_watch(uint32_t index, bool on);
/* NULL for the fixed indices. */
const struct nexthop *nexthop_lookup(const struct nexthop_table *table, uint32_t index);

#endif
