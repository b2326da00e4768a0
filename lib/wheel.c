/* SPDX-License-Identifier: BSD-3-Clause */
/* A node stands in the level of the highest digit (6 bits) in which its tick differs from the
 * wheel's, in the slot of that digit. So a level below the top holds only slots after the wheel's
 * own digit, all of which come before anything in the levels above: the next slot is the lowest bit
 * of the lowest level that is not empty. The top level goes round: what is further away than it
 * reaches stands in its furthest slot and is put in anew from there. */
#include "lib/wheel.h"

#include <stddef.h>
#include <string.h>

#define WHEEL_TOP (WHEEL_LEVELS - 1)
#define WHEEL_TOP_SHIFT (WHEEL_TOP * WHEEL_SLOT_BITS)
#define WHEEL_REACH ((uint64_t)(WHEEL_SLOTS - 1) << WHEEL_TOP_SHIFT) /* ticks */

static unsigned int digit(uint64_t tick, unsigned int level)
{
	return (unsigned int)(tick >> (level * WHEEL_SLOT_BITS)) & (WHEEL_SLOTS - 1);
}

void wheel_init(struct wheel *wheel, unsigned int tick_shift, uint64_t now)
{
	memset(wheel, 0, sizeof(*wheel));
	wheel->tick_shift = tick_shift;
	wheel->tick = now >> tick_shift;
}

static void put_in(struct wheel *wheel, struct wheel_node *node)
{
	uint64_t tick = node->due >> wheel->tick_shift;
	unsigned int level = 0, index;
	struct wheel_node **head;

	if (tick < wheel->tick)
		tick = wheel->tick;
	if (tick - wheel->tick > WHEEL_REACH)
		tick = wheel->tick + WHEEL_REACH;
	if (tick != wheel->tick)
		level = (63u - (unsigned int)__builtin_clzll(tick ^ wheel->tick)) / WHEEL_SLOT_BITS;
	if (level > WHEEL_TOP)
		level = WHEEL_TOP;
	index = digit(tick, level);
	head = &wheel->slots[level][index];

	node->slot = (uint16_t)(level * WHEEL_SLOTS + index);
	node->next = *head;
	node->pprev = head;
	if (node->next)
		node->next->pprev = &node->next;
	*head = node;
	wheel->occupied[level] |= UINT64_C(1) << index;
}

static void take_out(struct wheel *wheel, struct wheel_node *node)
{
	unsigned int level = node->slot / WHEEL_SLOTS, index = node->slot % WHEEL_SLOTS;

	*node->pprev = node->next;
	if (node->next)
		node->next->pprev = node->pprev;
	node->next = NULL;
	node->pprev = NULL;
	if (!wheel->slots[level][index])
		wheel->occupied[level] &= ~(UINT64_C(1) << index);
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

/* The first slot that is not empty: its level, and in *tick the first tick it covers.
 * WHEEL_LEVELS when all are empty. */
static unsigned int first_slot(const struct wheel *wheel, uint64_t *tick)
{
	for (unsigned int level = 0; level < WHEEL_TOP; level++) {
		unsigned int shift = level * WHEEL_SLOT_BITS;
		uint64_t base;

		if (!wheel->occupied[level])
			continue;
		base = wheel->tick >> (shift + WHEEL_SLOT_BITS) << WHEEL_SLOT_BITS;
		*tick = (base + (unsigned int)__builtin_ctzll(wheel->occupied[level])) << shift;
		return level;
	}
	if (wheel->occupied[WHEEL_TOP]) {
		uint64_t from = (wheel->tick >> WHEEL_TOP_SHIFT) + 1, bits;
		unsigned int turn = (unsigned int)from & (WHEEL_SLOTS - 1);

		bits = wheel->occupied[WHEEL_TOP];
		bits = bits >> turn | bits << ((WHEEL_SLOTS - turn) & (WHEEL_SLOTS - 1));
		*tick = (from + (unsigned int)__builtin_ctzll(bits)) << WHEEL_TOP_SHIFT;
		return WHEEL_TOP;
	}
	return WHEEL_LEVELS;
}

/* Spread a slot over the levels below: the wheel stands at its first tick. */
static void cascade(struct wheel *wheel, unsigned int level)
{
	unsigned int index = digit(wheel->tick, level);
	struct wheel_node *node = wheel->slots[level][index], *next;

	wheel->slots[level][index] = NULL;
	wheel->occupied[level] &= ~(UINT64_C(1) << index);
	for (; node; node = next) {
		next = node->next;
		put_in(wheel, node);
	}
}

struct wheel_node *wheel_expire(struct wheel *wheel, uint64_t now)
{
	uint64_t now_tick = now >> wheel->tick_shift, tick;
	struct wheel_node *node;
	unsigned int level;

	if (now_tick < wheel->tick)
		now_tick = wheel->tick;
	for (;;) {
		level = first_slot(wheel, &tick);
		if (level == WHEEL_LEVELS || tick > now_tick) {
			wheel->tick = now_tick;
			return NULL;
		}
		wheel->tick = tick;
		if (level == 0)
			break;
		cascade(wheel, level);
	}
	/* In the tick that has only begun, some may not be due yet. */
	node = wheel->slots[0][digit(tick, 0)];
	while (node && node->due > now)
		node = node->next;
	if (node)
		wheel_del(wheel, node);
	return node;
}

uint64_t wheel_next(const struct wheel *wheel)
{
	uint64_t tick, next = UINT64_MAX;
	unsigned int level = first_slot(wheel, &tick);

	if (level == WHEEL_LEVELS)
		return UINT64_MAX;
	if (level > 0)
		return tick << wheel->tick_shift;
	for (const struct wheel_node *node = wheel->slots[0][digit(tick, 0)]; node;
		node = node->next) {
		if (node->due < next)
			next = node->due;
	}
	return next;
}
