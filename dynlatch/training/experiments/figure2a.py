"""Fig. 2a of Bengio, Frasconi and Simard (1993), ICNN: how often back-propagation learns to latch, over (w_0, s).

One unit x_t = tanh(w x_{t-1} + u_t), x_0 = 0. For each of two classes the inputs u_1, ..., u_L are trained, as is w from w_0;
afterwards u_t is Gaussian noise of size s. The cost is sum_k (x_T^k - d^k)^2, d = -0.8 and 0.8. The paper: T = 20, 18 runs for
each pair (w_0, s), L = 3 in the text and 4 in the caption, s "noise variance".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.results import Result
from dynlatch.training.experiments.contract import Experiment, Picture, Scale, Verdict
from dynlatch.training.experiments.latch_runs import READINGS, RunEnd, ends
from dynlatch.training.experiments.perfect import bearable
from dynlatch.training.models import LatchNet
from dynlatch.training.monitor import RegionMonitor
from dynlatch.training.rules import BackPropagation
from dynlatch.training.sweeps import Cell
from dynlatch.training.tasks import Latch
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.training.sweeps import Sweep

ETA = 0.2  # on (y - d)^2 / 2: a rate of 0.1 on the paper's cost, which has no 1/2
BUDGET = 4_000  # presentations: 2,000 of both classes
MONITOR = RegionMonitor(every=200, portrait_every=200)


class Plane(NamedTuple):
    """One reading of what the paper leaves open, and the pairs (w_0, s) at which it is run."""

    reading: str  # what s is: a key of READINGS
    w0: tuple[float, ...]
    s: tuple[float, ...]
    L: int = 3
    eta: float = ETA


class Grid(NamedTuple):
    """What is run at a scale: the first two planes are the two readings of s."""

    T: int
    trials: int
    planes: tuple[Plane, ...]
    curve: int  # points of the curve of what perfect inputs bear


def _both(w0: tuple[float, ...], s: tuple[float, ...]) -> tuple[Plane, ...]:
    return tuple(Plane(reading, w0, s) for reading in READINGS)


W0 = tuple(0.25 * k for k in range(1, 13))
S = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
SLOW = Plane("std", W0, S, eta=ETA / 4)
CAPTION = Plane("std", W0[1::2], (0.0, 0.2, 0.4, 0.6, 0.8, 1.0), L=4)
GRIDS = {
    Scale.MICRO: Grid(8, 2, _both((0.5, 2.0), (0.0, 1.0)), 3),
    Scale.MINI: Grid(20, 8, _both((0.5, 1.0, 1.5, 2.5), (0.0, 0.25, 1.0)), 6),
    Scale.FULL: Grid(20, 18, (*_both(W0, S), SLOW, CAPTION), 24),
}


@dataclass(frozen=True, eq=False)
class DensityPlane:
    """Convergence over (w_0, s) under one reading of the paper.

    Attributes
    ----------
    reading : {"std", "variance"}
        What s is.
    L : int
        Trained inputs of each class.
    eta : float
        Learning rate on (y - d)^2 / 2.
    w0 : ndarray, shape (k,)
    s : ndarray, shape (m,)
    ends : ndarray of int, shape (m, k, 7)
        How many runs ended in each way, in the order of `RunEnd`.
    """

    reading: str
    L: int
    eta: float
    w0: Array
    s: Array
    ends: NDArray[np.int64]

    @property
    def density(self) -> Array:
        """The share of runs that converged, shape (m, k)."""
        return np.asarray(self.ends[..., 0] / self.ends.sum(-1))

    @property
    def std(self) -> Array:
        """The standard deviation of each row's noise, shape (m,)."""
        return np.sqrt(self.s) if self.reading == "variance" else self.s

    @property
    def name(self) -> str:
        """For people."""
        rate = "" if self.eta == ETA else f" and a learning rate of {self.eta:g}"
        return f"s the {READINGS[self.reading]} and L = {self.L}{rate}"


@dataclass(frozen=True, eq=False)
class Figure2a(Result):
    """Convergence of back-propagation on the minimal problem over (w_0, s).

    Attributes
    ----------
    T : int
    planes : tuple of DensityPlane
        s as standard deviation and as variance; at full scale also a lower learning rate and L = 4.
    curve_w, curve_std : ndarray, shape (c,)
        The noise at which half of the runs would meet the criterion if w stayed and the L = 3 inputs were perfect, exact.
    """

    T: int
    planes: tuple[DensityPlane, ...]
    curve_w: Array
    curve_std: Array

    @property
    def title(self) -> str:
        return f"Fig. 2a: convergence of back-propagation over (w0, s), T = {self.T}"

    @property
    def notes(self) -> tuple[str, ...]:
        from dynlatch.training.experiments.figure2a_words import NOTES

        return NOTES

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        from dynlatch.training.experiments.figure2a_words import verdicts

        return verdicts(self)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        from dynlatch.training.plots.figure2a import pictures

        return pictures(self)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """A row a pair (w_0, s): how many of its runs ended in each way."""
        rows = [(plane, i, j) for plane in self.planes for i in range(len(plane.s)) for j in range(len(plane.w0))]
        flat = {
            "reading": np.array([READINGS[plane.reading] for plane, _, _ in rows]),
            "L": np.array([plane.L for plane, _, _ in rows]),
            "eta": np.array([plane.eta for plane, _, _ in rows]),
            "s": np.array([plane.s[i] for plane, i, _ in rows]),
            "w0": np.array([plane.w0[j] for plane, _, j in rows]),
        }
        counts = np.array([plane.ends[i, j] for plane, i, j in rows])
        return {**flat, **{str(end): counts[:, k] for k, end in enumerate(RunEnd)}}

    def summary(self) -> str:
        lines = [self.title]
        for plane in self.planes:
            lines += [f"  {plane.name}; converged in %", "       s\\w0" + "".join(f"{w:6g}" for w in plane.w0)]
            for s, row in zip(plane.s, plane.density, strict=True):
                lines.append(f"    {s:7g}" + "".join(f"{100 * value:6.0f}" for value in row))
        return "\n".join([*lines, *(f"  {verdict.words}" for verdict in self.verdicts)])

    def plot(self, ax: Axes | None = None) -> Axes:
        """The density with s as standard deviation, light where it is high as in the paper."""
        from dynlatch.training.plots.figure2a import plot_plane

        return plot_plane(self, self.planes[0], ax)


def cells(scale: Scale, trials: int | None) -> Sequence[Cell]:
    """One for every pair (w_0, s) of every plane."""
    grid = GRIDS[scale]
    count = grid.trials if trials is None else trials
    return [_cell(grid.T, plane, w0, s, count) for plane in grid.planes for s, w0 in product(plane.s, plane.w0)]


def _cell(T: int, plane: Plane, w0: float, s: float, trials: int) -> Cell:
    return Cell(
        name=_name(T, plane, w0, s),
        rule=BackPropagation(eta=plane.eta, batch=2),
        task=Latch(T, plane.L, std=s) if plane.reading == "std" else Latch(T, plane.L, variance=s),
        trials=trials,
        model=LatchNet(w0=w0, L=plane.L),
        sequences=2,
        max_presentations=BUDGET,
        test_sequences=100,
        monitor=MONITOR,
    )


def _name(T: int, plane: Plane, w0: float, s: float) -> str:
    return f"figure2a/{plane.reading}, L={plane.L}, eta={plane.eta:g}/T={T}/w0={w0:g}, s={s:g}"


def read(sweep: Sweep, scale: Scale) -> Figure2a:
    """The figure from a sweep that holds `cells(scale, ...)`."""
    grid = GRIDS[scale]
    w = np.linspace(1.05, 1.05 * max(grid.planes[0].w0), grid.curve)
    found = tuple(_plane(sweep, grid.T, plane) for plane in grid.planes)
    return Figure2a(grid.T, found, w, _bearable(tuple(w.tolist()), grid.T))


def _plane(sweep: Sweep, T: int, plane: Plane) -> DensityPlane:
    found = [(w0, sweep.of(_name(T, plane, w0, s))) for s, w0 in product(plane.s, plane.w0)]
    counts = np.array([ends(trials, w0, trials.weights[:, 0]) for w0, trials in found])
    shape = len(plane.s), len(plane.w0), len(RunEnd)
    return DensityPlane(plane.reading, plane.L, plane.eta, np.array(plane.w0), np.array(plane.s), counts.reshape(shape))


@cache
def _bearable(w: tuple[float, ...], T: int) -> Array:
    return bearable(np.array(w), T, 3, BUDGET)


FIGURE2A = Experiment(
    name="figure2a",
    title="Fig. 2a: density of convergence of back-propagation over the initial weight and the noise",
    source="Bengio, Frasconi and Simard (1993), ICNN, Fig. 2a",
    cells=cells,
    read=read,
)
