/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

static void latency_destroy(struct stats_latency *latency)
{
	if (!latency)
		return;
	latency_log_fini(&latency->latency);
	latency_log_fini(&latency->queueing);
	free(latency);
}

static void vrs_free(struct stats_vr *vrs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		latency_destroy(vrs[i].latency);
	free(vrs);
}

void stats_fini(struct stats *stats)
{
	vrs_free(stats->vrs, stats->n_vrs);
	free(stats->ifaces);
	free(stats->ports);
	free(stats->workers);
	memset(stats, 0, sizeof(*stats));
}

uint64_t stats_rate(uint64_t now, uint64_t before, uint64_t elapsed_ns)
{
	if (elapsed_ns == 0 || now <= before)
		return 0;
	return (uint64_t)((unsigned __int128)(now - before) * NS_PER_S / elapsed_ns);
}

static struct stats_rates rates_of(
	const struct dp_traffic *now, const struct dp_traffic *before, uint64_t elapsed_ns)
{
	return (struct stats_rates){
		.rx_bps = stats_rate(now->rx_bytes * 8, before->rx_bytes * 8, elapsed_ns),
		.tx_bps = stats_rate(now->tx_bytes * 8, before->tx_bytes * 8, elapsed_ns),
		.rx_pps = stats_rate(now->rx_packets, before->rx_packets, elapsed_ns),
		.tx_pps = stats_rate(now->tx_packets, before->tx_packets, elapsed_ns),
	};
}

/* All three kinds begin with their id, by which they are sorted. */
static int compare_ids(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

static void *lookup(const void *list, size_t n, size_t size, uint32_t id)
{
	return n ? bsearch(&id, list, n, size, compare_ids) : NULL;
}

const struct stats_iface *stats_iface_lookup(const struct stats *stats, uint32_t id)
{
	return lookup(stats->ifaces, stats->n_ifaces, sizeof(*stats->ifaces), id);
}

const struct stats_vr *stats_vr_lookup(const struct stats *stats, uint32_t id)
{
	return lookup(stats->vrs, stats->n_vrs, sizeof(*stats->vrs), id);
}

const struct stats_port *stats_port_lookup(const struct stats *stats, uint32_t id)
{
	return lookup(stats->ports, stats->n_ports, sizeof(*stats->ports), id);
}

static void tick_port(struct stats *next, const struct stats *last, uint32_t id, uint64_t elapsed)
{
	const struct stats_port *before = stats_port_lookup(last, id);
	struct stats_port *port = &next->ports[next->n_ports];
	struct dp_port_stats now;

	if (!id || dp_port_stats_get(id, &now) < 0)
		return;
	port->id = id;
	port->traffic = now.traffic;
	port->speed_bps = now.speed_bps;
	if (before) {
		port->rates = rates_of(&now.traffic, &before->traffic, elapsed);
		next->speed_changed |= before->speed_bps != now.speed_bps;
	}
	next->n_ports++;
}

static void tick_iface(struct stats *next, const struct stats *last, uint32_t id, uint64_t elapsed)
{
	const struct stats_iface *before = stats_iface_lookup(last, id);
	struct stats_iface *iface = &next->ifaces[next->n_ifaces];
	struct dp_iface_stats now;

	if (!id || dp_iface_stats_get(id, &now) < 0)
		return;
	iface->id = id;
	iface->traffic = now.traffic;
	iface->link_bytes = now.link_bytes;
	if (before) {
		iface->rates = rates_of(&now.traffic, &before->traffic, elapsed);
		iface->measured_bps =
			stats_rate(now.link_bytes * 8, before->link_bytes * 8, elapsed);
	}
	next->n_ifaces++;
}

/* Takes the histograms over from the last tick's entry, or makes one. */
static int tick_vr(struct stats *next, const struct stats *last, uint32_t id, uint64_t elapsed)
{
	const struct stats_vr *before = stats_vr_lookup(last, id);
	struct stats_vr *vr = &next->vrs[next->n_vrs];
	struct dp_vr_stats now;

	if (!id || dp_vr_stats_get(id, &now) < 0)
		return 0;
	vr->id = id;
	vr->traffic = now.traffic;
	vr->cycles = now.cycles;
	vr->packets = now.packets;
	if (before) {
		vr->rates = rates_of(&now.traffic, &before->traffic, elapsed);
		if (now.packets > before->packets && now.cycles >= before->cycles)
			vr->cycles_per_packet = (double)(now.cycles - before->cycles) /
				(double)(now.packets - before->packets);
		if (elapsed > 0 && now.cycles > before->cycles)
			vr->share = (double)(now.cycles - before->cycles) /
				((double)elapsed * (double)dp_tsc_hz() / NS_PER_S);
		vr->latency = before->latency;
	} else {
		vr->latency = calloc(1, sizeof(*vr->latency));
		if (!vr->latency)
			return -ENOMEM;
	}
	next->n_vrs++;
	return 0;
}

static void tick_latency(struct stats_vr *vr)
{
	struct hist latency, queueing;

	if (dp_latency_get(vr->id, &latency, &queueing) < 0)
		return;
	latency_log_tick(&vr->latency->latency, &latency, dp_tsc_hz());
	latency_log_tick(&vr->latency->queueing, &queueing, dp_tsc_hz());
}

static void tick_worker(struct stats *next, const struct stats *last, size_t index)
{
	struct stats_worker *worker = &next->workers[index];
	struct dp_worker_stats now;
	uint64_t busy, idle;

	if (dp_worker_stats_get(index, &now) < 0)
		return;
	worker->busy_cycles = now.busy_cycles;
	worker->idle_cycles = now.idle_cycles;
	next->n_workers = index + 1;
	if (index >= last->n_workers)
		return;
	busy = now.busy_cycles - last->workers[index].busy_cycles;
	idle = now.idle_cycles - last->workers[index].idle_cycles;
	worker->known = busy + idle > 0;
	if (worker->known)
		worker->load = (double)busy / (double)(busy + idle);
}

static int alloc_next(struct stats *next, const struct model_site *site)
{
	size_t n_vrs = 0, n_ifaces = 0;

	for (size_t v = 0; v < site->n_vpxis; v++) {
		n_vrs += site->vpxis[v].n_routers;
		for (size_t r = 0; r < site->vpxis[v].n_routers; r++)
			n_ifaces += site->vpxis[v].routers[r].n_interfaces;
	}
	next->ports = calloc(site->n_ports + 1, sizeof(*next->ports));
	next->vrs = calloc(n_vrs + 1, sizeof(*next->vrs));
	next->ifaces = calloc(n_ifaces + 1, sizeof(*next->ifaces));
	next->workers = calloc(dp_workers_count() + 1, sizeof(*next->workers));
	return next->ports && next->vrs && next->ifaces && next->workers ? 0 : -ENOMEM;
}

static int tick_vpxi(struct stats *next, const struct stats *last, const struct running *running,
	const struct model_vpxi *vpxi, uint64_t elapsed)
{
	for (size_t r = 0; r < vpxi->n_routers; r++) {
		const struct model_router *router = &vpxi->routers[r];
		int rc = tick_vr(
			next, last, ids_vr(&running->ids, vpxi->name, router->name), elapsed);

		if (rc < 0)
			return rc;
		for (size_t i = 0; i < router->n_interfaces; i++)
			tick_iface(next, last,
				ids_iface(&running->ids, vpxi->name, router->name,
					router->interfaces[i].name),
				elapsed);
	}
	return 0;
}

/* Histograms that belong to one list only. */
static void free_latency_apart(struct stats_vr *vrs, size_t n, const struct stats *other)
{
	for (size_t i = 0; i < n; i++) {
		const struct stats_vr *twin = stats_vr_lookup(other, vrs[i].id);

		if (!twin || twin->latency != vrs[i].latency)
			latency_destroy(vrs[i].latency);
	}
}

int stats_tick(struct stats *stats, const struct running *running, uint64_t now_ns)
{
	const struct model_site *site = running->model;
	uint64_t elapsed = stats->at_ns && now_ns > stats->at_ns ? now_ns - stats->at_ns : 0;
	struct stats next = {.at_ns = now_ns};
	int rc = alloc_next(&next, site);

	for (size_t p = 0; rc == 0 && p < site->n_ports; p++)
		tick_port(
			&next, stats, idmap_get(&running->ids.ports, site->ports[p].name), elapsed);
	for (size_t v = 0; rc == 0 && v < site->n_vpxis; v++)
		rc = tick_vpxi(&next, stats, running, &site->vpxis[v], elapsed);
	for (size_t w = 0; rc == 0 && w < dp_workers_count(); w++)
		tick_worker(&next, stats, w);
	if (rc < 0) {
		free_latency_apart(next.vrs, next.n_vrs, stats);
		free(next.vrs);
		free(next.ifaces);
		free(next.ports);
		free(next.workers);
		return rc;
	}
	qsort(next.ports, next.n_ports, sizeof(*next.ports), compare_ids);
	qsort(next.vrs, next.n_vrs, sizeof(*next.vrs), compare_ids);
	qsort(next.ifaces, next.n_ifaces, sizeof(*next.ifaces), compare_ids);
	free_latency_apart(stats->vrs, stats->n_vrs, &next);
	free(stats->vrs);
	free(stats->ifaces);
	free(stats->ports);
	free(stats->workers);
	*stats = next;
	for (size_t i = 0; i < stats->n_vrs; i++)
		tick_latency(&stats->vrs[i]);
	return 0;
}

int stats_latency_get(
	const struct stats_vr *vr, uint32_t id, struct hist *latency, struct hist *queueing)
{
	struct hist now, waits;
	int rc = dp_latency_get(id, &now, &waits);

	if (rc < 0)
		return rc;
	latency_log_get(vr ? &vr->latency->latency : NULL, &now, latency);
	latency_log_get(vr ? &vr->latency->queueing : NULL, &waits, queueing);
	return 0;
}

int stats_latency_reset(const struct stats_vr *vr)
{
	struct hist now, waits;
	int rc = dp_latency_get(vr->id, &now, &waits);

	if (rc == 0)
		rc = latency_log_reset(&vr->latency->latency, &now);
	if (rc == 0)
		rc = latency_log_reset(&vr->latency->queueing, &waits);
	return rc;
}

void stats_latency_sum(const struct stats_vr *vr, uint32_t id, struct latency_sum *latency,
	struct latency_sum *queueing)
{
	struct hist now = {0}, waits = {0};

	dp_latency_get(id, &now, &waits);
	latency_log_sum(vr ? &vr->latency->latency : NULL, &now, dp_tsc_hz(), latency);
	latency_log_sum(vr ? &vr->latency->queueing : NULL, &waits, dp_tsc_hz(), queueing);
}
