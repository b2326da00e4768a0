/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "dataplane/epoch.h"
#include "dataplane/policy.h"
#include "dataplane/input.h"
#include "dataplane/portsched.h"
#include "dataplane/punt.h"
#include "dataplane/vr.h"
#include "lib/slab.h"

/* ICMP errors of one router: 1000 messages a second, 50 at once (RFC 1812 4.3.2.8). A message
 * counts VR_ICMP_COST bytes, whatever its size. */
#define VR_ICMP_PER_SECOND 1000u
#define VR_ICMP_BURST 50u

struct vr *vr_table[VR_MAX + 1];
static struct slab vrs = SLAB_INIT(sizeof(struct vr));
static uint32_t last_id;

static int vr_id_alloc(struct vr *vr)
{
	for (uint32_t tries = 0; tries < VR_MAX; tries++) {
		last_id = last_id % VR_MAX + 1;
		if (vr_table[last_id] == NULL) {
			vr->id = last_id;
			vr_table[last_id] = vr;
			return 0;
		}
	}
	return -ENOSPC;
}

/* Not of a table in preparation: dp_commit.c shows that to the interfaces when it takes its place.
 */
static void fib_moved(void *ctx, const struct fib *fib, uint64_t root)
{
	struct vr *vr = ctx;

	(void)root;
	if (fib != vr->fib4 && fib != vr->fib6)
		return;
	for (struct iface *iface = vr->ifaces; iface != NULL; iface = iface->next_of_vr)
		iface_set_roots(iface, vr->fib4, vr->fib6);
}

struct fib *vr_fib_create(struct vr *vr, enum ip_af af)
{
	struct fib_conf conf = {.af = af, .retire = epoch_retire, .moved = fib_moved, .ctx = vr};

	return fib_create(&conf);
}

int vr_create(const struct dp_vr_spec *spec, uint8_t worker, struct vr **out, char *err)
{
	struct vr *vr = slab_get(&vrs);
	int rc = -ENOMEM;

	if (vr == NULL)
		goto fail;
	vr->learned = adj_learned_create();
	vr->fib4 = vr_fib_create(vr, IP_AF_4);
	if (vr->learned == NULL || vr->fib4 == NULL)
		goto fail;
	nexthop_table_init(&vr->nexthops);
	vr->learned_next = 1; /* 0 is none */
	vr->live_generation = 1;
	vr->worker = worker;
	vr->weight = spec->weight;
	vr->state = DP_VR_RUNNING;
	snprintf(vr->name, sizeof(vr->name), "%s", spec->name);
	rc = tbf_init(&vr->icmp_tbf, VR_ICMP_PER_SECOND * 8 * VR_ICMP_COST,
		VR_ICMP_BURST * VR_ICMP_COST, rte_get_tsc_hz(), rte_rdtsc());
	if (rc == 0)
		rc = punt_init(vr, rte_get_tsc_hz(), rte_rdtsc());
	if (rc == 0)
		rc = vr_id_alloc(vr);
	if (rc < 0)
		goto fail;
	rc = input_create(vr->id, spec->weight);
	if (rc < 0) {
		vr_table[vr->id] = NULL;
		goto fail;
	}
	*out = vr;
	return 0;
fail:
	snprintf(err, DP_ERR_LEN, "vrouter %s: %s", spec->name, strerror(-rc));
	if (vr != NULL) {
		adj_learned_destroy(vr->learned);
		fib_destroy(vr->fib4);
	}
	slab_put(&vrs, vr);
	return rc;
}

void vr_destroy(struct vr *vr)
{
	if (vr == NULL)
		return;
	vr_table[vr->id] = NULL;
	input_destroy(vr->id);
	fib_destroy(vr->fib4);
	fib_destroy(vr->fib6);
	nexthop_table_fini(&vr->nexthops);
	adj_learned_destroy(vr->learned);
	free(vr->permanent);
	policies_destroy(vr->policies);
	for (unsigned int i = 0; i <= PORT_MAX; i++)
		sched_queue_destroy(vr->best_effort[i]);
	slab_put(&vrs, vr);
}

struct vr *vr_lookup(dp_vr_id id)
{
	return id <= VR_MAX ? vr_table[id] : NULL;
}

void vr_stats_add_iface(struct dp_vr_stats *stats, const struct iface *iface)
{
	stats->traffic.rx_packets += iface->rx_packets;
	stats->traffic.rx_bytes += iface->rx_bytes + iface->rx_packets * iface->outer_len;
	stats->traffic.tx_packets += iface->tx_packets;
	stats->traffic.tx_bytes += iface->tx_bytes;
	stats->consumed += iface->consumed;
	stats->cycles += iface->cycles;
	stats->packets += iface->forwarded;
	for (unsigned int i = 0; i < DROP_REASON_COUNT; i++)
		stats->drops[i] += iface->drops[i];
}
