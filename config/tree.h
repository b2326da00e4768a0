/* SPDX-License-Identifier: BSD-3-Clause */
/* YAML text as a tree of nodes, each with its place: what the mapping of keys (field.h) works on.
 * Bounded in depth and in nodes; no aliases, no tags, one document. Not shared between threads. */
#ifndef HPSR_CONFIG_TREE_H
#define HPSR_CONFIG_TREE_H

#include <stddef.h>

#include "config/diag.h"
#include "config/model.h"

#define TREE_NODES_MAX (1u << 20)
#define TREE_VALUE_STRLEN 96

/* TREE_FAULT: reported already (an alias, a NUL character); whoever meets it says nothing more. */
enum tree_kind { TREE_SCALAR, TREE_LIST, TREE_MAP, TREE_FAULT };

struct tree_node {
	enum tree_kind kind;
	struct model_loc loc;
	const char *text; /* of a scalar, without a NUL inside */
	/* Of a list its items, of a mapping key, value, key, value ... */
	struct tree_node *first, *last, *next;
	size_t n; /* how many of them */
};

struct tree {
	struct tree_node *root;
	struct tree_block *blocks; /* all memory */
};

/* 0; -EINVAL with the fault in diag; -ENOMEM. tree_fini is needed after success only. Success means
 * that there is a whole tree: faults that leave one (aliases, tags) are in diag, too. */
int tree_parse(
	const char *text, size_t len, unsigned int depth_max, struct tree *tree, struct diag *diag);
void tree_fini(struct tree *tree);

/* The value of KEY in a mapping; NULL when there is none, or MAP is no mapping. */
const struct tree_node *tree_get(const struct tree_node *map, const char *key);
/* The node as a message shows it: the text in quotes, cut where it is long; "a list", ... */
const char *tree_value(const struct tree_node *node, char buf[TREE_VALUE_STRLEN]);

#endif
