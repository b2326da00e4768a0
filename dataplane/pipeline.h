/* SPDX-License-Identifier: BSD-3-Clause */
/* The packet's path. Everything runs on the worker that owns ctx. */
#ifndef HPSR_DATAPLANE_PIPELINE_H
#define HPSR_DATAPLANE_PIPELINE_H

#include "dataplane/ctx.h"
#include "dataplane/input.h"
#include "dataplane/vlink.h"

/* N frames (up to PKT_BURST) that a port has received. Takes the mbufs. */
void pipeline_receive(struct ctx *ctx, struct port *port, struct rte_mbuf **m, unsigned int n);
/* The same while the worker does not keep up: into the routers' input queues. */
void pipeline_queue(struct ctx *ctx, struct port *port, struct rte_mbuf **m, unsigned int n);
/* The same of frames that another worker has received and classified. */
void pipeline_queue_handed(struct ctx *ctx, struct rte_mbuf **m, unsigned int n);
/* N frames that another worker has received and classified: their metadata is filled in. */
void pipeline_take_over(struct ctx *ctx, struct rte_mbuf **m, unsigned int n);
/* N packets out of input queues, up to PKT_BURST. */
void pipeline_serve(struct ctx *ctx, const struct input_item *items, unsigned int n);
/* The time of N virtual links has come (vlink_expire): let go what their buckets allow, of each up
 * to a burst. */
void pipeline_release(struct ctx *ctx, struct vlink **links, unsigned int n_links);
/* Route again what waited for neighbours that have answered. True: there was something. */
bool pipeline_ready(struct ctx *ctx);

#endif
