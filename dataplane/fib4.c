/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/fib.h"
#include "dataplane/fib_step.h"

#define FIB_IP uint32_t
#define FIB_WIDTH 32u

static inline uint64_t fib_rest(const uint32_t *ip, unsigned int at)
{
	return (uint64_t)*ip << (32 + at);
}

#include "dataplane/fib_burst.h"

uint32_t fib4_lookup(const struct fib_view *view, uint32_t ip)
{
	uint32_t nh;

	fib_single(view, &ip, &nh);
	return nh;
}

void fib4_lookup_bulk(
	const struct fib_view *view, const uint32_t *ips, uint32_t *nhs, unsigned int n)
{
	fib_burst(view, ips, nhs, n);
}

void fib4_lookup_mixed(
	const struct fib_view *const *views, const uint32_t *ips, uint32_t *nhs, unsigned int n)
{
	fib_burst_mixed(views, ips, nhs, n);
}
