/* SPDX-License-Identifier: BSD-3-Clause */
/* Objects of one size, close together in huge pages: what a packet of any of a thousand virtual
 * routers touches must not cost a TLB miss each. Sizes are rounded up to an odd number of cache
 * lines, so that the same member of many objects does not fall into the same few sets of a cache.
 * Memory is given back to the system when the last object is. One thread, the owner's. */
#ifndef HPSR_LIB_SLAB_H
#define HPSR_LIB_SLAB_H

#include <stddef.h>

struct slab_chunk;

struct slab {
	size_t size;  /* of an object, as asked */
	size_t n;     /* objects handed out */
	void *free;   /* given back, linked through their first word */
	size_t fresh; /* objects of the newest chunk that were never handed out */
	struct slab_chunk *chunks;
};

/* For a static one; nothing to undo. SIZE: 8 bytes to 64 KiB. */
#define SLAB_INIT(SIZE)        \
	{                      \
		.size = (SIZE) \
	}

/* A zeroed object aligned to a cache line; NULL: out of memory. */
void *slab_get(struct slab *slab);
/* Give an object back. NULL is allowed. */
void slab_put(struct slab *slab, void *object);

#endif
