/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules of an interface in one direction. Made by the control thread; its counters belong to
 * the interface's home worker while it is published. */
#ifndef HPSR_DATAPLANE_FILTER_H
#define HPSR_DATAPLANE_FILTER_H

#include "dataplane/acl.h"

struct filter_hits {
	uint64_t packets, bytes; /* L3 */
	bool drop;
};

struct filter {
	struct acl *acl4, *acl6; /* NULL: no rule for this family */
	uint32_t n;
	struct filter_hits *hits;     /* by rule */
	struct dp_filter_rule *rules; /* the control thread's */
	uint32_t *before;             /* by rule: its index in the filter before, plus 1; 0: new */
};

/* BEFORE: the filter that this one takes the place of, or NULL. 0, -EINVAL, -ENOMEM, -E2BIG: more
 * than can be compiled. */
int filter_create(const struct dp_filter_rule *rules, size_t n, const struct filter *before,
	struct filter **out);
/* NULL is allowed. */
void filter_destroy(struct filter *filter);
/* Go on counting where BEFORE stands: at the home worker, when one takes the other's place. */
void filter_carry(struct filter *filter, const struct filter *before);

/* Count a packet against what was found (not 0); true: drop it. */
static inline bool filter_judge(struct filter *filter, uint32_t found, uint32_t bytes)
{
	struct filter_hits *hits = &filter->hits[found - 1];

	hits->packets++;
	hits->bytes += bytes;
	return hits->drop;
}

#endif
