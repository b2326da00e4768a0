# SPDX-License-Identifier: BSD-3-Clause
"""What a worker with nothing to do costs, and what it costs the first packet: `idle: sleep` beside
`idle: poll`, between kernel hosts, in turn."""
import json
import os
import tempfile
import time

import report
import stats
from common import BenchError, Progress, build_target, command_line, cpu_times, machine, \
    steal_share, thread_times
from hosts import Daemon, Hosts
from instantiate import Ordinary, tsc_hz

FIRST_US, SHARE = 200, 0.05  # asked for
GAP_US, PACKETS, SOON = 50, 8, 4  # a packet each GAP_US; the one that shows the worker awake
METHOD = ["Two hosts in network namespaces, hpsrouterd between them; the hosts stay off the worker's "
          "CPU.", "CPU: what the worker's thread ran (schedstat) of the time without packets.",
          "First packet: from before the host's system call to the kernel's stamp at the other "
          "host, after", f"a quiet second; later: the one {SOON * GAP_US} us behind it."]


class Idler(Daemon):
    def __init__(self, idle, *args):
        self.idle = idle
        super().__init__(*args)

    def site_lines(self, links):
        return [line.replace("idle: poll", f"idle: {self.idle}")
                for line in super().site_lines(links)]


def worker_ns(pid):
    for path, (ran, _) in thread_times(pid).items():
        with open(os.path.join(os.path.dirname(path), "comm")) as f:
            if f.read().startswith("rte-worker"):
                return ran
    raise BenchError("hpsrouterd has no worker")


def cpu_share(pid, seconds):
    ran, begin = worker_ns(pid), time.monotonic_ns()
    time.sleep(seconds)
    return (worker_ns(pid) - ran) / (time.monotonic_ns() - begin)


def first_packets(options, hosts):
    """Microseconds of each packet of a round, medians over five; None: lost."""
    text = command_line(["taskset", "-c", "0", f"{options.build}/test/tools/firstpacket",
                         hosts.full("1a"), hosts.full("1b"), "10.1.2.2", "7001", "-n", "5", "-b",
                         str(PACKETS), "-g", str(GAP_US), "-i", "1000"])
    try:
        medians = [p["median_ns"] for p in json.loads(text)["packets"]]
    except (ValueError, KeyError) as e:
        raise BenchError(f"firstpacket says {text[:200]!r}") from e
    if min(medians) < 0:
        raise BenchError("packets were lost")
    return [ns / 1000 for ns in medians]


def measure(options, path):
    """idle -> rounds, and the driver."""
    measured, progress, driver = {"sleep": [], "poll": []}, Progress(), None
    with tempfile.TemporaryDirectory(prefix="hpsr-idle") as folder, Hosts(1) as hosts:
        for i in range(options.rounds):
            for idle in measured:
                progress.say(f"idle: {idle}, round {i + 1} of {options.rounds}")
                before = cpu_times()
                daemon = Idler(idle, hosts, options.build, folder, [""],
                               f"{path}/logs/hpsrouterd-{idle}-{i + 1}")
                hosts.warm()
                time.sleep(options.warm_up)
                share = cpu_share(daemon.child.pid, options.seconds)
                delays = first_packets(options, hosts)
                driver = daemon.driver
                daemon.close()
                measured[idle].append({"cpu_share": share, "first_us": delays[0],
                                       "later_us": delays[SOON],
                                       "steal": steal_share(before, cpu_times())})
    progress.done()
    return measured, driver


def main(options):
    build_target(options.build, "hpsrouterd", "hpsrctl", "test/tools/firstpacket")
    path = report.folder(options.build, "idle", options.out)
    about = machine(tsc_hz(), Ordinary)
    measured, driver = measure(options, path)
    rows = [{"idle": idle, "driver": driver, "rounds": len(each),
             **{key: stats.summary([r[key] for r in each])
                for key in ("cpu_share", "first_us", "later_us")},
             "steal": max(r["steal"] for r in each), "each_round": each}
            for idle, each in measured.items()]
    sleep = rows[0]
    asked = [("idle: sleep takes under 5 % of a core", f"{100 * sleep['cpu_share']['median']:.2f} %",
              sleep["cpu_share"]["median"] < SHARE),
             ("and forwards the first packet after a second within 200 us",
              f"{sleep['first_us']['median']:.0f} us", sleep["first_us"]["median"] <= FIRST_US)]
    lines = [[r["idle"], f"{100 * r['cpu_share']['median']:.2f}", f"{r['first_us']['median']:.0f}",
              f"{r['first_us']['min']:.0f}..{r['first_us']['max']:.0f}",
              f"{r['later_us']['median']:.0f}", f"{100 * r['steal']:.1f}"] for r in rows]
    method = METHOD + [f"{options.rounds} rounds in turn, medians; ports: {driver}."]
    text = "\n\n".join([
        "Idle: what waiting costs", report.describe(about, method),
        report.table(["idle", "CPU %", "first us", "least..most", "later us", "steal %"], lines),
        report.asked_table(asked)])
    report.write_bars(f"{path}/plot.svg", "First packet after a quiet second", "us",
                      [("idle", [(r["idle"], r["first_us"]["median"], r["first_us"]["min"],
                                  r["first_us"]["max"]) for r in rows])])
    report.write(path, text, {"suite": "idle", "machine": about, "method": method, "results": rows,
                              "asked": report.asked_document(asked)}, rows, options.json)
    return 0
