/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/input.h"

#include <errno.h>

#include <rte_prefetch.h>

#include "dataplane/even.h"
#include "dataplane/pipeline.h"
#include "dataplane/vr.h"
#include "lib/slab.h"

#define FULL_BURSTS 4      /* one behind the other: the worker does not keep up */
#define WATCH_TURNS 64     /* so long a flood must last that it may be found even */
#define QUIET_TURNS 256    /* without a full burst: it does again */
#define SERVE_PACKETS 256u /* before the ports are seen again, and nobody wants them to be */
#define OLD_BURST 32u      /* of a router in its turn, while another may be below its share */
#define MEASURE_EVERY 8    /* services of a router that begin a burst; the others share it */
#define SEGMENTS 16u       /* routers in one burst */
#define COST_TSC 100       /* of a packet, before it is known; with a test's clock, always */
/* A worker that was stopped meanwhile is nobody's fault: a burst counts as so many times what was
 * supposed, and so much a packet, at most. What costs more for long is supposed to, soon. */
#define COST_TIMES 4
#define COST_MORE_TSC 256
#define COST_SHIFT 3 /* the mean's weight of the last burst: an eighth */

struct input_queue *input_table[VR_MAX + 1];
static struct slab queues = SLAB_INIT(sizeof(struct input_queue));

int input_create(dp_vr_id vr, uint32_t weight)
{
	struct input_queue *q = slab_get(&queues);

	if (q == NULL)
		return -ENOMEM;
	q->cost_tsc = COST_TSC;
	drr_entity_init(&q->drr, (int64_t)weight * INPUT_QUANTUM_TSC);
	input_table[vr] = q;
	return 0;
}

void input_destroy(dp_vr_id vr)
{
	slab_put(&queues, input_table[vr]);
	input_table[vr] = NULL;
}

/* In the proportion of their weights. */
static void set_quanta(struct ctx *ctx)
{
	int64_t heaviest = 1;

	for (struct vr *vr = ctx->vrs; vr != NULL; vr = vr->next_of_worker)
		heaviest = RTE_MAX(heaviest, (int64_t)vr->weight);
	for (struct vr *vr = ctx->vrs; vr != NULL; vr = vr->next_of_worker) {
		struct input_queue *q = input_table[vr->id];
		int64_t quantum = (int64_t)vr->weight * INPUT_QUANTUM_TSC;

		if (heaviest * INPUT_QUANTUM_TSC > INPUT_QUANTUM_MAX_TSC)
			quantum = (int64_t)vr->weight * INPUT_QUANTUM_MAX_TSC / heaviest;
		q->drr.quantum = RTE_MAX(quantum, 1);
	}
}

void input_init(struct input *in, bool off)
{
	memset(in, 0, sizeof(*in));
	in->off = off;
	in->shared_free = INPUT_SHARED;
	drr_init(&in->drr);
}

static void epoch_begin(struct ctx *ctx)
{
	struct input *in = &ctx->input;

	/* Nobody has sent in the new epoch. A router that comes to a flooded worker is known from
	 * its first packet that is received; looking for packets of all that may ever send would
	 * cost the others most of the worker. */
	in->epoch++;
	in->drr.round++;
	in->round = (uint32_t)in->drr.round;
	in->n_active = in->n_low = 0;
	in->look_tsc = ctx->now_tsc + INPUT_LOOK_SECONDS * rte_get_tsc_hz();
}

void input_reset(struct ctx *ctx)
{
	struct input *in = &ctx->input;

	in->queueing = in->queueing && (ctx->n_vrs > 1 || in->handed);
	in->even = false;
	in->turns = 0;
	epoch_begin(ctx);
	set_quanta(ctx);
}

void input_arrive(struct ctx *ctx, dp_vr_id vr)
{
	struct input_queue *q = input_table[vr];

	/* Another worker's rounds and epochs say nothing here. */
	q->epoch = ctx->input.epoch - 1;
	q->round = ctx->input.round - 1;
	q->active = q->seen = false;
	q->need = 0;
	drr_entity_init(&q->drr, q->drr.quantum);
}

bool input_crowded(struct ctx *ctx, uint8_t *full)
{
	struct input *in = &ctx->input;

	if (++*full < FULL_BURSTS)
		return false;
	*full = 0;
	/* A router that is alone shares with nobody. */
	in->handed |= ctx->handed_out[PKT_FORWARDED] != in->handed_before;
	if (in->off || (ctx->n_vrs < 2 && !in->handed))
		return false;
	if (in->even && !even_window_over(ctx))
		return false;
	in->even = in->even && !in->handed && even_check(ctx);
	if (in->even)
		return false;
	in->queueing = true;
	in->quiet = in->turns = 0;
	epoch_begin(ctx);
	return true;
}

static void note_handed(struct ctx *ctx)
{
	ctx->input.handed = ctx->handed_out[PKT_FORWARDED] != ctx->input.handed_before;
	ctx->input.handed_before = ctx->handed_out[PKT_FORWARDED];
}

void input_tick(struct ctx *ctx)
{
	if (!ctx->input.queueing)
		note_handed(ctx);
}

void input_look(struct input *in, struct input_queue *q)
{
	if (q->epoch != in->epoch || !q->active) {
		q->epoch = in->epoch;
		q->active = true;
		in->n_active++;
		in->n_low++;
	}
	q->seen = true;
	q->round = in->round;
	/* It may overdraw by one packet. */
	q->need = (int32_t)RTE_MIN(q->drr.quantum / q->cost_tsc + 1, (int64_t)INPUT_SHARED) -
		(int32_t)q->count;
	in->n_low -= q->need <= 0;
}

/* Forget those that have sent nothing since the last look. */
static void look(struct ctx *ctx)
{
	struct input *in = &ctx->input;

	for (struct vr *vr = ctx->vrs; vr != NULL; vr = vr->next_of_worker) {
		struct input_queue *q = input_table[vr->id];

		if (q->epoch == in->epoch && q->active && !q->seen && q->count == 0) {
			in->n_low -= q->round != in->round || q->need > 0;
			in->n_active--;
			q->active = false;
		}
		q->seen = false;
	}
	note_handed(ctx);
	in->look_tsc = ctx->now_tsc + INPUT_LOOK_SECONDS * rte_get_tsc_hz();
}

void input_turn_end(struct ctx *ctx, bool full)
{
	struct input *in = &ctx->input;

	if (full || in->waiting > 0)
		in->quiet = 0;
	else if (++in->quiet >= QUIET_TURNS)
		in->queueing = false;
	if (in->turns < WATCH_TURNS) {
		if (++in->turns == WATCH_TURNS)
			even_begin(ctx);
	} else if (unlikely(even_window_over(ctx))) {
		in->even = !in->handed && even_check(ctx);
		if (in->even) {
			input_drain(ctx);
			in->queueing = false;
		}
	}
	if (unlikely((int64_t)(ctx->now_tsc - in->look_tsc) >= 0))
		look(ctx);
}

/* The first N packets of the queue. */
static void dequeue(
	struct ctx *ctx, struct input_queue *q, struct input_item *items, unsigned int n)
{
	struct input *in = &ctx->input;
	uint32_t count = q->count;

	if (count > INPUT_OWN)
		in->shared_free += RTE_MIN(n, count - INPUT_OWN);
	for (unsigned int i = 0; i < n; i++) {
		items[i] = q->items[(q->head + i) % INPUT_LEN];
		rte_prefetch0(items[i].m);
	}
	q->head += n;
	q->count = count - n;
	in->waiting -= n;
	ctx->queued[PKT_FORWARDED] -= n;
	if (n < count) {
		drr_yield(&in->drr, &q->drr);
		return;
	}
	/* The same few cache lines again. */
	q->head = 0;
	drr_deactivate(&in->drr, &q->drr);
}

/* How many packets the router may have forwarded now: what it has left pays for. */
static unsigned int allowed(const struct ctx *ctx, const struct input_queue *q)
{
	unsigned int limit =
		!drr_is_fresh(&q->drr) && input_wants(ctx) ? OLD_BURST : (unsigned int)PKT_BURST;
	uint64_t pays = (uint64_t)q->drr.deficit / q->cost_tsc + 1;

	limit = RTE_MIN(limit, q->count);
	return (unsigned int)RTE_MIN((uint64_t)limit, pays);
}

struct segment {
	struct input_queue *q;
	int64_t estimate_tsc;
};

/* One burst in the order of the round robin: one router's, or few packets of each of several. */
struct service {
	struct segment segments[SEGMENTS];
	unsigned int n_segments, n;
	unsigned int old_n; /* packets of routers that have their share */
	uint64_t round;     /* of the round robin, in which it began */
	bool old;           /* a router that has its share was served, in this turn */
	struct input_item items[PKT_BURST];
};

/* In a new round all are low until they are looked at. */
static void round_check(struct input *in)
{
	if (in->round == (uint32_t)in->drr.round)
		return;
	in->round = (uint32_t)in->drr.round;
	in->n_low = in->n_active;
}

/* Alone in its burst, now and then, so that its cost is known. */
static bool is_measured(struct input_queue *q)
{
	return q->services++ % MEASURE_EVERY == 0;
}

/* While a router below its share may have packets in the receive queues, those that have theirs get
 * few at a time, and no round ends in the middle. */
static bool must_look(const struct ctx *ctx, const struct service *s, const struct drr_entity *next)
{
	return s->n > 0 && input_wants(ctx) &&
		((s->old_n >= OLD_BURST && !drr_is_fresh(next)) ||
			ctx->input.drr.round != s->round);
}

static void choose(struct ctx *ctx, struct service *s)
{
	unsigned int n;
	bool alone;

	s->n_segments = s->n = s->old_n = 0;
	do {
		struct drr_entity *entity = drr_next(&ctx->input.drr);
		struct input_queue *q;
		int64_t estimate_tsc;

		if (entity == NULL)
			return;
		if (s->n == 0)
			s->round = ctx->input.drr.round;
		round_check(&ctx->input);
		q = container_of(entity, struct input_queue, drr);
		n = allowed(ctx, q);
		if (s->n + n > PKT_BURST || must_look(ctx, s, entity))
			return;
		if (!drr_is_fresh(entity)) {
			s->old = true;
			s->old_n += n;
		}
		estimate_tsc = (int64_t)n * q->cost_tsc;
		drr_charge(entity, estimate_tsc);
		dequeue(ctx, q, s->items + s->n, n);
		alone = s->n == 0 && is_measured(q);
		s->segments[s->n_segments++] = (struct segment){q, estimate_tsc};
		s->n += n;
	} while (!alone && s->n < PKT_BURST && s->n_segments < SEGMENTS);
}

/* What it has taken in truth; of several routers each has its part as it was supposed. */
static void settle(struct service *s, uint64_t spent_tsc)
{
	int64_t sum = 0;
	double factor;

	for (unsigned int i = 0; i < s->n_segments; i++)
		sum += s->segments[i].estimate_tsc;
	spent_tsc = RTE_MIN(spent_tsc, (uint64_t)sum * COST_TIMES + s->n * COST_MORE_TSC);
	if (s->n_segments == 1) {
		struct segment *one = &s->segments[0];
		int32_t mean = (int32_t)(spent_tsc / s->n);

		drr_charge(&one->q->drr, (int64_t)spent_tsc - one->estimate_tsc);
		one->q->cost_tsc = (uint32_t)((int32_t)one->q->cost_tsc +
			(mean - (int32_t)one->q->cost_tsc) / (1 << COST_SHIFT));
		one->q->cost_tsc = RTE_MAX(one->q->cost_tsc, 1u);
		return;
	}
	factor = (double)spent_tsc / (double)sum - 1;
	for (unsigned int i = 0; i < s->n_segments; i++)
		drr_charge(&s->segments[i].q->drr,
			(int64_t)((double)s->segments[i].estimate_tsc * factor));
}

static bool serve_burst(struct ctx *ctx, struct service *s)
{
	uint64_t start_tsc;

	choose(ctx, s);
	if (s->n == 0)
		return false;
	ctx->now_tsc = start_tsc = ctx_read_tsc(ctx);
	pipeline_serve(ctx, s->items, s->n);
	settle(s, ctx->fixed_tsc != 0 ? s->n * COST_TSC : ctx_read_tsc(ctx) - start_tsc);
	return true;
}

static bool fresh_next(struct ctx *ctx)
{
	const struct drr_entity *entity = drr_next(&ctx->input.drr);

	return entity != NULL && drr_is_fresh(entity);
}

bool input_serve(struct ctx *ctx, bool emptied, uint64_t least_tsc)
{
	uint64_t start_tsc = ctx_read_tsc(ctx);
	unsigned int n = 0;
	struct service s = {.old = false};

	/* While a router may have packets in the receive queues and none here, those that have
	 * their share get one burst at most, and only when the receive queues have just been seen:
	 * else the round would be over without it. */
	while (n < SERVE_PACKETS &&
		(!input_wants(ctx) || fresh_next(ctx) || (!s.old && (emptied || n == 0)) ||
			ctx_read_tsc(ctx) - start_tsc < least_tsc) &&
		serve_burst(ctx, &s))
		n += s.n;
	if (ctx->input.waiting == 0 && emptied) {
		/* Nobody is left to bring the next round, here or in the receive queues. */
		ctx->input.drr.round++;
		round_check(&ctx->input);
	}
	return n > 0;
}

void input_drain(struct ctx *ctx)
{
	struct service s = {.old = false};

	while (serve_burst(ctx, &s))
		;
}
