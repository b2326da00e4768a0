/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of check_site share; for check*.c only. */
#ifndef HPSR_CONFIG_CHECK_PARTS_H
#define HPSR_CONFIG_CHECK_PARTS_H

#include <stdbool.h>

#include "config/check.h"

#define CHECK_LINE_STRLEN 32

struct check {
	const struct model_site *site;
	struct diag *diag;
	bool partial; /* of a file with faults: what is "" or IP_AF_NONE is reported already */
	bool no_memory;
	const struct model_port **ports; /* by name */
	size_t n_ports;
	bool unknown_port; /* a name that is not there may be that of a port without one */
};

/* An object that must have a name of its own among others. */
struct check_name {
	const char *name;
	struct model_loc loc;
};

/* "line 12", or "another place" for what is in no file. */
const char *check_line(struct model_loc loc, char buf[CHECK_LINE_STRLEN]);
/* The first of the two that is in the file. */
struct model_loc check_loc(struct model_loc loc, struct model_loc otherwise);
/* Orders by place in the file, for stable reports. */
int check_loc_cmp(struct model_loc a, struct model_loc b);
/* Report names that come twice; sorts the array. WHAT: "port", "router of VPXI 'v1'". */
void check_names(struct check *check, struct check_name *names, size_t n, const char *what);
/* calloc that notes a failure; n may be 0. The caller frees. */
void *check_alloc(struct check *check, size_t n, size_t size);

/* Is it the address of one station in its network? Reported where not. */
bool check_station(struct check *check, const struct ip_prefix *prefix, struct model_loc loc);
/* NULL where the address can be one station's in the network of this length; else what it is. */
const char *check_station_fault(const struct ip_addr *addr, unsigned int len);
bool check_is_link_local(const struct ip_addr *addr);

/* NULL: none of that name. */
const struct model_port *check_port(const struct check *check, const char *name);

/* Devices and underlay addresses of the ports. */
void check_ports(struct check *check);
/* One router by itself: addresses, routes, neighbours. */
void check_router(struct check *check, const struct model_router *router);
/* One VPXI's lease and periods. */
void check_lease(struct check *check, const struct model_vpxi *vpxi);
/* All interfaces against their ports: attachments, tunnels, MTU, rates and queues. */
void check_links(struct check *check);

#endif
