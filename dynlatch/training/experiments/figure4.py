"""Fig. 4 of Bengio, Frasconi and Simard (1993), ICNN: the map f(x, u) of the flip-flop, and its unfolding in time. Computed.

    f(x, u) = 1 if |u| < 1 and x >= 0, or u >= 1;  -1 otherwise        (8)

The figure's drawing is lost; here the map is drawn from `networks.FlipFlop`, and compared with eq. 8 as printed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis import finite_attractors
from dynlatch.maps import trajectory
from dynlatch.networks.flip_flop import FlipFlop
from dynlatch.results import Result
from dynlatch.training.experiments.contract import Agreement, Experiment, Picture, Scale, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.training.sweeps import Cell, Sweep

SPAN, POINTS = 2.0, 401  # of the grid in x and u; an odd number, so that 0 and the thresholds -1 and 1 lie on it
CONSTANT = (-1.5, 0.0, 1.5)  # inputs whose transitions are drawn: it is reset, keeps, is set
EXAMPLE = (0.4, 1.4, -0.6, 0.7, -0.9, -1.3, 0.5, 0.8)  # inputs of the unfolding


@dataclass(frozen=True, eq=False)
class Figure4(Result):
    """The flip-flop as a table.

    Attributes
    ----------
    x, u : ndarray, shape (401,)
        States, real as in eq. 8, and inputs.
    next_state : ndarray, shape (states, inputs)
        f(x, u).
    attractors : ndarray of int, shape (3,)
        How many the transition graph has under the constant inputs -1.5, 0 and 1.5.
    successors : ndarray, shape (3, 2)
        Where the states -1 and 1 go under them.
    margin : float
        Inputs of smaller size never change the state.
    inputs, states : ndarray, shape (steps,) and (steps + 1,)
        The unfolding that is drawn.
    """

    x: NDArray[np.float64]
    u: NDArray[np.float64]
    next_state: NDArray[np.float64]
    attractors: NDArray[np.int64]
    successors: NDArray[np.float64]
    margin: float
    inputs: NDArray[np.float64]
    states: NDArray[np.float64]

    @property
    def title(self) -> str:
        return "Fig. 4: the map of the flip-flop"

    @property
    def differing(self) -> int:
        """Points of the grid where the map is not what eq. 8 says."""
        x, u = np.meshgrid(self.x, self.u, indexing="ij")
        printed = np.where(((np.abs(u) < 1.0) & (x >= 0.0)) | (u >= 1.0), 1.0, -1.0)
        return int(np.sum(printed != self.next_state))

    @property
    def notes(self) -> tuple[str, ...]:
        return (
            "Nothing is trained or drawn at random: the map is compared with eq. 8 on a grid, its attractors are those of the "
            "exact transition graph.",
            "The published drawing is lost; the caption says that its left half is the map f(x, u) and its right half the "
            "unfolding in time. The axes, and the inputs of the unfolding, are ours.",
            "At u = -1 eq. 8 gives -1 whatever the state, by its 'otherwise': both thresholds belong to the inputs that set.",
        )

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        n = self.next_state.size
        same = f"The network and eq. 8 as printed differ at {self.differing} of {n:,} points of the grid."
        kept = (
            f"Two attractors while |u| < 1, one beyond: {', '.join(map(str, self.attractors))} under the inputs "
            f"{', '.join(f'{u:g}' for u in CONSTANT)}."
        )
        noise = "The least input that changes a state; the caption's unit resists any noise below it, for ever."
        return (
            _computed("map", "points that differ from eq. 8", float(self.differing), 0.0, same),
            _computed("map", "attractors at u = 0", float(self.attractors[1]), 2.0, kept),
            _computed("map", "threshold of |u|", self.margin, 1.0, noise),
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        from dynlatch.training.plots.figure4 import draw_map, draw_unfolded

        return (
            Picture(
                "The map f(x, u)",
                "Left: the next state over state and input. Middle: the same as a loop, the next state against the input from "
                "either state, with two answers while |u| < 1. Right: where the two states go under a constant input.",
                lambda: draw_map(self),
            ),
            Picture(
                "Unfolding in time",
                "The unit copied once a step: the state x_t goes from copy to copy, and only an input u_t of size 1 or more "
                "changes it. A desired change of the last state goes back along the arrows to the input that set it.",
                lambda: draw_unfolded(self),
            ),
        )

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """The map of the two states, a row an input."""
        rows = [int(np.flatnonzero(self.x == x)[0]) for x in (-1.0, 1.0)]
        return {"u": self.u, "f(-1, u)": self.next_state[rows[0]], "f(1, u)": self.next_state[rows[1]]}

    def summary(self) -> str:
        return "\n".join([self.title, *(f"  {verdict.words}" for verdict in self.verdicts)])

    def plot(self, ax: Axes | None = None) -> Axes:
        """The next state over state and input."""
        from dynlatch.training.plots.figure4 import plot_map

        return plot_map(self, ax)


def _computed(what: str, quantity: str, ours: float, published: float, words: str) -> Verdict:
    agreement = Agreement.AGREES if ours == published else Agreement.DISAGREES
    return Verdict(what, quantity, "", ours, math.nan, math.nan, 0, published, agreement, words)


def cells(scale: Scale, trials: int | None) -> Sequence[Cell]:
    """None: everything is computed."""
    return ()


def read(sweep: Sweep, scale: Scale) -> Figure4:
    """From the network alone."""
    unit = FlipFlop()
    grid = SPAN * np.linspace(-1.0, 1.0, POINTS)
    x, u = np.meshgrid(grid, grid, indexing="ij")
    under = [finite_attractors(unit, [constant]) for constant in CONSTANT]
    inputs = np.array(EXAMPLE)
    return Figure4(
        x=grid,
        u=grid,
        next_state=unit.step(x[..., None], u[..., None])[..., 0],
        attractors=np.array([len(found) for found in under]),
        successors=np.array([found.states[found.successors, 0] for found in under]),
        margin=float(unit.margin(unit.states, np.zeros(1)).min()),
        inputs=inputs,
        states=trajectory(unit, [-1.0], inputs[:, None])[:, 0],
    )


FIGURE4 = Experiment("figure4", "The map of the flip-flop", "Bengio, Frasconi and Simard (1993), ICNN, Fig. 4", cells, read)
