"""What each step of a trajectory does to the gradient, and whether it is because the state is latched.

The papers know two kinds of state: those in Gamma of an attractor, where a bit is latched and gradients decay, and those
where the map expands. A step may also contract outside every Gamma, on the way from one basin to another; and it may do
neither, as along an integrator or a cycle that is only just stable: the third case, in which gradients survive and a bit is
not robust. Growth is measured along the direction of `a_0` that survives best to `a_T`, so that the growth of all steps adds
up to log ||da_T/da_0||_2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attractor import Attractor, attracting
from dynlatch.analysis.fixed_points import fixed_points
from dynlatch.analysis.gradients.regions import regions
from dynlatch.analysis.gradients.saturation import slopes_left
from dynlatch.analysis.gradients.stretching import aligned, nearest_to_one, surviving_growth
from dynlatch.analysis.trapping import trapping_box
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, SmoothMap, WithInput, coordinates, drive, require_smooth, trajectory
from dynlatch.randomness import Rng
from dynlatch.results import Result
from dynlatch.validation import Array, positive_number, shaped_array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOM = 10.0  # the box searched for attractors of an unbounded map, in units of the largest state of the runs
SATURATED = 0.1


class StepVerdict(StrEnum):
    """What one step does to the gradient that passes through it."""

    LATCHED = "latched"
    CONTRACTING = "contracting"
    EXPANDING = "expanding"
    NEUTRAL = "neutral"

    @property
    def sentence(self) -> str:
        return {
            StepVerdict.LATCHED: "The step starts and ends in Gamma of one attractor: a bit is held, and the gradient decays.",
            StepVerdict.CONTRACTING: "The gradient shrinks, but the state is latched to no attractor.",
            StepVerdict.EXPANDING: "The gradient grows: nearby states part.",
            StepVerdict.NEUTRAL: "The gradient passes unchanged, and the state is latched to no attractor.",
        }[self]


Words = NDArray[np.object_]
Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class StepVerdicts(Result):
    """One word for every step of every sequence, with the evidence.

    Attributes
    ----------
    words : object ndarray of StepVerdict, shape (T, ...)
        Entry t - 1 is for step t, from a_{t-1} to a_t.
    gamma : int ndarray, shape (T + 1, ...)
        The attractor in whose Gamma (reading "adapted") the state a_t lies, t = 0 ... T; -1 for none.
    basin : int ndarray, shape (T + 1, ...)
        The attractor to which a_t would converge without further input; -1 for none of those given, or not known.
    unknown : bool ndarray, shape (T + 1, ...)
        Where the budget ran out before `gamma` was decided; it reads -1 there.
    growth : ndarray, shape (T, ...)
        Logarithm of the factor by which step t stretches the direction of a_0 that survives best to a_T. Its sum over t is
        log ||da_T/da_0||_2.
    tolerance : float
        Steps whose growth is within it of zero are neutral.
    slopes : dict of str to ndarray, shape (T, ..., units)
        Share of its greatest slope that each unit or gate has left in step t: 1 linear, 0 saturated. Empty for a map whose
        nonlinearity is not known.
    nearest_to_one : complex ndarray, shape (k, s)
        The eigenvalue of J_t = M'(a_{t-1}, u_t) nearest to 1, at the steps `eigenvalue_steps` (k,) (counted from 1) of the
        sequences `eigenvalue_sequences` (s,) (of the flattened batch). A sample where all of them would cost too much.
    attractors : tuple of ndarray, shape (p, n)
        Points of each attractor, under the context input.
    context : ndarray, shape (m,), or None
        The constant input under which they are attractors; None is zero.
    coordinates : str
        What the state is.
    """

    words: Words
    gamma: Indices
    basin: Indices
    unknown: NDArray[np.bool_]
    growth: Array
    tolerance: float
    slopes: Mapping[str, Array]
    nearest_to_one: NDArray[np.complex128]
    eigenvalue_steps: Indices
    eigenvalue_sequences: Indices
    attractors: tuple[Array, ...]
    context: Array | None
    coordinates: str

    @property
    def latches_at(self) -> Indices:
        """First time from which a sequence stays in Gamma of one attractor until its end, shape (...); -1 if it is in none
        at its end."""
        last = self.gamma[-1]
        same = (self.gamma == last)[::-1]
        held = np.where(same.all(0), len(same), np.argmin(same, axis=0))
        return np.asarray(np.where(last >= 0, len(same) - held, -1), dtype=np.int64)

    @property
    def shares(self) -> dict[str, float]:
        """Share of all steps under each word."""
        return {word.value: float((self.words == word).mean()) for word in StepVerdict}

    @property
    def crossings(self) -> Indices:
        """How often each sequence passes from one basin to another, shape (...)."""
        changed = (self.basin[1:] != self.basin[:-1]) & (self.basin[1:] >= 0) & (self.basin[:-1] >= 0)
        return np.asarray(changed.sum(0), dtype=np.int64)

    @property
    def saturated(self) -> dict[str, float]:
        """Share of units and steps with less than a tenth of the greatest slope left, by what saturates."""
        return {name: float((left < SATURATED).mean()) for name, left in self.slopes.items()}

    def summary(self) -> str:
        from dynlatch.analysis.gradients.verdict_words import verdict_lines

        return "\n".join(verdict_lines(self))

    def plot(self, ax: Axes | None = None) -> Axes:
        """The words over time and sequences, with the slope that is left below."""
        from dynlatch.analysis.plots.verdicts import plot_verdicts

        return plot_verdicts(self, ax=ax)


def step_verdicts(
    map: Map,
    a0: Any,
    inputs: Any = None,
    steps: int | None = None,
    *,
    attractors: Any = None,
    context: Any = None,
    tolerance: float = 0.01,
    rng: Rng = None,
) -> StepVerdicts:
    """Whether each step of each sequence is latched, contracting, expanding or neutral.

    Parameters
    ----------
    map : SmoothMap
    a0 : array_like, shape (..., n)
    inputs : array_like, shape (T, ..., m), optional
    steps : int, optional
        Number of steps without input; give `inputs` or `steps`.
    attractors : sequence of states (n,), cycles (p, n) or members of results, or FixedPoints, optional
        The memory states; by default all attracting fixed points that `fixed_points` finds.
    context : array_like, shape (m,), optional
        Constant input under which the attractors hold; zero by default.
    tolerance : float
        A step whose growth (natural logarithm) is within it of zero is neutral.
    rng : int, Generator or None
        For the search of attractors.

    Returns
    -------
    StepVerdicts

    Raises
    ------
    InvalidInput
        On wrong shapes, or no steps.
    NotAttracting
        If one of the attractors is none.
    NotSmooth
        If the map has no derivatives.

    References
    ----------
    .. [1] Bengio, Y., Simard, P. and Frasconi, P. (1994), Learning long-term dependencies with gradient descent is
       difficult. IEEE TNN 5(2), Definitions 4 and 5, Theorem 4.

    Examples
    --------
    The latch with w = 2 lies in Gamma of its upper state beyond artanh sqrt(1 - 1/w) = 0.88, and expands below that.

    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> verdicts = analysis.step_verdicts(dl.LatchNeuron(2.0), [0.2], steps=8)
    >>> [str(word) for word in verdicts.words[:5]]
    ['expanding', 'expanding', 'expanding', 'latched', 'latched']
    >>> int(verdicts.latches_at)
    3
    """
    smooth = require_smooth(map, "step_verdicts")
    width = positive_number("tolerance", tolerance)
    start, sequence, T = drive(map, a0, inputs, steps)
    if T == 0:
        raise InvalidInput("`steps` must be at least 1: there is no verdict over zero steps.")
    at_rest = None if context is None else shaped_array("context", context, (map.input_dim,))
    quiet = smooth if at_rest is None else WithInput(map, at_rest)
    visited = trajectory(map, start, sequence, None if sequence is not None else T)
    found = _attractors(quiet, attractors, visited, rng)
    gamma, basin, unknown = _placed(quiet, found, visited, _free(map, sequence, at_rest, visited))
    growth = surviving_growth(smooth, visited, sequence)
    values, when, which = nearest_to_one(smooth, visited, sequence)
    return StepVerdicts(
        words=_words(gamma, growth, width),
        gamma=gamma,
        basin=basin,
        unknown=unknown,
        growth=growth,
        tolerance=width,
        slopes=slopes_left(map, visited[:-1], visited[1:], sequence),
        nearest_to_one=values,
        eigenvalue_steps=when,
        eigenvalue_sequences=which,
        attractors=tuple(attractor.points for attractor in found),
        context=at_rest,
        coordinates=coordinates(map),
    )


def _words(gamma: Indices, growth: Array, tolerance: float) -> Words:
    words = np.empty(growth.shape, dtype=object)
    words[...] = StepVerdict.EXPANDING
    words[growth < -tolerance] = StepVerdict.CONTRACTING
    words[np.abs(growth) <= tolerance] = StepVerdict.NEUTRAL
    words[(gamma[1:] == gamma[:-1]) & (gamma[1:] >= 0)] = StepVerdict.LATCHED
    return words


def _attractors(map: SmoothMap, given: Any, visited: Array, rng: Rng) -> list[Attractor]:
    if given is None:
        reach = ROOM * (1.0 + float(np.abs(visited).max()))
        given = fixed_points(map, bounds=None if trapping_box(map) is not None else (-reach, reach), rng=rng)
    members = getattr(given, "attractors", given)
    return [attracting(map, member, "step_verdicts") for member in members]


def _free(map: Map, sequence: Array | None, context: Array | None, visited: Array) -> NDArray[np.bool_]:
    """Which steps (T, ...) were taken under the context input alone."""
    shape = (len(visited) - 1, *visited.shape[1:-1])
    base = np.zeros(map.input_dim) if context is None else context
    given = np.zeros((len(visited) - 1, map.input_dim)) if sequence is None else sequence
    return np.broadcast_to((aligned(given, visited.ndim) == base).all(-1), shape)


def _placed(
    map: SmoothMap, found: list[Attractor], visited: Array, free: NDArray[np.bool_]
) -> tuple[Indices, Indices, NDArray[np.bool_]]:
    """Gamma, basin and what is not known of all states, shapes (T + 1, ...)."""
    shape = visited.shape[:-1]
    if not found:
        nowhere = np.full(shape, -1, dtype=np.int64)
        return nowhere, nowhere.copy(), np.zeros(shape, dtype=bool)
    T = len(free)
    where = regions(map, found, visited.reshape(T + 1, -1, map.dim), np.reshape(free, (T, -1)))
    return where.gamma.reshape(shape), where.basin.reshape(shape), where.unknown.reshape(shape)
