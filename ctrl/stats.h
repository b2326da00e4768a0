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
#define STATS_WINDOW_MAX 10u /* seconds of latency kept */

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

struct stats_vr {
	uint32_t id;
	struct stats_rates rates;
	struct dp_traffic traffic;
	uint64_t cycles, packets;
	double share;                   /* of one worker's cycles, over the last second */
	double cycles_per_packet;       /* over the last second; 0: no packet */
	struct hist *latency;           /* STATS_WINDOW_MAX + 1 snapshots, a ring */
	unsigned int latency_n;         /* snapshots taken, at most STATS_WINDOW_MAX + 1 */
	unsigned int latency_first;     /* index of the newest */
	struct latency_sum latency_sum; /* since the router's creation, up to the newest */
};

struct stats_port {
	uint32_t id;
	struct stats_rates rates;
	struct dp_traffic traffic;
	uint64_t speed_bps;
};

struct stats {
	uint64_t at_ns; /* CLOCK_MONOTONIC of the last tick, 0: none yet */
	struct stats_iface *ifaces;
	struct stats_vr *vrs;
	struct stats_port *ports;
	size_t n_ifaces, n_vrs, n_ports;
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
/* Latency between the last tick and SECONDS (1..STATS_WINDOW_MAX) ticks before it, or since the
 * first tick where there are fewer; empty when there is none. TSC cycles. */
void stats_latency_window(const struct stats_vr *vr, unsigned int seconds, struct hist *out);
/* Latency since the router's creation until now; VR NULL: not seen at a tick yet. */
void stats_latency_sum(const struct stats_vr *vr, uint32_t id, struct latency_sum *out);
/* Growth of a counter as a rate per second; 0 when no time passed or the counter went back. */
uint64_t stats_rate(uint64_t now, uint64_t before, uint64_t elapsed_ns);

#endif
