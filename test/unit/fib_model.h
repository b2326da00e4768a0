/* SPDX-License-Identifier: BSD-3-Clause */
/* A forwarding table that is easy to believe, a list of prefixes looked through from end to end,
 * and the comparisons of the real one with it. For fib_test.c alone: its functions are static. */
#ifndef HPSR_TEST_UNIT_FIB_MODEL_H
#define HPSR_TEST_UNIT_FIB_MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/fib.h"

typedef unsigned __int128 u128;

#define ROUTES_MAX 4096
#define BURST 64

static uint64_t seed = 88172645463325252u;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static u128 random_key(void)
{
	u128 high = next_random();

	return high << 64 | next_random();
}

struct route {
	u128 key; /* the first bit of the address at the top; IPv4 in the upper 32 */
	unsigned int len;
	uint32_t nh;
};

struct model {
	unsigned int width;
	unsigned int n;
	struct route routes[ROUTES_MAX];
};

static u128 mask(u128 key, unsigned int len)
{
	return len ? key >> (128 - len) << (128 - len) : 0;
}

static u128 last_of(u128 key, unsigned int len, unsigned int width)
{
	return mask(len ? key | (~(u128)0 >> 1 >> (len - 1)) : ~(u128)0, width);
}

static struct route *model_find(struct model *model, u128 key, unsigned int len)
{
	for (unsigned int i = 0; i < model->n; i++)
		if (model->routes[i].key == key && model->routes[i].len == len)
			return &model->routes[i];
	return NULL;
}

static void model_set(struct model *model, u128 key, unsigned int len, uint32_t nh)
{
	struct route *route = model_find(model, key, len);

	if (!route) {
		assert_true(model->n < ROUTES_MAX);
		route = &model->routes[model->n++];
	}
	*route = (struct route){key, len, nh};
}

static void model_unset(struct model *model, u128 key, unsigned int len)
{
	struct route *route = model_find(model, key, len);

	assert_non_null(route);
	*route = model->routes[--model->n];
}

static uint32_t model_lookup(const struct model *model, u128 address)
{
	const struct route *best = NULL;

	for (unsigned int i = 0; i < model->n; i++)
		if (mask(address, model->routes[i].len) == model->routes[i].key &&
			(!best || model->routes[i].len > best->len))
			best = &model->routes[i];
	return best ? best->nh : FIB_NH_NONE;
}

static struct ip_prefix to_prefix(const struct model *model, u128 key, unsigned int len)
{
	struct ip_prefix prefix = {.len = (uint8_t)len};

	prefix.addr.af = model->width == 32 ? IP_AF_4 : IP_AF_6;
	for (unsigned int i = 0; i < model->width / 8; i++)
		prefix.addr.bytes[i] = (uint8_t)(key >> (120 - 8 * i));
	return prefix;
}

static void to_bytes(u128 address, uint8_t bytes[16])
{
	for (unsigned int i = 0; i < 16; i++)
		bytes[i] = (uint8_t)(address >> (120 - 8 * i));
}

/* N addresses, one by one and in bulk. */
static void check_addresses(
	const struct model *model, const struct fib *fib, const u128 *addresses, unsigned int n)
{
	uint64_t root = fib_root_get(fib_view_get(fib)), roots[BURST];
	uint8_t ip6[BURST][16];
	uint32_t ip4[BURST], bulk[BURST], mixed[BURST];

	assert_true(n <= BURST);
	for (unsigned int i = 0; i < n; i++) {
		roots[i] = root;
		ip4[i] = (uint32_t)(addresses[i] >> 96);
		to_bytes(addresses[i], ip6[i]);
	}
	if (model->width == 32) {
		fib4_lookup_bulk(root, ip4, bulk, n);
		fib4_lookup_mixed(roots, ip4, mixed, n);
	} else {
		fib6_lookup_bulk(root, (const uint8_t(*)[16])ip6, bulk, n);
		fib6_lookup_mixed(roots, (const uint8_t(*)[16])ip6, mixed, n);
	}
	for (unsigned int i = 0; i < n; i++) {
		uint32_t want = model_lookup(model, addresses[i]), one;

		one = model->width == 32 ? fib4_lookup(root, ip4[i]) : fib6_lookup(root, ip6[i]);
		assert_int_equal(one, want);
		assert_int_equal(bulk[i], want);
		assert_int_equal(mixed[i], want);
	}
}

/* Where a prefix begins and ends, and next to it. */
static unsigned int boundaries(
	const struct model *model, u128 key, unsigned int len, u128 addresses[5])
{
	u128 one = (u128)1 << (128 - model->width), last = last_of(key, len, model->width);

	addresses[0] = key;
	addresses[1] = last;
	addresses[2] = mask(key - one, model->width);
	addresses[3] = mask(last + one, model->width);
	addresses[4] = mask(key + (last - key) / 2, model->width);
	return 5;
}

static void check_everything(struct model *model, const struct fib *fib)
{
	u128 addresses[BURST];
	unsigned int n = 0;

	assert_int_equal(fib_count(fib), model->n);
	for (unsigned int i = 0; i < model->n; i++) {
		struct ip_prefix prefix =
			to_prefix(model, model->routes[i].key, model->routes[i].len);
		uint32_t nh = 0;

		assert_int_equal(fib_get(fib, &prefix, &nh), 0);
		assert_int_equal(nh, model->routes[i].nh);
		n += boundaries(model, model->routes[i].key, model->routes[i].len, addresses + n);
		if (n + 5 > BURST || i + 1 == model->n) {
			check_addresses(model, fib, addresses, n);
			n = 0;
		}
	}
	for (n = 0; n < BURST; n++)
		addresses[n] = mask(random_key(), model->width);
	check_addresses(model, fib, addresses, n);
}

static struct fib *create(unsigned int width)
{
	struct fib_conf conf = {.af = width == 32 ? IP_AF_4 : IP_AF_6};
	struct fib *fib = fib_create(&conf);

	assert_non_null(fib);
	return fib;
}

static int add(struct model *model, struct fib *fib, u128 key, unsigned int len, uint32_t nh)
{
	struct ip_prefix prefix = to_prefix(model, key, len);
	int rc = fib_add(fib, &prefix, nh);

	if (rc == 0)
		model_set(model, key, len, nh);
	return rc;
}

static int del(struct model *model, struct fib *fib, u128 key, unsigned int len)
{
	struct ip_prefix prefix = to_prefix(model, key, len);
	int rc = fib_del(fib, &prefix);

	if (rc == 0)
		model_unset(model, key, len);
	return rc;
}

static struct model *model_new(unsigned int width)
{
	struct model *model = calloc(1, sizeof(*model));

	assert_non_null(model);
	model->width = width;
	return model;
}

static u128 key4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (u128)((uint32_t)a << 24 | (uint32_t)b << 16 | (uint32_t)c << 8 | d) << 96;
}

#endif
