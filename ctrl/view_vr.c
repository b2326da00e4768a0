/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual routers, their interfaces and links. */
#include <string.h>

#include "ctrl/view.h"

const char *view_vr_state(enum dp_vr_state state)
{
	switch (state) {
	case DP_VR_RUNNING:
		return "running";
	case DP_VR_STOPPED:
		return "stopped";
	case DP_VR_SUSPENDED:
		return "suspended";
	}
	return "unknown";
}

const char *view_place(enum model_place at)
{
	switch (at) {
	case MODEL_AT_INGRESS:
		return "ingress";
	case MODEL_AT_VIF_IN:
		return "vif-in";
	case MODEL_AT_VIF_OUT:
		return "vif-out";
	case MODEL_AT_PORT:
		return "port";
	}
	return "unknown";
}

const char *view_shaper(enum model_shaper by)
{
	return by == MODEL_BY_PSP ? "psp" : "tbf";
}

const char *view_share(enum model_share share)
{
	return share == MODEL_SHARE_BORROW ? "borrow" : "strict";
}

const char *view_service(const struct model_rate *rate)
{
	if (grant_is_best_effort(rate))
		return "best-effort";
	if (rate->min_bps == rate->max_bps)
		return "static";
	if (rate->min_bps == 0)
		return "max";
	return rate->max_bps == MODEL_RATE_NONE ? "min" : "min-max";
}

static json_t *view_vlan(const struct model_interface *iface)
{
	if (iface->vlan == MODEL_VLAN_NONE)
		return json_null();
	if (iface->outer_vlan == MODEL_VLAN_NONE)
		return json_integer(iface->vlan);
	return json_pack("[i, i]", (int)iface->outer_vlan, (int)iface->vlan);
}

static json_t *view_tunnel(const struct model_interface *iface, const struct dp_iface_stats *stats)
{
	static const char *const types[] = {"none", "vxlan", "gre", "ipip"};
	const struct model_tunnel *tunnel = &iface->tunnel;
	char text[IP_ADDR_STRLEN];
	json_t *object = json_pack("{s:s, s:s, s:b}", "type", types[tunnel->type], "remote",
		ipaddr_print(&tunnel->remote, text), "resolved", (int)stats->tunnel_resolved);

	if (tunnel->type == MODEL_TUNNEL_VXLAN)
		json_object_set_new(object, "vni", json_integer(tunnel->vni));
	if (tunnel->has_key)
		json_object_set_new(object, "key", json_integer(tunnel->key));
	return object;
}

static json_t *view_addresses(const struct model_interface *iface)
{
	json_t *list = json_array();
	char text[IP_PREFIX_STRLEN];

	for (size_t i = 0; i < iface->n_addresses; i++)
		json_array_append_new(
			list, json_string(prefix_print(&iface->addresses[i].prefix, text)));
	return list;
}

json_t *view_rate(struct control *control, const struct running_iface *iface)
{
	const struct stats_iface *rates = stats_iface_lookup(&control->stats, iface->id);
	const struct model_shape *shape = &iface->iface->shape;
	struct dp_iface_stats stats = {0};
	uint64_t burst_bytes;

	dp_iface_stats_get(iface->id, &stats);
	burst_bytes = stats.link.rate_bps ? stats.link.burst_bytes : model_burst_bytes(shape, 0);
	return json_pack("{s:s, s:o, s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:I, s:s, s:s, s:I, s:I, "
			 "s:I, s:I, s:I, s:I, s:I, s:o}",
		"vpxi", iface->vr.vpxi->name, "vrouter",
		json_sprintf("%s/%s", iface->vr.vpxi->name, iface->vr.router->name), "interface",
		iface->iface->name, "port", iface->iface->port, "service",
		view_service(&iface->iface->rate), "share", view_share(iface->iface->rate.share),
		"min_bps", (json_int_t)iface->iface->rate.min_bps, "max_bps",
		view_bps(iface->iface->rate.max_bps, MODEL_RATE_NONE), "granted_bps",
		view_bps(stats.link.rate_bps, 0), "measured_bps",
		(json_int_t)(rates ? rates->measured_bps : 0), "at", view_place(shape->at), "by",
		view_shaper(shape->by), "burst_bytes", (json_int_t)burst_bytes, "queue_packets",
		(json_int_t)stats.queue_packets, "queue_bytes", (json_int_t)stats.queue_bytes,
		"queue_limit_packets", (json_int_t)shape->queue_packets, "queue_limit_bytes",
		(json_int_t)shape->queue_bytes, "link_packets", (json_int_t)stats.link_packets,
		"link_bytes", (json_int_t)stats.link_bytes, "drops", view_drops(stats.drops));
}

json_t *view_probe(uint32_t iface)
{
	static const char *const states[] = {[DP_PROBE_NONE] = "none",
		[DP_PROBE_DOWN] = "down",
		[DP_PROBE_INIT] = "init",
		[DP_PROBE_UP] = "up"};
	struct dp_probe_stats probe;
	char peer[IP_ADDR_STRLEN];

	if (dp_probe_stats_get(iface, &probe) < 0 || probe.state == DP_PROBE_NONE)
		return NULL;
	return json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "peer",
		ipaddr_print(&probe.peer, peer), "state", states[probe.state], "told", probe.told,
		"since_ns", (json_int_t)probe.since_ns, "detection_ns",
		(json_int_t)probe.detection_ns, "ups", (json_int_t)probe.ups, "downs",
		(json_int_t)probe.downs, "sent", (json_int_t)probe.sent, "received",
		(json_int_t)probe.received, "refused", (json_int_t)probe.refused);
}

static json_t *view_iface(struct control *control, const struct running_iface *iface)
{
	const struct stats_iface *rates = stats_iface_lookup(&control->stats, iface->id);
	json_t *object = view_rate(control, iface);
	struct dp_iface_stats stats = {0};
	char mac[MAC_ADDR_STRLEN];

	dp_iface_stats_get(iface->id, &stats);
	json_object_set_new(object, "state", json_string(stats.up ? "up" : "down"));
	json_object_set_new(object, "vlan", view_vlan(iface->iface));
	if (iface->iface->tunnel.type != MODEL_TUNNEL_NONE)
		json_object_set_new(object, "tunnel", view_tunnel(iface->iface, &stats));
	json_object_set_new(object, "address", view_addresses(iface->iface));
	if (!mac_is_zero(&iface->iface->mac))
		json_object_set_new(object, "mac", json_string(mac_print(&iface->iface->mac, mac)));
	if (iface->iface->mtu)
		json_object_set_new(object, "mtu", json_integer(iface->iface->mtu));
	if (iface->iface->rpf != MODEL_RPF_OFF)
		json_object_set_new(object, "rpf",
			json_string(iface->iface->rpf == MODEL_RPF_STRICT ? "strict" : "loose"));
	if (iface->iface->probe.peer.af)
		json_object_set_new(object, "probe", view_probe(iface->id));
	view_traffic(object, &stats.traffic);
	view_rates(object, rates ? &rates->rates : NULL);
	return object;
}

static json_t *view_ifaces(struct control *control, const struct running_vr *vr)
{
	json_t *list = json_array();

	for (size_t i = 0; i < vr->router->n_interfaces; i++) {
		struct running_iface iface = {.vr = *vr, .iface = &vr->router->interfaces[i]};

		iface.id = ids_iface(
			&control->running.ids, vr->vpxi->name, vr->router->name, iface.iface->name);
		json_array_append_new(list, view_iface(control, &iface));
	}
	return list;
}

json_t *view_vr(struct control *control, const struct running_vr *vr, bool detail)
{
	const struct stats_vr *rates = stats_vr_lookup(&control->stats, vr->id);
	struct dp_vr_stats stats = {0};
	struct hist latency = {0}, queueing = {0};
	json_t *object;

	dp_vr_stats_get(vr->id, &stats);
	stats_latency_get(rates, vr->id, &latency, &queueing);
	object = json_pack("{s:s, s:o, s:s, s:s, s:I, s:I, s:I, s:{s:I, s:I, s:I}, s:I}", "vpxi",
		vr->vpxi->name, "vrouter", json_sprintf("%s/%s", vr->vpxi->name, vr->router->name),
		"state", view_vr_state(stats.state), "slice", vr->router->slice, "worker",
		(json_int_t)stats.worker, "weight", (json_int_t)vr->router->weight,
		"interface_count", (json_int_t)vr->router->n_interfaces, "fib", "routes4",
		(json_int_t)stats.routes4, "routes6", (json_int_t)stats.routes6, "bytes",
		(json_int_t)stats.fib_bytes, "neighbors", (json_int_t)stats.neighbors);
	view_traffic(object, &stats.traffic);
	view_rates(object, rates ? &rates->rates : NULL);
	json_object_set_new(object, "consumed", json_integer((json_int_t)stats.consumed));
	json_object_set_new(object, "originated", json_integer((json_int_t)stats.originated));
	json_object_set_new(object, "drops", view_drops(stats.drops));
	json_object_set_new(object, "queue_packets", json_integer((json_int_t)stats.queue_packets));
	json_object_set_new(object, "queue_bytes", json_integer((json_int_t)stats.queue_bytes));
	json_object_set_new(object, "cycles", json_integer((json_int_t)stats.cycles));
	json_object_set_new(object, "cycles_per_packet",
		json_real(stats.packets ? (double)stats.cycles / (double)stats.packets : 0));
	json_object_set_new(
		object, "cycles_per_packet_1s", json_real(rates ? rates->cycles_per_packet : 0));
	json_object_set_new(object, "share_1s", json_real(rates ? rates->share : 0));
	json_object_set_new(object, "input_packets", json_integer((json_int_t)stats.input_packets));
	json_object_set_new(object, "latency_us", view_hist(&latency, dp_tsc_hz()));
	json_object_set_new(object, "queueing_us", view_hist(&queueing, dp_tsc_hz()));
	view_lease(object, vr->vpxi);
	if (detail)
		json_object_set_new(object, "interfaces", view_ifaces(control, vr));
	return object;
}

/* Calls back for every router, or for SELECT alone. */
static void vrs_foreach(struct control *control, const struct running_vr *select,
	void (*cb)(struct control *control, const struct running_vr *vr, void *ctx), void *ctx)
{
	const struct model_site *site = control->running.model;

	if (select) {
		cb(control, select, ctx);
		return;
	}
	for (size_t v = 0; v < site->n_vpxis; v++) {
		struct model_vpxi *vpxi = &site->vpxis[v];

		for (size_t r = 0; r < vpxi->n_routers; r++) {
			struct running_vr vr = {.vpxi = vpxi, .router = &vpxi->routers[r]};

			vr.id = ids_vr(&control->running.ids, vpxi->name, vr.router->name);
			cb(control, &vr, ctx);
		}
	}
}

struct list {
	json_t *items;
	bool detail;
	unsigned int seconds;
};

static void append_vr(struct control *control, const struct running_vr *vr, void *ctx)
{
	struct list *list = ctx;

	json_array_append_new(list->items, view_vr(control, vr, list->detail));
}

json_t *view_vrs(struct control *control, const struct running_vr *select, bool detail)
{
	struct list list = {.items = json_array(), .detail = detail};

	vrs_foreach(control, select, append_vr, &list);
	return list.items;
}

static void append_latency(struct control *control, const struct running_vr *vr, void *ctx)
{
	const struct stats_vr *seen = stats_vr_lookup(&control->stats, vr->id);
	struct hist latency = {0}, queueing = {0}, last = {0}, last_queueing = {0};
	uint64_t tsc_hz = dp_tsc_hz();
	struct list *list = ctx;

	stats_latency_get(seen, vr->id, &latency, &queueing);
	if (seen) {
		latency_log_window(&seen->latency->latency, list->seconds, &last);
		latency_log_window(&seen->latency->queueing, list->seconds, &last_queueing);
	}
	json_array_append_new(list->items,
		json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:b}", "vpxi", vr->vpxi->name,
			"vrouter", json_sprintf("%s/%s", vr->vpxi->name, vr->router->name),
			"latency_us", view_hist(&latency, tsc_hz), "queueing_us",
			view_hist(&queueing, tsc_hz), "window_latency_us", view_hist(&last, tsc_hz),
			"window_queueing_us", view_hist(&last_queueing, tsc_hz), "window_ns",
			(json_int_t)list->seconds * 1000000000, "reset",
			seen && seen->latency->latency.base));
}

json_t *view_latency(struct control *control, const struct running_vr *select, unsigned int seconds)
{
	struct list list = {.items = json_array(), .seconds = seconds};

	vrs_foreach(control, select, append_latency, &list);
	return list.items;
}
