/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ipaddr.h"

static struct ip_addr addr(const char *text)
{
	struct ip_addr out;

	assert_int_equal(ipaddr_parse(text, &out), 0);
	return out;
}

static struct ip_prefix prefix(const char *text)
{
	struct ip_prefix out;

	assert_int_equal(prefix_parse(text, &out), 0);
	return out;
}

static void test_addr_text(void **state)
{
	static const struct {
		const char *text, *printed; /* NULL: refused */
	} cases[] = {
		{"10.0.0.1", "10.0.0.1"},
		{"255.255.255.255", "255.255.255.255"},
		{"2001:DB8::1", "2001:db8::1"},
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"::", "::"},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
		{"", NULL},
		{"10.0.0", NULL},
		{"10.0.0.1.2", NULL},
		{"10.0.0.256", NULL},
		{"010.0.0.1", NULL},
		{" 10.0.0.1", NULL},
		{"10.0.0.1 ", NULL},
		{"10.0.0.1/24", NULL},
		{"fe80::1%eth0", NULL},
		{"1::2::3", NULL},
		{"12345::", NULL},
	};
	char buf[IP_ADDR_STRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_addr before, out;

		memset(&before, 0xa5, sizeof(before));
		out = before;
		if (cases[i].printed) {
			assert_int_equal(ipaddr_parse(cases[i].text, &out), 0);
			assert_string_equal(ipaddr_print(&out, buf), cases[i].printed);
		} else {
			assert_true(ipaddr_parse(cases[i].text, &out) < 0);
			assert_memory_equal(&out, &before, sizeof(out));
		}
	}
	assert_string_equal(ipaddr_print(&(struct ip_addr){0}, buf), "-");
}

static void test_addr_unused_bytes_are_zero(void **state)
{
	struct ip_addr a = addr("192.0.2.1");
	static const uint8_t zero[12];

	(void)state;
	assert_memory_equal(a.bytes + 4, zero, sizeof(zero));
	assert_int_equal(ipaddr_to_u32(&a), 0xc0000201);
	a = ipaddr_from_u32(0xc0000201);
	assert_int_equal(ipaddr_cmp(&a, &(struct ip_addr){4, {192, 0, 2, 1}}), 0);
}

static void test_addr_order(void **state)
{
	static const char *const ascending[] = {
		"0.0.0.0", "9.255.255.255", "10.0.0.1", "255.255.255.255", "::", "::1", "ff02::1"};
	size_t n = sizeof(ascending) / sizeof(ascending[0]);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++) {
			struct ip_addr a = addr(ascending[i]), b = addr(ascending[j]);
			int rc = ipaddr_cmp(&a, &b);

			assert_int_equal((rc > 0) - (rc < 0), (i > j) - (i < j));
		}
	}
}

static void test_unicast(void **state)
{
	static const struct {
		const char *text;
		bool unicast;
	} cases[] = {
		{"10.0.0.1", true},
		{"223.255.255.255", true},
		{"169.254.1.1", true},
		{"0.0.0.0", false},
		{"0.1.2.3", false},
		{"127.0.0.1", false},
		{"224.0.0.1", false},
		{"239.255.255.255", false},
		{"240.0.0.1", false},
		{"255.255.255.255", false},
		{"2001:db8::1", true},
		{"fe80::1", true},
		{"::", false},
		{"::1", false},
		{"ff02::1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_addr a = addr(cases[i].text);

		if (ipaddr_is_unicast(&a) != cases[i].unicast)
			fail_msg("%s", cases[i].text);
	}
	assert_false(ipaddr_is_unicast(&(struct ip_addr){0}));
}

static void test_prefix_text(void **state)
{
	static const struct {
		const char *text, *printed, *masked;
	} cases[] = {
		{"10.1.2.3/24", "10.1.2.3/24", "10.1.2.0/24"},
		{"10.1.2.3/0", "10.1.2.3/0", "0.0.0.0/0"},
		{"10.1.2.3/32", "10.1.2.3/32", "10.1.2.3/32"},
		{"10.1.2.255/25", "10.1.2.255/25", "10.1.2.128/25"},
		{"2001:db8:ffff::1/33", "2001:db8:ffff::1/33", "2001:db8:8000::/33"},
		{"::1/128", "::1/128", "::1/128"},
		{"::/0", "::/0", "::/0"},
		{"10.0.0.1", NULL, NULL},
		{"10.0.0.1/", NULL, NULL},
		{"10.0.0.1/33", NULL, NULL},
		{"10.0.0.1/-1", NULL, NULL},
		{"10.0.0.1/+8", NULL, NULL},
		{"10.0.0.1/08", NULL, NULL},
		{"10.0.0.1/8 ", NULL, NULL},
		{"10.0.0.1/8/8", NULL, NULL},
		{"10.0.0.1/255.0.0.0", NULL, NULL},
		{"::/129", NULL, NULL},
		{"::/4294967296", NULL, NULL},
		{"/8", NULL, NULL},
		{"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/8", NULL, NULL},
	};
	char buf[IP_PREFIX_STRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_prefix out;

		if (!cases[i].printed) {
			if (prefix_parse(cases[i].text, &out) == 0)
				fail_msg("%s parses", cases[i].text);
			continue;
		}
		assert_int_equal(prefix_parse(cases[i].text, &out), 0);
		assert_string_equal(prefix_print(&out, buf), cases[i].printed);
		out = prefix_mask(&out);
		assert_string_equal(prefix_print(&out, buf), cases[i].masked);
	}
}

/* Bit by bit, without masks. */
static bool model_contains(const struct ip_prefix *p, const struct ip_addr *a)
{
	if (p->addr.af != a->af)
		return false;
	for (unsigned int bit = 0; bit < p->len; bit++) {
		if ((p->addr.bytes[bit / 8] >> (7 - bit % 8) & 1) !=
			(a->bytes[bit / 8] >> (7 - bit % 8) & 1))
			return false;
	}
	return true;
}

static struct ip_prefix random_prefix(void)
{
	struct ip_prefix p = {.addr.af = rand() % 2 ? IP_AF_4 : IP_AF_6};
	unsigned int n = p.addr.af == IP_AF_4 ? 4 : 16;

	/* Few values, so that prefixes meet. */
	for (unsigned int i = 0; i < n; i++)
		p.addr.bytes[i] = (uint8_t)(rand() % 8 ? 0 : 1 << rand() % 8);
	p.len = (uint8_t)((unsigned int)rand() % (n * 8 + 1));
	return p;
}

static void test_prefix_against_model(void **state)
{
	size_t n_overlaps = 0;

	(void)state;
	srand(1);
	for (int i = 0; i < 100000; i++) {
		struct ip_prefix a = random_prefix(), b = random_prefix();
		struct ip_prefix masked = prefix_mask(&a), again;
		bool overlaps =
			a.len <= b.len ? model_contains(&a, &b.addr) : model_contains(&b, &a.addr);
		char buf[IP_PREFIX_STRLEN];

		assert_int_equal(prefix_contains(&a, &b.addr), model_contains(&a, &b.addr));
		assert_int_equal(prefix_overlaps(&a, &b), overlaps);
		assert_int_equal(prefix_overlaps(&b, &a), overlaps);
		assert_int_equal(prefix_cmp(&a, &masked), 0);
		assert_true((prefix_cmp(&a, &b) < 0) == (prefix_cmp(&b, &a) > 0));
		assert_true(prefix_contains(&masked, &a.addr));
		assert_int_equal(prefix_parse(prefix_print(&a, buf), &again), 0);
		assert_memory_equal(&a, &again, sizeof(a));
		n_overlaps += overlaps;
	}
	assert_in_range(n_overlaps, 1000, 99000);
}

static void test_prefix_order(void **state)
{
	struct ip_prefix net8 = prefix("10.0.0.0/8"), net16 = prefix("10.0.0.0/16"),
			 other = prefix("10.1.0.0/16");

	(void)state;
	assert_true(prefix_cmp(&net8, &net16) < 0);
	assert_true(prefix_cmp(&net16, &other) < 0);
	assert_true(prefix_cmp(&other, &net8) > 0);
}

static void test_mac(void **state)
{
	static const char *const bad[] = {"", "02:00:00:00:00", "02:00:00:00:00:0",
		"02:00:00:00:00:001", "02-00-00-00-00-01", "0g:00:00:00:00:01",
		"02:00:00:00:00:01:", "2:0:0:0:0:1"};
	struct mac_addr mac;
	char buf[MAC_ADDR_STRLEN];

	(void)state;
	assert_int_equal(mac_parse("02:Ab:00:00:00:fF", &mac), 0);
	assert_string_equal(mac_print(&mac, buf), "02:ab:00:00:00:ff");
	assert_false(mac_is_zero(&mac));
	assert_false(mac_is_group(&mac));
	assert_int_equal(mac_parse("01:00:5e:00:00:01", &mac), 0);
	assert_true(mac_is_group(&mac));
	assert_int_equal(mac_parse("00:00:00:00:00:00", &mac), 0);
	assert_true(mac_is_zero(&mac));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (mac_parse(bad[i], &mac) == 0)
			fail_msg("%s parses", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addr_text),
		cmocka_unit_test(test_addr_unused_bytes_are_zero),
		cmocka_unit_test(test_addr_order),
		cmocka_unit_test(test_unicast),
		cmocka_unit_test(test_prefix_text),
		cmocka_unit_test(test_prefix_against_model),
		cmocka_unit_test(test_prefix_order),
		cmocka_unit_test(test_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
