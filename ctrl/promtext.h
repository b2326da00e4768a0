/* SPDX-License-Identifier: BSD-3-Clause */
/* The text exposition format 0.0.4 of Prometheus: families of samples, each sample a row of a table
 * of structs. Pure. */
#ifndef HPSR_CTRL_PROMTEXT_H
#define HPSR_CTRL_PROMTEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PROMTEXT_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define PROMTEXT_LABELS_LEN 1024
#define PROMTEXT_NONE UINT64_MAX /* a value that is not there: its sample is left out */

/* One family: the unsigned integer (1, 4 or 8 bytes) at OFFSET of each row. */
struct promtext_family {
	const char *name;
	const char *type; /* counter, gauge */
	const char *help;
	size_t offset, size;
};

#define PROMTEXT_COUNTER(row, member, name, help)                                        \
	{                                                                                \
		name, "counter", help, offsetof(row, member), sizeof(((row *)0)->member) \
	}
#define PROMTEXT_GAUGE(row, member, name, help)                                        \
	{                                                                              \
		name, "gauge", help, offsetof(row, member), sizeof(((row *)0)->member) \
	}

/* Rows of SIZE bytes each, that begin with their labels (`char *`, without braces). */
struct promtext_rows {
	const void *rows;
	size_t n, size;
};

struct promtext_labels {
	char text[PROMTEXT_LABELS_LEN];
	size_t len;
};

/* Appends KEY="VALUE" with VALUE escaped; an all-zero set is empty. What has no room is left out as
 * a whole: a name of the model always has room. */
void promtext_label(struct promtext_labels *labels, const char *key, const char *value);
/* The HELP and TYPE lines. */
void promtext_head(FILE *out, const char *name, const char *type, const char *help);
/* One sample; LABELS "" has none. */
void promtext_sample(FILE *out, const char *name, const char *labels, uint64_t value);
void promtext_sample_float(FILE *out, const char *name, const char *labels, double value);
/* All N families, each with a sample for every row. */
void promtext_families(FILE *out, const struct promtext_family *families, size_t n,
	const struct promtext_rows *rows);

#endif
