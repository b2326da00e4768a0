/* SPDX-License-Identifier: BSD-3-Clause */
/* An interface's BFD session with the peer of its link (RFC 5881: single hop, UDP port 3784, TTL
 * 255), run by the home worker on its own wheel. A next hop by the interface lives while the
 * session is up: that to the peer's address, and those without an address of their own; other
 * stations' on the link are not the probe's business. Until the session has come up for the first
 * time they are dead. */
#ifndef HPSR_DATAPLANE_PROBE_H
#define HPSR_DATAPLANE_PROBE_H

#include "dataplane/ctx.h"
#include "dataplane/vr.h"
#include "lib/bfd.h"

struct probe {
	struct bfd bfd;
	struct wheel_node timer;
	struct iface *iface;
	struct dp_probe_spec spec;
	uint16_t src_port;
};

/* Does this next hop, by the probe's interface, live as far as the probe can say? */
bool probe_allows(const struct probe *probe, const struct adj *adj);

/* Control thread. -EINVAL: no times that can be. NULL in *out: out of memory. */
int probe_create(const struct dp_probe_spec *spec, struct iface *iface, struct probe **out);
/* Home worker: begin to send. */
void probe_start(struct ctx *ctx, struct probe *probe);
/* Take PROBE the place of OLD, which has the same peer: its session lives on. */
void probe_succeed(struct ctx *ctx, struct probe *probe, struct probe *old);
/* Leave the wheel. */
void probe_stop(struct ctx *ctx, struct probe *probe);
/* Its timer ran out. */
void probe_expire(struct ctx *ctx, struct probe *probe);
/* May this packet to the router itself, of LEN bytes behind its header IP, be the peer's? No
 * other's is looked at. */
bool probe_expects4(
	const struct iface *in, const struct rte_ipv4_hdr *ip, const void *payload, size_t len);
bool probe_expects6(const struct iface *in, const struct rte_ipv6_hdr *ip);
/* A UDP datagram of LEN bytes to the router's BFD port that came in on IN, which has a probe.
 * False: it is not of the session, or spoofed. */
bool probe_input4(struct ctx *ctx, struct iface *in, const struct rte_ipv4_hdr *ip,
	const void *payload, size_t len);
bool probe_input6(struct ctx *ctx, struct iface *in, const struct rte_ipv6_hdr *ip,
	const void *payload, size_t len);

#endif
