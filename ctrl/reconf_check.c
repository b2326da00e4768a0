/* SPDX-License-Identifier: BSD-3-Clause */
/* What a reload cannot do, and what this build cannot do. */
#include <errno.h>
#include <string.h>

#include "ctrl/reconf.h"
#include "dataplane/dp.h"

static bool strings_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool eal_equal(const struct model_eal *a, const struct model_eal *b)
{
	return a->hugepages == b->hugepages && a->memory_bytes == b->memory_bytes &&
		a->lcores_auto == b->lcores_auto && strings_equal(a->lcores, b->lcores);
}

static void check_slices(
	const struct model_site *from, const struct model_site *to, struct diag *diag)
{
	for (size_t i = 0; i < to->n_slices; i++) {
		const struct model_slice *slice = &to->slices[i];
		const struct model_slice *old = model_slice_lookup(from, slice->name);

		if (!old)
			diag_error(diag, slice->loc,
				"slice %s is new: slices change with a restart only", slice->name);
		else if (!model_slice_equal(old, slice))
			diag_error(diag, slice->loc,
				"slice %s has other lcores or another idle mode: slices change "
				"with a restart only",
				slice->name);
	}
	for (size_t i = 0; i < from->n_slices; i++) {
		if (!model_slice_lookup(to, from->slices[i].name))
			diag_error(diag, (struct model_loc){0},
				"slice %s is missing: slices change with a restart only",
				from->slices[i].name);
	}
}

/* A device cannot be opened a second time before the first is closed, and a transaction closes
 * nothing before the rest of it is there. */
static void check_ports(
	const struct model_site *from, const struct model_site *to, struct diag *diag)
{
	for (size_t i = 0; i < to->n_ports; i++) {
		const struct model_port *port = &to->ports[i];
		const struct model_port *old = model_port_lookup(from, port->name);

		if (old && strcmp(old->device, port->device) == 0 && !reconf_port_stays(old, port))
			diag_error(diag, port->loc,
				"port %s has another mac, role or address on the same device: "
				"these "
				"change with a restart only",
				port->name);
	}
}

int reconf_check_restart(
	const struct model_site *from, const struct model_site *to, struct diag *diag)
{
	size_t n_errors = diag->n_errors;

	if (strcmp(from->name, to->name) != 0)
		diag_error(diag, to->name_loc,
			"site is '%s' and '%s' runs: the name changes with a restart only",
			to->name, from->name);
	if (!eal_equal(&from->eal, &to->eal))
		diag_error(diag, to->eal.loc,
			"eal differs from what runs: hugepages, memory and lcores are taken at "
			"the start and change with a restart only");
	if (!strings_equal(from->control.socket, to->control.socket))
		diag_error(diag, to->control.socket_loc,
			"control socket is '%s' and '%s' is served: it changes with a restart only",
			to->control.socket, from->control.socket);
	if (!strings_equal(from->control.metrics, to->control.metrics))
		diag_error(diag, to->control.metrics_loc,
			"metrics address differs from what runs: it changes with a restart only");
	check_slices(from, to, diag);
	check_ports(from, to, diag);
	return diag->n_errors > n_errors ? -EINVAL : 0;
}

static void check_router(
	const struct model_vpxi *vpxi, const struct model_router *router, struct diag *diag)
{
	for (size_t i = 0; i < router->n_interfaces; i++) {
		const struct model_interface *iface = &router->interfaces[i];

		if (iface->tunnel.type != MODEL_TUNNEL_NONE)
			diag_error(diag, iface->tunnel.loc,
				"interface %s/%s/%s: tunnels are not supported by this version",
				vpxi->name, router->name, iface->name);
		if (iface->rate.share != MODEL_SHARE_STRICT)
			diag_error(diag, iface->rate.loc,
				"interface %s/%s/%s: 'share: borrow' is not supported by this "
				"version",
				vpxi->name, router->name, iface->name);
	}
	for (size_t i = 0; i < router->n_routes; i++) {
		if (router->routes[i].n_vias > DP_NEXTHOPS_MAX)
			diag_error(diag, router->routes[i].loc,
				"route with %zu gateways: at most %d share the traffic of a route",
				router->routes[i].n_vias, DP_NEXTHOPS_MAX);
	}
}

int reconf_check_supported(const struct model_site *site, struct diag *diag)
{
	size_t n_errors = diag->n_errors;

	for (size_t v = 0; v < site->n_vpxis; v++) {
		const struct model_vpxi *vpxi = &site->vpxis[v];

		for (size_t r = 0; r < vpxi->n_routers; r++)
			check_router(vpxi, &vpxi->routers[r], diag);
	}
	return diag->n_errors > n_errors ? -EINVAL : 0;
}
