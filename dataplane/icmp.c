/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_icmp.h>

#include "dataplane/icmp.h"
#include "dataplane/ip4.h"
#include "dataplane/vr.h"

#define ICMP_HEADER_LEN 8
#define ICMP_ERROR_MAX 576        /* RFC 1812 4.3.2.3: the whole datagram */
#define IP4_TOS_INTERNETWORK 0xc0 /* RFC 1812 4.3.2.5: precedence 6 */

/* RFC 792's errors; RFC 1812 4.3.2.7 allows queries and their answers. */
static bool is_icmp_error(const struct rte_ipv4_hdr *ip)
{
	unsigned int header_len = (ip->version_ihl & 0xfu) * 4;
	uint8_t type;

	if (ip->next_proto_id != IPPROTO_ICMP)
		return false;
	if (rte_be_to_cpu_16(ip->total_length) <= header_len)
		return true;
	type = *((const uint8_t *)ip + header_len);
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static bool may_tell(const struct rte_ipv4_hdr *ip)
{
	uint32_t src = rte_be_to_cpu_32(ip->src_addr), dst = rte_be_to_cpu_32(ip->dst_addr);

	return !is_icmp_error(ip) && (ip->fragment_offset & RTE_BE16(IP4_OFFSET_MASK)) == 0 &&
		(ip4_first_octet[src >> 24] & IP4_BAD_SOURCE) == 0 && dst >> 28 < 0xe;
}

void icmp_error(struct ctx *ctx, struct iface *in, const struct rte_ipv4_hdr *ip,
	enum icmp_type type, unsigned int code, uint16_t mtu)
{
	uint16_t quoted = rte_be_to_cpu_16(ip->total_length);
	struct vr *vr = in->vr;
	uint32_t source = iface_ip4(in);
	struct rte_ipv4_hdr *outer;
	struct rte_icmp_hdr *icmp;
	struct rte_mbuf *m;

	if (!may_tell(ip) || source == 0)
		return;
	/* A sender that is a network's broadcast address, or ourselves, is no single host. */
	switch (adj_at(fib4_lookup(iface_root4(in), rte_be_to_cpu_32(ip->src_addr)))->kind) {
	case ADJ_KIND_BROADCAST:
	case ADJ_KIND_LOCAL:
		return;
	default:
		break;
	}
	tbf_update(&vr->icmp_tbf, ctx->now_tsc);
	if (!tbf_take(&vr->icmp_tbf, VR_ICMP_COST))
		return;
	m = rte_pktmbuf_alloc(ctx->pool);
	if (m == NULL)
		return;
	quoted = RTE_MIN(quoted, (uint16_t)(ICMP_ERROR_MAX - IP4_MIN_LEN - ICMP_HEADER_LEN));
	outer = (struct rte_ipv4_hdr *)rte_pktmbuf_append(
		m, (uint16_t)(IP4_MIN_LEN + ICMP_HEADER_LEN + quoted));
	if (outer == NULL) {
		rte_pktmbuf_free(m);
		return;
	}
	memset(outer, 0, IP4_MIN_LEN + ICMP_HEADER_LEN);
	outer->version_ihl = 0x45;
	outer->type_of_service = IP4_TOS_INTERNETWORK;
	outer->total_length = rte_cpu_to_be_16(m->data_len);
	outer->packet_id = rte_cpu_to_be_16(vr->ip_id++);
	outer->time_to_live = IP4_TTL_ORIGINATED;
	outer->next_proto_id = IPPROTO_ICMP;
	outer->src_addr = rte_cpu_to_be_32(source);
	outer->dst_addr = ip->src_addr;
	icmp = (struct rte_icmp_hdr *)(outer + 1);
	icmp->icmp_type = (uint8_t)type;
	icmp->icmp_code = (uint8_t)code;
	icmp->icmp_seq_nb = rte_cpu_to_be_16(mtu);
	memcpy((char *)icmp + ICMP_HEADER_LEN, ip, quoted);
	icmp->icmp_cksum = (uint16_t)~rte_raw_cksum(icmp, (size_t)ICMP_HEADER_LEN + quoted);
	ip4_send(ctx, in, m);
}
