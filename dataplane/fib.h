/* SPDX-License-Identifier: BSD-3-Clause */
/* One address family's forwarding table of one virtual router: longest-prefix match from an address
 * to a 32-bit next-hop index. Many small tables at little memory, and full Internet tables.
 *
 * One writer (the control thread) for all tables of the process, as they share the memory of their
 * nodes; any number of readers that look up at the same time without a lock. Every update is
 * visible atomically: a lookup sees the table before or after it, never a covered destination
 * without a route (of two lookups while a prefix changes that covers many nodes, one may be before
 * and the other after). Memory that readers may still use is handed to retire. No DPDK in here. */
#ifndef HPSR_DATAPLANE_FIB_H
#define HPSR_DATAPLANE_FIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/ipaddr.h"

#define FIB_NH_NONE 0u       /* what a lookup without a route returns */
#define FIB_NH_MAX 0x3fffffu /* largest next-hop index (22 bits) */

struct fib;

struct fib_conf {
	enum ip_af af;
	/* Called for memory unlinked from the table: must call free_fn(arg, size) once no reader
	 * can hold it (after a grace period), in the writer's thread; it may be after fib_destroy.
	 * NULL: free at once (no concurrent readers). */
	void (*retire)(void *ctx, void (*free_fn)(void *arg, size_t size), void *arg, size_t size);
	void *ctx;
	/* Called with each new root, before the memory of the one before is retired, in the
	 * writer's thread: for readers who keep the root in places of their own. May be NULL. */
	void (*moved)(void *ctx, const struct fib *fib, uint64_t root);
};

/* NULL: out of memory. */
struct fib *fib_create(const struct fib_conf *conf);
/* No reader may use it any more; frees at once. NULL is allowed. */
void fib_destroy(struct fib *fib);

/* Add PREFIX (masked, of the table's family) or replace its next hop (1..FIB_NH_MAX). 0, -EINVAL,
 * -ENOMEM or -ENOSPC, and then nothing has changed. */
int fib_add(struct fib *fib, const struct ip_prefix *prefix, uint32_t nh);
/* -ENOENT when there is no such prefix; also -ENOMEM, and then nothing has changed. */
int fib_del(struct fib *fib, const struct ip_prefix *prefix);
/* The next hop of exactly this prefix. 0 or -ENOENT. Writer only. */
int fib_get(const struct fib *fib, const struct ip_prefix *prefix, uint32_t *nh);
/* In order of prefix, until the callback returns non-zero, which is then returned. Writer only;
 * the callback must not change the table. */
int fib_walk(const struct fib *fib,
	int (*cb)(void *ctx, const struct ip_prefix *prefix, uint32_t nh), void *ctx);
uint32_t fib_count(const struct fib *fib); /* prefixes */
/* Bytes of what readers touch, and of all (with the writer's own tree). */
size_t fib_reader_bytes(const struct fib *fib);
size_t fib_total_bytes(const struct fib *fib);

/* What a reader holds: never NULL, constant for the table's life. In it is the table's root, one
 * word, which changes when the table is resized. */
struct fib_view;
const struct fib_view *fib_view_get(const struct fib *fib);
/* Any thread. A root read serves until the reader's next quiescent state. Readers who keep roots
 * nearer to their data than the view is have conf.moved. */
uint64_t fib_root_get(const struct fib_view *view);

/* IPv4 addresses in host byte order. */
uint32_t fib4_lookup(uint64_t root, uint32_t ip);
/* n lookups, overlapping their memory accesses. The second form takes a table for each address:
 * packets of many virtual routers in one burst. n up to 64. */
void fib4_lookup_bulk(uint64_t root, const uint32_t *ips, uint32_t *nhs, unsigned int n);
void fib4_lookup_mixed(const uint64_t *roots, const uint32_t *ips, uint32_t *nhs, unsigned int n);
/* IPv6 addresses as on the wire. */
uint32_t fib6_lookup(uint64_t root, const uint8_t ip[16]);
void fib6_lookup_bulk(uint64_t root, const uint8_t (*ips)[16], uint32_t *nhs, unsigned int n);
void fib6_lookup_mixed(
	const uint64_t *roots, const uint8_t (*ips)[16], uint32_t *nhs, unsigned int n);

#endif
