/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "bench/pktgen_loop.h"

void pktgen_tx_replies(struct pktgen *gen)
{
	struct rte_mbuf *m;

	while (rte_ring_dequeue(gen->replies, (void **)&m) == 0)
		if (rte_eth_tx_burst(m->port, 0, &m, 1) == 0)
			rte_pktmbuf_free(m); /* asked for again */
}

/* The driver left N of M. */
static void left_over(struct pktgen *gen, struct rte_mbuf **m, unsigned int n)
{
	struct sender *tx = &gen->tx;

	if (gen->o->full_is_loss) {
		tx->refused += n;
		rte_pktmbuf_free_bulk(m, n);
		return;
	}
	memmove(tx->pending, m, n * sizeof(*m));
	tx->n_pending = n;
}

static bool send_pending(struct pktgen *gen)
{
	struct sender *tx = &gen->tx;
	unsigned int n = tx->n_pending;

	n -= rte_eth_tx_burst(gen->ports->tx, 0, tx->pending, (uint16_t)n);
	memmove(tx->pending, tx->pending + (tx->n_pending - n), n * sizeof(tx->pending[0]));
	tx->n_pending = n;
	return n == 0;
}

/* Buffers for a burst; false: the device has them all. */
static bool have_bufs(struct pktgen *gen)
{
	struct sender *tx = &gen->tx;

	if (tx->n_bufs == PKTGEN_BURST)
		return true;
	if (rte_pktmbuf_alloc_bulk(gen->ports->tx_pool, tx->bufs, PKTGEN_BURST - tx->n_bufs) != 0)
		return false;
	tx->n_bufs = PKTGEN_BURST;
	return true;
}

static void build(struct pktgen *gen, struct rte_mbuf *m, uint32_t flow, uint64_t now_tsc)
{
	struct sender *tx = &gen->tx;
	const struct frame_size *size = &tx->sizes[tx->mix_at];
	struct frame_mark mark = {
		.flow = flow, .seq = tx->next_seq[flow]++, .run = tx->run, .tsc = now_tsc};

	m->data_len = size->len;
	m->pkt_len = size->len;
	m->hash.usr = flow;
	frame_write(&gen->set, size, &mark, rte_pktmbuf_mtod(m, uint8_t *));
	tx->bytes += pktgen_count_bytes(gen->o, size->size);
	tx->mix_at = tx->mix_at + 1 < tx->n_mix ? tx->mix_at + 1 : 0;
}

void pktgen_tx_step(struct pktgen *gen)
{
	struct sender *tx = &gen->tx;
	uint64_t now_tsc;
	unsigned int n = 0, sent;

	if (tx->n_pending != 0 && !send_pending(gen))
		return;
	if (!have_bufs(gen))
		return;
	now_tsc = rte_rdtsc();
	pace_catch_up(&tx->pace, now_tsc);
	while (n < PKTGEN_BURST && n < tx->left &&
		pace_take(&tx->pace, tx->costs[tx->mix_at], now_tsc)) {
		build(gen, tx->bufs[n], tx->flow_at, now_tsc);
		tx->flow_at = tx->flow_at + 1 < tx->n_flows ? tx->flow_at + 1 : 0;
		n++;
	}
	if (n == 0)
		return;
	tx->left -= n;
	tx->packets += n;
	sent = rte_eth_tx_burst(gen->ports->tx, 0, tx->bufs, (uint16_t)n);
	if (sent < n)
		left_over(gen, tx->bufs + sent, n - sent);
	tx->n_bufs -= n;
}

bool pktgen_tx_over(const struct pktgen *gen)
{
	const struct sender *tx = &gen->tx;

	return pktgen_stopped || tx->left == 0 || pace_over(&tx->pace, rte_rdtsc());
}

/* What still waits was not sent: each is the last of its flow. */
void pktgen_tx_give_up(struct pktgen *gen)
{
	struct sender *tx = &gen->tx;

	for (unsigned int i = 0; i < tx->n_pending; i++) {
		tx->next_seq[tx->pending[i]->hash.usr]--;
		tx->packets--;
		tx->bytes -= pktgen_count_bytes(gen->o, tx->pending[i]->pkt_len + FRAME_FCS);
	}
	rte_pktmbuf_free_bulk(tx->pending, tx->n_pending);
	tx->n_pending = 0;
}

int pktgen_tx_set(
	struct pktgen *gen, const struct pktgen_trial *trial, uint64_t rate, bool rate_is_bits)
{
	struct sender *tx = &gen->tx;
	uint64_t units = 0;
	int rc;

	tx->n_mix = trial->n_mix;
	tx->mix_at = 0;
	tx->flow_at = 0;
	tx->n_flows = gen->set.spec.n_flows;
	for (unsigned int i = 0; i < trial->n_mix; i++) {
		frame_size_init(&gen->set, &tx->sizes[i], trial->mix[i]);
		units += rate_is_bits ? 8 * pktgen_count_bytes(gen->o, trial->mix[i]) : 1;
	}
	rc = pace_init(&tx->pace, rate, gen->hz, units / trial->n_mix, gen->o->burst);
	for (unsigned int i = 0; rc == 0 && i < trial->n_mix; i++)
		tx->costs[i] = pace_cost(&tx->pace,
			rate_is_bits ? 8 * pktgen_count_bytes(gen->o, trial->mix[i]) : 1);
	return rc;
}

void pktgen_tx_start(struct pktgen *gen, uint16_t run, uint64_t packets, double seconds)
{
	struct sender *tx = &gen->tx;

	memset(tx->next_seq, 0, gen->set.spec.n_flows * sizeof(tx->next_seq[0]));
	tx->packets = tx->bytes = tx->refused = 0;
	tx->run = run;
	tx->left = packets != 0 ? packets : UINT64_MAX;
	pace_start(&tx->pace, rte_rdtsc(), packets != 0 ? 0 : pktgen_ticks(gen, seconds));
}
