/* SPDX-License-Identifier: BSD-3-Clause */
/* A plan carried out as one transaction of the dataplane: all of it or nothing. */
#ifndef HPSR_CTRL_APPLY_H
#define HPSR_CTRL_APPLY_H

#include "ctrl/idmap.h"
#include "ctrl/reconf.h"
#include "dataplane/dp.h"

struct apply_error {
	struct model_loc loc; /* of the object that failed, in the model that the plan leads to */
	char text[DP_ERR_LEN + 256];
};

/* 0: committed, and *ids names what runs now. Otherwise -errno with *error; the dataplane and *ids
 * are as they were. An empty plan opens no transaction. */
int apply_plan(const struct plan *plan, struct ids *ids, struct apply_error *error);

#endif
