/* SPDX-License-Identifier: BSD-3-Clause */
/* The site that the benches measure: virtual routers that all have the same addresses and routes,
 * told apart by their VLANs only, on one or two capture-file ports.
 *
 * On each port, virtual router v receives at VLAN SITE_VLAN_IN + v and sends at VLAN
 * SITE_VLAN_OUT + v; untagged, it does both at the port itself. Route i is 10.(i/256).(i%256).0/24,
 * in turn through each port, to a static neighbour. In IPv6, the IPv4 address or network follows
 * 2001:db8::/32 (so 10.0.1.0/24 is 2001:db8:a00:100::/56), and ::1 follows an address.
 * bench/packets.py makes packets that fit.
 *
 * Where in or out is a tunnel, the ports have an underlay, 198.51.100.1/24 and 2001:db8:ffff::1/64;
 * tunnels that receive come from .2 (::2), those that send go to .3 (::3), VNI and key as the VLAN.
 * The neighbours' answers to ARP and ND must be among what is received. */
#ifndef HPSR_BENCH_SITE_H
#define HPSR_BENCH_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/dp.h"

#define SITE_PORTS_MAX 2u
#define SITE_VRS_MAX 1024u
#define SITE_VLAN_IN 2u
#define SITE_VLAN_OUT (SITE_VLAN_IN + SITE_VRS_MAX)
#define SITE_LCORE 1 /* the worker's */

/* How an interface is attached. */
enum site_attach {
	SITE_VLAN,
	SITE_QINQ, /* outer VID SITE_VLAN_OUTER */
	SITE_VXLAN,
	SITE_GRE, /* with a key */
	SITE_IPIP
};

#define SITE_VLAN_OUTER 4000u

struct site {
	const char *devices[SITE_PORTS_MAX]; /* DPDK device strings */
	unsigned int n_ports;
	unsigned int n_vrs, n_routes; /* routes of each */
	bool untagged;                /* needs n_vrs == 1 */
	bool ip6;                     /* the same in IPv6 */
	enum site_attach in, out;     /* tunnels: n_vrs == 1 */
	bool underlay6;               /* tunnels over IPv6 */
	bool no_sharing;              /* routers do not take turns on the worker */
	uint64_t shape_bps;           /* of every link; 0: not shaped */
	enum dp_place shape_at;       /* 0: vif-in */
	enum dp_shaper shape_by;
	/* Of each virtual router: rules on each interface that receives, none of which matches a
	 * packet; policies, of which the last takes all packets where the routes do; and whether
	 * sources are checked, strictly. */
	unsigned int n_rules, n_policies;
	bool rpf;
	dp_port_id ports[SITE_PORTS_MAX];
	dp_vr_id vrs[SITE_VRS_MAX];
};

/* Start the dataplane with one worker, then open the ports. 0 or -errno and err (DP_ERR_LEN). */
int site_open(struct site *site, int hugepages, uint32_t n_bufs, bool inline_run, char *err);
/* Add the virtual routers, with their interfaces, routes and neighbours; one transaction. */
int site_fill(struct site *site, char *err);

#endif
