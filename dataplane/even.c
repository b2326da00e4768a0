/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/even.h"

#include "dataplane/input.h"
#include "dataplane/vr.h"

#define WINDOW_LEAST 4096u    /* packets, */
#define WINDOW_A_SENDER 2048u /* and of each router that sends: its part is known to 2 % */
#define WINDOW_A_ROUTER 64u   /* and so much that looking costs one cycle a packet or so */
#define WINDOW_OLD_MS 250
/* Jain's index of what they want for their weights, and the least of it in means. */
#define EVEN_JAIN 0.995
#define EVEN_LEAST 0.75
#define COST_RISES 1.25 /* times in a window, at most */
#define COST_ROUGHLY 1.5

static uint64_t packets_in(const struct ctx *ctx)
{
	return ctx->received + ctx->handed_in[PKT_FORWARDED];
}

/* Since the mark, which moves on. */
static void mark_move(struct input_queue *q, const struct vr *vr)
{
	struct even_mark now = {.rx_packets = 0};

	for (const struct iface *iface = vr->ifaces; iface != NULL; iface = iface->next_of_vr) {
		now.rx_packets += iface->rx_packets;
		now.cycles += iface->cycles;
		now.forwarded += iface->forwarded;
	}
	q->since = (struct even_mark){.rx_packets = now.rx_packets - q->mark.rx_packets,
		.cycles = now.cycles - q->mark.cycles,
		.forwarded = now.forwarded - q->mark.forwarded};
	q->mark = now;
}

static void window_begin(struct ctx *ctx, uint32_t senders)
{
	struct input *in = &ctx->input;

	in->window_from = packets_in(ctx);
	in->window_packets = RTE_MAX(
		WINDOW_LEAST, RTE_MAX(senders * WINDOW_A_SENDER, ctx->n_vrs * WINDOW_A_ROUTER));
	in->window_tsc = ctx->now_tsc + WINDOW_OLD_MS * (rte_get_tsc_hz() / 1000);
}

void even_begin(struct ctx *ctx)
{
	for (struct vr *vr = ctx->vrs; vr != NULL; vr = vr->next_of_worker)
		mark_move(input_table[vr->id], vr);
	window_begin(ctx, ctx->input.n_active);
}

bool even_window_over(const struct ctx *ctx)
{
	return packets_in(ctx) - ctx->input.window_from >= ctx->input.window_packets;
}

/* Cycles of a packet that went on. Who was interrupted seems to need more: the least of some
 * windows is nearer to the truth. A test's clock stands still meanwhile. */
static void learn_cost(const struct ctx *ctx, struct input_queue *q)
{
	double cost =
		ctx->fixed_tsc != 0 ? 1 : (double)q->since.cycles / (double)q->since.forwarded;

	if (q->least_cost == 0 || cost < q->least_cost * COST_RISES)
		q->least_cost = cost;
	else
		q->least_cost *= COST_RISES;
}

/* Costs are known only roughly: they count where they differ by more. */
static double cost_factor(double cost, double mean)
{
	return cost > mean * COST_ROUGHLY || cost * COST_ROUGHLY < mean ? cost / mean : 1;
}

static bool has_sent(const struct ctx *ctx, const struct input_queue *q)
{
	return q->sent_tsc != 0 &&
		ctx->now_tsc - q->sent_tsc <= INPUT_LOOK_SECONDS * rte_get_tsc_hz();
}

/* Everybody's part of the window. The mean of the routers' costs. */
static double window_end(struct ctx *ctx)
{
	double sum = 0;
	uint32_t n = 0;

	for (struct vr *vr = ctx->vrs; vr != NULL; vr = vr->next_of_worker) {
		struct input_queue *q = input_table[vr->id];

		mark_move(q, vr);
		if (q->since.rx_packets > 0)
			q->sent_tsc = ctx->now_tsc;
		if (q->since.forwarded == 0)
			continue;
		learn_cost(ctx, q);
		sum += q->least_cost;
		n++;
	}
	return n > 0 ? sum / n : 0;
}

bool even_check(struct ctx *ctx)
{
	bool old = (int64_t)(ctx->now_tsc - ctx->input.window_tsc) > 0;
	double mean = window_end(ctx), sum = 0, squares = 0, least = 1e300;
	uint32_t n = 0;

	for (struct vr *vr = ctx->vrs; vr != NULL; vr = vr->next_of_worker) {
		const struct input_queue *q = input_table[vr->id];
		double wants = 0;

		if (!has_sent(ctx, q))
			continue;
		if (q->since.forwarded > 0)
			wants = (double)q->since.rx_packets * cost_factor(q->least_cost, mean) /
				vr->weight;
		n++;
		sum += wants;
		squares += wants * wants;
		least = RTE_MIN(least, wants);
	}
	window_begin(ctx, n);
	return !old && sum > 0 && least * n >= EVEN_LEAST * sum &&
		sum * sum >= EVEN_JAIN * squares * n;
}
