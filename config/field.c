/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAREST_LEN_MAX 32u

static unsigned int fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned int)(c - 'A' + 'a') : (unsigned char)c;
}

/* Optimal string alignment: Levenshtein, and a swap of neighbours counts as one; without regard to
 * case. Both at most NEAREST_LEN_MAX long. */
static unsigned int edit_distance(const char *a, const char *b)
{
	unsigned int rows[3][NEAREST_LEN_MAX + 1];
	unsigned int *before = rows[0], *last = rows[1], *row = rows[2];
	size_t n_a = strlen(a), n_b = strlen(b);

	for (unsigned int j = 0; j <= n_b; j++)
		last[j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		unsigned int *oldest = before;

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= n_b; j++) {
			unsigned int best = last[j - 1] + (fold(a[i - 1]) != fold(b[j - 1]));

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
				fold(a[i - 2]) == fold(b[j - 1]) && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
		before = last;
		last = row;
		row = oldest;
	}
	return last[n_b];
}

const char *field_nearest(
	const char *text, const char *(*next_name)(const void *names, size_t i), const void *names)
{
	const char *name, *best = NULL;
	unsigned int best_distance = 0;
	size_t len = strlen(text);

	if (len == 0 || len > NEAREST_LEN_MAX)
		return NULL;
	for (size_t i = 0; (name = next_name(names, i)) != NULL; i++) {
		size_t longer = strlen(name) > len ? strlen(name) : len;
		unsigned int distance = edit_distance(text, name);

		/* One slip in three letters still is that word; of two letters both may not go. */
		if (distance > (longer + 2) / 3 || distance >= longer)
			continue;
		if (!best || distance < best_distance) {
			best = name;
			best_distance = distance;
		}
	}
	return best;
}

static const char *field_key(const void *names, size_t i)
{
	const struct record *record = names;

	return i < record->n_fields ? record->fields[i].key : NULL;
}

static const char *choice_name(const void *names, size_t i)
{
	return ((const struct field_choice *)names)[i].name;
}

static size_t find_field(const struct record *record, const char *key)
{
	size_t i = 0;

	while (i < record->n_fields && strcmp(record->fields[i].key, key) != 0)
		i++;
	return i;
}

static void parse_field(struct field_ctx *ctx, const struct field *field,
	const struct tree_node *node, void *object)
{
	if (field->loc_offset)
		*(struct model_loc *)((char *)object + field->loc_offset) = node->loc;
	if (node->kind != TREE_FAULT)
		field->parse(ctx, field, node, object);
}

/* Report it; where a known key must have been meant, and is not there, go on as if it were: the
 * faults in its value are reported, and it is not called missing. */
static void parse_unknown(
	struct field_ctx *ctx, const struct tree_node *key, void *object, struct field_given *given)
{
	const struct record *record = given->record;
	char found[TREE_VALUE_STRLEN], known[256] = "";
	const char *nearest;
	size_t index, len = 0;

	/* Nobody reads them any more, so do not spend time on guesses. */
	nearest = ctx->diag->n_entries < DIAG_MAX ? field_nearest(key->text, field_key, record)
						  : NULL;
	if (nearest) {
		diag_error(ctx->diag, key->loc, "unknown key %s in %s, did you mean '%s'?",
			tree_value(key, found), record->what, nearest);
		index = find_field(record, nearest);
		if (!given->keys[index]) {
			given->keys[index] = key;
			parse_field(ctx, &record->fields[index], key->next, object);
		}
		return;
	}
	for (size_t i = 0; i < record->n_fields && len < sizeof(known); i++)
		len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s", i ? ", " : "",
			record->fields[i].key);
	diag_error(ctx->diag, key->loc, "unknown key %s in %s, known are: %s",
		tree_value(key, found), record->what, known);
}

static void parse_known(struct field_ctx *ctx, const struct tree_node *key, size_t index,
	void *object, struct field_given *given)
{
	if (given->keys[index]) {
		diag_error(ctx->diag, key->loc, "repeated key '%s' in %s, the first is in line %u",
			key->text, given->record->what, given->keys[index]->loc.line);
		return;
	}
	given->keys[index] = key;
	parse_field(ctx, &given->record->fields[index], key->next, object);
}

static void parse_keys(struct field_ctx *ctx, void *object, struct field_given *given)
{
	const struct record *record = given->record;
	char found[TREE_VALUE_STRLEN];

	/* The known ones first: a misspelt key does not stand for one that is there. */
	for (const struct tree_node *key = given->node->first; key; key = key->next->next) {
		size_t index = key->kind == TREE_SCALAR ? find_field(record, key->text) : 0;

		if (key->kind == TREE_SCALAR && index < record->n_fields)
			parse_known(ctx, key, index, object, given);
		else if (key->kind == TREE_LIST || key->kind == TREE_MAP)
			diag_error(ctx->diag, key->loc, "%s: expected a key, found %s",
				record->what, tree_value(key, found));
	}
	for (const struct tree_node *key = given->node->first; key; key = key->next->next) {
		if (key->kind == TREE_SCALAR && find_field(record, key->text) == record->n_fields)
			parse_unknown(ctx, key, object, given);
	}
	for (size_t i = 0; i < record->n_fields; i++) {
		if (record->fields[i].required && !given->keys[i])
			diag_error(ctx->diag, given->node->loc, "missing key '%s' in %s",
				record->fields[i].key, record->what);
	}
}

const struct tree_node *field_value(const struct field_given *given, const char *key)
{
	size_t i = find_field(given->record, key);

	return i < given->record->n_fields && given->keys[i] ? given->keys[i]->next : NULL;
}

void field_parse_record(struct field_ctx *ctx, const struct record *record,
	const struct tree_node *node, void *object)
{
	struct field_given given = {.record = record, .node = node};
	char found[TREE_VALUE_STRLEN];

	if (record->init)
		record->init(object);
	if (record->has_loc)
		*(struct model_loc *)object = node->loc;
	if (node->kind == TREE_MAP) {
		parse_keys(ctx, object, &given);
		if (record->finish)
			record->finish(ctx, &given, object);
	} else if (node->kind != TREE_FAULT) {
		diag_error(ctx->diag, node->loc, "%s: expected a mapping of keys, found %s",
			record->what, tree_value(node, found));
	}
}

void field_expected(struct field_ctx *ctx, const struct field *field, const struct tree_node *node,
	const char *what)
{
	char found[TREE_VALUE_STRLEN];

	diag_error(ctx->diag, node->loc, "%s: expected %s, found %s", field->key, what,
		tree_value(node, found));
}

const char *field_text(struct field_ctx *ctx, const struct field *field,
	const struct tree_node *node, const char *what)
{
	if (node->kind == TREE_SCALAR)
		return node->text;
	if (node->kind != TREE_FAULT)
		field_expected(ctx, field, node, what);
	return NULL;
}

void field_record(struct field_ctx *ctx, const struct field *field, const struct tree_node *node,
	void *object)
{
	field_parse_record(ctx, field->arg, node, (char *)object + field->offset);
}

void field_list(struct field_ctx *ctx, const struct field *field, const struct tree_node *node,
	void *object)
{
	const struct field_list *list = field->arg;
	void **items = (void **)((char *)object + field->offset);
	size_t *count = (size_t *)((char *)object + list->count_offset);
	bool alone = list->one_alone && node->kind == TREE_SCALAR && node->text[0] != '\0';
	size_t n = alone ? 1 : node->n;
	const struct tree_node *child = alone ? node : node->first;
	char *item;

	if (node->kind != TREE_LIST && !alone) {
		field_expected(ctx, field, node, "a list ([] for an empty one)");
		/* What refers to an item by name may mean this one. */
		n = list->unknown_item;
		child = NULL;
	}
	if (n == 0)
		return;
	item = calloc(n, list->item_size);
	if (!item) {
		ctx->no_memory = true;
		return;
	}
	*items = item;
	*count = n;
	for (; child && n; child = child->next, n--, item += list->item_size) {
		if (list->record)
			field_parse_record(ctx, list->record, child, item);
		else
			parse_field(ctx, &list->item, child, item);
	}
}

void field_enum(struct field_ctx *ctx, const struct field *field, const struct tree_node *node,
	void *object)
{
	const struct field_choice *choices = field->arg;
	char what[128] = "", found[TREE_VALUE_STRLEN];
	const char *text, *nearest;
	size_t len = 0, n = 0;

	while (choices[n].name)
		n++;
	for (size_t i = 0; i < n && len < sizeof(what); i++)
		len += (size_t)snprintf(what + len, sizeof(what) - len, "%s%s",
			i == 0              ? ""
				: i < n - 1 ? ", "
					    : " or ",
			choices[i].name);
	text = field_text(ctx, field, node, what);
	if (!text)
		return;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(choices[i].name, text) != 0)
			continue;
		*(unsigned int *)((char *)object + field->offset) = choices[i].value;
		return;
	}
	nearest = field_nearest(text, choice_name, choices);
	if (nearest)
		diag_error(ctx->diag, node->loc, "%s: expected %s, found %s, did you mean '%s'?",
			field->key, what, tree_value(node, found), nearest);
	else
		field_expected(ctx, field, node, what);
}
