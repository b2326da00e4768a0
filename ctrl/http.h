/* SPDX-License-Identifier: BSD-3-Clause */
/* An HTTP/1.1 server (RFC 9110, 9112) of one read-only page: GET of its path, one request a
 * connection. Never blocks, and holds no more than its limits; evhttp would bound neither the
 * number of connections nor the life of one. Control thread only. */
#ifndef HPSR_CTRL_HTTP_H
#define HPSR_CTRL_HTTP_H

#include <event2/event.h>
#include <stddef.h>

#define HTTP_ERR_LEN 256

struct http_limits {
	size_t request_max;       /* bytes of request line and headers */
	size_t clients_max;       /* connections at the same time; one more is told to come back */
	unsigned int deadline_ms; /* of a connection, from accept to the end of its reply */
	unsigned int fresh_ms;    /* a page not older than this is sent again */
};

/* 8 KiB, 16 connections, 10 s, 100 ms. */
extern const struct http_limits http_limits_default;

struct http_service {
	const char *path; /* "/metrics" */
	const char *content_type;
	/* The page now, freed with free(). 0 or -errno: the client is told 500. */
	int (*get)(void *ctx, char **text, size_t *len);
	void *ctx;
};

struct http;

/* Listen at ENDPOINT, "127.0.0.1:9464" or "[::1]:9464"; NULL: no listener, connections come by
 * http_adopt. Requests are served once BASE runs. 0 or -errno with ERR (HTTP_ERR_LEN). LIMITS and
 * SERVICE are copied, its strings are not. */
int http_create(struct event_base *base, const char *endpoint, const struct http_limits *limits,
	const struct http_service *service, struct http **out, char *err);
/* Cut all connections. NULL is allowed. */
void http_destroy(struct http *http);
/* A connected socket becomes a connection. 0, -EAGAIN: too many, or -ENOMEM; FD is taken over in
 * any case. */
int http_adopt(struct http *http, int fd);
size_t http_clients(const struct http *http);

#endif
