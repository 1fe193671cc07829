"""`merge`: the stores of several shards in one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dynlatch.errors import InvalidInput
from dynlatch.training.sweeps.result import Sweep, finished
from dynlatch.training.sweeps.store import EVERY, alone, opened


def merge(stores: Sequence[str | Path], into: str | Path) -> Sweep:
    """Copy the finished trials of `stores` to the store `into`; a trial that several hold must be the same in all.

    Raises
    ------
    InvalidInput
        If the stores were made with different roots of the seeds or settings, or disagree on a trial. `into` stays as it was.
    UnreadableFile
        If one of them cannot be read.
    """
    if not stores:
        raise InvalidInput("give at least one store to merge.")
    with opened(stores[0]) as first:
        root = first.root
    with alone(into), opened(into, root) as target:
        for path in stores:
            with opened(path, root) as source:
                source.sound()
                target.enter(source.cells().values())
                rows = [row for cell in source.cells() for row in source.rows(cell)]
                held = {(row.cell, row.trial): row for cell in source.cells() for row in target.rows(cell)}
                other = [row for row in rows if held.get((row.cell, row.trial), row) != row]
                if other:
                    raise InvalidInput(
                        f"{str(path)!r} and {str(into)!r} disagree on trial {other[0].trial} of the cell {other[0].cell!r}: "
                        "they were made by different versions; run one of them again."
                    )
                target.write(rows)
        return finished(target, dict.fromkeys(target.cells(), EVERY))
