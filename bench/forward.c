/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs the dataplane in this process over capture-file ports and prints, as one JSON document on
 * stdout, what it did in each of a number of windows. Exit: 0 done, 1 failed, or something that
 * came in was not forwarded, 2 bad usage. */
#include <dirent.h>
#include <getopt.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/site.h"
#include "lib/log.h"
#include "lib/rate.h"

#define NS_PER_S UINT64_C(1000000000)
#define DEVICE_LEN 512
#define WINDOWS_MAX 1000
#define INLINE_STEP_TSC 2000 /* of the clock that --inline drives */

struct options {
	struct site site;
	char devices[SITE_PORTS_MAX][DEVICE_LEN];
	uint64_t inline_packets;
	double seconds, warm_up;
	unsigned int windows, bufs;
	int hugepages;
};

static volatile sig_atomic_t stopped;

static void on_signal(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

static void usage(FILE *to)
{
	fputs("Usage: forward --pcap FILE [--pcap FILE] [OPTION]...\n"
	      "\n"
	      "  --pcap FILE        a port that receives this file's frames for ever; up to two\n"
	      "  --vrs N            virtual routers (1)\n"
	      "  --routes N         routes of each (1000)\n"
	      "  --untagged         one virtual router on the ports themselves, without VLANs\n"
	      "  --ip6              IPv6 instead of IPv4\n"
	      "  --in KIND          vlan, qinq, vxlan, gre or ipip: interfaces that receive "
	      "(vlan)\n"
	      "  --out KIND         likewise, those that send\n"
	      "  --underlay6        tunnels over IPv6 instead of IPv4\n"
	      "  --shape RATE       every link is shaped, at vif-in by tbf: such as 400Gbps\n"
	      "  --shape-at PLACE   ingress, vif-in, vif-out or port\n"
	      "  --shape-by WHICH   tbf or psp\n"
	      "  --filter N         N rules on each interface that receives, none of which "
	      "matches\n"
	      "  --policies N       N policies, of which the last takes every packet\n"
	      "  --rpf              sources are checked, strictly\n"
	      "  --seconds S        length of a window (1); 0: no traffic at all\n"
	      "  --windows N        windows, one after the other (1)\n"
	      "  --warm-up S        before the first (0.5)\n"
	      "  --bufs N           packet buffers (32768)\n"
	      "  --sharing MODE     on, or off: packets are forwarded as they come (on)\n"
	      "  --hugepages MODE   yes, no or auto (auto)\n"
	      "  --inline N         no worker thread: N packets in the main thread, with a clock\n"
	      "                     of its own, so that each run does the same\n",
		to);
}

static bool parse_uint(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*out = strtoull(text, &end, 10);
	return *end == '\0' && *out >= min && *out <= max;
}

static bool parse_seconds(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end != text && *end == '\0' && *out >= 0 && *out <= 3600;
}

static bool parse_hugepages(const char *text, int *out)
{
	static const char *const modes[] = {"auto", "no", "yes"};

	for (int i = 0; i < 3; i++)
		if (strcmp(text, modes[i]) == 0) {
			*out = i - 1;
			return true;
		}
	return false;
}

static bool add_pcap(struct options *o, const char *file)
{
	struct site *site = &o->site;
	char *device = o->devices[site->n_ports];

	if (site->n_ports == SITE_PORTS_MAX || strpbrk(file, ",[]") != NULL ||
		strlen(file) > DEVICE_LEN - 64)
		return false;
	snprintf(device, DEVICE_LEN, "net_pcap%u,rx_pcap=%s,infinite_rx=1", site->n_ports, file);
	site->devices[site->n_ports++] = device;
	return true;
}

/* Which of N it is; N: none. */
static uint64_t name_in(const char *text, const char *const *names, uint64_t n)
{
	uint64_t i = 0;

	while (i < n && strcmp(text, names[i]) != 0)
		i++;
	return i;
}

static bool parse_option(struct options *o, int option, const char *arg)
{
	uint64_t n = 0;
	bool ok;

	switch (option) {
	case 'p':
		return add_pcap(o, arg);
	case 'v':
		ok = parse_uint(arg, 0, SITE_VRS_MAX, &n);
		o->site.n_vrs = (unsigned int)n;
		return ok;
	case 'r':
		ok = parse_uint(arg, 0, 65536, &n);
		o->site.n_routes = (unsigned int)n;
		return ok;
	case 'u':
		o->site.untagged = true;
		return true;
	case '6':
		o->site.ip6 = true;
		return true;
	case 'I':
	case 'O':
		n = name_in(arg, (const char *const[]){"vlan", "qinq", "vxlan", "gre", "ipip"}, 5);
		*(option == 'I' ? &o->site.in : &o->site.out) = (enum site_attach)n;
		return n < 5;
	case 'U':
		o->site.underlay6 = true;
		return true;
	case 's':
		return rate_parse(arg, &o->site.shape_bps) == 0 && o->site.shape_bps > 0;
	case 'A':
		n = name_in(arg, (const char *const[]){"ingress", "vif-in", "vif-out", "port"}, 4);
		o->site.shape_at = (enum dp_place)(DP_AT_INGRESS + n);
		return n < 4;
	case 'B':
		n = name_in(arg, (const char *const[]){"tbf", "psp"}, 2);
		o->site.shape_by = (enum dp_shaper)n;
		return n < 2;
	case 'f':
		ok = parse_uint(arg, 1, DP_RULES_MAX, &n);
		o->site.n_rules = (unsigned int)n;
		return ok;
	case 'P':
		ok = parse_uint(arg, 1, DP_RULES_MAX, &n);
		o->site.n_policies = (unsigned int)n;
		return ok;
	case 'R':
		o->site.rpf = true;
		return true;
	case 't':
		return parse_seconds(arg, &o->seconds);
	case 'w':
		ok = parse_uint(arg, 1, WINDOWS_MAX, &n);
		o->windows = (unsigned int)n;
		return ok;
	case 'W':
		return parse_seconds(arg, &o->warm_up);
	case 'b':
		ok = parse_uint(arg, 1024, 1u << 24, &n);
		o->bufs = (unsigned int)n;
		return ok;
	case 'S':
		o->site.no_sharing = strcmp(arg, "off") == 0;
		return o->site.no_sharing || strcmp(arg, "on") == 0;
	case 'H':
		return parse_hugepages(arg, &o->hugepages);
	case 'i':
		return parse_uint(arg, 1, UINT64_C(1) << 40, &o->inline_packets);
	}
	return false;
}

/* 0: go on; else exit with what is returned, less 1. */
static int parse_options(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{"pcap", required_argument, NULL, 'p'},
		{"vrs", required_argument, NULL, 'v'},
		{"routes", required_argument, NULL, 'r'},
		{"untagged", no_argument, NULL, 'u'},
		{"ip6", no_argument, NULL, '6'},
		{"in", required_argument, NULL, 'I'},
		{"out", required_argument, NULL, 'O'},
		{"underlay6", no_argument, NULL, 'U'},
		{"shape", required_argument, NULL, 's'},
		{"shape-at", required_argument, NULL, 'A'},
		{"shape-by", required_argument, NULL, 'B'},
		{"filter", required_argument, NULL, 'f'},
		{"policies", required_argument, NULL, 'P'},
		{"rpf", no_argument, NULL, 'R'},
		{"seconds", required_argument, NULL, 't'},
		{"windows", required_argument, NULL, 'w'},
		{"warm-up", required_argument, NULL, 'W'},
		{"bufs", required_argument, NULL, 'b'},
		{"sharing", required_argument, NULL, 'S'},
		{"hugepages", required_argument, NULL, 'H'},
		{"inline", required_argument, NULL, 'i'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option, at = 0;

	while ((option = getopt_long(argc, argv, "h", longs, &at)) >= 0) {
		if (option == 'h') {
			usage(stdout);
			return 1;
		}
		if (option == '?') {
			usage(stderr);
			return 3;
		}
		if (!parse_option(o, option, optarg)) {
			fprintf(stderr, "forward: --%s: bad value '%s'\n", longs[at].name,
				optarg != NULL ? optarg : "");
			return 3;
		}
	}
	if (optind < argc)
		fputs("forward: too many arguments\n", stderr);
	else if (o->site.n_ports == 0)
		fputs("forward: --pcap is needed\n", stderr);
	else if (o->site.n_vrs > 1 &&
		(o->site.untagged || o->site.in >= SITE_VXLAN || o->site.out >= SITE_VXLAN))
		fputs("forward: --untagged and tunnels are for one virtual router\n", stderr);
	else if (o->site.untagged && (o->site.in | o->site.out) != SITE_VLAN)
		fputs("forward: --untagged, or --in and --out\n", stderr);
	else
		return 0;
	return 3;
}

/* Resident memory. What was freed on the way is given back first. */
static uint64_t resident_bytes(void)
{
	unsigned long size = 0, resident = 0;
	FILE *file;

	malloc_trim(0);
	file = fopen("/proc/self/statm", "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	fclose(file);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void wait_seconds(double seconds)
{
	uint64_t ns = (uint64_t)(seconds * (double)NS_PER_S);
	struct timespec time = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};

	while (!stopped && nanosleep(&time, &time) < 0)
		;
}

/* The worker's thread, by the name that EAL gives it; 0: none. */
static long worker_thread(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	long found = 0;

	while (dir != NULL && found == 0 && (entry = readdir(dir)) != NULL) {
		char path[300], name[32] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
		file = fopen(path, "re");
		if (file == NULL)
			continue;
		if (fscanf(file, "%31s", name) == 1 && strncmp(name, "rte-worker", 10) == 0)
			found = strtol(entry->d_name, NULL, 10);
		fclose(file);
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

/* Nanoseconds that the worker's thread ran, and waited for its CPU. */
static void worker_times(uint64_t *ran_ns, uint64_t *waited_ns)
{
	static long thread;
	char path[64];
	FILE *file;

	*ran_ns = *waited_ns = 0;
	if (thread == 0)
		thread = worker_thread();
	snprintf(path, sizeof(path), "/proc/self/task/%ld/schedstat", thread);
	file = fopen(path, "re");
	if (file == NULL)
		return;
	if (fscanf(file, "%" SCNu64 " %" SCNu64, ran_ns, waited_ns) != 2)
		*ran_ns = *waited_ns = 0;
	fclose(file);
}

struct reading {
	uint64_t tsc, received, sent, dropped, early, ran_ns, waited_ns;
	bool conserved;
};

static struct reading read_counters(void)
{
	struct dp_worker_stats stats = {0};
	const struct dp_conservation *c = &stats.conservation;
	struct reading r;

	dp_worker_stats_get(0, &stats);
	r.tsc = dp_now_tsc();
	r.received = c->received;
	r.sent = c->sent;
	r.dropped = c->dropped;
	/* A capture file's answers to ARP may come more often than anybody looks at. */
	r.early = stats.drops[DROP_INPUT_QUEUE_FULL] + stats.drops[DROP_PUNT_LIMITED];
	worker_times(&r.ran_ns, &r.waited_ns);
	r.conserved = c->received == c->sent + c->dropped + c->consumed + c->queued;
	return r;
}

static void print_window(const struct reading *from, const struct reading *to, bool last)
{
	uint64_t waited_ns = to->waited_ns - from->waited_ns;
	uint64_t busy_ns = to->ran_ns - from->ran_ns + waited_ns;

	printf("    {\"tsc_cycles\": %" PRIu64 ", \"received\": %" PRIu64 ", \"sent\": %" PRIu64
	       ", \"dropped\": %" PRIu64 ", \"cpu_wait\": %.6f}%s\n",
		to->tsc - from->tsc, to->received - from->received, to->sent - from->sent,
		to->dropped - from->dropped,
		busy_ns > 0 ? (double)waited_ns / (double)busy_ns : 0.0, last ? "" : ",");
}

/* Something was sent, and all that came in, but what a router sends beyond its turns. */
static bool all_forwarded(const struct reading *from, const struct reading *to)
{
	return to->sent > from->sent && to->dropped - from->dropped == to->early - from->early &&
		to->conserved;
}

/* Measure and print; the windows share their borders. */
static bool run_windows(const struct options *o)
{
	struct reading from;
	bool whole = true;

	wait_seconds(o->warm_up);
	from = read_counters();
	for (unsigned int i = 0; i < o->windows && !stopped; i++) {
		struct reading to;

		wait_seconds(o->seconds);
		to = read_counters();
		print_window(&from, &to, i + 1 == o->windows || stopped);
		fflush(stdout);
		whole = whole && all_forwarded(&from, &to);
		from = to;
	}
	return whole;
}

static bool run_inline(uint64_t packets)
{
	struct reading from = read_counters(), to = from;
	uint64_t now_tsc = dp_now_tsc();

	while (!stopped && to.received - from.received < packets) {
		for (int turn = 0; turn < 16; turn++)
			dp_poll(now_tsc += INLINE_STEP_TSC);
		to = read_counters();
	}
	print_window(&from, &to, true);
	return all_forwarded(&from, &to);
}

/* What stands in the books at the end. Drops are those before the first window, too: the ports
 * receive before there is a virtual router. */
static void print_end(const struct site *site, bool whole)
{
	struct dp_worker_stats stats = {0};
	struct dp_vr_stats vr = {0};
	struct hist latency = {0}, queueing = {0};

	dp_worker_stats_get(0, &stats);
	printf("  \"drops\": {");
	for (int i = 0, any = 0; i < DROP_REASON_COUNT; i++)
		if (stats.drops[i] != 0)
			printf("%s\"%s\": %" PRIu64, any++ ? ", " : "",
				dp_drop_name((enum drop_reason)i), stats.drops[i]);
	printf("},\n");
	if (site->n_vrs > 0 && dp_vr_stats_get(site->vrs[0], &vr) == 0 &&
		dp_latency_get(site->vrs[0], &latency, &queueing) == 0)
		printf("  \"vr0\": {\"packets\": %" PRIu64 ", \"cycles\": %" PRIu64
		       ", \"fib_bytes\": %" PRIu64 ", \"latency_p50_tsc\": %" PRIu64
		       ", \"latency_p99_tsc\": %" PRIu64 "},\n",
			vr.packets, vr.cycles, vr.fib_bytes, hist_quantile(&latency, 0.5),
			hist_quantile(&latency, 0.99));
	printf("  \"all_forwarded\": %s\n}\n", whole ? "true" : "false");
}

int main(int argc, char **argv)
{
	static struct options o = {.site = {.n_vrs = 1, .n_routes = 1000},
		.seconds = 1,
		.warm_up = 0.5,
		.windows = 1,
		.bufs = 32768,
		.hugepages = -1};
	char err[DP_ERR_LEN] = "";
	bool whole = true;
	uint64_t before;
	int rc = parse_options(&o, argc, argv);

	if (rc > 0)
		return rc - 1;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	log_set_level(LOG_LEVEL_WARN);
	if (site_open(&o.site, o.hugepages, o.bufs, o.inline_packets > 0 || o.seconds == 0, err) <
		0) {
		fprintf(stderr, "forward: %s\n", err);
		return 1;
	}
	before = resident_bytes();
	if (site_fill(&o.site, err) < 0) {
		fprintf(stderr, "forward: %s\n", err);
		dp_fini();
		return 1;
	}
	printf("{\n  \"tsc_hz\": %" PRIu64 ", \"vrs\": %u, \"routes\": %u, \"ports\": %u,\n",
		dp_tsc_hz(), o.site.n_vrs, o.site.n_routes, o.site.n_ports);
	printf("  \"resident_bytes\": {\"without_vrs\": %" PRIu64 ", \"with_vrs\": %" PRIu64 "},\n",
		before, resident_bytes());
	printf("  \"windows\": [\n");
	if (o.inline_packets > 0)
		whole = run_inline(o.inline_packets);
	else if (o.seconds > 0)
		whole = run_windows(&o);
	printf("  ],\n");
	print_end(&o.site, whole);
	dp_fini();
	return whole ? 0 : 1;
}
