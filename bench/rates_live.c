/* SPDX-License-Identifier: BSD-3-Clause */
/* Live changes: a loaded link gets another rate, burst, discipline or place every few milliseconds.
 * Nothing that waits may be lost or overtaken, and no window may carry more than the burst and the
 * integral of the rates. */
#include <stdio.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "bench/rates_bench.h"
#include "bench/rates_flow.h"
#include "bench/rates_lab.h"

#define SIZE 512u
#define PERIODS_PER_S 200u
#define BURST_BYTES 32768u
#define LARGEST (1500 + 18) /* frame of the link */
#define OFFERED_BPS UINT64_C(300000000)
#define CAPACITY UINT64_C(100000000000)

enum what { WHAT_RATE, WHAT_BURST, WHAT_BY, WHAT_AT, WHATS };
static const char *const what_names[] = {
	"rate", "rate and burst", "rate and discipline", "rate and place"};

struct watch {
	struct envelope envelope;
	uint64_t frames, seq;
	bool overtaken;
};

static void on_out(const struct lab_out *out, void *ctx)
{
	struct watch *w = ctx;

	envelope_add(&w->envelope, (uint64_t)out->bytes * 8, out->tsc);
	w->frames++;
	w->overtaken |= out->seq < w->seq;
	w->seq = out->seq + 1;
}

static uint64_t dropped_at_enqueue(void)
{
	return lab_drops(DROP_LINK_QUEUE_FULL) + lab_drops(DROP_LINK_POLICED) +
		lab_drops(DROP_PORT_QUEUE_FULL);
}

static void load(uint64_t until_tsc, uint64_t *next_tsc, uint64_t gap_tsc)
{
	while (lab_now() < until_tsc) {
		lab_advance(RTE_MIN(until_tsc, lab_step_at(*next_tsc)));
		if (lab_now() < *next_tsc)
			continue;
		lab_send(0, SIZE);
		*next_tsc += gap_tsc;
		lab_poll();
	}
}

static void change(struct dp_link_spec *spec, enum what what, unsigned int i)
{
	static const uint64_t rates[] = {10000000, 200000000, 1000000, 50000000, 150000000};

	spec->rate_bps = rates[i % RTE_DIM(rates)];
	if (what == WHAT_BURST)
		spec->burst_bytes = i % 2 == 0 ? BURST_BYTES / 4 : BURST_BYTES;
	if (what == WHAT_BY)
		spec->by = spec->by == DP_BY_TBF ? DP_BY_PSP : DP_BY_TBF;
	if (what == WHAT_AT)
		spec->at = (enum dp_place)(DP_AT_VIF_IN + (i + 1) % 3);
}

static void measure(enum what what, enum dp_place at, enum dp_shaper by, unsigned int changes)
{
	struct dp_link_spec spec = {.rate_bps = 100000000,
		.at = at,
		.by = by,
		.burst_bytes = BURST_BYTES,
		.queue_bytes = 1 << 20,
		.queue_packets = 400};
	const struct lab_conf conf = {.capacity_bps = CAPACITY, .links = &spec, .n_links = 1};
	uint64_t hz = rte_get_tsc_hz(), next, sent = 0, queued = 0, at_change = 0, full,
		 worst_ns = 0;
	uint64_t gap = lab_ticks(UINT64_C(8) * (SIZE - LAB_FCS), OFFERED_BPS);
	struct dp_conservation before;
	uint64_t burst = BURST_BYTES;
	struct watch w = {0};
	int64_t lost;

	/* A policer by psp tolerates a largest frame; a bucket at the port that is new there may be
	 * overdrawn by one. */
	if (at == DP_AT_INGRESS && by == DP_BY_PSP)
		burst = 2 * LARGEST;
	else if (what == WHAT_AT)
		burst += LARGEST;

	lab_setup(&conf);
	envelope_init(&w.envelope, hz, spec.rate_bps, lab_now());
	lab_sink(on_out, &w);
	before = lab_books();
	full = dropped_at_enqueue();
	next = lab_now();
	for (unsigned int i = 0; i < changes; i++) {
		struct dp_conservation c, d;
		uint64_t start;

		load(lab_step_at(lab_now() + hz / PERIODS_PER_S), &next, gap);
		c = lab_books();
		change(&spec, what, i);
		envelope_rate(&w.envelope, spec.rate_bps, lab_now());
		start = rte_rdtsc();
		lab_link_set(0, &spec);
		worst_ns = RTE_MAX(worst_ns, (rte_rdtsc() - start) * 1000 / (hz / 1000000));
		d = lab_books();
		queued += c.queued;
		at_change += d.dropped - c.dropped;
	}
	/* What waits, leaves. */
	spec.rate_bps = 100000000;
	envelope_rate(&w.envelope, spec.rate_bps, lab_now());
	lab_link_set(0, &spec);
	for (uint64_t end = lab_now() + hz; lab_now() < end && lab_books().queued > 0;)
		lab_advance(end);
	sent = lab_books().received - before.received;
	lost = (int64_t)(sent - w.frames - (dropped_at_enqueue() - full));
	lab_sink(NULL, NULL);
	lab_teardown();
	row_begin("live");
	row_text("changes", what_names[what]);
	row_text("at", place_names[at]);
	row_text("by", shaper_names[by]);
	row_u64("n_changes", changes);
	row_u64("frames", w.frames);
	row_u64("waiting_at_changes", queued);
	row_u64("dropped_by_changes", at_change);
	row_i64("lost", lost);
	row_bool("in_order", !w.overtaken);
	row_i64("excess_bytes", envelope_excess(&w.envelope, burst));
	row_u64("burst_bytes", burst);
	row_u64("set_ns_worst", worst_ns);
	row_end();
}

void rates_live(bool quick)
{
	unsigned int changes = quick ? 50 : 400;

	for (int at = DP_AT_INGRESS; at <= DP_AT_PORT; at++)
		for (int by = DP_BY_TBF; by <= DP_BY_PSP; by++) {
			measure(WHAT_RATE, (enum dp_place)at, (enum dp_shaper)by, changes);
			if (by == DP_BY_TBF)
				measure(WHAT_BURST, (enum dp_place)at, (enum dp_shaper)by, changes);
		}
	measure(WHAT_BY, DP_AT_VIF_IN, DP_BY_TBF, changes);
	measure(WHAT_BY, DP_AT_VIF_OUT, DP_BY_TBF, changes);
	measure(WHAT_AT, DP_AT_VIF_IN, DP_BY_TBF, changes);
	measure(WHAT_AT, DP_AT_VIF_IN, DP_BY_PSP, changes);
}
