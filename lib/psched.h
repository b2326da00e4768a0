/* SPDX-License-Identifier: BSD-3-Clause */
/* Who sends next on a port. Leaves with something to send stand in one of these lists, and the
 * first that has somebody is served:
 *
 *   control      the router's own packets, up to CONTROL_PART of the capacity
 *   guaranteed   reserved leaves whose guarantee is due (a bucket of min_bps)
 *   granted      reserved leaves beyond it, up to rate_bps, while all reserved stay within
 * share_bps borrowed     reserved leaves beyond rate_bps (borrow_bps), within share_bps as well
 *   best effort  what nobody has reserved, by weight
 *
 * and then whatever was held back only by its part or share: no capacity is left idle. Within a
 * list by deficit round robin in the form that lets a deficit go below zero (surplus round robin),
 * so that a frame's size need not be known before it is picked. What is served as guaranteed is
 * charged to the guarantee, and to the grant; what is borrowed to neither. A leaf that waits for
 * its bucket is in the wheel; an idle one is nowhere.
 *
 * Pure: the caller keeps the queues and the clock. Nothing is allocated. Single owner. */
#ifndef HPSR_LIB_PSCHED_H
#define HPSR_LIB_PSCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/psp.h"
#include "lib/wheel.h"

enum psched_level {
	PSCHED_GUARANTEED,
	PSCHED_GRANTED,
	PSCHED_BORROWED,
	PSCHED_BEST_EFFORT,
	PSCHED_LISTS,
	PSCHED_CONTROL = PSCHED_LISTS,
	PSCHED_HELD, /* at its rate: comes back by its timer */
	PSCHED_IDLE,
};

enum psched_kind { PSCHED_IS_BEST_EFFORT, PSCHED_IS_RESERVED, PSCHED_IS_CONTROL };

struct psched_leaf_conf {
	enum psched_kind kind;
	uint32_t weight;      /* of best effort; 1.. */
	uint64_t min_bps;     /* 0: no guarantee */
	uint64_t rate_bps;    /* granted; 0: not limited */
	uint64_t borrow_bps;  /* over rate_bps: borrows up to it; else strict */
	bool hold;            /* here is where the rate is kept (place 4) */
	bool paced;           /* by psp, else by a bucket that an idle time fills */
	uint64_t burst_bytes; /* of the bucket */
	uint32_t frame_bytes; /* the largest frame */
	uint32_t overhead;    /* bytes a frame counts for this leaf beyond its length */
};

/* A place in a list, round. */
struct psched_place {
	struct psched_leaf *next, *prev;
	int32_t deficit;
};

struct psched_leaf {
	/* Whose guarantee is due stands in two lists: there, and where it would stand without, so
	 * that it does not lose its turn for the rest by being served as guaranteed. */
	struct psched_place rest, guaranteed;
	uint8_t level;   /* enum psched_level */
	uint8_t rest_in; /* of which list `rest` is; PSCHED_IDLE: none */
	uint8_t kind;    /* enum psched_kind */
	bool has_min, has_grant, hold, paced;
	int32_t quantum;
	uint32_t overhead;
	struct psp min, grant, held;
	int64_t min_wake, grant_wake; /* credit at which a leaf moves up again */
	struct wheel_node timer;
};

struct psched {
	uint64_t clock_hz, now_tsc;
	struct psched_leaf *lists[PSCHED_LISTS]; /* the next to be served */
	struct psched_leaf *control;             /* the one control leaf, when it waits */
	bool limited, shared;                    /* there is a capacity, a share below it */
	struct psp capacity, share, control_part;
	struct wheel wheel;
};

void psched_init(struct psched *s, uint64_t clock_hz, uint64_t now_tsc);
/* CAPACITY_BPS 0: the device sets the pace, and there is no share. SHARE_BPS 0: all;
 * below RATE_MIN_BPS it counts as that. FRAME_BYTES: the port's largest frame. 0 or -ERANGE, and
 * then nothing has changed. What was earned or overdrawn stays. */
int psched_set(struct psched *s, uint64_t capacity_bps, uint64_t share_bps, uint32_t frame_bytes,
	uint64_t now_tsc);

/* Packets that may wait at the port for a link whose shaper before it may hold PACKETS: a quarter
 * of them, for what comes out of the shaper faster than its turn comes here. */
static inline uint32_t psched_behind_shaper(uint32_t packets)
{
	return packets / 4 > 32 ? packets / 4 : 32;
}

/* A leaf with nothing to send. */
void psched_leaf_init(struct psched_leaf *leaf);
/* 0 or -ERANGE: a rate, burst or weight that cannot be. */
int psched_leaf_check(const struct psched_leaf_conf *conf, uint64_t clock_hz);
/* A checked configuration takes effect at NOW; what the leaf has earned stays, and so does its
 * claim to send. */
void psched_leaf_set(struct psched *s, struct psched_leaf *leaf,
	const struct psched_leaf_conf *conf, uint64_t now_tsc);

/* The leaf, idle until now, has something to send. */
void psched_wake(struct psched *s, struct psched_leaf *leaf);
/* It has nothing any more. Nothing happens to an idle one. */
void psched_sleep(struct psched *s, struct psched_leaf *leaf);

/* Time has come to NOW: before a series of picks. */
void psched_clock(struct psched *s, uint64_t now_tsc);
/* Whose frame goes now; NULL: nobody's before psched_due. */
struct psched_leaf *psched_pick(struct psched *s);
/* A frame of BYTES of the leaf that was picked has gone; MORE: it has another. */
void psched_sent(struct psched *s, struct psched_leaf *leaf, uint32_t bytes, bool more);
/* When psched_pick may find somebody; UINT64_MAX: nobody waits. A lower bound. */
uint64_t psched_due(const struct psched *s);
/* Nobody waits, and the capacity covers BYTES at once: then they are charged, and need no picking.
 */
static inline bool psched_covers(struct psched *s, uint64_t bytes, uint64_t now_tsc)
{
	int64_t cost = (int64_t)(bytes * 8 * s->clock_hz);

	if (!s->limited)
		return true;
	psp_update(&s->capacity, now_tsc);
	if (s->capacity.credit < cost)
		return false;
	psp_charge(&s->capacity, cost);
	return true;
}

#endif
