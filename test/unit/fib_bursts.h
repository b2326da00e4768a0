/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lookups in bursts, of one table and of many. For fib_test.c alone. */
#ifndef HPSR_TEST_UNIT_FIB_BURSTS_H
#define HPSR_TEST_UNIT_FIB_BURSTS_H

#include "test/unit/fib_model.h"

/* Packets of many tables in one burst. */
static void test_mixed_tables(void **state)
{
	enum { TABLES = 20 };
	struct fib *fib4[TABLES], *fib6[TABLES];
	struct model four = {.width = 32}, six = {.width = 128};

	(void)state;
	for (unsigned int t = 0; t < TABLES; t++) {
		fib4[t] = create(32);
		fib6[t] = create(128);
		for (unsigned int i = 0; i < 1u << t % 10; i++) {
			struct ip_prefix p = to_prefix(&four, key4(10, (uint8_t)i, 0, 0), 16);

			assert_int_equal(fib_add(fib4[t], &p, t * 1000 + i + 1), 0);
			p = to_prefix(&six, (u128)(0x20010000u + i) << 96, 32);
			assert_int_equal(fib_add(fib6[t], &p, t * 1000 + i + 1), 0);
		}
	}
	for (int round = 0; round < 2000; round++) {
		uint64_t roots4[BURST], roots6[BURST];
		unsigned int n = (unsigned int)(next_random() % (BURST + 1));
		uint32_t ip4[BURST], nhs[BURST];
		uint8_t ip6[BURST][16];

		for (unsigned int i = 0; i < n; i++) {
			unsigned int t = (unsigned int)(next_random() % TABLES);

			roots4[i] = fib_root_get(fib_view_get(fib4[t]));
			roots6[i] = fib_root_get(fib_view_get(fib6[t]));
			ip4[i] = 0x0a000000u + (uint32_t)(next_random() % (600 << 16));
			to_bytes((u128)(0x20010000u + (uint32_t)(next_random() % 600)) << 96,
				ip6[i]);
		}
		fib4_lookup_mixed(roots4, ip4, nhs, n);
		for (unsigned int i = 0; i < n; i++)
			assert_int_equal(nhs[i], fib4_lookup(roots4[i], ip4[i]));
		fib6_lookup_mixed(roots6, (const uint8_t(*)[16])ip6, nhs, n);
		for (unsigned int i = 0; i < n; i++)
			assert_int_equal(nhs[i], fib6_lookup(roots6[i], ip6[i]));
	}
	for (unsigned int t = 0; t < TABLES; t++) {
		fib_destroy(fib4[t]);
		fib_destroy(fib6[t]);
	}
}

/* Bursts that stay abreast: all prefixes begin alike, so that the nodes above are met by all, and
 * all addresses lie in or near some of them. */
static void test_bursts_of_a_tenant(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 300; round++) {
		unsigned int width = next_random() % 4 ? 128 : 32;
		unsigned int fixed = (unsigned int)(next_random() % (width - 8));
		unsigned int n = 1u << next_random() % 10, spread = width - fixed;
		struct model *model = model_new(width);
		struct fib *fib = create(width);
		u128 base = random_key();
		uint64_t roots[BURST];

		if (next_random() % 2 && spread > 16)
			spread = 16;
		for (unsigned int i = 0; i < n; i++) {
			unsigned int len = fixed + 1 + (unsigned int)(next_random() % spread);
			u128 key = mask(base, fixed) | mask(random_key(), spread) >> fixed;

			assert_int_equal(
				add(model, fib, mask(key, len), len, 1 + next_random() % 100), 0);
		}
		for (unsigned int burst = 0; burst < 8; burst++) {
			unsigned int count = 1 + (unsigned int)(next_random() % BURST);
			uint32_t ip4[BURST], found[BURST], mixed[BURST];
			uint8_t ip6[BURST][16];
			u128 keys[BURST];

			for (unsigned int i = 0; i < count; i++) {
				const struct route *route =
					&model->routes[next_random() % model->n];

				keys[i] = route->key;
				if (route->len < width)
					keys[i] |= mask(random_key(), width) >> route->len;
				keys[i] = mask(keys[i], width);
				if (next_random() % 8 == 0) /* a neighbour's */
					keys[i] ^= (u128)1 << (128 - fixed - 1);
				ip4[i] = (uint32_t)(keys[i] >> 96);
				to_bytes(keys[i], ip6[i]);
				roots[i] = fib_root_get(fib_view_get(fib));
			}
			if (width == 32) {
				fib4_lookup_bulk(roots[0], ip4, found, count);
				fib4_lookup_mixed(roots, ip4, mixed, count);
			} else {
				fib6_lookup_bulk(roots[0], (const uint8_t(*)[16])ip6, found, count);
				fib6_lookup_mixed(roots, (const uint8_t(*)[16])ip6, mixed, count);
			}
			for (unsigned int i = 0; i < count; i++) {
				assert_int_equal(found[i], model_lookup(model, keys[i]));
				assert_int_equal(mixed[i], found[i]);
			}
		}
		fib_destroy(fib);
		free(model);
	}
}

#endif
