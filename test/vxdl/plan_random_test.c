/* SPDX-License-Identifier: BSD-3-Clause */
/* Random requests, one after the other, into random substrates: what is admitted fits at every
 * instant, and what a refusal offers would be admitted. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan_model.h"

#define CASES 400
#define REQUESTS 8
#define NOW UINT64_C(1796083200) /* 2026-12-01T00:00:00Z */
#define HOUR UINT64_C(3600)
#define HOURS 14
#define ROUTERS_MAX 3
#define LINKS_MAX 6
#define PERIODS_MAX 3

static unsigned int pick(unsigned int n)
{
	return (unsigned int)rand() % n;
}

/* ---- a substrate ---- */

static struct substrate *make_substrate(void)
{
	unsigned int n = 2 + pick(3);
	struct substrate *substrate;
	struct diag diag;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fprintf(out, "substrate:\n  vnis: 5000-5099\n  sites:\n");
	for (unsigned int s = 0; s < n; s++) {
		unsigned int first = 100 + pick(3);

		fprintf(out,
			"    - name: s%u\n      slices: [{name: a, lcores: %u}, {name: b, lcores: "
			"1}]\n"
			"      access: {port: lan0, device: \"net_null0\", capacity: %u00Mbps, "
			"vpxi-share: %u0%%, vlans: [%u-%u]}\n"
			"      backbone: {port: wan0, device: \"net_null1\", address: "
			"192.0.2.%u/24, "
			"capacity: %u00Mbps, vpxi-share: %u0%%}\n",
			s, 1 + pick(2), 2 + pick(8), 5 + pick(6), first, first + 1 + pick(4), s + 1,
			4 + pick(12), 5 + pick(6));
	}
	fprintf(out, "  links:\n");
	for (unsigned int a = 0; a < n; a++) {
		for (unsigned int b = a + 1; b < n; b++) {
			if (b > a + 1 && pick(3) == 0)
				continue;
			fprintf(out,
				"    - {name: l%u%u, between: [s%u, s%u], capacity: %u00Mbps, "
				"vpxi-share: %u0%%, latency: %ums}\n",
				a, b, pick(2) ? a : b, 0, 2 + pick(8), 5 + pick(6), 1 + pick(9));
		}
	}
	fclose(out);
	/* Both ends, in either order. */
	for (char *at = strstr(text, "{name: l"); at; at = strstr(at + 1, "{name: l")) {
		char *ends = strstr(at, "[s");

		ends[6] = ends[2] == at[8] ? at[9] : at[8];
	}
	assert_int_equal(diag_init(&diag, "substrate"), 0);
	if (substrate_parse_buffer("substrate", text, len, &substrate, &diag) < 0)
		fail_msg("%s\n%s", diag_format(&diag), text);
	diag_fini(&diag);
	free(text);
	return substrate;
}

/* ---- a request ---- */

struct draft {
	unsigned int id, start_h, hours; /* hours 0: no end */
	unsigned int n_routers, n_links, n_periods;
	int site[ROUTERS_MAX];
	unsigned int share_milli[ROUTERS_MAX], period_h[PERIODS_MAX];
	struct {
		unsigned int from, to; /* to >= n_routers: a node */
		bool forward, fast, inward;
		unsigned int latency_ms;
		uint64_t bps[PERIODS_MAX + 1]; /* the last: outside of periods */
	} links[LINKS_MAX];
	uint64_t asked_bps[LINKS_MAX], fits_bps[LINKS_MAX]; /* lowered where not 0 */
};

static uint64_t random_rate(void)
{
	return pick(4) ? (1 + pick(12)) * UINT64_C(25000000) : 0;
}

static void make_draft(struct draft *draft, unsigned int id, size_t n_sites)
{
	unsigned int base;

	memset(draft, 0, sizeof(*draft));
	draft->id = id;
	draft->start_h = 1 + pick(5);
	draft->hours = pick(6) ? 1 + pick(5) : 0;
	draft->n_routers = 1 + pick(ROUTERS_MAX);
	base = pick((unsigned int)n_sites);
	for (unsigned int r = 0; r < draft->n_routers; r++) {
		/* Different ones: links join sites. */
		draft->site[r] = pick(2) && r < n_sites ? (int)((base + r) % n_sites) : -1;
		draft->share_milli[r] = pick(3) ? 100 * (1 + pick(10)) : 0;
	}
	if (draft->hours > 1 && pick(2)) {
		draft->n_periods = 2 + pick(draft->hours > 2 ? 2 : 1);
		for (unsigned int p = 0; p + 1 < draft->n_periods; p++)
			draft->period_h[p] = 1;
	}
	draft->n_links = 1 + pick(LINKS_MAX);
	for (unsigned int l = 0; l < draft->n_links; l++) {
		unsigned int from = pick(draft->n_routers), to = from;

		if (draft->n_routers > 1 && pick(3))
			to = (from + 1 + pick(draft->n_routers - 1)) % draft->n_routers;
		draft->links[l].from = from;
		draft->links[l].to = to == from ? draft->n_routers : to;
		draft->links[l].forward = pick(3) == 0;
		draft->links[l].fast = pick(3) == 0;
		draft->links[l].inward = pick(2);
		draft->links[l].latency_ms = to != from && pick(3) == 0 ? 2 + pick(15) : 0;
		for (unsigned int p = 0; p <= PERIODS_MAX; p++)
			draft->links[l].bps[p] = random_rate();
	}
}

static uint64_t rate_of(const struct draft *draft, unsigned int l, unsigned int p)
{
	uint64_t bps = draft->links[l].bps[p];

	if (draft->asked_bps[l])
		bps = bps * (draft->fits_bps[l] / 1000) / (draft->asked_bps[l] / 1000);
	return bps / 1000 * 1000;
}

static void write_link(const struct draft *draft, unsigned int l, FILE *out)
{
	char from[16], to[16];
	uint64_t bps = rate_of(draft, l, PERIODS_MAX);
	bool access = draft->links[l].to == draft->n_routers;

	snprintf(from, sizeof(from), "r%u", draft->links[l].from);
	if (access)
		snprintf(to, sizeof(to), "n%u", l);
	else
		snprintf(to, sizeof(to), "r%u", draft->links[l].to);
	fprintf(out, "<link id='l%u' source='%s' target='%s' direction='%s' class='%s'>", l,
		access && draft->links[l].inward ? to : from,
		access && draft->links[l].inward ? from : to,
		draft->links[l].forward ? "forward" : "both",
		draft->links[l].fast ? "latency-sensitive"
			: l % 3 == 2 ? "high-bandwidth"
				     : "default");
	if (bps)
		fprintf(out, "<bandwidth min='%llukbps'/>", (unsigned long long)(bps / 1000));
	if (draft->links[l].latency_ms)
		fprintf(out, "<latency max='%ums'/>", draft->links[l].latency_ms);
	fprintf(out, "</link>\n");
}

static char *write_draft(const struct draft *draft)
{
	char *text, start[VXDL_TIME_STRLEN];
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fprintf(out,
		"<virtualInfrastructure xmlns='" VXDL_NAMESPACE "' version='2.5' id='v%u' "
		"owner='o'>\n<lease start='%s'",
		draft->id, vxdl_print_time(NOW + draft->start_h * HOUR, start));
	if (draft->hours)
		fprintf(out, " duration='PT%uH'", draft->hours);
	fprintf(out, "/>\n<resources>\n");
	for (unsigned int r = 0; r < draft->n_routers; r++) {
		fprintf(out, "<router id='r%u' ports='12'>", r);
		if (draft->site[r] >= 0)
			fprintf(out, "<location site='s%d'/>", draft->site[r]);
		if (draft->share_milli[r])
			fprintf(out, "<cpu share='%g'/>", draft->share_milli[r] / 1000.0);
		fprintf(out, "</router>\n");
	}
	for (unsigned int l = 0; l < draft->n_links; l++) {
		if (draft->links[l].to == draft->n_routers)
			fprintf(out, "<node id='n%u'/>\n", l);
	}
	fprintf(out, "</resources>\n<topology>\n");
	for (unsigned int l = 0; l < draft->n_links; l++)
		write_link(draft, l, out);
	fprintf(out, "</topology>\n");
	if (draft->n_periods)
		fprintf(out, "<timeline>\n");
	for (unsigned int p = 0; p < draft->n_periods; p++) {
		fprintf(out, "<period id='p%u'", p);
		if (draft->period_h[p])
			fprintf(out, " duration='PT%uH'", draft->period_h[p]);
		fprintf(out, ">");
		for (unsigned int l = 0; l < draft->n_links; l++) {
			if (rate_of(draft, l, p))
				fprintf(out, "<bandwidth link='l%u' min='%llukbps'/>", l,
					(unsigned long long)(rate_of(draft, l, p) / 1000));
		}
		fprintf(out, "</period>\n");
	}
	fprintf(out, "%s</virtualInfrastructure>\n", draft->n_periods ? "</timeline>\n" : "");
	fclose(out);
	return text;
}

static int admit(struct plan *plan, const struct draft *draft, struct plan_refusal *refusal)
{
	char *text = write_draft(draft);
	struct vxdl *request;
	struct diag diag;
	int rc;

	assert_int_equal(diag_init(&diag, "request"), 0);
	if (vxdl_parse_buffer("request", text, strlen(text), &request, &diag) < 0)
		fail_msg("%s\n%s", diag_format(&diag), text);
	diag_fini(&diag);
	rc = plan_admit(plan, request, text, NOW, refusal);
	if (rc < 0)
		vxdl_destroy(request);
	free(text);
	return rc;
}

/* Would it be admitted? The plan stays as it is. */
static bool would_admit(struct plan *plan, const struct draft *draft)
{
	struct plan_refusal refusal;
	char id[16];
	int rc = admit(plan, draft, &refusal);

	plan_refusal_fini(&refusal);
	snprintf(id, sizeof(id), "v%u", draft->id);
	if (rc == 0)
		plan_del(plan, (size_t)plan_lookup(plan, id));
	return rc == 0;
}

/* ---- what a refusal says ---- */

static unsigned int n_rates, n_starts, n_refused;

static void judge_refusal(
	struct plan *plan, const struct draft *draft, const struct plan_refusal *refusal)
{
	struct draft other = *draft;
	unsigned int last = HOURS;

	n_refused++;
	assert_string_not_equal(refusal->text, "");
	if (refusal->has_rates) {
		for (unsigned int l = 0; l < draft->n_links; l++) {
			assert_true(refusal->fits_bps[l] <= refusal->asked_bps[l]);
			other.asked_bps[l] = refusal->asked_bps[l];
			other.fits_bps[l] = refusal->fits_bps[l];
		}
		assert_true(would_admit(plan, &other));
		n_rates++;
		other = *draft;
	}
	/* The earliest start, and no earlier one. */
	if (refusal->start_s) {
		last = (unsigned int)((refusal->start_s - NOW) / HOUR);
		assert_int_equal((refusal->start_s - NOW) % HOUR, 0);
		other.start_h = last;
		assert_true(would_admit(plan, &other));
		n_starts++;
	}
	for (other.start_h = draft->start_h; other.start_h < last; other.start_h++)
		assert_false(would_admit(plan, &other));
}

static void test_random(void **state)
{
	unsigned int n_admitted = 0;

	(void)state;
	srand(3);
	for (unsigned int i = 0; i < CASES; i++) {
		struct substrate *substrate = make_substrate();
		struct plan plan;

		assert_int_equal(plan_init(&plan, substrate), 0);
		for (unsigned int k = 0; k < REQUESTS; k++) {
			struct plan_refusal refusal;
			struct draft draft;

			make_draft(&draft, k, substrate->n_sites);
			if (admit(&plan, &draft, &refusal) == 0)
				n_admitted++;
			else
				judge_refusal(&plan, &draft, &refusal);
			plan_refusal_fini(&refusal);
		}
		plan_model_judge(&plan, NOW, NOW + HOURS * HOUR, HOUR);
		plan_fini(&plan);
		substrate_destroy(substrate);
	}
	print_message("%u of %u admitted; of those refused %u fit with lower rates, %u later\n",
		n_admitted, CASES * REQUESTS, n_rates, n_starts);
	assert_in_range(n_admitted, CASES, CASES * REQUESTS * 3 / 4);
	assert_true(n_rates > CASES / 4 && n_starts > CASES / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
