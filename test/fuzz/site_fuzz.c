/* SPDX-License-Identifier: BSD-3-Clause */
/* libFuzzer target: any bytes as a site file. What parses must print, parse back to an equal site
 * and survive the check, its copy too; what does not must be reported. Build and run:
 *   CC=clang meson setup build-fuzz -Dfuzz=true -Db_lundef=false -Db_sanitize=address,undefined
 *   ninja -C build-fuzz test/fuzz/site_fuzz
 *   build-fuzz/test/fuzz/site_fuzz -dict=test/fuzz/site.dict NEW_CORPUS test/fuzz/corpus/site */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/check.h"
#include "config/print.h"
#include "config/site.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static struct model_site *parse(const char *text, size_t len)
{
	struct model_site *site;
	struct diag diag;
	char *report;

	must(diag_init(&diag, "fuzz") == 0, "memory");
	site_parse_buffer("fuzz", text, len, &site, &diag);
	must((site != NULL) == (diag.n_errors == 0), "a site and errors, or neither");
	report = diag_format(&diag);
	must(report != NULL, "memory");
	free(report);
	diag_fini(&diag);
	return site;
}

static void check(const struct model_site *site)
{
	const struct check_bufs bufs = {.total = 1000, .per_port = 100, .per_router = 10};
	struct diag diag;

	must(diag_init(&diag, "fuzz") == 0, "memory");
	must((check_site(site, &bufs, &diag) < 0) == (diag.n_errors > 0), "check's result");
	diag_fini(&diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model_site *site = parse((const char *)data, size), *again, *clone;
	char *text;
	size_t len;
	FILE *out;

	if (!site)
		return 0;
	check(site);
	out = open_memstream(&text, &len);
	must(out && print_site(site, out) == 0, "print");
	fclose(out);
	again = parse(text, len);
	must(again && model_site_equal(site, again), "what is printed parses back");
	clone = model_site_clone(again);
	must(clone && model_site_equal(site, clone), "a copy is equal");
	model_site_destroy(clone);
	model_site_destroy(again);
	model_site_destroy(site);
	free(text);
	return 0;
}
