/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters, policies and probes; see print.c. */
#include "config/print_parts.h"

static void print_ports(struct map *map, const char *key, uint16_t first, uint16_t last)
{
	if (first == 0 && last == UINT16_MAX)
		return;
	if (first == last)
		map_number(map, key, first);
	else
		fprintf(map_key(map, key), "%u-%u", first, last);
}

static void print_match(struct map *map, const struct model_match *match)
{
	bool more = false;

	if (match->proto != MODEL_PROTO_ANY)
		map_number(map, "proto", match->proto);
	if (match->from.addr.af)
		map_prefix(map, "from", &match->from);
	if (match->to.addr.af)
		map_prefix(map, "to", &match->to);
	print_ports(map, "sport", match->sport_first, match->sport_last);
	print_ports(map, "dport", match->dport_first, match->dport_last);
	if (match->dscp == 0)
		return;
	fputc('[', map_key(map, "dscp"));
	for (unsigned int point = 0; point < 64; point++) {
		if (!(match->dscp >> point & 1))
			continue;
		fprintf(map->out, "%s%u", more ? ", " : "", point);
		more = true;
	}
	fputc(']', map->out);
}

static void print_rules(
	struct map *map, const char *key, const struct model_filter_rule *rules, size_t n)
{
	if (n == 0)
		return;
	fputc('[', map_key(map, key));
	for (size_t i = 0; i < n; i++) {
		struct map rule = {.out = map->out, .indent = -1};

		fputs(i ? ", " : "", map->out);
		if (rules[i].name[0])
			map_text(&rule, "name", rules[i].name);
		map_text(&rule, "action", rules[i].drop ? "drop" : "accept");
		print_match(&rule, &rules[i].match);
		map_end(&rule);
	}
	fputc(']', map->out);
}

void print_filter(struct map *iface, const struct model_filter *filter)
{
	struct map map;

	if (filter->n_in == 0 && filter->n_out == 0)
		return;
	map = map_inner(iface, "filter");
	print_rules(&map, "in", filter->in, filter->n_in);
	print_rules(&map, "out", filter->out, filter->n_out);
	map_end(&map);
}

void print_rpf(struct map *iface, enum model_rpf rpf)
{
	if (rpf != MODEL_RPF_OFF)
		map_text(iface, "rpf", rpf == MODEL_RPF_STRICT ? "strict" : "loose");
}

void print_probe(struct map *iface, const struct model_probe *probe)
{
	struct model_probe usual;
	struct map map;

	if (probe->peer.af == IP_AF_NONE)
		return;
	model_probe_init(&usual);
	map = map_inner(iface, "probe");
	map_addrs(&map, "peer", &probe->peer, 1);
	if (probe->interval_ms != usual.interval_ms)
		fprintf(map_key(&map, "interval"), "%ums", probe->interval_ms);
	if (probe->multiplier != usual.multiplier)
		map_number(&map, "multiplier", probe->multiplier);
	map_end(&map);
}

void print_policy(FILE *out, const struct model_policy *policy)
{
	struct map map = {.out = out, .indent = -1};

	fputs("\n          - ", out);
	if (policy->name[0])
		map_text(&map, "name", policy->name);
	print_match(&map, &policy->match);
	if (policy->in[0])
		map_text(&map, "in", policy->in);
	map_addrs(&map, "via", policy->vias, policy->n_vias);
	if (policy->dev[0])
		map_text(&map, "dev", policy->dev);
	if (policy->drop)
		fputs("yes", map_key(&map, "drop"));
	if (policy->route)
		fputs("yes", map_key(&map, "route"));
	if (policy->other != MODEL_ELSE_ROUTE)
		map_text(&map, "else", policy->other == MODEL_ELSE_NEXT ? "next" : "drop");
	map_end(&map);
}
