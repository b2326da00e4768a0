/* SPDX-License-Identifier: BSD-3-Clause */
/* Preparing the underlay of ports, and the tunnels over it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/dp_txn.h"
#include "dataplane/underlay.h"

/* Least burdened: a port's own router is in no slice. */
static const char *slice_of_choice(void)
{
	unsigned int best = 0;

	for (unsigned int i = 1; i < dp.n_workers; i++)
		if (dp.weight[i] < dp.weight[best])
			best = i;
	return dp.workers[best].slice;
}

static int routes_prepare(
	struct dp_txn *txn, const struct iface *iface, const struct dp_port_spec *spec, char *err)
{
	struct dp_route_spec *routes;
	int rc;

	if (spec->n_routes == 0)
		return 0;
	routes = calloc(spec->n_routes, sizeof(*routes));
	if (routes == NULL)
		return dp_fail(err, -ENOMEM, "port %s: out of memory", spec->name);
	for (size_t i = 0; i < spec->n_routes; i++) {
		routes[i].to = spec->routes[i].to;
		routes[i].nexthops[0] =
			(struct dp_nexthop_spec){.via = spec->routes[i].via, .iface = iface->id};
		routes[i].n_nexthops = 1;
	}
	rc = dp_txn_routes_set(txn, iface->vr_id, routes, spec->n_routes, err);
	free(routes);
	return rc;
}

int dp_underlay_add(
	struct dp_txn *txn, struct port *port, const struct dp_port_spec *spec, char *err)
{
	struct dp_iface_spec iface_spec = {.port = port->index,
		.outer_vlan = DP_VLAN_NONE,
		.vlan = DP_VLAN_NONE,
		.addresses = spec->addresses,
		.n_addresses = spec->n_addresses};
	struct underlay *underlay = underlay_create(port);
	struct dp_vr_spec vr_spec = {.weight = 1};
	dp_iface_id iface;
	dp_vr_id vr;
	int rc;

	if (underlay == NULL)
		return dp_fail(err, -ENOMEM, "port %s: out of memory", spec->name);
	snprintf(vr_spec.name, sizeof(vr_spec.name), "port/%s", spec->name);
	snprintf(vr_spec.slice, sizeof(vr_spec.slice), "%s", slice_of_choice());
	snprintf(iface_spec.name, sizeof(iface_spec.name), "%s", spec->name);
	rc = dp_txn_vr_add(txn, &vr_spec, &vr, err);
	if (rc == 0)
		rc = dp_txn_iface_add(txn, vr, &iface_spec, &iface, err);
	if (rc < 0) {
		underlay_destroy(underlay);
		return rc;
	}
	underlay->iface = iface_get(iface);
	underlay->iface->underlay = underlay;
	port->underlay = underlay;
	return routes_prepare(txn, underlay->iface, spec, err);
}

int dp_tunnel_prepare(const struct dp_txn *txn, const struct iface *iface, char *err)
{
	struct underlay *underlay = iface->port->underlay;
	const struct tunnel_key *key = &iface->tunnel->key;
	const struct tunnel *same = underlay_lookup(underlay, key);
	const struct iface *holder = NULL;
	uint32_t n = 1;

	if (same != NULL && dp_txn_iface_stays(txn, same->iface))
		holder = same->iface;
	for (size_t i = 0; i < txn->ifaces.count; i++) {
		const struct iface *other = txn->ifaces.items[i].iface;

		if (txn->ifaces.items[i].change != TXN_ADD || other->port != iface->port ||
			other->tunnel == NULL)
			continue;
		n++;
		if (tunnel_key_equal(&other->tunnel->key, key))
			holder = other;
	}
	if (holder != NULL)
		return dp_fail(err, -EEXIST, "interface %s: port %s gives this tunnel to %s of %s",
			iface->name, iface->port->name, holder->name, holder->vr->name);
	if (underlay_reserve(underlay, n) < 0)
		return dp_fail(err, -ENOMEM, "interface %s: out of memory", iface->name);
	return 0;
}

void dp_underlay_stats(const struct underlay *underlay, struct dp_port_stats *out)
{
	const struct iface *iface = underlay->iface;
	const struct tunnel_map *map = underlay->map;

	out->underlay = true;
	out->underlay_traffic = (struct dp_traffic){.rx_packets = iface->rx_packets,
		.rx_bytes = iface->rx_bytes,
		.tx_packets = iface->tx_packets,
		.tx_bytes = iface->tx_bytes};
	out->underlay_consumed = iface->consumed;
	memcpy(out->underlay_drops, iface->drops, sizeof(out->underlay_drops));
	out->underlay_neighbors = iface->vr->neigh_count;
	out->tunnels = map->live;
	for (uint32_t i = 0; i <= map->mask; i++)
		if (map->slots[i] != NULL && map->slots[i] != TUNNEL_MAP_GONE)
			out->tunnels_resolved += tunnel_is_resolved(map->slots[i]);
}
