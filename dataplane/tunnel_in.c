/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/tunnel_in.h"

#include <rte_prefetch.h>
#include <rte_udp.h>

#include "dataplane/underlay.h"

#define TYPE_IP4 RTE_BE16(RTE_ETHER_TYPE_IPV4)
#define TYPE_IP6 RTE_BE16(RTE_ETHER_TYPE_IPV6)
#define TYPE_VLAN RTE_BE16(RTE_ETHER_TYPE_VLAN)
#define TYPE_QINQ RTE_BE16(RTE_ETHER_TYPE_QINQ)
#define VXLAN_PORT RTE_BE16(TUNNEL_VXLAN_PORT)
#define GRE_CHECKSUM 0x8000
#define GRE_SEQUENCE 0x1000
#define GRE_REFUSED 0x4c07 /* RFC 2784 2.3 bits 1 to 5 but for RFC 2890's, and the version */
#define ECN_MASK 3
#define ECN_CE 3
#define ECN_ECT1 1
#define ECN_ECT0 2

/* A frame on its way out of its outer headers. */
struct parcel {
	struct tunnel_key key;
	uint16_t inner, len; /* where what it carries begins in the frame, and its length */
	uint16_t type;       /* of what it carries, where there is no Ethernet header */
	uint8_t tos;         /* outer */
};

static uint16_t load16(const void *p)
{
	uint16_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static bool is_tunnel_proto(uint8_t proto)
{
	return proto == TUNNEL_PROTO_GRE || proto == TUNNEL_PROTO_IP4 || proto == TUNNEL_PROTO_IP6;
}

bool tunnel_claims(
	const struct iface *in, const struct rte_mbuf *m, uint16_t type, uint8_t l3_offset)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *), *ip = frame + l3_offset;
	int room = (int)m->data_len - l3_offset;
	const uint8_t *udp;

	if (memcmp(frame, in->mac, sizeof(in->mac)) != 0)
		return false;
	if (type == TYPE_IP4 && room >= IP4_MIN_LEN) {
		if (is_tunnel_proto(ip[9]))
			return true;
		udp = ip + (ip[0] & 0xf) * 4;
		if (ip[9] != TUNNEL_PROTO_UDP || (load16(ip + 6) & RTE_BE16(IP4_OFFSET_MASK)) != 0)
			return false;
	} else if (type == TYPE_IP6 && room >= IP6_HEADER_LEN) {
		if (is_tunnel_proto(ip[6]))
			return true;
		udp = ip + IP6_HEADER_LEN;
		if (ip[6] != TUNNEL_PROTO_UDP)
			return false;
	} else {
		return false;
	}
	return udp + TUNNEL_UDP_LEN <= frame + m->data_len && load16(udp + 2) == VXLAN_PORT;
}

/* What is behind the outer IP header, at OFFSET in the frame, LEN bytes of PROTO. */
static inline enum drop_reason parse_above(const uint8_t *frame, unsigned int offset,
	unsigned int len, uint8_t proto, enum ip_af af, struct parcel *p)
{
	const uint8_t *at = frame + offset;
	uint32_t id, flags;

	if (likely(proto == TUNNEL_PROTO_UDP)) {
		unsigned int udp_len, min = TUNNEL_UDP_LEN + TUNNEL_VXLAN_LEN + RTE_ETHER_HDR_LEN;

		udp_len = rte_be_to_cpu_16(load16(at + 4));
		if (len < min || udp_len < min || udp_len > len ||
			(at[TUNNEL_UDP_LEN] & TUNNEL_VXLAN_I) == 0)
			return DROP_TUNNEL_HEADER;
		memcpy(&id, at + TUNNEL_UDP_LEN + 4, sizeof(id));
		p->key.id = tunnel_id(DP_TUNNEL_VXLAN, af, true, rte_be_to_cpu_32(id) >> 8);
		p->inner = (uint16_t)(offset + TUNNEL_UDP_LEN + TUNNEL_VXLAN_LEN);
		p->len = (uint16_t)(udp_len - TUNNEL_UDP_LEN - TUNNEL_VXLAN_LEN);
		return DROP_REASON_COUNT;
	}
	p->type = proto == TUNNEL_PROTO_IP6 ? TYPE_IP6 : TYPE_IP4;
	if (proto == TUNNEL_PROTO_GRE) {
		unsigned int header = 4;

		if (len < header)
			return DROP_TUNNEL_HEADER;
		flags = rte_be_to_cpu_16(load16(at));
		p->type = load16(at + 2);
		header += ((flags & GRE_CHECKSUM) != 0) * 4 + ((flags & TUNNEL_GRE_KEY) != 0) * 4 +
			((flags & GRE_SEQUENCE) != 0) * 4;
		if ((flags & GRE_REFUSED) != 0 || len < header ||
			((flags & GRE_CHECKSUM) != 0 && rte_raw_cksum(at, len) != UINT16_MAX))
			return DROP_TUNNEL_HEADER;
		if (p->type != TYPE_IP4 && p->type != TYPE_IP6)
			return DROP_UNKNOWN_ETHERTYPE;
		id = 0;
		if (flags & TUNNEL_GRE_KEY)
			memcpy(&id, at + ((flags & GRE_CHECKSUM) != 0 ? 8 : 4), sizeof(id));
		p->key.id = tunnel_id(
			DP_TUNNEL_GRE, af, (flags & TUNNEL_GRE_KEY) != 0, rte_be_to_cpu_32(id));
		offset += header;
		len -= header;
	} else {
		p->key.id = tunnel_id(DP_TUNNEL_IPIP, af, false, 0);
	}
	p->inner = (uint16_t)offset;
	p->len = (uint16_t)len;
	return DROP_REASON_COUNT;
}

static inline enum drop_reason parse4(const uint8_t *frame, const struct rte_ipv4_hdr *ip,
	unsigned int offset, int room, struct parcel *p)
{
	unsigned int header_len = (ip->version_ihl & 0xfu) * 4;
	uint32_t src, dst;

	if (unlikely(!ip4_valid(ip, room))) {
		enum drop_reason reason = ip4_validate(ip, room);

		if (reason != DROP_REASON_COUNT)
			return reason;
	}
	if (unlikely((ip->fragment_offset & RTE_BE16(IP4_OFFSET_MASK | IP4_MF)) != 0))
		return DROP_TUNNEL_FRAGMENT;
	memcpy(&src, &ip->src_addr, sizeof(src));
	memcpy(&dst, &ip->dst_addr, sizeof(dst));
	p->key.local[0] = dst;
	p->key.remote[0] = src;
	p->key.local[1] = p->key.remote[1] = 0;
	p->tos = ip->type_of_service;
	return parse_above(frame, offset + header_len,
		rte_be_to_cpu_16(ip->total_length) - header_len, ip->next_proto_id, IP_AF_4, p);
}

static inline enum drop_reason parse6(const uint8_t *frame, const struct rte_ipv6_hdr *ip,
	unsigned int offset, int room, struct parcel *p)
{
	if ((*(const uint8_t *)ip & 0xf0) != 0x60)
		return DROP_IP6_HEADER;
	if (ip6_total(ip) > room)
		return DROP_IP6_LENGTH;
	memcpy(p->key.remote, ip->src_addr, sizeof(p->key.remote));
	memcpy(p->key.local, ip->dst_addr, sizeof(p->key.local));
	p->tos = (uint8_t)(rte_be_to_cpu_32(ip->vtc_flow) >> 20);
	return parse_above(frame, offset + IP6_HEADER_LEN, rte_be_to_cpu_16(ip->payload_len),
		ip->proto, IP_AF_6, p);
}

static enum drop_reason parse(const struct rte_mbuf *m, struct parcel *p)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	unsigned int offset = RTE_ETHER_HDR_LEN;
	uint16_t type = load16(frame + 12);
	int room;

	if (unlikely(type == TYPE_VLAN)) { /* a priority tag */
		offset += 4;
		type = load16(frame + 16);
	}
	room = (int)(m->data_len - offset);
	return likely(type == TYPE_IP4)
		? parse4(frame, (const void *)(frame + offset), offset, room, p)
		: parse6(frame, (const void *)(frame + offset), offset, room, p);
}

/* RFC 6040 4.2, figure 4: what the inner header says from here on. False: a mark that is lost on
 * it, so that the packet must be. */
static bool ecn_decap(uint8_t outer, uint8_t inner, uint8_t *out)
{
	*out = inner;
	if (outer == ECN_CE) {
		*out = ECN_CE;
		return inner != 0;
	}
	if (outer == ECN_ECT1 && inner == ECN_ECT0)
		*out = ECN_ECT1;
	return true;
}

/* False: to be dropped. L3 has room for the header, or is not looked at further on. */
static __rte_noinline bool ecn_mark(uint8_t *l3, uint16_t type, uint8_t outer)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)l3;
	uint8_t now;

	if (type == TYPE_IP4) {
		uint8_t inner = ip->type_of_service & ECN_MASK;
		uint32_t sum;

		if (!ecn_decap(outer, inner, &now))
			return false;
		/* RFC 1624: HC' = ~(~HC + ~m + m'), the field being the lower half of a word. */
		sum = (uint32_t)(uint16_t)~ip->hdr_checksum + (uint16_t)~rte_cpu_to_be_16(inner) +
			rte_cpu_to_be_16(now);
		ip->type_of_service = (uint8_t)((ip->type_of_service & ~ECN_MASK) | now);
		sum = (sum >> 16) + (sum & 0xffff);
		sum += sum >> 16;
		if (now != inner)
			ip->hdr_checksum = (uint16_t)~sum;
	} else if (type == TYPE_IP6) {
		if (!ecn_decap(outer, (l3[1] >> 4) & ECN_MASK, &now))
			return false;
		l3[1] = (uint8_t)((l3[1] & 0xcf) | now << 4);
	}
	return true;
}

/* From the outer frame to the inner one; DROP_REASON_COUNT: it goes on. */
static inline enum drop_reason strip(
	struct rte_mbuf *m, const struct parcel *p, const struct tunnel *tunnel)
{
	uint8_t *inner = rte_pktmbuf_mtod_offset(m, uint8_t *, p->inner), ecn = p->tos & ECN_MASK;
	uint16_t type;

	if (tunnel->inner_l2 == 0) {
		/* The outer headers have made room for it. */
		inner -= RTE_ETHER_HDR_LEN;
		memcpy(inner, tunnel->iface->mac, 6);
		memset(inner + 6, 0, 6);
		memcpy(inner + 12, &p->type, sizeof(p->type));
		type = p->type;
	} else {
		type = load16(inner + 12);
		if (unlikely(type == TYPE_VLAN || type == TYPE_QINQ))
			return DROP_TUNNEL_TAGGED;
	}
	m->data_len = (uint16_t)(p->len + RTE_ETHER_HDR_LEN - tunnel->inner_l2);
	m->pkt_len = m->data_len;
	m->data_off = (uint16_t)(inner - (uint8_t *)m->buf_addr);
	if (unlikely(ecn != 0) && m->data_len >= RTE_ETHER_HDR_LEN + IP4_MIN_LEN &&
		!ecn_mark(inner + RTE_ETHER_HDR_LEN, type, ecn))
		return DROP_TUNNEL_ECN;
	return DROP_REASON_COUNT;
}

static void drop(struct ctx *ctx, struct port *port, struct rte_mbuf *m, enum drop_reason reason)
{
	port->drops[reason]++;
	ctx_drop(ctx, NULL, m, reason);
}

unsigned int tunnel_decap(struct ctx *ctx, struct port *port, struct rte_mbuf **m,
	struct iface **ifaces, unsigned int n)
{
	const struct tunnel_map *map = underlay_map(port->underlay);
	const struct tunnel *tunnels[PKT_BURST];
	struct parcel parcels[PKT_BURST];
	uint32_t at[PKT_BURST];
	unsigned int kept = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct parcel *p = &parcels[kept];
		enum drop_reason reason = parse(m[i], p);

		if (unlikely(reason != DROP_REASON_COUNT)) {
			drop(ctx, port, m[i], reason);
			continue;
		}
		at[kept] = tunnel_key_hash(&p->key) & map->mask;
		rte_prefetch0(&map->slots[at[kept]]);
		m[kept++] = m[i];
	}
	n = kept;
	for (unsigned int i = 0; i < n; i++) {
		tunnels[i] = __atomic_load_n(&map->slots[at[i]], __ATOMIC_ACQUIRE);
		/* Not a pointer yet: it may be NULL. */
		rte_prefetch0((const void *)((uintptr_t)tunnels[i] + offsetof(struct tunnel, key)));
	}
	kept = 0;
	for (unsigned int i = 0; i < n; i++) {
		const struct tunnel *tunnel =
			tunnel_map_probe(map, at[i], tunnels[i], &parcels[i].key);
		enum drop_reason reason =
			tunnel == NULL ? DROP_TUNNEL_UNKNOWN : strip(m[i], &parcels[i], tunnel);

		if (unlikely(reason != DROP_REASON_COUNT)) {
			drop(ctx, port, m[i], reason);
			continue;
		}
		ifaces[kept] = tunnel->iface;
		rte_prefetch0(tunnel->iface);
		m[kept++] = m[i];
	}
	return kept;
}
