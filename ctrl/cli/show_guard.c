/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters, policies and probes as text. */
#include <string.h>

#include "ctrl/cli/show.h"
#include "ctrl/cli/table.h"

#define MATCH_LEN 256

static void add_word(char text[MATCH_LEN], const char *name, const char *value)
{
	size_t len = strlen(text);

	snprintf(text + len, MATCH_LEN - len, "%s%s %s", len ? " " : "", name, value);
}

/* "proto 6 from 10.0.0.0/8 dport 443", as it is written in the site file. */
static const char *match_text(const json_t *rule, char text[MATCH_LEN])
{
	static const char *const names[] = {"in", "from", "to", "sport", "dport"};
	json_t *proto = json_object_get(rule, "proto"), *dscp, *point;
	char number[32] = "";
	size_t i;

	text[0] = '\0';
	if (proto) {
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(proto));
		add_word(text, "proto", number);
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = json_string_value(json_object_get(rule, names[i]));

		if (value)
			add_word(text, names[i], value);
	}
	dscp = json_object_get(rule, "dscp");
	json_array_foreach (dscp, i, point) {
		size_t len = strlen(text);

		snprintf(text + len, MATCH_LEN - len, "%s%lld",
			i             ? ","
				: len ? " dscp "
				      : "dscp ",
			(long long)json_integer_value(point));
	}
	return text[0] ? text : "any";
}

void show_filters(const json_t *result, FILE *out)
{
	static const char *const headers[] = {
		"INTERFACE", "DIR", ">RULE", "NAME", "ACTION", ">PACKETS", ">BYTES", "MATCH", NULL};
	char text[MATCH_LEN];
	struct table table;
	json_t *rule;
	size_t i;

	table_init(&table, headers);
	json_array_foreach ((json_t *)result, i, rule) {
		table_cell_string(&table, rule, "interface");
		table_cell_string(&table, rule, "direction");
		table_cell_integer(&table, rule, "rule");
		table_cell_string(&table, rule, "name");
		table_cell_string(&table, rule, "action");
		table_cell_integer(&table, rule, "packets");
		table_cell_bytes(&table, rule, "bytes");
		table_cell(&table, "%s", match_text(rule, text));
	}
	table_print(&table, out);
	table_fini(&table);
}

static const char *way_text(const json_t *policy, char text[MATCH_LEN])
{
	const char *action = json_string_value(json_object_get(policy, "action"));
	const char *dev = json_string_value(json_object_get(policy, "dev"));
	json_t *via;
	size_t i;

	if (!action || strcmp(action, "via") != 0)
		return action ? action : "-";
	text[0] = '\0';
	json_array_foreach (json_object_get(policy, "via"), i, via) {
		size_t len = strlen(text);

		snprintf(text + len, MATCH_LEN - len, "%s%s", i ? "," : "via ",
			json_string_value(via));
	}
	if (dev)
		add_word(text, "dev", dev);
	return text;
}

void show_policies(const json_t *result, FILE *out)
{
	static const char *const headers[] = {
		">POLICY", "NAME", "WAY", "STATE", "ELSE", ">PACKETS", ">BYTES", "MATCH", NULL};
	char text[MATCH_LEN];
	struct table table;
	json_t *policy;
	size_t i;

	table_init(&table, headers);
	json_array_foreach ((json_t *)result, i, policy) {
		table_cell_integer(&table, policy, "policy");
		table_cell_string(&table, policy, "name");
		table_cell(&table, "%s", way_text(policy, text));
		table_cell(&table, "%s",
			json_is_false(json_object_get(policy, "alive")) ? "lost" : "alive");
		table_cell_string(&table, policy, "else");
		table_cell_integer(&table, policy, "packets");
		table_cell_bytes(&table, policy, "bytes");
		table_cell(&table, "%s", match_text(policy, text));
	}
	table_print(&table, out);
	table_fini(&table);
}

void show_probes(const json_t *ifaces, FILE *out)
{
	static const char *const headers[] = {"PROBE", "PEER", "STATE", ">SINCE", ">DETECTION",
		">LOST", ">SENT", ">RECEIVED", ">REFUSED", NULL};
	char since[HUMAN_LEN], detection[HUMAN_LEN];
	struct table table;
	json_t *iface;
	size_t i;

	table_init(&table, headers);
	json_array_foreach ((json_t *)ifaces, i, iface) {
		json_t *probe = json_object_get(iface, "probe");

		if (!probe)
			continue;
		table_cell_string(&table, iface, "interface");
		table_cell_string(&table, probe, "peer");
		table_cell_string(&table, probe, "state");
		table_cell(&table, "%s",
			human_duration(
				(uint64_t)json_integer_value(json_object_get(probe, "since_ns")),
				since));
		table_cell(&table, "%s",
			human_duration((uint64_t)json_integer_value(
					       json_object_get(probe, "detection_ns")),
				detection));
		table_cell_integer(&table, probe, "downs");
		table_cell_integer(&table, probe, "sent");
		table_cell_integer(&table, probe, "received");
		table_cell_integer(&table, probe, "refused");
	}
	if (table.n_cells > 0)
		fputc('\n', out);
	table_print(&table, out);
	table_fini(&table);
}
