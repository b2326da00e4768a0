/* SPDX-License-Identifier: BSD-3-Clause */
#include "fake_dp.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/linkstep.h"
#include "fake_dp_object.h"

#define LOG_LEN 65536

struct dp_txn {
	int open;
};

struct object fake_dp_objects[OBJECTS_MAX];
static uint32_t next_id;
static struct dp_txn txn_now;
static unsigned int n_calls, fail_in;
static int fail_rc;
static char fail_err[DP_ERR_LEN];
static char log_text[LOG_LEN];
static size_t log_len;

struct dp_conservation fake_dp_conservation;
struct dp_worker_stats fake_dp_worker;
uint32_t fake_dp_bufs;
uint64_t fake_dp_speed_bps;

unsigned int fake_dp_links_sets, fake_dp_iface_asked;
void (*fake_dp_published)(void);

void fake_dp_reset(void)
{
	memset(fake_dp_objects, 0, sizeof(fake_dp_objects));
	memset(&txn_now, 0, sizeof(txn_now));
	memset(&fake_dp_conservation, 0, sizeof(fake_dp_conservation));
	memset(&fake_dp_worker, 0, sizeof(fake_dp_worker));
	fake_dp_worker.lcore = 1;
	snprintf(fake_dp_worker.slice, sizeof(fake_dp_worker.slice), "s0");
	fake_dp_bufs = 1000000;
	fake_dp_speed_bps = 0;
	next_id = 1;
	n_calls = 0;
	fail_in = 0;
	fake_dp_log_clear();
	fake_dp_published = NULL;
	fake_dp_links_sets = fake_dp_iface_asked = 0;
}

void fake_dp_fail_at(unsigned int n, int rc, const char *err)
{
	fail_in = n;
	fail_rc = rc;
	snprintf(fail_err, sizeof(fail_err), "%s", err);
}

unsigned int fake_dp_calls(void)
{
	return n_calls;
}

const char *fake_dp_log(void)
{
	return log_text;
}

void fake_dp_log_clear(void)
{
	log_text[0] = '\0';
}

bool fake_dp_quiet(void)
{
	return !txn_now.open;
}

static void __attribute__((format(printf, 1, 2))) note(const char *format, ...)
{
	va_list args;
	int n;

	if (log_text[0] == '\0')
		log_len = 0;
	va_start(args, format);
	n = vsnprintf(log_text + log_len, sizeof(log_text) - log_len, format, args);
	va_end(args);
	if (n < 0 || log_len + (size_t)n + 2 > sizeof(log_text)) {
		log_text[log_len] = '\0'; /* full: the line is left out */
		return;
	}
	log_len += (size_t)n;
	memcpy(log_text + log_len, "\n", 2);
	log_len++;
}

/* Counts a call that can fail. */
static int called(char *err)
{
	n_calls++;
	if (fail_in == 0 || --fail_in > 0)
		return 0;
	snprintf(err, DP_ERR_LEN, "%s", fail_err);
	return fail_rc;
}

static int refuse(char *err, int rc, const char *why)
{
	snprintf(err, DP_ERR_LEN, "%s", why);
	return rc;
}

struct object *fake_dp_by_id(enum kind kind, uint32_t id)
{
	struct object *object = &fake_dp_objects[id % OBJECTS_MAX];

	return object->kind == kind && object->id == id && id != 0 ? object : NULL;
}

/* Published, or added in the open transaction, and not deleted in it. */
static struct object *visible(enum kind kind, uint32_t id)
{
	struct object *object = fake_dp_by_id(kind, id);

	return object && !object->deleted ? object : NULL;
}

struct object *fake_dp_by_name(enum kind kind, const char *name)
{
	for (size_t i = 0; i < OBJECTS_MAX; i++) {
		if (fake_dp_objects[i].kind == kind && fake_dp_objects[i].published &&
			strcmp(fake_dp_objects[i].name, name) == 0)
			return &fake_dp_objects[i];
	}
	return NULL;
}

static struct object *object_add(enum kind kind, const char *name)
{
	/* An object stands where its handle says: handles of slots in use are left out. */
	for (size_t i = 0; i < OBJECTS_MAX; i++) {
		uint32_t id = next_id++;
		struct object *object = &fake_dp_objects[id % OBJECTS_MAX];

		if (object->kind || id == 0)
			continue;
		memset(object, 0, sizeof(*object));
		object->kind = kind;
		object->id = id;
		object->added = true;
		snprintf(object->name, sizeof(object->name), "%s", name);
		return object;
	}
	return NULL;
}

/* ---- life ---- */

void dp_bufs_needed(size_t n_workers, uint64_t *per_port, uint64_t *per_router, uint64_t *fixed)
{
	*per_port = 100;
	*per_router = 10;
	*fixed = 10 * n_workers;
}

uint64_t dp_bufs_fitting(uint64_t memory_bytes, uint16_t mtu_max, int hugepages)
{
	/* Without hugepages a buffer takes 100 bytes more. */
	return memory_bytes / (mtu_max + (hugepages == 0 ? 600u : 500u));
}

int dp_init(const struct dp_conf *conf, char *err)
{
	int rc = called(err);

	note("init %s bufs=%u mtu=%u slices=%zu pci=%d", conf->site, conf->n_bufs, conf->mtu_max,
		conf->n_slices, conf->pci);
	fake_dp_bufs = conf->n_bufs;
	return rc;
}

void dp_fini(void)
{
	note("fini");
}

uint64_t dp_now_tsc(void)
{
	return 0;
}

uint64_t dp_tsc_hz(void)
{
	return 1000000000;
}

void dp_bufs_get(uint32_t *total, uint32_t *in_use)
{
	*total = fake_dp_bufs;
	*in_use = 7;
}

/* ---- transactions ---- */

struct dp_txn *dp_txn_begin(void)
{
	if (txn_now.open)
		return NULL;
	txn_now.open = 1;
	note("begin");
	return &txn_now;
}

int dp_txn_port_add(struct dp_txn *txn, const struct dp_port_spec *spec, dp_port_id *id, char *err)
{
	struct object *port;
	int rc = called(err);

	(void)txn;
	if (rc < 0)
		return rc;
	note("port_add %s %s mtu=%u", spec->name, spec->device, spec->mtu);
	port = object_add(PORT, spec->name);
	port->port_stats.speed_bps = fake_dp_speed_bps;
	port->port_stats.up = true;
	*id = port->id;
	return 0;
}

int dp_txn_port_set(struct dp_txn *txn, dp_port_id id, const struct dp_port_spec *spec, char *err)
{
	int rc = called(err);

	(void)txn;
	if (rc < 0)
		return rc;
	if (!visible(PORT, id))
		return refuse(err, -ENOENT, "port_set: no such port");
	note("port_set %s mtu=%u capacity=%llu", spec->name, spec->mtu,
		(unsigned long long)spec->capacity_bps);
	return 0;
}

int dp_txn_port_del(struct dp_txn *txn, dp_port_id id, char *err)
{
	struct object *port = visible(PORT, id);
	int rc = called(err);

	(void)txn;
	if (rc < 0)
		return rc;
	if (!port)
		return refuse(err, -ENOENT, "port_del: no such port");
	for (size_t i = 0; i < OBJECTS_MAX; i++) {
		if (fake_dp_objects[i].kind == IFACE && fake_dp_objects[i].port == id &&
			!fake_dp_objects[i].deleted)
			return refuse(err, -EBUSY, "port_del: it has interfaces");
	}
	note("port_del %s", port->name);
	port->deleted = true;
	return 0;
}

int dp_txn_vr_add(struct dp_txn *txn, const struct dp_vr_spec *spec, dp_vr_id *id, char *err)
{
	struct object *vr;
	int rc = called(err);

	(void)txn;
	if (rc < 0)
		return rc;
	note("vr_add %s %s weight=%u", spec->name, spec->slice, spec->weight);
	vr = object_add(VR, spec->name);
	vr->vr_stats.worker = 1;
	*id = vr->id;
	return 0;
}

int dp_txn_vr_del(struct dp_txn *txn, dp_vr_id id, char *err)
{
	struct object *vr = visible(VR, id);
	int rc = called(err);

	(void)txn;
	if (rc < 0)
		return rc;
	if (!vr)
		return refuse(err, -ENOENT, "vr_del: no such router");
	note("vr_del %s", vr->name);
	vr->deleted = true;
	for (size_t i = 0; i < OBJECTS_MAX; i++) {
		if (fake_dp_objects[i].kind == IFACE && fake_dp_objects[i].vr == id)
			fake_dp_objects[i].deleted = true;
	}
	return 0;
}

int dp_txn_vr_move(struct dp_txn *txn, dp_vr_id id, const char *slice, char *err)
{
	struct object *vr = visible(VR, id);
	int rc = called(err);

	(void)txn;
	if (rc < 0)
		return rc;
	if (!vr)
		return refuse(err, -ENOENT, "vr_move: no such router");
	note("vr_move %s %s", vr->name, slice);
	return 0;
}

int dp_txn_iface_add(struct dp_txn *txn, dp_vr_id vr_id, const struct dp_iface_spec *spec,
	dp_iface_id *id, char *err)
{
	struct object *vr = visible(VR, vr_id), *iface;
	char name[NAME_LEN];
	int rc = called(err);

	(void)txn;
	if (rc < 0)
		return rc;
	if (!vr || !visible(PORT, spec->port))
		return refuse(err, -ENOENT, "iface_add: no such router or port");
	snprintf(name, sizeof(name), "%.127s/%s", vr->name, spec->name);
	note("iface_add %s vlan=%d rate=%llu", name,
		spec->vlan == DP_VLAN_NONE ? -1 : (int)spec->vlan,
		(unsigned long long)spec->link.rate_bps);
	iface = object_add(IFACE, name);
	iface->vr = vr_id;
	iface->port = spec->port;
	iface->iface_stats.link = spec->link;
	iface->iface_stats.up = true;
	*id = iface->id;
	return 0;
}

int dp_txn_iface_del(struct dp_txn *txn, dp_iface_id id, char *err)
{
	struct object *iface = visible(IFACE, id);
	int rc = called(err);

	(void)txn;
	if (rc < 0)
		return rc;
	if (!iface)
		return refuse(err, -ENOENT, "iface_del: no such interface");
	note("iface_del %s", iface->name);
	iface->deleted = true;
	return 0;
}

int dp_txn_link_set(struct dp_txn *txn, dp_iface_id id, const struct dp_link_spec *spec, char *err)
{
	struct object *iface = visible(IFACE, id);
	int rc = called(err);

	(void)txn;
	if (rc < 0)
		return rc;
	if (!iface)
		return refuse(err, -ENOENT, "link_set: no such interface");
	note("link_set %s rate=%llu", iface->name, (unsigned long long)spec->rate_bps);
	iface->next_link = *spec;
	iface->link_pending = true;
	return 0;
}

int dp_txn_routes_set(
	struct dp_txn *txn, dp_vr_id vr_id, const struct dp_route_spec *routes, size_t n, char *err)
{
	struct object *vr = visible(VR, vr_id);
	int rc = called(err);

	(void)txn;
	if (rc < 0)
		return rc;
	if (!vr || n > ROUTES_MAX)
		return refuse(err, -ENOENT, "routes_set: no such router");
	for (size_t i = 0; i < n; i++) {
		for (size_t h = 0; h < routes[i].n_nexthops; h++) {
			struct object *iface = visible(IFACE, routes[i].nexthops[h].iface);

			if (!iface || iface->vr != vr_id)
				return refuse(err, -EINVAL, "routes_set: no such interface");
		}
	}
	note("routes_set %s n=%zu", vr->name, n);
	memcpy(vr->next_routes, routes, n * sizeof(*routes));
	vr->n_next_routes = n;
	vr->routes_pending = true;
	return 0;
}

int dp_txn_neighbors_set(struct dp_txn *txn, dp_vr_id vr_id, const struct dp_neigh_spec *neighbors,
	size_t n, char *err)
{
	struct object *vr = visible(VR, vr_id);
	int rc = called(err);

	(void)txn;
	if (rc < 0)
		return rc;
	if (!vr || n > NEIGHBORS_MAX)
		return refuse(err, -ENOENT, "neighbors_set: no such router");
	note("neighbors_set %s n=%zu", vr->name, n);
	memcpy(vr->next_neighbors, neighbors, n * sizeof(*neighbors));
	vr->n_next_neighbors = n;
	vr->neighbors_pending = true;
	return 0;
}

/* ---- filters, probes, policies: told, and kept by dp_txn_commit as they are told ---- */

static int iface_noted(dp_iface_id id, char *err, struct object **iface)
{
	int rc = called(err);

	*iface = visible(IFACE, id);
	if (rc == 0 && !*iface)
		rc = refuse(err, -ENOENT, "no such interface");
	return rc;
}

int dp_txn_filter_set(struct dp_txn *txn, dp_iface_id id, enum dp_direction direction,
	const struct dp_filter_rule *rules, size_t n, char *err)
{
	struct object *iface;
	int rc = iface_noted(id, err, &iface);

	(void)txn;
	if (rc < 0)
		return rc;
	note("filter_set %s %s n=%zu%s", iface->name, direction == DP_IN ? "in" : "out", n,
		n && rules[0].drop ? " drop" : "");
	iface->n_next_rules[direction] = n;
	iface->guards_pending = true;
	return 0;
}

int dp_txn_rpf_set(struct dp_txn *txn, dp_iface_id id, enum dp_rpf mode, char *err)
{
	struct object *iface;
	int rc = iface_noted(id, err, &iface);

	(void)txn;
	if (rc == 0)
		note("rpf_set %s %d", iface->name, (int)mode);
	return rc;
}

int dp_txn_probe_set(
	struct dp_txn *txn, dp_iface_id id, const struct dp_probe_spec *spec, char *err)
{
	char text[IP_ADDR_STRLEN];
	struct object *iface;
	int rc = iface_noted(id, err, &iface);

	(void)txn;
	if (rc < 0)
		return rc;
	note("probe_set %s %s %u us x %u", iface->name, ipaddr_print(&spec->peer, text),
		spec->interval_us, spec->multiplier);
	iface->probe_stats.peer = spec->peer;
	iface->probe_stats.state = spec->peer.af ? DP_PROBE_DOWN : DP_PROBE_NONE;
	return 0;
}

int dp_txn_policies_set(
	struct dp_txn *txn, dp_vr_id id, const struct dp_policy_spec *policies, size_t n, char *err)
{
	struct object *vr = visible(VR, id);
	int rc = called(err);

	(void)txn;
	if (rc < 0)
		return rc;
	if (!vr)
		return refuse(err, -ENOENT, "policies_set: no such router");
	for (size_t i = 0; i < n; i++) {
		for (size_t h = 0; h < policies[i].n_nexthops; h++) {
			struct object *iface = visible(IFACE, policies[i].nexthops[h].iface);

			if (!iface || iface->vr != id)
				return refuse(err, -EINVAL, "policies_set: no such interface");
		}
	}
	note("policies_set %s n=%zu", vr->name, n);
	vr->n_next_policies = n;
	vr->guards_pending = true;
	return 0;
}

static void guards_commit(struct object *object)
{
	if (object->guards_pending) {
		memcpy(object->n_rules, object->n_next_rules, sizeof(object->n_rules));
		object->n_policies = object->n_next_policies;
	}
	object->guards_pending = false;
}

static void object_commit(struct object *object)
{
	if (object->deleted) {
		memset(object, 0, sizeof(*object));
		return;
	}
	object->published = true;
	object->added = false;
	guards_commit(object);
	if (object->link_pending)
		object->iface_stats.link = object->next_link;
	if (object->routes_pending) {
		memcpy(object->routes, object->next_routes, sizeof(object->routes));
		object->n_routes = object->n_next_routes;
	}
	if (object->neighbors_pending) {
		memcpy(object->neighbors, object->next_neighbors, sizeof(object->neighbors));
		object->n_neighbors = object->n_next_neighbors;
	}
	object->link_pending = object->routes_pending = object->neighbors_pending = false;
}

static void object_abort(struct object *object)
{
	if (object->added) {
		memset(object, 0, sizeof(*object));
		return;
	}
	object->deleted = object->guards_pending = false;
	object->link_pending = object->routes_pending = object->neighbors_pending = false;
}

static void published(void)
{
	if (fake_dp_published)
		fake_dp_published();
}

/* As the dataplane does: links that get less come before what gets more. */
static void links_lower(void)
{
	bool any = false;

	for (size_t i = 0; i < OBJECTS_MAX; i++) {
		struct object *object = &fake_dp_objects[i];
		struct dp_link_spec first = object->next_link;

		if (!object->kind || !object->link_pending || object->added)
			continue;
		linkstep_lower(&object->iface_stats.link, &first);
		if (!linkstep_gives(&object->iface_stats.link, &first))
			continue;
		object->iface_stats.link = first;
		any = true;
	}
	if (any)
		published();
}

/* All but links that get more: OBJECT is what it was before. */
static void links_keep(void)
{
	for (size_t i = 0; i < OBJECTS_MAX; i++) {
		struct object *object = &fake_dp_objects[i];

		object->later =
			object->kind && object->link_pending && !object->added && !object->deleted;
		if (object->later)
			object->link_pending = false;
	}
}

static void links_raise(void)
{
	for (size_t i = 0; i < OBJECTS_MAX; i++) {
		struct object *object = &fake_dp_objects[i];

		if (object->later)
			object->iface_stats.link = object->next_link;
		object->later = false;
	}
}

void dp_txn_commit(struct dp_txn *txn)
{
	note("commit");
	links_lower();
	links_keep();
	for (size_t i = 0; i < OBJECTS_MAX; i++) {
		if (fake_dp_objects[i].kind)
			object_commit(&fake_dp_objects[i]);
	}
	published();
	links_raise();
	txn->open = 0;
	published();
}

void dp_txn_abort(struct dp_txn *txn)
{
	note("abort");
	for (size_t i = 0; i < OBJECTS_MAX; i++) {
		if (fake_dp_objects[i].kind)
			object_abort(&fake_dp_objects[i]);
	}
	txn->open = 0;
}

/* ---- single changes ---- */

static size_t route_find(const struct object *vr, const struct ip_prefix *to)
{
	size_t i;

	for (i = 0; i < vr->n_routes; i++) {
		if (prefix_cmp(&vr->routes[i].to, to) == 0)
			break;
	}
	return i;
}

int dp_route_add(dp_vr_id vr_id, const struct dp_route_spec *route, char *err)
{
	struct object *vr = visible(VR, vr_id);
	char text[IP_PREFIX_STRLEN];
	int rc = called(err);
	size_t at;

	if (rc < 0)
		return rc;
	if (!vr)
		return refuse(err, -ENOENT, "route_add: no such router");
	at = route_find(vr, &route->to);
	if (at == ROUTES_MAX)
		return refuse(err, -ENOSPC, "route_add: table full");
	note("route_add %s %s", vr->name, prefix_print(&route->to, text));
	vr->routes[at] = *route;
	if (at == vr->n_routes)
		vr->n_routes++;
	return 0;
}

int dp_route_del(dp_vr_id vr_id, const struct ip_prefix *to, char *err)
{
	struct object *vr = visible(VR, vr_id);
	char text[IP_PREFIX_STRLEN];
	int rc = called(err);
	size_t at;

	if (rc < 0)
		return rc;
	at = vr ? route_find(vr, to) : 0;
	if (!vr || at == vr->n_routes)
		return refuse(err, -ENOENT, "route_del: no such route");
	note("route_del %s %s", vr->name, prefix_print(to, text));
	vr->routes[at] = vr->routes[--vr->n_routes];
	return 0;
}

int dp_links_set(const dp_iface_id *ids, const struct dp_link_spec *specs, size_t n, char *err)
{
	int rc = called(err);

	if (rc < 0)
		return rc;
	fake_dp_links_sets++;
	for (size_t i = 0; i < n; i++) {
		if (!visible(IFACE, ids[i]))
			return refuse(err, -ENOENT, "links_set: no such interface");
	}
	for (size_t i = 0; i < n; i++) {
		struct object *iface = visible(IFACE, ids[i]);

		note("links_set %s rate=%llu", iface->name, (unsigned long long)specs[i].rate_bps);
		iface->next_link = specs[i];
		iface->link_pending = true;
	}
	links_lower();
	links_keep();
	links_raise();
	published();
	return 0;
}

int dp_vr_set_state(dp_vr_id id, enum dp_vr_state state)
{
	struct object *vr = visible(VR, id);
	char err[DP_ERR_LEN];
	int rc = called(err);

	if (rc < 0 || !vr)
		return rc < 0 ? rc : -ENOENT;
	note("vr_set_state %s %d", vr->name, (int)state);
	vr->vr_stats.state = state;
	return 0;
}
