/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole dataplane in this process, between two ports that are rings, on a clock that the bench
 * moves: what leaves has left at a known tick. Port 0 receives, port 1 sends.
 *
 * Virtual router 0 has the links: link i is its interface to port 1 with VLAN LAB_VLAN + i. Virtual
 * routers 1.. are best effort, with one unshaped link each, numbered behind those. Frames are IPv4
 * over UDP with one tag, the same length before and after; sizes are with tag and FCS, as on the
 * wire, bytes of links without FCS.
 *
 * The clock goes in steps of a poll loop (LAB_STEP_NS), and leaps over those in which nothing is
 * due. Any failure ends the program with a line on stderr. */
#ifndef HPSR_BENCH_RATES_LAB_H
#define HPSR_BENCH_RATES_LAB_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/dp.h"

#define LAB_LINKS_MAX 2048u
#define LAB_BEST_MAX 16u
#define LAB_VLAN 16u
#define LAB_FCS 4u
#define LAB_STEP_NS 250u

/* A frame that has left. */
struct lab_out {
	uint32_t link;
	uint64_t seq;   /* the link's, from 0, of what was sent */
	uint32_t bytes; /* without FCS */
	uint64_t tsc;
};

struct lab_conf {
	uint64_t capacity_bps, share_bps; /* of port 1; 0: none */
	const struct dp_link_spec *links;
	unsigned int n_links;
	const uint32_t *weights; /* of the best effort */
	unsigned int n_best;
};

/* Once a program. */
void lab_open(void);
void lab_close(void);
/* The routers and links of one measurement, and none of the one before: what still waits of that is
 * thrown away, and its books have been looked at. */
void lab_setup(const struct lab_conf *conf);
void lab_teardown(void);

/* Who takes what leaves. */
void lab_sink(void (*sink)(const struct lab_out *out, void *ctx), void *ctx);
/* A frame of SIZE arrives for the link; true: the port has taken it. */
void lab_send(unsigned int link, unsigned int size);
/* The loop turns at the present instant until all that has arrived is taken in. */
void lab_poll(void);
/* On to the next step of the loop in which something is due, but not beyond UNTIL_TSC; poll. */
void lab_advance(uint64_t until_tsc);
uint64_t lab_now(void);
/* The first step of the loop at or after TSC. */
uint64_t lab_step_at(uint64_t tsc);
uint64_t lab_ticks(uint64_t bits, uint64_t bps); /* rounded down */

void lab_link_set(unsigned int link, const struct dp_link_spec *spec);
struct dp_iface_stats lab_link_stats(unsigned int link);
/* Of all workers; ends the program where they do not balance. */
struct dp_conservation lab_books(void);
uint64_t lab_drops(enum drop_reason reason);

#endif
