/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual router's interface: its attachment to a port by no tag, one or two; its addresses; its
 * counters. Created and freed by the control thread; while published, its mutable part belongs to
 * the home worker of its virtual router. */
#ifndef HPSR_DATAPLANE_IFACE_H
#define HPSR_DATAPLANE_IFACE_H

#include <assert.h>

#include <rte_common.h>

#include "dataplane/dp.h"
#include "dataplane/fib.h"
#include "dataplane/pkt.h"

#define IFACE_ID_MAX 65535u
#define IFACE_L2_MAX 22        /* Ethernet and two tags */
#define IFACE_MOVING UINT8_MAX /* as worker: its router is on its way, dp_move.h */

struct filter;
struct probe;
struct iface6;
struct vlink;
struct port;
struct sched_slot;
struct tunnel;
struct underlay;
struct vr;

/* Why a frame for this interface cannot be taken on the fast path: any flag sends it to the slow
 * classification, which knows what to do. */
enum iface_flags {
	IFACE_VR_DOWN = 1 << 0,  /* stopped or suspended */
	IFACE_FILTERED = 1 << 1, /* guard.h: what comes in is filtered, */
	IFACE_RPF = 1 << 2,      /* its source checked, */
	IFACE_POLICY = 1 << 3,   /* its way chosen by policies */
	IFACE_UNDERLAY = 1 << 4, /* of a port's own router: underlay.h */
};
#define IFACE_GUARDED (IFACE_FILTERED | IFACE_RPF | IFACE_POLICY)

struct iface {
	/* What receiving touches: one cache line. */
	uint8_t mac[6];
	uint8_t worker; /* home worker's index */
	uint8_t flags;  /* enum iface_flags */
	uint64_t root4; /* of its virtual router's IPv4 table */
	dp_vr_id vr_id;
	bool goes_first;   /* to the port's worker: ctx.c */
	uint16_t short_id; /* id */
	uint64_t rx_packets, rx_bytes;
	uint64_t cycles; /* spent on the packets that came in here */
	uint64_t forwarded;

	/* What sending touches. */
	uint64_t tx_packets __rte_cache_aligned;
	uint64_t tx_bytes;
	struct vlink *link;    /* NULL: not shaped */
	struct tunnel *tunnel; /* NULL: none */
	uint16_t mtu;
	uint8_t port_index;
	uint8_t l2_len;           /* 14, 18 or 22; without a tunnel's headers */
	uint8_t l2[IFACE_L2_MAX]; /* source MAC at 6, tags and IPv4's EtherType behind it */
	uint8_t filtered_out;     /* filter_out is not NULL */
	dp_iface_id id;

	/* Of IPv6; NULL: the interface has no IPv6 address. */
	uint64_t root6 __rte_cache_aligned; /* 0: no IPv6 here */
	struct iface6 *ip6;

	/* The rest. */
	uint64_t drops[DROP_REASON_COUNT];
	uint64_t consumed;
	struct vr *vr;
	struct port *port;
	struct underlay *underlay; /* whose only interface this is; NULL: a tenant's */
	uint8_t outer_len;         /* what a tunnel's headers add to its frames */
	bool point_to_point;       /* a tunnel without Ethernet: the neighbour is its end */
	struct sched_slot *slot;   /* with the port's scheduler */
	struct vlink *class_link; /* of a link that its port's scheduler holds; link is NULL then */
	uint32_t handed_over;     /* frames of such a link to the port's worker */
	bool holds;               /* the port holds its link: control thread */
	uint64_t shown[2];        /* packets and bytes sent, as last reported: control thread */
	struct filter *filter_in, *filter_out; /* NULL: none */
	struct probe *probe;                   /* likewise */
	uint8_t rpf;                           /* enum dp_rpf */
	uint16_t outer_vlan, vlan;
	bool mtu_own; /* not the port's */
	char name[DP_NAME_LEN];
	struct ip_prefix *addresses;
	size_t n_addresses;
	uint32_t glean; /* adjacency of its connected networks */
	struct iface *next_of_vr;
};

static_assert(offsetof(struct iface, tx_packets) == 64, "receiving touches one cache line");
static_assert(offsetof(struct iface, root6) == 128, "sending touches one cache line");

/* The control thread may change them at any time (iface_set_roots). */
static inline uint64_t iface_root4(const struct iface *iface)
{
	return __atomic_load_n(&iface->root4, __ATOMIC_ACQUIRE);
}

static inline uint64_t iface_root6(const struct iface *iface)
{
	return __atomic_load_n(&iface->root6, __ATOMIC_ACQUIRE);
}

/* All published and prepared interfaces by id; entries change by the control thread only, and are
 * freed after every worker has passed its fixed point. */
extern struct iface *iface_table[IFACE_ID_MAX + 1];

static inline struct iface *iface_get(dp_iface_id id)
{
	return __atomic_load_n(&iface_table[id], __ATOMIC_ACQUIRE);
}

/* Build an interface and enter it in the table. Not yet reachable by a packet. The port must
 * outlive it. 0, -ENOMEM, -ENOSPC (too many), -EINVAL (a value that cannot be; err says which). */
int iface_create(const struct dp_iface_spec *spec, struct port *port, struct vr *vr,
	struct iface **out, char *err);
/* Out of the table, and free; no worker may see it any more. */
void iface_destroy(struct iface *iface);

/* The roots of its virtual router's tables; fib6 may be NULL. Control thread, or the home worker at
 * the fixed point. */
void iface_set_roots(struct iface *iface, const struct fib *fib4, const struct fib *fib6);

/* The first IPv4 address, host order; 0: it has none. */
uint32_t iface_ip4(const struct iface *iface);
/* Does an IPv4 network of the interface hold IP? Then *own is the interface's address in it. */
bool iface_on_link4(const struct iface *iface, uint32_t ip, uint32_t *own);
/* Is IP (host order) one of the interface's own addresses? */
bool iface_owns4(const struct iface *iface, uint32_t ip);

#endif
