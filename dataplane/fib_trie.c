/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/fib_trie.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/fib_cut.h"

/* A bitmap node becomes a range node again only well below what made it one: no flapping. */
#define RANGE_AGAIN 5u
/* Beyond so many bits a tree of range nodes is fewer steps than bitmaps. */
#define TREE_BEYOND 12u
#define VIEW_ORDER 0u

/* All blocks under a word are stale. */
static int retire_below(struct fib_trie *trie, uint32_t word, unsigned int at)
{
	struct fib_node node;
	int rc = 0;

	if (!fib_word_is_node(word))
		return 0;
	fib_node_open(trie, word, at, &node);
	for (unsigned int i = 0; i < node.blocks_n && rc == 0; i++)
		rc = fib_blocks_push(&trie->stale, node.blocks[i]);
	for (unsigned int i = 0; i < node.n && rc == 0; i++)
		rc = retire_below(trie, *node.words[i], at + node.bits);
	return rc;
}

/* How many bits a range node at bit AT may resolve at most: addresses of 128 bits are looked at in
 * two halves. */
static unsigned int range_bits(const struct fib_trie *trie, unsigned int at)
{
	unsigned int rest = (at < 64 && trie->width > 64 ? 64 : trie->width) - at;

	return rest < 32 ? rest : 32;
}

/* How many bits a bitmap at bit AT resolves; 0 where none can be: readers take it for six, of which
 * those behind the end are zero, but before the end of the first half they would not be. */
static unsigned int bitmap_bits(const struct fib_trie *trie, unsigned int at)
{
	if (trie->width > 64 && at < 64 && at + FIB_BITMAP_BITS > 64)
		return 0;
	return trie->width - at < FIB_BITMAP_BITS ? trie->width - at : FIB_BITMAP_BITS;
}

/* The runs of a bitmap at bit AT if nothing lies deeper; else 0. */
static unsigned int collect_last(const struct fib_trie *trie, uint32_t index, uint32_t nh,
	unsigned int at, struct fib_run *runs)
{
	unsigned int bits = bitmap_bits(trie, at);
	unsigned int n =
		bits ? fib_cut_runs(trie->rib, index, nh, at, bits, runs, FIB_RUNS_MAX) : 0;

	return n && !fib_cut_any_below(runs, n) ? n : 0;
}

/* Do prefixes lie so deep that bitmaps would be three steps or more? */
static bool tree_is_better(
	const struct fib_trie *trie, uint32_t index, uint32_t nh, unsigned int at)
{
	struct fib_run runs[FIB_RUNS_MAX];
	unsigned int n;

	if (range_bits(trie, at) <= TREE_BEYOND)
		return false;
	n = fib_cut_runs(trie->rib, index, nh, at, TREE_BEYOND, runs, FIB_RUNS_MAX);
	return n && fib_cut_any_below(runs, n);
}

static int build(
	struct fib_trie *trie, uint32_t index, uint32_t nh, unsigned int at, uint32_t *word);

static int build_node(struct fib_trie *trie, bool is_bitmap, unsigned int at, unsigned int bits,
	const struct fib_run *runs, unsigned int n, uint32_t *word)
{
	uint64_t first[FIB_RUNS_MAX];
	uint32_t words[FIB_RUNS_MAX];
	int rc;

	for (unsigned int i = 0; i < n; i++) {
		first[i] = runs[i].first;
		words[i] = runs[i].nh;
		if (!runs[i].below)
			continue;
		rc = build(trie, runs[i].below, runs[i].nh, at + bits, &words[i]);
		if (rc < 0)
			return rc;
	}
	n = fib_node_merge(first, words, n);
	return fib_node_make(trie, is_bitmap, bits, first, words, n, word);
}

/* The word for all that lies under the RIB's subtree INDEX from bit AT on, built anew. */
static int build(
	struct fib_trie *trie, uint32_t index, uint32_t nh, unsigned int at, uint32_t *word)
{
	static const unsigned int steps[] = {32, 30, 24, 18, 12};
	struct fib_run runs[FIB_RUNS_MAX];
	unsigned int most, bits, n;

	*word = nh;
	if (!index)
		return 0;
	most = range_bits(trie, at);
	/* One step to the end is best done by a bitmap: it is small, and quick to look up. */
	n = collect_last(trie, index, nh, at, runs);
	if (n)
		return build_node(trie, true, at, bitmap_bits(trie, at), runs, n, word);
	/* A range node if its few runs save two bitmaps or more. */
	for (unsigned int i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		bits = steps[i] < most ? steps[i] : most;
		n = fib_cut_runs(trie->rib, index, nh, at, bits, runs, FIB_RANGE_MAX);
		if (n && i == 0 && bits < trie->width - at && fib_cut_any_below(runs, n))
			continue;
		if (n)
			return build_node(trie, false, at, bits, runs, n, word);
		if (i == 0 && tree_is_better(trie, index, nh, at)) {
			n = fib_cut_runs(trie->rib, index, nh, at, most, runs, FIB_RUNS_MAX);
			if (n)
				return build_node(trie, false, at, most, runs, n, word);
		}
	}
	bits = bitmap_bits(trie, at);
	if (!bits) {
		bits = most < 3 ? most : 3;
		n = fib_cut_runs(trie->rib, index, nh, at, bits, runs, FIB_RANGE_MAX);
		return build_node(trie, false, at, bits, runs, n, word);
	}
	n = fib_cut_runs(trie->rib, index, nh, at, bits, runs, FIB_RUNS_MAX);
	return build_node(trie, true, at, bits, runs, n, word);
}

static int replace(struct fib_trie *trie, uint32_t old, uint32_t index, uint32_t nh,
	unsigned int at, uint32_t *word)
{
	int rc = build(trie, index, nh, at, word);

	return rc < 0 ? rc : retire_below(trie, old, at);
}

/* The prefix that has changed. */
struct change {
	fib_key key;
	unsigned int len;
};

/* The slots that it concerns in a node on its path. */
static void change_slots(const struct change *change, unsigned int at, unsigned int bits,
	uint64_t *first, uint64_t *last)
{
	*first = 0;
	*last = (UINT64_C(1) << bits) - 1;
	if (change->len <= at)
		return;
	*first = *last = fib_cut_slot(at, bits, change->key);
	if (change->len < at + bits)
		*last += (UINT64_C(1) << (at + bits - change->len)) - 1;
}

static int refresh(struct fib_trie *trie, const struct change *change, uint32_t old, uint32_t index,
	uint32_t nh, unsigned int at, uint32_t *word);

/* Bring a node up to date that keeps its kind and bits, given its runs as they are now: *word is
 * OLD where words change in place, or else a new node's. */
static int refresh_node(struct fib_trie *trie, const struct change *change, uint32_t old,
	struct fib_node *node, const struct fib_run *runs, unsigned int n, unsigned int at,
	uint32_t *word)
{
	uint64_t change_first, change_last, first[FIB_RUNS_MAX];
	unsigned int j = 0;
	uint32_t words[FIB_RUNS_MAX];
	int rc = 0;

	change_slots(change, at, node->bits, &change_first, &change_last);
	for (unsigned int i = 0; i < n; i++) {
		uint32_t before = *node->words[fib_node_find(node, runs[i].first)];

		first[i] = runs[i].first;
		words[i] = runs[i].nh;
		if (!runs[i].below)
			continue;
		words[i] = before;
		if (first[i] < change_first || first[i] > change_last)
			continue;
		rc = refresh(trie, change, before, runs[i].below, runs[i].nh, at + node->bits,
			&words[i]);
		if (rc < 0)
			return rc;
	}
	/* Nodes in slots that have no more specific prefixes now. */
	for (unsigned int i = 0; i < node->n; i++) {
		if (!fib_word_is_node(*node->words[i]))
			continue;
		while (j + 1 < n && runs[j + 1].first <= node->first[i])
			j++;
		if (!runs[j].below) {
			rc = retire_below(trie, *node->words[i], at + node->bits);
			if (rc < 0)
				return rc;
		}
	}

	n = fib_node_merge(first, words, n);
	if (n != node->n || memcmp(first, node->first, n * sizeof(first[0])) != 0) {
		rc = fib_node_make(
			trie, node->form == FIB_FORM_BITMAP, node->bits, first, words, n, word);
		for (unsigned int i = 0; i < node->blocks_n && rc == 0; i++)
			rc = fib_blocks_push(&trie->stale, node->blocks[i]);
		return rc;
	}
	*word = old;
	for (unsigned int i = 0; i < n; i++) {
		if (*node->words[i] == words[i])
			continue;
		for (unsigned int k = 0; k <= node->spare[i] && rc == 0; k++)
			rc = fib_trie_store(trie, node->words[i] + k, words[i]);
	}
	return rc;
}

/* Bring a word up to date that stands on the path of a change. */
static int refresh(struct fib_trie *trie, const struct change *change, uint32_t old, uint32_t index,
	uint32_t nh, unsigned int at, uint32_t *word)
{
	unsigned int most = range_bits(trie, at), n;
	struct fib_run runs[FIB_RUNS_MAX];
	struct fib_node node;

	if (!index || !fib_word_is_node(old))
		return replace(trie, old, index, nh, at, word);
	fib_node_open(trie, old, at, &node);
	if (node.form == FIB_FORM_BITMAP) {
		n = collect_last(trie, index, nh, at, runs);
		if (n)
			return refresh_node(trie, change, old, &node, runs, n, at, word);
	}
	if ((node.form == FIB_FORM_BITMAP || node.bits < most) &&
		fib_cut_runs(trie->rib, index, nh, at, most, runs, RANGE_AGAIN))
		return replace(trie, old, index, nh, at, word);

	/* Most changes lie deeper and leave the nodes above as they are. */
	if (node.form == FIB_FORM_BITMAP && change->len > at + node.bits) {
		unsigned int i = fib_node_find(&node, fib_cut_slot(at, node.bits, change->key));
		uint32_t before = *node.words[i], below, covering, after;
		int rc;

		below = fib_rib_below(trie->rib, change->key, at + node.bits, &covering);
		if (fib_word_is_node(before) && below) {
			rc = refresh(trie, change, before, below, covering, at + node.bits, &after);
			if (rc < 0)
				return rc;
			*word = old;
			return after == before ? 0 : fib_trie_store(trie, node.words[i], after);
		}
	}
	n = fib_cut_runs(trie->rib, index, nh, at, node.bits, runs,
		node.form == FIB_FORM_RANGE ? FIB_RANGE_MAX : FIB_RUNS_MAX);
	if (!n)
		return replace(trie, old, index, nh, at, word);
	return refresh_node(trie, change, old, &node, runs, n, at, word);
}

static uint32_t *root_word(uint64_t root, uint64_t slot)
{
	return (uint32_t *)(uintptr_t)fib_root_at(root, slot);
}

static uint32_t root_block(const struct fib_trie *trie, uint64_t root)
{
	size_t offset = (size_t)((const char *)fib_root_words(root) - trie->arena->region.base);

	return (uint32_t)(offset / FIB_MEM_UNIT);
}

/* For a change that covers many slots of the root. */
struct root_cutter {
	struct fib_cutter cutter;
	struct fib_trie *trie;
	const struct change *change;
	uint64_t root; /* as in the view */
};

static int refresh_slots(
	struct fib_cutter *cutter, uint64_t first, uint64_t last, uint32_t below, uint32_t nh)
{
	struct root_cutter *all = (struct root_cutter *)cutter;
	struct fib_trie *trie = all->trie;

	for (uint64_t slot = first; slot <= last; slot++) {
		uint32_t *at = root_word(all->root, slot), word;
		int rc;

		rc = refresh(trie, all->change, *at, below, nh, cutter->bits, &word);
		if (rc == 0 && word != *at)
			rc = fib_trie_store(trie, at, word);
		if (rc < 0)
			return rc;
	}
	return 0;
}

void fib_trie_abort(struct fib_trie *trie)
{
	fib_trie_free_blocks(trie, trie->fresh.items, trie->fresh.n);
	trie->fresh.n = 0;
	trie->stale.n = 0;
	trie->stores_n = 0;
	trie->next_root = 0;
}

int fib_trie_prepare(struct fib_trie *trie, fib_key key, unsigned int len)
{
	unsigned int bits = fib_trie_root_bits(trie);
	struct change change = {key, len};
	struct root_cutter all = {.cutter = {.rib = trie->rib, .bits = bits, .emit = refresh_slots},
		.trie = trie,
		.change = &change,
		.root = trie->view->root};
	uint64_t first, last;
	uint32_t below, nh;
	int rc;

	change_slots(&change, 0, bits, &first, &last);
	below = fib_rib_below(trie->rib, key, len < bits ? len : bits, &nh);
	rc = len < bits ? fib_cut(&all.cutter, below, nh, first, last)
			: refresh_slots(&all.cutter, first, last, below, nh);
	if (rc < 0)
		fib_trie_abort(trie);
	return rc;
}

static int build_slots(
	struct fib_cutter *cutter, uint64_t first, uint64_t last, uint32_t below, uint32_t nh)
{
	struct root_cutter *all = (struct root_cutter *)cutter;

	for (uint64_t slot = first; slot <= last; slot++) {
		int rc = build(all->trie, below, nh, cutter->bits, root_word(all->root, slot));

		if (rc < 0)
			return rc;
	}
	return 0;
}

int fib_trie_rebuild_prepare(struct fib_trie *trie, unsigned int bits)
{
	struct root_cutter all = {
		.cutter = {.rib = trie->rib, .bits = bits, .emit = build_slots}, .trie = trie};
	unsigned int old_bits = fib_trie_root_bits(trie);
	size_t bytes = sizeof(uint32_t) << bits;
	uint32_t block;
	int rc;

	rc = fib_trie_block(trie, bytes, &block);
	if (rc < 0)
		return rc;
	/* Neighbouring roots of a size have colours in turn. */
	all.root = fib_root_make(
		fib_arena_at(trie->arena, block), bits, (size_t)block * FIB_MEM_UNIT / bytes);
	rc = fib_cut(&all.cutter, trie->rib->root, 0, 0, (UINT64_C(1) << bits) - 1);
	for (uint64_t slot = 0; old_bits && slot < UINT64_C(1) << old_bits && rc == 0; slot++)
		rc = retire_below(trie, *root_word(trie->view->root, slot), old_bits);
	if (rc == 0 && old_bits)
		rc = fib_blocks_push(&trie->stale,
			(uint64_t)root_block(trie, trie->view->root) << 8 |
				fib_arena_order(sizeof(uint32_t) << old_bits));
	if (rc < 0) {
		fib_trie_abort(trie);
		return rc;
	}
	trie->next_root = all.root;
	return 0;
}

void fib_trie_commit(struct fib_trie *trie)
{
	for (size_t i = 0; i < trie->stores_n; i++)
		__atomic_store_n(trie->stores[i].at, trie->stores[i].word, __ATOMIC_RELEASE);
	if (trie->next_root)
		__atomic_store_n(&trie->view->root, trie->next_root, __ATOMIC_RELEASE);
	trie->next_root = 0;
	trie->stores_n = 0;
	trie->fresh.n = 0;
}

size_t fib_trie_bytes(const struct fib_trie *trie)
{
	return trie->used + sizeof(*trie->view) + trie->used / 128 + /* the arena's map */
		(trie->fresh.room + trie->stale.room) * sizeof(uint64_t) +
		trie->stores_room * sizeof(struct fib_store);
}

void fib_trie_free_blocks(struct fib_trie *trie, const uint64_t *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned int order = (unsigned int)(items[i] & 0xff);

		fib_arena_free(trie->arena, (uint32_t)(items[i] >> 8), order);
		trie->used -= (size_t)FIB_MEM_UNIT << order;
	}
}

int fib_trie_init(struct fib_trie *trie, const struct fib_rib *rib, unsigned int width,
	unsigned int root_bits)
{
	int rc;

	memset(trie, 0, sizeof(*trie));
	trie->arena = fib_arena_get();
	if (!trie->arena)
		return -ENOMEM;
	trie->rib = rib;
	trie->width = width;
	rc = fib_arena_alloc(trie->arena, VIEW_ORDER, &trie->view_block);
	if (rc < 0)
		goto fail;
	trie->view = fib_arena_at(trie->arena, trie->view_block);
	trie->view->root = 0;
	rc = fib_trie_rebuild_prepare(trie, root_bits);
	if (rc < 0)
		goto fail;
	fib_trie_commit(trie);
	return 0;
fail:
	fib_trie_fini(trie);
	fib_trie_release(trie);
	return rc;
}

static void free_below(struct fib_trie *trie, uint32_t word, unsigned int at)
{
	struct fib_node node;

	if (!fib_word_is_node(word))
		return;
	fib_node_open(trie, word, at, &node);
	for (unsigned int i = 0; i < node.n; i++)
		free_below(trie, *node.words[i], at + node.bits);
	fib_trie_free_blocks(trie, node.blocks, node.blocks_n);
}

void fib_trie_fini(struct fib_trie *trie)
{
	unsigned int bits = trie->view ? fib_trie_root_bits(trie) : 0;

	for (uint64_t slot = 0; bits && slot < UINT64_C(1) << bits; slot++)
		free_below(trie, *root_word(trie->view->root, slot), bits);
	if (bits)
		fib_arena_free(trie->arena, root_block(trie, trie->view->root),
			fib_arena_order(sizeof(uint32_t) << bits));
	if (trie->view)
		fib_arena_free(trie->arena, trie->view_block, VIEW_ORDER);
	free(trie->fresh.items);
	free(trie->stale.items);
	free(trie->stores);
}

void fib_trie_release(struct fib_trie *trie)
{
	fib_arena_put(trie->arena);
}
