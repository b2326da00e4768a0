# SPDX-License-Identifier: BSD-3-Clause
"""Part b: what it costs a packet to hold links to their rates, beside librte_sched and librte_meter."""
import json
import statistics
import subprocess

import report
import rates
import stats
from common import WORKER_NICE, BenchError, end, log_tail, spawn

TARGETS = ["bench/sched"]
CONTESTANTS = ["port_scheduler", "link_tbf", "link_psp", "rte_sched", "police_tbf", "rte_meter"]
NAMES = {"port_scheduler": "port scheduler", "link_tbf": "vif-in tbf", "link_psp": "vif-in psp",
         "rte_sched": "rte_sched", "police_tbf": "ingress tbf", "rte_meter": "rte_meter srTCM"}
OF = {"port_scheduler": "rte_sched", "link_tbf": "rte_sched", "link_psp": "rte_sched",
      "police_tbf": "rte_meter"}
SETS = [(1, 0), (100, 0), (1000, 0), (10000, 0), (100, 9900)]  # busy, idle
PARTS = 40  # of a process, 128 bursts each
ASKED_CYCLES, ASKED_LINKS = 60, 1000
METHOD = [
    "build/bench/sched, real TSC, CPU 0: cycles a packet of enqueue and dequeue (policers: of the",
    "verdict) of 60-byte frames of random links, in bursts of 64, with frames of every link waiting;",
    "making and freeing frames is not counted. Each contestant in a process of its own, in turn in",
    f"every round; median of a round's {PARTS} parts, then of the rounds; x: ours over DPDK's of the same",
    "round. Port scheduler: every link reserved with a minimum, contended (net_null's own share is",
    "subtracted). vif-in: bucket, queue and timing wheel, links at their rates. rte_sched: one subport,",
    "a pipe a link in best effort, rates that never limit. rte_meter: srTCM, colour blind.",
]


def once(context, what, busy, idle):
    argv = [f"{context.options.build}/bench/sched", "-o", what, "-r", str(PARTS), "-i", str(idle)]
    if context.huge.used:
        argv.append("-H")
    log = f"{context.path}/logs/sched"
    child = spawn(argv + [str(busy)], log=log, nice=WORKER_NICE, cpus=[0], stdout=subprocess.PIPE)
    try:
        out = child.communicate()[0]
    finally:
        status = end(child)
    if status != 0:
        raise BenchError(f"{' '.join(argv)}: exit {status}: {log_tail(log)}")
    got = json.loads(out)
    context.tsc_hz = got["tsc_hz"]
    return statistics.median(got["cycles"][what])


def measure(context):
    """(busy, idle, contestant) -> cycles of each round."""
    rounds = {}
    n_rounds = 1 if context.options.quick else min(context.options.rounds, 5)
    for i in range(n_rounds):
        for busy, idle in SETS:
            for what in CONTESTANTS:
                context.progress.say(f"cost, round {i + 1}/{n_rounds}: {busy} links, {NAMES[what]}")
                cycles = once(context, what, busy, idle)
                if what == "port_scheduler":
                    cycles -= once(context, "device", busy, idle)
                rounds.setdefault((busy, idle, what), []).append(cycles)
    return rounds


def row_of(rounds, busy, idle, what):
    values = rounds[busy, idle, what]
    row = {"busy": busy, "idle": idle, "what": NAMES[what], "cycles_per_packet":
           stats.summary(values), "rounds": len(values)}
    if what in OF:
        row["beside"] = NAMES[OF[what]]
        row["ratio"] = stats.paired(lambda a, b: a / b, values, rounds[busy, idle, OF[what]])
    return row


def run(context):
    rounds = measure(context)
    rows = [row_of(rounds, busy, idle, what) for busy, idle in SETS for what in CONTESTANTS]
    by = {(r["busy"], r["idle"], r["what"]): r["cycles_per_packet"]["median"] for r in rows}
    asked = []
    for what in ("port_scheduler", "link_tbf", "link_psp"):
        value = by[ASKED_LINKS, 0, NAMES[what]]
        asked.append((f"{NAMES[what]}: at most {ASKED_CYCLES} cycles at {ASKED_LINKS} busy links",
                      f"{value:.1f}", value <= ASKED_CYCLES))
        # As near as two runs of the same come to each other.
        extra = stats.paired(lambda a, b: a / b, rounds[100, 9900, what], rounds[100, 0, what])
        asked.append((f"{NAMES[what]}: 9,900 idle links beside 100 busy ones cost nothing",
                      f"x {extra:.2f}", extra <= 1.1))
    text = report.table(["busy", "idle", "", "cycles", "least..most", "x", "of"], [
        [r["busy"], r["idle"], r["what"], f"{r['cycles_per_packet']['median']:.1f}",
         f"{r['cycles_per_packet']['min']:.1f}..{r['cycles_per_packet']['max']:.1f}",
         f"{r['ratio']:.2f}" if "ratio" in r else "", r.get("beside", "")] for r in rows], (2, 6))
    groups = [(f"cycles a packet, {busy} busy links" + (f" of {busy + idle}" if idle else ""), [
        (r["what"], r["cycles_per_packet"]["median"], r["cycles_per_packet"]["min"],
         r["cycles_per_packet"]["max"]) for r in rows if (r["busy"], r["idle"]) == (busy, idle)])
        for busy, idle in SETS]
    return rates.Part("cost of a packet", METHOD, text, rows, asked, groups)
