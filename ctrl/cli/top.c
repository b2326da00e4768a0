/* SPDX-License-Identifier: BSD-3-Clause */
/* hpsrctl top: the statistics again and again, in a terminal or as a stream of documents. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "ctrl/cli/args.h"
#include "ctrl/cli/cli.h"
#include "ctrl/cli/client.h"
#include "ctrl/cli/show.h"

#define SCREEN_OPEN "\033[?1049h\033[?25l"
#define SCREEN_CLOSE "\033[?25h\033[?1049l"

static volatile sig_atomic_t stopped;

struct top {
	struct client client;
	FILE *out;
	bool json;
	bool screen; /* the output is a terminal: redraw in place */
	bool keys;   /* the input is a terminal: q ends */
	struct termios before;
	unsigned long count; /* frames; 0: no end */
	unsigned int interval_ms;
};

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static void catch_signals(void)
{
	/* No SA_RESTART: poll must return. */
	struct sigaction action = {.sa_handler = stop};

	stopped = 0;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static void screen_open(struct top *top)
{
	struct termios raw;

	top->screen = !top->json && isatty(fileno(top->out));
	top->keys = top->screen && tcgetattr(STDIN_FILENO, &top->before) == 0;
	if (top->keys) {
		raw = top->before;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	if (top->screen)
		fputs(SCREEN_OPEN, top->out);
}

static void screen_close(struct top *top)
{
	if (top->screen)
		fputs(SCREEN_CLOSE, top->out);
	fflush(top->out);
	if (top->keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &top->before);
}

/* As many lines and columns as the terminal has; the rest of the old frame is erased. */
static void draw(struct top *top, char *text)
{
	struct winsize size = {0};
	char *next = text, *line;
	unsigned int rows = 0;

	if (ioctl(fileno(top->out), TIOCGWINSZ, &size) < 0 || size.ws_row == 0 ||
		size.ws_col == 0) {
		size.ws_row = 24;
		size.ws_col = 80;
	}
	fputs("\033[H", top->out);
	while ((line = strsep(&next, "\n")) && rows + 1 < size.ws_row) {
		fprintf(top->out, "%.*s\033[K\n", (int)size.ws_col - 1, line);
		rows++;
	}
	fputs("\033[J q: quit", top->out);
}

static int frame(struct top *top, unsigned long number, struct cli_error *error)
{
	json_t *result = client_call(&top->client, "stats", NULL, error);
	char *text = NULL;
	size_t len = 0;
	FILE *lines;

	if (!result) {
		if (error->code == 0)
			error->exit = CLI_NO_DAEMON;
		return error->exit;
	}
	if (top->json) {
		json_dumpf(result, top->out, JSON_COMPACT);
		fputc('\n', top->out);
	} else if (!top->screen) {
		if (number > 0)
			fputc('\n', top->out);
		show_top(result, top->out);
	} else {
		lines = open_memstream(&text, &len);
		if (lines) {
			show_top(result, lines);
			fclose(lines);
			draw(top, text);
		}
		free(text);
	}
	json_decref(result);
	if (fflush(top->out) != 0) /* the reader is gone */
		stopped = 1;
	return CLI_DONE;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Until DUE_MS, or until a key or signal says stop. */
static void wait_until(struct top *top, uint64_t due_ms)
{
	struct pollfd in = {.fd = top->keys ? STDIN_FILENO : -1, .events = POLLIN};

	while (!stopped) {
		uint64_t now = now_ms();
		char key;

		if (now >= due_ms)
			return;
		if (poll(&in, 1, (int)(due_ms - now)) <= 0)
			continue;
		if (read(STDIN_FILENO, &key, 1) <= 0)
			in.fd = -1;
		else if (key == 'q' || key == 'Q')
			stopped = 1;
	}
}

static int parse(const struct cli_options *options, struct top *top, struct cli_error *error)
{
	char *end;

	if (options->interval &&
		(args_duration(options->interval, &top->interval_ms) < 0 ||
			top->interval_ms < 100)) {
		cli_error_set(error, CLI_USAGE, "interval '%.100s' is not 100ms to 3600s",
			options->interval);
		return -EINVAL;
	}
	if (options->count) {
		errno = 0;
		top->count = strtoul(options->count, &end, 10);
		if (errno || *end || options->count[0] < '0' || options->count[0] > '9' ||
			top->count == 0) {
			cli_error_set(error, CLI_USAGE, "count '%.100s' is not a number from 1",
				options->count);
			return -EINVAL;
		}
	}
	return 0;
}

int cli_top(const struct cli_options *options, FILE *out, struct cli_error *error)
{
	struct top top = {.out = out, .json = options->json, .interval_ms = 1000};
	char path[CLIENT_PATH_LEN];
	uint64_t due;
	int code;

	if (parse(options, &top, error) < 0 ||
		client_path(options->socket, CLIENT_SOCKETS, path, error) < 0 ||
		client_open(&top.client, path, error) < 0)
		return error->exit;
	catch_signals();
	screen_open(&top);
	due = now_ms();
	for (unsigned long i = 0;; i++) {
		code = frame(&top, i, error);
		/* Asked to stop in the middle of a call: no failure. */
		if (stopped && code != CLI_DONE) {
			cli_error_fini(error);
			code = CLI_DONE;
		}
		if (code != CLI_DONE || stopped || i + 1 == top.count)
			break;
		due += top.interval_ms;
		wait_until(&top, due);
		if (stopped)
			break;
	}
	screen_close(&top);
	client_close(&top.client);
	return code;
}
