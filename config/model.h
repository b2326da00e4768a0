/* SPDX-License-Identifier: BSD-3-Clause */
/* The site file as a tree of values: what the operator asked for, with defaults filled in and the
 * place of every value in its file. Built by site_parse, judged by check_site, printed by
 * print_site, compared by ctrl/reconf. Owned by whoever parsed or cloned it; model_site_destroy
 * frees the whole tree. Not shared between threads. */
#ifndef HPSR_CONFIG_MODEL_H
#define HPSR_CONFIG_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/ipaddr.h"

#define MODEL_NAME_MAX 63 /* characters of a name: letters, digits, '-', '_', '.' */
#define MODEL_RATE_NONE UINT64_MAX
#define MODEL_VLAN_NONE UINT16_MAX
#define MODEL_PROTO_ANY 256
#define MODEL_TIME_NONE INT64_MAX /* no end; times are Unix seconds, UTC */

/* The classes of VXDL's links as RFC 4594 marks such traffic, bit by code point: telephony (ef,
 * va), its signalling (cs5), conferences (af4x) and what is interactive (cs4); bulk data (af1x),
 * and what may come last (cs1, le of RFC 8622). */
#define MODEL_DSCP(point) (UINT64_C(1) << (point))
#define MODEL_DSCP_LATENCY_SENSITIVE                                                          \
	(MODEL_DSCP(32) | MODEL_DSCP(34) | MODEL_DSCP(36) | MODEL_DSCP(38) | MODEL_DSCP(40) | \
		MODEL_DSCP(44) | MODEL_DSCP(46))
#define MODEL_DSCP_HIGH_BANDWIDTH \
	(MODEL_DSCP(1) | MODEL_DSCP(8) | MODEL_DSCP(10) | MODEL_DSCP(12) | MODEL_DSCP(14))

/* Where a value stands in its file; line and column count from 1, 0: not from a file. */
struct model_loc {
	uint32_t line;
	uint32_t column;
};

enum model_idle { MODEL_IDLE_POLL, MODEL_IDLE_SLEEP };
enum model_auto_bool { MODEL_AUTO, MODEL_NO, MODEL_YES };
enum model_port_role { MODEL_ROLE_ACCESS, MODEL_ROLE_BACKBONE };
enum model_place { MODEL_AT_INGRESS = 1, MODEL_AT_VIF_IN, MODEL_AT_VIF_OUT, MODEL_AT_PORT };
enum model_shaper { MODEL_BY_TBF, MODEL_BY_PSP };
enum model_accounting { MODEL_ACCOUNT_L2, MODEL_ACCOUNT_L1 };
enum model_share { MODEL_SHARE_STRICT, MODEL_SHARE_BORROW };
enum model_rpf { MODEL_RPF_OFF, MODEL_RPF_LOOSE, MODEL_RPF_STRICT };
enum model_else { MODEL_ELSE_ROUTE, MODEL_ELSE_NEXT, MODEL_ELSE_DROP };
enum model_tunnel_type {
	MODEL_TUNNEL_NONE,
	MODEL_TUNNEL_VXLAN,
	MODEL_TUNNEL_GRE,
	MODEL_TUNNEL_IPIP
};

struct model_eal {
	struct model_loc loc;
	enum model_auto_bool hugepages; /* auto: where the machine has free ones */
	uint64_t memory_bytes;          /* 0: auto, as much as the queues and ports need */
	bool lcores_auto;               /* true unless `lcores:` gives an EAL map */
	char *lcores; /* NULL for auto; else an EAL --lcores map such as "0@0,1@1" */
};

struct model_control {
	struct model_loc loc;
	char *socket;  /* default /run/hpsrouter/SITE.sock */
	char *metrics; /* "ADDRESS:PORT", or NULL: no metrics server */
	struct model_loc socket_loc, metrics_loc;
};

struct model_slice {
	struct model_loc loc;
	char name[MODEL_NAME_MAX + 1];
	uint16_t *lcores; /* n_lcores of them, 0..RTE_MAX_LCORE-1 (127) */
	size_t n_lcores;
	struct model_loc lcores_loc;
	enum model_idle idle; /* default poll */
};

struct model_address {
	struct model_loc loc;
	struct ip_prefix prefix; /* with host bits: 10.0.0.1/24 */
};

struct model_port_route {
	struct model_loc loc;
	struct ip_prefix to; /* masked */
	struct ip_addr via;
	struct model_loc to_loc, via_loc;
};

struct model_port {
	struct model_loc loc;
	char name[MODEL_NAME_MAX + 1];
	char *device; /* DPDK device string: "net_af_xdp0,iface=veth0", "0000:3b:00.0" */
	struct model_loc device_loc;
	enum model_port_role role; /* default access */
	uint64_t capacity_bps;     /* MODEL_RATE_NONE: the link's own speed */
	struct model_loc capacity_loc;
	uint32_t vpxi_share_centi; /* hundredths of a percent, default 10000 */
	uint16_t mtu; /* largest L3 packet, 68..9000 (with IPv6 addresses: 1280..), default 1500 */
	struct model_loc mtu_loc;
	struct mac_addr mac;             /* zero: the device's own */
	struct model_address *addresses; /* underlay addresses of a backbone port */
	size_t n_addresses;
	struct model_port_route *routes; /* to tunnels' remotes behind gateways */
	size_t n_routes;
};

struct model_tunnel {
	struct model_loc loc;
	enum model_tunnel_type type; /* MODEL_TUNNEL_NONE: not a tunnel interface */
	struct ip_addr remote;
	struct ip_addr local; /* IP_AF_NONE: the port's first address of remote's family */
	uint32_t vni;         /* vxlan: 0..2^24-1 */
	bool has_key;         /* gre */
	uint32_t key;
	uint16_t ttl;  /* of the outer header, 2..255; 0: 64 */
	bool clear_df; /* `df: no`: outer IPv4 headers let routers fragment */
	bool fragment; /* IPv4 packets that are too large are cut though they forbid it */
	struct model_loc remote_loc, local_loc;
};

struct model_rate {
	struct model_loc loc;              /* line 0: no `rate:` key, best effort */
	uint64_t min_bps;                  /* 0: no guarantee */
	uint64_t max_bps;                  /* MODEL_RATE_NONE: up to the capacity */
	enum model_share share;            /* default strict */
	struct model_loc min_loc, max_loc; /* `static:` is both */
};

struct model_shape {
	struct model_loc loc;
	enum model_place at;         /* default vif-in */
	enum model_shaper by;        /* default tbf */
	uint64_t burst_bytes;        /* 0: by the rate, model_burst_bytes */
	uint64_t queue_bytes;        /* default 256 KiB */
	uint32_t queue_packets;      /* default queue_bytes / 256, at least 32 */
	enum model_accounting bytes; /* what counts as a byte: default l2 (frame without FCS) */
	struct model_loc burst_loc, queue_loc;
};

/* What a packet must have, all of it. */
struct model_match {
	struct ip_prefix from, to;         /* IP_AF_NONE: any, of both families */
	uint16_t proto;                    /* 0..255, MODEL_PROTO_ANY */
	uint16_t sport_first, sport_last;  /* 0..65535: any */
	uint16_t dport_first, dport_last;  /* of fragments but the first nobody knows a port */
	uint64_t dscp;                     /* bit by code point (1 << 46: EF); 0: any */
	struct model_loc from_loc, to_loc; /* line 0: not given */
};

struct model_filter_rule {
	struct model_loc loc;
	char name[MODEL_NAME_MAX + 1]; /* "": none */
	bool drop;                     /* else accept */
	struct model_match match;
};

/* The first rule that matches decides; what none matches is accepted. */
struct model_filter {
	struct model_loc loc;
	struct model_filter_rule *in, *out;
	size_t n_in, n_out;
};

/* Is the peer of an interface's link there? */
struct model_probe {
	struct model_loc loc;
	struct ip_addr peer;  /* IP_AF_NONE: no probe */
	uint32_t interval_ms; /* default 50 */
	uint32_t multiplier;  /* lost in a row until the peer counts as lost, default 3 */
	struct model_loc peer_loc;
};

enum model_switch { MODEL_OFF, MODEL_ON };

/* Router advertisements (RFC 4861 6.2.1). */
struct model_ra {
	struct model_loc loc;             /* line 0: no `ra:` key, none are sent */
	uint64_t interval_s;              /* longest between two, 4..1800, default 600; 0: none */
	uint64_t lifetime_s;              /* as a default router: default three intervals */
	enum model_switch managed, other; /* addresses, other values are to be had by DHCPv6 */
};

struct model_interface {
	struct model_loc loc;
	char name[MODEL_NAME_MAX + 1];
	char port[MODEL_NAME_MAX + 1];
	struct model_loc port_loc;
	/* Untagged: both NONE. `vlan: 101`: vlan only. `vlan: [200, 101]`: outer (802.1ad) 200 and
	 * vlan 101. */
	uint16_t outer_vlan, vlan;
	struct model_loc vlan_loc;
	struct model_tunnel tunnel;
	struct model_address *addresses;
	size_t n_addresses;
	struct mac_addr mac; /* zero: the port's */
	struct model_loc mac_loc;
	uint16_t mtu; /* 0: the port's (less the tunnel's headers) */
	struct model_loc mtu_loc;
	struct model_rate rate;
	struct model_shape shape;
	struct model_filter filter;
	enum model_rpf rpf; /* default off */
	struct model_probe probe;
	struct model_ra ra;
};

struct model_route {
	struct model_loc loc;
	struct ip_prefix to; /* masked */
	struct ip_addr
		*vias; /* gateways; several share the traffic by flow (ECMP). Empty: on-link */
	size_t n_vias;
	/* "": the interface whose network holds the gateway; without a gateway, too: the route
	 * drops. */
	char dev[MODEL_NAME_MAX + 1];
	/* Of several routes to one network the lowest is used whose next hop lives. */
	uint32_t metric;
	struct model_loc to_loc, via_loc, dev_loc;
};

/* Packets that match, and that no interface's network awaits, leave the way that the first such
 * policy says, not the routes'. */
struct model_policy {
	struct model_loc loc;
	char name[MODEL_NAME_MAX + 1]; /* "": none */
	struct model_match match;
	char in[MODEL_NAME_MAX + 1]; /* interface that it came in on; "": any */
	struct ip_addr *vias;        /* as of a route */
	size_t n_vias;
	char dev[MODEL_NAME_MAX + 1];
	bool drop;             /* neither vias nor dev */
	bool route;            /* likewise: leave it to the routes */
	enum model_else other; /* what holds while no next hop lives; default the routes */
	struct model_loc in_loc, via_loc, dev_loc;
};

struct model_neighbor {
	struct model_loc loc;
	struct ip_addr address;
	struct mac_addr mac;
	char interface[MODEL_NAME_MAX + 1];
	struct model_loc address_loc, interface_loc;
};

struct model_router {
	struct model_loc loc;
	char name[MODEL_NAME_MAX + 1];
	char slice[MODEL_NAME_MAX + 1]; /* default: the first slice */
	struct model_loc slice_loc;
	uint32_t weight; /* 1..1000, default 1 */
	struct model_interface *interfaces;
	size_t n_interfaces;
	struct model_route *routes;
	size_t n_routes;
	struct model_neighbor *neighbors;
	size_t n_neighbors;
	struct model_policy *policies; /* in order of precedence */
	size_t n_policies;
};

/* The rate of one link while a period lasts, in place of its interface's. */
struct model_period_rate {
	struct model_rate rate; /* begins with the place of the whole */
	char router[MODEL_NAME_MAX + 1];
	char interface[MODEL_NAME_MAX + 1];
	struct model_loc link_loc;
};

/* Periods follow each other from the lease's start. Behind the last, and for links that a period
 * does not name, the interfaces' rates hold. */
struct model_period {
	struct model_loc loc;
	char name[MODEL_NAME_MAX + 1];
	uint64_t duration_s; /* 0: to the lease's end */
	struct model_loc duration_loc;
	struct model_period_rate *rates;
	size_t n_rates;
};

struct model_lease {
	struct model_loc loc; /* line 0: no lease, always there */
	int64_t start_s;
	int64_t end_s;       /* MODEL_TIME_NONE: none */
	uint64_t duration_s; /* what `duration:` said; 0 once it is in end_s */
	struct model_loc start_loc, end_loc, duration_loc;
};

struct model_vpxi {
	struct model_loc loc;
	char name[MODEL_NAME_MAX + 1];
	struct model_lease lease;
	struct model_period *periods;
	size_t n_periods;
	struct model_router *routers;
	size_t n_routers;
};

struct model_site {
	int64_t now_s; /* instants before are past and not judged; INT64_MIN: all are judged */
	char *file;    /* where it came from, for messages; NULL: made by a program */
	char name[MODEL_NAME_MAX + 1];
	struct model_loc name_loc;
	struct model_eal eal;
	struct model_control control;
	struct model_slice *slices; /* never empty after site_parse: default {s0, [1], poll} */
	size_t n_slices;
	struct model_port *ports;
	size_t n_ports;
	struct model_vpxi *vpxis;
	size_t n_vpxis;
};

/* An empty site with every default set that needs no name: no socket path, no slice yet. NULL: out
 * of memory. */
struct model_site *model_site_create(void);
/* A deep copy. NULL: out of memory. */
struct model_site *model_site_clone(const struct model_site *site);
/* Frees the tree; NULL is allowed. */
void model_site_destroy(struct model_site *site);

/* The defaults of objects that a program makes; the object's memory need not be clear before. */
void model_slice_init(struct model_slice *slice);
void model_port_init(struct model_port *port);
void model_router_init(struct model_router *router);
void model_interface_init(struct model_interface *iface);
void model_match_init(struct model_match *match); /* any packet */
void model_probe_init(struct model_probe *probe); /* none, with the usual times */
/* The burst of a link that is granted RATE_BPS: SHAPE's own, or what the rate brings in 2 ms, from
 * 32 KiB to 4 MiB. */
uint64_t model_burst_bytes(const struct model_shape *shape, uint64_t rate_bps);
/* Packets that a queue of this many bytes is given by default. */
uint32_t model_queue_packets(uint64_t queue_bytes);

/* Lookup by name, NULL when absent. Linear; the returned object belongs to the site. */
struct model_slice *model_slice_lookup(const struct model_site *site, const char *name);
struct model_port *model_port_lookup(const struct model_site *site, const char *name);
struct model_vpxi *model_vpxi_lookup(const struct model_site *site, const char *name);
struct model_router *model_router_lookup(const struct model_vpxi *vpxi, const char *name);
struct model_interface *model_interface_lookup(const struct model_router *router, const char *name);

/* Add to, and delete from, the arrays. The objects are taken over (deep parts included) on success,
 * and what is left behind is zeroed; -ENOMEM leaves both as they were. del frees the object. A
 * router that names no slice (parsed without its site) gets the site's first. */
int model_vpxi_add(struct model_site *site, struct model_vpxi *vpxi);
void model_vpxi_del(struct model_site *site, size_t index);
int model_policy_add(struct model_router *router, struct model_policy *policy);
int model_route_add(struct model_router *router, struct model_route *route);
void model_route_del(struct model_router *router, size_t index);
/* Deep copy of one VPXI into *out; free with model_vpxi_fini. 0 or -ENOMEM. */
void model_route_fini(struct model_route *route);
int model_vpxi_clone(struct model_vpxi *out, const struct model_vpxi *vpxi);
void model_vpxi_fini(struct model_vpxi *vpxi);

/* Same values, wherever they stand in a file (locations are not compared). */
bool model_site_equal(const struct model_site *a, const struct model_site *b);
bool model_vpxi_equal(const struct model_vpxi *a, const struct model_vpxi *b);
bool model_router_equal(const struct model_router *a, const struct model_router *b);
bool model_interface_equal(const struct model_interface *a, const struct model_interface *b);
/* Rate, shape, filter, check and probe left out: what needs a new interface rather than new values.
 */
bool model_interface_same_attachment(
	const struct model_interface *a, const struct model_interface *b);
bool model_filter_equal(const struct model_filter *a, const struct model_filter *b);
bool model_probe_equal(const struct model_probe *a, const struct model_probe *b);
bool model_policy_equal(const struct model_policy *a, const struct model_policy *b);
bool model_route_equal(const struct model_route *a, const struct model_route *b);
bool model_port_equal(const struct model_port *a, const struct model_port *b);
bool model_slice_equal(const struct model_slice *a, const struct model_slice *b);

/* The rate the paper's allocator may give to VPXIs on this port and direction:
 * capacity x vpxi-share; capacity_bps stands in for a port without its own. */
uint64_t model_port_share_bps(const struct model_port *port, uint64_t capacity_bps);

#endif
