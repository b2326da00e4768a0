/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection to a daemon's control socket. Blocking. */
#ifndef HPSR_CTRL_CLI_CLIENT_H
#define HPSR_CTRL_CLI_CLIENT_H

#include <jansson.h>
#include <stddef.h>

#include "ctrl/cli/cli.h"

#define CLIENT_PATH_LEN 108
#define CLIENT_SOCKETS "/run/hpsrouter/*.sock"
#define CLIENT_TIMEOUT_S 120 /* a reload may open devices */

struct client {
	int fd;
	char *buf;
	size_t len, size;
	json_int_t id; /* of the last request */
	char path[CLIENT_PATH_LEN];
};

/* The socket to use: WANTED, else HPSROUTER_SOCKET, else the only one that PATTERN matches. 0, or
 * -errno with *error (CLI_NO_DAEMON; names the candidates). */
int client_path(const char *wanted, const char *pattern, char path[CLIENT_PATH_LEN],
	struct cli_error *error);
/* 0, or -errno with *error (CLI_NO_DAEMON). */
int client_open(struct client *client, const char *path, struct cli_error *error);
/* A connected socket, taken over; for tests. */
void client_adopt(struct client *client, int fd);
void client_close(struct client *client);
/* One request, with PARAMS (NULL: none) taken over. The result (a new reference), or NULL with
 * *error. */
json_t *client_call(
	struct client *client, const char *method, json_t *params, struct cli_error *error);

#endif
