"""A net in the coordinates in which its activation is tanh, and what the kernels need to know about its inputs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dynlatch.activations import LOGISTIC, TANH
from dynlatch.analysis.escape.lower.dual.relaxation import Multipliers, Polytope
from dynlatch.analysis.structure import ActivationForm
from dynlatch.validation import Array

SHIFT, QUADRATIC, COUPLED, COUPLED_2 = 0, 1, 2, 3


class Problem(NamedTuple):
    """`alpha' = leak alpha + W tanh(alpha) + c + B u`, where alpha are the form's activations over `scale`."""

    form: ActivationForm
    norm: float
    scale: float
    gain: float  # slope of the form's activation for slope 1 of tanh
    W: Array
    c: Array
    B: Array
    reach: Array  # (n,): largest input to each unit at |u| = 1
    kind: int

    def net(self, b: float, rows: Array, tops: Array) -> tuple[Any, ...]:
        """What the kernels take, at input size b and with the rows of the polytope."""
        kind = SHIFT if b == 0.0 else self.kind
        return self.W, self.W.T.copy(), self.c, self.form.leak, self.B, self.reach, float(b), kind, rows, tops


def problem_of(form: ActivationForm, norm: float) -> Problem | None:
    """None for activations other than tanh and the logistic function."""
    if form.f is TANH:
        scale, amplitude, middle = 1.0, 1.0, 0.0
    elif form.f is LOGISTIC:  # 1/2 + tanh(a/2)/2
        scale, amplitude, middle = 2.0, 0.5, 0.5
    else:
        return None
    W = np.ascontiguousarray(form.W * (amplitude / scale))
    c = (form.c + middle * form.W.sum(1)) / scale
    B = np.ascontiguousarray(form.B / scale)
    reach = np.linalg.norm(B, 1 if norm == np.inf else 2, axis=1)
    return Problem(form, norm, scale, amplitude / scale, W, c, B, reach, kind_of(form.B, norm))


def kind_of(B: Array, norm: float) -> int:
    """Inputs that reach one unit each are treated exactly within it; others are bounded together."""
    separate = bool(((B != 0).sum(0) <= 1).all())
    if norm == np.inf:
        return SHIFT if separate else COUPLED
    return QUADRATIC if separate else COUPLED_2


class Hull(NamedTuple):
    """A polytope in the problem's coordinates: `faces @ z <= values` with faces e_i, -e_i, rows; values (2 n + r,)."""

    faces: Array
    values: Array

    @property
    def n(self) -> int:
        return int(self.faces.shape[1])

    @property
    def box(self) -> Array:
        """Shape (2, n)."""
        n = self.n
        return np.stack([-self.values[n : 2 * n], self.values[:n]])

    @property
    def rows(self) -> Array:
        return self.faces[2 * self.n :]

    @property
    def tops(self) -> Array:
        return self.values[2 * self.n :]


def hull_of(box: Array, rows: Array, tops: Array) -> Hull:
    n = box.shape[1]
    faces = np.concatenate([np.eye(n), -np.eye(n), rows.reshape(-1, n)])
    return Hull(faces, np.concatenate([box[1], -box[0], tops]))


class Cover(NamedTuple):
    """Multipliers of N leaves; `owner` (N,) is the face of each, and the leaf's box for z_k is cut at `low`, `high`."""

    owner: Any
    slopes: Array  # (N, K, n)
    gammas: Array  # (N, K, r)
    weights: Array  # (N, K)
    low: Array  # (N, K, n), -inf where uncut
    high: Array


class Bounds(NamedTuple):
    """Dual bounds of the leaves (N,) and faces (F,), and the derivative (F, F) of the latter by the faces' values."""

    leaves: Array
    faces: Array
    derivative: Array
    scores: Array  # (N, K, n): how much each unit of each leaf is relaxed
    trace: Array  # (N, K, n): the relaxed trajectory


def polytope_of(problem: Problem, hull: Hull) -> Polytope:
    """In the form's activations."""
    box = hull.box * problem.scale
    return Polytope(box[0], box[1], hull.rows, hull.tops * problem.scale)


def multipliers_of(problem: Problem, hull: Hull, cover: Cover) -> Multipliers:
    """In the form's activations, leaves of a face side by side; faces with fewer leaves are filled up with empty ones."""
    F = len(hull.faces)
    counts = np.bincount(cover.owner, minlength=F)
    order = np.argsort(cover.owner, kind="stable")
    column = np.concatenate([np.arange(size) for size in counts])
    shape = (F, int(counts.max()))

    def placed(values: Array, filling: float) -> Array:
        out = np.full((*shape, *values.shape[1:]), filling)
        out[cover.owner[order], column] = values[order]
        return out

    box = hull.box
    lo = np.maximum(cover.low, box[0]) * problem.scale
    hi = np.minimum(cover.high, box[1]) * problem.scale
    return Multipliers(
        placed(cover.slopes * problem.gain, 0.0),
        placed(cover.gammas, 0.0),
        placed(cover.weights * problem.scale, 1.0),
        placed(lo, 1.0),
        placed(hi, -1.0),
    )
