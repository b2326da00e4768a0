/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet in the dataplane: what travels with the mbuf while it waits, the headers in front of its
 * network layer, and the vectors in which a burst moves through the stages. */
#ifndef HPSR_DATAPLANE_PKT_H
#define HPSR_DATAPLANE_PKT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

struct adj;
struct iface;

#define PKT_BURST 64
#define PKT_TX_ONLY UINT8_MAX

/* Which books a packet is in. */
enum pkt_class {
	PKT_FORWARDED,  /* came in from a port */
	PKT_ORIGINATED, /* made by the router */
	PKT_EXTRA,      /* a fragment but the last: the packet it was cut from is counted once */
	PKT_CLASSES
};

/* Written only when a packet waits (link queue, hold queue, ring to another worker); stale
 * otherwise. In the mbuf's dynamic fields, so no second allocation; they have 36 bytes, of which
 * drivers may want 8. */
struct pkt_meta {
	uint32_t age; /* when it began to wait for its virtual link, or its port: latency.h */
	struct rte_mbuf *next; /* in the queue it waits in */
	uint64_t rx_tsc;       /* when it was received */
	uint16_t iface;        /* id of the interface it came in on; originated: leaves by */
	uint16_t link_bytes;   /* what it costs on the virtual link; over a ring, the port number */
	union {
		uint16_t next_bytes; /* in a virtual link's queue: what the next one costs */
		uint16_t paid;       /* held for a neighbour: see struct burst */
		uint16_t counted;    /* over a ring, finished: in iface->handed_over */
	};
	uint8_t l3_offset; /* PKT_TX_ONLY: a finished frame, to leave by `iface` */
	uint8_t class;     /* enum pkt_class */
} __attribute__((packed, aligned(4)));

extern int pkt_meta_offset; /* set once by pkt_init, before any worker runs */

/* Register the dynamic field. 0 or -errno. Once a process. */
int pkt_init(void);

static inline struct pkt_meta *pkt_meta(struct rte_mbuf *m)
{
	return RTE_MBUF_DYNFIELD(m, pkt_meta_offset, struct pkt_meta *);
}

/* A first-in first-out list through the metadata. */
struct pkt_list {
	struct rte_mbuf *head, *tail;
};

static inline void pkt_list_enqueue(struct pkt_list *list, struct rte_mbuf *m)
{
	pkt_meta(m)->next = NULL;
	if (list->head == NULL)
		list->head = m;
	else
		pkt_meta(list->tail)->next = m;
	list->tail = m;
}

static inline struct rte_mbuf *pkt_list_dequeue(struct pkt_list *list)
{
	struct rte_mbuf *m = list->head;

	if (m != NULL)
		list->head = pkt_meta(m)->next;
	return m;
}

/* All of FROM goes behind what is in LIST; FROM is empty then. */
static inline void pkt_list_append(struct pkt_list *list, struct pkt_list *from)
{
	if (from->head == NULL)
		return;
	if (list->head == NULL)
		list->head = from->head;
	else
		pkt_meta(list->tail)->next = from->head;
	list->tail = from->tail;
	*from = (struct pkt_list){0};
}

/* Packets of one address family, of any virtual routers, on their way through the stages; each
 * stage keeps those that go on, in order, and disposes of the others. */
struct burst {
	unsigned int n;
	bool mixed;         /* packets of several interfaces; set by route */
	uint8_t guards;     /* flags of interfaces that they came in on: what guard.h has to do */
	uint8_t guards_out; /* some leave by an interface with a filter; set by resolve */
	bool tunnels;       /* some leave by a tunnel; set by resolve */
	bool waited;        /* some have been let pass by a virtual link already; paid is valid */
	uint16_t mark; /* in struct latency, set before output: of all; of the first, if rx_tsc is 0
			*/
	uint64_t rx_tsc; /* of all packets; 0: each has its own in RX */
	struct rte_mbuf *m[PKT_BURST];
	union {
		struct rte_ipv4_hdr *ip[PKT_BURST];
		struct rte_ipv6_hdr *ip6[PKT_BURST];
	};
	struct iface *in[PKT_BURST];
	union {
		uint32_t dst[PKT_BURST]; /* destination, host order */
		uint8_t dst6[PKT_BURST][16];
	};
	uint64_t rx[PKT_BURST]; /* when it was received; only where rx_tsc is 0 */
	uint32_t nh[PKT_BURST];
	struct adj *adj[PKT_BURST];
	uint16_t paid[PKT_BURST]; /* id of the interface whose link has let it pass, or 0 */
};

static inline uint64_t burst_rx_tsc(const struct burst *b, unsigned int i)
{
	return b->rx_tsc != 0 ? b->rx_tsc : b->rx[i];
}

/* What is received, by family; and frames that are for tunnels, in their outer headers still. */
struct bursts {
	struct burst ip4, ip6;
	unsigned int n_outer;
	struct rte_mbuf *outer[PKT_BURST];
};

/* The arrays stay as they are: nothing reads them beyond n. */
static inline void burst_init(struct burst *b, uint64_t rx_tsc)
{
	b->n = 0;
	b->guards = 0;
	b->waited = false;
	b->rx_tsc = rx_tsc;
}

static inline void burst_add(
	struct burst *b, struct rte_mbuf *m, struct rte_ipv4_hdr *ip, struct iface *in)
{
	b->m[b->n] = m;
	b->ip[b->n] = ip;
	b->in[b->n] = in;
	b->dst[b->n] = rte_be_to_cpu_32(ip->dst_addr);
	b->n++;
}

static inline void burst_add6(
	struct burst *b, struct rte_mbuf *m, struct rte_ipv6_hdr *ip, struct iface *in)
{
	b->m[b->n] = m;
	b->ip6[b->n] = ip;
	b->in[b->n] = in;
	memcpy(b->dst6[b->n], ip->dst_addr, sizeof(b->dst6[0]));
	b->n++;
}

/* The next packet, of whatever family, was received then. */
static inline void bursts_set_rx(struct bursts *b, uint64_t rx_tsc)
{
	b->ip4.rx[b->ip4.n] = rx_tsc;
	b->ip6.rx[b->ip6.n] = rx_tsc;
}

static inline void bursts_init(struct bursts *b, uint64_t rx_tsc)
{
	burst_init(&b->ip4, rx_tsc);
	burst_init(&b->ip6, rx_tsc);
	b->n_outer = 0;
}

/* Packet FROM of the burst goes on by ADJ, behind TO others: mostly it is in its place already. */
static inline void burst_keep(struct burst *b, unsigned int to, unsigned int from, struct adj *adj)
{
	b->adj[to] = adj;
	if (likely(to == from))
		return;
	b->m[to] = b->m[from];
	b->ip[to] = b->ip[from];
	b->in[to] = b->in[from];
	b->rx[to] = b->rx[from];
	b->paid[to] = b->paid[from];
}

/* Packet I has waited for the link of the interface with this id: neither that link nor the
 * interface's filter has anything to say about it any more. */
static inline bool burst_paid(const struct burst *b, unsigned int i, uint32_t out_id)
{
	return b->waited && b->paid[i] == out_id;
}

static inline uint8_t pkt_l3_offset(const struct rte_mbuf *m, const void *l3)
{
	return (uint8_t)((const char *)l3 - rte_pktmbuf_mtod(m, const char *));
}

#endif
