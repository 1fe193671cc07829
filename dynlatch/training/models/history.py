"""Predictors of predictors: what the two history compressors share, and their compiled shape.

Weights theta (P, L) hold the levels one after the other, of each W (k, i), R (k, k), b (k,), V (o, k), D (m, i), c (o,) row by
row, where i = m + 1 inputs (the last is the clock), k hidden units and o outputs; then the number of levels in use.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.maps import Map
from dynlatch.networks.history_compressor import HistoryCompressor, PredictorLevel
from dynlatch.training.contract import Architecture, Sequences
from dynlatch.validation import Array, finite_array

MATRICES = ("W", "R", "b", "V", "D", "c")


class HistoryCell(NamedTuple):
    """The shape of a history compressor."""

    inputs: int  # m
    hidden: int  # k of every level
    outputs: NDArray[np.int64]  # (levels,): m + 1, and k more where the level above is imitated
    first: NDArray[np.int64]  # (levels + 1,) where the weights of a level begin
    collapses: bool  # level 0 imitates level 1 and answers, all are trained; else the highest in use is trained and answers
    tolerance: float
    gradual: bool
    time_scale: float


def cell_of(
    inputs: int, hidden: int, levels: int, tolerance: float, *, collapses: bool, gradual: bool, time_scale: float
) -> HistoryCell:
    """The shape with as many levels as there may be."""
    outputs = np.full(levels, inputs + 1)
    outputs[0] += hidden if collapses else 0
    sizes = [sum(math.prod(shape) for shape in shapes_of(inputs + 1, hidden, o)) for o in outputs.tolist()]
    first = np.cumsum([0, *sizes], dtype=np.int64)
    return HistoryCell(inputs, hidden, outputs, first, collapses, tolerance, gradual, time_scale)


def shapes_of(i: int, k: int, o: int) -> tuple[tuple[int, ...], ...]:
    """Of W, R, b, V, D and c."""
    return (k, i), (k, k), (k,), (o, k), (i - 1, i), (o,)


def names_of(cell: HistoryCell) -> tuple[str, ...]:
    """`0.W[1,2]`: the level, then the entry."""
    found: list[str] = []
    for l, o in enumerate(cell.outputs.tolist()):
        for name, shape in zip(MATRICES, shapes_of(cell.inputs + 1, cell.hidden, o), strict=True):
            found += [f"{l}.{name}[{','.join(map(str, at))}]" for at in np.ndindex(*shape)]
    return tuple(found)


def levels_of(cell: HistoryCell, theta: Array, used: int) -> tuple[PredictorLevel, ...]:
    """The first `used` levels with their weights from a column."""
    levels = []
    for l, o in enumerate(cell.outputs[:used].tolist()):
        shapes = shapes_of(cell.inputs + 1, cell.hidden, o)
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
        pieces = np.split(theta[cell.first[l] : cell.first[l + 1]], ends)
        levels.append(PredictorLevel(*(piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True))))
    return tuple(levels)


def network_of(cell: HistoryCell, theta: Array) -> HistoryCompressor:
    """The map of a column of theta with the number of levels in its last row."""
    values = finite_array("column", theta, ndim=1)
    used = int(values[-1])
    if len(values) != cell.first[-1] + 1 or not 1 <= used <= len(cell.outputs):
        raise InvalidInput(
            f"a column holds {cell.first[-1]} weights and then the number of levels in use, 1 to {len(cell.outputs)}; "
            f"got {len(values)} numbers that end with {values[-1:]}."
        )
    return HistoryCompressor(
        levels_of(cell, values, used),
        tolerance=cell.tolerance,
        gradual=cell.gradual,
        time_scale=cell.time_scale,
        answering=0 if cell.collapses else used - 1,
    )


def column_of(cell: HistoryCell, model: Architecture, network: Map) -> Array:
    """What `network_of` was given; weights of levels that are not in use are zero."""
    theta = np.zeros(cell.first[-1] + 1)
    if isinstance(network, HistoryCompressor) and len(network.levels) <= len(cell.outputs):
        for l, level in enumerate(network.levels):
            flat = np.concatenate([getattr(level, name).ravel() for name in MATRICES])
            if len(flat) == cell.first[l + 1] - cell.first[l]:
                theta[cell.first[l] : cell.first[l + 1]] = flat
        theta[-1] = len(network.levels)
        own = network_of(cell, theta)
        if all(getattr(own, name) == getattr(network, name) for name in ("tolerance", "gradual", "time_scale", "answering")):
            return theta
    raise InvalidInput(f"{network!r} is no network of {model!r}: take one that its `network` gave.")


def outputs_of(network: HistoryCompressor, sequences: Sequences) -> Array:
    """The answers (n,) at the end of every sequence."""
    a = np.zeros((len(sequences.lengths), network.dim))
    for t, u in enumerate(sequences.inputs):
        a = np.where((t < sequences.lengths)[:, None], network.step(a, u), a)
    return np.asarray(network.readout(a)[:, 0])


def drawn(cell: HistoryCell, streams: Sequence[np.random.Generator], radius: float) -> Array:
    """One column a stream, uniform on [-radius, radius], without the number of levels: shape (P, L)."""
    return (
        np.array([stream.uniform(-radius, radius, cell.first[-1]) for stream in streams]).reshape(-1, cell.first[-1]).T.copy()
    )
