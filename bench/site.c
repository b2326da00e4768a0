/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/site.h"

#define MTU 1500
#define SHAPE_BURST_BYTES (1u << 20)
#define SHAPE_QUEUE_BYTES (256u << 10)
#define SHAPE_QUEUE_PACKETS 1024
#define NET_IN 0xc0a80000u    /* 192.168.0.0/16: a /24 each port; ours is .1, the neighbour's .2 */
#define NET_OUT 0xc0a88000u   /* its upper half */
#define NET_TO 0x0a000000u    /* 10.0.0.0/8, in /24 */
#define UNDERLAY4 0xc6336400u /* 198.51.100.0/24 */
#define TUNNEL_TTL 64
#define NET_NOWHERE UINT32_C(0xac100000) /* 172.16.0.0/12: where no packet goes */

static struct ip_addr address_of(const struct site *site, uint32_t address)
{
	struct ip_addr addr = {.af = IP_AF_6, .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};

	if (!site->ip6)
		return ipaddr_from_u32(address);
	for (unsigned int i = 0; i < 4; i++)
		addr.bytes[4 + i] = (uint8_t)(address >> (24 - 8 * i));
	return addr;
}

/* With its host bits. */
static struct ip_prefix prefix24(const struct site *site, uint32_t address)
{
	return (struct ip_prefix){.addr = address_of(site, address), .len = site->ip6 ? 56 : 24};
}

static struct ip_prefix network24(const struct site *site, uint32_t address)
{
	struct ip_prefix prefix = prefix24(site, address);

	return prefix_mask(&prefix);
}

static bool is_tunnel(enum site_attach attach)
{
	return attach >= SITE_VXLAN;
}

static struct ip_addr underlay_address(bool ip6, uint8_t host)
{
	struct ip_addr addr = {
		.af = IP_AF_6, .bytes = {0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, [15] = host}};

	return ip6 ? addr : ipaddr_from_u32(UNDERLAY4 + host);
}

int site_open(struct site *site, int hugepages, uint32_t n_bufs, bool inline_run, char *err)
{
	static const uint16_t lcores[] = {SITE_LCORE};
	const struct dp_slice_spec slice = {
		.name = "s0", .lcores = lcores, .n_lcores = 1, .no_sharing = site->no_sharing};
	char name[32];
	const struct dp_conf conf = {
		.site = name,
		.hugepages = hugepages,
		.n_bufs = n_bufs,
		.mtu_max = MTU,
		.slices = &slice,
		.n_slices = 1,
		.inline_run = inline_run,
	};
	struct dp_txn *txn;
	int rc;

	snprintf(name, sizeof(name), "bench%d", (int)getpid());
	rc = dp_init(&conf, err);
	if (rc < 0)
		return rc;
	txn = dp_txn_begin();
	if (txn == NULL) {
		snprintf(err, DP_ERR_LEN, "out of memory");
		rc = -ENOMEM;
		goto fini;
	}
	for (unsigned int p = 0; p < site->n_ports; p++) {
		const struct ip_prefix underlay[] = {
			{underlay_address(false, 1), 24}, {underlay_address(true, 1), 64}};
		struct dp_port_spec spec = {.device = site->devices[p],
			.capacity_bps = UINT64_C(400000000000),
			.mtu = MTU,
			.mac = {{2, 0, 0, 0, 0, (uint8_t)(p + 1)}},
			.addresses = underlay,
			.n_addresses = is_tunnel(site->in) || is_tunnel(site->out) ? 2 : 0};

		snprintf(spec.name, sizeof(spec.name), "p%u", p);
		rc = dp_txn_port_add(txn, &spec, &site->ports[p], err);
		if (rc < 0)
			goto abort;
	}
	dp_txn_commit(txn);
	return 0;
abort:
	dp_txn_abort(txn);
fini:
	dp_fini();
	return rc;
}

static void attach_iface(
	const struct site *site, struct dp_iface_spec *spec, bool out, uint16_t vlan)
{
	static const enum dp_tunnel_type types[] = {[SITE_VXLAN] = DP_TUNNEL_VXLAN,
		[SITE_GRE] = DP_TUNNEL_GRE,
		[SITE_IPIP] = DP_TUNNEL_IPIP};
	enum site_attach attach = out ? site->out : site->in;

	spec->outer_vlan = attach == SITE_QINQ ? SITE_VLAN_OUTER : DP_VLAN_NONE;
	spec->vlan = is_tunnel(attach) ? DP_VLAN_NONE : vlan;
	if (is_tunnel(attach))
		spec->tunnel = (struct dp_tunnel_spec){.type = types[attach],
			.remote = underlay_address(site->underlay6, out ? 3 : 2),
			.id = attach == SITE_IPIP ? 0 : vlan,
			.has_key = attach == SITE_GRE,
			.ttl = TUNNEL_TTL};
}

static int add_iface(const struct site *site, struct dp_txn *txn, dp_vr_id vr, unsigned int port,
	bool out, uint16_t vlan, dp_iface_id *id, char *err)
{
	struct ip_prefix address = prefix24(site, (out ? NET_OUT : NET_IN) + (port << 8) + 1);
	struct dp_iface_spec spec = {
		.port = site->ports[port],
		.addresses = &address,
		.n_addresses = 1,
	};

	attach_iface(site, &spec, out, vlan);
	if (site->shape_bps != 0)
		spec.link = (struct dp_link_spec){
			.rate_bps = site->shape_bps,
			.at = site->shape_at != 0 ? site->shape_at : DP_AT_VIF_IN,
			.by = site->shape_by,
			.burst_bytes = SHAPE_BURST_BYTES,
			.queue_bytes = SHAPE_QUEUE_BYTES,
			.queue_packets = SHAPE_QUEUE_PACKETS,
		};
	snprintf(spec.name, sizeof(spec.name), "%s%u", out ? "out" : "in", port);
	return dp_txn_iface_add(txn, vr, &spec, id, err);
}

/* A match that no packet of the benches fits, another for each INDEX. */
static struct dp_match_spec match_nothing(const struct site *site, unsigned int index)
{
	return (struct dp_match_spec){.to = network24(site, NET_NOWHERE + (index << 8)),
		.proto = IPPROTO_UDP,
		.sport_last = UINT16_MAX,
		.dport_first = (uint16_t)index,
		.dport_last = (uint16_t)(index + 100)};
}

static int add_filter(const struct site *site, struct dp_txn *txn, dp_iface_id in, char *err)
{
	static struct dp_filter_rule rules[DP_RULES_MAX];
	int rc = 0;

	for (unsigned int i = 0; i < site->n_rules; i++)
		rules[i] = (struct dp_filter_rule){.drop = true, .match = match_nothing(site, i)};
	if (site->n_rules > 0)
		rc = dp_txn_filter_set(txn, in, DP_IN, rules, site->n_rules, err);
	if (rc == 0 && site->rpf)
		rc = dp_txn_rpf_set(txn, in, DP_RPF_STRICT, err);
	return rc;
}

static int add_policies(const struct site *site, struct dp_txn *txn, dp_vr_id vr,
	const struct dp_neigh_spec *via, char *err)
{
	static struct dp_policy_spec policies[DP_RULES_MAX];

	for (unsigned int i = 0; i < site->n_policies; i++)
		policies[i] = (struct dp_policy_spec){.match = match_nothing(site, i),
			.nexthops = {{.via = via->address, .iface = via->iface}},
			.n_nexthops = 1};
	if (site->n_policies == 0)
		return 0;
	policies[site->n_policies - 1].match = (struct dp_match_spec){
		.proto = DP_PROTO_ANY, .sport_last = UINT16_MAX, .dport_last = UINT16_MAX};
	return dp_txn_policies_set(txn, vr, policies, site->n_policies, err);
}

/* routes: room for site->n_routes. */
static int add_vr(struct site *site, struct dp_txn *txn, unsigned int v,
	struct dp_route_spec *routes, char *err)
{
	struct dp_neigh_spec neighbors[SITE_PORTS_MAX];
	struct dp_vr_spec spec = {.slice = "s0", .weight = 1};
	dp_iface_id out[SITE_PORTS_MAX], in;
	int rc;

	snprintf(spec.name, sizeof(spec.name), "v%u/r", v);
	rc = dp_txn_vr_add(txn, &spec, &site->vrs[v], err);
	for (unsigned int p = 0; rc == 0 && p < site->n_ports; p++) {
		uint16_t vlan = site->untagged ? DP_VLAN_NONE : (uint16_t)(SITE_VLAN_IN + v);

		rc = add_iface(site, txn, site->vrs[v], p, false, vlan, &in, err);
		if (rc == 0)
			rc = add_filter(site, txn, in, err);
		out[p] = in;
		if (rc == 0 && !site->untagged)
			rc = add_iface(site, txn, site->vrs[v], p, true,
				(uint16_t)(SITE_VLAN_OUT + v), &out[p], err);
		neighbors[p] = (struct dp_neigh_spec){
			.iface = out[p],
			.address = address_of(
				site, (site->untagged ? NET_IN : NET_OUT) + (p << 8) + 2),
			.mac = {{2, 0, 0, 0, 1, (uint8_t)(p + 1)}},
		};
	}
	for (unsigned int i = 0; rc == 0 && i < site->n_routes; i++) {
		const struct dp_neigh_spec *via = &neighbors[i % site->n_ports];

		routes[i] = (struct dp_route_spec){
			.to = network24(site, NET_TO + (i << 8)),
			.nexthops = {{.via = via->address, .iface = via->iface}},
			.n_nexthops = 1,
		};
	}
	if (rc == 0)
		rc = dp_txn_routes_set(txn, site->vrs[v], routes, site->n_routes, err);
	if (rc == 0)
		rc = dp_txn_neighbors_set(txn, site->vrs[v], neighbors, site->n_ports, err);
	if (rc == 0)
		rc = add_policies(site, txn, site->vrs[v], &neighbors[0], err);
	return rc;
}

int site_fill(struct site *site, char *err)
{
	struct dp_route_spec *routes = calloc(site->n_routes + 1, sizeof(*routes));
	struct dp_txn *txn = dp_txn_begin();
	int rc = 0;

	if (routes == NULL || txn == NULL) {
		snprintf(err, DP_ERR_LEN, "out of memory");
		rc = -ENOMEM;
	}
	for (unsigned int v = 0; rc == 0 && v < site->n_vrs; v++)
		rc = add_vr(site, txn, v, routes, err);
	if (rc == 0)
		dp_txn_commit(txn);
	else if (txn != NULL)
		dp_txn_abort(txn);
	free(routes);
	return rc;
}
