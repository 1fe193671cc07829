"""What each step of a trajectory does to the gradient, and whether it is because the state is latched.

The papers know two kinds of state: those in Gamma of an attractor, where a bit is latched and gradients decay, and those
where the map expands. A step may also contract outside every Gamma, on the way from one basin to another; and it may do
neither, as along an integrator or a cycle that is only just stable: the third case, in which gradients survive and a bit is
not robust. Growth is measured along the direction of `a_0` that survives best to `a_T`, so that the growth of all steps adds
up to log ||da_T/da_0||_2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attractor import Attractor, attracting
from dynlatch.analysis.fixed_points import fixed_points
from dynlatch.analysis.gradients.regions import regions
from dynlatch.analysis.gradients.saturation import slopes_left
from dynlatch.analysis.gradients.stretching import aligned, nearest_to_one, surviving_growth
from dynlatch.analysis.gradients.verdict_result import Indices, StepVerdict, StepVerdicts, Words
from dynlatch.analysis.trapping import trapping_box
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, SmoothMap, WithInput, coordinates, drive, require_smooth, trajectory
from dynlatch.randomness import Rng
from dynlatch.validation import Array, positive_number, shaped_array

ROOM = 10.0  # the box searched for attractors of an unbounded map, in units of the largest state of the runs


def step_verdicts(
    map: Map,
    a0: Any,
    inputs: Any = None,
    steps: int | None = None,
    *,
    attractors: Any = None,
    context: Any = None,
    lengths: Any = None,
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
    lengths : array_like of int, shape (...), optional
        Steps of each sequence of padded inputs: what comes after them is not looked at.
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
    ends = _ends(lengths, T, visited.shape[1:-1])
    placed = _placed(quiet, found, visited, _free(map, sequence, at_rest, visited))
    gamma, basin, unknown = (_held(states, ends) for states in placed)
    growth = surviving_growth(smooth, visited, sequence, ends)
    values, when, which = nearest_to_one(smooth, visited, sequence, ends)
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
        lengths=ends,
    )


def _ends(lengths: Any, steps: int, batch: tuple[int, ...]) -> Indices:
    """The given lengths, checked; all steps by default."""
    if lengths is None:
        return np.full(batch, steps, dtype=np.int64)
    given = np.asarray(lengths)
    if given.shape != batch or given.dtype.kind not in "iu" or np.any((given < 1) | (given > steps)):
        raise InvalidInput(f"`lengths` must be whole numbers from 1 to {steps}, of shape {batch}; got {given!r}.")
    return given.astype(np.int64)


def _held(states: NDArray[Any], ends: Indices) -> NDArray[Any]:
    """What is known of all states (T + 1, ...), after the end of a sequence as it was there."""
    when = np.minimum(np.arange(len(states)).reshape(-1, *[1] * ends.ndim), ends)
    return np.take_along_axis(states, np.broadcast_to(when, states.shape), axis=0)


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
