# SPDX-License-Identifier: BSD-3-Clause
"""bench/run forwarding: HPSRouter beside DPDK's own forwarders, in turn, over the same packets."""
import tempfile

import packets
import peers
import report
import stats
from common import (Hugepages, Progress, build_target, cpu_times, forward_run, machine,
                    steal_share)

HUGEPAGES = 640  # of 2 MiB: l3fwd FIB's two tables are the most
FLOOR, GRAPH = "testpmd io", "l3fwd-graph"
SHAPE = "400Gbps"  # more than any CPU sends: the bucket always has enough

METHOD = [
    "each runs alone, one after the other, in every round; one worker on lcore 1 (CPU 1), control on",
    "CPU 0; net_pcap ports with infinite_rx=1 and no transmit interface: what is sent is counted and",
    "freed. Packets a second: ethdev ipackets at two instants, by telemetry (HPSRouter: its own",
    "counters, by forward). Cycles: of the TSC, all the worker's time over all packets received.",
    "testpmd, l3fwd and l3fwd-graph get untagged frames; HPSRouter frames with one 802.1Q tag, which",
    "it replaces (64-byte frames stay 64 bytes, others are 4 longer), but for 'untagged'. Shaped: a",
    f"vif-in token bucket and queue on every link, {SHAPE}, so that nothing waits. All have the same",
    "1000 /24 routes: l3fwd from its rule files, l3fwd-graph compiled in (bench/peers.py tells what is",
    "changed). Median of rounds; 'over io' and 'x graph' are medians of differences and ratios within",
    "a round. x graph: packets a second beside l3fwd-graph's. A row is 'noisy' where the middle half",
    "of its rounds spreads over 5 %, or more than 1 % of the worker's time was waiting or stolen.",
]


class Ours:
    """HPSRouter's dataplane in build/bench/forward."""

    def __init__(self, name, build, tagged=True, extra=()):
        self.name, self.build, self.tagged, self.extra = name, build, tagged, list(extra)

    def run(self, huge, pcaps, _rules, seconds, warm_up, log):
        args = [a for p in pcaps for a in ("--pcap", p)]
        got = forward_run(self.build, huge, args + self.extra + [
            "--seconds", str(seconds), "--warm-up", str(warm_up)], log)
        window = got["windows"][0]
        return {"seconds": window["tsc_cycles"] / got["tsc_hz"], "packets": window["received"],
                "cpu_wait": window["cpu_wait"], "fib_bytes": got["vr0"]["fib_bytes"]}


def systems(build, programs, n_ports):
    return peers.all_peers(programs, n_ports) + [
        Ours("HPSRouter untagged", build, False, ["--untagged"]),
        Ours("HPSRouter", build),
        Ours("HPSRouter shaped", build, True, ["--shape", SHAPE]),
    ]


def tagged(system):
    return getattr(system, "tagged", False)


def tsc_hz(build, huge, pcap, log):
    return forward_run(build, huge, ["--pcap", pcap, "--vrs", "0", "--seconds", "0"],
                       log)["tsc_hz"]


def plan(options):
    """[(set, ports)]: every set on one port, and the many destinations on two."""
    names = options.sets or list(packets.SETS)
    runs = [(name, 1) for name in names]
    if not options.sets or options.two_ports:
        runs.append(("64B-4096dst", 2))
    return runs


def one(system, huge, pcaps, rules, options, hz, log):
    """One run, with what the machine did meanwhile."""
    before = cpu_times()
    got = system.run(huge, pcaps, rules, options.seconds, options.warm_up, log)
    got["steal"] = steal_share(before, cpu_times())
    got["pps"] = got["packets"] / got["seconds"]
    got["cycles_per_packet"] = hz / got["pps"]
    return got


def rows_of(name, n_ports, measured):
    """The report's rows of one set: a system each."""
    def cycles(system):
        return [r["cycles_per_packet"] for r in measured[system]]
    rows = []
    for system, rounds in measured.items():
        row = {"set": name, "ports": n_ports, "system": system, "rounds": len(rounds),
               "pps": stats.summary([r["pps"] for r in rounds]),
               "cycles_per_packet": stats.summary(cycles(system)),
               "over_io_cycles": stats.paired(lambda a, b: a - b, cycles(system), cycles(FLOOR)),
               "vs_l3fwd_graph": stats.paired(lambda a, b: b / a, cycles(system), cycles(GRAPH)),
               "cpu_wait": max(r["cpu_wait"] for r in rounds),
               "steal": max(r["steal"] for r in rounds),
               "each_round": rounds}
        row["noisy"] = stats.noisy(row)
        rows.append(row)
    return rows


def set_title(name, n_ports):
    return f"{packets.SETS[name][0]}, {packets.ROUTES} routes, {n_ports} port{'s' * (n_ports > 1)}"


def text_of(name, n_ports, rows):
    lines = [[r["system"], f"{r['pps']['median'] / 1e6:.2f}",
              f"{r['cycles_per_packet']['median']:.1f}",
              f"{r['cycles_per_packet']['min']:.1f}..{r['cycles_per_packet']['max']:.1f}",
              f"{r['over_io_cycles']:+.1f}", f"{r['vs_l3fwd_graph']:.2f}",
              f"{100 * r['cpu_wait']:.1f}", f"{100 * r['steal']:.1f}",
              "noisy" if r["noisy"] else ""] for r in rows]
    return set_title(name, n_ports) + "\n" + report.table(
        ["", "Mpps", "cycles", "least..most", "over io", "x graph", "wait %", "steal %", ""], lines)


def verdicts(rows):
    """What issue 3 asks for, from this run's rows."""
    by = {(r["set"], r["ports"], r["system"]): r for r in rows}
    out = []
    ours = by.get(("64B-4096dst", 1, "HPSRouter"))
    if ours:
        shaped = by[("64B-4096dst", 1, "HPSRouter shaped")]
        base = [r["cycles_per_packet"] for r in ours["each_round"]]
        extra = stats.paired(lambda a, b: a - b,
                             [r["cycles_per_packet"] for r in shaped["each_round"]], base)
        out.append(("64B, 4096 destinations: cycles over io at most 45", ours["over_io_cycles"],
                    ours["over_io_cycles"] <= 45))
        out.append(("  shaped: at most 50 more than that", extra, extra <= 50))
    for key, row in by.items():
        if key[2] == "HPSRouter" and (key[1] == 2 or key[0] in ("imix", "1500B")):
            out.append((f"{key[0]}, {key[1]} port(s): never slower than l3fwd-graph",
                        row["vs_l3fwd_graph"], row["vs_l3fwd_graph"] >= 1))
    return out


def main(options):
    build_target(options.build, "bench/forward")
    programs = peers.build(options.build)
    path = report.folder(options.build, "forwarding", options.out)
    progress, rows, texts = Progress(), [], []
    runs = plan(options)
    with Hugepages(HUGEPAGES) as huge, tempfile.TemporaryDirectory(prefix="hpsr-bench") as inputs:
        files = {(n, t, p): packets.make(inputs, n, t, p)
                 for n in {n for n, _ in runs} for t in (False, True) for p in (0, 1)}
        rules = {n: peers.write_rules(inputs, n) for n in (1, 2)}
        hz = tsc_hz(options.build, huge, next(iter(files.values())), f"{path}/logs/forward")
        about = machine(hz, huge)
        measured = {run: {} for run in runs}
        for i in range(options.rounds):
            for name, n_ports in runs:
                for system in systems(options.build, programs, n_ports):
                    progress.say(f"round {i + 1}/{options.rounds}: {name}, {n_ports} port(s): "
                                 f"{system.name}")
                    pcaps = [files[name, tagged(system), p] for p in range(n_ports)]
                    measured[name, n_ports].setdefault(system.name, []).append(one(
                        system, huge, pcaps, rules[n_ports], options, hz,
                        f"{path}/logs/{system.name.replace(' ', '-')}"))
        progress.done()
    for name, n_ports in runs:
        of_set = rows_of(name, n_ports, measured[name, n_ports])
        rows += of_set
        texts.append(text_of(name, n_ports, of_set))
    asked = verdicts(rows)
    method = METHOD + [f"{options.rounds} rounds of {options.seconds:g} s each, after "
                       f"{options.warm_up:g} s of warm-up."]
    report.write_bars(f"{path}/plot.svg", "Forwarding", "TSC cycles a packet, median of rounds", [
        (set_title(n, p), [(r["system"], r["cycles_per_packet"]["median"],
                            r["cycles_per_packet"]["min"], r["cycles_per_packet"]["max"])
                           for r in rows if (r["set"], r["ports"]) == (n, p)]) for n, p in runs])
    text = "\n\n".join(["Forwarding", report.describe(about, method), *texts])
    if asked:
        text += "\n\n" + report.table(["asked for", "measured", "holds"], [
            [what, f"{value:.2f}", "yes" if ok else "NO"] for what, value, ok in asked])
    report.write(path, text, {
        "suite": "forwarding", "machine": about, "method": method, "seconds": options.seconds,
        "results": rows, "asked": [{"what": w, "measured": v, "holds": ok} for w, v, ok in asked],
    }, rows, options.json)
    return 0
