/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire.h"

#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>

#include "dataplane/dp_state.h"
#include "dataplane/port.h"
#include "lib/log.h"
#include "wire_priv.h"

#define RING_LEN 2048
#define BUFS 4096
#define DATA_ROOM (WIRE_MTU_MAX + 22 + RTE_PKTMBUF_HEADROOM)

struct wire_state wire;

static struct {
	struct rte_ring *rx[WIRE_PORTS], *tx[WIRE_PORTS];
	struct rte_mempool *pool; /* of the frames that go in */
	uint64_t now_tsc;
	uint64_t in, out, extra; /* frames of this test */
	bool extra_any;
	struct dp_conservation before; /* at its begin */
	uint64_t drops[DROP_REASON_COUNT];
	uint32_t in_use, pool_in_use;
	struct rte_mbuf *taken[BUFS];
	unsigned int n_taken;
} bench;

/* ---- the program ---- */

static int ports_create(unsigned int n_tx)
{
	for (unsigned int i = 0; i < WIRE_PORTS; i++) {
		struct rte_ring *tx[16];
		char name[32];

		snprintf(name, sizeof(name), "wire_rx%u", i);
		bench.rx[i] = rte_ring_create(name, RING_LEN, SOCKET_ID_ANY, 0);
		snprintf(name, sizeof(name), "wire_tx%u", i);
		bench.tx[i] = rte_ring_create(name, RING_LEN, SOCKET_ID_ANY, 0);
		if (bench.rx[i] == NULL || bench.tx[i] == NULL)
			return -1;
		for (unsigned int q = 0; q < n_tx; q++)
			tx[q] = bench.tx[i];
		snprintf(name, sizeof(name), "wire%u", i);
		if (rte_eth_from_rings(name, &bench.rx[i], 1, tx, n_tx, 0) < 0)
			return -1;
	}
	return 0;
}

static int start(unsigned int n_slices, unsigned int n_tx, bool threads)
{
	static const uint16_t lcores[] = {1, 2, 3, 4};
	struct dp_slice_spec slices[4];
	struct dp_conf conf = {.site = "wire",
		.hugepages = 0,
		.memory_bytes = UINT64_C(256) << 20,
		.n_bufs = BUFS,
		.mtu_max = WIRE_MTU_MAX,
		.slices = slices,
		.n_slices = n_slices,
		.inline_run = !threads};
	char err[DP_ERR_LEN] = "";

	for (unsigned int i = 0; i < n_slices; i++) {
		slices[i] =
			(struct dp_slice_spec){.lcores = &lcores[i], .n_lcores = 1, .sleep = true};
		snprintf(slices[i].name, sizeof(slices[i].name), "s%u", i);
	}
	log_set_level(LOG_LEVEL_ERROR);
	if (dp_init(&conf, err) < 0) {
		fprintf(stderr, "dp_init: %s\n", err);
		return -1;
	}
	bench.pool = rte_pktmbuf_pool_create("wire_pool", BUFS, 0, 0, DATA_ROOM, SOCKET_ID_ANY);
	if (bench.pool == NULL || ports_create(n_tx) < 0) {
		fprintf(stderr, "wire: no rings or buffers\n");
		return -1;
	}
	/* Ahead of the real clock, by which objects are made, for as long as a test may take. */
	bench.now_tsc = rte_rdtsc() + 1000000 * rte_get_tsc_hz();
	return 0;
}

int wire_start(unsigned int n_slices, unsigned int n_tx)
{
	return start(n_slices, n_tx, false);
}

int wire_start_threads(unsigned int n_slices, unsigned int n_tx)
{
	return start(n_slices, n_tx, true);
}

int wire_stop(void **state)
{
	(void)state;
	dp_fini();
	return 0;
}

/* ---- the clock ---- */

/* Each call is served between two turns. */
static void turn_wait(void)
{
	for (unsigned int i = 0; i < dp_workers_count(); i++) {
		struct dp_worker_stats stats;

		dp_worker_stats_get(i, &stats);
	}
}

void wire_poll(unsigned int n)
{
	while (n-- > 0)
		if (dp.inline_run)
			dp_poll(bench.now_tsc);
		else
			turn_wait();
}

void wire_turn(unsigned int worker)
{
	dp.workers[worker].ctx.fixed_tsc = bench.now_tsc;
	worker_turn(&dp.workers[worker]);
}

void wire_advance_tsc(uint64_t tsc)
{
	bench.now_tsc += tsc;
}

void wire_advance_ns(uint64_t ns)
{
	bench.now_tsc += (uint64_t)((unsigned __int128)ns * rte_get_tsc_hz() / 1000000000u);
}

void wire_run_ns(uint64_t ns, uint64_t step_ns)
{
	for (uint64_t at = 0; at < ns; at += step_ns) {
		wire_advance_ns(step_ns);
		wire_poll(1);
	}
}

uint64_t wire_now_tsc(void)
{
	return bench.now_tsc;
}

/* ---- frames ---- */

void wire_send(unsigned int port, const struct frame *f)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(bench.pool);

	assert_non_null(m);
	/* What is beyond the frame is not zero, so that reading it shows. */
	memset(rte_pktmbuf_mtod(m, char *), 0xa5, RTE_MIN(f->len + 64, (size_t)m->buf_len - 128));
	memcpy(rte_pktmbuf_append(m, (uint16_t)f->len), f->data, f->len);
	while (!dp.inline_run && rte_ring_full(bench.rx[port]))
		turn_wait();
	assert_int_equal(rte_ring_enqueue(bench.rx[port], m), 0);
	bench.in++;
}

bool wire_recv(unsigned int port, struct frame *f)
{
	struct rte_mbuf *m;

	if (rte_ring_dequeue(bench.tx[port], (void **)&m) != 0)
		return false;
	assert_int_equal(m->nb_segs, 1);
	assert_int_equal(m->pkt_len, m->data_len);
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	f->len = m->data_len;
	assert_in_range(f->len, 14, FRAME_MAX);
	memcpy(f->data, rte_pktmbuf_mtod(m, void *), f->len);
	rte_pktmbuf_free(m);
	bench.out++;
	return true;
}

unsigned int wire_discard(void)
{
	unsigned int n = 0;
	struct frame f;

	for (unsigned int i = 0; i < WIRE_PORTS; i++)
		while (wire_recv(i, &f))
			n++;
	return n;
}

void wire_expect(unsigned int port, const struct frame *want)
{
	struct frame got;

	if (!wire_recv(port, &got))
		fail_msg("nothing left by port %u", port);
	if (got.len == want->len && memcmp(got.data, want->data, got.len) == 0)
		return;
	frame_print(want, "expected");
	frame_print(&got, "got");
	fail_msg("another frame left by port %u", port);
}

void wire_expect_none(void)
{
	struct frame got;

	for (unsigned int i = 0; i < WIRE_PORTS; i++)
		if (wire_recv(i, &got)) {
			frame_print(&got, "not expected");
			fail_msg("a frame left by port %u", i);
		}
}

void wire_expect_parsed(unsigned int port, struct frame *f, struct frame_view *v)
{
	if (!wire_recv(port, f))
		fail_msg("nothing left by port %u", port);
	frame_parse(f, v);
	if (v->ok)
		return;
	frame_print(f, "got");
	fail_msg("a malformed frame left by port %u", port);
}

void wire_extra(unsigned int n)
{
	bench.extra += n;
}

void wire_extra_any(void)
{
	bench.extra_any = true;
}

unsigned int wire_bufs_take(void)
{
	struct rte_mbuf *m;

	while ((m = rte_pktmbuf_alloc(dp.pool)) != NULL)
		bench.taken[bench.n_taken++] = m;
	return bench.n_taken;
}

void wire_bufs_return(void)
{
	rte_pktmbuf_free_bulk(bench.taken, bench.n_taken);
	bench.n_taken = 0;
}

/* ---- accounts ---- */

static void books_balance(const struct dp_conservation *c)
{
	assert_int_equal(c->received, c->sent + c->dropped + c->consumed + c->queued);
	assert_int_equal(
		c->originated, c->originated_sent + c->originated_dropped + c->originated_queued);
}

struct dp_conservation wire_books(void)
{
	struct dp_conservation sum;

	dp_conservation_get(&sum);
	return sum;
}

uint64_t wire_drops(enum drop_reason reason)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < dp_workers_count(); i++) {
		struct dp_worker_stats stats;

		assert_int_equal(dp_worker_stats_get(i, &stats), 0);
		n += stats.drops[reason];
	}
	return n;
}

/* Workers of their own may hold frames that they are just receiving. */
static void settle(void)
{
	for (unsigned int i = 0; i < 1000 && !dp.inline_run; i++) {
		uint64_t waiting = 0;

		for (unsigned int p = 0; p < WIRE_PORTS; p++)
			waiting += wire.port_ids[p] != 0 ? rte_ring_count(bench.rx[p]) : 0;
		turn_wait();
		if (waiting == 0)
			return;
	}
}

void wire_check(void)
{
	struct dp_conservation sum;
	uint64_t waiting = 0, leaving = 0, left;

	settle();
	sum = wire_books();
	books_balance(&sum);
	for (unsigned int i = 0; i < dp_workers_count(); i++) {
		struct dp_worker_stats stats;
		uint64_t dropped = 0;

		assert_int_equal(dp_worker_stats_get(i, &stats), 0);
		books_balance(&stats.conservation);
		for (unsigned int r = 0; r < DROP_REASON_COUNT; r++)
			dropped += stats.drops[r];
		assert_int_equal(dropped, stats.conservation.dropped);
	}
	for (unsigned int i = 0; i < WIRE_PORTS; i++) {
		waiting += rte_ring_count(bench.rx[i]);
		leaving += rte_ring_count(bench.tx[i]);
	}
	assert_int_equal(bench.in - waiting, sum.received - bench.before.received);
	left = sum.sent - bench.before.sent + sum.originated_sent - bench.before.originated_sent;
	if (bench.extra_any)
		assert_true(bench.out + leaving >= left);
	else
		assert_int_equal(bench.out + leaving, left + bench.extra);
}

static void bufs_now(uint32_t *ours, uint32_t *theirs)
{
	uint32_t total;

	dp_bufs_get(&total, ours);
	*theirs = rte_mempool_in_use_count(bench.pool);
}

int wire_setup(void **state)
{
	(void)state;
	memset(&wire, 0, sizeof(wire));
	bench.in = bench.out = bench.extra = 0;
	bench.extra_any = false;
	bench.before = wire_books();
	bufs_now(&bench.in_use, &bench.pool_in_use);
	return 0;
}

void wire_flush_in(void)
{
	struct rte_mbuf *m;

	for (unsigned int i = 0; i < WIRE_PORTS; i++)
		while (rte_ring_dequeue(bench.rx[i], (void **)&m) == 0) {
			rte_pktmbuf_free(m);
			bench.in--;
		}
}

/* A failed test leaves its transaction, its frames and its buffers behind. */
static void clear(void)
{
	if (wire.txn != NULL)
		wire_abort();
	wire_bufs_return();
	wire_flush_in();
	wire_discard();
}

int wire_teardown(void **state)
{
	struct dp_conservation sum;
	uint32_t ours, theirs;

	(void)state;
	clear();
	wire_check();
	wire_begin();
	for (uint32_t id = 1; id <= VR_MAX; id++)
		if (vr_table[id] != NULL)
			wire_vr_del(id);
	for (uint32_t id = 1; id <= PORT_MAX; id++)
		if (port_table[id] != NULL)
			assert_int_equal(dp_txn_port_del(wire.txn, id, wire.err), 0);
	wire_commit();
	wire_poll(2);
	wire_discard();
	wire_check();
	sum = wire_books();
	assert_int_equal(sum.queued, 0);
	assert_int_equal(sum.originated_queued, 0);
	bufs_now(&ours, &theirs);
	assert_int_equal(ours, bench.in_use);
	assert_int_equal(theirs, bench.pool_in_use);
	return 0;
}
