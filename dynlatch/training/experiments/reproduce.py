"""`reproduce`: experiments from one sweep, so that all share its store, its processes and its progress bar."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from dynlatch.errors import InvalidInput
from dynlatch.training.experiments.contract import Experiment, Finding, Scale
from dynlatch.training.sweeps import Cell, Sweep, sweep
from dynlatch.validation import count


def reproduce(
    experiments: Sequence[Experiment],
    *,
    scale: str = "mini",
    trials: int | None = None,
    store: str | Path | None = None,
    jobs: int = 1,
    rng: int = 0,
    progress: bool = False,
) -> dict[str, Finding]:
    """What the experiments find, by name.

    Parameters
    ----------
    experiments : sequence of Experiment
    scale : {"micro", "mini", "full"}
    trials : int, optional
        Of every cell, in place of the scale's number.
    store : path, optional
        Where finished trials are kept, so that an interrupted run goes on; a temporary file if None.
    jobs : int
        Processes; -1 for one a core.
    rng : int
        Root of all seeds.
    progress : bool
        Show a progress bar on stderr.
    """
    if scale not in list(Scale):
        raise InvalidInput(f"`scale` must be one of {', '.join(Scale)}; got {scale!r}.")
    if trials is not None:
        count("trials", trials, least=1)
    chosen = Scale(scale)
    cells = {cell.name: cell for experiment in experiments for cell in experiment.cells(chosen, trials)}
    found = _run(list(cells.values()), store, jobs, rng, progress)
    return {experiment.name: experiment.read(found, chosen) for experiment in experiments}


def _run(cells: Sequence[Cell], store: str | Path | None, jobs: int, rng: int, progress: bool) -> Sweep:
    if store is not None:
        return sweep(cells, store=store, rng=rng, jobs=jobs, progress=progress)
    with tempfile.TemporaryDirectory() as folder:
        return sweep(cells, store=Path(folder) / "trials.db", rng=rng, jobs=jobs, progress=progress)
