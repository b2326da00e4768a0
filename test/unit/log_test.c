/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"

static int saved_stderr, reader;

/* What is written to stderr goes into a pipe. */
static int setup(void **state)
{
	int ends[2];

	(void)state;
	setenv("HPSROUTER_LOG_TIME", "0", 1);
	unsetenv("JOURNAL_STREAM");
	log_set_level(LOG_LEVEL_INFO);
	if (pipe(ends) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
		return -1;
	saved_stderr = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	reader = ends[0];
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(reader);
	return 0;
}

static const char *written(void)
{
	static char buf[8192];
	ssize_t n = read(reader, buf, sizeof(buf) - 1);

	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

static void test_levels(void **state)
{
	(void)state;
	log_error("control", "cannot bind %s", "x.sock");
	assert_string_equal(written(), "ERROR control: cannot bind x.sock\n");
	log_warn("port lan0", "down");
	assert_string_equal(written(), "WARN port lan0: down\n");
	log_info("vrouter vpxi1/vr1", "granted_bps=%d", 7);
	assert_string_equal(written(), "INFO vrouter vpxi1/vr1: granted_bps=7\n");
	log_debug("x", "unseen");
	assert_string_equal(written(), "");
	log_set_level(LOG_LEVEL_DEBUG);
	assert_int_equal(log_get_level(), LOG_LEVEL_DEBUG);
	log_debug("x", "seen");
	assert_string_equal(written(), "DEBUG x: seen\n");
	log_set_level(LOG_LEVEL_ERROR);
	log_warn("x", "unseen");
	assert_string_equal(written(), "");
}

static void test_time(void **state)
{
	regex_t stamp;

	(void)state;
	assert_int_equal(
		regcomp(&stamp,
			"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z "
			"INFO s: m\n$",
			REG_EXTENDED | REG_NOSUB),
		0);
	unsetenv("HPSROUTER_LOG_TIME");
	log_info("s", "m");
	assert_int_equal(regexec(&stamp, written(), 0, NULL, 0), 0);
	setenv("JOURNAL_STREAM", "8:1234", 1);
	log_info("s", "m");
	assert_string_equal(written(), "INFO s: m\n");
	setenv("HPSROUTER_LOG_TIME", "1", 1);
	log_info("s", "m");
	assert_int_equal(regexec(&stamp, written(), 0, NULL, 0), 0);
	regfree(&stamp);
}

static void test_one_line(void **state)
{
	static char big[5000], expected[5000];
	const char *line;

	(void)state;
	log_info("a\nb", "c\nERROR forged: \x1b[2J");
	assert_string_equal(written(), "INFO a b: c ERROR forged:  [2J\n");
	memset(big, 'x', sizeof(big) - 1);
	log_info("s", "%s", big);
	line = written();
	memset(expected, 'x', sizeof(expected));
	assert_in_range(strlen(line), 1000, 2048);
	assert_memory_equal(line, "INFO s: ", 8);
	assert_memory_equal(line + 8, expected, strlen(line) - 9);
	assert_int_equal(line[strlen(line) - 1], '\n');
	log_info(big, "m");
	line = written();
	assert_in_range(strlen(line), 1000, 2048);
	assert_int_equal(line[strlen(line) - 1], '\n');
}

static void test_errno_is_kept(void **state)
{
	(void)state;
	errno = ENOENT;
	log_info("s", "%m");
	assert_int_equal(errno, ENOENT);
	assert_string_equal(written(), "INFO s: No such file or directory\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_levels, setup, teardown),
		cmocka_unit_test_setup_teardown(test_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errno_is_kept, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
