/* SPDX-License-Identifier: BSD-3-Clause */
/* One packet for each reason for a drop that guards have. */
#ifndef HPSR_TEST_WIRE_DROPS_GUARD_H
#define HPSR_TEST_WIRE_DROPS_GUARD_H

#include "wire.h"

/* Give the usual router the guard that drops for REASON, and send from A what it drops, once. */
void drops_guard_make(const struct wire_lab *lab, enum drop_reason reason);

#endif
