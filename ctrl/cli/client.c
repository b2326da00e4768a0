/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/cli/client.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctrl/rpc.h"

#define REPLY_MAX (256u << 20)

static int path_set(const char *from, char path[CLIENT_PATH_LEN], struct cli_error *error)
{
	if (strlen(from) >= CLIENT_PATH_LEN) {
		cli_error_set(error, CLI_USAGE, "socket path '%.120s...' is too long", from);
		return -ENAMETOOLONG;
	}
	memcpy(path, from, strlen(from) + 1);
	return 0;
}

static void error_candidates(const glob_t *found, struct cli_error *error)
{
	size_t len;

	cli_error_set(error, CLI_NO_DAEMON, "several daemons run, choose one with -s:");
	for (size_t i = 0; i < found->gl_pathc; i++) {
		len = strlen(error->message);
		snprintf(error->message + len, sizeof(error->message) - len, " %s",
			found->gl_pathv[i]);
	}
}

int client_path(const char *wanted, const char *pattern, char path[CLIENT_PATH_LEN],
	struct cli_error *error)
{
	const char *env = getenv("HPSROUTER_SOCKET");
	glob_t found;
	int rc;

	if (wanted)
		return path_set(wanted, path, error);
	if (env && env[0])
		return path_set(env, path, error);
	rc = glob(pattern, 0, NULL, &found);
	if (rc == 0 && found.gl_pathc == 1) {
		rc = path_set(found.gl_pathv[0], path, error);
	} else if (rc == 0) {
		error_candidates(&found, error);
		rc = -ENOTUNIQ;
	} else {
		cli_error_set(error, CLI_NO_DAEMON, "no daemon: there is no %s", pattern);
		return -ENOENT;
	}
	globfree(&found);
	return rc;
}

void client_adopt(struct client *client, int fd)
{
	memset(client, 0, sizeof(*client));
	client->fd = fd;
}

int client_open(struct client *client, const char *path, struct cli_error *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval timeout = {.tv_sec = CLIENT_TIMEOUT_S};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	client_adopt(client, fd);
	if (fd < 0) {
		cli_error_set(error, CLI_NO_DAEMON, "socket: %s", strerror(errno));
		return -EIO;
	}
	snprintf(client->path, sizeof(client->path), "%s", path);
	memcpy(address.sun_path, client->path, sizeof(address.sun_path));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	cli_error_set(error, CLI_NO_DAEMON, "no daemon at %s: %s", path, strerror(errno));
	client_close(client);
	return -ECONNREFUSED;
}

void client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	free(client->buf);
	client_adopt(client, -1);
}

static int send_all(struct client *client, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(client->fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static int grow(struct client *client)
{
	size_t size = client->size ? client->size * 2 : 65536;
	char *buf;

	if (size > REPLY_MAX)
		return -EMSGSIZE;
	buf = realloc(client->buf, size);
	if (!buf)
		return -ENOMEM;
	client->buf = buf;
	client->size = size;
	return 0;
}

/* Reads until the buffer begins with a whole line; *line_len without its end. */
static int read_line(struct client *client, size_t *line_len)
{
	size_t seen = 0;

	for (;;) {
		char *end = client->len > seen
			? memchr(client->buf + seen, '\n', client->len - seen)
			: NULL;
		ssize_t n;
		int rc;

		if (end) {
			*line_len = (size_t)(end - client->buf);
			return 0;
		}
		seen = client->len;
		if (client->len == client->size) {
			rc = grow(client);
			if (rc < 0)
				return rc;
		}
		n = recv(client->fd, client->buf + client->len, client->size - client->len, 0);
		if (n == 0)
			return -ECONNRESET;
		if (n < 0 && errno != EINTR)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (n > 0)
			client->len += (size_t)n;
	}
}

static json_t *read_reply(struct client *client, struct cli_error *error)
{
	json_error_t fault;
	size_t len = 0;
	json_t *reply;
	int rc = read_line(client, &len);

	if (rc < 0) {
		cli_error_set(error, CLI_REFUSED, "no answer from the daemon: %s", strerror(-rc));
		return NULL;
	}
	reply = json_loadb(client->buf, len, 0, &fault);
	memmove(client->buf, client->buf + len + 1, client->len - len - 1);
	client->len -= len + 1;
	if (!reply)
		cli_error_set(error, CLI_REFUSED, "the daemon's answer is no JSON: %s", fault.text);
	return reply;
}

json_t *client_call(
	struct client *client, const char *method, json_t *params, struct cli_error *error)
{
	json_t *request, *reply, *result;
	char *text = NULL, *line = NULL;
	int rc, len = -1;

	request = json_pack("{s:s, s:i, s:I, s:s, s:o*}", "jsonrpc", "2.0", "version", RPC_VERSION,
		"id", ++client->id, "method", method, "params", params);
	text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	json_decref(request);
	if (text)
		len = asprintf(&line, "%s\n", text);
	free(text);
	if (len < 0) {
		cli_error_set(error, CLI_REFUSED, "out of memory");
		return NULL;
	}
	rc = send_all(client, line, (size_t)len);
	free(line);
	/* A daemon that hangs up may have said why. */
	if (rc < 0 && rc != -EPIPE && rc != -ECONNRESET) {
		cli_error_set(error, CLI_REFUSED, "request not sent: %s", strerror(-rc));
		return NULL;
	}
	reply = read_reply(client, error);
	if (!reply)
		return NULL;
	result = json_object_get(reply, "result");
	if (result)
		json_incref(result);
	else
		cli_error_reply(error, json_object_get(reply, "error"));
	json_decref(reply);
	return result;
}
