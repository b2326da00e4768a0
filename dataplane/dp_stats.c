/* SPDX-License-Identifier: BSD-3-Clause */
/* Snapshots. Single counters are read as they are; what must fit together is copied by the worker
 * between two turns. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include "dataplane/dp_sched.h"
#include "dataplane/dp_state.h"
#include "dataplane/dp_txn.h"
#include "dataplane/input.h"
#include "dataplane/latency.h"
#include "dataplane/tunnel.h"
#include "dataplane/underlay.h"
#include "dataplane/vlink.h"

#define CONSERVATION_TRIES 100

int dp_iface_stats_get(dp_iface_id id, struct dp_iface_stats *out)
{
	struct iface *iface = id >= 1 && id <= IFACE_ID_MAX ? iface_table[id] : NULL;
	const struct vlink *link;

	if (iface == NULL)
		return -ENOENT;
	link = iface->link != NULL ? iface->link : iface->class_link;
	memset(out, 0, sizeof(*out));
	out->traffic =
		(struct dp_traffic){.rx_packets = iface->rx_packets, .rx_bytes = iface->rx_bytes};
	out->traffic.rx_bytes += iface->rx_packets * iface->outer_len;
	out->tunnel = iface->tunnel != NULL;
	out->tunnel_resolved = out->tunnel && tunnel_is_resolved(iface->tunnel);
	dp_sched_sent(iface, &out->traffic.tx_packets, &out->traffic.tx_bytes);
	memcpy(out->drops, iface->drops, sizeof(out->drops));
	dp_sched_drops(iface, out->drops);
	out->up = iface->port->up;
	if (link != NULL) {
		out->link_packets = link->passed_packets + iface->slot->held_packets;
		out->link_bytes = link->passed_bytes + iface->slot->held_bytes;
		out->queue_packets = link->queue_packets;
		out->queue_bytes = link->queue_bytes;
		out->link = link->spec;
	}
	dp_sched_queued(iface, &out->queue_packets, &out->queue_bytes);
	return 0;
}

int dp_vr_stats_get(dp_vr_id id, struct dp_vr_stats *out)
{
	const struct vr *vr = vr_lookup(id);

	if (vr == NULL)
		return -ENOENT;
	*out = vr->gone;
	for (struct iface *iface = vr->ifaces; iface != NULL; iface = iface->next_of_vr) {
		uint64_t packets, bytes;

		vr_stats_add_iface(out, iface);
		dp_sched_sent(iface, &packets, &bytes);
		out->traffic.tx_packets += packets - iface->tx_packets;
		out->traffic.tx_bytes += bytes - iface->tx_bytes;
		dp_sched_drops(iface, out->drops);
		dp_sched_queued(iface, &out->queue_packets, &out->queue_bytes);
		if (iface->link != NULL) {
			out->queue_packets += iface->link->queue_packets;
			out->queue_bytes += iface->link->queue_bytes;
		}
	}
	out->drops[DROP_INPUT_QUEUE_FULL] += input_table[id]->dropped;
	out->input_packets = input_table[id]->count;
	out->state = vr->state;
	out->worker = dp.workers[vr->worker].lcore;
	out->originated = vr->originated;
	out->routes4 = fib_count(vr->fib4);
	out->routes6 = vr->fib6 != NULL ? fib_count(vr->fib6) : 0;
	out->neighbors = vr->neigh_count;
	out->fib_bytes =
		fib_total_bytes(vr->fib4) + (vr->fib6 != NULL ? fib_total_bytes(vr->fib6) : 0);
	return 0;
}

int dp_port_stats_get(dp_port_id id, struct dp_port_stats *out)
{
	const struct port *port = id >= 1 && id <= PORT_MAX ? port_table[id] : NULL;
	struct rte_eth_link link = {0};
	struct rte_eth_stats device;

	if (port == NULL)
		return -ENOENT;
	memset(out, 0, sizeof(*out));
	out->traffic.rx_packets = port->rx_packets;
	out->traffic.rx_bytes = port->rx_bytes;
	memcpy(out->drops, port->drops, sizeof(out->drops));
	for (unsigned int i = 0; i < dp.n_workers; i++) {
		const struct port_txq *txq = dp.workers[i].ctx.txq[port->index];

		if (txq == NULL)
			continue;
		out->traffic.tx_packets += txq->tx_packets;
		out->traffic.tx_bytes += txq->tx_bytes;
		out->drops[DROP_TX_FULL] += txq->drops[0];
		out->drops[DROP_PORT_DOWN] += txq->drops[1];
	}
	if (rte_eth_stats_get(port->ethdev, &device) == 0)
		out->missed = device.imissed + device.ierrors + device.rx_nombuf;
	if (rte_eth_link_get_nowait(port->ethdev, &link) == 0 &&
		link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN)
		out->speed_bps = link.link_speed * UINT64_C(1000000);
	out->mac = port->mac;
	out->up = port->up;
	out->worker = dp.workers[port->worker].lcore;
	if (port->underlay != NULL)
		dp_underlay_stats(port->underlay, out);
	return 0;
}

size_t dp_workers_count(void)
{
	return dp.n_workers;
}

struct books {
	struct dp_worker_stats *out;
	uint64_t handed_in[PKT_CLASSES], handed_out[PKT_CLASSES];
};

/* What a worker has staged on its ports, or is about to route again, by class. */
static void staged_count(const struct ctx *ctx, uint64_t staged[PKT_CLASSES])
{
	for (struct rte_mbuf *m = ctx->ready.head; m != NULL; m = pkt_meta(m)->next)
		staged[pkt_meta(m)->class]++;
	for (unsigned int i = 1; i <= PORT_MAX; i++) {
		const struct port_txq *txq = ctx->txq[i];

		for (uint16_t j = 0; txq != NULL && j < txq->n; j++)
			staged[port_tag_class(txq->tag[j])]++;
	}
}

static void books_copy(struct ctx *ctx, void *arg)
{
	const struct worker *worker = container_of(ctx, struct worker, ctx);
	struct books *books = arg;
	struct dp_worker_stats *out = books->out;
	uint64_t staged[PKT_CLASSES] = {0};

	staged_count(ctx, staged);
	out->lcore = worker->lcore;
	memcpy(out->slice, worker->slice, sizeof(out->slice));
	memcpy(out->drops, ctx->drops, sizeof(out->drops));
	memcpy(books->handed_in, ctx->handed_in, sizeof(books->handed_in));
	memcpy(books->handed_out, ctx->handed_out, sizeof(books->handed_out));
	out->conservation = (struct dp_conservation){
		.received = ctx->received,
		.sent = ctx->sent,
		.dropped = ctx->dropped,
		.consumed = ctx->consumed,
		.queued = ctx->queued[PKT_FORWARDED] + staged[PKT_FORWARDED],
		.originated = ctx->originated,
		.originated_sent = ctx->originated_sent,
		.originated_dropped = ctx->originated_dropped,
		.originated_queued = ctx->queued[PKT_ORIGINATED] + staged[PKT_ORIGINATED],
	};
	out->busy_cycles = worker->busy_cycles;
	out->idle_cycles = worker->idle_cycles;
	if (worker->running)
		*(worker->was_busy ? &out->busy_cycles : &out->idle_cycles) +=
			rte_rdtsc() - worker->clock_tsc;
	out->loops = worker->loops;
	out->n_vrs = ctx->n_vrs;
	for (const struct underlay *own = ctx->underlays; own != NULL; own = own->next)
		out->n_vrs--;
}

int dp_worker_stats_get(size_t index, struct dp_worker_stats *out)
{
	struct books books = {.out = out};

	if (index >= dp.n_workers)
		return -ENOENT;
	worker_call(&dp.workers[index], books_copy, &books);
	/* For one worker, the others are where packets come from and go to. */
	out->conservation.received += books.handed_in[PKT_FORWARDED];
	out->conservation.sent += books.handed_out[PKT_FORWARDED];
	out->conservation.originated += books.handed_in[PKT_ORIGINATED];
	out->conservation.originated_sent += books.handed_out[PKT_ORIGINATED];
	return 0;
}

static void conservation_add(struct dp_conservation *sum, const struct dp_conservation *one)
{
	sum->received += one->received;
	sum->sent += one->sent;
	sum->dropped += one->dropped;
	sum->consumed += one->consumed;
	sum->queued += one->queued;
	sum->originated += one->originated;
	sum->originated_sent += one->originated_sent;
	sum->originated_dropped += one->originated_dropped;
	sum->originated_queued += one->originated_queued;
}

/* One look at all workers, and what was between them; false: a packet arrived at the later of two
 * instants that had not left at the earlier. */
static bool conservation_look(struct dp_conservation *out)
{
	int64_t between[PKT_CLASSES] = {0};

	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < dp.n_workers; i++) {
		struct dp_worker_stats stats;
		struct books books = {.out = &stats};

		worker_call(&dp.workers[i], books_copy, &books);
		conservation_add(out, &stats.conservation);
		for (unsigned int c = 0; c < PKT_CLASSES; c++)
			between[c] += (int64_t)(books.handed_out[c] - books.handed_in[c]);
	}
	if (between[PKT_FORWARDED] < 0 || between[PKT_ORIGINATED] < 0)
		return false;
	out->queued += (uint64_t)between[PKT_FORWARDED];
	out->originated_queued += (uint64_t)between[PKT_ORIGINATED];
	return true;
}

void dp_conservation_get(struct dp_conservation *out)
{
	for (unsigned int i = 0; i < CONSERVATION_TRIES; i++)
		if (conservation_look(out))
			return;
}

int dp_latency_get(dp_vr_id id, struct hist *latency, struct hist *queueing)
{
	if (vr_lookup(id) == NULL)
		return -ENOENT;
	memset(latency, 0, sizeof(*latency));
	memset(queueing, 0, sizeof(*queueing));
	for (unsigned int i = 0; i < dp.n_workers; i++)
		latency_read(&dp.workers[i].ctx.latency, id, latency, queueing);
	latency->max = hist_highest(latency);
	queueing->max = hist_highest(queueing);
	return 0;
}

static const struct {
	const char *name, *text;
} reasons[DROP_REASON_COUNT] = {
#define DROP_TEXT(NAME, name, text) {#name, text},
	DROP_REASONS(DROP_TEXT)
#undef DROP_TEXT
};

const char *dp_drop_name(enum drop_reason reason)
{
	return reasons[reason].name;
}

const char *dp_drop_text(enum drop_reason reason)
{
	return reasons[reason].text;
}

struct neigh_call {
	struct vr *vr;
	struct dp_neigh_snap *out;
	size_t max, n;
};

static void neigh_copy(struct ctx *ctx, void *arg)
{
	struct neigh_call *call = arg;

	for (unsigned int i = 0; i < VR_NEIGH_BUCKETS; i++)
		for (const struct adj *adj = call->vr->neigh_hash[i]; adj != NULL;
			adj = adj->hash_next) {
			struct dp_neigh_snap *snap = &call->out[call->n];

			if (call->n++ >= call->max)
				continue;
			memset(snap, 0, sizeof(*snap));
			snap->iface = adj->out->id;
			snap->address = adj_address(adj);
			snap->state = adj->state;
			snap->held_packets = adj->held;
			if (adj->confirmed_tsc == 0)
				continue;
			memcpy(snap->mac.bytes, adj_mac(adj, adj->out->l2_len), 6);
			snap->age_ns =
				(uint64_t)((unsigned __int128)(ctx->now_tsc - adj->confirmed_tsc) *
					NS_PER_S / rte_get_tsc_hz());
		}
}

int dp_neighbors_get(dp_vr_id id, struct dp_neigh_snap *out, size_t max, size_t *n)
{
	struct neigh_call call = {.vr = vr_lookup(id), .out = out, .max = max};

	if (call.vr == NULL)
		return -ENOENT;
	worker_call(&dp.workers[call.vr->worker], neigh_copy, &call);
	*n = call.n;
	return 0;
}
