/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/textfile.h"
#include "plan_model.h"

#define NOW UINT64_C(1795000000)

static struct substrate *load_substrate(const char *name)
{
	struct substrate *substrate;
	struct diag diag;
	char path[1024];

	snprintf(path, sizeof(path), "%s/substrate/%s.yaml", EXAMPLES, name);
	assert_int_equal(diag_init(&diag, path), 0);
	assert_int_equal(substrate_parse_file(path, &substrate, &diag), 0);
	diag_fini(&diag);
	return substrate;
}

static char *load_text(const char *name)
{
	struct diag diag;
	char path[1024], *text;
	size_t len;

	snprintf(path, sizeof(path), "%s/vxdl/%s.xml", EXAMPLES, name);
	assert_int_equal(diag_init(&diag, path), 0);
	assert_int_equal(textfile_read(path, 4, "a request", &text, &len, &diag), 0);
	diag_fini(&diag);
	return text;
}

static int admit_text(struct plan *plan, const char *text, struct plan_refusal *refusal)
{
	struct vxdl *request;
	struct diag diag;
	int rc;

	assert_int_equal(diag_init(&diag, "f"), 0);
	assert_int_equal(vxdl_parse_buffer("f", text, strlen(text), &request, &diag), 0);
	diag_fini(&diag);
	rc = plan_admit(plan, request, text, NOW, refusal);
	if (rc < 0)
		vxdl_destroy(request);
	return rc;
}

static void admit(struct plan *plan, const char *name)
{
	char *text = load_text(name);
	struct plan_refusal refusal;

	if (admit_text(plan, text, &refusal) < 0)
		fail_msg("%s: %s", name, refusal.text);
	plan_refusal_fini(&refusal);
	free(text);
}

static const struct plan_alloc *find(const struct plan *plan, const char *id)
{
	ssize_t at = plan_lookup(plan, id);

	assert_true(at >= 0);
	return &plan->allocs[at];
}

static void check_sites(const struct plan *plan)
{
	plan_model_judge(plan, NOW, NOW + 2000000, 1800);
}

/* The map as it is printed. */
static void assert_map(const struct plan *plan, const char *expected)
{
	json_t *map = plan_map(plan);
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	plan_map_print(map, out);
	fclose(out);
	if (strcmp(text, expected) != 0)
		fail_msg("expected\n%s\nfound\n%s", expected, text);
	free(text);
	json_decref(map);
}

/* Figures 2 and 4 of paper 000, and Table I. */
static void test_three_vpxis(void **state)
{
	static const unsigned int units[] = {5, 3, 5, 2, 2, 2}; /* Table I: lv1 to lv6 */
	struct substrate *substrate = load_substrate("three-sites");
	const struct plan_alloc *alloc;
	struct plan plan;

	(void)state;
	assert_int_equal(plan_init(&plan, substrate), 0);
	admit(&plan, "vpxi2");
	admit(&plan, "vpxi1");
	admit(&plan, "vpxi3");
	alloc = find(&plan, "vpxi2");
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(alloc->site[i], i % 3);
		assert_int_equal(vxdl_rate_in(alloc->request, i, 0).min_bps / 100000000, units[i]);
		assert_int_equal(alloc->n_hops[i], i < 3 ? 1 : 0);
	}
	/* One VLAN that all three sites have, for all of its networks. */
	assert_int_equal(alloc->vlans[3], 150);
	assert_int_equal(alloc->vlans[4], 150);
	assert_int_equal(alloc->vlans[5], 150);
	assert_int_equal(find(&plan, "vpxi1")->vlans[0], 151);
	assert_int_equal(find(&plan, "vpxi3")->vlans[0], 152);
	check_sites(&plan);
	plan_fini(&plan);
	substrate_destroy(substrate);
}

/* One example alone. */
static void assert_example(const char *substrate_name, const char *name, const char *expected)
{
	struct substrate *substrate = load_substrate(substrate_name);
	struct plan plan;

	assert_int_equal(plan_init(&plan, substrate), 0);
	admit(&plan, name);
	assert_map(&plan, expected);
	check_sites(&plan);
	/* Only what has no lease stays. */
	plan_expire(&plan, UINT64_C(1900000000));
	assert_int_equal(plan.n_allocs, strcmp(name, "vnet") == 0);
	plan_fini(&plan);
	substrate_destroy(substrate);
}

/* Table I of paper 000. */
static void test_table1(void **state)
{
	(void)state;
	assert_example("table1", "table1",
		"VPXI vpxi2 of table1, 2026-12-01T08:00:00Z to 2026-12-01T12:00:00Z\n"
		"  <rvA, rp4/s0, 0.8 lcore, whole lease>\n"
		"  <rvB, rp5/s0, 0.8 lcore, whole lease>\n"
		"  <rvC, rp10/s0, 0.8 lcore, whole lease>\n"
		"  <rv1, rp4, 2, whole lease>\n"
		"  <rv2, rp5, 4, whole lease>\n"
		"  <rv3, rp10, 6, whole lease>\n"
		"  <lv1, lp13, 500Mbps, whole lease>\n"
		"  <lv2, lp14, 300Mbps, whole lease>\n"
		"  <lv3, lp15, 500Mbps, whole lease>\n"
		"  <lv4, rp4/lp2.100, 200Mbps, whole lease>\n"
		"  <lv5, rp5/lp5.100, 200Mbps, whole lease>\n"
		"  <lv6, rp10/lp12.100, 200Mbps, whole lease>\n");
}

/* Figure 4 of paper 002: what is reserved is another thing in each period. */
static void test_periods(void **state)
{
	static const struct {
		const char *link;
		unsigned int vlan;
		const char *rates[3];
	} links[] = {
		{"A-B", 150, {"900Mbps", "best effort", "best effort"}},
		{"B-C", 151, {"300Mbps", "best effort", "best effort"}},
		{"B-I", 152, {"300Mbps", "best effort", "best effort"}},
		{"B-J", 153, {"300Mbps", "best effort", "best effort"}},
		{"C-H", 154, {"best effort", "best effort", "200Mbps"}},
		{"I-H", 155, {"best effort", "best effort", "200Mbps"}},
		{"J-H", 156, {"best effort", "best effort", "200Mbps"}},
		{"H-F", 157, {"best effort", "best effort", "600Mbps"}},
	};
	static const char *const periods[] = {"I", "II", "III"};
	char *expected;
	size_t len;
	FILE *out = open_memstream(&expected, &len);

	(void)state;
	fputs("VPXI vxi-periods of figure4-002, 2026-12-01T08:00:00Z to 2026-12-01T14:00:00Z\n"
	      "  <B, site2/s0, 0.5 lcore, whole lease>\n"
	      "  <H, site2/s0, 0.5 lcore, whole lease>\n"
	      "  <A, site2, 1, whole lease>\n"
	      "  <F, site2, 1, whole lease>\n"
	      "  <C, site2, 8, whole lease>\n"
	      "  <I, site2, 8, whole lease>\n"
	      "  <J, site2, 8, whole lease>\n",
		out);
	for (size_t l = 0; l < sizeof(links) / sizeof(links[0]); l++) {
		for (size_t p = 0; p < 3; p++)
			fprintf(out, "  <%s, site2/lan0.%u, %s, %s>\n", links[l].link,
				links[l].vlan, links[l].rates[p], periods[p]);
	}
	fclose(out);
	assert_example("three-sites", "periods", expected);
	free(expected);
}

/* Figure 6 of paper 000: what needs bandwidth from site 1 to 3 goes through site 2. */
static void test_two_paths(void **state)
{
	(void)state;
	assert_example("figure6", "two-paths",
		"VPXI two-paths of figure6, 2026-12-02T08:00:00Z to 2026-12-02T10:00:00Z\n"
		"  <r1, site1/s0, 0.5 lcore, whole lease>\n"
		"  <r2, site2/s0, 0.5 lcore, whole lease>\n"
		"  <r3, site3/s0, 0.5 lcore, whole lease>\n"
		"  <mpi1, site1, 1, whole lease>\n"
		"  <bulk1, site1, 1, whole lease>\n"
		"  <mpi2, site2, 1, whole lease>\n"
		"  <bulk2, site2, 1, whole lease>\n"
		"  <mpi3, site3, 1, whole lease>\n"
		"  <bulk3, site3, 1, whole lease>\n"
		"  <mpi-lan1, site1/lan0.150, best effort, whole lease>\n"
		"  <bulk-lan1, site1/lan0.151, best effort, whole lease>\n"
		"  <mpi-lan2, site2/lan0.150, best effort, whole lease>\n"
		"  <bulk-lan2, site2/lan0.151, best effort, whole lease>\n"
		"  <mpi-lan3, site3/lan0.150, best effort, whole lease>\n"
		"  <bulk-lan3, site3/lan0.151, best effort, whole lease>\n"
		"  <fast12, site1-site2, 1Gbps, whole lease>\n"
		"  <fast23, site2-site3, 1Gbps, whole lease>\n"
		"  <fast13, site1-site3, 1Gbps, whole lease>\n"
		"  <wide12, site1-site2, 5Gbps, whole lease>\n"
		"  <wide23, site2-site3, 5Gbps, whole lease>\n");
}

static const struct model_interface *towards(
	const struct model_router *router, const struct ip_addr *via)
{
	for (size_t i = 0; i < router->n_interfaces; i++) {
		struct ip_prefix net = prefix_mask(&router->interfaces[i].addresses[0].prefix);
		struct ip_prefix own = prefix_mask(&(struct ip_prefix){*via, net.len});

		if (prefix_cmp(&net, &own) == 0)
			return &router->interfaces[i];
	}
	fail_msg("no interface leads there");
	return NULL;
}

/* The same with networks for both: bulk data leaves the direct way for the links through site 2,
 * what is marked as latency-sensitive does not. */
static void test_shared_networks(void **state)
{
	struct substrate *substrate = load_substrate("figure6");
	char *text = load_text("two-paths");
	const struct model_router *router;
	struct plan_refusal refusal;
	struct model_site *site;
	struct plan plan;
	unsigned int n = 0;

	(void)state;
	/* Of the networks only: the routers' links have more inside. */
	for (char *at = text; (at = strstr(at, " class=\"")) != NULL;) {
		size_t len = strcspn(at + 8, "\"") + 9;

		if (at[len] == '/')
			memmove(at, at + len, strlen(at + len) + 1);
		else
			at += len;
	}
	assert_int_equal(plan_init(&plan, substrate), 0);
	assert_int_equal(admit_text(&plan, text, &refusal), 0);
	check_sites(&plan);
	assert_int_equal(plan_site_build(&plan, 0, &site), 0);
	router = model_router_lookup(&site->vpxis[0], "r1");
	assert_non_null(router);
	for (size_t i = 0; i < router->n_policies; i++) {
		const struct model_policy *policy = &router->policies[i];
		const char *way = towards(router, &policy->vias[0])->name;
		bool bulk = policy->match.dscp >> 10 & 1;

		assert_true(bulk != (policy->match.dscp >> 46 & 1));
		assert_int_equal(strncmp(way, bulk ? "wide12" : "fast", bulk ? 7 : 4), 0);
		n += bulk;
	}
	/* Two networks at each of the other sites. */
	assert_int_equal(n, 4);
	model_site_destroy(site);
	plan_fini(&plan);
	substrate_destroy(substrate);
	free(text);
}

/* Figure 6 of paper 004, no lease. */
static void test_vnet(void **state)
{
	(void)state;
	assert_example("testlab", "vnet",
		"VPXI vnet of figure6-004, 2026-11-18T11:06:40Z to removal\n"
		"  <vn1, node1/s0, 0.5 lcore, whole lease>\n"
		"  <vn2, node2/s0, 0.5 lcore, whole lease>\n"
		"  <vn3, node3/s0, 0.5 lcore, whole lease>\n"
		"  <vn4, node4/s0, 0.5 lcore, whole lease>\n"
		"  <left, node1, 1, whole lease>\n"
		"  <right, node3, 1, whole lease>\n"
		"  <l12, sw12, 100Mbps, whole lease>\n"
		"  <l23, sw23, 100Mbps, whole lease>\n"
		"  <l34, sw34, 100Mbps, whole lease>\n"
		"  <l41, sw14, 100Mbps, whole lease>\n"
		"  <left-lan, node1/lan0.10, best effort, whole lease>\n"
		"  <right-lan, node3/lan0.10, best effort, whole lease>\n");
}

static void test_refusals(void **state)
{
	static const char form[] =
		"<virtualInfrastructure xmlns='" VXDL_NAMESPACE "' version='2.5' id='%s' owner='o'>"
		"<lease start='2026-12-01T%s:00:00Z' duration='PT2H'/><resources><router id='a' "
		"ports='1'><location site='site1'/></router><router id='b' ports='1'><location "
		"site='%s'/></router></resources><topology><link id='l' source='a' target='b'>"
		"<bandwidth static='%s'/></link></topology></virtualInfrastructure>";
	struct substrate *substrate = load_substrate("three-sites");
	struct plan_refusal refusal;
	struct plan plan;
	char text[2048];

	(void)state;
	assert_int_equal(plan_init(&plan, substrate), 0);
	snprintf(text, sizeof(text), form, "v", "08", "site9", "1Gbps");
	assert_int_equal(admit_text(&plan, text, &refusal), -ENOSPC);
	assert_string_equal(refusal.constraint, "location");
	plan_refusal_fini(&refusal);
	snprintf(text, sizeof(text), form, "v", "08", "site2", "1500Mbps");
	assert_int_equal(admit_text(&plan, text, &refusal), 0);
	assert_int_equal(admit_text(&plan, text, &refusal), 0); /* again: kept */
	/* 500 Mbit/s of the port are left until ten o'clock. */
	snprintf(text, sizeof(text), form, "w", "09", "site2", "1Gbps");
	assert_int_equal(admit_text(&plan, text, &refusal), -ENOSPC);
	assert_string_equal(refusal.constraint, "bandwidth");
	assert_int_equal(refusal.link, 0);
	assert_true(refusal.has_rates);
	assert_int_equal(refusal.asked_bps[0], 1000000000);
	assert_int_equal(refusal.fits_bps[0], 500000000);
	assert_int_equal(refusal.start_s, 1796112000 + 2 * 3600);
	plan_refusal_fini(&refusal);
	assert_int_equal(plan.n_allocs, 1);
	snprintf(text, sizeof(text), form, "w", "10", "site2", "1Gbps");
	assert_int_equal(admit_text(&plan, text, &refusal), 0);
	check_sites(&plan);
	plan_fini(&plan);
	substrate_destroy(substrate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_three_vpxis),
		cmocka_unit_test(test_table1),
		cmocka_unit_test(test_periods),
		cmocka_unit_test(test_two_paths),
		cmocka_unit_test(test_shared_networks),
		cmocka_unit_test(test_vnet),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
