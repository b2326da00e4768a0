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
	struct fib_view view;
	struct fib_arena *arena;
	size_t used; /* bytes in blocks of this table, stale ones included */
	const struct fib_rib *rib;
	unsigned int width; /* 32 or 128 */
	/* The change in preparation. */
	struct fib_blocks fresh, stale;
	struct fib_store *stores;
	size_t stores_n, stores_room;
	uint64_t next_root; /* 0: stays */
};

/* An empty table. 0, -ENOMEM or -ENOSPC, and then there is nothing to release. */
int fib_trie_init(struct fib_trie *trie, const struct fib_rib *rib, unsigned int width);
/* Blocks that the caller took from trie->stale may be freed after this, but before release. */
void fib_trie_fini(struct fib_trie *trie);
void fib_trie_release(struct fib_trie *trie);
static inline unsigned int fib_trie_root_bits(const struct fib_trie *trie)
{
	return trie->view.root & 0xff;
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

#endif
