/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/sock.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"

#define LINES_PER_TURN 16 /* requests of one client before the others have their turn */
#define BACKLOG 64

const struct sock_limits sock_limits_default = {
	.line_max = 1u << 20,
	.out_pause = 256u << 10,
	.clients_max = 128,
	.slow_ms = 10000,
};

struct client {
	LIST_ENTRY(client) next;
	struct sock *sock;
	struct bufferevent *bev;
	bool closing; /* nothing more is served; it goes when its replies are out */
	bool eof;     /* it sends no more; what it sent is still served */
};

struct sock {
	LIST_HEAD(, client) clients;
	size_t n_clients;
	struct sock_limits limits;
	struct sock_service service;
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *resume; /* accept again after running out of descriptors */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t dev; /* of the socket file, so that only our own is removed */
	ino_t ino;
};

/* ---- clients ---- */

static void client_destroy(struct client *client)
{
	LIST_REMOVE(client, next);
	client->sock->n_clients--;
	bufferevent_free(client->bev);
	free(client);
}

static void text_sent(const void *text, size_t len, void *ctx)
{
	(void)text;
	(void)len;
	free(ctx);
}

/* Send TEXT (freed once it is out) as a line. */
static void client_send(struct client *client, char *text)
{
	struct evbuffer *out = bufferevent_get_output(client->bev);

	if (!text)
		return;
	if (evbuffer_add_reference(out, text, strlen(text), text_sent, text) < 0)
		free(text);
	evbuffer_add(out, "\n", 1);
}

static void client_send_away(struct client *client, const char *why)
{
	const struct sock_service *service = &client->sock->service;

	client_send(client, service->refuse(service->ctx, why));
	client->closing = true;
	bufferevent_disable(client->bev, EV_READ);
}

/* Serves what has come, as far as the limits let it. Returns false when the client is gone. */
static bool client_serve(struct client *client)
{
	const struct sock_service *service = &client->sock->service;
	struct evbuffer *in = bufferevent_get_input(client->bev);
	struct evbuffer *out = bufferevent_get_output(client->bev);
	size_t line_max = client->sock->limits.line_max, len;
	bool more = true;

	for (int i = 0; i < LINES_PER_TURN && !client->closing; i++) {
		char *line;

		if (evbuffer_get_length(out) > client->sock->limits.out_pause)
			break;
		line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF);
		more = line != NULL;
		if (!line && evbuffer_get_length(in) > line_max) {
			client_send_away(client, "line too long");
		} else if (line && len > line_max) {
			client_send_away(client, "line too long");
		} else if (line) {
			if (len > 0 && line[len - 1] == '\r')
				len--;
			if (len > 0) {
				char *reply = service->serve(service->ctx, line, len);

				/* Its time to take it begins now, not when the loop woke up. */
				event_base_update_cache_time(client->sock->base);
				client_send(client, reply);
			}
		}
		free(line);
		if (!more)
			break;
	}
	if (evbuffer_get_length(out) > 0)
		return true; /* client_written goes on when they are out */
	if (client->closing || (client->eof && !more)) {
		client_destroy(client);
		return false;
	}
	if (more)
		bufferevent_trigger(client->bev, EV_READ,
			BEV_TRIG_DEFER_CALLBACKS | BEV_TRIG_IGNORE_WATERMARKS);
	return true;
}

static void client_readable(struct bufferevent *bev, void *ctx)
{
	struct client *client = ctx;

	if (!client_serve(client))
		return;
	if (evbuffer_get_length(bufferevent_get_output(bev)) > client->sock->limits.out_pause)
		bufferevent_disable(bev, EV_READ);
}

/* All replies are out. */
static void client_written(struct bufferevent *bev, void *ctx)
{
	struct client *client = ctx;

	if (!client->closing && !client->eof)
		bufferevent_enable(bev, EV_READ);
	client_serve(client);
}

static void client_event(struct bufferevent *bev, short what, void *ctx)
{
	struct client *client = ctx;

	(void)bev;
	if ((what & BEV_EVENT_EOF) && !(what & BEV_EVENT_WRITING)) {
		client->eof = true;
		client_serve(client);
		return;
	}
	if (what & BEV_EVENT_TIMEOUT)
		log_warn("control", "a client takes no reply: cut");
	client_destroy(client);
}

static bool peer_is_allowed(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	if (peer.uid == 0 || peer.uid == geteuid())
		return true;
	log_warn("control", "refused uid=%u pid=%d", (unsigned int)peer.uid, (int)peer.pid);
	return false;
}

/* One line, as far as the peer takes it at once. */
static void refuse_fd(struct sock *sock, int fd, const char *why)
{
	char *text = sock->service.refuse(sock->service.ctx, why);
	size_t len = text ? strlen(text) : 0;

	if (text) {
		text[len] = '\n';
		if (send(fd, text, len + 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			log_debug("control", "refusal not sent: %s", strerror(errno));
	}
	free(text);
	close(fd);
}

int sock_adopt(struct sock *sock, int fd)
{
	struct timeval slow = {.tv_sec = sock->limits.slow_ms / 1000,
		.tv_usec = (long)(sock->limits.slow_ms % 1000) * 1000};
	struct client *client;

	if (!peer_is_allowed(fd)) {
		refuse_fd(sock, fd, "not permitted: only root and the daemon's user may");
		return -EACCES;
	}
	if (sock->n_clients >= sock->limits.clients_max) {
		refuse_fd(sock, fd, "too many clients");
		return -EAGAIN;
	}
	client = calloc(1, sizeof(*client));
	if (!client || evutil_make_socket_nonblocking(fd) < 0)
		goto fail;
	client->sock = sock;
	client->bev = bufferevent_socket_new(sock->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!client->bev)
		goto fail;
	LIST_INSERT_HEAD(&sock->clients, client, next);
	sock->n_clients++;
	bufferevent_setcb(client->bev, client_readable, client_written, client_event, client);
	bufferevent_setwatermark(client->bev, EV_READ, 0, sock->limits.line_max + 2);
	bufferevent_set_timeouts(client->bev, NULL, &slow);
	bufferevent_enable(client->bev, EV_READ | EV_WRITE);
	return 0;
fail:
	free(client);
	close(fd);
	return -ENOMEM;
}

size_t sock_clients(const struct sock *sock)
{
	return sock->n_clients;
}

/* ---- the listener ---- */

static void accept_cb(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
	int len, void *ctx)
{
	(void)listener;
	(void)address;
	(void)len;
	sock_adopt(ctx, fd);
}

/* Out of descriptors, most likely: the pending connection would wake us again at once. */
static void accept_error_cb(struct evconnlistener *listener, void *ctx)
{
	struct timeval pause = {.tv_sec = 1};
	struct sock *sock = ctx;

	log_warn("control", "accept: %s", strerror(errno));
	evconnlistener_disable(listener);
	event_add(sock->resume, &pause);
}

static void resume_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct sock *sock = ctx;

	(void)fd;
	(void)what;
	evconnlistener_enable(sock->listener);
}

static int address_set(const char *path, struct sockaddr_un *address, char *err)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path)) {
		snprintf(err, SOCK_ERR_LEN, "control socket: path longer than %zu characters",
			sizeof(address->sun_path) - 1);
		return -ENAMETOOLONG;
	}
	memcpy(address->sun_path, path, strlen(path));
	return 0;
}

int sock_probe(const char *path, char *err)
{
	struct sockaddr_un address;
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);
	struct stat st;
	int fd, rc = address_set(path, &address, err);

	if (rc < 0)
		return rc;
	if (lstat(path, &st) < 0)
		return 0; /* bind tells the rest */
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(err, SOCK_ERR_LEN, "control socket %s: exists and is no socket", path);
		return -EEXIST;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		rc = -errno;
		snprintf(err, SOCK_ERR_LEN, "control socket: %s", strerror(-rc));
		return rc;
	}
	/* EAGAIN: it listens, and its backlog is full. */
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN) {
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
		snprintf(err, SOCK_ERR_LEN, "control socket %s: another daemon serves it (pid %d)",
			path, (int)peer.pid);
		rc = -EADDRINUSE;
	} else if (errno != ECONNREFUSED && errno != ENOENT) {
		rc = -errno;
		snprintf(err, SOCK_ERR_LEN, "control socket %s: %s", path, strerror(-rc));
	}
	close(fd);
	return rc;
}

/* Opens the directory of PATH, made if missing (its parent must exist). The descriptor or -errno.
 */
static int directory_open(const char *path)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;
	int fd;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash)
		snprintf(dir, sizeof(dir), ".");
	else if (slash == dir)
		slash[1] = '\0';
	else
		*slash = '\0';
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int listen_at(struct sock *sock, const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;
	mode_t mask;
	int rc;

	if (fd < 0)
		return -errno;
	if (unlink(address->sun_path) < 0 && errno != ENOENT)
		goto fail;
	mask = umask(0117);
	rc = bind(fd, (const struct sockaddr *)address, sizeof(*address));
	umask(mask);
	if (rc < 0 || listen(fd, BACKLOG) < 0 || stat(address->sun_path, &st) < 0)
		goto fail;
	sock->dev = st.st_dev;
	sock->ino = st.st_ino;
	snprintf(sock->path, sizeof(sock->path), "%s", address->sun_path);
	return fd;
fail:
	rc = -errno;
	close(fd);
	return rc;
}

static int listener_create(struct sock *sock, const char *path, char *err)
{
	struct sockaddr_un address;
	int dir, fd, rc = address_set(path, &address, err);

	if (rc < 0)
		return rc;
	dir = directory_open(path);
	if (dir < 0) {
		snprintf(err, SOCK_ERR_LEN, "control socket %s: %s", path, strerror(-dir));
		return dir;
	}
	/* Two daemons that start together look and bind one after the other. */
	flock(dir, LOCK_EX);
	rc = sock_probe(path, err);
	if (rc < 0) {
		close(dir);
		return rc;
	}
	fd = listen_at(sock, &address);
	close(dir);
	if (fd < 0) {
		snprintf(err, SOCK_ERR_LEN, "control socket %s: %s", path, strerror(-fd));
		return fd;
	}
	sock->resume = evtimer_new(sock->base, resume_cb, sock);
	sock->listener = evconnlistener_new(
		sock->base, accept_cb, sock, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (sock->listener && sock->resume) {
		evconnlistener_set_error_cb(sock->listener, accept_error_cb);
		return 0;
	}
	if (!sock->listener)
		close(fd);
	snprintf(err, SOCK_ERR_LEN, "control socket: %s", strerror(ENOMEM));
	return -ENOMEM;
}

int sock_create(struct event_base *base, const char *path, const struct sock_limits *limits,
	const struct sock_service *service, struct sock **out, char *err)
{
	struct sock *sock = calloc(1, sizeof(*sock));
	int rc = 0;

	*out = NULL;
	if (!sock) {
		snprintf(err, SOCK_ERR_LEN, "control socket: %s", strerror(ENOMEM));
		return -ENOMEM;
	}
	LIST_INIT(&sock->clients);
	sock->base = base;
	sock->limits = *limits;
	sock->service = *service;
	if (path)
		rc = listener_create(sock, path, err);
	if (rc < 0) {
		sock_destroy(sock);
		return rc;
	}
	*out = sock;
	return 0;
}

void sock_destroy(struct sock *sock)
{
	struct stat st;

	if (!sock)
		return;
	if (sock->path[0] && stat(sock->path, &st) == 0 && st.st_dev == sock->dev &&
		st.st_ino == sock->ino)
		unlink(sock->path);
	while (!LIST_EMPTY(&sock->clients))
		client_destroy(LIST_FIRST(&sock->clients));
	if (sock->listener)
		evconnlistener_free(sock->listener);
	if (sock->resume)
		event_free(sock->resume);
	free(sock);
}
