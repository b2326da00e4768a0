/* SPDX-License-Identifier: BSD-3-Clause */
/* Decapsulation: what comes in on a port for a tunnel that ends at one of its addresses. */
#ifndef HPSR_DATAPLANE_TUNNEL_IN_H
#define HPSR_DATAPLANE_TUNNEL_IN_H

#include "dataplane/tunnel.h"

/* Is this frame, on a port with the underlay interface IN, for tunnels? TYPE: its EtherType. */
bool tunnel_claims(
	const struct iface *in, const struct rte_mbuf *m, uint16_t type, uint8_t l3_offset);
/* A burst of such frames: find each one's tunnel and strip it to a frame with an Ethernet header
 * (of our making, where the tunnel carries none). Fills ifaces, to the front of the arrays those
 * that go on; the others are dropped and counted on the port. Returns how many go on. Polling
 * worker. */
unsigned int tunnel_decap(struct ctx *ctx, struct port *port, struct rte_mbuf **m,
	struct iface **ifaces, unsigned int n);

#endif
