/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual routers change workers while packets come, and none is lost or overtaken. Four steps, of
 * one router at a time:
 *
 *   1. its worker forwards what it has of the router, lets go of it, and shows IFACE_MOVING: from
 *      then on who receives hands to the new worker, which keeps what comes
 *   2. every worker has passed its fixed point: nothing more comes to the old one
 *   3. each worker takes over what it was handed: frames of the router that are to be sent are in
 *      the hands of their ports' workers, and what came late to the old one is kept there
 *   4. the new worker takes the router over, then what the old one kept, then what it has itself */
#ifndef HPSR_DATAPLANE_DP_MOVE_H
#define HPSR_DATAPLANE_DP_MOVE_H

#include "dataplane/dp_txn.h"

/* Of the slice's workers, the one with the least weight on it. VR: the router for which is asked,
 * NULL: a new one; what it weighs itself does not count, and it stays where it is when that is as
 * good as any. 0 or -ENOENT with err. */
int dp_move_choose(const struct dp_vr_spec *spec, const struct vr *vr, uint8_t *worker, char *err);
/* Move the routers that the transaction gives another worker, when all else is published. */
void dp_move_publish(struct dp_txn *txn);

#endif
