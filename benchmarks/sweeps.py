"""What the engine of sweeps costs: a sweep into a new store, against joblib alone running the same blocks and keeping a list.

    python benchmarks/sweeps.py

The work of a block is left out of both: its rows are ready, so that what is left is the engine, and noise of the work does not
hide it. The store with a transaction a block, checksums, reading the table and its SHA-256 are in the sweep's. Then a second
run over finished work: 1e5 rows with weights, words and facts.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest.mock import patch

import common
import numpy as np
from joblib import Parallel, delayed

from dynlatch.training import BackPropagation, TwoSequence
from dynlatch.training.block import WIDTH
from dynlatch.training.monitor import RegionMonitor
from dynlatch.training.sweeps import Cell, sweep
from dynlatch.training.sweeps.store import Entry, Row, opened

BLOCK, BAR, SECONDS = 0.05, 0.02, 1.0
WEIGHTS = bytes(200)
WORDS = "never left the one-basin region; latched at presentation 1234; the gradient horizon fell from 12 to 5 steps" * 2


def cell(name, trials, limit, monitor=None):
    task = TwoSequence(T=10, shortest=3)
    return Cell(name, BackPropagation(eta=5e-5), task, trials, max_presentations=limit, test_sequences=100, monitor=monitor)


def ready(one, root, trials):
    """What `work` returns, without the work."""
    return [Row(one.name, k, 0.5, 3000, "budget", WEIGHTS, WORDS, b"") for k in trials]


def joblib_alone(cells):
    blocks = ((one, range(first, first + WIDTH)) for one in cells for first in range(0, one.trials, WIDTH))
    return list(Parallel(n_jobs=1)(delayed(ready)(one, 0, trials) for one, trials in blocks))


def ours(cells):
    with tempfile.TemporaryDirectory() as folder, patch("dynlatch.training.sweeps.engine.work", ready):
        return sweep(cells, store=Path(folder) / "new.db")


def overhead(blocks, turns):
    """CPU seconds a block of joblib alone and of a sweep, the least of the turns."""
    cells = [cell(f"cell {k}", 10 * WIDTH, 1000) for k in range(blocks // 10)]
    return [common.cpu(call, turns, cells)[0] / blocks for call in (joblib_alone, ours)]


def second_run(rows, turns):
    """CPU seconds of a sweep whose every trial is in the store."""
    cells = [cell(f"cell {k}", rows // 100, 3000, RegionMonitor()) for k in range(100)]
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.db"
        with opened(path, 0) as store:
            store.enter(Entry(one.name, one.settings, ",".join(one.facts)) for one in cells)
            for one in cells:
                weights, facts = rng.standard_normal((one.trials, 25)), rng.standard_normal((one.trials, len(one.facts)))
                store.write(
                    Row(one.name, k, 0.5, 3000, "budget", weights[k].tobytes(), f"{k} {WORDS}", facts[k].tobytes())
                    for k in range(one.trials)
                )
        return common.cpu(lambda: sweep(cells, store=path), turns)[0]


def main(argv: list[str] | None = None) -> None:
    quick = common.arguments(__doc__).parse_args(argv).quick
    alone, swept = overhead(20 if quick else 300, 1 if quick else 5)
    share = (swept - alone) / BLOCK
    shown = f"{1000 * alone:.2f} ms", f"{1000 * swept:.2f} ms", f"{100 * share:.1f} %", f"{100 * BAR:.0f} %"
    common.table(
        ("joblib alone", "sweep", "more, of a block of 50 ms", "bar", ""),
        [(*shown, common.verdict(None if quick else share <= BAR))],
    )
    size = 1000 if quick else 100_000
    seconds = second_run(size, 1 if quick else 3)
    met = common.verdict(None if quick else seconds < SECONDS)
    common.table(("second run over", "CPU", "bar", ""), [(f"{size:,} rows", f"{seconds:.2f} s", "1 s", met)])


if __name__ == "__main__":
    main()
