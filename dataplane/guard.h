/* SPDX-License-Identifier: BSD-3-Clause */
/* Stages for packets of interfaces that are guarded: the reverse-path check and the filter where
 * they come in, policies beside the routes, the filter where they would leave. A burst of others
 * meets none of this. What is dropped leaves the burst; the rest stays in order. */
#ifndef HPSR_DATAPLANE_GUARD_H
#define HPSR_DATAPLANE_GUARD_H

#include "dataplane/ctx.h"
#include "dataplane/vr.h"

/* Before the routes: RFC 3704, then the filters of the interfaces that the packets came in on. */
void guard_in(struct ctx *ctx, struct burst *b, enum ip_af af);
/* Behind the routes' lookup: policies set b->nh anew. */
void guard_route(struct ctx *ctx, struct burst *b, enum ip_af af);
/* With the way out known: its filter. A packet that its link has let pass was judged before. */
void guard_out(struct ctx *ctx, struct burst *b, enum ip_af af);

/* Set the flags of a router's interfaces by what they have. Home worker, at its fixed point. */
void guard_flags_set(struct vr *vr);

#endif
