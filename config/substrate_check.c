/* SPDX-License-Identifier: BSD-3-Clause */
/* How the parts of a substrate fit together. Nothing is said that may follow from a fault that was
 * reported already: names are "" and numbers 0 there. */
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "config/check_parts.h"
#include "config/substrate.h"

#define CHECK_NAMES_OF(check, items, n, what)                                       \
	do {                                                                        \
		struct check_name *names_ = check_alloc(check, n, sizeof(*names_)); \
		for (size_t i_ = 0; names_ && i_ < (n); i_++)                       \
			names_[i_] = (struct check_name){                           \
				.name = (items)[i_].name, .loc = (items)[i_].loc};  \
		if (names_)                                                         \
			check_names(check, names_, n, what);                        \
		free(names_);                                                       \
	} while (0)

static int compare_ranges(const void *a, const void *b)
{
	const struct substrate_range *left = a, *right = b;

	if (left->first != right->first)
		return left->first < right->first ? -1 : 1;
	return check_loc_cmp(left->loc, right->loc);
}

static void check_vlans(struct check *check, struct substrate_port *port)
{
	char line[CHECK_LINE_STRLEN];
	size_t holder = 0;

	/* Sorted once for all: they are allocated from the lowest. */
	if (port->n_vlans)
		qsort(port->vlans, port->n_vlans, sizeof(*port->vlans), compare_ranges);
	for (size_t i = 1; i < port->n_vlans; i++) {
		const struct substrate_range *before = &port->vlans[holder],
					     *range = &port->vlans[i];

		if (range->first && before->first && range->first <= before->last)
			diag_error(check->diag, range->loc, "vlans: %u-%u overlaps %u-%u in %s",
				range->first, range->last, before->first, before->last,
				check_line(before->loc, line));
		if (range->last > before->last)
			holder = i;
	}
}

static void check_site_parts(struct check *check, struct substrate_site *site)
{
	const size_t path_max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
	uint32_t lcores = 0;

	CHECK_NAMES_OF(check, site->slices, site->n_slices, "slice");
	for (size_t i = 0; i < site->n_slices; i++)
		lcores += site->slices[i].lcores;
	if (lcores > SUBSTRATE_LCORES_MAX)
		diag_error(check->diag, site->loc, "slices: %u lcores, a site has at most %u",
			lcores, SUBSTRATE_LCORES_MAX);
	check_vlans(check, &site->access);
	if (site->access.name[0] && strcmp(site->access.name, site->backbone.name) == 0)
		diag_error(check->diag, site->backbone.loc,
			"backbone: the name '%s' is that of the access port", site->access.name);
	if (site->access.device && site->backbone.device &&
		strcmp(site->access.device, site->backbone.device) == 0)
		diag_error(check->diag, site->backbone.loc,
			"backbone: the device '%s' is that of the access port",
			site->access.device);
	if (site->backbone.address.prefix.addr.af == IP_AF_6)
		diag_error(check->diag, site->backbone.address.loc,
			"address: expected IPv4, the tunnels' underlay");
	else if (site->backbone.address.prefix.addr.af == IP_AF_4)
		check_station(check, &site->backbone.address.prefix, site->backbone.address.loc);
	if (site->socket && (site->socket[0] != '/' || strlen(site->socket) > path_max))
		diag_error(check->diag, site->socket_loc,
			"socket: expected an absolute path of at most %zu bytes, found '%s'",
			path_max, site->socket);
}

struct by_address {
	const struct substrate_site *site;
};

static int compare_addresses(const void *a, const void *b)
{
	const struct substrate_site *left = ((const struct by_address *)a)->site;
	const struct substrate_site *right = ((const struct by_address *)b)->site;
	int rc = ipaddr_cmp(
		&left->backbone.address.prefix.addr, &right->backbone.address.prefix.addr);

	return rc ? rc : check_loc_cmp(left->loc, right->loc);
}

static void check_addresses(struct check *check, const struct substrate *substrate)
{
	struct by_address *all = check_alloc(check, substrate->n_sites, sizeof(*all));
	char text[IP_ADDR_STRLEN];

	if (!all)
		return;
	for (size_t i = 0; i < substrate->n_sites; i++)
		all[i].site = &substrate->sites[i];
	qsort(all, substrate->n_sites, sizeof(*all), compare_addresses);
	for (size_t i = 1; i < substrate->n_sites; i++) {
		const struct substrate_site *site = all[i].site, *before = all[i - 1].site;
		const struct ip_addr *addr = &site->backbone.address.prefix.addr;

		if (addr->af != IP_AF_NONE &&
			ipaddr_cmp(addr, &before->backbone.address.prefix.addr) == 0)
			diag_error(check->diag, site->backbone.address.loc,
				"address %s is taken by site '%s'", ipaddr_print(addr, text),
				before->name);
	}
	free(all);
}

/* ---- links ---- */

struct site_name {
	const char *name;
	size_t index;
};

static int compare_site_names(const void *a, const void *b)
{
	const struct site_name *left = a, *right = b;
	int rc = strcmp(left->name, right->name);

	return rc ? rc : left->index < right->index ? -1 : left->index > right->index;
}

static int compare_site_name(const void *name, const void *item)
{
	return strcmp(name, ((const struct site_name *)item)->name);
}

static int compare_links(const void *a, const void *b)
{
	const struct substrate_link *left = *(const struct substrate_link *const *)a;
	const struct substrate_link *right = *(const struct substrate_link *const *)b;
	size_t pairs[2][2] = {
		{left->a < left->b ? left->a : left->b, left->a < left->b ? left->b : left->a},
		{right->a < right->b ? right->a : right->b,
			right->a < right->b ? right->b : right->a}};

	for (int i = 0; i < 2; i++) {
		if (pairs[0][i] != pairs[1][i])
			return pairs[0][i] < pairs[1][i] ? -1 : 1;
	}
	return check_loc_cmp(left->loc, right->loc);
}

static bool check_ends(
	struct check *check, struct substrate_link *link, const struct site_name *names, size_t n)
{
	size_t found = 0;

	if (link->n_between != 2) {
		if (link->n_between)
			diag_error(check->diag, link->between_loc,
				"between: expected two sites, found %zu", link->n_between);
		return false;
	}
	for (size_t i = 0; i < 2; i++) {
		const char *site = link->between[i].site;
		const struct site_name *at =
			bsearch(site, names, n, sizeof(*names), compare_site_name);

		if (!at && site[0])
			diag_error(check->diag, link->between_loc, "between: there is no site '%s'",
				site);
		if (!at || !site[0])
			continue;
		*(i ? &link->b : &link->a) = at->index;
		found++;
	}
	if (found == 2 && link->a == link->b)
		diag_error(check->diag, link->between_loc, "between: both ends are '%s'",
			link->between[0].site);
	return found == 2 && link->a != link->b;
}

static void check_pairs(struct check *check, struct substrate *substrate)
{
	struct site_name *names = check_alloc(check, substrate->n_sites, sizeof(*names));
	const struct substrate_link **links =
		check_alloc(check, substrate->n_links, sizeof(*links));
	size_t n = 0;

	for (size_t i = 0; names && i < substrate->n_sites; i++)
		names[i] = (struct site_name){substrate->sites[i].name, i};
	if (names)
		qsort(names, substrate->n_sites, sizeof(*names), compare_site_names);
	for (size_t i = 0; names && links && i < substrate->n_links; i++) {
		if (check_ends(check, &substrate->links[i], names, substrate->n_sites))
			links[n++] = &substrate->links[i];
	}
	if (links)
		qsort(links, n, sizeof(*links), compare_links);
	for (size_t i = 1; links && i < n; i++) {
		const struct substrate_link *link = links[i], *other = links[i - 1];

		/* A tunnel has its two ends only: it cannot choose between two links. */
		if ((link->a == other->a && link->b == other->b) ||
			(link->a == other->b && link->b == other->a))
			diag_error(check->diag, link->loc,
				"link: '%s' joins the two sites already, in line %u", other->name,
				other->loc.line);
	}
	free(links);
	free(names);
}

void substrate_check(struct substrate *substrate, struct diag *diag)
{
	struct check check = {.diag = diag, .partial = true};

	CHECK_NAMES_OF(&check, substrate->sites, substrate->n_sites, "site");
	CHECK_NAMES_OF(&check, substrate->links, substrate->n_links, "link");
	for (size_t i = 0; i < substrate->n_sites; i++)
		check_site_parts(&check, &substrate->sites[i]);
	check_addresses(&check, substrate);
	check_pairs(&check, substrate);
	if (check.no_memory)
		diag_error(diag, (struct model_loc){0}, "out of memory");
}
