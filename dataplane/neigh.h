/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbours of a virtual router: the life of an adjacency from the first packet that needs it to
 * the last (the states of RFC 4861 7.3.2, which serve ARP as well). Pinned adjacencies (gateways)
 * and learned ones share the hash; an address on an interface is listed at most once. Everything
 * here runs on the home worker. What asks (ARP) and what is told (ICMP) is the caller's: this file
 * says what to do. */
#ifndef HPSR_DATAPLANE_NEIGH_H
#define HPSR_DATAPLANE_NEIGH_H

#include "dataplane/ctx.h"
#include "dataplane/vr.h"

#define NEIGH_RETRANS_NS UINT64_C(1000000000) /* between two requests: RFC 4861's RETRANS_TIMER */
#define NEIGH_REACHABLE_NS UINT64_C(30000000000) /* confirmed for so long */
#define NEIGH_FAILED_NS UINT64_C(3000000000)     /* not asked again for so long */
#define NEIGH_GC_NS UINT64_C(120000000000)       /* stale and unused: forgotten */
#define NEIGH_PROBES 3u                          /* requests without an answer */

/* The listed adjacency of this neighbour, or NULL. */
struct adj *neigh_lookup(const struct vr *vr, const struct iface *iface, uint32_t ip);
struct adj *neigh_lookup6(const struct vr *vr, const struct iface *iface, const uint8_t ip[16]);
/* The same; listed anew, incomplete, when it is not there. NULL: no room. */
struct adj *neigh_get(struct ctx *ctx, struct vr *vr, struct iface *iface, uint32_t ip);
struct adj *neigh_get6(struct ctx *ctx, struct vr *vr, struct iface *iface, const uint8_t ip[16]);
/* List a pinned adjacency, taking over what a learned one knows. */
void neigh_list(struct ctx *ctx, struct vr *vr, struct adj *adj);
/* Unlist and forget; held packets are dropped for REASON; a learned one's slot is free again. */
void neigh_del(struct ctx *ctx, struct vr *vr, struct adj *adj, enum drop_reason reason);
/* Those of one interface; NULL: all but the configured ones. */
void neigh_purge(
	struct ctx *ctx, struct vr *vr, const struct iface *iface, enum drop_reason reason);

/* The neighbour has this MAC, as it said itself. Its held packets go to *ready, to be sent. */
void neigh_confirm(struct ctx *ctx, struct vr *vr, struct adj *adj, const uint8_t mac[6],
	struct pkt_list *ready);
/* It has this MAC, as it said, but perhaps it does not hear us: to be confirmed at next use
 * (RFC 4861 7.2.3). Nothing happens to what is known already; likewise. */
void neigh_hear(struct ctx *ctx, struct vr *vr, struct adj *adj, const uint8_t mac[6],
	struct pkt_list *ready);
/* It may have another MAC now: to be confirmed at next use. */
void neigh_doubt(struct ctx *ctx, struct adj *adj);
/* A configured MAC, never asked for; likewise. */
void neigh_set_permanent(struct ctx *ctx, struct vr *vr, struct adj *adj, const uint8_t mac[6],
	struct pkt_list *ready);
/* Not configured any more: to be asked for at next use. */
void neigh_unset_permanent(struct ctx *ctx, struct vr *vr, struct adj *adj);

/* Hold a packet (metadata filled in) until the neighbour answers; false: too many wait. */
bool neigh_hold(struct ctx *ctx, struct vr *vr, struct adj *adj, struct rte_mbuf *m);

/* What to do now that a packet wants to go to a neighbour that is not FORWARD, or its timer ran
 * out. */
enum neigh_action {
	NEIGH_ACT_NONE,
	NEIGH_ACT_ASK,       /* send a broadcast request */
	NEIGH_ACT_ASK_KNOWN, /* send a request to the MAC that it had */
	NEIGH_ACT_FAILED,    /* given up: refuse what is held */
	NEIGH_ACT_GONE,      /* forgotten; adj is no longer valid */
};
enum neigh_action neigh_use(struct ctx *ctx, struct adj *adj);
enum neigh_action neigh_timeout(struct ctx *ctx, struct vr *vr, struct adj *adj);
/* Take the held packets out (after NEIGH_ACT_FAILED). */
void neigh_take_held(struct ctx *ctx, struct vr *vr, struct adj *adj, struct pkt_list *held);

/* The router changes workers: what it holds beyond its own places is of the one, then of the other.
 */
void neigh_held_leave(struct ctx *ctx, const struct vr *vr);
void neigh_held_arrive(struct ctx *ctx, const struct vr *vr);

#endif
