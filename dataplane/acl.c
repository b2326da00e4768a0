/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <rte_acl.h>
#include <rte_byteorder.h>

#include "dataplane/acl.h"

#define ACL_BYTES_MAX (UINT64_C(8) << 20) /* of one, when compiled */
#define FIELDS4 8
#define FIELDS6 14
#define DSCP_VALUES 64
#define RULES_A_MATCH_MAX (DSCP_VALUES / 2)

struct acl {
	struct rte_acl_ctx *rte;
};

RTE_ACL_RULE_DEF(acl_rule, FIELDS6);

static const struct rte_acl_field_def fields4[FIELDS4] = {
	{RTE_ACL_FIELD_TYPE_BITMASK, 1, 0, 0, offsetof(struct acl_key4, proto)},
	{RTE_ACL_FIELD_TYPE_MASK, 4, 1, 1, offsetof(struct acl_key4, src)},
	{RTE_ACL_FIELD_TYPE_MASK, 4, 2, 2, offsetof(struct acl_key4, dst)},
	{RTE_ACL_FIELD_TYPE_RANGE, 2, 3, 3, offsetof(struct acl_key4, sport)},
	{RTE_ACL_FIELD_TYPE_RANGE, 2, 4, 3, offsetof(struct acl_key4, dport)},
	{RTE_ACL_FIELD_TYPE_RANGE, 1, 5, 4, offsetof(struct acl_key4, dscp)},
	{RTE_ACL_FIELD_TYPE_BITMASK, 1, 6, 4, offsetof(struct acl_key4, has_ports)},
	{RTE_ACL_FIELD_TYPE_BITMASK, 2, 7, 4, offsetof(struct acl_key4, iface)},
};

#define ADDRESS6(member, field, input)                                                 \
	{RTE_ACL_FIELD_TYPE_MASK, 4, field, input, offsetof(struct acl_key6, member)}, \
		{RTE_ACL_FIELD_TYPE_MASK, 4, (field) + 1, (input) + 1,                 \
			offsetof(struct acl_key6, member) + 4},                        \
		{RTE_ACL_FIELD_TYPE_MASK, 4, (field) + 2, (input) + 2,                 \
			offsetof(struct acl_key6, member) + 8},                        \
	{                                                                              \
		RTE_ACL_FIELD_TYPE_MASK, 4, (field) + 3, (input) + 3,                  \
			offsetof(struct acl_key6, member) + 12                         \
	}

static const struct rte_acl_field_def fields6[FIELDS6] = {
	{RTE_ACL_FIELD_TYPE_BITMASK, 1, 0, 0, offsetof(struct acl_key6, proto)},
	ADDRESS6(src, 1, 1),
	ADDRESS6(dst, 5, 5),
	{RTE_ACL_FIELD_TYPE_RANGE, 2, 9, 9, offsetof(struct acl_key6, sport)},
	{RTE_ACL_FIELD_TYPE_RANGE, 2, 10, 9, offsetof(struct acl_key6, dport)},
	{RTE_ACL_FIELD_TYPE_RANGE, 1, 11, 10, offsetof(struct acl_key6, dscp)},
	{RTE_ACL_FIELD_TYPE_BITMASK, 1, 12, 10, offsetof(struct acl_key6, has_ports)},
	{RTE_ACL_FIELD_TYPE_BITMASK, 2, 13, 10, offsetof(struct acl_key6, iface)},
};

static bool names_ports(const struct dp_match_spec *match)
{
	return match->sport_first > 0 || match->sport_last < UINT16_MAX || match->dport_first > 0 ||
		match->dport_last < UINT16_MAX;
}

static bool is_for(const struct dp_match_spec *match, enum ip_af af)
{
	return (match->from.addr.af == IP_AF_NONE || match->from.addr.af == af) &&
		(match->to.addr.af == IP_AF_NONE || match->to.addr.af == af);
}

/* ---- building ---- */

static void set_u32(struct rte_acl_field *field, uint32_t value, uint32_t mask_range)
{
	field->value.u32 = value;
	field->mask_range.u32 = mask_range;
}

/* PREFIX as N fields of four bytes each. */
static void set_prefix(struct rte_acl_field *field, const struct ip_prefix *prefix, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const uint8_t *bytes = prefix->addr.bytes + 4 * i;
		uint32_t value = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
			(uint32_t)bytes[2] << 8 | bytes[3];
		int len = (int)prefix->len - 32 * (int)i;

		set_u32(&field[i], value, len <= 0 ? 0 : len >= 32 ? 32 : (uint32_t)len);
	}
}

static void rule_set(struct acl_rule *rule, enum ip_af af, const struct dp_match_spec *match)
{
	unsigned int words = af == IP_AF_4 ? 1 : 4;
	struct rte_acl_field *field = rule->field;

	memset(rule->field, 0, sizeof(rule->field));
	field->value.u8 = (uint8_t)match->proto;
	field->mask_range.u8 = match->proto == DP_PROTO_ANY ? 0 : UINT8_MAX;
	set_prefix(++field, &match->from, words);
	field += words;
	set_prefix(field, &match->to, words);
	field += words;
	field->value.u16 = match->sport_first;
	field->mask_range.u16 = match->sport_last;
	field++;
	field->value.u16 = match->dport_first;
	field->mask_range.u16 = match->dport_last;
	field += 2; /* the code points follow */
	field->value.u8 = field->mask_range.u8 = names_ports(match);
	field++;
	field->value.u16 = (uint16_t)match->in;
	field->mask_range.u16 = match->in == 0 ? 0 : UINT16_MAX;
}

/* One rule for each run of code points. */
static int match_add(
	struct acl *acl, enum ip_af af, const struct dp_match_spec *match, size_t index, size_t n)
{
	uint64_t left = match->dscp == 0 ? UINT64_MAX : match->dscp;
	struct rte_acl_field *dscp;
	struct acl_rule rule = {.data = {.category_mask = 1,
					.priority = (int32_t)(n - index),
					.userdata = (uint32_t)(index + 1)}};

	rule_set(&rule, af, match);
	dscp = &rule.field[af == IP_AF_4 ? 5 : 11];
	while (left != 0) {
		unsigned int first = (unsigned int)__builtin_ctzll(left), last = first;
		int rc;

		while (last + 1 < DSCP_VALUES && (left >> (last + 1) & 1))
			last++;
		dscp->value.u8 = (uint8_t)first;
		/* The whole of the byte is what rte_acl takes for "any". */
		dscp->mask_range.u8 = match->dscp == 0 ? UINT8_MAX : (uint8_t)last;
		rc = rte_acl_add_rules(acl->rte, (const struct rte_acl_rule *)&rule, 1);
		if (rc < 0)
			return rc;
		left = last + 1 < DSCP_VALUES ? left & (UINT64_MAX << (last + 1)) : 0;
	}
	return 0;
}

int acl_create(
	enum ip_af af, const struct dp_match_spec *const *matches, size_t n, struct acl **out)
{
	static uint32_t last_number;
	char name[RTE_ACL_NAMESIZE];
	struct rte_acl_param param = {.name = name, .socket_id = SOCKET_ID_ANY};
	struct rte_acl_config conf = {.num_categories = 1, .max_size = ACL_BYTES_MAX};
	struct acl *acl;
	int rc = 0;

	conf.num_fields = af == IP_AF_4 ? FIELDS4 : FIELDS6;
	memcpy(conf.defs, af == IP_AF_4 ? fields4 : fields6,
		conf.num_fields * sizeof(conf.defs[0]));
	param.rule_size = RTE_ACL_RULE_SZ(conf.num_fields);
	for (size_t i = 0; i < n; i++)
		if (is_for(matches[i], af))
			param.max_rule_num += matches[i]->dscp == 0 ? 1 : RULES_A_MATCH_MAX;
	*out = NULL;
	if (param.max_rule_num == 0)
		return 0;
	acl = calloc(1, sizeof(*acl));
	if (acl == NULL)
		return -ENOMEM;
	/* Contexts are found by name, and those of one name shared. */
	snprintf(name, sizeof(name), "hpsr_%u", ++last_number);
	acl->rte = rte_acl_create(&param);
	if (acl->rte == NULL) {
		free(acl);
		return -ENOMEM;
	}
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (is_for(matches[i], af))
			rc = match_add(acl, af, matches[i], i, n);
	if (rc == 0)
		rc = rte_acl_build(acl->rte, &conf);
	if (rc < 0) {
		acl_destroy(acl);
		return rc == -ENOMEM ? rc : -E2BIG;
	}
	*out = acl;
	return 0;
}

void acl_destroy(struct acl *acl)
{
	if (acl == NULL)
		return;
	rte_acl_free(acl->rte);
	free(acl);
}

/* ---- looking up ---- */

void acl_classify(
	const struct acl *acl, const uint8_t *const *keys, uint32_t *results, unsigned int n)
{
	rte_acl_classify(acl->rte, (const uint8_t **)(uintptr_t)keys, results, n, 1);
}

static bool contains(const struct ip_prefix *prefix, enum ip_af af, const void *bytes)
{
	struct ip_addr addr = {.af = (uint8_t)af};

	memcpy(addr.bytes, bytes, af == IP_AF_4 ? 4 : 16);
	return prefix->addr.af == IP_AF_NONE || prefix_contains(prefix, &addr);
}

static bool fits(const struct dp_match_spec *match, uint8_t proto, uint16_t sport, uint16_t dport,
	uint8_t dscp, uint8_t has_ports, uint16_t iface)
{
	sport = rte_be_to_cpu_16(sport);
	dport = rte_be_to_cpu_16(dport);
	return (match->proto == DP_PROTO_ANY || match->proto == proto) &&
		(match->dscp == 0 || (match->dscp >> dscp & 1)) &&
		(match->in == 0 || match->in == rte_be_to_cpu_16(iface)) &&
		(!names_ports(match) ||
			(has_ports && sport >= match->sport_first && sport <= match->sport_last &&
				dport >= match->dport_first && dport <= match->dport_last));
}

uint32_t acl_scan4(const struct dp_match_spec *const *matches, size_t n, size_t from,
	const struct acl_key4 *key)
{
	for (size_t i = from; i < n; i++)
		if (is_for(matches[i], IP_AF_4) &&
			contains(&matches[i]->from, IP_AF_4, &key->src) &&
			contains(&matches[i]->to, IP_AF_4, &key->dst) &&
			fits(matches[i], key->proto, key->sport, key->dport, key->dscp,
				key->has_ports, key->iface))
			return (uint32_t)(i + 1);
	return 0;
}

uint32_t acl_scan6(const struct dp_match_spec *const *matches, size_t n, size_t from,
	const struct acl_key6 *key)
{
	for (size_t i = from; i < n; i++)
		if (is_for(matches[i], IP_AF_6) && contains(&matches[i]->from, IP_AF_6, key->src) &&
			contains(&matches[i]->to, IP_AF_6, key->dst) &&
			fits(matches[i], key->proto, key->sport, key->dport, key->dscp,
				key->has_ports, key->iface))
			return (uint32_t)(i + 1);
	return 0;
}

bool acl_match_equal(const struct dp_match_spec *a, const struct dp_match_spec *b)
{
	return a->from.len == b->from.len && ipaddr_cmp(&a->from.addr, &b->from.addr) == 0 &&
		a->to.len == b->to.len && ipaddr_cmp(&a->to.addr, &b->to.addr) == 0 &&
		a->proto == b->proto && a->sport_first == b->sport_first &&
		a->sport_last == b->sport_last && a->dport_first == b->dport_first &&
		a->dport_last == b->dport_last && a->dscp == b->dscp && a->in == b->in;
}

int acl_match_check(const struct dp_match_spec *match)
{
	const struct ip_prefix *prefixes[] = {&match->from, &match->to};

	for (unsigned int i = 0; i < 2; i++)
		if (prefixes[i]->len > (prefixes[i]->addr.af == IP_AF_4                  ? 32
						       : prefixes[i]->addr.af == IP_AF_6 ? 128
											 : 0))
			return -EINVAL;
	return match->proto <= DP_PROTO_ANY && match->sport_first <= match->sport_last &&
			match->dport_first <= match->dport_last && match->in <= UINT16_MAX
		? 0
		: -EINVAL;
}

/* ---- keys ---- */

bool acl_has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP ||
		proto == IPPROTO_DCCP || proto == IPPROTO_UDPLITE;
}

void acl_key4_set(struct acl_key4 *key, const struct rte_ipv4_hdr *ip, dp_iface_id iface)
{
	unsigned int header_len = (ip->version_ihl & 0xfu) * 4;
	uint32_t ports = 0;

	key->proto = ip->next_proto_id;
	memset(key->unused, 0, sizeof(key->unused));
	memcpy(&key->src, &ip->src_addr, sizeof(key->src));
	memcpy(&key->dst, &ip->dst_addr, sizeof(key->dst));
	/* The first fragment may be too short for them. */
	key->has_ports = (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)) == 0 &&
		acl_has_ports(key->proto) &&
		rte_be_to_cpu_16(ip->total_length) >= header_len + sizeof(ports);
	if (key->has_ports)
		memcpy(&ports, (const char *)ip + header_len, sizeof(ports));
	memcpy(&key->sport, &ports, sizeof(ports));
	key->dscp = ip->type_of_service >> 2;
	key->iface = rte_cpu_to_be_16((uint16_t)iface);
}

void acl_key6_set(struct acl_key6 *key, const struct rte_ipv6_hdr *ip, uint8_t proto,
	const void *l4, dp_iface_id iface)
{
	uint32_t ports = 0;

	key->proto = proto;
	memset(key->unused, 0, sizeof(key->unused));
	memcpy(key->src, &ip->src_addr, sizeof(key->src));
	memcpy(key->dst, &ip->dst_addr, sizeof(key->dst));
	key->has_ports = l4 != NULL && acl_has_ports(proto);
	if (key->has_ports)
		memcpy(&ports, l4, sizeof(ports));
	memcpy(&key->sport, &ports, sizeof(ports));
	key->dscp = (uint8_t)(rte_be_to_cpu_32(ip->vtc_flow) >> 22 & 0x3f);
	key->iface = rte_cpu_to_be_16((uint16_t)iface);
}
