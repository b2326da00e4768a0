/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/dp_move.h"

#include <errno.h>
#include <string.h>

#include "dataplane/input.h"
#include "dataplane/iface6.h"
#include "dataplane/neigh.h"
#include "dataplane/pipeline.h"
#include "dataplane/probe.h"
#include "dataplane/vlink.h"

int dp_move_choose(const struct dp_vr_spec *spec, const struct vr *vr, uint8_t *worker, char *err)
{
	uint64_t least = UINT64_MAX;
	int best = -1;

	for (unsigned int i = 0; i < dp.n_workers; i++) {
		bool own = vr != NULL && vr->worker == i;
		uint64_t weight = dp.weight[i] - (own ? vr->weight : 0);

		if (strcmp(dp.workers[i].slice, spec->slice) != 0 ||
			(own ? weight > least : weight >= least))
			continue;
		least = weight;
		best = (int)i;
	}
	if (best < 0)
		return dp_fail(err, -ENOENT, "vrouter %s: no slice %s", spec->name, spec->slice);
	*worker = (uint8_t)best;
	return 0;
}

/* A router between two workers. */
struct move {
	struct vr *vr;
	/* Timers by wheel, through next. */
	struct wheel_node *links, *neighbors, *probes, *ifaces;
	uint64_t queued[PKT_CLASSES]; /* packets that wait with it */
	struct pkt_list staged;       /* frames that a device, or a ring, did not take yet */
	struct pkt_list late;         /* packets that came to its old worker since */
};

/* ---- the old worker ---- */

static void timer_leave(struct wheel *wheel, struct wheel_node *node, struct wheel_node **list)
{
	if (!wheel_node_armed(node))
		return;
	wheel_del(wheel, node);
	node->next = *list;
	*list = node;
}

static void count_waiting(struct move *move, struct rte_mbuf *m, uint32_t n)
{
	for (; n > 0; n--, m = pkt_meta(m)->next)
		move->queued[pkt_meta(m)->class]++;
}

static void iface_leave(struct ctx *ctx, struct move *move, struct iface *iface)
{
	struct vlink *link = iface->link;

	if (link != NULL) {
		timer_leave(&ctx->wheel, &link->timer, &move->links);
		count_waiting(move, link->head, link->queue_packets);
	}
	if (iface->probe != NULL)
		timer_leave(&ctx->probe_wheel, &iface->probe->timer, &move->probes);
	if (iface->ip6 != NULL)
		timer_leave(&ctx->nd_wheel, &iface->ip6->timer, &move->ifaces);
	__atomic_store_n(&iface->worker, IFACE_MOVING, __ATOMIC_RELEASE);
}

static void neighbors_leave(struct ctx *ctx, struct move *move)
{
	struct vr *vr = move->vr;

	for (unsigned int i = 0; i < VR_NEIGH_BUCKETS; i++)
		for (struct adj *adj = vr->neigh_hash[i]; adj != NULL; adj = adj->hash_next) {
			timer_leave(&ctx->neigh_wheel, &adj->timer, &move->neighbors);
			count_waiting(move, adj->hold.head, adj->held);
		}
	neigh_held_leave(ctx, vr);
}

/* Frame I of the queue, or is it another router's? Those that stay move up. */
static bool staged_leave(struct ctx *ctx, struct move *move, struct port_txq *txq, uint16_t i)
{
	struct iface *iface = iface_get(port_tag_iface(txq->tag[i]));
	uint8_t class = port_tag_class(txq->tag[i]);
	struct rte_mbuf *m = txq->m[i];

	if (iface == NULL || iface->vr != move->vr)
		return false;
	txq->bytes -= m->pkt_len;
	txq->not_forwarded -= class != PKT_FORWARDED;
	ctx_mark_read(ctx, port_tag_mark(txq->tag[i]), pkt_meta(m));
	pkt_meta(m)->iface = port_tag_iface(txq->tag[i]);
	pkt_meta(m)->class = class;
	ctx->handed_out[class]++;
	pkt_list_enqueue(&move->staged, m);
	return true;
}

/* What a device does not take just now would be overtaken by what the new worker sends. */
static void frames_leave(struct ctx *ctx, struct move *move)
{
	for (unsigned int p = 1; p <= PORT_MAX; p++) {
		struct port_txq *txq = ctx->txq[p];
		uint16_t kept = 0;

		if (txq == NULL || txq->sched != NULL)
			continue;
		for (uint16_t i = 0; i < txq->n; i++) {
			if (staged_leave(ctx, move, txq, i))
				continue;
			txq->m[kept] = txq->m[i];
			txq->tag[kept++] = txq->tag[i];
		}
		txq->n = kept;
	}
}

static void unlink_vr(struct ctx *ctx, struct vr *vr)
{
	struct vr **link = &ctx->vrs;

	while (*link != vr)
		link = &(*link)->next_of_worker;
	*link = vr->next_of_worker;
	ctx->n_vrs--;
}

static void leave(struct ctx *ctx, void *arg)
{
	struct move *move = arg;
	struct vr *vr = move->vr;

	worker_drain(ctx);
	while (ctx->ready.head != NULL)
		pipeline_ready(ctx);
	for (struct iface *iface = vr->ifaces; iface != NULL; iface = iface->next_of_vr)
		iface_leave(ctx, move, iface);
	neighbors_leave(ctx, move);
	for (unsigned int c = 0; c < PKT_CLASSES; c++) {
		ctx->queued[c] -= move->queued[c];
		ctx->handed_out[c] += move->queued[c];
	}
	ctx_flush_all(ctx);
	frames_leave(ctx, move);
	unlink_vr(ctx, vr);
	input_reset(ctx);
}

/* ---- everybody ---- */

static void nothing(struct ctx *ctx, void *arg)
{
	(void)ctx;
	(void)arg;
}

static void take_over(struct ctx *ctx, void *arg)
{
	(void)arg;
	worker_drain(ctx);
	ctx_flush_all(ctx);
}

static void each_worker(void (*fn)(struct ctx *ctx, void *arg))
{
	for (unsigned int i = 0; i < dp.n_workers; i++)
		worker_call(&dp.workers[i], fn, NULL);
}

static void give_late(struct ctx *ctx, void *arg)
{
	struct move *move = arg;

	move->late = ctx->moving;
	ctx->queued[PKT_FORWARDED] -= ctx->n_moving;
	ctx->handed_out[PKT_FORWARDED] += ctx->n_moving;
	ctx->moving = (struct pkt_list){0};
	ctx->n_moving = 0;
}

/* ---- the new worker ---- */

static void timers_arrive(struct wheel *wheel, struct wheel_node *node)
{
	while (node != NULL) {
		struct wheel_node *next = node->next;

		wheel_add(wheel, node, node->due);
		node = next;
	}
}

static void frames_arrive(struct ctx *ctx, struct move *move)
{
	struct rte_mbuf *m;

	while ((m = pkt_list_dequeue(&move->staged)) != NULL) {
		struct iface *iface = iface_get(pkt_meta(m)->iface);
		struct port_txq *txq = ctx->txq[iface->port_index];
		enum pkt_class class = pkt_meta(m)->class;

		ctx->handed_in[class]++;
		if (ctx_stage(ctx, txq, m, class, LATENCY_MARK_META, iface->id))
			continue;
		iface->tx_packets--;
		iface->tx_bytes -= m->pkt_len;
		ctx_drop_meta(ctx, iface, m, ctx_refusal(txq));
	}
}

static void packets_arrive(struct ctx *ctx, struct pkt_list *list)
{
	struct rte_mbuf *m[PKT_BURST];
	unsigned int n;

	do {
		for (n = 0; n < PKT_BURST && (m[n] = pkt_list_dequeue(list)) != NULL;)
			n++;
		pipeline_take_over(ctx, m, n);
	} while (n > 0);
}

static void arrive(struct ctx *ctx, void *arg)
{
	struct move *move = arg;
	struct vr *vr = move->vr;

	worker_drain(ctx);
	ctx->now_tsc = ctx_read_tsc(ctx);
	vr->next_of_worker = ctx->vrs;
	ctx->vrs = vr;
	ctx->n_vrs++;
	timers_arrive(&ctx->wheel, move->links);
	timers_arrive(&ctx->neigh_wheel, move->neighbors);
	timers_arrive(&ctx->probe_wheel, move->probes);
	timers_arrive(&ctx->nd_wheel, move->ifaces);
	neigh_held_arrive(ctx, vr);
	for (unsigned int c = 0; c < PKT_CLASSES; c++) {
		ctx->handed_in[c] += move->queued[c];
		ctx->queued[c] += move->queued[c];
	}
	input_reset(ctx);
	input_arrive(ctx, vr->id);
	/* Another worker may have seen other ports without link. */
	vr_live_changed(vr);
	for (struct iface *iface = vr->ifaces; iface != NULL; iface = iface->next_of_vr)
		__atomic_store_n(&iface->worker, ctx->index, __ATOMIC_RELEASE);
	frames_arrive(ctx, move);
	for (const struct rte_mbuf *m = move->late.head; m != NULL;
		m = pkt_meta((struct rte_mbuf *)(uintptr_t)m)->next)
		ctx->handed_in[PKT_FORWARDED]++;
	packets_arrive(ctx, &move->late);
	ctx->queued[PKT_FORWARDED] -= ctx->n_moving;
	ctx->n_moving = 0;
	packets_arrive(ctx, &ctx->moving);
}

/* ---- control thread ---- */

static void move_vr(struct vr *vr, uint8_t to)
{
	struct worker *old = &dp.workers[vr->worker];
	struct move move = {.vr = vr};

	vr->move_to = to;
	worker_call(old, leave, &move);
	each_worker(nothing);
	each_worker(take_over);
	worker_call(old, give_late, &move);
	worker_call(&dp.workers[to], arrive, &move);
	vr->worker = to;
}

void dp_move_publish(struct dp_txn *txn)
{
	for (size_t i = 0; i < txn->vrs.count; i++) {
		struct txn_vr *item = &txn->vrs.items[i];

		if (item->moves && item->change != TXN_DEL)
			move_vr(item->vr, item->move_to);
	}
}
