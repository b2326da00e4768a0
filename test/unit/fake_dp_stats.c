/* SPDX-License-Identifier: BSD-3-Clause */
/* Snapshots of the fake dataplane. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_dp_object.h"

struct dp_port_stats *fake_dp_port(const char *name)
{
	struct object *object = fake_dp_by_name(PORT, name);

	return object ? &object->port_stats : NULL;
}

struct dp_vr_stats *fake_dp_vr(const char *name)
{
	struct object *object = fake_dp_by_name(VR, name);

	return object ? &object->vr_stats : NULL;
}

struct dp_iface_stats *fake_dp_iface(const char *name)
{
	struct object *object = fake_dp_by_name(IFACE, name);

	return object ? &object->iface_stats : NULL;
}

struct hist *fake_dp_latency(const char *name)
{
	struct object *object = fake_dp_by_name(VR, name);

	return object ? &object->latency : NULL;
}

struct hist *fake_dp_queueing(const char *name)
{
	struct object *object = fake_dp_by_name(VR, name);

	return object ? &object->queueing : NULL;
}

int dp_iface_stats_get(dp_iface_id id, struct dp_iface_stats *out)
{
	struct object *object = fake_dp_by_id(IFACE, id);

	fake_dp_iface_asked++;
	if (!object)
		return -ENOENT;
	*out = object->iface_stats;
	return 0;
}

const struct dp_link_spec *dp_link_get(dp_iface_id id)
{
	struct object *object = fake_dp_by_id(IFACE, id);

	return object ? &object->iface_stats.link : NULL;
}

int dp_vr_stats_get(dp_vr_id id, struct dp_vr_stats *out)
{
	struct object *object = fake_dp_by_id(VR, id);

	if (!object)
		return -ENOENT;
	*out = object->vr_stats;
	return 0;
}

int dp_port_stats_get(dp_port_id id, struct dp_port_stats *out)
{
	struct object *object = fake_dp_by_id(PORT, id);

	if (!object)
		return -ENOENT;
	*out = object->port_stats;
	return 0;
}

size_t dp_workers_count(void)
{
	return 1;
}

int dp_worker_stats_get(size_t index, struct dp_worker_stats *out)
{
	if (index > 0)
		return -ENOENT;
	*out = fake_dp_worker;
	return 0;
}

void dp_conservation_get(struct dp_conservation *out)
{
	*out = fake_dp_conservation;
}

/* The dataplane's buckets are 32 bits wide. */
static void wrap(struct hist *out, const struct hist *from)
{
	*out = *from;
	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		out->buckets[i] = (uint32_t)from->buckets[i];
}

int dp_latency_get(dp_vr_id id, struct hist *latency, struct hist *queueing)
{
	struct object *object = fake_dp_by_id(VR, id);

	if (!object)
		return -ENOENT;
	wrap(latency, &object->latency);
	wrap(queueing, &object->queueing);
	return 0;
}

const char *dp_drop_name(enum drop_reason reason)
{
	static const char *const names[] = {
#define DROP_NAME(NAME, name, text) #name,
		DROP_REASONS(DROP_NAME)
#undef DROP_NAME
	};

	return names[reason];
}

const char *dp_drop_text(enum drop_reason reason)
{
	static const char *const texts[] = {
#define DROP_TEXT(NAME, name, text) text,
		DROP_REASONS(DROP_TEXT)
#undef DROP_TEXT
	};

	return texts[reason];
}

int dp_routes_walk(dp_vr_id id, int (*cb)(void *ctx, const struct dp_route_snap *route), void *ctx)
{
	struct object *vr = fake_dp_by_id(VR, id);
	int rc = 0;

	if (!vr)
		return -ENOENT;
	for (size_t i = 0; rc == 0 && i < vr->n_routes; i++) {
		struct dp_route_snap snap = {.route = vr->routes[i], .origin = DP_ROUTE_STATIC};

		rc = cb(ctx, &snap);
	}
	return rc;
}

int dp_neighbors_get(dp_vr_id id, struct dp_neigh_snap *out, size_t max, size_t *n)
{
	struct object *vr = fake_dp_by_id(VR, id);

	if (!vr)
		return -ENOENT;
	*n = vr->n_neighbors;
	for (size_t i = 0; i < vr->n_neighbors && i < max; i++) {
		memset(&out[i], 0, sizeof(out[i]));
		out[i].iface = vr->neighbors[i].iface;
		out[i].address = vr->neighbors[i].address;
		out[i].mac = vr->neighbors[i].mac;
		out[i].state = DP_NEIGH_PERMANENT;
	}
	return 0;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *dump_object(const struct object *object)
{
	char route[IP_PREFIX_STRLEN], *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();
	fprintf(out, "%d %s id=%u", (int)object->kind, object->name, object->id);
	if (object->kind == IFACE)
		fprintf(out, " rate=%llu queue=%llu",
			(unsigned long long)object->iface_stats.link.rate_bps,
			(unsigned long long)object->iface_stats.link.queue_bytes);
	for (size_t i = 0; i < object->n_routes; i++)
		fprintf(out, " %s", prefix_print(&object->routes[i].to, route));
	fprintf(out, " neighbors=%zu\n", object->n_neighbors);
	fclose(out);
	return text;
}

char *fake_dp_dump(void)
{
	char *lines[OBJECTS_MAX], *text = NULL;
	size_t n = 0, len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();
	for (size_t i = 0; i < OBJECTS_MAX; i++) {
		if (fake_dp_objects[i].kind && fake_dp_objects[i].published)
			lines[n++] = dump_object(&fake_dp_objects[i]);
	}
	qsort(lines, n, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < n; i++) {
		fputs(lines[i], out);
		free(lines[i]);
	}
	fclose(out);
	return text;
}

static int rules_get(const struct object *object, size_t n_rules, struct dp_rule_stats *out,
	size_t max, size_t *n)
{
	*n = n_rules;
	for (size_t i = 0; i < n_rules && i < max; i++)
		out[i] = object->rule_stats;
	return 0;
}

int dp_filter_stats_get(dp_iface_id id, enum dp_direction direction, struct dp_rule_stats *out,
	size_t max, size_t *n)
{
	struct object *iface = fake_dp_by_id(IFACE, id);

	return iface ? rules_get(iface, iface->n_rules[direction], out, max, n) : -ENOENT;
}

int dp_policy_stats_get(dp_vr_id id, struct dp_rule_stats *out, size_t max, size_t *n)
{
	struct object *vr = fake_dp_by_id(VR, id);

	return vr ? rules_get(vr, vr->n_policies, out, max, n) : -ENOENT;
}

int dp_probe_stats_get(dp_iface_id id, struct dp_probe_stats *out)
{
	struct object *iface = fake_dp_by_id(IFACE, id);

	if (!iface)
		return -ENOENT;
	*out = iface->probe_stats;
	return 0;
}

struct dp_rule_stats *fake_dp_rules(const char *name)
{
	struct object *object = fake_dp_by_name(IFACE, name);

	if (!object)
		object = fake_dp_by_name(VR, name);
	return object ? &object->rule_stats : NULL;
}

struct dp_probe_stats *fake_dp_probe(const char *name)
{
	struct object *object = fake_dp_by_name(IFACE, name);

	return object ? &object->probe_stats : NULL;
}
