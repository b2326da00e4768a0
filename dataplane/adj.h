/* SPDX-License-Identifier: BSD-3-Clause */
/* Adjacencies: what a FIB entry points at. An entry's hot part, the prepared rewrite among it, is
 * one cache line.
 *
 * What routes refer to (gateways, connected networks, groups, static neighbours) is pinned: it has
 * an index, handed out by the control thread from one table for all virtual routers, so that those
 * of a thousand routers lie close together in huge pages. The neighbours that a home worker learns
 * are in a table of their own for each router, which is reserved, not filled. */
#ifndef HPSR_DATAPLANE_ADJ_H
#define HPSR_DATAPLANE_ADJ_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_common.h>

#include "dataplane/dp.h"
#include "dataplane/fib.h"
#include "dataplane/pkt.h"
#include "lib/wheel.h"

#define ADJ_MAX FIB_NH_MAX     /* largest index */
#define ADJ_PINNED_MAX 16384u  /* of one router, the first is not used */
#define ADJ_LEARNED_MAX 16384u /* likewise */
#define ADJ_REWRITE_MAX 24
#define ADJ_GROUP_SLOTS 64u /* of the flow hash: 16 members share them within 25 % */

/* Fixed entries, the same for all routers. */
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
	ADJ_KIND_TUNNEL,    /* likewise, out of a tunnel's interface */
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
	uint32_t ip;    /* IPv4 neighbour, host order; of an IPv6 one, a hash */
	struct iface *out;
	uint32_t held; /* packets that wait */
	uint32_t
		watchers; /* groups and policies that go elsewhere while it fails: control thread */
	struct adj_group *group; /* of ADJ_KIND_GROUP */
	uint64_t confirmed_tsc;
	uint8_t rewrite[ADJ_REWRITE_MAX]; /* ends where the network layer begins */

	/* Of neighbours; touched when they change. */
	struct adj *hash_next __rte_cache_aligned;
	uint32_t slot; /* pinned: the router's own number for it; free: the next free index */
	struct wheel_node timer;
	struct pkt_list hold;
	uint8_t af;      /* enum ip_af, of the packets that it forwards */
	uint8_t ip6[16]; /* IPv6 neighbour */
};

/* Several next hops: by the flow's hash, of those that live; see live.h. */
struct adj_group {
	uint32_t slots[ADJ_GROUP_SLOTS]; /* adjacency; as of generation: */
	uint32_t generation;             /* 0: never filled */
	uint32_t n;
	struct {
		uint32_t adj, metric;
	} members[DP_NEXTHOPS_MAX];
};

static_assert(offsetof(struct adj, hash_next) == 64, "forwarding touches one cache line");

extern struct adj *adj_table; /* by index */

/* Reserve the table, before anything else here, and give it back. Control thread. 0 or -ENOMEM. */
int adj_init(void);
void adj_fini(void);
/* An index of the control thread's own until a FIB entry shows it; its entry reads as zero. 0 or
 * -ENOSPC. */
int adj_alloc(uint32_t *index);
/* No reader and no worker may hold it any more. */
void adj_free(uint32_t index);

/* Reserve a router's table of learned neighbours; NULL: out of memory. */
struct adj *adj_learned_create(void);
void adj_learned_destroy(struct adj *learned);

static inline struct adj *adj_at(uint32_t index)
{
	return adj_table + index;
}

/* Does it lead to a neighbour, known or not? */
static inline bool adj_leads_on(const struct adj *adj)
{
	return adj->kind >= ADJ_KIND_FORWARD && adj->kind <= ADJ_KIND_GROUP;
}

/* Which neighbour it is. */
void adj_set_ip4(struct adj *adj, uint32_t ip);
void adj_set_ip6(struct adj *adj, const uint8_t ip[16]);
void adj_set_address(struct adj *adj, const struct ip_addr *address);
struct ip_addr adj_address(const struct adj *adj);
/* What adj->ip holds for an IPv6 neighbour. */
uint32_t adj_ip6_hash(const uint8_t ip[16]);

/* Set the rewrite for frames to MAC out of adj->out. */
void adj_set_mac(struct adj *adj, const uint8_t mac[6]);

/* Put the rewrite before the network layer at L3 and set the lengths; TOTAL is the packet's. */
static inline void adj_encap(
	const struct adj *adj, struct rte_mbuf *m, void *l3, uint16_t total, uint8_t l2_len)
{
	/* The whole field: constant size, and what is before l2_len is headroom. */
	memcpy((char *)l3 - ADJ_REWRITE_MAX, adj->rewrite, ADJ_REWRITE_MAX);
	m->data_off = (uint16_t)((char *)l3 - (char *)m->buf_addr - l2_len);
	m->data_len = (uint16_t)(total + l2_len);
	m->pkt_len = m->data_len;
}

static inline const uint8_t *adj_mac(const struct adj *adj, uint8_t l2_len)
{
	return adj->rewrite + ADJ_REWRITE_MAX - l2_len;
}

#endif
