/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON-RPC 2.0 over lines: a request or batch in, its reply out. Parameters are named; members that
 * nobody knows are refused. Beside the members of the specification a request may carry "version",
 * this protocol's number, which must then be RPC_VERSION. Knows nothing of sockets. */
#ifndef HPSR_CTRL_RPC_H
#define HPSR_CTRL_RPC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define RPC_VERSION 1
#define RPC_BATCH_MAX 64
#define RPC_PARAMS_MAX 8

/* JSON-RPC 2.0, section 5.1. */
#define RPC_PARSE_ERROR (-32700)
#define RPC_INVALID_REQUEST (-32600)
#define RPC_METHOD_NOT_FOUND (-32601)
#define RPC_INVALID_PARAMS (-32602)
#define RPC_INTERNAL_ERROR (-32603)
/* Ours. */
#define RPC_REFUSED (-32000) /* the daemon will not or cannot */
#define RPC_NOT_PERMITTED (-32001)
#define RPC_NOT_FOUND (-32002)  /* no such object */
#define RPC_INFEASIBLE (-32003) /* data says which constraint fails and by how much */

enum rpc_type { RPC_STRING, RPC_INTEGER, RPC_RATE, RPC_STRINGS, RPC_BOOL };

/* RPC_RATE: a non-negative integer or null. RPC_STRINGS: a string or an array of strings. */
struct rpc_param {
	const char *name; /* NULL ends the list */
	enum rpc_type type;
	bool required;
};

struct rpc_error {
	int code; /* 0: none */
	char message[512];
	json_t *data; /* NULL: none; taken over into the reply */
};

struct rpc_method {
	const char *name; /* NULL ends the table */
	/* PARAMS is an object of the declared members. Returns a new reference, or NULL with
	 * *error. */
	json_t *(*run)(void *ctx, json_t *params, struct rpc_error *error);
	struct rpc_param params[RPC_PARAMS_MAX];
};

void rpc_error_set(struct rpc_error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Serves one line. The reply as text of one line without its end, to be freed with free(); NULL: no
 * reply is due (notifications only), or no memory. */
char *rpc_serve(const struct rpc_method *methods, void *ctx, const char *line, size_t len);
/* The reply to something that never became a request: id null. */
char *rpc_refuse(int code, const char *message);

#endif
