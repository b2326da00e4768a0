# SPDX-License-Identifier: BSD-3-Clause
"""Paper 001 with the daemon: TCP over a line of 1 Gbit/s, plain, tagged and tunnelled (its Tables 1
and 2), and its stability test."""
import statistics
import tempfile

import ndr
import report
from common import BenchError, run
from hosts import Daemon, Hosts
from rates_tables import Flows

TARGETS = ["hpsrouterd", "hpsrctl", "bench/pktgen"]
# reference.yaml: vlan_cost, Mbit/s; the wide area's are Prague's and Pilsen's.
PAPER = {"tcp": {"untagged": 939, "tagged": 936},
         "tcp_wide_area": {"dedicated_xen": [936, 936], "vpls_xen": [935, 937],
                           "routed_ip_xen": [592, 362]},
         "stability": {"packets_per_second": 1000, "minutes": 60, "lost": 0, "reordered": 0}}
# How the two routers are joined -> (the interface's key, the paper's row, its Mbit/s).
LINES = {
    "untagged": ("", "Table 1, untagged", "939"),
    "802.1Q": ("vlan: 100", "Table 1, VLAN tagging", "936"),
    "802.1ad": ("vlan: [200, 100]", "Table 2, VPLS (a VLAN in the provider's)", "935, 937"),
    "VXLAN": ("tunnel: {{type: vxlan, remote: {remote}, vni: 7}}", "Table 2, native IP", "592, 362"),
    "GRE": ("tunnel: {{type: gre, remote: {remote}, key: 7}}", "", ""),
    "IP in IP": ("tunnel: {{type: ipip, remote: {remote}}}", "", ""),
}
ASKED_TAGGED = 0.995  # of untagged: the paper's 936 / 939 is 0.997
PPS, SIZE = 1000, 512
TCP_METHOD = [
    "TCP (paper 001, Tables 1 and 2): one hpsrouterd with two virtual routers of one worker, a kernel",
    "host at each (veth, network namespaces, hosts on CPU 0), joined by a veth line whose ports have",
    "capacity 1Gbps, MTU 1600; iperf3, one greedy flow, ten times as long as a measurement of cycles,",
    "payload received. The paper's figures are of real lines; its routed IP had longer ways.",
]
STABILITY_METHOD = [
    f"Stability (paper 001, 5.2): {PPS} packets/s of {SIZE} bytes by build/bench/pktgen over memif",
    "ports through hpsrouterd, VLAN 101 in and 102 out; every packet is numbered: lost, out of order.",
]


class Context:
    """What Flows of rates_tables wants."""

    def __init__(self, options, path, progress):
        self.options, self.path, self.progress = options, path, progress


class Joined(Daemon):
    """Two virtual routers of one daemon, joined by the line m1 - m2; each has a host."""

    def __init__(self, kind, *rest):
        self.kind = kind
        super().__init__(*rest)

    def site_lines(self, _links):
        lines = [f"site: {self.hosts.name}", f"control: {{socket: {self.socket}}}", "slices:",
                 "  - {name: s0, lcores: [1], idle: poll}", "ports:"]
        tunnel = "tunnel" in LINES[self.kind][0]
        for i, port in enumerate(("p1a", "p1b", "m1", "m2")):
            line = ", capacity: 1Gbps, mtu: 1600" if port[0] == "m" else ""
            if tunnel and port[0] == "m":
                line += f", role: backbone, address: [192.0.2.{port[1]}/24]"
            lines.append(f'  - {{name: {port}, device: "{self.driver}{i},iface={port}"{line}}}')
        lines.append("vpxis:")
        for n, (side, net, other) in enumerate((("a", 1, 2), ("b", 2, 1)), 1):
            key = LINES[self.kind][0].format(remote=f"192.0.2.{other}")
            lines += [
                f"  - name: v{n}", "    routers:", "      - name: r", "        slice: s0",
                "        interfaces:",
                f"          - {{name: lan, port: p1{side}, address: [10.1.{net}.1/24]}}",
                f"          - {{name: line, port: m{n}, {key}{', ' if key else ''}"
                f"mtu: 1500, address: [10.1.9.{n}/24]}}",
                "        routes:", f"          - {{to: 10.1.{other}.0/24, via: 10.1.9.{other}}}"]
        return lines


def join(hosts):
    run(["ip", "-n", hosts.full("router"), "link", "add", "m1", "numtxqueues", "1", "numrxqueues",
         "1", "mtu", "1600", "type", "veth", "peer", "name", "m2", "numtxqueues", "1",
         "numrxqueues", "1", "mtu", "1600"], "ip link add")
    for port in ("m1", "m2"):
        run(hosts.inside("router", "ethtool", "-K", port, "tx", "off", "rx", "off", "tso", "off",
                         "gso", "off", "gro", "off", "sg", "off"), "ethtool")
        run(["ip", "-n", hosts.full("router"), "link", "set", port, "up"], "ip link set")


def tcp_seconds(options):
    return min(max(10 * options.seconds, 1), 10)


def one(context, hosts, kind, folder):
    router = Joined(kind, hosts, context.options.build, folder, [],
                    f"{context.path}/logs/hpsrouterd-{kind.replace(' ', '-')}")
    try:
        hosts.warm()
        flows = Flows(context, hosts, router.cpus)
        flows.seconds = tcp_seconds(context.options)
        return flows.tcp(None)[0]["mbps"], router.driver
    finally:
        router.close()


def tcp(context):
    """Rows, what is asked, texts."""
    measured, driver = {}, ""
    rounds = min(context.options.rounds, 3)
    with Hosts(1) as hosts, tempfile.TemporaryDirectory(prefix="hpsr-overlay") as folder:
        join(hosts)
        for i in range(rounds):
            for kind in LINES:
                context.progress.say(f"round {i + 1}/{rounds}: TCP, {kind}")
                mbps, driver = one(context, hosts, kind, folder)
                measured.setdefault(kind, []).append(mbps)
    context.progress.done()
    rows = [{"line": kind, "rounds": rounds, "tcp_mbps": statistics.median(got), "min": min(got),
             "max": max(got), "paper": LINES[kind][1], "paper_mbps": LINES[kind][2]}
            for kind, got in measured.items()]
    tagged = statistics.median(
        b / a for a, b in zip(measured["untagged"], measured["802.1Q"]))
    text = (f"Tables 1 and 2 of paper 001: TCP over a line of 1 Gbit/s ({driver}), Mbit/s of "
            "payload\n" + report.table(
                ["line", "Mbit/s", "least..most", "paper", "its Mbit/s"],
                [[r["line"], f"{r['tcp_mbps']:.1f}", f"{r['min']:.1f}..{r['max']:.1f}", r["paper"],
                  r["paper_mbps"]] for r in rows], left=(3,)))
    return rows, [(f"TCP tagged at least {ASKED_TAGGED:.1%} of untagged (paper: 936 / 939)", tagged,
                   tagged >= ASKED_TAGGED)], [text]


def stability(context, huge):
    """Rows, what is asked, texts."""
    options = context.options
    options.flows, options.ring = 16, 10
    context.progress.say(f"stability: {PPS} packets/s, {options.stability:g} s")
    with tempfile.TemporaryDirectory(prefix="hpsr-overlay") as folder:
        pair = ndr.Pair(options, folder, True, huge, f"{context.path}/logs")
        try:
            got = pair.try_once(f"{PPS}pps", str(SIZE), options.stability)
        finally:
            stats = pair.close()
    context.progress.done()
    if not ndr.conserved(stats):
        raise BenchError(f"the router's account does not add up: {stats['conservation']}")
    row = {"line": "stability", "seconds": options.stability, "sent": got["tx_packets"],
           "received": got["rx_packets"], "lost": got["lost_packets"],
           "reordered": got["reordered_packets"], "duplicated": got["duplicated_packets"],
           "corrupted": got["corrupted_packets"], "latency_us": got["latency_us"]}
    text = "Stability test of paper 001\n" + report.table(
        ["", "seconds", "sent", "lost", "reordered", "duplicated", "corrupted",
         "latency us p50 / p99 / max"],
        [["HPSRouter", f"{options.stability:g}", row["sent"], row["lost"], row["reordered"],
          row["duplicated"], row["corrupted"],
          " / ".join(f"{row['latency_us'][k]:.0f}" for k in ("p50", "p99", "max"))],
         ["paper", "3600", 3600000, 0, 0, "-", "-", "-"]])
    whole = row["sent"] >= 0.99 * PPS * options.stability
    bad = row["lost"] + row["reordered"] + row["duplicated"] + row["corrupted"]
    return [row], [(f"{PPS} packets/s for {options.stability:g} s: all arrive, in order "
                    "(lost, reordered, twice, spoilt)", bad, whole and bad == 0)], [text]
