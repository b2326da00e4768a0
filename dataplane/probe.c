/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_udp.h>

#include "dataplane/ip4.h"
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
	probe->peer4 = ipaddr_to_u32(&spec->peer);
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
	struct vr *vr = probe->iface->vr;

	vr->live_generation += 1 + (vr->live_generation == UINT32_MAX);
}

/* The link's own way, whatever the routes say, but by the FIB's connected network: the peer is in
 * one of the interface's. */
static void probe_send(struct ctx *ctx, struct probe *probe)
{
	struct iface *iface = probe->iface;
	struct rte_ipv4_hdr *ip;
	struct rte_udp_hdr *udp;
	uint32_t own;
	struct rte_mbuf *m;

	/* A router that is down does not forward: its peers are to notice. */
	if ((iface->flags & IFACE_VR_DOWN) || !iface_on_link4(iface, probe->peer4, &own))
		return;
	m = rte_pktmbuf_alloc(ctx->pool);
	if (m == NULL)
		return;
	ip = (struct rte_ipv4_hdr *)rte_pktmbuf_append(
		m, IP4_MIN_LEN + sizeof(*udp) + BFD_PACKET_LEN);
	if (ip == NULL) {
		rte_pktmbuf_free(m);
		return;
	}
	memset(ip, 0, IP4_MIN_LEN);
	ip->version_ihl = 0x45;
	ip->type_of_service = TOS_NETWORK_CONTROL;
	ip->total_length = rte_cpu_to_be_16(m->data_len);
	ip->packet_id = rte_cpu_to_be_16(iface->vr->ip_id++);
	ip->time_to_live = TTL;
	ip->next_proto_id = IPPROTO_UDP;
	ip->src_addr = rte_cpu_to_be_32(own);
	ip->dst_addr = rte_cpu_to_be_32(probe->peer4);
	udp = (struct rte_udp_hdr *)(ip + 1);
	udp->src_port = rte_cpu_to_be_16(probe->src_port);
	udp->dst_port = RTE_BE16(BFD_PORT);
	udp->dgram_len = RTE_BE16(sizeof(*udp) + BFD_PACKET_LEN);
	udp->dgram_cksum = 0;
	bfd_packet(&probe->bfd, (uint8_t *)(udp + 1));
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	ip4_send(ctx, iface, m);
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

bool probe_input(struct ctx *ctx, struct iface *in, const struct rte_ipv4_hdr *ip,
	const void *payload, size_t len)
{
	const struct rte_udp_hdr *udp = payload;
	struct probe *probe = in->probe;
	uint16_t udp_len = rte_be_to_cpu_16(udp->dgram_len);

	if (probe == NULL || udp_len > len)
		return false;
	/* RFC 5881 5: also what is said to be from the peer, but has come over another router. */
	if (ip->time_to_live != TTL || rte_be_to_cpu_32(ip->src_addr) != probe->peer4 ||
		(udp->dgram_cksum != 0 && rte_ipv4_udptcp_cksum_verify(ip, udp) != 0)) {
		probe->bfd.refused++;
		return false;
	}
	probe_act(ctx, probe,
		bfd_receive(&probe->bfd, udp + 1, udp_len - sizeof(*udp), tsc_to_ns(ctx->now_tsc)));
	return true;
}
