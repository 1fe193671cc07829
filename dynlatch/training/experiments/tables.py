"""Tables 1 to 4 of Bengio and Frasconi (1993): error and presentations of every method, ours beside theirs.

Tables 1 and 2 come from the same runs, and so do 3 and 4.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from dynlatch.training.experiments.contract import Experiment, Scale
from dynlatch.training.experiments.protocol import PARITY, TWO_SEQUENCE, Problem, cell
from dynlatch.training.experiments.table_reading import read
from dynlatch.training.experiments.variants import VARIANTS
from dynlatch.training.experiments.variants import cells as variant_cells

if TYPE_CHECKING:
    from dynlatch.training.experiments.table import PaperTable
    from dynlatch.training.sweeps import Cell, Sweep

SOURCE = "Bengio and Frasconi (1993), Credit assignment through time: alternatives to backpropagation, NIPS 6, pp. 75-82"


class Extent(NamedTuple):
    """What a scale runs: trials a cell, trials of a variant's cell, the longest T."""

    trials: int
    of_variants: int
    longest: int


EXTENTS = {
    Scale.MICRO: Extent(2, 0, 5),
    Scale.MINI: Extent(6, 0, 100),
    Scale.FULL: Extent(50, 20, 1000),
}


def cells(problem: Problem, scale: Scale, trials: int | None) -> list[Cell]:
    """The cells of a pair of tables; variants only at `full`."""
    usual, of_variants, longest = EXTENTS[scale]
    made = [
        cell(f"{problem.name}/{name}", method, problem.task(T), trials or min(usual, method.most), watched=True)
        for name, method in problem.methods.items()
        for T in method.lengths
        if longest >= T
    ]
    less = min(of_variants, trials or usual)
    return made + [one for v in VARIANTS[problem.name] if less for one in variant_cells(problem, v, less, longest)]


def _read(problem: Problem, title: str, quantity: str, sweep: Sweep, scale: Scale) -> PaperTable:
    lengths = {T for method in problem.methods.values() for T in method.lengths if EXTENTS[scale].longest >= T}
    return read(problem, title, quantity, sweep, tuple(sorted(lengths)))


def _experiment(number: int, problem: Problem, task: str, quantity: str) -> Experiment:
    what = "final error" if quantity == "error" else "sequence presentations"
    title = f"Table {number}: {task}, {what}"
    return Experiment(f"table{number}", title, SOURCE, partial(cells, problem), partial(_read, problem, title, quantity))


TABLE1 = _experiment(1, TWO_SEQUENCE, "2-sequence", "error")
TABLE2 = _experiment(2, TWO_SEQUENCE, "2-sequence", "presentations")
TABLE3 = _experiment(3, PARITY, "parity", "error")
TABLE4 = _experiment(4, PARITY, "parity", "presentations")
