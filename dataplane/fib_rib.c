/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/fib_rib.h"

#include <errno.h>
#include <string.h>

#define RESERVE_IP4 ((size_t)256 << 20) /* 16 million nodes: at least 8 million prefixes */
#define RESERVE_IP6 ((size_t)512 << 20)

int fib_rib_init(struct fib_rib *rib, unsigned int width)
{
	memset(rib, 0, sizeof(*rib));
	rib->node_bytes = (uint32_t)(sizeof(struct fib_rib_node) + width / 8);
	rib->nodes = 1;
	return fib_region_init(&rib->region, width == 32 ? RESERVE_IP4 : RESERVE_IP6, false);
}

void fib_rib_fini(struct fib_rib *rib)
{
	fib_region_fini(&rib->region);
}

/* Have at least N free nodes. */
static int reserve(struct fib_rib *rib, unsigned int n)
{
	uint32_t index = rib->free_list;
	int rc;

	for (; n > 0 && index; n--)
		index = fib_rib_at(rib, index)->child[0];
	for (; n > 0; n--) {
		rc = fib_region_grow(&rib->region, (size_t)(rib->nodes + 1) * rib->node_bytes);
		if (rc < 0)
			return rc;
		fib_rib_at(rib, rib->nodes)->child[0] = rib->free_list;
		rib->free_list = rib->nodes++;
	}
	return 0;
}

static uint32_t node_new(struct fib_rib *rib, fib_key key, unsigned int len, uint32_t nh)
{
	uint32_t index = rib->free_list;
	struct fib_rib_node *node = fib_rib_at(rib, index);

	rib->free_list = node->child[0];
	key = fib_key_mask(key, len);
	node->child[0] = 0;
	node->child[1] = 0;
	node->nh_len = nh | (uint32_t)len << 24;
	node->key[0] = (uint32_t)(key >> 96);
	if (rib->node_bytes > 16) {
		node->key[1] = (uint32_t)(key >> 64);
		node->key[2] = (uint32_t)(key >> 32);
		node->key[3] = (uint32_t)key;
	}
	return index;
}

static void node_free(struct fib_rib *rib, uint32_t index)
{
	fib_rib_at(rib, index)->child[0] = rib->free_list;
	rib->free_list = index;
}

/* How many leading bits are equal, up to LIMIT. */
static unsigned int common(fib_key a, fib_key b, unsigned int limit)
{
	fib_key differ = a ^ b;
	uint64_t high = (uint64_t)(differ >> 64), low = (uint64_t)differ;
	unsigned int n = 128;

	if (high)
		n = (unsigned int)__builtin_clzll(high);
	else if (low)
		n = 64 + (unsigned int)__builtin_clzll(low);
	return n < limit ? n : limit;
}

int fib_rib_set(struct fib_rib *rib, fib_key key, unsigned int len, uint32_t nh, uint32_t *old)
{
	uint32_t *link = &rib->root, added, fork;
	int rc;

	*old = 0;
	for (;;) {
		struct fib_rib_node *node;
		unsigned int node_len, same;
		fib_key node_key;

		if (!*link) {
			rc = reserve(rib, 1);
			if (rc < 0)
				return rc;
			*link = node_new(rib, key, len, nh);
			break;
		}
		node = fib_rib_at(rib, *link);
		node_len = fib_rib_len(node);
		node_key = fib_rib_key(rib, node);
		same = common(key, node_key, len < node_len ? len : node_len);
		if (same == node_len && len == node_len) {
			*old = fib_rib_nh(node);
			node->nh_len = nh | (uint32_t)len << 24;
			if (*old)
				return 0;
			break;
		}
		if (same == node_len) {
			link = &node->child[fib_key_bit(key, node_len)];
			continue;
		}
		rc = reserve(rib, same == len ? 1 : 2);
		if (rc < 0)
			return rc;
		added = node_new(rib, key, len, nh);
		if (same == len) { /* between the node and what is above it */
			fib_rib_at(rib, added)->child[fib_key_bit(node_key, len)] = *link;
			*link = added;
		} else {
			fork = node_new(rib, key, same, 0);
			fib_rib_at(rib, fork)->child[fib_key_bit(node_key, same)] = *link;
			fib_rib_at(rib, fork)->child[fib_key_bit(key, same)] = added;
			*link = fork;
		}
		break;
	}
	rib->count++;
	return 0;
}

int fib_rib_unset(struct fib_rib *rib, fib_key key, unsigned int len, uint32_t *old)
{
	uint32_t *link = &rib->root, *above = NULL, index, fork;
	struct fib_rib_node *node;

	for (;;) {
		unsigned int node_len;

		if (!*link)
			return -ENOENT;
		node = fib_rib_at(rib, *link);
		node_len = fib_rib_len(node);
		if (node_len > len || common(key, fib_rib_key(rib, node), node_len) < node_len)
			return -ENOENT;
		if (node_len == len)
			break;
		above = link;
		link = &node->child[fib_key_bit(key, node_len)];
	}
	*old = fib_rib_nh(node);
	if (!*old)
		return -ENOENT;
	rib->count--;
	if (node->child[0] && node->child[1]) { /* still parts two */
		node->nh_len = (uint32_t)len << 24;
		return 0;
	}
	index = *link;
	*link = node->child[0] ? node->child[0] : node->child[1];
	node_free(rib, index);
	if (*link || !above)
		return 0;
	node = fib_rib_at(rib, *above);
	if (fib_rib_nh(node))
		return 0;
	/* What parted this one from another has only the other left. */
	fork = *above;
	*above = node->child[0] ? node->child[0] : node->child[1];
	node_free(rib, fork);
	return 0;
}

uint32_t fib_rib_find(const struct fib_rib *rib, fib_key key, unsigned int len)
{
	uint32_t nh, index = fib_rib_below(rib, key, len, &nh);
	const struct fib_rib_node *node;

	if (!index)
		return 0;
	node = fib_rib_at(rib, index);
	return fib_rib_len(node) == len && fib_rib_nh(node) ? index : 0;
}

uint32_t fib_rib_below(const struct fib_rib *rib, fib_key key, unsigned int len, uint32_t *nh)
{
	uint32_t index = rib->root;

	*nh = 0;
	while (index) {
		const struct fib_rib_node *node = fib_rib_at(rib, index);
		unsigned int node_len = fib_rib_len(node);
		unsigned int limit = node_len < len ? node_len : len;

		if (common(key, fib_rib_key(rib, node), limit) < limit)
			return 0;
		if (node_len >= len)
			return index;
		if (fib_rib_nh(node))
			*nh = fib_rib_nh(node);
		index = node->child[fib_key_bit(key, node_len)];
	}
	return 0;
}
