#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""How long `rate set` takes in a running hpsrouterd with many shaped links on one port: from the
request that has been parsed until every worker has the new rates (the answer's took_ns, on the
control thread), and until the client has the answer. Each change moves all links' grants.

Needs no NIC, no hugepages and no namespace: the port is a net_null that receives nothing."""
import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIMIT_US = 1000
START_SECONDS = 120


def go_first(child):
    """The kernel shares a CPU among sessions (sched_autogroup) before it looks at the niceness of
    threads: without this, one busy process of another session takes half of it."""
    try:
        with open(f"/proc/{child.pid}/autogroup", "w") as f:
            f.write("-20")
    except OSError:
        pass  # there are kernels without


def parse():
    p = argparse.ArgumentParser(description=__doc__.replace("\n\n", "\n"),
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    p.add_argument("--links", type=int, default=1000, help="shaped links on the port (1000)")
    p.add_argument("--routers", type=int, default=100, help="virtual routers that have them (100)")
    p.add_argument("--sets", type=int, default=50, help="changes that are measured (50)")
    p.add_argument("--limit", type=float, default=LIMIT_US,
                   help="microseconds that the median may take (%(default)s)")
    p.add_argument("--sleep", action="store_true", help="idle: sleep instead of poll")
    return p.parse_args()


def site(folder, options):
    """A link L is interface l of router r; each is guaranteed 1 Mbit/s and may have all."""
    lines = [f"site: rateset{os.getpid()}", "eal: {hugepages: no}",
             f"control: {{socket: {folder}/control.sock}}",
             f"slices: [{{name: s0, lcores: [1], idle: {'sleep' if options.sleep else 'poll'}}}]",
             "ports:", '  - {name: p0, device: "net_null0,no-rx=1", capacity: 10Gbps}',
             "vpxis:", "  - name: v", "    routers:"]
    for r in range(options.routers):
        lines += [f"      - name: r{r}", "        slice: s0", "        interfaces:"]
        for n in range(r, options.links, options.routers):
            lines.append(
                f"          - {{name: l{n}, port: p0, vlan: {n + 1}, "
                f"address: [10.{n >> 8}.{n & 255}.1/24], rate: {{min: 1Mbps, max: 10Gbps}}, "
                "shape: {burst: 16KiB, queue: 4KiB, queue-packets: 4}}")
    path = f"{folder}/site.yaml"
    with open(path, "w") as f:
        f.write("\n".join(lines) + "\n")
    return path


class Client:
    """One connection to the control socket."""

    def __init__(self, path, child):
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.sock = socket.socket(socket.AF_UNIX)
                self.sock.connect(path)
                break
            except OSError:
                self.sock.close()
            if child.poll() is not None or time.monotonic() > deadline:
                sys.exit("rate_set: hpsrouterd does not start")
            time.sleep(0.02)
        self.file = self.sock.makefile("rwb")
        self.n = 0

    def call(self, method, **params):
        self.n += 1
        request = {"jsonrpc": "2.0", "id": self.n, "method": method, "params": params}
        began = time.monotonic()
        self.file.write(json.dumps(request).encode() + b"\n")
        self.file.flush()
        line = self.file.readline()
        took = time.monotonic() - began
        answer = json.loads(line)
        if "error" in answer:
            sys.exit(f"rate_set: {method}: {answer['error']}")
        return answer["result"], took


def percentile(values, fraction):
    return sorted(values)[min(len(values) - 1, int(fraction * len(values)))]


def measure(client, options):
    """Each set takes from all what it gives to one, or back: links_changed must be all of them."""
    took, answered = [], []
    for i in range(options.sets):
        low = 1_000_000 + (i + 1) % 2 * 1_000_000_000
        result, seconds = client.call("rate.set", interface="v/r0/l0", min_bps=low)
        if result["changed"] != options.links:
            sys.exit(f"rate_set: {result['changed']} links changed, not {options.links}")
        granted = {link["interface"]: link["granted_bps"] for link in result["links"]}
        if granted["l0"] < low or min(granted.values()) < 1_000_000:
            sys.exit(f"rate_set: a guarantee is not kept: {granted}")
        took.append(result["took_ns"] / 1e3)
        answered.append(seconds * 1e6)
    return took, answered


def main():
    options = parse()
    with tempfile.TemporaryDirectory(prefix="hpsr-rateset.") as folder:
        with open(f"{folder}/log", "w") as log:
            child = subprocess.Popen([os.path.join(options.build, "hpsrouterd"), "-c",
                                      site(folder, options)], stderr=log,
                                     start_new_session=True)
        go_first(child)
        try:
            client = Client(f"{folder}/control.sock", child)
            took, answered = measure(client, options)
        finally:
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            if child.returncode != 0:
                with open(f"{folder}/log") as log:
                    sys.stderr.write("".join(log.readlines()[-5:]))
    median = statistics.median(took)
    for name, values in (("published", took), ("answered", answered)):
        print(f"{name:10} after  min {min(values):8.0f}  median {statistics.median(values):8.0f}  "
              f"p90 {percentile(values, 0.9):8.0f}  max {max(values):8.0f} us")
    print(f"rate set of one of {options.links} links, all of which change: median {median:.0f} us, "
          f"limit {options.limit:.0f} us")
    return 0 if median < options.limit else 1


if __name__ == "__main__":
    sys.exit(main())
