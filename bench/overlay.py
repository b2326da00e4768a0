# SPDX-License-Identifier: BSD-3-Clause
"""bench/run overlay: what tags, tunnels and IPv6 cost a packet; paper 001's tables and its stability
test."""
import argparse
import tempfile

import overlay_lines
import packets
import peers
import report
import stats
from common import (Hugepages, Progress, build_target, cpu_times, forward_run, machine, steal_share)

HUGEPAGES = 640
WARM_UP = 0.2
ATTACHED = ["qinq", *packets.TUNNELS]
# What comes in, what leaves.
WAYS = [("plain", "plain"), ("vlan", "vlan"), *[("vlan", k) for k in ATTACHED],
        *[(k, "vlan") for k in ATTACHED], *[(k, k) for k in ATTACHED]]
NAMES = {"plain": "plain", "vlan": "VLAN", "qinq": "QinQ", "vxlan": "VXLAN", "gre": "GRE",
         "ipip": "IP in IP"}
ASKED_TAG, ASKED_VXLAN, ASKED_IP6 = 5, 60, 1.3
METHOD = [
    "HPSRouter's dataplane in build/bench/forward, one virtual router, 1000 routes, one net_pcap port",
    "that receives for ever (nothing is sent by a device), one worker on CPU 1: 4096 small packets to",
    "4096 destinations. They come in as the first column says and leave as the second: a VLAN to and",
    "from a tunnel is encapsulation and decapsulation, a tunnel to a tunnel both. Outer headers are",
    "IPv4; GRE has a key. 'io' is testpmd in io mode over the same file in the same round: the floor,",
    "longer frames and all. Sharing is off: the source floods, and a backbone port's underlay is a router",
    "of its own, which would take turns. 'over io' and 'beside VLAN' (of the same family, both over io)",
    "are medians of the differences within a round. 'noisy' rows: see bench/run forwarding.",
]


def number(least, most):
    def parse(text):
        value = float(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"from {least} to {most}")
        return value
    return parse


def parts(text):
    known = {"cycles", "tcp", "stability"}
    given = set(text.split(","))
    if not given <= known:
        raise argparse.ArgumentTypeError("of " + ", ".join(sorted(known)))
    return given


def add_arguments(p):
    p.add_argument("--parts", type=parts, default={"cycles", "tcp", "stability"},
                   help="of cycles,tcp,stability (all)")
    p.add_argument("--stability", type=number(1, 3600), metavar="SECONDS",
                   help="length of the stability test (60); the paper's: 3600")
    p.set_defaults(warm_up=WARM_UP)


# ---- cycles ----

class Lab:
    def __init__(self, options, huge, inputs, path):
        self.options, self.huge, self.inputs, self.path = options, huge, inputs, path
        self.io = peers.Peer("testpmd io", peers.testpmd_program(), peers.testpmd_arguments("io"))
        self.files = {}

    def file(self, kind, out, ip6):
        key = kind, out in packets.TUNNELS, ip6
        if key not in self.files:
            self.files[key] = packets.make_overlay(self.inputs, kind, ip6, "4" if key[1] else None)
        return self.files[key]

    def floor(self, kind, ip6):
        got = self.io.run(self.huge, [self.file(kind, "vlan", ip6)], None, self.options.seconds,
                          self.options.warm_up, f"{self.path}/logs/testpmd-io")
        return got["packets"] / got["seconds"]

    def ours(self, kind, out, ip6):
        args = ["--pcap", self.file(kind, out, ip6), "--seconds", str(self.options.seconds),
                "--warm-up", str(self.options.warm_up), "--sharing", "off"]
        args += ["--untagged"] if kind == "plain" else ["--in", kind, "--out", out]
        before = cpu_times()
        got = forward_run(self.options.build, self.huge, args + ["--ip6"] * ip6,
                          f"{self.path}/logs/forward")
        window = got["windows"][0]
        window["steal"] = steal_share(before, cpu_times())
        window["cycles_per_packet"] = window["tsc_cycles"] / window["received"]
        window["pps"] = got["tsc_hz"] / window["cycles_per_packet"]
        return window


def measure(lab, hz, progress):
    """(in, out, ip6) -> rounds of (ours, cycles of the floor)."""
    measured = {}
    for i in range(lab.options.rounds):
        for ip6 in (False, True):
            floors = {}
            for kind, out in WAYS:
                progress.say(f"round {i + 1}/{lab.options.rounds}: IPv{6 if ip6 else 4}, "
                             f"{NAMES[kind]} to {NAMES[out]}")
                if kind not in floors:
                    floors[kind] = hz / lab.floor(kind, ip6)
                measured.setdefault((kind, out, ip6), []).append(
                    (lab.ours(kind, out, ip6), floors[kind]))
    progress.done()
    return measured


def over_io(rounds):
    return [r["cycles_per_packet"] - io for r, io in rounds]


def rows_of(measured):
    rows = []
    for (kind, out, ip6), rounds in measured.items():
        over = over_io(rounds)
        row = {"family": 6 if ip6 else 4, "in": kind, "out": out, "rounds": len(rounds),
               "pps": stats.summary([r["pps"] for r, _ in rounds]),
               "cycles_per_packet": stats.summary([r["cycles_per_packet"] for r, _ in rounds]),
               "io_cycles": stats.summary([io for _, io in rounds]),
               "over_io_cycles": stats.summary(over),
               "beside_vlan_cycles": stats.paired(lambda a, b: a - b, over,
                                                  over_io(measured["vlan", "vlan", ip6])),
               "cpu_wait": max(r["cpu_wait"] for r, _ in rounds),
               "steal": max(r["steal"] for r, _ in rounds)}
        row["noisy"] = stats.noisy(row)
        rows.append(row)
    return rows


def text_of(rows, family):
    return f"IPv{family}: cycles a packet\n" + report.table(
        ["in", "out", "Mpps", "cycles", "least..most", "io", "over io", "beside VLAN", "wait %",
         "steal %", ""],
        [[NAMES[r["in"]], NAMES[r["out"]], f"{r['pps']['median'] / 1e6:.2f}",
          f"{r['cycles_per_packet']['median']:.1f}",
          f"{r['cycles_per_packet']['min']:.1f}..{r['cycles_per_packet']['max']:.1f}",
          f"{r['io_cycles']['median']:.1f}", f"{r['over_io_cycles']['median']:+.1f}",
          f"{r['beside_vlan_cycles']:+.1f}", f"{100 * r['cpu_wait']:.1f}",
          f"{100 * r['steal']:.1f}", "noisy" if r["noisy"] else ""]
         for r in rows if r["family"] == family], left=(1,))


def asked_of(measured):
    """Differences within a round, of what is over io: median of rounds."""
    over = {way: over_io(rounds) for way, rounds in measured.items()}
    asked = []
    for ip6 in (False, True):
        family = f"IPv{6 if ip6 else 4}"
        tag = stats.paired(lambda a, b: a - b, over["vlan", "vlan", ip6],
                           over["plain", "plain", ip6])
        asked.append((f"{family}: tagging (VLAN to VLAN beside plain) at most {ASKED_TAG} cycles",
                      tag, tag <= ASKED_TAG))
        both = stats.paired(lambda a, b: a + b,
                            *([a - b for a, b in zip(over[way], over["vlan", "vlan", ip6])]
                              for way in (("vlan", "vxlan", ip6), ("vxlan", "vlan", ip6))))
        asked.append((f"{family}: VXLAN encapsulation plus decapsulation at most {ASKED_VXLAN} "
                      "cycles", both, both <= ASKED_VXLAN))
    ratio = stats.paired(lambda a, b: a / b, over["vlan", "vlan", True], over["vlan", "vlan", False])
    return asked + [(f"IPv6 forwarding at most {ASKED_IP6} times IPv4's cost over the floor", ratio,
                     ratio <= ASKED_IP6)]


def cycles(options, huge, path, hz, progress):
    with tempfile.TemporaryDirectory(prefix="hpsr-bench") as inputs:
        measured = measure(Lab(options, huge, inputs, path), hz, progress)
    rows, asked = rows_of(measured), asked_of(measured)
    report.write_bars(f"{path}/plot.svg", "Overlay", "TSC cycles a packet, median of rounds", [
        (f"IPv{family}", [(f"{NAMES[r['in']]} to {NAMES[r['out']]}",
                           r["cycles_per_packet"]["median"], r["cycles_per_packet"]["min"],
                           r["cycles_per_packet"]["max"]) for r in rows if r["family"] == family])
        for family in (4, 6)])
    return rows, asked, [text_of(rows, 4), text_of(rows, 6)]


# ---- the whole ----

def main(options):
    build_target(options.build, "bench/forward", *overlay_lines.TARGETS)
    path = report.folder(options.build, "overlay", options.out)
    if options.stability is None:
        options.stability = 5.0 if options.quick else 60.0
    progress, rows, asked, texts, method = Progress(), [], [], [], []
    with Hugepages(HUGEPAGES) as huge:
        with tempfile.TemporaryDirectory(prefix="hpsr-bench") as inputs:
            hz = forward_run(options.build, huge, [
                "--pcap", packets.make_overlay(inputs, "plain"), "--vrs", "0", "--seconds", "0"],
                f"{path}/logs/forward")["tsc_hz"]
        about = machine(hz, huge)
        context = overlay_lines.Context(options, path, progress)
        for part, run, how in (
                ("cycles", lambda: cycles(options, huge, path, hz, progress), METHOD + [
                    f"{options.rounds} rounds of {options.seconds:g} s each, after "
                    f"{options.warm_up:g} s of warm-up."]),
                ("tcp", lambda: overlay_lines.tcp(context), overlay_lines.TCP_METHOD),
                ("stability", lambda: overlay_lines.stability(context, huge),
                 overlay_lines.STABILITY_METHOD)):
            if part in options.parts:
                more = run()
                rows, asked, texts = rows + more[0], asked + more[1], texts + more[2]
                method += how
    text = "\n\n".join([
        "Overlay", report.describe(about, method), *texts,
        report.table(["asked for", "measured", "holds"],
                     [[w, f"{v:.3f}", "yes" if ok else "NO"] for w, v, ok in asked])])
    report.write(path, text, {
        "suite": "overlay", "machine": about, "method": method, "seconds": options.seconds,
        "results": rows, "asked": [{"what": w, "measured": v, "holds": ok} for w, v, ok in asked],
        "paper": {"vlan_cost": overlay_lines.PAPER},
    }, rows, options.json)
    return 0
