/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/lease.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- text ---- */

static bool digits(const char *text, size_t at, size_t n, int *value)
{
	*value = 0;
	for (size_t i = at; i < at + n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*value = *value * 10 + (text[i] - '0');
	}
	return true;
}

int lease_time_parse(const char *text, int64_t *time_s)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	struct tm tm = {0}, back;
	time_t value;

	if (strlen(text) != sizeof(form) - 1)
		return -EINVAL;
	for (size_t i = 0; form[i]; i++) {
		if (form[i] != 'd' && text[i] != form[i])
			return -EINVAL;
	}
	if (!digits(text, 0, 4, &tm.tm_year) || !digits(text, 5, 2, &tm.tm_mon) ||
		!digits(text, 8, 2, &tm.tm_mday) || !digits(text, 11, 2, &tm.tm_hour) ||
		!digits(text, 14, 2, &tm.tm_min) || !digits(text, 17, 2, &tm.tm_sec))
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	back = tm;
	value = timegm(&back);
	/* timegm carries the 31st of February on: then it is no date. */
	if (value < 0 || back.tm_mon != tm.tm_mon || back.tm_mday != tm.tm_mday ||
		back.tm_hour != tm.tm_hour || back.tm_min != tm.tm_min || back.tm_sec != tm.tm_sec)
		return -EINVAL;
	*time_s = value;
	return 0;
}

const char *lease_time_print(int64_t time_s, char buf[LEASE_TIME_STRLEN])
{
	time_t value = (time_t)time_s;
	struct tm tm;

	if (time_s == MODEL_TIME_NONE || !gmtime_r(&value, &tm) ||
		strftime(buf, LEASE_TIME_STRLEN, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(buf, LEASE_TIME_STRLEN, "none");
	return buf;
}

static const struct {
	char name;
	uint64_t seconds;
} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
#define N_UNITS (sizeof(units) / sizeof(units[0]))

int lease_duration_parse(const char *text, uint64_t *duration_s)
{
	uint64_t sum = 0;
	size_t unit = 0;

	do {
		size_t n = strspn(text, "0123456789");
		uint64_t number = 0;

		if (n == 0 || n > 10)
			return -EINVAL;
		for (size_t i = 0; i < n; i++)
			number = number * 10 + (uint64_t)(text[i] - '0');
		while (unit < N_UNITS && units[unit].name != text[n])
			unit++;
		if (unit == N_UNITS)
			return -EINVAL;
		sum += number * units[unit++].seconds;
		text += n + 1;
	} while (*text);
	if (sum == 0 || sum > LEASE_DURATION_MAX)
		return -EINVAL;
	*duration_s = sum;
	return 0;
}

void lease_duration_print(uint64_t duration_s, FILE *out)
{
	for (size_t i = 0; i < N_UNITS; i++) {
		if (duration_s >= units[i].seconds)
			fprintf(out, "%llu%c", (unsigned long long)(duration_s / units[i].seconds),
				units[i].name);
		duration_s %= units[i].seconds;
	}
}

/* ---- one VPXI ---- */

enum lease_state lease_state(const struct model_vpxi *vpxi, int64_t now_s)
{
	if (vpxi->lease.loc.line == 0)
		return LEASE_RUNNING;
	if (now_s < vpxi->lease.start_s)
		return LEASE_WAITING;
	return now_s < vpxi->lease.end_s ? LEASE_RUNNING : LEASE_EXPIRED;
}

const char *lease_state_name(enum lease_state state)
{
	static const char *const names[] = {[LEASE_WAITING] = "waiting",
		[LEASE_RUNNING] = "running",
		[LEASE_EXPIRED] = "expired"};

	return names[state];
}

/* The end of a period that begins at BEGIN_S: never behind the lease's. */
static int64_t period_end(
	const struct model_vpxi *vpxi, const struct model_period *period, int64_t begin_s)
{
	int64_t end_s = vpxi->lease.end_s;

	if (period->duration_s && begin_s + (int64_t)period->duration_s < end_s)
		end_s = begin_s + (int64_t)period->duration_s;
	return end_s;
}

struct model_period *lease_period(const struct model_vpxi *vpxi, int64_t now_s)
{
	int64_t begin_s = vpxi->lease.start_s;

	if (vpxi->lease.loc.line == 0 || lease_state(vpxi, now_s) != LEASE_RUNNING)
		return NULL;
	for (size_t i = 0; i < vpxi->n_periods; i++) {
		int64_t end_s = period_end(vpxi, &vpxi->periods[i], begin_s);

		if (now_s < end_s)
			return &vpxi->periods[i];
		begin_s = end_s;
	}
	return NULL;
}

int64_t lease_next_change(const struct model_vpxi *vpxi, int64_t now_s)
{
	int64_t at_s = vpxi->lease.start_s;

	if (vpxi->lease.loc.line == 0)
		return MODEL_TIME_NONE;
	if (now_s < at_s)
		return at_s;
	for (size_t i = 0; i < vpxi->n_periods; i++) {
		at_s = period_end(vpxi, &vpxi->periods[i], at_s);
		if (now_s < at_s)
			return at_s;
	}
	return now_s < vpxi->lease.end_s ? vpxi->lease.end_s : MODEL_TIME_NONE;
}

struct model_period_rate *lease_period_rate(
	const struct model_period *period, const char *router, const char *interface)
{
	for (size_t i = 0; period && i < period->n_rates; i++) {
		struct model_period_rate *rate = &period->rates[i];

		if (strcmp(rate->interface, interface) == 0 && strcmp(rate->router, router) == 0)
			return rate;
	}
	return NULL;
}

/* ---- a site ---- */

int64_t lease_site_next_change(const struct model_site *site, int64_t now_s)
{
	int64_t first_s = MODEL_TIME_NONE;

	for (size_t v = 0; v < site->n_vpxis; v++) {
		int64_t next_s = lease_next_change(&site->vpxis[v], now_s);

		if (next_s < first_s)
			first_s = next_s;
	}
	return first_s;
}

bool lease_site_has(const struct model_site *site)
{
	for (size_t v = 0; v < site->n_vpxis; v++) {
		if (site->vpxis[v].lease.loc.line)
			return true;
	}
	return false;
}

static void set_rates(struct model_vpxi *vpxi, int64_t now_s)
{
	const struct model_period *period = lease_period(vpxi, now_s);

	for (size_t i = 0; period && i < period->n_rates; i++) {
		const struct model_period_rate *rate = &period->rates[i];
		struct model_router *router = model_router_lookup(vpxi, rate->router);
		struct model_interface *iface =
			router ? model_interface_lookup(router, rate->interface) : NULL;

		if (iface)
			iface->rate = rate->rate;
	}
}

struct model_site *lease_site_at(const struct model_site *site, int64_t now_s)
{
	struct model_site *at = model_site_clone(site);

	for (size_t v = at ? at->n_vpxis : 0; v > 0; v--) {
		if (lease_state(&at->vpxis[v - 1], now_s) == LEASE_RUNNING)
			set_rates(&at->vpxis[v - 1], now_s);
		else
			model_vpxi_del(at, v - 1);
	}
	return at;
}

/* ---- minima over time ---- */

struct change {
	int64_t at_s;
	bool begins;
	uint64_t min_bps;
	size_t index;
};

/* What ends at an instant makes room for what begins then. */
static int compare_changes(const void *a, const void *b)
{
	const struct change *left = a, *right = b;

	if (left->at_s != right->at_s)
		return left->at_s < right->at_s ? -1 : 1;
	return (int)left->begins - (int)right->begins;
}

static size_t add_stretch(struct change *changes, size_t n, size_t index, int64_t from_s,
	int64_t to_s, int64_t since_s, uint64_t min_bps)
{
	if (min_bps == 0 || to_s <= since_s || from_s >= to_s)
		return n;
	changes[n++] = (struct change){
		.at_s = from_s > since_s ? from_s : since_s, .begins = true, min_bps, index};
	if (to_s != MODEL_TIME_NONE)
		changes[n++] = (struct change){.at_s = to_s, .begins = false, min_bps, index};
	return n;
}

static size_t add_link(struct change *changes, size_t n, const struct lease_link *link,
	size_t index, int64_t since_s)
{
	const struct model_vpxi *vpxi = link->vpxi;
	uint64_t usual_bps = link->iface->rate.min_bps;
	int64_t at_s = vpxi->lease.start_s;

	for (size_t i = 0; i < vpxi->n_periods; i++) {
		int64_t end_s = period_end(vpxi, &vpxi->periods[i], at_s);
		const struct model_period_rate *rate =
			lease_period_rate(&vpxi->periods[i], link->router->name, link->iface->name);

		n = add_stretch(changes, n, index, at_s, end_s, since_s,
			rate ? rate->rate.min_bps : usual_bps);
		at_s = end_s;
	}
	return add_stretch(changes, n, index, at_s, vpxi->lease.end_s, since_s, usual_bps);
}

int lease_check_minima(const struct lease_link *links, size_t n, int64_t since_s,
	uint64_t capacity_bps, struct lease_fault *fault)
{
	unsigned __int128 sum = 0;
	size_t n_changes = 0, size = 0;
	struct change *changes;

	*fault = (struct lease_fault){.at_s = INT64_MIN};
	for (size_t i = 0; i < n; i++) {
		if (links[i].vpxi->lease.loc.line) {
			size += 2 * (links[i].vpxi->n_periods + 1);
			continue;
		}
		if (sum <= capacity_bps)
			fault->index = i;
		sum += links[i].iface->rate.min_bps;
		fault->n_links += links[i].iface->rate.min_bps != 0;
	}
	if (sum > capacity_bps) {
		fault->sum_bps = sum < UINT64_MAX ? (uint64_t)sum : UINT64_MAX;
		return -ENOSPC;
	}
	if (size == 0)
		return 0;
	changes = calloc(size, sizeof(*changes));
	if (!changes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (links[i].vpxi->lease.loc.line)
			n_changes = add_link(changes, n_changes, &links[i], i, since_s);
	}
	qsort(changes, n_changes, sizeof(*changes), compare_changes);
	for (size_t i = 0; i < n_changes; i++) {
		if (!changes[i].begins) {
			sum -= changes[i].min_bps;
			fault->n_links--;
			continue;
		}
		sum += changes[i].min_bps;
		fault->n_links++;
		if (i + 1 < n_changes && changes[i + 1].at_s == changes[i].at_s)
			continue; /* the whole instant */
		if (sum <= capacity_bps)
			continue;
		fault->at_s = changes[i].at_s;
		fault->index = changes[i].index;
		fault->sum_bps = sum < UINT64_MAX ? (uint64_t)sum : UINT64_MAX;
		free(changes);
		return -ENOSPC;
	}
	free(changes);
	return 0;
}
