/* SPDX-License-Identifier: BSD-3-Clause */
/* The interfaces of all routers against the ports that they share. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/check_parts.h"
#include "config/lease.h"
#include "lib/rate.h"

#define ETHER_HEADER 14u
#define VLAN_TAG 4u
#define L1_OVERHEAD 24u /* preamble, FCS and gap */
#define MTU_MIN 68u
#define IP6_MTU_MIN 1280u
#define LINK_STRLEN (3 * (MODEL_NAME_MAX + 1))

struct link {
	const struct model_vpxi *vpxi;
	const struct model_router *router;
	const struct model_interface *iface;
	const struct model_port *port;
	struct ip_addr local; /* of a tunnel: its own, or the port's first of the family */
	bool attached;        /* where on the port is known */
};

static const char *link_name(const struct link *link, char buf[LINK_STRLEN])
{
	snprintf(buf, LINK_STRLEN, "%s/%s/%s", link->vpxi->name, link->router->name,
		link->iface->name);
	return buf;
}

/* Bytes in front of the inner packet: RFC 7348, 2784 and 2890, 2003 and 2473. */
static unsigned int tunnel_overhead(const struct model_tunnel *tunnel)
{
	unsigned int outer = tunnel->remote.af == IP_AF_6 ? 40 : 20;

	switch (tunnel->type) {
	case MODEL_TUNNEL_VXLAN:
		return outer + 8 + 8 + ETHER_HEADER;
	case MODEL_TUNNEL_GRE:
		return outer + (tunnel->has_key ? 8 : 4);
	case MODEL_TUNNEL_IPIP:
		return outer;
	case MODEL_TUNNEL_NONE:
		break;
	}
	return 0;
}

static bool is_faulty_attachment(const struct model_interface *iface)
{
	return (iface->vlan_loc.line && iface->vlan == MODEL_VLAN_NONE) ||
		(iface->tunnel.loc.line &&
			(iface->tunnel.type == MODEL_TUNNEL_NONE || iface->vlan_loc.line));
}

/* ---- tunnels ---- */

static const struct model_address *port_address(
	const struct model_port *port, const struct ip_addr *addr)
{
	for (size_t i = 0; i < port->n_addresses; i++) {
		if (ipaddr_cmp(&port->addresses[i].prefix.addr, addr) == 0)
			return &port->addresses[i];
	}
	return NULL;
}

static const struct model_address *port_address_of(const struct model_port *port, uint8_t af)
{
	for (size_t i = 0; i < port->n_addresses; i++) {
		if (port->addresses[i].prefix.addr.af == af)
			return &port->addresses[i];
	}
	return NULL;
}

static void check_tunnel(struct check *check, struct link *link)
{
	const struct model_tunnel *tunnel = &link->iface->tunnel;
	const struct model_port *port = link->port;
	struct model_loc remote_loc = check_loc(tunnel->remote_loc, tunnel->loc);
	struct model_loc local_loc = check_loc(tunnel->local_loc, tunnel->loc);
	char text[IP_ADDR_STRLEN], line[CHECK_LINE_STRLEN];
	const struct model_address *own;

	if (port->role != MODEL_ROLE_BACKBONE)
		diag_error(check->diag, tunnel->loc,
			"tunnel: port '%s' of %s is an access port, a tunnel needs a backbone port",
			port->name, check_line(port->loc, line));
	if (tunnel->remote.af == IP_AF_NONE)
		return;
	ipaddr_print(&tunnel->remote, text);
	if (!ipaddr_is_unicast(&tunnel->remote))
		diag_error(check->diag, remote_loc, "remote %s: this is no unicast address", text);
	own = port_address(port, &tunnel->remote);
	if (own)
		diag_error(check->diag, remote_loc, "remote %s is the port's own address, %s", text,
			check_line(own->loc, line));
	if (check->partial && port_address_of(port, IP_AF_NONE))
		return;
	link->local = tunnel->local;
	if (tunnel->local.af == IP_AF_NONE) {
		own = port_address_of(port, tunnel->remote.af);
		if (!own) {
			diag_error(check->diag, tunnel->loc,
				"tunnel: port '%s' of %s has no IPv%u address for the tunnel to "
				"remote %s",
				port->name, check_line(port->loc, line), tunnel->remote.af, text);
			return;
		}
		link->local = own->prefix.addr;
	} else if (tunnel->local.af != tunnel->remote.af) {
		diag_error(
			check->diag, local_loc, "local: not of the same family as remote %s", text);
	} else if (!port_address(port, &tunnel->local)) {
		diag_error(check->diag, local_loc, "local: %s is no address of port '%s' of %s",
			ipaddr_print(&tunnel->local, text), port->name,
			check_line(port->loc, line));
	}
	link->attached = true;
}

/* ---- who is where on a port ---- */

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_places(const struct link *a, const struct link *b)
{
	const struct model_tunnel *left = &a->iface->tunnel, *right = &b->iface->tunnel;
	int rc = compare_numbers((uintptr_t)a->port, (uintptr_t)b->port);

	if (rc == 0)
		rc = compare_numbers(!a->attached, !b->attached);
	if (rc == 0)
		rc = compare_numbers(a->iface->outer_vlan, b->iface->outer_vlan);
	if (rc == 0)
		rc = compare_numbers(a->iface->vlan, b->iface->vlan);
	if (rc == 0)
		rc = compare_numbers(left->type, right->type);
	if (rc == 0)
		rc = ipaddr_cmp(&left->remote, &right->remote);
	if (rc == 0)
		rc = ipaddr_cmp(&a->local, &b->local);
	if (rc == 0)
		rc = compare_numbers(left->vni, right->vni);
	if (rc == 0)
		rc = compare_numbers(left->has_key, right->has_key);
	return rc ? rc : compare_numbers(left->key, right->key);
}

/* From when a link is there, and until when. */
static int64_t link_begin_s(const struct link *link)
{
	return link->vpxi->lease.loc.line ? link->vpxi->lease.start_s : INT64_MIN;
}

static int64_t link_end_s(const struct link *link)
{
	return link->vpxi->lease.loc.line ? link->vpxi->lease.end_s : INT64_MAX;
}

static int compare_links(const void *a, const void *b)
{
	const struct link *left = a, *right = b;
	int64_t left_s = link_begin_s(left), right_s = link_begin_s(right);
	int rc = compare_places(left, right);

	if (rc == 0)
		rc = (left_s > right_s) - (left_s < right_s);
	return rc ? rc : check_loc_cmp(left->iface->loc, right->iface->loc);
}

static void describe_place(const struct link *link, char *buf, size_t len)
{
	static const char *const types[] = {"", "vxlan", "gre", "ipip"};
	const struct model_interface *iface = link->iface;
	const struct model_tunnel *tunnel = &iface->tunnel;
	char remote[IP_ADDR_STRLEN], id[32] = "";

	if (tunnel->type == MODEL_TUNNEL_VXLAN)
		snprintf(id, sizeof(id), " vni %u", tunnel->vni);
	else if (tunnel->has_key)
		snprintf(id, sizeof(id), " key %u", tunnel->key);
	if (tunnel->type != MODEL_TUNNEL_NONE)
		snprintf(buf, len, "tunnel %s to %s%s", types[tunnel->type],
			ipaddr_print(&tunnel->remote, remote), id);
	else if (iface->outer_vlan != MODEL_VLAN_NONE)
		snprintf(buf, len, "vlan [%u, %u]", iface->outer_vlan, iface->vlan);
	else if (iface->vlan != MODEL_VLAN_NONE)
		snprintf(buf, len, "vlan %u", iface->vlan);
	else
		snprintf(buf, len, "untagged traffic");
}

static struct model_loc place_loc(const struct model_interface *iface)
{
	return check_loc(iface->tunnel.loc, check_loc(iface->vlan_loc, iface->loc));
}

/* One link at a place at a time: VPXIs whose leases do not meet may follow one another. */
static void check_places(struct check *check, const struct link *links, size_t n)
{
	char place[128], other[LINK_STRLEN], line[CHECK_LINE_STRLEN];
	const struct link *before = links; /* that stays longest at the place, so far */

	for (size_t i = 1; i < n; i++) {
		const struct link *link = &links[i], *holder = before;
		bool same = link->attached && before->attached && compare_places(link, before) == 0;

		if (!same || link_end_s(link) > link_end_s(before))
			before = link;
		if (!same || link_begin_s(link) >= link_end_s(holder))
			continue;
		describe_place(link, place, sizeof(place));
		diag_error(check->diag, place_loc(link->iface),
			"%s of port '%s' is taken by %s in %s", place, link->port->name,
			link_name(holder, other), check_line(place_loc(holder->iface), line));
	}
}

static void check_vlans(struct check *check, const struct model_interface *iface)
{
	bool fits = iface->vlan == MODEL_VLAN_NONE || (iface->vlan >= 1 && iface->vlan <= 4094);

	if (iface->outer_vlan != MODEL_VLAN_NONE)
		fits &= iface->vlan != MODEL_VLAN_NONE && iface->outer_vlan >= 1 &&
			iface->outer_vlan <= 4094;
	if (!fits && !check->partial)
		diag_error(check->diag, place_loc(iface),
			"vlan: expected 1 to 4094 each, found [%u, %u]", iface->outer_vlan,
			iface->vlan);
}

/* ---- sizes ---- */

/* The interface's MTU; 0 where it is reported as impossible. */
static unsigned int check_mtu(struct check *check, const struct link *link)
{
	const struct model_interface *iface = link->iface;
	const struct model_port *port = link->port;
	struct model_loc loc = check_loc(iface->mtu_loc, iface->loc);
	unsigned int overhead = tunnel_overhead(&iface->tunnel), mtu = iface->mtu;
	char line[CHECK_LINE_STRLEN];

	if (mtu && mtu + overhead > port->mtu) {
		diag_error(check->diag, loc,
			"mtu: %u and %u of headers are over the mtu %u of port '%s' of %s", mtu,
			overhead, port->mtu, port->name,
			check_line(check_loc(port->mtu_loc, port->loc), line));
		return 0;
	}
	if (mtu == 0)
		mtu = port->mtu > overhead ? port->mtu - overhead : 0;
	if (mtu < MTU_MIN) {
		diag_error(check->diag, loc, "mtu: interface '%s' is left %u, IPv4 needs %u",
			iface->name, mtu, MTU_MIN);
		return 0;
	}
	for (size_t i = 0; i < iface->n_addresses && mtu < IP6_MTU_MIN; i++) {
		if (iface->addresses[i].prefix.addr.af != IP_AF_6)
			continue;
		diag_error(check->diag, loc,
			"mtu: interface '%s' has %u, its IPv6 address needs %u", iface->name, mtu,
			IP6_MTU_MIN);
		break;
	}
	return mtu;
}

static void check_shape(struct check *check, const struct link *link, unsigned int mtu)
{
	const struct model_interface *iface = link->iface;
	const struct model_shape *shape = &iface->shape;
	struct model_loc loc = check_loc(shape->loc, iface->loc);
	unsigned int frame = mtu + ETHER_HEADER;

	frame += iface->vlan != MODEL_VLAN_NONE ? VLAN_TAG : 0;
	frame += iface->outer_vlan != MODEL_VLAN_NONE ? VLAN_TAG : 0;
	frame += shape->bytes == MODEL_ACCOUNT_L1 ? L1_OVERHEAD : 0;
	if (shape->queue_bytes < frame)
		diag_error(check->diag, check_loc(shape->queue_loc, loc),
			"queue: %llu bytes do not hold one full frame of interface '%s', %u bytes",
			(unsigned long long)shape->queue_bytes, iface->name, frame);
	if (shape->queue_packets == 0 && !check->partial)
		diag_error(check->diag, loc, "queue-packets: a queue of interface '%s' holds none",
			iface->name);
	if (shape->burst_bytes && shape->burst_bytes < frame)
		diag_warning(check->diag, check_loc(shape->burst_loc, loc),
			"burst: %llu bytes are less than one full frame of interface '%s', %u "
			"bytes: its rate is not reached",
			(unsigned long long)shape->burst_bytes, iface->name, frame);
}

/* ---- rates ---- */

/* The links of one port: do the guarantees fit what it may give to VPXIs? */
static void check_rates(struct check *check, const struct link *links, size_t n)
{
	const struct model_port *port = links[0].port;
	char sum_text[RATE_STRLEN], share_text[RATE_STRLEN], excess_text[RATE_STRLEN],
		capacity_text[RATE_STRLEN], percent_text[RATE_STRLEN], line[CHECK_LINE_STRLEN];
	struct model_loc loc = check_loc(port->capacity_loc, port->loc);
	uint64_t sum, share;
	char text[LEASE_TIME_STRLEN], when[LEASE_TIME_STRLEN + 16] = "";
	struct lease_link *demands;
	struct lease_fault fault;
	int rc;

	if (port->capacity_bps == MODEL_RATE_NONE)
		return; /* the link's speed is known when it is up; the allocator judges then */
	share = model_port_share_bps(port, 0);
	rate_print(share, share_text);
	for (size_t i = 0; i < n; i++) {
		const struct model_rate *rate = &links[i].iface->rate;

		if (rate->max_bps != MODEL_RATE_NONE && rate->max_bps > share)
			diag_warning(check->diag, check_loc(rate->max_loc, rate->loc),
				"max: %s is over what port '%s' of %s has for VPXIs, %s",
				rate_print(rate->max_bps, sum_text), port->name,
				check_line(loc, line), share_text);
	}
	demands = check_alloc(check, n, sizeof(*demands));
	if (!demands)
		return;
	for (size_t i = 0; i < n; i++)
		demands[i] = (struct lease_link){links[i].vpxi, links[i].router, links[i].iface};
	rc = lease_check_minima(demands, n, check->site->now_s, share, &fault);
	free(demands);
	if (rc == -ENOMEM)
		check->no_memory = true;
	if (rc != -ENOSPC)
		return;
	sum = fault.sum_bps;
	if (fault.at_s != INT64_MIN)
		snprintf(when, sizeof(when), " at %s", lease_time_print(fault.at_s, text));
	diag_error(check->diag, loc,
		"port '%s': the guaranteed minima of its links, %s for %zu links%s, exceed its "
		"share for VPXIs, "
		"%s (%s of %s), by %s",
		port->name, rate_print(sum, sum_text), fault.n_links, when, share_text,
		percent_print(port->vpxi_share_centi, percent_text),
		rate_print(port->capacity_bps, capacity_text),
		rate_print(sum - share, excess_text));
}

/* ---- all of them ---- */

static void check_rate_limits(struct check *check, const struct model_interface *iface)
{
	const struct model_rate *rate = &iface->rate;
	char min[RATE_STRLEN], max[RATE_STRLEN];

	if (rate->min_bps > rate->max_bps && !check->partial)
		diag_error(check->diag, check_loc(rate->min_loc, check_loc(rate->loc, iface->loc)),
			"min: %s is over max, %s", rate_print(rate->min_bps, min),
			rate_print(rate->max_bps, max));
}

/* On a port with addresses of its own what has no tag is for those. */
static void check_attachment(struct check *check, struct link *link)
{
	const struct model_interface *iface = link->iface;
	const struct model_port *port = link->port;
	char line[CHECK_LINE_STRLEN];

	link->attached = !is_faulty_attachment(iface);
	if (link->attached && iface->vlan == MODEL_VLAN_NONE && port->n_addresses &&
		port->role == MODEL_ROLE_BACKBONE)
		diag_error(check->diag, check_loc(iface->port_loc, iface->loc),
			"port: untagged traffic of port '%s' is for its own address in %s: "
			"interface '%s' needs a vlan or a tunnel",
			port->name, check_line(port->addresses[0].loc, line), iface->name);
}

static void check_link(struct check *check, struct link *link)
{
	const struct model_interface *iface = link->iface;
	unsigned int mtu;

	check_rate_limits(check, iface);
	check_vlans(check, iface);
	if (!link->port) {
		if (iface->port[0] && !check->unknown_port)
			diag_error(check->diag, check_loc(iface->port_loc, iface->loc),
				"port: there is no port '%s'", iface->port);
		return;
	}
	if (iface->tunnel.type != MODEL_TUNNEL_NONE)
		check_tunnel(check, link);
	else
		check_attachment(check, link);
	mtu = check_mtu(check, link);
	if (mtu && (iface->rate.min_bps || iface->rate.max_bps != MODEL_RATE_NONE))
		check_shape(check, link, mtu);
}

static size_t count_interfaces(const struct model_site *site)
{
	size_t n = 0;

	for (size_t v = 0; v < site->n_vpxis; v++) {
		for (size_t r = 0; r < site->vpxis[v].n_routers; r++)
			n += site->vpxis[v].routers[r].n_interfaces;
	}
	return n;
}

void check_links(struct check *check)
{
	const struct model_site *site = check->site;
	struct link *links = check_alloc(check, count_interfaces(site), sizeof(*links));
	size_t n = 0, begin = 0;

	if (!links)
		return;
	for (size_t v = 0; v < site->n_vpxis; v++) {
		const struct model_vpxi *vpxi = &site->vpxis[v];

		for (size_t r = 0; r < vpxi->n_routers; r++) {
			const struct model_router *router = &vpxi->routers[r];

			for (size_t i = 0; i < router->n_interfaces; i++, n++) {
				const struct model_interface *iface = &router->interfaces[i];

				links[n] = (struct link){.vpxi = vpxi,
					.router = router,
					.iface = iface,
					.port = check_port(check, iface->port)};
				check_link(check, &links[n]);
			}
		}
	}
	qsort(links, n, sizeof(*links), compare_links);
	check_places(check, links, n);
	for (size_t i = 1; i <= n; i++) {
		if (i < n && links[i].port == links[begin].port)
			continue;
		if (links[begin].port)
			check_rates(check, &links[begin], i - begin);
		begin = i;
	}
	free(links);
}
