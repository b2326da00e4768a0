/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/fib.h"
#include "dataplane/fib_step.h"

uint32_t fib4_lookup(const struct fib_view *view, uint32_t ip)
{
	uint64_t root = __atomic_load_n(&view->root, __ATOMIC_ACQUIRE);
	unsigned int bits = root & 0xff, used;
	const uint32_t *words = (const uint32_t *)(view->base + (root >> 8) * 16);
	uint32_t word = fib_word_load(&words[ip >> (32 - bits)]);
	uint64_t rest = (uint64_t)ip << bits;

	while (fib_word_type(word) != FIB_WORD_NH) {
		const void *node = fib_node_at(view->base, word);

		if (fib_word_type(word) == FIB_WORD_BITMAP) {
			word = fib_bitmap_step(node, (uint32_t)rest >> 26);
			rest <<= FIB_BITMAP_BITS;
		} else {
			word = fib_range_step(node, fib_word_type(word), (uint32_t)rest, &used);
			rest <<= used;
		}
	}
	return word;
}

/* The lookups of a burst that are still under way, by kind of the node they stand at. */
struct front {
	unsigned int bitmaps_n, ranges_n;
	uint8_t bitmaps[FIB_BURST], ranges[FIB_BURST];
};

/* Note lookup I where its word sends it; no branch that could be mispredicted. */
static inline void front_add(struct front *front, unsigned int i, uint32_t word)
{
	unsigned int type = fib_word_type(word);

	front->bitmaps[front->bitmaps_n] = (uint8_t)i;
	front->bitmaps_n += type == FIB_WORD_BITMAP;
	front->ranges[front->ranges_n] = (uint8_t)i;
	front->ranges_n += type >= FIB_WORD_RANGE8;
}

/* Level by level: the memory accesses of one level overlap. VIEWS is constant when inlined. */
static inline __attribute__((always_inline)) void walk(const struct fib_view *const *views,
	const char *one_base, uint64_t *rest, uint32_t *nhs, struct front *front)
{
	struct front next;

	while (front->bitmaps_n | front->ranges_n) {
		next.bitmaps_n = 0;
		next.ranges_n = 0;
		for (unsigned int j = 0; j < front->bitmaps_n; j++) {
			unsigned int i = front->bitmaps[j];
			const char *base = views ? views[i]->base : one_base;

			nhs[i] =
				fib_bitmap_step(fib_node_at(base, nhs[i]), (uint32_t)rest[i] >> 26);
			__builtin_prefetch(fib_node_at(base, nhs[i]));
			rest[i] <<= FIB_BITMAP_BITS;
			front_add(&next, i, nhs[i]);
		}
		for (unsigned int j = 0; j < front->ranges_n; j++) {
			unsigned int i = front->ranges[j], used;
			const char *base = views ? views[i]->base : one_base;

			nhs[i] = fib_range_step(fib_node_at(base, nhs[i]), fib_word_type(nhs[i]),
				(uint32_t)rest[i], &used);
			rest[i] <<= used;
			front_add(&next, i, nhs[i]);
		}
		*front = next;
	}
}

void fib4_lookup_bulk(
	const struct fib_view *view, const uint32_t *ips, uint32_t *nhs, unsigned int n)
{
	uint64_t root = __atomic_load_n(&view->root, __ATOMIC_ACQUIRE), rest[FIB_BURST];
	const uint32_t *words = (const uint32_t *)(view->base + (root >> 8) * 16);
	unsigned int bits = root & 0xff, shift = 32 - bits;
	const char *base = view->base;
	struct front front;

	front.bitmaps_n = 0;
	front.ranges_n = 0;
	for (unsigned int i = 0; i < n; i++) {
		uint32_t word = fib_word_load(&words[ips[i] >> shift]);

		__builtin_prefetch(fib_node_at(base, word));
		nhs[i] = word;
		rest[i] = (uint64_t)ips[i] << bits;
		front_add(&front, i, word);
	}
	walk(NULL, base, rest, nhs, &front);
}

void fib4_lookup_mixed(
	const struct fib_view *const *views, const uint32_t *ips, uint32_t *nhs, unsigned int n)
{
	const uint32_t *words[FIB_BURST];
	uint64_t rest[FIB_BURST];
	struct front front;

	front.bitmaps_n = 0;
	front.ranges_n = 0;
	for (unsigned int i = 0; i < n; i++)
		__builtin_prefetch(views[i]);
	for (unsigned int i = 0; i < n; i++) {
		uint64_t root = __atomic_load_n(&views[i]->root, __ATOMIC_ACQUIRE);
		unsigned int bits = root & 0xff;

		words[i] = (const uint32_t *)(views[i]->base + (root >> 8) * 16) +
			(ips[i] >> (32 - bits));
		__builtin_prefetch(words[i]);
		rest[i] = (uint64_t)ips[i] << bits;
	}
	for (unsigned int i = 0; i < n; i++) {
		nhs[i] = fib_word_load(words[i]);
		__builtin_prefetch(fib_node_at(views[i]->base, nhs[i]));
		front_add(&front, i, nhs[i]);
	}
	walk(views, NULL, rest, nhs, &front);
}
