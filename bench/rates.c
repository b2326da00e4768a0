/* SPDX-License-Identifier: BSD-3-Clause */
/* Measures how exactly the dataplane keeps rates, in this process and on a clock of its own, so
 * that the machine has no part in the result. Prints a JSON object a line. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "bench/rates_bench.h"
#include "bench/rates_lab.h"
#include "dataplane/dp.h"

const char *const place_names[] = {"", "ingress", "vif-in", "vif-out", "port"};
const char *const shaper_names[] = {"tbf", "psp"};

static void only_clock(bool quick)
{
	(void)quick; /* the clock's row is always there */
}

static const struct {
	const char *name;
	void (*run)(bool quick);
} parts[] = {
	{"clock", only_clock},
	{"accuracy", rates_accuracy},
	{"guarantee", rates_guarantee},
	{"live", rates_live},
	{"rfc7640", rates_rfc7640},
};

void row_begin(const char *part)
{
	printf("{\"part\": \"%s\"", part);
}

void row_u64(const char *name, uint64_t value)
{
	printf(", \"%s\": %" PRIu64, name, value);
}

void row_i64(const char *name, int64_t value)
{
	printf(", \"%s\": %" PRId64, name, value);
}

void row_double(const char *name, double value)
{
	printf(", \"%s\": %.9g", name, value);
}

void row_text(const char *name, const char *value)
{
	printf(", \"%s\": \"%s\"", name, value);
}

void row_bool(const char *name, bool value)
{
	printf(", \"%s\": %s", name, value ? "true" : "false");
}

void row_end(void)
{
	printf("}\n");
	fflush(stdout);
}

static int usage(void)
{
	fprintf(stderr, "Usage: rates [-q] PART...    -q: fewer cases. Parts:");
	for (size_t i = 0; i < RTE_DIM(parts); i++)
		fprintf(stderr, " %s", parts[i].name);
	fprintf(stderr, "\n");
	return 2;
}

int main(int argc, char **argv)
{
	bool quick = false, chosen[RTE_DIM(parts)] = {false};
	int c;

	while ((c = getopt(argc, argv, "q")) != -1) {
		if (c != 'q')
			return usage();
		quick = true;
	}
	if (optind == argc)
		return usage();
	for (; optind < argc; optind++) {
		size_t i = 0;

		while (i < RTE_DIM(parts) && strcmp(argv[optind], parts[i].name) != 0)
			i++;
		if (i == RTE_DIM(parts))
			return usage();
		chosen[i] = true;
	}
	lab_open();
	row_begin("clock");
	row_u64("tsc_hz", dp_tsc_hz());
	row_end();
	for (size_t i = 0; i < RTE_DIM(parts); i++)
		if (chosen[i])
			parts[i].run(quick);
	lab_close();
	return 0;
}
