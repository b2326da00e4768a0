/* SPDX-License-Identifier: BSD-3-Clause */
/* For the tests of config/: files of test/data, and random sites. */
#ifndef HPSR_TEST_CONFIG_UTIL_H
#define HPSR_TEST_CONFIG_UTIL_H

#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/model.h"
#include "config/print.h"
#include "config/site.h"
#include "lib/rate.h"

/* ---- files ---- */

static inline int util_is_yaml(const struct dirent *entry)
{
	return fnmatch("*.yaml", entry->d_name, 0) == 0;
}

/* Calls back with the path of each YAML file in a folder below ROOT; how many there were. */
static inline int util_each_file(const char *root, const char *folder, void (*cb)(const char *path))
{
	struct dirent **entries;
	char path[1024];
	int n;

	snprintf(path, sizeof(path), "%s/%s", root, folder);
	n = scandir(path, &entries, util_is_yaml, alphasort);
	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", root, folder, entries[i]->d_name);
		cb(path);
		free(entries[i]);
	}
	free(entries);
	return n;
}

/* The whole file, NUL behind; the caller frees. */
static inline char *util_read(const char *path)
{
	char *text = NULL;
	size_t size = 0;
	FILE *in = fopen(path, "r");

	if (!in)
		fail_msg("cannot open %s", path);
	if (getdelim(&text, &size, EOF, in) < 0) {
		free(text);
		text = strdup("");
	}
	fclose(in);
	return text;
}

/* The report must be, line for line, what the file beside PATH.yaml says: PATH.txt. */
static inline void util_assert_report(const char *path, const struct diag *diag)
{
	char expected_path[1024], *expected, *report = diag_format(diag);

	snprintf(expected_path, sizeof(expected_path), "%.*s.txt", (int)(strlen(path) - 5), path);
	expected = util_read(expected_path);
	if (strcmp(report, expected) != 0)
		fail_msg("%s: expected\n%s\nfound\n%s", path, expected, report);
	free(expected);
	free(report);
}

static inline char *util_print(const struct model_site *site)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(print_site(site, out), 0);
	fclose(out);
	return text;
}

/* Parse a text that must be right. */
static inline struct model_site *util_parse(const char *text)
{
	struct model_site *site;
	struct diag diag;
	char *report;

	assert_int_equal(diag_init(&diag, "text"), 0);
	site_parse_buffer("text", text, strlen(text), &site, &diag);
	report = diag_format(&diag);
	if (!site || report[0])
		fail_msg("%s\n%s", report, text);
	free(report);
	diag_fini(&diag);
	return site;
}

/* ---- random sites: any values that the file can say, whether they fit together or not ---- */

static inline unsigned int util_random(unsigned int n)
{
	return (unsigned int)rand() % n;
}

static inline void util_random_name(char *name)
{
	static const char letters[] = "abcxyzABCXYZ0123456789-_.";
	static const char *const words[] = {
		"null", "true", "yes", "No", "1e3", "0x10", "~1", "a", "12", "1.5"};
	size_t len = 1 + util_random(util_random(8) ? 6 : MODEL_NAME_MAX);

	do {
		memset(name, 0, MODEL_NAME_MAX + 1);
		for (size_t i = 0; i < len; i++)
			name[i] = letters[util_random(sizeof(letters) - 1)];
		if (util_random(8) == 0)
			strcpy(name, words[util_random(10)]);
	} while (strchr("-_.~", name[0]));
}

static inline char *util_random_string(void)
{
	static const char *const pieces[] = {"net_af_xdp0,iface=", "0000:3b:00.0", "a b", "\"",
		"\\", "'", "#", ": ", " - ", "{", "]", "é", "\xe2\x80\xa8", "\xf0\x9f\x90\xb8", "%",
		"@", "\xc2\x85", "~", "null", ",", " ", "&x", "*y", "!z", "|", ">"};
	char text[256] = "";

	for (unsigned int n = 1 + util_random(5); n; n--)
		strcat(text, pieces[util_random(sizeof(pieces) / sizeof(pieces[0]))]);
	return strdup(text);
}

static inline struct ip_addr util_random_addr(void)
{
	struct ip_addr addr = {.af = util_random(2) ? IP_AF_4 : IP_AF_6};

	for (int i = 0; i < (addr.af == IP_AF_4 ? 4 : 16); i++)
		addr.bytes[i] = (uint8_t)(util_random(3) ? util_random(256) : 0);
	return addr;
}

static inline struct ip_prefix util_random_prefix(void)
{
	struct ip_prefix prefix = {.addr = util_random_addr()};

	prefix.len = (uint8_t)util_random(prefix.addr.af == IP_AF_4 ? 33 : 129);
	return prefix;
}

static inline struct mac_addr util_random_mac(void)
{
	struct mac_addr mac;

	if (util_random(2))
		return (struct mac_addr){0};
	for (int i = 0; i < 6; i++)
		mac.bytes[i] = (uint8_t)util_random(256);
	mac.bytes[0] = (uint8_t)((mac.bytes[0] & 0xfe) | 2);
	return mac;
}

static inline void util_random_addresses(struct model_address **addresses, size_t *n)
{
	*n = util_random(4);
	*addresses = *n ? calloc(*n, sizeof(**addresses)) : NULL;
	for (size_t i = 0; i < *n; i++)
		(*addresses)[i].prefix = util_random_prefix();
}

static inline uint64_t util_random_rate(void)
{
	static const uint64_t round[] = {100000000, 1500000, 64000, 400000000000, 2500000000};

	if (util_random(2))
		return round[util_random(5)];
	return RATE_MIN_BPS +
		((uint64_t)rand() << 20 ^ (uint64_t)rand()) % (RATE_MAX_BPS - RATE_MIN_BPS);
}

static inline void util_random_rates(struct model_rate *rate)
{
	uint64_t a = util_random_rate(), b = util_random_rate();

	switch (util_random(5)) {
	case 0:
		return;
	case 1:
		rate->min_bps = a;
		break;
	case 2:
		rate->max_bps = a;
		break;
	case 3:
		rate->min_bps = rate->max_bps = a;
		break;
	default:
		rate->min_bps = a < b ? a : b;
		rate->max_bps = a < b ? b : a;
	}
	rate->share = util_random(2) ? MODEL_SHARE_BORROW : MODEL_SHARE_STRICT;
}

static inline void util_random_match(struct model_match *match)
{
	struct ip_prefix from = util_random_prefix(), to = util_random_prefix();

	model_match_init(match);
	if (util_random(2))
		match->from = prefix_mask(&from);
	if (util_random(2) && (!match->from.addr.af || to.addr.af == match->from.addr.af))
		match->to = prefix_mask(&to);
	if (util_random(2)) {
		match->proto = util_random(2) ? 6 : 17;
		match->dport_first = (uint16_t)util_random(65536);
		match->dport_last = match->dport_first;
	} else if (util_random(2)) {
		match->proto = (uint16_t)util_random(256);
	} else {
		match->sport_first = (uint16_t)util_random(1000);
		match->sport_last = (uint16_t)(1000 + util_random(60000));
	}
	if (util_random(2))
		match->dscp = UINT64_C(1) << util_random(64) | UINT64_C(1) << util_random(64);
}

static inline void util_random_rules(struct model_filter_rule **rules, size_t *n)
{
	*n = util_random(4);
	*rules = *n ? calloc(*n, sizeof(**rules)) : NULL;
	for (size_t i = 0; i < *n; i++) {
		if (util_random(2))
			util_random_name((*rules)[i].name);
		(*rules)[i].drop = util_random(2);
		util_random_match(&(*rules)[i].match);
	}
}

static inline void util_random_policy(struct model_policy *policy)
{
	if (util_random(2))
		util_random_name(policy->name);
	util_random_match(&policy->match);
	if (util_random(2))
		util_random_name(policy->in);
	switch (util_random(4)) {
	case 0:
		policy->drop = true;
		return;
	case 1:
		policy->route = true;
		return;
	case 2:
		util_random_name(policy->dev);
		break;
	default:
		policy->n_vias = 1 + util_random(3);
		policy->vias = calloc(policy->n_vias, sizeof(*policy->vias));
		for (size_t i = 0; i < policy->n_vias; i++)
			policy->vias[i] = util_random_addr();
	}
	policy->other = util_random(3);
}

static inline void util_random_interface(struct model_interface *iface)
{
	model_interface_init(iface);
	util_random_name(iface->name);
	util_random_name(iface->port);
	switch (util_random(4)) {
	case 0:
		iface->outer_vlan = (uint16_t)(1 + util_random(4094));
		/* fall through */
	case 1:
		iface->vlan = (uint16_t)(1 + util_random(4094));
		break;
	case 2:
		iface->tunnel.type = MODEL_TUNNEL_VXLAN + util_random(3);
		iface->tunnel.remote = util_random_addr();
		if (util_random(2))
			iface->tunnel.local = util_random_addr();
		if (iface->tunnel.type == MODEL_TUNNEL_VXLAN)
			iface->tunnel.vni = util_random(1 << 24);
		iface->tunnel.has_key = iface->tunnel.type == MODEL_TUNNEL_GRE && util_random(2);
		if (iface->tunnel.has_key)
			iface->tunnel.key = (uint32_t)rand() * 2 + util_random(2);
		if (util_random(2))
			iface->tunnel.ttl = (uint16_t)(2 + util_random(254));
		iface->tunnel.clear_df = util_random(2);
		iface->tunnel.fragment = util_random(2);
		break;
	}
	util_random_addresses(&iface->addresses, &iface->n_addresses);
	iface->mac = util_random_mac();
	iface->mtu = (uint16_t)(util_random(2) ? 0 : 68 + util_random(9000 - 67));
	util_random_rates(&iface->rate);
	if (util_random(2)) {
		util_random_rules(&iface->filter.in, &iface->filter.n_in);
		util_random_rules(&iface->filter.out, &iface->filter.n_out);
		iface->rpf = util_random(3);
	}
	if (util_random(4) == 0) {
		iface->probe.peer = util_random_addr();
		iface->probe.interval_ms = util_random(2) ? 50 : 10 + util_random(9991);
		iface->probe.multiplier = util_random(2) ? 3 : 1 + util_random(50);
	}
	if (util_random(4) == 0) {
		iface->ra.interval_s = 4 + util_random(1797);
		iface->ra.lifetime_s = util_random(3) ? iface->ra.interval_s : 0;
		iface->ra.managed = util_random(2) ? MODEL_ON : MODEL_OFF;
		iface->ra.other = util_random(2) ? MODEL_ON : MODEL_OFF;
	}
	if (util_random(2))
		return;
	iface->shape.at = MODEL_AT_INGRESS + util_random(4);
	iface->shape.by = util_random(2) ? MODEL_BY_TBF : MODEL_BY_PSP;
	iface->shape.burst_bytes = 1 + util_random(64 << 20);
	iface->shape.queue_bytes = 1 + util_random(1 << 30);
	iface->shape.queue_packets = util_random(2) ? model_queue_packets(iface->shape.queue_bytes)
						    : 1 + util_random(1 << 22);
	iface->shape.bytes = util_random(2) ? MODEL_ACCOUNT_L2 : MODEL_ACCOUNT_L1;
}

static inline void util_random_route(struct model_route *route)
{
	struct ip_prefix to = util_random_prefix();

	route->to = prefix_mask(&to);
	route->n_vias = util_random(4);
	route->vias = route->n_vias ? calloc(route->n_vias, sizeof(*route->vias)) : NULL;
	for (size_t i = 0; i < route->n_vias; i++)
		route->vias[i] = util_random_addr();
	if (util_random(2))
		util_random_name(route->dev);
	if (util_random(2))
		route->metric = util_random(3) ? util_random(10) : UINT32_MAX;
}

static inline void util_random_router(struct model_router *router, const struct model_site *site)
{
	model_router_init(router);
	util_random_name(router->name);
	if (util_random(2))
		strcpy(router->slice, site->slices[util_random((unsigned int)site->n_slices)].name);
	else
		util_random_name(router->slice);
	router->weight = 1 + util_random(1000);
	router->n_interfaces = util_random(4);
	router->interfaces = calloc(router->n_interfaces + 1, sizeof(*router->interfaces));
	for (size_t i = 0; i < router->n_interfaces; i++)
		util_random_interface(&router->interfaces[i]);
	router->n_routes = util_random(4);
	router->routes = calloc(router->n_routes + 1, sizeof(*router->routes));
	for (size_t i = 0; i < router->n_routes; i++)
		util_random_route(&router->routes[i]);
	router->n_neighbors = util_random(3);
	router->neighbors = calloc(router->n_neighbors + 1, sizeof(*router->neighbors));
	for (size_t i = 0; i < router->n_neighbors; i++) {
		struct model_neighbor *neighbor = &router->neighbors[i];

		neighbor->address = util_random_addr();
		neighbor->mac = util_random_mac();
		neighbor->mac.bytes[0] |= 2;
		util_random_name(neighbor->interface);
	}
	router->n_policies = util_random(3);
	router->policies = calloc(router->n_policies + 1, sizeof(*router->policies));
	for (size_t i = 0; i < router->n_policies; i++)
		util_random_policy(&router->policies[i]);
}

static inline void util_random_vpxi(struct model_vpxi *vpxi, const struct model_site *site)
{
	memset(vpxi, 0, sizeof(*vpxi));
	util_random_name(vpxi->name);
	vpxi->n_routers = util_random(3);
	vpxi->routers = calloc(vpxi->n_routers + 1, sizeof(*vpxi->routers));
	for (size_t i = 0; i < vpxi->n_routers; i++)
		util_random_router(&vpxi->routers[i], site);
}

static inline void util_random_port(struct model_port *port)
{
	model_port_init(port);
	util_random_name(port->name);
	port->device = util_random_string();
	port->role = util_random(2) ? MODEL_ROLE_ACCESS : MODEL_ROLE_BACKBONE;
	if (util_random(2))
		port->capacity_bps = util_random_rate();
	port->vpxi_share_centi = util_random(2) ? 10000 : util_random(10001);
	port->mtu = (uint16_t)(68 + util_random(9000 - 67));
	port->mac = util_random_mac();
	util_random_addresses(&port->addresses, &port->n_addresses);
	port->n_routes = util_random(3);
	port->routes = calloc(port->n_routes + 1, sizeof(*port->routes));
	for (size_t i = 0; i < port->n_routes; i++) {
		struct ip_prefix to = util_random_prefix();

		port->routes[i].to = prefix_mask(&to);
		port->routes[i].via = util_random_addr();
	}
}

static inline struct model_site *util_random_site(void)
{
	struct model_site *site = model_site_create();

	assert_non_null(site);
	util_random_name(site->name);
	site->eal.hugepages = util_random(3);
	site->eal.memory_bytes = util_random(2) ? 0 : (UINT64_C(16) << 20) + (unsigned int)rand();
	if (util_random(2)) {
		site->eal.lcores_auto = false;
		do {
			free(site->eal.lcores);
			site->eal.lcores = util_random_string();
		} while (strcmp(site->eal.lcores, "auto") == 0);
	}
	if (util_random(2))
		site->control.socket = util_random_string();
	else if (asprintf(&site->control.socket, "/run/hpsrouter/%s.sock", site->name) < 0)
		abort();
	if (util_random(2))
		site->control.metrics = util_random_string();
	site->n_slices = 1 + util_random(3);
	site->slices = calloc(site->n_slices, sizeof(*site->slices));
	for (size_t i = 0; i < site->n_slices; i++) {
		struct model_slice *slice = &site->slices[i];

		util_random_name(slice->name);
		slice->idle = util_random(2) ? MODEL_IDLE_POLL : MODEL_IDLE_SLEEP;
		slice->n_lcores = 1 + util_random(3);
		slice->lcores = calloc(slice->n_lcores, sizeof(*slice->lcores));
		for (size_t j = 0; j < slice->n_lcores; j++)
			slice->lcores[j] = (uint16_t)util_random(128);
	}
	site->n_ports = util_random(4);
	site->ports = calloc(site->n_ports + 1, sizeof(*site->ports));
	for (size_t i = 0; i < site->n_ports; i++)
		util_random_port(&site->ports[i]);
	site->n_vpxis = util_random(3);
	site->vpxis = calloc(site->n_vpxis + 1, sizeof(*site->vpxis));
	for (size_t i = 0; i < site->n_vpxis; i++)
		util_random_vpxi(&site->vpxis[i], site);
	return site;
}

#endif
