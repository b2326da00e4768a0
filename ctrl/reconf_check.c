/* SPDX-License-Identifier: BSD-3-Clause */
/* What a reload cannot do, and what the dataplane cannot. */
#include <errno.h>
#include <stdio.h>
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
				"port %s has another mac, role, address or route on the same "
				"device: "
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

/* ---- more than the dataplane takes ---- */

static void support_route(struct diag *diag, const struct model_route *route)
{
	if (route->n_vias > DP_NEXTHOPS_MAX)
		diag_error(diag, route->loc,
			"route with %zu gateways: at most %d share the traffic of a route",
			route->n_vias, DP_NEXTHOPS_MAX);
}

static void support_router(struct diag *diag, const struct model_router *router)
{
	for (size_t i = 0; i < router->n_routes; i++)
		support_route(diag, &router->routes[i]);
	for (size_t i = 0; i < router->n_policies; i++) {
		const struct model_policy *policy = &router->policies[i];

		if (policy->n_vias > DP_NEXTHOPS_MAX)
			diag_error(diag, policy->loc,
				"policy with %zu gateways: at most %d share its traffic",
				policy->n_vias, DP_NEXTHOPS_MAX);
	}
}

int reconf_check_supported(const struct model_site *site, struct diag *diag)
{
	size_t n_errors = diag->n_errors;

	for (size_t v = 0; v < site->n_vpxis; v++) {
		for (size_t r = 0; r < site->vpxis[v].n_routers; r++)
			support_router(diag, &site->vpxis[v].routers[r]);
	}
	return diag->n_errors > n_errors ? -EINVAL : 0;
}
