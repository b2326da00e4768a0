/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire.h"

void wire_flood_input(const struct wire_lab *lab)
{
	struct wire_iface tagged = {.vlan = 9};
	struct wire_lab other = {0};
	struct frame there, back;

	wire_lab_create(&other, "t/other", &tagged, &tagged);
	frame_udp(&there, &lab->from_a, &(struct frame_ip){.src = A_IP, .dst = B_IP}, 1, 2, 18, 1);
	frame_udp(&back, &lab->from_b, &(struct frame_ip){.src = B_IP, .dst = A_IP}, 1, 2, 18, 1);
	/* Until the worker has seen that it does not keep up. */
	for (unsigned int i = 0; i < 4 * 64; i++)
		wire_send(0, &there);
	wire_poll(20);
	for (unsigned int i = 0; i < 256 + 1; i++)
		wire_send(i & 1, i & 1 ? &back : &there);
	wire_poll(100);
}

void wire_flood_punts(const struct wire_lab *lab)
{
	struct frame f;

	frame_echo(&f, &lab->from_a, &(struct frame_ip){.src = A_IP, .dst = LAN_IP}, 8, 1, 1, 8, 1);
	for (unsigned int i = 0; i < 1001; i++) {
		wire_send(0, &f);
		if (i % 32 == 31)
			wire_poll(1);
	}
	wire_poll(1);
}
