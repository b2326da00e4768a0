/* SPDX-License-Identifier: BSD-3-Clause */
/* Guarantees: links and best effort that together want more than the port has, in windows of 100 ms
 * that begin every 10 ms. The grants are the allocator's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "bench/rates_bench.h"
#include "bench/rates_lab.h"
#include "lib/ratealloc.h"

#define CAPACITY UINT64_C(1000000000)
#define BINS 10u /* of a window */
#define BIN_S 0.01
#define LARGEST 1496u /* of the frames sent, without FCS */
#define PATHS_MAX (LAB_LINKS_MAX + LAB_BEST_MAX)

enum load { GREEDY, AT_MINIMUM, ON_OFF };

struct source {
	enum load load;
	uint64_t rate_bps; /* offered, while on */
	uint64_t next_tsc, toggle_tsc;
	bool on;
	unsigned int size;
	uint64_t bytes, bin_bytes[BINS]; /* that left */
	bool waited[BINS];               /* something waited at the bin's end */
	double worst;                    /* of min, in windows that count */
};

static struct source sources[PATHS_MAX];
static struct dp_link_spec specs[LAB_LINKS_MAX];
static unsigned int warm_bins; /* until the first bursts are through */
static uint64_t state = 1;

struct scenario {
	const char *name;
	unsigned int n_links;
	uint64_t share_bps;
	uint64_t min_bps, min_step_bps; /* of link i: min + (i % 10) * step */
	uint64_t max_bps;               /* 0: as much as there is */
	unsigned int size;              /* of frames; 0: of all sizes */
	unsigned int each_load;         /* 1: all greedy; else link i has load i % each_load */
	unsigned int n_best;
	unsigned int bins, quick_bins;
};

static uint32_t rnd(uint32_t below)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)((state >> 32) * below >> 32);
}

static void on_out(const struct lab_out *out, void *ctx)
{
	struct source *s = &sources[out->link];

	(void)ctx;
	s->bytes += out->bytes;
	s->bin_bytes[0] += out->bytes;
}

/* Grants of the allocator for the links' wishes. */
static void grant(const struct scenario *sc)
{
	static struct ratealloc_req reqs[LAB_LINKS_MAX];
	static uint64_t granted[LAB_LINKS_MAX];
	struct ratealloc_error error;

	for (unsigned int i = 0; i < sc->n_links; i++) {
		reqs[i].min_bps = sc->min_bps + i % 10 * sc->min_step_bps;
		reqs[i].max_bps = sc->max_bps != 0 ? sc->max_bps : UINT64_MAX;
	}
	if (ratealloc_solve(sc->share_bps, reqs, sc->n_links, granted, &error) < 0) {
		fprintf(stderr, "rates: %s: minima do not fit\n", sc->name);
		exit(1);
	}
	for (unsigned int i = 0; i < sc->n_links; i++)
		specs[i] = (struct dp_link_spec){.rate_bps = granted[i],
			.min_bps = reqs[i].min_bps,
			.at = DP_AT_VIF_IN,
			.by = DP_BY_TBF,
			/* What 1000 links hold together must fit the buffers. */
			.burst_bytes = sc->n_links < 1000 ? 32768 : 8192,
			.queue_bytes = 262144,
			.queue_packets = sc->n_links < 1000 ? 256 : 24};
}

static void sources_init(const struct scenario *sc)
{
	static const unsigned int sizes[] = {1500, 512, 1500, 64, 1000};

	memset(sources, 0, sizeof(sources));
	for (unsigned int i = 0; i < sc->n_links + sc->n_best; i++) {
		struct source *s = &sources[i];
		bool best = i >= sc->n_links;

		s->size = best ? 1500 : sc->size != 0 ? sc->size : sizes[i % RTE_DIM(sizes)];
		s->load = best || sc->each_load == 1 ? GREEDY : (enum load)(i % sc->each_load);
		/* More than it can get; what only wants its minimum, a little more than that. */
		s->rate_bps = best ? CAPACITY / 2 : specs[i].rate_bps * 3 / 2;
		if (s->load == AT_MINIMUM)
			s->rate_bps = specs[i].min_bps * 51 / 50;
		s->rate_bps = RTE_MIN(s->rate_bps, CAPACITY);
		s->on = true;
		s->worst = 1e9;
		s->next_tsc = lab_now() + rnd((uint32_t)(rte_get_tsc_hz() / 1000));
		s->toggle_tsc = s->load == ON_OFF ? lab_now() : UINT64_MAX;
	}
}

/* Who comes next: sources in a heap by time. */
static unsigned int heap[PATHS_MAX], n_heap;

static void sift(unsigned int at)
{
	for (;;) {
		unsigned int least = at, moved;

		for (unsigned int child = 2 * at + 1; child <= 2 * at + 2 && child < n_heap;
			child++)
			if (sources[heap[child]].next_tsc < sources[heap[least]].next_tsc)
				least = child;
		if (least == at)
			return;
		moved = heap[at];
		heap[at] = heap[least];
		heap[least] = moved;
		at = least;
	}
}

static void come(struct source *s, unsigned int path)
{
	uint64_t hz = rte_get_tsc_hz();

	if (s->next_tsc >= s->toggle_tsc) {
		s->on = !s->on;
		s->toggle_tsc = s->next_tsc + hz / 1000 * (20 + rnd(300));
		if (!s->on) {
			s->next_tsc = s->toggle_tsc;
			return;
		}
	}
	lab_send(path, s->size);
	s->next_tsc += lab_ticks(UINT64_C(8) * (s->size - LAB_FCS), s->rate_bps);
}

static void run_until(uint64_t until_tsc)
{
	while (lab_now() < until_tsc) {
		uint64_t next = lab_step_at(sources[heap[0]].next_tsc);

		if (lab_now() < next) {
			lab_advance(RTE_MIN(next, until_tsc));
			continue;
		}
		while (sources[heap[0]].next_tsc <= lab_now()) {
			come(&sources[heap[0]], heap[0]);
			sift(0);
		}
		lab_poll();
	}
}

/* A bin is over: judge the window that ends with it. Of a link that was always offered its minimum
 * or always had something waiting, to one frame. */
static void judge(const struct scenario *sc, unsigned int bin, unsigned int *counted)
{
	for (unsigned int i = 0; i < sc->n_links; i++) {
		struct source *s = &sources[i];
		double due = (double)specs[i].min_bps / 8 * BIN_S * BINS, bytes = LARGEST;
		bool waited = true;

		s->waited[0] = lab_link_stats(i).queue_packets > 0;
		for (unsigned int k = 0; k < BINS; k++) {
			bytes += (double)s->bin_bytes[k];
			waited = waited && s->waited[k];
		}
		if (bin >= warm_bins + BINS && (s->load != ON_OFF || waited)) {
			s->worst = RTE_MIN(s->worst, bytes / due);
			*counted += 1;
		}
		memmove(&s->bin_bytes[1], &s->bin_bytes[0], sizeof(s->bin_bytes[0]) * (BINS - 1));
		memmove(&s->waited[1], &s->waited[0], sizeof(s->waited[0]) * (BINS - 1));
		s->bin_bytes[0] = 0;
	}
}

static void report(
	const struct scenario *sc, const uint64_t *from, uint64_t ticks, unsigned int windows)
{
	double seconds = (double)ticks / (double)rte_get_tsc_hz(), reserved = 0, best = 0, sum = 0;
	double squares = 0, worst = 1e9, least = 1e18, most = 0;
	bool equal = sc->min_step_bps == 0 && sc->each_load == 1;

	for (unsigned int i = 0; i < sc->n_links + sc->n_best; i++) {
		double bps = (double)(sources[i].bytes - from[i]) * 8 / seconds;

		if (i >= sc->n_links) {
			best += bps;
			/* The weights are 1, 2, 3 ... */
			least = RTE_MIN(least, bps / (i - sc->n_links + 1));
			most = RTE_MAX(most, bps / (i - sc->n_links + 1));
			continue;
		}
		reserved += bps;
		sum += bps;
		squares += bps * bps;
		worst = RTE_MIN(worst, sources[i].worst);
	}
	row_begin("guarantee");
	row_text("scenario", sc->name);
	row_u64("links", sc->n_links);
	row_u64("best_effort", sc->n_best);
	row_u64("capacity_bps", CAPACITY);
	row_u64("share_bps", sc->share_bps);
	row_u64("windows", windows);
	row_double("worst_of_min", worst);
	row_double("reserved_bps", reserved);
	row_double("best_effort_bps", best);
	row_double("used", (reserved + best) / (double)CAPACITY);
	if (sc->n_best > 0) {
		row_double("best_effort_of_rest", best / ((double)CAPACITY - reserved));
		row_double("weights_least_over_most", least / most);
	}
	if (equal)
		row_double("jain", sum * sum / (sc->n_links * squares));
	row_end();
}

static void measure(const struct scenario *sc, bool quick)
{
	static const uint32_t weights[LAB_BEST_MAX] = {1, 2, 3, 4};
	static uint64_t from[PATHS_MAX];
	const struct lab_conf conf = {.capacity_bps = CAPACITY,
		.share_bps = sc->share_bps,
		.links = specs,
		.n_links = sc->n_links,
		.weights = weights,
		.n_best = sc->n_best};
	unsigned int bins, counted = 0;
	uint64_t start, first = 0;

	warm_bins = sc->n_links < 1000 ? 50 : 150;
	bins = warm_bins + BINS + (quick ? sc->quick_bins : sc->bins);
	grant(sc);
	lab_setup(&conf);
	sources_init(sc);
	lab_sink(on_out, NULL);
	n_heap = sc->n_links + sc->n_best;
	for (unsigned int i = 0; i < n_heap; i++)
		heap[i] = i;
	for (unsigned int i = n_heap; i-- > 0;)
		sift(i);
	start = lab_now();
	for (unsigned int bin = 0; bin < bins; bin++) {
		if (bin == warm_bins) {
			first = lab_now();
			for (unsigned int i = 0; i < n_heap; i++)
				from[i] = sources[i].bytes;
		}
		run_until(lab_step_at(start + rte_get_tsc_hz() / 100 * (bin + 1)));
		judge(sc, bin, &counted);
	}
	lab_sink(NULL, NULL);
	report(sc, from, lab_now() - first, counted);
	lab_teardown();
}

void rates_guarantee(bool quick)
{
	static const struct scenario scenarios[] = {
		{"10 equal, greedy", 10, CAPACITY, 50000000, 0, 0, 1500, 1, 0, 100, 20},
		{"100 equal, greedy; best effort", 100, CAPACITY * 8 / 10, 5000000, 0, 0, 512, 1, 4,
			100, 20},
		{"1000 equal, greedy; best effort", 1000, CAPACITY * 7 / 10, 600000, 0, 0, 512, 1,
			4, 100, 20},
		{"20 of 10..46 Mbit/s, greedy or at their minima; best effort", 20,
			CAPACITY * 8 / 10, 10000000, 4000000, 0, 0, 2, 4, 200, 20},
		{"30 of 10..28 Mbit/s, greedy, at their minima, on and off; best effort", 30,
			CAPACITY * 8 / 10, 10000000, 2000000, 0, 0, 3, 4, 300, 20},
		{"100 of 1..10 Mbit/s, at most 20, all kinds; best effort", 100, CAPACITY * 7 / 10,
			1000000, 1000000, 20000000, 0, 3, 4, 200, 20},
	};

	for (size_t i = 0; i < RTE_DIM(scenarios); i++)
		measure(&scenarios[i], quick);
}
