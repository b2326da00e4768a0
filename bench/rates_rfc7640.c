/* SPDX-License-Identifier: BSD-3-Clause */
/* RFC 7640, Traffic Management Benchmarking: its tests of policers (6.1), shapers (6.3) and of many
 * at a time (6.4), as far as they are about one rate and burst. A burst comes at one instant, which
 * is faster than any line. */
#include <stdio.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "bench/rates_bench.h"
#include "bench/rates_lab.h"

#define SIZE 512u
#define BYTES (SIZE - LAB_FCS)
#define BURST_FRAMES 64u
#define QUEUE_FRAMES 200u
#define EXTRA 10u
#define LARGEST (1500 + 18) /* frame of the link */
#define LINKS 100u
#define CAPACITY UINT64_C(100000000000)

struct watch {
	uint64_t frames, first_tsc, last_tsc;
	uint64_t of_link[LINKS];
};

static void on_out(const struct lab_out *out, void *ctx)
{
	struct watch *w = ctx;

	if (w->frames++ == 0)
		w->first_tsc = out->tsc;
	w->last_tsc = out->tsc;
	w->of_link[out->link]++;
}

static struct dp_link_spec spec_of(enum dp_place at, enum dp_shaper by, uint64_t rate_bps)
{
	return (struct dp_link_spec){.rate_bps = rate_bps,
		.at = at,
		.by = by,
		.burst_bytes = BURST_FRAMES * BYTES,
		.queue_bytes = QUEUE_FRAMES * BYTES,
		.queue_packets = 1u << 20};
}

static void begin(const struct dp_link_spec *specs, unsigned int n, struct watch *w)
{
	const struct lab_conf conf = {.capacity_bps = CAPACITY, .links = specs, .n_links = n};

	*w = (struct watch){0};
	lab_setup(&conf);
	lab_sink(on_out, w);
}

static void end(void)
{
	lab_sink(NULL, NULL);
	lab_teardown();
}

static void burst(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		lab_send(0, SIZE);
	lab_poll();
}

static void wait_tsc(uint64_t ticks)
{
	uint64_t until = lab_step_at(lab_now() + ticks);

	while (lab_now() < until)
		lab_advance(until);
}

/* N frames of the first LINKS links, evenly at RATE each. */
static void constant(uint64_t rate_bps, unsigned int n_links, uint64_t n)
{
	uint64_t start = lab_now();

	for (uint64_t k = 0; k < n; k++) {
		uint64_t at = lab_step_at(start + lab_ticks(k * BYTES * 8, rate_bps));

		while (lab_now() < at)
			lab_advance(at);
		for (unsigned int i = 0; i < n_links; i++)
			lab_send(i, SIZE);
		lab_poll();
	}
}

static void row(const char *test, const char *what, const struct dp_link_spec *spec,
	double expected, double measured, const char *unit)
{
	row_begin("rfc7640");
	row_text("test", test);
	row_text("what", what);
	row_text("at", place_names[spec->at]);
	row_text("by", shaper_names[spec->by]);
	row_u64("rate_bps", spec->rate_bps);
	row_double("expected", expected);
	row_double("measured", measured);
	row_text("unit", unit);
	row_end();
}

/* ---- 6.1 ---- */

static void policer(uint64_t rate_bps)
{
	struct dp_link_spec spec = spec_of(DP_AT_INGRESS, DP_BY_TBF, rate_bps);
	uint64_t fill = lab_ticks((uint64_t)BURST_FRAMES * BYTES * 8, rate_bps) + 1, n = 5000;
	struct watch w;

	begin(&spec, 1, &w);
	burst(BURST_FRAMES);
	row("6.1 CBS", "frames lost of a burst of CBS", &spec, 0, (double)(BURST_FRAMES - w.frames),
		"frames");
	end();
	begin(&spec, 1, &w);
	burst(BURST_FRAMES + EXTRA);
	row("6.1 CBS", "frames lost of a burst of CBS and ten frames", &spec, EXTRA,
		(double)(BURST_FRAMES + EXTRA - w.frames), "frames");
	end();
	begin(&spec, 1, &w);
	for (unsigned int i = 0; i < 50; i++) {
		burst(BURST_FRAMES);
		wait_tsc(fill);
	}
	row("6.1 CBS", "frames lost of 50 bursts of CBS, CBS/CIR apart", &spec, 0,
		(double)(50 * BURST_FRAMES - w.frames), "frames");
	end();
	begin(&spec, 1, &w);
	constant(rate_bps, 1, n);
	row("6.1 CIR", "frames lost of a constant stream of CIR", &spec, 0, (double)(n - w.frames),
		"frames");
	end();
	begin(&spec, 1, &w);
	burst(BURST_FRAMES); /* the bucket is empty then */
	w = (struct watch){0};
	constant(rate_bps * 2, 1, 2 * n);
	row("6.1 CIR", "rate that passes of a stream of twice CIR", &spec, 1,
		(double)w.frames / (double)n, "of CIR");
	end();
}

/* ---- 6.3 ---- */

static void shaper(enum dp_place at, enum dp_shaper by, uint64_t rate_bps)
{
	struct dp_link_spec spec = spec_of(at, by, rate_bps);
	unsigned int at_once = by == DP_BY_TBF ? BURST_FRAMES : 1;
	uint64_t hz = rte_get_tsc_hz(), all, first;
	struct watch w;

	/* The port's bucket holds the burst less the largest frame, and is overdrawn by one. */
	if (at == DP_AT_PORT && by == DP_BY_TBF)
		at_once = (unsigned int)(spec.burst_bytes - LARGEST) / BYTES + 1;
	all = at_once + QUEUE_FRAMES;
	begin(&spec, 1, &w);
	burst((unsigned int)all);
	first = w.frames;
	w = (struct watch){0};
	row("6.3 burst", "frames that leave at once after an idle time", &spec, at_once,
		(double)first, "frames");
	wait_tsc(lab_ticks((QUEUE_FRAMES + 2) * BYTES * 8, rate_bps));
	row("6.3 queue", "frames lost of a burst of bucket and queue", &spec, 0,
		(double)(all - first - w.frames), "frames");
	row("6.3 rate", "rate at which the queue leaves", &spec, 1,
		(double)((w.frames - 1) * BYTES * 8) /
			((double)(w.last_tsc - w.first_tsc) / (double)hz) / (double)rate_bps,
		"of CIR");
	end();
	begin(&spec, 1, &w);
	burst((unsigned int)all + EXTRA);
	wait_tsc(lab_ticks((QUEUE_FRAMES + EXTRA + 2) * BYTES * 8, rate_bps));
	row("6.3 queue", "frames lost of ten frames more", &spec, EXTRA,
		(double)(all + EXTRA - w.frames), "frames");
	end();
}

/* ---- 6.4 ---- */

static void many(enum dp_place at, enum dp_shaper by)
{
	static struct dp_link_spec specs[LINKS];
	uint64_t rate_bps = 10000000, n = 2000;
	double worst = 1;
	struct watch w;

	for (unsigned int i = 0; i < LINKS; i++)
		specs[i] = spec_of(at, by, rate_bps);
	begin(specs, LINKS, &w);
	constant(rate_bps * 3 / 2, LINKS, BURST_FRAMES * 3);
	w = (struct watch){0};
	constant(rate_bps * 3 / 2, LINKS, n * 3 / 2);
	for (unsigned int i = 0; i < LINKS; i++) {
		double of = (double)w.of_link[i] / (double)n;

		if ((of < 1 ? 1 - of : of - 1) > (worst < 1 ? 1 - worst : worst - 1))
			worst = of;
	}
	row("6.4 many", "of 100 at a time, offered 1.5 CIR each, the one farthest off", &specs[0],
		1, worst, "of CIR");
	end();
}

void rates_rfc7640(bool quick)
{
	static const uint64_t rates[] = {10000000, 100000000, 1000000000};

	for (unsigned int r = 0; r < (quick ? 1 : RTE_DIM(rates)); r++) {
		policer(rates[r]);
		for (int at = DP_AT_VIF_IN; at <= DP_AT_PORT; at++)
			for (int by = DP_BY_TBF; by <= DP_BY_PSP; by++)
				shaper((enum dp_place)at, (enum dp_shaper)by, rates[r]);
	}
	many(DP_AT_INGRESS, DP_BY_TBF);
	for (int at = DP_AT_VIF_IN; at <= DP_AT_PORT; at++)
		for (int by = DP_BY_TBF; by <= DP_BY_PSP; by++)
			many((enum dp_place)at, (enum dp_shaper)by);
}
