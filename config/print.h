/* SPDX-License-Identifier: BSD-3-Clause */
/* The model as a canonical site file: fixed order of keys, defaults left out; parses back to an
 * equal model. */
#ifndef HPSR_CONFIG_PRINT_H
#define HPSR_CONFIG_PRINT_H

#include <stdio.h>

#include "config/model.h"

/* 0, or -EIO when the stream failed. */
int print_site(const struct model_site *site, FILE *out);

#endif
