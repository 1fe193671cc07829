"""Retention in two and three dimensions: the transfer operator on a lattice of cells.

The state moves by `a' = M(a) + B u`, u Gaussian. With beta the basin and N the density of B u, the probabilities that the state
has never left beta, `S_k(a)`, and that it is in beta, `R_k(a)`, after k steps from a are

    S_{k+1}(a) = int_beta N(y - M(a)) S_k(y) dy,      R_{k+1}(a) = int N(y - M(a)) R_k(y) dy,      S_0 = R_0 = 1 in beta,

and the probability `D_k(a)` of leaving at step k + 1 obeys the first equation, from `D_0(a) = int_{not beta} N(y - M(a)) dy`:
sums of positive terms, so that `D_k / S_k`, which tends to the escape rate, keeps its relative accuracy however small it is.
S, R and D are smooth functions of M(a); only the indicator of beta is not, and its weights come from `cut_cells`. A step is a
product with weights, a convolution along each axis, and an interpolation at M of every node: no matrix in n dimensions.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np

from dynlatch.analysis.attractor import Attractor
from dynlatch.analysis.noise.additive import AdditiveNoise, additive_noise
from dynlatch.analysis.noise.cut_cells import Inside, sides
from dynlatch.analysis.noise.lattice import Lattice, Readings, normal_profile, read, readings, smoothed
from dynlatch.analysis.noise.membership import Basin
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, require_smooth
from dynlatch.validation import Array

GROWTH = 60  # rounds in which the region that noise reaches may grow
PROBES = {2: 41, 3: 17}  # states along an axis at which the region's image is looked at
MOST_NODES, MOST_REFINED = {2: 300_000, 3: 2_500_000}, {2: 100_000, 3: 400_000}  # of the first two lattices, of finer ones
MOST_STEPS = 4000  # until the escape rate settles
SETTLED = 1e-7


class Fineness(NamedTuple):
    """Of a lattice: nodes per width of its narrowest feature, order of interpolation, halvings of cut cells, noise's reach."""

    nodes: float
    order: int
    halvings: int
    reach: float


# Finer and finer, until two agree to the tolerance.
LADDER = {
    2: tuple(Fineness(nodes, 8, 1 + (nodes > 1.4), 9.0) for nodes in (1.4, 2.0, 2.8, 4.0)),
    3: tuple(Fineness(nodes, 6, 0, 5.5) for nodes in (0.7, 1.0, 1.4)),
}
TOLERANCE = {2: 1e-3, 3: 1e-2}


class CellRetention(NamedTuple):
    """Curves from the attractor, and how far those of a coarser lattice are from them."""

    survival: Array  # (steps + 1,) never left the basin
    returned: Array  # (steps + 1,) in the basin at t
    escape_rate: (
        float  # 0 where no sequence of steps within the lattice's reach leaves the basin: it is below exp(-reach^2 / 2)
    )
    mean_exit_time: float
    lost: Array  # 1 - survival and 1 - returned, with their relative accuracy where they are small
    away: Array
    error: float  # estimate, of probabilities
    rate_error: float  # estimate, relative, of the rate; infinite where it had not settled, 0 where the rate is 0


def cell_retention(system: Map, attractor: Attractor, std: float, steps: int) -> CellRetention | None:
    """Retention from an attractor under Gaussian noise in two or three dimensions.

    Parameters
    ----------
    system : Map
        Its input is the noise.
    attractor : Attractor
    std : float
        Standard deviation of each input.
    steps : int

    Returns
    -------
    CellRetention or None
        None where the noise is not added to the state, does not reach all of its directions, or is so small that
        the lattice would have too many nodes.

    Raises
    ------
    InvalidInput
        If the noise drives the states beyond all bounds.
    """
    driven = additive_noise(system, attractor, std) if system.dim in LADDER and std > 0.0 else None
    if driven is None:
        return None
    inside = _indicator(driven)
    best: CellRetention | None = None
    for fineness in LADDER[system.dim]:
        lattice = _lattice(driven, fineness)
        if math.prod(lattice.shape) > (MOST_NODES if best is None or np.isnan(best.error) else MOST_REFINED)[system.dim]:
            break
        finer = _curves(driven, lattice, inside, fineness, steps)
        best = finer if best is None else _compared(best, finer)
        if max(best.error, best.rate_error) <= TOLERANCE[system.dim]:
            break
    return best


def _compared(coarse: CellRetention, fine: CellRetention) -> CellRetention:
    """The finer one, with how far the coarser is from it."""
    error = max(np.abs(fine.lost - coarse.lost).max(), np.abs(fine.away - coarse.away).max())
    rate_error = abs(coarse.escape_rate / fine.escape_rate - 1.0) if fine.escape_rate > 0 else 0.0
    return fine._replace(error=float(error), rate_error=float(np.fmax(rate_error, fine.rate_error)))


def _indicator(noise: AdditiveNoise) -> Inside:
    """Whether states (k, n), in units of the noise, belong to the basin."""
    n = noise.map.dim
    around = np.array(list(itertools.product(np.linspace(-20.0, 20.0, 9), repeat=n)))
    basin = Basin(noise.map, noise.orbit, noise.orbit[0] + around @ noise.root.T)
    return lambda states: basin.holds(states @ noise.root.T)


def _lattice(noise: AdditiveNoise, fineness: Fineness) -> Lattice:
    """A lattice over all states that noise reaches step by step, fine enough for the steepest of them."""
    lo, hi = noise.start - fineness.reach, noise.start + fineness.reach
    for _ in range(GROWTH):
        image = noise.step(_probes(lo, hi))
        margin = fineness.reach + 0.01 * (image.max(0) - image.min(0))
        below, above = np.minimum(lo, image.min(0) - margin), np.maximum(hi, image.max(0) + margin)
        grown = max((lo - below).max(), (above - hi).max())
        lo, hi = below, above
        if grown < 0.05:
            break
    else:
        raise InvalidInput("the states that this noise reaches do not stay bounded: take smaller noise or fewer steps.")
    slopes = require_smooth(noise.map, "retention").jacobian(_probes(lo, hi) @ noise.root.T)
    steepest = np.linalg.norm(np.linalg.solve(noise.root, slopes @ noise.root), 2, axis=(-2, -1)).max()
    spacing = float(1.0 / (fineness.nodes * np.sqrt(1.0 + steepest**2)))
    shape = np.ceil((hi - lo) / spacing).astype(int) + fineness.order
    return Lattice(lo - 0.5 * fineness.order * spacing, spacing, tuple(int(size) for size in shape), fineness.order)


def _probes(lo: Array, hi: Array) -> Array:
    n = len(lo)
    axes = [np.linspace(lo[i], hi[i], PROBES[n]) for i in range(n)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, n)


def _curves(noise: AdditiveNoise, lattice: Lattice, inside: Inside, fineness: Fineness, steps: int) -> CellRetention:
    weights = sides(lattice, inside, fineness.halvings)
    profile = normal_profile(lattice.spacing, fineness.reach)
    leaving = smoothed(weights.outside, profile)
    away = _unkilled(noise, lattice, leaving, profile, steps)
    if not away.any():
        nothing = np.zeros(steps + 1)
        return CellRetention(1.0 - nothing, 1.0 - nothing, 0.0, np.inf, nothing, nothing, np.nan, 0.0)
    return _killed(noise, lattice, weights.inside, leaving, profile, steps)._replace(returned=1.0 - away, away=away)


def _unkilled(noise: AdditiveNoise, lattice: Lattice, leaving: Array, profile: Array, steps: int) -> Array:
    """Probabilities (steps + 1,) of being outside the basin, whatever was before."""
    every = _Operator.of(noise, lattice, np.ones(lattice.shape), profile)
    here = readings(lattice, noise.step(noise.start[None]))
    away = np.zeros(steps + 1)
    for k in range(1, steps + 1):
        away[k] = read(leaving, here)[0]
        if k < steps:
            leaving = every.averaged(read(leaving, every.where))
    return away


class _Operator(NamedTuple):
    """The transfer operator on functions of the nodes with a weight."""

    lattice: Lattice
    places: np.ndarray[tuple[int], np.dtype[np.intp]]
    weights: Array
    where: Readings
    profile: Array

    @classmethod
    def of(cls, noise: AdditiveNoise, lattice: Lattice, weights: Array, profile: Array) -> _Operator:
        places = np.flatnonzero(weights)
        states = noise.step(lattice.nodes(places))
        return cls(lattice, places, weights.reshape(-1)[places], readings(lattice, states), profile)

    def averaged(self, values: Array) -> Array:
        """The function `int N(y - .) values(y) dy` on the lattice, of values at the weighted nodes."""
        full = np.zeros(int(np.prod(self.lattice.shape)))
        full[self.places] = self.weights * values
        return smoothed(full.reshape(self.lattice.shape), self.profile)


def _killed(
    noise: AdditiveNoise, lattice: Lattice, weights: Array, leaving: Array, profile: Array, steps: int
) -> CellRetention:
    """Survival by time, and the rate at which it decays in the end."""
    at = np.argwhere(weights)
    first = np.maximum(at.min(0) - lattice.order, 0)
    last = np.minimum(at.max(0) + lattice.order, np.array(lattice.shape) - 1)
    box = tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))
    part = lattice.part(first, last)
    operator = _Operator.of(noise, part, weights[box], profile)
    here = readings(part, noise.step(noise.start[None]))
    kept, lost = operator.averaged(np.ones(len(operator.places))), leaving[box]
    survival, exits = [1.0, float(read(kept, here)[0])], [float(read(lost, here)[0])]
    while len(survival) <= steps or not (_settled(survival, exits, len(noise.orbit)) or len(survival) > MOST_STEPS):
        kept, lost = (operator.averaged(read(values, operator.where)) for values in (kept, lost))
        survival.append(float(read(kept, here)[0]))
        exits.append(float(read(lost, here)[0]))
    rate = _rate(survival, exits, len(noise.orbit), 0)
    mean = float(np.sum(survival[:-1]) + survival[-1] / rate) if rate > 0 else np.inf
    doubt = np.nan if _settled(survival, exits, len(noise.orbit)) else np.inf
    gone = np.append(0.0, np.cumsum(exits))[: steps + 1]
    return CellRetention(1.0 - gone, np.empty(0), rate, mean, gone, np.empty(0), np.nan, doubt)


def _rate(survival: list[float], exits: list[float], period: int, back: int) -> float:
    """Probability of leaving in one step, averaged over the last period, `back` steps before the last."""
    last = len(exits) - back
    return float(np.mean([exits[k] / survival[k] for k in range(last - period, last)]))


def _settled(survival: list[float], exits: list[float], period: int) -> bool:
    """Whether the rate has not changed over two periods."""
    if len(exits) < 3 * period + 2:
        return False
    now = _rate(survival, exits, period, 0)
    return all(abs(_rate(survival, exits, period, back) - now) <= SETTLED * now for back in (1, 2, 2 * period))
