/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet's way, from top to bottom:
 *
 *   pipeline_receive   a port's burst
 *     classify           port and tags -> interface; other worker's: over the ring (hand_over)
 *     take_in            MAC, EtherType: IPv4 and IPv6 go on, ARP, ND and the rest leave
 *     receive_outer      tunnels' frames are found by a bulk look-up and stripped (tunnel_in.h)
 *     validate           RFC 1812 5.2.2, RFC 8200, martians
 *   forward            built for each address family: a burst is of one
 *     guard_in           reverse-path check and filters, where an interface has them (guard.h)
 *     route              FIB lookups of the burst, each in its own virtual router's table; policies
 *     resolve            adjacency, TTL, MTU: what cannot go on leaves, with its ICMP error
 *     guard_out          filters of the interfaces that they leave by
 *     shape              the virtual link (places 1 to 3): passes, waits, or is dropped
 *     output             TTL, rewrite, tunnels' headers, staged on the port (place 4: portsched.h)
 *     account            latency and cycles
 *
 *   pipeline_queue     a burst of a port that brings more than the worker forwards: classify, then
 * into its router's input queue (input.h), from which pipeline_take_over takes it
 *
 *   pipeline_release   a virtual link's turn: what waited goes on from route, past its own shaper
 *
 * Each stage keeps the packets that go on at the front of the burst's arrays. */
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_prefetch.h>

#include "dataplane/arp.h"
#include "dataplane/classify.h"
#include "dataplane/family.h"
#include "dataplane/guard.h"
#include "dataplane/input.h"
#include "dataplane/pipeline.h"
#include "dataplane/place.h"
#include "dataplane/tunnel_in.h"
#include "dataplane/underlay.h"

#define PREFETCH_AHEAD 4
#define STAGE inline __attribute__((always_inline)) /* its address family is a constant */

/* A frame of an interface that is no plain good IPv4 or IPv6: with options, ARP, ND, or to be
 * dropped. Or the interface has guards. */
static __rte_noinline void take_in_slowly(struct ctx *ctx, struct bursts *b, struct iface *in,
	struct rte_mbuf *m, uint16_t type, uint8_t l3_offset)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, l3_offset);
	int room = (int)m->data_len - l3_offset;
	enum drop_reason reason;

	if (unlikely(in->flags & IFACE_UNDERLAY) && !underlay_admit(ctx, in, m, type, l3_offset))
		return;
	count_in(in, m);
	if (expected_guarded(ctx, in, frame, type)) {
		reason = room >= IP4_MIN_LEN && ip4_valid(ip, room) ? DROP_REASON_COUNT
								    : ip4_validate(ip, room);
		if (reason == DROP_REASON_COUNT) {
			b->ip4.guards |= in->flags & IFACE_GUARDED;
			burst_add(&b->ip4, m, ip, in);
			return;
		}
	} else {
		reason = frame_judge(in, frame, type, ip, room);
		if (reason == DROP_REASON_COUNT) {
			if (type == TYPE_ARP)
				arp_input(ctx, in, m, l3_offset);
			else
				ip6_input(ctx, &b->ip6, in, m, l3_offset, frame[0] & 1);
			return;
		}
	}
	ctx_drop(ctx, in, m, reason);
}

/* Take the common frame in; false: it is not one. */
static inline bool take_in(struct ctx *ctx, struct burst *b, struct iface *in, struct rte_mbuf *m,
	const uint8_t *frame, uint16_t type, uint8_t l3_offset)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)((uintptr_t)frame + l3_offset);

	if (unlikely(!expected(ctx, in, frame, type, TYPE_IP4) ||
		    !ip4_valid(ip, (int)m->data_len - l3_offset)))
		return false;
	count_in(in, m);
	burst_add(b, m, ip, in);
	return true;
}

/* The same for IPv6. */
static inline bool take_in6(struct ctx *ctx, struct burst *b, struct iface *in, struct rte_mbuf *m,
	const uint8_t *frame, uint16_t type, uint8_t l3_offset)
{
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)((uintptr_t)frame + l3_offset);

	if (!expected(ctx, in, frame, type, TYPE_IP6) || in->root6 == 0 ||
		!ip6_valid(ip, (int)m->data_len - l3_offset))
		return false;
	count_in(in, m);
	burst_add6(b, m, ip, in);
	return true;
}

/* Nobody's frame: count it on the port. */
static void drop_unclaimed(
	struct ctx *ctx, struct port *port, struct rte_mbuf *m, enum drop_reason reason)
{
	port->drops[reason]++;
	ctx_drop(ctx, NULL, m, reason);
}

static void hand_over(
	struct ctx *ctx, struct port *port, struct iface *in, uint8_t l3_offset, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);

	meta->rx_tsc = ctx->now_tsc;
	meta->iface = in->id;
	meta->l3_offset = l3_offset;
	meta->class = PKT_FORWARDED;
	if (unlikely(!ctx_hand_over(ctx, in, m)))
		drop_unclaimed(ctx, port, m, DROP_HANDOVER_FULL);
}

/* A frame shorter than Ethernet and IPv4 together may still be an ARP of a careless station, which
 * is ARP's to judge, or too short for its own tags. */
static bool too_short(const struct rte_mbuf *m, const struct frame_class *c)
{
	return m->data_len < RTE_ETHER_HDR_LEN || m->data_len < c->l3_offset;
}

/* Tags that no interface can have are told apart. */
static enum drop_reason unclaimed_reason(const struct frame_class *c, const uint8_t *frame)
{
	bool reserved = false;

	if (!c->tagged)
		return DROP_NO_UNTAGGED;
	for (unsigned int at = RTE_ETHER_HDR_LEN; at < c->l3_offset; at += 4)
		reserved |= (~load16(frame + at) & RTE_BE16(VID_MASK)) == 0;
	return reserved ? DROP_VLAN_RESERVED : DROP_UNKNOWN_VLAN;
}

/* A frame that is nobody's, another worker's, or out of the common. */
static __rte_noinline void receive_slowly(struct ctx *ctx, struct bursts *b, struct port *port,
	const struct frame_class *c, struct rte_mbuf *m)
{
	if (too_short(m, c))
		drop_unclaimed(ctx, port, m, DROP_RUNT);
	else if (c->iface == NULL)
		drop_unclaimed(ctx, port, m, unclaimed_reason(c, rte_pktmbuf_mtod(m, uint8_t *)));
	else if (c->iface->worker != ctx->index)
		hand_over(ctx, port, c->iface, c->l3_offset, m);
	else
		take_in_slowly(ctx, b, c->iface, m, c->type, c->l3_offset);
}

/* The common frame for an interface with guards. */
static inline bool take_in_guarded(struct ctx *ctx, struct burst *b, struct iface *in,
	struct rte_mbuf *m, uint16_t type, uint8_t l3_offset)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)((uintptr_t)frame + l3_offset);

	if (!expected_guarded(ctx, in, frame, type) || !ip4_valid(ip, (int)m->data_len - l3_offset))
		return false;
	count_in(in, m);
	b->guards |= in->flags;
	burst_add(b, m, ip, in);
	return true;
}

/* Not IPv4 of the common kind. */
static __rte_noinline void receive_other(struct ctx *ctx, struct bursts *b, struct port *port,
	const struct frame_class *c, struct rte_mbuf *m)
{
	if (c->iface != NULL && (c->iface->flags & IFACE_UNDERLAY) != 0) {
		if (tunnel_claims(c->iface, m, c->type, c->l3_offset))
			b->outer[b->n_outer++] = m;
		else
			receive_slowly(ctx, b, port, c, m);
		return;
	}
	if (c->type == TYPE_IP4 && c->iface != NULL &&
		take_in_guarded(ctx, &b->ip4, c->iface, m, c->type, c->l3_offset))
		return;
	if (unlikely(c->iface == NULL ||
		    !take_in6(ctx, &b->ip6, c->iface, m, rte_pktmbuf_mtod(m, const uint8_t *),
			    c->type, c->l3_offset)))
		receive_slowly(ctx, b, port, c, m);
}

/* Tunnels' frames, stripped, go the way of those that came in on their interfaces. */
static __rte_noinline void receive_outer(struct ctx *ctx, struct bursts *b, struct port *port)
{
	struct iface *ifaces[PKT_BURST];
	unsigned int n = tunnel_decap(ctx, port, b->outer, ifaces, b->n_outer);

	for (unsigned int i = 0; i < n; i++) {
		struct iface *in = ifaces[i];
		struct rte_mbuf *m = b->outer[i];
		const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
		uint16_t type = load16(frame + 12);

		if (unlikely(in->worker != ctx->index))
			hand_over(ctx, port, in, RTE_ETHER_HDR_LEN, m);
		else if (!take_in(ctx, &b->ip4, in, m, frame, type, RTE_ETHER_HDR_LEN) &&
			!take_in6(ctx, &b->ip6, in, m, frame, type, RTE_ETHER_HDR_LEN))
			take_in_slowly(ctx, b, in, m, type, RTE_ETHER_HDR_LEN);
	}
}

static STAGE void route(struct ctx *ctx, struct burst *b, enum ip_af af)
{
	const struct iface *first = b->in[0];
	uintptr_t differ = 0;

	for (unsigned int i = 1; i < b->n; i++)
		differ |= (uintptr_t)b->in[i] ^ (uintptr_t)first;
	b->mixed = differ != 0;
	if (!b->mixed) {
		family_lookup(b, af);
	} else {
		family_lookup_mixed(b, af);
	}
	if (unlikely(b->guards & IFACE_POLICY))
		guard_route(ctx, b, af);
	for (unsigned int i = 0; i < b->n; i++) {
		b->adj[i] = adj_at(b->nh[i]);
		rte_prefetch0(b->adj[i]);
	}
}

/* Not to be forwarded by the fast path's neighbour: find the one that is, or dispose of it. */
static void resolve_slowly(struct ctx *ctx, struct burst *b, enum ip_af af)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < b->n; i++) {
		struct adj *adj = b->adj[i];

		if (adj->kind != ADJ_KIND_FORWARD && adj->kind != ADJ_KIND_TUNNEL) {
			uint64_t rx_tsc = b->rx_tsc != 0 ? b->rx_tsc : pkt_meta(b->m[i])->rx_tsc;

			adj = family_resolve(ctx, b, i, adj, rx_tsc, af);
			if (adj == NULL)
				continue;
		}
		if (adj->out->tunnel != NULL) {
			b->tunnels = true;
			if (af == IP_AF_4)
				tunnel_allow_fragments(adj->out, b->ip[i]);
		}
		burst_keep(b, kept++, i, adj);
	}
	b->n = kept;
}

/* Is any of the burst for a virtual link, or for a filter on its way out? */
static STAGE bool resolve(struct ctx *ctx, struct burst *b, enum ip_af af)
{
	uintptr_t links = 0;
	uint8_t differ = 0, filtered = 0;

	b->tunnels = false;
	for (unsigned int i = 0; i < b->n; i++) {
		differ |= b->adj[i]->kind ^ ADJ_KIND_FORWARD;
		/* Not a pointer yet: an adjacency without a way out has NULL there. */
		rte_prefetch0((const void *)((uintptr_t)b->adj[i]->out +
			offsetof(struct iface, tx_packets)));
	}
	if (unlikely(differ != 0))
		resolve_slowly(ctx, b, af);
	for (unsigned int i = 0; i < b->n; i++) {
		links |= (uintptr_t)b->adj[i]->out->link;
		filtered |= b->adj[i]->out->filtered_out;
	}
	b->guards_out = filtered;
	return (links | filtered) != 0;
}

/* Places 1 to 3: what the virtual link lets pass goes on; the rest waits, or is dropped. The bytes
 * at vif-out are known here already, unless it must be fragmented: then each frame is judged when
 * it is made. */
static STAGE void shape(struct ctx *ctx, struct burst *b, enum ip_af af)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < b->n; i++) {
		struct adj *adj = b->adj[i];
		struct iface *out = adj->out;
		struct vlink *link = out->link;

		if (link != NULL && link != b->paid) {
			void *ip = family_header(b, i, af);
			uint16_t total = family_total(ip, af);
			uint32_t bytes = (uint32_t)total + out->l2_len + link->overhead;

			/* What goes no further pays nothing. */
			if (unlikely((family_hops(ip, af) <= 1) | (total > out->mtu)) &&
				family_refuse(ctx, b->in[i], b->m[i], ip, out->mtu, af))
				continue;
			if (!(link->at == DP_AT_VIF_OUT && total > out->mtu) &&
				!vlink_pass(link, bytes, ctx->now_tsc)) {
				place_wait(ctx, b, i, link, bytes, af);
				continue;
			}
		}
		burst_keep(b, kept++, i, adj);
	}
	b->n = kept;
}

static STAGE void output(struct ctx *ctx, struct burst *b, enum ip_af af, bool tunnels)
{
	for (unsigned int i = 0; i < b->n; i++) {
		void *ip = family_header(b, i, af);
		struct rte_mbuf *m = b->m[i];
		const struct adj *adj = b->adj[i];
		struct iface *out = adj->out;
		uint16_t total = family_total(ip, af);
		struct port_txq *txq;
		uint32_t bytes;

		if (unlikely((family_hops(ip, af) <= 1) | (total > out->mtu))) {
			if (!family_refuse(ctx, b->in[i], m, ip, out->mtu, af)) {
				ip4_decrement_ttl(ip);
				ip4_fragment(ctx, b->in[i], m, ip, adj);
			}
			continue;
		}
		family_decrement_hops(ip, af);
		bytes = (uint32_t)total + out->l2_len;
		adj_encap(adj, m, ip, total, out->l2_len);
		if (tunnels && out->tunnel != NULL) {
			bytes += out->outer_len;
			if (unlikely(!tunnel_encap_packet(out->tunnel, m, ip, total, af))) {
				out->tx_packets++;
				out->tx_bytes += bytes;
				tunnel_wait(ctx, out->tunnel, m, PKT_FORWARDED);
				continue;
			}
		}
		txq = ctx->txq[out->port_index];
		if (likely(ctx_stage(ctx, txq, m, PKT_FORWARDED, out->id))) {
			out->tx_packets++;
			out->tx_bytes += bytes;
		} else {
			ctx_drop(ctx, out, m, ctx_refusal(txq));
		}
	}
}

static __rte_noinline void output_tunnels(struct ctx *ctx, struct burst *b, enum ip_af af)
{
	if (af == IP_AF_4)
		output(ctx, b, IP_AF_4, true);
	else
		output(ctx, b, IP_AF_6, true);
}

/* Latency and cycles of what went out. */
static void account(struct ctx *ctx, struct burst *b)
{
	uint64_t end_tsc = ctx_read_tsc(ctx), spent_tsc = end_tsc - ctx->now_tsc;
	uint64_t latency_tsc = end_tsc - b->rx_tsc, each_tsc;
	uint32_t *row = latency_row(&ctx->latency, hist_index(latency_tsc));

	if (!b->mixed) {
		struct iface *in = b->in[0];

		in->cycles += spent_tsc;
		in->forwarded += b->n;
		if (b->rx_tsc != 0) {
			row[in->vr_id] += b->n;
			in->latency_max = RTE_MAX(in->latency_max, latency_tsc);
		}
		return;
	}
	each_tsc = (uint64_t)((double)spent_tsc / b->n);
	for (unsigned int i = 0; i < b->n; i++) {
		struct iface *in = b->in[i];

		in->cycles += each_tsc;
		in->forwarded++;
		if (b->rx_tsc != 0) {
			row[in->vr_id]++;
			if (unlikely(latency_tsc > in->latency_max))
				in->latency_max = latency_tsc;
		}
	}
}

/* Packets with times of their own: read before the driver has the mbufs. */
static void account_waiting(struct ctx *ctx, struct burst *b)
{
	for (unsigned int i = 0; i < b->n; i++) {
		uint64_t latency_tsc = ctx->now_tsc - pkt_meta(b->m[i])->rx_tsc;
		struct iface *in = b->in[i];

		latency_row(&ctx->latency, hist_index(latency_tsc))[in->vr_id]++;
		in->latency_max = RTE_MAX(in->latency_max, latency_tsc);
	}
}

static STAGE void forward_family(struct ctx *ctx, struct burst *b, enum ip_af af)
{
	if (unlikely(b->guards != 0))
		guard_in(ctx, b, af);
	if (b->n == 0)
		return;
	route(ctx, b, af);
	if (resolve(ctx, b, af)) {
		if (b->guards_out)
			guard_out(ctx, b, af);
		shape(ctx, b, af);
	}
	if (b->n == 0)
		return;
	if (b->rx_tsc == 0)
		account_waiting(ctx, b);
	if (unlikely(b->tunnels))
		output_tunnels(ctx, b, af);
	else
		output(ctx, b, af, false);
	account(ctx, b);
}

static __rte_noinline void forward6(struct ctx *ctx, struct burst *b)
{
	forward_family(ctx, b, IP_AF_6);
}

static void forward(struct ctx *ctx, struct bursts *b)
{
	if (b->ip4.n > 0)
		forward_family(ctx, &b->ip4, IP_AF_4);
	if (b->ip6.n > 0)
		forward6(ctx, &b->ip6);
}

/* What is ready came before what has just been received. */
static void forward_in_order(struct ctx *ctx, struct bursts *b)
{
	if (unlikely(ctx->ready.head != NULL))
		pipeline_ready(ctx);
	forward(ctx, b);
}

void pipeline_receive(struct ctx *ctx, struct port *port, struct rte_mbuf **m, unsigned int n)
{
	uint64_t bytes = 0;
	struct bursts b;

	bursts_init(&b, ctx->now_tsc, NULL);
	ctx->received += n;
	port->rx_packets += n;
	for (unsigned int i = 0; i < RTE_MIN(n, (unsigned int)PREFETCH_AHEAD); i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], void *));
	for (unsigned int i = 0; i < n; i++) {
		const uint8_t *frame = rte_pktmbuf_mtod(m[i], const uint8_t *);
		struct frame_class c = classify(port, frame);

		if (i + PREFETCH_AHEAD < n)
			rte_prefetch0(rte_pktmbuf_mtod(m[i + PREFETCH_AHEAD], void *));
		bytes += m[i]->data_len;
		if (unlikely(c.iface == NULL ||
			    !take_in(ctx, &b.ip4, c.iface, m[i], frame, c.type, c.l3_offset)))
			receive_other(ctx, &b, port, &c, m[i]);
	}
	port->rx_bytes += bytes;
	if (unlikely(b.n_outer > 0))
		receive_outer(ctx, &b, port);
	forward_in_order(ctx, &b);
}

/* Tunnels' frames, stripped, each into its router's queue; those that are not taken go to *full. */
static __rte_noinline unsigned int queue_outer(
	struct ctx *ctx, struct port *port, struct bursts *b, struct rte_mbuf **full)
{
	struct iface *ifaces[PKT_BURST];
	unsigned int n = tunnel_decap(ctx, port, b->outer, ifaces, b->n_outer), n_full = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (ifaces[i]->worker != ctx->index)
			hand_over(ctx, port, ifaces[i], RTE_ETHER_HDR_LEN, b->outer[i]);
		else if (!input_enqueue(
				 ctx, ifaces[i], b->outer[i], RTE_ETHER_HDR_LEN, ctx->now_tsc))
			full[n_full++] = b->outer[i];
	}
	return n_full;
}

void pipeline_queue(struct ctx *ctx, struct port *port, struct rte_mbuf **m, unsigned int n)
{
	struct rte_mbuf *full[PKT_BURST];
	unsigned int n_full = 0;
	uint64_t bytes = 0;
	struct bursts b;

	bursts_init(&b, ctx->now_tsc, NULL);
	ctx->received += n;
	port->rx_packets += n;
	for (unsigned int i = 0; i < RTE_MIN(n, (unsigned int)PREFETCH_AHEAD); i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], void *));
	for (unsigned int i = 0; i < n; i++) {
		struct frame_class c = classify(port, rte_pktmbuf_mtod(m[i], const uint8_t *));

		if (i + PREFETCH_AHEAD < n)
			rte_prefetch0(rte_pktmbuf_mtod(m[i + PREFETCH_AHEAD], void *));
		bytes += m[i]->data_len;
		if (unlikely(c.iface != NULL && (c.iface->flags & IFACE_UNDERLAY) != 0 &&
			    tunnel_claims(c.iface, m[i], c.type, c.l3_offset)))
			b.outer[b.n_outer++] = m[i];
		else if (unlikely(c.iface == NULL || too_short(m[i], &c) ||
				 c.iface->worker != ctx->index))
			receive_slowly(ctx, &b, port, &c, m[i]);
		else if (!input_enqueue(ctx, c.iface, m[i], c.l3_offset, ctx->now_tsc))
			full[n_full++] = m[i];
	}
	port->rx_bytes += bytes;
	if (unlikely(b.n_outer > 0))
		n_full += queue_outer(ctx, port, &b, full + n_full);
	input_free(full, n_full);
}

void pipeline_queue_handed(struct ctx *ctx, struct rte_mbuf **m, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct pkt_meta *meta = pkt_meta(m[i]);
		struct iface *in = iface_get(meta->iface);

		if (unlikely(in == NULL || in->worker != ctx->index))
			ctx_drop_meta(ctx, NULL, m[i], DROP_INTERFACE_GONE);
		else if (unlikely(meta->l3_offset == 0))
			underlay_send(ctx, in, m[i]);
		else if (!input_enqueue(ctx, in, m[i], meta->l3_offset, meta->rx_tsc))
			rte_pktmbuf_free(m[i]);
	}
}

void pipeline_take_over(struct ctx *ctx, struct rte_mbuf **m, unsigned int n)
{
	struct bursts b;

	bursts_init(&b, 0, NULL);
	for (unsigned int i = 0; i < n; i++) {
		const uint8_t *frame = rte_pktmbuf_mtod(m[i], const uint8_t *);
		uint8_t l3_offset = pkt_meta(m[i])->l3_offset;
		uint16_t type = load16(frame + l3_offset - 2);
		struct iface *in = iface_get(pkt_meta(m[i])->iface);

		if (unlikely(in == NULL || in->worker != ctx->index))
			ctx_drop_meta(ctx, NULL, m[i], DROP_INTERFACE_GONE);
		else if (!take_in(ctx, &b.ip4, in, m[i], frame, type, l3_offset) &&
			!take_in6(ctx, &b.ip6, in, m[i], frame, type, l3_offset))
			take_in_slowly(ctx, &b, in, m[i], type, l3_offset);
	}
	forward_in_order(ctx, &b);
}

/* The interface that a packet which has waited came in on; it may have gone, its virtual router has
 * not. */
static struct iface *came_in_on(const struct pkt_meta *meta, struct iface *fallback)
{
	struct iface *in = iface_get(meta->iface);

	return in != NULL && in->vr == fallback->vr ? in : fallback;
}

/* What it met where it came in is behind it; which way it goes is not settled. */
static void bursts_add_waiting(
	struct ctx *ctx, struct bursts *b, struct rte_mbuf *m, struct iface *in)
{
	void *l3 = rte_pktmbuf_mtod_offset(m, void *, pkt_meta(m)->l3_offset);

	if (likely(family_of(l3) == IP_AF_4)) {
		b->ip4.guards |= in->flags & IFACE_POLICY;
		burst_add(&b->ip4, m, l3, in);
	} else if (in->root6 != 0) {
		b->ip6.guards |= in->flags & IFACE_POLICY;
		burst_add6(&b->ip6, m, l3, in);
	} else {
		ctx_drop(ctx, in, m, DROP_IP6_DISABLED);
	}
}

/* A packet of the router's own that waited for a neighbour. */
static void send_again(struct ctx *ctx, struct iface *in, struct rte_mbuf *m)
{
	if (family_of(rte_pktmbuf_mtod(m, void *)) == IP_AF_4)
		ip4_send_again(ctx, in, m);
	else
		ip6_send_again(ctx, in, m);
}

/* A finished frame goes on, behind the packets that came out of the queue before it. */
static void release_finished(
	struct ctx *ctx, struct bursts *b, struct iface *out, struct rte_mbuf *m)
{
	forward(ctx, b);
	bursts_init(b, 0, b->ip4.paid);
	place_release(ctx, out, m);
}

void pipeline_release(struct ctx *ctx, struct vlink *link)
{
	unsigned int n = 0;
	struct rte_mbuf *m;
	struct bursts b;

	bursts_init(&b, 0, link);
	for (; n < PKT_BURST && (m = vlink_dequeue(ctx, link, ctx->now_tsc)) != NULL; n++) {
		if (likely(!place_finished(m)))
			bursts_add_waiting(ctx, &b, m, came_in_on(pkt_meta(m), link->iface));
		else
			release_finished(ctx, &b, link->iface, m);
	}
	if (n == PKT_BURST)
		vlink_again(ctx, link, ctx->now_tsc);
	forward(ctx, &b);
}

bool pipeline_ready(struct ctx *ctx)
{
	struct pkt_list ready = ctx->ready;
	bool any = ready.head != NULL;

	ctx->ready = (struct pkt_list){0};
	while (ready.head != NULL) {
		struct rte_mbuf *m;
		struct bursts b;

		bursts_init(&b, 0, NULL);
		while (b.ip4.n + b.ip6.n < PKT_BURST && (m = pkt_list_dequeue(&ready)) != NULL) {
			struct iface *in = iface_get(pkt_meta(m)->iface);

			if (in == NULL || in->worker != ctx->index)
				ctx_drop_meta(ctx, NULL, m, DROP_INTERFACE_GONE);
			else if (pkt_meta(m)->class == PKT_ORIGINATED)
				send_again(ctx, in, m);
			else if (unlikely(in->flags & IFACE_UNDERLAY))
				underlay_send(ctx, in, m);
			else if (likely(!place_finished(m)))
				bursts_add_waiting(ctx, &b, m, in);
			else
				release_finished(ctx, &b, in, m);
		}
		forward(ctx, &b);
	}
	return any;
}
