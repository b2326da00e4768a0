/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of print_site share; for print*.c only. */
#ifndef HPSR_CONFIG_PRINT_PARTS_H
#define HPSR_CONFIG_PRINT_PARTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/model.h"

/* {key: value, ...} on one line, or one key a line. */
struct map {
	FILE *out;
	int indent; /* -1: in braces */
	bool filled;
};

/* Write the key; its value follows. */
FILE *map_key(struct map *map, const char *key);
void map_text(struct map *map, const char *key, const char *value);
void map_number(struct map *map, const char *key, unsigned long value);
void map_prefix(struct map *map, const char *key, const struct ip_prefix *prefix);
/* One address, or several in brackets; nothing where there is none. */
void map_addrs(struct map *map, const char *key, const struct ip_addr *addrs, size_t n);
/* A mapping in braces as the value of KEY; end it with map_end. */
struct map map_inner(struct map *map, const char *key);
void map_end(struct map *map);

/* Keys of an interface, and an item of `policies:`; nothing where all is as usual. */
void print_filter(struct map *iface, const struct model_filter *filter);
void print_rpf(struct map *iface, enum model_rpf rpf);
void print_probe(struct map *iface, const struct model_probe *probe);
void print_policy(FILE *out, const struct model_policy *policy);

#endif
