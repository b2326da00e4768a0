/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_launch.h>

#include "bench/pktgen_arp.h"
#include "bench/pktgen_loop.h"

#define RX_BURST 64u
#define RX_BURSTS 2u /* before the sender has its turn again */
#define NICE (-20)

static bool owns(const struct pktgen *gen, uint16_t port, uint32_t address)
{
	const struct pktgen_options *o = gen->o;
	struct ip_addr addr = ipaddr_from_u32(address);

	if (port == gen->ports->tx && address == o->frames.src)
		return true;
	return port == gen->ports->rx &&
		(address == ipaddr_to_u32(&o->rx_addr) || prefix_contains(&o->frames.dst, &addr));
}

/* True: M was taken. */
static bool receive_arp(struct pktgen *gen, uint16_t port, struct rte_mbuf *m)
{
	struct arp_message message;
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

	switch (arp_read(data, m->data_len, &message)) {
	case ARP_REQUEST:
		if (!owns(gen, port, message.target) || message.sender == message.target)
			return false;
		arp_answer(data, &message,
			port == gen->ports->tx ? &gen->ports->tx_mac : &gen->ports->rx_mac);
		m->port = port;
		return rte_ring_enqueue(gen->replies, m) == 0;
	case ARP_REPLY:
		if (port == gen->ports->tx && gen->o->via.af == IP_AF_4 &&
			message.sender == ipaddr_to_u32(&gen->o->via)) {
			gen->router = message.sender_mac;
			__atomic_store_n(&gen->have_router, true, __ATOMIC_RELEASE);
		}
		return false;
	case ARP_NONE:
	default:
		return false;
	}
}

static void receive_ours(struct receiver *rx, const struct frame_mark *mark, uint64_t now_tsc)
{
	if (mark->run != rx->run) {
		rx->stray += mark->run != rx->other_run;
		return;
	}
	flow_receive(&rx->flows[mark->flow], mark->seq);
	hist_add(&rx->latency, (now_tsc - mark->tsc) & FRAME_TSC_MASK, 1);
	rx->payload_bytes += mark->payload;
	rx->last_tsc = now_tsc;
	if (rx->first_tsc == 0)
		rx->first_tsc = now_tsc;
	__atomic_store_n(&rx->packets, rx->packets + 1, __ATOMIC_RELAXED);
}

/* True: M was taken. */
static bool receive(struct pktgen *gen, uint16_t port, struct rte_mbuf *m, uint64_t now_tsc)
{
	struct receiver *rx = &gen->rx;
	struct frame_mark mark;
	enum frame_kind kind = FRAME_OTHER;

	/* What we send fits one buffer; so does what comes back. */
	if (m->nb_segs == 1)
		kind = frame_read(
			&gen->set, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, &mark);
	switch (kind) {
	case FRAME_OURS:
		/* On its way back to where it came from, it has not come through. */
		if (port == gen->ports->rx)
			receive_ours(rx, &mark, now_tsc);
		else
			rx->other++;
		return false;
	case FRAME_CORRUPT:
		rx->corrupted++;
		return false;
	case FRAME_WRONG_TAG:
		rx->wrong_tag++;
		return false;
	case FRAME_OTHER:
	default:
		if (receive_arp(gen, port, m))
			return true;
		rx->other++;
		return false;
	}
}

static void rx_port(struct pktgen *gen, uint16_t port)
{
	struct rte_mbuf *m[RX_BURST];

	for (unsigned int bursts = 0; bursts < RX_BURSTS; bursts++) {
		unsigned int n = rte_eth_rx_burst(port, 0, m, RX_BURST), n_free = 0;
		uint64_t now_tsc = rte_rdtsc();

		if (port == gen->ports->rx) {
			if (now_tsc - gen->rx.poll_tsc > gen->rx.gap_tsc)
				gen->rx.gap_tsc = now_tsc - gen->rx.poll_tsc;
			gen->rx.poll_tsc = now_tsc;
		}
		for (unsigned int i = 0; i < n && i < 4; i++)
			rte_prefetch0(rte_pktmbuf_mtod(m[i], void *));
		for (unsigned int i = 0; i < n; i++) {
			if (i + 4 < n)
				rte_prefetch0(rte_pktmbuf_mtod(m[i + 4], void *));
			if (!receive(gen, port, m[i], now_tsc))
				m[n_free++] = m[i];
		}
		rte_pktmbuf_free_bulk(m, n_free);
		if (n < RX_BURST)
			return;
	}
}

void pktgen_rx_step(struct pktgen *gen)
{
	rx_port(gen, gen->ports->rx);
	if (gen->ports->tx != gen->ports->rx)
		rx_port(gen, gen->ports->tx);
}

void pktgen_go_first(void)
{
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
}

static int rx_loop(void *arg)
{
	struct pktgen *gen = arg;

	pktgen_go_first();
	while (!__atomic_load_n(&gen->stop_rx, __ATOMIC_ACQUIRE))
		pktgen_rx_step(gen);
	return 0;
}

void pktgen_rx_begin(struct pktgen *gen, uint16_t run, uint16_t other_run)
{
	struct receiver *rx = &gen->rx;
	struct flow *flows = rx->flows;

	memset(flows, 0, gen->set.spec.n_flows * sizeof(*flows));
	memset(rx, 0, sizeof(*rx));
	rx->flows = flows;
	rx->run = run;
	rx->other_run = other_run;
	rx->poll_tsc = rte_rdtsc();
	__atomic_store_n(&gen->stop_rx, 0, __ATOMIC_RELEASE);
	if (gen->o->n_lcores == 2)
		rte_eal_remote_launch(rx_loop, gen, gen->o->lcores[1]);
}

void pktgen_rx_end(struct pktgen *gen)
{
	__atomic_store_n(&gen->stop_rx, 1, __ATOMIC_RELEASE);
	if (gen->o->n_lcores == 2)
		rte_eal_wait_lcore(gen->o->lcores[1]);
}
