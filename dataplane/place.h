/* SPDX-License-Identifier: BSD-3-Clause */
/* The places at which a virtual link shapes (Figure 7 of paper 000), seen from a packet that its
 * shaper did not let pass: what becomes of it at each, and how a finished frame goes on. On the
 * worker that owns ctx, the home of the link's virtual router. */
#ifndef HPSR_DATAPLANE_PLACE_H
#define HPSR_DATAPLANE_PLACE_H

#include "dataplane/ctx.h"
#include "dataplane/vlink.h"

/* Packet I of the burst, of BYTES on the link, must not go on now: ingress drops it, vif-in queues
 * it as it is, vif-out finishes the frame (TTL, rewrite) and queues that. Takes the mbuf. */
void place_wait(struct ctx *ctx, struct burst *b, unsigned int i, struct vlink *link,
	uint32_t bytes, enum ip_af af);
/* A finished frame out of OUT: past a link that shapes at vif-out, or at once. Takes the mbuf. */
void place_send(struct ctx *ctx, struct iface *out, struct rte_mbuf *m, enum pkt_class class);
/* A finished frame that has waited at vif-out leaves by OUT. Takes the mbuf. */
void place_release(struct ctx *ctx, struct iface *out, struct rte_mbuf *m);

static inline bool place_finished(struct rte_mbuf *m)
{
	return pkt_meta(m)->l3_offset == PKT_TX_ONLY;
}

#endif
