/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of build/bench/rates, and how they say what they have measured: a JSON object a line.
 */
#ifndef HPSR_BENCH_RATES_BENCH_H
#define HPSR_BENCH_RATES_BENCH_H

#include <stdbool.h>
#include <stdint.h>

extern const char *const place_names[]; /* by enum dp_place */
extern const char *const shaper_names[];

/* Each part, with fewer cases when QUICK. */
void rates_accuracy(bool quick);
void rates_guarantee(bool quick);
void rates_live(bool quick);
void rates_rfc7640(bool quick);

/* A row of a part: begin, members in any order, end. */
void row_begin(const char *part);
void row_u64(const char *name, uint64_t value);
void row_i64(const char *name, int64_t value);
void row_double(const char *name, double value);
void row_text(const char *name, const char *value);
void row_bool(const char *name, bool value);
void row_end(void);

#endif
