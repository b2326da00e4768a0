/* SPDX-License-Identifier: BSD-3-Clause */
/* The first stages of a packet's way: a frame whose interface is known (classify.h) joins the burst
 * of its address family, is queued, handed over or disposed of. */
#ifndef HPSR_DATAPLANE_INTAKE_H
#define HPSR_DATAPLANE_INTAKE_H

#include <rte_prefetch.h>

#include "dataplane/classify.h"
#include "dataplane/ctx.h"
#include "dataplane/family.h"

#define INTAKE_PREFETCH 4 /* frames */

/* Take the common frame in, of either family; false: it is not one. */
static inline bool intake_accept(struct ctx *ctx, struct bursts *b, struct iface *in,
	struct rte_mbuf *m, const uint8_t *frame, uint16_t type, uint8_t l3_offset)
{
	void *l3 = (void *)((uintptr_t)frame + l3_offset);
	int room = (int)m->data_len - l3_offset;

	if (unlikely(!expected(ctx, in, frame)))
		return false;
	if (likely(type == TYPE_IP4)) {
		if (unlikely(!ip4_valid(l3, room)))
			return false;
		count_in(in, m);
		burst_add(&b->ip4, m, l3, in);
		return true;
	}
	if (unlikely(type != TYPE_IP6 || in->root6 == 0 || !ip6_valid(l3, room)))
		return false;
	count_in(in, m);
	burst_add6(&b->ip6, m, l3, in);
	return true;
}

/* A frame of an interface that is no plain good IPv4 or IPv6: with options, ARP, ND, or to be
 * dropped. Or the interface has guards. */
void intake_slowly(struct ctx *ctx, struct bursts *b, struct iface *in, struct rte_mbuf *m,
	uint16_t type, uint8_t l3_offset);
/* A frame that intake_accept has not taken. It is classified again: to keep what was found would
 * cost each common frame some stores. */
void intake_other(struct ctx *ctx, struct bursts *b, struct port *port, struct rte_mbuf *m);
/* A frame that is nobody's, another worker's, or out of the common. */
void intake_odd(struct ctx *ctx, struct bursts *b, struct port *port, struct frame_class c,
	struct rte_mbuf *m);
/* Tunnels' frames, stripped, go the way of those that came in on their interfaces. */
void intake_outer(struct ctx *ctx, struct bursts *b, struct port *port);
/* To the home worker of its interface. */
void intake_hand_over(struct ctx *ctx, struct port *port, struct iface *in, uint8_t l3_offset,
	struct rte_mbuf *m);

/* A frame shorter than Ethernet and IPv4 together may still be an ARP of a careless station, which
 * is ARP's to judge, or too short for its own tags. */
static inline bool intake_too_short(const struct rte_mbuf *m, struct frame_class c)
{
	return m->data_len < c.l3_offset;
}

/* Start to load the first frames of a burst. */
static inline void intake_prefetch(struct rte_mbuf **m, unsigned int n)
{
	for (unsigned int i = 0; i < RTE_MIN(n, (unsigned int)INTAKE_PREFETCH); i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], void *));
}

#endif
