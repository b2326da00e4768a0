/* SPDX-License-Identifier: BSD-3-Clause */
/* One virtual router among others that are flooded, on one worker and behind one receive queue:
 * what it loses, and how long its packets take. And one slice beside another that is flooded, each
 * with a worker, ports and frames of its own, in two threads on two CPUs.
 *
 * Prints one JSON document a line. Exit: 0 done, 1 failed, 2 bad usage. */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_pause.h>

#include "bench/flood_lab.h"

#define SHARE 4u        /* a quarter of the worker is the victim's, by its weight */
#define FLOOD_TIMES 1.5 /* of what one router alone forwards: the flooded together */
#define BESIDE 7u       /* flooded routers of the other slice */
#define WINDOWS 8u      /* beside an idle and a flooded one, in turn */

static const char *const kind_names[FLOOD_KINDS] = {"flood", "shaper", "ttl", "scan", "routes"};
static struct flood_lab slice_labs[2];

static uint64_t flood_every(double cost)
{
	return (uint64_t)(cost / FLOOD_TIMES * 65536);
}

/* The victim is router 0. Its weight makes at least a quarter of the worker its share: of what is
 * left when dropping is done, that must be a tenth of it. */
static void setup(struct flood_lab *lab, unsigned int neighbours, enum flood_kind kind)
{
	uint32_t weights[FLOOD_VRS_MAX];

	for (unsigned int v = 0; v < FLOOD_VRS_MAX; v++)
		weights[v] = 1;
	weights[0] = RTE_MAX(1u, (neighbours + SHARE - 2) / (SHARE - 1));
	lab->first_flooded = 1;
	flood_setup(lab, weights, neighbours + 1, kind);
}

static void print_latency(const struct hist *latency)
{
	printf(", \"latency_us\": {\"p50\": %.2f, \"p99\": %.2f, \"p999\": %.2f, \"max\": %.2f}",
		flood_us(hist_quantile(latency, 0.5)), flood_us(hist_quantile(latency, 0.99)),
		flood_us(hist_quantile(latency, 0.999)), flood_us(latency->max));
}

static void measure(enum flood_kind kind, unsigned int neighbours, double cost, uint64_t tsc)
{
	struct flood_lab *lab = &slice_labs[0];
	uint64_t every = neighbours ? flood_every(cost) : 0, refused = 0, begun;

	setup(lab, neighbours, kind);
	flood_run(lab, kind, (uint64_t)(cost * 10), every, tsc / 4);
	flood_forget(lab);
	begun = lab->now;
	flood_run(lab, kind, (uint64_t)(cost * 10), every, tsc);
	begun = lab->now - begun;
	flood_rest(lab, 2000);
	for (unsigned int v = 1; v < lab->n; v++)
		refused += lab->refused[v];
	printf("{\"kind\": \"%s\", \"neighbours\": %u, \"victim_offered\": %" PRIu64
	       ", \"victim_lost\": %" PRIu64,
		kind_names[kind], neighbours, lab->offered[0], lab->offered[0] - lab->got[0]);
	print_latency(&lab->latency);
	printf(", \"flooded_pps\": %.0f, \"device_lost\": %" PRIu64
	       ", \"jain\": %.5f, \"turns_cut\": %" PRIu64 "}\n",
		(double)flood_got(lab, 1) / (double)begun * (double)rte_get_tsc_hz(), refused,
		flood_jain(lab, 1), lab->cut);
	fflush(stdout);
	flood_teardown(lab);
}

/* All flooded alike, none is spared: what comes out in all, beside one alone. */
static void aggregate(unsigned int n, double cost, uint64_t tsc)
{
	struct flood_lab *lab = &slice_labs[0];
	uint64_t from;

	setup(lab, n, FLOOD_FORWARD);
	flood_run(lab, FLOOD_FORWARD, 0, flood_every(cost), tsc / 4);
	flood_forget(lab);
	from = lab->now;
	flood_run(lab, FLOOD_FORWARD, 0, flood_every(cost), tsc);
	printf("{\"kind\": \"aggregate\", \"neighbours\": %u, \"of_one\": %.4f, \"jain\": %.5f, "
	       "\"turns_cut\": %" PRIu64 "}\n",
		n, (double)flood_got(lab, 1) * cost / (double)(lab->now - from), flood_jain(lab, 1),
		lab->cut);
	fflush(stdout);
	flood_teardown(lab);
}

/* ---- two slices ---- */

/* What the other slice's thread does until it is told to stop. */
struct other {
	bool flooded, stop;
	double cost;
	uint64_t rounds;
};

static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) != 0)
		fprintf(stderr, "isolation: no CPU %u of its own\n", cpu);
}

static void *other_main(void *arg)
{
	struct other *other = arg;
	struct flood_lab *lab = &slice_labs[1];
	uint64_t tsc = rte_get_tsc_hz() / 1000;

	pin(0);
	if (rte_thread_register() < 0) {
		fprintf(stderr, "isolation: no lcore for a thread\n");
		exit(1);
	}
	while (!__atomic_load_n(&other->stop, __ATOMIC_RELAXED)) {
		flood_run(
			lab, FLOOD_FORWARD, 0, other->flooded ? flood_every(other->cost) : 0, tsc);
		__atomic_fetch_add(&other->rounds, 1, __ATOMIC_RELEASE);
	}
	rte_thread_unregister();
	return NULL;
}

/* A window of the first slice beside the other, idle or flooded: with a tenth of its load, and with
 * all that it can take. */
static void window(unsigned int number, bool flooded, double cost, uint64_t tsc)
{
	struct other other = {.flooded = flooded, .cost = cost};
	struct flood_lab *lab = &slice_labs[0];
	double full_pps;
	pthread_t thread;
	uint64_t from;

	if (pthread_create(&thread, NULL, other_main, &other) != 0) {
		fprintf(stderr, "isolation: no thread\n");
		exit(1);
	}
	while (__atomic_load_n(&other.rounds, __ATOMIC_ACQUIRE) < 5)
		rte_pause();
	flood_run(lab, FLOOD_FORWARD, 0, flood_every(cost), tsc / 4);
	flood_forget(lab);
	from = lab->now;
	flood_run(lab, FLOOD_FORWARD, 0, flood_every(cost), tsc);
	full_pps = (double)lab->got[0] / (double)(lab->now - from) * (double)rte_get_tsc_hz();
	flood_rest(lab, 2000);
	flood_run(lab, FLOOD_FORWARD, (uint64_t)(cost * 10), 0, tsc / 4);
	flood_forget(lab);
	flood_run(lab, FLOOD_FORWARD, (uint64_t)(cost * 10), 0, tsc);
	flood_rest(lab, 2000);
	__atomic_store_n(&other.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	printf("{\"kind\": \"slices\", \"window\": %u, \"other\": \"%s\", \"full_pps\": %.0f, "
	       "\"victim_offered\": %" PRIu64 ", \"victim_lost\": %" PRIu64,
		number, flooded ? "flooded" : "idle", full_pps, lab->offered[0],
		lab->offered[0] - lab->got[0]);
	print_latency(&lab->latency);
	printf(", \"other_pps\": %.0f, \"turns_cut\": %" PRIu64 "}\n",
		(double)flood_got(&slice_labs[1], 0) / (double)RTE_MAX(1u, slice_labs[1].now) *
			(double)rte_get_tsc_hz(),
		lab->cut);
	fflush(stdout);
	/* What the flood has left behind is of this window. */
	flood_rest(&slice_labs[1], 2000);
	flood_forget(&slice_labs[1]);
	slice_labs[1].now = 0;
}

static void slices(double cost, uint64_t tsc)
{
	static const uint32_t weights[BESIDE] = {1, 1, 1, 1, 1, 1, 1};

	pin(1);
	flood_setup(&slice_labs[0], weights, 1, FLOOD_FORWARD);
	flood_setup(&slice_labs[1], weights, BESIDE, FLOOD_FORWARD);
	for (unsigned int i = 0; i < WINDOWS; i++)
		window(i, i % 2 == 1, cost, tsc / 2);
	flood_teardown(&slice_labs[0]);
	flood_teardown(&slice_labs[1]);
}

int main(int argc, char **argv)
{
	static const unsigned int ns[] = {0, 1, 3, 7, 63};
	bool two = argc > 1 && strcmp(argv[1], "slices") == 0;
	bool sharing = argc > 1 && (two || strcmp(argv[1], "on") == 0);
	double seconds = argc == 3 ? flood_seconds(argv[2]) : -1, cost;
	uint64_t tsc;

	if (seconds < 0 || (!sharing && strcmp(argv[1], "off") != 0)) {
		fputs("Usage: isolation on|off|slices SECONDS\n\nThe router shares its worker, or "
		      "does not, or there are two slices; so long is each\nmeasurement, up to "
		      "60.\n",
			stderr);
		return 2;
	}
	flood_start(sharing, two ? 2 : 1);
	for (unsigned int i = 0; i < (two ? 2 : 1); i++)
		flood_open(&slice_labs[i], i, FLOOD_FRAME_MIN);
	tsc = (uint64_t)(seconds * (double)rte_get_tsc_hz());
	cost = flood_cost(&slice_labs[0], tsc);
	printf("{\"kind\": \"alone\", \"tsc_hz\": %" PRIu64 ", \"cycles_a_packet\": %.1f}\n",
		rte_get_tsc_hz(), cost);
	if (two) {
		slices(cost, tsc);
	} else {
		for (enum flood_kind kind = 0; kind < FLOOD_KINDS; kind++)
			for (unsigned int i = kind == FLOOD_FORWARD ? 0 : 1; i < RTE_DIM(ns); i++)
				measure(kind, ns[i], cost, tsc);
		for (unsigned int i = 0; i < 2; i++)
			aggregate(i == 0 ? 8 : 63, cost, tsc);
	}
	flood_stop(slice_labs, two ? 2 : 1);
	return 0;
}
