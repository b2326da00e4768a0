/* SPDX-License-Identifier: BSD-3-Clause */
/* The ports among themselves: devices and underlay addresses. */
#include <stdlib.h>
#include <string.h>

#include "config/check_parts.h"

#define IP6_MTU_MIN 1280u

/* ---- devices ---- */

/* What names the hardware or the kernel interface in a device string. */
struct device_id {
	const char *text;
	size_t len;
	const struct model_port *port;
};

static int compare_devices(const void *a, const void *b)
{
	const struct device_id *left = a, *right = b;
	size_t len = left->len < right->len ? left->len : right->len;
	int rc = memcmp(left->text, right->text, len);

	if (rc)
		return rc;
	if (left->len != right->len)
		return left->len < right->len ? -1 : 1;
	return check_loc_cmp(left->port->loc, right->port->loc);
}

static void check_device_ids(struct check *check, struct device_id *ids, size_t n, const char *what)
{
	char line[CHECK_LINE_STRLEN];

	qsort(ids, n, sizeof(*ids), compare_devices);
	for (size_t i = 1; i < n; i++) {
		const struct model_port *port = ids[i].port, *other = ids[i - 1].port;

		if (ids[i].len == ids[i - 1].len &&
			memcmp(ids[i].text, ids[i - 1].text, ids[i].len) == 0)
			diag_error(check->diag, check_loc(port->device_loc, port->loc),
				"device: %s '%.*s' is taken by port '%s' in %s", what,
				(int)ids[i].len, ids[i].text, other->name,
				check_line(check_loc(other->device_loc, other->loc), line));
	}
}

static void check_devices(struct check *check)
{
	const struct model_site *site = check->site;
	struct device_id *names = check_alloc(check, site->n_ports, sizeof(*names));
	struct device_id *ifaces = check_alloc(check, site->n_ports, sizeof(*ifaces));
	size_t n_names = 0, n_ifaces = 0;

	for (size_t i = 0; names && ifaces && i < site->n_ports; i++) {
		const char *device = site->ports[i].device, *iface;

		if (!device)
			continue;
		iface = strstr(device, ",iface=");
		/* Several AF_XDP ports may each have some queues of one interface. */
		if (iface && !strstr(device, "start_queue=")) {
			iface += strlen(",iface=");
			ifaces[n_ifaces++] =
				(struct device_id){iface, strcspn(iface, ","), &site->ports[i]};
		}
		/* A PCI address is the same with and without bus name and first domain. */
		if (strncmp(device, "pci:", 4) == 0)
			device += 4;
		if (strncmp(device, "0000:", 5) == 0)
			device += 5;
		names[n_names++] =
			(struct device_id){device, strcspn(device, ","), &site->ports[i]};
	}
	if (names && ifaces) {
		check_device_ids(check, names, n_names, "the device");
		check_device_ids(check, ifaces, n_ifaces, "the kernel interface");
	}
	free(names);
	free(ifaces);
}

/* ---- underlay addresses ---- */

struct underlay {
	const struct model_address *address;
	const struct model_port *port;
};

static int compare_underlays(const void *a, const void *b)
{
	const struct underlay *left = a, *right = b;
	int rc = ipaddr_cmp(&left->address->prefix.addr, &right->address->prefix.addr);

	return rc ? rc : check_loc_cmp(left->address->loc, right->address->loc);
}

/* A gateway is a neighbour: in the network of one of the port's addresses. */
static void check_port_routes(struct check *check, const struct model_port *port)
{
	char text[IP_ADDR_STRLEN];

	for (size_t i = 0; i < port->n_routes; i++) {
		const struct model_port_route *route = &port->routes[i];
		bool near = false;

		if (route->via.af == IP_AF_NONE || route->to.addr.af == IP_AF_NONE)
			continue;
		for (size_t a = 0; a < port->n_addresses; a++)
			near |= port->addresses[a].prefix.addr.af == IP_AF_NONE ||
				prefix_contains(&port->addresses[a].prefix, &route->via);
		ipaddr_print(&route->via, text);
		if (route->to.addr.af != route->via.af)
			diag_error(check->diag, route->via_loc,
				"via: %s is not of the route's family", text);
		else if (!near)
			diag_error(check->diag, route->via_loc,
				"via: %s is in no network of port '%s'", text, port->name);
		for (size_t o = 0; o < i; o++) {
			if (prefix_cmp(&port->routes[o].to, &route->to) == 0)
				diag_error(check->diag, route->to_loc,
					"to: port '%s' has a route there already", port->name);
		}
	}
}

static void check_underlays(struct check *check)
{
	const struct model_site *site = check->site;
	char text[IP_ADDR_STRLEN], line[CHECK_LINE_STRLEN];
	struct underlay *all;
	size_t n = 0;

	for (size_t p = 0; p < site->n_ports; p++)
		n += site->ports[p].n_addresses;
	all = check_alloc(check, n, sizeof(*all));
	n = 0;
	for (size_t p = 0; all && p < site->n_ports; p++) {
		const struct model_port *port = &site->ports[p];
		bool has_ip6 = false;

		for (size_t i = 0; i < port->n_addresses; i++) {
			const struct model_address *address = &port->addresses[i];

			if (address->prefix.addr.af == IP_AF_NONE)
				continue;
			has_ip6 |= address->prefix.addr.af == IP_AF_6;
			if (check_station(check, &address->prefix, address->loc))
				all[n++] = (struct underlay){address, port};
		}
		if (has_ip6 && port->mtu < IP6_MTU_MIN)
			diag_error(check->diag, check_loc(port->mtu_loc, port->loc),
				"mtu: port '%s' has IPv6 addresses, which need %u, and %u",
				port->name, IP6_MTU_MIN, port->mtu);
		if (port->n_addresses && port->role == MODEL_ROLE_ACCESS)
			diag_warning(check->diag, port->addresses[0].loc,
				"address: only a backbone port uses its addresses, and '%s' is an "
				"access port",
				port->name);
	}
	for (size_t p = 0; p < site->n_ports; p++)
		check_port_routes(check, &site->ports[p]);
	if (all)
		qsort(all, n, sizeof(*all), compare_underlays);
	for (size_t i = 1; all && i < n; i++) {
		if (ipaddr_cmp(&all[i].address->prefix.addr, &all[i - 1].address->prefix.addr) == 0)
			diag_error(check->diag, all[i].address->loc,
				"address %s is taken by port '%s' in %s",
				ipaddr_print(&all[i].address->prefix.addr, text),
				all[i - 1].port->name, check_line(all[i - 1].address->loc, line));
	}
	free(all);
}

void check_ports(struct check *check)
{
	check_devices(check);
	check_underlays(check);
}
