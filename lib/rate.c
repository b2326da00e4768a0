/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/rate.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define FRACTION_DIGITS 9

struct unit {
	const char *name;
	uint64_t factor;
};

/* Largest first. */
static const struct unit rate_units[] = {
	{"Gbps", 1000000000}, {"Mbps", 1000000}, {"kbps", 1000}, {"bps", 1}};
static const struct unit size_units[] = {
	{"GiB", 1u << 30}, {"MiB", 1u << 20}, {"KiB", 1u << 10}, {"B", 1}};
static const struct unit percent_units[] = {{"%", 100}};

#define N_UNITS(units) (sizeof(units) / sizeof((units)[0]))

/* Digits, perhaps a point and at most nine more, then the name of a unit; the value must be whole
 * in units of factor 1. */
static int quantity_parse(
	const char *text, const struct unit *units, size_t n_units, uint64_t *value)
{
	unsigned __int128 scaled = 0, product;
	const char *c = text;
	size_t n_decimals = 0;
	bool over = false;

	if (*c < '0' || *c > '9')
		return -EINVAL;
	for (; *c >= '0' && *c <= '9'; c++) {
		/* Stops at 2^64 x 10: the product below then stays within 128 bits. */
		over |= scaled > UINT64_MAX;
		if (!over)
			scaled = scaled * 10 + (unsigned int)(*c - '0');
	}
	if (*c == '.') {
		for (c++; *c >= '0' && *c <= '9'; c++, n_decimals++) {
			if (n_decimals == FRACTION_DIGITS)
				return -EINVAL;
			if (!over)
				scaled = scaled * 10 + (unsigned int)(*c - '0');
		}
		if (n_decimals == 0)
			return -EINVAL;
	}
	for (size_t i = 0; i < n_units; i++) {
		uint64_t divisor = 1;

		if (strcmp(c, units[i].name) != 0)
			continue;
		for (size_t d = 0; d < n_decimals; d++)
			divisor *= 10;
		if (over || scaled / divisor > UINT64_MAX)
			return -ERANGE;
		/* scaled < 2^64 x 10^9 and factor <= 2^30: below 2^124. */
		product = scaled * units[i].factor;
		if (product % divisor != 0)
			return -EINVAL;
		if (product / divisor > UINT64_MAX)
			return -ERANGE;
		*value = (uint64_t)(product / divisor);
		return 0;
	}
	return -EINVAL;
}

int rate_parse(const char *text, uint64_t *bps)
{
	return quantity_parse(text, rate_units, N_UNITS(rate_units), bps);
}

const char *rate_print(uint64_t bps, char buf[RATE_STRLEN])
{
	for (size_t i = 0; i < N_UNITS(rate_units); i++) {
		uint64_t factor = rate_units[i].factor;
		uint64_t thousandth = factor >= 1000 ? factor / 1000 : 1;
		unsigned int decimals = 3, fraction;

		if (bps < factor || bps % thousandth != 0)
			continue;
		fraction = (unsigned int)(bps % factor / thousandth);
		while (decimals && fraction % 10 == 0) {
			fraction /= 10;
			decimals--;
		}
		if (decimals)
			snprintf(buf, RATE_STRLEN, "%llu.%0*u%s",
				(unsigned long long)(bps / factor), (int)decimals, fraction,
				rate_units[i].name);
		else
			snprintf(buf, RATE_STRLEN, "%llu%s", (unsigned long long)(bps / factor),
				rate_units[i].name);
		return buf;
	}
	snprintf(buf, RATE_STRLEN, "%llubps", (unsigned long long)bps);
	return buf;
}

const char *rate_print_short(uint64_t bps, char buf[RATE_STRLEN])
{
	static const unsigned int scales[] = {100, 10, 1}; /* 2, 1, 0 decimals */

	for (size_t i = 0; i < N_UNITS(rate_units) - 1; i++) {
		uint64_t factor = rate_units[i].factor;
		uint64_t value = 0;
		int decimals = 3;

		/* 999.5 of the next smaller unit is 1.00 of this one. */
		if (bps < factor - factor / 2000)
			continue;
		for (size_t s = 0; s < N_UNITS(scales); s++) {
			value = (uint64_t)(((unsigned __int128)bps * scales[s] + factor / 2) /
				factor);
			decimals--;
			if (value < 1000)
				break;
		}
		if (decimals)
			snprintf(buf, RATE_STRLEN, "%llu.%0*llu%s",
				(unsigned long long)(value / scales[2 - decimals]), decimals,
				(unsigned long long)(value % scales[2 - decimals]),
				rate_units[i].name);
		else
			snprintf(buf, RATE_STRLEN, "%llu%s", (unsigned long long)value,
				rate_units[i].name);
		return buf;
	}
	snprintf(buf, RATE_STRLEN, "%llubps", (unsigned long long)bps);
	return buf;
}

int size_parse(const char *text, uint64_t *bytes)
{
	return quantity_parse(text, size_units, N_UNITS(size_units), bytes);
}

const char *size_print(uint64_t bytes, char buf[SIZE_STRLEN])
{
	size_t i = 0;

	while (bytes < size_units[i].factor || bytes % size_units[i].factor != 0) {
		if (size_units[i].factor == 1)
			break;
		i++;
	}
	snprintf(buf, SIZE_STRLEN, "%llu%s", (unsigned long long)(bytes / size_units[i].factor),
		size_units[i].name);
	return buf;
}

int percent_parse(const char *text, uint32_t *centi_percent)
{
	uint64_t value;
	int rc = quantity_parse(text, percent_units, N_UNITS(percent_units), &value);

	if (rc < 0)
		return rc;
	if (value > 10000)
		return -ERANGE;
	*centi_percent = (uint32_t)value;
	return 0;
}

const char *percent_print(uint32_t centi_percent, char buf[RATE_STRLEN])
{
	unsigned int whole = centi_percent / 100, fraction = centi_percent % 100;

	if (fraction == 0)
		snprintf(buf, RATE_STRLEN, "%u%%", whole);
	else if (fraction % 10 == 0)
		snprintf(buf, RATE_STRLEN, "%u.%u%%", whole, fraction / 10);
	else
		snprintf(buf, RATE_STRLEN, "%u.%02u%%", whole, fraction);
	return buf;
}
