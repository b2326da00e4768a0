/* SPDX-License-Identifier: BSD-3-Clause */
/* Results of the daemon's methods as text. Members that are absent print as "-". */
#ifndef HPSR_CTRL_CLI_SHOW_H
#define HPSR_CTRL_CLI_SHOW_H

#include <jansson.h>
#include <stdio.h>

void show_status(const json_t *result, FILE *out);
void show_slices(const json_t *result, FILE *out);
void show_ports(const json_t *result, FILE *out);
void show_clock(const json_t *result, FILE *out);
void show_vpxis(const json_t *result, FILE *out);
void show_vrs(const json_t *result, FILE *out);
void show_vr(const json_t *result, FILE *out);
void show_vr_state(const json_t *result, FILE *out);
void show_vr_moved(const json_t *result, FILE *out);
void show_routes(const json_t *result, FILE *out);
void show_route_changed(const json_t *result, FILE *out);
void show_filters(const json_t *result, FILE *out);
void show_policies(const json_t *result, FILE *out);
void show_neighbors(const json_t *result, FILE *out);
void show_rates(const json_t *result, FILE *out);
void show_rate_set(const json_t *result, FILE *out);
void show_stats(const json_t *result, FILE *out);
void show_latency(const json_t *result, FILE *out);
void show_changes(const json_t *result, FILE *out);
void show_yaml(const json_t *result, FILE *out);
void show_allocation(const json_t *result, FILE *out);
/* A screen of top, from a result of the method stats. */
void show_top(const json_t *result, FILE *out);

/* Parts. */
void show_links(const json_t *links, FILE *out);   /* granted and measured rates, queues */
void show_probes(const json_t *ifaces, FILE *out); /* of those that have one */
void show_drops(const json_t *drops, const char *indent, FILE *out);

#endif
