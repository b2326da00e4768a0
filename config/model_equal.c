/* SPDX-License-Identifier: BSD-3-Clause */
/* Comparisons of the model, member by member: padding and places in files do not count. */
#include <string.h>

#include "config/model.h"

/* Arrays of the same length whose items are equal in turn. */
#define EQUAL_ARRAYS(a, b, items, n_items, equal_item)                        \
	({                                                                    \
		bool same_ = (a)->n_items == (b)->n_items;                    \
		for (size_t i_ = 0; same_ && i_ < (a)->n_items; i_++)         \
			same_ = equal_item(&(a)->items[i_], &(b)->items[i_]); \
		same_;                                                        \
	})

static bool equal_strings(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool equal_macs(const struct mac_addr *a, const struct mac_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool equal_addrs(const struct ip_addr *a, const struct ip_addr *b)
{
	return ipaddr_cmp(a, b) == 0;
}

/* With the host bits, which prefix_cmp leaves out. */
static bool equal_addresses(const struct model_address *a, const struct model_address *b)
{
	return a->prefix.len == b->prefix.len && equal_addrs(&a->prefix.addr, &b->prefix.addr);
}

static bool equal_lcores(const uint16_t *a, const uint16_t *b)
{
	return *a == *b;
}

static bool equal_tunnels(const struct model_tunnel *a, const struct model_tunnel *b)
{
	return a->type == b->type && equal_addrs(&a->remote, &b->remote) &&
		equal_addrs(&a->local, &b->local) && a->vni == b->vni && a->has_key == b->has_key &&
		a->key == b->key && a->ttl == b->ttl && a->clear_df == b->clear_df &&
		a->fragment == b->fragment;
}

static bool equal_port_routes(const struct model_port_route *a, const struct model_port_route *b)
{
	return a->to.len == b->to.len && equal_addrs(&a->to.addr, &b->to.addr) &&
		equal_addrs(&a->via, &b->via);
}

static bool equal_rates(const struct model_rate *a, const struct model_rate *b)
{
	return a->min_bps == b->min_bps && a->max_bps == b->max_bps && a->share == b->share;
}

static bool equal_shapes(const struct model_shape *a, const struct model_shape *b)
{
	return a->at == b->at && a->by == b->by && a->burst_bytes == b->burst_bytes &&
		a->queue_bytes == b->queue_bytes && a->queue_packets == b->queue_packets &&
		a->bytes == b->bytes;
}

static bool equal_prefixes(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return a->len == b->len && equal_addrs(&a->addr, &b->addr);
}

static bool equal_matches(const struct model_match *a, const struct model_match *b)
{
	return equal_prefixes(&a->from, &b->from) && equal_prefixes(&a->to, &b->to) &&
		a->proto == b->proto && a->sport_first == b->sport_first &&
		a->sport_last == b->sport_last && a->dport_first == b->dport_first &&
		a->dport_last == b->dport_last && a->dscp == b->dscp;
}

static bool equal_filter_rules(const struct model_filter_rule *a, const struct model_filter_rule *b)
{
	return strcmp(a->name, b->name) == 0 && a->drop == b->drop &&
		equal_matches(&a->match, &b->match);
}

bool model_filter_equal(const struct model_filter *a, const struct model_filter *b)
{
	return EQUAL_ARRAYS(a, b, in, n_in, equal_filter_rules) &&
		EQUAL_ARRAYS(a, b, out, n_out, equal_filter_rules);
}

bool model_probe_equal(const struct model_probe *a, const struct model_probe *b)
{
	if (!equal_addrs(&a->peer, &b->peer))
		return false;
	return a->peer.af == IP_AF_NONE ||
		(a->interval_ms == b->interval_ms && a->multiplier == b->multiplier);
}

bool model_policy_equal(const struct model_policy *a, const struct model_policy *b)
{
	return strcmp(a->name, b->name) == 0 && equal_matches(&a->match, &b->match) &&
		strcmp(a->in, b->in) == 0 && strcmp(a->dev, b->dev) == 0 && a->drop == b->drop &&
		a->route == b->route && a->other == b->other &&
		EQUAL_ARRAYS(a, b, vias, n_vias, equal_addrs);
}

static bool equal_ras(const struct model_ra *a, const struct model_ra *b)
{
	if (a->interval_s != b->interval_s)
		return false;
	return a->interval_s == 0 ||
		(a->lifetime_s == b->lifetime_s && a->managed == b->managed &&
			a->other == b->other);
}

static bool equal_neighbors(const struct model_neighbor *a, const struct model_neighbor *b)
{
	return equal_addrs(&a->address, &b->address) && equal_macs(&a->mac, &b->mac) &&
		strcmp(a->interface, b->interface) == 0;
}

static bool equal_eals(const struct model_eal *a, const struct model_eal *b)
{
	return a->hugepages == b->hugepages && a->memory_bytes == b->memory_bytes &&
		a->lcores_auto == b->lcores_auto && equal_strings(a->lcores, b->lcores);
}

bool model_slice_equal(const struct model_slice *a, const struct model_slice *b)
{
	return strcmp(a->name, b->name) == 0 && a->idle == b->idle &&
		EQUAL_ARRAYS(a, b, lcores, n_lcores, equal_lcores);
}

bool model_port_equal(const struct model_port *a, const struct model_port *b)
{
	return strcmp(a->name, b->name) == 0 && equal_strings(a->device, b->device) &&
		a->role == b->role && a->capacity_bps == b->capacity_bps &&
		a->vpxi_share_centi == b->vpxi_share_centi && a->mtu == b->mtu &&
		equal_macs(&a->mac, &b->mac) &&
		EQUAL_ARRAYS(a, b, addresses, n_addresses, equal_addresses) &&
		EQUAL_ARRAYS(a, b, routes, n_routes, equal_port_routes);
}

bool model_route_equal(const struct model_route *a, const struct model_route *b)
{
	return a->to.len == b->to.len && equal_addrs(&a->to.addr, &b->to.addr) &&
		strcmp(a->dev, b->dev) == 0 && a->metric == b->metric &&
		EQUAL_ARRAYS(a, b, vias, n_vias, equal_addrs);
}

bool model_interface_same_attachment(
	const struct model_interface *a, const struct model_interface *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->port, b->port) == 0 &&
		a->outer_vlan == b->outer_vlan && a->vlan == b->vlan &&
		equal_tunnels(&a->tunnel, &b->tunnel) && equal_macs(&a->mac, &b->mac) &&
		a->mtu == b->mtu && equal_ras(&a->ra, &b->ra) &&
		EQUAL_ARRAYS(a, b, addresses, n_addresses, equal_addresses);
}

bool model_interface_equal(const struct model_interface *a, const struct model_interface *b)
{
	return model_interface_same_attachment(a, b) && equal_rates(&a->rate, &b->rate) &&
		equal_shapes(&a->shape, &b->shape) && model_filter_equal(&a->filter, &b->filter) &&
		a->rpf == b->rpf && model_probe_equal(&a->probe, &b->probe);
}

bool model_router_equal(const struct model_router *a, const struct model_router *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->slice, b->slice) == 0 &&
		a->weight == b->weight &&
		EQUAL_ARRAYS(a, b, interfaces, n_interfaces, model_interface_equal) &&
		EQUAL_ARRAYS(a, b, routes, n_routes, model_route_equal) &&
		EQUAL_ARRAYS(a, b, neighbors, n_neighbors, equal_neighbors) &&
		EQUAL_ARRAYS(a, b, policies, n_policies, model_policy_equal);
}

static bool equal_leases(const struct model_lease *a, const struct model_lease *b)
{
	bool there = a->loc.line != 0;

	if (there != (b->loc.line != 0))
		return false;
	return !there || (a->start_s == b->start_s && a->end_s == b->end_s);
}

static bool equal_period_rates(const struct model_period_rate *a, const struct model_period_rate *b)
{
	return strcmp(a->router, b->router) == 0 && strcmp(a->interface, b->interface) == 0 &&
		equal_rates(&a->rate, &b->rate);
}

static bool equal_periods(const struct model_period *a, const struct model_period *b)
{
	return strcmp(a->name, b->name) == 0 && a->duration_s == b->duration_s &&
		EQUAL_ARRAYS(a, b, rates, n_rates, equal_period_rates);
}

bool model_vpxi_equal(const struct model_vpxi *a, const struct model_vpxi *b)
{
	return strcmp(a->name, b->name) == 0 && equal_leases(&a->lease, &b->lease) &&
		EQUAL_ARRAYS(a, b, periods, n_periods, equal_periods) &&
		EQUAL_ARRAYS(a, b, routers, n_routers, model_router_equal);
}

bool model_site_equal(const struct model_site *a, const struct model_site *b)
{
	return strcmp(a->name, b->name) == 0 && equal_eals(&a->eal, &b->eal) &&
		equal_strings(a->control.socket, b->control.socket) &&
		equal_strings(a->control.metrics, b->control.metrics) &&
		EQUAL_ARRAYS(a, b, slices, n_slices, model_slice_equal) &&
		EQUAL_ARRAYS(a, b, ports, n_ports, model_port_equal) &&
		EQUAL_ARRAYS(a, b, vpxis, n_vpxis, model_vpxi_equal);
}
