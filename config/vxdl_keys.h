/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables that say which attributes and elements an element of a request has; for vxdl*.c only. */
#ifndef HPSR_CONFIG_VXDL_KEYS_H
#define HPSR_CONFIG_VXDL_KEYS_H

#include "config/vxdl.h"
#include "config/vxdl_tree.h"

struct vxdl_ctx {
	struct diag *diag;
	bool no_memory;
};

struct vxdl_attr_key {
	const char *name;
	/* Judge the value and set the member of OBJECT; a faulty one leaves it as it was. */
	void (*parse)(struct vxdl_ctx *ctx, const struct vxdl_attr_key *key,
		const struct vxdl_attr *attr, void *object);
	size_t offset;
	size_t loc_offset; /* 0: none */
	const void *arg;   /* vxdl_key_enum: names, NULL behind; the value is the index */
	uint64_t min, max;
	bool required;
};

struct vxdl_elem_key {
	const char *name;
	void (*parse)(struct vxdl_ctx *ctx, const struct vxdl_elem *elem, void *object);
	bool required, many;
};

/* Ends with a NULL name each; a NULL table has none. Every fault is reported. */
void vxdl_keys_parse(struct vxdl_ctx *ctx, const struct vxdl_elem *elem,
	const struct vxdl_attr_key *attrs, const struct vxdl_elem_key *elems, void *object);

#define VXDL_KEY_PARSER(name)                                            \
	void name(struct vxdl_ctx *ctx, const struct vxdl_attr_key *key, \
		const struct vxdl_attr *attr, void *object)
VXDL_KEY_PARSER(vxdl_key_name);     /* char[MODEL_NAME_MAX + 1] */
VXDL_KEY_PARSER(vxdl_key_u32);      /* with limits */
VXDL_KEY_PARSER(vxdl_key_enum);     /* an enum */
VXDL_KEY_PARSER(vxdl_key_equals);   /* nothing; arg: the only value that is allowed */
VXDL_KEY_PARSER(vxdl_key_share);    /* uint32_t, thousandths of one */
VXDL_KEY_PARSER(vxdl_key_rate);     /* uint64_t */
VXDL_KEY_PARSER(vxdl_key_latency);  /* uint64_t, nanoseconds */
VXDL_KEY_PARSER(vxdl_key_duration); /* uint64_t, seconds */
VXDL_KEY_PARSER(vxdl_key_time);     /* uint64_t, seconds since 1970 */
VXDL_KEY_PARSER(vxdl_key_network);  /* struct ip_prefix, IPv4, room for a router and a host */

/* How the parts of a request fit together. */
void vxdl_check(struct vxdl_ctx *ctx, struct vxdl *request);

#endif
