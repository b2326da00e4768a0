/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/slab.h"

#define OBJECTS 9000 /* of the larger size: several chunks */

static const size_t sizes[] = {8, 64, 200, 704, 4096};

/* Random gets and puts: objects are zeroed, aligned, apart from each other, and keep what is
 * written to them. */
static void test_random(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct slab slab = SLAB_INIT(sizes[s]);
		uint8_t **objects = calloc(OBJECTS, sizeof(*objects));
		size_t n = 0;

		assert_non_null(objects);
		srandom(7);
		for (unsigned int step = 0; step < 4 * OBJECTS; step++) {
			size_t i = (size_t)random() % OBJECTS;

			if (objects[i] != NULL) {
				for (size_t at = 0; at < sizes[s]; at++)
					assert_int_equal(objects[i][at], (uint8_t)i);
				slab_put(&slab, objects[i]);
				objects[i] = NULL;
				n--;
			} else {
				objects[i] = slab_get(&slab);
				assert_non_null(objects[i]);
				assert_int_equal((uintptr_t)objects[i] % 64, 0);
				for (size_t at = 0; at < sizes[s]; at++)
					assert_int_equal(objects[i][at], 0);
				memset(objects[i], (int)i, sizes[s]);
				n++;
			}
			assert_int_equal(slab.n, n);
		}
		for (size_t i = 0; i < OBJECTS; i++)
			slab_put(&slab, objects[i]);
		assert_int_equal(slab.n, 0);
		assert_null(slab.chunks);
		assert_null(slab.free);
		free(objects);
	}
}

/* The lines of neighbours are an odd number apart. */
static void test_spread(void **state)
{
	struct slab slab = SLAB_INIT(4096);
	char *one = slab_get(&slab), *other = slab_get(&slab);

	(void)state;
	assert_non_null(one);
	assert_non_null(other);
	assert_int_equal((size_t)labs(one - other) % 128, 64);
	slab_put(&slab, one);
	slab_put(&slab, other);
	slab_put(&slab, NULL);
	/* From the beginning again. */
	one = slab_get(&slab);
	assert_non_null(one);
	slab_put(&slab, one);
	assert_null(slab.chunks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
