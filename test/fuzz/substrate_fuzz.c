/* SPDX-License-Identifier: BSD-3-Clause */
/* libFuzzer target: any bytes as a substrate. What parses must fit together; what does not must be
 * reported. Built and run as site_fuzz. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/substrate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void check(const struct substrate *substrate)
{
	must(substrate->vnis.first >= 1 && substrate->vnis.first <= substrate->vnis.last, "VNIs");
	for (size_t i = 0; i < substrate->n_sites; i++) {
		const struct substrate_port *access = &substrate->sites[i].access;

		must(access->device && substrate->sites[i].backbone.device, "devices");
		for (size_t v = 0; v < access->n_vlans; v++)
			must(access->vlans[v].first >= 1 && access->vlans[v].last <= 4094 &&
					(v == 0 ||
						access->vlans[v].first > access->vlans[v - 1].last),
				"VLANs apart and in order");
	}
	for (size_t i = 0; i < substrate->n_links; i++) {
		const struct substrate_link *link = &substrate->links[i];

		must(link->a < substrate->n_sites && link->b < substrate->n_sites &&
				link->a != link->b,
			"a link's ends");
		must(link->capacity_bps && link->latency_ns, "a link's numbers");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct substrate *substrate;
	struct diag diag;
	char *report;

	must(diag_init(&diag, "fuzz") == 0, "memory");
	substrate_parse_buffer("fuzz", (const char *)data, size, &substrate, &diag);
	must((substrate != NULL) == (diag.n_errors == 0), "a substrate and errors, or neither");
	report = diag_format(&diag);
	must(report != NULL, "memory");
	free(report);
	diag_fini(&diag);
	if (substrate)
		check(substrate);
	substrate_destroy(substrate);
	return 0;
}
