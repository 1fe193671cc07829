"""n = 1, uniform noise: piecewise polynomials between the kinks that the edges of the basin cause.

    (K v)(x) = int v(y) dy / 2h   over the y in the basin with |y - M(x)| <= h

A function v that is a polynomial between given points is integrated exactly over every such window. The indicator of the basin
jumps at its edges e; K of it has kinks where M(x) = e +- h, K^2 of it jumps of the second derivative where M(x) is h away from
those kinks, and so on: the panels end at the first few generations of these points, so that functions are smooth in each of
them. The support is exact: what bounded noise cannot reach has weight 0. Two numbers of nodes are compared, as for Gaussian
noise. Source: collocation for integral operators, Atkinson (1997), The Numerical Solution of Integral Equations of the Second
Kind, ch. 3.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.polynomial.legendre import legvander

from dynlatch.analysis.noise.chain import Chain
from dynlatch.analysis.noise.line import Line
from dynlatch.analysis.noise.scalar import legendre, outside
from dynlatch.analysis.scalar_portrait import Interval
from dynlatch.validation import Array

SAMPLES, HALVINGS = 1025, 60
MOST_NODES = 2500


class Fineness(NamedTuple):
    """Nodes of a panel, panels per window, generations of kinks and how many points of these at most."""

    order: int
    panels: float
    generations: int
    most: int


FINENESSES = (Fineness(8, 2.0, 5, 32), Fineness(10, 2.5, 7, 48), Fineness(12, 3.0, 9, 64), Fineness(14, 4.0, 11, 80))


def uniform_chains(line: Line) -> Iterator[Chain]:
    """Matrices on finer and finer panels; none where these would be too many."""
    for fineness in FINENESSES:
        ends = _panels(line, fineness)
        if (len(ends) - 1) * fineness.order > MOST_NODES:
            return
        yield uniform_chain(line, ends, fineness.order)


def uniform_chain(line: Line, ends: Array, order: int) -> Chain:
    """The matrix on panels between `ends`, rows for all nodes and the start."""
    reference, weights = legendre(order)
    middles, halves = 0.5 * (ends[1:] + ends[:-1]), 0.5 * np.diff(ends)
    nodes = (middles[:, None] + halves[:, None] * reference).ravel()
    image = line.step(np.append(nodes, line.start))
    lo, hi = image[:, None] - line.width, image[:, None] + line.width
    # Where each window begins and ends in each panel, in the panel's own units.
    left = np.clip((lo - middles) / halves, -1.0, 1.0)
    right = np.clip((hi - middles) / halves, -1.0, 1.0)
    matrix = np.zeros((len(image), len(ends) - 1, order))
    matrix[(left == -1.0) & (right == 1.0)] = weights
    cut = (right > left) & ((left > -1.0) | (right < 1.0))
    matrix[cut] = _basis_integrals(right[cut], order) - _basis_integrals(left[cut], order)
    matrix *= halves[:, None] / (2.0 * line.width)
    inside = np.zeros(len(nodes), dtype=bool)
    for below, above in line.basin:
        inside |= (nodes > below) & (nodes < above)
    flat = np.concatenate([matrix.reshape(len(image), -1), np.zeros((len(image), 1))], axis=1)
    stay, leave = (_overlap(image, pieces, line.width) for pieces in (list(line.basin), outside(line.basin)))
    return Chain(flat, np.append(inside, True), stay, leave, False)


def _overlap(image: Array, pieces: list[Interval], width: float) -> Array:
    """The share of the window of half width `width` around each image that lies in the pieces."""
    lengths = [np.minimum(image + width, hi) - np.maximum(image - width, lo) for lo, hi in pieces]
    return np.asarray(sum((np.maximum(length, 0.0) for length in lengths), np.zeros(len(image))) / (2.0 * width))


def _basis_integrals(t: Array, order: int) -> Array:
    """`int_{-1}^t L_j` of the Lagrange polynomials of the nodes: shape (len(t), order).

    `L_j = sum_m (m + 1/2) w_j P_m(t_j) P_m` and `int_{-1}^t P_m = (P_{m+1}(t) - P_{m-1}(t)) / (2m + 1)`.
    """
    reference, weights = legendre(order)
    P = legvander(t, order)
    primitive = np.empty((len(t), order))
    primitive[:, 0] = t + 1.0
    degrees = np.arange(1, order)
    primitive[:, 1:] = (P[:, 2:] - P[:, :-2]) / (2 * degrees + 1)
    shares = (np.arange(order) + 0.5)[:, None] * legvander(reference, order - 1).T * weights
    return np.asarray(primitive @ shares)


def _panels(line: Line, fineness: Fineness) -> Array:
    """Ends of the panels: what the noise reaches, cut at the edges and kinks, and again where a panel would be too long."""
    lo, hi = line.reach
    close = 1e-9 * (hi - lo)
    edges = [end for interval in line.basin for end in interval if lo + close < end < hi - close]
    ends, fresh = [lo, *edges, hi], edges
    for _ in range(fineness.generations):
        found: list[float] = []
        for x in _preimages(line, np.array([end + push for end in fresh for push in (line.width, -line.width)])):
            if min(abs(x - end) for end in (*ends, *found)) > close:
                found.append(float(x))
        ends, fresh = [*ends, *found], found
        if len(ends) > fineness.most or not found:
            break
    corners = np.sort(np.array(ends))
    pieces = []
    for below, above in itertools.pairwise(corners):
        rise = float(np.abs(np.diff(line.step(np.linspace(below, above, 17)))).sum())
        count = int(np.ceil(fineness.panels * max(above - below, rise) / line.width))
        count = max(count, int(np.ceil(fineness.panels * (above - below))))
        pieces.append(np.linspace(below, above, max(count, 1) + 1)[:-1])
    return np.append(np.concatenate(pieces), hi)


def _preimages(line: Line, values: Array) -> Array:
    """All x that noise reaches with M(x) in `values`, by bisection between states at which M is sampled."""
    if not len(values):
        return values
    x = np.linspace(*line.reach, SAMPLES)
    above = line.step(x) > values[:, None]
    which, place = np.nonzero(above[:, 1:] != above[:, :-1])
    low, high, rising = x[place], x[place + 1], above[which, place + 1]
    for _ in range(HALVINGS if len(which) else 0):
        middle = 0.5 * (low + high)
        up = (line.step(middle) > values[which]) == rising
        low, high = np.where(up, low, middle), np.where(up, middle, high)
    return np.asarray(0.5 * (low + high))
