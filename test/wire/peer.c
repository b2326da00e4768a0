/* SPDX-License-Identifier: BSD-3-Clause */
#include "peer.h"

void peer_send(const struct wire_lab *lab, uint32_t dst, uint16_t seq)
{
	struct frame f;

	frame_udp(&f, &lab->from_a, &(struct frame_ip){.src = A_IP, .dst = dst}, 1, seq, 20, seq);
	wire_send(0, &f);
}

void peer_expect(const struct wire_lab *lab, uint32_t dst, uint16_t seq, uint64_t mac)
{
	struct frame in, want;
	struct frame_l2 l2 = lab->at_b;

	l2.dst = mac;
	frame_udp(&in, &lab->from_a, &(struct frame_ip){.src = A_IP, .dst = dst}, 1, seq, 20, seq);
	frame_forwarded(&want, &in, &l2);
	wire_expect(1, &want);
}

void peer_expect_request(const struct wire_lab *lab, uint32_t ip, uint64_t mac)
{
	struct frame want;
	struct frame_l2 l2 = lab->at_b;

	l2.dst = mac;
	frame_arp(&want, &l2, ARP_REQUEST, WIRE_PORT_MAC(1), WAN_IP, 0, ip);
	wire_expect(1, &want);
}

void peer_answer(const struct wire_lab *lab, uint32_t ip, uint64_t mac)
{
	struct frame f;
	struct frame_l2 l2 = lab->from_b;

	l2.src = mac;
	frame_arp(&f, &l2, ARP_REPLY, mac, ip, WIRE_PORT_MAC(1), WAN_IP);
	wire_send(1, &f);
}

struct dp_neigh_snap peer_state(const struct wire_lab *lab, uint32_t ip)
{
	struct dp_neigh_snap all[32];
	struct ip_addr addr = ipaddr_from_u32(ip);
	size_t n;

	assert_int_equal(dp_neighbors_get(lab->vr, all, 32, &n), 0);
	assert_in_range(n, 0, 32);
	for (size_t i = 0; i < n; i++)
		if (ipaddr_cmp(&all[i].address, &addr) == 0)
			return all[i];
	return (struct dp_neigh_snap){.iface = 0};
}
