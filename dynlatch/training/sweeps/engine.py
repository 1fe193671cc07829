"""`sweep`: cells times trials, over any number of processes, resumable after anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from dynlatch.errors import DynlatchError, InvalidInput
from dynlatch.progress import counter
from dynlatch.training.block import WIDTH
from dynlatch.training.sweeps.cell import Cell
from dynlatch.training.sweeps.cluster import cluster
from dynlatch.training.sweeps.guard import guarded
from dynlatch.training.sweeps.pieces import Piece, missing
from dynlatch.training.sweeps.result import Sweep, finished
from dynlatch.training.sweeps.store import Entry, Row, Store, alone, opened
from dynlatch.training.sweeps.worker import work
from dynlatch.validation import count


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
        (i, n): only the i-th of n parts (1 ... n), for batch queues. Give every shard the same cells and a store of its own,
        and join the stores by `merge`.
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
    DynlatchError
        If a worker was killed, or the cluster is gone. Finished blocks are kept.
    KeyboardInterrupt
        After Ctrl-C; the blocks that were done are stored, and the same call goes on.
    """
    _check(cells, shard)
    trials = {cell.name: cell.trials for cell in cells}
    root, size = count("rng", rng), count("block", block, least=1)
    if Path(store).exists():
        with opened(store, root):  # what is refused is left without even a lock beside it
            pass
    with alone(store), opened(store, root) as target:
        target.enter(Entry(cell.name, cell.settings, ",".join(cell.facts)) for cell in cells)
        found = finished(target, trials)
        pieces = missing(cells, found, size, shard)
        if not pieces:
            return found
        _run(pieces, target, root, jobs, scheduler, progress)
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


def _run(pieces: Sequence[Piece], store: Store, root: int, jobs: int, scheduler: str | None, progress: bool) -> None:
    total = sum(len(piece.trials) for piece in pieces)
    with (
        counter("sweep", total, shown=progress, unit="trials", at_first="(first use compiles)") as bar,
        guarded(),
        cluster(scheduler),
    ):
        for rows in _results(pieces, root, jobs):
            if rows is None:
                raise KeyboardInterrupt
            store.write(rows)
            bar(len(rows))


def _results(pieces: Sequence[Piece], root: int, jobs: int) -> Iterator[list[Row] | None]:
    """The blocks as they are done, in any order."""
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import BrokenProcessPool

    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1, max_nbytes=None)
    try:
        yield from parallel(delayed(work)(piece.cell, root, piece.trials) for piece in pieces)
    except BrokenProcessPool:
        raise DynlatchError(
            "a worker process was killed, by hand or for want of memory: run the same command again, with fewer jobs if it "
            "needs memory; finished blocks are kept."
        ) from None
