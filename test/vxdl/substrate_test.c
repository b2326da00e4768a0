/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/substrate.h"

#define HEAD "substrate:\n  vnis: 5000-5999\n  sites:\n"
#define SITE(name, vlans, address)                                                     \
	"    - name: " name "\n      slices: [{name: s0, lcores: 2}]\n"                \
	"      access: {port: lan0, device: d0, capacity: 10Gbps, vlans: " vlans "}\n" \
	"      backbone: {port: wan0, device: d1, address: " address ", capacity: 10Gbps}\n"
#define SITES SITE("x", "[100-199, 300]", "192.0.2.1/24") SITE("y", "5", "192.0.2.2/24")
#define LINK(name, a, b) \
	"    - {name: " name ", between: [" a ", " b "], capacity: 1Gbps, latency: 5ms}\n"

static struct substrate *parse(const char *text, char **report)
{
	struct substrate *substrate;
	struct diag diag;
	int rc;

	assert_int_equal(diag_init(&diag, "f"), 0);
	rc = substrate_parse_buffer("f", text, strlen(text), &substrate, &diag);
	assert_int_equal(rc, diag.n_errors ? -EINVAL : 0);
	assert_true((substrate != NULL) == (rc == 0));
	*report = diag_format(&diag);
	assert_non_null(*report);
	diag_fini(&diag);
	return substrate;
}

static void test_every_key(void **state)
{
	const char *path = EXAMPLES "/substrate/three-sites.yaml";
	struct substrate *substrate;
	struct diag diag;

	(void)state;
	assert_int_equal(diag_init(&diag, path), 0);
	if (substrate_parse_file(path, &substrate, &diag) < 0)
		fail_msg("%s", diag_format(&diag));
	assert_int_equal(substrate->vnis.first, 5000);
	assert_int_equal(substrate->vnis.last, 5999);
	assert_int_equal(substrate->n_sites, 3);
	assert_string_equal(substrate->sites[0].name, "site1");
	assert_int_equal(substrate->sites[0].n_slices, 1);
	assert_int_equal(substrate->sites[0].slices[0].lcores, 2);
	assert_string_equal(substrate->sites[0].access.device, "net_af_xdp0,iface=lan1");
	assert_int_equal(substrate->sites[0].access.n_vlans, 2);
	assert_int_equal(substrate->sites[0].access.vlans[0].last, 199);
	assert_int_equal(substrate->sites[0].access.vlans[1].first, 300);
	assert_int_equal(substrate->sites[0].backbone.vpxi_share_centi, 2000);
	assert_int_equal(substrate->sites[0].backbone.mtu, 1500);
	assert_int_equal(substrate->sites[0].backbone.address.prefix.len, 24);
	assert_string_equal(substrate->sites[2].socket, "/run/hpsrouter/site3.sock");
	assert_int_equal(substrate->n_links, 3);
	assert_int_equal(substrate->links[1].a, 1);
	assert_int_equal(substrate->links[1].b, 2);
	assert_int_equal(substrate->links[1].latency_ns, 5000000);
	assert_int_equal(substrate->links[1].tunnel, MODEL_TUNNEL_VXLAN);
	assert_int_equal(substrate_share_bps(10000000000, 2000), 2000000000);
	substrate_destroy(substrate);
	diag_fini(&diag);
}

static const struct {
	const char *text, *report;
} cases[] = {
	{HEAD SITES "  links:\n" LINK("l", "x", "y"), ""},
	{"{}", "f:1:1: missing key 'substrate' in file\n"},
	{"substrate: [",
		"f:2:1: YAML syntax: did not find expected node content, while parsing a flow node "
		"that began in line 2\n"},
	{HEAD SITES "  link: []\n",
		"f:12:3: unknown key 'link' in substrate, did you mean 'links'?\n"},
	{HEAD SITE("x", "[100-99, 0, 4095, a, 5-]", "192.0.2.1/24"),
		"f:6:66: vlans: expected VLANs from 1 to 4094 such as 100-199 or 300, found "
		"'100-99'\n"
		"f:6:74: vlans: expected VLANs from 1 to 4094 such as 100-199 or 300, found '0'\n"
		"f:6:77: vlans: expected VLANs from 1 to 4094 such as 100-199 or 300, found "
		"'4095'\n"
		"f:6:83: vlans: expected VLANs from 1 to 4094 such as 100-199 or 300, found 'a'\n"
		"f:6:86: vlans: expected VLANs from 1 to 4094 such as 100-199 or 300, found "
		"'5-'\n"},
	{HEAD SITE("x", "[100-199, 150, 199-201, 202]", "192.0.2.1/24"),
		"f:6:75: vlans: 150-150 overlaps 100-199 in line 6\n"
		"f:6:80: vlans: 199-201 overlaps 100-199 in line 6\n"},
	{HEAD SITES SITE("x", "9", "192.0.2.2/24"),
		"f:12:7: site: the name 'x' is taken by line 4\n"
		"f:15:51: address 192.0.2.2 is taken by site 'y'\n"},
	{HEAD SITE("x", "9", "192.0.2.0/24") SITE("y", "9", "2001:db8::1/64"),
		"f:7:51: address 192.0.2.0/24: this is the address of the network itself\n"
		"f:11:51: address: expected IPv4, the tunnels' underlay\n"},
	{HEAD SITES "  links:\n" LINK("l", "x", "z") LINK("l", "y", "y") LINK("m", "x", "y")
			LINK("n", "y", "x"),
		"f:13:26: between: there is no site 'z'\n"
		"f:14:7: link: the name 'l' is taken by line 13\n"
		"f:14:26: between: both ends are 'y'\n"
		"f:16:7: link: 'm' joins the two sites already, in line 15\n"},
	{HEAD SITES "  links: [{name: l, between: [x], capacity: 5, latency: 5h, tunnel: ipip}]\n",
		"f:12:30: between: expected two sites, found 1\n"
		"f:12:45: capacity: expected a rate in bps, kbps, Mbps or Gbps from 64kbps to "
		"400Gbps, found '5'\n"
		"f:12:57: latency: expected a time in us, ms or s, at most 60s, found '5h'\n"
		"f:12:69: tunnel: expected vxlan or gre, found 'ipip'\n"},
	{"substrate:\n  vnis: 0-16777216\n  sites:\n    - name: x\n"
	 "      slices: [{name: a, lcores: 100}, {name: a, lcores: 100}]\n"
	 "      access: {port: p, device: d, capacity: 1Gbps, vlans: 1}\n"
	 "      backbone: {port: p, device: d, capacity: 1Gbps, address: 192.0.2.1/24}\n"
	 "      control: {socket: rel}\n",
		"f:2:9: vnis: expected VNIs from 1 to 16777215 such as 5000-5999, found "
		"'0-16777216'\n"
		"f:4:7: slices: 200 lcores, a site has at most 127\n"
		"f:5:40: slice: the name 'a' is taken by line 5\n"
		"f:7:17: backbone: the device 'd' is that of the access port\n"
		"f:7:17: backbone: the name 'p' is that of the access port\n"
		"f:8:25: socket: expected an absolute path of at most 107 bytes, found 'rel'\n"},
};

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *report;
		struct substrate *substrate = parse(cases[i].text, &report);

		if (strcmp(report, cases[i].report) != 0)
			fail_msg("%s\nexpected\n%s\nfound\n%s", cases[i].text, cases[i].report,
				report);
		substrate_destroy(substrate);
		free(report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
