/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/fib_mem.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096u
#define HUGE_PAGE (2u << 20)
/* A root's address has low bits to spare (fib_root_make), and the largest is no exception. */
#define ALIGN (4u << FIB_ROOT_BITS_MAX)
/* From here on a table asks for huge pages: random lookups miss the TLB before they miss L3. */
#define HUGE_FROM (4u << 20)
#define NONE 0u
#define RESERVE ((size_t)4 << 30) /* what a word can name */

int fib_mem_fail_after;

static_assert(ALIGN >= HUGE_PAGE, "regions begin with a huge page");

static bool fails_now(void)
{
	if (fib_mem_fail_after > 0 && --fib_mem_fail_after == 0)
		fib_mem_fail_after = -1;
	return fib_mem_fail_after < 0;
}

void *fib_mem_realloc(void *old, size_t bytes)
{
	return fails_now() ? NULL : realloc(old, bytes);
}

int fib_region_init(struct fib_region *region, size_t reserve_bytes, bool huge)
{
	size_t slack = ALIGN, head;
	char *base;

	if (fails_now())
		return -ENOMEM;
	base = mmap(NULL, reserve_bytes + slack, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return -ENOMEM;
	head = -(uintptr_t)base & (ALIGN - 1);
	if (head)
		munmap(base, head);
	if (slack - head)
		munmap(base + head + reserve_bytes, slack - head);
	region->base = base + head;
	region->reserved = reserve_bytes;
	region->committed = 0;
	region->huge = huge;
	return 0;
}

void fib_region_fini(struct fib_region *region)
{
	if (region->base)
		munmap(region->base, region->reserved);
	memset(region, 0, sizeof(*region));
}

int fib_region_grow(struct fib_region *region, size_t bytes)
{
	size_t step = region->huge ? HUGE_PAGE : PAGE, target;

	if (bytes <= region->committed)
		return 0;
	if (bytes > region->reserved)
		return -ENOSPC;
	if (fails_now())
		return -ENOMEM;
	/* In steps of about a sixteenth, so that system calls are few and slack is small. */
	while (step < HUGE_PAGE && step * 16 < bytes)
		step *= 2;
	target = (bytes + step - 1) & ~(step - 1);
	if (target > region->reserved)
		target = region->reserved;
	if (mprotect(region->base + region->committed, target - region->committed,
		    PROT_READ | PROT_WRITE) < 0)
		return -ENOMEM;
	/* A small table must not be given 2 MiB for its first page; a large one is glad of it. */
	if (region->huge || target >= HUGE_FROM)
		(void)madvise(region->base, target & ~(size_t)(HUGE_PAGE - 1), MADV_HUGEPAGE);
	else
		(void)madvise(region->base, target, MADV_NOHUGEPAGE);
	region->committed = target;
	return 0;
}

struct free_block {
	uint32_t next;
	uint32_t prev;
	uint32_t order;
};

static struct free_block *free_at(const struct fib_arena *arena, uint32_t block)
{
	return fib_arena_at(arena, block);
}

static bool map_test(const struct fib_arena *arena, uint32_t block)
{
	return arena->free_map[block / 64] >> (block % 64) & 1;
}

static void list_push(struct fib_arena *arena, uint32_t block, unsigned int order)
{
	struct free_block *entry = free_at(arena, block);

	entry->next = arena->free_head[order];
	entry->prev = NONE;
	entry->order = order;
	if (entry->next != NONE)
		free_at(arena, entry->next)->prev = block;
	arena->free_head[order] = block;
	arena->free_map[block / 64] |= UINT64_C(1) << (block % 64);
}

static void list_remove(struct fib_arena *arena, uint32_t block, unsigned int order)
{
	struct free_block *entry = free_at(arena, block);

	if (entry->prev != NONE)
		free_at(arena, entry->prev)->next = entry->next;
	else
		arena->free_head[order] = entry->next;
	if (entry->next != NONE)
		free_at(arena, entry->next)->prev = entry->prev;
	arena->free_map[block / 64] &= ~(UINT64_C(1) << (block % 64));
}

const char *fib_arena_base;

struct fib_arena *fib_arena_get(void)
{
	static struct fib_arena arena;

	if (arena.users == 0) {
		memset(&arena, 0, sizeof(arena));
		if (fib_region_init(&arena.region, RESERVE, true) < 0)
			return NULL;
		fib_arena_base = arena.region.base;
		arena.frontier = 4; /* a cache line, so that no block has the number 0 */
	}
	arena.users++;
	return &arena;
}

void fib_arena_put(struct fib_arena *arena)
{
	if (--arena->users > 0)
		return;
	fib_region_fini(&arena->region);
	free(arena->free_map);
	arena->free_map = NULL;
}

unsigned int fib_arena_order(size_t bytes)
{
	unsigned int order = 0;

	while (((size_t)FIB_MEM_UNIT << order) < bytes)
		order++;
	return order;
}

/* Take a block from behind the frontier. */
static int extend(struct fib_arena *arena, unsigned int order, uint32_t *block)
{
	uint32_t size = 1u << order, start, end;
	size_t words, target;
	uint64_t *map;
	int rc;

	start = (arena->frontier + size - 1) & ~(size - 1);
	end = start + size;
	words = (size_t)end / 64 + 1;
	if (words > arena->map_words) {
		target = words + words / 4;
		map = fib_mem_realloc(arena->free_map, target * sizeof(*map));
		if (!map)
			return -ENOMEM;
		memset(map + arena->map_words, 0, (target - arena->map_words) * sizeof(*map));
		arena->free_map = map;
		arena->map_words = target;
	}
	rc = fib_region_grow(&arena->region, (size_t)end * FIB_MEM_UNIT);
	if (rc < 0)
		return rc;
	while (arena->frontier < start) { /* what the alignment leaves over */
		unsigned int gap = (unsigned int)__builtin_ctz(arena->frontier);
		uint32_t at = arena->frontier;

		arena->frontier += 1u << gap;
		arena->used += (size_t)FIB_MEM_UNIT << gap;
		fib_arena_free(arena, at, gap);
	}
	arena->frontier = end;
	*block = start;
	return 0;
}

int fib_arena_alloc(struct fib_arena *arena, unsigned int order, uint32_t *block)
{
	unsigned int found = order;
	int rc;

	if (fails_now())
		return -ENOMEM;
	if (order >= FIB_MEM_ORDERS)
		return -ENOSPC;
	while (found < FIB_MEM_ORDERS && arena->free_head[found] == NONE)
		found++;
	if (found == FIB_MEM_ORDERS) {
		rc = extend(arena, order, block);
		if (rc < 0)
			return rc;
	} else {
		*block = arena->free_head[found];
		list_remove(arena, *block, found);
		while (found > order) {
			found--;
			list_push(arena, *block + (1u << found), found);
		}
	}
	arena->used += (size_t)FIB_MEM_UNIT << order;
	return 0;
}

void fib_arena_free(struct fib_arena *arena, uint32_t block, unsigned int order)
{
	arena->used -= (size_t)FIB_MEM_UNIT << order;
	while (order + 1 < FIB_MEM_ORDERS) {
		uint32_t buddy = block ^ (1u << order);

		if (buddy >= arena->frontier || !map_test(arena, buddy) ||
			free_at(arena, buddy)->order != order)
			break;
		list_remove(arena, buddy, order);
		block &= ~(1u << order);
		order++;
	}
	list_push(arena, block, order);
}
