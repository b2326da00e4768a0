/* SPDX-License-Identifier: BSD-3-Clause */
/* Ties the prefixes (fib_rib) to what readers walk (fib_trie). */
#include "dataplane/fib.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/fib_trie.h"

struct fib {
	struct fib_trie trie;
	struct fib_rib rib;
	struct fib_conf conf;
	unsigned int width;
	uint32_t resize_above; /* do not try to resize again below this many prefixes */
	size_t pending;        /* garbage given to conf.retire and not back yet */
	size_t pending_bytes;
	bool destroyed; /* only the garbage still refers to it */
};

/* Blocks that readers may still walk. */
struct garbage {
	struct fib *fib;
	size_t n;
	uint64_t blocks[];
};

static size_t garbage_bytes(size_t n)
{
	return sizeof(struct garbage) + n * sizeof(uint64_t);
}

static void garbage_free(void *arg, size_t size)
{
	struct garbage *garbage = arg;
	struct fib *fib = garbage->fib;

	fib_trie_free_blocks(&fib->trie, garbage->blocks, garbage->n);
	free(garbage);
	fib->pending--;
	fib->pending_bytes -= size;
	if (fib->destroyed && fib->pending == 0) {
		fib_trie_release(&fib->trie);
		free(fib);
	}
}

/* About ten bytes of root a prefix: measured, more buys nothing at 100,000 of them. IPv6 prefixes
 * lie in few places, and a root of more than 18 bits would be all gaps. */
static unsigned int root_bits_for(const struct fib *fib)
{
	unsigned int most = fib->width == 128 ? FIB_ROOT_BITS_MAX - 2 : FIB_ROOT_BITS_MAX;
	uint64_t words = UINT64_C(5) * fib->rib.count / 2;
	unsigned int bits = FIB_ROOT_BITS_MIN;

	while (bits < most && UINT64_C(1) << bits < words)
		bits++;
	return bits;
}

struct fib *fib_create(const struct fib_conf *conf)
{
	struct fib *fib = fib_mem_realloc(NULL, sizeof(*fib));

	if (!fib)
		return NULL;
	memset(fib, 0, sizeof(*fib));
	fib->conf = *conf;
	fib->width = conf->af == IP_AF_6 ? 128 : 32;
	if (fib_rib_init(&fib->rib, fib->width) < 0)
		goto err_free;
	if (fib_trie_init(&fib->trie, &fib->rib, fib->width, root_bits_for(fib)) < 0)
		goto err_rib;
	return fib;

err_rib:
	fib_rib_fini(&fib->rib);
err_free:
	free(fib);
	return NULL;
}

void fib_destroy(struct fib *fib)
{
	if (!fib)
		return;
	fib_trie_fini(&fib->trie);
	fib_rib_fini(&fib->rib);
	fib->destroyed = true;
	if (fib->pending > 0)
		return; /* the last of the garbage ends it */
	fib_trie_release(&fib->trie);
	free(fib);
}

/* Room for what the change in preparation makes stale. */
static struct garbage *garbage_new(struct fib *fib, size_t n)
{
	struct garbage *garbage = fib_mem_realloc(NULL, garbage_bytes(n));

	if (garbage)
		garbage->fib = fib;
	return garbage;
}

/* Hand over what the change has made stale; GARBAGE is NULL where no reader can hold it. */
static void garbage_retire(struct fib *fib, struct garbage *garbage)
{
	struct fib_blocks *stale = &fib->trie.stale;

	if (!garbage) {
		fib_trie_free_blocks(&fib->trie, stale->items, stale->n);
		stale->n = 0;
		return;
	}
	garbage->n = stale->n;
	memcpy(garbage->blocks, stale->items, stale->n * sizeof(uint64_t));
	stale->n = 0;
	fib->pending++;
	fib->pending_bytes += garbage_bytes(garbage->n);
	fib->conf.retire(fib->conf.ctx, garbage_free, garbage, garbage_bytes(garbage->n));
}

/* Keep the root in proportion. Without memory for it the table stays as it is, and as correct. */
static void resize(struct fib *fib)
{
	unsigned int want = root_bits_for(fib), have = fib_trie_root_bits(&fib->trie);
	struct garbage *garbage = NULL;

	if (want == have || (want < have && want + 3 > have && fib->rib.count > 0))
		return;
	if (want > have && fib->rib.count < fib->resize_above)
		return;
	fib->resize_above = fib->rib.count + fib->rib.count / 8;
	if (fib_trie_rebuild_prepare(&fib->trie, want) < 0)
		return;
	if (fib->conf.retire) {
		garbage = garbage_new(fib, fib->trie.stale.n);
		if (!garbage) {
			fib_trie_abort(&fib->trie);
			return;
		}
	}
	fib->resize_above = 0;
	fib_trie_commit(&fib->trie);
	if (fib->conf.moved)
		fib->conf.moved(fib->conf.ctx, fib, fib_root_get(fib->trie.view));
	garbage_retire(fib, garbage);
}

/* The RIB has the change: let readers see it. */
static int publish(struct fib *fib, fib_key key, unsigned int len)
{
	struct garbage *garbage = NULL;
	int rc = fib_trie_prepare(&fib->trie, key, len);

	if (rc < 0)
		return rc;
	if (fib->conf.retire && fib->trie.stale.n > 0) {
		garbage = garbage_new(fib, fib->trie.stale.n);
		if (!garbage) {
			fib_trie_abort(&fib->trie);
			return -ENOMEM;
		}
	}
	fib_trie_commit(&fib->trie);
	garbage_retire(fib, garbage);
	resize(fib);
	return 0;
}

static int prefix_key(const struct fib *fib, const struct ip_prefix *prefix, fib_key *key)
{
	unsigned int bytes = fib->width / 8;

	if (prefix->addr.af != fib->conf.af || prefix->len > fib->width)
		return -EINVAL;
	*key = 0;
	for (unsigned int i = 0; i < bytes; i++)
		*key |= (fib_key)prefix->addr.bytes[i] << (120 - 8 * i);
	return fib_key_mask(*key, prefix->len) == *key ? 0 : -EINVAL;
}

int fib_add(struct fib *fib, const struct ip_prefix *prefix, uint32_t nh)
{
	uint32_t old, gone;
	fib_key key;
	int rc = prefix_key(fib, prefix, &key);

	if (rc < 0 || nh == FIB_NH_NONE || nh > FIB_NH_MAX)
		return -EINVAL;
	rc = fib_rib_set(&fib->rib, key, prefix->len, nh, &old);
	if (rc < 0 || old == nh)
		return rc;
	rc = publish(fib, key, prefix->len);
	if (rc < 0) {
		if (old)
			(void)fib_rib_set(&fib->rib, key, prefix->len, old, &gone);
		else
			(void)fib_rib_unset(&fib->rib, key, prefix->len, &gone);
	}
	return rc;
}

int fib_del(struct fib *fib, const struct ip_prefix *prefix)
{
	uint32_t old, gone;
	fib_key key;
	int rc = prefix_key(fib, prefix, &key);

	if (rc < 0)
		return rc;
	rc = fib_rib_unset(&fib->rib, key, prefix->len, &old);
	if (rc < 0)
		return rc;
	rc = publish(fib, key, prefix->len);
	if (rc < 0)
		(void)fib_rib_set(&fib->rib, key, prefix->len, old, &gone);
	return rc;
}

int fib_get(const struct fib *fib, const struct ip_prefix *prefix, uint32_t *nh)
{
	uint32_t index;
	fib_key key;

	if (prefix_key(fib, prefix, &key) < 0)
		return -ENOENT;
	index = fib_rib_find(&fib->rib, key, prefix->len);
	if (!index)
		return -ENOENT;
	*nh = fib_rib_nh(fib_rib_at(&fib->rib, index));
	return 0;
}

struct walk {
	const struct fib *fib;
	int (*cb)(void *ctx, const struct ip_prefix *prefix, uint32_t nh);
	void *ctx;
};

static int walk_below(const struct walk *walk, uint32_t index)
{
	const struct fib_rib_node *node;
	int rc = 0;

	if (!index)
		return 0;
	node = fib_rib_at(&walk->fib->rib, index);
	if (fib_rib_nh(node)) {
		struct ip_prefix prefix = {.len = (uint8_t)fib_rib_len(node)};
		fib_key key = fib_rib_key(&walk->fib->rib, node);

		prefix.addr.af = (uint8_t)walk->fib->conf.af;
		for (unsigned int i = 0; i < walk->fib->width / 8; i++)
			prefix.addr.bytes[i] = (uint8_t)(key >> (120 - 8 * i));
		rc = walk->cb(walk->ctx, &prefix, fib_rib_nh(node));
	}
	if (rc == 0)
		rc = walk_below(walk, node->child[0]);
	if (rc == 0)
		rc = walk_below(walk, node->child[1]);
	return rc;
}

int fib_walk(const struct fib *fib,
	int (*cb)(void *ctx, const struct ip_prefix *prefix, uint32_t nh), void *ctx)
{
	struct walk walk = {fib, cb, ctx};

	return walk_below(&walk, fib->rib.root);
}

uint32_t fib_count(const struct fib *fib)
{
	return fib->rib.count;
}

size_t fib_reader_bytes(const struct fib *fib)
{
	return fib->trie.used;
}

size_t fib_total_bytes(const struct fib *fib)
{
	return sizeof(*fib) + fib_trie_bytes(&fib->trie) + fib->rib.region.committed +
		fib->pending_bytes;
}

const struct fib_view *fib_view_get(const struct fib *fib)
{
	return fib->trie.view;
}

uint64_t fib_root_get(const struct fib_view *view)
{
	return __atomic_load_n(&view->root, __ATOMIC_ACQUIRE);
}
