/* SPDX-License-Identifier: BSD-3-Clause */
/* A user's request for a virtual infrastructure: VXDL 2.5 (XML) in, plain structs out. The
 * vocabulary follows papers 000 (II.B) and 002 (II.B); config/schemas/vxdl.xsd says the same for
 * other tools. Not shared between threads. */
#ifndef HPSR_CONFIG_VXDL_H
#define HPSR_CONFIG_VXDL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/diag.h"
#include "config/model.h"
#include "lib/ipaddr.h"

#define VXDL_NAMESPACE "http://www.ens-lyon.fr/LIP/RESO/Software/vxdl"
#define VXDL_VERSION "2.5"
#define VXDL_FILE_MAX (4u << 20) /* bytes; larger files are refused unread */
#define VXDL_DEPTH_MAX 16        /* nested elements */
#define VXDL_TAG_MAX 4096        /* bytes from one '<' to the next */
#define VXDL_RESOURCES_MAX 4096
#define VXDL_LINKS_MAX 8192
#define VXDL_PERIODS_MAX 256

enum vxdl_kind { VXDL_ROUTER, VXDL_NODE, VXDL_CLUSTER, VXDL_ACCESS_POINT };
enum vxdl_direction { VXDL_BOTH, VXDL_FORWARD };
enum vxdl_class { VXDL_DEFAULT, VXDL_LATENCY_SENSITIVE, VXDL_HIGH_BANDWIDTH };

struct vxdl_resource {
	struct model_loc loc;
	enum vxdl_kind kind;
	char id[MODEL_NAME_MAX + 1];
	char site[MODEL_NAME_MAX + 1]; /* "": the embedder chooses */
	struct model_loc site_loc;
	uint32_t ports;       /* of a router: 1..256 */
	uint32_t size;        /* machines of a cluster; 1 for others */
	uint32_t share_milli; /* of a router: thousandths of one lcore; 0: no reservation */
	char function[MODEL_NAME_MAX + 1];
};

struct vxdl_rate {
	uint64_t min_bps; /* 0: no guarantee */
	uint64_t max_bps; /* MODEL_RATE_NONE: up to the capacity */
};

struct vxdl_link {
	struct model_loc loc;
	char id[MODEL_NAME_MAX + 1];
	char source_id[MODEL_NAME_MAX + 1], target_id[MODEL_NAME_MAX + 1];
	struct model_loc source_loc, target_loc;
	size_t source, target;             /* index of the resources */
	uint32_t source_port, target_port; /* 0: not given */
	enum vxdl_direction direction; /* forward: what is asked for holds from source to target */
	enum vxdl_class class;
	struct vxdl_rate rate;
	struct model_loc rate_loc; /* line 0: best effort */
	uint64_t latency_ns;       /* 0: any */
	struct ip_prefix prefix;   /* af IP_AF_NONE: allocated */
	struct model_loc prefix_loc;
};

/* A rate that a link has in one period instead of its own. */
struct vxdl_change {
	struct model_loc loc;
	char link_id[MODEL_NAME_MAX + 1];
	size_t link;
	struct vxdl_rate rate;
};

struct vxdl_period {
	struct model_loc loc;
	char id[MODEL_NAME_MAX + 1];
	uint64_t duration_s; /* 0 (the last one only): the rest of the lease */
	struct vxdl_change *changes;
	size_t n_changes;
};

struct vxdl {
	char *file;
	struct model_loc loc;
	char id[MODEL_NAME_MAX + 1];
	char owner[MODEL_NAME_MAX + 1];
	struct model_loc lease_loc; /* line 0: no lease */
	uint64_t start_s;           /* since 1970; 0: when it is planned */
	uint64_t duration_s;        /* 0: until removed */
	struct vxdl_resource *resources;
	size_t n_resources;
	struct vxdl_link *links;
	size_t n_links;
	struct vxdl_period *periods;
	size_t n_periods;
};

/* Parse and check a file, or a buffer (name is for messages). No network, no DTD, no entities but
 * the predefined ones; bounded in size, depth and length of a tag. Every fault goes to diag, as
 * FILE:LINE: message. On any error *out is NULL and -EINVAL is returned; -ENOMEM, or the errno of
 * opening and reading the file, otherwise. The caller calls vxdl_destroy. */
int vxdl_parse_file(const char *path, struct vxdl **out, struct diag *diag);
int vxdl_parse_buffer(
	const char *name, const char *text, size_t len, struct vxdl **out, struct diag *diag);
/* NULL is allowed. */
void vxdl_destroy(struct vxdl *request);

/* A link with a router at both ends; others are access links. */
bool vxdl_is_backbone(const struct vxdl *request, const struct vxdl_link *link);
/* The rate of a link in a period (index; any, when there are no periods). */
struct vxdl_rate vxdl_rate_in(const struct vxdl *request, size_t link, size_t period);

/* "PT4H", "P1DT30M", "PT90S": days, hours, minutes, whole seconds (ISO 8601); at least a second.
 * 0 or -EINVAL. */
int vxdl_parse_duration(const char *text, uint64_t *seconds);
/* "2026-12-01T08:00:00Z" (RFC 3339, UTC). 0 or -EINVAL. */
int vxdl_parse_time(const char *text, uint64_t *seconds);
#define VXDL_TIME_STRLEN 24
const char *vxdl_print_time(uint64_t seconds, char buf[VXDL_TIME_STRLEN]);

#endif
