/* SPDX-License-Identifier: BSD-3-Clause */
/* The objects of the fake dataplane, for its own files. */
#ifndef HPSR_TEST_FAKE_DP_OBJECT_H
#define HPSR_TEST_FAKE_DP_OBJECT_H

#include "fake_dp.h"

#define OBJECTS_MAX 4096
#define ROUTES_MAX 32
#define NEIGHBORS_MAX 8
#define NAME_LEN 256

enum kind { PORT = 1, VR, IFACE };

struct object {
	enum kind kind; /* 0: free */
	uint32_t id;
	char name[NAME_LEN];
	bool published, added, deleted;
	uint32_t vr, port; /* of an interface */
	bool link_pending, routes_pending, neighbors_pending;
	bool later; /* the link is set in the last step */
	struct dp_link_spec next_link;
	struct dp_route_spec routes[ROUTES_MAX], next_routes[ROUTES_MAX];
	size_t n_routes, n_next_routes;
	struct dp_neigh_spec neighbors[NEIGHBORS_MAX], next_neighbors[NEIGHBORS_MAX];
	size_t n_neighbors, n_next_neighbors;
	bool guards_pending;
	size_t n_rules[2], n_next_rules[2], n_policies, n_next_policies;
	struct dp_rule_stats rule_stats; /* of each rule and policy */
	struct dp_probe_stats probe_stats;
	struct dp_port_stats port_stats;
	struct dp_vr_stats vr_stats;
	struct dp_iface_stats iface_stats;
	struct hist latency, queueing;
};

extern struct object fake_dp_objects[OBJECTS_MAX];

struct object *fake_dp_by_id(enum kind kind, uint32_t id);
/* Published ones. */
struct object *fake_dp_by_name(enum kind kind, const char *name);

#endif
