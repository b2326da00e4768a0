/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "bench/rates_lab.h"
#include "dataplane/dp_state.h"
#include "lib/log.h"

#define RING_LEN 4096
#define BUFS 65536
#define VLAN_IN 2u /* of virtual router i: VLAN_IN + i */
#define HEADERS (18 + 20 + 8)
#define NEVER UINT64_MAX

struct path {
	dp_iface_id out;
	uint64_t seq;
	uint8_t head[HEADERS]; /* of a frame of head_size */
	unsigned int head_size;
};

static struct {
	struct rte_ring *rx, *tx;
	struct rte_mempool *pool;
	dp_port_id ports[2];
	dp_vr_id vrs[1 + LAB_BEST_MAX];
	struct path paths[LAB_LINKS_MAX + LAB_BEST_MAX];
	unsigned int n_links, n_best;
	uint64_t now, step, origin;
	void (*sink)(const struct lab_out *out, void *ctx);
	void *sink_ctx;
	uint64_t sent;                 /* frames since lab_setup */
	struct dp_conservation before; /* at lab_setup */
} lab;

static void fail(const char *what)
{
	fprintf(stderr, "rates: %s\n", what);
	exit(1);
}

static void check(int rc, const char *err)
{
	if (rc != 0)
		fail(err);
}

/* ---- the site ---- */

static struct mac_addr mac_of(uint8_t kind, uint8_t n)
{
	return (struct mac_addr){.bytes = {2, 0, 0, 0, kind, n}};
}

static void ports_open(void)
{
	struct rte_ring *rings[2][2];
	struct dp_txn *txn = dp_txn_begin();
	char err[DP_ERR_LEN] = "out of memory";

	if (txn == NULL)
		fail(err);
	for (unsigned int p = 0; p < 2; p++) {
		struct dp_port_spec spec = {.mtu = 1500, .mac = mac_of(0, (uint8_t)(1 + p))};
		char name[32], device[32];

		for (unsigned int d = 0; d < 2; d++) {
			snprintf(name, sizeof(name), "lab_%u_%u", p, d);
			rings[p][d] = rte_ring_create(name, RING_LEN, SOCKET_ID_ANY, 0);
		}
		snprintf(name, sizeof(name), "lab%u", p);
		if (rte_eth_from_rings(name, &rings[p][0], 1, &rings[p][1], 1, 0) < 0)
			fail("no ring ports");
		snprintf(device, sizeof(device), "net_ring_lab%u", p);
		snprintf(spec.name, sizeof(spec.name), "p%u", p);
		spec.device = device;
		check(dp_txn_port_add(txn, &spec, &lab.ports[p], err), err);
	}
	dp_txn_commit(txn);
	lab.rx = rings[0][0];
	lab.tx = rings[1][1];
}

void lab_open(void)
{
	static const uint16_t lcores[] = {1};
	const struct dp_slice_spec slice = {.name = "s0", .lcores = lcores, .n_lcores = 1};
	char name[32], err[DP_ERR_LEN] = "";
	struct dp_conf conf = {.site = name,
		.hugepages = -1,
		.n_bufs = BUFS,
		.mtu_max = 1500,
		.slices = &slice,
		.n_slices = 1,
		.inline_run = true};

	snprintf(name, sizeof(name), "bench%d", (int)getpid());
	log_set_level(LOG_LEVEL_WARN);
	check(dp_init(&conf, err), err);
	lab.pool = rte_pktmbuf_pool_create(
		"lab_pool", BUFS, 256, 0, 1600 + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	if (lab.pool == NULL)
		fail("no buffers");
	ports_open();
	lab.step = rte_get_tsc_hz() * LAB_STEP_NS / 1000000000u;
	/* Ahead of the real clock, by which objects are made, for as long as a bench may take. */
	lab.origin = lab.now = rte_rdtsc() + 10000000 * rte_get_tsc_hz();
}

void lab_close(void)
{
	dp_fini();
	rte_mempool_free(lab.pool);
}

static struct ip_prefix prefix24(uint32_t address)
{
	return (struct ip_prefix){.addr = ipaddr_from_u32(address), .len = 24};
}

static uint32_t net_of(unsigned int path)
{
	return 0x0b000000u + (path << 8);
}

static dp_iface_id iface_add(struct dp_txn *txn, dp_vr_id vr, unsigned int port, uint16_t vlan,
	uint32_t address, const struct dp_link_spec *link)
{
	struct ip_prefix prefix = prefix24(address);
	struct dp_iface_spec spec = {.port = lab.ports[port],
		.outer_vlan = DP_VLAN_NONE,
		.vlan = vlan,
		.addresses = &prefix,
		.n_addresses = 1};
	char err[DP_ERR_LEN];
	dp_iface_id id;

	if (link != NULL)
		spec.link = *link;
	snprintf(spec.name, sizeof(spec.name), "if%u", vlan);
	check(dp_txn_iface_add(txn, vr, &spec, &id, err), err);
	return id;
}

/* Virtual router V with its N paths from FIRST. */
static void vr_add(struct dp_txn *txn, unsigned int v, uint32_t weight, unsigned int first,
	unsigned int n, const struct dp_link_spec *links)
{
	static struct dp_neigh_spec neighbors[LAB_LINKS_MAX];
	struct dp_vr_spec spec = {.slice = "s0", .weight = weight};
	char err[DP_ERR_LEN];

	snprintf(spec.name, sizeof(spec.name), "v%u/r", v);
	check(dp_txn_vr_add(txn, &spec, &lab.vrs[v], err), err);
	iface_add(txn, lab.vrs[v], 0, (uint16_t)(VLAN_IN + v), 0x0a000001u, NULL);
	for (unsigned int i = 0; i < n; i++) {
		struct path *path = &lab.paths[first + i];

		*path = (struct path){0};
		path->out = iface_add(txn, lab.vrs[v], 1, (uint16_t)(LAB_VLAN + first + i),
			net_of(first + i) + 1, links != NULL ? &links[i] : NULL);
		neighbors[i] = (struct dp_neigh_spec){.iface = path->out,
			.address = ipaddr_from_u32(net_of(first + i) + 2),
			.mac = mac_of(1, 1)};
	}
	check(dp_txn_neighbors_set(txn, lab.vrs[v], neighbors, n, err), err);
}

void lab_setup(const struct lab_conf *conf)
{
	struct dp_port_spec port = {.name = "p1",
		.mtu = 1500,
		.capacity_bps = conf->capacity_bps,
		.share_bps = conf->share_bps};
	struct dp_txn *txn = dp_txn_begin();
	char err[DP_ERR_LEN] = "out of memory";

	if (txn == NULL)
		fail(err);
	lab.n_links = conf->n_links;
	lab.n_best = conf->n_best;
	check(dp_txn_port_set(txn, lab.ports[1], &port, err), err);
	vr_add(txn, 0, 1, 0, conf->n_links, conf->links);
	for (unsigned int i = 0; i < conf->n_best; i++)
		vr_add(txn, 1 + i, conf->weights[i], conf->n_links + i, 1, NULL);
	dp_txn_commit(txn);
	lab.sent = 0;
	lab.before = lab_books();
}

static void frames_discard(struct rte_ring *ring)
{
	struct rte_mbuf *m;

	while (rte_ring_dequeue(ring, (void **)&m) == 0)
		rte_pktmbuf_free(m);
}

void lab_teardown(void)
{
	struct dp_conservation after = lab_books();
	struct dp_txn *txn = dp_txn_begin();
	char err[DP_ERR_LEN] = "out of memory";

	if (after.received - lab.before.received != lab.sent)
		fail("what was sent has not been received");
	if (txn == NULL)
		fail(err);
	for (unsigned int v = 0; v <= lab.n_best; v++)
		check(dp_txn_vr_del(txn, lab.vrs[v], err), err);
	dp_txn_commit(txn);
	frames_discard(lab.tx);
}

/* ---- frames ---- */

/* The router of a path, and the address behind it. */
static void head_make(unsigned int link, unsigned int size)
{
	struct path *path = &lab.paths[link];
	unsigned int v = link < lab.n_links ? 0 : 1 + link - lab.n_links;
	unsigned int len = size - LAB_FCS - 18;
	struct rte_ether_hdr ether = {.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN)};
	struct rte_vlan_hdr vlan = {
		rte_cpu_to_be_16((uint16_t)(VLAN_IN + v)), rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)};
	struct rte_ipv4_hdr ip = {.version_ihl = 0x45,
		.total_length = rte_cpu_to_be_16((uint16_t)len),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = rte_cpu_to_be_32(0x0a000002u),
		.dst_addr = rte_cpu_to_be_32(net_of(link) + 2)};
	struct rte_udp_hdr udp = {.src_port = rte_cpu_to_be_16(5000),
		.dst_port = rte_cpu_to_be_16(5001),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(len - 20))};

	memcpy(&ether.dst_addr, mac_of(0, 1).bytes, 6);
	memcpy(&ether.src_addr, mac_of(1, 0).bytes, 6);
	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	memcpy(path->head, &ether, 14);
	memcpy(path->head + 14, &vlan, 4);
	memcpy(path->head + 18, &ip, 20);
	memcpy(path->head + 38, &udp, 8);
	path->head_size = size;
}

void lab_send(unsigned int link, unsigned int size)
{
	struct path *path = &lab.paths[link];
	struct rte_mbuf *m = rte_pktmbuf_alloc(lab.pool);

	if (m == NULL)
		fail("out of buffers");
	if (path->head_size != size)
		head_make(link, size);
	m->data_len = (uint16_t)(size - LAB_FCS);
	m->pkt_len = size - LAB_FCS;
	memcpy(rte_pktmbuf_mtod(m, void *), path->head, HEADERS);
	memcpy(rte_pktmbuf_mtod_offset(m, void *, HEADERS), &path->seq, sizeof(path->seq));
	path->seq++;
	lab.sent++;
	if (rte_ring_full(lab.rx))
		lab_poll();
	if (rte_ring_enqueue(lab.rx, m) != 0)
		fail("the port does not receive");
}

static void drain(void)
{
	struct rte_mbuf *m[64];
	unsigned int n;

	while ((n = rte_ring_dequeue_burst(lab.tx, (void **)m, 64, NULL)) > 0) {
		for (unsigned int i = 0; i < n; i++) {
			const uint8_t *data = rte_pktmbuf_mtod(m[i], const uint8_t *);
			struct lab_out out = {.bytes = m[i]->pkt_len, .tsc = lab.now};

			out.link = ((data[14] & 0x0fu) << 8 | data[15]) - LAB_VLAN;
			if (data[16] == 0x08 && data[17] == 0x06)
				continue; /* ARP: a new interface says that it is there */
			if (m[i]->pkt_len < HEADERS + sizeof(out.seq) || data[12] != 0x81 ||
				out.link >= lab.n_links + lab.n_best)
				fail("a frame left that nobody has sent");
			memcpy(&out.seq, data + HEADERS, sizeof(out.seq));
			if (lab.sink != NULL)
				lab.sink(&out, lab.sink_ctx);
		}
		rte_pktmbuf_free_bulk(m, n);
	}
}

void lab_sink(void (*sink)(const struct lab_out *out, void *ctx), void *ctx)
{
	lab.sink = sink;
	lab.sink_ctx = ctx;
}

/* ---- the clock ---- */

void lab_poll(void)
{
	do {
		dp_poll(lab.now);
		drain();
	} while (!rte_ring_empty(lab.rx));
	/* A turn lets a bounded number go. */
	while (wheel_next(&dp.workers[0].ctx.wheel) <= lab.now) {
		uint64_t waited = dp.workers[0].ctx.wheel.count;

		dp_poll(lab.now);
		drain();
		if (dp.workers[0].ctx.wheel.count >= waited)
			break; /* a lower bound only */
	}
}

uint64_t lab_step_at(uint64_t tsc)
{
	uint64_t off = tsc > lab.origin ? tsc - lab.origin : 0;

	return lab.origin + (off + lab.step - 1) / lab.step * lab.step;
}

void lab_advance(uint64_t until_tsc)
{
	const struct ctx *ctx = &dp.workers[0].ctx;
	uint64_t due = RTE_MIN(wheel_next(&ctx->wheel), ctx_due_tsc(ctx));
	uint64_t next = lab.now + lab.step;

	if (due > next)
		next = due == NEVER || due > until_tsc ? until_tsc : lab_step_at(due);
	lab.now = RTE_MIN(RTE_MAX(next, lab.now + 1), RTE_MAX(until_tsc, lab.now));
	lab_poll();
}

uint64_t lab_now(void)
{
	return lab.now;
}

uint64_t lab_ticks(uint64_t bits, uint64_t bps)
{
	return (uint64_t)((unsigned __int128)bits * rte_get_tsc_hz() / bps);
}

/* ---- links and books ---- */

void lab_link_set(unsigned int link, const struct dp_link_spec *spec)
{
	char err[DP_ERR_LEN];

	check(dp_links_set(&lab.paths[link].out, spec, 1, err), err);
}

struct dp_iface_stats lab_link_stats(unsigned int link)
{
	struct dp_iface_stats stats;

	check(dp_iface_stats_get(lab.paths[link].out, &stats), "no such link");
	return stats;
}

struct dp_conservation lab_books(void)
{
	struct dp_conservation c;

	dp_conservation_get(&c);
	if (c.received != c.sent + c.dropped + c.consumed + c.queued)
		fail("the books do not balance");
	return c;
}

uint64_t lab_drops(enum drop_reason reason)
{
	struct dp_worker_stats stats;

	check(dp_worker_stats_get(0, &stats), "no worker");
	return stats.drops[reason];
}
