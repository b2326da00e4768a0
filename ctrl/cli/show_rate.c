/* SPDX-License-Identifier: BSD-3-Clause */
/* Rates, statistics, latency and changes as text. */
#include <stdbool.h>
#include <string.h>

#include "ctrl/cli/show.h"
#include "ctrl/cli/table.h"
#include "lib/rate.h"

void show_links(const json_t *links, FILE *out)
{
	static const char *const headers[] = {"VROUTER", "INTERFACE", "PORT", "SERVICE", "SHARE",
		">MIN", ">MAX", ">GRANTED", ">MEASURED", ">QUEUED", ">QUEUE", ">LIMIT", ">DROPS",
		"AT", "BY", NULL};
	struct table table;
	json_t *link;
	size_t i;

	table_init(&table, headers);
	json_array_foreach ((json_t *)links, i, link) {
		table_cell_string(&table, link, "vrouter");
		table_cell_string(&table, link, "interface");
		table_cell_string(&table, link, "port");
		table_cell_string(&table, link, "service");
		table_cell_string(&table, link, "share");
		table_cell_rate(&table, link, "min_bps");
		table_cell_rate(&table, link, "max_bps");
		table_cell_rate(&table, link, "granted_bps");
		table_cell_rate(&table, link, "measured_bps");
		table_cell_integer(&table, link, "queue_packets");
		table_cell_bytes(&table, link, "queue_bytes");
		table_cell_bytes(&table, link, "queue_limit_bytes");
		table_cell_sum(&table, link, "drops");
		table_cell_string(&table, link, "at");
		table_cell_string(&table, link, "by");
	}
	table_print(&table, out);
	table_fini(&table);
}

void show_rates(const json_t *result, FILE *out)
{
	show_links(result, out);
}

void show_rate_set(const json_t *result, FILE *out)
{
	static const char *const headers[] = {
		"VROUTER", "INTERFACE", ">MIN", ">MAX", ">GRANTED", NULL};
	json_t *capacity = json_object_get(result, "capacity_bps");
	const char *port = json_string_value(json_object_get(result, "port"));
	char text[RATE_STRLEN] = "unknown";
	struct table table;
	json_t *link;
	size_t i;

	if (json_is_integer(capacity))
		rate_print((uint64_t)json_integer_value(capacity), text);
	fprintf(out, "port %s, transmit direction, share for VPXIs %s:\n", port ? port : "-", text);
	table_init(&table, headers);
	json_array_foreach (json_object_get(result, "links"), i, link) {
		table_cell_string(&table, link, "vrouter");
		table_cell_string(&table, link, "interface");
		table_cell_rate(&table, link, "min_bps");
		table_cell_rate(&table, link, "max_bps");
		table_cell_rate(&table, link, "granted_bps");
	}
	table_print(&table, out);
	table_fini(&table);
}

void show_latency(const json_t *result, FILE *out)
{
	static const char *const headers[] = {"VROUTER", "SINCE", "OF", ">P50[us]", ">P90[us]",
		">P99[us]", ">P99.9[us]", ">MAX[us]", ">COUNT", NULL};
	static const char *const columns[] = {"p50", "p90", "p99", "p999", "max"};
	static const struct {
		const char *name, *of;
		bool window;
	} members[] = {{"latency_us", "packets", false}, {"queueing_us", "waits", false},
		{"window_latency_us", "packets", true}, {"window_queueing_us", "waits", true}};
	struct table table;
	json_t *vr;
	size_t i;

	table_init(&table, headers);
	json_array_foreach ((json_t *)result, i, vr) {
		json_int_t window = json_integer_value(json_object_get(vr, "window_ns"));
		bool reset = json_is_true(json_object_get(vr, "reset"));

		for (size_t m = 0; m < sizeof(members) / sizeof(members[0]); m++) {
			json_t *latency = json_object_get(vr, members[m].name);

			table_cell_string(&table, vr, "vrouter");
			if (members[m].window)
				table_cell(&table, "last %llds", (long long)(window / 1000000000));
			else
				table_cell(&table, reset ? "reset" : "start");
			table_cell(&table, "%s", members[m].of);
			for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++)
				table_cell_real(&table, latency, columns[c], 1);
			table_cell_integer(&table, latency, "count");
		}
	}
	table_print(&table, out);
	table_fini(&table);
}

static void show_conservation(const json_t *result, FILE *out)
{
	static const char *const names[] = {"received", "sent", "dropped", "consumed", "queued"};
	json_t *sums = json_object_get(result, "conservation");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		fprintf(out, "%s%s %lld", i ? ", " : "packets: ", names[i],
			(long long)json_integer_value(json_object_get(sums, names[i])));
	fputc('\n', out);
}

/* All interfaces of all routers in one list; borrowed. */
static json_t *all_links(const json_t *vrs)
{
	json_t *list = json_array(), *vr;
	size_t i;

	json_array_foreach ((json_t *)vrs, i, vr)
		json_array_extend(list, json_object_get(vr, "interfaces"));
	return list;
}

void show_stats(const json_t *result, FILE *out)
{
	json_t *vrs = json_object_get(result, "vrouters"),
	       *ports = json_object_get(result, "ports");
	json_t *drops = json_object_get(result, "drops"), *links = all_links(vrs);

	show_conservation(result, out);
	if (json_object_size(drops) > 0) {
		fputs("drops:\n", out);
		show_drops(drops, "  ", out);
	}
	fputc('\n', out);
	show_vrs(vrs, out);
	fputc('\n', out);
	show_links(links, out);
	if (ports) {
		fputc('\n', out);
		show_ports(ports, out);
	}
	json_decref(links);
}

void show_top(const json_t *result, FILE *out)
{
	json_t *vrs = json_object_get(result, "vrouters"), *links = all_links(vrs);

	show_conservation(result, out);
	fputc('\n', out);
	show_vrs(vrs, out);
	fputc('\n', out);
	show_links(links, out);
	json_decref(links);
}

void show_changes(const json_t *result, FILE *out)
{
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(result, "warnings"), i, item)
		fprintf(out, "%s\n", json_string_value(item));
	json_array_foreach (json_object_get(result, "changes"), i, item)
		fprintf(out, "%s %s\n", json_string_value(json_object_get(item, "op")),
			json_string_value(json_object_get(item, "object")));
	if (json_array_size(json_object_get(result, "changes")) == 0)
		fputs("nothing to change\n", out);
}

void show_yaml(const json_t *result, FILE *out)
{
	const char *text = json_string_value(json_object_get(result, "yaml"));

	fputs(text ? text : "", out);
}

void show_allocation(const json_t *result, FILE *out)
{
	static const char *const headers[] = {">LINK", ">MIN", ">MAX", ">GRANTED", NULL};
	static const char *const columns[] = {"min_bps", "max_bps", "granted_bps"};
	struct table table;
	json_t *link;
	size_t i;

	table_init(&table, headers);
	json_array_foreach (json_object_get(result, "links"), i, link) {
		table_cell(&table, "%zu", i + 1);
		for (size_t c = 0; c < 3; c++) {
			json_t *value = json_object_get(link, columns[c]);
			char text[RATE_STRLEN];

			table_cell(&table, "%s",
				json_is_integer(value)
					? rate_print((uint64_t)json_integer_value(value), text)
					: "-");
		}
	}
	table_print(&table, out);
	table_fini(&table);
}
