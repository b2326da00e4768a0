/* SPDX-License-Identifier: BSD-3-Clause */
#include "drops_guard.h"

void drops_guard_make(const struct wire_lab *lab, enum drop_reason reason)
{
	struct dp_filter_rule all = {.drop = true,
		.match = {.proto = DP_PROTO_ANY, .sport_last = 65535, .dport_last = 65535}};
	uint32_t src = reason == DROP_RPF ? frame_addr("10.9.0.1") : A_IP;
	struct frame f;
	int rc;

	wire_begin();
	if (reason == DROP_RPF)
		rc = dp_txn_rpf_set(wire_txn(), lab->lan, DP_RPF_STRICT, wire_err());
	else if (reason == DROP_FILTER_IN)
		rc = dp_txn_filter_set(wire_txn(), lab->lan, DP_IN, &all, 1, wire_err());
	else
		rc = dp_txn_filter_set(wire_txn(), lab->wan, DP_OUT, &all, 1, wire_err());
	assert_int_equal(rc, 0);
	wire_commit();
	frame_udp(&f, &lab->from_a, &(struct frame_ip){.src = src, .dst = B_IP}, 1, 2, 72, 1);
	wire_send(0, &f);
	wire_poll(1);
}
