/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of the forwarding tables: regions of reserved addresses that grow in place, and on one of
 * them a buddy allocator for the nodes that readers walk. All tables of the process share it, so
 * that thousands of small ones lie close together in huge pages: with a region each, a burst over
 * many tables would miss the TLB at each step. Its base never moves, so a word of 32 bits names a
 * block. One writer for all tables; readers only read the blocks. */
#ifndef HPSR_DATAPLANE_FIB_MEM_H
#define HPSR_DATAPLANE_FIB_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/fib_node.h"

#define FIB_MEM_ORDERS 22u /* blocks of 16 B << 0 .. 16 B << 21 (32 MiB) */

/* For tests: when positive, it is counted down by each request for memory of a table, and the one
 * that brings it to 0 fails, as do all that follow until it is set anew. 0: never. -1: failing. */
extern int fib_mem_fail_after;

/* realloc under fib_mem_fail_after; for what the writer keeps besides. */
void *fib_mem_realloc(void *old, size_t bytes);

/* Reserved addresses, of which the first `committed` bytes can be used. */
struct fib_region {
	char *base;
	size_t reserved;
	size_t committed;
	bool huge; /* ask for huge pages from the first byte on */
};

/* 0 or -ENOMEM. */
int fib_region_init(struct fib_region *region, size_t reserve_bytes, bool huge);
void fib_region_fini(struct fib_region *region);
/* Make the first BYTES usable; new memory reads as zero. 0, -ENOMEM, -ENOSPC (all is used). */
int fib_region_grow(struct fib_region *region, size_t bytes);

/* Buddy allocator (Knuth, TAOCP 1, 2.5). Block 0 is never handed out. */
struct fib_arena {
	struct fib_region region;
	uint64_t *free_map; /* a bit a unit: a free block starts here */
	size_t map_words;
	uint32_t free_head[FIB_MEM_ORDERS];
	uint32_t frontier; /* units; what lies behind was never used */
	size_t used;       /* bytes in blocks handed out */
	unsigned int users;
};

/* The process's arena, made by the first to get it and gone with the last put. NULL: no memory. */
struct fib_arena *fib_arena_get(void);
/* Where its blocks begin: for readers, who have a table and so keep it there. */
extern const char *fib_arena_base;
void fib_arena_put(struct fib_arena *arena);
/* The order of the smallest block that holds BYTES. */
unsigned int fib_arena_order(size_t bytes);
/* A block of 16 << ORDER bytes, aligned to its size: 0 and its number in *block; -ENOMEM, -ENOSPC.
 * Its contents are undefined. */
int fib_arena_alloc(struct fib_arena *arena, unsigned int order, uint32_t *block);
void fib_arena_free(struct fib_arena *arena, uint32_t block, unsigned int order);
static inline void *fib_arena_at(const struct fib_arena *arena, uint32_t block)
{
	return arena->region.base + (size_t)block * FIB_MEM_UNIT;
}

#endif
