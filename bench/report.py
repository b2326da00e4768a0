# SPDX-License-Identifier: BSD-3-Clause
"""A run's folder: report.txt, report.json, report.csv, plot.svg and the logs of what ran."""
import csv
import html
import json
import os
import time

COLORS = ["#9a9a9a", "#6d6d6d", "#7aa6d8", "#3f78b5", "#1f4e86", "#e0915a", "#c8552b", "#8c2f10",
          "#5b8c3a", "#2f5d1e"]


def folder(build, suite, out):
    path = out or os.path.join(build, "bench", "out",
                               time.strftime(f"{suite}-%Y%m%d-%H%M%S", time.gmtime()))
    os.makedirs(os.path.join(path, "logs"), exist_ok=True)
    return path


def describe(machine, method):
    """The head of a report: what ran, on what."""
    load = " ".join(f"{x:.2f}" for x in machine["load_average"])
    caches = ", ".join(f"{k} {v}" for k, v in machine["caches"].items())
    tsc = f"{machine['tsc_hz'] / 1e6:.0f} MHz" if machine["tsc_hz"] else "not used"
    lines = [
        f"when       {machine['time']}  commit {machine['commit']}",
        f"machine    {machine['cpu']}, {machine['cpus']} CPUs"
        f"{', virtual' if machine['virtual'] else ''}, {machine['memory_kib'] >> 20} GiB; {caches}",
        f"system     {machine['os']}, Linux {machine['kernel']}, DPDK {machine['dpdk']}, "
        f"{machine['compiler']}",
        f"TSC        {tsc}; hugepages: {machine['hugepages']}; "
        f"load average at the start: {load}",
    ]
    return "\n".join(lines + [f"           {m}" if i else f"method     {m}"
                              for i, m in enumerate(method)])


def table(head, rows, left=()):
    """Columns: the first and those LEFT to the left, the others to the right."""
    cells = [head] + [[str(c) for c in row] for row in rows]
    widths = [max(len(r[i]) for r in cells) for i in range(len(head))]
    return "\n".join("  ".join(c.ljust(w) if i == 0 or i in left else c.rjust(w)
                               for i, (c, w) in enumerate(zip(row, widths))).rstrip()
                     for row in cells)


def asked_table(asked):
    """ASKED: (what, measured, holds) each."""
    return table(["asked for", "measured", "holds"],
                 [[what, value, "yes" if ok else "NO"] for what, value, ok in asked], left=(1,))


def asked_document(asked):
    return [{"what": w, "measured": v, "holds": bool(ok)} for w, v, ok in asked]


def write_csv(path, rows):
    """Rows are dicts; what is nested gets its names joined."""
    def flat(row, before=""):
        for key, value in row.items():
            if isinstance(value, dict):
                yield from flat(value, f"{before}{key}_")
            elif not isinstance(value, list):
                yield before + key, value
    flats = [dict(flat(row)) for row in rows]
    names = list(dict.fromkeys(name for row in flats for name in row))
    with open(path, "w", newline="") as f:
        writer = csv.DictWriter(f, names)
        writer.writeheader()
        writer.writerows(flats)


def write_bars(path, title, unit, groups):
    """groups: [(label, [(name, value, low, high)])]. A group of horizontal bars each, with a line
    from low to high across the end of each."""
    left, right, bar, gap, top = 190, 90, 17, 30, 56
    width, height = 900, top + sum(gap + bar * len(bars) for _, bars in groups) + 30
    most = max(high for _, bars in groups for _, _, _, high in bars) or 1
    scale = (width - left - right) / most
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
           f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" '
           f'fill="white"/><text x="12" y="24" font-size="16">{html.escape(title)}</text>'
           f'<text x="12" y="42" fill="#555">{html.escape(unit)}; the line across a bar: '
           f'least to most of the rounds</text>']
    y, names = top, list(dict.fromkeys(n for _, bars in groups for n, *_ in bars))
    for label, bars in groups:
        out.append(f'<text x="12" y="{y + 14}" font-weight="bold">{html.escape(label)}</text>')
        y += 20
        for name, value, low, high in bars:
            color = COLORS[names.index(name) % len(COLORS)]
            mid = y + bar / 2
            out.append(
                f'<text x="{left - 6}" y="{y + 12}" text-anchor="end">{html.escape(name)}</text>'
                f'<rect x="{left}" y="{y + 2}" width="{value * scale:.1f}" height="{bar - 4}" '
                f'fill="{color}"/><line x1="{left + low * scale:.1f}" y1="{mid}" '
                f'x2="{left + high * scale:.1f}" y2="{mid}" stroke="black"/>'
                f'<text x="{left + high * scale + 6:.1f}" y="{y + 12}">{value:.1f}</text>')
            y += bar
        y += gap - 20
    out.append("</svg>")
    with open(path, "w") as f:
        f.write("\n".join(out))


def write(path, text, document, rows, as_json):
    """Files beside each other, and one of them on stdout."""
    with open(os.path.join(path, "report.txt"), "w") as f:
        f.write(text + "\n")
    with open(os.path.join(path, "report.json"), "w") as f:
        json.dump(document, f, indent=1)
        f.write("\n")
    write_csv(os.path.join(path, "report.csv"), rows)
    if as_json:
        print(json.dumps(document, indent=1))
    else:
        print(text)
        print(f"\nfiles      {path}")
