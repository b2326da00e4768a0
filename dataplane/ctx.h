/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker's own state as the stages see it: its clock, buffers, timers, books and the queues to
 * its ports and to the other workers. One thread writes it; nothing in it is shared but the rings.
 */
#ifndef HPSR_DATAPLANE_CTX_H
#define HPSR_DATAPLANE_CTX_H

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "dataplane/dp.h"
#include "dataplane/iface.h"
#include "dataplane/latency.h"
#include "dataplane/pkt.h"
#include "dataplane/port.h"
#include "lib/drr.h"
#include "lib/wheel.h"

#define CTX_WORKERS_MAX 64
#define CTX_HOLD_SHARED 2048u /* see VR_HOLD_OWN */
#define CTX_RING_LEN 1024     /* packets on their way from one worker to another */
#define CTX_MOVING_MAX 4096u  /* packets kept for a router that changes workers */

struct underlay;
struct vr;

/* The queues before the virtual routers; see input.h. */
struct input {
	bool off;      /* packets are forwarded as they come, whoever floods */
	bool queueing; /* they are queued, and routers take turns */
	bool handed;   /* some go to other workers */
	uint32_t waiting, shared_free;
	uint32_t n_active; /* routers that have sent lately */
	uint32_t n_low;    /* of them, those that lack packets to use their share of this round */
	uint32_t round;    /* of the round robin */
	uint32_t epoch;
	uint32_t quiet;       /* turns without a full burst */
	uint32_t turns;       /* in which they were queued, up to those after which it is watched */
	bool even;            /* packets are not queued because all want as much: even.h */
	uint64_t window_from; /* packets received when the window began, */
	uint64_t window_packets; /* its length, */
	uint64_t window_tsc;     /* and when it is too old */
	uint64_t handed_before;  /* at the last look */
	uint64_t look_tsc;
	struct drr drr;
};

struct ctx {
	uint64_t now_tsc;   /* read once a burst */
	uint64_t turn_tsc;  /* when this turn of the worker's loop began */
	uint64_t fixed_tsc; /* a test's clock; 0: the real one */
	struct rte_mempool *pool;
	uint8_t index; /* of this worker */
	struct latency latency;
	uint32_t dirty_ports; /* bit by port index: has packets to send */
	struct port_txq *txq[PORT_MAX + 1];

	struct wheel wheel;       /* virtual links, by TSC */
	struct wheel neigh_wheel; /* neighbours' timers */
	struct wheel probe_wheel; /* probes' */
	struct wheel nd_wheel;    /* interfaces' timers of Neighbor Discovery */
	uint32_t held_shared;     /* packets that wait for neighbours beyond VR_HOLD_OWN */
	struct pkt_list ready;    /* whose neighbour has just answered: to be routed again */

	/* The books, for each class c and without what is staged in txq:
	 * in + handed_in[c] == sent + dropped + consumed + queued[c] + handed_out[c] */
	uint64_t received, sent, dropped, consumed;
	uint64_t originated, originated_sent, originated_dropped;
	uint64_t queued[PKT_CLASSES]; /* now */
	uint64_t handed_in[PKT_CLASSES], handed_out[PKT_CLASSES];
	uint64_t drops[DROP_REASON_COUNT];

	/* Single producer, single consumer each; NULL on the diagonal. */
	struct rte_ring *to[CTX_WORKERS_MAX], *from[CTX_WORKERS_MAX];
	/* Finished frames of reserved links and of the router itself. */
	struct rte_ring *first_to[CTX_WORKERS_MAX], *first_from[CTX_WORKERS_MAX];
	unsigned int n_workers;
	struct vr *vrs; /* whose home is here, through next_of_worker */
	uint32_t n_vrs;
	struct input input;
	struct underlay *underlays; /* likewise, of ports */
	bool underlays_changed;     /* a tunnel may go another way, or anyway, now */
	struct pkt_list moving;     /* packets of a router between two workers: dp_move.h */
	uint32_t n_moving;
};

static inline uint64_t ctx_read_tsc(const struct ctx *ctx)
{
	return unlikely(ctx->fixed_tsc != 0) ? ctx->fixed_tsc : rte_rdtsc();
}

void ctx_flush(struct ctx *ctx, struct port_txq *txq);
/* Offer everything staged to the devices; what they do not take stays, up to PORT_TXQ_LEN. */
void ctx_flush_all(struct ctx *ctx);
/* Offer what is staged to the device, in order and by nobody's leave. */
void ctx_send_staged(struct ctx *ctx, struct port_txq *txq);
/* Until when nothing is to be done for what waits on ports; UINT64_MAX: nothing waits. */
uint64_t ctx_due_tsc(const struct ctx *ctx);
/* Does a device have frames to take that it refused before? */
bool ctx_refused(const struct ctx *ctx);

/* Count a packet of the forwarded class as dropped; iface may be NULL (none known). */
static inline void ctx_count_drop(struct ctx *ctx, struct iface *iface, enum drop_reason reason)
{
	ctx->dropped++;
	ctx->drops[reason]++;
	if (iface != NULL)
		iface->drops[reason]++;
}

/* A packet that came in and went no further: count it and free it. */
static inline void ctx_drop(
	struct ctx *ctx, struct iface *iface, struct rte_mbuf *m, enum drop_reason reason)
{
	ctx_count_drop(ctx, iface, reason);
	rte_pktmbuf_free(m);
}

/* The same for a packet of any class, told by its metadata. */
void ctx_drop_meta(
	struct ctx *ctx, struct iface *iface, struct rte_mbuf *m, enum drop_reason reason);
/* The same for one that ctx_queued has counted. */
void ctx_drop_queued(
	struct ctx *ctx, struct iface *iface, struct rte_mbuf *m, enum drop_reason reason);

/* A packet with metadata begins, and ends, to wait. */
static inline void ctx_queued(struct ctx *ctx, struct rte_mbuf *m)
{
	ctx->queued[pkt_meta(m)->class]++;
}

static inline void ctx_unqueued(struct ctx *ctx, struct rte_mbuf *m)
{
	ctx->queued[pkt_meta(m)->class]--;
}

/* Room for N marks more: all that have one are on their way now if there was none. */
static inline void ctx_marks_need(struct ctx *ctx, unsigned int n)
{
	if (likely(ctx->latency.n_marks + n <= LATENCY_MARKS))
		return;
	ctx_flush_all(ctx);
	ctx->latency.n_marks = 1;
}

/* The mark of a packet that came at RX_TSC and has been counted up to COUNTED_TSC (0: not yet). */
static inline unsigned int ctx_mark(struct ctx *ctx, uint64_t rx_tsc, uint64_t counted_tsc)
{
	struct latency *latency = &ctx->latency;

	latency->marks[latency->n_marks] = (struct latency_mark){rx_tsc, counted_tsc};
	return latency->n_marks++;
}

/* What a staged frame's mark says, into its metadata. */
static inline void ctx_mark_read(struct ctx *ctx, unsigned int mark, struct pkt_meta *meta)
{
	struct latency_mark *from;

	if (unlikely(mark == LATENCY_MARK_META))
		return;
	from = &ctx->latency.marks[mark];
	if (mark == LATENCY_UNMARKED) {
		meta->age = LATENCY_AGE_NONE;
		return;
	}
	/* It leaves in the middle of its burst. */
	if (unlikely(from->counted_tsc == 0))
		from->counted_tsc = ctx_read_tsc(ctx);
	meta->rx_tsc = from->rx_tsc;
	meta->age = latency_age(from->counted_tsc - from->rx_tsc);
}

/* Stage a finished frame of interface OUT, marked by MARK, for its port; false: it takes no more,
 * and the caller still owns the mbuf.
 */
static inline bool ctx_stage(struct ctx *ctx, struct port_txq *txq, struct rte_mbuf *m,
	enum pkt_class class, unsigned int mark, dp_iface_id out)
{
	if (unlikely(txq->n >= txq->limit)) {
		ctx_flush(ctx, txq);
		if (txq->n >= txq->limit)
			return false;
	}
	txq->m[txq->n] = m;
	txq->tag[txq->n] = port_tag(out, mark, class);
	txq->n++;
	txq->bytes += m->pkt_len;
	txq->not_forwarded += class != PKT_FORWARDED;
	ctx->dirty_ports |= UINT32_C(1) << (txq->index & 31);
	return true;
}

/* Why ctx_stage has just refused a frame; counts it on the port. */
static inline enum drop_reason ctx_refusal(struct port_txq *txq)
{
	bool down = txq->limit == 0;

	txq->drops[down]++;
	return down ? DROP_PORT_DOWN : DROP_TX_FULL;
}

/* Stage a frame out of iface, in its tunnel's headers where it has one, and count it there; dropped
 * when the port refuses. */
void ctx_transmit(struct ctx *ctx, struct iface *iface, struct rte_mbuf *m, enum pkt_class class);
/* The same of a packet that the histograms know. */
void ctx_transmit_marked(struct ctx *ctx, struct iface *iface, struct rte_mbuf *m,
	enum pkt_class class, unsigned int mark);
/* The port has link, or not: refuse frames for it, and drop what is staged. */
void ctx_set_up(struct ctx *ctx, struct port_txq *txq, bool up);
/* Drop what is staged for a port that goes. */
void ctx_purge_port(struct ctx *ctx, struct port *port);

/* Hand a received packet (metadata filled in) to the home worker of its interface; false: its ring
 * is full, and the caller still owns the mbuf. */
bool ctx_hand_over(struct ctx *ctx, struct iface *iface, struct rte_mbuf *m);
/* Keep such a packet of a router that is between two workers; false: too many are kept. */
bool ctx_keep_moving(struct ctx *ctx, struct rte_mbuf *m);
/* A packet that another worker has handed to this one, which is not, or no longer, its router's:
 * keep it while the router moves, else drop it. */
void ctx_stray(struct ctx *ctx, struct rte_mbuf *m);
/* Up to N packets of a ring that were received at another worker; those that only want to be sent
 * from here are staged on the way. */
unsigned int ctx_take_over(
	struct ctx *ctx, struct rte_ring *from, struct rte_mbuf **m, unsigned int n);

#endif
