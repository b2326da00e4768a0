/* SPDX-License-Identifier: BSD-3-Clause */
/* build/bench/pktgen: sends frames at an exact rate, receives them, says what became of each. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "bench/pktgen.h"
#include "lib/log.h"

#define LINE_LEN 256
#define SERVE_POLL_MS 1

volatile sig_atomic_t pktgen_stopped;

static void on_signal(int number)
{
	(void)number;
	pktgen_stopped = 1;
}

static int prepare(struct pktgen *gen, const struct pktgen_options *o)
{
	uint32_t missing;

	if (pktgen_resolve(gen) < 0) {
		if (!pktgen_stopped)
			fprintf(stderr, "pktgen: the router does not answer ARP\n");
		return -ETIMEDOUT;
	}
	if (pktgen_learn(gen, &missing) < 0) {
		if (!pktgen_stopped)
			fprintf(stderr, "pktgen: %u of %u flows do not come through in %g s\n",
				missing, o->frames.n_flows, o->learn);
		return -ETIMEDOUT;
	}
	return 0;
}

/* One line of stdin, without its end; meanwhile the ports are served. False: no more. */
static bool read_line(struct pktgen *gen, char *line, size_t len)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	int wait_ms = 0;
	size_t n = 0;

	while (!pktgen_stopped) {
		char c;

		if (poll(&in, 1, wait_ms) <= 0) {
			pktgen_poll(gen);
			wait_ms = SERVE_POLL_MS;
			continue;
		}
		wait_ms = 0;
		/* By the byte: what is read ahead, poll does not see. */
		if (read(STDIN_FILENO, &c, 1) != 1)
			return false;
		if (c == '\n') {
			line[n] = '\0';
			return true;
		}
		if (n + 1 < len)
			line[n++] = c;
	}
	return false;
}

static int serve(struct pktgen *gen, const struct pktgen_options *o)
{
	static struct pktgen_result result;
	char line[LINE_LEN], err[128];

	printf("{\"ready\": true}\n");
	fflush(stdout);
	while (read_line(gen, line, sizeof(line))) {
		struct pktgen_trial trial;

		if (pktgen_trial_parse(o, line, &trial, err) < 0) {
			fprintf(stderr, "pktgen: %s\n", err);
			return 2;
		}
		pktgen_run(gen, &trial, &result);
		pktgen_print_json(o, &result, stdout);
		if (ferror(stdout))
			return 1;
	}
	return pktgen_stopped ? 1 : 0;
}

static int once(struct pktgen *gen, const struct pktgen_options *o)
{
	static struct pktgen_result result;

	pktgen_run(gen, &o->trial, &result);
	if (o->json)
		pktgen_print_json(o, &result, stdout);
	else
		pktgen_print_table(o, &result, stdout);
	if (result.is_void)
		fprintf(stderr, "pktgen: void: %s\n", result.why);
	return result.is_void || result.interrupted ? 1 : 0;
}

int main(int argc, char **argv)
{
	static struct pktgen_options options;
	struct pktgen_ports ports = {0};
	struct pktgen *gen;
	int rc = pktgen_options_parse(&options, argc, argv), status = 1;

	if (rc != 0)
		return rc > 0 ? 0 : 2;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_LEVEL_WARN);
	if (pktgen_ports_open(&ports, &options) < 0)
		return 1;
	gen = pktgen_create(&options, &ports);
	if (gen == NULL)
		fprintf(stderr, "pktgen: out of memory\n");
	else if (prepare(gen, &options) == 0)
		status = options.serve ? serve(gen, &options) : once(gen, &options);
	pktgen_destroy(gen);
	pktgen_ports_close(&ports);
	return status;
}
