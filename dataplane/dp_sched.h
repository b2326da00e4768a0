/* SPDX-License-Identifier: BSD-3-Clause */
/* How a transaction reaches the ports' schedulers: what is prepared before, and what each worker
 * does for the ports that it polls. */
#ifndef HPSR_DATAPLANE_DP_SCHED_H
#define HPSR_DATAPLANE_DP_SCHED_H

#include "dataplane/dp_txn.h"
#include "dataplane/portsched.h"

/* ---- control thread ---- */

/* Give a new interface its place on the port. 0, -ENOMEM or -ERANGE with err. */
int dp_sched_prepare(struct iface *iface, const struct dp_link_spec *spec, char *err);
/* Is the link one that the port holds to its rate? */
bool dp_sched_holds(const struct dp_link_spec *spec);
/* How many links each port will hold; call once, before publishing. */
void dp_sched_count(struct dp_txn *txn);
/* Let ports be scheduled (ON) that now must, or not (!ON) that need not any more. */
void dp_sched_modes(bool on);
/* Does a port that changes get less capacity, or less of it for links? Before it changes. */
bool dp_sched_port_gives(const struct txn_port *item);
/* A port gets its capacity and share, in two steps: FIRST what is more than before, and when links
 * that get less have it, the rest. So what links have been promised fits at each moment. */
void dp_sched_port_set(const struct txn_port *item, bool first);
/* A port's MTU has changed. */
void dp_sched_port_mtu_changed(struct port *port);
/* Packets that wait before the port on a link that it holds now move there. */
void dp_sched_move(struct dp_txn *txn);
/* Interfaces that went: nothing of theirs is on its way or waits when this returns. */
void dp_sched_retire(struct dp_txn *txn);
/* Drop what waits of a stopped virtual router. */
void dp_sched_stop(struct vr *vr);

/* Packets and bytes that an interface has sent: staged, but neither waiting nor dropped since. */
void dp_sched_sent(struct iface *iface, uint64_t *packets, uint64_t *bytes);
/* Add what waits and what was dropped at the port. */
void dp_sched_drops(const struct iface *iface, uint64_t drops[DROP_REASON_COUNT]);
void dp_sched_queued(const struct iface *iface, uint64_t *packets, uint64_t *bytes);

/* ---- each worker, by worker_call ---- */

/* ARG is the port: who sends for whom. */
void dp_sched_mode(struct ctx *ctx, void *arg);
/* ARG is the transaction: interfaces that come, and links that change in its step. */
void dp_sched_publish(struct ctx *ctx, void *arg);

#endif
