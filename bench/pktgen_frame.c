/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/pktgen_frame.h"

#include <errno.h>
#include <string.h>

#define ETH_ADDRS 12u
#define TAG_LEN 4u
#define IP_LEN 20u
#define UDP_LEN 8u
#define TYPE_IPV4 0x0800u
#define TYPE_VLAN 0x8100u
#define TYPE_QINQ 0x88a8u
#define PROTO_UDP 17u
#define DONT_FRAGMENT 0x4000u
#define MAGIC 0x4850u

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, sizeof(v));
}

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap32(v);
}

static uint32_t halves(uint32_t v)
{
	return (v >> 16) + (v & 0xffff);
}

static uint16_t fold(uint32_t sum)
{
	return (uint16_t)~halves(halves(sum));
}

static uint32_t l2_len(unsigned int n_tags)
{
	return ETH_ADDRS + TAG_LEN * n_tags + 2;
}

int frame_set_init(struct frame_set *set, const struct frame_spec *spec)
{
	uint32_t hosts, first, skip;

	memset(set, 0, sizeof(*set));
	if (spec->dst.addr.af != IP_AF_4 || spec->dst.len > 32 || spec->n_flows == 0 ||
		spec->n_flows > FRAME_FLOWS_MAX || spec->n_tags > FRAME_TAGS_MAX ||
		spec->n_rx_tags > FRAME_TAGS_MAX)
		return -EINVAL;
	set->spec = *spec;
	first = ipaddr_to_u32(&spec->dst.addr) & (uint32_t)(UINT64_MAX << (32 - spec->dst.len));
	/* Neither the network's nor the broadcast address, where there are such. */
	skip = spec->dst.len < 31 ? 1 : 0;
	hosts = spec->dst.len == 0 ? UINT32_MAX - 2
				   : (uint32_t)(UINT64_C(1) << (32 - spec->dst.len)) - 2 * skip;
	set->dst_base = first + skip;
	set->n_dst = spec->n_flows < hosts ? spec->n_flows : hosts;
	while (((uint64_t)(set->n_dst - 1) << (set->dst_shift + 1)) < hosts && set->n_dst > 1)
		set->dst_shift++;
	if ((spec->n_flows - 1) / set->n_dst + spec->sport > UINT16_MAX)
		return -ERANGE;
	for (uint32_t i = 0; i < FRAME_SIZE_MAX; i++) {
		set->pattern[i] = (uint8_t)(i * 7 + 0x11);
		set->pattern_sum[i + 1] = set->pattern_sum[i] +
			(i < FRAME_MARK ? 0 : (uint32_t)set->pattern[i] << (i % 2 != 0 ? 0 : 8));
	}
	return 0;
}

uint16_t frame_size_min(const struct frame_spec *spec)
{
	uint32_t size = l2_len(spec->n_tags) + IP_LEN + UDP_LEN + FRAME_MARK + FRAME_FCS;

	return (uint16_t)(size > 64 ? size : 64);
}

uint32_t frame_size_of_payload(const struct frame_spec *spec, uint32_t payload)
{
	return l2_len(spec->n_tags) + IP_LEN + UDP_LEN + payload + FRAME_FCS;
}

uint32_t frame_dst(const struct frame_set *set, uint32_t flow)
{
	return set->dst_base + (flow % set->n_dst << set->dst_shift);
}

/* What of the UDP checksum does not vary: source, protocol, both lengths, destination port,
 * magic. */
static uint32_t udp_fixed_sum(const struct frame_set *set, uint32_t payload)
{
	return halves(set->spec.src) + PROTO_UDP + 2 * (UDP_LEN + payload) + set->spec.dport +
		MAGIC + set->pattern_sum[payload];
}

static uint32_t udp_mark_sum(const struct frame_mark *mark, uint32_t dst, uint32_t sport)
{
	return halves(dst) + sport + mark->run + halves(mark->seq) +
		(uint32_t)(mark->tsc >> 32 & 0xffff) + halves((uint32_t)mark->tsc);
}

/* 0 says that there is no checksum, its other form that it is 0. */
static uint16_t udp_checksum(uint32_t sum)
{
	uint16_t folded = fold(sum);

	return folded != 0 ? folded : 0xffff;
}

void frame_size_init(const struct frame_set *set, struct frame_size *size, uint16_t bytes)
{
	const struct frame_spec *spec = &set->spec;
	uint8_t *p = size->head, *ip;

	memset(size, 0, sizeof(*size));
	size->size = bytes;
	size->len = (uint16_t)(bytes - FRAME_FCS);
	size->l2 = (uint16_t)l2_len(spec->n_tags);
	size->payload = (uint16_t)(size->len - size->l2 - IP_LEN - UDP_LEN);
	memcpy(p, spec->dst_mac.bytes, 6);
	memcpy(p + 6, spec->src_mac.bytes, 6);
	p += ETH_ADDRS;
	for (unsigned int i = 0; i < spec->n_tags; i++, p += TAG_LEN) {
		put16(p, i + 1 < spec->n_tags ? TYPE_QINQ : TYPE_VLAN);
		put16(p + 2, spec->tags[i]);
	}
	put16(p, TYPE_IPV4);
	ip = p + 2;
	ip[0] = 0x45;
	put16(ip + 2, IP_LEN + UDP_LEN + size->payload);
	put16(ip + 6, DONT_FRAGMENT);
	ip[8] = spec->ttl;
	ip[9] = PROTO_UDP;
	put32(ip + 12, spec->src);
	put16(ip + IP_LEN + 2, spec->dport);
	put16(ip + IP_LEN + 4, UDP_LEN + size->payload);
	put16(ip + IP_LEN + UDP_LEN, MAGIC);
	for (uint32_t at = size->l2 + IP_LEN + UDP_LEN + FRAME_MARK; at < FRAME_HEAD; at++)
		size->head[at] = set->pattern[at - size->l2 - IP_LEN - UDP_LEN];
	for (uint32_t i = 0; i < IP_LEN; i += 2)
		size->ip_sum += get16(ip + i);
	size->udp_sum = udp_fixed_sum(set, size->payload);
}

void frame_fill(const struct frame_set *set, uint8_t *data)
{
	uint32_t before = l2_len(set->spec.n_tags) + IP_LEN + UDP_LEN;

	memset(data, 0, before);
	memcpy(data + before, set->pattern, FRAME_SIZE_MAX - before);
}

void frame_write(const struct frame_set *set, const struct frame_size *size,
	const struct frame_mark *mark, uint8_t *data)
{
	uint32_t dst = frame_dst(set, mark->flow);
	uint32_t sport = set->spec.sport + mark->flow / set->n_dst;
	uint8_t *ip = data + size->l2, *udp = ip + IP_LEN, *payload = udp + UDP_LEN;

	memcpy(data, size->head, FRAME_HEAD);
	put16(ip + 10, fold(size->ip_sum + halves(dst)));
	put32(ip + 16, dst);
	put16(udp, sport);
	put16(udp + 6, udp_checksum(size->udp_sum + udp_mark_sum(mark, dst, sport)));
	put16(payload + 2, mark->run);
	put32(payload + 4, mark->seq);
	put16(payload + 8, (uint32_t)(mark->tsc >> 32));
	put32(payload + 10, (uint32_t)mark->tsc);
}

/* Bytes before IP; 0: no IPv4. *tags_ok: are the tags those expected? */
static uint32_t skip_tags(
	const struct frame_set *set, const uint8_t *data, uint32_t len, bool *tags_ok)
{
	const struct frame_spec *spec = &set->spec;
	unsigned int n = 0;
	uint32_t at = ETH_ADDRS;

	*tags_ok = true;
	while (at + 2 <= len && (get16(data + at) == TYPE_VLAN || get16(data + at) == TYPE_QINQ)) {
		if (n == FRAME_TAGS_MAX || at + TAG_LEN + 2 > len)
			return 0;
		*tags_ok &=
			n < spec->n_rx_tags && (get16(data + at + 2) & 0xfff) == spec->rx_tags[n];
		n++;
		at += TAG_LEN;
	}
	*tags_ok = spec->any_rx_tags || (*tags_ok && n == spec->n_rx_tags);
	return at + 2 <= len && get16(data + at) == TYPE_IPV4 ? at + 2 : 0;
}

static bool find_flow(const struct frame_set *set, uint32_t dst, uint32_t sport, uint32_t *flow)
{
	uint32_t off = dst - set->dst_base, at = off >> set->dst_shift;

	if (at >= set->n_dst || at << set->dst_shift != off || sport < set->spec.sport)
		return false;
	*flow = (sport - set->spec.sport) * set->n_dst + at;
	return (sport - set->spec.sport) <= (set->spec.n_flows - 1) / set->n_dst &&
		*flow < set->spec.n_flows;
}

enum frame_kind frame_read(
	const struct frame_set *set, const uint8_t *data, uint32_t len, struct frame_mark *mark)
{
	uint32_t l2, ip_len, payload_len, sum = 0, dst, sport;
	const uint8_t *ip, *udp, *payload;
	bool tags_ok;

	l2 = skip_tags(set, data, len, &tags_ok);
	if (l2 == 0 || l2 + IP_LEN + UDP_LEN > len)
		return FRAME_OTHER;
	ip = data + l2;
	udp = ip + IP_LEN;
	payload = udp + UDP_LEN;
	if (ip[0] != 0x45 || ip[9] != PROTO_UDP || get32(ip + 12) != set->spec.src ||
		get16(udp + 2) != set->spec.dport)
		return FRAME_OTHER;
	ip_len = get16(ip + 2);
	if (ip_len > len - l2 || ip_len < IP_LEN + UDP_LEN + FRAME_MARK ||
		get16(udp + 4) != ip_len - IP_LEN || ip_len - IP_LEN - UDP_LEN > FRAME_SIZE_MAX)
		return FRAME_CORRUPT;
	payload_len = ip_len - IP_LEN - UDP_LEN;
	for (uint32_t i = 0; i < IP_LEN; i += 2)
		sum += get16(ip + i);
	dst = get32(ip + 16);
	sport = get16(udp);
	if (fold(sum) != 0 || !find_flow(set, dst, sport, &mark->flow) || get16(payload) != MAGIC)
		return FRAME_CORRUPT;
	mark->payload = (uint16_t)payload_len;
	mark->run = (uint16_t)get16(payload + 2);
	mark->seq = get32(payload + 4);
	mark->tsc = (uint64_t)get16(payload + 8) << 32 | get32(payload + 10);
	if (get16(udp + 6) !=
			udp_checksum(
				udp_fixed_sum(set, payload_len) + udp_mark_sum(mark, dst, sport)) ||
		memcmp(payload + FRAME_MARK, set->pattern + FRAME_MARK, payload_len - FRAME_MARK) !=
			0)
		return FRAME_CORRUPT;
	return tags_ok ? FRAME_OURS : FRAME_WRONG_TAG;
}
