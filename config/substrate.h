/* SPDX-License-Identifier: BSD-3-Clause */
/* What the operator has: sites with slices and two ports each, and the links between them (YAML).
 * Not shared between threads. */
#ifndef HPSR_CONFIG_SUBSTRATE_H
#define HPSR_CONFIG_SUBSTRATE_H

#include <stddef.h>
#include <stdint.h>

#include "config/diag.h"
#include "config/model.h"

#define SUBSTRATE_FILE_MIB 16
#define SUBSTRATE_VNI_MAX ((1u << 24) - 1)
#define SUBSTRATE_LCORES_MAX 127 /* of a site; one more is left for control */

struct substrate_slice {
	struct model_loc loc;
	char name[MODEL_NAME_MAX + 1];
	uint16_t lcores;      /* how many */
	enum model_idle idle; /* of its workers; default poll */
};

struct substrate_range {
	struct model_loc loc;
	uint32_t first, last;
};

struct substrate_port {
	struct model_loc loc; /* line 0: not given */
	char name[MODEL_NAME_MAX + 1];
	char *device;
	uint64_t capacity_bps;
	uint32_t vpxi_share_centi;     /* hundredths of a percent, default 10000 */
	uint16_t mtu;                  /* default 1500 */
	struct model_address address;  /* of a backbone port: the end of its tunnels */
	struct substrate_range *vlans; /* of an access port: those that VPXIs may have */
	size_t n_vlans;
};

struct substrate_site {
	struct model_loc loc;
	char name[MODEL_NAME_MAX + 1];
	struct substrate_slice *slices;
	size_t n_slices;
	struct substrate_port access, backbone;
	char *socket; /* NULL: the site file's default */
	struct model_loc socket_loc;
};

struct substrate_end {
	char site[MODEL_NAME_MAX + 1];
};

struct substrate_link {
	struct model_loc loc;
	char name[MODEL_NAME_MAX + 1];
	struct substrate_end *between; /* two, when there is no fault */
	size_t n_between;
	struct model_loc between_loc;
	size_t a, b; /* indices of the sites */
	uint64_t capacity_bps;
	uint32_t vpxi_share_centi;
	uint64_t latency_ns;
	enum model_tunnel_type tunnel; /* vxlan (default) or gre, whose keys are VNIs, too */
};

struct substrate {
	char *file;
	struct substrate_range vnis;
	struct substrate_site *sites;
	size_t n_sites;
	struct substrate_link *links;
	size_t n_links;
};

/* As site_parse_file and site_parse_buffer: every fault goes to diag as FILE:LINE:COLUMN: message,
 * on any error *out is NULL; -EINVAL, -ENOMEM or the errno of reading. The parts are checked
 * against one another, too. The caller calls substrate_destroy. */
int substrate_parse_file(const char *path, struct substrate **out, struct diag *diag);
int substrate_parse_buffer(
	const char *name, const char *text, size_t len, struct substrate **out, struct diag *diag);
/* NULL is allowed. */
void substrate_destroy(struct substrate *substrate);

/* capacity x share. */
uint64_t substrate_share_bps(uint64_t capacity_bps, uint32_t share_centi);

/* How the parts fit together; for substrate.c. */
void substrate_check(struct substrate *substrate, struct diag *diag);

#endif
