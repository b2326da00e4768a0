/* SPDX-License-Identifier: BSD-3-Clause */
/* Deficit round robin (Shreedhar and Varghese, SIGCOMM 1995) over whatever the caller charges for:
 * here cycles. In each round every entity may spend its quantum. One that becomes active goes
 * before all that wait for their turn, as sparse flows do in fq_codel (RFC 8290 4.1), but only with
 * what it has left of this round's quantum: whoever stays below its share is served at once, and
 * becoming idle and active again brings nothing. An entity may overdraw by one service, and owes
 * it. O(1), intrusive, allocates nothing. Pure. Single owner. */
#ifndef HPSR_LIB_DRR_H
#define HPSR_LIB_DRR_H

#include <stdbool.h>
#include <stdint.h>

#define DRR_COST_MAX (INT64_C(1) << 40) /* of one charge; and of a quantum */

enum drr_list { DRR_IDLE, DRR_FRESH, DRR_OLD };

struct drr_entity {
	struct drr_entity *next, *prev;
	int64_t deficit; /* what is left of the quanta; negative: owed */
	uint64_t round;  /* in which it was last given its quantum */
	int64_t quantum;
	uint8_t list; /* enum drr_list */
};

struct drr {
	struct drr_entity fresh, old; /* heads of rings */
	struct drr_entity marker;     /* in OLD: behind it is the next round */
	uint64_t round;
};

void drr_init(struct drr *drr);
/* A new entity, idle, that owes nothing. QUANTUM: 1..DRR_COST_MAX a round. */
void drr_entity_init(struct drr_entity *entity, int64_t quantum);
/* It has something to be served now; nothing happens when it had before. */
void drr_activate(struct drr *drr, struct drr_entity *entity);
/* It has nothing more, or goes; likewise. What it owes, it owes still. */
void drr_deactivate(struct drr *drr, struct drr_entity *entity);
/* Who is to be served next: the same one until it is charged, deactivated, or one that comes before
 * it is activated. NULL: nobody is active. */
struct drr_entity *drr_next(struct drr *drr);
/* Entities below their share take turns: this one was served, and goes behind the others of them.
 */
static inline void drr_yield(struct drr *drr, struct drr_entity *entity)
{
	if (entity->list != DRR_FRESH || drr->fresh.prev == entity)
		return;
	entity->prev->next = entity->next;
	entity->next->prev = entity->prev;
	entity->prev = drr->fresh.prev;
	entity->next = &drr->fresh;
	drr->fresh.prev->next = entity;
	drr->fresh.prev = entity;
}

/* Does the entity that drr_next has just given go before its turn: is it below its share? */
static inline bool drr_is_fresh(const struct drr_entity *entity)
{
	return entity->list == DRR_FRESH;
}

/* It was served, for so much (-DRR_COST_MAX..DRR_COST_MAX: an estimate may be corrected later, also
 * when it is idle by then). */
static inline void drr_charge(struct drr_entity *entity, int64_t cost)
{
	entity->deficit -= cost;
}

#endif
