/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/bfd.h"

#include <string.h>

#define NS_PER_US UINT64_C(1000)
#define SLOW_US 1000000u /* between packets while not up: RFC 5880 6.8.3 */
#define VERSION 1
#define FLAG_POLL 0x20
#define FLAG_FINAL 0x10
#define FLAG_AUTH 0x04
#define FLAG_DEMAND 0x02
#define FLAG_MULTIPOINT 0x01

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 24);
	p[1] = (uint8_t)(value >> 16);
	p[2] = (uint8_t)(value >> 8);
	p[3] = (uint8_t)value;
}

static uint32_t max32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* bfd.DesiredMinTxInterval */
static uint32_t desired_us(const struct bfd *bfd)
{
	return bfd->state == BFD_UP ? bfd->conf.interval_us : max32(bfd->conf.interval_us, SLOW_US);
}

/* 6.8.7: the interval less 0 to 25 %; with a multiplier of 1 at least 10 %. */
static uint64_t jittered_ns(struct bfd *bfd)
{
	uint64_t interval_ns = max32(desired_us(bfd), bfd->remote_min_rx_us) * NS_PER_US;
	uint64_t least = bfd->conf.multiplier == 1 ? 100 : 0, cut;

	bfd->random ^= bfd->random << 13;
	bfd->random ^= bfd->random >> 17;
	bfd->random ^= bfd->random << 5;
	cut = least + bfd->random % (251 - least);
	return interval_ns - interval_ns / 1000 * cut;
}

static bool regular(const struct bfd *bfd)
{
	bool quiet = bfd->remote_demand && bfd->state == BFD_UP && bfd->remote_state == BFD_UP &&
		!bfd->poll;

	return bfd->remote_min_rx_us != 0 && !quiet;
}

/* From the last packet, or from now on. */
static void schedule(struct bfd *bfd, uint64_t now_ns)
{
	bfd->tx_due_ns = regular(bfd) ? now_ns + jittered_ns(bfd) : UINT64_MAX;
}

uint64_t bfd_detection_ns(const struct bfd *bfd)
{
	return bfd->remote_multiplier * NS_PER_US *
		max32(bfd->conf.interval_us, bfd->remote_min_tx_us);
}

static void change(struct bfd *bfd, enum bfd_state state, enum bfd_diag diag, uint64_t now_ns)
{
	bool up = bfd->state == BFD_UP;

	bfd->state = (uint8_t)state;
	bfd->since_ns = now_ns;
	if (state == BFD_UP) {
		bfd->ups++;
		bfd->poll = true; /* the interval is another now */
	} else {
		bfd->poll = false;
	}
	if (state == BFD_DOWN) {
		bfd->diag = (uint8_t)diag;
		bfd->downs += up;
	}
}

void bfd_init(struct bfd *bfd, const struct bfd_conf *conf, uint64_t now_ns)
{
	memset(bfd, 0, sizeof(*bfd));
	bfd->conf = *conf;
	bfd->state = bfd->remote_state = BFD_DOWN;
	bfd->remote_min_rx_us = 1;
	bfd->remote_multiplier = conf->multiplier;
	bfd->random = conf->discriminator * 2654435761u | 1;
	bfd->tx_due_ns = now_ns;
	bfd->lost_ns = UINT64_MAX;
	bfd->since_ns = now_ns;
}

void bfd_set(struct bfd *bfd, const struct bfd_conf *conf, uint64_t now_ns)
{
	uint32_t discriminator = bfd->conf.discriminator;

	bfd->conf = *conf;
	bfd->conf.discriminator = discriminator;
	bfd->poll = bfd->state == BFD_UP;
	schedule(bfd, now_ns);
	if (bfd->lost_ns != UINT64_MAX)
		bfd->lost_ns = now_ns + bfd_detection_ns(bfd);
}

/* 6.8.6, up to where the packet is taken. */
static bool acceptable(const struct bfd *bfd, const uint8_t *p, size_t len)
{
	unsigned int state;

	if (len < BFD_PACKET_LEN || p[0] >> 5 != VERSION || p[3] < BFD_PACKET_LEN || p[3] > len)
		return false;
	if (p[2] == 0 || p[1] & (FLAG_MULTIPOINT | FLAG_AUTH) || get32(p + 4) == 0)
		return false;
	/* Both at once: 6.5 says that this is never sent. */
	if ((p[1] & FLAG_POLL) && (p[1] & FLAG_FINAL))
		return false;
	state = p[1] >> 6;
	if (get32(p + 8) == 0)
		return state == BFD_DOWN || state == BFD_ADMIN_DOWN;
	return get32(p + 8) == bfd->conf.discriminator;
}

/* 6.8.6: what the peer's state makes of ours. */
static void step(struct bfd *bfd, uint64_t now_ns)
{
	unsigned int remote = bfd->remote_state;

	switch (bfd->state) {
	case BFD_DOWN:
		if (remote == BFD_DOWN)
			change(bfd, BFD_INIT, BFD_DIAG_NONE, now_ns);
		else if (remote == BFD_INIT)
			change(bfd, BFD_UP, BFD_DIAG_NONE, now_ns);
		break;
	case BFD_INIT:
		if (remote == BFD_ADMIN_DOWN)
			change(bfd, BFD_DOWN, BFD_DIAG_NEIGHBOR_DOWN, now_ns);
		else if (remote == BFD_INIT || remote == BFD_UP)
			change(bfd, BFD_UP, BFD_DIAG_NONE, now_ns);
		break;
	case BFD_UP:
		if (remote == BFD_ADMIN_DOWN || remote == BFD_DOWN)
			change(bfd, BFD_DOWN, BFD_DIAG_NEIGHBOR_DOWN, now_ns);
		break;
	}
}

unsigned int bfd_receive(struct bfd *bfd, const void *payload, size_t len, uint64_t now_ns)
{
	const uint8_t *p = payload;
	bool was_regular = regular(bfd);
	unsigned int before = bfd->state, event = 0;
	uint32_t min_rx_us = bfd->remote_min_rx_us;

	if (!acceptable(bfd, p, len)) {
		bfd->refused++;
		return 0;
	}
	bfd->received++;
	bfd->heard_ns = now_ns;
	bfd->remote_state = p[1] >> 6;
	bfd->remote_demand = p[1] & FLAG_DEMAND;
	bfd->remote_multiplier = p[2];
	bfd->remote_discriminator = get32(p + 4);
	bfd->remote_min_tx_us = get32(p + 12);
	bfd->remote_min_rx_us = get32(p + 16);
	if (p[1] & FLAG_FINAL)
		bfd->poll = false;
	step(bfd, now_ns);
	bfd->lost_ns = bfd->state == BFD_DOWN ? UINT64_MAX : now_ns + bfd_detection_ns(bfd);
	if (p[1] & FLAG_POLL) {
		bfd->final = true;
		event |= BFD_SEND;
	}
	if (bfd->state != before) {
		if (bfd->state == BFD_UP || before == BFD_UP)
			event |= BFD_CHANGED;
		/* 6.8.7: a change is told at once; and the interval changes with it. */
		event |= BFD_SEND;
		schedule(bfd, now_ns);
	} else if (was_regular != regular(bfd) || min_rx_us != bfd->remote_min_rx_us) {
		schedule(bfd, now_ns);
	}
	return event;
}

unsigned int bfd_timeout(struct bfd *bfd, uint64_t now_ns)
{
	unsigned int event = 0;

	if (now_ns >= bfd->lost_ns) {
		if (bfd->state == BFD_UP)
			event |= BFD_CHANGED;
		change(bfd, BFD_DOWN, BFD_DIAG_EXPIRED, now_ns);
		bfd->lost_ns = UINT64_MAX;
		bfd->remote_discriminator = 0; /* 6.8.1 */
		bfd->remote_state = BFD_DOWN;
		bfd->remote_demand = false;
		bfd->remote_min_rx_us = 1;
		event |= BFD_SEND;
		schedule(bfd, now_ns);
	} else if (now_ns >= bfd->tx_due_ns) {
		event |= BFD_SEND;
		schedule(bfd, now_ns);
	}
	return event;
}

uint64_t bfd_due_ns(const struct bfd *bfd)
{
	return bfd->lost_ns < bfd->tx_due_ns ? bfd->lost_ns : bfd->tx_due_ns;
}

void bfd_packet(struct bfd *bfd, uint8_t packet[BFD_PACKET_LEN])
{
	memset(packet, 0, BFD_PACKET_LEN);
	packet[0] = (uint8_t)(VERSION << 5 | (bfd->state == BFD_UP ? 0 : bfd->diag));
	packet[1] = (uint8_t)(bfd->state << 6);
	if (bfd->final)
		packet[1] |= FLAG_FINAL;
	else if (bfd->poll)
		packet[1] |= FLAG_POLL;
	packet[2] = bfd->conf.multiplier;
	packet[3] = BFD_PACKET_LEN;
	put32(packet + 4, bfd->conf.discriminator);
	put32(packet + 8, bfd->remote_discriminator);
	put32(packet + 12, desired_us(bfd));
	put32(packet + 16, bfd->conf.interval_us);
	bfd->final = false;
	bfd->sent++;
}

const char *bfd_state_name(enum bfd_state state)
{
	static const char *const names[] = {"admin-down", "down", "init", "up"};

	return names[state & 3];
}
