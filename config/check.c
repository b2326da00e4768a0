/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "config/check_parts.h"
#include "lib/psched.h"

#define LCORES 128u

/* ---- what the parts share ---- */

const char *check_line(struct model_loc loc, char buf[CHECK_LINE_STRLEN])
{
	if (loc.line == 0)
		return "another place";
	snprintf(buf, CHECK_LINE_STRLEN, "line %u", loc.line);
	return buf;
}

struct model_loc check_loc(struct model_loc loc, struct model_loc otherwise)
{
	return loc.line ? loc : otherwise;
}

int check_loc_cmp(struct model_loc a, struct model_loc b)
{
	if (a.line != b.line)
		return a.line < b.line ? -1 : 1;
	return a.column < b.column ? -1 : a.column > b.column;
}

void *check_alloc(struct check *check, size_t n, size_t size)
{
	void *items = calloc(n + 1, size);

	if (!items)
		check->no_memory = true;
	return items;
}

static int compare_names(const void *a, const void *b)
{
	const struct check_name *left = a, *right = b;
	int rc = strcmp(left->name, right->name);

	return rc ? rc : check_loc_cmp(left->loc, right->loc);
}

void check_names(struct check *check, struct check_name *names, size_t n, const char *what)
{
	char line[CHECK_LINE_STRLEN];

	qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 1; i < n; i++) {
		if (names[i].name[0] && strcmp(names[i].name, names[i - 1].name) == 0)
			diag_error(check->diag, names[i].loc, "%s: the name '%s' is taken by %s",
				what, names[i].name, check_line(names[i - 1].loc, line));
	}
}

/* The names of all items of an array whose structs have a name and a loc. */
#define CHECK_NAMES(check, items, n, what)                                          \
	do {                                                                        \
		struct check_name *names_ = check_alloc(check, n, sizeof(*names_)); \
		for (size_t i_ = 0; names_ && i_ < (n); i_++)                       \
			names_[i_] = (struct check_name){                           \
				.name = (items)[i_].name, .loc = (items)[i_].loc};  \
		if (names_)                                                         \
			check_names(check, names_, n, what);                        \
		free(names_);                                                       \
	} while (0)

bool check_is_link_local(const struct ip_addr *addr)
{
	return addr->af == IP_AF_6 && addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

const char *check_station_fault(const struct ip_addr *addr, unsigned int len)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	uint32_t host, host_mask;

	if (!ipaddr_is_unicast(addr))
		return "no unicast address";
	if (addr->af == IP_AF_4) {
		if (len >= 31) /* RFC 3021 */
			return NULL;
		host_mask = UINT32_MAX >> len;
		host = ipaddr_to_u32(addr) & host_mask;
		if (host == 0)
			return "the address of the network itself";
		return host == host_mask ? "the broadcast address of its network" : NULL;
	}
	if (memcmp(addr->bytes, mapped, sizeof(mapped)) == 0)
		return "an IPv4-mapped address, which never stands in a packet";
	if (len < 127) { /* RFC 6164 */
		const struct ip_prefix prefix = {.addr = *addr, .len = (uint8_t)len};
		struct ip_prefix masked = prefix_mask(&prefix);

		/* RFC 4291 2.6.1 */
		if (memcmp(masked.addr.bytes, addr->bytes, sizeof(masked.addr.bytes)) == 0)
			return "the anycast address of all routers of its network";
	}
	return NULL;
}

bool check_station(struct check *check, const struct ip_prefix *prefix, struct model_loc loc)
{
	const char *is = check_station_fault(&prefix->addr, prefix->len);
	char text[IP_PREFIX_STRLEN];

	if (!is && prefix->len == 0)
		is = "in a network of all addresses";
	if (is)
		diag_error(
			check->diag, loc, "address %s: this is %s", prefix_print(prefix, text), is);
	return is == NULL;
}

/* ---- ports and slices by name ---- */

static int compare_ports(const void *a, const void *b)
{
	const struct model_port *left = *(const struct model_port *const *)a;
	const struct model_port *right = *(const struct model_port *const *)b;
	int rc = strcmp(left->name, right->name);

	return rc ? rc : check_loc_cmp(left->loc, right->loc);
}

static int compare_port_name(const void *name, const void *port)
{
	return strcmp(name, (*(const struct model_port *const *)port)->name);
}

const struct model_port *check_port(const struct check *check, const char *name)
{
	const struct model_port **found = bsearch(
		name, check->ports, check->n_ports, sizeof(*check->ports), compare_port_name);

	return found ? *found : NULL;
}

static bool index_ports(struct check *check)
{
	const struct model_site *site = check->site;

	check->ports = check_alloc(check, site->n_ports, sizeof(*check->ports));
	if (!check->ports)
		return false;
	for (size_t i = 0; i < site->n_ports; i++) {
		check->ports[i] = &site->ports[i];
		check->unknown_port |= check->partial && site->ports[i].name[0] == '\0';
	}
	qsort(check->ports, site->n_ports, sizeof(*check->ports), compare_ports);
	/* Of a name that comes twice the first counts. */
	for (size_t i = 0; i < site->n_ports; i++) {
		if (i == 0 || strcmp(check->ports[i]->name, check->ports[i - 1]->name) != 0)
			check->ports[check->n_ports++] = check->ports[i];
	}
	return true;
}

/* Each slice has an lcore of its own, so there are few: a look at each will do. */
static bool is_slice(const struct check *check, const char *name)
{
	bool unknown = check->site->n_slices > LCORES;

	for (size_t i = 0; i < check->site->n_slices && i < LCORES; i++) {
		if (strcmp(check->site->slices[i].name, name) == 0)
			return true;
		unknown |= check->partial && check->site->slices[i].name[0] == '\0';
	}
	return unknown;
}

/* ---- control and slices ---- */

/* ADDRESS:PORT, an IPv6 address in brackets. */
static bool is_endpoint(const char *text)
{
	const char *colon = strrchr(text, ':');
	char host[IP_ADDR_STRLEN];
	struct ip_addr addr;
	size_t len, n_digits;
	unsigned long port;
	bool bracketed = text[0] == '[';

	if (!colon)
		return false;
	len = (size_t)(colon - text);
	if (bracketed) {
		if (len < 2 || text[len - 1] != ']')
			return false;
		text++;
		len -= 2;
	}
	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	n_digits = strspn(colon + 1, "0123456789");
	if (n_digits == 0 || n_digits > 5 || colon[1 + n_digits] != '\0')
		return false;
	port = strtoul(colon + 1, NULL, 10);
	return port >= 1 && port <= UINT16_MAX && ipaddr_parse(host, &addr) == 0 &&
		(addr.af == IP_AF_6) == bracketed;
}

static void check_control(struct check *check)
{
	const struct model_control *control = &check->site->control;
	struct model_loc loc = check_loc(control->socket_loc, check->site->name_loc);
	const size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	if (control->socket && control->socket[0] != '/')
		diag_error(check->diag, loc, "socket: expected an absolute path, found '%s'",
			control->socket);
	if (control->socket && strlen(control->socket) > max)
		diag_error(check->diag, loc,
			"socket: the path has %zu bytes, the kernel allows %zu",
			strlen(control->socket), max);
	if (control->metrics && !is_endpoint(control->metrics))
		diag_error(check->diag, control->metrics_loc,
			"metrics: expected ADDRESS:PORT such as 127.0.0.1:9464 or [::1]:9464, "
			"found '%s'",
			control->metrics);
}

static void check_lcores(struct check *check)
{
	const struct model_slice *users[LCORES] = {0};
	char line[CHECK_LINE_STRLEN];
	size_t n_used = 0;

	if (check->site->n_slices > LCORES)
		diag_error(check->diag, check->site->slices[LCORES].loc,
			"%zu slices, and each needs one of %u lcores", check->site->n_slices,
			LCORES);
	for (size_t s = 0; s < check->site->n_slices; s++) {
		const struct model_slice *slice = &check->site->slices[s];
		struct model_loc loc = check_loc(slice->lcores_loc, slice->loc);

		if (slice->n_lcores == 0 && !check->partial)
			diag_error(check->diag, loc, "slice '%s' has no lcore", slice->name);
		for (size_t i = 0; i < slice->n_lcores; i++) {
			unsigned int lcore = slice->lcores[i];

			if (lcore >= LCORES) {
				if (!check->partial)
					diag_error(check->diag, loc,
						"lcores: %u is over the highest, %u", lcore,
						LCORES - 1);
				continue;
			}
			if (users[lcore] == slice)
				diag_error(check->diag, loc, "lcores: lcore %u comes twice", lcore);
			else if (users[lcore])
				diag_error(check->diag, loc,
					"lcores: lcore %u is taken by slice '%s' in %s", lcore,
					users[lcore]->name,
					check_line(check_loc(users[lcore]->lcores_loc,
							   users[lcore]->loc),
						line));
			else
				n_used++;
			if (!users[lcore])
				users[lcore] = slice;
		}
	}
	if (n_used == LCORES)
		diag_error(check->diag, check->site->slices[0].loc,
			"slices take all %u lcores, none is left for control", LCORES);
}

/* ---- routers ---- */

static void check_vpxis(struct check *check)
{
	const struct model_site *site = check->site;

	CHECK_NAMES(check, site->vpxis, site->n_vpxis, "VPXI");
	for (size_t v = 0; v < site->n_vpxis; v++) {
		const struct model_vpxi *vpxi = &site->vpxis[v];

		check_lease(check, vpxi);
		CHECK_NAMES(check, vpxi->routers, vpxi->n_routers, "router");
		for (size_t r = 0; r < vpxi->n_routers; r++) {
			const struct model_router *router = &vpxi->routers[r];

			CHECK_NAMES(check, router->interfaces, router->n_interfaces, "interface");
			if (router->slice[0] && !is_slice(check, router->slice))
				diag_error(check->diag, check_loc(router->slice_loc, router->loc),
					"slice: there is no slice '%s'", router->slice);
			check_router(check, router);
		}
	}
}

/* ---- the whole ---- */

/* Best effort waits in the port's. A link that is shaped before the port waits there, too. */
static uint64_t link_bufs(const struct model_interface *iface)
{
	uint32_t packets = iface->shape.queue_packets;

	if (iface->rate.min_bps == 0 && iface->rate.max_bps == MODEL_RATE_NONE)
		return 0;
	if (iface->shape.at == MODEL_AT_VIF_IN || iface->shape.at == MODEL_AT_VIF_OUT)
		return (uint64_t)packets + psched_behind_shaper(packets);
	return packets;
}

uint64_t check_bufs_needed(const struct model_site *site, const struct check_bufs *bufs)
{
	uint64_t needed = bufs->fixed + bufs->per_port * site->n_ports;

	/* A port with addresses has a router of its own. */
	for (size_t p = 0; p < site->n_ports; p++) {
		if (site->ports[p].n_addresses && site->ports[p].role == MODEL_ROLE_BACKBONE)
			needed += bufs->per_router;
	}

	for (size_t v = 0; v < site->n_vpxis; v++) {
		const struct model_vpxi *vpxi = &site->vpxis[v];

		needed += bufs->per_router * vpxi->n_routers;
		for (size_t r = 0; r < vpxi->n_routers; r++) {
			const struct model_router *router = &vpxi->routers[r];

			for (size_t i = 0; i < router->n_interfaces; i++) {
				const struct model_interface *iface = &router->interfaces[i];

				needed += link_bufs(iface);
			}
		}
	}
	return needed;
}

static void check_pool(struct check *check, const struct check_bufs *bufs)
{
	struct check_bufs without_queues = *bufs;
	const struct model_site *site = check->site;
	uint64_t needed = check_bufs_needed(site, bufs), queues;

	if (bufs->total == 0 || needed <= bufs->total)
		return;
	without_queues.fixed = without_queues.per_port = without_queues.per_router = 0;
	queues = check_bufs_needed(site, &without_queues);
	diag_error(check->diag, check_loc(site->eal.loc, site->name_loc),
		"queue limits do not fit the buffer pool: %llu packet buffers needed (%llu for the "
		"queues of links, %llu for ports and routers), %llu available",
		(unsigned long long)needed, (unsigned long long)queues,
		(unsigned long long)(needed - queues), (unsigned long long)bufs->total);
}

static void check_all(struct check *check)
{
	const struct model_site *site = check->site;

	if (index_ports(check)) {
		CHECK_NAMES(check, site->slices, site->n_slices, "slice");
		CHECK_NAMES(check, site->ports, site->n_ports, "port");
		check_control(check);
		check_lcores(check);
		check_ports(check);
		check_vpxis(check);
		check_links(check);
	}
	if (check->no_memory)
		diag_error(check->diag, (struct model_loc){0}, "out of memory");
	free(check->ports);
}

int check_site(const struct model_site *site, const struct check_bufs *bufs, struct diag *diag)
{
	struct check check = {.site = site, .diag = diag};
	size_t n_errors = diag->n_errors;

	check_all(&check);
	if (bufs)
		check_pool(&check, bufs);
	return diag->n_errors > n_errors ? -EINVAL : 0;
}

void check_site_partial(const struct model_site *site, struct diag *diag)
{
	struct check check = {.site = site, .diag = diag, .partial = true};

	check_all(&check);
}
