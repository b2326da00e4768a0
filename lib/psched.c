/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/psched.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "lib/rate.h"

#define WHEEL_TICK_SHIFT 12     /* 4096 cycles: about 2 us */
#define CAPACITY_BURST_US 500   /* of the capacity, to be caught up or sent at once */
#define CAPACITY_BURST_FRAMES 4 /* at least */
#define CONTROL_PART 16         /* a sixteenth of the capacity is the router's own first */
#define CONTROL_BURST 16384
#define MIN_BURST_MS 20       /* of a guarantee, that a leaf served too late has to its credit */
#define WAKE_MS 2             /* of a rate, earned before a leaf moves up again, or */
#define WAKE_BYTES 512        /* that: whichever is less, so that one move serves several frames */
#define QUANTUM_RESERVED 1514 /* bytes a turn */
#define QUANTUM_WEIGHT 512    /* bytes a turn and unit of weight */
#define WEIGHT_MAX 65536
#define DUE_MAX 64 /* leaves whose time has come, looked at together */
#define BURST_MAX (UINT64_C(64) << 20)

static int64_t cost_of(const struct psched *s, uint32_t bytes)
{
	return psp_cost(bytes, s->clock_hz);
}

/* ---- lists ---- */

static struct psched_place *place_of(struct psched_leaf *leaf, enum psched_level level)
{
	return level == PSCHED_GUARANTEED ? &leaf->guaranteed : &leaf->rest;
}

static void list_add(struct psched *s, struct psched_leaf *leaf, enum psched_level level)
{
	struct psched_place *place = place_of(leaf, level);
	struct psched_leaf *head = s->lists[level];

	if (!head) {
		place->next = place->prev = leaf;
		s->lists[level] = leaf;
		return;
	}
	place->next = head;
	place->prev = place_of(head, level)->prev;
	place_of(place->prev, level)->next = leaf;
	place_of(head, level)->prev = leaf;
}

static void list_del(struct psched *s, struct psched_leaf *leaf, enum psched_level level)
{
	struct psched_place *place = place_of(leaf, level);
	struct psched_leaf **head = &s->lists[level];

	if (place->next == leaf) {
		*head = NULL;
		return;
	}
	place_of(place->prev, level)->next = place->next;
	place_of(place->next, level)->prev = place->prev;
	if (*head == leaf)
		*head = place->next;
}

/* The leaf's place for the rest is in the list LEVEL; PSCHED_IDLE: in none. */
static void rest_set(struct psched *s, struct psched_leaf *leaf, enum psched_level level)
{
	if (leaf->rest_in == level)
		return;
	if (leaf->rest_in != PSCHED_IDLE)
		list_del(s, leaf, leaf->rest_in);
	leaf->rest_in = (uint8_t)level;
	if (level == PSCHED_IDLE)
		return;
	if (leaf->rest.deficit <= 0)
		leaf->rest.deficit += leaf->quantum;
	list_add(s, leaf, level);
}

static void leave(struct psched *s, struct psched_leaf *leaf)
{
	if (leaf->level == PSCHED_GUARANTEED)
		list_del(s, leaf, PSCHED_GUARANTEED);
	else if (leaf->level == PSCHED_CONTROL)
		s->control = NULL;
	rest_set(s, leaf, PSCHED_IDLE);
	wheel_del(&s->wheel, &leaf->timer);
	leaf->level = PSCHED_IDLE;
}

/* ---- levels ---- */

/* Where it belongs without its guarantee. */
static enum psched_level rest_level(struct psched_leaf *leaf, uint64_t now_tsc)
{
	if (leaf->has_grant) {
		psp_update(&leaf->grant, now_tsc);
		if (!psp_ready(&leaf->grant))
			return PSCHED_BORROWED;
	}
	return PSCHED_GRANTED;
}

/* Where a reserved leaf that waits belongs now. */
static enum psched_level level_of(struct psched_leaf *leaf, uint64_t now_tsc)
{
	if (leaf->hold) {
		psp_update(&leaf->held, now_tsc);
		if (!psp_ready(&leaf->held))
			return PSCHED_HELD;
	}
	if (leaf->has_min) {
		psp_update(&leaf->min, now_tsc);
		if (psp_ready(&leaf->min))
			return PSCHED_GUARANTEED;
	}
	return rest_level(leaf, now_tsc);
}

/* Come back when the leaf may stand higher. */
static void arm(struct psched *s, struct psched_leaf *leaf)
{
	uint64_t due = UINT64_MAX, at;

	if (leaf->level == PSCHED_HELD) {
		due = leaf->held.last_tsc + psp_wait_tsc(&leaf->held);
	} else if (leaf->level == PSCHED_GRANTED || leaf->level == PSCHED_BORROWED) {
		if (leaf->has_min)
			due = leaf->min.last_tsc + psp_wait_for(&leaf->min, leaf->min_wake);
		if (leaf->level == PSCHED_BORROWED) {
			at = leaf->grant.last_tsc + psp_wait_for(&leaf->grant, leaf->grant_wake);
			due = at < due ? at : due;
		}
	}
	if (due != UINT64_MAX)
		wheel_add(&s->wheel, &leaf->timer, due);
}

/* The leaf, in no list or in that of its level, belongs to LEVEL. */
static void stand(struct psched *s, struct psched_leaf *leaf, enum psched_level level)
{
	if (leaf->level == PSCHED_GUARANTEED)
		list_del(s, leaf, PSCHED_GUARANTEED);
	leaf->level = (uint8_t)level;
	if (level == PSCHED_HELD) {
		rest_set(s, leaf, PSCHED_IDLE);
	} else if (level != PSCHED_GUARANTEED) {
		rest_set(s, leaf, level);
	} else {
		if (leaf->guaranteed.deficit <= 0)
			leaf->guaranteed.deficit += leaf->quantum;
		list_add(s, leaf, level);
		if (leaf->rest_in == PSCHED_IDLE)
			rest_set(s, leaf, rest_level(leaf, s->now_tsc));
	}
	arm(s, leaf);
}

static void enter(struct psched *s, struct psched_leaf *leaf)
{
	if (leaf->kind == PSCHED_IS_CONTROL) {
		leaf->level = PSCHED_CONTROL;
		s->control = leaf;
		return;
	}
	stand(s, leaf,
		leaf->kind == PSCHED_IS_RESERVED ? level_of(leaf, s->now_tsc) : PSCHED_BEST_EFFORT);
}

/* A reserved leaf that waits may belong elsewhere now. */
static void move(struct psched *s, struct psched_leaf *leaf)
{
	enum psched_level level = level_of(leaf, s->now_tsc);

	if (level == leaf->level) {
		if (level != PSCHED_GUARANTEED && !wheel_node_armed(&leaf->timer))
			arm(s, leaf); /* it came too soon: the leaf has been served meanwhile */
		return;
	}
	wheel_del(&s->wheel, &leaf->timer);
	stand(s, leaf, level);
}

/* ---- port ---- */

void psched_init(struct psched *s, uint64_t clock_hz, uint64_t now_tsc)
{
	memset(s, 0, sizeof(*s));
	s->clock_hz = clock_hz;
	s->now_tsc = now_tsc;
	wheel_init(&s->wheel, WHEEL_TICK_SHIFT, now_tsc);
}

/* A new bucket is full, an old one keeps what it has. */
static int bucket_set(struct psp *bucket, bool had, uint64_t bps, uint64_t burst_bytes,
	uint64_t frame_bytes, uint64_t clock_hz, uint64_t now_tsc)
{
	int rc;

	if (had)
		return psp_set(bucket, bps, burst_bytes, frame_bytes, clock_hz, now_tsc);
	rc = psp_init(bucket, bps, burst_bytes, frame_bytes, clock_hz, now_tsc);
	if (rc == 0)
		psp_fill(bucket);
	return rc;
}

int psched_set(struct psched *s, uint64_t capacity_bps, uint64_t share_bps, uint32_t frame_bytes,
	uint64_t now_tsc)
{
	uint64_t burst = capacity_bps / 8 * CAPACITY_BURST_US / 1000000;
	uint64_t part = capacity_bps / CONTROL_PART, hz = s->clock_hz;
	bool shared = capacity_bps != 0 && share_bps != 0 && share_bps < capacity_bps;
	struct psp capacity = s->capacity, share = s->share, control = s->control_part;
	int rc = 0;

	if (burst < CAPACITY_BURST_FRAMES * (uint64_t)frame_bytes)
		burst = CAPACITY_BURST_FRAMES * (uint64_t)frame_bytes;
	if (part < RATE_MIN_BPS)
		part = RATE_MIN_BPS;
	if (shared && share_bps < RATE_MIN_BPS)
		share_bps = RATE_MIN_BPS;
	if (capacity_bps != 0) {
		rc = bucket_set(
			&capacity, s->limited, capacity_bps, burst, frame_bytes, hz, now_tsc);
		if (rc == 0)
			rc = bucket_set(&control, s->limited, part, CONTROL_BURST, 0, hz, now_tsc);
	}
	if (rc == 0 && shared)
		rc = bucket_set(&share, s->shared, share_bps, burst, frame_bytes, hz, now_tsc);
	if (rc < 0)
		return rc;
	s->capacity = capacity;
	s->control_part = control;
	s->share = share;
	s->limited = capacity_bps != 0;
	s->shared = shared;
	return 0;
}

/* ---- leaves ---- */

void psched_leaf_init(struct psched_leaf *leaf)
{
	memset(leaf, 0, sizeof(*leaf));
	leaf->level = leaf->rest_in = PSCHED_IDLE;
	leaf->quantum = QUANTUM_WEIGHT;
}

static uint64_t held_bps(const struct psched_leaf_conf *conf)
{
	return conf->borrow_bps > conf->rate_bps ? conf->borrow_bps : conf->rate_bps;
}

static bool rate_good(uint64_t bps)
{
	return bps >= RATE_MIN_BPS && bps <= RATE_MAX_BPS;
}

int psched_leaf_check(const struct psched_leaf_conf *conf, uint64_t clock_hz)
{
	struct psp probe;

	if (conf->kind != PSCHED_IS_RESERVED)
		return conf->weight < 1 || conf->weight > WEIGHT_MAX ? -ERANGE : 0;
	if ((conf->min_bps != 0 && !rate_good(conf->min_bps)) ||
		(conf->rate_bps != 0 && !rate_good(conf->rate_bps)) ||
		(conf->borrow_bps != 0 && !rate_good(conf->borrow_bps)))
		return -ERANGE;
	if (conf->hold && conf->rate_bps == 0)
		return -ERANGE;
	return psp_init(&probe, RATE_MIN_BPS, conf->burst_bytes, conf->frame_bytes, clock_hz, 0);
}

/* Bytes of MS milliseconds, as far as a bucket can hold them. */
static uint64_t bytes_in(uint64_t bps, uint64_t ms)
{
	uint64_t bytes = bps / 8 * ms / 1000;

	return bytes < BURST_MAX / 16 ? bytes : BURST_MAX / 16;
}

static int64_t wake_at(const struct psp *bucket, uint64_t clock_hz)
{
	uint64_t bytes = bytes_in(bucket->rate_bps, WAKE_MS);
	int64_t units = psp_cost(bytes < WAKE_BYTES ? (uint32_t)bytes : WAKE_BYTES, clock_hz);

	return units < bucket->cap ? units : bucket->cap;
}

void psched_leaf_set(struct psched *s, struct psched_leaf *leaf,
	const struct psched_leaf_conf *conf, uint64_t now_tsc)
{
	bool reserved = conf->kind == PSCHED_IS_RESERVED, waits = leaf->level != PSCHED_IDLE;
	bool min = reserved && conf->min_bps != 0, hold = reserved && conf->hold;
	bool grant = reserved && conf->rate_bps != 0 && conf->borrow_bps > conf->rate_bps;
	uint64_t hz = s->clock_hz;

	if (now_tsc > s->now_tsc)
		s->now_tsc = now_tsc;
	if (waits)
		leave(s, leaf);
	if (min) {
		bucket_set(&leaf->min, leaf->has_min, conf->min_bps,
			bytes_in(conf->min_bps, MIN_BURST_MS), 0, hz, now_tsc);
		leaf->min_wake = wake_at(&leaf->min, hz);
	}
	if (grant) {
		bucket_set(&leaf->grant, leaf->has_grant, conf->rate_bps,
			bytes_in(conf->rate_bps, MIN_BURST_MS), 0, hz, now_tsc);
		leaf->grant_wake = wake_at(&leaf->grant, hz);
	}
	if (hold) {
		bool had = leaf->hold;

		bucket_set(&leaf->held, had, held_bps(conf), conf->burst_bytes, conf->frame_bytes,
			hz, now_tsc);
		/* Another place or discipline begins without credit. */
		if (!had ? waits || conf->paced : leaf->paced != conf->paced)
			psp_idle(&leaf->held);
	}
	leaf->has_min = min;
	leaf->has_grant = grant;
	leaf->hold = hold;
	leaf->paced = conf->paced;
	leaf->kind = (uint8_t)conf->kind;
	leaf->overhead = conf->overhead;
	leaf->quantum = reserved || conf->kind == PSCHED_IS_CONTROL
		? QUANTUM_RESERVED
		: (int32_t)conf->weight * QUANTUM_WEIGHT;
	if (waits)
		enter(s, leaf);
}

void psched_wake(struct psched *s, struct psched_leaf *leaf)
{
	if (leaf->hold && leaf->paced) {
		psp_update(&leaf->held, s->now_tsc);
		psp_idle(&leaf->held);
	}
	enter(s, leaf);
}

void psched_sleep(struct psched *s, struct psched_leaf *leaf)
{
	if (leaf->level == PSCHED_IDLE)
		return;
	leave(s, leaf);
	if (leaf->rest.deficit > 0)
		leaf->rest.deficit = 0;
	if (leaf->guaranteed.deficit > 0)
		leaf->guaranteed.deficit = 0;
}

/* ---- service ---- */

void psched_clock(struct psched *s, uint64_t now_tsc)
{
	struct wheel_node *due[DUE_MAX];
	unsigned int n;

	s->now_tsc = now_tsc;
	if (s->limited) {
		psp_update(&s->capacity, now_tsc);
		psp_update(&s->control_part, now_tsc);
	}
	if (s->shared)
		psp_update(&s->share, now_tsc);
	while ((n = wheel_expire_burst(&s->wheel, now_tsc, due, DUE_MAX)) > 0)
		for (unsigned int i = 0; i < n; i++)
			move(s,
				(struct psched_leaf *)((char *)due[i] -
					offsetof(struct psched_leaf, timer)));
}

/* The first of the list with some of its turn left. */
static struct psched_leaf *turn(struct psched *s, enum psched_level level)
{
	struct psched_leaf *leaf = s->lists[level];
	struct psched_place *place = place_of(leaf, level);

	while (place->deficit <= 0) {
		place->deficit += leaf->quantum;
		leaf = place->next;
		place = place_of(leaf, level);
	}
	s->lists[level] = leaf;
	return leaf;
}

struct psched_leaf *psched_pick(struct psched *s)
{
	if (s->limited && !psp_ready(&s->capacity))
		return NULL;
	if (s->control && (!s->limited || psp_ready(&s->control_part)))
		return s->control;
	if (s->lists[PSCHED_GUARANTEED])
		return turn(s, PSCHED_GUARANTEED);
	if (!s->shared || psp_ready(&s->share) || !s->lists[PSCHED_BEST_EFFORT]) {
		if (s->lists[PSCHED_GRANTED])
			return turn(s, PSCHED_GRANTED);
		if (s->lists[PSCHED_BORROWED])
			return turn(s, PSCHED_BORROWED);
	}
	if (s->lists[PSCHED_BEST_EFFORT])
		return turn(s, PSCHED_BEST_EFFORT);
	return s->control;
}

/* Whatever a leaf gets counts for its guarantee, so that what is left brings up those who have
 * least; but what it gets beyond is not held against it later: a frame is all it can owe. */
static void charge_min(struct psched_leaf *leaf, int64_t own)
{
	psp_charge(&leaf->min, own);
	if (leaf->min.credit < -own)
		leaf->min.credit = -own;
}

/* And its guarantee counts for its turns among the rest, as far as one turn makes up for. */
static void charge_rest(struct psched_leaf *leaf, int32_t bytes)
{
	leaf->rest.deficit -= bytes;
	if (leaf->rest.deficit < -leaf->quantum)
		leaf->rest.deficit = -leaf->quantum;
}

/* Guarantees are charged always, and leave the rest of the share to the others. What is sent beyond
 * the share because nobody else wants to send is not owed. */
static void charge_share(struct psched *s, enum psched_level level, int64_t cost)
{
	int64_t floor = -s->share.cap;

	if (level != PSCHED_GUARANTEED && !psp_ready(&s->share))
		return;
	psp_charge(&s->share, cost);
	if (s->share.credit < floor && level == PSCHED_GUARANTEED)
		s->share.credit = floor;
}

void psched_sent(struct psched *s, struct psched_leaf *leaf, uint32_t bytes, bool more)
{
	int64_t cost = cost_of(s, bytes);

	if (s->limited)
		psp_charge(&s->capacity, cost);
	if (leaf->kind == PSCHED_IS_RESERVED) {
		int64_t own = cost_of(s, bytes + leaf->overhead);

		if (s->shared)
			charge_share(s, leaf->level, cost);
		if (leaf->hold)
			psp_charge(&leaf->held, own);
		if (leaf->has_min)
			charge_min(leaf, own);
		if (leaf->has_grant && leaf->level != PSCHED_BORROWED)
			psp_charge(&leaf->grant, own);
	} else if (leaf->kind == PSCHED_IS_CONTROL) {
		if (s->limited && psp_ready(&s->control_part))
			psp_charge(&s->control_part, cost);
	}
	place_of(leaf, leaf->level)->deficit -= (int32_t)bytes;
	if (leaf->level == PSCHED_GUARANTEED)
		charge_rest(leaf, (int32_t)bytes);
	if (!more)
		psched_sleep(s, leaf);
	else if (leaf->kind == PSCHED_IS_RESERVED)
		move(s, leaf);
}

uint64_t psched_due(const struct psched *s)
{
	bool any = s->control != NULL;

	for (unsigned int i = 0; i < PSCHED_LISTS; i++)
		any |= s->lists[i] != NULL;
	if (!any)
		return wheel_next(&s->wheel);
	return s->limited ? s->capacity.last_tsc + psp_wait_tsc(&s->capacity) : s->now_tsc;
}
