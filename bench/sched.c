/* SPDX-License-Identifier: BSD-3-Clause */
/* What it costs to hold links to their rates: the cycles of enqueue and dequeue, or of a policer's
 * verdict, of our shapers and of DPDK's, in turn in every round, over frames of random links.
 * Prints one JSON object: cycles a packet of each in each round. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>

#include "bench/sched_bench.h"

#define BURSTS                                                                               \
	128u /* of a round, and as many before it that do not count: under a millisecond, so \
	      * that who takes the CPU away spoils few */
#define WARM_UP 1000u /* bursts before the first round */
#define ROUNDS_MAX 1000u

struct rte_mempool *bench_pool;

static const struct contestant *const contestants[] = {
	&port_scheduler, &port_device, &link_tbf, &link_psp, &peer_sched, &police_tbf, &peer_meter};
#define N_CONTESTANTS (sizeof(contestants) / sizeof(contestants[0]))

static const char *only; /* NULL: all */
static double cycles[N_CONTESTANTS][ROUNDS_MAX];

struct rte_mbuf *bench_frame(void)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(bench_pool);

	if (m == NULL) {
		fprintf(stderr, "sched: out of buffers\n");
		exit(1);
	}
	m->data_len = FRAME;
	m->pkt_len = FRAME;
	return m;
}

static unsigned int number(const char *text, unsigned int least, unsigned int most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n < least || n > most) {
		fprintf(stderr, "sched: '%s' is not a number from %u to %u\n", text, least, most);
		exit(2);
	}
	return (unsigned int)n;
}

static bool runs(const struct contestant *c)
{
	return only == NULL || strcmp(only, c->name) == 0;
}

static bool measure(unsigned int rounds)
{
	for (unsigned int c = 0; c < N_CONTESTANTS; c++)
		if (runs(contestants[c]))
			contestants[c]->part(WARM_UP);
	for (unsigned int r = 0; r < rounds; r++)
		for (unsigned int c = 0; c < N_CONTESTANTS; c++) {
			if (!runs(contestants[c]))
				continue;
			contestants[c]->part(BURSTS);
			cycles[c][r] = contestants[c]->part(BURSTS);
			if (cycles[c][r] <= 0) {
				fprintf(stderr, "sched: %s: not in contention\n",
					contestants[c]->name);
				return false;
			}
		}
	return true;
}

int main(int argc, char **argv)
{
	char *eal[] = {"sched", "-l", "0", "-m", "512", "--no-pci", "--no-telemetry",
		"--log-level=error", "--vdev=net_null0", "--no-huge", "--no-shconf", NULL};
	unsigned int busy = 1000, idle = 0, rounds = 100;
	int c;

	while ((c = getopt(argc, argv, "Hi:o:r:")) != -1)
		switch (c) {
		case 'H':
			eal[9] = "--in-memory";
			eal[10] = NULL;
			break;
		case 'i':
			idle = number(optarg, 0, LINKS_MAX - BUSY_MAX);
			break;
		case 'o':
			only = optarg;
			break;
		case 'r':
			rounds = number(optarg, 1, ROUNDS_MAX);
			break;
		default:
			fprintf(stderr,
				"Usage: sched [-H] [-i IDLE] [-o CONTESTANT] [-r ROUNDS] [LINKS]   "
				" -H: huge "
				"pages\n");
			return 2;
		}
	if (optind < argc)
		busy = number(argv[optind++], 1, BUSY_MAX);
	if (optind < argc || rte_eal_init(eal[10] != NULL ? 11 : 10, eal) < 0 || pkt_init() < 0)
		return 2;
	bench_pool = rte_pktmbuf_pool_create("pool", 131071, 256, 0, 256, SOCKET_ID_ANY);
	if (bench_pool == NULL) {
		fprintf(stderr, "sched: no memory\n");
		return 1;
	}
	for (unsigned int i = 0; i < N_CONTESTANTS; i++)
		if (contestants[i]->open(busy, idle) < 0) {
			fprintf(stderr, "sched: %s does not open\n", contestants[i]->name);
			return 1;
		}
	if (!measure(rounds))
		return 1;
	printf("{\"links\": %u, \"idle\": %u, \"tsc_hz\": %" PRIu64 ", \"cycles\": {\n", busy, idle,
		rte_get_tsc_hz());
	for (unsigned int i = 0; i < N_CONTESTANTS; i++) {
		printf("  \"%s\": [", contestants[i]->name);
		for (unsigned int r = 0; r < rounds; r++)
			printf("%s%.2f", r > 0 ? ", " : "", cycles[i][r]);
		printf("]%s\n", i + 1 < N_CONTESTANTS ? "," : "");
	}
	printf("}}\n");
	return 0;
}
