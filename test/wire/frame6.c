/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame6.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_LEN 40

static void put_address(uint8_t *p, const char *text)
{
	if (inet_pton(AF_INET6, text, p) != 1)
		abort();
}

static void put32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t get_mac(const uint8_t *p)
{
	return (uint64_t)p[0] << 40 | (uint64_t)p[1] << 32 | get32(p + 2);
}

/* Sum over the pseudo header and the message. */
static uint16_t sum6(const uint8_t *ip, const uint8_t *message, size_t len, uint8_t proto)
{
	uint8_t pseudo[40] = {0};
	uint32_t sum;

	memcpy(pseudo, ip + 8, 32);
	put32(pseudo + 32, (uint32_t)len);
	pseudo[39] = proto;
	sum = (uint32_t)frame_sum(pseudo, sizeof(pseudo)) + frame_sum(message, len);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* Returns where LEN bytes of payload go. */
static size_t build(struct frame *f, const struct frame_l2 *l2, const struct frame_ip6 *ip,
	uint8_t proto, size_t len)
{
	uint8_t data[FRAME_MAX] = {0};
	size_t total = HEADER_LEN + ip->extensions_len + len;

	if (total > FRAME_MAX - 22)
		abort();
	put32(data, UINT32_C(6) << 28 | (uint32_t)ip->class << 20 | ip->label);
	data[4] = (uint8_t)((total - HEADER_LEN) >> 8);
	data[5] = (uint8_t)(total - HEADER_LEN);
	data[6] = ip->extensions_len > 0 ? ip->first : ip->proto != 0 ? ip->proto : proto;
	data[7] = (uint8_t)(ip->hops == 0 ? 64 : ip->hops);
	put_address(data + 8, ip->src);
	put_address(data + 24, ip->dst);
	if (ip->extensions_len > 0)
		memcpy(data + HEADER_LEN, ip->extensions, ip->extensions_len);
	frame_raw(f, l2, TYPE_IP6, data, total);
	return f->len - len;
}

void frame6(struct frame *f, const struct frame_l2 *l2, const struct frame_ip6 *ip,
	const void *payload, size_t len)
{
	size_t at = build(f, l2, ip, PROTO_UDP, len);

	if (len > 0)
		memcpy(f->data + at, payload, len);
}

void frame6_udp(struct frame *f, const struct frame_l2 *l2, const struct frame_ip6 *ip,
	uint16_t src_port, uint16_t dst_port, size_t payload, uint32_t seed)
{
	size_t len = 8 + payload;
	uint8_t *udp = f->data + build(f, l2, ip, PROTO_UDP, len);
	uint16_t sum;

	put32(udp, (uint32_t)src_port << 16 | dst_port);
	put32(udp + 4, (uint32_t)len << 16);
	for (size_t i = 8; i < len; i++) {
		seed = seed * 1664525u + 1013904223u;
		udp[i] = (uint8_t)(seed >> 24);
	}
	sum = (uint16_t)~sum6(frame_l3(f), udp, len, PROTO_UDP);
	sum = sum == 0 ? 0xffff : sum;
	udp[6] = (uint8_t)(sum >> 8);
	udp[7] = (uint8_t)sum;
}

void frame6_icmp(struct frame *f, const struct frame_l2 *l2, const struct frame_ip6 *ip,
	uint8_t type, uint8_t code, uint32_t value, const void *data, size_t len)
{
	uint8_t *icmp = f->data + build(f, l2, ip, PROTO_ICMP6, 8 + len);
	uint16_t sum;

	memset(icmp, 0, 8);
	icmp[0] = type;
	icmp[1] = code;
	put32(icmp + 4, value);
	if (len > 0)
		memcpy(icmp + 8, data, len);
	sum = (uint16_t)~sum6(frame_l3(f), icmp, 8 + len, PROTO_ICMP6);
	icmp[2] = (uint8_t)(sum >> 8);
	icmp[3] = (uint8_t)sum;
}

void frame6_nd(struct frame *f, const struct frame_l2 *l2, const struct frame_ip6 *ip, uint8_t type,
	uint32_t value, const char *target, uint8_t option, uint64_t mac)
{
	uint8_t data[24];

	put_address(data, target);
	data[16] = option;
	data[17] = 1;
	for (int i = 0; i < 6; i++)
		data[18 + i] = (uint8_t)(mac >> (40 - 8 * i));
	frame6_icmp(f, l2, ip, type, 0, value, data, option == 0 ? 16 : 24);
}

void frame6_forwarded(struct frame *out, const struct frame *in, const struct frame_l2 *l2)
{
	struct frame copy = *in;
	const uint8_t *ip = frame_l3(&copy);

	frame_raw(out, l2, TYPE_IP6, ip, HEADER_LEN + ((size_t)ip[4] << 8 | ip[5]));
	frame_l3(out)[7]--;
}

void frame6_parse(const struct frame *f, struct frame6_view *v)
{
	struct frame copy = *f;
	size_t l3 = (size_t)(frame_l3(&copy) - copy.data), len = f->len - l3;
	const uint8_t *ip = f->data + l3;

	memset(v, 0, sizeof(*v));
	if (f->len < l3 + HEADER_LEN || ip[-2] != 0x86 || ip[-1] != 0xdd || ip[0] >> 4 != 6)
		return;
	v->dst_mac = get_mac(f->data);
	v->src_mac = get_mac(f->data + 6);
	v->payload_len = (size_t)ip[4] << 8 | ip[5];
	inet_ntop(AF_INET6, ip + 8, v->src, sizeof(v->src));
	inet_ntop(AF_INET6, ip + 24, v->dst, sizeof(v->dst));
	v->proto = ip[6];
	v->hops = ip[7];
	v->class = (uint8_t)(get32(ip) >> 20);
	v->payload = ip + HEADER_LEN;
	v->ok = HEADER_LEN + v->payload_len == len;
	if (v->proto != PROTO_ICMP6 || !v->ok)
		return;
	v->ok = v->payload_len >= 8 && sum6(ip, v->payload, v->payload_len, PROTO_ICMP6) == 0xffff;
	v->icmp_type = v->payload[0];
	v->icmp_code = v->payload[1];
	v->icmp_value = get32(v->payload + 4);
}
