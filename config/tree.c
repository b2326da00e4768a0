/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/tree.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define BLOCK_BYTES 65536u
#define VALUE_SHOWN 60 /* bytes of a value in a message */

struct tree_block {
	struct tree_block *next;
	size_t used, size;
	max_align_t bytes[];
};

struct builder {
	struct tree *tree;
	struct diag *diag;
	struct tree_node **open; /* lists and mappings that have not ended */
	unsigned int depth, depth_max;
	size_t n_nodes;
	bool done; /* the document has ended */
};

static void *tree_alloc(struct tree *tree, size_t size)
{
	struct tree_block *block = tree->blocks;

	size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	if (!block || block->size - block->used < size) {
		size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;

		block = malloc(sizeof(*block) + room);
		if (!block)
			return NULL;
		block->next = tree->blocks;
		block->used = 0;
		block->size = room;
		tree->blocks = block;
	}
	block->used += size;
	return (char *)block->bytes + block->used - size;
}

void tree_fini(struct tree *tree)
{
	while (tree->blocks) {
		struct tree_block *block = tree->blocks;

		tree->blocks = block->next;
		free(block);
	}
	tree->root = NULL;
}

static struct model_loc mark_loc(const yaml_mark_t *mark)
{
	return (struct model_loc){(uint32_t)mark->line + 1, (uint32_t)mark->column + 1};
}

/* libyaml says only the offset where it cannot decode the text. */
static struct model_loc offset_loc(const char *text, size_t len, size_t offset)
{
	struct model_loc loc = {1, 1};

	for (size_t i = 0; i < offset && i < len; i++) {
		if (text[i] == '\n') {
			loc.line++;
			loc.column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			loc.column++;
		}
	}
	return loc;
}

static int report_syntax(
	const yaml_parser_t *parser, const char *text, size_t len, struct diag *diag)
{
	const char *problem = parser->problem ? parser->problem : "not YAML";

	switch (parser->error) {
	case YAML_MEMORY_ERROR:
		return -ENOMEM;
	case YAML_READER_ERROR:
		diag_error(diag, offset_loc(text, len, parser->problem_offset),
			"not YAML text: %s (byte 0x%02x)", problem,
			(unsigned int)parser->problem_value);
		break;
	default:
		if (parser->context)
			diag_error(diag, mark_loc(&parser->problem_mark),
				"YAML syntax: %s, %s that began in line %zu", problem,
				parser->context, parser->context_mark.line + 1);
		else
			diag_error(
				diag, mark_loc(&parser->problem_mark), "YAML syntax: %s", problem);
	}
	return -EINVAL;
}

static int fault(struct builder *builder, struct model_loc loc, const char *text)
{
	diag_error(builder->diag, loc, "%s", text);
	return -EINVAL;
}

static int add_node(struct builder *builder, enum tree_kind kind, const yaml_event_t *event,
	struct tree_node **added)
{
	struct model_loc loc = mark_loc(&event->start_mark);
	struct tree_node *node, *parent;

	if (++builder->n_nodes > TREE_NODES_MAX) {
		diag_error(builder->diag, loc, "more than %u values in one file", TREE_NODES_MAX);
		return -EINVAL;
	}
	node = tree_alloc(builder->tree, sizeof(*node));
	if (!node)
		return -ENOMEM;
	*node = (struct tree_node){.kind = kind, .loc = loc};
	*added = node;
	if (builder->depth == 0) {
		builder->tree->root = node;
		return 0;
	}
	parent = builder->open[builder->depth - 1];
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	parent->n++;
	return 0;
}

static int open_node(struct builder *builder, enum tree_kind kind, const yaml_event_t *event)
{
	struct tree_node *node;
	int rc;

	if (builder->depth == builder->depth_max) {
		diag_error(builder->diag, mark_loc(&event->start_mark),
			"nested deeper than %u levels", builder->depth_max);
		return -EINVAL;
	}
	rc = add_node(builder, kind, event, &node);
	if (rc == 0)
		builder->open[builder->depth++] = node;
	return rc;
}

static int add_scalar(struct builder *builder, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct tree_node *node;
	char *text;
	int rc;

	if (memchr(value, '\0', len)) {
		fault(builder, mark_loc(&event->start_mark), "a value with a NUL character");
		return add_node(builder, TREE_FAULT, event, &node);
	}
	rc = add_node(builder, TREE_SCALAR, event, &node);
	if (rc < 0)
		return rc;
	text = tree_alloc(builder->tree, len + 1);
	if (!text)
		return -ENOMEM;
	memcpy(text, value, len);
	text[len] = '\0';
	node->text = text;
	return 0;
}

static const yaml_char_t *event_tag(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.tag;
	default:
		return NULL;
	}
}

static int add_event(struct builder *builder, const yaml_event_t *event)
{
	struct model_loc loc = mark_loc(&event->start_mark);
	struct tree_node *node;

	if (event_tag(event))
		fault(builder, loc, "YAML tags ('!') are not used here");
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (builder->done)
			return fault(
				builder, loc, "a second YAML document: one file, one document");
		return 0;
	case YAML_DOCUMENT_END_EVENT:
		builder->done = true;
		return 0;
	case YAML_ALIAS_EVENT:
		fault(builder, loc, "YAML aliases ('*') are not allowed");
		return add_node(builder, TREE_FAULT, event, &node);
	case YAML_SCALAR_EVENT:
		return add_scalar(builder, event);
	case YAML_SEQUENCE_START_EVENT:
		return open_node(builder, TREE_LIST, event);
	case YAML_MAPPING_START_EVENT:
		return open_node(builder, TREE_MAP, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		builder->depth--;
		return 0;
	default:
		return 0;
	}
}

int tree_parse(
	const char *text, size_t len, unsigned int depth_max, struct tree *tree, struct diag *diag)
{
	struct builder builder = {.tree = tree, .diag = diag, .depth_max = depth_max};
	yaml_parser_t parser;
	yaml_event_t event;
	bool ended = false;
	int rc = 0;

	*tree = (struct tree){0};
	builder.open = calloc(depth_max, sizeof(*builder.open));
	if (!builder.open || !yaml_parser_initialize(&parser)) {
		free(builder.open);
		return -ENOMEM;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	while (rc == 0 && !ended) {
		if (!yaml_parser_parse(&parser, &event)) {
			rc = report_syntax(&parser, text, len, diag);
			break;
		}
		ended = event.type == YAML_STREAM_END_EVENT;
		rc = add_event(&builder, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	free(builder.open);
	if (rc == 0 && !tree->root)
		rc = fault(&builder, (struct model_loc){1, 1}, "the file is empty");
	if (rc < 0)
		tree_fini(tree);
	return rc;
}

const struct tree_node *tree_get(const struct tree_node *map, const char *key)
{
	if (map->kind != TREE_MAP)
		return NULL;
	for (const struct tree_node *node = map->first; node; node = node->next->next) {
		if (node->kind == TREE_SCALAR && strcmp(node->text, key) == 0)
			return node->next;
	}
	return NULL;
}

const char *tree_value(const struct tree_node *node, char buf[TREE_VALUE_STRLEN])
{
	size_t len;

	switch (node->kind) {
	case TREE_LIST:
		return "a list";
	case TREE_MAP:
		return "a mapping";
	case TREE_FAULT:
		return "a fault";
	case TREE_SCALAR:
		break;
	}
	len = strlen(node->text);
	if (len == 0)
		return "nothing";
	if (len > VALUE_SHOWN) {
		/* Not in the middle of a character. */
		for (len = VALUE_SHOWN; len && ((unsigned char)node->text[len] & 0xc0) == 0x80;)
			len--;
		snprintf(buf, TREE_VALUE_STRLEN, "'%.*s...'", (int)len, node->text);
	} else {
		snprintf(buf, TREE_VALUE_STRLEN, "'%s'", node->text);
	}
	return buf;
}
