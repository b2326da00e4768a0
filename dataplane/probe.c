/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_udp.h>

#include "dataplane/ip4.h"
#include "dataplane/ip6.h"
#include "dataplane/probe.h"

#define TTL 255                   /* RFC 5881 5: nobody beyond the link can send that */
#define TOS_NETWORK_CONTROL 0xc0  /* CS6 */
#define SRC_PORTS 16384           /* RFC 5881 4: 49152..65535 */
#define INTERVAL_MAX_US 10000000u /* what bfd.h takes */

static uint64_t tsc_to_ns(uint64_t tsc)
{
	return (uint64_t)((unsigned __int128)tsc * NS_PER_S / rte_get_tsc_hz());
}

/* Not before NS. */
static uint64_t ns_to_tsc(uint64_t ns)
{
	return (uint64_t)(((unsigned __int128)ns * rte_get_tsc_hz() + NS_PER_S - 1) / NS_PER_S);
}

static void bfd_conf_set(struct bfd_conf *conf, const struct probe *probe)
{
	*conf = (struct bfd_conf){.interval_us = probe->spec.interval_us,
		.multiplier = probe->spec.multiplier,
		.discriminator = probe->iface->id};
}

int probe_create(const struct dp_probe_spec *spec, struct iface *iface, struct probe **out)
{
	struct probe *probe;

	*out = NULL;
	if (spec->interval_us == 0 || spec->interval_us > INTERVAL_MAX_US || spec->multiplier == 0)
		return -EINVAL;
	probe = calloc(1, sizeof(*probe));
	if (probe == NULL)
		return -ENOMEM;
	probe->iface = iface;
	probe->spec = *spec;
	probe->src_port = (uint16_t)(BFD_SRC_PORT_MIN + iface->id % SRC_PORTS);
	*out = probe;
	return 0;
}

static void arm(struct ctx *ctx, struct probe *probe)
{
	uint64_t due_ns = bfd_due_ns(&probe->bfd);

	wheel_del(&ctx->probe_wheel, &probe->timer);
	if (due_ns != UINT64_MAX)
		wheel_add(&ctx->probe_wheel, &probe->timer, ns_to_tsc(due_ns));
}

static void paths_changed(struct probe *probe)
{
	vr_live_changed(probe->iface->vr);
}

bool probe_allows(const struct probe *probe, const struct adj *adj)
{
	struct ip_addr address = adj_address(adj);
	/* Nobody but the peer is at the other end of a tunnel without Ethernet. */
	bool other = adj->kind != ADJ_KIND_GLEAN && !probe->iface->point_to_point &&
		ipaddr_cmp(&address, &probe->spec.peer) != 0;

	return other || probe->bfd.state == BFD_UP;
}

/* Room for the packet behind a header of HEADER_LEN. NULL: no buffer. */
static void *packet_new(struct ctx *ctx, uint16_t header_len, struct rte_mbuf **m)
{
	void *ip;

	*m = rte_pktmbuf_alloc(ctx->pool);
	if (*m == NULL)
		return NULL;
	ip = rte_pktmbuf_append(
		*m, (uint16_t)(header_len + sizeof(struct rte_udp_hdr) + BFD_PACKET_LEN));
	if (ip == NULL)
		rte_pktmbuf_free(*m);
	else
		memset(ip, 0, header_len);
	return ip;
}

static struct rte_udp_hdr *udp_fill(struct probe *probe, void *at)
{
	struct rte_udp_hdr *udp = at;

	udp->src_port = rte_cpu_to_be_16(probe->src_port);
	udp->dst_port = RTE_BE16(BFD_PORT);
	udp->dgram_len = RTE_BE16(sizeof(*udp) + BFD_PACKET_LEN);
	udp->dgram_cksum = 0;
	bfd_packet(&probe->bfd, (uint8_t *)(udp + 1));
	return udp;
}

static void probe_send4(struct ctx *ctx, struct probe *probe)
{
	uint32_t peer = ipaddr_to_u32(&probe->spec.peer), own;
	struct iface *iface = probe->iface;
	struct rte_ipv4_hdr *ip;
	struct rte_udp_hdr *udp;
	struct rte_mbuf *m;

	if (!iface_on_link4(iface, peer, &own))
		return;
	ip = packet_new(ctx, IP4_MIN_LEN, &m);
	if (ip == NULL)
		return;
	ip->version_ihl = 0x45;
	ip->type_of_service = TOS_NETWORK_CONTROL;
	ip->total_length = rte_cpu_to_be_16(m->data_len);
	ip->packet_id = rte_cpu_to_be_16(iface->vr->ip_id++);
	ip->time_to_live = TTL;
	ip->next_proto_id = IPPROTO_UDP;
	ip->src_addr = rte_cpu_to_be_32(own);
	ip->dst_addr = rte_cpu_to_be_32(peer);
	udp = udp_fill(probe, ip + 1);
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	ip4_send(ctx, iface, m);
}

static void probe_send6(struct ctx *ctx, struct probe *probe)
{
	struct iface *iface = probe->iface;
	const struct own6 *own = iface6_source(iface->ip6, probe->spec.peer.bytes);
	struct rte_ipv6_hdr *ip;
	struct rte_udp_hdr *udp;
	struct rte_mbuf *m;

	if (own == NULL)
		return;
	ip = packet_new(ctx, IP6_HEADER_LEN, &m);
	if (ip == NULL)
		return;
	ip->vtc_flow = RTE_BE32(UINT32_C(6) << 28 | TOS_NETWORK_CONTROL << 20);
	ip->payload_len = rte_cpu_to_be_16((uint16_t)(m->data_len - IP6_HEADER_LEN));
	ip->proto = IPPROTO_UDP;
	ip->hop_limits = TTL;
	memcpy(ip->src_addr, own->ip, sizeof(ip->src_addr));
	memcpy(ip->dst_addr, probe->spec.peer.bytes, sizeof(ip->dst_addr));
	udp = udp_fill(probe, ip + 1);
	udp->dgram_cksum = rte_ipv6_udptcp_cksum(ip, udp);
	ip6_send(ctx, iface, m);
}

/* By the connected network of the interface, in which the peer is. */
static void probe_send(struct ctx *ctx, struct probe *probe)
{
	/* A router that is down does not forward: its peers are to notice. */
	if (probe->iface->flags & IFACE_VR_DOWN)
		return;
	if (probe->spec.peer.af == IP_AF_4)
		probe_send4(ctx, probe);
	else
		probe_send6(ctx, probe);
}

static void probe_act(struct ctx *ctx, struct probe *probe, unsigned int event)
{
	if (event & BFD_CHANGED)
		paths_changed(probe);
	if (event & BFD_SEND)
		probe_send(ctx, probe);
	arm(ctx, probe);
}

void probe_start(struct ctx *ctx, struct probe *probe)
{
	struct bfd_conf conf;

	bfd_conf_set(&conf, probe);
	bfd_init(&probe->bfd, &conf, tsc_to_ns(ctx->now_tsc));
	arm(ctx, probe);
	paths_changed(probe);
}

void probe_succeed(struct ctx *ctx, struct probe *probe, struct probe *old)
{
	struct bfd_conf conf;

	probe_stop(ctx, old);
	probe->bfd = old->bfd;
	bfd_conf_set(&conf, probe);
	bfd_set(&probe->bfd, &conf, tsc_to_ns(ctx->now_tsc));
	arm(ctx, probe);
}

void probe_stop(struct ctx *ctx, struct probe *probe)
{
	wheel_del(&ctx->probe_wheel, &probe->timer);
	paths_changed(probe);
}

void probe_expire(struct ctx *ctx, struct probe *probe)
{
	probe_act(ctx, probe, bfd_timeout(&probe->bfd, tsc_to_ns(ctx->now_tsc)));
}

bool probe_expects4(
	const struct iface *in, const struct rte_ipv4_hdr *ip, const void *payload, size_t len)
{
	const struct rte_udp_hdr *udp = payload;

	return in->probe != NULL && in->probe->spec.peer.af == IP_AF_4 &&
		ip->next_proto_id == IPPROTO_UDP && len >= sizeof(*udp) &&
		udp->dst_port == RTE_BE16(BFD_PORT) && ip->time_to_live == TTL &&
		rte_be_to_cpu_32(ip->src_addr) == ipaddr_to_u32(&in->probe->spec.peer);
}

bool probe_expects6(const struct iface *in, const struct rte_ipv6_hdr *ip)
{
	return in->probe != NULL && in->probe->spec.peer.af == IP_AF_6 &&
		ip->proto == IPPROTO_UDP && ip->hop_limits == TTL &&
		ip6_equal(ip->src_addr, in->probe->spec.peer.bytes) &&
		ip6_total(ip) >= IP6_HEADER_LEN + sizeof(struct rte_udp_hdr) &&
		((const struct rte_udp_hdr *)(ip + 1))->dst_port == RTE_BE16(BFD_PORT);
}

/* EXPECTED, RFC 5881 5: from the peer, and not over another router. */
static bool probe_take(struct ctx *ctx, struct probe *probe, bool expected,
	const struct rte_udp_hdr *udp, size_t len)
{
	uint16_t udp_len = rte_be_to_cpu_16(udp->dgram_len);

	if (!expected || udp_len > len || udp_len < sizeof(*udp)) {
		probe->bfd.refused++;
		return false;
	}
	probe_act(ctx, probe,
		bfd_receive(&probe->bfd, udp + 1, udp_len - sizeof(*udp), tsc_to_ns(ctx->now_tsc)));
	return true;
}

bool probe_input4(struct ctx *ctx, struct iface *in, const struct rte_ipv4_hdr *ip,
	const void *payload, size_t len)
{
	const struct rte_udp_hdr *udp = payload;
	bool expected = probe_expects4(in, ip, payload, len) &&
		(udp->dgram_cksum == 0 || rte_ipv4_udptcp_cksum_verify(ip, udp) == 0);

	return probe_take(ctx, in->probe, expected, udp, len);
}

bool probe_input6(struct ctx *ctx, struct iface *in, const struct rte_ipv6_hdr *ip,
	const void *payload, size_t len)
{
	bool expected = probe_expects6(in, ip) && rte_ipv6_udptcp_cksum_verify(ip, payload) == 0;

	return probe_take(ctx, in->probe, expected, payload, len);
}
