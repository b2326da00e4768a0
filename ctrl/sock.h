/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket: a Unix stream socket with many clients, each sending lines and getting lines
 * back. Never blocks and never holds more than its limits for a client. Control thread only. */
#ifndef HPSR_CTRL_SOCK_H
#define HPSR_CTRL_SOCK_H

#include <event2/event.h>
#include <stddef.h>

#define SOCK_ERR_LEN 256

struct sock_limits {
	size_t line_max;      /* bytes of a request; a longer line ends the connection */
	size_t out_pause;     /* unread bytes of replies from which on no request is served */
	size_t clients_max;   /* connections at the same time */
	unsigned int slow_ms; /* a client that takes nothing of its reply for so long is cut */
};

/* 1 MiB, 256 KiB, 128 clients, 10 s. */
extern const struct sock_limits sock_limits_default;

struct sock_service {
	/* Serves one line (without its end). The reply, freed with free(), or NULL for none. */
	char *(*serve)(void *ctx, const char *line, size_t len);
	/* The line that tells a client why it is sent away; same ownership. */
	char *(*refuse)(void *ctx, const char *why);
	void *ctx;
};

struct sock;

/* Is PATH free, or does it hold a socket nobody listens on? 0, -EADDRINUSE: somebody answers there,
 * -EEXIST: it is something else than a socket, or another -errno; ERR (SOCK_ERR_LEN) says so. */
int sock_probe(const char *path, char *err);
/* Listen at PATH (mode 0660; its directory is made, a stale socket replaced). PATH NULL: no
 * listener, connections come by sock_adopt. 0 or -errno as sock_probe. LIMITS and SERVICE are
 * copied. */
int sock_create(struct event_base *base, const char *path, const struct sock_limits *limits,
	const struct sock_service *service, struct sock **out, char *err);
/* Cut all clients, remove the socket from the file system. NULL is allowed. */
void sock_destroy(struct sock *sock);
/* A connected socket becomes a client; closed when its peer is neither root nor this process's user
 * (SO_PEERCRED), or there are too many. 0 or -errno; FD is taken over in any case. */
int sock_adopt(struct sock *sock, int fd);
size_t sock_clients(const struct sock *sock);

#endif
