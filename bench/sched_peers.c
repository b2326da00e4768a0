/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's own: librte_sched as a port of one subport with a pipe for each link, and librte_meter's
 * single rate three colour marker (RFC 2697). */
#include <stdlib.h>

#include <rte_meter.h>
#include <rte_sched.h>

#include "bench/sched_bench.h"

#define RATE_BYTES UINT64_C(12500000000) /* never what limits */
#define QUEUE 32                         /* of a link; what exceeds it would be dropped */
#define QUEUE_FEW 256
#define WAITING 4

static struct rte_sched_port *sched;
static uint64_t sched_state = 1, meter_state = 1;
static unsigned int sched_busy, meter_busy;
static uint32_t waiting;
static bool filled;

static int sched_open(unsigned int busy, unsigned int idle)
{
	static struct rte_sched_subport_profile_params subport_profile = {
		.tb_rate = RATE_BYTES, .tb_size = 1000000, .tc_period = 10};
	static struct rte_sched_pipe_params pipe = {.tb_rate = RATE_BYTES,
		.tb_size = 1000000,
		.tc_period = 40,
		.tc_ov_weight = 1,
		.wrr_weights = {1, 1, 1, 1}};
	struct rte_sched_subport_params subport = {
		.pipe_profiles = &pipe, .n_pipe_profiles = 1, .n_max_pipe_profiles = 1};
	struct rte_sched_port_params port = {.name = "bench",
		.socket = 0,
		.rate = RATE_BYTES,
		.mtu = 1522,
		.frame_overhead = 0,
		.n_subports_per_port = 1,
		.subport_profiles = &subport_profile,
		.n_subport_profiles = 1,
		.n_max_subport_profiles = 1};

	sched_busy = busy;
	port.n_pipes_per_subport = rte_align32pow2(busy + idle);
	subport.n_pipes_per_subport_enabled = port.n_pipes_per_subport;
	for (int i = 0; i < RTE_SCHED_TRAFFIC_CLASSES_PER_PIPE; i++) {
		bool used = i == RTE_SCHED_TRAFFIC_CLASS_BE;

		/* Queues of the other classes would be memory for nothing. */
		subport_profile.tc_rate[i] = RATE_BYTES;
		pipe.tc_rate[i] = used ? RATE_BYTES : 0;
		subport.qsize[i] = used ? (busy > 1000 ? QUEUE : QUEUE_FEW) : 0;
	}
	sched = rte_sched_port_config(&port);
	if (sched == NULL || rte_sched_subport_config(sched, 0, &subport, 0) != 0)
		return -1;
	for (uint32_t i = 0; i < port.n_pipes_per_subport; i++)
		if (rte_sched_pipe_config(sched, 0, i, 0) != 0)
			return -1;
	return 0;
}

static void sched_make(struct rte_mbuf **m)
{
	for (unsigned int i = 0; i < BURST; i++) {
		m[i] = bench_frame();
		rte_sched_port_pkt_write(sched, m[i], 0, bench_random(&sched_state, sched_busy),
			RTE_SCHED_TRAFFIC_CLASS_BE, 0, RTE_COLOR_GREEN);
	}
}

static double sched_part(unsigned int bursts)
{
	uint32_t target = RTE_MIN(RTE_MAX(sched_busy * WAITING, 128u), WAITING_MAX);
	uint64_t cycles = 0, packets = 0;
	struct rte_mbuf *in[BURST], *out[BURST];

	for (unsigned int r = 0; r < bursts; r++) {
		bool comes = waiting < target;
		uint64_t start;
		int n = 0;

		if (comes)
			sched_make(in);
		start = rte_rdtsc();
		if (comes)
			waiting += (uint32_t)rte_sched_port_enqueue(sched, in, BURST);
		/* Filled first. */
		if (filled)
			n = rte_sched_port_dequeue(sched, out, BURST);
		cycles += filled ? rte_rdtsc() - start : 0;
		filled = filled || waiting >= target;
		waiting -= (uint32_t)n;
		packets += (uint64_t)n;
		rte_pktmbuf_free_bulk(out, (unsigned int)n);
	}
	return packets > 0 ? (double)cycles / (double)packets : 0;
}

/* ---- the marker ---- */

static struct rte_meter_srtcm_profile profile;
static struct rte_meter_srtcm *meters[LINKS_MAX];

static int meter_open(unsigned int busy, unsigned int idle)
{
	/* As many bytes a second as the other policer lets pass at half of what is offered. */
	struct rte_meter_srtcm_params params = {
		.cir = UINT64_C(1000000), .cbs = 4 * FRAME, .ebs = 0};

	meter_busy = busy;
	if (rte_meter_srtcm_profile_config(&profile, &params) != 0)
		return -1;
	for (unsigned int i = 0; i < busy + idle; i++) {
		/* Apart, as the fields of links are. */
		meters[i] = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_CACHE_LINE_SIZE);
		if (meters[i] == NULL || rte_meter_srtcm_config(meters[i], &profile) != 0)
			return -1;
	}
	return 0;
}

static double meter_part(unsigned int bursts)
{
	static uint64_t now;
	uint64_t cycles = 0, green = 0;
	uint32_t link[BURST];

	if (now == 0)
		now = rte_rdtsc();
	for (unsigned int r = 0; r < bursts; r++) {
		uint64_t start;

		for (unsigned int i = 0; i < BURST; i++)
			link[i] = bench_random(&meter_state, meter_busy);
		/* A burst's time at half of the rate of all links together. */
		now += rte_get_tsc_hz() / 1000000 * FRAME * BURST / 2 / meter_busy;
		start = rte_rdtsc();
		for (unsigned int i = 0; i < BURST; i++)
			green += rte_meter_srtcm_color_blind_check(
					 meters[link[i]], &profile, now, FRAME) == RTE_COLOR_GREEN;
		cycles += rte_rdtsc() - start;
	}
	if (green == 0 || green == (uint64_t)bursts * BURST)
		return -1;
	return (double)cycles / bursts / BURST;
}

const struct contestant peer_sched = {"rte_sched", sched_open, sched_part};
const struct contestant peer_meter = {"rte_meter", meter_open, meter_part};
