/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables that say which key of a mapping goes to which member of a struct, and how: a record is a
 * mapping, a field one of its keys. Every fault is reported, and reading goes on behind it. */
#ifndef HPSR_CONFIG_FIELD_H
#define HPSR_CONFIG_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/diag.h"
#include "config/model.h"
#include "config/tree.h"

#define FIELD_KEYS_MAX 16 /* of one record */

struct field_ctx {
	struct diag *diag;
	bool no_memory;
};

struct field {
	const char *key;
	/* Judge NODE and set the member of OBJECT; a faulty value leaves it as it was. */
	void (*parse)(struct field_ctx *ctx, const struct field *field,
		const struct tree_node *node, void *object);
	size_t offset;     /* of the member */
	size_t loc_offset; /* of the struct model_loc for the value's place; 0: none */
	const void *arg;   /* what the parse function says below */
	uint64_t min, max; /* inclusive, where the parse function has limits */
	bool required;
};

struct field_given;

struct record {
	const char *what; /* for messages: "port" */
	const struct field *fields;
	size_t n_fields;
	size_t size;                /* of the struct, for lists of it */
	bool has_loc;               /* the struct begins with a struct model_loc */
	void (*init)(void *object); /* sets the defaults of a zeroed object; may be NULL */
	/* What concerns several keys; runs behind the fields, faulty or not; may be NULL. */
	void (*finish)(struct field_ctx *ctx, const struct field_given *given, void *object);
};

/* arg of field_list. */
struct field_list {
	size_t item_size;
	size_t count_offset;         /* of the size_t count, in the object that has the list */
	const struct record *record; /* items are mappings; or NULL: */
	struct field item;           /* how to parse one item, at offset 0 */
	bool one_alone;              /* a single value may stand without brackets */
	bool unknown_item; /* what is no list counts as one item of which nothing is known */
};

/* arg of field_enum: ends with a NULL name. */
struct field_choice {
	const char *name;
	unsigned int value;
};

/* The keys of one mapping that were found, also under a misspelt name; for `finish`. */
struct field_given {
	const struct record *record;
	const struct tree_node *node;                 /* the mapping */
	const struct tree_node *keys[FIELD_KEYS_MAX]; /* by index of the field; NULL: not given */
};
/* The value of a key; NULL when it is not there. */
const struct tree_node *field_value(const struct field_given *given, const char *key);

void field_parse_record(struct field_ctx *ctx, const struct record *record,
	const struct tree_node *node, void *object);
/* "KEY: expected WHAT, found VALUE" */
void field_expected(struct field_ctx *ctx, const struct field *field, const struct tree_node *node,
	const char *what);
/* The text of a scalar; NULL, and reported as something else than WHAT, when NODE is none. */
const char *field_text(struct field_ctx *ctx, const struct field *field,
	const struct tree_node *node, const char *what);
/* The choice nearest to TEXT by edit distance, when it is near enough to be meant; else NULL.
 * NEXT_NAME steps through the names: it returns NULL behind the last. */
const char *field_nearest(
	const char *text, const char *(*next_name)(const void *names, size_t i), const void *names);
/* A whole number between the field's limits. */
bool field_number(struct field_ctx *ctx, const struct field *field, const struct tree_node *node,
	uint64_t *value);

/* Parse functions: the member's type, and what arg is. */
#define FIELD_PARSER(name)                                                                        \
	void name(struct field_ctx *ctx, const struct field *field, const struct tree_node *node, \
		void *object)
FIELD_PARSER(field_record);  /* a struct; arg: its struct record */
FIELD_PARSER(field_list);    /* pointer to an array on the heap; arg: struct field_list */
FIELD_PARSER(field_name);    /* char[MODEL_NAME_MAX + 1] */
FIELD_PARSER(field_string);  /* char * on the heap, not empty; arg: what is expected */
FIELD_PARSER(field_enum);    /* an enum; arg: struct field_choice[] */
FIELD_PARSER(field_u16);     /* with limits */
FIELD_PARSER(field_u32);     /* with limits */
FIELD_PARSER(field_rate);    /* uint64_t, with limits */
FIELD_PARSER(field_size);    /* uint64_t, with limits */
FIELD_PARSER(field_percent); /* uint32_t, hundredths */
FIELD_PARSER(field_ipaddr);  /* struct ip_addr */
FIELD_PARSER(field_address); /* struct model_address */
FIELD_PARSER(field_mac);     /* struct mac_addr, of one station */

#endif
