/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys that pick packets by their headers: filters of an interface, policies of a router; and
 * an interface's probe. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/site_keys.h"

#define PROTO_TCP 6
#define PROTO_UDP 17
#define PROTO_DCCP 33
#define PROTO_SCTP 132
#define PROTO_UDPLITE 136
#define PROBE_INTERVAL_MIN_MS 10u
#define PROBE_INTERVAL_MAX_MS 10000u
#define PROBE_MULTIPLIER_MAX 50

struct number_name {
	const char *name;
	unsigned int number;
};

static const struct number_name protocols[] = {{"icmp", 1}, {"igmp", 2}, {"ipip", 4},
	{"tcp", PROTO_TCP}, {"udp", PROTO_UDP}, {"dccp", PROTO_DCCP}, {"ipv6", 41}, {"gre", 47},
	{"esp", 50}, {"ah", 51}, {"icmp6", 58}, {"ospf", 89}, {"sctp", PROTO_SCTP},
	{"udplite", PROTO_UDPLITE}, {NULL, 0}};
/* RFC 2474, 2597, 3246, 5865, 8622 */
static const struct number_name code_points[] = {{"df", 0}, {"cs0", 0}, {"le", 1}, {"cs1", 8},
	{"af11", 10}, {"af12", 12}, {"af13", 14}, {"cs2", 16}, {"af21", 18}, {"af22", 20},
	{"af23", 22}, {"cs3", 24}, {"af31", 26}, {"af32", 28}, {"af33", 30}, {"cs4", 32},
	{"af41", 34}, {"af42", 36}, {"af43", 38}, {"cs5", 40}, {"va", 44}, {"ef", 46}, {"cs6", 48},
	{"cs7", 56}, {NULL, 0}};

/* ---- values ---- */

/* A name of the list, or a number up to MAX. */
static bool number_or_name(
	const char *text, const struct number_name *names, unsigned int max, unsigned int *number)
{
	size_t n_digits = strspn(text, "0123456789");

	if (n_digits > 0 && n_digits <= 5 && text[n_digits] == '\0' &&
		(text[0] != '0' || n_digits == 1)) {
		*number = (unsigned int)strtoul(text, NULL, 10);
		return *number <= max;
	}
	for (; names != NULL && names->name; names++) {
		if (strcmp(names->name, text) == 0) {
			*number = names->number;
			return true;
		}
	}
	return false;
}

static FIELD_PARSER(parse_proto)
{
	static const char what[] = "a protocol: a number from 0 to 255, tcp, udp, icmp, icmp6, "
				   "sctp, gre, esp, ...";
	const char *text = field_text(ctx, field, node, what);
	unsigned int number;

	if (!text)
		return;
	if (number_or_name(text, protocols, 255, &number))
		*(uint16_t *)((char *)object + field->offset) = (uint16_t)number;
	else
		field_expected(ctx, field, node, what);
}

static FIELD_PARSER(parse_prefix)
{
	static const char what[] = "a network such as 10.2.0.0/24 or 2001:db8::/32";
	const char *text = field_text(ctx, field, node, what);
	char found[TREE_VALUE_STRLEN], meant[IP_PREFIX_STRLEN];
	struct ip_prefix prefix, masked;

	if (!text)
		return;
	if (prefix_parse(text, &prefix) < 0) {
		memset(&prefix, 0, sizeof(prefix));
		if (ipaddr_parse(text, &prefix.addr) < 0) {
			field_expected(ctx, field, node, what);
			return;
		}
		prefix.len = prefix.addr.af == IP_AF_4 ? 32 : 128;
	}
	masked = prefix_mask(&prefix);
	if (ipaddr_cmp(&masked.addr, &prefix.addr) != 0)
		diag_error(ctx->diag, node->loc,
			"%s: %s has bits behind its prefix length, did you mean %s?", field->key,
			tree_value(node, found), prefix_print(&masked, meant));
	else
		*(struct ip_prefix *)((char *)object + field->offset) = prefix;
}

/* Two uint16_t, the first and the last. */
static FIELD_PARSER(parse_ports)
{
	static const char what[] = "a port from 0 to 65535, or a range such as 1024-65535";
	const char *text = field_text(ctx, field, node, what), *dash;
	uint16_t *ports = (uint16_t *)((char *)object + field->offset);
	unsigned int first, last;
	char begin[8] = "";

	if (!text)
		return;
	dash = strchr(text, '-');
	if (dash && (size_t)(dash - text) < sizeof(begin))
		memcpy(begin, text, (size_t)(dash - text));
	if (!number_or_name(dash ? begin : text, NULL, UINT16_MAX, &first) ||
		!number_or_name(dash ? dash + 1 : text, NULL, UINT16_MAX, &last) || first > last) {
		field_expected(ctx, field, node, what);
		return;
	}
	ports[0] = (uint16_t)first;
	ports[1] = (uint16_t)last;
}

static FIELD_PARSER(parse_dscp)
{
	static const char what[] = "code points: numbers from 0 to 63, ef, af11, cs1, ...; one, or "
				   "a list";
	uint64_t *set = (uint64_t *)((char *)object + field->offset);
	const struct tree_node *item = node->kind == TREE_LIST ? node->first : node;
	unsigned int point;

	if (!item) {
		field_expected(ctx, field, node, what);
		return;
	}
	for (; item; item = node->kind == TREE_LIST ? item->next : NULL) {
		const char *text = field_text(ctx, field, item, what);

		if (!text)
			continue;
		if (number_or_name(text, code_points, 63, &point))
			*set |= MODEL_DSCP(point);
		else
			field_expected(ctx, field, item, what);
	}
}

static FIELD_PARSER(parse_class)
{
	static const char what[] = "latency-sensitive or high-bandwidth";
	uint64_t *set = (uint64_t *)((char *)object + field->offset);
	const char *text = field_text(ctx, field, node, what);

	if (!text)
		return;
	if (strcmp(text, "latency-sensitive") == 0)
		*set |= MODEL_DSCP_LATENCY_SENSITIVE;
	else if (strcmp(text, "high-bandwidth") == 0)
		*set |= MODEL_DSCP_HIGH_BANDWIDTH;
	else
		field_expected(ctx, field, node, what);
}

static FIELD_PARSER(parse_action)
{
	static const char what[] = "accept or drop";
	const char *text = field_text(ctx, field, node, what);

	if (!text)
		return;
	if (strcmp(text, "accept") != 0 && strcmp(text, "drop") != 0)
		field_expected(ctx, field, node, what);
	else
		*(bool *)((char *)object + field->offset) = text[0] == 'd';
}

static FIELD_PARSER(parse_yes)
{
	if (node->kind != TREE_SCALAR ||
		(strcmp(node->text, "yes") != 0 && strcmp(node->text, "true") != 0))
		field_expected(ctx, field, node, "yes");
	else
		*(bool *)((char *)object + field->offset) = true;
}

static FIELD_PARSER(parse_interval)
{
	static const char what[] = "a time from 10ms to 10s, such as 50ms";
	const char *text = field_text(ctx, field, node, what);
	unsigned long value;
	size_t n_digits;

	if (!text)
		return;
	n_digits = strspn(text, "0123456789");
	value = n_digits > 0 && n_digits <= 5 ? strtoul(text, NULL, 10) : 0;
	if (strcmp(text + n_digits, "s") == 0)
		value *= 1000;
	else if (strcmp(text + n_digits, "ms") != 0)
		value = 0;
	if (value < PROBE_INTERVAL_MIN_MS || value > PROBE_INTERVAL_MAX_MS)
		field_expected(ctx, field, node, what);
	else
		*(uint32_t *)((char *)object + field->offset) = (uint32_t)value;
}

/* ---- rules that concern several keys ---- */

static bool has_ports(unsigned int proto)
{
	return proto == MODEL_PROTO_ANY || proto == PROTO_TCP || proto == PROTO_UDP ||
		proto == PROTO_SCTP || proto == PROTO_DCCP || proto == PROTO_UDPLITE;
}

static void finish_match(
	struct field_ctx *ctx, const struct field_given *given, const struct model_match *match)
{
	const struct tree_node *ports = field_value(given, "sport"), *class;

	if (!ports)
		ports = field_value(given, "dport");
	if (ports && !has_ports(match->proto))
		diag_error(ctx->diag, ports->loc,
			"%s: protocol %u has no ports (tcp, udp, sctp, dccp and udplite have)",
			field_value(given, "sport") ? "sport" : "dport", match->proto);
	class = field_value(given, "class");
	if (class && field_value(given, "dscp"))
		diag_error(ctx->diag, class->loc,
			"class: says which 'dscp' to match; one of both is enough");
	if (match->from.addr.af && match->to.addr.af && match->from.addr.af != match->to.addr.af)
		diag_error(ctx->diag, match->to_loc,
			"to: not of the family of 'from' in line %u: no packet is of both",
			match->from_loc.line);
}

static void finish_rule(struct field_ctx *ctx, const struct field_given *given, void *object)
{
	finish_match(ctx, given, &((struct model_filter_rule *)object)->match);
}

static void finish_policy(struct field_ctx *ctx, const struct field_given *given, void *object)
{
	const struct tree_node *via = field_value(given, "via"), *other;
	const struct model_policy *policy = object;
	bool leads = via || field_value(given, "dev");
	int n = leads + (field_value(given, "drop") != NULL) +
		(field_value(given, "route") != NULL);

	finish_match(ctx, given, &policy->match);
	if (n == 0)
		diag_error(ctx->diag, policy->loc,
			"policy: expected 'via', 'dev' or both, 'route: yes' or 'drop: yes'");
	else if (n > 1)
		diag_error(ctx->diag, policy->loc,
			"policy: leads somewhere ('via', 'dev'), routes ('route') or drops "
			"('drop'): one of them");
	other = field_value(given, "else");
	if (other && n == 1 && !leads)
		diag_error(ctx->diag, other->loc,
			"else: only a policy that leads somewhere can find nobody there");
	if (via && via->kind == TREE_LIST && via->n == 0)
		diag_error(ctx->diag, via->loc, "via: expected at least one gateway");
}

/* ---- defaults ---- */

static void init_rule(void *object)
{
	model_match_init(&((struct model_filter_rule *)object)->match);
}

static void init_policy(void *object)
{
	model_match_init(&((struct model_policy *)object)->match);
}

static void init_probe(void *object)
{
	model_probe_init(object);
}

/* ---- the tables ---- */

const struct field_choice site_rpf_modes[] = {{"off", MODEL_RPF_OFF}, {"loose", MODEL_RPF_LOOSE},
	{"strict", MODEL_RPF_STRICT}, {NULL, 0}};
static const struct field_choice elses[] = {{"route", MODEL_ELSE_ROUTE}, {"next", MODEL_ELSE_NEXT},
	{"drop", MODEL_ELSE_DROP}, {NULL, 0}};

#define MATCH_FIELDS(type)                                                               \
	{"proto", parse_proto, AT(type, match.proto)},                                   \
		{"from", parse_prefix, AT(type, match.from), LOC(type, match.from_loc)}, \
		{"to", parse_prefix, AT(type, match.to), LOC(type, match.to_loc)},       \
		{"sport", parse_ports, AT(type, match.sport_first)},                     \
		{"dport", parse_ports, AT(type, match.dport_first)},                     \
		{"dscp", parse_dscp, AT(type, match.dscp)},                              \
	{                                                                                \
		"class", parse_class, AT(type, match.dscp)                               \
	}

static const struct field rule_fields[] = {
	{"name", field_name, AT(model_filter_rule, name)},
	{"action", parse_action, AT(model_filter_rule, drop), .required = true},
	MATCH_FIELDS(model_filter_rule),
};
static const struct record rule_record = {"filter rule", FIELDS(rule_fields), .has_loc = true,
	.init = init_rule, .finish = finish_rule};

static const struct field filter_fields[] = {
	{"in", field_list, AT(model_filter, in),
		.arg = &(const struct field_list){sizeof(struct model_filter_rule),
			offsetof(struct model_filter, n_in), .record = &rule_record}},
	{"out", field_list, AT(model_filter, out),
		.arg = &(const struct field_list){sizeof(struct model_filter_rule),
			offsetof(struct model_filter, n_out), .record = &rule_record}},
};
const struct record site_filter_record = {"filter", FIELDS(filter_fields), .has_loc = true};

static const struct field probe_fields[] = {
	{"peer", field_ipaddr, AT(model_probe, peer), LOC(model_probe, peer_loc), .required = true},
	{"interval", parse_interval, AT(model_probe, interval_ms)},
	{"multiplier", field_u32, AT(model_probe, multiplier), .min = 1,
		.max = PROBE_MULTIPLIER_MAX},
};
const struct record site_probe_record = {
	"probe", FIELDS(probe_fields), .has_loc = true, .init = init_probe};

static const struct field policy_fields[] = {
	{"name", field_name, AT(model_policy, name)},
	MATCH_FIELDS(model_policy),
	{"in", field_name, AT(model_policy, in), LOC(model_policy, in_loc)},
	{"via", field_list, AT(model_policy, vias), LOC(model_policy, via_loc),
		.arg = &(const struct field_list){sizeof(struct ip_addr),
			offsetof(struct model_policy, n_vias), .item = {"via", field_ipaddr},
			.one_alone = true, .unknown_item = true}},
	{"dev", field_name, AT(model_policy, dev), LOC(model_policy, dev_loc)},
	{"drop", parse_yes, AT(model_policy, drop)},
	{"route", parse_yes, AT(model_policy, route)},
	{"else", field_enum, AT(model_policy, other), .arg = elses},
};
const struct record site_policy_record = {"policy", FIELDS(policy_fields), .has_loc = true,
	.init = init_policy, .finish = finish_policy};
