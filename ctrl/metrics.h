/* SPDX-License-Identifier: BSD-3-Clause */
/* What runs, as Prometheus metrics named hpsrouter_*: the same counters as method `stats`. Control
 * thread only. */
#ifndef HPSR_CTRL_METRICS_H
#define HPSR_CTRL_METRICS_H

#include <stddef.h>

#include "ctrl/control.h"

#define METRICS_PATH "/metrics"

/* The text of all metrics now. The caller frees *text. 0 or -ENOMEM. CTX is the struct control: the
 * shape of struct http_service's get. */
int metrics_get(void *ctx, char **text, size_t *len);

#endif
