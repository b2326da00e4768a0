/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/pktgen_flow.h"

#include <string.h>

void flow_skip(struct flow *flow, uint32_t seq)
{
	if (seq - flow->next >= FLOW_WINDOW) {
		memset(flow->seen, 0, sizeof(flow->seen));
		return;
	}
	for (uint32_t i = flow->next; i != seq; i++)
		flow->seen[i % FLOW_WINDOW / 64] &= ~(UINT64_C(1) << i % 64);
}

void flow_late(struct flow *flow, uint32_t seq)
{
	uint64_t *word = &flow->seen[seq % FLOW_WINDOW / 64];
	uint64_t bit = UINT64_C(1) << seq % 64;

	if (flow->next - seq <= FLOW_WINDOW) {
		if ((*word & bit) != 0) {
			flow->duplicated++;
			return;
		}
		*word |= bit;
	}
	/* So late that nobody knows whether it came before: taken for the first of its number. */
	flow->reordered++;
	flow->received++;
}

void flow_sum(const struct flow *flows, const uint32_t *sent, uint32_t n, struct flow_total *out)
{
	memset(out, 0, sizeof(*out));
	for (uint32_t i = 0; i < n; i++) {
		uint64_t lost = sent[i] > flows[i].received ? sent[i] - flows[i].received : 0;

		out->sent += sent[i];
		out->received += flows[i].received;
		out->reordered += flows[i].reordered;
		out->duplicated += flows[i].duplicated;
		out->lost += lost;
		out->flows_lossy += lost != 0;
		if (lost > out->worst_lost) {
			out->worst_lost = lost;
			out->worst_flow = i;
		}
	}
}
