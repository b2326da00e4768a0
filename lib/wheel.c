/* SPDX-License-Identifier: BSD-3-Clause */
/* What is due within the ring's length stands in the ring, one slot a tick. What is further away
 * stands in the level of the highest digit (6 bits above the ring's 12) in which its tick differs
 * from the wheel's, in the slot of that digit; so a level below the top holds only slots after the
 * wheel's own digit, all of which begin before anything in the levels above. When the wheel comes
 * to the beginning of such a slot, its nodes are put in anew. The top level goes round: what is
 * further away than it reaches stands in its furthest slot. */
#include "lib/wheel.h"

#include <stddef.h>
#include <string.h>

#define TOP (WHEEL_LEVELS - 1)
#define TOP_SHIFT (WHEEL_RING_BITS + TOP * WHEEL_LEVEL_BITS)
#define REACH ((uint64_t)(WHEEL_SLOTS - 1) << TOP_SHIFT) /* ticks */

static unsigned int level_shift(unsigned int level)
{
	return WHEEL_RING_BITS + level * WHEEL_LEVEL_BITS;
}

static unsigned int digit(uint64_t tick, unsigned int level)
{
	return (unsigned int)(tick >> level_shift(level)) & (WHEEL_SLOTS - 1);
}

void wheel_init(struct wheel *wheel, unsigned int tick_shift, uint64_t now)
{
	memset(wheel, 0, sizeof(*wheel));
	wheel->tick_shift = tick_shift;
	wheel->tick = now >> tick_shift;
	wheel->above = UINT64_MAX;
}

/* Whether the slot is empty is anybody's guess: no branch. */
static inline void list_add(struct wheel_node **head, struct wheel_node *node)
{
	struct wheel_node nobody, *next = *head, *back = next ? next : &nobody;

	back->pprev = &node->next;
	node->next = next;
	node->pprev = head;
	*head = node;
}

static void ring_clear(struct wheel *wheel, unsigned int index)
{
	uint64_t *word = &wheel->ring_used[index / 64];

	*word &= ~(UINT64_C(1) << index % 64);
	if (*word == 0)
		wheel->ring_words &= ~(UINT64_C(1) << index / 64);
}

static void level_clear(struct wheel *wheel, unsigned int level, unsigned int index)
{
	wheel->level_used[level] &= ~(UINT64_C(1) << index);
	if (wheel->level_used[level] == 0)
		wheel->levels &= ~(1u << level);
}

static void put_above(struct wheel *wheel, struct wheel_node *node, uint64_t tick)
{
	unsigned int level, index;
	uint64_t begins;

	if (tick - wheel->tick > REACH)
		tick = wheel->tick + REACH;
	level = (63u - (unsigned int)__builtin_clzll(tick ^ wheel->tick) - WHEEL_RING_BITS) /
		WHEEL_LEVEL_BITS;
	if (level > TOP)
		level = TOP;
	index = digit(tick, level);
	begins = tick >> level_shift(level) << level_shift(level);
	list_add(&wheel->slots[level][index], node);
	wheel->level_used[level] |= UINT64_C(1) << index;
	wheel->levels |= 1u << level;
	if (begins < wheel->above)
		wheel->above = begins;
}

static inline void put_in(struct wheel *wheel, struct wheel_node *node)
{
	uint64_t tick = node->due >> wheel->tick_shift;
	unsigned int index;

	if (tick < wheel->tick)
		tick = wheel->tick;
	if (tick - wheel->tick >= WHEEL_RING) {
		put_above(wheel, node, tick);
		return;
	}
	index = (unsigned int)tick & (WHEEL_RING - 1);
	list_add(&wheel->ring[index], node);
	wheel->ring_used[index / 64] |= UINT64_C(1) << index % 64;
	wheel->ring_words |= UINT64_C(1) << index / 64;
}

static void take_out(struct wheel *wheel, struct wheel_node *node)
{
	/* The first of a slot points to the slot, any other to a node: far from there. */
	size_t ring = ((uintptr_t)node->pprev - (uintptr_t)wheel->ring) / sizeof(node);
	size_t slot = ((uintptr_t)node->pprev - (uintptr_t)wheel->slots) / sizeof(node);

	*node->pprev = node->next;
	if (node->next)
		node->next->pprev = node->pprev;
	else if (ring < WHEEL_RING)
		ring_clear(wheel, (unsigned int)ring);
	else if (slot < WHEEL_LEVELS * WHEEL_SLOTS)
		level_clear(wheel, (unsigned int)(slot / WHEEL_SLOTS),
			(unsigned int)(slot % WHEEL_SLOTS));
	node->pprev = NULL;
}

void wheel_add(struct wheel *wheel, struct wheel_node *node, uint64_t due)
{
	node->due = due;
	put_in(wheel, node);
	wheel->count++;
}

void wheel_del(struct wheel *wheel, struct wheel_node *node)
{
	if (!wheel_node_armed(node))
		return;
	take_out(wheel, node);
	wheel->count--;
}

/* The tick of the ring's first slot that is not empty; UINT64_MAX: all are. */
static inline uint64_t ring_first(const struct wheel *wheel)
{
	unsigned int from = (unsigned int)wheel->tick & (WHEEL_RING - 1), word = from / 64, turn;
	uint64_t bits = wheel->ring_used[word] & UINT64_MAX << from % 64, words;

	if (bits == 0) {
		if (wheel->ring_words == 0)
			return UINT64_MAX;
		/* The words behind this one, round to it again. */
		turn = (word + 1) % WHEEL_RING_WORDS;
		words = wheel->ring_words >> turn |
			wheel->ring_words << ((WHEEL_RING_WORDS - turn) % WHEEL_RING_WORDS);
		word = (turn + (unsigned int)__builtin_ctzll(words)) % WHEEL_RING_WORDS;
		bits = wheel->ring_used[word];
	}
	return wheel->tick +
		((word * 64 + (unsigned int)__builtin_ctzll(bits) - from) & (WHEEL_RING - 1));
}

/* The first slot of the levels: its level, and in *begins its first tick, which is after the
 * wheel's. WHEEL_LEVELS: all are empty. */
static unsigned int above_first(const struct wheel *wheel, uint64_t *begins)
{
	unsigned int level, shift, turn;
	uint64_t bits, from;

	if (wheel->levels == 0) {
		*begins = UINT64_MAX;
		return WHEEL_LEVELS;
	}
	level = (unsigned int)__builtin_ctz(wheel->levels);
	bits = wheel->level_used[level];
	shift = level_shift(level);
	from = wheel->tick >> shift;
	if (level < TOP) {
		from = from >> WHEEL_LEVEL_BITS << WHEEL_LEVEL_BITS;
	} else {
		from++;
		turn = (unsigned int)from & (WHEEL_SLOTS - 1);
		bits = bits >> turn | bits << ((WHEEL_SLOTS - turn) & (WHEEL_SLOTS - 1));
	}
	*begins = (from + (unsigned int)__builtin_ctzll(bits)) << shift;
	return level;
}

/* The wheel comes to where a slot of the levels may begin: put its nodes in anew. */
static __attribute__((noinline)) void cascade(struct wheel *wheel)
{
	uint64_t begins;
	unsigned int level = above_first(wheel, &begins);

	if (level < WHEEL_LEVELS && begins == wheel->above) {
		unsigned int index = digit(begins, level);
		struct wheel_node *node = wheel->slots[level][index], *first = NULL, *next;

		wheel->tick = begins;
		wheel->slots[level][index] = NULL;
		level_clear(wheel, level, index);
		for (; node; node = next) {
			next = node->next;
			node->next = first;
			first = node;
		}
		for (node = first; node; node = next) {
			next = node->next;
			put_in(wheel, node);
		}
		above_first(wheel, &begins);
	}
	wheel->above = begins;
}

/* Slots are filled from the front: who came first is last. */
static inline void turn_round(struct wheel_node **out, unsigned int n)
{
	for (unsigned int i = 0; i < n / 2; i++) {
		struct wheel_node *node = out[i];

		out[i] = out[n - 1 - i];
		out[n - 1 - i] = node;
	}
}

/* All of a slot whose tick is over, up to MAX. */
static inline unsigned int take_slot(
	struct wheel *wheel, unsigned int index, struct wheel_node **out, unsigned int max)
{
	struct wheel_node **head = &wheel->ring[index], *node = *head;
	unsigned int n = 0;

	for (; node && n < max; node = node->next) {
		node->pprev = NULL;
		out[n++] = node;
	}
	*head = node;
	if (node)
		node->pprev = head;
	else
		ring_clear(wheel, index);
	turn_round(out, n);
	return n;
}

/* Of a tick that has only begun, those that are due already. */
static unsigned int take_due(struct wheel *wheel, unsigned int index, uint64_t now,
	struct wheel_node **out, unsigned int max)
{
	struct wheel_node *node = wheel->ring[index], *next;
	unsigned int n = 0;

	for (; node && n < max; node = next) {
		next = node->next;
		if (node->due > now)
			continue;
		take_out(wheel, node);
		out[n++] = node;
	}
	turn_round(out, n);
	return n;
}

/* Load the first nodes of slots that are over, up to the end of a word of them: one load behind the
 * other would wait for each. */
static inline void prefetch_over(const struct wheel *wheel, uint64_t now_tick)
{
	unsigned int from = (unsigned int)wheel->tick & (WHEEL_RING - 1);
	uint64_t bits = wheel->ring_used[from / 64] >> from % 64, n = now_tick - wheel->tick;

	if (n < 64)
		bits &= (UINT64_C(1) << n) - 1;
	for (; bits != 0; bits &= bits - 1)
		__builtin_prefetch(wheel->ring[from + (unsigned int)__builtin_ctzll(bits)]);
}

unsigned int wheel_expire_burst(
	struct wheel *wheel, uint64_t now, struct wheel_node **out, unsigned int max)
{
	uint64_t now_tick = now >> wheel->tick_shift, tick;
	unsigned int n = 0;

	if (now_tick < wheel->tick)
		now_tick = wheel->tick;
	if (wheel->count == 0) {
		wheel->tick = now_tick;
		return 0;
	}
	prefetch_over(wheel, now_tick);
	while (n < max) {
		tick = ring_first(wheel);
		if (wheel->above <= tick && wheel->above <= now_tick) {
			cascade(wheel);
			continue;
		}
		if (tick > now_tick) {
			wheel->tick = now_tick;
			break;
		}
		wheel->tick = tick;
		if (tick == now_tick) {
			n += take_due(wheel, (unsigned int)tick & (WHEEL_RING - 1), now, out + n,
				max - n);
			break;
		}
		n += take_slot(wheel, (unsigned int)tick & (WHEEL_RING - 1), out + n, max - n);
	}
	wheel->count -= n;
	return n;
}

struct wheel_node *wheel_expire(struct wheel *wheel, uint64_t now)
{
	struct wheel_node *node;

	return wheel_expire_burst(wheel, now, &node, 1) == 1 ? node : NULL;
}

uint64_t wheel_next(const struct wheel *wheel)
{
	uint64_t tick, next = UINT64_MAX;

	if (wheel->count == 0)
		return UINT64_MAX;
	tick = ring_first(wheel);
	if (wheel->above <= tick)
		return wheel->above << wheel->tick_shift;
	for (const struct wheel_node *node = wheel->ring[tick & (WHEEL_RING - 1)]; node;
		node = node->next) {
		if (node->due < next)
			next = node->due;
	}
	return next;
}
