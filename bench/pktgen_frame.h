/* SPDX-License-Identifier: BSD-3-Clause */
/* The generator's frames: Ethernet, up to two tags, IPv4, UDP with a right checksum, and in it a
 * mark, the run, a number and the time of sending; the rest is a fixed pattern, so that every byte
 * of a received frame can be checked cheaply.
 *
 * "Size" is the frame on the wire with its tags and its 4 bytes of FCS (RFC 2544's), so the buffers
 * hold 4 bytes less. A flow is a destination address and a source port. Pure; no DPDK. */
#ifndef HPSR_BENCH_PKTGEN_FRAME_H
#define HPSR_BENCH_PKTGEN_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/ipaddr.h"

#define FRAME_FCS 4u
#define FRAME_TAGS_MAX 2u
#define FRAME_SIZE_MAX 1526u /* 1500 bytes of IP, two tags */
#define FRAME_HEAD 64u       /* all that varies lies in the first so many bytes */
#define FRAME_MARK 14u       /* bytes of UDP payload that the mark takes */
#define FRAME_FLOWS_MAX 65536u
#define FRAME_TSC_MASK ((UINT64_C(1) << 48) - 1)

enum frame_kind {
	FRAME_OURS,
	FRAME_OTHER,     /* not from us: ARP, ICMP, ... */
	FRAME_CORRUPT,   /* ours, and not as it was sent */
	FRAME_WRONG_TAG, /* ours, under other tags than expected */
};

struct frame_spec {
	struct mac_addr src_mac, dst_mac;
	uint16_t tags[FRAME_TAGS_MAX];    /* VLAN ids, the outer first, as sent */
	uint16_t rx_tags[FRAME_TAGS_MAX]; /* as they are expected at the receiver */
	unsigned int n_tags, n_rx_tags;
	bool any_rx_tags;
	uint32_t src;         /* address, host order */
	struct ip_prefix dst; /* flows spread over it; IPv4 */
	uint32_t n_flows;     /* 1..FRAME_FLOWS_MAX */
	uint16_t sport, dport;
	uint8_t ttl;
};

/* All that is worked out before. */
struct frame_set {
	struct frame_spec spec;
	uint32_t dst_base;
	unsigned int dst_shift; /* distance of two destinations, log 2 */
	uint32_t n_dst;
	uint32_t pattern_sum[FRAME_SIZE_MAX + 1]; /* of so many bytes of UDP payload */
	uint8_t pattern[FRAME_SIZE_MAX];
};

/* One size's template. */
struct frame_size {
	uint16_t size; /* with FCS */
	uint16_t len;  /* in the buffer */
	uint16_t payload;
	uint16_t l2;      /* bytes before IP */
	uint32_t udp_sum; /* of all that does not vary */
	uint32_t ip_sum;
	uint8_t head[FRAME_HEAD];
};

struct frame_mark {
	uint32_t flow, seq;
	uint16_t run;
	uint16_t payload; /* bytes of UDP payload; of a received frame */
	uint64_t tsc;     /* 48 bits */
};

/* -EINVAL: not IPv4, or a count out of range; -ERANGE: more flows than destinations and source
 * ports make. */
int frame_set_init(struct frame_set *set, const struct frame_spec *spec);
/* The smallest size that the tags and the mark leave room for; at least 64. */
uint16_t frame_size_min(const struct frame_spec *spec);
/* The size whose UDP payload has so many bytes. */
uint32_t frame_size_of_payload(const struct frame_spec *spec, uint32_t payload);
/* SIZE frame_size_min..FRAME_SIZE_MAX. Also after spec.dst_mac has changed. */
void frame_size_init(const struct frame_set *set, struct frame_size *size, uint16_t bytes);
/* The bytes after the head, which no frame changes: once a buffer, of FRAME_SIZE_MAX bytes. */
void frame_fill(const struct frame_set *set, uint8_t *data);
/* The head of a frame; DATA has been filled. */
void frame_write(const struct frame_set *set, const struct frame_size *size,
	const struct frame_mark *mark, uint8_t *data);
/* What LEN bytes of a received frame (without FCS; padding may follow) are; *mark is set for
 * FRAME_OURS only. */
enum frame_kind frame_read(
	const struct frame_set *set, const uint8_t *data, uint32_t len, struct frame_mark *mark);
/* The destination of a flow, host order. */
uint32_t frame_dst(const struct frame_set *set, uint32_t flow);

#endif
