/* SPDX-License-Identifier: BSD-3-Clause */
/* A numbered, evenly paced UDP flow between two hosts of a test, and what became of it. iperf3
 * counts per tenth of a second and loses in its own socket; this counts per millisecond, by the
 * kernel's receive time stamps, with a socket buffer that does not overflow.
 *
 *     udpflow receive PORT [-m SLOT_MS] [-w FIRST_S] [-q QUIET_MS]
 *     udpflow send ADDRESS PORT -r BPS [-s FRAME] [-t SECONDS]
 *
 * Rates and sizes are those of L2 frames without FCS. receive waits FIRST_S for the first packet,
 * ends when the sender says so or after QUIET_MS without a packet, and prints one JSON document:
 * the count, what is missing or out of order, the longest gap, delays, and the bytes of every slot
 * of SLOT_MS since start_ns (CLOCK_REALTIME). Exit 0, 1 failed, 2 bad usage. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAGIC 0x68707372u           /* "hpsr" */
#define FRAME_HEADERS (14 + 20 + 8) /* Ethernet, IPv4, UDP */
#define FRAME_MAX 9014
#define SLOTS_MAX 120000
#define SEQ_MAX (1u << 25)
#define END_COPIES 5
#define NS_PER_S 1000000000ull

struct head {
	uint32_t magic;
	uint32_t end; /* 1: the flow is over, seq is how many were sent */
	uint64_t seq;
	uint64_t sent_ns; /* CLOCK_REALTIME */
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static int fail(const char *what)
{
	fprintf(stderr, "udpflow: %s: %s\n", what, strerror(errno));
	return 1;
}

static int usage(void)
{
	fputs("usage: udpflow receive PORT [-m SLOT_MS] [-w FIRST_S] [-q QUIET_MS]\n"
	      "       udpflow send ADDRESS PORT -r BPS [-s FRAME] [-t SECONDS]\n",
		stderr);
	return 2;
}

static void sleep_until(uint64_t at_ns)
{
	struct timespec t = {(time_t)(at_ns / NS_PER_S), (long)(at_ns % NS_PER_S)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* ENOBUFS and an ICMP error of an earlier packet are the network's answer, not ours. */
static bool passing(int error)
{
	return error == ENOBUFS || error == ECONNREFUSED || error == EHOSTUNREACH ||
		error == ENETUNREACH || error == EMSGSIZE;
}

static int send_flow(
	const char *address, uint16_t port, uint64_t rate_bps, uint32_t frame_bytes, double seconds)
{
	static uint8_t payload[FRAME_MAX];
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	uint64_t count = (uint64_t)(seconds * (double)rate_bps / 8 / frame_bytes);
	size_t len = frame_bytes - FRAME_HEADERS;
	uint64_t start, refused = 0;
	int fd;

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return usage();
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return fail(address);
	start = now_ns(CLOCK_MONOTONIC);
	for (uint64_t seq = 0; seq < count + END_COPIES; seq++) {
		struct head head = {.magic = MAGIC, .seq = seq, .end = seq >= count};
		/* No product of bits and nanoseconds: it would leave 64 bits after minutes. */
		uint64_t at = start +
			(uint64_t)((double)seq * frame_bytes * 8 * NS_PER_S / (double)rate_bps);

		if (head.end) {
			head.seq = count;
			at += (seq - count + 1) * (NS_PER_S / 50);
		}
		if (at > now_ns(CLOCK_MONOTONIC))
			sleep_until(at);
		head.sent_ns = now_ns(CLOCK_REALTIME);
		memcpy(payload, &head, sizeof(head));
		if (send(fd, payload, len, 0) < 0) {
			if (!passing(errno))
				return fail("send");
			refused += !head.end;
		}
	}
	printf("{\"sent\": %" PRIu64 ", \"refused\": %" PRIu64 ", \"seconds\": %.6f}\n", count,
		refused, (double)(now_ns(CLOCK_MONOTONIC) - start) / NS_PER_S);
	close(fd);
	return 0;
}

struct flow {
	uint64_t received, duplicates, reordered, bytes;
	uint64_t highest;  /* seq + 1 */
	uint64_t declared; /* by the sender's last word; 0: not heard */
	uint64_t first_ns, last_ns, gap_ns, gap_at_ns;
	uint64_t delay_min_ns, delay_max_ns, delay_sum_ns;
	uint64_t slot_ns;
	uint64_t *slots;
	size_t n_slots;
	uint8_t *seen; /* one bit a sequence number */
};

static void flow_add(struct flow *flow, const struct head *head, size_t payload, uint64_t at_ns)
{
	uint64_t frame = payload + FRAME_HEADERS, delay, slot;

	if (head->seq >= SEQ_MAX)
		return;
	if (flow->seen[head->seq / 8] & (1u << head->seq % 8)) {
		flow->duplicates++;
		return;
	}
	flow->seen[head->seq / 8] |= (uint8_t)(1u << head->seq % 8);
	if (flow->received == 0)
		flow->first_ns = flow->last_ns = at_ns;
	if (at_ns > flow->last_ns && at_ns - flow->last_ns > flow->gap_ns) {
		flow->gap_ns = at_ns - flow->last_ns;
		flow->gap_at_ns = flow->last_ns;
	}
	flow->last_ns = at_ns;
	flow->received++;
	flow->bytes += frame;
	if (head->seq + 1 < flow->highest)
		flow->reordered++;
	else
		flow->highest = head->seq + 1;
	delay = at_ns > head->sent_ns ? at_ns - head->sent_ns : 0;
	flow->delay_sum_ns += delay;
	if (delay > flow->delay_max_ns)
		flow->delay_max_ns = delay;
	if (delay < flow->delay_min_ns)
		flow->delay_min_ns = delay;
	slot = at_ns > flow->first_ns ? (at_ns - flow->first_ns) / flow->slot_ns : 0;
	if (slot < SLOTS_MAX) {
		flow->slots[slot] += frame;
		if (slot + 1 > flow->n_slots)
			flow->n_slots = slot + 1;
	}
}

static void flow_print(const struct flow *flow)
{
	uint64_t sent = flow->declared ? flow->declared : flow->highest;

	printf("{\"sent\": %" PRIu64 ", \"ended\": %s, \"received\": %" PRIu64
	       ", \"lost\": %" PRIu64 ", \"duplicates\": %" PRIu64 ", \"reordered\": %" PRIu64
	       ", \"bytes\": %" PRIu64,
		sent, flow->declared ? "true" : "false", flow->received, sent - flow->received,
		flow->duplicates, flow->reordered, flow->bytes);
	printf(", \"start_ns\": %" PRIu64 ", \"end_ns\": %" PRIu64 ", \"gap_us\": %" PRIu64
	       ", \"gap_at_ns\": %" PRIu64 ", \"delay_us\": {\"min\": %" PRIu64
	       ", \"mean\": %" PRIu64 ", \"max\": %" PRIu64 "}, \"slot_ms\": %" PRIu64
	       ", \"slots\": [",
		flow->first_ns, flow->last_ns, flow->gap_ns / 1000, flow->gap_at_ns,
		flow->received ? flow->delay_min_ns / 1000 : 0,
		flow->received ? flow->delay_sum_ns / flow->received / 1000 : 0,
		flow->delay_max_ns / 1000, flow->slot_ns / 1000000);
	for (size_t i = 0; i < flow->n_slots; i++)
		printf("%s%" PRIu64, i ? "," : "", flow->slots[i]);
	printf("]}\n");
}

/* One packet; 1: the sender has finished, 0: go on, -1: errno. */
static int receive_one(int fd, struct flow *flow)
{
	uint8_t payload[FRAME_MAX], control[CMSG_SPACE(sizeof(struct timespec))];
	struct iovec iov = {payload, sizeof(payload)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	ssize_t len = recvmsg(fd, &msg, 0);
	uint64_t at_ns = 0;
	struct head head;

	if (len < 0)
		return -1;
	if ((size_t)len < sizeof(head))
		return 0;
	memcpy(&head, payload, sizeof(head));
	if (head.magic != MAGIC)
		return 0;
	if (head.end) {
		flow->declared = head.seq;
		return 1;
	}
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec t;

			memcpy(&t, CMSG_DATA(c), sizeof(t));
			at_ns = (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
		}
	}
	flow_add(flow, &head, (size_t)len, at_ns ? at_ns : now_ns(CLOCK_REALTIME));
	return 0;
}

static int receive_flow(uint16_t port, uint64_t slot_ms, int first_s, int quiet_ms)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct flow flow = {.slot_ns = slot_ms * 1000000, .delay_min_ns = UINT64_MAX};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int buffer = 64 << 20, one = 1, rc = 0;

	flow.slots = calloc(SLOTS_MAX, sizeof(*flow.slots));
	flow.seen = calloc(SEQ_MAX / 8, 1);
	if (!flow.slots || !flow.seen)
		return fail("memory");
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		return fail("port");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) < 0)
		return fail("socket options");
	while (rc == 0) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int ready = poll(&p, 1, flow.received ? quiet_ms : first_s * 1000);

		if (ready == 0)
			break;
		rc = ready < 0 ? -1 : receive_one(fd, &flow);
		if (rc < 0 && errno == EINTR)
			rc = 0;
	}
	if (rc < 0)
		return fail("receive");
	flow_print(&flow);
	close(fd);
	free(flow.slots);
	free(flow.seen);
	return 0;
}

/* A number in LOW..HIGH, or exit 2. */
static double number(const char *text, double low, double high)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= low && value <= high)) {
		fprintf(stderr, "udpflow: '%s' is not a number from %g to %g\n", text, low, high);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	double rate_bps = 0, frame_bytes = 1514, seconds = 5, slot_ms = 1, first_s = 20;
	double quiet_ms = 2000;
	int c;

	while ((c = getopt(argc, argv, "m:w:q:r:s:t:")) != -1) {
		if (c == 'm')
			slot_ms = number(optarg, 1, 10000);
		else if (c == 'w')
			first_s = number(optarg, 1, 3600);
		else if (c == 'q')
			quiet_ms = number(optarg, 10, 60000);
		else if (c == 'r')
			rate_bps = number(optarg, 1000, 1e11);
		else if (c == 's')
			frame_bytes =
				number(optarg, FRAME_HEADERS + sizeof(struct head), FRAME_MAX);
		else if (c == 't')
			seconds = number(optarg, 0.001, 3600);
		else
			return usage();
	}
	argc -= optind;
	argv += optind;
	if (argc == 2 && strcmp(argv[0], "receive") == 0)
		return receive_flow((uint16_t)number(argv[1], 1, 65535), (uint64_t)slot_ms,
			(int)first_s, (int)quiet_ms);
	if (argc == 3 && strcmp(argv[0], "send") == 0 && rate_bps > 0)
		return send_flow(argv[1], (uint16_t)number(argv[2], 1, 65535), (uint64_t)rate_bps,
			(uint32_t)frame_bytes, seconds);
	return usage();
}
