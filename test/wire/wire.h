/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole dataplane in one process, on a clock that the test moves: ports are pairs of rings, and
 * frames go in and come out as bytes. Every test is followed by the accounts: nothing that went in
 * may be lost, counted twice, or kept.
 *
 * Any failed expectation ends the test (cmocka); what it made is removed all the same. */
#ifndef HPSR_TEST_WIRE_WIRE_H
#define HPSR_TEST_WIRE_WIRE_H

/* cmocka wants these four first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dataplane/dp.h"
#include "frame.h"

#define WIRE_PORTS 4
#define WIRE_PORT_MAC(port) (UINT64_C(0x020000000000) + 1 + (port))
#define WIRE_HOST_MAC(host) (UINT64_C(0x020000010000) + (host))
#define WIRE_MTU_MAX 9000

/* Of the whole program: start the dataplane with so many slices "s0", "s1" .. of one worker each.
 * N_TX: transmit queues of a port; 1 makes workers share it. */
int wire_start(unsigned int n_slices, unsigned int n_tx);
/* The same with threads of their own for the workers, on the real clock: a turn is waited for, the
 * clock does not move by hand, and frames may leave at any time. */
int wire_start_threads(unsigned int n_slices, unsigned int n_tx);
int wire_stop(void **state);
/* Of one test: accounts are empty before; everything is removed and accounted for after. */
int wire_setup(void **state);
int wire_teardown(void **state);
#define WIRE_TEST(f) cmocka_unit_test_setup_teardown(f, wire_setup, wire_teardown)

/* ---- objects ---- */

struct wire_iface {
	unsigned int port;              /* 0.. WIRE_PORTS-1; added when it is not there */
	uint16_t outer, vlan;           /* 0: none */
	const char *address, *address2; /* "10.0.0.1/24" */
	uint16_t mtu;
	uint64_t mac;
	struct dp_link_spec link;
	struct dp_ra_spec ra;
	const char *name;
};

/* Make a transaction, and the parts of one; no failure is expected. */
void wire_begin(void);
dp_port_id wire_port_add(unsigned int port, uint16_t mtu);
dp_vr_id wire_vr_add(const char *name, const char *slice);
dp_vr_id wire_vr_add_weighted(const char *name, const char *slice, uint32_t weight);
dp_iface_id wire_iface_add(dp_vr_id vr, const struct wire_iface *spec);
void wire_routes_set(dp_vr_id vr, const struct dp_route_spec *routes, size_t n);
void wire_neighbors_set(dp_vr_id vr, const struct dp_neigh_spec *neighbors, size_t n);
void wire_vr_del(dp_vr_id vr);
void wire_iface_del(dp_iface_id iface);
void wire_port_del(unsigned int port);
void wire_commit(void);
void wire_abort(void);
struct dp_txn *wire_txn(void);
char *wire_err(void); /* the last error line */

dp_port_id wire_port_id(unsigned int port); /* 0: not there */
struct ip_prefix wire_prefix(const char *text);
struct ip_addr wire_ipaddr(const char *text);
/* VIA NULL: on-link; IFACE 0: blackhole. */
struct dp_route_spec wire_route(const char *to, const char *via, dp_iface_id iface);
struct dp_neigh_spec wire_neigh(dp_iface_id iface, const char *address, uint64_t mac);
struct dp_link_spec wire_link(
	uint64_t rate_bps, uint64_t burst, uint64_t queue_bytes, uint32_t queue_packets);
/* The link comes and goes. */
void wire_link_up(unsigned int port, bool up);

/* ---- the clock ---- */

/* N turns of every worker, all at the same instant. */
void wire_poll(unsigned int n);
/* One turn of one worker. */
void wire_turn(unsigned int worker);
void wire_advance_tsc(uint64_t tsc);
void wire_advance_ns(uint64_t ns);
/* Turns all STEP_NS until NS have gone by. */
void wire_run_ns(uint64_t ns, uint64_t step_ns);
uint64_t wire_now_tsc(void);

/* ---- frames ---- */

void wire_send(unsigned int port, const struct frame *f);
/* Take back what has been sent and not been polled. */
void wire_flush_in(void);
/* The next frame that left by the port; false: none. */
bool wire_recv(unsigned int port, struct frame *f);
/* Take and forget what has left by all ports; how many. */
unsigned int wire_discard(void);
/* The next frame is this one, byte by byte. */
void wire_expect(unsigned int port, const struct frame *want);
/* Nothing more has left by any port. */
void wire_expect_none(void);
/* The next frame, parsed and found right. */
void wire_expect_parsed(unsigned int port, struct frame *f, struct frame_view *v);
/* So many frames more than packets will have left: fragments. */
void wire_extra(unsigned int n);
/* Or any number. */
void wire_extra_any(void);
/* How many buffers the dataplane's pool gives; keep them until returned. */
unsigned int wire_bufs_take(void);
void wire_bufs_return(void);

/* ---- accounts ---- */

/* Assert that every worker's books and their sum balance, and agree with what the test sent. */
void wire_check(void);
struct dp_conservation wire_books(void);
/* Packets dropped for this reason since the program began. */
uint64_t wire_drops(enum drop_reason reason);

/* ---- the usual router ---- */

/* One virtual router between port 0 and port 1. Host A, 10.0.0.2, behind its interface 10.0.0.1/24;
 * host B, 10.0.1.2, behind 10.0.1.1/24, and 10.9.0.0/16 behind B. Their MACs are configured, so no
 * ARP is needed. */
struct wire_lab {
	dp_vr_id vr;
	dp_iface_id lan, wan;
	uint16_t mtu;                   /* of ports that are made; 0: 1500 */
	uint32_t weight;                /* 0: 1 */
	struct frame_l2 from_a, from_b; /* of frames to the router */
	struct frame_l2 at_a, at_b;     /* of frames from the router */
};

#define A_MAC WIRE_HOST_MAC(0xa)
#define B_MAC WIRE_HOST_MAC(0xb)
#define A_IP UINT32_C(0x0a000002)
#define B_IP UINT32_C(0x0a000102)
#define LAN_IP UINT32_C(0x0a000001)
#define WAN_IP UINT32_C(0x0a000101)

/* LAN and WAN: the interfaces' tags, link, MTU; may be NULL. Ports, addresses and names are set. */
void wire_lab_create(struct wire_lab *lab, const char *name, const struct wire_iface *lan,
	const struct wire_iface *wan);
void wire_lab_create_at(struct wire_lab *lab, const char *name, const char *slice,
	const struct wire_iface *lan, const struct wire_iface *wan);
/* A packet from the host behind port FROM, 0 or 1, arrives at the other, and is the next there. */
void wire_lab_passes_port(const struct wire_lab *lab, unsigned int from);
/* Both ways, and nothing else leaves. */
void wire_lab_passes(const struct wire_lab *lab);
/* Send at once one packet more than the router's input queue takes, which is half of what the
 * worker has for all and its own places: needs another router on the worker, and makes it. */
void wire_flood_input(const struct wire_lab *lab);
/* Ping the router once more often than its bucket holds. */
void wire_flood_punts(const struct wire_lab *lab);

#endif
