/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/promtext.h"

#include <inttypes.h>
#include <string.h>

void promtext_label(struct promtext_labels *labels, const char *key, const char *value)
{
	size_t len = labels->len, room = sizeof(labels->text);
	int n = snprintf(labels->text + len, room - len, "%s%s=\"", len ? "," : "", key);

	len += (size_t)n;
	for (; *value && len < room; value++) {
		if (*value == '\\' || *value == '"' || *value == '\n')
			labels->text[len++] = '\\';
		if (len < room)
			labels->text[len++] = *value == '\n' ? 'n' : *value;
	}
	if (len + 1 >= room) {
		labels->text[labels->len] = '\0';
		return;
	}
	labels->text[len++] = '"';
	labels->text[len] = '\0';
	labels->len = len;
}

void promtext_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s ", name);
	for (; *help; help++) {
		if (*help == '\\')
			fputs("\\\\", out);
		else if (*help == '\n')
			fputs("\\n", out);
		else
			fputc(*help, out);
	}
	fprintf(out, "\n# TYPE %s %s\n", name, type);
}

static void sample_begin(FILE *out, const char *name, const char *labels)
{
	fputs(name, out);
	if (labels[0]) {
		fputc('{', out);
		fputs(labels, out);
		fputc('}', out);
	}
	fputc(' ', out);
}

void promtext_sample(FILE *out, const char *name, const char *labels, uint64_t value)
{
	sample_begin(out, name, labels);
	fprintf(out, "%" PRIu64 "\n", value);
}

void promtext_sample_float(FILE *out, const char *name, const char *labels, double value)
{
	sample_begin(out, name, labels);
	fprintf(out, "%.17g\n", value);
}

static uint64_t value_of(const struct promtext_family *family, const char *row)
{
	uint64_t wide;
	uint32_t half;
	uint8_t byte;

	switch (family->size) {
	case sizeof(wide):
		memcpy(&wide, row + family->offset, sizeof(wide));
		return wide;
	case sizeof(half):
		memcpy(&half, row + family->offset, sizeof(half));
		return half;
	default:
		memcpy(&byte, row + family->offset, sizeof(byte));
		return byte;
	}
}

void promtext_families(FILE *out, const struct promtext_family *families, size_t n,
	const struct promtext_rows *rows)
{
	for (size_t f = 0; f < n; f++) {
		promtext_head(out, families[f].name, families[f].type, families[f].help);
		for (size_t i = 0; i < rows->n; i++) {
			const char *row = (const char *)rows->rows + i * rows->size, *labels;
			uint64_t value = value_of(&families[f], row);

			memcpy(&labels, row, sizeof(labels));
			if (value != PROMTEXT_NONE)
				promtext_sample(out, families[f].name, labels, value);
		}
	}
}
