/* SPDX-License-Identifier: BSD-3-Clause */
/* What goes in is what comes out, but for what a router changes; and where it comes out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

/* A packet from A goes to B's side and arrives as it should. */
static void passes(const struct wire_lab *lab, const struct frame_ip *ip, size_t payload)
{
	struct frame in, want;

	frame_udp(&in, &lab->from_a, ip, 1000, 2000, payload, (uint32_t)payload);
	wire_send(0, &in);
	wire_poll(1);
	frame_forwarded(&want, &in, &lab->at_b);
	wire_expect(1, &want);
	wire_expect_none();
}

/* Untagged, VLAN and QinQ in every combination. */
static void test_tags(void **state)
{
	static const struct wire_iface tags[] = {
		{0}, {.vlan = 101}, {.outer = 200, .vlan = 101}, {.vlan = 4094}};

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		for (unsigned int j = 0; j < 4; j++) {
			struct frame in, want;
			struct wire_lab lab = {0};

			wire_lab_create(&lab, "t/r", &tags[i], &tags[j]);
			passes(&lab, &(struct frame_ip){.src = A_IP, .dst = B_IP, .id = 7}, 100);
			frame_udp(&in, &lab.from_b, &(struct frame_ip){.src = B_IP, .dst = A_IP},
				2000, 1000, 0, i * 4 + j);
			frame_pad(&in, 60);
			wire_send(1, &in);
			wire_poll(1);
			frame_forwarded(&want, &in, &lab.at_a);
			wire_expect(0, &want);
			wire_expect_none();
			wire_begin();
			wire_vr_del(lab.vr);
			wire_commit();
		}
}

/* 802.1Q 6.9: a tag of VID 0 carries a priority only. */
static void test_priority_tag(void **state)
{
	struct wire_lab lab = {0};
	struct frame_l2 l2;
	struct frame in, want;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	l2 = lab.from_a;
	l2.vlan = 0xa000;
	frame_udp(&in, &l2, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 10, 0);
	wire_send(0, &in);
	wire_poll(1);
	frame_forwarded(&want, &in, &lab.at_b);
	wire_expect(1, &want);
}

/* A tenant's priority bits and DEI do not choose its interface, and are not kept. */
static void test_tag_priority_bits(void **state)
{
	struct wire_lab lab = {0};
	struct frame_l2 l2;
	struct frame in, want;

	(void)state;
	wire_lab_create(&lab, "t/r", &(struct wire_iface){.outer = 7, .vlan = 5}, NULL);
	l2 = lab.from_a;
	l2.vlan |= 0xf000;
	l2.outer |= 0x7000;
	frame_udp(&in, &l2, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 10, 0);
	wire_send(0, &in);
	wire_poll(1);
	frame_forwarded(&want, &in, &lab.at_b);
	wire_expect(1, &want);
}

/* All sizes up to the MTU, short ones padded by their sender. */
static void test_sizes(void **state)
{
	struct wire_lab lab = {.mtu = 9000};

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	for (size_t payload = 0; payload <= 9000 - 28; payload += payload < 80 ? 1 : 311)
		passes(&lab, &(struct frame_ip){.src = A_IP, .dst = B_IP, .frag = FRAME_DF},
			payload);
	passes(&lab, &(struct frame_ip){.src = A_IP, .dst = B_IP, .frag = FRAME_DF}, 9000 - 28);
	for (size_t payload = 0; payload <= 20; payload++) {
		struct frame in, want;

		frame_udp(&in, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 5, 6,
			payload, 3);
		frame_pad(&in, 60);
		wire_send(0, &in);
		wire_poll(1);
		frame_forwarded(&want, &in, &lab.at_b);
		wire_expect(1, &want);
	}
}

/* Every header value that a router has to leave alone. TTL 2..255 loses one; the checksum is right
 * whatever it was before (RFC 1624's corner cases). */
static void test_header_values(void **state)
{
	static const uint8_t record_route[] = {7, 7, 4, 0, 0, 0, 0, 0};
	static const uint8_t nops[40] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
	struct wire_lab lab = {0};
	struct frame_ip ip = {.src = A_IP, .dst = UINT32_C(0x0a090102)};

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	for (uint16_t ttl = 2; ttl < 256; ttl++) {
		ip.ttl = ttl;
		passes(&lab, &ip, 8);
	}
	/* The checksum takes every value that it can have. */
	ip.ttl = 64;
	for (uint32_t id = 0; id < 65536; id++) {
		ip.id = (uint16_t)id;
		passes(&lab, &ip, 0);
	}
	for (unsigned int tos = 0; tos < 256; tos++) {
		ip.tos = (uint8_t)tos;
		passes(&lab, &ip, tos % 3);
	}
	for (unsigned int flags = 0; flags < 8; flags++) {
		ip.frag = (uint16_t)(flags << 13 | (flags * 100));
		passes(&lab, &ip, 24);
	}
	ip.frag = 0;
	ip.options = record_route;
	ip.options_len = sizeof(record_route);
	passes(&lab, &ip, 33);
	ip.options = nops;
	ip.options_len = sizeof(nops);
	passes(&lab, &ip, 33);
	ip.options_len = 0;
	for (unsigned int proto = 2; proto < 256; proto++) {
		ip.proto = (uint8_t)proto;
		passes(&lab, &ip, 1);
	}
}

/* Two tenants, the same addresses and hosts' MACs, the same ports: only the tags differ. */
static void test_overlapping_addresses(void **state)
{
	struct wire_lab one = {0}, two = {0};
	const struct wire_lab *labs[] = {&one, &two};

	(void)state;
	wire_lab_create(
		&one, "t1/r", &(struct wire_iface){.vlan = 101}, &(struct wire_iface){.vlan = 201});
	wire_lab_create(&two, "t2/r", &(struct wire_iface){.vlan = 102},
		&(struct wire_iface){.outer = 201, .vlan = 201});
	for (unsigned int i = 0; i < 200; i++)
		passes(labs[i % 2], &(struct frame_ip){.src = A_IP, .dst = B_IP}, i);
	/* Mixed in one burst. */
	for (unsigned int i = 0; i < 60; i++) {
		struct frame in;

		frame_udp(&in, &labs[i % 3 / 2]->from_a,
			&(struct frame_ip){.src = A_IP, .dst = B_IP}, 7, 8, i, i);
		wire_send(0, &in);
	}
	wire_poll(1);
	for (unsigned int i = 0; i < 60; i++) {
		struct frame in, want;

		frame_udp(&in, &labs[i % 3 / 2]->from_a,
			&(struct frame_ip){.src = A_IP, .dst = B_IP}, 7, 8, i, i);
		frame_forwarded(&want, &in, &labs[i % 3 / 2]->at_b);
		wire_expect(1, &want);
	}
	/* The second one's route goes; the first one's stays. */
	wire_begin();
	wire_routes_set(two.vr, NULL, 0);
	wire_commit();
	passes(&one, &(struct frame_ip){.src = A_IP, .dst = UINT32_C(0x0a090101)}, 1);
}

/* Which gateway's MAC an address goes to; 0: none. */
static uint64_t next_hop(const struct wire_lab *lab, uint32_t dst, uint16_t src_port)
{
	struct frame f;
	struct frame_view v;
	uint64_t mac = 0;

	frame_udp(&f, &lab->from_a, &(struct frame_ip){.src = A_IP, .dst = dst}, src_port, 9, 4, 1);
	wire_send(0, &f);
	wire_poll(1);
	if (wire_recv(1, &f)) {
		frame_parse(&f, &v);
		assert_true(v.ok);
		assert_int_equal(v.ip.dst, dst);
		mac = v.l2.dst;
	}
	wire_discard();
	return mac;
}

#define GATEWAYS 5

/* Gateways 10.0.1.2 .. with MACs from B's on. */
static void gateways_create(struct wire_lab *lab)
{
	struct dp_neigh_spec neighbors[GATEWAYS + 1];
	char text[32];

	wire_lab_create(lab, "t/r", NULL, NULL);
	for (unsigned int i = 0; i < GATEWAYS; i++) {
		snprintf(text, sizeof(text), "10.0.1.%u", i + 2);
		neighbors[i] = wire_neigh(lab->wan, text, B_MAC + i);
	}
	neighbors[GATEWAYS] = wire_neigh(lab->lan, "10.0.0.2", A_MAC);
	wire_begin();
	wire_neighbors_set(lab->vr, neighbors, GATEWAYS + 1);
	wire_commit();
}

static void test_longest_prefix(void **state)
{
	struct wire_lab lab = {0};
	struct dp_route_spec routes[6];

	(void)state;
	gateways_create(&lab);
	assert_int_equal(next_hop(&lab, frame_addr("10.9.1.1"), 1), B_MAC);
	assert_int_equal(next_hop(&lab, frame_addr("8.8.8.8"), 1), 0);
	routes[0] = wire_route("0.0.0.0/0", "10.0.1.2", lab.wan);
	routes[1] = wire_route("10.9.0.0/16", "10.0.1.3", lab.wan);
	routes[2] = wire_route("10.9.1.0/24", "10.0.1.4", lab.wan);
	routes[3] = wire_route("10.9.1.128/25", "10.0.1.5", lab.wan);
	routes[4] = wire_route("10.9.1.200/32", "10.0.1.6", lab.wan);
	routes[5] = wire_route("10.9.2.0/24", NULL, 0);
	wire_begin();
	wire_routes_set(lab.vr, routes, 6);
	wire_commit();
	assert_int_equal(next_hop(&lab, frame_addr("8.8.8.8"), 1), B_MAC);
	assert_int_equal(next_hop(&lab, frame_addr("10.9.3.1"), 1), B_MAC + 1);
	assert_int_equal(next_hop(&lab, frame_addr("10.9.1.1"), 1), B_MAC + 2);
	assert_int_equal(next_hop(&lab, frame_addr("10.9.1.129"), 1), B_MAC + 3);
	assert_int_equal(next_hop(&lab, frame_addr("10.9.1.200"), 1), B_MAC + 4);
	assert_int_equal(next_hop(&lab, frame_addr("10.9.2.1"), 1), 0);
	/* Connected networks are longer than the default route. */
	assert_int_equal(next_hop(&lab, frame_addr("10.0.1.4"), 1), B_MAC + 2);
}

/* Routes come, change and go one by one while packets flow; none is lost. */
static void test_live_routes(void **state)
{
	struct wire_lab lab = {0};
	struct dp_route_spec route;
	struct ip_prefix to = wire_prefix("10.9.1.0/24");
	uint32_t dst = frame_addr("10.9.1.1");

	(void)state;
	gateways_create(&lab);
	for (unsigned int i = 0; i < 100; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.0.1.%u", i % GATEWAYS + 2);
		route = wire_route("10.9.1.0/24", text, lab.wan);
		assert_int_equal(
			next_hop(&lab, dst, 1), i == 0 ? B_MAC : B_MAC + (i - 1) % GATEWAYS);
		assert_int_equal(dp_route_add(lab.vr, &route, wire_err()), 0);
		assert_int_equal(next_hop(&lab, dst, 1), B_MAC + i % GATEWAYS);
	}
	assert_int_equal(dp_route_del(lab.vr, &to, wire_err()), 0);
	assert_int_equal(next_hop(&lab, dst, 1), B_MAC);
	assert_int_equal(dp_route_del(lab.vr, &to, wire_err()), -ENOENT);
	to = wire_prefix("10.9.0.0/16");
	assert_int_equal(dp_route_del(lab.vr, &to, wire_err()), 0);
	assert_int_equal(next_hop(&lab, dst, 1), 0);
	/* What the interfaces imply stays. */
	to = wire_prefix("10.0.1.0/24");
	assert_int_equal(dp_route_del(lab.vr, &to, wire_err()), -EPERM);
	route = wire_route("10.0.1.0/24", "10.0.0.2", lab.lan);
	assert_int_equal(dp_route_add(lab.vr, &route, wire_err()), -EEXIST);
	route = wire_route("10.7.0.0/16", "10.0.0.2", 60000);
	assert_true(dp_route_add(lab.vr, &route, wire_err()) < 0);
	assert_int_equal(next_hop(&lab, frame_addr("10.0.1.2"), 1), B_MAC);
}

/* Equal-cost paths: a flow stays on its own, flows spread evenly. */
static void test_ecmp(void **state)
{
	struct wire_lab lab = {0};
	struct dp_route_spec route = {.to = wire_prefix("10.9.0.0/16"), .n_nexthops = 4};
	unsigned int flows[4] = {0};

	(void)state;
	gateways_create(&lab);
	for (unsigned int i = 0; i < 4; i++)
		route.nexthops[i] = (struct dp_nexthop_spec){
			.via = ipaddr_from_u32(B_IP + i), .iface = lab.wan};
	assert_int_equal(dp_route_add(lab.vr, &route, wire_err()), 0);
	for (unsigned int flow = 0; flow < 2000; flow++) {
		uint32_t dst = UINT32_C(0x0a090000) + flow % 7;
		uint64_t mac = next_hop(&lab, dst, (uint16_t)(flow / 7));

		assert_in_range(mac, B_MAC, B_MAC + 3);
		flows[mac - B_MAC]++;
		for (unsigned int again = 0; again < 3; again++)
			assert_int_equal(next_hop(&lab, dst, (uint16_t)(flow / 7)), mac);
	}
	for (unsigned int i = 0; i < 4; i++)
		assert_in_range(flows[i], 400, 600);
	/* Replaced by one of its members, which keeps its neighbour. */
	route.n_nexthops = 1;
	assert_int_equal(dp_route_add(lab.vr, &route, wire_err()), 0);
	for (unsigned int flow = 0; flow < 50; flow++)
		assert_int_equal(next_hop(&lab, route.to.addr.bytes[3] + UINT32_C(0x0a090000),
					 (uint16_t)flow),
			B_MAC);
}

/* Two addresses on one interface: both networks are connected, both addresses answer. */
static void test_two_addresses(void **state)
{
	struct wire_lab lab = {0};
	struct frame in, want;

	(void)state;
	wire_lab_create(&lab, "t/r", &(struct wire_iface){.address2 = "10.0.7.1/24"}, NULL);
	frame_udp(&in, &lab.from_a, &(struct frame_ip){.src = frame_addr("10.0.7.2"), .dst = B_IP},
		1, 2, 3, 4);
	wire_send(0, &in);
	wire_poll(1);
	frame_forwarded(&want, &in, &lab.at_b);
	wire_expect(1, &want);
	frame_arp(&in, &(struct frame_l2){MAC_ALL, A_MAC, 0, 0}, ARP_REQUEST, A_MAC,
		frame_addr("10.0.7.2"), 0, frame_addr("10.0.7.1"));
	wire_send(0, &in);
	wire_poll(1);
	frame_arp(&want, &lab.at_a, ARP_REPLY, WIRE_PORT_MAC(0), frame_addr("10.0.7.1"), A_MAC,
		frame_addr("10.0.7.2"));
	wire_expect(0, &want);
}

/* Counters of interface, router and port agree with what went through. */
static void test_counters(void **state)
{
	struct dp_iface_stats lan, wan;
	struct wire_lab lab = {0};
	struct dp_vr_stats vr;
	struct dp_port_stats port;
	struct hist *latency = calloc(1, sizeof(*latency)),
		    *queueing = calloc(1, sizeof(*queueing));

	(void)state;
	wire_lab_create(&lab, "t/r", &(struct wire_iface){.vlan = 9}, NULL);
	assert_int_equal(dp_iface_stats_get(lab.wan, &wan), 0);
	for (unsigned int i = 0; i < 10; i++)
		passes(&lab, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 100);
	assert_int_equal(dp_iface_stats_get(lab.lan, &lan), 0);
	assert_int_equal(lan.traffic.rx_packets, 10);
	assert_int_equal(lan.traffic.rx_bytes, 10 * (18 + 28 + 100));
	assert_true(lan.up);
	assert_int_equal(dp_vr_stats_get(lab.vr, &vr), 0);
	assert_int_equal(vr.traffic.rx_packets, 10);
	assert_int_equal(vr.packets, 10);
	assert_int_equal(vr.routes4, 1 + 2 * 4);
	assert_int_equal(vr.neighbors, 2);
	assert_int_equal(vr.originated, 2); /* announcements */
	assert_int_equal(dp_port_stats_get(wire_port_id(0), &port), 0);
	assert_int_equal(port.traffic.rx_packets, 10);
	assert_int_equal(port.traffic.rx_bytes, 10 * (18 + 28 + 100));
	assert_int_equal(dp_port_stats_get(wire_port_id(1), &port), 0);
	assert_int_equal(port.traffic.tx_packets, 10 + 1);
	assert_int_equal(port.traffic.tx_bytes, 10 * (14 + 28 + 100) + 42);
	wan.traffic.tx_packets += 10;
	wan.traffic.tx_bytes += 10 * (14 + 28 + 100);
	assert_int_equal(dp_iface_stats_get(lab.wan, &lan), 0);
	assert_memory_equal(&lan, &wan, sizeof(lan));
	assert_int_equal(dp_latency_get(lab.vr, latency, queueing), 0);
	assert_int_equal(hist_count(latency), 10);
	assert_int_equal(hist_count(queueing), 0);
	free(latency);
	free(queueing);
}

static int start(void **state)
{
	(void)state;
	return wire_start(1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_tags),
		WIRE_TEST(test_priority_tag),
		WIRE_TEST(test_tag_priority_bits),
		WIRE_TEST(test_sizes),
		WIRE_TEST(test_header_values),
		WIRE_TEST(test_overlapping_addresses),
		WIRE_TEST(test_longest_prefix),
		WIRE_TEST(test_live_routes),
		WIRE_TEST(test_ecmp),
		WIRE_TEST(test_two_addresses),
		WIRE_TEST(test_counters),
	};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
