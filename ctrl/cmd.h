/* SPDX-License-Identifier: BSD-3-Clause */
/* The methods of the control socket, named after the commands of hpsrctl. A method's context is a
 * struct control. Those that change something change all of it or nothing. */
#ifndef HPSR_CTRL_CMD_H
#define HPSR_CTRL_CMD_H

#include <jansson.h>

#include "config/diag.h"
#include "ctrl/control.h"
#include "ctrl/rpc.h"

extern const struct rpc_method cmd_methods[];

/* The socket's service over cmd_methods. */
struct sock_service cmd_service(struct control *control);

/* For the method files: one each. */
json_t *cmd_route_list(void *ctx, json_t *params, struct rpc_error *error);
json_t *cmd_route_add(void *ctx, json_t *params, struct rpc_error *error);
json_t *cmd_route_replace(void *ctx, json_t *params, struct rpc_error *error);
json_t *cmd_route_del(void *ctx, json_t *params, struct rpc_error *error);
json_t *cmd_filter_list(void *ctx, json_t *params, struct rpc_error *error);
json_t *cmd_policy_list(void *ctx, json_t *params, struct rpc_error *error);
json_t *cmd_neighbor_list(void *ctx, json_t *params, struct rpc_error *error);
json_t *cmd_rate_show(void *ctx, json_t *params, struct rpc_error *error);
json_t *cmd_rate_set(void *ctx, json_t *params, struct rpc_error *error);
json_t *cmd_vpxi_apply(void *ctx, json_t *params, struct rpc_error *error);
json_t *cmd_vpxi_remove(void *ctx, json_t *params, struct rpc_error *error);
json_t *cmd_vrouter_move(void *ctx, json_t *params, struct rpc_error *error);
json_t *cmd_reload(void *ctx, json_t *params, struct rpc_error *error);
json_t *cmd_clock_show(void *ctx, json_t *params, struct rpc_error *error);
json_t *cmd_clock_set(void *ctx, json_t *params, struct rpc_error *error);
json_t *cmd_config_show(void *ctx, json_t *params, struct rpc_error *error);

/* The string member NAME, NULL when it is absent. */
const char *cmd_string(const json_t *params, const char *name);
/* The router that member "vrouter" names. 0 or -ENOENT with *error. */
int cmd_vr(struct control *control, const json_t *params, struct running_vr *vr,
	struct rpc_error *error);
/* RPC_REFUSED with the lines of DIAG in data.diag. */
void cmd_error_diag(struct rpc_error *error, const struct diag *diag, const char *what);
/* RPC_INFEASIBLE with the constraint that fails in data. */
void cmd_error_fault(struct rpc_error *error, const struct grant_fault *fault);
/* Do queues, ports and routers of NEXT fit the pool that runs? 0, or -ENOSPC with *error. */
int cmd_check_bufs(const struct model_site *next, struct rpc_error *error);
/* The lines of DIAG as an array. */
json_t *cmd_diag_lines(const struct diag *diag);

#endif
