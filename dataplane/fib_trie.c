/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/fib_trie.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 64u
/* A bitmap node becomes a range node again only well below what made it one: no flapping. */
#define RANGE_AGAIN 5u

/* A run of slots of a node: they all have the next hop nh; or a single slot with more specific
 * prefixes, under the RIB node `below`, and nh is what covers it. */
struct run {
	uint64_t first;
	uint32_t below;
	uint32_t nh;
};

/* Cuts the prefixes under a node into runs of slots. */
struct cutter {
	const struct fib_rib *rib;
	unsigned int at;   /* the bit at which the node's slots begin */
	unsigned int bits; /* a slot is the value of that many */
	int (*emit)(
		struct cutter *cutter, uint64_t first, uint64_t last, uint32_t below, uint32_t nh);
	/* For emit: */
	struct fib_trie *trie;
	struct run *runs;
	unsigned int n, max;
};

static uint64_t slot_of(const struct cutter *cutter, fib_key key)
{
	return (uint64_t)(key << cutter->at >> (128 - cutter->bits));
}

/* All slots first..last, which hold the RIB's subtree INDEX; NH covers them. */
static int cut(struct cutter *cutter, uint32_t index, uint32_t nh, uint64_t first, uint64_t last)
{
	const struct fib_rib_node *node;
	unsigned int len;
	uint64_t from, to, middle;
	int rc;

	if (!index)
		return cutter->emit(cutter, first, last, 0, nh);
	node = fib_rib_at(cutter->rib, index);
	len = fib_rib_len(node);
	from = to = slot_of(cutter, fib_rib_key(cutter->rib, node));
	if (len <= cutter->at) {
		from = first;
		to = last;
	} else if (len < cutter->at + cutter->bits) {
		to = from + (UINT64_C(1) << (cutter->at + cutter->bits - len)) - 1;
	}
	if (first < from) {
		rc = cutter->emit(cutter, first, from - 1, 0, nh);
		if (rc)
			return rc;
	}
	if (len >= cutter->at + cutter->bits) {
		if (len > cutter->at + cutter->bits || node->child[0] || node->child[1])
			rc = cutter->emit(cutter, from, from, index, nh);
		else
			rc = cutter->emit(cutter, from, from, 0, fib_rib_nh(node));
	} else {
		uint32_t inner = fib_rib_nh(node) ? fib_rib_nh(node) : nh;

		middle = from + (to - from) / 2;
		rc = cut(cutter, node->child[0], inner, from, middle);
		if (!rc)
			rc = cut(cutter, node->child[1], inner, middle + 1, to);
	}
	if (!rc && to < last)
		rc = cutter->emit(cutter, to + 1, last, 0, nh);
	return rc;
}

static int collect_run(
	struct cutter *cutter, uint64_t first, uint64_t last, uint32_t below, uint32_t nh)
{
	struct run *run;

	(void)last;
	if (!below && cutter->n > 0) {
		run = &cutter->runs[cutter->n - 1];
		if (!run->below && run->nh == nh)
			return 0;
	}
	if (cutter->n == cutter->max)
		return 1;
	run = &cutter->runs[cutter->n++];
	run->first = first;
	run->below = below;
	run->nh = nh;
	return 0;
}

/* The runs of a node at bit AT that resolves BITS; 0 when there are more than MAX. */
static unsigned int collect(const struct fib_rib *rib, uint32_t index, uint32_t nh, unsigned int at,
	unsigned int bits, struct run *runs, unsigned int max)
{
	struct cutter cutter = {
		.rib = rib, .at = at, .bits = bits, .emit = collect_run, .runs = runs, .max = max};

	return cut(&cutter, index, nh, 0, (UINT64_C(1) << bits) - 1) ? 0 : cutter.n;
}

static int blocks_push(struct fib_blocks *blocks, uint32_t block, unsigned int order)
{
	if (blocks->n == blocks->room) {
		size_t room = blocks->room ? 2 * blocks->room : 16;
		uint64_t *items = fib_mem_realloc(blocks->items, room * sizeof(*items));

		if (!items)
			return -ENOMEM;
		blocks->items = items;
		blocks->room = room;
	}
	blocks->items[blocks->n++] = (uint64_t)block << 8 | order;
	return 0;
}

static int block_new(struct fib_trie *trie, size_t bytes, uint32_t *block)
{
	unsigned int order = fib_arena_order(bytes);
	int rc = fib_arena_alloc(trie->arena, order, block);

	if (rc < 0)
		return rc;
	rc = blocks_push(&trie->fresh, *block, order);
	if (rc < 0)
		fib_arena_free(trie->arena, *block, order);
	else
		trie->used += (size_t)FIB_MEM_UNIT << order;
	return rc;
}

static int store_later(struct fib_trie *trie, uint32_t *at, uint32_t word)
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

/* A node as the writer sees it: its words, and where each begins. */
struct node {
	bool bitmap;
	unsigned int bits, n;
	size_t bytes;
	uint32_t *words;
	uint64_t first[RUNS_MAX];
};

static void node_open(
	const struct fib_trie *trie, uint32_t word, unsigned int at, struct node *node)
{
	void *block = fib_arena_at(trie->arena, word & FIB_WORD_BLOCK);
	unsigned int rest = trie->width - at;

	node->n = 0;
	node->bitmap = word & FIB_WORD_BITMAP;
	if (node->bitmap) {
		struct fib_bitmap *bitmap = block;
		uint64_t begins = bitmap->begins;

		node->bits = rest < FIB_BITMAP_BITS ? rest : FIB_BITMAP_BITS;
		node->first[node->n++] = 0;
		for (; begins; begins &= begins - 1)
			node->first[node->n++] = ((uint64_t)__builtin_ctzll(begins) + 1) >>
				(FIB_BITMAP_BITS - node->bits);
		node->words = bitmap->words;
		node->bytes = bitmap_bytes(node->n);
	} else {
		struct fib_range *range = block;
		unsigned int lanes = word & FIB_WORD_SMALL ? 4 : 8;

		node->bits = range->cells[0] & 0xff;
		node->n = range->cells[0] >> 8;
		node->words = range->cells + lanes;
		node->bytes = lanes * 2 * sizeof(uint32_t);
		node->first[0] = 0;
		for (unsigned int i = 1; i < node->n; i++)
			node->first[i] = (range->cells[i] ^ FIB_RANGE_FLIP) >> (32 - node->bits);
	}
}

/* The run in which a slot lies. */
static unsigned int node_find(const struct node *node, uint64_t slot)
{
	unsigned int i = node->n - 1;

	while (node->first[i] > slot)
		i--;
	return i;
}

/* All blocks under a word are stale. */
static int retire_below(struct fib_trie *trie, uint32_t word, unsigned int at)
{
	struct node node;
	int rc;

	if (!fib_word_is_node(word))
		return 0;
	node_open(trie, word, at, &node);
	rc = blocks_push(&trie->stale, word & FIB_WORD_BLOCK, fib_arena_order(node.bytes));
	for (unsigned int i = 0; i < node.n && rc == 0; i++)
		rc = retire_below(trie, node.words[i], at + node.bits);
	return rc;
}

/* Make a node of N runs, or no node where one next hop is left. */
static int node_make(struct fib_trie *trie, bool is_bitmap, unsigned int bits,
	const uint64_t *first, const uint32_t *words, unsigned int n, uint32_t *word)
{
	uint32_t block;
	int rc;

	if (n == 1 && !fib_word_is_node(words[0])) {
		*word = words[0];
		return 0;
	}
	if (is_bitmap) {
		struct fib_bitmap *bitmap;

		rc = block_new(trie, bitmap_bytes(n), &block);
		if (rc < 0)
			return rc;
		bitmap = fib_arena_at(trie->arena, block);
		bitmap->begins = 0;
		for (unsigned int i = 0; i < n; i++) {
			if (i > 0)
				bitmap->begins |= UINT64_C(1)
					<< ((first[i] << (FIB_BITMAP_BITS - bits)) - 1);
			bitmap->words[i] = words[i];
		}
		*word = FIB_WORD_BITMAP | block;
	} else {
		unsigned int lanes = n <= 4 ? 4 : 8;
		struct fib_range *range;

		rc = block_new(trie, lanes * 2 * sizeof(uint32_t), &block);
		if (rc < 0)
			return rc;
		range = fib_arena_at(trie->arena, block);
		range->cells[0] = bits | n << 8;
		for (unsigned int i = 1; i < lanes; i++)
			range->cells[i] =
				(i < n ? (uint32_t)(first[i] << (32 - bits)) : UINT32_MAX) ^
				FIB_RANGE_FLIP;
		for (unsigned int i = 0; i < lanes; i++)
			range->cells[lanes + i] = words[i < n ? i : n - 1];
		*word = FIB_WORD_RANGE | (n <= 4 ? FIB_WORD_SMALL : 0) | block;
	}
	return 0;
}

/* Neighbours with the same next hop become one run; how many runs are left. */
static unsigned int merge(uint64_t *first, uint32_t *words, unsigned int n)
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
static unsigned int collect_last(
	const struct fib_trie *trie, uint32_t index, uint32_t nh, unsigned int at, struct run *runs)
{
	unsigned int bits = bitmap_bits(trie, at);
	unsigned int n = bits ? collect(trie->rib, index, nh, at, bits, runs, RUNS_MAX) : 0;

	for (unsigned int i = 0; i < n; i++)
		if (runs[i].below)
			return 0;
	return n;
}

static int build(
	struct fib_trie *trie, uint32_t index, uint32_t nh, unsigned int at, uint32_t *word);

static int build_node(struct fib_trie *trie, bool is_bitmap, unsigned int at, unsigned int bits,
	const struct run *runs, unsigned int n, uint32_t *word)
{
	uint64_t first[RUNS_MAX];
	uint32_t words[RUNS_MAX];
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
	n = merge(first, words, n);
	return node_make(trie, is_bitmap, bits, first, words, n, word);
}

/* The word for all that lies under the RIB's subtree INDEX from bit AT on, built anew. */
static int build(
	struct fib_trie *trie, uint32_t index, uint32_t nh, unsigned int at, uint32_t *word)
{
	static const unsigned int steps[] = {32, 24, 18, 12};
	struct run runs[RUNS_MAX];
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
		n = collect(trie->rib, index, nh, at, bits, runs, FIB_RANGE_MAX);
		if (n)
			return build_node(trie, false, at, bits, runs, n, word);
	}
	bits = bitmap_bits(trie, at);
	if (!bits) {
		bits = most < 3 ? most : 3;
		n = collect(trie->rib, index, nh, at, bits, runs, FIB_RANGE_MAX);
		return build_node(trie, false, at, bits, runs, n, word);
	}
	n = collect(trie->rib, index, nh, at, bits, runs, RUNS_MAX);
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
	struct cutter cutter = {.at = at, .bits = bits};

	*first = 0;
	*last = (UINT64_C(1) << bits) - 1;
	if (change->len <= at)
		return;
	*first = *last = slot_of(&cutter, change->key);
	if (change->len < at + bits)
		*last += (UINT64_C(1) << (at + bits - change->len)) - 1;
}

static int refresh(struct fib_trie *trie, const struct change *change, uint32_t old, uint32_t index,
	uint32_t nh, unsigned int at, uint32_t *word);

/* Bring a node up to date that keeps its kind and bits, given its runs as they are now: *word is
 * OLD where words change in place, or else a new node's. */
static int refresh_node(struct fib_trie *trie, const struct change *change, uint32_t old,
	struct node *node, const struct run *runs, unsigned int n, unsigned int at, uint32_t *word)
{
	uint64_t change_first, change_last, first[RUNS_MAX];
	unsigned int room, j = 0;
	uint32_t words[RUNS_MAX];
	int rc = 0;

	change_slots(change, at, node->bits, &change_first, &change_last);
	for (unsigned int i = 0; i < n; i++) {
		uint32_t before = node->words[node_find(node, runs[i].first)];

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
		if (!fib_word_is_node(node->words[i]))
			continue;
		while (j + 1 < n && runs[j + 1].first <= node->first[i])
			j++;
		if (!runs[j].below) {
			rc = retire_below(trie, node->words[i], at + node->bits);
			if (rc < 0)
				return rc;
		}
	}

	n = merge(first, words, n);
	if (n != node->n || memcmp(first, node->first, n * sizeof(first[0])) != 0) {
		rc = node_make(trie, node->bitmap, node->bits, first, words, n, word);
		if (rc < 0)
			return rc;
		return blocks_push(
			&trie->stale, old & FIB_WORD_BLOCK, fib_arena_order(node->bytes));
	}
	*word = old;
	room = node->bitmap || n == 8 ? n : n > 4 ? 8 : 4;
	for (unsigned int i = 0; i < room; i++) {
		uint32_t now = words[i < n ? i : n - 1];

		if (node->words[i] == now)
			continue;
		rc = store_later(trie, &node->words[i], now);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Bring a word up to date that stands on the path of a change. */
static int refresh(struct fib_trie *trie, const struct change *change, uint32_t old, uint32_t index,
	uint32_t nh, unsigned int at, uint32_t *word)
{
	unsigned int most = range_bits(trie, at), n;
	struct run runs[RUNS_MAX];
	struct node node;

	if (!index || !fib_word_is_node(old))
		return replace(trie, old, index, nh, at, word);
	node_open(trie, old, at, &node);
	if (node.bitmap) {
		n = collect_last(trie, index, nh, at, runs);
		if (n)
			return refresh_node(trie, change, old, &node, runs, n, at, word);
	}
	if ((node.bitmap || node.bits < most) &&
		collect(trie->rib, index, nh, at, most, runs, RANGE_AGAIN))
		return replace(trie, old, index, nh, at, word);

	/* Most changes lie deeper and leave the nodes above as they are. */
	if (node.bitmap && change->len > at + node.bits) {
		struct cutter cutter = {.at = at, .bits = node.bits};
		unsigned int i = node_find(&node, slot_of(&cutter, change->key));
		uint32_t before = node.words[i], below, covering, after;
		int rc;

		below = fib_rib_below(trie->rib, change->key, at + node.bits, &covering);
		if (fib_word_is_node(before) && below) {
			rc = refresh(trie, change, before, below, covering, at + node.bits, &after);
			if (rc < 0)
				return rc;
			*word = old;
			return after == before ? 0 : store_later(trie, &node.words[i], after);
		}
	}
	n = collect(
		trie->rib, index, nh, at, node.bits, runs, node.bitmap ? RUNS_MAX : FIB_RANGE_MAX);
	if (!n)
		return replace(trie, old, index, nh, at, word);
	return refresh_node(trie, change, old, &node, runs, n, at, word);
}

static uint32_t *root_of(const struct fib_trie *trie)
{
	return fib_arena_at(trie->arena, (uint32_t)(trie->view.root >> 8));
}

/* For a change that covers many slots of the root. */
struct root_cutter {
	struct cutter cutter;
	const struct change *change;
	uint32_t *root;
};

static int refresh_slots(
	struct cutter *cutter, uint64_t first, uint64_t last, uint32_t below, uint32_t nh)
{
	struct root_cutter *all = (struct root_cutter *)cutter;
	struct fib_trie *trie = cutter->trie;

	for (uint64_t slot = first; slot <= last; slot++) {
		uint32_t old = all->root[slot], word;
		int rc;

		rc = refresh(trie, all->change, old, below, nh, cutter->bits, &word);
		if (rc == 0 && word != old)
			rc = store_later(trie, &all->root[slot], word);
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
	struct root_cutter all = {
		.cutter = {.rib = trie->rib, .bits = bits, .emit = refresh_slots, .trie = trie},
		.change = &change,
		.root = root_of(trie)};
	uint64_t first, last;
	uint32_t below, nh;
	int rc;

	change_slots(&change, 0, bits, &first, &last);
	below = fib_rib_below(trie->rib, key, len < bits ? len : bits, &nh);
	rc = len < bits ? cut(&all.cutter, below, nh, first, last)
			: refresh_slots(&all.cutter, first, last, below, nh);
	if (rc < 0)
		fib_trie_abort(trie);
	return rc;
}

static int build_slots(
	struct cutter *cutter, uint64_t first, uint64_t last, uint32_t below, uint32_t nh)
{
	struct root_cutter *all = (struct root_cutter *)cutter;

	for (uint64_t slot = first; slot <= last; slot++) {
		int rc = build(cutter->trie, below, nh, cutter->bits, &all->root[slot]);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int fib_trie_rebuild_prepare(struct fib_trie *trie, unsigned int bits)
{
	struct root_cutter all = {
		.cutter = {.rib = trie->rib, .bits = bits, .emit = build_slots, .trie = trie}};
	unsigned int old_bits = fib_trie_root_bits(trie);
	size_t bytes = sizeof(uint32_t) << bits;
	uint32_t block;
	int rc;

	rc = block_new(trie, bytes, &block);
	if (rc < 0)
		return rc;
	all.root = fib_arena_at(trie->arena, block);
	rc = cut(&all.cutter, trie->rib->root, 0, 0, (UINT64_C(1) << bits) - 1);
	for (uint64_t slot = 0; old_bits && slot < UINT64_C(1) << old_bits && rc == 0; slot++)
		rc = retire_below(trie, root_of(trie)[slot], old_bits);
	if (rc == 0 && old_bits)
		rc = blocks_push(&trie->stale, (uint32_t)(trie->view.root >> 8),
			fib_arena_order(sizeof(uint32_t) << old_bits));
	if (rc < 0) {
		fib_trie_abort(trie);
		return rc;
	}
	trie->next_root = (uint64_t)block << 8 | bits;
	return 0;
}

void fib_trie_commit(struct fib_trie *trie)
{
	for (size_t i = 0; i < trie->stores_n; i++)
		__atomic_store_n(trie->stores[i].at, trie->stores[i].word, __ATOMIC_RELEASE);
	if (trie->next_root)
		__atomic_store_n(&trie->view.root, trie->next_root, __ATOMIC_RELEASE);
	trie->next_root = 0;
	trie->stores_n = 0;
	trie->fresh.n = 0;
}

size_t fib_trie_bytes(const struct fib_trie *trie)
{
	return trie->used + trie->used / 128 + /* the arena's map */
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

int fib_trie_init(struct fib_trie *trie, const struct fib_rib *rib, unsigned int width)
{
	int rc;

	memset(trie, 0, sizeof(*trie));
	trie->arena = fib_arena_get();
	if (!trie->arena)
		return -ENOMEM;
	trie->rib = rib;
	trie->width = width;
	trie->view.base = trie->arena->region.base;
	rc = fib_trie_rebuild_prepare(trie, FIB_ROOT_BITS_MIN);
	if (rc < 0) {
		fib_trie_fini(trie);
		fib_trie_release(trie);
		return rc;
	}
	fib_trie_commit(trie);
	return 0;
}

static void free_below(struct fib_trie *trie, uint32_t word, unsigned int at)
{
	struct node node;

	if (!fib_word_is_node(word))
		return;
	node_open(trie, word, at, &node);
	for (unsigned int i = 0; i < node.n; i++)
		free_below(trie, node.words[i], at + node.bits);
	fib_arena_free(trie->arena, word & FIB_WORD_BLOCK, fib_arena_order(node.bytes));
}

void fib_trie_fini(struct fib_trie *trie)
{
	unsigned int bits = fib_trie_root_bits(trie);

	for (uint64_t slot = 0; bits && slot < UINT64_C(1) << bits; slot++)
		free_below(trie, root_of(trie)[slot], bits);
	if (bits)
		fib_arena_free(trie->arena, (uint32_t)(trie->view.root >> 8),
			fib_arena_order(sizeof(uint32_t) << bits));
	free(trie->fresh.items);
	free(trie->stale.items);
	free(trie->stores);
}

void fib_trie_release(struct fib_trie *trie)
{
	fib_arena_put(trie->arena);
}
