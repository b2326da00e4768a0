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

uint32_t fib4_lookup(uint64_t root, uint32_t ip)
{
	uint32_t nh;

	fib_single(root, &ip, &nh);
	return nh;
}

void fib4_lookup_bulk(uint64_t root, const uint32_t *ips, uint32_t *nhs, unsigned int n)
{
	fib_burst(root, ips, nhs, n);
}

void fib4_lookup_mixed(const uint64_t *roots, const uint32_t *ips, uint32_t *nhs, unsigned int n)
{
	fib_burst_mixed(roots, ips, nhs, n);
}
