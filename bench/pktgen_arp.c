/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/pktgen_arp.h"

#include <string.h>

#define ETH_ADDRS 12u
#define TAG_LEN 4u
#define TYPE_ARP 0x0806u
#define TYPE_VLAN 0x8100u
#define TYPE_QINQ 0x88a8u
#define MESSAGE_LEN 28u
#define FRAME_MIN 60u

static const uint8_t ethernet_ipv4[6] = {0, 1, 8, 0, 6, 4}; /* hardware, protocol, lengths */

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

enum arp_kind arp_read(const uint8_t *data, uint32_t len, struct arp_message *message)
{
	uint32_t at = ETH_ADDRS, operation;
	const uint8_t *p;

	for (int tags = 0; tags < 2 && at + 2 <= len; tags++)
		if (get16(data + at) == TYPE_VLAN || get16(data + at) == TYPE_QINQ)
			at += TAG_LEN;
	if (at + 2 + MESSAGE_LEN > len || get16(data + at) != TYPE_ARP)
		return ARP_NONE;
	at += 2;
	p = data + at;
	operation = get16(p + 6);
	if (memcmp(p, ethernet_ipv4, sizeof(ethernet_ipv4)) != 0 || operation < ARP_REQUEST ||
		operation > ARP_REPLY)
		return ARP_NONE;
	message->at = at;
	memcpy(message->sender_mac.bytes, p + 8, 6);
	message->sender = get32(p + 14);
	message->target = get32(p + 24);
	return (enum arp_kind)operation;
}

void arp_answer(uint8_t *data, const struct arp_message *message, const struct mac_addr *mac)
{
	uint8_t *p = data + message->at;

	memcpy(data, message->sender_mac.bytes, 6);
	memcpy(data + 6, mac->bytes, 6);
	put16(p + 6, ARP_REPLY);
	memcpy(p + 8, mac->bytes, 6);
	put32(p + 14, message->target);
	memcpy(p + 18, message->sender_mac.bytes, 6);
	put32(p + 24, message->sender);
}

uint32_t arp_request(uint8_t *data, const struct mac_addr *mac, const uint16_t *tags,
	unsigned int n_tags, uint32_t sender, uint32_t target)
{
	uint8_t *p = data + ETH_ADDRS;

	memset(data, 0, ARP_FRAME_MAX);
	memset(data, 0xff, 6);
	memcpy(data + 6, mac->bytes, 6);
	for (unsigned int i = 0; i < n_tags; i++, p += TAG_LEN) {
		put16(p, i + 1 < n_tags ? TYPE_QINQ : TYPE_VLAN);
		put16(p + 2, tags[i]);
	}
	put16(p, TYPE_ARP);
	p += 2;
	memcpy(p, ethernet_ipv4, sizeof(ethernet_ipv4));
	put16(p + 6, ARP_REQUEST);
	memcpy(p + 8, mac->bytes, 6);
	put32(p + 14, sender);
	put32(p + 24, target);
	return FRAME_MIN;
}
