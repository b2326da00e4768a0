/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual link's shaper and queue: a token bucket or paced release, a first-in first-out queue
 * limited in bytes and packets, and a place in the worker's wheel while packets wait. A link
 * without waiting packets is in no list and costs nothing. Belongs to the home worker of its
 * interface's virtual router.
 *
 * What waits is a packet still to be routed (it came at vif-in) or a finished frame (at vif-out);
 * after a change of place both are in the queue, in order. A link that polices (ingress) queues
 * nothing; what it finds queued from another place goes first. */
#ifndef HPSR_DATAPLANE_VLINK_H
#define HPSR_DATAPLANE_VLINK_H

#include <assert.h>
#include <stddef.h>

#include <rte_prefetch.h>

#include "dataplane/ctx.h"
#include "dataplane/iface.h"
#include "lib/psp.h"
#include "lib/tbf.h"
#include "lib/wheel.h"

struct vlink {
	/* What a packet that finds others waiting touches: one cache line. */
	struct wheel_node timer;
	struct rte_mbuf *head, *tail; /* linked by pkt_meta's next; valid while packets wait */
	uint32_t queue_packets, limit_packets;
	uint32_t queue_bytes, limit_bytes; /* L2 or L1 bytes, as the link counts */
	uint16_t head_bytes;
	uint16_t overhead; /* bytes a frame counts beyond L2: a tunnel's headers, and 24 */
	uint8_t at, by;    /* enum dp_place, dp_shaper */

	/* And what one touches that is let go. */
	uint64_t passed_packets __rte_cache_aligned;
	uint64_t passed_bytes;
	union {
		struct tbf tbf;
		struct {
			struct psp psp;
			uint64_t clock_hz;
		};
	};

	struct iface *iface __rte_cache_aligned;
	int64_t late; /* a pacer's credit when its queue ran empty though the worker was late */
	uint64_t late_until_tsc; /* it may be used so long */
	struct dp_link_spec spec;
};

static_assert(offsetof(struct vlink, passed_packets) == 64, "queueing touches one cache line");
static_assert(offsetof(struct vlink, iface) == 128, "letting go touches one more");

/* 0, -ENOMEM, -ERANGE (a rate, burst, limit, place or discipline that cannot be); err says which.
 */
int vlink_create(const struct dp_link_spec *spec, struct iface *iface, uint64_t now_tsc,
	struct vlink **out, char *err);
int vlink_check(const struct dp_link_spec *spec, const char *name, char *err);
/* The queue is empty and the timer in no wheel. */
void vlink_destroy(struct vlink *link);

/* Home worker: a checked spec takes effect; what is queued stays, and its wake-up follows the new
 * rate. */
void vlink_set(struct ctx *ctx, struct vlink *link, const struct dp_link_spec *spec);
/* Home worker: drop what is queued, for REASON. */
void vlink_purge(struct ctx *ctx, struct vlink *link, enum drop_reason reason);

/* A packet is about to come. NULL: for none; a load from there would cost more than it saves. */
static inline void vlink_prefetch(const struct vlink *link)
{
	if (link == NULL)
		return;
	rte_prefetch0(link);
	rte_prefetch0(&link->passed_packets);
}

static inline bool vlink_paced_take(struct vlink *link, uint32_t bytes)
{
	if (!psp_ready(&link->psp))
		return false;
	psp_charge(&link->psp, psp_cost(bytes, link->clock_hz));
	return true;
}

/* A packet comes to a pacer without a queue. What the pacer earned while it was idle is gone. But
 * where the worker was away for longer than the queue lasts, the link was not idle: it keeps the
 * credit that it had when the queue ran empty, for a while. */
static inline void vlink_forget_idle(struct vlink *link, uint64_t now_tsc)
{
	int64_t keeps = 0;

	if (link->psp.credit <= 0)
		return;
	if (now_tsc < link->late_until_tsc)
		keeps = link->late;
	link->psp.credit = RTE_MIN(link->psp.credit, keeps);
}

/* Take BYTES from the bucket when nothing is ahead in the queue: true, and the packet goes on. */
static inline bool vlink_pass(struct vlink *link, uint32_t bytes, uint64_t now_tsc)
{
	if (link->queue_packets > 0)
		return false;
	if (likely(link->by == DP_BY_TBF)) {
		tbf_update(&link->tbf, now_tsc);
		if (!tbf_take(&link->tbf, bytes))
			return false;
	} else {
		psp_update(&link->psp, now_tsc);
		/* A policer's credit is its tolerance. */
		if (link->at != DP_AT_INGRESS)
			vlink_forget_idle(link, now_tsc);
		if (!vlink_paced_take(link, bytes))
			return false;
	}
	link->passed_packets++;
	link->passed_bytes += bytes;
	return true;
}

/* Queue a packet whose metadata is filled in; false: the queue is at its limit. */
bool vlink_enqueue(struct ctx *ctx, struct vlink *link, struct rte_mbuf *m);
/* Links with packets that are due at NOW, up to N; those are on their way into the cache. */
unsigned int vlink_expire(struct ctx *ctx, struct vlink **links, unsigned int n);
/* Of a link that vlink_expire gave: the packets that its bucket lets go now, in order, up to N.
 * When more wait, the timer is set for the next. */
unsigned int vlink_dequeue(
	struct ctx *ctx, struct vlink *link, struct rte_mbuf **m, unsigned int n);
/* Take up to N waiting packets out, and let them be routed again, past this link's shaper. */
void vlink_unqueue(struct ctx *ctx, struct vlink *link, uint32_t n);

#endif
