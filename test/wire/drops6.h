/* SPDX-License-Identifier: BSD-3-Clause */
/* One frame for each reason for a drop that only IPv6 has. */
#ifndef HPSR_TEST_WIRE_DROPS6_H
#define HPSR_TEST_WIRE_DROPS6_H

#include <stdbool.h>

#include "dataplane/drop.h"

/* Add a router with IPv6 on VLAN 66 and send it what is dropped for REASON, once, and for no
 * other; false: IPv6 has no such reason of its own. */
bool drops6_make(enum drop_reason reason);

#endif
