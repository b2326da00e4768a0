/* SPDX-License-Identifier: BSD-3-Clause */
/* The hosts of bench/hosts.py under load: one thread sends from all of them, so that no scheduler
 * stands between a victim's packets and a flood. Flow N goes from host PREFIX-Na, 10.N.1.2, through
 * a router to host PREFIX-Nb, 10.N.2.2, over UDP. Flow 1 may be a victim: paced, numbered and
 * stamped; latency is from just before its sending to the kernel's stamp at the receiving device.
 * The others are flooded, in turn, as fast as the thread can.
 *
 * Prints one JSON document. Exit: 0 done, 1 failed, 2 bad usage. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FLOWS_MAX 64u
#define BATCH 32u
#define HEADERS (14 + 20 + 8)
#define FRAME_MIN (HEADERS + sizeof(struct mark))
#define FRAME_MAX 1514u
#define MAGIC 0x6c6f6164u /* "load" */
#define PORT 5001
#define SAMPLES_MAX (1u << 24)
#define NS_PER_S 1000000000ull
#define REST_NS (NS_PER_S / 5) /* nothing is in flight after it */

struct mark {
	uint32_t magic, seq;
	uint64_t sent_ns; /* CLOCK_REALTIME */
} __attribute__((packed));

struct flow {
	int send_fd, receive_fd, dev_fd; /* the last: its namespace's /proc/net/dev */
	uint8_t frame[FRAME_MAX];
	struct iovec iov;
	struct mmsghdr batch[BATCH];
	uint64_t sent, refused, got_before, got;
};

static struct {
	struct flow flows[FLOWS_MAX];
	unsigned int n;
	uint32_t frame_bytes;
	uint32_t first_seq, end_seq; /* of the victim, counted */
	uint64_t lost, latency_sum_ns;
	uint32_t *latency_ns;
	size_t n_latency;
} load;

static void fail(const char *what)
{
	fprintf(stderr, "hostload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* ---- hosts ---- */

static void enter(const char *prefix, unsigned int number, char side)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/var/run/netns/%s-%u%c", prefix, number, side);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		fail(path);
	close(fd);
}

/* Of the host's router, which it has asked for before. */
static void router_mac(unsigned int number, uint8_t *mac)
{
	char line[256], address[64], text[32], wanted[32];
	unsigned int b[6];
	FILE *f = fopen("/proc/thread-self/net/arp", "re");

	if (f == NULL)
		fail("arp");
	snprintf(wanted, sizeof(wanted), "10.%u.1.1", number);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%63s %*s %*s %31s", address, text) == 2 &&
			strcmp(address, wanted) == 0 &&
			sscanf(text, "%x:%x:%x:%x:%x:%x", &b[0], &b[1], &b[2], &b[3], &b[4],
				&b[5]) == 6 &&
			(b[0] | b[1] | b[2] | b[3] | b[4] | b[5]) != 0) {
			for (unsigned int i = 0; i < 6; i++)
				mac[i] = (uint8_t)b[i];
			fclose(f);
			return;
		}
	fclose(f);
	fprintf(stderr, "hostload: host %ua does not know its router's MAC\n", number);
	exit(1);
}

static uint16_t checksum(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	sum = (sum & 0xffffu) + (sum >> 16);
	sum = (sum & 0xffffu) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void frame_make(struct flow *flow, unsigned int number, const uint8_t *source)
{
	struct iphdr ip = {.version = 4,
		.ihl = 5,
		.tot_len = htons((uint16_t)(load.frame_bytes - 14)),
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.saddr = htonl(0x0a000102u | number << 16),
		.daddr = htonl(0x0a000202u | number << 16)};
	struct udphdr udp = {.source = htons(6000),
		.dest = htons(PORT),
		.len = htons((uint16_t)(load.frame_bytes - 34))};
	uint16_t type = htons(ETH_P_IP);

	ip.check = checksum(&ip, sizeof(ip));
	router_mac(number, flow->frame);
	memcpy(flow->frame + 6, source, 6);
	memcpy(flow->frame + 12, &type, sizeof(type));
	memcpy(flow->frame + 14, &ip, sizeof(ip));
	memcpy(flow->frame + 34, &udp, sizeof(udp));
	flow->iov = (struct iovec){flow->frame, load.frame_bytes};
	for (unsigned int i = 0; i < BATCH; i++)
		flow->batch[i].msg_hdr = (struct msghdr){.msg_iov = &flow->iov, .msg_iovlen = 1};
}

static void open_sender(struct flow *flow, unsigned int number)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex("eth0")};
	socklen_t len = sizeof(at);
	int one = 1, buffer = 32 << 20;

	/* Of no protocol: it receives nothing. Frames that wait in the router's queue are still the
	 * socket's: a small buffer would slow the flood to the router's pace. */
	flow->send_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (flow->send_fd < 0 || bind(flow->send_fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
		setsockopt(flow->send_fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) < 0 ||
		setsockopt(flow->send_fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer)) <
			0 ||
		getsockname(flow->send_fd, (struct sockaddr *)&at, &len) < 0)
		fail("sending host");
	frame_make(flow, number, at.sll_addr);
}

/* A flooded host's socket is small and never read: what comes is dropped there, cheaply. */
static void open_receiver(struct flow *flow, bool victim)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int one = 1, buffer = victim ? 32 << 20 : 1;

	flow->dev_fd = open("/proc/thread-self/net/dev", O_RDONLY | O_CLOEXEC);
	flow->receive_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (flow->dev_fd < 0 || flow->receive_fd < 0 ||
		bind(flow->receive_fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
		setsockopt(flow->receive_fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) <
			0 ||
		setsockopt(flow->receive_fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) < 0)
		fail("receiving host");
}

/* Packets that the receiving host's device has got. */
static uint64_t device_got(const struct flow *flow)
{
	char text[8192], *line;
	ssize_t len = pread(flow->dev_fd, text, sizeof(text) - 1, 0);
	uint64_t packets;

	if (len < 0)
		fail("counters");
	text[len] = '\0';
	line = strstr(text, "eth0:");
	if (line == NULL || sscanf(line, "eth0: %*u %" SCNu64, &packets) != 1) {
		errno = ENODEV;
		fail("counters");
	}
	return packets;
}

/* ---- traffic ---- */

static void count(struct flow *flow, int n, unsigned int wanted)
{
	flow->sent += n > 0 ? (unsigned int)n : 0;
	if (n >= 0 && (unsigned int)n == wanted)
		return;
	if (n < 0 && errno != ENOBUFS && errno != EAGAIN && errno != ENETDOWN)
		fail("send");
	flow->refused++;
}

static void victim_send(struct flow *flow, uint32_t seq)
{
	struct mark mark = {MAGIC, seq, now_ns(CLOCK_REALTIME)};
	ssize_t rc;

	memcpy(flow->frame + HEADERS, &mark, sizeof(mark));
	rc = send(flow->send_fd, flow->frame, load.frame_bytes, 0);
	count(flow, rc < 0 ? -1 : 1, 1);
}

static uint64_t stamp_of(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec t;

			memcpy(&t, CMSG_DATA(c), sizeof(t));
			return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
		}
	}
	return now_ns(CLOCK_REALTIME);
}

static void victim_receive(struct flow *flow)
{
	for (;;) {
		uint8_t control[CMSG_SPACE(sizeof(struct timespec))], payload[FRAME_MAX];
		struct iovec iov = {payload, sizeof(payload)};
		struct msghdr msg = {.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control)};
		ssize_t len = recvmsg(flow->receive_fd, &msg, 0);
		uint64_t at, latency;
		struct mark mark;

		if (len < 0) {
			if (errno != EAGAIN && errno != EINTR)
				fail("receive");
			return;
		}
		if ((size_t)len < sizeof(mark))
			continue;
		memcpy(&mark, payload, sizeof(mark));
		if (mark.magic != MAGIC || mark.seq < load.first_seq ||
			load.n_latency == SAMPLES_MAX)
			continue;
		at = stamp_of(&msg);
		latency = at > mark.sent_ns ? at - mark.sent_ns : 0;
		load.latency_sum_ns += latency;
		load.latency_ns[load.n_latency++] =
			latency > UINT32_MAX ? UINT32_MAX : (uint32_t)latency;
	}
}

/* For NS: the victim at VICTIM_PPS, the flows from FIRST flooded. */
static void traffic(uint64_t ns, double victim_pps, unsigned int first, uint32_t *seq)
{
	uint64_t start = now_ns(CLOCK_MONOTONIC), now = start, paced = 0;
	unsigned int next = first;

	while (now - start < ns) {
		struct flow *flow = &load.flows[next];

		while (victim_pps > 0 &&
			(double)paced * (double)NS_PER_S <= (double)(now - start) * victim_pps) {
			victim_send(&load.flows[0], (*seq)++);
			paced++;
		}
		if (victim_pps > 0)
			victim_receive(&load.flows[0]);
		if (first < load.n) {
			count(flow, sendmmsg(flow->send_fd, flow->batch, BATCH, 0), BATCH);
			next = next + 1 < load.n ? next + 1 : first;
		}
		now = now_ns(CLOCK_MONOTONIC);
	}
}

static void rest(bool victim)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + REST_NS;

	while (now_ns(CLOCK_MONOTONIC) < end) {
		usleep(1000);
		if (victim)
			victim_receive(&load.flows[0]);
	}
}

/* ---- the report ---- */

static int order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double quantile_us(double q)
{
	size_t at = (size_t)(q * (double)load.n_latency);

	if (load.n_latency == 0)
		return 0;
	return load.latency_ns[at < load.n_latency ? at : load.n_latency - 1] / 1e3;
}

static void print_report(double seconds, bool victim)
{
	printf("{\"seconds\": %.6f, \"flows\": [", seconds);
	for (unsigned int i = victim; i < load.n; i++)
		printf("%s{\"flow\": %u, \"sent\": %" PRIu64 ", \"refused\": %" PRIu64
		       ", \"received\": %" PRIu64 "}",
			i > victim ? ", " : "", i + 1, load.flows[i].sent, load.flows[i].refused,
			load.flows[i].got - load.flows[i].got_before);
	printf("]");
	if (victim) {
		uint64_t sent = load.end_seq - load.first_seq;

		qsort(load.latency_ns, load.n_latency, sizeof(*load.latency_ns), order);
		printf(", \"victim\": {\"sent\": %" PRIu64 ", \"received\": %zu, \"latency_us\": "
		       "{\"mean\": %.2f, \"p50\": %.2f, \"p99\": %.2f, \"p999\": %.2f, \"max\": "
		       "%.2f}}",
			sent, load.n_latency,
			load.n_latency ? (double)load.latency_sum_ns / (double)load.n_latency / 1e3
				       : 0,
			quantile_us(0.5), quantile_us(0.99), quantile_us(0.999), quantile_us(1));
	}
	printf("}\n");
}

static int usage(void)
{
	fprintf(stderr,
		"Usage: hostload [-n FLOWS] [-f FIRST] [-v PPS] [-s BYTES] [-w SECONDS] "
		"[-t SECONDS] PREFIX\n\n"
		"  -n  flows, 1 to %u (1)\n  -f  the first that is flooded; beyond -n: none (1, or "
		"2 "
		"with -v)\n  -v  flow 1 is a victim with so many packets a second\n  -s  frames "
		"without FCS, %zu to %u (60)\n  -w  before what is counted (0.2)\n  -t  counted "
		"(1)\n",
		FLOWS_MAX, FRAME_MIN, FRAME_MAX);
	return 2;
}

/* A number in LOW..HIGH, or bad usage. */
static double number(const char *text, double low, double high)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= low && value <= high))
		exit(usage());
	return value;
}

int main(int argc, char **argv)
{
	double victim_pps = 0, warm_up = 0.2, seconds = 1;
	unsigned int first = 0;
	uint64_t start, end;
	uint32_t seq = 0;
	int c;

	load.n = 1;
	load.frame_bytes = 60;
	while ((c = getopt(argc, argv, "n:f:v:s:w:t:")) != -1) {
		if (c == 'n')
			load.n = (unsigned int)number(optarg, 1, FLOWS_MAX);
		else if (c == 'f')
			first = (unsigned int)number(optarg, 1, FLOWS_MAX + 1);
		else if (c == 'v')
			victim_pps = number(optarg, 1, 1e7);
		else if (c == 's')
			load.frame_bytes = (uint32_t)number(optarg, FRAME_MIN, FRAME_MAX);
		else if (c == 'w')
			warm_up = number(optarg, 0, 600);
		else if (c == 't')
			seconds = number(optarg, 0.001, 600);
		else
			return usage();
	}
	if (optind + 1 != argc)
		return usage();
	first = first ? first - 1 : victim_pps > 0;
	if (victim_pps > 0 && first == 0)
		return usage(); /* a victim is not flooded, too */
	for (unsigned int i = 0; i < load.n; i++) {
		enter(argv[optind], i + 1, 'b');
		open_receiver(&load.flows[i], i == 0 && victim_pps > 0);
		enter(argv[optind], i + 1, 'a');
		open_sender(&load.flows[i], i + 1);
	}
	load.latency_ns = malloc(SAMPLES_MAX * sizeof(*load.latency_ns));
	if (load.latency_ns == NULL)
		fail("memory");
	load.first_seq = UINT32_MAX;
	traffic((uint64_t)(warm_up * NS_PER_S), victim_pps, first, &seq);
	for (unsigned int i = 0; i < load.n; i++) {
		load.flows[i].sent = load.flows[i].refused = 0;
		load.flows[i].got_before = device_got(&load.flows[i]);
	}
	load.first_seq = seq;
	start = now_ns(CLOCK_MONOTONIC);
	traffic((uint64_t)(seconds * NS_PER_S), victim_pps, first, &seq);
	end = now_ns(CLOCK_MONOTONIC);
	load.end_seq = seq;
	rest(victim_pps > 0);
	for (unsigned int i = 0; i < load.n; i++)
		load.flows[i].got = device_got(&load.flows[i]);
	print_report((double)(end - start) / NS_PER_S, victim_pps > 0);
	free(load.latency_ns);
	return 0;
}
