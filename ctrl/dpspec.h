/* SPDX-License-Identifier: BSD-3-Clause */
/* Model objects as the dataplane's specifications. Pure. */
#ifndef HPSR_CTRL_DPSPEC_H
#define HPSR_CTRL_DPSPEC_H

#include <stdbool.h>

#include "config/model.h"
#include "ctrl/grant.h"
#include "ctrl/idmap.h"
#include "dataplane/dp.h"

#define DPSPEC_TUNNEL_TTL 64 /* of outer headers, unless it is said: RFC 1700 */

/* SPEC->device points into PORT. SHARE_BPS as grant_capacity says it. */
void dpspec_port(const struct model_port *port, uint64_t share_bps, struct dp_port_spec *spec);
/* What a backbone port's addresses and routes become; SPEC points into LISTS, which the caller
 * gives back when it is used. 0 or -ENOMEM. */
struct dpspec_underlay {
	struct ip_prefix *addresses;
	struct dp_port_route *routes;
};
int dpspec_underlay(
	const struct model_port *port, struct dp_port_spec *spec, struct dpspec_underlay *lists);
void dpspec_underlay_fini(struct dpspec_underlay *lists);
void dpspec_vr(
	const struct model_vpxi *vpxi, const struct model_router *router, struct dp_vr_spec *spec);
void dpspec_link(
	const struct model_interface *iface, const struct grant *grant, struct dp_link_spec *spec);
/* *addresses: SPEC->addresses points there; the caller frees it. 0 or -ENOMEM. */
int dpspec_iface(const struct model_interface *iface, dp_port_id port, const struct grant *grant,
	struct dp_iface_spec *spec, struct ip_prefix **addresses);
/* 0, or -EINVAL with ERR (DP_ERR_LEN): a gateway in no interface's network, no such interface, too
 * many gateways. */
int dpspec_route(const struct model_vpxi *vpxi, const struct model_router *router,
	const struct model_route *route, const struct ids *ids, struct dp_route_spec *spec,
	char *err);
/* The same of N routes to one network, in order of their metrics: one stands in for another. */
int dpspec_routes(const struct model_vpxi *vpxi, const struct model_router *router,
	const struct model_route *const *routes, size_t n, const struct ids *ids,
	struct dp_route_spec *spec, char *err);
/* Add the next hops by VIAS and DEV to the N of NEXTHOPS (room for DP_NEXTHOPS_MAX). WHAT begins
 * the message. */
int dpspec_nexthops(const struct model_vpxi *vpxi, const struct model_router *router,
	const char *what, const struct ip_addr *vias, size_t n_vias, const char *dev,
	uint32_t metric, const struct ids *ids, struct dp_nexthop_spec *nexthops, size_t *n,
	char *err);
/* 0, or -EINVAL with ERR: no such interface. */
int dpspec_neighbor(const struct model_vpxi *vpxi, const struct model_router *router,
	const struct model_neighbor *neighbor, const struct ids *ids, struct dp_neigh_spec *spec,
	char *err);

#endif
