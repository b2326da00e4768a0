/* SPDX-License-Identifier: BSD-3-Clause */
/* What runs: the model that live changes keep up to date, and the dataplane's handles of its
 * objects. Control thread only. */
#ifndef HPSR_CTRL_RUNNING_H
#define HPSR_CTRL_RUNNING_H

#include <jansson.h>

#include "config/check.h"
#include "config/diag.h"
#include "config/model.h"
#include "ctrl/grant.h"
#include "ctrl/idmap.h"

struct running {
	struct model_site *model; /* what the dataplane has now; never NULL */
	/* With the VPXIs that wait for their lease or are behind it, and the rates of their
	 * interfaces; NULL: MODEL is all. */
	struct model_site *accepted;
	int64_t at_s;   /* the instant that MODEL is of; ctrl/clock */
	bool behind;    /* an instant failed, and is to be tried again */
	bool unsettled; /* shares or grants are not those of MODEL: running_settle is to be called
			 */
	struct ids ids;
};

/* One thing of the model and its handle. */
struct running_vr {
	struct model_vpxi *vpxi;
	struct model_router *router;
	uint32_t id;
};
struct running_iface {
	struct running_vr vr;
	struct model_interface *iface;
	uint32_t id;
};

/* Nothing runs yet: an empty model. 0 or -ENOMEM. */
int running_init(struct running *running);
/* Frees the model and the names; the dataplane's objects go with dp_fini. */
void running_fini(struct running *running);

/* Link speeds as the devices say them, for grant_*. Valid as long as RUNNING. */
struct grant_speeds running_speeds(struct running *running);
/* Packet buffers of the pool that runs, for check_site. */
struct check_bufs running_bufs(const struct model_site *site);

/* All that was accepted. */
const struct model_site *running_accepted(const struct running *running);
/* Change what runs into NEXT (checked already) with one transaction. 0: NEXT is taken over and
 * *changes (NULL: not wanted) is an array of {op, object}. Otherwise -errno with the fault in diag,
 * and everything, NEXT's ownership included, is as before. */
int running_change(
	struct running *running, struct model_site *next, struct diag *diag, json_t **changes);
/* Change what runs into what was accepted for NOW_S; as running_change. */
int running_advance(struct running *running, int64_t now_s, struct diag *diag, json_t **changes);
/* A router's routes changed in MODEL: so in what was accepted. */
void running_keep_routes(struct running *running, const struct running_vr *vr);
/* Where the rate that holds for an interface of MODEL stands in what was accepted: in its period,
 * or in its interface. NULL: MODEL is all. */
struct model_rate *running_accepted_rate(
	const struct running *running, const struct running_iface *iface);
/* running_reshare, then running_regrant of all: after what may have changed link speeds. What fails
 * is logged once and leaves RUNNING->unsettled set until it succeeds. */
void running_settle(struct running *running);
/* Tells the dataplane the shares of ports whose capacity is their link's speed, which is known only
 * when they are open. 0 or -errno with ERR (DP_ERR_LEN). */
int running_reshare(struct running *running, char *err);
/* Grants all links of PORT (NULL: of all ports) again and hands those that changed to the
 * dataplane, all or none. *n_changed may be NULL. 0 or -errno with ERR (DP_ERR_LEN). */
int running_regrant(
	struct running *running, const struct model_port *port, size_t *n_changed, char *err);

/* "VPXI/VR", "VPXI/VR/INTERFACE". 0 or -ENOENT. */
int running_vr_lookup(const struct running *running, const char *name, struct running_vr *out);
int running_iface_lookup(
	const struct running *running, const char *name, struct running_iface *out);
/* The name of a VR's interface from its handle; "?" when it is none of its interfaces. */
const char *running_iface_name(
	const struct running *running, const struct running_vr *vr, uint32_t iface);

#endif
