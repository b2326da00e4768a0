/* SPDX-License-Identifier: BSD-3-Clause */
/* An interface's IPv6 side: its own addresses and the groups that follow from them. It is there as
 * soon as the interface has an IPv6 address, and always begins with a link-local one made of the
 * MAC (RFC 4291 2.5.6 and appendix A). Created and freed with the interface; while published, it
 * belongs to the home worker. Addresses are as on the wire. */
#ifndef HPSR_DATAPLANE_IFACE6_H
#define HPSR_DATAPLANE_IFACE6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "dataplane/iface.h"
#include "lib/wheel.h"

#define IFACE6_MTU_MIN 1280u

/* RFC 4862 5.4: an address is nobody's until nobody else has claimed it. */
enum own6_state {
	OWN6_TENTATIVE, /* being asked about: neither used nor answered for */
	OWN6_VALID,
	OWN6_DUPLICATE, /* another station's: never used */
};

struct own6 {
	uint8_t ip[16];
	uint8_t len;    /* of its network */
	uint8_t state;  /* enum own6_state */
	uint8_t probes; /* solicitations sent since it is tentative */
	bool anycast;   /* subnet-router anycast (RFC 4291 2.6.1): shared, so never a source */
};

struct iface6 {
	struct iface *iface;
	struct own6 *own; /* the first is the link-local one */
	size_t n_own;
	struct wheel_node timer;
	uint64_t dad_due_tsc; /* duplicate address detection; UINT64_MAX: nothing to do */
	struct dp_ra_spec ra;
	uint64_t ra_due_tsc, ra_last_tsc; /* next advertisement (likewise), and the last */
	uint8_t ra_sent;                  /* advertisements, counted up to the initial ones */
};

/* For an interface with at least one IPv6 address; sets iface->ip6. 0 or -ENOMEM. */
int iface6_create(struct iface *iface);
/* In no wheel any more. NULL is allowed. */
void iface6_destroy(struct iface6 *ip6);

/* The own address, of any state; NULL: not ours. */
struct own6 *iface6_own(const struct iface6 *ip6, const uint8_t ip[16]);
/* The own address whose solicited-node group this is (RFC 4291 2.7.1); NULL: none. */
const struct own6 *iface6_solicited(const struct iface6 *ip6, const uint8_t group[16]);
/* Has the interface joined this group: all nodes, all routers, solicited nodes? */
bool iface6_joined(const struct iface6 *ip6, const uint8_t group[16]);
/* The address to speak from to DST: link-local to a link-local or multicast one, else global, of
 * DST's network when there is one. NULL: none is valid. */
const struct own6 *iface6_source(const struct iface6 *ip6, const uint8_t dst[16]);
/* Is IP in the network of an own address, or link-local? */
bool iface6_on_link(const struct iface6 *ip6, const uint8_t ip[16]);

static inline bool ip6_is_multicast(const uint8_t ip[16])
{
	return ip[0] == 0xff;
}

static inline bool ip6_is_link_local(const uint8_t ip[16])
{
	return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

static inline bool ip6_equal(const uint8_t a[16], const uint8_t b[16])
{
	return memcmp(a, b, 16) == 0;
}

static inline bool ip6_is_unspecified(const uint8_t ip[16])
{
	static const uint8_t zero[16];

	return ip6_equal(ip, zero);
}

#endif
