"""The nearest state outside a basin: along rays, then down the distance from point to point of the basin's boundary.

Along each of many directions the first escape is bracketed and narrowed. At a point of the boundary its normal nu comes from
backpropagation through the orbit that runs along the boundary to its edge state,

    nu = J_0^T J_1^T ... J_{T-1}^T p,

for any p with a part along the unstable direction of that state: it grows, all others shrink. A tangent plane whose nearest
point is then sought gives the next direction (the design-point iteration of Hasofer, Lind, Rackwitz and Fiessler 1978, for any
norm), with a trust region, and a step counts only if the boundary is met closer by.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.basins.descent import descend
from dynlatch.analysis.basins.rest import judge_rest
from dynlatch.analysis.basins.result import OUTCOMES, BasinOutcome
from dynlatch.analysis.basins.setup import scouted_system
from dynlatch.analysis.basins.system import System
from dynlatch.linalg import spectral_radius
from dynlatch.maps import Map, SmoothMap
from dynlatch.validation import Array

ESCAPED = OUTCOMES.index(BasinOutcome.ESCAPED)
QUICK, STEPS = 256, 3000
PARTS = 12  # pieces into which a bracket on a ray is cut at once
LEVELS = np.geomspace(0.02, 100.0, 48)  # in units of the size of the attractor
FINE = 4e-15  # relative width of the last bracket
COARSE = 1e-9  # the same during the descent
TRUST = np.array([1.0, 0.5, 0.2, 0.05, 0.01, 0.002])  # sizes of steps, relative to the distance
TOGETHER = 1e-5  # distance of two orbits, relative, up to which they run along the boundary
SHADOW = 400
NEUTRAL = 1e-9


class Arena(NamedTuple):
    """Where shocks s (m,) take the state: to `origin + B s`; label 0 of the system is the attractor."""

    system: System
    origin: Array
    B: Array
    norm: float

    @property
    def unit(self) -> float:
        """Size of shocks that move the state by about its own size."""
        return (float(np.abs(self.origin).max()) or 1.0) / float(np.abs(self.B).max())


class Bracket(NamedTuple):
    """Rays (K, m) of size 1: the state is still in the basin at `lo` (K,), no longer at `hi` (K,)."""

    rays: Array
    lo: Array
    hi: Array

    def take(self, rows: NDArray[np.intp]) -> Bracket:
        return Bracket(self.rays[rows], self.lo[rows], self.hi[rows])


def arena(map: Map, orbit: Array, phase: int, B: Array, norm: float, probes: Array) -> Arena:
    """The map with its attractor and those in which shocks of the directions `probes` (K, m) end."""
    size = (float(np.abs(orbit).max()) or 1.0) / float(np.abs(B).max())
    shocks = np.concatenate([scale * size * probes for scale in (0.5, 2.0, 8.0)])
    system = scouted_system(map, [orbit], None, orbit[phase] + shocks @ B.T, STEPS)
    return Arena(system, orbit[phase], B, norm)


def gone(place: Arena, shocks: Array) -> NDArray[np.bool_]:
    """Which shocks (N, m) are seen to end elsewhere than in the attractor."""
    system = place.system
    X = np.ascontiguousarray((place.origin + shocks @ place.B.T).T)
    away, rows = np.zeros(len(shocks), dtype=bool), np.arange(len(shocks))
    for steps in (QUICK, STEPS, STEPS):
        with np.errstate(over="ignore", invalid="ignore"):
            fate = descend(system, X, steps)
        away[rows] = (fate.labels > 0) | (fate.codes == ESCAPED)
        if not len(fate.rows):
            break
        known = max(ball.label for ball in system.balls) + 1
        rest, met = judge_rest(system, fate.states, known)
        away[rows[fate.rows[rest]]] = _neutral(place, fate.states[:, rest])
        if not met and steps == STEPS:
            break
        rows, X = rows[fate.rows[~rest]], fate.states[:, ~rest]
        if not len(rows):
            break
    return away


def _neutral(place: Arena, X: Array) -> NDArray[np.bool_]:
    """Which columns, at rest where nothing attracts, stay there when moved: a hair off a saddle decides, off others not."""
    map = place.system.map
    if not isinstance(map, SmoothMap):
        return np.ones(X.shape[1], dtype=bool)
    return np.asarray(spectral_radius(map.jacobian(X.T)) <= 1.0 + NEUTRAL)


def first_escapes(place: Arena, rays: Array) -> Bracket:
    """The first escape along each ray that a coarse look meets; rays without one are left out."""
    levels = place.unit * LEVELS
    shocks = (rays[:, None] * levels[:, None]).reshape(-1, rays.shape[1])
    away = gone(place, shocks).reshape(len(rays), -1)
    some = np.flatnonzero(away.any(1))
    first = away[some].argmax(1)
    return Bracket(rays[some], np.append(0.0, levels)[first], levels[first])


def narrowed(place: Arena, found: Bracket, width: float) -> Bracket:
    """Each bracket cut down to the relative width."""
    rays, lo, hi = found.rays, found.lo.copy(), found.hi.copy()
    share = np.arange(1, PARTS) / PARTS
    for _ in range(24):
        wide = np.flatnonzero(hi - lo > width * hi)
        if not len(wide):
            break
        sizes = lo[wide, None] + share * (hi - lo)[wide, None]
        away = gone(place, (rays[wide, None] * sizes[..., None]).reshape(-1, rays.shape[1])).reshape(sizes.shape)
        ends = np.column_stack([sizes, hi[wide]])
        first = np.where(away.any(1), away.argmax(1), PARTS - 1)
        picked = np.arange(len(wide))
        hi[wide] = ends[picked, first]
        lo[wide] = np.column_stack([lo[wide], sizes])[picked, first]
    return Bracket(rays, lo, hi)


def normals(place: Arena, found: Bracket) -> Array:
    """Normals (K, m) of the boundary, seen from the shocks, at the points between `lo` and `hi`."""
    map = place.system.map
    assert isinstance(map, SmoothMap)
    ends = np.stack([found.rays * found.lo[:, None], found.rays * found.hi[:, None]])
    a, b = place.origin + ends @ place.B.T
    K = len(a)
    track, last, unstable = [0.5 * (a + b)], np.zeros(K, dtype=np.intp), b - a
    for t in range(1, SHADOW):
        a, b = map.step(a), map.step(b)
        together = np.abs(b - a).max(-1) <= TOGETHER * (1.0 + np.abs(a).max(-1))
        close = together & (last == t - 1)
        if not close.any():
            break
        last[close], unstable[close] = t, (b - a)[close]
        track.append(0.5 * (a + b))
    p = unstable / (np.linalg.norm(unstable, axis=-1, keepdims=True) + 1e-300)
    for t in range(len(track) - 2, -1, -1):
        back = map.vjp(track[t], p)
        p = np.where((t < last)[:, None], back / (np.linalg.norm(back, axis=-1, keepdims=True) + 1e-300), p)
    c = np.asarray(p @ place.B)
    return np.asarray(c * np.where((c * found.rays).sum(-1) < 0, -1.0, 1.0)[:, None])


def nearest(s: Array, c: Array, trust: Array, norm: float) -> Array:
    """Shocks (K, A, m) of least size on the planes `c s' = c s` within `trust` (A,) times |s| of s (K, m)."""
    level = (c * s).sum(-1)
    if norm == 2:
        foot = c * (level / np.maximum((c * c).sum(-1), 1e-300))[:, None]
        return np.asarray(s[:, None] + trust[:, None] * (foot - s)[:, None])
    size = np.abs(s).max(-1)
    lo, hi = (s[:, None] + sign * (trust * size[:, None])[..., None] for sign in (-1.0, 1.0))
    small = np.maximum(size[:, None] - trust * size[:, None], 0.0)
    large = np.broadcast_to(size[:, None], small.shape)
    for _ in range(50):
        t = 0.5 * (small + large)
        best = np.where(c[:, None] > 0, np.minimum(hi, t[..., None]), np.maximum(lo, -t[..., None]))
        reached = np.einsum("kam,km->ka", best, c) >= level[:, None]
        small, large = np.where(reached, small, t), np.where(reached, t, large)
    bound = large[..., None]
    return np.asarray(np.where(c[:, None] > 0, np.minimum(hi, bound), np.maximum(lo, -bound)))


def closer(place: Arena, found: Bracket, rounds: int) -> Bracket:
    """Every point moved along the boundary to where its distance is least nearby; only improvements are kept."""
    for _ in range(rounds):
        better, fresh = _step_closer(place, found)
        if not len(better):
            break
        gain = float((found.hi[better] - fresh.hi).max())
        columns = [part.copy() for part in found]
        for part, new in zip(columns, fresh, strict=True):
            part[better] = new
        found = Bracket(*columns)
        if gain <= 1e-8 * float(found.hi.max()):
            break
    return found


def _step_closer(place: Arena, found: Bracket) -> tuple[NDArray[np.intp], Bracket]:
    """Which points have a nearer one within the trust regions, and the nearest of those."""
    s = found.rays * found.hi[:, None]
    steps = nearest(s, normals(place, found), TRUST, place.norm)
    size = np.linalg.norm(steps, place.norm, axis=-1)
    rays = steps / np.maximum(size, 1e-300)[..., None]
    least = np.broadcast_to(found.hi[:, None] * (1.0 - 10.0 * COARSE), size.shape)
    guess = np.clip(size, 0.25 * least, least)
    radii = np.stack([guess, 0.5 * (guess + least), least])
    away = gone(place, (rays * radii[..., None]).reshape(-1, s.shape[1])).reshape(radii.shape)
    radius = np.where(away, radii, np.inf).min(0)
    pick = radius.argmin(-1)
    better = np.flatnonzero(np.isfinite(radius.min(-1)))
    shorter = radius[better, pick[better]]
    return better, narrowed(place, Bracket(rays[better, pick[better]], np.zeros(len(better)), shorter), COARSE)


def starting_rays(m: int, count: int, rng: np.random.Generator, norm: float) -> Array:
    """Axes, corners and random directions, each with its opposite (K, m) and of size 1; in the plane evenly spaced."""
    if m == 1:
        return np.array([[1.0], [-1.0]])
    if m == 2:
        angle = 2.0 * np.pi * np.arange(count) / count
        x = np.column_stack([np.cos(angle), np.sin(angle)])
    else:
        x = rng.normal(size=(count // 2, m))
        x[: count // 4] = np.sign(x[: count // 4])
        x = np.concatenate([np.eye(m)[:32], np.ones((1, m)), x])
        x = np.concatenate([x, -x])
    return np.asarray(x / np.linalg.norm(x, norm, axis=-1, keepdims=True))
