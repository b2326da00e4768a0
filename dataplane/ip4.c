/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_ip_frag.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "dataplane/arp.h"
#include "dataplane/icmp.h"
#include "dataplane/ip4.h"
#include "dataplane/live.h"
#include "dataplane/local.h"
#include "dataplane/neigh.h"
#include "dataplane/place.h"
#include "dataplane/punt.h"

#define IP4_FRAGMENTS_MAX 256 /* a 9000-byte packet over a 68-byte MTU: 188 */
#define TCP_TO_FLAGS 16       /* bytes, RFC 1858 3 */
#define BOTH (IP4_BAD_SOURCE | IP4_BAD_DESTINATION)

const uint8_t ip4_first_octet[256] = {
	[0] = BOTH,           /* "this" network */
	[127] = BOTH,         /* loopback */
	[224 ... 255] = BOTH, /* multicast, class E, limited broadcast */
};

/* RFC 791 3.1: well-formed, and no source route, which RFC 7126 4.3 and 4.4 say to drop. */
static enum drop_reason options_check(const struct rte_ipv4_hdr *ip, int header_len)
{
	const uint8_t *p = (const uint8_t *)ip + IP4_MIN_LEN;
	const uint8_t *end = (const uint8_t *)ip + header_len;

	while (p < end) {
		if (*p == 0) /* end of options */
			break;
		if (*p == 1) { /* no operation */
			p++;
			continue;
		}
		if (*p == 131 || *p == 137) /* loose and strict source route */
			return DROP_IP4_SOURCE_ROUTE;
		if (end - p < 2 || p[1] < 2 || p[1] > end - p)
			return DROP_IP4_OPTIONS;
		p += p[1];
	}
	return DROP_REASON_COUNT;
}

/* Nobody who follows RFC 791 makes them: a first fragment without the TCP header up to its flags,
 * or another that would overwrite these. */
static bool fragment_good(const struct rte_ipv4_hdr *ip, int header_len)
{
	uint16_t field = rte_be_to_cpu_16(ip->fragment_offset);
	int at = (field & IP4_OFFSET_MASK) * 8;
	int len = rte_be_to_cpu_16(ip->total_length) - header_len;

	if (at + len > UINT16_MAX - header_len)
		return false;
	if (ip->next_proto_id != IPPROTO_TCP)
		return true;
	return at == 0 ? (field & IP4_MF) == 0 || len >= TCP_TO_FLAGS : at >= TCP_TO_FLAGS;
}

enum drop_reason ip4_validate(const struct rte_ipv4_hdr *ip, int room)
{
	uint32_t src = rte_be_to_cpu_32(ip->src_addr), dst = rte_be_to_cpu_32(ip->dst_addr);
	int header_len, total;

	if (room < IP4_MIN_LEN)
		return DROP_IP4_LENGTH;
	header_len = (ip->version_ihl & 0xf) * 4;
	if (ip->version_ihl >> 4 != 4 || header_len < IP4_MIN_LEN)
		return DROP_IP4_HEADER;
	total = rte_be_to_cpu_16(ip->total_length);
	if (total < header_len || total > room)
		return DROP_IP4_LENGTH;
	if (rte_raw_cksum(ip, (size_t)header_len) != UINT16_MAX)
		return DROP_IP4_CHECKSUM;
	if (ip4_first_octet[src >> 24] & IP4_BAD_SOURCE)
		return DROP_IP4_MARTIAN_SOURCE;
	if (src == dst)
		return DROP_LAND;
	if (dst == UINT32_MAX)
		return DROP_DIRECTED_BROADCAST;
	if (dst >> 28 == 0xe)
		return DROP_MULTICAST;
	if (ip4_first_octet[dst >> 24] & IP4_BAD_DESTINATION)
		return DROP_IP4_MARTIAN_DESTINATION;
	if (!fragment_good(ip, header_len))
		return DROP_IP4_FRAGMENT;
	return options_check(ip, header_len);
}

uint32_t ip4_flow_hash(const struct rte_ipv4_hdr *ip)
{
	uint64_t hash = (uint64_t)ip->src_addr << 32 | ip->dst_addr;
	uint32_t ports = 0;

	/* Fragments but the first have no ports; so that a flow keeps its path, no fragment's
	 * count. */
	if ((ip->next_proto_id == IPPROTO_TCP || ip->next_proto_id == IPPROTO_UDP) &&
		(ip->fragment_offset & RTE_BE16(IP4_OFFSET_MASK | IP4_MF)) == 0)
		memcpy(&ports, (const char *)ip + (ip->version_ihl & 0xf) * 4, sizeof(ports));
	hash ^= (uint64_t)ports * UINT64_C(0x9e3779b97f4a7c15) ^ ip->next_proto_id;
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

static void hold(struct ctx *ctx, struct iface *in, struct rte_mbuf *m, struct rte_ipv4_hdr *ip,
	struct adj *adj, enum pkt_class class, uint64_t rx_tsc)
{
	struct pkt_meta *meta = pkt_meta(m);

	meta->rx_tsc = rx_tsc;
	meta->iface = in->id;
	meta->l3_offset = pkt_l3_offset(m, ip);
	meta->class = (uint8_t) class;
	if (!neigh_hold(ctx, in->vr, adj, m))
		ctx_drop_meta(ctx, in, m, DROP_NEIGHBOR_HOLD_FULL);
	arp_act(ctx, adj, neigh_use(ctx, adj));
}

struct adj *ip4_resolve(struct ctx *ctx, struct iface *in, struct rte_mbuf *m,
	struct rte_ipv4_hdr *ip, struct adj *adj, enum pkt_class class, uint64_t rx_tsc)
{
	struct vr *vr = in->vr;
	bool tell = class == PKT_FORWARDED;

	/* Nobody is asked for the sake of a packet that goes no further. */
	if (tell && ip->time_to_live <= 1 && adj_leads_on(adj)) {
		ip4_ttl_expired(ctx, in, m, ip);
		return NULL;
	}
	for (;;) {
		switch ((enum adj_kind)adj->kind) {
		case ADJ_KIND_FORWARD:
		case ADJ_KIND_TUNNEL:
			return adj;
		case ADJ_KIND_STALE:
			arp_act(ctx, adj, neigh_use(ctx, adj));
			return adj;
		case ADJ_KIND_GROUP:
			adj = live_pick(ctx, vr, adj->group, ip4_flow_hash(ip));
			continue;
		case ADJ_KIND_GLEAN: {
			uint32_t to = rte_be_to_cpu_32(ip->dst_addr);
			struct adj *neighbor = neigh_lookup(vr, adj->out, to);

			if (neighbor == NULL && !punt_ask(ctx, vr)) {
				drop(ctx, in, m, class, DROP_PUNT_LIMITED);
				return NULL;
			}
			if (neighbor == NULL)
				neighbor = neigh_get(ctx, vr, adj->out, to);
			if (neighbor == NULL) {
				drop(ctx, in, m, class, DROP_NEIGHBOR_TABLE_FULL);
				return NULL;
			}
			adj = neighbor;
			continue;
		}
		case ADJ_KIND_RESOLVING:
			if (!adj->listed) {
				neigh_list(ctx, vr, adj);
				if (adj->kind != ADJ_KIND_RESOLVING)
					continue;
			}
			hold(ctx, in, m, ip, adj, class, rx_tsc);
			return NULL;
		case ADJ_KIND_FAILED:
			if (tell)
				icmp_error(ctx, in, ip, ICMP_UNREACHABLE, ICMP_HOST_UNREACHABLE, 0);
			drop(ctx, in, m, class, DROP_NEIGHBOR_FAILED);
			return NULL;
		case ADJ_KIND_LOCAL:
			if (tell)
				local_input(ctx, in, m, ip);
			else
				drop(ctx, in, m, class, DROP_NO_PROTOCOL);
			return NULL;
		case ADJ_KIND_BROADCAST:
			drop(ctx, in, m, class, DROP_DIRECTED_BROADCAST);
			return NULL;
		case ADJ_KIND_BLACKHOLE:
			drop(ctx, in, m, class, DROP_BLACKHOLE);
			return NULL;
		case ADJ_KIND_NO_ROUTE:
			if (tell)
				icmp_error(ctx, in, ip, ICMP_UNREACHABLE, ICMP_NET_UNREACHABLE, 0);
			drop(ctx, in, m, class, DROP_NO_ROUTE);
			return NULL;
		}
	}
}

void ip4_ttl_expired(struct ctx *ctx, struct iface *in, struct rte_mbuf *m, struct rte_ipv4_hdr *ip)
{
	icmp_error(ctx, in, ip, ICMP_TIME_EXCEEDED, 0, 0);
	ctx_drop(ctx, in, m, DROP_TTL_EXPIRED);
}

void ip4_mtu_exceeded(struct ctx *ctx, struct iface *in, struct rte_mbuf *m,
	struct rte_ipv4_hdr *ip, uint16_t mtu)
{
	icmp_error(ctx, in, ip, ICMP_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED, mtu);
	ctx_drop(ctx, in, m, DROP_MTU_EXCEEDED);
}

void ip4_fragment(struct ctx *ctx, struct iface *in, struct rte_mbuf *m, struct rte_ipv4_hdr *ip,
	const struct adj *adj)
{
	struct rte_mbuf *fragments[IP4_FRAGMENTS_MAX];
	struct iface *out = adj->out;
	int n;

	rte_pktmbuf_adj(m, pkt_l3_offset(m, ip));
	rte_pktmbuf_trim(m, (uint16_t)(m->data_len - rte_be_to_cpu_16(ip->total_length)));
	n = rte_ipv4_fragment_copy_nonseg_packet(
		m, fragments, IP4_FRAGMENTS_MAX, out->mtu, ctx->pool);
	if (n <= 0) {
		ctx_drop(ctx, in, m, DROP_FRAGMENT_FAILED);
		return;
	}
	rte_pktmbuf_free(m);
	for (int i = 0; i < n; i++) {
		struct rte_ipv4_hdr *header = rte_pktmbuf_mtod(fragments[i], struct rte_ipv4_hdr *);

		header->hdr_checksum = 0;
		header->hdr_checksum =
			(uint16_t)~rte_raw_cksum(header, (size_t)(header->version_ihl & 0xf) * 4);
		adj_encap(adj, fragments[i], header, fragments[i]->data_len, out->l2_len);
		place_send(ctx, out, fragments[i], i == n - 1 ? PKT_FORWARDED : PKT_EXTRA);
	}
}

uint32_t ip4_fragmented_bytes(const struct rte_ipv4_hdr *ip, uint16_t mtu, uint32_t each)
{
	uint32_t header = (ip->version_ihl & 0xfu) * 4, total = rte_be_to_cpu_16(ip->total_length);
	uint32_t room = mtu < header ? 0 : (mtu - header) & ~7u, n = 1;

	if (room > 0)
		n = (total - header + room - 1) / room;
	return total + (n - 1) * header + n * each;
}

void ip4_send_again(struct ctx *ctx, struct iface *in, struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);
	struct adj *adj = adj_at(fib4_lookup(iface_root4(in), rte_be_to_cpu_32(ip->dst_addr)));

	adj = ip4_resolve(ctx, in, m, ip, adj, PKT_ORIGINATED, ctx->now_tsc);
	if (adj == NULL)
		return;
	if (m->data_len > adj->out->mtu) {
		drop(ctx, in, m, PKT_ORIGINATED, DROP_MTU_EXCEEDED);
		return;
	}
	adj_encap(adj, m, ip, m->data_len, adj->out->l2_len);
	ctx_transmit(ctx, adj->out, m, PKT_ORIGINATED);
}

void ip4_send(struct ctx *ctx, struct iface *in, struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);

	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	ctx->originated++;
	in->vr->originated++;
	ip4_send_again(ctx, in, m);
}
