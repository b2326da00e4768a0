/* SPDX-License-Identifier: BSD-3-Clause */
/* The generator: what was asked, and the parts of the program. One process, one lcore that sends
 * and receives in turn, or two, one for each. */
#ifndef HPSR_BENCH_PKTGEN_H
#define HPSR_BENCH_PKTGEN_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/pktgen_flow.h"
#include "bench/pktgen_frame.h"
#include "bench/pktgen_pace.h"
#include "lib/hist.h"

#define PKTGEN_BURST 32u   /* frames a call of the driver */
#define PKTGEN_MIX_MAX 12u /* frames of a size mix */
#define PKTGEN_TEXT 64

/* Which bytes of a frame a rate in bits a second counts. */
enum pktgen_count {
	COUNT_L2,  /* the frame without FCS, as the router's shapers do */
	COUNT_FCS, /* with FCS */
	COUNT_L1,  /* with FCS, preamble and gap: on the line */
	COUNT_UDP, /* the UDP payload, as iperf does */
};

/* One run of traffic. */
struct pktgen_trial {
	char rate_text[PKTGEN_TEXT], size_text[PKTGEN_TEXT];
	uint64_t rate; /* frames or bits a second; 0: as fast as it goes */
	bool rate_is_bits;
	uint16_t mix[PKTGEN_MIX_MAX]; /* sizes in turn */
	unsigned int n_mix;
	double seconds;
	uint64_t packets; /* 0: seconds */
};

struct pktgen_options {
	const char *tx_device, *rx_device; /* NULL: the same */
	struct frame_spec frames;
	struct ip_addr via;     /* the router at the sending port; its MAC is asked for */
	struct ip_addr rx_addr; /* answered for at the receiving port */
	struct pktgen_trial trial;
	enum pktgen_count count;
	uint32_t burst;
	unsigned int lcores[2], n_lcores;
	unsigned int n_desc;
	int hugepages; /* -1 auto, 0, 1 */
	double warm_up, learn, quiet, drain, link;
	double tolerance; /* of the asked rate, before a run is void */
	bool full_is_loss;
	bool serve, json;
};

struct pktgen_result {
	struct pktgen_trial trial;
	uint64_t tx_packets, tx_bytes; /* offered; bytes as counted */
	uint64_t refused;              /* of these: the device had no room */
	uint64_t rx_packets, rx_bytes; /* of this run, with duplicates; bytes as counted */
	struct flow_total flows;
	uint64_t corrupted, wrong_tag, other, stray; /* stray: of an earlier run */
	double tx_seconds, rx_seconds, drain_seconds;
	double short_share;             /* of the run's time, what the sender gave up */
	uint64_t gap_tsc;               /* longest between two looks at the receive queue */
	const struct hist *latency_tsc; /* valid until the next run */
	bool is_void, interrupted;
	char why[128];
};

extern volatile sig_atomic_t pktgen_stopped;

/* ---- pktgen_opts.c ---- */

/* 0: go on; 1: usage was asked for and printed; -EINVAL: said what is wrong on stderr. */
int pktgen_options_parse(struct pktgen_options *options, int argc, char **argv);
/* "RATE SIZE SECONDS", a line of --serve; -EINVAL with what is wrong in err (128 bytes). */
int pktgen_trial_parse(const struct pktgen_options *options, const char *line,
	struct pktgen_trial *trial, char *err);
/* Bytes that a frame of SIZE counts. */
uint32_t pktgen_count_bytes(const struct pktgen_options *options, uint32_t size);
const char *pktgen_count_name(enum pktgen_count count);

/* ---- pktgen_port.c: EAL and ports ---- */

struct rte_mempool;

struct pktgen_ports {
	uint16_t tx, rx; /* ethdevs; may be the same */
	struct mac_addr tx_mac, rx_mac;
	struct rte_mempool *tx_pool, *rx_pool;
};

/* Start EAL, open and start the ports, wait for their links. 0, or -errno after a line on stderr.
 */
int pktgen_ports_open(struct pktgen_ports *ports, const struct pktgen_options *options);
void pktgen_ports_close(struct pktgen_ports *ports);

/* ---- pktgen_run.c: before, in and after a run ---- */

struct pktgen;

/* NULL: out of memory. The options and ports stay the caller's. */
struct pktgen *pktgen_create(
	const struct pktgen_options *options, const struct pktgen_ports *ports);
void pktgen_destroy(struct pktgen *gen);
/* The router's MAC, asked for by ARP; -ETIMEDOUT. */
int pktgen_resolve(struct pktgen *gen);
/* Send a frame of each flow until one of each has come through, so that the run begins with every
 * neighbour known. -ETIMEDOUT: *missing flows did not. */
int pktgen_learn(struct pktgen *gen, uint32_t *missing);
/* Warm up, send, drain. */
void pktgen_run(struct pktgen *gen, const struct pktgen_trial *trial, struct pktgen_result *result);
/* One look at the ports, between runs: answers ARP. */
void pktgen_poll(struct pktgen *gen);

/* ---- pktgen_print.c ---- */

void pktgen_print_json(
	const struct pktgen_options *options, const struct pktgen_result *result, FILE *to);
void pktgen_print_table(
	const struct pktgen_options *options, const struct pktgen_result *result, FILE *to);

#endif
