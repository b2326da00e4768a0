/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ctrl/clock.h"

void options_usage(FILE *out)
{
	fputs("usage: hpsrouterd [-c FILE] [--check] [-v]...\n"
	      "\n"
	      "  -c, --config FILE  the site file (default " OPTIONS_CONFIG_DEFAULT ";\n"
	      "                     environment: HPSROUTER_CONFIG)\n"
	      "      --check        read and check the site file only (HPSROUTER_CHECK=1)\n"
	      "      --clock CLOCK  system, or manual:2026-12-01T08:00:00Z: leases go by a clock\n"
	      "                     that 'hpsrctl clock set' moves (HPSROUTER_CLOCK)\n"
	      "  -v, --verbose      log more; may be repeated (HPSROUTER_VERBOSE=N)\n"
	      "  -h, --help         this text\n"
	      "  -V, --version      the version\n"
	      "\n"
	      "Runs in the foreground and logs to stderr. SIGHUP reloads the site file, SIGTERM "
	      "and\n"
	      "SIGINT stop. Exit: 0 stopped as asked, 1 failed while running, 2 bad usage or\n"
	      "configuration.\n",
		out);
}

static int parse_bool(const char *text, bool *out)
{
	static const char *const yes[] = {"1", "yes", "true", "on"};
	static const char *const no[] = {"", "0", "no", "false", "off"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcasecmp(text, yes[i]) == 0) {
			*out = true;
			return 0;
		}
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		if (strcasecmp(text, no[i]) == 0) {
			*out = false;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_environment(struct options *options, FILE *err)
{
	const char *config = getenv("HPSROUTER_CONFIG");
	const char *clock = getenv("HPSROUTER_CLOCK");
	const char *check = getenv("HPSROUTER_CHECK");
	const char *verbose = getenv("HPSROUTER_VERBOSE");

	if (clock && clock[0])
		options->clock = clock;
	if (config && config[0])
		options->config = config;
	if (check && parse_bool(check, &options->check) < 0) {
		fprintf(err, "hpsrouterd: HPSROUTER_CHECK is '%s', expected 1 or 0\n", check);
		return -EINVAL;
	}
	if (verbose && verbose[0]) {
		if (strlen(verbose) != 1 || verbose[0] < '0' || verbose[0] > '9') {
			fprintf(err, "hpsrouterd: HPSROUTER_VERBOSE is '%s', expected 0 to 9\n",
				verbose);
			return -EINVAL;
		}
		options->verbose = verbose[0] - '0';
	}
	return 0;
}

int options_parse(int argc, char **argv, struct options *options, FILE *err)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, 'C'},
		{"clock", required_argument, NULL, 'T'},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int c;

	memset(options, 0, sizeof(*options));
	options->config = OPTIONS_CONFIG_DEFAULT;
	if (parse_environment(options, err) < 0)
		return -EINVAL;
	optind = 0; /* glibc: start afresh */
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":c:vhV", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			options->config = optarg;
			break;
		case 'C':
			options->check = true;
			break;
		case 'T':
			options->clock = optarg;
			break;
		case 'v':
			options->verbose++;
			break;
		case 'h':
			options->help = true;
			break;
		case 'V':
			options->version = true;
			break;
		case ':':
			fprintf(err, "hpsrouterd: option '%s' needs a value\n", argv[optind - 1]);
			return -EINVAL;
		default:
			fprintf(err, "hpsrouterd: unknown option '%s'\n", argv[optind - 1]);
			return -EINVAL;
		}
	}
	if (options->clock && clock_parse(options->clock) < 0) {
		fprintf(err,
			"hpsrouterd: clock '%s': expected system or "
			"manual:2026-12-01T08:00:00Z\n",
			options->clock);
		return -EINVAL;
	}
	if (optind < argc) {
		fprintf(err, "hpsrouterd: unexpected argument '%s'\n", argv[optind]);
		return -EINVAL;
	}
	return 0;
}
