"""What `quasi_potential` returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EXCESS = 1e-3  # by which the inputs are enlarged for the replay


class PathOutcome(StrEnum):
    """What the path is."""

    FOUND = "found"
    UNCONFIRMED = "unconfirmed"
    MONOSTABLE = "monostable"
    NO_SADDLE = "no saddle"
    UNREACHABLE = "unreachable"

    @property
    def sentence(self) -> str:
        return {
            PathOutcome.FOUND: f"The inputs enlarged by {EXCESS:g} of themselves leave the basin, replayed independently.",
            PathOutcome.UNCONFIRMED: f"The path ends at the saddle, but inputs enlarged by {EXCESS:g} do not leave the basin.",
            PathOutcome.MONOSTABLE: "There is no other fixed point: nothing leaves the basin.",
            PathOutcome.NO_SADDLE: "No fixed point with one unstable direction is known: the boundary may be held by a cycle.",
            PathOutcome.UNREACHABLE: "No inputs were found that lead to a saddle.",
        }[self]


@dataclass(frozen=True, eq=False)
class QuasiPotential(Result):
    """The least action that leaves a basin, and its path.

    Attributes
    ----------
    value : float
        V, in squared units of the input; infinite where there is no path. The least action of the locally cheapest paths that
        a search found; nothing proves that there is no cheaper one.
    path : ndarray, shape (T + 1, n)
        States from the attractor to the boundary.
    inputs : ndarray, shape (T, m)
    saddle : ndarray, shape (n,)
        The saddle that the path leads to.
    destination : ndarray, shape (n,)
        Where the state comes to rest after inputs that are a little larger.
    attractor : ndarray, shape (n,)
    outcome : PathOutcome
    coordinates : str
    """

    value: float
    path: Array
    inputs: Array
    saddle: Array
    destination: Array
    attractor: Array
    outcome: PathOutcome
    coordinates: str

    @property
    def largest_input(self) -> float:
        """The largest entry of an input on the path: at least u*, up to the excess of the replay."""
        return float(np.abs(self.inputs).max(initial=0.0))

    @property
    def sizes(self) -> Array:
        """2-norms (T,) of the inputs."""
        return np.asarray(np.linalg.norm(self.inputs, axis=-1))

    def summary(self) -> str:
        def show(x: Array) -> str:
            return np.array2string(x, precision=5, suppress_small=True, threshold=6, edgeitems=3)

        lines = [f"quasi-potential V = {self.value:.8g}   ({self.outcome})", f"  {self.outcome.sentence}"]
        if len(self.inputs):
            lines += [
                "  the probability of leaving in one step falls like exp(-V / s^2) for small noise of standard deviation s",
                f"  path ({self.coordinates}): {len(self.inputs)} steps from {show(self.attractor)}",
                f"  to the saddle at {show(self.saddle)}; a little more leads to {show(self.destination)}",
                f"  largest input: {self.largest_input:.6g} at step {1 + int(np.abs(self.inputs).max(-1).argmax())}; half of "
                f"the action within {self._core()} steps",
            ]
        return "\n".join(lines)

    def _core(self) -> int:
        """Fewest steps that carry half of the action."""
        action = np.sort(np.square(self.inputs).sum(-1))[::-1].cumsum()
        return 1 + int(np.searchsorted(action, 0.5 * action[-1]))

    def plot(self, ax: Axes | None = None) -> Axes:
        from dynlatch.analysis.plots.quasi_potential import plot_quasi_potential

        if not len(self.inputs):
            raise InvalidInput(f"there is no path to draw (outcome: {self.outcome}).")
        return plot_quasi_potential(self, ax=ax)
