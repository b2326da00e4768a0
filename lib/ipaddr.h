/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses and prefixes of IPv4 and IPv6, and MAC addresses: text in, text out, comparisons.
 * Plain values, no ownership, any thread. Bytes stand in network order, as on the wire. */
#ifndef HPSR_LIB_IPADDR_H
#define HPSR_LIB_IPADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Address family; the value is the IP version, 0 is "no address". */
enum ip_af { IP_AF_NONE = 0, IP_AF_4 = 4, IP_AF_6 = 6 };

struct ip_addr {
	uint8_t af;        /* enum ip_af */
	uint8_t bytes[16]; /* IPv4 uses the first four; the rest is zero */
};

/* An address with a prefix length. As an interface address the host bits are kept
 * (10.0.0.1/24); as a route or network they are zero (prefix_mask). */
struct ip_prefix {
	struct ip_addr addr;
	uint8_t len; /* 0..32 or 0..128 */
};

struct mac_addr {
	uint8_t bytes[6];
};

#define IP_ADDR_STRLEN 46   /* longest IPv6 text and NUL */
#define IP_PREFIX_STRLEN 50 /* the same with /128 */
#define MAC_ADDR_STRLEN 18

/* Parse TEXT whole ("10.0.0.1", "2001:db8::1"). 0, or -EINVAL with *out untouched. */
int ipaddr_parse(const char *text, struct ip_addr *out);
/* Print into buf of IP_ADDR_STRLEN (RFC 5952 form for IPv6); returns buf. "-" for IP_AF_NONE. */
const char *ipaddr_print(const struct ip_addr *addr, char buf[IP_ADDR_STRLEN]);
/* <0, 0, >0: by family, then by value. */
int ipaddr_cmp(const struct ip_addr *a, const struct ip_addr *b);
/* IPv4 address in host byte order; only for IP_AF_4. */
uint32_t ipaddr_to_u32(const struct ip_addr *addr);
struct ip_addr ipaddr_from_u32(uint32_t host_order);
/* Multicast (224/4, ff00::/8), loopback (127/8, ::1), unspecified, IPv4 class E and broadcast:
 * none of them can be the address of a router's interface or a next hop. */
bool ipaddr_is_unicast(const struct ip_addr *addr);

/* Parse "ADDRESS/LEN". Host bits are kept. 0 or -EINVAL. */
int prefix_parse(const char *text, struct ip_prefix *out);
const char *prefix_print(const struct ip_prefix *prefix, char buf[IP_PREFIX_STRLEN]);
/* The same prefix with its host bits cleared. */
struct ip_prefix prefix_mask(const struct ip_prefix *prefix);
/* By family, masked address, then length. */
int prefix_cmp(const struct ip_prefix *a, const struct ip_prefix *b);
/* Does PREFIX contain ADDR (same family, and the first len bits equal)? */
bool prefix_contains(const struct ip_prefix *prefix, const struct ip_addr *addr);
/* Does one contain the other? */
bool prefix_overlaps(const struct ip_prefix *a, const struct ip_prefix *b);

/* Parse "02:00:00:00:00:01". 0 or -EINVAL. */
int mac_parse(const char *text, struct mac_addr *out);
const char *mac_print(const struct mac_addr *mac, char buf[MAC_ADDR_STRLEN]);
bool mac_is_zero(const struct mac_addr *mac);
/* Multicast or broadcast: the group bit is set. */
bool mac_is_group(const struct mac_addr *mac);

#endif
