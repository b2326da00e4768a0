/* SPDX-License-Identifier: BSD-3-Clause */
#include "drops6.h"

#include <string.h>

#include "lab6.h"

static struct wire_lab lab;

static void send_frame(const struct frame *f)
{
	wire_send(0, f);
	wire_poll(1);
}

static void send_ip(const struct frame_ip6 *ip)
{
	struct frame f;

	frame6_udp(&f, &lab.from_a, ip, 1, 2, 50, 1);
	send_frame(&f);
}

static void send_ip4(const struct frame_ip *ip)
{
	struct frame f;

	frame_udp(&f, &lab.from_a, ip, 1, 2, 72, 1);
	send_frame(&f);
}

static void make_ip4_source_route(void)
{
	static const uint8_t source_route[8] = {131, 7, 4, 10, 0, 1, 2, 0};

	send_ip4(&(struct frame_ip){
		.src = A_IP, .dst = B_IP, .options = source_route, .options_len = 8});
}

/* RFC 3128: it would overwrite the flags of a TCP header that was let pass. */
static void make_ip4_fragment(void)
{
	send_ip4(&(struct frame_ip){.src = A_IP, .dst = B_IP, .proto = PROTO_TCP, .frag = 1});
}

static void make_vlan_reserved(void)
{
	struct frame_l2 l2 = lab.from_a;
	struct frame f;

	l2.vlan = 0xffff;
	frame_udp(&f, &l2, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 72, 1);
	send_frame(&f);
}

/* Another router's tag behind the interface's own. */
static void make_vlan_hop(void)
{
	struct frame f;

	frame_udp(&f, &lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 72, 1);
	memmove(f.data + 20, f.data + 16, f.len - 16);
	memcpy(f.data + 16, "\x81\0\0\5", 4);
	f.len += 4;
	send_frame(&f);
}

static void make_arp_group_mac(void)
{
	struct frame f;

	frame_arp(&f, &lab.from_a, ARP_REPLY, MAC_ALL, A_IP, 0, LAN_IP);
	send_frame(&f);
}

static void send_changed(size_t at, uint8_t to)
{
	struct frame f;

	frame6_udp(&f, &lab.from_a, &(struct frame_ip6){.src = A6, .dst = B6}, 1, 2, 50, 1);
	frame_l3(&f)[at] = to;
	send_frame(&f);
}

/* Behind these extension headers, the first of kind FIRST, a packet to DST. */
static void send_extended(const char *dst, uint8_t first, const uint8_t *bytes, size_t len)
{
	send_ip(&(struct frame_ip6){
		.src = A6, .dst = dst, .extensions = bytes, .extensions_len = len, .first = first});
}

static void make_length(void)
{
	send_changed(4, 0xff);
}

static void make_header(void)
{
	send_changed(0, 0x50);
}

static void make_martian_source(void)
{
	send_ip(&(struct frame_ip6){.src = "::1", .dst = B6});
}

static void make_martian_destination(void)
{
	send_ip(&(struct frame_ip6){.src = A6, .dst = "::1"});
}

static void make_land(void)
{
	send_ip(&(struct frame_ip6){.src = A6, .dst = A6});
}

static void make_scope(void)
{
	send_ip(&(struct frame_ip6){.src = A6_LL, .dst = B6});
}

static void make_options(void)
{
	static const uint8_t forbids[8] = {PROTO_UDP, 0, 0x80, 4};

	send_extended(B6, 0, forbids, sizeof(forbids));
}

static void make_routing_header(void)
{
	static const uint8_t type0[24] = {PROTO_UDP, 2, 0, 1, [8] = 0x20, 1, 0xd, 0xb8};

	send_extended(LAN6, 43, type0, sizeof(type0));
}

static void make_extension_headers(void)
{
	uint8_t many[9 * 8] = {0};

	for (int i = 0; i < 9; i++) {
		many[i * 8] = i < 8 ? 60 : PROTO_UDP;
		many[i * 8 + 2] = 1;
		many[i * 8 + 3] = 4;
	}
	send_extended(LAN6, 60, many, sizeof(many));
}

/* An interface whose addresses nobody has been asked about yet. */
static void make_tentative(void)
{
	struct frame_l2 l2 = lab.from_a;
	struct frame f;

	wire_begin();
	wire_iface_add(lab.vr,
		&(struct wire_iface){.vlan = 67, .address = "2001:db8:5::1/64", .name = "new"});
	wire_commit();
	wire_discard();
	l2.vlan = 67;
	frame6_icmp(&f, &l2, &(struct frame_ip6){.src = "2001:db8:5::2", .dst = "2001:db8:5::1"},
		ICMP6_ECHO, 0, 1, NULL, 0);
	send_frame(&f);
}

static void send_nd(uint8_t hops, uint8_t type, const char *target, uint64_t mac)
{
	const struct frame_ip6 ip = {
		.src = A6_LL, .dst = type == ICMP6_NS ? "ff02::1:ff00:1" : "ff02::1", .hops = hops};
	struct frame_l2 l2 = lab.from_a;
	struct frame f;

	l2.dst = GROUP_MAC(type == ICMP6_NS ? 0xff000001 : 1);
	frame6_nd(&f, &l2, &ip, type, 0, target, type == ICMP6_NS ? 1 : 2, mac);
	send_frame(&f);
}

static void make_nd_hop_limit(void)
{
	send_nd(254, ICMP6_NS, LAN6, A_MAC);
}

static void make_nd_malformed(void)
{
	send_nd(255, ICMP6_NS, "ff02::1", A_MAC);
}

static void make_nd_conflict(void)
{
	send_nd(255, ICMP6_NA, LAN6, A_MAC);
}

static void make_nd_not_for_us(void)
{
	send_nd(255, ICMP6_NS, "2001:db8::5:1", A_MAC);
}

static void (*const makers[DROP_REASON_COUNT])(void) = {
	[DROP_IP4_SOURCE_ROUTE] = make_ip4_source_route,
	[DROP_IP4_FRAGMENT] = make_ip4_fragment,
	[DROP_VLAN_RESERVED] = make_vlan_reserved,
	[DROP_VLAN_HOP] = make_vlan_hop,
	[DROP_ARP_GROUP_MAC] = make_arp_group_mac,
	[DROP_IP6_LENGTH] = make_length,
	[DROP_IP6_HEADER] = make_header,
	[DROP_IP6_MARTIAN_SOURCE] = make_martian_source,
	[DROP_IP6_MARTIAN_DESTINATION] = make_martian_destination,
	[DROP_LAND] = make_land,
	[DROP_IP6_SCOPE] = make_scope,
	[DROP_IP6_OPTIONS] = make_options,
	[DROP_IP6_ROUTING_HEADER] = make_routing_header,
	[DROP_IP6_EXTENSION_HEADERS] = make_extension_headers,
	[DROP_IP6_TENTATIVE] = make_tentative,
	[DROP_ND_HOP_LIMIT] = make_nd_hop_limit,
	[DROP_ND_MALFORMED] = make_nd_malformed,
	[DROP_ND_CONFLICT] = make_nd_conflict,
	[DROP_ND_NOT_FOR_US] = make_nd_not_for_us,
};

bool drops6_make(enum drop_reason reason)
{
	if (makers[reason] == NULL)
		return false;
	lab = (struct wire_lab){0};
	lab6_create(&lab, true, &(struct wire_iface){.vlan = 66}, &(struct wire_iface){.vlan = 66});
	makers[reason]();
	return true;
}
