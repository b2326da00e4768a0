/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbor Discovery (RFC 4861) and duplicate address detection (RFC 4862): what is heard becomes
 * neighbours, what neigh.h says to ask is asked, and own addresses are asked about before they are
 * used. Everything here runs on the home worker. */
#ifndef HPSR_DATAPLANE_ND_H
#define HPSR_DATAPLANE_ND_H

#include "dataplane/ctx.h"
#include "dataplane/icmp6.h"
#include "dataplane/iface6.h"
#include "dataplane/neigh.h"

/* A message of Neighbor Discovery, its checksum verified. The mbuf stays the caller's:
 * DROP_REASON_COUNT: consumed. Packets that waited for the sender go to ctx->ready. */
enum drop_reason nd_input(struct ctx *ctx, struct iface *in, struct rte_mbuf *m,
	const struct rte_ipv6_hdr *ip, const struct icmp6_header *icmp, uint16_t len);
/* Do what the neighbour's state asks for. */
void nd_act(struct ctx *ctx, struct adj *adj, enum neigh_action action);
/* The interface has come up, or its link has: ask about the addresses that are not known to be
 * ours, and tell everybody on the link the others. */
void nd_announce(struct ctx *ctx, struct iface *iface);
/* The interface goes: no timer of its own is left. */
void nd_retire(struct ctx *ctx, struct iface *iface);
/* The interface's timer ran out. */
void nd_timeout(struct ctx *ctx, struct iface6 *ip6);

#endif
