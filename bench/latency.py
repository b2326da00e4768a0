# SPDX-License-Identifier: BSD-3-Clause
"""bench/run latency: Table III of paper 000 (II of 002): the latency over one of 1, 2, 4 or 8 virtual
routers, the others idle or loaded, beside Linux as the router."""
import time

import report
import yard
from common import Hugepages, Progress, build_target, end, machine
from metrics import LATENCY_MS
from yard import bars, median_of

HUGEPAGES = 320
COUNTS = (1, 2, 4, 8)
VICTIM_PPS = 1000
LOADS = {"idle": "others idle", "tcp": "others forward TCP", "flood": "others flooded"}
METHOD = [
    "Through router 1 of N. Idle, and while each of the others forwards a greedy TCP connection (iperf3),",
    "as in the papers: round trips of ping, 200 a second, in milliseconds; they have the two hosts in",
    "them, whose processes are all on CPU 0, beside iperf3's. While the others are flooded with frames of",
    f"60 bytes: build/bench/hostload's victim, {VICTIM_PPS} frames a second, one way, up to the receiving",
    "host's device. `inside`: of HPSRouter's packets of router 1 in the last second, receive to transmit,",
    "by its own histogram, microseconds. `paper`: one router alone without virtualisation (Linux), and",
    "over virtual routers (HPSRouter), on other machines and a switch. Medians of the rounds.",
]


def inside(router):
    if router.driver == yard.Spaces.driver:
        return None
    window = router.ctl("latency")[0]["window_latency_us"]
    return window if window["count"] else None


def measure_one(ground, router, load, n):
    seconds = ground.options.seconds
    if load == "flood":
        ground.steer([1])
        got = ground.victim(VICTIM_PPS, n - 1)
        return {"ms": {q: v / 1e3 for q, v in got["latency_us"].items()}, "loss": got["loss"],
                "inside_us": inside(router)}
    ground.steer(range(1, yard.ROUTERS + 1))
    others = sum(ground.tcp_start(range(2, n + 1)), []) if load == "tcp" else []
    try:
        time.sleep(ground.options.warm_up)
        got = ground.ping(seconds)
        got["inside_us"] = inside(router)
    finally:
        for child in reversed(others):
            end(child)
    return got


def measure(options, path, progress):
    rows, drivers = [], set()
    with yard.Yard(options, path, progress) as ground:
        for turn in range(options.rounds):
            for n in COUNTS:
                for name in (yard.LINUX, yard.OURS):
                    router = ground.router(name, n)
                    for load in LOADS if n > 1 else ("idle",):
                        progress.say(f"round {turn + 1} of {options.rounds}: {name}, {n} routers, "
                                     f"{LOADS[load]}")
                        rows.append({"router": name, "routers": n, "load": load, "round": turn,
                                     **measure_one(ground, router, load, n)})
                    router.close()
        drivers = ground.drivers - {yard.Spaces.driver}
    return rows, "/".join(sorted(drivers))


def main(options):
    build_target(options.build, *yard.TARGETS)
    path, progress = report.folder(options.build, "latency", options.out), Progress()
    with Hugepages(HUGEPAGES) as huge:
        about = machine(0, huge)
        rows, driver = measure(options, path, progress)
    progress.done()

    def of(name, load, n):
        return [r for r in rows if (r["router"], r["load"], r["routers"]) == (name, load, n)]

    def ms(name, load, n, q):
        return median_of(of(name, load, n), lambda r: r["ms"][q])
    table = []
    for load in LOADS:
        for n in COUNTS if load == "idle" else COUNTS[1:]:
            for name in (yard.LINUX, yard.OURS):
                some = [r for r in of(name, load, n) if r["inside_us"]]
                paper = LATENCY_MS.get(load, {}).get(n if name == yard.OURS else 0)
                table.append([
                    LOADS[load], n, name,
                    *(f"{ms(name, load, n, q):.3f}" for q in ("mean", "p50", "p99", "p999")),
                    f"{median_of(of(name, load, n), lambda r: r['loss']):.2%}",
                    *((f"{median_of(some, lambda r, q=q: r['inside_us'][q]):.1f}" if some else "")
                      for q in ("p50", "p99")), f"{paper:g}" if paper else ""])
    text = report.table(["", "routers", "", "mean ms", "p50", "p99", "p99.9", "lost",
                         "inside p50 us", "p99", "paper ms"], table, left=(2,))
    one, eight = ms(yard.OURS, "idle", 1, "p50"), ms(yard.OURS, "idle", 8, "p50")
    asked = [("idle: p50 over one of 8 at most 1.1 times that of one alone",
              f"{eight / one:.2f} times", eight <= 1.1 * one)]
    for load, q in (("idle", "p50"), ("tcp", "mean"), ("flood", "p99")):
        mine, linux = ms(yard.OURS, load, 8, q), ms(yard.LINUX, load, 8, q)
        asked.append((f"8 routers, {LOADS[load]}: {q} at most Linux's",
                      f"{mine:.3f} ms; Linux {linux:.3f} ms", mine <= linux))
    paper = LATENCY_MS["tcp"][8] / LATENCY_MS["idle"][8]
    rise = ms(yard.OURS, "tcp", 8, "mean") / ms(yard.OURS, "idle", 8, "mean")
    asked.append((f"TCP in 7 others raises the mean by less than the paper's {paper:.0f} times",
                  f"{rise:.1f} times; Linux "
                  f"{ms(yard.LINUX, 'tcp', 8, 'mean') / ms(yard.LINUX, 'idle', 8, 'mean'):.1f}",
                  rise < paper))
    method = yard.METHOD + METHOD + [f"{options.rounds} round(s) of {options.seconds:g} s; ports: "
                                     f"{driver}."]
    text = "\n\n".join(["Latency", report.describe(about, method), text,
                        report.asked_table(asked)])
    report.write_bars(f"{path}/plot.svg", "Latency over one virtual router", "milliseconds", [
        (f"{LOADS[load]}, {n} routers: {q}", [
            (name, *bars([r["ms"][q] for r in of(name, load, n)]))
            for name in (yard.LINUX, yard.OURS)])
        for load, q in (("idle", "mean"), ("tcp", "mean"), ("flood", "p99"))
        for n in (COUNTS if load == "idle" else COUNTS[1:])])
    report.write(path, text, {"suite": "latency", "machine": about, "seconds": options.seconds,
                              "method": method, "paper_ms": LATENCY_MS, "results": rows,
                              "asked": report.asked_document(asked)}, rows, options.json)
    return 0
