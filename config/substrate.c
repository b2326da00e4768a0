/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/substrate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/site.h"
#include "config/site_keys.h"
#include "config/textfile.h"

/* ---- keys with a form of their own ---- */

/* "100-199" or "300". */
static FIELD_PARSER(parse_range)
{
	struct substrate_range *range = (struct substrate_range *)((char *)object + field->offset);
	const char *what = field->arg, *text = field_text(ctx, field, node, what), *rest;
	uint64_t first, last;
	size_t n;

	range->loc = node->loc;
	if (!text)
		return;
	n = strspn(text, "0123456789");
	rest = text + n + (text[n] == '-');
	first = strtoull(text, NULL, 10);
	last = text[n] == '-' ? strtoull(rest, NULL, 10) : first;
	if (n == 0 || n > 9 || (text[n] != '\0' && text[n] != '-') ||
		(text[n] == '-' &&
			(!*rest || strlen(rest) > 9 || rest[strspn(rest, "0123456789")])) ||
		first < field->min || last > field->max || first > last) {
		field_expected(ctx, field, node, what);
		return;
	}
	range->first = (uint32_t)first;
	range->last = (uint32_t)last;
}

static FIELD_PARSER(parse_latency)
{
	static const char what[] = "a time in us, ms or s, at most 60s";
	const char *text = field_text(ctx, field, node, what), *unit;
	uint64_t value;
	size_t n;

	if (!text)
		return;
	n = strspn(text, "0123456789");
	unit = text + n;
	value = n && n < 10 ? strtoull(text, NULL, 10) : 0;
	value *= strcmp(unit, "s") == 0   ? 1000000000
		: strcmp(unit, "ms") == 0 ? 1000000
		: strcmp(unit, "us") == 0 ? 1000
					  : 0;
	if (value == 0 || value > UINT64_C(60) * 1000000000)
		field_expected(ctx, field, node, what);
	else
		*(uint64_t *)((char *)object + field->offset) = value;
}

/* ---- defaults ---- */

static void init_port(void *object)
{
	struct substrate_port *port = object;

	port->vpxi_share_centi = 10000;
	port->mtu = 1500;
}

static void init_link(void *object)
{
	struct substrate_link *link = object;

	link->vpxi_share_centi = 10000;
	link->tunnel = MODEL_TUNNEL_VXLAN;
}

/* ---- the tables ---- */

static const struct field_choice tunnels[] = {
	{"vxlan", MODEL_TUNNEL_VXLAN}, {"gre", MODEL_TUNNEL_GRE}, {NULL, 0}};

static const struct field_choice idles[] = {
	{"poll", MODEL_IDLE_POLL}, {"sleep", MODEL_IDLE_SLEEP}, {NULL, 0}};

static const struct field slice_fields[] = {
	{"name", field_name, AT(substrate_slice, name), .required = true},
	{"lcores", field_u16, AT(substrate_slice, lcores), .min = 1, .max = SUBSTRATE_LCORES_MAX,
		.required = true},
	{"idle", field_enum, AT(substrate_slice, idle), .arg = idles},
};
static const struct record slice_record = {"slice", FIELDS(slice_fields), .has_loc = true};

#define PORT_FIELDS                                                                            \
	{"port", field_name, AT(substrate_port, name), .required = true},                      \
		{"device", field_string, AT(substrate_port, device), .arg = "a device string", \
			.required = true},                                                     \
		{"capacity", field_rate, AT(substrate_port, capacity_bps), RATE_LIMITS,        \
			.required = true},                                                     \
		{"vpxi-share", field_percent, AT(substrate_port, vpxi_share_centi)},           \
	{                                                                                      \
		"mtu", field_u16, AT(substrate_port, mtu), MTU_LIMITS                          \
	}

static const struct field access_fields[] = {
	PORT_FIELDS,
	{"vlans", field_list, AT(substrate_port, vlans),
		.arg = &(const struct field_list){sizeof(struct substrate_range),
			offsetof(struct substrate_port, n_vlans),
			.item = {"vlans", parse_range, .min = 1, .max = 4094,
				.arg = "VLANs from 1 to 4094 such as 100-199 or 300"},
			.one_alone = true},
		.required = true},
};
static const struct record access_record = {
	"access", FIELDS(access_fields), .has_loc = true, .init = init_port};

static const struct field backbone_fields[] = {
	PORT_FIELDS,
	{"address", field_address, AT(substrate_port, address), .required = true},
};
static const struct record backbone_record = {
	"backbone", FIELDS(backbone_fields), .has_loc = true, .init = init_port};

static const struct field control_fields[] = {
	{"socket", field_string, AT(substrate_site, socket), LOC(substrate_site, socket_loc),
		.arg = "a path", .required = true},
};
static const struct record control_record = {"control", FIELDS(control_fields)};

static const struct field site_fields[] = {
	{"name", field_name, AT(substrate_site, name), .required = true},
	{"slices", field_list, AT(substrate_site, slices),
		.arg = &(const struct field_list){sizeof(struct substrate_slice),
			offsetof(struct substrate_site, n_slices), .record = &slice_record},
		.required = true},
	{"access", field_record, AT(substrate_site, access), .arg = &access_record,
		.required = true},
	{"backbone", field_record, AT(substrate_site, backbone), .arg = &backbone_record,
		.required = true},
	{"control", field_record, .arg = &control_record},
};
static const struct record site_record = {"site", FIELDS(site_fields), .has_loc = true};

static const struct field link_fields[] = {
	{"name", field_name, AT(substrate_link, name), .required = true},
	{"between", field_list, AT(substrate_link, between), LOC(substrate_link, between_loc),
		.arg = &(const struct field_list){sizeof(struct substrate_end),
			offsetof(struct substrate_link, n_between),
			.item = {"between", field_name}},
		.required = true},
	{"capacity", field_rate, AT(substrate_link, capacity_bps), RATE_LIMITS, .required = true},
	{"vpxi-share", field_percent, AT(substrate_link, vpxi_share_centi)},
	{"latency", parse_latency, AT(substrate_link, latency_ns), .required = true},
	{"tunnel", field_enum, AT(substrate_link, tunnel), .arg = tunnels},
};
static const struct record link_record = {
	"link", FIELDS(link_fields), .has_loc = true, .init = init_link};

static const struct field substrate_fields[] = {
	{"vnis", parse_range, AT(substrate, vnis), .min = 1, .max = SUBSTRATE_VNI_MAX,
		.arg = "VNIs from 1 to 16777215 such as 5000-5999", .required = true},
	{"sites", field_list, AT(substrate, sites),
		.arg = &(const struct field_list){sizeof(struct substrate_site),
			offsetof(struct substrate, n_sites), .record = &site_record},
		.required = true},
	{"links", field_list, AT(substrate, links),
		.arg = &(const struct field_list){sizeof(struct substrate_link),
			offsetof(struct substrate, n_links), .record = &link_record}},
};
static const struct record substrate_record = {"substrate", FIELDS(substrate_fields)};
static const struct field root_fields[] = {
	{"substrate", field_record, .arg = &substrate_record, .required = true}};
static const struct record root_record = {"file", FIELDS(root_fields)};

/* ---- the whole ---- */

int substrate_parse_buffer(
	const char *name, const char *text, size_t len, struct substrate **out, struct diag *diag)
{
	struct field_ctx ctx = {.diag = diag};
	size_t n_errors = diag->n_errors;
	struct substrate *substrate;
	struct tree tree;
	int rc;

	*out = NULL;
	rc = tree_parse(text, len, SITE_DEPTH_MAX, &tree, diag);
	if (rc < 0)
		return rc;
	substrate = calloc(1, sizeof(*substrate));
	if (substrate)
		substrate->file = strdup(name);
	if (substrate && substrate->file)
		field_parse_record(&ctx, &root_record, tree.root, substrate);
	tree_fini(&tree);
	if (!substrate || !substrate->file || ctx.no_memory) {
		substrate_destroy(substrate);
		return -ENOMEM;
	}
	substrate_check(substrate, diag);
	if (diag->n_errors > n_errors) {
		substrate_destroy(substrate);
		return -EINVAL;
	}
	*out = substrate;
	return 0;
}

int substrate_parse_file(const char *path, struct substrate **out, struct diag *diag)
{
	char *text;
	size_t len;
	int rc;

	*out = NULL;
	rc = textfile_read(path, SUBSTRATE_FILE_MIB, "a substrate", &text, &len, diag);
	if (rc < 0)
		return rc;
	rc = substrate_parse_buffer(path, text, len, out, diag);
	free(text);
	return rc;
}

void substrate_destroy(struct substrate *substrate)
{
	if (!substrate)
		return;
	for (size_t i = 0; i < substrate->n_sites; i++) {
		struct substrate_site *site = &substrate->sites[i];

		free(site->slices);
		free(site->access.device);
		free(site->access.vlans);
		free(site->backbone.device);
		free(site->socket);
	}
	for (size_t i = 0; i < substrate->n_links; i++)
		free(substrate->links[i].between);
	free(substrate->sites);
	free(substrate->links);
	free(substrate->file);
	free(substrate);
}

uint64_t substrate_share_bps(uint64_t capacity_bps, uint32_t share_centi)
{
	return (uint64_t)((unsigned __int128)capacity_bps * share_centi / 10000);
}
