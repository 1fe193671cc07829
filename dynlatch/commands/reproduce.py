"""`dynlatch reproduce table1 table3`."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from cyclopts import Parameter

from dynlatch.commands.figure import write_figure
from dynlatch.commands.output import note, write
from dynlatch.commands.system import picture
from dynlatch.errors import InvalidInput
from dynlatch.training.experiments import parity_tables, two_sequence_tables

TABLES = {"table1": two_sequence_tables, "table2": two_sequence_tables, "table3": parity_tables, "table4": parity_tables}


def reproduce(
    *tables: str,
    trials: int = 20,
    jobs: Annotated[int, Parameter(name=["--jobs", "-j"])] = 1,
    store: str | None = None,
    longest: int | None = None,
    out: str | None = None,
    rng: int = 0,
) -> int:
    """Run the papers' tables of learning rules again and print ours beside the published cells.

    Ctrl-C stops; with --store the same command goes on.

    Parameters
    ----------
    tables
        table1, table2 (2-sequence: error, presentations), table3, table4 (parity); two that share their runs are run once.
    trials
        Of every cell; the papers averaged over 20 or more.
    jobs
        Processes; -1 for one a core.
    store
        Keep finished trials in this file, and do not run them again.
    longest
        Leave out lengths beyond this.
    out
        Write a picture to this file (.png, .svg, .pdf); one table only.
    rng
        Root of all seeds.
    """
    unknown = [name for name in tables if name not in TABLES]
    if unknown or not tables:
        raise InvalidInput(f"give at least one of {', '.join(TABLES)}; got {unknown[0] if unknown else 'none'}.")
    chosen = list(dict.fromkeys(TABLES[name] for name in tables))
    if out is not None and len(chosen) > 1:
        raise InvalidInput("`--out` draws one table, and these are two: run them one by one.")
    target = None if out is None else picture(out)
    for k, run in enumerate(chosen):
        asked: dict[str, Any] = {"trials": trials, "jobs": jobs, "store": store, "rng": rng, "progress": sys.stderr.isatty()}
        if longest is not None:
            asked["lengths"] = _up_to(longest, run)
        found = run(**asked)
        write(("\n" if k else "") + found.summary())
        if target is not None:
            write_figure(found.plot, target, (8.0, 4.6))
            note(f"picture: {target}")
    return 0


def _up_to(longest: int, run: Any) -> tuple[int, ...]:
    from dynlatch.training.experiments.paper import PARITY, TWO_SEQUENCE

    lengths = tuple(T for T in (TWO_SEQUENCE if run is two_sequence_tables else PARITY) if longest >= T)
    if not lengths:
        raise InvalidInput(f"`--longest` leaves no length; the shortest of the tables are 3 and 5; got {longest}.")
    return lengths
