/* SPDX-License-Identifier: BSD-3-Clause */
/* What build/bench/sched compares: each is opened with a number of links and then runs parts, in
 * turn with the others. A part takes bursts of frames of random links in and lets as many out; only
 * these two are on the clock, not the making and freeing of frames. */
#ifndef HPSR_BENCH_SCHED_BENCH_H
#define HPSR_BENCH_SCHED_BENCH_H

#include <rte_cycles.h>
#include <rte_mbuf.h>

#include "dataplane/ctx.h"

#define BURST 64
#define FRAME 60           /* bytes, without FCS */
#define LINKS_MAX 60000u   /* busy and idle together */
#define BUSY_MAX 16384u    /* links that frames come for */
#define WAITING_MAX 12000u /* frames of one contestant that wait at a time, about */

extern struct rte_mempool *bench_pool;

/* A random number below BELOW; STATE is the caller's. Neighbours in time are not neighbours in
 * memory. */
static inline uint32_t bench_random(uint64_t *state, uint32_t below)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)((*state >> 32) * below >> 32);
}

/* A frame, or the end of the program. */
struct rte_mbuf *bench_frame(void);

/* A contestant. open: 0 or -1, with BUSY links that frames come for and IDLE ones beside them.
 * part: cycles a packet over BURSTS bursts. */
struct contestant {
	const char *name;
	int (*open)(unsigned int busy, unsigned int idle);
	double (*part)(unsigned int bursts);
};

extern const struct contestant port_scheduler;     /* place 4: dataplane/portsched */
extern const struct contestant port_device;        /* what it spends in the device */
extern const struct contestant link_tbf, link_psp; /* place 2: dataplane/vlink and the wheel */
extern const struct contestant police_tbf;         /* place 1 */
extern const struct contestant peer_sched;         /* librte_sched: a pipe a link */
extern const struct contestant peer_meter;         /* librte_meter: srTCM (RFC 2697) */

#endif
