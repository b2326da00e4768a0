/* SPDX-License-Identifier: BSD-3-Clause */
/* Faults of a file, each with its place: collected while parsing and checking, printed as
 * FILE:LINE:COLUMN: message, in the order of the file. Not shared between threads. */
#ifndef HPSR_CONFIG_DIAG_H
#define HPSR_CONFIG_DIAG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/model.h"

#define DIAG_MAX 200 /* faults kept; later ones are counted only */

enum diag_kind { DIAG_ERROR, DIAG_WARNING };

struct diag_entry {
	enum diag_kind kind;
	struct model_loc loc;
	char *text;
};

struct diag {
	char *file;
	struct diag_entry *entries;
	size_t n_entries;
	size_t n_errors; /* all of them, also those not kept */
	size_t n_warnings;
};

/* FILE is copied. 0 or -ENOMEM. */
int diag_init(struct diag *diag, const char *file);
void diag_fini(struct diag *diag);
/* Out of memory loses the text, never the count. */
void diag_error(struct diag *diag, struct model_loc loc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void diag_warning(struct diag *diag, struct model_loc loc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Sorted by place, one line each (warnings as "FILE:L:C: warning: ..."); a fault without a column
 * prints "FILE:L: message", one without a place "FILE: message". */
void diag_print(const struct diag *diag, FILE *out);
/* The same lines in one string, for the control socket. The caller frees; NULL: out of memory. */
char *diag_format(const struct diag *diag);

#endif
