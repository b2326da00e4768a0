/* SPDX-License-Identifier: BSD-3-Clause */
/* Which next hops live: whose port has link, who has not failed to answer ARP or ND, and whose peer
 * answers where the interface's probe is of it. The home worker's; nothing waits for the control
 * thread when one dies. What depends on it (groups, policies) is brought up to date when it is used
 * next: vr->live_generation tells. */
#ifndef HPSR_DATAPLANE_LIVE_H
#define HPSR_DATAPLANE_LIVE_H

#include "dataplane/ctx.h"
#include "dataplane/vr.h"

/* Does the next hop live; of a group, any of them? Those without a way out (blackhole) do. */
bool live_adj(const struct ctx *ctx, const struct adj *adj);
/* Share the slots out: those of the lowest metric that has members that live, in turn; a dead
 * member's slots go to the others, which keep their own. When none lives, as if all did. */
void live_group_fill(const struct ctx *ctx, const struct vr *vr, struct adj_group *group);
/* A port's link of this worker's came or went. */
void live_ports_changed(struct ctx *ctx);

/* The next hop of a flow. */
static inline struct adj *live_pick(
	const struct ctx *ctx, const struct vr *vr, struct adj_group *group, uint32_t hash)
{
	if (unlikely(group->generation != vr->live_generation))
		live_group_fill(ctx, vr, group);
	return adj_at(group->slots[hash & (ADJ_GROUP_SLOTS - 1)]);
}

#endif
