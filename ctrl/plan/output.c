/* SPDX-License-Identifier: BSD-3-Clause */
/* The folder that an operator takes the results from:
 *     SITE.yaml             all that a site runs, for hpsrouterd and reload
 *     vpxi/SITE/VPXI.yaml   the same by VPXI, for vpxi apply
 *     map.json              what is where; written last, so it stands for all of them
 * Files that would stay the same are not touched. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/print.h"
#include "ctrl/plan/plan.h"

static int make_dir(const char *path)
{
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* What print_site says of it, or NULL. */
static char *print_text(const struct model_site *site)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int rc;

	if (!out)
		return NULL;
	rc = print_site(site, out);
	if (fclose(out) == 0 && rc == 0)
		return text;
	free(text);
	return NULL;
}

/* One VPXI as a file for itself: its lines in the site's file, without the list around it. */
static char *print_vpxi(const struct model_site *site, size_t index)
{
	static const char list[] = "\nvpxis:\n";
	struct model_site one = *site;
	char *text, *from, *to;

	one.vpxis = &site->vpxis[index];
	one.n_vpxis = 1;
	text = print_text(&one);
	from = text ? strstr(text, list) : NULL;
	if (!from) {
		free(text);
		return NULL;
	}
	from += strlen(list);
	for (to = text; *from; from += *from == '\n') {
		size_t len = strcspn(from, "\n");
		size_t indent = len < 4 ? len : 4;

		memmove(to, from + indent, len - indent);
		to += len - indent;
		*to++ = '\n';
		from += len;
	}
	*to = '\0';
	return text;
}

static bool is_wanted(const struct model_site *site, const char *file)
{
	size_t len = strlen(file), ending = strlen(".yaml");

	if (len <= ending || strcmp(file + len - ending, ".yaml") != 0)
		return false;
	for (size_t i = 0; i < site->n_vpxis; i++) {
		if (strlen(site->vpxis[i].name) == len - ending &&
			strncmp(site->vpxis[i].name, file, len - ending) == 0)
			return true;
	}
	return false;
}

/* Away with the files of VPXIs that are gone, and with what a crash left. */
static int sweep(const char *path, const struct model_site *site)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int rc = 0;

	if (!dir)
		return -errno;
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			is_wanted(site, entry->d_name))
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			rc = -errno;
		plan_step("remove");
	}
	closedir(dir);
	return rc;
}

static int write_vpxis(const struct model_site *site, const char *dir)
{
	char name[MODEL_NAME_MAX + 8], *path;
	int rc;

	if (asprintf(&path, "%s/vpxi/%s", dir, site->name) < 0)
		return -ENOMEM;
	rc = make_dir(path);
	if (rc == 0)
		rc = sweep(path, site);
	for (size_t i = 0; rc == 0 && i < site->n_vpxis; i++) {
		char *text = print_vpxi(site, i);

		snprintf(name, sizeof(name), "%s.yaml", site->vpxis[i].name);
		rc = text ? plan_write_file(path, name, text) : -ENOMEM;
		free(text);
	}
	free(path);
	return rc;
}

static int write_site(const struct plan *plan, size_t s, const char *dir)
{
	struct model_site *site = NULL;
	char name[MODEL_NAME_MAX + 8], *text = NULL;
	int rc = plan_site_build(plan, s, &site);

	if (rc == 0) {
		text = print_text(site);
		rc = text ? 0 : -ENOMEM;
	}
	snprintf(name, sizeof(name), "%s.yaml", plan->substrate->sites[s].name);
	if (rc == 0)
		rc = plan_write_file(dir, name, text);
	if (rc == 0)
		rc = write_vpxis(site, dir);
	model_site_destroy(site);
	free(text);
	return rc;
}

int plan_output_write(const struct plan *plan, const json_t *map, const char *dir)
{
	char *vpxis, *text;
	int rc;

	if (asprintf(&vpxis, "%s/vpxi", dir) < 0)
		return -ENOMEM;
	rc = make_dir(vpxis);
	free(vpxis);
	for (size_t s = 0; rc == 0 && s < plan->substrate->n_sites; s++)
		rc = write_site(plan, s, dir);
	if (rc < 0)
		return rc;
	text = json_dumps(map, JSON_INDENT(1));
	rc = text ? plan_write_file(dir, "map.json", text) : -ENOMEM;
	free(text);
	return rc;
}
