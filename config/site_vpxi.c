/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys of one VPXI: its routers, their interfaces, routes and neighbours. */
#include "config/lease.h"
#include "config/site_keys.h"

#include <stdlib.h>
#include <string.h>

#include "lib/rate.h"

/* RFC 4861 6.2.1. */
#define RA_INTERVAL_S 600u
#define RA_INTERVAL_MIN_S 4u
#define RA_INTERVAL_MAX_S 1800u
#define RA_LIFETIMES 3u
#define RA_LIFETIME_MAX_S 9000u
#define VLAN_MAX 4094
#define VNI_MAX ((1u << 24) - 1)
#define BURST_MAX (UINT64_C(64) << 20)
#define QUEUE_MAX (UINT64_C(1) << 30)
#define QUEUE_PACKETS_MAX (1u << 22)
#define WEIGHT_MAX 1000
#define METRIC_MAX UINT32_MAX

/* ---- keys with a form of their own ---- */

/* A VLAN, or [outer, inner]. */
static FIELD_PARSER(parse_vlan)
{
	struct model_interface *iface = object;
	const struct tree_node *outer = NULL, *inner = node;
	uint64_t outer_id = MODEL_VLAN_NONE, inner_id;

	if (node->kind == TREE_LIST && (node->n == 1 || node->n == 2)) {
		outer = node->n == 2 ? node->first : NULL;
		inner = node->last;
	}
	if (inner->kind == TREE_LIST || inner->kind == TREE_MAP) {
		field_expected(
			ctx, field, node, "a VLAN from 1 to 4094, or [OUTER, INNER] for 802.1ad");
		return;
	}
	if (!field_number(ctx, field, inner, &inner_id) ||
		(outer && !field_number(ctx, field, outer, &outer_id)))
		return;
	iface->outer_vlan = (uint16_t)outer_id;
	iface->vlan = (uint16_t)inner_id;
}

static FIELD_PARSER(parse_key)
{
	struct model_tunnel *tunnel = object;

	tunnel->has_key = true;
	field_u32(ctx, field, node, object);
}

static bool parse_yes(
	struct field_ctx *ctx, const struct field *field, const struct tree_node *node, bool *value)
{
	bool yes = false, no = false;

	if (node->kind == TREE_SCALAR) {
		yes = strcmp(node->text, "yes") == 0 || strcmp(node->text, "true") == 0;
		no = strcmp(node->text, "no") == 0 || strcmp(node->text, "false") == 0;
	}
	*value = yes;
	if (!yes && !no)
		field_expected(ctx, field, node, "yes or no");
	return yes || no;
}

static FIELD_PARSER(parse_df)
{
	bool df;

	if (parse_yes(ctx, field, node, &df))
		((struct model_tunnel *)object)->clear_df = !df;
}

static FIELD_PARSER(parse_fragment)
{
	parse_yes(ctx, field, node, &((struct model_tunnel *)object)->fragment);
}

static FIELD_PARSER(parse_static)
{
	struct model_rate *rate = object;

	field_rate(ctx, field, node, object);
	if (rate->min_bps)
		rate->max_bps = rate->min_bps;
	rate->max_loc = rate->min_loc;
}

static FIELD_PARSER(parse_time)
{
	static const char what[] = "a time in UTC such as 2026-12-01T08:00:00Z";
	const char *text = field_text(ctx, field, node, what);
	int64_t time_s;

	if (!text)
		return;
	if (lease_time_parse(text, &time_s) < 0)
		field_expected(ctx, field, node, what);
	else
		*(int64_t *)((char *)object + field->offset) = time_s;
}

static FIELD_PARSER(parse_duration)
{
	static const char what[] = "a duration in d, h, m and s such as 4h or 1h30m, up to 36500d";
	const char *text = field_text(ctx, field, node, what);
	uint64_t duration_s;

	if (!text)
		return;
	if (lease_duration_parse(text, &duration_s) < 0)
		field_expected(ctx, field, node, what);
	else
		*(uint64_t *)((char *)object + field->offset) = duration_s;
}

/* RFC 4861: 0 is a router that is nobody's default. */
static FIELD_PARSER(parse_lifetime)
{
	const char *text = field_text(ctx, field, node, "a duration such as 30m, or no");

	if (text && strcmp(text, "no") == 0)
		*(uint64_t *)((char *)object + field->offset) = 0;
	else if (text)
		parse_duration(ctx, field, node, object);
}

/* ROUTER/INTERFACE of the same VPXI. */
static FIELD_PARSER(parse_link)
{
	static const char what[] = "a link of this VPXI, ROUTER/INTERFACE";
	struct model_period_rate *rate = object;
	const char *text = field_text(ctx, field, node, what), *slash;
	size_t router, interface;

	if (!text)
		return;
	slash = strchr(text, '/');
	router = slash ? (size_t)(slash - text) : 0;
	interface = slash ? strlen(slash + 1) : 0;
	if (router == 0 || router > MODEL_NAME_MAX || interface == 0 ||
		interface > MODEL_NAME_MAX) {
		field_expected(ctx, field, node, what);
		return;
	}
	memcpy(rate->router, text, router);
	memcpy(rate->interface, slash + 1, interface);
}

static FIELD_PARSER(parse_to)
{
	struct model_route *route = object;

	site_parse_network(ctx, field, node, &route->to);
}

FIELD_PARSER(site_parse_network)
{
	static const char what[] = "a network such as 10.2.0.0/24, or default";
	struct ip_prefix *out = object;
	const char *text = field_text(ctx, field, node, what);
	char found[TREE_VALUE_STRLEN], meant[IP_PREFIX_STRLEN];
	struct ip_prefix to, masked;

	if (!text)
		return;
	if (strcmp(text, "default") == 0)
		text = "0.0.0.0/0"; /* or ::/0: finish_route knows the gateway */
	if (prefix_parse(text, &to) < 0) {
		field_expected(ctx, field, node, what);
		return;
	}
	masked = prefix_mask(&to);
	if (ipaddr_cmp(&masked.addr, &to.addr) != 0)
		diag_error(ctx->diag, node->loc,
			"to: %s has bits behind its prefix length, did you mean %s?",
			tree_value(node, found), prefix_print(&masked, meant));
	else
		*out = to;
}

/* What it says is said by a route without gateway and interface. */
static FIELD_PARSER(parse_drop)
{
	(void)object;
	if (node->kind != TREE_SCALAR ||
		(strcmp(node->text, "yes") != 0 && strcmp(node->text, "true") != 0))
		field_expected(ctx, field, node, "yes");
}

/* ---- rules that concern several keys ---- */

static void refuse_key(
	struct field_ctx *ctx, const struct field_given *given, const char *key, const char *owner)
{
	const struct tree_node *value = field_value(given, key);

	if (value)
		diag_error(ctx->diag, value->loc, "%s: only %s has one", key, owner);
}

static void finish_tunnel(struct field_ctx *ctx, const struct field_given *given, void *object)
{
	const struct model_tunnel *tunnel = object;

	if (tunnel->type == MODEL_TUNNEL_NONE)
		return;
	if (tunnel->type != MODEL_TUNNEL_VXLAN)
		refuse_key(ctx, given, "vni", "vxlan");
	else if (!field_value(given, "vni"))
		diag_error(ctx->diag, tunnel->loc, "missing key 'vni' in tunnel: vxlan needs it");
	if (tunnel->type != MODEL_TUNNEL_GRE)
		refuse_key(ctx, given, "key", "gre");
}

static void finish_rate(struct field_ctx *ctx, const struct field_given *given, void *object)
{
	const struct tree_node *fixed = field_value(given, "static");
	bool ranged = field_value(given, "min") || field_value(given, "max");
	struct model_rate *rate = object;
	char min[RATE_STRLEN], max[RATE_STRLEN];

	if (fixed && ranged)
		diag_error(ctx->diag, fixed->loc,
			"static: sets min and max, neither may stand beside it");
	else if (!fixed && !ranged)
		diag_error(ctx->diag, rate->loc,
			"rate: expected 'min', 'max', both, or 'static' (without a rate: best "
			"effort)");
	else if (rate->min_bps > rate->max_bps)
		diag_error(ctx->diag, rate->min_loc, "min: %s is over max, %s in line %u",
			rate_print(rate->min_bps, min), rate_print(rate->max_bps, max),
			rate->max_loc.line);
}

static void finish_lease(struct field_ctx *ctx, const struct field_given *given, void *object)
{
	const struct tree_node *end = field_value(given, "end");
	struct model_lease *lease = object;
	char text[LEASE_TIME_STRLEN];

	if (end && field_value(given, "duration")) {
		diag_error(ctx->diag, end->loc, "end: 'duration' says it already");
	} else if (lease->duration_s) {
		lease->end_s = lease->start_s + (int64_t)lease->duration_s;
		lease->end_loc = lease->duration_loc;
	}
	lease->duration_s = 0;
	if (lease->end_s <= lease->start_s && field_value(given, "start") && end)
		diag_error(ctx->diag, end->loc, "end: not after the start, %s",
			lease_time_print(lease->start_s, text));
}

static void finish_shape(struct field_ctx *ctx, const struct field_given *given, void *object)
{
	struct model_shape *shape = object;

	(void)ctx;
	if (!field_value(given, "queue-packets"))
		shape->queue_packets = model_queue_packets(shape->queue_bytes);
}

static void init_ra(void *object)
{
	*(struct model_ra *)object = (struct model_ra){.interval_s = RA_INTERVAL_S};
}

static void finish_ra(struct field_ctx *ctx, const struct field_given *given, void *object)
{
	struct model_ra *ra = object;

	if (ra->interval_s < RA_INTERVAL_MIN_S || ra->interval_s > RA_INTERVAL_MAX_S)
		diag_error(ctx->diag, field_value(given, "interval")->loc,
			"interval: expected %us to %us", RA_INTERVAL_MIN_S, RA_INTERVAL_MAX_S);
	else if (!field_value(given, "lifetime"))
		ra->lifetime_s = RA_LIFETIMES * ra->interval_s;
	else if (ra->lifetime_s &&
		(ra->lifetime_s < ra->interval_s || ra->lifetime_s > RA_LIFETIME_MAX_S))
		diag_error(ctx->diag, field_value(given, "lifetime")->loc,
			"lifetime: expected no or the interval to %us", RA_LIFETIME_MAX_S);
}

static void finish_interface(struct field_ctx *ctx, const struct field_given *given, void *object)
{
	const struct model_interface *iface = object;

	(void)given;
	if (iface->tunnel.loc.line && iface->vlan_loc.line)
		diag_error(ctx->diag, iface->tunnel.loc,
			"tunnel: the interface has a vlan in line %u; it can have one of both",
			iface->vlan_loc.line);
}

static void finish_route(struct field_ctx *ctx, const struct field_given *given, void *object)
{
	const struct tree_node *to = field_value(given, "to"), *drop = field_value(given, "drop");
	const struct tree_node *via = field_value(given, "via");
	struct model_route *route = object;
	bool leads = via || field_value(given, "dev");

	if (to && to->kind == TREE_SCALAR && strcmp(to->text, "default") == 0 && route->n_vias &&
		route->vias[0].af == IP_AF_6)
		route->to = (struct ip_prefix){.addr.af = IP_AF_6};
	if (leads && drop)
		diag_error(ctx->diag, drop->loc,
			"drop: a route that leads somewhere ('via', 'dev') cannot drop");
	if (!leads && !drop)
		diag_error(ctx->diag, route->loc,
			"route: expected 'via', 'dev' or both ('drop: yes' to discard)");
	if (via && via->kind == TREE_LIST && via->n == 0)
		diag_error(ctx->diag, via->loc, "via: expected at least one gateway");
}

/* ---- defaults ---- */

static void init_router(void *object)
{
	model_router_init(object);
}

static void init_lease(void *object)
{
	((struct model_lease *)object)->end_s = MODEL_TIME_NONE;
}

static void init_period_rate(void *object)
{
	((struct model_period_rate *)object)->rate.max_bps = MODEL_RATE_NONE;
}

static void init_interface(void *object)
{
	model_interface_init(object);
}

/* ---- the tables ---- */

static const struct field_choice tunnel_types[] = {{"vxlan", MODEL_TUNNEL_VXLAN},
	{"gre", MODEL_TUNNEL_GRE}, {"ipip", MODEL_TUNNEL_IPIP}, {NULL, 0}};
static const struct field_choice shares[] = {
	{"strict", MODEL_SHARE_STRICT}, {"borrow", MODEL_SHARE_BORROW}, {NULL, 0}};
static const struct field_choice places[] = {{"ingress", MODEL_AT_INGRESS},
	{"vif-in", MODEL_AT_VIF_IN}, {"vif-out", MODEL_AT_VIF_OUT}, {"port", MODEL_AT_PORT},
	{NULL, 0}};
static const struct field_choice shapers[] = {
	{"tbf", MODEL_BY_TBF}, {"psp", MODEL_BY_PSP}, {NULL, 0}};
static const struct field_choice accountings[] = {
	{"l2", MODEL_ACCOUNT_L2}, {"l1", MODEL_ACCOUNT_L1}, {NULL, 0}};

static const struct field tunnel_fields[] = {
	{"type", field_enum, AT(model_tunnel, type), .arg = tunnel_types, .required = true},
	{"remote", field_ipaddr, AT(model_tunnel, remote), LOC(model_tunnel, remote_loc),
		.required = true},
	{"local", field_ipaddr, AT(model_tunnel, local), LOC(model_tunnel, local_loc)},
	{"vni", field_u32, AT(model_tunnel, vni), .max = VNI_MAX},
	{"key", parse_key, AT(model_tunnel, key), .max = UINT32_MAX},
	{"ttl", field_u16, AT(model_tunnel, ttl), .min = 2, .max = 255},
	{"df", parse_df},
	{"fragment", parse_fragment},
};
static const struct record tunnel_record = {
	"tunnel", FIELDS(tunnel_fields), .has_loc = true, .finish = finish_tunnel};

static const struct field rate_fields[] = {
	{"min", field_rate, AT(model_rate, min_bps), LOC(model_rate, min_loc), RATE_LIMITS},
	{"max", field_rate, AT(model_rate, max_bps), LOC(model_rate, max_loc), RATE_LIMITS},
	{"static", parse_static, AT(model_rate, min_bps), LOC(model_rate, min_loc), RATE_LIMITS},
	{"share", field_enum, AT(model_rate, share), .arg = shares},
};
static const struct record rate_record = {
	"rate", FIELDS(rate_fields), .has_loc = true, .finish = finish_rate};

static const struct field lease_fields[] = {
	{"start", parse_time, AT(model_lease, start_s), LOC(model_lease, start_loc),
		.required = true},
	{"end", parse_time, AT(model_lease, end_s), LOC(model_lease, end_loc)},
	{"duration", parse_duration, AT(model_lease, duration_s), LOC(model_lease, duration_loc)},
};
static const struct record lease_record = {
	"lease", FIELDS(lease_fields), .has_loc = true, .init = init_lease, .finish = finish_lease};

static const struct field period_rate_fields[] = {
	{"link", parse_link, LOC(model_period_rate, link_loc), .required = true},
	{"min", field_rate, AT(model_period_rate, rate.min_bps),
		LOC(model_period_rate, rate.min_loc), RATE_LIMITS},
	{"max", field_rate, AT(model_period_rate, rate.max_bps),
		LOC(model_period_rate, rate.max_loc), RATE_LIMITS},
	{"static", parse_static, AT(model_period_rate, rate.min_bps),
		LOC(model_period_rate, rate.min_loc), RATE_LIMITS},
	{"share", field_enum, AT(model_period_rate, rate.share), .arg = shares},
};
static const struct record period_rate_record = {"period's rate", FIELDS(period_rate_fields),
	.has_loc = true, .init = init_period_rate, .finish = finish_rate};

static const struct field period_fields[] = {
	{"name", field_name, AT(model_period, name), .required = true},
	{"duration", parse_duration, AT(model_period, duration_s), LOC(model_period, duration_loc)},
	{"rates", field_list, AT(model_period, rates),
		.arg = &(const struct field_list){sizeof(struct model_period_rate),
			offsetof(struct model_period, n_rates), .record = &period_rate_record}},
};
static const struct record period_record = {"period", FIELDS(period_fields), .has_loc = true};

static const struct field shape_fields[] = {
	{"at", field_enum, AT(model_shape, at), .arg = places},
	{"by", field_enum, AT(model_shape, by), .arg = shapers},
	{"burst", field_size, AT(model_shape, burst_bytes), LOC(model_shape, burst_loc), .min = 1,
		.max = BURST_MAX},
	{"queue", field_size, AT(model_shape, queue_bytes), LOC(model_shape, queue_loc), .min = 1,
		.max = QUEUE_MAX},
	{"queue-packets", field_u32, AT(model_shape, queue_packets), .min = 1,
		.max = QUEUE_PACKETS_MAX},
	{"bytes", field_enum, AT(model_shape, bytes), .arg = accountings},
};
static const struct record shape_record = {
	"shape", FIELDS(shape_fields), .has_loc = true, .finish = finish_shape};

static const struct field_choice switches[] = {{"no", MODEL_OFF}, {"yes", MODEL_ON}, {NULL, 0}};

static const struct field ra_fields[] = {
	{"interval", parse_duration, AT(model_ra, interval_s)},
	{"lifetime", parse_lifetime, AT(model_ra, lifetime_s)},
	{"managed", field_enum, AT(model_ra, managed), .arg = switches},
	{"other", field_enum, AT(model_ra, other), .arg = switches},
};
static const struct record ra_record = {
	"ra", FIELDS(ra_fields), .has_loc = true, .init = init_ra, .finish = finish_ra};

static const struct field interface_fields[] = {
	{"name", field_name, AT(model_interface, name), .required = true},
	{"port", field_name, AT(model_interface, port), LOC(model_interface, port_loc),
		.required = true},
	{"vlan", parse_vlan, LOC(model_interface, vlan_loc), .min = 1, .max = VLAN_MAX},
	{"tunnel", field_record, AT(model_interface, tunnel), .arg = &tunnel_record},
	{"address", field_list, AT(model_interface, addresses),
		.arg = &(const struct field_list){sizeof(struct model_address),
			offsetof(struct model_interface, n_addresses), ADDRESS_ITEM}},
	{"mac", field_mac, AT(model_interface, mac), LOC(model_interface, mac_loc)},
	{"mtu", field_u16, AT(model_interface, mtu), LOC(model_interface, mtu_loc), MTU_LIMITS},
	{"rate", field_record, AT(model_interface, rate), .arg = &rate_record},
	{"shape", field_record, AT(model_interface, shape), .arg = &shape_record},
	{"filter", field_record, AT(model_interface, filter), .arg = &site_filter_record},
	{"rpf", field_enum, AT(model_interface, rpf), .arg = site_rpf_modes},
	{"probe", field_record, AT(model_interface, probe), .arg = &site_probe_record},
	{"ra", field_record, AT(model_interface, ra), .arg = &ra_record},
};
static const struct record interface_record = {"interface", FIELDS(interface_fields),
	.has_loc = true, .init = init_interface, .finish = finish_interface};

static const struct field route_fields[] = {
	{"to", parse_to, LOC(model_route, to_loc), .required = true},
	{"via", field_list, AT(model_route, vias), LOC(model_route, via_loc),
		.arg = &(const struct field_list){sizeof(struct ip_addr),
			offsetof(struct model_route, n_vias), .item = {"via", field_ipaddr},
			.one_alone = true, .unknown_item = true}},
	{"dev", field_name, AT(model_route, dev), LOC(model_route, dev_loc)},
	{"drop", parse_drop},
	{"metric", field_u32, AT(model_route, metric), .max = METRIC_MAX},
};
static const struct record route_record = {
	"route", FIELDS(route_fields), .has_loc = true, .finish = finish_route};

static const struct field neighbor_fields[] = {
	{"address", field_ipaddr, AT(model_neighbor, address), LOC(model_neighbor, address_loc),
		.required = true},
	{"mac", field_mac, AT(model_neighbor, mac), .required = true},
	{"interface", field_name, AT(model_neighbor, interface), LOC(model_neighbor, interface_loc),
		.required = true},
};
static const struct record neighbor_record = {"neighbor", FIELDS(neighbor_fields), .has_loc = true};

static const struct field router_fields[] = {
	{"name", field_name, AT(model_router, name), .required = true},
	{"slice", field_name, AT(model_router, slice), LOC(model_router, slice_loc)},
	{"weight", field_u32, AT(model_router, weight), .min = 1, .max = WEIGHT_MAX},
	{"interfaces", field_list, AT(model_router, interfaces),
		.arg = &(const struct field_list){sizeof(struct model_interface),
			offsetof(struct model_router, n_interfaces), .record = &interface_record,
			.unknown_item = true}},
	{"routes", field_list, AT(model_router, routes),
		.arg = &(const struct field_list){sizeof(struct model_route),
			offsetof(struct model_router, n_routes), .record = &route_record}},
	{"neighbors", field_list, AT(model_router, neighbors),
		.arg = &(const struct field_list){sizeof(struct model_neighbor),
			offsetof(struct model_router, n_neighbors), .record = &neighbor_record}},
	{"policies", field_list, AT(model_router, policies),
		.arg = &(const struct field_list){sizeof(struct model_policy),
			offsetof(struct model_router, n_policies), .record = &site_policy_record}},
};
static const struct record router_record = {
	"router", FIELDS(router_fields), .has_loc = true, .init = init_router};

static const struct field vpxi_fields[] = {
	{"name", field_name, AT(model_vpxi, name), .required = true},
	{"lease", field_record, AT(model_vpxi, lease), .arg = &lease_record},
	{"periods", field_list, AT(model_vpxi, periods),
		.arg = &(const struct field_list){sizeof(struct model_period),
			offsetof(struct model_vpxi, n_periods), .record = &period_record}},
	{"routers", field_list, AT(model_vpxi, routers),
		.arg = &(const struct field_list){sizeof(struct model_router),
			offsetof(struct model_vpxi, n_routers), .record = &router_record}},
};
const struct record site_vpxi_record = {"VPXI", FIELDS(vpxi_fields), .has_loc = true};
