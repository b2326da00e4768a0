/* SPDX-License-Identifier: BSD-3-Clause */
/* What happens before a run, in it, and after. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "bench/pktgen_arp.h"
#include "bench/pktgen_loop.h"

#define REPLIES 1024u
#define LEARN_PPS UINT64_C(100000)
#define LEARN_PASS_S 0.05 /* the least time between two frames of a flow not heard of */
#define RESOLVE_TRIES 10
#define RESOLVE_S 0.5
#define AFTER_LAST_S 0.002 /* all is there: what could still come are duplicates */

/* Before a buffer's first use: rte_pktmbuf_alloc will put its data at the same place. */
static void fill_buf(struct rte_mempool *pool, void *set, void *buf, unsigned int index)
{
	(void)pool;
	(void)index;
	rte_pktmbuf_reset_headroom(buf);
	frame_fill(set, rte_pktmbuf_mtod((struct rte_mbuf *)buf, uint8_t *));
}

struct pktgen *pktgen_create(const struct pktgen_options *o, const struct pktgen_ports *ports)
{
	struct pktgen *gen = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*gen));
	struct frame_spec spec = o->frames;

	if (gen == NULL)
		return NULL;
	memset(gen, 0, sizeof(*gen));
	pktgen_go_first();
	gen->o = o;
	gen->ports = ports;
	gen->hz = rte_get_tsc_hz();
	/* Frames of another process's runs are not ours. */
	gen->last_run = (uint16_t)(rte_rdtsc() >> 8);
	spec.src_mac = ports->tx_mac;
	if (frame_set_init(&gen->set, &spec) < 0)
		goto fail;
	rte_mempool_obj_iter(ports->tx_pool, fill_buf, &gen->set);
	gen->replies =
		rte_ring_create("replies", REPLIES, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	gen->tx.next_seq = calloc(spec.n_flows, sizeof(*gen->tx.next_seq));
	gen->rx.flows =
		aligned_alloc(RTE_CACHE_LINE_SIZE, (size_t)spec.n_flows * sizeof(*gen->rx.flows));
	if (gen->replies == NULL || gen->tx.next_seq == NULL || gen->rx.flows == NULL)
		goto fail;
	return gen;
fail:
	pktgen_destroy(gen);
	return NULL;
}

void pktgen_destroy(struct pktgen *gen)
{
	if (gen == NULL)
		return;
	rte_pktmbuf_free_bulk(gen->tx.bufs + PKTGEN_BURST - gen->tx.n_bufs, gen->tx.n_bufs);
	rte_ring_free(gen->replies);
	free(gen->tx.next_seq);
	free(gen->rx.flows);
	free(gen);
}

/* What there is to do beside sending. */
static void serve_step(struct pktgen *gen)
{
	if (gen->o->n_lcores == 1)
		pktgen_rx_step(gen);
	pktgen_tx_replies(gen);
}

/* ---- before the run ---- */

int pktgen_resolve(struct pktgen *gen)
{
	const struct pktgen_options *o = gen->o;

	if (o->via.af == IP_AF_NONE)
		return 0;
	pktgen_rx_begin(gen, 0, 0);
	for (int i = 0; i < RESOLVE_TRIES && !gen->have_router && !pktgen_stopped; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(gen->ports->rx_pool);
		uint64_t end = rte_rdtsc() + pktgen_ticks(gen, RESOLVE_S);

		if (m != NULL) {
			uint32_t len = arp_request(rte_pktmbuf_mtod(m, uint8_t *),
				&gen->ports->tx_mac, o->frames.tags, o->frames.n_tags,
				o->frames.src, ipaddr_to_u32(&o->via));

			rte_pktmbuf_append(m, (uint16_t)len);
			if (rte_eth_tx_burst(gen->ports->tx, 0, &m, 1) == 0)
				rte_pktmbuf_free(m);
		}
		while (!__atomic_load_n(&gen->have_router, __ATOMIC_ACQUIRE) && !pktgen_stopped &&
			rte_rdtsc() < end)
			serve_step(gen);
	}
	pktgen_rx_end(gen);
	if (!gen->have_router)
		return -ETIMEDOUT;
	gen->set.spec.dst_mac = gen->router;
	return 0;
}

static bool heard(struct pktgen *gen, uint32_t flow)
{
	return __atomic_load_n(&gen->rx.flows[flow].received, __ATOMIC_RELAXED) != 0;
}

/* A pass over the flows not heard of; how many these were. */
static uint32_t learn_pass(struct pktgen *gen, uint64_t end_tsc)
{
	struct sender *tx = &gen->tx;
	uint32_t missing = 0;

	for (uint32_t f = 0; f < gen->set.spec.n_flows && !pktgen_stopped; f++) {
		if (heard(gen, f))
			continue;
		missing++;
		tx->flow_at = f;
		tx->left = 1;
		while (tx->left != 0 && !pktgen_stopped && rte_rdtsc() < end_tsc) {
			serve_step(gen);
			pktgen_tx_step(gen);
		}
	}
	return missing;
}

int pktgen_learn(struct pktgen *gen, uint32_t *missing)
{
	const struct pktgen_options *o = gen->o;
	const struct pktgen_trial *trial = &o->trial;
	uint64_t end = rte_rdtsc() + pktgen_ticks(gen, o->learn), pps = trial->rate;
	uint16_t run = ++gen->last_run;

	*missing = 0;
	if (o->learn <= 0)
		return 0;
	if (trial->rate_is_bits)
		pps /= 8 * pktgen_count_bytes(o, trial->mix[0]);
	pps = pps == 0 ? (trial->rate != 0 ? 1 : LEARN_PPS) : RTE_MIN(pps, LEARN_PPS);
	pktgen_rx_begin(gen, run, 0);
	pktgen_tx_set(gen, trial, pps, false);
	pktgen_tx_start(gen, run, UINT32_MAX, 0);
	do {
		uint64_t pass = rte_rdtsc() + pktgen_ticks(gen, LEARN_PASS_S);

		*missing = learn_pass(gen, end);
		while (*missing != 0 && !pktgen_stopped && rte_rdtsc() < pass)
			serve_step(gen);
	} while (*missing != 0 && !pktgen_stopped && rte_rdtsc() < end);
	pktgen_tx_give_up(gen);
	pktgen_rx_end(gen);
	return *missing == 0 ? 0 : -ETIMEDOUT;
}

void pktgen_poll(struct pktgen *gen)
{
	/* The lcore of the receiver rests: all of it is ours. */
	pktgen_rx_step(gen);
	pktgen_tx_replies(gen);
}

/* ---- the run ---- */

/* Until all has come, or nothing more does. The end of the waiting. */
static uint64_t drain(struct pktgen *gen, uint64_t from_tsc)
{
	uint64_t quiet = pktgen_ticks(gen, gen->o->quiet), after = pktgen_ticks(gen, AFTER_LAST_S);
	uint64_t end = from_tsc + pktgen_ticks(gen, gen->o->drain), last = from_tsc, now,
		 packets = 0;

	do {
		uint64_t got;

		serve_step(gen);
		now = rte_rdtsc();
		got = __atomic_load_n(&gen->rx.packets, __ATOMIC_RELAXED);
		if (got != packets)
			last = now;
		packets = got;
		if (packets >= gen->tx.packets - gen->tx.refused && now - last > after)
			break;
	} while (now < end && now - last < quiet);
	return now;
}

static void judge(const struct pktgen *gen, struct pktgen_result *r)
{
	if (r->tx_packets == 0) {
		r->is_void = true;
		snprintf(r->why, sizeof(r->why), "could not send anything");
	} else if (r->short_share > gen->o->tolerance) {
		r->is_void = true;
		snprintf(r->why, sizeof(r->why), "could send only %.3f %% of the asked rate",
			100 * (1 - r->short_share));
	}
}

void pktgen_run(struct pktgen *gen, const struct pktgen_trial *trial, struct pktgen_result *r)
{
	const struct pktgen_options *o = gen->o;
	const struct receiver *rx = &gen->rx;
	struct sender *tx = &gen->tx;
	uint16_t warm = ++gen->last_run, run = ++gen->last_run;
	uint64_t start, end, done;
	int overhead = (int)pktgen_count_bytes(o, FRAME_SIZE_MAX) -
		(int)(FRAME_SIZE_MAX - frame_size_of_payload(&o->frames, 0));

	memset(r, 0, sizeof(*r));
	r->trial = *trial;
	if (pktgen_tx_set(gen, trial, trial->rate, trial->rate_is_bits) < 0) {
		r->is_void = true;
		snprintf(r->why, sizeof(r->why), "rate out of range");
		return;
	}
	pktgen_rx_begin(gen, run, warm);
	if (o->warm_up > 0)
		for (pktgen_tx_start(gen, warm, 0, o->warm_up); !pktgen_tx_over(gen);) {
			pktgen_tx_step(gen);
			serve_step(gen);
		}
	pktgen_tx_give_up(gen);
	gen->rx.gap_tsc = 0;
	pktgen_tx_start(gen, run, trial->packets, trial->seconds);
	start = tx->pace.due_tsc;
	while (!pktgen_tx_over(gen)) {
		pktgen_tx_step(gen);
		serve_step(gen);
	}
	/* What the device has not taken at the end of the run was not sent at the asked rate. */
	pktgen_tx_give_up(gen);
	end = rte_rdtsc();
	r->gap_tsc = rx->gap_tsc;
	done = drain(gen, end);
	pktgen_rx_end(gen);
	/* A last frame's time belongs to the run; a pause beyond it does not. */
	r->tx_seconds = (double)(end - start) / (double)gen->hz;
	r->drain_seconds = (double)(done - end) / (double)gen->hz;
	r->rx_seconds = (double)(rx->last_tsc - rx->first_tsc) / (double)gen->hz;
	r->tx_packets = tx->packets;
	r->tx_bytes = tx->bytes;
	r->refused = tx->refused;
	r->rx_packets = rx->packets;
	r->rx_bytes = rx->payload_bytes + (uint64_t)((int64_t)rx->packets * overhead);
	flow_sum(rx->flows, tx->next_seq, gen->set.spec.n_flows, &r->flows);
	r->corrupted = rx->corrupted;
	r->wrong_tag = rx->wrong_tag;
	r->other = rx->other;
	r->stray = rx->stray;
	r->latency_tsc = &rx->latency;
	r->short_share = pace_short(
		&tx->pace, trial->packets != 0 ? end - start : pktgen_ticks(gen, trial->seconds));
	r->interrupted = pktgen_stopped != 0;
	judge(gen, r);
}
