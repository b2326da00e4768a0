/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys of the site file around its VPXIs, and the files. */
#include "config/site.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/check.h"
#include "config/site_keys.h"
#include "config/tree.h"

#define LCORE_MAX 127
#define MEMORY_MIN (UINT64_C(16) << 20)
#define MEMORY_MAX (UINT64_C(1) << 40)

/* ---- keys with a form of their own ---- */

/* `auto` leaves the default. */
static bool is_auto(const struct tree_node *node)
{
	return node->kind == TREE_SCALAR && strcmp(node->text, "auto") == 0;
}

static FIELD_PARSER(parse_memory)
{
	if (!is_auto(node))
		field_size(ctx, field, node, object);
}

static FIELD_PARSER(parse_eal_lcores)
{
	struct model_eal *eal = object;

	if (is_auto(node))
		return;
	field_string(ctx, field, node, object);
	eal->lcores_auto = eal->lcores == NULL;
}

static FIELD_PARSER(parse_lcore)
{
	uint16_t *lcore = object;
	uint64_t value;

	*lcore = field_number(ctx, field, node, &value) ? (uint16_t)value : UINT16_MAX;
}

/* A faulty value of these becomes the one that no other fault follows from. */
static FIELD_PARSER(parse_role)
{
	((struct model_port *)object)->role = MODEL_ROLE_BACKBONE;
	field_enum(ctx, field, node, object);
}

static FIELD_PARSER(parse_port_mtu)
{
	((struct model_port *)object)->mtu = MTU_MAX;
	field_u16(ctx, field, node, object);
}

/* ---- rules that concern several keys ---- */

static void finish_slice(struct field_ctx *ctx, const struct field_given *given, void *object)
{
	const struct tree_node *lcores = field_value(given, "lcores");

	(void)object;
	if (lcores && lcores->kind == TREE_LIST && lcores->n == 0)
		diag_error(ctx->diag, lcores->loc, "lcores: expected at least one lcore");
}

static void default_slice(struct field_ctx *ctx, struct model_site *site)
{
	site->slices = calloc(1, sizeof(*site->slices));
	if (site->slices) {
		model_slice_init(site->slices);
		site->n_slices = 1;
		strcpy(site->slices->name, "s0");
		site->slices->lcores = calloc(1, sizeof(*site->slices->lcores));
	}
	if (!site->slices || !site->slices->lcores) {
		ctx->no_memory = true;
		return;
	}
	site->slices->n_lcores = 1;
	site->slices->lcores[0] = 1;
}

static void finish_site(struct field_ctx *ctx, const struct field_given *given, void *object)
{
	const struct tree_node *slices = field_value(given, "slices");
	struct model_site *site = object;

	if (slices && slices->kind == TREE_LIST && slices->n == 0)
		diag_error(ctx->diag, slices->loc, "slices: expected at least one slice");
	if (site->n_slices == 0)
		default_slice(ctx, site);
	if (!site->control.socket &&
		asprintf(&site->control.socket, "/run/hpsrouter/%s.sock", site->name) < 0) {
		site->control.socket = NULL;
		ctx->no_memory = true;
	}
	for (size_t v = 0; v < site->n_vpxis && site->n_slices; v++) {
		for (size_t r = 0; r < site->vpxis[v].n_routers; r++) {
			struct model_router *router = &site->vpxis[v].routers[r];

			if (router->slice[0] == '\0' && router->slice_loc.line == 0)
				strcpy(router->slice, site->slices[0].name);
		}
	}
}

/* ---- defaults ---- */

static void init_eal(void *object)
{
	((struct model_eal *)object)->lcores_auto = true;
}

static void init_slice(void *object)
{
	model_slice_init(object);
}

static void init_port(void *object)
{
	model_port_init(object);
}

/* ---- the tables ---- */

static const struct field_choice hugepage_choices[] = {{"auto", MODEL_AUTO}, {"yes", MODEL_YES},
	{"no", MODEL_NO}, {"true", MODEL_YES}, {"false", MODEL_NO}, {NULL, 0}};
static const struct field_choice idles[] = {
	{"poll", MODEL_IDLE_POLL}, {"sleep", MODEL_IDLE_SLEEP}, {NULL, 0}};
static const struct field_choice roles[] = {
	{"access", MODEL_ROLE_ACCESS}, {"backbone", MODEL_ROLE_BACKBONE}, {NULL, 0}};

static const struct field eal_fields[] = {
	{"hugepages", field_enum, AT(model_eal, hugepages), .arg = hugepage_choices},
	{"memory", parse_memory, AT(model_eal, memory_bytes), .min = MEMORY_MIN, .max = MEMORY_MAX},
	{"lcores", parse_eal_lcores, AT(model_eal, lcores),
		.arg = "auto or an EAL map such as \"0@0,1@1\""},
};
static const struct record eal_record = {
	"eal", FIELDS(eal_fields), .has_loc = true, .init = init_eal};

static const struct field control_fields[] = {
	{"socket", field_string, AT(model_control, socket), LOC(model_control, socket_loc),
		.arg = "the path of a socket"},
	{"metrics", field_string, AT(model_control, metrics), LOC(model_control, metrics_loc),
		.arg = "ADDRESS:PORT"},
};
static const struct record control_record = {"control", FIELDS(control_fields), .has_loc = true};

static const struct field slice_fields[] = {
	{"name", field_name, AT(model_slice, name), .required = true},
	{"lcores", field_list, AT(model_slice, lcores), LOC(model_slice, lcores_loc),
		.required = true,
		.arg = &(const struct field_list){sizeof(uint16_t),
			offsetof(struct model_slice, n_lcores),
			.item = {"lcores", parse_lcore, .max = LCORE_MAX}, .one_alone = true}},
	{"idle", field_enum, AT(model_slice, idle), .arg = idles},
};
static const struct record slice_record = {
	"slice", FIELDS(slice_fields), .has_loc = true, .init = init_slice, .finish = finish_slice};

static FIELD_PARSER(parse_port_to)
{
	site_parse_network(ctx, field, node, &((struct model_port_route *)object)->to);
}

static void finish_port_route(struct field_ctx *ctx, const struct field_given *given, void *object)
{
	const struct tree_node *to = field_value(given, "to");
	struct model_port_route *route = object;

	(void)ctx;
	if (to && to->kind == TREE_SCALAR && strcmp(to->text, "default") == 0 &&
		route->via.af == IP_AF_6)
		route->to = (struct ip_prefix){.addr.af = IP_AF_6};
}

static const struct field port_route_fields[] = {
	{"to", parse_port_to, LOC(model_port_route, to_loc), .required = true},
	{"via", field_ipaddr, AT(model_port_route, via), LOC(model_port_route, via_loc),
		.required = true},
};
static const struct record port_route_record = {
	"port's route", FIELDS(port_route_fields), .has_loc = true, .finish = finish_port_route};

static const struct field port_fields[] = {
	{"name", field_name, AT(model_port, name), .required = true},
	{"device", field_string, AT(model_port, device), LOC(model_port, device_loc),
		.required = true, .arg = "a DPDK device"},
	{"role", parse_role, AT(model_port, role), .arg = roles},
	{"capacity", field_rate, AT(model_port, capacity_bps), LOC(model_port, capacity_loc),
		RATE_LIMITS},
	{"vpxi-share", field_percent, AT(model_port, vpxi_share_centi)},
	{"mtu", parse_port_mtu, AT(model_port, mtu), LOC(model_port, mtu_loc), MTU_LIMITS},
	{"mac", field_mac, AT(model_port, mac)},
	{"address", field_list, AT(model_port, addresses),
		.arg = &(const struct field_list){sizeof(struct model_address),
			offsetof(struct model_port, n_addresses), ADDRESS_ITEM}},
	{"routes", field_list, AT(model_port, routes),
		.arg = &(const struct field_list){sizeof(struct model_port_route),
			offsetof(struct model_port, n_routes), .record = &port_route_record}},
};
static const struct record port_record = {
	"port", FIELDS(port_fields), .has_loc = true, .init = init_port};

static const struct field site_fields[] = {
	{"site", field_name, AT(model_site, name), LOC(model_site, name_loc), .required = true},
	{"eal", field_record, AT(model_site, eal), .arg = &eal_record},
	{"control", field_record, AT(model_site, control), .arg = &control_record},
	{"slices", field_list, AT(model_site, slices),
		.arg = &(const struct field_list){sizeof(struct model_slice),
			offsetof(struct model_site, n_slices), .record = &slice_record,
			.unknown_item = true}},
	{"ports", field_list, AT(model_site, ports),
		.arg = &(const struct field_list){sizeof(struct model_port),
			offsetof(struct model_site, n_ports), .record = &port_record,
			.unknown_item = true}},
	{"vpxis", field_list, AT(model_site, vpxis),
		.arg = &(const struct field_list){sizeof(struct model_vpxi),
			offsetof(struct model_site, n_vpxis), .record = &site_vpxi_record}},
};
static const struct record site_record = {"site", FIELDS(site_fields), .finish = finish_site};

/* A file for `vpxi apply` may have its VPXI below `vpxis:`. */
struct one_vpxi {
	struct model_vpxi *items;
	size_t n_items;
};
static const struct field one_vpxi_fields[] = {
	{"vpxis", field_list, AT(one_vpxi, items),
		.arg = &(const struct field_list){sizeof(struct model_vpxi),
			offsetof(struct one_vpxi, n_items), .record = &site_vpxi_record}},
};
static const struct record one_vpxi_record = {"VPXI file", FIELDS(one_vpxi_fields)};

/* ---- files ---- */

/* 0 with the text, which the caller frees; -EINVAL with the fault in diag; or the errno. */
static int read_file(const char *path, char **text, size_t *len, struct diag *diag)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	char *buf = NULL;
	size_t used = 0, size = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else if (S_ISREG(st.st_mode) && st.st_size > SITE_FILE_MAX)
		used = SITE_FILE_MAX + 1;
	while (rc == 0 && used <= SITE_FILE_MAX) {
		ssize_t n;

		if (used == size) {
			char *grown = realloc(buf, size ? size * 2 : 65536);

			if (!grown) {
				rc = -ENOMEM;
				break;
			}
			buf = grown;
			size = size ? size * 2 : 65536;
		}
		n = read(fd, buf + used, size - used);
		if (n == 0)
			break;
		if (n > 0)
			used += (size_t)n;
		else if (errno != EINTR)
			rc = -errno;
	}
	close(fd);
	if (rc == 0 && used > SITE_FILE_MAX) {
		diag_error(diag, (struct model_loc){0}, "larger than %u MiB: not a site file",
			SITE_FILE_MAX >> 20);
		rc = -EINVAL;
	}
	if (rc < 0) {
		free(buf);
		return rc;
	}
	*text = buf;
	*len = used;
	return 0;
}

int site_parse_buffer(
	const char *name, const char *text, size_t len, struct model_site **out, struct diag *diag)
{
	struct field_ctx ctx = {.diag = diag};
	size_t n_errors = diag->n_errors;
	struct model_site *site;
	struct tree tree;
	int rc;

	*out = NULL;
	if (len > SITE_FILE_MAX) {
		diag_error(diag, (struct model_loc){0}, "larger than %u MiB: not a site file",
			SITE_FILE_MAX >> 20);
		return -EINVAL;
	}
	rc = tree_parse(text, len, SITE_DEPTH_MAX, &tree, diag);
	if (rc < 0)
		return rc;
	rc = -ENOMEM;
	site = model_site_create();
	if (!site)
		goto out;
	site->file = strdup(name);
	if (!site->file)
		goto out;
	field_parse_record(&ctx, &site_record, tree.root, site);
	if (ctx.no_memory)
		goto out;
	rc = 0;
	if (diag->n_errors > n_errors) {
		check_site_partial(site, diag);
		rc = -EINVAL;
	}
out:
	tree_fini(&tree);
	if (rc < 0)
		model_site_destroy(site);
	else
		*out = site;
	return rc;
}

int site_parse_file(const char *path, struct model_site **out, struct diag *diag)
{
	char *text;
	size_t len;
	int rc;

	*out = NULL;
	rc = read_file(path, &text, &len, diag);
	if (rc < 0)
		return rc;
	rc = site_parse_buffer(path, text, len, out, diag);
	free(text);
	return rc;
}

static void parse_one_vpxi(
	struct field_ctx *ctx, const struct tree_node *root, struct model_vpxi *vpxi)
{
	struct one_vpxi list = {0};

	if (!tree_get(root, "vpxis")) {
		field_parse_record(ctx, &site_vpxi_record, root, vpxi);
		return;
	}
	field_parse_record(ctx, &one_vpxi_record, root, &list);
	if (list.n_items != 1 && !ctx->no_memory)
		diag_error(ctx->diag, tree_get(root, "vpxis")->loc,
			"vpxis: expected one VPXI, found %zu", list.n_items);
	for (size_t i = 1; i < list.n_items; i++)
		model_vpxi_fini(&list.items[i]);
	if (list.n_items)
		*vpxi = list.items[0];
	free(list.items);
}

int site_parse_vpxi_file(const char *path, struct model_vpxi **out, struct diag *diag)
{
	struct field_ctx ctx = {.diag = diag};
	size_t n_errors = diag->n_errors, len;
	struct model_vpxi *vpxi = NULL;
	struct tree tree;
	char *text;
	int rc;

	*out = NULL;
	rc = read_file(path, &text, &len, diag);
	if (rc < 0)
		return rc;
	rc = tree_parse(text, len, SITE_DEPTH_MAX, &tree, diag);
	free(text);
	if (rc < 0)
		return rc;
	vpxi = calloc(1, sizeof(*vpxi));
	if (vpxi)
		parse_one_vpxi(&ctx, tree.root, vpxi);
	tree_fini(&tree);
	if (!vpxi || ctx.no_memory)
		rc = -ENOMEM;
	else if (diag->n_errors > n_errors)
		rc = -EINVAL;
	if (rc == 0) {
		*out = vpxi;
		return 0;
	}
	if (vpxi)
		model_vpxi_fini(vpxi);
	free(vpxi);
	return rc;
}
