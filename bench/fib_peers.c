/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/fib_peers.h"

#include <stdlib.h>
#include <string.h>

#include <rte_fib.h>
#include <rte_fib6.h>
#include <rte_lpm.h>
#include <rte_lpm6.h>

#include "dataplane/fib.h"

/* Our own; retired memory is held for a while, as for a grace period. */
#define HELD 256u

struct own {
	struct fib *fib;
	const struct fib_view *view;
	struct {
		void (*free_fn)(void *arg, size_t size);
		void *arg;
		size_t size;
	} held[HELD];
	unsigned int next;
};

static void own_retire(void *ctx, void (*free_fn)(void *arg, size_t size), void *arg, size_t size)
{
	struct own *own = ctx;
	unsigned int at = own->next++ % HELD;

	if (own->held[at].free_fn)
		own->held[at].free_fn(own->held[at].arg, own->held[at].size);
	own->held[at].free_fn = free_fn;
	own->held[at].arg = arg;
	own->held[at].size = size;
}

static void *own_create(enum ip_af af)
{
	struct own *own = calloc(1, sizeof(*own));
	struct fib_conf conf = {af, own_retire, own};

	if (!own)
		return NULL;
	own->fib = fib_create(&conf);
	if (!own->fib) {
		free(own);
		return NULL;
	}
	own->view = fib_view_get(own->fib);
	return own;
}

static void *own4_create(uint32_t n)
{
	(void)n;
	return own_create(IP_AF_4);
}

static void *own6_create(uint32_t n)
{
	(void)n;
	return own_create(IP_AF_6);
}

static void own_destroy(void *table)
{
	struct own *own = table;

	for (unsigned int i = 0; i < HELD; i++)
		if (own->held[i].free_fn)
			own->held[i].free_fn(own->held[i].arg, own->held[i].size);
	fib_destroy(own->fib);
	free(own);
}

static int own_add(void *table, const struct route *route)
{
	return fib_add(((struct own *)table)->fib, &route->prefix, route->nh);
}

static int own_del(void *table, const struct route *route)
{
	return fib_del(((struct own *)table)->fib, &route->prefix);
}

static size_t own_bytes(void *table)
{
	return fib_total_bytes(((struct own *)table)->fib);
}

static uint64_t sum32(const uint32_t *nhs, unsigned int n)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < n; i++)
		sum += nhs[i];
	return sum;
}

static uint64_t sum64(const uint64_t *nhs, unsigned int n)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < n; i++)
		sum += nhs[i];
	return sum;
}

static uint64_t own4_lookup(void *table, const void *ips, unsigned int n)
{
	uint32_t nhs[PEER_BURST];

	fib4_lookup_bulk(fib_root_get(((struct own *)table)->view), ips, nhs, n);
	return sum32(nhs, n);
}

static uint64_t own6_lookup(void *table, const void *ips, unsigned int n)
{
	uint32_t nhs[PEER_BURST];

	fib6_lookup_bulk(fib_root_get(((struct own *)table)->view), ips, nhs, n);
	return sum32(nhs, n);
}

/* DPDK's take a table's name and the number of second-level groups beforehand. */
static uint32_t groups(uint32_t n, uint32_t most)
{
	uint32_t count = 1024;

	while (count < 2 * n && count < most)
		count *= 2;
	return count;
}

static uint32_t to_ip4(const struct route *route)
{
	return ipaddr_to_u32(&route->prefix.addr);
}

static void *lpm_create(uint32_t n)
{
	struct rte_lpm_config conf = {.max_rules = n + 1, .number_tbl8s = groups(n, 1 << 15)};

	return rte_lpm_create("lpm", SOCKET_ID_ANY, &conf);
}

static void lpm_destroy(void *table)
{
	rte_lpm_free(table);
}

static int lpm_add(void *table, const struct route *route)
{
	return rte_lpm_add(table, to_ip4(route), route->prefix.len, route->nh);
}

static int lpm_del(void *table, const struct route *route)
{
	return rte_lpm_delete(table, to_ip4(route), route->prefix.len);
}

static uint64_t lpm_lookup(void *table, const void *ips, unsigned int n)
{
	uint32_t nhs[PEER_BURST];
	uint64_t sum = 0;

	rte_lpm_lookup_bulk(table, ips, nhs, n);
	for (unsigned int i = 0; i < n; i++)
		sum += nhs[i] & RTE_LPM_LOOKUP_SUCCESS ? nhs[i] & 0xffffff : 0;
	return sum;
}

static void *fib_create_as(uint32_t n, enum rte_fib_lookup_type type)
{
	struct rte_fib_conf conf = {.type = RTE_FIB_DIR24_8,
		.max_routes = (int)(2 * n + 64),
		.dir24_8 = {.nh_sz = RTE_FIB_DIR24_8_4B, .num_tbl8 = groups(n, 1 << 15)}};
	struct rte_fib *fib = rte_fib_create(
		type == RTE_FIB_LOOKUP_DIR24_8_SCALAR_MACRO ? "fib" : "wide", SOCKET_ID_ANY, &conf);

	if (fib && rte_fib_select_lookup(fib, type) != 0) {
		rte_fib_free(fib);
		return NULL;
	}
	return fib;
}

static void *rte_fib4_create(uint32_t n)
{
	return fib_create_as(n, RTE_FIB_LOOKUP_DIR24_8_SCALAR_MACRO);
}

static void *rte_fib4_512_create(uint32_t n)
{
	return fib_create_as(n, RTE_FIB_LOOKUP_DIR24_8_VECTOR_AVX512);
}

static void rte_fib4_destroy(void *table)
{
	rte_fib_free(table);
}

static int rte_fib4_add(void *table, const struct route *route)
{
	return rte_fib_add(table, to_ip4(route), route->prefix.len, route->nh);
}

static int rte_fib4_del(void *table, const struct route *route)
{
	return rte_fib_delete(table, to_ip4(route), route->prefix.len);
}

static uint64_t rte_fib4_lookup(void *table, const void *ips, unsigned int n)
{
	uint64_t nhs[PEER_BURST];

	rte_fib_lookup_bulk(table, (uint32_t *)(uintptr_t)ips, nhs, (int)n);
	return sum64(nhs, n);
}

static void *lpm6_create(uint32_t n)
{
	struct rte_lpm6_config conf = {.max_rules = n + 1, .number_tbl8s = groups(2 * n, 1 << 20)};

	return rte_lpm6_create("lpm6", SOCKET_ID_ANY, &conf);
}

static void lpm6_destroy(void *table)
{
	rte_lpm6_free(table);
}

static int lpm6_add(void *table, const struct route *route)
{
	return rte_lpm6_add(table, route->prefix.addr.bytes, route->prefix.len, route->nh);
}

static int lpm6_del(void *table, const struct route *route)
{
	return rte_lpm6_delete(table, route->prefix.addr.bytes, route->prefix.len);
}

static uint64_t lpm6_lookup(void *table, const void *ips, unsigned int n)
{
	int32_t nhs[PEER_BURST];
	uint64_t sum = 0;

	rte_lpm6_lookup_bulk_func(table, (uint8_t(*)[16])(uintptr_t)ips, nhs, n);
	for (unsigned int i = 0; i < n; i++)
		sum += nhs[i] < 0 ? 0 : (uint64_t)nhs[i];
	return sum;
}

static void *fib6_create_as(uint32_t n, enum rte_fib6_lookup_type type)
{
	struct rte_fib6_conf conf = {.type = RTE_FIB6_TRIE,
		.max_routes = (int)(2 * n + 64),
		.trie = {.nh_sz = RTE_FIB6_TRIE_4B, .num_tbl8 = groups(2 * n, 1 << 20)}};
	struct rte_fib6 *fib = rte_fib6_create(
		type == RTE_FIB6_LOOKUP_TRIE_SCALAR ? "fib6" : "wide6", SOCKET_ID_ANY, &conf);

	if (fib && rte_fib6_select_lookup(fib, type) != 0) {
		rte_fib6_free(fib);
		return NULL;
	}
	return fib;
}

static void *rte_fib6_create_scalar(uint32_t n)
{
	return fib6_create_as(n, RTE_FIB6_LOOKUP_TRIE_SCALAR);
}

static void *rte_fib6_512_create(uint32_t n)
{
	return fib6_create_as(n, RTE_FIB6_LOOKUP_TRIE_VECTOR_AVX512);
}

static void rte_fib6_destroy(void *table)
{
	rte_fib6_free(table);
}

static int rte_fib6_add_route(void *table, const struct route *route)
{
	return rte_fib6_add(table, route->prefix.addr.bytes, route->prefix.len, route->nh);
}

static int rte_fib6_del_route(void *table, const struct route *route)
{
	return rte_fib6_delete(table, route->prefix.addr.bytes, route->prefix.len);
}

static uint64_t rte_fib6_lookup(void *table, const void *ips, unsigned int n)
{
	uint64_t nhs[PEER_BURST];

	rte_fib6_lookup_bulk(table, (uint8_t(*)[16])(uintptr_t)ips, nhs, (int)n);
	return sum64(nhs, n);
}

const struct peer peers[] = {
	{"hpsr fib4", IP_AF_4, own4_create, own_destroy, own_add, own_del, own4_lookup, own_bytes},
	{"rte_lpm", IP_AF_4, lpm_create, lpm_destroy, lpm_add, lpm_del, lpm_lookup, NULL},
	{"rte_fib dir24_8", IP_AF_4, rte_fib4_create, rte_fib4_destroy, rte_fib4_add, rte_fib4_del,
		rte_fib4_lookup, NULL},
	{"rte_fib avx512", IP_AF_4, rte_fib4_512_create, rte_fib4_destroy, rte_fib4_add,
		rte_fib4_del, rte_fib4_lookup, NULL},
	{"hpsr fib6", IP_AF_6, own6_create, own_destroy, own_add, own_del, own6_lookup, own_bytes},
	{"rte_lpm6", IP_AF_6, lpm6_create, lpm6_destroy, lpm6_add, lpm6_del, lpm6_lookup, NULL},
	{"rte_fib6 scalar", IP_AF_6, rte_fib6_create_scalar, rte_fib6_destroy, rte_fib6_add_route,
		rte_fib6_del_route, rte_fib6_lookup, NULL},
	{"rte_fib6 avx512", IP_AF_6, rte_fib6_512_create, rte_fib6_destroy, rte_fib6_add_route,
		rte_fib6_del_route, rte_fib6_lookup, NULL},
};
const unsigned int peers_n = sizeof(peers) / sizeof(peers[0]);
