/* SPDX-License-Identifier: BSD-3-Clause */
/* The underlay of a backbone port: its addresses and routes between sites, out of tenants' reach.
 * It is a virtual router of the port's own, "port/NAME", which no VPXI has, with one untagged
 * interface: so it answers ARP, ND and ping, and finds the way to tunnels' remotes, with what every
 * router has. It forwards nothing.
 *
 * Its home worker keeps the remotes' next hops confirmed and publishes their MACs, one word a
 * tunnel, to the workers that encapsulate. What those cannot send yet comes here, to be held by ARP
 * or ND. */
#ifndef HPSR_DATAPLANE_UNDERLAY_H
#define HPSR_DATAPLANE_UNDERLAY_H

#include "dataplane/tunnel.h"

/* The tunnels that end at a port, open addressing: entries come and go one by one, seen by the
 * polling worker at once; a larger table is published whole. */
struct tunnel_map {
	uint32_t mask;
	uint32_t used; /* slots that are not NULL */
	uint32_t live; /* those that hold a tunnel */
	struct tunnel *slots[];
};

struct underlay {
	struct port *port;
	struct iface *iface; /* its router's only one */
	struct tunnel_map *map;
	struct tunnel_map *spare; /* to become the map; the control thread's */

	/* The home worker's. */
	struct tunnel *tunnels; /* through next_of_underlay */
	struct underlay *next;
};

/* Without interface yet. NULL: out of memory. */
struct underlay *underlay_create(struct port *port);
void underlay_destroy(struct underlay *underlay);
/* The address that a tunnel begins at; false: none of the port's is meant. */
bool underlay_local(
	const struct underlay *underlay, const struct dp_tunnel_spec *spec, struct ip_addr *local);

/* ---- control thread ---- */

/* Make room for N more tunnels. 0 or -ENOMEM. */
int underlay_reserve(struct underlay *underlay, uint32_t n);
/* The tunnel with this key, NULL: none. */
struct tunnel *underlay_lookup(const struct underlay *underlay, const struct tunnel_key *key);
/* There is room. */
void underlay_add(struct underlay *underlay, struct tunnel *tunnel);
void underlay_del(struct underlay *underlay, const struct tunnel *tunnel);

/* ---- home worker ---- */

/* The underlay, or a tunnel of it, comes and goes. */
void underlay_open(struct ctx *ctx, struct underlay *underlay);
void underlay_close(struct ctx *ctx, struct underlay *underlay);
void underlay_link(struct ctx *ctx, struct tunnel *tunnel);
void underlay_unlink(struct tunnel *tunnel);
/* Publish where the tunnels of all underlays here go now. Keeps their next hops confirmed. */
void underlay_refresh(struct ctx *ctx);
/* An encapsulated packet, from its outer IP header on, class in its metadata. Takes the mbuf. */
void underlay_send(struct ctx *ctx, struct iface *iface, struct rte_mbuf *m);
/* A frame of the interface, or with l3_offset 0 a packet to be sent, which it is then. False: it
 * has been taken: sent, or dropped since it is not for the port itself. */
bool underlay_admit(
	struct ctx *ctx, struct iface *in, struct rte_mbuf *m, uint16_t type, uint8_t l3_offset);

/* ---- polling worker ---- */

#define TUNNEL_MAP_GONE ((struct tunnel *)8) /* was a tunnel: look further */

static inline const struct tunnel_map *underlay_map(const struct underlay *underlay)
{
	return __atomic_load_n(&underlay->map, __ATOMIC_ACQUIRE);
}

/* From slot AT, where FIRST was seen, on. */
static inline const struct tunnel *tunnel_map_probe(const struct tunnel_map *map, uint32_t at,
	const struct tunnel *first, const struct tunnel_key *key)
{
	const struct tunnel *tunnel = first;

	while (tunnel != NULL &&
		(tunnel == TUNNEL_MAP_GONE || !tunnel_key_equal(&tunnel->key, key))) {
		at = (at + 1) & map->mask;
		tunnel = __atomic_load_n(&map->slots[at], __ATOMIC_ACQUIRE);
	}
	return tunnel;
}

#endif
