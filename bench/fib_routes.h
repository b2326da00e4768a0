/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes and destinations for the FIB bench: always the same for a seed. */
#ifndef HPSR_BENCH_FIB_ROUTES_H
#define HPSR_BENCH_FIB_ROUTES_H

#include <stdint.h>

#include "lib/ipaddr.h"

struct route {
	struct ip_prefix prefix;
	uint32_t nh;
};

/* xorshift64; the state is never 0. */
uint64_t random_next(uint64_t *state);

/* N different routes, lengths mixed as in the Internet's tables, most of them inside of fewer and
 * shorter blocks as registries give them out; next hops 1..NHS. Aborts without memory. */
struct route *routes_make(enum ip_af af, uint32_t n, uint32_t nhs, uint64_t seed);
/* A random address in the route's prefix, as on the wire. */
void route_address(const struct route *route, uint64_t *random, uint8_t ip[16]);

#endif
