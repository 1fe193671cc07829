"""Whole blocks of a grid decided at once, by interval images of the box around each.

A box that is inside a ball after t steps, and was outside every ball before, gives all its states the same label and the same
time t: `enclose` bounds the exact orbits and the computed ones. A box that meets the surface of a ball says only that its
states were in no ball before t; they are followed one by one from there. So both ways give the same numbers.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.basins.domain import Domain
from dynlatch.analysis.basins.system import Ball, Labels, System, column_enclosure
from dynlatch.maps import Enclosable
from dynlatch.validation import Array

SIDES = {1: (64, 16), 2: (16, 8), 3: (8, 4)}  # grid points along a block, and along the parts of an undecided one
MOST_STEPS = 64
LEAST_STATES = 4096
MARGIN = 1e-9  # relative, far above the rounding of the distances


@dataclass(frozen=True, eq=False)
class Decided:
    """What the blocks say: labels and times of all grid points (flat, -1: open), and of the open ones their numbers `rows`,
    states (n, m), and the steps `first` before which each is in no ball, rising."""

    labels: Labels
    times: Labels
    rows: NDArray[np.intp]
    states: Array
    first: Labels


def decide_blocks(system: System, where: Domain, steps: int) -> Decided:
    """Labels and times of every grid point that its block, or the part of it, decides within that many steps."""
    n, shape = len(where.axes), where.shape
    coarse, fine = SIDES[n]
    parts = tuple(-(-size // coarse) for size in shape)
    starts = coarse * np.indices(parts).reshape(n, -1)
    label, first = _follow(system, *_ends(where.axes, starts, coarse), steps)
    whole = (
        _spread(label.reshape(parts), coarse, shape),
        _spread(np.where(label < 0, np.int32(-1), first).reshape(parts), coarse, shape),
    )
    labels, times = whole

    corners = fine * np.indices((coarse // fine,) * n).reshape(n, 1, -1)
    starts = (starts[:, label < 0, None] + corners).reshape(n, -1)
    starts = starts[:, (starts < np.array(shape)[:, None]).all(0)]
    label, first = _follow(system, *_ends(where.axes, starts, fine), steps)
    order = np.argsort(first.astype(np.int16), kind="stable")
    starts, label, first = starts[:, order], label[order], first[order]
    for closed in (label >= 0, label < 0):
        places, there = _members(starts[:, closed], fine, shape)
        rows = np.ravel_multi_index(tuple(places), shape)
        until = np.repeat(first[closed], fine**n)[there]
        if label[closed].max(initial=-1) >= 0:
            labels[rows], times[rows] = np.repeat(label[closed], fine**n)[there], until
    states = np.stack([axis[place] for axis, place in zip(where.axes, places, strict=True)])
    return Decided(labels, times, rows, states, until)


def _ends(axes: tuple[Array, ...], starts: NDArray[np.intp], side: int) -> tuple[Array, Array]:
    """The boxes of the blocks that start there: lower and upper ends, each (n, m)."""
    last = [np.minimum(start + side, len(axis)) - 1 for axis, start in zip(axes, starts, strict=True)]
    lo = np.stack([axis[start] for axis, start in zip(axes, starts, strict=True)])
    return lo, np.stack([axis[end] for axis, end in zip(axes, last, strict=True)])


def _members(starts: NDArray[np.intp], side: int, shape: tuple[int, ...]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Grid indices (n, .) of all points of the blocks, and which of side^n places a block are within the grid."""
    n = len(shape)
    places = (starts[:, :, None] + np.indices((side,) * n).reshape(n, 1, -1)).reshape(n, -1)
    there = np.ones(places.shape[1], dtype=bool)
    for place, size in zip(places, shape, strict=True):
        there &= place < size
    return (places if there.all() else places[:, there]), there


def _spread(values: Labels, side: int, shape: tuple[int, ...]) -> Labels:
    for axis in range(len(shape)):
        values = np.repeat(values, side, axis=axis)
    return np.ascontiguousarray(values[tuple(slice(size) for size in shape)]).reshape(-1)


def _follow(system: System, lo: Array, hi: Array, steps: int) -> tuple[Labels, Labels]:
    """Label of each box, a column of lo and hi (-1: not decided), and when it was decided or met the surface of a ball."""
    enclose = column_enclosure(system.map)
    label = np.full(lo.shape[1], -1, dtype=np.int32)
    first = np.zeros(lo.shape[1], dtype=np.int32)
    rows = np.arange(lo.shape[1])
    for t in range(min(MOST_STEPS, steps + 1)):
        inside, outside = _places(system, lo, hi)
        first[rows] = t
        label[rows] = inside
        rows = rows[outside]
        if not len(rows):
            break
        keep = np.flatnonzero(outside)
        lo, hi = enclose(lo.take(keep, axis=1), hi.take(keep, axis=1))
    return label, first


def _places(system: System, lo: Array, hi: Array) -> tuple[Labels, NDArray[np.bool_]]:
    """The attractor whose ball holds each box (-1: none), and which boxes are outside every ball and within bounds."""
    inside = np.full(lo.shape[1], -1, dtype=np.int32)
    below, above = (-np.inf, np.inf) if system.limits is None else (end[:, None] for end in system.limits)
    outside = np.asarray(((lo >= below) & (hi <= above)).all(0))  # false where an end is NaN
    with np.errstate(over="ignore", invalid="ignore"):
        middle, reach = 0.5 * (lo + hi), 0.5 * (hi - lo)
        for ball in system.balls:
            distance, width = _distances(ball, middle, reach)
            inside[outside & (distance + width < ball.radius * (1.0 - MARGIN))] = ball.label
            outside &= distance - width > ball.radius * (1.0 + MARGIN)
    return inside, outside


def _distances(ball: Ball, middle: Array, reach: Array) -> tuple[Array, Array]:
    """Distance of the middles from the centre, and of the boxes' states from their middles, in the norm of the ball."""
    away = np.sqrt(np.square(ball.factor @ (middle - ball.centre[:, None])).sum(0))
    signs = itertools.product((1.0,), *[(1.0, -1.0)] * (len(ball.centre) - 1))
    corners = (np.square((ball.factor * sign) @ reach).sum(0) for sign in signs)
    scale = MARGIN * np.sqrt(np.square(np.abs(ball.factor) @ np.abs(middle)).sum(0))
    return away, np.sqrt(functools.reduce(np.maximum, corners)) + scale


def worth_it(system: System, where: Domain) -> bool:
    """Whether blocks can decide anything: a grid, interval images, certified balls and no other kind of attractor."""
    many = math.prod(where.shape) >= LEAST_STATES
    ready = bool(system.balls) and not system.recurrent and all(ball.proved for ball in system.balls)
    return bool(where.axes) and many and ready and isinstance(system.map, Enclosable)
