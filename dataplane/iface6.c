/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/iface6.h"

#include <errno.h>
#include <stdlib.h>

#define ANYCAST_LEN_MAX 126 /* RFC 6164: none on a point-to-point /127 */

static void link_local(const uint8_t mac[6], uint8_t ip[16])
{
	memset(ip, 0, 16);
	ip[0] = 0xfe;
	ip[1] = 0x80;
	ip[8] = mac[0] ^ 2;
	ip[9] = mac[1];
	ip[10] = mac[2];
	ip[11] = 0xff;
	ip[12] = 0xfe;
	memcpy(ip + 13, mac + 3, 3);
}

static void own_add(struct iface6 *ip6, const uint8_t ip[16], uint8_t len, bool anycast)
{
	struct own6 *own = &ip6->own[ip6->n_own];

	if (iface6_own(ip6, ip) != NULL)
		return;
	memcpy(own->ip, ip, sizeof(own->ip));
	own->len = len;
	own->anycast = anycast;
	/* RFC 4862 5.4: nobody asks about an anycast address. */
	own->state = anycast ? OWN6_VALID : OWN6_TENTATIVE;
	ip6->n_own++;
}

int iface6_create(struct iface *iface)
{
	struct iface6 *ip6 = calloc(1, sizeof(*ip6));
	uint8_t ip[16];

	if (ip6 == NULL)
		return -ENOMEM;
	ip6->iface = iface;
	ip6->dad_due_tsc = ip6->ra_due_tsc = UINT64_MAX;
	ip6->own = calloc(2 * iface->n_addresses + 1, sizeof(*ip6->own));
	if (ip6->own == NULL) {
		free(ip6);
		return -ENOMEM;
	}
	link_local(iface->mac, ip);
	own_add(ip6, ip, 64, false);
	for (size_t i = 0; i < iface->n_addresses; i++)
		if (iface->addresses[i].addr.af == IP_AF_6)
			own_add(ip6, iface->addresses[i].addr.bytes, iface->addresses[i].len,
				false);
	for (size_t i = 0; i < iface->n_addresses; i++) {
		struct ip_prefix network = prefix_mask(&iface->addresses[i]);

		if (network.addr.af == IP_AF_6 && network.len <= ANYCAST_LEN_MAX &&
			!ip6_is_link_local(network.addr.bytes))
			own_add(ip6, network.addr.bytes, network.len, true);
	}
	iface->ip6 = ip6;
	return 0;
}

void iface6_destroy(struct iface6 *ip6)
{
	if (ip6 == NULL)
		return;
	free(ip6->own);
	free(ip6);
}

struct own6 *iface6_own(const struct iface6 *ip6, const uint8_t ip[16])
{
	for (size_t i = 0; i < ip6->n_own; i++)
		if (ip6_equal(ip6->own[i].ip, ip))
			return &ip6->own[i];
	return NULL;
}

static bool is_solicited_node(const uint8_t group[16])
{
	static const uint8_t prefix[13] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};

	return memcmp(group, prefix, sizeof(prefix)) == 0;
}

const struct own6 *iface6_solicited(const struct iface6 *ip6, const uint8_t group[16])
{
	for (size_t i = 0; is_solicited_node(group) && i < ip6->n_own; i++)
		if (memcmp(ip6->own[i].ip + 13, group + 13, 3) == 0)
			return &ip6->own[i];
	return NULL;
}

bool iface6_joined(const struct iface6 *ip6, const uint8_t group[16])
{
	static const uint8_t all[15] = {0xff, 2}; /* ff02::1 nodes, ff02::2 routers */

	return (memcmp(group, all, sizeof(all)) == 0 && (group[15] == 1 || group[15] == 2)) ||
		iface6_solicited(ip6, group) != NULL;
}

static bool in_network(const struct own6 *own, const uint8_t ip[16])
{
	unsigned int whole = own->len / 8, rest = own->len % 8;

	return memcmp(own->ip, ip, whole) == 0 &&
		(rest == 0 || (own->ip[whole] ^ ip[whole]) >> (8 - rest) == 0);
}

const struct own6 *iface6_source(const struct iface6 *ip6, const uint8_t dst[16])
{
	bool local = ip6_is_link_local(dst) || ip6_is_multicast(dst);
	const struct own6 *found = NULL;

	for (size_t i = 0; i < ip6->n_own; i++) {
		const struct own6 *own = &ip6->own[i];

		if (own->state != OWN6_VALID || own->anycast || ip6_is_link_local(own->ip) != local)
			continue;
		if (local || in_network(own, dst))
			return own;
		if (found == NULL)
			found = own;
	}
	return found;
}

bool iface6_on_link(const struct iface6 *ip6, const uint8_t ip[16])
{
	if (ip6_is_link_local(ip))
		return true;
	for (size_t i = 0; i < ip6->n_own; i++)
		if (!ip6_is_link_local(ip6->own[i].ip) && in_network(&ip6->own[i], ip))
			return true;
	return false;
}
