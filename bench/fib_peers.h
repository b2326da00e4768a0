/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables that the FIB bench compares, behind one interface. */
#ifndef HPSR_BENCH_FIB_PEERS_H
#define HPSR_BENCH_FIB_PEERS_H

#include <stddef.h>
#include <stdint.h>

#include "bench/fib_routes.h"

#define PEER_BURST 64u

struct peer {
	const char *name;
	enum ip_af af;
	/* A table for N routes; NULL where it cannot be had (no AVX-512, no memory). */
	void *(*create)(uint32_t n);
	void (*destroy)(void *table);
	/* 0 or negative. */
	int (*add)(void *table, const struct route *route);
	int (*del)(void *table, const struct route *route);
	/* N (up to PEER_BURST) lookups; the sum of the next hops found. IPS: uint32_t in host
	 * order, or 16 bytes each. */
	uint64_t (*lookup)(void *table, const void *ips, unsigned int n);
	/* NULL: what it took from DPDK's heap is counted. */
	size_t (*bytes)(void *table);
};

extern const struct peer peers[];
extern const unsigned int peers_n;

#endif
