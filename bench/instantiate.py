# SPDX-License-Identifier: BSD-3-Clause
"""bench/run instantiate: from `hpsrctl vpxi apply` to the first packet that the new virtual routers
forward, beside the time that paper 004's prototype took for a virtual network."""
import ctypes
import json
import os
import re
import select
import socket
import struct
import subprocess
import tempfile
import time

import report
import stats
from common import (BenchError, Progress, WORKER_NICE, build_target, children, command_line, cpu_times, end,
                    log_tail, machine, run, spawn, steal_share)

COUNTS = [1, 10, 100, 1000]
ROUTES = 100          # of each virtual router
ASKED_MS = {1: 10, 1000: 2000}
START_SECONDS = 30
GIVE_UP_SECONDS = 60
SEND_PERIOD = 250e-6  # between bursts of the probe: it shares its CPU with what it measures
SEND_BURST = 16
CLONE_NEWNET = 0x40000000
SO_TIMESTAMPNS = 35
MACS = {"in": "02:00:00:00:01:01", "out": "02:00:00:00:02:01", "host": "02:00:00:00:00:02"}
SITE = """\
site: instantiate{pid}
eal: {{hugepages: {hugepages}, memory: 512MiB}}
control: {{socket: {folder}/control.sock}}
slices:
  - {{name: s0, lcores: [1], idle: {idle}}}
ports:
  - {{name: in, device: "net_af_packet0,iface=r0", mac: "{MACS[in]}"}}
  - {{name: out, device: "net_af_packet1,iface=r1", mac: "{MACS[out]}"}}
"""
ROUTER = """\
  - name: r{n}
    interfaces:
      - {{name: in, port: in, vlan: {vlan}, address: [10.0.1.1/24]}}
      - {{name: out, port: out, vlan: {vlan}, address: [10.0.2.1/24]}}
    neighbors: [{{address: 10.0.2.2, mac: "{MACS[host]}", interface: out}}]
    routes:
"""
# shared/papers/reference.yaml: instantiation (paper 004, Section 5); seconds for one virtual network.
PAPER = {"machines_booted_on_demand": {"mean": 109.5, "stddev": 4.4},
         "machines_allocated_in_advance": {"mean": 16.8, "stddev": 0.4}}
METHOD = [
    "hpsrouterd with two AF_PACKET ports on veth pairs in a network namespace of its own, one worker",
    "on CPU 1, control on CPU 0, where hpsrctl and the probe run, too. A VPXI of so many virtual",
    f"routers, each with a VLAN, two interfaces, {ROUTES} routes and a static neighbour, is written to a",
    "file; the clock starts before `hpsrctl vpxi apply FILE` is started as a process. The probe sends",
    f"up to {SEND_BURST} frames each {SEND_PERIOD * 1e6:.0f} us, in turn to all virtual routers that have not",
    "answered yet, to the last of their routes, and takes the kernel's time stamp of the first frame of",
    "each that comes out with its TTL lowered. 'first': of the first virtual router; 'all': of the",
    "last, i.e. the whole VPXI forwards; 'answer': hpsrctl has ended. 'cold' is 'all' of the first",
    "VPXI that a daemon is given; the other rounds follow on the same daemon, each VPXI removed before",
    "the next. Paper 004's figures are for a virtual network on Xen machines, with resource discovery",
    "among its roles, so they are of another order by what they contain.",
]


# ---- what is applied, and what is sent ----

def write_vpxi(path, n_vrs):
    with open(path, "w") as f:
        f.write("name: v\nrouters:\n")
        for n in range(n_vrs):
            f.write(ROUTER.format(n=n, vlan=2 + n, MACS=MACS))
            for route in range(ROUTES):
                f.write(f"      - {{to: 10.{64 + route}.0.0/16, via: 10.0.2.2}}\n")
    return os.path.getsize(path)


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def checksum(header):
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def frame(n):
    """To the N-th virtual router, whose number is its UDP source port."""
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 46, 0, 0, 64, 17, 0, socket.inet_aton("10.0.1.2"),
                     socket.inet_aton(f"10.{64 + ROUTES - 1}.0.1"))
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    return (mac(MACS["in"]) + mac(MACS["host"]) + struct.pack(">HHH", 0x8100, 2 + n, 0x0800) + ip +
            struct.pack(">HHHH", 1024 + n, 9, 26, 0) + bytes(18))


def router_of(data):
    """Whose forwarded frame is it? None: nobody's. The kernel has taken the tag off."""
    at = 14
    if data[12:14] == b"\x81\x00":
        at = 18
    if data[:6] != mac(MACS["host"]) or data[at - 2:at] != b"\x08\x00" or data[at + 8] != 63:
        return None
    return struct.unpack_from(">H", data, at + 20)[0] - 1024


class Probe:
    """The hosts at both ends."""

    def __init__(self):
        self.tx = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.tx.bind(("h0", 0))
        self.rx = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.rx.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.rx.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.rx.bind(("h1", 0))
        self.rx.setblocking(False)

    def drain(self, seen):
        while True:
            try:
                data, anc, flags, address = self.rx.recvmsg(256, 64)
            except BlockingIOError:
                return
            router = router_of(data)
            if address[2] == socket.PACKET_OUTGOING or router is None or router in seen:
                continue
            seconds, ns = struct.unpack("qq", anc[0][2][:16])
            seen[router] = seconds * 10**9 + ns

    def quiet(self):
        """Nothing of a VPXI before comes any more."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while select.select([self.rx], [], [], 0.1)[0]:
            self.drain({})
            if time.monotonic() > deadline:
                raise BenchError("frames keep coming from a VPXI that was removed")

    def measure(self, argv, n_vrs):
        """Nanoseconds from the start of ARGV: its end, and the first frame of each router."""
        frames = [frame(n) for n in range(n_vrs)]
        seen, waiting, at, answer = {}, list(range(n_vrs)), 0, None
        self.quiet()
        deadline = time.monotonic() + GIVE_UP_SECONDS
        begin = time.clock_gettime_ns(time.CLOCK_REALTIME)
        # Not by spawn(): what that does in the child first takes as long as all that follows.
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        children.append((child, None))
        try:
            while waiting or answer is None:
                for _ in range(min(SEND_BURST, len(waiting))):
                    at = at + 1 if at + 1 < len(waiting) else 0
                    try:
                        self.tx.send(frames[waiting[at]])
                    except OSError:
                        break  # the veth's queue is full
                self.drain(seen)
                if at + SEND_BURST >= len(waiting):  # once a turn
                    waiting = [n for n in waiting if n not in seen]
                if answer is None and select.select([child.stdout], [], [], 0)[0] and \
                        not os.read(child.stdout.fileno(), 65536):
                    answer = time.clock_gettime_ns(time.CLOCK_REALTIME) - begin
                if time.monotonic() > deadline:
                    raise BenchError(f"{len(waiting)} of {n_vrs} virtual routers forward nothing")
                time.sleep(SEND_PERIOD)
        finally:
            status = end(child) if answer is None else child.wait()
            end(child)  # off the list of children, too
        if status != 0:
            raise BenchError(f"{' '.join(argv)}: exit {status}")
        times = [t - begin for t in seen.values()]
        return {"answer_ms": answer / 1e6, "first_ms": min(times) / 1e6, "all_ms": max(times) / 1e6}


# ---- the daemon ----

def make_links():
    """A namespace of our own, which goes with us, and two veth pairs in it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise BenchError(f"no network namespace: {os.strerror(ctypes.get_errno())}")
    for host, router in (("h0", "r0"), ("h1", "r1")):
        run(["ip", "link", "add", host, "type", "veth", "peer", "name", router], "ip link add")
        for name in (host, router):
            with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w") as f:
                f.write("1")
            run(["ip", "link", "set", name, "up", "promisc", "on"], "ip link set")


class Router:
    def __init__(self, options, folder, log):
        self.socket, site = f"{folder}/control.sock", f"{folder}/site.yaml"
        with open(site, "w") as f:
            f.write(SITE.format(pid=os.getpid(), folder=folder, MACS=MACS, hugepages="no",
                                idle=options.idle))
        self.program = os.path.join(options.build, "hpsrctl")
        self.child = spawn([os.path.join(options.build, "hpsrouterd"), "-c", site],
                           f"hpsr-instantiate{os.getpid()}", log)
        try:
            with open(f"/proc/{self.child.pid}/autogroup", "w") as f:
                f.write(str(WORKER_NICE))
        except OSError:
            pass  # there are kernels without
        deadline = time.monotonic() + START_SECONDS
        while not command_line([self.program, "-s", self.socket, "-j", "status"]):
            if self.child.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"hpsrouterd does not start: {log_tail(log)}")
            time.sleep(0.05)

    def apply(self, path):
        return [self.program, "-s", self.socket, "vpxi", "apply", path]

    def remove(self):
        run([self.program, "-s", self.socket, "vpxi", "remove", "v"], "vpxi remove")

    def close(self):
        stats_text = command_line([self.program, "-s", self.socket, "-j", "stats"])
        if end(self.child) != 0:
            raise BenchError("hpsrouterd did not end in order")
        c = json.loads(stats_text)["conservation"]
        if c["received"] != c["sent"] + c["dropped"] + c["consumed"] + c["queued"]:
            raise BenchError(f"the router's account does not add up: {c}")


# ---- the whole ----

def measure(options, folder, path):
    """count -> rounds."""
    measured, probe, progress = {n: [] for n in COUNTS}, Probe(), Progress()
    for n in COUNTS:
        log = f"{path}/logs/hpsrouterd-{n}"
        router = Router(options, folder, log)
        try:
            for i in range(options.rounds + 1):
                progress.say(f"{n} virtual routers: round {i} of {options.rounds}")
                before = cpu_times()
                got = probe.measure(router.apply(f"{folder}/{n}.yaml"), n)
                got["steal"] = steal_share(before, cpu_times())
                measured[n].append(got)
                router.remove()
        except BenchError as e:
            raise BenchError(f"{e}; the daemon's log: {log_tail(log)}") from e
        router.close()
    progress.done()
    return measured


def rows_of(measured, sizes):
    rows = []
    for n, rounds in measured.items():
        warm = rounds[1:]
        rows.append({"vrs": n, "routes_each": ROUTES, "file_bytes": sizes[n], "rounds": len(warm),
                     **{key: stats.summary([r[key] for r in warm])
                        for key in ("answer_ms", "first_ms", "all_ms")},
                     "cold_ms": rounds[0]["all_ms"], "steal": max(r["steal"] for r in rounds),
                     "each_round": rounds})
    return rows


def tsc_hz():
    with open("/proc/cpuinfo") as f:
        return float(re.search(r"cpu MHz\s*:\s*([\d.]+)", f.read()).group(1)) * 1e6


class Ordinary:
    used = False


def main(options):
    build_target(options.build, "hpsrouterd", "hpsrctl")
    path = report.folder(options.build, "instantiate", options.out)
    about = machine(tsc_hz(), Ordinary)
    make_links()
    with tempfile.TemporaryDirectory(prefix="hpsr-inst") as folder:
        sizes = {n: write_vpxi(f"{folder}/{n}.yaml", n) for n in COUNTS}
        rows = rows_of(measure(options, folder, path), sizes)
    asked = [(f"{n} virtual router{'s' if n > 1 else ''} of {ROUTES} routes forward within {ms} ms",
              f"{r['all_ms']['median']:.1f} ms", r["all_ms"]["median"] <= ms)
             for r in rows for n, ms in ASKED_MS.items() if r["vrs"] == n]
    lines = [[r["vrs"], f"{r['file_bytes'] / 1024:.0f}", f"{r['first_ms']['median']:.1f}",
              f"{r['all_ms']['median']:.1f}", f"{r['all_ms']['min']:.1f}..{r['all_ms']['max']:.1f}",
              f"{r['answer_ms']['median']:.1f}", f"{r['cold_ms']:.1f}",
              f"{PAPER['machines_booted_on_demand']['mean'] * 1e3 / r['all_ms']['median']:,.0f}",
              f"{PAPER['machines_allocated_in_advance']['mean'] * 1e3 / r['all_ms']['median']:,.0f}",
              f"{100 * r['steal']:.1f}"] for r in rows]
    text = "\n\n".join([
        "Instantiation: from vpxi apply to packets forwarded (ms)",
        report.describe(about, METHOD + [f"{options.rounds} rounds; workers idle by "
                                         f"{options.idle}."]),
        report.table(["VRs", "KiB", "first", "all", "least..most", "answer", "cold",
                      "109.5 s /", "16.8 s /", "steal %"], lines),
        "'109.5 s /', '16.8 s /': how many times longer paper 004's prototype took (machines booted on\n"
        "demand, allocated in advance).",
        report.table(["asked for", "measured", "holds"],
                     [[w, v, "yes" if ok else "NO"] for w, v, ok in asked])])
    report.write_bars(f"{path}/plot.svg", "Instantiation", "ms until all virtual routers forward", [
        ("virtual routers", [(str(r["vrs"]), r["all_ms"]["median"], r["all_ms"]["min"],
                              r["all_ms"]["max"]) for r in rows])])
    report.write(path, text, {
        "suite": "instantiate", "machine": about, "method": METHOD, "results": rows,
        "paper_seconds": PAPER,
        "asked": [{"what": w, "measured": v, "holds": ok} for w, v, ok in asked],
    }, rows, options.json)
    return 0
