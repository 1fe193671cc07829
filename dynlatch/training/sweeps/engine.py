"""`sweep`: cells times trials, over any number of processes, resumable after anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from dynlatch.errors import InvalidInput
from dynlatch.progress import counter
from dynlatch.training.block import WIDTH
from dynlatch.training.sweeps.cell import Cell
from dynlatch.training.sweeps.guard import guarded
from dynlatch.training.sweeps.result import Sweep, finished
from dynlatch.training.sweeps.store import Entry, Row, alone, opened
from dynlatch.training.sweeps.worker import work
from dynlatch.validation import count


class Piece(NamedTuple):
    """A block of trials of one cell: the unit of work, and of one transaction."""

    cell: Cell
    trials: range


def sweep(
    cells: Sequence[Cell],
    *,
    store: str | Path,
    rng: int = 0,
    jobs: int = 1,
    block: int = WIDTH,
    shard: tuple[int, int] = (1, 1),
    scheduler: str | None = None,
    progress: bool = False,
) -> Sweep:
    """Run every trial of every cell that the store does not hold yet.

    The result does not depend on `jobs`, `block`, `shard`, nor on where an earlier run was cut off.

    Parameters
    ----------
    cells : sequence of Cell
    store : path
        An SQLite file; made if there is none. A trial whose row it holds is done.
    rng : int
        The root of all seeds.
    jobs : int
        Processes; -1 for one a core.
    block : int
        Trials of one unit of work. A finished block is one transaction.
    shard : tuple of int
        (i, n): only every n-th block, from the i-th (1 ... n), for batch queues. Give every shard a store of its own, and join
        them by `merge`.
    scheduler : str, optional
        Address of a Dask cluster, such as "tcp://head:8786", whose workers take the blocks (extra `cluster`).
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    Sweep

    Raises
    ------
    InvalidInput
        On bad settings, two cells of one name, or a store made with other settings.
    UnreadableFile
        If the store is damaged, locked, of another version, or the disk is full. Finished blocks are kept.
    KeyboardInterrupt
        After Ctrl-C; the blocks that were done are stored, and the same call goes on.
    """
    _check(cells, shard)
    trials = {cell.name: cell.trials for cell in cells}
    root, size = count("rng", rng), count("block", block, least=1)
    with alone(store), opened(store, root) as target:
        target.enter(Entry(cell.name, cell.settings, ",".join(cell.facts)) for cell in cells)
        found = finished(target, trials)
        pieces = list(_missing(cells, found, size))[shard[0] - 1 :: shard[1]]
        if not pieces:
            return found
        total = sum(len(piece.trials) for piece in pieces)
        with counter("sweep", total, shown=progress, at_first="(first use compiles)") as bar, guarded(), _cluster(scheduler):
            for rows in _results(pieces, root, jobs):
                if rows is None:
                    raise KeyboardInterrupt
                target.write(rows)
                bar(len(rows))
        return finished(target, trials)


def _check(cells: Sequence[Cell], shard: tuple[int, int]) -> None:
    names = [cell.name for cell in cells]
    twice = {name for name in names if names.count(name) > 1}
    if not names or twice:
        raise InvalidInput(
            "`cells` must not be empty." if not names else f"two cells are named {min(twice)!r}: names are unique."
        )
    i, n = shard
    if not 1 <= i <= n:
        raise InvalidInput(f"`shard` must be (i, n) with 1 <= i <= n; got {shard}.")


def _missing(cells: Sequence[Cell], found: Sweep, size: int) -> Iterator[Piece]:
    """The blocks, on a fixed grid, that hold trials without a row."""
    for cell in cells:
        done = set(found.of(cell.name).trial.tolist()) if cell.name in found.names else set()
        for first in range(0, cell.trials, size):
            trials = range(first, min(first + size, cell.trials))
            if not done.issuperset(trials):
                yield Piece(cell, trials)


def _results(pieces: Sequence[Piece], root: int, jobs: int) -> Iterator[list[Row] | None]:
    """The blocks as they are done, in any order."""
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    yield from parallel(delayed(work)(piece.cell, root, piece.trials) for piece in pieces)


@contextmanager
def _cluster(scheduler: str | None) -> Iterator[Any]:
    """The same call on a Dask cluster."""
    if scheduler is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError:
        raise InvalidInput("a Dask cluster needs the extra `cluster`: pip install 'dynlatch[cluster]'.") from None
    from joblib import parallel_config

    try:
        client = Client(scheduler, timeout="10s")
    except OSError as error:
        raise InvalidInput(f"there is no Dask scheduler at {scheduler!r} ({error}).") from None
    with client, parallel_config(backend="dask"):
        yield client
