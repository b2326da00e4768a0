/* SPDX-License-Identifier: BSD-3-Clause */
/* Hierarchical timing wheel (Varghese and Lauck, SOSP 1987): add, delete and expire in O(1), with
 * bitmaps so that empty time costs nothing; what is near stands in a ring and is touched once.
 * Intrusive: the caller embeds a wheel_node, the wheel allocates nothing. Pure; the clock is the
 * caller's argument. Single owner. */
#ifndef HPSR_LIB_WHEEL_H
#define HPSR_LIB_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#define WHEEL_RING_BITS 12 /* slots of a tick each */
#define WHEEL_RING (1u << WHEEL_RING_BITS)
#define WHEEL_RING_WORDS (WHEEL_RING / 64)
#define WHEEL_LEVEL_BITS 6
#define WHEEL_SLOTS (1u << WHEEL_LEVEL_BITS)
#define WHEEL_LEVELS 6 /* with the ring, 48 bits of ticks */

struct wheel_node {
	struct wheel_node *next;
	struct wheel_node **pprev; /* NULL: in no wheel */
	uint64_t due;              /* clock value */
};

struct wheel {
	uint64_t tick;  /* the last tick expired: clock >> tick_shift */
	uint64_t above; /* no slot of the levels begins before this tick */
	unsigned int tick_shift;
	unsigned int count;
	uint64_t ring_words; /* bits: which of ring_used are not 0 */
	uint32_t levels;     /* and of level_used */
	uint64_t ring_used[WHEEL_RING_WORDS], level_used[WHEEL_LEVELS];
	struct wheel_node *ring[WHEEL_RING];
	struct wheel_node *slots[WHEEL_LEVELS][WHEEL_SLOTS];
};

/* A tick is 2^tick_shift units of the clock (0..20). */
void wheel_init(struct wheel *wheel, unsigned int tick_shift, uint64_t now);
/* The node must be in no wheel; a due time in the past expires at the next wheel_expire. */
void wheel_add(struct wheel *wheel, struct wheel_node *node, uint64_t due);
/* Nothing happens to a node that is in no wheel. */
void wheel_del(struct wheel *wheel, struct wheel_node *node);
static inline bool wheel_node_armed(const struct wheel_node *node)
{
	return node->pprev != 0;
}
/* Take out up to MAX nodes with due <= now, in order of ticks; those of a tick in the order in
 * which they were added, as far as MAX leaves room for all of them. Returns how many: fewer than
 * MAX, and no more are due. A node is never given before its due time; with a polled clock it is
 * given at the first call whose now has reached it. */
unsigned int wheel_expire_burst(
	struct wheel *wheel, uint64_t now, struct wheel_node **out, unsigned int max);
/* The same for one; NULL when there is none. */
struct wheel_node *wheel_expire(struct wheel *wheel, uint64_t now);
/* A lower bound of the next due time, for deciding how long to sleep: no node is due before it.
 * UINT64_MAX when the wheel is empty. */
uint64_t wheel_next(const struct wheel *wheel);

#endif
