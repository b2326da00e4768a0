/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/drr.h"

#define MAX 64

static uint64_t random_state = 1;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((random_state >> 33) % n);
}

/* The trivial model: two arrays, in them numbers of entities; number MAX is the marker. */
struct model {
	int fresh[MAX + 1], old[MAX + 2];
	int n_fresh, n_old;
	uint64_t round;
	struct {
		int64_t deficit, quantum;
		uint64_t round;
	} e[MAX];
};

static void model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
	m->round = 1;
	m->old[m->n_old++] = MAX;
}

static int find(const int *list, int n, int what)
{
	for (int i = 0; i < n; i++)
		if (list[i] == what)
			return i;
	return -1;
}

static void take(int *list, int *n, int at)
{
	memmove(list + at, list + at + 1, (size_t)(*n - at - 1) * sizeof(*list));
	(*n)--;
}

static void model_deactivate(struct model *m, int i)
{
	int at = find(m->fresh, m->n_fresh, i);

	if (at >= 0)
		take(m->fresh, &m->n_fresh, at);
	at = find(m->old, m->n_old, i);
	if (at >= 0)
		take(m->old, &m->n_old, at);
}

static void model_activate(struct model *m, int i)
{
	if (find(m->fresh, m->n_fresh, i) >= 0 || find(m->old, m->n_old, i) >= 0)
		return;
	for (; m->e[i].round < m->round; m->e[i].round++) {
		if (m->e[i].deficit > 0)
			m->e[i].deficit = 0;
		m->e[i].deficit += m->e[i].quantum;
	}
	if (m->e[i].deficit > 0)
		m->fresh[m->n_fresh++] = i;
	else
		m->old[m->n_old++] = i;
}

static int model_next(struct model *m)
{
	for (;;) {
		int i;

		if (m->n_fresh > 0) {
			i = m->fresh[0];
			if (m->e[i].deficit > 0)
				return i;
			take(m->fresh, &m->n_fresh, 0);
			m->old[m->n_old++] = i;
			continue;
		}
		if (m->n_old == 1)
			return -1;
		i = m->old[0];
		if (i == MAX) {
			m->round++;
		} else {
			if (m->e[i].deficit <= 0 && m->e[i].round < m->round) {
				m->e[i].deficit += m->e[i].quantum;
				m->e[i].round = m->round;
			}
			if (m->e[i].deficit > 0)
				return i;
		}
		take(m->old, &m->n_old, 0);
		m->old[m->n_old++] = i;
	}
}

static void test_random_against_model(void **state)
{
	static struct model model;
	struct drr_entity e[MAX];
	struct drr drr;

	(void)state;
	for (int round = 0; round < 50; round++) {
		int n = 1 + (int)random_below(MAX);

		drr_init(&drr);
		model_init(&model);
		for (int i = 0; i < n; i++) {
			model.e[i].quantum = 1 + random_below(2000);
			drr_entity_init(&e[i], model.e[i].quantum);
		}
		for (int step = 0; step < 5000; step++) {
			int i = (int)random_below((uint32_t)n);
			struct drr_entity *next;
			int64_t cost = random_below(3000);

			switch (random_below(4)) {
			case 0:
				drr_activate(&drr, &e[i]);
				model_activate(&model, i);
				break;
			case 1:
				if (random_below(3) > 0)
					break;
				drr_deactivate(&drr, &e[i]);
				model_deactivate(&model, i);
				break;
			default:
				next = drr_next(&drr);
				i = model_next(&model);
				assert_int_equal(next == NULL ? -1 : (int)(next - e), i);
				if (next == NULL)
					break;
				assert_int_equal(drr_is_fresh(next),
					find(model.fresh, model.n_fresh, i) >= 0);
				if (random_below(10) == 0)
					cost = -cost / 4;
				drr_charge(next, cost);
				model.e[i].deficit -= cost;
				if (random_below(2) == 0) {
					int at = find(model.fresh, model.n_fresh, i);

					drr_yield(&drr, next);
					if (at >= 0) {
						take(model.fresh, &model.n_fresh, at);
						model.fresh[model.n_fresh++] = i;
					}
				}
			}
			assert_int_equal(drr.round, model.round);
		}
		for (int i = 0; i < n; i++)
			assert_int_equal(e[i].deficit, model.e[i].deficit);
	}
}

/* Always active ones: cycles as weights, whatever a service costs each of them. */
static void test_weights(void **state)
{
	static const int64_t weights[] = {1, 2, 4, 1, 7};
	int64_t spent[5] = {0}, sum = 0;
	struct drr_entity e[5];
	struct drr drr;

	(void)state;
	drr_init(&drr);
	for (int i = 0; i < 5; i++) {
		drr_entity_init(&e[i], 8000 * weights[i]);
		drr_activate(&drr, &e[i]);
	}
	for (int step = 0; step < 200000; step++) {
		struct drr_entity *next = drr_next(&drr);
		int i = (int)(next - e);
		int64_t cost = 100 + (int64_t)random_below(1000) * (i + 1) * 5;

		drr_charge(next, cost);
		spent[i] += cost;
		sum += cost;
	}
	for (int i = 0; i < 5; i++) {
		int64_t share = sum * weights[i] / 15;

		assert_in_range(spent[i], share - share / 200, share + share / 200);
	}
}

/* One that is idle mostly is served at its next packet, before all that have their turns. */
static void test_below_its_share(void **state)
{
	struct drr_entity e[MAX];
	struct drr drr;

	(void)state;
	drr_init(&drr);
	for (int i = 0; i < MAX; i++)
		drr_entity_init(&e[i], 8000);
	for (int i = 1; i < MAX; i++)
		drr_activate(&drr, &e[i]);
	/* A MAXth of all is its share; it asks for less: 5000 of 63 times 6000 and 5000. */
	for (int step = 0; step < 100000; step++) {
		struct drr_entity *next;

		/* In the first round all come newly. */
		if (step > 126 && step % 63 == 0) {
			drr_activate(&drr, &e[0]);
			next = drr_next(&drr);
			assert_ptr_equal(next, &e[0]);
			drr_charge(next, 5000);
			drr_deactivate(&drr, next);
		}
		next = drr_next(&drr);
		assert_true(next != &e[0]);
		drr_charge(next, 6000);
	}
}

/* Whatever one does, going and coming, it gets a quantum a round and one service more. */
static void test_no_gain_by_going(void **state)
{
	(void)state;
	for (int game = 0; game < 200; game++) {
		uint32_t come = 1 + random_below(200), go = 1 + random_below(10);
		int64_t cost = 1 + random_below(9000), mine = 0, others = 0;
		struct drr_entity e[8];
		struct drr drr;

		drr_init(&drr);
		for (int i = 0; i < 8; i++)
			drr_entity_init(&e[i], 8000);
		for (int i = 1; i < 8; i++)
			drr_activate(&drr, &e[i]);
		for (int step = 0; step < 100000; step++) {
			struct drr_entity *next;

			if (random_below(come) == 0)
				drr_activate(&drr, &e[0]);
			next = drr_next(&drr);
			if (next != &e[0]) {
				drr_charge(next, 4000);
				others += 4000;
				continue;
			}
			drr_charge(next, cost);
			mine += cost;
			if (random_below(go) == 0)
				drr_deactivate(&drr, next);
		}
		assert_true(mine <= (int64_t)drr.round * 8000 + 9000);
		assert_true(mine <= others / 7 + others / 700 + 4 * 9000);
	}
}

static void test_alone_and_debt(void **state)
{
	struct drr_entity e[2];
	struct drr drr;

	(void)state;
	drr_init(&drr);
	assert_null(drr_next(&drr));
	drr_entity_init(&e[0], 10);
	drr_entity_init(&e[1], 10);
	drr_deactivate(&drr, &e[0]);
	drr_activate(&drr, &e[0]);
	drr_activate(&drr, &e[0]);
	for (int i = 0; i < 100; i++) {
		assert_ptr_equal(drr_next(&drr), &e[0]);
		drr_charge(&e[0], 100);
	}
	/* It owes nothing to who was not there before, but its overdraft. */
	drr_activate(&drr, &e[1]);
	assert_ptr_equal(drr_next(&drr), &e[1]);
	drr_charge(&e[1], 15);
	drr_deactivate(&drr, &e[1]);
	drr_activate(&drr, &e[1]);
	assert_false(drr_is_fresh(&e[1]));
	drr_deactivate(&drr, &e[0]);
	drr_deactivate(&drr, &e[1]);
	assert_null(drr_next(&drr));
	/* The largest debt and the longest time do not overflow. */
	drr_charge(&e[0], DRR_COST_MAX);
	drr.round += UINT64_C(1) << 60;
	drr_activate(&drr, &e[0]);
	assert_true(drr_is_fresh(&e[0]));
	assert_true(e[0].deficit > 0 && e[0].deficit <= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_against_model),
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_below_its_share),
		cmocka_unit_test(test_no_gain_by_going),
		cmocka_unit_test(test_alone_and_debt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
