"""Inputs that drive the state from one attractor into another: many sequences at all sizes, then Pontryagin's principle.

A sequence u_t = b U_t, |U_t| <= 1, is followed by silence and ends in some attractor. From many sequences and sizes b those
that end in the wanted one are kept, and their least size is bracketed. At the bracket the two orbits, one that ends in the
target and one that does not, run along the edge of its basin; their difference, pulled back by the costates
`p_{t-1} = J_t^T p_t`, says which admissible input moves each step furthest across (as for `escape_threshold`), and U is turned
towards it by the step that lowers b most.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.basins.descent import descend
from dynlatch.analysis.basins.system import Labels, System
from dynlatch.analysis.escape.question import Question
from dynlatch.analysis.escape.upper.plant import Pull, plant_of, worst
from dynlatch.validation import Array

STEPS = 3000
LEVELS = 2.0 ** np.arange(-6.0, 6.25, 0.5)
TURNS = np.array([1.0, 0.5, 0.2, 0.05, 0.01])
FALLS = np.array([0.8, 0.95, 0.99, 0.999])
NARROW = 1e-6  # relative width of brackets on the size
TOGETHER = 1e-3  # distance, relative, up to which two orbits run along the edge
SHADOW = 64  # steps for that
PARTS = 8


class Drive(NamedTuple):
    """The disturbed system in its own coordinates, from one attractor; labels of states come from `system`."""

    question: Question
    system: System
    pull: Pull | None

    @property
    def start(self) -> Array:
        return self.question.attractor.point


class Sequences(NamedTuple):
    """Inputs `hi U` (T, S, m) that end in the attractors `target` (S,), while `lo U` do not."""

    U: Array
    target: NDArray[np.intp]
    lo: Array
    hi: Array

    def take(self, rows: NDArray[np.intp]) -> Sequences:
        return Sequences(self.U[:, rows], self.target[rows], self.lo[rows], self.hi[rows])


def drive_of(question: Question, system: System) -> Drive:
    """Derivatives are those of the system itself: the labels are of its own states."""
    return Drive(question, system, plant_of(question._replace(form=None)).pull)


def ends(drive: Drive, U: Array, b: Array) -> Labels:
    """The attractor in which each of the sequences `b U` ends, U (T, S, m) and b (S,); -1 where it is not seen."""
    a = np.broadcast_to(drive.start, (U.shape[1], len(drive.start)))
    with np.errstate(over="ignore", invalid="ignore"):
        for u in U:
            a = drive.question.system.step(a, b[:, None] * u)
        a = np.where(np.isfinite(a), a, 1e300)
        return descend(drive.system, np.ascontiguousarray(a.T), STEPS).labels


def first_looks(drive: Drive, U: Array, unit: float, keep: int) -> Sequences:
    """For every attractor the `keep` sequences that end in it at the least sizes; any sequence may serve several."""
    S, sizes = U.shape[1], unit * LEVELS
    labels = ends(drive, np.tile(U, (1, 1, len(sizes))).reshape(len(U), -1, U.shape[2]), np.repeat(sizes, S))
    labels = labels.reshape(len(sizes), S)
    rows, targets, tops = [], [], []
    for j in range(1 + max(ball.label for ball in drive.system.balls)):
        reached = labels == j
        level = np.where(reached.any(0), reached.argmax(0), len(sizes))
        best = np.argsort(level, kind="stable")[:keep]
        best = best[level[best] < len(sizes)]
        rows.append(best)
        targets.append(np.full(len(best), j))
        tops.append(level[best])
    row, target, top = (np.concatenate(part).astype(np.intp) for part in (rows, targets, tops))
    lo = np.where(top > 0, sizes[np.maximum(top - 1, 0)], 0.0)
    return Sequences(U[:, row], target, lo, sizes[top])


def narrowed(drive: Drive, found: Sequences) -> Sequences:
    """The brackets on the sizes cut down, a few parts at a time; the upper ends are seen to reach their targets."""
    lo, hi = found.lo.copy(), found.hi.copy()
    share = np.arange(1, PARTS) / PARTS
    for _ in range(12):
        wide = np.flatnonzero(hi - lo > NARROW * hi)
        if not len(wide):
            break
        sizes = lo[wide, None] + share * (hi - lo)[wide, None]
        U = np.repeat(found.U[:, wide], PARTS - 1, axis=1)
        labels = ends(drive, U, sizes.ravel()).reshape(sizes.shape)
        # From above: as far down as every size tried reaches the target.
        reached = np.logical_and.accumulate((labels == found.target[wide, None])[:, ::-1], axis=1).sum(1)
        steps = np.column_stack([lo[wide], sizes, hi[wide]])
        top, picked = PARTS - reached, np.arange(len(wide))
        hi[wide], lo[wide] = steps[picked, top], steps[picked, top - 1]
    return found._replace(lo=lo, hi=hi)


def pushes(drive: Drive, found: Sequences) -> Array:
    """The inputs (T, S, m) of size 1 that carry each sequence's state across the edge soonest."""
    assert drive.pull is not None
    U, step, T = found.U, drive.question.system.step, len(found.U)
    a = b = np.broadcast_to(drive.start, (U.shape[1], len(drive.start)))
    track = [a]
    for u in U:
        a, b = step(a, found.lo[:, None] * u), step(b, found.hi[:, None] * u)
        track.append(b)
    last, apart = np.full(len(a), T), b - a
    silent = np.zeros_like(U[0])
    for t in range(T + 1, T + SHADOW):
        a, b = step(a, silent), step(b, silent)
        close = (np.abs(b - a).max(-1) <= TOGETHER * (1.0 + np.abs(b).max(-1))) & (last == t - 1)
        if not close.any():
            break
        last[close], apart[close] = t, (b - a)[close]
        track.append(b)
    p, wanted = _unit(apart), np.empty_like(U)
    for t in range(len(track) - 2, -1, -1):
        u = found.hi[:, None] * U[t] if t < T else silent
        back, g = drive.pull(track[t], u, p)
        if t < T:
            wanted[t] = worst(g, drive.question.norm)
        p = np.where((t < last)[:, None], _unit(back), p)
    return wanted


def _unit(p: Array) -> Array:
    return np.asarray(p / (np.linalg.norm(p, axis=-1, keepdims=True) + 1e-300))


def lowered(drive: Drive, found: Sequences, rounds: int) -> Sequences:
    """Sequences turned towards what their costates ask for, as long as their sizes fall."""
    if drive.pull is None or drive.question.constant:
        return found
    for _ in range(rounds):
        wanted = pushes(drive, found)
        S, T, m = len(found.hi), len(found.U), found.U.shape[2]
        trial = found.U + TURNS[:, None, None, None] * (wanted - found.U)  # (A, T, S, m)
        trial = np.moveaxis(trial, 0, 1).reshape(T, -1, m)  # sequences ordered by turn, then sample
        sizes = np.tile(found.hi, len(TURNS)) * FALLS[:, None]
        labels = ends(drive, np.tile(trial, (1, len(FALLS), 1)), sizes.ravel()).reshape(len(FALLS), len(TURNS), S)
        size = np.where(labels == found.target, sizes.reshape(labels.shape), np.inf).min(0)
        pick = size.argmin(0)
        least = size[pick, np.arange(S)]
        better = np.flatnonzero(np.isfinite(least))
        if not len(better):
            break
        U = trial[:, pick[better] * S + better]
        fresh = narrowed(drive, Sequences(U, found.target[better], 0.7 * least[better], least[better]))
        gain = (found.hi[better] / fresh.hi).max()
        found.U[:, better], found.lo[better], found.hi[better] = fresh.U, fresh.lo, fresh.hi
        if gain < 1.0 + 1e-4:
            break
    return found


def lengthened(drive: Drive, found: Sequences, extra: int, rounds: int) -> Sequences:
    """The first input of every sequence held for `extra` steps more, where that lowers its size; then all turned again."""
    U = np.concatenate([np.repeat(found.U[:1], extra, axis=0), found.U])
    reached = ends(drive, U, found.hi) == found.target
    zeros = np.concatenate([np.zeros_like(U[:extra]), found.U])  # waiting changes nothing
    U = np.where(reached[None, :, None], U, zeros)
    return lowered(drive, narrowed(drive, Sequences(U, found.target, 0.7 * found.hi, found.hi.copy())), rounds)


def best_of_each(found: Sequences, keep: int) -> Sequences:
    """Of every target the `keep` sequences of least size."""
    rows = []
    for j in np.unique(found.target):
        mine = np.flatnonzero(found.target == j)
        rows.append(mine[np.argsort(found.hi[mine], kind="stable")[:keep]])
    return found.take(np.concatenate(rows).astype(np.intp)) if rows else found


def starting_sequences(T: int, count: int, m: int, norm: float, rng: np.random.Generator) -> Array:
    """Constant, alternating, late and random sequences (T, S, m) of size 1."""
    d = rng.normal(size=(count, m))
    d[::2] = np.sign(d[::2])
    d = np.concatenate([np.eye(m)[:16], np.ones((1, m)), d])
    d = np.concatenate([d, -d])
    d /= np.linalg.norm(d, norm, axis=-1, keepdims=True)
    constant = np.repeat(d[None], T, axis=0)
    late = constant * (np.arange(T) >= T - 3)[:, None, None]
    alternating = constant * ((-1.0) ** np.arange(T))[:, None, None]
    free = rng.normal(size=(T, count, m))
    free /= np.linalg.norm(free, norm, axis=-1, keepdims=True)
    return np.concatenate([constant, late, alternating, free], axis=1)
