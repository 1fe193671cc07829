"""What the engine of sweeps costs: a sweep into a new store, against joblib alone running the same blocks and keeping a list.

    python -m benchmarks.sweeps

The work of a block is left out of both: its rows are ready, so that what is left is the engine, and noise of the work does not
hide it. The store with a transaction a block, checksums, reading the table and its SHA-256 are in the sweep's. Then a second
run over finished work: 1e5 rows with weights, words and facts.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np
from joblib import Parallel, delayed

from benchmarks.commands import script
from benchmarks.contract import Row, Setting, Timed, alone, at_most
from dynlatch.training import BackPropagation, TwoSequence
from dynlatch.training.block import WIDTH
from dynlatch.training.monitor import RegionMonitor
from dynlatch.training.sweeps import Cell, sweep
from dynlatch.training.sweeps import store as stored

BLOCK, BAR, SECONDS = 0.05, 0.02, 1.0
WEIGHTS = bytes(200)
WORDS = "never left the one-basin region; latched at presentation 1234; the gradient horizon fell from 12 to 5 steps" * 2


def cell(name, trials, limit, monitor=None):
    task = TwoSequence(T=10, shortest=3)
    return Cell(name, BackPropagation(eta=5e-5), task, trials, max_presentations=limit, test_sequences=100, monitor=monitor)


def ready(one, root, trials):
    """What `work` returns, without the work."""
    return [stored.Row(one.name, k, 0.5, 3000, "budget", WEIGHTS, WORDS, b"") for k in trials]


def joblib_alone(cells):
    blocks = ((one, range(first, first + WIDTH)) for one in cells for first in range(0, one.trials, WIDTH))
    return list(Parallel(n_jobs=1)(delayed(ready)(one, 0, trials) for one, trials in blocks))


def ours(cells):
    with tempfile.TemporaryDirectory() as folder, patch("dynlatch.training.sweeps.engine.work", ready):
        return sweep(cells, store=Path(folder) / "new.db")


def overhead(blocks, rounds):
    """What a block costs more than by joblib alone, of 50 ms; a round each in turn."""
    cells = [cell(f"cell {k}", 10 * WIDTH, 1000) for k in range(blocks // 10)]
    alone_turn, swept = (Timed(lambda call=call: call(cells), per=blocks) for call in (joblib_alone, ours))
    pairs = np.array([(alone_turn(), swept()) for _ in range(rounds)])
    more = tuple(100.0 * (pairs[:, 1] - pairs[:, 0]) / BLOCK)
    note = f"a block: joblib alone {1e3 * pairs[:, 0].min():.2f} ms, sweep {1e3 * pairs[:, 1].min():.2f} ms, least of {rounds}"
    return Row(f"{blocks} blocks", "", more, (), at_most(100 * BAR), "% of a block of 50 ms", note)


def second_run(many, rounds):
    """CPU seconds of a sweep whose every trial is in the store."""
    cells = [cell(f"cell {k}", many // 100, 3000, RegionMonitor()) for k in range(100)]
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.db"
        with stored.opened(path, 0) as store:
            store.enter(stored.Entry(one.name, one.settings, ",".join(one.facts)) for one in cells)
            for one in cells:
                weights, facts = rng.standard_normal((one.trials, 25)), rng.standard_normal((one.trials, len(one.facts)))
                store.write(
                    stored.Row(one.name, k, 0.5, 3000, "budget", weights[k].tobytes(), f"{k} {WORDS}", facts[k].tobytes())
                    for k in range(one.trials)
                )
        again = Timed(lambda: sweep(cells, store=path))
        return alone(f"a second run over {many:,} finished trials", again, rounds, bar=at_most(SECONDS))


def rows(setting: Setting) -> Iterator[Row]:
    yield overhead(20 if setting.quick else 300, setting.several())
    yield second_run(1000 if setting.quick else 100_000, setting.several(3))


if __name__ == "__main__":
    script(__name__, rows)
