/* SPDX-License-Identifier: BSD-3-Clause */
/* A router between a LAN, port 0, and a tunnel on the backbone, port 1 with 192.0.2.1/24 and
 * 2001:db8:ffff::1/64. Host A, 10.0.0.2 and 2001:db8::2, on the LAN; host B, 10.0.1.2 and
 * 2001:db8:1::2, behind the tunnel to R, 192.0.2.2 and 2001:db8:ffff::2. Their MACs are configured,
 * R's is asked for. */
#ifndef HPSR_TEST_WIRE_BACKBONE_H
#define HPSR_TEST_WIRE_BACKBONE_H

#include "wire.h"

#define R_MAC WIRE_HOST_MAC(0xf)
#define R_IP UINT32_C(0xc0000202)
#define BACKBONE_IP UINT32_C(0xc0000201)
#define R6 "2001:db8:ffff::2"
#define BACKBONE6 "2001:db8:ffff::1"

struct backbone {
	dp_vr_id vr;
	dp_iface_id lan, tun;
	struct frame_l2 from_a, at_a;
};

/* Within a transaction: the port with its addresses, unless it is there; MTU 0: 1500. */
void backbone_port_add(uint16_t mtu);
/* Within a transaction; not checked: 0 or what dp_txn_iface_add says. */
int backbone_tunnel_add(dp_vr_id vr, const char *name, const char *address, const char *address6,
	const struct dp_tunnel_spec *tunnel, const struct dp_link_spec *link, uint16_t mtu,
	dp_iface_id *id);
/* The whole, with a LAN by this VLAN (0: untagged); R has been asked for, and has not answered. */
void backbone_create(struct backbone *lab, const char *name, const char *slice, uint16_t vlan,
	const struct dp_tunnel_spec *tunnel, uint16_t mtu);
/* R answers what it has been asked; nothing else leaves. */
void backbone_answer(bool ip6);
struct dp_tunnel_spec backbone_vxlan(uint32_t vni);
/* The frame of R's that carries INNER (its Ethernet header with it for vxlan, else without). */
void backbone_wrap(struct frame *out, const struct dp_tunnel_spec *tunnel, uint8_t tos,
	const void *inner, size_t len, uint16_t inner_type);

#endif
