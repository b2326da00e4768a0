/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual link's own shaper: a frame that its bucket refuses is queued and armed in the worker's
 * wheel, and let go when it is due. On a clock of its own, which a burst's time goes by between two
 * bursts. A link has so many frames, which go round: what it let go comes again, in random order.
 */
#include <stdlib.h>

#include "bench/sched_bench.h"
#include "dataplane/vlink.h"

#define WHEEL_TICK_SHIFT 7 /* the worker's */
#define AHEAD 4
#define FRAMES_MIN 256u

struct group {
	struct ctx ctx;
	struct vlink **links;
	uint32_t *pool; /* links that have a frame to send */
	uint32_t n_pool, n_links;
	uint64_t state, step_tsc;
};

static struct group tbf_group, psp_group, police_group;
static struct port any_port;
static struct iface any_iface = {.name = "bench", .port = &any_port, .mtu = 1500, .l2_len = 14};

static int open_group(
	struct group *g, enum dp_place at, enum dp_shaper by, unsigned int busy, unsigned int idle)
{
	uint64_t step_ns = 1000, bps = UINT64_C(8) * FRAME * BURST * (1000000000 / step_ns) / busy;
	struct dp_link_spec spec = {.at = at,
		.by = by,
		.rate_bps = bps,
		.burst_bytes = (uint64_t)4 * FRAME,
		.queue_packets = 1u << 20,
		.queue_bytes = UINT64_C(1) << 31};
	/* Each link has frames waiting and in the pool. */
	uint32_t each = RTE_MAX(FRAMES_MIN / busy, busy * 4 <= WAITING_MAX ? 4u : 2u);
	char err[DP_ERR_LEN];

	g->links = calloc(busy + idle, sizeof(struct vlink *));
	g->pool = malloc(sizeof(*g->pool) * busy * each);
	if (g->links == NULL || g->pool == NULL)
		return -1;
	g->ctx.now_tsc = rte_get_tsc_hz();
	g->step_tsc = rte_get_tsc_hz() * step_ns / 1000000000;
	g->n_links = busy;
	g->state = 1;
	wheel_init(&g->ctx.wheel, WHEEL_TICK_SHIFT, g->ctx.now_tsc);
	for (uint32_t i = 0; i < busy + idle; i++)
		if (vlink_create(&spec, &any_iface, g->ctx.now_tsc, &g->links[i], err) < 0) {
			fprintf(stderr, "sched: %s\n", err);
			return -1;
		}
	for (uint32_t i = 0; i < busy * each; i++)
		g->pool[g->n_pool++] = i % busy;
	return 0;
}

struct frames {
	unsigned int n;
	uint32_t link[BURST];
	struct rte_mbuf *m[BURST];
};

static void make(struct group *g, struct frames *f)
{
	f->n = RTE_MIN(g->n_pool, (uint32_t)BURST);
	for (unsigned int i = 0; i < f->n; i++) {
		uint32_t at = bench_random(&g->state, g->n_pool);

		f->link[i] = g->pool[at];
		g->pool[at] = g->pool[--g->n_pool];
		f->m[i] = bench_frame();
		pkt_meta(f->m[i])->class = PKT_FORWARDED;
		/* Whose it is, for when it comes out. */
		pkt_meta(f->m[i])->iface = f->link[i];
	}
}

/* Take the frames in, let out what is due, up to MAX. */
static unsigned int turn(
	struct group *g, const struct frames *f, struct rte_mbuf **out, unsigned int max)
{
	struct vlink *due[BURST];
	unsigned int n = 0, n_due;

	for (unsigned int i = 0; i < f->n; i++) {
		struct vlink *link = g->links[f->link[i]];
		struct rte_mbuf *m = f->m[i];

		if (i + AHEAD < f->n) /* as the pipeline does */
			vlink_prefetch(g->links[f->link[i + AHEAD]]);
		if (vlink_pass(link, m->pkt_len, g->ctx.now_tsc)) {
			out[n++] = m;
			continue;
		}
		pkt_meta(m)->link_bytes = (uint16_t)m->pkt_len;
		pkt_meta(m)->rx_tsc = g->ctx.now_tsc;
		vlink_enqueue(&g->ctx, link, m);
	}
	while (n < max && (n_due = vlink_expire(&g->ctx, due, RTE_MIN(max - n, BURST))) > 0)
		for (unsigned int i = 0; i < n_due; i++)
			n += vlink_dequeue(&g->ctx, due[i], out + n, max - n);
	return n;
}

static double part_of(struct group *g, unsigned int bursts)
{
	struct rte_mbuf *out[4 * BURST];
	uint64_t cycles = 0, packets = 0;
	struct frames f;

	for (unsigned int r = 0; r < bursts; r++) {
		unsigned int n;
		uint64_t start;

		make(g, &f);
		g->ctx.now_tsc += g->step_tsc;
		start = rte_rdtsc();
		n = turn(g, &f, out, 4 * BURST);
		cycles += rte_rdtsc() - start;
		packets += n;
		for (unsigned int i = 0; i < n; i++)
			g->pool[g->n_pool++] = pkt_meta(out[i])->iface;
		rte_pktmbuf_free_bulk(out, n);
	}
	return packets > 0 ? (double)cycles / (double)packets : 0;
}

/* Conform or not, for frames of random links: half of them do. */
static double police(unsigned int bursts)
{
	struct group *g = &police_group;
	uint64_t cycles = 0, passed = 0;
	struct frames f;

	for (unsigned int r = 0; r < bursts; r++) {
		uint64_t start;

		f.n = BURST;
		for (unsigned int i = 0; i < BURST; i++)
			f.link[i] = bench_random(&g->state, g->n_links);
		g->ctx.now_tsc += g->step_tsc / 2;
		start = rte_rdtsc();
		for (unsigned int i = 0; i < BURST; i++)
			passed += vlink_pass(g->links[f.link[i]], FRAME, g->ctx.now_tsc);
		cycles += rte_rdtsc() - start;
	}
	if (passed == 0 || passed == (uint64_t)bursts * BURST)
		return -1;
	return (double)cycles / bursts / BURST;
}

static int open_tbf(unsigned int busy, unsigned int idle)
{
	return open_group(&tbf_group, DP_AT_VIF_IN, DP_BY_TBF, busy, idle);
}

static int open_psp(unsigned int busy, unsigned int idle)
{
	return open_group(&psp_group, DP_AT_VIF_IN, DP_BY_PSP, busy, idle);
}

static int open_police(unsigned int busy, unsigned int idle)
{
	return open_group(&police_group, DP_AT_INGRESS, DP_BY_TBF, busy, idle);
}

static double part_tbf(unsigned int bursts)
{
	return part_of(&tbf_group, bursts);
}

static double part_psp(unsigned int bursts)
{
	return part_of(&psp_group, bursts);
}

const struct contestant link_tbf = {"link_tbf", open_tbf, part_tbf};
const struct contestant link_psp = {"link_psp", open_psp, part_psp};
const struct contestant police_tbf = {"police_tbf", open_police, police};
