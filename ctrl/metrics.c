/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctrl/promtext.h"
#include "ctrl/view.h"
#include "dataplane/dp.h"

#define NS_PER_S 1e9

/* ---- rows: each begins with its labels ---- */

struct site_row {
	char *labels;
	struct dp_conservation c;
	uint32_t bufs_total, bufs_in_use;
	uint64_t tsc_hz;
	struct control_reloads reloads;
	uint64_t pending;
};

struct worker_row {
	char *labels;
	struct dp_worker_stats stats;
};

struct port_row {
	char *labels;
	struct dp_port_stats stats;
	uint64_t capacity_bps;
};

struct vr_row {
	char *labels;
	uint32_t id;
	uint8_t running;
	struct dp_vr_stats stats;
	struct latency_sum latency, queueing;
};

struct iface_row {
	char *labels;
	struct dp_iface_stats stats;
	uint64_t min_bps, max_bps, granted_bps; /* PROMTEXT_NONE: not there */
	uint64_t limit_bytes;
	uint64_t probe_up, probe_lost; /* PROMTEXT_NONE: no probe */
	uint32_t limit_packets;
	const char *at, *by, *service, *share;
};

struct snapshot {
	struct site_row site;
	struct worker_row *workers;
	struct port_row *ports;
	struct vr_row *vrs;
	struct iface_row *ifaces;
	size_t n_workers, n_ports, n_vrs, n_ifaces;
};

#define ROWS(list, n_rows)                                               \
	&(struct promtext_rows)                                          \
	{                                                                \
		.rows = (list), .n = (n_rows), .size = sizeof((list)[0]) \
	}

/* clang-format off */
static const struct promtext_family site_families[] = {
	PROMTEXT_COUNTER(struct site_row, c.received, "hpsrouter_received_packets_total",
		"Packets that came in from a port; received = sent + dropped + consumed + queued."),
	PROMTEXT_COUNTER(struct site_row, c.sent, "hpsrouter_sent_packets_total",
		"Received packets that left on a port."),
	PROMTEXT_COUNTER(struct site_row, c.dropped, "hpsrouter_dropped_packets_total",
		"Received packets that were dropped."),
	PROMTEXT_COUNTER(struct site_row, c.consumed, "hpsrouter_consumed_packets_total",
		"Received packets that were for the router itself."),
	PROMTEXT_GAUGE(struct site_row, c.queued, "hpsrouter_queued_packets",
		"Received packets that wait in the router now."),
	PROMTEXT_COUNTER(struct site_row, c.originated, "hpsrouter_originated_packets_total",
		"Packets that the router made (ARP, ICMP); originated = sent + dropped + queued."),
	PROMTEXT_COUNTER(struct site_row, c.originated_sent,
		"hpsrouter_originated_sent_packets_total", "Originated packets that left on a port."),
	PROMTEXT_COUNTER(struct site_row, c.originated_dropped,
		"hpsrouter_originated_dropped_packets_total", "Originated packets that were dropped."),
	PROMTEXT_GAUGE(struct site_row, c.originated_queued, "hpsrouter_originated_queued_packets",
		"Originated packets that wait in the router now."),
	PROMTEXT_GAUGE(struct site_row, bufs_total, "hpsrouter_buffers",
		"Packet buffers of the pool."),
	PROMTEXT_GAUGE(struct site_row, bufs_in_use, "hpsrouter_buffers_in_use",
		"Packet buffers in use now."),
	PROMTEXT_GAUGE(struct site_row, tsc_hz, "hpsrouter_tsc_hertz",
		"Cycles a second of the *_cycles_total counters."),
	PROMTEXT_GAUGE(struct site_row, reloads.last_ok,
		"hpsrouter_config_last_reload_successful",
		"1: the last reload (or the start) was applied, 0: it was refused."),
	PROMTEXT_GAUGE(struct site_row, reloads.applied_at_s,
		"hpsrouter_config_last_reload_success_timestamp_seconds",
		"Unix time of the last reload that was applied, or of the start."),
	PROMTEXT_COUNTER(struct site_row, reloads.n_applied,
		"hpsrouter_config_reloads_applied_total", "Reloads that were applied."),
	PROMTEXT_COUNTER(struct site_row, reloads.n_refused,
		"hpsrouter_config_reloads_refused_total",
		"Reloads that were refused and changed nothing."),
	PROMTEXT_GAUGE(struct site_row, pending, "hpsrouter_pending",
		"What failed and will be tried again: an instant of the leases, rates; 0: nothing."),
};

static const struct promtext_family worker_families[] = {
	PROMTEXT_COUNTER(struct worker_row, stats.busy_cycles, "hpsrouter_worker_busy_cycles_total",
		"TSC cycles spent on packets."),
	PROMTEXT_COUNTER(struct worker_row, stats.idle_cycles, "hpsrouter_worker_idle_cycles_total",
		"TSC cycles spent on looking for packets, or asleep."),
	PROMTEXT_COUNTER(struct worker_row, stats.loops, "hpsrouter_worker_loops_total",
		"Turns of the worker's loop."),
	PROMTEXT_GAUGE(struct worker_row, stats.n_vrs, "hpsrouter_worker_vrouters",
		"Virtual routers whose home the worker is."),
};

static const struct promtext_family port_families[] = {
	PROMTEXT_GAUGE(struct port_row, stats.up, "hpsrouter_port_up", "1: the port has link."),
	PROMTEXT_GAUGE(struct port_row, stats.speed_bps, "hpsrouter_port_speed_bits_per_second",
		"Link speed; absent: unknown."),
	PROMTEXT_GAUGE(struct port_row, capacity_bps, "hpsrouter_port_capacity_bits_per_second",
		"Capacity of the site file; absent: the link's speed."),
	PROMTEXT_COUNTER(struct port_row, stats.traffic.rx_packets,
		"hpsrouter_port_rx_packets_total", "Packets received."),
	PROMTEXT_COUNTER(struct port_row, stats.traffic.rx_bytes, "hpsrouter_port_rx_bytes_total",
		"Bytes received, L2 frames without FCS."),
	PROMTEXT_COUNTER(struct port_row, stats.traffic.tx_packets,
		"hpsrouter_port_tx_packets_total", "Packets sent."),
	PROMTEXT_COUNTER(struct port_row, stats.traffic.tx_bytes, "hpsrouter_port_tx_bytes_total",
		"Bytes sent, L2 frames without FCS."),
	PROMTEXT_COUNTER(struct port_row, stats.missed, "hpsrouter_port_missed_packets_total",
		"Packets that the device itself lost: no descriptor, no buffer, errors."),
};

static const struct promtext_family vr_families[] = {
	PROMTEXT_GAUGE(struct vr_row, running, "hpsrouter_vrouter_running",
		"1: the virtual router forwards, 0: it is stopped or suspended."),
	PROMTEXT_COUNTER(struct vr_row, stats.traffic.rx_packets,
		"hpsrouter_vrouter_rx_packets_total", "Packets received on all its interfaces."),
	PROMTEXT_COUNTER(struct vr_row, stats.traffic.rx_bytes,
		"hpsrouter_vrouter_rx_bytes_total", "Bytes received on all its interfaces."),
	PROMTEXT_COUNTER(struct vr_row, stats.traffic.tx_packets,
		"hpsrouter_vrouter_tx_packets_total", "Packets sent on all its interfaces."),
	PROMTEXT_COUNTER(struct vr_row, stats.traffic.tx_bytes,
		"hpsrouter_vrouter_tx_bytes_total", "Bytes sent on all its interfaces."),
	PROMTEXT_COUNTER(struct vr_row, stats.consumed, "hpsrouter_vrouter_consumed_packets_total",
		"Packets that were for the virtual router itself."),
	PROMTEXT_COUNTER(struct vr_row, stats.originated,
		"hpsrouter_vrouter_originated_packets_total", "Packets that it made (ARP, ICMP)."),
	PROMTEXT_GAUGE(struct vr_row, stats.input_packets, "hpsrouter_vrouter_input_packets",
		"Packets that wait for the router's turn on its worker."),
	PROMTEXT_COUNTER(struct vr_row, stats.cycles, "hpsrouter_vrouter_cycles_total",
		"TSC cycles spent on its packets."),
	PROMTEXT_COUNTER(struct vr_row, stats.packets, "hpsrouter_vrouter_worked_packets_total",
		"Packets that these cycles were spent on."),
	PROMTEXT_GAUGE(struct vr_row, stats.queue_packets, "hpsrouter_vrouter_queue_packets",
		"Packets in its queues now."),
	PROMTEXT_GAUGE(struct vr_row, stats.queue_bytes, "hpsrouter_vrouter_queue_bytes",
		"Bytes in its queues now."),
	PROMTEXT_GAUGE(struct vr_row, stats.routes4, "hpsrouter_vrouter_ipv4_routes",
		"IPv4 routes in its forwarding table."),
	PROMTEXT_GAUGE(struct vr_row, stats.routes6, "hpsrouter_vrouter_ipv6_routes",
		"IPv6 routes in its forwarding table."),
	PROMTEXT_GAUGE(struct vr_row, stats.neighbors, "hpsrouter_vrouter_neighbors",
		"ARP and ND entries."),
	PROMTEXT_GAUGE(struct vr_row, stats.fib_bytes, "hpsrouter_vrouter_fib_bytes",
		"Memory of its forwarding tables."),
};

static const struct promtext_family iface_families[] = {
	PROMTEXT_GAUGE(struct iface_row, stats.up, "hpsrouter_interface_up",
		"1: the interface's port has link."),
	PROMTEXT_COUNTER(struct iface_row, stats.traffic.rx_packets,
		"hpsrouter_interface_rx_packets_total", "Packets received."),
	PROMTEXT_COUNTER(struct iface_row, stats.traffic.rx_bytes,
		"hpsrouter_interface_rx_bytes_total", "Bytes received, L2 frames without FCS."),
	PROMTEXT_COUNTER(struct iface_row, stats.traffic.tx_packets,
		"hpsrouter_interface_tx_packets_total", "Packets sent."),
	PROMTEXT_COUNTER(struct iface_row, stats.traffic.tx_bytes,
		"hpsrouter_interface_tx_bytes_total", "Bytes sent, L2 frames without FCS."),
	PROMTEXT_GAUGE(struct iface_row, granted_bps, "hpsrouter_link_granted_bits_per_second",
		"Rate that the virtual link is shaped to; absent: best effort, not shaped."),
	PROMTEXT_GAUGE(struct iface_row, min_bps, "hpsrouter_link_min_bits_per_second",
		"Guaranteed rate of the virtual link; 0: none."),
	PROMTEXT_GAUGE(struct iface_row, max_bps, "hpsrouter_link_max_bits_per_second",
		"Allowed rate of the virtual link; absent: no limit of its own."),
	PROMTEXT_GAUGE(struct iface_row, probe_up, "hpsrouter_probe_up",
		"1: the peer that the interface probes answers, 0: it is lost; absent: no probe."),
	PROMTEXT_COUNTER(struct iface_row, probe_lost, "hpsrouter_probe_lost_total",
		"How often the peer was lost; absent: no probe."),
	PROMTEXT_COUNTER(struct iface_row, stats.link_packets, "hpsrouter_link_packets_total",
		"Packets that left the virtual link's shaper."),
	PROMTEXT_COUNTER(struct iface_row, stats.link_bytes, "hpsrouter_link_bytes_total",
		"Bytes that left the virtual link's shaper."),
	PROMTEXT_GAUGE(struct iface_row, stats.queue_packets, "hpsrouter_link_queue_packets",
		"Packets in the virtual link's queue now."),
	PROMTEXT_GAUGE(struct iface_row, stats.queue_bytes, "hpsrouter_link_queue_bytes",
		"Bytes in the virtual link's queue now."),
	PROMTEXT_GAUGE(struct iface_row, limit_packets, "hpsrouter_link_queue_limit_packets",
		"Packets that the virtual link's queue may hold."),
	PROMTEXT_GAUGE(struct iface_row, limit_bytes, "hpsrouter_link_queue_limit_bytes",
		"Bytes that the virtual link's queue may hold."),
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the snapshot ---- */

static char *vr_labels(const struct model_vpxi *vpxi, const struct model_router *router,
	const struct model_interface *iface, uint32_t worker)
{
	struct promtext_labels labels = {0};
	char text[DP_VR_NAME_LEN];

	promtext_label(&labels, "vpxi", vpxi->name);
	snprintf(text, sizeof(text), "%s/%s", vpxi->name, router->name);
	promtext_label(&labels, "vrouter", text);
	if (iface) {
		promtext_label(&labels, "interface", iface->name);
		promtext_label(&labels, "port", iface->port);
	} else {
		snprintf(text, sizeof(text), "%u", worker);
		promtext_label(&labels, "slice", router->slice);
		promtext_label(&labels, "worker", text);
	}
	return strdup(labels.text);
}

static int take_iface(struct control *control, struct snapshot *snapshot,
	const struct model_vpxi *vpxi, const struct model_router *router,
	const struct model_interface *iface)
{
	struct iface_row *row = &snapshot->ifaces[snapshot->n_ifaces];
	uint32_t id = ids_iface(&control->running.ids, vpxi->name, router->name, iface->name);
	struct dp_probe_stats probe;

	if (dp_iface_stats_get(id, &row->stats) < 0)
		return 0;
	row->labels = vr_labels(vpxi, router, iface, 0);
	if (!row->labels)
		return -ENOMEM;
	row->min_bps = iface->rate.min_bps;
	row->max_bps = iface->rate.max_bps == MODEL_RATE_NONE ? PROMTEXT_NONE : iface->rate.max_bps;
	row->granted_bps = row->stats.link.rate_bps ? row->stats.link.rate_bps : PROMTEXT_NONE;
	row->limit_bytes = iface->shape.queue_bytes;
	row->limit_packets = iface->shape.queue_packets;
	row->at = view_place(iface->shape.at);
	row->by = view_shaper(iface->shape.by);
	row->service = view_service(&iface->rate);
	row->share = view_share(iface->rate.share);
	row->probe_up = row->probe_lost = PROMTEXT_NONE;
	if (iface->probe.peer.af && dp_probe_stats_get(id, &probe) == 0 &&
		probe.state != DP_PROBE_NONE) {
		row->probe_up = probe.state == DP_PROBE_UP;
		row->probe_lost = probe.downs;
	}
	snapshot->n_ifaces++;
	return 0;
}

static int take_vr(struct control *control, struct snapshot *snapshot,
	const struct model_vpxi *vpxi, const struct model_router *router)
{
	struct vr_row *row = &snapshot->vrs[snapshot->n_vrs];
	int rc = 0;

	row->id = ids_vr(&control->running.ids, vpxi->name, router->name);
	if (dp_vr_stats_get(row->id, &row->stats) < 0)
		return 0;
	row->labels = vr_labels(vpxi, router, NULL, row->stats.worker);
	if (!row->labels)
		return -ENOMEM;
	row->running = row->stats.state == DP_VR_RUNNING;
	stats_latency_sum(
		stats_vr_lookup(&control->stats, row->id), row->id, &row->latency, &row->queueing);
	snapshot->n_vrs++;
	for (size_t i = 0; rc == 0 && i < router->n_interfaces; i++)
		rc = take_iface(control, snapshot, vpxi, router, &router->interfaces[i]);
	return rc;
}

static int take_port(
	struct control *control, struct snapshot *snapshot, const struct model_port *port)
{
	struct port_row *row = &snapshot->ports[snapshot->n_ports];
	struct promtext_labels labels = {0};

	if (dp_port_stats_get(idmap_get(&control->running.ids.ports, port->name), &row->stats) < 0)
		return 0;
	promtext_label(&labels, "port", port->name);
	row->labels = strdup(labels.text);
	if (!row->labels)
		return -ENOMEM;
	if (row->stats.speed_bps == 0)
		row->stats.speed_bps = PROMTEXT_NONE;
	row->capacity_bps =
		port->capacity_bps == MODEL_RATE_NONE ? PROMTEXT_NONE : port->capacity_bps;
	snapshot->n_ports++;
	return 0;
}

static int take_worker(struct snapshot *snapshot, size_t index)
{
	struct worker_row *row = &snapshot->workers[snapshot->n_workers];
	struct promtext_labels labels = {0};
	char lcore[16];

	if (dp_worker_stats_get(index, &row->stats) < 0)
		return 0;
	snprintf(lcore, sizeof(lcore), "%u", row->stats.lcore);
	promtext_label(&labels, "worker", lcore);
	promtext_label(&labels, "slice", row->stats.slice);
	row->labels = strdup(labels.text);
	if (!row->labels)
		return -ENOMEM;
	snapshot->n_workers++;
	return 0;
}

static int snapshot_alloc(struct snapshot *snapshot, const struct model_site *site)
{
	size_t n_vrs = 0, n_ifaces = 0;

	for (size_t v = 0; v < site->n_vpxis; v++) {
		n_vrs += site->vpxis[v].n_routers;
		for (size_t r = 0; r < site->vpxis[v].n_routers; r++)
			n_ifaces += site->vpxis[v].routers[r].n_interfaces;
	}
	snapshot->workers = calloc(dp_workers_count() + 1, sizeof(*snapshot->workers));
	snapshot->ports = calloc(site->n_ports + 1, sizeof(*snapshot->ports));
	snapshot->vrs = calloc(n_vrs + 1, sizeof(*snapshot->vrs));
	snapshot->ifaces = calloc(n_ifaces + 1, sizeof(*snapshot->ifaces));
	snapshot->site.labels = strdup("");
	return snapshot->workers && snapshot->ports && snapshot->vrs && snapshot->ifaces &&
			snapshot->site.labels
		? 0
		: -ENOMEM;
}

static void snapshot_fini(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->n_workers; i++)
		free(snapshot->workers[i].labels);
	for (size_t i = 0; i < snapshot->n_ports; i++)
		free(snapshot->ports[i].labels);
	for (size_t i = 0; i < snapshot->n_vrs; i++)
		free(snapshot->vrs[i].labels);
	for (size_t i = 0; i < snapshot->n_ifaces; i++)
		free(snapshot->ifaces[i].labels);
	free(snapshot->workers);
	free(snapshot->ports);
	free(snapshot->vrs);
	free(snapshot->ifaces);
	free(snapshot->site.labels);
}

static int snapshot_take(struct control *control, struct snapshot *snapshot)
{
	const struct model_site *site = control->running.model;
	int rc = snapshot_alloc(snapshot, site);

	if (rc < 0)
		return rc;
	dp_conservation_get(&snapshot->site.c);
	dp_bufs_get(&snapshot->site.bufs_total, &snapshot->site.bufs_in_use);
	snapshot->site.tsc_hz = dp_tsc_hz();
	snapshot->site.reloads = control->reloads;
	snapshot->site.pending = (uint64_t)control->running.behind + control->running.unsettled;
	for (size_t i = 0; rc == 0 && i < dp_workers_count(); i++)
		rc = take_worker(snapshot, i);
	for (size_t i = 0; rc == 0 && i < site->n_ports; i++)
		rc = take_port(control, snapshot, &site->ports[i]);
	for (size_t v = 0; rc == 0 && v < site->n_vpxis; v++) {
		const struct model_vpxi *vpxi = &site->vpxis[v];

		for (size_t r = 0; rc == 0 && r < vpxi->n_routers; r++)
			rc = take_vr(control, snapshot, vpxi, &vpxi->routers[r]);
	}
	return rc;
}

/* ---- the text ---- */

/* Those that are not zero, or ALL: a reason that never was is known from its worker. */
static void print_drops(FILE *out, const char *name, const char *help,
	const struct promtext_rows *rows, size_t offset, bool all)
{
	promtext_head(out, name, "counter", help);
	for (size_t i = 0; i < rows->n; i++) {
		const char *row = (const char *)rows->rows + i * rows->size;
		const uint64_t *drops = (const uint64_t *)(const void *)(row + offset);
		struct promtext_labels labels;
		const char *own;
		size_t len;

		memcpy(&own, row, sizeof(own));
		len = (size_t)snprintf(labels.text, sizeof(labels.text), "%s", own);
		for (int reason = 0; reason < DROP_REASON_COUNT; reason++) {
			if (!drops[reason] && !all)
				continue;
			labels.len = len;
			promtext_label(&labels, "reason", dp_drop_name((enum drop_reason)reason));
			promtext_sample(out, name, labels.text, drops[reason]);
		}
	}
}

static void print_latency(
	FILE *out, const char *name, const struct vr_row *vr, const struct latency_sum *sum)
{
	uint64_t count = 0;

	for (int i = 0; i <= LATENCY_BOUNDS; i++) {
		count += sum->counts[i];
		fprintf(out, "%s_bucket{%s,le=\"", name, vr->labels);
		if (i < LATENCY_BOUNDS)
			fprintf(out, "%g", (double)latency_bounds_ns[i] / NS_PER_S);
		else
			fputs("+Inf", out);
		fprintf(out, "\"} %llu\n", (unsigned long long)count);
	}
	fprintf(out, "%s_sum{%s} %.9f\n", name, vr->labels, sum->sum_s);
	fprintf(out, "%s_count{%s} %llu\n", name, vr->labels, (unsigned long long)count);
}

static void print_services(FILE *out, const struct iface_row *rows, size_t n)
{
	static const char name[] = "hpsrouter_link_info";

	promtext_head(out, name, "gauge",
		"Service of the virtual link, whether it borrows, where and by what it is shaped; "
		"always 1.");
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s{%s,service=\"%s\",share=\"%s\",at=\"%s\",by=\"%s\"} 1\n", name,
			rows[i].labels, rows[i].service, rows[i].share, rows[i].at, rows[i].by);
}

static void print_build(FILE *out, const struct control *control)
{
	struct promtext_labels labels = {0};

	promtext_label(&labels, "version", HPSROUTER_VERSION);
	promtext_label(&labels, "site", control->running.model->name);
	promtext_head(out, "hpsrouter_build_info", "gauge", "Version and site; always 1.");
	promtext_sample(out, "hpsrouter_build_info", labels.text, 1);
	promtext_head(out, "hpsrouter_uptime_seconds", "gauge", "Seconds since the start.");
	promtext_sample_float(out, "hpsrouter_uptime_seconds", "",
		(double)(control_now_ns() - control->started_ns) / NS_PER_S);
}

static void print_snapshot(FILE *out, const struct snapshot *snapshot)
{
	const struct promtext_rows *workers = ROWS(snapshot->workers, snapshot->n_workers);
	const struct promtext_rows *ports = ROWS(snapshot->ports, snapshot->n_ports);
	const struct promtext_rows *vrs = ROWS(snapshot->vrs, snapshot->n_vrs);
	const struct promtext_rows *ifaces = ROWS(snapshot->ifaces, snapshot->n_ifaces);

	promtext_families(out, site_families, COUNT(site_families), ROWS(&snapshot->site, 1));
	promtext_families(out, worker_families, COUNT(worker_families), workers);
	print_drops(out, "hpsrouter_worker_dropped_packets_total",
		"Packets dropped, by reason; every packet counts at one worker.", workers,
		offsetof(struct worker_row, stats.drops), true);
	promtext_families(out, port_families, COUNT(port_families), ports);
	print_drops(out, "hpsrouter_port_dropped_packets_total",
		"Packets dropped before a virtual router was known, and at transmit, by reason; "
		"absent: none.",
		ports, offsetof(struct port_row, stats.drops), false);
	promtext_families(out, vr_families, COUNT(vr_families), vrs);
	print_drops(out, "hpsrouter_vrouter_dropped_packets_total",
		"Packets dropped on all its interfaces, by reason; absent: none.", vrs,
		offsetof(struct vr_row, stats.drops), false);
	promtext_head(out, "hpsrouter_vrouter_latency_seconds", "histogram",
		"Receive to transmit of forwarded packets. Bounds are kept to 6.25 %, the sum is "
		"made of the middles of finer buckets.");
	for (size_t i = 0; i < snapshot->n_vrs; i++)
		print_latency(out, "hpsrouter_vrouter_latency_seconds", &snapshot->vrs[i],
			&snapshot->vrs[i].latency);
	promtext_head(out, "hpsrouter_vrouter_queueing_seconds", "histogram",
		"Each wait of forwarded packets in a virtual link's queue or at a port, as far as "
		"they waited. Bounds and sum as above.");
	for (size_t i = 0; i < snapshot->n_vrs; i++)
		print_latency(out, "hpsrouter_vrouter_queueing_seconds", &snapshot->vrs[i],
			&snapshot->vrs[i].queueing);
	promtext_families(out, iface_families, COUNT(iface_families), ifaces);
	print_services(out, snapshot->ifaces, snapshot->n_ifaces);
	print_drops(out, "hpsrouter_interface_dropped_packets_total",
		"Packets dropped, by reason; absent: none.", ifaces,
		offsetof(struct iface_row, stats.drops), false);
}

int metrics_get(void *ctx, char **text, size_t *len)
{
	struct snapshot snapshot = {0};
	struct control *control = ctx;
	int rc = snapshot_take(control, &snapshot);
	FILE *out = NULL;

	*text = NULL;
	*len = 0;
	if (rc == 0) {
		out = open_memstream(text, len);
		rc = out ? 0 : -ENOMEM;
	}
	if (rc == 0) {
		print_build(out, control);
		print_snapshot(out, &snapshot);
		if (ferror(out))
			rc = -ENOMEM;
	}
	if (out && fclose(out) != 0)
		rc = -ENOMEM;
	if (rc < 0) {
		free(*text);
		*text = NULL;
	}
	snapshot_fini(&snapshot);
	return rc;
}
