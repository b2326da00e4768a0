# SPDX-License-Identifier: BSD-3-Clause
"""bench/run isolation: a virtual router among flooded ones, on one worker, as build/bench/isolation
measures it, with sharing and without."""
import json
import subprocess

import report
from common import BenchError, Hugepages, Progress, build_target, end, log_tail, machine, spawn

HUGEPAGES = 128
METHOD = [
    "build/bench/isolation: the dataplane in-process, one worker, one receive queue of 1024, ring ports.",
    "Arrivals go by a clock that runs while the worker works (a turn beyond 80 us was interrupted and counts",
    "as 10). Router 0 (a quarter of the worker by weight) gets a tenth of what one router alone forwards;",
    "the others 1.5 times that, together: to be forwarded (flood), on links of 1 Mbit/s (shaper), with a TTL",
    "of 1 (ttl), to stations that nobody knows (scan), while routes change (routes). Latency: arrival to",
    "departure, us. aggregate: no victim, what all forward of what one alone does. Medians of the rounds.",
]


def run(options, path, sharing, turn):
    argv = [f"{options.build}/bench/isolation", sharing, str(min(options.seconds, 60))]
    log = f"{path}/logs/isolation-{sharing}-{turn}"
    child = spawn(argv, f"hpsr-isolation-{sharing}", log, stdout=subprocess.PIPE)
    try:
        out = child.communicate()[0].decode()
    finally:
        status = end(child)
    if status != 0:
        raise BenchError(f"{' '.join(argv)}: exit {status}: {log_tail(log)}")
    return [{"sharing": sharing, "round": turn, **json.loads(line)} for line in out.splitlines()]


def median(rows, get):
    values = sorted(get(r) for r in rows)
    return values[len(values) // 2]


def main(options):
    build_target(options.build, "bench/isolation")
    path, progress, rows = report.folder(options.build, "isolation", options.out), Progress(), []
    with Hugepages(HUGEPAGES) as huge:
        for turn in range(options.rounds):
            for sharing in ("on", "off"):
                progress.say(f"round {turn + 1} of {options.rounds}, sharing {sharing}")
                rows += run(options, path, sharing, turn)
        about = machine(next(r["tsc_hz"] for r in rows if "tsc_hz" in r), huge)
    progress.done()

    def of(sharing, kind, n):
        return [r for r in rows if r["sharing"] == sharing and r["kind"] == kind and
                r.get("neighbours") == n]

    def lost(sharing, kind, n):
        return median(of(sharing, kind, n), lambda r: r["victim_lost"] / r["victim_offered"])

    def p99(sharing, kind, n):
        return median(of(sharing, kind, n), lambda r: r["latency_us"]["p99"])
    keys = list(dict.fromkeys((r["kind"], r["neighbours"]) for r in rows if "victim_lost" in r))
    table = []
    for kind, n in keys:
        line = [kind, n]
        for s in ("on", "off"):
            line += [f"{lost(s, kind, n):.2%}"] + [
                f"{median(of(s, kind, n), lambda r, q=q: r['latency_us'][q]):.1f}"
                for q in ("p50", "p99", "p999")]
        table.append(line + [f"{median(of('on', kind, n), lambda r: r['jain']):.4f}"])
    text = report.table(["neighbours", "n", "lost", "p50", "p99", "p99.9", "off: lost", "p50", "p99",
                         "p99.9", "Jain"], table)
    shares = {n: median(of("on", "aggregate", n), lambda r: r["of_one"]) for n in (8, 63)}
    jains = {n: median(of("on", "aggregate", n), lambda r: r["jain"]) for n in (8, 63)}
    alone = {s: median([r for r in rows if r["sharing"] == s and r["kind"] == "alone"],
                       lambda r: r["cycles_a_packet"]) for s in ("on", "off")}
    text += "".join(f"\naggregate of {n} flooded: {shares[n]:.1%} of one alone, Jain {jains[n]:.5f}"
                    for n in shares)
    text += "".join(f"\none alone, sharing {s}: {alone[s]:.1f} cycles a packet" for s in alone)
    worst = max(lost("on", kind, n) for kind, n in keys)
    ratio = p99("on", "flood", 7) / p99("on", "flood", 0)
    asked = [
        ("the victim loses nothing", f"worst median {worst:.3%}", worst == 0),
        ("without sharing it loses", f"{lost('off', 'flood', 7):.1%} beside 7",
         lost("off", "flood", 7) > 0),
        ("p99 beside 7 flooded: at most twice that alone", f"{ratio:.2f} times", ratio <= 2),
        ("8 flooded forward 90 % of one", f"{shares[8]:.1%}", shares[8] >= 0.9),
        ("63 flooded forward 90 % of one", f"{shares[63]:.1%}", shares[63] >= 0.9),
        ("Jain of 8 and 63 at least 0.999", f"{min(jains.values()):.5f}",
         min(jains.values()) >= 0.999),
    ]
    text = "Isolation\n\n" + report.describe(about, METHOD) + "\n\n" + text + "\n\n" + report.table(
        ["asked for", "measured", "holds"], [[w, v, "yes" if ok else "NO"] for w, v, ok in asked],
        left=(1,))
    report.write(path, text, {"suite": "isolation", "machine": about, "seconds": options.seconds,
                              "results": rows, "asked": [
                                  {"what": w, "measured": v, "holds": bool(ok)}
                                  for w, v, ok in asked]}, rows, options.json)
    return 0
