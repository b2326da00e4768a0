/* SPDX-License-Identifier: BSD-3-Clause */
/* A port's scheduler, in contention: a burst comes as the capacity has room for one. The device is
 * net_null, whose own share (it frees the frames) is measured beside it and subtracted. */
#include <rte_ethdev.h>

#include "bench/sched_bench.h"
#include "dataplane/portsched.h"

#define WAITING 4 /* frames of each link that are always there */

static struct sched_slot *slots[LINKS_MAX + 1];
static struct ctx ctx, direct_ctx;
static struct port port, direct_port;
static struct port_txq txq, direct_txq;
static uint64_t state = 1;
static unsigned int n_busy;

static int device_open(void)
{
	struct rte_eth_conf conf = {.rxmode = {.mq_mode = RTE_ETH_MQ_RX_NONE}};

	if (rte_eth_dev_get_port_by_name("net_null0", &port.ethdev) < 0 ||
		rte_eth_dev_configure(port.ethdev, 1, 1, &conf) < 0 ||
		rte_eth_rx_queue_setup(port.ethdev, 0, 64, SOCKET_ID_ANY, NULL, bench_pool) < 0 ||
		rte_eth_tx_queue_setup(port.ethdev, 0, 64, SOCKET_ID_ANY, NULL) < 0)
		return -1;
	return rte_eth_dev_start(port.ethdev);
}

static void stage(struct ctx *c, struct port_txq *q)
{
	for (unsigned int i = 0; i < BURST; i++)
		ctx_stage(c, q, bench_frame(), PKT_FORWARDED, LATENCY_UNMARKED,
			(dp_iface_id)(1 + bench_random(&state, n_busy)));
}

static int slot_open(unsigned int id, struct sched_queue *shared)
{
	struct dp_link_spec link = {.at = DP_AT_VIF_IN,
		.rate_bps = UINT64_C(1000000),
		.min_bps = UINT64_C(500000),
		.burst_bytes = 10000,
		.queue_packets = 1u << 20,
		.queue_bytes = UINT64_C(1) << 40};

	slots[id] = sched_slot_create((dp_iface_id)id, 1, shared);
	if (slots[id] == NULL)
		return -1;
	sched_slot_add(port.sched, slots[id]);
	sched_slot_set(&ctx, port.sched, slots[id], &link, 1514);
	return 0;
}

static int open_port(unsigned int busy, unsigned int idle)
{
	struct sched_queue *shared = sched_queue_create(1);

	n_busy = busy;
	port.sched = sched_create(0);
	if (shared == NULL || port.sched == NULL || device_open() < 0)
		return -1;
	direct_port.ethdev = port.ethdev;
	port.scheduled = true;
	txq.port = &port;
	direct_txq.port = &direct_port;
	txq.limit = direct_txq.limit = PORT_TXQ_LEN;
	txq.sched = port.sched;
	/* A burst of frames in a microsecond. */
	sched_set(port.sched, UINT64_C(8) * FRAME * BURST * 1000000, 0, 1514, 0);
	for (unsigned int id = 1; id <= busy + idle; id++)
		if (slot_open(id, shared) < 0)
			return -1;
	/* More than the capacity's burst, so that something always waits. */
	while (port.sched->backlog < RTE_MIN(busy * WAITING, WAITING_MAX)) {
		stage(&ctx, &txq);
		ctx_flush(&ctx, &txq);
	}
	return 0;
}

static double flushed(struct ctx *c, struct port_txq *q, unsigned int bursts, uint64_t step_tsc)
{
	uint64_t cycles = 0;

	for (unsigned int r = 0; r < bursts; r++) {
		uint64_t start;

		stage(c, q);
		c->now_tsc += step_tsc;
		start = rte_rdtsc();
		ctx_flush(c, q);
		cycles += rte_rdtsc() - start;
	}
	return (double)cycles / bursts / BURST;
}

static double part(unsigned int bursts)
{
	/* Each time one burst's worth of capacity. */
	return flushed(&ctx, &txq, bursts, rte_get_tsc_hz() / 1000000);
}

static double part_device(unsigned int bursts)
{
	return flushed(&direct_ctx, &direct_txq, bursts, 0);
}

static int open_device(unsigned int busy, unsigned int idle)
{
	(void)busy;
	(void)idle;
	return 0; /* open_port has */
}

const struct contestant port_scheduler = {"port_scheduler", open_port, part};
const struct contestant port_device = {"device", open_device, part_device};
