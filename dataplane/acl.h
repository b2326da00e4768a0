/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets against a list of matches: the first that fits, by rte_acl, for a burst at a time. Built
 * by the control thread, never changed after; read by one worker. */
#ifndef HPSR_DATAPLANE_ACL_H
#define HPSR_DATAPLANE_ACL_H

#include <rte_ip.h>

#include "dataplane/dp.h"

/* What is looked at, as on the wire. The groups of four bytes are rte_acl's. */
struct acl_key4 {
	uint8_t proto, unused[3];
	uint32_t src, dst;
	uint16_t sport, dport;
	uint8_t dscp, has_ports;
	uint16_t iface; /* where it came in */
};

struct acl_key6 {
	uint8_t proto, unused[3];
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
	uint8_t dscp, has_ports;
	uint16_t iface;
};

struct acl;

/* MATCHES[i] for packets of family AF; those of the other family are left out, and when none is
 * left *out is NULL. 0, -ENOMEM; -E2BIG: too much to be compiled. */
int acl_create(
	enum ip_af af, const struct dp_match_spec *const *matches, size_t n, struct acl **out);
/* No reader may use it any more. NULL is allowed. */
void acl_destroy(struct acl *acl);
/* For N keys (up to 64), the index of the first match that fits, plus 1; 0: none. */
void acl_classify(
	const struct acl *acl, const uint8_t *const *keys, uint32_t *results, unsigned int n);
/* One match after the other, from FROM on: the index plus 1, or 0. */
uint32_t acl_scan4(const struct dp_match_spec *const *matches, size_t n, size_t from,
	const struct acl_key4 *key);
uint32_t acl_scan6(const struct dp_match_spec *const *matches, size_t n, size_t from,
	const struct acl_key6 *key);

bool acl_match_equal(const struct dp_match_spec *a, const struct dp_match_spec *b);
/* 0, or -EINVAL: a value that no packet has. */
int acl_match_check(const struct dp_match_spec *match);

/* Does the upper protocol begin with two ports? */
bool acl_has_ports(uint8_t proto);

/* A validated packet. */
void acl_key4_set(struct acl_key4 *key, const struct rte_ipv4_hdr *ip, dp_iface_id iface);
/* A validated packet of TOTAL bytes; its upper layer's protocol and offset as the walk over its
 * extension headers found them. L4 NULL: not there, or in another fragment. */
void acl_key6_set(struct acl_key6 *key, const struct rte_ipv6_hdr *ip, uint8_t proto,
	const void *l4, dp_iface_id iface);

#endif
