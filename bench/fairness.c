/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual routers that are all flooded, on one worker and behind one receive queue: what each gets
 * of throughput and of the worker's cycles, with equal weights and with weights 1:2:4.
 *
 * Prints one JSON document a line. Exit: 0 done, 1 failed, 2 bad usage. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "bench/flood_lab.h"

#define EQUAL_TIMES 1.5 /* of what one router alone forwards, offered to all together */
/* Each is offered as much as the others, and the heaviest of 1:2:4 more than its 4/7. */
#define WEIGHTS_TIMES 2.2

static struct flood_lab lab;

static void print_each(const char *name, const double *values)
{
	printf(", \"%s\": [", name);
	for (unsigned int v = 0; v < lab.n; v++)
		printf("%s%.0f", v ? ", " : "", values[v]);
	printf("]");
}

static void cycles_get(double *cycles)
{
	for (unsigned int v = 0; v < lab.n; v++) {
		struct dp_vr_stats stats;

		if (dp_vr_stats_get(lab.vrs[v], &stats) < 0) {
			fprintf(stderr, "fairness: no counters\n");
			exit(1);
		}
		cycles[v] = (double)stats.cycles;
	}
}

static void measure(const char *kind, const uint32_t *weights, unsigned int n, double times,
	double cost, uint64_t tsc)
{
	double before[FLOOD_VRS_MAX], after[FLOOD_VRS_MAX], pps[FLOOD_VRS_MAX];
	double offered[FLOOD_VRS_MAX], weight[FLOOD_VRS_MAX], hz = (double)rte_get_tsc_hz(), spent;
	uint64_t every = (uint64_t)(cost / times * 65536), from, refused = 0;

	flood_setup(&lab, weights, n, FLOOD_FORWARD);
	flood_run(&lab, FLOOD_FORWARD, 0, every, tsc / 4);
	flood_forget(&lab);
	cycles_get(before);
	from = lab.now;
	flood_run(&lab, FLOOD_FORWARD, 0, every, tsc);
	spent = (double)(lab.now - from);
	cycles_get(after);
	for (unsigned int v = 0; v < n; v++) {
		pps[v] = (double)lab.got[v] / spent * hz;
		offered[v] = (double)lab.offered[v] / spent * hz;
		after[v] = (after[v] - before[v]) / spent * hz;
		weight[v] = weights[v];
		refused += lab.refused[v];
	}
	printf("{\"kind\": \"%s\", \"routers\": %u, \"aggregate_pps\": %.0f, \"of_one\": %.4f, "
	       "\"jain\": %.6f, \"device_lost\": %" PRIu64 ", \"turns_cut\": %" PRIu64,
		kind, n, (double)flood_got(&lab, 0) / spent * hz,
		(double)flood_got(&lab, 0) * cost / spent, flood_jain(&lab, 0), refused, lab.cut);
	print_each("weights", weight);
	print_each("offered_pps", offered);
	print_each("pps", pps);
	print_each("cycles_per_s", after);
	printf("}\n");
	fflush(stdout);
	flood_rest(&lab, 2000);
	flood_teardown(&lab);
}

int main(int argc, char **argv)
{
	static const unsigned int ns[] = {1, 2, 4, 8, 64};
	static const uint32_t uneven[] = {1, 2, 4, 1, 2, 4};
	uint32_t equal[FLOOD_VRS_MAX];
	bool sharing = argc > 1 && strcmp(argv[1], "on") == 0;
	unsigned long bytes = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
	double seconds = argc == 4 ? flood_seconds(argv[3]) : -1, cost;
	uint64_t tsc;

	if (seconds < 0 || (!sharing && strcmp(argv[1], "off") != 0) || bytes < FLOOD_FRAME_MIN ||
		bytes > FLOOD_FRAME_MAX) {
		fprintf(stderr,
			"Usage: fairness on|off BYTES SECONDS\n\nThe routers share their worker, "
			"or "
			"do not; frames of BYTES with a tag and without\nFCS, %u to %u; so long is "
			"each measurement, up to 60.\n",
			FLOOD_FRAME_MIN, FLOOD_FRAME_MAX);
		return 2;
	}
	flood_start(sharing, 1);
	flood_open(&lab, 0, (uint32_t)bytes);
	tsc = (uint64_t)(seconds * (double)rte_get_tsc_hz());
	cost = flood_cost(&lab, tsc);
	printf("{\"kind\": \"alone\", \"tsc_hz\": %" PRIu64 ", \"cycles_a_packet\": %.1f}\n",
		rte_get_tsc_hz(), cost);
	for (unsigned int v = 0; v < FLOOD_VRS_MAX; v++)
		equal[v] = 1;
	for (unsigned int i = 0; i < RTE_DIM(ns); i++)
		measure("equal", equal, ns[i], EQUAL_TIMES, cost, tsc);
	measure("weights", uneven, 3, WEIGHTS_TIMES, cost, tsc);
	measure("weights", uneven, 6, WEIGHTS_TIMES, cost, tsc);
	flood_stop(&lab, 1);
	return 0;
}
