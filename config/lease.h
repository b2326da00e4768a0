/* SPDX-License-Identifier: BSD-3-Clause */
/* Leases and periods of VPXIs: who is there at an instant, and with which rates. Pure; times are
 * Unix seconds in UTC. An instant belongs to what begins at it. */
#ifndef HPSR_CONFIG_LEASE_H
#define HPSR_CONFIG_LEASE_H

#include <stdio.h>

#include "config/model.h"

#define LEASE_TIME_STRLEN 40
#define LEASE_DURATION_MAX (UINT64_C(36500) * 86400)

/* "2026-12-01T08:00:00Z" (RFC 3339, UTC, whole seconds, years 1970 to 9999). 0 or -EINVAL. */
int lease_time_parse(const char *text, int64_t *time_s);
/* Returns BUF; "none" for MODEL_TIME_NONE. */
const char *lease_time_print(int64_t time_s, char buf[LEASE_TIME_STRLEN]);
/* "4h", "1h30m", "90s", "2d": from 1 s to LEASE_DURATION_MAX. 0 or -EINVAL. */
int lease_duration_parse(const char *text, uint64_t *duration_s);
void lease_duration_print(uint64_t duration_s, FILE *out);

enum lease_state { LEASE_WAITING, LEASE_RUNNING, LEASE_EXPIRED };
/* A VPXI without a lease is always running. */
enum lease_state lease_state(const struct model_vpxi *vpxi, int64_t now_s);
/* "waiting", "running", "expired" */
const char *lease_state_name(enum lease_state state);
/* The period that holds; NULL: none. */
struct model_period *lease_period(const struct model_vpxi *vpxi, int64_t now_s);
/* The first instant after NOW_S at which something changes; MODEL_TIME_NONE: none. */
int64_t lease_next_change(const struct model_vpxi *vpxi, int64_t now_s);
int64_t lease_site_next_change(const struct model_site *site, int64_t now_s);
/* What the period says of the interface; NULL: nothing. PERIOD may be NULL. */
struct model_period_rate *lease_period_rate(
	const struct model_period *period, const char *router, const char *interface);
/* Does any VPXI have a lease? */
bool lease_site_has(const struct model_site *site);
/* A copy of SITE with the VPXIs that are running at NOW_S only, and the rates that hold then in
 * their interfaces. NULL: out of memory. */
struct model_site *lease_site_at(const struct model_site *site, int64_t now_s);

struct lease_link {
	const struct model_vpxi *vpxi;
	const struct model_router *router;
	const struct model_interface *iface;
};

struct lease_fault {
	int64_t at_s;     /* the first instant that fails; INT64_MIN: at any time */
	uint64_t sum_bps; /* of the minima at that instant */
	size_t n_links;   /* that have a minimum then */
	size_t index;     /* a link that begins then, or the first of all */
};

/* Do the minima of links fit CAPACITY_BPS together, at every instant from SINCE_S on? 0; -ENOSPC
 * with *fault; -ENOMEM. O(n log n) in links with leases. */
int lease_check_minima(const struct lease_link *links, size_t n, int64_t since_s,
	uint64_t capacity_bps, struct lease_fault *fault);

#endif
