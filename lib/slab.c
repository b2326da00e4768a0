/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/slab.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK ((size_t)2 << 20) /* a huge page */
#define LINE ((size_t)64)

/* At the end of its own memory. */
struct slab_chunk {
	struct slab_chunk *next;
};

static size_t object_bytes(const struct slab *slab)
{
	return ((slab->size + LINE - 1) / LINE | 1) * LINE;
}

/* 2 MiB at a multiple of 2 MiB. */
static char *chunk_map(void)
{
	char *at =
		mmap(NULL, 2 * CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t head;

	if (at == MAP_FAILED)
		return NULL;
	head = -(uintptr_t)at & (CHUNK - 1);
	if (head != 0)
		munmap(at, head);
	munmap(at + head + CHUNK, CHUNK - head);
	(void)madvise(at + head, CHUNK, MADV_HUGEPAGE);
	return at + head;
}

static char *chunk_start(struct slab_chunk *chunk)
{
	return (char *)((uintptr_t)chunk & ~(CHUNK - 1));
}

static int slab_grow(struct slab *slab)
{
	char *start = chunk_map();
	struct slab_chunk *chunk;

	if (start == NULL)
		return -1;
	chunk = (struct slab_chunk *)(start + CHUNK - sizeof(*chunk));
	chunk->next = slab->chunks;
	slab->chunks = chunk;
	slab->fresh = (CHUNK - sizeof(*chunk)) / object_bytes(slab);
	return 0;
}

void *slab_get(struct slab *slab)
{
	void *object = slab->free;

	if (object != NULL) {
		memcpy(&slab->free, object, sizeof(slab->free));
		memset(object, 0, slab->size);
	} else {
		if (slab->fresh == 0 && slab_grow(slab) < 0)
			return NULL;
		object = chunk_start(slab->chunks) + --slab->fresh * object_bytes(slab);
	}
	slab->n++;
	return object;
}

void slab_put(struct slab *slab, void *object)
{
	if (object == NULL)
		return;
	memcpy(object, &slab->free, sizeof(slab->free));
	slab->free = object;
	if (--slab->n > 0)
		return;
	while (slab->chunks != NULL) {
		struct slab_chunk *next = slab->chunks->next;

		munmap(chunk_start(slab->chunks), CHUNK);
		slab->chunks = next;
	}
	slab->free = NULL;
	slab->fresh = 0;
}
