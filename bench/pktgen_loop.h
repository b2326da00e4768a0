/* SPDX-License-Identifier: BSD-3-Clause */
/* The two halves of the generator, which pktgen_run.c puts together. The sender belongs to the main
 * lcore; the receiver to the second one while it runs, where there is one. */
#ifndef HPSR_BENCH_PKTGEN_LOOP_H
#define HPSR_BENCH_PKTGEN_LOOP_H

#include <rte_common.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "bench/pktgen.h"

struct sender {
	struct pace pace;
	struct frame_size sizes[PKTGEN_MIX_MAX];
	struct pace_cost costs[PKTGEN_MIX_MAX];
	unsigned int n_mix, mix_at;
	uint32_t flow_at, n_flows;
	uint16_t run;
	uint32_t *next_seq; /* by flow; also: how many of it were sent */
	struct rte_mbuf *bufs[PKTGEN_BURST], *pending[PKTGEN_BURST];
	unsigned int n_bufs, n_pending; /* n_bufs: at the end of bufs */
	uint64_t packets, bytes, refused, left;
};

struct receiver {
	struct flow *flows;
	uint16_t run, other_run;
	uint64_t packets, payload_bytes;
	uint64_t corrupted, wrong_tag, other, stray;
	uint64_t first_tsc, last_tsc, poll_tsc, gap_tsc;
	struct hist latency;
};

struct pktgen {
	const struct pktgen_options *o;
	const struct pktgen_ports *ports;
	struct frame_set set;
	uint64_t hz;
	uint16_t last_run;
	struct rte_ring *replies; /* to be sent by whoever sends */
	bool have_router;
	struct mac_addr router;
	struct sender tx __rte_cache_aligned;
	struct receiver rx __rte_cache_aligned;
	int stop_rx __rte_cache_aligned;
};

static inline uint64_t pktgen_ticks(const struct pktgen *gen, double seconds)
{
	return (uint64_t)(seconds * (double)gen->hz);
}

/* ---- pktgen_rx.c ---- */

/* Whoever else is on our CPU waits: what we measure is not them. */
void pktgen_go_first(void);
/* Count frames of RUN from nothing; those of OTHER_RUN are neither ours nor strays. Until rx_end,
 * the receiver runs on its own lcore or, where there is one only, in pktgen_rx_step. */
void pktgen_rx_begin(struct pktgen *gen, uint16_t run, uint16_t other_run);
void pktgen_rx_end(struct pktgen *gen);
void pktgen_rx_step(struct pktgen *gen);

/* ---- pktgen_tx.c ---- */

/* Sizes and pace of the trial, at RATE. -ERANGE. */
int pktgen_tx_set(
	struct pktgen *gen, const struct pktgen_trial *trial, uint64_t rate, bool rate_is_bits);
/* From now on: PACKETS, or where that is 0, SECONDS. */
void pktgen_tx_start(struct pktgen *gen, uint16_t run, uint64_t packets, double seconds);
/* Send what is due. */
void pktgen_tx_step(struct pktgen *gen);
bool pktgen_tx_over(const struct pktgen *gen);
/* What the device has not taken was not sent. */
void pktgen_tx_give_up(struct pktgen *gen);
/* Send the receiver's answers. */
void pktgen_tx_replies(struct pktgen *gen);

#endif
