/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static int current_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	__atomic_store_n(&current_level, (int)level, __ATOMIC_RELAXED);
}

enum log_level log_get_level(void)
{
	return (enum log_level)__atomic_load_n(&current_level, __ATOMIC_RELAXED);
}

static bool wants_time(void)
{
	const char *own = getenv("HPSROUTER_LOG_TIME");

	if (own)
		return strcmp(own, "0") != 0;
	return getenv("JOURNAL_STREAM") == NULL;
}

/* RFC 3339, UTC, milliseconds. */
static size_t print_time(char *buf, size_t size)
{
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &tm);
	return n + (size_t)snprintf(buf + n, size - n, ".%03ldZ ", now.tv_nsec / 1000000);
}

/* Names and texts come from files and sockets too: nothing in them may look like another line, or
 * move a terminal's cursor. */
static void blank_controls(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f)
			text[i] = ' ';
	}
}

void log_write(enum log_level level, const char *subject, const char *format, ...)
{
	static const char *const names[] = {"ERROR", "WARN", "INFO", "DEBUG"};
	int saved_errno = errno;
	char line[LINE_MAX_BYTES];
	size_t room = sizeof(line) - 1, used = 0; /* one byte for the newline */
	va_list args;
	int n;

	if (level > log_get_level())
		return;
	if (wants_time())
		used = print_time(line, room);
	n = snprintf(line + used, room - used, "%s %s: ", names[level], subject);
	used = n < 0 || (size_t)n >= room - used ? room - 1 : used + (size_t)n;
	/* %m in FORMAT means the caller's errno. */
	errno = saved_errno;
	va_start(args, format);
	n = vsnprintf(line + used, room - used, format, args);
	va_end(args);
	if (n > 0)
		used = (size_t)n >= room - used ? room - 1 : used + (size_t)n;
	blank_controls(line, used);
	line[used++] = '\n';
	while (write(STDERR_FILENO, line, used) < 0 && errno == EINTR)
		;
	errno = saved_errno;
}
