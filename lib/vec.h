/* SPDX-License-Identifier: BSD-3-Clause */
/* Growing arrays: pointer, count and capacity stay the caller's own, typed as they are. */
#ifndef HPSR_LIB_VEC_H
#define HPSR_LIB_VEC_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more item of SIZE bytes behind COUNT. 0, or -ENOMEM with *items as it was. */
static inline int vec_reserve(void **items, size_t *capacity, size_t count, size_t size)
{
	size_t wanted = *capacity == 0 ? 8 : *capacity * 2;
	void *grown;

	if (count < *capacity)
		return 0;
	grown = reallocarray(*items, wanted, size);
	if (grown == NULL)
		return -ENOMEM;
	*items = grown;
	*capacity = wanted;
	return 0;
}

/* A zeroed new item at the end of VEC (a struct with items, count, capacity), or NULL. */
#define vec_add(vec)                                                         \
	(vec_reserve((void **)&(vec)->items, &(vec)->capacity, (vec)->count, \
		 sizeof(*(vec)->items)) < 0                                  \
			? NULL                                               \
			: memset(&(vec)->items[(vec)->count++], 0, sizeof(*(vec)->items)))

#endif
