/* SPDX-License-Identifier: BSD-3-Clause */
/* The diff of two models: each kind of change gives exactly its operations. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctrl/reconf.h"
#include "ctrl_site.h"
#include "dataplane/dp.h"

struct change {
	const char *name;
	const char *edits[9]; /* pairs of from, to */
	const char *plan;     /* "OP OBJECT", a line each */
};

#define PORT_REPLACED              \
	"interface_del a/r1/out\n" \
	"interface_del b/r1/out\n" \
	"port_del lan1\n"          \
	"port_add lan1\n"          \
	"interface_add a/r1/out\n" \
	"interface_add b/r1/out\n" \
	"neighbors_set a/r1\n"     \
	"routes_set a/r1\n"        \
	"routes_set b/r1\n"
#define OUT_REPLACED               \
	"interface_del a/r1/out\n" \
	"interface_add a/r1/out\n" \
	"neighbors_set a/r1\n"     \
	"routes_set a/r1\n"
#define A_REPLACED                 \
	"vrouter_del a/r1\n"       \
	"vrouter_add a/r1\n"       \
	"interface_add a/r1/in\n"  \
	"interface_add a/r1/out\n" \
	"neighbors_set a/r1\n"     \
	"routes_set a/r1\n"
#define ROUTES                                           \
	"          - {to: 10.2.0.0/24, via: 10.1.0.2}\n" \
	"          - {to: 10.3.0.0/24, via: 10.0.0.2}\n"
#define B_AND_AFTER                                                               \
	"  - name: b\n"                                                           \
	"    routers:\n"                                                          \
	"      - name: r1\n"                                                      \
	"        slice: s0\n"                                                     \
	"        interfaces:\n"                                                   \
	"          - {name: in, port: lan0, vlan: 102, address: [10.0.0.1/24],\n" \
	"             rate: {static: 150Mbps}}\n"                                 \
	"          - {name: out, port: lan1, vlan: 102, address: [10.1.0.1/24]}\n"

static const struct change changes[] = {
	{"nothing", {NULL}, ""},
	{"layout only", {"site: lyon\n", "# text\nsite: lyon\n"}, ""},
	{"order of routes",
		{ROUTES,
			"          - {to: 10.3.0.0/24, via: 10.0.0.2}\n"
			"          - {to: 10.2.0.0/24, via: 10.1.0.2}\n"},
		""},
	{"capacity, links at their maximum",
		{"net_null0, capacity: 1Gbps", "net_null0, capacity: 2Gbps"}, "port_set lan0\n"},
	{"capacity, a link up to the capacity",
		{"net_null1, capacity: 1Gbps", "net_null1, capacity: 2Gbps"},
		"port_set lan1\nlink_set a/r1/out\n"},
	{"share", {"vpxi-share: 50%", "vpxi-share: 40%"}, "port_set lan1\nlink_set a/r1/out\n"},
	{"mtu", {"device: net_null0,", "device: net_null0, mtu: 1400,"}, "port_set lan0\n"},
	{"device", {"net_null1", "net_null9"}, PORT_REPLACED},
	{"port's mac", {"net_null1", "net_null1, mac: \"02:00:00:00:00:09\""}, PORT_REPLACED},
	{"role", {"net_null1", "net_null1, role: backbone"}, PORT_REPLACED},
	{"new port", {"vpxis:\n", "  - {name: lan2, device: net_null2}\nvpxis:\n"},
		"port_add lan2\n"},
	{"rate", {"static: 100Mbps", "static: 120Mbps"}, "link_set a/r1/in\n"},
	{"same rate in other words", {"static: 100Mbps", "min: 100Mbps, max: 0.1Gbps"}, ""},
	{"rate for best effort",
		{"vlan: 102, address: [10.1.0.1/24]",
			"vlan: 102, address: [10.1.0.1/24], rate: {max: 10Mbps}"},
		"link_set b/r1/out\n"},
	{"rate taken away", {",\n             rate: {static: 100Mbps}", ""}, "link_set a/r1/in\n"},
	{"queue", {"rate: {static: 100Mbps}", "rate: {static: 100Mbps}, shape: {queue: 64KiB}"},
		"link_set a/r1/in\n"},
	{"vlan", {"port: lan1, vlan: 101", "port: lan1, vlan: 103"}, OUT_REPLACED},
	{"address",
		{"vlan: 101, address: [10.1.0.1/24]",
			"vlan: 101, address: [10.1.0.1/24, 10.9.0.1/24]"},
		OUT_REPLACED},
	{"interface gone",
		{"          - {name: out, port: lan1, vlan: 102, address: [10.1.0.1/24]}\n", ""},
		"interface_del b/r1/out\nroutes_set b/r1\n"},
	{"new interface",
		{"          - {name: out, port: lan1, vlan: 102, address: [10.1.0.1/24]}\n",
			"          - {name: out, port: lan1, vlan: 102, address: [10.1.0.1/24]}\n"
			"          - {name: x, port: lan1, vlan: 109, address: [10.9.0.1/24]}\n"},
		"interface_add b/r1/x\nroutes_set b/r1\n"},
	{"interface of another name",
		{"{name: in, port: lan0, vlan: 102", "{name: inn, port: lan0, vlan: 102"},
		"interface_del b/r1/in\ninterface_add b/r1/inn\nroutes_set b/r1\n"},
	{"route gone", {"          - {to: 10.3.0.0/24, via: 10.0.0.2}\n", ""}, "routes_set a/r1\n"},
	{"gateway", {"via: 10.0.0.2", "via: 10.0.0.3"}, "routes_set a/r1\n"},
	{"new route", {ROUTES, ROUTES "          - {to: 10.4.0.0/24, via: 10.0.0.2}\n"},
		"routes_set a/r1\n"},
	{"neighbour's mac", {"02:00:00:00:00:02", "02:00:00:00:00:03"}, "neighbors_set a/r1\n"},
	{"neighbours gone",
		{"        neighbors:\n"
		 "          - {address: 10.1.0.2, mac: \"02:00:00:00:00:02\", interface: out}\n",
			""},
		"neighbors_set a/r1\n"},
	{"filter", {"static: 100Mbps}", "static: 100Mbps}, filter: {in: [{action: drop}]}"},
		"filter_set a/r1/in\n"},
	{"reverse-path check", {"static: 100Mbps}", "static: 100Mbps}, rpf: strict"},
		"filter_set a/r1/in\n"},
	{"probe", {"static: 100Mbps}", "static: 100Mbps}, probe: {peer: 10.0.0.9}"},
		"probe_set a/r1/in\n"},
	{"policies",
		{"        neighbors:\n", "        policies: [{drop: yes}]\n        neighbors:\n"},
		"policies_set a/r1\n"},
	{"second route by another metric",
		{ROUTES, ROUTES "          - {to: 10.2.0.0/24, via: 10.0.0.2, metric: 3}\n"},
		"routes_set a/r1\n"},
	{"new interface with a filter and a probe",
		{"          - {name: out, port: lan1, vlan: 102, address: [10.1.0.1/24]}\n",
			"          - {name: out, port: lan1, vlan: 102, address: [10.1.0.1/24]}\n"
			"          - {name: x, port: lan1, vlan: 109, address: [10.9.0.1/24],\n"
			"             rpf: loose, filter: {out: [{action: accept}]},\n"
			"             probe: {peer: 10.9.0.2}}\n"},
		"interface_add b/r1/x\nfilter_set b/r1/x\nprobe_set b/r1/x\nroutes_set b/r1\n"},
	{"policies of a router with a new interface",
		{"port: lan1, vlan: 101", "port: lan1, vlan: 103", "        neighbors:\n",
			"        policies: [{drop: yes}]\n        neighbors:\n"},
		OUT_REPLACED "policies_set a/r1\n"},
	{"weight", {"slice: s0\n", "slice: s0\n        weight: 2\n"}, A_REPLACED},
	{"slice", {"slice: s0\n", "slice: s1\n"}, "vrouter_move a/r1\n"},
	{"slice and weight", {"slice: s0\n", "slice: s1\n        weight: 2\n"}, A_REPLACED},
	{"slice and gateway", {"slice: s0\n", "slice: s1\n", "via: 10.0.0.2", "via: 10.0.0.3"},
		"vrouter_move a/r1\nroutes_set a/r1\n"},
	{"vpxi gone", {B_AND_AFTER, ""}, "vrouter_del b/r1\n"},
	{"vpxi renamed", {"  - name: b\n", "  - name: c\n"},
		"vrouter_del b/r1\nvrouter_add c/r1\ninterface_add c/r1/in\n"
		"interface_add c/r1/out\n"},
	{"several at once",
		{"static: 100Mbps", "static: 120Mbps", "via: 10.0.0.2", "via: 10.0.0.3",
			"net_null0, capacity: 1Gbps", "net_null0, capacity: 3Gbps",
			"{name: out, port: lan1, vlan: 102", "{name: out, port: lan1, vlan: 103"},
		"interface_del b/r1/out\nport_set lan0\ninterface_add b/r1/out\n"
		"link_set a/r1/in\nroutes_set a/r1\nroutes_set b/r1\n"},
};

static struct model_site *edited(const struct change *change)
{
	char *text = strdup(CTRL_SITE), *next;
	struct model_site *site;

	for (size_t i = 0; change->edits[i]; i += 2) {
		next = ctrl_site_edit(text, change->edits[i], change->edits[i + 1]);
		free(text);
		text = next;
	}
	site = ctrl_site_parse(text);
	free(text);
	return site;
}

static char *plan_text(const struct plan *plan)
{
	char object[256], *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	for (size_t i = 0; i < plan->n; i++) {
		plan_op_object(&plan->ops[i], object, sizeof(object));
		fprintf(out, "%s %s\n", plan_kind_name(plan->ops[i].kind), object);
	}
	fclose(out);
	return text;
}

static void test_changes(void **state)
{
	struct model_site *from = ctrl_site_parse(CTRL_SITE);

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct model_site *to = edited(&changes[i]);
		struct plan plan;
		char *text;

		assert_int_equal(reconf_diff(from, to, NULL, &plan), 0);
		text = plan_text(&plan);
		if (strcmp(text, changes[i].plan) != 0)
			print_error("%s\n", changes[i].name);
		assert_string_equal(text, changes[i].plan);
		free(text);
		plan_fini(&plan);
		model_site_destroy(to);
	}
	model_site_destroy(from);
}

static void test_from_nothing(void **state)
{
	struct model_site *from = model_site_create(), *to = ctrl_site_parse(CTRL_SITE);
	struct plan plan;
	char *text;

	(void)state;
	assert_non_null(from);
	assert_int_equal(reconf_diff(from, to, NULL, &plan), 0);
	text = plan_text(&plan);
	assert_string_equal(text,
		"port_add lan0\nport_add lan1\nvrouter_add a/r1\nvrouter_add b/r1\n"
		"interface_add a/r1/in\ninterface_add a/r1/out\ninterface_add b/r1/in\n"
		"interface_add b/r1/out\nneighbors_set a/r1\nroutes_set a/r1\n");
	/* static: the rate; a guarantee alone: half of a gigabit; best effort: not shaped. */
	assert_int_equal(plan.ops[4].grant.granted_bps, 100000000);
	assert_int_equal(plan.ops[5].grant.granted_bps, 500000000);
	assert_int_equal(plan.ops[6].grant.granted_bps, 150000000);
	assert_int_equal(plan.ops[7].grant.granted_bps, 0);
	free(text);
	plan_fini(&plan);
	assert_int_equal(reconf_diff(to, from, NULL, &plan), 0);
	text = plan_text(&plan);
	assert_string_equal(
		text, "vrouter_del a/r1\nvrouter_del b/r1\nport_del lan0\nport_del lan1\n");
	free(text);
	plan_fini(&plan);
	model_site_destroy(from);
	model_site_destroy(to);
}

struct restart {
	const char *from, *to;
	const char *message; /* the beginning of the only line; "" : allowed */
};

static const struct restart restarts[] = {
	{"static: 100Mbps", "static: 110Mbps", ""},
	{"site: lyon", "site: nice", "site.yaml:1:7: site is 'nice' and 'lyon' runs"},
	{"hpsr-ctrl-test", "other", "site.yaml:2:"},
	{"lcores: [1]", "lcores: [3]", "site.yaml:4:"},
	{"idle: sleep", "idle: poll", "site.yaml:4:"},
	{"ports:\n", "  - {name: s2, lcores: [3]}\nports:\n", "site.yaml:6:"},
	{"  - {name: s1, lcores: [2]}\n", "", "site.yaml: slice s1 is missing"},
	{"slices:\n", "eal: {memory: 512MiB}\nslices:\n", "site.yaml:3:"},
	{"net_null1", "net_null9", ""},
	{"net_null1", "net_null1, role: backbone", "site.yaml:8:5: port lan1 has another mac"},
	{"net_null1", "net_null1, mac: \"02:00:00:00:00:09\"", "site.yaml:8:5:"},
};

static void test_restart(void **state)
{
	struct model_site *from = ctrl_site_parse(CTRL_SITE);

	(void)state;
	for (size_t i = 0; i < sizeof(restarts) / sizeof(restarts[0]); i++) {
		const struct restart *restart = &restarts[i];
		char *text = ctrl_site_edit(CTRL_SITE, restart->from, restart->to), *lines;
		struct model_site *to = ctrl_site_parse(text);
		struct diag diag;

		assert_int_equal(diag_init(&diag, "site.yaml"), 0);
		assert_int_equal(
			reconf_check_restart(from, to, &diag), restart->message[0] ? -EINVAL : 0);
		lines = diag_format(&diag);
		if (strncmp(lines, restart->message, strlen(restart->message)) != 0)
			print_error("expected %s, got %s\n", restart->message, lines);
		assert_memory_equal(lines, restart->message, strlen(restart->message));
		assert_int_equal(diag.n_errors, restart->message[0] != '\0');
		free(lines);
		diag_fini(&diag);
		model_site_destroy(to);
		free(text);
	}
	model_site_destroy(from);
}

/* Everything that this version does not run, each at its own place; as a warning it is no fault. */
static void test_supported(void **state)
{
	static const char text[] =
		"site: lyon\n"
		"control: {socket: /tmp/x.sock, metrics: \"127.0.0.1:9464\"}\n"
		"ports:\n"
		"  - {name: p, device: net_null0, role: backbone, capacity: 1Gbps, address: "
		"[192.0.2.1/24]}\n"
		"vpxis:\n"
		"  - name: a\n"
		"    routers:\n"
		"      - name: r\n"
		"        interfaces:\n"
		"          - {name: i1, port: p, vlan: 1, address: [10.0.1.1/24, "
		"\"2001:db8:1::1/64\"]}\n"
		"          - {name: i2, port: p, vlan: 2, address: [10.0.2.1/24],\n"
		"             rate: {max: 1Mbps}, shape: {at: vif-out, by: psp}}\n"
		"          - {name: i3, port: p, vlan: 3, address: [10.0.3.1/24],\n"
		"             rate: {min: 1Mbps, share: borrow}, shape: {at: port}}\n"
		"          - {name: i4, port: p, address: [10.0.4.1/24],\n"
		"             tunnel: {type: gre, remote: 192.0.2.2}, probe: {peer: \"fe80::1\"}}\n"
		/* not shaped: nowhere, by nothing */
		"          - {name: i5, port: p, vlan: 5, address: [10.0.5.1/24], shape: {at: "
		"port}}\n"
		"          - {name: i6, port: p, vlan: 6, address: [10.0.6.1/24], rate: {static: "
		"1Mbps}}\n"
		"        routes:\n"
		"          - {to: 10.1.0.0/16, via: 10.0.1.2}\n"
		"          - {to: \"2001:db8:2::/48\", via: \"2001:db8:1::2\"}\n"
		"        neighbors:\n"
		"          - {address: 10.0.1.2, mac: \"02:00:00:00:00:01\", interface: i1}\n"
		"          - {address: \"2001:db8:1::2\", mac: \"02:00:00:00:00:02\", interface: "
		"i1}\n";
	struct model_site *site = ctrl_site_parse(text);
	struct diag diag;
	char *got;

	(void)state;
	assert_int_equal(diag_init(&diag, "site.yaml"), 0);
	assert_int_equal(reconf_check_supported(site, &diag), 0);
	got = diag_format(&diag);
	assert_string_equal(got, "");
	free(got);
	diag_fini(&diag);
	model_site_destroy(site);
}

/* More gateways than any version takes: wrong, whatever the purpose. */
static void test_gateways(void **state)
{
	struct model_site *site = ctrl_site_parse(CTRL_SITE);
	struct model_route *route = &site->vpxis[0].routers[0].routes[0];
	struct diag diag;

	(void)state;
	assert_int_equal(diag_init(&diag, "site.yaml"), 0);
	free(route->vias);
	route->n_vias = DP_NEXTHOPS_MAX;
	route->vias = calloc(DP_NEXTHOPS_MAX + 1, sizeof(*route->vias));
	for (size_t i = 0; i <= DP_NEXTHOPS_MAX; i++)
		assert_int_equal(ipaddr_parse("10.1.0.2", &route->vias[i]), 0);
	assert_int_equal(reconf_check_supported(site, &diag), 0);
	route->n_vias++;
	assert_int_equal(reconf_check_supported(site, &diag), -EINVAL);
	assert_int_equal(diag.n_errors, 1);
	diag_fini(&diag);
	model_site_destroy(site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_from_nothing),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_supported),
		cmocka_unit_test(test_gateways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
