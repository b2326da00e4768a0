/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <time.h>

#include "config_util.h"

/* ---- files ---- */

static void assert_clean(const char *path)
{
	struct model_site *site;
	struct diag diag;
	char *report;

	assert_int_equal(diag_init(&diag, path), 0);
	if (site_parse_file(path, &site, &diag) == 0)
		check_site(site, NULL, &diag);
	report = diag_format(&diag);
	if (report[0])
		fail_msg("%s", report);
	free(report);
	model_site_destroy(site);
	diag_fini(&diag);
}

static void test_good_files(void **state)
{
	(void)state;
	assert_int_equal(util_each_file(EXAMPLES, ".", assert_clean), 8);
	assert_in_range(util_each_file(TEST_DATA, "site/good", assert_clean), 2, 100);
	assert_clean(TEST_DATA "/site/interface.yaml");
}

static void assert_clash(const char *path)
{
	struct model_site *site;
	struct diag diag;

	assert_int_equal(diag_init(&diag, strrchr(path, '/') + 1), 0);
	assert_int_equal(site_parse_file(path, &site, &diag), 0);
	assert_int_equal(check_site(site, NULL, &diag), -EINVAL);
	util_assert_report(path, &diag);
	model_site_destroy(site);
	diag_fini(&diag);
}

static void test_clashes(void **state)
{
	(void)state;
	assert_in_range(util_each_file(TEST_DATA, "site/clash", assert_clash), 6, 100);
}

/* The report of a text that parses; the caller frees it. */
static char *report_of(const char *text, const struct check_bufs *bufs, int rc)
{
	struct model_site *site = util_parse(text);
	struct diag diag;
	char *report;

	assert_int_equal(diag_init(&diag, "f"), 0);
	assert_int_equal(check_site(site, bufs, &diag), rc);
	report = diag_format(&diag);
	model_site_destroy(site);
	diag_fini(&diag);
	return report;
}

static void test_warnings_alone_pass(void **state)
{
	char *report = report_of("site: x\n"
				 "ports: [{name: p, device: d}]\n"
				 "vpxis: [{name: v, routers: [{name: r,\n"
				 "  interfaces: [{name: i, port: p}]}]}]\n",
		NULL, 0);

	(void)state;
	assert_string_equal(report,
		"f:4:16: warning: interface 'i' has no address: nothing can be "
		"routed to it\n");
	free(report);
}

/* ---- buffers ---- */

static void test_buffer_pool(void **state)
{
	static const char text[] =
		"site: x\n"
		"eal: {memory: 256MiB}\n"
		"ports: [{name: p, device: d}, {name: q, device: e}]\n"
		"vpxis: [{name: v, routers: [{name: r, interfaces: [\n"
		"  {name: a, port: p, address: 10.0.1.1/24, rate: {max: 1Mbps}},\n"
		"  {name: b, port: q, address: 10.0.2.1/24, rate: {min: 1Mbps},\n"
		"   shape: {queue-packets: 500}},\n"
		"  {name: c, port: q, vlan: 3, address: 10.0.3.1/24}]},\n"
		"  {name: s}]}]\n";
	/* 1024 + 500 of the two links with a rate, a quarter more at the port, 2 ports, 2 routers
	 */
	struct check_bufs bufs = {.total = 4381, .per_port = 1000, .per_router = 100, .fixed = 276};
	struct model_site *site = util_parse(text);
	char *report;

	(void)state;
	assert_int_equal(check_bufs_needed(site, &bufs), 1905 + 2000 + 200 + 276);
	model_site_destroy(site);
	report = report_of(text, &bufs, 0);
	assert_string_equal(report, "");
	free(report);
	bufs.total = 4380;
	report = report_of(text, &bufs, -EINVAL);
	assert_string_equal(report,
		"f:2:6: queue limits do not fit the buffer pool: 4381 packet buffers needed (1905 "
		"for the queues of links, 2476 for ports and routers), 4380 available\n");
	free(report);
	bufs.total = 0; /* sized from the file */
	report = report_of(text, &bufs, 0);
	assert_string_equal(report, "");
	free(report);
}

/* ---- rates ---- */

static void test_minima_fit_exactly(void **state)
{
	static const char format[] =
		"site: x\n"
		"ports: [{name: p, device: d, capacity: 1Gbps, vpxi-share: 30%%}]\n"
		"vpxis: [{name: v, routers: [{name: r, interfaces: [\n"
		"  {name: a, port: p, vlan: 1, address: 10.0.1.1/24, rate: {min: 100Mbps}},\n"
		"  {name: b, port: p, vlan: 2, address: 10.0.2.1/24, rate: {static: %s}}]}]}]\n";
	char *text, *report;

	(void)state;
	assert_true(asprintf(&text, format, "200Mbps") > 0);
	report = report_of(text, NULL, 0);
	assert_string_equal(report, "");
	free(report);
	free(text);
	assert_true(asprintf(&text, format, "200.064Mbps") > 0);
	report = report_of(text, NULL, -EINVAL);
	assert_string_equal(report,
		"f:2:40: port 'p': the guaranteed minima of its links, 300.064Mbps for 2 links, "
		"exceed its share for VPXIs, 300Mbps (30% of 1Gbps), by 64kbps\n");
	free(report);
	free(text);
}

/* A program's model has no places and was never judged by the parser. */
static void test_made_by_a_program(void **state)
{
	struct model_site *site = util_parse("site: x\n"
					     "ports: [{name: p, device: d}]\n"
					     "vpxis: [{name: v, routers: [{name: r, interfaces: [\n"
					     "  {name: a, port: p, address: 10.0.1.1/24}]}]}]\n");
	struct model_interface *iface = &site->vpxis[0].routers[0].interfaces[0];
	struct diag diag;
	char *report;

	(void)state;
	memset(&iface->loc, 0, sizeof(iface->loc));
	iface->rate.min_bps = 2000000;
	iface->rate.max_bps = 1000000;
	iface->outer_vlan = 4095;
	iface->shape.queue_packets = 0;
	site->slices[0].n_lcores = 0;
	assert_int_equal(diag_init(&diag, "f"), 0);
	assert_int_equal(check_site(site, NULL, &diag), -EINVAL);
	report = diag_format(&diag);
	assert_string_equal(report,
		"f: min: 2Mbps is over max, 1Mbps\n"
		"f: queue-packets: a queue of interface 'a' holds none\n"
		"f: slice 's0' has no lcore\n"
		"f: vlan: expected 1 to 4094 each, found [4095, 65535]\n");
	free(report);
	diag_fini(&diag);
	model_site_destroy(site);
}

/* ---- overlaps against a trivial model: every pair ---- */

static struct ip_prefix random_station(void)
{
	for (;;) {
		uint32_t host = 0x0a000000 | (uint32_t)(rand() % 4096);
		struct ip_prefix prefix = {.addr = ipaddr_from_u32(host)};
		uint32_t mask;

		prefix.len = (uint8_t)(20 + rand() % 13);
		mask = prefix.len == 32 ? 0 : UINT32_MAX >> prefix.len;
		if (prefix.len >= 31 || ((host & mask) != 0 && (host & mask) != mask))
			return prefix;
	}
}

static void test_overlaps_against_pairs(void **state)
{
	struct model_site *site = util_parse(
		"site: x\n"
		"ports: [{name: p, device: d}]\n"
		"vpxis: [{name: v, routers: [{name: r, interfaces: [\n"
		"  {name: a, port: p, address: [10.0.0.1/24, 10.0.0.1/24, 10.0.0.1/24]},\n"
		"  {name: b, port: p, vlan: 1, address: [10.0.0.1/24, 10.0.0.1/24]}]}]}]\n");
	struct model_interface *ifaces = site->vpxis[0].routers[0].interfaces;
	struct model_address *all[5] = {&ifaces[0].addresses[0], &ifaces[0].addresses[1],
		&ifaces[0].addresses[2], &ifaces[1].addresses[0], &ifaces[1].addresses[1]};
	size_t n_clean = 0;

	(void)state;
	srand(6);
	for (int i = 0; i < 20000; i++) {
		size_t n_in_another = 0;
		struct diag diag;

		for (int a = 0; a < 5; a++)
			all[a]->prefix = random_station();
		/* Each address that lies in the network of another, or shares its own with one
		 * earlier, is reported once. */
		for (int a = 0; a < 5; a++) {
			bool inside = false;

			for (int b = 0; b < 5; b++) {
				if (a == b || !prefix_overlaps(&all[a]->prefix, &all[b]->prefix))
					continue;
				inside |= all[a]->prefix.len > all[b]->prefix.len ||
					(all[a]->prefix.len == all[b]->prefix.len && b < a);
			}
			n_in_another += inside;
		}
		assert_int_equal(diag_init(&diag, "f"), 0);
		check_site(site, NULL, &diag);
		assert_int_equal(diag.n_errors, n_in_another);
		n_clean += n_in_another == 0;
		diag_fini(&diag);
	}
	assert_in_range(n_clean, 100, 19900);
	model_site_destroy(site);
}

/* ---- size ---- */

static void test_thousand_routers(void **state)
{
	size_t len, n_errors;
	struct model_site *site;
	struct diag diag;
	clock_t begin;
	char *text;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	fputs("site: x\nports:\n", out);
	for (int i = 0; i < 100; i++)
		fprintf(out, "  - {name: p%d, device: d%d, capacity: 10Gbps}\n", i, i);
	fputs("vpxis:\n", out);
	for (int i = 0; i < 1000; i++) {
		fprintf(out, "  - name: v%d\n    routers:\n      - name: r\n        interfaces:\n",
			i);
		for (int j = 0; j < 4; j++)
			fprintf(out,
				"          - {name: i%d, port: p%d, vlan: [%d, %d], "
				"address: [10.%d.0.1/16], rate: {static: 1Mbps}}\n",
				j, i % 100, i + 1, j + 1, j);
		fputs("        routes:\n", out);
		for (int j = 0; j < 20; j++)
			fprintf(out, "          - {to: 192.168.%d.0/24, via: 10.%d.0.%d}\n", j,
				j % 4, j + 2);
	}
	fclose(out);
	site = util_parse(text);
	free(text);
	assert_int_equal(diag_init(&diag, "f"), 0);
	begin = clock();
	assert_int_equal(check_site(site, NULL, &diag), 0);
	assert_true(clock() - begin < CLOCKS_PER_SEC);
	/* And with everything wrong: all on the same place of one port, through one gateway. */
	for (size_t v = 0; v < site->n_vpxis; v++) {
		struct model_router *router = &site->vpxis[v].routers[0];

		for (size_t i = 0; i < router->n_interfaces; i++) {
			strcpy(router->interfaces[i].port, "p0");
			router->interfaces[i].outer_vlan = 7;
			router->interfaces[i].vlan = 7;
		}
		for (size_t i = 0; i < router->n_routes; i++)
			router->routes[i].to.addr = ipaddr_from_u32(0);
	}
	n_errors = diag.n_errors;
	begin = clock();
	assert_int_equal(check_site(site, NULL, &diag), -EINVAL);
	assert_true(clock() - begin < CLOCKS_PER_SEC);
	assert_int_equal(diag.n_errors - n_errors, 3999 + 1000 * 19);
	diag_fini(&diag);
	model_site_destroy(site);
}

/* Random sites are mostly wrong; whatever they are, judging them ends and harms nothing. */
static void test_random(void **state)
{
	const struct check_bufs bufs = {.total = 10000, .per_port = 100, .per_router = 10};
	size_t n_refused = 0;

	(void)state;
	srand(7);
	for (int i = 0; i < 2000; i++) {
		struct model_site *site = util_random_site();
		struct diag diag;
		int rc;

		assert_int_equal(diag_init(&diag, "f"), 0);
		rc = check_site(site, &bufs, &diag);
		assert_int_equal(rc, diag.n_errors ? -EINVAL : 0);
		n_refused += rc < 0;
		diag_fini(&diag);
		model_site_destroy(site);
	}
	assert_in_range(n_refused, 1000, 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_files),
		cmocka_unit_test(test_clashes),
		cmocka_unit_test(test_warnings_alone_pass),
		cmocka_unit_test(test_buffer_pool),
		cmocka_unit_test(test_minima_fit_exactly),
		cmocka_unit_test(test_made_by_a_program),
		cmocka_unit_test(test_overlaps_against_pairs),
		cmocka_unit_test(test_thousand_routers),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
