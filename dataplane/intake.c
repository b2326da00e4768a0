/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/intake.h"

#include "dataplane/arp.h"
#include "dataplane/ip6.h"
#include "dataplane/tunnel_in.h"
#include "dataplane/underlay.h"

void intake_slowly(struct ctx *ctx, struct bursts *b, struct iface *in, struct rte_mbuf *m,
	uint16_t type, uint8_t l3_offset)
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

/* Nobody's frame: count it on the port. */
static void drop_unclaimed(
	struct ctx *ctx, struct port *port, struct rte_mbuf *m, enum drop_reason reason)
{
	port->drops[reason]++;
	ctx_drop(ctx, NULL, m, reason);
}

void intake_hand_over(
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

/* Tags that no interface can have are told apart. */
static enum drop_reason unclaimed_reason(struct frame_class c, const uint8_t *frame)
{
	bool reserved = false;

	if (!c.tagged)
		return DROP_NO_UNTAGGED;
	for (unsigned int at = RTE_ETHER_HDR_LEN; at < c.l3_offset; at += 4)
		reserved |= (~load16(frame + at) & RTE_BE16(VID_MASK)) == 0;
	return reserved ? DROP_VLAN_RESERVED : DROP_UNKNOWN_VLAN;
}

void intake_odd(struct ctx *ctx, struct bursts *b, struct port *port, struct frame_class c,
	struct rte_mbuf *m)
{
	if (intake_too_short(m, c))
		drop_unclaimed(ctx, port, m, DROP_RUNT);
	else if (c.iface == NULL)
		drop_unclaimed(ctx, port, m, unclaimed_reason(c, rte_pktmbuf_mtod(m, uint8_t *)));
	else if (c.iface->worker != ctx->index)
		intake_hand_over(ctx, port, c.iface, c.l3_offset, m);
	else
		intake_slowly(ctx, b, c.iface, m, c.type, c.l3_offset);
}

/* The common frame for an interface with guards. */
static inline bool accept_guarded(struct ctx *ctx, struct burst *b, struct iface *in,
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

void intake_other(struct ctx *ctx, struct bursts *b, struct port *port, struct rte_mbuf *m)
{
	struct frame_class c = classify(port, rte_pktmbuf_mtod(m, const uint8_t *));

	if (c.iface != NULL && (c.iface->flags & IFACE_UNDERLAY) != 0) {
		if (tunnel_claims(c.iface, m, c.type, c.l3_offset))
			b->outer[b->n_outer++] = m;
		else
			intake_odd(ctx, b, port, c, m);
		return;
	}
	if (c.type != TYPE_IP4 || c.iface == NULL ||
		!accept_guarded(ctx, &b->ip4, c.iface, m, c.type, c.l3_offset))
		intake_odd(ctx, b, port, c, m);
}

void intake_outer(struct ctx *ctx, struct bursts *b, struct port *port)
{
	struct iface *ifaces[PKT_BURST];
	unsigned int n = tunnel_decap(ctx, port, b->outer, ifaces, b->n_outer);

	for (unsigned int i = 0; i < n; i++) {
		struct iface *in = ifaces[i];
		struct rte_mbuf *m = b->outer[i];
		const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
		uint16_t type = load16(frame + 12);

		if (unlikely(in->worker != ctx->index))
			intake_hand_over(ctx, port, in, RTE_ETHER_HDR_LEN, m);
		else if (!intake_accept(ctx, b, in, m, frame, type, RTE_ETHER_HDR_LEN))
			intake_slowly(ctx, b, in, m, type, RTE_ETHER_HDR_LEN);
	}
}
