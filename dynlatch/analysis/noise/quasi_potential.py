"""The quasi-potential of an attractor, and the most probable way out of its basin under small Gaussian noise.

With independent normal inputs of standard deviation s, the logarithm of the probability per step of leaving the basin is
-V / s^2 as s -> 0 (Freidlin and Wentzell; in discrete time Kifer 1990), with the minimum action

    V = min 1/2 sum_t |u_t|^2    over inputs that take the attractor to the boundary of the basin.

The cheapest path ends at a saddle s with one unstable direction, where with the left eigenvector w the boundary is
`w . (a - s) = 0` to first order. A path of T steps is found by sequential quadratic programming in the inputs, with that one
condition and its gradient by the adjoint recursion; T grows until V no longer falls: the path then ends at the saddle itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dynlatch.analysis.attractor import polish
from dynlatch.analysis.escape.question import Question, ask
from dynlatch.analysis.escape.witness import replay
from dynlatch.analysis.fixed_points import fixed_points
from dynlatch.analysis.periodic_orbits import periodic_orbits
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, SmoothMap, coordinates, require_smooth
from dynlatch.randomness import Rng, generator
from dynlatch.results import Result
from dynlatch.validation import Array, count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIRST, LAST = 12, 72  # steps of a path that may grow
STARTS, BEST = 5, 3
SADDLES = 12  # looked at, the nearest first
STILL = 1e-6  # relative fall of V from which on the path is long enough
EXCESS = 1e-3  # by which the inputs are enlarged for the replay
MISS = 1e-6
FEW = 16  # dimensions in which paths are first led to the saddle itself
NEAR = 0.4  # of the way to the saddle: the boundary is its tangent there
PERIODS = (2, 3, 4)  # of cycles that are looked for where no fixed point is on the boundary
NEWTON = 20
STEP = 1e-5  # of differences


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
        V, in squared units of the input; infinite where there is no path. The action of a stationary path found by search: an
        upper estimate of the true minimum (stationary paths that differ in phase alone have actions within about 0.3 %).
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
                f"  largest input: {self.largest_input:.6g} at step {1 + int(np.abs(self.inputs).max(-1).argmax())}; half "
                f" of the action within {self._core()} steps",
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


class _Exit(NamedTuple):
    """A saddle with the normal of the boundary at it, of length 1."""

    saddle: Array
    normal: Array
    period: int


class _Path(NamedTuple):
    """Inputs (T, m) to an exit, and how far off the boundary they end."""

    inputs: Array
    exit: _Exit
    miss: float

    @property
    def action(self) -> float:
        return 0.5 * float(np.square(self.inputs).sum())


def quasi_potential(
    map: Map, attractor: Any, *, target: Any = None, input_matrix: Any = None, steps: int | None = None, rng: Rng = None
) -> QuasiPotential:
    """The quasi-potential of an attractor and the most probable path out of its basin.

    Parameters
    ----------
    map : SmoothMap
    attractor : array_like, shape (n,), or member of a result
    target : array_like, shape (n,), optional
        The saddle through which to leave. None: the cheapest of those that `fixed_points` lists.
    input_matrix : array_like, shape (n, m), optional
        None: the noise enters as the map's own input. Given B, it is added to the state, `a' = M(a) + B u`.
    steps : int, optional
        Length of the path. None: as long as it takes until V no longer falls.
    rng : int, Generator or None
        Of the search's starts, and of the search for saddles.

    Returns
    -------
    QuasiPotential

    Raises
    ------
    InvalidInput
        On wrong shapes, or a target that is no saddle with one unstable direction.
    NotAttracting
        If the point is not attracting.

    References
    ----------
    .. [1] Freidlin, M. I. and Wentzell, A. D. (1998), Random Perturbations of Dynamical Systems, ch. 4.
    .. [2] Kifer, Y. (1990), A discrete-time version of the Wentzell-Freidlin theory. Ann. Probab. 18(4).

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> neuron = dl.LatchNeuron(2.0)
    >>> up = analysis.fixed_points(neuron).attractors[1]
    >>> round(analysis.quasi_potential(neuron, up, rng=0).value, 6)
    1.237071
    """
    question = ask(map, attractor, 2, input_matrix)
    system = require_smooth(question.system, "quasi_potential")
    length = None if steps is None else count("steps", steps, least=1)
    random = generator(rng)
    exits, others = _exits(map, question, target, random)
    if not exits:
        return _nothing(question, PathOutcome.NO_SADDLE if others else PathOutcome.MONOSTABLE)
    short = [path for exit in exits for path in _short(system, question.attractor.point, exit, length, random)]
    paths = [_lengthened(system, question.attractor.point, path, length) for path in _distinct(short)[:BEST]]
    paths = sorted(paths, key=lambda path: path.action)
    if not paths:
        return _nothing(question, PathOutcome.UNREACHABLE)
    answers = (_answer(question, path) for path in paths)
    return next((answer for answer in answers if answer.outcome is PathOutcome.FOUND), None) or _answer(question, paths[0])


def _exits(map: Map, question: Question, target: Any, random: np.random.Generator) -> tuple[list[_Exit], bool]:
    """Saddles with one unstable direction, the nearest first, and whether there are other fixed points at all."""
    smooth = require_smooth(map, "quasi_potential")
    if target is not None:
        exits = _exits_at(smooth, polish(smooth, target, "quasi_potential").points)
        if not exits:
            raise InvalidInput("`target` must be a saddle with one unstable direction, as those on boundaries of basins are.")
        return exits, True
    home = question.attractor.point
    known = fixed_points(map, rng=random)
    points = known.points[np.argsort(np.linalg.norm(known.points - home, axis=-1))]
    exits = [exit for point in points for exit in _exits_at(smooth, point[None])]
    for period in PERIODS if not exits and len(points) > 1 else ():  # the boundary is held by a cycle
        for orbit in periodic_orbits(map, period, rng=random).points:
            exits += _exits_at(smooth, orbit)
    return exits[:SADDLES], len(points) > 1


def _exits_at(map: SmoothMap, orbit: Array) -> list[_Exit]:
    """Through every point of a cycle (p, n) with one unstable multiplier; none of any other cycle."""
    exits = []
    for j in range(len(orbit)):
        around = np.eye(orbit.shape[1])
        for J in map.jacobian(np.roll(orbit, -j, axis=0)):
            around = J @ around
        values, vectors = np.linalg.eig(around.T)
        unstable = np.flatnonzero(np.abs(values) > 1.0)
        if len(unstable) == 1:
            normal = vectors[:, unstable[0]].real
            exits.append(_Exit(orbit[j], normal / np.linalg.norm(normal), len(orbit)))
    return exits


def _short(system: SmoothMap, home: Array, exit: _Exit, length: int | None, random: np.random.Generator) -> list[_Path]:
    """Locally cheapest paths of a few steps to one exit, from several starts."""
    first = FIRST if length is None else min(FIRST, length)
    size = float(np.linalg.norm(exit.saddle - home))
    return [_solve(system, home, exit, start) for start in _starts(system, home, exit, first, size, random)]


def _distinct(paths: list[_Path]) -> list[_Path]:
    """Those that end on the boundary, the cheapest first, one of each action."""
    ended = sorted((path for path in paths if path.miss <= MISS), key=lambda path: path.action)
    return [path for k, path in enumerate(ended) if k == 0 or path.action > ended[k - 1].action * (1.0 + 1e-6)]


def _starts(system: SmoothMap, home: Array, exit: _Exit, T: int, size: float, random: np.random.Generator) -> list[Array]:
    """First guesses of the inputs: those along the straight line to the saddle, and the same with noise."""
    line = home + np.linspace(0.0, 1.0, T + 1)[:, None] * (exit.saddle - home)
    straight = _inputs_along(system, line)
    noisy = [straight + 0.2 * size * random.standard_normal(straight.shape) / np.sqrt(T) for _ in range(STARTS - 1)]
    return [straight, *noisy]


def _inputs_along(system: SmoothMap, line: Array) -> Array:
    """Inputs (T, m) that keep the state near a given path (T + 1, n), to first order."""
    return np.asarray(
        np.einsum("tij,tj->ti", np.linalg.pinv(system.input_jacobian(line[:-1])), line[1:] - system.step(line[:-1]))
    )


def _lengthened(system: SmoothMap, home: Array, path: _Path, length: int | None) -> _Path:
    """The same path with more time at both ends, improved each time; also half a step later, which may be another minimum."""
    last = LAST if length is None else length
    while len(path.inputs) < last:
        more = min(len(path.inputs), last - len(path.inputs))
        quiet = np.zeros((more, system.input_dim))
        found = []
        for after in (more // 3, 2 * more // 3):
            after -= after % path.exit.period
            longer = np.concatenate([quiet[after:], path.inputs, quiet[:after]])
            states = _states(system, home, longer)
            later = np.concatenate([states[:1], 0.5 * (states[1:] + states[:-1])])
            found += [_improved(system, home, path.exit, start) for start in (longer, _inputs_along(system, later))]
        found = [other for other in found if other.miss <= MISS]
        best = min(found, key=lambda other: other.action, default=None)
        gained = best is not None and best.action < path.action * (1.0 - STILL)
        kept = path._replace(inputs=np.concatenate([quiet, path.inputs]))
        path = best if best is not None and best.action <= path.action else kept
        if length is None and not gained:
            break
    return path


def _states(system: SmoothMap, home: Array, inputs: Array) -> Array:
    states = [home]
    for u in inputs:
        states.append(system.step(states[-1], u))
    return np.stack(states)


class _Condition(NamedTuple):
    """That inputs (..., T m), flat, end on the boundary: its value and its gradient, in units of the way to the saddle."""

    system: SmoothMap
    home: Array
    exit: _Exit
    shape: tuple[int, ...]

    @property
    def scale(self) -> float:
        return float(np.linalg.norm(self.exit.saddle - self.home))

    def states(self, flat: Array) -> tuple[Array, Array]:
        """Inputs (T, ..., m) and states (T + 1, ..., n)."""
        inputs = np.moveaxis(flat.reshape(*flat.shape[:-1], *self.shape), -2, 0)
        return inputs, _states(self.system, np.broadcast_to(self.home, (*flat.shape[:-1], len(self.home))), inputs)

    def value(self, flat: Array) -> float:
        return float(self.exit.normal @ (self.states(flat)[1][-1] - self.exit.saddle)) / self.scale

    def gradient(self, flat: Array) -> Array:
        """Shape of `flat`, by the adjoint recursion."""
        inputs, states = self.states(flat)
        out = np.empty(inputs.shape)
        costate = np.broadcast_to(self.exit.normal / self.scale, states[-1].shape)
        for t in range(len(inputs) - 1, -1, -1):
            out[t] = np.einsum("...i,...ij->...j", costate, self.system.input_jacobian(states[t], inputs[t]))
            costate = self.system.vjp(states[t], costate, inputs[t])
        return np.moveaxis(out, 0, -2).reshape(flat.shape)

    def gap(self, flat: Array) -> Array:
        """How far (n,) the path ends from the saddle, in the same units."""
        return np.asarray((self.states(flat)[1][-1] - self.exit.saddle) / self.scale)

    def gap_gradient(self, flat: Array) -> Array:
        """Shape (n, T m)."""
        inputs, states = self.states(flat)
        J, through = self.system.jacobian(states[:-1], inputs), self.system.input_jacobian(states[:-1], inputs)
        costates, out = np.eye(len(self.home)) / self.scale, np.empty((len(self.home), *self.shape))
        for t in range(len(inputs) - 1, -1, -1):
            out[:, t] = costates @ through[t]
            costates = costates @ J[t]
        return out.reshape(len(self.home), -1)

    def curvature(self, flat: Array) -> Array:
        """Second derivatives (T m, T m), by differences of the gradient."""
        h = STEP * (1.0 + float(np.abs(flat).max()))
        shifts = h * np.eye(len(flat))
        H = (self.gradient(flat + shifts) - self.gradient(flat - shifts)) / (2.0 * h)
        return np.asarray(0.5 * (H + H.T))


def _solve(system: SmoothMap, home: Array, exit: _Exit, start: Array) -> _Path:
    """The cheapest inputs near `start` that end at the saddle itself, then those that end on the boundary near it."""
    from scipy.optimize import minimize

    condition = _Condition(system, home, exit, start.shape)
    unit = 0.5 * float(np.square(start).sum())
    few = len(home) <= FEW
    found = minimize(
        lambda flat: 0.5 * float(flat @ flat) / unit,
        start.reshape(-1),
        jac=lambda flat: flat / unit,
        method="SLSQP",
        constraints={
            "type": "eq",
            "fun": condition.gap if few else condition.value,
            "jac": condition.gap_gradient if few else condition.gradient,
        },
        options={"maxiter": 100, "ftol": 1e-9},
    )
    inputs = found.x.reshape(start.shape) if np.isfinite(found.x).all() else start
    return _improved(system, home, exit, inputs)


def _improved(system: SmoothMap, home: Array, exit: _Exit, start: Array) -> _Path:
    """The stationary path near `start` by Newton's method; `start` itself where that ends too far from the saddle."""
    condition = _Condition(system, home, exit, start.shape)
    for flat in (_newton(condition, start.reshape(-1)), start.reshape(-1)):
        end = float(np.linalg.norm(condition.gap(flat)))
        if end <= NEAR:
            break
    return _Path(flat.reshape(start.shape), exit, abs(condition.value(flat)) if end <= NEAR else np.inf)


def _newton(condition: _Condition, flat: Array) -> Array:
    """Newton's method on `u = q g'(u), g(u) = 0`, as long as the residual falls."""
    gradient = condition.gradient(flat)
    q = float(flat @ gradient) / float(gradient @ gradient)
    residual = np.append(flat - q * gradient, condition.value(flat))
    for _ in range(NEWTON):
        system = np.block(
            [[np.eye(len(flat)) - q * condition.curvature(flat), -gradient[:, None]], [gradient, np.zeros((1, 1))]]
        )
        move = np.linalg.lstsq(system, -residual)[0]
        trial, weight = flat + move[:-1], q + move[-1]
        gradient = condition.gradient(trial)
        now = np.append(trial - weight * gradient, condition.value(trial))
        if not np.linalg.norm(now) < 0.9 * np.linalg.norm(residual):
            break
        flat, q, residual = trial, float(weight), now
    return flat


def _answer(question: Question, path: _Path) -> QuasiPotential:
    """The record, its path replayed with inputs a little larger."""
    home = question.attractor.point
    landing = replay(question.system, home, path.inputs * (1.0 + EXCESS))
    return QuasiPotential(
        value=path.action,
        path=_states(require_smooth(question.system, "quasi_potential"), home, path.inputs),
        inputs=path.inputs,
        saddle=path.exit.saddle,
        destination=landing.state,
        attractor=home,
        outcome=PathOutcome.UNCONFIRMED if landing.returned else PathOutcome.FOUND,
        coordinates=coordinates(question.system),
    )


def _nothing(question: Question, outcome: PathOutcome) -> QuasiPotential:
    home, n, m = question.attractor.point, question.system.dim, question.width
    empty = np.empty((0, n))
    return QuasiPotential(np.inf, home[None], np.empty((0, m)), empty, empty, home, outcome, coordinates(question.system))
