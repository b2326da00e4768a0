/* SPDX-License-Identifier: BSD-3-Clause */
/* Who has what of a substrate, and when: admission of requests, their numbers (VLANs, VNIs), the
 * state that keeps them between runs, and what each site must run. Not shared between threads. */
#ifndef HPSR_CTRL_PLAN_PLAN_H
#define HPSR_CTRL_PLAN_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/model.h"
#include "config/substrate.h"
#include "config/vxdl.h"
#include "lib/embed/embed.h"

#define PLAN_FOREVER UINT64_MAX
#define PLAN_TEXT_LEN 512
#define PLAN_STEPS 300000u /* of the search for one embedding */

/* One VPXI that has been admitted. */
struct plan_alloc {
	char *text; /* its request, as it was read */
	struct vxdl *request;
	uint64_t start_s, end_s; /* since 1970; PLAN_FOREVER: until removed */
	size_t *site;            /* of each resource */
	size_t *bin;             /* lcore of each router with a share; EMBED_ANY: none of its own */
	size_t *n_hops;          /* of each link; 0: access */
	size_t *hops;            /* [link * n_sites + i]: links of the substrate, from the source */
	uint32_t *vnis;          /* [link * n_sites + i]: of each hop */
	uint16_t *vlans;         /* of each access link; 0: none */
};

struct plan {
	const struct substrate *substrate;
	struct plan_alloc *allocs;
	size_t n_allocs;
	/* Lcores of the substrate. */
	size_t n_bins;
	size_t *bin_site;
	size_t *bin_slice; /* index in its site */
	size_t *bin_lcore; /* index in its slice */
	struct embed_edge *edges;
};

/* Why a request is refused, and what would do. */
struct plan_refusal {
	const char *constraint; /* "location", "lcores", "bandwidth", "latency", "vlans", "vnis",
				 * "topology", "owner", "search" */
	char text[PLAN_TEXT_LEN];
	size_t link; /* whose constraint it is; SIZE_MAX: of several */
	bool has_rates;
	uint64_t *asked_bps, *fits_bps; /* of each link: its largest rate; has_rates */
	size_t n_links;
	uint64_t start_s; /* from when it fits as it is; 0: never, as far as is planned */
};

/* SUBSTRATE is borrowed. 0 or -ENOMEM. */
int plan_init(struct plan *plan, const struct substrate *substrate);
void plan_fini(struct plan *plan);
/* -1: none. */
ssize_t plan_lookup(const struct plan *plan, const char *id);
void plan_del(struct plan *plan, size_t index);
/* Drop what ended at NOW or before. */
void plan_expire(struct plan *plan, uint64_t now_s);
/* Takes ALLOC over; keeps the order by id. 0 or -ENOMEM. */
int plan_add(struct plan *plan, struct plan_alloc *alloc);
void plan_alloc_fini(struct plan_alloc *alloc);
/* Memory for a request, which is taken over with a copy of TEXT on success. 0 or -ENOMEM. */
int plan_alloc_init(struct plan_alloc *alloc, const struct plan *plan, struct vxdl *request,
	const char *text, uint64_t now_s);

/* Admit a request (its lease begins at NOW, unless it says when); it is taken over on success, and
 * a VPXI of the same id and owner is replaced. What is there already with the same text is kept as
 * it is. 0; -ENOSPC with *refusal (plan_refusal_fini), everything as before; -ENOMEM. */
int plan_admit(struct plan *plan, struct vxdl *request, const char *text, uint64_t now_s,
	struct plan_refusal *refusal);
void plan_refusal_fini(struct plan_refusal *refusal);

/* ---- time and rates ---- */

bool plan_overlaps(const struct plan_alloc *alloc, uint64_t start_s, uint64_t end_s);
/* Index of the request's period at a time from START on; 0 without periods. */
size_t plan_period(const struct vxdl *request, uint64_t start_s, uint64_t at_s);
/* When period P begins. */
uint64_t plan_period_start(const struct vxdl *request, uint64_t start_s, size_t p);
/* What a link reserves in a period: from source to target, and back (reverse). */
uint64_t plan_reserved_bps(const struct vxdl *request, size_t link, size_t period, bool reverse);

/* What is free in each slot of a time; for admission and tests. */
struct plan_free {
	struct embed_substrate sub;
	uint64_t *slots; /* when each begins */
	uint64_t *edge_bps, *trunk_bps, *access_bps;
	uint32_t *bin_milli;
};
/* Slots within which no rate of ours or REQUEST's changes. 0, -ENOMEM. */
int plan_free_init(struct plan_free *free_, const struct plan *plan, const struct vxdl *request,
	uint64_t start_s, uint64_t end_s);
void plan_free_fini(struct plan_free *free_);

/* ---- numbers ---- */

/* The VLANs that all SITES with an access link of the request have free from START to END,
 * ascending, at most MAX. How many access links the site with most of them has: *needed. */
size_t plan_vlans(const struct plan *plan, const struct vxdl *request, const size_t *sites,
	uint64_t start_s, uint64_t end_s, uint16_t *vlans, size_t max, size_t *needed);
/* Give the alloc its VLANs and VNIs. 0, or -ENOSPC with the constraint's name in *constraint. */
int plan_number(const struct plan *plan, struct plan_alloc *alloc, const char **constraint);

/* ---- what comes out ---- */

/* What SITE must run for all VPXIs. 0, -ENOMEM, -ENOSPC: no private network is left. */
int plan_site_build(const struct plan *plan, size_t site, struct model_site **out);
/* Table I of paper 000: <virtual, physical, capacity, period> of every VPXI. NULL: out of memory.
 */
json_t *plan_map(const struct plan *plan);
void plan_map_print(const json_t *map, FILE *out);

/* ---- state directory ---- */

struct plan_store {
	char *dir;
	int lock;
};
/* Makes the directory where needed, and waits for nobody: -EBUSY when it is in use. */
int plan_store_open(struct plan_store *store, const char *dir);
void plan_store_close(struct plan_store *store);
/* All VPXIs of the directory into an empty plan. 0; -EINVAL with the reason in TEXT; -errno. */
int plan_store_load(struct plan_store *store, struct plan *plan, char text[PLAN_TEXT_LEN]);
/* Whole or not at all, whenever it is killed. 0 or -errno. */
int plan_store_save(struct plan_store *store, const struct plan *plan);
/* Write DIR/NAME by another name, fsync and rename; nothing where it says TEXT already. 0 or
 * -errno. */
int plan_write_file(const char *dir, const char *name, const char *text);
/* Tests set this to be called behind each step that changes the disk, and end the process there. */
extern void (*plan_step_hook)(const char *what);
void plan_step(const char *what);

/* All files of DIR, which exists; see output.c. 0 or -errno. */
int plan_output_write(const struct plan *plan, const json_t *map, const char *dir);

#endif
