/* SPDX-License-Identifier: BSD-3-Clause */
/* Transactions and states: what is named changes, all of it or nothing; what is not loses no
 * packet. */
#include <errno.h>
#include <string.h>

#include "wire.h"

/* Everything that can be seen of a router. */
struct picture {
	struct dp_iface_stats lan, wan;
	struct dp_vr_stats vr;
	struct dp_port_stats ports[2];
	struct dp_conservation books;
	struct dp_route_snap routes[64];
	size_t n_routes;
	struct dp_neigh_snap neighbors[16];
	size_t n_neighbors;
	uint32_t in_use;
};

static int picture_route(void *ctx, const struct dp_route_snap *route)
{
	struct picture *p = ctx;

	assert_in_range(p->n_routes, 0, 63);
	p->routes[p->n_routes++] = *route;
	return 0;
}

static void picture_take(struct picture *p, const struct wire_lab *lab)
{
	uint32_t total;

	memset(p, 0, sizeof(*p));
	assert_int_equal(dp_iface_stats_get(lab->lan, &p->lan), 0);
	assert_int_equal(dp_iface_stats_get(lab->wan, &p->wan), 0);
	assert_int_equal(dp_vr_stats_get(lab->vr, &p->vr), 0);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(dp_port_stats_get(wire_port_id(i), &p->ports[i]), 0);
	p->books = wire_books();
	assert_int_equal(dp_routes_walk(lab->vr, picture_route, p), 0);
	assert_int_equal(dp_neighbors_get(lab->vr, p->neighbors, 16, &p->n_neighbors), 0);
	dp_bufs_get(&total, &p->in_use);
}

/* What each step adds to a transaction. */
struct steps {
	struct wire_lab lab;
	dp_vr_id vr;
	dp_iface_id iface;
};

static void step_port_add(struct steps *s)
{
	(void)s;
	wire_port_add(2, 1500);
}

static void step_vr_add(struct steps *s)
{
	s->vr = wire_vr_add("t9/new", "s0");
}

static void step_iface_add(struct steps *s)
{
	s->iface = wire_iface_add(s->vr,
		&(struct wire_iface){.port = 2,
			.vlan = 77,
			.address = "10.0.0.1/24",
			.link = wire_link(1000000, 2000, 20000, 20)});
}

static void step_iface_add_live(struct steps *s)
{
	wire_iface_add(
		s->lab.vr, &(struct wire_iface){.outer = 8, .vlan = 78, .address = "10.7.0.1/24"});
}

static void step_routes_new(struct steps *s)
{
	struct dp_route_spec route = wire_route("0.0.0.0/0", "10.0.0.9", s->iface);

	wire_routes_set(s->vr, &route, 1);
}

static void step_neighbors_new(struct steps *s)
{
	struct dp_neigh_spec neighbors[2] = {
		wire_neigh(s->iface, "10.0.0.9", B_MAC), wire_neigh(s->iface, "10.0.0.10", B_MAC)};

	wire_neighbors_set(s->vr, neighbors, 2);
}

static void step_routes_live(struct steps *s)
{
	struct dp_route_spec routes[3] = {wire_route("10.9.0.0/16", "10.0.1.77", s->lab.wan),
		wire_route("10.10.0.0/16", NULL, 0), wire_route("10.11.0.0/16", NULL, s->lab.lan)};

	routes[0].n_nexthops = 2;
	routes[0].nexthops[1].iface = s->lab.lan;
	routes[0].nexthops[1].via = wire_ipaddr("10.0.0.7");
	wire_routes_set(s->lab.vr, routes, 3);
}

static void step_routes_none(struct steps *s)
{
	wire_routes_set(s->lab.vr, NULL, 0);
}

static void step_neighbors_live(struct steps *s)
{
	struct dp_neigh_spec neighbor = wire_neigh(s->lab.wan, "10.0.1.2", A_MAC);

	wire_neighbors_set(s->lab.vr, &neighbor, 1);
}

static void step_link_live(struct steps *s)
{
	struct dp_link_spec link = wire_link(1000000, 2000, 20000, 20);

	assert_int_equal(dp_txn_link_set(wire_txn(), s->lab.wan, &link, wire_err()), 0);
	link.rate_bps = 0;
	assert_int_equal(dp_txn_link_set(wire_txn(), s->lab.lan, &link, wire_err()), 0);
}

static void step_port_set(struct steps *s)
{
	struct dp_port_spec spec = {.name = "p0", .mtu = 1400, .capacity_bps = 1000000};

	(void)s;
	assert_int_equal(dp_txn_port_set(wire_txn(), wire_port_id(0), &spec, wire_err()), 0);
}

static void step_iface_del(struct steps *s)
{
	wire_iface_del(s->lab.lan);
}

static void step_vr_del(struct steps *s)
{
	wire_vr_del(s->lab.vr);
}

static void step_port_del(struct steps *s)
{
	(void)s;
	wire_port_del(0);
	wire_port_del(1);
}

static void (*const steps_add[])(struct steps *s) = {step_port_add, step_vr_add, step_iface_add,
	step_iface_add_live, step_routes_new, step_neighbors_new, step_routes_live,
	step_neighbors_live, step_link_live, step_port_set, step_routes_live, step_routes_none,
	step_iface_del};
static void (*const steps_del[])(struct steps *s) = {
	step_neighbors_live, step_link_live, step_iface_del, step_vr_del, step_port_del};

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* Aborted after any of its steps, a transaction leaves no trace. */
static void test_abort(void **state)
{
	struct steps s = {0};
	static struct picture before, after;
	struct frame f;

	(void)state;
	wire_lab_create(&s.lab, "t/r", NULL,
		&(struct wire_iface){.link = wire_link(64000, 100, 10000, 50)});
	/* Something is queued, something is held. */
	for (unsigned int i = 0; i < 5; i++) {
		frame_udp(&f, &s.lab.from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 90,
			i);
		wire_send(0, &f);
		frame_udp(&f, &s.lab.from_b, &(struct frame_ip){.src = B_IP, .dst = A_IP + 9}, 1, 2,
			90, i);
		wire_send(1, &f);
	}
	wire_poll(1);
	wire_discard();
	assert_int_equal(wire_books().queued, 4 + 5);
	for (size_t n = 0; n <= N(steps_add) + N(steps_del); n++) {
		picture_take(&before, &s.lab);
		wire_begin();
		for (size_t i = 0; i < n && n <= N(steps_add); i++)
			steps_add[i](&s);
		for (size_t i = N(steps_add); i < n; i++)
			steps_del[i - N(steps_add)](&s);
		wire_abort();
		picture_take(&after, &s.lab);
		before.vr.fib_bytes = after.vr.fib_bytes;
		assert_memory_equal(&before, &after, sizeof(before));
		wire_poll(1);
		wire_expect_none();
		wire_lab_passes_port(&s.lab, 1);
	}
	/* The same, carried through, leaves nothing of the old. */
	wire_begin();
	for (size_t i = 0; i < N(steps_add); i++)
		steps_add[i](&s);
	wire_commit();
	wire_begin();
	step_vr_del(&s);
	step_port_del(&s);
	wire_commit();
	wire_discard();
	assert_int_equal(wire_books().queued, 0);
	assert_true(dp_vr_stats_get(s.lab.vr, &after.vr) < 0);
	assert_true(dp_iface_stats_get(s.lab.lan, &after.lan) < 0);
	assert_int_equal(dp_vr_stats_get(s.vr, &after.vr), 0);
}

/* What a transaction refuses, it says why; and it can be aborted. */
static void test_refused(void **state)
{
	struct wire_lab lab = {0};
	struct dp_port_spec port = {.name = "px", .mtu = 1500, .device = "net_nosuch0"};
	struct dp_vr_spec vr = {.name = "t/x", .slice = "nowhere"};
	struct ip_prefix address = wire_prefix("10.0.0.1/24"), v6 = wire_prefix("2001:db8::1/64");
	struct dp_iface_spec iface = {.name = "x",
		.outer_vlan = DP_VLAN_NONE,
		.vlan = DP_VLAN_NONE,
		.addresses = &address,
		.n_addresses = 1};
	struct dp_route_spec route;
	uint32_t id;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, NULL);
	wire_begin();
	assert_null(dp_txn_begin()); /* one at a time */
	assert_true(dp_txn_port_add(wire_txn(), &port, &id, wire_err()) < 0);
	port.device = "net_ring_wire0";
	assert_int_equal(dp_txn_port_add(wire_txn(), &port, &id, wire_err()), -EBUSY);
	port.device = "net_ring_wire2";
	port.mtu = 9001;
	assert_int_equal(dp_txn_port_add(wire_txn(), &port, &id, wire_err()), -E2BIG);
	assert_int_equal(dp_txn_port_set(wire_txn(), wire_port_id(0), &port, wire_err()), -E2BIG);
	assert_int_equal(dp_txn_port_set(wire_txn(), 31, &port, wire_err()), -ENOENT);
	assert_int_equal(dp_txn_port_del(wire_txn(), 31, wire_err()), -ENOENT);
	assert_int_equal(dp_txn_port_del(wire_txn(), wire_port_id(0), wire_err()), -EBUSY);
	assert_non_null(strstr(wire_err(), "t/r"));
	assert_int_equal(dp_txn_vr_add(wire_txn(), &vr, &id, wire_err()), -ENOENT);
	assert_non_null(strstr(wire_err(), "nowhere"));
	assert_int_equal(dp_txn_vr_del(wire_txn(), 60000, wire_err()), -ENOENT);
	iface.port = 31;
	assert_int_equal(dp_txn_iface_add(wire_txn(), lab.vr, &iface, &id, wire_err()), -ENOENT);
	iface.port = wire_port_id(0);
	assert_int_equal(dp_txn_iface_add(wire_txn(), 60000, &iface, &id, wire_err()), -ENOENT);
	assert_int_equal(dp_txn_iface_add(wire_txn(), lab.vr, &iface, &id, wire_err()), -EEXIST);
	iface.vlan = 4095;
	assert_int_equal(dp_txn_iface_add(wire_txn(), lab.vr, &iface, &id, wire_err()), -EINVAL);
	iface.vlan = 5;
	iface.mtu = 1501;
	assert_int_equal(dp_txn_iface_add(wire_txn(), lab.vr, &iface, &id, wire_err()), -EINVAL);
	iface.mtu = 67;
	assert_int_equal(dp_txn_iface_add(wire_txn(), lab.vr, &iface, &id, wire_err()), -EINVAL);
	iface.mtu = 0;
	iface.addresses = &v6;
	iface.mtu = 1279;
	assert_int_equal(dp_txn_iface_add(wire_txn(), lab.vr, &iface, &id, wire_err()), -EINVAL);
	iface.mtu = 0;
	iface.addresses = &address;
	iface.link = wire_link(1, 1, 1, 1);
	assert_int_equal(dp_txn_iface_add(wire_txn(), lab.vr, &iface, &id, wire_err()), -ERANGE);
	assert_int_equal(dp_txn_iface_del(wire_txn(), 60000, wire_err()), -ENOENT);
	assert_int_equal(dp_txn_link_set(wire_txn(), lab.wan, &iface.link, wire_err()), -ERANGE);
	route = wire_route("10.1.0.0/16", "10.0.1.9", 60000);
	assert_int_equal(dp_txn_routes_set(wire_txn(), lab.vr, &route, 1, wire_err()), -EINVAL);
	assert_int_equal(dp_txn_routes_set(wire_txn(), 60000, &route, 1, wire_err()), -ENOENT);
	wire_abort();
	/* What comes and goes in one transaction is a mistake. */
	wire_begin();
	wire_port_add(2, 1500);
	assert_int_equal(dp_txn_port_del(wire_txn(), wire_port_id(2), wire_err()), -EINVAL);
	id = wire_vr_add("t/new", "s0");
	assert_int_equal(dp_txn_vr_del(wire_txn(), id, wire_err()), -EINVAL);
	id = wire_iface_add(lab.vr, &(struct wire_iface){.vlan = 9});
	assert_int_equal(dp_txn_iface_del(wire_txn(), id, wire_err()), -EINVAL);
	assert_int_equal(dp_txn_vr_del(wire_txn(), lab.vr, wire_err()), -EINVAL);
	wire_abort();
	wire_begin();
	wire_vr_del(lab.vr);
	wire_port_del(0);
	iface.vlan = 6;
	iface.link.rate_bps = 0;
	assert_int_equal(dp_txn_iface_add(wire_txn(), lab.vr, &iface, &id, wire_err()), -EINVAL);
	iface.port = wire_port_id(1);
	assert_int_equal(dp_txn_iface_add(wire_txn(), lab.vr, &iface, &id, wire_err()), -EINVAL);
	wire_abort();
	/* A route through an interface that goes. */
	wire_begin();
	wire_iface_del(lab.lan);
	route = wire_route("10.1.0.0/16", "10.0.0.9", lab.lan);
	assert_int_equal(dp_txn_routes_set(wire_txn(), lab.vr, &route, 1, wire_err()), -EINVAL);
	wire_abort();
	wire_lab_passes(&lab);
}

static int start(void **state)
{
	(void)state;
	return wire_start(1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_abort),
		WIRE_TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
