/* SPDX-License-Identifier: BSD-3-Clause */
/* A transaction under preparation: what it adds, changes and deletes. dp_txn.c prepares,
 * dp_commit.c publishes. Control thread only, but for what dp_commit hands to worker_call. */
#ifndef HPSR_DATAPLANE_DP_TXN_H
#define HPSR_DATAPLANE_DP_TXN_H

#include "dataplane/dp_state.h"

enum txn_change { TXN_CHANGE, TXN_ADD, TXN_DEL };

struct txn_port {
	struct port *port;
	enum txn_change change;
	uint16_t old_mtu;
	uint64_t capacity_bps, share_bps;
	struct port_txq **txqs; /* of an added port: one a worker */
};

struct txn_neigh {
	uint32_t adj;
	dp_iface_id iface;
	uint8_t mac[6];
};

struct txn_vr {
	struct vr *vr;
	enum txn_change change;
	bool moves; /* to another worker: */
	uint8_t move_to;
	struct dp_tables tables; /* to come; fib4 NULL: as they are. After publishing: before */
	uint32_t *dead;          /* next hops that die with a table; room for all */
	size_t n_dead;
	struct dp_route_spec *routes; /* static ones, when given */
	size_t n_routes;
	bool routes_given;
	struct txn_neigh *neighbors; /* when given */
	size_t n_neighbors;
	bool neighbors_given;
	uint32_t *permanent; /* the list to come; after publishing: the one before */
	size_t n_permanent;
};

struct txn_iface {
	struct iface *iface;
	enum txn_change change;
	bool link_given;
	bool less, more;    /* the steps in which the link changes; dp_link.h */
	struct vlink *link; /* made for a link that had none */
	struct dp_link_spec spec, first;
};

enum txn_guard_kind { TXN_FILTER_IN, TXN_FILTER_OUT, TXN_RPF, TXN_PROBE, TXN_POLICIES };

/* dp_guard.h. Pointers are to what comes; after publishing, to what was there before. */
struct txn_guard {
	enum txn_guard_kind kind;
	struct iface *iface; /* NULL: the router's */
	struct vr *vr;
	struct filter *filter;
	struct probe *probe;
	struct policies *policies;
	uint8_t rpf;
};

/* In this order. */
enum txn_step { TXN_LESS, TXN_OBJECTS, TXN_MORE };

struct dp_txn {
	enum txn_step step;           /* while it is published */
	bool less, more, comes, goes; /* links and interfaces that do */
	struct {
		struct txn_port *items;
		size_t count, capacity;
	} ports;
	struct {
		struct txn_vr *items;
		size_t count, capacity;
	} vrs;
	struct {
		struct txn_iface *items;
		size_t count, capacity;
	} ifaces;
	struct {
		struct txn_guard *items;
		size_t count, capacity;
	} guards;
};

/* The transaction's entry of an existing router; made when it has none. NULL: out of memory. */
struct txn_vr *dp_txn_vr_get(struct dp_txn *txn, struct vr *vr);
/* It is not deleted in this transaction. */
bool dp_txn_iface_stays(const struct dp_txn *txn, const struct iface *iface);
/* What a port's addresses need: its own router, interface and routes. The port is of the
 * transaction. 0 or -errno with err. */
int dp_underlay_add(
	struct dp_txn *txn, struct port *port, const struct dp_port_spec *spec, char *err);
/* No other interface, as they will be, ends the same tunnel; there is room for it. 0 or -errno with
 * err. */
int dp_tunnel_prepare(const struct dp_txn *txn, const struct iface *iface, char *err);
/* Fill what *out says of the underlay. */
void dp_underlay_stats(const struct underlay *underlay, struct dp_port_stats *out);
/* Free the books of a transaction, not what they name. */
void dp_txn_free(struct dp_txn *txn);

#endif
