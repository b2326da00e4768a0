/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/pktgen.h"
#include "lib/rate.h"

#define SECONDS_MAX 86400.0
#define FCS_L1_BYTES 20u /* preamble, start of frame, gap */

static const char *const count_names[] = {
	[COUNT_L2] = "l2", [COUNT_FCS] = "fcs", [COUNT_L1] = "l1", [COUNT_UDP] = "udp"};
/* The usual mix, 7:4:1, spread out. */
static const uint16_t imix[PKTGEN_MIX_MAX] = {64, 594, 64, 64, 594, 64, 1518, 64, 594, 64, 594, 64};

static void usage(FILE *to)
{
	fputs("Usage: pktgen --tx DEVICE [--rx DEVICE] [OPTION]...\n"
	      "\n"
	      "Sends numbered, time-stamped UDP frames on one port, receives them on another (or "
	      "the\n"
	      "same) and says what became of each. Ports are DPDK device strings.\n"
	      "\n"
	      "  --rate RATE        such as 100kpps, 1.5Mpps, 250pps, 1Gbps; or max (1Mpps)\n"
	      "  --count BYTES      what a rate in bits counts: l2 (frame without FCS), fcs, l1\n"
	      "                     (with preamble and gap), udp (payload) (l2)\n"
	      "  --size SIZE        frame with tags and FCS, 64 to 1526; udp:N for a payload of N\n"
	      "                     bytes; IMIX: 7:4:1 of 64, 594, 1518 (64)\n"
	      "  --burst N          frames back to back at most, to catch up (64)\n"
	      "  --seconds S        length of the run (1)\n"
	      "  --packets N        as many frames instead\n"
	      "  --warm-up S        at the same rate before, not counted (0)\n"
	      "  --flows N          destinations and source ports, 1 to 65536 (1)\n"
	      "  --dst PREFIX       what the destinations lie in (10.1.0.0/16)\n"
	      "  --src ADDRESS      the sender's, at the sending port (10.0.1.2)\n"
	      "  --via ADDRESS      the router there; its MAC is asked for by ARP\n"
	      "  --dst-mac MAC      or is this\n"
	      "  --rx-address A     the receiver's, answered for at the receiving port "
	      "(10.0.2.2);\n"
	      "                     the destinations are, too\n"
	      "  --sport N --dport N --ttl N      (1024, 9, 64)\n"
	      "  --vlan ID[,ID]     tags of what is sent, the outer one first\n"
	      "  --rx-vlan ID[,ID]  tags expected (those of --vlan); any, none\n"
	      "  --on-full MODE     the device takes no more: lose (so does a wire; counts as "
	      "lost)\n"
	      "                     or wait (counts as our not holding the rate) (wait)\n"
	      "  --tolerance P      short of the asked rate before a run is void (0.1%)\n"
	      "  --learn S          for a frame of each flow to come through before; 0: no (5)\n"
	      "  --link S           for the links to come up (10)\n"
	      "  --quiet S          nothing came for so long: nothing is in flight (0.1)\n"
	      "  --drain S          but wait no longer than this (5)\n"
	      "  --lcores N[,N]     one that sends and receives, or one for each (0)\n"
	      "  --descriptors N    of each queue (1024)\n"
	      "  --hugepages MODE   yes, no or auto (auto)\n"
	      "  --serve            runs from stdin, 'RATE SIZE SECONDS' a line; a JSON line each\n"
	      "  -j, --json         one JSON document\n"
	      "\n"
	      "Exit: 0 done; 1 failed, nothing came through, or void: it could not send at the "
	      "asked\n"
	      "rate; 2 bad usage.\n",
		to);
}

static bool parse_uint(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' && *out >= min && *out <= max;
}

static bool parse_seconds(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end != text && *end == '\0' && *out >= 0 && *out <= SECONDS_MAX;
}

/* "1.5Mpps" by the parser of bits: the same prefixes. */
static bool parse_rate(const char *text, uint64_t *rate, bool *is_bits)
{
	char bits[PKTGEN_TEXT];
	size_t len = strlen(text);

	*rate = 0;
	*is_bits = false;
	if (strcmp(text, "max") == 0)
		return true;
	if (len < 4 || len >= sizeof(bits))
		return false;
	memcpy(bits, text, len + 1);
	*is_bits = strcmp(text + len - 3, "bps") == 0;
	if (strcmp(text + len - 3, "pps") == 0)
		bits[len - 3] = 'b';
	else if (!*is_bits)
		return false;
	return rate_parse(bits, rate) == 0 && *rate > 0 && *rate <= PACE_MAX;
}

static bool parse_sizes(
	const struct frame_spec *frames, const char *text, uint16_t *mix, unsigned int *n_mix)
{
	unsigned int extra = frame_size_min(frames) - 64u;
	uint64_t size;

	if (strcasecmp(text, "imix") == 0) {
		*n_mix = PKTGEN_MIX_MAX;
		for (unsigned int i = 0; i < PKTGEN_MIX_MAX; i++)
			mix[i] = (uint16_t)(imix[i] == 64 ? 64 + extra : imix[i]);
		return true;
	}
	*n_mix = 1;
	if (strncmp(text, "udp:", 4) == 0) {
		if (!parse_uint(text + 4, FRAME_MARK, FRAME_SIZE_MAX, &size))
			return false;
		size = frame_size_of_payload(frames, (uint32_t)size);
		/* A shorter frame would be padded, and the padding is not what was asked. */
	} else if (!parse_uint(text, 0, FRAME_SIZE_MAX, &size)) {
		return false;
	}
	mix[0] = (uint16_t)size;
	return size >= frame_size_min(frames) && size <= FRAME_SIZE_MAX;
}

static bool parse_tags(const char *text, uint16_t *tags, unsigned int *n)
{
	char one[8];

	*n = 0;
	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ",");
		uint64_t tag;

		if (*n == FRAME_TAGS_MAX || len >= sizeof(one))
			return false;
		memcpy(one, at, len);
		one[len] = '\0';
		if (!parse_uint(one, 1, 4094, &tag))
			return false;
		tags[(*n)++] = (uint16_t)tag;
		at += len;
		if (*at == '\0')
			return true;
	}
}

static bool parse_ipv4(const char *text, struct ip_addr *out)
{
	return ipaddr_parse(text, out) == 0 && out->af == IP_AF_4 && ipaddr_is_unicast(out);
}

static bool parse_share(const char *text, double *share)
{
	uint32_t centi;

	if (percent_parse(text, &centi) < 0)
		return false;
	*share = centi / 10000.0;
	return true;
}

static bool parse_choice(const char *text, const char *const *names, int n, int *out)
{
	for (int i = 0; i < n; i++)
		if (strcmp(text, names[i]) == 0) {
			*out = i;
			return true;
		}
	return false;
}

static bool parse_lcores(const char *text, struct pktgen_options *o)
{
	char tail;
	int n = sscanf(text, "%u,%u%c", &o->lcores[0], &o->lcores[1], &tail);

	o->n_lcores = (unsigned int)n;
	return (n == 1 && strspn(text, "0123456789") == strlen(text) && o->lcores[0] < 128) ||
		(n == 2 && o->lcores[0] < 128 && o->lcores[1] < 128 &&
			o->lcores[0] != o->lcores[1]);
}

static bool parse_option(struct pktgen_options *o, int option, const char *text)
{
	static const char *const modes[] = {"auto", "no", "yes"}, *const full[] = {"wait", "lose"};
	struct frame_spec *f = &o->frames;
	struct ip_addr address;
	uint64_t n = 0;
	int choice = 0;
	bool ok;

	switch (option) {
	case 't':
		o->tx_device = text;
		return *text != '\0';
	case 'r':
		o->rx_device = text;
		return *text != '\0';
	case 'R':
		snprintf(o->trial.rate_text, PKTGEN_TEXT, "%s", text);
		return parse_rate(text, &o->trial.rate, &o->trial.rate_is_bits);
	case 'c':
		ok = parse_choice(text, count_names, COUNT_UDP + 1, &choice);
		o->count = (enum pktgen_count)choice;
		return ok;
	case 'z':
		snprintf(o->trial.size_text, PKTGEN_TEXT, "%s", text);
		return true; /* parsed when the tags are known */
	case 'b':
		ok = parse_uint(text, 1, 65536, &n);
		o->burst = (uint32_t)n;
		return ok;
	case 's':
		return parse_seconds(text, &o->trial.seconds) && o->trial.seconds > 0;
	case 'p':
		return parse_uint(text, 1, UINT32_MAX, &o->trial.packets);
	case 'w':
		return parse_seconds(text, &o->warm_up);
	case 'f':
		ok = parse_uint(text, 1, FRAME_FLOWS_MAX, &n);
		f->n_flows = (uint32_t)n;
		return ok;
	case 'd':
		return prefix_parse(text, &f->dst) == 0 && f->dst.addr.af == IP_AF_4;
	case 'a':
		ok = parse_ipv4(text, &address);
		if (ok)
			f->src = ipaddr_to_u32(&address);
		return ok;
	case 'v':
		return parse_ipv4(text, &o->via);
	case 'm':
		return mac_parse(text, &f->dst_mac) == 0 && !mac_is_zero(&f->dst_mac);
	case 'A':
		return parse_ipv4(text, &o->rx_addr);
	case 'S':
	case 'D':
		ok = parse_uint(text, 1, UINT16_MAX, &n);
		*(option == 'S' ? &f->sport : &f->dport) = (uint16_t)n;
		return ok;
	case 'T':
		ok = parse_uint(text, 2, 255, &n);
		f->ttl = (uint8_t)n;
		return ok;
	case 'x':
		return parse_tags(text, f->tags, &f->n_tags);
	case 'X':
		f->any_rx_tags = strcmp(text, "any") == 0;
		o->frames.n_rx_tags = 0;
		return f->any_rx_tags || strcmp(text, "none") == 0 ||
			parse_tags(text, f->rx_tags, &f->n_rx_tags);
	case 'o':
		ok = parse_choice(text, full, 2, &choice);
		o->full_is_loss = choice == 1;
		return ok;
	case 'y':
		return parse_share(text, &o->tolerance);
	case 'l':
		return parse_seconds(text, &o->learn);
	case 'L':
		return parse_seconds(text, &o->link);
	case 'q':
		return parse_seconds(text, &o->quiet) && o->quiet > 0;
	case 'e':
		return parse_seconds(text, &o->drain);
	case 'C':
		return parse_lcores(text, o);
	case 'n':
		ok = parse_uint(text, 32, 65536, &n);
		o->n_desc = (unsigned int)n;
		return ok;
	case 'H':
		ok = parse_choice(text, modes, 3, &choice);
		o->hugepages = choice - 1;
		return ok;
	case 'V':
		o->serve = true;
		return true;
	default:
		return false;
	}
}

static bool trial_fits(const struct pktgen_trial *trial)
{
	/* The least frame has 64 bytes; each flow's numbers have 32 bits. */
	double pps = (double)trial->rate / (trial->rate_is_bits ? 8 * FRAME_MARK : 1);

	return trial->packets != 0 || pps * trial->seconds <= UINT32_MAX;
}

static int bad(const char *what, const char *value)
{
	fprintf(stderr, "pktgen: %s%s%s\n", what, *value != '\0' ? ": " : "", value);
	return -EINVAL;
}

static int check(struct pktgen_options *o, bool rx_vlan_given)
{
	struct frame_spec *f = &o->frames;
	struct pktgen_trial *trial = &o->trial;
	static struct frame_set probe;

	if (o->tx_device == NULL)
		return bad("--tx is needed", "");
	if (!rx_vlan_given) {
		memcpy(f->rx_tags, f->tags, sizeof(f->rx_tags));
		f->n_rx_tags = f->n_tags;
	}
	if (!parse_sizes(f, trial->size_text, trial->mix, &trial->n_mix))
		return bad("--size: bad value, or too small for the tags", trial->size_text);
	if (!trial_fits(trial))
		return bad("a run has less than 2^32 frames: rate or seconds are too high", "");
	if (frame_set_init(&probe, f) < 0)
		return bad("--flows: more than --dst and the source ports from --sport make", "");
	if (o->via.af == IP_AF_NONE && mac_is_zero(&f->dst_mac))
		/* Nobody in between: the frames come back by themselves, or to all. */
		memset(f->dst_mac.bytes, 0xff, sizeof(f->dst_mac.bytes));
	return 0;
}

int pktgen_options_parse(struct pktgen_options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{"tx", required_argument, NULL, 't'},
		{"rx", required_argument, NULL, 'r'},
		{"rate", required_argument, NULL, 'R'},
		{"count", required_argument, NULL, 'c'},
		{"size", required_argument, NULL, 'z'},
		{"burst", required_argument, NULL, 'b'},
		{"seconds", required_argument, NULL, 's'},
		{"packets", required_argument, NULL, 'p'},
		{"warm-up", required_argument, NULL, 'w'},
		{"flows", required_argument, NULL, 'f'},
		{"dst", required_argument, NULL, 'd'},
		{"src", required_argument, NULL, 'a'},
		{"via", required_argument, NULL, 'v'},
		{"dst-mac", required_argument, NULL, 'm'},
		{"rx-address", required_argument, NULL, 'A'},
		{"sport", required_argument, NULL, 'S'},
		{"dport", required_argument, NULL, 'D'},
		{"ttl", required_argument, NULL, 'T'},
		{"vlan", required_argument, NULL, 'x'},
		{"rx-vlan", required_argument, NULL, 'X'},
		{"on-full", required_argument, NULL, 'o'},
		{"tolerance", required_argument, NULL, 'y'},
		{"learn", required_argument, NULL, 'l'},
		{"link", required_argument, NULL, 'L'},
		{"quiet", required_argument, NULL, 'q'},
		{"drain", required_argument, NULL, 'e'},
		{"lcores", required_argument, NULL, 'C'},
		{"descriptors", required_argument, NULL, 'n'},
		{"hugepages", required_argument, NULL, 'H'},
		{"serve", no_argument, NULL, 'V'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	bool rx_vlan_given = false;
	int option, at = 0;

	*o = (struct pktgen_options){
		.frames = {.src = 0x0a000102, .n_flows = 1, .sport = 1024, .dport = 9, .ttl = 64},
		.trial = {.rate_text = "1Mpps", .rate = 1000000, .size_text = "64", .seconds = 1},
		.burst = 64,
		.n_lcores = 1,
		.n_desc = 1024,
		.hugepages = -1,
		.learn = 5,
		.quiet = 0.1,
		.drain = 5,
		.link = 10,
		.tolerance = 0.001,
	};
	prefix_parse("10.1.0.0/16", &o->frames.dst);
	ipaddr_parse("10.0.2.2", &o->rx_addr);
	while ((option = getopt_long(argc, argv, "hj", longs, &at)) >= 0) {
		if (option == 'h') {
			usage(stdout);
			return 1;
		}
		if (option == '?') {
			usage(stderr);
			return -EINVAL;
		}
		if (option == 'j') {
			o->json = true;
			continue;
		}
		rx_vlan_given |= option == 'X';
		if (!parse_option(o, option, optarg != NULL ? optarg : "")) {
			fprintf(stderr, "pktgen: --%s: bad value '%s'\n", longs[at].name, optarg);
			return -EINVAL;
		}
	}
	if (optind < argc)
		return bad("too many arguments", argv[optind]);
	return check(o, rx_vlan_given);
}

int pktgen_trial_parse(const struct pktgen_options *options, const char *line,
	struct pktgen_trial *trial, char *err)
{
	char rate[PKTGEN_TEXT], size[PKTGEN_TEXT], seconds[PKTGEN_TEXT], tail;

	memset(trial, 0, sizeof(*trial));
	if (sscanf(line, "%63s %63s %63s %c", rate, size, seconds, &tail) != 3) {
		snprintf(err, 128, "expected RATE SIZE SECONDS");
		return -EINVAL;
	}
	snprintf(trial->rate_text, PKTGEN_TEXT, "%s", rate);
	snprintf(trial->size_text, PKTGEN_TEXT, "%s", size);
	if (!parse_rate(rate, &trial->rate, &trial->rate_is_bits))
		snprintf(err, 128, "bad rate '%s'", rate);
	else if (!parse_sizes(&options->frames, size, trial->mix, &trial->n_mix))
		snprintf(err, 128, "bad size '%s'", size);
	else if (!parse_seconds(seconds, &trial->seconds) || trial->seconds <= 0)
		snprintf(err, 128, "bad seconds '%s'", seconds);
	else if (!trial_fits(trial))
		snprintf(err, 128, "more than 2^32 frames");
	else
		return 0;
	return -EINVAL;
}

uint32_t pktgen_count_bytes(const struct pktgen_options *options, uint32_t size)
{
	switch (options->count) {
	case COUNT_L2:
		return size - FRAME_FCS;
	case COUNT_L1:
		return size + FCS_L1_BYTES;
	case COUNT_UDP:
		return size - frame_size_of_payload(&options->frames, 0);
	case COUNT_FCS:
	default:
		return size;
	}
}

const char *pktgen_count_name(enum pktgen_count count)
{
	return count_names[count];
}
