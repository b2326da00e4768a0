/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "lib/rate.h"

struct text_case {
	const char *text;
	int rc;
	uint64_t value;
	const char *printed; /* of the value; NULL: the text itself */
};

static void test_rate(void **state)
{
	static const struct text_case cases[] = {
		{"100Mbps", 0, 100000000, NULL},
		{"1.5Gbps", 0, 1500000000, NULL},
		{"64kbps", 0, 64000, NULL},
		{"250000bps", 0, 250000, "250kbps"},
		{"0bps", 0, 0, NULL},
		{"999bps", 0, 999, NULL},
		{"1.000000001Gbps", 0, 1000000001, "1000000.001kbps"},
		{"1.0010Gbps", 0, 1001000000, "1.001Gbps"},
		{"1000Mbps", 0, 1000000000, "1Gbps"},
		{"0.1Gbps", 0, 100000000, "100Mbps"},
		{"1234567kbps", 0, 1234567000, "1234.567Mbps"},
		{"18446744073709551615bps", 0, UINT64_MAX, "18446744073709551.615kbps"},
		{"18446744073709551616bps", -ERANGE, 0, NULL},
		{"18446744073.709551615Gbps", 0, UINT64_MAX, "18446744073709551.615kbps"},
		{"18446744073.709551616Gbps", -ERANGE, 0, NULL},
		{"99999999999999999999999999999999999999999999999999Gbps", -ERANGE, 0, NULL},
		{"0.0000000001Gbps", -EINVAL, 0, NULL}, /* ten decimals */
		{"0.5bps", -EINVAL, 0, NULL},
		{"1.0005kbps", -EINVAL, 0, NULL},
		{"100", -EINVAL, 0, NULL},
		{"", -EINVAL, 0, NULL},
		{"Mbps", -EINVAL, 0, NULL},
		{".5Mbps", -EINVAL, 0, NULL},
		{"1.Mbps", -EINVAL, 0, NULL},
		{"-1Mbps", -EINVAL, 0, NULL},
		{"+1Mbps", -EINVAL, 0, NULL},
		{"1 Mbps", -EINVAL, 0, NULL},
		{" 1Mbps", -EINVAL, 0, NULL},
		{"1Mbps ", -EINVAL, 0, NULL},
		{"1mbps", -EINVAL, 0, NULL},
		{"1Mbit", -EINVAL, 0, NULL},
		{"1e3Mbps", -EINVAL, 0, NULL},
		{"0x10Mbps", -EINVAL, 0, NULL},
		{"99999999999999999999999999999999999999999999999999", -EINVAL, 0, NULL},
	};
	char buf[RATE_STRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 42;

		if (rate_parse(cases[i].text, &value) != cases[i].rc)
			fail_msg("%s", cases[i].text);
		assert_true(value == (cases[i].rc ? 42 : cases[i].value));
		if (cases[i].rc == 0)
			assert_string_equal(rate_print(value, buf),
				cases[i].printed ? cases[i].printed : cases[i].text);
	}
}

static void test_size(void **state)
{
	static const struct text_case cases[] = {
		{"256KiB", 0, 262144, NULL},
		{"32B", 0, 32, NULL},
		{"256MiB", 0, 268435456, NULL},
		{"1GiB", 0, 1073741824, NULL},
		{"1025B", 0, 1025, NULL},
		{"1024KiB", 0, 1048576, "1MiB"},
		{"1.5KiB", 0, 1536, "1536B"},
		{"0B", 0, 0, NULL},
		{"17179869183GiB", 0, 18446744072635809792u, NULL},
		{"17179869184GiB", -ERANGE, 0, NULL},
		{"256KB", -EINVAL, 0, NULL},
		{"256K", -EINVAL, 0, NULL},
		{"256", -EINVAL, 0, NULL},
		{"0.5B", -EINVAL, 0, NULL},
		{"-1B", -EINVAL, 0, NULL},
	};
	char buf[SIZE_STRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 42;

		if (size_parse(cases[i].text, &value) != cases[i].rc)
			fail_msg("%s", cases[i].text);
		assert_true(value == (cases[i].rc ? 42 : cases[i].value));
		if (cases[i].rc == 0)
			assert_string_equal(size_print(value, buf),
				cases[i].printed ? cases[i].printed : cases[i].text);
	}
}

static void test_percent(void **state)
{
	static const struct text_case cases[] = {
		{"100%", 0, 10000, NULL},
		{"12.5%", 0, 1250, NULL},
		{"0.01%", 0, 1, NULL},
		{"33.30%", 0, 3330, "33.3%"},
		{"0%", 0, 0, NULL},
		{"100.01%", -ERANGE, 0, NULL},
		{"101%", -ERANGE, 0, NULL},
		{"0.001%", -EINVAL, 0, NULL},
		{"20", -EINVAL, 0, NULL},
		{"%", -EINVAL, 0, NULL},
		{"-5%", -EINVAL, 0, NULL},
	};
	char buf[RATE_STRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t value = 42;

		if (percent_parse(cases[i].text, &value) != cases[i].rc)
			fail_msg("%s", cases[i].text);
		assert_true(value == (cases[i].rc ? 42 : cases[i].value));
		if (cases[i].rc == 0)
			assert_string_equal(percent_print(value, buf),
				cases[i].printed ? cases[i].printed : cases[i].text);
	}
}

static void test_random_round_trip(void **state)
{
	char buf[RATE_STRLEN];

	(void)state;
	srand(2);
	for (int i = 0; i < 200000; i++) {
		uint64_t value =
			((uint64_t)rand() << 33 ^ (uint64_t)rand() << 11 ^ (uint64_t)rand()) >>
			rand() % 64;
		uint64_t again;
		uint32_t centi = (uint32_t)rand() % 10001, centi_again;

		/* Round values too. */
		for (int zeros = rand() % 10; zeros > 0 && value < UINT64_MAX / 10; zeros--)
			value *= 10;
		assert_int_equal(rate_parse(rate_print(value, buf), &again), 0);
		assert_true(again == value);
		assert_int_equal(size_parse(size_print(value, buf), &again), 0);
		assert_true(again == value);
		assert_int_equal(percent_parse(percent_print(centi, buf), &centi_again), 0);
		assert_int_equal(centi, centi_again);
	}
}

static void test_short(void **state)
{
	static const struct {
		uint64_t bps;
		const char *text;
	} cases[] = {
		{0, "0bps"},
		{999, "999bps"},
		{1000, "1.00kbps"},
		{99840000, "99.8Mbps"},
		{99949999, "99.9Mbps"},
		{99950000, "100Mbps"},
		{9994999, "9.99Mbps"},
		{9995000, "10.0Mbps"},
		{999499999, "999Mbps"},
		{999500000, "1.00Gbps"},
		{123456789012, "123Gbps"},
	};
	char buf[RATE_STRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(rate_print_short(cases[i].bps, buf), cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_percent),
		cmocka_unit_test(test_random_round_trip),
		cmocka_unit_test(test_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
