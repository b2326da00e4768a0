/* SPDX-License-Identifier: BSD-3-Clause */
/* What a port's scheduler costs a packet: N reserved links, all busy, on a port of net_null, whose
 * own share (it frees the frame) is measured apart and subtracted. Prints one JSON object. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "dataplane/portsched.h"

#define BURST 64
#define FRAME 60
#define WAITING 4 /* frames of each link that are always there */
#define LINKS_MAX 60000u
#define ROUNDS 20000u
#define PARTS 40u

static struct rte_mempool *pool;
static struct sched_slot *slots[LINKS_MAX + 1];
static struct ctx ctx;
static struct port port;
static struct port_txq txq;

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int port_open(void)
{
	struct rte_eth_conf conf = {.rxmode = {.mq_mode = RTE_ETH_MQ_RX_NONE}};

	if (rte_eth_dev_get_port_by_name("net_null0", &port.ethdev) < 0 ||
		rte_eth_dev_configure(port.ethdev, 1, 1, &conf) < 0 ||
		rte_eth_rx_queue_setup(port.ethdev, 0, 64, SOCKET_ID_ANY, NULL, pool) < 0 ||
		rte_eth_tx_queue_setup(port.ethdev, 0, 64, SOCKET_ID_ANY, NULL) < 0)
		return -1;
	return rte_eth_dev_start(port.ethdev);
}

static void stage(uint64_t *next, unsigned int n_links, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		if (m == NULL)
			exit(1);
		m->data_len = FRAME;
		m->pkt_len = FRAME;
		/* Neighbours in time are not neighbours in memory. */
		*next = *next * UINT64_C(6364136223846793005) + 1442695040888963407;
		ctx_stage(&ctx, &txq, m, PKT_FORWARDED, 1 + (*next >> 33) % n_links);
	}
}

/* Cycles a packet of staging and flushing a burst: the best of PARTS parts of the run. */
static double run(unsigned int n_links, bool contended)
{
	double parts[PARTS];
	uint64_t next = 1;

	for (unsigned int p = 0; p < PARTS; p++) {
		uint64_t cycles = 0;

		for (unsigned int r = 0; r < ROUNDS / PARTS; r++) {
			uint64_t start;

			stage(&next, n_links, BURST);
			/* One burst's worth of capacity, when it is contended. */
			ctx.now_tsc += contended ? rte_get_tsc_hz() / 1000000 : 0;
			start = rte_rdtsc();
			ctx_flush(&ctx, &txq);
			cycles += rte_rdtsc() - start;
		}
		parts[p] = (double)cycles / (ROUNDS / PARTS) / BURST;
	}
	qsort(parts, PARTS, sizeof(parts[0]), compare);
	return parts[PARTS / 2];
}

int main(int argc, char **argv)
{
	char *eal[] = {argv[0], "-l", "0", "--no-huge", "-m", "512", "--no-pci", "--no-telemetry",
		"--log-level=error", "--vdev=net_null0", "--no-shconf", NULL};
	struct dp_link_spec link = {.at = DP_AT_VIF_IN,
		.rate_bps = UINT64_C(1000000),
		.min_bps = UINT64_C(500000),
		.burst_bytes = 10000,
		.queue_packets = 1u << 20,
		.queue_bytes = UINT64_C(1) << 40};
	unsigned int n_links = argc > 1 ? (unsigned int)atoi(argv[1]) : 1000;
	struct sched_queue *shared;
	double direct, sorted;

	if (n_links < 1 || n_links > LINKS_MAX || argc > 2) {
		fprintf(stderr, "Usage: sched [LINKS]    1..%u busy links (1000)\n", LINKS_MAX);
		return 2;
	}
	if (rte_eal_init(11, eal) < 0 || pkt_init() < 0)
		return 1;
	pool = rte_pktmbuf_pool_create(
		"pool", WAITING * LINKS_MAX / 4 + 8192, 256, 0, 256, SOCKET_ID_ANY);
	shared = sched_queue_create(1);
	port.sched = sched_create(0);
	if (pool == NULL || shared == NULL || port.sched == NULL || port_open() < 0) {
		fprintf(stderr, "sched: no memory, or no net_null\n");
		return 1;
	}
	port.scheduled = true;
	txq.port = &port;
	txq.limit = PORT_TXQ_LEN;
	direct = run(n_links, false);
	txq.sched = port.sched;
	/* A burst of frames in a microsecond. */
	sched_set(port.sched, UINT64_C(8) * FRAME * BURST * 1000000, 0, 1514, 0);
	for (unsigned int i = 1; i <= n_links; i++) {
		slots[i] = sched_slot_create(i, shared);
		if (slots[i] == NULL)
			return 1;
		sched_slot_add(port.sched, slots[i]);
		sched_slot_set(&ctx, port.sched, slots[i], &link, 1514);
	}
	/* More than the capacity's burst, so that something always waits. */
	for (uint64_t next = 7; port.sched->backlog < RTE_MIN(n_links * WAITING, 12000u);) {
		stage(&next, n_links, BURST);
		ctx_flush(&ctx, &txq);
	}
	sorted = run(n_links, true);
	if (port.sched->backlog == 0) {
		fprintf(stderr, "sched: nothing waited\n");
		return 1;
	}
	printf("{\"links\": %u, \"cycles_per_packet\": %.1f, \"device_cycles\": %.1f}\n", n_links,
		sorted - direct, direct);
	return 0;
}
