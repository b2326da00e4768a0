/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP (RFC 826, announcements of RFC 5227): what is heard becomes neighbours, what neigh.h says to
 * ask is asked. */
#ifndef HPSR_DATAPLANE_ARP_H
#define HPSR_DATAPLANE_ARP_H

#include "dataplane/ctx.h"
#include "dataplane/neigh.h"

/* An ARP frame for an interface. Takes the mbuf: consumed, or dropped for a reason. Packets that
 * waited for the sender go to ctx->ready. */
void arp_input(struct ctx *ctx, struct iface *in, struct rte_mbuf *m, uint8_t l3_offset);
/* Do what the neighbour's state asks for. */
void arp_act(struct ctx *ctx, struct adj *adj, enum neigh_action action);
/* Tell everybody on the link our addresses and MAC. */
void arp_announce(struct ctx *ctx, struct iface *iface);

#endif
