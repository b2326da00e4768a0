/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/fib_cut.h"

int fib_cut(struct fib_cutter *cutter, uint32_t index, uint32_t nh, uint64_t first, uint64_t last)
{
	const struct fib_rib_node *node;
	unsigned int len;
	uint64_t from, to, middle;
	int rc;

	if (!index)
		return cutter->emit(cutter, first, last, 0, nh);
	node = fib_rib_at(cutter->rib, index);
	len = fib_rib_len(node);
	from = to = fib_cut_slot(cutter->at, cutter->bits, fib_rib_key(cutter->rib, node));
	if (len <= cutter->at) {
		from = first;
		to = last;
	} else if (len < cutter->at + cutter->bits) {
		to = from + (UINT64_C(1) << (cutter->at + cutter->bits - len)) - 1;
	}
	if (first < from) {
		rc = cutter->emit(cutter, first, from - 1, 0, nh);
		if (rc)
			return rc;
	}
	if (len >= cutter->at + cutter->bits) {
		if (len > cutter->at + cutter->bits || node->child[0] || node->child[1])
			rc = cutter->emit(cutter, from, from, index, nh);
		else
			rc = cutter->emit(cutter, from, from, 0, fib_rib_nh(node));
	} else {
		uint32_t inner = fib_rib_nh(node) ? fib_rib_nh(node) : nh;

		middle = from + (to - from) / 2;
		rc = fib_cut(cutter, node->child[0], inner, from, middle);
		if (!rc)
			rc = fib_cut(cutter, node->child[1], inner, middle + 1, to);
	}
	if (!rc && to < last)
		rc = cutter->emit(cutter, to + 1, last, 0, nh);
	return rc;
}

struct collector {
	struct fib_cutter cutter;
	struct fib_run *runs;
	unsigned int n, max;
};

static int collect(
	struct fib_cutter *cutter, uint64_t first, uint64_t last, uint32_t below, uint32_t nh)
{
	struct collector *all = (struct collector *)cutter;

	(void)last;
	if (!below && all->n > 0 && !all->runs[all->n - 1].below && all->runs[all->n - 1].nh == nh)
		return 0;
	if (all->n == all->max)
		return 1;
	all->runs[all->n++] = (struct fib_run){first, below, nh};
	return 0;
}

unsigned int fib_cut_runs(const struct fib_rib *rib, uint32_t index, uint32_t nh, unsigned int at,
	unsigned int bits, struct fib_run *runs, unsigned int max)
{
	struct collector all = {.cutter = {.rib = rib, .at = at, .bits = bits, .emit = collect},
		.runs = runs,
		.max = max};

	return fib_cut(&all.cutter, index, nh, 0, (UINT64_C(1) << bits) - 1) ? 0 : all.n;
}

bool fib_cut_any_below(const struct fib_run *runs, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (runs[i].below)
			return true;
	return false;
}
