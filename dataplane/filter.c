/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/filter.h"

static bool rule_equal(const struct dp_filter_rule *a, const struct dp_filter_rule *b)
{
	return a->drop == b->drop && strcmp(a->name, b->name) == 0 &&
		acl_match_equal(&a->match, &b->match);
}

/* Each rule before is continued by one at most; mostly it stands where it stood. */
static int find_before(struct filter *filter, const struct filter *before)
{
	bool *taken = calloc(before->n, sizeof(*taken));

	if (taken == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < filter->n; i++) {
		uint32_t j = i;

		for (uint32_t tries = 0; tries < before->n; tries++, j++) {
			j %= before->n;
			if (taken[j] || !rule_equal(&filter->rules[i], &before->rules[j]))
				continue;
			taken[j] = true;
			filter->before[i] = j + 1;
			break;
		}
	}
	free(taken);
	return 0;
}

int filter_create(const struct dp_filter_rule *rules, size_t n, const struct filter *before,
	struct filter **out)
{
	const struct dp_match_spec **matches = calloc(n, sizeof(*matches));
	struct filter *filter = calloc(1, sizeof(*filter));
	int rc = -ENOMEM;

	if (matches == NULL || filter == NULL)
		goto out;
	filter->n = (uint32_t)n;
	filter->hits = calloc(n, sizeof(*filter->hits));
	filter->rules = calloc(n, sizeof(*filter->rules));
	filter->before = calloc(n, sizeof(*filter->before));
	if (filter->hits == NULL || filter->rules == NULL || filter->before == NULL)
		goto out;
	for (size_t i = 0; i < n; i++) {
		filter->rules[i] = rules[i];
		filter->hits[i].drop = rules[i].drop;
		matches[i] = &filter->rules[i].match;
		rc = acl_match_check(matches[i]);
		if (rc < 0)
			goto out;
	}
	rc = acl_create(IP_AF_4, matches, n, &filter->acl4);
	if (rc == 0)
		rc = acl_create(IP_AF_6, matches, n, &filter->acl6);
	if (rc == 0 && before != NULL)
		rc = find_before(filter, before);
out:
	free(matches);
	if (rc < 0)
		filter_destroy(filter);
	else
		*out = filter;
	return rc;
}

void filter_destroy(struct filter *filter)
{
	if (filter == NULL)
		return;
	acl_destroy(filter->acl4);
	acl_destroy(filter->acl6);
	free(filter->hits);
	free(filter->rules);
	free(filter->before);
	free(filter);
}

void filter_carry(struct filter *filter, const struct filter *before)
{
	for (uint32_t i = 0; i < filter->n; i++) {
		const struct filter_hits *hits;

		if (filter->before[i] == 0)
			continue;
		hits = &before->hits[filter->before[i] - 1];
		filter->hits[i].packets = hits->packets;
		filter->hits[i].bytes = hits->bytes;
	}
}
