# SPDX-License-Identifier: BSD-3-Clause
"""bench/run rates: are rates what they were set to, always, and what does that cost. Each part is a
function(context) -> Part of a module that names its TARGETS."""
import importlib

import report
from common import Hugepages, Progress, build_target, machine

HUGEPAGES = 320  # of 2 MiB: build/bench/sched's, and the others' one after the other
# letter -> module, function
PARTS = {"a": ("rates_accuracy", "run"), "b": ("rates_cost", "run"),
         "c": ("rates_tables", "run"), "d": ("rates_virtual", "guarantee"), "e": ("rates_virtual", "live"),
         "f": ("rates_virtual", "rfc7640")}


class Part:
    """What a part found: METHOD lines, TEXT, ROWS of the CSV, ASKED (what, measured, holds) and
    PLOT groups of (label, unit, bars)."""

    def __init__(self, title, method, text, rows, asked, groups):
        self.title, self.method, self.text, self.rows = title, method, text, rows
        self.asked, self.groups = asked, groups


class Context:
    def __init__(self, options, huge, path, progress):
        self.options, self.huge, self.path, self.progress = options, huge, path, progress


def parse_parts(text):
    parts = [p for p in text.split(",") if p]
    for p in parts:
        if p not in PARTS:
            raise ValueError(f"no part {p!r}: {','.join(PARTS)}")
    if not parts:
        raise ValueError("no part")
    return parts


def add_arguments(p):
    p.add_argument("--part", type=parse_parts, default=list(PARTS), metavar="LIST",
                   help=f"only these, such as a,c (all: {','.join(PARTS)})")


def main(options):
    modules = {p: importlib.import_module(PARTS[p][0]) for p in options.part}
    targets = list(dict.fromkeys(t for m in modules.values() for t in m.TARGETS))
    build_target(options.build, *targets)
    path = report.folder(options.build, "rates", options.out)
    progress, parts = Progress(), {}
    with Hugepages(HUGEPAGES) as huge:
        about = machine(0, huge)
        for letter, module in modules.items():
            context = Context(options, huge, path, progress)
            parts[letter] = getattr(module, PARTS[letter][1])(context)
            progress.done()
            about["tsc_hz"] = about["tsc_hz"] or getattr(context, "tsc_hz", 0)
    asked = [(f"({letter}) {what}", value, ok)
             for letter, part in parts.items() for what, value, ok in part.asked]
    text = "Rates\n\n" + report.describe(about, [f"{len(parts)} part(s), each told below"])
    for letter, part in parts.items():
        text += f"\n\n({letter}) {part.title}\n" + "\n".join(part.method) + "\n\n" + part.text
    text += "\n\n" + report.asked_table(asked)
    groups = [g for part in parts.values() for g in part.groups]
    if groups:
        report.write_bars(f"{path}/plot.svg", "Rates", "units as each group says", groups)
    report.write(path, text, {
        "suite": "rates", "machine": about, "seconds": options.seconds,
        "parts": {letter: {"title": p.title, "method": p.method, "results": p.rows}
                  for letter, p in parts.items()},
        "asked": report.asked_document(asked),
    }, [{"part": letter, **row} for letter, p in parts.items() for row in p.rows], options.json)
    return 0
