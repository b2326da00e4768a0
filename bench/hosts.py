# SPDX-License-Identifier: BSD-3-Clause
"""Kernel hosts in network namespaces around a router in another: either hpsrouterd, over AF_XDP or
AF_PACKET, or the kernel itself. Flow N goes from host `N`a, 10.N.1.2, to host `N`b, 10.N.2.2. The
root namespace gets nothing, and all of it is removed at the end, also after a failure."""
import atexit
import json
import os
import socket
import subprocess
import time

from common import LCORE, BenchError, command_line, end, end_all, log_tail, run, spawn
from ndr import go_first

START_SECONDS = 30
STARTED = {"count": 0}


class Hosts:
    def __init__(self, n_flows, mtu=1500):
        STARTED["count"] += 1
        self.name, self.n = f"hpsr{os.getpid()}-{STARTED['count']}", n_flows
        self.spaces, self.mtu = [], mtu
        atexit.register(self.remove)

    def __enter__(self):
        try:
            self.space("router")
            for flow in range(1, self.n + 1):
                self.host(flow, "a", 1)
                self.host(flow, "b", 2)
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_):
        self.remove()

    def full(self, space):
        return f"{self.name}-{space}"

    def inside(self, space, *argv):
        return ["ip", "netns", "exec", self.full(space), *argv]

    def space(self, space):
        run(["ip", "netns", "add", self.full(space)], "ip netns add")
        self.spaces.append(space)
        run(self.inside(space, "sh", "-c", "for f in all default; do echo 1 > "
                        "/proc/sys/net/ipv6/conf/$f/disable_ipv6; done 2>/dev/null; "
                        "ip link set lo up"), "namespace")

    def host(self, flow, side, net):
        host, port = f"{flow}{side}", f"p{flow}{side}"
        self.space(host)
        # One queue: an AF_XDP port reads queue 0 only. No offloads: nobody would finish them.
        run(["ip", "link", "add", "eth0", "numtxqueues", "1", "numrxqueues", "1", "mtu",
             str(self.mtu), "netns", self.full(host), "type", "veth", "peer", "name", port,
             "numtxqueues", "1", "numrxqueues", "1", "mtu", str(self.mtu), "netns",
             self.full("router")], "ip link add")
        for space, device in ((host, "eth0"), ("router", port)):
            run(self.inside(space, "ethtool", "-K", device, "tx", "off", "rx", "off", "tso", "off",
                            "gso", "off", "gro", "off", "sg", "off"), "ethtool")
            run(["ip", "-n", self.full(space), "link", "set", device, "up"], "ip link set")
        run(["ip", "-n", self.full(host), "addr", "add", f"10.{flow}.{net}.2/24", "dev", "eth0"],
            "ip addr add")
        run(["ip", "-n", self.full(host), "route", "add", "default", "via", f"10.{flow}.{net}.1"],
            "ip route add")

    def steer(self, space, device, cpu=None):
        """The kernel works on what the device receives on this CPU; None: on the sender's."""
        run(self.inside(space, "sh", "-c", f"echo {0 if cpu is None else 1 << cpu:x} > "
                        f"/sys/class/net/{device}/queues/rx-0/rps_cpus"), "rps_cpus")

    def remove(self):
        if not self.spaces:
            return
        end_all()
        while self.spaces:
            subprocess.run(["ip", "netns", "del", self.full(self.spaces.pop())],
                           stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def warm(self, flows=None):
        """ARP is done, so that what is measured meets no first packet."""
        for flow in range(1, (flows or self.n) + 1):
            deadline = time.monotonic() + 15
            while subprocess.run(self.inside(f"{flow}a", "ping", "-n", "-q", "-c", "1", "-W", "1",
                                             f"10.{flow}.2.2"), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL).returncode != 0:
                if time.monotonic() > deadline:
                    raise BenchError(f"the hosts of flow {flow} do not reach each other")


class Kernel:
    """Linux routes, with a qdisc on each way out."""

    def __init__(self, hosts, qdiscs):
        self.hosts = hosts
        run(hosts.inside("router", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"), "router")
        for flow, qdisc in enumerate(qdiscs, 1):
            for side, net in (("a", 1), ("b", 2)):
                run(["ip", "-n", hosts.full("router"), "addr", "replace", f"10.{flow}.{net}.1/24",
                     "dev", f"p{flow}{side}"], "ip addr add")
            run(hosts.inside("router", "tc", "qdisc", "replace", "dev", f"p{flow}b", "root",
                             *qdisc), "tc")
        self.cpus = None

    def close(self):
        for flow in range(1, self.hosts.n + 1):
            run(self.hosts.inside("router", "tc", "qdisc", "del", "dev", f"p{flow}b", "root"), "tc")
            for side in "ab":
                run(["ip", "-n", self.hosts.full("router"), "addr", "flush", "dev",
                     f"p{flow}{side}"], "ip addr flush")


class Spaces:
    """Linux as N virtual routers: each a namespace with the two ports of its flow. What it does for
    packets it does on the worker's CPU (receive packet steering), and hosts stay off that, as they
    do beside our worker."""

    driver = "veth"

    def __init__(self, hosts, routers):
        self.hosts, self.cpus, self.n = hosts, [0], routers
        for flow in range(1, routers + 1):
            hosts.space(f"r{flow}")
            for side, net in (("a", 1), ("b", 2)):
                port, inside = f"p{flow}{side}", hosts.full(f"r{flow}")
                run(["ip", "-n", hosts.full("router"), "link", "set", port, "netns", inside],
                    "ip link set netns")
                run(["ip", "-n", inside, "addr", "add", f"10.{flow}.{net}.1/24", "dev", port],
                    "ip addr add")
                run(["ip", "-n", inside, "link", "set", port, "up"], "ip link set")
                hosts.steer(f"r{flow}", port, LCORE)
            run(hosts.inside(f"r{flow}", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"),
                "router")

    def close(self):
        for flow in range(1, self.n + 1):
            for side in "ab":
                port = f"p{flow}{side}"
                run(["ip", "-n", self.hosts.full(f"r{flow}"), "link", "set", port, "netns",
                     self.hosts.full("router")], "ip link set netns")
                run(["ip", "-n", self.hosts.full("router"), "link", "set", port, "up"],
                    "ip link set")
            run(["ip", "netns", "del", self.hosts.full(f"r{flow}")], "ip netns del")
            self.hosts.spaces.remove(f"r{flow}")


class Daemon:
    """hpsrouterd; hosts stay off its worker's CPU. LINK: the flow's `rate:` and `shape:`, or
    nothing. CAPACITY: of the ports; None: they send what the device takes."""

    drivers = ["net_af_xdp", "net_af_packet"]  # what failed once is not tried again

    def __init__(self, hosts, build, folder, links, log, capacity="1Gbps"):
        self.hosts, self.build, self.cpus = hosts, build, [0]
        self.capacity = f", capacity: {capacity}" if capacity else ""
        self.socket, self.log = f"{folder}/control.sock", log
        while True:
            self.driver = self.drivers[0]
            try:
                self.start(folder, links)
                return
            except BenchError:
                if len(self.drivers) == 1:
                    raise
                del self.drivers[0]

    def site_lines(self, links):
        lines = [f"site: {self.hosts.name}", f"control: {{socket: {self.socket}}}", "slices:",
                 "  - {name: s0, lcores: [1], idle: poll}", "ports:"]
        ports = [f"p{flow}{side}" for flow in range(1, len(links) + 1) for side in "ab"]
        lines += [f'  - {{name: {p}, device: "{self.driver}{i},iface={p}"{self.capacity}}}'
                  for i, p in enumerate(ports)]
        lines.append("vpxis:")
        for flow, link in enumerate(links, 1):
            lines += [f"  - name: vpxi{flow}", "    routers:", "      - name: vr", "        slice: s0",
                      "        interfaces:",
                      f"          - {{name: a, port: p{flow}a, address: [10.{flow}.1.1/24]}}",
                      f"          - {{name: b, port: p{flow}b, address: [10.{flow}.2.1/24]"
                      f"{', ' if link else ''}{link}}}"]
        return lines

    def start(self, folder, links):
        site = f"{folder}/site.yaml"
        with open(site, "w") as f:
            f.write("\n".join(self.site_lines(links)) + "\n")
        self.child = spawn(self.hosts.inside("router", f"{self.build}/hpsrouterd", "-c", site),
                           f"hpsr-{self.hosts.name}", self.log)
        go_first(self.child)
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.child.poll() is not None or time.monotonic() > deadline:
                end(self.child)
                raise BenchError(f"hpsrouterd does not start: {log_tail(self.log)}")
            time.sleep(0.02)

    def answers(self):
        probe = socket.socket(socket.AF_UNIX)
        try:
            probe.connect(self.socket)
            return True
        except OSError:
            return False
        finally:
            probe.close()

    def ctl(self, *argv):
        text = command_line([f"{self.build}/hpsrctl", "-s", self.socket, "-j", *argv])
        try:
            return json.loads(text)
        except ValueError as e:
            raise BenchError(f"hpsrctl {' '.join(argv)}: no JSON: {text[:200]!r}") from e

    def close(self):
        c = self.ctl("stats")["conservation"]
        if end(self.child) != 0:
            raise BenchError(f"hpsrouterd did not end in order: {log_tail(self.log)}")
        if c["received"] != c["sent"] + c["dropped"] + c["consumed"] + c["queued"]:
            raise BenchError(f"the router's account does not add up: {c}")
