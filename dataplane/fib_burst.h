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

#include "dataplane/fib_mem.h"
#include "dataplane/fib_step.h"

static inline void fib_single(uint64_t root, const FIB_IP *ip, uint32_t *nh)
{
	unsigned int at = fib_root_bits(root);
	uint32_t word = fib_word_load(fib_root_at(root, fib_rest(ip, 0) >> (64 - at)));

	while (fib_word_is_node(word)) {
		const void *node = fib_node_at(fib_arena_base, word);

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

/* Indices into the burst, and the words that the lookups have come to. Nodes stand at less than
 * FIB_WIDTH bits. Eight are entered at a time, hence the room behind the last. */
#define FIB_ROOM (FIB_BURST + 8)

struct fib_queues {
	uint64_t pending[FIB_WIDTH / 64 + 1]; /* levels with something in them */
	uint8_t bitmaps_n[FIB_WIDTH + 32];
	uint8_t ranges_n[FIB_WIDTH + 32];
	uint8_t trees_n[FIB_WIDTH + 32];
	uint8_t bitmaps[FIB_WIDTH + 32][FIB_ROOM];
	uint8_t ranges[FIB_WIDTH + 32][FIB_ROOM];
	uint8_t trees[FIB_WIDTH + 32][FIB_ROOM];
	uint32_t words[FIB_ROOM];
};

static inline void fib_queues_init(struct fib_queues *queues)
{
	memset(queues, 0, offsetof(struct fib_queues, bitmaps));
}

static inline void fib_queues_note(struct fib_queues *queues, unsigned int at, bool some)
{
	queues->pending[at / 64] |= (uint64_t)some << (at % 64);
}

/* Append those bytes of FROM whose bits are set in MASK. */
static inline unsigned int fib_pick(uint8_t *to, unsigned int n, uint64_t from, unsigned int mask)
{
	uint64_t bytes = _pdep_u64(mask, UINT64_C(0x0101010101010101)) * 0xff;
	uint64_t picked = _pext_u64(from, bytes);

	memcpy(to + n, &picked, sizeof(picked));
	return n + (unsigned int)__builtin_popcount(mask);
}

static inline unsigned int fib_top_bits(__m256i eight)
{
	return (unsigned int)_mm256_movemask_ps(_mm256_castsi256_ps(eight));
}

/* Of N lookups, whose words are in WORDS, all that have AT bits resolved, enter those that stand at
 * nodes. Both arrays have room for seven more. */
static inline void fib_queues_enter(struct fib_queues *queues, unsigned int at,
	const uint8_t *index, const uint32_t *words, unsigned int n)
{
	unsigned int bitmaps_n = queues->bitmaps_n[at], ranges_n = queues->ranges_n[at];
	unsigned int trees_n = queues->trees_n[at];

	for (unsigned int j = 0; j < n; j += 8) {
		__m256i eight = _mm256_loadu_si256((const __m256i *)(words + j));
		unsigned int valid = _bzhi_u32(0xff, n - j), bitmap, range, tree;
		uint64_t from;

		memcpy(&from, index + j, sizeof(from));
		bitmap = fib_top_bits(eight) & valid;
		range = fib_top_bits(_mm256_slli_epi32(eight, 1)) & valid;
		tree = fib_top_bits(_mm256_slli_epi32(eight, 3)) & range;
		bitmaps_n = fib_pick(queues->bitmaps[at], bitmaps_n, from, bitmap);
		ranges_n = fib_pick(queues->ranges[at], ranges_n, from, range & ~tree);
		trees_n = fib_pick(queues->trees[at], trees_n, from, tree);
	}
	queues->bitmaps_n[at] = (uint8_t)bitmaps_n;
	queues->ranges_n[at] = (uint8_t)ranges_n;
	queues->trees_n[at] = (uint8_t)trees_n;
	fib_queues_note(queues, at, bitmaps_n | ranges_n | trees_n);
}

/* The same for one, at whatever level. */
static inline void fib_queues_add(
	struct fib_queues *queues, unsigned int i, uint32_t word, unsigned int at)
{
	bool range = word & FIB_WORD_RANGE, tree = word & FIB_WORD_TREE;

	queues->bitmaps[at][queues->bitmaps_n[at]] = (uint8_t)i;
	queues->bitmaps_n[at] = (uint8_t)(queues->bitmaps_n[at] + (word >> 31));
	queues->ranges[at][queues->ranges_n[at]] = (uint8_t)i;
	queues->ranges_n[at] = (uint8_t)(queues->ranges_n[at] + (range & !tree));
	queues->trees[at][queues->trees_n[at]] = (uint8_t)i;
	queues->trees_n[at] = (uint8_t)(queues->trees_n[at] + (range & tree));
	fib_queues_note(queues, at, fib_word_is_node(word));
}

static inline __attribute__((always_inline)) void fib_bitmaps(
	const char *base, const FIB_IP *ips, unsigned int at, struct fib_queues *queues)
{
	unsigned int n = queues->bitmaps_n[at];
	const uint8_t *queue = queues->bitmaps[at];
	uint32_t words[FIB_ROOM];

	for (unsigned int j = 0; j < n; j++) {
		size_t i = queue[j];
		uint32_t word =
			fib_bitmap_step(fib_node_at(base, queues->words[i]), fib_rest(&ips[i], at));

		__builtin_prefetch(fib_node_at(base, word));
		queues->words[i] = word;
		words[j] = word;
	}
	fib_queues_enter(queues, at + FIB_BITMAP_BITS, queue, words, n);
}

/* The root of a tree leads to a range node by the same bits: all go from one queue to the other. */
static inline __attribute__((always_inline)) void fib_trees(
	const char *base, const FIB_IP *ips, unsigned int at, struct fib_queues *queues)
{
	unsigned int n = queues->trees_n[at];
	const uint8_t *queue = queues->trees[at];

	for (unsigned int j = 0; j < n; j++) {
		size_t i = queue[j];
		uint32_t word = queues->words[i];

		word = fib_range_step(fib_node_at(base, word), word, fib_rest(&ips[i], at));
		__builtin_prefetch(fib_node_at(base, word));
		queues->words[i] = word;
	}
	memcpy(queues->ranges[at] + queues->ranges_n[at], queue, n);
	queues->ranges_n[at] = (uint8_t)(queues->ranges_n[at] + n);
}

static inline __attribute__((always_inline)) void fib_ranges(
	const char *base, const FIB_IP *ips, unsigned int at, struct fib_queues *queues)
{
	unsigned int n = queues->ranges_n[at];
	const uint8_t *queue = queues->ranges[at];
	uint32_t before[FIB_ROOM], after[FIB_ROOM];

	for (unsigned int j = 0; j < n; j++) {
		size_t i = queue[j];
		uint32_t word = queues->words[i];

		before[j] = word;
		word = fib_range_step(fib_node_at(base, word), word, fib_rest(&ips[i], at));
		after[j] = word;
		queues->words[i] = word;
	}
	/* Few go on from here, and by as many bits as their nodes say. */
	for (unsigned int j = 0; j < n; j += 8) {
		__m256i eight = _mm256_loadu_si256((const __m256i *)(after + j));
		unsigned int on = fib_top_bits(_mm256_or_si256(eight, _mm256_slli_epi32(eight, 1)));

		for (on &= _bzhi_u32(0xff, n - j); on; on &= on - 1) {
			unsigned int k = j + (unsigned int)__builtin_ctz(on);

			fib_queues_add(queues, queue[k], after[k],
				at + fib_range_bits(fib_node_at(base, before[k])));
		}
	}
}

static inline __attribute__((always_inline)) void fib_finish(const char *base, const FIB_IP *ips,
	uint32_t *nhs, unsigned int n, struct fib_queues *queues)
{
	for (unsigned int half = 0; half < FIB_WIDTH / 64 + 1; half++)
		while (queues->pending[half]) {
			unsigned int at =
				half * 64 + (unsigned int)__builtin_ctzll(queues->pending[half]);

			queues->pending[half] &= queues->pending[half] - 1;
			if (queues->bitmaps_n[at])
				fib_bitmaps(base, ips, at, queues);
			if (queues->trees_n[at])
				fib_trees(base, ips, at, queues);
			if (queues->ranges_n[at])
				fib_ranges(base, ips, at, queues);
		}
	memcpy(nhs, queues->words, n * sizeof(nhs[0]));
}

/* 0, 1, 2 ... */
static inline void fib_count_up(uint8_t index[FIB_ROOM])
{
	uint64_t eight = UINT64_C(0x0706050403020100);

	for (unsigned int i = 0; i < FIB_ROOM; i += 8) {
		memcpy(index + i, &eight, sizeof(eight));
		eight += UINT64_C(0x0808080808080808);
	}
}

/* Do all range nodes resolve as many bits (*bits), and lead to nodes of one kind? *all: the bits
 * that AFTER have in common. */
static inline bool fib_ranges_agree(const char *base, const uint32_t *words, const uint32_t *after,
	unsigned int n, unsigned int *bits, uint32_t *all)
{
	unsigned int differ = 0;

	*bits = fib_range_bits(fib_node_at(base, words[0]));
	*all = UINT32_MAX;
	for (unsigned int i = 0; i < n; i++) {
		differ |= fib_range_bits(fib_node_at(base, words[i])) ^ *bits;
		*all &= after[i];
	}
	return differ == 0 && (*all & FIB_WORD_NODE) != 0;
}

/* All stand at the range node that WORD names, as where all prefixes of a table begin alike: one
 * step for all, which returns what the new words have in common, and in *any the bits of any. */
static inline __attribute__((always_inline)) uint32_t fib_range_together(const char *base,
	const FIB_IP *ips, uint32_t *words, unsigned int n, unsigned int at, uint32_t word,
	uint32_t *any)
{
	const struct fib_range *range = fib_node_at(base, word);
	unsigned int lanes = fib_range_lanes(word);
	__m256i keys = fib_range_keys(range);
	uint32_t all = UINT32_MAX;

	*any = 0;
	for (unsigned int i = 0; i < n; i++) {
		uint32_t next = fib_range_find(range, keys, lanes, fib_rest(&ips[i], at));

		__builtin_prefetch(fib_node_at(base, next));
		words[i] = next;
		*any |= next;
		all &= next;
	}
	return all;
}

/* All stand at range nodes, and KIND is the word of each as far as their sizes go. Returns the
 * bits of any word that they have come to. */
static inline __attribute__((always_inline)) uint32_t fib_ranges_alike(const char *base,
	const FIB_IP *ips, const uint32_t *words, uint32_t *nhs, unsigned int n, unsigned int at,
	uint32_t kind)
{
	unsigned int lanes = fib_range_lanes(kind);
	uint32_t found = 0;

	for (unsigned int i = 0; i < n; i++) {
		const struct fib_range *range = fib_node_at(base, words[i]);

		nhs[i] = fib_range_find(range, fib_range_keys(range), lanes, fib_rest(&ips[i], at));
		found |= nhs[i];
	}
	return found;
}

static inline __attribute__((always_inline)) uint32_t fib_ranges_unlike(const char *base,
	const FIB_IP *ips, const uint32_t *words, uint32_t *nhs, unsigned int n, unsigned int at)
{
	uint32_t found = 0;

	for (unsigned int i = 0; i < n; i++) {
		nhs[i] = fib_range_step(
			fib_node_at(base, words[i]), words[i], fib_rest(&ips[i], at));
		found |= nhs[i];
	}
	return found;
}

/* A burst to one table, or to tables that are alike, mostly meets one kind of node at a level: then
 * all go on side by side, and nobody is queued. Stops at the first level that is not so: there each
 * lookup is entered in its queue. All have AT bits resolved; ANY and ALL are the words' bits. */
static inline __attribute__((always_inline)) void fib_abreast(const char *base, const FIB_IP *ips,
	uint32_t *nhs, unsigned int n, unsigned int at, uint32_t any, uint32_t all, uint32_t *words)
{
	struct fib_queues queues;
	uint8_t index[FIB_ROOM];

	for (;;) {
		unsigned int bits;

		while (any & all & FIB_WORD_BITMAP) {
			any = 0;
			all = UINT32_MAX;
			for (unsigned int i = 0; i < n; i++) {
				words[i] = fib_bitmap_step(
					fib_node_at(base, words[i]), fib_rest(&ips[i], at));
				__builtin_prefetch(fib_node_at(base, words[i]));
				any |= words[i];
				all &= words[i];
			}
			at += FIB_BITMAP_BITS;
		}
		if (!(all & FIB_WORD_RANGE))
			break;
		if (any == all) {
			bits = fib_range_bits(fib_node_at(base, all));
			all = fib_range_together(base, ips, words, n, at, all, &any);
			at += bits;
			continue;
		}
		if (!(any & FIB_WORD_TREE)) {
			uint32_t found = (any ^ all) & FIB_WORD_SMALL
				? fib_ranges_unlike(base, ips, words, nhs, n, at)
				: fib_ranges_alike(base, ips, words, nhs, n, at, all);

			if (!fib_word_is_node(found))
				return;
			if (!fib_ranges_agree(base, words, nhs, n, &bits, &all))
				break;
			any = found;
			at += bits;
		} else if (all & FIB_WORD_TREE) {
			any = 0;
			all = UINT32_MAX;
			for (unsigned int i = 0; i < n; i++) {
				nhs[i] = fib_range_step(fib_node_at(base, words[i]), words[i],
					fib_rest(&ips[i], at));
				any |= nhs[i];
				all &= nhs[i];
			}
		} else {
			break;
		}
		for (unsigned int i = 0; i < n; i++) {
			words[i] = nhs[i];
			__builtin_prefetch(fib_node_at(base, words[i]));
		}
	}
	if (!fib_word_is_node(any)) {
		memcpy(nhs, words, n * sizeof(nhs[0]));
		return;
	}
	fib_queues_init(&queues);
	fib_count_up(index);
	memcpy(queues.words, words, n * sizeof(words[0]));
	fib_queues_enter(&queues, at, index, queues.words, n);
	fib_finish(base, ips, nhs, n, &queues);
}

static inline __attribute__((always_inline)) void fib_burst(
	uint64_t root, const FIB_IP *ips, uint32_t *nhs, unsigned int n)
{
	const char *base = fib_arena_base;
	uint32_t words[FIB_ROOM], any = 0, all = UINT32_MAX;
	unsigned int at = fib_root_bits(root);

	for (unsigned int i = 0; i < n; i++) {
		words[i] = fib_word_load(fib_root_at(root, fib_rest(&ips[i], 0) >> (64 - at)));
		__builtin_prefetch(fib_node_at(base, words[i]));
		any |= words[i];
		all &= words[i];
	}
	fib_abreast(base, ips, nhs, n, at, any, all, words);
}

static inline __attribute__((always_inline)) void fib_burst_mixed(
	const uint64_t *roots, const FIB_IP *ips, uint32_t *nhs, unsigned int n)
{
	const uint32_t *slots[FIB_BURST];
	uint32_t words[FIB_ROOM], any = 0, all = UINT32_MAX;
	const char *base = fib_arena_base;
	struct fib_queues queues;
	uint64_t differ = 0;
	unsigned int at;

	if (n == 0)
		return;
	/* Tables of about a size have roots of a size. Where they have not, the places are wrong,
	 * and nothing is read from them. */
	at = fib_root_bits(roots[0]);
	for (unsigned int i = 0; i < n; i++) {
		differ |= roots[i] ^ roots[0];
		slots[i] = fib_root_at(roots[i], fib_rest(&ips[i], 0) >> (64 - at));
		__builtin_prefetch(slots[i]);
	}
	if (fib_root_bits(differ)) {
		fib_queues_init(&queues);
		for (unsigned int i = 0; i < n; i++) {
			at = fib_root_bits(roots[i]);
			queues.words[i] = fib_word_load(
				fib_root_at(roots[i], fib_rest(&ips[i], 0) >> (64 - at)));
			fib_queues_add(&queues, i, queues.words[i], at);
		}
		fib_finish(base, ips, nhs, n, &queues);
		return;
	}
	for (unsigned int i = 0; i < n; i++) {
		words[i] = fib_word_load(slots[i]);
		__builtin_prefetch(fib_node_at(base, words[i]));
		any |= words[i];
		all &= words[i];
	}
	fib_abreast(base, ips, nhs, n, at, any, all, words);
}
