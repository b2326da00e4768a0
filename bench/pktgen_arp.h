/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP (RFC 826) over Ethernet, as much as a host with a few addresses needs. Pure; no DPDK. */
#ifndef HPSR_BENCH_PKTGEN_ARP_H
#define HPSR_BENCH_PKTGEN_ARP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/ipaddr.h"

#define ARP_FRAME_MAX 64u /* with two tags and padding */

enum arp_kind { ARP_NONE, ARP_REQUEST, ARP_REPLY };

struct arp_message {
	uint32_t at;             /* bytes before the message */
	uint32_t sender, target; /* addresses, host order */
	struct mac_addr sender_mac;
};

/* What a frame of LEN bytes, perhaps tagged, says. */
enum arp_kind arp_read(const uint8_t *data, uint32_t len, struct arp_message *message);
/* Turn a request that was read into our answer, in place and under the same tags. */
void arp_answer(uint8_t *data, const struct arp_message *message, const struct mac_addr *mac);
/* A request into DATA of ARP_FRAME_MAX bytes; its length. */
uint32_t arp_request(uint8_t *data, const struct mac_addr *mac, const uint16_t *tags,
	unsigned int n_tags, uint32_t sender, uint32_t target);

#endif
