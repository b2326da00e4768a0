/* SPDX-License-Identifier: BSD-3-Clause */
/* A dataplane without packets behind dataplane/dp.h: keeps objects and transactions, writes down
 * the calls, and fails the n-th of them when told to. */
#ifndef HPSR_TEST_FAKE_DP_H
#define HPSR_TEST_FAKE_DP_H

#include <stdbool.h>

#include "dataplane/dp.h"

/* Forget everything: objects, calls, orders to fail. */
void fake_dp_reset(void);
/* From now on the N-th call that can fail (1 is the next) returns RC with ERR. 0: none. */
void fake_dp_fail_at(unsigned int n, int rc, const char *err);
/* Calls that can fail, since the reset. */
unsigned int fake_dp_calls(void);
/* The calls since the last fake_dp_log_clear, a line each: "port_add lan0", "commit", ... */
const char *fake_dp_log(void);
void fake_dp_log_clear(void);
/* Objects that are published, a line each, sorted: with the rate of links, routes, neighbours. The
 * caller frees. */
char *fake_dp_dump(void);
/* Calls of dp_links_set and dp_iface_stats_get since the reset. */
extern unsigned int fake_dp_links_sets, fake_dp_iface_asked;
/* Called behind each step of a publication (commit, links_set) of links; NULL: none. */
extern void (*fake_dp_published)(void);
/* No transaction is open. */
bool fake_dp_quiet(void);

/* What the snapshots will say; NULL: no such object. Names: "lan0", "vpxi1/vr1", "vpxi1/vr1/lan".
 */
struct dp_port_stats *fake_dp_port(const char *name);
struct dp_vr_stats *fake_dp_vr(const char *name);
struct dp_iface_stats *fake_dp_iface(const char *name);
struct hist *fake_dp_latency(const char *vr);
struct hist *fake_dp_queueing(const char *vr);
struct dp_rule_stats *fake_dp_rules(const char *name); /* each rule of an interface, or policy */
struct dp_probe_stats *fake_dp_probe(const char *name);
extern struct dp_conservation fake_dp_conservation;
extern struct dp_worker_stats fake_dp_worker; /* the only one */
extern uint32_t fake_dp_bufs;                 /* size of the pool */
extern uint64_t fake_dp_speed_bps;            /* of new ports */

#endif
