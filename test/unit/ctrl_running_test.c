/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes of what runs, over a fake dataplane: all of it or nothing, wherever it fails. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctrl/idmap.h"
#include "ctrl/running.h"
#include "ctrl_site.h"
#include "fake_dp.h"

static void start(struct running *running, const char *text)
{
	struct diag diag;

	fake_dp_reset();
	assert_int_equal(running_init(running), 0);
	assert_int_equal(diag_init(&diag, "site.yaml"), 0);
	assert_int_equal(running_change(running, ctrl_site_parse(text), &diag, NULL), 0);
	assert_int_equal(diag.n_errors, 0);
	diag_fini(&diag);
}

/* A change of nearly every kind. */
static char *next_text(void)
{
	static const char *const edits[] = {
		"net_null1", "net_null9",                                   /* port replaced */
		"net_null0, capacity: 1Gbps", "net_null0, capacity: 2Gbps", /* port set */
		"static: 100Mbps", "static: 120Mbps",                       /* link set */
		"via: 10.0.0.2", "via: 10.0.0.3",                           /* routes set */
		"02:00:00:00:00:02", "02:00:00:00:00:03",                   /* neighbors set */
		"  - name: b\n", "  - name: c\n",                           /* router del and add */
	};
	char *text = strdup(CTRL_SITE), *next;

	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i += 2) {
		next = ctrl_site_edit(text, edits[i], edits[i + 1]);
		free(text);
		text = next;
	}
	return text;
}

static void test_start(void **state)
{
	struct running running;
	struct running_iface iface;
	struct running_vr vr;
	char *dump;

	(void)state;
	start(&running, CTRL_SITE);
	assert_true(fake_dp_quiet());
	assert_string_equal(fake_dp_log(),
		"begin\nport_add lan0 net_null0 mtu=1500\nport_add lan1 net_null1 mtu=1500\n"
		"vr_add a/r1 s0 weight=1\nvr_add b/r1 s0 weight=1\n"
		"iface_add a/r1/in vlan=101 rate=100000000\n"
		"iface_add a/r1/out vlan=101 rate=500000000\n"
		"iface_add b/r1/in vlan=102 rate=150000000\n"
		"iface_add b/r1/out vlan=102 rate=0\n"
		"neighbors_set a/r1 n=1\nroutes_set a/r1 n=2\ncommit\n");
	dump = fake_dp_dump();
	assert_non_null(strstr(dump, "a/r1/in"));
	free(dump);
	assert_int_equal(running_vr_lookup(&running, "b/r1", &vr), 0);
	assert_string_equal(vr.vpxi->name, "b");
	assert_int_equal(running_iface_lookup(&running, "a/r1/out", &iface), 0);
	assert_string_equal(running_iface_name(&running, &iface.vr, iface.id), "out");
	assert_string_equal(running_iface_name(&running, &vr, iface.id), "?");
	for (const char *const *name = (const char *const[]){"", "a", "a/", "/r1", "a/r2", "c/r1",
		     "a/r1/in", "a/r1/", NULL};
		*name; name++)
		assert_int_equal(running_vr_lookup(&running, *name, &vr), -ENOENT);
	for (const char *const *name =
			(const char *const[]){"", "a/r1", "a/r1/", "a/r1/x", "a/r1/in/x", NULL};
		*name; name++)
		assert_int_equal(running_iface_lookup(&running, *name, &iface), -ENOENT);
	running_fini(&running);
}

static void test_no_change(void **state)
{
	struct running running;
	json_t *changes;
	struct diag diag;

	(void)state;
	start(&running, CTRL_SITE);
	fake_dp_log_clear();
	assert_int_equal(diag_init(&diag, "site.yaml"), 0);
	assert_int_equal(running_change(&running, ctrl_site_parse(CTRL_SITE), &diag, &changes), 0);
	assert_string_equal(fake_dp_log(), "");
	assert_int_equal(json_array_size(changes), 0);
	json_decref(changes);
	diag_fini(&diag);
	running_fini(&running);
}

/* Each call of the dataplane fails once, and once none does. */
static void test_fail_everywhere(void **state)
{
	struct model_site *base = ctrl_site_parse(CTRL_SITE), *next;
	char *text = next_text(), *before, *after, *lines;
	unsigned int n, n_started, n_failed = 0;
	struct running running;
	struct diag diag;
	int rc = -1;

	(void)state;
	for (n = 1; rc != 0; n++) {
		start(&running, CTRL_SITE);
		n_started = fake_dp_calls();
		before = fake_dp_dump();
		fake_dp_log_clear();
		next = ctrl_site_parse(text);
		assert_int_equal(diag_init(&diag, "site.yaml"), 0);
		fake_dp_fail_at(n, -ENOSPC, "the fake is told to fail");
		rc = running_change(&running, next, &diag, NULL);
		after = fake_dp_dump();
		lines = diag_format(&diag);
		assert_true(fake_dp_quiet());
		if (rc < 0) {
			n_failed++;
			assert_int_equal(rc, -ENOSPC);
			assert_int_equal(fake_dp_calls(), n_started + n);
			assert_non_null(strstr(fake_dp_log(), "abort\n"));
			assert_null(strstr(fake_dp_log(), "commit\n"));
			assert_string_equal(before, after);
			assert_true(model_site_equal(running.model, base));
			assert_int_equal(diag.n_errors, 1);
			assert_non_null(strstr(lines, "the fake is told to fail"));
			fake_dp_fail_at(0, 0, "");
			assert_int_equal(running_change(&running, next, &diag, NULL), 0);
			free(after);
			after = fake_dp_dump();
		}
		assert_string_not_equal(before, after);
		assert_ptr_equal(running.model, next);
		free(lines);
		free(before);
		free(after);
		diag_fini(&diag);
		running_fini(&running);
	}
	/* As many operations as the plan has. */
	assert_int_equal(n_failed, 12);
	free(text);
	model_site_destroy(base);
}

/* A fault of the dataplane is told at the object's own place in the file. */
static void test_place(void **state)
{
	static const struct {
		const char *from, *to, *line;
	} cases[] = {
		{"10.0.0.1/24],\n             rate: {static: 150Mbps}",
			"10.0.0.1/24, \"2001:db8::1/64\"],\n             "
			"rate: {static: 150Mbps}",
			"site.yaml:29:"},
		{"via: 10.0.0.2}", "via: 10.0.0.2}\n          - {to: 10.4.0.0/24, via: 10.0.0.3}",
			"site.yaml:22:"},
	};
	struct running running;
	struct diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = ctrl_site_edit(CTRL_SITE, cases[i].from, cases[i].to), *lines;
		struct model_site *next = ctrl_site_parse(text);

		start(&running, CTRL_SITE);
		assert_int_equal(diag_init(&diag, "site.yaml"), 0);
		if (i == 0)
			fake_dp_fail_at(2, -ENOSPC, "interface in: no room");
		else
			fake_dp_fail_at(1, -ENOSPC, "vrouter a/r1: route 10.4.0.0/24: no room");
		assert_true(running_change(&running, next, &diag, NULL) < 0);
		lines = diag_format(&diag);
		if (strncmp(lines, cases[i].line, strlen(cases[i].line)) != 0)
			print_error("expected %s, got %s\n", cases[i].line, lines);
		assert_memory_equal(lines, cases[i].line, strlen(cases[i].line));
		free(lines);
		diag_fini(&diag);
		running_fini(&running);
		model_site_destroy(next);
		free(text);
	}
}

/* A port that says its speed only once it is open. */
static void test_regrant(void **state)
{
	char *text = ctrl_site_edit(
		CTRL_SITE, "net_null1, capacity: 1Gbps, vpxi-share: 50%", "net_null1");
	char err[DP_ERR_LEN] = "";
	struct running running;
	size_t n_changed = 0;

	(void)state;
	start(&running, text);
	assert_int_equal(fake_dp_iface("a/r1/out")->link.rate_bps, 0);
	assert_int_equal(running_regrant(&running, NULL, &n_changed, err), 0);
	assert_int_equal(n_changed, 0);
	fake_dp_port("lan1")->speed_bps = 10000000000;
	fake_dp_fail_at(1, -EIO, "no");
	assert_int_equal(running_regrant(&running, NULL, &n_changed, err), -EIO);
	assert_string_equal(err, "no");
	assert_int_equal(running_regrant(&running, NULL, &n_changed, err), 0);
	assert_int_equal(n_changed, 1);
	assert_int_equal(fake_dp_iface("a/r1/out")->link.rate_bps, 10000000000);
	/* An unrelated reload leaves the link as it is. */
	free(text);
	text = ctrl_site_edit(
		CTRL_SITE, "net_null1, capacity: 1Gbps, vpxi-share: 50%", "net_null1, mtu: 1400");
	fake_dp_log_clear();
	{
		struct diag diag;

		assert_int_equal(diag_init(&diag, "site.yaml"), 0);
		assert_int_equal(running_change(&running, ctrl_site_parse(text), &diag, NULL), 0);
		diag_fini(&diag);
	}
	assert_string_equal(fake_dp_log(), "begin\nport_set lan1 mtu=1400 capacity=0\ncommit\n");
	free(text);
	running_fini(&running);
}

/* The hash table against a plain array. */
static void test_idmap(void **state)
{
	enum { KEYS = 300, STEPS = 20000 };
	uint32_t model[KEYS] = {0}, seed = 1;
	struct idmap map = {0}, copy;
	char key[32];

	(void)state;
	assert_int_equal(idmap_get(&map, "x"), 0);
	idmap_del(&map, "x");
	for (int step = 0; step < STEPS; step++) {
		unsigned int i;

		seed = seed * 1664525u + 1013904223u;
		i = (seed >> 8) % KEYS;
		snprintf(key, sizeof(key), "vpxi%u/r%u", i % 7, i);
		if (seed >> 30 == 0) {
			idmap_del(&map, key);
			model[i] = 0;
		} else {
			model[i] = (seed >> 4) | 1;
			assert_int_equal(idmap_put(&map, key, model[i]), 0);
		}
		if (step % 100 != 0)
			continue;
		for (i = 0; i < KEYS; i++) {
			snprintf(key, sizeof(key), "vpxi%u/r%u", i % 7, i);
			assert_int_equal(idmap_get(&map, key), model[i]);
		}
	}
	assert_int_equal(idmap_clone(&copy, &map), 0);
	assert_int_equal(copy.n, map.n);
	idmap_fini(&map);
	for (unsigned int i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "vpxi%u/r%u", i % 7, i);
		assert_int_equal(idmap_get(&copy, key), model[i]);
	}
	idmap_fini(&copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idmap),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_no_change),
		cmocka_unit_test(test_fail_everywhere),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_regrant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
