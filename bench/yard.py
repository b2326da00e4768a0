# SPDX-License-Identifier: BSD-3-Clause
"""Up to eight virtual routers among kernel hosts, as HPSRouter and as Linux has them, in turn: what
bench/run fairness, latency and isolation measure over the same veth pairs. The router works on CPU 1
alone, the hosts' processes are on CPU 0."""
import json
import re
import statistics
import subprocess
import tempfile

import metrics
from common import LCORE, BenchError, end, log_tail, run, spawn
from hosts import Daemon, Hosts, Spaces
from ndr import go_first
from rates_tables import Flows

LINUX, OURS = "Linux", "HPSRouter"
ROUTERS = 8
TARGETS = ["hpsrouterd", "hpsrctl", "bench/hostload"]
METHOD = [
    "Real time, over veth: flow N goes from a host through virtual router N to another host, each host",
    "and each of Linux's routers a network namespace (a VRF of today: the routers share CPU 1's backlog",
    "of 1000 packets); HPSRouter has the same veth ends as AF_XDP ports (AF_PACKET where there is no",
    "AF_XDP), no capacity, one worker. Router on CPU 1 (Linux: by receive packet steering), hosts'",
    "processes on CPU 0. Two CPUs carry everything: what others take of the machine is in the figures",
    "of both; compare within a row of the table.",
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

    def start(self, argv, log):
        child = spawn(argv, None, f"{self.path}/logs/{log}", cpus=[0], stdout=subprocess.PIPE)
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

    def tcp(self, numbers, reverse=False):
        """Mbit/s of payload of a greedy connection through each of these routers."""
        flows = Flows(self, self.hosts, [0])
        return [f["mbps"] for f in flows.tcp(None, numbers, reverse)]

    def tcp_start(self, numbers, seconds):
        """Connections that go on until they are ended; the processes."""
        servers = [self.start(self.hosts.inside(f"{n}b", "iperf3", "-s", "-1"), "iperf3")
                   for n in numbers]
        run(["sleep", "0.4"], "sleep")
        return servers + [self.start(self.hosts.inside(
            f"{n}a", "iperf3", "-c", f"10.{n}.2.2", "-t", str(seconds)), "iperf3")
            for n in numbers]

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


def median_of(rows, get):
    return statistics.median(get(r) for r in rows)


def bars(values):
    """Median, least and most: what report.write_bars draws."""
    return statistics.median(values), min(values), max(values)
