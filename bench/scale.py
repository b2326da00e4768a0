# SPDX-License-Identifier: BSD-3-Clause
"""bench/run scale: what more virtual routers cost, in speed and in memory."""
import re
import shutil
import subprocess
import tempfile

import packets
import peers
import report
import stats
from common import (Hugepages, Progress, build_target, cpu_times, forward_run, machine,
                    end, note, spawn, steal_share)

COUNTS = [1, 8, 64, 256, 1000]
HUGEPAGES = 768
BUFS = 32768
ASKED = {256: 0.9, 1000: 0.8}  # of one virtual router's throughput
ASKED_IDLE_BYTES = 128 << 10

METHOD = [
    "HPSRouter's dataplane in build/bench/forward: each virtual router has 1000 routes (the same",
    "addresses in each), a VLAN to receive and one to send, and a static neighbour; one net_pcap port,",
    f"one worker. {packets.SCALE_PACKETS} frames of 64 bytes, in random order, each virtual router as",
    "often as the others, to random routes; as many frames for one virtual router as for a thousand,",
    "so that the source costs the same: 'io' is testpmd in io mode over the same file. 'of one' is the",
    "median over the rounds of the throughput as a part of the same round's with one virtual router.",
    "The source never runs dry, so to the router all are flooding: 'taking turns' is what it does then by",
    "itself (input queues, deficit round robin), with its part 'of one' likewise; the columns before it",
    "are with sharing off, packets forwarded as they come, as when the worker keeps up.",
    "Memory: resident, of a process with ordinary memory (no hugepages), everything counted; an idle",
    "virtual router's is the difference between 1000 and 1 without routes, each over 999; with routes",
    "likewise.",
]


def misses_counted():
    """perf's event for cache misses, where this machine counts it."""
    if shutil.which("perf") is None:
        return None
    done = subprocess.run(["perf", "stat", "-x,", "-e", "cache-misses", "true"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    return "cache-misses" if re.match(r"\d+,", done.stderr.strip()) else None


def count_misses(event, path):
    """perf on CPU 1 while what follows runs; ends with finish_misses."""
    return spawn(["perf", "stat", "-x,", "-C", "1", "-e", event, "-o", path]) if event else None


def finish_misses(child, path):
    if child is None:
        return None
    end(child)
    with open(path) as f:
        found = re.search(r"^(\d+),,cache-misses", f.read(), re.M)
    return int(found.group(1)) if found else None


def memory(build, log):
    """Resident bytes of a virtual router without and with its routes."""
    class Ordinary:
        used = False

    def resident(vrs, routes, pcap):
        got = forward_run(build, Ordinary, [
            "--pcap", pcap, "--vrs", str(vrs), "--routes", str(routes), "--seconds", "0",
            "--bufs", str(BUFS)], log)
        return got["resident_bytes"]["with_vrs"] - got["resident_bytes"]["without_vrs"]
    with tempfile.TemporaryDirectory(prefix="hpsr-bench") as inputs:
        pcap = packets.make_scale(inputs, 1)  # opened only: nothing is received
        return {what: (resident(1000, routes, pcap) - resident(1, routes, pcap)) / 999
                for what, routes in (("idle", 0), ("with_1000_routes", 1000))}


def window_of(options, huge, pcap, n, sharing, path):
    """One window of build/bench/forward with N virtual routers."""
    before = cpu_times()
    got = forward_run(options.build, huge, [
        "--pcap", pcap, "--vrs", str(n), "--bufs", str(BUFS), "--sharing", sharing, "--seconds",
        str(options.seconds), "--warm-up", str(options.warm_up)], f"{path}/logs/forward-{n}")
    window = got["windows"][0]
    window["steal"] = steal_share(before, cpu_times())
    # What was forwarded: a router may lose early what it sends beyond its turns.
    forwarded = window["received"] - window["dropped"]
    window["pps"] = forwarded * got["tsc_hz"] / window["tsc_cycles"]
    window["cycles_per_packet"] = window["tsc_cycles"] / forwarded
    window["fib_bytes"] = got["vr0"]["fib_bytes"]
    return window


def measure(options, huge, pcaps, path, event):
    """count -> (rounds of ours, rounds of the floor, rounds of ours taking turns)."""
    floor = peers.Peer("testpmd io", peers.testpmd_program(), peers.testpmd_arguments("io"))
    measured = {n: ([], [], []) for n in COUNTS}
    progress = Progress()
    for i in range(options.rounds):
        for n in COUNTS:
            progress.say(f"round {i + 1}/{options.rounds}: {n} virtual routers")
            measured[n][1].append(floor.run(huge, [pcaps[n]], None, options.seconds,
                                            options.warm_up, f"{path}/logs/testpmd-io"))
            perf = count_misses(event, f"{path}/logs/perf")
            window = window_of(options, huge, pcaps[n], n, "off", path)
            # perf counts from before the start: said in the report.
            window["cache_misses"] = finish_misses(perf, f"{path}/logs/perf")
            measured[n][0].append(window)
            measured[n][2].append(window_of(options, huge, pcaps[n], n, "on", path))
    progress.done()
    return measured


def rows_of(measured, hz):
    rows = []
    one = [r["pps"] for r in measured[1][0]]
    for n, (ours, floor, turns) in measured.items():
        io = [hz * r["seconds"] / r["packets"] for r in floor]
        cycles = [r["cycles_per_packet"] for r in ours]
        row = {"vrs": n, "routes_each": packets.ROUTES, "rounds": len(ours),
               "pps": stats.summary([r["pps"] for r in ours]),
               "cycles_per_packet": stats.summary(cycles),
               "io_cycles": stats.summary(io),
               "over_io_cycles": stats.paired(lambda a, b: a - b, cycles, io),
               "of_one": stats.paired(lambda a, b: a / b, [r["pps"] for r in ours], one),
               "taking_turns_cycles": stats.summary([r["cycles_per_packet"] for r in turns]),
               "taking_turns_of_one": stats.paired(
                   lambda a, b: a / b, [r["pps"] for r in turns], one),
               "fib_bytes_each": ours[0]["fib_bytes"],
               "cpu_wait": max(r["cpu_wait"] for r in ours),
               "steal": max(r["steal"] for r in ours), "each_round": ours,
               "each_round_taking_turns": turns}
        row["noisy"] = stats.noisy(row)
        rows.append(row)
    return rows


def main(options):
    build_target(options.build, "bench/forward")
    path = report.folder(options.build, "scale", options.out)
    event = misses_counted()
    if event is None:
        note("this machine does not count cache misses")
    resident = memory(options.build, f"{path}/logs/memory")
    with Hugepages(HUGEPAGES) as huge, tempfile.TemporaryDirectory(prefix="hpsr-bench") as inputs:
        pcaps = {n: packets.make_scale(inputs, n) for n in COUNTS}
        hz = forward_run(options.build, huge, ["--pcap", pcaps[1], "--seconds", "0"],
                         f"{path}/logs/forward")["tsc_hz"]
        about = machine(hz, huge)
        rows = rows_of(measure(options, huge, pcaps, path, event), hz)
    asked = [(f"{r['vrs']} virtual routers: at least {ASKED[r['vrs']]:.0%} of one's throughput",
              f"{r['of_one']:.1%}", r["of_one"] >= ASKED[r["vrs"]])
             for r in rows if r["vrs"] in ASKED]
    asked.append(("an idle virtual router: under 128 KiB beyond its routes",
                  f"{resident['idle'] / 1024:.1f} KiB", resident["idle"] < ASKED_IDLE_BYTES))
    method = METHOD + [
        f"{options.rounds} rounds of {options.seconds:g} s each, after {options.warm_up:g} s of "
        "warm-up. Cache misses: " + ("of CPU 1, start included." if event else
                                     "not counted here (perf: no such event on this machine).")]
    lines = [[r["vrs"], f"{r['pps']['median'] / 1e6:.2f}",
              f"{r['cycles_per_packet']['median']:.1f}",
              f"{r['cycles_per_packet']['min']:.1f}..{r['cycles_per_packet']['max']:.1f}",
              f"{r['io_cycles']['median']:.1f}", f"{r['over_io_cycles']:+.1f}",
              f"{r['of_one']:.2f}", f"{r['taking_turns_cycles']['median']:.1f}",
              f"{r['taking_turns_of_one']:.2f}", f"{r['fib_bytes_each'] / 1024:.1f}",
              f"{100 * r['cpu_wait']:.1f}", f"{100 * r['steal']:.1f}",
              "noisy" if r["noisy"] else ""] for r in rows]
    text = "\n\n".join([
        "Scale: virtual routers of one worker", report.describe(about, method),
        report.table(["VRs", "Mpps", "cycles", "least..most", "io", "over io", "of one",
                      "taking turns", "of one", "FIB KiB", "wait %", "steal %", ""], lines),
        f"resident memory of a virtual router: {resident['idle'] / 1024:.1f} KiB idle without "
        f"routes, {resident['with_1000_routes'] / 1024:.1f} KiB with 1000 routes",
        report.table(["asked for", "measured", "holds"],
                     [[w, v, "yes" if ok else "NO"] for w, v, ok in asked])])
    report.write_bars(f"{path}/plot.svg", "Scale", "TSC cycles a packet, median of rounds", [
        ("virtual routers", [(str(r["vrs"]), r["cycles_per_packet"]["median"],
                              r["cycles_per_packet"]["min"], r["cycles_per_packet"]["max"])
                             for r in rows])])
    report.write(path, text, {
        "suite": "scale", "machine": about, "method": method, "seconds": options.seconds,
        "results": rows, "resident_bytes_each": resident,
        "asked": [{"what": w, "measured": v, "holds": ok} for w, v, ok in asked],
    }, rows, options.json)
    return 0
