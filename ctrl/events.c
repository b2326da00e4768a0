/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/dp.h"
#include "lib/log.h"

#define NS_PER_MS UINT64_C(1000000)

void events_fini(struct events *events)
{
	free(events->probes);
	memset(events, 0, sizeof(*events));
}

static int compare(const void *a, const void *b)
{
	const struct events_probe *left = a, *right = b;

	return left->iface < right->iface ? -1 : left->iface > right->iface;
}

static const struct events_probe *lookup(const struct events *events, uint32_t iface)
{
	const struct events_probe wanted = {.iface = iface};

	return events->n_probes
		? bsearch(&wanted, events->probes, events->n_probes, sizeof(wanted), compare)
		: NULL;
}

static void tell(const struct model_vpxi *vpxi, const struct model_router *router,
	const struct model_interface *iface, const struct dp_probe_stats *now, uint32_t lost)
{
	char peer[IP_ADDR_STRLEN];

	ipaddr_print(&now->peer, peer);
	if (now->state == DP_PROBE_UP && lost > 1)
		log_info("control", "interface %s/%s/%s: peer %s is there, lost %u times meanwhile",
			vpxi->name, router->name, iface->name, peer, lost);
	else if (now->state == DP_PROBE_UP)
		log_info("control", "interface %s/%s/%s: peer %s is there%s", vpxi->name,
			router->name, iface->name, peer, now->ups > 1 ? " again" : "");
	else
		log_warn("control", "interface %s/%s/%s: peer %s is lost: %s, %llu ms ago",
			vpxi->name, router->name, iface->name, peer,
			now->told ? "it said so" : "it is silent",
			(unsigned long long)(now->since_ns / NS_PER_MS));
}

static void tick_probe(struct events *next, const struct events *last,
	const struct running *running, const struct model_vpxi *vpxi,
	const struct model_router *router, const struct model_interface *iface)
{
	struct events_probe *probe = &next->probes[next->n_probes];
	uint32_t id = ids_iface(&running->ids, vpxi->name, router->name, iface->name);
	const struct events_probe *before = lookup(last, id);
	struct dp_probe_stats now;

	if (!id || dp_probe_stats_get(id, &now) < 0 || now.state == DP_PROBE_NONE)
		return;
	*probe = (struct events_probe){.iface = id, .ups = now.ups, .downs = now.downs};
	next->n_probes++;
	/* Another session than the one in the log. */
	if (!before || now.ups < before->ups || now.downs < before->downs) {
		if (now.ups)
			tell(vpxi, router, iface, &now, now.downs);
	} else if (now.ups != before->ups || now.downs != before->downs) {
		tell(vpxi, router, iface, &now, now.downs - before->downs);
	}
}

static size_t count(const struct model_site *site)
{
	size_t n = 0;

	for (size_t v = 0; v < site->n_vpxis; v++) {
		for (size_t r = 0; r < site->vpxis[v].n_routers; r++) {
			const struct model_router *router = &site->vpxis[v].routers[r];

			for (size_t i = 0; i < router->n_interfaces; i++)
				n += router->interfaces[i].probe.peer.af != IP_AF_NONE;
		}
	}
	return n;
}

int events_tick(struct events *events, const struct running *running)
{
	const struct model_site *site = running->model;
	size_t n = count(site);
	struct events next = {0};

	if (n == 0) {
		events_fini(events);
		return 0;
	}
	next.probes = calloc(n, sizeof(*next.probes));
	if (!next.probes)
		return -ENOMEM;
	for (size_t v = 0; v < site->n_vpxis; v++) {
		for (size_t r = 0; r < site->vpxis[v].n_routers; r++) {
			const struct model_router *router = &site->vpxis[v].routers[r];

			for (size_t i = 0; i < router->n_interfaces; i++) {
				if (router->interfaces[i].probe.peer.af)
					tick_probe(&next, events, running, &site->vpxis[v], router,
						&router->interfaces[i]);
			}
		}
	}
	qsort(next.probes, next.n_probes, sizeof(*next.probes), compare);
	events_fini(events);
	*events = next;
	return 0;
}
