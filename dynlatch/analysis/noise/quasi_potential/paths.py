"""Paths to one saddle: first guesses, the cheapest near each, and the same with more time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.noise.quasi_potential.condition import Condition
from dynlatch.analysis.noise.quasi_potential.descent import cheapest
from dynlatch.analysis.noise.quasi_potential.saddles import Exit
from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

FIRST, LAST = 12, 72  # steps of a path that may grow
STARTS = 3
STILL = 1e-6  # relative fall of V from which on the path is long enough
MISS = 1e-6
FEW = 16  # dimensions in which paths are first led to the saddle itself
NEAR = 0.4  # of the way to the saddle: the boundary is its tangent there


class Path(NamedTuple):
    """Inputs (T, m) to an exit, and how far off the boundary they end."""

    inputs: Array
    exit: Exit
    miss: float

    @property
    def action(self) -> float:
        return 0.5 * float(np.square(self.inputs).sum())


def short_paths(system: SmoothMap, home: Array, exit: Exit, length: int | None, random: np.random.Generator) -> list[Path]:
    """Locally cheapest paths of a few steps to one exit, from several starts."""
    first = FIRST if length is None else min(FIRST, length)
    size = float(np.linalg.norm(exit.saddle - home))
    return [to_the_saddle(system, home, exit, start) for start in _starts(system, home, exit, first, size, random)]


def distinct(paths: list[Path]) -> list[Path]:
    """Those that end on the boundary, the cheapest first, one of each action."""
    ended = sorted((path for path in paths if path.miss <= MISS), key=lambda path: path.action)
    return [path for k, path in enumerate(ended) if k == 0 or path.action > ended[k - 1].action * (1.0 + 1e-6)]


def _starts(system: SmoothMap, home: Array, exit: Exit, T: int, size: float, random: np.random.Generator) -> list[Array]:
    """First guesses of the inputs: those along the straight line to the saddle, and the same with noise."""
    line = home + np.linspace(0.0, 1.0, T + 1)[:, None] * (exit.saddle - home)
    straight = inputs_along(system, line)
    noisy = [straight + 0.2 * size * random.standard_normal(straight.shape) / np.sqrt(T) for _ in range(STARTS - 1)]
    return [straight, *noisy]


def inputs_along(system: SmoothMap, line: Array) -> Array:
    """Inputs (T, m) that keep the state near a given path (T + 1, n), to first order."""
    return np.asarray(
        np.einsum("tij,tj->ti", np.linalg.pinv(system.input_jacobian(line[:-1])), line[1:] - system.step(line[:-1]))
    )


def lengthened(system: SmoothMap, home: Array, path: Path, length: int | None) -> Path:
    """The same path with more time at both ends, improved each time."""
    last = LAST if length is None else length
    while len(path.inputs) < last:
        more = min(len(path.inputs), last - len(path.inputs))
        quiet = np.zeros((more, system.input_dim))
        found = []
        for after in (more // 3, 2 * more // 3):
            after -= after % path.exit.period
            found.append(improved(system, home, path.exit, np.concatenate([quiet[after:], path.inputs, quiet[:after]])))
        found = [other for other in found if other.miss <= MISS]
        best = min(found, key=lambda other: other.action, default=None)
        gained = best is not None and best.action < path.action * (1.0 - STILL)
        kept = path._replace(inputs=np.concatenate([quiet, path.inputs]))
        path = best if best is not None and best.action <= path.action else kept
        if length is None and not gained:
            break
    return path


def to_the_saddle(system: SmoothMap, home: Array, exit: Exit, start: Array) -> Path:
    """The cheapest inputs near `start` that end at the saddle itself, then those that end on the boundary near it."""
    from scipy.optimize import minimize

    condition = Condition(system, home, exit, start.shape)
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
        options={"maxiter": 100, "ftol": 1e-7},
    )
    inputs = found.x.reshape(start.shape) if np.isfinite(found.x).all() else start
    return improved(system, home, exit, inputs)


def improved(system: SmoothMap, home: Array, exit: Exit, start: Array) -> Path:
    """The cheapest path near `start` that ends on the boundary; `start` itself where that ends too far from the saddle."""
    condition = Condition(system, home, exit, start.shape)
    for flat in (cheapest(condition, start.reshape(-1)), start.reshape(-1)):
        end = float(np.linalg.norm(condition.gap(flat)))
        if end <= NEAR:
            break
    return Path(flat.reshape(start.shape), exit, abs(condition.value(flat)) if end <= NEAR else np.inf)
