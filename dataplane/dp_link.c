/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/dp_link.h"

#include <errno.h>

#include "dataplane/dp_sched.h"
#include "dataplane/linkstep.h"
#include "dataplane/vlink.h"

const struct dp_link_spec *dp_link_get(dp_iface_id id)
{
	static const struct dp_link_spec not_shaped;
	const struct iface *iface = id >= 1 && id <= IFACE_ID_MAX ? iface_table[id] : NULL;

	if (iface == NULL)
		return NULL;
	if (iface->link != NULL)
		return &iface->link->spec;
	return iface->class_link != NULL ? &iface->class_link->spec : &not_shaped;
}

void dp_links_plan(struct dp_txn *txn)
{
	bool takes = false;

	for (size_t i = 0; i < txn->ports.count; i++)
		takes |= txn->ports.items[i].change == TXN_CHANGE &&
			dp_sched_port_gives(&txn->ports.items[i]);
	for (size_t i = 0; i < txn->ifaces.count; i++) {
		struct txn_iface *item = &txn->ifaces.items[i];
		const struct dp_link_spec *now;

		if (item->change == TXN_ADD)
			takes |= item->iface->link != NULL || item->iface->class_link != NULL;
		if (item->change != TXN_CHANGE || !item->link_given)
			continue;
		now = dp_link_get(item->iface->id);
		item->first = item->spec;
		item->more = linkstep_lower(now, &item->first);
		item->less = linkstep_gives(now, &item->first);
		takes |= item->more;
		item->more |= !item->less;
	}
	for (size_t i = 0; i < txn->ifaces.count; i++) {
		struct txn_iface *item = &txn->ifaces.items[i];

		/* Nobody needs the room: one step is enough. */
		if (!takes && item->less) {
			item->less = false;
			item->more = true;
		}
		txn->less |= item->less;
		txn->more |= item->more;
		txn->goes |= item->change == TXN_DEL;
		txn->comes |= item->change == TXN_ADD;
	}
}

const struct dp_link_spec *dp_link_at_step(const struct dp_txn *txn, const struct txn_iface *item)
{
	if (txn->step == TXN_LESS)
		return item->less ? &item->first : NULL;
	return txn->step == TXN_MORE && item->more ? &item->spec : NULL;
}

void dp_link_publish(struct ctx *ctx, struct txn_iface *item, const struct dp_link_spec *spec)
{
	struct iface *iface = item->iface;
	struct vlink **at = iface->class_link != NULL ? &iface->class_link : &iface->link;
	bool holds = dp_sched_holds(spec);

	if (spec->rate_bps == 0) {
		struct vlink *old = *at;

		/* Not shaped any more: what waited goes on at once. */
		if (old != NULL)
			vlink_unqueue(ctx, old, UINT32_MAX);
		*at = NULL;
		item->link = old; /* to be freed */
		return;
	}
	if (*at == NULL) {
		*(holds ? &iface->class_link : &iface->link) = item->link;
		item->link = NULL;
		return;
	}
	vlink_set(ctx, *at, spec);
	if (at == &iface->class_link && !holds) {
		iface->link = iface->class_link;
		iface->class_link = NULL;
	} else if (at == &iface->link && holds && iface->link->queue_packets == 0) {
		iface->class_link = iface->link;
		iface->link = NULL;
	}
}

static int links_prepare(struct dp_txn *txn, const dp_iface_id *ids,
	const struct dp_link_spec *specs, size_t n, char *err)
{
	for (size_t i = 0; i < n; i++) {
		int rc = dp_txn_link_set(txn, ids[i], &specs[i], err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int dp_links_set(const dp_iface_id *ids, const struct dp_link_spec *specs, size_t n, char *err)
{
	struct dp_txn *txn = dp_txn_begin();
	int rc;

	if (txn == NULL)
		return dp_fail(err, -ENOMEM, "links: out of memory");
	rc = links_prepare(txn, ids, specs, n, err);
	if (rc < 0)
		dp_txn_abort(txn);
	else
		dp_txn_commit(txn);
	return rc;
}
