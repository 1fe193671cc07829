"""What a worker does: one block of trials of one cell."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.training.driver import Job, run
from dynlatch.training.sweeps import facts
from dynlatch.training.sweeps.store import Row
from dynlatch.training.trials import streams_of, task_of

if TYPE_CHECKING:
    from dynlatch.training.result import TrainingResult
    from dynlatch.training.sweeps.cell import Cell


def work(cell: Cell, root: int, trials: range) -> list[Row] | None:
    """The rows of the trials; None if they were interrupted."""
    _settle()
    result = run(Job(cell.plan, cell.seeds(root, trials), cell.test_sequences, cell.monitor), None, shown=False)
    return None if result.interrupted else _rows(cell, root, trials, result)


def _rows(cell: Cell, root: int, trials: range, result: TrainingResult) -> list[Row]:
    assert result.progress is not None
    weights = result.progress.theta[: len(result.model.names)].T.astype("<f8")
    words, seen = _seen(result)
    measured = [one + other for one, other in zip(seen, _examined(cell, root, trials, result), strict=True)]
    columns = zip(trials, result.error, result.presentations, result.outcome, weights, words, measured, strict=True)
    return [
        Row(cell.name, trial, float(error), int(shown), str(outcome), column.tobytes(), said, known)
        for trial, error, shown, outcome, column, said, known in columns
    ]


def _seen(result: TrainingResult) -> tuple[list[str], list[bytes]]:
    """What the monitor saw of each trial, in words and in numbers."""
    if result.trace is None:
        return [""] * result.trials, [b""] * result.trials
    from dynlatch.training.monitor.fate import fates

    return [result.trace.story(k) for k in range(result.trials)], facts.packed(fates(result.trace))


def _examined(cell: Cell, root: int, trials: range, result: TrainingResult) -> list[bytes]:
    """What the examination measured of each trial."""
    asked, progress = cell.examination, result.progress
    if asked is None:
        return [b""] * result.trials
    assert progress is not None
    rows = []
    for k, (number, seed) in enumerate(zip(trials, cell.seeds(root, trials), strict=True)):
        streams = streams_of(seed)
        rng = np.random.default_rng(streams.test.spawn(1)[0])
        found = asked(result.model, progress.theta[:, k], task_of(streams, result.task), number, rng)
        rows.append([found[name] for name in asked.facts])
    return facts.packed(dict(zip(asked.facts, np.array(rows).T, strict=True)))


@cache
def _settle() -> None:
    """Once in each worker process: leave Ctrl-C to the parent. Threads, as Dask's workers have, never get it."""
    if multiprocessing.parent_process() is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
