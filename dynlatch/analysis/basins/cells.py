"""Whole blocks of a grid decided at once, by interval images of the box around each.

A box that is inside a ball after t steps, and was outside every ball before, gives all its states the same label and the same
time t: `enclose` bounds the exact orbits and the computed ones. A box that meets the surface of a ball says only that its
states were in no ball before t; they are followed one by one from there. So both ways give the same numbers.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.basins.domain import Domain
from dynlatch.analysis.basins.system import Ball, Labels, System
from dynlatch.maps import Enclosable
from dynlatch.validation import Array

SIDE = {1: 64, 2: 16, 3: 8}  # grid points along a block
MOST_STEPS = 64
LEAST_STATES = 4096
MARGIN = 1e-9  # relative, far above the rounding of the distances


def decide_blocks(system: System, where: Domain) -> tuple[Labels, Labels, NDArray[np.int32]]:
    """Labels and times of every grid point that its block decides (-1 elsewhere), and steps before which no point is in a
    ball. All flat."""
    n, shape = len(where.axes), where.shape
    side = SIDE[n]
    parts = [-(-size // side) for size in shape]
    lowest = [axis[::side] for axis in where.axes]
    highest = [
        np.append(axis[side - 1 : -1 : side], axis[-1])[: len(low)] for axis, low in zip(where.axes, lowest, strict=True)
    ]
    lo, hi = (np.stack(np.meshgrid(*ends, indexing="ij"), -1).reshape(-1, n) for ends in (lowest, highest))
    label, first = _follow(system, lo, hi)
    whole = [_spread(values.reshape(parts), side, shape) for values in (label, first)]
    return whole[0], np.where(whole[0] >= 0, whole[1], np.int32(-1)), whole[1]


def _spread(values: Labels, side: int, shape: tuple[int, ...]) -> Labels:
    for axis in range(len(shape)):
        values = np.repeat(values, side, axis=axis)
    return np.ascontiguousarray(values[tuple(slice(size) for size in shape)]).reshape(-1)


def _follow(system: System, lo: Array, hi: Array) -> tuple[Labels, Labels]:
    """Label of each box (-1: not decided), and the step at which it was decided or first met the surface of a ball."""
    assert isinstance(system.map, Enclosable)
    label = np.full(len(lo), -1, dtype=np.int32)
    first = np.zeros(len(lo), dtype=np.int32)
    rows = np.arange(len(lo))
    for t in range(MOST_STEPS):
        inside, outside = _places(system, lo, hi)
        first[rows] = t
        label[rows] = inside
        lo, hi, rows = lo[outside], hi[outside], rows[outside]
        if not len(rows):
            break
        lo, hi = system.map.enclose(lo, hi)
    return label, first


def _places(system: System, lo: Array, hi: Array) -> tuple[Labels, NDArray[np.bool_]]:
    """The attractor whose ball holds each box (-1: none), and which boxes are outside every ball and within bounds."""
    inside = np.full(len(lo), -1, dtype=np.int32)
    outside = np.asarray(np.isfinite(lo).all(-1) & np.isfinite(hi).all(-1))
    if system.limits is not None:
        outside &= ((lo >= system.limits[0]) & (hi <= system.limits[1])).all(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        middle, reach = 0.5 * (lo + hi), 0.5 * (hi - lo)
        for ball in system.balls:
            distance, width = _distances(ball, middle, reach)
            inside[outside & (distance + width < ball.radius * (1.0 - MARGIN))] = ball.label
            outside &= distance - width > ball.radius * (1.0 + MARGIN)
    return inside, outside


def _distances(ball: Ball, middle: Array, reach: Array) -> tuple[Array, Array]:
    """Distance of the middles from the centre, and of the boxes' states from their middles, in the norm of the ball."""
    away = np.sqrt(np.square((middle - ball.centre) @ ball.factor.T).sum(-1))
    signs = np.array(list(itertools.product((1.0,), *[(1.0, -1.0)] * (len(ball.centre) - 1))))
    corners = np.stack([np.square((reach * sign) @ ball.factor.T).sum(-1) for sign in signs])
    scale = MARGIN * np.sqrt(np.square(np.abs(middle) @ np.abs(ball.factor).T).sum(-1))
    return away, np.sqrt(corners.max(0)) + scale


def worth_it(system: System, where: Domain) -> bool:
    """Whether blocks can decide anything: a grid, interval images, certified balls and no other kind of attractor."""
    many = math.prod(where.shape) >= LEAST_STATES
    ready = bool(system.balls) and not system.recurrent and all(ball.proved for ball in system.balls)
    return bool(where.axes) and many and ready and isinstance(system.map, Enclosable)
