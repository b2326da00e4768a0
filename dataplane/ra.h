/* SPDX-License-Identifier: BSD-3-Clause */
/* Router advertisements (RFC 4861 6.2): periodic ones with their jitter, and answers to those who
 * solicit, of interfaces whose specification asks for them. Runs on the home worker. */
#ifndef HPSR_DATAPLANE_RA_H
#define HPSR_DATAPLANE_RA_H

#include "dataplane/ctx.h"
#include "dataplane/iface6.h"

/* Sets ip6->ra; 0, or -EINVAL: an interval outside of 4..1800 s, or a lifetime outside of
 * interval..9000 s that is not 0. */
int ra_set(struct iface6 *ip6, const struct dp_ra_spec *spec);
/* The interface can speak now: advertise soon, a few times at short intervals. */
void ra_start(struct ctx *ctx, struct iface6 *ip6);
/* Somebody has solicited; false: this interface does not advertise. */
bool ra_solicited(struct ctx *ctx, struct iface6 *ip6);
/* Send what is due by now. */
void ra_run(struct ctx *ctx, struct iface6 *ip6);
/* The interface goes, or its router stops: it is no default router any more. */
void ra_cease(struct ctx *ctx, struct iface *iface);

#endif
