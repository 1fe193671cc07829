"""The edge between two basins: the boundary on a segment by bisection, and the state on it that orbits are drawn to.

Edge tracking (Skufca, Yorke and Eckhardt 2006): two states on either side of the boundary, a tiny distance apart, are followed;
whenever they have drifted apart they are brought together again by bisection. The pair shadows an orbit on the boundary,
which ends in the attractor of the boundary: as a rule a saddle with one unstable multiplier.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attractor import Attractor, polish
from dynlatch.analysis.basins.descent import descend
from dynlatch.analysis.basins.result import OUTCOMES, BasinOutcome
from dynlatch.analysis.basins.setup import scouted_system
from dynlatch.analysis.basins.system import Labels, System
from dynlatch.errors import DynlatchError, InvalidInput
from dynlatch.maps import Map, SmoothMap, coordinates
from dynlatch.results import Result
from dynlatch.validation import Array, count, shaped_array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEPS = 5000
PARTS = 32  # pieces of a segment that are looked at together
TOGETHER, APART = 1e-13, 1e-6  # distances, relative to the size of the states, kept by the tracking
REST = 1e-2  # movement in a period, relative to the size, from which on Newton's method is tried
PERIODS = 4
WALK = 200  # rounds of tracking


class EdgeOutcome(StrEnum):
    """What the edge state is."""

    SADDLE = "saddle"
    TRACKED = "tracked"

    @property
    def sentence(self) -> str:
        return {
            EdgeOutcome.SADDLE: "The boundary's orbit ends in a fixed point or cycle with one unstable multiplier.",
            EdgeOutcome.TRACKED: "The orbit on the boundary came to no fixed point or short cycle within the steps: its last "
            "state is given.",
        }[self]


@dataclass(frozen=True, eq=False)
class EdgeState(Result):
    """The boundary between two basins, seen from two states.

    Attributes
    ----------
    boundary : ndarray, shape (n,)
        Where the segment from a to b crosses the boundary (the first crossing found), to rounding.
    edge : ndarray, shape (p, n)
        Points of the saddle to which orbits on the boundary converge; for `tracked` the last state on it.
    multipliers : complex ndarray, shape (n,)
        Of the saddle; NaN for `tracked`.
    outcome : EdgeOutcome
    ends : ndarray, shape (2, n)
        The states a and b.
    track : ndarray, shape (T, n)
        The orbit on the boundary, from `boundary` on.
    coordinates : str
        What the state is.
    """

    boundary: Array
    edge: Array
    multipliers: NDArray[np.complex128]
    outcome: EdgeOutcome
    ends: Array
    track: Array
    coordinates: str

    def summary(self) -> str:
        def show(x: Array) -> str:
            return np.array2string(x, precision=6, suppress_small=True, threshold=6, edgeitems=2, max_line_width=80)

        lines = [
            f"edge state in {self.coordinates}: {self.outcome}. {self.outcome.sentence}",
            f"  boundary on the segment at {show(self.boundary)}",
            f"  edge state, period {len(self.edge)}, at {show(self.edge[0])}, reached in {len(self.track) - 1} steps",
        ]
        if self.outcome is EdgeOutcome.SADDLE:
            size = np.sort(np.abs(self.multipliers))[::-1]
            lines.append(f"  largest |multipliers|: {show(size[:4])}")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        from dynlatch.analysis.plots.basins import plot_edge

        return plot_edge(self, ax=ax)


def edge_state(map: Map, a: Any, b: Any, attractors: Any = None, *, bounds: Any = None, steps: int = STEPS) -> EdgeState:
    """The saddle on the boundary between the basins of two states, and where their segment crosses that boundary.

    Parameters
    ----------
    map : Map
    a, b : array_like, shape (n,)
        States of different basins (escape counts as one).
    attractors : optional
        As for `basins`; None looks for them.
    bounds : tuple of array_like (lo, hi), optional
        As for `basins`.
    steps : int
        Steps after which an orbit has no label, and the tracking ends.

    Returns
    -------
    EdgeState

    Raises
    ------
    InvalidInput
        If a or b is unresolved, or both belong to the same basin.

    References
    ----------
    .. [1] Skufca, J. D., Yorke, J. A. and Eckhardt, B. (2006), Edge of chaos in a parallel shear flow. Phys. Rev. Lett. 96:
       174101.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> net = dl.AdditiveNetwork([[1.9, -0.35], [0.45, 1.7]])
    >>> found = analysis.edge_state(net, [3.0, 1.0], [-1.0, -3.0])
    >>> str(found.outcome), found.edge.round(4)
    ('saddle', array([[-0.4144, -1.783 ]]))
    """
    ends = np.stack([shaped_array("a", a, (map.dim,)), shaped_array("b", b, (map.dim,))])
    steps = count("steps", steps, least=1)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        system = scouted_system(map, attractors, bounds, ends, steps)
        tell = _teller(system, steps)
        left, right = tell(ends.T)
        _refuse(left, right)
        pair = _bisect(tell, ends, left)
        return _tracked(system, tell, ends, pair, left, steps)


def _teller(system: System, steps: int) -> Callable[[Array], Labels]:
    def tell(X: Array) -> Labels:
        """Label of each column: -1 unresolved, -2 escape."""
        fate = descend(system, X, steps)
        return np.where(fate.codes == OUTCOMES.index(BasinOutcome.ESCAPED), np.int32(-2), fate.labels)

    return tell


def _refuse(left: int, right: int) -> None:
    for name, label in (("a", left), ("b", right)):
        if label == -1:
            raise InvalidInput(f"the orbit of `{name}` ends in no attractor within the steps: move it off the boundary.")
    if left == right:
        raise InvalidInput("`a` and `b` belong to the same basin: give states of different basins, e.g. two attractors.")


def _bisect(tell: Callable[[Array], Labels], pair: Array, left: int) -> Array:
    """Two states (2, n) of the segment, next to each other, the first with label `left` and the second with another."""
    while np.abs(pair[1] - pair[0]).max() > TOGETHER * (1.0 + np.abs(pair).max()):
        share = np.linspace(0.0, 1.0, PARTS + 1)[:, None]
        states = (1.0 - share) * pair[0] + share * pair[1]
        labels = tell(states.T)
        labels[0] = left
        other = np.flatnonzero((labels != left) & (labels != -1))
        if not len(other):
            break
        last = np.flatnonzero(labels[: other[0]] == left)[-1]
        closer = states[[last, other[0]]]
        if np.array_equal(closer, pair):
            break
        pair = closer
    return pair


def _tracked(system: System, tell: Callable[[Array], Labels], ends: Array, pair: Array, left: int, steps: int) -> EdgeState:
    """Follow the pair along the boundary until Newton's method finds the saddle that it is drawn to."""
    boundary = pair.mean(0)
    track = [boundary]
    for _ in range(WALK):
        while len(track) <= steps:
            pair = system.advance(pair.T).T
            track.append(pair.mean(0))
            if np.abs(pair[1] - pair[0]).max() > APART * (1.0 + np.abs(pair).max()):
                break
        found = _saddle(system.map, np.stack(track))
        if found is not None:
            points, multipliers, outcome = found.points, found.multipliers, EdgeOutcome.SADDLE
            return EdgeState(boundary, points, multipliers, outcome, ends, np.stack(track), coordinates(system.map))
        labels = tell(pair.T)
        if len(track) > steps or labels[0] == labels[1] or -1 in labels:
            break
        pair = _bisect(tell, pair, int(labels[0]))
    nothing = np.full(system.map.dim, np.nan, dtype=np.complex128)
    return EdgeState(boundary, track[-1][None], nothing, EdgeOutcome.TRACKED, ends, np.stack(track), coordinates(system.map))


def _saddle(map: Map, track: Array) -> Attractor | None:
    """The saddle with one unstable multiplier near which the track rests, tried from its stillest state."""
    if not isinstance(map, SmoothMap):
        return None
    scale = 1.0 + np.abs(track[-1]).max()
    for period in range(1, min(PERIODS, len(track) - 1) + 1):
        moved = np.abs(track[period:] - track[:-period]).max(-1)
        still = int(np.argmin(moved))
        if moved[still] > REST * scale:
            continue
        try:
            found = polish(map, track[still : still + period], "edge_state")
        except DynlatchError:
            continue
        if np.count_nonzero(np.abs(found.multipliers) > 1.0) == 1:
            return found
    return None
