/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ipaddr.h"

#define DEFAULT_MTU 1500
#define BURST_BYTES_MIN 32768u
#define BURST_BYTES_MAX (4u << 20)
#define BURST_BYTES_OF(rate_bps) ((rate_bps) / 8 / 500) /* 2 ms */
#define DEFAULT_QUEUE_BYTES 262144u
#define QUEUE_BYTES_A_PACKET 256u
#define QUEUE_PACKETS_MIN 32u

/* ---- defaults ---- */

uint64_t model_burst_bytes(const struct model_shape *shape, uint64_t rate_bps)
{
	uint64_t bytes = BURST_BYTES_OF(rate_bps);

	if (shape->burst_bytes)
		return shape->burst_bytes;
	if (bytes < BURST_BYTES_MIN)
		return BURST_BYTES_MIN;
	return bytes < BURST_BYTES_MAX ? bytes : BURST_BYTES_MAX;
}

uint32_t model_queue_packets(uint64_t queue_bytes)
{
	uint64_t n = queue_bytes / QUEUE_BYTES_A_PACKET;

	if (n < QUEUE_PACKETS_MIN)
		return QUEUE_PACKETS_MIN;
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

void model_slice_init(struct model_slice *slice)
{
	*slice = (struct model_slice){.idle = MODEL_IDLE_POLL};
}

void model_port_init(struct model_port *port)
{
	*port = (struct model_port){
		.role = MODEL_ROLE_ACCESS,
		.capacity_bps = MODEL_RATE_NONE,
		.vpxi_share_centi = 10000,
		.mtu = DEFAULT_MTU,
	};
}

void model_router_init(struct model_router *router)
{
	*router = (struct model_router){.weight = 1};
}

void model_interface_init(struct model_interface *iface)
{
	*iface = (struct model_interface){
		.outer_vlan = MODEL_VLAN_NONE,
		.vlan = MODEL_VLAN_NONE,
		.rate.max_bps = MODEL_RATE_NONE,
		.shape =
			{
				.at = MODEL_AT_VIF_IN,
				.by = MODEL_BY_TBF,
				.queue_bytes = DEFAULT_QUEUE_BYTES,
				.queue_packets = model_queue_packets(DEFAULT_QUEUE_BYTES),
			},
	};
	model_probe_init(&iface->probe);
}

void model_match_init(struct model_match *match)
{
	*match = (struct model_match){
		.proto = MODEL_PROTO_ANY, .sport_last = UINT16_MAX, .dport_last = UINT16_MAX};
}

void model_probe_init(struct model_probe *probe)
{
	*probe = (struct model_probe){.interval_ms = 50, .multiplier = 3};
}

struct model_site *model_site_create(void)
{
	struct model_site *site = calloc(1, sizeof(*site));

	if (site) {
		site->eal.lcores_auto = true;
		site->now_s = INT64_MIN;
	}
	return site;
}

/* ---- freeing ---- */

void model_route_fini(struct model_route *route)
{
	free(route->vias);
	memset(route, 0, sizeof(*route));
}

static void router_fini(struct model_router *router)
{
	for (size_t i = 0; i < router->n_interfaces; i++) {
		free(router->interfaces[i].addresses);
		free(router->interfaces[i].filter.in);
		free(router->interfaces[i].filter.out);
	}
	for (size_t i = 0; i < router->n_routes; i++)
		free(router->routes[i].vias);
	for (size_t i = 0; i < router->n_policies; i++)
		free(router->policies[i].vias);
	free(router->interfaces);
	free(router->routes);
	free(router->neighbors);
	free(router->policies);
}

void model_vpxi_fini(struct model_vpxi *vpxi)
{
	for (size_t i = 0; i < vpxi->n_routers; i++)
		router_fini(&vpxi->routers[i]);
	for (size_t i = 0; i < vpxi->n_periods; i++)
		free(vpxi->periods[i].rates);
	free(vpxi->periods);
	free(vpxi->routers);
	memset(vpxi, 0, sizeof(*vpxi));
}

void model_site_destroy(struct model_site *site)
{
	if (!site)
		return;
	for (size_t i = 0; i < site->n_slices; i++)
		free(site->slices[i].lcores);
	for (size_t i = 0; i < site->n_ports; i++) {
		free(site->ports[i].device);
		free(site->ports[i].addresses);
		free(site->ports[i].routes);
	}
	for (size_t i = 0; i < site->n_vpxis; i++)
		model_vpxi_fini(&site->vpxis[i]);
	free(site->slices);
	free(site->ports);
	free(site->vpxis);
	free(site->file);
	free(site->eal.lcores);
	free(site->control.socket);
	free(site->control.metrics);
	free(site);
}

/* ---- copies: each level copies its array whole, then its deep parts one by one. Counts grow with
 * the parts, so that a copy that failed half way can be freed like any other. ---- */

static int string_clone(char **out, const char *text)
{
	*out = text ? strdup(text) : NULL;
	return text && !*out ? -ENOMEM : 0;
}

/* A plain copy of an array without deep parts. */
static int array_clone(void *out, size_t *n_out, const void *items, size_t n, size_t size)
{
	void *copy = NULL;

	*n_out = 0;
	if (n) {
		copy = reallocarray(NULL, n, size);
		if (!copy) {
			memset(out, 0, sizeof(void *));
			return -ENOMEM;
		}
		memcpy(copy, items, n * size);
	}
	memcpy(out, &copy, sizeof(copy));
	*n_out = n;
	return 0;
}

static int interface_clone(struct model_interface *out, const struct model_interface *iface)
{
	struct model_filter *filter = &out->filter;

	*out = *iface;
	out->addresses = NULL;
	filter->in = filter->out = NULL;
	out->n_addresses = filter->n_in = filter->n_out = 0;
	if (array_clone(&out->addresses, &out->n_addresses, iface->addresses, iface->n_addresses,
		    sizeof(*out->addresses)) < 0 ||
		array_clone(&filter->in, &filter->n_in, iface->filter.in, iface->filter.n_in,
			sizeof(*filter->in)) < 0)
		return -ENOMEM;
	return array_clone(&filter->out, &filter->n_out, iface->filter.out, iface->filter.n_out,
		sizeof(*filter->out));
}

static int policies_clone(struct model_router *out, const struct model_router *router)
{
	out->policies = calloc(router->n_policies + 1, sizeof(*out->policies));
	if (!out->policies)
		return -ENOMEM;
	for (size_t i = 0; i < router->n_policies; i++) {
		const struct model_policy *from = &router->policies[i];
		struct model_policy *to = &out->policies[out->n_policies++];

		*to = *from;
		if (array_clone(&to->vias, &to->n_vias, from->vias, from->n_vias,
			    sizeof(*to->vias)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int router_clone(struct model_router *out, const struct model_router *router)
{
	*out = *router;
	out->n_interfaces = out->n_routes = out->n_neighbors = out->n_policies = 0;
	out->interfaces = calloc(router->n_interfaces + 1, sizeof(*out->interfaces));
	out->routes = calloc(router->n_routes + 1, sizeof(*out->routes));
	out->neighbors = NULL;
	out->policies = NULL;
	if (!out->interfaces || !out->routes)
		return -ENOMEM;
	for (size_t i = 0; i < router->n_interfaces; i++) {
		if (interface_clone(&out->interfaces[out->n_interfaces++], &router->interfaces[i]) <
			0)
			return -ENOMEM;
	}
	for (size_t i = 0; i < router->n_routes; i++) {
		const struct model_route *from = &router->routes[i];
		struct model_route *to = &out->routes[out->n_routes++];

		*to = *from;
		if (array_clone(&to->vias, &to->n_vias, from->vias, from->n_vias,
			    sizeof(*to->vias)) < 0)
			return -ENOMEM;
	}
	if (policies_clone(out, router) < 0)
		return -ENOMEM;
	return array_clone(&out->neighbors, &out->n_neighbors, router->neighbors,
		router->n_neighbors, sizeof(*out->neighbors));
}

static int periods_clone(struct model_vpxi *out, const struct model_vpxi *vpxi)
{
	out->periods = calloc(vpxi->n_periods + 1, sizeof(*out->periods));
	if (!out->periods)
		return -ENOMEM;
	for (size_t i = 0; i < vpxi->n_periods; i++) {
		const struct model_period *from = &vpxi->periods[i];
		struct model_period *to = &out->periods[out->n_periods++];

		*to = *from;
		if (array_clone(&to->rates, &to->n_rates, from->rates, from->n_rates,
			    sizeof(*to->rates)) < 0)
			return -ENOMEM;
	}
	return 0;
}

int model_vpxi_clone(struct model_vpxi *out, const struct model_vpxi *vpxi)
{
	*out = *vpxi;
	out->n_routers = out->n_periods = 0;
	out->periods = NULL;
	out->routers = calloc(vpxi->n_routers + 1, sizeof(*out->routers));
	if (!out->routers || periods_clone(out, vpxi) < 0) {
		model_vpxi_fini(out);
		return -ENOMEM;
	}
	for (size_t i = 0; i < vpxi->n_routers; i++) {
		if (router_clone(&out->routers[out->n_routers++], &vpxi->routers[i]) < 0) {
			model_vpxi_fini(out);
			return -ENOMEM;
		}
	}
	return 0;
}

static int port_clone(struct model_port *out, const struct model_port *port)
{
	*out = *port;
	out->addresses = NULL;
	out->routes = NULL;
	out->n_addresses = out->n_routes = 0;
	if (string_clone(&out->device, port->device) < 0 ||
		array_clone(&out->routes, &out->n_routes, port->routes, port->n_routes,
			sizeof(*out->routes)) < 0)
		return -ENOMEM;
	return array_clone(&out->addresses, &out->n_addresses, port->addresses, port->n_addresses,
		sizeof(*out->addresses));
}

struct model_site *model_site_clone(const struct model_site *site)
{
	struct model_site *out = calloc(1, sizeof(*out));

	if (!out)
		return NULL;
	out->now_s = site->now_s;
	memcpy(out->name, site->name, sizeof(out->name));
	out->name_loc = site->name_loc;
	out->eal = site->eal;
	out->eal.lcores = NULL;
	out->control = site->control;
	out->control.socket = out->control.metrics = NULL;
	if (string_clone(&out->file, site->file) < 0 ||
		string_clone(&out->eal.lcores, site->eal.lcores) < 0 ||
		string_clone(&out->control.socket, site->control.socket) < 0 ||
		string_clone(&out->control.metrics, site->control.metrics) < 0)
		goto fail;
	out->slices = calloc(site->n_slices + 1, sizeof(*out->slices));
	out->ports = calloc(site->n_ports + 1, sizeof(*out->ports));
	out->vpxis = calloc(site->n_vpxis + 1, sizeof(*out->vpxis));
	if (!out->slices || !out->ports || !out->vpxis)
		goto fail;
	for (size_t i = 0; i < site->n_slices; i++) {
		const struct model_slice *from = &site->slices[i];
		struct model_slice *to = &out->slices[out->n_slices++];

		*to = *from;
		if (array_clone(&to->lcores, &to->n_lcores, from->lcores, from->n_lcores,
			    sizeof(*to->lcores)) < 0)
			goto fail;
	}
	for (size_t i = 0; i < site->n_ports; i++) {
		if (port_clone(&out->ports[out->n_ports++], &site->ports[i]) < 0)
			goto fail;
	}
	for (size_t i = 0; i < site->n_vpxis; i++) {
		if (model_vpxi_clone(&out->vpxis[i], &site->vpxis[i]) < 0)
			goto fail;
		out->n_vpxis++;
	}
	return out;
fail:
	model_site_destroy(out);
	return NULL;
}

/* ---- lookup ---- */

#define LOOKUP(items, n, wanted)                                  \
	do {                                                      \
		for (size_t i = 0; i < (n); i++) {                \
			if (strcmp((items)[i].name, wanted) == 0) \
				return &(items)[i];               \
		}                                                 \
		return NULL;                                      \
	} while (0)

struct model_slice *model_slice_lookup(const struct model_site *site, const char *name)
{
	LOOKUP(site->slices, site->n_slices, name);
}

struct model_port *model_port_lookup(const struct model_site *site, const char *name)
{
	LOOKUP(site->ports, site->n_ports, name);
}

struct model_vpxi *model_vpxi_lookup(const struct model_site *site, const char *name)
{
	LOOKUP(site->vpxis, site->n_vpxis, name);
}

struct model_router *model_router_lookup(const struct model_vpxi *vpxi, const char *name)
{
	LOOKUP(vpxi->routers, vpxi->n_routers, name);
}

struct model_interface *model_interface_lookup(const struct model_router *router, const char *name)
{
	LOOKUP(router->interfaces, router->n_interfaces, name);
}

/* ---- changes ---- */

int model_vpxi_add(struct model_site *site, struct model_vpxi *vpxi)
{
	struct model_vpxi *grown =
		reallocarray(site->vpxis, site->n_vpxis + 1, sizeof(*site->vpxis));

	if (!grown)
		return -ENOMEM;
	site->vpxis = grown;
	for (size_t i = 0; i < vpxi->n_routers && site->n_slices; i++) {
		if (vpxi->routers[i].slice[0] == '\0')
			memcpy(vpxi->routers[i].slice, site->slices[0].name,
				sizeof(vpxi->routers[i].slice));
	}
	grown[site->n_vpxis++] = *vpxi;
	memset(vpxi, 0, sizeof(*vpxi));
	return 0;
}

void model_vpxi_del(struct model_site *site, size_t index)
{
	model_vpxi_fini(&site->vpxis[index]);
	site->n_vpxis--;
	memmove(&site->vpxis[index], &site->vpxis[index + 1],
		(site->n_vpxis - index) * sizeof(*site->vpxis));
}

int model_policy_add(struct model_router *router, struct model_policy *policy)
{
	struct model_policy *grown =
		reallocarray(router->policies, router->n_policies + 1, sizeof(*router->policies));

	if (!grown)
		return -ENOMEM;
	router->policies = grown;
	grown[router->n_policies++] = *policy;
	memset(policy, 0, sizeof(*policy));
	return 0;
}

int model_route_add(struct model_router *router, struct model_route *route)
{
	struct model_route *grown =
		reallocarray(router->routes, router->n_routes + 1, sizeof(*router->routes));

	if (!grown)
		return -ENOMEM;
	router->routes = grown;
	grown[router->n_routes++] = *route;
	memset(route, 0, sizeof(*route));
	return 0;
}

void model_route_del(struct model_router *router, size_t index)
{
	model_route_fini(&router->routes[index]);
	router->n_routes--;
	memmove(&router->routes[index], &router->routes[index + 1],
		(router->n_routes - index) * sizeof(*router->routes));
}

uint64_t model_port_share_bps(const struct model_port *port, uint64_t capacity_bps)
{
	if (port->capacity_bps != MODEL_RATE_NONE)
		capacity_bps = port->capacity_bps;
	return (uint64_t)((unsigned __int128)capacity_bps * port->vpxi_share_centi / 10000);
}
