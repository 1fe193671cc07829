"""How long the extreme input just above the threshold takes to carry the state out: the witness of an exact value."""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.escape.exact.answer import EXCESS, WITNESS_STEPS, Undecided
from dynlatch.analysis.escape.exact.branch import FirstFold
from dynlatch.analysis.escape.exact.dynamics import orbit
from dynlatch.analysis.escape.exact.extremes import Extremes
from dynlatch.analysis.escape.exact.monotone import Loss, Side
from dynlatch.validation import Array

CHUNK = 2048
SLACK = 1e-9  # share of the way to the other side by which a unit may still be short of it


def witness(case: Extremes, way: float, size: float, steps: int) -> Array:
    """The extreme inputs (steps, m) from the first point of the attractor."""
    signs = way * case.flips[(1 + np.arange(steps)) % len(case.flips)]
    return np.asarray(size * signs[:, None] * case.unit)


def escape_length(case: Extremes, way: float, one: Side, loss: Loss) -> int | None:
    """Steps of the extreme input of size (1 + EXCESS) u* until the state is above the other fixed point.

    From there on the order keeps it above for ever. None beyond WITNESS_STEPS.

    Raises
    ------
    Undecided
        If the simulation contradicts the theory.
    """
    expected = _passage(one, case, loss.fold)
    if expected > WITNESS_STEPS:
        return None
    n, p = len(case.form.c), len(case.points)
    size = loss.size * one.scale * (1.0 + EXCESS)
    pushes = np.roll(size * way * case.flips, -1)[:, None] * case.push
    target, slack = _beyond(case, one, loss)
    order = way * case.order
    a, done = case.points[0], 0
    while done < min(4.0 * expected + 10_000.0, WITNESS_STEPS):
        states = orbit(case.form, pushes, a, CHUNK, done)
        phases = (done + 1 + np.arange(CHUNK)) % p
        out = np.all(order[phases] * (states - target[phases]) >= -slack[phases], axis=-1)
        if out.any():
            return done + int(out.argmax()) + 1
        a, done = states[-1], done + CHUNK
    if done >= WITNESS_STEPS:
        return None
    raise Undecided


def _beyond(case: Extremes, one: Side, loss: Loss) -> tuple[Array, Array]:
    """The fixed point beyond, at each phase (p, n), and how far below it each unit may be; units not reached do not count."""
    target, slack = case.points.reshape(-1).copy(), np.full(one.kept.shape, np.inf)
    target[one.kept] = loss.beyond
    slack[one.kept] = SLACK * np.abs(loss.beyond - one.attractor).max()
    return target.reshape(case.points.shape), slack.reshape(case.points.shape)


def _passage(one: Side, case: Extremes, fold: FirstFold) -> float:
    """Steps through the bottleneck: pi / sqrt(bend drive excess) in the normal form, slower by the share that leaks through."""
    stays = np.tile(1.0 - case.form.leak, len(case.points))[one.kept]
    slower = float((fold.left / stays) @ fold.v) / float(fold.left @ fold.v)
    speed = fold.bend * float(fold.left @ one.system.d) * fold.b * EXCESS
    return slower * float(np.pi / np.sqrt(speed)) if speed > 0 else np.inf
