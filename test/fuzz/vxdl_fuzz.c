/* SPDX-License-Identifier: BSD-3-Clause */
/* libFuzzer target: any bytes as a request. What parses must fit together; what does not must be
 * reported. Built and run as site_fuzz. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/vxdl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void check(const struct vxdl *request)
{
	for (size_t i = 0; i < request->n_links; i++) {
		const struct vxdl_link *link = &request->links[i];

		must(link->source < request->n_resources && link->target < request->n_resources,
			"a link's ends");
		must(link->rate.min_bps <= link->rate.max_bps, "rates");
		must(request->resources[link->source].kind == VXDL_ROUTER ||
				request->resources[link->target].kind == VXDL_ROUTER,
			"a router at an end");
		for (size_t p = 0; p < request->n_periods; p++) {
			struct vxdl_rate rate = vxdl_rate_in(request, i, p);

			must(rate.min_bps <= rate.max_bps, "rates of a period");
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vxdl *request;
	struct diag diag;
	char *report;

	must(diag_init(&diag, "fuzz") == 0, "memory");
	vxdl_parse_buffer("fuzz", (const char *)data, size, &request, &diag);
	must((request != NULL) == (diag.n_errors == 0), "a request and errors, or neither");
	report = diag_format(&diag);
	must(report != NULL, "memory");
	free(report);
	diag_fini(&diag);
	if (request)
		check(request);
	vxdl_destroy(request);
	return 0;
}
