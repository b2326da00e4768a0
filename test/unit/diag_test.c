/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "config/diag.h"

static struct model_loc at(uint32_t line, uint32_t column)
{
	return (struct model_loc){line, column};
}

static void assert_report(const struct diag *diag, const char *expected)
{
	char *report = diag_format(diag);

	assert_non_null(report);
	assert_string_equal(report, expected);
	free(report);
}

static void test_order_of_the_file(void **state)
{
	struct diag diag;

	(void)state;
	assert_int_equal(diag_init(&diag, "site.yaml"), 0);
	assert_report(&diag, "");
	diag_error(&diag, at(10, 2), "third %d", 3);
	diag_error(&diag, at(9, 20), "second");
	diag_warning(&diag, at(9, 3), "first");
	diag_error(&diag, at(0, 0), "of the whole");
	assert_int_equal(diag.n_errors, 3);
	assert_int_equal(diag.n_warnings, 1);
	assert_report(&diag,
		"site.yaml: of the whole\n"
		"site.yaml:9:3: warning: first\n"
		"site.yaml:9:20: second\n"
		"site.yaml:10:2: third 3\n");
	diag_fini(&diag);
}

static void test_one_line_each(void **state)
{
	struct diag diag;

	(void)state;
	assert_int_equal(diag_init(&diag, "f"), 0);
	diag_error(&diag, at(1, 1), "found '%s'", "a\nf:2:2: forged\t\x1b[2J\x7f");
	assert_report(&diag, "f:1:1: found 'a\\nf:2:2: forged\\t\\x1b[2J\\x7f'\n");
	diag_fini(&diag);
}

static void test_many(void **state)
{
	struct diag diag;
	char *report;
	size_t n_lines = 0;

	(void)state;
	assert_int_equal(diag_init(&diag, "f"), 0);
	for (uint32_t i = 1; i <= DIAG_MAX + 50; i++)
		diag_error(&diag, at(i, 1), "fault %u", i);
	assert_int_equal(diag.n_errors, DIAG_MAX + 50);
	assert_int_equal(diag.n_entries, DIAG_MAX);
	report = diag_format(&diag);
	for (const char *c = report; *c; c++)
		n_lines += *c == '\n';
	assert_int_equal(n_lines, DIAG_MAX + 1);
	assert_non_null(strstr(report, "f:200:1: fault 200\n"));
	assert_non_null(strstr(report, "f: and 50 more\n"));
	free(report);
	diag_fini(&diag);
	assert_int_equal(diag.n_entries, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_of_the_file),
		cmocka_unit_test(test_one_line_each),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
