/* SPDX-License-Identifier: BSD-3-Clause */
/* A site that the tests of ctrl/ start from, and its variations. cmocka must be included before. */
#ifndef HPSR_TEST_CTRL_SITE_H
#define HPSR_TEST_CTRL_SITE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/diag.h"
#include "config/site.h"

#define CTRL_SITE                                                                       \
	"site: lyon\n"                                                                  \
	"control: {socket: /tmp/hpsr-ctrl-test.sock}\n"                                 \
	"slices:\n"                                                                     \
	"  - {name: s0, lcores: [1], idle: sleep}\n"                                    \
	"  - {name: s1, lcores: [2]}\n"                                                 \
	"ports:\n"                                                                      \
	"  - {name: lan0, device: net_null0, capacity: 1Gbps}\n"                        \
	"  - {name: lan1, device: net_null1, capacity: 1Gbps, vpxi-share: 50%}\n"       \
	"vpxis:\n"                                                                      \
	"  - name: a\n"                                                                 \
	"    routers:\n"                                                                \
	"      - name: r1\n"                                                            \
	"        slice: s0\n"                                                           \
	"        interfaces:\n"                                                         \
	"          - {name: in, port: lan0, vlan: 101, address: [10.0.0.1/24],\n"       \
	"             rate: {static: 100Mbps}}\n"                                       \
	"          - {name: out, port: lan1, vlan: 101, address: [10.1.0.1/24],\n"      \
	"             rate: {min: 50Mbps}}\n"                                           \
	"        routes:\n"                                                             \
	"          - {to: 10.2.0.0/24, via: 10.1.0.2}\n"                                \
	"          - {to: 10.3.0.0/24, via: 10.0.0.2}\n"                                \
	"        neighbors:\n"                                                          \
	"          - {address: 10.1.0.2, mac: \"02:00:00:00:00:02\", interface: out}\n" \
	"  - name: b\n"                                                                 \
	"    routers:\n"                                                                \
	"      - name: r1\n"                                                            \
	"        slice: s0\n"                                                           \
	"        interfaces:\n"                                                         \
	"          - {name: in, port: lan0, vlan: 102, address: [10.0.0.1/24],\n"       \
	"             rate: {static: 150Mbps}}\n"                                       \
	"          - {name: out, port: lan1, vlan: 102, address: [10.1.0.1/24]}\n"

/* The text with the first FROM replaced by TO. The caller frees. FROM must be there. */
static inline char *ctrl_site_edit(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	size_t before, len = strlen(text) + strlen(to) + 1;
	char *edited = malloc(len);

	assert_non_null(at);
	assert_non_null(edited);
	before = (size_t)(at - text);
	memcpy(edited, text, before);
	snprintf(edited + before, len - before, "%s%s", to, at + strlen(from));
	return edited;
}

/* Parsed and checked; a fault fails the test and is printed. */
static inline struct model_site *ctrl_site_parse(const char *text)
{
	struct check_bufs bufs = {0};
	struct model_site *site;
	struct diag diag;

	assert_int_equal(diag_init(&diag, "site.yaml"), 0);
	site_parse_buffer("site.yaml", text, strlen(text), &site, &diag);
	if (site)
		check_site(site, &bufs, &diag);
	diag_print(&diag, stderr);
	assert_int_equal(diag.n_errors, 0);
	assert_non_null(site);
	diag_fini(&diag);
	return site;
}

#endif
