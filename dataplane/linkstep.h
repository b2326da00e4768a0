/* SPDX-License-Identifier: BSD-3-Clause */
/* Links change in two steps, as workers see a change one after the other: first those that get
 * less, then those that get more. So in every mixture of old and new no guarantee stands beside a
 * grant that leaves it no room. Pure. */
#ifndef HPSR_DATAPLANE_LINKSTEP_H
#define HPSR_DATAPLANE_LINKSTEP_H

#include "dataplane/dp.h"

/* Does SPEC give up some of what NOW has? Best effort has nothing. */
static inline bool linkstep_gives(const struct dp_link_spec *now, const struct dp_link_spec *spec)
{
	if (now->rate_bps == 0)
		return false;
	return spec->rate_bps < now->rate_bps || spec->min_bps < now->min_bps ||
		spec->borrow_bps < now->borrow_bps;
}

/* Cuts what SPEC has more than NOW; true: it had more. */
static inline bool linkstep_lower(const struct dp_link_spec *now, struct dp_link_spec *spec)
{
	struct dp_link_spec wanted = *spec;

	if (spec->rate_bps == 0)
		return false;
	if (now->rate_bps == 0) { /* best effort joins those that are granted something */
		spec->rate_bps = 0;
		spec->min_bps = spec->borrow_bps = 0;
		return true;
	}
	if (now->rate_bps < spec->rate_bps)
		spec->rate_bps = now->rate_bps;
	if (now->min_bps < spec->min_bps)
		spec->min_bps = now->min_bps;
	if (now->borrow_bps < spec->borrow_bps)
		spec->borrow_bps = now->borrow_bps;
	return spec->rate_bps != wanted.rate_bps || spec->min_bps != wanted.min_bps ||
		spec->borrow_bps != wanted.borrow_bps;
}

#endif
