"""The attractors of a call: given, or found; each with the balls in which it is recognised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from dynlatch.analysis.attractor import attracting
from dynlatch.analysis.basins.system import Ball, System, finite_steps
from dynlatch.analysis.contraction import ContractionBall, contraction_ball
from dynlatch.analysis.fixed_points import FixedPoints, fixed_points
from dynlatch.analysis.outcomes import Stability
from dynlatch.analysis.structure import is_odd
from dynlatch.errors import DynlatchError, InvalidInput, NotAttracting
from dynlatch.maps import Map, SmoothMap
from dynlatch.validation import Array, finite_array

CONFIRMED, HALVINGS = 1024, 40
TRIALS, RETURN = 8, 64  # perturbed starts a point of a cycle, and how many periods they have for their return


def members(attractors: Any, n: int) -> list[Any]:
    """The attractors one by one: of a result those that attract, of a list its items, and a single state by itself."""
    stability = getattr(attractors, "stability", None)
    if stability is not None and hasattr(attractors, "points") and np.ndim(stability) == 1:
        return [orbit for orbit, word in zip(attractors.points, stability, strict=True) if word == Stability.ATTRACTING]
    if isinstance(attractors, np.ndarray) and attractors.ndim == 1 and attractors.shape == (n,):
        return [attractors]
    if not isinstance(attractors, Iterable):
        return [attractors]
    return list(attractors)


def found(map: Map, bounds: Any, rng: np.random.Generator, time_budget: float | None) -> list[Array]:
    """The attracting fixed points of a smooth map; none of any other, whose attractors show by recurrence only."""
    if not isinstance(map, SmoothMap):
        return []
    try:
        known: FixedPoints = fixed_points(map, rng=rng, time_budget=time_budget)
    except InvalidInput:
        if bounds is None:
            raise
        try:
            known = fixed_points(map, bounds=bounds, rng=rng, time_budget=time_budget)
        except InvalidInput:  # a function with holes in its domain: recurrence finds its attractors
            return []
    return list(known.attractors.points[:, None, :])


def listed(map: Map, attractors: Any) -> list[Array]:
    """The points (p, n) of each given attractor, checked and polished."""
    orbits: list[Array] = []
    for item in members(attractors, map.dim):
        orbit = attracting(map, item, "basins").points if isinstance(map, SmoothMap) else _closed(map, item)
        if any(same_orbit(orbit, other) for other in orbits):
            raise InvalidInput(f"`attractors` holds the attractor at {np.array2string(orbit[0], threshold=6)} twice.")
        orbits.append(orbit)
    return orbits


def _closed(map: Map, item: Any) -> Array:
    """The given points of a map without derivatives, if each is the image of the one before."""
    points = finite_array("attractors", item)
    if points.ndim not in (1, 2) or points.size == 0 or points.shape[-1] != map.dim:
        raise InvalidInput(f"an attractor must be a state of shape ({map.dim},) or a cycle of shape (period, {map.dim}).")
    orbit = points.reshape(-1, map.dim)
    miss = float(np.abs(map.step(orbit) - np.roll(orbit, -1, axis=0)).max())
    if not miss <= 1e-6 * (1.0 + np.abs(orbit).max()):
        raise InvalidInput(f"a given attractor is no fixed point and no cycle: one step misses the next point by {miss:.3g}.")
    return orbit


def same_orbit(left: Array, right: Array) -> bool:
    """Whether two orbits (p, n) and (q, n) are the same set of points."""
    if len(left) != len(right):
        return False
    gap = np.abs(left[:, None] - right).max(-1).min(1)
    return bool(gap.max() <= 1e-7 * (1.0 + np.abs(left).max()))


def prime_orbit(points: Array) -> Array:
    """The points (p, n) of a closed orbit once, p divided down to its prime period, from the least point on."""
    p = len(points)
    slack = 1e-7 * (1.0 + np.abs(points).max())
    for q in range(1, p + 1):
        if p % q == 0 and np.abs(np.roll(points, -q, axis=0) - points).max() <= slack:
            points = points[:q]
            break
    # From the least point on: the same cycle always looks the same.
    return np.roll(points, -int(np.lexsort(points.T[::-1])[0]), axis=0)


def balls_of(map: Map, orbit: Array, label: int) -> list[Ball]:
    """The balls around an attracting orbit; none if nothing shows that it attracts.

    Raises
    ------
    NotAttracting
        If its linearisation does not contract.
    """
    if not isinstance(map, SmoothMap):
        return _tested_balls(map, orbit, label)
    ball = contraction_ball(map, attracting(map, orbit, "basins"))
    if not ball.proved:
        ball = _confirmed(map, ball)
    outer = [float(np.linalg.norm(inverse, 2)) * ball.radius for inverse in ball.inverses]
    return [Ball(label, ball.orbit[j], ball.factors[j], ball.radius, outer[j], ball.proved) for j in range(len(orbit))]


def _confirmed(map: Map, ball: ContractionBall) -> ContractionBall:
    """A ball without proof, made smaller until every one of many states in it moves closer to the cycle, and then halved.

    Raises
    ------
    NotAttracting
        If no size passes.
    """
    p, n = ball.orbit.shape
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((CONFIRMED, p, n))
    directions *= (rng.random((CONFIRMED, p, 1)) ** (1.0 / min(n, 3))) / np.linalg.norm(directions, axis=-1, keepdims=True)
    following = np.roll(np.arange(p), -1)
    for radius in ball.radius * 0.5 ** np.arange(HALVINGS):
        states = ball.orbit + radius * np.einsum("pij,kpj->kpi", ball.inverses, directions)
        images = finite_steps(map, states.reshape(-1, n)).reshape(states.shape) - ball.orbit[following]
        away = np.linalg.norm(np.einsum("pij,kpj->kpi", ball.factors[following], images), axis=-1)
        if np.all(away <= 0.5 * (1.0 + ball.rate) * radius * np.linalg.norm(directions, axis=-1) + 1e-12 * radius):
            return replace(ball, radius=0.5 * float(radius))
    raise NotAttracting("no neighbourhood of the attractor is seen to converge to it.")


def _tested_balls(map: Map, orbit: Array, label: int) -> list[Ball]:
    """Balls of a map without derivatives: the largest of a few sizes from which perturbed states come back and stay near."""
    p, n = orbit.shape
    scale = 1.0 + float(np.abs(orbit).max())
    shifts = np.random.default_rng(0).standard_normal((TRIALS * n, p, n))
    shifts /= np.linalg.norm(shifts, axis=-1, keepdims=True)
    for size in scale * 10.0 ** -np.arange(2.0, 8.0):
        x = orbit + size * shifts
        for _ in range(RETURN * p):
            x = map.step(x)
        back = np.linalg.norm(x - orbit, axis=-1).max()
        if back <= 0.1 * size:
            return [Ball(label, point, np.eye(n), size, size, False) for point in orbit]
    return []


def _mirrored(system: System, orbit: Array, label: int) -> list[Ball]:
    """The balls of the opposite attractor, mirrored: an odd map contracts in both alike. None if there is no such."""
    if not is_odd(system.map):
        return []
    other = {ball.label for ball in system.balls}
    for k in other:
        balls = [ball for ball in system.balls if ball.label == k]
        if same_orbit(orbit, np.stack([-ball.centre for ball in balls])):
            return [replace(ball, label=label, centre=-ball.centre) for ball in balls]
    return []


def add_target(system: System, orbit: Array, label: int) -> bool:
    """Give the system the balls of an attractor; False if none can be certified or tested."""
    balls = _mirrored(system, orbit, label)
    if not balls:
        try:
            balls = balls_of(system.map, orbit, label)
        except DynlatchError:
            return False
    system.balls += balls
    return bool(balls)
