"""`reproduce`: experiments from one sweep, so that all share its store, its processes and its progress bar."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from dynlatch.errors import InvalidInput
from dynlatch.training.experiments.contract import Experiment, Finding, Scale
from dynlatch.training.sweeps import Cell, Sweep, sweep
from dynlatch.training.sweeps.store import opened
from dynlatch.validation import count, word


def reproduce(
    experiments: Sequence[Experiment],
    *,
    scale: str = "mini",
    trials: int | None = None,
    store: str | Path | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    rng: int = 0,
    progress: bool = False,
) -> dict[str, Finding]:
    """What the experiments find, by name.

    Parameters
    ----------
    experiments : sequence of Experiment
        Such as `experiments.ALL.values()`. A cell that several of them need is trained once.
    scale : {"micro", "mini", "full"}
    trials : int, optional
        Of every cell, in place of the scale's number.
    store : path, optional
        Where finished trials are kept, so that an interrupted run goes on; a temporary file if None.
    jobs : int
        Processes; -1 for one a core.
    scheduler : str, optional
        Address of a Dask cluster that does the work instead.
    rng : int
        Root of all seeds.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    dict of str to Finding

    Raises
    ------
    InvalidInput
        On bad settings, or a store that was made with others.
    UnreadableFile
        If the store cannot be used.
    KeyboardInterrupt
        After Ctrl-C; what `store` holds by then is not run again.
    """
    chosen = word("scale", scale, Scale)
    cells = cells_of(experiments, chosen, trials)
    if store is None:
        with tempfile.TemporaryDirectory() as folder:
            found = run(cells, store=Path(folder) / "trials.db", jobs=jobs, scheduler=scheduler, rng=rng, progress=progress)
    else:
        found = run(cells, store=store, jobs=jobs, scheduler=scheduler, rng=rng, progress=progress)
    return {experiment.name: experiment.read(found, chosen) for experiment in experiments}


def cells_of(experiments: Sequence[Experiment], scale: Scale, trials: int | None) -> list[Cell]:
    """The cells that the experiments need, each once, with the largest number of trials that one of them asks for.

    Raises
    ------
    InvalidInput
        If two experiments mean different settings by one name.
    """
    if trials is not None:
        count("trials", trials, least=1)
    found: dict[str, Cell] = {}
    for experiment in experiments:
        for cell in experiment.cells(scale, trials):
            known = found.setdefault(cell.name, cell)
            if known is not cell and known.settings != cell.settings:
                raise InvalidInput(f"{experiment.name!r} and another experiment mean different settings by {cell.name!r}.")
            if cell.trials > known.trials:
                found[cell.name] = cell
    return list(found.values())


def run(
    cells: Sequence[Cell],
    *,
    store: str | Path,
    jobs: int = 1,
    shard: tuple[int, int] = (1, 1),
    scheduler: str | None = None,
    rng: int = 0,
    progress: bool = False,
) -> Sweep:
    """The trials of `cells`, as `sweep`; of none, where everything is computed, an empty table."""
    if cells:
        return sweep(cells, store=store, rng=rng, jobs=jobs, shard=shard, scheduler=scheduler, progress=progress)
    return Sweep((), sha256().hexdigest())


def stored(cells: Sequence[Cell], store: str | Path) -> int:
    """How many trials of `cells` a store holds; 0 if there is no store yet."""
    if not Path(store).exists():
        return 0
    with opened(store) as kept:
        held = (kept.columns(cell.name, cell.trials) for cell in cells)
        return sum(len(columns[0]) for columns in held if columns)
