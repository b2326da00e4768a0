/* SPDX-License-Identifier: BSD-3-Clause */
/* Snapshots of what runs as JSON, with the member names of interface.md. New references; NULL: out
 * of memory. Rates that nobody set (no maximum, not shaped) are null. */
#ifndef HPSR_CTRL_VIEW_H
#define HPSR_CTRL_VIEW_H

#include <jansson.h>
#include <stdbool.h>

#include "ctrl/control.h"
#include "dataplane/dp.h"

json_t *view_status(struct control *control);
json_t *view_slices(struct control *control);
json_t *view_ports(struct control *control);
/* "2026-12-01T08:00:00Z"; null for MODEL_TIME_NONE. */
json_t *view_time(int64_t time_s);
/* Members of OBJECT: lease state, lease, period, next change. Nothing without a lease but the
 * state. */
void view_lease(json_t *object, const struct model_vpxi *vpxi);
json_t *view_vpxis(struct control *control);
/* One virtual router: DETAIL adds its interfaces. */
json_t *view_vr(struct control *control, const struct running_vr *vr, bool detail);
/* Of all routers, or of those for which SELECT (NULL: all) is the VPXI/VR. */
json_t *view_vrs(struct control *control, const struct running_vr *select, bool detail);
/* Conservation, workers, ports, and the routers as above with their interfaces. */
json_t *view_stats(struct control *control, const struct running_vr *select);
/* Latency and queueing of the routers, since their start or the last reset, and over the last
 * SECONDS. */
json_t *view_latency(
	struct control *control, const struct running_vr *select, unsigned int seconds);
/* Its probe's state; NULL: it has none. */
json_t *view_probe(uint32_t iface);
/* Requested, granted and measured rate, queue and drops of one virtual link. */
json_t *view_rate(struct control *control, const struct running_iface *iface);

/* Parts, for the above and the commands. */
json_t *view_bps(uint64_t bps, uint64_t none);               /* null when BPS is NONE */
json_t *view_drops(const uint64_t drops[DROP_REASON_COUNT]); /* those that are not zero */
json_t *view_hist(const struct hist *hist, uint64_t tsc_hz); /* latency_us */
void view_traffic(json_t *object, const struct dp_traffic *traffic);
void view_rates(json_t *object, const struct stats_rates *rates); /* NULL: zeroes */
json_t *view_conservation(const struct dp_conservation *conservation);
const char *view_vr_state(enum dp_vr_state state);
const char *view_place(enum model_place at);
const char *view_shaper(enum model_shaper by);
const char *view_share(enum model_share share);
/* "static", "min-max", "min", "max", "best-effort". */
const char *view_service(const struct model_rate *rate);

#endif
