/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tables of the site file's keys share; for site.c and site_vpxi.c only. */
#ifndef HPSR_CONFIG_SITE_KEYS_H
#define HPSR_CONFIG_SITE_KEYS_H

#include "config/field.h"
#include "lib/rate.h"

/* A member of a model struct, and where its value's place goes. */
#define AT(type, member) .offset = offsetof(struct type, member)
#define LOC(type, member) .loc_offset = offsetof(struct type, member)
#define FIELDS(table) table, sizeof(table) / sizeof((table)[0])

#define RATE_LIMITS .min = RATE_MIN_BPS, .max = RATE_MAX_BPS
#define MTU_MAX 9000
#define MTU_LIMITS .min = 68, .max = MTU_MAX
#define ADDRESS_ITEM .item = {"address", field_address}, .one_alone = true, .unknown_item = true

/* An interface's `filter:` and `probe:`, an item of a router's `policies:`; site_match.c. */
extern const struct record site_filter_record, site_probe_record, site_policy_record;
extern const struct field_choice site_rpf_modes[];

/* A network without host bits, or `default` (0.0.0.0/0); OBJECT is the struct ip_prefix. */
FIELD_PARSER(site_parse_network);

/* One item of `vpxis:`, a struct model_vpxi. */
extern const struct record site_vpxi_record;

#endif
