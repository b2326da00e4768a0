/* SPDX-License-Identifier: BSD-3-Clause */
/* What a virtual router may ask of its worker besides forwarding: packets to itself (ARP, ND, ICMP,
 * UDP) and questions for neighbours that nobody knows yet. Both cost many times a forwarded packet
 * and answers of the router's own, so each router has a token bucket of its own for each: a flood
 * is dropped, and the router next to it notices nothing. ICMP errors have a third (RFC 1812
 * 4.3.2.8, icmp_tbf). */
#ifndef HPSR_DATAPLANE_PUNT_H
#define HPSR_DATAPLANE_PUNT_H

#include "dataplane/ctx.h"
#include "dataplane/vr.h"

#define PUNT_PER_SECOND 10000u
#define PUNT_BURST 1000u
#define PUNT_ASK_PER_SECOND 1000u
#define PUNT_ASK_BURST 512u
#define PUNT_COST 64u /* bytes that one counts in its bucket */

/* Fill the router's buckets. 0 or -errno. */
static inline int punt_init(struct vr *vr, uint64_t tsc_hz, uint64_t now_tsc)
{
	int rc = tbf_init(&vr->punt_tbf, PUNT_PER_SECOND * 8 * PUNT_COST, PUNT_BURST * PUNT_COST,
		tsc_hz, now_tsc);

	return rc < 0 ? rc
		      : tbf_init(&vr->ask_tbf, PUNT_ASK_PER_SECOND * 8 * PUNT_COST,
				PUNT_ASK_BURST * PUNT_COST, tsc_hz, now_tsc);
}

/* May the router look at another packet to itself? */
static inline bool punt_take(struct ctx *ctx, struct vr *vr)
{
	tbf_update(&vr->punt_tbf, ctx->now_tsc);
	return tbf_take(&vr->punt_tbf, PUNT_COST);
}

/* May it ask for another neighbour? */
static inline bool punt_ask(struct ctx *ctx, struct vr *vr)
{
	tbf_update(&vr->ask_tbf, ctx->now_tsc);
	return tbf_take(&vr->ask_tbf, PUNT_COST);
}

#endif
