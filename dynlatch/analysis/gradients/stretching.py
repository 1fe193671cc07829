"""How much each step stretches the direction of a_0 that survives best, and the eigenvalues of single steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

Indices = NDArray[np.int64]

SWEEPS, SETTLED = 30, 1e-9  # of the power method on (da_T/da_0)^T (da_T/da_0)
EIGENVALUE_WORK = 1e9  # floating-point operations, at 25 n^3 a matrix
EIGENVALUE_SEQUENCES = 8


def surviving_growth(map: SmoothMap, visited: Array, sequence: Array | None, lengths: Indices) -> Array:
    """Logarithms (T, ...) of `|J_t v_{t-1}|`, v_t = J_t v_{t-1} / |J_t v_{t-1}|, from the leading right singular vector v_0.

    Their sum is log ||da_T/da_0||_2, T the length (...) of each sequence: steps after it are 0. The vector comes from the
    power method, matrix-free, normalised at every step.
    """
    T = len(visited) - 1
    v = np.broadcast_to(np.random.default_rng(0).standard_normal(visited.shape[-1]), visited.shape[1:])
    before = np.full(visited.shape[1:-1], np.inf)
    growth = np.empty(visited.shape[:-1])[1:]
    for _ in range(SWEEPS):
        v, _ = _unit(v)
        for t in range(T):
            moved, grown = _unit(map.jvp(visited[t], v, None if sequence is None else sequence[t]))
            v, growth[t] = np.where((t < lengths)[..., None], moved, v), np.where(t < lengths, grown, 0.0)
        total = growth.sum(0)
        # From below, and squared: a change of 1e-9 in the logarithm is far below what the words can show.
        settled = (np.abs(total - before) <= SETTLED * np.maximum(1.0, np.abs(total))) | ~np.isfinite(total)
        if settled.all():
            break
        before = np.where(np.isfinite(total), total, np.inf)
        for t in range(T - 1, -1, -1):
            moved, _ = _unit(map.vjp(visited[t], v, None if sequence is None else sequence[t]))
            v = np.where((t < lengths)[..., None], moved, v)
    return growth


def _unit(v: Array) -> tuple[Array, Array]:
    """The vectors (..., n) at length 1, and logarithms (...) of their lengths; zero stays zero."""
    size = np.abs(v).max(-1, keepdims=True)
    scaled = v / np.where(size > 0, size, 1.0)
    length = np.sqrt(np.square(scaled).sum(-1, keepdims=True))
    with np.errstate(divide="ignore"):
        logs = np.log(size[..., 0]) + np.log(length[..., 0])
    return scaled / np.where(length > 0, length, 1.0), logs


def nearest_to_one(
    map: SmoothMap, visited: Array, sequence: Array | None, lengths: Indices
) -> tuple[NDArray[np.complex128], Indices, Indices]:
    """The eigenvalue of J_t nearest to 1 at k steps of s sequences (k, s), these steps (from 1), and these sequences.

    All of them while they are cheap; otherwise evenly spread over the sequences, then over the time. Sequences that are
    shorter than others are left out.
    """
    T, n = len(visited) - 1, visited.shape[-1]
    runs = visited.reshape(T + 1, -1, n)
    most = int(EIGENVALUE_WORK / (25.0 * n**3 + 1000.0))
    whole = np.flatnonzero(np.ravel(lengths) == T)
    which = whole[_spread(len(whole), min(EIGENVALUE_SEQUENCES, most))]
    when = _spread(T, most // max(len(which), 1))
    values = np.empty((len(when), len(which)), dtype=np.complex128)
    entering = (
        None
        if sequence is None
        else np.broadcast_to(aligned(sequence, visited.ndim), (T, *visited.shape[1:-1], sequence.shape[-1])).reshape(
            T, runs.shape[1], sequence.shape[-1]
        )
    )
    for k, t in enumerate(when):
        spectrum = np.linalg.eigvals(map.jacobian(runs[t, which], None if entering is None else entering[t, which]))
        nearest = np.abs(spectrum - 1.0).argmin(-1)
        values[k] = np.take_along_axis(spectrum, nearest[:, None], axis=-1)[:, 0]
    return values, when + 1, which


def _spread(count: int, most: int) -> Indices:
    """At most `most` of `count` numbers, evenly spread, the last included."""
    if most >= count:
        return np.arange(count)
    return np.unique(np.linspace(count - 1, 0, max(most, 0)).round().astype(np.int64))


def aligned(sequence: Array, ndim: int) -> Array:
    """Time first, batch axes aligned to the right, as they broadcast against states of `ndim` axes."""
    return sequence.reshape(len(sequence), *[1] * (ndim - sequence.ndim), *sequence.shape[1:])
