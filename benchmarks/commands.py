"""The command line that all share: of one benchmark, and of the run of all."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.contract import Row, Setting
from benchmarks.environments import default_folder
from benchmarks.tables import rows_table


def parser(description: str | None) -> argparse.ArgumentParser:
    """Options of every benchmark."""
    given = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    given.add_argument("--quick", action="store_true", help="tiny settings, no peers: does it run?")
    given.add_argument("--rounds", type=int, default=5, help="turns of each, fewer where they are long (default: 5)")
    given.add_argument("--environments", type=Path, default=default_folder(), metavar="FOLDER", help="of the peers")
    given.add_argument("--finder", type=Path, metavar="CHECKOUT", help="of FixedPointFinder, which is not packaged")
    given.add_argument("--nets", type=Path, nargs="*", default=[], help="trained networks (default: those in examples/data)")
    return given


def setting(given: argparse.Namespace) -> Setting:
    finder = given.finder.resolve() if given.finder else None
    return Setting(given.quick, given.rounds, given.environments, finder, tuple(given.nets))


def measured(measure: Callable[[Setting], Iterator[Row]], chosen: Setting) -> Iterator[Row]:
    """The rows; quick numbers mean nothing, so that no bar stands beside them."""
    return (row._replace(bar=None) if chosen.quick else row for row in measure(chosen))


def script(name: str, measure: Callable[[Setting], Iterator[Row]], argv: Sequence[str] | None = None) -> None:
    """What the command of one benchmark does."""
    chosen = setting(parser(sys.modules[name].__doc__).parse_args(argv))
    print(rows_table(list(measured(measure, chosen))))
