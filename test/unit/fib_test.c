/* SPDX-License-Identifier: BSD-3-Clause */
/* The forwarding table against a trivial one: a list of prefixes, looked through from end to end.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/fib.h"
#include "dataplane/fib_mem.h"
#include "test/unit/fib_bursts.h"
#include "test/unit/fib_model.h"

static void test_ip4_by_hand(void **state)
{
	struct model *model = model_new(32);
	struct fib *fib = create(32);
	static const unsigned int lens[] = {0, 1, 7, 8, 9, 15, 16, 17, 23, 24, 25, 30, 31, 32};
	u128 address = key4(10, 1, 2, 255);

	(void)state;
	check_everything(model, fib);
	assert_int_equal(fib4_lookup(fib_root_get(fib_view_get(fib)), 0), FIB_NH_NONE);
	/* Nested around one address, from the outside in, replaced, and from the inside out. */
	for (unsigned int i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		assert_int_equal(add(model, fib, mask(address, lens[i]), lens[i], i + 1), 0);
		check_everything(model, fib);
		assert_int_equal(fib4_lookup(fib_root_get(fib_view_get(fib)), 0x0a0102ff), i + 1);
	}
	for (unsigned int i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		assert_int_equal(
			add(model, fib, mask(address, lens[i]), lens[i], FIB_NH_MAX - i), 0);
		check_everything(model, fib);
	}
	for (unsigned int i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		assert_int_equal(del(model, fib, mask(address, lens[i]), lens[i]), 0);
		assert_int_equal(del(model, fib, mask(address, lens[i]), lens[i]), -ENOENT);
		check_everything(model, fib);
	}
	assert_int_equal(fib_count(fib), 0);
	fib_destroy(fib);
	free(model);
}

static void test_ip6_by_hand(void **state)
{
	struct model *model = model_new(128);
	struct fib *fib = create(128);
	/* All ones on and around the middle, where an address's halves meet. */
	u128 address = (u128)0x20010db8ffffffffu << 64 | 0xffffffff00000001u;
	size_t before = fib_reader_bytes(fib);

	(void)state;
	for (unsigned int len = 0; len <= 128; len++) {
		assert_int_equal(add(model, fib, mask(address, len), len, len + 1), 0);
		check_everything(model, fib);
	}
	for (unsigned int len = 0; len <= 128; len += 2)
		assert_int_equal(del(model, fib, mask(address, len), len), 0);
	check_everything(model, fib);
	for (unsigned int len = 1; len <= 128; len += 2) {
		assert_int_equal(del(model, fib, mask(address, len), len), 0);
		check_everything(model, fib);
	}
	assert_int_equal(fib_reader_bytes(fib), before);
	fib_destroy(fib);
	free(model);
}

static void test_bad_arguments(void **state)
{
	struct fib *fib4 = create(32), *fib6 = create(128);
	struct ip_prefix p4 = {{IP_AF_4, {10, 0, 0, 0}}, 8}, p6 = {{IP_AF_6, {0x20}}, 8}, bad;
	uint32_t nh = 77;

	(void)state;
	assert_int_equal(fib_add(fib4, &p6, 1), -EINVAL);
	assert_int_equal(fib_add(fib6, &p4, 1), -EINVAL);
	assert_int_equal(fib_add(fib4, &p4, 0), -EINVAL);
	assert_int_equal(fib_add(fib4, &p4, FIB_NH_MAX + 1), -EINVAL);
	bad = p4;
	bad.len = 33;
	assert_int_equal(fib_add(fib4, &bad, 1), -EINVAL);
	assert_int_equal(fib_del(fib4, &bad), -EINVAL);
	bad = p4;
	bad.addr.bytes[3] = 1; /* host bits */
	assert_int_equal(fib_add(fib4, &bad, 1), -EINVAL);
	bad = p6;
	bad.len = 129;
	assert_int_equal(fib_add(fib6, &bad, 1), -EINVAL);
	bad = p4;
	bad.addr.af = IP_AF_NONE;
	assert_int_equal(fib_add(fib4, &bad, 1), -EINVAL);
	assert_int_equal(fib_count(fib4) + fib_count(fib6), 0);
	assert_int_equal(fib_get(fib4, &p4, &nh), -ENOENT);
	assert_int_equal(fib_get(fib4, &p6, &nh), -ENOENT);
	assert_int_equal(fib_del(fib4, &p4), -ENOENT);
	assert_int_equal(nh, 77);
	fib_destroy(fib4);
	fib_destroy(fib6);
	fib_destroy(NULL);
}

/* How addresses are chosen: the more they share, the deeper and denser the nodes. */
struct shape {
	unsigned int width;
	unsigned int fixed;  /* leading bits that all prefixes share */
	unsigned int spread; /* bits after these that vary */
	unsigned int least;  /* shortest prefix, but for a few of any length */
	unsigned int nhs;
	unsigned int limit; /* routes */
	unsigned int steps;
};

static const struct shape shapes[] = {
	{32, 0, 32, 8, 5, 200, 6000},
	{32, 0, 32, 20, 1000000, 300, 6000},
	{32, 16, 16, 16, 3, 300, 6000},
	{32, 20, 12, 20, 1000, 700, 4000},
	{32, 8, 10, 8, 2, 400, 6000},
	{32, 24, 8, 24, 100, 300, 6000},
	{32, 3, 6, 3, 100, 120, 6000},
	{128, 0, 48, 20, 100, 200, 6000},
	{128, 32, 16, 32, 1000, 300, 5000},
	{128, 56, 16, 48, 5, 300, 5000},
	{128, 60, 8, 58, 1000, 300, 5000},
	{128, 64, 64, 64, 1000, 200, 5000},
	{128, 120, 8, 112, 1000, 300, 5000},
	{128, 0, 128, 1, 4, 300, 5000},
};

static u128 shape_key(const struct shape *shape, u128 base)
{
	u128 key = mask(random_key(), shape->spread) >> shape->fixed;

	if (shape->spread > 40 && next_random() % 2) /* in clusters */
		key &= ~(u128)0 >> shape->fixed << (100 - shape->fixed % 90);
	return mask(base, shape->fixed) | mask(key, shape->width);
}

static unsigned int shape_len(const struct shape *shape)
{
	unsigned int most = shape->fixed + shape->spread;

	if (most > shape->width)
		most = shape->width;
	if (next_random() % 32 == 0)
		return (unsigned int)(next_random() % (shape->width + 1));
	return shape->least + (unsigned int)(next_random() % (most - shape->least + 1));
}

static void churn(const struct shape *shape)
{
	struct model *model = model_new(shape->width);
	struct fib *fib = create(shape->width);
	size_t before = fib_reader_bytes(fib);
	u128 base = random_key(), addresses[5];
	unsigned int goal = shape->limit;

	for (unsigned int step = 0; step < shape->steps; step++) {
		u128 key;
		unsigned int len;

		if (step % 1000 == 999) /* grow and shrink in turn */
			goal = goal ? 0 : shape->limit;
		if (model->n > 0 && next_random() % 16 < (model->n < goal ? 4 : 11)) {
			struct route route = model->routes[next_random() % model->n];

			key = route.key;
			len = route.len;
			if (next_random() % 4 == 0)
				assert_int_equal(
					add(model, fib, key, len, 1 + next_random() % shape->nhs),
					0);
			else
				assert_int_equal(del(model, fib, key, len), 0);
		} else if (model->n < shape->limit) {
			len = shape_len(shape);
			key = mask(shape_key(shape, base), len);
			assert_int_equal(
				add(model, fib, key, len, 1 + next_random() % shape->nhs), 0);
		} else {
			continue;
		}
		check_addresses(model, fib, addresses, boundaries(model, key, len, addresses));
		if (step % 250 == 0)
			check_everything(model, fib);
	}
	check_everything(model, fib);
	while (model->n > 0)
		assert_int_equal(del(model, fib, model->routes[0].key, model->routes[0].len), 0);
	check_everything(model, fib);
	/* Every block came back. */
	assert_int_equal(fib_reader_bytes(fib), before);
	fib_destroy(fib);
	free(model);
}

static void test_churn(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		churn(&shapes[i]);
}

struct order {
	struct ip_prefix last;
	unsigned int n, stop_at;
	const struct model *model;
};

static int compare_prefix(const struct ip_prefix *a, const struct ip_prefix *b)
{
	int rc = memcmp(a->addr.bytes, b->addr.bytes, sizeof(a->addr.bytes));

	return rc ? rc : (int)a->len - (int)b->len;
}

static int in_order(void *ctx, const struct ip_prefix *prefix, uint32_t nh)
{
	struct order *order = ctx;
	u128 key = 0;

	for (unsigned int i = 0; i < 16; i++)
		key = key << 8 | prefix->addr.bytes[i];
	if (order->n > 0)
		assert_true(compare_prefix(&order->last, prefix) < 0);
	order->last = *prefix;
	order->n++;
	assert_int_equal(model_find((struct model *)order->model, key, prefix->len)->nh, nh);
	return order->n == order->stop_at ? 42 : 0;
}

static void test_walk(void **state)
{
	(void)state;
	for (unsigned int width = 32; width <= 128; width += 96) {
		struct model *model = model_new(width);
		struct fib *fib = create(width);
		struct order order = {.model = model};

		assert_int_equal(fib_walk(fib, in_order, &order), 0);
		assert_int_equal(order.n, 0);
		for (int i = 0; i < 500; i++) {
			unsigned int len = (unsigned int)(next_random() % (width + 1));

			assert_int_equal(add(model, fib, mask(random_key(), len), len,
						 1 + next_random() % 100),
				0);
		}
		assert_int_equal(fib_walk(fib, in_order, &order), 0);
		assert_int_equal(order.n, model->n);
		order = (struct order){.model = model, .stop_at = 7};
		assert_int_equal(fib_walk(fib, in_order, &order), 42);
		assert_int_equal(order.n, 7);
		fib_destroy(fib);
		free(model);
	}
}

/* A length as in tables of the Internet: most are /24, then /22, /23, /20, /19, /16. */
static unsigned int internet_len(void)
{
	static const struct {
		unsigned int per_mille, len;
	} mix[] = {{580, 24}, {110, 22}, {100, 23}, {60, 21}, {50, 20}, {30, 19}, {20, 18},
		{10, 17}, {25, 16}, {5, 15}, {3, 14}, {2, 13}, {2, 12}, {1, 11}, {1, 10}, {1, 8}};
	unsigned int at = (unsigned int)(next_random() % 1000);

	for (unsigned int i = 0; i < sizeof(mix) / sizeof(mix[0]); i++) {
		if (at < mix[i].per_mille)
			return mix[i].len;
		at -= mix[i].per_mille;
	}
	return 24;
}

static void fill(struct fib *fib, uint32_t n)
{
	struct model any = {.width = 32};

	while (fib_count(fib) < n) {
		unsigned int len = internet_len();
		u128 key = key4((uint8_t)(1 + next_random() % 223), 0, 0, 0) | random_key() >> 8;
		struct ip_prefix prefix = to_prefix(&any, mask(key, len), len);

		assert_int_equal(fib_add(fib, &prefix, 1 + next_random() % 1000), 0);
	}
}

static void test_memory(void **state)
{
	static const struct {
		uint32_t routes;
		size_t bytes;
	} bounds[] = {{0, 16 << 10}, {1, 16 << 10}, {100, 64 << 10}, {1000, 256 << 10},
		{1000000, 64 << 20}};

	(void)state;
	for (unsigned int i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		struct fib *fib = create(32);

		fill(fib, bounds[i].routes);
		assert_true(fib_reader_bytes(fib) < fib_total_bytes(fib));
		if (fib_total_bytes(fib) > bounds[i].bytes)
			fail_msg("%u routes: %zu bytes (readers' %zu)", bounds[i].routes,
				fib_total_bytes(fib), fib_reader_bytes(fib));
		fib_destroy(fib);
	}
}

/* A view's root is an address whose low bits say more: blocks are aligned to their size, whatever
 * addresses the system gives, and the colour stays within the root. */
static void test_roots(void **state)
{
	enum { TRIES = 8 };
	(void)state;
	for (unsigned int i = 0; i < TRIES; i++) {
		/* A region of another size each time is seldom where the last one was. */
		struct fib_region region;

		assert_int_equal(fib_region_init(&region, (size_t)(9 + i) << 20, true), 0);
		assert_int_equal((uintptr_t)region.base % (4u << FIB_ROOT_BITS_MAX), 0);
		fib_region_fini(&region);
	}
	for (unsigned int bits = FIB_ROOT_BITS_MIN; bits <= FIB_ROOT_BITS_MAX; bits++) {
		uint64_t bytes = UINT64_C(4) << bits;
		const char *words = (const char *)(uintptr_t)(3 * bytes);

		for (uint64_t colour = 0; colour < 100; colour++) {
			uint64_t root = fib_root_make(words, bits, colour);
			uint64_t seen = 0;

			assert_int_equal(fib_root_bits(root), bits);
			assert_ptr_equal(fib_root_words(root), words);
			for (uint64_t slot = 0; slot < 16; slot++) {
				const char *at = (const char *)fib_root_at(root, slot);

				assert_in_range((uintptr_t)at, (uintptr_t)words,
					(uintptr_t)words + bytes - 4);
				seen |= UINT64_C(1) << ((uintptr_t)at % 64 / 4);
			}
			assert_int_equal(seen, 0xffff);
		}
	}
}

struct place {
	uint64_t root;
	unsigned int moves, retired;
};

static void place_moved(void *ctx, const struct fib *fib, uint64_t root)
{
	struct place *place = ctx;

	assert_int_equal(root, fib_root_get(fib_view_get(fib)));
	assert_int_not_equal(root, place->root);
	place->root = root;
	place->moves++;
}

/* What is retired may be freed at once: nobody reads by the old root any more. */
static void place_retire(void *ctx, void (*free_fn)(void *arg, size_t size), void *arg, size_t size)
{
	((struct place *)ctx)->retired++;
	free_fn(arg, size);
}

/* A reader who keeps the root is told of each new one in time, as the table grows and shrinks. */
static void test_moved(void **state)
{
	struct place place = {0};
	struct fib_conf conf = {IP_AF_4, place_retire, &place, place_moved};
	struct fib *fib = fib_create(&conf);

	(void)state;
	assert_non_null(fib);
	place.root = fib_root_get(fib_view_get(fib));
	for (unsigned int step = 0; step < 8000; step++) {
		uint32_t i = step < 4000 ? step : 7999 - step;
		struct ip_prefix p = {.addr = ipaddr_from_u32(i << 12), .len = 24};

		assert_int_equal(step < 4000 ? fib_add(fib, &p, i + 1) : fib_del(fib, &p), 0);
		assert_int_equal(
			fib4_lookup(place.root, i << 12 | 7), step < 4000 ? i + 1 : FIB_NH_NONE);
		assert_int_equal(place.root, fib_root_get(fib_view_get(fib)));
	}
	assert_true(place.moves >= 8);
	assert_true(place.retired >= place.moves);
	fib_destroy(fib);
}

/* Each request for memory fails once: then the table must be what it was. */
static void test_out_of_memory(void **state)
{
	unsigned int all_failed = 0;

	(void)state;
	for (unsigned int s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
		const struct shape *shape = &shapes[s];
		struct model *model = model_new(shape->width);
		struct fib_conf conf = {.af = shape->width == 32 ? IP_AF_4 : IP_AF_6};
		struct fib *fib = NULL;
		u128 base = random_key();
		unsigned int failed = 0;

		for (int k = 1; !fib; k++) {
			fib_mem_fail_after = k;
			fib = fib_create(&conf);
			failed += !fib;
		}
		fib_mem_fail_after = 0;
		assert_in_range(failed, 3, 50);
		for (unsigned int step = 0; step < 700; step++) {
			int rc = -ENOMEM;
			u128 key;
			unsigned int len;
			bool away = model->n > 0 && next_random() % 3 == 0;

			if (model->n > 0 && next_random() % 2) {
				struct route route = model->routes[next_random() % model->n];

				key = route.key;
				len = route.len;
			} else {
				len = shape_len(shape);
				key = mask(shape_key(shape, base), len);
				away = false;
			}
			away = away && model_find(model, key, len);
			for (int k = 1; rc == -ENOMEM; k++) {
				u128 addresses[5];

				fib_mem_fail_after = k;
				rc = away
					? del(model, fib, key, len)
					: add(model, fib, key, len, 1 + next_random() % shape->nhs);
				fib_mem_fail_after = 0;
				check_addresses(model, fib, addresses,
					boundaries(model, key, len, addresses));
				failed += rc == -ENOMEM;
				assert_true(k < 100000);
			}
			assert_int_equal(rc, 0);
			if (step % 100 == 0)
				check_everything(model, fib);
		}
		check_everything(model, fib);
		all_failed += failed;
		fib_destroy(fib);
		free(model);
	}
	assert_true(all_failed > 500);
}

/* Readers at work while the writer changes all around what they look up. */
#define LIMBO_MAX 4096

struct readers {
	const struct fib_view *view4, *view6;
	_Atomic uint64_t rounds; /* quiescent states */
	_Atomic bool stop;
	_Atomic uint64_t wrong;
	/* Writer's: what may still be read. */
	struct {
		void (*free_fn)(void *arg, size_t size);
		void *arg;
		size_t size;
		uint64_t after;
	} limbo[LIMBO_MAX];
	unsigned int limbo_n;
	unsigned int reclaimed;
};

static void reclaim(struct readers *readers)
{
	uint64_t now = atomic_load(&readers->rounds);
	unsigned int kept = 0;

	for (unsigned int i = 0; i < readers->limbo_n; i++) {
		if (now < readers->limbo[i].after) {
			readers->limbo[kept++] = readers->limbo[i];
			continue;
		}
		readers->limbo[i].free_fn(readers->limbo[i].arg, readers->limbo[i].size);
		readers->reclaimed++;
	}
	readers->limbo_n = kept;
}

static void retire(void *ctx, void (*free_fn)(void *arg, size_t size), void *arg, size_t size)
{
	struct readers *readers = ctx;

	while (readers->limbo_n == LIMBO_MAX)
		reclaim(readers);
	readers->limbo[readers->limbo_n].free_fn = free_fn;
	readers->limbo[readers->limbo_n].arg = arg;
	readers->limbo[readers->limbo_n].size = size;
	/* The round in progress and one more. */
	readers->limbo[readers->limbo_n++].after = atomic_load(&readers->rounds) + 2;
}

/* 10.1/16 and 2001:db8::/32 are always there, as next hop 1 or 2; next hop 3 and up is more
 * specific, and 9 and up belongs to other destinations. */
static bool is_right(uint32_t nh)
{
	return nh >= 1 && nh <= 8;
}

static void *read_on(void *arg)
{
	struct readers *readers = arg;
	uint64_t random = 12345, wrong = 0;

	while (!atomic_load(&readers->stop)) {
		uint64_t roots4[BURST], roots6[BURST];
		uint8_t ip6[BURST][16] = {{0}};
		uint32_t ip4[BURST], a[BURST], b[BURST], c[BURST], d[BURST];

		for (unsigned int i = 0; i < BURST; i++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			roots4[i] = fib_root_get(readers->view4);
			roots6[i] = fib_root_get(readers->view6);
			ip4[i] = 0x0a010000u | (uint32_t)(random >> 48);
			ip6[i][0] = 0x20;
			ip6[i][1] = 0x01;
			ip6[i][2] = 0x0d;
			ip6[i][3] = 0xb8;
			ip6[i][4] = (uint8_t)(random >> 56);
			ip6[i][7] = (uint8_t)(random >> 48);
			ip6[i][8] = (uint8_t)(random >> 40) & 1;
		}
		fib4_lookup_bulk(fib_root_get(readers->view4), ip4, a, BURST);
		fib4_lookup_mixed(roots4, ip4, b, BURST);
		fib6_lookup_bulk(fib_root_get(readers->view6), (const uint8_t(*)[16])ip6, c, BURST);
		fib6_lookup_mixed(roots6, (const uint8_t(*)[16])ip6, d, BURST);
		for (unsigned int i = 0; i < BURST; i++) {
			wrong += !is_right(a[i]) + !is_right(b[i]) + !is_right(c[i]) +
				!is_right(d[i]);
			wrong += !is_right(fib4_lookup(roots4[i], ip4[i])) +
				!is_right(fib6_lookup(roots6[i], ip6[i]));
		}
		atomic_fetch_add(&readers->rounds, 1);
	}
	atomic_store(&readers->wrong, wrong);
	return NULL;
}

static void test_readers_meanwhile(void **state)
{
	static struct readers readers;
	struct fib_conf conf4 = {IP_AF_4, retire, &readers}, conf6 = {IP_AF_6, retire, &readers};
	struct fib *fib4 = fib_create(&conf4), *fib6 = fib_create(&conf6);
	struct model four = {.width = 32}, six = {.width = 128};
	u128 base6 = (u128)0x20010db8u << 96;
	struct ip_prefix cover4 = to_prefix(&four, key4(10, 1, 0, 0), 16), p;
	struct ip_prefix cover6 = to_prefix(&six, base6, 32);
	pthread_t thread;

	(void)state;
	assert_non_null(fib4);
	assert_non_null(fib6);
	assert_int_equal(fib_add(fib4, &cover4, 1), 0);
	assert_int_equal(fib_add(fib6, &cover6, 1), 0);
	readers.view4 = fib_view_get(fib4);
	readers.view6 = fib_view_get(fib6);
	assert_int_equal(pthread_create(&thread, NULL, read_on, &readers), 0);
	for (unsigned int step = 0; step < 60000; step++) {
		unsigned int len = 17 + (unsigned int)(next_random() % 16);
		u128 inside = key4(10, 1, 0, 0) | mask(random_key(), 16) >> 16;
		uint32_t nh = 3 + next_random() % 6, other = 9 + next_random() % 9;

		p = to_prefix(&four, mask(inside, len), len);
		assert_int_not_equal(step % 3 ? fib_add(fib4, &p, nh) : fib_del(fib4, &p), -EINVAL);
		/* Elsewhere, and shorter: the root is resized, the default comes and goes. */
		len = step % 1000 ? 10 + (unsigned int)(next_random() % 6) : 0;
		p = to_prefix(&four, mask(random_key(), len), len);
		assert_int_not_equal(
			step % 2 ? fib_add(fib4, &p, other) : fib_del(fib4, &p), -EINVAL);
		len = 33 + (unsigned int)(next_random() % 40);
		p = to_prefix(&six, mask(base6 | mask(random_key(), 40) >> 32, len), len);
		assert_int_not_equal(step % 3 ? fib_add(fib6, &p, nh) : fib_del(fib6, &p), -EINVAL);
		if (step % 500 == 0) {
			assert_int_equal(fib_add(fib4, &cover4, 1 + step / 500 % 2), 0);
			assert_int_equal(fib_add(fib6, &cover6, 1 + step / 500 % 2), 0);
			reclaim(&readers);
		}
	}
	/* Away with all but the covering ones. */
	for (unsigned int len = 17; len <= 32; len++)
		for (unsigned int i = 0; i < 1u << (len - 16); i++) {
			p = to_prefix(&four, key4(10, 1, 0, 0) | (u128)i << (128 - len), len);
			assert_int_not_equal(fib_del(fib4, &p), -ENOMEM);
		}
	atomic_store(&readers.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(readers.wrong, 0);
	assert_true(readers.rounds > 10);
	assert_true(readers.reclaimed > 1000);
	/* Garbage may come back after its table. */
	fib_destroy(fib4);
	fib_destroy(fib6);
	atomic_store(&readers.rounds, UINT64_MAX);
	reclaim(&readers);
	assert_int_equal(readers.limbo_n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip4_by_hand),
		cmocka_unit_test(test_ip6_by_hand),
		cmocka_unit_test(test_bad_arguments),
		cmocka_unit_test(test_churn),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_roots),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_readers_meanwhile),
		cmocka_unit_test(test_mixed_tables),
		cmocka_unit_test(test_bursts_of_a_tenant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
