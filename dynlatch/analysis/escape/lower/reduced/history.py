"""Where bounded inputs can take a circuit in the long run, its products kept to second order in the inputs of the past.

Around the middle of the boxes a node is `f(x) y = (f_0 + f_1 X + R(X)) (y_m + Y)`. With X = X_l + X_v, X_l linear in the inputs
of the past, the products `f_1 X_l Y_l` stay symbols and everything else is bounded. The state is `s = c + l + V + z`: l_t =
sum_k J^k B u_{t-1-k} linear and V_t quadratic in the inputs (Volterra's kernels), and z driven by the remainders only:

    V' = J V + G T(l, u),      z' = J z + G r,   |r| <= rho,

T being the products. The kernel of V is summed over units and times before its absolute value is taken, once for every pair of
inputs: that is what boxes around the units lose.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.escape.lower.reduced.circuit import Circuit
from dynlatch.analysis.escape.lower.reduced.product import Argument, Product, product, slopes
from dynlatch.analysis.escape.lower.reduced.reach import Boxes, _centre, _Linearised, _through
from dynlatch.intervals import EPS, TINY
from dynlatch.validation import Array

SHORT, TAIL, LONGEST, MOST_LAGS = 0.03, 1e-3, 400, 60


class Known(NamedTuple):
    """Assumed of every functional (state, then x and y of the nodes): its value less the linear part, and a guess of that."""

    lo: Array
    hi: Array
    linear: Array


class Reached(NamedTuple):
    """What follows: the functionals less their linear parts, and bounds on the linear parts."""

    lo: Array
    hi: Array
    linear: Array


def reach_history(circuit: Circuit, known: Known, b: float, norm: float) -> Reached | None:
    """One step of the induction; None where nothing is bounded."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        n, m = circuit.states, circuit.inputs
        middle = 0.5 * (known.lo + known.hi)
        rest = np.nextafter(np.maximum(known.hi - middle, middle - known.lo), np.inf)
        fits = _fits(circuit, middle, known.linear, rest)
        rows, following = _composed(circuit, fits, None, middle, np.full(len(middle), np.inf), b)
        J, B = following.base[:, :n], following.base[:, n : n + m]
        if not np.isfinite(J).all():
            return None
        radius = float(np.abs(np.linalg.eigvals(J)).max())
        if radius >= 0.9995:
            return None
        lags = int(np.clip(np.ceil(np.log(SHORT) / np.log(max(radius, 1e-3))), 3, 60))
        gens = _generators(rows.base[:, :n], rows.base[:, n : n + m], J, B, lags)  # (rows, lags + 1, m)
        linear = _size(gens, b, norm) * (1.0 + 1e-12)
        nodes = _nodes(circuit, fits, middle, linear, rest)
        rows, following = _composed(circuit, fits, nodes, middle, rest + linear, b)
        radii = np.concatenate([each.radius for each in nodes])
        J, B, G = np.split(following.base, [n, n + m], axis=1)
        products = _products(circuit, nodes, gens)  # (errors, delta, a, m, m)
        lo2, hi2, state2, off2 = _kernel_bounds(rows.base, J, G, products, b, norm, n, m)
        boxes = Boxes(known.lo - linear, known.hi + linear)
        centre, off = _centre(J, following, boxes)
        distance = np.nextafter(np.maximum(boxes.hi[:n] - centre, centre - boxes.lo[:n]), np.inf) + state2
        moved = np.abs(J) @ distance + np.abs(B).sum(1) * b + np.abs(G) @ radii
        off = off + off2 + 8.0 * (rows.base.shape[1] + 10) * EPS * moved + TINY
        sums = _tail_sums(rows.base[:, :n], J, B * b, G * radii, off, distance, norm, lags, radius)
        present = np.abs(rows.base[:, n + m :]) @ radii
        at = rows.base[:, :n] @ centre + rows.shift
        rounding = 4.0 * (rows.base.shape[1] + 10) * EPS * (np.abs(rows.base[:, :n]) @ np.abs(centre) + np.abs(rows.shift))
        width = (sums + present + rounding + rows.slack) * (1.0 + 1e-12) + TINY
        found = Reached(at + lo2 - width, at + hi2 + width, linear)
    return found if np.isfinite(found.lo).all() and np.isfinite(found.hi).all() else None


def _arguments(circuit: Circuit, middle: Array, linear: Array, rest: Array) -> list[tuple[Argument, Argument | None]]:
    found, at = [], circuit.states
    for _, x, y in circuit.nodes:
        k = len(x.shift)
        pieces = [slice(at, at + k)] + ([] if y is None else [slice(at + k, at + 2 * k)])
        at += k * len(pieces)
        args = [Argument(middle[s], linear[s], rest[s]) for s in pieces]
        found.append((args[0], args[1] if y is not None else None))
    return found


def _fits(circuit: Circuit, middle: Array, linear: Array, rest: Array) -> list[tuple[Array, Array]]:
    args = _arguments(circuit, middle, linear, rest)
    return [slopes(each.f, x, y) for each, (x, y) in zip(circuit.nodes, args, strict=True)]


def _nodes(circuit: Circuit, fits: list[tuple[Array, Array]], middle: Array, linear: Array, rest: Array) -> list[Product]:
    args = _arguments(circuit, middle, linear, rest)
    return [product(each.f, x, y, *lines) for each, (x, y), lines in zip(circuit.nodes, args, fits, strict=True)]


def _composed(
    circuit: Circuit,
    fits: list[tuple[Array, Array]],
    nodes: list[Product] | None,
    middle: Array,
    reach: Array,
    b: float,
) -> tuple[_Linearised, _Linearised]:
    """Rows of interest and next state as `base @ (s, u, eps) + shift`, eps being products and remainders together."""
    n, m = circuit.states, circuit.inputs
    count = sum(len(each.x.shift) for each in circuit.nodes)
    size = np.concatenate([np.abs(middle[:n]) + reach[:n], np.full(m, b), np.zeros(count)])
    values = _Linearised(np.eye(n + m, n + m + count), np.zeros(n + m), np.zeros(n + m))
    rows = _Linearised(values.base[:n], values.shift[:n], values.slack[:n])
    used = n + m
    for i, (_, x, y) in enumerate(circuit.nodes):
        k = len(x.shift)
        a, c = fits[i]
        entering = values.image(x, size)
        factor = None if y is None else values.image(y, size)
        rows = rows.with_rows(entering) if factor is None else rows.with_rows(entering).with_rows(factor)
        value = _through(a, c, np.zeros(k) if nodes is None else nodes[i].m, entering, factor, size)
        value.base[range(k), range(used, used + k)] += 1.0
        size[used : used + k] = 0.0 if nodes is None else nodes[i].radius + nodes[i].kept
        values, used = values.with_rows(value), used + k
    return rows, values.image(circuit.following, size)


def _generators(A: Array, C: Array, J: Array, B: Array, lags: int) -> Array:
    """Coefficients (rows, lags + 1, m) of the present input and of those before it in every functional."""
    found, row = [C], A
    for _ in range(lags):
        found.append(row @ B)
        row = row @ J
    return np.stack(found, axis=1)


def _size(gens: Array, b: float, norm: float) -> Array:
    """Largest value over inputs of size b."""
    return np.asarray(np.linalg.norm(gens, 1 if norm == np.inf else 2, axis=-1).sum(-1) * b)


def _products(circuit: Circuit, nodes: list[Product], gens: Array) -> Array:
    """Coefficients (errors, lags + 1, lags + 1, m, m) of u_a u_{a+delta} (second index delta, third a) in the nodes."""
    found, at = [], circuit.states
    K, m = gens.shape[1:]
    for each, (_, x, y) in zip(nodes, circuit.nodes, strict=True):
        k = len(x.shift)
        X, at = gens[at : at + k], at + k
        T = np.zeros((k, K, K, m, m))
        if y is not None:
            Y, at = gens[at : at + k], at + k
            for delta in range(K):
                early, late = slice(0, K - delta), slice(delta, K)
                T[:, delta, early] = np.einsum("i,iac,iad->iacd", each.q, X[:, early], Y[:, late])
                if delta > 0:
                    T[:, delta, early] += np.einsum("i,iac,iad->iacd", each.q, Y[:, early], X[:, late])
        found.append(T)
    return np.concatenate(found)


def _kernel_bounds(
    rows: Array, J: Array, G: Array, T: Array, b: float, norm: float, n: int, m: int
) -> tuple[Array, Array, Array, Array]:
    """Range of the quadratic part of every row; bound on V; and what the cut and rounding of its kernel amount to per step."""
    count, K = T.shape[:2]
    A, D = rows[:, :n], rows[:, n + m :]
    lo, hi, most = np.zeros(len(rows)), np.zeros(len(rows)), np.zeros(n)
    scale, gamma = b * b, 4.0 * (n + count + 10) * EPS
    S = np.zeros((n, K * m * m))
    off = np.zeros(n)
    for a in range(3 * K):
        flat = T[:, :, a].reshape(count, -1) if a < K else None
        value = A @ S if flat is None else A @ S + D @ flat
        below, above = _range_of_pairs(value.reshape(-1, K, m, m), norm)
        rounding = gamma * (np.abs(A) @ np.abs(S).sum(1) + (0.0 if flat is None else np.abs(D) @ np.abs(flat).sum(1)))
        lo, hi = lo + scale * (below - rounding), hi + scale * (above + rounding)
        most += scale * np.abs(S).sum(1)
        off += gamma * scale * (np.abs(J) @ np.abs(S).sum(1) + (0.0 if flat is None else np.abs(G) @ np.abs(flat).sum(1)))
        S = J @ S if flat is None else J @ S + G @ flat
        if a >= K and np.abs(S).sum(1).max() * scale <= 1e-5 * most.max():
            break
    off += scale * np.abs(S).sum(1)
    return lo, hi, most, off * (1.0 + 1e-12)


def _range_of_pairs(M: Array, norm: float) -> tuple[Array, Array]:
    """Bounds (rows,) on `sum_delta u_a^T M_delta u_{a+delta}` over inputs of size 1, M (rows, K, m, m)."""
    if norm != np.inf:
        size = np.sqrt(np.square(M).sum((-2, -1))).sum(1)
        return -size, size
    same = M[:, 0] + np.swapaxes(M[:, 0], -1, -2)
    squares = 0.5 * np.einsum("icc->ic", same)
    mixed = 0.5 * np.abs(same).sum((-2, -1)) - np.abs(squares).sum(-1)
    others = np.abs(M[:, 1:]).sum((-3, -2, -1)) + mixed
    return np.minimum(squares, 0.0).sum(-1) - others, np.maximum(squares, 0.0).sum(-1) + others


def _tail_sums(
    rows: Array, J: Array, B: Array, G: Array, off: Array, distance: Array, norm: float, lags: int, radius: float
) -> Array:
    """As `reach._sums`, without the `lags` inputs that the linear part holds."""
    terms = int(np.clip(np.log(TAIL) / np.log(max(radius, 1e-3)), lags + 1, LONGEST))
    total, row = np.zeros(len(rows)), rows
    for k in range(terms):
        total += np.abs(row @ G).sum(1) + np.abs(row) @ off
        if k >= lags:
            total += np.linalg.norm(row @ B, 1 if norm == np.inf else 2, axis=1)
        row = row @ J
    return np.asarray((total + np.abs(row) @ distance) * (1.0 + 1e-12))
