/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctrl/boot.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/site.h"
#include "ctrl/clock.h"
#include "ctrl/reconf.h"
#include "dataplane/dp.h"

#define BUFS_SPARE 4096u /* for what a reload brings */
#define MTU_MIN_POOL 1500u

static size_t count_workers(const struct model_site *site)
{
	size_t n = 0;

	for (size_t i = 0; i < site->n_slices; i++)
		n += site->slices[i].n_lcores;
	return n;
}

static uint16_t largest_mtu(const struct model_site *site)
{
	uint16_t mtu = MTU_MIN_POOL;

	for (size_t i = 0; i < site->n_ports; i++) {
		if (site->ports[i].mtu > mtu)
			mtu = site->ports[i].mtu;
	}
	return mtu;
}

static int hugepages(enum model_auto_bool value)
{
	if (value == MODEL_AUTO)
		return -1;
	return value == MODEL_YES;
}

static struct check_bufs own_bufs(const struct model_site *site)
{
	struct check_bufs bufs = {0};

	dp_bufs_needed(count_workers(site), &bufs.per_port, &bufs.per_router, &bufs.fixed);
	if (site->eal.memory_bytes) {
		bufs.total = dp_bufs_fitting(
			site->eal.memory_bytes, largest_mtu(site), hugepages(site->eal.hugepages));
		/* 0 would switch the check off. */
		if (bufs.total == 0)
			bufs.total = 1;
	}
	return bufs;
}

int boot_load(const char *file, const struct check_bufs *bufs, struct model_site **site,
	struct diag *diag)
{
	struct check_bufs own;
	size_t n_errors = diag->n_errors;
	int rc;

	*site = NULL;
	rc = site_parse_file(file, site, diag);
	if (rc < 0) {
		if (diag->n_errors == n_errors)
			diag_error(diag, (struct model_loc){0}, "%s", strerror(-rc));
		return rc;
	}
	(*site)->now_s = clock_now_s();
	own = own_bufs(*site);
	rc = check_site(*site, bufs ? bufs : &own, diag);
	if (reconf_check_supported(*site, diag) < 0)
		rc = -EINVAL;
	if (rc < 0) {
		model_site_destroy(*site);
		*site = NULL;
	}
	return rc;
}

/* "0000:3b:00.0", "3b:00.0" or "pci:...", with or without device arguments. */
static bool is_pci_device(const char *device)
{
	size_t digits;

	if (strncmp(device, "pci:", 4) == 0)
		return true;
	digits = strspn(device, "0123456789abcdefABCDEF");
	return digits >= 2 && digits <= 8 && device[digits] == ':';
}

static bool has_pci_device(const struct model_site *site)
{
	for (size_t i = 0; i < site->n_ports; i++) {
		if (is_pci_device(site->ports[i].device))
			return true;
	}
	return false;
}

/* auto: what the file needs, a quarter more, and some. */
static uint32_t pool_size(const struct model_site *site)
{
	struct check_bufs bufs = own_bufs(site);
	uint64_t n;

	if (bufs.total)
		n = bufs.total;
	else
		n = check_bufs_needed(site, &bufs) / 4 * 5 + BUFS_SPARE;
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

int boot_dataplane(const struct model_site *site, struct diag *diag)
{
	struct dp_slice_spec *slices = calloc(site->n_slices + 1, sizeof(*slices));
	struct dp_conf conf = {
		.site = site->name,
		.hugepages = hugepages(site->eal.hugepages),
		.memory_bytes = site->eal.memory_bytes,
		.n_bufs = pool_size(site),
		.mtu_max = largest_mtu(site),
		.lcores = site->eal.lcores_auto ? NULL : site->eal.lcores,
		.slices = slices,
		.n_slices = site->n_slices,
		.pci = has_pci_device(site),
	};
	char err[DP_ERR_LEN] = "";
	int rc;

	if (!slices) {
		diag_error(diag, (struct model_loc){0}, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	for (size_t i = 0; i < site->n_slices; i++) {
		snprintf(slices[i].name, sizeof(slices[i].name), "%s", site->slices[i].name);
		slices[i].lcores = site->slices[i].lcores;
		slices[i].n_lcores = site->slices[i].n_lcores;
		slices[i].sleep = site->slices[i].idle == MODEL_IDLE_SLEEP;
	}
	rc = dp_init(&conf, err);
	if (rc < 0)
		diag_error(diag, site->eal.loc, "dataplane: %s", err[0] ? err : strerror(-rc));
	free(slices);
	return rc;
}
