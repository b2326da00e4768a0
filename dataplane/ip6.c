/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/ip6.h"
#include "dataplane/punt.h"

#include <string.h>

#include "dataplane/icmp6.h"
#include "dataplane/ip6_ext.h"
#include "dataplane/live.h"
#include "dataplane/local6.h"
#include "dataplane/nd.h"
#include "dataplane/neigh.h"

/* ::/96 and ::ffff:0:0/96: unspecified, loopback, and IPv4 in disguise (RFC 4291 2.5.2, 2.5.3,
 * 2.5.5), which are on no wire. */
static bool is_reserved(const uint8_t ip[16])
{
	static const uint8_t zero[10];

	return memcmp(ip, zero, sizeof(zero)) == 0 && ip[10] == ip[11] &&
		(ip[10] == 0 || ip[10] == 0xff);
}

/* DROP_REASON_COUNT: good, as far as its addresses' kinds go. */
static enum drop_reason validate(const struct rte_ipv6_hdr *ip, int room)
{
	bool group = room >= IP6_HEADER_LEN && ip6_is_multicast(ip->dst_addr);

	if (room < IP6_HEADER_LEN)
		return DROP_IP6_LENGTH;
	if ((*(const uint8_t *)ip & 0xf0) != 0x60)
		return DROP_IP6_HEADER;
	if (rte_be_to_cpu_16(ip->payload_len) + IP6_HEADER_LEN > room)
		return DROP_IP6_LENGTH;
	/* Who has no address yet speaks to groups on the link. */
	if (ip6_is_multicast(ip->src_addr) ||
		(is_reserved(ip->src_addr) && !(group && ip6_is_unspecified(ip->src_addr))))
		return DROP_IP6_MARTIAN_SOURCE;
	if (is_reserved(ip->dst_addr))
		return DROP_IP6_MARTIAN_DESTINATION;
	if (ip6_equal(ip->src_addr, ip->dst_addr))
		return DROP_LAND;
	return DROP_REASON_COUNT;
}

/* Whether a good packet is for us without a look into the table: to a group, or link-local. */
static enum drop_reason judge(
	const struct iface *in, const struct rte_ipv6_hdr *ip, bool group, bool *local)
{
	*local = true;
	if (ip6_is_multicast(ip->dst_addr))
		return iface6_joined(in->ip6, ip->dst_addr) ? DROP_REASON_COUNT : DROP_MULTICAST;
	if (group)
		return DROP_L2_BROADCAST;
	if (ip6_is_link_local(ip->dst_addr))
		return iface6_own(in->ip6, ip->dst_addr) != NULL ? DROP_REASON_COUNT
								 : DROP_IP6_SCOPE;
	*local = ip6_is_link_local(ip->src_addr) &&
		adj_at(fib6_lookup(iface_root6(in), ip->dst_addr))->kind == ADJ_KIND_LOCAL;
	return DROP_REASON_COUNT;
}

void ip6_input(struct ctx *ctx, struct burst *b, struct iface *in, struct rte_mbuf *m,
	uint8_t l3_offset, bool group)
{
	struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *, l3_offset);
	enum drop_reason reason = DROP_IP6_DISABLED;
	struct ip6_problem problem;
	bool local = false;

	if (in->root6 != 0)
		reason = validate(ip, (int)m->data_len - l3_offset);
	if (reason == DROP_REASON_COUNT)
		reason = judge(in, ip, group, &local);
	if (reason == DROP_REASON_COUNT && !local) {
		reason = ip6_ext_hop_by_hop(ip, &problem);
		if (reason != DROP_REASON_COUNT)
			icmp6_problem(ctx, in, ip, &problem);
	}
	/* RFC 4007 9: it would leave the zone of its source. */
	if (reason == DROP_REASON_COUNT && !local && ip6_is_link_local(ip->src_addr)) {
		icmp6_error(ctx, in, ip, ICMP6_UNREACHABLE, ICMP6_BEYOND_SCOPE, 0);
		reason = DROP_IP6_SCOPE;
	}
	if (reason != DROP_REASON_COUNT) {
		ctx_drop(ctx, in, m, reason);
	} else if (local) {
		local6_input(ctx, in, m, ip);
	} else {
		b->guards |= in->flags & IFACE_GUARDED;
		burst_add6(b, m, ip, in);
	}
}

uint32_t ip6_flow_hash(const struct rte_ipv6_hdr *ip)
{
	uint64_t words[4], hash;
	uint32_t ports = 0, label = ip->vtc_flow & RTE_BE32(0xfffff);

	memcpy(words, ip->src_addr, sizeof(words));
	if (ip->proto == IP6_TCP || ip->proto == IP6_UDP)
		memcpy(&ports, ip + 1, sizeof(ports));
	hash = ((uint64_t)label << 32 | ports) ^ ip->proto;
	for (unsigned int i = 0; i < RTE_DIM(words); i++) {
		hash = (hash ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	hash ^= hash >> 32; /* MurmurHash3's finaliser */
	hash *= UINT64_C(0xff51afd7ed558ccd);
	hash ^= hash >> 33;
	hash *= UINT64_C(0xc4ceb9fe1a85ec53);
	return (uint32_t)(hash >> 33);
}

static void drop(struct ctx *ctx, struct iface *iface, struct rte_mbuf *m, enum pkt_class class,
	enum drop_reason reason)
{
	pkt_meta(m)->class = (uint8_t) class;
	ctx_drop_meta(ctx, iface, m, reason);
}

static void hold(struct ctx *ctx, struct iface *in, struct rte_mbuf *m, struct rte_ipv6_hdr *ip,
	struct adj *adj, enum pkt_class class, uint64_t rx_tsc)
{
	struct pkt_meta *meta = pkt_meta(m);

	meta->rx_tsc = rx_tsc;
	meta->iface = in->id;
	meta->l3_offset = pkt_l3_offset(m, ip);
	meta->class = (uint8_t) class;
	if (!neigh_hold(ctx, in->vr, adj, m))
		ctx_drop_meta(ctx, in, m, DROP_NEIGHBOR_HOLD_FULL);
	nd_act(ctx, adj, neigh_use(ctx, adj));
}

/* Nowhere to go on to: delivered, or dropped with the error that is due. */
static void dispose(struct ctx *ctx, struct iface *in, struct rte_mbuf *m, struct rte_ipv6_hdr *ip,
	const struct adj *adj, enum pkt_class class)
{
	bool tell = class == PKT_FORWARDED;

	switch ((enum adj_kind)adj->kind) {
	case ADJ_KIND_FAILED:
		if (tell)
			icmp6_error(ctx, in, ip, ICMP6_UNREACHABLE, ICMP6_ADDRESS_UNREACHABLE, 0);
		drop(ctx, in, m, class, DROP_NEIGHBOR_FAILED);
		return;
	case ADJ_KIND_LOCAL:
		if (tell)
			local6_input(ctx, in, m, ip);
		else
			drop(ctx, in, m, class, DROP_NO_PROTOCOL);
		return;
	case ADJ_KIND_BLACKHOLE:
		drop(ctx, in, m, class, DROP_BLACKHOLE);
		return;
	default:
		if (tell)
			icmp6_error(ctx, in, ip, ICMP6_UNREACHABLE, ICMP6_NO_ROUTE, 0);
		drop(ctx, in, m, class, DROP_NO_ROUTE);
	}
}

struct adj *ip6_resolve(struct ctx *ctx, struct iface *in, struct rte_mbuf *m,
	struct rte_ipv6_hdr *ip, struct adj *adj, enum pkt_class class, uint64_t rx_tsc)
{
	struct vr *vr = in->vr;
	struct adj *neighbor;

	/* Nobody is asked for the sake of a packet that goes no further. */
	if (class == PKT_FORWARDED && ip->hop_limits <= 1 && adj_leads_on(adj)) {
		ip6_hops_expired(ctx, in, m, ip);
		return NULL;
	}
	for (;;) {
		switch ((enum adj_kind)adj->kind) {
		case ADJ_KIND_FORWARD:
		case ADJ_KIND_TUNNEL:
			return adj;
		case ADJ_KIND_STALE:
			nd_act(ctx, adj, neigh_use(ctx, adj));
			return adj;
		case ADJ_KIND_GROUP:
			adj = live_pick(ctx, vr, adj->group, ip6_flow_hash(ip));
			continue;
		case ADJ_KIND_GLEAN:
			/* A policy may name an interface without IPv6. */
			if (adj->out->ip6 == NULL) {
				dispose(ctx, in, m, ip, adj_at(ADJ_NO_ROUTE), class);
				return NULL;
			}
			if (neigh_lookup6(vr, adj->out, ip->dst_addr) == NULL &&
				!punt_ask(ctx, vr)) {
				drop(ctx, in, m, class, DROP_PUNT_LIMITED);
				return NULL;
			}
			neighbor = neigh_get6(ctx, vr, adj->out, ip->dst_addr);
			if (neighbor == NULL) {
				drop(ctx, in, m, class, DROP_NEIGHBOR_TABLE_FULL);
				return NULL;
			}
			adj = neighbor;
			continue;
		case ADJ_KIND_RESOLVING:
			if (!adj->listed) {
				neigh_list(ctx, vr, adj);
				if (adj->kind != ADJ_KIND_RESOLVING)
					continue;
			}
			hold(ctx, in, m, ip, adj, class, rx_tsc);
			return NULL;
		default:
			dispose(ctx, in, m, ip, adj, class);
			return NULL;
		}
	}
}

void ip6_hops_expired(
	struct ctx *ctx, struct iface *in, struct rte_mbuf *m, struct rte_ipv6_hdr *ip)
{
	icmp6_error(ctx, in, ip, ICMP6_TIME_EXCEEDED, 0, 0);
	ctx_drop(ctx, in, m, DROP_TTL_EXPIRED);
}

void ip6_mtu_exceeded(struct ctx *ctx, struct iface *in, struct rte_mbuf *m,
	struct rte_ipv6_hdr *ip, uint16_t mtu)
{
	icmp6_error(ctx, in, ip, ICMP6_PACKET_TOO_BIG, 0, mtu);
	ctx_drop(ctx, in, m, DROP_MTU_EXCEEDED);
}

/* RFC 2464 7: a group's MAC follows from its address. */
static void send_to_group(struct ctx *ctx, struct iface *out, struct rte_mbuf *m)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv6_hdr *);
	uint8_t mac[6] = {0x33, 0x33};
	char *frame = rte_pktmbuf_prepend(m, out->l2_len);

	memcpy(mac + 2, ip->dst_addr + 12, 4);
	memcpy(frame, out->l2, out->l2_len);
	memcpy(frame, mac, sizeof(mac));
	frame[out->l2_len - 2] = (char)(RTE_ETHER_TYPE_IPV6 >> 8);
	frame[out->l2_len - 1] = (char)(RTE_ETHER_TYPE_IPV6 & 0xff);
	ctx_transmit(ctx, out, m, PKT_ORIGINATED);
}

void ip6_send_again(struct ctx *ctx, struct iface *in, struct rte_mbuf *m)
{
	struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv6_hdr *);
	struct adj *adj;

	if (in->root6 == 0) {
		drop(ctx, in, m, PKT_ORIGINATED, DROP_IP6_DISABLED);
		return;
	}
	if (ip6_is_multicast(ip->dst_addr)) {
		send_to_group(ctx, in, m);
		return;
	}
	adj = ip6_is_link_local(ip->dst_addr) ? neigh_get6(ctx, in->vr, in, ip->dst_addr)
					      : adj_at(fib6_lookup(iface_root6(in), ip->dst_addr));
	if (adj == NULL) {
		drop(ctx, in, m, PKT_ORIGINATED, DROP_NEIGHBOR_TABLE_FULL);
		return;
	}
	adj = ip6_resolve(ctx, in, m, ip, adj, PKT_ORIGINATED, ctx->now_tsc);
	if (adj == NULL)
		return;
	if (m->data_len > adj->out->mtu) {
		drop(ctx, in, m, PKT_ORIGINATED, DROP_MTU_EXCEEDED);
		return;
	}
	adj_encap(adj, m, ip, m->data_len, adj->out->l2_len);
	ctx_transmit(ctx, adj->out, m, PKT_ORIGINATED);
}

void ip6_send(struct ctx *ctx, struct iface *in, struct rte_mbuf *m)
{
	ctx->originated++;
	in->vr->originated++;
	ip6_send_again(ctx, in, m);
}
