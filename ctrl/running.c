/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/running.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/lease.h"
#include "ctrl/apply.h"
#include "ctrl/clock.h"
#include "ctrl/dpspec.h"
#include "ctrl/reconf.h"
#include "dataplane/dp.h"
#include "lib/log.h"

int running_init(struct running *running)
{
	memset(running, 0, sizeof(*running));
	running->model = model_site_create();
	return running->model ? 0 : -ENOMEM;
}

void running_fini(struct running *running)
{
	ids_fini(&running->ids);
	model_site_destroy(running->accepted);
	model_site_destroy(running->model);
	running->model = running->accepted = NULL;
}

static uint64_t port_speed(void *ctx, const char *port)
{
	struct running *running = ctx;
	uint32_t id = idmap_get(&running->ids.ports, port);
	struct dp_port_stats stats;

	if (!id || dp_port_stats_get(id, &stats) < 0)
		return 0;
	return stats.speed_bps;
}

struct grant_speeds running_speeds(struct running *running)
{
	return (struct grant_speeds){.get = port_speed, .ctx = running};
}

struct check_bufs running_bufs(const struct model_site *site)
{
	struct check_bufs bufs = {0};
	uint32_t total = 0, in_use = 0;
	size_t n_workers = 0;

	for (size_t i = 0; i < site->n_slices; i++)
		n_workers += site->slices[i].n_lcores;
	dp_bufs_needed(n_workers, &bufs.per_port, &bufs.per_router, &bufs.fixed);
	dp_bufs_get(&total, &in_use);
	bufs.total = total;
	return bufs;
}

static json_t *plan_json(const struct plan *plan)
{
	json_t *changes = json_array();

	for (size_t i = 0; changes && i < plan->n; i++) {
		char object[IDMAP_KEY_LEN];
		json_t *item;

		plan_op_object(&plan->ops[i], object, sizeof(object));
		item = json_pack(
			"{s:s, s:s}", "op", plan_kind_name(plan->ops[i].kind), "object", object);
		if (json_array_append_new(changes, item) < 0) {
			json_decref(changes);
			return NULL;
		}
	}
	return changes;
}

/* NEXT as it is at an instant becomes the model, taken over on success. */
static int change_model(
	struct running *running, struct model_site *next, struct diag *diag, json_t **changes)
{
	struct grant_speeds speeds = running_speeds(running);
	struct apply_error error;
	struct plan plan;
	json_t *list = NULL;
	int rc = reconf_diff(running->model, next, &speeds, &plan);

	if (rc < 0) {
		diag_error(diag, (struct model_loc){0}, "%s", strerror(-rc));
		return rc;
	}
	if (changes) {
		list = plan_json(&plan);
		rc = list ? 0 : -ENOMEM;
		snprintf(error.text, sizeof(error.text), "%s", strerror(ENOMEM));
		error.loc = (struct model_loc){0};
	}
	if (rc == 0)
		rc = apply_plan(&plan, &running->ids, &error);
	plan_fini(&plan);
	if (rc < 0) {
		diag_error(diag, error.loc, "%s", error.text);
		json_decref(list);
		return rc;
	}
	model_site_destroy(running->model);
	running->model = next;
	if (changes)
		*changes = list;
	return 0;
}

static struct model_site *site_at(const struct model_site *site, int64_t now_s, struct diag *diag)
{
	struct model_site *at = lease_site_at(site, now_s);

	if (!at)
		diag_error(diag, (struct model_loc){0}, "%s", strerror(ENOMEM));
	return at;
}

int running_change(
	struct running *running, struct model_site *next, struct diag *diag, json_t **changes)
{
	int64_t now_s = clock_now_s();
	struct model_site *at = NULL;
	int rc;

	if (lease_site_has(next)) {
		at = site_at(next, now_s, diag);
		if (!at)
			return -ENOMEM;
	}
	rc = change_model(running, at ? at : next, diag, changes);
	if (rc < 0) {
		model_site_destroy(at);
		return rc;
	}
	model_site_destroy(running->accepted);
	running->accepted = at ? next : NULL;
	running->at_s = now_s;
	return 0;
}

int running_advance(struct running *running, int64_t now_s, struct diag *diag, json_t **changes)
{
	struct model_site *at = site_at(running_accepted(running), now_s, diag);
	int rc = at ? change_model(running, at, diag, changes) : -ENOMEM;

	if (rc < 0)
		model_site_destroy(at);
	else
		running->at_s = now_s;
	return rc;
}

const struct model_site *running_accepted(const struct running *running)
{
	return running->accepted ? running->accepted : running->model;
}

void running_keep_routes(struct running *running, const struct running_vr *vr)
{
	struct model_vpxi *vpxi, copy;
	struct model_router *to, *from;
	struct model_route *routes;
	size_t n;

	if (!running->accepted)
		return;
	vpxi = model_vpxi_lookup(running->accepted, vr->vpxi->name);
	to = vpxi ? model_router_lookup(vpxi, vr->router->name) : NULL;
	if (!to)
		return;
	if (model_vpxi_clone(&copy, vr->vpxi) < 0) {
		log_error("control",
			"vrouter %s/%s: its routes are kept until its next period "
			"only: out of memory",
			vr->vpxi->name, vr->router->name);
		return;
	}
	from = model_router_lookup(&copy, vr->router->name);
	routes = to->routes;
	n = to->n_routes;
	to->routes = from->routes;
	to->n_routes = from->n_routes;
	from->routes = routes;
	from->n_routes = n;
	model_vpxi_fini(&copy);
}

struct model_rate *running_accepted_rate(
	const struct running *running, const struct running_iface *iface)
{
	struct model_period_rate *rate;
	struct model_router *router;
	struct model_vpxi *vpxi;

	if (!running->accepted)
		return NULL;
	vpxi = model_vpxi_lookup(running->accepted, iface->vr.vpxi->name);
	rate = lease_period_rate(
		lease_period(vpxi, running->at_s), iface->vr.router->name, iface->iface->name);
	if (rate)
		return &rate->rate;
	router = model_router_lookup(vpxi, iface->vr.router->name);
	return &model_interface_lookup(router, iface->iface->name)->rate;
}

/* The links of a set whose grants are not what the dataplane has. */
struct links {
	dp_iface_id *ids;
	struct dp_link_spec *specs;
	size_t n;
};

static void links_fini(struct links *links)
{
	free(links->ids);
	free(links->specs);
}

static int links_init(struct links *links, size_t size)
{
	links->n = 0;
	links->ids = calloc(size + 1, sizeof(*links->ids));
	links->specs = calloc(size + 1, sizeof(*links->specs));
	return links->ids && links->specs ? 0 : -ENOMEM;
}

static void links_collect(
	struct links *links, const struct running *running, const struct grant_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct grant_link *link = &set->links[i];
		dp_iface_id id = ids_iface(
			&running->ids, link->vpxi->name, link->router->name, link->iface->name);
		const struct dp_link_spec *now = dp_link_get(id);

		if (!now ||
			(now->rate_bps == link->grant.granted_bps &&
				now->min_bps == link->grant.min_bps &&
				now->borrow_bps == link->grant.borrow_bps))
			continue;
		links->ids[links->n] = id;
		dpspec_link(link->iface, &link->grant, &links->specs[links->n]);
		links->n++;
	}
}

int running_reshare(struct running *running, char *err)
{
	struct grant_speeds speeds = running_speeds(running);
	struct dp_txn *txn = NULL;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < running->model->n_ports; i++) {
		const struct model_port *port = &running->model->ports[i];
		uint64_t share_bps = grant_capacity(port, &speeds);
		struct dp_port_spec spec;

		if (port->capacity_bps != MODEL_RATE_NONE || port->vpxi_share_centi == 10000 ||
			share_bps == GRANT_UNKNOWN)
			continue;
		if (!txn)
			txn = dp_txn_begin();
		if (!txn) {
			snprintf(err, DP_ERR_LEN, "%s", strerror(ENOMEM));
			return -ENOMEM;
		}
		dpspec_port(port, share_bps, &spec);
		rc = dp_txn_port_set(txn, idmap_get(&running->ids.ports, port->name), &spec, err);
	}
	if (rc < 0)
		dp_txn_abort(txn);
	else if (txn)
		dp_txn_commit(txn);
	return rc;
}

int running_regrant(
	struct running *running, const struct model_port *port, size_t *n_changed, char *err)
{
	struct grant_speeds speeds = running_speeds(running);
	struct links links;
	struct grant_set set;
	int rc;

	if (port)
		rc = grant_port(running->model, port, &speeds, &set);
	else
		rc = grant_site(running->model, &speeds, &set);
	if (rc < 0) {
		snprintf(err, DP_ERR_LEN, "%s", strerror(-rc));
		return rc;
	}
	rc = links_init(&links, set.n);
	if (rc < 0) {
		snprintf(err, DP_ERR_LEN, "%s", strerror(-rc));
		goto out;
	}
	links_collect(&links, running, &set);
	if (links.n > 0) {
		snprintf(err, DP_ERR_LEN, "the links' rates could not be set");
		rc = dp_links_set(links.ids, links.specs, links.n, err);
	}
	if (rc == 0 && n_changed)
		*n_changed = links.n;
out:
	links_fini(&links);
	grant_set_fini(&set);
	return rc;
}

void running_settle(struct running *running)
{
	char err[DP_ERR_LEN] = "";
	bool failed =
		running_reshare(running, err) < 0 || running_regrant(running, NULL, NULL, err) < 0;

	if (failed && !running->unsettled)
		log_error("control", "rates not granted, will be tried again: %s", err);
	if (!failed && running->unsettled)
		log_info("control", "rates granted");
	running->unsettled = failed;
}

/* Copies the part of NAME up to the next slash; returns what follows it, NULL: no more parts. */
static const char *take_part(const char *name, char part[MODEL_NAME_MAX + 1])
{
	size_t len = strcspn(name, "/");

	part[0] = '\0';
	if (len <= MODEL_NAME_MAX) {
		memcpy(part, name, len);
		part[len] = '\0';
	}
	return name[len] ? name + len + 1 : NULL;
}

/* REST: what follows VPXI/VR/, NULL when nothing does. */
static int lookup_vr(
	const struct running *running, const char *name, struct running_vr *out, const char **rest)
{
	char part[MODEL_NAME_MAX + 1];

	name = take_part(name, part);
	out->vpxi = model_vpxi_lookup(running->model, part);
	if (!out->vpxi || !name)
		return -ENOENT;
	*rest = take_part(name, part);
	out->router = model_router_lookup(out->vpxi, part);
	if (!out->router)
		return -ENOENT;
	out->id = ids_vr(&running->ids, out->vpxi->name, out->router->name);
	return 0;
}

int running_vr_lookup(const struct running *running, const char *name, struct running_vr *out)
{
	const char *rest;
	int rc = lookup_vr(running, name, out, &rest);

	return rc == 0 && rest ? -ENOENT : rc;
}

int running_iface_lookup(const struct running *running, const char *name, struct running_iface *out)
{
	const char *rest;
	int rc = lookup_vr(running, name, &out->vr, &rest);

	if (rc < 0 || !rest)
		return -ENOENT;
	out->iface = model_interface_lookup(out->vr.router, rest);
	if (!out->iface)
		return -ENOENT;
	out->id = ids_iface(
		&running->ids, out->vr.vpxi->name, out->vr.router->name, out->iface->name);
	return 0;
}

const char *running_iface_name(
	const struct running *running, const struct running_vr *vr, uint32_t iface)
{
	for (size_t i = 0; i < vr->router->n_interfaces; i++) {
		const char *name = vr->router->interfaces[i].name;

		if (ids_iface(&running->ids, vr->vpxi->name, vr->router->name, name) == iface)
			return name;
	}
	return "?";
}
