"""Slow, obvious versions of what the package computes."""

from __future__ import annotations

import itertools

import mpmath
import numpy as np


def roots_by_scan(f, lo, hi, pieces=20_000):
    """Sign changes of a scalar function, bisected: all simple roots that `pieces` intervals tell apart."""
    grid = np.linspace(lo, hi, pieces + 1) + (hi - lo) / pieces * 0.31415
    values = np.array([f(x) for x in grid])
    roots = []
    for a, b in grid[:-1][values[:-1] * values[1:] < 0][:, None] + np.array([0.0, grid[1] - grid[0]]):
        for _ in range(200):
            c = 0.5 * (a + b)
            a, b = (c, b) if f(a) * f(c) > 0 else (a, c)
        roots.append(0.5 * (a + b))
    return np.array(roots)


def product_norms(jacobians, digits=400):
    """ln ||J_t ... J_1||_2 for every t, from a product in `digits` decimal digits."""
    out = []
    with mpmath.workdps(digits):
        product = mpmath.eye(len(jacobians[0]))
        for J in jacobians:
            product = mpmath.matrix(J.tolist()) * product
            scale = mpmath.mnorm(product, "f")
            gram = (product / scale).T * (product / scale)
            out.append(float(mpmath.log(scale) + mpmath.log(max(mpmath.eigsy(gram, eigvals_only=True))) / 2))
    return np.array(out)


def escapes(map, attractor, inputs, steps=20_000):
    """Whether the state is elsewhere once the input has long been off: a plain loop."""
    a = np.array(attractor, dtype=float)
    for u in inputs:
        a = map.step(a, np.asarray(u, dtype=float))
    for _ in range(steps):
        a = map.step(a)
    return bool(np.abs(a - attractor).max() > 1e-3)


def threshold_by_corners(map, attractor, T, sizes):
    """First of `sizes` at which some sequence of T extreme inputs (all corners of the box, every step) escapes."""
    corners = list(itertools.product((-1.0, 1.0), repeat=map.input_dim))
    for size in sizes:
        for sequence in itertools.product(corners, repeat=T):
            if escapes(map, attractor, size * np.array(sequence), steps=300):
                return size
    return np.inf
