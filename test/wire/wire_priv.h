/* SPDX-License-Identifier: BSD-3-Clause */
/* Between wire.c and lab.c. */
#ifndef HPSR_TEST_WIRE_WIRE_PRIV_H
#define HPSR_TEST_WIRE_WIRE_PRIV_H

#include "wire.h"

struct wire_state {
	struct dp_txn *txn; /* open */
	char err[DP_ERR_LEN];
	dp_port_id port_ids[WIRE_PORTS];
};

extern struct wire_state wire;

#endif
