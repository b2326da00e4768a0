/* SPDX-License-Identifier: BSD-3-Clause */
/* Whole files of text with a limit to their size. */
#ifndef HPSR_CONFIG_TEXTFILE_H
#define HPSR_CONFIG_TEXTFILE_H

#include <stddef.h>

#include "config/diag.h"

/* The whole of a file no larger than MAX_MIB MiB, NUL behind; the caller frees *text. -EINVAL with
 * "not WHAT" in diag for a larger one, which is not read whole; the errno of opening and reading;
 * -ENOMEM. */
int textfile_read(const char *path, unsigned int max_mib, const char *what, char **text,
	size_t *len, struct diag *diag);

#endif
