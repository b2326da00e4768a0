/* SPDX-License-Identifier: BSD-3-Clause */
/* Accuracy: a link that is offered one and a half times its rate, behind a burst of its bucket's
 * size and more at once. */
#include <stdio.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "bench/rates_bench.h"
#include "bench/rates_flow.h"
#include "bench/rates_lab.h"

#define BURST_BYTES 32768 /* the default */
#define FRAMES 5000u      /* at least, and TIME_NS, are measured */
#define TIME_NS 10000000u
#define CAPACITY UINT64_C(400000000000)

static const uint64_t rates[] = {64000, 1000000, 10000000, 100000000, 1000000000,
	UINT64_C(10000000000), UINT64_C(40000000000)};
static const uint64_t rates_quick[] = {64000, 100000000, UINT64_C(40000000000)};

struct watch {
	struct envelope envelope;
	struct flow_rate rate;
	uint64_t from_tsc, seq; /* seq: of the last frame, plus 1 */
	bool overtaken;
};

static void on_out(const struct lab_out *out, void *ctx)
{
	struct watch *w = ctx;
	uint64_t bits = (uint64_t)out->bytes * 8;

	envelope_add(&w->envelope, bits, out->tsc);
	if (out->tsc >= w->from_tsc)
		flow_rate_add(&w->rate, bits, out->tsc);
	w->overtaken |= out->seq < w->seq;
	w->seq = out->seq + 1;
}

static void offer(uint64_t rate_bps, unsigned int size, struct watch *w)
{
	uint64_t bits = (uint64_t)(size - LAB_FCS) * 8;
	uint64_t frames = RTE_MAX(FRAMES, rate_bps / 1000 * TIME_NS / 1000000 / bits);
	uint64_t start = lab_now(), k = 0;
	unsigned int at_once = BURST_BYTES / (size - LAB_FCS) + 64;

	w->from_tsc = start + lab_ticks(bits * 20, rate_bps);
	/* The bucket's burst and a queue behind it, as fast as the port receives. */
	for (unsigned int i = 0; i < at_once; i++) {
		lab_send(0, size);
		if (i % 64 == 63)
			lab_poll();
	}
	lab_poll();
	while (w->rate.frames < frames) {
		uint64_t next = start + lab_ticks(bits * 2 * ++k, rate_bps * 3);

		while (lab_now() < lab_step_at(next) && w->rate.frames < frames)
			lab_advance(lab_step_at(next));
		/* All that comes within this step of the loop. */
		lab_send(0, size);
		while (lab_step_at(start + lab_ticks(bits * 2 * (k + 1), rate_bps * 3)) <=
			lab_now()) {
			lab_send(0, size);
			k++;
		}
		lab_poll();
	}
}

static void measure(uint64_t rate_bps, unsigned int size, enum dp_place at, enum dp_shaper by)
{
	struct dp_link_spec spec = {.rate_bps = rate_bps,
		.at = at,
		.by = by,
		.burst_bytes = BURST_BYTES,
		.queue_bytes = 1 << 20,
		.queue_packets = 4096};
	const struct lab_conf conf = {.capacity_bps = CAPACITY, .links = &spec, .n_links = 1};
	uint64_t hz = rte_get_tsc_hz(), bytes = size - LAB_FCS;
	uint64_t gap = lab_ticks(bytes * 8, rate_bps), burst = BURST_BYTES;
	struct watch w = {0};
	double off = 0;
	bool gaps = by == DP_BY_PSP && at != DP_AT_INGRESS;

	/* What a window may carry beyond the rate: a policer by psp tolerates one largest frame,
	 * the port's buckets are overdrawn by one frame. */
	if (at == DP_AT_INGRESS && by == DP_BY_PSP)
		burst = 2 * (1500 + 18);
	lab_setup(&conf);
	envelope_init(&w.envelope, hz, rate_bps, lab_now());
	lab_sink(on_out, &w);
	offer(rate_bps, size, &w);
	lab_sink(NULL, NULL);
	lab_teardown();
	if (gaps)
		off = RTE_MAX((double)w.rate.gap_max - (double)gap,
			      (double)gap - (double)w.rate.gap_min) /
			(double)hz * 1e9;
	row_begin("accuracy");
	row_u64("rate_bps", rate_bps);
	row_u64("size", size);
	row_text("at", place_names[at]);
	row_text("by", shaper_names[by]);
	row_u64("frames", w.rate.frames);
	row_double("error", flow_rate_error(&w.rate, hz, rate_bps));
	row_i64("excess_bytes", envelope_excess(&w.envelope, burst));
	row_u64("burst_bytes", burst);
	row_bool("in_order", !w.overtaken);
	if (gaps) {
		row_double("gap_ns", (double)gap * 1e9 / (double)hz);
		row_double("gap_off_ns", off);
	}
	row_end();
}

void rates_accuracy(bool quick)
{
	static const unsigned int sizes[] = {64, 512, 1500};
	unsigned int n = quick ? RTE_DIM(rates_quick) : RTE_DIM(rates);

	for (unsigned int r = 0; r < n; r++)
		for (unsigned int s = 0; s < RTE_DIM(sizes); s++)
			for (int at = DP_AT_INGRESS; at <= DP_AT_PORT; at++)
				for (int by = DP_BY_TBF; by <= DP_BY_PSP; by++)
					measure((quick ? rates_quick : rates)[r], sizes[s],
						(enum dp_place)at, (enum dp_shaper)by);
}
