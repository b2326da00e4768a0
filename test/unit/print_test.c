/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "config_util.h"

/* What is printed parses back to an equal site, and that prints the same text. */
static void assert_round_trip(const struct model_site *site)
{
	char *text = util_print(site), *again_text;
	struct model_site *again = util_parse(text);

	if (!model_site_equal(site, again))
		fail_msg("not the same site:\n%s", text);
	again_text = util_print(again);
	assert_string_equal(text, again_text);
	free(again_text);
	free(text);
	model_site_destroy(again);
}

static void round_trip_file(const char *path)
{
	struct model_site *site;
	struct diag diag;

	assert_int_equal(diag_init(&diag, path), 0);
	assert_int_equal(site_parse_file(path, &site, &diag), 0);
	assert_round_trip(site);
	model_site_destroy(site);
	diag_fini(&diag);
}

static void test_files(void **state)
{
	(void)state;
	assert_in_range(util_each_file(EXAMPLES, ".", round_trip_file), 8, 100);
	assert_in_range(util_each_file(TEST_DATA, "site/good", round_trip_file), 2, 100);
}

static void test_random(void **state)
{
	(void)state;
	srand(3);
	for (int i = 0; i < 3000; i++) {
		struct model_site *site = util_random_site();

		assert_round_trip(site);
		model_site_destroy(site);
	}
}

static void test_canonical(void **state)
{
	static const char text[] =
		"vpxis: [{name: v, routers: [{weight: 1, name: r, slice: s0,\n"
		"  interfaces: [{rate: {min: 1Mbps, max: 1000kbps}, port: p,\n"
		"    vlan: [7], name: i, shape: {at: vif-in, queue: 262144B,\n"
		"    queue-packets: 1024}, ra: {managed: yes, interval: 600s},\n"
		"    address: [10.0.0.1/24, \"2001:db8::1/64\"]}],\n"
		"  routes: [{to: default, via: 10.0.0.2}, {to: default,\n"
		"    via: [\"2001:DB8::2\"]}, {to: 10.1.0.0/16, drop: true}]}]}]\n"
		"ports: [{name: p, device: 'x,y', vpxi-share: 100.00%, mtu: 1500,\n"
		"  role: access}]\n"
		"slices: [{name: s0, lcores: 1}]\n"
		"eal: {hugepages: true, lcores: auto, memory: auto}\n"
		"control: {socket: /run/hpsrouter/lyon.sock}\n"
		"site: lyon\n";
	static const char expected[] =
		"site: lyon\n"
		"eal: {hugepages: yes}\n"
		"ports:\n"
		"  - {name: p, device: \"x,y\"}\n"
		"vpxis:\n"
		"  - name: v\n"
		"    routers:\n"
		"      - name: r\n"
		"        interfaces:\n"
		"          - name: i\n"
		"            port: p\n"
		"            vlan: 7\n"
		"            address: [10.0.0.1/24, \"2001:db8::1/64\"]\n"
		"            rate: {static: 1Mbps}\n"
		"            ra: {interval: 10m, lifetime: 30m, managed: yes}\n"
		"        routes:\n"
		"          - {to: 0.0.0.0/0, via: 10.0.0.2}\n"
		"          - {to: \"::/0\", via: \"2001:db8::2\"}\n"
		"          - {to: 10.1.0.0/16, drop: yes}\n";
	struct model_site *site = util_parse(text);
	char *printed = util_print(site);

	(void)state;
	assert_string_equal(printed, expected);
	free(printed);
	model_site_destroy(site);
}

static void test_full_stream(void **state)
{
	struct model_site *site = util_parse("site: a\n");
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(out);
	assert_int_equal(print_site(site, out), -EIO);
	fclose(out);
	model_site_destroy(site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_full_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
