# SPDX-License-Identifier: BSD-3-Clause
"""bench/run fib: our forwarding table beside rte_lpm and rte_fib, as build/bench/fib measures it."""
import json

import report
from common import WORKER_NICE, BenchError, build_target, end, log_tail, machine, spawn

ROUNDS_MIN = 5  # build/bench/fib's
METHOD = [
    "build/bench/fib, one thread on CPU 0: our tables, rte_lpm and rte_fib over the same routes and",
    "destinations, in turn in each round; medians and least. Cycles of the TSC a lookup, in bursts: of",
    "random destinations, and of 4096 over and over. adds/s: building the table route by route;",
    "updates/s: replacing routes of the full table.",
]


class Own:
    """The program has its own memory: ordinary, and asks for huge pages."""
    used = False


def is_ip6(result):
    return "fib6" in result["table"] or "lpm6" in result["table"]


def text_of(result):
    def number(key, form, scale=1):
        return format(result[key] / scale, form) if key in result else "-"
    tables = f", {result['tables']} tables" if "tables" in result else ""
    return [result["table"] + tables, number("routes", ".0f"), number("cycles_random", ".1f"),
            number("cycles_random_min", ".1f"), number("cycles_4096", ".1f"),
            number("cycles_4096_min", ".1f"), number("bytes", ".0f", 1024),
            number("adds_per_second", ",.0f"), number("updates_per_second", ",.0f")]


def main(options):
    program = build_target(options.build, "bench/fib")[0]
    path = report.folder(options.build, "fib", options.out)
    output, log = f"{path}/logs/output", f"{path}/logs/fib"
    argv = [program, "-j", "-r", str(max(options.rounds, ROUNDS_MIN))]
    with open(output, "w") as out:
        child = spawn(argv + ["-q"] * options.quick, log=log, nice=WORKER_NICE, stdout=out)
    try:
        child.wait()
    finally:
        end(child)
    if child.returncode != 0:
        raise BenchError(f"fib: exit {child.returncode}: {log_tail(log)}")
    with open(output) as f:
        said = json.load(f)
    about = machine(said["tsc_hz"], Own)
    about["hugepages"] = "none (transparent ones where the kernel gives them)"
    results = said["results"]
    text = "\n\n".join([
        "FIB", report.describe(about, METHOD + [f"{said['rounds']} rounds, seed {said['seed']}."]),
        report.table(["table", "routes", "random", "least", "4096", "least", "KiB", "adds/s",
                      "updates/s"], [text_of(r) for r in results])])
    single = [r for r in results if "tables" not in r]
    groups = [(f"IPv{6 if six else 4}, {n} routes",
               [(r["table"], r["cycles_random"], r["cycles_random_min"], r["cycles_random"])
                for r in single if r["routes"] == n and is_ip6(r) == six])
              for six in (False, True) for n in sorted({r["routes"] for r in single})]
    report.write_bars(f"{path}/plot.svg", "FIB", "TSC cycles a lookup of random destinations",
                      [g for g in groups if g[1]])
    report.write(path, text, {"suite": "fib", "machine": about, "method": METHOD, **said},
                 results, options.json)
    return 0
