"""What one portrait of some trials says, whatever the kind of network."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.maps import Map
from dynlatch.validation import Array

WORDS = {1: ("the sample",), 2: ("class -1", "class +1")}  # what the classes are called
NEUTRAL_REST = -3  # they rest, or drift, where nothing attracts and nothing repels: an integrator
NOWHERE, APART = -1, -2  # of final states: their orbits come to no known attractor; those of one class go different ways


class Sighting(NamedTuple):
    """R trials, Q quiet inputs, C classes (-1 first; one, where there are none). Basins have the labels of their attractors."""

    fixed_points: NDArray[np.int64]  # (R, Q)
    attractors: NDArray[np.int64]  # (R, Q)
    basin: NDArray[np.int64]  # (R, Q, C) NOWHERE, APART, NEUTRAL_REST, or a label
    phase: NDArray[np.int64]  # (R, Q, C) the point of the cycle that the final states belong to
    gamma: Array  # (R, Q, C) share of the final states in the reduced attracting set
    right: Array  # (R, C) share of the sample answered right
    margin: Array  # (R,)
    final: Array  # (R, C, r) final state of the first sequence of each class
    points: dict[str, NDArray[Any]]  # one row a point: row, quiet, label, period, stable, state
    coefficients: Array  # (R, 3, K) tau_1, |det|, |second eigenvalue| of each symbol or quiet input


def agreed(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """One word for the labels (..., E / C) of a class: their common value, or APART."""
    first = labels[..., 0]
    return np.where((labels == first[..., None]).all(-1), first, APART)


def by_class(values: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """(R, E, Q) as (R, Q, C, E / C): the lower class comes first in the sample."""
    R, E, Q = values.shape
    return values.transpose(0, 2, 1).reshape(R, Q, classes, E // classes)


def latched(seen: Sighting) -> NDArray[np.bool_]:
    """(R,) whether the classes go to different attractors, or phases of one cycle, under every quiet input, and are right."""
    if seen.basin.shape[2] < 2:
        return np.zeros(len(seen.basin), dtype=np.bool_)
    settled = (seen.basin >= 0).all((1, 2))
    apart = (seen.basin[..., 0] != seen.basin[..., 1]) | (seen.phase[..., 0] != seen.phase[..., 1])
    return np.asarray(settled & apart.all(1) & (seen.right == 1.0).all(1))


def latched_wrong(seen: Sighting) -> NDArray[np.bool_]:
    """(R, C) whether a class ends in reduced attracting sets under every quiet input, with wrong answers.

    Where there is one attractor, or one class, nothing is latched, right or wrong.
    """
    several = np.asarray((seen.attractors > 1).any(1) & (seen.basin.shape[2] > 1))[:, None]
    return np.asarray(several & (seen.gamma == 1.0).all(1) & (seen.basin >= 0).all(1) & (seen.right == 0.0))


def noise_factor(network: Map) -> float:
    """How much larger than `margin`, which is about all inputs at once, the margin of the last input alone is, the noise's."""
    B = np.abs(np.asarray(getattr(network, "B", np.ones((1, 1)))))
    return float(B.sum() / B[0, -1]) if len(B) == 1 and B[0, -1] > 0.0 else 1.0
