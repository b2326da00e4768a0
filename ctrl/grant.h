/* SPDX-License-Identifier: BSD-3-Clause */
/* What every virtual link is granted: the one place where requested rates become shaped rates, per
 * port and transmit direction. Pure; reads the model only. */
#ifndef HPSR_CTRL_GRANT_H
#define HPSR_CTRL_GRANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/model.h"
#include "lib/ratealloc.h"

#define GRANT_UNKNOWN UINT64_MAX /* capacity of a port whose link speed nobody knows yet */

/* Link speeds of ports that have no capacity of their own; 0: unknown. */
struct grant_speeds {
	uint64_t (*get)(void *ctx, const char *port);
	void *ctx;
};

/* What one link has: zeros are best effort. */
struct grant {
	uint64_t granted_bps; /* 0: not shaped */
	uint64_t min_bps;     /* guaranteed at the port */
	uint64_t borrow_bps;  /* with what others leave; 0: never more than granted */
};

struct grant_link {
	const struct model_vpxi *vpxi;
	const struct model_router *router;
	const struct model_interface *iface;
	struct grant grant;
};

/* The links of one port, or of a whole site. */
struct grant_set {
	struct grant_link *links;
	size_t n;
};

/* Why a port's links do not fit. */
struct grant_fault {
	struct ratealloc_error error;
	uint64_t capacity_bps; /* the port's share for VPXIs */
	int64_t at_s;          /* the first instant that fails; INT64_MIN: any */
	const struct model_port *port;
	const struct model_vpxi *vpxi; /* the link at which it fails */
	const struct model_router *router;
	const struct model_interface *iface;
};

/* No guarantee and no limit: best effort. */
bool grant_is_best_effort(const struct model_rate *rate);
/* capacity x vpxi-share, GRANT_UNKNOWN when neither the model nor the device says it. SPEEDS may be
 * NULL. */
uint64_t grant_capacity(const struct model_port *port, const struct grant_speeds *speeds);
/* The links of PORT in the order of the model, with their grants: those of lib/ratealloc among all
 * that are not best effort, with C = grant_capacity. Where C is unknown, a link is granted its
 * maximum. No grant is below RATE_MIN_BPS, and no guarantee between it and none. Where the
 * guarantees do not fit C (a device turned out slower than they suppose; a checked configuration
 * has no such port), each is cut in proportion until they do. 0 or -ENOMEM.
 */
int grant_port(const struct model_site *site, const struct model_port *port,
	const struct grant_speeds *speeds, struct grant_set *set);
/* The links of all ports, sorted for grant_lookup. */
int grant_site(
	const struct model_site *site, const struct grant_speeds *speeds, struct grant_set *set);
/* Of a grant_site set; best effort when the interface is not in it. */
struct grant grant_lookup(const struct grant_set *set, const struct model_interface *iface);
bool grant_equal(const struct grant *a, const struct grant *b);
void grant_set_fini(struct grant_set *set);
/* Do the guarantees of PORT's links fit its share, at every instant from the site's now on? 0,
 * -ENOMEM, or -ENOSPC with *fault. A port of unknown capacity takes anything. */
int grant_check(const struct model_site *site, const struct model_port *port,
	const struct grant_speeds *speeds, struct grant_fault *fault);
/* One line: which constraint fails and by how much. */
void grant_fault_print(const struct grant_fault *fault, char *buf, size_t len);

#endif
