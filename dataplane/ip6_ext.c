/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/ip6_ext.h"

#define OPTION_PAD1 0
#define OPTION_PADN 1
#define OPTION_ROUTER_ALERT 5
#define FRAGMENT_HEADER_LEN 8
#define FRAGMENT_PART RTE_BE16(0xfff9) /* an offset, or more to come */

static enum drop_reason problem_set(struct ip6_problem *problem, enum drop_reason reason,
	enum ip6_problem_code code, uint32_t pointer)
{
	*problem = (struct ip6_problem){.tell = true, .code = (uint8_t)code, .pointer = pointer};
	return reason;
}

/* RFC 8200 4.2: what a node does about an option that it does not know, its type says. */
static enum drop_reason option_unknown(struct ip6_problem *problem, uint8_t type, uint32_t at)
{
	if (type >> 6 == 0)
		return DROP_REASON_COUNT;
	problem_set(problem, DROP_IP6_OPTIONS, IP6_PROBLEM_OPTION, at);
	problem->tell = type >> 6 != 1;
	problem->even_group = type >> 6 == 2;
	return DROP_IP6_OPTIONS;
}

/* The options header of LEN bytes at AT. */
static enum drop_reason options_check(
	const struct rte_ipv6_hdr *ip, uint32_t at, uint32_t len, struct ip6_problem *problem)
{
	const uint8_t *base = (const uint8_t *)ip;
	uint32_t end = at + len;

	at += 2;
	for (unsigned int n = 0; at < end; n++) {
		enum drop_reason reason;
		uint8_t type = base[at];

		if (n == IP6_EXT_OPTIONS_MAX)
			return problem_set(
				problem, DROP_IP6_EXTENSION_HEADERS, IP6_PROBLEM_MANY_OPTIONS, at);
		if (type == OPTION_PAD1) {
			at++;
			continue;
		}
		if (at + 2 > end || at + 2 + base[at + 1] > end)
			return problem_set(problem, DROP_IP6_OPTIONS, IP6_PROBLEM_FIELD, at);
		if (type != OPTION_PADN && type != OPTION_ROUTER_ALERT) {
			reason = option_unknown(problem, type, at);
			if (reason != DROP_REASON_COUNT)
				return reason;
		}
		at += 2u + base[at + 1];
	}
	return DROP_REASON_COUNT;
}

/* The length of the extension header at AT; 0: it goes beyond the packet. */
static uint32_t ext_len(const struct rte_ipv6_hdr *ip, uint32_t at)
{
	uint32_t total = ip6_total(ip), len;

	if (at + 8 > total)
		return 0;
	len = (((const uint8_t *)ip)[at + 1] + 1u) * 8;
	return at + len > total ? 0 : len;
}

enum drop_reason ip6_ext_hop_by_hop(const struct rte_ipv6_hdr *ip, struct ip6_problem *problem)
{
	uint32_t len;

	*problem = (struct ip6_problem){0};
	if (ip->proto != IP6_HOP_BY_HOP)
		return DROP_REASON_COUNT;
	len = ext_len(ip, IP6_HEADER_LEN);
	if (len == 0)
		return problem_set(
			problem, DROP_IP6_OPTIONS, IP6_PROBLEM_FIELD, IP6_HEADER_LEN + 1);
	return options_check(ip, IP6_HEADER_LEN, len, problem);
}

/* One extension header; *len is its length. */
static enum drop_reason ext_check(const struct rte_ipv6_hdr *ip, struct ip6_upper *upper,
	uint32_t *len, struct ip6_problem *problem)
{
	const uint8_t *header = (const uint8_t *)ip + upper->offset;

	*len = upper->next == IP6_FRAGMENT ? FRAGMENT_HEADER_LEN : ext_len(ip, upper->offset);
	if (*len == 0 || upper->offset + *len > ip6_total(ip))
		return problem_set(
			problem, DROP_IP6_OPTIONS, IP6_PROBLEM_FIELD, upper->offset + 1u);
	switch (upper->next) {
	case IP6_HOP_BY_HOP:
		if (upper->offset != IP6_HEADER_LEN)
			return problem_set(
				problem, DROP_IP6_OPTIONS, IP6_PROBLEM_NEXT_HEADER, upper->next_at);
		/* fallthrough */
	case IP6_DESTINATION:
		return options_check(ip, upper->offset, *len, problem);
	case IP6_ROUTING:
		/* RFC 5095 and RFC 8200 4.4: no type is known here; done with, it is skipped. */
		if (header[3] != 0)
			return problem_set(problem, DROP_IP6_ROUTING_HEADER, IP6_PROBLEM_FIELD,
				upper->offset + 2u);
		return DROP_REASON_COUNT;
	default: /* RFC 6946: whole in one fragment is no fragment */
		upper->fragment = (*(const unaligned_uint16_t *)(header + 2) & FRAGMENT_PART) != 0;
		return DROP_REASON_COUNT;
	}
}

enum drop_reason ip6_ext_walk(
	const struct rte_ipv6_hdr *ip, struct ip6_upper *upper, struct ip6_problem *problem)
{
	*problem = (struct ip6_problem){0};
	*upper = (struct ip6_upper){.next = ip->proto,
		.next_at = offsetof(struct rte_ipv6_hdr, proto),
		.offset = IP6_HEADER_LEN};
	for (unsigned int n = 0;; n++) {
		enum drop_reason reason;
		uint32_t len;

		if (upper->next != IP6_HOP_BY_HOP && upper->next != IP6_DESTINATION &&
			upper->next != IP6_ROUTING && upper->next != IP6_FRAGMENT)
			return DROP_REASON_COUNT;
		if (n == IP6_EXT_MAX)
			return problem_set(problem, DROP_IP6_EXTENSION_HEADERS,
				IP6_PROBLEM_MANY_HEADERS, upper->offset);
		reason = ext_check(ip, upper, &len, problem);
		if (reason != DROP_REASON_COUNT || upper->fragment)
			return reason;
		upper->next_at = upper->offset;
		upper->next = ((const uint8_t *)ip)[upper->offset];
		upper->offset = (uint16_t)(upper->offset + len);
	}
}
