/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames as bytes: built and taken apart without DPDK or the dataplane, so that a fault of theirs
 * is not repeated here. MACs and IPv4 addresses are numbers in host order; a tag is its whole TCI.
 */
#ifndef HPSR_TEST_WIRE_FRAME_H
#define HPSR_TEST_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX 9100
#define FRAME_TTL_0 256 /* a TTL of 0; 0 itself means 64 */
#define FRAME_DF 0x4000
#define FRAME_MF 0x2000
#define MAC_ALL UINT64_C(0xffffffffffff)

enum { TYPE_IP4 = 0x0800, TYPE_ARP = 0x0806, TYPE_VLAN = 0x8100, TYPE_IP6 = 0x86dd };
enum { TYPE_QINQ = 0x88a8 };
enum { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17 };
enum { ARP_REQUEST = 1, ARP_REPLY = 2 };

struct frame {
	size_t len;
	uint8_t data[FRAME_MAX];
};

struct frame_l2 {
	uint64_t dst, src;
	uint16_t outer, vlan; /* TCI of the 802.1ad and the 802.1Q tag; 0: none */
};

struct frame_ip {
	uint32_t src, dst;
	uint16_t ttl;  /* 0: 64 */
	uint16_t frag; /* flags and offset field */
	uint16_t id;
	uint8_t proto; /* 0: what the builder makes */
	uint8_t tos;
	const uint8_t *options;
	size_t options_len; /* multiple of 4 */
};

/* What a frame says; ok: as far as it goes, every length and checksum is right. */
struct frame_view {
	bool ok;
	struct frame_l2 l2;
	uint16_t type;
	size_t l3; /* offset */
	/* TYPE_ARP */
	uint16_t arp_op;
	uint64_t arp_sha, arp_tha;
	uint32_t arp_sip, arp_tip;
	/* TYPE_IP4 */
	struct frame_ip ip;
	uint16_t total;    /* length field */
	size_t header_len; /* with options */
	size_t padding;    /* bytes behind the packet */
	const uint8_t *payload;
	size_t payload_len;
	/* PROTO_ICMP, first fragment */
	uint8_t icmp_type, icmp_code;
	uint16_t icmp_mtu;
};

uint32_t frame_addr(const char *text); /* "10.0.0.1" */

/* Each writes the whole frame. PAYLOAD bytes are a pattern of SEED. */
void frame_raw(
	struct frame *f, const struct frame_l2 *l2, uint16_t type, const void *data, size_t len);
void frame_arp(struct frame *f, const struct frame_l2 *l2, uint16_t op, uint64_t sha, uint32_t sip,
	uint64_t tha, uint32_t tip);
void frame_ip4(struct frame *f, const struct frame_l2 *l2, const struct frame_ip *ip,
	const void *payload, size_t len);
void frame_udp(struct frame *f, const struct frame_l2 *l2, const struct frame_ip *ip,
	uint16_t src_port, uint16_t dst_port, size_t payload, uint32_t seed);
void frame_echo(struct frame *f, const struct frame_l2 *l2, const struct frame_ip *ip, uint8_t type,
	uint16_t id, uint16_t seq, size_t payload, uint32_t seed);

/* Zeroes behind the packet up to LEN. */
void frame_pad(struct frame *f, size_t len);
/* The bytes of the network layer; IPv4's checksum made right again after a change. */
uint8_t *frame_l3(struct frame *f);
void frame_ip4_fix(struct frame *f);

/* What a router makes of IN: new link layer, TTL one less, checksum anew, no padding. */
void frame_forwarded(struct frame *out, const struct frame *in, const struct frame_l2 *l2);

void frame_parse(const struct frame *f, struct frame_view *v);
/* Internet checksum over the bytes: 0xffff when they contain a right one. */
uint16_t frame_sum(const void *data, size_t len);
void frame_print(const struct frame *f, const char *what);

#endif
