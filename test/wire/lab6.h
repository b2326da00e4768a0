/* SPDX-License-Identifier: BSD-3-Clause */
/* The usual router with both families: host A6 behind 2001:db8::1/64 on port 0, host B6 behind
 * 2001:db8:1::1/64 on port 1, 2001:db8:9::/48 behind B6. */
#ifndef HPSR_TEST_WIRE_LAB6_H
#define HPSR_TEST_WIRE_LAB6_H

#include "frame6.h"
#include "wire.h"

#define A6 "2001:db8::2"
#define B6 "2001:db8:1::2"
#define LAN6 "2001:db8::1"
#define WAN6 "2001:db8:1::1"
#define LAN6_LL "fe80::ff:fe00:1" /* of WIRE_PORT_MAC */
#define WAN6_LL "fe80::ff:fe00:2"
#define A6_LL "fe80::a"
#define B6_LL "fe80::b"
#define GROUP_MAC(last) (UINT64_C(0x333300000000) | (last))

/* KNOWN: A6 and B6 (and their link-local addresses) are configured neighbours, and the router's own
 * addresses are known to be unique. Else nothing has been asked yet, and no time has gone by. */
void lab6_create(struct wire_lab *lab, bool known, const struct wire_iface *lan,
	const struct wire_iface *wan);
/* Time for duplicate address detection; what is sent meanwhile is forgotten. */
void lab6_settle(void);
/* A's or B's frame arrives, byte by byte as it should, at the other. */
void lab6_passes(const struct wire_lab *lab);
/* A frame comes in by PORT; it is dropped for REASON, once, and nothing is sent. */
void lab6_dropped(unsigned int port, const struct frame *f, enum drop_reason reason);
/* The same, and the next frame that leaves by PORT is an ICMPv6 error that quotes the packet. */
void lab6_refused(unsigned int port, const struct frame *f, enum drop_reason reason, uint8_t type,
	uint8_t code, uint32_t value);
/* The next frame out of the port, parsed and right. */
void lab6_expect(unsigned int port, struct frame *f, struct frame6_view *v);

#endif
