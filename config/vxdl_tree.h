/* SPDX-License-Identifier: BSD-3-Clause */
/* XML text as a tree of elements, each with its line: what config/vxdl.c maps to structs. Bounded:
 * no DTD, no entities, no network. Not shared between threads. */
#ifndef HPSR_CONFIG_VXDL_TREE_H
#define HPSR_CONFIG_VXDL_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/diag.h"

struct vxdl_attr {
	struct vxdl_attr *next;
	struct model_loc loc;
	char *name, *value;
	bool known; /* set by who maps it */
};

struct vxdl_elem {
	struct vxdl_elem *parent, *next, *first, *last;
	struct vxdl_attr *attrs, *last_attr;
	struct model_loc loc; /* column 0 */
	char *name;
	bool text; /* its text was reported already */
};

/* 0; -EINVAL with faults in diag, *root NULL then; -ENOMEM. */
int vxdl_tree_parse(const char *text, size_t len, struct vxdl_elem **root, struct diag *diag);
void vxdl_tree_destroy(struct vxdl_elem *root);
/* NULL: not given. */
struct vxdl_attr *vxdl_tree_attr(const struct vxdl_elem *elem, const char *name);

#endif
