/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/rest.h"

#include <rte_cycles.h>

#include "dataplane/epoch.h"
#include "dataplane/worker.h"

#define WAIT_MIN_NS 5000 /* shorter waits are no use */
/* Longest waits beside ports that cannot wake it, or that take no frames: soon, and after a longer
 * silence a ten-thousandth of that. */
#define LOOK_SOON_NS 100000
#define LOOK_MAX_NS 1000000
#define LOOK_PART 10000
#define VAIN_MAX 8     /* wake-ups that brought nothing, one behind the other */
#define LINK_WAKE_MS 4 /* awake so long before a virtual link's turn */

/* For how long there is nothing to do if no packet comes: not past the next timer, and not at all
 * while a virtual link's turn is near. A sleeper comes back when the kernel finds the time, and a
 * bucket that overflows meanwhile is rate that its tenant has lost. */
static uint64_t wait_ns(const struct worker *worker)
{
	const struct ctx *ctx = &worker->ctx;
	uint64_t now = rte_rdtsc(), hz = rte_get_tsc_hz(), early = LINK_WAKE_MS * hz / 1000;
	uint64_t link = RTE_MIN(wheel_next(&ctx->wheel), ctx_due_tsc(ctx));
	uint64_t due = RTE_MIN(wheel_next(&ctx->neigh_wheel), wheel_next(&ctx->probe_wheel));

	due = RTE_MIN(due, link - RTE_MIN(link, early));
	due = RTE_MIN(due, worker->link_check_tsc);
	return due <= now ? 0 : (uint64_t)((double)(due - now) * NS_PER_S / (double)hz);
}

static void rest_end(struct worker *worker)
{
	if (worker->rest.begun)
		idle_end(&worker->idle, worker->rx, worker->n_rx);
	worker->rest.begun = false;
}

static void rest_begin(struct worker *worker)
{
	struct rest *rest = &worker->rest;

	rest->begun = true;
	rest->calls = worker->calls;
	rest->all = idle_begin(&worker->idle, worker->rx, worker->n_rx);
}

/* When to look at the ports again that do not tell. */
static uint64_t look_ns(struct worker *worker)
{
	struct rest *rest = &worker->rest;
	double silent_s = (double)(worker->ctx.now_tsc - rest->idle_tsc) / (double)rte_get_tsc_hz();
	uint64_t ns = rest->look_ns;

	rest->look_ns = RTE_MIN(ns * 2, (uint64_t)LOOK_SOON_NS);
	if (silent_s * NS_PER_S < (double)LOOK_SOON_NS * LOOK_PART)
		return ns;
	return (uint64_t)RTE_MIN(silent_s * NS_PER_S / LOOK_PART, (double)LOOK_MAX_NS);
}

static void rest_wait(struct worker *worker, uint64_t ns)
{
	struct rest *rest = &worker->rest;
	bool deaf;

	rest->vain += rest->woken;
	/* A descriptor that is readable and brings nothing must not keep it running. */
	deaf = rest->vain >= VAIN_MAX;
	if (!rest->all || deaf || ctx_refused(&worker->ctx))
		ns = RTE_MIN(ns, look_ns(worker));
	epoch_pause(worker->ctx.index);
	rest->woken = idle_wait(&worker->idle, worker->rx, deaf ? 0 : worker->n_rx, ns);
	epoch_resume(worker->ctx.index);
}

void rest_reset(struct worker *worker, uint64_t now_tsc)
{
	rest_end(worker);
	worker->rest = (struct rest){.idle_tsc = now_tsc, .look_ns = WAIT_MIN_NS};
}

bool rest_step(struct worker *worker)
{
	struct rest *rest = &worker->rest;
	uint64_t ns;

	/* What a call has changed, the ports among it, is looked at afresh. */
	if (rest->begun && rest->calls != worker->calls)
		rest_end(worker);
	ns = wait_ns(worker);
	if (ns < WAIT_MIN_NS) {
		rest_end(worker);
		return false;
	}
	if (!rest->begun) {
		rest_begin(worker);
		return false;
	}
	rest_wait(worker, ns);
	rest_end(worker);
	return true;
}
