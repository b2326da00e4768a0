/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *put16(uint8_t *p, uint16_t v)
{
	*p++ = (uint8_t)(v >> 8);
	*p++ = (uint8_t)v;
	return p;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	return put16(put16(p, (uint16_t)(v >> 16)), (uint16_t)v);
}

static uint8_t *put_mac(uint8_t *p, uint64_t mac)
{
	return put32(put16(p, (uint16_t)(mac >> 32)), (uint32_t)mac);
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static uint64_t get_mac(const uint8_t *p)
{
	return (uint64_t)get16(p) << 32 | get32(p + 2);
}

uint16_t frame_sum(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint32_t frame_addr(const char *text)
{
	struct in_addr addr;

	if (inet_pton(AF_INET, text, &addr) != 1) {
		fprintf(stderr, "bad address %s\n", text);
		abort();
	}
	return ntohl(addr.s_addr);
}

static uint8_t *put_l2(struct frame *f, const struct frame_l2 *l2, uint16_t type)
{
	uint8_t *p = put_mac(put_mac(f->data, l2->dst), l2->src);

	if (l2->outer != 0)
		p = put16(put16(p, TYPE_QINQ), l2->outer);
	if (l2->vlan != 0)
		p = put16(put16(p, TYPE_VLAN), l2->vlan);
	return put16(p, type);
}

static void finish(struct frame *f, const uint8_t *end)
{
	f->len = (size_t)(end - f->data);
	if (f->len > FRAME_MAX)
		abort();
}

void frame_raw(
	struct frame *f, const struct frame_l2 *l2, uint16_t type, const void *data, size_t len)
{
	uint8_t *p = put_l2(f, l2, type);

	if (len > 0)
		memcpy(p, data, len);
	finish(f, p + len);
}

void frame_arp(struct frame *f, const struct frame_l2 *l2, uint16_t op, uint64_t sha, uint32_t sip,
	uint64_t tha, uint32_t tip)
{
	uint8_t *p = put_l2(f, l2, TYPE_ARP);

	p = put16(put16(p, 1), TYPE_IP4);
	*p++ = 6;
	*p++ = 4;
	p = put32(put_mac(put16(p, op), sha), sip);
	finish(f, put32(put_mac(p, tha), tip));
}

/* The header in front of len bytes of payload; returns where they go. */
static uint8_t *put_ip4(struct frame *f, const struct frame_l2 *l2, const struct frame_ip *ip,
	uint8_t proto, size_t len)
{
	uint8_t *l3 = put_l2(f, l2, TYPE_IP4), *p = l3;
	size_t header_len = 20 + ip->options_len;

	*p++ = (uint8_t)(0x40 | header_len / 4);
	*p++ = ip->tos;
	p = put16(put16(p, (uint16_t)(header_len + len)), ip->id);
	p = put16(p, ip->frag);
	*p++ = (uint8_t)(ip->ttl == 0 ? 64 : ip->ttl);
	*p++ = ip->proto != 0 ? ip->proto : proto;
	p = put32(put32(put16(p, 0), ip->src), ip->dst);
	if (ip->options_len > 0)
		memcpy(p, ip->options, ip->options_len);
	p += ip->options_len;
	finish(f, p + len);
	frame_ip4_fix(f);
	return p;
}

void frame_ip4(struct frame *f, const struct frame_l2 *l2, const struct frame_ip *ip,
	const void *payload, size_t len)
{
	uint8_t *p = put_ip4(f, l2, ip, PROTO_UDP, len);

	if (len > 0)
		memcpy(p, payload, len);
}

static void pattern(uint8_t *p, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525u + 1013904223u;
		p[i] = (uint8_t)(seed >> 24);
	}
}

void frame_udp(struct frame *f, const struct frame_l2 *l2, const struct frame_ip *ip,
	uint16_t src_port, uint16_t dst_port, size_t payload, uint32_t seed)
{
	uint8_t *udp = put_ip4(f, l2, ip, PROTO_UDP, 8 + payload), pseudo[12];
	uint32_t sum;

	put16(put16(put16(put16(udp, src_port), dst_port), (uint16_t)(8 + payload)), 0);
	pattern(udp + 8, payload, seed);
	put32(put32(pseudo, ip->src), ip->dst);
	put16(put16(pseudo + 8, PROTO_UDP), (uint16_t)(8 + payload));
	sum = (uint32_t)frame_sum(pseudo, sizeof(pseudo)) + frame_sum(udp, 8 + payload);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(udp + 6, (uint16_t)(sum == 0xffff ? 0xffff : ~sum));
}

void frame_echo(struct frame *f, const struct frame_l2 *l2, const struct frame_ip *ip, uint8_t type,
	uint16_t id, uint16_t seq, size_t payload, uint32_t seed)
{
	uint8_t *icmp = put_ip4(f, l2, ip, PROTO_ICMP, 8 + payload);

	put16(put16(put16(put16(icmp, (uint16_t)(type << 8)), 0), id), seq);
	pattern(icmp + 8, payload, seed);
	put16(icmp + 2, (uint16_t)~frame_sum(icmp, 8 + payload));
}

void frame_pad(struct frame *f, size_t len)
{
	if (f->len >= len)
		return;
	memset(f->data + f->len, 0, len - f->len);
	f->len = len;
}

static size_t l3_offset(const struct frame *f)
{
	size_t at = 12;

	while (at + 6 <= f->len &&
		(get16(f->data + at) == TYPE_VLAN || get16(f->data + at) == TYPE_QINQ))
		at += 4;
	return at + 2;
}

uint8_t *frame_l3(struct frame *f)
{
	return f->data + l3_offset(f);
}

void frame_ip4_fix(struct frame *f)
{
	uint8_t *ip = frame_l3(f);

	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~frame_sum(ip, (ip[0] & 0xfu) * 4));
}

void frame_forwarded(struct frame *out, const struct frame *in, const struct frame_l2 *l2)
{
	const uint8_t *ip = in->data + l3_offset(in);

	frame_raw(out, l2, TYPE_IP4, ip, get16(ip + 2));
	frame_l3(out)[8]--;
	frame_ip4_fix(out);
}

static void parse_arp(const uint8_t *p, size_t len, struct frame_view *v)
{
	v->ok = len == 28 && get16(p) == 1 && get16(p + 2) == TYPE_IP4 && p[4] == 6 && p[5] == 4;
	if (!v->ok)
		return;
	v->arp_op = get16(p + 6);
	v->arp_sha = get_mac(p + 8);
	v->arp_sip = get32(p + 14);
	v->arp_tha = get_mac(p + 18);
	v->arp_tip = get32(p + 24);
}

static void parse_ip4(const uint8_t *p, size_t len, struct frame_view *v)
{
	v->header_len = len > 0 ? (p[0] & 0xfu) * 4 : 0;
	if (len < 20 || p[0] >> 4 != 4 || v->header_len < 20 || v->header_len > len ||
		frame_sum(p, v->header_len) != 0xffff)
		return;
	v->total = get16(p + 2);
	if (v->total < v->header_len || v->total > len)
		return;
	v->ok = true;
	v->padding = len - v->total;
	v->ip = (struct frame_ip){.tos = p[1],
		.id = get16(p + 4),
		.frag = get16(p + 6),
		.ttl = p[8] == 0 ? FRAME_TTL_0 : p[8],
		.proto = p[9],
		.src = get32(p + 12),
		.dst = get32(p + 16),
		.options = p + 20,
		.options_len = v->header_len - 20};
	v->payload = p + v->header_len;
	v->payload_len = v->total - v->header_len;
	if (v->ip.proto != PROTO_ICMP || (v->ip.frag & ~FRAME_DF) != 0)
		return;
	v->ok = v->payload_len >= 8 && frame_sum(v->payload, v->payload_len) == 0xffff;
	if (!v->ok)
		return;
	v->icmp_type = v->payload[0];
	v->icmp_code = v->payload[1];
	v->icmp_mtu = get16(v->payload + 6);
}

void frame_parse(const struct frame *f, struct frame_view *v)
{
	const uint8_t *p = f->data + 12;

	memset(v, 0, sizeof(*v));
	if (f->len < 14)
		return;
	v->l2.dst = get_mac(f->data);
	v->l2.src = get_mac(f->data + 6);
	v->l3 = l3_offset(f);
	if (get16(p) == TYPE_QINQ) {
		v->l2.outer = get16(p + 2);
		p += 4;
	}
	if (get16(p) == TYPE_VLAN) {
		v->l2.vlan = get16(p + 2);
		p += 4;
	}
	v->type = get16(p);
	if (v->type == TYPE_ARP)
		parse_arp(p + 2, f->len - v->l3, v);
	else if (v->type == TYPE_IP4)
		parse_ip4(p + 2, f->len - v->l3, v);
}

void frame_print(const struct frame *f, const char *what)
{
	fprintf(stderr, "%s: %zu bytes", what, f->len);
	for (size_t i = 0; i < f->len && i < 128; i++)
		fprintf(stderr, "%s%02x", i % 32 == 0 ? "\n  " : " ", f->data[i]);
	fprintf(stderr, "\n");
}
