/* SPDX-License-Identifier: BSD-3-Clause */
/* The writer's hold on what readers walk: follows the prefixes (fib_rib) with as few new blocks as
 * it can. A change is made in two steps: first everything that can fail, into blocks that no reader
 * reaches; then the stores that make it visible. */
#ifndef HPSR_DATAPLANE_FIB_TRIE_H
#define HPSR_DATAPLANE_FIB_TRIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/fib_mem.h"
#include "dataplane/fib_node.h"
#include "dataplane/fib_rib.h"

/* A block and its order, packed. */
struct fib_blocks {
	uint64_t *items;
	size_t n, room;
};

struct fib_store {
	uint32_t *at;
	uint32_t word;
};

struct fib_trie {
	struct fib_view *view; /* in the arena: those of many tables share cache lines */
	struct fib_arena *arena;
	uint32_t view_block;
	size_t used; /* bytes in blocks of this table, stale ones included */
	const struct fib_rib *rib;
	unsigned int width; /* 32 or 128 */
	/* The change in preparation. */
	struct fib_blocks fresh, stale;
	struct fib_store *stores;
	size_t stores_n, stores_room;
	uint64_t next_root; /* 0: stays */
};

/* An empty table under a root of so many bits. 0, -ENOMEM or -ENOSPC, and then there is nothing to
 * release. */
int fib_trie_init(struct fib_trie *trie, const struct fib_rib *rib, unsigned int width,
	unsigned int root_bits);
/* Blocks that the caller took from trie->stale may be freed after this, but before release. */
void fib_trie_fini(struct fib_trie *trie);
void fib_trie_release(struct fib_trie *trie);
static inline unsigned int fib_trie_root_bits(const struct fib_trie *trie)
{
	return fib_root_bits(trie->view->root);
}
/* Prepare what follows from a change of KEY/LEN that the RIB has already. 0, -ENOMEM, -ENOSPC, and
 * then nothing is prepared. */
int fib_trie_prepare(struct fib_trie *trie, fib_key key, unsigned int len);
/* Drop what was prepared: nothing has changed. */
void fib_trie_abort(struct fib_trie *trie);
/* Make what was prepared visible. Its stale blocks stay in trie->stale: the caller takes them. */
void fib_trie_commit(struct fib_trie *trie);
/* Prepare the whole table anew under a root of BITS, which one store makes visible. Same errors. */
int fib_trie_rebuild_prepare(struct fib_trie *trie, unsigned int bits);
/* Bytes of memory that it holds. */
size_t fib_trie_bytes(const struct fib_trie *trie);
/* Give blocks back: no reader can hold them any more. */
void fib_trie_free_blocks(struct fib_trie *trie, const uint64_t *items, size_t n);

/* What follows is shared by fib_trie.c, which decides on nodes, and fib_pack.c, which makes them.
 */

#define FIB_RUNS_MAX 64u

enum fib_form {
	FIB_FORM_BITMAP,
	FIB_FORM_RANGE,
	FIB_FORM_TREE, /* of range nodes, two levels, for up to 64 runs */
};

/* A node taken apart. */
struct fib_node {
	enum fib_form form;
	unsigned int bits; /* that it resolves */
	unsigned int n;
	uint64_t first[FIB_RUNS_MAX];  /* slots at which the runs begin */
	uint32_t *words[FIB_RUNS_MAX]; /* where their words stand */
	uint8_t spare[FIB_RUNS_MAX];   /* so many cells behind it repeat the word */
	unsigned int blocks_n;
	uint64_t blocks[FIB_RANGE_MAX + 1]; /* as in struct fib_blocks */
};

void fib_node_open(
	const struct fib_trie *trie, uint32_t word, unsigned int at, struct fib_node *node);
/* The run in which a slot lies. */
unsigned int fib_node_find(const struct fib_node *node, uint64_t slot);
/* Make a node of 1..64 runs in new blocks, or none where one next hop is left: *word. Without
 * is_bitmap it is a range node or a tree of them. 0, -ENOMEM, -ENOSPC. */
int fib_node_make(struct fib_trie *trie, bool is_bitmap, unsigned int bits, const uint64_t *first,
	const uint32_t *words, unsigned int n, uint32_t *word);
/* Neighbours with the same next hop become one run; how many runs are left. */
unsigned int fib_node_merge(uint64_t *first, uint32_t *words, unsigned int n);
/* A new block of the change in preparation; a store of it; an entry of a list. 0, -ENOMEM, ... */
int fib_trie_block(struct fib_trie *trie, size_t bytes, uint32_t *block);
int fib_trie_store(struct fib_trie *trie, uint32_t *at, uint32_t word);
int fib_blocks_push(struct fib_blocks *blocks, uint64_t item);

#endif
