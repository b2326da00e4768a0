/* SPDX-License-Identifier: BSD-3-Clause */
/* One virtual router among others that are flooded, on one worker and behind one receive queue:
 * what it loses, and how long its packets take. The dataplane runs in this process between ring
 * ports. Time is the router's: it passes while the worker's loop turns, not while frames are made
 * and looked at, so that the worker is never given more than it could have had. Frames come by that
 * clock; the receive queue holds RX_QUEUE of them, and what does not fit is lost at the device.
 *
 * Prints one JSON document a line. Exit: 0 done, 1 failed, 2 bad usage. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_arp.h>
#include <rte_cycles.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "dataplane/dp_state.h"
#include "lib/hist.h"
#include "lib/log.h"

#define VRS_MAX 64u
#define RX_QUEUE 1024u
#define TX_RING 4096u
#define BUFS 8192u /* of the dataplane; those of the generator stay in the cache */
#define GENERATOR_BUFS 6144u
#define SHARE 4u        /* a quarter of the worker is the victim's, by its weight */
#define FLOOD_TIMES 1.5 /* of what one router alone forwards: the flooded together */
/* A turn that takes longer than its work can was interrupted, and counts as a usual one. */
#define CUT_US 80
#define USUAL_US 10
#define SHAPED_BPS 1000000u
#define NET_IN 0x0a000000u   /* 10.0.0.0/24, at port 0 */
#define NET_OUT 0x0a000100u  /* 10.0.1.0/24, at port 1 */
#define NET_SCAN 0x0a280000u /* 10.40.0.0/16, nobody is there */
#define FRAME_LEN 60         /* without FCS */
#define STAMP 50             /* offset of the frame's arrival, in its payload */

enum kind { FLOOD, SHAPER, TTL, SCAN, ROUTES, KINDS };
static const char *const kind_names[] = {"flood", "shaper", "ttl", "scan", "routes"};

static struct {
	struct rte_ring *rx, *tx[2];
	struct rte_mempool *pool;
	dp_port_id ports[2];
	dp_vr_id vrs[VRS_MAX];
	dp_iface_id outs[VRS_MAX];
	unsigned int n;
	uint64_t now, cut; /* router's time; what is not counted */
	uint64_t offered[VRS_MAX], refused[VRS_MAX], got[VRS_MAX];
	struct hist latency;
	uint32_t seq;
} bench;

/* Inline, so that the compiler knows what holds behind it. */
static inline void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "isolation: %s\n", what);
	exit(1);
}

static void open_all(bool sharing)
{
	static const uint16_t lcores[] = {1};
	const struct dp_slice_spec slice = {
		.name = "s0", .lcores = lcores, .n_lcores = 1, .no_sharing = !sharing};
	char name[32], err[DP_ERR_LEN] = "";
	struct dp_conf conf = {.site = name,
		.hugepages = -1,
		.n_bufs = BUFS,
		.mtu_max = 1500,
		.slices = &slice,
		.n_slices = 1,
		.inline_run = true};
	struct dp_txn *txn;

	snprintf(name, sizeof(name), "bench%d", (int)getpid());
	log_set_level(LOG_LEVEL_WARN);
	check(dp_init(&conf, err) == 0, err);
	bench.pool = rte_pktmbuf_pool_create(
		"bench_pool", GENERATOR_BUFS, 256, 0, 256 + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	check(bench.pool != NULL, "no buffers");
	txn = dp_txn_begin();
	check(txn != NULL, "out of memory");
	for (unsigned int p = 0; p < 2; p++) {
		struct dp_port_spec spec = {.mtu = 1500,
			.device = p == 0 ? "net_ring_bench0" : "net_ring_bench1",
			.mac = {.bytes = {2, 0, 0, 0, 0, (uint8_t)(1 + p)}}};
		struct rte_ring *rx = rte_ring_create(
			p == 0 ? "rx0" : "rx1", RX_QUEUE, SOCKET_ID_ANY, RING_F_EXACT_SZ);

		bench.tx[p] = rte_ring_create(p == 0 ? "tx0" : "tx1", TX_RING, SOCKET_ID_ANY, 0);
		check(rx != NULL && bench.tx[p] != NULL &&
				rte_eth_from_rings(p == 0 ? "bench0" : "bench1", &rx, 1,
					&bench.tx[p], 1, 0) >= 0,
			"no ring ports");
		if (p == 0)
			bench.rx = rx;
		snprintf(spec.name, sizeof(spec.name), "p%u", p);
		check(dp_txn_port_add(txn, &spec, &bench.ports[p], err) == 0, err);
	}
	dp_txn_commit(txn);
}

static dp_iface_id add_iface(
	struct dp_txn *txn, unsigned int v, unsigned int port, uint32_t net, bool shaped)
{
	struct ip_prefix address = {.addr = ipaddr_from_u32(net + 1), .len = 24};
	struct dp_iface_spec spec = {.port = bench.ports[port],
		.outer_vlan = DP_VLAN_NONE,
		.vlan = (uint16_t)(v + 1),
		.addresses = &address,
		.n_addresses = 1};
	char err[DP_ERR_LEN] = "";
	dp_iface_id id = 0;

	if (shaped)
		spec.link = (struct dp_link_spec){.rate_bps = SHAPED_BPS,
			.min_bps = SHAPED_BPS,
			.at = DP_AT_VIF_IN,
			.by = DP_BY_TBF,
			.burst_bytes = 32768,
			.queue_bytes = 65536,
			.queue_packets = 16};
	snprintf(spec.name, sizeof(spec.name), "i%u", port);
	check(dp_txn_iface_add(txn, bench.vrs[v], &spec, &id, err) == 0, err);
	return id;
}

/* The victim is router 0. Its weight makes at least a quarter of the worker its share: of
 * what is left when dropping is done, that must be a tenth of it.
 */
static void set_up(unsigned int neighbours, enum kind kind)
{
	struct dp_txn *txn = dp_txn_begin();
	char err[DP_ERR_LEN] = "";

	check(txn != NULL, "out of memory");
	bench.n = neighbours + 1;
	for (unsigned int v = 0; v < bench.n; v++) {
		struct dp_vr_spec spec = {.slice = "s0", .weight = 1};
		struct dp_route_spec scan = {
			.to = {.addr = ipaddr_from_u32(NET_SCAN), .len = 16}, .n_nexthops = 1};
		struct dp_neigh_spec neighbor = {.address = ipaddr_from_u32(NET_OUT + 2),
			.mac = {.bytes = {2, 0, 0, 0, 1, 1}}};

		if (v == 0)
			spec.weight = RTE_MAX(1u, (neighbours + SHARE - 2) / (SHARE - 1));
		snprintf(spec.name, sizeof(spec.name), "v%u/r", v);
		check(dp_txn_vr_add(txn, &spec, &bench.vrs[v], err) == 0, err);
		add_iface(txn, v, 0, NET_IN, false);
		bench.outs[v] = add_iface(txn, v, 1, NET_OUT, v > 0 && kind == SHAPER);
		scan.nexthops[0].iface = neighbor.iface = bench.outs[v];
		check(dp_txn_routes_set(txn, bench.vrs[v], &scan, 1, err) == 0, err);
		check(dp_txn_neighbors_set(txn, bench.vrs[v], &neighbor, 1, err) == 0, err);
	}
	dp_txn_commit(txn);
}

static void tear_down(void)
{
	struct dp_txn *txn = dp_txn_begin();
	char err[DP_ERR_LEN] = "";

	check(txn != NULL, "out of memory");
	for (unsigned int v = 0; v < bench.n; v++)
		check(dp_txn_vr_del(txn, bench.vrs[v], err) == 0, err);
	dp_txn_commit(txn);
}

static void offer(unsigned int v, enum kind kind, uint64_t arrival)
{
	uint32_t dst = NET_OUT + 2;
	struct rte_ipv4_hdr *ip;
	struct rte_mbuf *m;
	uint8_t *frame;

	bench.offered[v]++;
	m = rte_ring_full(bench.rx) ? NULL : rte_pktmbuf_alloc(bench.pool);
	if (m == NULL) {
		bench.refused[v]++;
		return;
	}
	frame = (uint8_t *)rte_pktmbuf_append(m, FRAME_LEN);
	check(frame != NULL, "a buffer too small");
	memset(frame, 0, FRAME_LEN);
	memcpy(frame, (const uint8_t[]){2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 2, 1, 0x81, 0}, 14);
	frame[15] = (uint8_t)(v + 1);
	frame[16] = 8;
	ip = (struct rte_ipv4_hdr *)(frame + 18);
	if (v > 0 && kind == SCAN)
		dst = NET_SCAN + bench.seq++ % 60000 + 2;
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16(FRAME_LEN - 18);
	ip->time_to_live = v > 0 && kind == TTL ? 1 : 64;
	ip->next_proto_id = IPPROTO_UDP;
	ip->src_addr = rte_cpu_to_be_32(NET_IN + 2);
	ip->dst_addr = rte_cpu_to_be_32(dst);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	memcpy(frame + STAMP, &arrival, sizeof(arrival));
	check(rte_ring_enqueue(bench.rx, m) == 0, "receive queue");
}

static void collect(void)
{
	for (unsigned int p = 0; p < 2; p++) {
		struct rte_mbuf *m;

		while (rte_ring_dequeue(bench.tx[p], (void **)&m) == 0) {
			const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
			unsigned int v = (frame[14] & 0xfu) * 256u + frame[15] - 1u;
			uint64_t arrival;

			if (p == 1 && frame[16] == 8 && v < bench.n) {
				bench.got[v]++;
				memcpy(&arrival, frame + STAMP, sizeof(arrival));
				if (v == 0)
					hist_add(&bench.latency, bench.now - arrival, 1);
			}
			rte_pktmbuf_free(m);
		}
	}
}

/* The loop turns once. */
static void turn(void)
{
	uint64_t most = rte_get_tsc_hz() / 1000000 * CUT_US, start = rte_rdtsc(), spent;

	dp_poll(0);
	spent = rte_rdtsc() - start;
	if (spent > most) {
		bench.cut++;
		spent = most / CUT_US * USUAL_US;
	}
	bench.now += spent;
	collect();
}

static void forget(void)
{
	memset(bench.offered, 0, sizeof(bench.offered));
	memset(bench.refused, 0, sizeof(bench.refused));
	memset(bench.got, 0, sizeof(bench.got));
	memset(&bench.latency, 0, sizeof(bench.latency));
	bench.cut = 0;
}

static void churn(unsigned int i)
{
	struct dp_route_spec route = {
		.to = {.addr = ipaddr_from_u32(0x0b000000u + (i % 4096 << 8)), .len = 24},
		.nexthops = {{.via = ipaddr_from_u32(NET_OUT + 2)}},
		.n_nexthops = 1};
	unsigned int v = 1 + i % (bench.n - 1);
	char err[DP_ERR_LEN] = "";

	route.nexthops[0].iface = bench.outs[v];
	check(dp_route_add(bench.vrs[v], &route, err) == 0, err);
}

/* TSC cycles of router's time between two packets: of the victim, of all flooded together (0:
 * none). Runs for TSC of router's time. */
static void run(enum kind kind, uint64_t victim_every, uint64_t flood_every_q16, uint64_t tsc)
{
	uint64_t end = bench.now + tsc, victim_at = bench.now, flood_at = 0, flood_from = bench.now;
	unsigned int next = 0, turns = 0;

	while (bench.now < end) {
		for (;;) {
			uint64_t flood = flood_from + (flood_at >> 16);
			bool flooded = flood_every_q16 != 0 && flood <= bench.now;
			bool victim = victim_every != 0 && victim_at <= bench.now;

			if (!flooded && !victim)
				break;
			if (victim && (!flooded || victim_at <= flood)) {
				offer(0, kind, victim_at);
				victim_at += victim_every;
			} else {
				offer(1 + next++ % (bench.n - 1), kind, flood);
				flood_at += flood_every_q16;
			}
		}
		turn();
		if (kind == ROUTES && bench.n > 1 && turns++ % 64 == 0)
			churn(turns / 64);
	}
}

/* Cycles a packet of one router alone, flooded. */
static double cost_alone(uint64_t tsc)
{
	double cost;

	set_up(1, FLOOD);
	for (unsigned int pass = 0; pass < 2; pass++) {
		uint64_t from = bench.now;

		forget();
		while (bench.now - from < tsc) {
			while (!rte_ring_full(bench.rx))
				offer(0, FLOOD, bench.now);
			turn();
		}
		cost = (double)(bench.now - from) / (double)bench.got[0];
	}
	while (rte_ring_count(bench.rx) > 0)
		turn();
	tear_down();
	return cost;
}

static double jain(void)
{
	double sum = 0, squares = 0;

	for (unsigned int v = 1; v < bench.n; v++) {
		sum += (double)bench.got[v];
		squares += (double)bench.got[v] * (double)bench.got[v];
	}
	return squares > 0 ? sum * sum / (squares * (bench.n - 1)) : 1;
}

static double us(uint64_t tsc)
{
	return (double)tsc / (double)rte_get_tsc_hz() * 1e6;
}

static void measure(enum kind kind, unsigned int neighbours, double cost, uint64_t tsc)
{
	uint64_t flooded = 0, refused = 0, begun;

	set_up(neighbours, kind);
	run(kind, (uint64_t)(cost * 10), neighbours ? (uint64_t)(cost / FLOOD_TIMES * 65536) : 0,
		tsc / 4);
	forget();
	begun = bench.now;
	run(kind, (uint64_t)(cost * 10), neighbours ? (uint64_t)(cost / FLOOD_TIMES * 65536) : 0,
		tsc);
	begun = bench.now - begun;
	for (unsigned int i = 0; i < 2000; i++)
		turn();
	for (unsigned int v = 1; v < bench.n; v++) {
		flooded += bench.got[v];
		refused += bench.refused[v];
	}
	printf("{\"kind\": \"%s\", \"neighbours\": %u, \"victim_offered\": %" PRIu64
	       ", \"victim_lost\": %" PRIu64 ", \"latency_us\": {\"p50\": %.2f, \"p99\": %.2f, "
	       "\"p999\": %.2f, \"max\": %.2f}, \"flooded_pps\": %.0f, \"device_lost\": %" PRIu64
	       ", \"jain\": %.5f, \"turns_cut\": %" PRIu64 "}\n",
		kind_names[kind], neighbours, bench.offered[0], bench.offered[0] - bench.got[0],
		us(hist_quantile(&bench.latency, 0.5)), us(hist_quantile(&bench.latency, 0.99)),
		us(hist_quantile(&bench.latency, 0.999)), us(bench.latency.max),
		(double)flooded / (double)begun * (double)rte_get_tsc_hz(), refused, jain(),
		bench.cut);
	fflush(stdout);
	tear_down();
}

/* All flooded alike, none is spared: what comes out in all, beside one alone. */
static void aggregate(unsigned int n, double cost, uint64_t tsc)
{
	uint64_t from, got = 0;

	set_up(n, FLOOD);
	run(FLOOD, 0, (uint64_t)(cost / FLOOD_TIMES * 65536), tsc / 4);
	forget();
	from = bench.now;
	run(FLOOD, 0, (uint64_t)(cost / FLOOD_TIMES * 65536), tsc);
	for (unsigned int v = 1; v < bench.n; v++)
		got += bench.got[v];
	printf("{\"kind\": \"aggregate\", \"neighbours\": %u, \"of_one\": %.4f, \"jain\": %.5f, "
	       "\"turns_cut\": %" PRIu64 "}\n",
		n, (double)got * cost / (double)(bench.now - from), jain(), bench.cut);
	fflush(stdout);
	tear_down();
}

int main(int argc, char **argv)
{
	static const unsigned int ns[] = {0, 1, 3, 7, 63};
	bool sharing = argc > 1 && strcmp(argv[1], "on") == 0;
	double seconds = argc > 2 ? atof(argv[2]) : 0, cost;
	uint64_t tsc;

	if (argc != 3 || (!sharing && strcmp(argv[1], "off") != 0) || seconds <= 0 ||
		seconds > 60) {
		fputs("Usage: isolation on|off SECONDS\n\nThe router shares its worker, or does "
		      "not; so "
		      "long is each measurement, up to 60.\n",
			stderr);
		return 2;
	}
	open_all(sharing);
	tsc = (uint64_t)(seconds * (double)rte_get_tsc_hz());
	cost = cost_alone(tsc);
	printf("{\"kind\": \"alone\", \"tsc_hz\": %" PRIu64 ", \"cycles_a_packet\": %.1f}\n",
		rte_get_tsc_hz(), cost);
	for (enum kind kind = 0; kind < KINDS; kind++)
		for (unsigned int i = kind == FLOOD ? 0 : 1; i < RTE_DIM(ns); i++)
			measure(kind, ns[i], cost, tsc);
	for (unsigned int i = 0; i < 2; i++)
		aggregate(i == 0 ? 8 : 63, cost, tsc);
	dp_fini();
	rte_mempool_free(bench.pool);
	return 0;
}
