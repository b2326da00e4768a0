/* SPDX-License-Identifier: BSD-3-Clause */
/* What the commands of hpsrctl vxdl share. */
#ifndef HPSR_CTRL_CLI_VXDL_H
#define HPSR_CTRL_CLI_VXDL_H

#include "config/diag.h"
#include "ctrl/cli/cli.h"

/* The faults of a file, or the error -RC of reading it, as the command's error; returns EXIT. */
int cli_vxdl_fault(struct cli_error *error, int exit, const char *path, int rc, struct diag *diag);

#endif
