/* SPDX-License-Identifier: BSD-3-Clause */
/* Units of the site file and the command line: rates in bits per second (decimal prefixes), sizes
 * in bytes (binary prefixes), shares. Pure functions, any thread. */
#ifndef HPSR_LIB_RATE_H
#define HPSR_LIB_RATE_H

#include <stdint.h>

#define RATE_MIN_BPS UINT64_C(64000)        /* slowest rate a link can be given */
#define RATE_MAX_BPS UINT64_C(400000000000) /* fastest: 400 Gbit/s */
#define RATE_STRLEN 32
#define SIZE_STRLEN 32

/* "100Mbps", "1.5Gbps", "64kbps", "250000bps": a decimal number, at most nine digits after the
 * point, and a unit; no unit is an error. The result must be a whole number of bits per second.
 * 0, -EINVAL (not a rate), -ERANGE (over UINT64_MAX). */
int rate_parse(const char *text, uint64_t *bps);
/* The largest unit in which the rate is exact with at most three decimals: "1.5Gbps". Parses back
 * to the same value. */
const char *rate_print(uint64_t bps, char buf[RATE_STRLEN]);
/* For people: three significant digits ("99.8Mbps"); need not parse back to the same value. */
const char *rate_print_short(uint64_t bps, char buf[RATE_STRLEN]);

/* "256KiB", "32B", "256MiB", "1GiB". 0, -EINVAL, -ERANGE. */
int size_parse(const char *text, uint64_t *bytes);
/* The largest unit in which the size is a whole number. */
const char *size_print(uint64_t bytes, char buf[SIZE_STRLEN]);

/* "20%", "12.5%": hundredths of a percent, 0..10000. 0, -EINVAL, -ERANGE (over 100 %). */
int percent_parse(const char *text, uint32_t *centi_percent);
const char *percent_print(uint32_t centi_percent, char buf[RATE_STRLEN]);

#endif
