"""Measure dynlatch and its peers, and write RESULTS.md.

    python -m benchmarks --install --finder CHECKOUT --ssm CHECKOUT    # environments of the peers, then everything
    python -m benchmarks training sweeps                               # these alone; the other sections stay

What every number means is in README.md.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import commands, machine, results
from benchmarks.contract import Row, Setting
from benchmarks.environments import NAMES, install
from benchmarks.tables import rows_table

ORDER = (
    ("floor", "The machine's limits"),
    ("fixed_points_peers", "Fixed points against FixedPointFinder"),
    ("fixed_points_proof", "All fixed points, proved"),
    ("planted", "Planted fixed points"),
    ("basins_peers", "Basins against pynamicalsys"),
    ("basins_samples", "Basins by samples"),
    ("attracting_sets", "Reduced attracting sets"),
    ("morse", "Morse graph against CMGDB"),
    ("gradients", "Gradient norms against PyTorch"),
    ("lyapunov", "Lyapunov spectrum against pynamicalsys"),
    ("noise", "Retention under noise"),
    ("escape_thresholds", "Escape thresholds"),
    ("training", "Back-propagation through time against PyTorch and JAX"),
    ("annealing", "Simulated annealing against SciPy and pygmo"),
    ("state_networks", "EM against dynamax, ssm and hmmlearn"),
    ("monitor", "Watching a run"),
    ("sweeps", "The engine of sweeps against joblib alone"),
    ("growth", "How costs grow"),
)
FIGURES = {"growth": "../docs/growth.png"}


def measure(name: str, title: str, setting: Setting) -> results.Section:
    """One section. A benchmark that fails keeps the rows it has and says why, so that the others are still measured."""
    rows: list[Row] = []
    facts = {"date": time.strftime("%Y-%m-%d %H:%M"), "rounds": setting.rounds, "machine": machine.described()}
    before, failure = machine.load(), ""
    try:
        rows.extend(commands.measured(importlib.import_module(f"benchmarks.{name}").rows, setting))
    except Exception as error:
        failure = f"{type(error).__name__}: {error}"
    figure = FIGURES.get(name, "") if not setting.quick else ""
    return results.section(title, rows, load=[before, machine.load()], failure=failure, figure=figure, **facts)


def main(argv: Sequence[str] | None = None) -> int:
    options = commands.parser(__doc__)
    options.add_argument("names", nargs="*", metavar="NAME", help="benchmarks to run (default: all)")
    options.add_argument("--install", action="store_true", help="make the environments of the peers that are missing")
    options.add_argument("--ssm", type=Path, metavar="CHECKOUT", help="of ssm, which is installed from it")
    options.add_argument("--out", type=Path, default=results.PAGE, help="the page; its record is the .json beside it")
    given = options.parse_args(argv)
    titles = dict(ORDER)
    if unknown := [name for name in given.names if name not in titles]:
        options.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(titles)}")
    for name in NAMES if given.install else ():
        print(f"{name}: {install(given.environments, name, given.ssm)}", flush=True)
    record = given.out.with_name("results.json" if given.out == results.PAGE else given.out.stem + ".json")
    sections = results.read(record)
    for name in given.names or titles:
        sections[name] = kept = measure(name, titles[name], commands.setting(given))
        sections = {each: sections[each] for each in titles if each in sections}
        results.write(record, sections)
        given.out.write_text(results.page(sections, titles), encoding="utf-8")
        print(f"\n{kept['title']}\n{rows_table(results.rows_of(kept)) if kept['rows'] else ''}{kept['failure']}", flush=True)
    return int(any(kept["failure"] for kept in sections.values()))


if __name__ == "__main__":
    sys.exit(main())
