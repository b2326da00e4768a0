/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts behind B's interface of the usual router, by the packets and the ARP they exchange with it.
 */
#ifndef HPSR_TEST_WIRE_PEER_H
#define HPSR_TEST_WIRE_PEER_H

#include "wire.h"

#define SECOND UINT64_C(1000000000)
#define C_IP UINT32_C(0x0a000132) /* 10.0.1.50: nobody knows it at first */
#define C_MAC WIRE_HOST_MAC(0xc)

/* A sends to DST; SEQ tells packets apart. */
void peer_send(const struct wire_lab *lab, uint32_t dst, uint16_t seq);
/* That packet is the next that leaves by port 1, to MAC. */
void peer_expect(const struct wire_lab *lab, uint32_t dst, uint16_t seq, uint64_t mac);
/* The next is the router's request for IP, sent to MAC. */
void peer_expect_request(const struct wire_lab *lab, uint32_t ip, uint64_t mac);
/* IP is at MAC, says a reply to port 1. */
void peer_answer(const struct wire_lab *lab, uint32_t ip, uint64_t mac);
/* What the router knows of IP; iface 0: nothing. */
struct dp_neigh_snap peer_state(const struct wire_lab *lab, uint32_t ip);

#endif
