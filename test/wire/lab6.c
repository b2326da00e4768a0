/* SPDX-License-Identifier: BSD-3-Clause */
#include "lab6.h"

#include <string.h>

#define SECOND UINT64_C(1000000000)

void lab6_settle(void)
{
	wire_run_ns(5 * SECOND / 2, SECOND / 10);
	wire_discard();
}

void lab6_create(struct wire_lab *lab, bool known, const struct wire_iface *lan,
	const struct wire_iface *wan)
{
	struct wire_iface ifaces[2] = {{0}};
	struct dp_neigh_spec neighbors[6];
	struct dp_route_spec routes[2];

	if (lan != NULL)
		ifaces[0] = *lan;
	if (wan != NULL)
		ifaces[1] = *wan;
	ifaces[1].port = 1;
	ifaces[0].address = "10.0.0.1/24";
	ifaces[1].address = "10.0.1.1/24";
	ifaces[0].address2 = LAN6 "/64";
	ifaces[1].address2 = WAN6 "/64";
	ifaces[0].name = "lan";
	ifaces[1].name = "wan";
	wire_begin();
	for (unsigned int i = 0; i < 2; i++)
		if (wire_port_id(i) == 0)
			wire_port_add(i, lab->mtu != 0 ? lab->mtu : 1500);
	lab->vr = wire_vr_add("v/6", "s0");
	lab->lan = wire_iface_add(lab->vr, &ifaces[0]);
	lab->wan = wire_iface_add(lab->vr, &ifaces[1]);
	routes[0] = wire_route("10.9.0.0/16", "10.0.1.2", lab->wan);
	routes[1] = wire_route("2001:db8:9::/48", B6_LL, lab->wan);
	wire_routes_set(lab->vr, routes, 2);
	neighbors[0] = wire_neigh(lab->lan, "10.0.0.2", A_MAC);
	neighbors[1] = wire_neigh(lab->wan, "10.0.1.2", B_MAC);
	neighbors[2] = wire_neigh(lab->lan, A6, A_MAC);
	neighbors[3] = wire_neigh(lab->wan, B6, B_MAC);
	neighbors[4] = wire_neigh(lab->lan, A6_LL, A_MAC);
	neighbors[5] = wire_neigh(lab->wan, B6_LL, B_MAC);
	wire_neighbors_set(lab->vr, neighbors, known ? 6 : 2);
	wire_commit();
	lab->from_a = (struct frame_l2){WIRE_PORT_MAC(0), A_MAC, ifaces[0].outer, ifaces[0].vlan};
	lab->from_b = (struct frame_l2){WIRE_PORT_MAC(1), B_MAC, ifaces[1].outer, ifaces[1].vlan};
	lab->at_a = (struct frame_l2){A_MAC, WIRE_PORT_MAC(0), ifaces[0].outer, ifaces[0].vlan};
	lab->at_b = (struct frame_l2){B_MAC, WIRE_PORT_MAC(1), ifaces[1].outer, ifaces[1].vlan};
	if (known)
		lab6_settle();
}

void lab6_passes(const struct wire_lab *lab)
{
	for (unsigned int from = 0; from < 2; from++) {
		const struct frame_ip6 ip = {
			.src = from == 0 ? A6 : B6, .dst = from == 0 ? B6 : A6, .label = 0x12345};
		struct frame in, want;

		frame6_udp(&in, from == 0 ? &lab->from_a : &lab->from_b, &ip, 1, 2, 51, 7);
		wire_send(from, &in);
		wire_poll(1);
		frame6_forwarded(&want, &in, from == 0 ? &lab->at_b : &lab->at_a);
		wire_expect(!from, &want);
	}
	wire_expect_none();
}

void lab6_dropped(unsigned int port, const struct frame *f, enum drop_reason reason)
{
	uint64_t before = wire_drops(reason), all = wire_books().dropped;

	wire_send(port, f);
	wire_poll(1);
	if (wire_drops(reason) != before + 1)
		fail_msg("not dropped as %s", dp_drop_name(reason));
	assert_int_equal(wire_books().dropped, all + 1);
	wire_expect_none();
}

void lab6_expect(unsigned int port, struct frame *f, struct frame6_view *v)
{
	if (!wire_recv(port, f))
		fail_msg("nothing left by port %u", port);
	frame6_parse(f, v);
	if (v->ok)
		return;
	frame_print(f, "got");
	fail_msg("a malformed frame left by port %u", port);
}

void lab6_refused(unsigned int port, const struct frame *f, enum drop_reason reason, uint8_t type,
	uint8_t code, uint32_t value)
{
	uint64_t before = wire_drops(reason);
	struct frame6_view v, was;
	struct frame got, sent = *f;

	frame6_parse(f, &was);
	wire_send(port, f);
	wire_poll(1);
	if (wire_drops(reason) != before + 1)
		fail_msg("not dropped as %s", dp_drop_name(reason));
	lab6_expect(port, &got, &v);
	assert_int_equal(v.proto, PROTO_ICMP6);
	assert_int_equal(v.icmp_type, type);
	assert_int_equal(v.icmp_code, code);
	assert_int_equal(v.icmp_value, value);
	assert_int_equal(v.hops, 64);
	assert_string_equal(v.dst, was.src);
	assert_int_equal(
		v.payload_len, 8 + (40 + was.payload_len < 1232 ? 40 + was.payload_len : 1232));
	assert_memory_equal(v.payload + 8, frame_l3(&sent), v.payload_len - 8);
	wire_expect_none();
}
