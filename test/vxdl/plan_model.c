/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan_model.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/print.h"
#include "config/site.h"

#define SITES_MAX 8
#define HOPS_MAX 32

static struct model_site *sites[SITES_MAX];
static size_t n_sites;

/* What an operator would have: the file, parsed and checked. */
static struct model_site *read_site(const struct plan *plan, size_t s)
{
	struct model_site *site, *again;
	struct diag diag;
	char *text;
	size_t len;
	FILE *out;

	assert_int_equal(plan_site_build(plan, s, &site), 0);
	out = open_memstream(&text, &len);
	assert_int_equal(print_site(site, out), 0);
	fclose(out);
	assert_int_equal(diag_init(&diag, "site"), 0);
	site_parse_buffer("site", text, len, &again, &diag);
	if (again)
		again->now_s = INT64_MIN; /* judge all instants */
	if (!again || check_site(again, NULL, &diag) < 0)
		fail_msg("%s\n%s", diag_format(&diag), text);
	assert_true(model_site_equal(site, again));
	model_site_destroy(site);
	diag_fini(&diag);
	free(text);
	return again;
}

/* ---- rates, at an instant ---- */

static bool is_there(const struct model_vpxi *vpxi, int64_t at_s)
{
	return !vpxi->lease.loc.line || (vpxi->lease.start_s <= at_s && at_s < vpxi->lease.end_s);
}

static uint64_t guarantee(const struct model_vpxi *vpxi, const struct model_router *router,
	const struct model_interface *iface, int64_t at_s)
{
	int64_t begin_s = vpxi->lease.start_s;

	for (size_t p = 0; p < vpxi->n_periods; p++) {
		const struct model_period *period = &vpxi->periods[p];
		int64_t end_s =
			period->duration_s ? begin_s + (int64_t)period->duration_s : INT64_MAX;

		for (size_t i = 0; begin_s <= at_s && at_s < end_s && i < period->n_rates; i++) {
			if (strcmp(period->rates[i].router, router->name) == 0 &&
				strcmp(period->rates[i].interface, iface->name) == 0)
				return period->rates[i].rate.min_bps;
		}
		begin_s = end_s;
	}
	return iface->rate.min_bps;
}

static size_t site_of(const struct ip_addr *address)
{
	for (size_t s = 0; s < n_sites; s++) {
		if (ipaddr_cmp(&sites[s]->ports[1].addresses[0].prefix.addr, address) == 0)
			return s;
	}
	fail_msg("a tunnel to nowhere");
	return SIZE_MAX;
}

static void judge_site(const struct plan *plan, size_t s, int64_t at_s, uint64_t *link_bps)
{
	const struct substrate_site *own = &plan->substrate->sites[s];
	uint64_t access_bps = 0, trunk_bps = 0;
	unsigned char vlans[4096] = {0};

	for (size_t v = 0; v < sites[s]->n_vpxis; v++) {
		const struct model_vpxi *vpxi = &sites[s]->vpxis[v];

		for (size_t r = 0; is_there(vpxi, at_s) && r < vpxi->n_routers; r++) {
			const struct model_router *router = &vpxi->routers[r];

			for (size_t i = 0; i < router->n_interfaces; i++) {
				const struct model_interface *iface = &router->interfaces[i];
				uint64_t bps = guarantee(vpxi, router, iface, at_s);

				if (strcmp(iface->port, own->access.name) == 0) {
					access_bps += bps;
					assert_int_equal(vlans[iface->vlan]++, 0);
				} else {
					trunk_bps += bps;
					link_bps[s * n_sites + site_of(&iface->tunnel.remote)] +=
						bps;
				}
			}
		}
	}
	for (unsigned int vlan = 0; vlan < 4096; vlan++) {
		bool has = !vlans[vlan];

		for (size_t i = 0; i < own->access.n_vlans; i++)
			has |= own->access.vlans[i].first <= vlan &&
				vlan <= own->access.vlans[i].last;
		assert_true(has);
	}
	assert_true(access_bps * 10000 <= own->access.capacity_bps * own->access.vpxi_share_centi);
	assert_true(
		trunk_bps * 10000 <= own->backbone.capacity_bps * own->backbone.vpxi_share_centi);
}

static void judge_instant(const struct plan *plan, int64_t at_s)
{
	uint64_t link_bps[SITES_MAX * SITES_MAX] = {0};

	for (size_t s = 0; s < n_sites; s++)
		judge_site(plan, s, at_s, link_bps);
	for (size_t i = 0; i < plan->substrate->n_links; i++) {
		const struct substrate_link *link = &plan->substrate->links[i];
		uint64_t share = link->capacity_bps * link->vpxi_share_centi;

		assert_true(link_bps[link->a * n_sites + link->b] * 10000 <= share);
		assert_true(link_bps[link->b * n_sites + link->a] * 10000 <= share);
		link_bps[link->a * n_sites + link->b] = link_bps[link->b * n_sites + link->a] = 0;
	}
	/* Nothing goes where there is no link. */
	for (size_t i = 0; i < n_sites * n_sites; i++)
		assert_int_equal(link_bps[i], 0);
}

/* ---- lcores: from the map ---- */

static bool lease_has(const json_t *vpxi, uint64_t at_s)
{
	const char *end = json_string_value(json_object_get(vpxi, "end"));
	uint64_t start_s, end_s = UINT64_MAX;

	assert_int_equal(
		vxdl_parse_time(json_string_value(json_object_get(vpxi, "start")), &start_s), 0);
	if (end)
		assert_int_equal(vxdl_parse_time(end, &end_s), 0);
	return start_s <= at_s && at_s < end_s;
}

static void judge_slices(const struct substrate *substrate, const json_t *map, uint64_t at_s)
{
	for (size_t s = 0; s < substrate->n_sites; s++) {
		for (size_t i = 0; i < substrate->sites[s].n_slices; i++) {
			const struct substrate_slice *slice = &substrate->sites[s].slices[i];
			json_t *vpxi, *entry;
			json_int_t milli = 0;
			size_t v, r;
			char name[160];

			snprintf(
				name, sizeof(name), "%s/%s", substrate->sites[s].name, slice->name);
			json_array_foreach (json_object_get(map, "vpxis"), v, vpxi) {
				if (!lease_has(vpxi, at_s))
					continue;
				json_array_foreach (json_object_get(vpxi, "resources"), r, entry) {
					json_t *at = json_object_get(entry, "physical");

					if (strcmp(json_string_value(at), name) == 0)
						milli += json_integer_value(
							json_object_get(entry, "capacity"));
				}
			}
			assert_true(milli <= 1000 * slice->lcores);
		}
	}
}

/* ---- links and routes ---- */

struct place {
	size_t site;
	const struct model_vpxi *vpxi;
	const struct model_router *router;
	const struct model_interface *iface;
};

/* The interface of the VPXI with this address. */
static bool find_address(const char *vpxi, const struct ip_addr *address, struct place *out)
{
	for (size_t s = 0; s < n_sites; s++) {
		const struct model_vpxi *here = model_vpxi_lookup(sites[s], vpxi);

		for (size_t r = 0; here && r < here->n_routers; r++) {
			for (size_t i = 0; i < here->routers[r].n_interfaces; i++) {
				*out = (struct place){s, here, &here->routers[r],
					&here->routers[r].interfaces[i]};
				if (ipaddr_cmp(&out->iface->addresses[0].prefix.addr, address) == 0)
					return true;
			}
		}
	}
	return false;
}

static struct ip_addr peer_address(const struct model_interface *iface)
{
	uint32_t own = ipaddr_to_u32(&iface->addresses[0].prefix.addr);

	return ipaddr_from_u32(own % 4 == 1 ? own + 1 : own - 1);
}

static uint32_t number_of(const struct model_tunnel *tunnel)
{
	return tunnel->type == MODEL_TUNNEL_GRE ? tunnel->key : tunnel->vni;
}

/* The other end is in the same VPXI, sees us, and nobody else has the VNI. */
static void judge_tunnel(const struct place *at)
{
	struct ip_addr address = peer_address(at->iface);
	size_t n_ends = 0;
	struct place peer;

	assert_true(find_address(at->vpxi->name, &address, &peer));
	assert_int_equal(peer.site, site_of(&at->iface->tunnel.remote));
	assert_int_equal(at->site, site_of(&peer.iface->tunnel.remote));
	assert_int_equal(peer.iface->tunnel.type, at->iface->tunnel.type);
	assert_int_equal(number_of(&peer.iface->tunnel), number_of(&at->iface->tunnel));
	for (size_t s = 0; s < n_sites; s++) {
		for (size_t v = 0; v < sites[s]->n_vpxis; v++) {
			const struct model_vpxi *vpxi = &sites[s]->vpxis[v];

			for (size_t r = 0; r < vpxi->n_routers; r++) {
				for (size_t i = 0; i < vpxi->routers[r].n_interfaces; i++) {
					const struct model_tunnel *other =
						&vpxi->routers[r].interfaces[i].tunnel;

					n_ends += other->type != MODEL_TUNNEL_NONE &&
						number_of(other) == number_of(&at->iface->tunnel);
				}
			}
		}
	}
	assert_int_equal(n_ends, 2);
}

static bool has_network(const struct model_router *router, const struct ip_prefix *network)
{
	for (size_t i = 0; i < router->n_interfaces; i++) {
		struct ip_prefix own = prefix_mask(&router->interfaces[i].addresses[0].prefix);

		if (prefix_cmp(&own, network) == 0)
			return true;
	}
	return false;
}

/* Where a router sends what is marked with DSCP for NETWORK; NULL: nowhere. */
static const struct ip_addr *via_of(
	const struct model_router *router, const struct ip_prefix *network, unsigned int dscp)
{
	for (size_t i = 0; i < router->n_policies; i++) {
		const struct model_policy *policy = &router->policies[i];

		assert_int_equal(policy->n_vias, 1);
		if (prefix_cmp(&policy->match.to, network) == 0 && policy->match.dscp >> dscp & 1)
			return &policy->vias[0];
	}
	for (size_t i = 0; i < router->n_routes; i++) {
		assert_int_equal(router->routes[i].n_vias, 1);
		if (prefix_cmp(&router->routes[i].to, network) == 0)
			return &router->routes[i].vias[0];
	}
	return NULL;
}

/* From router to router on the way to NETWORK. False: there is none at the first. */
static bool follow_marked(struct place at, const struct ip_prefix *network, unsigned int dscp)
{
	for (unsigned int hop = 0; !has_network(at.router, network); hop++) {
		const struct ip_addr *via = via_of(at.router, network, dscp);

		assert_true(hop < HOPS_MAX);
		if (!via && hop == 0)
			return false;
		assert_non_null(via);
		assert_true(find_address(at.vpxi->name, via, &at));
	}
	return true;
}

/* The same whatever the class: all arrive, none goes in circles. */
static bool follow(struct place at, const struct ip_prefix *network)
{
	bool plain = follow_marked(at, network, 0);

	assert_true(follow_marked(at, network, 46) == plain);
	assert_true(follow_marked(at, network, 10) == plain);
	return plain;
}

/* Whoever can be reached from a network can reach it, too, and neighbours always. */
static void judge_router(const struct place *at)
{
	for (size_t s = 0; s < n_sites; s++) {
		const struct model_vpxi *there = model_vpxi_lookup(sites[s], at->vpxi->name);

		for (size_t r = 0; there && r < there->n_routers; r++) {
			struct place other = {s, there, &there->routers[r], NULL};
			const struct model_interface *own = &at->router->interfaces[0];
			const struct model_interface *far = &other.router->interfaces[0];
			struct ip_prefix here, away;

			if (!other.router->n_interfaces || !at->router->n_interfaces)
				continue;
			here = prefix_mask(&own->addresses[0].prefix);
			away = prefix_mask(&far->addresses[0].prefix);
			assert_true(follow(*at, &away) == follow(other, &here));
		}
	}
	for (size_t i = 0; i < at->router->n_interfaces; i++) {
		const struct model_interface *iface = &at->router->interfaces[i];
		struct ip_addr address = peer_address(iface);
		struct place peer;

		if (iface->tunnel.type == MODEL_TUNNEL_NONE)
			continue;
		judge_tunnel(&(struct place){at->site, at->vpxi, at->router, iface});
		assert_true(find_address(at->vpxi->name, &address, &peer));
		for (size_t k = 0; k < peer.router->n_interfaces; k++) {
			struct ip_prefix network =
				prefix_mask(&peer.router->interfaces[k].addresses[0].prefix);

			assert_true(follow(*at, &network));
		}
	}
}

void plan_model_judge(const struct plan *plan, uint64_t from_s, uint64_t to_s, uint64_t step_s)
{
	json_t *map = plan_map(plan);

	n_sites = plan->substrate->n_sites;
	assert_in_range(n_sites, 1, SITES_MAX);
	assert_non_null(map);
	for (size_t s = 0; s < n_sites; s++)
		sites[s] = read_site(plan, s);
	for (uint64_t at_s = from_s; at_s <= to_s; at_s += step_s) {
		judge_instant(plan, (int64_t)at_s);
		judge_slices(plan->substrate, map, at_s);
	}
	for (size_t s = 0; s < n_sites; s++) {
		for (size_t v = 0; v < sites[s]->n_vpxis; v++) {
			const struct model_vpxi *vpxi = &sites[s]->vpxis[v];

			for (size_t r = 0; r < vpxi->n_routers; r++)
				judge_router(&(struct place){s, vpxi, &vpxi->routers[r], NULL});
		}
	}
	for (size_t s = 0; s < n_sites; s++)
		model_site_destroy(sites[s]);
	json_decref(map);
}
