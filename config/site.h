/* SPDX-License-Identifier: BSD-3-Clause */
/* The site file: YAML in, model out. */
#ifndef HPSR_CONFIG_SITE_H
#define HPSR_CONFIG_SITE_H

#include <stddef.h>

#include "config/diag.h"
#include "config/model.h"

#define SITE_FILE_MAX (16u << 20) /* bytes; larger files are refused unread */
#define SITE_DEPTH_MAX 32         /* nested YAML nodes */

/* Parse a file, or a buffer (name is for messages). Every fault goes to diag: syntax, unknown and
 * repeated keys (with the nearest known key), wrong types and values (with the value and what was
 * expected), missing keys. On any error *out is NULL and -EINVAL is returned; -ENOMEM, or the
 * errno of opening and reading the file, otherwise. YAML aliases are refused. The caller destroys
 * *out. Only the shape of single values is judged here; how they fit together, check_site says -
 * with which a file that has faults is judged at once, as far as it could be read. */
int site_parse_file(const char *path, struct model_site **out, struct diag *diag);
int site_parse_buffer(
	const char *name, const char *text, size_t len, struct model_site **out, struct diag *diag);

/* A file that holds one VPXI (the mapping of one item of `vpxis:`, or `vpxis:` with one item): for
 * `vpxi apply`. Errors as above; the caller calls model_vpxi_fini and frees *out. */
int site_parse_vpxi_file(const char *path, struct model_vpxi **out, struct diag *diag);

#endif
