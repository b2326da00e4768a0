# SPDX-License-Identifier: BSD-3-Clause
"""Up to eight virtual routers among kernel hosts, as HPSRouter and as Linux has them, in turn: what
bench/run fairness, latency and isolation measure over the same veth pairs. The router works on CPU 1
alone, the hosts' processes are on CPU 0."""
import json
import re
import statistics
import subprocess
import tempfile
import time

import metrics
from common import LCORE, WORKER_NICE, BenchError, end, log_tail, spawn
from hosts import Daemon, Hosts, Spaces
from ndr import go_first

LINUX, OURS = "Linux", "HPSRouter"
ROUTERS = 8
TCP_START_SECONDS = 5
STARTED_BYTES = 100000
TARGETS = ["hpsrouterd", "hpsrctl", "bench/hostload"]
METHOD = [
    "Real time, over veth: flow N goes from a host through virtual router N to another host, each host",
    "and each of Linux's routers a network namespace (a VRF of today: the routers share CPU 1's backlog",
    "of 1000 packets); HPSRouter has the same veth ends as AF_XDP ports (AF_PACKET where there is no",
    "AF_XDP), no capacity, one worker. Router on CPU 1 (Linux: by receive packet steering), hosts'",
    "processes on CPU 0, with what the kernel does to hand frames to an AF_XDP port. Two CPUs carry",
    "everything: what others take of the machine is in the figures of both; compare what is side by side.",
]


class Yard:
    """Hosts and one router at a time. options: build and seconds; path: the report's folder."""

    def __init__(self, options, path, progress):
        self.options, self.path, self.progress = options, path, progress
        self.drivers = set()

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="hpsr-yard")
        self.hosts = Hosts(ROUTERS)
        self.hosts.__enter__()
        return self

    def __exit__(self, *_):
        self.hosts.remove()
        self.folder.cleanup()

    def steer(self, own):
        """The receiving hosts of these flows work on CPU 0; the others where the router sends, so
        that CPU 0 is free for flooding."""
        for n in range(1, ROUTERS + 1):
            self.hosts.steer(f"{n}a", "eth0", 1 - LCORE)
            self.hosts.steer(f"{n}b", "eth0", 1 - LCORE if n in own else None)

    def router(self, name, n):
        """Of N virtual routers, that forward."""
        if name == LINUX:
            made = Spaces(self.hosts, n)
        else:
            made = Daemon(self.hosts, self.options.build, self.folder.name, [""] * n,
                          f"{self.path}/logs/hpsrouterd", None)
        self.drivers.add(made.driver)
        self.hosts.warm(n)
        return made

    def start(self, argv, log, first=True):
        """FIRST: before all others on CPU 0, of which the kernel's own threads are some."""
        child = spawn(argv, None, f"{self.path}/logs/{log}", cpus=[0], stdout=subprocess.PIPE)
        if first:
            go_first(child)
        return child

    def finish(self, child, what, log, seconds):
        try:
            text = child.communicate(timeout=seconds + 30)[0].decode()
        except subprocess.TimeoutExpired as e:
            raise BenchError(f"{what}: {e}") from e
        finally:
            status = end(child)
        if status != 0:
            raise BenchError(f"{what}: exit {status}: {log_tail(f'{self.path}/logs/{log}')}")
        return text

    def load(self, *argv):
        """build/bench/hostload."""
        seconds = self.options.seconds
        child = self.start([f"{self.options.build}/bench/hostload", "-w",
                            str(self.options.warm_up), "-t", str(seconds), *map(str, argv),
                            self.hosts.name], "hostload")
        return json.loads(self.finish(child, "hostload", "hostload", seconds))

    def victim(self, pps, flooded):
        """Router 1's loss and latency beside so many flooded ones; all of them are up."""
        got = self.load("-v", pps, "-n", flooded + 1)
        victim = got["victim"]
        offered = sum(f["sent"] for f in got["flows"]) / got["seconds"]
        return {"sent": victim["sent"], "loss": metrics.loss(victim["sent"], victim["received"]),
                "latency_us": victim["latency_us"], "flood_offered_pps": offered,
                "flood_received_pps": sum(f["received"] for f in got["flows"]) / got["seconds"]}

    def flood(self, n, frame_bytes):
        """N flooded routers, as UDP at full rate: offered and received packets/s of each."""
        got = self.load("-n", n, "-s", frame_bytes)
        return [(f["sent"] / got["seconds"], f["received"] / got["seconds"])
                for f in got["flows"]]

    def tcp_start(self, numbers, ends="ab"):
        """A greedy connection through each of these routers, from the host of the first end to that
        of the other, until they are ended: servers, clients. They do not go before the kernel's
        threads, which do the hosts' receiving."""
        servers = [self.start(self.hosts.inside(f"{n}{ends[1]}", "iperf3", "-s"), "iperf3", False)
                   for n in numbers]
        time.sleep(0.3)
        return servers, [self.start(self.hosts.inside(
            f"{n}{ends[0]}", "iperf3", "-c", f"10.{n}.{'ab'.index(ends[1]) + 1}.2", "-t", "3600"),
            "iperf3", False) for n in numbers]

    def tcp(self, numbers, directions=("ab",)):
        """Mbit/s of frames that the receiving hosts of each of these routers get, in all directions
        together, while all connections run: counted at their devices. 0: no connection."""
        servers, clients = [], []
        try:
            for ends in directions:
                more = self.tcp_start(numbers, ends)
                servers += more[0]
                clients += more[1]
            started = time.monotonic()
            first = [received(s) for s in servers]
            while time.monotonic() < started + TCP_START_SECONDS and not all(
                    received(s) > f + STARTED_BYTES for s, f in zip(servers, first)):
                time.sleep(0.05)
            time.sleep(self.options.warm_up)
            before, at = [received(s) for s in servers], time.monotonic()
            time.sleep(self.options.seconds)
            after, spent = [received(s) for s in servers], time.monotonic() - at
        finally:
            for child in clients + servers:
                end(child)
        each = [(a - b) * 8e-6 / spent for a, b in zip(after, before)]
        return [sum(each[i::len(numbers)]) for i in range(len(numbers))]

    def tcp_loaded(self, n):
        """That of router 1 while 2 to N are flooded; nobody goes first on the hosts' CPU."""
        flood = self.start([f"{self.options.build}/bench/hostload", "-n", str(n), "-f", "2", "-w",
                            "0", "-t", "600", self.hosts.name], "hostload", False)
        try:
            got = self.tcp([1])[0]
            if flood.poll() is not None:
                raise BenchError(f"hostload ended: {log_tail(f'{self.path}/logs/hostload')}")
            return got
        finally:
            end(flood)

    def ping(self, seconds):
        """Round trips through router 1 and back, in ms; those lost are left out but counted."""
        count = max(20, int(seconds / 0.005))
        child = self.start(self.hosts.inside("1a", "ping", "-n", "-i", "0.005", "-c", str(count),
                                             "-W", "1", "10.1.2.2"), "ping")
        try:
            text = child.communicate(timeout=seconds * 4 + 30)[0].decode()
        finally:
            end(child)
        times = [float(t) for t in re.findall(r"time=([\d.]+) ms", text)]
        if not times:
            raise BenchError(f"no ping came back: {text[-200:]!r}")
        return {"ms": {"mean": statistics.fmean(times), "p50": metrics.quantile(times, 0.5),
                       "p99": metrics.quantile(times, 0.99),
                       "p999": metrics.quantile(times, 0.999), "max": max(times)},
                "loss": metrics.loss(count, len(times))}


def documents(argv, name, log):
    """What a program that is a dataplane itself prints, a JSON document a line. It goes before others
    on its CPU, as a worker does."""
    child = spawn(argv, f"hpsr-{name}", log, WORKER_NICE, stdout=subprocess.PIPE)
    go_first(child)
    try:
        out = child.communicate()[0].decode()
    finally:
        status = end(child)
    if status != 0:
        raise BenchError(f"{' '.join(argv)}: exit {status}: {log_tail(log)}")
    return [json.loads(line) for line in out.splitlines()]


def received(child):
    """Bytes that eth0 has received where the process lives."""
    try:
        with open(f"/proc/{child.pid}/net/dev") as f:
            return int(re.search(r"eth0:\s*(\d+)", f.read()).group(1))
    except (OSError, AttributeError) as e:
        raise BenchError("a host's iperf3 has ended") from e


class Cost:
    """The router's CPU time from the making of this to `read`: of CPU 1, and of each virtual router
    where it is known."""

    def __init__(self, router):
        self.router = router
        self.at = self.now()

    def now(self):
        if self.router.driver == Spaces.driver:
            with open("/proc/stat") as f:
                times = next(line for line in f if line.startswith(f"cpu{LCORE} ")).split()[1:9]
            times = [int(t) for t in times]
            return sum(times) - times[3] - times[4], sum(times), []
        worker = self.router.ctl("slice", "list")[0]["workers"][0]
        busy, idle = worker["busy_cycles"], worker["idle_cycles"]
        return busy, busy + idle, [v["cycles"] for v in self.router.ctl("vrouter", "list")]

    def read(self):
        """The part of CPU 1 that was busy, and each virtual router's."""
        before, after = self.at, self.now()
        total = max(1, after[1] - before[1])
        return (after[0] - before[0]) / total, [(a - b) / total
                                                for a, b in zip(after[2], before[2])]


def median_of(rows, get):
    return statistics.median(get(r) for r in rows)


def bars(values):
    """Median, least and most: what report.write_bars draws."""
    return statistics.median(values), min(values), max(values)
