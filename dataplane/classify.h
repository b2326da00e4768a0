/* SPDX-License-Identifier: BSD-3-Clause */
/* What a received frame is: where it belongs, and whether it is of the common kind; the first stage
 * of pipeline.c, and only there. */
#ifndef HPSR_DATAPLANE_CLASSIFY_H
#define HPSR_DATAPLANE_CLASSIFY_H

#include <string.h>

#include "dataplane/ctx.h"
#include "dataplane/ip4.h"

#define MAC_MASK UINT64_C(0x0000ffffffffffff) /* of a little-endian load of eight bytes */
#define TYPE_IP4 RTE_BE16(RTE_ETHER_TYPE_IPV4)
#define TYPE_ARP RTE_BE16(RTE_ETHER_TYPE_ARP)
#define TYPE_IP6 RTE_BE16(RTE_ETHER_TYPE_IPV6)
#define TYPE_VLAN RTE_BE16(RTE_ETHER_TYPE_VLAN)
#define TYPE_QINQ RTE_BE16(RTE_ETHER_TYPE_QINQ)
#define VID_MASK 0x0fff

static inline uint64_t load64(const void *p)
{
	uint64_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static inline uint16_t load16(const void *p)
{
	uint16_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

/* Where a frame belongs: its interface (NULL: nobody's), its EtherType behind the tags, its network
 * layer's offset. */
struct frame_class {
	struct iface *iface;
	uint16_t type;
	uint8_t l3_offset;
	bool tagged;
};

static inline struct frame_class classify(const struct port *port, const uint8_t *frame)
{
	struct frame_class c = {port->untagged, load16(frame + 12), RTE_ETHER_HDR_LEN, false};

	if (c.type == TYPE_VLAN) {
		/* VID 0 is a priority tag: entry 0 is the untagged interface. */
		c.iface = port->vlan[rte_be_to_cpu_16(load16(frame + 14)) & VID_MASK];
		c.type = load16(frame + 16);
		c.l3_offset = RTE_ETHER_HDR_LEN + 4;
		c.tagged = true;
	} else if (unlikely(c.type == TYPE_QINQ)) {
		struct iface **inner = port->outer[rte_be_to_cpu_16(load16(frame + 14)) & VID_MASK];
		bool double_tag = load16(frame + 16) == TYPE_VLAN;

		c.iface = inner != NULL && double_tag
			? inner[rte_be_to_cpu_16(load16(frame + 18)) & VID_MASK]
			: NULL;
		c.type = load16(frame + 20);
		c.l3_offset = RTE_ETHER_HDR_LEN + 8;
		c.tagged = true;
	}
	return c;
}

/* Why a frame that is not plain IPv4 for us is dropped; DROP_REASON_COUNT: it is ARP or IPv6 for
 * us.
 */
static inline enum drop_reason frame_judge(const struct iface *in, const uint8_t *frame,
	uint16_t type, const struct rte_ipv4_hdr *ip, int room)
{
	bool group = frame[0] & 1;

	if (in->flags & IFACE_VR_DOWN)
		return DROP_VR_DOWN;
	if (!group && (load64(frame) ^ load64(in->mac)) & MAC_MASK)
		return DROP_OTHER_MAC;
	if (type == TYPE_ARP || type == TYPE_IP6)
		return DROP_REASON_COUNT;
	if (type == TYPE_VLAN || type == TYPE_QINQ)
		return DROP_VLAN_HOP;
	if (type != TYPE_IP4)
		return DROP_UNKNOWN_ETHERTYPE;
	/* RFC 1812 5.3.4: a link-layer broadcast carries nothing to forward. */
	if (room < IP4_MIN_LEN)
		return DROP_IP4_LENGTH;
	if (rte_be_to_cpu_32(ip->dst_addr) == UINT32_MAX)
		return DROP_DIRECTED_BROADCAST;
	return rte_be_to_cpu_32(ip->dst_addr) >> 28 == 0xe ? DROP_MULTICAST : DROP_L2_BROADCAST;
}

/* Is the frame for the MAC of its interface, whose router is at home here and up, and which has
 * nothing out of the common? */
static inline bool expected(const struct ctx *ctx, const struct iface *in, const uint8_t *frame)
{
	uint64_t own = load64(in->mac); /* and behind it the worker and the flags */

	return own >> 48 == ctx->index && ((own ^ load64(frame)) & MAC_MASK) == 0;
}

/* An interface without flags, whose router is at home here. */
static inline bool plain_here(const struct ctx *ctx, const struct iface *in)
{
	return load64(in->mac) >> 48 == ctx->index;
}

/* The same of an IPv4 frame for an interface with guards, which its flags tell. */
static inline bool expected_guarded(
	const struct ctx *ctx, const struct iface *in, const uint8_t *frame, uint16_t type)
{
	uint64_t own = load64(in->mac);

	return (own >> 48 & ~(uint64_t)((IFACE_GUARDED | IFACE_UNDERLAY) << 8)) == ctx->index &&
		((own ^ load64(frame)) & MAC_MASK) == 0 && type == TYPE_IP4;
}

static inline void count_in(struct iface *in, const struct rte_mbuf *m)
{
	in->rx_packets++;
	in->rx_bytes += m->data_len;
}

#endif
