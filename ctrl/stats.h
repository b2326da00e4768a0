/* SPDX-License-Identifier: BSD-3-Clause */
/* Rates and latency windows, from counters read once a second. Control thread only. */
#ifndef HPSR_CTRL_STATS_H
#define HPSR_CTRL_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctrl/latency.h"
#include "ctrl/running.h"
#include "dataplane/dp.h"
#include "lib/hist.h"

#define STATS_PERIOD_MS 1000u
#define STATS_WINDOW_MAX LATENCY_WINDOW_MAX /* seconds of latency kept */

/* Over the last second. */
struct stats_rates {
	uint64_t rx_bps, tx_bps; /* L2 frames without FCS */
	uint64_t rx_pps, tx_pps;
};

struct stats_iface {
	uint32_t id;
	uint64_t measured_bps; /* what left the virtual link's shaper */
	uint64_t link_bytes;   /* at the last tick */
	struct stats_rates rates;
	struct dp_traffic traffic; /* at the last tick */
};

struct stats_latency {
	struct latency_log latency, queueing;
};

struct stats_vr {
	uint32_t id;
	struct stats_rates rates;
	struct dp_traffic traffic;
	uint64_t cycles, packets;
	double share;             /* of one worker's cycles, over the last second */
	double cycles_per_packet; /* over the last second; 0: no packet */
	struct stats_latency *latency;
};

struct stats_port {
	uint32_t id;
	struct stats_rates rates;
	struct dp_traffic traffic;
	uint64_t speed_bps;
};

struct stats_worker {
	uint64_t busy_cycles, idle_cycles; /* at the last tick */
	double load;                       /* busy part of the last second, 0..1 */
	bool known;                        /* there was a tick before the last one */
};

struct stats {
	uint64_t at_ns; /* CLOCK_MONOTONIC of the last tick, 0: none yet */
	struct stats_iface *ifaces;
	struct stats_vr *vrs;
	struct stats_port *ports;
	struct stats_worker *workers; /* by index */
	size_t n_ifaces, n_vrs, n_ports, n_workers;
	bool speed_changed; /* a port's link speed is not what it was a tick ago */
};

/* An all-zero struct stats is empty and valid. */
void stats_fini(struct stats *stats);
/* Read all counters of what runs at NOW_NS. What is new has rates from the next tick on; what is
 * gone is forgotten. 0 or -ENOMEM with the last tick kept. */
int stats_tick(struct stats *stats, const struct running *running, uint64_t now_ns);
/* NULL: not seen at a tick yet. */
const struct stats_iface *stats_iface_lookup(const struct stats *stats, uint32_t id);
const struct stats_vr *stats_vr_lookup(const struct stats *stats, uint32_t id);
const struct stats_port *stats_port_lookup(const struct stats *stats, uint32_t id);
/* Of a router: what dp_latency_get has counted since its creation or the last reset; *latency and
 * *queueing in TSC cycles. VR NULL: not seen at a tick yet. -ENOENT: no such router. */
int stats_latency_get(
	const struct stats_vr *vr, uint32_t id, struct hist *latency, struct hist *queueing);
/* Count anew from now on. 0, -ENOENT or -ENOMEM. */
int stats_latency_reset(const struct stats_vr *vr);
/* For Prometheus: since its creation, never going back. */
void stats_latency_sum(const struct stats_vr *vr, uint32_t id, struct latency_sum *latency,
	struct latency_sum *queueing);
/* Growth of a counter as a rate per second; 0 when no time passed or the counter went back. */
uint64_t stats_rate(uint64_t now, uint64_t before, uint64_t elapsed_ns);

#endif
