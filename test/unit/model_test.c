/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "config_util.h"

static const char base[] =
	"site: lyon\n"
	"eal: {memory: 256MiB, lcores: \"0@0\"}\n"
	"control: {metrics: \"127.0.0.1:9464\"}\n"
	"slices:\n"
	"  - {name: s0, lcores: [1, 2]}\n"
	"ports:\n"
	"  - {name: p0, device: d0, capacity: 1Gbps, address: [192.0.2.1/24]}\n"
	"  - {name: p1, device: d1}\n"
	"vpxis:\n"
	"  - name: v0\n"
	"    routers:\n"
	"      - name: r0\n"
	"        interfaces:\n"
	"          - {name: i0, port: p0, vlan: [5, 6], address: [10.0.0.1/24, 10.1.0.1/24]}\n"
	"          - {name: i1, port: p1, tunnel: {type: gre, remote: 192.0.2.2, key: 4},\n"
	"             rate: {min: 1Mbps, max: 2Mbps}, shape: {queue: 64KiB},\n"
	"             rpf: loose, probe: {peer: 10.4.0.1, interval: 20ms},\n"
	"             filter: {in: [{name: f, action: drop, proto: 6, from: 10.5.0.0/16,\n"
	"               to: 10.6.0.0/16, sport: 1-2, dport: 3-4, dscp: [ef, 8]}]}}\n"
	"        routes:\n"
	"          - {to: 10.2.0.0/24, via: [10.0.0.2, 10.0.0.3]}\n"
	"        neighbors:\n"
	"          - {address: 10.0.0.2, mac: \"02:00:00:00:00:02\", interface: i0}\n"
	"        policies:\n"
	"          - {name: q, dscp: 9, in: i1, via: 10.0.0.9, else: drop}\n"
	"  - name: v1\n";

static void test_defaults(void **state)
{
	struct model_site *site = util_parse("site: lyon\n"
					     "ports: [{name: p, device: d}]\n"
					     "vpxis: [{name: v, routers: [{name: r,\n"
					     "  interfaces: [{name: i, port: p}]}]}]\n");
	const struct model_port *port = &site->ports[0];
	const struct model_router *router = &site->vpxis[0].routers[0];
	const struct model_interface *iface = &router->interfaces[0];

	(void)state;
	assert_int_equal(site->eal.hugepages, MODEL_AUTO);
	assert_true(site->eal.lcores_auto);
	assert_int_equal(site->eal.memory_bytes, 0);
	assert_string_equal(site->control.socket, "/run/hpsrouter/lyon.sock");
	assert_null(site->control.metrics);
	assert_int_equal(site->n_slices, 1);
	assert_string_equal(site->slices[0].name, "s0");
	assert_int_equal(site->slices[0].n_lcores, 1);
	assert_int_equal(site->slices[0].lcores[0], 1);
	assert_int_equal(site->slices[0].idle, MODEL_IDLE_POLL);
	assert_int_equal(port->role, MODEL_ROLE_ACCESS);
	assert_true(port->capacity_bps == MODEL_RATE_NONE);
	assert_int_equal(port->vpxi_share_centi, 10000);
	assert_int_equal(port->mtu, 1500);
	assert_true(mac_is_zero(&port->mac));
	assert_string_equal(router->slice, "s0");
	assert_int_equal(router->weight, 1);
	assert_int_equal(iface->vlan, MODEL_VLAN_NONE);
	assert_int_equal(iface->outer_vlan, MODEL_VLAN_NONE);
	assert_int_equal(iface->tunnel.type, MODEL_TUNNEL_NONE);
	assert_int_equal(iface->mtu, 0);
	assert_int_equal(iface->rate.min_bps, 0);
	assert_true(iface->rate.max_bps == MODEL_RATE_NONE);
	assert_int_equal(iface->rate.loc.line, 0);
	assert_int_equal(iface->shape.at, MODEL_AT_VIF_IN);
	assert_int_equal(iface->shape.burst_bytes, 0);
	assert_int_equal(model_burst_bytes(&iface->shape, 0), 32768);
	assert_int_equal(model_burst_bytes(&iface->shape, 131072000), 32768);
	assert_int_equal(model_burst_bytes(&iface->shape, 200000000), 50000);
	assert_int_equal(model_burst_bytes(&iface->shape, 10000000000), 2500000);
	assert_int_equal(model_burst_bytes(&iface->shape, UINT64_MAX), 4 << 20);
	assert_int_equal(
		model_burst_bytes(&(struct model_shape){.burst_bytes = 9000}, 10000000000), 9000);
	assert_int_equal(iface->shape.queue_bytes, 262144);
	assert_int_equal(iface->shape.queue_packets, 1024);
	assert_int_equal(model_queue_packets(100), 32);
	model_site_destroy(site);
	model_site_destroy(NULL);
}

static void test_lookup(void **state)
{
	struct model_site *site = util_parse(base);
	struct model_vpxi *vpxi = model_vpxi_lookup(site, "v0");
	struct model_router *router = model_router_lookup(vpxi, "r0");

	(void)state;
	assert_ptr_equal(vpxi, &site->vpxis[0]);
	assert_ptr_equal(router, &vpxi->routers[0]);
	assert_ptr_equal(model_interface_lookup(router, "i1"), &router->interfaces[1]);
	assert_ptr_equal(model_port_lookup(site, "p1"), &site->ports[1]);
	assert_ptr_equal(model_slice_lookup(site, "s0"), &site->slices[0]);
	assert_null(model_vpxi_lookup(site, "v"));
	assert_null(model_router_lookup(vpxi, "r"));
	assert_null(model_interface_lookup(router, "i"));
	assert_null(model_port_lookup(site, ""));
	assert_null(model_slice_lookup(site, "s00"));
	model_site_destroy(site);
}

/* A clone is equal and stands alone: it outlives what it was made of. */
static void test_clone(void **state)
{
	(void)state;
	srand(4);
	for (int i = 0; i < 500; i++) {
		struct model_site *site = util_random_site(), *clone = model_site_clone(site);
		char *text = util_print(site), *clone_text;

		assert_true(model_site_equal(site, clone));
		model_site_destroy(site);
		clone_text = util_print(clone);
		assert_string_equal(text, clone_text);
		free(text);
		free(clone_text);
		model_site_destroy(clone);
	}
}

static void test_clone_keeps_places(void **state)
{
	struct model_site *site = util_parse(base), *clone = model_site_clone(site);

	(void)state;
	assert_string_equal(clone->file, "text");
	assert_int_equal(clone->ports[0].loc.line, 7);
	assert_int_equal(clone->ports[0].loc.column, 5);
	assert_int_equal(clone->vpxis[0].routers[0].interfaces[0].vlan_loc.line, 14);
	assert_int_equal(clone->vpxis[0].routers[0].routes[0].via_loc.line, 21);
	model_site_destroy(site);
	model_site_destroy(clone);
}

/* Every single value counts. */
static void test_each_difference_is_seen(void **state)
{
	static const struct {
		const char *from, *to;
	} changes[] = {
		{"lyon", "paris"},
		{"256MiB", "512MiB"},
		{"{memory", "{hugepages: no, memory"},
		{"0@0", "0@1"},
		{"127.0.0.1:9464", "127.0.0.1:9465"},
		{"{metrics", "{socket: /x, metrics"},
		{"[1, 2]", "[1, 3]"},
		{"[1, 2]", "[1]"},
		{"[1, 2]}", "[1, 2], idle: sleep}"},
		{"s0, lcores", "s1, lcores"},
		{"name: p0", "name: p2"},
		{"d0", "d2"},
		{"d0,", "d0, role: backbone,"},
		{"1Gbps", "2Gbps"},
		{"d0,", "d0, vpxi-share: 99.99%,"},
		{"d0,", "d0, mtu: 1501,"},
		{"d0,", "d0, mac: \"02:00:00:00:00:01\","},
		{"192.0.2.1/24", "192.0.2.3/24"},
		{"192.0.2.1/24", "192.0.2.1/25"},
		{"  - {name: p1, device: d1}\n", ""},
		{"name: v0", "name: v2"},
		{"  - name: v1\n", ""},
		{"name: r0", "name: r1"},
		{"name: r0", "name: r0\n        weight: 2"},
		{"name: i0", "name: i2"},
		{"port: p0", "port: p1"},
		{"[5, 6]", "[5, 7]"},
		{"[5, 6]", "[4, 6]"},
		{"[5, 6]", "6"},
		{"10.1.0.1/24]", "10.1.0.1/24, 10.9.0.1/24]"},
		{"10.0.0.1/24, 10.1.0.1/24", "10.1.0.1/24, 10.0.0.1/24"},
		{"gre", "ipip"},
		{"remote: 192.0.2.2", "remote: 192.0.2.4"},
		{"remote: 192.0.2.2", "remote: 192.0.2.2, local: 192.0.2.1"},
		{"key: 4", "key: 5"},
		{", key: 4", ""},
		{"{name: i1,", "{name: i1, mtu: 1000,"},
		{"{name: i1,", "{name: i1, mac: \"02:00:00:00:00:01\","},
		{"min: 1Mbps", "min: 1.5Mbps"},
		{"max: 2Mbps", "max: 3Mbps"},
		{"2Mbps", "2Mbps, share: borrow"},
		{"queue: 64KiB", "queue: 65KiB, queue-packets: 256"},
		{"queue: 64KiB", "queue: 64KiB, queue-packets: 255"},
		{"queue: 64KiB", "queue: 64KiB, at: port"},
		{"queue: 64KiB", "queue: 64KiB, by: psp"},
		{"queue: 64KiB", "queue: 64KiB, burst: 1KiB"},
		{"queue: 64KiB", "queue: 64KiB, bytes: l1"},
		{"10.2.0.0/24", "10.3.0.0/24"},
		{"10.2.0.0/24", "10.2.0.0/25"},
		{"[10.0.0.2, 10.0.0.3]", "10.0.0.2"},
		{"10.0.0.3]", "10.0.0.3], dev: i0"},
		{"address: 10.0.0.2", "address: 10.0.0.4"},
		{"02:00:00:00:00:02", "02:00:00:00:00:03"},
		{"interface: i0", "interface: i1"},
		{"10.0.0.3]", "10.0.0.3], metric: 1"},
		{"loose", "strict"},
		{"rpf: loose, ", ""},
		{"10.4.0.1", "10.4.0.2"},
		{"20ms", "21ms"},
		{"20ms", "20ms, multiplier: 4"},
		{"name: f", "name: g"},
		{"action: drop", "action: accept"},
		{"proto: 6", "proto: 17"},
		{"10.5.0.0/16", "10.5.0.0/17"},
		{"10.6.0.0/16", "10.7.0.0/16"},
		{"1-2", "0-2"},
		{"1-2", "1-3"},
		{"3-4", "2-4"},
		{"3-4", "3"},
		{"[ef, 8]", "[ef]"},
		{"{in: [", "{out: ["},
		{"{in: [", "{in: [{action: accept}, "},
		{"name: q", "name: p"},
		{"dscp: 9", "dscp: 10"},
		{"in: i1", "in: i0"},
		{"10.0.0.9", "10.0.0.8"},
		{"10.0.0.9", "10.0.0.9, dev: i0"},
		{"else: drop", "else: next"},
		{"via: 10.0.0.9, else: drop", "drop: yes"},
		{"via: 10.0.0.9, else: drop", "route: yes"},
	};
	struct model_site *site = util_parse(base), *same = util_parse(base);

	(void)state;
	assert_true(model_site_equal(site, same));
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const char *at = strstr(base, changes[i].from);
		struct model_site *other;
		char *text;

		if (!at ||
			asprintf(&text, "%.*s%s%s", (int)(at - base), base, changes[i].to,
				at + strlen(changes[i].from)) < 0)
			fail_msg("%s", changes[i].from);
		/* gre's key goes with it */
		if (strcmp(changes[i].to, "ipip") == 0)
			memset(strstr(text, ", key: 4"), ' ', strlen(", key: 4"));
		other = util_parse(text);
		if (model_site_equal(site, other) || model_site_equal(other, site))
			fail_msg("%s -> %s is not seen", changes[i].from, changes[i].to);
		model_site_destroy(other);
		free(text);
	}
	model_site_destroy(site);
	model_site_destroy(same);
}

static void test_same_attachment(void **state)
{
	struct model_site *site = util_parse(base), *other = util_parse(base);
	struct model_interface *a = &site->vpxis[0].routers[0].interfaces[1];
	struct model_interface *b = &other->vpxis[0].routers[0].interfaces[1];

	(void)state;
	b->rate.max_bps++;
	b->shape.queue_packets++;
	assert_true(model_interface_same_attachment(a, b));
	assert_false(model_interface_equal(a, b));
	assert_false(model_vpxi_equal(&site->vpxis[0], &other->vpxis[0]));
	b->mtu = 1000;
	assert_false(model_interface_same_attachment(a, b));
	model_site_destroy(site);
	model_site_destroy(other);
}

static void test_vpxi_add_del(void **state)
{
	struct model_site *site = util_parse(base);
	struct model_vpxi vpxi;

	(void)state;
	assert_int_equal(model_vpxi_clone(&vpxi, &site->vpxis[0]), 0);
	assert_true(model_vpxi_equal(&vpxi, &site->vpxis[0]));
	strcpy(vpxi.name, "v2");
	vpxi.routers[0].slice[0] = '\0';
	assert_int_equal(model_vpxi_add(site, &vpxi), 0);
	assert_null(vpxi.routers);
	model_vpxi_fini(&vpxi);
	assert_int_equal(site->n_vpxis, 3);
	assert_string_equal(site->vpxis[2].name, "v2");
	assert_string_equal(site->vpxis[2].routers[0].slice, "s0");
	model_vpxi_del(site, 0);
	assert_int_equal(site->n_vpxis, 2);
	assert_string_equal(site->vpxis[0].name, "v1");
	assert_string_equal(site->vpxis[1].name, "v2");
	model_vpxi_del(site, 1);
	model_vpxi_del(site, 0);
	assert_int_equal(site->n_vpxis, 0);
	model_site_destroy(site);
}

static void test_route_add_del(void **state)
{
	struct model_site *site = util_parse(base);
	struct model_router *router = &site->vpxis[0].routers[0];
	struct model_route route = {0};

	(void)state;
	assert_int_equal(prefix_parse("10.7.0.0/16", &route.to), 0);
	route.vias = calloc(1, sizeof(*route.vias));
	route.n_vias = 1;
	route.vias[0] = ipaddr_from_u32(0x0a000002);
	assert_int_equal(model_route_add(router, &route), 0);
	assert_null(route.vias);
	assert_int_equal(router->n_routes, 2);
	assert_int_equal(router->routes[1].to.len, 16);
	assert_false(model_route_equal(&router->routes[0], &router->routes[1]));
	model_route_del(router, 0);
	assert_int_equal(router->n_routes, 1);
	assert_int_equal(router->routes[0].to.len, 16);
	model_route_del(router, 0);
	assert_int_equal(router->n_routes, 0);
	model_site_destroy(site);
}

static void test_port_share(void **state)
{
	struct model_port port;

	(void)state;
	model_port_init(&port);
	assert_true(model_port_share_bps(&port, 1000) == 1000);
	port.vpxi_share_centi = 2000;
	assert_true(model_port_share_bps(&port, 10) == 2);
	port.capacity_bps = 400000000000;
	assert_true(model_port_share_bps(&port, 10) == 80000000000);
	port.vpxi_share_centi = 3333;
	port.capacity_bps = 100000001;
	assert_true(model_port_share_bps(&port, 0) == 33330000);
	port.capacity_bps = UINT64_MAX - 1;
	port.vpxi_share_centi = 10000;
	assert_true(model_port_share_bps(&port, 0) == UINT64_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_clone),
		cmocka_unit_test(test_clone_keeps_places),
		cmocka_unit_test(test_each_difference_is_seen),
		cmocka_unit_test(test_same_attachment),
		cmocka_unit_test(test_vpxi_add_del),
		cmocka_unit_test(test_route_add_del),
		cmocka_unit_test(test_port_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
