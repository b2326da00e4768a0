/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire.h"

#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>

#include "dataplane/port.h"
#include "wire_priv.h"

static struct mac_addr mac_of(uint64_t mac)
{
	struct mac_addr out;

	for (int i = 0; i < 6; i++)
		out.bytes[i] = (uint8_t)(mac >> (40 - 8 * i));
	return out;
}

static void ports_forget(void)
{
	for (unsigned int i = 0; i < WIRE_PORTS; i++)
		if (wire.port_ids[i] != 0 && port_table[wire.port_ids[i]] == NULL)
			wire.port_ids[i] = 0;
}

static void done(int rc)
{
	if (rc != 0)
		fail_msg("%s", wire.err);
}

void wire_begin(void)
{
	wire.txn = dp_txn_begin();
	assert_non_null(wire.txn);
}

void wire_commit(void)
{
	struct dp_txn *txn = wire.txn;

	wire.txn = NULL;
	dp_txn_commit(txn);
	ports_forget();
}

void wire_abort(void)
{
	struct dp_txn *txn = wire.txn;

	wire.txn = NULL;
	dp_txn_abort(txn);
	ports_forget();
}

struct dp_txn *wire_txn(void)
{
	return wire.txn;
}

char *wire_err(void)
{
	return wire.err;
}

dp_port_id wire_port_add(unsigned int port, uint16_t mtu)
{
	char device[32];
	struct dp_port_spec spec = {
		.device = device, .mtu = mtu, .mac = mac_of(WIRE_PORT_MAC(port))};

	snprintf(device, sizeof(device), "net_ring_wire%u", port);
	snprintf(spec.name, sizeof(spec.name), "p%u", port);
	done(dp_txn_port_add(wire.txn, &spec, &wire.port_ids[port], wire.err));
	return wire.port_ids[port];
}

dp_port_id wire_port_id(unsigned int port)
{
	return wire.port_ids[port];
}

dp_vr_id wire_vr_add(const char *name, const char *slice)
{
	return wire_vr_add_weighted(name, slice, 1);
}

dp_vr_id wire_vr_add_weighted(const char *name, const char *slice, uint32_t weight)
{
	struct dp_vr_spec spec = {.weight = weight};
	dp_vr_id id;

	snprintf(spec.name, sizeof(spec.name), "%s", name);
	snprintf(spec.slice, sizeof(spec.slice), "%s", slice);
	done(dp_txn_vr_add(wire.txn, &spec, &id, wire.err));
	return id;
}

struct ip_prefix wire_prefix(const char *text)
{
	struct ip_prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix), 0);
	return prefix;
}

struct ip_addr wire_ipaddr(const char *text)
{
	struct ip_addr addr;

	assert_int_equal(ipaddr_parse(text, &addr), 0);
	return addr;
}

dp_iface_id wire_iface_add(dp_vr_id vr, const struct wire_iface *from)
{
	struct ip_prefix addresses[2];
	struct dp_iface_spec spec = {.mtu = from->mtu,
		.outer_vlan = from->outer != 0 ? from->outer : DP_VLAN_NONE,
		.vlan = from->vlan != 0 ? from->vlan : DP_VLAN_NONE,
		.mac = mac_of(from->mac),
		.addresses = addresses,
		.link = from->link,
		.ra = from->ra};
	dp_iface_id id;

	if (wire.port_ids[from->port] == 0)
		wire_port_add(from->port, 1500);
	spec.port = wire.port_ids[from->port];
	if (from->address != NULL)
		addresses[spec.n_addresses++] = wire_prefix(from->address);
	if (from->address2 != NULL)
		addresses[spec.n_addresses++] = wire_prefix(from->address2);
	snprintf(spec.name, sizeof(spec.name), "%s", from->name != NULL ? from->name : "if");
	done(dp_txn_iface_add(wire.txn, vr, &spec, &id, wire.err));
	return id;
}

void wire_routes_set(dp_vr_id vr, const struct dp_route_spec *routes, size_t n)
{
	done(dp_txn_routes_set(wire.txn, vr, routes, n, wire.err));
}

void wire_neighbors_set(dp_vr_id vr, const struct dp_neigh_spec *neighbors, size_t n)
{
	done(dp_txn_neighbors_set(wire.txn, vr, neighbors, n, wire.err));
}

void wire_vr_del(dp_vr_id vr)
{
	done(dp_txn_vr_del(wire.txn, vr, wire.err));
}

void wire_iface_del(dp_iface_id iface)
{
	done(dp_txn_iface_del(wire.txn, iface, wire.err));
}

void wire_port_del(unsigned int port)
{
	done(dp_txn_port_del(wire.txn, wire.port_ids[port], wire.err));
}

struct dp_route_spec wire_route(const char *to, const char *via, dp_iface_id iface)
{
	struct dp_route_spec route = {.to = wire_prefix(to), .n_nexthops = iface != 0};

	route.nexthops[0].iface = iface;
	if (via != NULL)
		route.nexthops[0].via = wire_ipaddr(via);
	return route;
}

struct dp_neigh_spec wire_neigh(dp_iface_id iface, const char *address, uint64_t mac)
{
	return (struct dp_neigh_spec){
		.iface = iface, .address = wire_ipaddr(address), .mac = mac_of(mac)};
}

struct dp_link_spec wire_link(
	uint64_t rate_bps, uint64_t burst, uint64_t queue_bytes, uint32_t queue_packets)
{
	return (struct dp_link_spec){.rate_bps = rate_bps,
		.at = DP_AT_VIF_IN,
		.by = DP_BY_TBF,
		.burst_bytes = burst,
		.queue_bytes = queue_bytes,
		.queue_packets = queue_packets};
}

void wire_link_up(unsigned int port, bool up)
{
	uint16_t ethdev = port_table[wire.port_ids[port]]->ethdev;

	assert_int_equal(
		up ? rte_eth_dev_set_link_up(ethdev) : rte_eth_dev_set_link_down(ethdev), 0);
}

void wire_lab_create_at(struct wire_lab *lab, const char *name, const char *slice,
	const struct wire_iface *lan, const struct wire_iface *wan)
{
	struct wire_iface ifaces[2] = {{0}};
	struct dp_neigh_spec neighbors[2];
	struct dp_route_spec route;

	if (lan != NULL)
		ifaces[0] = *lan;
	if (wan != NULL)
		ifaces[1] = *wan;
	ifaces[1].port = 1;
	ifaces[0].address = "10.0.0.1/24";
	ifaces[1].address = "10.0.1.1/24";
	ifaces[0].name = "lan";
	ifaces[1].name = "wan";
	wire_begin();
	for (unsigned int i = 0; i < 2; i++)
		if (wire.port_ids[i] == 0)
			wire_port_add(i, lab->mtu != 0 ? lab->mtu : 1500);
	lab->vr = wire_vr_add_weighted(name, slice, lab->weight != 0 ? lab->weight : 1);
	lab->lan = wire_iface_add(lab->vr, &ifaces[0]);
	lab->wan = wire_iface_add(lab->vr, &ifaces[1]);
	route = wire_route("10.9.0.0/16", "10.0.1.2", lab->wan);
	wire_routes_set(lab->vr, &route, 1);
	neighbors[0] = wire_neigh(lab->lan, "10.0.0.2", A_MAC);
	neighbors[1] = wire_neigh(lab->wan, "10.0.1.2", B_MAC);
	wire_neighbors_set(lab->vr, neighbors, 2);
	wire_commit();
	lab->from_a = (struct frame_l2){WIRE_PORT_MAC(0), A_MAC, ifaces[0].outer, ifaces[0].vlan};
	lab->from_b = (struct frame_l2){WIRE_PORT_MAC(1), B_MAC, ifaces[1].outer, ifaces[1].vlan};
	lab->at_a = (struct frame_l2){A_MAC, WIRE_PORT_MAC(0), ifaces[0].outer, ifaces[0].vlan};
	lab->at_b = (struct frame_l2){B_MAC, WIRE_PORT_MAC(1), ifaces[1].outer, ifaces[1].vlan};
	wire_poll(3); /* with a hand-over between workers */
	wire_discard();
}

void wire_lab_create(struct wire_lab *lab, const char *name, const struct wire_iface *lan,
	const struct wire_iface *wan)
{
	wire_lab_create_at(lab, name, "s0", lan, wan);
}

void wire_lab_passes_port(const struct wire_lab *lab, unsigned int from)
{
	struct frame_ip ip = {
		.src = from == 0 ? A_IP : B_IP, .dst = from == 0 ? B_IP : A_IP, .id = 77};
	struct frame in, want;

	frame_udp(&in, from == 0 ? &lab->from_a : &lab->from_b, &ip, 1, 2, 50, 7);
	wire_send(from, &in);
	wire_poll(1);
	frame_forwarded(&want, &in, from == 0 ? &lab->at_b : &lab->at_a);
	wire_expect(!from, &want);
}

void wire_lab_passes(const struct wire_lab *lab)
{
	wire_lab_passes_port(lab, 0);
	wire_lab_passes_port(lab, 1);
	wire_expect_none();
}
