/* SPDX-License-Identifier: BSD-3-Clause */
/* With S = sum M, the constraint m(i) <= C - (S - M(i)) is a lower bound, M(i) >= m(i) + (S - C).
 * So for a given sum S = C + x the feasible set is a box,
 *
 *	L(i) = m(i) + max(0, x) <= M(i) <= U(i) = min(Mreq(i), C),
 *
 * cut with sum M = S, and it is not empty iff L <= U and sum L <= S <= sum U. Every x up to 0 meets
 * L <= U and sum L <= S; above 0 the bounds on x are (n - 1) x <= C - sum m and x <= U(i) - m(i).
 * The largest S follows; the max-min fair point of the box cut is M(i) = clamp(level, L(i), U(i)).
 */
#include "lib/ratealloc.h"

#include <errno.h>

typedef unsigned __int128 u128;

static uint64_t upper_bound(const struct ratealloc_req *req, uint64_t capacity)
{
	return req->max_bps < capacity ? req->max_bps : capacity;
}

static uint64_t grant_at(
	const struct ratealloc_req *req, uint64_t capacity, uint64_t extra, uint64_t level)
{
	uint64_t lower = req->min_bps + extra, upper = upper_bound(req, capacity);

	if (level < lower)
		return lower;
	return level < upper ? level : upper;
}

static u128 sum_at(const struct ratealloc_req *reqs, size_t n, uint64_t capacity, uint64_t extra,
	uint64_t level)
{
	u128 sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += grant_at(&reqs[i], capacity, extra, level);
	return sum;
}

static int check_feasible(uint64_t capacity, const struct ratealloc_req *reqs, size_t n,
	struct ratealloc_error *error)
{
	u128 minima = 0, excess;
	size_t first_over = n;

	for (size_t i = 0; i < n; i++) {
		if (reqs[i].min_bps > reqs[i].max_bps) {
			error->fault = RATEALLOC_MIN_OVER_MAX;
			error->index = i;
			error->excess_bps = reqs[i].min_bps - reqs[i].max_bps;
			return -ENOSPC;
		}
		minima += reqs[i].min_bps;
		if (minima > capacity && first_over == n)
			first_over = i;
	}
	if (minima <= capacity)
		return 0;
	excess = minima - capacity;
	error->fault = RATEALLOC_MIN_OVER_C;
	error->index = first_over;
	error->excess_bps = excess < UINT64_MAX ? (uint64_t)excess : UINT64_MAX;
	return -ENOSPC;
}

int ratealloc_solve(uint64_t capacity_bps, const struct ratealloc_req *reqs, size_t n,
	uint64_t *granted_bps, struct ratealloc_error *error)
{
	u128 minima = 0, maxima = 0, total, rest;
	uint64_t extra = 0, low, high, room = UINT64_MAX;
	int rc = check_feasible(capacity_bps, reqs, n, error);

	if (rc < 0)
		return rc;
	error->fault = RATEALLOC_OK;
	error->index = 0;
	error->excess_bps = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t upper = upper_bound(&reqs[i], capacity_bps);

		minima += reqs[i].min_bps;
		maxima += upper;
		if (upper - reqs[i].min_bps < room)
			room = upper - reqs[i].min_bps;
	}
	total = maxima;
	if (maxima > capacity_bps) { /* hence n > 1, as each is at most the capacity */
		u128 spare = (capacity_bps - minima) / (n - 1);

		extra = spare < room ? (uint64_t)spare : room;
		if (maxima - capacity_bps < extra)
			extra = (uint64_t)(maxima - capacity_bps);
		total = (u128)capacity_bps + extra;
	}

	/* The highest level whose grants do not exceed the total. */
	low = 0;
	high = capacity_bps;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2 + ((high - low) & 1);

		if (sum_at(reqs, n, capacity_bps, extra, middle) <= total)
			low = middle;
		else
			high = middle - 1;
	}
	/* What the whole level leaves is less than one unit for each link that could rise. */
	rest = total - sum_at(reqs, n, capacity_bps, extra, low);
	for (size_t i = 0; i < n; i++) {
		granted_bps[i] = grant_at(&reqs[i], capacity_bps, extra, low);
		if (rest > 0 && reqs[i].min_bps + extra <= low &&
			low < upper_bound(&reqs[i], capacity_bps)) {
			granted_bps[i]++;
			rest--;
		}
	}
	return 0;
}
