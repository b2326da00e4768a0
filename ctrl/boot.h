/* SPDX-License-Identifier: BSD-3-Clause */
/* From a site file to a dataplane that can take it. */
#ifndef HPSR_CTRL_BOOT_H
#define HPSR_CTRL_BOOT_H

#include "config/check.h"
#include "config/diag.h"
#include "config/model.h"

/* Parse FILE and check it against the buffers of BUFS (NULL: against those that its own eal.memory
 * gives). 0, or -errno with every fault in diag and *site NULL. The caller destroys *site. */
int boot_load(const char *file, const struct check_bufs *bufs, struct model_site **site,
	struct diag *diag);
/* Start the dataplane that SITE asks for: slices, pool, no objects yet. 0, -EINVAL or -ENOTSUP: the
 * site asks for what this machine does not have; another -errno: it failed. Faults go to diag. */
int boot_dataplane(const struct model_site *site, struct diag *diag);

#endif
