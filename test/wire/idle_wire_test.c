/* SPDX-License-Identifier: BSD-3-Clause */
/* Shaped links that have nothing to send cost nothing: ten busy ones among ten thousand are as much
 * work (entries in timing wheels, turn by turn) as ten alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/dp_state.h"
#include "dataplane/portsched.h"
#include "wire.h"

#define MS UINT64_C(1000000)
#define LINKS 10000
#define BUSY 10
#define STEPS 400

struct work {
	uint64_t entries[STEPS], frames;
	unsigned int most;
};

static uint32_t host_of(unsigned int link)
{
	return UINT32_C(0x0b000002) + (link << 8);
}

/* Links of all places and both disciplines, out of port 1. */
static void links_add(const struct wire_lab *lab, unsigned int n, struct dp_neigh_spec *neighbors)
{
	for (unsigned int i = 0; i < n; i++) {
		struct wire_iface iface = {.port = 1,
			.outer = (uint16_t)(100 + i / 2000),
			.vlan = (uint16_t)(1 + i % 2000),
			.link = wire_link(1000000, 2000, 100000, 100)};
		char name[16], address[32], host[32];
		dp_iface_id id;

		iface.link.at = DP_AT_VIF_IN + (enum dp_place)(i % 3);
		iface.link.by = i % 2 == 0 ? DP_BY_TBF : DP_BY_PSP;
		snprintf(name, sizeof(name), "i%u", i);
		snprintf(address, sizeof(address), "11.%u.%u.1/24", i >> 8, i & 255);
		snprintf(host, sizeof(host), "11.%u.%u.2", i >> 8, i & 255);
		iface.name = name;
		iface.address = i < BUSY ? address : NULL;
		id = wire_iface_add(lab->vr, &iface);
		if (i < BUSY)
			neighbors[i] = wire_neigh(id, host, B_MAC);
	}
}

static void run(unsigned int n, struct work *work)
{
	struct dp_neigh_spec neighbors[BUSY];
	struct wire_lab lab = {0};
	const struct sched *sched;
	const struct ctx *ctx;

	memset(work, 0, sizeof(*work));
	wire_lab_create(&lab, n == BUSY ? "few/r" : "many/r", NULL, NULL);
	wire_begin();
	links_add(&lab, n, neighbors);
	wire_neighbors_set(lab.vr, neighbors, BUSY);
	wire_commit();
	ctx = &dp.workers[0].ctx;
	sched = port_table[wire_port_id(1)]->sched;
	wire_poll(2);
	wire_discard();
	for (unsigned int step = 0; step < STEPS; step++) {
		for (unsigned int link = 0; link < BUSY; link++) {
			struct frame f;

			frame_udp(&f, &lab.from_a,
				&(struct frame_ip){.src = A_IP, .dst = host_of(link)}, 1, 2, 500,
				1);
			if (step % 2 == 0)
				wire_send(0, &f);
		}
		wire_advance_ns(MS);
		wire_poll(1);
		work->entries[step] = ctx->wheel.count + sched->core.wheel.count;
		if (work->entries[step] > work->most)
			work->most = (unsigned int)work->entries[step];
		work->frames += wire_discard();
	}
	wire_begin();
	wire_vr_del(lab.vr);
	wire_commit();
	wire_discard();
}

static void test_idle(void **state)
{
	static struct work few, many;

	(void)state;
	run(BUSY, &few);
	run(LINKS, &many);
	assert_memory_equal(few.entries, many.entries, sizeof(few.entries));
	assert_int_equal(few.frames, many.frames);
	assert_int_equal(few.most, BUSY);
	assert_true(few.frames > STEPS);
}

static int start(void **state)
{
	(void)state;
	return wire_start(1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_idle),
	};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
