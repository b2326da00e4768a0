# SPDX-License-Identifier: BSD-3-Clause
"""bench/run ndr: the daemon's no-drop rate, its rate at 0.5 % loss, and paper 001's first fit, over a
memif pair with our own generator."""
import argparse
import json
import os
import select
import socket
import statistics
import subprocess
import tempfile
import time

import report
import search
from common import (BenchError, Hugepages, Progress, WORKER_NICE, build_target, command_line,
                    cpu_times, end, log_tail, machine, note, spawn, steal_share, thread_times,
                    wait_share)

HUGEPAGES = 320      # of 2 MiB: the generator's and the daemon's
START_SECONDS = 30
ALLOWED = 0.005      # the loss of the second rate, and where first fit stops
NOISY_SPREAD = 0.03
NOISY_TRIALS = 0.25   # of all trials, when so many were disturbed
DISTURBED_WAIT = 0.01  # of a trial, in which the worker waited for its CPU or it was stolen
WARM_UP = 0.05
TRIES = 4            # of a trial that was disturbed, or at whose rate the generator did not hold
PAPER_UDP = [64, *range(100, 1401, 100)]
VLANS = (101, 102)
SITE = """\
site: {name}
eal: {{hugepages: {hugepages}}}
control: {{socket: {folder}/control.sock}}
slices:
  - {{name: s0, lcores: [1], idle: poll}}
ports:
  - {{name: in, device: "{device_in}", capacity: 100Gbps, mtu: 1500}}
  - {{name: out, device: "{device_out}", capacity: 100Gbps, mtu: 1500}}
vpxis:
  - name: v
    routers:
      - name: r
        slice: s0
        interfaces:
          - {{name: in, port: in, {vlan_in}address: [10.0.1.1/24]}}
          - {{name: out, port: out, {vlan_out}address: [10.0.2.1/24]}}
        routes:
          - {{to: 10.1.0.0/16, via: 10.0.2.2}}
"""
# What the papers have measured that is near this (shared/papers/reference.yaml, by its keys).
PAPER_PPS = {
    "small_and_large_packets": {64: {"linux": 356494, "routers_1": 109685},
                                1500: {"linux": 81277, "routers_1": 81284}},
}
PAPER_TCP = {"untagged": 939, "tagged": 936}  # vlan_cost.tcp, Mbit/s
METHOD = [
    "hpsrouterd with one virtual router, one worker on lcore 1 (CPU 1), control on CPU 0; two memif",
    "ports, it is their server; build/bench/pktgen on lcore 0 (CPU 0) is the client of both, sends on",
    "one and receives on the other, alternating. A frame for which the memif has no room is lost, as",
    "it would be at the full queue of a NIC. Sizes are frames with tags and FCS; first fit's are UDP",
    "payloads (iperf's -l). Tagged: VLAN 101 in, 102 out. NDR: binary search (RFC 2544, 26.1) for the",
    "highest rate at which no frame is lost; then the same at 0.5 % loss. A trial is repeated where",
    "the generator did not hold the rate, did not look at its queue for longer than the memif ring",
    "lasts, or the worker waited for its CPU or it was stolen. First fit: paper 001,",
    "vlan_cost.udp_method: from the nominal rate, or where that is less, what the generator can send,",
    "bw := min(bw * (1 - 0.75 * loss), bw - 1) until the sample's loss is at most 0.5 %. A row is",
    "'generator' where the generator, not the router, was at its end; 'noisy' where its repetitions",
    "spread over more than 3 %.",
]


# ---- arguments ----

def number_list(least, most):
    def parse(text):
        values = [int(part) for part in text.split(",")]
        if not all(least <= v <= most for v in values):
            raise argparse.ArgumentTypeError(f"each from {least} to {most}")
        return values
    return parse


def number(kind, least, most):
    def parse(text):
        value = kind(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"from {least} to {most}")
        return value
    return parse


def add_arguments(p):
    """To the suite's parser; --rounds are the repetitions, --seconds the length of a trial."""
    p.add_argument("--sizes", type=number_list(64, 1518), default=[64, 512, 1500],
                   help="frames of the two searches (64,512,1500)")
    p.add_argument("--udp-sizes", type=number_list(18, 1472), default=[64, 512, 1400],
                   help="UDP payloads of first fit (64,512,1400)")
    p.add_argument("--tags", choices=["both", "untagged", "tagged"], default="both")
    p.add_argument("--methods", choices=["both", "ndr", "first-fit"], default="both")
    p.add_argument("--samples", type=number(int, 1, 1000), default=1,
                   help="measurements in a sample of first fit (1)")
    p.add_argument("--paper", action="store_true", help="first fit as in the paper: its sizes, "
                   "samples of 60 measurements of one second; takes hours")
    p.add_argument("--nominal", type=number(float, 1, 400000), default=10000.0,
                   help="Mbit/s at which first fit begins (10000; the paper's: 1000)")
    p.add_argument("--flows", type=number(int, 1, 65536), default=256, help="destinations (256)")
    p.add_argument("--resolution", type=number(float, 0.0001, 0.1), default=0.005,
                   help="of the searches, of the rate (0.005)")
    p.add_argument("--ring", type=number(int, 6, 14), default=10,
                   help="slots of a memif ring, log 2 (10)")
    p.set_defaults(warm_up=WARM_UP)


# ---- the daemon and its peer ----

def memif(n, role, folder, ring):
    return (f"net_memif{n},role={role},id={n},socket={folder}/memif.sock,socket-abstract=no,"
            f"bsize=2048,rsize={ring}")


def go_first(child):
    """The kernel shares a CPU among sessions (sched_autogroup) before it looks at the niceness of
    threads: without this, one busy process of another session takes half of it."""
    try:
        with open(f"/proc/{child.pid}/autogroup", "w") as f:
            f.write(str(WORKER_NICE))
    except OSError:
        pass  # there are kernels without


class Router:
    """A running hpsrouterd."""

    def __init__(self, build, folder, tagged, huge, ring, log):
        self.build, self.socket = build, f"{folder}/control.sock"
        name = f"ndr{os.getpid()}"
        site = f"{folder}/site.yaml"
        with open(site, "w") as f:
            f.write(SITE.format(
                name=name, folder=folder, hugepages="yes" if huge.used else "no",
                device_in=memif(0, "server", folder, ring),
                device_out=memif(1, "server", folder, ring),
                vlan_in=f"vlan: {VLANS[0]}, " if tagged else "",
                vlan_out=f"vlan: {VLANS[1]}, " if tagged else ""))
        self.child = spawn([os.path.join(build, "hpsrouterd"), "-c", site], f"hpsr-{name}", log)
        go_first(self.child)
        deadline = time.monotonic() + START_SECONDS
        while True:
            probe = socket.socket(socket.AF_UNIX)
            try:
                probe.connect(self.socket)
                return
            except OSError:
                pass
            finally:
                probe.close()
            if self.child.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"hpsrouterd does not start: {log_tail(log)}")
            time.sleep(0.02)

    def stats(self):
        """Its own account."""
        text = command_line([os.path.join(self.build, "hpsrctl"), "-s", self.socket, "-j", "stats"])
        try:
            return json.loads(text)
        except ValueError as e:
            raise BenchError(f"hpsrctl stats: no JSON: {text[:200]!r}") from e


class Generator:
    """A running pktgen --serve."""

    def __init__(self, build, folder, tagged, huge, options, log):
        argv = [os.path.join(build, "bench/pktgen"),
                "--tx", memif(0, "client", folder, options.ring),
                "--rx", memif(1, "client", folder, options.ring),
                "--via", "10.0.1.1", "--flows", str(options.flows), "--lcores", "0",
                "--hugepages", "yes" if huge.used else "no", "--count", "udp",
                "--on-full", "lose", "--tolerance", "0.5%",
                # To catch up: half of what the router's queue holds.
                "--burst", str(1 << options.ring - 1),
                "--warm-up", str(options.warm_up), "--rate", "100kpps", "--size", "512",
                "--quiet", "0.05", "--serve"]
        if tagged:
            argv += ["--vlan", str(VLANS[0]), "--rx-vlan", str(VLANS[1])]
        self.log, self.rest = log, b""
        self.child = spawn(argv, None, log, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        go_first(self.child)
        self.line(START_SECONDS)

    def line(self, seconds):
        """The next JSON line."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self.rest:
            left = deadline - time.monotonic()
            ready = left > 0 and select.select([self.child.stdout], [], [], left)[0]
            data = os.read(self.child.stdout.fileno(), 65536) if ready else b""
            if not data:
                raise BenchError(f"pktgen {'ended' if ready else 'says nothing'}: "
                                 f"{log_tail(self.log)}")
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\n")
        return json.loads(line)

    def run(self, rate, size, seconds):
        self.child.stdin.write(f"{rate} {size} {seconds}\n".encode())
        self.child.stdin.flush()
        return self.line(seconds + 20)


class Pair:
    """Both, and the trials over them."""

    def __init__(self, options, folder, tagged, huge, logs):
        kind = "tagged" if tagged else "untagged"
        self.options, self.tagged, self.counts = options, tagged, {"trials": 0, "disturbed": 0}
        self.router = Router(options.build, folder, tagged, huge, options.ring,
                             f"{logs}/hpsrouterd-{kind}")
        try:
            self.generator = Generator(options.build, folder, tagged, huge, options,
                                       f"{logs}/pktgen-{kind}")
        except BaseException:
            end(self.router.child)
            raise

    def close(self):
        """What the daemon says of itself; it must end in order."""
        stats = self.router.stats()
        end(self.generator.child)
        if end(self.router.child) != 0:
            raise BenchError("hpsrouterd did not end in order")
        return stats

    def disturbed(self, got, before, after):
        """Was it the machine that lost, or slept?"""
        gap_packets = got["longest_gap_us"] * 1e-6 * got["tx_pps"]
        return (got["lost_packets"] > 0 and
                (gap_packets > 1 << self.options.ring or
                 wait_share(before[0], after[0]) > DISTURBED_WAIT or
                 steal_share(before[1], after[1]) > DISTURBED_WAIT))

    def try_once(self, rate, size, seconds):
        def now():
            return thread_times(self.router.child.pid), cpu_times()
        before = now()
        got = self.generator.run(rate, size, seconds)
        got["disturbed"] = self.disturbed(got, before, now())
        self.counts["trials"] += 1
        self.counts["disturbed"] += got["disturbed"] or got["void"]
        return got

    def trial(self, rate, size, seconds, void_counts=True):
        """One that was not disturbed, or the last of a few."""
        for _ in range(TRIES):
            got = self.try_once(rate, size, seconds)
            if not got["disturbed"] and not (got["void"] and void_counts):
                break
        return got

    def fastest(self, size):
        """What the generator can send at most, whatever becomes of it."""
        return self.try_once("max", size, 0.2)

    def search(self, size, top, allowed):
        last = {}

        def trial(rate):
            got = self.trial(f"{rate:.0f}pps", size, self.options.seconds)
            if got["loss"] <= allowed and not got["void"]:
                last[rate] = got
            return search.Outcome(got["loss"], not got["void"])
        found = search.highest_rate(trial, round(top), allowed, self.options.resolution)
        at = last.get(found.rate)
        return {"pps": found.rate, "trials": found.trials, "generator_limited": found.limited,
                "latency_us": at["latency_us"] if at else None}

    def ndr(self, size):
        top = self.fastest(size)["tx_pps"]
        lossy = self.search(size, top, ALLOWED)
        # No more passes without loss than passes with some.
        if lossy["pps"] == 0:
            return dict(lossy), lossy
        whole = self.search(size, lossy["pps"], 0.0)
        if whole["pps"] >= round(lossy["pps"]):
            whole["generator_limited"] = lossy["generator_limited"]
        return whole, lossy

    def first_fit(self, payload):
        size = f"udp:{payload}"

        def sample(bandwidth):
            got = [self.trial(f"{bandwidth * 1e6:.0f}bps", size, self.options.seconds, False)
                   for _ in range(self.options.samples)]
            return search.mean_sample([search.Sample(g["tx_bps"] / 1e6, g["rx_bps"] / 1e6,
                                                     g["loss"]) for g in got])
        start = min(self.options.nominal, self.fastest(size)["tx_bps"] / 1e6)
        fit = search.first_fit(sample, start, ALLOWED)
        return {"start_mbps": start, "mbps": fit.received, "offered_mbps": fit.bandwidth,
                "loss": fit.loss, "samples": fit.samples, "converged": fit.converged}


# ---- the whole ----

def conserved(stats):
    c = stats["conservation"]
    return c["received"] == c["sent"] + c["dropped"] + c["consumed"] + c["queued"]


def measure(options, tagged, huge, path, progress, say):
    """One repetition over all sizes of one kind; rows, and what disturbed."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="hpsr-ndr") as folder:
        pair = Pair(options, folder, tagged, huge, f"{path}/logs")
        try:
            if options.methods != "first-fit":
                for size in options.sizes:
                    progress.say(f"{say}: {size} bytes, no-drop rate")
                    whole, lossy = pair.ndr(size)
                    rows.append({"method": "ndr", "size": size, **whole})
                    rows.append({"method": "loss 0.5 %", "size": size, **lossy})
            if options.methods != "ndr":
                for size in options.udp_sizes:
                    progress.say(f"{say}: {size} bytes of UDP, first fit")
                    rows.append({"method": "first fit", "size": size, **pair.first_fit(size)})
        finally:
            stats = pair.close()
    if not conserved(stats):
        raise BenchError(f"the router's account does not add up: {stats['conservation']}")
    return rows, pair.counts


def value_of(row):
    return row["mbps"] if row["method"] == "first fit" else row["pps"]


def summed(method, size, tagged, each):
    """The report's row of all repetitions."""
    values = [value_of(r) for r in each]
    middle = statistics.median(values)
    row = {"method": method, "size": size, "tagged": tagged, "repetitions": len(each),
           "median": middle, "min": min(values), "max": max(values),
           "unit": "Mbit/s of UDP payload" if method == "first fit" else "packets/s",
           "spread": search.spread(values), "noisy": search.spread(values) > NOISY_SPREAD,
           "each": each}
    if method == "first fit":
        row["pps"] = middle * 1e6 / 8 / size
        row["converged"] = all(r["converged"] for r in each)
    else:
        row["pps"] = middle
        row["l1_mbps"] = middle * (size + 20) * 8 / 1e6
        row["generator_limited"] = any(r["generator_limited"] for r in each)
        row["latency_us"] = next((r["latency_us"] for r in each if r["latency_us"]), None)
    paper = PAPER_PPS["small_and_large_packets"].get(size)
    if paper and method == "loss 0.5 %":
        row["paper_002_routers_1_pps"] = paper["routers_1"]
        row["paper_002_linux_pps"] = paper["linux"]
    return row


def flags(row):
    words = ["noisy"] if row["noisy"] else []
    if row.get("generator_limited"):
        words.append("generator")
    if not row.get("converged", True):
        words.append("did not converge")
    return ", ".join(words)


def search_table(rows):
    lines = [[f"{'tagged' if r['tagged'] else 'untagged'}, {r['size']} bytes", r["method"],
              f"{r['pps'] / 1e6:.3f}", f"{r['l1_mbps']:.0f}",
              f"{r['min'] / 1e6:.3f}..{r['max'] / 1e6:.3f}", f"{100 * r['spread']:.1f}",
              f"{r['latency_us']['p50']:.0f} / {r['latency_us']['p99']:.0f}"
              if r["latency_us"] else "-",
              f"{r['paper_002_linux_pps'] / 1e6:.3f} / {r['paper_002_routers_1_pps'] / 1e6:.3f}"
              if "paper_002_linux_pps" in r else "-", flags(r)] for r in rows]
    return "Searches\n" + report.table(
        ["", "at", "Mpps", "L1 Mbit/s", "least..most", "spread %", "latency us p50 / p99",
         "002 Table I: Linux / 1 router", ""], lines)


def fit_table(rows):
    untagged = {r["size"]: r["median"] for r in rows if not r["tagged"]}

    def ratio(r):
        base = untagged.get(r["size"], 0)
        return f"{r['median'] / base:.3f}" if r["tagged"] and base > 0 else "-"
    lines = [[f"{'tagged' if r['tagged'] else 'untagged'}, {r['size']} bytes of UDP",
              f"{r['median']:.0f}", f"{r['min']:.0f}..{r['max']:.0f}",
              f"{100 * r['spread']:.1f}", f"{r['pps'] / 1e6:.3f}", ratio(r), flags(r)]
             for r in rows]
    return ("First fit (paper 001; its Figure 4 has no figures to set beside these; its TCP: "
            f"tagged / untagged {PAPER_TCP['tagged']} / {PAPER_TCP['untagged']} = "
            f"{PAPER_TCP['tagged'] / PAPER_TCP['untagged']:.3f})\n" + report.table(
                ["", "Mbit/s", "least..most", "spread %", "Mpps", "tagged / untagged", ""], lines))


def verdict(rows, counts, steal):
    noisy = [r for r in rows if r["noisy"]]
    often = counts["disturbed"] > NOISY_TRIALS * counts["trials"]
    text = (f"{counts['disturbed']} of {counts['trials']} trials were disturbed; "
            f"steal {100 * steal:.2f} %, load average {os.getloadavg()[0]:.2f} at the end.\n")
    if often:
        text += f"THE MACHINE WAS TOO NOISY: more than {100 * NOISY_TRIALS:.0f} % of the trials.\n"
    if any(r["repetitions"] < 2 for r in rows):
        return often, text + "one repetition only: nothing is said of how it repeats."
    if not noisy and often:
        return True, text.rstrip()
    if not noisy:
        return False, text + (f"repeats within {100 * NOISY_SPREAD:.0f} %: the widest spread is "
                              f"{100 * max(r['spread'] for r in rows):.1f} %.")
    return True, text + (f"THE MACHINE WAS TOO NOISY: {len(noisy)} of {len(rows)} rows spread over "
                         f"more than {100 * NOISY_SPREAD:.0f} %, up to "
                         f"{100 * max(r['spread'] for r in noisy):.1f} %.")


def plot_groups(rows):
    """Packets a second of both searches, by size."""
    groups = {}
    for r in rows:
        if r["method"] == "first fit":
            continue
        name = f"{r['method']}, {'tagged' if r['tagged'] else 'untagged'}"
        groups.setdefault(f"{r['size']} bytes", []).append(
            (name, r["median"] / 1e6, r["min"] / 1e6, r["max"] / 1e6))
    return list(groups.items())


def main(options):
    if options.paper:
        options.udp_sizes, options.samples, options.seconds = PAPER_UDP, 60, 1.0
    if options.quick:
        options.seconds, options.resolution = min(options.seconds, 0.2), 0.02
    kinds = {"both": [False, True], "untagged": [False], "tagged": [True]}[options.tags]
    build_target(options.build, "hpsrouterd", "hpsrctl", "bench/pktgen")
    path = report.folder(options.build, "ndr", options.out)
    progress, each, counts = Progress(), {}, {"trials": 0, "disturbed": 0}
    with Hugepages(HUGEPAGES) as huge:
        hz = json.loads(command_line([
            os.path.join(options.build, "bench/pktgen"), "--tx", "net_ring0", "--rate", "1kpps",
            "--packets", "1", "--hugepages", "no", "-j"]) or "{}").get("tsc_hz", 0)
        about, before = machine(hz, huge), cpu_times()
        for i in range(options.rounds):
            for tagged in kinds:
                rows, more = measure(
                    options, tagged, huge, path, progress,
                    f"repetition {i + 1}/{options.rounds}, {'' if tagged else 'un'}tagged")
                for row in rows:
                    each.setdefault((row["method"], row["size"], tagged), []).append(row)
                for key in counts:
                    counts[key] += more[key]
        steal = steal_share(before, cpu_times())
        progress.done()
    rows = [summed(*key, got) for key, got in each.items()]
    searches = [r for r in rows if r["method"] != "first fit"]
    fits = [r for r in rows if r["method"] == "first fit"]
    noisy, said = verdict(rows, counts, steal)
    method = METHOD + [
        f"{options.rounds} repetitions, each with a daemon of its own; trials of "
        f"{options.seconds:g} s; {options.flows} flows; memif rings of {1 << options.ring}; "
        f"resolution {100 * options.resolution:g} %;",
        f"samples of {options.samples} x {options.seconds:g} s from {options.nominal:g} Mbit/s."]
    if searches:
        report.write_bars(f"{path}/plot.svg", "No-drop rate, and rate at 0.5 % loss",
                          "million packets a second, median of repetitions", plot_groups(rows))
    text = "\n\n".join(["No-drop rate", report.describe(about, method),
                        *([search_table(searches)] if searches else []),
                        *([fit_table(fits)] if fits else []), said])
    report.write(path, text, {
        "suite": "ndr", "machine": {**about, "steal": steal,
                                    "load_average_end": list(os.getloadavg())},
        "method": method, "seconds": options.seconds, "results": rows, "counts": counts,
        "too_noisy": noisy, "verdict": said,
        "paper": {"vlan_cost.tcp": PAPER_TCP, **PAPER_PPS},
    }, rows, options.json)
    if noisy:
        note("the machine was too noisy for figures that repeat within 3 %")
    return 0
