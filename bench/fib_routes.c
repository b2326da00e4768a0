/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/fib_routes.h"

#include <stdlib.h>
#include <string.h>

struct share {
	uint16_t per_mille;
	uint8_t len;
};

/* Lengths in the default-free zone, rounded (bgp.potaroo.net, 2023), with a few host routes and
 * the like as a router has of its own. */
static const struct share ip4_lens[] = {{570, 24}, {110, 22}, {100, 23}, {60, 21}, {50, 20},
	{30, 19}, {20, 18}, {10, 17}, {22, 16}, {4, 15}, {3, 14}, {2, 13}, {2, 12}, {1, 11},
	{1, 10}, {5, 32}, {4, 30}, {3, 28}, {3, 25}};
static const struct share ip6_lens[] = {{470, 48}, {130, 32}, {90, 44}, {80, 40}, {40, 36},
	{30, 29}, {30, 46}, {25, 47}, {20, 45}, {20, 42}, {15, 33}, {10, 34}, {10, 35}, {10, 38},
	{10, 43}, {5, 28}, {2, 24}, {1, 20}, {1, 64}, {1, 128}};
/* Blocks of the registries. */
static const uint8_t ip6_blocks[][2] = {
	{0x20, 0x01}, {0x24, 0x00}, {0x26, 0x00}, {0x28, 0x00}, {0x2a, 0x00}, {0x2c, 0x00}};

uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state * UINT64_C(2685821657736338717);
}

static unsigned int pick_len(const struct share *shares, size_t n, uint64_t *random)
{
	unsigned int at = (unsigned int)((random_next(random) >> 20) % 1000);

	for (size_t i = 0; i < n; i++) {
		if (at < shares[i].per_mille)
			return shares[i].len;
		at -= shares[i].per_mille;
	}
	return shares[0].len;
}

/* Keep the first FROM bits, draw the others. */
static void randomise(uint8_t *bytes, unsigned int from, unsigned int width, uint64_t *random)
{
	for (unsigned int i = from / 8; i < width / 8; i++) {
		uint8_t drawn = (uint8_t)(random_next(random) >> 32);
		uint8_t keep = i == from / 8 ? (uint8_t) ~(0xffu >> (from % 8)) : 0;

		bytes[i] = (uint8_t)((bytes[i] & keep) | (drawn & ~keep));
	}
}

static struct ip_prefix draw_block(enum ip_af af, uint64_t *random)
{
	struct ip_prefix block = {.addr.af = (uint8_t)af};

	if (af == IP_AF_4) {
		block.addr.bytes[0] = (uint8_t)(1 + (random_next(random) >> 20) % 223);
		randomise(block.addr.bytes, 8, 32, random);
		block.len = (uint8_t)(12 + (random_next(random) >> 20) % 9);
	} else {
		memcpy(block.addr.bytes, ip6_blocks[(random_next(random) >> 20) % 6], 2);
		randomise(block.addr.bytes, 12, 128, random);
		block.len = (uint8_t)(29 + (random_next(random) >> 20) % 4);
	}
	return block;
}

static uint64_t hash(const struct ip_prefix *prefix)
{
	uint64_t sum = prefix->len;

	for (unsigned int i = 0; i < 16; i++)
		sum = (sum ^ prefix->addr.bytes[i]) * UINT64_C(1099511628211);
	return sum ^ sum >> 29;
}

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static void mask_bytes(struct ip_prefix *prefix)
{
	for (unsigned int i = 0; i < 16; i++) {
		if (i * 8 >= prefix->len)
			prefix->addr.bytes[i] = 0;
		else if (i * 8 + 8 > prefix->len)
			prefix->addr.bytes[i] &= (uint8_t) ~(0xffu >> (prefix->len % 8));
	}
}

struct route *routes_make(enum ip_af af, uint32_t n, uint32_t nhs, uint64_t seed)
{
	uint32_t blocks_n = n / 30 + 1, slots = 1;
	struct ip_prefix *blocks = must(calloc(blocks_n, sizeof(*blocks)));
	struct route *routes = must(calloc(n, sizeof(*routes)));
	uint64_t random = seed;
	uint32_t *seen;

	while (slots < 2 * n)
		slots *= 2;
	seen = must(calloc(slots, sizeof(*seen)));
	for (uint32_t i = 0; i < blocks_n; i++)
		blocks[i] = draw_block(af, &random);
	for (uint32_t i = 0; i < n;) {
		bool inside = (random_next(&random) >> 20) % 10 < 8;
		struct ip_prefix prefix = inside ? blocks[(random_next(&random) >> 20) % blocks_n]
						 : draw_block(af, &random);
		unsigned int len = af == IP_AF_4
			? pick_len(ip4_lens, sizeof(ip4_lens) / sizeof(ip4_lens[0]), &random)
			: pick_len(ip6_lens, sizeof(ip6_lens) / sizeof(ip6_lens[0]), &random);
		uint32_t slot;

		if (len > prefix.len)
			randomise(prefix.addr.bytes, prefix.len, af == IP_AF_4 ? 32 : 128, &random);
		prefix.len = (uint8_t)len;
		mask_bytes(&prefix);
		slot = (uint32_t)hash(&prefix) & (slots - 1);
		while (seen[slot] &&
			memcmp(&routes[seen[slot] - 1].prefix, &prefix, sizeof(prefix)) != 0)
			slot = (slot + 1) & (slots - 1);
		if (seen[slot])
			continue;
		seen[slot] = i + 1;
		routes[i].prefix = prefix;
		routes[i++].nh = 1 + (uint32_t)((random_next(&random) >> 20) % nhs);
	}
	free(seen);
	free(blocks);
	return routes;
}

void route_address(const struct route *route, uint64_t *random, uint8_t ip[16])
{
	memcpy(ip, route->prefix.addr.bytes, 16);
	randomise(ip, route->prefix.len, route->prefix.addr.af == IP_AF_4 ? 32 : 128, random);
}
