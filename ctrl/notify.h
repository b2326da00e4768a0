/* SPDX-License-Identifier: BSD-3-Clause */
/* The service manager's notification protocol, sd_notify(3): one datagram of VARIABLE=VALUE lines
 * to the socket named by NOTIFY_SOCKET. Spoken here directly, as its manual page allows: it is one
 * sendto, and libsystemd would bring five libraries into the process. */
#ifndef HPSR_CTRL_NOTIFY_H
#define HPSR_CTRL_NOTIFY_H

#include <stdint.h>

/* One or more lines, as "READY=1\nSTATUS=...". 0 also when nobody asked to be notified (no
 * NOTIFY_SOCKET); otherwise -errno. Never blocks. */
int notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "RELOADING=1" with the time that Type=notify-reload wants. */
int notify_reloading(void);
/* Interval at which WATCHDOG=1 is to be sent: half of WATCHDOG_USEC. 0: no watchdog, or one for
 * another process (WATCHDOG_PID). */
uint64_t notify_watchdog_us(void);

#endif
