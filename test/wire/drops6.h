/* SPDX-License-Identifier: BSD-3-Clause */
/* One frame for each reason for a drop that IPv6 has, or that is hostile in either family. */
#ifndef HPSR_TEST_WIRE_DROPS6_H
#define HPSR_TEST_WIRE_DROPS6_H

#include <stdbool.h>

#include "dataplane/drop.h"

/* Add a router with IPv6 on VLAN 66 and send it what is dropped for REASON, once, and for no
 * other; false: the reason is none of these. */
bool drops6_make(enum drop_reason reason);

#endif
