/* SPDX-License-Identifier: BSD-3-Clause */
/* What tells a worker that waits in the kernel that a port has frames: a file descriptor, readable
 * while there are some. A device's receive interrupt, where the driver has them; else the packet
 * socket behind an AF_XDP or AF_PACKET device, which its driver opened and does not show. Other
 * devices (rings, captures, shared memory) have none: they must be looked at. */
#ifndef HPSR_DATAPLANE_WAKER_H
#define HPSR_DATAPLANE_WAKER_H

#include <stdbool.h>
#include <stdint.h>

#define WAKER_SOCKETS_MAX 256

struct waker {
	int fd;         /* not ours; -1: none */
	bool interrupt; /* of the device: to be enabled before each wait */
	bool counter;   /* an eventfd, to be read */
};

/* The packet sockets that this process has open. */
struct waker_mark {
	int fds[WAKER_SOCKETS_MAX];
	unsigned int n;
};

/* Before a device is opened. */
void waker_mark(struct waker_mark *mark);
/* After it was started: its receive interrupt, or the one packet socket opened since MARK. */
void waker_find(struct waker *waker, const struct waker_mark *mark, uint16_t ethdev);

/* The worker begins to wait: frames from now on make the descriptor readable. The caller looks once
 * more at the port behind it. False: the device cannot do it now. */
bool waker_arm(const struct waker *waker, uint16_t ethdev);
/* It waits no longer. */
void waker_disarm(const struct waker *waker, uint16_t ethdev);
/* The descriptor had EVENTS (of poll(2)): take them. */
void waker_clear(const struct waker *waker, short events);

#endif
