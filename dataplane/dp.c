/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "dataplane/adj.h"
#include "dataplane/dp_sched.h"
#include "dataplane/dp_state.h"
#include "dataplane/epoch.h"
#include "dataplane/input.h"
#include "dataplane/neigh.h"
#include "dataplane/ra.h"
#include "dataplane/vlink.h"
#include "lib/log.h"

#define POOL_CACHE 256
#define BUF_OVERHEAD 128 /* mempool's header, trailer and padding of an element */
#define BUF_PAGE UINT64_C(4096)
#define EAL_MEMORY_BYTES (UINT64_C(48) << 20) /* rings, devices, EAL's own */
/* What a port can hold: AF_XDP fills 4096 and queues 2048 each way; others have less. */
#define PORT_BUFS (4096 + 2048 + 2048 + PORT_TXQ_LEN + SCHED_BUFS)
#define DATA_ROOM_MIN (2048 + RTE_PKTMBUF_HEADROOM)

struct dp dp;

static uint16_t data_room(uint16_t mtu_max)
{
	uint32_t room = RTE_PKTMBUF_HEADROOM + mtu_max + IFACE_L2_MAX;

	return (uint16_t)RTE_MAX(RTE_ALIGN_CEIL(room, 64u), (uint32_t)DATA_ROOM_MIN);
}

/* Without hugepages a buffer does not cross a page of 4 KiB that it fits into. */
static uint64_t buf_bytes(uint16_t mtu_max, bool huge)
{
	uint64_t bytes = sizeof(struct rte_mbuf) + data_room(mtu_max) + BUF_OVERHEAD;

	return huge ? bytes : RTE_ALIGN_CEIL(bytes, BUF_PAGE);
}

void dp_bufs_needed(size_t n_workers, uint64_t *per_port, uint64_t *per_router, uint64_t *fixed)
{
	*per_port = PORT_BUFS + (n_workers - 1) * PORT_TXQ_LEN;
	*per_router = VR_HOLD_OWN + INPUT_OWN;
	/* Each lcore's cache may keep half as much again as its size; and so may control's. */
	*fixed = (n_workers + 1) * POOL_CACHE * 3 / 2 +
		n_workers * (n_workers - 1) * 2 * CTX_RING_LEN +
		n_workers * (CTX_HOLD_SHARED + INPUT_SHARED + PKT_BURST * 4);
}

uint64_t dp_bufs_fitting(uint64_t memory_bytes, uint16_t mtu_max, int hugepages)
{
	bool huge = dp_eal_hugepages(hugepages, memory_bytes);

	return memory_bytes <= EAL_MEMORY_BYTES
		? 0
		: (memory_bytes - EAL_MEMORY_BYTES) / buf_bytes(mtu_max, huge);
}

static int workers_create(const struct dp_conf *conf, char *err)
{
	unsigned int n = 0;
	size_t bytes;

	for (size_t s = 0; s < conf->n_slices; s++)
		n += (unsigned int)conf->slices[s].n_lcores;
	if (n == 0 || n > CTX_WORKERS_MAX)
		return dp_fail(
			err, -EINVAL, "slices: %u lcores, expected 1 to %u", n, CTX_WORKERS_MAX);
	bytes = n * sizeof(struct worker);
	dp.workers = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_CACHE_LINE_ROUNDUP(bytes));
	if (dp.workers == NULL || adj_init() < 0 || epoch_init(n) < 0)
		return dp_fail(err, -ENOMEM, "workers: out of memory");
	for (size_t s = 0; s < conf->n_slices; s++)
		for (size_t i = 0; i < conf->slices[s].n_lcores; i++) {
			struct worker *worker = &dp.workers[dp.n_workers];

			if (worker_init(worker, dp.n_workers, n, conf->slices[s].lcores[i], dp.pool,
				    conf->slices[s].no_sharing) < 0)
				return dp_fail(err, -ENOMEM, "worker on lcore %u: out of memory",
					conf->slices[s].lcores[i]);
			worker->sleep = conf->slices[s].sleep;
			dp.sleeps |= worker->sleep;
			worker->prior = dp_eal_spare_cpu(worker->lcore);
			snprintf(worker->slice, sizeof(worker->slice), "%s", conf->slices[s].name);
			dp.n_workers++;
		}
	for (unsigned int to = 0; to < n; to++)
		for (unsigned int from = 0; from < n; from++) {
			dp.workers[to].ctx.from[from] = dp.workers[from].ctx.to[to];
			dp.workers[to].ctx.first_from[from] = dp.workers[from].ctx.first_to[to];
		}
	return 0;
}

static int workers_launch(char *err)
{
	for (unsigned int i = 0; i < dp.n_workers; i++) {
		int rc = rte_eal_remote_launch(worker_main, &dp.workers[i], dp.workers[i].lcore);

		if (rc < 0)
			return dp_fail(err, rc, "worker on lcore %u does not start: %s",
				dp.workers[i].lcore, strerror(-rc));
		dp.workers[i].running = true;
		dp.launched = true;
	}
	return 0;
}

int dp_init(const struct dp_conf *conf, char *err)
{
	uint64_t memory = conf->memory_bytes;
	int rc;

	if (memory == 0) {
		bool huge;

		memory = conf->n_bufs * buf_bytes(conf->mtu_max, true) + EAL_MEMORY_BYTES;
		huge = dp_eal_hugepages(conf->hugepages, memory);
		memory = conf->n_bufs * buf_bytes(conf->mtu_max, huge) + EAL_MEMORY_BYTES;
	}
	rc = dp_eal_init(conf, memory, err);
	if (rc < 0)
		return rc;
	dp.inline_run = conf->inline_run;
	dp.mtu_max = conf->mtu_max;
	rc = pkt_init();
	if (rc < 0) {
		dp_fail(err, rc, "packet metadata: %s", strerror(-rc));
		goto fail;
	}
	dp.pool = rte_pktmbuf_pool_create(
		"hpsr_pool", conf->n_bufs, POOL_CACHE, 0, data_room(conf->mtu_max), SOCKET_ID_ANY);
	if (dp.pool == NULL) {
		rc = dp_fail(err, -rte_errno,
			"%u packet buffers of %u bytes do not fit into %" PRIu64 " MiB: %s",
			conf->n_bufs, data_room(conf->mtu_max), memory >> 20,
			rte_strerror(rte_errno));
		goto fail;
	}
	dp.n_bufs = conf->n_bufs;
	rc = workers_create(conf, err);
	if (rc == 0 && !dp.inline_run)
		rc = workers_launch(err);
	if (rc < 0)
		goto fail;
	return 0;
fail:
	dp_fini();
	return rc;
}

static void workers_stop(void)
{
	for (unsigned int i = 0; i < dp.n_workers; i++) {
		__atomic_store_n(&dp.workers[i].stop, true, __ATOMIC_RELAXED);
		idle_wake(&dp.workers[i].idle);
	}
	if (dp.launched)
		rte_eal_mp_wait_lcore();
	for (unsigned int i = 0; i < dp.n_workers; i++)
		dp.workers[i].running = false;
	dp.launched = false;
}

/* Everything there is goes the way of an ordinary transaction, in this thread. */
static void objects_del(void)
{
	struct dp_txn *txn = dp_txn_begin();
	char err[DP_ERR_LEN];

	if (txn == NULL)
		return;
	for (uint32_t id = 1; id <= VR_MAX; id++)
		if (vr_table[id] != NULL && dp_txn_vr_del(txn, id, err) < 0)
			log_error("dataplane", "%s", err);
	for (uint32_t index = 1; index <= PORT_MAX; index++)
		if (port_table[index] != NULL && dp_txn_port_del(txn, index, err) < 0)
			log_error("dataplane", "%s", err);
	dp_txn_commit(txn);
}

void dp_fini(void)
{
	workers_stop();
	if (dp.n_workers > 0)
		objects_del();
	for (unsigned int i = 0; i < dp.n_workers; i++)
		worker_fini(&dp.workers[i]);
	if (dp.workers != NULL)
		epoch_fini();
	adj_fini();
	free(dp.workers);
	rte_mempool_free(dp.pool);
	dp_eal_fini();
	memset(&dp, 0, sizeof(dp));
}

void dp_poll(uint64_t now_tsc)
{
	for (unsigned int i = 0; i < dp.n_workers; i++) {
		dp.workers[i].ctx.fixed_tsc = now_tsc;
		worker_turn(&dp.workers[i]);
	}
}

uint64_t dp_now_tsc(void)
{
	return rte_rdtsc();
}

uint64_t dp_tsc_hz(void)
{
	return rte_get_tsc_hz();
}

void dp_bufs_get(uint32_t *total, uint32_t *in_use)
{
	*total = dp.n_bufs;
	*in_use = rte_mempool_in_use_count(dp.pool);
}

struct state_call {
	struct vr *vr;
	enum dp_vr_state state;
};

static void state_publish(struct ctx *ctx, void *arg)
{
	struct state_call *call = arg;
	bool was_down = call->vr->state != DP_VR_RUNNING;
	bool down = call->state != DP_VR_RUNNING;

	worker_drain(ctx);
	call->vr->state = (uint8_t)call->state;
	for (struct iface *iface = call->vr->ifaces; iface != NULL; iface = iface->next_of_vr) {
		if (down && !was_down)
			ra_cease(ctx, iface);
		iface->flags = (uint8_t)(down ? iface->flags | IFACE_VR_DOWN
					      : iface->flags & ~IFACE_VR_DOWN);
		if (call->state == DP_VR_STOPPED && iface->link != NULL)
			vlink_purge(ctx, iface->link, DROP_VR_DOWN);
		if (was_down && !down)
			iface_announce(ctx, iface);
	}
	if (call->state == DP_VR_STOPPED)
		neigh_purge(ctx, call->vr, NULL, DROP_VR_DOWN);
}

int dp_vr_set_state(dp_vr_id id, enum dp_vr_state state)
{
	struct state_call call = {.vr = vr_lookup(id), .state = state};

	if (call.vr == NULL)
		return -ENOENT;
	worker_call(&dp.workers[call.vr->worker], state_publish, &call);
	if (state == DP_VR_STOPPED)
		dp_sched_stop(call.vr);
	return 0;
}
