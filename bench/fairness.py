# SPDX-License-Identifier: BSD-3-Clause
"""bench/run fairness: experiments 1 to 4 of paper 003 and Table I of paper 002, with their metrics, and
weights under flood."""
import metrics
import report
import yard
from common import Hugepages, Progress, build_target, machine
from yard import Cost, bars, median_of

HUGEPAGES = 320
COUNTS = (1, 2, 4, 8)
FRAMES = {64: 60, 1500: 1514}          # as the papers name them: without FCS, between kernel hosts
TAGGED = {64: 60, 1500: 1518}          # in-process, with a tag
NAMES = (yard.LINUX, yard.OURS)
TCP = {"sending": ["ab"], "receiving": ["ba"], "forwarding": ["ab", "ba"]}  # host to host
METHOD = [
    "R_i: throughput of virtual router i; C_i: its part of CPU 1 (Linux's: all that CPU 1 did); E =",
    "R_aggregate / R_classical, which is Linux with one router, in the same round; Jain's index of R_i",
    "and of C_i; predictability: how far R_aggregate with 2, 4 or 8 routers is from that with one",
    "(papers: a word only). Medians of rounds. What the papers' experiments are here. No tenant's",
    "programs run in HPSRouter, so experiments 1 and 2 (hosts in the machine) are its hosts' connections",
    "through their routers: sending: each of the hosts a sends by TCP (iperf3, greedy) through its",
    "router; receiving: each receives. Experiment 3, forwarding: both at once; counted at the receiving",
    "hosts' devices while all connections run. Table I of 002: UDP at full rate from one thread",
    "(build/bench/hostload) in turn through each router, frames of 64 and 1514 + 4 bytes; received",
    "packets/s and loss of one router. Loaded neighbours: TCP through router 1 while the others are",
    "flooded with 64-byte UDP; the papers' neighbours burnt CPU, which here only packets can; the flood's",
    "sender takes half of the hosts' CPU 0 from TCP, in both. Experiment 4 (weights of Xen's scheduler)",
    "is the weights of the routers, in-process. UDP's receiving hosts work on CPU 1, where the router",
    "sends. TCP's hosts are all on CPU 0: it is often they that are at their end, not the router. The",
    "papers' E is of links of 1 Gbit/s, where Linux had CPU to spare.",
]
IN_PROCESS = [
    "In-process: build/bench/fairness, the dataplane between ring ports on one worker, as bench/run",
    "isolation has it. All routers are offered the same, together 1.5 times what one alone forwards",
    "(weights: 2.2 times). `of one`: R_aggregate over that of one router whose queue is always full.",
    "Where sharing is off, weights count for nothing.",
]


# ---- in-process ----

def in_process(options, path, turn, progress):
    rows = []
    for sharing in ("on", "off"):
        for size, frame in TAGGED.items():
            progress.say(f"round {turn + 1}: in-process, {size} bytes, sharing {sharing}")
            argv = [f"{options.build}/bench/fairness", sharing, str(frame),
                    str(min(options.seconds / 5, 60))]
            for row in yard.documents(argv, "fairness", f"{path}/logs/fairness-{sharing}-{size}-"
                                      f"{turn}"):
                row.update({"part": "in-process", "sharing": sharing, "bytes": size,
                            "round": turn})
                if "pps" in row:
                    row["off_weights"] = metrics.off_weights(row["pps"], row["weights"])
                    row["jain_cycles"] = metrics.jain(row["cycles_per_s"])
                rows.append(row)
    return rows


# ---- kernel hosts ----

def counted(router, function):
    """What FUNCTION returns, with the router's cost while it ran."""
    cost = Cost(router)
    got = function()
    busy, each = cost.read()
    return got, {"cpu": busy, "cpu_each": each,
                 **({"jain_cpu": metrics.jain(each)} if each else {})}


def hosts_one(ground, name, n, turn, say):
    router, rows = ground.router(name, n), []
    numbers = range(1, n + 1)

    def row(test, rates, cost, **more):
        rows.append({"part": "hosts", "test": test, "router": name, "routers": n, "round": turn,
                     "rates": rates, "aggregate": sum(rates), "jain": metrics.jain(rates), **cost,
                     **more})
    ground.steer(range(1, yard.ROUTERS + 1))
    for test, directions in TCP.items():
        say(f"{name}, {n} routers, {test}")
        rates, cost = counted(router, lambda directions=directions: ground.tcp(numbers, directions))
        row(test, rates, cost)
    ground.steer([])
    for size, frame in FRAMES.items():
        say(f"{name}, {n} routers, UDP of {size} bytes")
        flows, cost = counted(router, lambda frame=frame: ground.flood(n, frame))
        row(f"UDP {size}", [got for _, got in flows], cost, loss=metrics.loss(
            sum(sent for sent, _ in flows), sum(got for _, got in flows)))
    if n > 1:
        say(f"{name}, {n} routers, loaded neighbours")
        ground.steer([1])
        row("loaded neighbours", [ground.tcp_loaded(n)], {})
    router.close()
    return rows


def classical(rows, test, turn):
    """R_classical: Linux with one router; of loaded neighbours, when nobody loads it."""
    test = "sending" if test == "loaded neighbours" else test
    return next(r["aggregate"] for r in rows if r["test"] == test and r["round"] == turn and
                r["router"] == yard.LINUX and r["routers"] == 1)


class Hosts:
    """The rows of kernel hosts."""

    def __init__(self, rows):
        self.rows = rows
        for r in rows:
            r["efficiency"] = metrics.efficiency(r["rates"], classical(rows, r["test"], r["round"]))

    def of(self, test, name, n):
        return [r for r in self.rows
                if (r["test"], r["router"], r["routers"]) == (test, name, n)]

    def median(self, test, name, n, key):
        some = [r for r in self.of(test, name, n) if key in r]
        return median_of(some, lambda r: r[key]) if some else None

    def unpredicted(self, test, name):
        return metrics.unpredicted({n: self.median(test, name, n, "aggregate") for n in COUNTS})


def cell(value, form):
    return "" if value is None else format(value, form)


def text_tcp(hosts):
    table = []
    for test in (*TCP, "loaded neighbours"):
        for n in COUNTS if test in TCP else COUNTS[1:]:
            for name in NAMES:
                def of(key, test=test, name=name, n=n):
                    return hosts.median(test, name, n, key)
                paper = "sending, loaded neighbours" if test not in TCP else test
                ours = name == yard.OURS
                table.append([
                    test, n, name, cell(of("aggregate"), ".0f"), cell(of("efficiency"), ".3f"),
                    cell(of("jain"), ".4f") if test in TCP and n > 1 else "",
                    cell(of("cpu"), ".2f"), cell(of("jain_cpu"), ".4f") if n > 1 else "",
                    cell(metrics.EFFICIENCY[paper].get(n), ".4f") if ours else "",
                    cell(metrics.JAIN.get(test, {}).get(n), ".4f") if ours else ""])
    return "TCP, Mbit/s of frames\n" + report.table(
        ["", "routers", "", "R aggregate", "E", "Jain R", "C of CPU 1", "Jain C", "paper's E",
         "Jain R"], table, left=(2,))


def text_udp(hosts):
    table = []
    for size in FRAMES:
        for n in COUNTS:
            for name in NAMES:
                def of(key, size=size, name=name, n=n):
                    return hosts.median(f"UDP {size}", name, n, key)
                paper = metrics.SIZES[size][n if name == yard.OURS else 0]
                shown = name == yard.OURS or n == 1
                table.append([
                    size, n, name, f"{of('aggregate') / n:,.0f}", f"{of('loss'):.2%}",
                    cell(of("efficiency"), ".3f"), cell(of("jain"), ".5f"),
                    cell(of("cpu"), ".2f"), cell(of("jain_cpu"), ".4f"),
                    *(("saturated", "") if paper is None else (f"{paper[0]:,}", f"{paper[1]:.2%}")
                      if shown else ("", ""))])
    return "UDP at full rate (Table I of 002), packets/s of one router\n" + report.table(
        ["bytes", "routers", "", "R_i", "loss", "E", "Jain R", "C of CPU 1", "Jain C",
         "paper's R_i", "loss"], table, left=(2,))


def text_in_process(rows):
    table = []
    for size in TAGGED:
        for kind, n in dict.fromkeys((r["kind"], r["routers"]) for r in rows if "pps" in r):
            line = [size, n, ":".join(f"{w:g}" for w in next(
                r["weights"] for r in rows if "pps" in r and (r["kind"], r["routers"]) ==
                (kind, n))) if kind == "weights" else "equal"]
            for sharing in ("on", "off"):
                some = [r for r in rows if (r["kind"], r.get("routers"), r["bytes"],
                                            r["sharing"]) == (kind, n, size, sharing)]
                line += [f"{median_of(some, lambda r: r['aggregate_pps']) / 1e6:.2f}",
                         f"{median_of(some, lambda r: r['of_one']):.3f}",
                         f"{median_of(some, lambda r: r['jain']):.5f}",
                         f"{median_of(some, lambda r: r['off_weights']):.2%}"]
            table.append(line)
    return "In-process, all flooded, millions of packets/s\n" + report.table(
        ["bytes", "routers", "weights", "R aggregate", "of one", "Jain R", "off weights", "off: R",
         "of one", "Jain R", "off weights"], table)


def asked_of(rows, hosts):
    def some(kind, n, key, sharing="on"):
        return [median_of([r for r in rows if (r["kind"], r.get("routers"), r["bytes"],
                                               r["sharing"]) == (kind, n, size, sharing)],
                          lambda r: r[key]) for size in TAGGED]
    asked = []
    for n in (3, 6):
        worst = max(some("weights", n, "off_weights"))
        asked.append((f"weights 1:2:4, {n} flooded: throughput 1:2:4 within 3 %",
                      f"{worst:.2%} off", worst <= 0.03))
    for n in (8, 64):
        worst = min(some("equal", n, "jain"))
        asked.append((f"equal weights, {n} flooded: Jain at least 0.999", f"{worst:.6f}",
                      worst >= 0.999))
        worst = min(some("equal", n, "of_one"))
        asked.append((f"{n} flooded forward 90 % of one", f"{worst:.1%}", worst >= 0.9))
    for test in TCP:
        value, paper = hosts.median(test, yard.OURS, 8, "efficiency"), metrics.EFFICIENCY[test][8]
        asked.append((f"{test}, 8 routers: E at least the paper's {paper:g}", f"{value:.3f}",
                      value >= paper))
        value, paper = hosts.median(test, yard.OURS, 8, "jain"), metrics.JAIN[test][8]
        asked.append((f"{test}, 8 routers: Jain of R at least the paper's {paper:g}",
                      f"{value:.4f}", value >= paper))
    value, paper = (hosts.median("loaded neighbours", yard.OURS, 8, "efficiency"),
                    metrics.EFFICIENCY["sending, loaded neighbours"][8])
    asked.append((f"7 loaded neighbours: E at least the paper's {paper:g}", f"{value:.3f}",
                  value >= paper))
    for size in FRAMES:
        value = hosts.unpredicted(f"UDP {size}", yard.OURS)
        asked.append((f"UDP {size}: R_aggregate of 2, 4, 8 within 10 % of that of one",
                      f"{value:.1%} off; Linux {hosts.unpredicted(f'UDP {size}', yard.LINUX):.1%}",
                      value <= 0.1))
    return asked


def main(options):
    build_target(options.build, "bench/fairness", *yard.TARGETS)
    path, progress = report.folder(options.build, "fairness", options.out), Progress()
    rows, kernel = [], []
    with Hugepages(HUGEPAGES) as huge:
        about = machine(0, huge)
        for turn in range(options.rounds):
            rows += in_process(options, path, turn, progress)
        about["tsc_hz"] = next(r["tsc_hz"] for r in rows if "tsc_hz" in r)
        with yard.Yard(options, path, progress) as ground:
            for turn in range(options.rounds):
                for n in COUNTS:
                    for name in NAMES:
                        kernel += hosts_one(ground, name, n, turn, lambda text, turn=turn:
                                            progress.say(f"round {turn + 1}: {text}"))
            drivers = "/".join(sorted(ground.drivers - {yard.Spaces.driver}))
    progress.done()
    hosts = Hosts(kernel)
    asked = asked_of(rows, hosts)
    method = yard.METHOD + METHOD + IN_PROCESS + [
        f"{options.rounds} round(s) of {options.seconds:g} s, in-process of a fifth; ports: {drivers}."]
    predicted = "predictability, R_aggregate farthest from that of one router: " + "; ".join(
        f"{test} {name} {hosts.unpredicted(test, name):.1%}"
        for test in (*TCP, *(f"UDP {size}" for size in FRAMES)) for name in NAMES)
    text = "\n\n".join(["Fairness", report.describe(about, method), text_tcp(hosts),
                        text_udp(hosts), predicted, text_in_process(rows),
                        report.asked_table(asked)])
    report.write_bars(f"{path}/plot.svg", "Fairness", "as each group says", [
        (f"{test}, {n} routers: {label}", [
            (name, *bars([r[key] * scale for r in hosts.of(test, name, n)])) for name in NAMES])
        for test in (*TCP, *(f"UDP {size}" for size in FRAMES)) for n in COUNTS
        for label, key, scale in (("E, %", "efficiency", 100), ("Jain of R, %", "jain", 100))
        if key != "jain" or n > 1])
    report.write(path, text, {"suite": "fairness", "machine": about, "seconds": options.seconds,
                              "method": method, "in_process": rows, "hosts": kernel,
                              "asked": report.asked_document(asked)}, rows + kernel, options.json)
    return 0
