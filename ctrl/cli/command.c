/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands, their usage and their options. */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "ctrl/cli/args.h"
#include "ctrl/cli/cli.h"
#include "ctrl/cli/show.h"

/* clang-format off */
const struct cli_command cli_commands[] = {
	{"status", NULL, "", "site, version, uptime, slices, ports, counts",
		"status", NULL, show_status, NULL},
	{"vrouter", "list", "", "the virtual routers with rates, drops and latency",
		"vrouter.list", NULL, show_vrs, NULL},
	{"vrouter", "show", "VPXI/VR", "one virtual router with its interfaces",
		"vrouter.show", args_vr, show_vr, NULL},
	{"vrouter", "start", "VPXI/VR", "forward again after stop",
		"vrouter.start", args_vr, show_vr_state, NULL},
	{"vrouter", "stop", "VPXI/VR", "drop what arrives, empty queues and neighbours",
		"vrouter.stop", args_vr, show_vr_state, NULL},
	{"vrouter", "suspend", "VPXI/VR", "drop what arrives, keep the state",
		"vrouter.suspend", args_vr, show_vr_state, NULL},
	{"vrouter", "resume", "VPXI/VR", "forward again after suspend",
		"vrouter.resume", args_vr, show_vr_state, NULL},
	{"vrouter", "restart", "VPXI/VR", "stop and start",
		"vrouter.restart", args_vr, show_vr_state, NULL},
	{"vrouter", "move", "VPXI/VR SLICE", "to another slice, live; no packet is lost",
		"vrouter.move", args_vr_slice, show_vr_moved, NULL},
	{"route", "list", "VPXI/VR", "the routing table",
		"route.list", args_vr, show_routes, NULL},
	{"route", "add", "VPXI/VR PREFIX [via ADDRESS]... [dev INTERFACE] [metric N]", "add a route",
		"route.add", args_route, show_route_changed, NULL},
	{"route", "replace", "VPXI/VR PREFIX [via ADDRESS]... [dev INTERFACE] [metric N]",
		"add a route or give one other gateways", "route.replace", args_route,
		show_route_changed, NULL},
	{"route", "del", "VPXI/VR PREFIX [via ADDRESS]... [dev INTERFACE] [metric N]", "delete a route",
		"route.del", args_route, show_route_changed, NULL},
	{"filter", "list", "VPXI/VR", "the rules of its interfaces' filters, with counters",
		"filter.list", args_vr, show_filters, NULL},
	{"policy", "list", "VPXI/VR", "its policies, with counters, and whether their next hops live",
		"policy.list", args_vr, show_policies, NULL},
	{"neighbor", "list", "VPXI/VR", "ARP and ND entries",
		"neighbor.list", args_vr, show_neighbors, NULL},
	{"rate", "show", "[VPXI[/VR[/INTERFACE]]]", "min, max, granted, measured, queue, drops",
		"rate.show", args_rate_show, show_rates, NULL},
	{"rate", "set", "VPXI/VR/INTERFACE [min=R] [max=R] [static=R]",
		"change a rate, live; R may be 'none' for min and max", "rate.set", args_rate_set,
		show_rate_set, NULL},
	{"allocate", NULL, "--capacity R MIN:MAX...",
		"the allocator alone, no daemon: grants in the order given", NULL, NULL, NULL,
		"capacity"},
	{"stats", NULL, "[VPXI/VR]", "all counters and rates",
		"stats", args_vr_optional, show_stats, NULL},
	{"latency", NULL, "[VPXI/VR] [--window SECONDS] [--reset]",
		"receive to transmit, and waits in queues, over the last seconds, and since the start "
		"or the last --reset",
		"latency", args_latency, show_latency, "window"},
	{"port", "list", "", "the ports",
		"port.list", NULL, show_ports, NULL},
	{"slice", "list", "", "the slices and their workers",
		"slice.list", NULL, show_slices, NULL},
	{"vpxi", "list", "", "the VPXIs and their virtual routers",
		"vpxi.list", NULL, show_vpxis, NULL},
	{"vpxi", "apply", "FILE", "add or change one VPXI, live",
		"vpxi.apply", args_vpxi_file, show_changes, NULL},
	{"vpxi", "remove", "NAME", "remove one VPXI, live",
		"vpxi.remove", args_vpxi, show_changes, NULL},
	{"vxdl", "check", "FILE", "judge a request for a virtual infrastructure, no daemon",
		NULL, NULL, NULL, NULL},
	{"clock", "show", "", "the clock by which leases go, and the next change",
		"clock.show", NULL, show_clock, NULL},
	{"clock", "set", "TIME", "move a manual clock, to 2026-12-01T08:00:00Z",
		"clock.set", args_time, show_clock, NULL},
	{"vxdl", "plan", "--substrate FILE -o DIR [--at TIME] [REQUEST]...",
		"reserve what requests ask for, write each site's files; no daemon", NULL, NULL, NULL,
		"substrate"},
	{"vxdl", "remove", "--substrate FILE -o DIR [--at TIME] NAME...",
		"give back what VPXIs have of a plan, write each site's files", NULL, NULL, NULL,
		"substrate"},
	{"reload", NULL, "[FILE]", "the whole site file, live, as one transaction",
		"reload", args_reload, show_changes, NULL},
	{"config", "show", "", "what runs, as a site file",
		"config.show", NULL, show_yaml, NULL},
	{"top", NULL, "[--interval SECONDS] [--count N]", "live in a terminal; q quits",
		NULL, NULL, NULL, "count"},
	{NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};
/* clang-format on */

void cli_command_usage(const struct cli_command *command, FILE *out)
{
	fprintf(out, "usage: hpsrctl [-s SOCKET] [-j] %s%s%s%s%s\n\n  %s\n", command->object,
		command->verb ? " " : "", command->verb ? command->verb : "",
		command->arguments[0] ? " " : "", command->arguments, command->help);
}

void cli_usage(FILE *out)
{
	fputs("usage: hpsrctl [-s SOCKET] [-j] OBJECT VERB [ARGUMENT]...\n"
	      "\n"
	      "  -s, --socket PATH  the daemon's control socket (environment: HPSROUTER_SOCKET;\n"
	      "                     default: the only one in /run/hpsrouter)\n"
	      "  -j, --json         one JSON document on stdout, errors as JSON on stderr\n"
	      "  -h, --help         this text, or that of one command\n"
	      "  -V, --version      the version\n"
	      "\n",
		out);
	for (const struct cli_command *command = cli_commands; command->object; command++)
		fprintf(out, "  %s%s%s%s%s\n        %s\n", command->object,
			command->verb ? " " : "", command->verb ? command->verb : "",
			command->arguments[0] ? " " : "", command->arguments, command->help);
	fputs("\nExit: 0 done, 1 refused by the daemon, 2 bad usage, 3 infeasible, 4 no daemon at "
	      "the socket.\n",
		out);
}

int cli_options_parse(int *argc, char **argv, struct cli_options *options, struct cli_error *error)
{
	enum {
		OPT_CAPACITY = 256,
		OPT_WINDOW,
		OPT_COUNT,
		OPT_INTERVAL,
		OPT_SUBSTRATE,
		OPT_AT,
		OPT_RESET
	};
	static const struct option longs[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{"substrate", required_argument, NULL, OPT_SUBSTRATE},
		{"output", required_argument, NULL, 'o'},
		{"at", required_argument, NULL, OPT_AT},
		{"capacity", required_argument, NULL, OPT_CAPACITY},
		{"window", required_argument, NULL, OPT_WINDOW},
		{"reset", no_argument, NULL, OPT_RESET},
		{"count", required_argument, NULL, OPT_COUNT},
		{"interval", required_argument, NULL, OPT_INTERVAL},
		{NULL, 0, NULL, 0},
	};
	int c, n;

	memset(options, 0, sizeof(*options));
	optind = 0; /* glibc: start afresh */
	opterr = 0;
	while ((c = getopt_long(*argc, argv, ":s:o:jhV", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			options->socket = optarg;
			break;
		case 'j':
			options->json = true;
			break;
		case 'h':
			options->help = true;
			break;
		case 'V':
			options->version = true;
			break;
		case OPT_SUBSTRATE:
			options->substrate = optarg;
			break;
		case 'o':
			options->output = optarg;
			break;
		case OPT_AT:
			options->at = optarg;
			break;
		case OPT_CAPACITY:
			options->capacity = optarg;
			break;
		case OPT_WINDOW:
			options->window = optarg;
			break;
		case OPT_RESET:
			options->reset = true;
			break;
		case OPT_COUNT:
			options->count = optarg;
			break;
		case OPT_INTERVAL:
			options->interval = optarg;
			break;
		default:
			cli_error_set(error, CLI_USAGE,
				c == ':' ? "option '%.100s' needs a value"
					 : "unknown option '%.100s'",
				argv[optind - 1]);
			return -EINVAL;
		}
	}
	n = *argc - optind;
	memmove(argv, argv + optind, (size_t)n * sizeof(*argv));
	*argc = n;
	return 0;
}

int cli_command_options(const struct cli_command *command, const struct cli_options *options,
	struct cli_error *error)
{
	const char *own = command->option ? command->option : "";
	const char *foreign = NULL;

	if (options->substrate && strcmp(own, "substrate") != 0)
		foreign = "substrate";
	else if (options->output && strcmp(own, "substrate") != 0)
		foreign = "output";
	else if (options->at && strcmp(own, "substrate") != 0)
		foreign = "at";
	else if (options->capacity && strcmp(own, "capacity") != 0)
		foreign = "capacity";
	else if (options->window && strcmp(own, "window") != 0)
		foreign = "window";
	else if (options->reset && strcmp(own, "window") != 0)
		foreign = "reset";
	else if (options->count && strcmp(own, "count") != 0)
		foreign = "count";
	else if (options->interval && strcmp(own, "count") != 0)
		foreign = "interval";
	if (!foreign)
		return 0;
	cli_error_set(error, CLI_USAGE, "%s%s%s takes no --%s", command->object,
		command->verb ? " " : "", command->verb ? command->verb : "", foreign);
	return -EINVAL;
}

static void error_verbs(const char *object, const char *verb, struct cli_error *error)
{
	size_t len;

	if (verb)
		cli_error_set(error, CLI_USAGE, "%s has no verb '%.100s'; it has:", object, verb);
	else
		cli_error_set(error, CLI_USAGE, "%s needs a verb:", object);
	for (const struct cli_command *command = cli_commands; command->object; command++) {
		if (strcmp(command->object, object) != 0)
			continue;
		len = strlen(error->message);
		snprintf(error->message + len, sizeof(error->message) - len, " %s", command->verb);
	}
}

const struct cli_command *cli_command_lookup(
	int argc, char **argv, int *used, struct cli_error *error)
{
	const char *object = NULL;

	if (argc == 0) {
		cli_error_set(error, CLI_USAGE, "no command given");
		return NULL;
	}
	for (const struct cli_command *command = cli_commands; command->object; command++) {
		if (strcmp(command->object, argv[0]) != 0)
			continue;
		object = command->object;
		if (command->verb && (argc < 2 || strcmp(command->verb, argv[1]) != 0))
			continue;
		*used = command->verb ? 2 : 1;
		return command;
	}
	if (object)
		error_verbs(object, argc > 1 ? argv[1] : NULL, error);
	else
		cli_error_set(error, CLI_USAGE, "unknown object '%.100s'", argv[0]);
	return NULL;
}
