/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "config_util.h"

static void assert_loc(struct model_loc loc, uint32_t line, uint32_t column)
{
	assert_int_equal(loc.line, line);
	assert_int_equal(loc.column, column);
}

/* ---- what a right file becomes ---- */

static void test_interface_md(void **state)
{
	const char *path = TEST_DATA "/site/interface.yaml";
	const struct model_interface *iface;
	const struct model_router *router;
	struct model_site *site;
	struct diag diag;

	(void)state;
	assert_int_equal(diag_init(&diag, path), 0);
	assert_int_equal(site_parse_file(path, &site, &diag), 0);
	assert_int_equal(diag.n_errors + diag.n_warnings, 0);
	assert_string_equal(site->file, path);
	assert_string_equal(site->name, "lyon");
	assert_int_equal(site->eal.hugepages, MODEL_AUTO);
	assert_int_equal(site->eal.memory_bytes, 256 << 20);
	assert_true(site->eal.lcores_auto);
	assert_string_equal(site->control.socket, "/run/hpsrouter/lyon.sock");
	assert_string_equal(site->control.metrics, "127.0.0.1:9464");
	assert_int_equal(site->n_slices, 1);
	assert_int_equal(site->slices[0].idle, MODEL_IDLE_SLEEP);
	assert_int_equal(site->n_ports, 2);
	assert_string_equal(site->ports[0].device, "net_af_xdp0,iface=veth0");
	assert_int_equal(site->ports[0].capacity_bps, 1000000000);
	assert_int_equal(site->ports[1].role, MODEL_ROLE_BACKBONE);
	assert_int_equal(site->ports[1].vpxi_share_centi, 2000);
	assert_int_equal(site->ports[1].n_addresses, 1);
	assert_loc(site->ports[1].loc, 8, 5);
	assert_loc(site->ports[1].capacity_loc, 8, 68);
	router = &site->vpxis[0].routers[0];
	assert_int_equal(router->n_interfaces, 2);
	iface = &router->interfaces[0];
	assert_int_equal(iface->vlan, 101);
	assert_int_equal(iface->outer_vlan, MODEL_VLAN_NONE);
	assert_int_equal(iface->n_addresses, 2);
	assert_int_equal(iface->addresses[1].prefix.len, 64);
	assert_loc(iface->vlan_loc, 16, 43);
	assert_loc(iface->addresses[1].loc, 16, 71);
	iface = &router->interfaces[1];
	assert_string_equal(iface->port, "wan0");
	assert_int_equal(iface->tunnel.type, MODEL_TUNNEL_VXLAN);
	assert_int_equal(ipaddr_to_u32(&iface->tunnel.remote), 0xc0000202);
	assert_int_equal(iface->tunnel.vni, 5001);
	assert_int_equal(iface->rate.min_bps, 100000000);
	assert_int_equal(iface->rate.max_bps, 500000000);
	assert_int_equal(iface->shape.at, MODEL_AT_VIF_IN);
	assert_int_equal(iface->shape.queue_bytes, 262144);
	assert_loc(iface->loc, 17, 13);
	assert_loc(iface->port_loc, 18, 19);
	assert_int_equal(router->n_routes, 1);
	assert_int_equal(router->routes[0].n_vias, 1);
	assert_int_equal(router->n_neighbors, 1);
	assert_string_equal(router->neighbors[0].interface, "to-rennes");
	model_site_destroy(site);
	diag_fini(&diag);
}

static void test_every_key(void **state)
{
	const char *path = TEST_DATA "/site/good/full.yaml";
	const struct model_interface *iface;
	const struct model_router *router;
	struct model_site *site;
	struct diag diag;

	(void)state;
	assert_int_equal(diag_init(&diag, path), 0);
	assert_int_equal(site_parse_file(path, &site, &diag), 0);
	assert_int_equal(site->eal.hugepages, MODEL_NO);
	assert_int_equal(site->eal.memory_bytes, UINT64_C(1536) << 20);
	assert_false(site->eal.lcores_auto);
	assert_string_equal(site->eal.lcores, "0@0,(1,2)@1");
	assert_string_equal(site->control.socket, "/run/a b/\"x\".sock");
	assert_int_equal(site->n_slices, 2);
	assert_int_equal(site->slices[0].n_lcores, 2);
	assert_int_equal(site->slices[0].lcores[1], 4);
	assert_int_equal(site->slices[1].n_lcores, 1);
	assert_int_equal(site->ports[0].vpxi_share_centi, 1234);
	assert_int_equal(site->ports[0].mtu, 9000);
	assert_int_equal(site->ports[0].mac.bytes[5], 0xaa);
	router = &site->vpxis[0].routers[0];
	assert_string_equal(site->vpxis[0].name, "7th");
	assert_string_equal(router->slice, "s0");
	assert_int_equal(router->weight, 1000);
	iface = &router->interfaces[0];
	assert_int_equal(iface->outer_vlan, 4094);
	assert_int_equal(iface->vlan, 1);
	assert_int_equal(iface->mac.bytes[5], 0xbb);
	assert_int_equal(iface->mtu, 8000);
	assert_int_equal(iface->rate.min_bps, 64000);
	assert_int_equal(iface->rate.max_bps, 64000);
	assert_int_equal(iface->rate.share, MODEL_SHARE_BORROW);
	assert_int_equal(iface->shape.at, MODEL_AT_INGRESS);
	assert_int_equal(iface->shape.by, MODEL_BY_PSP);
	assert_int_equal(iface->shape.burst_bytes, 9000);
	assert_int_equal(iface->shape.queue_bytes, 1048576);
	assert_int_equal(iface->shape.queue_packets, 128);
	assert_int_equal(iface->shape.bytes, MODEL_ACCOUNT_L1);
	iface = &router->interfaces[1];
	assert_int_equal(ipaddr_to_u32(&iface->tunnel.local), 0xc0000201);
	assert_int_equal(iface->tunnel.vni, 0);
	assert_int_equal(iface->n_addresses, 1);
	iface = &router->interfaces[2];
	assert_int_equal(iface->tunnel.type, MODEL_TUNNEL_GRE);
	assert_true(iface->tunnel.has_key);
	assert_true(iface->tunnel.key == UINT32_MAX);
	assert_int_equal(router->routes[0].to.addr.af, IP_AF_4);
	assert_int_equal(router->routes[0].to.len, 0);
	assert_int_equal(router->routes[0].n_vias, 2);
	assert_int_equal(router->routes[1].to.addr.af, IP_AF_6);
	assert_int_equal(router->routes[1].to.len, 0);
	assert_string_equal(router->routes[1].dev, "lan");
	assert_int_equal(router->routes[2].n_vias, 0);
	assert_string_equal(router->routes[2].dev, "gre");
	assert_int_equal(router->routes[3].n_vias, 0);
	assert_string_equal(router->routes[3].dev, "");
	model_site_destroy(site);
	diag_fini(&diag);
}

/* ---- faulty files ---- */

static void assert_refused(const char *path)
{
	struct model_site *site = (void *)1;
	struct diag diag;

	assert_int_equal(diag_init(&diag, strrchr(path, '/') + 1), 0);
	assert_int_equal(site_parse_file(path, &site, &diag), -EINVAL);
	assert_null(site);
	util_assert_report(path, &diag);
	diag_fini(&diag);
}

static void test_bad_files(void **state)
{
	(void)state;
	assert_in_range(util_each_file(TEST_DATA, "site/bad", assert_refused), 12, 100);
}

static int parse_text(const char *text, size_t len, size_t *n_errors)
{
	struct model_site *site;
	struct diag diag;
	int rc;

	assert_int_equal(diag_init(&diag, "text"), 0);
	rc = site_parse_buffer("text", text, len, &site, &diag);
	assert_true((rc == 0) == (site != NULL));
	assert_true((rc == 0) == (diag.n_errors == 0));
	assert_true(rc == 0 || rc == -EINVAL);
	*n_errors = diag.n_errors;
	model_site_destroy(site);
	diag_fini(&diag);
	return rc;
}

static void test_not_utf8(void **state)
{
	static const char text[] = "site: lyon\n# caf\303\251 \377\n";
	struct model_site *site;
	struct diag diag;
	char *report;

	(void)state;
	assert_int_equal(diag_init(&diag, "f"), 0);
	assert_int_equal(site_parse_buffer("f", text, strlen(text), &site, &diag), -EINVAL);
	report = diag_format(&diag);
	assert_string_equal(
		report, "f:2:8: not YAML text: invalid leading UTF-8 octet (byte 0xff)\n");
	free(report);
	diag_fini(&diag);
}

/* Whatever is cut off or changed, a file is either right or reported. */
static void test_damaged(void **state)
{
	char *text = util_read(TEST_DATA "/site/good/full.yaml");
	size_t len = strlen(text), n_errors, n_refused = 0;

	(void)state;
	for (size_t i = 0; i < len; i++)
		n_refused += parse_text(text, i, &n_errors) < 0;
	assert_true(n_refused > len / 3);
	srand(5);
	for (int i = 0; i < 3000; i++) {
		size_t at = (size_t)rand() % len;
		char kept = text[at];

		text[at] = (char)(rand() % 4 ? "{}[]:,-\"'#*&!|> \n\t"[rand() % 18] : rand());
		n_refused += parse_text(text, len, &n_errors) < 0;
		text[at] = kept;
	}
	assert_true(n_refused > len / 3 + 1000);
	free(text);
}

/* COUNT times PIECE between two ends. */
static char *repeat(const char *begin, const char *piece, size_t count, const char *end)
{
	char *text = malloc(strlen(begin) + count * strlen(piece) + strlen(end) + 1), *to;

	assert_non_null(text);
	to = stpcpy(text, begin);
	for (size_t i = 0; i < count; i++)
		to = stpcpy(to, piece);
	strcpy(to, end);
	return text;
}

static void test_bounds(void **state)
{
	static const struct {
		const char *begin, *piece;
		size_t count;
		const char *end;
		size_t n_errors;
	} cases[] = {
		/* depth: 32 nested nodes and no more (then `site` is no list) */
		{"site: ", "[", 31, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", 1},
		{"site: ", "[", 32, "", 1},
		{"site: ", "[", 1000000, "", 1},
		{"", "- ", 1000000, "", 1},
		{"", "? ", 1000000, "", 1},
		/* nodes */
		{"site: x\nports: [", "x,", 1100000, "]\n", 1},
		/* faults */
		{"site: x\n", "nam: 1\n", 100000, "", 100000},
		{"site: x\n", "site: x\n", 100000, "", 100000},
		{"site: x\nports: [", "{a},", 100000, "]\n", 300000},
		/* a long key and a long value */
		{"site: ", "x", 2000000, "\n", 1},
		{"site: x\n", "x", 1000, ": 1\n", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = repeat(cases[i].begin, cases[i].piece, cases[i].count, cases[i].end);
		size_t n_errors;
		clock_t begin = clock();

		assert_int_equal(parse_text(text, strlen(text), &n_errors), -EINVAL);
		if (n_errors != cases[i].n_errors)
			fail_msg("case %zu: %zu errors", i, n_errors);
		assert_true(clock() - begin < 20 * CLOCKS_PER_SEC);
		free(text);
	}
}

static void test_unreadable_files(void **state)
{
	char path[] = "/tmp/hpsr-site-test-XXXXXX";
	int fd = mkstemp(path);
	struct model_site *site;
	struct diag diag;
	char *report;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(diag_init(&diag, "f"), 0);
	assert_int_equal(site_parse_file("/nonexistent/site.yaml", &site, &diag), -ENOENT);
	assert_null(site);
	assert_int_equal(site_parse_file("/tmp", &site, &diag), -EISDIR);
	assert_int_equal(diag.n_errors, 0);
	assert_int_equal(site_parse_file(path, &site, &diag), -EINVAL);
	assert_int_equal(ftruncate(fd, SITE_FILE_MAX + 1), 0);
	assert_int_equal(site_parse_file(path, &site, &diag), -EINVAL);
	assert_int_equal(site_parse_file("/dev/zero", &site, &diag), -EINVAL);
	report = diag_format(&diag);
	assert_string_equal(report,
		"f: larger than 16 MiB: not a site file\n"
		"f: larger than 16 MiB: not a site file\n"
		"f:1:1: the file is empty\n");
	free(report);
	diag_fini(&diag);
	close(fd);
	unlink(path);
}

/* ---- one VPXI ---- */

static int parse_vpxi(const char *text, struct model_vpxi **vpxi, char **report)
{
	char path[] = "/tmp/hpsr-site-test-XXXXXX";
	int fd = mkstemp(path), rc;
	struct diag diag;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(diag_init(&diag, "f"), 0);
	rc = site_parse_vpxi_file(path, vpxi, &diag);
	*report = diag_format(&diag);
	diag_fini(&diag);
	unlink(path);
	return rc;
}

static void test_vpxi_file(void **state)
{
	static const struct {
		const char *text, *report;
	} cases[] = {
		{"name: v\nrouters: [{name: r, interfaces: [{name: i, port: p}]}]\n", ""},
		{"name: v\nrouters: [{name: r, interfaces: [{name: i, port: p, ra: {interval: "
		 "3s}}]}]\n",
			"f:2:68: interval: expected 4s to 1800s\n"},
		{"name: v\nrouters: [{name: r, interfaces: [{name: i, port: p, ra: {interval: "
		 "31m}}]}]\n",
			"f:2:68: interval: expected 4s to 1800s\n"},
		{"name: v\nrouters: [{name: r, interfaces: [{name: i, port: p, ra: {lifetime: "
		 "9001s}}]}]\n",
			"f:2:68: lifetime: expected no or the interval to 9000s\n"},
		{"name: v\nrouters: [{name: r, interfaces: [{name: i, port: p, ra: {lifetime: "
		 "9m}}]}]\n",
			"f:2:68: lifetime: expected no or the interval to 9000s\n"},
		{"name: v\nrouters: [{name: r, interfaces: [{name: i, port: p, ra: {lifetime: "
		 "no}}]}]\n",
			""},
		{"name: v\nrouters: [{name: r, interfaces: [{name: i, port: p, ra: {managed: "
		 "maybe}}]}]\n",
			"f:2:67: managed: expected no or yes, found 'maybe'\n"},
		{"vpxis: [{name: v, routers: [{name: r, interfaces: [{name: i, port: p}]}]}]\n",
			""},
		{"routers: [{name: r}, {nam: s}]\n",
			"f:1:1: missing key 'name' in VPXI\n"
			"f:1:23: unknown key 'nam' in router, did you mean 'name'?\n"},
		{"vpxis: []\n", "f:1:8: vpxis: expected one VPXI, found 0\n"},
		{"vpxis: [{name: a}, {name: b, routers: [{name: r}]}]\n",
			"f:1:8: vpxis: expected one VPXI, found 2\n"},
		{"vpxis: {name: a}\n",
			"f:1:8: vpxis: expected a list ([] for an empty one), found a mapping\n"
			"f:1:8: vpxis: expected one VPXI, found 0\n"},
		{"site: x\nvpxis: [{name: a}]\n",
			"f:1:1: unknown key 'site' in VPXI file, known are: vpxis\n"},
		{"- name: v\n", "f:1:1: VPXI: expected a mapping of keys, found a list\n"},
		{"name: [\n",
			"f:2:1: YAML syntax: did not find expected node content, while "
			"parsing a flow node that began in line 2\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct model_vpxi *vpxi;
		char *report;
		int rc = parse_vpxi(cases[i].text, &vpxi, &report);

		assert_string_equal(report, cases[i].report);
		assert_int_equal(rc, cases[i].report[0] ? -EINVAL : 0);
		free(report);
		if (rc < 0) {
			assert_null(vpxi);
			continue;
		}
		assert_string_equal(vpxi->name, "v");
		assert_string_equal(vpxi->routers[0].slice, "");
		assert_string_equal(vpxi->routers[0].interfaces[0].port, "p");
		model_vpxi_fini(vpxi);
		free(vpxi);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interface_md),
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_not_utf8),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_unreadable_files),
		cmocka_unit_test(test_vpxi_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
