/* SPDX-License-Identifier: BSD-3-Clause */
/* The site: status, slices, ports, VPXIs, and the parts that all views share. */
#include "config/lease.h"
#include "ctrl/clock.h"
#include "ctrl/view.h"

#include <string.h>
#include <unistd.h>

#include "ctrl/rpc.h"

json_t *view_bps(uint64_t bps, uint64_t none)
{
	return bps == none ? json_null() : json_integer((json_int_t)bps);
}

json_t *view_drops(const uint64_t drops[DROP_REASON_COUNT])
{
	json_t *object = json_object();

	for (int reason = 0; reason < DROP_REASON_COUNT; reason++) {
		if (drops[reason])
			json_object_set_new(object, dp_drop_name((enum drop_reason)reason),
				json_integer((json_int_t)drops[reason]));
	}
	return object;
}

json_t *view_hist(const struct hist *hist, uint64_t tsc_hz)
{
	static const struct {
		const char *name;
		double fraction;
	} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
	double us = tsc_hz ? 1e6 / (double)tsc_hz : 0;
	json_t *object = json_object();

	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		json_object_set_new(object, quantiles[i].name,
			json_real((double)hist_quantile(hist, quantiles[i].fraction) * us));
	json_object_set_new(object, "max", json_real((double)hist->max * us));
	json_object_set_new(object, "count", json_integer((json_int_t)hist_count(hist)));
	return object;
}

void view_traffic(json_t *object, const struct dp_traffic *traffic)
{
	json_object_set_new(object, "rx_packets", json_integer((json_int_t)traffic->rx_packets));
	json_object_set_new(object, "rx_bytes", json_integer((json_int_t)traffic->rx_bytes));
	json_object_set_new(object, "tx_packets", json_integer((json_int_t)traffic->tx_packets));
	json_object_set_new(object, "tx_bytes", json_integer((json_int_t)traffic->tx_bytes));
}

void view_rates(json_t *object, const struct stats_rates *rates)
{
	static const struct stats_rates none;

	if (!rates)
		rates = &none;
	json_object_set_new(object, "rx_bps", json_integer((json_int_t)rates->rx_bps));
	json_object_set_new(object, "tx_bps", json_integer((json_int_t)rates->tx_bps));
	json_object_set_new(object, "rx_pps", json_integer((json_int_t)rates->rx_pps));
	json_object_set_new(object, "tx_pps", json_integer((json_int_t)rates->tx_pps));
}

json_t *view_conservation(const struct dp_conservation *c)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "received", (json_int_t)c->received, "sent",
		(json_int_t)c->sent, "dropped", (json_int_t)c->dropped, "consumed",
		(json_int_t)c->consumed, "queued", (json_int_t)c->queued);
}

/* LAST NULL, or of no second yet: since the start. */
static json_t *view_worker(const struct dp_worker_stats *worker, const struct stats_worker *last)
{
	uint64_t cycles = worker->busy_cycles + worker->idle_cycles;
	double load = cycles ? (double)worker->busy_cycles / (double)cycles : 0;

	if (last && last->known)
		load = last->load;
	return json_pack("{s:I, s:s, s:I, s:f, s:f, s:I, s:I, s:I, s:o, s:o}", "worker",
		(json_int_t)worker->lcore, "slice", worker->slice, "vrouters",
		(json_int_t)worker->n_vrs, "load", load, "idle", cycles ? 1 - load : 0,
		"busy_cycles", (json_int_t)worker->busy_cycles, "idle_cycles",
		(json_int_t)worker->idle_cycles, "loops", (json_int_t)worker->loops, "conservation",
		view_conservation(&worker->conservation), "drops", view_drops(worker->drops));
}

static json_t *view_workers(const struct stats *stats, uint64_t drops[DROP_REASON_COUNT])
{
	json_t *list = json_array();

	for (size_t i = 0; i < dp_workers_count(); i++) {
		struct dp_worker_stats worker;

		if (dp_worker_stats_get(i, &worker) < 0)
			break;
		for (int reason = 0; reason < DROP_REASON_COUNT; reason++)
			drops[reason] += worker.drops[reason];
		json_array_append_new(list,
			view_worker(&worker, i < stats->n_workers ? &stats->workers[i] : NULL));
	}
	return list;
}

json_t *view_slices(struct control *control)
{
	const struct model_site *site = control->running.model;
	uint64_t drops[DROP_REASON_COUNT] = {0};
	json_t *workers = view_workers(&control->stats, drops), *list = json_array();

	for (size_t i = 0; i < site->n_slices; i++) {
		const struct model_slice *slice = &site->slices[i];
		json_t *lcores = json_array(), *own = json_array(), *worker;
		double load = 0;
		size_t w;

		for (size_t l = 0; l < slice->n_lcores; l++)
			json_array_append_new(lcores, json_integer(slice->lcores[l]));
		json_array_foreach (workers, w, worker) {
			const char *name = json_string_value(json_object_get(worker, "slice"));

			if (!name || strcmp(name, slice->name) != 0)
				continue;
			json_array_append(own, worker);
			load += json_number_value(json_object_get(worker, "load"));
		}
		if (json_array_size(own) > 0)
			load /= (double)json_array_size(own);
		/* "idle" is the mode: the share has another name. */
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:o, s:f, s:f, s:o}", "slice", slice->name, "idle",
				slice->idle == MODEL_IDLE_SLEEP ? "sleep" : "poll", "lcores",
				lcores, "load", load, "idle_share", 1 - load, "workers", own));
	}
	json_decref(workers);
	return list;
}

/* The port's own addresses, and the tunnels that end there. */
static json_t *view_underlay(const struct model_port *port, const struct dp_port_stats *stats)
{
	json_t *addresses = json_array(), *object;
	char text[IP_PREFIX_STRLEN];

	for (size_t i = 0; i < port->n_addresses; i++)
		json_array_append_new(
			addresses, json_string(prefix_print(&port->addresses[i].prefix, text)));
	object = json_pack("{s:o, s:I, s:I, s:I, s:I, s:o}", "address", addresses, "tunnels",
		(json_int_t)stats->tunnels, "tunnels_resolved", (json_int_t)stats->tunnels_resolved,
		"neighbors", (json_int_t)stats->underlay_neighbors, "consumed",
		(json_int_t)stats->underlay_consumed, "drops", view_drops(stats->underlay_drops));
	view_traffic(object, &stats->underlay_traffic);
	return object;
}

static json_t *view_port(struct control *control, const struct model_port *port)
{
	uint32_t id = idmap_get(&control->running.ids.ports, port->name);
	const struct stats_port *rates = stats_port_lookup(&control->stats, id);
	struct grant_speeds speeds = running_speeds(&control->running);
	struct dp_port_stats stats = {0};
	char mac[MAC_ADDR_STRLEN];
	json_t *object;

	dp_port_stats_get(id, &stats);
	object = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:I, s:o, s:o, s:o, s:I, s:o}", "port",
		port->name, "device", port->device, "role",
		port->role == MODEL_ROLE_BACKBONE ? "backbone" : "access", "mac",
		mac_print(&stats.mac, mac), "mtu", (int)port->mtu, "state",
		stats.up ? "up" : "down", "worker", (json_int_t)stats.worker, "capacity_bps",
		view_bps(port->capacity_bps == MODEL_RATE_NONE ? stats.speed_bps
							       : port->capacity_bps,
			0),
		"share_bps", view_bps(grant_capacity(port, &speeds), GRANT_UNKNOWN), "speed_bps",
		view_bps(stats.speed_bps, 0), "missed", (json_int_t)stats.missed, "drops",
		view_drops(stats.drops));
	view_traffic(object, &stats.traffic);
	view_rates(object, rates ? &rates->rates : NULL);
	if (stats.underlay)
		json_object_set_new(object, "underlay", view_underlay(port, &stats));
	return object;
}

json_t *view_ports(struct control *control)
{
	const struct model_site *site = control->running.model;
	json_t *list = json_array();

	for (size_t i = 0; i < site->n_ports; i++)
		json_array_append_new(list, view_port(control, &site->ports[i]));
	return list;
}

json_t *view_time(int64_t time_s)
{
	char text[LEASE_TIME_STRLEN];

	return time_s == MODEL_TIME_NONE ? json_null()
					 : json_string(lease_time_print(time_s, text));
}

void view_lease(json_t *object, const struct model_vpxi *vpxi)
{
	int64_t now_s = clock_now_s();
	const struct model_period *period = lease_period(vpxi, now_s);

	if (vpxi->lease.loc.line == 0)
		return;
	json_object_set_new(object, "lease",
		json_pack("{s:s, s:o, s:o}", "state", lease_state_name(lease_state(vpxi, now_s)),
			"start", view_time(vpxi->lease.start_s), "end",
			view_time(vpxi->lease.end_s)));
	json_object_set_new(object, "period", period ? json_string(period->name) : json_null());
	json_object_set_new(object, "next_change", view_time(lease_next_change(vpxi, now_s)));
}

json_t *view_vpxis(struct control *control)
{
	const struct model_site *site = running_accepted(&control->running);
	json_t *list = json_array();

	for (size_t v = 0; v < site->n_vpxis; v++) {
		const struct model_vpxi *vpxi = &site->vpxis[v];
		json_t *routers = json_array(), *item;
		size_t n_ifaces = 0;

		for (size_t r = 0; r < vpxi->n_routers; r++) {
			json_array_append_new(
				routers, json_sprintf("%s/%s", vpxi->name, vpxi->routers[r].name));
			n_ifaces += vpxi->routers[r].n_interfaces;
		}
		item = json_pack("{s:s, s:s, s:o, s:I}", "vpxi", vpxi->name, "state",
			lease_state_name(lease_state(vpxi, clock_now_s())), "vrouters", routers,
			"interface_count", (json_int_t)n_ifaces);
		view_lease(item, vpxi);
		json_array_append_new(list, item);
	}
	return list;
}

/* VPXIs that come and go by the clock. */
static json_t *view_leases(const struct model_site *site)
{
	json_t *list = json_array();

	for (size_t v = 0; v < site->n_vpxis; v++) {
		const struct model_vpxi *vpxi = &site->vpxis[v];
		json_t *item;

		if (vpxi->lease.loc.line == 0)
			continue;
		item = json_pack("{s:s, s:s}", "vpxi", vpxi->name, "state",
			lease_state_name(lease_state(vpxi, clock_now_s())));
		view_lease(item, vpxi);
		json_array_append_new(list, item);
	}
	return list;
}

static json_t *view_counts(struct control *control)
{
	const struct model_site *site = control->running.model;
	const struct model_site *accepted = running_accepted(&control->running);
	size_t n_routes = 0, n_running = 0, n_states[LEASE_EXPIRED + 1] = {0};

	for (size_t v = 0; v < site->n_vpxis; v++) {
		const struct model_vpxi *vpxi = &site->vpxis[v];

		for (size_t r = 0; r < vpxi->n_routers; r++) {
			struct dp_vr_stats stats;
			uint32_t id =
				ids_vr(&control->running.ids, vpxi->name, vpxi->routers[r].name);

			n_routes += vpxi->routers[r].n_routes;
			if (dp_vr_stats_get(id, &stats) == 0 && stats.state == DP_VR_RUNNING)
				n_running++;
		}
	}
	for (size_t v = 0; v < accepted->n_vpxis; v++)
		n_states[lease_state(&accepted->vpxis[v], clock_now_s())]++;
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "vpxis",
		(json_int_t)accepted->n_vpxis, "waiting", (json_int_t)n_states[LEASE_WAITING],
		"expired", (json_int_t)n_states[LEASE_EXPIRED], "vrouters",
		(json_int_t)control->running.ids.vrs.n, "running", (json_int_t)n_running,
		"interfaces", (json_int_t)control->running.ids.ifaces.n, "static_routes",
		(json_int_t)n_routes, "ports", (json_int_t)control->running.ids.ports.n, "slices",
		(json_int_t)site->n_slices);
}

/* What failed and will be tried again. */
static json_t *view_pending(const struct running *running)
{
	json_t *list = json_array();

	if (running->behind)
		json_array_append_new(list, json_string("instant"));
	if (running->unsettled)
		json_array_append_new(list, json_string("rates"));
	return list;
}

json_t *view_status(struct control *control)
{
	const struct model_site *site = control->running.model;
	uint64_t uptime = control_now_ns() - control->started_ns;
	uint32_t total = 0, in_use = 0;

	dp_bufs_get(&total, &in_use);
	return json_pack("{s:s, s:s, s:i, s:i, s:I, s:s?, s:s?, s:I, s:{s:I, s:I}, s:s, s:o, s:o, "
			 "s:o, s:o, s:o, s:o, s:o}",
		"site", site->name, "version", HPSROUTER_VERSION, "protocol", RPC_VERSION, "pid",
		(int)getpid(), "uptime_ns", (json_int_t)uptime, "config", control->config, "socket",
		site->control.socket, "clients",
		(json_int_t)(control->sock ? sock_clients(control->sock) : 0), "buffers", "total",
		(json_int_t)total, "in_use", (json_int_t)in_use, "clock",
		clock_is_manual() ? "manual" : "system", "time", view_time(clock_now_s()),
		"next_change",
		view_time(lease_site_next_change(
			running_accepted(&control->running), control->running.at_s)),
		"pending", view_pending(&control->running), "leases",
		view_leases(running_accepted(&control->running)), "counts", view_counts(control),
		"slices", view_slices(control), "ports", view_ports(control));
}

json_t *view_stats(struct control *control, const struct running_vr *select)
{
	uint64_t drops[DROP_REASON_COUNT] = {0};
	struct dp_conservation c;
	json_t *workers, *object;

	dp_conservation_get(&c);
	workers = view_workers(&control->stats, drops);
	object = json_pack("{s:o, s:{s:I, s:I, s:I, s:I}, s:o, s:o}", "conservation",
		view_conservation(&c), "originated", "made", (json_int_t)c.originated, "sent",
		(json_int_t)c.originated_sent, "dropped", (json_int_t)c.originated_dropped,
		"queued", (json_int_t)c.originated_queued, "drops", view_drops(drops), "workers",
		workers);
	if (!select)
		json_object_set_new(object, "ports", view_ports(control));
	json_object_set_new(object, "vrouters", view_vrs(control, select, true));
	return object;
}
