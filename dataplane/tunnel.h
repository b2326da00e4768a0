/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels: what carries a virtual router's interface over the backbone, between this port's address
 * and another site's.
 *
 *   vxlan  Ethernet in UDP (RFC 7348): neighbours are found by ARP and ND inside the tunnel
 *   gre    IP in GRE, with a key or without (RFC 2784, 2890): the neighbour is the tunnel
 *   ipip   IP in IP (RFC 2003, 2473, 4213): likewise
 *
 * Everywhere but here such an interface is one with an untagged Ethernet header: its frames get the
 * outer headers when they are staged on the port (tunnel_encap, tunnel_transmit), and have lost
 * them when they come in (tunnel_in.h). DSCP and ECN are carried as RFC 6040 says (normal mode).
 *
 * The tenant's worker owns a tunnel but for the way to its remote, which the port's underlay finds
 * and publishes (underlay.h). */
#ifndef HPSR_DATAPLANE_TUNNEL_H
#define HPSR_DATAPLANE_TUNNEL_H

#include <immintrin.h>
#include <string.h>

#include "dataplane/ctx.h"
#include "dataplane/ip4.h"
#include "dataplane/ip6.h"

#define TUNNEL_HEADER_MAX 80 /* Ethernet, IPv6, UDP and VXLAN take 70 */
#define TUNNEL_HEADER4 64    /* the same with IPv4: 50 */
#define TUNNEL_UDP_LEN 8
#define TUNNEL_VXLAN_LEN 8
#define TUNNEL_VXLAN_PORT 4789
#define TUNNEL_VXLAN_I 0x08
#define TUNNEL_GRE_KEY 0x2000
#define TUNNEL_PORT_FIRST 0xc000 /* of the outer source ports: RFC 7348 5 */
#define TUNNEL_PORT_MASK 0x3fff

enum tunnel_proto {
	TUNNEL_PROTO_IP4 = 4,
	TUNNEL_PROTO_UDP = 17,
	TUNNEL_PROTO_IP6 = 41,
	TUNNEL_PROTO_GRE = 47
};

/* Whose packet it is: of IPv4 addresses, words 0 hold them as they are in the header. */
struct tunnel_key {
	uint64_t id; /* tunnel_id */
	uint64_t local[2], remote[2];
};

struct tunnel {
	/* What leaves. hop: the first eight bytes of its frames, next hop's MAC and two bytes of
	 * the port's; 0: not known now. Written by the underlay's worker. */
	uint64_t hop;
	uint8_t type;       /* enum dp_tunnel_type */
	uint8_t af;         /* enum ip_af of the outer header */
	uint8_t header_len; /* from the outer Ethernet header on */
	uint8_t inner_l2;   /* bytes of the inner Ethernet header that go along: 14 or 0 */
	uint8_t fragment;   /* what is too large is cut though it forbids it */
	uint16_t ip_id;
	uint32_t sum;                      /* IPv4: of the words that stay */
	uint8_t header[TUNNEL_HEADER_MAX]; /* ends where what is carried begins */

	/* What comes in, and the rest. */
	struct tunnel_key key __rte_cache_aligned;
	struct iface *iface;
	struct underlay *underlay;
	struct ip_addr remote;
	struct tunnel *next_of_underlay; /* its worker's */
};

static inline uint64_t tunnel_id(
	enum dp_tunnel_type type, enum ip_af af, bool has_id, uint32_t vni_or_key)
{
	return (uint64_t)vni_or_key << 32 | (uint64_t)has_id << 16 | (uint64_t)af << 8 | type;
}

static inline bool tunnel_is_resolved(const struct tunnel *tunnel)
{
	return __atomic_load_n(&tunnel->hop, __ATOMIC_RELAXED) != 0;
}

static inline uint32_t tunnel_key_hash(const struct tunnel_key *key)
{
	uint64_t hash = _mm_crc32_u64(0, key->id);

	hash = _mm_crc32_u64(hash, key->local[0] << 32 ^ key->remote[0]);
	return (uint32_t)_mm_crc32_u64(hash, key->local[1] << 32 ^ key->remote[1]);
}

static inline bool tunnel_key_equal(const struct tunnel_key *a, const struct tunnel_key *b)
{
	return ((a->id ^ b->id) | (a->local[0] ^ b->local[0]) | (a->local[1] ^ b->local[1]) |
		       (a->remote[0] ^ b->remote[0]) | (a->remote[1] ^ b->remote[1])) == 0;
}

/* Bytes that the outer headers take from the port's MTU, and add to the interface's frames. */
uint8_t tunnel_outer_len(const struct dp_tunnel_spec *spec);
/* For the interface, whose port has the underlay. spec->local may be IP_AF_NONE. 0, or -EINVAL,
 * -ENOMEM with err. */
int tunnel_create(const struct dp_tunnel_spec *spec, struct iface *iface, char *err);
void tunnel_destroy(struct tunnel *tunnel);

/* A finished inner frame of the interface: Ethernet, then what it carries. Encapsulate it, stage it
 * on the port and count it. Takes the mbuf. */
void tunnel_transmit(
	struct ctx *ctx, struct iface *iface, struct rte_mbuf *m, enum pkt_class class);
/* An encapsulated frame of a tunnel whose way is not known: to the underlay, which waits for it. */
void tunnel_wait(
	struct ctx *ctx, const struct tunnel *tunnel, struct rte_mbuf *m, enum pkt_class class);

/* What tells the flows of a tunnel apart on the way. */
static inline uint32_t tunnel_flow4(const struct rte_ipv4_hdr *ip)
{
	uint32_t hash, ports = 0;
	uint64_t addresses;

	memcpy(&addresses, &ip->src_addr, sizeof(addresses));
	if ((ip->next_proto_id == IPPROTO_TCP || ip->next_proto_id == IPPROTO_UDP) &&
		(ip->fragment_offset & RTE_BE16(IP4_OFFSET_MASK | IP4_MF)) == 0)
		memcpy(&ports, (const char *)ip + (ip->version_ihl & 0xf) * 4, sizeof(ports));
	hash = (uint32_t)_mm_crc32_u64(ip->next_proto_id, addresses);
	hash = _mm_crc32_u32(hash, ports);
	return hash ^ hash >> 16;
}

static inline void tunnel_put16(void *at, uint32_t value)
{
	uint16_t be = rte_cpu_to_be_16((uint16_t)value);

	memcpy(at, &be, sizeof(be));
}

/* The outer IPv4 header over a payload that makes it LEN long. */
static inline void tunnel_put_ip4(
	struct tunnel *tunnel, char *ip, uint32_t len, uint8_t tos, bool ip6_inside)
{
	uint32_t sum = tunnel->sum + tos + len + tunnel->ip_id;

	ip[1] = (char)tos;
	tunnel_put16(ip + 2, len);
	tunnel_put16(ip + 4, tunnel->ip_id++);
	if (ip6_inside && tunnel->type == DP_TUNNEL_IPIP) {
		ip[9] = TUNNEL_PROTO_IP6;
		sum += TUNNEL_PROTO_IP6 - TUNNEL_PROTO_IP4;
	}
	sum = (sum >> 16) + (sum & 0xffff);
	sum += sum >> 16;
	tunnel_put16(ip + 10, ~sum);
}

static inline void tunnel_put_ip6(
	const struct tunnel *tunnel, char *ip, uint32_t payload, uint8_t tos, bool ip6_inside)
{
	ip[0] = (char)(0x60 | tos >> 4);
	ip[1] = (char)(tos << 4);
	tunnel_put16(ip + 4, payload);
	if (ip6_inside && tunnel->type == DP_TUNNEL_IPIP)
		ip[6] = TUNNEL_PROTO_IP6;
}

/* Put the outer headers in front of a packet of TOTAL bytes at L3, before which there is its inner
 * Ethernet header. FLOW is asked of vxlan only. False: the frame is ready but for its next hop's
 * MAC, which is not known now. */
static inline __attribute__((always_inline)) bool tunnel_encap(struct tunnel *tunnel,
	struct rte_mbuf *m, void *l3, uint32_t total, uint8_t tos, bool ip6_inside, uint32_t flow)
{
	uint64_t hop = __atomic_load_n(&tunnel->hop, __ATOMIC_RELAXED);
	char *inner = (char *)l3 - tunnel->inner_l2;
	char *frame = inner - tunnel->header_len, *ip = frame + RTE_ETHER_HDR_LEN, *above;
	uint32_t len = tunnel->header_len + tunnel->inner_l2 + total;

	/* Constant sizes; what is before the headers is headroom. */
	if (tunnel->af == IP_AF_4) {
		memcpy(inner - TUNNEL_HEADER4, tunnel->header + TUNNEL_HEADER_MAX - TUNNEL_HEADER4,
			TUNNEL_HEADER4);
		tunnel_put_ip4(tunnel, ip, len - RTE_ETHER_HDR_LEN, tos, ip6_inside);
		above = ip + IP4_MIN_LEN;
	} else {
		memcpy(inner - TUNNEL_HEADER_MAX, tunnel->header, TUNNEL_HEADER_MAX);
		above = ip + IP6_HEADER_LEN;
		tunnel_put_ip6(
			tunnel, ip, len - RTE_ETHER_HDR_LEN - IP6_HEADER_LEN, tos, ip6_inside);
	}
	memcpy(frame, &hop, sizeof(hop));
	if (tunnel->type == DP_TUNNEL_VXLAN) {
		tunnel_put16(above, TUNNEL_PORT_FIRST | (flow & TUNNEL_PORT_MASK));
		tunnel_put16(above + 4, len - (uint32_t)(above - frame));
	} else if (tunnel->type == DP_TUNNEL_GRE && ip6_inside) {
		tunnel_put16(above + 2, RTE_ETHER_TYPE_IPV6);
	}
	m->data_off = (uint16_t)(frame - (char *)m->buf_addr);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	return likely(hop != 0);
}

/* The same for a packet of a burst, whose family is a constant. */
static inline __attribute__((always_inline)) bool tunnel_encap_packet(
	struct tunnel *tunnel, struct rte_mbuf *m, void *l3, uint32_t total, enum ip_af af)
{
	const struct rte_ipv4_hdr *ip4 = l3;
	uint32_t flow = 0;
	uint8_t tos;

	if (af == IP_AF_4) {
		tos = ip4->type_of_service;
		if (tunnel->type == DP_TUNNEL_VXLAN)
			flow = tunnel_flow4(ip4);
	} else {
		tos = (uint8_t)(rte_be_to_cpu_32(((struct rte_ipv6_hdr *)l3)->vtc_flow) >> 20);
		if (tunnel->type == DP_TUNNEL_VXLAN)
			flow = ip6_flow_hash(l3);
	}
	return tunnel_encap(tunnel, m, l3, total, tos, af == IP_AF_6, flow);
}

/* Where the tunnel is told to, a packet that is too large shall be cut though it forbids it. */
static inline void tunnel_allow_fragments(const struct iface *out, struct rte_ipv4_hdr *ip)
{
	uint32_t sum;

	if (!out->tunnel->fragment || rte_be_to_cpu_16(ip->total_length) <= out->mtu ||
		(ip->fragment_offset & RTE_BE16(IP4_DF)) == 0)
		return;
	ip->fragment_offset &= (uint16_t)~RTE_BE16(IP4_DF);
	sum = (uint32_t)ip->hdr_checksum + RTE_BE16(IP4_DF);
	ip->hdr_checksum = (uint16_t)(sum + (sum >> 16));
}

#endif
