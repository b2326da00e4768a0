/* SPDX-License-Identifier: BSD-3-Clause */
/* A burst of lookups, level by level, so that the memory accesses of a level overlap: all that
 *stand at a node with as many bits resolved wait in the queues of that number, by the node's kind,
 *and are taken on together. Entering a queue takes no branch that could be mispredicted: write
 *always, then count or not. Tables whose roots resolve different numbers of bits meet on the way.
 *
 * A template: fib4.c and fib6.c say before they include it what an address is.
 *
 *	FIB_IP			its type
 *	FIB_WIDTH		its bits
 *	fib_rest(ip, at)	what is left of *ip from bit AT on, left-aligned
 */
#ifndef FIB_IP
#error "fib_burst.h is included by fib4.c and fib6.c only"
#endif

#include "dataplane/fib_step.h"

static inline void fib_single(const struct fib_view *view, const FIB_IP *ip, uint32_t *nh)
{
	uint64_t root = __atomic_load_n(&view->root, __ATOMIC_ACQUIRE);
	const uint32_t *words = (const uint32_t *)(view->base + (root >> 8) * FIB_MEM_UNIT);
	unsigned int at = root & 0xff;
	uint32_t word = fib_word_load(&words[fib_rest(ip, 0) >> (64 - at)]);

	while (fib_word_is_node(word)) {
		const void *node = fib_node_at(view->base, word);

		if (word & FIB_WORD_BITMAP) {
			word = fib_bitmap_step(node, fib_rest(ip, at));
			at += FIB_BITMAP_BITS;
		} else {
			word = fib_range_step(node, word, fib_rest(ip, at));
			at += fib_range_bits(node);
		}
	}
	*nh = word;
}

/* Indices into the burst. Nodes stand at less than FIB_WIDTH bits; leaves enter nothing, but may be
 * written behind the last. */
struct fib_queues {
	uint64_t pending[FIB_WIDTH / 64 + 1]; /* levels with something in them */
	uint8_t bitmaps_n[FIB_WIDTH + 32];
	uint8_t ranges_n[FIB_WIDTH + 32];
	uint8_t bitmaps[FIB_WIDTH + 32][FIB_BURST];
	uint8_t ranges[FIB_WIDTH + 32][FIB_BURST];
};

static inline void fib_queues_init(struct fib_queues *queues)
{
	memset(queues->pending, 0, sizeof(queues->pending));
	memset(queues->bitmaps_n, 0, sizeof(queues->bitmaps_n));
	memset(queues->ranges_n, 0, sizeof(queues->ranges_n));
}

static inline void fib_queues_note(struct fib_queues *queues, unsigned int at, bool some)
{
	queues->pending[at / 64] |= (uint64_t)some << (at % 64);
}

/* Lookup I stands at WORD with AT bits resolved. */
static inline void fib_queues_add(
	struct fib_queues *queues, unsigned int i, uint32_t word, unsigned int at)
{
	queues->bitmaps[at][queues->bitmaps_n[at]] = (uint8_t)i;
	queues->bitmaps_n[at] = (uint8_t)(queues->bitmaps_n[at] + (word >> 31));
	queues->ranges[at][queues->ranges_n[at]] = (uint8_t)i;
	queues->ranges_n[at] = (uint8_t)(queues->ranges_n[at] + (word >> 30 & 1));
	fib_queues_note(queues, at, fib_word_is_node(word));
}

static inline __attribute__((always_inline)) void fib_bitmaps(const char *base, const FIB_IP *ips,
	uint32_t *nhs, unsigned int at, struct fib_queues *queues)
{
	unsigned int to = at + FIB_BITMAP_BITS, n = queues->bitmaps_n[at];
	unsigned int bitmaps_n = queues->bitmaps_n[to], ranges_n = queues->ranges_n[to];
	const uint8_t *queue = queues->bitmaps[at];
	uint8_t *bitmaps = queues->bitmaps[to], *ranges = queues->ranges[to];

	for (unsigned int j = 0; j < n; j++) {
		unsigned int i = queue[j];
		uint32_t word = fib_bitmap_step(fib_node_at(base, nhs[i]), fib_rest(&ips[i], at));

		__builtin_prefetch(fib_node_at(base, word));
		nhs[i] = word;
		bitmaps[bitmaps_n] = (uint8_t)i;
		bitmaps_n += word >> 31;
		ranges[ranges_n] = (uint8_t)i;
		ranges_n += word >> 30 & 1;
	}
	queues->bitmaps_n[to] = (uint8_t)bitmaps_n;
	queues->ranges_n[to] = (uint8_t)ranges_n;
	fib_queues_note(queues, to, bitmaps_n | ranges_n);
}

static inline __attribute__((always_inline)) void fib_ranges(const char *base, const FIB_IP *ips,
	uint32_t *nhs, unsigned int at, struct fib_queues *queues)
{
	unsigned int n = queues->ranges_n[at], on_n = 0;
	const uint8_t *queue = queues->ranges[at];
	uint8_t on[FIB_BURST + 1], to[FIB_BURST + 1];

	for (unsigned int j = 0; j < n; j++) {
		unsigned int i = queue[j];
		const struct fib_range *node = fib_node_at(base, nhs[i]);
		uint32_t word = fib_range_step(node, nhs[i], fib_rest(&ips[i], at));

		nhs[i] = word;
		on[on_n] = (uint8_t)i;
		to[on_n] = (uint8_t)(at + fib_range_bits(node));
		on_n += fib_word_is_node(word);
	}
	for (unsigned int j = 0; j < on_n; j++)
		fib_queues_add(queues, on[j], nhs[on[j]], to[j]);
}

static inline __attribute__((always_inline)) void fib_finish(
	const char *base, const FIB_IP *ips, uint32_t *nhs, struct fib_queues *queues)
{
	for (unsigned int half = 0; half < FIB_WIDTH / 64 + 1; half++)
		while (queues->pending[half]) {
			unsigned int at =
				half * 64 + (unsigned int)__builtin_ctzll(queues->pending[half]);

			queues->pending[half] &= queues->pending[half] - 1;
			if (queues->bitmaps_n[at])
				fib_bitmaps(base, ips, nhs, at, queues);
			if (queues->ranges_n[at])
				fib_ranges(base, ips, nhs, at, queues);
		}
}

static inline __attribute__((always_inline)) void fib_burst(
	const struct fib_view *view, const FIB_IP *ips, uint32_t *nhs, unsigned int n)
{
	uint64_t root = __atomic_load_n(&view->root, __ATOMIC_ACQUIRE);
	const char *base = view->base;
	const uint32_t *words = (const uint32_t *)(base + (root >> 8) * FIB_MEM_UNIT);
	unsigned int at = root & 0xff, bitmaps_n = 0, ranges_n = 0;
	struct fib_queues queues;

	fib_queues_init(&queues);
	for (unsigned int i = 0; i < n; i++) {
		uint32_t word = fib_word_load(&words[fib_rest(&ips[i], 0) >> (64 - at)]);

		__builtin_prefetch(fib_node_at(base, word));
		nhs[i] = word;
		queues.bitmaps[at][bitmaps_n] = (uint8_t)i;
		bitmaps_n += word >> 31;
		queues.ranges[at][ranges_n] = (uint8_t)i;
		ranges_n += word >> 30 & 1;
	}
	queues.bitmaps_n[at] = (uint8_t)bitmaps_n;
	queues.ranges_n[at] = (uint8_t)ranges_n;
	fib_queues_note(&queues, at, bitmaps_n | ranges_n);
	fib_finish(base, ips, nhs, &queues);
}

static inline __attribute__((always_inline)) void fib_burst_mixed(
	const struct fib_view *const *views, const FIB_IP *ips, uint32_t *nhs, unsigned int n)
{
	const uint32_t *words[FIB_BURST];
	struct fib_queues queues;
	uint8_t bits[FIB_BURST];
	const char *base;

	if (n == 0)
		return;
	base = views[0]->base; /* all tables' */
	fib_queues_init(&queues);
	for (unsigned int i = 0; i < n; i++)
		__builtin_prefetch(views[i]);
	for (unsigned int i = 0; i < n; i++) {
		uint64_t root = __atomic_load_n(&views[i]->root, __ATOMIC_ACQUIRE);

		bits[i] = root & 0xff;
		words[i] = (const uint32_t *)(base + (root >> 8) * FIB_MEM_UNIT) +
			(fib_rest(&ips[i], 0) >> (64 - bits[i]));
		__builtin_prefetch(words[i]);
	}
	for (unsigned int i = 0; i < n; i++) {
		nhs[i] = fib_word_load(words[i]);
		__builtin_prefetch(fib_node_at(base, nhs[i]));
		fib_queues_add(&queues, i, nhs[i], bits[i]);
	}
	fib_finish(base, ips, nhs, &queues);
}
