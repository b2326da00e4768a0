/* SPDX-License-Identifier: BSD-3-Clause */
/* hpsrouterd's command line and its HPSROUTER_* environment; a flag wins over the environment. */
#ifndef HPSR_CTRL_OPTIONS_H
#define HPSR_CTRL_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#define OPTIONS_CONFIG_DEFAULT "/etc/hpsrouter/site.yaml"

struct options {
	const char *config; /* HPSROUTER_CONFIG; belongs to argv or the environment */
	bool check;         /* HPSROUTER_CHECK: 1, yes, true (or 0, no, false) */
	int verbose;        /* HPSROUTER_VERBOSE: a number; each -v adds one */
	bool help;
	bool version;
	const char *clock; /* HPSROUTER_CLOCK: as clock_parse, which is done; NULL: system */
};

/* 0, or -EINVAL with a message on ERR. */
int options_parse(int argc, char **argv, struct options *options, FILE *err);
void options_usage(FILE *out);

#endif
