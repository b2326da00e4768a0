/* SPDX-License-Identifier: BSD-3-Clause */
/* Text tables with aligned columns, and numbers for people. */
#ifndef HPSR_CTRL_CLI_TABLE_H
#define HPSR_CTRL_CLI_TABLE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 16
#define HUMAN_LEN 32

struct table {
	const char *const *headers; /* a leading '>' aligns the column to the right */
	size_t n_columns;
	char **cells;
	size_t n_cells, size;
	int failed; /* out of memory: table_print says so */
};

/* HEADERS ends with NULL and outlives the table. */
void table_init(struct table *table, const char *const *headers);
void table_fini(struct table *table);
/* The next cell of the current row; rows follow one another. */
void table_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Header and rows; nothing when there is no row. 0 or -ENOMEM. */
int table_print(const struct table *table, FILE *out);

/* Cells from members of a JSON object; "-" for what is absent or null. */
void table_cell_string(struct table *table, const json_t *object, const char *name);
void table_cell_integer(struct table *table, const json_t *object, const char *name);
void table_cell_rate(struct table *table, const json_t *object, const char *name);
void table_cell_bytes(struct table *table, const json_t *object, const char *name);
void table_cell_real(struct table *table, const json_t *object, const char *name, int decimals);
/* The sum of a {name: count} object. */
void table_cell_sum(struct table *table, const json_t *object, const char *name);

/* "1.5MiB". Returns buf. */
const char *human_bytes(uint64_t bytes, char buf[HUMAN_LEN]);
/* "1d02h", "1h02m", "2m03s", "3.4s". */
const char *human_duration(uint64_t ns, char buf[HUMAN_LEN]);

#endif
