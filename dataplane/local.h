/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets to a virtual router's own addresses: ICMP echo is answered; UDP and the rest find nobody.
 */
#ifndef HPSR_DATAPLANE_LOCAL_H
#define HPSR_DATAPLANE_LOCAL_H

#include "dataplane/ctx.h"

/* A valid packet to one of the router's addresses. Takes the mbuf: consumed or dropped. */
void local_input(struct ctx *ctx, struct iface *in, struct rte_mbuf *m, struct rte_ipv4_hdr *ip);

#endif
