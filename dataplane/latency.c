/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/latency.h"

#include <errno.h>
#include <sys/mman.h>

#define TABLE_BYTES ((size_t)HIST_BUCKETS * LATENCY_ROW_LEN * sizeof(uint32_t))

int latency_init(struct latency *latency)
{
	latency->counts = mmap(NULL, TABLE_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (latency->counts == MAP_FAILED) {
		latency->counts = NULL;
		return -ENOMEM;
	}
	return 0;
}

void latency_fini(struct latency *latency)
{
	if (latency->counts != NULL)
		munmap(latency->counts, TABLE_BYTES);
	latency->counts = NULL;
}

void latency_clear(struct latency *latency, dp_vr_id vr)
{
	for (unsigned int i = 0; i < HIST_BUCKETS; i++) {
		uint32_t *count = latency_row(latency, i) + vr;

		/* Rows that nobody has touched stay so: reading them takes no memory. */
		if (*count != 0)
			*count = 0;
	}
}

void latency_read(const struct latency *latency, dp_vr_id vr, struct hist *into)
{
	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		into->buckets[i] += latency_row(latency, i)[vr];
}
