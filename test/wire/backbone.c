/* SPDX-License-Identifier: BSD-3-Clause */
#include "backbone.h"

#include <stdio.h>
#include <string.h>

#include "frame6.h"
#include "wire_priv.h"

void backbone_port_add(uint16_t mtu)
{
	struct ip_prefix addresses[] = {wire_prefix("192.0.2.1/24"), wire_prefix(BACKBONE6 "/64")};
	struct dp_port_route route = {wire_prefix("198.51.100.0/24"), wire_ipaddr("192.0.2.254")};
	struct dp_port_spec spec = {.name = "p1",
		.device = "net_ring_wire1",
		.mtu = mtu != 0 ? mtu : 1500,
		.mac = {{2, 0, 0, 0, 0, 2}},
		.addresses = addresses,
		.n_addresses = 2,
		.routes = &route,
		.n_routes = 1};

	if (wire.port_ids[1] != 0)
		return;
	if (dp_txn_port_add(wire.txn, &spec, &wire.port_ids[1], wire.err) < 0)
		fail_msg("%s", wire.err);
}

int backbone_tunnel_add(dp_vr_id vr, const char *name, const char *address, const char *address6,
	const struct dp_tunnel_spec *tunnel, const struct dp_link_spec *link, uint16_t mtu,
	dp_iface_id *id)
{
	struct ip_prefix addresses[2];
	struct dp_iface_spec spec = {.port = wire.port_ids[1],
		.outer_vlan = DP_VLAN_NONE,
		.vlan = DP_VLAN_NONE,
		.mtu = mtu,
		.tunnel = *tunnel,
		.addresses = addresses};

	snprintf(spec.name, sizeof(spec.name), "%s", name);
	if (address != NULL)
		addresses[spec.n_addresses++] = wire_prefix(address);
	if (address6 != NULL)
		addresses[spec.n_addresses++] = wire_prefix(address6);
	if (link != NULL)
		spec.link = *link;
	return dp_txn_iface_add(wire.txn, vr, &spec, id, wire.err);
}

void backbone_create(struct backbone *lab, const char *name, const char *slice, uint16_t vlan,
	const struct dp_tunnel_spec *tunnel, uint16_t mtu)
{
	struct wire_iface lan = {.port = 0,
		.vlan = vlan,
		.address = "10.0.0.1/24",
		.address2 = "2001:db8::1/64",
		.name = "lan"};
	struct dp_neigh_spec neighbors[4];

	wire_begin();
	if (wire.port_ids[0] == 0)
		wire_port_add(0, 1500);
	backbone_port_add(mtu);
	lab->vr = wire_vr_add(name, slice);
	lab->lan = wire_iface_add(lab->vr, &lan);
	if (backbone_tunnel_add(lab->vr, "tun", "10.0.1.1/24", "2001:db8:1::1/64", tunnel, NULL, 0,
		    &lab->tun) < 0)
		fail_msg("%s", wire.err);
	neighbors[0] = wire_neigh(lab->lan, "10.0.0.2", A_MAC);
	neighbors[1] = wire_neigh(lab->lan, "2001:db8::2", A_MAC);
	neighbors[2] = wire_neigh(lab->tun, "10.0.1.2", B_MAC);
	neighbors[3] = wire_neigh(lab->tun, "2001:db8:1::2", B_MAC);
	wire_neighbors_set(lab->vr, neighbors, 4);
	wire_commit();
	lab->from_a = (struct frame_l2){WIRE_PORT_MAC(0), A_MAC, 0, vlan};
	lab->at_a = (struct frame_l2){A_MAC, WIRE_PORT_MAC(0), 0, vlan};
	wire_poll(3);
	wire_discard();
	/* Duplicate address detection. */
	wire_run_ns(2500000000, 100000000);
	wire_discard();
}

void backbone_answer(bool ip6)
{
	struct frame_l2 l2 = {WIRE_PORT_MAC(1), R_MAC, 0, 0};
	struct frame f;

	/* Again, where it has been given up. */
	wire_run_ns(5000000000, 100000000);
	wire_discard();
	if (ip6)
		frame6_nd(&f, &l2, &(struct frame_ip6){.src = R6, .dst = BACKBONE6, .hops = 255},
			ICMP6_NA, UINT32_C(0x60000000), R6, 2, R_MAC);
	else
		frame_arp(&f, &l2, ARP_REPLY, R_MAC, R_IP, WIRE_PORT_MAC(1), BACKBONE_IP);
	wire_send(1, &f);
	wire_poll(4);
}

struct dp_tunnel_spec backbone_vxlan(uint32_t vni)
{
	return (struct dp_tunnel_spec){
		.type = DP_TUNNEL_VXLAN, .remote = wire_ipaddr("192.0.2.2"), .id = vni, .ttl = 64};
}

static uint8_t *put16(uint8_t *p, uint16_t v)
{
	*p++ = (uint8_t)(v >> 8);
	*p++ = (uint8_t)v;
	return p;
}

void backbone_wrap(struct frame *out, const struct dp_tunnel_spec *tunnel, uint8_t tos,
	const void *inner, size_t len, uint16_t inner_type)
{
	struct frame_l2 l2 = {WIRE_PORT_MAC(1), R_MAC, 0, 0};
	static uint8_t payload[FRAME_MAX];
	uint8_t *p = payload, proto = inner_type == TYPE_IP6 ? 41 : 4;

	memset(payload, 0, 64);
	if (tunnel->type == DP_TUNNEL_VXLAN) {
		p = put16(p, 55555);
		p = put16(p, 4789);
		p = put16(p, (uint16_t)(16 + len));
		p = put16(p, 0);
		*p = 8;
		p = put16(put16(p + 4, (uint16_t)(tunnel->id >> 8)), (uint16_t)(tunnel->id << 8));
		proto = 17;
	} else if (tunnel->type == DP_TUNNEL_GRE) {
		p = put16(p, tunnel->has_key ? 0x2000 : 0);
		p = put16(p, inner_type);
		if (tunnel->has_key)
			p = put16(put16(p, (uint16_t)(tunnel->id >> 16)), (uint16_t)tunnel->id);
		proto = 47;
	}
	memcpy(p, inner, len);
	len += (size_t)(p - payload);
	if (tunnel->remote.af == IP_AF_6)
		frame6(out, &l2,
			&(struct frame_ip6){
				.src = R6, .dst = BACKBONE6, .proto = proto, .class = tos},
			payload, len);
	else
		frame_ip4(out, &l2,
			&(struct frame_ip){
				.src = R_IP, .dst = BACKBONE_IP, .proto = proto, .tos = tos},
			payload, len);
}
