/* SPDX-License-Identifier: BSD-3-Clause */
/* A plan judged anew from nothing but the site files and the map that come out of it. */
#ifndef HPSR_TEST_VXDL_PLAN_MODEL_H
#define HPSR_TEST_VXDL_PLAN_MODEL_H

#include "ctrl/plan/plan.h"

/* Fails the test where a site file is refused by parser or check, where at any multiple of STEP_S
 * from FROM to TO a port, a link, a slice or a VLAN has more than it can, where a VNI has not two
 * ends of one link that see each other, or where routes do not lead to their network. */
void plan_model_judge(const struct plan *plan, uint64_t from_s, uint64_t to_s, uint64_t step_s);

#endif
