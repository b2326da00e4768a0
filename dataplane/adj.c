/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <sys/mman.h>

#include "dataplane/adj.h"
#include "dataplane/iface.h"

static size_t table_bytes(void)
{
	return ADJ_TABLE_LEN * sizeof(struct adj);
}

struct adj *adj_table_create(void)
{
	struct adj *table = mmap(NULL, table_bytes(), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (table == MAP_FAILED)
		return NULL;
	table[ADJ_NO_ROUTE].kind = ADJ_KIND_NO_ROUTE;
	table[ADJ_LOCAL].kind = ADJ_KIND_LOCAL;
	table[ADJ_BROADCAST].kind = ADJ_KIND_BROADCAST;
	table[ADJ_BLACKHOLE].kind = ADJ_KIND_BLACKHOLE;
	return table;
}

void adj_table_destroy(struct adj *table)
{
	if (table != NULL)
		munmap(table, table_bytes());
}

void adj_set_mac(struct adj *adj, const uint8_t mac[6])
{
	const struct iface *out = adj->out;
	uint8_t *start = adj->rewrite + ADJ_REWRITE_MAX - out->l2_len;

	memcpy(start, out->l2, out->l2_len);
	memcpy(start, mac, 6);
}
