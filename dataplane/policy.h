/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual router's policies: who leaves another way than the routes say. Made by the control
 * thread; counters and liveness belong to the router's home worker while it is published. */
#ifndef HPSR_DATAPLANE_POLICY_H
#define HPSR_DATAPLANE_POLICY_H

#include "dataplane/acl.h"
#include "dataplane/live.h"

struct policy {
	uint64_t packets, bytes; /* L3 */
	uint32_t nh;             /* adjacency */
	bool route;              /* leaves it to the routes */
	bool alive;              /* nh; as of the generation below */
	uint8_t other;           /* enum dp_else */
};

struct policies {
	struct acl *acl4, *acl6;
	uint32_t n, generation;
	struct policy *items;
	const struct dp_match_spec **matches;
	struct dp_policy_spec *specs; /* matches are of the next hops' family */
	uint32_t *before;             /* index in the list before, plus 1; 0: new */
};

/* Next hops get a reference each, for policies_put to give back. 0, -EINVAL, -ENOMEM, -ENOSPC,
 * -E2BIG. *out is to be put back and destroyed after a failure, too, unless it is NULL. */
int policies_create(struct vr *vr, const struct dp_policy_spec *specs, size_t n,
	const struct policies *before, struct policies **out);
/* Give the next hops back: those that die of it are written to dead (room for n), and counted. */
size_t policies_put(struct vr *vr, const struct policies *policies, uint32_t *dead);
/* NULL is allowed. */
void policies_destroy(struct policies *policies);
/* As filter_carry. */
void policies_carry(struct policies *policies, const struct policies *before);
/* Do packets from this interface concern any of them? */
bool policies_concern(const struct policies *policies, dp_iface_id iface);
/* Look again at which next hops live. */
void policies_refresh(const struct ctx *ctx, const struct vr *vr, struct policies *policies);

#endif
