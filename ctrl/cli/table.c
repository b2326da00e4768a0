/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/cli/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/rate.h"

void table_init(struct table *table, const char *const *headers)
{
	memset(table, 0, sizeof(*table));
	table->headers = headers;
	while (headers[table->n_columns])
		table->n_columns++;
}

void table_fini(struct table *table)
{
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	memset(table, 0, sizeof(*table));
}

void table_cell(struct table *table, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	if (table->n_cells == table->size) {
		size_t size = table->size ? table->size * 2 : 64;
		char **cells = realloc(table->cells, size * sizeof(*cells));

		if (!cells) {
			table->failed = 1;
			return;
		}
		table->cells = cells;
		table->size = size;
	}
	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		table->failed = 1;
	else
		table->cells[table->n_cells++] = text;
}

static void print_cell(const char *text, const char *header, size_t width, int last, FILE *out)
{
	if (header[0] == '>')
		fprintf(out, "%*s%s", (int)width, text, last ? "" : "  ");
	else if (last)
		fputs(text, out);
	else
		fprintf(out, "%-*s  ", (int)width, text);
}

static void print_row(
	const struct table *table, char *const *cells, const size_t *widths, FILE *out)
{
	for (size_t c = 0; c < table->n_columns; c++) {
		const char *header = table->headers[c];
		const char *text = cells ? cells[c] : header + (header[0] == '>');

		print_cell(text, header, widths[c], c + 1 == table->n_columns, out);
	}
	fputc('\n', out);
}

int table_print(const struct table *table, FILE *out)
{
	size_t widths[TABLE_COLUMNS_MAX], n_rows = table->n_cells / table->n_columns;

	if (table->failed || table->n_columns > TABLE_COLUMNS_MAX)
		return -ENOMEM;
	if (n_rows == 0)
		return 0;
	for (size_t c = 0; c < table->n_columns; c++) {
		widths[c] = strlen(table->headers[c]) - (table->headers[c][0] == '>');
		for (size_t r = 0; r < n_rows; r++) {
			size_t len = strlen(table->cells[r * table->n_columns + c]);

			if (len > widths[c])
				widths[c] = len;
		}
	}
	print_row(table, NULL, widths, out);
	for (size_t r = 0; r < n_rows; r++)
		print_row(table, table->cells + r * table->n_columns, widths, out);
	return 0;
}

void table_cell_string(struct table *table, const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	table_cell(table, "%s", text ? text : "-");
}

void table_cell_integer(struct table *table, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (json_is_integer(value))
		table_cell(table, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		table_cell(table, "-");
}

void table_cell_rate(struct table *table, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	char text[RATE_STRLEN];

	if (json_is_integer(value))
		table_cell(
			table, "%s", rate_print_short((uint64_t)json_integer_value(value), text));
	else
		table_cell(table, "-");
}

void table_cell_bytes(struct table *table, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	char text[HUMAN_LEN];

	if (json_is_integer(value))
		table_cell(table, "%s", human_bytes((uint64_t)json_integer_value(value), text));
	else
		table_cell(table, "-");
}

void table_cell_real(struct table *table, const json_t *object, const char *name, int decimals)
{
	const json_t *value = json_object_get(object, name);

	if (json_is_number(value))
		table_cell(table, "%.*f", decimals, json_number_value(value));
	else
		table_cell(table, "-");
}

void table_cell_sum(struct table *table, const json_t *object, const char *name)
{
	json_t *map = json_object_get(object, name), *value;
	json_int_t sum = 0;
	const char *key;

	json_object_foreach (map, key, value)
		sum += json_integer_value(value);
	table_cell(table, "%" JSON_INTEGER_FORMAT, sum);
}

const char *human_bytes(uint64_t bytes, char buf[HUMAN_LEN])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t unit = 0;

	/* What would round to 1024 is one of the next unit. */
	while (value >= 1023.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, HUMAN_LEN, unit == 0 ? "%.0f%s" : "%.1f%s", value, units[unit]);
	return buf;
}

const char *human_duration(uint64_t ns, char buf[HUMAN_LEN])
{
	uint64_t s = ns / 1000000000;

	if (s < 60)
		snprintf(buf, HUMAN_LEN, "%.1fs", (double)(ns / 100000000) / 10);
	else if (s < 3600)
		snprintf(buf, HUMAN_LEN, "%dm%02ds", (int)(s / 60), (int)(s % 60));
	else if (s < 86400)
		snprintf(buf, HUMAN_LEN, "%dh%02dm", (int)(s / 3600), (int)(s / 60 % 60));
	else
		snprintf(buf, HUMAN_LEN, "%llud%02dh", (unsigned long long)(s / 86400),
			(int)(s / 3600 % 24));
	return buf;
}
