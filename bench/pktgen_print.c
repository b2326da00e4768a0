/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>

#include <rte_cycles.h>

#include "bench/pktgen.h"

static double us(uint64_t tsc)
{
	return (double)tsc * 1e6 / (double)rte_get_tsc_hz();
}

static double per_second(double what, double seconds)
{
	return seconds > 0 ? what / seconds : 0;
}

static double loss(const struct pktgen_result *r)
{
	return r->tx_packets > 0 ? (double)r->flows.lost / (double)r->tx_packets : 0;
}

/* Received within the time from the first to the last: as many intervals as frames but one. */
static double rx_pps(const struct pktgen_result *r)
{
	return r->rx_packets > 1 ? per_second((double)(r->rx_packets - 1), r->rx_seconds) : 0;
}

static double rx_bps(const struct pktgen_result *r)
{
	return r->rx_packets > 0 ? rx_pps(r) * 8 * (double)r->rx_bytes / (double)r->rx_packets : 0;
}

static void json_string(const char *text, FILE *to)
{
	fputc('"', to);
	for (const char *c = text; *c != '\0'; c++)
		if (*c == '"' || *c == '\\')
			fprintf(to, "\\%c", *c);
		else if ((unsigned char)*c < 0x20)
			fprintf(to, "\\u%04x", *c);
		else
			fputc(*c, to);
	fputc('"', to);
}

void pktgen_print_json(const struct pktgen_options *o, const struct pktgen_result *r, FILE *to)
{
	const struct hist *h = r->latency_tsc;

	fprintf(to, "{\"tx_device\": ");
	json_string(o->tx_device, to);
	fprintf(to, ", \"rx_device\": ");
	json_string(o->rx_device != NULL ? o->rx_device : o->tx_device, to);
	fprintf(to, ", \"rate\": ");
	json_string(r->trial.rate_text, to);
	fprintf(to, ", \"size\": ");
	json_string(r->trial.size_text, to);
	fprintf(to,
		", \"count\": \"%s\", \"flows\": %u, \"seconds\": %.6f, \"tx_packets\": %" PRIu64
		", \"tx_bytes\": %" PRIu64 ", \"tx_pps\": %.1f, \"tx_bps\": %.0f"
		", \"refused_packets\": %" PRIu64 ", \"rx_packets\": %" PRIu64
		", \"rx_bytes\": %" PRIu64 ", \"rx_pps\": %.1f, \"rx_bps\": %.0f",
		pktgen_count_name(o->count), o->frames.n_flows, r->tx_seconds, r->tx_packets,
		r->tx_bytes, per_second((double)r->tx_packets, r->tx_seconds),
		per_second(8 * (double)r->tx_bytes, r->tx_seconds), r->refused, r->rx_packets,
		r->rx_bytes, rx_pps(r), rx_bps(r));
	fprintf(to,
		", \"lost_packets\": %" PRIu64 ", \"loss\": %.9f, \"reordered_packets\": %" PRIu64
		", \"duplicated_packets\": %" PRIu64 ", \"corrupted_packets\": %" PRIu64
		", \"wrong_tag_packets\": %" PRIu64 ", \"other_packets\": %" PRIu64
		", \"stray_packets\": %" PRIu64 ", \"flows_lossy\": %u",
		r->flows.lost, loss(r), r->flows.reordered, r->flows.duplicated, r->corrupted,
		r->wrong_tag, r->other, r->stray, r->flows.flows_lossy);
	if (r->flows.worst_lost > 0)
		fprintf(to, ", \"worst_flow\": {\"flow\": %u, \"lost_packets\": %" PRIu64 "}",
			r->flows.worst_flow, r->flows.worst_lost);
	if (h != NULL)
		fprintf(to,
			", \"latency_us\": {\"p50\": %.3f, \"p90\": %.3f, \"p99\": %.3f"
			", \"p999\": %.3f, \"max\": %.3f, \"count\": %" PRIu64 "}",
			us(hist_quantile(h, 0.5)), us(hist_quantile(h, 0.9)),
			us(hist_quantile(h, 0.99)), us(hist_quantile(h, 0.999)), us(h->max),
			hist_count(h));
	fprintf(to,
		", \"longest_gap_us\": %.1f, \"drain_seconds\": %.6f, \"short\": %.9f"
		", \"void\": %s, \"why\": ",
		us(r->gap_tsc), r->drain_seconds, r->short_share, r->is_void ? "true" : "false");
	json_string(r->why, to);
	fprintf(to, ", \"interrupted\": %s, \"tsc_hz\": %" PRIu64 "}\n",
		r->interrupted ? "true" : "false", rte_get_tsc_hz());
	fflush(to);
}

void pktgen_print_table(const struct pktgen_options *o, const struct pktgen_result *r, FILE *to)
{
	const struct hist *h = r->latency_tsc;
	double pps = per_second((double)r->tx_packets, r->tx_seconds);
	double bps = per_second(8 * (double)r->tx_bytes, r->tx_seconds);

	fprintf(to, "asked       %s of size %s, %u flows, ", r->trial.rate_text, r->trial.size_text,
		o->frames.n_flows);
	if (r->trial.packets != 0)
		fprintf(to, "%" PRIu64 " packets\n", r->trial.packets);
	else
		fprintf(to, "%g s\n", r->trial.seconds);
	fprintf(to, "sent        %" PRIu64 " packets in %.3f s: %.0f pps, %.3f Mbit/s (%s)\n",
		r->tx_packets, r->tx_seconds, pps, bps / 1e6, pktgen_count_name(o->count));
	fprintf(to, "received    %" PRIu64 " packets: %.0f pps, %.3f Mbit/s\n", r->rx_packets,
		rx_pps(r), rx_bps(r) / 1e6);
	fprintf(to,
		"lost        %" PRIu64 " (%.4f %%), in %u flows; at the full device: %" PRIu64 "\n",
		r->flows.lost, 100 * loss(r), r->flows.flows_lossy, r->refused);
	fprintf(to, "reordered   %" PRIu64 ", duplicated %" PRIu64 ", corrupted %" PRIu64 "\n",
		r->flows.reordered, r->flows.duplicated, r->corrupted);
	fprintf(to,
		"beside      wrong tag %" PRIu64 ", of earlier runs %" PRIu64 ", other %" PRIu64
		"\n",
		r->wrong_tag, r->stray, r->other);
	if (h != NULL && hist_count(h) > 0)
		fprintf(to, "latency us  p50 %.2f  p90 %.2f  p99 %.2f  p99.9 %.2f  max %.2f\n",
			us(hist_quantile(h, 0.5)), us(hist_quantile(h, 0.9)),
			us(hist_quantile(h, 0.99)), us(hist_quantile(h, 0.999)), us(h->max));
	fprintf(to, "receiver    looked at its queue after %.1f us at most; drained in %.3f s\n",
		us(r->gap_tsc), r->drain_seconds);
	if (r->is_void)
		fprintf(to, "VOID        %s\n", r->why);
	if (r->interrupted)
		fprintf(to, "interrupted\n");
}
