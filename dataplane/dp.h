/* SPDX-License-Identifier: BSD-3-Clause */
/* The dataplane as the control thread sees it: specifications go down, snapshots come up. Shows no
 * DPDK type, so that the control plane is tested against a fake of this file.
 *
 * One thread, the one that called dp_init, may call these functions, unless a function says
 * otherwise. All return 0 or -errno; `err` (DP_ERR_LEN bytes) then holds one line that names the
 * object and the value. Strings and arrays in specs are copied. */
#ifndef HPSR_DATAPLANE_DP_H
#define HPSR_DATAPLANE_DP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/drop.h"
#include "lib/hist.h"
#include "lib/ipaddr.h"

#define DP_NAME_LEN 64     /* with the final NUL */
#define DP_VR_NAME_LEN 128 /* "VPXI/VR" */
#define DP_ERR_LEN 256
#define DP_VLAN_NONE UINT16_MAX
#define DP_NEXTHOPS_MAX 16 /* ECMP width of one route */

/* Handles: 1.. while the object exists; 0 is none. A handle is not given again soon. */
typedef uint32_t dp_port_id;
typedef uint32_t dp_vr_id;
typedef uint32_t dp_iface_id;

/* ---- life of the dataplane ---- */

struct dp_slice_spec {
	char name[DP_NAME_LEN];
	const uint16_t *lcores;
	size_t n_lcores;
	bool sleep;      /* back off when nothing arrives */
	bool no_sharing; /* packets are forwarded as they come, whoever floods: for comparison */
};

struct dp_conf {
	const char *site;      /* names the EAL file prefix: several sites run on one machine */
	int hugepages;         /* -1: where the machine has free ones, 0: no, 1: yes or fail */
	uint64_t memory_bytes; /* 0: what n_bufs needs */
	uint32_t n_bufs;       /* packet buffers */
	uint16_t mtu_max;      /* largest L3 packet of any port, also of later ones */
	const char *lcores; /* EAL --lcores map, NULL: lcore N on CPU N modulo the CPUs allowed */
	const struct dp_slice_spec *slices;
	size_t n_slices;
	bool pci;        /* probe PCI devices (a port has a PCI address) */
	bool inline_run; /* no worker threads: dp_poll runs them; for tests and benches */
};

/* Buffers a port, a virtual router and the machinery hold at most; for the configuration check.
 * Callable before dp_init. */
void dp_bufs_needed(size_t n_workers, uint64_t *per_port, uint64_t *per_router, uint64_t *fixed);
/* Packet buffers that fit into MEMORY_BYTES with this MTU; hugepages as in dp_conf: without them a
 * buffer takes more. Callable before dp_init. */
uint64_t dp_bufs_fitting(uint64_t memory_bytes, uint16_t mtu_max, int hugepages);

/* Start EAL, pool and workers. No port exists yet. Once a process. */
int dp_init(const struct dp_conf *conf, char *err);
/* Stop the workers, then remove all objects, ports and files. */
void dp_fini(void);
/* inline_run only: one turn of every worker's loop, at clock NOW_TSC (0: the real clock). */
void dp_poll(uint64_t now_tsc);
uint64_t dp_now_tsc(void);
uint64_t dp_tsc_hz(void);
/* Packet buffers of the pool, and those now in use. */
void dp_bufs_get(uint32_t *total, uint32_t *in_use);

/* ---- objects ---- */

struct dp_port_route {
	struct ip_prefix to; /* masked */
	struct ip_addr via;  /* in the network of an address of the port */
};

struct dp_port_spec {
	char name[DP_NAME_LEN];
	const char *device; /* DPDK device string, or the name of an ethdev that exists already */
	uint64_t capacity_bps; /* 0: the link's speed */
	uint64_t share_bps;    /* of it, for reserved links together (C); 0: all */
	uint16_t mtu;
	struct mac_addr mac; /* zero: the device's */
	/* The underlay: addresses at which tunnels end, and the ways to their remotes. None: no
	 * tunnels. They stay as they are while the port is there. */
	const struct ip_prefix *addresses;
	size_t n_addresses;
	const struct dp_port_route *routes;
	size_t n_routes;
};

struct dp_vr_spec {
	char name[DP_VR_NAME_LEN]; /* "VPXI/VR" */
	char slice[DP_NAME_LEN];
	uint32_t weight;
};

enum dp_place { DP_AT_INGRESS = 1, DP_AT_VIF_IN, DP_AT_VIF_OUT, DP_AT_PORT };
enum dp_shaper { DP_BY_TBF, DP_BY_PSP };

/* The virtual link: the interface's outgoing direction. */
struct dp_link_spec {
	uint64_t rate_bps;   /* granted; 0: not shaped */
	uint64_t min_bps;    /* guaranteed at the port; 0 with rate_bps 0: best effort */
	uint64_t borrow_bps; /* up to which it may use what other reserved links leave; 0: strict */
	enum dp_place at;
	enum dp_shaper by;
	uint64_t burst_bytes;
	uint64_t queue_bytes;
	uint32_t queue_packets;
	bool count_l1; /* bytes with preamble, FCS and gap (+24) instead of the L2 frame without FCS
			*/
};

enum dp_tunnel_type { DP_TUNNEL_NONE, DP_TUNNEL_VXLAN, DP_TUNNEL_GRE, DP_TUNNEL_IPIP };

struct dp_tunnel_spec {
	enum dp_tunnel_type type;
	struct ip_addr remote;
	struct ip_addr local; /* IP_AF_NONE: the port's first address of remote's family */
	uint32_t id;          /* VNI, or GRE key with has_key */
	bool has_key;
	uint8_t ttl;   /* of the outer header */
	bool clear_df; /* outer IPv4 headers let routers fragment (RFC 791); else not */
	bool fragment; /* cut IPv4 packets that are too large though they forbid it */
};

/* Router advertisements (RFC 4861 6.2.1). */
struct dp_ra_spec {
	uint16_t interval_s; /* longest between two, 4..1800; 0: none are sent */
	uint16_t lifetime_s; /* as a default router: 0, or interval_s..9000 */
	bool managed, other; /* addresses, or other values, are to be had by DHCPv6 */
};

struct dp_iface_spec {
	char name[DP_NAME_LEN];
	dp_port_id port;
	uint16_t outer_vlan, vlan;    /* DP_VLAN_NONE */
	struct mac_addr mac;          /* zero: the port's */
	uint16_t mtu;                 /* 0: the port's, less a tunnel's headers */
	struct dp_tunnel_spec tunnel; /* on a port with addresses, without tags */
	const struct ip_prefix *addresses;
	size_t n_addresses;
	struct dp_link_spec link;
	struct dp_ra_spec ra; /* of an interface with IPv6 addresses */
};

struct dp_nexthop_spec {
	struct ip_addr via; /* IP_AF_NONE: on-link */
	dp_iface_id iface;
	/* Of several, those with the lowest metric share the traffic that have one that lives:
	 * whose port has link, and whose interface's probe, if it is of this next hop, hears its
	 * peer. */
	uint32_t metric;
};

struct dp_route_spec {
	struct ip_prefix to; /* masked */
	struct dp_nexthop_spec nexthops[DP_NEXTHOPS_MAX];
	size_t n_nexthops; /* 0: drop silently (blackhole) */
};

struct dp_neigh_spec {
	dp_iface_id iface;
	struct ip_addr address;
	struct mac_addr mac;
};

#define DP_PROTO_ANY 256
#define DP_RULES_MAX 1024 /* of one filter and direction, or policies of one router */

/* What a packet must have, all of it. Fragments but the first have no ports, and packets of
 * protocols other than TCP, UDP, DCCP, SCTP and UDP-Lite neither: what names ports does not match
 * them. */
struct dp_match_spec {
	struct ip_prefix from, to; /* masked; IP_AF_NONE: any, of both families */
	uint16_t proto;            /* 0..255, DP_PROTO_ANY */
	uint16_t sport_first, sport_last, dport_first, dport_last; /* 0..65535: any, or none */
	uint64_t dscp;                                             /* bit by code point; 0: any */
	dp_iface_id in;                                            /* of policies; 0: any */
};

enum dp_direction { DP_IN, DP_OUT };

struct dp_filter_rule {
	char name[DP_NAME_LEN];
	bool drop; /* else accept */
	struct dp_match_spec match;
};

enum dp_rpf { DP_RPF_OFF, DP_RPF_LOOSE, DP_RPF_STRICT };

enum dp_else { DP_ELSE_ROUTE, DP_ELSE_NEXT, DP_ELSE_DROP };

/* Where packets go that match, unless they are for the router or one of its connected networks. */
struct dp_policy_spec {
	char name[DP_NAME_LEN];
	struct dp_match_spec match;
	struct dp_nexthop_spec nexthops[DP_NEXTHOPS_MAX]; /* all of one family */
	size_t n_nexthops;                                /* 0: drop, unless: */
	bool route;                                       /* as the routes say */
	enum dp_else other;                               /* while none of the next hops lives */
};

/* BFD (RFC 5880, 5881) with the peer of an interface's link. */
struct dp_probe_spec {
	struct ip_addr peer; /* IP_AF_NONE: none */
	uint32_t interval_us;
	uint8_t multiplier;
};

/* ---- transaction: all of it or nothing ----
 *
 * Each call prepares its part (opens the device, allocates, builds tables) and may fail; nothing
 * is seen by a packet before dp_txn_commit, which cannot fail. Links that give up rates do so
 * before others come or get more, and those get more only when what goes has gone: at no time does
 * a guarantee stand beside grants that leave it no room. What is not named in a transaction is not
 * touched and loses no packet. Removed objects' queued packets count as interface_gone. */
struct dp_txn;

/* NULL: out of memory. One transaction at a time. */
struct dp_txn *dp_txn_begin(void);
int dp_txn_port_add(struct dp_txn *txn, const struct dp_port_spec *spec, dp_port_id *id, char *err);
/* Capacity and MTU of an existing port (name and device stay). */
int dp_txn_port_set(struct dp_txn *txn, dp_port_id id, const struct dp_port_spec *spec, char *err);
/* Its interfaces must be deleted in the same transaction or before. */
int dp_txn_port_del(struct dp_txn *txn, dp_port_id id, char *err);
int dp_txn_vr_add(struct dp_txn *txn, const struct dp_vr_spec *spec, dp_vr_id *id, char *err);
/* To a worker of the slice, the one with the least weight; where it is in the slice already, only
 * to one with less. With all that waits in it; no packet is lost or overtaken, as far as the port's
 * device sends in order: where a worker has a transmit queue of its own, frames that the device has
 * taken and not sent may be. -ENOENT: no such router or slice. */
int dp_txn_vr_move(struct dp_txn *txn, dp_vr_id id, const char *slice, char *err);
/* With all its interfaces, routes and neighbours. */
int dp_txn_vr_del(struct dp_txn *txn, dp_vr_id id, char *err);
int dp_txn_iface_add(struct dp_txn *txn, dp_vr_id vr, const struct dp_iface_spec *spec,
	dp_iface_id *id, char *err);
int dp_txn_iface_del(struct dp_txn *txn, dp_iface_id id, char *err);
/* A link's rate, burst and limits; keeps what is queued (a lower limit applies to new packets).
 * Once a link and transaction. */
int dp_txn_link_set(struct dp_txn *txn, dp_iface_id id, const struct dp_link_spec *spec, char *err);
/* The VR's whole set of static routes; connected and local ones follow from its interfaces. Needed
 * for a VR whose interfaces change, too (routes through a deleted interface are an error). May
 * name interfaces added in this transaction. */
int dp_txn_routes_set(
	struct dp_txn *txn, dp_vr_id vr, const struct dp_route_spec *routes, size_t n, char *err);
/* The VR's whole set of static neighbours. */
int dp_txn_neighbors_set(struct dp_txn *txn, dp_vr_id vr, const struct dp_neigh_spec *neighbors,
	size_t n, char *err);
/* The rules of one direction, in order of precedence; what none matches is accepted. n 0: no
 * filter. Rules that were there before keep their counters. */
int dp_txn_filter_set(struct dp_txn *txn, dp_iface_id id, enum dp_direction direction,
	const struct dp_filter_rule *rules, size_t n, char *err);
/* Of packets that come in on the interface: must their source be reached by it, or at all
 * (RFC 3704 2.2 with feasible paths, 2.4)? */
int dp_txn_rpf_set(struct dp_txn *txn, dp_iface_id id, enum dp_rpf mode, char *err);
/* A probe of the same peer lives on with new times. */
int dp_txn_probe_set(
	struct dp_txn *txn, dp_iface_id id, const struct dp_probe_spec *spec, char *err);
/* The VR's whole list of policies, in order of precedence. Those through, or of packets from, an
 * interface that is deleted go with it. */
int dp_txn_policies_set(struct dp_txn *txn, dp_vr_id vr, const struct dp_policy_spec *policies,
	size_t n, char *err);
/* Publish everything, wait until no worker sees what was removed, free it, free txn. */
void dp_txn_commit(struct dp_txn *txn);
/* Undo what was prepared, free txn. */
void dp_txn_abort(struct dp_txn *txn);

/* ---- single live changes ---- */

/* Replaces an equal prefix's next hops. */
int dp_route_add(dp_vr_id vr, const struct dp_route_spec *route, char *err);
int dp_route_del(dp_vr_id vr, const struct ip_prefix *to, char *err); /* -ENOENT */
/* Several links at once, in one transaction; all or none. */
int dp_links_set(const dp_iface_id *ids, const struct dp_link_spec *specs, size_t n, char *err);

/* running: forwards. stopped: drops what arrives (vr_down), queues and neighbours emptied.
 * suspended: drops what arrives, keeps its state. */
enum dp_vr_state { DP_VR_RUNNING, DP_VR_STOPPED, DP_VR_SUSPENDED };
int dp_vr_set_state(dp_vr_id vr, enum dp_vr_state state);

/* ---- snapshots ---- */

/* Counters grow from the object's creation and never go back. */
struct dp_traffic {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
};

struct dp_iface_stats {
	struct dp_traffic traffic; /* bytes: L2 frames without FCS */
	uint64_t drops[DROP_REASON_COUNT];
	uint64_t link_packets, link_bytes;   /* that left the virtual link's shaper */
	uint64_t queue_packets, queue_bytes; /* now */
	struct dp_link_spec link;
	bool up;              /* the port has link */
	bool tunnel;          /* it is a tunnel, and */
	bool tunnel_resolved; /* the way to its remote is known */
};

struct dp_vr_stats {
	enum dp_vr_state state;
	uint32_t worker;           /* lcore */
	struct dp_traffic traffic; /* sum of its interfaces */
	uint64_t consumed, originated;
	uint64_t drops[DROP_REASON_COUNT];
	uint64_t queue_packets, queue_bytes;
	uint32_t input_packets; /* that wait for its turn on the worker */
	uint64_t cycles;        /* spent on its packets */
	uint64_t packets;       /* that they were spent on */
	uint32_t routes4, routes6, neighbors;
	uint64_t fib_bytes;
};

struct dp_port_stats {
	struct dp_traffic traffic;
	uint64_t drops[DROP_REASON_COUNT]; /* before a virtual router was known, and at transmit */
	uint64_t missed;                   /* the device's own: no descriptor, no buffer, errors */
	uint64_t speed_bps;                /* 0: unknown */
	struct mac_addr mac;
	bool up;
	uint32_t worker; /* lcore that polls it */
	/* Of the underlay, what is not in a tunnel, and drops at the port's own addresses. */
	bool underlay;
	struct dp_traffic underlay_traffic;
	uint64_t underlay_consumed;
	uint64_t underlay_drops[DROP_REASON_COUNT];
	uint32_t underlay_neighbors, tunnels, tunnels_resolved;
};

/* received == sent + dropped + consumed + queued, for packets that came in from a port. What the
 * router makes itself (ARP, ICMP) obeys originated == originated_sent + originated_dropped +
 * originated_queued and is in none of the others. A fragmented packet counts once, when its last
 * fragment leaves. */
struct dp_conservation {
	uint64_t received, sent, dropped, consumed, queued;
	uint64_t originated, originated_sent, originated_dropped, originated_queued;
};

struct dp_worker_stats {
	uint32_t lcore;
	char slice[DP_NAME_LEN];
	struct dp_conservation conservation;
	uint64_t drops[DROP_REASON_COUNT];
	uint64_t busy_cycles, idle_cycles; /* sum: since start; sleeping counts as idle */
	uint64_t loops;
	uint32_t n_vrs;
};

int dp_iface_stats_get(dp_iface_id id, struct dp_iface_stats *out);
/* What the interface's link has been set to, until it changes next; rate_bps 0: not shaped. NULL:
 * no such interface. Asks no worker. */
const struct dp_link_spec *dp_link_get(dp_iface_id id);
int dp_vr_stats_get(dp_vr_id id, struct dp_vr_stats *out);
int dp_port_stats_get(dp_port_id id, struct dp_port_stats *out);
size_t dp_workers_count(void);
/* A consistent snapshot, taken between two turns of the worker. -ENOENT past the last. */
int dp_worker_stats_get(size_t index, struct dp_worker_stats *out);
/* The sum over all workers, each at its own instant but with what is between them counted. */
void dp_conservation_get(struct dp_conservation *out);
/* In TSC cycles, since the VR's creation: receive to transmit, of packets forwarded; and each wait
 * of one of them in a virtual link's queue or in a port's scheduler. max is that of the highest
 * bucket. A packet that is taken in by a port's scheduler leaves its bucket for another: a bucket
 * may be less than at the last call, by what was on its way then. */
int dp_latency_get(dp_vr_id id, struct hist *latency, struct hist *queueing);
const char *dp_drop_name(enum drop_reason reason);
const char *dp_drop_text(enum drop_reason reason);

/* Of a filter's rule or a policy: packets (L3 bytes) that it decided about. */
struct dp_rule_stats {
	uint64_t packets, bytes;
	bool alive; /* a policy's next hop; true for others */
};
/* In the order of the rules; up to max entries into out, *n says how many there are. */
int dp_filter_stats_get(dp_iface_id id, enum dp_direction direction, struct dp_rule_stats *out,
	size_t max, size_t *n);
int dp_policy_stats_get(dp_vr_id vr, struct dp_rule_stats *out, size_t max, size_t *n);

enum dp_probe_state { DP_PROBE_NONE, DP_PROBE_DOWN, DP_PROBE_INIT, DP_PROBE_UP };
struct dp_probe_stats {
	enum dp_probe_state state; /* DP_PROBE_NONE: the interface has no probe, the rest is zero */
	struct ip_addr peer;
	bool told;             /* the peer said itself that it went down; else it fell silent */
	uint64_t since_ns;     /* in this state for so long */
	uint64_t detection_ns; /* silent for so long, a peer that is up counts as lost */
	uint64_t sent, received, refused;
	uint32_t ups, downs;
};
int dp_probe_stats_get(dp_iface_id id, struct dp_probe_stats *out);

enum dp_route_origin { DP_ROUTE_LOCAL, DP_ROUTE_CONNECTED, DP_ROUTE_STATIC };
struct dp_route_snap {
	struct dp_route_spec route;
	enum dp_route_origin origin;
};
/* Calls back for each route, in order of prefix, until the callback returns non-zero, which is
 * then returned. */
int dp_routes_walk(dp_vr_id vr, int (*cb)(void *ctx, const struct dp_route_snap *route), void *ctx);

enum dp_neigh_state {
	DP_NEIGH_INCOMPLETE, /* asked, no answer yet */
	DP_NEIGH_REACHABLE,
	DP_NEIGH_STALE, /* usable, to be confirmed at next use */
	DP_NEIGH_PROBE, /* being confirmed, usable */
	DP_NEIGH_FAILED,
	DP_NEIGH_PERMANENT, /* from the configuration */
};
struct dp_neigh_snap {
	dp_iface_id iface;
	struct ip_addr address;
	struct mac_addr mac;
	enum dp_neigh_state state;
	uint64_t age_ns; /* since last confirmed */
	uint32_t held_packets;
};
/* Up to max entries into out; *n says how many there are. */
int dp_neighbors_get(dp_vr_id vr, struct dp_neigh_snap *out, size_t max, size_t *n);

#endif
