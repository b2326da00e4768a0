/* SPDX-License-Identifier: BSD-3-Clause */
/* A DPDK ethdev and the tables by which its frames find an interface. Created and freed by the
 * control thread; received from by one worker; sent to by every worker through a queue of its own
 * where the device has enough, else by the polling worker. */
#ifndef HPSR_DATAPLANE_PORT_H
#define HPSR_DATAPLANE_PORT_H

#include "dataplane/dp.h"
#include "dataplane/iface.h"
#include "dataplane/waker.h"

#define PORT_MAX 32 /* RTE_MAX_ETHPORTS of Debian's DPDK */
#define PORT_VIDS 4096
#define PORT_TXQ_LEN 512 /* packets a worker keeps for a port that takes no more just now */

struct sched;
struct underlay;

struct port {
	/* What receiving touches. */
	uint16_t ethdev;
	uint8_t index;  /* in port_table; 1.. */
	uint8_t worker; /* index of the worker that polls it */
	bool up;
	uint32_t ups;   /* how often the link has come up */
	bool shared_tx; /* one transmit queue, served by the polling worker */
	struct iface *untagged;
	uint64_t rx_packets, rx_bytes;
	struct iface *vlan[PORT_VIDS];   /* single 802.1Q tag */
	struct iface **outer[PORT_VIDS]; /* 802.1ad tag: PORT_VIDS entries by inner 802.1Q tag */

	/* The control thread's. */
	char name[DP_NAME_LEN];
	struct mac_addr mac;
	uint16_t mtu;
	uint64_t capacity_bps, share_bps;
	struct sched *sched;       /* the polling worker's */
	struct underlay *underlay; /* NULL: the port has no address of its own */
	uint32_t n_hold;           /* links that are held to their rate here */
	bool scheduled;     /* all that leaves goes by the polling worker and its scheduler */
	bool ours;          /* probed by us, to be removed by us */
	struct waker waker; /* set before it is published */

	/* Counted by the polling worker. */
	uint64_t drops[DROP_REASON_COUNT] __rte_cache_aligned;
};

/* What is staged with a frame, in one word: the id of the interface that it leaves by, its mark in
 * struct latency (14 bits), and its class. */
static inline uint32_t port_tag(uint32_t iface, uint32_t mark, uint32_t class)
{
	return class << 30 | mark << 16 | iface;
}

static inline uint16_t port_tag_iface(uint32_t tag)
{
	return (uint16_t)tag;
}

static inline uint16_t port_tag_mark(uint32_t tag)
{
	return (uint16_t)(tag >> 16 & 0x3fff);
}

static inline uint8_t port_tag_class(uint32_t tag)
{
	return (uint8_t)(tag >> 30);
}

/* What one worker has to send on one port. */
struct port_txq {
	struct port *port;
	uint8_t index; /* of the port */
	uint16_t queue;
	uint16_t n;
	uint16_t limit;                /* PORT_TXQ_LEN; 0: the port has no link */
	uint16_t not_forwarded;        /* of the n: those not of class PKT_FORWARDED */
	bool remote;                   /* another worker sends for this one */
	struct sched *sched;           /* where this worker polls the port */
	uint64_t bytes;                /* of the n */
	uint64_t tx_packets, tx_bytes; /* that the device took */
	uint64_t drops[2];             /* tx_full, port_down */
	uint32_t tag[PORT_TXQ_LEN];
	struct rte_mbuf *m[PORT_TXQ_LEN];
};

extern struct port *port_table[PORT_MAX + 1];

/* Open, configure and start the device; its frames wait until a worker polls it. 0 or -errno with
 * err. The mempool serves its receive queue. SLEEPS: its worker may want to be woken by frames. */
int port_create(const struct dp_port_spec *spec, struct rte_mempool *pool, unsigned int n_workers,
	bool sleeps, struct port **out, char *err);
/* Stop, close and, where we probed it, remove the device. No worker may use it any more. */
void port_destroy(struct port *port);
/* Change the MTU; 0 or -errno with err, and then nothing has changed. */
int port_set_mtu(struct port *port, uint16_t mtu, char *err);

/* Make room for entries behind an outer tag; kept until the port goes. 0 or -ENOMEM. */
int port_class_reserve(struct port *port, uint16_t outer_vlan);
/* Point the entry at an interface, or at none; seen by the polling worker at once. */
void port_class_set(struct port *port, uint16_t outer_vlan, uint16_t vlan, struct iface *iface);
/* Which interface has these tags now. */
struct iface *port_class_lookup(const struct port *port, uint16_t outer_vlan, uint16_t vlan);

/* Ask the device for its link; true when it has come up since the last call. Polling worker, or
 * the control thread before the port is published. */
bool port_link_update(struct port *port);

#endif
