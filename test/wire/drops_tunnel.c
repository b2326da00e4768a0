/* SPDX-License-Identifier: BSD-3-Clause */
#include "drops_tunnel.h"

#include <stdio.h>
#include <string.h>

#include "backbone.h"
#include "wire_priv.h"

#define PORT 3

/* A tunnel of the router's on a backbone port. */
static void tunnel_add(dp_vr_id vr, const struct dp_tunnel_spec *tunnel)
{
	struct ip_prefix underlay = wire_prefix("192.0.2.1/24"), own = wire_prefix("10.0.7.1/24");
	struct dp_port_spec port = {.name = "p3",
		.device = "net_ring_wire3",
		.mtu = 1500,
		.mac = {{2, 0, 0, 0, 0, 1 + PORT}},
		.addresses = &underlay,
		.n_addresses = 1};
	struct dp_iface_spec iface = {.name = "tun",
		.outer_vlan = DP_VLAN_NONE,
		.vlan = DP_VLAN_NONE,
		.tunnel = *tunnel,
		.addresses = &own,
		.n_addresses = 1};
	dp_iface_id id;

	wire_begin();
	if (dp_txn_port_add(wire.txn, &port, &wire.port_ids[PORT], wire.err) < 0)
		fail_msg("%s", wire.err);
	iface.port = wire.port_ids[PORT];
	if (dp_txn_iface_add(wire.txn, vr, &iface, &id, wire.err) < 0)
		fail_msg("%s", wire.err);
	wire_commit();
	wire_poll(3);
}

bool drops_tunnel_make(dp_vr_id vr, enum drop_reason reason)
{
	struct frame_l2 l2 = {WIRE_PORT_MAC(PORT), B_MAC, 0, 0};
	struct dp_tunnel_spec vxlan = backbone_vxlan(7), other = backbone_vxlan(8);
	struct frame inner, f;
	uint8_t tos = reason == DROP_TUNNEL_ECN ? 3 : 0;

	if (reason < DROP_TUNNEL_UNKNOWN || reason > DROP_UNDERLAY_TRANSIT)
		return false;
	tunnel_add(vr, &vxlan);
	l2.vlan = reason == DROP_TUNNEL_TAGGED ? 5 : 0;
	frame_udp(&inner, &l2, &(struct frame_ip){.src = UINT32_C(0x0a000702), .dst = A_IP}, 1, 2,
		20, 3);
	backbone_wrap(
		&f, reason == DROP_TUNNEL_UNKNOWN ? &other : &vxlan, tos, inner.data, inner.len, 0);
	f.data[5] = 1 + PORT;
	if (reason == DROP_TUNNEL_HEADER)
		f.data[14 + 20 + 8] = 0;
	if (reason == DROP_TUNNEL_FRAGMENT)
		f.data[14 + 6] = 0x20;
	if (reason == DROP_UNDERLAY_TRANSIT) {
		f.data[14 + 9] = PROTO_TCP;
		f.data[14 + 19] = 77;
	}
	frame_ip4_fix(&f);
	wire_send(PORT, &f);
	wire_poll(3);
	return true;
}
