# SPDX-License-Identifier: BSD-3-Clause
"""Part a: long-run error, excess over the bucket, gaps."""
import report
import rates_virtual

STEP_NS = 250  # of build/bench/rates' loop
TARGETS = rates_virtual.TARGETS


def gap_holds(row):
    """Within 2 %, or one poll loop."""
    return "gap_off_ns" not in row or \
        row["gap_off_ns"] <= max(0.02 * row["gap_ns"], STEP_NS)


def summed(rows):
    """One line for each rate, size and discipline: the worst of the places."""
    lines = []
    for key in dict.fromkeys((r["rate_bps"], r["size"], r["by"]) for r in rows):
        of = [r for r in rows if (r["rate_bps"], r["size"], r["by"]) == key]
        gaps = [r for r in of if "gap_off_ns" in r]
        off = max((r["gap_off_ns"] for r in gaps), default=0)
        lines.append([rates_virtual.rate_text(key[0]), key[1], key[2], len(of),
                      min(r["frames"] for r in of),
                      f"{max(abs(r['error']) for r in of):.4%}",
                      max(r["excess_bytes"] for r in of),
                      f"{gaps[0]['gap_ns'] / 1000:.3f}" if gaps else "",
                      f"{off / 1000:.3f}" if gaps else ""])
    return report.table(["rate", "bytes", "by", "places", "frames", "error", "excess B", "gap us",
                         "off us"], lines, (2,))


def run(context):
    rows = rates_virtual.rows_of(context, "accuracy")
    error = max(abs(r["error"]) for r in rows)
    excess = max(r["excess_bytes"] for r in rows)
    gaps = [r for r in rows if "gap_off_ns" in r]
    over = [r["gap_off_ns"] for r in gaps if r["gap_off_ns"] > 0.02 * r["gap_ns"]]
    return rates_virtual.part("accuracy", [
        "A link with a burst of 32 KiB is offered more than that at once, then one and a half times its",
        "rate. Error: of the long-run rate. Excess: bytes of the worst of all windows of any length over",
        "burst and rate x time (psp at ingress: two largest frames), exactly; at most 0 where the bound",
        "holds. Gaps of psp: the farthest off of all, at the places that queue. The worst of ingress,",
        "vif-in, vif-out and port; each by itself in report.json.",
    ], summed(rows), rows, [
        ("long-run rate within 0.1 %, 64 kbit/s to 40 Gbit/s", f"{error:.4%} off", error <= 0.001),
        ("no window over burst + rate x time", f"{excess} bytes", excess <= 0),
        ("psp gaps within 2 % or a poll loop (250 ns)",
         f"{max(over, default=0):.0f} ns off where over 2 %", all(gap_holds(r) for r in gaps)),
        ("nothing overtaken", f"{sum(not r['in_order'] for r in rows)} cases",
         all(r["in_order"] for r in rows))])
