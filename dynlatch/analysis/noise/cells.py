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
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dynlatch.analysis.attractor import Attractor
from dynlatch.analysis.noise.cut_cells import Inside, sides
from dynlatch.analysis.noise.lattice import Lattice, Readings, normal_profile, read, readings, smoothed
from dynlatch.analysis.noise.membership import Basin
from dynlatch.analysis.structure import activation_form, activations_of
from dynlatch.disturbances import Disturbed, Steered
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, coordinates, require_smooth
from dynlatch.networks import AdditiveNetwork, ElmanNetwork
from dynlatch.validation import Array

GROWTH = 60  # rounds in which the region that noise reaches may grow
PROBES = {2: 41, 3: 17}  # states along an axis at which the region's image is looked at
MOST_NODES = 2_500_000
MOST_STEPS = 4000  # until the escape rate settles
SETTLED = 1e-9


class Fineness(NamedTuple):
    """Of a lattice: nodes per width of the narrowest feature, order of interpolation, halvings of cut cells, reach of the noise."""

    nodes: float
    order: int
    halvings: int
    reach: float


FINE = {2: Fineness(2.0, 8, 2, 9.0), 3: Fineness(1.2, 6, 0, 6.5)}
COARSE = {2: Fineness(1.4, 8, 1, 9.0), 3: Fineness(0.85, 4, 0, 6.5)}


class CellRetention(NamedTuple):
    """Curves from the attractor, and how far those of a coarser lattice are from them."""

    survival: Array  # (steps + 1,) never left the basin
    returned: Array  # (steps + 1,) in the basin at t
    escape_rate: float
    mean_exit_time: float
    error: float  # estimate, of probabilities
    rate_error: float  # estimate, relative, of the rate


@dataclass(frozen=True, eq=False)
class AdditiveNoise:
    """`a' = map.step(a) + root z` with z of independent standard normal entries; `start` is a point of the attractor."""

    map: Map
    root: Array
    orbit: Array

    def step(self, y: Array) -> Array:
        """One step without noise in units of it: states (k, n)."""
        return np.asarray(np.linalg.solve(self.root, self.map.step(y @ self.root.T).T).T)

    @property
    def start(self) -> Array:
        return np.asarray(np.linalg.solve(self.root, self.orbit[0]))


def additive_noise(system: Map, attractor: Attractor, std: float) -> AdditiveNoise | None:
    """The system with its noise as an addition to the state, of full rank; None where it is not of this kind."""
    map, B, orbit = system, None, attractor.points
    while isinstance(map, Steered):
        map = map.map
    form = activation_form(system)
    if isinstance(map, Disturbed):
        map, B = map.map, _through(system)
    elif form is not None and coordinates(system) == ElmanNetwork.coordinates:
        map, B, orbit = AdditiveNetwork(form.W, form.c, form.f), form.B, activations_of(system, orbit)
    elif form is not None:
        B = form.B
    if B is None:
        return None
    values, vectors = np.linalg.eigh(B @ B.T)
    if not values[0] > 1e-8 * values[-1]:
        return None
    root = std * (vectors * np.sqrt(values)) @ vectors.T
    root[np.abs(root) < 1e-14 * np.abs(root).max()] = 0.0
    return AdditiveNoise(map, root, orbit)


def _through(system: Map) -> Array:
    """The matrix through which inputs of a steered or disturbed map are added to its state."""
    if isinstance(system, Steered):
        return _through(system.map) @ system.matrix
    assert isinstance(system, Disturbed)
    return system.matrix


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
        None where the noise is not added to the state, does not reach all of its directions, or is so small that the lattice
        would have too many nodes.
    """
    noise = additive_noise(system, attractor, std)
    if noise is None or noise.map.dim not in FINE:
        return None
    inside = _indicator(noise)
    answers = []
    for fineness in (COARSE[noise.map.dim], FINE[noise.map.dim]):
        lattice = _lattice(noise, fineness)
        if lattice is None:
            return None
        answers.append(_curves(noise, lattice, inside, fineness, steps))
    coarse, fine = answers
    error = max(np.abs(fine.survival - coarse.survival).max(), np.abs(fine.returned - coarse.returned).max())
    rate_error = abs(fine.escape_rate / coarse.escape_rate - 1.0) if fine.escape_rate > 0 < coarse.escape_rate else np.inf
    return fine._replace(error=float(error), rate_error=float(rate_error))


def _indicator(noise: AdditiveNoise) -> Inside:
    """Whether states (k, n), in units of the noise, belong to the basin."""
    n = noise.map.dim
    around = np.array(list(itertools.product(np.linspace(-20.0, 20.0, 9), repeat=n)))
    basin = Basin(noise.map, noise.orbit, noise.orbit[0] + around @ noise.root.T)
    return lambda states: basin.holds(states @ noise.root.T)


def _lattice(noise: AdditiveNoise, fineness: Fineness) -> Lattice | None:
    """A lattice over all states that noise reaches step by step, fine enough for the steepest of them; None if too large."""
    n = noise.map.dim
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
    if np.prod(shape.astype(float)) > MOST_NODES:
        return None
    return Lattice(lo - 0.5 * fineness.order * spacing, spacing, tuple(int(size) for size in shape), fineness.order)


def _probes(lo: Array, hi: Array) -> Array:
    n = len(lo)
    axes = [np.linspace(lo[i], hi[i], PROBES[n]) for i in range(n)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, n)


def _curves(noise: AdditiveNoise, lattice: Lattice, inside: Inside, fineness: Fineness, steps: int) -> CellRetention:
    weights = sides(lattice, inside, fineness.halvings)
    profile = normal_profile(lattice.spacing, fineness.reach)
    start = noise.step(noise.start[None])
    returned = np.ones(steps + 1)
    every = _Operator.of(noise, lattice, np.ones(lattice.shape), profile)
    values = weights.inside
    here = readings(lattice, start)
    for k in range(1, steps + 1):
        average = smoothed(values, profile)
        returned[k] = read(average, here)[0]
        if k < steps:
            values = read(average, every.where).reshape(lattice.shape)
    first = smoothed(weights.outside, profile)
    return _killed(noise, lattice, weights.inside, first, profile, steps)._replace(returned=returned)


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


def _killed(noise: AdditiveNoise, lattice: Lattice, weights: Array, leaving: Array, profile: Array, steps: int) -> CellRetention:
    """Survival by time, and the rate at which it decays in the end."""
    at = np.argwhere(weights)
    first = np.maximum(at.min(0) - lattice.order, 0)
    last = np.minimum(at.max(0) + lattice.order, np.array(lattice.shape) - 1)
    box = tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))
    part = lattice.part(first, last)
    operator = _Operator.of(noise, part, weights[box], profile)
    here = readings(part, noise.step(noise.start[None]))
    lost, kept = leaving[box], None
    survival, rates = [1.0], []
    exits = [float(read(lost, here)[0])]
    total = 0.0
    values = np.ones(len(operator.places))
    while True:
        kept = operator.averaged(values)
        survival.append(float(read(kept, here)[0]))
        rates.append(exits[-1] / survival[-2])
        settled = len(rates) > 3 and abs(rates[-1] - rates[-2]) <= SETTLED * rates[-1] and abs(rates[-2] - rates[-3]) <= SETTLED * rates[-1]
        if len(survival) > steps and (settled or len(rates) > MOST_STEPS):
            break
        values = read(kept, operator.where)
        lost = operator.averaged(read(lost, operator.where))
        exits.append(float(read(lost, here)[0]))
    rate = rates[-1]
    mean = float(np.sum(survival[:-1]) + survival[-1] / rate) if rate > 0 else np.inf
    return CellRetention(np.array(survival[: steps + 1]), np.empty(0), rate, mean, np.nan, np.nan)
