"""Tables 1 to 4 of Bengio and Frasconi (1993): error and presentations of every method, ours beside theirs."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from dynlatch.training.experiments.paper import PARITY, TABLES_1_2, TABLES_3_4, TWO_SEQUENCE
from dynlatch.training.experiments.protocol import ON_PARITY, ON_TWO_SEQUENCE, parity_cells, two_sequence_cells
from dynlatch.training.experiments.table import PaperTable, table
from dynlatch.training.sweeps import Cell, Sweep, sweep

TRIALS = 20


def two_sequence_tables(
    *,
    trials: int = TRIALS,
    lengths: Sequence[int] = TWO_SEQUENCE,
    store: str | Path | None = None,
    jobs: int = 1,
    rng: int = 0,
    progress: bool = False,
) -> PaperTable:
    """Tables 1 (error) and 2 (presentations): the 2-sequence problem.

    Parameters
    ----------
    trials : int
        Of every cell; the papers averaged over 20 or more.
    lengths : sequence of int
        T.
    store : path, optional
        Where finished trials are kept, so that an interrupted run goes on; a temporary file if None.
    jobs, rng, progress
        As in `sweep`.
    """
    found = _run(two_sequence_cells(trials, tuple(lengths)), store, jobs, rng, progress)
    return table("Tables 1 and 2, 2-sequence", found, "two-sequence", tuple(ON_TWO_SEQUENCE), lengths, TABLES_1_2)


def parity_tables(
    *,
    trials: int = TRIALS,
    lengths: Sequence[int] = PARITY,
    store: str | Path | None = None,
    jobs: int = 1,
    rng: int = 0,
    progress: bool = False,
) -> PaperTable:
    """Tables 3 (error) and 4 (presentations): the parity problem; parameters as in `two_sequence_tables`."""
    found = _run(parity_cells(trials, tuple(lengths)), store, jobs, rng, progress)
    return table("Tables 3 and 4, parity", found, "parity", tuple(ON_PARITY), lengths, TABLES_3_4)


def _run(cells: Sequence[Cell], store: str | Path | None, jobs: int, rng: int, progress: bool) -> Sweep:
    if store is not None:
        return sweep(cells, store=store, rng=rng, jobs=jobs, progress=progress)
    with tempfile.TemporaryDirectory() as folder:
        return sweep(cells, store=Path(folder) / "trials.db", rng=rng, jobs=jobs, progress=progress)
