# SPDX-License-Identifier: BSD-3-Clause
"""bench/run isolation: a virtual router among flooded ones on one worker, and a slice beside a flooded
one, as build/bench/isolation measures it, with sharing and without; and the same among kernel hosts,
beside Linux as the router."""
import glob

import report
import yard
from common import Hugepages, Progress, build_target, machine
from yard import bars, median_of

HUGEPAGES = 320
MODES = ("on", "off", "slices")
BESIDE = (0, 1, 3, 7)
VICTIM_PPS = 50000
METHOD = [
    "In-process: build/bench/isolation, the dataplane between ring ports, a receive queue of 1024, one",
    "worker. Arrivals go by a clock that runs while the worker works (a turn beyond 80 us was interrupted",
    "and counts as 10). Router 0 (a quarter of the worker by weight) gets a tenth of what one router alone",
    "forwards; the others 1.5 times that, together: to be forwarded (flood), on links of 1 Mbit/s",
    "(shaper), with a TTL of 1 (ttl), to stations that nobody knows (scan), while routes change (routes).",
    "Latency: arrival to departure, us. aggregate: no victim, what all forward of what one alone does.",
    "slices: two, each with a worker, ports, clock and generator of its own, at a time in two threads on",
    "two CPUs; one is measured with all that it can take and with a tenth of it, while the other is idle",
    "or seven routers in it are flooded. They share the last cache, memory, the buffer pool. Medians.",
]
KERNEL_METHOD = [
    f"Kernel hosts: build/bench/hostload, one thread, sends {VICTIM_PPS} frames of 60 bytes without FCS a second",
    "through router 1 and floods routers 2.. with such frames as fast as it can, in turn, frames for which",
    "there is no room are lost. Latency: from just before sending to the kernel's stamp at the receiving",
    "host's device, us. `offered`, `forwarded`: of the flood, in thousands a second. Flooded hosts",
    "receive where the router sends, on CPU 1, so that CPU 0 suffices to flood. Medians of the rounds.",
]


def run(options, path, mode, turn):
    argv = [f"{options.build}/bench/isolation", mode, str(min(options.seconds, 60))]
    return [{"sharing": mode, "round": turn, **row} for row in yard.documents(
        argv, f"isolation-{mode}", f"{path}/logs/isolation-{mode}-{turn}")]


def run_kernel(options, path, progress, say):
    """Rows of both routers among kernel hosts."""
    rows = []
    with yard.Yard(options, path, progress) as ground:
        ground.steer([1])
        for turn in range(min(options.rounds, 3)):
            for name in (yard.LINUX, yard.OURS):
                router = ground.router(name, yard.ROUTERS)
                for n in BESIDE:
                    say(f"kernel hosts, round {turn + 1}, {name} with {n} flooded")
                    rows.append({"kind": "hosts", "router": name, "round": turn, "neighbours": n,
                                 "driver": router.driver, **ground.victim(VICTIM_PPS, n)})
                router.close()
    return rows


def cpu_sharing():
    """What the two CPUs share, as the machine says it."""
    text = []
    for path in sorted(glob.glob("/sys/devices/system/cpu/cpu0/cache/index*")):
        with open(f"{path}/level") as level, open(f"{path}/type") as kind, \
                open(f"{path}/shared_cpu_list") as cpus:
            text.append(f"L{level.read().strip()} {kind.read().strip().lower()}: CPUs "
                        f"{cpus.read().strip()}")
    return "; ".join(text) or "not known"


def latencies(rows):
    return [f"{median_of(rows, lambda r, q=q: r['latency_us'][q]):.1f}"
            for q in ("p50", "p99", "p999")]


class Found:
    """The in-process rows, and what the report asks of them."""

    def __init__(self, rows):
        self.rows = rows

    def of(self, sharing, kind, n=None):
        return [r for r in self.rows if r["sharing"] == sharing and r["kind"] == kind and
                r.get("neighbours") == n]

    def lost(self, sharing, kind, n):
        return median_of(self.of(sharing, kind, n),
                         lambda r: r["victim_lost"] / r["victim_offered"])

    def p99(self, sharing, kind, n):
        return median_of(self.of(sharing, kind, n), lambda r: r["latency_us"]["p99"])

    def keys(self):
        return list(dict.fromkeys((r["kind"], r["neighbours"]) for r in self.rows
                                  if "victim_lost" in r and r["kind"] != "slices"))

    def slices(self, other):
        """Rows beside an idle or a flooded slice, window by window."""
        return [r for r in self.rows if r["kind"] == "slices" and r["other"] == other]

    def slice_change(self, get):
        """The median over the pairs of windows of flooded over idle, less one."""
        pairs = zip(self.slices("idle"), self.slices("flooded"))
        return yard.statistics.median(get(f) / get(i) - 1 for i, f in pairs)


def text_in_process(found, asked):
    table = []
    for kind, n in found.keys():
        line = [kind, n]
        for s in ("on", "off"):
            line += [f"{found.lost(s, kind, n):.2%}"] + latencies(found.of(s, kind, n))
        table.append(line + [f"{median_of(found.of('on', kind, n), lambda r: r['jain']):.4f}"])
    text = report.table(["neighbours", "n", "lost", "p50", "p99", "p99.9", "off: lost", "p50", "p99",
                         "p99.9", "Jain"], table)
    shares = {n: median_of(found.of("on", "aggregate", n), lambda r: r["of_one"])
              for n in (8, 63)}
    jains = {n: median_of(found.of("on", "aggregate", n), lambda r: r["jain"]) for n in (8, 63)}
    text += "".join(f"\naggregate of {n} flooded: {shares[n]:.1%} of one alone, Jain {jains[n]:.5f}"
                    for n in shares)
    for mode in MODES:
        alone = median_of(found.of(mode, "alone"), lambda r: r["cycles_a_packet"])
        text += f"\none alone, sharing {mode}: {alone:.1f} cycles a packet"
    text += "\n\n" + report.table(
        ["one slice, the other", "packets/s, all it can", "lost of a tenth", "p50", "p99", "p99.9"],
        [[other, f"{median_of(rows, lambda r: r['full_pps']):,.0f}",
          f"{median_of(rows, lambda r: r['victim_lost'] / r['victim_offered']):.3%}",
          *latencies(rows)] for other in ("idle", "flooded")
         for rows in [found.slices(other)]]) + f"\nshared by CPU 0: {cpu_sharing()}"
    worst = max(found.lost("on", kind, n) for kind, n in found.keys())
    ratio = found.p99("on", "flood", 7) / found.p99("on", "flood", 0)
    rate = found.slice_change(lambda r: r["full_pps"])
    wait = found.slice_change(lambda r: r["latency_us"]["p99"])
    asked += [
        ("the victim loses nothing", f"worst median {worst:.3%}", worst == 0),
        ("without sharing it loses", f"{found.lost('off', 'flood', 7):.1%} beside 7",
         found.lost("off", "flood", 7) > 0),
        ("p99 beside 7 flooded: at most twice that alone", f"{ratio:.2f} times", ratio <= 2),
        ("8 flooded forward 90 % of one", f"{shares[8]:.1%}", shares[8] >= 0.9),
        ("63 flooded forward 90 % of one", f"{shares[63]:.1%}", shares[63] >= 0.9),
        ("Jain of 8 and 63 at least 0.999", f"{min(jains.values()):.5f}",
         min(jains.values()) >= 0.999),
        ("flooding a slice changes the other's throughput by under 3 %", f"{rate:+.2%}",
         abs(rate) < 0.03),
        ("flooding a slice changes the other's p99 by under 3 %", f"{wait:+.2%}", abs(wait) < 0.03),
    ]
    return text


def text_kernel(rows, asked):
    def of(name, n):
        return [r for r in rows if r["router"] == name and r["neighbours"] == n]
    table = [[name, n, f"{median_of(of(name, n), lambda r: r['flood_offered_pps']) / 1e3:.0f}",
              f"{median_of(of(name, n), lambda r: r['flood_received_pps']) / 1e3:.0f}",
              f"{median_of(of(name, n), lambda r: r['loss']):.3%}", *latencies(of(name, n))]
             for n in BESIDE for name in (yard.LINUX, yard.OURS)]

    def worst(name, q):
        return max(median_of(of(name, n), lambda r: r["latency_us"][q]) for n in BESIDE if n > 0)

    def lost(name):
        return max(median_of(of(name, n), lambda r: r["loss"]) for n in BESIDE)
    p99 = {name: worst(name, "p99") for name in (yard.LINUX, yard.OURS)}
    asked += [
        ("kernel hosts: the victim loses nothing", f"worst median {lost(yard.OURS):.3%}; Linux "
         f"{lost(yard.LINUX):.3%}", lost(yard.OURS) == 0),
        ("kernel hosts: p99 among flooded at most Linux's",
         f"{p99[yard.OURS]:.1f} us; Linux {p99[yard.LINUX]:.1f} us",
         p99[yard.OURS] <= p99[yard.LINUX])]
    return report.table(["router", "flooded", "offered", "forwarded", "lost", "p50", "p99", "p99.9"],
                        table)


def plot_groups(found, kernel):
    names = {"on": "sharing on", "off": "sharing off"}
    groups = [(f"in-process, beside {n} flooded: {label}", [
        (names[s], *bars([get(r) for r in found.of(s, "flood", n)])) for s in ("on", "off")])
        for label, get in (
            ("lost, %", lambda r: 100 * r["victim_lost"] / r["victim_offered"]),
            ("p99, us", lambda r: r["latency_us"]["p99"]))
        for n in (0, 1, 3, 7, 63)]
    return groups + [(f"kernel hosts, beside {n} flooded: {label}", [
        (name, *bars([get(r) for r in kernel if r["router"] == name and r["neighbours"] == n]))
        for name in (yard.LINUX, yard.OURS)])
        for label, get in (("lost, %", lambda r: 100 * r["loss"]),
                           ("p99, us", lambda r: r["latency_us"]["p99"])) for n in BESIDE]


def main(options):
    build_target(options.build, "bench/isolation", *yard.TARGETS)
    path, progress, rows = report.folder(options.build, "isolation", options.out), Progress(), []
    with Hugepages(HUGEPAGES) as huge:
        for turn in range(options.rounds):
            for mode in MODES:
                progress.say(f"round {turn + 1} of {options.rounds}, {mode}")
                rows += run(options, path, mode, turn)
        about = machine(next(r["tsc_hz"] for r in rows if "tsc_hz" in r), huge)
        kernel = run_kernel(options, path, progress, progress.say)
    progress.done()
    found, asked = Found(rows), []
    drivers = "/".join(sorted({r["driver"] for r in kernel if r["router"] == yard.OURS}))
    text = "\n\n".join([
        "Isolation", report.describe(about, METHOD + yard.METHOD + KERNEL_METHOD + [
            f"{options.rounds} round(s), {min(options.rounds, 3)} with kernel hosts, of "
            f"{options.seconds:g} s; ports: {drivers}."]),
        text_in_process(found, asked), text_kernel(kernel, asked), report.asked_table(asked)])
    report.write_bars(f"{path}/plot.svg", "Isolation", "the victim's loss and latency",
                      plot_groups(found, kernel))
    report.write(path, text, {
        "suite": "isolation", "machine": about, "seconds": options.seconds,
        "method": METHOD + yard.METHOD + KERNEL_METHOD, "results": rows, "kernel_hosts": kernel,
        "asked": report.asked_document(asked)}, rows + kernel, options.json)
    return 0
