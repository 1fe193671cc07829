"""Orthonormal directions carried along a trajectory: `J_t Q_{t-1} = Q_t R_t`, with the logarithms of the diagonal of R.

Benettin, Galgani, Giorgilli and Strelcyn (1980), Meccanica 15. Directions are the rows of arrays (..., k, n). They are made
orthonormal again only when they need it: after as many steps as leave the diagonal of R within a factor e^SPREAD.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.gradients.steep import steep_step
from dynlatch.analysis.gradients.tangent import Tangent
from dynlatch.errors import InvalidInput
from dynlatch.validation import Array

SURE = 13.0  # of the logarithms of R's entries: the smallest of its diagonal keeps 10 digits of 16
CHEAP = 32  # dimensions up to which a determinant costs no more than the calls around it
SPREAD = 16.0  # up to here the Gram matrix can be factored, and the determinant mends the sum
AIM = 10.0  # the spread that the number of steps between two factorisations aims at
HUGE = 250.0  # of a logarithm: far from overflow
LONGEST = 64  # steps between two factorisations
WIDE = 8  # directions from which on Cholesky's factor of the Gram matrix is faster than reflections
FLOOR = 4.0 * np.finfo(float).eps  # times n: what is smaller than that share of the largest is rounding


class Frame(NamedTuple):
    """Orthonormal rows (..., k, n) that are left, and the logarithms (..., K) that all K directions have gathered.

    `labels` (..., k) says which of the K the rows are, in order unless `relabelled`. `stride` is how many steps to take at
    once; `unsure` says that the smallest logarithms have lost digits.
    """

    rows: Array
    logs: Array
    labels: NDArray[np.int64]
    stride: int = 1
    relabelled: bool = False
    unsure: bool = False


def first_frame(n: int, k: int, batch: tuple[int, ...]) -> Frame:
    """k directions in general position, always the same."""
    rows, _ = orthonormal(np.random.default_rng(0).standard_normal((k, n)))
    return fresh(np.broadcast_to(rows, (*batch, k, n)))


def fresh(rows: Array) -> Frame:
    """Rows that have gathered nothing yet."""
    labels = np.broadcast_to(np.arange(rows.shape[-2]), rows.shape[:-1])
    return Frame(rows, np.zeros(rows.shape[:-1]), labels)


def carried(tangent: Tangent, frame: Frame, start: int, stop: int) -> Frame:
    """The frame after the steps `start` to `stop`, its logarithms increased by those of the diagonals of R.

    Fewer rows come back where directions were annihilated: their logarithms are -inf.

    Raises
    ------
    InvalidInput
        If directions grow beyond float64 within one step.
    """
    t, frame = start, frame._replace(unsure=False)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is found by comparison
        while t < stop:
            steps = min(frame.stride, stop - t)
            frame, taken = _advanced(tangent, frame, t, steps)
            t += taken
    if frame.rows.shape[-2] == 0:
        return frame
    settled = _triangular(frame.rows)  # what Cholesky's factor left to the next step is settled here
    frame = _gathered(frame, settled.rows, settled.logs)
    return _mended(tangent, frame, start, stop) if frame.unsure and not frame.relabelled else frame


def _advanced(tangent: Tangent, frame: Frame, t: int, steps: int) -> tuple[Frame, int]:
    """The frame some steps later, and how many: none where the directions drift apart too fast for `steps` at once."""
    if frame.rows.shape[-2] == 0:
        return _gathered(frame, frame.rows, np.zeros(frame.labels.shape)), steps
    moved = frame.rows
    for s in range(t, t + steps):
        moved = tangent.forward(s, moved)
    done = _triangular(moved)
    if done.spread <= SPREAD and done.size <= HUGE:
        room = min(AIM / max(done.spread, 1e-3), HUGE / max(done.size, 1e-3), 2.0)
        following = _gathered(frame, done.rows, done.logs)
        stride = min(max(int(steps * room), 1), LONGEST)
        return following._replace(stride=stride, unsure=frame.unsure or done.spread > _sure(moved.shape[-1])), steps
    if steps > 1:
        return frame._replace(stride=steps // 2), 0
    return _careful(tangent, frame, t), 1


def _sure(n: int) -> float:
    """The spread from which on determinants are worth their cost."""
    return SURE if n > CHEAP else 0.5 * SURE


def _mended(tangent: Tangent, frame: Frame, start: int, stop: int) -> Frame:
    """With all n directions the logarithms sum to that of the determinant: the last of them is known least, and set by it."""
    if frame.rows.shape[-1] != frame.rows.shape[-2]:
        return frame
    determinants = sum(np.linalg.slogdet(tangent.jacobian(t))[1] for t in range(start, stop))
    logs = frame.logs.copy()
    logs[..., -1] = np.where(np.isfinite(determinants), determinants - logs[..., :-1].sum(axis=-1), logs[..., -1])
    return frame._replace(logs=logs)


class _Factors(NamedTuple):
    # Rows, and the logarithms of R's diagonal; how far apart those are, from the longest column down to the smallest entry
    # of the diagonal, and the largest of their sizes, of the worst trajectory.
    rows: Array
    logs: Array
    spread: float
    size: float


def _triangular(rows: Array) -> _Factors:
    """`orthonormal`, or nearly so and faster.

    What Cholesky's factor of the Gram matrix misses in one logarithm is in the length of the row, so in the next logarithm.
    """
    fast = _by_cholesky(rows) if rows.ndim == 2 and len(rows) >= WIDE else None
    if fast is not None:
        return fast
    following, logs = orthonormal(rows)
    with np.errstate(divide="ignore"):
        longest = np.log(np.abs(rows).max(axis=(-2, -1)))
    least = logs.min(axis=-1)
    gone = bool(np.isneginf(least).any())
    spread = np.inf if gone else float((np.maximum(longest, logs.max(axis=-1)) - least).max())
    return _Factors(following, logs, spread, np.inf if gone else float(np.abs(logs).max()))


@cache
def _routines() -> tuple[Any, Any]:
    """LAPACK's Cholesky factorisation and BLAS's triangular solution, looked up once: this runs at every step."""
    from scipy.linalg.blas import dtrsm
    from scipy.linalg.lapack import dpotrf

    return dpotrf, dtrsm


def _by_cholesky(rows: Array) -> _Factors | None:
    """From the Gram matrix; None where it is singular to working precision."""
    dpotrf, dtrsm = _routines()
    gram = rows @ rows.T
    longest = float(gram.diagonal().max())
    lower, failed = dpotrf(gram, lower=1, clean=0)
    if failed or not 0.0 < longest < np.inf:
        return None
    logs = np.log(lower.diagonal())
    least, most = float(logs.min()), 0.5 * math.log(longest)
    following = dtrsm(1.0, lower, rows.T, side=1, lower=1, trans_a=1).T
    return _Factors(following, logs, most - least, max(abs(least), abs(most)))


def orthonormal(rows: Array) -> tuple[Array, Array]:
    """Orthonormal rows that span the same flags, and the logarithms of R's diagonal, -inf where it is zero."""
    Q, R = np.linalg.qr(np.swapaxes(rows, -1, -2))
    with np.errstate(divide="ignore"):
        return np.swapaxes(Q, -1, -2), np.log(np.abs(np.diagonal(R, axis1=-2, axis2=-1)))


def _careful(tangent: Tangent, frame: Frame, t: int) -> Frame:
    """One step whose directions drift apart by more than the digits of float64 tell, trajectory by trajectory."""
    k, n = frame.rows.shape[-2:]
    frame = _gathered(frame, *orthonormal(frame.rows))
    flat = frame.rows.reshape(-1, k, n)
    rows, grown = np.empty_like(flat), np.empty(flat.shape[:2])
    if k == n:
        for b, J in enumerate(tangent.jacobian(t).reshape(-1, n, n)):
            rows[b], grown[b] = steep_step(J, flat[b])
    else:
        for b, moved in enumerate(tangent.forward(t, frame.rows).reshape(-1, k, n)):
            rows[b], grown[b] = _flat_step(moved)
    if not np.all(grown < np.inf):
        raise InvalidInput(f"directions grow beyond float64 in step {t + 1}: the Jacobian there is too large.")
    return _without_annihilated(_gathered(frame, rows.reshape(frame.rows.shape), grown.reshape(frame.labels.shape)))


def _flat_step(moved: Array) -> tuple[Array, Array]:
    """Fewer directions than dimensions: those that come out below the rounding of the others are annihilated."""
    rows, logs = orthonormal(moved)
    return rows, np.where(logs <= logs.max() + np.log(FLOOR * moved.shape[-1]), -np.inf, logs)


def _without_annihilated(frame: Frame) -> Frame:
    """The rows that some trajectory still has, those that are gone last."""
    gone = np.isneginf(np.take_along_axis(frame.logs, frame.labels, axis=-1))
    order = np.argsort(gone, axis=-1, kind="stable")
    most = int((~gone).sum(axis=-1).max())
    labels = np.take_along_axis(frame.labels, order, axis=-1)[..., :most]
    rows = np.take_along_axis(frame.rows, order[..., None], axis=-2)[..., :most, :]
    return Frame(rows, frame.logs, labels, relabelled=frame.relabelled or bool(gone.any()), unsure=True)


def _gathered(frame: Frame, rows: Array, logs: Array) -> Frame:
    """New rows, and the logarithms with those of this stretch; of directions that are gone nothing is left."""
    if logs.shape == frame.logs.shape and not frame.relabelled:
        return frame._replace(rows=rows, logs=frame.logs + logs)
    total = np.full_like(frame.logs, -np.inf)
    np.put_along_axis(total, frame.labels, np.take_along_axis(frame.logs, frame.labels, axis=-1) + logs, axis=-1)
    return frame._replace(rows=rows, logs=total)


def completed(frame: Frame, k: int) -> NDArray[np.float64]:
    """k orthonormal rows: those of the frame, and others in general position where directions were annihilated."""
    missing = k - frame.rows.shape[-2]
    if missing == 0:
        return frame.rows
    n, batch = frame.rows.shape[-1], frame.rows.shape[:-2]
    others = np.broadcast_to(np.random.default_rng(1).standard_normal((missing, n)), (*batch, missing, n))
    return orthonormal(np.concatenate([frame.rows, others], axis=-2))[0]
