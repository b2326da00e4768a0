/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/waker.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_ethdev.h>
#include <rte_log.h>

static bool is_packet_socket(int fd)
{
	socklen_t len = sizeof(int);
	int domain = 0;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
		(domain == AF_XDP || domain == AF_PACKET);
}

void waker_mark(struct waker_mark *mark)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	mark->n = 0;
	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL && mark->n < WAKER_SOCKETS_MAX) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && is_packet_socket(fd))
			mark->fds[mark->n++] = fd;
	}
	closedir(dir);
}

static bool is_marked(const struct waker_mark *mark, int fd)
{
	for (unsigned int i = 0; i < mark->n; i++)
		if (mark->fds[i] == fd)
			return true;
	return false;
}

/* Where there are several, no telling which of them is the receive queue's. */
static int socket_since(const struct waker_mark *mark)
{
	struct waker_mark now;
	int found = -1;

	waker_mark(&now);
	for (unsigned int i = 0; i < now.n; i++) {
		if (is_marked(mark, now.fds[i]))
			continue;
		if (found >= 0)
			return -1;
		found = now.fds[i];
	}
	return found;
}

/* -1: the driver has none. It says so in the log, too, as if that were a fault. */
static int interrupt_fd(uint16_t ethdev)
{
	int level = rte_log_get_level(rte_eth_dev_logtype), fd;

	rte_log_set_level(rte_eth_dev_logtype, RTE_LOG_CRIT);
	fd = rte_eth_dev_rx_intr_ctl_q_get_fd(ethdev, 0);
	rte_log_set_level(rte_eth_dev_logtype, (uint32_t)level);
	return fd;
}

static bool is_eventfd(int fd)
{
	char path[32], target[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	return strcmp(target, "anon_inode:[eventfd]") == 0;
}

void waker_find(struct waker *waker, const struct waker_mark *mark, uint16_t ethdev)
{
	*waker = (struct waker){.fd = interrupt_fd(ethdev)};
	if (waker->fd > 0) {
		waker->interrupt = true;
		waker->counter = is_eventfd(waker->fd);
		return;
	}
	waker->fd = socket_since(mark);
}

bool waker_arm(const struct waker *waker, uint16_t ethdev)
{
	int rc;

	if (!waker->interrupt)
		return waker->fd >= 0;
	rc = rte_eth_dev_rx_intr_enable(ethdev, 0);
	/* A driver without the call has it enabled at all times. */
	return rc == 0 || rc == -ENOTSUP;
}

void waker_disarm(const struct waker *waker, uint16_t ethdev)
{
	if (waker->interrupt)
		rte_eth_dev_rx_intr_disable(ethdev, 0);
}

void waker_clear(const struct waker *waker, short events)
{
	socklen_t len = sizeof(int);
	uint64_t count;
	int error;

	if (waker->counter) {
		while (read(waker->fd, &count, sizeof(count)) < 0 && errno == EINTR)
			;
	} else if (!waker->interrupt && (events & POLLERR) != 0) {
		/* A link that goes leaves an error, which would wake us for ever. */
		getsockopt(waker->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	}
}
