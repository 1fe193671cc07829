"""What the engine of sweeps costs: a sweep into a new store, against joblib alone running the same blocks and keeping a list.

    python benchmarks/sweeps.py

One process does both, in turns, so that CPU seconds compare: seeds, the store with a transaction a block, checksums, reading
the table and its SHA-256 are all in the sweep's. Then a second run over finished work: 1e5 rows with weights, words and facts.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import common
import numpy as np
from joblib import Parallel, delayed

from dynlatch.training import BackPropagation, TwoSequence
from dynlatch.training.monitor import RegionMonitor
from dynlatch.training.sweeps import Cell, sweep
from dynlatch.training.sweeps.store import Entry, Row, opened
from dynlatch.training.sweeps.worker import work

BAR, SECONDS = 0.02, 1.0
WORDS = "never left the one-basin region; latched at presentation 1234; the gradient horizon fell from 12 to 5 steps" * 2


def cell(name, trials, limit, monitor=None):
    task = TwoSequence(T=10, shortest=3)
    return Cell(name, BackPropagation(eta=5e-5), task, trials, max_presentations=limit, test_sequences=100, monitor=monitor)


def joblib_alone(cells):
    return list(Parallel(n_jobs=1)(delayed(work)(one, 0, range(one.trials)) for one in cells))


def ours(cells, folder, turn):
    return sweep(cells, store=Path(folder) / f"{turn}.db")


def clocked(call, *given):
    wall, cpu = time.perf_counter(), time.process_time()
    call(*given)
    return time.process_time() - cpu, time.perf_counter() - wall


def overheads(limit, blocks, turns):
    """Milliseconds a block of joblib alone, and the sweep's overhead in CPU and in clock time; the least of the turns."""
    cells = [cell(f"block {k}", 8, limit) for k in range(blocks)]
    with tempfile.TemporaryDirectory() as folder:
        joblib_alone(cells[:1])
        pairs = [(clocked(joblib_alone, cells), clocked(ours, cells, folder, turn)) for turn in range(turns)]
    alone, swept = (np.min([pair[k] for pair in pairs], axis=0) for k in (0, 1))
    return 1000.0 * alone[0] / blocks, swept[0] / alone[0] - 1.0, swept[1] / alone[1] - 1.0


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
    rows = []
    for limit in (300,) if quick else (1000, 4000):
        each, cpu, wall = overheads(limit, 4 if quick else 20, 1 if quick else 3)
        judged = each >= 50.0 and not quick
        shown = f"{each:.0f} ms", f"{100 * cpu:+.1f} %", f"{100 * wall:+.1f} %"
        rows.append((*shown, "2 %" if judged else "", common.verdict(cpu <= BAR if judged else None)))
    common.table(("a block of joblib alone", "sweep, CPU", "sweep, clock", "bar", ""), rows)
    size = 1000 if quick else 100_000
    seconds = second_run(size, 1 if quick else 3)
    met = common.verdict(None if quick else seconds < SECONDS)
    common.table(("second run over", "CPU", "bar", ""), [(f"{size:,} rows", f"{seconds:.2f} s", "1 s", met)])


if __name__ == "__main__":
    main()
