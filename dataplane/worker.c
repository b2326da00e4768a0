/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_pause.h>

#include "dataplane/arp.h"
#include "dataplane/epoch.h"
#include "dataplane/live.h"
#include "dataplane/nd.h"
#include "dataplane/input.h"
#include "dataplane/pipeline.h"
#include "dataplane/probe.h"
#include "dataplane/underlay.h"
#include "dataplane/worker.h"
#include "lib/log.h"

#define LINK_CHECK_PER_SECOND 10
#define WHEEL_TICK_SHIFT 7   /* 128 cycles: 50 ns; the ring of the wheel is 0.2 ms */
#define NEIGH_TICK_SHIFT 20  /* 2^20 cycles: 0.4 ms */
#define PROBE_TICK_SHIFT 16  /* 2^16 cycles: 25 us */
#define EMPTY_BURSTS 16      /* taken from a receive queue before routers are served */
#define SERVE_PART 4         /* of the time that classifying took, for forwarding at least */
#define RELEASES_PER_TURN 64 /* virtual links served before the ports are polled again */
#define AWAKE_US 100         /* so long after the last packet before it waits in the kernel */
#define CALL_SPINS 2000
#define WORKER_NICE (-20)

static struct rte_ring *ring_create(const char *what, unsigned int from, unsigned int to)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "%s_%u_%u", what, from, to);
	return rte_ring_create(
		name, CTX_RING_LEN, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
}

int worker_init(struct worker *worker, unsigned int index, unsigned int n_workers, uint32_t lcore,
	struct rte_mempool *pool, bool no_sharing)
{
	uint64_t now = rte_rdtsc();
	int rc;

	memset(worker, 0, sizeof(*worker));
	worker->workers = worker - index;
	worker->lcore = lcore;
	worker->ctx.index = (uint8_t)index;
	worker->ctx.n_workers = n_workers;
	worker->ctx.pool = pool;
	worker->ctx.now_tsc = now;
	input_init(&worker->ctx.input, no_sharing);
	wheel_init(&worker->ctx.wheel, WHEEL_TICK_SHIFT, now);
	wheel_init(&worker->ctx.neigh_wheel, NEIGH_TICK_SHIFT, now);
	wheel_init(&worker->ctx.probe_wheel, PROBE_TICK_SHIFT, now);
	wheel_init(&worker->ctx.nd_wheel, NEIGH_TICK_SHIFT, now);
	if (latency_init(&worker->ctx.latency) < 0)
		return -ENOMEM;
	rc = idle_init(&worker->idle);
	if (rc < 0) {
		latency_fini(&worker->ctx.latency);
		return rc;
	}
	for (unsigned int to = 0; to < n_workers; to++) {
		if (to == index)
			continue;
		worker->ctx.to[to] = ring_create("hpsr", index, to);
		worker->ctx.first_to[to] = ring_create("hpsr_first", index, to);
		if (worker->ctx.to[to] == NULL || worker->ctx.first_to[to] == NULL) {
			worker_fini(worker);
			return -ENOMEM;
		}
	}
	return 0;
}

void worker_fini(struct worker *worker)
{
	for (unsigned int to = 0; to < worker->ctx.n_workers; to++) {
		rte_ring_free(worker->ctx.to[to]);
		rte_ring_free(worker->ctx.first_to[to]);
	}
	memset(worker->ctx.to, 0, sizeof(worker->ctx.to));
	memset(worker->ctx.first_to, 0, sizeof(worker->ctx.first_to));
	latency_fini(&worker->ctx.latency);
	idle_fini(&worker->idle);
}

/* The mailbox: the fixed point of the loop, where nothing is held. */
static void worker_serve(struct worker *worker)
{
	void (*fn)(struct ctx * ctx, void *arg) =
		__atomic_load_n(&worker->call_fn, __ATOMIC_ACQUIRE);

	if (likely(fn == NULL))
		return;
	fn(&worker->ctx, worker->call_arg);
	worker->calls++;
	__atomic_store_n(&worker->call_fn, NULL, __ATOMIC_RELEASE);
}

void worker_call(struct worker *worker, void (*fn)(struct ctx *ctx, void *arg), void *arg)
{
	if (!worker->running) {
		fn(&worker->ctx, arg);
		return;
	}
	worker->call_arg = arg;
	__atomic_store_n(&worker->call_fn, fn, __ATOMIC_RELEASE);
	idle_wake(&worker->idle);
	for (unsigned int spins = 0; __atomic_load_n(&worker->call_fn, __ATOMIC_ACQUIRE) != NULL;
		spins++) {
		/* The worker may need this CPU to get there. */
		if (spins < CALL_SPINS)
			rte_pause();
		else
			sched_yield();
	}
}

void iface_announce(struct ctx *ctx, struct iface *iface)
{
	if (!iface->point_to_point)
		arp_announce(ctx, iface);
	nd_announce(ctx, iface);
}

static void announce_port(struct ctx *ctx, const struct port *port)
{
	for (struct vr *vr = ctx->vrs; vr != NULL; vr = vr->next_of_worker)
		for (struct iface *iface = vr->ifaces; iface != NULL; iface = iface->next_of_vr)
			if (iface->port == port && (iface->flags & IFACE_VR_DOWN) == 0)
				iface_announce(ctx, iface);
}

/* What interfaces have to do is not urgent: a tenth of a second is near enough. */
static void expire_ifaces(struct ctx *ctx)
{
	struct wheel_node *node;

	while ((node = wheel_expire(&ctx->nd_wheel, ctx->now_tsc)) != NULL)
		nd_timeout(ctx, container_of(node, struct iface6, timer));
}

/* A few times a second: has a link come up? Whoever polls the port sees it; whoever has interfaces
 * on it tells their neighbours. */
static void check_links(struct worker *worker)
{
	struct ctx *ctx = &worker->ctx;
	bool changed = false;

	input_tick(ctx);
	worker->link_check_tsc = ctx->now_tsc + rte_get_tsc_hz() / LINK_CHECK_PER_SECOND;
	ctx->underlays_changed |= ctx->underlays != NULL;
	expire_ifaces(ctx);
	for (uint32_t i = 0; i < worker->n_rx; i++)
		if (port_link_update(worker->rx[i]))
			__atomic_fetch_add(&worker->rx[i]->ups, 1, __ATOMIC_RELAXED);
	for (unsigned int i = 1; i <= PORT_MAX; i++) {
		struct port *port;
		uint32_t ups;

		if (ctx->txq[i] == NULL)
			continue;
		port = ctx->txq[i]->port;
		changed |= (ctx->txq[i]->limit != 0) != port->up;
		ctx_set_up(ctx, ctx->txq[i], port->up);
		ups = __atomic_load_n(&port->ups, __ATOMIC_RELAXED);
		if (ups != worker->links_seen[i])
			announce_port(ctx, port);
		worker->links_seen[i] = ups;
	}
	if (changed)
		live_ports_changed(ctx);
}

/* A turn's packets go straight through, unless a receive queue brings one full burst after the
 * other and routers must take turns. */
static bool poll_ports(struct worker *worker)
{
	struct ctx *ctx = &worker->ctx;
	struct rte_mbuf *m[PKT_BURST];
	bool any = false;

	for (uint32_t i = 0; i < worker->n_rx; i++) {
		struct port *port = worker->rx[i];
		uint16_t n;

		ctx->now_tsc = ctx_read_tsc(ctx);
		n = rte_eth_rx_burst(port->ethdev, 0, m, PKT_BURST);
		if (n == 0)
			continue;
		pipeline_receive(ctx, port, m, n);
		any = true;
		if (n < PKT_BURST)
			worker->rx_full[i] = 0;
		else if (unlikely(input_crowded(ctx, &worker->rx_full[i])))
			break;
	}
	return any;
}

static void take_over(struct worker *worker, unsigned int from)
{
	struct ctx *ctx = &worker->ctx;
	struct rte_mbuf *m[PKT_BURST];
	unsigned int n = ctx_take_over(ctx, ctx->from[from], m, PKT_BURST);

	if (unlikely(ctx->input.queueing)) {
		pipeline_queue_handed(ctx, m, n);
		return;
	}
	pipeline_take_over(ctx, m, n);
	if (n == PKT_BURST)
		input_crowded(ctx, &worker->ring_full[from]);
	else
		worker->ring_full[from] = 0;
}

/* All frames that go first. What was put into the other ring before them is taken over before: a
 * link that has become reserved keeps its order. */
static void take_over_first(struct worker *worker, unsigned int from)
{
	struct ctx *ctx = &worker->ctx;
	unsigned int left = rte_ring_count(ctx->first_from[from]), before;
	struct rte_mbuf *m[PKT_BURST];

	rte_smp_rmb();
	before = rte_ring_count(ctx->from[from]);
	for (unsigned int n = 0; n < before; n += PKT_BURST)
		take_over(worker, from);
	while (left > 0) {
		unsigned int n = RTE_MIN(left, (unsigned int)PKT_BURST);

		ctx_take_over(ctx, ctx->first_from[from], m, n);
		left -= n;
	}
}

static bool poll_rings(struct worker *worker)
{
	struct ctx *ctx = &worker->ctx;
	bool any = false;

	for (unsigned int from = 0; from < ctx->n_workers; from++) {
		if (ctx->from[from] == NULL)
			continue;
		if (!rte_ring_empty(ctx->first_from[from])) {
			ctx->now_tsc = ctx_read_tsc(ctx);
			take_over_first(worker, from);
			any = true;
		} else if (!rte_ring_empty(ctx->from[from])) {
			ctx->now_tsc = ctx_read_tsc(ctx);
			take_over(worker, from);
			any = true;
		}
	}
	return any;
}

/* Empty the receive queues into the routers' input queues, each port a burst in turn, for as long
 * as there may be packets of routers that have none; true: nothing is left in them. */
static bool empty_ports(struct worker *worker, bool *full)
{
	struct ctx *ctx = &worker->ctx;
	struct rte_mbuf *m[PKT_BURST];
	uint64_t left = (UINT64_C(1) << worker->n_rx) - 1;

	for (unsigned int round = 0; round < EMPTY_BURSTS && left != 0; round++)
		for (uint32_t i = 0; i < worker->n_rx; i++) {
			struct port *port = worker->rx[i];
			uint16_t n;

			if ((left >> i & 1) == 0)
				continue;
			if (!input_wants(ctx)) {
				*full = true;
				return false;
			}
			ctx->now_tsc = ctx_read_tsc(ctx);
			n = rte_eth_rx_burst(port->ethdev, 0, m, PKT_BURST);
			if (n > 0)
				pipeline_queue(ctx, port, m, n);
			if (n == PKT_BURST)
				*full = true;
			else
				left &= ~(UINT64_C(1) << i);
		}
	return left == 0;
}

/* The worker does not keep up: first see what there is, then let routers take turns. */
static bool take_turns(struct worker *worker)
{
	struct ctx *ctx = &worker->ctx;
	uint64_t received = ctx->received, start_tsc = ctx_read_tsc(ctx), spent_tsc;
	bool full = false, emptied = empty_ports(worker, &full);
	bool any = ctx->received != received;

	for (unsigned int round = 0; round < EMPTY_BURSTS && poll_rings(worker); round++)
		any = true;
	/* However much is thrown away, some is forwarded. */
	spent_tsc = ctx_read_tsc(ctx) - start_tsc;
	any |= input_serve(ctx, emptied, spent_tsc / SERVE_PART);
	input_turn_end(ctx, full);
	return any;
}

void worker_drain(struct ctx *ctx)
{
	struct worker *worker = container_of(ctx, struct worker, ctx);

	/* A burst of each ring at a time: what was there before has gone then. One that is filled
	 * as fast as it is emptied would keep the worker here. */
	for (unsigned int round = 0; round <= CTX_RING_LEN / PKT_BURST && poll_rings(worker);
		round++)
		;
	input_drain(ctx);
}

static bool release_links(struct ctx *ctx)
{
	struct vlink *links[RELEASES_PER_TURN];
	unsigned int n = 0, now;

	while (n < RELEASES_PER_TURN &&
		(now = vlink_expire(ctx, links, RELEASES_PER_TURN - n)) > 0) {
		pipeline_release(ctx, links, now);
		n += now;
	}
	return n > 0;
}

static bool expire_neighbors(struct ctx *ctx)
{
	struct wheel_node *node;
	unsigned int n = 0;

	while (n < RELEASES_PER_TURN &&
		(node = wheel_expire(&ctx->neigh_wheel, ctx->now_tsc)) != NULL) {
		struct adj *adj = container_of(node, struct adj, timer);
		enum neigh_action action = neigh_timeout(ctx, adj->out->vr, adj);

		if (adj->af == IP_AF_6)
			nd_act(ctx, adj, action);
		else
			arp_act(ctx, adj, action);
		n++;
	}
	return n > 0;
}

/* Behind the ports: a peer that was heard in this turn is not lost in it. */
static bool expire_probes(struct ctx *ctx)
{
	struct wheel_node *node;
	unsigned int n = 0;

	if (likely(ctx->probe_wheel.count == 0))
		return false;
	while (n < RELEASES_PER_TURN &&
		(node = wheel_expire(&ctx->probe_wheel, ctx->now_tsc)) != NULL) {
		probe_expire(ctx, container_of(node, struct probe, timer));
		n++;
	}
	return n > 0;
}

/* What this turn has put into the rings of others may find them asleep. */
static void wake_others(struct worker *worker)
{
	const struct ctx *ctx = &worker->ctx;
	uint64_t handed_out = 0;

	for (unsigned int c = 0; c < PKT_CLASSES; c++)
		handed_out += ctx->handed_out[c];
	if (handed_out == worker->handed_out)
		return;
	worker->handed_out = handed_out;
	for (unsigned int i = 0; i < ctx->n_workers; i++)
		if (i != ctx->index)
			idle_wake(&worker->workers[i].idle);
}

bool worker_turn(struct worker *worker)
{
	struct ctx *ctx = &worker->ctx;
	uint64_t now = ctx_read_tsc(ctx);
	bool any;

	worker->loops++;
	ctx->now_tsc = ctx->turn_tsc = now;
	worker_serve(worker);
	if (unlikely(ctx->input.queueing)) {
		any = take_turns(worker);
	} else {
		any = poll_ports(worker);
		any |= poll_rings(worker);
	}
	any |= release_links(ctx);
	any |= expire_neighbors(ctx);
	any |= expire_probes(ctx);
	any |= pipeline_ready(ctx);
	if (unlikely((int64_t)(ctx->now_tsc - worker->link_check_tsc) >= 0))
		check_links(worker);
	if (unlikely(ctx->underlays_changed))
		underlay_refresh(ctx);
	if (ctx->dirty_ports != 0)
		ctx_flush_all(ctx);
	/* Whoever has a mark is with its port, or has it in its metadata. */
	ctx->latency.n_marks = 1;
	if (ctx->n_workers > 1)
		wake_others(worker);
	return any;
}

/* The time since the turn began belongs to what the turn was; a sleep is idle. */
static void worker_clock(struct worker *worker, bool busy)
{
	uint64_t now = rte_rdtsc();

	if (busy)
		worker->busy_cycles += now - worker->clock_tsc;
	else
		worker->idle_cycles += now - worker->clock_tsc;
	worker->clock_tsc = now;
}

int worker_main(void *arg)
{
	struct worker *worker = arg;
	int64_t awake_tsc = (int64_t)(AWAKE_US * rte_get_tsc_hz() / 1000000);

	prctl(PR_SET_TIMERSLACK, 1000ul);
	/* Where the CPU is not ours alone, whoever else is on it waits. Not where there is no other
	 * CPU for them, the control thread among them. */
	if (worker->prior && setpriority(PRIO_PROCESS, (id_t)gettid(), WORKER_NICE) < 0)
		log_debug("worker", "no priority on lcore %u: %s", worker->lcore, strerror(errno));
	epoch_online(worker->ctx.index);
	worker->clock_tsc = rte_rdtsc();
	worker->was_busy = false;
	rest_reset(worker, worker->clock_tsc);
	while (!__atomic_load_n(&worker->stop, __ATOMIC_RELAXED)) {
		bool busy = worker_turn(worker);

		epoch_quiescent(worker->ctx.index);
		if (busy != worker->was_busy) {
			worker_clock(worker, worker->was_busy);
			worker->was_busy = busy;
			rest_reset(worker, worker->clock_tsc);
		}
		if (!busy && worker->sleep &&
			(int64_t)(worker->ctx.now_tsc - worker->rest.idle_tsc) >= awake_tsc &&
			rest_step(worker))
			worker_clock(worker, false);
	}
	rest_reset(worker, rte_rdtsc());
	worker_clock(worker, worker->was_busy);
	epoch_offline(worker->ctx.index);
	return 0;
}
