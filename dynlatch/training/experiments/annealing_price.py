"""How many times more presentations simulated annealing takes than the other network methods, as a power of ten.

The slides on the 1994 paper (Grimes and Erkan) say 10^1.8 without saying over which tasks. The mean here is over lengths and
over the other methods that a table has at both, of the difference of log10 of mean presentations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.training.experiments.intervals import Interval
from dynlatch.training.experiments.paper import ANNEALING, Row
from dynlatch.validation import Array

if TYPE_CHECKING:
    from dynlatch.training.sweeps import Sweep

PUBLISHED = 1.8
RESAMPLES = 2000

Place = tuple[str, str]  # a method, and the task that it ran on, with its length
Presentations = Mapping[Place, Array]  # one value a trial


def price(shown: Presentations) -> Interval:
    """log10 of the ratio, with a 95 % interval by the bootstrap over the trials of every cell.

    Parameters
    ----------
    shown : mapping of (method, task) to ndarray, shape (trials,)

    Examples
    --------
    >>> import numpy as np
    >>> cells = {("simulated annealing", "T = 5"): np.full(9, 2000.0), ("multigrid", "T = 5"): np.full(9, 20.0)}
    >>> price(cells).value
    2.0
    """
    pairs = _pairs(list(shown))
    if not pairs:
        return Interval(np.nan, np.nan, np.nan)
    used = sorted({cell for pair in pairs for cell in pair})
    streams = np.random.default_rng(0).spawn(len(used))
    drawn = {cell: _log_means(shown[cell], stream) for cell, stream in zip(used, streams, strict=True)}
    ratios = np.mean([drawn[slow] - drawn[fast] for slow, fast in pairs], axis=0)
    low, high = np.quantile(ratios[1:], [0.025, 0.975])
    return Interval(float(ratios[0]), float(low), float(high))


def published_price(table: Mapping[str, Row], methods: Sequence[str]) -> float:
    """The same of a published table; values whose lengths are not recoverable are placed by the usual guess."""
    rows = {name: (row.lengths or row.guess, row.presentations) for name, row in table.items() if name in methods}
    cells = {(name, str(T)): np.array([shown]) for name, row in rows.items() for T, shown in zip(*row, strict=True)}
    return price(cells).value


def table_cells(sweep: Sweep, problem: str, methods: Sequence[str]) -> dict[Place, Array]:
    """The presentations of `problem/method/T=...`, as far as the sweep has them."""
    found = {}
    for name in sweep.names:
        head, _, length = name.rpartition("/T=")
        if head.removeprefix(f"{problem}/") in methods and head.startswith(f"{problem}/"):
            found[head.removeprefix(f"{problem}/"), f"{problem} {length}"] = sweep.of(name).presentations.astype(np.float64)
    return found


def _pairs(cells: Sequence[Place]) -> list[tuple[Place, Place]]:
    """Annealing, and another method on the same task at the same length."""
    return [((ANNEALING, task), (name, task)) for name, task in cells if name != ANNEALING and (ANNEALING, task) in cells]


def _log_means(values: Array, rng: np.random.Generator) -> Array:
    """log10 of the mean, then of the means of trials drawn again."""
    drawn = rng.choice(values, (RESAMPLES, len(values))).mean(1)
    return np.asarray(np.log10(np.concatenate([[values.mean()], drawn])))
