/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/dpspec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dpspec_port(const struct model_port *port, uint64_t share_bps, struct dp_port_spec *spec)
{
	memset(spec, 0, sizeof(*spec));
	snprintf(spec->name, sizeof(spec->name), "%s", port->name);
	spec->device = port->device;
	spec->capacity_bps = port->capacity_bps == MODEL_RATE_NONE ? 0 : port->capacity_bps;
	/* 0 would be all of it. */
	if (share_bps != GRANT_UNKNOWN)
		spec->share_bps = share_bps ? share_bps : 1;
	spec->mtu = port->mtu;
	spec->mac = port->mac;
}

int dpspec_underlay(
	const struct model_port *port, struct dp_port_spec *spec, struct dpspec_underlay *lists)
{
	memset(lists, 0, sizeof(*lists));
	if (port->role != MODEL_ROLE_BACKBONE)
		return 0;
	lists->addresses = calloc(port->n_addresses + 1, sizeof(*lists->addresses));
	lists->routes = calloc(port->n_routes + 1, sizeof(*lists->routes));
	if (!lists->addresses || !lists->routes) {
		dpspec_underlay_fini(lists);
		return -ENOMEM;
	}
	for (size_t i = 0; i < port->n_addresses; i++)
		lists->addresses[i] = port->addresses[i].prefix;
	for (size_t i = 0; i < port->n_routes; i++)
		lists->routes[i] = (struct dp_port_route){port->routes[i].to, port->routes[i].via};
	spec->addresses = lists->addresses;
	spec->n_addresses = port->n_addresses;
	spec->routes = lists->routes;
	spec->n_routes = port->n_routes;
	return 0;
}

void dpspec_underlay_fini(struct dpspec_underlay *lists)
{
	free(lists->addresses);
	free(lists->routes);
}

static void dpspec_tunnel(const struct model_tunnel *tunnel, struct dp_tunnel_spec *spec)
{
	static const enum dp_tunnel_type types[] = {
		[MODEL_TUNNEL_NONE] = DP_TUNNEL_NONE,
		[MODEL_TUNNEL_VXLAN] = DP_TUNNEL_VXLAN,
		[MODEL_TUNNEL_GRE] = DP_TUNNEL_GRE,
		[MODEL_TUNNEL_IPIP] = DP_TUNNEL_IPIP,
	};

	spec->type = types[tunnel->type];
	spec->remote = tunnel->remote;
	spec->local = tunnel->local;
	spec->id = tunnel->type == MODEL_TUNNEL_VXLAN ? tunnel->vni : tunnel->key;
	spec->has_key = tunnel->has_key;
	spec->ttl = tunnel->ttl ? (uint8_t)tunnel->ttl : DPSPEC_TUNNEL_TTL;
	spec->clear_df = tunnel->clear_df;
	spec->fragment = tunnel->fragment;
}

void dpspec_vr(
	const struct model_vpxi *vpxi, const struct model_router *router, struct dp_vr_spec *spec)
{
	memset(spec, 0, sizeof(*spec));
	snprintf(spec->name, sizeof(spec->name), "%s/%s", vpxi->name, router->name);
	snprintf(spec->slice, sizeof(spec->slice), "%s", router->slice);
	spec->weight = router->weight;
}

void dpspec_link(
	const struct model_interface *iface, const struct grant *grant, struct dp_link_spec *spec)
{
	static const enum dp_place places[] = {
		[MODEL_AT_INGRESS] = DP_AT_INGRESS,
		[MODEL_AT_VIF_IN] = DP_AT_VIF_IN,
		[MODEL_AT_VIF_OUT] = DP_AT_VIF_OUT,
		[MODEL_AT_PORT] = DP_AT_PORT,
	};
	const struct model_shape *shape = &iface->shape;
	uint64_t most_bps = grant->granted_bps;

	if (grant->borrow_bps > most_bps)
		most_bps = grant->borrow_bps;
	memset(spec, 0, sizeof(*spec));
	spec->rate_bps = grant->granted_bps;
	spec->min_bps = grant->min_bps;
	spec->borrow_bps = grant->borrow_bps;
	spec->at = places[shape->at];
	spec->by = shape->by == MODEL_BY_PSP ? DP_BY_PSP : DP_BY_TBF;
	spec->burst_bytes = model_burst_bytes(shape, most_bps);
	spec->queue_bytes = shape->queue_bytes;
	spec->queue_packets = shape->queue_packets;
	spec->count_l1 = shape->bytes == MODEL_ACCOUNT_L1;
}

int dpspec_iface(const struct model_interface *iface, dp_port_id port, const struct grant *grant,
	struct dp_iface_spec *spec, struct ip_prefix **addresses)
{
	struct ip_prefix *list = calloc(iface->n_addresses + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < iface->n_addresses; i++)
		list[i] = iface->addresses[i].prefix;
	memset(spec, 0, sizeof(*spec));
	snprintf(spec->name, sizeof(spec->name), "%s", iface->name);
	spec->port = port;
	spec->outer_vlan = iface->outer_vlan == MODEL_VLAN_NONE ? DP_VLAN_NONE : iface->outer_vlan;
	spec->vlan = iface->vlan == MODEL_VLAN_NONE ? DP_VLAN_NONE : iface->vlan;
	spec->mac = iface->mac;
	spec->mtu = iface->mtu;
	dpspec_tunnel(&iface->tunnel, &spec->tunnel);
	spec->addresses = list;
	spec->n_addresses = iface->n_addresses;
	spec->ra = (struct dp_ra_spec){.interval_s = (uint16_t)iface->ra.interval_s,
		.lifetime_s = (uint16_t)iface->ra.lifetime_s,
		.managed = iface->ra.managed == MODEL_ON,
		.other = iface->ra.other == MODEL_ON};
	dpspec_link(iface, grant, &spec->link);
	*addresses = list;
	return 0;
}

/* The interface in whose network the gateway is; of nested networks the longest. */
static const struct model_interface *connected_iface(
	const struct model_router *router, const struct ip_addr *via)
{
	const struct model_interface *found = NULL;
	int best = -1;

	for (size_t i = 0; i < router->n_interfaces; i++) {
		const struct model_interface *iface = &router->interfaces[i];

		for (size_t a = 0; a < iface->n_addresses; a++) {
			const struct ip_prefix *prefix = &iface->addresses[a].prefix;

			if (prefix->len > best && prefix_contains(prefix, via)) {
				found = iface;
				best = prefix->len;
			}
		}
	}
	return found;
}

static int add_nexthop(const struct model_vpxi *vpxi, const struct model_router *router,
	const char *what, const char *dev, const struct ip_addr *via, const struct ids *ids,
	struct dp_nexthop_spec *nexthop, char *err)
{
	char address[IP_ADDR_STRLEN];
	const struct model_interface *iface;

	if (dev[0]) {
		iface = model_interface_lookup(router, dev);
		if (!iface) {
			snprintf(err, DP_ERR_LEN, "%s: %s/%s has no interface %s", what, vpxi->name,
				router->name, dev);
			return -EINVAL;
		}
	} else {
		iface = connected_iface(router, via);
		if (!iface) {
			snprintf(err, DP_ERR_LEN,
				"%s: gateway %s is in no network of an interface of %s/%s", what,
				ipaddr_print(via, address), vpxi->name, router->name);
			return -EINVAL;
		}
	}
	nexthop->via = *via;
	nexthop->iface = ids_iface(ids, vpxi->name, router->name, iface->name);
	return 0;
}

int dpspec_nexthops(const struct model_vpxi *vpxi, const struct model_router *router,
	const char *what, const struct ip_addr *vias, size_t n_vias, const char *dev,
	uint32_t metric, const struct ids *ids, struct dp_nexthop_spec *nexthops, size_t *n,
	char *err)
{
	static const struct ip_addr on_link = {.af = IP_AF_NONE};
	size_t n_hops = n_vias ? n_vias : dev[0] != '\0';

	if (*n + n_hops > DP_NEXTHOPS_MAX) {
		snprintf(err, DP_ERR_LEN, "%s has %zu gateways, at most %d are possible", what,
			*n + n_hops, DP_NEXTHOPS_MAX);
		return -EINVAL;
	}
	/* Neither gateway nor interface: it says drop. */
	for (size_t i = 0; i < n_hops; i++) {
		int rc = add_nexthop(vpxi, router, what, dev, n_vias ? &vias[i] : &on_link, ids,
			&nexthops[*n], err);

		if (rc < 0)
			return rc;
		nexthops[(*n)++].metric = metric;
	}
	return 0;
}

int dpspec_routes(const struct model_vpxi *vpxi, const struct model_router *router,
	const struct model_route *const *routes, size_t n, const struct ids *ids,
	struct dp_route_spec *spec, char *err)
{
	char what[IP_PREFIX_STRLEN + 8], to[IP_PREFIX_STRLEN];
	int rc = 0;

	memset(spec, 0, sizeof(*spec));
	spec->to = routes[0]->to;
	snprintf(what, sizeof(what), "route %s", prefix_print(&spec->to, to));
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = dpspec_nexthops(vpxi, router, what, routes[i]->vias, routes[i]->n_vias,
			routes[i]->dev, routes[i]->metric, ids, spec->nexthops, &spec->n_nexthops,
			err);
	return rc;
}

int dpspec_route(const struct model_vpxi *vpxi, const struct model_router *router,
	const struct model_route *route, const struct ids *ids, struct dp_route_spec *spec,
	char *err)
{
	return dpspec_routes(vpxi, router, &route, 1, ids, spec, err);
}

int dpspec_neighbor(const struct model_vpxi *vpxi, const struct model_router *router,
	const struct model_neighbor *neighbor, const struct ids *ids, struct dp_neigh_spec *spec,
	char *err)
{
	char address[IP_ADDR_STRLEN];

	memset(spec, 0, sizeof(*spec));
	spec->iface = ids_iface(ids, vpxi->name, router->name, neighbor->interface);
	spec->address = neighbor->address;
	spec->mac = neighbor->mac;
	if (spec->iface)
		return 0;
	snprintf(err, DP_ERR_LEN, "neighbor %s: %s/%s has no interface %s",
		ipaddr_print(&neighbor->address, address), vpxi->name, router->name,
		neighbor->interface);
	return -EINVAL;
}
