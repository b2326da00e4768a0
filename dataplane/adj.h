/* SPDX-License-Identifier: BSD-3-Clause */
/* Adjacencies: what a FIB entry points at. One table a virtual router; an entry's hot part, the
 * prepared rewrite among it, is one cache line.
 *
 * The lower half of the table is handed out by the control thread (gateways, connected networks,
 * groups, static neighbours: everything that routes refer to), the upper half by the home worker
 * (neighbours that it learned). The region is reserved, not filled: an idle router touches two
 * pages of it. */
#ifndef HPSR_DATAPLANE_ADJ_H
#define HPSR_DATAPLANE_ADJ_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_common.h>

#include "dataplane/dp.h"
#include "dataplane/pkt.h"
#include "lib/wheel.h"

#define ADJ_PINNED_MAX 16384u  /* the control thread's: 1..ADJ_PINNED_MAX-1 */
#define ADJ_LEARNED_MAX 16384u /* the worker's, behind them */
#define ADJ_TABLE_LEN (ADJ_PINNED_MAX + ADJ_LEARNED_MAX)
#define ADJ_REWRITE_MAX 24

/* Fixed entries of every table. */
enum adj_index {
	ADJ_NO_ROUTE = 0, /* FIB_NH_NONE */
	ADJ_LOCAL,
	ADJ_BROADCAST,
	ADJ_BLACKHOLE,
	ADJ_FIRST_FREE,
};

enum adj_kind {
	ADJ_KIND_NO_ROUTE,  /* also what an unused entry is */
	ADJ_KIND_FORWARD,   /* the rewrite is good: the only kind of the fast path */
	ADJ_KIND_STALE,     /* good, but to be confirmed: the next packet asks */
	ADJ_KIND_RESOLVING, /* asked, or not yet: packets are held */
	ADJ_KIND_FAILED,    /* did not answer: packets are refused for a while */
	ADJ_KIND_GLEAN,     /* connected network: the neighbour is the destination itself */
	ADJ_KIND_GROUP,     /* one of several, by flow */
	ADJ_KIND_LOCAL,     /* the router itself */
	ADJ_KIND_BROADCAST, /* of a connected network */
	ADJ_KIND_BLACKHOLE,
};

struct adj {
	uint8_t kind;   /* enum adj_kind */
	uint8_t state;  /* enum dp_neigh_state, of a neighbour */
	uint8_t probes; /* requests sent since the last answer */
	uint8_t listed; /* is in the router's neighbour hash */
	uint32_t ip;    /* neighbour, host order */
	struct iface *out;
	uint32_t group_mask; /* members (a power of two slots) minus one */
	uint32_t held;       /* packets that wait */
	uint32_t *group;     /* adjacency by slot */
	uint64_t confirmed_tsc;
	uint8_t rewrite[ADJ_REWRITE_MAX]; /* ends where the network layer begins */

	/* Of neighbours; touched when they change. */
	struct adj *hash_next __rte_cache_aligned;
	struct wheel_node timer;
	struct pkt_list hold;
};

static_assert(offsetof(struct adj, hash_next) == 64, "forwarding touches one cache line");

/* Reserve a table; NULL: out of memory. */
struct adj *adj_table_create(void);
void adj_table_destroy(struct adj *table);

/* Does it lead to a neighbour, known or not? */
static inline bool adj_leads_on(const struct adj *adj)
{
	return adj->kind >= ADJ_KIND_FORWARD && adj->kind <= ADJ_KIND_GROUP;
}

/* Set the rewrite for frames to MAC out of adj->out. */
void adj_set_mac(struct adj *adj, const uint8_t mac[6]);
static inline const uint8_t *adj_mac(const struct adj *adj, uint8_t l2_len)
{
	return adj->rewrite + ADJ_REWRITE_MAX - l2_len;
}

#endif
