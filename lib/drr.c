/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/drr.h"

#include <string.h>

static void unlink_entity(struct drr_entity *entity)
{
	entity->prev->next = entity->next;
	entity->next->prev = entity->prev;
}

static void add_tail(struct drr_entity *head, struct drr_entity *entity)
{
	entity->prev = head->prev;
	entity->next = head;
	head->prev->next = entity;
	head->prev = entity;
}

void drr_init(struct drr *drr)
{
	memset(drr, 0, sizeof(*drr));
	drr->fresh.next = drr->fresh.prev = &drr->fresh;
	drr->old.next = drr->old.prev = &drr->old;
	drr->round = 1;
	add_tail(&drr->old, &drr->marker);
}

void drr_entity_init(struct drr_entity *entity, int64_t quantum)
{
	memset(entity, 0, sizeof(*entity));
	entity->quantum = quantum;
}

/* The quanta of the rounds since the last; what is not spent in its round is lost. */
static void give_missed(const struct drr *drr, struct drr_entity *entity)
{
	uint64_t rounds = drr->round - entity->round;

	if (rounds == 0)
		return;
	entity->round = drr->round;
	if (entity->deficit <= 0 && rounds <= (uint64_t)(-entity->deficit / entity->quantum) + 1)
		entity->deficit += (int64_t)rounds * entity->quantum;
	else
		entity->deficit = entity->quantum;
}

void drr_activate(struct drr *drr, struct drr_entity *entity)
{
	if (entity->list != DRR_IDLE)
		return;
	give_missed(drr, entity);
	entity->list = entity->deficit > 0 ? DRR_FRESH : DRR_OLD;
	add_tail(entity->deficit > 0 ? &drr->fresh : &drr->old, entity);
}

void drr_deactivate(struct drr *drr, struct drr_entity *entity)
{
	(void)drr;
	if (entity->list == DRR_IDLE)
		return;
	unlink_entity(entity);
	entity->list = DRR_IDLE;
}

static void to_old_tail(struct drr *drr, struct drr_entity *entity)
{
	unlink_entity(entity);
	entity->list = DRR_OLD;
	add_tail(&drr->old, entity);
}

/* The turn of an entity in OLD: its quantum, once a round. */
static bool has_turn(const struct drr *drr, struct drr_entity *entity)
{
	if (entity->deficit <= 0 && entity->round != drr->round) {
		entity->deficit += entity->quantum;
		entity->round = drr->round;
	}
	return entity->deficit > 0;
}

struct drr_entity *drr_next(struct drr *drr)
{
	struct drr_entity *entity;

	while ((entity = drr->fresh.next) != &drr->fresh) {
		if (entity->deficit > 0)
			return entity;
		to_old_tail(drr, entity);
	}
	for (;;) {
		entity = drr->old.next;
		if (entity == &drr->marker) {
			if (entity->next == &drr->old)
				return NULL;
			drr->round++;
		} else if (has_turn(drr, entity)) {
			return entity;
		}
		to_old_tail(drr, entity);
	}
}
