# SPDX-License-Identifier: BSD-3-Clause
"""The programs that we compare with: dpdk-testpmd, and DPDK's own examples l3fwd and l3fwd-graph,
built from Debian's dpdk-dev into the build folder.

Changed in the copies (never in /usr/share, never in git), because the port driver here needs it:
  l3fwd        does not ask for receive checksum offload, which net_pcap does not have
  l3fwd-graph  has the 1000 routes of the others instead of its built-in eight
Both are compiled with the same -march as HPSRouter. Each runs its own code otherwise, with its own
burst and pool sizes."""
import json
import os
import re
import shutil
import socket
import subprocess
import time

import packets
from common import (BenchError, LCORE, ROOT, RUNTIME, WORKER_NICE, end, log_tail, note, prefix_new,
                    run, spawn, thread_times, wait_share)

EXAMPLES = "/usr/share/dpdk/examples"
START_SECONDS = 60
ROUTE_ARRAY = re.compile(
    r"(static struct ipv4_l3fwd_lpm_route ipv4_l3fwd_lpm_route_array\[\] = \{).*?\};", re.S)


# ---- build ----

def edit(path, *changes):
    """Each (pattern, replacement) must match exactly once."""
    with open(path) as f:
        text = f.read()
    for pattern, replacement in changes:
        text, n = re.subn(pattern, replacement, text)
        if n != 1:
            raise BenchError(f"{path}: {pattern!r} found {n} times: this DPDK is not known here")
    with open(path, "w") as f:
        f.write(text)


def routes(n_ports):
    """Network and port of each route, as bench/site.c has them."""
    return [(0x0A000000 + (i << 8), i % n_ports) for i in range(packets.ROUTES)]


def march():
    with open(os.path.join(ROOT, "meson_options.txt")) as f:
        return re.search(r"option\('machine'.*?value: '([^']+)'", f.read(), re.S).group(1)


def build_example(folder, name, source, edits):
    """FOLDER/NAME, made when it is missing; its program's path."""
    program = os.path.join(folder, name, "build", source)
    if os.path.exists(program):
        return program
    if not os.path.isdir(f"{EXAMPLES}/{source}"):
        raise BenchError(f"{EXAMPLES}/{source} is missing: apt-get install dpdk-dev")
    note(f"building DPDK's {source} as {name}")
    shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
    shutil.copytree(f"{EXAMPLES}/{source}", os.path.join(folder, name))
    shutil.copytree(f"{EXAMPLES}/common", os.path.join(folder, "common"), dirs_exist_ok=True)
    edit(os.path.join(folder, name, "main.c"), *edits)
    flags = run(["pkg-config", "--cflags", "libdpdk"], "pkg-config").strip()
    run(["make", "-C", os.path.join(folder, name),
         f"CFLAGS=-O3 {flags} -march={march()} -DALLOW_EXPERIMENTAL_API -I../common"],
        f"build of {name}")
    return program


def testpmd_program():
    path = shutil.which("dpdk-testpmd")
    if path is None:
        raise BenchError("dpdk-testpmd is missing: apt-get install dpdk")
    return path


def build(build_dir):
    """Everything that forwards but is not ours; name -> program."""
    folder = os.path.join(build_dir, "bench", "dpdk-examples")
    os.makedirs(folder, exist_ok=True)
    programs = {"testpmd": testpmd_program(), "l3fwd": build_example(folder, "l3fwd", "l3fwd", [
        (r"\.offloads = RTE_ETH_RX_OFFLOAD_CHECKSUM,", ".offloads = 0,")])}
    for n_ports in (1, 2):
        rows = "".join("\t{RTE_IPV4(%d, %d, %d, 0), 24, %d},\n" % (
            net >> 24, net >> 16 & 255, net >> 8 & 255, port) for net, port in routes(n_ports))
        programs[f"l3fwd-graph-{n_ports}"] = build_example(
            folder, f"l3fwd-graph-{n_ports}", "l3fwd-graph", [
                (ROUTE_ARRAY, lambda m, rows=rows: f"{m.group(1)}\n{rows}}};"),
                # Next hop by port, not by route: its table of next hops has room for 64.
                (r"(ipv4_l3fwd_lpm_route_array\[i\]\.depth, )i,", r"\1dst_port,"),
                (r"rte_node_ip4_rewrite_add\(i,", "rte_node_ip4_rewrite_add(dst_port,")])
    return programs


def write_rules(folder, n_ports):
    """l3fwd's route files: it takes the IPv4 one only together with an IPv6 one."""
    v4, v6 = os.path.join(folder, f"rules4-{n_ports}"), os.path.join(folder, "rules6")
    with open(v4, "w") as f:
        for net, port in routes(n_ports):
            f.write(f"R{net >> 24}.{net >> 16 & 255}.{net >> 8 & 255}.0/24 {port}\n")
    with open(v6, "w") as f:
        f.write("R2001:0db8:0000:0000:0000:0000:0000:0000/64 0\n")
    return v4, v6


# ---- the counters ----

class Telemetry:
    """Ethdev counters of a running DPDK program, through its telemetry socket."""

    def __init__(self, prefix, child, log):
        path = f"{RUNTIME}/{prefix}/dpdk_telemetry.v2"
        deadline = time.monotonic() + START_SECONDS
        while True:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self.socket.settimeout(10)
            try:
                self.socket.connect(path)
                self.size = json.loads(self.socket.recv(1024))["max_output_len"]
                return
            except OSError:
                self.socket.close()
            if child.poll() is not None:
                raise BenchError(f"{child.args[0]} ended at its start: {log_tail(log)}")
            if time.monotonic() > deadline:
                raise BenchError(f"{child.args[0]} did not start in {START_SECONDS} s")
            time.sleep(0.05)

    def ask(self, command):
        self.socket.send(command.encode())
        return json.loads(self.socket.recv(self.size))[command.partition(",")[0]]

    def counters(self, n_ports):
        """Seconds (the middle of the asking), packets received, packets sent."""
        before = time.monotonic_ns()
        stats = [self.ask(f"/ethdev/stats,{p}") or {} for p in range(n_ports)]
        at = (before + time.monotonic_ns()) / 2e9
        return (at, sum(s.get("ipackets", 0) for s in stats),
                sum(s.get("opackets", 0) for s in stats))


def measure(telemetry, child, n_ports, seconds, warm_up, log):
    """Wait until packets flow, warm up, then count over SECONDS."""
    deadline = time.monotonic() + START_SECONDS
    while telemetry.counters(n_ports)[2] == 0:
        if child.poll() is not None or time.monotonic() > deadline:
            raise BenchError(f"{child.args[0]} forwards nothing: {log_tail(log)}")
        time.sleep(0.05)
    time.sleep(warm_up)
    before = thread_times(child.pid)
    t0, rx0, tx0 = telemetry.counters(n_ports)
    time.sleep(seconds)
    t1, rx1, tx1 = telemetry.counters(n_ports)
    after = thread_times(child.pid)
    # What is between receiving and sending at the two instants is at most a burst or so each.
    if abs((rx1 - rx0) - (tx1 - tx0)) > 4096 + (rx1 - rx0) // 1000:
        raise BenchError(f"{child.args[0]}: received {rx1 - rx0}, sent {tx1 - tx0}: "
                         "it does not forward everything")
    return {"seconds": t1 - t0, "packets": rx1 - rx0, "cpu_wait": wait_share(before, after)}


# ---- one run ----

class Peer:
    """A reference: PROGRAM with arguments that depend on the ports and rules."""

    def __init__(self, name, program, arguments, tx_queues=1):
        self.name, self.program, self.arguments = name, program, arguments
        self.tx_queues = tx_queues

    def run(self, huge, pcaps, rules, seconds, warm_up, log):
        prefix = prefix_new()
        argv = [self.program, "-l", f"0,{LCORE}", "--no-pci", f"--file-prefix={prefix}",
                *huge.eal_memory(1024)]
        for i, pcap in enumerate(pcaps):
            # net_pcap has as many transmit queues as files to receive from; one is polled.
            argv += ["--vdev", f"net_pcap{i}," + f"rx_pcap={pcap}," * self.tx_queues +
                     "infinite_rx=1"]
        argv += ["--", *self.arguments(len(pcaps), rules)]
        with open(log, "a") as f:
            f.write("$ " + " ".join(argv) + "\n")
        child = spawn(argv, prefix, log, WORKER_NICE, stdin=subprocess.PIPE)
        try:
            return measure(Telemetry(prefix, child, log), child, len(pcaps), seconds, warm_up, log)
        finally:
            end(child)


def testpmd_arguments(mode):
    return lambda n_ports, rules: [
        f"--forward-mode={mode}", "--auto-start", "--nb-cores=1", "--no-lsc-interrupt",
        "--port-topology=loop", "--total-num-mbufs=32768", f"--portmask={(1 << n_ports) - 1:#x}"]


def port_arguments(n_ports):
    """What both examples take. A pool of the examples' size holds the packets of one source."""
    config = ",".join(f"({p},0,{LCORE})" for p in range(n_ports))
    return ["-p", f"{(1 << n_ports) - 1:#x}", "-P", f"--config={config}",
            *(["--per-port-pool"] if n_ports > 1 else [])]


def l3fwd_arguments(lookup):
    return lambda n_ports, rules: [
        *port_arguments(n_ports), f"--lookup={lookup}", "--parse-ptype",
        f"--rule_ipv4={rules[0]}", f"--rule_ipv6={rules[1]}"]


def l3fwd_graph_arguments(n_ports, _rules):
    return port_arguments(n_ports)


def all_peers(programs, n_ports):
    return [
        Peer("testpmd io", programs["testpmd"], testpmd_arguments("io")),
        Peer("testpmd macswap", programs["testpmd"], testpmd_arguments("macswap")),
        # One transmit queue for each lcore that it has, the main one included.
        Peer("l3fwd LPM", programs["l3fwd"], l3fwd_arguments("lpm"), 2),
        Peer("l3fwd FIB", programs["l3fwd"], l3fwd_arguments("fib"), 2),
        Peer("l3fwd-graph", programs[f"l3fwd-graph-{n_ports}"], l3fwd_graph_arguments, 2),
    ]
