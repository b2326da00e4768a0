/* SPDX-License-Identifier: BSD-3-Clause */
/* Bidirectional Forwarding Detection: is the other end of a path there? One session of RFC 5880's
 * asynchronous mode, without authentication and echo, as a state machine: packets and the time go
 * in, what to do comes out. Pure; the clock, in nanoseconds, and the transport are the caller's.
 * Single owner. */
#ifndef HPSR_LIB_BFD_H
#define HPSR_LIB_BFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BFD_PACKET_LEN 24
#define BFD_PORT 3784 /* RFC 5881: single hop */
#define BFD_SRC_PORT_MIN 49152

/* Values of the Sta field, RFC 5880 4.1. */
enum bfd_state { BFD_ADMIN_DOWN, BFD_DOWN, BFD_INIT, BFD_UP };
/* Values of the Diag field that are used here. */
enum bfd_diag { BFD_DIAG_NONE, BFD_DIAG_EXPIRED, BFD_DIAG_NEIGHBOR_DOWN = 3 };

/* What a call returns, together. */
#define BFD_SEND 1u    /* send what bfd_packet writes, now */
#define BFD_CHANGED 2u /* the session came up, or went down */

struct bfd_conf {
	uint32_t interval_us;   /* desired between packets while up, either way; 1..10000000 */
	uint8_t multiplier;     /* packets lost in a row until the peer is lost, 1.. */
	uint32_t discriminator; /* not 0; unique among the sessions of this system */
};

struct bfd {
	struct bfd_conf conf;
	uint8_t state; /* enum bfd_state; never BFD_ADMIN_DOWN */
	uint8_t diag;  /* why it went down last */
	uint8_t remote_state, remote_multiplier;
	uint32_t remote_discriminator; /* 0: not known */
	uint32_t remote_min_rx_us, remote_min_tx_us;
	bool remote_demand;
	bool poll;          /* until the peer has seen the new interval: RFC 5880 6.5 */
	bool final;         /* the next packet answers a poll */
	uint32_t random;    /* of the jitter */
	uint64_t tx_due_ns; /* UINT64_MAX: not to be sent regularly */
	uint64_t lost_ns;  /* when the peer is lost, unless it is heard; UINT64_MAX: it is not up */
	uint64_t heard_ns; /* when it was heard last; 0: never */
	uint64_t since_ns; /* of this state */
	uint64_t sent, received, refused;
	uint32_t ups, downs;
};

/* Down, and about to send. */
void bfd_init(struct bfd *bfd, const struct bfd_conf *conf, uint64_t now_ns);
/* New times for a session that lives on; discriminator and state stay. */
void bfd_set(struct bfd *bfd, const struct bfd_conf *conf, uint64_t now_ns);
/* A packet from the peer: a UDP payload. What is wrong with it is counted as refused, and nothing
 * happens. BFD_SEND, BFD_CHANGED. */
unsigned int bfd_receive(struct bfd *bfd, const void *payload, size_t len, uint64_t now_ns);
/* bfd_due_ns has come. BFD_SEND, BFD_CHANGED. */
unsigned int bfd_timeout(struct bfd *bfd, uint64_t now_ns);
/* When bfd_timeout is to be called next; UINT64_MAX: never. */
uint64_t bfd_due_ns(const struct bfd *bfd);
/* Write the packet to be sent, and count it as sent. */
void bfd_packet(struct bfd *bfd, uint8_t packet[BFD_PACKET_LEN]);
/* Without a packet for so long a peer that is up is lost. */
uint64_t bfd_detection_ns(const struct bfd *bfd);
/* "down", "init", "up" */
const char *bfd_state_name(enum bfd_state state);

#endif
