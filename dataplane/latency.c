/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/latency.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#define TABLE_LEN ((size_t)HIST_BUCKETS * LATENCY_ROW_LEN)

static uint32_t *table_create(void)
{
	void *table = mmap(NULL, TABLE_LEN * sizeof(uint32_t), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return table == MAP_FAILED ? NULL : table;
}

static void table_destroy(uint32_t *table)
{
	if (table != NULL)
		munmap(table, TABLE_LEN * sizeof(uint32_t));
}

int latency_init(struct latency *latency)
{
	latency->counts = table_create();
	latency->waits = table_create();
	latency->marks = calloc(LATENCY_MARKS, sizeof(*latency->marks));
	latency->n_marks = 1;
	if (latency->counts != NULL && latency->waits != NULL && latency->marks != NULL)
		return 0;
	latency_fini(latency);
	return -ENOMEM;
}

void latency_fini(struct latency *latency)
{
	table_destroy(latency->counts);
	table_destroy(latency->waits);
	free(latency->marks);
	*latency = (struct latency){0};
}

/* Rows that nobody has touched stay so: reading them takes no memory. */
static void column_clear(uint32_t *table, dp_vr_id vr)
{
	for (size_t i = vr; i < TABLE_LEN; i += LATENCY_ROW_LEN)
		if (table[i] != 0)
			table[i] = 0;
}

void latency_clear(struct latency *latency, dp_vr_id vr)
{
	column_clear(latency->counts, vr);
	column_clear(latency->waits, vr);
}

void latency_read(const struct latency *latency, dp_vr_id vr, struct hist *into, struct hist *waits)
{
	/* One worker's count may be below 0, where packets that another has counted wait at it. */
	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		into->buckets[i] =
			(uint32_t)into->buckets[i] + latency->counts[i * LATENCY_ROW_LEN + vr];
		waits->buckets[i] =
			(uint32_t)waits->buckets[i] + latency->waits[i * LATENCY_ROW_LEN + vr];
	}
}
