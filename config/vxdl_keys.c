/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/vxdl_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/field.h"
#include "lib/rate.h"

#define VALUE_SHOWN 60
#define SECONDS_MAX (UINT64_C(100) * 366 * 86400) /* of a duration */

/* ---- names ---- */

static const char *attr_name(const void *names, size_t i)
{
	return ((const struct vxdl_attr_key *)names)[i].name;
}

static const char *elem_name(const void *names, size_t i)
{
	return ((const struct vxdl_elem_key *)names)[i].name;
}

static const char *choice_name(const void *names, size_t i)
{
	return ((const char *const *)names)[i];
}

/* ", did you mean 'x'?" or ", known are: ..." */
static const char *suggest(struct vxdl_ctx *ctx, const char *text,
	const char *(*next_name)(const void *names, size_t i), const void *names, char buf[256])
{
	const char *nearest = ctx->diag->n_entries < DIAG_MAX && names
		? field_nearest(text, next_name, names)
		: NULL;
	const char *name;
	size_t len;

	if (nearest) {
		snprintf(buf, 256, ", did you mean '%s'?", nearest);
		return buf;
	}
	len = (size_t)snprintf(buf, 256, "%s", names ? ", known are: " : "");
	for (size_t i = 0; names && (name = next_name(names, i)) != NULL && len < 256; i++)
		len += (size_t)snprintf(buf + len, 256 - len, "%s%s", i ? ", " : "", name);
	return buf;
}

/* ---- elements ---- */

static void parse_attr(
	struct vxdl_ctx *ctx, const struct vxdl_attr_key *key, struct vxdl_attr *attr, void *object)
{
	attr->known = true;
	if (key->loc_offset)
		*(struct model_loc *)((char *)object + key->loc_offset) = attr->loc;
	key->parse(ctx, key, attr, object);
}

static void parse_attrs(struct vxdl_ctx *ctx, const struct vxdl_elem *elem,
	const struct vxdl_attr_key *keys, void *object)
{
	bool meant[32] = {false};
	char hint[256];

	for (size_t i = 0; keys && keys[i].name; i++) {
		struct vxdl_attr *attr = vxdl_tree_attr(elem, keys[i].name);

		meant[i] = attr != NULL;
		if (attr)
			parse_attr(ctx, &keys[i], attr, object);
	}
	for (struct vxdl_attr *attr = elem->attrs; attr; attr = attr->next) {
		const char *nearest;

		if (attr->known)
			continue;
		diag_error(ctx->diag, attr->loc, "unknown attribute '%.60s' in %s%s", attr->name,
			elem->name, suggest(ctx, attr->name, attr_name, keys, hint));
		nearest = keys && ctx->diag->n_entries < DIAG_MAX
			? field_nearest(attr->name, attr_name, keys)
			: NULL;
		for (size_t i = 0; nearest && keys[i].name; i++) {
			if (strcmp(keys[i].name, nearest) != 0 || meant[i])
				continue;
			meant[i] = true;
			parse_attr(ctx, &keys[i], attr, object);
		}
	}
	for (size_t i = 0; keys && keys[i].name; i++) {
		if (keys[i].required && !meant[i])
			diag_error(ctx->diag, elem->loc, "missing attribute '%s' in %s",
				keys[i].name, elem->name);
	}
}

static void parse_child(struct vxdl_ctx *ctx, const struct vxdl_elem *child,
	const struct vxdl_elem_key *key, const struct vxdl_elem **first, void *object)
{
	if (*first && !key->many) {
		diag_error(ctx->diag, child->loc,
			"repeated element '%s' in %s, the first is in line %u", key->name,
			child->parent->name, (*first)->loc.line);
		return;
	}
	if (!*first)
		*first = child;
	key->parse(ctx, child, object);
}

/* Where a known element must have been meant, go on as if it were. */
static void parse_unknown(struct vxdl_ctx *ctx, const struct vxdl_elem *child,
	const struct vxdl_elem_key *keys, const struct vxdl_elem **first, void *object)
{
	char hint[256];
	const char *nearest;

	for (size_t i = 0; keys && keys[i].name; i++) {
		if (strcmp(keys[i].name, child->name) == 0)
			return;
	}
	diag_error(ctx->diag, child->loc, "unknown element '%.60s' in %s%s", child->name,
		child->parent->name, suggest(ctx, child->name, elem_name, keys, hint));
	nearest = keys && ctx->diag->n_entries < DIAG_MAX
		? field_nearest(child->name, elem_name, keys)
		: NULL;
	for (size_t i = 0; nearest && keys[i].name; i++) {
		if (strcmp(keys[i].name, nearest) == 0 && (!first[i] || keys[i].many))
			parse_child(ctx, child, &keys[i], &first[i], object);
	}
}

void vxdl_keys_parse(struct vxdl_ctx *ctx, const struct vxdl_elem *elem,
	const struct vxdl_attr_key *attrs, const struct vxdl_elem_key *elems, void *object)
{
	const struct vxdl_elem *first[16] = {NULL};

	parse_attrs(ctx, elem, attrs, object);
	/* In the order of the table, whatever that of the file: some refer to others. */
	for (size_t i = 0; elems && elems[i].name; i++) {
		for (const struct vxdl_elem *child = elem->first; child; child = child->next) {
			if (strcmp(elems[i].name, child->name) == 0)
				parse_child(ctx, child, &elems[i], &first[i], object);
		}
	}
	for (const struct vxdl_elem *child = elem->first; child; child = child->next)
		parse_unknown(ctx, child, elems, first, object);
	for (size_t i = 0; elems && elems[i].name; i++) {
		if (elems[i].required && !first[i])
			diag_error(ctx->diag, elem->loc, "missing element '%s' in %s",
				elems[i].name, elem->name);
	}
}

/* ---- values ---- */

static void *member(const struct vxdl_attr_key *key, void *object)
{
	return (char *)object + key->offset;
}

static void expected(struct vxdl_ctx *ctx, const struct vxdl_attr_key *key,
	const struct vxdl_attr *attr, const char *what)
{
	diag_error(ctx->diag, attr->loc, "%s: expected %s, found '%.*s'%s", key->name, what,
		VALUE_SHOWN, attr->value, strlen(attr->value) > VALUE_SHOWN ? "..." : "");
}

VXDL_KEY_PARSER(vxdl_key_name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	size_t len = strlen(attr->value);

	if (len == 0 || len > MODEL_NAME_MAX || strchr("-_.", attr->value[0]) ||
		strspn(attr->value, letters) != len)
		expected(ctx, key, attr,
			"a name (1 to 63 letters, digits, '-', '_' or '.', the first a letter or "
			"digit)");
	else
		memcpy(member(key, object), attr->value, len + 1);
}

VXDL_KEY_PARSER(vxdl_key_u32)
{
	size_t n = strspn(attr->value, "0123456789");
	uint64_t number = n && n < 12 ? strtoull(attr->value, NULL, 10) : UINT64_MAX;
	char what[80];

	if (attr->value[n] != '\0' || number < key->min || number > key->max) {
		snprintf(what, sizeof(what), "a number from %llu to %llu",
			(unsigned long long)key->min, (unsigned long long)key->max);
		expected(ctx, key, attr, what);
		return;
	}
	*(uint32_t *)member(key, object) = (uint32_t)number;
}

VXDL_KEY_PARSER(vxdl_key_enum)
{
	const char *const *names = key->arg;
	char hint[256];

	for (unsigned int i = 0; names[i]; i++) {
		if (strcmp(names[i], attr->value) != 0)
			continue;
		*(unsigned int *)member(key, object) = i;
		return;
	}
	diag_error(ctx->diag, attr->loc, "%s: unknown value '%.60s'%s", key->name, attr->value,
		suggest(ctx, attr->value, choice_name, names, hint));
}

VXDL_KEY_PARSER(vxdl_key_equals)
{
	char what[64];

	(void)object;
	snprintf(what, sizeof(what), "'%s'", (const char *)key->arg);
	if (strcmp(attr->value, key->arg) != 0)
		expected(ctx, key, attr, what);
}

VXDL_KEY_PARSER(vxdl_key_share)
{
	const char *text = attr->value;
	size_t n = strspn(text, "0123456789"), n_decimals;
	uint32_t milli = 0, scale = 100;

	/* At most one lcore: one worker forwards for a virtual router. */
	n_decimals = text[n] == '.' ? strspn(text + n + 1, "0123456789") : 0;
	if (n == 1 && n_decimals <= 3 && text[n + (text[n] == '.' ? 1 + n_decimals : 0)] == '\0') {
		milli = (uint32_t)(text[0] - '0') * 1000;
		for (size_t i = 0; i < n_decimals; i++, scale /= 10)
			milli += (uint32_t)(text[2 + i] - '0') * scale;
	}
	if (milli == 0 || milli > 1000)
		expected(ctx, key, attr, "a share of one lcore from 0.001 to 1");
	else
		*(uint32_t *)member(key, object) = milli;
}

VXDL_KEY_PARSER(vxdl_key_rate)
{
	char what[160], min[RATE_STRLEN], max[RATE_STRLEN];
	uint64_t bps;

	if (rate_parse(attr->value, &bps) == 0 && bps >= RATE_MIN_BPS && bps <= RATE_MAX_BPS) {
		*(uint64_t *)member(key, object) = bps;
		return;
	}
	snprintf(what, sizeof(what), "a rate in bps, kbps, Mbps or Gbps from %s to %s",
		rate_print(RATE_MIN_BPS, min), rate_print(RATE_MAX_BPS, max));
	expected(ctx, key, attr, what);
}

VXDL_KEY_PARSER(vxdl_key_latency)
{
	size_t n = strspn(attr->value, "0123456789");
	const char *unit = attr->value + n;
	uint64_t value = n && n < 10 ? strtoull(attr->value, NULL, 10) : 0;

	value *= strcmp(unit, "s") == 0   ? 1000000000
		: strcmp(unit, "ms") == 0 ? 1000000
		: strcmp(unit, "us") == 0 ? 1000
					  : 0;
	if (value == 0 || value > UINT64_C(60) * 1000000000)
		expected(ctx, key, attr, "a time in us, ms or s, at most 60s");
	else
		*(uint64_t *)member(key, object) = value;
}

int vxdl_parse_duration(const char *text, uint64_t *seconds)
{
	static const struct {
		char unit;
		unsigned int seconds;
		bool time;
	} units[] = {{'D', 86400, false}, {'H', 3600, true}, {'M', 60, true}, {'S', 1, true}};
	uint64_t sum = 0;
	bool time = false;
	size_t next = 0;

	if (*text++ != 'P')
		return -EINVAL;
	while (*text) {
		size_t n, i = next;

		if (*text == 'T' && !time) {
			time = true;
			text++;
			if (*text == '\0')
				return -EINVAL;
			continue;
		}
		n = strspn(text, "0123456789");
		if (n == 0 || n > 10)
			return -EINVAL;
		while (i < 4 && (units[i].unit != text[n] || units[i].time != time))
			i++;
		if (i == 4)
			return -EINVAL;
		sum += strtoull(text, NULL, 10) * units[i].seconds;
		next = i + 1;
		text += n + 1;
	}
	if (sum == 0 || sum > SECONDS_MAX)
		return -EINVAL;
	*seconds = sum;
	return 0;
}

VXDL_KEY_PARSER(vxdl_key_duration)
{
	if (vxdl_parse_duration(attr->value, member(key, object)) < 0)
		expected(ctx, key, attr, "a duration such as PT4H, PT90M or P1DT30S");
}

int vxdl_parse_time(const char *text, uint64_t *seconds)
{
	struct tm tm = {0};
	char again[VXDL_TIME_STRLEN];
	time_t when;

	if (strlen(text) != strlen("2026-12-01T08:00:00Z"))
		return -EINVAL;
	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		    &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6 ||
		tm.tm_year < 1970)
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	when = timegm(&tm);
	/* What is no date (the 30th of February) comes back as another one. */
	if (when <= 0 || strcmp(vxdl_print_time((uint64_t)when, again), text) != 0)
		return -EINVAL;
	*seconds = (uint64_t)when;
	return 0;
}

const char *vxdl_print_time(uint64_t seconds, char buf[VXDL_TIME_STRLEN])
{
	time_t when = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&when, &tm) ||
		strftime(buf, VXDL_TIME_STRLEN, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(buf, VXDL_TIME_STRLEN, "?");
	return buf;
}

VXDL_KEY_PARSER(vxdl_key_time)
{
	if (vxdl_parse_time(attr->value, member(key, object)) < 0)
		expected(ctx, key, attr, "a time in UTC such as 2026-12-01T08:00:00Z");
}

VXDL_KEY_PARSER(vxdl_key_network)
{
	struct ip_prefix prefix, masked;
	char meant[IP_PREFIX_STRLEN];

	if (prefix_parse(attr->value, &prefix) < 0 || prefix.addr.af != IP_AF_4 || prefix.len < 8 ||
		prefix.len > 30 || !ipaddr_is_unicast(&prefix.addr)) {
		expected(ctx, key, attr, "an IPv4 network from /8 to /30 such as 10.1.0.0/24");
		return;
	}
	masked = prefix_mask(&prefix);
	if (ipaddr_cmp(&masked.addr, &prefix.addr) != 0)
		diag_error(ctx->diag, attr->loc,
			"%s: '%.60s' has bits behind its prefix length, did you mean %s?",
			key->name, attr->value, prefix_print(&masked, meant));
	else
		*(struct ip_prefix *)member(key, object) = prefix;
}
