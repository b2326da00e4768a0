/* SPDX-License-Identifier: BSD-3-Clause */
/* How long the first packets take through a router that had nothing to do, and those behind them.
 *
 *     firstpacket FROM_NETNS TO_NETNS ADDRESS PORT [-n ROUNDS] [-b PACKETS] [-g GAP_US] [-i
 * IDLE_MS]
 *
 * Each round is quiet for IDLE_MS (1000), then sends PACKETS (4) UDP packets GAP_US (50) apart, and
 * waits for them. Prints one JSON document: for each packet of a round its delays in nanoseconds,
 * from before the sender's system call to the kernel's time stamp at the receiver (-1: lost), and
 * their median. Exit 0, 1 failed, 2 bad usage. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MAX 1000
#define PACKETS_MAX 64
#define LOST_MS 200
#define WARM_PACKETS 16
#define DISCARD_PORT 9
#define NS_PER_S INT64_C(1000000000)

struct options {
	const char *from, *to;
	struct sockaddr_in address;
	unsigned int rounds, packets, gap_us, idle_ms;
};

static int64_t delays[PACKETS_MAX][ROUNDS_MAX];

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int fail(const char *what)
{
	fprintf(stderr, "firstpacket: %s: %s\n", what, strerror(errno));
	return -1;
}

/* A UDP socket in the named network namespace, where the thread then is, too. */
static int socket_in(const char *netns)
{
	char path[256];
	int ns, fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return fail(path);
	if (setns(ns, CLONE_NEWNET) < 0) {
		close(ns);
		return fail(path);
	}
	close(ns);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd < 0 ? fail("socket") : fd;
}

static int parse_number(const char *text, unsigned int least, unsigned int most, unsigned int *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || n < least || n > most)
		return -1;
	*out = (unsigned int)n;
	return 0;
}

static int parse(int argc, char **argv, struct options *o)
{
	unsigned int port;
	int c, rc = 0;

	*o = (struct options){.rounds = 5, .packets = 4, .gap_us = 50, .idle_ms = 1000};
	while (rc == 0 && (c = getopt(argc, argv, "n:b:g:i:")) != -1) {
		if (c == 'n')
			rc = parse_number(optarg, 1, ROUNDS_MAX, &o->rounds);
		else if (c == 'b')
			rc = parse_number(optarg, 1, PACKETS_MAX, &o->packets);
		else if (c == 'g')
			rc = parse_number(optarg, 1, 1000000, &o->gap_us);
		else if (c == 'i')
			rc = parse_number(optarg, 0, 100000, &o->idle_ms);
		else
			rc = -1;
	}
	if (rc < 0 || argc - optind != 4 || parse_number(argv[optind + 3], 1, 65535, &port) < 0 ||
		inet_pton(AF_INET, argv[optind + 2], &o->address.sin_addr) != 1)
		return -1;
	o->from = argv[optind];
	o->to = argv[optind + 1];
	o->address.sin_family = AF_INET;
	o->address.sin_port = htons((uint16_t)port);
	return 0;
}

/* The kernel's time of a packet's arrival; *index is what it carries. -1: none came. */
static int64_t receive(int fd, uint32_t index[2])
{
	struct iovec iov = {.iov_base = index, .iov_len = 2 * sizeof(*index)};
	char control[CMSG_SPACE(sizeof(struct timespec))];
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};

	if (poll(&pollfd, 1, LOST_MS) <= 0 || recvmsg(fd, &msg, 0) != (ssize_t)iov.iov_len)
		return -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		struct timespec t;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&t, CMSG_DATA(c), sizeof(t));
		return t.tv_sec * NS_PER_S + t.tv_nsec;
	}
	return -1;
}

static int run_round(const struct options *o, unsigned int round, int from, int to)
{
	struct timespec idle = {
		.tv_sec = o->idle_ms / 1000, .tv_nsec = (long)(o->idle_ms % 1000) * 1000000};
	struct sockaddr_in warm = {.sin_family = AF_INET,
		.sin_port = htons(DISCARD_PORT),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	int64_t sent[PACKETS_MAX], first;

	nanosleep(&idle, NULL);
	/* This process has slept, too; what that costs is not the router's. */
	for (unsigned int i = 0; i < WARM_PACKETS; i++)
		if (sendto(from, &round, sizeof(round), 0, (const struct sockaddr *)&warm,
			    sizeof(warm)) < 0 &&
			errno != ECONNREFUSED)
			return fail("send to itself");
	first = now_ns();
	for (uint32_t i = 0; i < o->packets; i++) {
		uint32_t index[2] = {round, i};

		while (now_ns() < first + (int64_t)i * o->gap_us * 1000)
			;
		sent[i] = now_ns();
		if (sendto(from, index, sizeof(index), 0, (const struct sockaddr *)&o->address,
			    sizeof(o->address)) < 0)
			return fail("send");
		delays[i][round] = -1;
	}
	for (unsigned int left = o->packets; left > 0;) {
		uint32_t index[2];
		int64_t at = receive(to, index);

		if (at < 0)
			break;
		if (index[0] != round || index[1] >= o->packets)
			continue; /* late, of an earlier round */
		delays[index[1]][round] = at - sent[index[1]];
		left--;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	/* Lost is longest. */
	uint64_t left = (uint64_t) * (const int64_t *)a, right = (uint64_t) * (const int64_t *)b;

	return left < right ? -1 : left > right;
}

static void print(const struct options *o)
{
	printf("{\"packets\": [");
	for (unsigned int i = 0; i < o->packets; i++) {
		printf("%s\n  {\"sent_after_us\": %u, \"delays_ns\": [", i > 0 ? "," : "",
			i * o->gap_us);
		for (unsigned int r = 0; r < o->rounds; r++)
			printf("%s%" PRId64, r > 0 ? ", " : "", delays[i][r]);
		qsort(delays[i], o->rounds, sizeof(delays[i][0]), compare);
		printf("], \"median_ns\": %" PRId64 "}", delays[i][o->rounds / 2]);
	}
	printf("]}\n");
}

int main(int argc, char **argv)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	struct options o;
	int from, to, one = 1;

	if (parse(argc, argv, &o) < 0) {
		fputs("usage: firstpacket FROM_NETNS TO_NETNS ADDRESS PORT [-n ROUNDS] "
		      "[-b PACKETS] [-g GAP_US] [-i IDLE_MS]\n",
			stderr);
		return 2;
	}
	from = socket_in(o.from);
	to = socket_in(o.to);
	if (from < 0 || to < 0)
		return 1;
	any.sin_port = o.address.sin_port;
	if (setsockopt(to, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) < 0 ||
		bind(to, (const struct sockaddr *)&any, sizeof(any)) < 0)
		return -fail("receiver");
	for (unsigned int r = 0; r < o.rounds; r++)
		if (run_round(&o, r, from, to) < 0)
			return 1;
	print(&o);
	return 0;
}
