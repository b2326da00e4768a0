/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP (RFC 792, RFC 1812 4.3): the errors that a virtual router sends. */
#ifndef HPSR_DATAPLANE_ICMP_H
#define HPSR_DATAPLANE_ICMP_H

#include "dataplane/ctx.h"

enum icmp_type {
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_ECHO_REQUEST = 8,
	ICMP_TIME_EXCEEDED = 11,
};

enum icmp_unreachable_code {
	ICMP_NET_UNREACHABLE = 0,
	ICMP_HOST_UNREACHABLE = 1,
	ICMP_PROTOCOL_UNREACHABLE = 2,
	ICMP_PORT_UNREACHABLE = 3,
	ICMP_FRAGMENTATION_NEEDED = 4,
};

/* Tell the sender of IP (a valid header that came in on IN, with total_length bytes behind it)
 * about it, unless RFC 1812 4.3.2.7 forbids it or the router's rate is used up. MTU: of the next
 * hop, for ICMP_FRAGMENTATION_NEEDED (RFC 1191), else 0. */
void icmp_error(struct ctx *ctx, struct iface *in, const struct rte_ipv4_hdr *ip,
	enum icmp_type type, unsigned int code, uint16_t mtu);

#endif
