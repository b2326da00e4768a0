/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/print.h"

#include "config/lease.h"
#include "config/print_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/rate.h"

/* ---- scalars ---- */

/* Would any YAML reader take it, unquoted, for text? Digits may make a number of it. */
static bool is_plain(const char *text)
{
	static const char *const words[] = {
		"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_./";

	if (!strchr(letters, text[0]) || text[strspn(text, more)] != '\0')
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return false;
	}
	return true;
}

/* The code point at *text, which moves behind it. What is not UTF-8 counts as Latin-1. */
static uint32_t next_char(const unsigned char **text)
{
	const unsigned char *c = *text;
	unsigned int n = c[0] >= 0xf0 ? 3 : c[0] >= 0xe0 ? 2 : c[0] >= 0xc0 ? 1 : 0;
	uint32_t value = n ? c[0] & (0x3fu >> n) : c[0];

	for (unsigned int i = 1; i <= n; i++) {
		if ((c[i] & 0xc0) != 0x80) {
			*text = c + 1;
			return c[0];
		}
		value = value << 6 | (c[i] & 0x3f);
	}
	*text = c + n + 1;
	return value;
}

static void print_text(FILE *out, const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	if (is_plain(text)) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	while (*c) {
		uint32_t value = next_char(&c);

		if (value == '"' || value == '\\')
			fprintf(out, "\\%c", (int)value);
		else if (value >= 0x20 && value < 0x7f)
			fputc((int)value, out);
		else if (value <= 0xff)
			fprintf(out, "\\x%02" PRIx32, value);
		else if (value <= 0xffff)
			fprintf(out, "\\u%04" PRIx32, value);
		else
			fprintf(out, "\\U%08" PRIx32, value);
	}
	fputc('"', out);
}

/* ---- keys and values ---- */

FILE *map_key(struct map *map, const char *key)
{
	if (map->indent < 0)
		fprintf(map->out, "%s%s: ", map->filled ? ", " : "{", key);
	else if (map->filled)
		fprintf(map->out, "\n%*s%s: ", map->indent, "", key);
	else
		fprintf(map->out, "%s: ", key);
	map->filled = true;
	return map->out;
}

void map_text(struct map *map, const char *key, const char *value)
{
	print_text(map_key(map, key), value);
}

void map_number(struct map *map, const char *key, unsigned long value)
{
	fprintf(map_key(map, key), "%lu", value);
}

static void map_rate(struct map *map, const char *key, uint64_t bps)
{
	char buf[RATE_STRLEN];

	fputs(rate_print(bps, buf), map_key(map, key));
}

static void map_size(struct map *map, const char *key, uint64_t bytes)
{
	char buf[SIZE_STRLEN];

	fputs(size_print(bytes, buf), map_key(map, key));
}

static void map_mac(struct map *map, const char *key, const struct mac_addr *mac)
{
	char buf[MAC_ADDR_STRLEN];

	if (!mac_is_zero(mac))
		fprintf(map_key(map, key), "\"%s\"", mac_print(mac, buf));
}

/* Colons of IPv6 mean something in YAML. */
static void print_addr(FILE *out, const struct ip_addr *addr)
{
	char buf[IP_ADDR_STRLEN];

	fprintf(out, addr->af == IP_AF_6 ? "\"%s\"" : "%s", ipaddr_print(addr, buf));
}

static void print_prefix(FILE *out, const struct ip_prefix *prefix)
{
	char buf[IP_PREFIX_STRLEN];

	fprintf(out, prefix->addr.af == IP_AF_6 ? "\"%s\"" : "%s", prefix_print(prefix, buf));
}

static void map_addresses(
	struct map *map, const char *key, const struct model_address *addresses, size_t n)
{
	if (n == 0)
		return;
	fputc('[', map_key(map, key));
	for (size_t i = 0; i < n; i++) {
		fputs(i ? ", " : "", map->out);
		print_prefix(map->out, &addresses[i].prefix);
	}
	fputc(']', map->out);
}

void map_prefix(struct map *map, const char *key, const struct ip_prefix *prefix)
{
	print_prefix(map_key(map, key), prefix);
}

void map_addrs(struct map *map, const char *key, const struct ip_addr *addrs, size_t n)
{
	if (n == 0)
		return;
	fputs(n > 1 ? "[" : "", map_key(map, key));
	for (size_t i = 0; i < n; i++) {
		fputs(i ? ", " : "", map->out);
		print_addr(map->out, &addrs[i]);
	}
	fputs(n > 1 ? "]" : "", map->out);
}

struct map map_inner(struct map *map, const char *key)
{
	return (struct map){.out = map_key(map, key), .indent = -1};
}

void map_end(struct map *map)
{
	fputs(map->filled ? "}" : "{}", map->out);
}

/* ---- one VPXI ---- */

static void print_tunnel(struct map *iface, const struct model_tunnel *tunnel)
{
	static const char *const types[] = {"", "vxlan", "gre", "ipip"};
	struct map map;

	if (tunnel->type == MODEL_TUNNEL_NONE)
		return;
	map = map_inner(iface, "tunnel");
	map_text(&map, "type", types[tunnel->type]);
	print_addr(map_key(&map, "remote"), &tunnel->remote);
	if (tunnel->local.af != IP_AF_NONE)
		print_addr(map_key(&map, "local"), &tunnel->local);
	if (tunnel->type == MODEL_TUNNEL_VXLAN)
		map_number(&map, "vni", tunnel->vni);
	if (tunnel->has_key)
		map_number(&map, "key", tunnel->key);
	if (tunnel->ttl)
		map_number(&map, "ttl", tunnel->ttl);
	if (tunnel->clear_df)
		map_text(&map, "df", "no");
	if (tunnel->fragment)
		map_text(&map, "fragment", "yes");
	map_end(&map);
}

static void print_rate(struct map *iface, const struct model_rate *rate)
{
	struct map map;

	if (rate->min_bps == 0 && rate->max_bps == MODEL_RATE_NONE)
		return;
	map = map_inner(iface, "rate");
	if (rate->min_bps == rate->max_bps) {
		map_rate(&map, "static", rate->min_bps);
	} else {
		if (rate->min_bps)
			map_rate(&map, "min", rate->min_bps);
		if (rate->max_bps != MODEL_RATE_NONE)
			map_rate(&map, "max", rate->max_bps);
	}
	if (rate->share == MODEL_SHARE_BORROW)
		map_text(&map, "share", "borrow");
	map_end(&map);
}

static void print_shape(
	struct map *iface, const struct model_shape *shape, const struct model_shape *usual)
{
	static const char *const places[] = {
		[MODEL_AT_INGRESS] = "ingress",
		[MODEL_AT_VIF_IN] = "vif-in",
		[MODEL_AT_VIF_OUT] = "vif-out",
		[MODEL_AT_PORT] = "port",
	};
	uint32_t queue_packets = model_queue_packets(shape->queue_bytes);
	struct map map;

	if (shape->at == usual->at && shape->by == usual->by && shape->bytes == usual->bytes &&
		shape->burst_bytes == usual->burst_bytes &&
		shape->queue_bytes == usual->queue_bytes && shape->queue_packets == queue_packets)
		return;
	map = map_inner(iface, "shape");
	if (shape->at != usual->at)
		map_text(&map, "at", places[shape->at]);
	if (shape->by != usual->by)
		map_text(&map, "by", shape->by == MODEL_BY_PSP ? "psp" : "tbf");
	if (shape->burst_bytes != usual->burst_bytes)
		map_size(&map, "burst", shape->burst_bytes);
	if (shape->queue_bytes != usual->queue_bytes)
		map_size(&map, "queue", shape->queue_bytes);
	if (shape->queue_packets != queue_packets)
		map_number(&map, "queue-packets", shape->queue_packets);
	if (shape->bytes != usual->bytes)
		map_text(&map, "bytes", shape->bytes == MODEL_ACCOUNT_L1 ? "l1" : "l2");
	map_end(&map);
}

static void print_ra(struct map *outer, const struct model_ra *ra)
{
	struct map map;

	if (!ra->interval_s)
		return;
	map = map_inner(outer, "ra");
	lease_duration_print(ra->interval_s, map_key(&map, "interval"));
	if (ra->lifetime_s)
		lease_duration_print(ra->lifetime_s, map_key(&map, "lifetime"));
	else
		fputs("no", map_key(&map, "lifetime"));
	if (ra->managed)
		fputs("yes", map_key(&map, "managed"));
	if (ra->other)
		fputs("yes", map_key(&map, "other"));
	map_end(&map);
}

static void print_interface(FILE *out, const struct model_interface *iface)
{
	struct map map = {.out = out, .indent = 12};
	struct model_interface usual;

	model_interface_init(&usual);
	fputs("\n          - ", out);
	map_text(&map, "name", iface->name);
	map_text(&map, "port", iface->port);
	if (iface->outer_vlan != MODEL_VLAN_NONE)
		fprintf(map_key(&map, "vlan"), "[%u, %u]", iface->outer_vlan, iface->vlan);
	else if (iface->vlan != MODEL_VLAN_NONE)
		map_number(&map, "vlan", iface->vlan);
	print_tunnel(&map, &iface->tunnel);
	map_addresses(&map, "address", iface->addresses, iface->n_addresses);
	map_mac(&map, "mac", &iface->mac);
	if (iface->mtu)
		map_number(&map, "mtu", iface->mtu);
	print_rate(&map, &iface->rate);
	print_shape(&map, &iface->shape, &usual.shape);
	print_filter(&map, &iface->filter);
	print_rpf(&map, iface->rpf);
	print_probe(&map, &iface->probe);
	print_ra(&map, &iface->ra);
}

static void print_route(FILE *out, const struct model_route *route)
{
	struct map map = {.out = out, .indent = -1};

	fputs("\n          - ", out);
	map_prefix(&map, "to", &route->to);
	map_addrs(&map, "via", route->vias, route->n_vias);
	if (route->dev[0])
		map_text(&map, "dev", route->dev);
	if (route->n_vias == 0 && !route->dev[0])
		fputs("yes", map_key(&map, "drop"));
	if (route->metric)
		map_number(&map, "metric", route->metric);
	map_end(&map);
}

static void print_neighbor(FILE *out, const struct model_neighbor *neighbor)
{
	struct map map = {.out = out, .indent = -1};

	fputs("\n          - ", out);
	print_addr(map_key(&map, "address"), &neighbor->address);
	map_mac(&map, "mac", &neighbor->mac);
	map_text(&map, "interface", neighbor->interface);
	map_end(&map);
}

static void print_router(
	FILE *out, const struct model_site *site, const struct model_router *router)
{
	struct map map = {.out = out, .indent = 8};

	fputs("\n      - ", out);
	map_text(&map, "name", router->name);
	if (router->slice[0] && (!site->n_slices || strcmp(router->slice, site->slices[0].name)))
		map_text(&map, "slice", router->slice);
	if (router->weight != 1)
		map_number(&map, "weight", router->weight);
	if (router->n_interfaces)
		fputs("\n        interfaces:", out);
	for (size_t i = 0; i < router->n_interfaces; i++)
		print_interface(out, &router->interfaces[i]);
	if (router->n_routes)
		fputs("\n        routes:", out);
	for (size_t i = 0; i < router->n_routes; i++)
		print_route(out, &router->routes[i]);
	if (router->n_neighbors)
		fputs("\n        neighbors:", out);
	for (size_t i = 0; i < router->n_neighbors; i++)
		print_neighbor(out, &router->neighbors[i]);
	if (router->n_policies)
		fputs("\n        policies:", out);
	for (size_t i = 0; i < router->n_policies; i++)
		print_policy(out, &router->policies[i]);
}

static void print_lease(FILE *out, const struct model_lease *lease)
{
	char text[LEASE_TIME_STRLEN];

	fprintf(out, "\n    lease: {start: %s", lease_time_print(lease->start_s, text));
	if (lease->end_s != MODEL_TIME_NONE)
		fprintf(out, ", end: %s", lease_time_print(lease->end_s, text));
	fputc('}', out);
}

static void print_period(FILE *out, const struct model_period *period)
{
	struct map map = {.out = out, .indent = -1};
	char text[RATE_STRLEN];

	fputs("\n      - ", out);
	map_text(&map, "name", period->name);
	if (period->duration_s)
		lease_duration_print(period->duration_s, map_key(&map, "duration"));
	if (period->n_rates)
		fputc('[', map_key(&map, "rates"));
	for (size_t i = 0; i < period->n_rates; i++) {
		const struct model_period_rate *rate = &period->rates[i];
		bool fixed = rate->rate.min_bps == rate->rate.max_bps;

		fprintf(out, "%s{link: %s/%s", i ? ", " : "", rate->router, rate->interface);
		if (rate->rate.min_bps)
			fprintf(out, ", %s: %s", fixed ? "static" : "min",
				rate_print(rate->rate.min_bps, text));
		if (!fixed && rate->rate.max_bps != MODEL_RATE_NONE)
			fprintf(out, ", max: %s", rate_print(rate->rate.max_bps, text));
		if (rate->rate.share == MODEL_SHARE_BORROW)
			fputs(", share: borrow", out);
		fputc('}', out);
	}
	if (period->n_rates)
		fputc(']', out);
	map_end(&map);
}

static void print_vpxi(FILE *out, const struct model_site *site, const struct model_vpxi *vpxi)
{
	struct map map = {.out = out, .indent = 4};

	fputs("\n  - ", out);
	map_text(&map, "name", vpxi->name);
	if (vpxi->lease.loc.line)
		print_lease(out, &vpxi->lease);
	if (vpxi->n_periods)
		fputs("\n    periods:", out);
	for (size_t i = 0; i < vpxi->n_periods; i++)
		print_period(out, &vpxi->periods[i]);
	if (vpxi->n_routers)
		fputs("\n    routers:", out);
	for (size_t i = 0; i < vpxi->n_routers; i++)
		print_router(out, site, &vpxi->routers[i]);
}

/* ---- the site around them ---- */

static void print_eal(struct map *site, const struct model_eal *eal)
{
	bool own_lcores = !eal->lcores_auto && eal->lcores;
	struct map map;

	if (eal->hugepages == MODEL_AUTO && eal->memory_bytes == 0 && !own_lcores)
		return;
	map = map_inner(site, "eal");
	if (eal->hugepages != MODEL_AUTO)
		fputs(eal->hugepages == MODEL_YES ? "yes" : "no", map_key(&map, "hugepages"));
	if (eal->memory_bytes)
		map_size(&map, "memory", eal->memory_bytes);
	if (own_lcores)
		map_text(&map, "lcores", eal->lcores);
	map_end(&map);
}

static bool is_default_socket(const struct model_site *site)
{
	char *path;
	bool same;

	if (asprintf(&path, "/run/hpsrouter/%s.sock", site->name) < 0)
		return false;
	same = strcmp(path, site->control.socket) == 0;
	free(path);
	return same;
}

static void print_control(struct map *site_map, const struct model_site *site)
{
	const struct model_control *control = &site->control;
	bool own_socket = control->socket && !is_default_socket(site);
	struct map map;

	if (!own_socket && !control->metrics)
		return;
	map = map_inner(site_map, "control");
	if (own_socket)
		map_text(&map, "socket", control->socket);
	if (control->metrics)
		map_text(&map, "metrics", control->metrics);
	map_end(&map);
}

static void print_slice(FILE *out, const struct model_slice *slice)
{
	struct map map = {.out = out, .indent = -1};

	fputs("\n  - ", out);
	map_text(&map, "name", slice->name);
	map_key(&map, "lcores");
	for (size_t i = 0; i < slice->n_lcores; i++)
		fprintf(out, "%s%u", i ? ", " : "[", slice->lcores[i]);
	fputs(slice->n_lcores ? "]" : "[]", out);
	if (slice->idle == MODEL_IDLE_SLEEP)
		map_text(&map, "idle", "sleep");
	map_end(&map);
}

static bool is_default_slice(const struct model_slice *slice)
{
	return strcmp(slice->name, "s0") == 0 && slice->n_lcores == 1 && slice->lcores[0] == 1 &&
		slice->idle == MODEL_IDLE_POLL;
}

static void print_port_routes(FILE *out, const struct model_port *port)
{
	char to[IP_PREFIX_STRLEN], via[IP_ADDR_STRLEN];

	for (size_t i = 0; i < port->n_routes; i++)
		fprintf(out, "%s{to: \"%s\", via: \"%s\"}", i ? ", " : "[",
			prefix_print(&port->routes[i].to, to),
			ipaddr_print(&port->routes[i].via, via));
	fputc(']', out);
}

static void print_port(FILE *out, const struct model_port *port)
{
	struct map map = {.out = out, .indent = -1};
	char buf[RATE_STRLEN];
	struct model_port usual;

	model_port_init(&usual);
	fputs("\n  - ", out);
	map_text(&map, "name", port->name);
	map_text(&map, "device", port->device);
	if (port->role != usual.role)
		map_text(&map, "role", port->role == MODEL_ROLE_BACKBONE ? "backbone" : "access");
	if (port->capacity_bps != usual.capacity_bps)
		map_rate(&map, "capacity", port->capacity_bps);
	if (port->vpxi_share_centi != usual.vpxi_share_centi)
		fputs(percent_print(port->vpxi_share_centi, buf), map_key(&map, "vpxi-share"));
	if (port->mtu != usual.mtu)
		map_number(&map, "mtu", port->mtu);
	map_mac(&map, "mac", &port->mac);
	map_addresses(&map, "address", port->addresses, port->n_addresses);
	if (port->n_routes)
		print_port_routes(map_key(&map, "routes"), port);
	map_end(&map);
}

int print_site(const struct model_site *site, FILE *out)
{
	struct map map = {.out = out};

	map_text(&map, "site", site->name);
	print_eal(&map, &site->eal);
	print_control(&map, site);
	if (site->n_slices != 1 || !is_default_slice(&site->slices[0])) {
		fputs(site->n_slices ? "\nslices:" : "", out);
		for (size_t i = 0; i < site->n_slices; i++)
			print_slice(out, &site->slices[i]);
	}
	fputs(site->n_ports ? "\nports:" : "", out);
	for (size_t i = 0; i < site->n_ports; i++)
		print_port(out, &site->ports[i]);
	fputs(site->n_vpxis ? "\nvpxis:" : "", out);
	for (size_t i = 0; i < site->n_vpxis; i++)
		print_vpxi(out, site, &site->vpxis[i]);
	fputc('\n', out);
	return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}
