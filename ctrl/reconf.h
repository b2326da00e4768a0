/* SPDX-License-Identifier: BSD-3-Clause */
/* What must change for one model to become another: a pure comparison. What is equal in both does
 * not appear in the plan, so nothing touches it. */
#ifndef HPSR_CTRL_RECONF_H
#define HPSR_CTRL_RECONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/diag.h"
#include "config/model.h"
#include "ctrl/grant.h"

/* In the order of their application: what goes makes room for what comes. */
enum plan_kind {
	PLAN_IFACE_DEL,
	PLAN_VR_DEL, /* with all that it has */
	PLAN_PORT_DEL,
	PLAN_PORT_SET, /* capacity, MTU */
	PLAN_PORT_ADD,
	PLAN_VR_ADD,
	PLAN_VR_MOVE, /* to another slice */
	PLAN_IFACE_ADD,
	PLAN_LINK_SET,   /* granted rate, burst, limits */
	PLAN_FILTER_SET, /* and the reverse-path check */
	PLAN_PROBE_SET,
	PLAN_NEIGHBORS_SET,
	PLAN_ROUTES_SET,
	PLAN_POLICIES_SET,
	PLAN_KINDS
};

/* Points into the model that runs for what goes, into the next one otherwise. */
struct plan_op {
	enum plan_kind kind;
	const struct model_port *port;
	const struct model_vpxi *vpxi;
	const struct model_router *router;
	const struct model_interface *iface;
	struct grant grant; /* of an interface added or a link set */
	uint64_t share_bps; /* of a port added or set; grant_capacity */
};

struct plan {
	struct plan_op *ops;
	size_t n, size;
};

/* Both models must have passed check_site and outlive the plan. SPEEDS may be NULL. 0 or -ENOMEM.
 */
int reconf_diff(const struct model_site *from, const struct model_site *to,
	const struct grant_speeds *speeds, struct plan *plan);
void plan_fini(struct plan *plan);
/* "port_add", "link_set", ... */
const char *plan_kind_name(enum plan_kind kind);
/* "lan0", "vpxi1/vr1", "vpxi1/vr1/lan". */
void plan_op_object(const struct plan_op *op, char *buf, size_t len);
struct model_loc plan_op_loc(const struct plan_op *op);

/* The port of one name in both models can keep its device open: device, mac, role and addresses are
 * the same. */
bool reconf_port_stays(const struct model_port *from, const struct model_port *to);

/* Differences that only a restart can bring about: name, eal, slices, control, and a port's mac,
 * role or address while its device stays. Each is an error in
 * diag at its place in TO. 0 or -EINVAL. */
int reconf_check_restart(
	const struct model_site *from, const struct model_site *to, struct diag *diag);
/* More than the dataplane takes (gateways of a route or policy), each told at its place in diag. 0
 * or -EINVAL. */
int reconf_check_supported(const struct model_site *site, struct diag *diag);

#endif
