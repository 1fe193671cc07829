"""n = 1, Gaussian noise: Nystroem's method on Gauss-Legendre nodes.

    K(x, y) = phi((y - M(x)) / s) / s,      P(next in (c, d) | x) = Phi((d - M(x)) / s) - Phi((c - M(x)) / s)

The integrals over y become sums over panels of Gauss-Legendre nodes that end at the edges of the basin. Kernel and laws are
analytic where M is, so that the error falls exponentially in the number of nodes: two numbers of nodes are compared, and more
are taken until they agree. Source: Nystroem (1930), as in Atkinson (1997), The Numerical Solution of Integral Equations of the
Second Kind, ch. 4; flux out of a quasi-stationary law: Collet, Martinez and San Martin (2013), Quasi-Stationary
Distributions.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import numpy as np

from dynlatch.analysis.noise.chain import Chain
from dynlatch.analysis.noise.line import Line, reached
from dynlatch.analysis.scalar_portrait import Interval
from dynlatch.validation import Array

QUIET = 9.0  # standard deviations of one step beyond which nothing is integrated: 1e-19
PER_PANEL = 48
SAMPLES = 513
LEAST_RISE = 12.0  # standard deviations as which a part of less rise counts
DENSITIES = (1.6, 2.1, 3.0, 4.5, 7.0, 10.0)  # nodes per standard deviation, tried in turn
MOST_NODES = 2500


def gaussian_chains(line: Line) -> Iterator[Chain]:
    """Matrices on more and more nodes; none where these are too many or where the noise carries the state off."""
    domain = _domain(line)
    for density in DENSITIES if domain is not None else ():
        assert domain is not None
        chain = gaussian_chain(line, domain, density)
        if chain is None:
            return
        yield chain


def _domain(line: Line) -> Interval | None:
    """All that matters: what moderate noise reaches from the start, and from the edges of the basin that noise can reach."""
    edges = [end for interval in line.basin for end in interval if line.reach[0] < end < line.reach[1]]
    push = QUIET * line.width
    first = float(line.step(np.array(line.start)))  # the start itself is no node: it may be far away
    hull = min([first, *(e - push for e in edges)]), max([first, *(e + push for e in edges)])
    widest = reached(line.step, hull, push)
    if widest is None:
        return None
    x = np.linspace(*widest, SAMPLES)
    image = line.step(x)
    if np.any(np.diff(image) < 0):
        return widest
    return -_end(-x[::-1], -image[::-1], -hull[0], line.width), _end(x, image, hull[1], line.width)


def _end(x: Array, image: Array, hull: float, width: float) -> float:
    """The upper end of the domain of an increasing map.

    Beyond its last fixed point X, where slopes are at most r < 1, the excess over X is at most a sum of r^k times the noise:
    of standard deviation `width / sqrt(1 - r^2)`, which for r near 1 is far less than the reach of the largest noise.
    """
    above = np.flatnonzero(image >= x)
    last = int(above[-1]) if len(above) else 0
    slope = float((np.diff(image) / np.diff(x))[last:].max(initial=0.0))
    top = max(hull, float(x[min(last + 1, len(x) - 1)]))
    if not slope < 1.0:
        return float(x[-1])
    return min(float(x[-1]), top + QUIET * width / math.sqrt(1.0 - slope**2))


def gaussian_chain(line: Line, domain: Interval, density: float) -> Chain | None:
    """The matrix on about `density` nodes per standard deviation; None if these are too many."""
    edges = sorted({end for interval in line.basin for end in interval if domain[0] < end < domain[1]})
    parts = [_nodes(line, lo, hi, density) for lo, hi in zip([domain[0], *edges], [*edges, domain[1]], strict=True)]
    if any(part is None for part in parts):
        return None
    nodes, weights = (np.concatenate(arrays) for arrays in zip(*(part for part in parts if part), strict=True))
    if len(nodes) > MOST_NODES:
        return None
    inside = np.zeros(len(nodes), dtype=bool)
    for lo, hi in line.basin:
        inside |= (nodes > lo) & (nodes < hi)
    image = line.step(np.append(nodes, line.start))
    away = (nodes - image[:, None]) / line.width
    matrix = np.zeros((len(image), len(image)))
    np.multiply(np.exp(-0.5 * np.square(away)), weights / (line.width * math.sqrt(2.0 * math.pi)), out=matrix[:, :-1])
    stay = sum((_probability(image, piece, line.width) for piece in line.basin), np.zeros(len(image)))
    leave = sum((_probability(image, piece, line.width) for piece in outside(line.basin)), np.zeros(len(image)))
    return Chain(matrix, np.append(inside, True), stay, leave, True)


def outside(basin: tuple[Interval, ...]) -> list[Interval]:
    """The gaps between the intervals, and the half-lines beyond them."""
    ends = [-math.inf, *(end for interval in basin for end in interval), math.inf]
    return [(ends[k], ends[k + 1]) for k in range(0, len(ends), 2) if ends[k] < ends[k + 1]]


def _probability(image: Array, piece: Interval, width: float) -> Array:
    """P(image + noise in piece), from the tails on the side where they are small."""
    from scipy.special import ndtr

    lo, hi = (piece[0] - image) / width, (piece[1] - image) / width
    swap = lo + hi > 0 if math.isfinite(piece[0] + piece[1]) else lo > 0
    below, above = np.where(swap, -hi, lo), np.where(swap, -lo, hi)
    return np.asarray(ndtr(above) - ndtr(below))


def _nodes(line: Line, lo: float, hi: float, density: float) -> tuple[Array, Array] | None:
    """Panels of Gauss-Legendre nodes, as dense as the kernel needs where M is steepest; M itself is resolved in any case."""
    near = (hi - lo) * np.geomspace(1e-6, 0.5, 65)  # an edge is where M may be steep on a scale that is small here
    x = np.unique(np.concatenate([np.linspace(lo, hi, SAMPLES), lo + near, hi - near]))
    rise = np.abs(np.diff(line.step(x)))
    coarse = max(LEAST_RISE - float(rise.sum()) / line.width, 0.0) / max(float(rise.sum()), 1e-300)
    needed = density * np.append(0.0, np.cumsum(np.maximum(rise, np.diff(x)) / line.width + coarse * rise))
    count = 8.0 + float(needed[-1])
    if not count <= MOST_NODES:
        return None
    panels = math.ceil(count / (PER_PANEL if coarse == 0.0 else 16))
    size = min(8 * math.ceil(count / panels / 8.0), PER_PANEL)
    nodes, weights = legendre(size)
    ends = np.interp(np.linspace(0.0, needed[-1], panels + 1), needed, x)
    middles, halves = 0.5 * (ends[1:] + ends[:-1]), 0.5 * np.diff(ends)
    return (middles[:, None] + halves[:, None] * nodes).ravel(), (halves[:, None] * weights).ravel()


@functools.cache
def legendre(size: int) -> tuple[Array, Array]:
    """Nodes and weights on [-1, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(size)
    return nodes, weights
