/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_arp.h>

#include "dataplane/arp.h"
#include "dataplane/icmp.h"
#include "dataplane/punt.h"

static const uint8_t mac_broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t mac_zero[6];

/* The fields of an ARP packet between Ethernet and IPv4 addresses. */
static bool arp_good(const struct rte_arp_hdr *arp)
{
	const uint8_t *sender = arp->arp_data.arp_sha.addr_bytes;

	return arp->arp_hardware == RTE_BE16(RTE_ARP_HRD_ETHER) &&
		arp->arp_protocol == RTE_BE16(RTE_ETHER_TYPE_IPV4) && arp->arp_hlen == 6 &&
		arp->arp_plen == 4 &&
		(arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST) ||
			arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REPLY)) &&
		memcmp(sender, mac_zero, 6) != 0;
}

static void arp_send(struct ctx *ctx, struct iface *iface, uint16_t opcode, uint32_t sender_ip,
	const uint8_t target_mac[6], uint32_t target_ip, const uint8_t frame_mac[6])
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(ctx->pool);
	struct rte_arp_hdr *arp;
	uint8_t *frame;

	if (m == NULL)
		return;
	frame = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(iface->l2_len + sizeof(*arp)));
	if (frame == NULL) {
		rte_pktmbuf_free(m);
		return;
	}
	memcpy(frame, iface->l2, iface->l2_len);
	memcpy(frame, frame_mac, 6);
	frame[iface->l2_len - 2] = RTE_ETHER_TYPE_ARP >> 8;
	frame[iface->l2_len - 1] = RTE_ETHER_TYPE_ARP & 0xff;
	arp = (struct rte_arp_hdr *)(frame + iface->l2_len);
	arp->arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER);
	arp->arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	arp->arp_hlen = 6;
	arp->arp_plen = 4;
	arp->arp_opcode = rte_cpu_to_be_16(opcode);
	memcpy(arp->arp_data.arp_sha.addr_bytes, iface->mac, 6);
	arp->arp_data.arp_sip = rte_cpu_to_be_32(sender_ip);
	memcpy(arp->arp_data.arp_tha.addr_bytes, target_mac, 6);
	arp->arp_data.arp_tip = rte_cpu_to_be_32(target_ip);
	ctx->originated++;
	iface->vr->originated++;
	ctx_transmit(ctx, iface, m, PKT_ORIGINATED);
}

static void arp_request(struct ctx *ctx, const struct adj *adj, const uint8_t mac[6])
{
	uint32_t own;

	if (!iface_on_link4(adj->out, adj->ip, &own))
		own = iface_ip4(adj->out);
	arp_send(ctx, adj->out, RTE_ARP_OP_REQUEST, own, mac_zero, adj->ip, mac);
}

void arp_announce(struct ctx *ctx, struct iface *iface)
{
	for (size_t i = 0; i < iface->n_addresses; i++) {
		uint32_t ip;

		if (iface->addresses[i].addr.af != IP_AF_4)
			continue;
		ip = ipaddr_to_u32(&iface->addresses[i].addr);
		arp_send(ctx, iface, RTE_ARP_OP_REQUEST, ip, mac_zero, ip, mac_broadcast);
	}
}

/* Nobody answers: whoever waits is told so. */
static void refuse_held(struct ctx *ctx, struct adj *adj)
{
	struct vr *vr = adj->out->vr;
	struct pkt_list held;
	struct rte_mbuf *m;

	neigh_take_held(ctx, vr, adj, &held);
	while ((m = pkt_list_dequeue(&held)) != NULL) {
		struct pkt_meta *meta = pkt_meta(m);
		struct iface *in = iface_get(meta->iface);

		if (in == NULL || in->vr != vr)
			in = adj->out;
		if (meta->class == PKT_FORWARDED)
			icmp_error(ctx, in,
				rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, meta->l3_offset),
				ICMP_UNREACHABLE, ICMP_HOST_UNREACHABLE, 0);
		ctx_drop_meta(ctx, in, m, DROP_NEIGHBOR_FAILED);
	}
}

void arp_act(struct ctx *ctx, struct adj *adj, enum neigh_action action)
{
	switch (action) {
	case NEIGH_ACT_ASK:
		arp_request(ctx, adj, mac_broadcast);
		break;
	case NEIGH_ACT_ASK_KNOWN:
		arp_request(ctx, adj, adj_mac(adj, adj->out->l2_len));
		break;
	case NEIGH_ACT_FAILED:
		refuse_held(ctx, adj);
		break;
	case NEIGH_ACT_NONE:
	case NEIGH_ACT_GONE:
		break;
	}
}

/* RFC 826: update who is known; learn who asks us. True: the packet told us something. */
static bool arp_learn(struct ctx *ctx, struct iface *in, const struct rte_arp_hdr *arp, bool for_us)
{
	uint32_t sender = rte_be_to_cpu_32(arp->arp_data.arp_sip);
	struct adj *adj = neigh_lookup(in->vr, in, sender);
	struct pkt_list ready;

	if (adj == NULL && for_us)
		adj = neigh_get(ctx, in->vr, in, sender);
	if (adj == NULL)
		return false;
	neigh_confirm(ctx, in->vr, adj, arp->arp_data.arp_sha.addr_bytes, &ready);
	pkt_list_append(&ctx->ready, &ready);
	return true;
}

/* Would a packet to IP leave by this interface to IP itself? Then it may speak for itself there: a
 * station of a connected network, of an on-link route, or a gateway. */
static bool is_neighbor(const struct iface *in, uint32_t ip)
{
	const struct adj *adj = adj_at(fib4_lookup(iface_root4(in), ip));
	uint32_t own;

	return iface_on_link4(in, ip, &own) || (adj->kind == ADJ_KIND_GLEAN && adj->out == in) ||
		neigh_lookup(in->vr, in, ip) != NULL;
}

void arp_input(struct ctx *ctx, struct iface *in, struct rte_mbuf *m, uint8_t l3_offset)
{
	const struct rte_arp_hdr *arp;
	uint32_t sender, target;
	bool for_us, told = false;

	if (!punt_take(ctx, in->vr)) {
		ctx_drop(ctx, in, m, DROP_PUNT_LIMITED);
		return;
	}
	if (m->data_len < l3_offset + sizeof(*arp)) {
		ctx_drop(ctx, in, m, DROP_ARP_MALFORMED);
		return;
	}
	arp = rte_pktmbuf_mtod_offset(m, const struct rte_arp_hdr *, l3_offset);
	if (!arp_good(arp)) {
		ctx_drop(ctx, in, m, DROP_ARP_MALFORMED);
		return;
	}
	if (arp->arp_data.arp_sha.addr_bytes[0] & 1) {
		ctx_drop(ctx, in, m, DROP_ARP_GROUP_MAC);
		return;
	}
	sender = rte_be_to_cpu_32(arp->arp_data.arp_sip);
	target = rte_be_to_cpu_32(arp->arp_data.arp_tip);
	for_us = iface_owns4(in, target);
	if (iface_owns4(in, sender)) {
		ctx_drop(ctx, in, m, DROP_ARP_CONFLICT);
		return;
	}
	/* Sender 0.0.0.0 probes an address (RFC 5227): answered, not learned. */
	if (sender != 0 && is_neighbor(in, sender))
		told = arp_learn(ctx, in, arp, for_us);
	else if (sender != 0)
		for_us = false;
	if (for_us && arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST))
		arp_send(ctx, in, RTE_ARP_OP_REPLY, target, arp->arp_data.arp_sha.addr_bytes,
			sender, arp->arp_data.arp_sha.addr_bytes);
	else if (!told) {
		ctx_drop(ctx, in, m, DROP_ARP_NOT_FOR_US);
		return;
	}
	ctx->consumed++;
	in->consumed++;
	rte_pktmbuf_free(m);
}
