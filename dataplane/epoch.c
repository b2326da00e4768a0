/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include <rte_common.h>
#include <rte_rcu_qsbr.h>

#include "dataplane/epoch.h"

#define EPOCH_BATCH 64u /* retired between two looks at what may be freed */

struct retired {
	void (*free_fn)(void *arg, size_t size);
	void *arg;
	size_t size;
	uint64_t token;
};

static struct rte_rcu_qsbr *qsbr;
static struct retired *book; /* a ring */
static size_t book_len, book_head, book_count, since_reclaim;

int epoch_init(unsigned int n_workers)
{
	size_t size = rte_rcu_qsbr_get_memsize(n_workers);

	qsbr = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_CACHE_LINE_ROUNDUP(size));
	if (qsbr == NULL)
		return -ENOMEM;
	return rte_rcu_qsbr_init(qsbr, n_workers) == 0 ? 0 : -EINVAL;
}

static void retired_free(struct retired *entry)
{
	entry->free_fn(entry->arg, entry->size);
}

void epoch_fini(void)
{
	for (; book_count > 0; book_count--, book_head = (book_head + 1) % book_len)
		retired_free(&book[book_head]);
	free(book);
	free(qsbr);
	book = NULL;
	qsbr = NULL;
	book_len = book_head = since_reclaim = 0;
}

void epoch_online(unsigned int worker)
{
	rte_rcu_qsbr_thread_register(qsbr, worker);
	rte_rcu_qsbr_thread_online(qsbr, worker);
}

void epoch_offline(unsigned int worker)
{
	rte_rcu_qsbr_thread_offline(qsbr, worker);
	rte_rcu_qsbr_thread_unregister(qsbr, worker);
}

void epoch_quiescent(unsigned int worker)
{
	rte_rcu_qsbr_quiescent(qsbr, worker);
}

void epoch_pause(unsigned int worker)
{
	rte_rcu_qsbr_thread_offline(qsbr, worker);
}

void epoch_resume(unsigned int worker)
{
	rte_rcu_qsbr_thread_online(qsbr, worker);
}

static int book_grow(void)
{
	size_t len = book_len == 0 ? 1024 : book_len * 2;
	struct retired *ring = malloc(len * sizeof(*ring));

	if (ring == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < book_count; i++)
		ring[i] = book[(book_head + i) % book_len];
	free(book);
	book = ring;
	book_len = len;
	book_head = 0;
	return 0;
}

void epoch_reclaim(void)
{
	since_reclaim = 0;
	while (book_count > 0 && rte_rcu_qsbr_check(qsbr, book[book_head].token, false) == 1) {
		retired_free(&book[book_head]);
		book_head = (book_head + 1) % book_len;
		book_count--;
	}
}

void epoch_retire(void *ctx, void (*free_fn)(void *arg, size_t size), void *arg, size_t size)
{
	struct retired entry = {.free_fn = free_fn, .arg = arg, .size = size};

	(void)ctx;
	if (++since_reclaim >= EPOCH_BATCH)
		epoch_reclaim();
	if (book_count == book_len && book_grow() < 0) {
		epoch_synchronize();
		retired_free(&entry);
		return;
	}
	entry.token = rte_rcu_qsbr_start(qsbr);
	book[(book_head + book_count) % book_len] = entry;
	book_count++;
}

void epoch_synchronize(void)
{
	rte_rcu_qsbr_synchronize(qsbr, RTE_QSBR_THRID_INVALID);
}
