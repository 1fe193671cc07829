"""Fig. 3 of Bengio, Frasconi and Simard (1993), ICNN: the reduced attracting set of one unit with w = 2. Computed, not trained.

The unit x_t = tanh(a_t), a_t = w x_{t-1} + u_t rests where the curve x = tanh(a) meets the line a = w x. A constant input u
shifts the line. It touches the curve for the last time at

    tanh a_c = sqrt(1 - 1/w),    u* = w tanh(a_c) - a_c = sqrt(w (w - 1)) - artanh sqrt(1 - 1/w)

Beyond that one of the two attractors is gone. Gamma is |a| > a_c, where the slope w (1 - tanh^2 a) is below 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis import reduced_attracting_set
from dynlatch.analysis.scalar import ScalarLatch, scalar_latch
from dynlatch.networks import LatchNeuron
from dynlatch.results import Result
from dynlatch.training.experiments.contract import Agreement, Experiment, Picture, Scale, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.training.sweeps import Cell, Sweep

W = 2.0
PUBLISHED, DIGITS = 0.532, 3  # u* in the caption, and how many digits it has
STATES = 601  # at which Gamma is decided by its definition
PATIENCE = 100_000  # steps of constant input after which the bit counts as kept


@dataclass(frozen=True, eq=False)
class Figure3(Result):
    """The map of one unit, its attractors, Gamma and u*.

    Attributes
    ----------
    latch : ScalarLatch
        The closed forms, in the activation a.
    decided, member : ndarray, shape (states,)
        Activations, and whether the definition of Gamma, followed step by step along the orbit, puts them into that of the
        attractor on their side.
    steps : ndarray of int, shape (2,)
        Steps after which a constant input against the bit has taken it: of the published size, and one more in its last
        digit; -1 if it never does.
    """

    latch: ScalarLatch
    decided: NDArray[np.float64]
    member: NDArray[np.bool_]
    steps: NDArray[np.int64]

    @property
    def title(self) -> str:
        return f"Fig. 3: the reduced attracting set of one unit, w = {self.latch.w:g}"

    @property
    def u_star(self) -> float:
        """The escape threshold of both attractors."""
        return self.latch.thresholds[1]

    @property
    def a_c(self) -> float:
        """The edge of Gamma."""
        return self.latch.critical_points[1]

    @property
    def odd_states(self) -> int:
        """States of which the definition and |a| > a_c say different things."""
        return int(np.sum(self.member != (np.abs(self.decided) > self.a_c)))

    @property
    def notes(self) -> tuple[str, ...]:
        return (
            "Nothing is trained or drawn at random: every number is a closed form, checked by following orbits.",
            "The caption gives w = 2, a = wx (heavy), a = wx +- u* (light) and u* = 0.532; the published drawing itself was "
            "not at hand.",
            "The paper defines Gamma by eigenvalues of (M^l)', and its proofs use |M'| < 1 at every step; for one unit with "
            "two attractors the two are the same set.",
        )

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return self._threshold(), self._orbits(), self._gamma()

    def _threshold(self) -> Verdict:
        cut = math.floor(self.u_star * 10**DIGITS) / 10**DIGITS
        same = math.isclose(cut, PUBLISHED)
        words = f"u* = {self.u_star:.15f}: the caption's {PUBLISHED} is its first three digits, cut rather than rounded."
        return _computed(
            "u*", "input", self.u_star, PUBLISHED, same, words if same else f"u* = {self.u_star:.15f}: not explained."
        )

    def _orbits(self) -> Verdict:
        kept, lost = int(self.steps[0]), int(self.steps[1])
        more = PUBLISHED + 10.0**-DIGITS
        words = (
            f"A constant input of {PUBLISHED} against the bit "
            f"{'never takes it' if kept < 0 else f'takes it after {kept:,} steps'}, one of {more:.3f} "
            f"{'does not either' if lost < 0 else f'takes it after {lost:,} steps'}."
        )
        return _computed("bit lost at u = 0.533", "steps", float(lost), math.nan, kept < 0 < lost, words)

    def _gamma(self) -> Verdict:
        words = (
            f"Gamma is |a| > a_c = {self.a_c:.6f}. Followed along the orbits of {len(self.decided)} states, its definition "
            f"says otherwise at {self.odd_states} of them."
        )
        return _computed("edge of Gamma", "activation", self.a_c, math.nan, self.odd_states == 0, words)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        from dynlatch.training.plots.figure3 import draw_as_published, draw_map

        return (
            Picture(
                "Fig. 3 as the paper draws it",
                f"One unit, w = {self.latch.w:g}. Curve: x = tanh a. Heavy line: a = wx, which meets it in the two attractors "
                "and, between them, in the unstable point. Light lines: a = wx +- u*, which touch it where the slope of the "
                "map is 1, at the edges of the shaded set Gamma.",
                lambda: draw_as_published(self),
            ),
            Picture(
                "The same as a map",
                "M(a) = w tanh a against a: u* is the largest distance by which the map may be lowered or raised before the "
                "attractor on that side is gone.",
                lambda: draw_map(self),
            ),
        )

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """The curve, and what is in Gamma."""
        a = self.decided
        return {"a": a, "x": np.tanh(a), "M(a)": self.latch.w * np.tanh(a), "in Gamma": self.member}

    def summary(self) -> str:
        return "\n".join([self.title, self.latch.summary(), *(f"  {verdict.words}" for verdict in self.verdicts)])

    def plot(self, ax: Axes | None = None) -> Axes:
        """The figure in the paper's coordinates: the curve x = tanh a and the lines a = wx, a = wx +- u*."""
        from dynlatch.training.plots.figure3 import plot_figure3

        return plot_figure3(self, ax)


def _computed(what: str, unit: str, ours: float, published: float, agrees: bool, words: str) -> Verdict:
    if math.isnan(published) and agrees:
        agreement = Agreement.UNPUBLISHED
    else:
        agreement = Agreement.AGREES if agrees else Agreement.DISAGREES
    return Verdict(what, "value", unit, ours, math.nan, math.nan, 0, published, agreement, words)


def no_cells(scale: Scale, trials: int | None) -> Sequence[Cell]:
    """None: everything is computed."""
    return ()


def figure_of(w: float = W) -> Figure3:
    """The figure for any latch.

    Parameters
    ----------
    w : float
        Above 1.

    Examples
    --------
    >>> from dynlatch.training.experiments.figure3 import figure_of
    >>> found = figure_of()
    >>> round(found.u_star, 4), found.odd_states, found.steps.tolist()
    (0.5328, 0, [-1, 293])
    """
    latch = scalar_latch(w)
    a = np.linspace(-1.6, 1.6, STATES) * latch.attractors[1]
    return Figure3(
        latch, a, _members(latch, a), np.array([_lost_after(latch, u) for u in (PUBLISHED, PUBLISHED + 10.0**-DIGITS)])
    )


def _members(latch: ScalarLatch, a: NDArray[np.float64]) -> NDArray[np.bool_]:
    net, points = LatchNeuron(latch.w), a[:, None]
    found = [reduced_attracting_set(net, [end], points, criterion="stepwise").member for end in latch.attractors]
    return np.asarray(found[0] | found[1])


def _lost_after(latch: ScalarLatch, u: float) -> int:
    """Steps until a constant input u has moved the lower attractor's state across 0; -1 if it does not."""
    a = latch.attractors[0]
    for step in range(1, PATIENCE + 1):
        before, a = a, latch.w * math.tanh(a) + u
        if a > 0.0:
            return step
        if a == before:
            break
    return -1


def read(sweep: Sweep, scale: Scale) -> Figure3:
    """The figure, whatever the scale: it is exact."""
    return figure_of()


FIGURE3 = Experiment(
    name="figure3",
    title="Fig. 3: map, attractors, reduced attracting set and u* of one unit, w = 2",
    source="Bengio, Frasconi and Simard (1993), ICNN, Fig. 3",
    cells=no_cells,
    read=read,
)
