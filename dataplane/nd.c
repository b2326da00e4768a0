/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/nd.h"

#include <string.h>

#include <rte_cycles.h>

#include "dataplane/ra.h"
#include "lib/log.h"

#define RETRANS_S 1     /* RFC 4861 10: RETRANS_TIMER */
#define DAD_TRANSMITS 1 /* RFC 4862 5.1 */
#define OPTION_SOURCE_MAC 1
#define OPTION_TARGET_MAC 2
#define FLAG_ROUTER RTE_BE32(UINT32_C(1) << 31)
#define FLAG_SOLICITED RTE_BE32(UINT32_C(1) << 30)
#define FLAG_OVERRIDE RTE_BE32(UINT32_C(1) << 29)

static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
static const uint8_t unspecified[16];

/* A solicitation or advertisement with one option. */
struct nd_message {
	struct icmp6_header icmp; /* value: an advertisement's flags */
	uint8_t target[16];
	uint8_t option, option_units;
	uint8_t mac[6];
} ICMP6_PACKED;

#define ND_LEN_MIN offsetof(struct nd_message, option)

static void solicited_node(const uint8_t ip[16], uint8_t group[16])
{
	static const uint8_t prefix[13] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};

	memcpy(group, prefix, sizeof(prefix));
	memcpy(group + 13, ip + 13, 3);
}

/* To MAC, or, when that is NULL, as the destination says. OPTION 0: none. */
static void nd_send(struct ctx *ctx, struct iface *iface, const uint8_t src[16],
	const uint8_t dst[16], enum icmp6_type type, uint32_t flags, const uint8_t target[16],
	uint8_t option, const uint8_t *mac)
{
	uint16_t len = option == 0 ? ND_LEN_MIN : sizeof(struct nd_message);
	struct nd_message *message;
	struct icmp6_header *icmp;
	struct rte_mbuf *m;
	uint8_t *frame;

	icmp = icmp6_new(ctx, src, dst, IP6_HOPS_ND, type, len, &m);
	if (icmp == NULL)
		return;
	message = (struct nd_message *)icmp;
	icmp->value = flags;
	memcpy(message->target, target, sizeof(message->target));
	if (option != 0) {
		message->option = option;
		message->option_units = 1;
		memcpy(message->mac, iface->mac, sizeof(message->mac));
	}
	icmp6_finish(icmp, len);
	if (mac == NULL) {
		ip6_send(ctx, iface, m);
		return;
	}
	frame = (uint8_t *)rte_pktmbuf_prepend(m, iface->l2_len);
	memcpy(frame, iface->l2, iface->l2_len);
	memcpy(frame, mac, 6);
	frame[iface->l2_len - 2] = RTE_ETHER_TYPE_IPV6 >> 8;
	frame[iface->l2_len - 1] = RTE_ETHER_TYPE_IPV6 & 0xff;
	ctx->originated++;
	iface->vr->originated++;
	ctx_transmit(ctx, iface, m, PKT_ORIGINATED);
}

/* MAC NULL: everybody who might be it. */
static void solicit(struct ctx *ctx, const struct adj *adj, const uint8_t *mac)
{
	struct iface *iface = adj->out;
	const struct own6 *own = iface6_source(iface->ip6, adj->ip6);
	uint8_t group[16];

	if (own == NULL)
		own = iface6_source(iface->ip6, all_nodes);
	if (own == NULL)
		return;
	solicited_node(adj->ip6, group);
	nd_send(ctx, iface, own->ip, mac == NULL ? group : adj->ip6, ICMP6_NEIGHBOR_SOLICIT, 0,
		adj->ip6, OPTION_SOURCE_MAC, mac);
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
			icmp6_error(ctx, in,
				rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *, meta->l3_offset),
				ICMP6_UNREACHABLE, ICMP6_ADDRESS_UNREACHABLE, 0);
		ctx_drop_meta(ctx, in, m, DROP_NEIGHBOR_FAILED);
	}
}

void nd_act(struct ctx *ctx, struct adj *adj, enum neigh_action action)
{
	switch (action) {
	case NEIGH_ACT_ASK:
		solicit(ctx, adj, NULL);
		break;
	case NEIGH_ACT_ASK_KNOWN:
		solicit(ctx, adj, adj_mac(adj, adj->out->l2_len));
		break;
	case NEIGH_ACT_FAILED:
		refuse_held(ctx, adj);
		break;
	case NEIGH_ACT_NONE:
	case NEIGH_ACT_GONE:
		break;
	}
}

/* ---- own addresses ---- */

static void advertise_to_all(struct ctx *ctx, struct iface *iface, const struct own6 *own)
{
	nd_send(ctx, iface, own->ip, all_nodes, ICMP6_NEIGHBOR_ADVERT, FLAG_ROUTER | FLAG_OVERRIDE,
		own->ip, OPTION_TARGET_MAC, NULL);
}

static void ask_about(struct ctx *ctx, struct iface *iface, struct own6 *own)
{
	uint8_t group[16];

	solicited_node(own->ip, group);
	nd_send(ctx, iface, unspecified, group, ICMP6_NEIGHBOR_SOLICIT, 0, own->ip, 0, NULL);
	own->probes++;
}

static bool may_speak(const struct iface *iface)
{
	return iface->port->up && (iface->flags & IFACE_VR_DOWN) == 0;
}

static void own_advance(struct ctx *ctx, struct iface *iface, struct own6 *own)
{
	if (own->state != OWN6_TENTATIVE)
		return;
	if (own->probes < DAD_TRANSMITS) {
		ask_about(ctx, iface, own);
		return;
	}
	own->state = OWN6_VALID;
	advertise_to_all(ctx, iface, own);
	if (own == &iface->ip6->own[0])
		ra_start(ctx, iface->ip6);
}

static void dad_run(struct ctx *ctx, struct iface6 *ip6)
{
	bool tentative = false;

	for (size_t i = 0; i < ip6->n_own; i++) {
		if (may_speak(ip6->iface))
			own_advance(ctx, ip6->iface, &ip6->own[i]);
		tentative |= ip6->own[i].state == OWN6_TENTATIVE;
	}
	ip6->dad_due_tsc = tentative ? ctx->now_tsc + RETRANS_S * rte_get_tsc_hz() : UINT64_MAX;
}

static void timer_set(struct ctx *ctx, struct iface6 *ip6)
{
	uint64_t due = RTE_MIN(ip6->dad_due_tsc, ip6->ra_due_tsc);

	wheel_del(&ctx->nd_wheel, &ip6->timer);
	if (due != UINT64_MAX)
		wheel_add(&ctx->nd_wheel, &ip6->timer, due);
}

void nd_announce(struct ctx *ctx, struct iface *iface)
{
	struct iface6 *ip6 = iface->ip6;

	if (ip6 == NULL)
		return;
	for (size_t i = 0; i < ip6->n_own; i++) {
		struct own6 *own = &ip6->own[i];

		if (own->anycast)
			continue;
		if (own->state == OWN6_VALID) {
			advertise_to_all(ctx, iface, own);
			continue;
		}
		own->state = OWN6_TENTATIVE;
		own->probes = 0;
	}
	dad_run(ctx, ip6);
	ra_start(ctx, ip6);
	timer_set(ctx, ip6);
}

void nd_timeout(struct ctx *ctx, struct iface6 *ip6)
{
	if (ip6->dad_due_tsc <= ctx->now_tsc)
		dad_run(ctx, ip6);
	ra_run(ctx, ip6);
	timer_set(ctx, ip6);
}

void nd_retire(struct ctx *ctx, struct iface *iface)
{
	if (iface->ip6 == NULL)
		return;
	ra_cease(ctx, iface);
	wheel_del(&ctx->nd_wheel, &iface->ip6->timer);
}

/* Somebody else has, or wants, one of our addresses. RFC 4862 5.4.5: then it is not ours. One that
 * we have checked stays, as RFC 4862 has no say in it. */
static enum drop_reason conflict(struct iface *in, struct own6 *own)
{
	char text[IP_ADDR_STRLEN];
	struct ip_addr address = {.af = IP_AF_6};

	if (own->state != OWN6_TENTATIVE)
		return DROP_ND_CONFLICT;
	own->state = OWN6_DUPLICATE;
	memcpy(address.bytes, own->ip, sizeof(own->ip));
	log_error("nd", "vrouter %s: interface %s: address %s is another station's: not used",
		in->vr->name, in->name, ipaddr_print(&address, text));
	return DROP_ND_CONFLICT;
}

/* ---- messages ---- */

/* RFC 4861 6.1, 7.1: every option has a length, and none goes beyond the message. *mac: that of
 * option WANTED, NULL: there is none. */
static bool options_parse(const uint8_t *p, const uint8_t *end, uint8_t wanted, const uint8_t **mac)
{
	*mac = NULL;
	while (p < end) {
		unsigned int len;

		if (end - p < 2)
			return false;
		len = p[1] * 8u;
		if (len == 0 || len > (size_t)(end - p))
			return false;
		/* A station's MAC, of Ethernet's length. */
		if (p[0] == wanted) {
			if (len != 8 || (p[2] & 1) != 0)
				return false;
			*mac = p + 2;
		}
		p += len;
	}
	return true;
}

/* It says where it is, but not that it hears us. */
static void learn(struct ctx *ctx, struct iface *in, const uint8_t ip[16], const uint8_t *mac)
{
	struct pkt_list ready;
	struct adj *adj;

	if (mac == NULL)
		return;
	adj = neigh_get6(ctx, in->vr, in, ip);
	if (adj == NULL)
		return;
	neigh_hear(ctx, in->vr, adj, mac, &ready);
	pkt_list_append(&ctx->ready, &ready);
}

static enum drop_reason solicit_input(struct ctx *ctx, struct iface *in, struct rte_mbuf *m,
	const struct rte_ipv6_hdr *ip, const struct nd_message *message, const uint8_t *mac)
{
	const uint8_t *frame_source = rte_pktmbuf_mtod(m, const uint8_t *) + 6;
	bool nobody = ip6_is_unspecified(ip->src_addr);
	struct own6 *own;
	uint32_t flags;

	/* RFC 4861 7.1.1. */
	if (ip6_is_multicast(message->target) ||
		(nobody && (mac != NULL || iface6_solicited(in->ip6, ip->dst_addr) == NULL)))
		return DROP_ND_MALFORMED;
	own = iface6_own(in->ip6, message->target);
	if (own == NULL || own->state == OWN6_DUPLICATE)
		return DROP_ND_NOT_FOR_US;
	if (own->state == OWN6_TENTATIVE) {
		/* RFC 4862 5.4.3: only another's question about it matters; ours may come back. */
		if (nobody && memcmp(frame_source, in->mac, sizeof(in->mac)) != 0)
			return conflict(in, own);
		return DROP_IP6_TENTATIVE;
	}
	flags = FLAG_ROUTER | (own->anycast ? 0 : FLAG_OVERRIDE);
	if (nobody) {
		nd_send(ctx, in, own->anycast ? in->ip6->own[0].ip : own->ip, all_nodes,
			ICMP6_NEIGHBOR_ADVERT, flags, own->ip, OPTION_TARGET_MAC, NULL);
		return DROP_REASON_COUNT;
	}
	/* From off the link, it is no neighbour's to ask. */
	if (!iface6_on_link(in->ip6, ip->src_addr) &&
		neigh_lookup6(in->vr, in, ip->src_addr) == NULL)
		return DROP_ND_NOT_FOR_US;
	learn(ctx, in, ip->src_addr, mac);
	nd_send(ctx, in, own->anycast ? in->ip6->own[0].ip : own->ip, ip->src_addr,
		ICMP6_NEIGHBOR_ADVERT, flags | FLAG_SOLICITED, own->ip, OPTION_TARGET_MAC,
		mac != NULL ? mac : frame_source);
	return DROP_REASON_COUNT;
}

/* RFC 4861 7.2.5. */
static enum drop_reason advert_input(struct ctx *ctx, struct iface *in,
	const struct rte_ipv6_hdr *ip, const struct nd_message *message, const uint8_t *mac)
{
	bool solicited = (message->icmp.value & FLAG_SOLICITED) != 0;
	bool override = (message->icmp.value & FLAG_OVERRIDE) != 0, same;
	struct pkt_list ready = {0};
	const uint8_t *known;
	struct own6 *own;
	struct adj *adj;

	if (ip6_is_multicast(message->target) || (solicited && ip6_is_multicast(ip->dst_addr)))
		return DROP_ND_MALFORMED;
	own = iface6_own(in->ip6, message->target);
	if (own != NULL && !own->anycast)
		return conflict(in, own);
	adj = neigh_lookup6(in->vr, in, message->target);
	if (adj == NULL || adj->state == DP_NEIGH_PERMANENT)
		return DROP_ND_NOT_FOR_US;
	if (adj->state == DP_NEIGH_INCOMPLETE || adj->state == DP_NEIGH_FAILED) {
		if (mac == NULL)
			return DROP_ND_NOT_FOR_US;
		if (solicited)
			neigh_confirm(ctx, in->vr, adj, mac, &ready);
		else
			neigh_hear(ctx, in->vr, adj, mac, &ready);
		pkt_list_append(&ctx->ready, &ready);
		return DROP_REASON_COUNT;
	}
	known = adj_mac(adj, in->l2_len);
	same = mac == NULL || memcmp(mac, known, 6) == 0;
	if (!same && !override)
		neigh_doubt(ctx, adj);
	else if (solicited)
		neigh_confirm(ctx, in->vr, adj, mac != NULL ? mac : known, &ready);
	else if (!same)
		neigh_hear(ctx, in->vr, adj, mac, &ready);
	pkt_list_append(&ctx->ready, &ready);
	return DROP_REASON_COUNT;
}

/* RFC 4861 6.1.1, 6.2.6. */
static enum drop_reason router_solicit_input(
	struct ctx *ctx, struct iface *in, const struct rte_ipv6_hdr *ip, const uint8_t *mac)
{
	bool nobody = ip6_is_unspecified(ip->src_addr);

	if (nobody && mac != NULL)
		return DROP_ND_MALFORMED;
	if (!ra_solicited(ctx, in->ip6))
		return DROP_ND_NOT_FOR_US;
	timer_set(ctx, in->ip6);
	if (!nobody && iface6_on_link(in->ip6, ip->src_addr))
		learn(ctx, in, ip->src_addr, mac);
	return DROP_REASON_COUNT;
}

enum drop_reason nd_input(struct ctx *ctx, struct iface *in, struct rte_mbuf *m,
	const struct rte_ipv6_hdr *ip, const struct icmp6_header *icmp, uint16_t len)
{
	const struct nd_message *message = (const struct nd_message *)icmp;
	const uint8_t *end = (const uint8_t *)icmp + len, *mac;
	bool advert = icmp->type == ICMP6_NEIGHBOR_ADVERT;
	bool to_routers = icmp->type == ICMP6_ROUTER_SOLICIT;
	uint16_t header = to_routers ? ICMP6_HEADER_LEN : ND_LEN_MIN;

	/* RFC 4861 7.1.1: a packet from beyond the link cannot have it. */
	if (ip->hop_limits != IP6_HOPS_ND)
		return DROP_ND_HOP_LIMIT;
	/* RFC 4861 8.1: a router takes no redirects, nor others' advertisements. */
	if (icmp->type == ICMP6_ROUTER_ADVERT || icmp->type == ICMP6_REDIRECT)
		return DROP_ND_NOT_FOR_US;
	if (icmp->code != 0 || len < header ||
		!options_parse((const uint8_t *)icmp + header, end,
			advert ? OPTION_TARGET_MAC : OPTION_SOURCE_MAC, &mac))
		return DROP_ND_MALFORMED;
	if (to_routers)
		return router_solicit_input(ctx, in, ip, mac);
	return advert ? advert_input(ctx, in, ip, message, mac)
		      : solicit_input(ctx, in, m, ip, message, mac);
}
