/* SPDX-License-Identifier: BSD-3-Clause */
/* What happens in the dataplane by itself and an operator wants in the log: peers that fall silent,
 * and come back. Each once. Control thread only. */
#ifndef HPSR_CTRL_EVENTS_H
#define HPSR_CTRL_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "ctrl/running.h"

struct events_probe {
	uint32_t iface;
	uint32_t ups, downs; /* that are in the log already */
};

/* An all-zero struct events is empty and valid. */
struct events {
	struct events_probe *probes; /* by interface */
	size_t n_probes;
};

void events_fini(struct events *events);
/* Log what has happened since the last call. 0 or -ENOMEM: what is new is logged at a later call.
 */
int events_tick(struct events *events, const struct running *running);

#endif
