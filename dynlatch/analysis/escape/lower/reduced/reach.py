"""Where bounded inputs can take a circuit in the long run: one step of the induction of `small_gain`.

Given boxes that hold the arguments of every node at all earlier times, linear bounds turn the circuit into

    s' = J s + B u + G eps + g,   |eps| <= rho,

and every functional h of the state obeys, around a centre c with `c = J c + g` and d = s - c,

    h d_t = sum_{k<K} h_k (B u + G eps)_{t-1-k} + h_K d_{t-K} + sum_{k<=K} (h_{k-1} J - h_k) d_{t-k},

whatever rows h_0 = h, h_1, ... are taken: with `h_k ~ h J^k` the last sum is rounding, and the middle term the tail.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.escape.lower.reduced.circuit import Affine, Circuit
from dynlatch.analysis.escape.lower.reduced.relax import relax
from dynlatch.intervals import EPS, TINY, affine_image, multiply
from dynlatch.validation import Array

TAIL, LONGEST = 1e-3, 400  # size of J^K, and most terms of the sums


class Boxes(NamedTuple):
    """Bounds on every functional of interest: the state (n,) first, then x and y of the nodes in their order."""

    lo: Array
    hi: Array


class _Linearised(NamedTuple):
    # Values as `base @ (s, u, eps) + shift`, each exact to `slack`.
    base: Array
    shift: Array
    slack: Array

    def image(self, affine: Affine, size: Array) -> _Linearised:
        X = affine.matrix
        most = np.abs(self.base) @ size + np.abs(self.shift)
        slack = np.abs(X) @ self.slack + 4.0 * (len(self.shift) + 10) * EPS * (np.abs(X) @ most + np.abs(affine.shift)) + TINY
        return _Linearised(X @ self.base, X @ self.shift + affine.shift, slack)

    def with_rows(self, other: _Linearised) -> _Linearised:
        return _Linearised(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))


class _Bounded(NamedTuple):
    # The circuit between linear bounds: rows of interest, the next state, and the radii rho.
    rows: _Linearised
    following: _Linearised
    radii: Array


def at_rest(circuit: Circuit, lo: Array, hi: Array) -> Boxes:
    """Interval values of all functionals over the box [lo, hi] of states without input."""

    v, found = (np.concatenate([lo, np.zeros(circuit.inputs)]), np.concatenate([hi, np.zeros(circuit.inputs)])), [(lo, hi)]
    for f, x, y in circuit.nodes:
        entering = affine_image(x.matrix, *v, x.shift)
        value = f.image(*entering)
        found.append(entering)
        if y is not None:
            factor = affine_image(y.matrix, *v, y.shift)
            value = multiply(value, factor)
            found.append(factor)
        v = (np.concatenate([v[0], value[0]]), np.concatenate([v[1], value[1]]))
    return Boxes(np.concatenate([box[0] for box in found]), np.concatenate([box[1] for box in found]))


def reach(circuit: Circuit, boxes: Boxes, b: float, norm: float) -> Boxes | None:
    """Bounds on all functionals at a time before which `boxes` held, for inputs of size b; None if nothing is bounded."""
    with np.errstate(over="ignore", invalid="ignore"):
        bounded = _bounded(circuit, boxes, b)
        n, m = circuit.states, circuit.inputs
        J, B, G = np.split(bounded.following.base, [n, n + m], axis=1)
        if not np.isfinite(J).all():
            return None
        centre, off = _centre(J, bounded.following, boxes)
        distance = np.nextafter(np.maximum(boxes.hi[:n] - centre, centre - boxes.lo[:n]), np.inf)
        moved = np.abs(J) @ distance + np.abs(B).sum(1) * b + np.abs(G) @ bounded.radii
        off = off + 8.0 * (len(bounded.rows.base.T) + 10) * EPS * moved + TINY
        sums = _sums(bounded.rows.base[:, :n], J, B * b, G * bounded.radii, off, distance, norm)
        found = _around(bounded, centre, sums, b, norm, n, m)
    return found if np.isfinite(found.lo).all() and np.isfinite(found.hi).all() else None


def _bounded(circuit: Circuit, boxes: Boxes, b: float) -> _Bounded:
    """Linear bounds on every node over its boxes, composed."""
    n, m = circuit.states, circuit.inputs
    count = sum(len(node.x.shift) for node in circuit.nodes)
    radii = np.zeros(count)
    size = np.concatenate([np.maximum(np.abs(boxes.lo[:n]), np.abs(boxes.hi[:n])), np.full(m, b), radii])
    values = _Linearised(np.eye(n + m, n + m + count), np.zeros(n + m), np.zeros(n + m))
    rows = _Linearised(values.base[:n], values.shift[:n], values.slack[:n])
    at, used = n, 0
    for f, x, y in circuit.nodes:
        k = len(x.shift)
        entering = values.image(x, size)
        rows = rows.with_rows(entering)
        x_box, at = (boxes.lo[at : at + k], boxes.hi[at : at + k]), at + k
        factor, y_box = None, None
        if y is not None:
            factor = values.image(y, size)
            rows = rows.with_rows(factor)
            y_box, at = (boxes.lo[at : at + k], boxes.hi[at : at + k]), at + k
        line = relax(f, x_box, y_box)
        value = _through(line.a, line.c, line.middle, entering, factor, size)
        value.base[range(k), range(n + m + used, n + m + used + k)] += 1.0
        radii[used : used + k] = line.radius
        size[n + m + used : n + m + used + k] = line.radius
        values, used = values.with_rows(value), used + k
    return _Bounded(rows, values.image(circuit.following, size), radii)


def _through(a: Array, c: Array, middle: Array, x: _Linearised, y: _Linearised | None, size: Array) -> _Linearised:
    """`a x + c y + middle`."""
    base, shift, slack = a[:, None] * x.base, a * x.shift + middle, np.abs(a) * x.slack
    if y is not None:
        base, shift, slack = base + c[:, None] * y.base, shift + c * y.shift, slack + np.abs(c) * y.slack
    most = np.abs(a) * (np.abs(x.base) @ size + np.abs(x.shift)) + np.abs(middle)
    if y is not None:
        most = most + np.abs(c) * (np.abs(y.base) @ size + np.abs(y.shift))
    return _Linearised(base, shift, slack + 16.0 * EPS * most + TINY)


def _centre(J: Array, following: _Linearised, boxes: Boxes) -> tuple[Array, Array]:
    """A state c that J and g nearly hold in place, and a bound on how far they move it."""
    n = len(J)
    g = following.shift
    try:
        c: Array = np.asarray(np.linalg.solve(np.eye(n) - J, g), dtype=np.float64)
    except np.linalg.LinAlgError:
        c = 0.5 * (boxes.lo[:n] + boxes.hi[:n])
    rounding = 4.0 * (n + 4) * EPS * (np.abs(J) @ np.abs(c) + np.abs(g) + np.abs(c))
    return c, np.abs(J @ c + g - c) + rounding + following.slack


def _sums(rows: Array, J: Array, B: Array, G: Array, off: Array, distance: Array, norm: float) -> Array:
    """Radii of the functionals `rows` of the distance from the centre."""
    radius = float(np.abs(np.linalg.eigvals(J)).max())
    terms = LONGEST if radius >= 1.0 else int(np.clip(np.log(TAIL) / np.log(max(radius, 1e-3)), 4, LONGEST))
    total = np.zeros(len(rows))
    row = rows
    for _ in range(terms):
        total += np.linalg.norm(row @ B, 1 if norm == np.inf else 2, axis=1) + np.abs(row @ G).sum(1) + np.abs(row) @ off
        row = row @ J
    return np.asarray((total + np.abs(row) @ distance) * (1.0 + 1e-12))


def _around(bounded: _Bounded, centre: Array, sums: Array, b: float, norm: float, n: int, m: int) -> Boxes:
    """The boxes: centres, the sums, and what the present input and the present errors add."""
    rows, shift, slack = bounded.rows
    A, C, D = np.split(rows, [n, n + m], axis=1)
    middle = A @ centre + shift
    present = np.linalg.norm(C, 1 if norm == np.inf else 2, axis=1) * b + np.abs(D) @ bounded.radii
    rounding = 4.0 * (rows.shape[1] + 10) * EPS * (np.abs(A) @ np.abs(centre) + np.abs(shift)) + slack + TINY
    radius = (sums + present + rounding) * (1.0 + 1e-12)
    return Boxes(np.nextafter(middle - radius, -np.inf), np.nextafter(middle + radius, np.inf))
