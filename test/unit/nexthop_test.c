/* SPDX-License-Identifier: BSD-3-Clause */
/* Next hops: each there once, for as long as a route refers to it; against a list of references. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/nexthop.h"

#define HOPS_KINDS 40
#define STEPS 200000

struct hops {
	struct dp_nexthop_spec hop[DP_NEXTHOPS_MAX];
	size_t n;
	uint32_t refs, index; /* the model */
};

static struct dp_nexthop_spec hop(uint32_t ip, dp_iface_id iface)
{
	struct dp_nexthop_spec spec = {.iface = iface};

	if (ip != 0)
		spec.via = ipaddr_from_u32(ip);
	return spec;
}

static int setup(void **state)
{
	struct nexthop_table *table = malloc(sizeof(*table));

	if (table == NULL || adj_init() < 0)
		return -1;
	nexthop_table_init(table);
	*state = table;
	return 0;
}

static int teardown(void **state)
{
	struct nexthop_table *table = *state;

	nexthop_table_fini(table);
	adj_fini();
	free(table);
	return 0;
}

/* Give a reference back; free what dies, members too. How many died. */
static unsigned int put(struct nexthop_table *table, uint32_t index)
{
	uint32_t dead, members[DP_NEXTHOPS_MAX];
	size_t n;

	nexthop_put(table, index, &dead);
	if (dead == ADJ_NO_ROUTE)
		return 0;
	assert_int_equal(dead, index);
	n = nexthop_free(table, dead, members);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(nexthop_free(table, members[i], NULL), 0);
	return 1 + (unsigned int)n;
}

static void test_kinds(void **state)
{
	struct nexthop_table *table = *state;
	struct dp_nexthop_spec hops[2] = {hop(0x0a000001, 1), hop(0x0a000002, 2)};
	struct dp_nexthop_spec on_link = hop(0, 3);
	uint32_t gateway, glean, group, blackhole, again;
	const struct adj *adj;

	assert_int_equal(nexthop_get(table, NULL, 0, &blackhole), 0);
	assert_int_equal(blackhole, ADJ_BLACKHOLE);
	assert_null(nexthop_lookup(table, blackhole));
	assert_int_equal(nexthop_get(table, hops, 1, &gateway), 0);
	assert_int_equal(adj_at(gateway)->kind, ADJ_KIND_RESOLVING);
	assert_int_equal(adj_at(gateway)->ip, 0x0a000001);
	assert_int_equal(nexthop_get(table, &on_link, 1, &glean), 0);
	assert_int_equal(adj_at(glean)->kind, ADJ_KIND_GLEAN);
	assert_int_equal(nexthop_get(table, hops, 2, &group), 0);
	adj = adj_at(group);
	assert_int_equal(adj->kind, ADJ_KIND_GROUP);
	/* The gateway that is there already is the member. */
	assert_int_equal(adj->group->n, 2);
	assert_int_equal(adj->group->members[0].adj, gateway);
	assert_int_equal(adj->group->generation, 0);
	/* Alone, a hop is the same whatever its metric; among others, not. */
	hops[0].metric = 5;
	assert_int_equal(nexthop_get(table, hops, 1, &again), 0);
	assert_int_equal(again, gateway);
	assert_int_equal(put(table, again), 0);
	assert_int_equal(nexthop_get(table, hops, 2, &again), 0);
	assert_int_not_equal(again, group);
	assert_int_equal(adj_at(again)->group->members[0].adj, gateway);
	assert_int_equal(adj_at(again)->group->members[0].metric, 5);
	assert_int_equal(put(table, again), 1);
	/* The order makes another group. */
	hops[0] = hop(0x0a000002, 2);
	hops[1] = hop(0x0a000001, 1);
	assert_int_equal(nexthop_get(table, hops, 2, &again), 0);
	assert_int_not_equal(again, group);
	assert_int_equal(put(table, again), 1);
	assert_int_equal(put(table, gateway), 0); /* the group holds it */
	assert_int_equal(put(table, group), 3);
	assert_int_equal(put(table, glean), 1);
	assert_int_equal(put(table, blackhole), 0);
}

static void hops_make(struct hops *kinds)
{
	memset(kinds, 0, HOPS_KINDS * sizeof(*kinds));
	for (unsigned int i = 0; i < HOPS_KINDS; i++) {
		kinds[i].n = i < HOPS_KINDS / 2 ? 1 : 2 + i % (DP_NEXTHOPS_MAX - 1);
		for (size_t j = 0; j < kinds[i].n; j++)
			kinds[i].hop[j] = hop(i % 7 == 0 && kinds[i].n == 1
					? 0
					: 0x0a000000 + (i + (uint32_t)j) % 25,
				1 + i % 3);
	}
}

/* Any order of gets, refs and puts: one index for one set of hops, no two sets with the same, until
 * the last reference goes. */
static void test_random(void **state)
{
	struct nexthop_table *table = *state;
	static struct hops kinds[HOPS_KINDS];
	uint32_t used = 0;

	hops_make(kinds);
	srandom(1);
	for (unsigned int step = 0; step < STEPS; step++) {
		struct hops *k = &kinds[random() % HOPS_KINDS];
		unsigned int what = (unsigned int)random() % 8;

		if (k->refs > 0 && what < 4) {
			const struct nexthop *nexthop = nexthop_lookup(table, k->index);

			assert_int_equal(nexthop->n_hops, k->n);
			assert_memory_equal(nexthop->hops, k->hop, k->n * sizeof(k->hop[0]));
			put(table, k->index);
			k->refs--;
		} else if (k->refs > 0 && what == 4) {
			nexthop_ref(table, k->index);
			k->refs++;
		} else {
			uint32_t index;

			assert_int_equal(nexthop_get(table, k->hop, k->n, &index), 0);
			assert_in_range(index, ADJ_FIRST_FREE, ADJ_MAX);
			if (k->refs > 0)
				assert_int_equal(index, k->index);
			k->index = index;
			k->refs++;
		}
		for (unsigned int i = 0; step % 997 == 0 && i < HOPS_KINDS; i++)
			for (unsigned int j = 0; j < i; j++)
				if (kinds[i].refs > 0 && kinds[j].refs > 0 &&
					(kinds[i].n != kinds[j].n ||
						memcmp(kinds[i].hop, kinds[j].hop,
							sizeof(kinds[i].hop)) != 0))
					assert_int_not_equal(kinds[i].index, kinds[j].index);
	}
	for (unsigned int i = 0; i < HOPS_KINDS; i++)
		while (kinds[i].refs > 0) {
			put(table, kinds[i].index);
			kinds[i].refs--;
		}
	/* All slots are free: the table grows no more. */
	used = table->used;
	for (unsigned int i = 0; i < HOPS_KINDS; i++)
		assert_int_equal(nexthop_get(table, kinds[i].hop, kinds[i].n, &kinds[i].index), 0);
	assert_int_equal(table->used, used);
	for (unsigned int i = 0; i < HOPS_KINDS; i++)
		put(table, kinds[i].index);
}

/* Full is full, of single hops and in the middle of a group; what goes makes room. */
static void test_full(void **state)
{
	struct nexthop_table *table = *state;
	struct dp_nexthop_spec hops[4];
	uint32_t index, first = 0, n = 0;
	int rc;

	for (;;) {
		hops[0] = hop(0x0b000000 + n, 1);
		rc = nexthop_get(table, hops, 1, &index);
		if (rc < 0)
			break;
		if (n++ == 0)
			first = index;
	}
	assert_int_equal(rc, -ENOSPC);
	assert_int_equal(n, ADJ_PINNED_MAX - 1);
	/* Two members are there, one fits, the fourth does not. */
	put(table, first);
	hops[0] = hop(0x0b000001, 1);
	hops[1] = hop(0x0b000002, 1);
	hops[2] = hop(0x0c000001, 1);
	hops[3] = hop(0x0c000002, 1);
	assert_int_equal(nexthop_get(table, hops, 4, &index), -ENOSPC);
	/* Members fit, the group itself does not. */
	assert_int_equal(nexthop_get(table, hops, 3, &index), -ENOSPC);
	/* Nothing of the attempts is left. */
	assert_int_equal(nexthop_get(table, &hops[2], 1, &index), 0);
	assert_int_equal(index, first);
	assert_int_equal(put(table, index), 1);
	assert_int_equal(nexthop_get(table, hops, 2, &index), 0);
	assert_int_equal(put(table, index), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
