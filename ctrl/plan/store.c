/* SPDX-License-Identifier: BSD-3-Clause */
/* The state directory: one file that names every VPXI with all that it was given. It is replaced as
 * a whole, by a rename, so that a crash leaves the old one or the new one. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctrl/plan/plan.h"

#define STATE "vpxis.json"

int plan_store_open(struct plan_store *store, const char *dir)
{
	char *path = NULL;
	int rc = 0;

	memset(store, 0, sizeof(*store));
	store->lock = -1;
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return -errno;
	store->dir = strdup(dir);
	if (!store->dir || asprintf(&path, "%s/lock", dir) < 0) {
		plan_store_close(store);
		return -ENOMEM;
	}
	store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (store->lock < 0)
		rc = -errno;
	else if (flock(store->lock, LOCK_EX | LOCK_NB) < 0)
		rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
	free(path);
	if (rc < 0)
		plan_store_close(store);
	return rc;
}

void plan_store_close(struct plan_store *store)
{
	if (store->lock >= 0)
		close(store->lock);
	free(store->dir);
	memset(store, 0, sizeof(*store));
	store->lock = -1;
}

/* ---- writing ---- */

void (*plan_step_hook)(const char *what);

void plan_step(const char *what)
{
	if (plan_step_hook)
		plan_step_hook(what);
}

static int write_all(int fd, const char *text, size_t len)
{
	size_t done = 0;

	while (done < len) {
		/* In two halves at least: a crash may come in the middle. */
		size_t part = done == 0 && len > 1 ? len / 2 : len - done;
		ssize_t n = write(fd, text + done, part);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
		plan_step("write");
	}
	return 0;
}

static bool says(const char *path, const char *text)
{
	size_t len = strlen(text), n;
	FILE *in = fopen(path, "re");
	char *old = in ? malloc(len + 1) : NULL;
	bool same = false;

	if (old) {
		n = fread(old, 1, len + 1, in);
		same = n == len && memcmp(old, text, len) == 0;
	}
	free(old);
	if (in)
		fclose(in);
	return same;
}

static int sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	rc = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

int plan_write_file(const char *dir, const char *name, const char *text)
{
	char *path = NULL, *other = NULL;
	int fd = -1, rc = -ENOMEM;

	if (asprintf(&path, "%s/%s", dir, name) < 0 ||
		asprintf(&other, "%s/.%s.new", dir, name) < 0)
		goto out;
	rc = 0;
	if (says(path, text))
		goto out;
	fd = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	rc = fd < 0 ? -errno : 0;
	plan_step("create");
	if (rc == 0)
		rc = write_all(fd, text, strlen(text));
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	plan_step("fsync");
	if (fd >= 0 && close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(other, path) < 0)
		rc = -errno;
	plan_step("rename");
	if (rc == 0)
		rc = sync_dir(dir);
	plan_step("fsync of the directory");
	if (rc < 0 && fd >= 0)
		unlink(other);
out:
	free(path);
	free(other);
	return rc;
}

static json_t *save_link(const struct plan *plan, const struct plan_alloc *alloc, size_t l)
{
	size_t n_sites = plan->substrate->n_sites;
	json_t *link, *path, *vnis;

	if (!vxdl_is_backbone(alloc->request, &alloc->request->links[l]))
		return json_pack("{s:i}", "vlan", (int)alloc->vlans[l]);
	link = json_object();
	path = json_array();
	vnis = json_array();
	for (size_t h = 0; h < alloc->n_hops[l]; h++) {
		size_t edge = alloc->hops[l * n_sites + h];

		json_array_append_new(path, json_string(plan->substrate->links[edge].name));
		json_array_append_new(vnis, json_integer(alloc->vnis[l * n_sites + h]));
	}
	json_object_set_new(link, "path", path);
	json_object_set_new(link, "vnis", vnis);
	return link;
}

static json_t *save_alloc(const struct plan *plan, const struct plan_alloc *alloc)
{
	json_t *vpxi = json_object(), *resources = json_object(), *links = json_object();

	json_object_set_new(vpxi, "request", json_string(alloc->text));
	json_object_set_new(vpxi, "start", json_integer((json_int_t)alloc->start_s));
	for (size_t i = 0; i < alloc->request->n_resources; i++) {
		const struct substrate_site *site = &plan->substrate->sites[alloc->site[i]];
		json_t *resource = json_pack("{s:s}", "site", site->name);

		if (alloc->bin[i] != EMBED_ANY) {
			size_t bin = alloc->bin[i];

			json_object_set_new(resource, "slice",
				json_string(site->slices[plan->bin_slice[bin]].name));
			json_object_set_new(
				resource, "lcore", json_integer((json_int_t)plan->bin_lcore[bin]));
		}
		json_object_set_new(resources, alloc->request->resources[i].id, resource);
	}
	for (size_t l = 0; l < alloc->request->n_links; l++)
		json_object_set_new(links, alloc->request->links[l].id, save_link(plan, alloc, l));
	json_object_set_new(vpxi, "resources", resources);
	json_object_set_new(vpxi, "links", links);
	return vpxi;
}

int plan_store_save(struct plan_store *store, const struct plan *plan)
{
	json_t *root = json_object(), *vpxis = json_array();
	char *text;
	int rc;

	for (size_t i = 0; i < plan->n_allocs; i++)
		json_array_append_new(vpxis, save_alloc(plan, &plan->allocs[i]));
	json_object_set_new(root, "version", json_integer(1));
	json_object_set_new(root, "vpxis", vpxis);
	text = json_dumps(root, JSON_INDENT(1));
	json_decref(root);
	if (!text)
		return -ENOMEM;
	rc = plan_write_file(store->dir, STATE, text);
	free(text);
	return rc;
}

/* ---- reading ---- */

static size_t lookup_site(const struct substrate *substrate, const char *name)
{
	for (size_t s = 0; name && s < substrate->n_sites; s++) {
		if (strcmp(substrate->sites[s].name, name) == 0)
			return s;
	}
	return EMBED_ANY;
}

static size_t lookup_link(const struct substrate *substrate, const char *name)
{
	for (size_t i = 0; name && i < substrate->n_links; i++) {
		if (strcmp(substrate->links[i].name, name) == 0)
			return i;
	}
	return SIZE_MAX;
}

static bool load_resource(
	const struct plan *plan, struct plan_alloc *alloc, size_t i, const json_t *from)
{
	const char *slice = json_string_value(json_object_get(from, "slice"));
	json_int_t lcore = json_integer_value(json_object_get(from, "lcore"));
	size_t site =
		lookup_site(plan->substrate, json_string_value(json_object_get(from, "site")));

	alloc->site[i] = site;
	alloc->bin[i] = EMBED_ANY;
	if (site == EMBED_ANY || !slice)
		return site != EMBED_ANY;
	for (size_t b = 0; b < plan->n_bins; b++) {
		if (plan->bin_site[b] == site && (json_int_t)plan->bin_lcore[b] == lcore &&
			strcmp(plan->substrate->sites[site].slices[plan->bin_slice[b]].name,
				slice) == 0)
			alloc->bin[i] = b;
	}
	return alloc->bin[i] != EMBED_ANY;
}

static bool load_link(
	const struct plan *plan, struct plan_alloc *alloc, size_t l, const json_t *from)
{
	const struct vxdl_link *link = &alloc->request->links[l];
	size_t n_sites = plan->substrate->n_sites, at = alloc->site[link->source];
	json_t *path = json_object_get(from, "path"), *vnis = json_object_get(from, "vnis");

	if (!vxdl_is_backbone(alloc->request, link)) {
		json_int_t vlan = json_integer_value(json_object_get(from, "vlan"));

		alloc->vlans[l] = (uint16_t)vlan;
		return vlan >= 1 && vlan <= 4094 && at == alloc->site[link->target];
	}
	if (json_array_size(path) >= n_sites || json_array_size(vnis) != json_array_size(path))
		return false;
	for (size_t h = 0; h < json_array_size(path); h++) {
		size_t edge =
			lookup_link(plan->substrate, json_string_value(json_array_get(path, h)));
		json_int_t vni = json_integer_value(json_array_get(vnis, h));

		if (edge == SIZE_MAX || vni < 1 || vni > SUBSTRATE_VNI_MAX ||
			(plan->edges[edge].a != at && plan->edges[edge].b != at))
			return false;
		at = plan->edges[edge].a == at ? plan->edges[edge].b : plan->edges[edge].a;
		alloc->hops[l * n_sites + h] = edge;
		alloc->vnis[l * n_sites + h] = (uint32_t)vni;
	}
	alloc->n_hops[l] = json_array_size(path);
	return alloc->n_hops[l] && at == alloc->site[link->target];
}

static int load_alloc(struct plan *plan, const json_t *from, char text[PLAN_TEXT_LEN])
{
	const char *xml = json_string_value(json_object_get(from, "request"));
	struct plan_alloc alloc;
	struct vxdl *request;
	struct diag diag;
	bool whole = true;
	int rc;

	if (diag_init(&diag, STATE) < 0)
		return -ENOMEM;
	rc = vxdl_parse_buffer("request", xml ? xml : "", xml ? strlen(xml) : 0, &request, &diag);
	diag_fini(&diag);
	if (rc < 0) {
		snprintf(text, PLAN_TEXT_LEN, "%s: not a request", STATE);
		return rc;
	}
	rc = plan_alloc_init(&alloc, plan, request, xml,
		(uint64_t)json_integer_value(json_object_get(from, "start")));
	if (rc < 0) {
		vxdl_destroy(request);
		return rc;
	}
	for (size_t i = 0; whole && i < request->n_resources; i++)
		whole = load_resource(plan, &alloc, i,
			json_object_get(
				json_object_get(from, "resources"), request->resources[i].id));
	for (size_t l = 0; whole && l < request->n_links; l++)
		whole = load_link(plan, &alloc, l,
			json_object_get(json_object_get(from, "links"), request->links[l].id));
	if (!whole)
		snprintf(text, PLAN_TEXT_LEN,
			"%s: VPXI '%s' stands on sites, slices or links that the substrate no "
			"longer has",
			STATE, request->id);
	rc = whole ? plan_add(plan, &alloc) : -EINVAL;
	if (rc < 0)
		plan_alloc_fini(&alloc);
	return rc;
}

int plan_store_load(struct plan_store *store, struct plan *plan, char text[PLAN_TEXT_LEN])
{
	json_error_t error;
	char *path = NULL;
	json_t *root, *vpxis;
	int rc = 0;

	if (asprintf(&path, "%s/%s", store->dir, STATE) < 0)
		return -ENOMEM;
	text[0] = '\0';
	if (access(path, F_OK) < 0 && errno == ENOENT) {
		free(path);
		return 0;
	}
	root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	free(path);
	vpxis = json_object_get(root, "vpxis");
	if (!json_is_array(vpxis) || json_integer_value(json_object_get(root, "version")) != 1) {
		snprintf(text, PLAN_TEXT_LEN, "%s: not a state of this program: %.100s", STATE,
			root ? "version or vpxis" : error.text);
		rc = -EINVAL;
	}
	for (size_t i = 0; rc == 0 && i < json_array_size(vpxis); i++)
		rc = load_alloc(plan, json_array_get(vpxis, i), text);
	json_decref(root);
	return rc;
}
