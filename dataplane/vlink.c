/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_prefetch.h>

#include "dataplane/vlink.h"
#include "lib/rate.h"

#define VLINK_L1_OVERHEAD 24 /* preamble 8, FCS 4, gap 12 */
#define VLINK_QUEUE_MAX (UINT64_C(1) << 32)

int vlink_check(const struct dp_link_spec *spec, const char *name, char *err)
{
	struct tbf probe;
	char text[RATE_STRLEN];

	if (spec->at != DP_AT_VIF_IN) {
		snprintf(err, DP_ERR_LEN, "interface %s: this version shapes at vif-in only", name);
		return -ENOTSUP;
	}
	if (spec->by != DP_BY_TBF) {
		snprintf(err, DP_ERR_LEN, "interface %s: this version shapes by tbf only", name);
		return -ENOTSUP;
	}
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

int vlink_create(const struct dp_link_spec *spec, struct iface *iface, uint64_t now_tsc,
	struct vlink **out, char *err)
{
	struct vlink *link;
	int rc = vlink_check(spec, iface->name, err);

	if (rc < 0)
		return rc;
	link = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_CACHE_LINE_ROUNDUP(sizeof(*link)));
	if (link == NULL) {
		snprintf(err, DP_ERR_LEN, "interface %s: out of memory", iface->name);
		return -ENOMEM;
	}
	memset(link, 0, sizeof(*link));
	link->iface = iface;
	link->spec = *spec;
	link->overhead = spec->count_l1 ? VLINK_L1_OVERHEAD : 0;
	tbf_init(&link->tbf, spec->rate_bps, spec->burst_bytes, rte_get_tsc_hz(), now_tsc);
	*out = link;
	return 0;
}

void vlink_destroy(struct vlink *link)
{
	free(link);
}

static void vlink_arm(struct ctx *ctx, struct vlink *link)
{
	uint32_t bytes = pkt_meta(link->queue.head)->link_bytes;

	wheel_del(&ctx->wheel, &link->timer);
	wheel_add(&ctx->wheel, &link->timer, link->tbf.last_tsc + tbf_wait_tsc(&link->tbf, bytes));
}

void vlink_set(struct ctx *ctx, struct vlink *link, const struct dp_link_spec *spec)
{
	tbf_set(&link->tbf, spec->rate_bps, spec->burst_bytes, rte_get_tsc_hz(), ctx->now_tsc);
	link->spec = *spec;
	link->overhead = spec->count_l1 ? VLINK_L1_OVERHEAD : 0;
	if (link->queue_packets > 0)
		vlink_arm(ctx, link);
}

void vlink_purge(struct ctx *ctx, struct vlink *link, enum drop_reason reason)
{
	struct rte_mbuf *m;

	while ((m = pkt_list_dequeue(&link->queue)) != NULL)
		ctx_drop_queued(ctx, link->iface, m, reason);
	link->queue_packets = 0;
	link->queue_bytes = 0;
	wheel_del(&ctx->wheel, &link->timer);
}

bool vlink_enqueue(struct ctx *ctx, struct vlink *link, struct rte_mbuf *m)
{
	uint32_t bytes = pkt_meta(m)->link_bytes;

	if (link->queue_packets >= link->spec.queue_packets ||
		link->queue_bytes + bytes > link->spec.queue_bytes)
		return false;
	ctx_queued(ctx, m);
	pkt_list_enqueue(&link->queue, m);
	link->queue_packets++;
	link->queue_bytes += bytes;
	if (link->queue_packets == 1)
		vlink_arm(ctx, link);
	return true;
}

struct rte_mbuf *vlink_dequeue(struct ctx *ctx, struct vlink *link, uint64_t now_tsc)
{
	struct rte_mbuf *m = link->queue.head;
	uint32_t bytes;

	if (m == NULL)
		return NULL;
	bytes = pkt_meta(m)->link_bytes;
	tbf_update(&link->tbf, now_tsc);
	if (!tbf_take(&link->tbf, bytes)) {
		vlink_arm(ctx, link);
		return NULL;
	}
	pkt_list_dequeue(&link->queue);
	if (link->queue.head != NULL)
		rte_prefetch0(pkt_meta(link->queue.head));
	link->queue_packets--;
	link->queue_bytes -= bytes;
	link->passed_packets++;
	link->passed_bytes += bytes;
	ctx_unqueued(ctx, m);
	return m;
}

void vlink_again(struct ctx *ctx, struct vlink *link, uint64_t now_tsc)
{
	if (link->queue_packets > 0) {
		wheel_del(&ctx->wheel, &link->timer);
		wheel_add(&ctx->wheel, &link->timer, now_tsc);
	}
}
