/* SPDX-License-Identifier: BSD-3-Clause */
/* Nodes as the writer sees them: runs with a word each, whatever their form in memory. */
#include "dataplane/fib_trie.h"

#include <errno.h>
#include <string.h>

int fib_blocks_push(struct fib_blocks *blocks, uint64_t item)
{
	if (blocks->n == blocks->room) {
		size_t room = blocks->room ? 2 * blocks->room : 16;
		uint64_t *items = fib_mem_realloc(blocks->items, room * sizeof(*items));

		if (!items)
			return -ENOMEM;
		blocks->items = items;
		blocks->room = room;
	}
	blocks->items[blocks->n++] = item;
	return 0;
}

int fib_trie_block(struct fib_trie *trie, size_t bytes, uint32_t *block)
{
	unsigned int order = fib_arena_order(bytes);
	int rc = fib_arena_alloc(trie->arena, order, block);

	if (rc < 0)
		return rc;
	rc = fib_blocks_push(&trie->fresh, (uint64_t)*block << 8 | order);
	if (rc < 0)
		fib_arena_free(trie->arena, *block, order);
	else
		trie->used += (size_t)FIB_MEM_UNIT << order;
	return rc;
}

int fib_trie_store(struct fib_trie *trie, uint32_t *at, uint32_t word)
{
	if (trie->stores_n == trie->stores_room) {
		size_t room = trie->stores_room ? 2 * trie->stores_room : 16;
		struct fib_store *stores = fib_mem_realloc(trie->stores, room * sizeof(*stores));

		if (!stores)
			return -ENOMEM;
		trie->stores = stores;
		trie->stores_room = room;
	}
	trie->stores[trie->stores_n++] = (struct fib_store){at, word};
	return 0;
}

static size_t bitmap_bytes(unsigned int words)
{
	return sizeof(struct fib_bitmap) + words * sizeof(uint32_t);
}

static void add_block(struct fib_node *node, uint32_t word, size_t bytes)
{
	node->blocks[node->blocks_n++] =
		(uint64_t)(word & FIB_WORD_BLOCK) << 8 | fib_arena_order(bytes);
}

static uint64_t range_first(const struct fib_range *range, unsigned int i, unsigned int bits)
{
	return (range->cells[i] ^ FIB_RANGE_FLIP) >> (32 - bits);
}

/* The runs of a range node; its first begins at FIRST. */
static void open_range(
	const struct fib_trie *trie, uint32_t word, uint64_t first, struct fib_node *node)
{
	struct fib_range *range = fib_arena_at(trie->arena, word & FIB_WORD_BLOCK);
	unsigned int lanes = word & FIB_WORD_SMALL ? 4 : 8, n = range->cells[0] >> 8;

	node->bits = range->cells[0] & 0xff;
	for (unsigned int i = 0; i < n; i++) {
		node->first[node->n] = i ? range_first(range, i, node->bits) : first;
		node->words[node->n] = &range->cells[lanes + i];
		node->spare[node->n++] = (uint8_t)(i + 1 < n ? 0 : lanes - n);
	}
	add_block(node, word, sizeof(uint32_t) * 2 * lanes);
}

void fib_node_open(
	const struct fib_trie *trie, uint32_t word, unsigned int at, struct fib_node *node)
{
	void *block = fib_arena_at(trie->arena, word & FIB_WORD_BLOCK);
	unsigned int rest = trie->width - at, lanes = word & FIB_WORD_SMALL ? 4 : 8, n;
	struct fib_bitmap *bitmap = block;
	struct fib_range *range = block;

	node->n = 0;
	node->blocks_n = 0;
	node->form = FIB_FORM_RANGE;
	if (word & FIB_WORD_BITMAP) {
		uint64_t begins = bitmap->begins;

		node->form = FIB_FORM_BITMAP;
		node->bits = rest < FIB_BITMAP_BITS ? rest : FIB_BITMAP_BITS;
		node->first[node->n++] = 0;
		for (; begins; begins &= begins - 1)
			node->first[node->n++] = ((uint64_t)__builtin_ctzll(begins) + 1) >>
				(FIB_BITMAP_BITS - node->bits);
		for (unsigned int i = 0; i < node->n; i++) {
			node->words[i] = &bitmap->words[i];
			node->spare[i] = 0;
		}
		add_block(node, word, bitmap_bytes(node->n));
		return;
	}
	if (!(word & FIB_WORD_TREE)) {
		open_range(trie, word, 0, node);
		return;
	}
	node->form = FIB_FORM_TREE;
	n = range->cells[0] >> 8;
	open_range(trie, range->cells[lanes], 0, node);
	for (unsigned int k = 1; k < n; k++)
		open_range(trie, range->cells[lanes + k], range_first(range, k, node->bits), node);
	add_block(node, word, sizeof(uint32_t) * 2 * lanes);
}

unsigned int fib_node_find(const struct fib_node *node, uint64_t slot)
{
	unsigned int i = node->n - 1;

	while (node->first[i] > slot)
		i--;
	return i;
}

/* One block with up to eight runs. SHIFT aligns the slots to the left. */
static int make_range(struct fib_trie *trie, unsigned int bits, unsigned int shift,
	const uint64_t *first, const uint32_t *words, unsigned int n, uint32_t *word)
{
	unsigned int lanes = n <= 4 ? 4 : 8;
	struct fib_range *range;
	uint32_t block;
	int rc = fib_trie_block(trie, sizeof(uint32_t) * 2 * lanes, &block);

	if (rc < 0)
		return rc;
	range = fib_arena_at(trie->arena, block);
	range->cells[0] = bits | n << 8;
	for (unsigned int i = 1; i < lanes; i++)
		range->cells[i] =
			(i < n ? (uint32_t)(first[i] << shift) : UINT32_MAX) ^ FIB_RANGE_FLIP;
	for (unsigned int i = 0; i < lanes; i++)
		range->cells[lanes + i] = words[i < n ? i : n - 1];
	*word = FIB_WORD_RANGE | (n <= 4 ? FIB_WORD_SMALL : 0) | block;
	return 0;
}

/* Up to eight of them under one that resolves no bits itself. */
static int make_tree(struct fib_trie *trie, unsigned int bits, const uint64_t *first,
	const uint32_t *words, unsigned int n, uint32_t *word)
{
	unsigned int parts = (n + FIB_RANGE_MAX - 1) / FIB_RANGE_MAX, from = 0;
	uint64_t part_first[FIB_RANGE_MAX];
	uint32_t part_words[FIB_RANGE_MAX];
	int rc;

	for (unsigned int k = 0; k < parts; k++) {
		unsigned int size = (n - from + parts - k - 1) / (parts - k);

		rc = make_range(
			trie, bits, 32 - bits, first + from, words + from, size, &part_words[k]);
		if (rc < 0)
			return rc;
		part_first[k] = first[from];
		from += size;
	}
	rc = make_range(trie, 0, 32 - bits, part_first, part_words, parts, word);
	if (rc == 0)
		*word |= FIB_WORD_TREE;
	return rc;
}

static int make_bitmap(struct fib_trie *trie, unsigned int bits, const uint64_t *first,
	const uint32_t *words, unsigned int n, uint32_t *word)
{
	struct fib_bitmap *bitmap;
	uint32_t block;
	int rc = fib_trie_block(trie, bitmap_bytes(n), &block);

	if (rc < 0)
		return rc;
	bitmap = fib_arena_at(trie->arena, block);
	bitmap->begins = 0;
	for (unsigned int i = 1; i < n; i++)
		bitmap->begins |= UINT64_C(1) << ((first[i] << (FIB_BITMAP_BITS - bits)) - 1);
	memcpy(bitmap->words, words, n * sizeof(words[0]));
	*word = FIB_WORD_BITMAP | block;
	return 0;
}

int fib_node_make(struct fib_trie *trie, bool is_bitmap, unsigned int bits, const uint64_t *first,
	const uint32_t *words, unsigned int n, uint32_t *word)
{
	if (n == 1 && !fib_word_is_node(words[0])) {
		*word = words[0];
		return 0;
	}
	if (is_bitmap)
		return make_bitmap(trie, bits, first, words, n, word);
	if (n > FIB_RANGE_MAX)
		return make_tree(trie, bits, first, words, n, word);
	return make_range(trie, bits, 32 - bits, first, words, n, word);
}

unsigned int fib_node_merge(uint64_t *first, uint32_t *words, unsigned int n)
{
	unsigned int kept = 1;

	for (unsigned int i = 1; i < n; i++) {
		if (!fib_word_is_node(words[i]) && words[i] == words[kept - 1])
			continue;
		first[kept] = first[i];
		words[kept++] = words[i];
	}
	return kept;
}
