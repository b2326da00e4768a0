# SPDX-License-Identifier: BSD-3-Clause
"""What every suite needs: builds, hugepages, child processes that never outlive us, the machine."""
import atexit
import glob
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LCORE = 1  # the worker's; lcore 0 is for control
RUNTIME = "/var/run/dpdk"
HUGEPAGE = "/sys/kernel/mm/hugepages/hugepages-2048kB"
WORKER_NICE = -20  # our workers take it themselves; the references are given it


class BenchError(Exception):
    """What stops a bench: one line for stderr."""


# ---- processes ----

children = []  # (Popen, file prefix or None)
started = 0


def prefix_new():
    """A DPDK file prefix that nobody else has."""
    global started
    started += 1
    return f"hpsrbench{os.getpid()}-{started}"


def spawn(argv, prefix=None, log=None, nice=0, cpus=None, **kw):
    """A child in a group of its own, on all CPUs or CPUS, that is killed with us."""
    def setup():
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        os.sched_setaffinity(0, cpus or range(os.cpu_count()))
        if nice:
            try:
                os.setpriority(os.PRIO_PROCESS, 0, nice)
            except PermissionError:
                pass
    kw.setdefault("stdin", subprocess.DEVNULL)
    with open(log or os.devnull, "ab") as out:
        kw.setdefault("stdout", out)
        kw.setdefault("stderr", out)
        child = subprocess.Popen(argv, preexec_fn=setup, start_new_session=True, **kw)
    children.append((child, prefix))
    return child


def end(child):
    """Ask, wait, insist; then remove what DPDK left. Returns the exit status."""
    for sig, seconds in ((signal.SIGINT, 5), (signal.SIGTERM, 3), (signal.SIGKILL, 10)):
        if child.poll() is not None:
            break
        try:
            os.killpg(child.pid, sig)
            child.wait(seconds)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
    for i, (known, prefix) in enumerate(children):
        if known is child:
            del children[i]
            if prefix:
                shutil.rmtree(os.path.join(RUNTIME, prefix), ignore_errors=True)
            # forward's own: it is named after its process.
            for name in glob.glob(f"{RUNTIME}/hpsr-bench{child.pid}"):
                shutil.rmtree(name, ignore_errors=True)
            break
    return child.returncode


def end_all():
    while children:
        end(children[-1][0])


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def on_signal(number, _frame):
    # A second one must not stop the cleaning up, which takes seconds at most.
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)


def setup_process():
    """Signals end us in order; we stay off the worker's CPU."""
    atexit.register(end_all)
    for number in SIGNALS:
        signal.signal(number, on_signal)
    cpus = os.sched_getaffinity(0)
    if len(cpus) > 1:
        os.sched_setaffinity(0, cpus - {LCORE})


def run(argv, what, **kw):
    """Run to its end; BenchError with its last lines when it fails."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **kw)
    if done.returncode != 0:
        tail = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise BenchError(f"{what} failed (exit {done.returncode}):\n{tail}")
    return done.stdout


def log_tail(path, lines=6):
    try:
        with open(path, errors="replace") as f:
            return "\n".join(f.read().strip().splitlines()[-lines:])
    except OSError:
        return ""


# ---- builds ----

def build_target(build, *targets):
    """Our own programs, from the meson build folder, made where it is new."""
    if not os.path.exists(os.path.join(build, "build.ninja")):
        note(f"configuring {build}")
        run(["meson", "setup", build, ROOT], "meson setup")
    run(["ninja", "-C", build, *targets], "build of " + " ".join(targets))
    return [os.path.join(build, t) for t in targets]


# ---- hugepages ----

def read_int(path):
    with open(path) as f:
        return int(f.read())


class Hugepages:
    """So many 2 MiB pages beyond those that are there, which others may come to use; takes as many
    away again at the end, so that two benches at a time leave the number that they found."""

    def __init__(self, wanted):
        self.wanted, self.added, self.used = wanted, 0, False

    def __enter__(self):
        try:
            total = read_int(f"{HUGEPAGE}/nr_hugepages")
            atexit.register(self.restore)
            self.write(total + self.wanted)
            self.added = read_int(f"{HUGEPAGE}/nr_hugepages") - total
            self.used = self.added == self.wanted
        except OSError:
            self.used = False
        if not self.used:
            self.restore()
            note("no hugepages to be had: measuring with ordinary memory")
        return self

    def write(self, n):
        with open("/proc/sys/vm/nr_hugepages", "w") as f:
            f.write(str(n))

    def restore(self):
        if self.added > 0:
            end_all()
            try:
                self.write(max(read_int(f"{HUGEPAGE}/nr_hugepages") - self.added, 0))
            except OSError as e:
                note(f"nr_hugepages stays changed: {e}")
            self.added = 0

    def __exit__(self, *_):
        self.restore()

    def eal_memory(self, mib):
        return ["-m", str(mib), "--in-memory"] + ([] if self.used else ["--no-huge"])


# ---- the machine ----

def cpu_times():
    """user, nice, system, idle, iowait, irq, softirq, steal ... of all CPUs, in ticks."""
    with open("/proc/stat") as f:
        return [int(x) for x in f.readline().split()[1:]]


def steal_share(before, after):
    total = sum(after[:8]) - sum(before[:8])
    return (after[7] - before[7]) / total if total > 0 else 0.0


def thread_times(pid):
    """thread -> (ns run, ns waited for a CPU)."""
    times = {}
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        try:
            with open(path) as f:
                times[path] = tuple(int(x) for x in f.read().split()[:2])
        except OSError:
            pass
    return times


def wait_share(before, after):
    """Of the time that the busiest thread between the two readings could have run."""
    spans = [(after[t][0] - before[t][0], after[t][1] - before[t][1])
             for t in after if t in before]
    ran, waited = max(spans, default=(0, 0))
    return waited / (ran + waited) if ran + waited > 0 else 0.0


def command_line(argv):
    try:
        return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True).stdout.strip()
    except OSError:
        return ""


def machine(tsc_hz, huge):
    cpu = {}
    with open("/proc/cpuinfo") as f:
        for line in f.read().split("\n\n")[0].splitlines():
            key, _, value = line.partition(":")
            cpu[key.strip()] = value.strip()
    with open("/proc/meminfo") as f:
        total = int(re.search(r"MemTotal:\s+(\d+)", f.read()).group(1))
    caches = {}
    for index in sorted(glob.glob("/sys/devices/system/cpu/cpu0/cache/index*")):
        def of(name, index=index):
            with open(f"{index}/{name}") as f:
                return f.read().strip()
        try:
            caches[f"L{of('level')} {of('type').lower()}"] = of("size")
        except OSError:
            pass
    with open("/etc/os-release") as f:
        system = re.search(r'PRETTY_NAME="(.*?)"', f.read())
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "host": platform.node(),
        "os": system.group(1) if system else "",
        "kernel": platform.release(),
        "cpu": f"{cpu.get('model name', '')} (family {cpu.get('cpu family', '?')}, "
               f"model {cpu.get('model', '?')})",
        "cpus": os.cpu_count(),
        "virtual": "hypervisor" in cpu.get("flags", ""),
        "caches": caches,
        "tsc_hz": tsc_hz,
        "memory_kib": total,
        "hugepages": "2 MiB" if huge.used else "none (--no-huge)",
        "load_average": list(os.getloadavg()),
        "dpdk": command_line(["pkg-config", "--modversion", "libdpdk"]),
        "compiler": command_line(["cc", "--version"]).split("\n")[0],
        "commit": command_line(["git", "-C", ROOT, "describe", "--always", "--dirty",
                                "--exclude=*"]),
    }


# ---- what the user sees ----

def note(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Progress:
    """One line on a terminal, none elsewhere."""

    def __init__(self):
        self.live = sys.stderr.isatty()

    def say(self, text):
        if self.live:
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def done(self):
        self.say("")


def forward_run(build, huge, args, log):
    """One run of build/bench/forward; its JSON."""
    argv = [os.path.join(build, "bench/forward"),
            "--hugepages", "yes" if huge.used else "no", *args]
    child = spawn(argv, log=log, nice=WORKER_NICE, stdout=subprocess.PIPE)
    try:
        out = child.communicate()[0].decode()
    finally:
        status = end(child)
    if status != 0:
        raise BenchError(f"{' '.join(argv)}: exit {status}: {log_tail(log)}\n{out[-600:]}")
    return json.loads(out)
