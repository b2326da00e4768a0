/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataplane/ra.h"

#include <errno.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_random.h>

#include "dataplane/icmp6.h"

/* RFC 4861 6.2.1 and 10. */
#define INTERVAL_MIN_S 4
#define INTERVAL_MAX_S 1800
#define LIFETIME_MAX_S 9000
#define INITIAL_ADVERTS 3
#define INITIAL_INTERVAL_S 16
#define BETWEEN_S 3         /* MIN_DELAY_BETWEEN_RAS */
#define ANSWER_DELAY_MS 500 /* MAX_RA_DELAY_TIME */
#define VALID_S 2592000     /* of prefixes */
#define PREFERRED_S 604800
#define HOP_LIMIT 64
#define FLAG_MANAGED 0x80
#define FLAG_OTHER 0x40
#define PREFIX_ON_LINK 0x80
#define PREFIX_AUTONOMOUS 0x40

/* RFC 4861 4.2, 4.6. */
struct advert {
	struct icmp6_header icmp; /* value: hop limit, flags, lifetime */
	uint32_t reachable_ms, retrans_ms;
} ICMP6_PACKED;

struct option_mac {
	uint8_t type, units;
	uint8_t mac[6];
};

struct option_mtu {
	uint8_t type, units;
	uint16_t unused;
	uint32_t mtu;
} ICMP6_PACKED;

struct option_prefix {
	uint8_t type, units, len, flags;
	uint32_t valid_s, preferred_s, unused;
	uint8_t prefix[16];
} ICMP6_PACKED;

static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};

int ra_set(struct iface6 *ip6, const struct dp_ra_spec *spec)
{
	if (spec->interval_s != 0 &&
		(spec->interval_s < INTERVAL_MIN_S || spec->interval_s > INTERVAL_MAX_S ||
			spec->lifetime_s > LIFETIME_MAX_S ||
			(spec->lifetime_s != 0 && spec->lifetime_s < spec->interval_s)))
		return -EINVAL;
	ip6->ra = *spec;
	return 0;
}

/* Networks with hosts: those of own addresses but link-local ones, each once. Anycast addresses
 * are each network's only one. */
static bool is_prefix(const struct own6 *own)
{
	return own->anycast;
}

static uint16_t advert_len(const struct iface6 *ip6)
{
	size_t len = sizeof(struct advert) + sizeof(struct option_mac) + sizeof(struct option_mtu);

	for (size_t i = 0; i < ip6->n_own; i++)
		if (is_prefix(&ip6->own[i]))
			len += sizeof(struct option_prefix);
	return (uint16_t)len;
}

static void prefix_fill(struct option_prefix *option, const struct own6 *own)
{
	*option = (struct option_prefix){.type = 3,
		.units = 4,
		.len = own->len,
		.flags = PREFIX_ON_LINK | (own->len == 64 ? PREFIX_AUTONOMOUS : 0),
		.valid_s = RTE_BE32(VALID_S),
		.preferred_s = RTE_BE32(PREFERRED_S)};
	memcpy(option->prefix, own->ip, sizeof(option->prefix));
}

static void advertise(struct ctx *ctx, struct iface6 *ip6, uint16_t lifetime_s)
{
	const struct iface *iface = ip6->iface;
	uint8_t flags =
		(uint8_t)((ip6->ra.managed ? FLAG_MANAGED : 0) | (ip6->ra.other ? FLAG_OTHER : 0));
	uint16_t len = advert_len(ip6);
	struct option_prefix *prefix;
	struct option_mac *mac;
	struct option_mtu *mtu;
	struct advert *advert;
	struct rte_mbuf *m;

	if (len > IFACE6_MTU_MIN - IP6_HEADER_LEN)
		return;
	advert = (struct advert *)icmp6_new(
		ctx, ip6->own[0].ip, all_nodes, IP6_HOPS_ND, ICMP6_ROUTER_ADVERT, len, &m);
	if (advert == NULL)
		return;
	advert->icmp.value =
		rte_cpu_to_be_32((uint32_t)HOP_LIMIT << 24 | (uint32_t)flags << 16 | lifetime_s);
	advert->reachable_ms = advert->retrans_ms = 0;
	mac = (struct option_mac *)(advert + 1);
	*mac = (struct option_mac){.type = 1, .units = 1};
	memcpy(mac->mac, iface->mac, sizeof(mac->mac));
	mtu = (struct option_mtu *)(mac + 1);
	*mtu = (struct option_mtu){.type = 5, .units = 1, .mtu = rte_cpu_to_be_32(iface->mtu)};
	prefix = (struct option_prefix *)(mtu + 1);
	for (size_t i = 0; i < ip6->n_own; i++)
		if (is_prefix(&ip6->own[i]))
			prefix_fill(prefix++, &ip6->own[i]);
	icmp6_finish(&advert->icmp, len);
	ip6_send(ctx, ip6->iface, m);
}

static uint64_t tsc_of_ms(uint64_t ms)
{
	return ms * rte_get_tsc_hz() / 1000;
}

/* Between a third of the interval and all of it (RFC 4861 6.2.1, 6.2.4). */
static uint64_t next_tsc(const struct iface6 *ip6, uint64_t now_tsc)
{
	uint64_t most_ms = ip6->ra.interval_s * UINT64_C(1000);
	uint64_t least_ms = RTE_MAX(most_ms * 33 / 100, UINT64_C(3000));
	uint64_t ms = least_ms + rte_rand_max(most_ms - least_ms + 1);

	if (ip6->ra_sent < INITIAL_ADVERTS)
		ms = RTE_MIN(ms, INITIAL_INTERVAL_S * UINT64_C(1000));
	return now_tsc + tsc_of_ms(ms);
}

/* Its source is the link-local address, which must be known to be ours. */
static bool may_advertise(const struct iface6 *ip6)
{
	return ip6->ra.interval_s != 0 && ip6->own[0].state == OWN6_VALID && ip6->iface->port->up &&
		(ip6->iface->flags & IFACE_VR_DOWN) == 0;
}

void ra_start(struct ctx *ctx, struct iface6 *ip6)
{
	if (!may_advertise(ip6))
		return;
	ip6->ra_sent = 0;
	ip6->ra_due_tsc = ctx->now_tsc + tsc_of_ms(rte_rand_max(ANSWER_DELAY_MS));
}

bool ra_solicited(struct ctx *ctx, struct iface6 *ip6)
{
	uint64_t due = ctx->now_tsc + tsc_of_ms(rte_rand_max(ANSWER_DELAY_MS));

	if (!may_advertise(ip6))
		return false;
	/* RFC 4861 6.2.6: not too soon after the last to all. */
	if (ip6->ra_sent > 0)
		due = RTE_MAX(due, ip6->ra_last_tsc + tsc_of_ms(BETWEEN_S * UINT64_C(1000)));
	ip6->ra_due_tsc = RTE_MIN(ip6->ra_due_tsc, due);
	return true;
}

void ra_run(struct ctx *ctx, struct iface6 *ip6)
{
	if (ip6->ra_due_tsc > ctx->now_tsc)
		return;
	if (!may_advertise(ip6)) {
		ip6->ra_due_tsc = UINT64_MAX;
		return;
	}
	advertise(ctx, ip6, ip6->ra.lifetime_s);
	ip6->ra_last_tsc = ctx->now_tsc;
	if (ip6->ra_sent < INITIAL_ADVERTS)
		ip6->ra_sent++;
	ip6->ra_due_tsc = next_tsc(ip6, ctx->now_tsc);
}

void ra_cease(struct ctx *ctx, struct iface *iface)
{
	struct iface6 *ip6 = iface->ip6;

	if (ip6 == NULL)
		return;
	if (ip6->ra_sent > 0 && may_advertise(ip6))
		advertise(ctx, ip6, 0); /* RFC 4861 6.2.5 */
	ip6->ra_sent = 0;
	ip6->ra_due_tsc = UINT64_MAX;
}
