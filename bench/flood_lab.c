/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_ip.h>

#include "bench/flood_lab.h"
#include "dataplane/dp_state.h"
#include "lib/log.h"

#define SLICES_MAX 2u
#define TX_RING 4096u
#define BUFS 8192u /* of the dataplane, a slice; those of the generator stay in the cache */
#define GENERATOR_BUFS 6144u
/* A turn that takes longer than its work can was interrupted, and counts as a usual one. */
#define CUT_US 80
#define USUAL_US 10
#define SHAPED_BPS 1000000u
#define NET_IN 0x0a000000u   /* 10.0.0.0/24, at port 0 */
#define NET_OUT 0x0a000100u  /* 10.0.1.0/24, at port 1 */
#define NET_SCAN 0x0a280000u /* 10.40.0.0/16, nobody is there */
#define NET_KEEP 0x0a270000u
#define KEEP_VLAN 4000u
#define STAMP 50 /* offset of the frame's arrival, in its payload */
#define MAC_OF(lab, p)                                                 \
	{                                                              \
		2, 0, 0, 0, (uint8_t)(lab)->worker, (uint8_t)(1 + (p)) \
	}

/* Inline, so that the compiler knows what holds behind it. */
static inline void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "flood: %s\n", what);
	exit(1);
}

void flood_start(bool sharing, unsigned int n_slices)
{
	static const uint16_t lcores[SLICES_MAX] = {1, 2};
	struct dp_slice_spec slices[SLICES_MAX];
	char name[32], err[DP_ERR_LEN] = "";
	struct dp_conf conf = {.site = name,
		.hugepages = -1,
		.n_bufs = BUFS * n_slices,
		.mtu_max = 1500,
		.slices = slices,
		.n_slices = n_slices,
		.inline_run = true};

	check(n_slices <= SLICES_MAX, "too many slices");
	for (unsigned int i = 0; i < n_slices; i++) {
		slices[i] = (struct dp_slice_spec){
			.lcores = &lcores[i], .n_lcores = 1, .no_sharing = !sharing};
		snprintf(slices[i].name, sizeof(slices[i].name), "s%u", i);
	}
	snprintf(name, sizeof(name), "bench%d", (int)getpid());
	log_set_level(LOG_LEVEL_WARN);
	check(dp_init(&conf, err) == 0, err);
}

static dp_vr_id add_vr(struct flood_lab *lab, struct dp_txn *txn, const char *name, unsigned int v,
	uint32_t weight)
{
	struct dp_vr_spec spec = {.weight = weight};
	char err[DP_ERR_LEN] = "";
	dp_vr_id id = 0;

	snprintf(spec.slice, sizeof(spec.slice), "s%u", lab->worker);
	snprintf(spec.name, sizeof(spec.name), "%s%u-%u/r", name, lab->worker, v);
	check(dp_txn_vr_add(txn, &spec, &id, err) == 0, err);
	return id;
}

static dp_iface_id add_iface(struct flood_lab *lab, struct dp_txn *txn, dp_vr_id vr,
	unsigned int port, uint16_t vlan, uint32_t net, bool shaped)
{
	struct ip_prefix address = {.addr = ipaddr_from_u32(net + 1), .len = 24};
	struct dp_iface_spec spec = {.port = lab->ports[port],
		.outer_vlan = DP_VLAN_NONE,
		.vlan = vlan,
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
	check(dp_txn_iface_add(txn, vr, &spec, &id, err) == 0, err);
	return id;
}

/* A router that nobody speaks to comes with the ports, so that they are its slice's to poll. */
void flood_open(struct flood_lab *lab, unsigned int slice, uint32_t frame_bytes)
{
	struct dp_txn *txn = dp_txn_begin();
	char name[32], err[DP_ERR_LEN] = "";
	struct rte_ring *tx[SLICES_MAX];
	dp_vr_id keeper;

	memset(lab, 0, sizeof(*lab));
	lab->worker = slice;
	lab->frame_bytes = frame_bytes;
	check(txn != NULL, "out of memory");
	snprintf(name, sizeof(name), "flood_pool%u", slice);
	lab->pool = rte_pktmbuf_pool_create(name, GENERATOR_BUFS, 256, 0,
		(uint16_t)(RTE_ALIGN_CEIL(frame_bytes + 64u, 256u) + RTE_PKTMBUF_HEADROOM),
		SOCKET_ID_ANY);
	check(lab->pool != NULL, "no buffers");
	for (unsigned int p = 0; p < 2; p++) {
		struct dp_port_spec spec = {
			.mtu = 1500, .device = name, .mac = {.bytes = MAC_OF(lab, p)}};
		struct rte_ring *rx;

		snprintf(name, sizeof(name), "rx%u_%u", slice, p);
		rx = rte_ring_create(name, FLOOD_RX_QUEUE, SOCKET_ID_ANY, RING_F_EXACT_SZ);
		snprintf(name, sizeof(name), "tx%u_%u", slice, p);
		lab->tx[p] = rte_ring_create(name, TX_RING, SOCKET_ID_ANY, 0);
		for (unsigned int i = 0; i < dp.n_workers; i++)
			tx[i] = lab->tx[p];
		snprintf(name, sizeof(name), "net_ring_b%u_%u", slice, p);
		check(rx != NULL && lab->tx[p] != NULL &&
				rte_eth_from_rings(name + strlen("net_ring_"), &rx, 1, tx,
					dp.n_workers, 0) >= 0,
			"no ring ports");
		if (p == 0)
			lab->rx = rx;
		snprintf(spec.name, sizeof(spec.name), "p%u-%u", slice, p);
		check(dp_txn_port_add(txn, &spec, &lab->ports[p], err) == 0, err);
	}
	keeper = add_vr(lab, txn, "keep", 0, 1);
	for (unsigned int p = 0; p < 2; p++)
		add_iface(lab, txn, keeper, p, KEEP_VLAN, NET_KEEP + (p << 8), false);
	dp_txn_commit(txn);
	check(dp.workers[slice].n_rx == 2, "the slice does not receive from its ports");
}

void flood_stop(struct flood_lab *labs, unsigned int n)
{
	dp_fini();
	for (unsigned int i = 0; i < n; i++)
		rte_mempool_free(labs[i].pool);
}

void flood_setup(
	struct flood_lab *lab, const uint32_t *weights, unsigned int n, enum flood_kind kind)
{
	struct dp_txn *txn = dp_txn_begin();
	char err[DP_ERR_LEN] = "";

	check(txn != NULL, "out of memory");
	check(n <= FLOOD_VRS_MAX, "too many routers");
	lab->n = n;
	for (unsigned int v = 0; v < n; v++) {
		struct dp_route_spec scan = {
			.to = {.addr = ipaddr_from_u32(NET_SCAN), .len = 16}, .n_nexthops = 1};
		struct dp_neigh_spec neighbor = {.address = ipaddr_from_u32(NET_OUT + 2),
			.mac = {.bytes = {2, 0, 0, 0, 1, 1}}};

		lab->vrs[v] = add_vr(lab, txn, "v", v, weights[v]);
		add_iface(lab, txn, lab->vrs[v], 0, (uint16_t)(v + 1), NET_IN, false);
		lab->outs[v] = add_iface(lab, txn, lab->vrs[v], 1, (uint16_t)(v + 1), NET_OUT,
			v > 0 && kind == FLOOD_SHAPER);
		scan.nexthops[0].iface = neighbor.iface = lab->outs[v];
		check(dp_txn_routes_set(txn, lab->vrs[v], &scan, 1, err) == 0, err);
		check(dp_txn_neighbors_set(txn, lab->vrs[v], &neighbor, 1, err) == 0, err);
	}
	dp_txn_commit(txn);
}

void flood_teardown(struct flood_lab *lab)
{
	struct dp_txn *txn = dp_txn_begin();
	char err[DP_ERR_LEN] = "";

	check(txn != NULL, "out of memory");
	for (unsigned int v = 0; v < lab->n; v++)
		check(dp_txn_vr_del(txn, lab->vrs[v], err) == 0, err);
	dp_txn_commit(txn);
}

static void offer(struct flood_lab *lab, unsigned int v, enum flood_kind kind, uint64_t arrival)
{
	static const uint8_t stations[2][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 2, 1}};
	uint32_t dst = NET_OUT + 2;
	struct rte_ipv4_hdr *ip;
	struct rte_mbuf *m;
	uint8_t *frame;

	lab->offered[v]++;
	m = rte_ring_full(lab->rx) ? NULL : rte_pktmbuf_alloc(lab->pool);
	if (m == NULL) {
		lab->refused[v]++;
		return;
	}
	frame = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)lab->frame_bytes);
	check(frame != NULL, "a buffer too small");
	memset(frame, 0, FLOOD_FRAME_MIN);
	memcpy(frame, stations, sizeof(stations));
	frame[4] = (uint8_t)lab->worker;
	frame[12] = 0x81;
	frame[15] = (uint8_t)(v + 1);
	frame[16] = 8;
	ip = (struct rte_ipv4_hdr *)(frame + 18);
	if (v > 0 && kind == FLOOD_SCAN)
		dst = NET_SCAN + lab->seq++ % 60000 + 2;
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(lab->frame_bytes - 18));
	ip->time_to_live = v > 0 && kind == FLOOD_TTL ? 1 : 64;
	ip->next_proto_id = IPPROTO_UDP;
	ip->src_addr = rte_cpu_to_be_32(NET_IN + 2);
	ip->dst_addr = rte_cpu_to_be_32(dst);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	memcpy(frame + STAMP, &arrival, sizeof(arrival));
	check(rte_ring_enqueue(lab->rx, m) == 0, "receive queue");
}

static void collect(struct flood_lab *lab)
{
	for (unsigned int p = 0; p < 2; p++) {
		struct rte_mbuf *m;

		while (rte_ring_dequeue(lab->tx[p], (void **)&m) == 0) {
			const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
			unsigned int v = (frame[14] & 0xfu) * 256u + frame[15] - 1u;
			uint64_t arrival;

			if (p == 1 && frame[16] == 8 && v < lab->n) {
				lab->got[v]++;
				memcpy(&arrival, frame + STAMP, sizeof(arrival));
				if (v == 0)
					hist_add(&lab->latency, lab->now - arrival, 1);
			}
			rte_pktmbuf_free(m);
		}
	}
}

/* The loop turns once. */
static void turn(struct flood_lab *lab)
{
	uint64_t most = rte_get_tsc_hz() / 1000000 * CUT_US, start = rte_rdtsc(), spent;

	worker_turn(&dp.workers[lab->worker]);
	spent = rte_rdtsc() - start;
	if (spent > most) {
		lab->cut++;
		spent = most / CUT_US * USUAL_US;
	}
	lab->now += spent;
	collect(lab);
}

void flood_rest(struct flood_lab *lab, unsigned int turns)
{
	for (unsigned int i = 0; i < turns; i++)
		turn(lab);
}

void flood_forget(struct flood_lab *lab)
{
	memset(lab->offered, 0, sizeof(lab->offered));
	memset(lab->refused, 0, sizeof(lab->refused));
	memset(lab->got, 0, sizeof(lab->got));
	memset(&lab->latency, 0, sizeof(lab->latency));
	lab->cut = 0;
}

static void churn(struct flood_lab *lab, unsigned int i)
{
	struct dp_route_spec route = {
		.to = {.addr = ipaddr_from_u32(0x0b000000u + (i % 4096 << 8)), .len = 24},
		.nexthops = {{.via = ipaddr_from_u32(NET_OUT + 2)}},
		.n_nexthops = 1};
	unsigned int v = 1 + i % (lab->n - 1);
	char err[DP_ERR_LEN] = "";

	route.nexthops[0].iface = lab->outs[v];
	check(dp_route_add(lab->vrs[v], &route, err) == 0, err);
}

void flood_run(struct flood_lab *lab, enum flood_kind kind, uint64_t victim_every,
	uint64_t flood_every_q16, uint64_t tsc)
{
	unsigned int first = lab->first_flooded, next = 0, turns = 0;
	uint64_t end = lab->now + tsc, victim_at = lab->now, flood_at = 0, flood_from = lab->now;

	while (lab->now < end) {
		for (;;) {
			uint64_t flood = flood_from + (flood_at >> 16);
			bool flooded = flood_every_q16 != 0 && flood <= lab->now;
			bool victim = victim_every != 0 && victim_at <= lab->now;

			if (!flooded && !victim)
				break;
			if (victim && (!flooded || victim_at <= flood)) {
				offer(lab, 0, kind, victim_at);
				victim_at += victim_every;
			} else {
				offer(lab, first + next++ % (lab->n - first), kind, flood);
				flood_at += flood_every_q16;
			}
		}
		turn(lab);
		if (kind == FLOOD_ROUTES && lab->n > 1 && turns++ % 64 == 0)
			churn(lab, turns / 64);
	}
}

double flood_cost(struct flood_lab *lab, uint64_t tsc)
{
	static const uint32_t weights[] = {1, 1};
	double cost = 0;

	flood_setup(lab, weights, 2, FLOOD_FORWARD);
	for (unsigned int pass = 0; pass < 2; pass++) {
		uint64_t from = lab->now;

		flood_forget(lab);
		while (lab->now - from < tsc) {
			while (!rte_ring_full(lab->rx))
				offer(lab, 0, FLOOD_FORWARD, lab->now);
			turn(lab);
		}
		check(lab->got[0] > 0, "nothing is forwarded");
		cost = (double)(lab->now - from) / (double)lab->got[0];
	}
	while (rte_ring_count(lab->rx) > 0)
		turn(lab);
	flood_teardown(lab);
	return cost;
}

double flood_jain(const struct flood_lab *lab, unsigned int first)
{
	double sum = 0, squares = 0;

	for (unsigned int v = first; v < lab->n; v++) {
		sum += (double)lab->got[v];
		squares += (double)lab->got[v] * (double)lab->got[v];
	}
	return squares > 0 ? sum * sum / (squares * (lab->n - first)) : 1;
}

uint64_t flood_got(const struct flood_lab *lab, unsigned int first)
{
	uint64_t sum = 0;

	for (unsigned int v = first; v < lab->n; v++)
		sum += lab->got[v];
	return sum;
}

double flood_us(uint64_t tsc)
{
	return (double)tsc / (double)rte_get_tsc_hz() * 1e6;
}

double flood_seconds(const char *text)
{
	double seconds = atof(text);

	return seconds > 0 && seconds <= 60 ? seconds : -1;
}
