/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"

#define BACKLOG 16
#define LINGER_MS 1000 /* for the peer's FIN after the reply: a close with data unread resets */

const struct http_limits http_limits_default = {
	.request_max = 8192,
	.clients_max = 16,
	.deadline_ms = 10000,
	.fresh_ms = 100,
};

/* What many connections may be sending. */
struct page {
	unsigned int refs;
	char *text;
	size_t len;
	uint64_t made_ns;
};

struct client {
	LIST_ENTRY(client) next;
	struct http *http;
	struct bufferevent *bev;
	struct event *deadline;
	bool answered; /* what comes now is thrown away */
	bool eof;      /* it sends no more */
};

struct http {
	LIST_HEAD(, client) clients;
	size_t n_clients;
	struct http_limits limits;
	struct http_service service;
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *resume; /* accept again after running out of descriptors */
	struct page *page;    /* the newest, or NULL */
};

/* ---- pages ---- */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void page_put(struct page *page)
{
	if (!page || --page->refs > 0)
		return;
	free(page->text);
	free(page);
}

static void page_sent(const void *data, size_t len, void *ctx)
{
	(void)data;
	(void)len;
	page_put(ctx);
}

/* The page, made anew unless it is fresh: many clients cost no more than a few. */
static struct page *page_get(struct http *http)
{
	uint64_t now = now_ns();
	struct page *page = http->page;
	int rc;

	if (page && now - page->made_ns < http->limits.fresh_ms * UINT64_C(1000000))
		return page;
	page_put(http->page);
	http->page = NULL;
	page = calloc(1, sizeof(*page));
	if (!page)
		return NULL;
	rc = http->service.get(http->service.ctx, &page->text, &page->len);
	if (rc < 0) {
		log_warn("control", "http %s: %s", http->service.path, strerror(-rc));
		free(page);
		return NULL;
	}
	page->refs = 1;
	page->made_ns = now;
	http->page = page;
	return page;
}

/* ---- requests ---- */

struct request {
	char *method, *target;
};

/* METHOD SP TARGET SP HTTP/1.DIGIT, cut into its parts. The status that is due, 0: go on. */
static int request_parse(char *line, size_t len, struct request *request)
{
	char *version;

	if (strlen(line) != len)
		return 400;
	request->method = line;
	request->target = strchr(line, ' ');
	if (!request->target || request->target == line)
		return 400;
	*request->target++ = '\0';
	version = strchr(request->target, ' ');
	if (!version || version == request->target)
		return 400;
	*version++ = '\0';
	if (strncmp(version, "HTTP/", 5) != 0 || strlen(version) != 8 || version[6] != '.')
		return 400;
	if (version[5] != '1')
		return 505;
	/* The absolute form, which RFC 9112 3.2.2 has every server accept. */
	if (strncasecmp(request->target, "http://", 7) == 0) {
		request->target = strchr(request->target + 7, '/');
		if (!request->target)
			return 404;
	}
	request->target[strcspn(request->target, "?")] = '\0';
	return 0;
}

static const char *reason_of(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 431:
		return "Request Header Fields Too Large";
	case 500:
		return "Internal Server Error";
	case 503:
		return "Service Unavailable";
	case 505:
		return "HTTP Version Not Supported";
	}
	return "Error";
}

static void client_destroy(struct client *client)
{
	LIST_REMOVE(client, next);
	client->http->n_clients--;
	bufferevent_free(client->bev);
	event_free(client->deadline);
	free(client);
}

/* PAGE NULL: a line that says what is wrong, unless HEAD asked, which gets no body. */
static void client_reply(struct client *client, int status, struct page *page, bool head)
{
	struct evbuffer *out = bufferevent_get_output(client->bev);
	const char *type = page ? client->http->service.content_type : "text/plain";
	const char *reason = reason_of(status);

	client->answered = true;
	evbuffer_add_printf(out,
		"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s"
		"Connection: close\r\n\r\n",
		status, reason, type, page ? page->len : strlen(reason) + 1,
		status == 405 ? "Allow: GET\r\n" : "");
	if (!page) {
		if (!head)
			evbuffer_add_printf(out, "%s\n", reason);
		return;
	}
	page->refs++;
	if (evbuffer_add_reference(out, page->text, page->len, page_sent, page) < 0) {
		page_put(page);
		client_destroy(client);
	}
}

static void client_serve(struct client *client, char *line, size_t len)
{
	struct request request = {0};
	int status = request_parse(line, len, &request);
	bool head = request.method && strcmp(request.method, "HEAD") == 0;
	struct page *page = NULL;

	if (status == 0 && strcmp(request.target, client->http->service.path) != 0)
		status = 404;
	if (status == 0 && strcmp(request.method, "GET") != 0)
		status = 405;
	if (status == 0) {
		page = page_get(client->http);
		status = page ? 200 : 500;
	}
	client_reply(client, status, page, head);
}

static bool header_is_complete(struct evbuffer *in)
{
	return evbuffer_search(in, "\r\n\r\n", 4, NULL).pos >= 0 ||
		evbuffer_search(in, "\n\n", 2, NULL).pos >= 0;
}

static void client_readable(struct bufferevent *bev, void *ctx)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct client *client = ctx;
	size_t len;
	char *line;

	if (client->answered) {
		evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	if (!header_is_complete(in)) {
		if (evbuffer_get_length(in) >= client->http->limits.request_max)
			client_reply(client, 431, NULL, false);
		return;
	}
	line = evbuffer_readln(in, &len, EVBUFFER_EOL_CRLF);
	if (!line) {
		client_destroy(client);
		return;
	}
	evbuffer_drain(in, evbuffer_get_length(in));
	client_serve(client, line, len);
	free(line);
}

/* The reply is out. */
static void client_written(struct bufferevent *bev, void *ctx)
{
	struct timeval linger = {.tv_sec = LINGER_MS / 1000, .tv_usec = LINGER_MS % 1000 * 1000};
	struct client *client = ctx;

	if (!client->answered)
		return;
	if (client->eof || shutdown(bufferevent_getfd(bev), SHUT_WR) < 0) {
		client_destroy(client);
		return;
	}
	event_add(client->deadline, &linger);
}

static void client_event(struct bufferevent *bev, short what, void *ctx)
{
	struct client *client = ctx;

	/* One that has asked and closed its direction still gets its reply. */
	if ((what & BEV_EVENT_EOF) && client->answered &&
		evbuffer_get_length(bufferevent_get_output(bev)) > 0) {
		client->eof = true;
		return;
	}
	client_destroy(client);
}

static void client_overdue(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	client_destroy(ctx);
}

static void refuse_fd(int fd)
{
	static const char text[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
				   "Retry-After: 1\r\nConnection: close\r\n\r\n";

	if (send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("control", "http: refusal not sent: %s", strerror(errno));
	close(fd);
}

int http_adopt(struct http *http, int fd)
{
	struct timeval deadline = {.tv_sec = http->limits.deadline_ms / 1000,
		.tv_usec = (long)(http->limits.deadline_ms % 1000) * 1000};
	struct client *client;

	if (http->n_clients >= http->limits.clients_max) {
		refuse_fd(fd);
		return -EAGAIN;
	}
	client = calloc(1, sizeof(*client));
	if (!client || evutil_make_socket_nonblocking(fd) < 0)
		goto fail;
	client->http = http;
	client->deadline = evtimer_new(http->base, client_overdue, client);
	if (!client->deadline || event_add(client->deadline, &deadline) < 0)
		goto fail;
	client->bev = bufferevent_socket_new(http->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!client->bev)
		goto fail;
	LIST_INSERT_HEAD(&http->clients, client, next);
	http->n_clients++;
	bufferevent_setcb(client->bev, client_readable, client_written, client_event, client);
	bufferevent_setwatermark(client->bev, EV_READ, 0, http->limits.request_max);
	bufferevent_enable(client->bev, EV_READ | EV_WRITE);
	return 0;
fail:
	if (client && client->deadline)
		event_free(client->deadline);
	free(client);
	close(fd);
	return -ENOMEM;
}

size_t http_clients(const struct http *http)
{
	return http->n_clients;
}

/* ---- the listener ---- */

static void accept_cb(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
	int len, void *ctx)
{
	(void)listener;
	(void)address;
	(void)len;
	http_adopt(ctx, fd);
}

/* Out of descriptors, most likely: the pending connection would wake us again at once. */
static void accept_error_cb(struct evconnlistener *listener, void *ctx)
{
	struct timeval pause = {.tv_sec = 1};
	struct http *http = ctx;

	log_warn("control", "http accept: %s", strerror(errno));
	evconnlistener_disable(listener);
	event_add(http->resume, &pause);
}

static void resume_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct http *http = ctx;

	(void)fd;
	(void)what;
	evconnlistener_enable(http->listener);
}

/* A listening socket or -errno. */
static int listen_at(const char *endpoint)
{
	struct sockaddr_storage address;
	int len = sizeof(address), one = 1, fd, rc;

	if (evutil_parse_sockaddr_port(endpoint, (struct sockaddr *)&address, &len) < 0)
		return -EINVAL;
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
		(address.ss_family == AF_INET6 &&
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0) ||
		bind(fd, (struct sockaddr *)&address, (socklen_t)len) < 0 ||
		listen(fd, BACKLOG) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

static int listener_create(struct http *http, const char *endpoint, char *err)
{
	int fd = listen_at(endpoint);

	if (fd < 0) {
		snprintf(err, HTTP_ERR_LEN, "%s: %s", endpoint, strerror(-fd));
		return fd;
	}
	http->resume = evtimer_new(http->base, resume_cb, http);
	http->listener = evconnlistener_new(
		http->base, accept_cb, http, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (http->listener && http->resume) {
		evconnlistener_set_error_cb(http->listener, accept_error_cb);
		return 0;
	}
	if (!http->listener)
		close(fd);
	snprintf(err, HTTP_ERR_LEN, "%s: %s", endpoint, strerror(ENOMEM));
	return -ENOMEM;
}

int http_create(struct event_base *base, const char *endpoint, const struct http_limits *limits,
	const struct http_service *service, struct http **out, char *err)
{
	struct http *http = calloc(1, sizeof(*http));
	int rc = 0;

	*out = NULL;
	if (!http) {
		snprintf(err, HTTP_ERR_LEN, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	LIST_INIT(&http->clients);
	http->base = base;
	http->limits = *limits;
	http->service = *service;
	if (endpoint)
		rc = listener_create(http, endpoint, err);
	if (rc < 0) {
		http_destroy(http);
		return rc;
	}
	*out = http;
	return 0;
}

void http_destroy(struct http *http)
{
	if (!http)
		return;
	while (!LIST_EMPTY(&http->clients))
		client_destroy(LIST_FIRST(&http->clients));
	if (http->listener)
		evconnlistener_free(http->listener);
	if (http->resume)
		event_free(http->resume);
	page_put(http->page);
	free(http);
}
