/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters, reverse-path checks, probes and policies in transactions: for the files behind dp.h. */
#ifndef HPSR_DATAPLANE_DP_GUARD_H
#define HPSR_DATAPLANE_DP_GUARD_H

#include "dataplane/dp_txn.h"

/* IFACE is deleted in this transaction: policies that name it go, too. 0 or -errno with err. */
int dp_guards_iface_gone(struct dp_txn *txn, const struct iface *iface, char *err);
/* At the home workers, before interfaces come and go. */
void dp_guards_publish(struct ctx *ctx, struct dp_txn *txn);
/* Free what was prepared and is not published, or was replaced; routers and interfaces that the
 * transaction names are still there. */
void dp_guards_free(struct dp_txn *txn);

#endif
