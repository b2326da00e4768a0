/* SPDX-License-Identifier: BSD-3-Clause */
/* One router by itself: the networks of its interfaces, its routes and static neighbours. */
#include <stdlib.h>
#include <string.h>

#include "config/check_parts.h"

#define GATEWAYS_MAX 64u
#define ADDRESSES_MAX 256u /* of one interface */
#define RULES_MAX 1024u    /* of one filter and direction, or policies of one router */

/* An address of an interface, and the network around it. */
struct net {
	const struct model_address *address;
	const struct model_interface *iface;
};

/* The router's networks by address. Where none overlap, at most one holds an address, and a binary
 * search finds it. */
struct nets {
	struct net *items;
	size_t n;
	bool incomplete; /* some are unknown or overlap, and that is reported already */
	bool nameless;   /* a name that is not there may be that of an interface without one */
	const struct model_interface **ifaces; /* by name */
	size_t n_ifaces;
};

static int compare_nets(const void *a, const void *b)
{
	const struct net *left = a, *right = b;
	int rc = prefix_cmp(&left->address->prefix, &right->address->prefix);

	return rc ? rc : check_loc_cmp(left->address->loc, right->address->loc);
}

static int compare_ifaces(const void *a, const void *b)
{
	return strcmp((*(const struct model_interface *const *)a)->name,
		(*(const struct model_interface *const *)b)->name);
}

static int compare_iface_name(const void *name, const void *iface)
{
	return strcmp(name, (*(const struct model_interface *const *)iface)->name);
}

static const struct model_interface *lookup_iface(const struct nets *nets, const char *name)
{
	const struct model_interface **found = bsearch(
		name, nets->ifaces, nets->n_ifaces, sizeof(*nets->ifaces), compare_iface_name);

	return found ? *found : NULL;
}

/* The last network that begins at or before the address is the only one that can hold it. */
static const struct net *lookup_net(const struct nets *nets, const struct ip_addr *addr)
{
	size_t low = 0, high = nets->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct ip_prefix begin = prefix_mask(&nets->items[middle].address->prefix);

		if (ipaddr_cmp(&begin.addr, addr) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || !prefix_contains(&nets->items[low - 1].address->prefix, addr))
		return NULL;
	return &nets->items[low - 1];
}

static const struct model_address *own_link_local(
	const struct model_interface *iface, const struct ip_addr *addr)
{
	for (size_t i = 0; i < iface->n_addresses && i < ADDRESSES_MAX; i++) {
		if (ipaddr_cmp(&iface->addresses[i].prefix.addr, addr) == 0)
			return &iface->addresses[i];
	}
	return NULL;
}

static void collect_nets(struct check *check, const struct model_router *router, struct nets *nets)
{
	for (size_t i = 0; i < router->n_interfaces; i++) {
		const struct model_interface *iface = &router->interfaces[i];

		nets->ifaces[nets->n_ifaces++] = iface;
		nets->nameless |= check->partial && iface->name[0] == '\0';
		if (iface->n_addresses == 0 && !check->partial)
			diag_warning(check->diag, iface->loc,
				"interface '%s' has no address: nothing can be routed to it",
				iface->name);
		if (iface->n_addresses > ADDRESSES_MAX)
			diag_error(check->diag, iface->addresses[ADDRESSES_MAX].loc,
				"address: interface '%s' has %zu, at most %u are possible",
				iface->name, iface->n_addresses, ADDRESSES_MAX);
		for (size_t a = 0; a < iface->n_addresses; a++) {
			const struct model_address *address = &iface->addresses[a];

			if (address->prefix.addr.af == IP_AF_NONE)
				nets->incomplete = true;
			else if (!check_station(check, &address->prefix, address->loc))
				nets->incomplete = true;
			else if (!check_is_link_local(&address->prefix.addr))
				nets->items[nets->n++] = (struct net){address, iface};
		}
	}
	qsort(nets->items, nets->n, sizeof(*nets->items), compare_nets);
	qsort(nets->ifaces, nets->n_ifaces, sizeof(*nets->ifaces), compare_ifaces);
}

static void report_overlap(struct check *check, const struct net *a, const struct net *b)
{
	bool swap = check_loc_cmp(a->address->loc, b->address->loc) < 0;
	const struct net *later = swap ? b : a, *earlier = swap ? a : b;
	char mine[IP_PREFIX_STRLEN], theirs[IP_PREFIX_STRLEN], line[CHECK_LINE_STRLEN];

	prefix_print(&later->address->prefix, mine);
	if (ipaddr_cmp(&a->address->prefix.addr, &b->address->prefix.addr) == 0)
		diag_error(check->diag, later->address->loc,
			"address %s is taken by interface '%s' in %s", mine, earlier->iface->name,
			check_line(earlier->address->loc, line));
	else
		diag_error(check->diag, later->address->loc,
			"address %s: its network overlaps %s of interface '%s' in %s", mine,
			prefix_print(&earlier->address->prefix, theirs), earlier->iface->name,
			check_line(earlier->address->loc, line));
}

/* Prefixes nest or are apart. In order of address, wider first, those around the next one are a
 * stack, and it is reported against the innermost. */
static void check_overlaps(struct check *check, struct nets *nets)
{
	const struct net *around[1 + 128]; /* each longer than the one below */
	size_t depth = 0;

	for (size_t i = 0; i < nets->n; i++) {
		const struct net *net = &nets->items[i];
		const struct ip_prefix *prefix = &net->address->prefix;

		while (depth && !prefix_overlaps(&around[depth - 1]->address->prefix, prefix))
			depth--;
		if (depth) {
			nets->incomplete = true;
			report_overlap(check, around[depth - 1], net);
		}
		if (depth == 0 || around[depth - 1]->address->prefix.len < prefix->len)
			around[depth++] = net;
	}
}

/* Is ADDR a station that interface IFACE (NULL: any) can reach on its link? */
static void check_reach(struct check *check, const struct nets *nets,
	const struct model_interface *iface, const struct ip_addr *addr, const char *what,
	struct model_loc loc)
{
	char text[IP_ADDR_STRLEN], line[CHECK_LINE_STRLEN], prefix[IP_PREFIX_STRLEN];
	const struct model_address *own = NULL;
	const struct net *net = NULL;
	const char *fault;

	ipaddr_print(addr, text);
	if (!ipaddr_is_unicast(addr)) {
		diag_error(check->diag, loc, "%s %s: this is no unicast address", what, text);
		return;
	}
	if (check_is_link_local(addr)) {
		if (!iface) {
			diag_error(check->diag, loc,
				"%s %s: a link-local address needs 'dev', it is on every link",
				what, text);
			return;
		}
		own = own_link_local(iface, addr);
	} else if (nets->incomplete) {
		return;
	} else {
		net = lookup_net(nets, addr);
		if (!net) {
			diag_error(check->diag, loc,
				"%s %s is in no network of the router's interfaces", what, text);
			return;
		}
		if (iface && net->iface != iface) {
			diag_error(check->diag, loc,
				"%s %s is not in a network of interface '%s' but in %s of '%s', %s",
				what, text, iface->name,
				prefix_print(&net->address->prefix, prefix), net->iface->name,
				check_line(net->address->loc, line));
			return;
		}
		if (ipaddr_cmp(&net->address->prefix.addr, addr) == 0)
			own = net->address;
	}
	if (own) {
		diag_error(check->diag, loc, "%s %s is the router's own address, %s", what, text,
			check_line(own->loc, line));
		return;
	}
	fault = net ? check_station_fault(addr, net->address->prefix.len) : NULL;
	if (fault)
		diag_error(check->diag, loc, "%s %s: this is %s", what, text, fault);
}

/* Of a route, or of a policy for packets to TO (of no family: any). */
struct gateways {
	const struct ip_prefix *to;
	const struct ip_addr *vias;
	size_t n;
	const char *dev;
	struct model_loc loc, dev_loc;
};

static void check_gateways(
	struct check *check, const struct nets *nets, const struct gateways *gateways)
{
	const struct model_interface *dev = NULL;
	struct model_loc loc = gateways->loc;
	char text[IP_ADDR_STRLEN], to[IP_PREFIX_STRLEN];

	if (gateways->dev[0]) {
		dev = lookup_iface(nets, gateways->dev);
		if (!dev && !nets->nameless)
			diag_error(check->diag, gateways->dev_loc,
				"dev: the router has no interface '%s'", gateways->dev);
	}
	if (gateways->n > GATEWAYS_MAX) {
		diag_error(check->diag, loc, "via: %zu gateways, at most %u can share a route",
			gateways->n, GATEWAYS_MAX);
		return;
	}
	for (size_t i = 0; i < gateways->n; i++) {
		const struct ip_addr *via = &gateways->vias[i];
		size_t earlier = 0;

		if (via->af == IP_AF_NONE)
			continue;
		while (earlier < i && ipaddr_cmp(via, &gateways->vias[earlier]) != 0)
			earlier++;
		if (earlier < i)
			diag_error(check->diag, loc, "via: gateway %s comes twice",
				ipaddr_print(via, text));
		else if (gateways->to->addr.af && via->af != gateways->to->addr.af)
			diag_error(check->diag, loc,
				"via: gateway %s is not of the family of the network %s",
				ipaddr_print(via, text), prefix_print(gateways->to, to));
		else if (via->af != gateways->vias[0].af && gateways->vias[0].af)
			diag_error(check->diag, loc,
				"via: gateway %s is not of the family of the first",
				ipaddr_print(via, text));
		else if (dev || gateways->dev[0] == '\0')
			check_reach(check, nets, dev, via, "gateway", loc);
	}
}

static void check_route(
	struct check *check, const struct nets *nets, const struct model_route *route)
{
	struct model_loc loc = check_loc(route->to_loc, route->loc);
	const struct gateways gateways = {&route->to, route->vias, route->n_vias, route->dev,
		check_loc(route->via_loc, route->loc), check_loc(route->dev_loc, route->loc)};
	char to[IP_PREFIX_STRLEN], line[CHECK_LINE_STRLEN];
	const struct net *net;

	check_gateways(check, nets, &gateways);
	if (route->to.addr.af == IP_AF_NONE)
		return;
	net = lookup_net(nets, &route->to.addr);
	if (net && prefix_cmp(&net->address->prefix, &route->to) == 0)
		diag_error(check->diag, loc,
			"to: %s is the network of interface '%s' in %s, which is routed anyway",
			prefix_print(&route->to, to), net->iface->name,
			check_line(net->address->loc, line));
	else if (net && route->to.len == (route->to.addr.af == IP_AF_4 ? 32 : 128) &&
		ipaddr_cmp(&net->address->prefix.addr, &route->to.addr) == 0)
		diag_error(check->diag, loc, "to: %s is the router's own address in %s",
			prefix_print(&route->to, to), check_line(net->address->loc, line));
}

static int compare_routes(const void *a, const void *b)
{
	const struct model_route *left = *(const struct model_route *const *)a;
	const struct model_route *right = *(const struct model_route *const *)b;
	int rc = prefix_cmp(&left->to, &right->to);

	if (rc == 0 && left->metric != right->metric)
		rc = left->metric < right->metric ? -1 : 1;
	return rc ? rc : check_loc_cmp(left->loc, right->loc);
}

/* The routes to one network, SORTED[0..N-1], and their gateways together. */
static void check_alternatives(
	struct check *check, const struct model_route *const *sorted, size_t n)
{
	char to[IP_PREFIX_STRLEN], line[CHECK_LINE_STRLEN];
	size_t hops = 0;

	for (size_t i = 0; i < n; i++) {
		const struct model_route *route = sorted[i];
		struct model_loc loc = check_loc(route->to_loc, route->loc);

		prefix_print(&route->to, to);
		hops += route->n_vias ? route->n_vias : 1;
		if (i > 0 && route->metric == sorted[i - 1]->metric)
			diag_error(check->diag, loc, "to: there is a route to %s already, in %s",
				to, check_line(sorted[i - 1]->loc, line));
		else if (n > 1 && route->n_vias == 0 && !check->partial)
			diag_error(check->diag, loc,
				"to: one of several routes to %s needs 'via', to know whether its "
				"next hop lives",
				to);
		else if (hops > GATEWAYS_MAX && hops - route->n_vias <= GATEWAYS_MAX &&
			route->n_vias <= GATEWAYS_MAX)
			diag_error(check->diag, loc,
				"to: the routes to %s have more than %u gateways together", to,
				GATEWAYS_MAX);
	}
}

static void check_routes(
	struct check *check, const struct nets *nets, const struct model_router *router)
{
	const struct model_route **sorted = check_alloc(check, router->n_routes, sizeof(*sorted));
	size_t first = 0;

	if (!sorted)
		return;
	for (size_t i = 0; i < router->n_routes; i++) {
		sorted[i] = &router->routes[i];
		check_route(check, nets, sorted[i]);
	}
	qsort(sorted, router->n_routes, sizeof(*sorted), compare_routes);
	for (size_t i = 1; i <= router->n_routes; i++) {
		if (i < router->n_routes && prefix_cmp(&sorted[i]->to, &sorted[first]->to) == 0)
			continue;
		if (i - first > 1 && sorted[first]->to.addr.af)
			check_alternatives(check, sorted + first, i - first);
		first = i;
	}
	free(sorted);
}

static int compare_neighbors(const void *a, const void *b)
{
	const struct model_neighbor *left = *(const struct model_neighbor *const *)a;
	const struct model_neighbor *right = *(const struct model_neighbor *const *)b;
	int rc = ipaddr_cmp(&left->address, &right->address);

	if (rc == 0)
		rc = strcmp(left->interface, right->interface);
	return rc ? rc : check_loc_cmp(left->loc, right->loc);
}

static void check_neighbors(
	struct check *check, const struct nets *nets, const struct model_router *router)
{
	const struct model_neighbor **sorted =
		check_alloc(check, router->n_neighbors, sizeof(*sorted));
	char text[IP_ADDR_STRLEN], line[CHECK_LINE_STRLEN];

	if (!sorted)
		return;
	for (size_t i = 0; i < router->n_neighbors; i++) {
		const struct model_neighbor *neighbor = &router->neighbors[i];
		const struct model_interface *iface = lookup_iface(nets, neighbor->interface);

		sorted[i] = neighbor;
		if (neighbor->interface[0] && !iface && !nets->nameless)
			diag_error(check->diag, check_loc(neighbor->interface_loc, neighbor->loc),
				"interface: the router has no interface '%s'", neighbor->interface);
		if (iface && neighbor->address.af)
			check_reach(check, nets, iface, &neighbor->address, "neighbor",
				check_loc(neighbor->address_loc, neighbor->loc));
		if (!check->partial &&
			(mac_is_group(&neighbor->mac) || mac_is_zero(&neighbor->mac)))
			diag_error(check->diag, neighbor->loc,
				"mac: a neighbor needs the MAC address of one station");
	}
	qsort(sorted, router->n_neighbors, sizeof(*sorted), compare_neighbors);
	for (size_t i = 1; i < router->n_neighbors; i++) {
		if (sorted[i]->address.af &&
			ipaddr_cmp(&sorted[i]->address, &sorted[i - 1]->address) == 0 &&
			strcmp(sorted[i]->interface, sorted[i - 1]->interface) == 0)
			diag_error(check->diag, check_loc(sorted[i]->address_loc, sorted[i]->loc),
				"address: neighbor %s of interface '%s' is in %s already",
				ipaddr_print(&sorted[i]->address, text), sorted[i]->interface,
				check_line(sorted[i - 1]->loc, line));
	}
	free(sorted);
}

/* ---- filters, policies, probes ---- */

static void check_rules(
	struct check *check, const struct model_filter_rule *rules, size_t n, const char *direction)
{
	struct check_name *names = check_alloc(check, n, sizeof(*names));

	if (n > RULES_MAX)
		diag_error(check->diag, rules[RULES_MAX].loc,
			"%s: %zu rules, at most %u are possible", direction, n, RULES_MAX);
	for (size_t i = 0; names && i < n; i++)
		names[i] = (struct check_name){.name = rules[i].name, .loc = rules[i].loc};
	if (names)
		check_names(check, names, n, "filter rule");
	free(names);
}

static void check_policy(
	struct check *check, const struct nets *nets, const struct model_policy *policy)
{
	static const struct ip_prefix any = {0};
	const struct ip_prefix *to = policy->match.to.addr.af ? &policy->match.to
		: policy->match.from.addr.af                  ? &policy->match.from
							      : &any;
	const struct gateways gateways = {to, policy->vias, policy->n_vias, policy->dev,
		check_loc(policy->via_loc, policy->loc), check_loc(policy->dev_loc, policy->loc)};

	check_gateways(check, nets, &gateways);
	if (policy->in[0] && !lookup_iface(nets, policy->in) && !nets->nameless)
		diag_error(check->diag, check_loc(policy->in_loc, policy->loc),
			"in: the router has no interface '%s'", policy->in);
}

static void check_policies(
	struct check *check, const struct nets *nets, const struct model_router *router)
{
	struct check_name *names = check_alloc(check, router->n_policies, sizeof(*names));

	if (router->n_policies > RULES_MAX)
		diag_error(check->diag, router->policies[RULES_MAX].loc,
			"policies: %zu, at most %u are possible", router->n_policies, RULES_MAX);
	for (size_t i = 0; i < router->n_policies; i++)
		check_policy(check, nets, &router->policies[i]);
	for (size_t i = 0; names && i < router->n_policies; i++)
		names[i] = (struct check_name){
			.name = router->policies[i].name, .loc = router->policies[i].loc};
	if (names)
		check_names(check, names, router->n_policies, "policy");
	free(names);
}

static bool has_ip6(const struct model_interface *iface)
{
	for (size_t i = 0; i < iface->n_addresses; i++)
		if (iface->addresses[i].prefix.addr.af != IP_AF_4)
			return true; /* or one that is not understood, which is reported */
	return false;
}

static void check_guards(
	struct check *check, const struct nets *nets, const struct model_router *router)
{
	for (size_t i = 0; i < router->n_interfaces; i++) {
		const struct model_interface *iface = &router->interfaces[i];

		check_rules(check, iface->filter.in, iface->filter.n_in, "in");
		check_rules(check, iface->filter.out, iface->filter.n_out, "out");
		if (iface->probe.peer.af)
			check_reach(check, nets, iface, &iface->probe.peer, "peer",
				check_loc(iface->probe.peer_loc, iface->probe.loc));
		if (iface->ra.interval_s && !check->partial && !has_ip6(iface))
			diag_error(check->diag, check_loc(iface->ra.loc, iface->loc),
				"ra: interface '%s' has no IPv6 address to advertise", iface->name);
	}
	check_policies(check, nets, router);
}

void check_router(struct check *check, const struct model_router *router)
{
	struct nets nets = {0};
	size_t n_addresses = 0;

	for (size_t i = 0; i < router->n_interfaces; i++)
		n_addresses += router->interfaces[i].n_addresses;
	nets.items = check_alloc(check, n_addresses, sizeof(*nets.items));
	nets.ifaces = check_alloc(check, router->n_interfaces, sizeof(*nets.ifaces));
	if (nets.items && nets.ifaces) {
		collect_nets(check, router, &nets);
		check_overlaps(check, &nets);
		check_routes(check, &nets, router);
		check_neighbors(check, &nets, router);
		check_guards(check, &nets, router);
	}
	free(nets.items);
	free(nets.ifaces);
}
