/* SPDX-License-Identifier: BSD-3-Clause */
/* The site and its virtual routers as text. */
#include "ctrl/cli/show.h"

#include <stdlib.h>
#include <string.h>

#include "ctrl/cli/table.h"
#include "lib/rate.h"

static const char *string_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "-";
}

static long long integer_of(const json_t *object, const char *name)
{
	return (long long)json_integer_value(json_object_get(object, name));
}

void show_drops(const json_t *drops, const char *indent, FILE *out)
{
	const char *reason;
	json_t *count;

	json_object_foreach ((json_t *)drops, reason, count)
		fprintf(out, "%s%-24s %lld\n", indent, reason,
			(long long)json_integer_value(count));
}

void show_slices(const json_t *result, FILE *out)
{
	static const char *const headers[] = {
		"SLICE", "IDLE", ">WORKER", ">VROUTERS", ">LOAD%", ">RECEIVED", ">DROPPED", NULL};
	struct table table;
	json_t *slice, *worker;
	size_t i, w;

	table_init(&table, headers);
	json_array_foreach ((json_t *)result, i, slice) {
		json_array_foreach (json_object_get(slice, "workers"), w, worker) {
			json_t *sums = json_object_get(worker, "conservation");

			table_cell_string(&table, slice, "slice");
			table_cell_string(&table, slice, "idle");
			table_cell_integer(&table, worker, "worker");
			table_cell_integer(&table, worker, "vrouters");
			table_cell(&table, "%.1f",
				json_number_value(json_object_get(worker, "load")) * 100);
			table_cell_integer(&table, sums, "received");
			table_cell_integer(&table, sums, "dropped");
		}
	}
	table_print(&table, out);
	table_fini(&table);
}

void show_ports(const json_t *result, FILE *out)
{
	static const char *const headers[] = {"PORT", "STATE", "ROLE", ">MTU", ">CAPACITY",
		">SHARE", ">WORKER", ">RX", ">TX", ">RX-PACKETS", ">TX-PACKETS", ">MISSED",
		">DROPS", "DEVICE", NULL};
	struct table table;
	json_t *port;
	size_t i;

	table_init(&table, headers);
	json_array_foreach ((json_t *)result, i, port) {
		table_cell_string(&table, port, "port");
		table_cell_string(&table, port, "state");
		table_cell_string(&table, port, "role");
		table_cell_integer(&table, port, "mtu");
		table_cell_rate(&table, port, "capacity_bps");
		table_cell_rate(&table, port, "share_bps");
		table_cell_integer(&table, port, "worker");
		table_cell_rate(&table, port, "rx_bps");
		table_cell_rate(&table, port, "tx_bps");
		table_cell_integer(&table, port, "rx_packets");
		table_cell_integer(&table, port, "tx_packets");
		table_cell_integer(&table, port, "missed");
		table_cell_sum(&table, port, "drops");
		table_cell_string(&table, port, "device");
	}
	table_print(&table, out);
	table_fini(&table);
}

/* The clock, where there are leases; and what will be tried again. */
static void show_status_time(const json_t *result, FILE *out)
{
	json_t *counts = json_object_get(result, "counts"), *what;
	size_t i;

	fprintf(out, "%s clock, %s; %lld VPXIs wait, %lld are expired, next change %s\n",
		string_of(result, "clock"), string_of(result, "time"),
		integer_of(counts, "waiting"), integer_of(counts, "expired"),
		string_of(result, "next_change"));
	json_array_foreach (json_object_get(result, "pending"), i, what)
		fprintf(out, "%s: failed, will be tried again\n", json_string_value(what));
}

static void cells_lease(struct table *table, const json_t *vpxi)
{
	const json_t *lease = json_object_get(vpxi, "lease");

	table_cell_string(table, lease, "start");
	table_cell_string(table, lease, "end");
	table_cell_string(table, vpxi, "period");
	table_cell_string(table, vpxi, "next_change");
}

static void show_leases(const json_t *leases, FILE *out)
{
	static const char *const headers[] = {
		"VPXI", "STATE", "START", "END", "PERIOD", "NEXT-CHANGE", NULL};
	struct table table;
	json_t *vpxi;
	size_t i;

	table_init(&table, headers);
	json_array_foreach ((json_t *)leases, i, vpxi) {
		table_cell_string(&table, vpxi, "vpxi");
		table_cell_string(&table, vpxi, "state");
		cells_lease(&table, vpxi);
	}
	table_print(&table, out);
	table_fini(&table);
}

void show_status(const json_t *result, FILE *out)
{
	json_t *counts = json_object_get(result, "counts");
	json_t *buffers = json_object_get(result, "buffers");
	char uptime[HUMAN_LEN];

	fprintf(out, "site %s: hpsrouterd %s, pid %lld, up %s\n", string_of(result, "site"),
		string_of(result, "version"), integer_of(result, "pid"),
		human_duration((uint64_t)integer_of(result, "uptime_ns"), uptime));
	fprintf(out, "config %s, socket %s\n", string_of(result, "config"),
		string_of(result, "socket"));
	fprintf(out,
		"%lld VPXIs, %lld virtual routers (%lld running), %lld interfaces, %lld static "
		"routes\n",
		integer_of(counts, "vpxis"), integer_of(counts, "vrouters"),
		integer_of(counts, "running"), integer_of(counts, "interfaces"),
		integer_of(counts, "static_routes"));
	fprintf(out, "packet buffers: %lld of %lld in use\n", integer_of(buffers, "in_use"),
		integer_of(buffers, "total"));
	show_status_time(result, out);
	fputc('\n', out);
	if (json_array_size(json_object_get(result, "leases")) > 0) {
		show_leases(json_object_get(result, "leases"), out);
		fputc('\n', out);
	}
	show_slices(json_object_get(result, "slices"), out);
	fputc('\n', out);
	show_ports(json_object_get(result, "ports"), out);
}

void show_clock(const json_t *result, FILE *out)
{
	json_t *next = json_object_get(result, "next_change");

	fprintf(out, "%s clock: %s, next change: %s\n", string_of(result, "clock"),
		string_of(result, "time"), json_is_string(next) ? json_string_value(next) : "none");
	if (json_object_get(result, "changes"))
		show_changes(result, out);
}

void show_vpxis(const json_t *result, FILE *out)
{
	static const char *const headers[] = {"VPXI", "STATE", "START", "END", "PERIOD",
		"NEXT-CHANGE", ">INTERFACES", "VROUTERS", NULL};
	struct table table;
	json_t *vpxi, *router;
	size_t i, r;

	table_init(&table, headers);
	json_array_foreach ((json_t *)result, i, vpxi) {
		json_t *routers = json_object_get(vpxi, "vrouters");
		char *text = NULL;
		size_t len = 0;
		FILE *names = open_memstream(&text, &len);

		if (!names)
			break;
		json_array_foreach (routers, r, router)
			fprintf(names, "%s%s", r ? " " : "", json_string_value(router));
		fclose(names);
		table_cell_string(&table, vpxi, "vpxi");
		table_cell_string(&table, vpxi, "state");
		cells_lease(&table, vpxi);
		table_cell_integer(&table, vpxi, "interface_count");
		table_cell(&table, "%s", text);
		free(text);
	}
	table_print(&table, out);
	table_fini(&table);
}

void show_vrs(const json_t *result, FILE *out)
{
	static const char *const headers[] = {"VROUTER", "STATE", "SLICE", ">WORKER", ">RX", ">TX",
		">RX-PACKETS", ">TX-PACKETS", ">DROPS", ">QUEUED", ">P50[us]", ">P99[us]",
		">CYCLES/PKT", ">WORKER%", NULL};
	struct table table;
	json_t *vr;
	size_t i;

	table_init(&table, headers);
	json_array_foreach ((json_t *)result, i, vr) {
		json_t *latency = json_object_get(vr, "latency_us");

		table_cell_string(&table, vr, "vrouter");
		table_cell_string(&table, vr, "state");
		table_cell_string(&table, vr, "slice");
		table_cell_integer(&table, vr, "worker");
		table_cell_rate(&table, vr, "rx_bps");
		table_cell_rate(&table, vr, "tx_bps");
		table_cell_integer(&table, vr, "rx_packets");
		table_cell_integer(&table, vr, "tx_packets");
		table_cell_sum(&table, vr, "drops");
		table_cell_integer(&table, vr, "queue_packets");
		table_cell_real(&table, latency, "p50", 1);
		table_cell_real(&table, latency, "p99", 1);
		table_cell_real(&table, vr, "cycles_per_packet", 0);
		table_cell(
			&table, "%.1f", json_number_value(json_object_get(vr, "share_1s")) * 100);
	}
	table_print(&table, out);
	table_fini(&table);
}

static void cell_vlan(struct table *table, const json_t *iface)
{
	json_t *vlan = json_object_get(iface, "vlan");

	if (json_is_array(vlan))
		table_cell(table, "%lld.%lld",
			(long long)json_integer_value(json_array_get(vlan, 0)),
			(long long)json_integer_value(json_array_get(vlan, 1)));
	else
		table_cell_integer(table, iface, "vlan");
}

static void show_ifaces(const json_t *ifaces, FILE *out)
{
	static const char *const headers[] = {"INTERFACE", "STATE", "PORT", ">VLAN", ">RX", ">TX",
		">RX-PACKETS", ">TX-PACKETS", ">DROPS", "ADDRESS", NULL};
	struct table table;
	json_t *iface, *address;
	size_t i, a;

	table_init(&table, headers);
	json_array_foreach ((json_t *)ifaces, i, iface) {
		char text[256] = "";

		table_cell_string(&table, iface, "interface");
		table_cell_string(&table, iface, "state");
		table_cell_string(&table, iface, "port");
		cell_vlan(&table, iface);
		table_cell_rate(&table, iface, "rx_bps");
		table_cell_rate(&table, iface, "tx_bps");
		table_cell_integer(&table, iface, "rx_packets");
		table_cell_integer(&table, iface, "tx_packets");
		table_cell_sum(&table, iface, "drops");
		json_array_foreach (json_object_get(iface, "address"), a, address) {
			size_t len = strlen(text);

			snprintf(text + len, sizeof(text) - len, "%s%s", a ? " " : "",
				json_string_value(address));
		}
		table_cell(&table, "%s", text[0] ? text : "-");
	}
	table_print(&table, out);
	table_fini(&table);
}

static void show_percentiles(const json_t *latency, const char *what, const char *of, FILE *out)
{
	fprintf(out, "%s [us]: p50 %.1f, p90 %.1f, p99 %.1f, p99.9 %.1f, max %.1f (%lld %s)\n",
		what, json_number_value(json_object_get(latency, "p50")),
		json_number_value(json_object_get(latency, "p90")),
		json_number_value(json_object_get(latency, "p99")),
		json_number_value(json_object_get(latency, "p999")),
		json_number_value(json_object_get(latency, "max")), integer_of(latency, "count"),
		of);
}

void show_vr(const json_t *result, FILE *out)
{
	json_t *fib = json_object_get(result, "fib"), *drops = json_object_get(result, "drops");
	json_t *lease = json_object_get(result, "lease");
	char bytes[HUMAN_LEN], rx[RATE_STRLEN], tx[RATE_STRLEN];

	fprintf(out, "vrouter %s: %s, slice %s, worker %lld, weight %lld\n",
		string_of(result, "vrouter"), string_of(result, "state"),
		string_of(result, "slice"), integer_of(result, "worker"),
		integer_of(result, "weight"));
	if (lease)
		fprintf(out, "lease: %s, from %s to %s, period %s, next change %s\n",
			string_of(lease, "state"), string_of(lease, "start"),
			string_of(lease, "end"), string_of(result, "period"),
			string_of(result, "next_change"));
	fprintf(out, "FIB: %lld IPv4 and %lld IPv6 routes in %s; %lld neighbours\n",
		integer_of(fib, "routes4"), integer_of(fib, "routes6"),
		human_bytes((uint64_t)integer_of(fib, "bytes"), bytes),
		integer_of(result, "neighbors"));
	fprintf(out,
		"received %lld packets (%s now), sent %lld (%s now), consumed %lld, made %lld\n",
		integer_of(result, "rx_packets"),
		rate_print_short((uint64_t)integer_of(result, "rx_bps"), rx),
		integer_of(result, "tx_packets"),
		rate_print_short((uint64_t)integer_of(result, "tx_bps"), tx),
		integer_of(result, "consumed"), integer_of(result, "originated"));
	fprintf(out,
		"queued %lld packets, %s; %lld wait for the worker; %.0f cycles a packet, %.1f %% "
		"of "
		"the worker\n",
		integer_of(result, "queue_packets"),
		human_bytes((uint64_t)integer_of(result, "queue_bytes"), bytes),
		integer_of(result, "input_packets"),
		json_number_value(json_object_get(result, "cycles_per_packet")),
		json_number_value(json_object_get(result, "share_1s")) * 100);
	show_percentiles(json_object_get(result, "latency_us"), "latency", "packets", out);
	show_percentiles(json_object_get(result, "queueing_us"), "queueing", "waits", out);
	if (json_object_size(drops) > 0) {
		fputs("drops:\n", out);
		show_drops(drops, "  ", out);
	}
	fputc('\n', out);
	show_ifaces(json_object_get(result, "interfaces"), out);
	show_probes(json_object_get(result, "interfaces"), out);
	fputc('\n', out);
	show_links(json_object_get(result, "interfaces"), out);
}

void show_vr_state(const json_t *result, FILE *out)
{
	fprintf(out, "%s: %s\n", string_of(result, "vrouter"), string_of(result, "state"));
}

void show_vr_moved(const json_t *result, FILE *out)
{
	fprintf(out, "%s: slice %s, worker %lld%s\n", string_of(result, "vrouter"),
		string_of(result, "slice"),
		(long long)json_integer_value(json_object_get(result, "worker")),
		json_is_true(json_object_get(result, "moved")) ? "" : " (as before)");
}

void show_routes(const json_t *result, FILE *out)
{
	static const char *const headers[] = {"PREFIX", "ORIGIN", "VIA", "DEV", ">METRIC", NULL};
	json_t *routes = json_object_get(result, "routes"), *route, *nexthop;
	struct table table;
	size_t i, n;

	table_init(&table, headers);
	json_array_foreach (routes, i, route) {
		json_t *nexthops = json_object_get(route, "nexthops");

		json_array_foreach (nexthops, n, nexthop) {
			table_cell(&table, "%s", n ? "" : string_of(route, "to"));
			table_cell(&table, "%s", n ? "" : string_of(route, "origin"));
			table_cell_string(&table, nexthop, "via");
			table_cell_string(&table, nexthop, "dev");
			table_cell_integer(&table, nexthop, "metric");
		}
		if (json_array_size(nexthops) > 0)
			continue;
		table_cell_string(&table, route, "to");
		table_cell_string(&table, route, "origin");
		table_cell(&table, "%s",
			strcmp(string_of(route, "origin"), "local") == 0 ? "-" : "drop");
		table_cell(&table, "-");
		table_cell(&table, "-");
	}
	table_print(&table, out);
	table_fini(&table);
	if (integer_of(result, "total") > (long long)json_array_size(routes))
		fprintf(out, "(%zu of %lld routes)\n", json_array_size(routes),
			integer_of(result, "total"));
}

void show_route_changed(const json_t *result, FILE *out)
{
	fprintf(out, "%s: %s done, %lld static routes\n", string_of(result, "vrouter"),
		string_of(result, "to"), integer_of(result, "static_routes"));
}

void show_neighbors(const json_t *result, FILE *out)
{
	static const char *const headers[] = {
		"ADDRESS", "INTERFACE", "MAC", "STATE", ">AGE", ">HELD", NULL};
	struct table table;
	json_t *neighbor;
	char age[HUMAN_LEN];
	size_t i;

	table_init(&table, headers);
	json_array_foreach ((json_t *)result, i, neighbor) {
		table_cell_string(&table, neighbor, "address");
		table_cell_string(&table, neighbor, "interface");
		table_cell_string(&table, neighbor, "mac");
		table_cell_string(&table, neighbor, "state");
		table_cell(&table, "%s",
			human_duration((uint64_t)integer_of(neighbor, "age_ns"), age));
		table_cell_integer(&table, neighbor, "held_packets");
	}
	table_print(&table, out);
	table_fini(&table);
}
