"""All fixed points of a ReLU network `a = W relu(a) + c`, by its activation regions, in all of space.

With a = z - w, z = relu(a), w = relu(-a), the fixed points are the solutions of the linear complementarity problem

    w = (I - W) z - c,   z >= 0,   w >= 0,   z_i w_i = 0                  (Cottle, Pang and Stone 1992).

Branch and bound over the units: an inactive unit (z_i = 0) drops a column, an active one (w_i = 0) is pivoted on, so at every
node each variable is an affine function of the remaining z_j >= 0. A variable whose constant is negative and whose slopes
are all non-positive cannot become non-negative: the node is cut. A leaf shows its fixed point, or a sign that refutes it.
The tableaux are intervals rounded outward, so what is cut and what is kept is proved; where a pivot cannot be told from
zero, the regions below are solved one by one (`singular_regions`).

Cycles are fixed points of a larger net of the same kind: see `unrolled`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.fixed_points.search.solutions import same_point
from dynlatch.analysis.fixed_points.singular_regions import Pattern as Pattern
from dynlatch.analysis.fixed_points.singular_regions import columns_of, leaf_points, singular_points
from dynlatch.analysis.outcomes import Stability
from dynlatch.intervals import EPS, TINY, Box, as_box
from dynlatch.linalg import matrix_norm
from dynlatch.validation import Array

REGIONS = 2_000_000  # nodes of the search by default
SIZE = 1_500_000  # entries of the tableaux that are worked on together


class Regions(NamedTuple):
    """Fixed points of a piecewise-linear net, in its activations a.

    `points` (k, n) with `errors` (k,), proved bounds on the distance to the true point where `certain` (k,) says so;
    `patterns` (k, n); `kinks` (k, n): which units sit at 0, where two regions meet; `dimension` (k,): 0 for a point, d for
    one representative of a d-dimensional continuum; `unresolved` (m, n): regions (-1: either) that were not decided.
    """

    points: Array
    errors: Array
    patterns: Pattern
    kinks: NDArray[np.bool_]
    dimension: NDArray[np.int64]
    certain: NDArray[np.bool_]
    unresolved: Pattern
    ended: bool
    visited: int

    @property
    def complete(self) -> bool:
        """Whether the list is proved to be all: every region was decided, with margins beyond rounding."""
        return self.ended and len(self.unresolved) == 0 and bool(self.certain.all())


@dataclass
class _Batch:
    """Nodes of one depth: tableaux (B, n, r + 1), r remaining columns and the constant last; their units; patterns (B, n)."""

    lo: Array
    hi: Array
    rest: NDArray[np.int64]
    pattern: Pattern

    def rows(self, keep: NDArray[np.bool_] | slice) -> _Batch:
        return _Batch(self.lo[keep], self.hi[keep], self.rest[keep], self.pattern[keep])


@dataclass
class _Harvest:
    leaves: list[tuple[Array, Array, Pattern]] = field(default_factory=list)
    singular: list[Pattern] = field(default_factory=list)
    open: list[Pattern] = field(default_factory=list)


def enumerate_fixed_points(W: Array | Box, c: Array | Box, *, regions: int = REGIONS, deadline: float = np.inf) -> Regions:
    """Every fixed point of `a = W relu(a) + c`; no bounds are needed.

    Parameters
    ----------
    W : ndarray, shape (n, n), or a box of such matrices
    c : ndarray, shape (n,), or a box
        Boxes (lo, hi) stand for weights known up to rounding only.
    regions : int
        Nodes of the search after which it stops; what is left is in `unresolved`.
    deadline : float
        The same by `time.monotonic()`.

    Examples
    --------
    >>> import numpy as np
    >>> found = enumerate_fixed_points(np.array([[2.0, -1.5], [-1.5, 2.0]]), np.array([-0.5, -0.5]))
    >>> found.points.round(3), found.complete
    (array([[-1.25,  0.5 ],
           [-0.5 , -0.5 ],
           [ 0.5 , -1.25]]), True)
    """
    weights, bias = _as_box(W), _as_box(c)
    harvest = _Harvest()
    stack = [_root(weights, bias)]
    visited = 0
    while stack and visited < regions and time.monotonic() <= deadline:
        batch = stack.pop()
        batch, waiting = _head(batch)
        if waiting is not None:
            stack.append(waiting)
        visited += len(batch.lo)
        stack.extend(_branch(batch, harvest))
    ended = not stack
    harvest.open.extend(batch.pattern for batch in stack)
    return _collect(weights, bias, harvest, ended, visited, deadline)


def _as_box(X: Array | Box) -> Box:
    return as_box(X) if isinstance(X, tuple) else (np.asarray(X, dtype=np.float64), np.asarray(X, dtype=np.float64))


def _root(W: Box, c: Box) -> _Batch:
    """`w = (I - W) z - c` as the first tableau."""
    n = len(c[0])
    eye = np.eye(n)
    matrix = _down(eye - W[1]), _up(eye - W[0])
    lo = np.concatenate([matrix[0], -c[1][:, None]], axis=1)
    hi = np.concatenate([matrix[1], -c[0][:, None]], axis=1)
    return _Batch(lo[None], hi[None], np.arange(n)[None], np.full((1, n), -1, dtype=np.int8))


def _head(batch: _Batch) -> tuple[_Batch, _Batch | None]:
    """As many nodes as fit into memory, and the others."""
    most = max(1, SIZE // (batch.lo.shape[1] * batch.lo.shape[2]))
    if len(batch.lo) <= most:
        return batch, None
    return batch.rows(slice(-most, None)), batch.rows(slice(None, -most))


def _branch(batch: _Batch, harvest: _Harvest) -> list[_Batch]:
    """The children of all nodes that cannot be cut; leaves and singular nodes go to the harvest."""
    hopeless = ((batch.hi[..., -1] < 0) & np.all(batch.hi[..., :-1] <= 0, axis=-1)).any(axis=-1)
    batch = batch.rows(~hopeless)
    if len(batch.lo) == 0:
        return []
    if batch.rest.shape[1] == 0:
        harvest.leaves.append((batch.lo[..., 0], batch.hi[..., 0], batch.pattern))
        return []
    batch, pivot = _choose(batch)
    unit, rows = batch.rest[:, -1], np.arange(len(batch.lo))
    keep = np.r_[0 : batch.rest.shape[1] - 1, batch.rest.shape[1]]
    off, on = batch.pattern.copy(), batch.pattern.copy()
    off[rows, unit], on[rows, unit] = 0, 1
    inactive = _Batch(batch.lo[..., keep], batch.hi[..., keep], batch.rest[:, :-1], off)
    # Active: w_unit = 0, which a constant and slopes of one sign forbid.
    positive = (batch.lo[rows, unit, -1] > 0) & np.all(batch.lo[rows, unit, :-1] >= 0, axis=-1)
    flat = ~positive & (pivot == 0)
    if flat.any():
        harvest.singular.append(on[flat])
    firm = ~positive & (pivot != 0)
    active = _pivoted(_Batch(batch.lo[firm], batch.hi[firm], batch.rest[firm], on[firm]), keep)
    return [_joined(inactive, active)]


def _joined(x: _Batch, y: _Batch) -> _Batch:
    lo, hi = np.concatenate([x.lo, y.lo]), np.concatenate([x.hi, y.hi])
    return _Batch(lo, hi, np.concatenate([x.rest, y.rest]), np.concatenate([x.pattern, y.pattern]))


def _choose(batch: _Batch) -> tuple[_Batch, Array]:
    """The same nodes with the unit of the largest pivot last, and the least modulus of that pivot."""
    rows, columns = np.arange(len(batch.lo)), np.arange(batch.rest.shape[1])
    low, high = (end[rows[:, None], batch.rest, columns[None, :]] for end in (batch.lo, batch.hi))
    size = np.where(low > 0, low, np.where(high < 0, -high, 0.0))
    best, last = size.argmax(axis=1), len(columns) - 1
    order = np.tile(np.arange(last + 2), (len(rows), 1))
    order[rows, best], order[rows, last] = last, best
    lo, hi = (np.take_along_axis(end, order[:, None, :], axis=2) for end in (batch.lo, batch.hi))
    rest = np.take_along_axis(batch.rest, order[:, :-1], axis=1)
    return _Batch(lo, hi, rest, batch.pattern), size[rows, best]


def _pivoted(batch: _Batch, keep: NDArray[np.int64]) -> _Batch:
    """`z_k = -(row k without column k) / pivot`, put into every other row."""
    rows = np.arange(len(batch.lo))
    unit, column = batch.rest[:, -1], batch.rest.shape[1] - 1
    own = batch.lo[rows, unit], batch.hi[rows, unit]
    inverse = _down(1.0 / own[1][:, column]), _up(1.0 / own[0][:, column])
    solved = _times((-own[1][:, keep], -own[0][:, keep]), (inverse[0][:, None], inverse[1][:, None]))
    slope = batch.lo[..., column][..., None], batch.hi[..., column][..., None]
    product = _times(slope, (solved[0][:, None, :], solved[1][:, None, :]))
    lo, hi = _down(batch.lo[..., keep] + product[0]), _up(batch.hi[..., keep] + product[1])
    lo[rows, unit], hi[rows, unit] = solved
    return _Batch(lo, hi, batch.rest[:, :-1], batch.pattern)


# Outward rounding that leaves an exact zero exact: a sum that is zero in float64 is zero, a product with a factor 0 too.
def _down(x: Array) -> Array:
    return np.asarray(x - EPS * np.abs(x))


def _up(x: Array) -> Array:
    return np.asarray(x + EPS * np.abs(x))


def _times(x: Box, y: Box) -> Box:
    corners = [a * b for a in x for b in y]
    lo = np.minimum(np.minimum(corners[0], corners[1]), np.minimum(corners[2], corners[3]))
    hi = np.maximum(np.maximum(corners[0], corners[1]), np.maximum(corners[2], corners[3]))
    zero = ((x[0] == 0) & (x[1] == 0)) | ((y[0] == 0) & (y[1] == 0))
    tiny = np.where(zero, 0.0, TINY)
    return _down(lo) - tiny, _up(hi) + tiny


def _collect(W: Box, c: Box, harvest: _Harvest, ended: bool, visited: int, deadline: float) -> Regions:
    n = len(c[0])
    extra, undecided = singular_points(W, c, harvest.singular, deadline)
    parts = [*(leaf_points(*leaf) for leaf in harvest.leaves), extra]
    points, errors, patterns, kinks, dimension, certain = columns_of(parts)
    first = _merged(W, c, points, errors, patterns, kinks, dimension)
    order = first[np.lexsort(points[first].T[::-1])]
    left = np.concatenate([np.zeros((0, n), dtype=np.int8), *harvest.open, undecided])
    return Regions(
        points[order], errors[order], patterns[order], kinks[order], dimension[order], certain[order], left, ended, visited
    )


def _merged(
    W: Box, c: Box, points: Array, errors: Array, patterns: Pattern, kinks: NDArray[np.bool_], dimension: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Row numbers, one for each point and each connected continuum: a point on a kink appears in every region around it."""
    label = np.arange(len(points))
    edge = np.flatnonzero(kinks.any(axis=1) & (dimension == 0))
    # The origin of a net without bias is on the kinks of every region: equal rows are told apart no further.
    rows, inverse = np.unique(points[edge], axis=0, return_inverse=True)
    reach = np.zeros(len(rows))
    np.maximum.at(reach, inverse.reshape(-1), errors[edge] + 1e-12 * (1.0 + np.abs(points[edge]).max(axis=1, initial=0.0)))
    together = same_point(rows, reach)[inverse.reshape(-1)]
    label[edge] = edge[np.unique(together, return_index=True)[1]][together]
    continua = np.flatnonzero(dimension > 0)
    others = np.concatenate([edge[np.unique(together, return_index=True)[1]], continua])
    pairs = [(int(i), int(j)) for i in continua for j in others if i < j or dimension[j] == 0]
    # Neighbouring regions first: what they join needs no further test.
    pairs.sort(key=lambda pair: int(np.sum(patterns[pair[0]] != patterns[pair[1]])))
    for i, j in pairs:
        if label[i] != label[j] and _touch(W, c, points, errors, patterns, dimension, i, j):
            label[label == label[j]] = label[i]
    best = np.lexsort((errors, -dimension, label))  # the largest dimension, then the smallest error, speaks for its group
    return best[np.unique(label[best], return_index=True)[1]]


def _touch(
    W: Box, c: Box, points: Array, errors: Array, patterns: Pattern, dimension: NDArray[np.int64], i: int, j: int
) -> bool:
    """Whether two solutions are one: the same point, or continua whose regions share a fixed point."""
    reach = errors[i] + errors[j] + 1e-12 * (1.0 + np.abs(points[i]).max())
    if np.abs(points[i] - points[j]).max() <= reach:
        return True
    if dimension[i] == 0 and dimension[j] == 0:
        return False
    from scipy.optimize import linprog

    # Kinked units (-1) of a continuum are at 0 in its representative only: both sides are allowed.
    n = points.shape[1]
    middle, right = 0.5 * (W[0] + W[1]), 0.5 * (c[0] + c[1])
    blocks, lower, upper = [], np.full(n, -np.inf), np.full(n, np.inf)
    for pattern in (patterns[i], patterns[j]):
        active = pattern == 1
        blocks.append(np.eye(n) - middle * active)
        lower, upper = np.where(active, np.maximum(lower, 0.0), lower), np.where(pattern < 1, np.minimum(upper, 0.0), upper)
    for row in (i, j):
        if dimension[row] == 0:
            lower, upper = np.maximum(lower, points[row] - errors[row]), np.minimum(upper, points[row] + errors[row])
    if np.any(lower > upper):
        return False
    shared = linprog(
        np.zeros(n), A_eq=np.concatenate(blocks), b_eq=np.concatenate([right, right]), bounds=np.stack([lower, upper], axis=1)
    )
    return bool(shared.status == 0)


def unrolled(V: Array, c: Array, leak: Array, period: int) -> tuple[Box, Box]:
    """Weights of the net whose fixed points are the cycles of `a' = leak a + V relu(a) + c`, shape (p n, p n) and (p n,).

    Going once around a cycle eliminates the linear part:
    a_j = sum_{m=0}^{p-1} leak^m / (1 - leak^p) (V relu(a_{j-1-m}) + c). The box holds the rounding of these numbers.
    """
    n, p = len(c), period
    weights = np.zeros((p, n, p, n))
    for m in range(p):
        share = leak**m / (1.0 - leak**p)
        for j in range(p):
            weights[j, :, (j - 1 - m) % p] += share[:, None] * V
    bias = np.tile(c / (1.0 - leak), p)
    flat = weights.reshape(p * n, p * n)
    # pow and 1 - leak^p: a few units in the last place, more where leak is next to 1.
    slack = 0.0 if not leak.any() else 8.0 * (p + 2) * EPS / float(1.0 - leak.max())
    pad_w, pad_c = slack * np.abs(flat), slack * np.abs(bias)
    return (flat - pad_w, flat + pad_w), (bias - pad_c, bias + pad_c)


def kink_stability(pieces: Array) -> Stability:
    """Stability of a point where the linear maps `pieces` (m, n, n) meet.

    It attracts if all of them contract in one norm, and repels if all of them expand in one: spectral radii do not decide,
    because orbits may change between pieces. The norms tried are 1, 2, infinity, and the one in which the first piece
    is closest to its spectral radius. Undecided cases are neutral.
    """
    frame = _frame(pieces[0])
    candidates = [pieces, np.asarray(np.linalg.solve(frame, pieces @ frame), dtype=np.float64)]
    if min(matrix_norm(c, norm).max() for c in candidates for norm in (1, 2, np.inf)) < 1.0 - 1e-12:
        return Stability.ATTRACTING
    if np.all(np.abs(np.linalg.det(pieces)) > 0):
        inverses = [np.asarray(np.linalg.inv(c), dtype=np.float64) for c in candidates]
        if min(matrix_norm(c, norm).max() for c in inverses for norm in (1, 2, np.inf)) < 1.0 - 1e-12:
            return Stability.REPELLING
    return Stability.NEUTRAL


def _frame(J: Array) -> Array:
    """A basis in which J is nearly normal: from the discrete Lyapunov equation of J / (1.01 rho(J)), where it is well posed."""
    from scipy.linalg import solve_discrete_lyapunov

    n = len(J)
    radius = float(np.abs(np.linalg.eigvals(J)).max())
    if radius == 0.0:
        return np.eye(n)
    P = solve_discrete_lyapunov((J / (1.01 * radius)).T, np.eye(n))
    try:
        return np.asarray(np.linalg.inv(np.linalg.cholesky(P).T))
    except np.linalg.LinAlgError:
        return np.eye(n)
