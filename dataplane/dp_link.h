/* SPDX-License-Identifier: BSD-3-Clause */
/* How a transaction reaches the shapers of links that are there already. */
#ifndef HPSR_DATAPLANE_DP_LINK_H
#define HPSR_DATAPLANE_DP_LINK_H

#include "dataplane/dp_txn.h"

/* Which links change in which step, by what they have now: control thread, before publishing. */
void dp_links_plan(struct dp_txn *txn);
/* What a link becomes in the transaction's step; NULL: it does not change in this one. */
const struct dp_link_spec *dp_link_at_step(const struct dp_txn *txn, const struct txn_iface *item);
/* Home worker of the link's interface: a checked spec takes effect. */
void dp_link_publish(struct ctx *ctx, struct txn_iface *item, const struct dp_link_spec *spec);

#endif
