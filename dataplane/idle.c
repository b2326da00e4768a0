/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/idle.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)

int idle_init(struct idle *idle)
{
	idle->asleep = false;
	idle->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return idle->fd < 0 ? -errno : 0;
}

void idle_fini(struct idle *idle)
{
	if (idle->fd >= 0)
		close(idle->fd);
	idle->fd = -1;
}

bool idle_begin(struct idle *idle, struct port *const *ports, unsigned int n)
{
	bool all = true;

	__atomic_store_n(&idle->asleep, true, __ATOMIC_RELAXED);
	rte_smp_mb();
	for (unsigned int i = 0; i < n; i++)
		all &= waker_arm(&ports[i]->waker, ports[i]->ethdev);
	return all;
}

bool idle_wait(struct idle *idle, struct port *const *ports, unsigned int n, uint64_t ns)
{
	struct timespec timeout = {
		.tv_sec = (time_t)(ns / SECOND_NS), .tv_nsec = (long)(ns % SECOND_NS)};
	struct pollfd fds[PORT_MAX + 1];
	bool woken = false;
	uint64_t count;

	fds[0] = (struct pollfd){.fd = idle->fd, .events = POLLIN};
	/* A descriptor below 0 is none to poll(2). */
	for (unsigned int i = 0; i < n; i++)
		fds[i + 1] = (struct pollfd){.fd = ports[i]->waker.fd, .events = POLLIN};
	if (ppoll(fds, n + 1, &timeout, NULL) <= 0)
		return false;
	if (fds[0].revents != 0 && read(idle->fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return false;
	for (unsigned int i = 0; i < n; i++)
		if (fds[i + 1].revents != 0) {
			waker_clear(&ports[i]->waker, fds[i + 1].revents);
			woken = true;
		}
	return woken;
}

void idle_end(struct idle *idle, struct port *const *ports, unsigned int n)
{
	__atomic_store_n(&idle->asleep, false, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < n; i++)
		waker_disarm(&ports[i]->waker, ports[i]->ethdev);
}

void idle_kick(struct idle *idle)
{
	uint64_t one = 1;

	/* It cannot be full, and who is awake has nothing to be told. */
	while (write(idle->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}
