"""Cycles of piecewise-linear nets, exactly: fixed points of the net unrolled over one period, and linear maps."""

from __future__ import annotations

import itertools

import numpy as np

from dynlatch.activations import LINEAR, RELU
from dynlatch.analysis.fixed_points.piecewise_linear import Pattern, Regions, enumerate_fixed_points, kink_stability, unrolled
from dynlatch.analysis.fixed_points.result import Completeness
from dynlatch.analysis.periodic_orbits.orbits import Collection, Cycle, canonical, identities
from dynlatch.analysis.structure import AdditiveForm, additive_form
from dynlatch.intervals import Box
from dynlatch.maps import Map, coordinates
from dynlatch.networks import ElmanNetwork
from dynlatch.validation import Array

PIECES = 64
RANK = 1e-9  # singular values below this, relative to the largest, count as zero


def is_piecewise_linear(map: Map) -> bool:
    """Whether the regions of `map` are known: ReLU and linear units."""
    form = additive_form(map)
    return form is not None and form.f in (RELU, LINEAR)


def by_regions(map: Map, period: int, deadline: float) -> tuple[Collection, Completeness, Array]:
    """All cycles whose period divides `period`, how complete they are, and the undecided regions of their first point."""
    form = additive_form(map)
    assert form is not None
    V, c = (1.0 - form.leak)[:, None] * form.W, (1.0 - form.leak) * form.c
    if form.f is LINEAR:
        return _linear(np.diag(form.leak) + V, c, period)
    weights, bias = unrolled(V, c, form.leak, period)
    found = _moved_off_shorter_cycles(enumerate_fixed_points(weights, bias, deadline=deadline), weights[0])
    n, outputs = len(c), coordinates(map) == ElmanNetwork.coordinates
    orbits = found.points.reshape(-1, period, n)
    if outputs:
        orbits = np.maximum(orbits, 0.0)
    collection = Collection()
    if len(orbits):
        seen: dict[int, Cycle] = {}
        for i, (label, d) in enumerate(identities(list(orbits), found.errors)):
            if label not in seen:
                seen[label] = _cycle(form, V, orbits[i, :d], found, i)
        collection.cycles.extend(seen.values())
    ended = Completeness.CLUSTER if found.ended else Completeness.BUDGET
    completeness = Completeness.PROVED if found.complete else ended
    return collection, completeness, _boxes(found, n, outputs)


def _moved_off_shorter_cycles(found: Regions, weights: Array) -> Regions:
    """Representatives of continua moved to a generic place: the middle of a segment of 2-cycles is a fixed point."""
    points = found.points.copy()
    for i in np.flatnonzero(found.dimension > 0):
        eye = np.eye(points.shape[1])
        held = np.concatenate([eye - weights * (found.patterns[i] == 1), eye[found.kinks[i]]])
        _, widths, rows = np.linalg.svd(held)
        free = rows[widths <= RANK * max(1.0, widths[0])]
        direction = np.cos(1.0 + np.arange(len(free)) ** 1.5) @ free
        moving = np.abs(direction) > 1e-12
        if moving.any():
            points[i] += 0.4 * np.min(np.abs(points[i][moving] / direction[moving])) * direction
    return found._replace(points=points)


def _cycle(form: AdditiveForm, V: Array, points: Array, found: Regions, i: int) -> Cycle:
    d, n = points.shape
    kinks = found.kinks[i].reshape(-1, n)[:d]
    undecided = bool(kinks.any() or found.dimension[i] > 0)
    stability = None
    if kinks.any() and found.dimension[i] == 0 and 2 ** min(int(kinks.sum()), 60) <= PIECES:
        stability = kink_stability(_pieces(form, V, found.patterns[i].reshape(-1, n)[:d]))
    return Cycle(canonical(points), float(found.errors[i]), undecided=undecided, stability=stability)


def _pieces(form: AdditiveForm, V: Array, patterns: Pattern) -> Array:
    """The Jacobians of M^p on all sides of the kinks of a cycle with patterns (p, n), shape (m, n, n)."""
    free = np.argwhere(patterns < 0)
    out = []
    for sides in itertools.product((0, 1), repeat=len(free)):
        chosen = patterns.copy()
        chosen[tuple(free.T)] = sides
        product = np.eye(len(V))
        for row in chosen:
            product = (np.diag(form.leak) + V * row) @ product
        out.append(product)
    return np.stack(out)


def _boxes(found: Regions, n: int, outputs: bool) -> Array:
    """The undecided regions as boxes of the first point: from or to infinity."""
    first = found.unresolved[:, :n]
    lo = np.where(first == 1, 0.0, 0.0 if outputs else -np.inf)
    hi = np.where(first == 0, 0.0, np.inf)
    return np.unique(np.stack([lo, hi], axis=1), axis=0) if len(first) else np.zeros((0, 2, n))


def _linear(J: Array, c: Array, period: int) -> tuple[Collection, Completeness, Array]:
    """Cycles of `x' = J x + c`: the fixed point alone, unless a power of J has the eigenvalue 1."""
    n = len(c)
    nothing = np.zeros((0, 2, n))
    matrix = np.eye(n) - np.linalg.matrix_power(J, period)
    right = sum((np.linalg.matrix_power(J, m) @ c for m in range(period)), np.zeros(n))
    left, widths, rows = np.linalg.svd(matrix)
    null = widths <= RANK * max(1.0, widths[0])
    point = np.linalg.lstsq(matrix, right, rcond=RANK)[0]
    if not null.any():
        fixed = Cycle(point[None], float(1e-14 * (1.0 + np.abs(point).max()) / widths[-1]))
        return Collection([fixed]), Completeness.PROVED, nothing
    if np.abs(left[:, null].T @ right).max() > RANK * (1.0 + np.abs(right).max()):
        return Collection(), Completeness.PROVED, nothing
    start = point + np.cos(1.0 + np.arange(null.sum())) @ rows[null]
    orbit = [start]
    for _ in range(period - 1):
        orbit.append(J @ orbit[-1] + c)
    points = np.stack(orbit)
    d = identities([points], np.array([1e-10]))[0][1]
    return Collection([Cycle(canonical(points[:d]), 1e-10, undecided=True)]), Completeness.CLUSTER, nothing


def inside(collection: Collection, box: Box) -> Collection:
    """The cycles with all points in a box."""
    lo, hi = box
    return Collection([cycle for cycle in collection.cycles if np.all((cycle.points >= lo) & (cycle.points <= hi))])
