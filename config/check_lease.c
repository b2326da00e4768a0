/* SPDX-License-Identifier: BSD-3-Clause */
/* The lease and the periods of a VPXI by themselves; whether the minima fit is check_links' part.
 */
#include <string.h>

#include "config/check_parts.h"
#include "config/lease.h"

static void check_rates(
	struct check *check, const struct model_vpxi *vpxi, const struct model_period *period)
{
	char line[CHECK_LINE_STRLEN];

	for (size_t i = 0; i < period->n_rates; i++) {
		const struct model_period_rate *rate = &period->rates[i];
		struct model_loc loc = check_loc(rate->link_loc, rate->rate.loc);
		const struct model_router *router = model_router_lookup(vpxi, rate->router);
		const struct model_period_rate *first =
			lease_period_rate(period, rate->router, rate->interface);

		if (!rate->router[0])
			continue; /* reported */
		if (!router || !model_interface_lookup(router, rate->interface))
			diag_error(check->diag, loc, "link: VPXI '%s' has no link '%s/%s'",
				vpxi->name, rate->router, rate->interface);
		else if (first != rate)
			diag_error(check->diag, loc,
				"link: '%s/%s' has a rate of this period in %s already",
				rate->router, rate->interface,
				check_line(check_loc(first->link_loc, first->rate.loc), line));
	}
}

void check_lease(struct check *check, const struct model_vpxi *vpxi)
{
	const struct model_lease *lease = &vpxi->lease;
	uint64_t sum_s = 0;

	if (vpxi->n_periods && lease->loc.line == 0)
		diag_error(check->diag, vpxi->periods[0].loc,
			"periods: they follow each other from the start of a lease, and VPXI '%s' "
			"has no 'lease'",
			vpxi->name);
	for (size_t i = 0; i < vpxi->n_periods; i++) {
		const struct model_period *period = &vpxi->periods[i];
		struct model_loc loc = check_loc(period->duration_loc, period->loc);

		check_rates(check, vpxi, period);
		if (period->duration_s == 0 && i + 1 < vpxi->n_periods && !check->partial)
			diag_error(check->diag, loc,
				"period '%s': only the last may do without a duration",
				period->name);
		sum_s += period->duration_s;
		if (lease->loc.line && lease->end_s != MODEL_TIME_NONE &&
			sum_s > (uint64_t)(lease->end_s - lease->start_s)) {
			char text[LEASE_TIME_STRLEN];

			diag_error(check->diag, loc,
				"period '%s': it lasts longer than the lease, which ends at %s",
				period->name, lease_time_print(lease->end_s, text));
			break;
		}
	}
}
