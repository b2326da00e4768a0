/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6 extension headers (RFC 8200 4): a bounded look at them. In transit only the hop-by-hop
 * options are looked at; the whole chain is walked for what is for the router itself, and to find
 * out whether a packet is an ICMP error. Pure functions over a header that ip6_input or the fast
 * path has found good: all of its payload length is there. */
#ifndef HPSR_DATAPLANE_IP6_EXT_H
#define HPSR_DATAPLANE_IP6_EXT_H

#include "dataplane/drop.h"
#include "dataplane/ip6.h"

/* RFC 8504 5.3 lets a node bound them. */
#define IP6_EXT_MAX 8u
#define IP6_EXT_OPTIONS_MAX 16u

/* What a Parameter Problem (RFC 4443 3.4, RFC 8883) says of it. */
struct ip6_problem {
	bool tell;       /* an error is due */
	bool even_group; /* also when the packet was for a group */
	uint8_t code;
	uint32_t pointer; /* offset from the IPv6 header */
};

enum ip6_problem_code {
	IP6_PROBLEM_FIELD = 0,
	IP6_PROBLEM_NEXT_HEADER = 1,
	IP6_PROBLEM_OPTION = 2,
	IP6_PROBLEM_MANY_HEADERS = 8,
	IP6_PROBLEM_MANY_OPTIONS = 9,
};

/* The upper-layer header behind all extension headers. */
struct ip6_upper {
	uint8_t next;     /* its protocol */
	uint16_t next_at; /* where the field that says so stands */
	uint16_t offset;  /* from the IPv6 header */
	bool fragment;    /* of a packet in several; then the chain ends there */
};

/* The hop-by-hop options, which come first, if there are any (RFC 8200 4.3). DROP_REASON_COUNT:
 * the packet may go on. */
enum drop_reason ip6_ext_hop_by_hop(const struct rte_ipv6_hdr *ip, struct ip6_problem *problem);
/* The whole chain, as its destination sees it. DROP_REASON_COUNT: *upper is filled in. */
enum drop_reason ip6_ext_walk(
	const struct rte_ipv6_hdr *ip, struct ip6_upper *upper, struct ip6_problem *problem);

#endif
