"""A map of one dimension with additive noise, `a' = M(a) + g u`: its basin as intervals, and how far noise reaches."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dynlatch.activations import LOGISTIC, TANH
from dynlatch.analysis import scalar
from dynlatch.analysis.escape.question import Question
from dynlatch.analysis.noise.laws import Gaussian, Noise, Uniform
from dynlatch.analysis.noise.membership import Basin
from dynlatch.analysis.scalar_portrait import Interval
from dynlatch.analysis.structure import ActivationForm, activations_of
from dynlatch.disturbances import Disturbed
from dynlatch.intervals import EPS
from dynlatch.maps import Map
from dynlatch.networks import AdditiveNetwork
from dynlatch.validation import Array

FARTHEST = 38.6  # standard deviations: a step beyond has a probability below the smallest float
SAMPLES, GRID = 129, 4001
MOST_ROUNDS, HALVINGS = 20_000, 64
PROBES = 33


class Line(NamedTuple):
    """`a' = M(a) + noise`, noise of width `width` (standard deviation or half width), from `start`."""

    step: Callable[[Array], Array]
    width: float
    start: float
    period: int
    basin: tuple[Interval, ...]  # open intervals, rising; infinite where nothing the noise reaches is outside
    reach: Interval  # all that the noise reaches from the start, to the smallest float
    threshold: float  # no noise bounded by this leaves the basin; 0 where it is not known


def line_of(map: Map, question: Question, noise: Noise) -> Line | None:
    """The map on the line; None where the noise is not additive, is not of one of the two laws, or carries the state off."""
    parts = _additive(question)
    if parts is None:
        return None
    step, gains, start, autonomous = parts
    reaching = gains[gains != 0]
    if not isinstance(noise, Gaussian) and len(reaching) != 1:
        return None
    width = noise.width * float(np.linalg.norm(reaching))
    latch = _latch(question.form)
    which = None if latch is None else int(np.argmin([abs(a - start) for a in latch.attractors]))
    safe = latch.thresholds[which] if latch is not None and which is not None else 0.0
    sharp = isinstance(noise, Uniform) and width > safe  # whether bounded noise ever reaches an edge
    push = width if isinstance(noise, Uniform) else FARTHEST * width
    reach = reached(step, (start, start), push, tolerance=1e-13 if sharp else 1e-3)
    if reach is None:
        return None
    if latch is not None and which is not None:
        return Line(step, width, start, 1, (latch.basins[which],), reach, safe)
    points = question.attractor.points if question.form is None else activations_of(question.system, question.attractor.points)
    basin = _scan(autonomous, points, start, reach)
    line = Line(step, width, start, question.attractor.period, basin, reach, 0.0)
    again = reached(step, reach, push, tolerance=0.0, rounds=1) if sharp else None
    at_rest = again is not None and max(reach[0] - again[0], again[1] - reach[1]) <= 1e-12 * push
    return line._replace(threshold=width) if at_rest and not within_reach(line) else line


def _additive(question: Question) -> tuple[Callable[[Array], Array], Array, float, Map] | None:
    """M, the gains (m,) of the channels, the start, and the map without input."""
    form, system, point = question.form, question.system, question.attractor.point
    if form is not None:
        start = float(activations_of(system, point)[0])
        rates = AdditiveNetwork(form.W, form.c, form.f) if not form.leak.any() else _undisturbed(system)
        return lambda a: form.step(np.asarray(a)[..., None])[..., 0], form.B[0], start, rates
    inner = _undisturbed(system)

    def step(a: Array) -> Array:
        return np.asarray(inner.step(np.asarray(a)[..., None]))[..., 0]

    if isinstance(system, Disturbed):
        return step, system.matrix[0], float(point[0]), inner
    gains = _seen_gains(system, float(point[0]))
    return None if gains is None else (step, gains, float(point[0]), inner)


def _undisturbed(system: Map) -> Map:
    return system.map if isinstance(system, Disturbed) else system


def _seen_gains(system: Map, point: float) -> Array | None:
    """The gains of a map whose input is seen to be added to its state, at many states; None otherwise."""
    m = system.input_dim
    states = np.linspace(point - 3.0 * (1.0 + abs(point)), point + 3.0 * (1.0 + abs(point)), PROBES)[:, None]
    quiet = np.asarray(system.step(states))[:, 0]
    gains = np.array([float(system.step(states[:1], row)[0, 0] - quiet[0]) for row in np.eye(m)])
    inputs = np.random.default_rng(0).uniform(-2.0, 2.0, (PROBES, m))
    moved = np.asarray(system.step(states, inputs))[:, 0]
    slack = 1e-12 * (1.0 + np.abs(quiet) + np.abs(inputs) @ np.abs(gains))
    return gains if bool(np.all(np.abs(moved - quiet - inputs @ gains) <= slack)) else None


def _latch(form: ActivationForm | None) -> scalar.ScalarLatch | None:
    """The exact theory, of one tanh or logistic unit that excites itself."""
    if form is None or form.leak.any() or form.f not in (TANH, LOGISTIC) or not form.W[0, 0] > 0:
        return None
    return scalar.scalar_latch(float(form.W[0, 0]), float(form.c[0]), form.f.name)


def within_reach(line: Line) -> bool:
    """Whether the noise reaches an edge of the basin."""
    return any(line.reach[0] < end < line.reach[1] for interval in line.basin for end in interval)


def reached(
    step: Callable[[Array], Array], start: Interval, push: float, tolerance: float = 1e-3, rounds: int = MOST_ROUNDS
) -> Interval | None:
    """An interval that the state does not leave from `start`, to `tolerance` times `push`; None if it has no end.

    What is reached only after `rounds` steps is left out.
    """
    lo, hi = start
    scale = 1.0 + abs(lo) + abs(hi) + push
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(rounds):
            image = step(np.linspace(lo, hi, SAMPLES))
            below, above = min(lo, float(image.min()) - push), max(hi, float(image.max()) + push)
            if not -1e9 * scale < below <= above < 1e9 * scale:
                return None
            if lo - below <= tolerance * push and above - hi <= tolerance * push:
                return below, above
            lo, hi = below, above
    return lo, hi


def _scan(map: Map, points: Array, start: float, reach: Interval) -> tuple[Interval, ...]:
    """The basin inside `reach` from a grid of states, its ends by bisection between states that end differently."""
    states = np.union1d(np.linspace(*reach, GRID), [start])
    basin = Basin(map, points, states[:, None])
    inside = basin.holds(states[:, None])
    change = np.flatnonzero(inside[1:] != inside[:-1])
    within = np.where(inside[change], states[change], states[change + 1])
    without = np.where(inside[change], states[change + 1], states[change])
    for _ in range(HALVINGS if len(change) else 0):
        middle = 0.5 * (within + without)
        held = basin.holds(middle[:, None])
        within, without = np.where(held, middle, within), np.where(held, without, middle)
    ends = [*([-math.inf] if inside[0] else []), *without.tolist(), *([math.inf] if inside[-1] else [])]
    return _merged([(ends[k], ends[k + 1]) for k in range(0, len(ends), 2)])


def _merged(intervals: list[Interval]) -> tuple[Interval, ...]:
    """Neighbours joined that only a point separates: one that repels, whose preimages are of measure zero."""
    joined = intervals[:1]
    for lo, hi in intervals[1:]:
        if lo - joined[-1][1] <= 16.0 * EPS * (1.0 + abs(lo)):
            joined[-1] = (joined[-1][0], hi)
        else:
            joined.append((lo, hi))
    return tuple(joined)
