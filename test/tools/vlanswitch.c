/* SPDX-License-Identifier: BSD-3-Clause */
/* A switch's trunk port for kernels without 8021q devices: frames of each VLAN on IFACE go to and
 * come from a TAP of their own in another network namespace, untagged there. So a kernel host
 * stands in each access network of a VPXI.
 *
 *     vlanswitch IFACE VLAN:NETNS:TAP...
 *
 * Makes the TAPs (without address, down), prints "ready" and runs until it is killed, which removes
 * them. NETNS is a name under /run/netns, or a path. Exit 1 failed, 2 bad usage. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOSTS_MAX 64
#define FRAME_MAX 9100
#define TAG_LEN 4

struct host {
	unsigned int vlan;
	int tap;
};

static struct host hosts[HOSTS_MAX];
static unsigned int n_hosts;

static void fail(const char *what)
{
	fprintf(stderr, "vlanswitch: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int usage(void)
{
	fputs("usage: vlanswitch IFACE VLAN:NETNS:TAP...\n", stderr);
	return 2;
}

static void enter(int netns, const char *what)
{
	if (netns < 0 || setns(netns, CLONE_NEWNET) < 0)
		fail(what);
	close(netns);
}

static int open_tap(const char *netns, const char *name)
{
	struct ifreq req = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), tap;
	char path[256];

	snprintf(path, sizeof(path), "%s%s", strchr(netns, '/') ? "" : "/run/netns/", netns);
	enter(open(path, O_RDONLY | O_CLOEXEC), path);
	tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	if (tap < 0 || ioctl(tap, TUNSETIFF, &req) < 0)
		fail(name);
	enter(home, "home");
	return tap;
}

static int open_trunk(const char *name)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int trunk = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

	address.sll_ifindex = (int)if_nametoindex(name);
	if (trunk < 0 || address.sll_ifindex == 0 ||
		setsockopt(trunk, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) < 0 ||
		setsockopt(trunk, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0 ||
		bind(trunk, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail(name);
	return trunk;
}

/* The kernel has taken the tag off, and says it beside the frame. 0: there was none. */
static unsigned int vlan_of(struct msghdr *message)
{
	struct tpacket_auxdata aux;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (aux.tp_status & TP_STATUS_VLAN_VALID)
			return aux.tp_vlan_tci & 0xfffu;
	}
	return 0;
}

static void from_trunk(int trunk)
{
	for (;;) {
		_Alignas(struct cmsghdr) char control[256];
		uint8_t frame[FRAME_MAX];
		struct iovec part = {frame, sizeof(frame)};
		struct msghdr message = {.msg_iov = &part,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control)};
		ssize_t len = recvmsg(trunk, &message, 0);
		unsigned int vlan;

		if (len < 0)
			return;
		vlan = vlan_of(&message);
		for (unsigned int i = 0; vlan && i < n_hosts; i++) {
			/* A TAP that is down, or full, loses it: so does a wire. */
			if (hosts[i].vlan == vlan && write(hosts[i].tap, frame, (size_t)len) < 0)
				continue;
		}
	}
}

static void from_host(int trunk, const struct host *host)
{
	uint8_t frame[FRAME_MAX + TAG_LEN];
	uint16_t tag[2] = {htons(ETH_P_8021Q), htons((uint16_t)host->vlan)};
	ssize_t len;

	while ((len = read(host->tap, frame + TAG_LEN, FRAME_MAX)) >= 2 * ETH_ALEN) {
		memmove(frame, frame + TAG_LEN, 2 * ETH_ALEN);
		memcpy(frame + 2 * ETH_ALEN, tag, sizeof(tag));
		if (send(trunk, frame, (size_t)len + TAG_LEN, 0) < 0)
			return;
	}
}

int main(int argc, char **argv)
{
	struct pollfd polls[HOSTS_MAX + 1];
	int trunk;

	if (argc < 3 || argc - 2 > HOSTS_MAX)
		return usage();
	for (int i = 2; i < argc; i++) {
		char netns[200], tap[IFNAMSIZ];
		unsigned int vlan;

		if (sscanf(argv[i], "%u:%199[^:]:%15s", &vlan, netns, tap) != 3 || vlan < 1 ||
			vlan > 4094)
			return usage();
		hosts[n_hosts++] = (struct host){vlan, open_tap(netns, tap)};
	}
	trunk = open_trunk(argv[1]);
	puts("ready");
	fflush(stdout);
	polls[0] = (struct pollfd){trunk, POLLIN, 0};
	for (unsigned int i = 0; i < n_hosts; i++)
		polls[i + 1] = (struct pollfd){hosts[i].tap, POLLIN, 0};
	for (;;) {
		if (poll(polls, n_hosts + 1, -1) < 0 && errno != EINTR)
			fail("poll");
		from_trunk(trunk);
		for (unsigned int i = 0; i < n_hosts; i++)
			from_host(trunk, &hosts[i]);
	}
}
