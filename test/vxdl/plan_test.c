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

#include "config/check.h"
#include "config/print.h"
#include "config/site.h"
#include "config/textfile.h"
#include "ctrl/plan/plan.h"

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

/* Every site's file parses back and is right. */
static void check_sites(const struct plan *plan)
{
	for (size_t s = 0; s < plan->substrate->n_sites; s++) {
		struct model_site *site, *again;
		struct diag diag;
		char *text;
		size_t len;
		FILE *out;

		assert_int_equal(plan_site_build(plan, s, &site), 0);
		out = open_memstream(&text, &len);
		assert_int_equal(print_site(site, out), 0);
		fclose(out);
		assert_int_equal(diag_init(&diag, "site"), 0);
		site_parse_buffer("site", text, len, &again, &diag);
		if (!again || check_site(again, NULL, &diag) < 0)
			fail_msg("%s\n%s", diag_format(&diag), text);
		assert_true(model_site_equal(site, again));
		model_site_destroy(again);
		model_site_destroy(site);
		diag_fini(&diag);
		free(text);
	}
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

static void test_periods_and_paths(void **state)
{
	struct substrate *substrate = load_substrate("three-sites");
	struct plan plan;

	(void)state;
	assert_int_equal(plan_init(&plan, substrate), 0);
	admit(&plan, "periods");
	assert_int_equal(find(&plan, "vxi-periods")->site[0], 1);
	check_sites(&plan);
	plan_expire(&plan, UINT64_C(1900000000));
	assert_int_equal(plan.n_allocs, 0);
	plan_fini(&plan);
	substrate_destroy(substrate);
	substrate = load_substrate("figure6");
	assert_int_equal(plan_init(&plan, substrate), 0);
	admit(&plan, "two-paths");
	check_sites(&plan);
	plan_fini(&plan);
	substrate_destroy(substrate);
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
		cmocka_unit_test(test_periods_and_paths),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
