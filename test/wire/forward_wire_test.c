/* SPDX-License-Identifier: BSD-3-Clause */
/* What goes in is what comes out, but for what a router changes. */
#include <string.h>

#include "wire.h"

/* Untagged, VLAN and QinQ in every combination. */
static void test_tags(void **state)
{
	static const struct wire_iface tags[] = {
		{0}, {.vlan = 101}, {.outer = 200, .vlan = 101}, {.vlan = 4094}};

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		for (unsigned int j = 0; j < 4; j++) {
			struct frame in, want;
			struct wire_lab lab = {0};

			wire_lab_create(&lab, "t/r", &tags[i], &tags[j]);
			frame_udp(&in, &lab.from_a,
				&(struct frame_ip){.src = A_IP, .dst = B_IP, .id = 7}, 1000, 2000,
				100, i * 4 + j);
			wire_send(0, &in);
			wire_poll(1);
			frame_forwarded(&want, &in, &lab.at_b);
			wire_expect(1, &want);
			frame_udp(&in, &lab.from_b, &(struct frame_ip){.src = B_IP, .dst = A_IP},
				2000, 1000, 0, i * 4 + j);
			frame_pad(&in, 60);
			wire_send(1, &in);
			wire_poll(1);
			frame_forwarded(&want, &in, &lab.at_a);
			wire_expect(0, &want);
			wire_expect_none();
			wire_begin();
			wire_vr_del(lab.vr);
			wire_commit();
		}
}

static int start(void **state)
{
	(void)state;
	return wire_start(1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(test_tags),
	};

	return cmocka_run_group_tests(tests, start, wire_stop);
}
