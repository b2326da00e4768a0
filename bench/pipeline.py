# SPDX-License-Identifier: BSD-3-Clause
"""bench/run pipeline: where a packet's cycles go, by sampling; nothing is built in to measure."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import packets
import report
import stats
from common import (WORKER_NICE, BenchError, Hugepages, Progress, build_target, cpu_times, end,
                    forward_run, log_tail, machine, run, spawn, steal_share)

HUGEPAGES = 256
HERTZ = 4999
MIN_SAMPLES = 200
CASES = {"plain": [], "shaped": ["--shape", "400Gbps"]}

# Functions of dataplane/, or the first words of their names: what a sample counts for is the innermost
# of these that it is in, functions that the compiler has put inline included.
STAGES = {
    "classify": "classify", "take_in": "take in", "validate": "validate", "ip4_valid": "validate",
    "route": "route", "fib": "route", "resolve": "resolve", "ip4_resolve": "resolve",
    "shape": "shape", "vlink": "shape", "tbf": "shape", "output": "output", "ctx_stage": "output",
    "account": "account", "hist": "account", "ctx_flush": "send", "rte_eth_tx": "send",
    "pipeline_receive": "receive", "hand_over": "hand over", "ctx_hand_over": "hand over",
    "forward": "forward", "worker": "loop", "poll_ports": "loop", "epoch": "loop", "wheel": "loop",
    "neigh": "loop", "pipeline_release": "loop", "pipeline_ready": "loop",
}
ORDER = ["driver and buffers", "loop", "receive", "classify", "take in", "validate", "forward",
         "route", "resolve", "shape", "output", "account", "send", "hand over", "kernel", "other"]
WHAT = {
    "driver and buffers": "net_pcap's receive and transmit, memcpy, mbuf pool, ethdev",
    "loop": "polling, timers, mailbox, quiescent state",
    "receive": "burst arrays, prefetch, counters of the port",
    "classify": "port and tags to interface", "take in": "MAC, EtherType, interface's counters",
    "validate": "IPv4 header checks and checksum", "forward": "between the stages",
    "route": "FIB lookup of the burst, adjacency prefetch",
    "resolve": "adjacency kind, TTL, MTU", "shape": "virtual link's token bucket and queue",
    "output": "TTL, rewrite, tag, counters, staging on the port",
    "account": "latency and cycles of the virtual router", "send": "staged packets to the driver",
    "hand over": "ring to another worker", "kernel": "interrupts, scheduling",
    "other": "not told apart",
}
METHOD = [
    "build/bench/forward, 64-byte tagged frames to 4096 destinations over 1000 routes, one virtual",
    "router, one net_pcap port; 'shaped' has a vif-in token bucket on every link. perf samples the",
    f"worker's thread {HERTZ} times a second of its CPU time (cpu-clock: a timer, since virtual machines",
    "seldom count cycles), and each sample counts for the stage whose function it is in, inlined ones",
    "told by the debug information. A stage's cycles are its part of the samples times the cycles a",
    "packet took in the same window, less what the thread waited for its CPU. A sample may land some",
    "instructions late, in the next stage.",
]


def worker_thread(pid, deadline):
    """The thread id, and where the program is loaded."""
    while time.monotonic() < deadline:
        for thread in os.listdir(f"/proc/{pid}/task"):
            try:
                with open(f"/proc/{pid}/task/{thread}/comm") as f:
                    if f.read().startswith("rte-worker"):
                        return thread
            except OSError:
                pass
        time.sleep(0.02)
    raise BenchError("forward has no worker thread")


def load_address(pid, program):
    with open(f"/proc/{pid}/maps") as f:
        for line in f:
            if line.rstrip().endswith(program):
                return int(line.split("-")[0], 16)
    raise BenchError(f"{program} is not in /proc/{pid}/maps")


def stage_of_functions(functions):
    """Innermost first, as addr2line prints them."""
    for name in functions:
        known = STAGES.get(name)
        if known is None:
            first = re.match(r"[a-z]+", name).group(0) if re.match(r"[a-z]", name) else ""
            known = STAGES.get(first)
        if known is not None:
            return known
    return "other"


def inlined_functions(program, addresses):
    """address -> names of the functions that it is in, innermost first."""
    asked = sorted(addresses)
    out = subprocess.run(["addr2line", "-a", "-f", "-i", "-e", program],
                         input="".join(f"{a:#x}\n" for a in asked), stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True, check=True).stdout
    found, names = {}, None
    lines = iter(out.splitlines())
    for line in lines:
        if re.fullmatch(r"0x[0-9a-f]{16}", line):
            names = found.setdefault(int(line, 16), [])
        else:
            names.append(line)
            next(lines)  # FILE:LINE
    return found


def samples_by_stage(program, base, data):
    out = run(["perf", "script", "-i", data, "-F", "ip,dso"], "perf script",
              env={**os.environ, "PAGER": "cat"})
    ours, counts = {}, {}
    for address, dso in re.findall(r"^\s*([0-9a-f]+) \((.*?)\)$", out, re.M):
        if dso == program:
            at = int(address, 16) - base
            ours[at] = ours.get(at, 0) + 1
            continue
        stage = "kernel" if dso.startswith("[") else "driver and buffers"
        counts[stage] = counts.get(stage, 0) + 1
    functions = inlined_functions(program, ours)
    for at, n in ours.items():
        stage = stage_of_functions(functions.get(at, []))
        counts[stage] = counts.get(stage, 0) + n
    return counts


def sample(options, huge, pcap, extra, folder, log):
    """One window: stage -> cycles a packet, and what else is known of it."""
    program = os.path.join(options.build, "bench/forward")
    data = os.path.join(folder, "perf.data")
    argv = [program, "--hugepages", "yes" if huge.used else "no", "--pcap", pcap, *extra,
            "--warm-up", str(options.warm_up), "--seconds", str(options.seconds)]
    out_path = os.path.join(folder, "out.json")
    with open(out_path, "w") as out:
        child = spawn(argv, log=log, nice=WORKER_NICE, stdout=out)
    try:
        thread = worker_thread(child.pid, time.monotonic() + 30)
        base = load_address(child.pid, program)
        # From the first window's start on: the program prints its head just before the warm-up.
        time.sleep(options.warm_up + 0.3)
        perf = spawn(["perf", "record", "-e", "cpu-clock", "-F", str(HERTZ), "-t", thread,
                      "-o", data, "--", "sleep", str(max(options.seconds - 0.5, 0.1))], log=log,
                     nice=WORKER_NICE, cpus=os.sched_getaffinity(0))
        # perf ends itself by the signal that it ends `sleep` with; the samples tell what it did.
        if perf.wait() not in (0, -signal.SIGTERM):
            raise BenchError(f"perf record: exit {perf.returncode}: {log_tail(log)}")
        end(perf)
        child.wait(options.seconds + 60)
    finally:
        end(child)
    if child.returncode != 0:
        raise BenchError(f"forward: exit {child.returncode}: {log_tail(log)}")
    with open(out_path) as f:
        window = json.load(f)["windows"][0]
    counts = samples_by_stage(program, base, data)
    total = sum(counts.values())
    if total < MIN_SAMPLES:
        raise BenchError(f"perf took only {total} samples: measure longer (--seconds)")
    # Samples are of the time that the thread ran: what it waited is not in them.
    cycles = window["tsc_cycles"] * (1 - window["cpu_wait"]) / window["received"]
    return {"cycles_per_packet": cycles, "samples": total, "cpu_wait": window["cpu_wait"],
            "stages": {s: cycles * n / total for s, n in counts.items()}}


def rows_of(case, rounds):
    rows = []
    for stage in ORDER:
        each = [r["stages"].get(stage, 0.0) for r in rounds]
        if any(each):
            rows.append({"case": case, "stage": stage, "what": WHAT[stage],
                         "cycles_per_packet": stats.summary(each),
                         "part": stats.paired(lambda a, b: a / b, each,
                                              [r["cycles_per_packet"] for r in rounds])})
    return rows


def main(options):
    for tool in ("perf", "addr2line"):
        if shutil.which(tool) is None:
            raise BenchError(f"{tool} is missing: apt-get install linux-perf binutils")
    build_target(options.build, "bench/forward")
    path = report.folder(options.build, "pipeline", options.out)
    progress, rows, measured = Progress(), [], {case: [] for case in CASES}
    before = cpu_times()
    with Hugepages(HUGEPAGES) as huge, tempfile.TemporaryDirectory(prefix="hpsr-bench") as folder:
        pcap = packets.make(folder, "64B-4096dst", True)
        about = machine(forward_run(options.build, huge, ["--pcap", pcap, "--seconds", "0"],
                                    f"{path}/logs/forward")["tsc_hz"], huge)
        for i in range(options.rounds):
            for case, extra in CASES.items():
                progress.say(f"round {i + 1}/{options.rounds}: {case}")
                measured[case].append(sample(options, huge, pcap, extra, folder,
                                             f"{path}/logs/{case}"))
    progress.done()
    texts, bars = [], []
    for case, rounds in measured.items():
        of_case = rows_of(case, rounds)
        whole = stats.summary([r["cycles_per_packet"] for r in rounds])
        rows += of_case
        texts.append(
            f"{case}: {whole['median']:.1f} cycles a packet "
            f"({whole['min']:.1f}..{whole['max']:.1f}), "
            f"{sum(r['samples'] for r in rounds)} samples; the worker waited for its CPU "
            f"{100 * max(r['cpu_wait'] for r in rounds):.1f} % of its time at most\n" +
            report.table(["stage", "cycles", "least..most", "part", "what"], [
                [r["stage"], f"{r['cycles_per_packet']['median']:.1f}",
                 f"{r['cycles_per_packet']['min']:.1f}..{r['cycles_per_packet']['max']:.1f}",
                 f"{100 * r['part']:.1f} %", r["what"]] for r in of_case], left=(4,)))
        bars.append((case, [(r["stage"], r["cycles_per_packet"]["median"],
                             r["cycles_per_packet"]["min"], r["cycles_per_packet"]["max"])
                            for r in of_case]))
    method = METHOD + [f"{options.rounds} rounds of {options.seconds:g} s each, medians; stolen time "
                       f"{100 * steal_share(before, cpu_times()):.1f} %."]
    report.write_bars(f"{path}/plot.svg", "Pipeline", "TSC cycles a packet, median of rounds", bars)
    report.write(path, "\n\n".join(["Pipeline", report.describe(about, method), *texts]), {
        "suite": "pipeline", "machine": about, "method": method, "seconds": options.seconds,
        "results": rows, "rounds": measured}, rows, options.json)
    return 0
