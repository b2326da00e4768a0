/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <rte_cycles.h>
#include <rte_prefetch.h>

#include "dataplane/port.h"
#include "dataplane/vlink.h"
#include "lib/rate.h"
#include "lib/slab.h"

#define VLINK_L1_OVERHEAD 24 /* preamble 8, FCS 4, gap 12 */
#define VLINK_QUEUE_MAX UINT32_MAX
#define VLINK_LATE_MS 10 /* to catch up, beyond the queue */

/* Thousands wait at a time, and are visited in random order. */
static struct slab slab = SLAB_INIT(sizeof(struct vlink));

/* What the shaper lets pass: with a port that holds the part above the grant to what others leave,
 * up to what may be borrowed. */
static uint64_t shaped_bps(const struct dp_link_spec *spec, const struct iface *iface)
{
	bool borrows = spec->borrow_bps > spec->rate_bps && iface->port->capacity_bps != 0;

	return borrows ? spec->borrow_bps : spec->rate_bps;
}

/* What a frame counts beyond the one that the interface's router sees. */
static uint16_t frame_overhead(const struct dp_link_spec *spec, const struct iface *iface)
{
	return (uint16_t)(iface->outer_len + (spec->count_l1 ? VLINK_L1_OVERHEAD : 0));
}

/* The largest frame as the link counts it. */
static uint64_t largest_frame(const struct dp_link_spec *spec, const struct iface *iface)
{
	return (uint64_t)iface->mtu + iface->l2_len + frame_overhead(spec, iface);
}

/* A policer by psp is a GCRA that tolerates one frame; a pacer may catch up what the burst holds.
 */
static uint64_t paced_burst(const struct dp_link_spec *spec, const struct iface *iface)
{
	return spec->at == DP_AT_INGRESS ? 2 * largest_frame(spec, iface) : spec->burst_bytes;
}

static int shaper_init(struct vlink *link, const struct dp_link_spec *spec, uint64_t now_tsc)
{
	uint64_t hz = rte_get_tsc_hz();
	int rc;

	if (spec->by == DP_BY_TBF)
		return tbf_init(
			&link->tbf, shaped_bps(spec, link->iface), spec->burst_bytes, hz, now_tsc);
	rc = psp_init(&link->psp, shaped_bps(spec, link->iface), paced_burst(spec, link->iface),
		largest_frame(spec, link->iface), hz, now_tsc);
	if (rc == 0 && spec->at == DP_AT_INGRESS)
		psp_fill(&link->psp);
	link->clock_hz = hz;
	return rc;
}

int vlink_check(const struct dp_link_spec *spec, const char *name, char *err)
{
	struct tbf probe;
	char text[RATE_STRLEN];

	if (spec->at < DP_AT_INGRESS || spec->at > DP_AT_PORT ||
		(spec->by != DP_BY_TBF && spec->by != DP_BY_PSP)) {
		snprintf(err, DP_ERR_LEN, "interface %s: no such place (%d) or discipline (%d)",
			name, (int)spec->at, (int)spec->by);
		return -ERANGE;
	}
	/* psp takes what tbf takes. */
	if (tbf_init(&probe, spec->rate_bps, spec->burst_bytes, rte_get_tsc_hz(), 0) < 0) {
		snprintf(err, DP_ERR_LEN,
			"interface %s: rate %s with a burst of %" PRIu64 " bytes is out of range",
			name, rate_print(spec->rate_bps, text), spec->burst_bytes);
		return -ERANGE;
	}
	if (spec->queue_packets == 0 || spec->queue_bytes == 0 ||
		spec->queue_bytes > VLINK_QUEUE_MAX) {
		snprintf(err, DP_ERR_LEN,
			"interface %s: queue of %" PRIu64 " bytes and %u packets is out of range",
			name, spec->queue_bytes, spec->queue_packets);
		return -ERANGE;
	}
	return 0;
}

static void conf_set(struct vlink *link, const struct dp_link_spec *spec)
{
	link->spec = *spec;
	link->at = (uint8_t)spec->at;
	link->by = (uint8_t)spec->by;
	link->overhead = frame_overhead(spec, link->iface);
	link->limit_packets = spec->queue_packets;
	link->limit_bytes = (uint32_t)spec->queue_bytes;
}

int vlink_create(const struct dp_link_spec *spec, struct iface *iface, uint64_t now_tsc,
	struct vlink **out, char *err)
{
	struct vlink *link;
	int rc = vlink_check(spec, iface->name, err);

	if (rc < 0)
		return rc;
	link = slab_get(&slab);
	if (link == NULL) {
		snprintf(err, DP_ERR_LEN, "interface %s: out of memory", iface->name);
		return -ENOMEM;
	}
	link->iface = iface;
	conf_set(link, spec);
	rc = shaper_init(link, spec, now_tsc);
	if (rc < 0) {
		snprintf(err, DP_ERR_LEN, "interface %s: rate or burst is out of range",
			iface->name);
		slab_put(&slab, link);
		return rc;
	}
	*out = link;
	return 0;
}

void vlink_destroy(struct vlink *link)
{
	slab_put(&slab, link);
}

/* A link that is not armed: something waits. */
static inline void vlink_arm(struct ctx *ctx, struct vlink *link)
{
	uint64_t due;

	if (link->by == DP_BY_TBF)
		due = link->tbf.last_tsc + tbf_wait_tsc(&link->tbf, link->head_bytes);
	else
		due = link->psp.last_tsc + psp_wait_tsc(&link->psp);
	wheel_add(&ctx->wheel, &link->timer, due);
}

/* Another discipline begins without credit: less than the old one may have saved, never more. What
 * a pacer still owes, the bucket pays before it earns; and as a pacer lets a frame go before it is
 * paid for, it begins a frame short of what the bucket held. */
static void shaper_replace(struct vlink *link, const struct dp_link_spec *spec, uint64_t now_tsc)
{
	int64_t held = 0;
	uint64_t owed_tsc = 0;

	if (link->by == DP_BY_PSP) {
		psp_update(&link->psp, now_tsc);
		owed_tsc = psp_wait_tsc(&link->psp);
	} else if (link->at != DP_AT_PORT) {
		tbf_update(&link->tbf, now_tsc);
		held = (int64_t)link->tbf.credit;
	}
	shaper_init(link, spec, now_tsc + owed_tsc);
	if (spec->by == DP_BY_TBF)
		link->tbf.credit = 0;
	else
		link->psp.credit = RTE_MIN(held -
				psp_cost((uint32_t)largest_frame(spec, link->iface),
					rte_get_tsc_hz()),
			0);
}

void vlink_set(struct ctx *ctx, struct vlink *link, const struct dp_link_spec *spec)
{
	uint64_t hz = rte_get_tsc_hz(), bps = shaped_bps(spec, link->iface);

	/* From the port, where it has not been used, it comes back without credit. */
	if (spec->by != link->by || (link->at == DP_AT_PORT && spec->at != DP_AT_PORT))
		shaper_replace(link, spec, ctx->now_tsc);
	else if (spec->by == DP_BY_TBF)
		tbf_set(&link->tbf, bps, spec->burst_bytes, hz, ctx->now_tsc);
	else
		psp_set(&link->psp, bps, paced_burst(spec, link->iface),
			largest_frame(spec, link->iface), hz, ctx->now_tsc);
	conf_set(link, spec);
	link->late_until_tsc = 0;
	wheel_del(&ctx->wheel, &link->timer);
	if (link->queue_packets > 0)
		vlink_arm(ctx, link);
}

/* The first packet has been taken care of: the next is the first now. */
static void queue_remove(struct vlink *link)
{
	const struct pkt_meta *meta = pkt_meta(link->head);

	link->queue_packets--;
	link->queue_bytes -= link->head_bytes;
	link->head = meta->next;
	link->head_bytes = meta->next_bytes;
}

void vlink_purge(struct ctx *ctx, struct vlink *link, enum drop_reason reason)
{
	while (link->queue_packets > 0) {
		struct rte_mbuf *m = link->head;

		queue_remove(link);
		ctx_drop_queued(ctx, link->iface, m, reason);
	}
	wheel_del(&ctx->wheel, &link->timer);
}

bool vlink_enqueue(struct ctx *ctx, struct vlink *link, struct rte_mbuf *m)
{
	uint16_t bytes = pkt_meta(m)->link_bytes;

	if (link->queue_packets >= link->limit_packets ||
		(uint64_t)link->queue_bytes + bytes > link->limit_bytes)
		return false;
	ctx_queued(ctx, m);
	pkt_meta(m)->age = latency_age(ctx->now_tsc - pkt_meta(m)->rx_tsc);
	link->queue_bytes += bytes;
	if (link->queue_packets++ > 0) {
		struct pkt_meta *last = pkt_meta(link->tail);

		last->next = m;
		last->next_bytes = bytes;
		link->tail = m;
		return true;
	}
	link->head = link->tail = m;
	link->head_bytes = bytes;
	vlink_arm(ctx, link);
	return true;
}

unsigned int vlink_expire(struct ctx *ctx, struct vlink **links, unsigned int n)
{
	struct wheel_node *nodes[PKT_BURST];

	n = wheel_expire_burst(
		&ctx->wheel, ctx->now_tsc, nodes, RTE_MIN(n, (unsigned int)PKT_BURST));
	for (unsigned int i = 0; i < n; i++) {
		links[i] = container_of(nodes[i], struct vlink, timer);
		rte_prefetch0(&links[i]->passed_packets);
		rte_prefetch0(pkt_meta(links[i]->head));
		rte_prefetch0(links[i]->head);
	}
	return n;
}

static bool take_tbf(struct vlink *link)
{
	return tbf_take(&link->tbf, link->head_bytes);
}

static bool take_psp(struct vlink *link)
{
	return vlink_paced_take(link, link->head_bytes);
}

/* Built for each discipline. */
static inline __attribute__((always_inline)) unsigned int dequeue(struct ctx *ctx,
	struct vlink *link, struct rte_mbuf **m, unsigned int n, bool (*take)(struct vlink *link))
{
	uint32_t before = link->queue_bytes;
	unsigned int taken = 0;

	while (taken < n && link->queue_packets > 0 && take(link)) {
		m[taken++] = link->head;
		ctx_unqueued(ctx, link->head);
		queue_remove(link);
	}
	link->passed_packets += taken;
	link->passed_bytes += before - link->queue_bytes;
	return taken;
}

static void note_late(struct vlink *link, uint64_t now_tsc)
{
	if (link->psp.credit <= link->late && now_tsc < link->late_until_tsc)
		return;
	link->late = link->psp.credit;
	link->late_until_tsc = now_tsc + link->clock_hz * VLINK_LATE_MS / 1000;
}

unsigned int vlink_dequeue(struct ctx *ctx, struct vlink *link, struct rte_mbuf **m, unsigned int n)
{
	unsigned int taken;

	if (link->by == DP_BY_TBF) {
		tbf_update(&link->tbf, ctx->now_tsc);
		taken = dequeue(ctx, link, m, n, take_tbf);
	} else {
		psp_update(&link->psp, ctx->now_tsc);
		taken = dequeue(ctx, link, m, n, take_psp);
		if (link->queue_packets == 0 && link->psp.credit > 0)
			note_late(link, ctx->now_tsc);
	}
	if (link->queue_packets > 0)
		vlink_arm(ctx, link);
	return taken;
}

void vlink_unqueue(struct ctx *ctx, struct vlink *link, uint32_t n)
{
	for (; n > 0 && link->queue_packets > 0; n--) {
		struct rte_mbuf *m = link->head;

		queue_remove(link);
		ctx_unqueued(ctx, m);
		pkt_meta(m)->paid = 0;
		pkt_list_enqueue(&ctx->ready, m);
	}
	if (link->queue_packets == 0)
		wheel_del(&ctx->wheel, &link->timer);
}
