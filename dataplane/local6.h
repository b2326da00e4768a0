/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6 packets to the router itself: extension headers, echo, Neighbor Discovery, and refusals. */
#ifndef HPSR_DATAPLANE_LOCAL6_H
#define HPSR_DATAPLANE_LOCAL6_H

#include "dataplane/ctx.h"

/* A good packet to an own address or to a group that the interface has joined. Takes the mbuf:
 * consumed, or dropped for a reason. */
void local6_input(struct ctx *ctx, struct iface *in, struct rte_mbuf *m, struct rte_ipv6_hdr *ip);

#endif
