"""Slow, obvious versions of what the package computes."""

from __future__ import annotations

import itertools

import flint
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


def exact_log_norms(jacobians, norms=(2,)):
    """ln of the norms of J_1, J_2 J_1, ..., from products of 600 bits: a dict of arrays."""
    out = {norm: [] for norm in norms}
    before, flint.ctx.prec = flint.ctx.prec, 600
    try:
        product = None
        for J in jacobians:
            factor = flint.arb_mat(J.tolist())
            product = factor if product is None else (factor * product).mid()
            entries = [entry.mid() for entry in product.entries()]
            mantissa, exponent = max(abs(entry) for entry in entries).man_exp()
            exponent = int(exponent) + int(mantissa).bit_length()
            scale = flint.arb(2) ** -exponent
            matrix = np.array([float(entry * scale) for entry in entries]).reshape(J.shape)
            for norm in norms:
                out[norm].append(np.log(np.linalg.norm(matrix, norm)) + exponent * np.log(2.0))
    finally:
        flint.ctx.prec = before
    return {norm: np.array(values) for norm, values in out.items()}


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
