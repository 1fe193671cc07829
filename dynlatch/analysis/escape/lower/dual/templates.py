"""More face normals for the polytope: costates, the directions in which its own faces look one step back.

What a K-step bound loses is mostly that it starts from any corner of the polytope. The costate p_{K-1} of a face is the
direction in which the face's extreme trajectory lies on the polytope one step earlier: a face with that normal cuts the corner.
"""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.escape.lower.dual.problem import Cover, Hull, Problem
from dynlatch.validation import Array

ALIKE = 0.98  # cosine above which two normals are one


def costates(problem: Problem, hull: Hull, cover: Cover, leaves: Array, back: int) -> Array:
    """Unit costates (F, n) at step K - back of the worst leaf of each face."""
    order = np.argsort(leaves, kind="stable")
    worst = np.empty(len(hull.faces), dtype=int)
    worst[cover.owner[order]] = order
    p = hull.faces
    for k in range(1, back + 1):
        pull = cover.gammas[worst, -k] @ hull.rows
        p = cover.slopes[worst, -k] * (p @ problem.W) + problem.form.leak * p - pull
    return np.asarray(p / np.maximum(np.linalg.norm(p, axis=1, keepdims=True), 1e-300))


def with_rows(hull: Hull, cover: Cover, normals: Array) -> tuple[Hull, Cover]:
    """The polytope with new faces (r, n) added loosely, at the support of its box."""
    fresh: list[Array] = []
    for normal in normals:
        known = np.concatenate([hull.faces, np.array(fresh).reshape(-1, hull.n)])
        size = np.linalg.norm(known, axis=1)
        if normal.any() and np.all(known @ normal <= ALIKE * size):
            fresh.append(normal)
    if not fresh:
        return hull, cover
    rows = np.array(fresh)
    box = hull.box
    tops = np.maximum(rows * box[0], rows * box[1]).sum(1)
    F, r, K = len(hull.faces), len(rows), cover.slopes.shape[1]
    count = len(cover.owner)
    gammas = np.zeros((count + r, K, cover.gammas.shape[2] + r))
    gammas[:count, :, : cover.gammas.shape[2]] = cover.gammas
    like = np.array([int(np.argmax(hull.faces[cover.owner] @ row)) for row in rows])
    whole = np.full((r, K, hull.n), np.inf)
    grown = Cover(
        np.concatenate([cover.owner, np.arange(F, F + r)]),
        np.concatenate([cover.slopes, cover.slopes[like]]),
        gammas,
        np.concatenate([cover.weights, cover.weights[like]]),
        np.concatenate([cover.low, -whole]),
        np.concatenate([cover.high, whole]),
    )
    return Hull(np.concatenate([hull.faces, rows]), np.concatenate([hull.values, tops])), grown
