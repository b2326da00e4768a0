/* SPDX-License-Identifier: BSD-3-Clause */
/* How the parts of a site fit together. Pure. */
#ifndef HPSR_CONFIG_CHECK_H
#define HPSR_CONFIG_CHECK_H

#include <stdint.h>

#include "config/diag.h"
#include "config/model.h"

/* Packet buffers that a running or planned dataplane has, and what its ports hold of them. */
struct check_bufs {
	uint64_t total;      /* 0: sized from the file itself (eal.memory auto), no check */
	uint64_t per_port;   /* descriptors of a port's rings and its transmit buffer */
	uint64_t per_router; /* hold queues of neighbours, packets in work */
	uint64_t fixed;      /* caches of the workers */
};

/* Buffers that the site's queues, ports and routers can hold at the same time. */
uint64_t check_bufs_needed(const struct model_site *site, const struct check_bufs *bufs);

/* Every fault goes to diag. 0, or -EINVAL when there was an error (warnings alone are 0). */
int check_site(const struct model_site *site, const struct check_bufs *bufs, struct diag *diag);
/* The same for what was read of a file with faults, for site_parse: nothing is said that may follow
 * from a fault reported already (names are "", addresses IP_AF_NONE there). */
void check_site_partial(const struct model_site *site, struct diag *diag);

#endif
