/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet's way, from top to bottom:
 *
 *   pipeline_receive   a port's burst
 *     classify           port and tags -> interface (classify.h)
 *     intake_accept      MAC, EtherType; RFC 1812 5.2.2, RFC 8200, martians: IPv4 and IPv6 go on
 *     intake_other       ARP, ND and the rest leave; other worker's: over the ring (intake.c)
 *     intake_outer       tunnels' frames are found by a bulk look-up and stripped (tunnel_in.h)
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
 * into its router's input queue (intake_queue.c, input.h), from which pipeline_serve takes it
 *
 *   pipeline_release   a virtual link's turn: what waited goes on from route, past its own shaper
 *
 * Each stage keeps the packets that go on at the front of the burst's arrays. */
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_prefetch.h>

#include "dataplane/family.h"
#include "dataplane/guard.h"
#include "dataplane/input.h"
#include "dataplane/intake.h"
#include "dataplane/pipeline.h"
#include "dataplane/place.h"
#include "dataplane/underlay.h"

#define SHAPE_PREFETCH 4                            /* packets */
#define STAGE inline __attribute__((always_inline)) /* its address family is a constant */

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
			/* Where it may be held, that it has paid is not forgotten. */
			pkt_meta(b->m[i])->paid = b->waited ? b->paid[i] : 0;
			adj = family_resolve(ctx, b, i, adj, burst_rx_tsc(b, i), af);
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

		if (b->mixed && i + SHAPE_PREFETCH < b->n)
			vlink_prefetch(b->adj[i + SHAPE_PREFETCH]->out->link);
		if (link != NULL && !burst_paid(b, i, out->id)) {
			void *ip = family_header(b, i, af);
			uint16_t total = family_total(ip, af);
			uint32_t bytes = (uint32_t)total + out->l2_len + link->overhead;

			/* What goes no further pays nothing, what must be cut pays for all frames.
			 */
			if (unlikely((family_hops(ip, af) <= 1) | (total > out->mtu))) {
				if (family_refuse(ctx, b->in[i], b->m[i], ip, out->mtu, af))
					continue;
				bytes = ip4_fragmented_bytes(
					ip, out->mtu, out->l2_len + link->overhead);
			}
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

static STAGE void output(struct ctx *ctx, struct burst *b, enum ip_af af, bool special)
{
	uint32_t mark = b->mark, each = special && b->rx_tsc == 0;

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
		if (special && out->tunnel != NULL) {
			bytes += out->outer_len;
			if (unlikely(!tunnel_encap_packet(out->tunnel, m, ip, total, af))) {
				out->tx_packets++;
				out->tx_bytes += bytes;
				tunnel_wait(ctx, out->tunnel, m, PKT_FORWARDED);
				continue;
			}
		}
		txq = ctx->txq[out->port_index];
		if (likely(ctx_stage(ctx, txq, m, PKT_FORWARDED, mark + (special ? each * i : 0),
			    out->id))) {
			out->tx_packets++;
			out->tx_bytes += bytes;
		} else {
			ctx_drop(ctx, out, m, ctx_refusal(txq));
		}
	}
}

/* Some leave by tunnels, or have waited. */
static __rte_noinline void output_special(struct ctx *ctx, struct burst *b, enum ip_af af)
{
	if (af == IP_AF_4)
		output(ctx, b, IP_AF_4, true);
	else
		output(ctx, b, IP_AF_6, true);
}

/* Packets with times of their own. */
static void account_each(struct ctx *ctx, struct burst *b)
{
	ctx_marks_need(ctx, b->n);
	b->mark = (uint16_t)ctx->latency.n_marks;
	for (unsigned int i = 0; i < b->n; i++) {
		latency_count(
			&ctx->latency, b->in[i]->vr_id, latency_round(ctx->now_tsc - b->rx[i]));
		ctx_mark(ctx, b->rx[i], ctx->now_tsc);
	}
}

/* Let ports know of whom the packets are that wait there. */
static void account_begin(struct ctx *ctx, struct burst *b)
{
	if (b->rx_tsc == 0) {
		account_each(ctx, b);
		return;
	}
	ctx_marks_need(ctx, 1);
	b->mark = (uint16_t)ctx_mark(ctx, b->rx_tsc, 0);
}

/* Latency and cycles of what went out. */
static void account(struct ctx *ctx, struct burst *b)
{
	uint64_t end_tsc = ctx_read_tsc(ctx), spent_tsc = end_tsc - ctx->now_tsc, each_tsc;
	struct latency_mark *mark = &ctx->latency.marks[b->mark];
	uint32_t *row;

	if (likely(mark->counted_tsc == 0))
		mark->counted_tsc = end_tsc;
	row = latency_row(&ctx->latency, hist_index(latency_round(mark->counted_tsc - b->rx_tsc)));
	if (!b->mixed) {
		struct iface *in = b->in[0];

		in->cycles += spent_tsc;
		in->forwarded += b->n;
		if (b->rx_tsc != 0)
			row[in->vr_id] += b->n;
		return;
	}
	each_tsc = (uint64_t)((double)spent_tsc / b->n);
	for (unsigned int i = 0; i < b->n; i++) {
		struct iface *in = b->in[i];

		in->cycles += each_tsc;
		in->forwarded++;
		if (b->rx_tsc != 0)
			row[in->vr_id]++;
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
	account_begin(ctx, b);
	if (unlikely(b->tunnels) || b->rx_tsc == 0)
		output_special(ctx, b, af);
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

	bursts_init(&b, ctx->now_tsc);
	ctx->received += n;
	port->rx_packets += n;
	intake_prefetch(m, n);
	for (unsigned int i = 0; i < n; i++) {
		const uint8_t *frame = rte_pktmbuf_mtod(m[i], const uint8_t *);
		struct frame_class c = classify(port, frame);

		if (i + INTAKE_PREFETCH < n)
			rte_prefetch0(rte_pktmbuf_mtod(m[i + INTAKE_PREFETCH], void *));
		bytes += m[i]->data_len;
		if (unlikely(c.iface == NULL ||
			    !intake_accept(ctx, &b, c.iface, m[i], frame, c.type, c.l3_offset)))
			intake_other(ctx, &b, port, m[i]);
	}
	port->rx_bytes += bytes;
	if (unlikely(b.n_outer > 0))
		intake_outer(ctx, &b, port);
	forward_in_order(ctx, &b);
}

/* A packet that has been classified before. */
static inline void take_over(
	struct ctx *ctx, struct bursts *b, struct rte_mbuf *m, struct iface *in, uint8_t l3_offset)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t type = load16(frame + l3_offset - 2);

	if (!intake_accept(ctx, b, in, m, frame, type, l3_offset))
		intake_slowly(ctx, b, in, m, type, l3_offset);
}

void pipeline_take_over(struct ctx *ctx, struct rte_mbuf **m, unsigned int n)
{
	struct bursts b;

	bursts_init(&b, 0);
	for (unsigned int i = 0; i < n; i++) {
		const struct pkt_meta *meta = pkt_meta(m[i]);
		struct iface *in = iface_get(meta->iface);

		bursts_set_rx(&b, meta->rx_tsc);
		if (unlikely(in == NULL || in->worker != ctx->index))
			ctx_stray(ctx, m[i]);
		else
			take_over(ctx, &b, m[i], in, meta->l3_offset);
	}
	forward_in_order(ctx, &b);
}

void pipeline_serve(struct ctx *ctx, const struct input_item *items, unsigned int n)
{
	struct bursts b;

	bursts_init(&b, 0);
	for (unsigned int i = 0; i < RTE_MIN(n, (unsigned int)INTAKE_PREFETCH); i++)
		rte_prefetch0(rte_pktmbuf_mtod(items[i].m, void *));
	for (unsigned int i = 0; i < n; i++) {
		if (i + INTAKE_PREFETCH < n)
			rte_prefetch0(rte_pktmbuf_mtod(items[i + INTAKE_PREFETCH].m, void *));
		bursts_set_rx(&b, input_rx_tsc(&items[i], ctx->now_tsc));
		/* Before an interface goes, the queues are emptied (worker_drain). */
		take_over(ctx, &b, items[i].m, iface_get(items[i].iface), items[i].l3_offset);
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

/* What it met where it came in is behind it, and the link of the interface PAID; which way it goes
 * is not settled. */
static void bursts_add_waiting(
	struct ctx *ctx, struct bursts *b, struct rte_mbuf *m, struct iface *in, uint16_t paid)
{
	void *l3 = rte_pktmbuf_mtod_offset(m, void *, pkt_meta(m)->l3_offset);
	struct burst *to = likely(family_of(l3) == IP_AF_4) ? &b->ip4 : &b->ip6;

	bursts_set_rx(b, pkt_meta(m)->rx_tsc);
	to->guards |= in->flags & IFACE_POLICY;
	to->waited = true;
	to->paid[to->n] = paid;
	if (likely(to == &b->ip4))
		burst_add(to, m, l3, in);
	else if (in->root6 != 0)
		burst_add6(to, m, l3, in);
	else
		ctx_drop(ctx, in, m, DROP_IP6_DISABLED);
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
	bursts_init(b, 0);
	place_release(ctx, out, m);
}

/* N packets that the links of these interfaces have let go. */
static void release(struct ctx *ctx, struct rte_mbuf **m, struct iface **out, unsigned int n)
{
	struct bursts b;

	bursts_init(&b, 0);
	for (unsigned int i = 0; i < n; i++) {
		if (likely(!place_finished(m[i])))
			bursts_add_waiting(ctx, &b, m[i], came_in_on(pkt_meta(m[i]), out[i]),
				(uint16_t)out[i]->id);
		else
			release_finished(ctx, &b, out[i], m[i]);
	}
	forward(ctx, &b);
}

static void count_wait(struct ctx *ctx, dp_vr_id vr, const struct pkt_meta *meta)
{
	if (likely(meta->class == PKT_FORWARDED && meta->age != LATENCY_AGE_NONE))
		latency_count_wait(&ctx->latency, vr,
			ctx->now_tsc - meta->rx_tsc - latency_age_tsc(meta->age));
}

void pipeline_release(struct ctx *ctx, struct vlink **links, unsigned int n_links)
{
	struct rte_mbuf *m[PKT_BURST];
	struct iface *out[PKT_BURST];
	unsigned int n = 0;

	for (unsigned int i = 0; i < n_links; i++) {
		unsigned int end = n + vlink_dequeue(ctx, links[i], m + n, PKT_BURST - n);

		for (; n < end; n++) {
			out[n] = links[i]->iface;
			count_wait(ctx, out[n]->vr_id, pkt_meta(m[n]));
			rte_prefetch0(rte_pktmbuf_mtod(m[n], void *));
		}
		/* No link gets less than half a burst for its turn. */
		if (n > PKT_BURST / 2) {
			release(ctx, m, out, n);
			n = 0;
		}
	}
	release(ctx, m, out, n);
}

bool pipeline_ready(struct ctx *ctx)
{
	struct pkt_list ready = ctx->ready;
	bool any = ready.head != NULL;

	ctx->ready = (struct pkt_list){0};
	while (ready.head != NULL) {
		struct rte_mbuf *m;
		struct bursts b;

		bursts_init(&b, 0);
		while (b.ip4.n + b.ip6.n < PKT_BURST && (m = pkt_list_dequeue(&ready)) != NULL) {
			struct iface *in = iface_get(pkt_meta(m)->iface);

			if (in == NULL || in->worker != ctx->index)
				ctx_drop_meta(ctx, NULL, m, DROP_INTERFACE_GONE);
			else if (pkt_meta(m)->class == PKT_ORIGINATED)
				send_again(ctx, in, m);
			else if (unlikely(in->flags & IFACE_UNDERLAY))
				underlay_send(ctx, in, m);
			else if (likely(!place_finished(m)))
				bursts_add_waiting(ctx, &b, m, in, pkt_meta(m)->paid);
			else
				release_finished(ctx, &b, in, m);
		}
		forward(ctx, &b);
	}
	return any;
}
