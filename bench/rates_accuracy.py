# SPDX-License-Identifier: BSD-3-Clause
"""Part a: long-run error, excess over the bucket, gaps."""
import json
import os
import subprocess
import tempfile

import packets
import report
import rates_virtual
from common import WORKER_NICE, BenchError, cpu_times, end, log_tail, spawn, steal_share

STEP_NS = 250  # of build/bench/rates' loop
TARGETS = rates_virtual.TARGETS + ["bench/forward"]
REAL_RATES = [1e8, 1e9, 5e9, 1e10, 2e10, 4e10]
REAL_SETS = {64: ("64B-4096dst", 60), 1518: ("1500B", 1518)}  # set, bytes that a link counts
REAL_LINKS = [("vif-in", "tbf"), ("vif-in", "psp"), ("port", "tbf")]
DISTURBED_WAIT = 0.0005  # more than a bucket makes up for


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


def forward(context, pcap, rate, at, by):
    """One window of build/bench/forward: it has a worker of its own, on the real TSC."""
    options = context.options
    argv = [os.path.join(options.build, "bench/forward"), "--hugepages",
            "yes" if context.huge.used else "no", "--pcap", pcap, "--shape", f"{rate:.0f}bps",
            "--shape-at", at, "--shape-by", by, "--seconds", str(min(options.seconds, 1)),
            "--warm-up", "0.3"]
    log = f"{context.path}/logs/forward"
    before = cpu_times()
    child = spawn(argv, log=log, nice=WORKER_NICE, stdout=subprocess.PIPE)
    try:
        out = child.communicate()[0].decode()
    finally:
        status = end(child)
    # 1: not all was forwarded, which is what a shaper is for.
    if status not in (0, 1) or not out.strip().endswith("}"):
        raise BenchError(f"{' '.join(argv)}: exit {status}: {log_tail(log)}")
    got = json.loads(out)
    window = got["windows"][0]
    window["seconds"] = window["tsc_cycles"] / got["tsc_hz"]
    window["steal"] = steal_share(before, cpu_times())
    return window


def real(context):
    """The same with a real worker: the rate it lets pass of all that it can receive."""
    rows = []
    rates = REAL_RATES[1::3] if context.options.quick else REAL_RATES
    links = REAL_LINKS[:1] if context.options.quick else REAL_LINKS
    with tempfile.TemporaryDirectory(prefix="hpsr-rates") as folder:
        for size, (name, counted) in REAL_SETS.items():
            pcap = packets.make(folder, name, True, 0)
            for rate in rates:
                for at, by in links:
                    context.progress.say(f"accuracy, real: {rate / 1e9:g} Gbit/s, {size} bytes, {at}")
                    got = forward(context, pcap, rate, at, by)
                    came = got["received"] * counted * 8 / got["seconds"]
                    rows.append({"clock": "real", "rate_bps": int(rate), "size": size, "at": at,
                                 "by": by, "frames": got["sent"], "received_bps": came,
                                 "error": got["sent"] * counted * 8 / got["seconds"] / rate - 1,
                                 "keeps_up": came > rate, "cpu_wait": got["cpu_wait"],
                                 "steal": got["steal"]})
    return rows


def real_text(rows):
    return report.table(
        ["rate", "bytes", "at", "by", "came Gbit/s", "frames", "error", "wait %", ""],
        [[rates_virtual.rate_text(r["rate_bps"]), r["size"], r["at"], r["by"],
          f"{r['received_bps'] / 1e9:.2f}", r["frames"], f"{r['error']:+.4%}",
          f"{100 * r['cpu_wait']:.2f}", state(r)] for r in rows], (2, 3, 8))


def state(row):
    if not row["keeps_up"]:
        return "does not keep up"
    return "disturbed" if max(row["cpu_wait"], row["steal"]) > DISTURBED_WAIT else ""


def run(context):
    rows = rates_virtual.rows_of(context, "accuracy")
    error = max(abs(r["error"]) for r in rows)
    excess = max(r["excess_bytes"] for r in rows)
    gaps = [r for r in rows if "gap_off_ns" in r]
    over = [r["gap_off_ns"] for r in gaps if r["gap_off_ns"] > 0.02 * r["gap_ns"]]
    on_cpu = real(context)
    judged = [abs(r["error"]) for r in on_cpu if not state(r)]
    return rates_virtual.part("accuracy", [
        "A link with a burst of 32 KiB is offered more than that at once, then one and a half times its",
        "rate. Error: of the long-run rate. Excess: bytes of the worst of all windows of any length over",
        "burst and rate x time (psp at ingress: two largest frames), exactly; at most 0 where the bound",
        "holds. Gaps of psp: the farthest off of all, at the places that queue. The worst of ingress,",
        "vif-in, vif-out and port; each by itself in report.json.",
        "Second table: a real worker (build/bench/forward) on CPU 1 and the real TSC, that receives from a",
        "file without end and drops what exceeds the rate; burst 1 MiB. Where less came than the rate the",
        "worker does not keep up; disturbed: its CPU was taken from it for over 0.05 % of the time. Only",
        "the others are judged.",
    ], summed(rows) + "\n\n" + real_text(on_cpu), rows + on_cpu, [
        ("long-run rate within 0.1 %, 64 kbit/s to 40 Gbit/s", f"{error:.4%} off", error <= 0.001),
        ("no window over burst + rate x time", f"{excess} bytes", excess <= 0),
        ("psp gaps within 2 % or a poll loop (250 ns)",
         f"{max(over, default=0):.0f} ns off where over 2 %", all(gap_holds(r) for r in gaps)),
        ("nothing overtaken", f"{sum(not r['in_order'] for r in rows)} cases",
         all(r["in_order"] for r in rows)),
        ("real worker: within 0.1 % where it keeps up, undisturbed",
         f"{max(judged):.4%} off, {len(judged)} of {len(on_cpu)} cases" if judged else "no case",
         bool(judged) and max(judged) <= 0.001)])
