/* SPDX-License-Identifier: BSD-3-Clause */
/* A port's scheduler: whose frame leaves next when more want to than the port takes. Belongs to the
 * worker that polls the port; frames of others reach it over their rings.
 *
 * It is lazy. While nobody waits and the capacity covers what a worker has staged, the burst goes
 * to the device as it is, for one update of a bucket. Only when it does not are frames sorted into
 * queues: one for each reserved link, one for each virtual router's best effort, one for the
 * router's own packets; lib/psched then says whose turn it is. Bytes of the port are those of
 * frames without FCS. A port without a capacity of its own is scheduled only for links held at the
 * port. */
#ifndef HPSR_DATAPLANE_PORTSCHED_H
#define HPSR_DATAPLANE_PORTSCHED_H

#include "dataplane/ctx.h"
#include "lib/psched.h"

/* Best effort of all virtual routers on a port together. One of them may take as much as is left,
 * so that the last always finds room (dynamic thresholds: Choudhury and Hahne, 1998). */
#define SCHED_BEST_EFFORT_PACKETS 1024u
#define SCHED_BEST_EFFORT_BYTES (UINT64_C(2) << 20)
#define SCHED_CONTROL_PACKETS 256u
/* Buffers that a port's scheduler can hold beside the queues of reserved links. */
#define SCHED_BUFS (SCHED_BEST_EFFORT_PACKETS + SCHED_CONTROL_PACKETS + PORT_TXQ_LEN)

/* Frames that wait for one leaf. */
struct sched_queue {
	struct pkt_list list;
	uint32_t packets, limit_packets;
	uint64_t bytes, limit_bytes; /* as the leaf counts them */
	bool best_effort;            /* its limit is what all best effort leaves */
	struct psched_leaf leaf;
};

/* An interface as its port's scheduler sees it. */
struct sched_slot {
	struct sched_queue *queue; /* own, or its virtual router's on this port */
	uint64_t entered_packets, entered_bytes, left_packets, left_bytes;
	uint64_t waiting_packets, waiting_bytes;
	uint64_t held_packets, held_bytes;  /* that left while the link was held here */
	uint64_t full, down, stopped, gone; /* of those that entered: dropped, and why */
	uint32_t taken_over;                /* of iface->handed_over */
	struct sched_queue own;             /* of a reserved link */
	struct sched_queue *shared;         /* of the virtual router's best effort */
	bool ending;                  /* held until its queue is empty, for the sake of the rate */
	struct psched_leaf_conf conf; /* from then on, and the limits: */
	uint32_t limit_packets;
	uint64_t limit_bytes;
	dp_iface_id id;
	dp_vr_id vr; /* whose interface it is */
	struct sched_slot *next_of_port, **pprev_of_port;
};

struct sched {
	struct psched core;
	uint32_t backlog;     /* frames in all queues */
	uint32_t n_out;       /* picked, or refused by the device */
	uint32_t n_hold;      /* leaves held to their rate here */
	uint32_t frame_bytes; /* the port's largest */
	uint64_t due_tsc;     /* nothing to be done before, unless something is staged */
	uint32_t best_effort_packets;
	uint64_t best_effort_bytes;
	struct sched_queue control;
	struct sched_queue orphans; /* frames whose interface is not, or no longer, known */
	struct sched_slot *first;
	struct rte_mbuf *out[PORT_TXQ_LEN];
	uint8_t out_class[PORT_TXQ_LEN];
	uint16_t out_bytes[PORT_TXQ_LEN];
	struct sched_slot *slots[IFACE_ID_MAX + 1]; /* by interface; touched where used */
};

/* ---- control thread ---- */

/* NULL: out of memory. Without a capacity. */
struct sched *sched_create(uint64_t now_tsc);
void sched_destroy(struct sched *sched);
/* 0 or -ERANGE: a capacity or share that cannot be. */
int sched_check(uint64_t capacity_bps, uint64_t share_bps);
/* Of a new interface; its virtual router's queue for the port is SHARED. NULL: out of memory. */
struct sched_slot *sched_slot_create(dp_iface_id id, dp_vr_id vr, struct sched_queue *shared);
void sched_slot_destroy(struct sched_slot *slot);
/* A virtual router's best effort on a port, by weight. NULL: out of memory. */
struct sched_queue *sched_queue_create(uint32_t weight);
void sched_queue_destroy(struct sched_queue *queue);
/* 0 or -ERANGE: a rate or burst that a port cannot hold. */
int sched_link_check(const struct dp_link_spec *spec, const struct iface *iface);

/* ---- the worker that polls the port ---- */

/* Checked values take effect; what waits stays. */
void sched_set(struct sched *sched, uint64_t capacity_bps, uint64_t share_bps, uint32_t frame_bytes,
	uint64_t now_tsc);
void sched_slot_add(struct sched *sched, struct sched_slot *slot);
/* A checked link takes effect. Frames of one that is not reserved any more go to best effort; one
 * that is not held here any more stays so until its queue is empty. */
void sched_slot_set(struct ctx *ctx, struct sched *sched, struct sched_slot *slot,
	const struct dp_link_spec *spec, uint32_t frame_bytes);
/* Between the two its queue takes all: what waited at another place of the link comes. */
void sched_slot_open(struct sched_slot *slot);
void sched_slot_close(struct sched_slot *slot);
/* Drop what waits, for REASON. */
void sched_slot_purge(
	struct ctx *ctx, struct sched *sched, struct sched_slot *slot, enum drop_reason reason);
/* Purge it as gone, and forget it. */
void sched_slot_del(struct ctx *ctx, struct sched *sched, struct sched_slot *slot);
/* Drop everything: the port has no link, or goes. */
void sched_purge(struct ctx *ctx, struct sched *sched);

/* Send what is staged and what waits, as far as the port takes it now. */
void sched_flush(struct ctx *ctx, struct port_txq *txq);

/* A frame of the interface has come over a ring, whatever becomes of it. */
static inline void sched_slot_taken_over(struct sched *sched, uint32_t id)
{
	struct sched_slot *slot = sched->slots[id];

	if (slot != NULL)
		__atomic_store_n(&slot->taken_over, slot->taken_over + 1, __ATOMIC_RELAXED);
}

static inline bool sched_waits(const struct sched *sched)
{
	return (sched->backlog | sched->n_out) != 0;
}

#endif
