/* SPDX-License-Identifier: BSD-3-Clause */
/* Site files: the virtual routers of every VPXI at a site, with interfaces, rates and routes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctrl/plan/build.h"
#include "ctrl/plan/plan.h"

/* ---- the site itself ---- */

static int build_port(struct model_port *port, const struct substrate_port *from)
{
	model_port_init(port);
	memcpy(port->name, from->name, sizeof(port->name));
	port->capacity_bps = from->capacity_bps;
	port->vpxi_share_centi = from->vpxi_share_centi;
	port->mtu = from->mtu;
	port->device = strdup(from->device);
	if (!port->device)
		return -ENOMEM;
	if (from->address.prefix.addr.af == IP_AF_NONE)
		return 0;
	port->role = MODEL_ROLE_BACKBONE;
	port->addresses = calloc(1, sizeof(*port->addresses));
	if (!port->addresses)
		return -ENOMEM;
	port->addresses[0].prefix = from->address.prefix;
	port->n_addresses = 1;
	return 0;
}

static int build_parts(struct model_site *site, const struct substrate_site *from)
{
	uint16_t lcore = 1; /* 0 is left for control */
	int rc;

	memcpy(site->name, from->name, sizeof(site->name));
	if (from->socket)
		site->control.socket = strdup(from->socket);
	else if (asprintf(&site->control.socket, "/run/hpsrouter/%s.sock", from->name) < 0)
		site->control.socket = NULL;
	site->slices = calloc(from->n_slices + 1, sizeof(*site->slices));
	site->ports = calloc(2, sizeof(*site->ports));
	if (!site->control.socket || !site->slices || !site->ports)
		return -ENOMEM;
	site->n_ports = 2;
	rc = build_port(&site->ports[0], &from->access);
	if (rc == 0)
		rc = build_port(&site->ports[1], &from->backbone);
	for (; rc == 0 && site->n_slices < from->n_slices; site->n_slices++) {
		struct model_slice *slice = &site->slices[site->n_slices];

		model_slice_init(slice);
		memcpy(slice->name, from->slices[site->n_slices].name, sizeof(slice->name));
		slice->idle = from->slices[site->n_slices].idle;
		slice->n_lcores = from->slices[site->n_slices].lcores;
		slice->lcores = calloc(slice->n_lcores, sizeof(*slice->lcores));
		if (!slice->lcores)
			return -ENOMEM;
		for (size_t i = 0; i < slice->n_lcores; i++)
			slice->lcores[i] = lcore++;
	}
	return rc;
}

/* ---- one VPXI ---- */

static void set_rate(
	struct model_interface *iface, const struct vxdl *request, size_t link, bool reverse)
{
	struct vxdl_rate rate = request->links[link].rate;

	if (reverse && request->links[link].direction == VXDL_FORWARD)
		return;
	iface->rate.min_bps = rate.min_bps;
	iface->rate.max_bps = rate.max_bps;
}

static int set_address(
	struct model_interface *iface, const struct ip_prefix *network, unsigned int host)
{
	iface->addresses = calloc(1, sizeof(*iface->addresses));
	if (!iface->addresses)
		return -ENOMEM;
	iface->n_addresses = 1;
	iface->addresses[0].prefix = *network;
	iface->addresses[0].prefix.addr = ipaddr_from_u32(ipaddr_to_u32(&network->addr) + host);
	return 0;
}

static int build_access(const struct plan *plan, const struct plan_alloc *alloc,
	const struct build_net *net, struct model_interface *iface)
{
	const struct vxdl_link *link = &alloc->request->links[net->link];

	model_interface_init(iface);
	memcpy(iface->name, link->id, sizeof(iface->name));
	memcpy(iface->port, plan->substrate->sites[alloc->site[link->source]].access.name,
		sizeof(iface->port));
	iface->vlan = alloc->vlans[net->link];
	set_rate(iface, alloc->request, net->link,
		alloc->request->resources[link->source].kind != VXDL_ROUTER);
	return set_address(iface, &net->prefix, 1);
}

/* The end of a tunnel at router VR; the far one is at PEER. */
static int build_tunnel(const struct plan *plan, const struct plan_alloc *alloc,
	const struct build_graph *graph, const struct build_net *net, size_t vr,
	struct model_interface *iface)
{
	const struct vxdl_link *link = &alloc->request->links[net->link];
	size_t at = net->link * plan->substrate->n_sites + net->hop;
	const struct substrate_link *edge = &plan->substrate->links[alloc->hops[at]];
	bool far = net->b == vr;
	size_t peer = far ? net->a : net->b;

	model_interface_init(iface);
	/* Between two hops a link has two interfaces: towards its source and its target. */
	if (graph->vrs[vr].resource != SIZE_MAX)
		memcpy(iface->name, link->id, sizeof(iface->name));
	else
		strcpy(iface->name, far ? "source" : "target");
	memcpy(iface->port, plan->substrate->sites[graph->vrs[vr].site].backbone.name,
		sizeof(iface->port));
	iface->tunnel.type = edge->tunnel;
	iface->tunnel.remote =
		plan->substrate->sites[graph->vrs[peer].site].backbone.address.prefix.addr;
	if (edge->tunnel == MODEL_TUNNEL_GRE) {
		iface->tunnel.has_key = true;
		iface->tunnel.key = alloc->vnis[at];
	} else {
		iface->tunnel.vni = alloc->vnis[at];
	}
	set_rate(iface, alloc->request, net->link, far);
	return set_address(iface, &net->prefix, far ? 2 : 1);
}

static int build_interfaces(const struct plan *plan, const struct plan_alloc *alloc,
	const struct build_graph *graph, size_t vr, struct model_router *router)
{
	int rc = 0;

	for (size_t i = 0; i < graph->n_nets; i++)
		router->n_interfaces += graph->nets[i].a == vr || graph->nets[i].b == vr;
	router->interfaces = calloc(router->n_interfaces + 1, sizeof(*router->interfaces));
	router->n_interfaces = 0;
	if (!router->interfaces)
		return -ENOMEM;
	for (size_t i = 0; rc == 0 && i < graph->n_nets; i++) {
		const struct build_net *net = &graph->nets[i];
		struct model_interface *iface = &router->interfaces[router->n_interfaces];

		if (net->a != vr && net->b != vr)
			continue;
		router->n_interfaces++;
		rc = net->b == SIZE_MAX ? build_access(plan, alloc, net, iface)
					: build_tunnel(plan, alloc, graph, net, vr, iface);
	}
	return rc;
}

static const char *slice_of(
	const struct plan *plan, const struct plan_alloc *alloc, const struct build_vr *vr)
{
	const struct substrate_site *site = &plan->substrate->sites[vr->site];
	size_t slice = 0;

	if (vr->resource != SIZE_MAX && alloc->bin[vr->resource] != EMBED_ANY)
		slice = plan->bin_slice[alloc->bin[vr->resource]];
	return site->n_slices ? site->slices[slice].name : "";
}

static int build_routers(const struct plan *plan, const struct plan_alloc *alloc,
	const struct build_graph *graph, size_t site, struct model_vpxi *vpxi)
{
	int rc = 0;

	vpxi->routers = calloc(graph->n_vrs + 1, sizeof(*vpxi->routers));
	if (!vpxi->routers)
		return -ENOMEM;
	for (size_t i = 0; rc == 0 && i < graph->n_vrs; i++) {
		struct model_router *router = &vpxi->routers[vpxi->n_routers];

		if (graph->vrs[i].site != site)
			continue;
		vpxi->n_routers++;
		model_router_init(router);
		memcpy(router->name, graph->vrs[i].name, sizeof(router->name));
		snprintf(router->slice, sizeof(router->slice), "%s",
			slice_of(plan, alloc, &graph->vrs[i]));
		rc = build_interfaces(plan, alloc, graph, i, router);
		if (rc == 0)
			rc = build_ways(graph, i, router);
	}
	return rc;
}

static int build_vpxi(const struct plan *plan, const struct plan_alloc *alloc, size_t site,
	struct model_site *out)
{
	struct build_graph graph;
	struct model_vpxi vpxi = {0};
	int rc = build_graph_init(&graph, plan, alloc);

	if (rc < 0)
		return rc;
	memcpy(vpxi.name, alloc->request->id, sizeof(vpxi.name));
	rc = build_routers(plan, alloc, &graph, site, &vpxi);
	if (rc == 0)
		rc = build_lease(alloc, &graph, site, &vpxi);
	build_graph_fini(&graph);
	if (rc == 0 && vpxi.n_routers)
		rc = model_vpxi_add(out, &vpxi);
	model_vpxi_fini(&vpxi);
	return rc;
}

int plan_site_build(const struct plan *plan, size_t site, struct model_site **out)
{
	struct model_site *model = model_site_create();
	int rc = model ? build_parts(model, &plan->substrate->sites[site]) : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < plan->n_allocs; i++)
		rc = build_vpxi(plan, &plan->allocs[i], site, model);
	*out = rc == 0 ? model : NULL;
	if (rc < 0)
		model_site_destroy(model);
	return rc;
}
