/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/ipaddr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static unsigned int bits_of(uint8_t af)
{
	return af == IP_AF_4 ? 32 : af == IP_AF_6 ? 128 : 0;
}

int ipaddr_parse(const char *text, struct ip_addr *out)
{
	struct ip_addr addr = {0};

	if (inet_pton(AF_INET, text, addr.bytes) == 1)
		addr.af = IP_AF_4;
	else if (inet_pton(AF_INET6, text, addr.bytes) == 1)
		addr.af = IP_AF_6;
	else
		return -EINVAL;
	*out = addr;
	return 0;
}

const char *ipaddr_print(const struct ip_addr *addr, char buf[IP_ADDR_STRLEN])
{
	/* glibc prints the form of RFC 5952: lower case, the first longest run of zeros as "::". */
	if (addr->af == IP_AF_4)
		inet_ntop(AF_INET, addr->bytes, buf, IP_ADDR_STRLEN);
	else if (addr->af == IP_AF_6)
		inet_ntop(AF_INET6, addr->bytes, buf, IP_ADDR_STRLEN);
	else
		snprintf(buf, IP_ADDR_STRLEN, "-");
	return buf;
}

int ipaddr_cmp(const struct ip_addr *a, const struct ip_addr *b)
{
	if (a->af != b->af)
		return a->af < b->af ? -1 : 1;
	return memcmp(a->bytes, b->bytes, bits_of(a->af) / 8);
}

uint32_t ipaddr_to_u32(const struct ip_addr *addr)
{
	return (uint32_t)addr->bytes[0] << 24 | (uint32_t)addr->bytes[1] << 16 |
		(uint32_t)addr->bytes[2] << 8 | addr->bytes[3];
}

struct ip_addr ipaddr_from_u32(uint32_t host_order)
{
	struct ip_addr addr = {.af = IP_AF_4};

	addr.bytes[0] = (uint8_t)(host_order >> 24);
	addr.bytes[1] = (uint8_t)(host_order >> 16);
	addr.bytes[2] = (uint8_t)(host_order >> 8);
	addr.bytes[3] = (uint8_t)host_order;
	return addr;
}

bool ipaddr_is_unicast(const struct ip_addr *addr)
{
	static const uint8_t loopback[16] = {[15] = 1};
	static const uint8_t unspecified[16];

	switch (addr->af) {
	case IP_AF_4:
		/* 0/8 is "this network" as a whole (RFC 1122 3.2.1.3); 224 and up: groups, class E
		 * and the broadcast address. */
		return addr->bytes[0] != 0 && addr->bytes[0] != 127 && addr->bytes[0] < 224;
	case IP_AF_6:
		return addr->bytes[0] != 0xff && memcmp(addr->bytes, loopback, 16) != 0 &&
			memcmp(addr->bytes, unspecified, 16) != 0;
	default:
		return false;
	}
}

int prefix_parse(const char *text, struct ip_prefix *out)
{
	const char *slash = strchr(text, '/');
	char host[IP_ADDR_STRLEN];
	struct ip_prefix prefix = {0};
	unsigned int len = 0;
	size_t n_digits;

	if (!slash || (size_t)(slash - text) >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, (size_t)(slash - text));
	host[slash - text] = '\0';
	n_digits = strspn(slash + 1, "0123456789");
	if (n_digits == 0 || n_digits > 3 || slash[1 + n_digits] != '\0' ||
		(slash[1] == '0' && n_digits > 1))
		return -EINVAL;
	for (size_t i = 1; i <= n_digits; i++)
		len = len * 10 + (unsigned int)(slash[i] - '0');
	if (ipaddr_parse(host, &prefix.addr) < 0 || len > bits_of(prefix.addr.af))
		return -EINVAL;
	prefix.len = (uint8_t)len;
	*out = prefix;
	return 0;
}

const char *prefix_print(const struct ip_prefix *prefix, char buf[IP_PREFIX_STRLEN])
{
	char host[IP_ADDR_STRLEN];

	snprintf(buf, IP_PREFIX_STRLEN, "%s/%u", ipaddr_print(&prefix->addr, host), prefix->len);
	return buf;
}

struct ip_prefix prefix_mask(const struct ip_prefix *prefix)
{
	struct ip_prefix masked = *prefix;
	unsigned int len = prefix->len;

	for (unsigned int i = 0; i < sizeof(masked.addr.bytes); i++) {
		unsigned int kept = len >= 8 ? 8 : len;

		masked.addr.bytes[i] &= (uint8_t)(0xff00u >> kept);
		len -= kept;
	}
	return masked;
}

int prefix_cmp(const struct ip_prefix *a, const struct ip_prefix *b)
{
	struct ip_prefix left = prefix_mask(a), right = prefix_mask(b);
	int rc = ipaddr_cmp(&left.addr, &right.addr);

	return rc ? rc : (int)a->len - (int)b->len;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned int n)
{
	if (memcmp(a, b, n / 8) != 0)
		return false;
	return n % 8 == 0 || ((a[n / 8] ^ b[n / 8]) & (uint8_t)(0xff00u >> n % 8)) == 0;
}

bool prefix_contains(const struct ip_prefix *prefix, const struct ip_addr *addr)
{
	return prefix->addr.af == addr->af &&
		same_bits(prefix->addr.bytes, addr->bytes, prefix->len);
}

bool prefix_overlaps(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return a->addr.af == b->addr.af &&
		same_bits(a->addr.bytes, b->addr.bytes, a->len < b->len ? a->len : b->len);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int mac_parse(const char *text, struct mac_addr *out)
{
	struct mac_addr mac;

	if (strlen(text) != MAC_ADDR_STRLEN - 1)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(mac.bytes); i++) {
		int high = hex_digit(text[3 * i]), low = hex_digit(text[3 * i + 1]);

		if (high < 0 || low < 0 || text[3 * i + 2] != (i < 5 ? ':' : '\0'))
			return -EINVAL;
		mac.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*out = mac;
	return 0;
}

const char *mac_print(const struct mac_addr *mac, char buf[MAC_ADDR_STRLEN])
{
	snprintf(buf, MAC_ADDR_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x", mac->bytes[0],
		mac->bytes[1], mac->bytes[2], mac->bytes[3], mac->bytes[4], mac->bytes[5]);
	return buf;
}

bool mac_is_zero(const struct mac_addr *mac)
{
	static const struct mac_addr zero;

	return memcmp(mac, &zero, sizeof(zero)) == 0;
}

bool mac_is_group(const struct mac_addr *mac)
{
	return mac->bytes[0] & 1;
}
