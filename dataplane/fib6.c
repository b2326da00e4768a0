/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/fib.h"

#include <string.h>

#include "dataplane/fib_step.h"

/* An address in two halves, in host byte order, and how many of its bits are resolved. */
struct address {
	uint64_t half[2];
	unsigned int at;
};

static inline void address_load(struct address *address, const uint8_t *ip, unsigned int at)
{
	uint64_t half[2];

	memcpy(half, ip, sizeof(half));
	address->half[0] = __builtin_bswap64(half[0]);
	address->half[1] = __builtin_bswap64(half[1]);
	address->at = at;
}

/* The bits from `at` on, left-aligned. Nodes do not cross the middle. */
static inline uint64_t address_rest(const struct address *address)
{
	return address->half[address->at >> 6 & 1] << (address->at & 63);
}

static inline uint32_t step_bitmap(const char *base, uint32_t word, struct address *address)
{
	unsigned int slot = (unsigned int)(address_rest(address) >> 58);

	address->at += FIB_BITMAP_BITS;
	return fib_bitmap_step(fib_node_at(base, word), slot);
}

static inline uint32_t step_range(const char *base, uint32_t word, struct address *address)
{
	uint32_t bits = (uint32_t)(address_rest(address) >> 32), next;
	unsigned int used;

	next = fib_range_step(fib_node_at(base, word), fib_word_type(word), bits, &used);
	address->at += used;
	return next;
}

uint32_t fib6_lookup(const struct fib_view *view, const uint8_t ip[16])
{
	uint64_t root = __atomic_load_n(&view->root, __ATOMIC_ACQUIRE);
	unsigned int bits = root & 0xff;
	const uint32_t *words = (const uint32_t *)(view->base + (root >> 8) * 16);
	struct address address;
	uint32_t word;

	address_load(&address, ip, bits);
	word = fib_word_load(&words[address.half[0] >> (64 - bits)]);
	while (fib_word_type(word) != FIB_WORD_NH) {
		if (fib_word_type(word) == FIB_WORD_BITMAP)
			word = step_bitmap(view->base, word, &address);
		else
			word = step_range(view->base, word, &address);
	}
	return word;
}

/* The lookups of a burst that are still under way, by kind of the node they stand at. */
struct front {
	unsigned int bitmaps_n, ranges_n;
	uint8_t bitmaps[FIB_BURST], ranges[FIB_BURST];
};

static inline void front_add(struct front *front, unsigned int i, uint32_t word)
{
	unsigned int type = fib_word_type(word);

	front->bitmaps[front->bitmaps_n] = (uint8_t)i;
	front->bitmaps_n += type == FIB_WORD_BITMAP;
	front->ranges[front->ranges_n] = (uint8_t)i;
	front->ranges_n += type >= FIB_WORD_RANGE8;
}

static inline __attribute__((always_inline)) void walk(const struct fib_view *const *views,
	const char *one_base, struct address *addresses, uint32_t *nhs, struct front *front)
{
	struct front next;

	while (front->bitmaps_n | front->ranges_n) {
		next.bitmaps_n = 0;
		next.ranges_n = 0;
		for (unsigned int j = 0; j < front->bitmaps_n; j++) {
			unsigned int i = front->bitmaps[j];
			const char *base = views ? views[i]->base : one_base;

			nhs[i] = step_bitmap(base, nhs[i], &addresses[i]);
			__builtin_prefetch(fib_node_at(base, nhs[i]));
			front_add(&next, i, nhs[i]);
		}
		for (unsigned int j = 0; j < front->ranges_n; j++) {
			unsigned int i = front->ranges[j];
			const char *base = views ? views[i]->base : one_base;

			nhs[i] = step_range(base, nhs[i], &addresses[i]);
			__builtin_prefetch(fib_node_at(base, nhs[i]));
			front_add(&next, i, nhs[i]);
		}
		*front = next;
	}
}

void fib6_lookup_bulk(
	const struct fib_view *view, const uint8_t (*ips)[16], uint32_t *nhs, unsigned int n)
{
	uint64_t root = __atomic_load_n(&view->root, __ATOMIC_ACQUIRE);
	const uint32_t *words = (const uint32_t *)(view->base + (root >> 8) * 16);
	unsigned int bits = root & 0xff;
	struct address addresses[FIB_BURST];
	const char *base = view->base;
	struct front front;

	front.bitmaps_n = 0;
	front.ranges_n = 0;
	for (unsigned int i = 0; i < n; i++) {
		address_load(&addresses[i], ips[i], bits);
		nhs[i] = fib_word_load(&words[addresses[i].half[0] >> (64 - bits)]);
		__builtin_prefetch(fib_node_at(base, nhs[i]));
		front_add(&front, i, nhs[i]);
	}
	walk(NULL, base, addresses, nhs, &front);
}

void fib6_lookup_mixed(const struct fib_view *const *views, const uint8_t (*ips)[16], uint32_t *nhs,
	unsigned int n)
{
	struct address addresses[FIB_BURST];
	const uint32_t *words[FIB_BURST];
	struct front front;

	front.bitmaps_n = 0;
	front.ranges_n = 0;
	for (unsigned int i = 0; i < n; i++)
		__builtin_prefetch(views[i]);
	for (unsigned int i = 0; i < n; i++) {
		uint64_t root = __atomic_load_n(&views[i]->root, __ATOMIC_ACQUIRE);
		unsigned int bits = root & 0xff;

		address_load(&addresses[i], ips[i], bits);
		words[i] = (const uint32_t *)(views[i]->base + (root >> 8) * 16) +
			(addresses[i].half[0] >> (64 - bits));
		__builtin_prefetch(words[i]);
	}
	for (unsigned int i = 0; i < n; i++) {
		nhs[i] = fib_word_load(words[i]);
		__builtin_prefetch(fib_node_at(views[i]->base, nhs[i]));
		front_add(&front, i, nhs[i]);
	}
	walk(views, NULL, addresses, nhs, &front);
}
