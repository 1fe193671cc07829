"""The sequences that the monitor runs on its own: never counted, and without a hand in the random numbers of the run."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.packs import padded
from dynlatch.lanes.show import Criterion, Lanes, Work
from dynlatch.lanes.wiring import Wiring, forward
from dynlatch.training.answers import right
from dynlatch.training.contract import Architecture, Sequences, Show
from dynlatch.validation import Array

EACH = 2  # sequences of each class


class Sample(NamedTuple):
    """EACH training sequences of each class of every trial, the lower class first, with noise that stays the same.

    Sequences without classes, whose targets are all 0, are one class.
    """

    inputs: Array  # (B, E, T, m)
    lengths: NDArray[np.int64]  # (B, E)
    targets: Array  # (B, E)
    desired: Array  # (B, E, T, k), T = 0 where classes are asked
    classes: int  # 2, or 1

    def sequences(self, row: int) -> Sequences:
        """Those of one trial."""
        desired = self.desired[row].transpose(1, 0, 2) if self.desired.shape[2] else None
        return Sequences(self.inputs[row].transpose(1, 0, 2), self.lengths[row], self.targets[row], desired)

    def right(self, model: Architecture, criterion: Criterion, theta: Array, rows: NDArray[np.intp]) -> Array:
        """(R, classes) the share of those of the trials `rows`, whose weights are the columns of theta, answered right."""
        given = [self.sequences(row) for row in rows.tolist()]
        good = [right(criterion, model.outputs(theta[:, k], own), own) for k, own in enumerate(given)]
        return np.asarray(np.array(good).reshape(len(rows), self.classes, -1).mean(-1))


def sample(lanes: Lanes) -> Sample:
    """A sample of what the trials are trained on; where noise is fresh, one draw of it, kept."""
    classes = 2 if np.any(lanes.targets) else 1
    signs = (-1.0, 1.0) if classes == 2 else (0.0,)
    chosen = np.array([np.concatenate([_first(np.sign(targets) == sign) for sign in signs]) for targets in lanes.targets])
    row = np.arange(len(chosen))[:, None]
    inputs = lanes.inputs[row, chosen].copy()
    noise, stream = lanes.noise, np.random.default_rng(0)
    shape = inputs[:, :, noise.first - 1 :, noise.channel].shape
    drawn = noise.std * stream.standard_normal(shape) + stream.uniform(-noise.half_width, noise.half_width, shape)
    inputs[:, :, noise.first - 1 :, noise.channel] += drawn
    return Sample(inputs, lanes.lengths[row, chosen], lanes.targets[row, chosen], lanes.desired[row, chosen], classes)


def _first(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The first EACH of the sequences marked, over again where there are fewer; any, if a trial has none of the class."""
    return np.resize(np.flatnonzero(mask) if mask.any() else np.arange(mask.size), EACH)


def final_states(net: Wiring, theta: Array, given: Sample, rows: NDArray[np.intp]) -> tuple[Array, Array]:
    """Total inputs and outputs of all units at the end of the sample's sequences, each (rows, E, n)."""
    E, T, m = given.inputs.shape[1:]
    L, n = len(rows) * E, net.kinds.size
    weights = padded(np.repeat(theta, E, axis=1))
    s, a = np.zeros((T + 1, n + m + 1, weights.shape[1])), np.zeros((T + 1, n, weights.shape[1]))
    s[1:, n : n + m, :L] = given.inputs[rows].transpose(2, 3, 0, 1).reshape(T, m, L)
    forward(net, weights, T, s, a)
    at = given.lengths[rows].ravel(), slice(None), np.arange(L)
    return a[at].reshape(len(rows), E, n), s[:, :n][at].reshape(len(rows), E, n)


def last_shown(show: Show) -> Work:
    """A copy of what each lane was shown last; of its first sequence, where it was shown none that was kept."""
    lanes, work = show.lanes, show.work
    copy = Work._make(array.copy() for array in work)
    new, m = np.flatnonzero(work.length == 0), lanes.inputs.shape[3]
    n = work.s.shape[1] - m - 1
    copy.s[1:, n : n + m, new] = lanes.inputs[new, 0].transpose(1, 2, 0)
    copy.length[new], copy.target[new], copy.which[new] = lanes.lengths[new, 0], lanes.targets[new, 0], 0
    return copy
