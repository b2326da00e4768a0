/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/fib.h"
#include "dataplane/fib_step.h"

struct ip6 {
	uint8_t bytes[16]; /* as on the wire */
};

#define FIB_IP struct ip6
#define FIB_WIDTH 128u

/* Within the half of the address that AT is in: no node crosses the middle. */
static inline uint64_t fib_rest(const struct ip6 *ip, unsigned int at)
{
	uint64_t half;

	memcpy(&half, ip->bytes + at / 64 * 8, sizeof(half));
	return __builtin_bswap64(half) << (at % 64);
}

#include "dataplane/fib_burst.h"

uint32_t fib6_lookup(uint64_t root, const uint8_t ip[16])
{
	uint32_t nh;

	fib_single(root, (const struct ip6 *)ip, &nh);
	return nh;
}

void fib6_lookup_bulk(uint64_t root, const uint8_t (*ips)[16], uint32_t *nhs, unsigned int n)
{
	fib_burst(root, (const struct ip6 *)ips, nhs, n);
}

void fib6_lookup_mixed(
	const uint64_t *roots, const uint8_t (*ips)[16], uint32_t *nhs, unsigned int n)
{
	fib_burst_mixed(roots, (const struct ip6 *)ips, nhs, n);
}
