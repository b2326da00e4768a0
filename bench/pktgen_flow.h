/* SPDX-License-Identifier: BSD-3-Clause */
/* What became of the numbered frames of one flow: received, reordered (RFC 4737: numbered lower
 * than one seen before), duplicated. Single owner, the receiver. */
#ifndef HPSR_BENCH_PKTGEN_FLOW_H
#define HPSR_BENCH_PKTGEN_FLOW_H

#include <stdint.h>

#define FLOW_WINDOW 256u /* duplicates are known as such if no more than so many numbers late */

/* All zero at the start; a cache line. */
struct flow {
	uint64_t seen[FLOW_WINDOW / 64]; /* by number modulo FLOW_WINDOW */
	uint32_t next;                   /* the highest number seen, plus one */
	uint32_t received;               /* duplicates apart */
	uint32_t reordered, duplicated;
} __attribute__((aligned(64)));

struct flow_total {
	uint64_t sent, received, lost, reordered, duplicated;
	uint32_t flows_lossy; /* flows that lost something */
	uint32_t worst_flow;  /* the one that lost most */
	uint64_t worst_lost;
};

/* The numbers between the highest seen so far and SEQ are not seen yet. */
void flow_skip(struct flow *flow, uint32_t seq);
/* A number below the highest seen. */
void flow_late(struct flow *flow, uint32_t seq);

static inline void flow_receive(struct flow *flow, uint32_t seq)
{
	if (seq < flow->next) {
		flow_late(flow, seq);
		return;
	}
	if (seq != flow->next)
		flow_skip(flow, seq);
	flow->seen[seq % FLOW_WINDOW / 64] |= UINT64_C(1) << seq % 64;
	flow->next = seq + 1;
	flow->received++;
}

/* The sum over flows that sent SENT[i] frames each. Lost is what has not come, never below 0. */
void flow_sum(const struct flow *flows, const uint32_t *sent, uint32_t n, struct flow_total *out);

#endif
