/* SPDX-License-Identifier: BSD-3-Clause */
/* Links and ports that change together: what gets less first, and only where others need the room.
 */
#include <string.h>

#include "dataplane/dp_link.h"
#include "dataplane/dp_sched.h"
#include "wire.h"

#define M UINT64_C(1000000)

static struct dp_link_spec link_of(uint64_t rate_mbps, uint64_t min_mbps)
{
	struct dp_link_spec spec = wire_link(rate_mbps * M, 2000, 20000, 20);

	spec.min_bps = min_mbps * M;
	return rate_mbps != 0 ? spec : (struct dp_link_spec){0};
}

/* Rates and minima in Mbit/s, of two links and of one that comes (0: none does). */
struct change {
	uint64_t from[2][2], to[2][2], comes;
	bool less[2], more[2];
	uint64_t first[2][2]; /* where LESS */
};

static const struct change changes[] = {
	/* One gives what the other gets. */
	{{{10, 5}, {10, 5}}, {{4, 2}, {16, 8}}, 0, {true, false}, {false, true}, {{4, 2}, {0}}},
	/* Nobody gets anything: one step. */
	{{{10, 5}, {10, 5}}, {{4, 2}, {9, 5}}, 0, {false, false}, {true, true}, {{0}, {0}}},
	/* Nobody gives. */
	{{{10, 5}, {10, 5}}, {{14, 7}, {10, 6}}, 0, {false, false}, {true, true}, {{0}, {0}}},
	/* Each gives one thing and gets another. */
	{{{10, 5}, {10, 2}}, {{12, 3}, {6, 4}}, 0, {true, true}, {true, true}, {{10, 3}, {6, 2}}},
	/* Best effort becomes reserved, and the other way round. */
	{{{10, 5}, {0, 0}}, {{4, 4}, {6, 1}}, 0, {true, false}, {false, true}, {{4, 4}, {0}}},
	{{{10, 5}, {10, 5}}, {{0, 0}, {16, 8}}, 0, {true, false}, {false, true}, {{0, 0}, {0}}},
	/* One that comes needs the room. */
	{{{10, 5}, {10, 5}}, {{4, 2}, {10, 5}}, 6, {true, false}, {false, true}, {{4, 2}, {0}}},
	/* One that comes as best effort does not. */
	{{{10, 5}, {10, 5}}, {{4, 2}, {10, 5}}, UINT64_MAX, {false, false}, {true, true},
		{{0}, {0}}},
};

static void prepare(const struct wire_lab *lab, const struct change *c)
{
	dp_iface_id ids[2] = {lab->lan, lab->wan};

	wire_begin();
	for (unsigned int i = 0; i < 2; i++) {
		struct dp_link_spec spec = link_of(c->to[i][0], c->to[i][1]);

		assert_int_equal(dp_txn_link_set(wire_txn(), ids[i], &spec, wire_err()), 0);
	}
	if (c->comes != 0) {
		struct wire_iface iface = {.port = 1, .vlan = 9, .address = "10.8.0.1/24"};

		if (c->comes != UINT64_MAX)
			iface.link = link_of(c->comes, 0);
		wire_iface_add(lab->vr, &iface);
	}
}

static void test_plan(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const struct change *c = &changes[i];
		struct dp_link_spec from[2] = {link_of(c->from[0][0], c->from[0][1]),
			link_of(c->from[1][0], c->from[1][1])};
		char name[16];
		struct wire_lab lab = {0};
		dp_iface_id ids[2];

		snprintf(name, sizeof(name), "t%zu/r", i);
		wire_lab_create(&lab, name, &(struct wire_iface){.link = from[0]},
			&(struct wire_iface){.link = from[1]});
		ids[0] = lab.lan;
		ids[1] = lab.wan;
		prepare(&lab, c);
		dp_links_plan(wire_txn());
		for (unsigned int l = 0; l < 2; l++) {
			const struct txn_iface *item = &wire_txn()->ifaces.items[l];
			const struct dp_link_spec *spec;

			assert_int_equal(item->less, c->less[l]);
			assert_int_equal(item->more, c->more[l]);
			wire_txn()->step = TXN_LESS;
			spec = dp_link_at_step(wire_txn(), item);
			assert_true((spec != NULL) == c->less[l]);
			if (spec != NULL) {
				assert_int_equal(spec->rate_bps, c->first[l][0] * M);
				assert_int_equal(spec->min_bps, c->first[l][1] * M);
			}
			wire_txn()->step = TXN_OBJECTS;
			assert_null(dp_link_at_step(wire_txn(), item));
			wire_txn()->step = TXN_MORE;
			spec = dp_link_at_step(wire_txn(), item);
			assert_true((spec != NULL) == c->more[l]);
			if (spec != NULL)
				assert_int_equal(spec->rate_bps, c->to[l][0] * M);
		}
		wire_abort();
		for (unsigned int l = 0; l < 2; l++)
			assert_memory_equal(dp_link_get(ids[l]), &from[l], sizeof(from[l]));
		prepare(&lab, c);
		wire_commit();
		for (unsigned int l = 0; l < 2; l++) {
			struct dp_link_spec to = link_of(c->to[l][0], c->to[l][1]);

			assert_memory_equal(dp_link_get(ids[l]), &to, sizeof(to));
		}
		wire_poll(1); /* what comes is announced */
		wire_discard();
		wire_lab_passes(&lab);
		wire_begin();
		wire_vr_del(lab.vr);
		wire_commit();
		assert_null(dp_link_get(ids[0]));
	}
}

/* Capacity and share in Mbit/s (0: none), and what a port has while links give what they must. */
static const struct {
	uint64_t from[2], to[2], first[2];
	bool gives;
} ports[] = {
	{{100, 80}, {50, 40}, {100, 80}, true},
	{{50, 40}, {100, 80}, {100, 80}, false},
	{{100, 50}, {80, 70}, {100, 70}, true},
	{{100, 50}, {100, 40}, {100, 50}, true},
	{{0, 0}, {100, 50}, {0, 0}, true},
	{{100, 50}, {0, 0}, {0, 0}, false},
	{{100, 50}, {100, 0}, {100, 0}, false},
};

/* What a port loses, it loses when its links have given it up, and they do so first. */
static void test_ports(void **state)
{
	struct dp_port_spec spec = {.name = "p1", .mtu = 1500};
	struct dp_link_spec had = link_of(10, 5), gets = link_of(4, 2);
	struct wire_lab lab = {0};
	struct txn_port *item;
	struct port *port;

	(void)state;
	wire_lab_create(&lab, "t/r", NULL, &(struct wire_iface){.link = had});
	port = port_table[wire_port_id(1)];
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		spec.capacity_bps = ports[i].from[0] * M;
		spec.share_bps = ports[i].from[1] * M;
		wire_begin();
		assert_int_equal(
			dp_txn_port_set(wire_txn(), wire_port_id(1), &spec, wire_err()), 0);
		wire_commit();
		assert_int_equal(port->capacity_bps, ports[i].from[0] * M);
		spec.capacity_bps = ports[i].to[0] * M;
		spec.share_bps = ports[i].to[1] * M;
		wire_begin();
		assert_int_equal(
			dp_txn_port_set(wire_txn(), wire_port_id(1), &spec, wire_err()), 0);
		assert_int_equal(dp_txn_link_set(wire_txn(), lab.wan, &gets, wire_err()), 0);
		item = &wire_txn()->ports.items[0];
		assert_int_equal(dp_sched_port_gives(item), ports[i].gives);
		dp_links_plan(wire_txn());
		assert_int_equal(wire_txn()->less, ports[i].gives);
		dp_sched_port_set(item, true);
		assert_int_equal(port->capacity_bps, ports[i].first[0] * M);
		assert_int_equal(port->share_bps, ports[i].first[1] * M);
		assert_int_equal(
			port->sched->core.limited ? port->sched->core.capacity.rate_bps : 0,
			ports[i].first[0] * M);
		wire_commit();
		assert_int_equal(port->capacity_bps, ports[i].to[0] * M);
		assert_int_equal(port->share_bps, ports[i].to[1] * M);
		assert_int_equal(port->scheduled, ports[i].to[0] != 0);
		assert_int_equal(
			port->sched->core.limited ? port->sched->core.capacity.rate_bps : 0,
			ports[i].to[0] * M);
		assert_memory_equal(dp_link_get(lab.wan), &gets, sizeof(gets));
		assert_int_equal(dp_links_set(&lab.wan, &had, 1, wire_err()), 0);
	}
	spec = (struct dp_port_spec){.name = "p1", .mtu = 1500};
	wire_begin();
	assert_int_equal(dp_txn_port_set(wire_txn(), wire_port_id(1), &spec, wire_err()), 0);
	wire_commit();
}

static int start(void **state)
{
	(void)state;
	return wire_start(1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_plan),
		WIRE_TEST(test_ports),
	};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
