/* SPDX-License-Identifier: BSD-3-Clause */
/* Maximum rates of virtual links that share a capacity under guaranteed minima: the problem of
 * paper 000, Section III.B (reference.yaml: allocation), solved exactly in integers.
 *
 *	maximise   sum M(i)
 *	subject to m(i) <= C - sum over j != i of M(j),   m(i) <= M(i) <= Mreq(i),   sum m(i) <= C
 *
 * and, among the optima, the max-min fair one. Pure, any thread, O(n log capacity), no memory. */
#ifndef HPSR_LIB_RATEALLOC_H
#define HPSR_LIB_RATEALLOC_H

#include <stddef.h>
#include <stdint.h>

struct ratealloc_req {
	uint64_t min_bps; /* guaranteed minimum; 0: none */
	uint64_t max_bps; /* allowed maximum; UINT64_MAX: the capacity */
};

enum ratealloc_fault {
	RATEALLOC_OK,
	RATEALLOC_MIN_OVER_MAX, /* link `index`: min exceeds max by excess_bps */
	RATEALLOC_MIN_OVER_C,   /* the sum of the minima exceeds the capacity by excess_bps */
};

struct ratealloc_error {
	enum ratealloc_fault fault;
	size_t index; /* for the sum: the first link at which it exceeds the capacity */
	uint64_t excess_bps;
};

/* Grants in the order of the requests. 0; -ENOSPC when infeasible, with *error filled in and grants
 * untouched. n may be 0. A maximum above the capacity counts as the capacity. */
int ratealloc_solve(uint64_t capacity_bps, const struct ratealloc_req *reqs, size_t n,
	uint64_t *granted_bps, struct ratealloc_error *error);

#endif
