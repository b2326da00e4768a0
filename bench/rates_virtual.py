# SPDX-License-Identifier: BSD-3-Clause
"""What build/bench/rates measures on a clock of its own: parts a, d, e and f."""
import json
import subprocess

import report
import rates
from common import BenchError, end, log_tail, spawn

TARGETS = ["bench/rates"]
CLOCK = [
    "build/bench/rates: the dataplane in-process, between ring ports, its loop polled every 250 ns of a",
    "virtual clock, so that each departure is known to the tick and the machine has no part in it.",
]


def rows_of(context, part):
    argv = [f"{context.options.build}/bench/rates"] + ["-q"] * context.options.quick + [part]
    log = f"{context.path}/logs/rates-{part}"
    context.progress.say(f"{part}, on the virtual clock")
    child = spawn(argv, f"hpsr-rates-{part}", log, stdout=subprocess.PIPE)
    try:
        out = child.communicate()[0].decode()
    finally:
        status = end(child)
    if status != 0:
        raise BenchError(f"{' '.join(argv)}: exit {status}: {log_tail(log)}")
    rows = [json.loads(line) for line in out.splitlines()]
    context.tsc_hz = rows.pop(0)["tsc_hz"]
    for row in rows:
        del row["part"]
    return rows


def rate_text(bps):
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if bps >= unit:
            return f"{bps / unit:g}{name}"
    return f"{bps:g}"


def part(title, method, text, rows, asked):
    return rates.Part(title, CLOCK + method, text, rows, asked, [])


# ---- d: guarantees ----

def guarantee(context):
    rows = rows_of(context, "guarantee")
    text = report.table(
        ["links on a port of 1 Gbit/s", "share", "windows", "worst/min", "reserved", "best effort",
         "of rest", "weights", "Jain"],
        [[r["scenario"], rate_text(r["share_bps"]), r["windows"], f"{r['worst_of_min']:.3f}",
          f"{r['reserved_bps'] / 1e6:.2f}", f"{r['best_effort_bps'] / 1e6:.2f}",
          f"{r['best_effort_of_rest']:.5f}" if "best_effort_of_rest" in r else "",
          f"{r['weights_least_over_most']:.4f}" if "weights_least_over_most" in r else "",
          f"{r['jain']:.6f}" if "jain" in r else ""] for r in rows])
    worst = min(r["worst_of_min"] for r in rows)
    off = max(abs(r["best_effort_of_rest"] - 1) for r in rows if "best_effort_of_rest" in r)
    used = min(r["used"] for r in rows)
    jain = min(r["jain"] for r in rows if "jain" in r)
    return part("guarantees", [
        "Links with the allocator's grants and best-effort routers (weights 1 to 4, 2 Gbit/s offered) on",
        "one port. Greedy: one and a half times the grant; at its minimum: 1.02 times that; on and off:",
        "greedy for 20 to 320 ms at a time. worst/min: of all windows of 100 ms that begin every 10 ms,",
        "to one frame, in which the link was always offered its minimum or had something waiting.",
        "Mbit/s. of rest: best effort over capacity less reserved; weights: least over most per weight.",
    ], text, rows, [
        ("each link its minimum in every 100 ms", f"worst {worst:.3f} of it", worst >= 1),
        ("best effort gets the rest: within 0.1 %", f"{off:.4%} off", off <= 0.001),
        ("the port idles for nobody", f"{used:.4%} used", used >= 0.999),
        ("Jain's index of equal links at least 0.999", f"{jain:.6f}", jain >= 0.999)])


# ---- e: live changes ----

def live(context):
    rows = rows_of(context, "live")
    text = report.table(
        ["changes of", "at", "by", "changes", "waited", "dropped", "lost", "in order", "excess B"],
        [[r["changes"], r["at"], r["by"], r["n_changes"], r["waiting_at_changes"],
          r["dropped_by_changes"], r["lost"], "yes" if r["in_order"] else "NO",
          r["excess_bytes"]] for r in rows], (1, 2))
    lost = sum(r["lost"] + r["dropped_by_changes"] for r in rows)
    excess = max(r["excess_bytes"] for r in rows)
    return part("live changes", [
        "A link that is offered 300 Mbit/s gets another rate (1 to 200 Mbit/s) every 5 ms, and with it",
        "another burst, discipline or place. Waited: packets that waited at the changes, in all. Excess:",
        "of the worst window of any length, over burst and the integral of the rates (place: and one",
        "largest frame; psp at ingress: two largest frames); at most 0 where the bound holds.",
    ], text, rows, [
        ("live changes lose nothing that waits", f"{lost} lost", lost == 0),
        ("live changes reorder nothing", f"{sum(not r['in_order'] for r in rows)} cases",
         all(r["in_order"] for r in rows)),
        ("no burst beyond the bucket", f"{excess} bytes", excess <= 0)])


# ---- f: RFC 7640 ----

def rfc7640(context):
    rows = rows_of(context, "rfc7640")
    text = report.table(
        ["test", "", "at", "by", "CIR", "expected", "measured", ""],
        [[r["test"], r["what"], r["at"], r["by"], rate_text(r["rate_bps"]), f"{r['expected']:g}",
          f"{r['measured']:.6g}", r["unit"]] for r in rows], (1, 2, 3, 7))

    def off(r):
        return abs(r["measured"] - r["expected"])
    counts = max(off(r) for r in rows if r["unit"] == "frames")
    ratios = max(off(r) for r in rows if r["unit"] != "frames")
    return part("RFC 7640", [
        "Policers (6.1), shapers (6.3) and 100 at a time (6.4): committed rate (CIR), burst (CBS, 64",
        "frames of 512 bytes), queue (200). A burst comes at one instant, faster than any line. The",
        "scheduler's tests (6.2) are part d. No colours and no excess burst: links have one rate.",
    ], text, rows, [
        ("RFC 7640: bursts and queues hold what they are set to", f"{counts:g} frames off",
         counts == 0),
        ("RFC 7640: committed rates within 0.1 %", f"{ratios:.4%} off", ratios <= 0.001)])
