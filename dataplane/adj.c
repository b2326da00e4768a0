/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "dataplane/adj.h"
#include "dataplane/iface.h"

struct adj *adj_table;
static uint32_t next_new, next_free;

static struct adj *reserve(size_t n, bool huge)
{
	struct adj *entries = mmap(NULL, n * sizeof(*entries), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (entries == MAP_FAILED)
		return NULL;
	if (huge)
		(void)madvise(entries, n * sizeof(*entries), MADV_HUGEPAGE);
	return entries;
}

int adj_init(void)
{
	adj_table = reserve((size_t)ADJ_MAX + 1, true);
	if (adj_table == NULL)
		return -ENOMEM;
	adj_table[ADJ_NO_ROUTE].kind = ADJ_KIND_NO_ROUTE;
	adj_table[ADJ_LOCAL].kind = ADJ_KIND_LOCAL;
	adj_table[ADJ_BROADCAST].kind = ADJ_KIND_BROADCAST;
	adj_table[ADJ_BLACKHOLE].kind = ADJ_KIND_BLACKHOLE;
	next_new = ADJ_FIRST_FREE;
	next_free = 0;
	return 0;
}

void adj_fini(void)
{
	if (adj_table != NULL)
		munmap(adj_table, ((size_t)ADJ_MAX + 1) * sizeof(*adj_table));
	adj_table = NULL;
}

int adj_alloc(uint32_t *index)
{
	if (next_free != 0) {
		*index = next_free;
		next_free = adj_table[*index].slot;
		adj_table[*index].slot = 0;
		return 0;
	}
	if (next_new > ADJ_MAX)
		return -ENOSPC;
	*index = next_new++;
	return 0;
}

void adj_free(uint32_t index)
{
	memset(&adj_table[index], 0, sizeof(adj_table[index]));
	adj_table[index].slot = next_free;
	next_free = index;
}

struct adj *adj_learned_create(void)
{
	return reserve(ADJ_LEARNED_MAX, false);
}

void adj_learned_destroy(struct adj *learned)
{
	if (learned != NULL)
		munmap(learned, ADJ_LEARNED_MAX * sizeof(*learned));
}

void adj_set_mac(struct adj *adj, const uint8_t mac[6])
{
	const struct iface *out = adj->out;
	uint8_t *start = adj->rewrite + ADJ_REWRITE_MAX - out->l2_len;

	memcpy(start, out->l2, out->l2_len);
	memcpy(start, mac, 6);
	if (adj->af == IP_AF_6) {
		start[out->l2_len - 2] = RTE_ETHER_TYPE_IPV6 >> 8;
		start[out->l2_len - 1] = RTE_ETHER_TYPE_IPV6 & 0xff;
	}
}

uint32_t adj_ip6_hash(const uint8_t ip[16])
{
	uint64_t high, low;

	memcpy(&high, ip, sizeof(high));
	memcpy(&low, ip + 8, sizeof(low));
	/* Hosts of a network differ in the lower half; a tenant that chooses them to collide slows
	 * its own neighbours only. */
	low = (low ^ high >> 7) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(low >> 32);
}

void adj_set_ip4(struct adj *adj, uint32_t ip)
{
	adj->af = IP_AF_4;
	adj->ip = ip;
}

void adj_set_ip6(struct adj *adj, const uint8_t ip[16])
{
	adj->af = IP_AF_6;
	adj->ip = adj_ip6_hash(ip);
	memcpy(adj->ip6, ip, sizeof(adj->ip6));
}

void adj_set_address(struct adj *adj, const struct ip_addr *address)
{
	if (address->af == IP_AF_6)
		adj_set_ip6(adj, address->bytes);
	else
		adj_set_ip4(adj, ipaddr_to_u32(address));
}

struct ip_addr adj_address(const struct adj *adj)
{
	struct ip_addr address = {.af = IP_AF_6};

	if (adj->af != IP_AF_6)
		return ipaddr_from_u32(adj->ip);
	memcpy(address.bytes, adj->ip6, sizeof(adj->ip6));
	return address;
}
