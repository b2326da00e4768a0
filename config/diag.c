/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/diag.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int diag_init(struct diag *diag, const char *file)
{
	memset(diag, 0, sizeof(*diag));
	diag->file = strdup(file);
	return diag->file ? 0 : -ENOMEM;
}

void diag_fini(struct diag *diag)
{
	for (size_t i = 0; i < diag->n_entries; i++)
		free(diag->entries[i].text);
	free(diag->entries);
	free(diag->file);
	memset(diag, 0, sizeof(*diag));
}

/* Values of the file are quoted in messages: a control character in one must not look like the end
 * of the line, or reach a terminal. */
static char *escape_controls(const char *text)
{
	char *escaped = malloc(4 * strlen(text) + 1), *out = escaped;

	if (!escaped)
		return NULL;
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '\n')
			out += sprintf(out, "\\n");
		else if (c == '\t')
			out += sprintf(out, "\\t");
		else if (c < 0x20 || c == 0x7f)
			out += sprintf(out, "\\x%02x", c);
		else
			*out++ = (char)c;
	}
	*out = '\0';
	return escaped;
}

__attribute__((format(printf, 4, 0))) static void add(struct diag *diag, enum diag_kind kind,
	struct model_loc loc, const char *format, va_list args)
{
	struct diag_entry *grown;
	char *raw, *text;

	if (kind == DIAG_ERROR)
		diag->n_errors++;
	else
		diag->n_warnings++;
	if (diag->n_entries == DIAG_MAX)
		return;
	grown = reallocarray(diag->entries, diag->n_entries + 1, sizeof(*grown));
	if (!grown)
		return;
	diag->entries = grown;
	if (vasprintf(&raw, format, args) < 0)
		return;
	text = escape_controls(raw);
	free(raw);
	if (!text)
		return;
	grown[diag->n_entries++] = (struct diag_entry){.kind = kind, .loc = loc, .text = text};
}

void diag_error(struct diag *diag, struct model_loc loc, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(diag, DIAG_ERROR, loc, format, args);
	va_end(args);
}

void diag_warning(struct diag *diag, struct model_loc loc, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(diag, DIAG_WARNING, loc, format, args);
	va_end(args);
}

static int compare_entries(const void *a, const void *b)
{
	const struct diag_entry *left = a, *right = b;

	if (left->loc.line != right->loc.line)
		return left->loc.line < right->loc.line ? -1 : 1;
	if (left->loc.column != right->loc.column)
		return left->loc.column < right->loc.column ? -1 : 1;
	return strcmp(left->text, right->text);
}

void diag_print(const struct diag *diag, FILE *out)
{
	size_t n_all = diag->n_errors + diag->n_warnings;

	/* The order in which faults were found means nothing to anybody. */
	if (diag->n_entries > 1)
		qsort(diag->entries, diag->n_entries, sizeof(*diag->entries), compare_entries);
	for (size_t i = 0; i < diag->n_entries; i++) {
		const struct diag_entry *entry = &diag->entries[i];

		if (entry->loc.line && !entry->loc.column)
			fprintf(out, "%s:%u: ", diag->file, entry->loc.line);
		else if (entry->loc.line)
			fprintf(out, "%s:%u:%u: ", diag->file, entry->loc.line, entry->loc.column);
		else
			fprintf(out, "%s: ", diag->file);
		fprintf(out, "%s%s\n", entry->kind == DIAG_WARNING ? "warning: " : "", entry->text);
	}
	if (n_all > diag->n_entries)
		fprintf(out, "%s: and %zu more\n", diag->file, n_all - diag->n_entries);
}

char *diag_format(const struct diag *diag)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	diag_print(diag, out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
