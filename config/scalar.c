/* SPDX-License-Identifier: BSD-3-Clause */
/* The parse functions of field.h for single values. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/field.h"
#include "lib/rate.h"

static void *member(const struct field *field, void *object)
{
	return (char *)object + field->offset;
}

static bool is_name(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > MODEL_NAME_MAX || text[0] == '-' || text[0] == '_' || text[0] == '.')
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
		len;
}

void field_name(struct field_ctx *ctx, const struct field *field, const struct tree_node *node,
	void *object)
{
	static const char what[] = "a name (1 to 63 letters, digits, '-', '_' or '.', the first a "
				   "letter or digit)";
	const char *text = field_text(ctx, field, node, what);

	if (!text)
		return;
	if (is_name(text))
		memcpy(member(field, object), text, strlen(text) + 1);
	else
		field_expected(ctx, field, node, what);
}

void field_string(struct field_ctx *ctx, const struct field *field, const struct tree_node *node,
	void *object)
{
	const char *what = field->arg, *text = field_text(ctx, field, node, what);
	char *copy;

	if (!text)
		return;
	for (const char *c = text; *c; c++) {
		if (iscntrl((unsigned char)*c)) {
			text = "";
			break;
		}
	}
	if (text[0] == '\0') {
		field_expected(ctx, field, node, what);
		return;
	}
	copy = strdup(text);
	if (!copy) {
		ctx->no_memory = true;
		return;
	}
	free(*(char **)member(field, object));
	*(char **)member(field, object) = copy;
}

bool field_number(struct field_ctx *ctx, const struct field *field, const struct tree_node *node,
	uint64_t *value)
{
	char what[80];
	const char *text;
	uint64_t number = 0;
	size_t n_digits;

	snprintf(what, sizeof(what), "a number from %llu to %llu", (unsigned long long)field->min,
		(unsigned long long)field->max);
	text = field_text(ctx, field, node, what);
	if (!text)
		return false;
	n_digits = strspn(text, "0123456789");
	/* A leading zero is octal in YAML 1.1 and decimal in 1.2: refused rather than guessed. */
	if (n_digits == 0 || n_digits > 18 || text[n_digits] != '\0' ||
		(text[0] == '0' && n_digits > 1)) {
		field_expected(ctx, field, node, what);
		return false;
	}
	for (size_t i = 0; i < n_digits; i++)
		number = number * 10 + (uint64_t)(text[i] - '0');
	if (number < field->min || number > field->max) {
		field_expected(ctx, field, node, what);
		return false;
	}
	*value = number;
	return true;
}

void field_u16(struct field_ctx *ctx, const struct field *field, const struct tree_node *node,
	void *object)
{
	uint64_t value;

	if (field_number(ctx, field, node, &value))
		*(uint16_t *)member(field, object) = (uint16_t)value;
}

void field_u32(struct field_ctx *ctx, const struct field *field, const struct tree_node *node,
	void *object)
{
	uint64_t value;

	if (field_number(ctx, field, node, &value))
		*(uint32_t *)member(field, object) = (uint32_t)value;
}

static void set_quantity(struct field_ctx *ctx, const struct field *field,
	const struct tree_node *node, void *object, const char *what,
	int (*parse)(const char *text, uint64_t *value))
{
	const char *text = field_text(ctx, field, node, what);
	uint64_t value;

	if (!text)
		return;
	if (parse(text, &value) < 0 || value < field->min || value > field->max)
		field_expected(ctx, field, node, what);
	else
		*(uint64_t *)member(field, object) = value;
}

void field_rate(struct field_ctx *ctx, const struct field *field, const struct tree_node *node,
	void *object)
{
	char what[160], min[RATE_STRLEN], max[RATE_STRLEN];

	snprintf(what, sizeof(what), "a rate in bps, kbps, Mbps or Gbps from %s to %s",
		rate_print(field->min, min), rate_print(field->max, max));
	set_quantity(ctx, field, node, object, what, rate_parse);
}

void field_size(struct field_ctx *ctx, const struct field *field, const struct tree_node *node,
	void *object)
{
	char what[160], min[SIZE_STRLEN], max[SIZE_STRLEN];

	snprintf(what, sizeof(what), "a size in B, KiB, MiB or GiB from %s to %s",
		size_print(field->min, min), size_print(field->max, max));
	set_quantity(ctx, field, node, object, what, size_parse);
}

void field_percent(struct field_ctx *ctx, const struct field *field, const struct tree_node *node,
	void *object)
{
	static const char what[] = "a share from 0% to 100%, in steps of 0.01%";
	const char *text = field_text(ctx, field, node, what);

	if (text && percent_parse(text, member(field, object)) < 0)
		field_expected(ctx, field, node, what);
}

void field_ipaddr(struct field_ctx *ctx, const struct field *field, const struct tree_node *node,
	void *object)
{
	static const char what[] = "an IPv4 or IPv6 address";
	const char *text = field_text(ctx, field, node, what);

	if (text && ipaddr_parse(text, member(field, object)) < 0)
		field_expected(ctx, field, node, what);
}

void field_address(struct field_ctx *ctx, const struct field *field, const struct tree_node *node,
	void *object)
{
	static const char what[] = "an address with its prefix length, such as 10.0.0.1/24 or "
				   "2001:db8::1/64";
	struct model_address *address = member(field, object);
	const char *text = field_text(ctx, field, node, what);

	address->loc = node->loc;
	if (text && prefix_parse(text, &address->prefix) < 0)
		field_expected(ctx, field, node, what);
}

void field_mac(struct field_ctx *ctx, const struct field *field, const struct tree_node *node,
	void *object)
{
	static const char what[] = "the MAC address of one station, such as 02:00:00:00:00:01";
	const char *text = field_text(ctx, field, node, what);
	struct mac_addr mac;

	if (!text)
		return;
	if (mac_parse(text, &mac) < 0 || mac_is_group(&mac) || mac_is_zero(&mac))
		field_expected(ctx, field, node, what);
	else
		*(struct mac_addr *)member(field, object) = mac;
}
